/* What a verdict says, for people: each limit with what was measured, in the limit's own units.
 *
 * A verdict holds what was measured; the limits of its generation stand before it in the journal.
 * The reader compiles them as the gate did (explain_table) and asks for one limit after another. Of
 * a limit that is measured in several scopes, the one with the least headroom is shown. Pure, cold,
 * any thread. */
#ifndef PITWALL_RISK_EXPLAIN_H
#define PITWALL_RISK_EXPLAIN_H

#include "risk/gate.h"

struct check {
    int64_t measured; /* held units; INT64_MAX: not known, or nothing to measure */
    int64_t limit;    /* LIMIT_UNSET, LIMIT_DENY; INT64_MAX: the limit does not apply */
    int64_t headroom; /* below the limit, negative beyond it; meaningless without both of them */
    uint16_t scope;   /* whose limit it is; meaningless for LIMIT_UNSET and where none applies */
    bool passed;
};

struct check explain_limit(const struct gate_table *table, const struct verdict *verdict,
                           enum limit_id id);

/* The limit that denied, from the verdict alone. False when it was not a limit. */
bool explain_denial(const struct verdict *verdict, enum limit_id *id, struct check *check);

static inline bool check_has_limit(const struct check *check)
{
    return check->limit >= 0 && check->limit != INT64_MAX;
}

/* The outright checks: FIRST_OUTRIGHT .. LAST_OUTRIGHT. */
static inline bool explain_outright(const struct verdict *verdict, enum denial denial)
{
    return (verdict->refused >> (denial - FIRST_OUTRIGHT) & 1) == 0;
}

#endif
