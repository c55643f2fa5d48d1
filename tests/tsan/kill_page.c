/* The kill hand-over: several killers, an engine that answers, a gateway that reads the page before
 * each order. No order that was looked at after the bell may pass; resumes race with new kills. */
#include "engine.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { KILLERS = 3, KILLS = 3000, SCOPE = 0 };

static struct kill_page page;
static _Atomic uint64_t newest; /* a generation that a killer knows to be set */
static _Atomic int done;
static _Atomic uint64_t bad;
static uint64_t
    plain_order; /* written before a kill, read after it was seen: the page publishes it */

static void *kill_often(void *unused)
{
    for (int count = 0; count < KILLS; count++) {
        uint64_t generation = kill_page_set(&page, SCOPE);
        uint64_t seen = atomic_load(&newest);

        while (seen < generation && !atomic_compare_exchange_weak(&newest, &seen, generation))
            (void)sched_yield();
        if (atomic_load(&page.word[SCOPE]) < generation)
            atomic_fetch_add(&bad, 1); /* words only rise */
    }
    return unused;
}

/* Clears what it has seen, never a newer one. */
static void *resume_often(void *unused)
{
    while (atomic_load(&done) == 0) {
        uint64_t word = atomic_load_explicit(&page.word[SCOPE], memory_order_acquire);

        atomic_store_explicit(&page.cleared[SCOPE], word, memory_order_release);
    }
    return unused;
}

static void *gateway(void *unused)
{
    struct order_scopes scopes = {0, 1, 2, 3};

    while (atomic_load(&done) == 0) {
        uint64_t known = atomic_load(&newest);
        uint64_t bell = kill_page_doorbell(&page);
        bool blocks = kill_page_blocks(&page, scopes);

        /* Not blocked after a known kill: then somebody has cleared that very one. */
        if (!blocks && atomic_load(&page.cleared[SCOPE]) < known)
            atomic_fetch_add(&bad, 1);
        atomic_store_explicit(&page.gateway[0].seen, bell, memory_order_release);
    }
    return unused;
}

static void *hand_over(void *unused)
{
    plain_order = 17;
    kill_page_set(&page, 5);
    return unused;
}

/* Whatever was stored before a kill is seen by who sees the bell. */
static bool bell_publishes(void)
{
    pthread_t thread;
    bool seen;

    if (pthread_create(&thread, NULL, hand_over, NULL) != 0)
        return false;
    while (kill_page_doorbell(&page) == 0)
        (void)sched_yield();
    seen = plain_order == 17 && kill_page_is_killed(&page, 5);
    pthread_join(thread, NULL);
    return seen;
}

int main(void)
{
    pthread_t killers[KILLERS];
    pthread_t others[2];
    bool published = bell_publishes();

    if (pthread_create(&others[0], NULL, gateway, NULL) != 0 ||
        pthread_create(&others[1], NULL, resume_often, NULL) != 0)
        return 1;
    for (int at = 0; at < KILLERS; at++)
        if (pthread_create(&killers[at], NULL, kill_often, NULL) != 0)
            return 1;
    for (int at = 0; at < KILLERS; at++)
        pthread_join(killers[at], NULL);
    atomic_store(&done, 1);
    pthread_join(others[0], NULL);
    pthread_join(others[1], NULL);
    if (!published || atomic_load(&bad) != 0 || atomic_load(&page.ticket) < KILLERS * KILLS + 1 ||
        atomic_load(&page.doorbell) != KILLERS * KILLS + 1) {
        printf("kill page: %lu orders would have passed a kill\n",
               (unsigned long)atomic_load(&bad));
        return 1;
    }
    return 0;
}
