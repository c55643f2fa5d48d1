/* pitwall replay --data DIR [--until SEQ|TIME] [--explain ORDER] [--what-if FILE]
 *                [--inputs-only] [--any-build] [--json]
 *
 * Runs the recorded inputs of every run in the directory through an engine of its own and compares
 * all that it says with what was recorded. Reads the disk only: it works while a server runs, and
 * then goes as far as the persister has come. Exit 0: the same to the byte; 1: it differs; 65: what
 * is there cannot be run again. */
#include "cli/replay_journal.h"

#include "build_hash.h"
#include "cli/cli.h"
#include "journal/journal.h"
#include "thread/log.h"
#include "view/what_if.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct run {
    const struct replay_journal_options *options;
    struct rerun *replay;
    struct input_names names;
    bool named;
    struct limits limits[MAX_SCOPES]; /* in force, as said so far */
    struct what_if *what_if;          /* NULL: not asked for, or no run has begun */
    uint64_t from_seq, to_seq, records;
    const char *damage; /* of the journal behind to_seq; NULL: none was met */
    int64_t to_ns;
    json_t *before, *after; /* of --explain */
    struct replay_order order;
    enum rerun_result result;
};

/* Its own configuration of nothing but names. */
static enum status read_proposal(struct run *run, struct err *err)
{
    struct config *config = calloc(1, sizeof *config);
    struct limits *limits = calloc(MAX_SCOPES, sizeof *limits);
    enum status status;

    if (!config || !limits) {
        free(config);
        free(limits);
        return err_set(err, ERR_INTERNAL, "out of memory");
    }
    config->scopes =
        (struct scope_map){run->names.venues, run->names.strategies, run->names.instruments};
    config->venues = run->names.venues;
    config->strategies = run->names.strategies;
    config->instruments = run->names.instruments;
    memcpy(config->venue, run->names.venue, sizeof config->venue);
    for (unsigned at = 0; at < MAX_STRATEGIES; at++)
        memcpy(config->strategy[at].name, run->names.strategy[at], MAX_NAME);
    for (unsigned at = 0; at < MAX_INSTRUMENTS; at++)
        memcpy(config->instrument[at].name, run->names.instrument[at].name, MAX_NAME);
    status = config_read_limits(config, run->options->what_if, limits, err);
    for (uint16_t scope = 0; status == OK && scope < MAX_SCOPES; scope++)
        for (int id = 0; id < LIMIT_COUNT; id++)
            if (limits[scope].value[id] != LIMIT_UNSET)
                what_if_propose(run->what_if, scope, (enum limit_id)id, limits[scope].value[id]);
    free(config);
    free(limits);
    return status;
}

/* A run under the same names goes on with the same count. */
static enum status take_names(struct run *run, const struct input_names *names, struct err *err)
{
    bool same = run->named && memcmp(names, &run->names, sizeof *names) == 0;

    run->names = *names;
    run->named = true;
    if (same || !run->options->what_if)
        return OK;
    if (!run->what_if)
        run->what_if = malloc(sizeof *run->what_if);
    if (!run->what_if)
        return err_set(err, ERR_INTERNAL, "out of memory");
    what_if_init(run->what_if, names, 0);
    return read_proposal(run, err);
}

static void take_limits(struct run *run, const void *payload)
{
    struct event_limits_applied limits;

    memcpy(&limits, payload, sizeof limits);
    if (limits.scope < MAX_SCOPES)
        run->limits[limits.scope] = limits.limits;
}

/* The step of the order has been read whole: now it runs, and its book is what the order saw. */
static void finish_explaining(struct run *run, bool cut)
{
    run->result = rerun_run(run->replay, cut);
    if (run->result == RERUN_FINE)
        run->after = replay_explain_after(run->replay, &run->names, run->limits, &run->order);
}

static bool ends_step(uint16_t kind)
{
    return input_is_one(kind) && kind != INPUT_SEEN;
}

static enum status take(struct run *run, const struct lane_record *record, const void *payload,
                        struct err *err)
{
    struct replay_order order;
    enum status status = OK;

    if (record->kind == INPUT_NAMES && record->length >= sizeof run->names)
        status = take_names(run, payload, err);
    if (record->kind == EVENT_LIMITS_APPLIED &&
        record->length >= sizeof(struct event_limits_applied))
        take_limits(run, payload);
    if (run->what_if)
        what_if_take(run->what_if, record, payload);
    if (run->before && ends_step(record->kind)) {
        finish_explaining(run, false);
        return status;
    }
    if (!run->before && run->options->explain != 0 && rerun_engine(run->replay) &&
        replay_order_of(record, payload, &order) && order.id == run->options->explain) {
        run->order = order;
        run->before = replay_explain_before(run->replay, &run->names, &order);
    }
    run->result = rerun_take(run->replay, record, payload);
    run->to_seq = record->commit;
    run->to_ns = record->at_ns;
    run->records++;
    if (run->from_seq == 0)
        run->from_seq = run->to_seq;
    return status;
}

