#include "venue/bybit/rate.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define SECOND 1000000000LL

static struct rate_window window;
static struct rate_verdict verdict;

static bool take_at(int64_t now_ns, uint32_t cost)
{
    verdict = rate_take(&window, 10, cost, SECOND, now_ns);
    return verdict.passes;
}

Test(venue_rate, ten_a_second_pass_and_the_eleventh_hears_when)
{
    for (int64_t n = 0; n < 10; n++)
        cr_assert(take_at(5 * SECOND + n * 1000000, 1));
    cr_assert(eq(i64, verdict.left, 0));
    cr_assert(not(take_at(5 * SECOND + 20000000, 1)));
    cr_assert(eq(i64, verdict.reset_ms, 6000));
    cr_assert(eq(i64, verdict.limit, 10));
}

/* Rolling: what was taken comes back one by one, not all at once. */
Test(venue_rate, the_window_rolls)
{
    for (int64_t n = 0; n < 10; n++)
        take_at(5 * SECOND + n * 100000000, 1);
    cr_assert(take_at(6 * SECOND, 1));
    cr_assert(not(take_at(6 * SECOND + 1, 1)));
    cr_assert(take_at(6 * SECOND + 100000000, 1));
}

Test(venue_rate, a_refused_one_costs_nothing)
{
    for (int64_t n = 0; n < 10; n++)
        take_at(5 * SECOND, 1);
    for (int64_t n = 0; n < 100; n++)
        cr_assert(not(take_at(5 * SECOND + 500000000, 1)));
    cr_assert(take_at(6 * SECOND, 1));
    cr_assert(eq(i64, verdict.left, 9));
}

Test(venue_rate, a_batch_counts_its_orders)
{
    cr_assert(take_at(5 * SECOND, 6));
    cr_assert(eq(i64, verdict.left, 4));
    cr_assert(not(take_at(5 * SECOND, 6)));
    cr_assert(take_at(5 * SECOND, 4));
    cr_assert(take_at(7 * SECOND, 20), "more than the limit passes an empty window");
    cr_assert(not(take_at(7 * SECOND, 1)));
}

Test(venue_rate, spot_and_linear_have_limits_of_their_own)
{
    cr_assert(eq(u32, rate_limit(RATE_CREATE, VENUE_LINEAR), 10));
    cr_assert(eq(u32, rate_limit(RATE_CREATE, VENUE_SPOT), 20));
    cr_assert(eq(u32, rate_limit(RATE_DCP, VENUE_LINEAR), 5));
}
