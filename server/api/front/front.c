#include "api/front/front.h"

#include "api/front/link.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SILENT_NS 1000000000LL /* so long: may be asked to make room */
#define LOOK_NS 250000000LL
#define CLOSE_NS 1000000000LL

enum {
    SHAKING_MAX = 128,
    LINGERING_MAX = 128,
    EVENTS = 64,
    ACCEPTS_A_TURN = 8, /* then those that are here have their turn */
    PAIR_BUFFER = 32 * 1024,
    ONE_ADDRESS_EIGHTHS = 7
};

/* What an event is about: a link's number and its end, or one of these. */
enum end { END_TCP, END_PLAIN, ENDS };
#define TAG_LISTEN UINT64_MAX
#define TAG_WAKE (UINT64_MAX - 1)

enum wish { WISH_SERVE, WISH_QUIESCE, WISH_CLOSE };

struct front {
    struct front_settings settings;
    pthread_t thread;
    int epoll, wake;
    _Atomic int wish; /* enum wish */
    uint32_t slots;
    struct link *link;
    bool is_listening;
    int64_t next_look_ns, close_ns;
    _Atomic uint64_t handshakes, failed, turned_away, displaced, links;
};

static void count(_Atomic uint64_t *what)
{
    atomic_fetch_add_explicit(what, 1, memory_order_relaxed);
}

/* --- epoll --- */

static bool watch(struct front *front, int fd, uint64_t tag, uint32_t *asked, uint32_t wanted)
{
    struct epoll_event event = {.events = wanted, .data.u64 = tag};
    int how = *asked == 0 ? EPOLL_CTL_ADD : wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

    if (*asked == wanted)
        return true;
    *asked = wanted;
    return epoll_ctl(front->epoll, how, fd, &event) == 0;
}

static void rewatch(struct front *front, struct link *link)
{
    uint64_t tag = (uint64_t)(link - front->link) * ENDS;

    if (link->phase == LINK_DEAD)
        return;
    if (!watch(front, link->tcp, tag + END_TCP, &link->tcp_events, link_tcp_wants(link)) ||
        (link->plain >= 0 &&
         !watch(front, link->plain, tag + END_PLAIN, &link->plain_events, link_plain_wants(link))))
        link->phase = LINK_DEAD;
}

static void listen_watch(struct front *front, bool wanted)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = TAG_LISTEN};

    if (front->is_listening == wanted)
        return;
    if (epoll_ctl(front->epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, front->settings.listen_fd,
                  &event) == 0)
        front->is_listening = wanted;
}

/* --- who must go --- */

/* Whether two clients count as one: the same IPv4 address, the same IPv6 /64. */
static bool is_same_address(const struct link *one, const struct link *other)
{
    const struct sockaddr_in *v4 = (const void *)&one->peer, *w4 = (const void *)&other->peer;
    const struct sockaddr_in6 *v6 = (const void *)&one->peer, *w6 = (const void *)&other->peer;

    if (one->peer.ss_family != other->peer.ss_family)
        return false;
    if (one->peer.ss_family == AF_INET)
        return v4->sin_addr.s_addr == w4->sin_addr.s_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) || IN6_IS_ADDR_V4MAPPED(&w6->sin6_addr))
        return IN6_ARE_ADDR_EQUAL(&v6->sin6_addr, &w6->sin6_addr);
    return memcmp(&v6->sin6_addr, &w6->sin6_addr, 8) == 0;
}

/* The one of a phase that has stood in it the longest. NULL: fewer than `least` are in it. */
static struct link *find_oldest(struct front *front, enum link_phase phase, uint32_t least)
{
    struct link *oldest = NULL;
    uint32_t found = 0;

    for (uint32_t at = 0; at < front->slots; at++) {
        struct link *link = &front->link[at];
        if (link->phase != phase)
            continue;
        found++;
        if (!oldest || link->since_ns < oldest->since_ns)
            oldest = link;
    }
    return found < least ? NULL : oldest;
}

struct crowd {
    uint32_t all, of_address;
    struct link *silent, *silent_of_address; /* nothing was asked or answered for the longest */
};

/* Of two the one that has stood for longer; `before` NULL: the other. */
static struct link *more_silent(struct link *before, struct link *link)
{
    return before && link_waits_since_ns(before) <= link_waits_since_ns(link) ? before : link;
}

static struct crowd crowd_of(struct front *front, const struct link *newcomer)
{
    struct crowd crowd = {0};

