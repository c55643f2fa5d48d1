/* Orders: a fixed pool, found by id, listed by strategy and instrument.
 *
 * A finished order stays readable until its place is needed again, oldest first, so that a late
 * report still finds it. Live orders are in a dense array (for kills and timers) and in a list per
 * strategy and instrument (for what a strategy sees). Engine thread; every operation costs a few
 * ns; nothing grows: order_take answers NULL when MAX_LIVE_ORDERS are live. */
#ifndef PITWALL_OMS_ORDER_POOL_H
#define PITWALL_OMS_ORDER_POOL_H

#include "domain/order.h"

enum { ORDER_INDEX_SLOTS = 4 * MAX_ORDERS };
#define NO_ORDER UINT32_MAX

struct order_pool {
    uint32_t live_count;
    uint32_t free_head, free_count; /* free places, a queue: the oldest is taken first */
    uint32_t live[MAX_LIVE_ORDERS];
    uint32_t cell_first[MAX_INSTRUMENTS][MAX_STRATEGIES];
    uint32_t free[MAX_ORDERS];
    uint32_t index[ORDER_INDEX_SLOTS]; /* by id: open addressing, backward-shift delete */
    struct order order[MAX_ORDERS];
};

void order_pool_init(struct order_pool *pool);

/* A live order with id, strategy and instrument set and all else zero; NULL when too many live. */
struct order *order_take(struct order_pool *pool, uint64_t id, uint16_t strategy,
                         uint16_t instrument);

/* It has finished: no longer live, still found by id for a while. */
void order_finish(struct order_pool *pool, struct order *order);

/* A live order is another strategy's, in another instrument: their numbers have changed. */
void order_move(struct order_pool *pool, struct order *order, uint16_t strategy,
                uint16_t instrument);

/* NULL when it is not (or no longer) known. */
struct order *order_find(struct order_pool *pool, uint64_t id);

/* A walk over the live orders of one strategy in one instrument, oldest last. */
struct order *order_cell_first(struct order_pool *pool, uint16_t strategy, uint16_t instrument);
struct order *order_cell_next(struct order_pool *pool, const struct order *order);

#endif
