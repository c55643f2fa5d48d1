/* Each verb does what tables/fault_verbs.def says of it, on every way that it can be on. */
#include "unit/sim/floor.h"

#include <stdio.h>
#include <string.h>

#define MS 1000000LL

TestSuite(sim_faults, .fini = close_floor);

static struct sim *sim(void)
{
    return venue_floor.sim;
}

/* The rule counts books from the first delta: the opening snapshot is the first book. */
static struct fault_rule on_delta(enum fault_verb verb)
{
    struct fault_rule rule = fault_rule(FAULT_ON_BOOK, verb);

    rule.nth = 2;
    return rule;
}

/* ---- requests and their answers --------------------------------------------------------- */

Test(sim_faults, drop_req_a_dropped_request_never_arrives)
{
    open_floor_with_fault(on_first(FAULT_ON_NEW, FAULT_DROP_REQ));
    ask_new(1, SIDE_BUY, 3, 99);
    pass_all();
    cr_assert_str_eq(heard_about(1), "");
    cr_assert(eq(u32, sim_resting(sim()), 0));
    cr_assert(eq(int, line_of(FAULT_ON_NEW, 0)->status, SIM_DROPPED));
    ask_query(1);
    cr_assert_str_eq(heard_about(1), "absent");
    ask_new(2, SIDE_BUY, 3, 99);
    cr_assert_str_eq(heard_about(2), "ack");
}

Test(sim_faults, drop_req_a_dropped_cancel_leaves_its_order)
{
    open_floor_with_fault(on_first(FAULT_ON_CANCEL, FAULT_DROP_REQ));
    ask_new(1, SIDE_BUY, 3, 99);
    ask_cancel(1);
    cr_assert_str_eq(heard_about(1), "ack");
    cr_assert(eq(u32, sim_resting(sim()), 1));
}

Test(sim_faults, drop_ack_the_order_lives_and_nobody_says_so)
{
    open_floor_with_fault(on_first(FAULT_ON_NEW, FAULT_DROP_ACK));
    ask_new(1, SIDE_BUY, 8, 101); /* takes five: fills are told */
    cr_assert_str_eq(heard_about(1), "fill");
    cr_assert(eq(u32, sim_resting(sim()), 1));
    cr_assert(eq(int, line_of(FAULT_ON_ACK, 0)->status, SIM_LOST));
    ask_query(1);
    cr_assert_str_eq(heard_about(1), "fill fill ack");
    cr_assert(eq(i64, heard_filled(1), 5));
}

Test(sim_faults, drop_ack_of_a_cancel_an_amend_and_a_query)
{
    static const enum fault_kind kinds[] = {FAULT_ON_CANCEL, FAULT_ON_AMEND, FAULT_ON_QUERY};

    for (int at = 0; at < 3; at++) {
        open_floor_with_fault(on_first(kinds[at], FAULT_DROP_ACK));
        ask_new(1, SIDE_BUY, 7, 101);
        forget_heard();
        if (kinds[at] == FAULT_ON_QUERY)
            ask_query(1);
        else if (kinds[at] == FAULT_ON_AMEND)
            ask_amend(1, 6, 100);
        else
            ask_cancel(1);
        cr_assert_str_eq(heard_about(1), "");
        ask_query(1);
        cr_assert_str_eq(heard_about(1), kinds[at] == FAULT_ON_QUERY || kinds[at] == FAULT_ON_AMEND
                                             ? "fill ack"
                                             : "fill cancelled");
    }
}

Test(sim_faults, drop_ack_on_an_answer_loses_that_answer)
{
    open_floor_with_fault(on_first(FAULT_ON_CANCELLED, FAULT_DROP_ACK));
    ask_new(1, SIDE_BUY, 3, 99);
    ask_cancel(1);
    cr_assert_str_eq(heard_about(1), "ack");
    cr_assert(eq(u32, sim_resting(sim()), 0));
}

Test(sim_faults, delay_holds_up_what_is_behind)
{
    struct fault_rule rule = on_first(FAULT_ON_NEW, FAULT_DELAY);

    open_floor_with_fault(rule);
    ask_new(1, SIDE_BUY, 3, 99);
    ask_new(2, SIDE_BUY, 3, 99);
    pass_to(rule.for_ns - 1);
    cr_assert(eq(u32, venue_floor.heard_count, 0));
    pass_to(rule.for_ns);
    cr_assert(eq(u32, venue_floor.heard_count, 2));
    cr_assert(eq(u64, venue_floor.heard[0].order_id, ID(1)));
}

