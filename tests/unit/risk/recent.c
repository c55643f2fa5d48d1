#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "risk/recent.h"
#include "risk/tally.h"

static struct recent recent;

static struct recent_order order(int64_t price, int64_t lots)
{
    return (struct recent_order){.price_ticks = price, .qty_lots = lots, .strategy = 1};
}

Test(recent, an_equal_order_has_an_age_and_any_other_has_none)
{
    struct recent_order seen = order(1000, 5), other;

    cr_assert(eq(i64, recent_age_ns(&recent, &seen, 100), INT64_MAX));
    recent_note(&recent, &seen, 100);
    cr_assert(eq(i64, recent_age_ns(&recent, &seen, 350), 250));
    recent_note(&recent, &seen, 300);
    cr_assert(eq(i64, recent_age_ns(&recent, &seen, 350), 50), "of the newest");
    cr_assert(eq(i64, recent_age_ns(&recent, &seen, 200), 0), "a clock that went back");
    other = seen, other.side = 1;
    cr_assert(eq(i64, recent_age_ns(&recent, &other, 350), INT64_MAX));
    other = seen, other.strategy = 2;
    cr_assert(eq(i64, recent_age_ns(&recent, &other, 350), INT64_MAX));
    other = seen, other.instrument = 1;
    cr_assert(eq(i64, recent_age_ns(&recent, &other, 350), INT64_MAX));
    other = order(1001, 5);
    cr_assert(eq(i64, recent_age_ns(&recent, &other, 350), INT64_MAX));
    other = order(1000, 6);
    cr_assert(eq(i64, recent_age_ns(&recent, &other, 350), INT64_MAX));
}

Test(recent, the_newest_are_remembered_and_the_oldest_is_forgotten)
{
    struct recent_order seen;

    for (int64_t at = 1; at <= 3 * RECENT_MAX; at++) {
        seen = order(at, 1);
        recent_note(&recent, &seen, at);
    }
    for (int64_t at = 2 * RECENT_MAX + 1; at <= 3 * RECENT_MAX; at++) {
        seen = order(at, 1);
        cr_assert(eq(i64, recent_age_ns(&recent, &seen, 3 * RECENT_MAX), 3 * RECENT_MAX - at));
    }
    seen = order(2 * RECENT_MAX, 1);
    cr_assert(eq(i64, recent_age_ns(&recent, &seen, 3 * RECENT_MAX), INT64_MAX));
}

Test(recent, a_repeated_order_takes_one_place_and_stays_the_newest)
{
    struct recent_order often = order(7, 7), once = order(8, 8), seen;

    recent_note(&recent, &once, 1);
    for (int64_t at = 2; at <= 2 * RECENT_MAX; at++)
        recent_note(&recent, &often, at);
    cr_assert(eq(i64, recent_age_ns(&recent, &once, 10), 9), "the repeats did not push it out");
    for (int64_t at = 0; at < RECENT_MAX - 1; at++) {
        seen = order(1000 + at, 1);
        recent_note(&recent, &seen, 3 * RECENT_MAX);
    }
    cr_assert(eq(i64, recent_age_ns(&recent, &once, 10), INT64_MAX));
    cr_assert(eq(i64, recent_age_ns(&recent, &often, 2 * RECENT_MAX + 5), 5));
}

Test(tally, the_day_starts_its_orders_anew_and_leaves_executions)
{
    static struct tally tally;
    struct order_scopes scopes = {0, 1, 2, 3};

    tally_roll(&tally, 1000);
    tally_order(&tally, scopes);
    tally_execution(&tally, scopes);
    tally_roll(&tally, 1000);
    for (unsigned scope = 0; scope < 4; scope++)
        cr_assert(eq(u32, tally.orders_today[scope], 1));
    tally_roll(&tally, 2000);
    for (unsigned scope = 0; scope < 4; scope++) {
        cr_assert(eq(u32, tally.orders_today[scope], 0));
        cr_assert(eq(u32, tally.executions[scope], 1), "no timer takes them back");
    }
}
