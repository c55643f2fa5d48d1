/* Two legs: A in `book`, B in `other`. A costs 1000 to 1002; a lot of either is worth the same. */
#include "unit/strategy/table.h"

static struct intent intents[MAX_INTENTS];
static struct book *other;
static struct strategy_params params;
static struct instrument rows[2];

static void open_legs(void)
{
    table_open();
    other = table_book();
    for (int at = 0; at < 2; at++)
        rows[at] = (struct instrument){.price_decimals = 1,
                                       .qty_decimals = 3,
                                       .tick_units = 1,
                                       .lot_units = 1,
                                       .tick_value_e8 = 10000,
                                       .taker_fee_e8 = 50000}; /* 0.05 %: half a tick of 1000 */
    view.row = &rows[0];
    view.has_other = true;
    view.other = (struct strategy_leg){.instrument = 7, .row = &rows[1], .book = other};
    parameters_default(&params);
    params.order_lots = 5;
    params.max_position_lots = 8;
    params.other = 7;
    params.edge_e8 = 100000; /* 0.1 %: one tick */
    table_levels(other, 1000, 10, 1002, 10);
}

static void close_legs(void)
{
    free(other);
    table_close();
}

TestSuite(arb, .init = open_legs, .fini = close_legs);

static uint32_t step(void)
{
    return strategy_step(STRATEGY_KIND_ARB, &params, &state, &view, intents);
}

static void check(uint32_t at, uint16_t instrument, enum side side, int64_t price, int64_t lots)
{
    cr_assert(eq(int, intents[at].kind, INTENT_NEW));
    cr_assert(eq(int, intents[at].tif, TIF_IOC));
    cr_assert(eq(int, intents[at].strategy, 1));
    cr_assert(eq(int, intents[at].instrument, instrument));
    cr_assert(eq(int, intents[at].side, side));
    cr_assert(eq(i64, intents[at].price_ticks, price));
    cr_assert(eq(i64, intents[at].qty_lots, lots));
}

Test(arb, waits_while_fees_and_edge_eat_the_difference)
{
    table_levels(other, 995, 10, 999, 10); /* A sold at 1000: 1 is less than 1 + 0.5 + 0.4995 */
    cr_assert(eq(u32, step(), 0));
    table_levels(other, 995, 10, 998, 10); /* 2 is more than 1 + 0.5 + 0.499 */
    cr_assert(eq(u32, step(), 2));
}

Test(arb, sells_the_dearer_and_buys_the_cheaper_at_once)
{
    table_levels(other, 990, 10, 992, 10);
    cr_assert(eq(u32, step(), 2));
    check(0, 0, SIDE_SELL, 1000, 5);
    check(1, 7, SIDE_BUY, 992, 5);
    state = (struct strategy_state){0};
    table_levels(other, 1010, 10, 1012, 10);
    cr_assert(eq(u32, step(), 2));
    check(0, 0, SIDE_BUY, 1002, 5);
    check(1, 7, SIDE_SELL, 1010, 5);
}

Test(arb, trades_no_more_than_both_touches_show)
{
    table_levels(other, 990, 10, 992, 3);
    cr_assert(eq(u32, step(), 2));
    check(0, 0, SIDE_SELL, 1000, 3);
    check(1, 7, SIDE_BUY, 992, 3);
}

Test(arb, keeps_its_restraint_and_may_always_give_back)
{
    view.position_lots = -6;
    view.other.position_lots = 6;
    table_levels(other, 990, 10, 992, 10);
    cr_assert(eq(u32, step(), 2));
    check(0, 0, SIDE_SELL, 1000, 2);
    view.position_lots = -8;
    view.other.position_lots = 8;
    view.now_ns += params.cooldown_ns;
    table_levels(book, 1000, 10, 1002, 10);
    table_levels(other, 990, 10, 992, 10);
    cr_assert(eq(u32, step(), 0), "as short as it may be");
    table_levels(other, 1010, 10, 1012, 10);
    cr_assert(eq(u32, step(), 2));
    check(0, 0, SIDE_BUY, 1002, 5);
}

Test(arb, cools_down_between_two_entries)
{
    table_levels(other, 990, 10, 992, 10);
    cr_assert(eq(u32, step(), 2));
    cr_assert(eq(u32, step(), 0));
    view.now_ns += params.cooldown_ns;
    table_levels(book, 1000, 10, 1002, 10);
    table_levels(other, 990, 10, 992, 10);
    cr_assert(eq(u32, step(), 2));
}

Test(arb, balances_a_leg_that_filled_alone)
{
    view.position_lots = -5; /* A was sold, B was gone */
    view.other.position_lots = 2;
    cr_assert(eq(u32, step(), 1));
    check(0, 7, SIDE_BUY, 1002, 3);
    cr_assert(eq(u32, step(), 0), "not again at the next update");
    view.now_ns += params.hedge_retry_ns;
    cr_assert(eq(u32, step(), 1));
    check(0, 7, SIDE_BUY, 1002, 3);
    view.position_lots = 0; /* B alone: it is given back */
    view.now_ns += params.hedge_retry_ns;
    cr_assert(eq(u32, step(), 1));
    check(0, 7, SIDE_SELL, 1000, 2);
}

