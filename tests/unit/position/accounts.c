#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "domain/day.h"
#include "position/accounts.h"

#include <string.h>

static const struct scope_map scopes = {.venues = 1, .strategies = 2, .instruments = 2};
/* 0: BTC spot in USDT, one lot one tick = 0.0001; 1: BTCUSD inverse, settles in BTC. */
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
                                          .inverse_value_e8_ticks = 100LL * 10 * MONEY_ONE_E8}};
static const struct currency currencies[] = {
    {.name = "USDT", .fixed = true, .rate_e8 = MONEY_ONE_E8},
    {.name = "BTC", .rate_instrument = 0}};
static struct accounts accounts;

static void set_up(void)
{
    accounts_init(&accounts, scopes, rows, currencies, 2, 1000 * MONEY_ONE_E8, 0);
}

TestSuite(accounts, .init = set_up);

Test(accounts, every_scope_sees_its_share)
{
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 1);
    cr_assert(accounts_fill(&accounts, 1, 0, SIDE_BUY, 600000, 10, 500));
    accounts_mark(&accounts, 0, 600100 * PRICE_ONE_E8, 2);
    cr_assert(eq(i64, accounts.scope_e8[scope_of_firm()], 10LL * 100 * 10000 - 500));
    cr_assert(eq(i64, accounts.scope_e8[scope_of_strategy(scopes, 1)], 10LL * 100 * 10000 - 500));
    cr_assert(eq(i64, accounts.scope_e8[scope_of_strategy(scopes, 0)], 0));
    cr_assert(eq(i64, accounts.scope_e8[scope_of_instrument(scopes, 0)], 10LL * 100 * 10000 - 500));
    cr_assert(eq(i64, accounts.scope_e8[scope_of_instrument(scopes, 1)], 0));
}

Test(accounts, opposite_positions_of_two_strategies_are_flat_in_all_and_not_in_each)
{
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 1);
    accounts_fill(&accounts, 0, 0, SIDE_BUY, 600000, 10, 0);
    accounts_fill(&accounts, 1, 0, SIDE_SELL, 600000, 10, 0);
    accounts_mark(&accounts, 0, 600100 * PRICE_ONE_E8, 2);
    cr_assert(eq(i64, accounts.scope_e8[scope_of_firm()], 0));
    cr_assert(eq(i64, accounts.scope_e8[scope_of_strategy(scopes, 0)], 10LL * 100 * 10000));
    cr_assert(eq(i64, accounts.scope_e8[scope_of_strategy(scopes, 1)], -10LL * 100 * 10000));
}

Test(accounts, what_settles_in_coin_follows_the_coin)
{
    int64_t notional = 0;

    cr_assert(not(accounts_notional_e8(&accounts, 1, 500000, 1, &notional)), "no rate yet");
    accounts_mark(&accounts, 0, 500000 * PRICE_ONE_E8, 1); /* 1 BTC = 50,000 USDT */
    accounts_mark(&accounts, 1, 500000 * PRICE_ONE_E8, 1);
    cr_assert(accounts_notional_e8(&accounts, 1, 500000, 1, &notional));
    cr_assert(eq(i64, notional, 100 * MONEY_ONE_E8)); /* one contract is 100 USD */
    accounts_fill(&accounts, 1, 1, SIDE_BUY, 500000, 100, 0);
    accounts_mark(&accounts, 1, 550000 * PRICE_ONE_E8, 2); /* +0.01818182 BTC */
    cr_assert(eq(i64, accounts.scope_e8[0], 1818182LL * 50000));
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 3); /* the coin itself is dearer now */
    cr_assert(eq(i64, accounts.scope_e8[0], 1818182LL * 60000));
    cr_assert(accounts_complete(&accounts));
}

Test(accounts, drawdown_is_defined_on_a_day_that_only_loses)
{
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 1);
    accounts_fill(&accounts, 1, 0, SIDE_BUY, 600000, 100, 0);
    accounts_mark(&accounts, 0, 590000 * PRICE_ONE_E8, 2);
    cr_assert(eq(i64, accounts.peak_e8, 1000 * MONEY_ONE_E8));
    cr_assert(eq(i64, accounts_equity_e8(&accounts), 1000 * MONEY_ONE_E8 - 100LL * 10000 * 10000));
    accounts_mark(&accounts, 0, 601000 * PRICE_ONE_E8, 3);
    cr_assert(eq(i64, accounts.peak_e8, 1000 * MONEY_ONE_E8 + 100LL * 1000 * 10000));
}

