/* The daemons and the way of one request through them; api/http.h tells the whole. */
#include "api/exchange.h"

#include "api/kept.h"
#include "api/negotiate.h"
#include "api/pages.h"
#include "api/repeats.h"
#include "api/variant.h"
#include "api/workers.h"
#include "stream/stream.h"
#include "store/export.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <arpa/inet.h>
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TIMEOUT_S = 30,
    MEMORY_MAX = 16 * 1024, /* of a connection; it is cleared at each request, which takes time */
    KILL_TIMEOUT_S = 3,
    DISCARD_MAX = 1 << 20,
    CLOSE_WAIT_MS = 1000,
    AWAY_WAIT_MS = 5000,
    WORKER_QUEUE = 32,
    READER_QUEUE = 64,
    ACCESS_QUEUE = 16,
    ACCESS_OF_ONE = 4
};

enum { OF_STRANGERS, OF_THE_KNOWN }; /* the kinds of what waits for the access thread */

/* A hash takes 60 ms and 64 MiB: there is one at a time, and no stranger takes the places of those
 * already known (a session's writes and its confirmation). */
static const struct fair_kind worker_places = {WORKER_QUEUE, WORKER_QUEUE / 2, false},
                              reader_places = {READER_QUEUE, READER_QUEUE / 2, false},
                              clerk_places = {KEYED_MAX, KEYED_MAX, false},
                              access_places[] = {
                                  [OF_STRANGERS] = {ACCESS_QUEUE, ACCESS_OF_ONE, false},
                                  [OF_THE_KNOWN] = {ACCESS_QUEUE, ACCESS_OF_ONE, false}};

static const char *const listener_names[LISTENERS] = {"http", "http-kill", "http-metrics",
                                                      "http-local"};

/* --- an exchange's life --- */

/* They are too large for malloc's quick lists. */
static struct exchange *exchange_take(struct listener *listener)
{
    struct exchange *exchange = listener->spare;

    if (!exchange)
        return calloc(1, sizeof *exchange);
    listener->spare = exchange->next_spare;
    listener->spares--;
    exchange->next_spare = NULL;
    return exchange;
}

static void exchange_release(struct listener *listener, struct exchange *exchange)
{
    if (listener->spares >= SPARES_MAX) {
        free(exchange);
        return;
    }
    memset(exchange, 0,
           offsetof(struct exchange, headers)); /* it held what only its client may know */
    exchange->next_spare = listener->spare;
    listener->spare = exchange;
    listener->spares++;
}

static void spares_free(struct listener *listener)
{
    for (struct exchange *spare; (spare = listener->spare);) {
        listener->spare = spare->next_spare;
        free(spare);
    }
}

/* Of a connection: the exchange that is open on it. */
struct held {
    struct exchange *exchange;
};

static struct held *held_by(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static void *exchange_open(void *ctx, const char *uri, struct MHD_Connection *connection)
{
    struct listener *listener = ctx;
    struct held *held = held_by(connection);
    struct exchange *exchange = held ? exchange_take(listener) : NULL;
    size_t length = strlen(uri);

    thread_adopt(listener_names[listener->kind]);
    if (!exchange)
        return NULL;
    exchange->request.read_ns = clock_real_ns();
    exchange->listener = listener;
    exchange->connection = connection;
    exchange->uri_length = length;
    exchange->uri_lay = uri;
    exchange->uri = strndup(uri, URI_MAX - 1);
    if (!exchange->uri) {
        free(exchange);
        return NULL;
    }
    held->exchange = exchange;
    return exchange;
}

static void exchange_end(struct exchange *exchange)
{
    assert(exchange->phase != PHASE_AWAY && !exchange->repeat);
    json_decref(exchange->request.body);
    json_decref(exchange->reply.json);
    free(exchange->reply.text);
    export_close(exchange->reply.pieces);
    free(exchange->text);
    /* A body may hold a password. */
    if (exchange->body)
        sodium_memzero(exchange->body, exchange->body_length);
    free(exchange->body);
    free(exchange->uri);
    exchange_release(exchange->listener, exchange);
}

static void exchange_close(void *ctx, struct MHD_Connection *connection, void **slot,
                           enum MHD_RequestTerminationCode how)
{
    struct exchange *exchange = *slot;
    struct held *held = held_by(connection);

    (void)ctx;
    (void)how;
    *slot = NULL;
    if (!exchange)
        return;
    if (held)
        held->exchange = NULL;
    exchange_end(exchange);
}

/* 0.9.75 tells nobody that a request is over whose cookies or arguments do not fit its memory: what
 * was made for it goes with the connection, or anybody could fill the memory of the program. */
static void on_connection(void *ctx, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode what)
{
    struct held *held = *slot;

    (void)ctx;
    (void)connection;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *slot = calloc(1, sizeof *held);
        return;
    }
    if (held && held->exchange && held->exchange->phase == PHASE_NEW)
        exchange_end(held->exchange);
    free(held);
    *slot = NULL;
}

