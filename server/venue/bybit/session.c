/* WebSockets: which path is what; log-in, topics, pings of public and private ones. */
#include "venue/bybit/inside.h"

#include "thread/clock.h"
#include "venue/bybit/session.h"
#include "venue/bybit/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTIVE_NS (600 * NS_PER_S)

enum { SOCKETS_MAX = 500, SOCKETS_WINDOW_S = 300, ARGS_TEXT_MAX = 21000, SPOT_ARGS_MAX = 10 };

struct socket_path {
    const char *path;
    uint8_t kind, category;
};

static const struct socket_path paths[] = {
    {"/v5/public/linear", SESSION_PUBLIC, VENUE_LINEAR},
    {"/v5/public/spot", SESSION_PUBLIC, VENUE_SPOT},
    {"/v5/public/inverse", SESSION_PUBLIC, CATEGORY_INVERSE},
    {"/v5/public/option", SESSION_PUBLIC, CATEGORY_OPTION},
    {"/v5/private", SESSION_PRIVATE, CATEGORY_NONE},
    {"/v5/trade", SESSION_TRADE, CATEGORY_NONE},
};

/* "30s" or "5m" in the query; 30 s to 10 min. */
static int64_t active_ns(const char *query)
{
    const char *at = strstr(query, "max_active_time=");
    char *unit;
    int64_t value = at ? strtoll(at + 16, &unit, 10) : 0;

    if (at && *unit == 'm')
        value *= 60;
    return value >= 30 && value <= 600 ? value * NS_PER_S : ACTIVE_NS;
}

int session_upgrade(void *ctx, struct venue_conn *conn, const struct wire_request *request)
{
    struct bybit *bybit = ctx;
    int64_t real_ns = clock_real_ns();
    struct session *session;
    size_t at = 0;

    while (at < sizeof paths / sizeof paths[0] && strcmp(paths[at].path, request->path) != 0)
        at++;
    if (at == sizeof paths / sizeof paths[0])
        return 404;
    if (real_ns < bybit->maintenance_until_ns)
        return 503;
    if (real_ns < bybit->ban_until_ns)
        return 403;
    if (!bybit->config.no_limits &&
        !rate_take(&bybit->ip_sockets[bybit_ip(bybit, venue_conn_peer(conn))], SOCKETS_MAX, 1,
                   SOCKETS_WINDOW_S * NS_PER_S, real_ns)
             .passes)
        return 403;
    session = calloc(1, sizeof *session);
    if (!session)
        return 503;
    session->conn = conn;
    session->kind = paths[at].kind;
    session->category = paths[at].category;
    session->active_ns = active_ns(request->query);
    session->heard_ns = real_ns;
    snprintf(session->id, sizeof session->id, "%012" PRIx64 "-%04" PRIx64,
             (venue_salt(bybit->venue) + venue_life(bybit->venue)) & 0xffffffffffff,
             venue_conn_no(conn));
    venue_conn_set_data(conn, session);
    return 101;
}

static const char *path_of(const struct session *session)
{
    for (size_t at = 0; at < sizeof paths / sizeof paths[0]; at++)
        if (paths[at].kind == session->kind && paths[at].category == session->category)
            return paths[at].path;
    return "";
}

void session_opened(void *ctx, struct venue_conn *conn)
{
    struct bybit *bybit = ctx;
    struct session *session = venue_conn_data(conn);

    session->next = bybit->sessions;
    if (session->next)
        session->next->prev = session;
    bybit->sessions = session;
    bybit_log(bybit, &(struct venue_ledger_line){.conn = venue_conn_no(conn),
                                                 .kind = "connect",
                                                 .status = "socket",
                                                 .body = path_of(session),
                                                 .body_length = strlen(path_of(session))});
}

static void leave_streams(struct bybit *bybit, struct session *session)
{
    for (uint32_t at = 0; at < SESSION_STREAMS; at++)
        if (session->streams[at])
            streams_unsubscribe(bybit, session, (uint16_t)(at / STREAM_COUNT),
                                (enum stream)(at % STREAM_COUNT));
}

