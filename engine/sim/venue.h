/* Inside the simulated venue: what sim.c (time, messages) and matching.c (orders against the
 * market) share. Nobody else includes it.
 *
 * Messages to the venue and reports from it are two first-in-first-out queues, as a connection is:
 * latency and jitter delay a message, they never let one overtake another. Live orders are in a
 * fixed pool, found by id through a small hash, and listed per instrument in the order in which
 * they arrived. */
#ifndef PITWALL_SIM_VENUE_H
#define PITWALL_SIM_VENUE_H

#include "sim/sim.h"

enum {
    SIM_INBOUND_MAX = 8192,
    SIM_OUTBOUND_MAX = 16384,
    SIM_TAKE_LEVELS_MAX = 256,  /* levels that one order can take */
    SIM_OUTBOUND_RESERVE = 512, /* reports that one message can cause, and to spare */
    SIM_CONSUMED_MAX = 64,      /* levels per instrument that we took from since their update */
    SIM_BUCKETS = 4096,
};

#define SIM_NONE UINT32_MAX
#define SIM_QUEUE_UNKNOWN INT64_MAX /* joined while the book was stale */

struct sim_order {
    struct order_message message;
    int64_t leaves_lots;
    int64_t queue_lots;      /* displayed size ahead of it at its price */
    uint32_t next, previous; /* of its instrument, by arrival */
    uint32_t next_in_bucket; /* also the link of the free list */
};

struct sim_consumed {
    int64_t price_ticks, lots;
    uint8_t side;
};

struct sim_market {
    struct book *book;
    bool ended;
    uint32_t first, last;
    uint32_t consumed_count;
    struct sim_consumed consumed[SIM_CONSUMED_MAX];
};

struct sim_inbound {
    int64_t due_ns;
    struct order_message message;
};

struct sim_outbound {
    int64_t due_ns;
    struct execution execution;
};

struct sim {
    struct sim_config config;
    sim_report_fn report;
    void *ctx;
    uint64_t random;
    uint64_t execs;
    uint32_t free, resting;
    uint64_t in_head, in_tail, out_head, out_tail; /* free-running */
    int64_t in_due_ns, out_due_ns;                 /* of the newest: the next is not earlier */
    struct sim_market markets[MAX_INSTRUMENTS];
    uint32_t buckets[SIM_BUCKETS];
    struct sim_order orders[SIM_ORDERS_MAX];
    struct sim_inbound inbound[SIM_INBOUND_MAX];
    struct sim_outbound outbound[SIM_OUTBOUND_MAX];
};

/* sim.c */
bool sim_can_report(const struct sim *sim);
void sim_report(struct sim *sim, const struct order_message *message, enum report report,
                int64_t venue_ns);
/* Reports a fill of at most the leaves, at a price, and takes a finished order off the books. */
void sim_fill(struct sim *sim, struct sim_order *order, int64_t price_ticks, int64_t lots,
              bool maker, int64_t venue_ns);
/* NULL when the pool is empty. Adds it at the end of its instrument's list. */
struct sim_order *sim_order_add(struct sim *sim, const struct order_message *message);
void sim_order_remove(struct sim *sim, struct sim_order *order);
struct sim_order *sim_order_find(struct sim *sim, uint64_t order_id);

/* matching.c */
void sim_arrive_new(struct sim *sim, const struct order_message *message, int64_t venue_ns);
void sim_match_update(struct sim *sim, const struct market_update *update, int64_t venue_ns);
/* Cancels what rests after the end of the market, as far as reports fit. */
void sim_close_market(struct sim *sim, struct sim_market *market, int64_t venue_ns);

#endif
