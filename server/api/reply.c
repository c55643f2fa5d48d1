/* Answers: the handler's status becomes code and JSON; every answer carries the same headers. */
#include "api/exchange.h"

#include "api/kept.h"
#include "api/pages.h"
#include "api/variant.h"
#include "metrics/exposition.h"
#include "thread/log.h"
#include "view/json_text.h"

#include <stdlib.h>
#include <string.h>

/* A second. */
enum { REFUSALS_OF_ONE = 10, REFUSALS_OF_KNOWN = 50, REFUSALS_OF_STRANGERS = 20 };

/* The codes we answer with, as metric labels; anything else is counted as 500. */
static const int codes[HTTP_CODES] = {200, 201, 202, 204, 101, 304, 400, 401, 403, 404, 405, 409,
                                      412, 413, 415, 422, 428, 429, 431, 500, 501, 503, 504};

static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";

static size_t route_number(const struct exchange *exchange)
{
    if (exchange->route)
        return (size_t)(exchange->route - routes);
    return exchange->page ? ROUTES_MAX + 1 : ROUTES_MAX;
}

void reply_count(struct exchange *exchange, int code)
{
    size_t at = 0;

    while (codes[at] && codes[at] != code)
        at++;
    if (!codes[at])
        for (at = 0; codes[at] != 500; at++)
            ;
    atomic_fetch_add_explicit(&exchange->listener->http->answered[route_number(exchange)][at], 1,
                              memory_order_relaxed);
}

static void auth_metrics(const struct http *http, struct exposition *page)
{
    static const char *const kinds[AUTH_FAILURES] = {[AUTH_LOGIN] = "login",
                                                     [AUTH_THROTTLED] = "throttled",
                                                     [AUTH_CREDENTIALS] = "credentials",
                                                     [AUTH_PERMISSION] = "permission"};

    family(page, METRIC_AUTH_FAILURES);
    for (int kind = 0; kind < AUTH_FAILURES; kind++) {
        const struct label labels[] = {{"kind", kinds[kind]}, {NULL, NULL}};

        sample_count(page, METRIC_AUTH_FAILURES, labels,
                     atomic_load_explicit(&http->auth_failures[kind], memory_order_relaxed));
    }
}

void reply_metrics(struct http *http, struct exposition *page)
{
    char route[128], code[8];

    family(page, METRIC_HTTP_REQUESTS);
    for (size_t at = 0; at < ROUTES_MAX + 2; at++)
        for (size_t i = 0; codes[i]; i++) {
            uint64_t count = atomic_load_explicit(&http->answered[at][i], memory_order_relaxed);
            const struct label labels[] = {{"route", route}, {"code", code}, {NULL, NULL}};

            if (!count)
                continue;
            (void)snprintf(code, sizeof code, "%d", codes[i]);
            (void)snprintf(route, sizeof route, "%s%s%s", at < ROUTES_MAX ? routes[at].method : "",
                           at < ROUTES_MAX ? " " : "",
                           at < ROUTES_MAX    ? routes[at].path
                           : at == ROUTES_MAX ? "none"
                                              : "page");
            sample_count(page, METRIC_HTTP_REQUESTS, labels, count);
        }
    auth_metrics(http, page);
    secure_metrics(http, page);
}

/* The gate's denial carries its reason as the first word of the sentence. */
static json_t *problem_code(const struct err *err)
{
    if (err->status == ERR_DENIED && err->text[0])
        return json_stringn(err->text, strcspn(err->text, " "));
    return json_string(status_code(err->status));
}

static json_t *problem_detail(const struct err *err)
{
    const char *blank = err->status == ERR_DENIED ? strchr(err->text, ' ') : NULL;

    return json_string_of(blank ? blank + 1 : err->text);
}

static json_t *problem_json(struct exchange *exchange, enum status status, int http)
{
    struct reply *reply = &exchange->reply;
    json_t *problem = json_object();

    reply->err.status = status;
    json_object_set_new(problem, "type", json_string("about:blank"));
    json_object_set_new(problem, "title", json_string(status_title(status)));
    json_object_set_new(problem, "status", json_integer(http));
    json_object_set_new(problem, "code", problem_code(&reply->err));
    json_object_set_new(problem, "detail", problem_detail(&reply->err));
    json_object_set_new(problem, "request_id", json_string(exchange->request.request_id));
    if (json_is_object(reply->json))
        json_object_update_missing(problem, reply->json);
    return problem;
}

