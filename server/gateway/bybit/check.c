/* `pitwall check --connect` (bybit.h): asks for one thing after the other, and waits. The
 * log-in by socket leaves the topic of disconnect-cancel-all out, so its end cancels nothing. */
#include "gateway/bybit/inside.h"
#include "thread/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_NS (10 * SECOND_NS)
enum { IDLE_US = 500, FOUND_MAX = 400, EXPIRY_DAYS = 14 };

struct checking {
    struct bybit *bybit;
    bybit_say_fn say;
    void *ctx;
    uint32_t bad;
    bool answered;
    bool can_ask; /* the newest question was answered as it should be */
    uint16_t at;  /* symbol that is asked about */
};

static void found(struct checking *check, enum bybit_finding finding, const char *what,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

static void found(struct checking *check, enum bybit_finding finding, const char *what,
                  const char *format, ...)
{
    char text[FOUND_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    check->bad += finding == BYBIT_BAD;
    check->say(check->ctx, finding, what, text);
}

static void turn(struct bybit *bybit)
{
    bybit->mono_ns = clock_mono_ns();
    bybit->real_ns = clock_real_ns();
    if (net_poll(bybit->net) == 0)
        usleep(IDLE_US);
}

/* ---- asking ----------------------------------------------------------------------------- */

/* True: there is an answer; else that there is none has been said. */
static bool is_answer(struct checking *check, const char *what, const struct bybit_reply *reply)
{
    check->answered = true;
    check->can_ask = reply->class == BYBIT_DONE;
    if (check->can_ask)
        return true;
    if (reply->class == BYBIT_UNSENT)
        found(check, BYBIT_BAD, what, "no connection to %s: %s", check->bybit->config.rest,
              reply->says);
    else if (reply->code < 0)
        found(check, BYBIT_BAD, what, "%s gives no answer of the API: %s",
              check->bybit->config.rest, reply->says);
    else
        found(check, BYBIT_BAD, what, "%s (code %" PRId64 ": %s)", reply->says, reply->code,
              bybit_code_says(reply->code));
    return false;
}

static void ask(struct checking *check, const char *what, const char *path, const char *query,
                bool is_signed, bybit_reply_fn took)
{
    int64_t until_ns = clock_mono_ns() + PATIENCE_NS;

    check->answered = check->can_ask = false;
    if (!bybit_get(check->bybit, path, query, is_signed, took, (struct bybit_about){0})) {
        found(check, BYBIT_BAD, what, "not asked: the venue bans us, or was asked too often");
        return;
    }
    while (!check->answered && clock_mono_ns() < until_ns)
        turn(check->bybit);
    if (!check->answered)
        found(check, BYBIT_BAD, what, "no answer");
}

/* ---- the clock -------------------------------------------------------------------------- */

static void took_time(struct bybit *bybit, struct bybit_about about,
                      const struct bybit_reply *reply)
{
    (void)about;
    (void)is_answer(bybit->checking, "clock", reply);
}

static bool check_clock(struct checking *check)
{
    struct bybit *bybit = check->bybit;
    int64_t until_ns = clock_mono_ns() + PATIENCE_NS;

    ask(check, "clock", "/v5/market/time", "", false, took_time); /* whether there is a way */
    if (!check->can_ask)
        return false;
    while (!bybit->session.clock.is_known && clock_mono_ns() < until_ns) {
        turn(bybit);
        bybit_clock_turn(bybit);
    }
    if (!bybit->session.clock.is_known) {
        found(check, BYBIT_BAD, "clock", "%s does not tell its time", bybit->config.rest);
        return false;
    }
    found(check, bybit->session.clock.is_off ? BYBIT_BAD : BYBIT_GOOD, "clock",
          "the venue's is %" PRId64 " ms ahead of ours, of %" PRId64 " ms allowed",
          bybit->session.clock.offset_ns / MS_NS, bybit->config.clock_alarm_ns / MS_NS);
    return true;
}

/* ---- the key ---------------------------------------------------------------------------- */

static bool permits(const json_t *permissions, const char *group, const char *what)
{
    const json_t *list = json_object_get(permissions, group);

    for (size_t at = 0; at < json_array_size(list); at++) {
        const char *one = json_string_value(json_array_get(list, at));

        if (one && strcmp(one, what) == 0)
            return true;
    }
    return false;
}

/* Whatever group it stands in. */
static bool may_withdraw(const json_t *permissions)
{
    const char *group;
    json_t *list;

    json_object_foreach((json_t *)permissions, group, list)
    {
        for (size_t at = 0; at < json_array_size(list); at++) {
            const char *one = json_string_value(json_array_get(list, at));

            if (!one || strcasestr(one, "withdraw"))
                return true;
        }
    }
    return false;
}

static void judge_permissions(struct checking *check, const json_t *permissions)
{
    bool trades = check->bybit->config.is_spot
                      ? permits(permissions, "Spot", "SpotTrade")
                      : permits(permissions, "ContractTrade", "Order") &&
                            permits(permissions, "ContractTrade", "Position");

    if (!json_is_object(permissions))
        found(check, BYBIT_BAD, "permissions", "the venue does not say which the key has");
    else if (may_withdraw(permissions))
        found(check, BYBIT_BAD, "permissions",
              "the key may withdraw: make one that may trade and nothing else");
    else if (!trades)
        found(check, BYBIT_BAD, "permissions", "the key may not trade: %s is wanted",
              check->bybit->config.is_spot ? "Spot: SpotTrade" : "ContractTrade: Order, Position");
    else
        found(check, BYBIT_GOOD, "permissions", "the key may trade, and may not withdraw");
}

static void took_key(struct bybit *bybit, struct bybit_about about, const struct bybit_reply *reply)
{
    struct checking *check = bybit->checking;
    const json_t *addresses = json_object_get(reply->result, "ips");
    const char *first = json_string_value(json_array_get(addresses, 0));
    int64_t read_only;
    int64_t days;

    (void)about;
    if (!is_answer(check, "key", reply))
        return;
    if (!bybit_whole(reply->result, "readOnly", &read_only) || read_only != 0)
        found(check, BYBIT_BAD, "key", "the key may only read");
    else
        found(check, BYBIT_GOOD, "key", "the venue takes it");
    judge_permissions(check, json_object_get(reply->result, "permissions"));
    if (!first || strcmp(first, "*") == 0)
        found(check, BYBIT_WARN, "addresses", "the key is bound to no address of ours");
    if (bybit_whole(reply->result, "deadlineDay", &days) && days >= 0 && days < EXPIRY_DAYS)
        found(check, BYBIT_WARN, "expiry", "the key expires in %" PRId64 " days", days);
}

/* ---- disconnect-cancel-all -------------------------------------------------------------- */

static void took_dcp(struct bybit *bybit, struct bybit_about about, const struct bybit_reply *reply)
{
    struct checking *check = bybit->checking;

    (void)about;
    if (!is_answer(check, "dcp", reply))
        return;
    if (bybit_dcp_reads_as_set(bybit, reply->result))
        found(check, BYBIT_GOOD, "dcp", "set for our product, as configured");
    else
        found(check, BYBIT_WARN, "dcp", "not set as configured: the start of trading sets it");
}

/* ---- instruments ------------------------------------------------------------------------ */

static void took_instrument(struct bybit *bybit, struct bybit_about about,
                            const struct bybit_reply *reply)
{
    struct checking *check = bybit->checking;
    struct bybit_symbol *symbol = &bybit->symbol[check->at];
    char says[BYBIT_SAYS_MAX];

    (void)about;
    if (!is_answer(check, symbol->row->name, reply))
        return;
    bybit_compare_instrument(symbol, json_array_get(bybit_rows(reply), 0), says);
    found(check, says[0] == '\0' ? BYBIT_GOOD : BYBIT_BAD, symbol->row->name, "%s",
          says[0] == '\0' ? "tick, lot and status are as configured" : says);
}

static void took_fees(struct bybit *bybit, struct bybit_about about,
                      const struct bybit_reply *reply)
{
    struct checking *check = bybit->checking;
    const struct bybit_symbol *symbol = &bybit->symbol[check->at];
    char says[BYBIT_SAYS_MAX];

    (void)about;
    if (!is_answer(check, symbol->row->name, reply))
        return;
    bybit_compare_fees(symbol, json_array_get(bybit_rows(reply), 0), says);
    if (says[0] != '\0')
        found(check, BYBIT_WARN, symbol->row->name, "%s", says);
}

static void check_instruments(struct checking *check, bool has_key)
{
    struct bybit *bybit = check->bybit;
    char query[96];

    for (check->at = 0; check->at < bybit->symbol_count; check->at++) {
        const struct bybit_symbol *symbol = &bybit->symbol[check->at];

        snprintf(query, sizeof query, "category=%s&symbol=%s",
                 bybit_category(bybit->config.is_spot), symbol->name);
        ask(check, symbol->row->name, "/v5/market/instruments-info", query, false, took_instrument);
        if (has_key)
            ask(check, symbol->row->name, "/v5/account/fee-rate", query, true, took_fees);
    }
}

/* ---- the sockets ------------------------------------------------------------------------ */

static void check_sockets(struct checking *check)
{
    struct bybit *bybit = check->bybit;
    int64_t until_ns = clock_mono_ns() + PATIENCE_NS;
    struct bybit_session *session = &bybit->session;
    struct err err;

    bybit->config.dcp_ns = 0;
    if (bybit_session_open(bybit, &err) != OK) {
        found(check, BYBIT_BAD, "sockets", "%s", err.text);
        return;
    }
    while ((!session->stream.is_in || !session->trade.is_in) && !session->stream.was_refused &&
           !session->trade.was_refused && clock_mono_ns() < until_ns)
        turn(bybit);
    found(check, session->stream.is_in ? BYBIT_GOOD : BYBIT_BAD, "private socket",
          session->stream.is_in ? "logged in, subscribed" : "no log-in; the log says why");
    found(check, session->trade.is_in ? BYBIT_GOOD : BYBIT_BAD, "trade socket",
          session->trade.is_in ? "logged in" : "no log-in; the log says why");
}

/* ---- all -------------------------------------------------------------------------------- */

static void check_all(struct checking *check)
{
    bool has_key = check->bybit->config.key[0] != '\0';

    if (!check_clock(check))
        return; /* nothing could be signed */
    if (has_key) {
        ask(check, "key", "/v5/user/query-api", "", true, took_key);
        has_key = check->can_ask; /* a bad one is said once */
    }
    if (has_key && check->bybit->config.dcp_ns > 0)
        ask(check, "dcp", "/v5/account/query-dcp-info", "", true, took_dcp);
    check_instruments(check, has_key);
    if (has_key)
        check_sockets(check);
}

uint32_t bybit_check(const struct bybit_config *config, bybit_say_fn say, void *ctx)
{
    struct checking check = {.say = say, .ctx = ctx};
    struct err err;

    if (bybit_make(&check.bybit, config, &err) != OK) {
        found(&check, BYBIT_BAD, "configuration", "%s", err.text);
        return check.bad;
    }
    check.bybit->checking = &check;
    if (bybit_connect(check.bybit, &err) == OK)
        check_all(&check);
    else
        found(&check, BYBIT_BAD, "configuration", "%s", err.text);
    gateway_close(&check.bybit->base);
    return check.bad;
}
