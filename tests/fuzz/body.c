/* Fuzz target: what stands in the body of a request. The first byte chooses who reads it: readers
 * of changes, or a handler, whose next step stands_in.c takes. What is accepted is in its bounds,
 * and printed and read again it is the same; what is refused is said in a problem that has all its
 * members, whatever the stranger wrote. */
#include "api/exchange.h"
#include "config/overrides.h"
#include "config/parameters.h"
#include "control/limits.h"
#include "control/order_read.h"
#include "control/strategies.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static struct exchange exchange;
static struct http http;

static const struct config *the_config(void)
{
    static struct config *config;
    struct err err;
    enum status status = OK;

    if (!config) {
        config = calloc(1, sizeof *config);
        assert(config != NULL);
        status = config_load(config, "deploy/config/dev.yaml", NULL, &err);
    }
    assert(status == OK); /* it is run where the Makefile is */
    return config;
}

static bool is_reason(const char *text)
{
    return text[strspn(text, " \t\r\n")] != '\0' && strlen(text) < REASON_MAX;
}

/* ---- readers ------------------------------------------------------------------------------- */

static enum status read_limits(const json_t *body, struct err *err)
{
    static struct limits_change change, again;
    enum status status = limits_change_parse(body, &change, err);
    json_t *printed;
    uint32_t named = 0;

    if (status != OK)
        return status;
    for (int id = 0; id < LIMIT_COUNT; id++) {
        const struct limit_row *row = limit_row((enum limit_id)id);
        int64_t value = change.asked.value[id];

        named += change.named[id];
        assert(!change.named[id] || value == LIMIT_DENY ||
               (value >= row->min && value <= row->max));
    }
    assert(named > 0 && is_reason(change.reason));
    assert(change.expires_s <= RAISE_MAX_S);
    printed = json_pack("{s:o,s:s}", "limits", limits_named(&change, &change.asked), "reason",
                        change.reason);
    if (change.expires_s)
        json_object_set_new(printed, "expires_s", json_integer(change.expires_s));
    assert(limits_change_parse(printed, &again, err) == OK);
    assert(memcmp(&change, &again, sizeof change) == 0);
    json_decref(printed);
    return OK;
}

static enum status read_strategy(const json_t *body, struct err *err)
{
    static struct strategy_change change;
    static struct strategy_params params[MAX_INSTRUMENTS];
    const struct config *config = the_config();
    enum status status = strategy_change_parse(config, 1, body, &change, err);

    if (status != OK)
        return status;
    assert(is_reason(change.reason) && change.count <= PARAMETER_CHANGES_MAX);
    assert(change.names_enabled || (change.count > 0 && !change.enabled));
    for (uint32_t at = 0; at < change.count; at++) {
        const struct parameter_change *one = &change.change[at];
        enum parameter_id id = (enum parameter_id)one->parameter;
        char text[PARAMETER_TEXT_MAX];
        int64_t again = 4711;

        assert(parameter_is_of(id, config->strategy[1].kind));
        assert(one->instrument == UINT16_MAX || one->instrument < config->instruments);
        parameter_print(id, one->value, parameter_other(config, id, one->value), text);
        assert(parameter_parse(config, id, text, &again, err) == OK && again == one->value);
    }
    memcpy(params, config->strategy[1].params, sizeof params);
    status = strategy_change_apply(config, 1, &change, params, err);
    assert(status == OK || status == ERR_OUT_OF_RANGE);
    return status;
}

static enum status read_settings(const json_t *body, struct err *err)
{
    static struct settings_change change, again;
    enum status status = settings_change_parse(body, &change, err);
    json_t *printed;

    if (status != OK)
        return status;
    assert(change.count > 0 && change.count <= CHANGES_MAX);
    printed = settings_change_json(&change);
    assert(json_object_size(printed) == change.count);
    assert(settings_change_parse(printed, &again, err) == OK && again.count == change.count);
    for (uint32_t at = 0; at < change.count; at++) {
        assert(again.item[at].number == change.item[at].number);
        assert(again.item[at].to_file == change.item[at].to_file);
        assert(strcmp(again.item[at].text, change.item[at].text) == 0);
    }
    json_decref(printed);
    return OK;
}

static void set_units(json_t *body, const char *member, int64_t count, int64_t unit, uint32_t scale)
{
    char text[DECIMAL_TEXT_MAX];

    decimal_print(text, count * unit, scale, true);
    json_object_set_new(body, member, json_string(text));
}

static enum status read_order(json_t *body, struct err *err)
{
    struct intent intent, again;
    enum denial denial = DENIAL_COUNT, same;
    enum status status = order_read(the_config(), body, &intent, &denial, err);
    const struct instrument *row = &the_config()->instrument[intent.instrument];

