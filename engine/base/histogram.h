/* Log-linear histogram of nanoseconds: 8 buckets per power of two, so a percentile is at most
 * 12.5 % too high; about 1 ns a record.
 *
 * One writer; any thread may read while it writes (relaxed counters: a reader sees each count
 * whole, the sum may lag by the record in flight). Values at or above 2^36 ns (68 s) fall into the
 * last bucket; negative values are a caller's mistake and are asserted. */
#ifndef PITWALL_BASE_HISTOGRAM_H
#define PITWALL_BASE_HISTOGRAM_H

#include "base/assert.h"

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_SUB_BITS = 3, HISTOGRAM_BITS = 36 };
enum { HISTOGRAM_BUCKETS = (HISTOGRAM_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS };

struct histogram {
    _Atomic uint64_t counts[HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum_ns;
    _Atomic int64_t max_ns;
};

struct histogram_summary {
    uint64_t count;
    uint64_t sum_ns;
    int64_t p50_ns, p99_ns, p999_ns, max_ns;
};

static inline uint32_t histogram_bucket(int64_t value_ns)
{
    uint64_t value = (uint64_t)value_ns;
    uint32_t log2;

    if (value >> HISTOGRAM_BITS)
        return HISTOGRAM_BUCKETS - 1;
    if (value < (1U << HISTOGRAM_SUB_BITS))
        return (uint32_t)value;
    log2 = 63 - (uint32_t)__builtin_clzll(value);
    return ((log2 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS) +
           (uint32_t)((value >> (log2 - HISTOGRAM_SUB_BITS)) & ((1U << HISTOGRAM_SUB_BITS) - 1));
}

/* The largest value that falls into the bucket. */
static inline int64_t histogram_bucket_max_ns(uint32_t bucket)
{
    uint32_t group = bucket >> HISTOGRAM_SUB_BITS;
    uint64_t sub = bucket & ((1U << HISTOGRAM_SUB_BITS) - 1);

    if (group == 0)
        return (int64_t)sub;
    return (int64_t)((((sub + (1U << HISTOGRAM_SUB_BITS)) + 1) << (group - 1)) - 1);
}

/* Writer. */
static inline void histogram_record(struct histogram *histogram, int64_t value_ns)
{
    _Atomic uint64_t *count;

    assert(value_ns >= 0);
    count = &histogram->counts[histogram_bucket(value_ns)];
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    atomic_store_explicit(&histogram->sum_ns,
                          atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed) +
                              (uint64_t)value_ns,
                          memory_order_relaxed);
    if (value_ns > atomic_load_explicit(&histogram->max_ns, memory_order_relaxed))
        atomic_store_explicit(&histogram->max_ns, value_ns, memory_order_relaxed);
}

/* Any thread. All zero while nothing was recorded; a percentile never exceeds the maximum. */
struct histogram_summary histogram_summarise(struct histogram *histogram);

#endif
