#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "engine.h"

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

/* Whatever the order of fills, realised and cost together are the cash that has moved. */
Test(position, no_unit_is_lost_over_a_random_walk)
{
    uint64_t seed = 20417;

    for (int round = 0; round < 200; round++) {
        const struct instrument *row = round % 2 == 0 ? &linear : &inverse;
        struct position p = {0};
        __int128 cash = 0; /* value sold - value bought; inverse the other way round */

        for (int fill = 0; fill < 300; fill++) {
            int64_t price;
            int64_t lots;
            int64_t value;
            enum side side;

            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            price = 400000 + (int64_t)(seed >> 33) % 200000;
            lots = 1 + (int64_t)(seed >> 13) % 50;
            side = (seed >> 40) & 1 ? SIDE_BUY : SIDE_SELL;
            cr_assert(instrument_value_e8(row, price, lots, &value));
            cash += (side == SIDE_SELL) != row->inverse ? value : -value;
            cr_assert(position_fill(&p, row, side, price, lots, 0));
        }
        /* A fill that crosses zero rounds its two parts apart: one unit at most a crossing. */
        __int128 held = (p.lots > 0) != row->inverse ? p.cost_e8 : -p.cost_e8;
        __int128 off = cash + (p.lots == 0 ? 0 : held) - p.realised_e8;

        cr_assert(row->inverse ? off >= -300 && off <= 300 : off == 0, "seed 20417 round %d",
                  round);
    }
}

Test(position, an_overflow_is_refused_and_changes_nothing)
{
    struct instrument dear = linear;
    struct position p = {0};
    struct position before;

    dear.tick_value_e8 = 100000000;
    cr_assert(position_fill(&p, &dear, SIDE_BUY, 1000000, 10000, 0));
    before = p;
    cr_assert(not(position_fill(&p, &dear, SIDE_BUY, MAX_PRICE_TICKS, MAX_LOTS / 2, 0)));
    cr_assert(eq(i64, p.lots, before.lots));
    cr_assert(eq(i64, p.cost_e8, before.cost_e8));
}