Test(sim_faults, delay_of_a_report_holds_up_reports)
{
    open_floor_with_fault(on_first(FAULT_ON_ACK, FAULT_DELAY));
    ask_new(1, SIDE_BUY, 3, 99);
    ask_new(2, SIDE_BUY, 3, 99);
    pass_to(100 * MS - 1);
    cr_assert(eq(u32, venue_floor.heard_count, 0));
    cr_assert(eq(u32, sim_resting(sim()), 2), "they have arrived");
    pass_to(100 * MS);
    cr_assert(eq(u32, venue_floor.heard_count, 2));
    cr_assert(eq(i64, venue_floor.heard[0].venue_ns, 0));
}

Test(sim_faults, dup_of_a_request_is_refused_as_a_repeated_id)
{
    open_floor_with_fault(on_first(FAULT_ON_NEW, FAULT_DUP));
    ask_new(1, SIDE_BUY, 3, 99);
    cr_assert_str_eq(heard_about(1), "ack duplicate_id");
    cr_assert(eq(u32, sim_resting(sim()), 1));
    cr_assert(eq(int, line_of(FAULT_ON_DUPLICATE_ID, 0)->status, SIM_PLAIN));
    ask_query(1);
    cr_assert_str_eq(heard_about(1), "ack duplicate_id ack");
    open_floor_with_fault(on_first(FAULT_ON_CANCEL, FAULT_DUP));
    ask_new(1, SIDE_BUY, 3, 99);
    ask_cancel(1);
    cr_assert_str_eq(heard_about(1), "ack cancelled cancel_rejected");
}

Test(sim_faults, dup_of_a_fill_has_the_same_exec_id)
{
    open_floor_with_fault(on_first(FAULT_ON_FILL, FAULT_DUP));
    ask_new(1, SIDE_BUY, 3, 101);
    cr_assert_str_eq(heard_about(1), "ack fill fill");
    cr_assert(eq(u64, venue_floor.heard[1].exec_id, venue_floor.heard[2].exec_id));
    cr_assert(eq(i64, sim_position_lots(sim(), 0), 3));
    cr_assert(eq(int, line_of(FAULT_ON_FILL, 0)->status, SIM_PLAIN));
    cr_assert(eq(int, line_of(FAULT_ON_FILL, 1)->status, SIM_REPEATED));
}

Test(sim_faults, reorder_lets_later_requests_overtake)
{
    open_floor_with_fault(on_first(FAULT_ON_CANCEL, FAULT_REORDER));
    ask_new(1, SIDE_BUY, 3, 99);
    ask_cancel(1);
    ask_new(2, SIDE_BUY, 3, 99);
    cr_assert_str_eq(heard_about(1), "ack");
    cr_assert_str_eq(heard_about(2), "ack");
    pass_to(1 * MS);
    cr_assert_str_eq(heard_about(1), "ack cancelled");
}

Test(sim_faults, reorder_lets_a_fill_overtake_its_ack)
{
    open_floor_with_fault(on_first(FAULT_ON_ACK, FAULT_REORDER));
    ask_new(1, SIDE_BUY, 3, 101);
    pass_all();
    cr_assert_str_eq(heard_about(1), "fill ack");
}

Test(sim_faults, reject_refuses_each_kind_with_the_code)
{
    static const enum fault_kind kinds[] = {FAULT_ON_NEW, FAULT_ON_CANCEL, FAULT_ON_AMEND,
                                            FAULT_ON_QUERY};
    static const char *const said[] = {"rejected", "ack cancel_rejected", "ack amend_rejected",
                                       "ack absent"};

    for (int at = 0; at < 4; at++) {
        struct fault_rule rule = on_first(kinds[at], FAULT_REJECT);

        rule.code = 110007;
        open_floor_with_fault(rule);
        ask_new(1, SIDE_BUY, 3, 99);
        if (at == 1)
            ask_cancel(1);
        else if (at == 2)
            ask_amend(1, 2, 99);
        else if (at == 3)
            ask_query(1);
        cr_assert_str_eq(heard_about(1), said[at]);
        cr_assert(eq(u32, sim_resting(sim()), at > 0));
        cr_assert(eq(int, venue_floor.lines[venue_floor.line_count - 1].status, SIM_REFUSED));
        cr_assert(eq(i64, venue_floor.lines[venue_floor.line_count - 1].code, 110007));
    }
}

