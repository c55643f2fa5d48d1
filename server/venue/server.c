#include "venue/server.h"

#include "thread/clock.h"
#include "thread/log.h"
#include "venue/conn.h"
#include "venue/tls.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NS_PER_US 1000

static void schedule(struct venue_server *server, int64_t due_ns);

/* Queues whose frames are due, and requests that waited for an answer. */
static void serve_queues(struct venue_server *server)
{
    struct venue_conn *next;

    server->due_ns = INT64_MAX;
    for (struct venue_conn *conn = server->conns; conn; conn = next) {
        next = conn->next;
        if (conn->in.length > 0)
            conn_read_on(conn, server->now_ns);
        conn_flush(conn, server->now_ns);
        conn_expire(conn, server->now_ns);
    }
}

static void turn(struct venue_server *server)
{
    int64_t due_ns;

    server->now_ns = clock_real_ns();
    if (server->now_ns >= server->due_ns)
        serve_queues(server);
    due_ns = server->config.turn(server->config.ctx, server->now_ns);
    schedule(server, due_ns < server->due_ns ? due_ns : server->due_ns);
}

static void on_timer(lws_sorted_usec_list_t *timer)
{
    struct venue_server *server = lws_container_of(timer, struct venue_server, timer);

    server->due_ns = 0; /* look at all */
    turn(server);
}

static void schedule(struct venue_server *server, int64_t due_ns)
{
    int64_t wait_us = due_ns > server->now_ns ? (due_ns - server->now_ns) / NS_PER_US + 1 : 1;

    if (wait_us > 1000000)
        wait_us = 1000000;
    lws_sul_schedule(server->context, 0, &server->timer, on_timer, wait_us);
}

static int on_adopt(struct venue_server *server, struct lws *wsi, struct venue_conn **place)
{
    struct venue_conn *conn = conn_open(server, wsi);

    if (!conn)
        return -1;
    *place = conn;
    if (!server->config.accepts(server->config.ctx, conn))
        conn_reset(conn);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    struct venue_conn **place = user;
    struct venue_server *server;
    int64_t now_ns;

    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
        return tls_prepare(user);
    switch ((int)reason) {
    case LWS_CALLBACK_RAW_ADOPT:
        server = lws_context_user(lws_get_context(wsi));
        return on_adopt(server, wsi, place);
    case LWS_CALLBACK_RAW_RX:
        now_ns = clock_real_ns();
        server = lws_context_user(lws_get_context(wsi));
        conn_receive(*place, in, length, now_ns);
        turn(server);
        return 0;
    case LWS_CALLBACK_RAW_WRITEABLE:
        conn_flush(*place, clock_real_ns());
        return 0;
    case LWS_CALLBACK_RAW_CLOSE:
        if (place && *place)
            conn_gone(*place);
        if (place)
            *place = NULL;
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "venue",
     .callback = on_event,
     .per_session_data_size = sizeof(struct venue_conn *),
     .rx_buffer_size = CONN_STAGING},
    {.name = NULL},
};

static void on_lws_log(int level, const char *line)
{
    char text[256];

    log_line(level & LLL_ERR ? LOG_ERROR : LOG_WARN, "venue", "libwebsockets", "says=%s",
             log_escape(text, sizeof text, line));
}

/* "A:P" apart. */
static enum status read_address(const char *address, char host[64], int *port, struct err *err)
{
    const char *colon = strrchr(address, ':');
    char *end = NULL;
    long value = colon ? strtol(colon + 1, &end, 10) : -1;

    if (!colon || colon == address || colon - address >= 64 || end == colon + 1 || *end ||
        value < 0 || value > 65535)
        return err_format(err, ERR_USAGE, "--listen %s: wanted ADDRESS:PORT", address);
    snprintf(host, 64, "%.*s", (int)(colon - address), address);
    *port = (int)value;
    return OK;
}

static enum status cannot_listen(struct err *err, const char *host, int port, const char *why)
{
    return err_format(
        err, ERR_UNAVAILABLE,
        "--listen: cannot listen on %s:%d: %s; name another port (0: any free one) or "
        "an address of this machine",
        host, port, why);
}

