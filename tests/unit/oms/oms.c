#include "../engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(oms, .fini = fixture_end);

static enum order_state state_of(const struct fixture *f)
{
    return (enum order_state)f->newest[EVENT_ORDER_STATE].order_state.state;
}

Test(oms, an_order_is_in_the_journal_before_it_is_on_the_ring_and_counts_at_once)
{
    struct fixture *f = fixture_make();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 60);

    cr_assert(ne(u64, id, 0));
    cr_assert(eq(u32, f->counts[EVENT_ORDER_SENT], 1));
    cr_assert(eq(u64, f->sent[0].order_id, id));
    cr_assert(eq(u64, id >> 32, 3), "the epoch is in the id");
    f->config.limits[0].value[LIMIT_MAX_POSITION_LOTS] = 1000;
    for (int more = 0; more < 15; more++) /* 60 + 15 * 60 = 960 */
        cr_assert(ne(u64, fixture_order(f, 0, SIDE_BUY, 1000, 60), 0));
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 41), 0));
    cr_assert(
        eq(int, f->newest[EVENT_ORDER_DENIED].order_denied.verdict.denial, DENY_MAX_POSITION_LOTS));
    cr_assert(ne(u64, fixture_order(f, 0, SIDE_BUY, 1000, 40), 0));
}

Test(oms, a_fill_may_come_before_the_ack)
{
    struct fixture *f = fixture_make();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    fixture_fill(f, id, SIDE_BUY, 1, 1000, 4);
    cr_assert(eq(int, state_of(f), ORDER_PARTLY_FILLED));
    fixture_report(f, id, REPORT_VENUE_ACK);
    cr_assert(eq(int, state_of(f), ORDER_PARTLY_FILLED));
    cr_assert(eq(i64, f->newest[EVENT_ORDER_STATE].order_state.leaves_lots, 6));
    cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 0));
}

Test(oms, the_same_execution_counts_once)
{
    struct fixture *f = fixture_make();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    for (int again = 0; again < 3; again++)
        fixture_fill(f, id, SIDE_BUY, 77, 1000, 4);
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 4));
    cr_assert(eq(u32, f->counts[EVENT_FILL], 1));
}

Test(oms, a_fill_of_a_finished_order_reaches_the_position_and_is_an_anomaly)
{
    struct fixture *f = fixture_make();
    uint64_t id = fixture_order(f, 0, SIDE_SELL, 1001, 10);

    fixture_report(f, id, REPORT_VENUE_ACK);
    cr_assert(eq(int, fixture_cancel(f, id), OK));
    fixture_report(f, id, REPORT_VENUE_CANCEL);
    fixture_fill(f, id, SIDE_SELL, 5, 1001, 3);
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, -3));
    cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 1));
    cr_assert(eq(int, f->newest[EVENT_FILL].fill.expected, 0));
    cr_assert(eq(u32, engine_open_orders(f->engine), 0));
}

Test(oms, a_fill_of_an_order_we_never_sent_reaches_the_position)
{
    struct fixture *f = fixture_make();

    fixture_fill(f, 999, SIDE_BUY, 5, 1001, 3);
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 3));
    cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 1));
}

Test(oms, an_overfill_is_booked_and_named)
{
    struct fixture *f = fixture_make();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    fixture_fill(f, id, SIDE_BUY, 1, 1000, 12);
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 12));
    cr_assert(eq(int, state_of(f), ORDER_FILLED));
    cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 1));
}

Test(oms, a_cancel_that_loses_the_race_changes_nothing)
{
    struct fixture *f = fixture_make();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    fixture_report(f, id, REPORT_VENUE_ACK);
    fixture_cancel(f, id);
    cr_assert(eq(int, state_of(f), ORDER_PENDING_CANCEL));
    fixture_fill(f, id, SIDE_BUY, 1, 1000, 10);
    cr_assert(eq(int, state_of(f), ORDER_FILLED));
    fixture_report(f, id, REPORT_CANCEL_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_FILLED));
    cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 0));
}

Test(oms, a_refused_cancel_goes_back_to_what_it_was)
{
    struct fixture *f = fixture_make();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    fixture_report(f, id, REPORT_VENUE_ACK);
    fixture_cancel(f, id);
    fixture_fill(f, id, SIDE_BUY, 1, 1000, 4);
    cr_assert(eq(int, state_of(f), ORDER_PENDING_CANCEL));
    fixture_report(f, id, REPORT_CANCEL_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_PARTLY_FILLED));
}

