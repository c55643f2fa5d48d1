/* What comes in on a socket: the answer to the handshake, then frames in whatever pieces. */
#include "gateway/net/inside.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 16 << 10 };
#define LASTED_NS 1000000000LL

/* With room for NUL and NET_PADDING behind it. */
static bool gather(struct net_socket *socket, const char *bytes, size_t length)
{
    size_t wanted = socket->gathered + length + NET_PADDING + 1;

    if (wanted > socket->gather_size) {
        size_t size = socket->gather_size * 2 > wanted ? socket->gather_size * 2 : wanted;
        char *larger = realloc(socket->gather, size);

        if (!larger) {
            socket_break(socket, NET_FAILED, 0, "no memory for a frame");
            return false;
        }
        socket->gather = larger;
        socket->gather_size = size;
    }
    memcpy(socket->gather + socket->gathered, bytes, length);
    socket->gathered += length;
    return true;
}

/* ---- the handshake ---------------------------------------------------------------------- */

void socket_shake(void *owner)
{
    struct net_socket *socket = owner;
    uint32_t random[WS_KEY_BYTES / sizeof(uint32_t)];
    char text[3 * NET_URL_MAX];
    size_t length;

    for (uint32_t at = 0; at < sizeof random / sizeof random[0]; at++)
        random[at] = net_entropy(socket->net);
    ws_key((const uint8_t *)random, socket->key);
    length = ws_request(text, sizeof text, socket->url.path, socket->url.authority, socket->key);
    assert(length > 0);
    conn_write(socket->conn, text, length);
}

static void socket_stands(struct net_socket *socket)
{
    socket->attempting = false;
    socket->connects++;
    socket->gathered = 0;
    socket->up_ns = socket->heard_ns = socket->beat_ns = socket->net->now_ns;
    socket->config.opened(socket->config.ctx, socket->epoch);
}

static void judge_answer(struct net_socket *socket, const char *head)
{
    int status = ws_status(head);
    char says[64];

    snprintf(says, sizeof says, "the handshake was answered with HTTP status %d", status);
    if (status == 101 && ws_is_accepted(head, socket->key))
        socket_stands(socket);
    else if (status == 101 || status == 0)
        socket_break(socket, NET_FAILED, 0, "the handshake was answered by no WebSocket server");
    else
        socket_break(socket, NET_REFUSED, status, says);
}

/* Up to the end of the answer's head. */
static size_t take_answer(struct net_socket *socket, const char *bytes, size_t length)
{
    size_t before = socket->gathered;
    char *end;
    size_t used;

    if (before + length > ANSWER_MAX) {
        socket_break(socket, NET_FAILED, 0, "the answer to the handshake has no end");
        return length;
    }
    if (!gather(socket, bytes, length))
        return length;
    end = memmem(socket->gather, socket->gathered, "\r\n\r\n", 4);
    if (!end)
        return length;
    used = (size_t)(end + 4 - socket->gather) - before;
    end[2] = '\0';
    judge_answer(socket, socket->gather);
    return used;
}

/* ---- frames ----------------------------------------------------------------------------- */

static void take_control(struct net_socket *socket, unsigned opcode)
{
    char *text = socket->control + WS_HEAD_MAX;

    if (opcode == WS_PONG)
        return;
    if (conn_can_write(socket->conn)) /* else a later ping's pong will do */
        socket_write(socket, text, socket->control_used, opcode == WS_PING ? WS_PONG : WS_CLOSE);
    if (opcode == WS_CLOSE)
        socket_break(socket, NET_CLOSED, 0, "closed by the peer");
}

static void take_message(struct net_socket *socket, int64_t received_ns)
{
    memset(socket->gather + socket->gathered, 0, NET_PADDING + 1);
    if (socket->heard_ns - socket->up_ns >= LASTED_NS)
        backoff_proved(&socket->backoff);
    socket->config.frame(socket->config.ctx, socket->epoch, socket->gather, socket->gathered,
                         received_ns);
}

static bool is_control(const struct ws_head *head)
{
    return head->opcode >= WS_CLOSE;
}

/* Ready for what follows the head. False: the connection was broken off. */
static bool begin_frame(struct net_socket *socket)
{
    const struct ws_head *head = &socket->head;

    socket->left = head->length;
    socket->control_used = 0;
    if (is_control(head))
        return true;
    if (head->opcode != WS_MORE_OF_IT)
        socket->gathered = 0;
    if (head->length <= socket->config.frame_max &&
        socket->gathered + head->length <= socket->config.frame_max)
        return gather(socket, "", 0);
    socket_break(socket, NET_TOO_LARGE, 0, "a frame is larger than is taken");
    return false;
}

static size_t take_head(struct net_socket *socket, const char *bytes, size_t length)
{
    const char *wrong = NULL;
    size_t taken;
    enum ws_result result = ws_read(&socket->head, bytes, length, &taken, &wrong);

    if (result == WS_BAD)
        socket_break(socket, NET_FAILED, 0, wrong);
    else if (result == WS_WHOLE)
        begin_frame(socket);
    return taken;
}

static size_t take_payload(struct net_socket *socket, const char *bytes, size_t length)
{
    size_t piece = length < socket->left ? length : (size_t)socket->left;

    if (is_control(&socket->head)) {
        memcpy(socket->control + WS_HEAD_MAX + socket->control_used, bytes, piece);
        socket->control_used += piece;
    } else if (!gather(socket, bytes, piece)) {
        return length;
    }
    socket->left -= piece;
    return piece;
}

static void end_frame(struct net_socket *socket, int64_t received_ns)
{
    struct ws_head head = socket->head;

    socket->head = (struct ws_head){0};
    if (is_control(&head))
        take_control(socket, head.opcode);
    else if (head.last)
        take_message(socket, received_ns);
}

size_t socket_received(void *owner, char *bytes, size_t length)
{
    struct net_socket *socket = owner;
    const struct conn *conn = socket->conn;
    int64_t received_ns = clock_real_ns();
    size_t used = 0;
    uint32_t frames = 0;

    socket->heard_ns = socket->net->now_ns;
    if (socket->up_ns == 0)
        used = take_answer(socket, bytes, length);
    while (used < length && frames < NET_TURN_FRAMES && socket->conn == conn) {
        if (!socket->head.is_whole)
            used += take_head(socket, bytes + used, length - used);
        else
            used += take_payload(socket, bytes + used, length - used);
        if (socket->conn == conn && socket->head.is_whole && socket->left == 0) {
            frames++;
            end_frame(socket, received_ns);
        }
    }
    return socket->conn == conn ? used : length;
}
