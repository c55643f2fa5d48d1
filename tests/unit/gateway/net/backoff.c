#include "gateway/net/backoff.h"

#include <criterion/criterion.h>

Test(net_backoff, waits_double_from_100_ms_to_30_s_give_or_take_a_fifth)
{
    struct backoff backoff = {0};
    uint64_t random = 7;
    int64_t expected_ns = BACKOFF_FIRST_NS;
    bool differs = false;

    for (int at = 0; at < 40; at++) {
        int64_t wait_ns = backoff_after_failure(&backoff, &random);

        cr_assert_geq(wait_ns, expected_ns / 100 * 80);
        cr_assert_leq(wait_ns, expected_ns / 100 * 120);
        differs = differs || wait_ns != expected_ns;
        expected_ns = expected_ns * 2 > BACKOFF_MOST_NS ? BACKOFF_MOST_NS : expected_ns * 2;
    }
    cr_assert(differs, "there is jitter");
    backoff_proved(&backoff);
    cr_assert_leq(backoff_after_failure(&backoff, &random), BACKOFF_FIRST_NS / 100 * 120);
}

Test(net_backoff, the_budget_frees_as_attempts_leave_the_window)
{
    struct budget budget = {.most = 3};
    int64_t free_ns = 0;

    for (int64_t at = 0; at < 3; at++)
        cr_assert(budget_take(&budget, at * 1000, &free_ns));
    cr_assert_not(budget_take(&budget, 5000, &free_ns));
    cr_assert_eq(free_ns, BUDGET_WINDOW_NS);
    cr_assert(budget_take(&budget, BUDGET_WINDOW_NS, &free_ns));
    cr_assert_not(budget_take(&budget, BUDGET_WINDOW_NS + 999, &free_ns));
    cr_assert_eq(free_ns, BUDGET_WINDOW_NS + 1000);
    cr_assert(budget_take(&budget, BUDGET_WINDOW_NS + 1000, &free_ns));
}
