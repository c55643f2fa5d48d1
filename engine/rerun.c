#include "engine_state.h"

#include <string.h>

enum {
    RERUN_LANE_BYTES = 4 << 20,
    RERUN_RING_BYTES = 4 << 20, /* larger than any live one: full only when the script says so */
    RERUN_STEP_BYTES = 2 << 20,
    INPUT_BYTES_MAX = 256 * 1024
};

/* What a step said, as it was recorded: rows of header and payload, 8-byte aligned. */
struct said {
    size_t used, checked;
    alignas(16) uint8_t bytes[RERUN_STEP_BYTES];
};

struct waiting {
    uint16_t kind; /* 0: none */
    uint64_t seq;
    int64_t now_ns;
    size_t length, parts; /* parts: bytes of its earlier pieces, which come first */
    alignas(16) uint8_t bytes[INPUT_BYTES_MAX];
};

struct rerun {
    struct rerun_options options;
    struct engine *engine;
    struct engine_io io;
    struct rerun_counts counts;
    struct waiting input;
    struct said said;
    struct seen_script script;
    size_t part_bytes; /* pieces of the input after the one that waits */
    uint64_t bad_seq;
    const char *says;
    struct kill_page page;
    struct lane_shared shared;
    struct lane lane;
    struct lane_reader reader;
    struct ring orders[MAX_GATEWAYS];
    struct engine_config config;
    alignas(16) uint8_t parts[INPUT_BYTES_MAX];
    alignas(16) uint8_t payload[LANE_RECORD_MAX];
    alignas(64) uint8_t lane_bytes[RERUN_LANE_BYTES];
    alignas(64) uint8_t ring_bytes[MAX_GATEWAYS][RERUN_RING_BYTES];
    alignas(CACHE_LINES_APART) uint8_t engine_bytes[];
};

static size_t engine_size_max(void)
{
    static const struct engine_config all = {.scopes = {.instruments = MAX_INSTRUMENTS}};

    return engine_size(&all);
}

size_t rerun_size(void)
{
    return sizeof(struct rerun) + engine_size_max();
}

struct rerun *rerun_init(void *memory, const struct rerun_options *options)
{
    struct rerun *rerun = memory;

    assert(((uintptr_t)memory & (CACHE_LINES_APART - 1)) == 0);
    memset(rerun, 0, offsetof(struct rerun, parts));
    rerun->options = *options;
    return rerun;
}

static enum rerun_result fail(struct rerun *rerun, enum rerun_result result, uint64_t seq,
                              const char *says)
{
    rerun->bad_seq = seq;
    rerun->says = says;
    return result;
}

/* --- comparing --- */

static bool keep(struct rerun *rerun, const struct lane_record *record, const void *payload)
{
    struct said *said = &rerun->said;
    size_t size = sizeof *record + ((record->length + 15U) & ~15U);

    if (said->used + size > sizeof said->bytes)
        return false;
    memcpy(said->bytes + said->used, record, sizeof *record);
    memcpy(said->bytes + said->used + sizeof *record, payload, record->length);
    if (record->kind == INPUT_SEEN) {
        if (rerun->script.count == SEEN_SCRIPT_MAX)
            return false;
        rerun->script.row[rerun->script.count++] =
            (const struct input_seen *)(const void *)(said->bytes + said->used + sizeof *record);
    }
    said->used += size;
    return true;
}

static bool is_same(const struct lane_record *now, const void *payload,
                    const struct lane_record *was)
{
    return now->kind == was->kind && now->length == was->length && now->at_ns == was->at_ns &&
           now->cause == was->cause && memcmp(payload, was + 1, was->length) == 0;
}

/* One record that the second engine has said. */
static enum rerun_result compare(struct rerun *rerun, const struct lane_record *now, bool cut)
{
    struct said *said = &rerun->said;
    const struct lane_record *was = (const void *)(said->bytes + said->checked);

    rerun->counts.events += now->kind < INPUT_FIRST;
    if (rerun->options.inputs_only && now->kind < INPUT_FIRST)
        return RERUN_FINE;
    if (said->checked == said->used)
        return cut ? RERUN_FINE
                   : fail(rerun, RERUN_DIFFERS, rerun->input.seq,
                          "the engine now says more at this input than it did");
    if (!is_same(now, rerun->payload, was))
        return fail(rerun, RERUN_DIFFERS, atomic_load_explicit(&was->commit, memory_order_relaxed),
                    now->kind != was->kind ? "the engine now says another kind of thing"
                                           : "the engine now says the same with other values");
    said->checked += sizeof *was + ((was->length + 15U) & ~15U);
    return RERUN_FINE;
}

