/* Inside the simulated venue: what its parts share. Nobody else includes it.
 *
 *   sim.c       time and the two ways: messages in, reports out
 *   requests.c  what arrives: refusals, cancel, amend, query
 *   matching.c  orders against the market
 *   reports.c   what it says: fills and fees, what is lost, delayed or said twice
 *   pool.c      orders and fills, live and remembered
 *   on_l3.c     orders among others' orders, instead of that
 *   account.c   positions, funding, foreign orders, what befalls the whole venue
 *   data.c      market data on its way to the engine
 *
 * Messages to the venue and reports from it are two first-in-first-out queues, as a connection is:
 * latency and jitter delay a message, they never let one overtake another; only a fault can set one
 * aside. Orders are in a fixed pool, found by id through a small hash; live ones are listed per
 * instrument in the order in which they arrived, ended ones stay until their place is reused. */
#ifndef PITWALL_SIM_VENUE_H
#define PITWALL_SIM_VENUE_H

#include "base/ring.h"
#include "sim/random.h"
#include "sim/sim.h"

enum {
    SIM_INBOUND_MAX = 8192,
    SIM_OUTBOUND_MAX = 16384,
    SIM_TAKE_LEVELS_MAX = 256,   /* levels that one order can take */
    SIM_OUTBOUND_RESERVE = 1024, /* reports that one message can cause, and to spare */
    SIM_CONSUMED_MAX = 64,       /* levels per instrument that we took from since their update */
    SIM_POOL = 2 * SIM_ORDERS_MAX,
    SIM_BUCKETS = 8192,
    SIM_DATA_BYTES = 4 << 20,
    SIM_DATA_RESERVE = 1 << 20, /* what one update can put on the way, and to spare */
};

#define SIM_NONE UINT32_MAX
#define SIM_QUEUE_UNKNOWN INT64_MAX /* joined while the book was stale */

struct sim_order {
    struct order_message message; /* price and total as they now stand */
    int64_t leaves_lots;
    int64_t queue_lots;      /* ahead of it at its price */
    int64_t shown_lots;      /* of its level, when last looked at */
    int64_t traded_lots;     /* at its price since then */
    uint64_t last_fill;      /* number of its newest fill; 0: none */
    uint32_t next, previous; /* live: of its instrument, by arrival; ended: next to be reused */
    uint32_t next_in_bucket;
    uint8_t ended; /* 0: live; else the report that ended it */
};

struct sim_fill {
    struct execution execution;
    uint64_t previous; /* of the same order; 0: none */
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
    int64_t silent_until_ns; /* its book is not told to the engine */
    int64_t resync_ns;       /* when a snapshot follows; 0: none is wanted */
};

struct sim_account {
    int64_t lots, told_lots;
    bool traded;
};

struct sim_refusal {
    int64_t until_ns, code;
};

struct sim_inbound {
    int64_t due_ns;
    const struct fault_rule *fault; /* what happens to it on arrival; NULL: nothing */
    struct order_message message;
};

struct sim_outbound {
    int64_t due_ns, code;
    uint8_t status;
    bool in_ledger;
    struct execution execution;
};

/* One way to the engine, first in first out; `held` is the one update that a fault set aside. */
struct sim_data {
    struct ring line;
    int64_t newest_due_ns, first_due_ns; /* first: INT64_MAX when the line is empty */
    bool held;
    int64_t held_due_ns;
    struct market_update *aside, *built; /* buffers for the largest update */
};

struct sim {
    struct sim_config config;
    sim_report_fn report;
    void *ctx;
    uint64_t random, chance; /* of latencies; of queues and adverse fills */
    struct faults faults;
    const struct fault_rule *fault; /* of the request being obeyed */
    int64_t refusal_code;           /* of the request being refused at the door; 0: none is */
    struct sim_refusal limited, banned, closed;
    uint64_t execs, foreign;
    uint32_t free_first, free_last, resting;
    uint64_t in_head, in_tail, out_head, out_tail; /* free-running */
    int64_t in_due_ns, out_due_ns;                 /* of the newest: the next is not earlier */
    int64_t l3_ns;                                 /* when what happens on the exchange happens */
    bool l3_speaks; /* it is telling of an order of ours, and must not be asked */
    int64_t position_due_ns, funding_due_ns; /* 0: not yet known */
    uint64_t position_rounds;
    uint64_t fill_count;
    struct sim_account accounts[MAX_INSTRUMENTS];
    struct sim_market markets[MAX_INSTRUMENTS];
    struct sim_data data;
    uint32_t buckets[SIM_BUCKETS];
    struct sim_order orders[SIM_POOL];
    struct sim_fill fills[SIM_FILLS_MAX];
    struct sim_inbound inbound[SIM_INBOUND_MAX];
    struct sim_outbound outbound[SIM_OUTBOUND_MAX];
};

