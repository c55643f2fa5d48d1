#include "venue/conn.h"

#include "thread/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define NS_PER_S 1000000000LL

/* An IPv4 address as it is usually written, also on a socket of both families. */
static void read_peer(struct lws *wsi, char peer[CONN_PEER_MAX])
{
    lws_get_peer_simple(wsi, peer, CONN_PEER_MAX);
    if (strncmp(peer, "::ffff:", 7) == 0)
        memmove(peer, peer + 7, strlen(peer + 7) + 1);
}

struct venue_conn *conn_open(struct venue_server *server, struct lws *wsi)
{
    struct venue_conn *conn = calloc(1, sizeof *conn);

    if (!conn)
        return NULL;
    conn->server = server;
    conn->wsi = wsi;
    conn->no = ++server->conn_count;
    conn->since_ns = clock_real_ns();
    read_peer(wsi, conn->peer);
    conn->next = server->conns;
    if (conn->next)
        conn->next->prev = conn;
    server->conns = conn;
    return conn;
}

static void drop_outs(struct out *out)
{
    while (out) {
        struct out *next = out->next;

        venue_frame_drop(out->frame);
        free(out);
        out = next;
    }
}

void conn_gone(struct venue_conn *conn)
{
    conn->dead = true;
    conn->server->config.closed(conn->server->config.ctx, conn);
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        conn->server->conns = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    drop_outs(conn->first);
    drop_outs(conn->aside);
    text_free(&conn->in);
    text_free(&conn->message);
    free(conn);
}

static void take(struct venue_conn *conn, size_t length)
{
    conn->in.length -= length;
    memmove(conn->in.at, conn->in.at + length, conn->in.length);
}

static void refuse(struct venue_conn *conn, int status)
{
    conn->keep_alive = false;
    conn->answering = true;
    venue_conn_answer(conn, status, "", "", 0, NULL);
}

static void accept_upgrade(struct venue_conn *conn, const struct wire_request *request)
{
    const struct venue_server_config *config = &conn->server->config;
    char accept[WIRE_ACCEPT_MAX];
    char head[256];
    struct venue_frame *frame;
    int status = 400;
    int length;

    if (wire_accept(accept, wire_header(request, "sec-websocket-key")))
        status = config->upgrade(config->ctx, conn, request);
    if (status != 101) {
        refuse(conn, status);
        return;
    }
    length = snprintf(head, sizeof head,
                      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                      accept);
    frame = conn_frame(head, (size_t)length, "", 0);
    conn->is_socket = true;
    conn_queue(conn, frame, NULL);
    venue_frame_drop(frame);
    config->opened(config->ctx, conn);
}

/* False: nothing whole is there. */
static bool read_request(struct venue_conn *conn, int64_t received_ns)
{
    const struct venue_server_config *config = &conn->server->config;
    struct wire_request request;
    int status = wire_request_read(&request, conn->in.at, conn->in.length);
    char behind;

    if (status == 0)
        return false;
    if (status != 200) {
        refuse(conn, status);
        return false;
    }
    conn->keep_alive = request.keep_alive;
    behind = request.body[request.body_length];
    request.body[request.body_length] = '\0';
    if (strcasecmp(wire_header(&request, "upgrade"), "websocket") == 0) {
        accept_upgrade(conn, &request);
    } else {
        conn->answering = true;
        config->request(config->ctx, conn, &request, received_ns);
    }
    request.body[request.body_length] = behind;
    take(conn, request.whole_length);
    return true;
}

static void answer_control(struct venue_conn *conn, const struct wire_frame *in)
{
    const struct venue_server_config *config = &conn->server->config;
    char head[WIRE_FRAME_HEAD_MAX];
    size_t length;
    struct venue_frame *frame;

    if (in->opcode == WIRE_PONG || (in->opcode == WIRE_PING && !config->pongs(config->ctx, conn)))
        return;
    length = wire_frame_head(head, in->opcode == WIRE_PING ? WIRE_PONG : WIRE_CLOSE, in->length);
    frame = conn_frame(head, length, in->payload, in->length);
    conn_queue(conn, frame, NULL);
    venue_frame_drop(frame);
    if (in->opcode == WIRE_CLOSE)
        venue_conn_close(conn, false);
}

