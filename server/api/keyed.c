#include "api/keyed.h"

#include <assert.h>

enum { NOBODY = 0 };

/* Each keyed write waits for a clerk once at a time, so what was begun is always kept. */
_Static_assert((int)KEYED_MAX <= (int)FAIR_PLACES_MAX, "the clerks' queue holds every keyed write");

void keyed_open(struct keyed *keyed)
{
    pthread_mutex_init(&keyed->lock, NULL);
}

void keyed_close(struct keyed *keyed)
{
    pthread_mutex_destroy(&keyed->lock);
}

static uint32_t count_of(const struct keyed *keyed, uint64_t who)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < KEYED_MAX; at++)
        count += keyed->who[at] == who;
    return count;
}

static uint32_t find(const struct keyed *keyed, uint64_t who)
{
    uint32_t at = 0;

    while (at < KEYED_MAX && keyed->who[at] != who)
        at++;
    return at;
}

enum place keyed_enter(struct keyed *keyed, uint64_t who)
{
    enum place place = PLACE_SHARE_FULL;
    uint32_t at;

    assert(who != NOBODY);
    pthread_mutex_lock(&keyed->lock);
    if (count_of(keyed, who) < KEYED_OF_ONE) {
        at = find(keyed, NOBODY);
        place = at < KEYED_MAX ? PLACE_TAKEN : PLACE_ALL_FULL;
        if (place == PLACE_TAKEN)
            keyed->who[at] = who;
    }
    pthread_mutex_unlock(&keyed->lock);
    return place;
}

void keyed_leave(struct keyed *keyed, uint64_t who)
{
    uint32_t at;

    pthread_mutex_lock(&keyed->lock);
    at = find(keyed, who);
    assert(at < KEYED_MAX);
    keyed->who[at] = NOBODY;
    pthread_mutex_unlock(&keyed->lock);
}
