/* Positions and PnL.
 *
 * A position is what the engine last stated; its mark is the newest that is fresh. Of a row:
 *   price = realised + unrealised, fee <= 0 what was paid, rebate >= 0 what makers were paid,
 *   funding < 0 when more was paid than received
 *   total = price + fee + funding + rebate
 * in the reporting currency, and in a position's row in its own. Margin, liquidation and the day's
 * PnL are the engine's figures. Whatever needs a mark or a conversion that is not there is null,
 * and so is every sum over it. */
#include "view/shapes.h"

#include "thread/clock.h"

#include <string.h>

struct pnl {
    int64_t realised_e8, unrealised_e8, fee_e8, funding_e8, rebate_e8;
    bool realised_known, unrealised_known; /* the first: of everything that needs no mark */
};

static const struct instrument *instrument_of(const struct view *view, uint16_t instrument)
{
    return &view->from.config->instrument[instrument];
}

/* Settlement currency. False: something is held and there is no fresh mark. */
static bool unrealised_of(const struct view *view, uint16_t instrument, const struct position *held,
                          int64_t *unrealised_e8)
{
    struct position position = *held;
    int64_t mark = model_mark_e8_ticks(view, instrument);

    *unrealised_e8 = 0;
    if (held->lots == 0)
        return true;
    if (mark == 0 || !position_mark(&position, instrument_of(view, instrument), mark))
        return false;
    *unrealised_e8 = position.unrealised_e8;
    return true;
}

static json_t *day_json(const struct view *view, uint16_t scope, bool known)
{
    return shape_money(known && model_money_is_fresh(view), view->pnl.day_e8[scope]);
}

/* --- positions --- */

/* Of the firm's equity; INT64_MAX stands for "none is left". */
static json_t *margin_ratio_json(const struct view *view, int64_t margin_e8)
{
    if (view->pnl.equity_e8 <= 0)
        return shape_decimal(margin_e8 == 0 ? 0 : INT64_MAX, 8);
    return shape_decimal(money_ratio_up_e8(margin_e8, view->pnl.equity_e8), 8);
}

/* Null: not margined, nothing is held, or nothing is known. */
static void add_margin(const struct view *view, uint16_t instrument, json_t *json)
{
    const struct instrument *row = instrument_of(view, instrument);
    const struct telemetry_mark *mark = &view->pnl.marks[instrument];
    bool known = row->maintenance_margin_e8 != 0 && view->total[instrument].lots != 0 &&
                 model_mark_e8_ticks(view, instrument) != 0;
    bool can_end = known && mark->liquidation_e8_ticks != 0;

    json_object_set_new(json, "margin", shape_money(known, mark->margin_e8));
    json_object_set_new(json, "margin_ratio",
                        known ? margin_ratio_json(view, mark->margin_e8) : json_null());
    json_object_set_new(json, "liquidation_price",
                        shape_average(row, can_end ? mark->liquidation_e8_ticks : 0));
    json_object_set_new(json, "liquidation_distance_ratio",
                        shape_money(known && mark->liquidation_distance_e8 != INT64_MAX,
                                    mark->liquidation_distance_e8));
}

/* What the next funding will cost, and when; null when there is none or no mark. */
static void add_funding_due(const struct view *view, uint16_t instrument, json_t *json)
{
    const struct instrument *row = instrument_of(view, instrument);
    int64_t mark = model_mark_e8_ticks(view, instrument);
    int64_t interval_ns =
        row->funding_rate_e8 == 0 ? 0 : view->from.config->market.funding_interval_ns;
    int64_t due_e8 = 0;
    bool known = interval_ns != 0 && mark != 0 &&
                 position_funding_due_e8(&view->total[instrument], row, mark, &due_e8);
    int64_t next_ns = interval_ns == 0 ? 0 : (model_now_ns(view) / interval_ns + 1) * interval_ns;

    json_object_set_new(json, "funding_due", shape_money(known, -due_e8));
    json_object_set_new(json, "funding_due_ns", json_ns_or_null(next_ns));
}