void session_closed(struct bybit *bybit, struct venue_conn *conn)
{
    struct session *session = venue_conn_data(conn);
    uint16_t account;

    if (!session)
        return;
    leave_streams(bybit, session);
    if (session->prev)
        session->prev->next = session->next;
    else if (bybit->sessions == session)
        bybit->sessions = session->next;
    if (session->next)
        session->next->prev = session->prev;
    account = session->key ? session->key->account : 0;
    for (uint32_t product = 0; account && product < PRODUCT_COUNT; product++)
        if (session->dcp[product])
            dcp_carrier_changed(bybit, account, (enum product)product, clock_real_ns());
    free(session);
}

void session_send(struct session *session, const struct text *text,
                  const struct venue_delivery *how)
{
    struct venue_frame *frame = venue_frame_text(text->at, text->length);

    venue_conn_send(session->conn, frame, how);
    venue_frame_drop(frame);
}

void session_turn(struct bybit *bybit, int64_t now_ns)
{
    struct session *next;

    for (struct session *at = bybit->sessions; at; at = next) {
        next = at->next;
        /* Silently: no close frame, documented. */
        if (now_ns - at->heard_ns > at->active_ns)
            venue_conn_close(at->conn, false);
    }
}

/* ---- log-in --------------------------------------------------------------------------- */

const struct key *session_auth(struct bybit *bybit, struct session *session, json_t *args,
                               int64_t now_ns, enum bybit_code *code)
{
    const char *name = json_string_value(json_array_get(args, 0));
    const json_t *expires = json_array_get(args, 1);
    const char *given = json_string_value(json_array_get(args, 2));
    const struct key *key = name ? keys_find(&bybit->keys, name) : NULL;
    char text[32];
    char right[SIGN_TEXT_MAX];
    struct sign_part parts[2] = {{"GET/realtime", 12}, {text, 0}};

    *code = CODE_PARAMS;
    if (json_is_string(expires))
        snprintf(text, sizeof text, "%s", json_string_value(expires));
    else
        snprintf(text, sizeof text, "%lld", (long long)json_number_value(expires));
    parts[1].length = strlen(text);
    if (!name || !given || !expires)
        return NULL;
    *code = CODE_BAD_KEY;
    if (!key)
        return NULL;
    *code = CODE_EXPIRED;
    if (key->expires_ms && key->expires_ms <= wire_ms(bybit, now_ns))
        return NULL;
    *code = CODE_PARAMS;
    if (strtoll(text, NULL, 10) <= wire_ms(bybit, now_ns))
        return NULL;
    *code = CODE_BAD_SIGN;
    sign_parts(right, key->secret, parts, 2);
    if (!sign_equals(given, right))
        return NULL;
    *code = CODE_IP;
    for (uint8_t at = 0; at < key->ip_count; at++)
        if (strcmp(key->ips[at], venue_conn_peer(session->conn)) == 0)
            *code = CODE_OK;
    return key->ip_count == 0 || *code == CODE_OK ? key : NULL;
}

/* ---- replies -------------------------------------------------------------------------- */

/* The request's id with its own type; `otherwise` when there was none. */
static void put_req_id(struct text *text, const json_t *frame, const char *otherwise)
{
    const json_t *id = json_object_get(frame, "req_id");
    char *dumped = id ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    if (dumped || otherwise)
        text_put(text, "\"req_id\":%s,", dumped ? dumped : otherwise);
    free(dumped);
}

void session_put_reply(struct session *session, struct text *text, const json_t *frame,
                       const char *op, bool success, const char *says)
{
    text_clear(text);
    text_put(text, "{\"success\":%s,\"ret_msg\":", success ? "true" : "false");
    text_json(text, says);
    text_put(text, ",\"conn_id\":\"%s\",", session->id);
    put_req_id(text, frame, session->kind == SESSION_PUBLIC ? "\"\"" : NULL);
    text_put(text, "\"op\":\"%s\"}", op);
}

