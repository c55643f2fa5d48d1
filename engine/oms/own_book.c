#include "oms/own_book.h"

/* The best of one strategy's orders on that side; true when it is as good as can be. */
static bool add_cell(struct own_book *own, struct order_pool *pool, const struct order *order,
                     uint16_t strategy, int64_t as_good_ticks)
{
    const int64_t *best = &own->best_ticks[order->side][order->instrument];

    for (struct order *other = order_cell_first(pool, strategy, order->instrument);
         other && *best != as_good_ticks; other = order_cell_next(pool, other)) {
        if (other->side != order->side)
            continue;
        own_book_add(own, other, other->price_ticks);
        if (other->amend_qty_lots != 0)
            own_book_add(own, other, other->amend_price_ticks);
    }
    return *best == as_good_ticks;
}

/* Nothing is better than what was the best, so the search ends with the first that equals it. */
void own_book_remove(struct own_book *own, struct order_pool *pool, const struct order *order,
                     int64_t price_ticks)
{
    int64_t *best = &own->best_ticks[order->side][order->instrument];

    if (price_ticks == 0 || *best != price_ticks)
        return;
    *best = 0;
    for (unsigned strategy = 0; strategy < MAX_STRATEGIES; strategy++)
        if (add_cell(own, pool, order, (uint16_t)strategy, price_ticks))
            return;
}