/* A flood of refusals must not push facts out of the control lane, nor hide what others tried. */
static bool is_recorded(struct exchange *exchange)
{
    bool is_known = exchange->request.actor.name[0] != '\0';

    return budget_spend(&exchange->listener->http->refusals[is_known], exchange_who(exchange),
                        exchange->request.read_ns, REFUSALS_OF_ONE,
                        is_known ? REFUSALS_OF_KNOWN : REFUSALS_OF_STRANGERS);
}

static void refusal_note(struct exchange *exchange)
{
    struct http *http = exchange->listener->http;
    struct actor actor = exchange->request.actor;
    char reason[200];

    if (!is_recorded(exchange)) {
        log_line(LOG_WARN, "api", "refusals beyond what is recorded", "code=%s",
                 status_code(exchange->reply.err.status));
        return;
    }
    if (!actor.name[0])
        snprintf(actor.name, sizeof actor.name, "unknown@%.38s", exchange->address);
    snprintf(reason, sizeof reason, "%.8s %.90s: %.80s", exchange->request.method,
             exchange->route ? exchange->route->path : "", status_code(exchange->reply.err.status));
    control_note(http->sources.control, &actor,
                 &(struct control_fact){.kind = "refused",
                                        .reason = reason,
                                        .request_id = exchange->request.request_id});
}

static bool is_refusal(const struct exchange *exchange)
{
    return exchange->route && (exchange->http_code == 403 ||
                               (exchange->http_code == 401 && exchange->has_credentials &&
                                exchange->route->role != ROUTE_NONE));
}

static void count_auth_failure(struct exchange *exchange)
{
    bool is_login = exchange->route && exchange->route->handler == handle_session_post;
    enum auth_failure kind;

    if (exchange->http_code == 403)
        kind = AUTH_PERMISSION;
    else if (exchange->http_code == 401 && (is_login || exchange->has_credentials))
        kind = is_login ? AUTH_LOGIN : AUTH_CREDENTIALS;
    else if (exchange->http_code == 429 && is_login)
        kind = AUTH_THROTTLED;
    else
        return; /* whoever has no credentials is asked for some */
    atomic_fetch_add_explicit(&exchange->listener->http->auth_failures[kind], 1,
                              memory_order_relaxed);
}

