/* Order management: the gate's other side.
 *
 * oms_submit() is the one function of the program that can put an order on a venue's ring, and it
 * calls the gate a few lines earlier. Exposure counts from the moment of sending; what venues
 * report moves orders through transitions.def; fills reach positions whatever the table says.
 * Trading states, limits and kills per scope live here because submit judges by them.
 *
 *   oms.c        submit, cancel, amend: what leaves
 *   denials.c    saying what the gate refused, equal ones once
 *   reports.c    what venues say
 *   resolve.c    orders whose fate is unknown
 *   carried.c    orders that an earlier run left
 *   external.c   orders and positions that the venue has and we do not
 *   scopes.c     trading states, limits, kills and their incidents
 *   flatten.c    getting out of what a killed scope holds
 *   triggers.c   what stops trading by itself
 *   seen.c       what it sees that no input tells it
 *
 * Engine thread only. Nothing blocks or allocates. Each call works at oms->now_ns and for
 * oms->cause, which the engine sets at the start of a step. */
#ifndef PITWALL_OMS_OMS_H
#define PITWALL_OMS_OMS_H

#include "base/error.h"
#include "base/histogram.h"
#include "base/lane.h"
#include "domain/command.h"
#include "domain/event.h"
#include "oms/fill_set.h"
#include "oms/order_pool.h"
#include "oms/own_book.h"
#include "oms/seen.h"
#include "position/accounts.h"
#include "risk/exposure.h"
#include "risk/gate.h"
#include "risk/recent.h"
#include "risk/tally.h"
#include "risk/throttle.h"

/* The lane keeps this much for what must always be said: kills, cancels, fills. New orders are
 * refused below it. */
enum { LANE_RESERVE_BYTES = 1024 * 1024, LANE_STEP_BYTES = 768 * 1024 };

/* A mark older than this is stale for triggers. */
#define MARK_FRESH_NS 5000000000LL

/* In a killed scope an order of unknown fate is cancelled this often. */
#define CANCEL_AGAIN_NS 1000000000LL

/* A conversion price older than this is no price. */
#define RATE_FRESH_NS 60000000000LL

struct incident {
    uint64_t number;         /* kill generation; 0: unused */
    uint64_t last_order_seq; /* sent when it came; what was sent later is not its */
    uint32_t unsent, sent, confirmed, refused, unknown;
    uint16_t scope;
};

struct scope_state {
    enum trading_state state;
    uint64_t version;
    uint64_t incident; /* the kill that halted it; 0: not by a kill */
    uint64_t served;   /* the word of the kill page that has been obeyed */
};

/* What the market says at this moment about the instrument of an order. */
struct reference {
    int64_t bid_ticks, ask_ticks; /* 0: empty side */
    int64_t book_ns;
    int64_t venue_ns;       /* the venue's own stamp of the newest update; 0: it gives none */
    int64_t venue_moved_ns; /* our clock when that stamp last rose */
    bool stale;
    bool lost; /* the gateway has lost the stream */
};

/* Of orders that would meet our own: refuse the new one, or cancel the old ones first. */
enum self_match { SELF_MATCH_CANCEL_NEW, SELF_MATCH_CANCEL_OLD };

struct oms_rules {
    enum self_match self_match;
    int64_t ack_timeout_ns;  /* without an answer for this long an order's fate is unknown */
    int64_t query_every_ns;  /* then the venue is asked this often */
    int64_t void_after_ns;   /* the venue's receive window and a margin, from the sending on */
    uint32_t batch_messages; /* new orders are published so many at once.. */
    int64_t batch_wait_ns;   /* ..or when the oldest has waited this long; messages 0: at once */
    bool virtual_time;       /* real time does not pass with now_ns: nobody's beat can be missed */
    struct trigger_rule trigger[TRIGGER_COUNT];
};

/* Equal denials of a strategy, said once and then counted. */
struct denial_run {
    uint64_t order_id, last_order_id, count;
    int64_t first_ns, last_ns;
    uint8_t reason;
};

/* Getting out of what a scope holds; belongs to one incident. */
struct flatten {
    uint64_t incident; /* 0: unused */
    uint64_t cause;
    uint32_t orders, failures;
    uint16_t scope;
};
enum { FLATTENS_MAX = 8, FLATTEN_FAILURES_MAX = 100 };

/* What the venue says it counts, against what we do. */
struct venue_count {
    int64_t lots, at_ns;
    bool known;
};

