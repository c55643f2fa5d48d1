/* Orders on their way out, and what is said of them to the engine. Price 500.0 is 1000 ticks, size
 * 0.020 is 10 lots. */
#include "unit/gateway/bybit/booth.h"

#include <stdio.h>
#include <string.h>

static struct booth *booth;

static void open_booth(void)
{
    booth = booth_open(false);
}

static void close_booth(void)
{
    booth_close(booth);
}

TestSuite(bybit_orders, .init = open_booth, .fini = close_booth);

Test(bybit_orders, a_new_order_leaves_and_waits_for_the_stream)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth_expect_sent(booth, "order.create", 1);
    booth_reply(booth, 0);
    booth_expect_nothing(booth); /* "received" is not "working" */
    booth_order(booth, 1, "New", "500", "0.020", "0", 1, "");
    booth_expect(booth, REPORT_VENUE_ACK, 1);
    cr_assert(eq(u64, gateway_counters(&booth->bybit->base).orders, 1));
    cr_assert(eq(u64, gateway_counters(&booth->bybit->base).lots, 10));
}

Test(bybit_orders, a_refusal_ends_it)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth_reply(booth, 110007);
    booth_expect(booth, REPORT_VENUE_REJECT, 1);
}

Test(bybit_orders, a_refusal_does_not_excuse_a_log_in_that_is_not_answered)
{
    struct bybit_link *stream = &booth->bybit->session.stream;

    booth_send(booth, booth_new(1, 1000, 10));
    cr_assert(gt(i64, stream->owes_ns, 0));
    booth_reply(booth, 110007);
    cr_assert(eq(i64, stream->owes_ns, 0)); /* nobody tells of what was refused */
    booth_send(booth, booth_new(2, 1000, 10));
    stream->is_in = false; /* connected anew; it owes the answer to the log-in */
    stream->owes_ns = booth->bybit->mono_ns;
    booth_reply(booth, 110007);
    cr_assert(gt(i64, stream->owes_ns, 0));
}

Test(bybit_orders, a_code_that_nobody_knows_is_not_a_refusal)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth_reply(booth, 987654);
    booth_expect(booth, REPORT_TIMEOUT, 1);
}

Test(bybit_orders, an_id_that_it_has_is_about_the_request)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth_reply(booth, 110072);
    booth_expect(booth, REPORT_DUPLICATE_ID, 1);
}

Test(bybit_orders, a_connection_that_breaks_leaves_all_in_doubt)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth_send(booth, booth_new(2, 1000, 10));
    booth_send(booth, booth_new(3, 1000, 10));
    booth_order(booth, 1, "New", "500", "0.020", "0", 1, "");
    booth_expect(booth, REPORT_VENUE_ACK, 1);
    booth_reply(booth, 110007);
    booth_expect(booth, REPORT_VENUE_REJECT, 3);
    bybit_trade_closed(booth->bybit, 1, NET_FAILED, 0, "reset");
    booth_expect(booth, REPORT_TIMEOUT, 2); /* the others are known to live or to be dead */
    booth_expect_nothing(booth);
}

Test(bybit_orders, without_a_trade_socket_a_new_order_is_refused_unsent)
{
    bybit_trade_closed(booth->bybit, 1, NET_FAILED, 0, "reset");
    booth_send(booth, booth_new(1, 1000, 10));
    booth_expect(booth, REPORT_VENUE_REJECT, 1);
    cr_assert(eq(u32, booth->sent_count, 0));
    cr_assert(eq(u32, booth->asked_count, 0));
    cr_assert(eq(u64, gateway_counters(&booth->bybit->base).unsent, 1));
    cr_assert(eq(u64, gateway_counters(&booth->bybit->base).unsent_lots, 10));
}

Test(bybit_orders, nothing_new_leaves_before_the_account_is_read)
{
    booth->bybit->reconcile.is_done = false;
    booth_send(booth, booth_new(1, 1000, 10));
    booth_expect(booth, REPORT_VENUE_REJECT, 1);
    cr_assert(eq(u32, booth->sent_count, 0));
}

Test(bybit_orders, nothing_new_leaves_by_a_clock_that_is_off)
{
    booth->bybit->session.clock.is_off = true;
    booth_send(booth, booth_new(1, 1000, 10));
    booth_expect(booth, REPORT_VENUE_REJECT, 1);
}

Test(bybit_orders, a_killed_order_goes_back_and_a_cancel_leaves)
{
    booth_send(booth, booth_new(1, 1000, 10));
    kill_page_set(&booth->kill, 0);
    booth_send(booth, booth_new(2, 1000, 10));
    booth_expect(booth, REPORT_KILLED_UNSENT, 2);
    cr_assert(eq(u32, booth->sent_count, 1));
    booth_cancel(booth, 1);
    booth_expect_sent(booth, "order.cancel", 1);
}

