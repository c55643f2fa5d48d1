/* A gateway: our side of one venue. What the rest of the program knows of it, whichever kind it is:
 * gateway/simulated (a venue in the process, fed by a recording, a synthetic market, or a live one
 * on paper) or gateway/bybit.
 *
 * One thread each, or inline in the engine's when cores are few (gateway_poll is the whole of it).
 * It is the producer of its market and execution rings, the consumer of its order ring, and the
 * writer of its own answer on the kill page. Nothing of it is shared with another gateway.
 *
 * Sending, the same in all kinds (gateway_judge): a message that was taken off the ring is stamped,
 * then the kill page is read, then its bytes leave. A killed order goes back as KILLED_UNSENT, an
 * amend of one as AMEND_REJECT. Cancels and queries always go, and so does an exit (ORDER_EXIT).
 *
 * Conservation. What leaves is what the engine meant to send: each new order is sent once, in the
 * order of its seq. One whose seq does not rise was handed over twice or out of turn; it is dropped
 * and counted, and nothing is said of it: the order that it repeats may be at the venue. The
 * counters say how much was sent, so that another thread can compare with what the engine says it
 * sent. */
#ifndef PITWALL_GATEWAY_GATEWAY_H
#define PITWALL_GATEWAY_GATEWAY_H

#include "gateway/dropcopy.h"
#include "gateway/tape.h"
#include "gateway/told.h"

enum market_state { MARKET_STATE_STARTING, MARKET_STATE_PLAYING, MARKET_STATE_ENDED };

enum gateway_state {
    GATEWAY_DOWN, /* no connection */
    GATEWAY_CONNECTING,
    GATEWAY_SYNCING, /* connected; books, orders, positions are being fetched */
    GATEWAY_READY,
    GATEWAY_STALE,  /* connected, and nothing new comes */
    GATEWAY_BANNED, /* the venue refuses us for a time */
    GATEWAY_STATE_COUNT,
};
const char *gateway_state_name(enum gateway_state state); /* "READY" */

/* What a gateway is given. The rings, the page and the rows outlive it. */
struct gateway_io {
    uint16_t index;                       /* on the kill page */
    const struct instrument *instruments; /* all of the configuration; it serves its venues' */
    uint16_t instrument_count;
    struct ring *market, *executions, *orders;
    struct kill_page *kill;
    int32_t day_roll_hour; /* UTC: when a trading day ends and the next begins (domain/day.h) */
    /* Stops trading in a scope (a kill), because of something that only the gateway knows; `says`
     * is shown to people and stands in the audit. NULL: nobody listens. Any thread, never blocks.
     * Once for each reason, not at each look. */
    void (*stop)(void *ctx, uint16_t scope, const char *says);
    void *stop_ctx;
};

/* Sent: orders (new), their lots, amends, cancels, queries. Not sent: unsent (by a kill; new orders
 * and their lots, amends) and refused_repeats (dropped).
 * orders + unsent is what the engine handed over, and lots + unsent_lots its lots, once the ring is
 * empty; a repeat is more than it meant. */
struct gateway_counters {
    uint64_t updates, orders, lots, amends, cancels, queries;
    uint64_t unsent, unsent_lots, unsent_amends, refused_repeats;
    uint64_t executions, refused_frames;
    uint64_t connects;       /* connections made, of all sockets; the first of each is one too.. */
    uint64_t first_connects; /* ..and these are the first ones: what is left are reconnects */
    uint64_t gaps;           /* breaks in the sequence of a book */
};

/* What the venue says that our account has, in its own currency for that; GATEWAY_UNKNOWN: it does
 * not say. */
#define GATEWAY_UNKNOWN INT64_MIN
struct gateway_balance {
    int64_t equity_e8, wallet_e8, available_e8;
    int64_t venue_ns; /* by its clock; 0: not given */
    int64_t told_ns;  /* real clock, when we heard it */
};

/* The venue's own count of our fills in an instrument on one trading day, and what they cost, in
 * the settlement currency; of this run and what it made good of an earlier one. */
struct gateway_tally {
    int64_t day_ns; /* when that day began; 0: no fill yet */
    int64_t fills;
    int64_t fee_e8;  /* GATEWAY_UNKNOWN: more than can be told */
    int64_t told_ns; /* the engine's clock: the count holds all that the venue had then */
};

/* Why a venue does not take a request (refusals.def). */
enum refusal {
#define REFUSAL(ID, ...) REFUSAL_##ID,
#include "gateway/refusals.def"
#undef REFUSAL
    REFUSAL_COUNT
};
const char *refusal_name(enum refusal refusal); /* "balance" */

struct gateway;
struct gateway_ops {
    /* One turn; returns how many messages it moved, 0: nothing to do. Never blocks. */
    uint32_t (*poll)(struct gateway *gateway);
    /* Only what waits on the order ring, between two turns: when it is inline, orders leave as soon
     * as the engine has sent them. NULL: they wait for the next turn. */
    uint32_t (*send)(struct gateway *gateway);
    void (*close)(struct gateway *gateway);
};

/* What all kinds have; the first member of each. The atomics have one writer, the gateway's
 * thread, and any reader. */
struct gateway {
    const struct gateway_ops *ops;
    struct gateway_io io;
    uint64_t newest_order; /* seq of the newest new order that came */

