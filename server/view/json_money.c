/* Positions and PnL.
 *
 * A position is what the engine last stated; its mark is the newest that is fresh. PnL of a row:
 *   price = realised + unrealised, fee < 0 when paid, rebate > 0 when received, funding 0 so far
 *   total = price + fee + funding + rebate, all in the reporting currency
 * Whatever needs a mark or a conversion that is not there is null, and so is every sum over it. */
#include "view/shapes.h"

#include <string.h>

struct pnl {
    int64_t realised_e8, unrealised_e8, fee_e8, rebate_e8;
    bool realised_known, unrealised_known;
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

/* --- positions --- */

static json_t *position_json(const struct view *view, uint16_t instrument)
{
    const struct instrument *row = instrument_of(view, instrument);
    const struct position *held = &view->total[instrument].held;
    int64_t unrealised_e8, mark_ns = view->pnl.kind == 0 ? 0 : view->pnl.marks[instrument].mark_ns;
    bool marked = unrealised_of(view, instrument, held, &unrealised_e8);

    return json_pack(
        "{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "instrument", row->name, "lots",
        (json_int_t)held->lots, "qty", shape_qty(row, held->lots), "avg_price",
        held->lots == 0 ? json_null() : shape_average(row, position_average_e8_ticks(held, row)),
        "mark", shape_average(row, model_mark_e8_ticks(view, instrument)), "unrealised",
        shape_money(marked, unrealised_e8), "realised", shape_decimal(held->realised_e8, 8),
        "currency", view->from.config->currency[row->currency].name, "age_ns",
        shape_age(model_now_ns(view), mark_ns));
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

/* Reporting units for one settlement unit, 1e-8; 0: not known. */
static int64_t rate_e8(const struct view *view, uint16_t currency)
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
    if (rate == 0 || !money_scale(amount_e8, rate, &converted_e8))
        return false;
    *sum_e8 += converted_e8;
    return true;
}

static void pnl_add(const struct view *view, struct pnl *pnl, uint16_t instrument,
                    const struct view_position *position)
{
    int64_t rate = rate_e8(view, instrument_of(view, instrument)->currency);
    int64_t unrealised_e8;
    bool marked = unrealised_of(view, instrument, &position->held, &unrealised_e8);

    pnl->realised_known &= convert(&pnl->realised_e8, position->held.realised_e8, rate);
    pnl->realised_known &=
        convert(&pnl->fee_e8, -(position->held.fee_e8 + position->rebate_e8), rate);
    pnl->realised_known &= convert(&pnl->rebate_e8, position->rebate_e8, rate);
    pnl->unrealised_known &= marked && convert(&pnl->unrealised_e8, unrealised_e8, rate);
}

static const struct pnl pnl_empty = {.realised_known = true, .unrealised_known = true};

static int64_t pnl_total_e8(const struct pnl *pnl)
{
    return pnl->realised_e8 + pnl->unrealised_e8 + pnl->fee_e8 + pnl->rebate_e8;
}

static bool pnl_known(const struct pnl *pnl)
{
    return pnl->realised_known && pnl->unrealised_known;
}

static json_t *pnl_json(const struct pnl *pnl)
{
    bool known = pnl_known(pnl);

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "total",
                     shape_money(known, pnl_total_e8(pnl)), "price",
                     shape_money(known, pnl->realised_e8 + pnl->unrealised_e8), "fee",
                     shape_money(pnl->realised_known, pnl->fee_e8), "funding", shape_money(true, 0),
                     "rebate", shape_money(pnl->realised_known, pnl->rebate_e8), "realised",
                     shape_money(pnl->realised_known, pnl->realised_e8), "unrealised",
                     shape_money(pnl->unrealised_known, pnl->unrealised_e8));
}

static json_t *by_instrument(const struct view *view, struct pnl *firm)
{
    json_t *rows = json_array();

    for (uint16_t i = 0; i < view->from.config->instruments; i++) {
        struct pnl pnl = pnl_empty;
        json_t *row;

        pnl_add(view, &pnl, i, &view->total[i]);
        pnl_add(view, firm, i, &view->total[i]);
        row = pnl_json(&pnl);
        json_object_set_new(row, "instrument", json_string(instrument_of(view, i)->name));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *by_strategy(const struct view *view)
{
    const struct config *config = view->from.config;
    json_t *rows = json_array();

    for (uint16_t strategy = 0; strategy < config->strategies; strategy++) {
        struct pnl pnl = pnl_empty;
        json_t *row;

        for (uint16_t i = 0; i < config->instruments; i++)
            pnl_add(view, &pnl, i, &view->own[strategy][i]);
        row = pnl_json(&pnl);
        json_object_set_new(row, "strategy", json_string(config->strategy[strategy].name));
        json_array_append_new(rows, row);
    }
    return rows;
}

/* (peak - equity) / peak; null without a positive peak. */
static json_t *drawdown_json(bool known, int64_t equity_e8, int64_t peak_e8)
{
    __int128 drop = (__int128)(peak_e8 - equity_e8) * RATIO_ONE_E8;

    if (!known || peak_e8 <= 0)
        return json_null();
    return shape_decimal((int64_t)(drop / peak_e8), 8);
}

static void add_equity(const struct view *view, json_t *json, const struct pnl *firm)
{
    bool known = pnl_known(firm);
    int64_t equity_e8 = view->from.config->money.capital_e8 + pnl_total_e8(firm);
    int64_t peak_e8 = view->pnl.kind == 0 ? view->from.config->money.capital_e8 : view->pnl.peak_e8;

    if (known && equity_e8 > peak_e8)
        peak_e8 = equity_e8;
    json_object_set_new(json, "equity", shape_money(known, equity_e8));
    json_object_set_new(json, "peak", shape_money(true, peak_e8));
    json_object_set_new(json, "drawdown_ratio", drawdown_json(known, equity_e8, peak_e8));
}

json_t *view_pnl(struct view *view)
{
    const struct config *config = view->from.config;
    struct pnl firm = pnl_empty;
    json_t *instruments, *strategies, *json;

    view_enter(view);
    instruments = by_instrument(view, &firm);
    strategies = by_strategy(view);
    json = pnl_json(&firm);
    add_equity(view, json, &firm);
    view_leave(view);
    json_object_set_new(json, "currency", json_string(config->currency[config->reporting].name));
    json_object_set_new(json, "capital", shape_decimal(config->money.capital_e8, 8));
    json_object_set_new(json, "by_instrument", instruments);
    json_object_set_new(json, "by_strategy", strategies);
    return json;
}
