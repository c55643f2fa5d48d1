#include "unit/sim/floor.h"

#include <string.h>

TestSuite(sim_requests, .init = open_floor, .fini = close_floor);

static int64_t working_lots(uint64_t counter)
{
    forget_heard();
    ask_query(counter);
    return heard_last()->report == REPORT_QUERY_ABSENT ? 0 : heard_last()->qty_lots;
}

/* ---- amend ------------------------------------------------------------------------------ */

Test(sim_requests, an_amend_is_answered_with_price_and_total_as_they_now_stand)
{
    ask_new(1, SIDE_BUY, 4, 99);
    ask_amend(1, 9, 98);
    cr_assert_str_eq(heard_about(1), "ack amended");
    cr_assert(eq(i64, heard_last()->price_ticks, 98));
    cr_assert(eq(i64, heard_last()->qty_lots, 9));
    cr_assert(eq(u32, sim_resting(venue_floor.sim), 1));
}

Test(sim_requests, the_answer_says_which_amend_it_answers)
{
    struct order_message amend = {.kind = ORDER_MESSAGE_AMEND,
                                  .amend_no = 7,
                                  .order_id = ID(1),
                                  .price_ticks = 98,
                                  .qty_lots = 9};

    ask_new(1, SIDE_BUY, 4, 99);
    ask_message(amend);
    cr_assert(eq(int, heard_last()->report, REPORT_VENUE_AMEND));
    cr_assert(eq(u32, heard_last()->amend_no, 7));
    amend.amend_no = 8;
    amend.price_ticks = 0;
    ask_message(amend);
    cr_assert(eq(int, heard_last()->report, REPORT_AMEND_REJECT));
    cr_assert(eq(u32, heard_last()->amend_no, 8));
}

Test(sim_requests, a_smaller_size_keeps_the_place_in_the_queue)
{
    ask_new(1, SIDE_BUY, 4, 99);
    tell_trade(true, 3, 99); /* two of the five are left ahead */
    ask_amend(1, 2, 99);
    tell_trade(true, 4, 99);
    cr_assert(eq(i64, heard_filled(1), 2));
}

Test(sim_requests, a_larger_size_goes_to_the_end_of_the_queue)
{
    ask_new(1, SIDE_BUY, 4, 99);
    tell_trade(true, 3, 99);
    ask_amend(1, 5, 99);
    tell_trade(true, 5, 99);
    cr_assert(eq(i64, heard_filled(1), 0), "five are shown, and ahead again");
    tell_trade(true, 1, 99);
    cr_assert(eq(i64, heard_filled(1), 1));
}

Test(sim_requests, an_amended_order_goes_behind_our_own_that_came_before)
{
    ask_new(1, SIDE_BUY, 2, 99);
    ask_new(2, SIDE_BUY, 2, 99);
    ask_amend(1, 3, 99);
    tell_trade(true, 7, 99); /* five shown, then ours */
    cr_assert(eq(i64, heard_filled(2), 2));
    cr_assert(eq(i64, heard_filled(1), 0));
}

Test(sim_requests, an_amend_to_a_price_that_takes_takes)
{
    ask_new(1, SIDE_BUY, 7, 99);
    ask_amend(1, 7, 101);
    cr_assert_str_eq(heard_about(1), "ack amended fill");
    cr_assert(eq(i64, heard_last()->qty_lots, 5));
    cr_assert(not(heard_last()->maker));
    cr_assert(eq(u32, sim_resting(venue_floor.sim), 1), "two rest at 101");
}

Test(sim_requests, the_total_counts_what_is_filled)
{
    ask_new(1, SIDE_BUY, 6, 99);
    tell_trade(true, 7, 99); /* two of ours */
    ask_amend(1, 5, 99);
    tell_trade(true, 50, 99);
    cr_assert(eq(i64, heard_filled(1), 5));
}

Test(sim_requests, a_total_not_above_what_is_filled_cancels_the_rest)
{
    ask_new(1, SIDE_BUY, 6, 99);
    tell_trade(true, 7, 99);
    ask_amend(1, 2, 99);
    cr_assert_str_eq(heard_about(1), "ack fill cancelled");
    cr_assert(eq(u32, sim_resting(venue_floor.sim), 0));
}

