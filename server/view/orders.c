#include "view/orders.h"

#include <string.h>

/* Of the first order; as many as are listed may come to stand before it. */
#define FIRST_PLACE (1ULL << 32)

static uint32_t home_of(uint64_t id)
{
    return (uint32_t)((id * 0x9e3779b97f4a7c15ULL) >> 50);
}

_Static_assert(ORDER_INDEX == 1 << 14, "home_of keeps 14 bits");

static uint32_t next_place(uint32_t place)
{
    return (place + 1) % ORDER_INDEX;
}

void view_orders_init(struct view_orders *orders)
{
    memset(orders, 0, sizeof *orders);
    memset(orders->index, 0xff, sizeof orders->index);
    orders->newest = orders->oldest = NO_ORDER;
}

static uint32_t place_of(const struct view_orders *orders, uint64_t id)
{
    uint32_t place = home_of(id);

    while (orders->index[place] != NO_ORDER && orders->slots[orders->index[place]].id != id)
        place = next_place(place);
    return place;
}

struct view_order *view_orders_find(struct view_orders *orders, uint64_t id)
{
    uint16_t slot = orders->index[place_of(orders, id)];

    return slot == NO_ORDER ? NULL : &orders->slots[slot];
}

/* Closes the hole: whoever was pushed past it by a collision moves back. */
static void index_remove(struct view_orders *orders, uint64_t id)
{
    uint32_t hole = place_of(orders, id);

    for (uint32_t place = next_place(hole); orders->index[place] != NO_ORDER;
         place = next_place(place)) {
        uint32_t home = home_of(orders->slots[orders->index[place]].id);

        if ((place - home) % ORDER_INDEX >= (place - hole) % ORDER_INDEX) {
            orders->index[hole] = orders->index[place];
            hole = place;
        }
    }
    orders->index[hole] = NO_ORDER;
}

static void unlink_slot(struct view_orders *orders, const struct view_order *order)
{
    if (order->newer == NO_ORDER)
        orders->newest = order->older;
    else
        orders->slots[order->newer].older = order->older;
    if (order->older == NO_ORDER)
        orders->oldest = order->newer;
    else
        orders->slots[order->older].newer = order->newer;
}

static uint16_t take_slot(struct view_orders *orders)
{
    uint16_t slot = orders->oldest;

    if (orders->count < KEPT_ORDERS)
        return (uint16_t)orders->count++;
    while (view_order_is_live(&orders->slots[slot])) {
        slot = orders->slots[slot].newer;
        assert(slot != NO_ORDER); /* MAX_LIVE_ORDERS < KEPT_ORDERS */
    }
    index_remove(orders, orders->slots[slot].id);
    unlink_slot(orders, &orders->slots[slot]);
    return slot;
}

_Static_assert((int)MAX_LIVE_ORDERS < (int)KEPT_ORDERS, "a finished order can always make room");

/* Links an empty slot behind the one that is next older. NO_ORDER: as the oldest. */
static struct view_order *put_slot(struct view_orders *orders, uint16_t slot, uint64_t id,
                                   uint16_t older)
{
    struct view_order *order = &orders->slots[slot];
    uint16_t newer = older == NO_ORDER ? orders->oldest : orders->slots[older].newer;

    *order = (struct view_order){.id = id, .newer = newer, .older = older};
    if (older != NO_ORDER)
        orders->slots[older].newer = slot;
    else
        orders->oldest = slot;
    if (newer != NO_ORDER)
        orders->slots[newer].older = slot;
    else
        orders->newest = slot;
    order->place = older != NO_ORDER   ? orders->slots[older].place + 1
                   : newer != NO_ORDER ? orders->slots[newer].place - 1
                                       : FIRST_PLACE;
    return order;
}

static struct view_order *add_behind(struct view_orders *orders, uint64_t id, uint16_t slot,
                                     uint16_t older)
{
    struct view_order *order = put_slot(orders, slot, id, older);

    orders->index[place_of(orders, id)] = slot;
    return order;
}

struct view_order *view_orders_add(struct view_orders *orders, uint64_t id)
{
    uint16_t slot;

    assert(!view_orders_find(orders, id));
    slot = take_slot(orders);
    return add_behind(orders, id, slot, orders->newest);
}

struct view_order *view_orders_add_oldest(struct view_orders *orders, uint64_t id)
{
    uint16_t slot;

    assert(!view_orders_find(orders, id));
    slot = take_slot(orders);
    return add_behind(orders, id, slot, NO_ORDER);
}

/* Those that it comes to stand before make room by one place each, down to the oldest. */
struct view_order *view_orders_add_aged(struct view_orders *orders, uint64_t id, int64_t sent_ns)
{
    uint16_t slot, older = NO_ORDER;

    assert(!view_orders_find(orders, id));
    slot = take_slot(orders);
    for (uint16_t at = orders->oldest; at != NO_ORDER && orders->slots[at].sent_ns <= sent_ns;
         at = orders->slots[at].newer)
        older = at;
    for (uint16_t at = older == orders->newest ? NO_ORDER : older; at != NO_ORDER;
         at = orders->slots[at].older)
        orders->slots[at].place--;
    return add_behind(orders, id, slot, older);
}

struct view_order *view_orders_renew(struct view_orders *orders, struct view_order *order)
{
    unlink_slot(orders, order);
    return put_slot(orders, (uint16_t)(order - orders->slots), order->id, orders->newest);
}

static struct view_order *slot_at(struct view_orders *orders, uint16_t slot)
{
    return slot == NO_ORDER ? NULL : &orders->slots[slot];
}

struct view_order *view_orders_newest(struct view_orders *orders)
{
    return slot_at(orders, orders->newest);
}

struct view_order *view_orders_older(struct view_orders *orders, const struct view_order *order)
{
    return slot_at(orders, order->older);
}
