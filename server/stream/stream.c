#include "stream/stream.h"

#include "stream/client.h"
#include "thread/clock.h"
#include "thread/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 256, SEND_BUFFER = 64 * 1024 };

#define TICK_NS 100000000LL
#define SECOND_NS 1000000000LL
#define STALL_NS (10 * SECOND_NS)
#define STOP_NS SECOND_NS

struct stream {
    struct stream_sources sources;
    struct topics *topics;
    pthread_t thread;
    bool started;
    int wake; /* eventfd */
    pthread_mutex_t lock;
    /* Under the lock: handed over, not yet taken. */
    struct client *inbox[CLIENTS_MAX];
    uint32_t inbox_count;
    bool closed;
    /* Stream thread. */
    struct client *client[CLIENTS_MAX];
    uint32_t client_count;
    uint64_t tick;
    int64_t next_tick_ns, next_check_ns;
    int64_t stop_ns; /* when the goodbyes were said; 0: not yet */
    _Atomic bool stopping;
    _Atomic uint64_t clients; /* in both lists */
    _Atomic uint64_t drops;
};

static void wake(struct stream *stream)
{
    uint64_t one = 1;

    if (write(stream->wake, &one, sizeof one) < 0)
        return; /* the counter is full: it is awake */
}

/* --- handing over, on the listener's thread --- */

static void socket_prepare(int fd)
{
    int size = SEND_BUFFER;

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

static bool inbox_put(struct stream *stream, struct client *client)
{
    bool taken;

    pthread_mutex_lock(&stream->lock);
    taken = !stream->closed && atomic_load(&stream->clients) < CLIENTS_MAX;
    if (taken) {
        stream->inbox[stream->inbox_count++] = client;
        atomic_fetch_add(&stream->clients, 1);
    }
    pthread_mutex_unlock(&stream->lock);
    return taken;
}

bool stream_adopt(struct stream *stream, struct MHD_UpgradeResponseHandle *handle, int fd,
                  const void *extra, size_t extra_length, const struct actor *actor)
{
    struct client *client;

    socket_prepare(fd);
    client = client_open(handle, fd, extra, extra_length, actor);
    if (!client) {
        MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
        return false;
    }
    if (!inbox_put(stream, client)) {
        client_close(client, CLOSE_TOO_SLOW, clock_mono_ns());
        client_free(client);
        return false;
    }
    wake(stream);
    return true;
}

static void inbox_take(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    for (uint32_t i = 0; i < stream->inbox_count; i++) {
        stream->client[stream->client_count++] = stream->inbox[i];
        client_read(stream->inbox[i]); /* it may have spoken with the handshake */
    }
    stream->inbox_count = 0;
    pthread_mutex_unlock(&stream->lock);
}

/* --- a tick --- */

static void topic_fan_out(struct stream *stream, enum topic_id topic)
{
    const char *delta = topics_delta(stream->topics, topic);
    int64_t ts_ns = topics_ts_ns(stream->topics, topic);

    for (uint32_t i = 0; i < stream->client_count; i++) {
        struct client *client = stream->client[i];
        const char *snapshot;
        if (!client->topic[topic].subscribed || client->close_ns || client->gone)
            continue;
        if (!client->topic[topic].wants_snapshot) {
            if (delta)
                client_send(client, topic, "delta", ts_ns, delta);
            continue;
        }
        snapshot = topics_snapshot(stream->topics, topic);
        if (snapshot)
            client->topic[topic].wants_snapshot =
                !client_send(client, topic, "snapshot", ts_ns, snapshot);
    }
}

static void tick(struct stream *stream)
{
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        bool wanted = false, now = false;
        for (uint32_t i = 0; i < stream->client_count; i++) {
            wanted |= stream->client[i]->topic[topic].subscribed;
            now |= stream->client[i]->topic[topic].wants_snapshot;
        }
        topics_tick(stream->topics, (enum topic_id)topic, stream->tick, wanted, now);
        if (wanted)
            topic_fan_out(stream, (enum topic_id)topic);
    }
    stream->tick++;
}

/* Once a second: does the session still stand, does the client still read. */
static void clients_check(struct stream *stream, int64_t now_ns)
{
    for (uint32_t i = 0; i < stream->client_count; i++) {
        struct client *client = stream->client[i];
        if (!access_still_valid(stream->sources.access, &client->actor))
            client_close(client, CLOSE_SESSION_GONE, now_ns);
        else if (client->queue_length > 0 && now_ns - client->wrote_ns > STALL_NS)
            client_close(client, CLOSE_TOO_SLOW, now_ns);
    }
}

