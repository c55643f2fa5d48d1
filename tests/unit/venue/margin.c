/* Money at the venue: margin, fees, funding, liquidation, spot wallets, and what an operator does.
 * 1,000 lots at 10,000 ticks are worth 1,000 USDT. */
#include "pit.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct pit *pit;

static void open_pit(void)
{
    pit = pit_open();
}

static void close_pit(void)
{
    pit_close(pit);
}

TestSuite(venue_margin, .init = open_pit, .fini = close_pit);

static struct venue_margin margin_of(uint16_t account)
{
    return venue_margin(pit->venue, account, USDT);
}

static const struct venue_position *held(uint16_t account)
{
    return venue_position(pit->venue, account, PERP);
}

static int64_t balance(uint16_t account, uint16_t coin)
{
    return venue_wallet(pit->venue, account, coin).balance_e8;
}

static void trade(uint16_t buyer, uint16_t seller, int64_t lots, int64_t ticks)
{
    pit_limit(pit, seller, PERP, SIDE_SELL, lots, ticks);
    pit_limit(pit, buyer, PERP, SIDE_BUY, lots, ticks);
}

static int create(struct venue_new wanted, uint64_t *no)
{
    return (int)pit_try(pit, wanted, no);
}

/* ---- margin ----------------------------------------------------------------------------- */

Test(venue_margin, an_order_ties_up_its_margin_and_the_fee_of_taking)
{
    pit_limit(pit, ANN, PERP, SIDE_BUY, 1000, 10000);
    cr_assert(eq(i64, margin_of(ANN).order_initial_e8, 1005 * PIT_E8 / 10)); /* 100 and 0.5 */
    cr_assert(eq(i64, margin_of(ANN).available_e8, 98995 * PIT_E8 / 10));
    cr_assert(eq(i64, margin_of(ANN).initial_e8, 0));
}

Test(venue_margin, only_what_could_add_to_a_position_ties_up)
{
    trade(ANN, BOB, 1000, 10000);
    cr_assert(eq(i64, margin_of(ANN).initial_e8, 100 * PIT_E8));
    cr_assert(eq(i64, margin_of(ANN).maintenance_e8, 5 * PIT_E8));
    pit_limit(pit, ANN, PERP, SIDE_SELL, 1000, 10100); /* closes */
    cr_assert(eq(i64, margin_of(ANN).order_initial_e8, 0));
    pit_limit(pit, ANN, PERP, SIDE_SELL, 1000, 10100); /* a short of 1,010 needs 101.505 */
    cr_assert(eq(i64, margin_of(ANN).order_initial_e8, 150500000));
    pit_limit(pit, ANN, PERP, SIDE_BUY, 1000, 9000);
    cr_assert(eq(i64, margin_of(ANN).order_initial_e8, 9045 * PIT_E8 / 100));
}

Test(venue_margin, an_order_beyond_the_balance_is_refused)
{
    uint64_t no;
    struct venue_new wanted = {.account = ANN,
                               .instrument = PERP,
                               .side = SIDE_BUY,
                               .price_ticks = 10000,
                               .qty_lots = 99503}; /* 10,000 / 0.1005 is 99,502.4.. */

    cr_assert(eq(int, create(wanted, &no), VENUE_NO_FUNDS));
    wanted.qty_lots = 99502;
    cr_assert(eq(int, create(wanted, &no), VENUE_OK));
    cr_assert(eq(int, venue_amend(pit->venue, ANN, &no, NULL, 0, 99503, 1), VENUE_NO_FUNDS));
    cr_assert(eq(int, venue_amend(pit->venue, ANN, &no, NULL, 10001, 0, 1), VENUE_NO_FUNDS));
    cr_assert(eq(int, venue_amend(pit->venue, ANN, &no, NULL, 9999, 0, 1), VENUE_OK));
    cr_assert(eq(i64, pit_order(pit, no)->price_ticks, 9999));
}

