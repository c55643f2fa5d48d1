/* The stream: WebSocket clients, one thread, `stream`.
 *
 * libmicrohttpd upgrades the connection and hands the socket over; from then on this thread owns
 * it (closed only through MHD_upgrade_action). Frames are JSON text {"topic","type","seq","ts_ns",
 * "data"}, built once per topic and tick (100 ms) and shared by all clients; `seq` is the topic's,
 * the same for everybody, so that a client that comes back names the last one it has ("since") and
 * is given what it missed, or a snapshot when that is not kept any longer (channel.h).
 *
 * Files: frame (bytes, counted references), channel (one topic's numbers and window), builders
 * (what topics hold), topics (what changed), client and client_read (one client), crowd (all of
 * them, and epoll).
 *
 * Slow clients (client.h) delay nobody: a state that they missed comes as one snapshot, events they
 * fall behind of close them with 1013, and so do 10 s in which their socket takes nothing. Memory:
 * 4 MiB of window for each topic of events, 10 kB a client, and the frames that clients still have
 * to be sent, shared, of the last seconds. Sessions are re-checked every second (1008). At stop:
 * 1001 to all, at most 1 s. */
#ifndef PITWALL_STREAM_STREAM_H
#define PITWALL_STREAM_STREAM_H

#include "alerts/alerts.h"
#include "control/control.h"

enum { STREAM_CLIENTS_MAX = 1024 };

struct stream;
struct MHD_UpgradeResponseHandle;

struct stream_sources {
    struct view *view;
    struct control *control;
    struct access *access;
    struct store *store;
    struct alerts *alerts;
};

enum status stream_open(struct stream **stream, const struct stream_sources *sources,
                        struct err *err);
enum status stream_start(struct stream *stream, struct err *err);
/* The upgrade callback hands over; false (and the handle is closed) when
 * STREAM_CLIENTS_MAX clients are there (they are told 1013). */
bool stream_adopt(struct stream *stream, struct MHD_UpgradeResponseHandle *handle, int fd,
                  const void *extra, size_t extra_length, const struct actor *actor);
/* Says 1001 to all and gives every socket back; before http_close. Later adoptions are refused. */
void stream_close(struct stream *stream);
/* After http_close. */
void stream_free(struct stream *stream);
uint64_t stream_clients(const struct stream *stream);
/* What has happened to clients, since the start. */
struct stream_counters {
    uint64_t drops;    /* frames that states left out */
    uint64_t laggards; /* clients closed with 1013 */
    uint64_t resumes;  /* topics taken up where the client had stopped */
};
struct stream_counters stream_counters(const struct stream *stream);

#endif
