#include "../engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(engine, .fini = fixture_end);

/* Strategy 1 is a maker in instrument 0. */
static struct fixture *with_maker(void)
{
    struct fixture *f = fixture_memory(sizeof *f);

    fixture_configure(f);
    f->config.strategy[1].kind = STRATEGY_KIND_MAKER;
    f->config.strategy[1].enabled = true;
    f->config.strategy[1].params[0] = (struct strategy_params){
        .order_lots = 5, .max_position_lots = 50, .half_spread_ticks = 1, .requote_ticks = 1};
    fixture_start(f);
    fixture_book(f, 0, 1000, 1010);
    return f;
}

static void delta(struct fixture *f, int64_t prev_id, int64_t id)
{
    struct {
        struct market_update update;
        struct level levels[1];
    } message = {.update = {.kind = MARKET_DELTA,
                            .bid_count = 1,
                            .received_ns = f->now_ns,
                            .prev_update_id = prev_id,
                            .update_id = id},
                 .levels = {{1001, 7}}};

    engine_market(f->engine, &message.update, f->now_ns);
    fixture_drain(f);
}

static void timer(struct fixture *f, int64_t after_ns)
{
    f->now_ns += after_ns;
    engine_timer(f->engine, f->now_ns);
    fixture_drain(f);
}

static void acknowledge_all(struct fixture *f)
{
    for (uint32_t at = 0; at < f->sent_count; at++)
        if (f->sent[at].kind == ORDER_MESSAGE_NEW)
            fixture_report(f, f->sent[at].order_id, REPORT_VENUE_ACK);
}

Test(engine, a_maker_quotes_both_sides_of_a_fresh_book)
{
    struct fixture *f = with_maker();

    cr_assert(eq(u32, f->sent_count, 2));
    cr_assert(ne(int, f->sent[0].side, f->sent[1].side));
    cr_assert(eq(u32, engine_open_orders(f->engine), 2));
}

Test(engine, a_gap_is_said_and_pulls_every_quote_and_nothing_is_traded_until_a_snapshot)
{
    struct fixture *f = with_maker();
    int64_t id = book_update_id(engine_book(f->engine, 0));

    acknowledge_all(f);
    delta(f, id + 5, id + 9);
    cr_assert(book_is_stale(engine_book(f->engine, 0)));
    cr_assert(eq(int, f->newest[EVENT_BOOK_STATUS].book_status.status, BOOK_GAPPED));
    cr_assert(eq(i64, f->newest[EVENT_BOOK_STATUS].book_status.expected_id, id));
    cr_assert(eq(u32, f->sent_count, 4), "two quotes, two cancels");
    delta(f, id + 9, id + 10);
    cr_assert(eq(u32, f->sent_count, 4));
    fixture_order(f, 0, SIDE_BUY, 1000, 1);
    cr_assert(eq(int, f->newest[EVENT_ORDER_DENIED].order_denied.verdict.denial, DENY_STALE_DATA));
    fixture_book(f, 0, 1000, 1010);
    cr_assert(not(book_is_stale(engine_book(f->engine, 0))));
}

Test(engine, a_book_that_falls_silent_has_its_quotes_pulled)
{
    struct fixture *f = with_maker();

    acknowledge_all(f);
    timer(f, QUIET_BOOK_NS - 1000);
    cr_assert(eq(u32, f->sent_count, 2));
    timer(f, SLOW_TIMER_NS + 2000);
    cr_assert(eq(u32, f->sent_count, 4));
}

/* What it liquidates by: while it is fresh the mid says nothing. */
Test(engine, a_venue_s_own_mark_values_what_is_held)
{
    struct fixture *f = fixture_make();
    uint64_t order = fixture_order(f, 0, SIDE_BUY, 1001, 10);

    fixture_report(f, order, REPORT_VENUE_ACK);
    fixture_fill(f, order, SIDE_BUY, 1, 1001, 10);
    fixture_venue_mark(f, 0, 100350000000);
    cr_assert(eq(i64, engine_position(f->engine, 0)->unrealised_e8, 10 * 25000));
    f->now_ns += 1000000;
    fixture_book(f, 0, 990, 992);
    cr_assert(eq(i64, engine_position(f->engine, 0)->unrealised_e8, 10 * 25000), "the mid waits");
    f->now_ns += 11000000000;
    fixture_book(f, 0, 990, 992);
    cr_assert(eq(i64, engine_position(f->engine, 0)->unrealised_e8, -10 * 100000),
              "a mark that grew old does not");
}