Test(bybit_orders, a_cancel_goes_by_rest_when_the_trade_socket_is_down)
{
    booth_send(booth, booth_new(1, 1000, 10));
    bybit_trade_closed(booth->bybit, 1, NET_FAILED, 0, "reset");
    booth_expect(booth, REPORT_TIMEOUT, 1);
    booth_cancel(booth, 1);
    cr_assert(eq(u32, booth->asked_count, 1));
    cr_assert(eq(str, booth->asked[0].path, "/v5/order/cancel"));
    cr_assert(strstr(booth->asked[0].body, "orderLinkId") != NULL);
    booth_answer_code(booth, 200, 0, "{}");
    booth_expect_nothing(booth);
}

Test(bybit_orders, a_cancel_that_comes_too_late_is_asked_about)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth_order(booth, 1, "New", "500", "0.020", "0", 1, "");
    booth_expect(booth, REPORT_VENUE_ACK, 1);
    booth_cancel(booth, 1);
    booth_reply(booth, 110001);
    booth_expect_nothing(booth);
    cr_assert(eq(u32, booth->asked_count, 1));
    cr_assert(strstr(booth->asked[0].path, "/v5/order/realtime") != NULL);
}

Test(bybit_orders, a_limited_cancel_is_sent_again)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth_cancel(booth, 1);
    booth_reply(booth, 10006);
    booth_expect_nothing(booth);
    cr_assert(eq(u32, booth->sent_count, 2));
    booth_turn(booth, SECOND_NS);
    cr_assert(eq(u32, booth->sent_count, 3));
    booth_expect_sent(booth, "order.cancel", 1);
}

Test(bybit_orders, a_cancel_in_vain_ends_with_its_order)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth_cancel(booth, 1);
    booth_reply(booth, 10006);
    booth_order(booth, 1, "Cancelled", "500", "0.020", "0", 1, "");
    booth_expect(booth, REPORT_VENUE_CANCEL, 1);
    booth_turn(booth, 2 * SECOND_NS);
    cr_assert(eq(u32, booth->sent_count, 2));
}

Test(bybit_orders, a_share_of_the_budget_is_kept_for_cancels)
{
    for (uint32_t n = 1; n <= 9; n++)
        booth_send(booth, booth_new(n, 1000, 10));
    cr_assert(eq(u32, booth->sent_count, 7)); /* of 10, three are kept */
    booth_expect(booth, REPORT_VENUE_REJECT, 8);
    booth_expect(booth, REPORT_VENUE_REJECT, 9);
    for (uint32_t n = 1; n <= 4; n++)
        booth_cancel(booth, n);
    cr_assert(eq(u32, booth->sent_count, 10));
    booth_turn(booth, SECOND_NS);
    cr_assert(eq(u32, booth->sent_count, 11)); /* a cancel waits; it is not refused */
    booth_expect_sent(booth, "order.cancel", 4);
    booth_expect_nothing(booth);
}

Test(bybit_orders, an_amend_is_answered_by_how_the_order_stands)
{
    struct order_message amend = booth_new(1, 1010, 12);
    struct execution said;

    booth_send(booth, booth_new(1, 1000, 10));
    booth_order(booth, 1, "New", "500", "0.020", "0", 1, "");
    booth_expect(booth, REPORT_VENUE_ACK, 1);
    amend.kind = ORDER_MESSAGE_AMEND;
    amend.amend_no = 1;
    booth_send(booth, amend);
    booth_expect_sent(booth, "order.amend", 1);
    booth_reply(booth, 0);
    booth_order(booth, 1, "New", "500", "0.020", "0", 1, ""); /* late, as it was */
    booth_expect_nothing(booth);
    booth_order(booth, 1, "New", "505", "0.024", "0", 2, "");
    said = booth_next(booth);
    cr_assert(eq(int, said.report, REPORT_VENUE_AMEND));
    cr_assert(eq(u32, said.amend_no, 1));
    cr_assert(eq(i64, said.price_ticks, 1010));
    cr_assert(eq(i64, said.qty_lots, 12));
}

Test(bybit_orders, a_refused_amend_leaves_the_order)
{
    struct order_message amend = booth_new(1, 1010, 12);

    booth_send(booth, booth_new(1, 1000, 10));
    amend.kind = ORDER_MESSAGE_AMEND;
    amend.amend_no = 1;
    booth_send(booth, amend);
    booth_reply(booth, 10001);
    booth_expect(booth, REPORT_AMEND_REJECT, 1);
    booth_order(booth, 1, "New", "500", "0.020", "0", 1, "");
    booth_expect(booth, REPORT_VENUE_ACK, 1);
}

Test(bybit_orders, an_answer_of_an_earlier_connection_is_nobody_s)
{
    char text[] = "{\"reqId\":\"12345\",\"retCode\":110007,\"op\":\"order.create\"}";

    booth_send(booth, booth_new(1, 1000, 10));
    bybit_trade_frame(booth->bybit, 1, text, strlen(text), 77);
    booth_expect_nothing(booth);
}

