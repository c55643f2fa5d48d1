#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "engine.h"

#include <string.h>

/* tick 0.1, lot 0.001: one lot moving one tick is 0.0001 = 10,000 units. */
static const struct instrument linear = {.price_decimals = 1,
                                         .qty_decimals = 3,
                                         .tick_units = 1,
                                         .lot_units = 1,
                                         .tick_value_e8 = 10000};
/* BTCUSD_PERP: 100 USD a contract, tick 0.1; value in BTC of one contract at t ticks. */
static const struct instrument inverse = {.price_decimals = 1,
                                          .tick_units = 1,
                                          .lot_units = 1,
                                          .inverse = true,
                                          .inverse_value_e8_ticks = 100LL * 10 * MONEY_ONE_E8};
/* ES: tick 0.25, 50 USD a point, so 12.5 USD a tick. */
static const struct instrument future = {
    .price_decimals = 2, .tick_units = 25, .lot_units = 1, .tick_value_e8 = 1250000000};

Test(position, a_long_realises_exit_minus_average_entry)
{
    struct position p = {0};

    cr_assert(position_fill(&p, &linear, SIDE_BUY, 600000, 10, 7));
    cr_assert(position_fill(&p, &linear, SIDE_BUY, 600100, 10, 7));
    cr_assert(position_fill(&p, &linear, SIDE_SELL, 600150, 5, 7));
    cr_assert(eq(i64, p.lots, 15));
    cr_assert(eq(i64, p.realised_e8, 5LL * 100 * 10000)); /* 5 lots, 100 ticks above 600,050 */
    cr_assert(eq(i64, p.fee_e8, 21));
    cr_assert(eq(i64, position_average_e8_ticks(&p, &linear), 600050 * PRICE_ONE_E8));
}

Test(position, a_future_with_a_multiplier_gains_its_points_times_it)
{
    struct position p = {0};

    /* 3 contracts from 5,000.00 to 5,010.25: 10.25 points of 50 USD each. */
    cr_assert(position_fill(&p, &future, SIDE_BUY, 20000, 3, 0));
    cr_assert(eq(i64, p.cost_e8, 3LL * 5000 * 50 * MONEY_ONE_E8));
    cr_assert(position_mark(&p, &future, 20041 * PRICE_ONE_E8));
    cr_assert(eq(i64, p.unrealised_e8, 3LL * 1025 * 50 * MONEY_ONE_E8 / 100));
    cr_assert(position_fill(&p, &future, SIDE_SELL, 20041, 3, 0));
    cr_assert(eq(i64, p.realised_e8, 3LL * 1025 * 50 * MONEY_ONE_E8 / 100));
}

Test(position, what_makers_are_paid_is_not_mixed_with_what_takers_pay)
{
    struct position p = {0};

    cr_assert(position_fill(&p, &linear, SIDE_BUY, 600000, 10, 50));
    cr_assert(position_fill(&p, &linear, SIDE_SELL, 600000, 10, -30));
    cr_assert(position_fund(&p, 7));
    cr_assert(position_fund(&p, -9));
    cr_assert(eq(i64, p.fee_e8, 50));
    cr_assert(eq(i64, p.rebate_e8, 30));
    cr_assert(eq(i64, p.funding_e8, -2));
    cr_assert(eq(i64, position_total_e8(&p), -50 + 30 + 2));
}

Test(position, longs_pay_shorts_while_the_funding_rate_is_positive)
{
    struct instrument perpetual = linear;
    struct position p = {0};
    int64_t due = 7;

    cr_assert(position_fill(&p, &perpetual, SIDE_BUY, 600000, 10, 0)); /* 600 of value */
    cr_assert(position_funding_due_e8(&p, &perpetual, 600000 * PRICE_ONE_E8, &due));
    cr_assert(eq(i64, due, 0), "no funding");
    perpetual.funding_rate_e8 = 10000;
    cr_assert(position_funding_due_e8(&p, &perpetual, 600000 * PRICE_ONE_E8, &due));
    cr_assert(eq(i64, due, 6 * MONEY_ONE_E8 / 100));
    cr_assert(position_fill(&p, &perpetual, SIDE_SELL, 600000, 20, 0));
    cr_assert(position_funding_due_e8(&p, &perpetual, 600000 * PRICE_ONE_E8, &due));
    cr_assert(eq(i64, due, -6 * MONEY_ONE_E8 / 100));
}

