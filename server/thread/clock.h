/* The clocks. Only server/ reads them; the engine is told the time. Any thread, about 20 ns. */
#ifndef PITWALL_THREAD_CLOCK_H
#define PITWALL_THREAD_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { CLOCK_TEXT_MAX = 32 };

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

/* Seconds since the epoch as "2029-03-02T09:04:25Z". False: no calendar goes that far. */
static inline bool clock_print_utc(char out[CLOCK_TEXT_MAX], int64_t s)
{
    time_t at = (time_t)s;
    struct tm utc;

    return gmtime_r(&at, &utc) && strftime(out, CLOCK_TEXT_MAX, "%FT%TZ", &utc) > 0;
}

#endif