/* libwebsockets does not say what was wrong: tried beforehand. Nor does it listen on a name: with
 * one it waits for an interface that is called so. `numeric` is what it is given. */
static enum status try_address(const char *host, int port, char numeric[VENUE_NUMERIC_MAX],
                               struct err *err)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[8];
    enum status status = OK;
    int on = 1;
    int problem;
    int fd;

    snprintf(service, sizeof service, "%d", port);
    problem = getaddrinfo(host, service, &hints, &found);
    if (problem != 0)
        return cannot_listen(err, host, port, gai_strerror(problem));
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 1) != 0)
        status = cannot_listen(err, host, port, strerrordesc_np(errno));
    problem = getnameinfo(found->ai_addr, found->ai_addrlen, numeric, VENUE_NUMERIC_MAX, NULL, 0,
                          NI_NUMERICHOST);
    if (status == OK && problem != 0)
        status = cannot_listen(err, host, port, gai_strerror(problem));
    if (fd >= 0)
        (void)close(fd);
    freeaddrinfo(found);
    return status;
}

static enum status listen_on(struct venue_server *server, const char *host, int port,
                             struct err *err)
{
    const struct venue_server_config *config = &server->config;
    struct lws_context_creation_info info = {
        .port = port, /* 0: any free one */
        .iface = server->numeric,
        .protocols = protocols,
        .options =
            LWS_SERVER_OPTION_ADOPT_APPLY_LISTEN_ACCEPT_CONFIG | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .listen_accept_role = "raw-skt",
        .listen_accept_protocol = "venue",
        .user = server,
        .timeout_secs = 60,
    };

    if (config->cert_file) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = config->cert_file;
        info.ssl_private_key_filepath = config->key_file;
        info.alpn = "http/1.1"; /* its own choice has h2 in it, which nobody here speaks */
    }
    lws_set_log_level(0, NULL); /* what goes wrong here is told by err */
    server->context = lws_create_context(&info);
    if (!server->context)
        return err_set(err, ERR_INTERNAL, "libwebsockets: no context");
    server->vhost = lws_create_vhost(server->context, &info);
    lws_set_log_level(LLL_ERR, on_lws_log);
    if (!server->vhost)
        return cannot_listen(err, host, port, "libwebsockets refuses it");
    return OK;
}

enum status venue_server_open(struct venue_server **opened,
                              const struct venue_server_config *config, struct err *err)
{
    struct venue_server *server = calloc(1, sizeof *server);
    char host[64];
    int port = 0;
    enum status status;

    if (!server)
        return err_set(err, ERR_INTERNAL, "no memory for the server");
    server->config = *config;
    server->due_ns = INT64_MAX;
    status = read_address(config->address, host, &port, err);
    if (status == OK)
        status = try_address(host, port, server->numeric, err);
    if (status == OK && config->cert_file)
        status = tls_check(config->cert_file, config->key_file, err);
    if (status == OK)
        status = listen_on(server, host, port, err);
    if (status != OK) {
        venue_server_close(server);
        return status;
    }
    snprintf(server->url, sizeof server->url, "%s://%s:%d", config->cert_file ? "https" : "http",
             host, lws_get_vhost_listen_port(server->vhost));
    *opened = server;
    return OK;
}

void venue_server_run(struct venue_server *server, const volatile int *stop)
{
    server->now_ns = clock_real_ns();
    schedule(server, server->now_ns);
    while (!*stop && lws_service(server->context, 0) >= 0)
        continue;
}

void venue_server_wake(struct venue_server *server)
{
    lws_cancel_service(server->context);
}

void venue_server_close(struct venue_server *server)
{
    if (!server)
        return;
    if (server->context)
        lws_context_destroy(server->context);
    free(server);
}

const char *venue_server_url(const struct venue_server *server)
{
    return server->url;
}

void venue_server_bad_cert(struct venue_server *server, bool bad)
{
    (void)server;
    tls_set_bad(bad);
}
