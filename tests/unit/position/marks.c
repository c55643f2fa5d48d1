#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "position/accounts.h"

#define SECOND_NS 1000000000LL

static const struct scope_map scopes = {.venues = 2, .strategies = 2, .instruments = 3};
/* 0: BTC in USDT, one lot one tick 0.0001; 1: BTCUSD inverse in BTC; 2: ES, of another venue. */
static const struct instrument rows[] = {{.price_decimals = 1,
                                          .qty_decimals = 3,
                                          .tick_units = 1,
                                          .lot_units = 1,
                                          .tick_value_e8 = 10000},
                                         {.price_decimals = 1,
                                          .tick_units = 1,
                                          .lot_units = 1,
                                          .inverse = true,
                                          .currency = 1,
                                          .inverse_value_e8_ticks = 100LL * 10 * MONEY_ONE_E8},
                                         {.price_decimals = 2,
                                          .tick_units = 25,
                                          .lot_units = 1,
                                          .venue = 1,
                                          .currency = 2,
                                          .tick_value_e8 = 1250000000}};
static const struct currency currencies[] = {
    {.name = "USDT", .fixed = true, .rate_e8 = MONEY_ONE_E8},
    {.name = "BTC", .rate_instrument = 0},
    {.name = "EUR", .fixed = true, .rate_e8 = 110000000}};
static struct accounts accounts;

static void set_up(void)
{
    accounts_init(&accounts, scopes, rows, currencies, 3, 100000 * MONEY_ONE_E8, 0);
}

static void show_book(uint16_t instrument, int64_t bid_ticks, int64_t ask_ticks, int64_t now_ns)
{
    accounts_touch(&accounts, instrument, bid_ticks, ask_ticks, now_ns);
    accounts_mark(&accounts, instrument, (bid_ticks + ask_ticks) * (PRICE_ONE_E8 / 2), now_ns);
}

TestSuite(marks, .init = set_up);

Test(marks, the_venues_own_mark_is_better_than_a_mid_while_it_is_fresh)
{
    show_book(0, 599990, 600010, 1);
    cr_assert(eq(i64, accounts.mark_e8_ticks[0], 600000 * PRICE_ONE_E8));
    cr_assert(eq(u8, accounts.mark_source[0], MARK_MID));
    accounts_venue_mark(&accounts, 0, 600123 * PRICE_ONE_E8 + 7, 2);
    show_book(0, 599980, 600000, 3);
    cr_assert(eq(i64, accounts.mark_e8_ticks[0], 600123 * PRICE_ONE_E8 + 7));
    cr_assert(eq(u8, accounts.mark_source[0], MARK_VENUE));
    cr_assert(eq(i64, accounts.mark_ns[0], 2), "as old as when the venue said it");
    show_book(0, 599980, 600000, 2 + 11 * SECOND_NS);
    cr_assert(eq(i64, accounts.mark_e8_ticks[0], 599990 * PRICE_ONE_E8), "it has gone quiet");
    cr_assert(eq(u8, accounts.mark_source[0], MARK_MID));
}

Test(marks, the_value_of_a_lot_is_rounded_up_and_follows_mark_and_rate)
{
    cr_assert(eq(i64, accounts_lot_value_e8(&accounts, 0), 0), "no mark");
    show_book(1, 500000, 500001, 1);
    cr_assert(eq(i64, accounts_lot_value_e8(&accounts, 1), 0), "no rate");
    cr_assert(eq(i64, accounts_rate_ns(&accounts, 1), 0));
    show_book(0, 500000, 500001, 5);
    cr_assert(eq(i64, accounts_lot_value_e8(&accounts, 0), 5000005000));
    /* 100 USD at 50,000.05 are 0.0019999980 BTC; times 50,000.05. */
    cr_assert(eq(i64, accounts_lot_value_e8(&accounts, 1), 100 * MONEY_ONE_E8));
    cr_assert(eq(i64, accounts_rate_ns(&accounts, 1), 5));
    show_book(0, 600000, 600000, 6);
    cr_assert(eq(i64, accounts_lot_value_e8(&accounts, 1), 11999988001), "119.99988000012, up");
    cr_assert(eq(i64, accounts_rate_ns(&accounts, 1), 6));
    show_book(2, 20000, 20000, 6);
    cr_assert(eq(i64, accounts_lot_value_e8(&accounts, 2), 275000 * MONEY_ONE_E8),
              "5,000 points of 50 EUR at 1.1");
    cr_assert(eq(i64, accounts_rate_ns(&accounts, 2), INT64_MAX), "fixed");
}

