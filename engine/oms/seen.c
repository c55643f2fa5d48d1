#include "oms/seen.h"

#include <string.h>

static void record(struct seen *seen, const struct input_seen *row)
{
    lane_append(seen->events, INPUT_SEEN, seen->now_ns, 0, row,
                (uint32_t)(sizeof *row + row->count * sizeof row->words[0]));
}

void seen_record(struct seen *seen, enum seen_kind kind, uint16_t which, uint64_t value)
{
    struct input_seen row = {
        .value = value, .look = seen->looks.of[kind], .kind = (uint16_t)kind, .which = which};

    record(seen, &row);
}

void seen_init(struct seen *seen, struct kill_page *page, struct lane *events, uint64_t room_wanted)
{
    *seen = (struct seen){.page = page,
                          .events = events,
                          .doorbell = kill_page_doorbell(page),
                          .room_wanted = room_wanted};
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        seen->word[scope] = atomic_load_explicit(&page->word[scope], memory_order_acquire);
}

void seen_take_page(struct seen *seen)
{
    _Alignas(struct input_seen)
        uint8_t bytes[sizeof(struct input_seen) + MAX_SCOPES * sizeof(struct seen_word)] = {0};
    struct input_seen *row = (struct input_seen *)(void *)bytes;

    row->kind = SEEN_PAGE;
    row->look = seen->looks.of[SEEN_PAGE];
    row->value = seen->doorbell = kill_page_doorbell(seen->page);
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++) {
        uint64_t word = atomic_load_explicit(&seen->page->word[scope], memory_order_acquire);

        if (word == seen->word[scope])
            continue;
        seen->word[scope] = word;
        row->words[row->count++] = (struct seen_word){.word = word, .scope = (uint16_t)scope};
    }
    record(seen, row);
}

uint64_t seen_kill(struct seen *seen, uint16_t scope)
{
    uint64_t generation;

    seen_look(seen, SEEN_TICKET);
    generation = kill_page_set(seen->page, scope);
    seen_record(seen, SEEN_TICKET, scope, generation);
    return generation;
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
    if (row->kind != kind || row->look != seen->looks.of[kind])
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
            seen->full =
                row->value ? seen->full | 1U << row->which : seen->full & ~(1U << row->which);
        break;
    case SEEN_STORAGE:
        seen->storage = (uint32_t)row->value;
        break;
    case SEEN_KINDS:
        break;
    }
}