Test(venue_margin, entry_is_the_average_and_closing_realises)
{
    trade(ANN, BOB, 1000, 10000);
    trade(ANN, BOB, 1000, 10100);
    cr_assert(eq(i64, held(ANN)->entry_value_e8, 2010 * PIT_E8));
    cr_assert(eq(i64, margin_of(ANN).unrealised_e8, 10 * PIT_E8)); /* at 10,100 */
    trade(CID, ANN, 1000, 10200);
    cr_assert(eq(i64, held(ANN)->lots, 1000));
    cr_assert(eq(i64, held(ANN)->entry_value_e8, 1005 * PIT_E8));
    /* 15 gained; taker fees of 2,010 at 0.05 % and a maker fee of 1,020 at 0.02 % */
    cr_assert(eq(i64, held(ANN)->realised_e8, 15 * PIT_E8 - 100500000 - 20400000));
    cr_assert(eq(i64, pit->execution[pit->executions - 1].gain_e8, 15 * PIT_E8));
    cr_assert(eq(i64, venue_next_order(pit->venue, ANN, 0)->gain_e8, 15 * PIT_E8));
    cr_assert(eq(i64, balance(ANN, USDT), 10015 * PIT_E8 - 100500000 - 20400000));
}

Test(venue_margin, a_position_can_turn)
{
    trade(ANN, BOB, 1000, 10000);
    trade(CID, ANN, 3000, 10100);
    cr_assert(eq(i64, held(ANN)->lots, -2000));
    cr_assert(eq(i64, held(ANN)->entry_value_e8, 2020 * PIT_E8));
    cr_assert(eq(i64, pit->execution[pit->executions - 1].closed_lots, 1000));
    cr_assert(eq(i64, held(ANN)->day_realised_e8, -60600000)); /* the fee, since it turned */
}

Test(venue_margin, leverage_is_set_within_reason)
{
    trade(ANN, BOB, 1000, 10000);
    cr_assert(eq(int, venue_set_leverage(pit->venue, ANN, PERP, 10 * PIT_E8, 1), VENUE_UNCHANGED));
    cr_assert(
        eq(int, venue_set_leverage(pit->venue, ANN, PERP, 101 * PIT_E8, 1), VENUE_BAD_LEVERAGE));
    cr_assert(
        eq(int, venue_set_leverage(pit->venue, ANN, PERP, PIT_E8 / 2, 1), VENUE_BAD_LEVERAGE));
    cr_assert(eq(int, venue_set_leverage(pit->venue, ANN, SPOT, PIT_E8, 1), VENUE_NO_INSTRUMENT));
    cr_assert(eq(int, venue_set_leverage(pit->venue, ANN, PERP, 50 * PIT_E8, 1), VENUE_OK));
    cr_assert(eq(i64, margin_of(ANN).initial_e8, 20 * PIT_E8));
    trade(ANN, BOB, 20000, 10000);
    cr_assert(eq(int, venue_set_leverage(pit->venue, ANN, PERP, 1 * PIT_E8, 1), VENUE_NO_FUNDS));
    cr_assert(eq(i64, held(ANN)->leverage_e8, 50 * PIT_E8));
}

/* ---- what time brings ------------------------------------------------------------------- */

Test(venue_margin, longs_pay_shorts_at_the_funding_time)
{
    struct venue_ticker ticker;

    venue_advance(pit->venue, pit->now_ns);
    trade(ANN, BOB, 1000, 10000);
    ticker = venue_ticker(pit->venue, PERP);
    cr_assert(gt(i64, ticker.next_funding_ns, pit->now_ns));
    pit_forget(pit);
    venue_advance(pit->venue, ticker.next_funding_ns - 1);
    cr_assert(eq(u32, pit->executions, 0));
    venue_advance(pit->venue, ticker.next_funding_ns);
    cr_assert(eq(u32, pit->executions, 2));
    cr_assert(eq(int, pit->execution[0].exec_type, VENUE_EXEC_FUNDING));
    cr_assert(eq(i64, pit->execution[0].fee_e8, PIT_E8 / 10)); /* 0.01 % of 1,000 */
    cr_assert(eq(i64, pit->execution[1].fee_e8, -PIT_E8 / 10));
    venue_advance(pit->venue, ticker.next_funding_ns + 1);
    cr_assert(eq(u32, pit->executions, 2));
}

