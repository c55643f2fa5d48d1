/* A WebSocket that is always being made again: attempt, connection, frames in and out. */
#include "gateway/net/inside.h"

#include "thread/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_USUAL = 1 << 20, GATHER_FIRST = 64 << 10 };

/* ---- ends and beginnings ---------------------------------------------------------------- */

static void plan_next(struct net_socket *socket, bool stood)
{
    bool others =
        !stood && socket->address_count > 1 && ++socket->address % socket->address_count != 0;

    if (others) { /* of the same name: at once */
        socket->due_ns = 0;
        return;
    }
    if (!stood)
        resolver_forget(socket->net->resolver, socket->url.host);
    socket->due_ns =
        clock_mono_ns() + backoff_after_failure(&socket->backoff, &socket->net->random);
}

/* The connection or attempt is over: told once. */
static void socket_ended(void *owner, enum net_why why, int http_status, const char *text)
{
    struct net_socket *socket = owner;

    plan_next(socket, socket->up_ns != 0);
    socket->conn = NULL;
    socket->attempting = false;
    socket->up_ns = 0;
    socket->gathered = 0;
    socket->head = (struct ws_head){0};
    socket->left = 0;
    socket->queue_from = socket->queue_to = 0;
    if (!socket->closed)
        socket->config.closed(socket->config.ctx, socket->epoch, why, http_status, text);
}

/* By us. */
void socket_break(struct net_socket *socket, enum net_why why, int http_status, const char *text)
{
    if (socket->conn)
        conn_abandon(socket->conn);
    socket->net->in_motion = true;
    socket_ended(socket, why, http_status, text);
}

/* ---- out -------------------------------------------------------------------------------- */

static bool queue_is_empty(const struct net_socket *socket)
{
    return socket->queue_from == socket->queue_to;
}

static bool queue_put(struct net_socket *socket, const char *text, uint32_t length)
{
    size_t held = socket->queue_to - socket->queue_from;

    if (held + sizeof length + length > NET_QUEUE_BYTES)
        return false;
    if (socket->queue_to + sizeof length + length > NET_QUEUE_BYTES) {
        memmove(socket->queue, socket->queue + socket->queue_from, held);
        socket->queue_from = 0;
        socket->queue_to = held;
    }
    memcpy(socket->queue + socket->queue_to, &length, sizeof length);
    memcpy(socket->queue + socket->queue_to + sizeof length, text, length);
    socket->queue_to += sizeof length + length;
    conn_want_writable(socket->conn);
    return true;
}

bool socket_write(struct net_socket *socket, char *text, size_t length, unsigned opcode)
{
    size_t head = ws_write(text, length, opcode, net_entropy(socket->net));

    return conn_write(socket->conn, text - head, head + length);
}

static void queue_write_first(struct net_socket *socket)
{
    uint32_t length;

    memcpy(&length, socket->queue + socket->queue_from, sizeof length);
    memcpy(socket->out + NET_HEADROOM, socket->queue + socket->queue_from + sizeof length, length);
    socket->queue_from += sizeof length + length;
    if (queue_is_empty(socket))
        socket->queue_from = socket->queue_to = 0;
    socket_write(socket, socket->out + NET_HEADROOM, length, WS_TEXT);
}

static void socket_writable(void *owner)
{
    struct net_socket *socket = owner;

    while (!queue_is_empty(socket) && conn_can_write(socket->conn))
        queue_write_first(socket);
    if (!queue_is_empty(socket))
        conn_want_writable(socket->conn);
}

static bool is_current(const struct net_socket *socket, uint64_t epoch)
{
    return !socket->closed && socket->conn && socket->up_ns != 0 && socket->epoch == epoch &&
           socket->conn->up;
}

bool net_socket_is_drained(const struct net_socket *socket)
{
    return !socket->conn || !socket->conn->up ||
           (queue_is_empty(socket) && conn_can_write(socket->conn));
}

bool net_send_now(struct net_socket *socket, uint64_t epoch, char *text, size_t length)
{
    return is_current(socket, epoch) && length <= NET_QUEUE_BYTES && queue_is_empty(socket) &&
           conn_can_write(socket->conn) && socket_write(socket, text, length, WS_TEXT);
}

bool net_send(struct net_socket *socket, uint64_t epoch, const char *text, size_t length)
{
    if (!is_current(socket, epoch) || length > NET_QUEUE_BYTES)
        return false;
    if (!net_socket_is_drained(socket))
        return queue_put(socket, text, (uint32_t)length);
    memcpy(socket->out + NET_HEADROOM, text, length);
    return socket_write(socket, socket->out + NET_HEADROOM, length, WS_TEXT);
}

/* ---- turns ------------------------------------------------------------------------------ */

static const struct conn_ops socket_ops = {
    .reads_at_once = true,
    .up = socket_shake,
    .received = socket_received,
    .writable = socket_writable,
    .ended = socket_ended,
};

static void connect_to(struct net_socket *socket, const struct addresses *addresses)
{
    struct net *net = socket->net;

    if (!budget_take(&net->budget, net->now_ns, &socket->due_ns)) {
        log_line(LOG_WARN, "net", "connect budget used up", "wait_ms=%lld",
                 (long long)((socket->due_ns - net->now_ns) / 1000000));
        socket->attempting = false;
        return;
    }
    socket->address_count = addresses->count;
    socket->conn =
        net_conn_open(net, &socket->url, addresses->text[socket->address % addresses->count],
                      &socket_ops, socket);
    if (socket->conn)
        socket->conn->hot = socket->config.hot;
    else
        socket_ended(socket, NET_FAILED, 0, "no memory for a connection");
}