/* As inet_ntop does, without going through printf: every request has an address. */
static void ipv4_print(const uint8_t bytes[4], char out[ADDRESS_MAX])
{
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            *out++ = '.';
        if (bytes[i] >= 100)
            *out++ = (char)('0' + bytes[i] / 100);
        if (bytes[i] >= 10)
            *out++ = (char)('0' + bytes[i] / 10 % 10);
        *out++ = (char)('0' + bytes[i] % 10);
    }
    *out = '\0';
}

static void peer_print(struct exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info ? info->client_addr : NULL;

    if (peer && peer->sa_family == AF_INET)
        ipv4_print((const uint8_t *)&((const struct sockaddr_in *)(const void *)peer)->sin_addr,
                   exchange->address);
    else if (!peer || peer->sa_family != AF_INET6 ||
             !inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr,
                        exchange->address, ADDRESS_MAX))
        strcpy(exchange->address, "local");
}

/* "5f3a90c1-17": this start of the program, and the request's number in it. */
static void request_id_print(struct http *http, char out[REQUEST_ID_MAX])
{
    static const uint64_t most = 100000000000000; /* 14 digits fit */
    uint64_t number = atomic_fetch_add(&http->requests, 1) + 1;
    char digits[DECIMAL_TEXT_MAX];

    for (int shift = 28; shift >= 0; shift -= 4)
        *out++ = "0123456789abcdef"[http->boot >> shift & 15];
    *out++ = '-';
    memcpy(out, digits, decimal_print(digits, (int64_t)(number % most), 0, true) + 1);
}

static void exchange_fill(struct exchange *exchange, const char *method)
{
    struct http *http = exchange->listener->http;
    struct request *request = &exchange->request;

    request->http = http;
    request->exchange = exchange;
    request->control = http->sources.control;
    request->view = http->sources.view;
    request->access = http->sources.access;
    request->method = method;
    peer_print(exchange);
    request->address = exchange->address;
    request_id_print(http, request->request_id);
}

/* --- finding out what it is, before the body --- */

static enum status page_find(struct exchange *exchange)
{
    if (exchange->listener->kind == LISTENER_MAIN && strncmp(exchange->path, "/api/", 5) != 0)
        exchange->page = pages_find(exchange->listener->http->pages, exchange->path);
    if (!exchange->page)
        return ERR_NOT_FOUND;
    if (strcmp(exchange->request.method, "GET") == 0 ||
        strcmp(exchange->request.method, "HEAD") == 0)
        return OK;
    strcpy(exchange->allow, "GET, HEAD");
    return err_set(&exchange->reply.err, ERR_METHOD, "a page is only read");
}

static enum status target_find(struct exchange *exchange)
{
    struct listener *listener = exchange->listener;
    struct route_match match;
    enum status status = page_find(exchange);

    if (status != ERR_NOT_FOUND)
        return status;
    if (listener->kind == LISTENER_METRICS && strcmp(exchange->path, "/metrics") != 0)
        return err_set(&exchange->reply.err, ERR_NOT_FOUND, "only /metrics is here");
    status = route_find(exchange->request.method, exchange->path, listener->kind == LISTENER_KILL,
                        listener->kind == LISTENER_LOCAL, &match);
    strcpy(exchange->allow, status == ERR_METHOD ? match.allow : "");
    if (status != OK)
        return err_set(&exchange->reply.err, status, status_title(status));
    exchange->route = match.route;
    exchange->request.path = match.route->path;
    for (uint32_t i = 0; i < ROUTE_ARGS; i++)
        exchange->request.arg[i] = match.arg[i];
    return OK;
}

