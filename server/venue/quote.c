/* What a spot market buy costs, read off the book before it trades. An order of the account itself
 * that self-match prevention would take away is not counted as there. */
#include "venue/inside.h"

enum { QUOTE_LEVELS_MAX = 1024 };

int64_t venue_own_lots(const struct venue *venue, uint16_t account, uint16_t instrument,
                       enum side side, int64_t ticks)
{
    const struct venue_slot *slot;
    int64_t lots = 0;

    for (uint32_t at = venue->account[account].active_first; at != VENUE_NO_SLOT;
         at = slot->active_next) {
        slot = &venue->slots[at];
        if (slot->order.instrument == instrument && slot->order.side == side &&
            slot->order.price_ticks == ticks)
            lots += venue_leaves(&slot->order);
    }
    return lots;
}

/* The asks that a buy can reach; returns how many. */
static uint32_t reachable(const struct venue *venue, const struct venue_order *order,
                          struct level levels[QUOTE_LEVELS_MAX])
{
    uint32_t count = exchange_levels(venue->book[order->instrument].exchange, SIDE_SELL, levels,
                                     QUOTE_LEVELS_MAX);
    uint32_t at = 0;

    for (; at < count && levels[at].price_ticks <= order->price_ticks; at++)
        if (order->smp != VENUE_SMP_NONE)
            levels[at].qty_lots -= venue_own_lots(venue, order->account, order->instrument,
                                                  SIDE_SELL, levels[at].price_ticks);
    return at;
}

int64_t venue_cost_e8(const struct venue *venue, const struct venue_order *order)
{
    struct level levels[QUOTE_LEVELS_MAX];
    uint32_t count = reachable(venue, order, levels);
    int64_t left = order->qty_lots;
    int64_t cost_e8 = 0;

    for (uint32_t at = 0; at < count && left > 0; at++) {
        int64_t lots = left < levels[at].qty_lots ? left : levels[at].qty_lots;

        cost_e8 += venue_value_e8(venue, order->instrument, levels[at].price_ticks, lots);
        left -= lots;
    }
    if (count == QUOTE_LEVELS_MAX)
        cost_e8 += venue_value_e8(venue, order->instrument, order->price_ticks, left);
    return cost_e8;
}

int64_t venue_affordable_lots(const struct venue *venue, const struct venue_order *order,
                              int64_t *last_ticks)
{
    const struct venue_instrument *row = &venue->instrument[order->instrument];
    int64_t most = row->max_market_lots > 0 ? row->max_market_lots : row->max_lots;
    struct level levels[QUOTE_LEVELS_MAX];
    uint32_t count = reachable(venue, order, levels);
    int64_t left_e8 = order->qty_value_e8;
    int64_t bought = 0;

    for (uint32_t at = 0; at < count && bought < most; at++) {
        int64_t lot_e8 = venue_value_e8(venue, order->instrument, levels[at].price_ticks, 1);
        int64_t lots = left_e8 / lot_e8;

        lots = lots < levels[at].qty_lots ? lots : levels[at].qty_lots;
        lots = lots < most - bought ? lots : most - bought;
        if (lots == 0 && levels[at].qty_lots > 0)
            break;
        bought += lots;
        left_e8 -= lots * lot_e8;
        *last_ticks = levels[at].price_ticks;
    }
    return bought;
}
