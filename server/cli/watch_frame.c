#include "cli/watch_frame.h"

#include "cli/screen.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ORDERS_LEAST = 3, ALERTS_MOST = 6 };

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

static void put_style(FILE *out, bool styled, char style)
{
    if (styled)
        fputc(style, out);
}

static void print_head(FILE *out, const struct watch_data *data, bool styled)
{
    const json_t *status = json_object_get(data->latest, "status");
    char now[CLI_TIME_MAX], age[CLI_TIME_MAX];

    now_text(now);
    if (data->is_old) {
        put_style(out, styled, SCREEN_LOUD);
        fprintf(out, " NO ANSWER for %s: %s; what is below is old  %s \n",
                cli_age(clock_ns(CLOCK_MONOTONIC) - data->read_ns, age), data->why, now);
    }
    put_style(out, styled,
              strcmp(firm_state(data->latest), "ACTIVE") == 0 ? SCREEN_BOLD : SCREEN_LOUD);
    fprintf(out, "pitwall  %s %s  %s  up %s  storage %s  market %s  %s\n", cli_text(status, "mode"),
            cli_text(status, "instance"), firm_state(data->latest),
            cli_age(json_is_integer(json_object_get(status, "uptime_s"))
                        ? json_integer_value(json_object_get(status, "uptime_s")) * 1000000000
                        : -1,
                    age),
            cli_text(status, "storage"), cli_text(json_object_get(status, "market"), "state"),
            data->is_old ? "" : now);
}

static void print_states(FILE *out, const json_t *latest, bool styled)
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
        put_style(out, styled, SCREEN_BOLD);
        fprintf(out, "  %-8s  %s  since %s by %s: %s%s%s\n", cli_text(item, "state"),
                cli_text(item, "scope"), cli_time(item, "since_ns", since), cli_text(item, "actor"),
                cli_text(item, "cause"), incident ? "  incident " : "", incident ? incident : "");
    }
}

static const struct show_column pnl_columns[] = {
    {{"TOTAL PNL", true}, "total", SHOW_VALUE},
    {{"DAY", true}, "day_pnl", SHOW_VALUE},
    {{"REALISED", true}, "realised", SHOW_VALUE},
    {{"UNREALISED", true}, "unrealised", SHOW_VALUE},
    {{"FEES", true}, "fee", SHOW_VALUE},
    {{"FUNDING", true}, "funding", SHOW_VALUE},
    {{"EQUITY", true}, "equity", SHOW_VALUE},
    {{"DRAWDOWN", true}, "drawdown_ratio", SHOW_VALUE},
    {{"CCY", false}, "currency", SHOW_VALUE},
};

static void print_pnl(FILE *out, json_t *pnl, struct watch_widths *widths)
{
    json_t *items = json_pack("[O]", pnl ? pnl : json_null());

    show_items(out, items, pnl_columns, sizeof pnl_columns / sizeof pnl_columns[0], &widths->pnl,
               &widths->pnl, 1, 2);
    json_decref(items);
}

static void print_alerts(FILE *out, const json_t *alerts, bool styled)
{
    const json_t *items = items_of(alerts);
    json_t *item;
    size_t at, shown = 0;

    json_array_foreach(items, at, item)
    {
        char since[CLI_TIME_MAX];

        if (strcmp(cli_text(item, "state"), "firing") != 0 || shown == ALERTS_MOST ||
            strcmp(cli_text(item, "alert"), "watchdog") == 0)
            continue;
        if (shown++ == 0)
            fprintf(out, "\nALERTS\n");
        put_style(out, styled, SCREEN_BOLD);
        fprintf(out, "  %-6s  %s  %s  %s\n", cli_text(item, "severity"),
                cli_time(item, "since_ns", since), cli_text(item, "id"), cli_text(item, "says"));
    }
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

static void print_orders(FILE *out, const struct watch_data *data, struct watch_widths *widths,
                         int left)
{
    size_t count = json_array_size(items_of(data->orders));
    size_t most = left > ORDERS_LEAST ? (size_t)left : ORDERS_LEAST;
    bool more = json_is_string(json_object_get(data->orders, "next"));

    if (!data->orders) {
        fprintf(out, "OPEN ORDERS  unknown\n");
        return;
    }
    fprintf(out, "OPEN ORDERS  %zu%s\n", count, more ? " or more" : "");
    add_ages(data->orders);
    if (count > 0)
        show_items(out, items_of(data->orders), open_columns,
                   sizeof open_columns / sizeof open_columns[0], &widths->orders, &widths->orders,
                   most, 2);
}

static int lines_in(const char *text)
{
    int lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* All but the orders, which get what room is left. */
static void print_top(FILE *out, const struct watch_data *data, struct watch_widths *widths,
                      bool styled)
{
    const json_t *status = json_object_get(data->latest, "status");

    print_head(out, data, styled);
    print_states(out, data->latest, styled);
    fprintf(out, "\n");
    print_pnl(out, json_object_get(data->latest, "pnl"), widths);
    fprintf(out, "\nPOSITIONS\n");
    show_items(out, items_of(json_object_get(data->latest, "positions")), show_positions,
               POSITION_COLUMNS, &widths->positions, &widths->positions, SIZE_MAX, 2);
    fprintf(out, "\nVENUES\n");
    show_items(out, json_object_get(status, "venues"), show_venues, VENUE_COLUMNS, &widths->venues,
               &widths->venues, SIZE_MAX, 2);
    print_alerts(out, data->alerts, styled);
    fprintf(out, "\n");
}

void watch_frame(FILE *out, const struct watch_data *data, struct watch_widths *widths, int rows,
                 bool styled)
{
    char *text = NULL;
    size_t size = 0;
    FILE *top = open_memstream(&text, &size);

    if (!top)
        return;
    print_top(top, data, widths, styled);
    if (fclose(top) == 0) {
        fputs(text, out);
        print_orders(out, data, widths, rows - lines_in(text) - 2);
    }
    free(text);
}

/* ----------------------------------------------------------------------------------- line */

static size_t count_firing(const json_t *alerts)
{
    size_t at, firing = 0;
    json_t *item;

    json_array_foreach(items_of(alerts), at, item)
    {
        firing += strcmp(cli_text(item, "state"), "firing") == 0 &&
                  strcmp(cli_text(item, "alert"), "watchdog") != 0;
    }
    return firing;
}

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
    json_array_foreach(items_of(json_object_get(data->latest, "positions")), at, position)
    {
        fprintf(out, "  %s %s", cli_text(position, "instrument"),
                cli_member(position, "qty", total));
    }
    fprintf(out, "\n");
}
