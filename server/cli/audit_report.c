/* pitwall audit report: the end of a trading day, and whether the venue's ledger tells the same. */
#include "cli/audit.h"

#include "cli/client.h"
#include "store/report.h"
#include "thread/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_rows(const json_t *report)
{
    size_t at;
    json_t *row;

    printf("%-22s %-6s %14s %6s %14s %14s %16s %14s %12s %12s %12s %14s\n", "instrument", "money",
           "position", "fills", "bought", "sold", "volume", "realised", "fee", "rebate", "funding",
           "net");
    json_array_foreach(json_object_get(report, "instruments"), at, row)
        printf("%-22s %-6s %14s %6lld %14s %14s %16s %14s %12s %12s %12s %14s\n",
               cli_text(row, "instrument"), cli_text(row, "currency"), cli_text(row, "position"),
               (long long)json_integer_value(json_object_get(row, "fills")),
               cli_text(row, "buy_qty"), cli_text(row, "sell_qty"), cli_text(row, "volume"),
               cli_text(row, "realised"), cli_text(row, "fee"), cli_text(row, "rebate"),
               cli_text(row, "funding"), cli_text(row, "net"));
    json_array_foreach(json_object_get(report, "currencies"), at, row)
        printf("%-22s %-6s %14s %6s %14s %14s %16s %14s %12s %12s %12s %14s\n", "all",
               cli_text(row, "currency"), "", "", "", "", "", cli_text(row, "realised"),
               cli_text(row, "fee"), cli_text(row, "rebate"), cli_text(row, "funding"),
               cli_text(row, "net"));
}

static void print_list(const json_t *ledger, const char *name, const char *says)
{
    size_t at;
    json_t *row;

    json_array_foreach(json_object_get(ledger, name), at, row)
        printf("  %s: %s %s %s %s @ %s\n", says, cli_text(row, "exec_id"), cli_text(row, "symbol"),
               cli_text(row, "side"), cli_text(row, "qty"), cli_text(row, "price"));
}

static void print_ledger(const json_t *ledger)
{
    size_t at;
    json_t *row;

    printf("\nledger %s: %s\n", cli_text(ledger, "file"),
           json_is_true(json_object_get(ledger, "balanced")) ? "balanced" : "DOES NOT BALANCE");
    json_array_foreach(json_object_get(ledger, "instruments"), at, row) printf(
        "  %-20s ours %lld fills of %s, the venue's %lld of %s\n", cli_text(row, "symbol"),
        (long long)json_integer_value(json_object_get(row, "ours")), cli_text(row, "ours_qty"),
        (long long)json_integer_value(json_object_get(row, "venue")), cli_text(row, "venue_qty"));
    print_list(ledger, "only_ours", "only we know");
    print_list(ledger, "only_venue", "only the venue knows");
    print_list(ledger, "different", "not the same");
}

static void print_report(const json_t *report)
{
    const json_t *ledger = json_object_get(report, "ledger");

    printf("trading day %s\n\n", cli_text(report, "day"));
    print_rows(report);
    if (json_is_object(ledger))
        print_ledger(ledger);
}

static const char *roll_read(const char *text, int32_t *hour)
{
    if (!text)
        return NULL;
    *hour = (int32_t)strtol(text, NULL, 10);
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 2 || text[0] == '\0' ||
        *hour > 23)
        return "--roll-hour must be 0 to 23";
    return NULL;
}

int audit_cli_report(int argc, char **argv)
{
    const char *day_text = NULL, *ledger = NULL, *roll = NULL;
    struct client_target target = {0};
    const struct cli_option options[] = {{"--day", &day_text, NULL},
                                         {"--ledger", &ledger, NULL},
                                         {"--roll-hour", &roll, NULL},
                                         {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct report_day day = {0};
    struct err err = {0};
    json_t *report;
    bool balances;

    if (!problem && !target.dir)
        problem = "--data is missing";
    if (!problem)
        problem = roll_read(roll, &day.roll_hour);
    if (problem)
        return cli_usage("audit", problem);
    if (report_day_read(&day, day_text, clock_real_ns(), &err) != OK ||
        report_make(target.dir, &day, ledger, &report, &err) != OK)
        return cli_fail("audit", &err);
    if (target.json)
        cli_print_json(report);
    else
        print_report(report);
    balances = !json_is_false(json_object_get(json_object_get(report, "ledger"), "balanced"));
    json_decref(report);
    return balances ? 0 : 1;
}
