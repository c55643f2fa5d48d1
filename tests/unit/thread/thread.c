#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>

static int seen_core;
static char seen_name[THREAD_NAME_MAX];
static cpu_set_t seen_set;

static void *look(void *ctx)
{
    (void)ctx;
    seen_core = sched_getcpu();
    sched_getaffinity(0, sizeof seen_set, &seen_set);
    pthread_getname_np(pthread_self(), seen_name, sizeof seen_name);
    return NULL;
}

static void run_one(bool on_engine_core)
{
    pthread_t thread;
    struct err err;

    cr_assert_eq(thread_start(&thread, "looker", on_engine_core, IDLE_PARK, look, NULL, &err), OK);
    pthread_join(thread, NULL);
}

Test(thread, the_engine_has_a_core_and_the_others_the_rest)
{
    struct err err;
    int core;

    cr_assert_eq(thread_place_engine(-1, &core, &err), OK);
    run_one(true);
    cr_assert_str_eq(seen_name, "looker");
    if (thread_cores() < 2) {
        cr_assert_eq(core, -1);
        cr_skip("one core: nothing is pinned");
    }
    cr_assert_geq(core, 0);
    cr_assert_eq(seen_core, core);
    cr_assert_eq(CPU_COUNT(&seen_set), 1);
    run_one(false);
    cr_assert_neq(seen_core, core);
    cr_assert_not(CPU_ISSET((size_t)core, &seen_set));
}

Test(thread, a_core_that_is_not_ours_is_refused)
{
    struct err err;
    int core;

    cr_assert_eq(thread_place_engine(1023, &core, &err), ERR_CONFIG);
    cr_assert_not_null(strstr(err.text, "1023"), "%s", err.text);
}

/* Cores 1 to 5 are ours, core 1 is the quietest. */
static int chosen_with(const char *isolated)
{
    static uint64_t interrupts[THREAD_CORES_MAX] = {0, 1, 9, 4, 5, 6};
    cpu_set_t allowed;

    CPU_ZERO(&allowed);
    for (size_t core = 1; core <= 5; core++)
        CPU_SET(core, &allowed);
    return thread_choose_core(&allowed, isolated, interrupts);
}

Test(thread, a_core_that_the_kernel_keeps_for_us_is_chosen_before_a_quieter_one)
{
    cpu_set_t none;

    cr_assert_eq(chosen_with("2\n"), 2);
    cr_assert_eq(chosen_with("0,3-4"), 3); /* the quieter of both; core 0 is not ours */
    cr_assert_eq(chosen_with(""), 1);
    cr_assert_eq(chosen_with("\n"), 1);
    cr_assert_eq(chosen_with("7-9"), 1);
    CPU_ZERO(&none);
    cr_assert_eq(thread_choose_core(&none, "2", (uint64_t[THREAD_CORES_MAX]){0}), -1);
}

Test(thread, rows_tell_name_and_idling)
{
    struct thread_row rows[THREADS_MAX];
    uint32_t count;

    thread_adopt("mine");
    thread_adopt("mine"); /* once per thread */
    count = thread_rows(rows);
    cr_assert_eq(count, 1);
    cr_assert_str_eq(rows[0].name, "mine");
    cr_assert_eq(rows[0].idle, IDLE_PARK);
    cr_assert_gt(rows[0].tid, 0);
}

Test(thread, auto_parks_when_cores_are_few)
{
    struct err err;
    int core;

    cr_assert_eq(thread_place_engine(-1, &core, &err), OK);
    cr_assert_eq(thread_idle_policy(IDLE_AUTO), thread_cores() < 4 ? IDLE_PARK : IDLE_SPIN);
    cr_assert_eq(thread_idle_policy(IDLE_YIELD), IDLE_YIELD);
}

Test(thread, spinning_comes_before_parking)
{
    uint32_t turns = 0;
    int64_t from_ns = clock_mono_ns();

    for (int count = 0; count < 10; count++)
        thread_idle(IDLE_PARK, &turns);
    cr_assert_eq(turns, 10);
    cr_assert_lt(clock_mono_ns() - from_ns, 1000000000);
}
