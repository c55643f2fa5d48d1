#include "gateway/bybit/inside.h"
#include "thread/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AUTH_EXPIRES_MS 10000
#define ANSWER_NS (5 * SECOND_NS)
enum { REFUSED_DOUBLINGS = 5 }; /* 1 s to 32 s */

/* ---- a link ----------------------------------------------------------------------------- */

static bool send_text(const struct bybit_link *link, const char *text)
{
    return net_send(link->socket, link->epoch, text, strlen(text));
}

static void authenticate(struct bybit *bybit, struct bybit_link *link)
{
    char expires[DECIMAL_TEXT_MAX];
    char hex[BYBIT_SIGN_MAX];
    char text[BYBIT_KEY_MAX + 256];

    decimal_print(expires, bybit_venue_ms(bybit, bybit->real_ns) + AUTH_EXPIRES_MS, 0, false);
    bybit_sign(&bybit->signer, (const char *const[]){"GET/realtime", expires, NULL}, hex);
    snprintf(text, sizeof text, "{\"req_id\":\"auth\",\"op\":\"auth\",\"args\":[\"%s\",%s,\"%s\"]}",
             bybit->config.key, expires, hex);
    if (!send_text(link, text))
        net_socket_drop(link->socket, 0);
    explicit_bzero(text, sizeof text);
}

static void opened(struct bybit *bybit, struct bybit_link *link, uint64_t epoch)
{
    link->epoch = epoch;
    link->is_in = false;
    link->pinged_ns = link->owes_ns = bybit->mono_ns;
    bybit->session.clock.is_old = true;
    bybit->session.clock.due_ns = 0;
    gateway_add(&bybit->base.connects, 1);
    gateway_add(&bybit->base.first_connects, net_socket_connects(link->socket) == 1);
    authenticate(bybit, link);
}

/* The venue does not let us in: maintenance, a wrong key or a wrong clock. Haste mends none. */
static void refused(struct bybit *bybit, struct bybit_link *link, const char *which,
                    const char *says)
{
    char shown[96];

    log_line(LOG_ERROR, "gateway", "the venue refuses the log-in", "venue=%s socket=%s says=%s",
             bybit->name, which, log_escape(shown, sizeof shown, says ? says : ""));
    link->was_refused = true;
    bybit->session.clock.due_ns = 0;
    net_socket_drop(link->socket, SECOND_NS << link->refusals);
    link->refusals += link->refusals < REFUSED_DOUBLINGS;
}

static void closed(struct bybit *bybit, struct bybit_link *link, const char *which,
                   enum net_why why, int http_status, const char *text)
{
    char shown[128];

    if (link->epoch != 0 || why == NET_BAD_TLS || why == NET_REFUSED)
        log_line(LOG_WARN, "gateway", "connection lost or not made",
                 "venue=%s socket=%s why=%d http=%d says=%s", bybit->name, which, (int)why,
                 http_status, log_escape(shown, sizeof shown, text ? text : ""));
    link->epoch = 0;
    link->is_in = false;
    link->owes_ns = 0;
    if (http_status == 403)
        bybit_ban(bybit, bybit->mono_ns + 600 * SECOND_NS, "403 at the handshake");
    if (bybit_is_banned(bybit)) /* going on would prolong it */
        net_socket_drop(link->socket, bybit->banned_mono_ns - bybit->mono_ns);
}

static json_t *parse(struct bybit *bybit, const char *which, const char *text, size_t length)
{
    json_t *frame = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);

    if (json_is_object(frame))
        return frame;
    json_decref(frame);
    bybit_refuse(bybit, which, text);
    return NULL;
}

/* A log-in is answered by nothing else. */
static void heard(struct bybit_link *link)
{
    if (link->is_in)
        link->owes_ns = 0;
}

static bool is_op(const json_t *frame, const char *op)
{
    const char *said = json_string_value(json_object_get(frame, "op"));

    return said && strcmp(said, op) == 0;
}

/* ---- the private stream ----------------------------------------------------------------- */

void bybit_stream_opened(void *ctx, uint64_t epoch)
{
    struct bybit *bybit = ctx;

    if (bybit->session.is_cut) {
        bybit->session.stream.epoch = epoch; /* guard_engine() drops it, nothing has been said */
        return;
    }
    opened(bybit, &bybit->session.stream, epoch);
}

