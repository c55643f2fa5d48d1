/* The whole page, against the grammar of the text format: every sample belongs to a family that was
 * announced, no series comes twice. */
#include "metrics/metrics.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { SERIES_MAX = 4096 };

static struct desk desk;
static struct journal *journal;
static struct view *view;
static struct view_sources sources;
static struct histogram step;
static struct kill_page page;
static struct store_saved saved;
static const struct metrics_extra extra = {.ws_clients = 2};

static char *render(void)
{
    char recovered[ERR_TEXT_MAX];
    struct err err;

    desk_open(&desk);
    cr_assert_eq(journal_open(&journal, desk.dir, &desk.config, recovered, &err), OK);
    sources = (struct view_sources){.config = &desk.config,
                                    .journal = journal,
                                    .kill = &page,
                                    .step = &step,
                                    .saved = &saved,
                                    .started_ns = 1500000000};
    cr_assert_eq(view_open(&view, &sources, &err), OK);
    histogram_record(&step, 700);
    kill_page_set(&page, 0);
    return metrics_render(view, &sources, &extra, EXPOSITION_TEXT);
}

static char *render_again(void)
{
    return metrics_render(view, &sources, NULL, EXPOSITION_TEXT);
}

static void close_all(void)
{
    view_close(view);
    journal_close(journal);
    desk_close(&desk);
}

TestSuite(metrics, .fini = close_all);

Test(metrics, every_line_fits_the_format_and_no_series_comes_twice)
{
    static const char *seen[SERIES_MAX];
    size_t count = 0;
    char family_name[128] = "", *text = render(), *rest = text, *line;
    regex_t sample;

    cr_assert_eq(
        regcomp(&sample,
                "^[a-z_]+(\\{[a-z]+=\"([^\"\\\\\n]|\\\\.)*\"(,[a-z]+=\"([^\"\\\\\n]|\\\\.)*"
                "\")*\\})? -?[0-9]+(\\.[0-9]+)?$",
                REG_EXTENDED | REG_NOSUB),
        0);
    while ((line = strsep(&rest, "\n")) != NULL && *line) {
        if (sscanf(line, "# HELP %127s", family_name) == 1 || line[0] == '#')
            continue;
        cr_assert_eq(regexec(&sample, line, 0, NULL, 0), 0, "%s", line);
        cr_assert_eq(strncmp(line, family_name, strlen(family_name)), 0, "%s", line);
        *strrchr(line, ' ') = '\0';
        for (size_t i = 0; i < count; i++)
            cr_assert_str_neq(seen[i], line);
        cr_assert_lt(count, SERIES_MAX);
        seen[count++] = line;
    }
    cr_assert_gt(count, 60);
    regfree(&sample);
    free(text);
}

/* The series without their values, a line each; as many as there are. Cuts `text`. */
static size_t series_of(char *text, char *series)
{
    size_t count = 0;

    *series = '\0';
    for (char *line; (line = strsep(&text, "\n")) != NULL;) {
        if (line[0] == '#' || line[0] == '\0')
            continue;
        *strrchr(line, ' ') = '\0';
        series = stpcpy(stpcpy(series, line), "\n");
        count++;
    }
    return count;
}

/* A reader may change from one format to the other: it finds the same series. */
Test(metrics, openmetrics_has_the_same_series_under_heads_of_its_own)
{
    char *text = render(), *open = metrics_render(view, &sources, &extra, EXPOSITION_OPENMETRICS);
    char *of_text = calloc(1, strlen(text) + 1), *of_open = calloc(1, strlen(open) + 1);

    cr_expect_not_null(strstr(open, "\n# TYPE pitwall_fills counter\n"));
    cr_expect_not_null(strstr(open, "\n# TYPE pitwall_config info\n"));
    cr_expect_not_null(strstr(open, "\n# UNIT pitwall_engine_step_seconds seconds\n"));
    cr_expect_null(strstr(text, "# UNIT"));
    cr_expect_null(strstr(text, "# EOF"));
    cr_expect_str_eq(open + strlen(open) - strlen("\n# EOF\n"), "\n# EOF\n");
    cr_expect_gt(series_of(text, of_text), 60);
    (void)series_of(open, of_open);
    cr_expect_str_eq(of_open, of_text);
    free(text);
    free(open);
    free(of_text);
    free(of_open);
}

