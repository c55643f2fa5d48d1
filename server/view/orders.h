/* The newest orders, in a fixed table: found by id, listed newest first.
 *
 * A slot is taken from the oldest finished order when all are in use, so an order that still works
 * is never forgotten (the engine has fewer live ones than there are slots). Ids are found by open
 * addressing; the list by age is linked through the slots. Numbers of sending begin anew with each
 * run, so pages go by the place in the list. Under the view's lock. */
#ifndef PITWALL_VIEW_ORDERS_H
#define PITWALL_VIEW_ORDERS_H

#include "engine.h"

enum { KEPT_ORDERS = 4096, ORDER_INDEX = 16384, NO_ORDER = 0xffff };

/* A verdict, and its limits as they were when it was given. */
struct view_verdict {
    struct verdict verdict;
    struct check limit[LIMIT_COUNT];
};

struct view_order {
    uint64_t id, seq;
    int64_t price_ticks, qty_lots, filled_lots, leaves_lots, average_e8_ticks;
    int64_t amend_qty_lots;    /* asked for and not answered yet; 0: none */
    int64_t sent_ns, acked_ns; /* acked 0: not yet */
    int64_t unknown_ns;        /* since when its fate is unknown, while it is */
    uint64_t place;            /* rises from the oldest to the newest; never 0 */
    uint16_t instrument, strategy;
    uint8_t side, type, tif, flags, state, reason;
    bool is_earlier;   /* of an earlier run, and the engine of this one does not hold it */
    bool is_explained; /* `why` is what the gate answered */
    uint16_t newer, older;
    char actor[MAX_NAME];
    struct view_verdict why;
};

struct view_orders {
    uint32_t count;
    uint16_t newest, oldest;
    uint16_t index[ORDER_INDEX]; /* slot, or NO_ORDER */
    struct view_order slots[KEPT_ORDERS];
};

void view_orders_init(struct view_orders *orders);
/* A fresh slot for `id`, newest of all; everything but id and links is zero. */
struct view_order *view_orders_add(struct view_orders *orders, uint64_t id);
/* The same where it belongs by age: the one that is older than all, and one among those that are
 * listed, by when it was sent. A walk over those that are older. */
struct view_order *view_orders_add_oldest(struct view_orders *orders, uint64_t id);
struct view_order *view_orders_add_aged(struct view_orders *orders, uint64_t id, int64_t sent_ns);
/* Empties its slot, as if the order were added now. */
struct view_order *view_orders_renew(struct view_orders *orders, struct view_order *order);
struct view_order *view_orders_find(struct view_orders *orders, uint64_t id); /* NULL: unknown */
/* Newest first: the first, and the one after. NULL: no more. */
struct view_order *view_orders_newest(struct view_orders *orders);
struct view_order *view_orders_older(struct view_orders *orders, const struct view_order *order);
/* Not finished, and the engine holds it. */
static inline bool view_order_is_live(const struct view_order *order)
{
    return !order->is_earlier && !order_state_is_terminal((enum order_state)order->state);
}

#endif