static void subscribe(struct bybit *bybit)
{
    struct bybit_link *link = &bybit->session.stream;
    char text[160];

    snprintf(text, sizeof text,
             "{\"req_id\":\"topics\",\"op\":\"subscribe\",\"args\":[\"order\",\"execution\","
             "\"position\",\"wallet\"%s]}",
             bybit->config.dcp_ns == 0 ? ""
             : bybit->config.is_spot   ? ",\"dcp.spot\""
                                       : ",\"dcp.future\"");
    if (!send_text(link, text))
        net_socket_drop(link->socket, 0);
}

static void stream_reply(struct bybit *bybit, const json_t *frame)
{
    struct bybit_link *link = &bybit->session.stream;
    bool success = json_is_true(json_object_get(frame, "success"));

    if (!is_op(frame, "auth") && !is_op(frame, "subscribe"))
        return; /* a pong */
    if (!success) {
        refused(bybit, link, "private", json_string_value(json_object_get(frame, "ret_msg")));
        return;
    }
    if (is_op(frame, "auth")) {
        subscribe(bybit);
        return;
    }
    link->is_in = true;
    link->was_refused = false;
    link->refusals = 0;
    bybit_dcp_restart(bybit);
    bybit_reconcile_restart(bybit);
}

void bybit_stream_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns)
{
    struct bybit *bybit = ctx;
    json_t *frame;

    if (epoch != bybit->session.stream.epoch)
        return; /* of a connection that is gone */
    frame = parse(bybit, "private", text, length);
    if (!frame)
        return;
    if (json_object_get(frame, "topic"))
        (void)bybit_private_frame(bybit, frame, received_ns);
    else
        stream_reply(bybit, frame);
    heard(&bybit->session.stream);
    json_decref(frame);
}

static void stream_closed(void *ctx, uint64_t epoch, enum net_why why, int http_status,
                          const char *text)
{
    struct bybit *bybit = ctx;

    (void)epoch;
    closed(bybit, &bybit->session.stream, "private", why, http_status, text);
    bybit->session.dcp.is_set = false;
    bybit_reconcile_restart(bybit);
}

bool bybit_session_can_read(const struct bybit *bybit)
{
    return bybit->session.stream.is_in && bybit->session.clock.is_known;
}

/* ---- the trade socket ------------------------------------------------------------------- */

void bybit_trade_opened(void *ctx, uint64_t epoch)
{
    struct bybit *bybit = ctx;

    opened(bybit, &bybit->session.trade, epoch);
}

static void trade_auth(struct bybit *bybit, const json_t *frame)
{
    struct bybit_link *link = &bybit->session.trade;
    int64_t code;

    if (!bybit_whole(frame, "retCode", &code) || (code != 0 && code != 20001)) {
        refused(bybit, link, "trade", json_string_value(json_object_get(frame, "retMsg")));
        return;
    }
    link->is_in = true;
    link->was_refused = false;
    link->refusals = 0;
    bybit_orders_way(bybit);
}

void bybit_trade_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns)
{
    struct bybit *bybit = ctx;
    json_t *frame;

    if (epoch != bybit->session.trade.epoch)
        return;
    frame = parse(bybit, "trade", text, length);
    if (!frame)
        return;
    if (is_op(frame, "auth"))
        trade_auth(bybit, frame);
    else if (json_object_get(frame, "reqId"))
        bybit_orders_reply(bybit, frame, received_ns);
    heard(&bybit->session.trade);
    json_decref(frame);
}

void bybit_trade_closed(void *ctx, uint64_t epoch, enum net_why why, int http_status,
                        const char *text)
{
    struct bybit *bybit = ctx;

    closed(bybit, &bybit->session.trade, "trade", why, http_status, text);
    bybit_orders_broken(bybit, epoch);
}

/* ---- pings, and the engine behind them -------------------------------------------------- */

#define ENGINE_SILENT_NS (2 * SECOND_NS)
#define ENGINE_CUT_NS (10 * SECOND_NS)