Test(metrics, figures_that_people_rely_on)
{
    char *text = render();

    cr_assert_not_null(strstr(text, "\npitwall_kill_switch_active 1\n"));
    cr_assert_not_null(strstr(text, "\npitwall_trading_state{scope=\"firm\"} 2\n"));
    cr_assert_not_null(strstr(text, "\npitwall_scope_killed{scope=\"firm\"} 1\n"));
    cr_assert_not_null(strstr(text, "\npitwall_kill_info{scope=\"firm\",by=\"operator\"} 1\n"));
    cr_assert_null(strstr(text, "\npitwall_kill_info{scope=\"venue/sim\""));
    cr_assert_not_null(strstr(text, "\npitwall_engine_step_seconds_bucket{le=\"1e-06\"} 1\n"));
    cr_assert_not_null(strstr(text, "\npitwall_start_timestamp_seconds 1.5\n"));
    cr_assert_not_null(strstr(text, "\npitwall_ws_clients 2\n"));
    cr_assert_not_null(strstr(text, "pitwall_orders_denied_total{reason=\"max_order_lots\"} 0\n"));
    free(text);
}

#define SAY(kind, value)                                                                           \
    lane_append(journal_lane(journal, JOURNAL_ENGINE), kind, 1000, 0, &(value), sizeof(value))

Test(metrics, a_trigger_that_fired_is_counted_under_its_name)
{
    struct event_trigger fired = {.trigger = TRIGGER_REJECT_RATE, .action = TRIGGER_NOTIFY};
    char *text = render();

    cr_assert_not_null(strstr(text, "\npitwall_trigger_fired_total{trigger=\"reject_rate\"} 0\n"));
    free(text);
    SAY(EVENT_TRIGGER, fired);
    SAY(EVENT_TRIGGER, fired);
    text = render_again();
    cr_assert_not_null(strstr(text, "\npitwall_trigger_fired_total{trigger=\"reject_rate\"} 2\n"));
    cr_assert_not_null(strstr(text, "\npitwall_trigger_fired_total{trigger=\"daily_loss\"} 0\n"));
    free(text);
}

Test(metrics, a_limit_says_how_much_of_it_is_used)
{
    struct event_limits_applied limits = {.scope = 0, .generation = 2};
    struct event_order_sent buy = desk_order(1, 100, 6), other = desk_order(2, 100, 1);
    char *text = render();

    free(text);
    for (int id = 0; id < LIMIT_COUNT; id++)
        limits.limits.value[id] = LIMIT_UNSET;
    limits.limits.value[LIMIT_MAX_OPEN_ORDERS] = 3;
    limits.limits.value[LIMIT_MAX_POSITION_LOTS] = 5;
    limits.limits.value[LIMIT_MAX_ORDER_LOTS] = 5;
    limits.limits.value[LIMIT_MAX_GROSS_NOTIONAL] = MONEY_ONE_E8;
    SAY(EVENT_LIMITS_APPLIED, limits);
    SAY(EVENT_ORDER_SENT, buy);
    SAY(EVENT_ORDER_SENT, other);
    text = render_again();
    cr_assert_not_null(strstr(text, "{scope=\"firm\",limit=\"max_open_orders\"} 0.66666667\n"));
    cr_assert_not_null(strstr(text, "{scope=\"firm\",limit=\"max_position_lots\"} 1.4\n"));
    /* Of one order nothing stays in use; without a mark the exposure is not known. */
    cr_assert_null(strstr(text, "used_ratio{scope=\"firm\",limit=\"max_order_lots\"}"));
    cr_assert_null(strstr(text, "used_ratio{scope=\"firm\",limit=\"max_gross_notional\"}"));
    free(text);
}

