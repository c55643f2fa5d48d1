/* A pool of two threads for what takes longer than a listener may wait: the workers (audit queries,
 * the journal's past), the readers (long lists out of memory) and the clerks (what must be on disk
 * before an answer). Password hashes have a thread of their own (turns.h). Jobs wait in a bounded
 * queue; when it is full the caller answers 503.
 *
 * Of one asker's jobs one runs at a time, and at most half the queue's length wait or run: then the
 * caller answers 429, and others find a thread and places however much that one asks for. */
#ifndef PITWALL_API_WORKERS_H
#define PITWALL_API_WORKERS_H

#include "engine.h"

#include <stdbool.h>

struct workers;

enum { WORKERS_QUEUE_MAX = 128, WORKERS_FOR_NOBODY = 0 };
enum worker_place { PLACE_TAKEN, PLACE_SHARE_FULL, PLACE_ALL_FULL };

/* `name` is at most 14 bytes; the threads are NAME0 and NAME1. `queue` jobs may wait. */
enum status workers_open(struct workers **workers, const char *name, uint32_t queue,
                         struct err *err);
/* Any thread; some 100 ns. `who` tells askers apart (turns_who()); WORKERS_FOR_NOBODY: the
 * program's own work, which no share bounds. Unless PLACE_TAKEN `run` will not be called: the
 * asker's share or the queue is full, or the pool is closing. */
enum worker_place workers_submit(struct workers *workers, uint64_t who, void (*run)(void *job),
                                 void *job);
/* Runs what is queued, then joins; what is submitted later is not taken. NULL is fine. */
void workers_stop(struct workers *workers);
/* Stops, and frees: nobody may submit any more. NULL is fine. */
void workers_close(struct workers *workers);

#endif
