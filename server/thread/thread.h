/* Threads: made once at start, named, placed, and stopped together.
 *
 * The engine's thread is pinned to its core; all others may run anywhere but there. Idle policy:
 * spin, yield, or park (sleeps of at most 100 us). SCHED_OTHER always. After start nobody forks,
 * unmaps or changes protections: each of those interrupts the engine's core, because all threads
 * share one address space (TLB shootdowns; a fork makes every page of the engine fault again). */
#ifndef PITWALL_THREAD_THREAD_H
#define PITWALL_THREAD_THREAD_H

#include "config/config.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { THREADS_MAX = 24, THREAD_NAME_MAX = 16, THREAD_CORES_MAX = 1024 };

struct thread_row {
    char name[THREAD_NAME_MAX];
    int core; /* -1: any but the engine's */
    enum idle idle;
    int tid;
};

/* Of the allowed cores one that the kernel keeps for us (`isolated`, a list like "2,8-9"), else
 * any; of those the one with the fewest disk interrupts; -1: none is allowed. Pure. */
int thread_choose_core(const cpu_set_t *allowed, const char *isolated,
                       const uint64_t interrupts[THREAD_CORES_MAX]);

/* Chooses the engine's core (configured, or by thread_choose_core) and remembers it. Main thread,
 * before any thread_start. With one allowed core only, nothing is pinned and a warning says so;
 * *core is then -1. ERR_CONFIG: not one of the allowed cores. */
enum status thread_place_engine(int configured, int *core, struct err *err);

/* From here on malloc neither maps large blocks one by one nor gives memory back: each unmapping
 * interrupts the engine's core. Main thread, before any other. */
void thread_keep_memory(void);

/* How many cores this process may use. */
int thread_cores(void);

/* IDLE_AUTO becomes park with fewer than four cores (spinning threads would starve the rest),
 * else spin; the others stay what they are. */
enum idle thread_idle_policy(enum idle idle);
const char *idle_name(enum idle idle); /* "park" */

/* Starts body(ctx) under `name`. on_engine_core pins it there. */
enum status thread_start(pthread_t *thread, const char *name, bool on_engine_core, enum idle idle,
                         void *(*body)(void *), void *ctx, struct err *err);

/* Called by the threads that orders wait for, with a negative nice value: where we may
 * (CAP_SYS_NICE), so that on a shared machine builds and browsers do not keep them waiting. Still
 * SCHED_OTHER, because real-time throttling stops a spinning thread for 50 ms in every second. The
 * engine has a core of its own and takes all of it; a gateway shares one with the threads that
 * serve a kill and persist, so it must not starve them. False: not permitted. */
enum { HURRY_ENGINE = -20, HURRY_GATEWAY = -5 };
bool thread_hurry(int nice_value);

/* For threads made by libraries, and main: call first thing in such a thread. Idempotent per
 * thread. */
void thread_adopt(const char *name);

/* What /status shows; returns how many. Any thread. */
uint32_t thread_rows(struct thread_row rows[THREADS_MAX]);

/* Idles once: `turns` counts empty turns in a row (the caller resets it when there was work). */
void thread_idle(enum idle idle, uint32_t *turns);

/* Sleeps for about `ms`; what the control plane's threads do between looks at their inputs. */
void thread_sleep_ms(int64_t ms);

/* Set once, by main, when trading has stopped (orders are cancelled by then); polled by
 * everybody. */
extern _Atomic bool thread_stopping;

#endif
