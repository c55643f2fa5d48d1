/* Keyed writes under way: each waits for a clerk once at a time, so their number is bounded by the
 * clerks' queue, and of one asker half of them are let in, so that others' keyed writes find a
 * place. */
#ifndef PITWALL_API_KEYED_H
#define PITWALL_API_KEYED_H

#include "api/workers.h"

#include <pthread.h>

enum { KEYED_MAX = 64, KEYED_OF_ONE = KEYED_MAX / 2 };

struct keyed {
    pthread_mutex_t lock;
    uint64_t who[KEYED_MAX]; /* 0: free */
};

void keyed_open(struct keyed *keyed);
void keyed_close(struct keyed *keyed);
/* Any thread. `who` as in workers.h, not 0. Unless PLACE_TAKEN nothing is to be left. */
enum place keyed_enter(struct keyed *keyed, uint64_t who);
/* Any thread; of one that has entered. */
void keyed_leave(struct keyed *keyed, uint64_t who);

#endif
