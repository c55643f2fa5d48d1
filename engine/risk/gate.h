/* The gate: every new order and amend passes it or is denied, and the verdict says why either way.
 *
 * Two halves. gate_compile(), cold, turns the limits of the four scopes that apply to one strategy
 * in one instrument (firm, venue, strategy, instrument) into a table of lines (gate_lines.def).
 * gate_check(), hot, compares measured <= limit on every line and adds up what forbids an order
 * outright; nothing branches before the answer is known, so its cost does not depend on which check
 * fails. A limit that no applicable scope sets denies; so does one that was set to null. The margin
 * limits do not apply to an instrument that has no margin. There is no bypass: an exit (ORDER_EXIT)
 * passes HALTED, but only if it cannot enlarge the position, and within every limit that binds it.
 *
 * New orders and amends get max_messages_per_s less its fifth (rounded down): that is kept for
 * cancels, which are counted and never refused, and for exits.
 *
 * Measures go straight into the verdict, which is what is compared and what is journaled:
 *   gate_measure()  once, what is the same in every scope
 *   gate_use()      for each scope, what it counts for itself
 *   gate_check()    the rest, and the answer
 *
 * `make prove` proves gate_check() as it is compiled: its contract stands in gate.c. It is proved
 * for inputs of which gate_input_is_sound() is true; the caller asserts that. Pure functions, any
 * thread; the engine's thread judges. */
#ifndef PITWALL_RISK_GATE_H
#define PITWALL_RISK_GATE_H

#include "domain/limit.h"
#include "domain/scope.h"

enum { GATE_TOTAL, GATE_OWN, GATE_HOLDERS }; /* of a position: the instrument's, the strategy's */

/* More than can be held, or can work on one side of one instrument. */
#define MAX_HELD_LOTS (2 * MAX_ORDERS * MAX_LOTS)

struct gate_limits {
    const struct limits *scope[GATE_SCOPES];
    uint16_t number[GATE_SCOPES]; /* the scopes' numbers, for the verdict */
    uint64_t generation;
    bool margined; /* the instrument has a maintenance margin */
    bool exit;     /* the table is for exits: limits.def says which limits they are not held to */
};

/* Lines of one strategy in one instrument. Exits, which are rare, get a table made for each. */
struct gate_table {
    __attribute__((aligned(16))) int64_t wide[GATE_WIDE]; /* two at a time */
    int32_t count[GATE_COUNTS];
    uint64_t generation;
    int64_t collar_ratio_e8; /* -1: denies */
    uint32_t unset, taken;   /* a bit per limit: nobody sets it, somebody set it to null */
    uint16_t scope[GATE_SCOPES];
    uint8_t wide_by[GATE_WIDE];    /* GATE_FIRM..: whose limit stands in the line */
    uint8_t taken_by[LIMIT_COUNT]; /* who set it to null */
    bool exit;
    bool made; /* false: it has never been compiled */
};

/* What is asked, and what the gate works the rest out from. Of an amend: the new price and what
 * total quantity; what the order exposes as it is has been taken out of every measure, as far as
 * the new quantity covers it. */
struct gate_input {
    int64_t price_ticks, qty_lots;
    int64_t filled_lots;     /* of an amend: so much of its quantity has been traded already */
    int64_t mid_twice_ticks; /* best bid + best ask; 0: a side is empty */
    int64_t now_ns, book_ns; /* book_ns 0: no book yet */
    int64_t position_lots[GATE_HOLDERS]; /* short is negative */
    int64_t working_lots[GATE_HOLDERS];  /* of the order's side */
    enum trading_state state;            /* effective */
    uint16_t refused;                    /* BIT_DENY_..: what the caller knows, see below */
    bool buy, reduce_only;
    bool exit_own; /* an exit is judged by the strategy's own position, not the instrument's */
};

/* The caller knows UNKNOWN_INSTRUMENT, NOT_PERMITTED, BUSY (no room in journal, ring or pool),
 * STALE_DATA (the book), NO_REFERENCE (no fresh conversion) and SELF_MATCH. */
/*@ requires 0 <= bit <= UINT16_MAX;
    assigns \nothing;
    ensures \result == (holds ? bit : 0); */
static inline uint16_t gate_bit(enum refused_bit bit, bool holds)
{
    return (uint16_t)(holds ? bit : 0);
}

/* A counter as the gate compares it, with `more` of this order on top. It stops at INT32_MAX: one
 * that wrapped would be below every limit. */
/*@ requires 0 <= more <= 1;
    assigns \nothing;
    ensures \result == (count + more < INT32_MAX ? count + more : INT32_MAX); */