static enum status if_match_parse(struct exchange *exchange)
{
    const char *text = header(exchange, MHD_HTTP_HEADER_IF_MATCH);

    if (!text)
        return OK;
    if (!match_version(text, &exchange->request.if_match))
        return err_set(&exchange->reply.err, ERR_MALFORMED,
                       "If-Match must be one version in quotes, as ETag gave it");
    exchange->request.has_if_match = true;
    return OK;
}

static enum status length_check(struct exchange *exchange)
{
    const char *length = header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);

    if (!length || strtoull(length, NULL, 10) <= body_max(exchange))
        return OK;
    exchange->close_after = true; /* rather than read what nobody wants */
    return err_format(&exchange->reply.err, ERR_TOO_LARGE, "a body has at most %zu bytes here",
                      body_max(exchange));
}

static enum status exchange_admit(struct exchange *exchange, const char *method,
                                  const char *version)
{
    enum status status = hygiene_check(exchange, method, version);

    if (status == OK)
        status = hygiene_uri(exchange);
    if (status == OK)
        status = target_find(exchange);
    if (status == OK)
        status = length_check(exchange);
    if (status == OK)
        status = host_check(exchange);
    if (status == OK && exchange->route)
        status = auth_check(exchange);
    if (status == OK && exchange->route)
        status = arguments_check(exchange);
    if (status == OK)
        status = if_match_parse(exchange);
    exchange->close_after |= status == ERR_MALFORMED || status == ERR_NOT_IMPLEMENTED;
    return status;
}

static enum MHD_Result exchange_refuse(struct exchange *exchange, enum status status)
{
    exchange->failed = status;
    reply_finish(exchange, status);
    return reply_send(exchange);
}

static enum MHD_Result exchange_begin(struct exchange *exchange, const char *method,
                                      const char *version)
{
    exchange->phase = PHASE_BODY;
    exchange_fill(exchange, method);
    exchange->failed = exchange_admit(exchange, method, version);
    /* Answering at the first call closes the connection; only then it is meant. */
    if (exchange->failed != OK && exchange->close_after)
        return exchange_refuse(exchange, exchange->failed);
    return MHD_YES;
}

/* --- the body --- */

static enum MHD_Result exchange_gather(struct exchange *exchange, const char *data, size_t *size)
{
    size_t length = *size;
    char *grown;

    *size = 0;
    exchange->body_seen += length;
    if (exchange->failed != OK ||
        exchange->body_seen > body_max(exchange)) /* read on, to be heard */
        return exchange->body_seen > DISCARD_MAX ? MHD_NO : MHD_YES;
    grown = realloc(exchange->body, exchange->body_seen + 1);
    if (!grown)
        return MHD_NO;
    memcpy(grown + exchange->body_length, data, length);
    exchange->body = grown;
    exchange->body_length += length;
    grown[exchange->body_length] = '\0';
    return MHD_YES;
}

/* --- running the handler --- */

static void handler_run(struct exchange *exchange)
{
    reply_finish(exchange, exchange->route->handler(&exchange->request, &exchange->reply));
}

/* While the body came, or it waited for its thread, the session or token may have been ended, or
 * lost its role. */
static void run_if_allowed(struct exchange *exchange)
{
    enum status status = auth_again(exchange);

    if (status == OK)
        handler_run(exchange);
    else
        reply_finish(exchange, status);
}

/* Afterwards the exchange is the listener's again. */
static void come_back(struct exchange *exchange)
{
    struct http *http = exchange->listener->http;
    struct MHD_Connection *connection = exchange->connection;

    exchange->phase = PHASE_BACK;
    MHD_resume_connection(connection); /* from here on the exchange may be gone */
    atomic_fetch_sub(&http->away, 1);
}

/* On a clerk: a keyed answer is on disk before it is sent. */
static void answer_keep(void *job)
{
    struct exchange *exchange = job;
    struct http *http = exchange->listener->http;

    repeats_keep(http->repeats, exchange, true);
    keyed_leave(&http->keyed, exchange_who(exchange));
    come_back(exchange);
}

