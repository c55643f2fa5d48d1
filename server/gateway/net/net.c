/* The context, its turn, and what libwebsockets calls back. */
#include "gateway/net/inside.h"

#include "thread/log.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

/* ---- connections ------------------------------------------------------------------------ */

static void kill_wsi(struct lws *wsi)
{
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void conn_abandon(struct conn *conn)
{
    conn->owner = NULL;
    conn->up = false;
    if (conn->wsi && !conn->failed)
        kill_wsi(conn->wsi);
}

bool conn_can_write(const struct conn *conn)
{
    return conn->up && conn->wsi && !lws_partial_buffered(conn->wsi);
}

static bool write_plain(struct conn *conn, char *bytes, size_t length)
{
    if (lws_write(conn->wsi, (unsigned char *)bytes, length, LWS_WRITE_RAW) >= 0)
        return true;
    kill_wsi(conn->wsi);
    return false;
}

/* What TLS wants to send. */
static bool drain_tls(struct conn *conn)
{
    char bytes[16384];
    size_t length;

    while ((length = tls_drain(conn->tls, bytes, sizeof bytes)) > 0)
        if (!write_plain(conn, bytes, length))
            return false;
    return true;
}

bool conn_write(struct conn *conn, char *bytes, size_t length)
{
    if (!conn->tls)
        return write_plain(conn, bytes, length);
    if (tls_write(conn->tls, bytes, length))
        return drain_tls(conn);
    kill_wsi(conn->wsi);
    return false;
}

void conn_want_writable(struct conn *conn)
{
    if (conn->wsi)
        lws_callback_on_writable(conn->wsi);
    conn->net->in_motion = true;
}

static void conn_failed(struct conn *conn, enum net_why why, int http_status, const char *text)
{
    if (conn->failed)
        return;
    conn->failed = true;
    conn->up = false;
    conn->why = why;
    conn->http_status = http_status;
    snprintf(conn->text, sizeof conn->text, "%s", text);
}

static void tell_end(struct conn *conn)
{
    void *owner = conn->owner;

    conn->owner = NULL;
    if (!owner)
        return;
    conn->net->callbacks++;
    conn->ops->ended(owner, conn->why, conn->http_status, conn->text);
}

struct conn *net_conn_open(struct net *net, const struct url *url, const char *address,
                           const struct conn_ops *ops, void *owner)
{
    struct conn *conn = calloc(1, sizeof *conn);
    struct lws_client_connect_info info = {
        .context = net->context,
        .address = address,
        .port = url->port,
        .ssl_connection = 0,
        .path = url->path,
        .host = url->host,
        .origin = NULL,
        .method = "RAW",
        .local_protocol_name = "net",
        .userdata = conn,
        .pwsi = conn ? &conn->wsi : NULL,
    };

    if (!conn)
        return NULL;
    if (url->tls && !(conn->tls = tls_open(net->trust, url->host))) {
        free(conn);
        return NULL;
    }
    conn->net = net;
    conn->ops = ops;
    conn->owner = owner;
    conn->next = net->conns;
    net->conns = conn;
    conn->making = true;
    if (!lws_client_connect_via_info(&info)) {
        conn->wsi = NULL;
        conn_failed(conn, NET_FAILED, 0, "cannot connect");
    }
    conn->making = false;
    return conn;
}

static void conn_free(struct conn *conn)
{
    if (conn->tls)
        tls_close(conn->tls);
    free(conn->in);
    free(conn);
}

/* Tells ends that came from within another call, and frees what is over. */
static void conns_turn(struct net *net)
{
    for (struct conn *conn = net->conns; conn; conn = conn->next)
        if (conn->failed)
            tell_end(conn);
    for (struct conn **at = &net->conns; *at;) {
        struct conn *conn = *at;

        if (conn->failed && !conn->owner && !conn->wsi) {
            *at = conn->next;
            conn_free(conn);
        } else {
            at = &conn->next;
        }
    }
}

/* ---- what libwebsockets calls ----------------------------------------------------------- */

static bool has_no_delay(struct lws *wsi)
{
    int fd = lws_get_socket_fd(wsi);
    int on = 1;
    socklen_t size = sizeof on;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, size);
    on = 0;
    return getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0 && on != 0;
}

/* From here on net_poll() reads it by itself. */
static bool take_over(struct conn *conn)
{
    conn->in = malloc(NET_READ_BYTES);
    return conn->in && lws_rx_flow_control(conn->wsi, 0) >= 0;
}

static int tell_up(struct conn *conn)
{
    if (conn->ops->reads_at_once && !take_over(conn)) {
        conn_failed(conn, NET_FAILED, 0, "no memory for a connection");
        return -1;
    }
    conn->up = true;
    conn->net->callbacks++;
    if (conn->owner)
        conn->ops->up(conn->owner);
    return conn->owner ? 0 : -1;
}