/* Looks of the triggers, newest in the lowest bit. */
struct trigger_looks {
    uint32_t breached[TRIGGER_COUNT][MAX_SCOPES];
    bool fired[TRIGGER_COUNT][MAX_SCOPES];
    struct throttle_counts {
        uint32_t recent[MAX_SCOPES]; /* rejects by the venue within REJECT_WINDOW_NS */
        int64_t since_ns;
    } rejects;
    int64_t beat_ns; /* of the control plane; 0: none yet */
    uint64_t outbound_orders, outbound_lots;
    bool overfilled[MAX_INSTRUMENTS]; /* latched until a person lifts the instrument */
};
#define REJECT_WINDOW_NS 10000000000LL
#define CONTROL_LOST_NS 10000000000LL
/* Fills and the venue's count of them travel apart: compared only when this long has passed. */
#define DRIFT_QUIET_NS 1000000000LL
enum { REJECTS_MAX = 20 };

/* What has been put on a gateway's ring and is not published yet: the batcher's. */
struct outbox {
    uint32_t messages;
    int64_t since_ns;
    bool urgent; /* something else than a plain new order is among them: it does not wait */
};

struct oms {
    struct scope_map scopes;
    struct oms_rules rules;
    struct outbox outbox[MAX_GATEWAYS];
    const struct instrument *instruments;
    uint16_t gateways;
    uint16_t venue_gateway[MAX_VENUES];
    bool permitted[MAX_STRATEGIES][MAX_INSTRUMENTS];
    struct lane *events;
    struct ring *rings[MAX_GATEWAYS];
    struct seen seen; /* the kill page, and what else others write */
    struct histogram *order_ack, *fill_latency;

    int64_t now_ns;
    uint64_t cause;
    uint32_t sent_in_step;
    uint64_t said; /* events of this run */
    bool stopping; /* the program ends: no new order, whatever the states say */

    struct limits limits[MAX_SCOPES], caps[MAX_SCOPES];
    struct gate_table tables[MAX_STRATEGIES][MAX_INSTRUMENTS];
    uint64_t limits_generation[MAX_SCOPES];
    uint64_t generation;
    struct scope_state states[MAX_SCOPES];
    uint32_t next_incident;
    uint32_t reduce_only_live; /* orders that rest, exits apart */
    struct incident incidents[MAX_INCIDENTS];

    uint64_t id_prefix; /* upper half of the ids */
    uint32_t order_counter;
    uint64_t order_seq;
    uint64_t sent_lots;                      /* of all new orders */
    uint64_t intended_orders, intended_lots; /* passed by the gate: what leaves cannot be more */
    int64_t working_total[2][MAX_INSTRUMENTS];
    int64_t working_own[2][MAX_STRATEGIES][MAX_INSTRUMENTS];
    uint32_t open_orders[MAX_SCOPES];
    struct throttle throttle;
    struct tally tally;
    struct recent recent;
    struct exposure exposure;
    __int128 tied_e8; /* by initial margins, all instruments' worst cases; reporting currency */
    struct accounts accounts;
    struct order_pool pool;
    struct own_book own_book;
    struct fill_set fills;
    struct denial_run denial_runs[MAX_STRATEGIES][MAX_INSTRUMENTS][2];
    struct flatten flattens[FLATTENS_MAX];
    struct venue_count venue_counts[MAX_INSTRUMENTS];
    int64_t filled_ns[MAX_INSTRUMENTS];   /* of the newest fill */
    int64_t known_drift[MAX_INSTRUMENTS]; /* ours less the venue's, that a person lets be */
    struct trigger_looks looks;
};

/* Ours less the venue's; 0 as well while the venue has told nothing. */
static inline int64_t oms_drift(const struct oms *oms, uint16_t instrument)
{
    const struct venue_count *count = &oms->venue_counts[instrument];

    return count->known ? oms->accounts.total[instrument].lots - count->lots : 0;
}

enum submit_result { SUBMIT_SENT, SUBMIT_DENIED, SUBMIT_BUSY };

uint64_t oms_emit(struct oms *oms, enum event_kind kind, const void *payload, uint32_t length);

/* Puts one intent through the gate and, if it passes, on the venue's order ring.
 * SUBMIT_SENT    *order is the pool's, readable until its place is reused
 * SUBMIT_DENIED  *verdict says why; ORDER_DENIED has been emitted
 * SUBMIT_BUSY    ring, pool or journal full; ORDER_DENIED (busy) emitted, nothing was sent
 * *order_id is the id drawn for it in every case. */
