/* Threads: made once at start, named, placed, and stopped together.
 *
 * The engine's thread is pinned to its core; all others may run anywhere but there. Idle policy:
 * spin, yield, or park (sleeps of at most 100 us). SCHED_OTHER always. After start nobody forks,
 * unmaps or changes protections (knowledge of interference: README "Threads"). */
#ifndef PITWALL_THREAD_THREAD_H
#define PITWALL_THREAD_THREAD_H

#include "config/config.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS_MAX = 24, THREAD_NAME_MAX = 16 };

struct thread_row {
    char name[THREAD_NAME_MAX];
    int core; /* -1: any but the engine's */
    enum idle idle;
    int tid;
};

/* Chooses the engine's core (configured, or the allowed core with the fewest disk interrupts) and
 * remembers it. Main thread, before any thread_start. With one allowed core only, nothing is
 * pinned and a warning says so. */
enum status thread_place_engine(int configured, int *core, struct err *err);

/* Starts body(ctx) under `name`. on_engine_core pins it there. */
enum status thread_start(pthread_t *thread, const char *name, bool on_engine_core, enum idle idle,
                         void *(*body)(void *), void *ctx, struct err *err);

/* For threads made by libraries: call first thing in such a thread. Idempotent per thread. */
void thread_adopt(const char *name);

/* What /status shows; returns how many. Any thread. */
uint32_t thread_rows(struct thread_row rows[THREADS_MAX]);

/* Idles once: `turns` counts empty turns in a row (the caller resets it when there was work). */
void thread_idle(enum idle idle, uint32_t *turns);

/* Set once, by a signal or a stop command; polled by everybody. */
extern _Atomic bool thread_stopping;

#endif