static bool clerk_submit(struct exchange *exchange, void (*run)(void *job))
{
    return workers_submit(exchange->listener->http->clerks, 0, FAIR_NOBODY, run, exchange) ==
           PLACE_TAKEN;
}

/* On the control thread, a worker or the access thread, which do not wait for the disk. A clerk is
 * missing only when the program ends. */
static void handler_run_away(void *job)
{
    struct exchange *exchange = job;

    run_if_allowed(exchange);
    variant_choose_on_worker(exchange); /* on the control thread there are no reads */
    if (!exchange->repeat)
        come_back(exchange);
    else if (!clerk_submit(exchange, answer_keep))
        answer_keep(exchange);
}

static bool is_known(const struct exchange *exchange)
{
    return exchange->request.actor.name[0] != '\0';
}

/* Whose share of what is bounded a request takes: by whom it is known, else by the address. */
static const char *asker(const struct exchange *exchange)
{
    return is_known(exchange) ? exchange->request.actor.name : exchange->address;
}

uint64_t exchange_who(const struct exchange *exchange)
{
    return fair_who(asker(exchange), is_known(exchange));
}

/* For what is short or changes something: a share of its own, so that it does not wait behind the
 * long questions of the same asker, of which one runs at a time. */
static uint64_t exchange_who_short(const struct exchange *exchange)
{
    return ~exchange_who(exchange);
}

/* What has been taken may be gone already. */
static bool is_taken(struct exchange *exchange, enum place place)
{
    if (place == PLACE_TAKEN)
        return true;
    exchange->failed = place == PLACE_SHARE_FULL ? ERR_THROTTLED : ERR_UNAVAILABLE;
    exchange->reply.retry_after_s = 1;
    return false;
}

static enum place pool_submit(struct workers *pool, struct exchange *exchange)
{
    bool asks = strcmp(exchange->route->method, "GET") == 0;
    uint64_t who = asks ? exchange_who(exchange) : exchange_who_short(exchange);

    return workers_submit(pool, 0, who, handler_run_away, exchange);
}

static enum place submit_by_row(struct exchange *exchange)
{
    struct http *http = exchange->listener->http;

    switch (exchange->route->where) {
    case WHERE_CONTROL:
        return control_submit_for(http->sources.control, exchange_who(exchange), handler_run_away,
                                  exchange);
    case WHERE_ACCESS:
        return workers_submit(http->access, is_known(exchange) ? OF_THE_KNOWN : OF_STRANGERS,
                              exchange_who(exchange), handler_run_away, exchange);
    case WHERE_WORKER:
        return pool_submit(http->workers, exchange);
    default: /* READER, or PAGED with many rows */
        return pool_submit(http->readers, exchange);
    }
}

static bool handler_submit(struct exchange *exchange)
{
    return !atomic_load(&exchange->listener->http->stopping) &&
           is_taken(exchange, submit_by_row(exchange));
}

static enum status refuse_busy(struct exchange *exchange)
{
    enum status status = exchange->failed == OK ? ERR_UNAVAILABLE : exchange->failed;

    return err_set(&exchange->reply.err, status,
                   status == ERR_THROTTLED
                       ? "your earlier requests still wait for their answers; try again after them"
                       : "busy; try again");
}

/* On a clerk: that it was begun is on disk before anything happens. */
static void promise_then_submit(void *job)
{
    struct exchange *exchange = job;
    bool again;
    enum status status = repeats_promise(exchange->listener->http->repeats, exchange, &again);

    if (status == OK && !again && handler_submit(exchange))
        return;
    if (!again)
        reply_finish(exchange, status == OK ? refuse_busy(exchange) : status);
    answer_keep(exchange);
}

static bool keyed_submit(struct exchange *exchange)
{
    struct keyed *keyed = &exchange->listener->http->keyed;
    uint64_t who = exchange_who(exchange);

    if (!is_taken(exchange, keyed_enter(keyed, who)))
        return false;
    if (clerk_submit(exchange, promise_then_submit))
        return true;
    keyed_leave(keyed, who);
    return is_taken(exchange, PLACE_ALL_FULL);
}

