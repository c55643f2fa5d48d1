/* A venue for benches: as much of Bybit's v5 as a gateway needs to be READY and to trade one
 * instrument, on raw sockets, so that its own time is small and the same for whoever is measured.
 *
 * One port for all: the path of the first request tells what a connection is. REST answers are
 * fixed texts (an empty account). A subscription of the book is answered by a snapshot, and each
 * wire_delta() is the next frame: six levels or so, the touch moved by a tick, `u` one higher. An
 * order that comes on a trade socket is acknowledged there and ends on the private one, as an IOC
 * that found nothing.
 *
 * One thread, nothing blocks but sending; no allocation after the opening. Source: Bybit's
 * documentation of v5; RFC 6455. */
#ifndef PITWALL_TESTS_BENCH_WIRE_VENUE_H
#define PITWALL_TESTS_BENCH_WIRE_VENUE_H

#include "engine.h"

#include <sys/types.h>

enum { WIRE_CONNS = 16, WIRE_IN_BYTES = 64 << 10, WIRE_TEXT_MAX = 4096, WIRE_LEVELS = 50 };
enum wire_kind { WIRE_NEW, WIRE_REST, WIRE_PUBLIC, WIRE_PRIVATE, WIRE_TRADE, WIRE_ECHO };

struct wire_conn {
    int fd; /* -1: free */
    enum wire_kind kind;
    bool is_ready; /* logged in, or subscribed to the book */
    uint32_t used;
    char in[WIRE_IN_BYTES];
};

/* What makes the next frame of the book. */
struct wire_market {
    uint64_t random;
    int64_t u; /* of the newest frame */
    uint32_t frame;
};

struct wire_venue {
    int listener;
    uint16_t port;
    struct wire_conn conn[WIRE_CONNS];
    struct wire_market market;
    uint64_t orders;  /* that came */
    uint64_t answers; /* numbers for their answers */
    /* A whole text came on a trade or echo socket, before anything is done about it; stamped behind
     * the read that completed it. */
    int64_t came_ns;
    enum wire_kind came;
};

/* On 127.0.0.1, a free port. Any thread; the others are one's alone. */
enum status wire_venue_open(struct wire_venue *venue, struct err *err);
void wire_venue_close(struct wire_venue *venue);

/* Takes what has come on all connections, and answers it. Returns how many texts came. */
uint32_t wire_poll(struct wire_venue *venue);
/* Spins on the first connection of a kind until a text has come on it and is answered; its stamp is
 * came_ns. False: not within `patience_ns`. */
bool wire_await(struct wire_venue *venue, enum wire_kind kind, int64_t patience_ns);
/* The n-th connection of a kind that is ready; NULL: there are not so many. */
struct wire_conn *wire_find(struct wire_venue *venue, enum wire_kind kind, uint32_t at);

/* The next frame of the book, a header of WebSocket in front; returns its bytes. */
void wire_market_init(struct wire_market *market);
size_t wire_delta(struct wire_market *market, char bytes[WIRE_TEXT_MAX]);
size_t wire_snapshot(struct wire_market *market, char bytes[WIRE_TEXT_MAX]);
/* A text as a frame of a server; returns its bytes. */
size_t wire_frame(char *bytes, const char *text, size_t length);
/* All of it; false: the connection is gone, and closed. */
bool wire_send(struct wire_conn *conn, const char *bytes, size_t length);
/* As much as is taken now; -1: the connection is gone, and closed. */
ssize_t wire_send_some(struct wire_conn *conn, const char *bytes, size_t length);
void wire_drop(struct wire_conn *conn);

#endif
