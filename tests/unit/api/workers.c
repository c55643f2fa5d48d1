#include "api/workers.h"

#include <criterion/criterion.h>

#include <semaphore.h>

enum { QUEUE = 8, FLOODER = 1, PERSON = 2, SHARE = QUEUE / 2 };
enum { OF_ASKERS, OF_PROGRAM };

static const struct fair_kind places[] = {
    [OF_ASKERS] = {QUEUE, SHARE, false}, [OF_PROGRAM] = {QUEUE, QUEUE, false}};

static struct workers *pool;
static sem_t begun, go, person_done;

static void open_pool(void)
{
    struct err err;

    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    sem_init(&person_done, 0, 0);
    cr_assert_eq(workers_open(&pool, "w", 2, places, FAIR_KINDS, &err), OK);
}

static void close_pool(void)
{
    for (int i = 0; i < 2 * QUEUE; i++)
        sem_post(&go);
    workers_close(pool);
}

TestSuite(workers, .init = open_pool, .fini = close_pool);

static void run_long(void *job)
{
    (void)job;
    sem_post(&begun);
    sem_wait(&go);
}

static void run_person(void *job)
{
    (void)job;
    sem_post(&person_done);
}

static void do_nothing(void *job)
{
    (void)job;
}

Test(workers, one_askers_waiting_jobs_take_a_share_and_no_more)
{
    cr_assert_eq(workers_submit(pool, OF_ASKERS, FLOODER, run_long, NULL), PLACE_TAKEN);
    sem_wait(&begun);
    for (int i = 0; i < SHARE; i++)
        cr_assert_eq(workers_submit(pool, OF_ASKERS, FLOODER, run_long, NULL), PLACE_TAKEN);
    cr_assert_eq(workers_submit(pool, OF_ASKERS, FLOODER, run_long, NULL), PLACE_SHARE_FULL);
    cr_assert_eq(workers_submit(pool, OF_ASKERS, PERSON, do_nothing, NULL), PLACE_TAKEN);
}

/* Without the rule both threads would run the flooder's, and this would wait for ever. */
Test(workers, a_thread_stays_for_others, .timeout = 20)
{
    for (int i = 0; i < SHARE; i++)
        workers_submit(pool, OF_ASKERS, FLOODER, run_long, NULL);
    sem_wait(&begun);
    cr_assert_eq(workers_submit(pool, OF_ASKERS, PERSON, run_person, NULL), PLACE_TAKEN);
    sem_wait(&person_done);
}

Test(workers, all_of_one_asker_run_in_the_end, .timeout = 20)
{
    for (int i = 0; i < SHARE; i++)
        cr_assert_eq(workers_submit(pool, OF_ASKERS, FLOODER, run_long, NULL), PLACE_TAKEN);
    for (int i = 0; i < SHARE; i++) {
        sem_wait(&begun);
        sem_post(&go);
    }
}

Test(workers, what_waits_at_the_end_is_run, .timeout = 20)
{
    int ran = 0;

    for (int i = 0; i < SHARE; i++)
        cr_assert_eq(workers_submit(pool, OF_ASKERS, FLOODER, run_long, NULL), PLACE_TAKEN);
    for (int i = 0; i < SHARE; i++)
        sem_post(&go);
    workers_stop(pool);
    while (sem_trywait(&begun) == 0)
        ran++;
    cr_assert_eq(ran, SHARE);
    cr_assert_eq(workers_submit(pool, OF_ASKERS, PERSON, do_nothing, NULL), PLACE_ALL_FULL);
}

Test(workers, the_programs_own_work_is_bound_by_the_queue_alone)
{
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(workers_submit(pool, OF_PROGRAM, FAIR_NOBODY, run_long, NULL), PLACE_TAKEN);
        sem_wait(&begun);
    }
    for (int i = 0; i < QUEUE; i++)
        cr_assert_eq(workers_submit(pool, OF_PROGRAM, FAIR_NOBODY, run_long, NULL), PLACE_TAKEN);
    cr_assert_eq(workers_submit(pool, OF_PROGRAM, FAIR_NOBODY, run_long, NULL), PLACE_ALL_FULL);
}