static void log_op(struct bybit *bybit, struct session *session, enum venue_fault_kind kind,
                   bool is_out, const char *body, size_t length, const char *status, int64_t at_ns)
{
    const struct venue_ledger_line line = {
        .conn = venue_conn_no(session->conn),
        .is_out = is_out,
        .kind = venue_fault_kind_name(kind),
        .account = session->key ? session->key->uid : 0,
        .status = status,
        .body = body,
        .body_length = length,
        .body_is_json = true,
        .at_ns = at_ns,
    };

    if (session->kind != SESSION_PUBLIC)
        bybit_log(bybit, &line);
}

void session_reply(struct bybit *bybit, struct session *session, struct text *text,
                   enum venue_fault_kind kind, const struct venue_fault *fault)
{
    struct venue_delivery how = fault_delivery(fault);
    bool lost = fault_silences(fault);

    log_op(bybit, session, kind, true, text->at, text->length, lost ? "lost" : NULL, 0);
    if (lost)
        return;
    if (fault->verb == VENUE_FAULT_CORRUPT_JSON)
        text->at[text->length - 1] = ']';
    session_send(session, text, &how);
    if (fault->verb == VENUE_FAULT_DUP)
        session_send(session, text, NULL);
}

bool session_befall(struct bybit *bybit, struct session *session, enum venue_fault_kind kind,
                    const char *raw, size_t length, int64_t received_ns, struct venue_fault *fault)
{
    *fault = venue_faults_draw(bybit->faults, kind, UINT16_MAX);
    log_op(bybit, session, kind, false, raw, length,
           fault->verb == VENUE_FAULT_DROP_REQ ? "dropped" : NULL, received_ns);
    fault_apply(bybit, session->conn, 0, UINT16_MAX, fault, clock_real_ns());
    return fault->verb != VENUE_FAULT_DROP_REQ;
}

static void do_ping(struct bybit *bybit, struct session *session, const json_t *frame,
                    const struct venue_fault *fault, int64_t received_ns)
{
    struct text *text = &bybit->out;

    if (received_ns < bybit->stall_until_ns)
        return;
    if (session->kind == SESSION_PUBLIC) {
        session_put_reply(session, text, frame, "ping", true, "pong");
    } else {
        text_clear(text);
        text_put(text, "{");
        put_req_id(text, frame, NULL);
        text_put(text, "\"op\":\"pong\",\"args\":[\"%" PRId64 "\"],\"conn_id\":\"%s\"}",
                 wire_ms(bybit, clock_real_ns()), session->id);
    }
    session_reply(bybit, session, text, VENUE_ON_PING, fault);
}

static void do_auth(struct bybit *bybit, struct session *session, json_t *frame,
                    const struct venue_fault *fault)
{
    enum bybit_code code;
    const struct key *key =
        session_auth(bybit, session, json_object_get(frame, "args"), clock_real_ns(), &code);

    if (fault->verb == VENUE_FAULT_REJECT) {
        key = NULL;
        code = CODE_INTERNAL;
    }
    if (session->key && key) { /* again: no harm done */
        session_put_reply(session, &bybit->out, frame, "auth", true, "");
    } else {
        session->key = key;
        session_put_reply(session, &bybit->out, frame, "auth", key != NULL,
                          key ? "" : code_row(code).text);
    }
    session_reply(bybit, session, &bybit->out, VENUE_ON_AUTH, fault);
}

/* ---- public subscriptions ------------------------------------------------------------- */

static size_t text_of_args(const json_t *args)
{
    size_t length = 0;

    for (size_t at = 0; at < json_array_size(args); at++)
        length += json_string_length(json_array_get(args, at)) + 3;
    return length;
}

/* "" when well; what is wrong with one of the topics. */
static void check_topics(struct bybit *bybit, struct session *session, const json_t *args,
                         char says[160])
{
    uint16_t instrument;
    enum stream stream;

    if (session->category >= VENUE_CATEGORY_COUNT)
        return; /* anything, to nothing */
    for (size_t at = 0; at < json_array_size(args); at++) {
        const char *topic = json_string_value(json_array_get(args, at));

        if (topic && strncmp(topic, "kline.", 6) == 0)
            continue; /* known; nothing comes of it */
        if (!topic || !streams_find(bybit, session->category, topic, &instrument, &stream)) {
            snprintf(says, 160, "error:handler not found,topic:%.100s", topic ? topic : "");
            return;
        }
    }
    if (session->category == VENUE_SPOT && json_array_size(args) > SPOT_ARGS_MAX)
        snprintf(says, 160, "args size >10");
    else if (text_of_args(args) > ARGS_TEXT_MAX)
        snprintf(says, 160, "args length over %d", ARGS_TEXT_MAX);
}

