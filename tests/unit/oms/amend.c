#include "../engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(amend, .fini = fixture_end);

static enum status amend(struct fixture *f, uint64_t id, int64_t price_ticks, int64_t qty_lots)
{
    struct command command = {.kind = COMMAND_AMEND_ORDER,
                              .amend_order = {id, price_ticks, qty_lots}};

    return (enum status)fixture_command(f, &command)->status;
}

static void answer(struct fixture *f, uint64_t id, enum report report, uint32_t amend_no,
                   int64_t price_ticks, int64_t qty_lots)
{
    struct execution execution = {.report = (uint8_t)report,
                                  .order_id = id,
                                  .strategy = 1,
                                  .amend_no = amend_no,
                                  .price_ticks = price_ticks,
                                  .qty_lots = qty_lots};

    engine_execution(f->engine, &execution, f->now_ns);
    fixture_drain(f);
}

static enum order_state state_of(const struct fixture *f)
{
    return (enum order_state)f->newest[EVENT_ORDER_STATE].order_state.state;
}

static int64_t working(const struct fixture *f)
{
    return f->engine->oms.working_total[SIDE_BUY][0];
}

static uint64_t resting(struct fixture *f, int64_t lots)
{
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, lots);

    fixture_report(f, id, REPORT_VENUE_ACK);
    return id;
}

Test(amend, it_counts_with_the_larger_quantity_until_it_is_answered)
{
    struct fixture *f = fixture_make();
    uint64_t id = resting(f, 10);

    cr_assert(eq(int, amend(f, id, 999, 30), OK));
    cr_assert(eq(int, state_of(f), ORDER_PENDING_AMEND));
    cr_assert(eq(i64, working(f), 30));
    cr_assert(eq(u32, f->counts[EVENT_ORDER_AMEND], 1));
    cr_assert(eq(int, f->sent[1].kind, ORDER_MESSAGE_AMEND));
    cr_assert(eq(i64, f->sent[1].price_ticks, 999));
    cr_assert(eq(i64, f->sent[1].qty_lots, 30));
    answer(f, id, REPORT_AMEND_REJECT, 1, 0, 0);
    cr_assert(eq(int, state_of(f), ORDER_WORKING));
    cr_assert(eq(i64, working(f), 10));
    cr_assert(eq(int, amend(f, id, 0, 4), OK));
    cr_assert(eq(i64, working(f), 10), "the smaller one is not there yet");
    answer(f, id, REPORT_VENUE_AMEND, 2, 1000, 4);
    cr_assert(eq(i64, working(f), 4));
    cr_assert(eq(i64, f->newest[EVENT_ORDER_STATE].order_state.leaves_lots, 4));
}

Test(amend, an_old_answer_does_not_settle_the_amend_under_way)
{
    struct fixture *f = fixture_make();
    uint64_t id = resting(f, 10);

    amend(f, id, 0, 5);
    answer(f, id, REPORT_VENUE_AMEND, 1, 1000, 5);
    amend(f, id, 0, 20);
    answer(f, id, REPORT_VENUE_AMEND, 1, 1000, 5);
    answer(f, id, REPORT_AMEND_REJECT, 1, 0, 0);
    cr_assert(eq(int, state_of(f), ORDER_PENDING_AMEND));
    cr_assert(eq(i64, working(f), 20));
    answer(f, id, REPORT_VENUE_AMEND, 2, 1000, 20);
    cr_assert(eq(i64, working(f), 20));
    cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 0));
}

Test(amend, fills_on_the_way_count_and_the_order_ends_when_nothing_can_be_left)
{
    struct fixture *f = fixture_make();
    uint64_t grown = resting(f, 10);
    uint64_t shrunk = resting(f, 10);

    amend(f, grown, 0, 15);
    fixture_fill(f, grown, SIDE_BUY, 1, 1000, 10);
    cr_assert(eq(int, state_of(f), ORDER_PENDING_AMEND), "5 more may come");
    cr_assert(eq(i64, working(f), 5 + 10));
    answer(f, grown, REPORT_AMEND_REJECT, 1, 0, 0);
    cr_assert(eq(int, state_of(f), ORDER_FILLED));
    amend(f, shrunk, 0, 6);
    fixture_fill(f, shrunk, SIDE_BUY, 2, 1000, 6);
    answer(f, shrunk, REPORT_VENUE_AMEND, 1, 1000, 6);
    cr_assert(eq(int, state_of(f), ORDER_FILLED));
    cr_assert(eq(i64, working(f), 0));
    cr_assert(eq(u32, engine_open_orders(f->engine), 0));
}