    if (status != OK)
        return status;
    assert(denial == DENIAL_NONE || denial == DENY_UNKNOWN_INSTRUMENT || denial == DENY_OFF_TICK ||
           denial == DENY_OFF_LOT);
    if (denial != DENIAL_NONE)
        return OK;
    assert(intent.qty_lots > 0 && intent.qty_lots <= MAX_LOTS);
    assert(intent.type == TYPE_MARKET ? intent.price_ticks == 0 && intent.tif != TIF_GTC
                                      : intent.price_ticks > 0);
    assert(intent.price_ticks <= MAX_PRICE_TICKS);
    assert(!(intent.flags & ORDER_POST_ONLY) || intent.tif == TIF_GTC);
    set_units(body, "qty", intent.qty_lots, row->lot_units, row->qty_decimals);
    if (intent.type == TYPE_LIMIT)
        set_units(body, "price", intent.price_ticks, row->tick_units, row->price_decimals);
    assert(order_read(the_config(), body, &again, &same, err) == OK && same == DENIAL_NONE);
    assert(memcmp(&intent, &again, sizeof intent) == 0);
    return OK;
}

static enum status read_amend(json_t *body, struct err *err)
{
    struct command_amend_order amend = {0};
    enum denial denial = DENIAL_COUNT;
    enum status status = amend_read(&the_config()->instrument[0], body, &amend, &denial, err);

    if (status != OK)
        return status;
    assert(denial == DENIAL_NONE || denial == DENY_OFF_TICK || denial == DENY_OFF_LOT);
    assert(amend.price_ticks >= 0 && amend.price_ticks <= MAX_PRICE_TICKS);
    assert(amend.qty_lots >= 0 && amend.qty_lots <= MAX_LOTS);
    assert(denial != DENIAL_NONE || amend.price_ticks > 0 || amend.qty_lots > 0);
    return OK;
}

static enum status read_reason(const json_t *body, struct err *err)
{
    static const char *const members[] = {"reason", NULL};
    char reason[REASON_MAX], copied[REASON_MAX];
    enum status status = members_check(body, members, err);

    if (status == OK)
        status = reason_parse(json_object_get(body, "reason"), reason, err);
    if (status == OK) {
        text_copy_plain(copied, sizeof copied, reason);
        assert(is_reason(reason) && strcmp(copied, reason) == 0);
    }
    return status;
}

/* ---- all of them --------------------------------------------------------------------------- */

static enum status read_by(uint8_t who, struct request *request, struct reply *reply)
{
    static enum status (*const handlers[])(struct request *, struct reply *) = {
        handle_kill_post,    handle_session_post, handle_me_patch,
        handle_users_post,   handle_user_patch,   handle_tokens_post,
        handle_totp_confirm, handle_alerts_note,  handle_alert_acknowledge,
    };
    json_t *body = request->body;

    switch (who) {
    case 0:
        return read_limits(body, &reply->err);
    case 1:
        return read_strategy(body, &reply->err);
    case 2:
        return read_settings(body, &reply->err);
    case 3:
        return read_order(body, &reply->err);
    case 4:
        return read_amend(body, &reply->err);
    case 5:
        return read_reason(body, &reply->err);
    default:
        return handlers[who % (sizeof handlers / sizeof handlers[0])](request, reply);
    }
}

/* As the listener makes it, with a body that came whole. */
static void exchange_make(const uint8_t *body, size_t length)
{
    static struct listener listener;

    listener.http = &http;
    memset(&exchange, 0, sizeof exchange);
    exchange.listener = &listener;
    exchange.request.exchange = &exchange;
    exchange.request.http = &http;
    exchange.request.method = "POST";
    exchange.request.arg[0] = "somebody";
    exchange.request.actor.is_session = true;
    strcpy(exchange.request.actor.person, "somebody");
    exchange.headers[0].name = "Content-Type";
    exchange.headers[0].length = strlen("Content-Type");
    exchange.headers[0].value = "application/json";
    exchange.header_count = 1;
    exchange.body = malloc(length + 1);
    assert(exchange.body != NULL);
    if (length > 0)
        memcpy(exchange.body, body, length);
    exchange.body[length] = '\0';
    exchange.body_length = length;
}

/* What is answered is JSON, and a problem says what is wrong. */
static void check_answer(enum status status)
{
    json_t *answer;

    assert(status < STATUS_COUNT);
    reply_finish(&exchange, status);
    assert(exchange.http_code >= 200 && exchange.http_code <= 599);
    if (status == OK)
        return;
    fuzz_trace("said %s", exchange.text);
    answer = json_loadb(exchange.text, exchange.text_length, JSON_REJECT_DUPLICATES, NULL);
    assert(json_is_string(json_object_get(answer, "code")));
    assert(json_string_length(json_object_get(answer, "detail")) > 0);
    assert(json_integer_value(json_object_get(answer, "status")) == exchange.http_code);
    json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {.at = data, .left = size};
    uint8_t who = take_byte(&in) % 15;
    enum status status;

    exchange_make(in.at, in.left);
    status = body_parse(&exchange);
    assert(status != OK || !exchange.request.body || json_is_object(exchange.request.body));
    if (status == OK)
        status = read_by(who, &exchange.request, &exchange.reply);
    check_answer(status);
    json_decref(exchange.request.body);
    free(exchange.text);
    free(exchange.body);
    return 0;
}