/* The row that serves request 1024 * k is free, and keeps what it held. */
Test(bybit_orders, an_answer_to_request_zero_is_nobody_s)
{
    char reply[] = "{\"reqId\":\"0\",\"retCode\":110007,\"retMsg\":\"x\",\"op\":\"order.create\"}";

    booth->bybit->orders.number |= BYBIT_REQUESTS_MAX - 1;
    booth_send(booth, booth_new(1, 1000, 10));
    booth_reply(booth, 0);
    booth_order(booth, 1, "New", "500", "0.020", "0", 1, "");
    booth_expect(booth, REPORT_VENUE_ACK, 1);
    bybit_trade_frame(booth->bybit, 1, reply, strlen(reply), 77);
    booth_expect_nothing(booth);
}

Test(bybit_orders, a_reset_out_of_all_time_is_waited_for_within_reason)
{
    char reply[256];

    for (uint32_t n = 1; n <= 2; n++) {
        booth_send(booth, booth_new(n, 1000, 10));
        snprintf(reply, sizeof reply,
                 "{\"reqId\":\"%llu\",\"retCode\":10006,\"retMsg\":\"x\",\"header\":{"
                 "\"X-Bapi-Limit-Reset-Timestamp\":\"9223372036854775807\"}}",
                 (unsigned long long)booth->bybit->orders.number);
        bybit_trade_frame(booth->bybit, 1, reply, strlen(reply), 77);
        booth_expect(booth, REPORT_VENUE_REJECT, n);
        booth_turn(booth, 6 * SECOND_NS);
    }
}

Test(bybit_orders, a_sweep_cancels_what_is_killed_and_nothing_else)
{
    struct order_message other = booth_new(2, 1000, 10);

    other.strategy = 2;
    other.scopes.strategy = 4;
    booth_send(booth, booth_new(1, 1000, 10));
    booth_send(booth, other);
    kill_page_set(&booth->kill, 3);
    kill_page_sweep(&booth->kill);
    booth_turn(booth, 0);
    cr_assert(eq(u32, booth->sent_count, 3));
    booth_expect_sent(booth, "order.cancel", 1);
    cr_assert(eq(u64, gateway_sweep_wanted(&booth->bybit->base), 0));
}

/* A kill is not acknowledged while bytes of an order wait on our side for a full socket. */
Test(bybit_orders, a_kill_is_acknowledged_when_nothing_waits_to_leave)
{
    const _Atomic uint64_t *seen = &booth->kill.gateway[booth->bybit->base.io.index].seen;

    booth_send(booth, booth_new(1, 1000, 10));
    booth->bytes_wait = true;
    kill_page_set(&booth->kill, 0);
    booth_turn(booth, 0);
    cr_assert(lt(u64, atomic_load(seen), kill_page_doorbell(&booth->kill)));
    booth->bytes_wait = false;
    booth_turn(booth, 0);
    cr_assert(eq(u64, atomic_load(seen), kill_page_doorbell(&booth->kill)));
}

Test(bybit_orders, a_sweep_waits_for_what_cannot_leave)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth->socket_is_full = true;
    booth->bybit->banned_mono_ns = booth->bybit->mono_ns + SECOND_NS; /* nor by REST */
    kill_page_set(&booth->kill, 0);
    kill_page_sweep(&booth->kill);
    booth_turn(booth, 0);
    cr_assert(ne(u64, gateway_sweep_wanted(&booth->bybit->base), 0));
    booth->socket_is_full = false;
    booth_turn(booth, SECOND_NS);
    booth_expect_sent(booth, "order.cancel", 1);
    cr_assert(eq(u64, gateway_sweep_wanted(&booth->bybit->base), 0));
}

Test(bybit_orders, a_ban_stops_new_orders_until_it_is_over)
{
    bybit_ban(booth->bybit, booth->bybit->mono_ns + SECOND_NS, "test");
    booth_send(booth, booth_new(1, 1000, 10));
    booth_expect(booth, REPORT_VENUE_REJECT, 1);
    booth_turn(booth, SECOND_NS);
    booth_send(booth, booth_new(2, 1000, 10));
    booth_expect_sent(booth, "order.create", 2);
}

Test(bybit_orders, a_full_ring_of_the_engine_loses_nothing)
{
    uint32_t seen = 0;
    size_t length;

    while (ring_reserve(&booth->executions, sizeof(struct execution)))
        ring_publish(&booth->executions);
    booth_send(booth, booth_new(1, 1000, 10)); /* stays on the ring: its fate could not be told */
    booth_order(booth, 5, "New", "500", "0.020", "0", 1, "");
    cr_assert(eq(u32, booth->sent_count, 1));
    while (ring_peek(&booth->executions, &length)) {
        ring_release(&booth->executions);
        seen++;
    }
    booth_turn(booth, 0);
    cr_assert(eq(int, booth_next(booth).report, REPORT_FOREIGN));
}
