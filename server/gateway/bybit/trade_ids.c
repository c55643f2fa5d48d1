#include "gateway/bybit/trade_ids.h"

#include <string.h>

/* The slot of an id, or the empty one where it would go. */
static uint32_t find(const uint64_t slots[TRADE_IDS_SLOTS], uint64_t id)
{
    uint32_t at = (uint32_t)(id * 0x9E3779B97F4A7C15ULL >> 32) % TRADE_IDS_SLOTS;

    while (slots[at] != 0 && slots[at] != id)
        at = (at + 1) % TRADE_IDS_SLOTS;
    return at;
}

bool trade_ids_add(struct trade_ids *ids, uint64_t id)
{
    uint64_t known = id != 0 ? id : 1ULL << 63;
    uint64_t *newer = ids->slot[ids->newer];
    uint64_t *older = ids->slot[1 - ids->newer];
    uint32_t at = find(newer, known);

    if (newer[at] == known || older[find(older, known)] == known)
        return false;
    newer[at] = known;
    if (++ids->used == TRADE_IDS_MAX) {
        ids->newer = 1 - ids->newer;
        ids->used = 0;
        memset(ids->slot[ids->newer], 0, sizeof ids->slot[0]);
    }
    return true;
}