static bool is_beyond(const struct run *run, const struct lane_record *record)
{
    const struct replay_journal_options *options = run->options;

    return (options->until_seq != 0 && record->commit > options->until_seq) ||
           (options->until_ns != 0 && record->at_ns > options->until_ns);
}

static enum status read_all(struct run *run, struct err *err)
{
    struct journal_reader *reader;
    struct lane_record record;
    const void *payload;
    enum status status = journal_reader_open(&reader, run->options->dir, JOURNAL_ENGINE, 1, err);

    if (status != OK)
        return status;
    while (run->result == RERUN_FINE && !run->after &&
           (status = journal_reader_next(reader, &record, &payload, err)) == OK) {
        if (is_beyond(run, &record))
            break;
        status = take(run, &record, payload, err);
        if (status != OK)
            break;
    }
    journal_reader_close(reader);
    if (status == ERR_DAMAGED && run->records > 0)
        run->damage = err->text; /* what stands before it is replayed all the same */
    else if (status != OK && status != ERR_NOT_FOUND)
        return status;
    if (run->result == RERUN_FINE && run->before && !run->after)
        finish_explaining(run, true);
    if (run->result == RERUN_FINE)
        run->result = rerun_run(run->replay, true);
    return OK;
}

/* --- what it says --- */

static json_t *hex(uint64_t value)
{
    char text[20];

    (void)snprintf(text, sizeof text, "%016" PRIx64, value);
    return json_string(text);
}

static json_t *position_json(struct run *run, uint16_t at)
{
    const struct input_instrument *row = &run->names.instrument[at];
    struct touch touch = book_touch(engine_book(rerun_engine(run->replay), at));
    char bid[DECIMAL_TEXT_MAX], ask[DECIMAL_TEXT_MAX];

    decimal_print(bid, touch.bid.price_ticks * row->tick_units, row->price_decimals, true);
    decimal_print(ask, touch.ask.price_ticks * row->tick_units, row->price_decimals, true);
    return json_pack("{s:s, s:I, s:o, s:o}", "instrument", row->name, "lots",
                     (json_int_t)engine_position(rerun_engine(run->replay), at)->lots, "bid",
                     touch.bid.price_ticks > 0 ? json_string(bid) : json_null(), "ask",
                     touch.ask.price_ticks > 0 ? json_string(ask) : json_null());
}

static void put_state(struct run *run, json_t *json)
{
    struct engine *engine = rerun_engine(run->replay);
    json_t *positions = json_array();

    for (uint16_t at = 0; at < run->names.instruments; at++)
        json_array_append_new(positions, position_json(run, at));
    json_object_set_new(json, "state_hash", hex(engine_state_hash(engine)));
    json_object_set_new(json, "books_hash", hex(engine_books_hash(engine)));
    json_object_set_new(json, "open_orders", json_integer(engine_open_orders(engine)));
    json_object_set_new(json, "positions", positions);
}

static json_t *report(struct run *run)
{
    struct rerun_counts counts = rerun_counts(run->replay);
    uint64_t bad_seq = 0;
    const char *says = rerun_says(run->replay, &bad_seq);
    bool well = run->result == RERUN_FINE;
    json_t *json = json_pack(
        "{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:s?}", "ok", (int)well, "gaps",
        (json_int_t)counts.gaps, "runs", (json_int_t)counts.runs, "inputs",
        (json_int_t)counts.inputs, "events", (json_int_t)counts.events, "from_seq",
        (json_int_t)run->from_seq, "to_seq", (json_int_t)run->to_seq, "first_bad_seq",
        well ? json_null() : json_integer((json_int_t)bad_seq), "says", well ? NULL : says);

    if (well && rerun_engine(run->replay))
        put_state(run, json);
    if (well && run->damage) {
        json_object_set_new(json, "ok", json_false());
        json_object_set_new(json, "first_bad_seq", json_integer((json_int_t)run->to_seq + 1));
        json_object_set_new(json, "says", json_string(run->damage));
    }
    if (run->what_if)
        json_object_set_new(json, "what_if", what_if_json(run->what_if));
    if (run->after) {
        json_object_update(run->after, run->before);
        json_object_set(json, "explain", run->after);
    }
    return json;
}

static void print_what_if(const json_t *json)
{
    const char *name;
    json_t *value;

    printf("what if: of %lld orders that passed %lld would have been denied, of %lld denied %lld "
           "would have passed\n",
           (long long)json_integer_value(json_object_get(json, "passed")),
           (long long)json_integer_value(json_object_get(json, "would_deny")),
           (long long)json_integer_value(json_object_get(json, "denied")),
           (long long)json_integer_value(json_object_get(json, "would_pass")));
    json_object_foreach(json_object_get(json, "by_limit"), name, value)
        printf("  %-28s %lld\n", name, (long long)json_integer_value(value));
    json_object_foreach(json_object_get(json, "used_ratio"), name, value)
        printf("  %-28s used at most %s times what is proposed\n", name, json_string_value(value));
}

