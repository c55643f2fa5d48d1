#include "gateway/binance/sync.h"

#include <string.h>

struct held {
    int64_t first_id;
    size_t size; /* of all this, padded to 8 */
    struct market_update update;
};

_Static_assert(sizeof(struct held) + 16 * MAX_MARKET_LEVELS < BINANCE_HELD_MIN / 2,
               "two of the largest fit");

void binance_sync_init(struct binance_sync *sync, bool futures, void *held, size_t capacity)
{
    assert(capacity >= BINANCE_HELD_MIN && ((uintptr_t)held & 7) == 0);
    *sync = (struct binance_sync){.futures = futures, .held = held, .capacity = capacity};
}

static struct held *held_at(const struct binance_sync *sync, size_t at)
{
    return (struct held *)(void *)(sync->held + at);
}

/* Gives up the oldest half, so that a stream that never heals does not move memory every time. */
static void drop_oldest(struct binance_sync *sync, size_t need)
{
    size_t from = 0;

    while (from < sync->used && sync->used - from + need > sync->capacity / 2) {
        from += held_at(sync, from)->size;
        sync->dropped++;
    }
    memmove(sync->held, sync->held + from, sync->used - from);
    sync->used -= from;
}

static void hold(struct binance_sync *sync, int64_t first_id, const struct market_update *update)
{
    size_t levels = (size_t)update->bid_count + update->ask_count;
    size_t size = sizeof(struct held) + levels * sizeof update->levels[0];
    struct held *held;

    if (sync->used + size > sync->capacity)
        drop_oldest(sync, size);
    held = held_at(sync, sync->used);
    held->first_id = first_id;
    held->size = size;
    memcpy(&held->update, update, sizeof *update + levels * sizeof update->levels[0]);
    sync->used += size;
}

static bool skip(struct binance_sync *sync)
{
    sync->skipped++;
    return false;
}

static bool follow(struct binance_sync *sync, struct market_update *update)
{
    update->prev_update_id = sync->last_id;
    sync->last_id = update->update_id;
    sync->state = SYNC_FOLLOWING;
    return true;
}

/* The diff breaks the chain: it goes out as it is, the book becomes stale. It is held as well,
 * because the next snapshot may lie within it. */
static bool gap(struct binance_sync *sync, int64_t first_id, struct market_update *update)
{
    sync->gaps++;
    sync->gapped = true;
    sync->state = SYNC_WAITING;
    hold(sync, first_id, update);
    return true;
}

static bool covers(const struct binance_sync *sync, int64_t first_id,
                   const struct market_update *update)
{
    if (sync->futures)
        return first_id <= sync->last_id || update->prev_update_id == sync->last_id;
    return first_id <= sync->last_id + 1;
}

/* Decides about a diff when a snapshot is out: true when it goes out. */
static bool take_diff(struct binance_sync *sync, int64_t first_id, struct market_update *update)
{
    if (update->update_id <= sync->last_id)
        return skip(sync);
    if (sync->state == SYNC_STARTING)
        return covers(sync, first_id, update) ? follow(sync, update) : gap(sync, first_id, update);
    if (update->prev_update_id != sync->last_id)
        return gap(sync, first_id, update);
    return follow(sync, update);
}

static bool take_snapshot(struct binance_sync *sync, struct market_update *update)
{
    if (sync->state != SYNC_WAITING && update->update_id < sync->last_id)
        return skip(sync);
    update->kind = MARKET_SNAPSHOT;
    update->prev_update_id = 0;
    sync->last_id = update->update_id;
    sync->state = SYNC_STARTING;
    sync->gapped = false;
    sync->released = 0;
    return true;
}

bool binance_sync_take(struct binance_sync *sync, const struct binance_frame *frame,
                       struct market_update *update)
{
    update->bid_count = frame->bid_count;
    update->ask_count = frame->ask_count;
    update->update_id = frame->last_id;
    if (frame->kind == BINANCE_SNAPSHOT)
        return take_snapshot(sync, update);
    assert(frame->kind == BINANCE_DEPTH);
    update->kind = MARKET_DELTA;
    update->prev_update_id = sync->futures ? frame->prev_id : frame->first_id - 1;
    if (sync->state != SYNC_WAITING)
        return take_diff(sync, frame->first_id, update);
    hold(sync, frame->first_id, update);
    return false;
}

/* What is held from `released` on goes out or is skipped. A gap among them ends the release: the
 * rest stays held (and the one that broke the chain is the first of them). */
struct market_update *binance_sync_release(struct binance_sync *sync)
{
    while (sync->state != SYNC_WAITING && sync->released < sync->used) {
        struct held *held = held_at(sync, sync->released);
        size_t end = sync->released + held->size;

        if (held->update.update_id <= sync->last_id) {
            sync->released = end;
            sync->skipped++;
            continue;
        }
        if (sync->state == SYNC_STARTING ? !covers(sync, held->first_id, &held->update)
                                         : held->update.prev_update_id != sync->last_id) {
            sync->gaps++;
            sync->gapped = true;
            sync->state = SYNC_WAITING;
            sync->used -= sync->released;
            memmove(sync->held, held, sync->used);
            return &held_at(sync, 0)->update;
        }
        sync->released = end;
        (void)follow(sync, &held->update);
        return &held->update;
    }
    if (sync->state != SYNC_WAITING)
        sync->used = sync->released = 0;
    return NULL;
}
