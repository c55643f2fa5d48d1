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
    return metrics_render(view, &sources, &(struct metrics_extra){.ws_clients = 2});
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

Test(metrics, figures_that_people_rely_on)
{
    char *text = render();

    cr_assert_not_null(strstr(text, "\npitwall_kill_switch_active 1\n"));
    cr_assert_not_null(strstr(text, "\npitwall_trading_state{scope=\"firm\"} 2\n"));
    cr_assert_not_null(strstr(text, "\npitwall_engine_step_seconds_bucket{le=\"0.000001\"} 1\n"));
    cr_assert_not_null(strstr(text, "\npitwall_start_time_seconds 1.5\n"));
    cr_assert_not_null(strstr(text, "\npitwall_ws_clients 2\n"));
    cr_assert_not_null(strstr(text, "pitwall_orders_denied_total{reason=\"max_order_lots\"} 0\n"));
    free(text);
}
