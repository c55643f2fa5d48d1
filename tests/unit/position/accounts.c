#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "domain/day.h"
#include "position/accounts.h"

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
