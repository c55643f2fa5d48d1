/* The comments that begin with @ are ACSL: what is claimed of this code, and what `make prove`
 * proves
 * of it. `integer` is the mathematical kind: it has no width and does not wrap. */
#include "risk/gate.h"

#define MS_NS 1000000
#define NO_BOUND INT64_MAX
#define NO_COUNT INT32_MAX

/* --- compiling --- */

struct row {
    int64_t max;
    bool least, waived;
};

enum { MOST = 0, LEAST = 1, BINDS = 0, WAIVED = 1 };

static const struct row rows[LIMIT_COUNT] = {
#define LIMIT(ID, name, type, unit, min, max, sense, exits, says)                                  \
    [LIMIT_##ID] = {max, sense, exits},
#include "tables/limits.def"
#undef LIMIT
};

/* A line's limit, and in which scopes it looks for it. */
struct line {
    uint8_t limit;
    bool firm, venue, strategy, instrument;
};

static const struct line wide_lines[GATE_WIDE] = {
#define WIDE(ID, LIMIT, ...) [WIDE_##ID] = {LIMIT_##LIMIT, __VA_ARGS__},
#define COUNT(...)
#include "tables/gate_lines.def"
#undef WIDE
#undef COUNT
};

static const struct line count_lines[GATE_COUNTS] = {
#define WIDE(...)
#define COUNT(ID, LIMIT, ...) [COUNT_##ID] = {LIMIT_##LIMIT, __VA_ARGS__},
#include "tables/gate_lines.def"
#undef WIDE
#undef COUNT
};

struct bound {
    int64_t value; /* held units; LIMIT_UNSET, LIMIT_DENY */
    uint8_t by;
};

/* A value out of its row's range is never looser for it. */
/*@ requires max >= 0;
    assigns \nothing;
    ensures \result == LIMIT_UNSET <==> value == LIMIT_UNSET;
    ensures \result == LIMIT_UNSET || \result == LIMIT_DENY || 0 <= \result <= max;
    ensures 0 <= value <= max ==> \result == value; */
static int64_t within_row(int64_t value, int64_t max)
{
    if (value == LIMIT_UNSET || value == LIMIT_DENY)
        return value;
    if (value < 0)
        return LIMIT_DENY;
    return value < max ? value : max;
}

/*@ predicate held(integer value) = value == LIMIT_UNSET || value == LIMIT_DENY || 0 <= value;

    predicate as_tight(integer bound, integer value, integer least) =
        value == LIMIT_UNSET || bound == LIMIT_DENY ||
        (value != LIMIT_DENY && bound != LIMIT_UNSET &&
         (least != 0 ? bound >= value : bound <= value));
*/

/* The tighter of what stands and what one more scope says. */
/*@ requires held(best.value) && held(value);
    assigns \nothing;
    ensures held(\result.value);
    ensures as_tight(\result.value, best.value, least);
    ensures applies ==> as_tight(\result.value, value, least);
    ensures \result.value == best.value || (applies && \result.value == value); */
static struct bound tighter(struct bound best, bool applies, int64_t value, uint8_t by, bool least)
{
    bool wins = value == LIMIT_DENY || best.value == LIMIT_UNSET ||
                (least ? value > best.value : value < best.value);

    if (applies && wins && value != LIMIT_UNSET && best.value != LIMIT_DENY) {
        best.value = value;
        best.by = by;
    }
    return best;
}

/*@ predicate compiled(struct gate_table *table) = -1 <= table->collar_ratio_e8 <= RATIO_ONE_E8;

    predicate readable(struct gate_limits *limits) =
        \valid_read(limits) &&
        \valid_read(limits->scope[GATE_FIRM]) && \valid_read(limits->scope[GATE_VENUE]) &&
        \valid_read(limits->scope[GATE_STRATEGY]) && \valid_read(limits->scope[GATE_INSTRUMENT]);
*/

/* Of the scopes that are marked. */
/*@ requires readable(limits) && id < LIMIT_COUNT;
    assigns \nothing;
    ensures held(\result.value); */
static struct bound tightest(const struct gate_limits *limits, unsigned id, bool firm, bool venue,
                             bool strategy, bool instrument)
{
    const struct limits *const *scope = limits->scope;
    struct bound best = {LIMIT_UNSET, GATE_FIRM};
    int64_t max = rows[id].max;
    bool least = rows[id].least;

    best = tighter(best, firm, within_row(scope[GATE_FIRM]->value[id], max), GATE_FIRM, least);
    best = tighter(best, venue, within_row(scope[GATE_VENUE]->value[id], max), GATE_VENUE, least);
    best = tighter(best, strategy, within_row(scope[GATE_STRATEGY]->value[id], max), GATE_STRATEGY,
                   least);
    return tighter(best, instrument, within_row(scope[GATE_INSTRUMENT]->value[id], max),
                   GATE_INSTRUMENT, least);
}

/* Limits on margin are for what has one; an exit is not held to what limits.def waives for it. */
/*@ requires \valid_read(limits) && id < LIMIT_COUNT;
    assigns \nothing; */
static bool limit_applies(const struct gate_limits *limits, unsigned id)
{
    if (limits->exit && rows[id].waived)
        return false;
    return limits->margined ||
           (id != LIMIT_MAX_MARGIN_RATIO && id != LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO);
}

/*@ requires ms >= 0;
    assigns \nothing;
    ensures 0 <= \result;
    ensures ms <= INT64_MAX / MS_NS ==> \result == ms * MS_NS; */
static int64_t in_ns(int64_t ms)
{
    return ms > INT64_MAX / MS_NS ? INT64_MAX : ms * MS_NS;
}

/* Held units to those of the line. */
/*@ requires value >= 0;
    assigns \nothing;
    ensures id == LIMIT_MAX_MESSAGES_PER_S && !exit ==> \result == value - value / 5; */
static int64_t as_line(unsigned id, int64_t value, bool exit)
{
    if (id == LIMIT_MAX_DATA_AGE_MS)
        return in_ns(value);
    if (id == LIMIT_DUPLICATE_WINDOW_MS)
        return -in_ns(value);
    if (id == LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO)
        return -value;
    if (id == LIMIT_MAX_MESSAGES_PER_S && !exit)
        return value - value / 5;
    return value;
}

/*@ requires held(value);
    assigns \nothing;
    ensures value == LIMIT_DENY ==> \result == INT64_MIN; */
static int64_t wide_line(unsigned id, int64_t value, bool exit)
{
    if (value == LIMIT_UNSET)
        return NO_BOUND;
    return value == LIMIT_DENY ? INT64_MIN : as_line(id, value, exit);
}

/*@ requires held(value);
    assigns \nothing;
    ensures value == LIMIT_DENY ==> \result == INT32_MIN; */
static int32_t count_line(unsigned id, int64_t value, bool exit)
{
    int64_t line;

    if (value == LIMIT_UNSET)
        return NO_COUNT;
    if (value == LIMIT_DENY)
        return INT32_MIN;
    line = as_line(id, value, exit);
    return line < NO_COUNT ? (int32_t)line : NO_COUNT;
}

/*@ requires readable(limits) && id < LIMIT_COUNT && \valid(table);
    requires \separated(table, limits);
    assigns table->unset, table->taken, table->taken_by[id]; */
static void compile_limit(const struct gate_limits *limits, unsigned id, struct gate_table *table)
{
    struct bound bound = tightest(limits, id, true, true, true, true);

    table->taken_by[id] = bound.by;
    if (!limit_applies(limits, id))
        return;
    if (bound.value == LIMIT_UNSET)
        table->unset |= 1U << id;
    if (bound.value == LIMIT_DENY)
        table->taken |= 1U << id;
}

/*@ requires readable(limits) && line.limit < LIMIT_COUNT;
    assigns \nothing;
    ensures held(\result.value); */
static struct bound line_bound(const struct gate_limits *limits, struct line line)
{
    struct bound bound =
        tightest(limits, line.limit, line.firm, line.venue, line.strategy, line.instrument);

    if (!limit_applies(limits, line.limit))
        bound.value = LIMIT_UNSET;
    return bound;
}

/*@ requires readable(limits) && \valid(table) && \separated(table, limits);
    assigns table->unset, table->taken, table->taken_by[0 .. LIMIT_COUNT - 1],
            table->wide[0 .. GATE_WIDE - 1], table->wide_by[0 .. GATE_WIDE - 1],
            table->count[0 .. GATE_COUNTS - 1]; */
static void compile_lines(const struct gate_limits *limits, struct gate_table *table)
{
    /*@ loop invariant 0 <= id <= LIMIT_COUNT;
        loop assigns id, table->unset, table->taken, table->taken_by[0 .. LIMIT_COUNT - 1];
        loop variant LIMIT_COUNT - id; */
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        compile_limit(limits, id, table);
    /*@ loop invariant 0 <= line <= GATE_WIDE;
        loop assigns line, table->wide[0 .. GATE_WIDE - 1], table->wide_by[0 .. GATE_WIDE - 1];
        loop variant GATE_WIDE - line; */
    for (unsigned line = 0; line < GATE_WIDE; line++) {
        struct bound bound = line_bound(limits, wide_lines[line]);

        table->wide[line] = wide_line(wide_lines[line].limit, bound.value, limits->exit);
        table->wide_by[line] = bound.by;
    }
    /*@ loop invariant 0 <= line <= GATE_COUNTS;
        loop assigns line, table->count[0 .. GATE_COUNTS - 1];
        loop variant GATE_COUNTS - line; */
    for (unsigned line = 0; line < GATE_COUNTS; line++) {
        struct bound bound = line_bound(limits, count_lines[line]);

        table->count[line] = count_line(count_lines[line].limit, bound.value, limits->exit);
    }
}

/*@ requires readable(limits) && \valid(table) && \separated(table, limits);
    assigns table->collar_ratio_e8, table->wide[WIDE_COLLAR];
    ensures -1 <= table->collar_ratio_e8 <= RATIO_ONE_E8; */
static void compile_collar(const struct gate_limits *limits, struct gate_table *table)
{
    int64_t ratio = tightest(limits, LIMIT_PRICE_COLLAR_RATIO, true, true, true, true).value;

    table->collar_ratio_e8 = ratio < 0 ? -1 : ratio < RATIO_ONE_E8 ? ratio : RATIO_ONE_E8;
    table->wide[WIDE_COLLAR] = NO_BOUND; /* it depends on the mid */
}

/*@ requires readable(limits) && \valid(table) && \separated(table, limits);
    assigns *table;
    ensures compiled(table);
    ensures table->exit == limits->exit && table->generation == limits->generation; */
void gate_compile(const struct gate_limits *limits, struct gate_table *table)
{
    table->generation = limits->generation;
    table->exit = limits->exit;
    table->made = true;
    table->unset = table->taken = 0;
    /*@ loop invariant 0 <= at <= GATE_SCOPES;
        loop assigns at, table->scope[0 .. GATE_SCOPES - 1];
        loop variant GATE_SCOPES - at; */
    for (unsigned at = 0; at < GATE_SCOPES; at++)
        table->scope[at] = limits->number[at];
    compile_lines(limits, table);
    compile_collar(limits, table);
}

/*@ requires \valid_read(limits);
    assigns \nothing; */
bool gate_limits_hold(const struct limits *limits)
{
    bool hold = true;

    /*@ loop invariant 0 <= id <= LIMIT_COUNT;
        loop assigns id, hold;
        loop variant LIMIT_COUNT - id; */
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        hold = hold && within_row(limits->value[id], rows[id].max) == limits->value[id];
    return hold;
}

/* --- checking --- */

/*@ predicate sound(struct gate_input *in) =
        0 <= in->now_ns && 0 <= in->book_ns && 0 <= in->filled_lots <= MAX_LOTS &&
        -MAX_HELD_LOTS <= in->position_lots[GATE_TOTAL] <= MAX_HELD_LOTS &&
        -MAX_HELD_LOTS <= in->position_lots[GATE_OWN] <= MAX_HELD_LOTS &&
        0 <= in->working_lots[GATE_TOTAL] <= MAX_HELD_LOTS &&
        0 <= in->working_lots[GATE_OWN] <= MAX_HELD_LOTS;

    predicate bounded(integer price, integer qty, integer mid_twice) =
        0 <= price <= MAX_PRICE_TICKS && 0 <= qty <= MAX_LOTS &&
        0 <= mid_twice <= 2 * MAX_PRICE_TICKS;

    predicate legible(struct gate_input *in) =
        0 < in->price_ticks <= MAX_PRICE_TICKS && 0 < in->qty_lots <= MAX_LOTS &&
        0 < in->mid_twice_ticks <= 2 * MAX_PRICE_TICKS;

    // A position as the order sees it: its own direction is positive. And what would be held if all
    // that works on its side and the order itself filled, and nothing of the other side.
    logic integer toward(struct gate_input *in, integer holder) =
        in->buy ? in->position_lots[holder] : -in->position_lots[holder];
    logic integer worst(struct gate_input *in, integer holder, integer qty) =
        toward(in, holder) + in->working_lots[holder] + qty - in->filled_lots;

    logic integer book_age(struct gate_input *in) =
        in->book_ns == 0 ? -1 : \max(in->now_ns - in->book_ns, 0);
    logic integer data_age(struct gate_input *in, integer venue_age) =
        in->book_ns == 0 ? INT64_MAX : \max(book_age(in), venue_age);

    // May only what shrinks a position pass, and is this such an order?
    predicate must_reduce(struct gate_table *table, struct gate_input *in) =
        in->state == STATE_REDUCING || in->reduce_only || table->exit;
    predicate reduces(struct gate_table *table, struct gate_input *in, integer qty) =
        (!(table->exit && in->exit_own) ==> worst(in, GATE_TOTAL, qty) <= 0) &&
        (!(table->exit && !in->exit_own) ==> worst(in, GATE_OWN, qty) <= 0);
    predicate state_allows(struct gate_table *table, struct gate_input *in, integer qty) =
        (in->state >= STATE_HALTED ==> table->exit) &&
        (must_reduce(table, in) ==> reduces(table, in, qty));

    predicate wide_hold(struct gate_table *table, struct verdict *verdict) =
        \forall integer line; WIDE_DUPLICATE <= line < GATE_WIDE ==>
            verdict->wide[line] <= table->wide[line];
    predicate count_hold(struct gate_table *table, struct verdict *verdict) =
        \forall integer line; 0 <= line < GATE_COUNTS ==>
            verdict->count[line] <= table->count[line];
    predicate own_hold(struct gate_table *table, struct gate_input *in, struct verdict *verdict,
                       integer price, integer qty, integer mid_twice) =
        qty <= table->wide[WIDE_ORDER_LOTS] &&
        verdict->wide[WIDE_ORDER_NOTIONAL] <= table->wide[WIDE_ORDER_NOTIONAL] &&
        \abs(2 * price - mid_twice) * RATIO_ONE_E8 <= mid_twice * table->collar_ratio_e8 &&
        data_age(in, verdict->venue_age_ns) <= table->wide[WIDE_DATA_AGE] &&
        worst(in, GATE_TOTAL, qty) <= table->wide[WIDE_POSITION_TOTAL] &&
        worst(in, GATE_OWN, qty) <= table->wide[WIDE_POSITION_OWN];

    // Whatever part fills of what is open on the order's side, the order included.
    predicate never_grows(struct gate_input *in, integer holder) =
        \forall integer filled; 0 <= filled <=
            in->working_lots[holder] + in->qty_lots - in->filled_lots ==>
            toward(in, holder) <= toward(in, holder) + filled <= 0;
    predicate stays_within(struct gate_input *in, integer holder, integer limit) =
        \forall integer filled; 0 <= filled <=
            in->working_lots[holder] + in->qty_lots - in->filled_lots ==>
            toward(in, holder) + filled <= limit;

    // Everything that must be so for an order to pass.
    predicate allowed(struct gate_table *table, struct gate_input *in, struct verdict *verdict,
                      integer price, integer qty, integer mid_twice) =
        in->refused == 0 && table->unset == 0 && table->taken == 0 &&
        verdict->required_e8 <= verdict->available_e8 &&
        state_allows(table, in, qty) &&
        own_hold(table, in, verdict, price, qty, mid_twice) &&
        wide_hold(table, verdict) && count_hold(table, verdict);
*/

/*@ requires \valid_read(in);
    assigns \nothing;
    ensures \result <==> sound(in); */
bool gate_input_is_sound(const struct gate_input *in)
{
    const int64_t *position = in->position_lots;
    const int64_t *working = in->working_lots;

    return in->now_ns >= 0 && in->book_ns >= 0 && in->filled_lots >= 0 &&
           in->filled_lots <= MAX_LOTS && position[GATE_TOTAL] >= -MAX_HELD_LOTS &&
           position[GATE_TOTAL] <= MAX_HELD_LOTS && position[GATE_OWN] >= -MAX_HELD_LOTS &&
           position[GATE_OWN] <= MAX_HELD_LOTS && working[GATE_TOTAL] >= 0 &&
           working[GATE_TOTAL] <= MAX_HELD_LOTS && working[GATE_OWN] >= 0 &&
           working[GATE_OWN] <= MAX_HELD_LOTS;
}

/* Worst case of the order's side, growing is positive: everything that works on it fills and so
 * does the order; nothing of the other side does. */
/*@ requires \valid_read(in) && sound(in) && 0 <= qty <= MAX_LOTS;
    requires holder == GATE_TOTAL || holder == GATE_OWN;
    assigns \nothing;
    ensures \result == worst(in, holder, qty); */
static inline int64_t worst_lots(const struct gate_input *in, unsigned holder, int64_t qty)
{
    int64_t position = in->position_lots[holder];

    return (in->buy ? position : -position) + in->working_lots[holder] + qty - in->filled_lots;
}

/* In half ticks. */
/*@ requires bounded(price, 0, mid_twice);
    assigns \nothing;
    ensures \result == \abs(2 * price - mid_twice) && 0 <= \result <= 2 * MAX_PRICE_TICKS; */
static inline int64_t away_from_mid(int64_t price, int64_t mid_twice)
{
    int64_t price_twice = 2 * price;

    return price_twice < mid_twice ? mid_twice - price_twice : price_twice - mid_twice;
}

/* By our own clock. One that stepped back gives 0, not a negative age. */
/*@ requires \valid_read(in) && sound(in);
    assigns \nothing;
    ensures \result == book_age(in); */
static inline int64_t book_age_ns(const struct gate_input *in)
{
    int64_t age = in->now_ns < in->book_ns ? 0 : in->now_ns - in->book_ns;

    return in->book_ns == 0 ? -1 : age;
}

/* Of both clocks the older; no book is older than any. */
/*@ assigns \nothing;
    ensures \result == (book_age < 0 ? INT64_MAX : \max(book_age, venue_age)); */
static inline int64_t older_ns(int64_t book_age, int64_t venue_age)
{
    int64_t older = book_age < venue_age ? venue_age : book_age;

    return book_age < 0 ? INT64_MAX : older;
}

/* How many of the measured lines do not hold. Two loops that the compiler turns into vectors. */
/*@ requires \valid_read(table) && \valid_read(verdict);
    assigns \nothing;
    ensures 0 <= \result <= GATE_WIDE;
    ensures \result == 0 <==> wide_hold(table, verdict); */
static inline int64_t wide_over(const struct gate_table *table, const struct verdict *verdict)
{
    int64_t over = 0;

    /*@ loop invariant WIDE_DUPLICATE <= line <= GATE_WIDE;
        loop invariant 0 <= over <= line;
        loop invariant over == 0 <==> \forall integer past; WIDE_DUPLICATE <= past < line ==>
            verdict->wide[past] <= table->wide[past];
        loop assigns line, over;
        loop variant GATE_WIDE - line; */
    for (unsigned line = WIDE_DUPLICATE; line < GATE_WIDE; line++)
        over += verdict->wide[line] > table->wide[line];
    return over;
}

/*@ requires \valid_read(table) && \valid_read(verdict);
    assigns \nothing;
    ensures 0 <= \result <= GATE_COUNTS;
    ensures \result == 0 <==> count_hold(table, verdict); */
static inline int32_t count_over(const struct gate_table *table, const struct verdict *verdict)
{
    int32_t over = 0;

    /*@ loop invariant 0 <= line <= GATE_COUNTS;
        loop invariant 0 <= over <= line;
        loop invariant over == 0 <==> \forall integer past; 0 <= past < line ==>
            verdict->count[past] <= table->count[past];
        loop assigns line, over;
        loop variant GATE_COUNTS - line; */
    for (unsigned line = 0; line < GATE_COUNTS; line++)
        over += verdict->count[line] > table->count[line];
    return over;
}

/* What the gate works out of the order itself. */
struct worked_out {
    int64_t price, qty, mid_twice, away; /* away: half ticks from the mid */
    int64_t total, own;                  /* worst cases */
    int64_t book_age, age;
};

/*@ predicate is_worked_out(struct worked_out order, struct gate_input *in, integer venue_age) =
        bounded(order.price, order.qty, order.mid_twice) &&
        order.away == \abs(2 * order.price - order.mid_twice) &&
        order.total == worst(in, GATE_TOTAL, order.qty) &&
        order.own == worst(in, GATE_OWN, order.qty) &&
        order.age == data_age(in, venue_age);
*/

/*@ requires bounded(0, 0, mid_twice) && 0 <= away <= 2 * MAX_PRICE_TICKS;
    requires -1 <= ratio <= RATIO_ONE_E8;
    assigns \nothing;
    ensures \result <==> away * RATIO_ONE_E8 > mid_twice * ratio; */
static inline bool is_outside(int64_t away, int64_t mid_twice, int64_t ratio)
{
    //@ assert mid_twice * ratio <= mid_twice * RATIO_ONE_E8;
    //@ assert -mid_twice <= mid_twice * ratio;
    return away * RATIO_ONE_E8 > mid_twice * ratio;
}

/* How many of the lines do not hold that are about the order itself. */
/*@ requires \valid_read(table) && compiled(table) && \valid_read(verdict) && \valid_read(in);
    requires is_worked_out(order, in, verdict->venue_age_ns);
    assigns \nothing;
    ensures 0 <= \result <= 6;
    ensures \result == 0 <==>
        own_hold(table, in, verdict, order.price, order.qty, order.mid_twice); */
static inline int64_t own_over(const struct gate_table *table, const struct gate_input *in,
                               const struct verdict *verdict, struct worked_out order)
{
    (void)in;
    return (order.qty > table->wide[WIDE_ORDER_LOTS]) +
           (verdict->wide[WIDE_ORDER_NOTIONAL] > table->wide[WIDE_ORDER_NOTIONAL]) +
           is_outside(order.away, order.mid_twice, table->collar_ratio_e8) +
           (order.age > table->wide[WIDE_DATA_AGE]) +
           (order.total > table->wide[WIDE_POSITION_TOTAL]) +
           (order.own > table->wide[WIDE_POSITION_OWN]);
}

/* What a state, a flag or an exit forbids. An exit shrinks what it is an exit from. */
/*@ requires \valid_read(table) && \valid_read(in);
    requires order.total == worst(in, GATE_TOTAL, order.qty);
    requires order.own == worst(in, GATE_OWN, order.qty);
    assigns \nothing;
    ensures \result == 0 <==> state_allows(table, in, order.qty);
    ensures 0 <= \result <= BIT_DENY_HALTED + BIT_DENY_REDUCING_ONLY; */
static uint16_t refused_by_state(const struct gate_table *table, const struct gate_input *in,
                                 struct worked_out order)
{
    bool must_reduce = in->state == STATE_REDUCING || in->reduce_only || table->exit;
    bool reduces = ((table->exit && in->exit_own) || order.total <= 0) &&
                   ((table->exit && !in->exit_own) || order.own <= 0);

    return (uint16_t)(gate_bit(BIT_DENY_HALTED, in->state >= STATE_HALTED && !table->exit) +
                      gate_bit(BIT_DENY_REDUCING_ONLY, must_reduce && !reduces));
}

/* --- naming what failed: cold --- */

/*@ requires \valid_read(table) && compiled(table) && \valid_read(verdict);
    requires 0 <= verdict->wide[WIDE_COLLAR] <= 2 * MAX_PRICE_TICKS;
    requires 0 <= verdict->mid_twice_ticks <= 2 * MAX_PRICE_TICKS;
    requires line < GATE_WIDE;
    assigns \nothing; */
static bool wide_fails(const struct gate_table *table, const struct verdict *verdict, unsigned line)
{
    if (line == WIDE_COLLAR)
        return is_outside(verdict->wide[line], verdict->mid_twice_ticks, table->collar_ratio_e8);
    return verdict->wide[line] > table->wide[line];
}

/* The first limit, in the order of limits.def, whose line fails; LIMIT_COUNT: none. */
/*@ requires \valid_read(table) && compiled(table) && \valid(verdict);
    requires \separated(table, verdict);
    requires 0 <= verdict->wide[WIDE_COLLAR] <= 2 * MAX_PRICE_TICKS;
    requires 0 <= verdict->mid_twice_ticks <= 2 * MAX_PRICE_TICKS;
    assigns verdict->denied_by, verdict->line, verdict->limit, verdict->scope;
    ensures verdict->denied_by <= LIMIT_COUNT; */
static void find_line(const struct gate_table *table, struct verdict *verdict)
{
    verdict->denied_by = LIMIT_COUNT;
    /*@ loop invariant 0 <= line <= GATE_WIDE && verdict->denied_by <= LIMIT_COUNT;
        loop assigns line, verdict->denied_by, verdict->line, verdict->limit, verdict->scope;
        loop variant GATE_WIDE - line; */
    for (unsigned line = 0; line < GATE_WIDE; line++)
        if (wide_lines[line].limit < verdict->denied_by && wide_fails(table, verdict, line)) {
            verdict->denied_by = wide_lines[line].limit;
            verdict->line = (uint8_t)line;
            verdict->limit = line == WIDE_COLLAR ? table->collar_ratio_e8 : table->wide[line];
            verdict->scope = table->scope[table->wide_by[line] % GATE_SCOPES];
        }
    /*@ loop invariant 0 <= line <= GATE_COUNTS && verdict->denied_by <= LIMIT_COUNT;
        loop assigns line, verdict->denied_by, verdict->line, verdict->limit, verdict->scope;
        loop variant GATE_COUNTS - line; */
    for (unsigned line = 0; line < GATE_COUNTS; line++)
        if (count_lines[line].limit < verdict->denied_by &&
            verdict->count[line] > table->count[line]) {
            verdict->denied_by = count_lines[line].limit;
            verdict->line = (uint8_t)(GATE_WIDE + line);
            verdict->limit = table->count[line];
            verdict->scope = table->scope[line % GATE_SCOPES];
        }
}

/* A limit that is not there precedes those behind it, and hides its own lines. */
/*@ requires \valid_read(table) && \valid(verdict) && \separated(table, verdict);
    assigns verdict->denied_by, verdict->limit, verdict->scope;
    ensures \result ==> verdict->denied_by < LIMIT_COUNT;
    ensures !\result ==> verdict->denied_by == \old(verdict->denied_by); */
static bool find_not_set(const struct gate_table *table, struct verdict *verdict)
{
    /*@ loop invariant 0 <= id <= LIMIT_COUNT;
        loop assigns id;
        loop variant LIMIT_COUNT - id; */
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        bool taken = (table->taken >> id & 1) != 0;

        if (id > verdict->denied_by || (!taken && (table->unset >> id & 1) == 0))
            continue;
        verdict->denied_by = (uint8_t)id;
        verdict->limit = taken ? LIMIT_DENY : LIMIT_UNSET;
        verdict->scope = taken ? table->scope[table->taken_by[id] % GATE_SCOPES] : 0;
        return true;
    }
    return false;
}

