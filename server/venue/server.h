/* The venue's server: REST and WebSocket on one port, plain or TLS, on one libwebsockets context
 * and one thread. Knows connections, requests and messages; what they mean is the protocol's
 * (bybit/), which gets each as a call and answers by calls.
 *
 * A frame is made once and shared: every subscriber's queue holds a reference. A delivery says how
 * it leaves: whole and at once, or as a fault wants it (later, in pieces, cut off). Queues are in
 * order and bounded; a peer that does not read is closed. */
#ifndef PITWALL_VENUE_SERVER_H
#define PITWALL_VENUE_SERVER_H

#include "engine.h"
#include "venue/wire.h"

struct venue_server;
struct venue_conn;

struct venue_server_config {
    const char *address;              /* "127.0.0.1:9700"; port 0: a free one */
    const char *cert_file, *key_file; /* NULL: plain */
    void *ctx;
    /* False: the connection is reset at once. */
    bool (*accepts)(void *ctx, struct venue_conn *conn);
    /* A whole request; answered by venue_conn_answer() now or later, nothing else is read of the
     * connection meanwhile. */
    void (*request)(void *ctx, struct venue_conn *conn, const struct wire_request *request,
                    int64_t received_ns);
    /* A request to become a WebSocket. 101: yes, and opened() comes next; else it is refused. */
    int (*upgrade)(void *ctx, struct venue_conn *conn, const struct wire_request *request);
    void (*opened)(void *ctx, struct venue_conn *conn);
    /* A whole text message, NUL behind it. */
    void (*message)(void *ctx, struct venue_conn *conn, char *text, size_t length,
                    int64_t received_ns);
    /* False: a ping is not answered. */
    bool (*pongs)(void *ctx, struct venue_conn *conn);
    void (*closed)(void *ctx, struct venue_conn *conn);
    /* After each of the above, and when due; returns when to be called next. */
    int64_t (*turn)(void *ctx, int64_t now_ns);
};

enum status venue_server_open(struct venue_server **server,
                              const struct venue_server_config *config, struct err *err);
/* Until *stop is set; other threads and signal handlers call venue_server_wake() then. */
void venue_server_run(struct venue_server *server, const volatile int *stop);
void venue_server_wake(struct venue_server *server);
void venue_server_close(struct venue_server *server);
/* "http://127.0.0.1:9700" */
const char *venue_server_url(const struct venue_server *server);
/* While set, TLS handshakes get a certificate that nobody vouches for, of another host. */
void venue_server_bad_cert(struct venue_server *server, bool bad);

/* --- frames --- */
struct venue_frame;
/* A text message of a WebSocket; one reference is the caller's. */
struct venue_frame *venue_frame_text(const char *text, size_t length);
void venue_frame_drop(struct venue_frame *frame);

enum venue_after { VENUE_AFTER_NOTHING, VENUE_AFTER_CLOSE, VENUE_AFTER_RESET, VENUE_AFTER_SILENCE };
struct venue_delivery {
    int64_t delay_ns;   /* so much later */
    bool aside;         /* what comes behind does not wait for it */
    uint8_t after;      /* enum venue_after */
    uint32_t percent;   /* of its bytes that leave; 0: all */
    int64_t trickle_ns; /* one byte each so often; 0: at once */
};

/* NULL delivery: whole and at once. Takes a reference of its own. */
void venue_conn_send(struct venue_conn *conn, struct venue_frame *frame,
                     const struct venue_delivery *delivery);
/* The answer to the request under way. `headers`: whole lines, each with its CR LF. Not called: the
 * peer waits for ever. */
void venue_conn_answer(struct venue_conn *conn, int status, const char *headers, const char *body,
                       size_t length, const struct venue_delivery *delivery);
/* What is queued leaves first; with reset nothing does. */
void venue_conn_close(struct venue_conn *conn, bool reset);
/* Stays open, reads nothing and says nothing from now on. */
void venue_conn_silence(struct venue_conn *conn);

uint64_t venue_conn_no(const struct venue_conn *conn); /* from 1, never repeats */
const char *venue_conn_peer(const struct venue_conn *conn);
void *venue_conn_data(const struct venue_conn *conn);
void venue_conn_set_data(struct venue_conn *conn, void *data);

#endif
