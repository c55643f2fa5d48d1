/* Several cancels at once. The budget is ten orders a second, for single ones and for batches. */
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

TestSuite(bybit_cancels, .init = open_booth, .fini = close_booth);

static void forget_sent(void)
{
    booth->sent_count = 0;
    booth_turn(booth, SECOND_NS);
}

/* Orders 1 to `count`, at rest. */
static void place(uint32_t count)
{
    for (uint32_t n = 1; n <= count; n++) {
        booth_send(booth, booth_new(n, 1000, 10));
        if (n % 5 == 0)
            forget_sent();
    }
    forget_sent();
}

/* In one turn. */
static void cancel(uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n <= to; n++) {
        struct order_message message = booth_new(n, 0, 0);

        message.kind = ORDER_MESSAGE_CANCEL;
        booth_put(booth, message);
    }
    booth_turn(booth, 0);
}

/* How many orders the n-th frame is about; it is well-formed. */
static size_t orders_of(uint32_t at)
{
    json_t *frame = json_loads(booth->sent[at], 0, NULL);
    const json_t *args = json_array_get(json_object_get(frame, "args"), 0);
    const char *op = json_string_value(json_object_get(frame, "op"));
    bool is_batch = op && strcmp(op, "order.cancel-batch") == 0;
    size_t count = is_batch ? json_array_size(json_object_get(args, "request")) : 1;

    cr_assert(is_batch || strcmp(op, "order.cancel") == 0, "%s", booth->sent[at]);
    cr_assert(json_string_value(json_object_get(args, "category")) != NULL);
    json_decref(frame);
    return count;
}

/* Answers the newest frame, a batch of orders 1, 2, ..; codes end with -1. */
static void reply(int64_t code, const int64_t *codes)
{
    json_t *sent = json_loads(booth->sent[booth->sent_count - 1], 0, NULL);
    json_t *named = json_array();
    json_t *coded = json_array();
    json_t *frame = json_object();
    char *text;

    for (uint32_t at = 0; codes && codes[at] >= 0; at++) {
        char link[ORDER_ID_TEXT_MAX];

        order_id_print(link, BOOTH_FIRST + at + 1);
        json_array_append_new(named, json_pack("{s:s}", "orderLinkId", link));
        json_array_append_new(coded, json_pack("{s:I,s:s}", "code", codes[at], "msg", "m"));
    }
    json_object_set(frame, "reqId", json_object_get(sent, "reqId"));
    json_object_set_new(frame, "op", json_string("order.cancel-batch"));
    json_object_set_new(frame, "retCode", json_integer(code));
    json_object_set_new(frame, "data", json_pack("{s:o}", "list", named));
    json_object_set_new(frame, "retExtInfo", json_pack("{s:o}", "list", coded));
    text = json_dumps(frame, JSON_COMPACT);
    bybit_trade_frame(booth->bybit, booth->bybit->session.trade.epoch, text, strlen(text), 77);
    free(text);
    json_decref(frame);
    json_decref(sent);
}

Test(bybit_cancels, of_one_turn_leave_as_one)
{
    place(3);
    cancel(1, 3);
    cr_assert(eq(u32, booth->sent_count, 1));
    cr_assert(eq(sz, orders_of(0), 3));
    booth_expect_sent(booth, "order.cancel-batch", 1);
    booth_expect_sent(booth, "order.cancel-batch", 3);
    cr_assert(eq(u64, gateway_counters(&booth->bybit->base).cancels, 3));
    reply(0, (int64_t[]){0, 0, 0, -1});
    booth_expect_nothing(booth); /* the stream tells */
    booth_turn(booth, SECOND_NS);
    cr_assert(eq(u32, booth->sent_count, 1));
}

Test(bybit_cancels, one_is_no_batch)
{
    place(1);
    cancel(1, 1);
    booth_expect_sent(booth, "order.cancel", 1);
}

Test(bybit_cancels, each_has_its_own_outcome)
{
    place(4);
    cancel(1, 4);
    reply(0, (int64_t[]){0, 110001, 10006, 10016, -1});
    booth_expect(booth, REPORT_TIMEOUT, 4);
    booth_expect_nothing(booth);
    cr_assert(eq(u32, booth->asked_count, 1)); /* the second is asked about */
    booth_turn(booth, SECOND_NS);
    cr_assert(eq(u32, booth->sent_count, 2));
    booth_expect_sent(booth, "order.cancel", 3);
}