Test(venue_margin, a_position_ends_where_its_price_of_liquidation_was)
{
    int64_t at_ticks;
    uint64_t resting;

    trade(CID, BOB, 80000, 10000); /* 80,000 with 10,000 */
    resting = pit_limit(pit, CID, PERP, SIDE_SELL, 10, 11000);
    at_ticks = venue_liquidation_ticks(pit->venue, CID, PERP);
    cr_assert(gt(i64, at_ticks, 8700));
    cr_assert(lt(i64, at_ticks, 9000));
    venue_deposit(pit->venue, ANN, USDT, 100000 * PIT_E8);
    pit_limit(pit, ANN, PERP, SIDE_BUY, 90000, at_ticks);
    trade(BOB, ANN, 10, 9400); /* the mark, by two steps within the band */
    trade(BOB, ANN, 10, at_ticks + 1);
    venue_advance(pit->venue, pit->now_ns);
    cr_assert(eq(i64, held(CID)->lots, 80000));
    pit_limit(pit, BOB, PERP, SIDE_SELL, 10, at_ticks);
    pit_forget(pit);
    venue_advance(pit->venue, pit->now_ns);
    cr_assert(eq(i64, held(CID)->lots, 0));
    cr_assert(eq(int, pit_order(pit, resting)->end, VENUE_END_LIQUIDATION));
    cr_assert(eq(int, pit->execution[0].exec_type, VENUE_EXEC_LIQUIDATION));
    cr_assert(eq(int, pit->execution[1].exec_type, VENUE_EXEC_TRADE));
    cr_assert(ge(i64, balance(CID, USDT), 0));
    cr_assert(eq(i64, venue_liquidation_ticks(pit->venue, CID, PERP), INT64_MAX));
}

Test(venue_margin, a_small_position_cannot_be_liquidated)
{
    trade(ANN, BOB, 1000, 10000);
    cr_assert(eq(i64, venue_liquidation_ticks(pit->venue, ANN, PERP), INT64_MAX));
    cr_assert(gt(i64, venue_liquidation_ticks(pit->venue, BOB, PERP), 100000)); /* a short can */
}

/* ---- reduce-only ------------------------------------------------------------------------ */

static struct venue_new reducing(uint16_t account, enum side side, int64_t lots, int64_t ticks)
{
    return (struct venue_new){.account = account,
                              .instrument = PERP,
                              .side = (uint8_t)side,
                              .flags = ORDER_REDUCE_ONLY,
                              .price_ticks = ticks,
                              .qty_lots = lots};
}

Test(venue_margin, a_reduce_only_order_is_cut_to_the_position)
{
    uint64_t no;

    cr_assert(eq(int, create(reducing(ANN, SIDE_SELL, 10, 10100), &no), VENUE_NOT_REDUCING));
    trade(ANN, BOB, 1000, 10000);
    cr_assert(eq(int, create(reducing(ANN, SIDE_BUY, 10, 9900), &no), VENUE_NOT_REDUCING));
    cr_assert(eq(int, create(reducing(ANN, SIDE_SELL, 1500, 10100), &no), VENUE_OK));
    cr_assert(eq(i64, pit_order(pit, no)->qty_lots, 1000));
    cr_assert(eq(int, create(reducing(ANN, SIDE_SELL, 1, 10100), &no), VENUE_NOT_REDUCING));
}

Test(venue_margin, a_reduce_only_order_shrinks_and_ends_with_the_position)
{
    uint64_t no;

    trade(ANN, BOB, 1000, 10000);
    cr_assert(eq(int, create(reducing(ANN, SIDE_SELL, 1000, 10100), &no), VENUE_OK));
    trade(CID, ANN, 400, 10000);
    cr_assert(eq(i64, pit_order(pit, no)->qty_lots, 600));
    trade(CID, ANN, 600, 10000);
    cr_assert(eq(int, pit_order(pit, no)->status, VENUE_ORDER_CANCELLED));
    cr_assert(eq(int, pit_order(pit, no)->end, VENUE_END_REDUCE_ONLY));
}

Test(venue_margin, one_sweep_does_not_carry_a_reduce_only_order_through_zero)
{
    uint64_t no;

    trade(ANN, BOB, 1000, 10000);
    pit_limit(pit, ANN, PERP, SIDE_SELL, 800, 10050);
    cr_assert(eq(int, create(reducing(ANN, SIDE_SELL, 1000, 10100), &no), VENUE_OK));
    pit_limit(pit, CID, PERP, SIDE_BUY, 1800, 10100);
    cr_assert(eq(i64, held(ANN)->lots, 0));
    cr_assert(eq(i64, held(CID)->lots, 1800));
    cr_assert(eq(i64, pit_order(pit, no)->filled_lots, 200));
    cr_assert(eq(int, pit_order(pit, no)->end, VENUE_END_REDUCE_ONLY));
}

/* ---- spot ------------------------------------------------------------------------------- */

