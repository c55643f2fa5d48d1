/* One WebSocket client: what it subscribed to, what still has to be written, how it ends.
 *
 * Stream thread only. Frames are appended to one bounded queue; a topic that does not fit is marked
 * and gets a snapshot when there is room again. libwslay reads and answers control frames into the
 * same queue, so frames never interleave. The socket belongs to libmicrohttpd and is given back
 * through the handle. */
#ifndef PITWALL_STREAM_CLIENT_H
#define PITWALL_STREAM_CLIENT_H

#include "stream/topics.h"

#include <wslay/wslay.h>

enum {
    CLOSE_STOP = 1001,
    CLOSE_SESSION_GONE = 1008,
    CLOSE_TOO_SLOW = 1013,
    QUEUE_MAX = 256 * 1024
};

struct client {
    struct MHD_UpgradeResponseHandle *handle;
    int fd;
    struct actor actor;
    wslay_event_context_ptr websocket;
    struct {
        bool subscribed, wants_snapshot;
        uint64_t seq;
    } topic[TOPIC_COUNT];
    uint64_t error_seq;
    char *extra; /* bytes that came with the handshake */
    size_t extra_length, extra_read;
    char *queue;
    size_t queue_start, queue_length, queue_size;
    int64_t wrote_ns; /* when the socket last took something, or had nothing to take */
    int64_t close_ns; /* 0: open; else when the close frame was queued */
    bool gone;        /* nothing more can be read or written */
    uint64_t drops;   /* frames left out */
};

/* NULL: out of memory; the handle is then still the caller's. */
struct client *client_open(struct MHD_UpgradeResponseHandle *handle, int fd, const void *extra,
                           size_t extra_length, const struct actor *actor);
/* Gives the socket back. */
void client_free(struct client *client);

/* False after a close frame: nothing more is read. */
bool client_reads(const struct client *client);
/* Reads and obeys what has come. */
void client_read(struct client *client);
/* Writes what the socket takes. */
void client_flush(struct client *client, int64_t now_ns);
/* Queues a frame of a topic. False: no room; the topic is marked for a snapshot. */
bool client_send(struct client *client, enum topic_id topic, const char *type, int64_t ts_ns,
                 const char *data);
void client_close(struct client *client, uint16_t code, int64_t now_ns);
/* True when it can be freed: gone, or the close handshake is done or has taken a second. */
bool client_is_done(const struct client *client, int64_t now_ns);

#endif
