/* pitwall replay --data DIR ...: a recorded run again, replay_journal.c.
 * pitwall replay --venue binance|bybit [--speed max] FILE... [--bbo-out FILE]: one JSON object on
 * stdout.
 * Exit 65 when a part of the input was damaged: what was usable is printed all the same. */
#include "cli/cli.h"
#include "cli/replay_journal.h"
#include "cli/replay_run.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct recording_options {
    const char *venue, *bbo_path;
    const char **paths;
    uint32_t count;
};

static const char *value_of(int argc, char **argv, int *at)
{
    return *at + 1 < argc ? argv[++*at] : "";
}

/* NULL: well; else what is wrong. */
static const char *options_read(struct recording_options *options, int argc, char **argv)
{
    for (int at = 0; at < argc; at++) {
        if (strcmp(argv[at], "--venue") == 0)
            options->venue = value_of(argc, argv, &at);
        else if (strcmp(argv[at], "--bbo-out") == 0)
            options->bbo_path = value_of(argc, argv, &at);
        else if (strcmp(argv[at], "--speed") == 0) {
            if (strcmp(value_of(argc, argv, &at), "max") != 0)
                return "--speed is max (pitwall run plays at the recorded pace)";
        } else if (strcmp(argv[at], "--json") == 0)
            continue; /* it prints nothing else */
        else if (argv[at][0] == '-')
            return "unknown argument";
        else
            options->paths[options->count++] = argv[at];
    }
    if (!options->venue ||
        (strcmp(options->venue, "binance") != 0 && strcmp(options->venue, "bybit") != 0))
        return "--venue binance and bybit are those whose recordings it reads";
    if (options->bbo_path && options->bbo_path[0] == '\0')
        return "--bbo-out lacks its file";
    return options->count == 0 ? "no recording is given" : NULL;
}

static void set_decimal(json_t *object, const char *key, int64_t units, uint32_t decimals,
                        bool there)
{
    char text[DECIMAL_TEXT_MAX];

    if (!there) {
        json_object_set_new(object, key, json_null());
        return;
    }
    decimal_print(text, units, decimals, true);
    json_object_set_new(object, key, json_string(text));
}

static void set_level(json_t *object, const char *price_key, const char *qty_key,
                      const struct instrument *row, struct level level)
{
    bool there = level.price_ticks > 0;

    set_decimal(object, price_key, level.price_ticks * row->tick_units, row->price_decimals, there);
    set_decimal(object, qty_key, level.qty_lots * row->lot_units, row->qty_decimals, there);
}

static json_t *instrument_json(const struct replay_instrument *from, const struct instrument *row)
{
    json_t *bbo = json_object();

    set_level(bbo, "bid", "bidqty", row, from->final_touch.bid);
    set_level(bbo, "ask", "askqty", row, from->final_touch.ask);
    return json_pack(
        "{s:I s:I s:I s:I s:I s:I s:I s:I s:o s:{s:i s:i} s:b s:I s:I s:I s:I s:I s:I s:I}",
        "lines", (json_int_t)from->counts.lines, "depth_events",
        (json_int_t)from->counts.depth_events, "applied", (json_int_t)from->applied,
        "level_changes", (json_int_t)from->level_changes, "book_tickers",
        (json_int_t)from->counts.book_tickers, "trades", (json_int_t)from->counts.trades,
        "sequence_gaps", (json_int_t)from->counts.sequence_gaps, "crossed",
        (json_int_t)from->crossed, "final_bbo", bbo, "final_levels", "bids", (int)from->final_bids,
        "asks", (int)from->final_asks, "stale", from->stale, "ticker_checks",
        (json_int_t)from->check.checks, "ticker_price_equal", (json_int_t)from->check.price_equal,
        "ticker_equal", (json_int_t)from->check.equal, "snapshots",
        (json_int_t)from->counts.snapshots, "other_frames", (json_int_t)from->counts.others,
        "damaged", (json_int_t)from->counts.damaged, "dropped_before_snapshot",
        (json_int_t)from->counts.dropped);
}

static json_t *damage_json(const struct replay_result *result)
{
    json_t *list = json_array();

    for (uint64_t at = 0; at < result->damaged && at < REPLAY_DAMAGE_KEPT; at++)
        json_array_append_new(list, json_pack("{s:s? s:I s:s}", "file", result->damage[at].path,
                                              "line", (json_int_t)result->damage[at].line, "reason",
                                              result->damage[at].says));
    return list;
}

static json_t *result_json(struct replay_result *result)
{
    struct histogram_summary step = histogram_summarise(&result->step_ns);
    json_t *instruments = json_object();

    for (uint16_t at = 0; at < result->instruments.count; at++)
        json_object_set_new(instruments, result->instruments.row[at].name,
                            instrument_json(&result->instrument[at], &result->instruments.row[at]));
    return json_pack("{s:o s:f s:f s:{s:I s:I s:I s:I} s:I s:I s:I s:o}", "instruments",
                     instruments, "seconds", result->seconds, "messages_per_s",
                     result->seconds > 0 ? (double)result->lines / result->seconds : 0.0, "step_ns",
                     "p50", (json_int_t)step.p50_ns, "p99", (json_int_t)step.p99_ns, "p999",
                     (json_int_t)step.p999_ns, "max", (json_int_t)step.max_ns, "lines",
                     (json_int_t)result->lines, "orders_sent", (json_int_t)result->orders_sent,
                     "damaged", (json_int_t)result->damaged, "damage", damage_json(result));
}