Test(venue_margin, a_spot_order_locks_what_it_could_pay)
{
    uint64_t buy = pit_limit(pit, ANN, SPOT, SIDE_BUY, 500, 10000);
    uint64_t sell = pit_limit(pit, ANN, SPOT, SIDE_SELL, 500, 10100);

    cr_assert(eq(i64, venue_wallet(pit->venue, ANN, USDT).locked_e8, 500 * PIT_E8));
    cr_assert(eq(i64, venue_wallet(pit->venue, ANN, BTC).locked_e8, PIT_E8 / 2));
    cr_assert(eq(i64, margin_of(ANN).available_e8, 9500 * PIT_E8));
    cr_assert(eq(int, venue_cancel(pit->venue, ANN, &buy, NULL, VENUE_END_BY_USER, 1), VENUE_OK));
    cr_assert(eq(int, venue_cancel(pit->venue, ANN, &sell, NULL, VENUE_END_BY_USER, 1), VENUE_OK));
    cr_assert(eq(i64, venue_wallet(pit->venue, ANN, USDT).locked_e8, 0));
    cr_assert(eq(i64, venue_wallet(pit->venue, ANN, BTC).locked_e8, 0));
}

Test(venue_margin, a_spot_trade_moves_coins_and_takes_its_fee_from_what_is_received)
{
    pit_limit(pit, ANN, SPOT, SIDE_SELL, 500, 10000);
    pit_limit(pit, BOB, SPOT, SIDE_BUY, 500, 10000);
    cr_assert(eq(i64, balance(BOB, BTC), PIT_E8 * 3 / 2 - PIT_E8 / 2000));
    cr_assert(eq(i64, balance(BOB, USDT), 9500 * PIT_E8));
    cr_assert(eq(i64, balance(ANN, BTC), PIT_E8 / 2));
    cr_assert(eq(i64, balance(ANN, USDT), 10500 * PIT_E8 - PIT_E8 / 2));
    cr_assert(eq(int, pit->execution[0].fee_coin, BTC));
    cr_assert(eq(int, pit->execution[1].fee_coin, USDT));
}

Test(venue_margin, a_spot_order_needs_its_coins)
{
    uint64_t no;
    struct venue_new wanted = {.account = ANN,
                               .instrument = SPOT,
                               .side = SIDE_SELL,
                               .price_ticks = 10000,
                               .qty_lots = 1001};

    cr_assert(eq(int, create(wanted, &no), VENUE_NO_FUNDS));
    wanted.side = SIDE_BUY;
    wanted.qty_lots = 10001;
    cr_assert(eq(int, create(wanted, &no), VENUE_NO_FUNDS));
    wanted.qty_lots = 10000;
    cr_assert(eq(int, create(wanted, &no), VENUE_OK));
    wanted.qty_lots = 1;
    cr_assert(eq(int, create(wanted, &no), VENUE_NO_FUNDS));
    wanted.instrument = PERP;
    wanted.qty_lots = 10; /* the money of both is the same */
    cr_assert(eq(int, create(wanted, &no), VENUE_NO_FUNDS));
}

Test(venue_margin, a_market_buy_can_be_for_an_amount_of_the_quote_coin)
{
    uint64_t no;
    struct venue_new wanted = {.account = BOB,
                               .instrument = SPOT,
                               .side = SIDE_BUY,
                               .type = TYPE_MARKET,
                               .in_quote = true,
                               .qty_value_e8 = 250 * PIT_E8 + 1};

    pit_limit(pit, ANN, SPOT, SIDE_SELL, 100, 10000);
    pit_limit(pit, ANN, SPOT, SIDE_SELL, 500, 10100);
    cr_assert(eq(int, create(wanted, &no), VENUE_OK));
    cr_assert(eq(i64, pit_order(pit, no)->qty_value_e8, 250 * PIT_E8 + 1));
    cr_assert(eq(i64, pit_order(pit, no)->filled_lots, 248)); /* 100 of 1.00, 148 of 1.01 */
    cr_assert(eq(int, pit_order(pit, no)->status, VENUE_ORDER_FILLED));
    cr_assert(le(i64, pit_order(pit, no)->filled_value_e8, 250 * PIT_E8 + 1));
    wanted.qty_value_e8 = 10001 * PIT_E8;
    cr_assert(eq(int, create(wanted, &no), VENUE_NO_FUNDS));
    wanted.side = SIDE_SELL;
    cr_assert(eq(int, create(wanted, &no), VENUE_BAD_SIDE));
}

Test(venue_margin, a_market_buy_needs_what_it_costs_and_not_what_its_bound_would)
{
    uint64_t no;

    venue_deposit(pit->venue, ANN, BTC, 20 * PIT_E8);
    pit_limit(pit, ANN, SPOT, SIDE_SELL, 10000, 10000);
    no = pit_market(pit, BOB, SPOT, SIDE_BUY, 10000);
    cr_assert(eq(int, pit_order(pit, no)->status, VENUE_ORDER_FILLED));
    cr_assert(eq(i64, balance(BOB, USDT), 0));
}