Test(position, a_fill_through_zero_closes_and_opens)
{
    struct position p = {0};

    cr_assert(position_fill(&p, &linear, SIDE_SELL, 1000, 4, 0));
    cr_assert(position_fill(&p, &linear, SIDE_BUY, 900, 6, 0));
    cr_assert(eq(i64, p.lots, 2));
    cr_assert(eq(i64, p.realised_e8, 4LL * 100 * 10000));
    cr_assert(eq(i64, p.cost_e8, 2LL * 900 * 10000));
    cr_assert(position_mark(&p, &linear, 950 * PRICE_ONE_E8));
    cr_assert(eq(i64, p.unrealised_e8, 2LL * 50 * 10000));
}

Test(position, an_inverse_long_gains_coin_when_the_price_rises)
{
    struct position p = {0};

    /* 100 contracts of 100 USD from 50,000 to 55,000: 10,000 * (1/50,000 - 1/55,000) BTC. */
    cr_assert(position_fill(&p, &inverse, SIDE_BUY, 500000, 100, 0));
    cr_assert(eq(i64, p.cost_e8, 20000000));
    cr_assert(position_mark(&p, &inverse, 550000 * PRICE_ONE_E8));
    cr_assert(eq(i64, p.unrealised_e8, 1818182));
    cr_assert(position_fill(&p, &inverse, SIDE_SELL, 550000, 100, 0));
    cr_assert(eq(i64, p.realised_e8, 1818182));
    cr_assert(eq(i64, p.unrealised_e8, 0));
}

Test(position, an_inverse_short_loses_coin_when_the_price_rises)
{
    struct position p = {0};

    cr_assert(position_fill(&p, &inverse, SIDE_SELL, 500000, 100, 0));
    cr_assert(position_mark(&p, &inverse, 550000 * PRICE_ONE_E8));
    cr_assert(eq(i64, p.unrealised_e8, -1818182));
}

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (seed >> 24) % below;
}

/* A second book-keeping, of another kind: no average cost, only the cash that each fill has moved
 * and what the lots that are left are worth now. Profit is what both come to, whatever happened in
 * between. Inverse contracts move coin the other way round, and each value is rounded to a unit. */
struct ledger {
    __int128 cash_e8;
    int64_t lots;
    int64_t values; /* how many were rounded, half a unit each at most */
};

static __int128 ledger_value(const struct instrument *row, int64_t price_e8_ticks, int64_t lots)
{
    __int128 double_value =
        row->inverse ? (__int128)lots * row->inverse_value_e8_ticks * 200000000 / price_e8_ticks
                     : (__int128)lots * price_e8_ticks * row->tick_value_e8 / 50000000;

    return (double_value + 1) / 2;
}

static void ledger_fill(struct ledger *ledger, const struct instrument *row, enum side side,
                        int64_t price_ticks, int64_t lots)
{
    __int128 value = ledger_value(row, price_ticks * PRICE_ONE_E8, lots);

    ledger->cash_e8 += (side == SIDE_SELL) != row->inverse ? value : -value;
    ledger->lots += side == SIDE_BUY ? lots : -lots;
    ledger->values += row->inverse ? 2 : 0; /* one that crosses zero is rounded in two parts */
}

static __int128 ledger_profit(const struct ledger *ledger, const struct instrument *row,
                              int64_t mark_e8_ticks)
{
    __int128 value =
        ledger_value(row, mark_e8_ticks, ledger->lots < 0 ? -ledger->lots : ledger->lots);

    return ledger->cash_e8 + ((ledger->lots > 0) != row->inverse ? value : -value);
}

Test(position, profit_is_the_cash_that_has_moved_and_what_is_left)
{
    const struct instrument *const rows[] = {&linear, &inverse, &future};

    seed = 20417;
    for (int round = 0; round < 300; round++) {
        const struct instrument *row = rows[round % 3];
        struct position p = {0};
        struct ledger ledger = {0};

        for (int fill = 0; fill < 200; fill++) {
            int64_t price = 400000 + (int64_t)draw(200000);
            int64_t lots = 1 + (int64_t)draw(50);
            int64_t mark =
                (400000 + (int64_t)draw(200000)) * PRICE_ONE_E8 + (int64_t)draw(99999999);
            enum side side = draw(2) ? SIDE_BUY : SIDE_SELL;
            __int128 off;

            ledger_fill(&ledger, row, side, price, lots);
            cr_assert(position_fill(&p, row, side, price, lots, 0));
            cr_assert(position_mark(&p, row, mark));
            cr_assert(eq(i64, p.lots, ledger.lots));
            cr_assert(p.cost_e8 >= 0 && (p.lots != 0 || p.cost_e8 == 0));
            off = ledger_profit(&ledger, row, mark) - p.realised_e8 - p.unrealised_e8;
            /* Inverse: half a unit for each value that was rounded; linear: nothing but the mark
             * between two ticks, which both round alike. */
            cr_assert(2 * (off < 0 ? -off : off) <= ledger.values + (row->inverse ? 1 : 0),
                      "seed 20417 round %d fill %d", round, fill);
        }
    }
}