enum submit_result oms_submit(struct oms *oms, const struct intent *intent,
                              const struct reference *reference, uint64_t *order_id,
                              struct verdict *verdict);

/* Asks the venue to change a resting order: price, total quantity, or both. Through the gate, with
 * the order's own exposure taken out and the larger of old and new put in.
 * OK              the amend is on its way; ORDER_AMEND has been emitted
 * ERR_DENIED      *verdict says why, *denial_id is what it is said under; the order rests as it did
 * ERR_CONFLICT    it does not rest (not acknowledged, being cancelled or amended, finished), is not
 *                 ours, or so much is filled already
 * ERR_UNAVAILABLE the ring is full; nothing was sent */
enum status oms_amend(struct oms *oms, struct order *order, const struct command_amend_order *amend,
                      const struct reference *reference, uint64_t *denial_id,
                      struct verdict *verdict);

/* Sends a cancel; always passes the gate. False when the order ring is full: try again later. A
 * finished order, or one whose cancel is under way, needs none: true. */
bool oms_cancel(struct oms *oms, struct order *order);
uint32_t oms_live_in_scope(const struct oms *oms, uint16_t scope); /* of ours */
/* After the position of an instrument has moved: cancels the reduce-only orders that rest there and
 * would no longer reduce it, as venues do. */
void oms_trim_reduce_only(struct oms *oms, uint16_t instrument);
/* An exit is sent anew each time by what is held, and takes or expires. */
static inline bool is_resting_reduce_only(const struct order *order)
{
    return (order->flags & ORDER_REDUCE_ONLY) != 0 && (order->flags & ORDER_EXIT) == 0;
}
/* Every live order of ours in the scope; returns how many could not be sent now. */
uint32_t oms_cancel_scope(struct oms *oms, uint16_t scope);

/* Shows the gateways what has been put on their rings, as the batching rule wants it. */
void oms_publish(struct oms *oms);
/* The same whether it is due or not: at a block nothing may be behind the position that is
 * acknowledged. */
void oms_publish_all(struct oms *oms);

/* A venue's (or our gateway's) report. */
void oms_report(struct oms *oms, const struct execution *execution);

/* Blocks what the kill page names. */
void oms_obey_page(struct oms *oms);
/* Looks at the kill page and blocks what it names, before anything else can be sent. */
static inline void oms_kill(struct oms *oms)
{
    if (seen_page_moved(&oms->seen))
        oms_obey_page(oms);
}
/* Cancels, once more, what still rests in a killed scope. On a timer. */
void oms_chase_killed(struct oms *oms);
enum trading_state oms_effective_state(const struct oms *oms, struct order_scopes scopes);
enum status oms_set_state(struct oms *oms, const struct command_set_state *command);
enum status oms_set_limits(struct oms *oms, const struct command_set_limits *command,
                           uint64_t *generation);

/* What has become of an order that a kill found: it counts so in the receipt of each incident that
 * has claimed it, and moves when more is known. A claim upon a live order; NONE: no answer yet. */
enum cancel_outcome {
    OUTCOME_NONE,
    OUTCOME_UNSENT,
    OUTCOME_CONFIRMED,
    OUTCOME_REFUSED,
    OUTCOME_UNKNOWN
};
void oms_count_outcome(struct oms *oms, struct order *order, enum cancel_outcome outcome);

/* The state that a report leads to; false: an empty cell of the table. */
bool oms_transition(const struct order *order, enum report report, enum order_state *to);

/* New orders need a journal that takes them: with room to spare, and not suspect. As the step found
 * it: one step says less than what the reserve is larger by. */
static inline bool oms_journal_is_ready(const struct oms *oms)
{
    return oms->seen.storage == 0;
}

static inline bool order_is_in_scope(const struct order *order, uint16_t scope)
{
    return scope == order->scopes.firm || scope == order->scopes.venue ||
           scope == order->scopes.strategy || scope == order->scopes.instrument;
}

/* Adds `lots` (signed) to what works on the order's side, and `orders` to what is open. */
void oms_expose(struct oms *oms, const struct order *order, int64_t lots, int32_t orders);
/* The mid of a fresh book: positions and exposure are valued at it. */
void oms_mark(struct oms *oms, uint16_t instrument, int64_t mark_e8_ticks);
/* The venue's own mark: while it is fresh, the mid is not looked at. */
void oms_venue_mark(struct oms *oms, uint16_t instrument, int64_t mark_e8_ticks);
/* A figure left its bounds: nobody may trade on what can no longer be counted. */
void oms_halt_firm(struct oms *oms);
/* The mark or the position of an instrument has moved. */
void oms_revalue(struct oms *oms, uint16_t instrument);
struct order_scopes oms_scopes(const struct oms *oms, uint16_t strategy, uint16_t instrument);
/* Puts a message about an order on its venue's ring; false when that is full. Not for new orders.
 * */