static void add_mark(const struct view *view, uint16_t instrument, json_t *json)
{
    const struct telemetry_mark *mark = &view->pnl.marks[instrument];
    bool known = view->pnl.kind != 0 && mark->source != MARK_NONE;
    json_t *age = shape_age(model_now_ns(view), view->pnl.kind == 0 ? 0 : mark->mark_ns);

    json_object_set_new(
        json, "mark",
        shape_average(instrument_of(view, instrument), model_mark_e8_ticks(view, instrument)));
    json_object_set_new(json, "mark_source",
                        known ? json_string(mark_source_name((enum mark_source)mark->source))
                              : json_null());
    json_object_set(json, "mark_age_ns", age);
    json_object_set_new(json, "age_ns", age);
}

/* What the venue counts, how old that is, and how many lots we count more; null: not known. */
static void add_venue_count(const struct view *view, uint16_t instrument, json_t *json)
{
    int64_t lots = 0, told_ns = 0;
    bool known = view_venue_lots(&view->from, instrument, &lots, &told_ns);
    int64_t drift = view->total[instrument].lots - lots;

    json_object_set_new(json, "venue_lots", known ? json_integer((json_int_t)lots) : json_null());
    json_object_set_new(json, "venue_age_ns", shape_age(clock_real_ns(), told_ns));
    json_object_set_new(json, "drift", known ? json_integer((json_int_t)drift) : json_null());
}

static json_t *position_json(const struct view *view, uint16_t instrument)
{
    const struct instrument *row = instrument_of(view, instrument);
    const struct position *held = &view->total[instrument];
    uint16_t scope = scope_of_instrument(view->from.config->scopes, instrument);
    int64_t unrealised_e8;
    bool marked = unrealised_of(view, instrument, held, &unrealised_e8);
    json_t *json = json_pack(
        "{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "instrument", row->name, "lots",
        (json_int_t)held->lots, "qty", shape_qty(row, held->lots), "avg_price",
        held->lots == 0 ? json_null() : shape_average(row, position_average_e8_ticks(held, row)),
        "unrealised", shape_money(marked, unrealised_e8), "realised",
        shape_decimal(held->realised_e8, 8), "fee", shape_decimal(-held->fee_e8, 8), "rebate",
        shape_decimal(held->rebate_e8, 8), "funding", shape_decimal(-held->funding_e8, 8),
        "currency", view->from.config->currency[row->currency].name, "day_pnl",
        day_json(view, scope, marked));

    add_mark(view, instrument, json);
    add_margin(view, instrument, json);
    add_funding_due(view, instrument, json);
    add_venue_count(view, instrument, json);
    return json;
}

json_t *view_positions(struct view *view)
{
    json_t *items = json_array();

    view_enter(view);
    for (uint16_t i = 0; i < view->from.config->instruments; i++)
        json_array_append_new(items, position_json(view, i));
    view_leave(view);
    return shape_list(items, 0);
}

/* --- PnL --- */

int64_t shape_rate_e8(const struct view *view, uint16_t currency)
{
    const struct config *config = view->from.config;
    const struct currency *row = &config->currency[currency];
    const struct instrument *instrument;
    __int128 rate;

    if (currency == config->reporting)
        return MONEY_ONE_E8;
    if (row->fixed)
        return row->rate_e8;
    instrument = instrument_of(view, row->rate_instrument);
    rate = (__int128)model_mark_e8_ticks(view, row->rate_instrument) * instrument->tick_units;
    for (uint32_t i = 0; i < instrument->price_decimals; i++)
        rate /= 10;
    return rate > MAX_MONEY_E8 ? 0 : (int64_t)rate;
}