static void take_data(struct venue_conn *conn, const struct wire_frame *in, int64_t received_ns)
{
    const struct venue_server_config *config = &conn->server->config;
    bool begins = in->opcode != WIRE_CONTINUED;

    if (begins == conn->in_message || in->opcode > WIRE_BINARY) {
        conn_close_by_code(conn, 1002);
        return;
    }
    if (conn->message.length + in->length > WIRE_MESSAGE_MAX) {
        conn_close_by_code(conn, 1009);
        return;
    }
    conn->in_message = !in->last;
    if (begins)
        text_clear(&conn->message);
    text_add(&conn->message, in->payload, in->length);
    if (in->last)
        config->message(config->ctx, conn, conn->message.at, conn->message.length, received_ns);
}

static bool read_frame(struct venue_conn *conn, int64_t received_ns)
{
    struct wire_frame frame;
    int code = wire_frame_read(&frame, conn->in.at, conn->in.length);

    if (code == 0)
        return false;
    if (code != 1) {
        conn_close_by_code(conn, (uint16_t)code);
        return false;
    }
    if (frame.opcode & 8)
        answer_control(conn, &frame);
    else
        take_data(conn, &frame, received_ns);
    take(conn, frame.whole_length);
    return true;
}

void conn_read_on(struct venue_conn *conn, int64_t received_ns)
{
    while (!conn->answering && !conn->closing && !conn->silent && conn->in.length > 0)
        if (!(conn->is_socket ? read_frame(conn, received_ns) : read_request(conn, received_ns)))
            break;
}

void conn_receive(struct venue_conn *conn, const char *bytes, size_t length, int64_t received_ns)
{
    if (conn->silent || conn->closing)
        return;
    if (conn->in.length == 0)
        conn->since_ns = received_ns;
    text_add(&conn->in, bytes, length);
    if (conn->in.length > WIRE_MESSAGE_MAX + WIRE_HEAD_MAX + WIRE_BODY_MAX)
        conn_reset(conn); /* it sends on while an answer is owed to it */
    else
        conn_read_on(conn, received_ns);
}

void conn_expire(struct venue_conn *conn, int64_t now_ns)
{
    int64_t most_s = conn->in.length > 0 ? CONN_REQUEST_S : CONN_IDLE_S;

    if (conn->is_socket || conn->answering || conn->closing || conn->silent || conn->first ||
        now_ns - conn->since_ns <= most_s * NS_PER_S)
        return;
    if (conn->in.length > 0)
        refuse(conn, 408);
    else
        venue_conn_close(conn, false);
}

void conn_close_by_code(struct venue_conn *conn, uint16_t code)
{
    const char body[2] = {(char)(code >> 8), (char)(code & 255)};
    char head[WIRE_FRAME_HEAD_MAX];
    size_t length = wire_frame_head(head, WIRE_CLOSE, sizeof body);
    struct venue_frame *frame = conn_frame(head, length, body, sizeof body);

    conn_queue(conn, frame, NULL);
    venue_frame_drop(frame);
    venue_conn_close(conn, false);
}

/* Dissolving the association of a TCP socket sends a reset, whatever is queued. */
void conn_reset(struct venue_conn *conn)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    conn->closing = true;
    drop_outs(conn->first);
    drop_outs(conn->aside);
    conn->first = conn->last = conn->aside = NULL;
    conn->queued = 0;
    /* What it says is of no use: the socket may be gone already. */
    (void)!connect(lws_get_socket_fd(conn->wsi), &nowhere, sizeof nowhere);
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void venue_conn_close(struct venue_conn *conn, bool reset)
{
    if (reset) {
        conn_reset(conn);
        return;
    }
    conn->closing = true;
    conn_flush(conn, clock_real_ns());
}

void venue_conn_silence(struct venue_conn *conn)
{
    conn->silent = true;
}

uint64_t venue_conn_no(const struct venue_conn *conn)
{
    return conn->no;
}

const char *venue_conn_peer(const struct venue_conn *conn)
{
    return conn->peer;
}

void *venue_conn_data(const struct venue_conn *conn)
{
    return conn->data;
}

void venue_conn_set_data(struct venue_conn *conn, void *data)
{
    conn->data = data;
}