/* One step of the handshake; its end is when the connection stands. */
static int shake(struct conn *conn)
{
    enum tls_result result = tls_shake(conn->tls);

    if (!drain_tls(conn))
        return -1;
    if (result == TLS_FINE)
        return tell_up(conn);
    if (result == TLS_BLOCKED)
        return 0;
    conn_failed(conn, NET_BAD_TLS, 0, tls_why(conn->tls));
    return -1;
}

static int conn_stands(struct conn *conn)
{
    if (!has_no_delay(conn->wsi)) {
        conn_failed(conn, NET_FAILED, 0, "the socket refuses TCP_NODELAY");
        return -1;
    }
    return conn->tls ? shake(conn) : tell_up(conn);
}

static void conn_refused(struct conn *conn, const char *in, size_t length)
{
    char text[sizeof conn->text];

    snprintf(text, sizeof text, "%.*s", in ? (int)length : 0, in ? in : "");
    conn_failed(conn, NET_FAILED, 0,
                text[0] == '\0' ? "the connection was refused or reset" : text);
}

static size_t conn_received(struct conn *conn, char *bytes, size_t length)
{
    conn->net->callbacks++;
    return conn->ops->received(conn->owner, bytes, length);
}

/* Bytes under TLS: a step of the handshake, or what they say. */
static int conn_fed(struct conn *conn, const char *bytes, size_t length)
{
    char plain[16384];
    size_t got;
    int answer = 0;
    enum tls_result result = TLS_FINE;

    if (!tls_feed(conn->tls, bytes, length))
        return -1;
    if (!conn->up)
        answer = shake(conn);
    while (answer == 0 && conn->up && !conn->in && result == TLS_FINE) {
        result = tls_read(conn->tls, plain, sizeof plain, &got);
        if (result == TLS_FINE) {
            conn_received(conn, plain, got);
            answer = conn->owner ? 0 : -1;
        }
    }
    if (result == TLS_FAILED)
        conn_failed(conn, NET_FAILED, 0, tls_why(conn->tls));
    return result == TLS_FAILED || result == TLS_ENDED ? -1 : answer;
}

static int conn_event_rx(struct conn *conn, char *bytes, size_t length)
{
    if (!conn->owner)
        return -1;
    if (conn->tls)
        return conn_fed(conn, bytes, length);
    conn_received(conn, bytes, length);
    return conn->owner ? 0 : -1;
}

static int conn_event(struct conn *conn, enum lws_callback_reasons reason, void *in, size_t length)
{
    switch (reason) {
    case LWS_CALLBACK_RAW_CONNECTED:
        return conn_stands(conn);
    case LWS_CALLBACK_RAW_RX:
        return conn_event_rx(conn, in, length);
    case LWS_CALLBACK_RAW_WRITEABLE:
        if (conn->owner)
            conn->ops->writable(conn->owner);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        conn_refused(conn, in, length);
        return 0;
    case LWS_CALLBACK_RAW_CLOSE:
        conn_failed(conn, NET_CLOSED, 0, "closed by the peer");
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        conn_failed(conn, NET_FAILED, 0, "the connection could not be made");
        conn->wsi = NULL;
        return 0;
    default:
        return 0;
    }
}

/* With other reasons `user` is something else. */
static bool is_of_conn(enum lws_callback_reasons reason)
{
    switch (reason) {
    case LWS_CALLBACK_RAW_CONNECTED:
    case LWS_CALLBACK_RAW_RX:
    case LWS_CALLBACK_RAW_WRITEABLE:
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_RAW_CLOSE:
    case LWS_CALLBACK_WSI_DESTROY:
        return true;
    default:
        return false;
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    struct conn *conn = user;
    int answer;

    (void)wsi;
    if (!is_of_conn(reason) || !conn)
        return 0;
    answer = conn_event(conn, reason, in, length);
    if (conn->failed && !conn->making && !conn->net->closing)
        tell_end(conn);
    return answer;
}

/* ---- the net ---------------------------------------------------------------------------- */

static const struct lws_protocols protocols[] = {
    {.name = "net", .callback = on_event, .rx_buffer_size = NET_READ_BYTES},
    {0},
};

static enum status read_ca(struct net *net, const char *ca_file, struct err *err)
{
    FILE *file;

    if (!ca_file || ca_file[0] == '\0')
        return OK;
    if (strlen(ca_file) >= sizeof net->ca_file)
        return err_format(err, ERR_CONFIG, "ca_file: the path is too long");
    file = fopen(ca_file, "re");
    if (!file)
        return err_format(err, ERR_CONFIG, "ca_file %s: %s", ca_file, strerrordesc_np(errno));
    fclose(file);
    snprintf(net->ca_file, sizeof net->ca_file, "%s", ca_file);
    return OK;
}

static enum status make_context(struct net *net, struct err *err)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .pt_serv_buf_size = NET_READ_BYTES,
        .fd_limit_per_thread = 256,
    };

    lws_set_log_level(0, NULL);
    net->context = lws_create_context(&info);
    if (net->context)
        return OK;
    return err_set(err, ERR_INTERNAL, "libwebsockets: no context");
}