static void client_drop(struct stream *stream, uint32_t at)
{
    client_free(stream->client[at]);
    stream->client[at] = stream->client[--stream->client_count];
    atomic_fetch_sub(&stream->clients, 1);
}

static void clients_flush(struct stream *stream, int64_t now_ns)
{
    for (uint32_t i = 0; i < stream->client_count;) {
        struct client *client = stream->client[i];
        client_flush(client, now_ns);
        atomic_fetch_add(&stream->drops, client->drops);
        client->drops = 0;
        if (client_is_done(client, now_ns))
            client_drop(stream, i);
        else
            i++;
    }
}

/* --- the loop --- */

static void wait_for_work(struct stream *stream, int64_t now_ns)
{
    struct pollfd fds[CLIENTS_MAX + 1];
    int64_t wait_ns = stream->next_tick_ns - now_ns;
    uint32_t count = stream->client_count;
    uint64_t counter;

    fds[0] = (struct pollfd){.fd = stream->wake, .events = POLLIN};
    for (uint32_t i = 0; i < count; i++) {
        const struct client *client = stream->client[i];
        fds[i + 1] = (struct pollfd){.fd = client->fd,
                                     .events = (short)((client_reads(client) ? POLLIN : 0) |
                                                       (client->queue_length ? POLLOUT : 0))};
    }
    if (poll(fds, count + 1, wait_ns < 0 ? 0 : (int)(wait_ns / 1000000 + 1)) <= 0)
        return;
    if ((fds[0].revents & POLLIN) && read(stream->wake, &counter, sizeof counter) < 0)
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (fds[i + 1].revents & POLLIN)
            client_read(stream->client[i]);
        else if (fds[i + 1].revents & (POLLHUP | POLLERR))
            stream->client[i]->gone = true;
    }
}

static void say_goodbye(struct stream *stream, int64_t now_ns)
{
    if (stream->stop_ns)
        return;
    stream->stop_ns = now_ns;
    for (uint32_t i = 0; i < stream->client_count; i++)
        client_close(stream->client[i], CLOSE_STOP, now_ns);
}

static void turn(struct stream *stream)
{
    int64_t now_ns = clock_mono_ns();

    wait_for_work(stream, now_ns);
    inbox_take(stream);
    now_ns = clock_mono_ns();
    if (now_ns >= stream->next_check_ns) {
        clients_check(stream, now_ns);
        stream->next_check_ns = now_ns + SECOND_NS;
    }
    if (atomic_load(&stream->stopping)) {
        say_goodbye(stream, now_ns);
        stream->next_tick_ns = now_ns + TICK_NS / 10;
    } else if (now_ns >= stream->next_tick_ns) {
        tick(stream);
        stream->next_tick_ns = now_ns + TICK_NS;
    }
    clients_flush(stream, now_ns);
}

static void *stream_body(void *ctx)
{
    struct stream *stream = ctx;

    while (!stream->stop_ns ||
           (stream->client_count > 0 && clock_mono_ns() - stream->stop_ns < STOP_NS))
        turn(stream);
    while (stream->client_count > 0)
        client_drop(stream, stream->client_count - 1);
    return NULL;
}

enum status stream_open(struct stream **out, const struct stream_sources *sources, struct err *err)
{
    struct stream *stream = calloc(1, sizeof *stream);
    enum status status;

    if (!stream)
        return err_set(err, ERR_INTERNAL, "out of memory");
    stream->sources = *sources;
    pthread_mutex_init(&stream->lock, NULL);
    stream->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    status = topics_open(&stream->topics, sources, err);
    if (status == OK && stream->wake < 0)
        status = err_set(err, ERR_INTERNAL, "no event descriptor");
    if (status != OK) {
        stream_free(stream);
        return status;
    }
    *out = stream;
    return OK;
}

enum status stream_start(struct stream *stream, struct err *err)
{
    enum status status =
        thread_start(&stream->thread, "stream", false, IDLE_PARK, stream_body, stream, err);

    stream->started = status == OK;
    return status;
}

void stream_close(struct stream *stream)
{
    if (!stream)
        return;
    pthread_mutex_lock(&stream->lock);
    stream->closed = true; /* whoever comes now is turned away */
    pthread_mutex_unlock(&stream->lock);
    atomic_store(&stream->stopping, true);
    if (stream->started) {
        wake(stream);
        pthread_join(stream->thread, NULL);
        stream->started = false;
    }
}

void stream_free(struct stream *stream)
{
    if (!stream)
        return;
    topics_close(stream->topics);
    if (stream->wake >= 0)
        close(stream->wake);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

uint64_t stream_clients(const struct stream *stream)
{
    return atomic_load(&stream->clients);
}

uint64_t stream_drops(const struct stream *stream)
{
    return atomic_load(&stream->drops);
}