/* The venue says no to an order, to an amend and to a cancel: told apart by what was asked for. */
Test(metrics, refusals_are_counted_by_what_was_refused)
{
    static const uint8_t reports[] = {REPORT_AMEND_REJECT, REPORT_CANCEL_REJECT,
                                      REPORT_CANCEL_REJECT, REPORT_VENUE_REJECT};
    struct event_order_sent buy = desk_order(1, 100, 6);
    char *text = render();

    free(text);
    SAY(EVENT_ORDER_SENT, buy);
    for (size_t at = 0; at < sizeof reports; at++) {
        struct event_order_state state = {.order_id = buy.order_id, .report = reports[at]};

        state.state = reports[at] == REPORT_VENUE_REJECT ? ORDER_REJECTED : ORDER_WORKING;
        SAY(EVENT_ORDER_STATE, state);
    }
    text = render_again();
    cr_expect(strstr(text, "pitwall_venue_refusals_total{venue=\"sim\",message=\"new\"} 1\n"));
    cr_expect(strstr(text, "pitwall_venue_refusals_total{venue=\"sim\",message=\"amend\"} 1\n"));
    cr_expect(strstr(text, "pitwall_venue_refusals_total{venue=\"sim\",message=\"cancel\"} 2\n"));
    cr_expect(strstr(text, "pitwall_orders_rejected_total{venue=\"sim\"} 1\n"));
    free(text);
}

/* Orders that rest say nothing of the venue's speed. */
Test(metrics, the_latency_of_takers_leaves_makers_out)
{
    struct event_order_sent buy = desk_order(1, 100, 6);
    struct event_fill fill = {.order_id = buy.order_id, .exec_id = 1, .qty_lots = 1, .maker = true};
    char *text = render();

    free(text);
    SAY(EVENT_ORDER_SENT, buy);
    SAY(EVENT_FILL, fill);
    text = render_again();
    cr_expect(strstr(text, "\npitwall_taker_fill_latency_seconds_count 0\n"));
    free(text);
    fill.maker = false;
    fill.exec_id = 2;
    SAY(EVENT_FILL, fill);
    text = render_again();
    cr_expect(strstr(text, "\npitwall_taker_fill_latency_seconds_count 1\n"));
    cr_expect(strstr(text, "\npitwall_fills_total{venue=\"sim\"} 2\n"));
    free(text);
}

Test(metrics, what_waits_in_the_journal_is_told_by_lane_and_reader)
{
    struct event_trigger fired = {.trigger = TRIGGER_REJECT_RATE, .action = TRIGGER_NOTIFY};
    char *text = render();

    free(text);
    SAY(EVENT_TRIGGER, fired);
    SAY(EVENT_TRIGGER, fired);
    text = render_again(); /* the persister has not been started */
    cr_expect(
        strstr(text, "\npitwall_journal_queue_depth{lane=\"engine\",reader=\"persister\"} 2"));
    cr_expect(
        strstr(text, "\npitwall_journal_queue_depth{lane=\"control\",reader=\"persister\"} 0"));
    cr_expect(
        strstr(text, "\npitwall_journal_taken_sequence{lane=\"engine\",reader=\"persister\"} 0"));
    cr_expect(strstr(text, "\npitwall_journal_sequence 2\n"));
    free(text);
}

Test(metrics, a_kill_by_a_trigger_names_it)
{
    struct event_trigger fired = {.trigger = TRIGGER_DAILY_LOSS, .action = TRIGGER_KILL};
    uint64_t incident;
    char *text = render();

    free(text);
    incident = kill_page_set(&page, 1);
    fired.incident = incident;
    fired.scope = 1;
    SAY(EVENT_TRIGGER, fired);
    text = render_again();
    cr_expect(strstr(text, ",by=\"trigger/daily_loss\"} 1\n"), "%s", strstr(text, "kill_info"));
    cr_expect(strstr(text, "\npitwall_kill_info{scope=\"firm\",by=\"operator\"} 1\n"));
    free(text);
}
