/* Order management: the gate's other side.
 *
 * oms_submit() is the one function of the program that can put an order on a venue's ring, and it
 * calls the gate a few lines earlier. Exposure counts from the moment of sending; what venues
 * report moves orders through transitions.def; fills reach positions whatever the table says.
 * Trading states, limits and kills per scope live here because submit judges by them.
 *
 *   oms.c        submit, cancel
 *   reports.c    what venues say
 *   scopes.c     trading states, limits, kills and their incidents
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
#include "position/accounts.h"
#include "risk/gate.h"
#include "risk/throttle.h"

/* The lane keeps this much for what must always be said: kills, cancels, fills. New orders are
 * refused below it. */
enum { LANE_RESERVE_BYTES = 1 << 20, LANE_STEP_BYTES = 512 * 1024 };

/* A conversion price older than this is no price. */
#define RATE_FRESH_NS 60000000000LL

struct incident {
    uint64_t number; /* kill generation; 0: unused */
    uint32_t unsent, sent, confirmed, refused, unknown;
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
    bool stale;
};

struct oms {
    struct scope_map scopes;
    const struct instrument *instruments;
    uint16_t gateways;
    uint16_t venue_gateway[MAX_VENUES];
    bool permitted[MAX_STRATEGIES][MAX_INSTRUMENTS];
    struct lane *events;
    struct ring *rings[MAX_GATEWAYS];
    struct kill_page *kill;
    struct histogram *order_ack, *fill_latency;

    int64_t now_ns;
    uint64_t cause;
    uint32_t sent_in_step;
    bool stopping; /* the program ends: no new order, whatever the states say */

    struct limits limits[MAX_SCOPES], caps[MAX_SCOPES];
    uint64_t limits_generation[MAX_SCOPES];
    uint64_t generation;
    struct scope_state states[MAX_SCOPES];
    uint64_t doorbell_seen;
    uint32_t next_incident;
    struct incident incidents[MAX_INCIDENTS];

    uint64_t epoch;
    uint32_t order_counter;
    uint64_t order_seq;
    int64_t working_total[2][MAX_INSTRUMENTS];
    int64_t working_own[2][MAX_STRATEGIES][MAX_INSTRUMENTS];
    uint32_t open_orders[MAX_SCOPES];
    struct throttle throttle;
    struct accounts accounts;
    struct order_pool pool;
    struct fill_set fills;
};

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

/* Sends a cancel; always passes the gate. False when the order ring is full: try again later. A
 * finished order, or one whose cancel is under way, needs none: true. */
bool oms_cancel(struct oms *oms, struct order *order);
/* Every live order of the scope; returns how many could not be sent now. */
uint32_t oms_cancel_scope(struct oms *oms, uint16_t scope);

/* A venue's (or our gateway's) report. */
void oms_report(struct oms *oms, const struct execution *execution);

/* Looks at the kill page and blocks what it names. Returns the doorbell that is now served. */
uint64_t oms_kill(struct oms *oms);
/* Cancels, once more, what still rests in a killed scope. On a timer. */
void oms_chase_killed(struct oms *oms);
enum trading_state oms_effective_state(const struct oms *oms, struct order_scopes scopes);
enum status oms_set_state(struct oms *oms, const struct command_set_state *command);
enum status oms_set_limits(struct oms *oms, const struct command_set_limits *command,
                           uint64_t *generation);

/* An order of an incident has come to its end, or its cancel was answered. */
enum cancel_outcome { OUTCOME_UNSENT, OUTCOME_CONFIRMED, OUTCOME_REFUSED, OUTCOME_UNKNOWN };
void oms_count_outcome(struct oms *oms, struct order *order, enum cancel_outcome outcome);

/* The state that a report leads to; false: an empty cell of the table. */
bool oms_transition(const struct order *order, enum report report, enum order_state *to);

/* New orders need a journal that takes them: with room to spare, and not suspect. */
static inline bool oms_journal_is_ready(const struct oms *oms)
{
    return !lane_is_suspect(oms->events) && lane_room(oms->events) >= LANE_RESERVE_BYTES;
}

static inline bool order_is_in_scope(const struct order *order, uint16_t scope)
{
    return scope == order->scopes.firm || scope == order->scopes.venue ||
           scope == order->scopes.strategy || scope == order->scopes.instrument;
}

/* Adds `lots` (signed) to what works on the order's side, and `orders` to what is open. */
void oms_expose(struct oms *oms, const struct order *order, int64_t lots, int32_t orders);
void oms_emit_order_state(struct oms *oms, const struct order *order, enum report report,
                          enum denial reason);

#endif
