#include "cli/watch_frame.h"

#include "cli/screen.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ORDERS_LEAST = 3, ALERTS_MOST = 6, MORE_INDENT = 4, LINE_MAX_BYTES = 2048 };

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void now_text(char out[CLI_TIME_MAX])
{
    time_t seconds = time(NULL);
    struct tm utc;

    if (!gmtime_r(&seconds, &utc) || strftime(out, CLI_TIME_MAX, "%TZ", &utc) == 0)
        out[0] = '\0';
}

static const json_t *items_of(const json_t *list)
{
    return json_object_get(list, "items");
}

/* ---------------------------------------------------------------------------------- lines */

/* How much of a text stands in one line; where it goes on, a word begins. */
static size_t line_length(const char *text, size_t columns)
{
    size_t fits = text_fitting(text, strlen(text), columns);
    size_t cut = fits;

    if (text[fits] == '\0')
        return fits;
    while (cut > 0 && text[cut] != ' ')
        cut--;
    while (cut > 0 && text[cut - 1] == ' ')
        cut--;
    return cut > 0 ? cut : fits;
}

/* A text in as many lines as it takes; `style` of screen.h, or 0. */
__attribute__((format(printf, 3, 4))) static void put_lines(const struct watch_page *page,
                                                            char style, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    int indent = 0;
    va_list values;

    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    for (const char *at = text; *at != '\0'; indent = MORE_INDENT) {
        size_t length = page->columns > 2 * MORE_INDENT
                            ? line_length(at, (size_t)(page->columns - indent))
                            : strlen(at);

        if (page->is_styled && style)
            fputc(style, page->out);
        fprintf(page->out, "%*s%.*s\n", indent, "", (int)length, at);
        at += length + strspn(at + length, " ");
    }
}

/* ---------------------------------------------------------------------------------- parts */

static const char *firm_state(const json_t *latest)
{
    json_t *item;
    size_t at;

    json_array_foreach(items_of(json_object_get(latest, "trading_state")), at, item)
    {
        if (strcmp(cli_text(item, "scope"), "firm") == 0)
            return cli_text(item, "effective");
    }
    return "unknown";
}

static void print_head(const struct watch_page *page, const struct watch_data *data)
{
    const json_t *status = json_object_get(data->latest, "status");
    const json_t *uptime = json_object_get(status, "uptime_s");
    const char *state = firm_state(data->latest);
    char now[CLI_TIME_MAX], age[CLI_TIME_MAX];

    now_text(now);
    if (data->is_old)
        put_lines(page, SCREEN_LOUD, " NO ANSWER for %s: %s; what is below is old  %s ",
                  cli_age(clock_ns(CLOCK_MONOTONIC) - data->read_ns, age), data->why, now);
    put_lines(page, strcmp(state, "ACTIVE") == 0 ? SCREEN_BOLD : SCREEN_LOUD,
              "pitwall  %s %s  %s  up %s  storage %s  market %s  %s", cli_text(status, "mode"),
              cli_text(status, "instance"), state,
              cli_age(json_is_integer(uptime) ? json_integer_value(uptime) * 1000000000 : -1, age),
              cli_text(status, "storage"), cli_text(json_object_get(status, "market"), "state"),
              data->is_old ? "" : now);
}

static void print_states(const struct watch_page *page, const json_t *latest)
{
    const json_t *items = items_of(json_object_get(latest, "trading_state"));
    json_t *item;
    size_t at;

    json_array_foreach(items, at, item)
    {
        const char *incident = json_string_value(json_object_get(item, "incident"));
        char since[CLI_TIME_MAX];

        if (strcmp(cli_text(item, "state"), "ACTIVE") == 0)
            continue;
        put_lines(page, SCREEN_BOLD, "  %-8s  %s  since %s by %s: %s%s%s", cli_text(item, "state"),
                  cli_text(item, "scope"), cli_time(item, "since_ns", since),
                  cli_text(item, "actor"), cli_text(item, "cause"), incident ? "  incident " : "",
                  incident ? incident : "");
    }
}

static const struct show_column worth_columns[] = {
    {{"TOTAL PNL", true}, "total", SHOW_VALUE}, {{"DAY", true}, "day_pnl", SHOW_VALUE},
    {{"EQUITY", true}, "equity", SHOW_VALUE},   {{"DRAWDOWN", true}, "drawdown_ratio", SHOW_VALUE},
    {{"CCY", false}, "currency", SHOW_VALUE},
};

