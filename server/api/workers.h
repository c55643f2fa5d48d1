/* The worker pool: two threads for what takes longer than a listener may wait (password hashes,
 * audit queries). Jobs wait in a bounded queue; when it is full the caller answers 503. */
#ifndef PITWALL_API_WORKERS_H
#define PITWALL_API_WORKERS_H

#include "engine.h"

#include <stdbool.h>

struct workers;

enum status workers_open(struct workers **workers, struct err *err);
/* Any thread. False: the queue is full or the pool is closing; `run` will not be called. */
bool workers_submit(struct workers *workers, void (*run)(void *job), void *job);
/* Runs what is queued, then joins. */
void workers_close(struct workers *workers);

#endif