Test(accounts, a_new_day_begins_once_and_forgets_the_old_loss)
{
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 1);
    accounts_fill(&accounts, 1, 0, SIDE_BUY, 600000, 100, 0);
    accounts_mark(&accounts, 0, 590000 * PRICE_ONE_E8, 2);
    accounts_roll(&accounts, TRADING_DAY_NS - 1);
    cr_assert(eq(i64, accounts_day_e8(&accounts, 0), -100LL * 10000 * 10000));
    accounts_roll(&accounts, TRADING_DAY_NS);
    cr_assert(eq(i64, accounts_day_e8(&accounts, 0), 0));
    accounts_mark(&accounts, 0, 589990 * PRICE_ONE_E8, TRADING_DAY_NS + 5);
    accounts_roll(&accounts, TRADING_DAY_NS + 10);
    cr_assert(eq(i64, accounts_day_e8(&accounts, 0), -100LL * 10 * 10000));
    cr_assert(eq(i64, accounts.day_start_ns, TRADING_DAY_NS));
}

/* --- days --- */

Test(accounts, a_day_begins_when_the_configured_hour_strikes)
{
    const int64_t hour = TRADING_DAY_NS / 24;

    cr_assert(eq(i64, day_start_ns(10 * TRADING_DAY_NS + 5 * hour, 0), 10 * TRADING_DAY_NS));
    cr_assert(eq(i64, day_start_ns(10 * TRADING_DAY_NS + 22 * hour, 22),
                 10 * TRADING_DAY_NS + 22 * hour));
    cr_assert(eq(i64, day_start_ns(10 * TRADING_DAY_NS + 22 * hour - 1, 22),
                 9 * TRADING_DAY_NS + 22 * hour));
    cr_assert(eq(i64, day_start_ns(hour, 22), -2 * hour), "before the first day of all");
}

Test(accounts, a_clock_that_jumps_back_does_not_begin_a_day_twice)
{
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 1);
    accounts_fill(&accounts, 1, 0, SIDE_BUY, 600000, 100, 0);
    accounts_roll(&accounts, TRADING_DAY_NS + 7);
    accounts_mark(&accounts, 0, 590000 * PRICE_ONE_E8, TRADING_DAY_NS + 8);
    accounts_roll(&accounts, TRADING_DAY_NS - 7);
    accounts_roll(&accounts, TRADING_DAY_NS + 9);
    cr_assert(eq(i64, accounts_day_e8(&accounts, 0), -100LL * 10000 * 10000), "lost today");
    accounts_roll(&accounts, 5 * TRADING_DAY_NS + 1); /* three days without a look */
    cr_assert(eq(i64, accounts.day_start_ns, 5 * TRADING_DAY_NS));
    cr_assert(eq(i64, accounts_day_e8(&accounts, 0), 0));
}

Test(accounts, every_scope_has_a_day_of_its_own)
{
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 1);
    accounts_fill(&accounts, 0, 0, SIDE_BUY, 600000, 10, 0);
    accounts_fill(&accounts, 1, 0, SIDE_SELL, 600000, 4, 0);
    accounts_mark(&accounts, 0, 600100 * PRICE_ONE_E8, 2);
    accounts_roll(&accounts, TRADING_DAY_NS);
    accounts_mark(&accounts, 0, 600150 * PRICE_ONE_E8, TRADING_DAY_NS + 1);
    cr_assert(eq(i64, accounts_day_e8(&accounts, scope_of_strategy(scopes, 0)), 10LL * 50 * 10000));
    cr_assert(eq(i64, accounts_day_e8(&accounts, scope_of_strategy(scopes, 1)), -4LL * 50 * 10000));
    cr_assert(eq(i64, accounts_day_e8(&accounts, scope_of_venue(scopes, 0)), 6LL * 50 * 10000));
    cr_assert(
        eq(i64, accounts_day_e8(&accounts, scope_of_instrument(scopes, 0)), 6LL * 50 * 10000));
    cr_assert(eq(i64, accounts_day_e8(&accounts, scope_of_instrument(scopes, 1)), 0));
}

Test(accounts, drawdown_is_rounded_up_and_has_no_end)
{
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 1);
    accounts_fill(&accounts, 1, 0, SIDE_BUY, 600000, 100, 1); /* one unit of 1000: 1e-11 */
    cr_assert(eq(i64, accounts_drawdown_e8(&accounts), 1));
    accounts_mark(&accounts, 0, 350000 * PRICE_ONE_E8, 2); /* 2,500 lost of 1,000 */
    cr_assert(eq(i64, accounts_drawdown_e8(&accounts), 250000001));
    accounts_mark(&accounts, 0, 700000 * PRICE_ONE_E8, 2);
    cr_assert(eq(i64, accounts_drawdown_e8(&accounts), 0));
}