enum status net_open(struct net **opened, const struct net_config *config, struct err *err)
{
    struct net *net = calloc(1, sizeof *net);
    enum status status;

    if (!net)
        return err_set(err, ERR_INTERNAL, "no memory for a net");
    net->random = config->seed;
    net->budget.most = config->connects_max == 0 ? 50 : config->connects_max;
    net->budget.most = net->budget.most > BUDGET_MAX ? BUDGET_MAX : net->budget.most;
    net->request_budget.most = net->budget.most;
    net->now_ns = clock_mono_ns();
    status = read_ca(net, config->ca_file, err);
    if (status == OK)
        status = requests_open(net, err);
    if (status == OK)
        status = make_context(net, err);
    if (status == OK)
        status = tls_trust_open(&net->trust, net->ca_file, err);
    if (status == OK && !(net->resolver = resolver_open()))
        status = err_set(err, ERR_INTERNAL, "no memory for a resolver");
    if (status != OK) {
        net_close(net);
        return status;
    }
    *opened = net;
    return OK;
}

/* ---- the turn --------------------------------------------------------------------------- */

static void gather_entropy(struct net *net)
{
    ssize_t got = getrandom(net->entropy, sizeof net->entropy, 0);

    assert(got == (ssize_t)sizeof net->entropy); /* so few bytes never come in pieces */
    net->entropy_left = NET_ENTROPY;
}

uint32_t net_entropy(struct net *net)
{
    if (net->entropy_left == 0)
        gather_entropy(net);
    return net->entropy[--net->entropy_left];
}

/* The bytes that wait under TLS, or those that the socket has. False: nothing more for now. */
static bool fill(struct conn *conn)
{
    char bytes[NET_READ_BYTES];
    size_t plain = 0;
    enum tls_result result = TLS_BLOCKED;
    ssize_t got;

    if (conn->tls)
        result = tls_read(conn->tls, conn->in, NET_READ_BYTES, &plain);
    if (result == TLS_BLOCKED) {
        got = recv(lws_get_socket_fd(conn->wsi), conn->tls ? bytes : conn->in, NET_READ_BYTES,
                   MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        if (got <= 0)
            conn_failed(conn, NET_CLOSED, 0,
                        got == 0 ? "closed by the peer" : strerrordesc_np(errno));
        else if (!conn->tls)
            plain = (size_t)got;
        else if (tls_feed(conn->tls, bytes, (size_t)got))
            result = tls_read(conn->tls, conn->in, NET_READ_BYTES, &plain);
        else
            conn_failed(conn, NET_FAILED, 0, "no memory for TLS");
    }
    if (result == TLS_FAILED)
        conn_failed(conn, NET_FAILED, 0, tls_why(conn->tls));
    if (result == TLS_ENDED)
        conn_failed(conn, NET_CLOSED, 0, "closed by the peer");
    conn->in_from = 0;
    conn->in_to = plain;
    return plain > 0;
}

/* Of those that are read at once, what they have. Their owner may let go of them meanwhile. */
static void conns_read(struct net *net)
{
    for (struct conn *conn = net->conns; conn; conn = conn->next) {
        if (!conn->in || !conn->up || !conn->wsi ||
            (!conn->hot && net->now_ns - conn->read_ns < NET_COOL_NS))
            continue;
        conn->read_ns = net->now_ns;
        if (conn->in_from < conn->in_to || fill(conn))
            conn->in_from +=
                conn_received(conn, conn->in + conn->in_from, conn->in_to - conn->in_from);
        if (conn->failed && conn->wsi) {
            kill_wsi(conn->wsi);
            net->in_motion = true;
        }
    }
}

/* All that no frame of the market waits for. */
static void keep(struct net *net)
{
    net->kept_ns = net->now_ns;
    if (net->entropy_left < NET_ENTROPY / 2)
        gather_entropy(net);
    net->in_motion = net->exchanges_open > 0;
    lws_service(net->context, -1);
    conns_turn(net);
    sockets_turn(net); /* after reading: what waited in the kernel is no silence */
    requests_turn(net);
}

uint32_t net_poll(struct net *net)
{
    assert(!net->polling);
    net->polling = true;
    net->callbacks = 0;
    net->now_ns = clock_mono_ns();
    conns_read(net);
    if (net->now_ns - net->kept_ns >=
        (net->in_motion && net->callbacks == 0 ? NET_KEEP_NS : NET_KEEP_LATEST_NS))
        keep(net);
    net->polling = false;
    return net->callbacks;
}

void net_close(struct net *net)
{
    assert(!net->polling);
    net->closing = true;
    sockets_close(net);
    requests_close(net);
    if (net->context)
        lws_context_destroy(net->context);
    if (net->resolver)
        resolver_close(net->resolver);
    while (net->conns) {
        struct conn *conn = net->conns;

        net->conns = conn->next;
        conn_free(conn);
    }
    if (net->trust)
        tls_trust_close(net->trust);
    free(net);
}
