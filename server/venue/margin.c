/* Cross margin: what an account has, what its positions and orders tie up, when it is too little.
 *
 * An instrument ties up the most of three: its position, its position with all buys filled, its
 * position with all sells filled; orders that only close tie up nothing. Reduce-only orders are
 * left out. Orders also put aside the fee of taking. All roundings go up. */
#include "venue/inside.h"

static int64_t scaled_up_e8(int64_t amount_e8, int64_t ratio_e8)
{
    int64_t result_e8;

    return money_scale_up(amount_e8, ratio_e8, &result_e8) ? result_e8 : MAX_MONEY_E8;
}

static int64_t size_of(int64_t lots)
{
    return lots < 0 ? -lots : lots;
}

/* ---- of one instrument ------------------------------------------------------------------ */

/* At the mark, or when there is none at the entry. */
static int64_t position_value_e8(const struct venue *venue, uint16_t instrument,
                                 const struct venue_position *position)
{
    int64_t mark_ticks = venue_mark_ticks(venue, instrument);

    if (mark_ticks == 0)
        return position->entry_value_e8;
    return venue_value_e8(venue, instrument, mark_ticks, size_of(position->lots));
}

/* What the orders of a side would add if all filled, less what only closes. */
static int64_t adding_value_e8(const struct venue_open *open, const struct venue_position *position,
                               enum side side)
{
    bool closes = side == SIDE_BUY ? position->lots < 0 : position->lots > 0;
    int64_t closing = closes ? size_of(position->lots) : 0;
    int64_t lots = open->lots[side];

    if (lots <= closing)
        return 0;
    return venue_share_e8(open->value_e8[side], lots - closing, lots);
}

static int64_t worst_e8(const struct venue_open *open, const struct venue_position *position,
                        enum side side, int64_t position_e8, int64_t order_rate_e8)
{
    bool closes = side == SIDE_BUY ? position->lots < 0 : position->lots > 0;
    int64_t adds_e8 = scaled_up_e8(adding_value_e8(open, position, side), order_rate_e8);

    return closes ? adds_e8 : position_e8 + adds_e8;
}

static void add_instrument(const struct venue *venue, uint16_t account, uint16_t at,
                           struct venue_margin *margin)
{
    const struct instrument *grid = &venue->instrument[at].grid;
    const struct venue_position *position = &venue->account[account].position[at];
    const struct venue_open *open = &venue->account[account].open[at];
    int64_t rate_e8 = money_ratio_up_e8(RATIO_ONE_E8, position->leverage_e8);
    int64_t value_e8 = position_value_e8(venue, at, position);
    int64_t initial_e8 = scaled_up_e8(value_e8, rate_e8);
    int64_t order_rate_e8 = rate_e8 + (grid->taker_fee_e8 > 0 ? grid->taker_fee_e8 : 0);
    int64_t buys_e8 = worst_e8(open, position, SIDE_BUY, initial_e8, order_rate_e8);
    int64_t sells_e8 = worst_e8(open, position, SIDE_SELL, initial_e8, order_rate_e8);
    int64_t most_e8 = buys_e8 > sells_e8 ? buys_e8 : sells_e8;
    int64_t gain_e8 = value_e8 - position->entry_value_e8;

    margin->unrealised_e8 += position->lots > 0 ? gain_e8 : -gain_e8;
    margin->initial_e8 += initial_e8;
    margin->order_initial_e8 += most_e8 > initial_e8 ? most_e8 - initial_e8 : 0;
    margin->maintenance_e8 += scaled_up_e8(value_e8, grid->maintenance_margin_e8);
}

/* ---- of an account ---------------------------------------------------------------------- */

static bool concerns(const struct venue *venue, uint16_t account, uint16_t at, uint16_t coin)
{
    const struct venue_open *open = &venue->account[account].open[at];

    return venue_is_linear(venue, at) && venue->instrument[at].settle == coin &&
           (venue->account[account].position[at].lots != 0 || open->lots[SIDE_BUY] != 0 ||
            open->lots[SIDE_SELL] != 0);
}

struct venue_margin venue_margin(const struct venue *venue, uint16_t account, uint16_t coin)
{
    const struct venue_wallet *wallet = &venue->account[account].wallet[coin];
    struct venue_margin margin = {0};
    int64_t free_e8;

