/* TLS in front of one libmicrohttpd daemon: a thread that accepts, shakes hands and moves bytes.
 *
 * libmicrohttpd's own TLS cannot carry a WebSocket (0.9.75 sends it in records of four bytes), so
 * the daemon is given the plain side of each connection (MHD_add_connection) together with the
 * client's real address, and knows nothing of TLS. One thread and one epoll a front; the reserved
 * kill listener has a front of its own, so that what is done to the main one does not touch it.
 *
 * Bounds. At most 128 handshakes at once: one more ends the oldest, which an honest client (2 ms)
 * never is. At most `links_max` connections, and of one address (an IPv6 /64) seven eighths of
 * them, so that one address cannot shut out all others, and a whole desk behind one address still
 * fits. Where there is no room, the connection makes it whose last answer, or the first byte asked
 * after it, is the longest ago (of the same address, when that is at its bound), if that is a
 * second: idle connections, an attacker's or a browser's, and requests that never end give way to
 * people; a request that has just begun on a connection long idle does not, nor does a stream,
 * which speaks ten times a second. What else a client sends does not keep its place: a byte of a
 * header now and then costs it nothing. Memory: 33 KiB a connection here, taken when it is first
 * used and kept, and what OpenSSL holds (about 20 KiB, up to 50 KiB while records are in
 * flight). */
#ifndef PITWALL_API_FRONT_FRONT_H
#define PITWALL_API_FRONT_FRONT_H

#include "api/front/identity.h"

struct front;
struct MHD_Daemon;

struct front_settings {
    const char *name;          /* of the thread */
    int listen_fd;             /* the caller's; not blocking */
    struct identity *identity; /* the caller's */
    struct MHD_Daemon *daemon; /* made with MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC */
    uint32_t links_max;
};

struct front_counts {
    uint64_t handshakes, failed; /* done; broken off, refused or too slow */
    uint64_t turned_away;        /* no room */
    uint64_t displaced;          /* closed to make room */
    uint64_t links;              /* now, handshakes included */
};

enum status front_open(struct front **front, const struct front_settings *settings,
                       struct err *err);
/* No new connections from here on. Any thread. */
void front_quiesce(struct front *front);
/* When the daemon has stopped: writes what it has left (at most 1 s), closes all, ends the
 * thread. */
void front_close(struct front *front);
/* Any thread. */
void front_count(const struct front *front, struct front_counts *counts);

#endif