Test(venue_margin, a_spot_market_order_that_finds_a_part_is_partly_cancelled)
{
    uint64_t no;

    pit_limit(pit, ANN, SPOT, SIDE_SELL, 100, 10000);
    no = pit_market(pit, BOB, SPOT, SIDE_BUY, 300);
    cr_assert(eq(int, pit_order(pit, no)->status, VENUE_ORDER_PARTLY_CANCELLED));
    cr_assert(eq(i64, venue_wallet(pit->venue, BOB, USDT).locked_e8, 0));
}

/* ---- the operator ----------------------------------------------------------------------- */

Test(venue_margin, a_position_can_be_put_there)
{
    trade(ANN, BOB, 1000, 10000);
    venue_override_position(pit->venue, ANN, PERP, -500, pit->now_ns);
    cr_assert(eq(i64, held(ANN)->lots, -500));
    cr_assert(eq(i64, held(ANN)->entry_value_e8, 500 * PIT_E8));
    cr_assert(eq(i64, held(VENUE_MARKET)->lots, 1500));
    cr_assert(eq(u32, pit->positions, 3));
}

Test(venue_margin, a_fill_can_be_forced_even_beyond_the_order)
{
    uint64_t no = pit_limit(pit, ANN, PERP, SIDE_BUY, 100, 10000);
    struct level level;

    cr_assert(venue_force_fill(pit->venue, no, 40, false, pit->now_ns));
    cr_assert(eq(i64, held(ANN)->lots, 40));
    cr_assert(eq(u32, venue_levels(pit->venue, PERP, SIDE_BUY, &level, 1), 1));
    cr_assert(eq(i64, level.qty_lots, 60));
    cr_assert(venue_force_fill(pit->venue, no, 100, true, pit->now_ns));
    cr_assert(eq(i64, pit_order(pit, no)->filled_lots, 140));
    cr_assert(eq(int, pit_order(pit, no)->status, VENUE_ORDER_FILLED));
    cr_assert(eq(u32, venue_levels(pit->venue, PERP, SIDE_BUY, &level, 1), 0));
    cr_assert(not(venue_force_fill(pit->venue, no, 1, false, pit->now_ns)));
    cr_assert(not(venue_force_fill(pit->venue, 99, 1, true, pit->now_ns)));
    cr_assert(eq(i64, margin_of(ANN).order_initial_e8, 0));
}

Test(venue_margin, a_fill_after_the_cancel_leaves_it_cancelled)
{
    uint64_t no = pit_limit(pit, ANN, PERP, SIDE_BUY, 100, 10000);

    cr_assert(eq(int, venue_cancel(pit->venue, ANN, &no, NULL, VENUE_END_BY_USER, 1), VENUE_OK));
    cr_assert(venue_force_fill(pit->venue, no, 40, true, pit->now_ns));
    cr_assert(eq(int, pit_order(pit, no)->status, VENUE_ORDER_CANCELLED));
    cr_assert(eq(i64, pit_order(pit, no)->filled_lots, 40));
    cr_assert(eq(i64, held(ANN)->lots, 40));
}

Test(venue_margin, another_grid_cancels_orders_and_keeps_what_positions_are_worth)
{
    struct instrument grid = venue_instrument(pit->venue, PERP)->grid;
    uint64_t no;

    trade(ANN, BOB, 1005, 10000);
    no = pit_limit(pit, ANN, PERP, SIDE_BUY, 100, 9900);
    grid.tick_units = 5;
    grid.lot_units = 10;
    grid.tick_value_e8 *= 50;
    venue_set_grid(pit->venue, PERP, &grid, pit->now_ns);
    cr_assert(eq(int, pit_order(pit, no)->end, VENUE_END_BY_VENUE));
    cr_assert(eq(i64, held(ANN)->lots, 100)); /* five old lots were closed at the mark */
    cr_assert(eq(i64, held(BOB)->lots, -100));
    cr_assert(eq(i64, held(ANN)->entry_value_e8, 1000 * PIT_E8));
    cr_assert(eq(i64, venue_ticker(pit->venue, PERP).last_ticks, 2000));
    cr_assert(eq(i64, venue_instrument(pit->venue, PERP)->max_lots, 100000));
    pit_limit(pit, ANN, PERP, SIDE_BUY, 10, 1990);
}