Test(engine, an_ended_recording_pulls_quotes_but_leaves_a_persons_order)
{
    struct fixture *f = with_maker();
    struct market_update ended = {.kind = MARKET_ENDED};
    struct command command = {.kind = COMMAND_NEW_ORDER};

    acknowledge_all(f);
    command.new_order.intent = (struct intent){.kind = INTENT_NEW,
                                               .side = SIDE_BUY,
                                               .strategy = STRATEGY_MANUAL,
                                               .price_ticks = 990,
                                               .qty_lots = 1};
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    engine_market(f->engine, &ended, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(u32, f->sent_count, 5), "two quotes, one order, two cancels");
    cr_assert(eq(int, f->newest[EVENT_BOOK_STATUS].book_status.status, BOOK_ENDED));
}

Test(engine, a_halted_strategy_is_not_asked)
{
    struct fixture *f = with_maker();
    uint32_t before;

    acknowledge_all(f);
    kill_page_set(&f->page, scope_of_strategy(f->config.scopes, 1));
    timer(f, 1000);
    before = f->sent_count;
    for (int more = 0; more < 50; more++)
        fixture_book(f, 0, 1000 + more, 1010 + more);
    cr_assert(eq(u32, f->sent_count, before));
    cr_assert(eq(u32, f->counts[EVENT_ORDER_DENIED], 0), "and so nothing is denied");
}

Test(engine, what_still_rests_in_a_killed_scope_is_cancelled_again)
{
    struct fixture *f = with_maker();

    acknowledge_all(f);
    kill_page_set(&f->page, scope_of_firm());
    timer(f, 1000);
    cr_assert(eq(u32, f->sent_count, 4));
    fixture_report(f, f->sent[0].order_id, REPORT_CANCEL_REJECT);
    timer(f, SLOW_TIMER_NS);
    cr_assert(eq(u32, f->sent_count, 5));
    cr_assert(eq(int, f->sent[4].kind, ORDER_MESSAGE_CANCEL));
    cr_assert(eq(u64, f->sent[4].order_id, f->sent[0].order_id));
}

Test(engine, a_denied_strategy_pauses_and_is_asked_again)
{
    struct fixture *f = fixture_memory(sizeof *f);

    fixture_configure(f);
    f->config.strategy[1].kind = STRATEGY_KIND_MAKER;
    f->config.strategy[1].enabled = true;
    f->config.strategy[1].params[0] = (struct strategy_params){
        .order_lots = 5, .max_position_lots = 50, .half_spread_ticks = 1, .requote_ticks = 1};
    f->config.limits[0].value[LIMIT_MAX_ORDER_LOTS] = 4;
    fixture_start(f);
    for (int update = 0; update < 100; update++)
        fixture_book(f, 0, 1000, 1010);
    cr_assert(eq(u32, f->counts[EVENT_ORDER_DENIED], 1));
    f->now_ns += 1000000000; /* a second on, it is said in full again */
    fixture_book(f, 0, 1000, 1010);
    cr_assert(eq(u32, f->counts[EVENT_ORDER_DENIED], 2));
}

Test(engine, equal_denials_are_said_once_and_counted)
{
    struct fixture *f = fixture_memory(sizeof *f);
    const struct event_denials *said = (const void *)&f->newest[EVENT_DENIALS];
    int64_t first_ns;

    fixture_configure(f);
    f->config.strategy[1].kind = STRATEGY_KIND_MAKER;
    f->config.strategy[1].enabled = true;
    f->config.strategy[1].params[0] = (struct strategy_params){
        .order_lots = 5, .max_position_lots = 50, .half_spread_ticks = 1, .requote_ticks = 1};
    f->config.limits[0].value[LIMIT_MAX_ORDER_LOTS] = 4;
    fixture_start(f);
    fixture_book(f, 0, 1000, 1010);
    first_ns = f->now_ns;
    for (int again = 0; again < 5; again++) {
        f->now_ns += DENIAL_PAUSE_NS;
        fixture_book(f, 0, 1000, 1010);
    }
    cr_assert(eq(u32, f->counts[EVENT_ORDER_DENIED], 1));
    timer(f, 1000000000);
    cr_assert(eq(u32, f->counts[EVENT_DENIALS], 1));
    cr_assert(eq(u64, said->count, 5));
    cr_assert(eq(int, said->reason, DENY_MAX_ORDER_LOTS));
    cr_assert(eq(u64, said->order_id, f->newest[EVENT_ORDER_DENIED].order_denied.order_id));
    cr_assert(eq(i64, said->first_ns, first_ns));
    cr_assert(eq(i64, said->last_ns, first_ns + 5 * DENIAL_PAUSE_NS));
}

