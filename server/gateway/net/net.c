/* The context, its turn, and what libwebsockets calls back. */
#include "gateway/net/inside.h"

#include "thread/log.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static bool write_plain(struct conn *conn, char *text, size_t length, enum lws_write_protocol kind)
{
    int written = lws_write(conn->wsi, (unsigned char *)text, length, kind);

    if (written >= 0)
        return true;
    kill_wsi(conn->wsi);
    return false;
}

/* What TLS wants to send. */
static bool drain_tls(struct conn *conn)
{
    char bytes[LWS_PRE + 16384];
    size_t length;

    while ((length = tls_drain(conn->tls, bytes + LWS_PRE, sizeof bytes - LWS_PRE)) > 0)
        if (!write_plain(conn, bytes + LWS_PRE, length, LWS_WRITE_RAW))
            return false;
    return true;
}

bool conn_write(struct conn *conn, char *text, size_t length, enum lws_write_protocol kind)
{
    if (!conn->tls)
        return write_plain(conn, text, length, kind);
    if (tls_write(conn->tls, text, length))
        return drain_tls(conn);
    kill_wsi(conn->wsi);
    return false;
}

void conn_want_writable(struct conn *conn)
{
    if (conn->wsi)
        lws_callback_on_writable(conn->wsi);
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
        .ssl_connection = url->tls && url->is_ws ? LCCSCF_USE_SSL : 0,
        .path = url->path,
        .host = url->is_ws ? url->authority : url->host,
        .origin = NULL,
        .method = url->is_ws ? NULL : "RAW",
        .local_protocol_name = "net",
        .userdata = conn,
        .pwsi = conn ? &conn->wsi : NULL,
    };

    if (!conn)
        return NULL;
    if (url->tls && !url->is_ws && !(conn->tls = tls_open(net->trust, url->host))) {
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

/* Reading goes on for those that had their share of the last turn. */
static void conns_release(struct net *net)
{
    for (struct conn *conn = net->conns; conn; conn = conn->next) {
        conn->frames = 0;
        conn->read_ns = 0;
        if (conn->held && conn->wsi) {
            conn->held = false;
            lws_rx_flow_control(conn->wsi, 1);
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

static int tell_up(struct conn *conn)
{
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

/* libwebsockets says in words what went wrong, and only in words. */
static enum net_why why_of(const char *text, int http_status)
{
    if (http_status >= 100 && http_status != 101)
        return NET_REFUSED;
    if (strstr(text, "tls") || strstr(text, "TLS") || strstr(text, "ssl") || strstr(text, "SSL") ||
        strstr(text, "X509") || strstr(text, "cert"))
        return NET_BAD_TLS;
    return NET_FAILED;
}

static void conn_refused(struct conn *conn, struct lws *wsi, const char *in, size_t length)
{
    char text[sizeof conn->text];
    int http_status = (int)lws_http_client_http_response(wsi);

    snprintf(text, sizeof text, "%.*s", in ? (int)length : 0, in ? in : "");
    if (text[0] == '\0')
        snprintf(text, sizeof text, "the connection was refused or reset");
    if (conn->verdict) {
        snprintf(text, sizeof text, "certificate refused: %s", conn->verdict);
        conn_failed(conn, NET_BAD_TLS, 0, text);
    }
    conn_failed(conn, why_of(text, http_status), http_status, text);
}

/* libwebsockets' own text leaves out which check it was. The answer is the check's own. */
static int note_verdict(struct lws *wsi, X509_STORE_CTX *check, size_t passed)
{
    struct conn *conn = wsi ? lws_wsi_user(wsi) : NULL;

    if (!passed && conn)
        conn->verdict = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check));
    return 0;
}

/* A piece of the stream, given on; at most so many a turn. */
static int conn_received(struct conn *conn, char *bytes, size_t length, bool first, bool last)
{
    if (conn->read_ns == 0)
        conn->read_ns = clock_real_ns();
    if (!conn->owner)
        return -1;
    if (last && ++conn->frames >= NET_TURN_FRAMES && !conn->held) {
        conn->held = true;
        lws_rx_flow_control(conn->wsi, 0);
    }
    conn->net->callbacks++;
    conn->ops->received(conn->owner, bytes, length, first, last, conn->read_ns);
    return conn->owner ? 0 : -1;
}

/* Bytes under TLS: a step of the handshake, or what they say. */
static int conn_received_tls(struct conn *conn, const char *bytes, size_t length)
{
    char plain[16384];
    size_t got;
    int answer = 0;
    enum tls_result result = TLS_FINE;

    if (!tls_feed(conn->tls, bytes, length))
        return -1;
    if (!conn->up)
        answer = shake(conn);
    while (answer == 0 && conn->up && result == TLS_FINE) {
        result = tls_read(conn->tls, plain, sizeof plain, &got);
        if (result == TLS_FINE)
            answer = conn_received(conn, plain, got, true, true);
    }
    if (result == TLS_FAILED)
        conn_failed(conn, NET_FAILED, 0, tls_why(conn->tls));
    return result == TLS_FAILED || result == TLS_ENDED ? -1 : answer;
}

static int conn_event(struct conn *conn, struct lws *wsi, enum lws_callback_reasons reason,
                      void *in, size_t length)
{
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_RAW_CONNECTED:
        return conn_stands(conn);
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return conn_received(conn, in, length, lws_is_first_fragment(wsi),
                             lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0);
    case LWS_CALLBACK_RAW_RX:
        return conn->tls ? conn_received_tls(conn, in, length)
                         : conn_received(conn, in, length, true, true);
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        if (conn->owner)
            conn->ops->heard(conn->owner);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_RAW_WRITEABLE:
        if (conn->owner)
            conn->ops->writable(conn->owner);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        conn_refused(conn, wsi, in, length);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
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

/* With other reasons `user` is something else, such as a TLS context. */
static bool is_of_conn(enum lws_callback_reasons reason)
{
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_RAW_CONNECTED:
    case LWS_CALLBACK_CLIENT_RECEIVE:
    case LWS_CALLBACK_RAW_RX:
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_RAW_WRITEABLE:
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
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

    if (reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION)
        return note_verdict(wsi, user, length);
    if (!is_of_conn(reason) || !conn)
        return 0;
    answer = conn_event(conn, wsi, reason, in, length);
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
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
        .provided_client_ssl_ctx = tls_trust_context(net->trust),
        .pt_serv_buf_size = NET_READ_BYTES,
        .fd_limit_per_thread = 256,
    };

    lws_set_log_level(0, NULL);
    net->context = lws_create_context(&info);
    if (net->context)
        return OK;
    return err_format(err, ERR_CONFIG, "%s%s: no TLS client can be made with it",
                      net->ca_file[0] != '\0' ? "ca_file " : "libwebsockets", net->ca_file);
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
        status = tls_trust_open(&net->trust, net->ca_file, err);
    if (status == OK)
        status = make_context(net, err);
    if (status == OK && !(net->resolver = resolver_open()))
        status = err_set(err, ERR_INTERNAL, "no memory for a resolver");
    if (status != OK) {
        net_close(net);
        return status;
    }
    *opened = net;
    return OK;
}

uint32_t net_poll(struct net *net)
{
    assert(!net->polling);
    net->polling = true;
    net->callbacks = 0;
    net->now_ns = clock_mono_ns();
    conns_release(net);
    lws_service(net->context, -1);
    conns_turn(net);
    sockets_turn(net); /* after reading: what waited in the kernel is no silence */
    requests_turn(net);
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
