#include "thread/fair.h"

#include <criterion/criterion.h>

enum { FLOODER = 1, PERSON = 2, PLACES = 16, SHARE = 4 };
enum { PEOPLE, OWN };

static struct fair_queue queue = {
    .kind = {[PEOPLE] = {PLACES, SHARE, false}, [OWN] = {PLACES, PLACES, true}}};

static void run(void *job)
{
    (void)job;
}

static enum place put(uint64_t who, const char *name)
{
    return fair_put(&queue, who == FAIR_NOBODY ? OWN : PEOPLE, who, run, (void *)(uintptr_t)name);
}

static const char *take(void)
{
    struct fair_job job;

    return fair_take(&queue, NULL, NULL, &job) ? job.job : "nothing";
}

Test(fair, those_of_one_asker_run_in_the_order_in_which_they_came)
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

/* A cancel-all must not overtake the order that was sent before it: turns that pass with others'
 * jobs leave room between those of one's own. */
Test(fair, others_turns_do_not_change_the_order_of_ones_own)
{
    put(FLOODER, "f1");
    put(FLOODER, "f2");
    put(FLOODER, "f3");
    put(PERSON, "p1");
    cr_assert_str_eq(take(), "f1");
    put(PERSON, "p2");
    cr_assert_str_eq(take(), "p1");
    put(PERSON, "p3");
    cr_assert_str_eq(take(), "f2");
    cr_assert_str_eq(take(), "f3");
    put(PERSON, "p4");
    cr_assert_str_eq(take(), "p2");
    cr_assert_str_eq(take(), "p3");
    put(PERSON, "p5");
    cr_assert_str_eq(take(), "p4");
    cr_assert_str_eq(take(), "p5");
}

Test(fair, one_asker_takes_a_share_of_the_places_and_others_go_between)
{
    for (int i = 0; i < SHARE; i++)
        cr_assert_eq(put(FLOODER, "f"), PLACE_TAKEN);
    cr_assert_eq(put(FLOODER, "f"), PLACE_SHARE_FULL);
    cr_assert_eq(put(PERSON, "p"), PLACE_TAKEN);
    cr_assert_str_eq(take(), "f");
    cr_assert_str_eq(take(), "p", "after one of theirs, not after all");
}

Test(fair, another_kind_finds_a_place_in_a_full_queue_and_may_go_first)
{
    for (int i = 0; i < PLACES; i++)
        cr_assert_eq(put(100 + (uint64_t)i, "s"), PLACE_TAKEN);
    cr_assert_eq(put(PERSON, "p"), PLACE_ALL_FULL);
    for (int i = 0; i < PLACES; i++)
        cr_assert_eq(put(FAIR_NOBODY, "stop"), PLACE_TAKEN);
    cr_assert_eq(put(FAIR_NOBODY, "stop"), PLACE_ALL_FULL);
    cr_assert_eq(put(PERSON, "p"), PLACE_ALL_FULL);
    for (int i = 0; i < PLACES; i++)
        cr_assert_str_eq(take(), "stop");
    cr_assert_str_eq(take(), "s");
    cr_assert_eq(put(PERSON, "p"), PLACE_TAKEN);
}

Test(fair, nobody_waits_for_ever_behind_newcomers)
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

static bool is_not_the_flooders(const void *ctx, const struct fair_job *job)
{
    (void)ctx;
    return job->who != FLOODER;
}

Test(fair, who_may_not_go_is_passed_over_and_keeps_the_turn)
{
    struct fair_job job;

    put(FLOODER, "f");
    put(PERSON, "p");
    cr_assert(fair_take(&queue, is_not_the_flooders, NULL, &job));
    cr_assert_str_eq(job.job, "p");
    cr_assert_not(fair_take(&queue, is_not_the_flooders, NULL, &job));
    put(PERSON, "later");
    cr_assert_str_eq(take(), "f");
}

Test(fair, a_name_and_an_address_do_not_meet)
{
    cr_assert_neq(fair_who("127.0.0.1", true), fair_who("127.0.0.1", false));
    cr_assert_eq(fair_who("risk1", true), fair_who("risk1", true));
    cr_assert_neq(fair_who("", false), FAIR_NOBODY);
}
