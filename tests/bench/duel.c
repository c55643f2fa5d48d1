#include "duel.h"

#include "thread/clock.h"
#include "thread/thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRIES = 200, CALIBRATION_NS = 20000000 };
#define PATIENCE_NS 20000000000LL /* for one trial that counts */

struct trial {
    duel_side side;
    void *ctx;
    uint32_t count;
    int core;
    _Atomic int *ready; /* how many of the two have come */
    double share;
};

bool duel_pin(int core)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((unsigned)core, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
}

static double calibrate(void)
{
    int64_t from_ns = clock_mono_ns();
    uint64_t from = __rdtsc();
    int64_t to_ns;

    do {
        to_ns = clock_mono_ns();
    } while (to_ns - from_ns < CALIBRATION_NS);
    return (double)(to_ns - from_ns) / (double)(__rdtsc() - from);
}

bool duel_open(struct duel *duel, double share_min)
{
    cpu_set_t allowed;
    int cores[2];
    int found = 0;

    *duel = (struct duel){.share_min = share_min};
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return false;
    for (int core = 0; core < CPU_SETSIZE && found < 2; core++)
        if (CPU_ISSET((unsigned)core, &allowed))
            cores[found++] = core;
    if (found < 2) {
        fprintf(stderr, "benches: two cores are needed\n");
        return false;
    }
    duel->left_core = cores[0];
    duel->right_core = cores[1];
    duel->ns_per_tick = calibrate();
    return duel_pin(cores[0]);
}

static void *play(void *argument)
{
    struct trial *trial = argument;
    bool pinned = duel_pin(trial->core);
    int64_t from_ns;
    int64_t cpu_ns;

    (void)thread_hurry(HURRY_ENGINE); /* as the engine's thread: ahead of builds and browsers */
    atomic_fetch_add(trial->ready, 1);
    while (atomic_load(trial->ready) < 2)
        __builtin_ia32_pause();
    from_ns = clock_mono_ns();
    cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
    trial->side(trial->ctx, trial->count);
    cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
    trial->share = pinned ? (double)cpu_ns / (double)(clock_mono_ns() - from_ns) : 0;
    return NULL;
}

bool duel_run(struct duel *duel, void (*again)(void *ctx), duel_side left, duel_side right,
              void *ctx, uint32_t count)
{
    int64_t until_ns = clock_mono_ns() + PATIENCE_NS;

    for (int tries = 0; tries < TRIES && clock_mono_ns() < until_ns; tries++) {
        _Atomic int ready = 0;
        struct trial mine = {left, ctx, count, duel->left_core, &ready, 0};
        struct trial other = {right, ctx, count, duel->right_core, &ready, 0};
        pthread_t thread;

        again(ctx);
        if (pthread_create(&thread, NULL, play, &other) != 0)
            return false;
        play(&mine);
        pthread_join(thread, NULL);
        if (mine.share >= duel->share_min && other.share >= duel->share_min)
            return true;
        duel->thrown++;
    }
    fprintf(stderr, "benches: the two cores were never ours for %.0f %% of a trial\n",
            100 * duel->share_min);
    return false;
}

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

double duel_percentile_ns(const struct duel *duel, uint32_t *ticks, uint32_t count,
                          uint32_t per_mille)
{
    qsort(ticks, count, sizeof *ticks, compare);
    return ticks[(uint64_t)(count - 1) * per_mille / 1000] * duel->ns_per_tick;
}