/* All that the total is the sum of. */
static const struct show_column part_columns[] = {
    {{"REALISED", true}, "realised", SHOW_VALUE}, {{"UNREALISED", true}, "unrealised", SHOW_VALUE},
    {{"FEES", true}, "fee", SHOW_VALUE},          {{"REBATES", true}, "rebate", SHOW_VALUE},
    {{"FUNDING", true}, "funding", SHOW_VALUE},
};

/* A table of some items, with what it cannot do without where the page is narrow. */
static void print_table(const struct watch_page *page, const json_t *items,
                        const struct show_column *columns, size_t count, struct table *kept,
                        const char *const *yields, size_t rows_max)
{
    kept->width_max = page->columns > 0 ? (size_t)page->columns : 0;
    kept->yields = yields;
    show_items(page->out, items, columns, count, kept, kept, rows_max, 2);
}

/* In two rows: one of all is too wide for most terminals. */
static void print_pnl(const struct watch_page *page, json_t *pnl, struct watch_widths *widths)
{
    static const char *const yields[] = {"DRAWDOWN", NULL};
    json_t *items = json_pack("[O]", pnl ? pnl : json_null());

    print_table(page, items, worth_columns, sizeof worth_columns / sizeof worth_columns[0],
                &widths->worth, yields, 1);
    print_table(page, items, part_columns, sizeof part_columns / sizeof part_columns[0],
                &widths->parts, NULL, 1);
    json_decref(items);
}

/* The watchdog's always fires: it shows that alerts arrive, and asks for nothing. */
static bool stands(const json_t *alert)
{
    return strcmp(cli_text(alert, "state"), "firing") == 0 &&
           strcmp(cli_text(alert, "alert"), "watchdog") != 0;
}

static size_t count_firing(const json_t *alerts)
{
    size_t at, firing = 0;
    json_t *item;

    json_array_foreach(items_of(alerts), at, item) firing += stands(item);
    return firing;
}

/* Those that page, or those that do not; so many at the most. How many there were. */
static size_t print_those(const struct watch_page *page, const json_t *alerts, bool pages,
                          size_t most)
{
    size_t at, shown = 0;
    json_t *item;

    json_array_foreach(items_of(alerts), at, item)
    {
        const json_t *taken = json_object_get(item, "acknowledged");
        char since[CLI_TIME_MAX];

        if (shown == most || !stands(item) ||
            (strcmp(cli_text(item, "severity"), "page") == 0) != pages)
            continue;
        shown++;
        put_lines(page, SCREEN_BOLD, "  %-6s  %s  %s  %s%s%s%s", cli_text(item, "severity"),
                  cli_time(item, "since_ns", since), cli_text(item, "id"), cli_text(item, "says"),
                  json_is_object(taken) ? ": " : "",
                  json_is_object(taken) ? cli_text(taken, "by") : "",
                  json_is_object(taken) ? " has it" : "");
    }
    return shown;
}

/* What pages people comes first, however old it is; what has no room is counted. */
static void print_alerts(const struct watch_page *page, const json_t *alerts)
{
    size_t firing = count_firing(alerts), shown;

    if (!alerts || firing > 0)
        fprintf(page->out, "\nALERTS%s\n", alerts ? "" : "  unknown");
    shown = print_those(page, alerts, true, ALERTS_MOST);
    shown += print_those(page, alerts, false, ALERTS_MOST - shown);
    if (shown < firing)
        put_lines(page, SCREEN_BOLD, "  and %zu more: pitwall alerts", firing - shown);
}

static void add_ages(json_t *orders)
{
    int64_t now = clock_ns(CLOCK_REALTIME);
    json_t *order;
    size_t at;

    json_array_foreach((json_t *)items_of(orders), at, order)
    {
        int64_t sent = cli_ns(order, "sent_ns");

        json_object_set_new(order, "cli_age_ns",
                            sent > 0 && sent <= now ? json_integer(now - sent) : json_null());
    }
}

