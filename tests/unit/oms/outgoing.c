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

/* Not drained: what a gateway would see of the ring. */
static void ask_for_one(struct fixture *f, int64_t price_ticks)
{
    struct command command = {.id = ++f->commands, .kind = COMMAND_NEW_ORDER};

    command.new_order.intent = (struct intent){
        .kind = INTENT_NEW, .strategy = 1, .price_ticks = price_ticks, .qty_lots = 1};
    engine_command(f->engine, &command, f->now_ns);
}

static void kill_and_publish(struct fixture *f, uint16_t scope)
{
    kill_page_set(&f->page, scope);
    engine_publish_kill(f->engine, engine_kill(f->engine, f->now_ns), f->now_ns);
}

static uint64_t block_at(struct fixture *f)
{
    return atomic_load(&f->page.block_at[0]);
}

/* The receipt waits until the gateway has passed block_at: a batch must be before it. */
Test(outgoing, a_block_leaves_nothing_behind_in_a_batch)
{
    struct fixture *f = batching();

    ask_for_one(f, 990);
    cr_assert(eq(u64, ring_published(&f->orders), 0), "it waits for more");
    kill_and_publish(f, scope_of_instrument(f->config.scopes, 1));
    cr_assert(eq(u64, block_at(f), f->orders.write_at));
    cr_assert(eq(u64, block_at(f), ring_published(&f->orders)));
    fixture_drain(f);
    cr_assert(eq(u32, f->sent_count, 1));
    cr_assert(eq(u64, ring_consumed(&f->orders), block_at(f)));
    ask_for_one(f, 991);
    cr_assert(eq(u64, ring_published(&f->orders), block_at(f)), "and the next batch waits again");
}

/* With the ring full there is no cancel to take the batch along; its orders have to be found by the
 * gateway all the same, which sends them back. */
Test(outgoing, nor_when_the_ring_has_no_room_for_the_cancels)
{
    enum { SMALL_RING_BYTES = 512 };
    struct fixture *f = fixture_memory(sizeof *f);
    uint32_t orders;

    fixture_configure(f);
    f->config.rules.batch_messages = 1000;
    f->config.rules.batch_wait_ns = 500000;
    fixture_start(f);
    ring_init(&f->orders, fixture_memory(SMALL_RING_BYTES), SMALL_RING_BYTES);
    fixture_book(f, 0, 1000, 1001);
    do {
        orders = engine_open_orders(f->engine);
        ask_for_one(f, 990 + orders);
    } while (engine_open_orders(f->engine) > orders);
    cr_assert(gt(u32, orders, 0));
    cr_assert(eq(u64, ring_published(&f->orders), 0));
    kill_and_publish(f, scope_of_firm());
    cr_assert(eq(u64, block_at(f), f->orders.write_at));
    fixture_drain(f);
    cr_assert(eq(u32, f->newest[EVENT_KILL_SEEN].kill_seen.resting, orders));
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.sent, 0));
    cr_assert(eq(u32, f->sent_count, orders));
    for (uint32_t at = 0; at < orders; at++)
        fixture_report(f, f->sent[at].order_id, REPORT_KILLED_UNSENT);
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.unsent, orders));
    cr_assert(eq(u32, engine_open_orders(f->engine), 0));
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
