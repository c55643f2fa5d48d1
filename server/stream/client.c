#include "stream/client.h"

#include "thread/clock.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECES_MAX = 16 };

#define SECOND_NS 1000000000LL
#define STALL_NS (10 * SECOND_NS)
#define CLOSE_WAIT_NS SECOND_NS        /* for the other side's close frame, */
#define CLOSE_WRITE_NS (5 * SECOND_NS) /* and for ours to be taken */

/* --- the queue --- */

static struct frame *queue_at(const struct client *client, uint32_t at)
{
    return client->queue[(client->queue_head + at) % CLIENT_FRAMES];
}

static void queue_put(struct client *client, struct frame *frame)
{
    assert(client->queue_count < CLIENT_FRAMES);
    client->queue[(client->queue_head + client->queue_count++) % CLIENT_FRAMES] = frame;
    client->queue_bytes += frame->length;
}

static void queue_shift(struct client *client)
{
    struct frame *frame = queue_at(client, 0);

    client->queue_bytes -= frame->length;
    client->queue_head = (client->queue_head + 1) % CLIENT_FRAMES;
    client->queue_count--;
    client->head_sent = 0;
    frame_release(frame);
}

/* All but what has been written in part. */
static void queue_cut(struct client *client)
{
    uint32_t kept = client->head_sent > 0;

    while (client->queue_count > kept) {
        struct frame *frame = queue_at(client, --client->queue_count);
        client->queue_bytes -= frame->length;
        frame_release(frame);
    }
}

static bool has_room(const struct client *client, const struct channel *channel, size_t length)
{
    bool event = channel->kind == CHANNEL_EVENT;
    uint32_t frames = event ? CLIENT_FRAMES - CLIENT_FRAMES_OWN : CLIENT_FRAMES_SHORT;
    size_t bytes = event ? CLIENT_BYTES : CLIENT_BYTES_SHORT;

    return client->queue_count == 0 ||
           (client->queue_count < frames && client->queue_bytes + length <= bytes);
}

void client_queue_own(struct client *client, struct frame *frame)
{
    if (client->queue_count < CLIENT_FRAMES) {
        queue_put(client, frame);
        return;
    }
    client->gone = true;
    frame_release(frame);
}

/* --- topics --- */

void client_subscribe(struct client *client, enum topic_id topic, uint64_t since)
{
    client->topic[topic] =
        (struct client_topic){.subscribed = true, .resumes = since > 0, .seq = since};
}

/* What lies in the way is written first, if the socket takes it. */
static bool make_room(struct client *client, const struct channel *channel, size_t length,
                      int64_t now_ns)
{
    if (!has_room(client, channel, length))
        client_flush(client, now_ns);
    return has_room(client, channel, length);
}

static bool give(struct client *client, struct client_topic *topic, const struct channel *channel,
                 struct frame *frame, int64_t now_ns)
{
    if (!frame || !make_room(client, channel, frame->length, now_ns))
        return false;
    queue_put(client, frame_hold(frame));
    topic->seq = frame->seq;
    return true;
}

static void feed_whole(struct client *client, struct client_topic *topic, struct channel *channel,
                       int64_t now_ns)
{
    uint64_t had = topic->seq;

    /* Not made for somebody who has no room for it. */
    if (make_room(client, channel, 0, now_ns) &&
        give(client, topic, channel, channel_snapshot(channel), now_ns) && had > 0)
        client->counters->drops += topic->seq - had;
}

static void look_at_since(struct client *client, struct client_topic *topic,
                          const struct channel *channel)
{
    topic->resumes = false;
    if (channel_reaches(channel, topic->seq))
        client->counters->resumes++;
    else
        topic->seq = 0;
}

