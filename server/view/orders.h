/* The newest orders, in a fixed table: found by id, listed newest first.
 *
 * A slot is taken from the oldest finished order when all are in use, so an order that still works
 * is never forgotten (the engine has fewer live ones than there are slots). Ids are found by open
 * addressing; the list by age is linked through the slots. Under the view's lock. */
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
    uint16_t instrument, strategy;
    uint8_t side, type, tif, flags, state, reason;
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
struct view_order *view_orders_find(struct view_orders *orders, uint64_t id); /* NULL: unknown */
/* Newest first: the first, and the one after. NULL: no more. */
struct view_order *view_orders_newest(struct view_orders *orders);
struct view_order *view_orders_older(struct view_orders *orders, const struct view_order *order);

#endif