    assert(account < venue->accounts && coin < venue->coins);
    for (uint16_t at = 0; at < venue->instruments; at++)
        if (concerns(venue, account, at, coin))
            add_instrument(venue, account, at, &margin);
    margin.equity_e8 = wallet->balance_e8 + margin.unrealised_e8;
    free_e8 = margin.equity_e8 - margin.initial_e8 - margin.order_initial_e8 - wallet->locked_e8;
    margin.available_e8 = free_e8 > 0 ? free_e8 : 0;
    return margin;
}

int64_t venue_free_e8(const struct venue *venue, uint16_t account, uint16_t coin, bool pays)
{
    const struct venue_wallet *wallet = &venue->account[account].wallet[coin];
    struct venue_margin margin = venue_margin(venue, account, coin);
    int64_t free_e8 =
        margin.equity_e8 - margin.initial_e8 - margin.order_initial_e8 - wallet->locked_e8;
    int64_t cash_e8 = wallet->balance_e8 - wallet->locked_e8;

    return pays && cash_e8 < free_e8 ? cash_e8 : free_e8;
}

/* ---- liquidation price ------------------------------------------------------------------ */

/* At price P the account has base + sign * L * P and needs others + rate * L * P, L the value of
 * one tick of all its lots: the first tick beyond the P where the two are equal. */
static int64_t break_ticks(const struct venue *venue, uint16_t instrument, int64_t lots,
                           int64_t base_e8)
{
    const struct instrument *grid = &venue->instrument[instrument].grid;
    int64_t sign = lots > 0 ? 1 : -1;
    __int128 tick_e8 = (__int128)size_of(lots) * grid->tick_value_e8;
    __int128 slope_e8 = tick_e8 * (RATIO_ONE_E8 - sign * grid->maintenance_margin_e8);
    __int128 wanted_e8 = -(__int128)sign * base_e8 * RATIO_ONE_E8;
    __int128 ticks;

    if (wanted_e8 <= 0)
        return lots > 0 ? INT64_MAX : 1;
    ticks = lots > 0 ? (wanted_e8 - 1) / slope_e8 : wanted_e8 / slope_e8 + 1;
    return ticks < 1 || ticks > MAX_PRICE_TICKS ? INT64_MAX : (int64_t)ticks;
}

int64_t venue_liquidation_ticks(const struct venue *venue, uint16_t account, uint16_t instrument)
{
    const struct venue_position *position = venue_position(venue, account, instrument);
    uint16_t coin = venue->instrument[instrument].settle;
    struct venue_margin all, own = {0};
    int64_t base_e8;

    if (position->lots == 0 || venue->instrument[instrument].grid.maintenance_margin_e8 == 0)
        return INT64_MAX;
    all = venue_margin(venue, account, coin);
    add_instrument(venue, account, instrument, &own);
    base_e8 = all.equity_e8 - own.unrealised_e8 - (all.maintenance_e8 - own.maintenance_e8);
    base_e8 -= position->lots > 0 ? position->entry_value_e8 : -position->entry_value_e8;
    return break_ticks(venue, instrument, position->lots, base_e8);
}

/* ---- leverage --------------------------------------------------------------------------- */

enum venue_answer venue_set_leverage(struct venue *venue, uint16_t account, uint16_t instrument,
                                     int64_t leverage_e8, int64_t now_ns)
{
    struct venue_position *position;
    uint16_t coin;
    int64_t before_e8, after_e8, old_e8;

    assert(account < venue->accounts);
    if (instrument >= venue->instruments || !venue_is_linear(venue, instrument))
        return VENUE_NO_INSTRUMENT;
    position = &venue->account[account].position[instrument];
    coin = venue->instrument[instrument].settle;
    old_e8 = position->leverage_e8;
    if (leverage_e8 < RATIO_ONE_E8 || leverage_e8 > venue->instrument[instrument].leverage_max)
        return VENUE_BAD_LEVERAGE;
    if (leverage_e8 == old_e8)
        return VENUE_UNCHANGED;
    before_e8 = venue_free_e8(venue, account, coin, false);
    position->leverage_e8 = leverage_e8;
    after_e8 = venue_free_e8(venue, account, coin, false);
    if (after_e8 < 0 && after_e8 < before_e8) {
        position->leverage_e8 = old_e8;
        return VENUE_NO_FUNDS;
    }
    position->updated_ns = now_ns;
    venue_tell_position(venue, account, instrument);
    return VENUE_OK;
}