static enum rerun_result compare_all(struct rerun *rerun, bool cut)
{
    struct said *said = &rerun->said;
    struct lane_record record;
    enum rerun_result result = RERUN_FINE;
    enum lane_result read;

    while (result == RERUN_FINE &&
           (read = lane_read(&rerun->reader, &record, rerun->payload)) != LANE_EMPTY) {
        assert(read == LANE_RECORD);
        result = compare(rerun, &record, cut);
    }
    lane_gate_release(&rerun->reader, 0);
    if (result == RERUN_FINE && said->checked != said->used) {
        const struct lane_record *was = (const void *)(said->bytes + said->checked);

        return fail(rerun, RERUN_DIFFERS, atomic_load_explicit(&was->commit, memory_order_relaxed),
                    "the engine said this, and now does not");
    }
    if (result == RERUN_FINE && rerun->script.at != rerun->script.count)
        return fail(rerun, RERUN_DIFFERS, rerun->input.seq,
                    "the engine saw something in this step that it now does not look at");
    return result;
}

/* --- running --- */

static void make_io(struct rerun *rerun, const struct input_start *start)
{
    struct kill_page *page = &rerun->page;

    memset(page, 0, sizeof *page);
    atomic_store(&page->ticket, start->ticket);
    atomic_store(&page->doorbell, start->doorbell);
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++) {
        atomic_store(&page->word[scope], start->word[scope]);
        atomic_store(&page->cleared[scope], start->cleared[scope]);
    }
    lane_init(&rerun->lane, &rerun->shared, rerun->lane_bytes, RERUN_LANE_BYTES, 1, 0);
    lane_reader_init(&rerun->reader, &rerun->lane, true);
    rerun->io = (struct engine_io){.events = &rerun->lane, .kill = page};
    for (unsigned at = 0; at < MAX_GATEWAYS; at++) {
        ring_init(&rerun->orders[at], rerun->ring_bytes[at], RERUN_RING_BYTES);
        rerun->io.orders[at] = &rerun->orders[at];
    }
}

static enum rerun_result start(struct rerun *rerun)
{
    const struct waiting *input = &rerun->input;
    const struct input_start *head = (const void *)(input->bytes + input->parts);

    if (input->length - input->parts != sizeof *head ||
        head->config_bytes != sizeof rerun->config || input->parts != sizeof rerun->config)
        return fail(rerun, RERUN_CANNOT, input->seq,
                    "this run was recorded by a build whose configuration has another shape");
    if (rerun->options.build && memcmp(head->build, rerun->options.build, sizeof head->build) != 0)
        return fail(rerun, RERUN_CANNOT, input->seq,
                    "this run was recorded by another build of the program; --any-build tries "
                    "this one");
    memcpy(&rerun->config, input->bytes, sizeof rerun->config);
    if (rerun->config.rules.record != RECORD_ALL)
        return fail(rerun, RERUN_CANNOT, input->seq,
                    "this run was recorded without its market data (journal.inputs)");
    rerun->config.rules.record = RECORD_NONE;
    make_io(rerun, head);
    rerun->engine = engine_init(rerun->engine_bytes, &rerun->config, rerun->io, input->now_ns);
    rerun->engine->oms.seen.script = &rerun->script;
    rerun->counts.runs++;
    return RERUN_FINE;
}

static void feed_command(struct rerun *rerun)
{
    struct command command = {0};
    size_t length = rerun->input.length;

    memcpy(&command, rerun->input.bytes, length < sizeof command ? length : sizeof command);
    engine_command(rerun->engine, &command, rerun->input.now_ns);
}

static void feed(struct rerun *rerun)
{
    struct engine *engine = rerun->engine;
    const void *payload = rerun->input.bytes;
    int64_t now_ns = rerun->input.now_ns;

    switch ((enum input_kind)rerun->input.kind) {
    case INPUT_MARKET:
        engine_market(engine, payload, now_ns);
        break;
    case INPUT_EXECUTION:
        engine_execution(engine, payload, now_ns);
        break;
    case INPUT_COMMAND:
        feed_command(rerun);
        break;
    case INPUT_CARRY:
        (void)engine_carry(engine, payload, (uint32_t)rerun->input.length, now_ns);
        break;
    case INPUT_TIMER:
        engine_timer(engine, now_ns);
        break;
    case INPUT_OVERRAN:
        engine_overran(engine, now_ns);
        break;
    case INPUT_KILL:
        engine_publish_kill(engine, engine_kill(engine, now_ns), now_ns);
        break;
    default: /* names are for those who read */
        break;
    }
}

