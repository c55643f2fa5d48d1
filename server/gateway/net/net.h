/* Connections to a venue: WebSocket and HTTPS clients on one libwebsockets context, which makes
 * them, closes them and writes; bytes of a WebSocket are read, and its frames made, by ourselves
 * (ws.h).
 *
 * One struct net per gateway, used by its thread alone: nothing that befalls one venue's sockets
 * touches another's. net_poll() is one turn: it never blocks. Name resolution runs on a thread of
 * its own (libwebsockets would block in it); the address goes to libwebsockets, the name stays for
 * SNI and the certificate. A TLS handshake costs 1 to 3 ms of this thread, and nothing is quoted on
 * a connection that is still being made.
 *
 * TLS: the host's certificate is verified against the system's authorities, or against ca_file
 * alone when that is given; there is no fall-back, and no way to switch it off. TCP_NODELAY is read
 * back from each socket.
 *
 * Reconnects: backoff from 100 ms doubling to 30 s, each with 20 % of jitter, counted anew only
 * after the first whole frame of a connection that lasted; and all connection attempts of a net
 * within a budget per five minutes (protocol fact of Bybit: 500 per IP). Requests have a budget of
 * their own, of the same size: a peer that closes after each answer must not keep the sockets from
 * standing again. Each connection of a socket has an epoch that only rises; a callback names it, so
 * that what an earlier connection left behind is known for what it is. */
#ifndef PITWALL_GATEWAY_NET_H
#define PITWALL_GATEWAY_NET_H

#include "engine.h"

enum { NET_URL_MAX = 256, NET_FRAME_MAX = 16 << 20, NET_PADDING = 64 };

/* What no frame waits for (connecting, requests, deadlines) is done so often while something of it
 * is under way, in turns that bring nothing; else, and at the latest, each millisecond. */
#define NET_KEEP_NS 50000LL
#define NET_KEEP_LATEST_NS 1000000LL

struct net;
struct net_socket;

struct net_config {
    const char *ca_file;   /* NULL or "": the system's authorities */
    uint32_t connects_max; /* within five minutes; 0: 50 */
    uint64_t seed;         /* of the jitter */
};

/* ERR_CONFIG: ca_file cannot be read. */
enum status net_open(struct net **net, const struct net_config *config, struct err *err);
/* Serves what is ready: of each connection one read of 32 KiB and 256 frames at most, the rest in
 * the next turn, so that a flood on one cannot starve what else the thread does. Returns how many
 * callbacks it made; 0: nothing to do. Not from within a callback. */
uint32_t net_poll(struct net *net);
/* Drops all sockets and requests, whose callbacks are not called any more. */
void net_close(struct net *net);

/* --- sockets --- */
enum net_why {                /* of a connection that ended or was not made */
               NET_DROPPED,   /* by us: net_socket_drop() */
               NET_CLOSED,    /* by the peer */
               NET_FAILED,    /* refused, reset, timed out */
               NET_NO_NAME,   /* the host cannot be resolved */
               NET_BAD_TLS,   /* certificate or handshake; `text` says what */
               NET_SILENT,    /* no frame within the deadline, pings unanswered */
               NET_TOO_LARGE, /* a frame beyond frame_max */
               NET_REFUSED,   /* HTTP answered something else than 101; http_status tells */
};

struct net_socket_config {
    const char *url; /* ws://host:port/path or wss://; copied */
    void *ctx;
    /* A connection stands: send what opens it. */
    void (*opened)(void *ctx, uint64_t epoch);
    /* A whole text message. `text` is followed by a NUL and NET_PADDING readable bytes, may be
     * changed, and is valid during the call. received_ns: taken before anything else was done with
     * the bytes; the messages of one read share it, as they share their arrival. */
    void (*frame)(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns);
    void (*closed)(void *ctx, uint64_t epoch, enum net_why why, int http_status, const char *text);
    const char *heartbeat; /* text frame sent when due, e.g. {"op":"ping"}; NULL: WS pings */
    int64_t heartbeat_ns;  /* 0: none */
    int64_t silence_ns;    /* nothing at all received for so long: dropped; 0: never */
    uint32_t frame_max;    /* 0: 1 MiB */
    bool hot;              /* read in every turn; others while turns are quick every 5 us */
};

/* Begins to connect, and goes on until the close. Callbacks come from net_poll() alone, but for
 * net_socket_drop(); each may send, drop, close and open what it likes. Of a host with several
 * addresses the next one is tried at once. An attempt ends after 10 s.
 * ERR_CONFIG: the URL is none; ERR_INTERNAL: no memory. */
enum status net_socket_open(struct net *net, struct net_socket **socket,
                            const struct net_socket_config *config, struct err *err);
/* No callback comes any more. */
void net_socket_close(struct net_socket *socket);
/* Drops the connection; another is made. Not before wait_ns from now (0: by the backoff).
 * closed(NET_DROPPED) is called from within; nothing more of that connection is. */
void net_socket_drop(struct net_socket *socket, int64_t wait_ns);
bool net_socket_is_up(const struct net_socket *socket);
uint64_t net_socket_epoch(
    const struct net_socket *socket); /* of the newest connection; 0: none yet */
uint64_t net_socket_connects(const struct net_socket *socket); /* that stood */

/* A text frame on the connection of that epoch: written at once when the socket takes it (also from
 * within a callback), else queued in order, at most 256 KiB. False: that connection is gone, or the
 * queue is full; nothing of it will be sent. The bytes are copied. */
bool net_send(struct net_socket *socket, uint64_t epoch, const char *text, size_t length);
/* The same, but never queued: false as well when the socket does not take it now. So what must not
 * leave later than its sender knows is not held here. Without a copy: `text` has NET_HEADROOM
 * writable bytes in front and is spoiled (masked). */
enum { NET_HEADROOM = 32 };
bool net_send_now(struct net_socket *socket, uint64_t epoch, char *text, size_t length);
/* No byte that was taken waits here for the socket: all are the kernel's, or went with their
 * connection. */
bool net_socket_is_drained(const struct net_socket *socket);

/* --- requests --- */
enum { NET_HEADERS_MAX = 8 };
struct net_header {
    const char *name, *value; /* name in lower case with a colon: "x-bapi-sign:" */
};
struct net_answer;
struct net_request {
    const char *base;          /* https://host:port */
    const char *method, *path; /* path with query */
    const struct net_header *headers;
    uint32_t header_count;
    const char *body;    /* NULL: none; sent as application/json */
    int64_t deadline_ns; /* from now */
    void *ctx;
    /* Once. http_status 0: there was no answer, and whether the venue has it is not known unless
     * never_sent. body is followed by a NUL, valid during the call. */
    void (*done)(void *ctx, const struct net_answer *answer);
};
struct net_answer {
    int http_status;
    bool never_sent; /* of http_status 0: no byte of the request left */
    char *body;
    size_t length;
    int64_t limit, limit_left, limit_reset_ms; /* X-Bapi-Limit*; -1: not there */
    int64_t retry_after_s;                     /* -1: not there */
    const char *text;                          /* what went wrong; never NULL */
};
/* False: too many are under way (64), or the URL is none. All texts are copied. Connections are
 * kept alive and reused, at most four at a time for each base. */
bool net_request(struct net *net, const struct net_request *request);
uint32_t net_requests_open(const struct net *net);

#endif
