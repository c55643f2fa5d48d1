/* A pool of two threads for what takes longer than a listener may wait: the workers (audit queries,
 * the journal's past), the readers (long lists out of memory) and the clerks (what must be on disk
 * before an answer). Password hashes have a thread of their own (turns.h). Jobs wait in a bounded
 * queue; when it is full the caller answers 503. */
#ifndef PITWALL_API_WORKERS_H
#define PITWALL_API_WORKERS_H

#include "engine.h"

#include <stdbool.h>

struct workers;

enum { WORKERS_QUEUE_MAX = 128 };

/* `name` is at most 14 bytes; the threads are NAME0 and NAME1. `queue` jobs may wait. */
enum status workers_open(struct workers **workers, const char *name, uint32_t queue,
                         struct err *err);
/* Any thread. False: the queue is full or the pool is closing; `run` will not be called. */
bool workers_submit(struct workers *workers, void (*run)(void *job), void *job);
/* Runs what is queued, then joins; what is submitted later is not taken. NULL is fine. */
void workers_stop(struct workers *workers);
/* Stops, and frees: nobody may submit any more. NULL is fine. */
void workers_close(struct workers *workers);

#endif