static enum MHD_Result handler_send_away(struct exchange *exchange)
{
    /* Suspended first: the job may be done before submit returns. */
    exchange->phase = PHASE_AWAY;
    atomic_fetch_add(&exchange->listener->http->away, 1);
    MHD_suspend_connection(exchange->connection);
    if (exchange->repeat ? keyed_submit(exchange) : handler_submit(exchange))
        return MHD_YES;
    reply_finish(exchange, refuse_busy(exchange));
    repeats_keep(exchange->listener->http->repeats, exchange, false);
    come_back(exchange);
    return MHD_YES;
}

/* On a worker: an answer that was made on the listener's thread and takes long to pack. */
static void choose_away(void *job)
{
    variant_choose_on_worker(job);
    come_back(job);
}

/* Without a free worker it goes as it is. */
static enum MHD_Result choose_send_away(struct exchange *exchange)
{
    struct http *http = exchange->listener->http;

    exchange->phase = PHASE_AWAY;
    atomic_fetch_add(&http->away, 1);
    MHD_suspend_connection(exchange->connection);
    if (atomic_load(&http->stopping) ||
        workers_submit(http->workers, 0, exchange_who_short(exchange), choose_away, exchange) !=
            PLACE_TAKEN)
        come_back(exchange);
    return MHD_YES;
}

/* What a page of a PAGED row costs is its rows; what is no number is refused by the handler. */
static bool runs_inline(const struct exchange *exchange)
{
    const char *limit = request_query(&exchange->request, "limit");

    if (exchange->route->where != WHERE_PAGED)
        return exchange->route->where == WHERE_INLINE;
    return !limit || strtoul(limit, NULL, 10) <= PAGE_INLINE_MAX;
}

/* On the listener's thread: what is kept, or a look of its own. */
static enum MHD_Result exchange_answer(struct exchange *exchange)
{
    const struct kept_answer *kept = kept_begin(exchange) ? kept_find(exchange) : NULL;

    if (kept)
        return reply_send_kept(exchange, kept);
    if (variant_is_read(exchange)) /* it has no body: nothing has passed since it was let in */
        handler_run(exchange);
    else
        run_if_allowed(exchange);
    repeats_keep(exchange->listener->http->repeats, exchange, false);
    if (variant_is_slow(exchange))
        return choose_send_away(exchange);
    variant_choose(exchange);
    return reply_send(exchange);
}

static enum MHD_Result exchange_run(struct exchange *exchange)
{
    bool again = false;

    if (exchange->failed == OK && exchange->body_seen > body_max(exchange))
        exchange->failed =
            err_format(&exchange->reply.err, ERR_TOO_LARGE, "over %zu bytes", body_max(exchange));
    if (exchange->failed == OK && exchange->route)
        exchange->failed = body_parse(exchange);
    if (exchange->failed == OK && exchange->route)
        exchange->failed = repeats_begin(exchange->listener->http->repeats, exchange, &again);
    if (exchange->failed != OK)
        return exchange_refuse(exchange, exchange->failed);
    if (again || exchange->page)
        return reply_send(exchange);
    assert(exchange->route); /* neither page nor route was refused above */
    if (exchange->route->where == WHERE_STREAM)
        return upgrade_answer(exchange);
    if (!runs_inline(exchange))
        return handler_send_away(exchange);
    return exchange_answer(exchange);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **slot)
{
    struct exchange *exchange = *slot;

    (void)ctx;
    (void)connection;
    (void)url;
    if (!exchange)
        return MHD_NO;
    switch (exchange->phase) {
    case PHASE_NEW:
        return exchange_begin(exchange, method, version);
    case PHASE_BODY:
        return *size ? exchange_gather(exchange, data, size) : exchange_run(exchange);
    case PHASE_BACK:
        return reply_send(exchange);
    case PHASE_AWAY:
    case PHASE_ANSWERED:
        break;
    }
    *size = 0;
    return MHD_YES;
}

/* --- daemons --- */

/* MHD tells of every client that hangs up or sends rubbish, and of TCP options that a Unix socket
 * lacks. What concerns us is trouble with its own descriptors and threads. */
