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

static uint16_t find(const struct recent *recent, const struct recent_order *order)
{
    uint16_t at = recent->bucket[bucket_of(order)];

    while (at != 0 && !is_equal(&recent->entry[at - 1].order, order))
        at = recent->entry[at - 1].next;
    return at;
}

int64_t recent_age_ns(const struct recent *recent, const struct recent_order *order, int64_t now_ns)
{
    uint16_t at = find(recent, order);
    int64_t sent_ns;

    if (at == 0)
        return INT64_MAX;
    sent_ns = recent->entry[at - 1].sent_ns;
    return now_ns > sent_ns ? now_ns - sent_ns : 0;
}

/* Out of the line from oldest to newest. */
static void step_out(struct recent *recent, const struct recent_entry *entry)
{
    *(entry->older != 0 ? &recent->entry[entry->older - 1].newer : &recent->oldest) = entry->newer;
    *(entry->newer != 0 ? &recent->entry[entry->newer - 1].older : &recent->newest) = entry->older;
}

static void become_newest(struct recent *recent, uint16_t at)
{
    struct recent_entry *entry = &recent->entry[at - 1];

    entry->older = recent->newest;
    entry->newer = 0;
    *(entry->older != 0 ? &recent->entry[entry->older - 1].newer : &recent->oldest) = at;
    recent->newest = at;
}

static void leave_bucket(struct recent *recent, uint16_t at)
{
    uint16_t *link = &recent->bucket[bucket_of(&recent->entry[at - 1].order)];

    while (*link != at)
        link = &recent->entry[*link - 1].next;
    *link = recent->entry[at - 1].next;
}

/* A place for one more, out of every list. */
static uint16_t make_room(struct recent *recent)
{
    uint16_t at = recent->oldest;

    if (recent->count < RECENT_MAX)
        return (uint16_t)++recent->count;
    step_out(recent, &recent->entry[at - 1]);
    leave_bucket(recent, at);
    return at;
}

void recent_note(struct recent *recent, const struct recent_order *order, int64_t now_ns)
{
    uint16_t *bucket = &recent->bucket[bucket_of(order)];
    uint16_t at = find(recent, order);

    if (at != 0) {
        step_out(recent, &recent->entry[at - 1]);
    } else {
        at = make_room(recent);
        recent->entry[at - 1].order = *order;
        recent->entry[at - 1].next = *bucket;
        *bucket = at;
    }
    recent->entry[at - 1].sent_ns = now_ns;
    become_newest(recent, at);
}
