#include "control/jobs.h"

#include <criterion/criterion.h>

enum { FLOODER = 1, PERSON = 2 };

static struct jobs jobs;

static void run(void *job)
{
    (void)job;
}

static enum job_place put(uint64_t who, const char *name)
{
    return jobs_put(&jobs, who, run, (void *)(uintptr_t)name);
}

static const char *take(void)
{
    struct job job;

    return jobs_take(&jobs, &job) ? job.job : "nothing";
}

Test(jobs, those_of_one_asker_run_in_the_order_in_which_they_came)
{
    put(FLOODER, "1");
    put(FLOODER, "2");
    cr_assert_str_eq(take(), "1");
    put(FLOODER, "3");
    put(PERSON, "p");
    cr_assert_str_eq(take(), "2");
    put(FLOODER, "4");
    cr_assert_str_eq(take(), "p");
    cr_assert_str_eq(take(), "3");
    cr_assert_str_eq(take(), "4");
    cr_assert_str_eq(take(), "nothing");
}

/* A cancel-all must not overtake the order that was sent before it. */
Test(jobs, others_turns_do_not_change_the_order_of_ones_own)
{
    put(FLOODER, "a1");
    put(FLOODER, "a2");
    put(FLOODER, "a3");
    put(PERSON, "b1");
    cr_assert_str_eq(take(), "a1");
    put(PERSON, "b2");
    cr_assert_str_eq(take(), "b1");
    put(PERSON, "b3");
    cr_assert_str_eq(take(), "a2");
    cr_assert_str_eq(take(), "a3");
    put(PERSON, "b4");
    cr_assert_str_eq(take(), "b2");
    cr_assert_str_eq(take(), "b3");
    put(PERSON, "b5");
    cr_assert_str_eq(take(), "b4");
    cr_assert_str_eq(take(), "b5");
}

Test(jobs, one_asker_takes_half_of_the_places_and_others_go_between)
{
    for (int i = 0; i < JOBS_OF_ONE; i++)
        cr_assert_eq(put(FLOODER, "f"), JOB_TAKEN);
    cr_assert_eq(put(FLOODER, "f"), JOB_SHARE_FULL);
    cr_assert_eq(put(PERSON, "p"), JOB_TAKEN);
    cr_assert_str_eq(take(), "f");
    cr_assert_str_eq(take(), "p", "after one of theirs, not after all");
}

Test(jobs, the_programs_own_find_a_place_in_a_full_queue_and_go_first)
{
    for (int i = 0; i < JOBS_MAX; i++)
        cr_assert_eq(put(100 + (uint64_t)i, "s"), JOB_TAKEN);
    cr_assert_eq(put(PERSON, "p"), JOB_ALL_FULL);
    for (int i = 0; i < JOBS_OWN_MAX; i++)
        cr_assert_eq(put(JOBS_FOR_NOBODY, "stop"), JOB_TAKEN);
    cr_assert_eq(put(JOBS_FOR_NOBODY, "stop"), JOB_ALL_FULL);
    cr_assert_eq(put(PERSON, "p"), JOB_ALL_FULL);
    for (int i = 0; i < JOBS_OWN_MAX; i++)
        cr_assert_str_eq(take(), "stop");
    cr_assert_str_eq(take(), "s");
    cr_assert_eq(put(PERSON, "p"), JOB_TAKEN);
}

Test(jobs, nobody_waits_for_ever_behind_newcomers)
{
    put(FLOODER, "1");
    put(FLOODER, "2");
    for (uint64_t who = 100; who < 200; who++) {
        put(who, "n");
        if (take()[0] == '2')
            return;
    }
    cr_assert(false, "the second never came");
}