Test(engine, a_stop_lets_nothing_new_out_and_changes_no_state)
{
    struct fixture *f = with_maker();
    struct command command = {.kind = COMMAND_STOP, .stop = {.cancel_orders = 1}};

    acknowledge_all(f);
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    cr_assert(eq(u32, f->sent_count, 4));
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
    cr_assert(eq(int, engine_effective_state(f->engine, 0, 1), STATE_ACTIVE));
    cr_assert(eq(u32, f->counts[EVENT_STOP], 1));
}

Test(engine, a_restored_kill_is_in_force_from_the_first_step)
{
    struct fixture *f = fixture_memory(sizeof *f);

    fixture_configure(f);
    f->config.initial[0].state = STATE_HALTED;
    f->config.initial[0].version = 9;
    f->config.initial[0].incident = 77;
    atomic_store(&f->page.ticket, 100);
    atomic_store(&f->page.word[0], 77);
    fixture_start(f);
    fixture_book(f, 0, 1000, 1010);
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
    cr_assert(eq(u32, f->counts[EVENT_KILL_SEEN], 0), "it is the same incident, not a new one");
    cr_assert(gt(u64, kill_page_set(&f->page, 0), 100));
    timer(f, 1);
    cr_assert(eq(u32, f->counts[EVENT_KILL_SEEN], 0), "a further kill joins it");
    cr_assert(eq(u64, f->newest[EVENT_STATE_CHANGED].state_changed.incident, 77));
}

/* The engine's answer on the page names the last order and where it lies on the ring. */
Test(engine, the_answer_on_the_page_comes_after_the_block)
{
    struct fixture *f = with_maker();
    uint64_t doorbell;

    kill_page_set(&f->page, scope_of_firm());
    doorbell = engine_kill(f->engine, f->now_ns);
    cr_assert(eq(u64, doorbell, kill_page_doorbell(&f->page)));
    cr_assert(eq(u64, f->page.engine_seen, 0), "not before it is published");
    engine_publish_kill(f->engine, doorbell, 5);
    cr_assert(eq(u64, f->page.engine_seen, doorbell));
    cr_assert(eq(u64, f->page.last_order_seq, 2));
    cr_assert(eq(u64, f->page.block_at[0], ring_published(&f->orders)));
}

/* The same inputs give the same events, byte for byte. */
Test(engine, two_runs_of_the_same_inputs_state_the_same)
{
    struct fixture *runs[2];

    for (int run = 0; run < 2; run++) {
        runs[run] = with_maker();
        runs[run]->now_ns = 1723161600000000000;
        acknowledge_all(runs[run]);
        fixture_fill(runs[run], runs[run]->sent[0].order_id, SIDE_BUY, 1,
                     runs[run]->sent[0].price_ticks, 5);
    }
    cr_assert(eq(u64, lane_head_seq(&runs[0]->lane), lane_head_seq(&runs[1]->lane)));
    cr_assert(gt(u64, runs[0]->lane.write_at, 1000));
    cr_assert(eq(u64, runs[0]->lane.write_at, runs[1]->lane.write_at));
    cr_assert(eq(int, memcmp(runs[0]->lane.bytes, runs[1]->lane.bytes, runs[0]->lane.write_at), 0));
}

Test(engine, a_step_that_overran_disables_the_strategies_that_ran_in_it)
{
    struct fixture *f = with_maker();

    cr_assert(gt(u32, engine_open_orders(f->engine), 0));
    fixture_book(f, 1, 1000, 1010); /* the newest step: the maker ran in it */
    engine_overran(f->engine, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(u32, f->counts[EVENT_STRATEGY], 2), "said at start, and now");
    cr_assert(eq(int, f->newest[EVENT_STRATEGY].strategy.enabled, 0));
    for (uint32_t at = 0; at < f->engine->oms.pool.live_count; at++)
        cr_assert(eq(int, f->engine->oms.pool.order[f->engine->oms.pool.live[at]].state,
                     ORDER_PENDING_CANCEL));
    fixture_drain(f);
    cr_assert(eq(int, f->sent[f->sent_count - 1].kind, ORDER_MESSAGE_CANCEL), "at once");
    engine_overran(f->engine, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(u32, f->counts[EVENT_STRATEGY], 2), "nobody ran since");
}