    for (uint32_t at = 0; at < front->slots; at++) {
        struct link *link = &front->link[at];
        if (link->phase != LINK_OPEN)
            continue;
        crowd.all++;
        crowd.silent = more_silent(crowd.silent, link);
        if (!is_same_address(link, newcomer))
            continue;
        crowd.of_address++;
        crowd.silent_of_address = more_silent(crowd.silent_of_address, link);
    }
    return crowd;
}

/* False: there is no room, and nobody has been silent, or asking the same, for long. */
static bool make_room(struct front *front, const struct link *newcomer, int64_t now_ns)
{
    struct crowd crowd = crowd_of(front, newcomer);
    uint32_t max = front->settings.links_max;
    struct link *leaves = NULL;

    if (crowd.of_address >= max * ONE_ADDRESS_EIGHTHS / 8)
        leaves = crowd.silent_of_address;
    else if (crowd.all >= max)
        leaves = crowd.silent;
    else
        return true;
    if (!leaves || now_ns - link_waits_since_ns(leaves) < SILENT_NS)
        return false;
    leaves->phase = LINK_DEAD;
    count(&front->displaced);
    return true;
}

/* --- arriving --- */

static void bury(struct front *front, struct link *link)
{
    link_close(link);
    atomic_fetch_sub_explicit(&front->links, 1, memory_order_relaxed);
}

/* A slot may be taken again while events of its last link are in hand: they are then about nothing,
 * and a read or a write too many does no harm. */
static struct link *take_slot(struct front *front)
{
    struct link *shaking = find_oldest(front, LINK_SHAKING, SHAKING_MAX);
    struct link *lingering = find_oldest(front, LINK_LINGERING, LINGERING_MAX);

    if (shaking) {
        shaking->phase = LINK_DEAD;
        count(&front->failed);
    }
    if (lingering)
        lingering->phase = LINK_DEAD;
    for (uint32_t at = 0; at < front->slots; at++) {
        if (front->link[at].phase == LINK_DEAD)
            bury(front, &front->link[at]);
        if (front->link[at].phase == LINK_FREE)
            return &front->link[at];
    }
    return NULL;
}

static void admit(struct front *front, int tcp, const struct sockaddr_storage *peer,
                  socklen_t peer_length, int64_t now_ns)
{
    struct link *link = take_slot(front);
    SSL_CTX *context;

    if (!link) {
        count(&front->turned_away);
        close(tcp);
        return;
    }
    context = identity_context(front->settings.identity);
    link->peer = *peer;
    link->peer_length = peer_length;
    if (link_open(link, context, tcp, now_ns)) {
        atomic_fetch_add_explicit(&front->links, 1, memory_order_relaxed);
        rewatch(front, link);
    }
    SSL_CTX_free(context);
}

