#include "metrics/exposition.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *text;
static size_t length;
static FILE *out;

static void open_out(void)
{
    out = open_memstream(&text, &length);
}

static const char *written(void)
{
    fflush(out);
    return text;
}

static void close_out(void)
{
    fclose(out);
    free(text);
}

TestSuite(metrics_exposition, .init = open_out, .fini = close_out);

Test(metrics_exposition, labels_are_escaped)
{
    sample_count(out, "x_total", (const struct label[]){{"a", "q\"b\\c\nd"}, {"b", "2"}, {0}}, 7);
    cr_assert_str_eq(written(), "x_total{a=\"q\\\"b\\\\c\\nd\",b=\"2\"} 7\n");
}

Test(metrics_exposition, a_sample_without_labels_is_bare)
{
    sample_decimal(out, "x_seconds", NULL, -1500000000, 9);
    cr_assert_str_eq(written(), "x_seconds -1.5\n");
}

Test(metrics_exposition, a_histogram_is_cumulative_and_sums)
{
    static struct histogram histogram;

    histogram_record(&histogram, 100);
    histogram_record(&histogram, 300);
    histogram_record(&histogram, 40000000000);
    sample_histogram(out, "h_seconds", &(struct label){"venue", "sim"}, &histogram);
    written();
    cr_assert_not_null(strstr(text, "h_seconds_bucket{venue=\"sim\",le=\"0.00000025\"} 1\n"));
    cr_assert_not_null(strstr(text, "h_seconds_bucket{venue=\"sim\",le=\"0.0000005\"} 2\n"));
    cr_assert_not_null(strstr(text, "le=\"16.777216\"} 2\n"));
    cr_assert_not_null(strstr(text, "h_seconds_bucket{venue=\"sim\",le=\"+Inf\"} 3\n"));
    cr_assert_not_null(strstr(text, "h_seconds_sum{venue=\"sim\"} 40.0000004\n"));
    cr_assert_not_null(strstr(text, "h_seconds_count{venue=\"sim\"} 3\n"));
}
