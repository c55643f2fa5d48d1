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

enum limit_type { LIMIT_INTEGER, LIMIT_MONEY, LIMIT_RATIO };
enum limit_sense { LIMIT_MOST, LIMIT_LEAST };

struct limit_row {
    const char *name;
    const char *unit;
    const char *says;
    enum limit_type type;
    enum limit_sense sense;
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

struct check {
    int64_t measured, limit; /* LIMIT_UNSET: no applicable scope sets it */
    uint16_t scope;          /* the scope with the least headroom */
    uint8_t passed;
    uint8_t reserved[5];
};

struct verdict {
    uint64_t generation; /* of the limits that judged it */
    int64_t data_age_ns; /* of the book by our clock; -1: no book */
    uint8_t denial;      /* enum denial; the first failed row */
    uint8_t reserved[7];
    struct check checks[LIMIT_COUNT];
};

#pragma GCC diagnostic pop

const struct limit_row *limit_row(enum limit_id id);
/* LIMIT_COUNT when there is none of that name. `length` bytes of `name` are compared. */
enum limit_id limit_find(const char *name, uint32_t length);
const char *denial_name(enum denial denial);
const char *denial_says(enum denial denial);

/* True when `next` permits something that `now` does not. */
bool limit_loosens(enum limit_id id, int64_t now, int64_t next);

#endif
