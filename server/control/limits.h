/* Changing limits: reading what is asked, and whether it loosens.
 *
 * All or nothing: a change names some limits of one scope; anything wrong with one of them refuses
 * it whole. Null is LIMIT_DENY, the tightest of all. Pure functions; control thread and tests. */
#ifndef PITWALL_CONTROL_LIMITS_H
#define PITWALL_CONTROL_LIMITS_H

#include "control/members.h"

/* How long a raise that returns by itself may last. */
enum { RAISE_MIN_S = 1, RAISE_MAX_S = 86400 };

struct limits_change {
    bool named[LIMIT_COUNT];
    struct limits asked; /* only of those named */
    uint32_t expires_s;  /* 0: stays */
    char reason[REASON_MAX];
};

/* Reads {"limits":{name:value|null},"reason","expires_s"?}. ERR_MALFORMED, ERR_UNKNOWN_FIELD,
 * ERR_UNKNOWN_LIMIT, ERR_OUT_OF_RANGE. */
enum status limits_change_parse(const json_t *body, struct limits_change *change, struct err *err);

/* The map {name: value|null} alone, into `named` and `asked`. */
enum status limits_values_parse(const json_t *limits, struct limits_change *change,
                                struct err *err);

/* The first limit that would stand above its cap; LIMIT_COUNT: none. */
enum limit_id limits_change_over_cap(const struct limits_change *change, const struct limits *caps);

/* ERR_OVER_CAP, with both numbers; `whose`: what stands in the way, as words. */
enum status limits_over(enum limit_id id, const struct limits_change *change,
                        const struct limits *most, const char *whose, struct err *err);
/* Everything that is named has its value already. */
bool limits_change_nothing(const struct limits_change *change, const struct limits *now);
/* What the scope will hold. */
struct limits limits_change_apply(const struct limits_change *change, const struct limits *now);

/* One limit of that: it permits something at `next` that it does not at `now`. */
bool limit_change_loosens(enum limit_id id, int64_t now, int64_t next, const struct limits *firm);
/* True when `next` permits something that `now` does not. `firm` holds the firm's limits (NULL
 * when the scope is the firm): setting what this scope left unset only loosens when nobody above
 * sets it, because then it denied. */
bool limits_loosen(const struct limits *now, const struct limits *next, const struct limits *firm);

/* [{"name","old","new"}] of what is named and differs, or of everything named with `all`. */
json_t *limits_diff(const struct limits_change *change, const struct limits *now, bool all);
/* {name: value} of what is named. */
json_t *limits_named(const struct limits_change *change, const struct limits *of);

#endif