Test(oms, a_kill_blocks_cancels_and_counts)
{
    struct fixture *f = fixture_make();
    uint64_t first = fixture_order(f, 0, SIDE_BUY, 1000, 10);
    uint64_t second = fixture_order(f, 0, SIDE_BUY, 999, 10);
    uint64_t generation;

    fixture_report(f, first, REPORT_VENUE_ACK);
    generation = kill_page_set(&f->page, scope_of_firm());
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
    cr_assert(eq(int, f->newest[EVENT_ORDER_DENIED].order_denied.verdict.denial, DENY_HALTED));
    cr_assert(eq(u64, f->newest[EVENT_KILL_SEEN].kill_seen.incident, generation));
    cr_assert(eq(u32, f->newest[EVENT_KILL_SEEN].kill_seen.resting, 2));
    cr_assert(eq(u64, f->newest[EVENT_KILL_SEEN].kill_seen.last_order_seq, 2));
    cr_assert(eq(u32, f->sent_count, 4), "two orders, two cancels");
    fixture_report(f, first, REPORT_VENUE_CANCEL);
    fixture_report(f, second, REPORT_KILLED_UNSENT);
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.confirmed, 1));
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.unsent, 1));
    cr_assert(eq(u32, engine_open_orders(f->engine), 0));
}

/* The doorbell rings between the start of a step and the order: oms_submit looks again. */
Test(oms, a_kill_in_the_middle_of_a_step_stops_the_very_next_order)
{
    struct fixture *f = fixture_make();
    struct intent intent = {.kind = INTENT_NEW, .strategy = 1, .price_ticks = 1000, .qty_lots = 1};
    struct reference reference = {.bid_ticks = 1000, .ask_ticks = 1001, .book_ns = f->now_ns};
    struct oms *oms = (struct oms *)(void *)fixture_memory(sizeof *oms);
    struct verdict verdict;
    uint64_t id;

    /* A step of its own on a bare oms: no engine call looks at the page for us. */
    oms->scopes = f->config.scopes;
    oms->instruments = f->config.instrument;
    oms->permitted[1][0] = true;
    oms->events = &f->lane;
    oms->rings[0] = &f->orders;
    seen_init(&oms->seen, &f->page, &f->lane, 0);
    oms->now_ns = f->now_ns;
    memcpy(oms->limits, f->config.limits, sizeof oms->limits);
    memcpy(oms->caps, f->config.caps, sizeof oms->caps);
    accounts_init(&oms->accounts, f->config.scopes, f->config.instrument, f->config.currency, 1,
                  1000000 * MONEY_ONE_E8, f->now_ns);
    order_pool_init(&oms->pool);
    oms_mark(oms, 0, 1000 * PRICE_ONE_E8);
    cr_assert(eq(int, oms_submit(oms, &intent, &reference, &id, &verdict), SUBMIT_SENT));
    kill_page_set(&f->page, scope_of_strategy(f->config.scopes, 1));
    cr_assert(eq(int, oms_submit(oms, &intent, &reference, &id, &verdict), SUBMIT_DENIED));
    cr_assert(eq(int, verdict.denial, DENY_HALTED));
}

Test(oms, a_kill_of_one_scope_leaves_the_others_alone)
{
    struct fixture *f = fixture_make();
    uint64_t there;

    fixture_book(f, 1, 1000, 1001);
    there = fixture_order(f, 1, SIDE_BUY, 1000, 1);
    kill_page_set(&f->page, scope_of_instrument(f->config.scopes, 0));
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
    cr_assert(ne(u64, fixture_order(f, 1, SIDE_BUY, 1000, 1), 0));
    cr_assert(eq(int, fixture_cancel(f, there), OK), "it was not cancelled by the kill");
    cr_assert(eq(int, f->newest[EVENT_ORDER_DENIED].order_denied.verdict.scope,
                 scope_of_instrument(f->config.scopes, 0)),
              "and the denial says whose state it was");
}

static enum status set_state(struct fixture *f, uint16_t scope, enum trading_state state,
                             uint64_t base, uint64_t clears)
{
    struct command command = {.kind = COMMAND_SET_STATE};

    command.set_state = (struct command_set_state){
        .base = base, .clears = clears, .scope = scope, .state = (uint8_t)state};
    return (enum status)fixture_command(f, &command)->status;
}

