/* Recording what goes in, see domain/input.h. */
#include "engine_state.h"

#include <string.h>

/* In the parts of the lane's record limit: a deep snapshot of a book has more bytes than one. */
static void append(struct lane *lane, uint16_t kind, int64_t now_ns, const void *payload,
                   size_t length)
{
    const uint8_t *at = payload;

    for (; length > INPUT_PART_MAX; at += INPUT_PART_MAX, length -= INPUT_PART_MAX)
        lane_append(lane, INPUT_PART, now_ns, 0, at, INPUT_PART_MAX);
    lane_append(lane, kind, now_ns, 0, at, (uint32_t)length);
}

void engine_record(struct engine *engine, enum input_kind kind, const void *payload, size_t length,
                   int64_t now_ns)
{
    enum record_inputs record = engine->config.rules.record;

    if (engine->gapped)
        return;
    /* A disk that takes nothing for minutes: what is left is for what must be said. Without its
     * market data the run cannot be replayed from here on, so all inputs end, and it is told. */
    if (kind == INPUT_MARKET && (engine->oms.seen.storage & SEEN_NO_ROOM)) {
        engine->gapped = true;
        append(engine->io.events, INPUT_GAP, now_ns, NULL, 0);
        return;
    }
    if (record == RECORD_ALL || (record == RECORD_ORDERS && kind != INPUT_MARKET))
        append(engine->io.events, (uint16_t)kind, now_ns, payload, length);
}

void engine_record_start(struct engine *engine, int64_t now_ns)
{
    struct kill_page *page = engine->io.kill;
    struct lane *lane = engine->io.events;
    const uint8_t *config = (const uint8_t *)&engine->config;
    struct input_start start = {.config_bytes = sizeof engine->config};

    if (engine->config.rules.record == RECORD_NONE)
        return;
    memcpy(start.build, engine->config.build, sizeof start.build);
    memcpy(start.config, engine->config.config_sha256, sizeof start.config);
    start.ticket = atomic_load_explicit(&page->ticket, memory_order_relaxed);
    start.doorbell = engine->oms.seen.doorbell;
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++) {
        start.word[scope] = engine->oms.seen.word[scope];
        start.cleared[scope] = atomic_load_explicit(&page->cleared[scope], memory_order_relaxed);
    }
    for (size_t at = 0; at < sizeof engine->config; at += INPUT_PART_MAX)
        lane_append(lane, INPUT_PART, now_ns, 0, config + at,
                    (uint32_t)(sizeof engine->config - at < INPUT_PART_MAX
                                   ? sizeof engine->config - at
                                   : INPUT_PART_MAX));
    lane_append(lane, INPUT_START, now_ns, 0, &start, sizeof start);
}
