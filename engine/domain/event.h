/* Events: what the engine states, in the order in which it happened.
 *
 * Each is one record of the engine lane (base/lane.h): the record's kind is the number below, its
 * sequence is the event's, its cause the command that led to it. Written by the engine thread
 * only; plain data without pointers, so that the journal can be read by another program. */
#ifndef PITWALL_DOMAIN_EVENT_H
#define PITWALL_DOMAIN_EVENT_H

#include "domain/limit.h"
#include "domain/market.h"
#include "domain/order.h"
#include "domain/scope.h"
#include "domain/trigger.h"

enum event_kind {
    EVENT_NONE, /* lane padding */
#define EVENT(ID, name) ID,
#include "tables/events.def"
#undef EVENT
    EVENT_COUNT
};

enum book_status {
    BOOK_EMPTY,
    BOOK_OK,
    BOOK_GAPPED,
    BOOK_CROSSED,
    BOOK_FULL,
    BOOK_LOST,
    BOOK_ENDED
};

/* No padding in what is journaled, as in domain/limit.h: reserved members are zero by the
 * initialisers that name the others. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

struct event_start {
    uint64_t epoch;
    uint64_t config_hash;
    uint16_t scopes;
    uint8_t reserved[6];
};

struct event_order_sent {
    uint64_t order_id, order_seq;
    int64_t price_ticks, qty_lots;
    uint16_t instrument, strategy;
    uint8_t side, type, tif, flags;
    struct verdict verdict;
};

struct event_order_denied {
    uint64_t order_id; /* drawn for it, so that it can be asked about; never sent */
    uint64_t amends;   /* the order that was to be changed, and stays as it is; 0: a new order */
    int64_t price_ticks, qty_lots;
    uint16_t instrument, strategy;
    uint8_t side, type, tif, flags;
    struct verdict verdict;
};

struct event_order_state {
    uint64_t order_id, incident;
    int64_t filled_lots, leaves_lots;
    int64_t filled_price_e8_ticks; /* average price of what is filled, in 1e-8 ticks */
    uint8_t state, report, reason; /* reason: enum denial where one is known */
    uint8_t amending, acked;       /* an amend is not answered yet; the venue has known it */
    uint8_t reserved[3];
    int64_t price_ticks, qty_lots; /* as they stand: an amend moves them */
};

struct event_fill {
    uint64_t order_id, exec_id;
    int64_t price_ticks, qty_lots, fee_e8, venue_ns;
    uint16_t instrument, strategy;
    uint8_t side, maker;
    uint8_t expected; /* false: the state table did not expect it */
    uint8_t reserved[1];
};

struct event_position {
    int64_t lots;
    int64_t cost_e8;     /* of the open lots, settlement currency, > 0 for long and short */
    int64_t realised_e8; /* price part */
    int64_t fee_e8;      /* paid, >= 0; in journals of before rebate_e8: less rebates */
    uint16_t instrument;
    uint16_t strategy; /* UINT16_MAX: the instrument's total */
    uint8_t reserved[4];
    int64_t rebate_e8;  /* received, >= 0 */
    int64_t funding_e8; /* paid less received */
};

struct event_limits_applied {
    uint64_t generation;
    struct limits limits;
    uint16_t scope;
    uint8_t reserved[6];
};

struct event_state_changed {
    uint64_t incident; /* 0: not by a kill */
    uint64_t version;
    uint16_t scope;
    uint8_t state;
    uint8_t reserved[5];
};

struct event_kill_seen {
    uint64_t incident; /* kill generation */
    uint64_t last_order_seq;
    uint32_t resting;
    uint32_t position_in_step; /* orders already sent in the step that saw it */
    uint16_t scope;
    uint8_t reserved[6];
};

struct event_kill_progress {
    uint64_t incident;
    uint32_t unsent, sent, confirmed, refused, unknown;
    uint8_t reserved[4];
};

struct event_book_status {
    int64_t update_id, expected_id;
    uint16_t instrument;
    uint8_t status;
    uint8_t reserved[5];
};

struct event_command_done {
    uint64_t command_id;
    uint64_t value; /* order id, generation or version, by command */
    uint8_t status; /* 0 applied; else enum status */
    uint8_t denial; /* of an order */
    uint8_t reserved[6];
};

struct event_anomaly {
    uint64_t order_id, exec_id;
    uint8_t state, report;
    uint16_t instrument;
    uint8_t reserved[4];
};

/* At a start, and whenever a strategy is switched or its parameters have been set. */
struct event_strategy {
    uint16_t strategy;
    uint8_t enabled;
    uint8_t reserved[5];
    uint64_t version; /* rises with each change */
};

struct event_stop {
    uint64_t last_order_seq;
    uint32_t open_orders;
    uint8_t reserved[4];
};

/* An amend has passed the gate and is on its way. Until it is answered the order counts with the
 * larger of both quantities. */
struct event_order_amend {
    uint64_t order_id;
    int64_t price_ticks, qty_lots; /* as asked for; qty is the total */
    struct verdict verdict;
};

/* An order that we did not send rests at the venue, and counts from now on. */
struct event_order_external {
    uint64_t order_id;
    int64_t price_ticks, qty_lots;
    uint16_t instrument, strategy;
    uint8_t side;
    uint8_t reserved[3];
};

/* More denials equal to the one of `order_id` (same strategy, instrument, side, reason): said once
 * for all of them. */
struct event_denials {
    uint64_t order_id, last_order_id; /* the first that was said, the last that was not */
    uint64_t count;                   /* of those not said one by one */
    int64_t first_ns, last_ns;
    uint16_t instrument, strategy;
    uint8_t side, reason;
    uint8_t reserved[2];
};

