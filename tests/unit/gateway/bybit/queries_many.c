/* Questions that are answered in vain: how often the venue is asked. */
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

TestSuite(bybit_queries_many, .init = open_booth, .fini = close_booth);

#define EMPTY "{\"list\":[],\"nextPageCursor\":\"\"}"

/* Turns for so long, in steps of 10 ms; all that is asked is answered so. Returns how much was. */
static uint32_t answer_all(int64_t for_ns, int64_t code, const char *result)
{
    uint32_t asked = 0;

    for (int64_t at_ns = 0; at_ns < for_ns; at_ns += 10 * MS_NS) {
        booth_turn(booth, 10 * MS_NS);
        for (; booth->asked_count > 0; asked++)
            booth_answer_code(booth, 200, code, result);
    }
    return asked;
}

Test(bybit_queries_many, fills_that_are_not_found_are_asked_for_ever_more_rarely)
{
    booth_place(booth, 1);
    booth_order(booth, 1, "PartiallyFilled", "500", "0.020", "0.006", 2, "");
    cr_assert(le(u32, answer_all(9 * SECOND_NS, 0, EMPTY), 5));
    cr_assert(eq(u32, booth->stops, 0));
    for (int row = 0; row < 5; row++) {
        booth_order(booth, 1, "PartiallyFilled", "500", "0.020", "0.006", 2, "");
        cr_assert(le(u32, answer_all(12 * SECOND_NS, 0, EMPTY), 2));
    }
    cr_assert(eq(u32, booth->stops, 1)); /* once, and the instrument alone */
    cr_assert(eq(u32, booth->stop_scope, scope_of_instrument(booth->bybit->config.scopes, 0)));
}

Test(bybit_queries_many, an_order_that_was_filled_and_whose_fills_are_not_found_is_in_doubt)
{
    booth_place(booth, 1);
    booth_order(booth, 1, "Filled", "500", "0.020", "0.020", 2, "");
    answer_all(11 * SECOND_NS, 0, EMPTY);
    booth_expect(booth, REPORT_TIMEOUT, 1);
    booth_expect_nothing(booth);
    cr_assert(eq(u32, booth->stops, 1));
    booth_fill(booth, 1, "late", "500", "0.020"); /* after all */
    booth_expect(booth, REPORT_FILL_PART, 1);
}

Test(bybit_queries_many, too_many_requests_is_not_answered_by_another_one)
{
    booth_place(booth, 1);
    booth_order(booth, 1, "PartiallyFilled", "500", "0.020", "0.006", 2, "");
    cr_assert(le(u32, answer_all(9 * SECOND_NS, 10006, "{}"), 5));
}

/* One order's limit is that of all questions. */
Test(bybit_queries_many, a_limit_holds_the_questions_of_other_orders)
{
    booth_place(booth, 1);
    booth_place(booth, 2);
    booth_query(booth, 1, 0);
    booth_answer_code(booth, 200, 10006, "{}");
    booth_query(booth, 2, 0);
    cr_assert(eq(u32, booth->asked_count, 0));
    booth_turn(booth, SECOND_NS);
    booth_query(booth, 2, 0);
    cr_assert(eq(u32, booth->asked_count, 1));
}

Test(bybit_queries_many, a_few_at_a_time)
{
    booth->bybit->config.orders_per_s = 100;
    bybit_pace_init(&booth->bybit->pace, 100);
    for (uint32_t n = 1; n <= 20; n++)
        booth_place(booth, n);
    for (uint32_t n = 1; n <= 20; n++)
        booth_query(booth, n, 0);
    cr_assert(eq(u32, booth->asked_count, BYBIT_QUERIES_MAX));
}

static void ignore(struct bybit *bybit, struct bybit_about about, const struct bybit_reply *reply)
{
    (void)bybit;
    (void)about;
    (void)reply;
}

static uint32_t flood(bool is_cancel)
{
    uint32_t made = 0;

    for (uint32_t at = 0; at < 5000; at++) {
        booth->bybit->mono_ns += MS_NS;
        made += is_cancel ? bybit_post(booth->bybit, "/v5/order/cancel", "{}", ignore,
                                       (struct bybit_about){0})
                          : bybit_get(booth->bybit, "/v5/market/time", "", false, ignore,
                                      (struct bybit_about){0});
        while (booth->asked_count > 0)
            booth_answer_code(booth, 200, 0, "{}");
    }
    return made;
}

Test(bybit_queries_many, all_requests_of_five_seconds_are_far_from_a_ban)
{
    cr_assert(le(u32, flood(false), 210));
    booth->bybit->mono_ns += SECOND_NS;
    cr_assert(le(u32, flood(true), 300));
}

/* A cancel is not to wait for questions. */
Test(bybit_queries_many, a_share_of_the_requests_is_kept_for_cancels)
{
    while (bybit_get(booth->bybit, "/v5/market/time", "", false, ignore, (struct bybit_about){0}))
        booth_answer_code(booth, 200, 10006, "{}");
    cr_assert(bybit_post(booth->bybit, "/v5/order/cancel", "{}", ignore, (struct bybit_about){0}));
}