static void change_streams(struct bybit *bybit, struct session *session, const json_t *args,
                           bool subscribes, bool greets)
{
    int64_t now_ns = clock_real_ns();
    uint16_t instrument;
    enum stream stream;

    for (size_t at = 0; at < json_array_size(args); at++) {
        const char *topic = json_string_value(json_array_get(args, at));

        if (session->category >= VENUE_CATEGORY_COUNT || !topic ||
            !streams_find(bybit, session->category, topic, &instrument, &stream))
            continue;
        if (greets)
            streams_greet(bybit, session, instrument, stream, now_ns);
        else if (subscribes)
            streams_subscribe(bybit, session, instrument, stream, now_ns);
        else
            streams_unsubscribe(bybit, session, instrument, stream);
    }
}

static void do_public(struct bybit *bybit, struct session *session, json_t *frame, const char *op,
                      const struct venue_fault *fault)
{
    const json_t *args = json_object_get(frame, "args");
    bool subscribes = strcmp(op, "subscribe") == 0;
    const char *well = session->category == VENUE_SPOT ? op : "";
    char says[160] = "";

    check_topics(bybit, session, args, says);
    if (fault->verb == VENUE_FAULT_REJECT)
        snprintf(says, sizeof says, "refused by the fault script");
    if (!*says)
        change_streams(bybit, session, args, subscribes, false);
    session_put_reply(session, &bybit->out, frame, op, !*says, *says ? says : well);
    session_reply(bybit, session, &bybit->out, VENUE_ON_SUBSCRIBE, fault);
    if (!*says && subscribes)
        change_streams(bybit, session, args, true, true);
}

/* ---- the way in ----------------------------------------------------------------------- */

static void serve(struct bybit *bybit, struct session *session, json_t *frame, const char *raw,
                  size_t length, int64_t received_ns)
{
    const char *op = json_string_value(json_object_get(frame, "op"));
    bool is_ping = op && strcmp(op, "ping") == 0;
    bool is_auth = op && strcmp(op, "auth") == 0;
    bool is_topic = op && (strcmp(op, "subscribe") == 0 || strcmp(op, "unsubscribe") == 0);
    struct venue_fault fault;

    if (!is_ping && !is_auth && !is_topic) /* a client's own pong, for one */
        return;
    if (!session_befall(bybit, session,
                        is_ping   ? VENUE_ON_PING
                        : is_auth ? VENUE_ON_AUTH
                                  : VENUE_ON_SUBSCRIBE,
                        raw, length, received_ns, &fault))
        return;
    if (is_ping)
        do_ping(bybit, session, frame, &fault, received_ns);
    else if (is_auth)
        do_auth(bybit, session, frame, &fault);
    else if (session->kind == SESSION_PUBLIC)
        do_public(bybit, session, frame, op, &fault);
    else
        session_private_topics(bybit, session, frame, op, &fault);
}

void session_message(void *ctx, struct venue_conn *conn, char *text, size_t length,
                     int64_t received_ns)
{
    struct bybit *bybit = ctx;
    struct session *session = venue_conn_data(conn);
    json_t *frame = json_loadb(text, length, 0, NULL);

    session->heard_ns = received_ns;
    if (json_is_object(frame) && session->kind == SESSION_TRADE) {
        trade_message(bybit, session, frame, text, length, received_ns);
    } else if (json_is_object(frame)) {
        serve(bybit, session, frame, text, length, received_ns);
    } else {
        session_put_reply(session, &bybit->out, NULL, "", false, "Params Error");
        session_send(session, &bybit->out, NULL);
    }
    json_decref(frame);
}