/* The name of the first check that failed. Called when one has. */
/*@ requires \valid_read(table) && compiled(table) && \valid(verdict);
    requires \separated(table, verdict);
    requires 0 <= verdict->wide[WIDE_COLLAR] <= 2 * MAX_PRICE_TICKS;
    requires 0 <= verdict->mid_twice_ticks <= 2 * MAX_PRICE_TICKS;
    assigns verdict->denial, verdict->denied_by, verdict->line, verdict->limit, verdict->scope;
    ensures verdict->denial != DENIAL_NONE; */
static void name_denial(const struct gate_table *table, struct verdict *verdict)
{
#define DENIAL(ID, ...)                                                                            \
    if ((verdict->refused & BIT_##ID) != 0) {                                                      \
        verdict->denial = ID;                                                                      \
        return;                                                                                    \
    }
#include "tables/denials.def"
#undef DENIAL
    find_line(table, verdict);
    if (find_not_set(table, verdict))
        verdict->denial = DENY_LIMIT_NOT_SET;
    else if (verdict->denied_by == LIMIT_DUPLICATE_WINDOW_MS)
        verdict->denial = DENY_DUPLICATE;
    else
        verdict->denial = (uint8_t)(verdict->denied_by + 1);
}

/* --- the gate --- */

/* Puts what was worked out into the verdict, as of an order that passes. */
/*@ requires \valid_read(table) && \valid(verdict) && \separated(verdict, table);
    assigns *verdict;
    ensures verdict->denial == DENIAL_NONE;
    ensures verdict->wide[WIDE_COLLAR] == order.away;
    ensures verdict->mid_twice_ticks == order.mid_twice; */
static inline void record(const struct gate_table *table, struct worked_out order, int refused,
                          struct verdict *verdict)
{
    verdict->generation = table->generation;
    verdict->mid_twice_ticks = order.mid_twice;
    verdict->book_age_ns = order.book_age;
    verdict->wide[WIDE_ORDER_LOTS] = order.qty;
    verdict->wide[WIDE_COLLAR] = order.away;
    verdict->wide[WIDE_DATA_AGE] = order.age;
    verdict->wide[WIDE_POSITION_TOTAL] = order.total;
    verdict->wide[WIDE_POSITION_OWN] = order.own;
    verdict->limit = 0;
    verdict->refused = (uint16_t)refused;
    verdict->scope = 0;
    verdict->denial = DENIAL_NONE;
    verdict->denied_by = LIMIT_COUNT;
    verdict->line = 0;
    verdict->reserved[0] = 0;
}

/* Price, size and mid are those of the order, or 0 where `refused` says that they cannot be counted
 * with. */
/*@ requires \valid_read(table) && \valid_read(in) && \valid(verdict);
    requires \separated(verdict, table) && \separated(verdict, in);
    requires compiled(table) && sound(in) && bounded(price, qty, mid_twice);
    assigns *verdict;
    ensures verdict->denial == DENIAL_NONE <==>
        refused == 0 && \at(allowed(table, in, verdict, price, qty, mid_twice), Pre); */
static inline void judge(const struct gate_table *table, const struct gate_input *in, int64_t price,
                         int64_t qty, int64_t mid_twice, uint16_t refused, struct verdict *verdict)
{
    int64_t over = wide_over(table, verdict) + count_over(table, verdict);
    int here = gate_bit(BIT_DENY_BALANCE, verdict->required_e8 > verdict->available_e8);
    struct worked_out order = {.price = price, .qty = qty, .mid_twice = mid_twice};
    bool failed;

    order.away = away_from_mid(price, mid_twice);
    order.total = worst_lots(in, GATE_TOTAL, qty);
    order.own = worst_lots(in, GATE_OWN, qty);
    order.book_age = book_age_ns(in);
    order.age = older_ns(order.book_age, verdict->venue_age_ns);
    over += own_over(table, in, verdict, order);
    if (in->state != STATE_ACTIVE || in->reduce_only || table->exit)
        here += refused_by_state(table, in, order);
    failed = over + refused + in->refused + here != 0 || table->unset != 0 || table->taken != 0;
    record(table, order, refused | in->refused | here, verdict);
    if (failed)
        name_denial(table, verdict);
}

/*@ requires \valid_read(in) && \valid_read(table) && \valid(verdict);
    requires \separated(verdict, table) && \separated(verdict, in);
    requires compiled(table) && sound(in) && !legible(in);
    assigns *verdict;
    ensures verdict->denial != DENIAL_NONE; */
static void judge_illegible(const struct gate_table *table, const struct gate_input *in,
                            struct verdict *verdict)
{
    bool off_tick = in->price_ticks <= 0 || in->price_ticks > MAX_PRICE_TICKS;
    bool off_lot = in->qty_lots <= 0 || in->qty_lots > MAX_LOTS;
    bool no_mid = in->mid_twice_ticks <= 0 || in->mid_twice_ticks > 2 * MAX_PRICE_TICKS;

    judge(table, in, off_tick ? 0 : in->price_ticks, off_lot ? 0 : in->qty_lots,
          no_mid ? 0 : in->mid_twice_ticks,
          (uint16_t)(gate_bit(BIT_DENY_OFF_TICK, off_tick) + gate_bit(BIT_DENY_OFF_LOT, off_lot) +
                     gate_bit(BIT_DENY_NO_REFERENCE, no_mid)),
          verdict);
}

/*@ requires \valid_read(table) && \valid_read(in) && \valid(verdict);
    requires \separated(verdict, table) && \separated(verdict, in);
    requires compiled(table) && sound(in);
    assigns *verdict;

    // An order passes exactly when nothing forbids it and every line holds.
    ensures sound_and_complete: verdict->denial == DENIAL_NONE <==>
        \at(legible(in) && allowed(table, in, verdict, in->price_ticks, in->qty_lots,
                                   in->mid_twice_ticks), Pre);

    // What follows, said one by one.
    ensures halted_denies: \at(in->state >= STATE_HALTED && !table->exit, Pre) ==>
        verdict->denial != DENIAL_NONE;
    ensures not_set_denies: \at(table->unset != 0 || table->taken != 0, Pre) ==>
        verdict->denial != DENIAL_NONE;
    ensures refused_denies: \at(in->refused != 0, Pre) ==> verdict->denial != DENIAL_NONE;
    ensures every_wide_line_holds: verdict->denial == DENIAL_NONE ==>
        \at(wide_hold(table, verdict), Pre);
    ensures every_count_holds: verdict->denial == DENIAL_NONE ==>
        \at(count_hold(table, verdict), Pre);
    // Where only what reduces may pass: whatever part fills of the order and of all that works
    // beside it, the position does not grow and does not cross zero.
    ensures reduce_only_reduces: verdict->denial == DENIAL_NONE ==> \at(
        must_reduce(table, in) && !(table->exit && in->exit_own) ==>
            never_grows(in, GATE_TOTAL), Pre);
    ensures reduce_only_reduces_own: verdict->denial == DENIAL_NONE ==> \at(
        must_reduce(table, in) && !(table->exit && !in->exit_own) ==>
            never_grows(in, GATE_OWN), Pre);
    // No part of what works and of the order takes the position beyond its limit.
    ensures position_stays_within: verdict->denial == DENIAL_NONE ==> \at(
        stays_within(in, GATE_TOTAL, table->wide[WIDE_POSITION_TOTAL]), Pre);
    ensures own_position_stays_within: verdict->denial == DENIAL_NONE ==> \at(
        stays_within(in, GATE_OWN, table->wide[WIDE_POSITION_OWN]), Pre); */
void gate_check(const struct gate_table *table, const struct gate_input *in,
                struct verdict *verdict)
{
    bool legible = in->price_ticks > 0 && in->price_ticks <= MAX_PRICE_TICKS && in->qty_lots > 0 &&
                   in->qty_lots <= MAX_LOTS && in->mid_twice_ticks > 0 &&
                   in->mid_twice_ticks <= 2 * MAX_PRICE_TICKS;

    if (legible)
        judge(table, in, in->price_ticks, in->qty_lots, in->mid_twice_ticks, 0, verdict);
    else
        judge_illegible(table, in, verdict);
}