    _Atomic int state, market_state;
    _Atomic int64_t state_ns; /* real clock, since when */
    _Atomic bool wants_exit;
    _Atomic int64_t virtual_ns;
    _Atomic int64_t last_update_ns[MAX_INSTRUMENTS];
    /* The venue's own count of our position; valid when its time is not 0. */
    _Atomic int64_t venue_lots[MAX_INSTRUMENTS], venue_lots_ns[MAX_INSTRUMENTS];
    _Atomic int64_t clock_offset_ns; /* the venue's clock less ours; INT64_MIN: not measured */
    _Atomic int64_t banned_until_ns; /* 0: not banned */
    _Atomic uint64_t updates, orders, lots, amends, cancels, queries;
    _Atomic uint64_t unsent, unsent_lots, unsent_amends, refused_repeats;
    _Atomic uint64_t executions, refused_frames, connects, first_connects, gaps;
    _Atomic uint64_t refusals[REFUSAL_COUNT];
    int64_t syncing_mono_ns;    /* since when it is SYNCING, 0: it is not; its own thread's */
    struct histogram reconcile; /* from SYNCING to READY */
    _Atomic uint64_t reconcile_failures; /* SYNCING that ended otherwise */
    struct tape tape[MAX_INSTRUMENTS];
    const char *balance_currency; /* set before the start; NULL: the venue keeps no balance */
    struct told balance;          /* struct gateway_balance */
    struct gateway_tally counted[MAX_INSTRUMENTS]; /* the gateway's thread alone */
    struct told tally[MAX_INSTRUMENTS];            /* struct gateway_tally, of when it was whole */
    struct dropcopy dropcopy;                      /* the fills that are counted, one by one */
};

static inline uint32_t gateway_poll(struct gateway *gateway)
{
    return gateway->ops->poll(gateway);
}

static inline void gateway_send(struct gateway *gateway)
{
    if (gateway->ops->send)
        (void)gateway->ops->send(gateway);
}

/* NULL: nothing happens. */
void gateway_close(struct gateway *gateway);

/* --- any thread --- */
enum market_state gateway_market_state(const struct gateway *gateway);
enum gateway_state gateway_state(const struct gateway *gateway);
bool gateway_wants_exit(const struct gateway *gateway);
/* SPEED_MAX of the simulated one: the engine's now; else 0 and the engine uses the real clock. */
int64_t gateway_virtual_ns(const struct gateway *gateway);
/* Real clock of the newest update of an instrument that was handed to the engine; 0: none yet. */
int64_t gateway_last_update_ns(const struct gateway *gateway, uint16_t instrument);
struct gateway_counters gateway_counters(const struct gateway *gateway);
/* Requests that were not taken for that reason. */
uint64_t gateway_refusals(const struct gateway *gateway, enum refusal why);
/* False: the venue has not told it yet. */
bool gateway_balance(const struct gateway *gateway, struct gateway_balance *balance);
bool gateway_tally(const struct gateway *gateway, uint16_t instrument, struct gateway_tally *tally);

/* --- for the kinds; the gateway's thread --- */
void gateway_init(struct gateway *gateway, const struct gateway_ops *ops,
                  const struct gateway_io *io);
/* Also of a state that it is in already: then nothing changes. */
void gateway_set_state(struct gateway *gateway, enum gateway_state state);
void gateway_count_update(struct gateway *gateway, uint16_t instrument);
/* REFUSAL_NONE counts nothing. */
void gateway_count_refusal(struct gateway *gateway, enum refusal why);
/* Of any update; a trade is shown to people. Before it is published: then it is the engine's. */
static inline void gateway_note_trade(struct gateway *gateway, const struct market_update *update)
{
    if (update->kind == MARKET_TRADE)
        tape_note(&gateway->tape[update->instrument], update);
}
/* The venue has told its count of our position. */
void gateway_count_position(struct gateway *gateway, uint16_t instrument, int64_t lots);
void gateway_tell_balance(struct gateway *gateway, const struct gateway_balance *balance);
/* The venue has a fill of ours, once for each; shown when it is told that the count is whole. */
void gateway_count_fill(struct gateway *gateway, uint16_t instrument, int64_t venue_ns,
                        int64_t fee_e8);
/* The same of any count. One of an earlier day than the newest fill says nothing: that is over. */
void gateway_tally_add(struct gateway_tally *tally, int64_t day_ns, int64_t fee_e8);
void gateway_tell_fills(struct gateway *gateway, uint16_t instrument, int64_t now_ns);
/* The venue's list has it: counted, and held to be looked at. Once for each. */
void gateway_list_fill(struct gateway *gateway, const struct dropcopy_fill *fill);

/* One writer: a plain load and store will do, and costs no locked instruction. */
static inline void gateway_add(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}

/* Says on the kill page that every order of earlier turns is done: before the first look at the
 * order ring of a turn. */
void gateway_answer_kill(struct gateway *gateway);

enum gateway_verdict {
    GATEWAY_SEND,    /* its bytes may leave: send, then gateway_count_sent() */
    GATEWAY_DONE,    /* dropped or sent back: off the ring with it */
    GATEWAY_NOT_NOW, /* the execution ring is full: it stays on the order ring */
};
/* Of the message that is first on the order ring; called once its fate can be carried out at once.
 * The kill page is read here: stamp the message before. */
enum gateway_verdict gateway_judge(struct gateway *gateway, const struct order_message *message,
                                   int64_t now_ns);
void gateway_count_sent(struct gateway *gateway, const struct order_message *message);
/* Whether the gateways themselves are to cancel, at the venue, all that is killed: the sweep to
 * report done afterwards, or 0. */
uint64_t gateway_sweep_wanted(const struct gateway *gateway);
void gateway_sweep_done(struct gateway *gateway, uint64_t sweep);
/* Whether an order of these scopes is to be cancelled by that sweep. */
bool gateway_is_killed(const struct gateway *gateway, const struct order_message *message);

#endif