Test(oms, a_kill_is_set_however_far_its_page_is_ahead)
{
    static struct kill_page page;

    atomic_store(&page.word[0], UINT64_MAX / 2);
    atomic_store(&page.cleared[0], UINT64_MAX / 2);
    cr_assert(gt(u64, kill_page_set(&page, 0), UINT64_MAX / 2), "and at once");
    cr_assert(kill_page_is_killed(&page, 0));
}

Test(oms, a_reduce_only_order_that_would_no_longer_reduce_is_cancelled)
{
    struct fixture *f = fixture_make();
    struct command exit = {.kind = COMMAND_NEW_ORDER};

    fixture_fill(f, 777, SIDE_SELL, 1, 1000, 20);
    exit.new_order.intent = (struct intent){.side = SIDE_BUY,
                                            .price_ticks = 1000,
                                            .qty_lots = 12,
                                            .strategy = 1,
                                            .flags = ORDER_REDUCE_ONLY};
    cr_assert(eq(int, fixture_command(f, &exit)->denial, DENIAL_NONE));
    fixture_fill(f, 778, SIDE_SELL, 2, 1000, 1);
    cr_assert(eq(int, f->sent[f->sent_count - 1].kind, ORDER_MESSAGE_NEW), "it still reduces");
    fixture_fill(f, 779, SIDE_BUY, 3, 1000, 10);
    cr_assert(eq(int, f->sent[f->sent_count - 1].kind, ORDER_MESSAGE_CANCEL), "12 of 11");
}

Test(oms, a_resume_must_name_the_incident_and_the_version_it_saw)
{
    struct fixture *f = fixture_make();
    uint64_t first = kill_page_set(&f->page, 0);

    engine_timer(f->engine, f->now_ns);
    cr_assert(eq(int, set_state(f, 0, STATE_ACTIVE, 1, first + 9), ERR_STALE_VERSION));
    cr_assert(eq(int, set_state(f, 0, STATE_ACTIVE, 0, first), ERR_STALE_VERSION));
    cr_assert(eq(int, set_state(f, 0, STATE_ACTIVE, 1, first), OK));
    cr_assert(ne(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
    cr_assert(not(kill_page_is_killed(&f->page, 0)));
}

Test(oms, a_second_kill_joins_the_incident_and_makes_a_resume_on_its_way_stale)
{
    struct fixture *f = fixture_make();
    uint64_t first = kill_page_set(&f->page, 0);

    engine_timer(f->engine, f->now_ns);
    kill_page_set(&f->page, 0);
    cr_assert(eq(int, set_state(f, 0, STATE_ACTIVE, 1, first), ERR_STALE_VERSION),
              "decided before the second kill");
    fixture_drain(f);
    cr_assert(eq(u64, f->newest[EVENT_STATE_CHANGED].state_changed.incident, first));
    cr_assert(eq(u32, f->counts[EVENT_KILL_SEEN], 1), "one incident");
    cr_assert(eq(int, set_state(f, 0, STATE_ACTIVE, 2, first), OK));
    cr_assert(ne(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
}

/* The kill arrives between the look at the page and the clearing: no version has moved yet. */
Test(oms, a_kill_that_has_not_been_obeyed_yet_is_not_cleared)
{
    struct fixture *f = fixture_make();
    struct command_set_state resume = {.clears = kill_page_set(&f->page, 0), .base = 1};

    engine_timer(f->engine, f->now_ns);
    kill_page_set(&f->page, 0);
    cr_assert(eq(int, oms_set_state(&f->engine->oms, &resume), ERR_STALE_VERSION));
    cr_assert(kill_page_is_killed(&f->page, 0));
}

Test(oms, a_suspect_journal_stops_new_orders_and_lets_cancels_pass)
{
    struct fixture *f = fixture_make();
    uint64_t resting = fixture_order(f, 0, SIDE_BUY, 1000, 1);

    lane_distrust(&f->lane);
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
    cr_assert(eq(int, f->newest[EVENT_ORDER_DENIED].order_denied.verdict.denial, DENY_BUSY));
    cr_assert(eq(int, fixture_cancel(f, resting), OK));
}

Test(oms, a_stricter_state_needs_no_kill_and_survives_a_looser_scope_below)
{
    struct fixture *f = fixture_make();

    cr_assert(eq(int, set_state(f, 0, STATE_HALTED, 0, 0), OK));
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
    cr_assert(eq(int, engine_effective_state(f->engine, 0, 1), STATE_HALTED));
    cr_assert(eq(int, set_state(f, 0, STATE_REDUCING, 1, 0), OK));
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
    cr_assert(
        eq(int, f->newest[EVENT_ORDER_DENIED].order_denied.verdict.denial, DENY_REDUCING_ONLY));
}

static const struct event_command_done *set_limit(struct fixture *f, uint64_t base, int64_t lots)
{
    static struct command command;

    command = (struct command){.kind = COMMAND_SET_LIMITS};
    command.set_limits.base = base;
    command.set_limits.limits = f->config.limits[0];
    command.set_limits.limits.value[LIMIT_MAX_ORDER_LOTS] = lots;
    return fixture_command(f, &command);
}

Test(oms, limits_change_under_their_version_and_never_above_the_cap)
{
    struct fixture *f = fixture_make();

    cr_assert(eq(int, set_limit(f, 1, 50)->status, OK));
    cr_assert(eq(u64, f->newest[EVENT_LIMITS_APPLIED].limits_applied.generation, 2));
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 51), 0));
    cr_assert(eq(u64, f->newest[EVENT_ORDER_DENIED].order_denied.verdict.generation, 2));
    cr_assert(eq(int, set_limit(f, 1, 60)->status, ERR_STALE_VERSION));
    cr_assert(eq(int, set_limit(f, 2, 201)->status, ERR_OVER_CAP));
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 51), 0), "nothing was half applied");
    cr_assert(eq(int, set_limit(f, 2, 200)->status, OK));
}