Test(sim_requests, what_could_not_be_a_new_order_is_refused_and_the_order_stays)
{
    ask_message((struct order_message){.kind = ORDER_MESSAGE_NEW,
                                       .side = SIDE_BUY,
                                       .flags = ORDER_POST_ONLY,
                                       .order_id = ID(1),
                                       .price_ticks = 99,
                                       .qty_lots = 3});
    ask_new(2, SIDE_SELL, 3, 102);
    ask_amend(1, 3, 101); /* would take */
    cr_assert_str_eq(heard_about(1), "ack amend_rejected");
    ask_amend(1, 3, 0);
    ask_amend(1, 3, MAX_PRICE_TICKS + 1);
    ask_amend(1, MAX_LOTS + 1, 99);
    ask_amend(1, -1, 99);
    ask_amend(2, 3, 99); /* would meet our own bid */
    ask_amend(7, 3, 99); /* nobody knows it */
    cr_assert_str_eq(heard_about(1), "ack amend_rejected amend_rejected amend_rejected "
                                     "amend_rejected amend_rejected");
    cr_assert_str_eq(heard_about(2), "ack amend_rejected");
    cr_assert_str_eq(heard_about(7), "amend_rejected");
    cr_assert(eq(u32, sim_resting(venue_floor.sim), 2));
    cr_assert(eq(i64, working_lots(1), 3));
}

/* ---- query ------------------------------------------------------------------------------ */

Test(sim_requests, a_query_of_a_resting_order_tells_its_fills_again_and_that_it_rests)
{
    uint64_t exec_id;

    ask_new(1, SIDE_BUY, 6, 99);
    tell_trade(true, 7, 99);
    exec_id = heard_last()->exec_id;
    forget_heard();
    ask_query(1);
    cr_assert_str_eq(heard_about(1), "fill ack");
    cr_assert(eq(u64, venue_floor.heard[0].exec_id, exec_id));
    cr_assert(eq(i64, venue_floor.heard[0].qty_lots, 2));
    cr_assert(eq(i64, heard_last()->price_ticks, 99));
    cr_assert(eq(i64, heard_last()->qty_lots, 6));
    cr_assert(eq(int, line_of(FAULT_ON_FILL, 1)->status, SIM_REPEATED));
    cr_assert(eq(i64, sim_position_lots(venue_floor.sim, 0), 2), "told again, not done again");
}

Test(sim_requests, a_query_of_an_amended_order_says_how_it_stands)
{
    ask_new(1, SIDE_BUY, 6, 99);
    ask_amend(1, 4, 98);
    forget_heard();
    ask_query(1);
    cr_assert_str_eq(heard_about(1), "ack");
    cr_assert(eq(i64, heard_last()->price_ticks, 98));
    cr_assert(eq(i64, heard_last()->qty_lots, 4));
}

Test(sim_requests, a_query_of_an_ended_order_says_how_it_ended)
{
    ask_new(1, SIDE_BUY, 6, 99);
    tell_trade(true, 7, 99);
    ask_cancel(1);
    ask_new(2, SIDE_BUY, 2, 101); /* filled whole */
    ask_message((struct order_message){.kind = ORDER_MESSAGE_NEW,
                                       .tif = TIF_IOC,
                                       .order_id = ID(3),
                                       .price_ticks = 98,
                                       .qty_lots = 1});
    ask_new(4, SIDE_BUY, 1, 0); /* no price */
    ask_message((struct order_message){.kind = ORDER_MESSAGE_NEW,
                                       .flags = ORDER_POST_ONLY,
                                       .order_id = ID(5),
                                       .price_ticks = 101,
                                       .qty_lots = 1});
    forget_heard();
    for (uint64_t counter = 1; counter <= 6; counter++)
        ask_query(counter);
    cr_assert_str_eq(heard_about(1), "fill cancelled");
    cr_assert_str_eq(heard_about(2), "fill ack");
    cr_assert_str_eq(heard_about(3), "expired");
    cr_assert_str_eq(heard_about(4), "rejected");
    cr_assert_str_eq(heard_about(5), "cancelled");
    cr_assert_str_eq(heard_about(6), "absent");
}

