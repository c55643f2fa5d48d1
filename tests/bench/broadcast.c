/* The stream's broadcast beside a bare loop of send(): one frame to 1,000 clients over loopback.
 *
 * Ours is all that a tick does when one topic has changed: looks who wants what, makes the frame,
 * puts a reference into each queue, writes, looks after each client. The bare loop sends a frame
 * that is made already to the same sockets. CPU time of the thread, turn about; what was sent is
 * read between, outside of the measured time. */
#include "benches.h"

#include "stream/crowd.h"
#include "thread/clock.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 1000, TEXT = 420, TURNS = 20, ROUNDS = 21, DESCRIPTORS = 4096 };

struct broadcast {
    struct crowd crowd;
    struct channel channel;
    struct stream_counters counters;
    int peer[CLIENTS];
    uint32_t peers;
    char text[TEXT + 1];
};

static bool raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < DESCRIPTORS)
        return false;
    if (limit.rlim_cur < DESCRIPTORS)
        limit.rlim_cur = DESCRIPTORS;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static int listener_open(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd >= 0 && bind(fd, (struct sockaddr *)address, sizeof *address) == 0 &&
        listen(fd, 16) == 0 && getsockname(fd, (struct sockaddr *)address, &length) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool client_join(struct broadcast *broadcast, int fd)
{
    struct client *client =
        client_open(NULL, fd, NULL, 0, &(struct actor){.role = ROLE_VIEWER}, &broadcast->counters);
    int on = 1;

    if (!client)
        return false;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client_subscribe(client, TOPIC_BOOKS, broadcast->channel.seq);
    crowd_add(&broadcast->crowd, client, clock_mono_ns());
    return true;
}

static bool clients_open(struct broadcast *broadcast)
{
    struct sockaddr_in address;
    int listener = listener_open(&address);
    bool opened = listener >= 0;

    for (uint32_t i = 0; opened && i < CLIENTS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        opened = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
        if (opened)
            broadcast->peer[broadcast->peers++] = fd;
        opened = opened && client_join(broadcast, accept(listener, NULL, NULL));
    }
    if (listener >= 0)
        close(listener);
    return opened;
}

static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t ours_ns(struct broadcast *broadcast)
{
    int64_t began_ns = cpu_ns(), now_ns = clock_mono_ns();

    channel_say(&broadcast->channel, now_ns, broadcast->text);
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        bool now;

        if (crowd_wants(&broadcast->crowd, (enum topic_id)topic, &now))
            crowd_feed(&broadcast->crowd, (enum topic_id)topic, &broadcast->channel, now_ns);
    }
    (void)crowd_flush(&broadcast->crowd, now_ns);
    return cpu_ns() - began_ns;
}

static int64_t bare_ns(const struct broadcast *broadcast, const struct frame *frame, bool *sent)
{
    int64_t began_ns = cpu_ns();

    for (uint32_t i = 0; i < CLIENTS; i++)
        *sent &= send(broadcast->crowd.client[i]->fd, frame->bytes, frame->length,
                      MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)frame->length;
    return cpu_ns() - began_ns;
}

/* Every client has been sent one frame of that length. */
static bool drain(const struct broadcast *broadcast, size_t length)
{
    char bytes[2 * TEXT];
    bool got = length <= sizeof bytes;

    for (uint32_t i = 0; got && i < CLIENTS; i++)
        got = recv(broadcast->peer[i], bytes, length, MSG_WAITALL) == (ssize_t)length;
    return got;
}

static bool measure(struct broadcast *broadcast, uint32_t rounds, struct bench_figure *ratio)
{
    double bare[BENCH_ROUNDS_MAX];
    bool sent = true;

    for (uint32_t round = 0; sent && round < rounds; round++) {
        int64_t ours_sum_ns = 0, bare_sum_ns = 0;

        for (uint32_t turn = 0; sent && turn < TURNS; turn++) {
            const struct frame *frame;

            ours_sum_ns += ours_ns(broadcast);
            frame = channel_frame(&broadcast->channel, broadcast->channel.seq);
            sent = drain(broadcast, frame->length);
            bare_sum_ns += bare_ns(broadcast, frame, &sent);
            sent = sent && drain(broadcast, frame->length);
        }
        bare[round] = (double)bare_sum_ns / TURNS / 1000;
        bench_round(ratio, (double)ours_sum_ns / (double)bare_sum_ns);
    }
    ratio->anchor_value = bench_median(bare, rounds);
    return sent && broadcast->crowd.count == CLIENTS;
}

static void close_all(struct broadcast *broadcast)
{
    crowd_close(&broadcast->crowd);
    channel_close(&broadcast->channel);
    for (uint32_t i = 0; i < broadcast->peers; i++)
        close(broadcast->peer[i]);
    free(broadcast);
}

bool bench_broadcast(struct bench *bench)
{
    struct bench_figure ratio = {.id = "i6.broadcast",
                                 .unit = "times the CPU time",
                                 .anchor = "bare send() to 1,000 sockets, us",
                                 .target = 1.15,
                                 .sense = "max"};
    struct broadcast *broadcast;
    bool measured;

    if (!bench_wants(bench, ratio.id))
        return true;
    broadcast = calloc(1, sizeof *broadcast);
    if (!broadcast)
        return false;
    memset(broadcast->text, '1', TEXT);
    measured = crowd_open(&broadcast->crowd) && raise_descriptors() &&
               channel_open(&broadcast->channel, "books", CHANNEL_STATE, clock_real_ns()) &&
               clients_open(broadcast) && measure(broadcast, bench->quick ? 3 : ROUNDS, &ratio);
    if (measured)
        bench_add(bench, &ratio);
    else
        fprintf(stderr, "benches: broadcast: %u clients, not all were sent what was meant\n",
                broadcast->crowd.count);
    close_all(broadcast);
    return measured;
}