/* An automatic trigger has fired, with the inputs that fired it. The kill of the scope, if that is
 * its action, follows as KILL_SEEN with the same incident. */
struct event_trigger {
    uint64_t incident; /* 0: nothing was killed */
    int64_t measured, limit;
    int64_t data_age_ns;        /* of the newest input; -1: none */
    uint16_t scope, instrument; /* instrument: UINT16_MAX when it is about none */
    uint8_t trigger, action;
    uint8_t samples, window; /* so many of the last so many samples were in breach */
};

enum flatten_refusal {
    FLATTEN_FINE,
    FLATTEN_NOT_KILLED, /* the incident does not hold the scope (any more) */
    FLATTEN_FULL,       /* too many flattenings at once */
    FLATTEN_GAVE_UP     /* exits were denied or left unfilled too often */
};

struct event_flatten {
    uint64_t incident;
    uint32_t orders; /* exits sent so far */
    uint16_t scope;
    uint8_t done;    /* nothing of the scope is held any more, or no more can be done */
    uint8_t refused; /* enum flatten_refusal; 0: it is under way or well done */
};

struct event_funding {
    uint64_t exec_id;
    int64_t amount_e8; /* settlement currency; paid is positive */
    int64_t venue_ns;
    uint16_t instrument;
    uint8_t reserved[6];
};

/* A person has settled a difference of our position and the venue's count. Adopted, the manual
 * strategy takes the difference on, at the mark, without a fee: its positions follow. */
struct event_drift {
    int64_t our_lots, venue_lots; /* before */
    int64_t price_ticks;          /* 0: it was not adopted, but is known */
    uint16_t instrument;
    uint8_t adopted;
    uint8_t reserved[5];
};

/* A strategy's parameter in an instrument has been set; `value` in held units. */
struct event_parameters {
    int64_t value, old;
    uint16_t strategy, instrument, parameter;
    uint8_t reserved[2];
};

/* The figures that no other event states and that outlive a run: said at a start, when a day
 * begins, at the end, and about once a second while they move. `marks` of struct money_mark follow,
 * then `scopes` of struct money_scope; what is not among them is zero. */
struct event_money {
    int64_t day_start_ns;
    int64_t capital_e8, peak_e8;
    uint64_t generation; /* of limits, the newest */
    uint16_t marks, scopes;
    uint8_t reserved[4];
};

struct money_mark {
    int64_t mark_e8_ticks, mark_ns;
    int64_t bid_ticks, ask_ticks, touch_ns;
    uint16_t instrument;
    uint8_t source; /* enum mark_source */
    uint8_t reserved[5];
};

struct money_scope {
    int64_t day_open_e8, total_e8; /* PnL when the day began, and now */
    uint32_t orders_today, executions;
    uint16_t scope;
    uint8_t reserved[6];
};

/* An order of an earlier run that may still be alive, whole, as this run takes it on. */
struct event_order_carried {
    uint64_t order_id, order_seq; /* seq: of the run that sent it */
    int64_t price_ticks, qty_lots;
    int64_t amend_price_ticks, amend_qty_lots; /* not answered; qty 0: none */
    int64_t filled_lots;
    uint64_t filled_price_lots[2];       /* sum of price * lots: low, high half */
    int64_t sent_ns, acked_ns, amend_ns; /* acked 0: not yet */
    uint32_t amend_no;
    uint16_t instrument, strategy;
    uint8_t side, type, tif, flags, state;
    uint8_t reserved[3];
};

/* What the engine holds, in one number (state_hash.h): of the state after `events` events of this
 * run. Whoever follows the events comes to the same. */
struct event_state_hash {
    uint64_t events, hash;
    uint64_t books; /* of every level of every book, which only a replay comes to */
};

#pragma GCC diagnostic pop

static inline int64_t carried_average_e8_ticks(const struct event_order_carried *carried)
{
    unsigned __int128 sum =
        (unsigned __int128)carried->filled_price_lots[1] << 64 | carried->filled_price_lots[0];

    return carried->filled_lots > 0 ? (int64_t)((__int128)sum * PRICE_ONE_E8 / carried->filled_lots)
                                    : 0;
}

const char *event_name(enum event_kind kind);
const char *book_status_name(enum book_status status);

/* Telemetry: state for people, conflated. On a ring of its own to the view; when that is full the
 * message is dropped and counted, because the next one says the same, newer. */
enum telemetry_kind { TELEMETRY_BOOK = 1, TELEMETRY_PNL };

struct telemetry_book {
    uint8_t kind;
    uint8_t status;
    uint16_t instrument;
    uint16_t bid_count, ask_count;
    int64_t update_id, received_ns, now_ns;
    struct level levels[2 * BOOK_TOP_LEVELS]; /* bids, then asks */
};

struct telemetry_pnl {
    uint8_t kind;
    uint16_t instruments;
    int64_t now_ns;
    int64_t equity_e8, peak_e8; /* reporting currency */
    int64_t margin_e8;          /* maintenance margins of all positions, reporting currency */
    int64_t margin_ratio_e8;    /* INT64_MAX: no equity, or a margin is not known */
    bool complete;              /* false: a position has no fresh mark or conversion */
    struct telemetry_mark {
        int64_t mark_e8_ticks; /* 0: none */
        int64_t mark_ns;
        int64_t margin_e8;               /* reporting currency */
        int64_t liquidation_e8_ticks;    /* 0: none */
        int64_t liquidation_distance_e8; /* INT64_MAX: none */
        uint8_t source;                  /* enum mark_source */
    } marks[MAX_INSTRUMENTS];
    int64_t day_e8[MAX_SCOPES]; /* PnL since the day began, reporting currency */
};

#endif