Test(sim_requests, what_ended_long_ago_is_forgotten_and_what_rests_is_not)
{
    ask_new(1, SIDE_BUY, 1, 90);
    ask_new(2, SIDE_BUY, 1, 91);
    ask_cancel(2);
    for (uint64_t counter = 3; counter < 3 + SIM_ORDERS_MAX; counter++) {
        ask_new(counter, SIDE_BUY, 1, 92);
        ask_cancel(counter);
        forget_heard();
    }
    ask_query(2);
    cr_assert(eq(int, heard_last()->report, REPORT_VENUE_CANCEL), "still");
    for (uint64_t counter = 1; counter <= SIM_ORDERS_MAX; counter++) {
        ask_new(10000 + counter, SIDE_BUY, 1, 92);
        ask_cancel(10000 + counter);
        forget_heard();
    }
    ask_query(2);
    cr_assert(eq(int, heard_last()->report, REPORT_QUERY_ABSENT));
    ask_query(1);
    cr_assert(eq(int, heard_last()->report, REPORT_VENUE_ACK));
}

Test(sim_requests, an_ended_order_whose_fills_are_forgotten_is_forgotten)
{
    ask_new(1, SIDE_BUY, 1, 101);
    ask_new(2, SIDE_BUY, 2 * SIM_FILLS_MAX, 100);
    for (int fill = 1; fill <= SIM_FILLS_MAX; fill++) {
        forget_heard();
        if (fill == SIM_FILLS_MAX) {
            ask_query(1);
            cr_assert_str_eq(heard_about(1), "fill ack");
        }
        tell_trade(true, 1, 100);
    }
    forget_heard();
    ask_query(1);
    cr_assert_str_eq(heard_about(1), "absent");
    ask_query(2);
    cr_assert(eq(int, heard_last()->report, REPORT_VENUE_ACK), "it rests");
    cr_assert(eq(u32, venue_floor.heard_count, 1 + SIM_REPEAT_MAX + 1));
}

/* ---- fees ------------------------------------------------------------------------------- */

Test(sim_requests, exchange_and_clearing_fees_come_on_top_and_a_rebate_is_negative)
{
    venue_floor.rows[0].maker_fee_e8 = -20000; /* -0.02 % */
    venue_floor.rows[0].exchange_fee_e8 = 5000;
    venue_floor.rows[0].clearing_fee_e8 = 1000;
    ask_new(1, SIDE_BUY, 10, 101); /* takes 5, rests 5 */
    cr_assert(eq(i64, heard_last()->fee_e8, 505 * 206000), "0.206 % of 505");
    tell_trade(true, 5, 101);
    cr_assert(eq(i64, heard_last()->fee_e8, 505 * -14000), "-0.014 % of 505");
}

/* ---- the account ------------------------------------------------------------------------ */

static void open_with_account(void)
{
    open_floor_with((struct sim_config){.position_interval_ns = 1000, .funding_interval_ns = 8000});
    tell_snapshot(99, 50, 101, 50);
}

TestSuite(sim_account, .init = open_with_account, .fini = close_floor);

static uint32_t heard_of(enum report report)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < venue_floor.heard_count; at++)
        count += venue_floor.heard[at].report == report;
    return count;
}

Test(sim_account, a_position_is_told_when_it_has_changed)
{
    pass_to(500);
    ask_new(1, SIDE_BUY, 4, 101);
    cr_assert(eq(u32, heard_of(REPORT_POSITION), 0), "not before its time");
    pass_to(1000);
    cr_assert(eq(u32, heard_of(REPORT_POSITION), 1));
    cr_assert(eq(i64, heard_last()->qty_lots, 4));
    pass_to(2000);
    cr_assert(eq(u32, heard_of(REPORT_POSITION), 1), "as it was");
    ask_new(2, SIDE_SELL, 10, 99);
    pass_to(3000);
    cr_assert(eq(u32, heard_of(REPORT_POSITION), 2));
    cr_assert(eq(i64, heard_last()->qty_lots, -6), "signed");
    cr_assert(eq(i64, sim_position_lots(venue_floor.sim, 0), -6));
    cr_assert(eq(i64, sim_position_lots(venue_floor.sim, 1), 0));
}

Test(sim_account, an_unchanged_position_is_told_every_tenth_time)
{
    ask_new(1, SIDE_BUY, 4, 101);
    for (int64_t at_ns = 1000; at_ns <= 11000; at_ns += 1000)
        pass_to(at_ns);
    cr_assert(eq(u32, heard_of(REPORT_POSITION), 2));
}

