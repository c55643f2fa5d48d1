/* What the files of api/ share: one request on its way, and the listeners it comes from.
 *
 * An exchange is made when the request line has been read and freed when MHD says it is completed.
 * It belongs to its listener's thread, except between suspend and resume: then to the one thread
 * that runs the handler. Errors: enum status; nothing here panics on what a client sends. */
#ifndef PITWALL_API_EXCHANGE_H
#define PITWALL_API_EXCHANGE_H

#include "api/front/front.h"
#include "api/http.h"
#include "api/keyed.h"
#include "api/router.h"
#include "api/scrape_token.h"
#include "stream/stream.h"
#include "thread/budget.h"

#include <microhttpd.h>
#include <stdatomic.h>

enum {
    SPARES_MAX = 64,
    HEADERS_NOTED = 24,
    URI_MAX = 4096,
    QUERY_ARGS = 16,
    BODY_MAX = 64 * 1024, /* of any route, and where there is none */
    BODY_DEPTH = 16,
    ADDRESS_MAX = 64,
    HTTP_CODES = 32,
    CONNECTIONS_MAX = 512, /* of each listener; on the main one streams come on top */
    SCRAPERS_MAX = 32,     /* but of the one for metrics */
    /* Those that a front has closed and the daemon has not yet noticed. */
    CONNECTIONS_LEAVING = 64,
    /* Under TLS a connection takes three: its own and a pair. And what else is open. */
    DESCRIPTORS_WANTED = 3 * (3 * CONNECTIONS_MAX + SCRAPERS_MAX + STREAM_CLIENTS_MAX) + 1024
};

/* METRICS is there when the configuration says so. */
enum listener_kind { LISTENER_MAIN, LISTENER_KILL, LISTENER_METRICS, LISTENER_LOCAL, LISTENERS };

struct listener {
    struct http *http;
    enum listener_kind kind;
    int fd;
    bool is_tls;
    struct front *front; /* NULL: the daemon accepts by itself */
    struct MHD_Daemon *daemon;
    struct kept *kept;      /* NULL: none */
    struct exchange *spare; /* to be used again; of the listener's thread */
    uint32_t spares;
    char url[96];
};

/* NEW: headers read. BODY: gathering. AWAY: suspended, with another thread. BACK: finished there.
 * ANSWERED: the reply is queued. */
enum phase { PHASE_NEW, PHASE_BODY, PHASE_AWAY, PHASE_BACK, PHASE_ANSWERED };

struct query_arg {
    char *name, *value; /* point into exchange.query */
};

struct exchange {
    struct exchange *next_spare;
    struct listener *listener;
    struct MHD_Connection *connection;
    enum phase phase;
    struct request request;
    struct reply reply;
    const struct route *route; /* NULL: none, or a page */
    const struct page *page;
    enum status failed; /* decided before the handler; OK: not */
    bool close_after;   /* what follows on the connection cannot be trusted */
    bool has_credentials, by_cookie;
    char *uri; /* as it came, but for what is over URI_MAX; cut in place into path and query */
    size_t uri_length;
    const char *uri_lay; /* where in the library's memory; to compare only */
    char *path, *query;
    struct query_arg args[QUERY_ARGS];
    uint32_t arg_count;
    char *body;
    size_t body_length, body_seen; /* kept; read, discarded bytes included */
    struct repeat *repeat;         /* of an Idempotency-Key; see repeats.h */
    bool is_replay;                /* the answer is an earlier one's */
    char address[ADDRESS_MAX];
    char allow[64];
    int64_t read_mono_ns;
    /* The finished answer: made where the handler ran, sent by the listener's thread. */
    int http_code;
    char *text;
    size_t text_length;
    const char *content_type;
    bool packed; /* the text is gzip */
    bool varies; /* it may also be had the other way */
    /* Of a read whose answer may be kept; see kept.h. */
    bool keeps, wants_packed, wants_openmetrics;
    uint64_t view_changes;
    int64_t begun_mono_ns;
    /* The headers as hygiene.c has met them, so that nobody searches the library's list again;
     * header_count -1: there are more. Last, because it needs no clearing. */
    int32_t header_count;
    struct {
        const char *name, *value;
        size_t length; /* of the name */
    } headers[HEADERS_NOTED];
};

/* Who was turned away: a log-in that was wrong, or too soon after others; credentials that are
 * none (any more); credentials that are not enough. */
enum auth_failure { AUTH_LOGIN, AUTH_THROTTLED, AUTH_CREDENTIALS, AUTH_PERMISSION, AUTH_FAILURES };

