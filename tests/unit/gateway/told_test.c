/* Figures that belong together, and the venue's count of our fills. */
#include "gateway/gateway.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const int64_t hour_ns = 3600 * 1000000000LL;
static struct gateway gateway;
static struct gateway_tally tally;

static void begin(void)
{
    gateway = (struct gateway){.io = {.day_roll_hour = 2}};
}

TestSuite(told, .init = begin);

Test(told, nothing_is_known_before_it_is_told)
{
    struct gateway_balance balance;

    cr_assert(not(gateway_balance(&gateway, &balance)));
    gateway_tell_balance(&gateway, &(struct gateway_balance){.equity_e8 = 7,
                                                             .wallet_e8 = GATEWAY_UNKNOWN,
                                                             .available_e8 = -5,
                                                             .venue_ns = 3,
                                                             .told_ns = 4});
    cr_assert(gateway_balance(&gateway, &balance));
    cr_assert(eq(i64, balance.equity_e8, 7));
    cr_assert(eq(i64, balance.wallet_e8, GATEWAY_UNKNOWN));
    cr_assert(eq(i64, balance.available_e8, -5));
    cr_assert(eq(i64, balance.venue_ns, 3));
    cr_assert(eq(i64, balance.told_ns, 4));
}

Test(told, figures_that_are_half_written_are_not_read)
{
    struct gateway_balance balance;

    gateway_tell_balance(&gateway, &(struct gateway_balance){.equity_e8 = 7});
    atomic_fetch_add(&gateway.balance.version, 1);
    cr_assert(not(gateway_balance(&gateway, &balance)));
    atomic_fetch_add(&gateway.balance.version, 1);
    cr_assert(gateway_balance(&gateway, &balance));
}

Test(told, fills_are_shown_when_the_count_is_whole)
{
    gateway_count_fill(&gateway, 3, 30 * hour_ns, 100);
    gateway_count_fill(&gateway, 3, 31 * hour_ns, -30);
    cr_assert(not(gateway_tally(&gateway, 3, &tally)));
    gateway_tell_fills(&gateway, 3, 40 * hour_ns);
    cr_assert(gateway_tally(&gateway, 3, &tally));
    cr_assert(eq(i64, tally.fills, 2));
    cr_assert(eq(i64, tally.fee_e8, 70));
    cr_assert(eq(i64, tally.day_ns, 26 * hour_ns), "the day that began at two");
    cr_assert(eq(i64, tally.told_ns, 40 * hour_ns));
    gateway_count_fill(&gateway, 3, 32 * hour_ns, 1);
    cr_assert(gateway_tally(&gateway, 3, &tally));
    cr_assert(eq(i64, tally.fills, 2), "as it was told");
    cr_assert(not(gateway_tally(&gateway, 2, &tally)));
}

Test(told, a_new_day_begins_a_new_count_and_the_old_one_is_over)
{
    gateway_count_fill(&gateway, 0, 49 * hour_ns, 100);
    gateway_count_fill(&gateway, 0, 50 * hour_ns, 20);
    gateway_count_fill(&gateway, 0, 49 * hour_ns, 100);
    gateway_tell_fills(&gateway, 0, 51 * hour_ns);
    cr_assert(gateway_tally(&gateway, 0, &tally));
    cr_assert(eq(i64, tally.fills, 1));
    cr_assert(eq(i64, tally.fee_e8, 20));
    cr_assert(eq(i64, tally.day_ns, 50 * hour_ns));
}

Test(told, fees_beyond_what_a_number_holds_are_unknown)
{
    gateway_count_fill(&gateway, 0, 30 * hour_ns, INT64_MAX);
    gateway_count_fill(&gateway, 0, 30 * hour_ns, 1);
    gateway_count_fill(&gateway, 0, 30 * hour_ns, 1);
    gateway_tell_fills(&gateway, 0, 30 * hour_ns);
    cr_assert(gateway_tally(&gateway, 0, &tally));
    cr_assert(eq(i64, tally.fills, 3));
    cr_assert(eq(i64, tally.fee_e8, GATEWAY_UNKNOWN));
}
