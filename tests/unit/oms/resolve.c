#include "../engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define MS 1000000LL

TestSuite(resolve, .fini = fixture_end);

static struct fixture *patient(void)
{
    struct fixture *f = fixture_memory(sizeof *f);

    fixture_configure(f);
    f->config.rules.ack_timeout_ns = 1000 * MS;
    f->config.rules.query_every_ns = 500 * MS;
    f->config.rules.void_after_ns = 3000 * MS;
    fixture_start(f);
    fixture_book(f, 0, 1000, 1001);
    return f;
}

static void pass(struct fixture *f, int64_t ns)
{
    for (int64_t until = f->now_ns + ns; f->now_ns < until;) {
        f->now_ns += SLOW_TIMER_NS;
        fixture_book(f, 0, 1000, 1001); /* a quiet book would have its quotes pulled */
        engine_timer(f->engine, f->now_ns);
        fixture_drain(f);
    }
}

static uint32_t queries(const struct fixture *f)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < f->sent_count; at++)
        count += f->sent[at].kind == ORDER_MESSAGE_QUERY;
    return count;
}

static enum order_state state_of(const struct fixture *f)
{
    return (enum order_state)f->newest[EVENT_ORDER_STATE].order_state.state;
}

Test(resolve, without_an_answer_it_is_unknown_counts_in_full_and_is_asked_about_not_sent_again)
{
    struct fixture *f = patient();

    fixture_order(f, 0, SIDE_BUY, 1000, 10);
    pass(f, 900 * MS);
    cr_assert(eq(int, (int)f->counts[EVENT_ORDER_STATE], 0));
    pass(f, 200 * MS);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN));
    cr_assert(eq(i64, f->engine->oms.working_total[SIDE_BUY][0], 10));
    cr_assert(eq(u32, queries(f), 1), "asked at once");
    pass(f, 1000 * MS);
    cr_assert(eq(u32, queries(f), 3));
    for (uint32_t at = 1; at < f->sent_count; at++)
        cr_assert(eq(int, f->sent[at].kind, ORDER_MESSAGE_QUERY));
}

Test(resolve, who_goes_on_cancelling_does_not_put_off_the_question)
{
    struct fixture *f = patient();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    pass(f, 1100 * MS);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN));
    cr_assert(eq(u32, queries(f), 1));
    for (int again = 0; again < 10; again++) {
        cr_assert(eq(int, fixture_cancel(f, id), OK));
        pass(f, 100 * MS);
    }
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN));
    cr_assert(eq(u32, queries(f), 3));
}

Test(resolve, it_is_void_only_after_the_receive_window_and_two_clean_absences)
{
    struct fixture *f = patient();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    pass(f, 1500 * MS);
    for (int early = 0; early < 5; early++)
        fixture_report(f, id, REPORT_QUERY_ABSENT);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN), "it may still be on its way");
    pass(f, 2000 * MS);
    fixture_report(f, id, REPORT_QUERY_ABSENT);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN), "one answer is not enough");
    fixture_report(f, id, REPORT_QUERY_ABSENT);
    cr_assert(eq(int, state_of(f), ORDER_CANCELLED));
    cr_assert(eq(i64, f->engine->oms.working_total[SIDE_BUY][0], 0));
    fixture_fill(f, id, SIDE_BUY, 9, 1000, 10);
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 10), "and if it was filled after all");
    cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 1));
}

Test(resolve, being_found_again_forgets_the_absence)
{
    struct fixture *f = patient();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    pass(f, 3500 * MS);
    fixture_report(f, id, REPORT_QUERY_ABSENT);
    fixture_report(f, id, REPORT_VENUE_ACK);
    cr_assert(eq(int, state_of(f), ORDER_WORKING));
    fixture_report(f, id, REPORT_TIMEOUT);
    fixture_report(f, id, REPORT_QUERY_ABSENT);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN));
}

Test(resolve, an_amend_without_an_answer_counts_with_the_larger_until_the_venue_says_what_stands)
{
    struct fixture *f = patient();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);
    struct command command = {.kind = COMMAND_AMEND_ORDER, .amend_order = {id, 0, 30}};
    struct execution stands = {.report = REPORT_VENUE_ACK,
                               .order_id = id,
                               .strategy = 1,
                               .amend_no = 1,
                               .price_ticks = 1000,
                               .qty_lots = 10};

    fixture_report(f, id, REPORT_VENUE_ACK);
    fixture_command(f, &command);
    pass(f, 1500 * MS);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN));
    cr_assert(eq(i64, f->engine->oms.working_total[SIDE_BUY][0], 30));
    engine_execution(f->engine, &stands, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN), "the amend may still be on its way");
    pass(f, 2000 * MS);
    stands.amend_no = 0;
    engine_execution(f->engine, &stands, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN), "asked before the amend was sent");
    stands.amend_no = 1;
    engine_execution(f->engine, &stands, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(int, state_of(f), ORDER_WORKING));
    cr_assert(eq(i64, f->engine->oms.working_total[SIDE_BUY][0], 10));
}