static void print_positions(const json_t *json)
{
    size_t at;
    json_t *row;

    printf("open orders %lld\n%-24s %12s %16s %16s\n",
           (long long)json_integer_value(json_object_get(json, "open_orders")), "instrument",
           "lots held", "bid", "ask");
    json_array_foreach(json_object_get(json, "positions"), at, row)
    {
        const char *bid = json_string_value(json_object_get(row, "bid"));
        const char *ask = json_string_value(json_object_get(row, "ask"));

        printf("%-24s %12lld %16s %16s\n", json_string_value(json_object_get(row, "instrument")),
               (long long)json_integer_value(json_object_get(row, "lots")), bid ? bid : "-",
               ask ? ask : "-");
    }
}

static void print_verdict(const struct run *run, const json_t *json)
{
    if (run->result != RERUN_FINE) {
        printf("%s at sequence %lld: %s\n",
               run->result == RERUN_DIFFERS ? "it differs" : "it cannot be run again",
               (long long)json_integer_value(json_object_get(json, "first_bad_seq")),
               json_string_value(json_object_get(json, "says")));
        return;
    }
    printf("the same to the byte: %lld runs, %lld inputs, %lld events, sequences %" PRIu64
           " to %" PRIu64 "\nstate %s  books %s\n",
           (long long)json_integer_value(json_object_get(json, "runs")),
           (long long)json_integer_value(json_object_get(json, "inputs")),
           (long long)json_integer_value(json_object_get(json, "events")), run->from_seq,
           run->to_seq, json_string_value(json_object_get(json, "state_hash")),
           json_string_value(json_object_get(json, "books_hash")));
    print_positions(json);
}

static void print_plain(const struct run *run, const json_t *json)
{
    const json_t *explain = json_object_get(json, "explain");

    print_verdict(run, json);
    if (json_integer_value(json_object_get(json, "gaps")) > 0)
        printf("%lld of them only up to where the journal had no room for inputs any more\n",
               (long long)json_integer_value(json_object_get(json, "gaps")));
    if (json_object_get(json, "what_if"))
        print_what_if(json_object_get(json, "what_if"));
    if (explain) {
        json_dumpf(explain, stdout, JSON_INDENT(2));
        putchar('\n');
    }
}

static int answer(struct run *run)
{
    json_t *json = report(run);
    bool printed;

    if (run->options->json)
        printed = json_dumpf(json, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF;
    else {
        print_plain(run, json);
        printed = true;
    }
    json_decref(json);
    if (!printed || fflush(stdout) != 0) {
        fputs("pitwall replay: the answer could not be printed\n", stderr);
        return status_exit(ERR_IO);
    }
    if (run->result == RERUN_FINE && run->damage) {
        fprintf(stderr, "pitwall replay: %s; what stands before it is replayed\n", run->damage);
        return 65;
    }
    return run->result == RERUN_FINE ? 0 : run->result == RERUN_DIFFERS ? 1 : 65;
}

static enum status demand_run(const struct run *run, struct err *err)
{
    if (rerun_counts(run->replay).runs == 0 && !run->damage && run->result == RERUN_FINE)
        return err_format(err, ERR_DAMAGED,
                          "%s: no run with recorded inputs (journal.inputs: all) is in it",
                          run->options->dir);
    if (run->options->explain != 0 && !run->after && run->result == RERUN_FINE)
        return err_set(err, ERR_NOT_FOUND, "no such order in what was replayed");
    return OK;
}

int replay_journal(const struct replay_journal_options *options)
{
    uint8_t build[BUILD_HASH_BYTES];
    struct rerun_options how = {.inputs_only = options->inputs_only};
    struct run *run = calloc(1, sizeof *run);
    void *memory = aligned_alloc(4096, (rerun_size() + 4095) & ~(size_t)4095);
    struct err err = {0};
    enum status status;
    int code;

    if (!run || !memory) {
        free(run);
        free(memory);
        (void)err_set(&err, ERR_INTERNAL, "out of memory");
        return cli_fail("replay", &err);
    }
    if (!options->any_build && build_hash(build))
        how.build = build;
    run->options = options;
    run->replay = rerun_init(memory, &how);
    status = read_all(run, &err);
    if (status == OK)
        status = demand_run(run, &err);
    code = status == OK ? answer(run) : cli_fail("replay", &err);
    json_decref(run->before);
    json_decref(run->after);
    free(run->what_if);
    free(run);
    free(memory);
    return code;
}