bool oms_send_about(struct oms *oms, struct order *order, enum order_message_kind kind);
void oms_emit_position(struct oms *oms, uint16_t instrument, uint16_t strategy,
                       const struct position *position);
void oms_emit_order_state(struct oms *oms, const struct order *order, enum report report,
                          enum denial reason);
/* The order moves by a report that we make ourselves: a time-out, a void. */
void oms_report_own(struct oms *oms, struct order *order, enum report report);

/* An order as the window for equal ones knows it. */
static inline struct recent_order oms_as_recent(const struct order *order)
{
    return (struct recent_order){.price_ticks = order->price_ticks,
                                 .qty_lots = order->qty_lots,
                                 .strategy = order->strategy,
                                 .instrument = order->instrument,
                                 .side = order->side};
}

/* A position as it is said, and back: what is unrealised is not said. */
static inline struct event_position position_as_said(uint16_t instrument, uint16_t strategy,
                                                     const struct position *position)
{
    return (struct event_position){.lots = position->lots,
                                   .cost_e8 = position->cost_e8,
                                   .realised_e8 = position->realised_e8,
                                   .fee_e8 = position->fee_e8,
                                   .instrument = instrument,
                                   .strategy = strategy,
                                   .rebate_e8 = position->rebate_e8,
                                   .funding_e8 = position->funding_e8};
}

static inline struct position position_of_said(const struct event_position *event)
{
    return (struct position){.lots = event->lots,
                             .cost_e8 = event->cost_e8,
                             .realised_e8 = event->realised_e8,
                             .fee_e8 = event->fee_e8,
                             .rebate_e8 = event->rebate_e8,
                             .funding_e8 = event->funding_e8};
}

/* denials.c. `flush_all` says what has been counted so far, on a timer. */
void oms_say_denied(struct oms *oms, const struct intent *intent, uint64_t order_id,
                    int64_t price_ticks, const struct verdict *verdict);
void oms_flush_denials(struct oms *oms);

/* resolve.c, on a timer: time-outs, queries. And the answer that the venue does not know it. */
void oms_resolve(struct oms *oms);
void oms_absent(struct oms *oms, struct order *order);

/* external.c */
void oms_adopt(struct oms *oms, const struct execution *execution);
void oms_venue_position(struct oms *oms, const struct execution *execution);
/* ERR_CONFLICT: there is no difference, or not the one that was seen. ERR_UNAVAILABLE: adopting
 * wants a mark. Whether the instrument is HALTED is the caller's business. */
enum status oms_settle_drift(struct oms *oms, const struct command_settle_drift *settle);

/* carried.c. An order of an earlier run, as order_carried says it: counts in full from here on, and
 * is said. False: out of bounds, known already, or no place is left. */
bool oms_carry_order(struct oms *oms, const struct event_order_carried *carried);
/* An order as it is said to have been left, and the way back. Its place in a pool stays. */
void order_take_on(struct order *order, const struct event_order_carried *carried);
void order_as_carried(const struct order *order, struct event_order_carried *carried);

/* flatten.c. oms_flatten: ERR_CONFLICT when the incident does not hold the scope, ERR_UNAVAILABLE
 * when too many are under way. A turn sends what can be sent now; on a timer and after the command.
 * `references` has one row for each instrument. */
enum status oms_flatten(struct oms *oms, const struct command_flatten *command);
void oms_flatten_turn(struct oms *oms, const struct reference *references);

/* triggers.c: one look at everything, on the slow timer; books by status. */
void oms_look(struct oms *oms, const struct reference *references);
/* More was filled than was ordered; or something at the venue cannot be counted here. */
void oms_note_overfill(struct oms *oms, uint16_t instrument);
void oms_note_uncounted(struct oms *oms, uint16_t instrument);
void oms_note_reject(struct oms *oms, struct order_scopes scopes);
void oms_note_beat(struct oms *oms, const struct command_beat *beat);
/* A person has lifted the scope: what had fired may fire again. */
void oms_rearm(struct oms *oms, uint16_t scope);

#endif
