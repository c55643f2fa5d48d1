#include "replay.h"

#include "engine_state.h"

#include <string.h>

enum {
    REPLAY_LANE_BYTES = 4 << 20,
    REPLAY_RING_BYTES = 4 << 20, /* larger than any live one: full only when the script says so */
    REPLAY_STEP_BYTES = 2 << 20,
    INPUT_BYTES_MAX = 256 * 1024
};

/* What a step said, as it was recorded: rows of header and payload, 8-byte aligned. */
struct said {
    size_t used, checked;
    alignas(16) uint8_t bytes[REPLAY_STEP_BYTES];
};

struct waiting {
    uint16_t kind; /* 0: none */
    uint64_t seq;
    int64_t now_ns;
    size_t length, parts; /* parts: bytes of its earlier pieces, which come first */
    alignas(16) uint8_t bytes[INPUT_BYTES_MAX];
};

struct replay {
    struct replay_options options;
    struct engine *engine;
    struct engine_io io;
    struct replay_counts counts;
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
    alignas(64) uint8_t lane_bytes[REPLAY_LANE_BYTES];
    alignas(64) uint8_t ring_bytes[MAX_GATEWAYS][REPLAY_RING_BYTES];
    alignas(CACHE_LINES_APART) uint8_t engine_bytes[];
};

static size_t engine_size_max(void)
{
    static const struct engine_config all = {.scopes = {.instruments = MAX_INSTRUMENTS}};

    return engine_size(&all);
}

size_t replay_size(void)
{
    return sizeof(struct replay) + engine_size_max();
}

struct replay *replay_init(void *memory, const struct replay_options *options)
{
    struct replay *replay = memory;

    assert(((uintptr_t)memory & (CACHE_LINES_APART - 1)) == 0);
    memset(replay, 0, offsetof(struct replay, parts));
    replay->options = *options;
    return replay;
}

static enum replay_result fail(struct replay *replay, enum replay_result result, uint64_t seq,
                               const char *says)
{
    replay->bad_seq = seq;
    replay->says = says;
    return result;
}

/* --- comparing --- */