Test(resolve, a_foreign_order_counts_and_only_its_own_cancel_touches_it)
{
    struct fixture *f = patient();
    struct execution foreign = {.report = REPORT_FOREIGN,
                                .side = SIDE_SELL,
                                .order_id = 1ULL << 63 | 5,
                                .price_ticks = 1010,
                                .qty_lots = 40};
    struct command all = {.kind = COMMAND_CANCEL_ALL};

    engine_execution(f->engine, &foreign, f->now_ns);
    engine_execution(f->engine, &foreign, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(u32, f->counts[EVENT_ORDER_EXTERNAL], 1));
    cr_assert(eq(i64, f->engine->oms.working_total[SIDE_SELL][0], 40));
    cr_assert(eq(u32, engine_open_orders(f->engine), 1));
    kill_page_set(&f->page, 0);
    fixture_command(f, &all);
    cr_assert(eq(u32, f->sent_count, 0), "it is another's: neither kill nor cancel-all");
    cr_assert(eq(u32, f->newest[EVENT_KILL_SEEN].kill_seen.resting, 0));
    cr_assert(eq(int, fixture_cancel(f, foreign.order_id), OK));
    cr_assert(eq(int, f->sent[0].kind, ORDER_MESSAGE_CANCEL));
    fixture_report(f, foreign.order_id, REPORT_VENUE_CANCEL);
    cr_assert(eq(i64, f->engine->oms.working_total[SIDE_SELL][0], 0));
}

Test(resolve, a_foreign_order_that_cannot_be_counted_stops_the_instrument)
{
    struct fixture *f = patient();
    struct execution foreign = {.report = REPORT_FOREIGN, .order_id = 1ULL << 63, .qty_lots = -4};

    f->engine->oms.rules.trigger[TRIGGER_POSITION_DRIFT] = trigger_default(TRIGGER_POSITION_DRIFT);
    engine_execution(f->engine, &foreign, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(int, engine_effective_state(f->engine, 0, 1), STATE_HALTED));
    cr_assert(eq(int, engine_effective_state(f->engine, 1, 1), STATE_ACTIVE));
    cr_assert(eq(u32, engine_open_orders(f->engine), 0));
}

/* ---- cancels that are refused ------------------------------------------------------------ */

Test(resolve, a_refused_cancel_of_what_was_never_acknowledged_is_asked_about_until_it_is_void)
{
    struct fixture *f = patient();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    kill_page_set(&f->page, 0);
    for (int turn = 0; turn < 100 && engine_open_orders(f->engine) > 0; turn++) {
        const struct order_message *asked = &f->sent[f->sent_count - 1];

        /* The venue has never heard of it. */
        if (asked->kind == ORDER_MESSAGE_CANCEL)
            fixture_report(f, id, REPORT_CANCEL_REJECT);
        else if (asked->kind == ORDER_MESSAGE_QUERY)
            fixture_report(f, id, REPORT_QUERY_ABSENT);
        pass(f, 100 * MS);
    }
    cr_assert(eq(u32, engine_open_orders(f->engine), 0), "chasing it does not keep it alive");
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.confirmed, 1));
}

Test(resolve, one_cancel_refused_after_another_is_a_reason_to_ask)
{
    struct fixture *f = patient();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    fixture_report(f, id, REPORT_VENUE_ACK);
    fixture_cancel(f, id);
    fixture_report(f, id, REPORT_CANCEL_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_WORKING));
    fixture_cancel(f, id);
    fixture_report(f, id, REPORT_CANCEL_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN));
    pass(f, 200 * MS);
    cr_assert(eq(u32, queries(f), 1));
    fixture_report(f, id, REPORT_VENUE_ACK);
    cr_assert(eq(int, state_of(f), ORDER_WORKING), "it rests after all");
    fixture_cancel(f, id);
    fixture_report(f, id, REPORT_CANCEL_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_WORKING), "heard of since: one refusal again");
}

Test(resolve, a_refused_cancel_that_overtook_the_acknowledgement_leaves_it_working)
{
    struct fixture *f = patient();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    fixture_cancel(f, id);
    fixture_report(f, id, REPORT_VENUE_ACK);
    fixture_report(f, id, REPORT_CANCEL_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_WORKING));
}

Test(resolve, an_amend_without_an_answer_that_was_filled_as_amended_is_filled)
{
    struct fixture *f = patient();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);
    struct command amend = {.kind = COMMAND_AMEND_ORDER, .amend_order = {id, 1001, 5}};
    struct execution stands = {.report = REPORT_VENUE_ACK,
                               .order_id = id,
                               .strategy = 1,
                               .amend_no = 1,
                               .price_ticks = 1001,
                               .qty_lots = 5};

    fixture_report(f, id, REPORT_VENUE_ACK);
    fixture_command(f, &amend);
    fixture_fill(f, id, SIDE_BUY, 1, 1001, 5);
    pass(f, 1500 * MS);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN), "the old size may still be open");
    engine_execution(f->engine, &stands, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(int, state_of(f), ORDER_FILLED));
}

/* ---- a venue that contradicts itself ---------------------------------------------------- */