/* --- funding --- */

static int64_t funding_of(uint16_t strategy)
{
    return accounts.own[strategy][0].funding_e8;
}

Test(accounts, funding_is_shared_by_lots_to_the_last_unit)
{
    static const struct scope_map three = {.venues = 1, .strategies = 3, .instruments = 2};

    accounts_init(&accounts, three, rows, currencies, 2, 1000 * MONEY_ONE_E8, 0);
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 1);
    for (uint16_t strategy = 0; strategy < 3; strategy++)
        accounts_fill(&accounts, strategy, 0, SIDE_BUY, 600000, 1, 0);
    cr_assert(accounts_fund(&accounts, 0, 11)); /* 3 2/3 each */
    cr_assert(eq(i64, accounts.total[0].funding_e8, 11));
    cr_assert(eq(i64, funding_of(0), 4));
    cr_assert(eq(i64, funding_of(1), 4));
    cr_assert(eq(i64, funding_of(2), 3));
    cr_assert(eq(i64, accounts.scope_e8[scope_of_firm()], -11));
    cr_assert(eq(i64, accounts.scope_e8[scope_of_strategy(three, 2)], -3));
}

Test(accounts, who_holds_against_the_net_receives_what_the_others_pay_more)
{
    accounts_fill(&accounts, 0, 0, SIDE_BUY, 600000, 30, 0);
    accounts_fill(&accounts, 1, 0, SIDE_SELL, 600000, 10, 0);
    cr_assert(accounts_fund(&accounts, 0, 200));
    cr_assert(eq(i64, funding_of(0), 300));
    cr_assert(eq(i64, funding_of(1), -100));
}

Test(accounts, funding_of_nothing_held_is_booked_to_nobody_else)
{
    accounts_fill(&accounts, 1, 0, SIDE_BUY, 600000, 30, 0);
    accounts_fill(&accounts, 1, 0, SIDE_SELL, 600000, 30, 0);
    cr_assert(accounts_fund(&accounts, 0, -200)); /* it came after the close */
    cr_assert(eq(i64, funding_of(STRATEGY_MANUAL), -200));
    cr_assert(eq(i64, funding_of(1), 0));
    cr_assert(eq(i64, accounts.scope_e8[scope_of_firm()], 200));
}

/* --- sums --- */

static uint64_t seed;

static int64_t draw(int64_t below)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (int64_t)((seed >> 24) % (uint64_t)below);
}

static void trade_at_random(int64_t *values)
{
    uint16_t instrument = (uint16_t)draw(2);
    uint16_t strategy = (uint16_t)draw(2);
    int64_t price = 400000 + draw(200000);

    if (draw(4) == 0) {
        accounts_mark(&accounts, instrument, price * PRICE_ONE_E8 + draw(99999999), 1);
    } else if (draw(20) == 0) {
        cr_assert(accounts_fund(&accounts, instrument, draw(20001) - 10000));
    } else {
        cr_assert(accounts_fill(&accounts, strategy, instrument, draw(2) ? SIDE_BUY : SIDE_SELL,
                                price, 1 + draw(50), draw(201) - 100));
        *values += 4;
    }
}

/* Of one instrument: whatever each strategy did, together they did what the firm did. */
static void check_split(uint16_t instrument, int64_t tolerance)
{
    const struct position *total = &accounts.total[instrument];
    struct position sum = {0};
    int64_t off = -position_total_e8(total);

    for (uint16_t strategy = 0; strategy < 2; strategy++) {
        const struct position *own = &accounts.own[strategy][instrument];

        cr_assert(eq(int, accounts.holders[instrument] >> strategy & 1, own->lots != 0));
        sum.lots += own->lots;
        sum.fee_e8 += own->fee_e8;
        sum.rebate_e8 += own->rebate_e8;
        sum.funding_e8 += own->funding_e8;
        off += position_total_e8(own);
    }
    cr_assert(eq(i64, sum.lots, total->lots));
    cr_assert(eq(int, accounts.held >> instrument & 1, total->lots != 0));
    cr_assert(eq(i64, sum.fee_e8, total->fee_e8));
    cr_assert(eq(i64, sum.rebate_e8, total->rebate_e8));
    cr_assert(eq(i64, sum.funding_e8, total->funding_e8));
    cr_assert(off <= tolerance && off >= -tolerance, "off by %ld", (long)off);
}