/* sim.c: when something that starts now and takes so long is due, behind what is on the same way */
int64_t sim_due_ns(struct sim *sim, int64_t now_ns, int64_t latency_ns, int64_t newest_ns);

/* reports.c */
bool sim_can_report(const struct sim *sim);
void sim_report(struct sim *sim, const struct order_message *message, enum report report,
                int64_t venue_ns);
/* The same with the order's price and total, in answer to the amend, or the query, of that number.
 * */
void sim_report_as_it_stands(struct sim *sim, const struct sim_order *order, enum report report,
                             uint32_t amend_no, int64_t venue_ns);
/* About no order, or a foreign one. */
void sim_report_news(struct sim *sim, const struct execution *execution);
/* Reports a fill of at most the leaves, at a price; a finished order is ended. */
void sim_fill(struct sim *sim, struct sim_order *order, int64_t price_ticks, int64_t lots,
              bool maker, int64_t venue_ns);
/* The same, told as the rule says. */
void sim_fill_as(struct sim *sim, struct sim_order *order, int64_t price_ticks, int64_t lots,
                 bool maker, int64_t venue_ns, const struct fault_rule *fault);
/* Tells the order's fills again. */
void sim_repeat_fills(struct sim *sim, const struct sim_order *order, int64_t venue_ns);
void sim_ledger(struct sim *sim, const struct sim_entry *entry);

/* pool.c */
void sim_pool_init(struct sim *sim);
/* NULL when SIM_ORDERS_MAX are live. Adds it at the end of its instrument's list. */
struct sim_order *sim_order_add(struct sim *sim, const struct order_message *message);
/* Remembers an order that never lived. */
void sim_order_remember(struct sim *sim, const struct order_message *message, enum report report);
void sim_order_end(struct sim *sim, struct sim_order *order, enum report report);
/* To the end of its instrument's list. */
void sim_order_requeue(struct sim *sim, struct sim_order *order);
struct sim_order *sim_order_find(struct sim *sim, uint64_t order_id); /* a live one */
struct sim_order *sim_order_known(struct sim *sim, uint64_t order_id);
/* The newest fills of the order, oldest of them first; returns how many. `whole` is false when an
 * older one is forgotten. */
uint32_t sim_order_fills(const struct sim *sim, const struct sim_order *order,
                         const struct sim_fill *fills[SIM_REPEAT_MAX], bool *whole);

/* requests.c */
void sim_arrive(struct sim *sim, const struct sim_inbound *in);

/* matching.c */
void sim_arrive_new(struct sim *sim, const struct order_message *message, int64_t venue_ns);
/* An order whose price or size has changed: refused (false) or matched and put to rest. */
bool sim_amend(struct sim *sim, struct sim_order *order, const struct order_message *message,
               int64_t venue_ns);
void sim_rest(const struct sim_market *market, struct sim_order *order);
void sim_match_update(struct sim *sim, const struct market_update *update, int64_t venue_ns);
/* Cancels what rests after the end of the market, as far as reports fit. */
void sim_close_market(struct sim *sim, struct sim_market *market, int64_t venue_ns);

/* on_l3.c: instead of the fill model, with config.l3 */
void sim_l3_init(struct sim *sim);
bool sim_l3_takes(const struct sim *sim, const struct order_message *message);
/* A new order, or one amended so that it joins another queue. */
void sim_l3_enter(struct sim *sim, struct sim_order *order, int64_t venue_ns);
void sim_l3_shrink(struct sim *sim, const struct sim_order *order);
/* An order that ends. */
void sim_l3_leave(struct sim *sim, const struct sim_order *order);

/* account.c */
void sim_account_fill(struct sim *sim, const struct execution *fill);
void sim_account_tick(struct sim *sim, int64_t now_ns);
/* What a rule does to the venue as a whole, if it does. */
void sim_befall(struct sim *sim, const struct fault_rule *fault, uint16_t instrument,
                int64_t venue_ns);
static inline bool sim_is_closed(const struct sim *sim, int64_t venue_ns)
{
    return venue_ns < sim->closed.until_ns;
}

/* data.c */
size_t sim_data_size(void);
void sim_data_init(struct sim *sim, uint8_t *memory);
bool sim_data_has_room(const struct sim *sim);
void sim_data_put(struct sim *sim, const struct market_update *update, int64_t now_ns);
/* Lets go what is due. */
void sim_data_advance(struct sim *sim, int64_t now_ns);
int64_t sim_data_next_ns(const struct sim *sim);

#endif