/* Whoever takes the orders is not here: they are taken at once. */
static void empty_rings(struct rerun *rerun)
{
    size_t length;

    for (unsigned at = 0; at < MAX_GATEWAYS; at++)
        while (ring_peek(&rerun->orders[at], &length))
            ring_release(&rerun->orders[at]);
}

enum rerun_result rerun_run(struct rerun *rerun, bool cut)
{
    enum rerun_result result = RERUN_FINE;

    if (rerun->input.kind == 0)
        return RERUN_FINE;
    if (rerun->input.kind == INPUT_START)
        result = start(rerun);
    else if (rerun->engine)
        feed(rerun);
    if (result == RERUN_FINE && rerun->engine) {
        rerun->counts.inputs++;
        result = compare_all(rerun, cut);
        empty_rings(rerun);
    }
    rerun->input.kind = 0;
    rerun->said.used = rerun->said.checked = 0;
    rerun->script.count = rerun->script.at = 0;
    return result;
}

/* --- records --- */

static enum rerun_result take_part(struct rerun *rerun, const struct lane_record *record,
                                   const void *payload)
{
    if (rerun->part_bytes + record->length > sizeof rerun->parts)
        return fail(rerun, RERUN_CANNOT,
                    atomic_load_explicit(&record->commit, memory_order_relaxed),
                    "an input is longer than any can be");
    memcpy(rerun->parts + rerun->part_bytes, payload, record->length);
    rerun->part_bytes += record->length;
    return RERUN_FINE;
}

/* A run's first record: whatever step came before was the last of its run, maybe cut off. */
static bool begins_run(uint16_t kind)
{
    return kind == INPUT_NAMES || kind == INPUT_START;
}

static enum rerun_result take_input(struct rerun *rerun, const struct lane_record *record,
                                    const void *payload)
{
    struct waiting *input = &rerun->input;
    enum rerun_result result = rerun_run(rerun, begins_run(record->kind));
    bool has_parts = record->kind == INPUT_MARKET || record->kind == INPUT_START;

    if (result != RERUN_FINE)
        return result;
    if (begins_run(record->kind) || record->kind == INPUT_GAP)
        rerun->engine = NULL;
    rerun->counts.gaps += record->kind == INPUT_GAP;
    input->kind = record->kind;
    input->seq = atomic_load_explicit(&record->commit, memory_order_relaxed);
    input->now_ns = record->at_ns;
    /* Pieces whose last one never came are nobody's. */
    input->parts = has_parts ? rerun->part_bytes : 0;
    memcpy(input->bytes, rerun->parts, input->parts);
    memcpy(input->bytes + input->parts, payload, record->length);
    input->length = input->parts + record->length;
    rerun->part_bytes = 0;
    return RERUN_FINE;
}

enum rerun_result rerun_take(struct rerun *rerun, const struct lane_record *record,
                             const void *payload)
{
    if (record->kind == INPUT_PART)
        return take_part(rerun, record, payload);
    if (input_is_one(record->kind) && record->kind != INPUT_SEEN)
        return take_input(rerun, record, payload);
    if (rerun->input.kind == 0 || (!rerun->engine && rerun->input.kind != INPUT_START))
        return RERUN_FINE; /* nothing has begun yet */
    if (rerun->options.inputs_only && record->kind < INPUT_FIRST)
        return RERUN_FINE;
    return keep(rerun, record, payload)
               ? RERUN_FINE
               : fail(rerun, RERUN_CANNOT,
                      atomic_load_explicit(&record->commit, memory_order_relaxed),
                      "a step says more than any can");
}

/* --- plain reads --- */

struct engine *rerun_engine(struct rerun *rerun)
{
    return rerun->engine;
}

uint16_t rerun_waiting(const struct rerun *rerun, const void **payload, size_t *length,
                       int64_t *now_ns)
{
    *payload = rerun->input.bytes;
    *length = rerun->input.length;
    *now_ns = rerun->input.now_ns;
    return rerun->input.kind;
}

struct rerun_counts rerun_counts(const struct rerun *rerun)
{
    return rerun->counts;
}

const char *rerun_says(const struct rerun *rerun, uint64_t *seq)
{
    *seq = rerun->bad_seq;
    return rerun->says;
}
