/* Requests by HTTP: who is it, may it, what is asked; the answer's envelope and headers. */
#include "venue/bybit/inside.h"

#include "venue/bybit/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IP_REQUESTS = 600, IP_WINDOW_S = 5, BAN_S = 600 };

/* ---- the query as arguments ----------------------------------------------------------- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Undoes percent signs; room for length + 1. */
static void decode(char *out, const char *from, size_t length)
{
    for (size_t at = 0; at < length; at++) {
        int high = from[at] == '%' && at + 2 < length ? hex_digit(from[at + 1]) : -1;
        int low = high >= 0 ? hex_digit(from[at + 2]) : -1;

        if (low >= 0) {
            *out++ = (char)(high << 4 | low);
            at += 2;
        } else {
            *out++ = from[at] == '+' ? ' ' : from[at];
        }
    }
    *out = '\0';
}

static void add_argument(json_t *args, const char *pair, size_t length)
{
    const char *equals = memchr(pair, '=', length);
    size_t name_length = equals ? (size_t)(equals - pair) : length;
    char name[64];
    char *value;

    if (name_length == 0 || name_length >= sizeof name)
        return;
    value = malloc(length + 1);
    if (!value)
        return;
    decode(name, pair, name_length);
    decode(value, equals ? equals + 1 : "", equals ? length - name_length - 1 : 0);
    json_object_set_new(args, name, json_string(value)); /* not UTF-8: is not set */
    free(value);
}

static json_t *query_arguments(const char *query)
{
    json_t *args = json_object();

    while (*query) {
        size_t length = strcspn(query, "&");

        add_argument(args, query, length);
        query += length + (query[length] == '&');
    }
    return args;
}

/* NULL: not an object. */
static json_t *body_arguments(const struct wire_request *request)
{
    json_t *args = json_loadb(request->body, request->body_length, 0, NULL);

    if (json_is_object(args))
        return args;
    json_decref(args);
    return NULL;
}

/* ---- the answer ----------------------------------------------------------------------- */

static void put_headers(struct text *headers, const struct call *call)
{
    text_clear(headers);
    text_put(headers, "Timenow: %" PRId64 "\r\nTraceid: %016" PRIx64 "%016" PRIx64 "\r\n",
             wire_ms(call->bybit, call->now_ns), (uint64_t)call->received_ns,
             venue_conn_no(call->conn));
    if (call->rate.limit)
        text_put(headers,
                 "X-Bapi-Limit: %" PRId64 "\r\nX-Bapi-Limit-Status: %" PRId64
                 "\r\nX-Bapi-Limit-Reset-Timestamp: %" PRId64 "\r\n",
                 call->rate.limit, call->rate.left, call->rate.reset_ms);
}

static void put_envelope(struct text *out, const struct call *call)
{
    text_clear(out);
    text_put(out, "{\"retCode\":%d,\"retMsg\":", call->code);
    text_json(out, call->message);
    text_put(out, ",\"result\":%s,\"retExtInfo\":%s,\"time\":%" PRId64 "}",
             call->result->length ? call->result->at : "{}",
             call->ext->length ? call->ext->at : "{}", wire_ms(call->bybit, call->now_ns));
}

static void corrupt(struct text *out)
{
    out->at[out->length - 1] = ']';
}

static void answer(struct call *call)
{
    struct bybit *bybit = call->bybit;
    struct venue_delivery how = fault_delivery(&call->fault);

    put_headers(&bybit->headers, call);
    put_envelope(&bybit->out, call);
    if (call->route->is_private && call->key)
        call_log_out(call, &bybit->out);
    if (fault_silences(&call->fault))
        return;
    if (call->fault.verb == VENUE_FAULT_CORRUPT_JSON)
        corrupt(&bybit->out);
    venue_conn_answer(call->conn, 200, bybit->headers.at, bybit->out.at, bybit->out.length, &how);
}

static void answer_plain(struct venue_conn *conn, int status, const char *body)
{
    venue_conn_answer(conn, status, "", body, strlen(body), NULL);
}

/* No such path, of the API's or of /sim: the envelope of all other answers. */
static void answer_no_route(struct call *call, const struct wire_request *request)
{
    struct text *out = &call->bybit->out;

    text_clear(&call->bybit->result);
    text_clear(&call->bybit->ext);
    call_refuse(call, CODE_UNKNOWN_OP, "there is no %.8s %.120s: `pitwall spec venue` lists all",
                request->method, request->path);
    put_envelope(out, call);
    venue_conn_answer(call->conn, 404, "", out->at, out->length, NULL);
}

/* ---- who is it ------------------------------------------------------------------------ */

static bool is_bound(const struct key *key, const char *peer)
{
    for (uint8_t at = 0; at < key->ip_count; at++)
        if (strcmp(key->ips[at], peer) == 0)
            return true;
    return key->ip_count == 0;
}