void client_feed(struct client *client, enum topic_id id, struct channel *channel, int64_t now_ns)
{
    struct client_topic *topic = &client->topic[id];

    if (!topic->subscribed || client->close_ns || client->gone)
        return;
    if (topic->resumes)
        look_at_since(client, topic, channel);
    while (topic->seq < channel->seq && channel_reaches(channel, topic->seq))
        if (!give(client, topic, channel, channel_frame(channel, topic->seq + 1), now_ns))
            return;
    if (topic->seq == channel->seq)
        return;
    if (topic->seq == 0 || channel->kind == CHANNEL_STATE || topic->seq < channel->gap_seq)
        feed_whole(client, topic, channel, now_ns);
    else
        client_close(client, CLOSE_TOO_SLOW, now_ns);
}

/* --- the socket --- */

static ssize_t write_some(struct client *client)
{
    struct iovec pieces[PIECES_MAX];
    struct msghdr message = {.msg_iov = pieces};
    struct frame *head = queue_at(client, 0);

    if (client->queue_count == 1)
        return send(client->fd, head->bytes + client->head_sent, head->length - client->head_sent,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
    for (uint32_t at = 0; at < client->queue_count && at < PIECES_MAX; at++) {
        struct frame *frame = queue_at(client, at);
        size_t done = at == 0 ? client->head_sent : 0;
        pieces[message.msg_iovlen++] =
            (struct iovec){.iov_base = frame->bytes + done, .iov_len = frame->length - done};
    }
    return sendmsg(client->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void queue_written(struct client *client, size_t sent)
{
    while (sent > 0) {
        size_t left = queue_at(client, 0)->length - client->head_sent;
        if (sent < left) {
            client->head_sent += sent;
            return;
        }
        sent -= left;
        queue_shift(client);
    }
}

void client_flush(struct client *client, int64_t now_ns)
{
    while (client->queue_count > 0 && !client->gone && !client->blocked) {
        ssize_t sent = write_some(client);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            client->blocked = errno == EAGAIN || errno == EWOULDBLOCK;
            client->gone |= !client->blocked;
            return;
        }
        queue_written(client, (size_t)sent);
        client->wrote_ns = now_ns;
    }
    if (client->queue_count == 0)
        client->wrote_ns = now_ns;
}

bool client_is_stalled(const struct client *client, int64_t now_ns)
{
    return client->queue_count > 0 && now_ns - client->wrote_ns > STALL_NS;
}

/* --- the end --- */

void client_close(struct client *client, uint16_t code, int64_t now_ns)
{
    if (client->close_ns || client->gone)
        return;
    client->counters->laggards += code == CLOSE_TOO_SLOW;
    client->close_ns = now_ns;
    queue_cut(client);
    client_say_close(client, code);
    client_flush(client, now_ns);
}

bool client_is_done(const struct client *client, int64_t now_ns)
{
    if (client->gone)
        return true;
    if (!client->close_ns)
        return false;
    if (client->queue_count > 0)
        return now_ns - client->close_ns > CLOSE_WRITE_NS;
    return wslay_event_get_close_received(client->websocket) ||
           now_ns - client->close_ns > CLOSE_WAIT_NS;
}

struct client *client_open(struct MHD_UpgradeResponseHandle *handle, int fd, const void *extra,
                           size_t extra_length, const struct actor *actor,
                           struct stream_counters *counters)
{
    struct client *client = calloc(1, sizeof *client);
    char *copy = extra_length ? malloc(extra_length) : NULL;

    if (!client || (extra_length && !copy) || !client_read_open(client)) {
        free(copy);
        free(client);
        return NULL;
    }
    if (copy)
        memcpy(copy, extra, extra_length);
    client->extra = copy;
    client->extra_length = extra_length;
    client->handle = handle;
    client->fd = fd;
    client->actor = *actor;
    client->counters = counters;
    client->wrote_ns = clock_mono_ns();
    return client;
}

void client_free(struct client *client)
{
    client->head_sent = 0;
    queue_cut(client);
    wslay_event_context_free(client->websocket);
    if (client->handle)
        MHD_upgrade_action(client->handle, MHD_UPGRADE_ACTION_CLOSE);
    else
        close(client->fd);
    free(client->extra);
    free(client);
}
