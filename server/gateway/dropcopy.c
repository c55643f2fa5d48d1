#include "gateway/dropcopy.h"

#include <string.h>

_Static_assert(DROPCOPY_WORDS * sizeof(int64_t) == sizeof(struct dropcopy_fill),
               "it is copied word by word");

/* Before the slot is emptied: who does not find it any more finds this. */
static void leave_behind(struct dropcopy *copy, const struct dropcopy_slot *slot)
{
    struct dropcopy_fill fill;
    int64_t words[DROPCOPY_WORDS];

    for (size_t at = 0; at < DROPCOPY_WORDS; at++)
        words[at] = atomic_load_explicit(&slot->word[at], memory_order_relaxed);
    memcpy(&fill, words, sizeof fill);
    if (fill.venue_ns >
        atomic_load_explicit(&copy->forgotten_ns[fill.instrument], memory_order_relaxed))
        /* Pairs with the acquire in dropcopy_read, by way of the emptied number. */
        atomic_store_explicit(&copy->forgotten_ns[fill.instrument], fill.venue_ns,
                              memory_order_release);
}

void dropcopy_note(struct dropcopy *copy, const struct dropcopy_fill *fill)
{
    uint64_t number = atomic_load_explicit(&copy->count, memory_order_relaxed) + 1;
    struct dropcopy_slot *slot = &copy->slot[number % DROPCOPY_FILLS];
    int64_t words[DROPCOPY_WORDS];

    assert(fill->instrument < MAX_INSTRUMENTS);
    memcpy(words, fill, sizeof words);
    if (number > DROPCOPY_FILLS)
        leave_behind(copy, slot);
    /* Pairs with the first acquire in read_slot: what was left behind is there. */
    atomic_store_explicit(&slot->number, 0, memory_order_release);
    for (size_t at = 0; at < DROPCOPY_WORDS; at++)
        /* Pairs with the acquire in read_slot: who sees it sees that the slot is being written. */
        atomic_store_explicit(&slot->word[at], words[at], memory_order_release);
    /* Pairs with the first acquire in read_slot: all of the execution is there. */
    atomic_store_explicit(&slot->number, number, memory_order_release);
    atomic_store_explicit(&copy->count, number, memory_order_release);
}

/* False: it has been overwritten, or is being. */
static bool read_slot(const struct dropcopy_slot *slot, uint64_t number, struct dropcopy_fill *fill)
{
    int64_t words[DROPCOPY_WORDS];

    if (atomic_load_explicit(&slot->number, memory_order_acquire) != number)
        return false;
    for (size_t at = 0; at < DROPCOPY_WORDS; at++)
        words[at] = atomic_load_explicit(&slot->word[at], memory_order_acquire);
    memcpy(fill, words, sizeof *fill);
    return atomic_load_explicit(&slot->number, memory_order_acquire) == number;
}

uint32_t dropcopy_read(const struct dropcopy *copy, uint16_t instrument,
                       struct dropcopy_fill fills[DROPCOPY_FILLS], int64_t *forgotten_ns)
{
    uint64_t newest = atomic_load_explicit(&copy->count, memory_order_acquire);
    uint32_t found = 0;

    assert(instrument < MAX_INSTRUMENTS);
    for (uint64_t back = 0; back < DROPCOPY_FILLS && back < newest; back++) {
        uint64_t number = newest - back;

        if (read_slot(&copy->slot[number % DROPCOPY_FILLS], number, &fills[found]))
            found += fills[found].instrument == instrument;
    }
    /* After them: one that gave way in between has been left out, and is told here. */
    *forgotten_ns = atomic_load_explicit(&copy->forgotten_ns[instrument], memory_order_acquire);
    return found;
}