static const struct show_column open_columns[] = {
    {{"ID", false}, "id", SHOW_VALUE},
    {{"INSTRUMENT", false}, "instrument", SHOW_VALUE},
    {{"STRATEGY", false}, "strategy", SHOW_VALUE},
    {{"SIDE", false}, "side", SHOW_VALUE},
    {{"PRICE", true}, "price", SHOW_VALUE},
    {{"QTY", true}, "qty", SHOW_VALUE},
    {{"FILLED", true}, "filled", SHOW_VALUE},
    {{"STATE", false}, "state", SHOW_VALUE},
    {{"AGE", true}, "cli_age_ns", SHOW_AGE},
};

static void print_orders(const struct watch_page *page, const struct watch_data *data,
                         struct watch_widths *widths, int left)
{
    static const char *const yields[] = {"STRATEGY", "AGE", "FILLED", NULL};
    size_t count = json_array_size(items_of(data->orders));
    size_t most = left > ORDERS_LEAST ? (size_t)left : ORDERS_LEAST;
    bool more = json_is_string(json_object_get(data->orders, "next"));

    if (!data->orders) {
        fprintf(page->out, "OPEN ORDERS  unknown\n");
        return;
    }
    fprintf(page->out, "OPEN ORDERS  %zu%s\n", count, more ? " or more" : "");
    add_ages(data->orders);
    if (count > 0)
        print_table(page, items_of(data->orders), open_columns,
                    sizeof open_columns / sizeof open_columns[0], &widths->orders, yields, most);
}

static int lines_in(const char *text)
{
    int lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static void print_positions(const struct watch_page *page, const json_t *latest,
                            struct watch_widths *widths)
{
    static const char *const yields[] = {"VENUE LOTS", "CCY", "AVG PRICE", "REALISED", "AGE", NULL};

    fprintf(page->out, "\nPOSITIONS\n");
    print_table(page, items_of(json_object_get(latest, "positions")), show_positions,
                POSITION_COLUMNS, &widths->positions, yields, SIZE_MAX);
}

/* All but the orders, which get what room is left. */
static void print_top(const struct watch_page *page, const struct watch_data *data,
                      struct watch_widths *widths)
{
    print_head(page, data);
    print_states(page, data->latest);
    fprintf(page->out, "\n");
    print_pnl(page, json_object_get(data->latest, "pnl"), widths);
    print_positions(page, data->latest, widths);
    fprintf(page->out, "\nVENUES\n");
    print_table(page, json_object_get(json_object_get(data->latest, "status"), "venues"),
                show_venues, VENUE_COLUMNS, &widths->venues, NULL, SIZE_MAX);
    print_alerts(page, data->alerts);
    fprintf(page->out, "\n");
}

void watch_frame(const struct watch_page *page, const struct watch_data *data,
                 struct watch_widths *widths)
{
    struct watch_page top = *page;
    char *text = NULL;
    size_t size = 0;

    top.out = open_memstream(&text, &size);
    if (!top.out)
        return;
    print_top(&top, data, widths);
    if (fclose(top.out) == 0) {
        fputs(text, page->out);
        print_orders(page, data, widths, page->rows - lines_in(text) - 2);
    }
    free(text);
}

/* ----------------------------------------------------------------------------------- line */

void watch_line(FILE *out, const struct watch_data *data)
{
    const json_t *pnl = json_object_get(data->latest, "pnl");
    char now[CLI_TIME_MAX], total[CLI_VALUE_MAX], day[CLI_VALUE_MAX], equity[CLI_VALUE_MAX];
    json_t *position;
    size_t at;

    now_text(now);
    if (data->is_old) {
        fprintf(out, "%s  no answer: %s\n", now, data->why);
        return;
    }
    fprintf(out, "%s  %s  pnl %s  day %s  equity %s %s", now, firm_state(data->latest),
            cli_member(pnl, "total", total), cli_member(pnl, "day_pnl", day),
            cli_member(pnl, "equity", equity), cli_text(pnl, "currency"));
    fprintf(out, "  open %zu%s", json_array_size(items_of(data->orders)),
            json_is_string(json_object_get(data->orders, "next")) ? "+" : "");
    if (data->alerts)
        fprintf(out, "  alerts %zu", count_firing(data->alerts));
    else
        fprintf(out, "  alerts unknown");
    json_array_foreach(items_of(json_object_get(data->latest, "positions")), at, position)
    {
        fprintf(out, "  %s %s", cli_text(position, "instrument"),
                cli_member(position, "qty", total));
    }
    fprintf(out, "\n");
}
