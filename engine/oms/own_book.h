/* Our own resting prices, so that an order that would meet one of ours can be told.
 *
 * The best of our live orders of each side in each instrument. Adding is one comparison; when an
 * order at the best price leaves, the live orders of the instrument are looked through. Part of
 * oms; engine thread. */
#ifndef PITWALL_OMS_OWN_BOOK_H
#define PITWALL_OMS_OWN_BOOK_H

#include "oms/order_pool.h"

struct own_book {
    int64_t best_ticks[2][MAX_INSTRUMENTS]; /* 0: none of that side */
};

/* True when an order of `side` at `price_ticks` accepts the opposite side's price. */
static inline bool price_meets(enum side side, int64_t price_ticks, int64_t opposite_ticks)
{
    return side == SIDE_BUY ? opposite_ticks <= price_ticks : opposite_ticks >= price_ticks;
}

/* An order of ours (now also) stands at a price. */
static inline void own_book_add(struct own_book *own, const struct order *order,
                                int64_t price_ticks)
{
    int64_t *best = &own->best_ticks[order->side][order->instrument];

    if (*best == 0 || !price_meets((enum side)order->side, *best, price_ticks))
        *best = price_ticks;
}

static inline bool own_book_meets(const struct own_book *own, uint16_t instrument, enum side side,
                                  int64_t price_ticks)
{
    int64_t opposite = own->best_ticks[side == SIDE_BUY ? SIDE_SELL : SIDE_BUY][instrument];

    return opposite != 0 && price_meets(side, price_ticks, opposite);
}

/* An order that stood at `price_ticks` has left it: it is no longer live, or has moved. */
void own_book_remove(struct own_book *own, struct order_pool *pool, const struct order *order,
                     int64_t price_ticks);

#endif
