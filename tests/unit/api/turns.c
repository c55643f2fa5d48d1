#include "api/turns.h"

#include <criterion/criterion.h>

#include <stdio.h>

static struct turn_queue queue;

static void run(void *job)
{
    (void)job;
}

static enum turn put(const char *who, const char *job)
{
    return turn_queue_put(&queue, who, false, run, (void *)(uintptr_t)job);
}

static const char *take(void)
{
    struct turn_row row;

    return turn_queue_take(&queue, &row) ? row.job : "nothing";
}

Test(turns, in_order_for_one)
{
    put("a", "a1");
    put("a", "a2");
    cr_assert_str_eq(take(), "a1");
    put("a", "a3");
    cr_assert_str_eq(take(), "a2");
    cr_assert_str_eq(take(), "a3");
    cr_assert_str_eq(take(), "nothing");
}

Test(turns, a_flooder_has_four_places_and_others_go_between)
{
    for (int i = 0; i < TURNS_OF_ONE; i++)
        cr_assert_eq(put("flood", "f"), TURN_TAKEN);
    cr_assert_eq(put("flood", "f"), TURN_SHARE_FULL);
    cr_assert_str_eq(take(), "f");
    cr_assert_eq(put("flood", "f"), TURN_TAKEN);
    cr_assert_eq(put("person", "p"), TURN_TAKEN);
    cr_assert_str_eq(take(), "f");
    cr_assert_str_eq(take(), "p", "after one of theirs, not after all");
}

Test(turns, nobody_waits_for_ever_behind_newcomers)
{
    put("a", "a1");
    put("a", "a2");
    for (int i = 0; i < 100; i++) {
        char who[16];
        const char *taken;

        snprintf(who, sizeof who, "n%d", i);
        put(who, "n");
        taken = take();
        if (strcmp(taken, "a2") == 0)
            return;
    }
    cr_assert(false, "a2 never came");
}

Test(turns, strangers_cannot_take_the_places_of_those_known)
{
    char who[16];

    for (int i = 0; i < TURNS_MAX; i++) {
        snprintf(who, sizeof who, "s%d", i);
        cr_assert_eq(put(who, "s"), TURN_TAKEN);
    }
    cr_assert_eq(put("one more", "s"), TURN_ALL_FULL);
    cr_assert_eq(turn_queue_put(&queue, "risk1", true, run, NULL), TURN_TAKEN);
}

Test(turns, others_turns_do_not_change_the_order_of_ones_own)
{
    put("a", "a1");
    put("a", "a2");
    put("a", "a3");
    put("b", "b1");
    cr_assert_str_eq(take(), "a1");
    put("b", "b2");
    cr_assert_str_eq(take(), "b1");
    put("b", "b3");
    cr_assert_str_eq(take(), "a2");
    cr_assert_str_eq(take(), "a3");
    put("b", "b4");
    cr_assert_str_eq(take(), "b2");
    cr_assert_str_eq(take(), "b3");
    put("b", "b5");
    cr_assert_str_eq(take(), "b4");
    cr_assert_str_eq(take(), "b5");
}