Test(marks, a_conservative_mark_is_what_a_position_could_be_closed_at)
{
    int64_t mark = 77;

    cr_assert(eq(int, accounts_conservative_mark(&accounts, 0, true, 10, 5, &mark), MARK_MISSING));
    cr_assert(eq(i64, mark, 77), "left alone");
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 10);
    cr_assert(eq(int, accounts_conservative_mark(&accounts, 0, true, 10, 5, &mark), MARK_MISSING),
              "nobody has seen a touch");
    show_book(0, 599990, 600010, 10);
    cr_assert(eq(int, accounts_conservative_mark(&accounts, 0, true, 10, 5, &mark), MARK_FRESH));
    cr_assert(eq(i64, mark, 599990 * PRICE_ONE_E8));
    cr_assert(eq(int, accounts_conservative_mark(&accounts, 0, false, 15, 5, &mark), MARK_FRESH));
    cr_assert(eq(i64, mark, 600010 * PRICE_ONE_E8));
    accounts_venue_mark(&accounts, 0, 600500 * PRICE_ONE_E8, 15);
    cr_assert(eq(int, accounts_conservative_mark(&accounts, 0, true, 15, 5, &mark), MARK_FRESH));
    cr_assert(eq(i64, mark, 599990 * PRICE_ONE_E8), "a long goes by the lower");
    cr_assert(eq(int, accounts_conservative_mark(&accounts, 0, false, 15, 5, &mark), MARK_FRESH));
    cr_assert(eq(i64, mark, 600500 * PRICE_ONE_E8), "a short by the higher");
    cr_assert(eq(int, accounts_conservative_mark(&accounts, 0, false, 16, 5, &mark), MARK_STALE),
              "as old as the touch");
}

Test(marks, a_stressed_scope_loses_half_the_spread_of_what_it_holds)
{
    struct stress stress;
    int64_t half = 10LL * 10 * 10000; /* 10 lots, 10 ticks */

    stress = accounts_stress(&accounts, scope_of_firm(), 10, 5);
    cr_assert(eq(i64, stress.age_ns, -1));
    cr_assert(eq(int, stress.quality, MARK_FRESH), "nothing is held");
    show_book(0, 599990, 600010, 10);
    accounts_fill(&accounts, 0, 0, SIDE_BUY, 600000, 30, 0);
    accounts_fill(&accounts, 1, 0, SIDE_SELL, 600000, 20, 0);
    stress = accounts_stress(&accounts, scope_of_firm(), 12, 5);
    cr_assert(eq(i64, stress.total_e8, -half), "of the net");
    cr_assert(eq(i64, stress.age_ns, 2));
    cr_assert(eq(int, stress.quality, MARK_FRESH));
    stress = accounts_stress(&accounts, scope_of_strategy(scopes, 1), 16, 5);
    cr_assert(eq(i64, stress.total_e8, -2 * half), "each strategy of its own");
    cr_assert(eq(int, stress.quality, MARK_STALE));
    stress = accounts_stress(&accounts, scope_of_venue(scopes, 1), 16, 5);
    cr_assert(eq(i64, stress.total_e8, 0), "of another venue");
    cr_assert(eq(i64, accounts.scope_e8[scope_of_firm()], 0), "it is a question, not a booking");
}

Test(marks, what_cannot_be_valued_says_so)
{
    struct stress stress;

    show_book(1, 500000, 500010, 10);
    accounts_fill(&accounts, 1, 1, SIDE_BUY, 500000, 30, 0);
    stress = accounts_stress(&accounts, scope_of_instrument(scopes, 1), 10, 5);
    cr_assert(eq(int, stress.quality, MARK_MISSING), "no rate of the coin");
    cr_assert(not(accounts_complete(&accounts)));
    show_book(0, 500000, 500010, 20);
    stress = accounts_stress(&accounts, scope_of_instrument(scopes, 1), 20, 50);
    cr_assert(eq(int, stress.quality, MARK_FRESH));
    cr_assert(eq(i64, stress.age_ns, 10));
    stress = accounts_stress(&accounts, scope_of_instrument(scopes, 1), 80, 75);
    cr_assert(eq(int, stress.quality, MARK_FRESH));
    stress = accounts_stress(&accounts, scope_of_instrument(scopes, 1), 80, 65);
    cr_assert(eq(int, stress.quality, MARK_STALE));
}

/* Drawdown of a stressed equity, as a trigger would ask for it. */
Test(marks, a_stressed_equity_has_a_drawdown)
{
    struct stress stress;

    show_book(0, 590000, 610000, 10);
    accounts_fill(&accounts, 0, 0, SIDE_BUY, 600000, 1000, 0);
    stress = accounts_stress(&accounts, scope_of_firm(), 10, 5);
    cr_assert(eq(i64, accounts_drawdown_e8(&accounts), 0));
    cr_assert(
        eq(i64, accounts_drawdown_of_e8(&accounts, accounts.capital_e8 + stress.total_e8), 1000000),
        "1,000 of 100,000");
}