Test(sim_faults, reject_leaves_the_id_unknown)
{
    open_floor_with_fault(on_first(FAULT_ON_NEW, FAULT_REJECT));
    ask_new(1, SIDE_BUY, 3, 99);
    ask_query(1);
    ask_new(1, SIDE_BUY, 3, 99);
    cr_assert_str_eq(heard_about(1), "rejected absent ack");
}

/* ---- fills ------------------------------------------------------------------------------ */

Test(sim_faults, late_fill_comes_after_the_cancel_that_it_preceded)
{
    struct fault_rule rule = on_first(FAULT_ON_CANCEL, FAULT_LATE_FILL);

    rule.code = 2;
    open_floor_with_fault(rule);
    ask_new(1, SIDE_BUY, 5, 99);
    ask_cancel(1);
    cr_assert_str_eq(heard_about(1), "ack cancelled");
    cr_assert(eq(i64, sim_position_lots(sim(), 0), 2));
    pass_to(50 * MS - 1);
    cr_assert_str_eq(heard_about(1), "ack cancelled");
    pass_to(50 * MS);
    cr_assert_str_eq(heard_about(1), "ack cancelled fill");
    cr_assert(eq(i64, heard_last()->qty_lots, 2));
    cr_assert(eq(i64, heard_last()->price_ticks, 99));
    ask_query(1);
    cr_assert_str_eq(heard_about(1), "ack cancelled fill fill cancelled");
}

Test(sim_faults, late_fill_of_everything_still_says_cancelled)
{
    open_floor_with_fault(on_first(FAULT_ON_CANCEL, FAULT_LATE_FILL));
    ask_new(1, SIDE_BUY, 1, 99);
    ask_cancel(1);
    pass_all();
    cr_assert_str_eq(heard_about(1), "ack cancelled fill");
    cr_assert(eq(u32, sim_resting(sim()), 0));
    ask_query(1);
    cr_assert(eq(int, heard_last()->report, REPORT_VENUE_CANCEL));
}

Test(sim_faults, late_fill_on_a_fill_is_overtaken)
{
    open_floor_with_fault(on_first(FAULT_ON_FILL, FAULT_LATE_FILL));
    ask_new(1, SIDE_BUY, 8, 101);
    ask_cancel(1);
    pass_all();
    cr_assert_str_eq(heard_about(1), "ack cancelled fill");
    cr_assert(eq(i64, heard_last()->received_ns, 50 * MS));
    cr_assert(eq(i64, heard_last()->venue_ns, 0));
}

Test(sim_faults, overfill_goes_beyond_the_order)
{
    struct fault_rule rule = on_first(FAULT_ON_FILL, FAULT_OVERFILL);

    rule.code = 3;
    open_floor_with_fault(rule);
    ask_new(1, SIDE_BUY, 7, 101); /* five are there */
    cr_assert_str_eq(heard_about(1), "ack fill");
    cr_assert(eq(i64, heard_last()->qty_lots, 10));
    cr_assert(eq(i64, sim_position_lots(sim(), 0), 10));
    cr_assert(eq(u32, sim_resting(sim()), 0));
}

Test(sim_faults, fill_before_ack_is_told_in_that_order)
{
    struct fault_rule rule = on_first(FAULT_ON_NEW, FAULT_FILL_BEFORE_ACK);

    rule.code = 2;
    open_floor_with_fault(rule);
    ask_new(1, SIDE_BUY, 5, 98);
    cr_assert_str_eq(heard_about(1), "fill ack");
    cr_assert(eq(i64, heard_filled(1), 2));
    cr_assert(eq(u32, sim_resting(sim()), 1));
    rule.code = 99;
    open_floor_with_fault(rule);
    ask_new(1, SIDE_BUY, 5, 98);
    cr_assert_str_eq(heard_about(1), "fill ack");
    cr_assert(eq(i64, heard_filled(1), 5), "not more than it is");
    cr_assert(eq(u32, sim_resting(sim()), 0));
}

