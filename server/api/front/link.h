/* One client of a front: TLS on its socket, plain bytes on a socketpair whose other end is
 * libmicrohttpd's.
 *
 *   client == TLS ==> up   -- plain --> libmicrohttpd, stream
 *   client <== TLS == down <-- plain --
 *
 * Each way holds at most one TLS record (16 KiB) and reads again only when it is empty, so a side
 * that does not take its bytes stops the other side's being read: backpressure by the kernel's
 * buffers, which are fixed (64 KiB to the client, 32 KiB on each end of the pair). A record is read
 * whole, so nothing waits inside OpenSSL that the socket does not tell of.
 *
 * A NUL has no place in HTTP, and libmicrohttpd 0.9.75 cuts lines by putting NULs there, so that
 * afterwards "NUL LF" cannot be told from "CR LF". Until the stream has the connection, a NUL of
 * the client goes on as the byte 1, which hygiene.c and the JSON parser refuse.
 *
 * A life: SHAKING (5 s), OPEN, and when libmicrohttpd has closed and all is written LINGERING: the
 * client is told that no more comes and what it still sends is thrown away for a second, for a
 * close() with unread bytes would take our last answer from it. Front's thread only. */
#ifndef PITWALL_API_FRONT_LINK_H
#define PITWALL_API_FRONT_LINK_H

#include "engine.h"

#include <openssl/types.h>
#include <sys/socket.h>

enum { FLOW_MAX = 16384 };

enum link_phase { LINK_FREE, LINK_SHAKING, LINK_OPEN, LINK_LINGERING, LINK_DEAD };

struct flow {
    size_t start, length;
    bool ended; /* nothing more comes in */
    char bytes[FLOW_MAX];
};

struct link {
    enum link_phase phase;
    SSL *ssl;
    int tcp, plain; /* -1: closed */
    struct sockaddr_storage peer;
    socklen_t peer_length;
    uint32_t tcp_events, plain_events; /* what epoll was asked for */
    bool wants_out;                    /* OpenSSL waits for room in the socket */
    bool up_told;                      /* the pair was told that no more comes */
    bool is_plain_deaf;                /* libmicrohttpd takes nothing more */
    int64_t since_ns;                  /* of the phase */
    int64_t answered_ns;               /* when it last took a byte of ours, or began */
    int64_t asked_ns;                  /* when the first byte since then came; 0: none has */
    bool is_upgraded;                  /* the stream has it: no HTTP any more */
    int64_t stuck_ns;                  /* since when the client takes nothing; 0: it does */
    size_t lingered;                   /* bytes thrown away */
    struct flow up, down;
};

/* Takes the socket over; false: no memory, the socket is closed. */
bool link_open(struct link *link, SSL_CTX *context, int tcp, int64_t now_ns);
/* Closes what is open; the link is LINK_FREE. */
void link_close(struct link *link);

/* Goes on with the handshake. LINK_OPEN is set by link_join; true: it is done. A failure makes it
 * LINK_DEAD, or LINK_LINGERING when the client spoke plain HTTP and was told so. */
bool link_shake(struct link *link, int64_t now_ns);
/* The handshake is done and `plain` is our end of the pair. */
void link_join(struct link *link, int plain, int64_t now_ns);
/* Moves what can be moved; `tcp` and `plain` say which side has stirred. */
void link_move(struct link *link, bool tcp, bool plain, int64_t now_ns);
/* Since when it waits for us, or we for it: the last answer, or the first byte of what was asked
 * after it. More bytes change nothing. */
int64_t link_waits_since_ns(const struct link *link);
/* Ends what has taken too long. */
void link_check(struct link *link, int64_t now_ns);

/* What to ask epoll for; 0: the descriptor must not be registered, because a hang-up is reported
 * asked or not, and would be for ever. */
uint32_t link_tcp_wants(const struct link *link);
uint32_t link_plain_wants(const struct link *link);

#endif