/* A third of the lots has a third of the cost, but for one unit; the last takes what is left. */
Test(position, the_release_of_cost_never_loses_a_unit)
{
    seed = 7;
    for (int round = 0; round < 2000; round++) {
        int64_t lots = 2 + (int64_t)draw(40);
        int64_t cash = 0;
        struct position p = {0};

        while (p.lots < lots)
            cr_assert(position_fill(&p, &inverse, SIDE_BUY, 400000 + (int64_t)draw(200000), 1, 0));
        cash = p.cost_e8;
        while (p.lots > 0) {
            int64_t part = 1 + (int64_t)draw((uint64_t)p.lots);
            int64_t price = 400000 + (int64_t)draw(200000);
            int64_t value;
            __int128 share = (__int128)p.cost_e8 * part / p.lots;
            int64_t before = p.cost_e8;

            cr_assert(instrument_value_e8(&inverse, price, part, &value));
            cr_assert(position_fill(&p, &inverse, SIDE_SELL, price, part, 0));
            cr_assert(eq(i64, before - p.cost_e8, (int64_t)share));
            cash -= value;
        }
        cr_assert(eq(i64, p.cost_e8, 0));
        cr_assert(eq(i64, p.realised_e8, cash));
    }
}

static void refused(struct position *p, bool answer)
{
    static struct position before;

    if (answer) {
        before = *p;
        return;
    }
    cr_assert(memcmp(p, &before, sizeof before) == 0, "a refusal changes nothing");
}

Test(position, an_overflow_is_refused_and_changes_nothing)
{
    struct instrument dear = linear;
    struct position p = {0};

    dear.tick_value_e8 = 100000000;
    cr_assert(position_fill(&p, &dear, SIDE_BUY, 1000000, 10000, 5));
    cr_assert(position_fund(&p, 3));
    refused(&p, true);
    cr_assert(not(position_fill(&p, &dear, SIDE_BUY, MAX_PRICE_TICKS, MAX_LOTS / 2, 0)), "value");
    refused(&p, false);
    cr_assert(not(position_fill(&p, &dear, SIDE_BUY, 1, MAX_LOTS, 0)), "lots");
    refused(&p, false);
    cr_assert(not(position_fill(&p, &dear, SIDE_SELL, 1000000, 1, MAX_CHARGE_E8)), "fees");
    refused(&p, false);
    cr_assert(not(position_fill(&p, &dear, SIDE_SELL, 1000000, 1, INT64_MIN)), "rebate");
    refused(&p, false);
    cr_assert(not(position_fund(&p, MAX_CHARGE_E8 - 2)), "funding");
    refused(&p, false);
    cr_assert(not(position_fund(&p, INT64_MIN)));
    refused(&p, false);
    dear.tick_value_e8 = MAX_TICK_VALUE_E8;
    cr_assert(not(position_mark(&p, &dear, MAX_PRICE_TICKS * PRICE_ONE_E8)), "mark");
    refused(&p, false);
}

Test(position, the_largest_figures_add_up_without_overflow)
{
    struct position p = {
        .realised_e8 = MAX_MONEY_E8, .rebate_e8 = MAX_CHARGE_E8, .funding_e8 = -MAX_CHARGE_E8};

    cr_assert(eq(i64, position_total_e8(&p), MAX_MONEY_E8 + 2 * MAX_CHARGE_E8));
    cr_assert(position_fill(&p, &linear, SIDE_BUY, 600000, 10, 0));
    cr_assert(not(position_mark(&p, &linear, 600001 * PRICE_ONE_E8)), "above the bound");
    cr_assert(position_mark(&p, &linear, 599999 * PRICE_ONE_E8));
}

Test(position, what_is_finer_than_money_cannot_be_booked)
{
    struct instrument fine = linear;
    struct position p = {0};

    fine.tick_value_e8 = 0;
    cr_assert(not(position_fill(&p, &fine, SIDE_BUY, 600000, 10, 0)));
    cr_assert(eq(i64, p.lots, 0));
}