static void on_log(void *ctx, const char *format, va_list args)
{
    char text[300], safe[400];

    (void)ctx;
    vsnprintf(text, sizeof text, format, args);
    if (!strstr(text, "accept") && !strstr(text, "thread") && !strstr(text, "poll"))
        return;
    log_line(LOG_WARN, "http", "libmicrohttpd says", "text=%s",
             log_escape(safe, sizeof safe, text));
}

/* Paths and queries are decoded by segments in the router, not as a whole before it. */
static size_t leave_escaped(void *ctx, struct MHD_Connection *connection, char *text)
{
    (void)ctx;
    (void)connection;
    return strlen(text);
}

/* Whoever sends nothing is dropped; soon on the kill listener, whose places are for kills. */
static unsigned patience_s(const struct listener *listener)
{
    return listener->kind == LISTENER_KILL ? KILL_TIMEOUT_S : TIMEOUT_S;
}

unsigned connections_max(const struct listener *listener)
{
    if (listener->kind == LISTENER_METRICS)
        return SCRAPERS_MAX;
    return CONNECTIONS_MAX + (listener->kind == LISTENER_MAIN ? (unsigned)STREAM_CLIENTS_MAX : 0U);
}

/* Where a front accepts, the daemon gets its connections from there and listens to nothing. */
static enum status daemon_start(struct listener *listener, struct err *err)
{
    bool is_behind = listener->is_tls;
    unsigned limit = connections_max(listener) + (is_behind ? (unsigned)CONNECTIONS_LEAVING : 0U);

    listener->daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME |
            MHD_ALLOW_UPGRADE | MHD_USE_ITC | (is_behind ? MHD_USE_NO_LISTEN_SOCKET : 0),
        0, NULL, NULL, on_request, listener,                    /* options: */
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,               /* first */
        MHD_OPTION_STRICT_FOR_CLIENT, 1,                        /* */
        MHD_OPTION_CONNECTION_LIMIT, limit,                     /* */
        MHD_OPTION_CONNECTION_TIMEOUT, patience_s(listener),    /* */
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX, /* */
        MHD_OPTION_URI_LOG_CALLBACK, exchange_open, listener,   /* */
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,      /* */
        MHD_OPTION_NOTIFY_COMPLETED, exchange_close, NULL,      /* */
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL,      /* */
        is_behind ? MHD_OPTION_END : MHD_OPTION_LISTEN_SOCKET, listener->fd, MHD_OPTION_END);
    if (listener->daemon)
        return OK;
    return err_format(err, ERR_UNAVAILABLE, "%s: the HTTP daemon did not start",
                      listener_names[listener->kind]);
}

/* One of the two that people and programs reach by TCP. */
static enum status listener_bind(struct listener *listener, const char *address, struct err *err)
{
    listener->is_tls = config_uses_tls(listener->http->sources.config, address);
    return listen_tcp(address, listener->is_tls, &listener->fd, listener->url, err);
}

static enum status listeners_open(struct http *http, struct err *err)
{
    struct listener *all = http->listeners;
    const struct config *config = http->sources.config;
    enum status status = listener_bind(&all[LISTENER_MAIN], config->listen, err);

    if (status == OK)
        status = listener_bind(&all[LISTENER_KILL], config->kill_listen, err);
    if (status == OK && config->metrics_listen[0] != '\0')
        status = listener_bind(&all[LISTENER_METRICS], config->metrics_listen, err);
    if (status == OK)
        status = secure_open(http, err);
    if (status == OK)
        status = listen_local(http->sources.dir, &all[LISTENER_LOCAL].fd, err);
    for (int i = 0; status == OK && i < LISTENERS; i++)
        if (all[i].fd >= 0)
            status = daemon_start(&all[i], err);
    for (int i = 0; status == OK && i < LISTENERS; i++)
        status = secure_front(&all[i], err);
    return status;
}

/* The kill listener's places are for kills. */
static enum status kepts_open(struct http *http, struct err *err)
{
    for (int i = 0; i < LISTENERS; i++)
        if (i != LISTENER_KILL && !(http->listeners[i].kept = kept_open()))
            return err_set(err, ERR_INTERNAL, "out of memory");
    return OK;
}

enum status http_open(struct http **out, const struct http_sources *sources, struct err *err)
{
    struct http *http = calloc(1, sizeof *http);
    enum status status;