Test(sim_account, a_long_pays_a_positive_rate_and_a_short_receives_it)
{
    venue_floor.rows[0].funding_rate_e8 = 10000; /* 0.01 % */
    ask_new(1, SIDE_BUY, 4, 101);
    pass_to(8000);
    cr_assert(eq(u32, heard_of(REPORT_FUNDING), 1));
    cr_assert(eq(i64, heard_last()->fee_e8, 4 * 100 * 10000), "at the mid");
    cr_assert(ne(u64, heard_last()->exec_id, venue_floor.heard[1].exec_id));
    cr_assert(eq(u64, heard_last()->exec_id >> 32, EPOCH));
    ask_new(2, SIDE_SELL, 5, 99);
    pass_to(16000);
    cr_assert(eq(i64, heard_last()->fee_e8, -1 * 100 * 10000));
}

Test(sim_account, nothing_is_charged_flat_without_a_rate_or_without_a_book)
{
    pass_to(8000);
    ask_new(1, SIDE_BUY, 4, 101);
    pass_to(16000);
    venue_floor.rows[0].funding_rate_e8 = 10000;
    tell_book(MARKET_LOST, 0, (struct level){0}, (struct level){0});
    pass_to(24000);
    cr_assert(eq(u32, heard_of(REPORT_FUNDING), 0));
    tell_snapshot(99, 50, 101, 50);
    pass_to(40000);
    cr_assert(eq(u32, heard_of(REPORT_FUNDING), 2), "one for each time that has passed");
}

/* ---- adverse selection ------------------------------------------------------------------ */

TestSuite(sim_adverse, .fini = close_floor);

static void open_adverse(uint32_t probability_e8, int64_t ticks)
{
    open_floor_with((struct sim_config){
        .seed = 3, .adverse_probability_e8 = probability_e8, .adverse_ticks = ticks});
    tell_snapshot(99, 5, 101, 5);
    tell_delta(95, 5, 0, 0);
}

Test(sim_adverse, a_bid_at_a_touch_that_falls_is_filled_at_its_price)
{
    open_adverse(RATIO_ONE_E8, 1);
    ask_new(1, SIDE_BUY, 3, 99);
    tell_delta(99, 0, 0, 0); /* cancelled by whom it belonged to: the touch is 95 */
    cr_assert_str_eq(heard_about(1), "ack fill");
    cr_assert(eq(i64, heard_last()->price_ticks, 99));
    cr_assert(eq(i64, heard_last()->qty_lots, 3));
    cr_assert(heard_last()->maker);
}

Test(sim_adverse, an_offer_in_front_of_a_touch_that_rises_is_filled)
{
    open_adverse(RATIO_ONE_E8, 1);
    ask_new(1, SIDE_SELL, 3, 100);
    tell_delta(0, 0, 103, 5);
    cr_assert_str_eq(heard_about(1), "ack");
    tell_delta(0, 0, 101, 0);
    cr_assert_str_eq(heard_about(1), "ack fill");
}

Test(sim_adverse, an_order_behind_the_touch_or_a_small_or_favourable_move_is_not)
{
    open_adverse(RATIO_ONE_E8, 5);
    ask_new(1, SIDE_BUY, 3, 99);
    ask_new(2, SIDE_BUY, 3, 94);
    tell_delta(100, 1, 0, 0);
    tell_delta(100, 0, 0, 0); /* one tick down, not five */
    tell_delta(99, 0, 0, 0);  /* four */
    tell_delta(95, 0, 93, 0); /* the side is empty */
    cr_assert_str_eq(heard_about(1), "ack");
    cr_assert_str_eq(heard_about(2), "ack");
}

Test(sim_adverse, the_chance_is_what_was_set)
{
    uint32_t filled = 0;

    open_adverse(25000000, 1);
    for (uint64_t counter = 1; counter <= 2000; counter++) {
        forget_heard();
        tell_delta(99, 5, 0, 0);
        ask_new(counter, SIDE_BUY, 1, 99);
        tell_delta(99, 0, 0, 0);
        filled += heard_filled(counter) > 0;
        ask_cancel(counter);
    }
    cr_assert(gt(u32, filled, 430), "%u of 2000", filled);
    cr_assert(lt(u32, filled, 570), "%u of 2000", filled);
}
