#include "gateway/bybit/inside.h"
#include "thread/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AGAIN_NS (2 * SECOND_NS)
#define LOOK_NS (1 * SECOND_NS)

/* ---- what differs ----------------------------------------------------------------------- */

static bool is_step(const char *text, uint32_t decimals, int64_t units)
{
    int64_t found;

    return text && decimal_parse(text, strlen(text), decimals, &found) && found == units;
}

static void say_step(char says[BYBIT_SAYS_MAX], const char *what, const char *text,
                     uint32_t decimals, int64_t units)
{
    char ours[DECIMAL_TEXT_MAX];

    decimal_print(ours, units, decimals, true);
    snprintf(says, BYBIT_SAYS_MAX, "%s is %.40s at the venue and %s in the configuration", what,
             text ? text : "missing", ours);
}

void bybit_compare_instrument(struct bybit_symbol *symbol, const json_t *row,
                              char says[BYBIT_SAYS_MAX])
{
    const struct instrument *ours = symbol->row;
    const json_t *lots = json_object_get(row, "lotSizeFilter");
    const char *tick =
        json_string_value(json_object_get(json_object_get(row, "priceFilter"), "tickSize"));
    const char *lot =
        json_string_value(json_object_get(lots, symbol->is_spot ? "basePrecision" : "qtyStep"));
    const char *status = json_string_value(json_object_get(row, "status"));
    const char *base = json_string_value(json_object_get(row, "baseCoin"));

    says[0] = '\0';
    if (base && strlen(base) < sizeof symbol->base_coin)
        memcpy(symbol->base_coin, base, strlen(base) + 1);
    if (!status || strcmp(status, "Trading") != 0)
        snprintf(says, BYBIT_SAYS_MAX, "status is %.40s at the venue and not Trading",
                 status ? status : "missing");
    else if (!is_step(tick, ours->price_decimals, ours->tick_units))
        say_step(says, "tick", tick, ours->price_decimals, ours->tick_units);
    else if (!is_step(lot, ours->qty_decimals, ours->lot_units))
        say_step(says, "lot", lot, ours->qty_decimals, ours->lot_units);
}

void bybit_compare_fees(const struct bybit_symbol *symbol, const json_t *row,
                        char says[BYBIT_SAYS_MAX])
{
    const char *maker = json_string_value(json_object_get(row, "makerFeeRate"));
    const char *taker = json_string_value(json_object_get(row, "takerFeeRate"));
    int64_t maker_e8;
    int64_t taker_e8;

    says[0] = '\0';
    if (!maker || !taker || !bybit_money_up(maker, &maker_e8) || !bybit_money_up(taker, &taker_e8))
        snprintf(says, BYBIT_SAYS_MAX, "the fee rates cannot be read");
    else if (maker_e8 > symbol->row->maker_fee_e8 || taker_e8 > symbol->row->taker_fee_e8)
        snprintf(says, BYBIT_SAYS_MAX,
                 "fees are %.24s maker, %.24s taker at the venue: above the configured ones", maker,
                 taker);
}

/* ---- what follows ----------------------------------------------------------------------- */

static void judge(struct bybit *bybit, struct bybit_symbol *symbol, const char *says)
{
    struct bybit_reference *reference = &bybit->reference;
    uint16_t at = symbol->instrument;
    bool was_fine = reference->is_fine[at];
    char shown[2 * BYBIT_SAYS_MAX];
    char text[MAX_NAME + 2 + BYBIT_SAYS_MAX];

    reference->is_fine[at] = says[0] == '\0';
    if (strcmp(reference->told[at], says) == 0)
        return;
    snprintf(reference->told[at], BYBIT_SAYS_MAX, "%s", says);
    if (says[0] == '\0') {
        log_line(LOG_INFO, "gateway", "the instrument is as configured again", "instrument=%s",
                 symbol->row->name);
        return;
    }
    log_line(LOG_ERROR, "gateway", "the instrument differs from the configuration: not traded",
             "instrument=%s says=%s", symbol->row->name, log_escape(shown, sizeof shown, says));
    snprintf(text, sizeof text, "%s: %s", symbol->row->name, says);
    if (was_fine)
        bybit_stop_instrument(bybit, at, text);
}