    if (!http)
        return err_set(err, ERR_INTERNAL, "out of memory");
    http->sources = *sources;
    http->boot = randombytes_random();
    keyed_open(&http->keyed);
    listen_descriptors();
    for (int i = 0; i < LISTENERS; i++)
        http->listeners[i] =
            (struct listener){.http = http, .kind = (enum listener_kind)i, .fd = -1};
    status = scrape_token_read(&http->scrape_token, sources->config, err);
    if (status == OK)
        status = variants_open(&http->variants, err);
    if (status == OK)
        status = kepts_open(http, err);
    if (status == OK)
        status = pages_open(&http->pages, sources->web_dir, err);
    if (status == OK)
        status = repeats_open(&http->repeats, sources->keep, err);
    if (status == OK)
        status = workers_open(&http->workers, "worker", 2, &worker_places, 1, err);
    if (status == OK)
        status = workers_open(&http->readers, "reader", 2, &reader_places, 1, err);
    if (status == OK)
        status = workers_open(&http->clerks, "clerk", 2, &clerk_places, 1, err);
    if (status == OK)
        status = workers_open(&http->access, "access", 1, access_places, FAIR_KINDS, err);
    if (status == OK)
        status = listeners_open(http, err);
    if (status != OK) {
        http_close(http);
        return status;
    }
    *out = http;
    return OK;
}

const char *http_url(const struct http *http)
{
    return http->listeners[LISTENER_MAIN].url;
}

const char *http_kill_url(const struct http *http)
{
    return http->listeners[LISTENER_KILL].url;
}

const char *http_metrics_url(const struct http *http)
{
    const struct listener *listener = &http->listeners[LISTENER_METRICS];

    return listener->fd >= 0 ? listener->url : NULL;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static bool wait_for_away(struct http *http, int64_t timeout_ms)
{
    int64_t deadline = clock_mono_ns() + timeout_ms * 1000000;

    while (atomic_load(&http->away) > 0 && clock_mono_ns() < deadline)
        sleep_ms(2);
    return atomic_load(&http->away) == 0;
}

static void listener_quiesce(struct listener *listener)
{
    if (listener->front)
        front_quiesce(listener->front);
    else if (listener->daemon && !listener->is_tls)
        MHD_quiesce_daemon(listener->daemon);
}

static void listener_stop(struct listener *listener, bool all_back)
{
    /* A daemon with a suspended connection cannot be stopped; the process ends soon. */
    if (listener->daemon && all_back)
        MHD_stop_daemon(listener->daemon);
    if (listener->front)
        front_close(listener->front); /* it writes what the daemon has left */
    if (listener->fd >= 0)
        close(listener->fd);
}

void http_close(struct http *http)
{
    bool all_back;

    if (!http)
        return;
    atomic_store(&http->stopping, true);
    for (int i = 0; i < LISTENERS; i++)
        listener_quiesce(&http->listeners[i]);
    wait_for_away(http, CLOSE_WAIT_MS);
    workers_stop(http->workers);
    workers_stop(http->readers);
    workers_stop(http->access);
    all_back = wait_for_away(http, AWAY_WAIT_MS);
    workers_stop(http->clerks);
    if (all_back && http->listeners[LISTENER_MAIN].daemon)
        sleep_ms(20); /* for the answers just resumed to leave */
    for (int i = 0; i < LISTENERS; i++)
        listener_stop(&http->listeners[i], all_back);
    if (http->listeners[LISTENER_LOCAL].fd >= 0)
        listen_local_remove(http->sources.dir);
    identity_close(http->identity);
    http->identity = NULL;
    if (!all_back) {
        log_line(LOG_ERROR, "http", "a request never came back", NULL);
        return;
    }
    workers_close(http->clerks);
    workers_close(http->readers);
    workers_close(http->workers);
    workers_close(http->access);
    for (int i = 0; i < LISTENERS; i++) {
        kept_close(http->listeners[i].kept);
        spares_free(&http->listeners[i]);
    }
    variants_close(http->variants);
    pages_close(http->pages);
    repeats_close(http->repeats);
    keyed_close(&http->keyed);
    free(http);
}