Test(sim_faults, lost_fill_counts_at_the_venue_and_a_query_finds_it)
{
    open_floor_with_fault(on_first(FAULT_ON_FILL, FAULT_LOST_FILL));
    ask_new(1, SIDE_BUY, 8, 101);
    cr_assert_str_eq(heard_about(1), "ack");
    cr_assert(eq(i64, sim_position_lots(sim(), 0), 5));
    cr_assert(eq(int, line_of(FAULT_ON_FILL, 0)->status, SIM_LOST));
    ask_query(1);
    cr_assert_str_eq(heard_about(1), "ack fill ack");
    cr_assert(eq(i64, heard_filled(1), 5));
}

/* ---- the account ------------------------------------------------------------------------ */

static const struct execution *foreign(void)
{
    uint32_t at = 0;

    while (at < venue_floor.heard_count && venue_floor.heard[at].report != REPORT_FOREIGN)
        at++;
    cr_assert(lt(u32, at, venue_floor.heard_count), "no foreign order");
    return &venue_floor.heard[at];
}

Test(sim_faults, foreign_order_rests_at_the_touch_and_is_filled_by_trades)
{
    struct fault_rule rule = on_first(FAULT_ON_NEW, FAULT_FOREIGN_ORDER);
    struct execution order;

    rule.code = 4;
    open_floor_with_fault(rule);
    ask_new(1, SIDE_BUY, 1, 90);
    order = *foreign();
    cr_assert(ne(u64, order.order_id & SIM_FOREIGN_BIT, 0));
    cr_assert(eq(i64, order.qty_lots, 4));
    cr_assert(eq(i64, order.price_ticks, order.side == SIDE_BUY ? 99 : 101));
    tell_trade(order.side == SIDE_BUY, 7, order.price_ticks); /* five are ahead */
    cr_assert(eq(u64, heard_last()->order_id, order.order_id));
    cr_assert(eq(int, heard_last()->report, REPORT_FILL_PART));
    cr_assert(eq(i64, heard_last()->qty_lots, 2));
    cr_assert(eq(i64, sim_position_lots(sim(), 0), order.side == SIDE_BUY ? 2 : -2));
}

Test(sim_faults, foreign_order_is_cancelled_by_our_cancel)
{
    open_floor_with_fault(on_first(FAULT_ON_NEW, FAULT_FOREIGN_ORDER));
    ask_new(1, SIDE_BUY, 1, 90);
    ask_message(
        (struct order_message){.kind = ORDER_MESSAGE_CANCEL, .order_id = foreign()->order_id});
    cr_assert(eq(int, heard_last()->report, REPORT_VENUE_CANCEL));
    cr_assert(eq(u64, heard_last()->order_id, foreign()->order_id));
    cr_assert(eq(u32, sim_resting(sim()), 1), "ours");
}

Test(sim_faults, foreign_orders_come_on_both_sides_and_never_under_one_id)
{
    struct fault_rule rule = fault_rule(FAULT_ON_TRADE, FAULT_FOREIGN_ORDER);
    uint32_t buys = 0;

    rule.every = 1;
    open_floor_with_fault(rule);
    for (int at = 0; at < 40; at++)
        tell_trade(true, 1, 100);
    cr_assert(eq(u32, venue_floor.heard_count, 40));
    for (uint32_t at = 0; at < 40; at++) {
        buys += venue_floor.heard[at].side == SIDE_BUY;
        cr_assert(eq(u64, venue_floor.heard[at].order_id, SIM_FOREIGN_BIT | ID(at + 1)));
    }
    cr_assert(gt(u32, buys, 5));
    cr_assert(lt(u32, buys, 35));
}

Test(sim_faults, foreign_order_needs_a_book_to_join)
{
    struct fault_rule rule = fault_rule(FAULT_ON_NEW, FAULT_FOREIGN_ORDER);

    rule.every = 1;
    open_floor_with((struct sim_config){.faults = &rule, .fault_count = 1});
    ask_new(1, SIDE_BUY, 1, 90);
    cr_assert(eq(u32, venue_floor.heard_count, 1));
}