Test(oms, a_market_order_is_bounded_by_the_collar)
{
    struct fixture *f = fixture_make();
    struct command command = {.kind = COMMAND_NEW_ORDER};

    command.new_order.intent = (struct intent){
        .kind = INTENT_NEW, .type = TYPE_MARKET, .side = SIDE_BUY, .strategy = 1, .qty_lots = 1};
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    cr_assert(eq(i64, f->sent[0].price_ticks, 1100)); /* mid 1000.5, collar 10 %: 1100.55 */
    cr_assert(eq(int, f->sent[0].tif, TIF_IOC));
}

Test(oms, numbers_beyond_all_bounds_are_denied_and_nothing_is_sent)
{
    static const struct {
        int64_t price_ticks, qty_lots;
        enum denial denial;
    } rows[] = {
        {1000, 0, DENY_OFF_LOT},
        {1000, -1, DENY_OFF_LOT},
        {1000, INT64_MIN, DENY_OFF_LOT},
        {1000, MAX_LOTS, DENY_NO_REFERENCE}, /* worth more than is counted */
        {1000, MAX_LOTS + 1, DENY_OFF_LOT},
        {1000, INT64_MAX, DENY_OFF_LOT},
        {0, 1, DENY_OFF_TICK},
        {-1, 1, DENY_OFF_TICK},
        {INT64_MIN, 1, DENY_OFF_TICK},
        {MAX_PRICE_TICKS, 1, DENY_PRICE_COLLAR_RATIO},
        {MAX_PRICE_TICKS + 1, 1, DENY_OFF_TICK},
        {INT64_MAX, 1, DENY_OFF_TICK},
        {INT64_MIN, INT64_MIN, DENY_OFF_TICK},
        {INT64_MAX, INT64_MAX, DENY_OFF_TICK},
    };
    struct fixture *f = fixture_make();

    for (unsigned at = 0; at < sizeof rows / sizeof rows[0]; at++)
        for (unsigned side = SIDE_BUY; side <= SIDE_SELL; side++) {
            cr_assert(
                eq(u64,
                   fixture_order(f, 0, (enum side)side, rows[at].price_ticks, rows[at].qty_lots),
                   0),
                "row %u", at);
            cr_assert(eq(int, f->newest[EVENT_COMMAND_DONE].command_done.status, ERR_DENIED));
            cr_assert(
                eq(int, f->newest[EVENT_COMMAND_DONE].command_done.denial, (int)rows[at].denial),
                "row %u", at);
        }
    cr_assert(eq(u32, f->sent_count, 0));
    cr_assert(eq(i64, f->engine->oms.working_total[SIDE_BUY][0], 0));
    cr_assert(eq(u64, f->engine->oms.intended_lots, 0));
}