/* An order in each state that it can have after the venue has taken it. */
static uint64_t taken(struct fixture *f, enum order_state state)
{
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);
    struct command amend = {.kind = COMMAND_AMEND_ORDER, .amend_order = {id, 0, 20}};

    fixture_report(f, id, REPORT_VENUE_ACK);
    if (state == ORDER_PARTLY_FILLED)
        fixture_fill(f, id, SIDE_BUY, id, 1000, 4);
    if (state == ORDER_PENDING_CANCEL)
        fixture_cancel(f, id);
    if (state == ORDER_PENDING_AMEND)
        fixture_command(f, &amend);
    if (state == ORDER_UNKNOWN)
        fixture_report(f, id, REPORT_TIMEOUT);
    cr_assert(eq(int, order_find(&f->engine->oms.pool, id)->state, (int)state));
    return id;
}

static const enum order_state live[] = {ORDER_WORKING, ORDER_PARTLY_FILLED, ORDER_PENDING_CANCEL,
                                        ORDER_PENDING_AMEND, ORDER_UNKNOWN};

Test(resolve, an_order_that_was_taken_does_not_die_of_a_reject)
{
    for (unsigned at = 0; at < sizeof live / sizeof live[0]; at++) {
        struct fixture *f = patient();
        uint64_t id = taken(f, live[at]);
        int64_t working = f->engine->oms.working_total[SIDE_BUY][0];

        fixture_report(f, id, REPORT_VENUE_REJECT);
        cr_assert(eq(int, state_of(f), ORDER_UNKNOWN), "%s", order_state_name(live[at]));
        cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 1), "%s", order_state_name(live[at]));
        cr_assert(eq(i64, f->engine->oms.working_total[SIDE_BUY][0], working));
        cr_assert(eq(u32, engine_open_orders(f->engine), 1));
        pass(f, SLOW_TIMER_NS);
        cr_assert(eq(u32, queries(f), 1), "%s: it is asked about", order_state_name(live[at]));
        fixture_report(f, id, REPORT_VENUE_CANCEL);
        cr_assert(eq(i64, f->engine->oms.working_total[SIDE_BUY][0], 0));
    }
}

Test(resolve, one_that_was_never_taken_does)
{
    struct fixture *f = patient();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    fixture_cancel(f, id);
    fixture_report(f, id, REPORT_VENUE_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_REJECTED));
    id = fixture_order(f, 0, SIDE_BUY, 1000, 10);
    fixture_report(f, id, REPORT_TIMEOUT);
    fixture_report(f, id, REPORT_VENUE_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_REJECTED));
    cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 0));
}

Test(resolve, a_venue_that_stands_by_its_reject_is_believed_in_the_end)
{
    struct fixture *f = patient();
    uint64_t id = taken(f, ORDER_WORKING);

    for (int again = 0; again < 5; again++)
        fixture_report(f, id, REPORT_VENUE_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN), "it repeats itself, and has not been asked");
    pass(f, 1000 * MS);
    for (int again = 0; again < 5; again++)
        fixture_report(f, id, REPORT_VENUE_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN), "as an absence within the receive window");
    pass(f, 3000 * MS);
    fixture_report(f, id, REPORT_VENUE_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN));
    fixture_report(f, id, REPORT_VENUE_REJECT);
    cr_assert(eq(int, state_of(f), ORDER_CANCELLED));
    cr_assert(eq(i64, f->engine->oms.working_total[SIDE_BUY][0], 0));
}

Test(resolve, a_kill_does_not_count_a_taken_order_as_gone_for_a_reject)
{
    struct fixture *f = patient();
    uint64_t id = taken(f, ORDER_WORKING);

    kill_page_set(&f->page, scope_of_firm());
    engine_timer(f->engine, f->now_ns);
    fixture_report(f, id, REPORT_VENUE_REJECT);
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.confirmed, 0));
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.unknown, 1));
    fixture_report(f, id, REPORT_VENUE_CANCEL);
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.confirmed, 1));
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.unknown, 0));
}

/* It is about a request that repeated the id: about the order it says at most that it is there. */
Test(resolve, no_order_dies_of_its_id_being_known)
{
    struct fixture *f = patient();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    fixture_report(f, id, REPORT_DUPLICATE_ID);
    cr_assert(eq(int, state_of(f), ORDER_UNKNOWN), "not acknowledged, but there");
    pass(f, SLOW_TIMER_NS);
    cr_assert(eq(u32, queries(f), 1));
    fixture_report(f, id, REPORT_VENUE_ACK);
    cr_assert(eq(int, state_of(f), ORDER_WORKING));
    cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 0));
    for (unsigned at = 0; at < sizeof live / sizeof live[0]; at++) {
        f = patient();
        id = taken(f, live[at]);
        fixture_report(f, id, REPORT_DUPLICATE_ID);
        if (live[at] == ORDER_PENDING_NEW)
            continue; /* as one that was not acknowledged */
        cr_assert(eq(int, state_of(f), (int)live[at]));
        cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 1));
        cr_assert(eq(u32, engine_open_orders(f->engine), 1));
    }
}
