#include "oms/oms.h"

#include <string.h>

static void record(struct seen *seen, const struct input_seen *row)
{
    lane_append(seen->events, INPUT_SEEN, seen->now_ns, 0, row,
                (uint32_t)(sizeof *row + row->count * sizeof row->words[0]));
}

static void record_value(struct seen *seen, enum seen_kind kind, uint16_t which, uint64_t value)
{
    struct input_seen row = {
        .value = value, .look = seen->looks[kind], .kind = (uint16_t)kind, .which = which};

    record(seen, &row);
}

void seen_init(struct seen *seen, struct kill_page *page, struct lane *events)
{
    *seen = (struct seen){
        .page = page, .events = events, .doorbell = kill_page_doorbell(page), .storage = 0};
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        seen->word[scope] = atomic_load_explicit(&page->word[scope], memory_order_acquire);
}

void seen_begin(struct seen *seen, int64_t now_ns)
{
    uint32_t storage = seen->storage;

    seen->now_ns = now_ns;
    memset(seen->looks, 0, sizeof seen->looks);
    memset(seen->full, 0, sizeof seen->full);
    seen->looks[SEEN_STORAGE]++;
    if (seen->script) {
        seen_play(seen, SEEN_STORAGE);
    } else {
        seen->storage = (lane_is_suspect(seen->events) ? SEEN_SUSPECT : 0) |
                        (lane_room(seen->events) < LANE_RESERVE_BYTES ? SEEN_NO_ROOM : 0);
    }
    if (seen->storage != storage)
        record_value(seen, SEEN_STORAGE, 0, seen->storage);
}

void seen_take_page(struct seen *seen)
{
    _Alignas(struct input_seen)
        uint8_t bytes[sizeof(struct input_seen) + MAX_SCOPES * sizeof(struct seen_word)] = {0};
    struct input_seen *row = (struct input_seen *)(void *)bytes;

    row->kind = SEEN_PAGE;
    row->look = seen->looks[SEEN_PAGE];
    row->value = seen->doorbell = kill_page_doorbell(seen->page);
    for (uint16_t scope = 0; scope < MAX_SCOPES; scope++) {
        uint64_t word = atomic_load_explicit(&seen->page->word[scope], memory_order_acquire);

        if (word == seen->word[scope])
            continue;
        seen->word[scope] = word;
        row->words[row->count++] = (struct seen_word){.word = word, .scope = scope};
    }
    record(seen, row);
}

uint64_t seen_kill(struct seen *seen, uint16_t scope)
{
    uint64_t generation;

    seen->looks[SEEN_TICKET]++;
    if (seen->script)
        seen_play(seen, SEEN_TICKET);
    generation = kill_page_set(seen->page, scope);
    record_value(seen, SEEN_TICKET, scope, generation);
    return generation;
}

void *seen_reserve(struct seen *seen, struct ring *ring, uint16_t gateway, size_t length)
{
    void *place = NULL;

    seen->looks[SEEN_FULL]++;
    if (seen->script) {
        bool before = seen->full[gateway];

        seen_play(seen, SEEN_FULL);
        if (!seen->full[gateway])
            place = ring_reserve(ring, length);
        if (seen->full[gateway] != before)
            record_value(seen, SEEN_FULL, gateway, seen->full[gateway]);
        return place;
    }
    place = ring_reserve(ring, length);
    if (seen->full[gateway] != !place) {
        seen->full[gateway] = !place;
        record_value(seen, SEEN_FULL, gateway, !place);
    }
    return place;
}

/* --- replay --- */

static void play_page(struct seen *seen, const struct input_seen *row)
{
    for (uint16_t at = 0; at < row->count; at++)
        if (row->words[at].scope < MAX_SCOPES)
            atomic_store(&seen->page->word[row->words[at].scope], row->words[at].word);
    atomic_store(&seen->page->doorbell, row->value);
}

void seen_play(struct seen *seen, enum seen_kind kind)
{
    struct seen_script *script = seen->script;
    const struct input_seen *row;

    if (script->at == script->count)
        return;
    row = script->row[script->at];
    if (row->kind != kind || row->look != seen->looks[kind])
        return;
    script->at++;
    switch (kind) {
    case SEEN_PAGE:
        play_page(seen, row);
        break;
    case SEEN_TICKET:
        atomic_store(&seen->page->ticket, row->value - 1);
        break;
    case SEEN_FULL:
        if (row->which < MAX_GATEWAYS)
            seen->full[row->which] = row->value != 0;
        break;
    case SEEN_STORAGE:
        seen->storage = (uint32_t)row->value;
        break;
    case SEEN_KINDS:
        break;
    }
}
