/* Two threads on two cores against each other, measured.
 *
 * Each is pinned to a core of its own, hurries, and starts when the other is there. What it used
 * of its core
 * (thread CPU time over wall time) is looked at afterwards: a trial in which either thread got less
 * than asked for is thrown away and made again, because on a shared machine it measured others.
 *
 * Time is the time-stamp counter; duel_ns_per_tick() says how long a tick is. Main thread only. */
#ifndef PITWALL_TESTS_BENCH_DUEL_H
#define PITWALL_TESTS_BENCH_DUEL_H

#include "cli/bench.h"

#include <x86intrin.h>

typedef void (*duel_side)(void *ctx, uint32_t count);

struct duel {
    double share_min; /* of its core, for either thread */
    uint32_t thrown;  /* trials thrown away so far */
    int left_core, right_core;
    double ns_per_tick;
};

/* False, and why on stderr: there are no two cores. Pins the caller to the left one. */
bool duel_open(struct duel *duel, double share_min);

/* One trial: `left` here, `right` in a thread of its own, both with `count`. Repeated while a share
 * was too small; false when it stayed so. `again` is called before each try. */
bool duel_run(struct duel *duel, void (*again)(void *ctx), duel_side left, duel_side right,
              void *ctx, uint32_t count);

/* The p-th per mille of `count` ticks, in ns; sorts them. */
double duel_percentile_ns(const struct duel *duel, uint32_t *ticks, uint32_t count,
                          uint32_t per_mille);

/* The calling thread. */
bool duel_pin(int core);

static inline uint64_t duel_now(void)
{
    return __rdtsc();
}

#endif