Test(sim_faults, position_override_moves_the_count_without_a_fill_and_says_so)
{
    struct fault_rule rule = on_first(FAULT_ON_CANCEL, FAULT_POSITION_OVERRIDE);

    rule.code = -17;
    open_floor_with_fault(rule);
    ask_new(1, SIDE_BUY, 5, 101);
    ask_cancel(9);
    cr_assert(eq(int, venue_floor.heard[2].report, REPORT_POSITION));
    cr_assert(eq(i64, venue_floor.heard[2].qty_lots, -17));
    cr_assert(eq(i64, sim_position_lots(sim(), 0), -17));
}

/* ---- the whole venue -------------------------------------------------------------------- */

/* What new, amend, cancel and query of order 1 (which rests) are told. */
static const char *all_asked(uint64_t counter)
{
    static char text[256];

    forget_heard();
    ask_new(counter, SIDE_BUY, 1, 99);
    ask_amend(1, 2, 98);
    ask_query(1);
    ask_cancel(1);
    snprintf(text, sizeof text, "%s, ", heard_about(counter));
    return strcat(text, heard_about(1));
}

Test(sim_faults, ratelimit_refuses_what_raises_for_its_time)
{
    open_floor_with_fault(on_first(FAULT_ON_NEW, FAULT_RATELIMIT));
    ask_new(1, SIDE_BUY, 3, 99);
    cr_assert_str_eq(heard_about(1), "rejected", "the one that broke the limit, too");
    cr_assert(eq(i64, line_of(FAULT_ON_REJECTED, 0)->code, 429));
    pass_to(1000 * MS);
    ask_new(1, SIDE_BUY, 3, 99);
    cr_assert_str_eq(heard_about(1), "rejected ack");
    open_floor_with_fault(on_first(FAULT_ON_ACK, FAULT_RATELIMIT));
    ask_new(1, SIDE_BUY, 3, 99);
    cr_assert_str_eq(all_asked(2), "rejected, amend_rejected ack cancelled");
}

Test(sim_faults, ban_refuses_every_request_for_its_time)
{
    open_floor_with_fault(on_first(FAULT_ON_ACK, FAULT_BAN));
    ask_new(1, SIDE_BUY, 3, 99);
    cr_assert_str_eq(all_asked(2), "rejected, amend_rejected cancel_rejected");
    cr_assert(eq(i64, line_of(FAULT_ON_REJECTED, 0)->code, 418));
    tell_trade(true, 6, 99);
    cr_assert(eq(i64, heard_filled(1), 1), "what rests trades on");
    pass_to(1000 * MS);
    cr_assert_str_eq(all_asked(3), "ack, amended fill ack cancelled");
}

Test(sim_faults, maintenance_refuses_every_request_and_trades_nothing)
{
    open_floor_with_fault(on_first(FAULT_ON_ACK, FAULT_MAINTENANCE));
    ask_new(1, SIDE_BUY, 3, 99);
    cr_assert_str_eq(all_asked(2), "rejected, amend_rejected cancel_rejected");
    cr_assert(eq(i64, line_of(FAULT_ON_REJECTED, 0)->code, 503));
    tell_trade(true, 60, 98);
    tell_delta(0, 0, 99, 5);
    cr_assert(eq(i64, heard_filled(1), 0));
    pass_to(1000 * MS);
    tell_trade(true, 60, 98);
    cr_assert(eq(i64, heard_filled(1), 3));
}

/* ---- market data ------------------------------------------------------------------------ */

static const struct floor_update *told(uint32_t at)
{
    cr_assert(lt(u32, at, venue_floor.update_count));
    return &venue_floor.updates[at];
}

Test(sim_faults, seq_gap_loses_an_update_and_a_snapshot_follows)
{
    open_floor_with_fault(on_delta(FAULT_SEQ_GAP));
    tell_delta(98, 7, 0, 0);
    tell_delta(97, 7, 0, 0);
    cr_assert(eq(u32, venue_floor.update_count, 2));
    cr_assert(eq(i64, told(1)->prev_update_id, 2), "the second is missing");
    cr_assert(eq(i64, told(0)->update_id, 1));
    pass_to(1000 * MS - 1);
    cr_assert(eq(u32, venue_floor.update_count, 2));
    pass_to(1000 * MS);
    cr_assert(eq(u32, venue_floor.update_count, 3));
    cr_assert(eq(int, told(2)->kind, MARKET_SNAPSHOT));
    cr_assert(eq(int, told(2)->bid_count, 3), "with the one that was lost");
    cr_assert(eq(i64, told(2)->update_id, 3));
    cr_assert(eq(i64, told(2)->first_bid.price_ticks, 99));
    cr_assert(eq(i64, told(2)->first_ask.price_ticks, 101));
    pass_to(9000 * MS);
    cr_assert(eq(u32, venue_floor.update_count, 3), "once");
}