static void attempt(struct net_socket *socket)
{
    struct net *net = socket->net;
    const struct addresses *addresses = resolver_ask(net->resolver, socket->url.host, net->now_ns);

    if (!addresses) {
        if (net->now_ns - socket->attempt_ns > NET_CONNECT_NS)
            socket_ended(socket, NET_NO_NAME, 0, "no answer about the name in time");
        return;
    }
    if (addresses->count == 0) {
        net->callbacks++;
        socket_ended(socket, NET_NO_NAME, 0, addresses->why);
        return;
    }
    connect_to(socket, addresses);
}

static void begin(struct net_socket *socket)
{
    if (socket->net->now_ns < socket->due_ns)
        return;
    socket->attempting = true;
    socket->attempt_ns = socket->net->now_ns;
    socket->epoch++;
    attempt(socket);
}

static void beat(struct net_socket *socket)
{
    int64_t now_ns = socket->net->now_ns;

    if (socket->config.heartbeat_ns == 0 || now_ns - socket->beat_ns < socket->config.heartbeat_ns)
        return;
    socket->beat_ns = now_ns;
    if (socket->config.heartbeat)
        net_send(socket, socket->epoch, socket->heartbeat, strlen(socket->heartbeat));
    else if (conn_can_write(socket->conn))
        socket_write(socket, socket->out + NET_HEADROOM, 0, WS_PING);
}

static void watch(struct net_socket *socket)
{
    int64_t now_ns = socket->net->now_ns;

    if (socket->config.silence_ns != 0 && now_ns - socket->heard_ns > socket->config.silence_ns)
        socket_break(socket, NET_SILENT, 0, "nothing was received for too long");
    else
        beat(socket);
}

static void socket_turn(struct net_socket *socket)
{
    socket->net->in_motion = socket->net->in_motion || socket->up_ns == 0;
    if (!socket->conn && !socket->attempting)
        begin(socket);
    else if (!socket->conn)
        attempt(socket);
    else if (socket->up_ns != 0)
        watch(socket);
    else if (socket->net->now_ns - socket->attempt_ns > NET_CONNECT_NS)
        socket_break(socket, NET_FAILED, 0, "no connection in time");
}

void sockets_turn(struct net *net)
{
    for (struct net_socket *socket = net->sockets; socket; socket = socket->next)
        if (!socket->closed)
            socket_turn(socket);
    for (struct net_socket **at = &net->sockets; *at;) {
        struct net_socket *socket = *at;

        if (!socket->closed) {
            at = &socket->next;
            continue;
        }
        *at = socket->next;
        free(socket->gather);
        free(socket);
    }
}

/* ---- for the gateway -------------------------------------------------------------------- */

static enum status check_config(struct url *url, const struct net_socket_config *config,
                                struct err *err)
{
    const char *wrong = url_parse(url, config->url);

    if (!wrong && !url->is_ws)
        wrong = "it must begin with ws:// or wss://";
    if (wrong)
        return err_format(err, ERR_CONFIG, "url %.200s: %s", config->url ? config->url : "", wrong);
    if (config->heartbeat && strlen(config->heartbeat) >= sizeof((struct net_socket *)0)->heartbeat)
        return err_set(err, ERR_CONFIG, "the heartbeat is too long");
    assert(config->opened && config->frame && config->closed);
    assert(config->frame_max <= NET_FRAME_MAX);
    return OK;
}

enum status net_socket_open(struct net *net, struct net_socket **opened,
                            const struct net_socket_config *config, struct err *err)
{
    struct net_socket *socket;
    struct url url;
    enum status status = check_config(&url, config, err);

    if (status != OK)
        return status;
    socket = calloc(1, sizeof *socket);
    if (!socket || !(socket->gather = malloc(GATHER_FIRST))) {
        free(socket);
        return err_set(err, ERR_INTERNAL, "no memory for a socket");
    }
    socket->net = net;
    socket->url = url;
    socket->config = *config;
    socket->config.url = NULL; /* borrowed until here */
    socket->config.frame_max = config->frame_max == 0 ? FRAME_USUAL : config->frame_max;
    socket->gather_size = GATHER_FIRST;
    if (config->heartbeat)
        memcpy(socket->heartbeat, config->heartbeat, strlen(config->heartbeat) + 1);
    socket->next = net->sockets;
    net->sockets = socket;
    *opened = socket;
    return OK;
}

void net_socket_close(struct net_socket *socket)
{
    socket->closed = true; /* freed in the next turn: a callback may be under way */
    if (socket->conn)
        conn_abandon(socket->conn);
    socket->conn = NULL;
}

void net_socket_drop(struct net_socket *socket, int64_t wait_ns)
{
    if (!socket->closed && (socket->conn || socket->attempting))
        socket_break(socket, NET_DROPPED, 0, "dropped by us");
    if (wait_ns > 0)
        socket->due_ns = clock_mono_ns() + wait_ns;
}

void sockets_close(struct net *net)
{
    while (net->sockets) {
        struct net_socket *socket = net->sockets;

        net->sockets = socket->next;
        if (socket->conn)
            conn_abandon(socket->conn);
        free(socket->gather);
        free(socket);
    }
}

bool net_socket_is_up(const struct net_socket *socket)
{
    return is_current(socket, socket->epoch);
}

uint64_t net_socket_epoch(const struct net_socket *socket)
{
    return socket->epoch;
}

uint64_t net_socket_connects(const struct net_socket *socket)
{
    return socket->connects;
}
