#include "base/histogram.h"

static int64_t percentile(const uint64_t counts[], uint64_t total, uint64_t per_mille)
{
    uint64_t rank = (total * per_mille + 999) / 1000;
    uint64_t seen = 0;

    for (uint32_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += counts[bucket];
        if (seen >= rank && seen > 0)
            return histogram_bucket_max_ns(bucket);
    }
    return 0;
}

static int64_t at_most(int64_t value, int64_t bound)
{
    return value < bound ? value : bound;
}

struct histogram_summary histogram_summarise(struct histogram *histogram)
{
    struct histogram_summary summary = {0};
    uint64_t counts[HISTOGRAM_BUCKETS];

    for (uint32_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        counts[bucket] = atomic_load_explicit(&histogram->counts[bucket], memory_order_relaxed);
        summary.count += counts[bucket];
    }
    summary.sum_ns = atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed);
    summary.max_ns = atomic_load_explicit(&histogram->max_ns, memory_order_relaxed);
    summary.p50_ns = at_most(percentile(counts, summary.count, 500), summary.max_ns);
    summary.p99_ns = at_most(percentile(counts, summary.count, 990), summary.max_ns);
    summary.p999_ns = at_most(percentile(counts, summary.count, 999), summary.max_ns);
    return summary;
}
