/* The background accounts of the synthetic market of orders: what a walk (walk.h) shows, makers
 * keep in the book and takers trade, with orders that others can meet. Private to this folder.
 *
 * A level that should be larger gets an order of one of the makers, chosen by chance, at the end of
 * its queue; one that should be smaller loses their newest orders. A trade of the walk is an
 * immediate-or-cancel order of a taker at that price: whoever is first there sells or buys, maker
 * or
 * not. What they did not get because another was first, the makers put right with the next change
 * of the level. */
#ifndef PITWALL_GATEWAY_SYNTHETIC_FLOW_H
#define PITWALL_GATEWAY_SYNTHETIC_FLOW_H

#include "gateway/synthetic/walk.h"

enum { FLOW_ORDERS_MAX = 4096, FLOW_MAKERS = 8, FLOW_TAKERS = 8 };

struct flow_order {
    uint64_t id;
    uint32_t price_ticks;
    uint16_t account;
    uint8_t side;
};

struct flow {
    struct l3 *l3;
    uint16_t instrument;
    uint64_t random;
    uint64_t ids;
    uint32_t count;
    struct flow_order orders[FLOW_ORDERS_MAX]; /* oldest first; some may be gone already */
};

void flow_init(struct flow *flow, struct l3 *l3, uint16_t instrument, uint64_t seed);
/* Fills the empty exchange with the book of the walk. */
void flow_open(struct flow *flow, const struct walk *walk);
/* Does what a step of the walk shows. */
void flow_follow(struct flow *flow, const struct walk_news *news);

#endif