struct http {
    struct http_sources sources;
    struct listener listeners[LISTENERS];
    struct workers *workers;
    struct workers *readers; /* long lists out of memory: they do not queue behind the disk */
    struct workers *access;  /* one: hashes passwords, changes who may do what */
    struct workers *clerks;  /* write what Idempotency-Keys promise, and wait for the disk */
    struct pages *pages;
    struct variants *variants;
    struct repeats *repeats;
    struct identity *identity; /* NULL: no listener speaks TLS */
    struct scrape_token scrape_token;
    uint32_t boot; /* random; with `requests` it names a request */
    _Atomic uint64_t requests;
    _Atomic uint32_t away; /* suspended exchanges */
    struct keyed keyed;    /* of them, those with a key whose promise is kept on disk */
    _Atomic bool stopping;
    /* Put on record: refusals, [1] of those who are known; log-ins that met the throttle. */
    struct budget refusals[2], throttled;
    _Atomic uint64_t answered[ROUTES_MAX + 2][HTTP_CODES]; /* by route, then none and pages */
    _Atomic uint64_t auth_failures[AUTH_FAILURES];
};

/* hygiene.c: what libmicrohttpd lets through. Sets close_after when the framing is in doubt. */
enum status hygiene_check(struct exchange *exchange, const char *method, const char *version);
/* Splits and decodes path and query of exchange->uri. */
enum status hygiene_uri(struct exchange *exchange);
/* Decodes %XX in place; false: bad escape, control byte or not ASCII. */
bool percent_decode(char *text);
/* A header by name; NULL: none. */
const char *header(const struct exchange *exchange, const char *name);

/* auth.c: is it us whom the client means? Also of pages. ERR_FOREIGN_ORIGIN. */
enum status host_check(struct exchange *exchange);
/* auth.c: who asks, and whether they may. Fills request.actor. */
enum status auth_check(struct exchange *exchange);

/* auth.c: may they still, when it is about to be done? Between the head and that lies the body,
 * which takes as long as its sender likes, and perhaps a queue. */
enum status auth_again(struct exchange *exchange);

/* http.c: whose share of a pool it takes; see workers.h. After auth_check. */
uint64_t exchange_who(const struct exchange *exchange);

/* The most bytes that this exchange's body may have. */
size_t body_max(const struct exchange *exchange);
/* arguments.c: every argument is one that the route takes; ERR_MALFORMED names one that is not. */
enum status arguments_check(struct exchange *exchange);

/* body.c: parses exchange->body into request.body; NULL when there was none. */
enum status body_parse(struct exchange *exchange);
/* Unpacks request->body strictly: a member that `format` (see json_unpack) does not name is
 * ERR_UNKNOWN_FIELD, anything else wrong ERR_MALFORMED. */
enum status body_unpack(const struct request *request, struct err *err, const char *format, ...);

/* handlers_change.c: of what has a version. ERR_VERSION_REQUIRED: no If-Match. */
enum status version_check(const struct request *request, struct err *err);
/* Location of a proposal, or ETag out of the answer's member. */
void version_answered(struct reply *reply, const char *member);

/* reply.c */
/* Turns the handler's status and reply into code and text. Where the handler ran. */
void reply_finish(struct exchange *exchange, enum status status);
/* Queues the finished answer. Listener's thread. */
enum MHD_Result reply_send(struct exchange *exchange);
/* Queues a kept answer, or 304 to who has it. Listener's thread. */
struct kept_answer;
enum MHD_Result reply_send_kept(struct exchange *exchange, const struct kept_answer *kept);
/* Adds the headers that every answer has. */
void reply_headers(struct exchange *exchange, struct MHD_Response *response, bool is_page);
void reply_count(struct exchange *exchange, int code);
/* The families of pitwall_http_ and pitwall_auth_; see metrics_extra.append. */
struct exposition;
void reply_metrics(struct http *http, struct exposition *page);

/* pieces.c: an answer of unknown length. NULL: out of memory. It ends with the response. */
struct MHD_Response *pieces_response(struct exchange *exchange);

/* upgrade.c: the handshake of the stream; queues the answer itself unless it refuses. */
enum MHD_Result upgrade_answer(struct exchange *exchange);

/* secure.c: what TLS changes. */
/* Certificate, key and watcher, when a listener wants them. After listen_tcp. */
enum status secure_open(struct http *http, struct err *err);
/* The front of a listener whose daemon runs. */
enum status secure_front(struct listener *listener, struct err *err);
/* "pitwall_session", or with the prefix that makes browsers refuse it from plain HTTP. */
const char *session_cookie_name(const struct exchange *exchange);
/* Set-Cookie of a session; `value` empty: takes it back. */
void session_cookie_print(const struct exchange *exchange, const char *value, char *out,
                          size_t size);
/* The families of pitwall_tls_. */
void secure_metrics(struct http *http, struct exposition *page);

/* Of the daemon and of the front before it: an upgraded connection counts as one for as long as
 * the stream has it. */
unsigned connections_max(const struct listener *listener);

/* listen.c */
/* "0.0.0.0:443" into "0.0.0.0" and "443"; "[::1]:80" loses its brackets. False: it is neither. */
bool address_cut(const char *address, char host[64], char port[8]);
/* ERR_CONFIG: no address, or off loopback without TLS. */
enum status listen_tcp(const char *address, bool is_tls, int *fd, char url[96], struct err *err);
enum status listen_local(const char *dir, int *fd, struct err *err);
void listen_local_remove(const char *dir);
/* Raises the limit of open files to what all connections may want, or says how far it got. */
void listen_descriptors(void);

#endif