static void accept_some(struct front *front, int64_t now_ns)
{
    for (uint32_t i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t length = sizeof peer;
        int tcp = accept4(front->settings.listen_fd, (struct sockaddr *)&peer, &length,
                          SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (tcp < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (tcp < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                return;
            /* No descriptor left: epoll would tell of the waiting one without end. */
            log_line(LOG_ERROR, "tls", "cannot accept", "why=%s", strerrorname_np(errno));
            listen_watch(front, false);
            return;
        }
        admit(front, tcp, &peer, length, now_ns);
    }
}

/* Nothing plain leaves this process: both ends are ours. */
static bool pair_open(int ends[2])
{
    int size = PAIR_BUFFER;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return false;
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return true;
}

/* The handshake is done: libmicrohttpd gets the other end of a pair, and the client's address. */
static void hand_over(struct front *front, struct link *link, int64_t now_ns)
{
    int ends[2];

    count(&front->handshakes);
    if (!make_room(front, link, now_ns) || !pair_open(ends)) {
        count(&front->turned_away);
        link->phase = LINK_DEAD;
        return;
    }
    link_join(link, ends[0], now_ns);
    /* It closes its end whether it takes the connection or not; ours then reads the end. */
    if (MHD_add_connection(front->settings.daemon, ends[1], (struct sockaddr *)&link->peer,
                           link->peer_length) != MHD_YES)
        count(&front->turned_away);
}

/* --- the loop --- */

static void serve(struct front *front, struct link *link, enum end end, int64_t now_ns)
{
    if (link->phase == LINK_SHAKING) {
        if (link_shake(link, now_ns))
            hand_over(front, link, now_ns);
        else if (link->phase != LINK_SHAKING)
            count(&front->failed);
    } else {
        link_move(link, end == END_TCP, end == END_PLAIN, now_ns);
    }
    rewatch(front, link);
}

static void obey(struct front *front, const struct epoll_event *event, int64_t now_ns)
{
    uint64_t tag = event->data.u64;
    eventfd_t counter;

    if (tag == TAG_WAKE)
        (void)eventfd_read(front->wake, &counter);
    else if (tag == TAG_LISTEN)
        accept_some(front, now_ns);
    else if (front->link[tag / ENDS].phase != LINK_DEAD &&
             front->link[tag / ENDS].phase != LINK_FREE)
        serve(front, &front->link[tag / ENDS], tag % ENDS, now_ns);
}

static void look_at_all(struct front *front, int64_t now_ns)
{
    for (uint32_t at = 0; at < front->slots; at++) {
        struct link *link = &front->link[at];
        bool was_shaking = link->phase == LINK_SHAKING;

        link_check(link, now_ns);
        if (was_shaking && link->phase == LINK_DEAD)
            count(&front->failed);
    }
    listen_watch(front, atomic_load(&front->wish) == WISH_SERVE);
    front->next_look_ns = now_ns + LOOK_NS;
}

static void bury_dead(struct front *front)
{
    for (uint32_t at = 0; at < front->slots; at++)
        if (front->link[at].phase == LINK_DEAD)
            bury(front, &front->link[at]);
}

static bool is_over(struct front *front, int64_t now_ns)
{
    if (atomic_load(&front->wish) != WISH_CLOSE)
        return false;
    if (front->close_ns == 0)
        front->close_ns = now_ns + CLOSE_NS;
    return now_ns >= front->close_ns || atomic_load(&front->links) == 0;
}

static void *front_body(void *ctx)
{
    struct front *front = ctx;
    struct epoll_event events[EVENTS];
    int64_t now_ns = clock_mono_ns();

    while (!is_over(front, now_ns)) {
        bool is_idle = front->is_listening && atomic_load(&front->links) == 0;
        int found =
            epoll_wait(front->epoll, events, EVENTS, is_idle ? -1 : (int)(LOOK_NS / 1000000));

        now_ns = clock_mono_ns();
        for (int i = 0; i < found; i++)
            obey(front, &events[i], now_ns);
        if (now_ns >= front->next_look_ns || atomic_load(&front->wish) != WISH_SERVE)
            look_at_all(front, now_ns);
        bury_dead(front);
    }
    for (uint32_t at = 0; at < front->slots; at++)
        if (front->link[at].phase != LINK_FREE)
            bury(front, &front->link[at]);
    return NULL;
}

/* --- making and ending --- */

static void front_free(struct front *front)
{
    if (front->epoll >= 0)
        close(front->epoll);
    if (front->wake >= 0)
        close(front->wake);
    free(front->link);
    free(front);
}

static enum status front_prepare(struct front *front, struct err *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = TAG_WAKE};

    front->slots = front->settings.links_max + SHAKING_MAX + LINGERING_MAX;
    front->link = calloc(front->slots, sizeof *front->link); /* untouched pages cost nothing */
    front->epoll = epoll_create1(EPOLL_CLOEXEC);
    front->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!front->link || front->epoll < 0 || front->wake < 0 ||
        epoll_ctl(front->epoll, EPOLL_CTL_ADD, front->wake, &event) != 0)
        return err_format(err, ERR_INTERNAL, "%s: no memory or descriptors", front->settings.name);
    listen_watch(front, true);
    return OK;
}

enum status front_open(struct front **out, const struct front_settings *settings, struct err *err)
{
    struct front *front = calloc(1, sizeof *front);
    enum status status;

    if (!front)
        return err_set(err, ERR_INTERNAL, "out of memory");
    front->settings = *settings;
    front->epoll = front->wake = -1;
    status = front_prepare(front, err);
    if (status == OK)
        status =
            thread_start(&front->thread, settings->name, false, IDLE_PARK, front_body, front, err);
    if (status != OK) {
        front_free(front);
        return status;
    }
    *out = front;
    return OK;
}

static void wish_for(struct front *front, enum wish wish)
{
    atomic_store(&front->wish, wish);
    (void)eventfd_write(front->wake, 1);
}

void front_quiesce(struct front *front)
{
    wish_for(front, WISH_QUIESCE);
}

void front_close(struct front *front)
{
    wish_for(front, WISH_CLOSE);
    pthread_join(front->thread, NULL);
    front_free(front);
}

void front_count(const struct front *front, struct front_counts *counts)
{
    *counts = (struct front_counts){
        .handshakes = atomic_load_explicit(&front->handshakes, memory_order_relaxed),
        .failed = atomic_load_explicit(&front->failed, memory_order_relaxed),
        .turned_away = atomic_load_explicit(&front->turned_away, memory_order_relaxed),
        .displaced = atomic_load_explicit(&front->displaced, memory_order_relaxed),
        .links = atomic_load_explicit(&front->links, memory_order_relaxed)};
}