static int64_t engine_silence_ns(const struct bybit *bybit)
{
    int64_t beat_ns;

    if (!bybit->config.engine_beat_ns)
        return 0;
    beat_ns = atomic_load_explicit(bybit->config.engine_beat_ns, memory_order_relaxed);
    return beat_ns == 0 ? 0 : bybit->mono_ns - beat_ns;
}

static void ping(struct bybit *bybit, struct bybit_link *link)
{
    if (link->epoch == 0 || bybit->mono_ns - link->pinged_ns < bybit->config.heartbeat_ns)
        return;
    link->pinged_ns = bybit->mono_ns;
    if (!send_text(link, "{\"op\":\"ping\"}"))
        net_socket_drop(link->socket, 0);
}

void bybit_session_sent(struct bybit *bybit, bool is_new)
{
    struct bybit_link *trade = &bybit->session.trade;
    struct bybit_link *stream = &bybit->session.stream;

    if (trade->owes_ns == 0)
        trade->owes_ns = bybit->mono_ns;
    if (is_new && stream->is_in && stream->owes_ns == 0)
        stream->owes_ns = bybit->mono_ns;
}

void bybit_session_refused(struct bybit *bybit)
{
    heard(&bybit->session.stream);
}

static void drop_mute(struct bybit *bybit, struct bybit_link *link, const char *which)
{
    if (link->epoch == 0 || link->owes_ns == 0 || bybit->mono_ns - link->owes_ns < ANSWER_NS)
        return;
    log_line(LOG_WARN, "gateway", "the venue owes an answer: connected anew", "venue=%s socket=%s",
             bybit->name, which);
    link->owes_ns = 0;
    net_socket_drop(link->socket, 0);
}

static void guard_engine(struct bybit *bybit, int64_t silence_ns)
{
    struct bybit_session *session = &bybit->session;
    int64_t cut_ns = bybit->config.dcp_ns > ENGINE_CUT_NS ? bybit->config.dcp_ns : ENGINE_CUT_NS;

    if (silence_ns < cut_ns) {
        session->is_cut = false;
        return;
    }
    if (!session->is_cut)
        log_line(LOG_ERROR, "gateway",
                 "the engine is silent: the private connection is dropped, so that the venue "
                 "cancels",
                 "venue=%s silence_ms=%" PRId64, bybit->name, silence_ns / MS_NS);
    session->is_cut = true;
    if (session->stream.epoch != 0)
        net_socket_drop(session->stream.socket, SECOND_NS);
}

static void keep_alive(struct bybit *bybit)
{
    int64_t silence_ns = engine_silence_ns(bybit);

    ping(bybit, &bybit->session.trade);
    if (silence_ns < ENGINE_SILENT_NS)
        ping(bybit, &bybit->session.stream);
    drop_mute(bybit, &bybit->session.trade, "trade");
    drop_mute(bybit, &bybit->session.stream, "private");
    if (bybit->config.dcp_ns > 0)
        guard_engine(bybit, silence_ns);
}

/* ---- the turn --------------------------------------------------------------------------- */

void bybit_session_turn(struct bybit *bybit)
{
    bybit_clock_turn(bybit);
    bybit_dcp_turn(bybit);
    if (bybit->net)
        keep_alive(bybit);
}

static enum status open_link(struct bybit *bybit, struct bybit_link *link, const char *path,
                             struct net_socket_config config, struct err *err)
{
    char url[BYBIT_URL_MAX + 64];

    snprintf(url, sizeof url, "%s%s", bybit->config.stream, path);
    config.url = url;
    config.ctx = bybit;
    config.silence_ns = bybit->config.private_silence_ns;
    return net_socket_open(bybit->net, &link->socket, &config, err);
}

enum status bybit_session_open(struct bybit *bybit, struct err *err)
{
    enum status status = open_link(bybit, &bybit->session.stream, "/v5/private",
                                   (struct net_socket_config){.opened = bybit_stream_opened,
                                                              .frame = bybit_stream_frame,
                                                              .closed = stream_closed},
                                   err);

    if (status != OK)
        return status;
    return open_link(bybit, &bybit->session.trade, "/v5/trade",
                     (struct net_socket_config){.opened = bybit_trade_opened,
                                                .frame = bybit_trade_frame,
                                                .closed = bybit_trade_closed},
                     err);
}
