/* A channel: one topic's numbers, and the frames of it that can still be sent.
 *
 * The sequence is the server's, the same for all clients, so that a client can name the last frame
 * it has and be given what follows. It starts at the wall clock's ms times 2,048: below 2^53 until
 * the year 2109, and above whatever an earlier run can have counted to, unless that run said 2,000
 * frames a ms. A channel of events keeps a window of its newest frames, a channel of a state only
 * the newest; a snapshot is made when one is asked for and shared until something changes.
 * Stream thread only. Memory: a window of at most CHANNEL_BYTES_MAX (or one larger frame), and a
 * snapshot. */
#ifndef PITWALL_STREAM_CHANNEL_H
#define PITWALL_STREAM_CHANNEL_H

#include "stream/frame.h"

enum { CHANNEL_FRAMES_MAX = 1024, CHANNEL_BYTES_MAX = 4 << 20 };

enum channel_kind { CHANNEL_STATE, CHANNEL_EVENT };

struct channel {
    const char *name;
    enum channel_kind kind;
    uint64_t seq;     /* of the newest frame; a snapshot carries it too */
    uint64_t gap_seq; /* clients that stand before it are given a snapshot, whatever the kind */
    struct frame *snapshot;
    struct frame **window; /* frame `seq` lies at seq % CHANNEL_FRAMES_MAX (a state's: at 0) */
    uint32_t window_count;
    size_t window_bytes;
    /* The whole as JSON text, as of `seq`; NULL: cannot be told now. Not freed here. */
    const char *(*whole)(void *ctx, int64_t *ts_ns);
    void *ctx;
};

/* False: out of memory. `whole` and `ctx` are the caller's to set. */
bool channel_open(struct channel *channel, const char *name, enum channel_kind kind,
                  int64_t real_ns);
void channel_close(struct channel *channel);

/* A change: it gets the next number. Out of memory is a gap. */
void channel_say(struct channel *channel, int64_t ts_ns, const char *data);
/* The whole is another one, though nothing was said. */
void channel_renew(struct channel *channel);
/* What happened since cannot be told: everybody is given a snapshot. */
void channel_gap(struct channel *channel);

/* True when a client that has `seq` can be given all that followed. */
bool channel_reaches(const struct channel *channel, uint64_t seq);
/* The frame of that number, the channel's own reference; NULL: not kept. */
struct frame *channel_frame(const struct channel *channel, uint64_t seq);
/* The channel's own reference; NULL: cannot be made now. */
struct frame *channel_snapshot(struct channel *channel);

#endif
