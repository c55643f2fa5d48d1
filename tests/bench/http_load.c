/* One request, sent again and again over many connections: as fast as it is answered. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 2048, DEPTH_MAX = 64, ROOM = 128 * 1024, EVENTS = 512 };

struct connection {
    int fd;
    uint32_t waiting; /* requests without an answer */
    size_t length;
    char *bytes;
};

struct load {
    char request[REQUEST_MAX], batch[REQUEST_MAX * DEPTH_MAX];
    size_t request_length;
    uint32_t connections, depth;
    struct connection *connection;
    uint64_t answers, refused;
};

int64_t load_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

bool load_pin(const char *core)
{
    long number = strtol(core, NULL, 10);
    cpu_set_t cores;

    if (number < 0)
        return true;
    CPU_ZERO(&cores);
    CPU_SET((size_t)number, &cores);
    return sched_setaffinity(0, sizeof cores, &cores) == 0;
}

size_t load_read_input(char *text, size_t room)
{
    size_t length = fread(text, 1, room - 1, stdin);

    text[length] = '\0';
    return length;
}

int load_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

size_t load_answer_length(const char *bytes, size_t length, int *code)
{
    static const char name[] = "\nContent-Length: ";
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    const char *said;
    size_t head, body;

    if (!end || length < 12)
        return 0;
    head = (size_t)(end - bytes) + 4;
    said = memmem(bytes, head, name, sizeof name - 1);
    body = said ? strtoul(said + sizeof name - 1, NULL, 10) : 0;
    *code = (int)strtol(bytes + 9, NULL, 10);
    return length >= head + body ? head + body : 0;
}

/* --- one connection --- */

static bool connection_ask(struct load *load, struct connection *connection, uint32_t count)
{
    size_t length = count * load->request_length;

    connection->waiting += count;
    /* What is on its way is far less than what a socket holds: all or nothing. */
    return send(connection->fd, load->batch, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Takes the whole answers off the buffer; returns how many. */
static uint32_t connection_take(struct load *load, struct connection *connection)
{
    size_t taken = 0, length;
    uint32_t count = 0;
    int code = 0;

    while ((length = load_answer_length(connection->bytes + taken, connection->length - taken,
                                        &code)) != 0) {
        taken += length;
        count++;
        load->refused += code != 200;
    }
    connection->length -= taken;
    memmove(connection->bytes, connection->bytes + taken, connection->length);
    return count;
}

static bool connection_serve(struct load *load, struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->bytes + connection->length,
                       ROOM - connection->length, MSG_DONTWAIT);
    uint32_t count;

    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    connection->length += (size_t)got;
    count = connection_take(load, connection);
    load->answers += count;
    connection->waiting -= count;
    return count == 0 || connection_ask(load, connection, count);
}

/* --- all of them --- */

static bool load_open(struct load *load, uint16_t port, int poll)
{
    load->connection = calloc(load->connections, sizeof *load->connection);
    for (uint32_t i = 0; load->connection && i < load->connections; i++) {
        struct connection *connection = &load->connection[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

        connection->bytes = malloc(ROOM);
        connection->fd = load_connect(port);
        if (!connection->bytes || connection->fd < 0 ||
            epoll_ctl(poll, EPOLL_CTL_ADD, connection->fd, &event) != 0) {
            fprintf(stderr, "http-load: connection %u: %s\n", i, strerror(errno));
            return false;
        }
    }
    return load->connection != NULL;
}

static bool load_run(struct load *load, int poll, int64_t end_ns)
{
    struct epoll_event events[EVENTS];

    for (uint32_t i = 0; i < load->connections; i++)
        if (!connection_ask(load, &load->connection[i], load->depth))
            return false;
    while (load_now_ns() < end_ns) {
        int count = epoll_wait(poll, events, EVENTS, 100);

        for (int i = 0; i < count; i++)
            if (!connection_serve(load, events[i].data.ptr)) {
                fprintf(stderr, "http-load: a connection was closed\n");
                return false;
            }
    }
    return true;
}

int http_load_main(int argc, char **argv)
{
    static struct load load;
    int poll = epoll_create1(EPOLL_CLOEXEC);
    int64_t from_ns, to_ns;

    if (argc != 7 || poll < 0 || !load_pin(argv[3]))
        return 1;
    load.connections = (uint32_t)strtoul(argv[4], NULL, 10);
    load.depth = (uint32_t)strtoul(argv[5], NULL, 10);
    load.request_length = load_read_input(load.request, sizeof load.request);
    if (load.connections == 0 || load.depth == 0 || load.depth > DEPTH_MAX)
        return 1;
    for (uint32_t i = 0; i < load.depth; i++)
        memcpy(load.batch + i * load.request_length, load.request, load.request_length);
    if (!load_open(&load, (uint16_t)strtoul(argv[2], NULL, 10), poll))
        return 1;
    from_ns = load_now_ns();
    if (!load_run(&load, poll, from_ns + strtoll(argv[6], NULL, 10) * 1000000))
        return 1;
    to_ns = load_now_ns();
    printf("{\"answers\":%llu,\"refused\":%llu,\"ns\":%lld}\n", (unsigned long long)load.answers,
           (unsigned long long)load.refused, (long long)(to_ns - from_ns));
    return 0;
}
