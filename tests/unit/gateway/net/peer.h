/* The other end of a connection, scripted by a test in its own thread: each step turns the net
 * until it is done, so that nothing is timed. Seconds only bound how long a test that fails takes.
 */
#ifndef PITWALL_TESTS_GATEWAY_NET_PEER_H
#define PITWALL_TESTS_GATEWAY_NET_PEER_H

#include "gateway/net/net.h"
#include "thread/clock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <libwebsockets.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_PATIENCE_NS 10000000000LL
#define TURN_UNTIL(net, condition)                                                                 \
    for (int64_t patience_ns = clock_mono_ns() + PEER_PATIENCE_NS; !(condition);) {                \
        net_poll(net);                                                                             \
        cr_assert_lt(clock_mono_ns(), patience_ns, "not in time: " #condition);                    \
    }

static inline int peer_listen(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    at.sin_port = htons(*port);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(listen(fd, 16), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static inline int peer_accept(struct net *net, int listening)
{
    int fd = -1;

    TURN_UNTIL(net, (fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0);
    return fd;
}

/* Exactly so many bytes; false when the client has closed. */
static inline bool peer_read(struct net *net, int fd, void *into, size_t length)
{
    size_t have = 0;
    ssize_t got = -1;

    while (have < length) {
        TURN_UNTIL(net, (got = recv(fd, (char *)into + have, length - have, MSG_DONTWAIT)) >= 0 ||
                            (errno != EAGAIN && errno != EINTR));
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return true;
}

/* Up to and with `end`. */
static inline void peer_read_until(struct net *net, int fd, const char *end, char *into,
                                   size_t size)
{
    size_t have = 0;

    while (have < strlen(end) || memcmp(into + have - strlen(end), end, strlen(end)) != 0) {
        cr_assert_lt(have + 1, size);
        cr_assert(peer_read(net, fd, into + have, 1), "closed by the client");
        have++;
    }
    into[have] = '\0';
}

static inline void peer_write(struct net *net, int fd, const void *bytes, size_t length)
{
    size_t sent = 0;
    ssize_t some = 0;

    while (sent < length) {
        TURN_UNTIL(net, (some = send(fd, (const char *)bytes + sent, length - sent,
                                     MSG_DONTWAIT | MSG_NOSIGNAL)) >= 0 ||
                            errno != EAGAIN);
        if (some < 0)
            return; /* the client has gone */
        sent += (size_t)some;
    }
}

static inline void peer_says(struct net *net, int fd, const char *text)
{
    peer_write(net, fd, text, strlen(text));
}

static inline void peer_upgrade(struct net *net, int fd)
{
    char head[4096], joined[128], digest[20], accept[64], answer[256];
    char *key;

    peer_read_until(net, fd, "\r\n\r\n", head, sizeof head);
    key = strcasestr(head, "sec-websocket-key: ");
    cr_assert_not_null(key);
    key += strlen("sec-websocket-key: ");
    snprintf(joined, sizeof joined, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
             (int)strcspn(key, "\r"), key);
    lws_SHA1((unsigned char *)joined, strlen(joined), (unsigned char *)digest);
    lws_b64_encode_string(digest, 20, accept, sizeof accept);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept);
    peer_says(net, fd, answer);
}

/* opcode 1: text, 0: continuation, 8: close, 9: ping, 10: pong. */
static inline size_t peer_frame_bytes(char *out, int opcode, bool fin, const char *text,
                                      size_t length)
{
    size_t at = 0;

    out[at++] = (char)((fin ? 0x80 : 0) | opcode);
    if (length < 126) {
        out[at++] = (char)length;
    } else if (length < 65536) {
        out[at++] = 126;
        out[at++] = (char)(length >> 8);
        out[at++] = (char)length;
    } else {
        out[at++] = 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            out[at++] = (char)((uint64_t)length >> shift);
    }
    memcpy(out + at, text, length);
    return at + length;
}

static inline void peer_frame(struct net *net, int fd, int opcode, bool fin, const char *text,
                              size_t length)
{
    char *bytes = malloc(length + 16);

    peer_write(net, fd, bytes, peer_frame_bytes(bytes, opcode, fin, text, length));
    free(bytes);
}

static inline void peer_text(struct net *net, int fd, const char *text)
{
    peer_frame(net, fd, 1, true, text, strlen(text));
}

/* The next frame of the client; its opcode, -1: closed. `into` ends with NUL. */
static inline int peer_hears(struct net *net, int fd, char *into, size_t size)
{
    unsigned char head[2], more[8], mask[4];
    uint64_t length;

    if (!peer_read(net, fd, head, 2))
        return -1;
    length = head[1] & 0x7F;
    if (length >= 126) {
        int bytes = length == 126 ? 2 : 8;

        cr_assert(peer_read(net, fd, more, (size_t)bytes));
        length = 0;
        for (int at = 0; at < bytes; at++)
            length = length << 8 | more[at];
    }
    cr_assert_lt(length, size);
    cr_assert(head[1] & 0x80, "a client masks");
    if (!peer_read(net, fd, mask, 4) || !peer_read(net, fd, into, length))
        return -1;
    for (uint64_t at = 0; at < length; at++)
        into[at] ^= (char)mask[at % 4];
    into[length] = '\0';
    return head[0] & 0x0F;
}

#endif
