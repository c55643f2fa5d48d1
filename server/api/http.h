/* HTTP: libmicrohttpd daemons in front of one router.
 *
 * Its listeners: the main one, the reserved kill listener, one for /metrics alone where the
 * configuration wants it, and the Unix socket of the data directory (peer credentials: the owner
 * acts as role admin). Each is an MHD daemon with an
 * internal *poll* thread (epoll mode stalls at multiples of 128 ready connections in 0.9.75). On
 * loopback they accept by themselves; where TLS is spoken (anywhere else, or tls.always) a front
 * accepts and hands them the plain side of each connection: api/front/front.h, api/secure.c.
 *
 * The kill listener closes after each answer: idle connections hold none of its places, and no
 * client sends a kill on a connection that has timed out meanwhile.
 *
 * A request: hygiene checks (tests/api/hygiene.test.mjs lists them), route look-up in
 * server/tables/routes.def (405 with Allow, HEAD), authentication, role or scope, what the session
 * must be, body up to the row's bound (413), then the handler where the row says: INLINE on the
 * listener's thread (under 1 ms), PAGED there too up to PAGE_INLINE_MAX rows, READER and WORKER on
 * a pool, CONTROL on the control thread, ACCESS on a thread of its own; away from the listener's
 * thread the connection is suspended. The answer is queued on the second handler call, or
 * keep-alive is lost.
 *
 * A handler fills `reply` and returns a status; anything but OK becomes problem details of that
 * status with err.text as its detail, and reply->json, if any, joins as extra members. */
#ifndef PITWALL_API_HTTP_H
#define PITWALL_API_HTTP_H

#include "alerts/alerts.h"
#include "api/front/identity.h"
#include "control/control.h"

struct http;

/* A page of orders takes some 10 us a row. */
enum { PAGE_INLINE_MAX = 100 };

enum { ROUTE_ARGS = 2, REQUEST_ID_MAX = 24, ETAG_MAX = 32 };

struct request {
    struct http *http;
    struct exchange *exchange; /* the whole of it, for api/ only */
    struct control *control;
    struct view *view;
    struct access *access;
    struct actor actor;
    char request_id[REQUEST_ID_MAX];
    const char *method, *path;
    const char *arg[ROUTE_ARGS]; /* the {parts} of the route's path, percent-decoded */
    const char *address;         /* of the peer */
    bool has_if_match;
    uint64_t if_match;
    json_t *body;    /* NULL: none */
    int64_t read_ns; /* real clock, when the request line was read */
};

struct reply {
    int http;              /* 0: taken from the status */
    json_t *json;          /* owned */
    json_t *extra;         /* extra members of a problem; owned */
    char *text;            /* or a text of `type`; owned */
    struct export *pieces; /* or pieces of `type`, made one by one on a worker; owned */
    const char *file;      /* with them: what a browser calls the file; static */
    const char *type;
    char etag[ETAG_MAX]; /* without quotes; empty: none (a read then gets one of its bytes) */
    char location[128];
    char cookie[256];
    int retry_after_s;
    struct err err;
};

/* A query argument, or NULL. */
const char *request_query(const struct request *request, const char *name);
/* Cuts a list that is answered whole unless ?limit= or ?cursor= ask for a part; the cursor is the
 * place of the next item: only of what neither comes nor goes while the program runs. */
enum status reply_page(const struct request *request, struct reply *reply);
/* The part that ?limit= and ?cursor= ask for, of a list that is whole without them. */
enum status request_part(const struct request *request, struct list_part *part, struct err *err);
/* Parses ?limit= (1..1000, default 100) and ?cursor=. */
enum status request_page(const struct request *request, uint32_t *limit, uint64_t *cursor,
                         struct err *err);

/* Handlers: one per row, in api/handlers_*.c. */
#define ROUTE(method, path, role, where, confirm, body, query, handler, says)                      \
    enum status handle_##handler(struct request *request, struct reply *reply);
#include "tables/routes.def"
#include "tables/local_routes.def"
#undef ROUTE

struct http_sources {
    const struct config *config;
    struct control *control;
    struct view *view;
    struct access *access;
    struct keep *keep;
    struct overrides *overrides;
    struct store *store;
    const struct view_sources *view_sources; /* for metrics */
    const char *dir;                         /* data directory: control.sock, audit.db */
    const char *web_dir;                     /* built pages */
    struct stream *stream;
    struct alerts *alerts;
};

/* The addresses are the configuration's: listen, kill_listen, metrics_listen. */
enum status http_open(struct http **http, const struct http_sources *sources, struct err *err);
/* The bound addresses, "http://127.0.0.1:8080". */
const char *http_url(const struct http *http);
const char *http_kill_url(const struct http *http);
const char *http_metrics_url(const struct http *http); /* NULL: there is none */
/* False: no listener speaks TLS. Any thread. */
bool http_certificate(const struct http *http, struct identity_facts *facts);
/* Has certificate, key and authority read again, by the thread that watches them; a line in the
 * log when there are none. Any thread. */
void http_reload_certificate(struct http *http);
/* Stops accepting, lets running requests end (at most 1 s), stops the daemons and the pool. */
void http_close(struct http *http);

#endif