Test(amend, what_cannot_be_amended_is_refused_and_nothing_is_sent)
{
    struct fixture *f = fixture_make();
    uint64_t fresh = fixture_order(f, 0, SIDE_BUY, 1000, 10);
    uint64_t id = resting(f, 10);

    cr_assert(eq(int, amend(f, fresh, 0, 5), ERR_CONFLICT), "not acknowledged");
    cr_assert(eq(int, amend(f, 12345, 0, 5), ERR_NOT_FOUND));
    fixture_fill(f, id, SIDE_BUY, 1, 1000, 4);
    cr_assert(eq(int, amend(f, id, 0, 4), ERR_CONFLICT), "so much is filled");
    cr_assert(eq(int, amend(f, id, 0, 101), ERR_DENIED));
    cr_assert(eq(int, f->newest[EVENT_COMMAND_DONE].command_done.denial, DENY_MAX_ORDER_LOTS));
    cr_assert(eq(int, amend(f, id, 0, 8), OK));
    cr_assert(eq(int, amend(f, id, 0, 9), ERR_CONFLICT), "one at a time");
    cr_assert(eq(u32, f->sent_count, 3));
}

Test(amend, numbers_beyond_all_bounds_are_denied_and_the_order_rests_as_it_did)
{
    static const struct {
        int64_t price_ticks, qty_lots;
        enum denial denial;
    } rows[] = {
        {0, -1, DENY_OFF_LOT},
        {0, -INT64_MAX, DENY_OFF_LOT},
        {0, INT64_MIN, DENY_OFF_LOT},
        {0, MAX_LOTS, DENY_NO_REFERENCE}, /* worth more than is counted */
        {0, MAX_LOTS + 1, DENY_OFF_LOT},
        {0, INT64_MAX, DENY_OFF_LOT},
        {-1, 0, DENY_OFF_TICK},
        {INT64_MIN, 0, DENY_OFF_TICK},
        {MAX_PRICE_TICKS, 0, DENY_PRICE_COLLAR_RATIO},
        {MAX_PRICE_TICKS + 1, 0, DENY_OFF_TICK},
        {INT64_MAX, 0, DENY_OFF_TICK},
        {INT64_MIN, INT64_MIN, DENY_OFF_TICK},
        {INT64_MAX, INT64_MAX, DENY_OFF_TICK},
    };
    struct fixture *f = fixture_make();
    uint64_t id = resting(f, 10);

    fixture_fill(f, id, SIDE_BUY, 1, 1000, 4);
    for (unsigned at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        cr_assert(eq(int, amend(f, id, rows[at].price_ticks, rows[at].qty_lots), ERR_DENIED),
                  "row %u", at);
        cr_assert(eq(int, f->newest[EVENT_COMMAND_DONE].command_done.denial, (int)rows[at].denial),
                  "row %u", at);
        cr_assert(eq(i64, working(f), 6), "row %u", at);
        cr_assert(eq(int, state_of(f), ORDER_PARTLY_FILLED), "row %u", at);
    }
    cr_assert(eq(u32, f->sent_count, 1));
    cr_assert(eq(int, amend(f, id, 0, 11), OK));
}

Test(amend, the_worst_case_takes_the_old_order_out_and_the_larger_one_in)
{
    struct fixture *f = fixture_memory(sizeof *f);
    uint64_t id;

    fixture_configure(f);
    f->config.limits[0].value[LIMIT_MAX_POSITION_LOTS] = 60;
    fixture_start(f);
    fixture_book(f, 0, 1000, 1001);
    id = resting(f, 40);
    cr_assert(eq(int, amend(f, id, 0, 60), OK));
    answer(f, id, REPORT_VENUE_AMEND, 1, 1000, 60);
    cr_assert(eq(int, amend(f, id, 0, 61), ERR_DENIED));
    cr_assert(eq(int, f->newest[EVENT_COMMAND_DONE].command_done.denial, DENY_MAX_POSITION_LOTS));
}

Test(amend, a_cancel_may_overtake_it)
{
    struct fixture *f = fixture_make();
    uint64_t id = resting(f, 10);

    amend(f, id, 0, 20);
    cr_assert(eq(int, fixture_cancel(f, id), OK));
    answer(f, id, REPORT_VENUE_AMEND, 1, 1000, 20);
    cr_assert(eq(int, state_of(f), ORDER_PENDING_CANCEL));
    cr_assert(eq(i64, working(f), 20));
    fixture_report(f, id, REPORT_VENUE_CANCEL);
    cr_assert(eq(i64, working(f), 0));
    cr_assert(eq(u32, f->counts[EVENT_ANOMALY], 0));
}