void reply_finish(struct exchange *exchange, enum status status)
{
    struct reply *reply = &exchange->reply;
    json_t *json = reply->json;

    if (status != OK) {
        exchange->http_code = reply->http ? reply->http : status_http(status);
        json = problem_json(exchange, status, exchange->http_code);
        json_decref(reply->json);
        exchange->content_type = "application/problem+json";
        if (!reply->retry_after_s && (exchange->http_code == 503 || exchange->http_code == 429))
            reply->retry_after_s = 1;
    } else {
        exchange->http_code = reply->http ? reply->http : 200;
        exchange->content_type = reply->type ? reply->type : "application/json";
    }
    reply->json = NULL;
    if (status == OK && reply->text) {
        exchange->text = reply->text;
        exchange->text_length = strlen(reply->text);
        reply->text = NULL;
    } else if (json) {
        exchange->text = json_text(json, &exchange->text_length);
    }
    json_decref(json);
    count_auth_failure(exchange);
    if (is_refusal(exchange))
        refusal_note(exchange);
    if (exchange->http_code >= 500 && exchange->http_code != 501)
        log_line(LOG_WARN, "api", "request failed", "request=%s code=%s",
                 exchange->request.request_id, status_code(status));
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

static void add_quoted(struct MHD_Response *response, const char *name, const char *value)
{
    char text[48];

    snprintf(text, sizeof text, "\"%s\"", value);
    add(response, name, text);
}

void reply_headers(struct exchange *exchange, struct MHD_Response *response, bool is_page)
{
    if (!exchange->keeps || exchange->http_code != 200)
        add(response, "X-Request-Id", exchange->request.request_id);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Referrer-Policy", "no-referrer");
    add(response, "Cross-Origin-Opener-Policy", "same-origin");
    add(response, "Cross-Origin-Resource-Policy", "same-origin");
    add(response, "X-Frame-Options", "DENY");
    if (exchange->listener->is_tls)
        add(response, "Strict-Transport-Security", "max-age=31536000; includeSubDomains");
    add(response, "Content-Security-Policy",
        is_page ? page_policy : "default-src 'none'; frame-ancestors 'none'");
    /* The kill listener drops idle connections soon: no kill may meet one that is just going. */
    if (exchange->close_after || exchange->listener->kind == LISTENER_KILL)
        add(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static void own_headers(struct exchange *exchange, struct MHD_Response *response)
{
    const struct reply *reply = &exchange->reply;
    char seconds[16];

    if (exchange->text_length && exchange->http_code != MHD_HTTP_NOT_MODIFIED)
        add(response, MHD_HTTP_HEADER_CONTENT_TYPE, exchange->content_type);
    add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (exchange->packed && exchange->http_code == 200)
        add(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (exchange->varies)
        add(response, MHD_HTTP_HEADER_VARY,
            exchange->route->handler == handle_metrics ? "Accept, Accept-Encoding"
                                                       : MHD_HTTP_HEADER_ACCEPT_ENCODING);
    if (exchange->allow[0])
        add(response, MHD_HTTP_HEADER_ALLOW, exchange->allow);
    if (reply->etag[0])
        add_quoted(response, MHD_HTTP_HEADER_ETAG, reply->etag);
    if (reply->location[0])
        add(response, MHD_HTTP_HEADER_LOCATION, reply->location);
    if (reply->cookie[0])
        add(response, MHD_HTTP_HEADER_SET_COOKIE, reply->cookie);
    if (exchange->http_code == 401)
        add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (exchange->is_replay)
        add(response, "Idempotency-Replayed", "true");
    if (reply->retry_after_s) {
        snprintf(seconds, sizeof seconds, "%d", reply->retry_after_s);
        add(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
}

static struct MHD_Response *page_response(struct exchange *exchange)
{
    const struct page *page = exchange->page;
    bool packed = page->packed && variant_wants_packed(exchange);
    const char *etag = packed ? page->packed_etag : page->etag;
    bool held = variant_is_held(exchange, etag);
    size_t length = packed ? page->packed_length : page->length;
    /* Pages live as long as the daemons: no copy. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        held ? 0 : length, packed ? page->packed : page->bytes, MHD_RESPMEM_PERSISTENT);

    if (!response)
        return NULL;
    exchange->http_code = held ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
    if (!held)
        add(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    if (!held && packed)
        add(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (page->packed)
        add(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    add_quoted(response, MHD_HTTP_HEADER_ETAG, etag);
    add(response, MHD_HTTP_HEADER_CACHE_CONTROL,
        page->immutable ? "public, max-age=31536000, immutable" : "no-store");
    return response;
}

static struct MHD_Response *text_response(struct exchange *exchange)
{
    bool has_text = exchange->text && exchange->http_code != MHD_HTTP_NOT_MODIFIED;
    struct MHD_Response *response =
        has_text ? MHD_create_response_from_buffer(exchange->text_length, exchange->text,
                                                   MHD_RESPMEM_MUST_FREE)
                 : MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);

    if (response) {
        own_headers(exchange, response);
        exchange->text = has_text ? NULL : exchange->text; /* now the response's */
    }
    return response;
}

static struct MHD_Response *make_response(struct exchange *exchange)
{
    struct MHD_Response *response;

    if (!exchange->reply.pieces || exchange->http_code != 200)
        return text_response(exchange);
    response = pieces_response(exchange);
    /* 0.9.75 ends what has no length by a last chunk, also where no body may follow: a client that
     * goes on reads that as the next answer. Without chunks the connection ends. */
    if (response && strcmp(exchange->request.method, "HEAD") == 0)
        (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    if (response) {
        add(response, MHD_HTTP_HEADER_CONTENT_TYPE, exchange->content_type);
        add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        add(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, exchange->reply.file);
    }
    return response;
}

enum MHD_Result reply_send(struct exchange *exchange)
{
    bool is_page = exchange->page && exchange->failed == OK;
    struct MHD_Response *response = is_page ? page_response(exchange) : make_response(exchange);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    reply_headers(exchange, response, is_page);
    reply_count(exchange, exchange->http_code);
    exchange->phase = PHASE_ANSWERED;
    result = MHD_queue_response(exchange->connection, (unsigned)exchange->http_code, response);
    if (exchange->keeps && exchange->http_code == 200)
        kept_put(exchange, response);
    else
        MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_not_modified(struct exchange *exchange, const struct kept_answer *kept)
{
    memcpy(exchange->reply.etag, kept->etag, sizeof kept->etag);
    exchange->http_code = MHD_HTTP_NOT_MODIFIED;
    exchange->varies = true;
    return reply_send(exchange);
}

enum MHD_Result reply_send_kept(struct exchange *exchange, const struct kept_answer *kept)
{
    if (variant_is_held(exchange, kept->etag))
        return send_not_modified(exchange, kept);
    exchange->phase = PHASE_ANSWERED;
    reply_count(exchange, MHD_HTTP_OK);
    return MHD_queue_response(exchange->connection, MHD_HTTP_OK, kept->response);
}