static bool convert(int64_t *sum_e8, int64_t amount_e8, int64_t rate)
{
    int64_t converted_e8 = 0;

    if (amount_e8 == 0)
        return true;
    return rate != 0 && money_scale(amount_e8, rate, &converted_e8) &&
           !__builtin_add_overflow(*sum_e8, converted_e8, sum_e8);
}

static void pnl_add(const struct view *view, struct pnl *pnl, uint16_t instrument,
                    const struct position *position)
{
    int64_t rate = shape_rate_e8(view, instrument_of(view, instrument)->currency);
    int64_t unrealised_e8;
    bool marked = unrealised_of(view, instrument, position, &unrealised_e8);

    pnl->realised_known &= convert(&pnl->realised_e8, position->realised_e8, rate);
    pnl->realised_known &= convert(&pnl->fee_e8, -position->fee_e8, rate);
    pnl->realised_known &= convert(&pnl->funding_e8, -position->funding_e8, rate);
    pnl->realised_known &= convert(&pnl->rebate_e8, position->rebate_e8, rate);
    pnl->unrealised_known &= marked && convert(&pnl->unrealised_e8, unrealised_e8, rate);
}

static const struct pnl pnl_empty = {.realised_known = true, .unrealised_known = true};

/* False: not known, or it does not fit. */
static bool pnl_price(const struct pnl *pnl, int64_t *price_e8)
{
    return pnl->realised_known && pnl->unrealised_known &&
           !__builtin_add_overflow(pnl->realised_e8, pnl->unrealised_e8, price_e8);
}

static bool pnl_total(const struct pnl *pnl, int64_t *total_e8)
{
    return pnl_price(pnl, total_e8) && !__builtin_add_overflow(*total_e8, pnl->fee_e8, total_e8) &&
           !__builtin_add_overflow(*total_e8, pnl->funding_e8, total_e8) &&
           !__builtin_add_overflow(*total_e8, pnl->rebate_e8, total_e8);
}

static json_t *pnl_json(const struct view *view, const struct pnl *pnl, uint16_t scope)
{
    int64_t price_e8 = 0;
    int64_t total_e8 = 0;
    bool has_price = pnl_price(pnl, &price_e8);
    bool has_total = pnl_total(pnl, &total_e8);

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "total",
                     shape_money(has_total, total_e8), "price", shape_money(has_price, price_e8),
                     "fee", shape_money(pnl->realised_known, pnl->fee_e8), "funding",
                     shape_money(pnl->realised_known, pnl->funding_e8), "rebate",
                     shape_money(pnl->realised_known, pnl->rebate_e8), "realised",
                     shape_money(pnl->realised_known, pnl->realised_e8), "unrealised",
                     shape_money(pnl->unrealised_known, pnl->unrealised_e8), "day_pnl",
                     day_json(view, scope, has_total));
}

static void append_row(const struct view *view, json_t *rows, const struct pnl *pnl, uint16_t scope,
                       const char *kind, const char *name)
{
    json_t *row = pnl_json(view, pnl, scope);

    json_object_set_new(row, kind, json_string(name));
    json_array_append_new(rows, row);
}

static json_t *by_instrument(const struct view *view)
{
    const struct config *config = view->from.config;
    json_t *rows = json_array();

    for (uint16_t i = 0; i < config->instruments; i++) {
        struct pnl pnl = pnl_empty;

        pnl_add(view, &pnl, i, &view->total[i]);
        append_row(view, rows, &pnl, scope_of_instrument(config->scopes, i), "instrument",
                   config->instrument[i].name);
    }
    return rows;
}

static json_t *by_venue(const struct view *view)
{
    const struct config *config = view->from.config;
    json_t *rows = json_array();

    for (uint16_t venue = 0; venue < config->venues; venue++) {
        struct pnl pnl = pnl_empty;

        for (uint16_t i = 0; i < config->instruments; i++)
            if (config->instrument[i].venue == venue)
                pnl_add(view, &pnl, i, &view->total[i]);
        append_row(view, rows, &pnl, scope_of_venue(config->scopes, venue), "venue",
                   config->venue[venue]);
    }
    return rows;
}