static bool signature_fits(const struct wire_request *request, const struct key *key,
                           const char *timestamp, const char *window)
{
    bool is_get = strcmp(request->method, "GET") == 0;
    const char *payload = is_get ? request->query : request->body;
    const struct sign_part parts[] = {
        {timestamp, strlen(timestamp)},
        {key->key, strlen(key->key)},
        {window, strlen(window)},
        {payload, is_get ? strlen(payload) : request->body_length},
    };
    char right[SIGN_TEXT_MAX];

    sign_parts(right, key->secret, parts, 4);
    return sign_equals(wire_header(request, "x-bapi-sign"), right);
}

/* NULL: the code has been set. */
static const struct key *authenticate(struct call *call, const struct wire_request *request)
{
    const struct key *key = keys_find(&call->bybit->keys, wire_header(request, "x-bapi-api-key"));
    const char *timestamp = wire_header(request, "x-bapi-timestamp");
    const char *window = wire_header(request, "x-bapi-recv-window");
    int64_t window_ms = *window ? strtoll(window, NULL, 10) : 5000;

    if (!sign_in_window(strtoll(timestamp, NULL, 10), window_ms,
                        wire_ms(call->bybit, call->now_ns)))
        call_refuse(call, CODE_WINDOW,
                    "%s. req_timestamp[%.20s],server_timestamp[%" PRId64 "],recv_window[%.10s]",
                    code_row(CODE_WINDOW).text, timestamp, wire_ms(call->bybit, call->now_ns),
                    *window ? window : "5000");
    else if (!key)
        call_fail(call, CODE_BAD_KEY);
    else if (key->expires_ms && key->expires_ms <= wire_ms(call->bybit, call->now_ns))
        call_fail(call, CODE_EXPIRED);
    else if (!signature_fits(request, key, timestamp, window))
        call_fail(call, CODE_BAD_SIGN);
    else if (!is_bound(key, venue_conn_peer(call->conn)))
        call_fail(call, CODE_IP);
    else
        return key;
    return NULL;
}

static bool has_headers(const struct wire_request *request)
{
    return *wire_header(request, "x-bapi-api-key") && *wire_header(request, "x-bapi-timestamp") &&
           *wire_header(request, "x-bapi-sign");
}

/* ---- the way through ------------------------------------------------------------------ */

uint32_t bybit_ip(struct bybit *bybit, const char *peer)
{
    uint32_t at = 0;

    while (at < BYBIT_IPS_MAX - 1 && bybit->ips[at][0] && strcmp(bybit->ips[at], peer) != 0)
        at++;
    snprintf(bybit->ips[at], KEY_IP_MAX, "%s", peer);
    return at;
}

/* HTTP status that refuses any request now; 0: none. */
static int refusal(struct bybit *bybit, const char *peer, int64_t received_ns)
{
    uint32_t ip = bybit_ip(bybit, peer);

    if (received_ns < bybit->ban_until_ns || received_ns < bybit->ip_banned_ns[ip])
        return 403;
    if (received_ns < bybit->maintenance_until_ns)
        return 503;
    if (bybit->config.no_limits ||
        rate_take(&bybit->ip_requests[ip], IP_REQUESTS, 1, IP_WINDOW_S * NS_PER_S, received_ns)
            .passes)
        return 0;
    bybit->ip_banned_ns[ip] = received_ns + BAN_S * NS_PER_S;
    return 403;
}

static void serve(struct call *call, const struct wire_request *request)
{
    const struct key *key;

    if (!call->route->is_private) {
        call->route->serve(call);
        answer(call);
        return;
    }
    key = authenticate(call, request);
    if (!key || call_run(call, key))
        answer(call);
}

void rest_request(void *ctx, struct venue_conn *conn, const struct wire_request *request,
                  int64_t received_ns)
{
    struct bybit *bybit = ctx;
    bool is_get = strcmp(request->method, "GET") == 0;
    int refused;
    struct call call = {
        .bybit = bybit,
        .conn = conn,
        .route = bybit_route(request->method, request->path),
        .raw = is_get ? request->query : request->body,
        .raw_length = is_get ? strlen(request->query) : request->body_length,
        .result = &bybit->result,
        .ext = &bybit->ext,
        .message = "OK",
        .now_ns = clock_real_ns(),
        .received_ns = received_ns,
        .category = CATEGORY_NONE,
    };

    if (sim_request(bybit, conn, request))
        return;
    refused = refusal(bybit, venue_conn_peer(conn), received_ns);
    if (refused) {
        answer_plain(conn, refused,
                     refused == 403 ? "{\"retCode\":10403,\"retMsg\":\"access too "
                                      "frequent\"}"
                                    : "");
        return;
    }
    if (!call.route) {
        answer_no_route(&call, request);
        return;
    }
    if (call.route->is_private && !has_headers(request)) {
        answer_plain(conn, 401, "");
        return;
    }
    text_clear(&bybit->result);
    text_clear(&bybit->ext);
    call.args = is_get ? query_arguments(request->query) : body_arguments(request);
    if (call.args) {
        serve(&call, request);
    } else {
        call_refuse(&call, CODE_PARAMS, "the body is not a JSON object");
        answer(&call);
    }
    json_decref(call.args);
}