Test(sim_faults, seq_gap_is_healed_by_the_markets_own_snapshot)
{
    open_floor_with_fault(on_delta(FAULT_SEQ_GAP));
    tell_delta(98, 7, 0, 0);
    tell_snapshot(97, 1, 102, 1);
    pass_to(9000 * MS);
    cr_assert(eq(u32, venue_floor.update_count, 2));
}

Test(sim_faults, stale_book_is_silent_for_its_time_then_whole)
{
    struct fault_rule rule = on_delta(FAULT_STALE_BOOK);

    open_floor_with_fault(rule);
    tell_delta(98, 7, 0, 0);
    pass_to(rule.for_ns - 1);
    tell_delta(97, 7, 0, 0);
    tell_trade(true, 1, 99);
    cr_assert(eq(u32, venue_floor.update_count, 2));
    cr_assert(eq(int, told(1)->kind, MARKET_TRADE), "trades go on");
    tell_book(MARKET_SNAPSHOT, 1, (struct level){5, 1}, (struct level){6, 1});
    cr_assert(eq(int, told(2)->instrument, 1), "and so does the other book");
    pass_to(rule.for_ns);
    cr_assert(eq(int, told(3)->kind, MARKET_SNAPSHOT));
    cr_assert(eq(int, told(3)->bid_count, 3));
    tell_delta(96, 7, 0, 0);
    cr_assert(eq(i64, told(4)->prev_update_id, told(3)->update_id), "and goes on from there");
}

Test(sim_faults, crossed_book_crosses_and_a_snapshot_follows)
{
    open_floor_with_fault(on_delta(FAULT_CROSSED_BOOK));
    tell_delta(98, 7, 0, 0);
    cr_assert(eq(u32, venue_floor.update_count, 3));
    cr_assert(eq(i64, told(2)->prev_update_id, 2));
    cr_assert(eq(i64, told(2)->first_bid.price_ticks, 102));
    tell_delta(97, 7, 0, 0);
    pass_to(1000 * MS);
    cr_assert(eq(int, told(4)->kind, MARKET_SNAPSHOT));
    cr_assert(eq(i64, told(4)->first_bid.price_ticks, 99));
    ask_new(1, SIDE_BUY, 1, 99);
    cr_assert_str_eq(heard_about(1), "ack", "the venue's own book is sound");
}

Test(sim_faults, delay_dup_and_reorder_of_data)
{
    open_floor_with_fault(on_delta(FAULT_DELAY));
    tell_delta(98, 7, 0, 0);
    tell_delta(97, 7, 0, 0);
    cr_assert(eq(u32, venue_floor.update_count, 1));
    pass_to(100 * MS);
    cr_assert(eq(u32, venue_floor.update_count, 3), "both, in their order");
    cr_assert(eq(i64, told(1)->update_id, 2));
    cr_assert(eq(i64, told(1)->received_ns, 100 * MS));
    open_floor_with_fault(on_delta(FAULT_DUP));
    tell_delta(98, 7, 0, 0);
    cr_assert(eq(u32, venue_floor.update_count, 3));
    cr_assert(eq(i64, told(2)->update_id, 2));
    open_floor_with_fault(on_delta(FAULT_REORDER));
    tell_delta(98, 7, 0, 0);
    tell_delta(97, 7, 0, 0);
    pass_to(1 * MS);
    cr_assert(eq(i64, told(1)->update_id, 3));
    cr_assert(eq(i64, told(2)->update_id, 2));
    cr_assert(eq(int, told(3)->kind, MARKET_SNAPSHOT), "such a book must heal");
}

Test(sim_faults, data_faults_leave_the_venues_own_matching_alone)
{
    struct fault_rule rule = fault_rule(FAULT_ON_BOOK, FAULT_STALE_BOOK);

    rule.every = 1;
    open_floor_with_fault(rule);
    cr_assert(eq(u32, venue_floor.update_count, 0));
    ask_new(1, SIDE_BUY, 3, 100);
    tell_delta(0, 0, 100, 2);
    cr_assert(eq(i64, heard_filled(1), 2));
}