Test(oms, a_count_beyond_all_limits_does_not_wrap_below_them)
{
    static const uint32_t counts[] = {INT32_MAX, INT32_MAX + 1U, UINT32_MAX - 1, UINT32_MAX};
    struct fixture *f = fixture_make();
    struct tally *tally = &f->engine->oms.tally;

    for (unsigned at = 0; at < sizeof counts / sizeof counts[0]; at++) {
        tally->orders_today[0] = counts[at];
        cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0), "%u", counts[at]);
        cr_assert(
            eq(int, f->newest[EVENT_COMMAND_DONE].command_done.denial, DENY_MAX_ORDERS_PER_DAY));
        tally->orders_today[0] = 0;
        tally->executions[0] = counts[at];
        cr_assert(eq(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0), "%u", counts[at]);
        cr_assert(eq(int, f->newest[EVENT_COMMAND_DONE].command_done.denial,
                     DENY_MAX_REPEATED_EXECUTIONS));
        tally->executions[0] = 0;
    }
    cr_assert(ne(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
}

Test(oms, a_kind_of_order_that_there_is_not_is_malformed)
{
    struct fixture *f = fixture_make();
    struct command command = {.kind = COMMAND_NEW_ORDER};

    command.new_order.intent = (struct intent){
        .kind = INTENT_NEW, .tif = TIF_FOK + 1, .strategy = 1, .price_ticks = 1000, .qty_lots = 1};
    cr_assert(eq(int, fixture_command(f, &command)->status, ERR_MALFORMED));
    command.new_order.intent.tif = TIF_GTC;
    command.new_order.intent.type = TYPE_MARKET + 1;
    cr_assert(eq(int, fixture_command(f, &command)->status, ERR_MALFORMED));
    cr_assert(eq(u32, f->sent_count, 0));
    cr_assert(eq(u32, f->counts[EVENT_ORDER_DENIED], 0));
}

Test(oms, a_full_ring_is_busy_and_changes_nothing)
{
    struct fixture *f = fixture_make();
    struct command command = {.kind = COMMAND_NEW_ORDER};

    while (ring_reserve(&f->orders, 1000))
        ;
    while (ring_reserve(&f->orders, 8))
        ;
    command.new_order.intent = (struct intent){
        .kind = INTENT_NEW, .side = SIDE_BUY, .strategy = 1, .price_ticks = 1000, .qty_lots = 1};
    command.id = 1;
    engine_command(f->engine, &command, f->now_ns);
    cr_assert(eq(u32, engine_open_orders(f->engine), 0));
    cr_assert(eq(u64, engine_orders_sent(f->engine), 0));
}

Test(oms, a_lane_that_nobody_drains_stops_new_orders_before_it_is_full)
{
    struct fixture *f = fixture_make();
    struct command command = {.kind = COMMAND_NEW_ORDER};
    uint32_t sent = 0;

    command.new_order.intent = (struct intent){
        .kind = INTENT_NEW, .side = SIDE_BUY, .strategy = 1, .price_ticks = 1000, .qty_lots = 0};
    while (engine_has_room(f->engine) && sent < 100000) { /* denials fill it */
        command.id = ++sent;
        engine_command(f->engine, &command, f->now_ns);
    }
    cr_assert(not(engine_has_room(f->engine)));
    command.new_order.intent.qty_lots = 1;
    engine_command(f->engine, &command, f->now_ns);
    cr_assert(eq(u64, engine_orders_sent(f->engine), 0), "denied: busy");
    fixture_drain(f);
    cr_assert(eq(int, f->newest[EVENT_ORDER_DENIED].order_denied.verdict.denial, DENY_BUSY));
    cr_assert(ne(u64, fixture_order(f, 0, SIDE_BUY, 1000, 1), 0));
}

/* What we did ourselves nobody can tell us: in whatever state an order is, nothing comes of it. */
Test(oms, a_gateway_that_passes_our_own_reports_changes_nothing)
{
    static const enum report own[] = {REPORT_CANCEL_SENT, REPORT_AMEND_SENT, REPORT_VOID};
    static const enum report first[] = {REPORT_VENUE_ACK, REPORT_TIMEOUT, REPORT_VENUE_CANCEL};

    for (unsigned at = 0; at < sizeof first / sizeof first[0]; at++)
        for (unsigned said = 0; said < sizeof own / sizeof own[0]; said++) {
            struct fixture *f = fixture_make();
            uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);
            struct order before, *order = order_find(&f->engine->oms.pool, id);
            uint32_t states;

            fixture_report(f, id, first[at]);
            states = f->counts[EVENT_ORDER_STATE];
            before = *order;
            fixture_report(f, id, own[said]);
            cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 1));
            cr_assert(eq(u64, f->newest[EVENT_ANOMALY].anomaly.order_id, id));
            cr_assert(eq(int, f->newest[EVENT_ANOMALY].anomaly.state, before.state));
            cr_assert(eq(int, f->newest[EVENT_ANOMALY].anomaly.report, (int)own[said]));
            cr_assert(eq(u32, f->counts[EVENT_ORDER_STATE], states));
            cr_assert(eq(int, order->state, before.state));
            cr_assert(eq(i64, order_exposed_lots(order), order_exposed_lots(&before)));
            cr_assert(eq(i64, order->asked_ns, before.asked_ns));
            cr_assert(eq(u32, f->sent_count, 1));
            fixture_report(f, 999, own[said]);
            cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 2), "nor of an order that is not there");
        }
}

