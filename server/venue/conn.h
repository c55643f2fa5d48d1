/* Inside the venue's server: one connection. server.c has the loop, conn.c reads, conn_out.c
 * writes. */
#ifndef PITWALL_VENUE_CONN_H
#define PITWALL_VENUE_CONN_H

#include "venue/server.h"
#include "venue/text.h"

#include <libwebsockets.h>

enum {
    CONN_PEER_MAX = 48,
    CONN_QUEUE_MAX = 16 << 20, /* bytes not yet written; more: the peer does not read, closed */
    CONN_STAGING = 1 << 16,
    CONN_REQUEST_S = 10, /* for a whole request, from its first byte */
    CONN_IDLE_S = 60     /* without one */
};

struct venue_frame {
    uint32_t refs;
    size_t length; /* of all bytes: WebSocket head and payload, or a whole HTTP answer */
    char bytes[];
};

struct out {
    struct out *next;
    struct venue_frame *frame;
    struct venue_delivery how;
    int64_t due_ns;
    size_t sent, end; /* of frame->bytes */
};

struct venue_conn {
    struct venue_conn *prev, *next;
    struct venue_server *server;
    struct lws *wsi;
    uint64_t no;
    char peer[CONN_PEER_MAX];
    void *data;
    struct text in;      /* received and not yet used */
    struct text message; /* of a WebSocket, gathered from fragments */
    bool is_socket, in_message, answering, keep_alive, silent, closing, dead;
    struct out *first, *last; /* in order */
    struct out *aside;        /* overtaken by others, in order of their due time */
    size_t queued;
    int64_t since_ns; /* when it began to wait for a request, or for the rest of one */
};

enum { VENUE_NUMERIC_MAX = 64 };

struct venue_server {
    struct venue_server_config config;
    struct lws_context *context;
    struct lws_vhost *vhost;
    lws_sorted_usec_list_t timer;
    struct venue_conn *conns;
    uint64_t conn_count;
    int64_t now_ns;                  /* real clock, of the turn */
    int64_t due_ns;                  /* when some queue wants to be looked at */
    char numeric[VENUE_NUMERIC_MAX]; /* the address that it listens on */
    char url[96];
};

struct venue_conn *conn_open(struct venue_server *server, struct lws *wsi);
/* Frees it; lws has closed the socket. */
void conn_gone(struct venue_conn *conn);
void conn_receive(struct venue_conn *conn, const char *bytes, size_t length, int64_t received_ns);
/* Closes it when a request is overdue: half of one, or the next. Not of a WebSocket. */
void conn_expire(struct venue_conn *conn, int64_t now_ns);
/* Writes what is due. */
void conn_flush(struct venue_conn *conn, int64_t now_ns);
void conn_queue(struct venue_conn *conn, struct venue_frame *frame,
                const struct venue_delivery *how);
struct venue_frame *conn_frame(const char *head, size_t head_length, const char *body,
                               size_t length);
void conn_reset(struct venue_conn *conn);
void conn_close_by_code(struct venue_conn *conn, uint16_t code);
/* The next request or frames that wait in `in`. */
void conn_read_on(struct venue_conn *conn, int64_t received_ns);

#endif
