#include "thread/watchdog.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <time.h>

enum watch_verdict watchdog_look(struct watchdog *watchdog, int64_t mono_ns, int64_t cpu_ns)
{
    int64_t beat_ns = atomic_load_explicit(watchdog->beat_ns, memory_order_relaxed);

    if (beat_ns != watchdog->seen_beat_ns) {
        watchdog->seen_beat_ns = beat_ns;
        watchdog->cpu_at_beat_ns = cpu_ns;
        watchdog->told = false;
        return WATCH_WELL;
    }
    if (cpu_ns - watchdog->cpu_at_beat_ns >= watchdog->stuck_ns)
        return WATCH_STUCK;
    if (mono_ns - beat_ns < watchdog->silent_ns || watchdog->told)
        return WATCH_WELL;
    watchdog->told = true;
    return WATCH_SILENT;
}

static bool all_swept(struct kill_page *kill, uint16_t gateways, uint64_t sweep)
{
    for (uint16_t at = 0; at < gateways; at++)
        if (atomic_load_explicit(&kill->gateway[at].swept, memory_order_acquire) < sweep)
            return false;
    return true;
}

void leave_safely(struct kill_page *kill, uint16_t gateways, int64_t patience_ns)
{
    static const struct timespec step = {.tv_nsec = 1000000};
    int64_t until_ns = clock_mono_ns() + patience_ns;
    uint64_t sweep;

    (void)kill_page_set(kill, scope_of_firm());
    sweep = kill_page_sweep(kill);
    while (!all_swept(kill, gateways, sweep) && clock_mono_ns() < until_ns)
        nanosleep(&step, NULL);
}

static int64_t cpu_of(const struct watchdog *watchdog)
{
    clockid_t clock;

    return pthread_getcpuclockid(watchdog->engine, &clock) == 0 ? clock_read_ns(clock) : 0;
}

static void act(struct watchdog *watchdog, enum watch_verdict verdict)
{
    uint64_t incident;

    if (verdict == WATCH_STUCK)
        panic(__FILE__, __LINE__, "the engine's step has not returned: a strategy is stuck");
    if (verdict != WATCH_SILENT)
        return;
    incident = kill_page_set(watchdog->kill, scope_of_firm());
    (void)kill_page_sweep(watchdog->kill);
    if (watchdog->note_silence)
        watchdog->note_silence(watchdog->note_ctx, incident);
    log_line(LOG_ERROR, "watchdog", "the engine does not beat: firm killed, gateways cancel",
             "silent_ms=%lld", (long long)(atomic_load(&watchdog->silent_ns) / 1000000));
}

static void *run(void *ctx)
{
    static const struct timespec every = {.tv_nsec = WATCH_EVERY_NS};
    struct watchdog *watchdog = ctx;

    while (!atomic_load_explicit(&watchdog->stop, memory_order_acquire)) {
        act(watchdog, watchdog_look(watchdog, clock_mono_ns(), cpu_of(watchdog)));
        if (watchdog->note_kills)
            watchdog->note_kills(watchdog->note_ctx);
        nanosleep(&every, NULL);
    }
    return NULL;
}

enum status watchdog_start(struct watchdog *watchdog, struct err *err)
{
    watchdog->seen_beat_ns = atomic_load(watchdog->beat_ns);
    watchdog->cpu_at_beat_ns = cpu_of(watchdog);
    return thread_start(&watchdog->thread, "watchdog", false, IDLE_PARK, run, watchdog, err);
}

void watchdog_stop(struct watchdog *watchdog)
{
    if (!watchdog->thread)
        return;
    atomic_store(&watchdog->stop, true);
    pthread_join(watchdog->thread, NULL);
    watchdog->thread = 0;
}
