/* Orders and fills of the simulated venue.
 *
 * Places for orders are reused first in, first out, and an order that has ended keeps its place
 * and its entry in the hash until then: with twice as many places as orders can live, at least
 * SIM_ORDERS_MAX ended ones are remembered. Fills are numbered from 1 and kept in a ring; each
 * knows the one before it of the same order. */
#include "sim/venue.h"

#include "base/assert.h"

void sim_pool_init(struct sim *sim)
{
    for (uint32_t at = 0; at < SIM_BUCKETS; at++)
        sim->buckets[at] = SIM_NONE;
    for (uint32_t at = 0; at < SIM_POOL; at++)
        sim->orders[at].next = at + 1 < SIM_POOL ? at + 1 : SIM_NONE;
    sim->free_first = 0;
    sim->free_last = SIM_POOL - 1;
}

static uint32_t *bucket_of(struct sim *sim, uint64_t order_id)
{
    return &sim->buckets[order_id % SIM_BUCKETS];
}

struct sim_order *sim_order_known(struct sim *sim, uint64_t order_id)
{
    uint32_t at = *bucket_of(sim, order_id);

    while (at != SIM_NONE && sim->orders[at].message.order_id != order_id)
        at = sim->orders[at].next_in_bucket;
    return at == SIM_NONE ? NULL : &sim->orders[at];
}

struct sim_order *sim_order_find(struct sim *sim, uint64_t order_id)
{
    struct sim_order *order = sim_order_known(sim, order_id);

    return order && order->ended == 0 ? order : NULL;
}

static void forget(struct sim *sim, uint32_t at)
{
    uint32_t *link = bucket_of(sim, sim->orders[at].message.order_id);

    while (*link != at)
        link = &sim->orders[*link].next_in_bucket;
    *link = sim->orders[at].next_in_bucket;
}

/* Forgets the order that ended longest ago. There always is one: fewer live than half the places.
 * */
static struct sim_order *take_place(struct sim *sim, const struct order_message *message)
{
    uint32_t at = sim->free_first;
    uint32_t *bucket = bucket_of(sim, message->order_id);

    assert(at != SIM_NONE && sim->orders[at].next != SIM_NONE);
    sim->free_first = sim->orders[at].next;
    if (sim->orders[at].ended != 0)
        forget(sim, at);
    sim->orders[at] = (struct sim_order){
        .message = *message, .leaves_lots = message->qty_lots, .next_in_bucket = *bucket};
    *bucket = at;
    return &sim->orders[at];
}

static void give_place(struct sim *sim, struct sim_order *order, enum report report)
{
    uint32_t at = (uint32_t)(order - sim->orders);

    order->ended = (uint8_t)report;
    order->next = SIM_NONE;
    sim->orders[sim->free_last].next = at;
    sim->free_last = at;
}

static void link_last(struct sim *sim, struct sim_order *order)
{
    struct sim_market *market = &sim->markets[order->message.instrument];
    uint32_t at = (uint32_t)(order - sim->orders);

    order->next = SIM_NONE;
    order->previous = market->last;
    if (market->last != SIM_NONE)
        sim->orders[market->last].next = at;
    else
        market->first = at;
    market->last = at;
}

static void unlink_from_market(struct sim *sim, const struct sim_order *order)
{
    struct sim_market *market = &sim->markets[order->message.instrument];

    if (order->previous != SIM_NONE)
        sim->orders[order->previous].next = order->next;
    else
        market->first = order->next;
    if (order->next != SIM_NONE)
        sim->orders[order->next].previous = order->previous;
    else
        market->last = order->previous;
}

struct sim_order *sim_order_add(struct sim *sim, const struct order_message *message)
{
    struct sim_order *order;

    if (sim->resting == SIM_ORDERS_MAX)
        return NULL;
    order = take_place(sim, message);
    link_last(sim, order);
    sim->resting++;
    return order;
}

void sim_order_remember(struct sim *sim, const struct order_message *message, enum report report)
{
    give_place(sim, take_place(sim, message), report);
}

void sim_order_end(struct sim *sim, struct sim_order *order, enum report report)
{
    assert(order->ended == 0);
    if (sim->config.l3)
        sim_l3_leave(sim, order);
    unlink_from_market(sim, order);
    give_place(sim, order, report);
    sim->resting--;
}

void sim_order_requeue(struct sim *sim, struct sim_order *order)
{
    assert(order->ended == 0);
    unlink_from_market(sim, order);
    link_last(sim, order);
}

static bool is_remembered(const struct sim *sim, uint64_t fill)
{
    return fill + SIM_FILLS_MAX > sim->fill_count;
}

uint32_t sim_order_fills(const struct sim *sim, const struct sim_order *order,
                         const struct sim_fill *fills[SIM_REPEAT_MAX], bool *whole)
{
    uint64_t number = order->last_fill;
    uint32_t count = 0;

    while (number != 0 && is_remembered(sim, number) && count < SIM_REPEAT_MAX) {
        fills[count] = &sim->fills[number % SIM_FILLS_MAX];
        number = fills[count++]->previous;
    }
    *whole = number == 0 || is_remembered(sim, number);
    for (uint32_t at = 0; at < count / 2; at++) {
        const struct sim_fill *other = fills[at];

        fills[at] = fills[count - 1 - at];
        fills[count - 1 - at] = other;
    }
    return count;
}
