/* Limits and verdicts: what bounds an order, and what the gate answered.
 *
 * Held units: INTEGER as it is, MONEY and RATIO in 1e-8. A limit that a scope does not set is
 * LIMIT_UNSET; one that was set to null by a person is LIMIT_DENY, the tightest of all, so that
 * taking a limit away can never loosen anything. When no applicable scope sets a limit, the gate
 * denies. Read and written by the engine thread only; others see events. */
#ifndef PITWALL_DOMAIN_LIMIT_H
#define PITWALL_DOMAIN_LIMIT_H

#include "domain/bounds.h"

#include <stdbool.h>
#include <stdint.h>

enum limit_id {
#define LIMIT(ID, ...) LIMIT_##ID,
#include "tables/limits.def"
#undef LIMIT
    LIMIT_COUNT
};

/* A denial is a limit's id or one of denials.def, in one number space: 0 is "not denied". */
enum denial {
    DENIAL_NONE,
#define LIMIT(ID, ...) DENY_##ID,
#include "tables/limits.def"
#undef LIMIT
#define DENIAL(ID, ...) ID,
#include "tables/denials.def"
#undef DENIAL
    DENIAL_COUNT
};

/* The lines that the gate compares (gate_lines.def). */
enum gate_wide {
#define WIDE(ID, ...) WIDE_##ID,
#define COUNT(ID, ...)
#include "tables/gate_lines.def"
#undef WIDE
#undef COUNT
    GATE_WIDE
};

enum gate_count {
#define WIDE(ID, ...)
#define COUNT(ID, ...) COUNT_##ID,
#include "tables/gate_lines.def"
#undef WIDE
#undef COUNT
    GATE_COUNTS
};

/* The scopes of an order; a set of lines has one for each, in this order. */
enum { GATE_FIRM, GATE_VENUE, GATE_STRATEGY, GATE_INSTRUMENT, GATE_SCOPES };

/* The checks that no limit bounds: DENY_HALTED up to DENY_BALANCE, a bit each in verdict.refused.
 * */
enum { FIRST_OUTRIGHT = DENY_HALTED, LAST_OUTRIGHT = DENY_BALANCE };

enum refused_bit {
#define DENIAL(ID, ...) BIT_##ID = 1 << (ID - FIRST_OUTRIGHT),
#include "tables/denials.def"
#undef DENIAL
};

enum limit_type { LIMIT_INTEGER, LIMIT_MONEY, LIMIT_RATIO };
enum limit_sense { LIMIT_MOST, LIMIT_LEAST };
enum limit_exits { LIMIT_BINDS, LIMIT_WAIVED };

struct limit_row {
    const char *name;
    const char *unit;
    const char *says;
    enum limit_type type;
    enum limit_sense sense;
    enum limit_exits exits;
    int64_t min, max;
};

#define LIMIT_UNSET INT64_MIN
#define LIMIT_DENY (INT64_MIN + 1)

/* These are written into the journal as they are, so they have no padding: the compiler would
 * leave in it what was on the stack, and a replay could not be equal to the byte. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

struct limits {
    int64_t value[LIMIT_COUNT];
};

/* All that the gate measured. Its limits are those of `generation`, which stand before it in the
 * journal (LIMITS_APPLIED): whoever explains it compiles them as the gate did (risk/explain.h).
 * What a denial needs to be understood is in it. */
struct verdict {
    uint64_t generation;
    int64_t wide[GATE_WIDE];
    int32_t count[GATE_COUNTS];
    int64_t mid_twice_ticks;           /* best bid + best ask; 0: unknown */
    int64_t book_age_ns, venue_age_ns; /* -1: no book; the venue gives no stamps */
    int64_t rate_age_ns;               /* of the conversion price; -1: it needs none, or has none */
    int64_t required_e8, available_e8; /* of the balance, settlement currency */
    int64_t limit;     /* of the line that denied, in its units; LIMIT_UNSET, LIMIT_DENY; else 0 */
    uint16_t refused;  /* a bit per outright check that failed */
    uint16_t scope;    /* whose limit, or whose trading state, denied */
    uint8_t denial;    /* enum denial */
    uint8_t denied_by; /* enum limit_id, when it was a limit; else LIMIT_COUNT */
    uint8_t line;      /* that denied: enum gate_wide, or GATE_WIDE + enum gate_count */
    uint8_t reserved[1];
};

#pragma GCC diagnostic pop

const struct limit_row *limit_row(enum limit_id id);
/* LIMIT_COUNT when there is none of that name. `length` bytes of `name` are compared. */
enum limit_id limit_find(const char *name, uint32_t length);
const char *denial_name(enum denial denial);
const char *denial_says(enum denial denial);

static inline bool denial_is_by_state(enum denial denial)
{
    return denial == DENY_HALTED || denial == DENY_REDUCING_ONLY;
}

/* True when `next` permits something that `now` does not. */
bool limit_loosens(enum limit_id id, int64_t now, int64_t next);

#endif