static void say_damage(const struct replay_result *result)
{
    for (uint64_t at = 0; at < result->damaged && at < REPLAY_DAMAGE_KEPT; at++)
        fprintf(stderr, "pitwall replay: %s:%llu: %s\n", result->damage[at].path,
                (unsigned long long)result->damage[at].line, result->damage[at].says);
    if (result->damaged > REPLAY_DAMAGE_KEPT)
        fprintf(stderr, "pitwall replay: and %llu more\n",
                (unsigned long long)(result->damaged - REPLAY_DAMAGE_KEPT));
}

static enum status close_rows(FILE *bbo, const char *path, struct err *err)
{
    bool failed = ferror(bbo);

    if (fclose(bbo) != 0 || failed) {
        err_set(err, ERR_IO, "the rows could not be written");
        return err_wrap(err, ERR_IO, path);
    }
    return OK;
}

static int print_result(struct replay_result *result)
{
    json_t *json = result_json(result);
    bool printed = json && json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0 &&
                   putchar('\n') != EOF && fflush(stdout) == 0;

    json_decref(json);
    if (!printed) {
        fputs("pitwall replay: the result could not be printed\n", stderr);
        return status_exit(ERR_IO);
    }
    return result->damaged > 0 ? status_exit(ERR_DAMAGED) : 0;
}

static int replay(const struct recording_options *options)
{
    struct replay_result *result = NULL;
    struct err err = {0};
    enum status status;
    int code;
    FILE *bbo = NULL;

    if (options->bbo_path && !(bbo = fopen(options->bbo_path, "w"))) {
        err_set(&err, ERR_IO, strerror(errno));
        err_wrap(&err, ERR_IO, options->bbo_path);
        return cli_fail("replay", &err);
    }
    status = replay_run(options->paths, options->count, bbo, &result, &err);
    if (bbo) {
        struct err rows = {0};

        if (close_rows(bbo, options->bbo_path, &rows) != OK && status == OK) {
            err = rows;
            status = rows.status;
        }
    }
    if (status != OK) {
        replay_result_free(result);
        return cli_fail("replay", &err);
    }
    say_damage(result);
    code = print_result(result);
    replay_result_free(result);
    return code;
}

static int replay_recordings(int argc, char **argv)
{
    struct recording_options options = {.paths = calloc((size_t)argc + 1, sizeof *options.paths)};
    const char *problem;
    int code;

    if (!options.paths)
        return status_exit(ERR_INTERNAL);
    problem = options_read(&options, argc, argv);
    code = problem ? cli_usage("replay", problem) : replay(&options);
    free(options.paths);
    return code;
}

/* A sequence, or a time: 2026-11-26T10:00:00Z, whole seconds since the epoch being a sequence. */
static const char *until_read(struct replay_journal_options *options, const char *text)
{
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    char *rest;

    if (end && (*end == '\0' || strcmp(end, "Z") == 0)) {
        options->until_ns = (int64_t)timegm(&parts) * 1000000000;
        return NULL;
    }
    errno = 0;
    options->until_seq = strtoull(text, &rest, 10);
    if (text[0] < '0' || text[0] > '9' || *rest != '\0' || errno != 0 || options->until_seq == 0)
        return "--until is a sequence, or a UTC time such as 2026-11-26T10:00:00Z";
    return NULL;
}

static const char *journal_read(struct replay_journal_options *options, int argc, char **argv)
{
    const char *problem = NULL;

    for (int at = 0; at < argc && !problem; at++) {
        if (strcmp(argv[at], "--data") == 0)
            options->dir = value_of(argc, argv, &at);
        else if (strcmp(argv[at], "--until") == 0)
            problem = until_read(options, value_of(argc, argv, &at));
        else if (strcmp(argv[at], "--what-if") == 0)
            options->what_if = value_of(argc, argv, &at);
        else if (strcmp(argv[at], "--explain") == 0)
            problem = order_id_parse(value_of(argc, argv, &at), &options->explain)
                          ? NULL
                          : "--explain is the id of an order, such as PW3CB00001-13CT";
        else if (strcmp(argv[at], "--inputs-only") == 0)
            options->inputs_only = true;
        else if (strcmp(argv[at], "--any-build") == 0)
            options->any_build = true;
        else if (strcmp(argv[at], "--json") == 0)
            options->json = true;
        else
            problem = "unknown argument; --data DIR takes --until, --explain, --what-if, "
                      "--inputs-only, --any-build, --json";
    }
    if (!problem && options->dir[0] == '\0')
        problem = "--data lacks its directory";
    return problem;
}

static int replay_data(int argc, char **argv)
{
    struct replay_journal_options options = {.dir = ""};
    const char *problem = journal_read(&options, argc, argv);

    return problem ? cli_usage("replay", problem) : replay_journal(&options);
}

int cli_replay(int argc, char **argv)
{
    for (int at = 0; at < argc; at++)
        if (strcmp(argv[at], "--data") == 0)
            return replay_data(argc, argv);
    return replay_recordings(argc, argv);
}
