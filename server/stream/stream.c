#include "stream/stream.h"

#include "stream/crowd.h"
#include "thread/clock.h"
#include "thread/thread.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Without it the kernel would hide a laggard for as long as its buffers grow. */
enum { SEND_BUFFER = 64 * 1024 };

#define TICK_NS 100000000LL
#define SECOND_NS 1000000000LL
#define STOP_NS SECOND_NS

struct stream {
    struct stream_sources sources;
    struct topics *topics;
    pthread_t thread;
    bool started;
    int wake; /* eventfd */
    pthread_mutex_t lock;
    /* Under the lock: handed over, not yet taken. */
    struct client *inbox[STREAM_CLIENTS_MAX];
    uint32_t inbox_count;
    bool closed;
    /* Stream thread. */
    struct crowd crowd;
    struct stream_counters counters;
    uint64_t tick;
    int64_t next_tick_ns, next_check_ns;
    int64_t stop_ns; /* when the goodbyes were said; 0: not yet */
    _Atomic bool stopping;
    _Atomic uint64_t clients;                  /* in both lists */
    _Atomic uint64_t drops, laggards, resumes; /* the counters, for others to read */
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
    int size = SEND_BUFFER, on = 1;

    /* A frame does not wait for the acknowledgement of the one before; a TLS front's pair has none
     * to wait for, and says no. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

static bool inbox_put(struct stream *stream, struct client *client)
{
    bool taken;

    pthread_mutex_lock(&stream->lock);
    taken = !stream->closed && atomic_load(&stream->clients) < STREAM_CLIENTS_MAX;
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
    client = client_open(handle, fd, extra, extra_length, actor, &stream->counters);
    if (!client) {
        MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
        return false;
    }
    if (!inbox_put(stream, client)) {
        client->counters = &(struct stream_counters){0}; /* the others are another thread's */
        client_close(client, CLOSE_TOO_SLOW, clock_mono_ns());
        client_free(client);
        return false;
    }
    wake(stream);
    return true;
}

static struct client *inbox_pop(struct stream *stream)
{
    struct client *client = NULL;

    pthread_mutex_lock(&stream->lock);
    if (stream->inbox_count > 0)
        client = stream->inbox[--stream->inbox_count];
    pthread_mutex_unlock(&stream->lock);
    return client;
}

/* The lock is not held while a client is read: the listener waits for nobody. */
static void inbox_take(struct stream *stream, int64_t now_ns)
{
    struct client *client;

    while ((client = inbox_pop(stream)) != NULL)
        crowd_add(&stream->crowd, client, now_ns);
}

/* --- a tick --- */

static void tick(struct stream *stream, int64_t now_ns)
{
    for (int at = 0; at < TOPIC_COUNT; at++) {
        enum topic_id topic = (enum topic_id)at;
        bool now;

        if (!crowd_wants(&stream->crowd, topic, &now))
            continue;
        topics_tick(stream->topics, topic, stream->tick, now);
        crowd_feed(&stream->crowd, topic, topics_channel(stream->topics, topic), now_ns);
    }
    stream->tick++;
}

/* Once a second: does the session still stand, does the client still read. */
static void clients_check(struct stream *stream, int64_t now_ns)
{
    for (uint32_t i = 0; i < stream->crowd.count; i++) {
        struct client *client = stream->crowd.client[i];
        if (!access_still_valid(stream->sources.access, &client->actor))
            client_close(client, CLOSE_SESSION_GONE, now_ns);
        else if (client_is_stalled(client, now_ns))
            client_close(client, CLOSE_TOO_SLOW, now_ns);
    }
}

static void counters_publish(struct stream *stream)
{
    atomic_store_explicit(&stream->drops, stream->counters.drops, memory_order_relaxed);
    atomic_store_explicit(&stream->laggards, stream->counters.laggards, memory_order_relaxed);
    atomic_store_explicit(&stream->resumes, stream->counters.resumes, memory_order_relaxed);
}

/* --- the loop --- */

static void wait_for_work(struct stream *stream)
{
    int64_t wait_ns = stream->next_tick_ns - clock_mono_ns();
    uint64_t counter;

    if (crowd_wait(&stream->crowd, wait_ns < 0 ? 0 : (int)(wait_ns / 1000000 + 1)) &&
        read(stream->wake, &counter, sizeof counter) < 0)
        return; /* somebody else has read it: nobody has */
}

static void say_goodbye(struct stream *stream, int64_t now_ns)
{
    if (stream->stop_ns)
        return;
    stream->stop_ns = now_ns;
    for (uint32_t i = 0; i < stream->crowd.count; i++)
        client_close(stream->crowd.client[i], CLOSE_STOP, now_ns);
}

static void tick_or_stop(struct stream *stream, int64_t now_ns)
{
    if (now_ns >= stream->next_check_ns) {
        clients_check(stream, now_ns);
        stream->next_check_ns = now_ns + SECOND_NS;
    }
    if (atomic_load(&stream->stopping)) {
        say_goodbye(stream, now_ns);
        stream->next_tick_ns = now_ns + TICK_NS / 10;
    } else {
        tick(stream, now_ns);
        stream->next_tick_ns = now_ns + TICK_NS;
    }
    atomic_fetch_sub(&stream->clients, crowd_flush(&stream->crowd, now_ns));
    counters_publish(stream);
}

static void turn(struct stream *stream)
{
    int64_t now_ns;

    wait_for_work(stream);
    now_ns = clock_mono_ns();
    inbox_take(stream, now_ns);
    if (now_ns >= stream->next_tick_ns || atomic_load(&stream->stopping))
        tick_or_stop(stream, now_ns);
}

static void *stream_body(void *ctx)
{
    struct stream *stream = ctx;

    while (!stream->stop_ns ||
           (stream->crowd.count > 0 && clock_mono_ns() - stream->stop_ns < STOP_NS))
        turn(stream);
    inbox_take(stream, clock_mono_ns()); /* who came last; nobody is let in any more */
    crowd_close(&stream->crowd);
    atomic_store(&stream->clients, 0);
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
    if (!crowd_open(&stream->crowd) || stream->wake < 0 ||
        !crowd_watch_wake(&stream->crowd, stream->wake))
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
    crowd_close(&stream->crowd);
    if (stream->wake >= 0)
        close(stream->wake);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

uint64_t stream_clients(const struct stream *stream)
{
    return atomic_load(&stream->clients);
}

struct stream_counters stream_counters(const struct stream *stream)
{
    return (struct stream_counters){.drops = atomic_load(&stream->drops),
                                    .laggards = atomic_load(&stream->laggards),
                                    .resumes = atomic_load(&stream->resumes)};
}
