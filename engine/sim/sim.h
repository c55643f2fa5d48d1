/* A simulated venue: our orders matched against a recorded or synthetic market.
 *
 * It keeps its own copy of each book, fed with the same updates that the engine gets. An order
 * arrives after the order latency, is acknowledged after the ack latency (both with seeded
 * jitter). Taking: it walks the opposite levels at its limit, remembers what it has consumed at a
 * level until the market updates that level, and pays the taker fee. Resting: it joins the queue
 * behind the displayed size; trades at its price consume the queue first, a level that shrinks
 * below the queue shortens it, a trade or touch through its price fills it; maker fee. Post-only
 * that would take is cancelled; IOC and FOK end with VENUE_EXPIRE for what is left. An order that
 * could meet one of our own is cancelled whole. A stale book trades with nobody; the end of the
 * market cancels what rests and refuses what comes.
 *
 * Pure and deterministic: time comes in with each call, jitter from the seed. Owner: the gateway
 * thread that hosts it. Fixed pools; an order beyond them is answered with VENUE_REJECT. */
#ifndef PITWALL_SIM_SIM_H
#define PITWALL_SIM_SIM_H

#include "book/book.h"
#include "domain/instrument.h"
#include "domain/order.h"

enum { SIM_ORDERS_MAX = 4096 };

struct sim;

struct sim_config {
    uint64_t seed;
    int64_t order_latency_ns, ack_latency_ns, jitter_ns; /* jitter: uniform 0..jitter_ns */
    uint16_t instruments;
    const struct instrument *instrument_rows; /* borrowed, outlives the sim */
};

/* Called for each report, in time order, with ctx, from within sim_advance() only. False: no room
 * at the receiver; the report stays first in the queue and is tried again at the next advance. */
typedef bool (*sim_report_fn)(void *ctx, const struct execution *execution);

size_t sim_size(const struct sim_config *config);
void sim_init(struct sim *sim, const struct sim_config *config, sim_report_fn report, void *ctx);

/* A market update, in the order in which the engine gets it. */
void sim_market(struct sim *sim, const struct market_update *update, int64_t now_ns);
/* A message of ours has left the gateway at now_ns. */
void sim_order(struct sim *sim, const struct order_message *message, int64_t now_ns);
/* Lets everything due up to now_ns happen. */
void sim_advance(struct sim *sim, int64_t now_ns);
/* When the next thing is due; INT64_MAX when nothing is. */
int64_t sim_next_ns(const struct sim *sim);
/* False while one of its queues is nearly full: hold orders back, and advance. */
bool sim_has_room(const struct sim *sim);
/* Orders resting at the venue. */
uint32_t sim_resting(const struct sim *sim);

#endif
