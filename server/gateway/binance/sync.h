/* Joins Binance's REST snapshot and its stream of diffs into what the engine's book accepts.
 *
 * Diffs that come before the snapshot are held (bounded: the oldest go first, counted). The
 * snapshot goes out with its lastUpdateId L; of the held diffs, and then of the stream, those it
 * contains are skipped, and the first that covers it is told to follow L:
 *   spot      U <= L+1 <= u      then U == previous u + 1
 *   futures   U <= L <= u, or pu == L      then pu == previous u
 * A diff that breaks the chain goes out with its true predecessor, so that the book itself becomes
 * stale and says so; from then on diffs are held again until a new snapshot. A snapshot that is
 * older than a book in good order is skipped.
 *
 * One per instrument, one thread, no allocation after binance_sync_init; memory is the caller's. */
#ifndef PITWALL_GATEWAY_BINANCE_SYNC_H
#define PITWALL_GATEWAY_BINANCE_SYNC_H

#include "gateway/binance/decode.h"

enum sync_state {
    SYNC_WAITING,   /* for a snapshot; diffs are held */
    SYNC_STARTING,  /* snapshot out, no diff has covered it yet */
    SYNC_FOLLOWING, /* each diff follows the one before */
};

struct binance_sync {
    bool futures;
    uint8_t state;
    bool gapped;     /* waiting because of a gap */
    int64_t last_id; /* of what went out last */
    uint8_t *held;   /* struct held, one behind the other */
    size_t capacity, used, released;
    uint64_t gaps, dropped, skipped;
};

/* `held` has `capacity` bytes, 8-byte aligned, at least BINANCE_HELD_MIN. */
enum { BINANCE_HELD_MIN = 2 * (MAX_MARKET_LEVELS * 16 + 128) };
void binance_sync_init(struct binance_sync *sync, bool futures, void *held, size_t capacity);

/* A decoded depthUpdate or snapshot, whose levels stand in update->levels; fills in the rest of
 * *update (kind, ids) when it is to go out. True: send it. After a snapshot that went out, call
 * binance_sync_release until it answers NULL, before the next frame is taken. */
bool binance_sync_take(struct binance_sync *sync, const struct binance_frame *frame,
                       struct market_update *update);
/* The next held diff that is to go out, valid until the next call; NULL: no more. */
struct market_update *binance_sync_release(struct binance_sync *sync);

#endif
