#include "wire_venue.h"

#include "desk.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_U = 100000, KEY_MAX = 64, WIRE_HEAD_MAX = 256 };

/* ---- sockets ---------------------------------------------------------------------------- */

enum status wire_venue_open(struct wire_venue *venue, struct err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    memset(venue, 0, sizeof *venue);
    wire_market_init(&venue->market);
    for (uint32_t n = 0; n < WIRE_CONNS; n++)
        venue->conn[n].fd = -1;
    venue->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (venue->listener < 0 || bind(venue->listener, (struct sockaddr *)&at, size) != 0 ||
        listen(venue->listener, WIRE_CONNS) != 0 ||
        getsockname(venue->listener, (struct sockaddr *)&at, &size) != 0)
        return err_format(err, ERR_IO, "127.0.0.1: %s", strerrordesc_np(errno));
    venue->port = ntohs(at.sin_port);
    return OK;
}

void wire_drop(struct wire_conn *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    conn->is_ready = false;
    conn->used = 0;
}

void wire_venue_close(struct wire_venue *venue)
{
    if (venue->listener < 0)
        return;
    for (uint32_t at = 0; at < WIRE_CONNS; at++)
        wire_drop(&venue->conn[at]);
    close(venue->listener);
    venue->listener = -1;
}

static bool take_in(struct wire_venue *venue)
{
    int fd = accept4(venue->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int on = 1;

    if (fd < 0)
        return false;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (uint32_t at = 0; at < WIRE_CONNS; at++)
        if (venue->conn[at].fd < 0) {
            venue->conn[at].fd = fd;
            venue->conn[at].kind = WIRE_NEW;
            return true;
        }
    close(fd);
    return false;
}

ssize_t wire_send_some(struct wire_conn *conn, const char *bytes, size_t length)
{
    ssize_t sent = send(conn->fd, bytes, length, MSG_NOSIGNAL);

    if (sent >= 0)
        return sent;
    if (errno == EAGAIN || errno == EINTR)
        return 0;
    wire_drop(conn);
    return -1;
}

bool wire_send(struct wire_conn *conn, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = wire_send_some(conn, bytes, length);

        if (sent < 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

struct wire_conn *wire_find(struct wire_venue *venue, enum wire_kind kind, uint32_t at)
{
    for (uint32_t n = 0; n < WIRE_CONNS; n++) {
        struct wire_conn *conn = &venue->conn[n];

        if (conn->fd >= 0 && conn->kind == kind && conn->is_ready && at-- == 0)
            return conn;
    }
    return NULL;
}

/* ---- frames ----------------------------------------------------------------------------- */

size_t wire_frame(char *bytes, const char *text, size_t length)
{
    size_t head = length < 126 ? 2 : 4;

    assert(length < 65536);
    memmove(bytes + head, text, length);
    bytes[0] = (char)0x81;
    bytes[1] = (char)(length < 126 ? length : 126);
    if (length >= 126) {
        bytes[2] = (char)(length >> 8);
        bytes[3] = (char)length;
    }
    return head + length;
}

static bool say(struct wire_conn *conn, const char *text)
{
    char bytes[WIRE_TEXT_MAX];

    return wire_send(conn, bytes, wire_frame(bytes, text, strlen(text)));
}

static size_t print_head(char *at, const char *type)
{
    return (size_t)snprintf(at, WIRE_HEAD_MAX,
                            "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"%s\",\"ts\":%" PRId64
                            ",\"data\":{\"s\":\"BTCUSDT\",\"b\":[",
                            type, clock_real_ns() / 1000000);
}

static size_t print_tail(char *at, int64_t u)
{
    return (size_t)snprintf(at, 128,
                            "],\"u\":%" PRId64 ",\"seq\":%" PRId64 "},\"cts\":%" PRId64 "}", u,
                            u * 10, clock_real_ns() / 1000000);
}

void wire_market_init(struct wire_market *market)
{
    *market = (struct wire_market){.random = 0x9e3779b97f4a7c15ULL, .u = FIRST_U};
}

size_t wire_delta(struct wire_market *market, char bytes[WIRE_TEXT_MAX])
{
    char *text = bytes + 4;
    size_t used = print_head(text, "delta");

    market->u++;
    used +=
        desk_print_side(text + used, WIRE_TEXT_MAX / 2, market->frame, SIDE_BUY, &market->random);
    used += (size_t)snprintf(text + used, 16, "],\"a\":[");
    used +=
        desk_print_side(text + used, WIRE_TEXT_MAX / 2, market->frame, SIDE_SELL, &market->random);
    used += print_tail(text + used, market->u);
    market->frame++;
    return wire_frame(bytes, text, used);
}

size_t wire_snapshot(struct wire_market *market, char bytes[WIRE_TEXT_MAX])
{
    char *text = bytes + 4;
    size_t used = print_head(text, "snapshot");

    market->frame = 0;
    market->u++;
    used += desk_print_whole(text + used, WIRE_TEXT_MAX / 2, SIDE_BUY, WIRE_LEVELS);
    used += (size_t)snprintf(text + used, 16, "],\"a\":[");
    used += desk_print_whole(text + used, WIRE_TEXT_MAX / 2, SIDE_SELL, WIRE_LEVELS);
    used += print_tail(text + used, market->u);
    assert(used + 4 < WIRE_TEXT_MAX);
    return wire_frame(bytes, text, used);
}

/* ---- what is asked ---------------------------------------------------------------------- */

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* The value of "key":"..": a copy. */
static const char *value_of(const char *text, const char *key, char value[KEY_MAX])
{
    const char *at = strstr(text, key);
    size_t length;

    value[0] = '\0';
    if (!at)
        return value;
    at += strlen(key);
    length = strcspn(at, "\"");
    if (length < KEY_MAX)
        snprintf(value, KEY_MAX, "%.*s", (int)length, at);
    return value;
}

static void public_text(struct wire_venue *venue, struct wire_conn *conn, const char *text)
{
    char bytes[WIRE_TEXT_MAX];

    if (has(text, "\"op\":\"ping\"")) {
        say(conn, "{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"bench\",\"req_id\":\"\","
                  "\"op\":\"ping\"}");
        return;
    }
    say(conn, "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"bench\",\"req_id\":\"\","
              "\"op\":\"subscribe\"}");
    if (has(text, "\"op\":\"subscribe\"") && has(text, "orderbook.50.BTCUSDT"))
        conn->is_ready = wire_send(conn, bytes, wire_snapshot(&venue->market, bytes));
}

static void private_text(struct wire_conn *conn, const char *text)
{
    if (has(text, "\"op\":\"ping\"")) {
        say(conn, "{\"op\":\"pong\",\"args\":[\"1\"],\"conn_id\":\"bench\"}");
        return;
    }
    conn->is_ready = has(text, "\"op\":\"subscribe\"");
    say(conn, conn->is_ready ? "{\"success\":true,\"ret_msg\":\"\",\"op\":\"subscribe\","
                               "\"conn_id\":\"bench\"}"
                             : "{\"success\":true,\"ret_msg\":\"\",\"op\":\"auth\","
                               "\"conn_id\":\"bench\"}");
}

static void end_order(struct wire_venue *venue, const char *link, const char *text)
{
    struct wire_conn *conn = wire_find(venue, WIRE_PRIVATE, 0);
    char price[KEY_MAX], qty[KEY_MAX], row[1024];

    if (!conn)
        return;
    snprintf(
        row, sizeof row,
        "{\"id\":\"%" PRIu64 "\",\"topic\":\"order\",\"creationTime\":%" PRId64
        ",\"data\":[{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderId\":\"bench-%" PRIu64
        "\",\"orderLinkId\":\"%s\",\"side\":\"%s\",\"orderType\":\"Limit\",\"orderStatus\":"
        "\"Cancelled\",\"rejectReason\":\"EC_NoImmediateQtyToFill\",\"cancelType\":\"UNKNOWN\","
        "\"timeInForce\":\"IOC\",\"price\":\"%s\",\"qty\":\"%s\",\"cumExecQty\":\"0\","
        "\"avgPrice\":\"\",\"updatedTime\":\"%" PRId64 "\"}]}",
        venue->answers, clock_real_ns() / 1000000, venue->answers, link,
        has(text, "\"side\":\"Buy\"") ? "Buy" : "Sell", value_of(text, "\"price\":\"", price),
        value_of(text, "\"qty\":\"", qty), clock_real_ns() / 1000000);
    say(conn, row);
}

static void trade_text(struct wire_venue *venue, struct wire_conn *conn, const char *text)
{
    char request[KEY_MAX], link[KEY_MAX], reply[512];

    if (!has(text, "\"op\":\"order.create\"")) {
        conn->is_ready = conn->is_ready || has(text, "\"op\":\"auth\"");
        say(conn, has(text, "\"op\":\"auth\"")
                      ? "{\"retCode\":0,\"retMsg\":\"OK\",\"op\":\"auth\",\"connId\":\"bench\"}"
                      : "{\"op\":\"pong\",\"retCode\":0,\"retMsg\":\"OK\",\"connId\":\"bench\"}");
        return;
    }
    venue->orders++;
    venue->answers++;
    value_of(text, "\"orderLinkId\":\"", link);
    snprintf(reply, sizeof reply,
             "{\"reqId\":\"%s\",\"retCode\":0,\"retMsg\":\"OK\",\"op\":\"order.create\",\"data\":{"
             "\"orderId\":\"bench-%" PRIu64 "\",\"orderLinkId\":\"%s\"},\"retExtInfo\":{},"
             "\"header\":{\"X-Bapi-Limit\":\"10\"},\"connId\":\"bench\"}",
             value_of(text, "\"reqId\":\"", request), venue->answers, link);
    say(conn, reply);
    end_order(venue, link, text);
}

static void take_text(struct wire_venue *venue, struct wire_conn *conn, const char *text)
{
    switch (conn->kind) {
    case WIRE_PUBLIC:
        public_text(venue, conn, text);
        break;
    case WIRE_PRIVATE:
        private_text(conn, text);
        break;
    case WIRE_TRADE:
        trade_text(venue, conn, text);
        break;
    case WIRE_ECHO:
    case WIRE_REST:
    case WIRE_NEW:
        break;
    }
}

/* ---- requests --------------------------------------------------------------------------- */

static const char *rest_result(const char *path, char result[WIRE_TEXT_MAX])
{
    int64_t now_ns = clock_real_ns();

    if (strncmp(path, "/v5/market/time", 15) == 0)
        snprintf(result, WIRE_TEXT_MAX,
                 "{\"timeSecond\":\"%" PRId64 "\",\"timeNano\":\"%" PRId64 "\"}",
                 now_ns / 1000000000, now_ns);
    else if (strncmp(path, "/v5/market/instruments-info", 27) == 0)
        snprintf(
            result, WIRE_TEXT_MAX,
            "{\"category\":\"linear\",\"list\":[{\"symbol\":\"BTCUSDT\",\"status\":\"Trading\","
            "\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDT\",\"priceFilter\":{\"tickSize\":\"0.10\"},"
            "\"lotSizeFilter\":{\"qtyStep\":\"0.001\"}}],\"nextPageCursor\":\"\"}");
    else if (strncmp(path, "/v5/account/fee-rate", 20) == 0)
        snprintf(
            result, WIRE_TEXT_MAX,
            "{\"list\":[{\"symbol\":\"BTCUSDT\",\"takerFeeRate\":\"0\",\"makerFeeRate\":\"0\"}]}");
    else
        snprintf(result, WIRE_TEXT_MAX,
                 "{\"category\":\"linear\",\"list\":[],\"nextPageCursor\":\"\"}");
    return result;
}

static void answer_rest(struct wire_conn *conn, const char *path)
{
    char result[WIRE_TEXT_MAX], body[WIRE_TEXT_MAX + 128], whole[2 * WIRE_TEXT_MAX];
    int length = snprintf(body, sizeof body,
                          "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":%s,\"retExtInfo\":{},"
                          "\"time\":%" PRId64 "}",
                          rest_result(path, result), clock_real_ns() / 1000000);
    int all = snprintf(whole, sizeof whole,
                       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                       "Content-Length: %d\r\n\r\n%s",
                       length, body);

    wire_send(conn, whole, (size_t)all);
}

static void upgrade(struct wire_conn *conn, const char *key)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_MAX + sizeof guid], reply[256];
    unsigned char digest[SHA_DIGEST_LENGTH], accept[32];
    int length = snprintf(text, sizeof text, "%s%s", key, guid);

    SHA1((const unsigned char *)text, (size_t)length, digest);
    EVP_EncodeBlock(accept, digest, sizeof digest);
    length = snprintf(reply, sizeof reply,
                      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                      (const char *)accept);
    wire_send(conn, reply, (size_t)length);
}

static enum wire_kind kind_of(const char *path)
{
    return strncmp(path, "/v5/public/", 11) == 0   ? WIRE_PUBLIC
           : strncmp(path, "/v5/private", 11) == 0 ? WIRE_PRIVATE
           : strncmp(path, "/v5/trade", 9) == 0    ? WIRE_TRADE
           : strncmp(path, "/echo", 5) == 0        ? WIRE_ECHO
                                                   : WIRE_REST;
}

/* Without a body: the account is only read. */
static uint32_t take_request(struct wire_conn *conn)
{
    char *end = memmem(conn->in, conn->used, "\r\n\r\n", 4);
    char *path = end ? memchr(conn->in, ' ', (size_t)(end - conn->in)) : NULL;
    char *key;

    if (!path)
        return 0;
    *end = '\0';
    path++;
    conn->kind = kind_of(path);
    if (conn->kind == WIRE_REST) {
        answer_rest(conn, path);
    } else {
        char value[KEY_MAX];

        key = strcasestr(conn->in, "sec-websocket-key: ");
        snprintf(value, sizeof value, "%.*s", key ? (int)strcspn(key + 19, "\r") : 0,
                 key ? key + 19 : "");
        upgrade(conn, value);
        conn->is_ready = conn->kind == WIRE_ECHO;
    }
    return (uint32_t)(end + 4 - conn->in);
}

/* ---- reading ---------------------------------------------------------------------------- */

struct incoming {
    unsigned opcode;
    size_t head, length; /* the head with its mask */
};

static bool frame_is_whole(const struct wire_conn *conn, struct incoming *frame)
{
    const uint8_t *in = (const uint8_t *)conn->in;

    if (conn->used < 6)
        return false;
    frame->opcode = in[0] & 15;
    frame->length = in[1] & 127;
    frame->head = 6;
    if (frame->length == 126) {
        frame->length = (size_t)in[2] << 8 | in[3];
        frame->head = 8;
    }
    assert(frame->head + frame->length < WIRE_IN_BYTES);
    return conn->used >= frame->head + frame->length;
}

static uint32_t take_frame(struct wire_venue *venue, struct wire_conn *conn)
{
    struct incoming frame;
    char text[WIRE_TEXT_MAX];

    if (!frame_is_whole(conn, &frame))
        return 0;
    assert(frame.length < sizeof text);
    if (conn->kind == WIRE_TRADE || conn->kind == WIRE_ECHO) {
        venue->came_ns = clock_mono_ns();
        venue->came = conn->kind;
    }
    for (size_t at = 0; at < frame.length; at++)
        text[at] = (char)(conn->in[frame.head + at] ^ conn->in[frame.head - 4 + at % 4]);
    text[frame.length] = '\0';
    if (frame.opcode == 1)
        take_text(venue, conn, text);
    return (uint32_t)(frame.head + frame.length);
}

static uint32_t read_conn(struct wire_venue *venue, struct wire_conn *conn)
{
    ssize_t got = recv(conn->fd, conn->in + conn->used, WIRE_IN_BYTES - conn->used, MSG_DONTWAIT);
    uint32_t texts = 0;
    uint32_t taken;

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        wire_drop(conn);
    if (got <= 0)
        return 0;
    conn->used += (uint32_t)got;
    while (conn->fd >= 0 &&
           (taken = conn->kind == WIRE_NEW || conn->kind == WIRE_REST ? take_request(conn)
                                                                      : take_frame(venue, conn))) {
        conn->used -= taken;
        memmove(conn->in, conn->in + taken, conn->used);
        texts++;
    }
    return texts;
}

uint32_t wire_poll(struct wire_venue *venue)
{
    uint32_t texts = 0;

    while (take_in(venue))
        ;
    for (uint32_t at = 0; at < WIRE_CONNS; at++)
        if (venue->conn[at].fd >= 0)
            texts += read_conn(venue, &venue->conn[at]);
    return texts;
}

bool wire_await(struct wire_venue *venue, enum wire_kind kind, int64_t patience_ns)
{
    struct wire_conn *conn = wire_find(venue, kind, 0);
    int64_t until_ns = clock_mono_ns() + patience_ns;
    uint32_t turns = 0;

    while (conn && conn->fd >= 0) {
        if (read_conn(venue, conn) > 0)
            return true;
        if (++turns % 1024 == 0 && clock_mono_ns() > until_ns)
            return false;
    }
    return false;
}