/* ---- when a rule fires ------------------------------------------------------------------ */

static uint32_t acks_lost(struct fault_rule rule, uint32_t orders)
{
    uint32_t lost = 0;

    open_floor_with_fault(rule);
    for (uint64_t counter = 1; counter <= orders; counter++) {
        ask_new(counter, SIDE_BUY, 1, 90);
        lost += heard_about(counter)[0] == '\0';
        ask_cancel(counter);
    }
    return lost;
}

Test(sim_faults, nth_every_times_and_p_say_when)
{
    struct fault_rule rule = on_first(FAULT_ON_ACK, FAULT_DROP_ACK);

    rule.nth = 3;
    cr_assert(eq(u32, acks_lost(rule, 10), 1));
    cr_assert(eq(int, line_of(FAULT_ON_ACK, 1)->status, SIM_PLAIN));
    rule.times = 4;
    cr_assert(eq(u32, acks_lost(rule, 20), 4));
    rule.nth = 0;
    rule.every = 5;
    rule.times = 0;
    cr_assert(eq(u32, acks_lost(rule, 23), 4));
    rule.times = 2;
    cr_assert(eq(u32, acks_lost(rule, 23), 2));
    rule.every = 0;
    rule.times = 0;
    rule.probability_e8 = 30000000;
    cr_assert(gt(u32, acks_lost(rule, 1000), 240));
    cr_assert(lt(u32, acks_lost(rule, 1000), 360));
}

Test(sim_faults, a_rule_counts_its_instrument_only)
{
    struct fault_rule rule = on_first(FAULT_ON_NEW, FAULT_DROP_REQ);

    rule.instrument = 1;
    open_floor_with_fault(rule);
    ask_new(1, SIDE_BUY, 1, 90);
    cr_assert_str_eq(heard_about(1), "ack");
    ask_message((struct order_message){.kind = ORDER_MESSAGE_NEW,
                                       .instrument = 1,
                                       .order_id = ID(2),
                                       .price_ticks = 5,
                                       .qty_lots = 1});
    cr_assert_str_eq(heard_about(2), "");
}

Test(sim_faults, of_two_rules_that_fire_the_first_acts)
{
    struct fault_rule rules[] = {on_first(FAULT_ON_NEW, FAULT_DROP_ACK),
                                 on_first(FAULT_ON_NEW, FAULT_REJECT)};

    open_floor_with((struct sim_config){.faults = rules, .fault_count = 2});
    ask_new(1, SIDE_BUY, 1, 90);
    ask_new(2, SIDE_BUY, 1, 90);
    cr_assert_str_eq(heard_about(1), "");
    cr_assert_str_eq(heard_about(2), "ack", "both have counted the first");
}

/* ---- one seed, one history -------------------------------------------------------------- */

/* A rule of chance for each verb on each kind that it can be on would be too many at once: one
 * kind each, by a number. */
static uint32_t rules_of(uint32_t choice, struct fault_rule rules[FAULT_VERB_COUNT])
{
    for (unsigned verb = 0; verb < FAULT_VERB_COUNT; verb++) {
        uint32_t kinds = fault_verb_row((enum fault_verb)verb)->kinds;
        unsigned kind = choice % FAULT_KIND_COUNT;

        while (!(kinds & (1U << kind)))
            kind = (kind + 1) % FAULT_KIND_COUNT;
        rules[verb] = fault_rule((enum fault_kind)kind, (enum fault_verb)verb);
        rules[verb].probability_e8 = 2000000;
        rules[verb].for_ns = rules[verb].for_ns / 100;
    }
    return FAULT_VERB_COUNT;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x100000001b3ULL + (value >> 7);
}