static bool keep(struct replay *replay, const struct lane_record *record, const void *payload)
{
    struct said *said = &replay->said;
    size_t size = sizeof *record + ((record->length + 15U) & ~15U);

    if (said->used + size > sizeof said->bytes)
        return false;
    memcpy(said->bytes + said->used, record, sizeof *record);
    memcpy(said->bytes + said->used + sizeof *record, payload, record->length);
    if (record->kind == INPUT_SEEN) {
        if (replay->script.count == SEEN_SCRIPT_MAX)
            return false;
        replay->script.row[replay->script.count++] =
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
static enum replay_result compare(struct replay *replay, const struct lane_record *now, bool cut)
{
    struct said *said = &replay->said;
    const struct lane_record *was = (const void *)(said->bytes + said->checked);

    replay->counts.events += now->kind < INPUT_FIRST;
    if (replay->options.inputs_only && now->kind < INPUT_FIRST)
        return REPLAY_FINE;
    if (said->checked == said->used)
        return cut ? REPLAY_FINE
                   : fail(replay, REPLAY_DIFFERS, replay->input.seq,
                          "the engine now says more at this input than it did");
    if (!is_same(now, replay->payload, was))
        return fail(replay, REPLAY_DIFFERS,
                    atomic_load_explicit(&was->commit, memory_order_relaxed),
                    now->kind != was->kind ? "the engine now says another kind of thing"
                                           : "the engine now says the same with other values");
    said->checked += sizeof *was + ((was->length + 15U) & ~15U);
    return REPLAY_FINE;
}

static enum replay_result compare_all(struct replay *replay, bool cut)
{
    struct said *said = &replay->said;
    struct lane_record record;
    enum replay_result result = REPLAY_FINE;
    enum lane_result read;

    while (result == REPLAY_FINE &&
           (read = lane_read(&replay->reader, &record, replay->payload)) != LANE_EMPTY) {
        assert(read == LANE_RECORD);
        result = compare(replay, &record, cut);
    }
    lane_gate_release(&replay->reader, 0);
    if (result == REPLAY_FINE && said->checked != said->used) {
        const struct lane_record *was = (const void *)(said->bytes + said->checked);

        return fail(replay, REPLAY_DIFFERS,
                    atomic_load_explicit(&was->commit, memory_order_relaxed),
                    "the engine said this, and now does not");
    }
    if (result == REPLAY_FINE && replay->script.at != replay->script.count)
        return fail(replay, REPLAY_DIFFERS, replay->input.seq,
                    "the engine saw something in this step that it now does not look at");
    return result;
}

/* --- running --- */

static void make_io(struct replay *replay, const struct input_start *start)
{
    struct kill_page *page = &replay->page;

    memset(page, 0, sizeof *page);
    atomic_store(&page->ticket, start->ticket);
    atomic_store(&page->doorbell, start->doorbell);
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++) {
        atomic_store(&page->word[scope], start->word[scope]);
        atomic_store(&page->cleared[scope], start->cleared[scope]);
    }
    lane_init(&replay->lane, &replay->shared, replay->lane_bytes, REPLAY_LANE_BYTES, 1, 0);
    lane_reader_init(&replay->reader, &replay->lane, true);
    replay->io = (struct engine_io){.events = &replay->lane, .kill = page};
    for (unsigned at = 0; at < MAX_GATEWAYS; at++) {
        ring_init(&replay->orders[at], replay->ring_bytes[at], REPLAY_RING_BYTES);
        replay->io.orders[at] = &replay->orders[at];
    }
}

static enum replay_result start(struct replay *replay)
{
    const struct waiting *input = &replay->input;
    const struct input_start *head = (const void *)(input->bytes + input->parts);

    if (input->length - input->parts != sizeof *head ||
        head->config_bytes != sizeof replay->config || input->parts != sizeof replay->config)
        return fail(replay, REPLAY_CANNOT, input->seq,
                    "this run was recorded by a build whose configuration has another shape");
    if (replay->options.build &&
        memcmp(head->build, replay->options.build, sizeof head->build) != 0)
        return fail(replay, REPLAY_CANNOT, input->seq,
                    "this run was recorded by another build of the program");
    memcpy(&replay->config, input->bytes, sizeof replay->config);
    if (replay->config.rules.record != RECORD_ALL)
        return fail(replay, REPLAY_CANNOT, input->seq,
                    "this run was recorded without its market data (journal.inputs)");
    replay->config.rules.record = RECORD_NONE;
    make_io(replay, head);
    replay->engine = engine_init(replay->engine_bytes, &replay->config, replay->io, input->now_ns);
    replay->engine->oms.seen.script = &replay->script;
    replay->counts.runs++;
    return REPLAY_FINE;
}

static void feed_command(struct replay *replay)
{
    struct command command = {0};
    size_t length = replay->input.length;

    memcpy(&command, replay->input.bytes, length < sizeof command ? length : sizeof command);
    engine_command(replay->engine, &command, replay->input.now_ns);
}

static void feed(struct replay *replay)
{
    struct engine *engine = replay->engine;
    const void *payload = replay->input.bytes;
    int64_t now_ns = replay->input.now_ns;

    switch ((enum input_kind)replay->input.kind) {
    case INPUT_MARKET:
        engine_market(engine, payload, now_ns);
        break;
    case INPUT_EXECUTION:
        engine_execution(engine, payload, now_ns);
        break;
    case INPUT_COMMAND:
        feed_command(replay);
        break;
    case INPUT_CARRY:
        (void)engine_carry(engine, payload, (uint32_t)replay->input.length, now_ns);
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
static void empty_rings(struct replay *replay)
{
    size_t length;

    for (unsigned at = 0; at < MAX_GATEWAYS; at++)
        while (ring_peek(&replay->orders[at], &length))
            ring_release(&replay->orders[at]);
}

enum replay_result replay_run(struct replay *replay, bool cut)
{
    enum replay_result result = REPLAY_FINE;

    if (replay->input.kind == 0)
        return REPLAY_FINE;
    if (replay->input.kind == INPUT_START)
        result = start(replay);
    else if (replay->engine)
        feed(replay);
    if (result == REPLAY_FINE && replay->engine) {
        replay->counts.inputs++;
        result = compare_all(replay, cut);
        empty_rings(replay);
    }
    replay->input.kind = 0;
    replay->said.used = replay->said.checked = 0;
    replay->script.count = replay->script.at = 0;
    return result;
}

/* --- records --- */

static enum replay_result take_part(struct replay *replay, const struct lane_record *record,
                                    const void *payload)
{
    if (replay->part_bytes + record->length > sizeof replay->parts)
        return fail(replay, REPLAY_CANNOT,
                    atomic_load_explicit(&record->commit, memory_order_relaxed),
                    "an input is longer than any can be");
    memcpy(replay->parts + replay->part_bytes, payload, record->length);
    replay->part_bytes += record->length;
    return REPLAY_FINE;
}

/* A run's first record: whatever step came before was the last of its run, maybe cut off. */
static bool begins_run(uint16_t kind)
{
    return kind == INPUT_NAMES || kind == INPUT_START;
}

static enum replay_result take_input(struct replay *replay, const struct lane_record *record,
                                     const void *payload)
{
    struct waiting *input = &replay->input;
    enum replay_result result = replay_run(replay, begins_run(record->kind));
    bool has_parts = record->kind == INPUT_MARKET || record->kind == INPUT_START;

    if (result != REPLAY_FINE)
        return result;
    if (begins_run(record->kind))
        replay->engine = NULL;
    input->kind = record->kind;
    input->seq = atomic_load_explicit(&record->commit, memory_order_relaxed);
    input->now_ns = record->at_ns;
    /* Pieces whose last one never came are nobody's. */
    input->parts = has_parts ? replay->part_bytes : 0;
    memcpy(input->bytes, replay->parts, input->parts);
    memcpy(input->bytes + input->parts, payload, record->length);
    input->length = input->parts + record->length;
    replay->part_bytes = 0;
    return REPLAY_FINE;
}

enum replay_result replay_take(struct replay *replay, const struct lane_record *record,
                               const void *payload)
{
    if (record->kind == INPUT_PART)
        return take_part(replay, record, payload);
    if (input_is_one(record->kind) && record->kind != INPUT_SEEN)
        return take_input(replay, record, payload);
    if (replay->input.kind == 0 || (!replay->engine && replay->input.kind != INPUT_START))
        return REPLAY_FINE; /* nothing has begun yet */
    if (replay->options.inputs_only && record->kind < INPUT_FIRST)
        return REPLAY_FINE;
    return keep(replay, record, payload)
               ? REPLAY_FINE
               : fail(replay, REPLAY_CANNOT,
                      atomic_load_explicit(&record->commit, memory_order_relaxed),
                      "a step says more than any can");
}

/* --- plain reads --- */

struct engine *replay_engine(struct replay *replay)
{
    return replay->engine;
}

uint16_t replay_waiting(const struct replay *replay, const void **payload, size_t *length,
                        int64_t *now_ns)
{
    *payload = replay->input.bytes;
    *length = replay->input.length;
    *now_ns = replay->input.now_ns;
    return replay->input.kind;
}

struct replay_counts replay_counts(const struct replay *replay)
{
    return replay->counts;
}

const char *replay_says(const struct replay *replay, uint64_t *seq)
{
    *seq = replay->bad_seq;
    return replay->says;
}