Test(bybit_cancels, what_the_answer_does_not_name_is_not_known)
{
    place(3);
    cancel(1, 3);
    reply(0, (int64_t[]){0, -1});
    booth_expect(booth, REPORT_TIMEOUT, 2);
    booth_expect(booth, REPORT_TIMEOUT, 3);
    booth_expect_nothing(booth);
}

Test(bybit_cancels, a_batch_that_failed_for_unknown_reasons_is_not_known_of_any)
{
    place(2);
    cancel(1, 2);
    reply(10016, NULL);
    booth_expect(booth, REPORT_TIMEOUT, 1);
    booth_expect(booth, REPORT_TIMEOUT, 2);
    booth_turn(booth, SECOND_NS);
    cr_assert(eq(u32, booth->sent_count, 1)); /* the engine asks, and cancels anew */
}

Test(bybit_cancels, a_refused_batch_goes_one_by_one_for_a_while)
{
    place(4);
    cancel(1, 2);
    reply(10404, NULL);
    booth_expect_nothing(booth);
    booth_turn(booth, SECOND_NS);
    cr_assert(eq(u32, booth->sent_count, 3));
    cr_assert(eq(sz, orders_of(1), 1));
    cr_assert(eq(sz, orders_of(2), 1));
    booth->sent_count = 0;
    booth_turn(booth, 50 * SECOND_NS);
    booth->bybit->session.stream.is_in = booth->bybit->session.trade.is_in = true;
    booth_turn(booth, 10 * SECOND_NS);
    booth->bybit->session.trade.is_in = true;
    cancel(3, 4);
    cr_assert(eq(sz, orders_of(booth->sent_count - 1), 2));
}

Test(bybit_cancels, a_limited_batch_waits_and_goes_one_by_one)
{
    place(2);
    cancel(1, 2);
    reply(10006, NULL);
    booth_turn(booth, 10 * MS_NS);
    cr_assert(eq(u32, booth->sent_count, 1));
    booth_turn(booth, SECOND_NS);
    cr_assert(eq(u32, booth->sent_count, 3));
    booth_expect_sent(booth, "order.cancel", 2);
    booth_expect_nothing(booth);
}

Test(bybit_cancels, a_broken_connection_leaves_all_in_doubt_and_they_go_again)
{
    place(3);
    cancel(1, 3);
    bybit_orders_broken(booth->bybit, 1);
    for (uint32_t n = 1; n <= 3; n++)
        booth_expect(booth, REPORT_TIMEOUT, n);
    booth_turn(booth, SECOND_NS);
    cr_assert(eq(u32, booth->sent_count, 2));
    cr_assert(eq(sz, orders_of(1), 3));
}

Test(bybit_cancels, a_sweep_has_the_budget_of_batches_and_that_of_single_ones)
{
    place(20);
    kill_page_set(&booth->kill, 0);
    kill_page_sweep(&booth->kill);
    booth_turn(booth, 0);
    cr_assert(eq(u32, booth->sent_count, 11));
    cr_assert(eq(sz, orders_of(0), 10));
    for (uint32_t at = 1; at < 11; at++)
        cr_assert(eq(sz, orders_of(at), 1));
    cr_assert(eq(u64, gateway_sweep_wanted(&booth->bybit->base), 0));
}

Test(bybit_cancels, a_batch_has_no_more_orders_than_the_venue_takes)
{
    bybit_pace_init(&booth->bybit->orders.batch_pace, 100);
    place(25);
    cancel(1, 25);
    cr_assert(eq(u32, booth->sent_count, 2));
    cr_assert(eq(sz, orders_of(0), 20));
    cr_assert(eq(sz, orders_of(1), 5));
    booth->bybit->config.is_spot = true;
    booth_turn(booth, SECOND_NS);
    booth->sent_count = 0;
    cancel(1, 25);
    cr_assert(eq(sz, orders_of(0), 10));
    cr_assert(eq(sz, orders_of(2), 5));
}

Test(bybit_cancels, an_order_of_others_goes_by_itself)
{
    place(2);
    bybit_known_find(&booth->bybit->known, BOOTH_FIRST + 2)->flags = ORDER_EXTERNAL;
    cancel(1, 2);
    cr_assert(eq(u32, booth->sent_count, 2));
    cr_assert(eq(sz, orders_of(0), 1));
    cr_assert(eq(sz, orders_of(1), 1));
}
