/* Messages of each scope within the last second, counted in buckets of 100 ms.
 *
 * Eleven buckets are kept, so the sum covers at least one whole second and at most 1.1: never too
 * few. New orders, amends and cancels count; only new orders are refused by it. Engine thread; a
 * record costs a few ns, a new bucket one pass over the scopes ten times a second. */
#ifndef PITWALL_RISK_THROTTLE_H
#define PITWALL_RISK_THROTTLE_H

#include "domain/scope.h"

enum { THROTTLE_BUCKETS = 11 };
#define THROTTLE_BUCKET_NS 100000000LL

struct throttle {
    int64_t bucket; /* number of the newest bucket since the epoch */
    uint32_t counts[THROTTLE_BUCKETS][MAX_SCOPES];
    uint32_t sums[MAX_SCOPES];
};

/* Forgets what is older than a second. Call before throttle_count and throttle_record. */
void throttle_advance(struct throttle *throttle, int64_t now_ns);
void throttle_record(struct throttle *throttle, struct order_scopes scopes);

static inline uint32_t throttle_count(const struct throttle *throttle, uint16_t scope)
{
    return throttle->sums[scope];
}

#endif