/* Every cell: a finished state is never left, a live one can always be filled and cancelled. */
Test(oms, the_state_table_is_closed)
{
    for (unsigned from = 0; from < ORDER_STATE_COUNT; from++)
        for (unsigned report = 0; report < REPORT_COUNT; report++) {
            struct order order = {.state = (uint8_t)from, .state_before = ORDER_PARTLY_FILLED};
            enum order_state to = ORDER_STATE_COUNT;
            bool known = oms_transition(&order, (enum report)report, &to);

            if (known)
                cr_assert(lt(int, (int)to, ORDER_STATE_COUNT));
            if (known && order_state_is_terminal((enum order_state)from))
                cr_assert(eq(int, to, (int)from));
            if (!order_state_is_terminal((enum order_state)from) &&
                (report == REPORT_FILL_PART || report == REPORT_FILL_LAST ||
                 report == REPORT_CANCEL_SENT || report == REPORT_VENUE_CANCEL))
                cr_assert(known, "%s, %s", order_state_name((enum order_state)from),
                          report_name((enum report)report));
        }
}

/* I2 and I3: whatever venues say in whatever order, the position is the sum of distinct fills, and
 * what is open and working is what the live orders leave. */
Test(oms, exposure_is_what_live_orders_leave_over_random_reports)
{
    struct fixture *f = fixture_make();
    struct oms *oms = &f->engine->oms;
    uint64_t seed = 7919;
    uint64_t ids[64] = {0};
    enum side sides[64] = {0};
    int64_t position = 0;
    uint64_t exec = 0;

    for (int turn = 0; turn < 20000; turn++) {
        unsigned at;
        int64_t working[2] = {0, 0};

        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        at = (unsigned)(seed >> 58);
        switch ((seed >> 40) % 8) {
        case 0:
        case 1:
            sides[at] = (seed >> 50) & 1 ? SIDE_BUY : SIDE_SELL;
            ids[at] = fixture_order(f, 0, sides[at], 1000, 1 + (int64_t)(seed >> 35) % 9);
            break;
        case 2:
            fixture_report(f, ids[at], REPORT_VENUE_ACK);
            break;
        case 3:
            fixture_report(f, ids[at], REPORT_VENUE_CANCEL);
            break;
        case 4:
            fixture_cancel(f, ids[at]);
            break;
        case 5:
            fixture_report(f, ids[at], (seed >> 55) & 1 ? REPORT_CANCEL_REJECT : REPORT_TIMEOUT);
            break;
        default: {
            bool again = (seed >> 20) % 4 == 0 && exec > 0;
            int64_t lots = 1 + (int64_t)(seed >> 25) % 4;

            fixture_fill(f, ids[at], sides[at], again ? exec : ++exec, 1000, lots);
            if (!again)
                position += sides[at] == SIDE_BUY ? lots : -lots;
        }
        }
        for (uint32_t live = 0; live < oms->pool.live_count; live++) {
            const struct order *order = &oms->pool.order[oms->pool.live[live]];

            working[order->side] += order_leaves_lots(order);
        }
        cr_assert(eq(i64, engine_position(f->engine, 0)->lots, position), "turn %d", turn);
        cr_assert(eq(i64, oms->working_total[SIDE_BUY][0], working[SIDE_BUY]), "turn %d", turn);
        cr_assert(eq(i64, oms->working_total[SIDE_SELL][0], working[SIDE_SELL]), "turn %d", turn);
        cr_assert(eq(u32, oms->open_orders[0], oms->pool.live_count), "turn %d", turn);
    }
}
