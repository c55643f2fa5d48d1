#include "engine.h"

#include <criterion/criterion.h>
#include <string.h>

static struct histogram histogram;

Test(histogram, every_value_lies_in_its_bucket)
{
    for (uint32_t bucket = 0; bucket + 1 < HISTOGRAM_BUCKETS; bucket++) {
        int64_t most = histogram_bucket_max_ns(bucket);

        cr_assert_eq(histogram_bucket(most), bucket);
        cr_assert_eq(histogram_bucket(most + 1), bucket + 1);
    }
    cr_assert_eq(histogram_bucket(INT64_MAX), HISTOGRAM_BUCKETS - 1);
}

Test(histogram, percentiles_are_at_most_an_eighth_too_high)
{
    struct histogram_summary summary;

    for (int64_t value = 1; value <= 100000; value++)
        histogram_record(&histogram, value);
    summary = histogram_summarise(&histogram);
    cr_assert_eq(summary.count, 100000);
    cr_assert_eq(summary.sum_ns, 5000050000);
    cr_assert_eq(summary.max_ns, 100000);
    cr_assert(summary.p50_ns >= 50000 && summary.p50_ns <= 56250);
    cr_assert(summary.p99_ns >= 99000 && summary.p99_ns <= 100000);
}

Test(histogram, nothing_recorded_is_all_zero)
{
    struct histogram_summary summary = histogram_summarise(&histogram);

    cr_assert_eq(summary.count, 0);
    cr_assert_eq(summary.p999_ns, 0);
}
