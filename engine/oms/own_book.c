#include "oms/own_book.h"

void own_book_remove(struct own_book *own, struct order_pool *pool, const struct order *order,
                     int64_t price_ticks)
{
    int64_t *best = &own->best_ticks[order->side][order->instrument];

    if (price_ticks == 0 || *best != price_ticks)
        return;
    *best = 0;
    for (uint32_t strategy = 0; strategy < MAX_STRATEGIES; strategy++)
        for (struct order *other = order_cell_first(pool, (uint16_t)strategy, order->instrument);
             other; other = order_cell_next(pool, other)) {
            if (other->side != order->side)
                continue;
            own_book_add(own, other, other->price_ticks);
            if (other->amend_qty_lots != 0)
                own_book_add(own, other, other->amend_price_ticks);
        }
}
