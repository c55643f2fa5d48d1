/* A simulated venue: our orders matched against a recorded or synthetic market.
 *
 * It keeps its own copy of each book, fed with the updates that the engine gets. An order arrives
 * after the order latency, is answered after the ack latency, and market data may reach the engine
 * by a data latency later than the venue's own matching; jitter of each is uniform, from the seed.
 *
 * Taking: an order walks the opposite levels at its limit; what it has consumed of a level stays
 * remembered until the market updates that level; it pays the taker fee. Resting: it joins the
 * queue behind the displayed size (sim/queue.h: where it stands afterwards); trades at its price
 * consume the queue first, then fill it, in part where they end; a trade or touch through its price
 * fills it; it pays the maker fee. Exchange and clearing fee come on top of either. Post-only that
 * would take is cancelled; IOC and FOK end with VENUE_EXPIRE for what is left. An order that could
 * meet one of our own is cancelled whole. A stale book trades with nobody; the end of the market
 * cancels what rests and refuses what comes.
 *
 * Amend: price and total size; it loses its place in the queue unless only the size shrinks; a
 * total at or below what is filled cancels the rest; what could not be a new order (post-only that
 * would take, meeting our own) is refused and the order stays. Query: fills are told again with
 * their exec ids, then VENUE_ACK if the order rests, with price and total as they stand, or the
 * report that ended it, or nothing more if it is filled. QUERY_ABSENT for what it does not know: it
 * forgets ended orders, oldest first, when SIM_ORDERS_MAX newer ones have come or SIM_FILLS_MAX
 * newer fills. An id that it remembers is not taken again: DUPLICATE_ID.
 *
 * Adverse selection: recorded markets do not react to us, so a resting order would never be picked
 * off by whoever is about to move the price. When an update moves the touch of the order's side
 * away from it by adverse_ticks or more, and the order stood at or before the old touch, it is
 * filled whole at its price with adverse_probability: the one who moved the market sold to us
 * first. 0 switches it off; the settings' default, one time in four at one tick, is plausible, not
 * calibrated.
 *
 * Account: it counts our position per instrument by itself, and reports it (POSITION) each
 * position_interval when it has changed, and every tenth time whatever it is; it charges
 * funding_rate
 * of the position's value at the mid (FUNDING) at each whole funding_interval of the clock.
 *
 * Faults: sim/faults.h. Refusals (`reject`, `ratelimit`, `ban`, `maintenance`) happen at the door:
 * such an order is not known afterwards.
 *
 * Pure and deterministic: time comes in with each call, chance from the seed. Owner: the gateway
 * thread that hosts it. Fixed pools; an order beyond them is answered with VENUE_REJECT. */
#ifndef PITWALL_SIM_SIM_H
#define PITWALL_SIM_SIM_H

#include "book/book.h"
#include "domain/instrument.h"
#include "domain/order.h"
#include "sim/faults.h"
#include "sim/l3.h"
#include "sim/queue.h"

enum {
    SIM_ORDERS_MAX = 4096, /* resting at once, foreign ones included */
    SIM_FILLS_MAX = 16384, /* remembered */
    SIM_REPEAT_MAX = 256,  /* fills that one query repeats, the newest */
};

/* Order ids of foreign orders have this bit. */
#define SIM_FOREIGN_BIT (1ULL << 63)

struct sim;

enum sim_status {
    SIM_PLAIN,
    SIM_DROPPED,  /* in: it never arrived */
    SIM_LOST,     /* out: it happened and is not told */
    SIM_REPEATED, /* out: told again because we asked, or twice by a fault */
    SIM_REFUSED,  /* out: refused at the door, with `code` */
};

/* A line of the venue's ledger. */
struct sim_entry {
    enum sim_status status;
    int64_t code, at_ns;                 /* at_ns: the clock of the calls below */
    const struct order_message *message; /* in: as we sent it; else NULL */
    const struct execution *execution;   /* out; else NULL */
};

/* Called for each report, in time order, with ctx, from within sim_advance() only. False: no room
 * at the receiver; the report stays first in the queue and is tried again at the next advance. */
typedef bool (*sim_report_fn)(void *ctx, const struct execution *execution);
/* The same for market data on its way to the engine; received_ns is when it was due there. */
typedef bool (*sim_data_fn)(void *ctx, const struct market_update *update);
/* Called for each message when it is sent, for each report before it is first handed over, and for
 * each report that is lost when it would have been put on its way. */
typedef void (*sim_ledger_fn)(void *ctx, const struct sim_entry *entry);

struct sim_config {
    uint64_t seed;
    uint64_t epoch; /* of this start, below 2^31: exec ids and foreign orders do not repeat */
    int64_t order_latency_ns, ack_latency_ns, jitter_ns; /* jitter: uniform 0..jitter_ns */
    int64_t data_latency_ns;                             /* 0: none, and no jitter either */
    struct queue_model queue;
    uint32_t adverse_probability_e8;
    int64_t adverse_ticks;
    int64_t position_interval_ns, funding_interval_ns; /* 0: never */
    const struct fault_rule *faults;                   /* copied */
    uint32_t fault_count;
    sim_ledger_fn ledger; /* NULL: none */
    sim_data_fn data;     /* NULL: the caller feeds the engine, and nothing befalls the data */
    struct l3 *l3; /* where our orders trade, with instruments numbered as ours; NULL: fill model */
    uint16_t instruments;
    const struct instrument *instrument_rows; /* borrowed, outlives the sim */
};

size_t sim_size(const struct sim_config *config);
/* ctx is handed to all three functions. */
void sim_init(struct sim *sim, const struct sim_config *config, sim_report_fn report, void *ctx);

/* What is held from before: the account begins with it. Before the first advance. */
void sim_open_position(struct sim *sim, uint16_t instrument, int64_t lots);

/* A market update, in the order in which the venue has it. With config.data it is put on its way
 * to the engine too; false: no room on that way, or with config.l3 for reports of what may come of
 * it; nothing was done, try again after an advance. */
bool sim_market(struct sim *sim, const struct market_update *update, int64_t now_ns);
/* A message of ours has left the gateway at now_ns. */
void sim_order(struct sim *sim, const struct order_message *message, int64_t now_ns);
/* Sends a cancel for every order of ours that rests or is on its way and that `which` wants gone.
 * */
typedef bool (*sim_pick_fn)(void *ctx, const struct order_message *message);
void sim_cancel_those(struct sim *sim, sim_pick_fn which, void *ctx, int64_t now_ns);
/* Lets everything due up to now_ns happen. */
void sim_advance(struct sim *sim, int64_t now_ns);
/* When the next message, report or update is due; INT64_MAX when none is. The account's periodic
 * reports do not count: they come with the first advance at or after their time. */
int64_t sim_next_ns(const struct sim *sim);
/* False while one of its queues is nearly full: hold orders back, and advance. */
bool sim_has_room(const struct sim *sim);
/* Orders resting at the venue, foreign ones included. */
uint32_t sim_resting(const struct sim *sim);
/* The venue's own count of our position. */
int64_t sim_position_lots(const struct sim *sim, uint16_t instrument);

#endif
