/* A pool of threads for what takes longer than a listener may wait: the workers (audit queries, the
 * journal's past), the readers (long lists out of memory), the clerks (what must be on disk before
 * an answer), and one thread for password hashes and changes of who may do what. Jobs wait in a
 * fair queue (thread/fair.h). Of one asker's jobs one runs at a time, so that with two threads
 * others find one however much that one asks for. When the queue is full the caller answers 503;
 * when the asker's share of it is, 429. */
#ifndef PITWALL_API_WORKERS_H
#define PITWALL_API_WORKERS_H

#include "thread/fair.h"

#include "engine.h"

struct workers;

enum { WORKERS_MAX = 2 };

/* `name` is at most 14 bytes; of two threads the names are NAME0 and NAME1. `count` kinds of job
 * may wait, as many of each as its row says. */
enum status workers_open(struct workers **workers, const char *name, uint32_t threads,
                         const struct fair_kind *kinds, uint32_t count, struct err *err);
/* Any thread; some 100 ns. `who`: fair_who(), or FAIR_NOBODY for the program's own work, of which
 * any number runs at a time. Unless PLACE_TAKEN `run` will not be called: the asker's share or the
 * queue is full, or the pool is closing. */
enum place workers_submit(struct workers *workers, uint32_t kind, uint64_t who,
                          void (*run)(void *job), void *job);
/* Runs what is queued, then joins; what is submitted later is not taken. NULL is fine. */
void workers_stop(struct workers *workers);
/* Stops, and frees: nobody may submit any more. NULL is fine. */
void workers_close(struct workers *workers);

#endif
