#include "oms/fill_set.h"

static uint32_t home_of(struct fill_key key)
{
    return (uint32_t)(((key.exec_id ^ key.venue << 56) * 0x9E3779B97F4A7C15ULL) >> 40) &
           (FILL_SET_SLOTS - 1);
}

static uint32_t slot_of(const struct fill_set *set, struct fill_key key)
{
    uint32_t slot = home_of(key);

    while (set->slot[slot].venue != 0 &&
           (set->slot[slot].exec_id != key.exec_id || set->slot[slot].venue != key.venue))
        slot = (slot + 1) & (FILL_SET_SLOTS - 1);
    return slot;
}

static void forget(struct fill_set *set, struct fill_key key)
{
    uint32_t hole = slot_of(set, key);

    for (uint32_t slot = (hole + 1) & (FILL_SET_SLOTS - 1); set->slot[slot].venue != 0;
         slot = (slot + 1) & (FILL_SET_SLOTS - 1)) {
        uint32_t home = home_of(set->slot[slot]);

        if (((slot - home) & (FILL_SET_SLOTS - 1)) < ((slot - hole) & (FILL_SET_SLOTS - 1)))
            continue;
        set->slot[hole] = set->slot[slot];
        hole = slot;
    }
    set->slot[hole] = (struct fill_key){0};
}

bool fill_set_has(const struct fill_set *set, uint16_t venue, uint64_t exec_id)
{
    struct fill_key key = {.exec_id = exec_id, .venue = (uint64_t)venue + 1};

    return set->slot[slot_of(set, key)].venue != 0;
}

bool fill_set_add(struct fill_set *set, uint16_t venue, uint64_t exec_id)
{
    struct fill_key key = {.exec_id = exec_id, .venue = (uint64_t)venue + 1};

    if (set->slot[slot_of(set, key)].venue != 0)
        return false;
    if (set->count == FILL_SET_KEPT)
        forget(set, set->queue[set->next]);
    else
        set->count++;
    set->queue[set->next] = key;
    set->next = (set->next + 1) % FILL_SET_KEPT;
    set->slot[slot_of(set, key)] = key;
    return true;
}
