#include "metrics/exposition.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct exposition page;
static char *text;

static void open_page(void)
{
    exposition_open(&page, EXPOSITION_TEXT);
}

static void open_openmetrics(void)
{
    exposition_open(&page, EXPOSITION_OPENMETRICS);
}

static const char *written(void)
{
    text = exposition_close(&page);
    cr_assert(text);
    return text;
}

static void free_text(void)
{
    free(text);
}

TestSuite(metrics_exposition, .init = open_page, .fini = free_text);

Test(metrics_exposition, labels_are_escaped)
{
    sample_count(&page, METRIC_FILLS,
                 (const struct label[]){{"venue", "q\"b\\c\nd"}, {"b", "2"}, {0}}, 7);
    cr_assert_str_eq(written(), "pitwall_fills_total{venue=\"q\\\"b\\\\c\\nd\",b=\"2\"} 7\n");
}

Test(metrics_exposition, a_label_may_be_empty_and_may_end_with_what_is_escaped)
{
    sample(&page, METRIC_BUILD, (const struct label[]){{"version", ""}, {"mode", "\\\\\""}, {0}},
           "1");
    cr_assert_str_eq(written(), "pitwall_build_info{version=\"\",mode=\"\\\\\\\\\\\"\"} 1\n");
}

Test(metrics_exposition, a_sample_without_labels_is_bare)
{
    sample_decimal(&page, METRIC_CLOCK_OFFSET, NULL, -1500000000, 9);
    cr_assert_str_eq(written(), "pitwall_clock_offset_seconds -1.5\n");
}

Test(metrics_exposition, counts_are_exact_to_the_last)
{
    sample_count(&page, METRIC_WS_DROPS, NULL, UINT64_MAX);
    sample_count(&page, METRIC_WS_DROPS, NULL, 0);
    cr_assert_str_eq(written(), "pitwall_ws_drops_total 18446744073709551615\n"
                                "pitwall_ws_drops_total 0\n");
}

static struct histogram *three_times(void)
{
    static struct histogram histogram;

    histogram_record(&histogram, 100);
    histogram_record(&histogram, 300);
    histogram_record(&histogram, 40000000000);
    return &histogram;
}

Test(metrics_exposition, a_histogram_is_cumulative_and_sums)
{
    sample_histogram(&page, METRIC_ORDER_ACK, &(struct label){"venue", "sim"}, three_times());
    written();
    cr_expect(strstr(text, "pitwall_order_ack_seconds_bucket{venue=\"sim\",le=\"2.5e-07\"} 1\n"));
    cr_expect(strstr(text, "pitwall_order_ack_seconds_bucket{venue=\"sim\",le=\"5e-07\"} 2\n"));
    cr_expect(strstr(text, "le=\"16.777216\"} 2\n"));
    cr_expect(strstr(text, "pitwall_order_ack_seconds_bucket{venue=\"sim\",le=\"+Inf\"} 3\n"));
    cr_expect(strstr(text, "pitwall_order_ack_seconds_sum{venue=\"sim\"} 40.0000004\n"));
    cr_expect(strstr(text, "pitwall_order_ack_seconds_count{venue=\"sim\"} 3\n"));
}

/* 300 ns lies in the second bucket; the newest of two there is told, and only in OpenMetrics. */
static const struct exemplar two[] = {{.order_id = 7, .value_ns = 300, .at_ns = 1500000000},
                                      {.order_id = 9, .value_ns = 310, .at_ns = 1000000000}};

Test(metrics_exposition, an_exemplar_stands_behind_its_bucket, .init = open_openmetrics)
{
    char id[ORDER_ID_TEXT_MAX], wanted[160];

    order_id_print(id, 7);
    snprintf(wanted, sizeof wanted, "le=\"5e-07\"} 2 # {order_id=\"%s\"} 0.0000003 1.5\n", id);
    sample_histogram_with(&page, METRIC_STEP, NULL, three_times(), two, 2);
    written();
    cr_expect(strstr(text, wanted), "%s", text);
    cr_expect(strstr(text, "le=\"2.5e-07\"} 1\n"));
    cr_expect(!strstr(strstr(text, " # ") + 1, " # "), "one alone");
}

Test(metrics_exposition, the_text_has_no_exemplar)
{
    sample_histogram_with(&page, METRIC_STEP, NULL, three_times(), two, 2);
    cr_expect(!strchr(written(), '#'));
}