Test(arb, takes_the_first_leg_back_when_the_second_does_not_fill)
{
    view.position_lots = -5;
    view.other.position_lots = 2;
    cr_assert(eq(u32, step(), 1));
    view.now_ns += params.unwind_ns;
    table_levels(book, 1000, 10, 1002, 10);
    table_levels(other, 1000, 10, 1002, 10);
    cr_assert(eq(u32, step(), 1));
    check(0, 0, SIDE_BUY, 1002, 3);
}

Test(arb, holds_while_anything_of_its_own_is_under_way)
{
    table_levels(other, 990, 10, 992, 10);
    table_work(view.other.working, &view.other.working_count, 1, SIDE_BUY, 992, 5, ORDER_UNKNOWN,
               0);
    cr_assert(eq(u32, step(), 0));
    view.other.working_count = 0;
    table_work(view.working, &view.working_count, 2, SIDE_BUY, 992, 5, ORDER_PENDING_NEW, 0);
    cr_assert(eq(u32, step(), 0));
}

Test(arb, trades_on_young_books_of_both_legs_only)
{
    table_levels(other, 990, 10, 992, 10);
    view.now_ns += params.max_leg_age_ns + 1;
    table_levels(book, 1000, 10, 1002, 10);
    cr_assert(eq(u32, step(), 0), "the other leg's is old");
    table_levels(other, 990, 10, 992, 10);
    cr_assert(eq(u32, step(), 2));
    state = (struct strategy_state){0};
    book_mark(other, BOOK_LOST);
    cr_assert(eq(u32, step(), 0));
}

Test(arb, pulls_both_legs_when_a_book_goes)
{
    table_work(view.working, &view.working_count, 1, SIDE_SELL, 1000, 5, ORDER_WORKING, 0);
    table_work(view.other.working, &view.other.working_count, 2, SIDE_BUY, 992, 5, ORDER_WORKING,
               0);
    book_mark(other, BOOK_LOST);
    cr_assert(eq(u32, step(), 2));
    cr_assert(eq(u64, intents[0].order_id, 1));
    cr_assert(eq(int, intents[0].instrument, 0));
    cr_assert(eq(u64, intents[1].order_id, 2));
    cr_assert(eq(int, intents[1].instrument, 7));
}

Test(arb, does_nothing_without_a_second_leg)
{
    view.has_other = false;
    cr_assert(eq(u32, step(), 0));
}

Test(arb, a_ratio_of_lots_sizes_and_prices_the_second_leg)
{
    rows[1].lot_units = 4; /* a lot of B is four of A... */
    rows[1].tick_value_e8 =
        5000; /* ...in ticks an eighth as large: B costs 2000 where A does 250 */
    params.hedge_e8 =
        2 * RATIO_ONE_E8; /* and two of B balance one of A: 2 lots of A are one of B */
    params.order_lots = 6;
    table_levels(book, 1000, 100, 1001, 100);
    table_levels(other, 3900, 10, 3980, 10); /* one lot of B against two of A: 3980 < 4000 */
    cr_assert(eq(u32, step(), 2));
    check(0, 0, SIDE_SELL, 1000, 6);
    check(1, 7, SIDE_BUY, 3980, 3);
    view.now_ns += params.cooldown_ns;
    state.arb.entered_ns = 0;
    table_levels(book, 1000, 100, 1001, 100);
    table_levels(other, 3900, 10, 3993, 10); /* 7 in 4000 is less than fees and edge */
    cr_assert(eq(u32, step(), 0));
}

/* Whatever fills and whatever does not, it comes to rest with balanced legs and inside its cap. */
Test(arb, always_comes_back_to_balance)
{
    uint64_t random = 20417;

    for (int at = 0; at < 20000; at++) {
        uint32_t wanted;

        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        view.now_ns += 20 * MS;
        table_levels(book, 1000, 10, 1002, 10);
        table_levels(other, 985 + (int64_t)(random >> 59), 1 + (int64_t)(random >> 60),
                     1018 - (int64_t)((random >> 50) % 20), 1 + (int64_t)(random >> 61));
        wanted = step();
        for (uint32_t i = 0; i < wanted; i++) {
            int64_t lots = (int64_t)((random >> (20 + 4 * i)) %
                                     (uint64_t)(intents[i].qty_lots + 1)); /* of it that fill */
            int64_t *held =
                intents[i].instrument == 7 ? &view.other.position_lots : &view.position_lots;

            *held += intents[i].side == SIDE_BUY ? lots : -lots;
        }
        cr_assert(le(i64, llabs(view.position_lots), params.max_position_lots));
        cr_assert(le(i64, llabs(view.other.position_lots), params.max_position_lots));
    }
    for (int at = 0; at < 100; at++) { /* and everything fills */
        uint32_t wanted;

        view.now_ns += params.hedge_retry_ns;
        table_levels(book, 1000, 10, 1002, 10);
        table_levels(other, 1000, 10, 1002, 10);
        wanted = step();
        for (uint32_t i = 0; i < wanted; i++) {
            int64_t lots = intents[i].side == SIDE_BUY ? intents[i].qty_lots : -intents[i].qty_lots;

            *(intents[i].instrument == 7 ? &view.other.position_lots : &view.position_lots) += lots;
        }
    }
    cr_assert(eq(i64, view.position_lots, -view.other.position_lots));
}
