#include "risk/throttle.h"

static void forget_oldest(struct throttle *throttle)
{
    uint32_t *oldest;

    throttle->bucket++;
    oldest = throttle->counts[throttle->bucket % THROTTLE_BUCKETS];
    for (uint32_t scope = 0; scope < MAX_SCOPES; scope++) {
        throttle->sums[scope] -= oldest[scope];
        oldest[scope] = 0;
    }
}

void throttle_advance(struct throttle *throttle, int64_t now_ns)
{
    int64_t bucket = now_ns / THROTTLE_BUCKET_NS;

    if (bucket - throttle->bucket > THROTTLE_BUCKETS)
        throttle->bucket = bucket - THROTTLE_BUCKETS;
    while (throttle->bucket < bucket)
        forget_oldest(throttle);
}

static void count(struct throttle *throttle, uint16_t scope)
{
    throttle->counts[throttle->bucket % THROTTLE_BUCKETS][scope]++;
    throttle->sums[scope]++;
}

void throttle_record(struct throttle *throttle, struct order_scopes scopes)
{
    count(throttle, scopes.firm);
    count(throttle, scopes.venue);
    count(throttle, scopes.strategy);
    count(throttle, scopes.instrument);
}