/* The bounds are written out: each must be the double of the one before. */
Test(metrics_exposition, the_bounds_of_a_histogram_are_powers_of_two_from_250_ns)
{
    double wanted = 250e-9;
    int bounds = 0;

    sample_histogram(&page, METRIC_STEP, NULL, three_times());
    written();
    for (const char *at = text; (at = strstr(at, "le=\"")) != NULL; wanted *= 2, bounds++) {
        at += strlen("le=\"");
        if (*at == '+')
            break;
        cr_expect_float_eq(strtod(at, NULL), wanted, wanted * 1e-12);
    }
    cr_assert_eq(bounds, 27);
}

Test(metrics_exposition, text_says_a_counter_by_its_whole_name_and_an_info_as_a_gauge)
{
    family(&page, METRIC_FILLS);
    family(&page, METRIC_BUILD);
    cr_assert_str_eq(written(), "# HELP pitwall_fills_total Executions of our orders.\n"
                                "# TYPE pitwall_fills_total counter\n"
                                "# HELP pitwall_build_info What is running.\n"
                                "# TYPE pitwall_build_info gauge\n");
}

Test(metrics_exposition, openmetrics_cuts_the_suffix_off_the_family_and_not_off_the_sample,
     .init = open_openmetrics)
{
    family(&page, METRIC_FILLS);
    sample_count(&page, METRIC_FILLS, NULL, 3);
    family(&page, METRIC_BUILD);
    sample(&page, METRIC_BUILD, NULL, "1");
    cr_assert_str_eq(written(), "# HELP pitwall_fills Executions of our orders.\n"
                                "# TYPE pitwall_fills counter\n"
                                "pitwall_fills_total 3\n"
                                "# HELP pitwall_build What is running.\n"
                                "# TYPE pitwall_build info\n"
                                "pitwall_build_info 1\n"
                                "# EOF\n");
}

Test(metrics_exposition, openmetrics_says_a_unit_that_the_name_ends_with_and_no_other,
     .init = open_openmetrics)
{
    family(&page, METRIC_STEP);
    family(&page, METRIC_STORAGE_FREE);
    family(&page, METRIC_DRAWDOWN);
    family(&page, METRIC_RING_DEPTH);
    family(&page, METRIC_POSITION_LOTS);
    written();
    cr_assert_null(strstr(text, "UNIT pitwall_ring_depth"));
    cr_assert_null(strstr(text, "UNIT pitwall_position_lots"));
    cr_assert(strstr(text, "# UNIT pitwall_drawdown_ratio ratio\n"));
    cr_assert(strstr(text, "# UNIT pitwall_engine_step_seconds seconds\n"));
    cr_assert(strstr(text, "# UNIT pitwall_storage_free_bytes bytes\n"));
}

Test(metrics_exposition, openmetrics_of_nothing_ends_too, .init = open_openmetrics)
{
    cr_assert_str_eq(written(), "# EOF\n");
}

Test(metrics_exposition, a_page_grows_beyond_its_first_room)
{
    char venue[5000];
    const struct label labels[] = {{"venue", venue}, {NULL, NULL}};

    memset(venue, 'v', sizeof venue - 1);
    venue[sizeof venue - 1] = '\0';
    for (int i = 0; i < 100; i++)
        sample_count(&page, METRIC_FILLS, labels, 1);
    cr_assert_eq(strlen(written()), 100 * (strlen("pitwall_fills_total{venue=\"\"} 1\n") + 4999));
}

/* OPS 6.1: what a reader of the names may rely on. */
Test(metrics_exposition, the_table_keeps_to_the_rules_of_names)
{
    for (int id = 0; id < METRIC_COUNT; id++) {
        const struct metric_row *row = metric_row((enum metric_id)id);
        const char *name = row->name, *last = strrchr(name, '_');

        cr_expect_eq(strncmp(name, "pitwall_", 8), 0, "%s", name);
        cr_expect_eq(strcmp(last, "_total") == 0, row->type == METRIC_IS_COUNTER, "%s", name);
        cr_expect_eq(strcmp(last, "_info") == 0, row->type == METRIC_IS_INFO, "%s", name);
        cr_expect_eq(strcmp(last, "_seconds") == 0, strcmp(row->unit, "seconds") == 0, "%s", name);
        cr_expect_eq(strcmp(last, "_ratio") == 0, strcmp(row->unit, "ratio") == 0, "%s", name);
        cr_expect_null(strstr(name, "_age"), "%s", name);
        cr_expect_null(strstr(name, "percent"), "%s", name);
        cr_expect_null(strpbrk(row->says, "\"\\\n|"), "%s", name);
        cr_expect_eq(row->says[strlen(row->says) - 1], '.', "%s", name);
        for (int other = 0; other < id; other++)
            cr_expect_str_neq(name, metric_row((enum metric_id)other)->name);
    }
}
