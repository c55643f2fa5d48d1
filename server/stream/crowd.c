#include "stream/crowd.h"

#include "thread/clock.h"

#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 128 };

bool crowd_open(struct crowd *crowd)
{
    *crowd = (struct crowd){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    return crowd->epoll >= 0;
}

/* --- what epoll waits for --- */

static void watch(const struct crowd *crowd, struct client *client)
{
    uint32_t interest = client->gone ? 0
                                     : (client_reads(client) ? (uint32_t)EPOLLIN : 0) |
                                           (client->blocked ? (uint32_t)EPOLLOUT : 0);
    struct epoll_event event = {.events = interest, .data.ptr = client};
    int how = EPOLL_CTL_MOD;

    if (interest == client->interest)
        return;
    if (interest == 0)
        how = EPOLL_CTL_DEL;
    else if (client->interest == 0)
        how = EPOLL_CTL_ADD;
    if (epoll_ctl(crowd->epoll, how, client->fd, &event) != 0)
        client->gone = true;
    client->interest = interest;
}

bool crowd_watch_wake(struct crowd *crowd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    return epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void obey(struct crowd *crowd, struct client *client, uint32_t events, int64_t now_ns)
{
    if (events & EPOLLIN)
        client_read(client, now_ns);
    else if (events & (EPOLLHUP | EPOLLERR))
        client->gone = true;
    if (events & EPOLLOUT)
        client->blocked = false;
    client_flush(client, now_ns);
    watch(crowd, client);
}

bool crowd_wait(struct crowd *crowd, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(crowd->epoll, events, EVENTS_MAX, timeout_ms);
    int64_t now_ns = clock_mono_ns();
    bool woken = false;

    for (int i = 0; i < count; i++)
        if (events[i].data.ptr)
            obey(crowd, events[i].data.ptr, events[i].events, now_ns);
        else
            woken = true;
    return woken;
}

/* --- who is there --- */

void crowd_add(struct crowd *crowd, struct client *client, int64_t now_ns)
{
    crowd->client[crowd->count++] = client;
    client_read(client, now_ns);
    client_flush(client, now_ns);
    watch(crowd, client);
}

static void drop(struct crowd *crowd, uint32_t at)
{
    struct client *client = crowd->client[at];

    client->gone = true;
    watch(crowd, client); /* out of epoll before the descriptor is another's */
    client_free(client);
    crowd->client[at] = crowd->client[--crowd->count];
}

void crowd_close(struct crowd *crowd)
{
    while (crowd->count > 0)
        drop(crowd, crowd->count - 1);
    if (crowd->epoll >= 0)
        close(crowd->epoll);
    crowd->epoll = -1;
}

/* --- a tick --- */

bool crowd_wants(const struct crowd *crowd, enum topic_id topic, bool *now)
{
    bool wanted = false;

    *now = false;
    for (uint32_t i = 0; i < crowd->count; i++) {
        const struct client_topic *state = &crowd->client[i]->topic[topic];
        wanted |= state->subscribed;
        *now |= state->subscribed && (state->seq == 0 || state->resumes);
    }
    return wanted;
}

void crowd_feed(struct crowd *crowd, enum topic_id topic, struct channel *channel, int64_t now_ns)
{
    for (uint32_t i = 0; i < crowd->count; i++)
        client_feed(crowd->client[i], topic, channel, now_ns);
}

uint32_t crowd_flush(struct crowd *crowd, int64_t now_ns)
{
    uint32_t before = crowd->count;

    for (uint32_t i = 0; i < crowd->count;) {
        struct client *client = crowd->client[i];

        client_flush(client, now_ns);
        client->read_left = READ_PER_TICK;
        watch(crowd, client);
        if (client_is_done(client, now_ns))
            drop(crowd, i);
        else
            i++;
    }
    return before - crowd->count;
}