static struct pnl pnl_of_strategy(const struct view *view, uint16_t strategy)
{
    struct pnl pnl = pnl_empty;

    for (uint16_t i = 0; i < view->from.config->instruments; i++)
        pnl_add(view, &pnl, i, &view->own[strategy][i]);
    return pnl;
}

json_t *shape_strategy_total(const struct view *view, uint16_t strategy)
{
    struct pnl pnl = pnl_of_strategy(view, strategy);
    int64_t total_e8 = 0;
    bool known = pnl_total(&pnl, &total_e8);

    return shape_money(known, total_e8);
}

static json_t *by_strategy(const struct view *view)
{
    const struct config *config = view->from.config;
    json_t *rows = json_array();

    for (uint16_t strategy = 0; strategy < config->strategies; strategy++) {
        struct pnl pnl = pnl_of_strategy(view, strategy);

        append_row(view, rows, &pnl, scope_of_strategy(config->scopes, strategy), "strategy",
                   config->strategy[strategy].name);
    }
    return rows;
}

/* (peak - equity) / peak, rounded up as the engine does; null without a positive peak. */
static json_t *drawdown_json(bool known, int64_t equity_e8, int64_t peak_e8)
{
    int64_t drop_e8;

    if (!known || peak_e8 <= 0 || __builtin_sub_overflow(peak_e8, equity_e8, &drop_e8))
        return json_null();
    return shape_decimal(money_ratio_up_e8(drop_e8, peak_e8), 8);
}

static void add_equity(const struct view *view, json_t *json, const struct pnl *firm)
{
    int64_t capital_e8 = view->from.config->money.capital_e8;
    int64_t peak_e8 = view->pnl.kind == 0 ? capital_e8 : view->pnl.peak_e8;
    int64_t equity_e8 = 0;
    bool known =
        pnl_total(firm, &equity_e8) && !__builtin_add_overflow(equity_e8, capital_e8, &equity_e8);

    if (known && equity_e8 > peak_e8)
        peak_e8 = equity_e8;
    json_object_set_new(json, "equity", shape_money(known, equity_e8));
    json_object_set_new(json, "peak", shape_money(true, peak_e8));
    json_object_set_new(json, "drawdown_ratio", drawdown_json(known, equity_e8, peak_e8));
}

/* A ratio that is INT64_MAX although every mark is known says that there is no equity left: it is
 * shown as that number, so that an alert on it fires. */
static void add_margins(const struct view *view, json_t *json)
{
    bool known = model_money_is_fresh(view) && view->pnl.complete;

    json_object_set_new(json, "margin", shape_money(known, view->pnl.margin_e8));
    json_object_set_new(json, "margin_ratio", shape_money(known, view->pnl.margin_ratio_e8));
}

static json_t *firm_json(const struct view *view)
{
    struct pnl firm = pnl_empty;
    json_t *json;

    for (uint16_t i = 0; i < view->from.config->instruments; i++)
        pnl_add(view, &firm, i, &view->total[i]);
    json = pnl_json(view, &firm, scope_of_firm());
    add_equity(view, json, &firm);
    add_margins(view, json);
    return json;
}

json_t *view_pnl(struct view *view)
{
    const struct config *config = view->from.config;
    json_t *json;

    view_enter(view);
    json = firm_json(view);
    json_object_set_new(json, "by_instrument", by_instrument(view));
    json_object_set_new(json, "by_strategy", by_strategy(view));
    json_object_set_new(json, "by_venue", by_venue(view));
    view_leave(view);
    json_object_set_new(json, "currency", json_string(config->currency[config->reporting].name));
    json_object_set_new(json, "capital", shape_decimal(config->money.capital_e8, 8));
    return json;
}