static void check_scopes(void)
{
    int64_t firm = 0;

    for (uint16_t at = 0; at < 2; at++) {
        int64_t converted = 0;

        cr_assert(
            eq(i64, accounts.scope_e8[scope_of_instrument(scopes, at)], accounts.total_e8[at]));
        firm += accounts.total_e8[at];
        for (uint16_t instrument = 0; instrument < 2; instrument++)
            converted += accounts.own_e8[at][instrument];
        cr_assert(eq(i64, accounts.scope_e8[scope_of_strategy(scopes, at)], converted));
    }
    cr_assert(eq(i64, accounts.scope_e8[scope_of_firm()], firm));
    cr_assert(eq(i64, accounts.scope_e8[scope_of_venue(scopes, 0)], firm));
    cr_assert(eq(i64, accounts.total_e8[0], position_total_e8(&accounts.total[0])));
}

Test(accounts, strategies_add_up_to_the_firm_over_a_random_walk)
{
    seed = 20417;
    for (int round = 0; round < 100; round++) {
        int64_t values = 0;

        set_up();
        accounts_mark(&accounts, 0, 500000 * PRICE_ONE_E8, 1);
        accounts_mark(&accounts, 1, 500000 * PRICE_ONE_E8, 1);
        for (int step = 0; step < 300; step++) {
            int64_t expected = 0;

            trade_at_random(&values);
            check_scopes();
            /* Linear: a mark between two ticks rounds each of three figures. Inverse: each value.
             * */
            check_split(0, 2);
            check_split(1, values);
            cr_assert(
                money_scale(position_total_e8(&accounts.total[1]), accounts.rate_e8[1], &expected));
            cr_assert(eq(i64, accounts.total_e8[1], expected), "at the newest rate");
        }
    }
}

/* --- refusals --- */

static struct accounts before;

Test(accounts, a_refused_booking_leaves_every_figure_as_it_was)
{
    accounts_mark(&accounts, 0, 600000 * PRICE_ONE_E8, 1);
    accounts_fill(&accounts, 0, 0, SIDE_BUY, 600000, 10, 0);
    accounts_fill(&accounts, 1, 0, SIDE_SELL, 600000, 3, 0);
    accounts_fund(&accounts, 0, MAX_CHARGE_E8 / 10 * 3);
    memcpy(&before, &accounts, sizeof before);
    cr_assert(not(accounts_fill(&accounts, 1, 0, SIDE_BUY, 600000, 1, MAX_CHARGE_E8 + 1)));
    cr_assert(not(accounts_fill(&accounts, 1, 0, SIDE_BUY, MAX_PRICE_TICKS, MAX_LOTS / 2, 0)));
    /* The total has room for it, the strategy that pays more than all does not. */
    cr_assert(not(accounts_fund(&accounts, 0, MAX_CHARGE_E8 / 10 * 6)));
    cr_assert(eq(i32, memcmp(&before, &accounts, sizeof before), 0));
    /* Each part fits, the sum of the scope does not. */
    accounts.scope_e8[scope_of_strategy(scopes, 1)] = -MAX_MONEY_E8;
    memcpy(&before, &accounts, sizeof before);
    cr_assert(not(accounts_fill(&accounts, 1, 0, SIDE_BUY, 600000, 1, 5)));
    cr_assert(eq(i32, memcmp(&before, &accounts, sizeof before), 0));
    cr_assert(not(accounts_fund(&accounts, 0, -1000)));
    cr_assert(eq(i32, memcmp(&before, &accounts, sizeof before), 0));
    cr_assert(not(accounts.overflowed), "nothing was booked: the figures still hold");
}

Test(accounts, a_mark_that_does_not_fit_is_noticed)
{
    struct instrument dear = rows[0];
    static const struct scope_map one = {.venues = 1, .strategies = 1, .instruments = 1};

    dear.tick_value_e8 = MAX_TICK_VALUE_E8;
    accounts_init(&accounts, one, &dear, currencies, 1, MONEY_ONE_E8, 0);
    cr_assert(accounts_fill(&accounts, 0, 0, SIDE_BUY, 1, 1, 0));
    accounts_mark(&accounts, 0, MAX_PRICE_TICKS * PRICE_ONE_E8, 1);
    cr_assert(accounts.overflowed);
    cr_assert(eq(i64, accounts_lot_value_e8(&accounts, 0), 0), "no value, so nothing passes");
}
