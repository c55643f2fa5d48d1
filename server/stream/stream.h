/* The stream: WebSocket clients, one thread, `stream`.
 *
 * libmicrohttpd upgrades the connection and hands the socket over; from then on this thread owns
 * it (closed only through MHD_upgrade_action). Frames are JSON text {"topic","type","seq","ts_ns",
 * "data"}, built once per topic and tick (100 ms) and shared by all clients; libwslay reads what
 * clients send. State topics conflate (latest wins), every client has a bounded queue; one that
 * falls behind gets a fresh snapshot, one that does not read is closed with 1013. Sessions are
 * re-checked every second (1008). At stop: 1001 to all, at most 1 s. */
#ifndef PITWALL_STREAM_STREAM_H
#define PITWALL_STREAM_STREAM_H

#include "alerts/alerts.h"
#include "control/control.h"

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
/* The upgrade callback hands over; false (and the handle is closed) when 256 clients are there. */
bool stream_adopt(struct stream *stream, struct MHD_UpgradeResponseHandle *handle, int fd,
                  const void *extra, size_t extra_length, const struct actor *actor);
/* Says 1001 to all and gives every socket back; before http_close. Later adoptions are refused. */
void stream_close(struct stream *stream);
/* After http_close. */
void stream_free(struct stream *stream);
uint64_t stream_clients(const struct stream *stream);
uint64_t stream_drops(const struct stream *stream);

#endif
