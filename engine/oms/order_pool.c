#include "oms/order_pool.h"

#include "base/assert.h"

static uint32_t home_of(uint64_t id)
{
    return (uint32_t)((id * 0x9E3779B97F4A7C15ULL) >> 40) & (ORDER_INDEX_SLOTS - 1);
}

void order_pool_init(struct order_pool *pool)
{
    pool->live_count = 0;
    pool->free_head = 0;
    pool->free_count = MAX_ORDERS;
    for (uint32_t at = 0; at < MAX_ORDERS; at++) {
        pool->free[at] = at;
        pool->order[at] = (struct order){0};
    }
    for (uint32_t at = 0; at < ORDER_INDEX_SLOTS; at++)
        pool->index[at] = NO_ORDER;
    for (uint32_t at = 0; at < MAX_STRATEGIES * MAX_INSTRUMENTS; at++)
        pool->cell_first[at / MAX_STRATEGIES][at % MAX_STRATEGIES] = NO_ORDER;
}

/* The slot that holds the id, or the empty one where it would go. */
static uint32_t slot_of(const struct order_pool *pool, uint64_t id)
{
    uint32_t slot = home_of(id);

    while (pool->index[slot] != NO_ORDER && pool->order[pool->index[slot]].id != id)
        slot = (slot + 1) & (ORDER_INDEX_SLOTS - 1);
    return slot;
}

/* Empties a slot and moves later members of its run back, so that no run is ever broken. */
static void forget(struct order_pool *pool, uint64_t id)
{
    uint32_t hole = slot_of(pool, id);
    uint32_t slot = hole;

    assert(pool->index[hole] != NO_ORDER);
    for (;;) {
        uint32_t home;

        slot = (slot + 1) & (ORDER_INDEX_SLOTS - 1);
        if (pool->index[slot] == NO_ORDER)
            break;
        home = home_of(pool->order[pool->index[slot]].id);
        if (((slot - home) & (ORDER_INDEX_SLOTS - 1)) < ((slot - hole) & (ORDER_INDEX_SLOTS - 1)))
            continue;
        pool->index[hole] = pool->index[slot];
        hole = slot;
    }
    pool->index[hole] = NO_ORDER;
}

static void cell_link(struct order_pool *pool, struct order *order, uint32_t place)
{
    uint32_t *first = &pool->cell_first[order->instrument][order->strategy];

    order->cell_prev = NO_ORDER;
    order->cell_next = *first;
    if (*first != NO_ORDER)
        pool->order[*first].cell_prev = place;
    *first = place;
}

static void cell_unlink(struct order_pool *pool, struct order *order)
{
    if (order->cell_prev != NO_ORDER)
        pool->order[order->cell_prev].cell_next = order->cell_next;
    else
        pool->cell_first[order->instrument][order->strategy] = order->cell_next;
    if (order->cell_next != NO_ORDER)
        pool->order[order->cell_next].cell_prev = order->cell_prev;
}

/* The place of the next order has not been touched for thousands of orders. */
static void fetch(const struct order *order)
{
    const char *bytes = (const char *)order;

    for (size_t at = 0; at < sizeof *order; at += 64)
        __builtin_prefetch(bytes + at, 1);
}

struct order *order_take(struct order_pool *pool, uint64_t id, uint16_t strategy,
                         uint16_t instrument)
{
    struct order *order;
    uint32_t place;

    if (pool->live_count == MAX_LIVE_ORDERS)
        return NULL;
    assert(id != 0 && pool->free_count > 0);
    place = pool->free[pool->free_head];
    pool->free_head = (pool->free_head + 1) % MAX_ORDERS;
    pool->free_count--;
    order = &pool->order[place];
    if (order->id != 0)
        forget(pool, order->id);
    *order = (struct order){.strategy = strategy, .instrument = instrument};
    order->id = id;
    pool->index[slot_of(pool, id)] = place;
    order->live_at = pool->live_count;
    pool->live[pool->live_count++] = place;
    cell_link(pool, order, place);
    fetch(&pool->order[pool->free[pool->free_head]]);
    return order;
}

void order_finish(struct order_pool *pool, struct order *order)
{
    uint32_t place = (uint32_t)(order - pool->order);
    uint32_t last = pool->live[pool->live_count - 1];

    assert(pool->live[order->live_at] == place);
    pool->live[order->live_at] = last;
    pool->order[last].live_at = order->live_at;
    pool->live_count--;
    cell_unlink(pool, order);
    pool->free[(pool->free_head + pool->free_count) % MAX_ORDERS] = place;
    pool->free_count++;
}

void order_move(struct order_pool *pool, struct order *order, uint16_t strategy,
                uint16_t instrument)
{
    cell_unlink(pool, order);
    order->strategy = strategy;
    order->instrument = instrument;
    cell_link(pool, order, (uint32_t)(order - pool->order));
}

struct order *order_find(struct order_pool *pool, uint64_t id)
{
    uint32_t place = id == 0 ? NO_ORDER : pool->index[slot_of(pool, id)];

    return place == NO_ORDER ? NULL : &pool->order[place];
}

static struct order *at_place(struct order_pool *pool, uint32_t place)
{
    return place == NO_ORDER ? NULL : &pool->order[place];
}

struct order *order_cell_first(struct order_pool *pool, uint16_t strategy, uint16_t instrument)
{
    return at_place(pool, pool->cell_first[instrument][strategy]);
}

struct order *order_cell_next(struct order_pool *pool, const struct order *order)
{
    return at_place(pool, order->cell_next);
}
