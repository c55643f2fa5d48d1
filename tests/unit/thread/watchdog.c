#include "thread/watchdog.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <time.h>

#define MS 1000000LL

static _Atomic int64_t beat_ns;

static struct watchdog dog(void)
{
    atomic_store(&beat_ns, 1000 * MS);
    return (struct watchdog){.beat_ns = &beat_ns,
                             .stuck_ns = 100 * MS,
                             .silent_ns = 2000 * MS,
                             .seen_beat_ns = 1000 * MS};
}

Test(watchdog, an_engine_that_beats_is_well_however_long_it_takes)
{
    struct watchdog watchdog = dog();

    for (int64_t turn = 1; turn <= 100; turn++) {
        atomic_store(&beat_ns, (1000 + turn * 90) * MS);
        cr_assert(
            eq(int, watchdog_look(&watchdog, (1000 + turn * 95) * MS, turn * 90 * MS), WATCH_WELL));
    }
}

Test(watchdog, a_step_that_uses_its_cpu_time_up_is_stuck)
{
    struct watchdog watchdog = dog();

    cr_assert(eq(int, watchdog_look(&watchdog, 1099 * MS, 99 * MS), WATCH_WELL));
    cr_assert(eq(int, watchdog_look(&watchdog, 1100 * MS, 100 * MS), WATCH_STUCK));
}

Test(watchdog, a_machine_that_is_busy_is_not_an_engine_that_is_stuck)
{
    struct watchdog watchdog = dog();

    cr_assert(eq(int, watchdog_look(&watchdog, 2999 * MS, 50 * MS), WATCH_WELL));
    cr_assert(eq(int, watchdog_look(&watchdog, 3000 * MS, 50 * MS), WATCH_SILENT));
    cr_assert(eq(int, watchdog_look(&watchdog, 4000 * MS, 50 * MS), WATCH_WELL), "told once");
    atomic_store(&beat_ns, 5000 * MS);
    cr_assert(eq(int, watchdog_look(&watchdog, 5001 * MS, 60 * MS), WATCH_WELL));
    cr_assert(eq(int, watchdog_look(&watchdog, 7000 * MS, 60 * MS), WATCH_SILENT), "and again");
}

static _Atomic uint64_t told, incident_told;

static void hear(void *ctx, uint64_t incident)
{
    atomic_store(&incident_told, incident);
    atomic_fetch_add((_Atomic uint64_t *)ctx, 1);
}

Test(watchdog, a_kill_for_silence_is_told_once, .timeout = 60)
{
    static struct kill_page page;
    struct watchdog watchdog = {.engine = pthread_self(),
                                .beat_ns = &beat_ns, /* long ago */
                                .kill = &page,
                                .stuck_ns = INT64_MAX,
                                .silent_ns = 1,
                                .note_silence = hear,
                                .note_ctx = &told};
    struct err err;

    cr_assert(eq(int, watchdog_start(&watchdog, &err), OK));
    while (atomic_load(&told) == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 5 * WATCH_EVERY_NS}, NULL);
    watchdog_stop(&watchdog);
    cr_assert(eq(u64, atomic_load(&told), 1));
    cr_assert(eq(u64, atomic_load(&incident_told), atomic_load(&page.word[scope_of_firm()])));
    cr_assert(eq(u64, atomic_load(&page.sweep), 1));
}

Test(watchdog, leaving_safely_kills_the_firm_and_waits_for_the_gateways_only_so_long)
{
    static struct kill_page page;

    leave_safely(&page, 1, 5 * MS);
    cr_assert(kill_page_is_killed(&page, 0));
    cr_assert(eq(u64, atomic_load(&page.sweep), 1));
    atomic_store(&page.gateway[0].swept, 2);
    leave_safely(&page, 1, INT64_MAX / 2); /* it has: nothing to wait for */
}
