#include "risk/explain.h"

#include "base/assert.h"

#define MS_NS 1000000

/* A line: what it bounds, and where. */
struct line {
    uint8_t limit;
    bool scope[GATE_SCOPES];
};

static const struct line lines[GATE_WIDE + GATE_COUNTS] = {
#define WIDE(ID, LIMIT, ...) [WIDE_##ID] = {LIMIT_##LIMIT, {__VA_ARGS__}},
#define COUNT(ID, LIMIT, ...) [GATE_WIDE + COUNT_##ID] = {LIMIT_##LIMIT, {__VA_ARGS__}},
#include "tables/gate_lines.def"
#undef WIDE
#undef COUNT
};

static int64_t measure(const struct verdict *verdict, unsigned line)
{
    return line < GATE_WIDE ? verdict->wide[line] : verdict->count[line - GATE_WIDE];
}

static int64_t bound(const struct gate_table *table, unsigned line)
{
    if (line == WIDE_COLLAR)
        return table->collar_ratio_e8;
    return line < GATE_WIDE ? table->wide[line] : table->count[line - GATE_WIDE];
}

static bool is_unbounded(unsigned line, int64_t limit)
{
    return limit == (line < GATE_WIDE ? INT64_MAX : INT32_MAX);
}

static int64_t divided_up(int64_t value, int64_t by)
{
    return value / by + (value % by > 0);
}

/* A line's measure in the units of its limit. Ages round up where more is worse, down where less
 * is: what failed never looks as if it had passed. */
static int64_t held_measure(const struct verdict *verdict, unsigned line)
{
    int64_t measured = measure(verdict, line);

    switch (lines[line].limit) {
    case LIMIT_PRICE_COLLAR_RATIO: /* half ticks from the mid, which is in half ticks */
        return verdict->mid_twice_ticks > 0
                   ? divided_up(measured * RATIO_ONE_E8, verdict->mid_twice_ticks)
                   : INT64_MAX;
    case LIMIT_MAX_DATA_AGE_MS:
        return measured == INT64_MAX ? INT64_MAX : divided_up(measured, MS_NS);
    case LIMIT_DUPLICATE_WINDOW_MS:
        return measured == -INT64_MAX ? INT64_MAX : -measured / MS_NS;
    case LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO:
        return -measured;
    case LIMIT_MAX_POSITION_LOTS: /* the other side of flat; a profit */
    case LIMIT_MAX_DAILY_LOSS:
        return measured > 0 ? measured : 0;
    default:
        return measured;
    }
}

static int64_t held_limit(enum limit_id id, int64_t limit)
{
    switch (id) {
    case LIMIT_MAX_DATA_AGE_MS:
        return limit / MS_NS;
    case LIMIT_DUPLICATE_WINDOW_MS:
        return -limit / MS_NS;
    case LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO:
        return -limit;
    default:
        return limit;
    }
}

static int64_t headroom_of(enum limit_id id, int64_t limit, int64_t measured)
{
    bool least = limit_row(id)->sense == LIMIT_LEAST;
    int64_t room;

    if (__builtin_sub_overflow(least ? measured : limit, least ? limit : measured, &room))
        return least ? INT64_MAX : INT64_MIN;
    return room;
}

static struct check check_line(const struct verdict *verdict, unsigned line, int64_t limit,
                               uint16_t scope)
{
    enum limit_id id = (enum limit_id)lines[line].limit;
    int64_t measured = held_measure(verdict, line);
    int64_t held = held_limit(id, limit);

    return (struct check){
        .measured = measured,
        .limit = held,
        .headroom = headroom_of(id, held, measured),
        .scope = scope,
        .passed = (line == WIDE_COLLAR ? measured : measure(verdict, line)) <= limit,
    };
}

/* Among the scopes of the table. A count's line has one scope. */
static uint16_t bound_by(const struct gate_table *table, unsigned line)
{
    if (line < GATE_WIDE)
        return table->scope[table->wide_by[line] % GATE_SCOPES];
    return table->scope[(line - GATE_WIDE) % GATE_SCOPES];
}

/* No line to choose from: nobody sets the limit, somebody set it to null, or it does not apply. */
static struct check check_without_limit(const struct gate_table *table,
                                        const struct verdict *verdict, enum limit_id id,
                                        unsigned line)
{
    bool unset = (table->unset >> id & 1) != 0;
    bool taken = (table->taken >> id & 1) != 0;

    return (struct check){
        .measured = held_measure(verdict, line),
        .limit = unset   ? LIMIT_UNSET
                 : taken ? LIMIT_DENY
                         : INT64_MAX,
        .scope = taken ? table->scope[table->taken_by[id] % GATE_SCOPES] : 0,
        .passed = !unset && !taken,
    };
}

struct check explain_limit(const struct gate_table *table, const struct verdict *verdict,
                           enum limit_id id)
{
    bool absent = ((table->unset | table->taken) >> id & 1) != 0;
    struct check tightest = {0};
    unsigned first = 0;
    bool found = false;

    assert((unsigned)id < LIMIT_COUNT);
    while (lines[first].limit != id)
        first++;
    for (unsigned line = first; !absent && line < GATE_WIDE + GATE_COUNTS; line++) {
        struct check check;

        if (lines[line].limit != id || is_unbounded(line, bound(table, line)))
            continue;
        check = check_line(verdict, line, bound(table, line), bound_by(table, line));
        if (!found || check.headroom < tightest.headroom)
            tightest = check;
        found = true;
    }
    return found ? tightest : check_without_limit(table, verdict, id, first);
}

bool explain_denial(const struct verdict *verdict, enum limit_id *id, struct check *check)
{
    unsigned line = verdict->line;

    if (verdict->denied_by >= LIMIT_COUNT)
        return false;
    *id = (enum limit_id)verdict->denied_by;
    if (verdict->limit == LIMIT_UNSET || verdict->limit == LIMIT_DENY) {
        for (line = 0; lines[line].limit != *id; line++)
            ;
        *check = (struct check){.measured = held_measure(verdict, line),
                                .limit = verdict->limit,
                                .scope = verdict->scope};
        return true;
    }
    *check = check_line(verdict, line, verdict->limit, verdict->scope);
    return true;
}