static inline int32_t gate_counter(uint32_t count, int32_t more)
{
    uint32_t most = (uint32_t)(INT32_MAX - more);

    return (int32_t)(count < most ? count : most) + more;
}

/* The same in every scope. Not known: INT64_MAX; not applicable: as said. */
struct gate_measures {
    int64_t notional_e8;      /* of this order, reporting currency */
    int64_t duplicate_age_ns; /* since an equal order was sent; INT64_MAX: none */
    int64_t drawdown_ratio_e8;
    int64_t margin_ratio_e8;           /* 0: no margin */
    int64_t liquidation_distance_e8;   /* ratio of the mark; INT64_MAX: none */
    int64_t venue_age_ns;              /* since the venue's own stamps last moved on; -1: none */
    int64_t rate_age_ns;               /* of the conversion price, for the record; -1: none */
    int64_t required_e8, available_e8; /* balance, settlement currency; 0, 0: not kept */
};

/*@ requires \valid(verdict);
    requires measures.duplicate_age_ns > INT64_MIN && measures.liquidation_distance_e8 > INT64_MIN;
    assigns *verdict; */
static inline void gate_measure(struct verdict *verdict, struct gate_measures measures)
{
    verdict->wide[WIDE_ORDER_NOTIONAL] = measures.notional_e8;
    verdict->wide[WIDE_DUPLICATE] = -measures.duplicate_age_ns;
    verdict->wide[WIDE_DRAWDOWN] = measures.drawdown_ratio_e8;
    verdict->wide[WIDE_MARGIN] = measures.margin_ratio_e8;
    verdict->wide[WIDE_LIQUIDATION] = -measures.liquidation_distance_e8;
    verdict->venue_age_ns = measures.venue_age_ns;
    verdict->rate_age_ns = measures.rate_age_ns;
    verdict->required_e8 = measures.required_e8;
    verdict->available_e8 = measures.available_e8;
}

/* What is in use in one scope with this order: it is one message; a new one is also one open order
 * and one more of the day; gross and net are the worst case if it fills. The counters are
 * gate_counter()'s. */
struct gate_use {
    int64_t day_pnl_e8, gross_e8, net_e8;
    int32_t open_orders, messages, orders_today, executions;
};

/* `scope`: GATE_FIRM... */
/*@ requires \valid(verdict) && scope < GATE_SCOPES && use.day_pnl_e8 > INT64_MIN;
    assigns *verdict; */
static inline void gate_use(struct verdict *verdict, unsigned scope, struct gate_use use)
{
    verdict->wide[WIDE_GROSS_FIRM + scope] = use.gross_e8;
    verdict->wide[WIDE_NET_FIRM + scope] = use.net_e8;
    verdict->wide[WIDE_LOSS_FIRM + scope] = -use.day_pnl_e8;
    verdict->count[COUNT_OPEN_FIRM + scope] = use.open_orders;
    verdict->count[COUNT_MESSAGES_FIRM + scope] = use.messages;
    verdict->count[COUNT_ORDERS_FIRM + scope] = use.orders_today;
    verdict->count[COUNT_EXECUTIONS_FIRM + scope] = use.executions;
}

/* Judges. verdict->denial is DENIAL_NONE exactly when the order may be sent. */
void gate_check(const struct gate_table *table, const struct gate_input *in,
                struct verdict *verdict);

/* The preconditions of gate_check(); a few ns. */
bool gate_input_is_sound(const struct gate_input *in);

/* About 1 us. Takes any value of a limit: one above its row's maximum counts as the maximum, a
 * negative one that is not LIMIT_UNSET as null. */
void gate_compile(const struct gate_limits *limits, struct gate_table *table);

/* True while every limit is LIMIT_UNSET, LIMIT_DENY or within its row. Asserted at start-up of all
 * scopes' limits and caps. */
bool gate_limits_hold(const struct limits *limits);

/* The gate has passed it, but what is found last stands against it: it meets our own order, or
 * there
 * is no room on the ring. */
/*@ requires \valid(verdict) && FIRST_OUTRIGHT <= denial <= LAST_OUTRIGHT;
    assigns verdict->denial, verdict->refused;
    ensures verdict->denial != DENIAL_NONE; */
static inline void gate_refuse(struct verdict *verdict, enum denial denial)
{
    verdict->denial = (uint8_t)denial;
    verdict->refused = (uint16_t)(verdict->refused | 1U << (denial - FIRST_OUTRIGHT));
}

#endif
