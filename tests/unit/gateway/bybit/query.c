/* What becomes of an order that nobody knows the fate of. */
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

TestSuite(bybit_query, .init = open_booth, .fini = close_booth);

#define REALTIME "/v5/order/realtime?category=linear&symbol=BTCUSDT&orderLinkId="
#define HISTORY "/v5/order/history?category=linear&symbol=BTCUSDT&orderLinkId="
#define EMPTY "{\"list\":[],\"nextPageCursor\":\"\"}"

static const char *row(uint32_t n, const char *status, const char *cum)
{
    static char text[1024];
    char link[ORDER_ID_TEXT_MAX];

    order_id_print(link, BOOTH_FIRST + n);
    snprintf(text, sizeof text,
             "{\"list\":[{\"symbol\":\"BTCUSDT\",\"orderId\":\"v-%u\",\"orderLinkId\":\"%s\","
             "\"side\":\"Buy\",\"orderType\":\"Limit\",\"price\":\"500\",\"qty\":\"0.020\","
             "\"cumExecQty\":\"%s\",\"orderStatus\":\"%s\",\"updatedTime\":\"9\"}]}",
             n, link, cum, status);
    return text;
}

static const char *fill(uint32_t n, const char *exec_id, const char *qty)
{
    static char text[1024];
    char link[ORDER_ID_TEXT_MAX];

    order_id_print(link, BOOTH_FIRST + n);
    snprintf(text, sizeof text,
             "{\"list\":[{\"symbol\":\"BTCUSDT\",\"orderId\":\"v-%u\",\"orderLinkId\":\"%s\","
             "\"side\":\"Buy\",\"execId\":\"%s\",\"execPrice\":\"500\",\"execQty\":\"%s\","
             "\"execFee\":\"0.1\",\"isMaker\":true,\"execType\":\"Trade\","
             "\"execTime\":\"4700000000123\"}],\"nextPageCursor\":\"\"}",
             n, link, exec_id, qty);
    return text;
}

static void doubt(uint32_t n)
{
    booth_send(booth, booth_new(n, 1000, 10));
    booth_reply(booth, 10016);
    booth_expect(booth, REPORT_TIMEOUT, n);
    booth_query(booth, n, 3);
}

Test(bybit_query, an_order_that_rests)
{
    struct execution said;

    doubt(1);
    booth_answer(booth, REALTIME, row(1, "New", "0"));
    said = booth_next(booth);
    cr_assert(eq(int, said.report, REPORT_VENUE_ACK));
    cr_assert(eq(i64, said.price_ticks, 1000));
    cr_assert(eq(i64, said.qty_lots, 10));
    cr_assert(eq(u32, said.amend_no, 3));
    booth_expect_nothing(booth);
}

Test(bybit_query, it_is_absent_only_when_both_say_so)
{
    doubt(1);
    booth_answer(booth, REALTIME, EMPTY);
    booth_expect_nothing(booth);
    booth_answer(booth, HISTORY, EMPTY);
    booth_expect(booth, REPORT_QUERY_ABSENT, 1);
}

/* After what a question in vain waits for, at most. */
static void ask_again(int64_t seconds)
{
    booth_turn(booth, seconds * SECOND_NS);
    booth_query(booth, 1, 0);
}

Test(bybit_query, an_answer_that_is_none_says_nothing)
{
    doubt(1);
    booth_answer(booth, REALTIME, EMPTY);
    booth_answer_code(booth, 200, 10006, "{}");
    booth_expect_nothing(booth);
    ask_again(30);
    booth_answer_code(booth, 500, 0, "{}");
    booth_expect_nothing(booth);
    ask_again(30);
    booth_answer(booth, REALTIME, "{}"); /* no list is not an empty one */
    booth_expect_nothing(booth);
    ask_again(30);
    booth_answer(booth, REALTIME, row(2, "New", "0")); /* of another order */
    booth_next(booth);                                 /* which is told of as one of others */
    booth_expect_nothing(booth);
    cr_assert(eq(u32, booth->asked_count, 0));
}

