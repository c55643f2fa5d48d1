/* Streams: each takes a ticket and subscribes; every other never reads what it is sent. One that
 * the server closes is opened again, so that their number stays. */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 64 * 1024, CLIENTS_MAX = 4096, EVENTS = 512 };

struct streams {
    uint16_t port;
    int poll, asker; /* the second: a connection for tickets; -1: none */
    char request[2048], room[ROOM];
    size_t request_length;
    uint32_t count;
    int fd[CLIENTS_MAX];
    uint64_t bytes, reopened;
};

static const char subscribe[] =
    "{\"op\":\"subscribe\",\"topics\":[\"status\",\"positions\",\"pnl\",\"books\",\"latency\"]}";

/* Reads until the head of an answer, and the body that it announces, are there. */
static int answer_read(int fd, char *room, size_t size, size_t *length)
{
    int code = 0;

    for (*length = 0; load_answer_length(room, *length, &code) == 0;) {
        ssize_t got = recv(fd, room + *length, size - 1 - *length, 0);

        if (got <= 0)
            return 0;
        *length += (size_t)got;
        room[*length] = '\0';
    }
    return code;
}

static bool ticket_take(struct streams *streams, char ticket[128])
{
    size_t length;
    const char *at;

    if (streams->asker < 0 && (streams->asker = load_connect(streams->port)) < 0)
        return false;
    if (send(streams->asker, streams->request, streams->request_length, MSG_NOSIGNAL) < 0 ||
        answer_read(streams->asker, streams->room, ROOM, &length) != 200 ||
        !(at = strstr(streams->room, "\"ticket\":\""))) {
        close(streams->asker);
        streams->asker = -1;
        return false;
    }
    at += strlen("\"ticket\":\"");
    snprintf(ticket, 128, "%.*s", (int)strcspn(at, "\""), at);
    return true;
}

/* A masked text frame (RFC 6455) under 126 bytes; the mask is zero, which is one, too. */
static bool subscribe_send(int fd)
{
    unsigned char frame[6 + sizeof subscribe] = {0x81, 0x80 | (sizeof subscribe - 1)};

    _Static_assert(sizeof subscribe - 1 < 126, "a short frame");
    memcpy(frame + 6, subscribe, sizeof subscribe - 1);
    return send(fd, frame, 6 + sizeof subscribe - 1, MSG_NOSIGNAL) > 0;
}

/* -1: refused. */
static int stream_open_one(struct streams *streams, bool reads)
{
    char ticket[128], text[512];
    size_t length;
    int fd, small = 4096;

    if (!ticket_take(streams, ticket) || (fd = load_connect(streams->port)) < 0)
        return -1;
    if (!reads)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    snprintf(text, sizeof text,
             "GET /api/v1/stream?ticket=%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
             ticket, streams->port);
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) > 0 &&
        answer_read(fd, streams->room, ROOM, &length) == 101 && subscribe_send(fd))
        return fd;
    close(fd);
    return -1;
}

static bool stream_reopen(struct streams *streams, uint32_t at)
{
    bool reads = at % 2 == 0;
    /* What does not read learns of its end all the same. */
    struct epoll_event event = {.events = reads ? EPOLLIN : EPOLLRDHUP, .data.u32 = at};

    streams->fd[at] = stream_open_one(streams, reads);
    return streams->fd[at] >= 0 &&
           epoll_ctl(streams->poll, EPOLL_CTL_ADD, streams->fd[at], &event) == 0;
}

static void stream_serve(struct streams *streams, const struct epoll_event *event)
{
    uint32_t at = event->data.u32;
    ssize_t got = 0;

    if (event->events == EPOLLIN)
        got = recv(streams->fd[at], streams->room, ROOM, MSG_DONTWAIT);
    if (got > 0) {
        streams->bytes += (uint64_t)got;
        return;
    }
    if (got < 0 && errno == EAGAIN)
        return;
    close(streams->fd[at]);
    streams->reopened++;
    if (!stream_reopen(streams, at))
        streams->fd[at] = -1;
}

static bool input_ended(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;

    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

static void streams_run(struct streams *streams, int64_t end_ns)
{
    struct epoll_event events[EVENTS];

    while (end_ns ? load_now_ns() < end_ns : !input_ended()) {
        int count = epoll_wait(streams->poll, events, EVENTS, 100);

        for (int i = 0; i < count; i++)
            stream_serve(streams, &events[i]);
    }
}

/* The request ends with an empty line: the input goes on, as long as the load is wanted. */
static void request_read(struct streams *streams)
{
    while (streams->request_length < sizeof streams->request - 1 &&
           !strstr(streams->request, "\r\n\r\n") &&
           read(STDIN_FILENO, streams->request + streams->request_length, 1) == 1)
        streams->request_length++;
}

int ws_load_main(int argc, char **argv)
{
    static struct streams streams = {.asker = -1};
    long ms = argc == 6 ? strtol(argv[5], NULL, 10) : 0;

    if (argc != 6 || !load_pin(argv[3]) || (streams.poll = epoll_create1(EPOLL_CLOEXEC)) < 0)
        return 1;
    streams.port = (uint16_t)strtoul(argv[2], NULL, 10);
    streams.count = (uint32_t)strtoul(argv[4], NULL, 10);
    request_read(&streams);
    if (streams.count > CLIENTS_MAX)
        return 1;
    for (uint32_t i = 0; i < streams.count; i++)
        if (!stream_reopen(&streams, i)) {
            fprintf(stderr, "ws-load: client %u is refused: %.200s\n", i, streams.room);
            return 1;
        }
    printf("{\"clients\":%u}\n", streams.count);
    fflush(stdout);
    streams_run(&streams, ms ? load_now_ns() + ms * 1000000 : 0);
    printf("{\"bytes\":%llu,\"reopened\":%llu}\n", (unsigned long long)streams.bytes,
           (unsigned long long)streams.reopened);
    return 0;
}
