/* One mutex over a small table. The thread takes the first row that is WANTED, works without the
 * lock, and writes the answer; it ends when nobody uses the table any more. */
#include "gateway/net/resolve.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 16 };
#define KEEP_NS 60000000000LL
#define KEEP_FAILURE_NS 1000000000LL

enum row_state { ROW_FREE, ROW_WANTED, ROW_WORKING, ROW_KNOWN };

struct row {
    enum row_state state;
    char host[NET_URL_MAX];
    int64_t known_ns; /* when the user first saw the answer; 0: not yet */
    int64_t used_ns;
    struct addresses addresses;
};

struct resolver {
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    bool has_thread, closed;
    struct row row[ROWS];
    struct addresses answer; /* the user's copy */
};

static void free_all(struct resolver *resolver)
{
    pthread_cond_destroy(&resolver->wanted);
    pthread_mutex_destroy(&resolver->lock);
    free(resolver);
}

struct resolver *resolver_open(void)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);

    if (!resolver)
        return NULL;
    if (pthread_mutex_init(&resolver->lock, NULL) != 0 ||
        pthread_cond_init(&resolver->wanted, NULL) != 0) {
        free(resolver);
        return NULL;
    }
    return resolver;
}

void resolver_close(struct resolver *resolver)
{
    bool has_thread;

    pthread_mutex_lock(&resolver->lock);
    resolver->closed = true;
    has_thread = resolver->has_thread;
    pthread_cond_signal(&resolver->wanted);
    pthread_mutex_unlock(&resolver->lock);
    if (!has_thread)
        free_all(resolver);
}

static void add_address(struct addresses *addresses, const struct addrinfo *info)
{
    char *text = addresses->text[addresses->count];

    if (addresses->count < ADDRESSES_MAX &&
        getnameinfo(info->ai_addr, info->ai_addrlen, text, ADDRESS_TEXT_MAX, NULL, 0,
                    NI_NUMERICHOST) == 0)
        addresses->count++;
}

static void look_up(const char *host, struct addresses *addresses)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(host, NULL, &hints, &found);

    *addresses = (struct addresses){0};
    if (failed != 0) {
        snprintf(addresses->why, sizeof addresses->why, "%.60s: %s", host, gai_strerror(failed));
        return;
    }
    for (const struct addrinfo *at = found; at; at = at->ai_next)
        add_address(addresses, at);
    freeaddrinfo(found);
    if (addresses->count == 0)
        snprintf(addresses->why, sizeof addresses->why, "%.60s: no address", host);
}

static struct row *find_wanted(struct resolver *resolver)
{
    for (uint32_t at = 0; at < ROWS; at++)
        if (resolver->row[at].state == ROW_WANTED)
            return &resolver->row[at];
    return NULL;
}

static void work(struct resolver *resolver, struct row *row)
{
    char host[NET_URL_MAX];
    struct addresses addresses;

    row->state = ROW_WORKING;
    memcpy(host, row->host, sizeof host);
    pthread_mutex_unlock(&resolver->lock);
    look_up(host, &addresses);
    pthread_mutex_lock(&resolver->lock);
    assert(row->state == ROW_WORKING); /* nobody else touches such a row */
    row->addresses = addresses;
    row->known_ns = 0;
    row->state = ROW_KNOWN;
}

static void *resolver_main(void *shared)
{
    struct resolver *resolver = shared;

    pthread_mutex_lock(&resolver->lock);
    while (!resolver->closed) {
        struct row *row = find_wanted(resolver);

        if (row)
            work(resolver, row);
        else
            pthread_cond_wait(&resolver->wanted, &resolver->lock);
    }
    pthread_mutex_unlock(&resolver->lock);
    free_all(resolver);
    return NULL;
}

static bool start_thread(struct resolver *resolver)
{
    pthread_t thread;

    if (resolver->has_thread)
        return true;
    if (pthread_create(&thread, NULL, resolver_main, resolver) != 0)
        return false;
    pthread_detach(thread);
    resolver->has_thread = true;
    return true;
}

/* The row of a host; else the free or longest unused one that nobody works on, or NULL. */
static struct row *find_row(struct resolver *resolver, const char *host)
{
    struct row *best = NULL;

    for (uint32_t at = 0; at < ROWS; at++) {
        struct row *row = &resolver->row[at];

        if (row->state != ROW_FREE && strcmp(row->host, host) == 0)
            return row;
        if (row->state == ROW_FREE || row->state == ROW_KNOWN)
            best = !best || row->used_ns < best->used_ns ? row : best;
    }
    return best;
}

static bool has_expired(const struct row *row, int64_t now_ns)
{
    int64_t keep_ns = row->addresses.count > 0 ? KEEP_NS : KEEP_FAILURE_NS;

    return row->known_ns != 0 && now_ns - row->known_ns > keep_ns;
}

/* Locked. True: the answer is in resolver->answer. */
static bool ask_row(struct resolver *resolver, const char *host, int64_t now_ns)
{
    struct row *row = find_row(resolver, host);

    if (!row)
        return false;
    row->used_ns = now_ns;
    if (row->state == ROW_FREE || strcmp(row->host, host) != 0 ||
        (row->state == ROW_KNOWN && has_expired(row, now_ns))) {
        snprintf(row->host, sizeof row->host, "%s", host);
        row->state = ROW_WANTED;
        pthread_cond_signal(&resolver->wanted);
    }
    if (row->state != ROW_KNOWN)
        return false;
    row->known_ns = row->known_ns != 0 ? row->known_ns : now_ns;
    resolver->answer = row->addresses;
    return true;
}

static bool is_address(const char *host)
{
    struct in6_addr any;

    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

const struct addresses *resolver_ask(struct resolver *resolver, const char *host, int64_t now_ns)
{
    bool known;

    if (is_address(host)) {
        resolver->answer = (struct addresses){.count = 1};
        snprintf(resolver->answer.text[0], ADDRESS_TEXT_MAX, "%s", host);
        return &resolver->answer;
    }
    pthread_mutex_lock(&resolver->lock);
    if (!start_thread(resolver)) {
        resolver->answer = (struct addresses){.why = "no thread to resolve names"};
        known = true;
    } else {
        known = ask_row(resolver, host, now_ns);
    }
    pthread_mutex_unlock(&resolver->lock);
    return known ? &resolver->answer : NULL;
}

void resolver_forget(struct resolver *resolver, const char *host)
{
    pthread_mutex_lock(&resolver->lock);
    for (uint32_t at = 0; at < ROWS; at++)
        if (resolver->row[at].state == ROW_KNOWN && strcmp(resolver->row[at].host, host) == 0)
            resolver->row[at].state = ROW_FREE;
    pthread_mutex_unlock(&resolver->lock);
}