/* Everything heard, passed on and written, to the nanosecond. */
static uint64_t hash_of_day(void)
{
    uint64_t hash = 1;

    for (uint32_t at = 0; at < venue_floor.heard_count; at++) {
        const struct execution *heard = &venue_floor.heard[at];

        hash = mix(mix(mix(hash, heard->report), heard->order_id), heard->exec_id);
        hash = mix(mix(hash, (uint64_t)heard->price_ticks), (uint64_t)heard->qty_lots);
        hash = mix(mix(hash, (uint64_t)heard->fee_e8), heard->side);
        hash = mix(mix(hash, (uint64_t)heard->venue_ns), (uint64_t)heard->received_ns);
    }
    for (uint32_t at = 0; at < venue_floor.update_count; at++) {
        const struct floor_update *update = &venue_floor.updates[at];

        hash = mix(mix(hash, update->kind), (uint64_t)update->update_id);
        hash = mix(hash, (uint64_t)update->received_ns);
    }
    for (uint32_t at = 0; at < venue_floor.line_count; at++)
        hash = mix(mix(hash, venue_floor.lines[at].status), (uint64_t)venue_floor.lines[at].at_ns);
    return hash;
}

static void live_a_day(uint64_t seed, uint32_t choice, bool overrides)
{
    struct fault_rule rules[FAULT_VERB_COUNT];
    struct sim_config config = {.seed = seed,
                                .order_latency_ns = 2 * MS,
                                .ack_latency_ns = 1 * MS,
                                .data_latency_ns = 1 * MS,
                                .jitter_ns = 1 * MS,
                                .queue = {QUEUE_LOG, 3, 90000000},
                                .adverse_probability_e8 = 25000000,
                                .adverse_ticks = 1,
                                .position_interval_ns = 50 * MS,
                                .funding_interval_ns = 400 * MS,
                                .faults = rules,
                                .fault_count = rules_of(choice, rules)};
    uint64_t random = 99;

    if (!overrides)
        rules[FAULT_POSITION_OVERRIDE].probability_e8 = 0;
    venue_floor.rows[0].funding_rate_e8 = 10000;
    open_floor_with_data(config);
    tell_snapshot(99, 20, 101, 20);
    for (uint64_t counter = 1; counter <= 700; counter++) {
        int64_t mid;

        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        mid = 100 + (int64_t)((random >> 33) % 5) - 2;
        pass_to(venue_floor.now_ns + MS / 2);
        ask_new(counter, (enum side)((random >> 40) & 1), 1 + (int64_t)((random >> 45) % 9),
                mid + (int64_t)((random >> 50) % 5) - 2);
        if ((random >> 55) % 3 == 0)
            ask_cancel(counter - (random >> 58) % 9);
        if ((random >> 56) % 5 == 0)
            ask_amend(counter - (random >> 59) % 9, 1 + (int64_t)((random >> 60) % 12), mid);
        if ((random >> 57) % 5 == 0)
            ask_query(counter - (random >> 58) % 20);
        tell_snapshot(mid - 1, 20, mid + 1, 20);
        tell_delta(mid - 1, 1 + (int64_t)((random >> 35) % 20), 0, 0);
        tell_trade(counter & 1, 4, mid + (counter & 1 ? -1 : 1));
    }
    tell_book(MARKET_ENDED, 0, (struct level){0}, (struct level){0});
    pass_all();
}

Test(sim_faults, one_seed_one_history_with_every_verb)
{
    for (uint32_t choice = 0; choice < 8; choice++) {
        uint64_t first;
        uint64_t again;

        live_a_day(77, choice, true);
        first = hash_of_day();
        live_a_day(77, choice, true);
        again = hash_of_day();
        cr_assert(eq(u64, first, again));
        live_a_day(78, choice, true);
        cr_assert(ne(u64, hash_of_day(), first), "another seed, another day");
        cr_assert(gt(u32, venue_floor.heard_count, 500));
    }
}

static int64_t ledger_position(void)
{
    int64_t lots = 0;

    for (uint32_t at = 0; at < venue_floor.line_count; at++) {
        const struct floor_line *line = &venue_floor.lines[at];

        if (!line->in && line->execution.report == REPORT_FILL_PART &&
            line->execution.instrument == 0 && line->status != SIM_REPEATED)
            lots += line->execution.side == SIDE_BUY ? line->execution.qty_lots
                                                     : -line->execution.qty_lots;
    }
    return lots;
}

/* The oracle: the venue's count is the sum of its fills, lost ones included. */
Test(sim_faults, the_ledgers_fills_add_up_to_the_position_whatever_befalls_them)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        live_a_day(seed, (uint32_t)seed, false);
        cr_assert(eq(i64, sim_position_lots(sim(), 0), ledger_position()), "seed %d", (int)seed);
    }
}