static void judge_fees(struct bybit *bybit, const struct bybit_symbol *symbol, const char *says)
{
    char *told = bybit->reference.told_fees[symbol->instrument];
    char shown[2 * BYBIT_SAYS_MAX];

    if (says[0] != '\0' && strcmp(told, says) != 0)
        log_line(LOG_WARN, "gateway", "fees differ", "instrument=%s says=%s", symbol->row->name,
                 log_escape(shown, sizeof shown, says));
    snprintf(told, BYBIT_SAYS_MAX, "%s", says);
}

/* ---- the round -------------------------------------------------------------------------- */

static void go_on(struct bybit *bybit)
{
    struct bybit_reference *reference = &bybit->reference;

    reference->at_fees = !reference->at_fees;
    if (reference->at_fees || ++reference->at < bybit->symbol_count)
        return;
    reference->at = 0;
    reference->is_done = true;
    reference->due_ns = bybit->mono_ns + bybit->config.reference_ns;
}

/* Ours, also where the venue answers with more than was asked for. NULL: it is not among them. */
static const json_t *row_of(const struct bybit_symbol *symbol, const json_t *rows)
{
    for (size_t at = 0; at < json_array_size(rows); at++) {
        const json_t *row = json_array_get(rows, at);
        const char *name = json_string_value(json_object_get(row, "symbol"));

        if (name && strcmp(name, symbol->name) == 0)
            return row;
    }
    return NULL;
}

static void took(struct bybit *bybit, struct bybit_about about, const struct bybit_reply *reply)
{
    struct bybit_reference *reference = &bybit->reference;
    struct bybit_symbol *symbol = &bybit->symbol[reference->at];
    const json_t *row = row_of(symbol, bybit_rows(reply));
    char says[BYBIT_SAYS_MAX];

    (void)about;
    reference->is_asked = false;
    if (reply->class != BYBIT_DONE && reply->class != BYBIT_REFUSED) {
        reference->due_ns = bybit->mono_ns + AGAIN_NS; /* no answer says nothing */
        return;
    }
    if (reference->at_fees) {
        bybit_compare_fees(symbol, row, says);
        judge_fees(bybit, symbol, says);
    } else {
        bybit_compare_instrument(symbol, row, says);
        if (!bybit_count_is_known(bybit, symbol->instrument))
            bybit->reconcile.is_wanted = true; /* its coin has a name now */
        judge(bybit, symbol, says);
    }
    go_on(bybit);
}

void bybit_reference_look(struct bybit *bybit, uint16_t instrument)
{
    struct bybit_reference *reference = &bybit->reference;
    uint16_t at = 0;

    if (!reference->is_done ||
        (reference->looked_ns != 0 && bybit->mono_ns < reference->looked_ns + LOOK_NS))
        return; /* it is being compared, or just was */
    while (bybit->symbol[at].instrument != instrument)
        at++;
    reference->looked_ns = bybit->mono_ns;
    reference->look = at;
    reference->wants_look = true;
}

static void turn_to(struct bybit_reference *reference, int64_t now_ns)
{
    reference->wants_look = false;
    reference->at = reference->look;
    reference->at_fees = false;
    reference->due_ns = now_ns;
}

void bybit_reference_turn(struct bybit *bybit)
{
    struct bybit_reference *reference = &bybit->reference;
    char query[96];

    if (reference->wants_look && !reference->is_asked)
        turn_to(reference, bybit->mono_ns);

    if (reference->is_asked || bybit->mono_ns < reference->due_ns ||
        !bybit->session.clock.is_known || bybit_is_banned(bybit))
        return;
    snprintf(query, sizeof query, "category=%s&symbol=%s", bybit_category(bybit->config.is_spot),
             bybit->symbol[reference->at].name);
    reference->is_asked = bybit_get(
        bybit, reference->at_fees ? "/v5/account/fee-rate" : "/v5/market/instruments-info", query,
        reference->at_fees, took, (struct bybit_about){0});
    if (!reference->is_asked)
        reference->due_ns = bybit->mono_ns + AGAIN_NS;
}
