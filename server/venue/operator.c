/* What an operator or a fault does to the venue: not what a real one's rules would allow. */
#include "venue/inside.h"

#include <string.h>

void venue_set_status(struct venue *venue, uint16_t instrument, enum venue_status status)
{
    assert(instrument < venue->instruments);
    venue->instrument[instrument].status = (uint8_t)status;
}

/* ---- positions and fills out of nowhere ------------------------------------------------- */

/* The market takes the other side, so that the sums stay what they are. */
static void shift(struct venue *venue, uint16_t account, uint16_t instrument, int64_t lots,
                  int64_t ticks)
{
    uint16_t coin = venue->instrument[instrument].settle;
    int64_t closed;
    int64_t gain_e8 = venue_move(venue, account, instrument, lots, ticks, &closed);

    venue->account[account].position[instrument].realised_e8 += gain_e8;
    venue->account[account].wallet[coin].balance_e8 += gain_e8;
    venue_fill_market(venue, instrument, lots > 0 ? SIDE_SELL : SIDE_BUY, ticks,
                      lots > 0 ? lots : -lots);
}

void venue_override_position(struct venue *venue, uint16_t account, uint16_t instrument,
                             int64_t lots, int64_t now_ns)
{
    int64_t mark_ticks = venue_mark_ticks(venue, instrument);
    int64_t has = venue_position(venue, account, instrument)->lots;

    assert(account != VENUE_MARKET && venue_is_linear(venue, instrument));
    if (lots == has)
        return;
    venue_begin(venue, instrument, now_ns);
    shift(venue, account, instrument, lots - has, mark_ticks > 0 ? mark_ticks : 1);
    venue_tell_position(venue, account, instrument);
    venue_tell_wallet(venue, account, venue->instrument[instrument].settle);
    venue_finish(venue);
}

/* Takes lots that were filled elsewhere out of the book. */
static void lower_resting(struct venue *venue, struct venue_order *order, int64_t lots)
{
    struct venue_book *book = &venue->book[order->instrument];
    int64_t leaves = venue_leaves(order);

    book->seq++;
    if (lots < leaves) {
        (void)exchange_amend(book->exchange, order->account, order->exchange_id,
                             (uint32_t)order->price_ticks, (uint32_t)(leaves - lots));
        return;
    }
    (void)exchange_cancel(book->exchange, order->account, order->exchange_id);
    book->slots[exchange_place(order->exchange_id)] = VENUE_NO_SLOT;
}

bool venue_force_fill(struct venue *venue, uint64_t order_no, int64_t lots, bool beyond,
                      int64_t now_ns)
{
    struct venue_slot *slot = venue_slot(venue, order_no);
    struct venue_order *order;
    uint8_t ended;

    if (!slot || lots <= 0 || (!slot->active && !beyond))
        return false;
    order = &slot->order;
    ended = order->status;
    venue_begin(venue, order->instrument, now_ns);
    if (!beyond && lots > venue_leaves(order))
        lots = venue_leaves(order);
    if (slot->active)
        lower_resting(venue, order, lots);
    venue_fill(venue, slot, order->price_ticks, lots, true);
    venue_fill_market(venue, order->instrument, order->side == SIDE_BUY ? SIDE_SELL : SIDE_BUY,
                      order->price_ticks, lots);
    if (!slot->active && venue_leaves(order) > 0)
        order->status = ended; /* it came after the end */
    if (slot->active && venue_leaves(order) <= 0)
        venue_end(venue, slot, VENUE_END_NONE);
    venue_tell_order(venue, order);
    venue_finish(venue);
    return true;
}

/* ---- another grid ----------------------------------------------------------------------- */

int64_t venue_convert(int64_t amount, struct venue_measure from, struct venue_measure to,
                      bool *exact)
{
    __int128 over = (__int128)amount * from.units * decimal_one(to.decimals);
    __int128 under = (__int128)to.units * decimal_one(from.decimals);

    *exact = over % under == 0;
    return (int64_t)(over / under);
}

static void cancel_all(struct venue *venue, uint16_t instrument, int64_t now_ns)
{
    uint32_t next;

    venue_begin(venue, instrument, now_ns);
    for (uint16_t account = 0; account < venue->accounts; account++)
        for (uint32_t at = venue->account[account].active_first; at != VENUE_NO_SLOT; at = next) {
            next = venue->slots[at].active_next;
            if (venue->slots[at].order.instrument == instrument)
                venue_take_out(venue, &venue->slots[at], VENUE_END_BY_VENUE);
        }
}

/* What a position has that is no whole number of new lots is closed at the mark. */
static void convert_positions(struct venue *venue, uint16_t instrument, struct venue_measure from,
                              struct venue_measure to)
{
    int64_t mark_ticks = venue_mark_ticks(venue, instrument);
    int64_t sum = 0;

    for (uint16_t account = VENUE_MARKET + 1; account < venue->accounts; account++) {
        struct venue_position *position = &venue->account[account].position[instrument];
        bool exact;
        int64_t lots = venue_convert(position->lots, from, to, &exact);
        int64_t kept = venue_convert(lots, to, from, &exact);

        if (kept != position->lots)
            shift(venue, account, instrument, kept - position->lots,
                  mark_ticks > 0 ? mark_ticks : 1);
        position->lots = lots;
        sum += lots;
    }
    venue->account[VENUE_MARKET].position[instrument].lots = -sum;
}

static void convert_limits(struct venue_instrument *row, struct venue_measure from,
                           struct venue_measure to)
{
    bool exact;

    row->min_lots = venue_convert(row->min_lots, from, to, &exact);
    row->min_lots += exact ? 0 : 1;
    row->max_lots = venue_convert(row->max_lots, from, to, &exact);
    if (row->max_lots > EXCHANGE_LOTS_MAX)
        row->max_lots = EXCHANGE_LOTS_MAX;
    row->max_market_lots = venue_convert(row->max_market_lots, from, to, &exact);
    row->max_position_lots = venue_convert(row->max_position_lots, from, to, &exact);
}

void venue_set_grid(struct venue *venue, uint16_t instrument, const struct instrument *grid,
                    int64_t now_ns)
{
    struct venue_instrument *row = &venue->instrument[instrument];
    struct venue_book *book = &venue->book[instrument];
    struct venue_measure tick = {row->grid.tick_units, row->grid.price_decimals};
    struct venue_measure lot = {row->grid.lot_units, row->grid.qty_decimals};
    struct venue_measure new_tick = {grid->tick_units, grid->price_decimals};
    struct venue_measure new_lot = {grid->lot_units, grid->qty_decimals};
    bool exact;

    assert(instrument < venue->instruments && !grid->inverse && grid->tick_value_e8 > 0);
    cancel_all(venue, instrument, now_ns);
    convert_positions(venue, instrument, lot, new_lot);
    convert_limits(row, lot, new_lot);
    row->grid = *grid;
    venue_clear_book(venue, instrument);
    book->last_ticks = venue_convert(book->last_ticks, tick, new_tick, &exact);
}
