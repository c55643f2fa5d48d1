#include "stream/channel.h"

#include <assert.h>
#include <stdlib.h>

enum { NS_PER_MS = 1000000, SEQ_PER_MS = 2048 };

static uint32_t slots(const struct channel *channel)
{
    return channel->kind == CHANNEL_EVENT ? CHANNEL_FRAMES_MAX : 1;
}

static struct frame **slot(const struct channel *channel, uint64_t seq)
{
    return &channel->window[seq % slots(channel)];
}

bool channel_open(struct channel *channel, const char *name, enum channel_kind kind,
                  int64_t real_ns)
{
    assert(real_ns > 0);
    *channel = (struct channel){
        .name = name, .kind = kind, .seq = (uint64_t)(real_ns / NS_PER_MS) * SEQ_PER_MS};
    channel->window = calloc(slots(channel), sizeof *channel->window);
    return channel->window != NULL;
}

static uint64_t oldest(const struct channel *channel)
{
    return channel->seq + 1 - channel->window_count;
}

static void window_drop_oldest(struct channel *channel)
{
    struct frame **frame = slot(channel, oldest(channel));

    assert(channel->window_count > 0 && *frame);
    channel->window_bytes -= (*frame)->length;
    channel->window_count--;
    frame_release(*frame);
    *frame = NULL;
}

static void window_clear(struct channel *channel)
{
    while (channel->window_count > 0)
        window_drop_oldest(channel);
}

void channel_close(struct channel *channel)
{
    if (!channel->window)
        return;
    window_clear(channel);
    frame_release(channel->snapshot);
    free((void *)channel->window);
    *channel = (struct channel){0};
}

void channel_renew(struct channel *channel)
{
    frame_release(channel->snapshot);
    channel->snapshot = NULL;
}

void channel_gap(struct channel *channel)
{
    window_clear(channel);
    channel_renew(channel);
    channel->gap_seq = ++channel->seq;
}

void channel_say(struct channel *channel, int64_t ts_ns, const char *data)
{
    struct frame *frame = frame_make(channel->name, "delta", channel->seq + 1, ts_ns, data);

    if (!frame) {
        channel_gap(channel);
        return;
    }
    channel_renew(channel);
    while (channel->window_count > 0 && (channel->window_count == slots(channel) ||
                                         channel->window_bytes + frame->length > CHANNEL_BYTES_MAX))
        window_drop_oldest(channel);
    channel->seq++;
    *slot(channel, channel->seq) = frame;
    channel->window_count++;
    channel->window_bytes += frame->length;
}

bool channel_reaches(const struct channel *channel, uint64_t seq)
{
    return seq <= channel->seq && seq + 1 >= oldest(channel) && seq >= channel->gap_seq;
}

struct frame *channel_frame(const struct channel *channel, uint64_t seq)
{
    return seq >= oldest(channel) && seq <= channel->seq ? *slot(channel, seq) : NULL;
}

struct frame *channel_snapshot(struct channel *channel)
{
    int64_t ts_ns = 0;
    const char *data = channel->snapshot ? NULL : channel->whole(channel->ctx, &ts_ns);

    if (data)
        channel->snapshot = frame_make(channel->name, "snapshot", channel->seq, ts_ns, data);
    return channel->snapshot;
}
