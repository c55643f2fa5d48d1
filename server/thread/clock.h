/* The clocks. Only server/ reads them; the engine is told the time. Any thread, about 20 ns. */
#ifndef PITWALL_THREAD_CLOCK_H
#define PITWALL_THREAD_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_read_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Nanoseconds since the epoch: stamps that people and other machines see. */
static inline int64_t clock_real_ns(void)
{
    return clock_read_ns(CLOCK_REALTIME);
}

/* For durations and deadlines. */
static inline int64_t clock_mono_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

#endif
