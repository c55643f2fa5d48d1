/* One WebSocket client: what it subscribed to, where it stands, what still has to be written.
 *
 * Stream thread only (client_open also on the listener's). The client holds references to shared
 * frames and copies none. For each topic it knows the number of the last frame it was given; what
 * follows is taken from the topic's channel when there is room, so a laggard costs a number and not
 * a queue:
 *   a state that moved on without it is given to it as one snapshot when its queue is short again;
 *   an event that has left the channel's window before it was taken closes it with 1013.
 * Bounds: CLIENT_FRAMES references; CLIENT_BYTES of queued frames (one larger frame when nothing
 * else is queued); 10 kB of its own and libwslay's; what it says: 4,096 bytes and 64 frames a
 * message (else 1009), READ_PER_TICK bytes a tick (else it waits), 32 wrong messages in one read
 * (else 1002). libwslay only reads, and makes pongs and close frames; they join the queue whole.
 * The socket belongs to libmicrohttpd and is given back through the handle. */
#ifndef PITWALL_STREAM_CLIENT_H
#define PITWALL_STREAM_CLIENT_H

#include "stream/topics.h"

#include <wslay/wslay.h>

enum {
    CLOSE_STOP = 1001,
    CLOSE_PROTOCOL = 1002,
    CLOSE_SESSION_GONE = 1008,
    CLOSE_TOO_BIG = 1009,
    CLOSE_TOO_SLOW = 1013,
    CLIENT_FRAMES = 64,       /* power of two */
    CLIENT_FRAMES_OWN = 4,    /* of which kept for answers and the close frame */
    CLIENT_FRAMES_SHORT = 16, /* states wait while more is queued, */
    CLIENT_BYTES_SHORT = 64 * 1024,
    CLIENT_BYTES = 256 * 1024, /* and events */
    MESSAGE_MAX = 4096,
    MESSAGE_FRAMES_MAX = 64,
    WRONG_MAX = 32,
    READ_PER_TICK = 8192
};

struct client {
    int fd;
    bool blocked; /* the socket took nothing at the last try */
    bool gone;    /* nothing more can be read or written */
    uint32_t interest;
    struct frame *queue[CLIENT_FRAMES];
    uint32_t queue_head, queue_count;
    size_t queue_bytes, head_sent;
    int64_t wrote_ns; /* when the socket last took something, or had nothing to take */
    int64_t close_ns; /* 0: open; else when the close frame was queued */
    struct client_topic {
        bool subscribed, resumes; /* resumes: seq is the client's word, not yet looked at */
        uint64_t seq;             /* 0: wants a snapshot */
    } topic[TOPIC_COUNT];
    struct stream_counters *counters;
    /* Reading. */
    wslay_event_context_ptr websocket;
    uint32_t read_left; /* bytes that may be read until the next tick */
    uint32_t message_frames, wrong;
    struct frame *own; /* answers while one read lasts */
    uint64_t error_seq;
    char *extra; /* bytes that came with the handshake */
    size_t extra_length, extra_read;
    struct actor actor;
    struct MHD_UpgradeResponseHandle *handle;
};

/* NULL: out of memory; handle and socket are then still the caller's. Without a handle the socket
 * is the client's to close. */
struct client *client_open(struct MHD_UpgradeResponseHandle *handle, int fd, const void *extra,
                           size_t extra_length, const struct actor *actor,
                           struct stream_counters *counters);
/* Gives the socket back. */
void client_free(struct client *client);

/* Takes up a topic, after `since` (0: with a snapshot). */
void client_subscribe(struct client *client, enum topic_id topic, uint64_t since);
/* Queues what the client has not been given of a topic, as far as there is room. */
void client_feed(struct client *client, enum topic_id topic, struct channel *channel,
                 int64_t now_ns);
/* Writes what the socket takes. */
void client_flush(struct client *client, int64_t now_ns);
/* True while the client gives nothing to write or to read that would move it. */
bool client_is_stalled(const struct client *client, int64_t now_ns);
/* Says goodbye: what was queued and not begun is dropped. Once; later calls do nothing. */
void client_close(struct client *client, uint16_t code, int64_t now_ns);
/* True when it can be freed: gone, or the close handshake is done or has taken too long. */
bool client_is_done(const struct client *client, int64_t now_ns);

/* --- client_read.c: what a client says --- */

bool client_read_open(struct client *client);
/* False while nothing is to be read: after its close frame, with its share of this tick used up, or
 * with a queue that has no room for answers. */
bool client_reads(const struct client *client);
/* Reads and obeys what has come. */
void client_read(struct client *client, int64_t now_ns);
/* libwslay's close frame into the queue. */
void client_say_close(struct client *client, uint16_t code);

/* A frame of the client's own, which it takes over; there is room for CLIENT_FRAMES_OWN. */
void client_queue_own(struct client *client, struct frame *frame);

#endif
