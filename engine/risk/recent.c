#include "risk/recent.h"

#include <stdbool.h>

static uint32_t bucket_of(const struct recent_order *order)
{
    uint64_t mixed = (uint64_t)order->price_ticks * 0x9E3779B97F4A7C15ULL;

    mixed ^= (uint64_t)order->qty_lots + (mixed >> 29);
    mixed *= 0xBF58476D1CE4E5B9ULL;
    mixed ^= (uint64_t)order->strategy << 32 | (uint64_t)order->instrument << 16 | order->side;
    mixed *= 0x94D049BB133111EBULL;
    return (uint32_t)(mixed >> 40) % RECENT_BUCKETS;
}

static bool is_equal(const struct recent_order *a, const struct recent_order *b)
{
    return a->price_ticks == b->price_ticks && a->qty_lots == b->qty_lots &&
           a->strategy == b->strategy && a->instrument == b->instrument && a->side == b->side;
}

int64_t recent_age_ns(const struct recent *recent, const struct recent_order *order, int64_t now_ns)
{
    uint32_t at = recent->bucket[bucket_of(order)];

    /* Newest first: the first equal one is the latest. */
    for (; at != 0; at = recent->entry[at - 1].older)
        if (is_equal(&recent->entry[at - 1].order, order))
            return now_ns > recent->entry[at - 1].sent_ns ? now_ns - recent->entry[at - 1].sent_ns
                                                          : 0;
    return INT64_MAX;
}

/* The oldest of all is the last of its bucket's chain. */
static void forget(struct recent *recent, uint32_t place)
{
    uint32_t *link = &recent->bucket[bucket_of(&recent->entry[place].order)];

    while (*link != place + 1)
        link = &recent->entry[*link - 1].older;
    *link = 0;
}

void recent_note(struct recent *recent, const struct recent_order *order, int64_t now_ns)
{
    uint32_t place = (uint32_t)(recent->noted % RECENT_MAX);
    uint32_t *bucket = &recent->bucket[bucket_of(order)];

    if (recent->noted >= RECENT_MAX)
        forget(recent, place);
    recent->noted++;
    recent->entry[place] =
        (struct recent_entry){.order = *order, .sent_ns = now_ns, .older = *bucket};
    *bucket = place + 1;
}