Test(bybit_query, one_that_ended_is_told_after_its_fills)
{
    doubt(1);
    booth_answer(booth, REALTIME, EMPTY);
    booth_answer(booth, HISTORY, row(1, "Cancelled", "0.006"));
    booth_expect_nothing(booth);
    booth_answer(booth, "/v5/execution/list?category=linear&symbol=BTCUSDT&orderId=v-1&limit=100",
                 fill(1, "e1", "0.006"));
    booth_expect(booth, REPORT_FILL_PART, 1);
    booth_expect(booth, REPORT_VENUE_CANCEL, 1);
    booth_expect_nothing(booth);
}

Test(bybit_query, one_that_was_filled_is_told_by_its_fills)
{
    doubt(1);
    booth_answer(booth, REALTIME, row(1, "Filled", "0.020"));
    booth_answer(booth, "/v5/execution/list", fill(1, "e1", "0.020"));
    booth_expect(booth, REPORT_FILL_PART, 1);
    booth_expect_nothing(booth);
}

Test(bybit_query, a_rejected_one)
{
    doubt(1);
    booth_answer(booth, REALTIME, row(1, "Rejected", "0"));
    booth_answer(booth, "/v5/execution/list", EMPTY);
    booth_expect(booth, REPORT_VENUE_REJECT, 1);
}

Test(bybit_query, fills_come_in_pages)
{
    char first[1024];

    doubt(1);
    booth_answer(booth, REALTIME, row(1, "Filled", "0.020"));
    strcpy(first, fill(1, "e1", "0.010"));
    strcpy(strstr(first, "\"nextPageCursor\""), "\"nextPageCursor\":\"a%3Ab\"}");
    booth_answer(booth, "/v5/execution/list", first);
    cr_assert(strstr(booth->asked[0].path, "&cursor=a%3Ab") != NULL);
    booth_answer(booth, "/v5/execution/list", fill(1, "e2", "0.010"));
    booth_expect(booth, REPORT_FILL_PART, 1);
    booth_expect(booth, REPORT_FILL_PART, 1);
    booth_expect_nothing(booth);
}

/* The engine asks about an order that an earlier run sent. */
Test(bybit_query, one_of_an_earlier_run)
{
    booth->carried = BOOTH_FIRST + 5;
    booth_query(booth, 5, 0);
    booth_answer(booth, REALTIME, row(5, "Filled", "0.020"));
    booth_answer(booth, "/v5/execution/list", fill(5, "e1", "0.020"));
    cr_assert(eq(int, booth_next(booth).report, REPORT_FILL_PART));
    booth_expect_nothing(booth);
}

/* What the stream said after the question was answered is newer than the answer. */
Test(bybit_query, an_answer_that_is_older_than_the_stream)
{
    doubt(1);
    booth_order(booth, 1, "Cancelled", "500", "0.020", "0", 10, "");
    booth_expect(booth, REPORT_VENUE_CANCEL, 1);
    booth_answer(booth, REALTIME, row(1, "New", "0"));
    booth_expect_nothing(booth);
}

Test(bybit_query, a_cancel_that_was_too_late_and_nobody_knows_why)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth_order(booth, 1, "New", "500", "0.020", "0", 1, "");
    booth_expect(booth, REPORT_VENUE_ACK, 1);
    booth_cancel(booth, 1);
    booth_reply(booth, 110001);
    booth_answer(booth, "/v5/order/realtime", EMPTY);
    booth_answer(booth, "/v5/order/history", EMPTY);
    booth_expect(booth, REPORT_TIMEOUT, 1); /* the engine asks for itself */
}

Test(bybit_query, one_that_turns_up_after_it_was_void_counts_as_one_of_others)
{
    doubt(1);
    for (int round = 0; round < 2; round++) {
        booth_turn(booth, 30 * SECOND_NS);
        if (round > 0)
            booth_query(booth, 1, 0);
        booth_answer(booth, REALTIME, EMPTY);
        booth_answer(booth, HISTORY, EMPTY);
        booth_expect(booth, REPORT_QUERY_ABSENT, 1);
    }
    booth_order(booth, 1, "New", "500", "0.020", "0", 1, "");
    cr_assert(eq(int, booth_next(booth).report, REPORT_FOREIGN));
    booth_order(booth, 1, "Cancelled", "500", "0.020", "0", 2, "");
    cr_assert(eq(int, booth_next(booth).report, REPORT_VENUE_CANCEL));
    booth_expect_nothing(booth);
}
