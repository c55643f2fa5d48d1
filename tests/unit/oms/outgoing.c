/* What leaves beside single orders: self-match, batches, counts. */
#include "../engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(outgoing, .fini = fixture_end);

static enum denial denied(const struct fixture *f)
{
    return (enum denial)f->newest[EVENT_COMMAND_DONE].command_done.denial;
}

Test(outgoing, an_order_that_would_meet_our_own_is_refused)
{
    struct fixture *f = fixture_make();
    uint64_t low = fixture_order(f, 0, SIDE_BUY, 990, 5);
    uint64_t best = fixture_order(f, 0, SIDE_BUY, 995, 5);

    cr_assert(ne(u64, low, 0));
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_SELL, 995, 1), 0));
    cr_assert(eq(int, denied(f), DENY_SELF_MATCH));
    cr_assert(ne(u64, fixture_order(f, 0, SIDE_SELL, 996, 1), 0));
    fixture_report(f, best, REPORT_VENUE_CANCEL);
    cr_assert(ne(u64, fixture_order(f, 0, SIDE_SELL, 991, 1), 0), "the best has left");
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_SELL, 990, 1), 0), "the next one is still there");
}

Test(outgoing, or_the_old_ones_are_cancelled_first_when_that_is_the_rule)
{
    struct fixture *f = fixture_memory(sizeof *f);
    uint64_t met;

    fixture_configure(f);
    f->config.rules.cancel_old_on_self_match = true;
    fixture_start(f);
    fixture_book(f, 0, 1000, 1001);
    fixture_order(f, 0, SIDE_BUY, 990, 5);
    met = fixture_order(f, 0, SIDE_BUY, 995, 5);
    cr_assert(ne(u64, fixture_order(f, 0, SIDE_SELL, 994, 1), 0));
    cr_assert(eq(u32, f->sent_count, 4));
    cr_assert(eq(int, f->sent[2].kind, ORDER_MESSAGE_CANCEL));
    cr_assert(eq(u64, f->sent[2].order_id, met), "the one that it meets, and no other");
    cr_assert(eq(int, f->sent[3].kind, ORDER_MESSAGE_NEW));
}

static struct fixture *batching(void)
{
    struct fixture *f = fixture_memory(sizeof *f);

    fixture_configure(f);
    f->config.rules.batch_messages = 3;
    f->config.rules.batch_wait_ns = 500000;
    fixture_start(f);
    fixture_book(f, 0, 1000, 1001);
    return f;
}

Test(outgoing, a_batch_leaves_when_it_is_full_or_has_waited)
{
    struct fixture *f = batching();

    fixture_order(f, 0, SIDE_BUY, 990, 1);
    fixture_order(f, 0, SIDE_BUY, 991, 1);
    cr_assert(eq(u32, f->sent_count, 0));
    fixture_order(f, 0, SIDE_BUY, 992, 1);
    cr_assert(eq(u32, f->sent_count, 3), "full");
    fixture_order(f, 0, SIDE_BUY, 993, 1);
    f->now_ns += 499999;
    engine_timer(f->engine, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(u32, f->sent_count, 3));
    f->now_ns += 1;
    engine_timer(f->engine, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(u32, f->sent_count, 4), "waited");
}

Test(outgoing, a_cancel_does_not_wait_and_takes_along_what_is_before_it)
{
    struct fixture *f = batching();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 990, 1);

    cr_assert(eq(u32, f->sent_count, 0));
    fixture_cancel(f, id);
    cr_assert(eq(u32, f->sent_count, 2));
    cr_assert(eq(int, f->sent[0].kind, ORDER_MESSAGE_NEW));
    cr_assert(eq(int, f->sent[1].kind, ORDER_MESSAGE_CANCEL));
}

Test(outgoing, what_left_is_what_the_gate_passed)
{
    struct fixture *f = fixture_make();
    uint64_t lots = 0;

    for (int order = 1; order <= 20; order++)
        if (fixture_order(f, 0, SIDE_BUY, 900 + order, order * 10) != 0)
            lots += (uint64_t)order * 10;
    cr_assert(eq(u64, f->engine->oms.intended_lots, lots));
    cr_assert(eq(u64, f->engine->oms.sent_lots, lots));
    cr_assert(eq(u64, f->engine->oms.intended_orders, f->sent_count));
    cr_assert(eq(u64, engine_orders_sent(f->engine), f->sent_count));
}
