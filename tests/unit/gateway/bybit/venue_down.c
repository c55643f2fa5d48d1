/* A venue that does not answer, halts, or is late: what is asked again and how often. */
#include "unit/gateway/bybit/booth.h"

#include <stdio.h>
#include <stdlib.h>
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

TestSuite(bybit_venue_down, .init = open_booth, .fini = close_booth);

#define EMPTY "{\"list\":[],\"nextPageCursor\":\"\"}"

/* The oldest request that waits never left. */
static void never_sent(void)
{
    struct booth_asked asked = booth->asked[0];

    memmove(&booth->asked[0], &booth->asked[1], --booth->asked_count * sizeof booth->asked[0]);
    asked.done(asked.ctx, &(struct net_answer){.never_sent = true,
                                               .limit = -1,
                                               .limit_left = -1,
                                               .limit_reset_ms = -1,
                                               .retry_after_s = -1,
                                               .text = "refused"});
}

static uint32_t try_for(int64_t for_ns)
{
    uint32_t tries = 0;

    for (int64_t at_ns = 0; at_ns < for_ns; at_ns += 10 * MS_NS) {
        booth_turn(booth, 10 * MS_NS);
        for (; booth->asked_count > 0; tries++)
            never_sent();
    }
    return tries;
}

Test(bybit_venue_down, a_cancel_that_cannot_leave_is_tried_ever_more_rarely)
{
    booth_place(booth, 1);
    booth->bybit->session.trade.is_in = false;
    booth_cancel(booth, 1);
    cr_assert(le(u32, try_for(SECOND_NS), 5));
    cr_assert(booth->bybit->orders.has_no_way);
    cr_assert(le(u32, try_for(4 * SECOND_NS), 3)); /* each 2 s */
    cr_assert(eq(u32, booth->sent_count, 1));      /* of the order itself */
}

Test(bybit_venue_down, it_leaves_as_soon_as_the_trade_socket_stands)
{
    char in[] = "{\"retCode\":0,\"op\":\"auth\",\"retMsg\":\"OK\"}";

    booth_place(booth, 1);
    booth->bybit->session.trade.is_in = false;
    booth_cancel(booth, 1);
    try_for(4 * SECOND_NS);
    bybit_trade_frame(booth->bybit, 1, in, strlen(in), 77);
    booth_turn(booth, 0);
    booth_expect_sent(booth, "order.cancel", 1);
    booth_reply(booth, 0);
    cr_assert(not(booth->bybit->orders.has_no_way));
}

/* Compared at once, and not when it is due. */
static void refuse_as_halted(int64_t code)
{
    booth->bybit->reference.is_done = true;
    booth_send(booth, booth_new(1, 1000, 10));
    booth_reply(booth, code);
    booth_expect(booth, REPORT_VENUE_REJECT, 1);
    booth_turn(booth, 0);
    booth_answer(booth, "/v5/market/instruments-info?category=linear&symbol=BTCUSDT",
                 "{\"list\":[{\"symbol\":\"BTCUSDT\",\"status\":\"PreLaunch\"}]}");
    cr_assert(eq(u32, booth->stops, 1));
    cr_assert(eq(u32, booth->stop_scope, scope_of_instrument(booth->bybit->config.scopes, 0)));
    cr_assert(bybit_not_ready(booth->bybit, 0) != NULL);
}

Test(bybit_venue_down, a_refusal_for_a_halt_stops_the_instrument_at_once)
{
    refuse_as_halted(110074);
}

Test(bybit_venue_down, a_refusal_for_something_else_asks_nothing)
{
    booth->bybit->reference.is_done = true;
    booth_send(booth, booth_new(1, 1000, 10));
    booth_reply(booth, 110007);
    booth_turn(booth, 0);
    cr_assert(eq(u32, booth->asked_count, 0));
}

Test(bybit_venue_down, nothing_new_leaves_before_the_clock_is_measured_anew)
{
    struct bybit_clock *clock = &booth->bybit->session.clock;

    clock->is_old = true;
    clock->due_ns = 0;
    booth_send(booth, booth_new(1, 1000, 10));
    booth_expect(booth, REPORT_VENUE_REJECT, 1);
    for (int sample = 0; sample < 5; sample++) {
        char result[64];

        cr_assert(bybit_not_ready(booth->bybit, 0) != NULL);
        snprintf(result, sizeof result, "{\"timeNano\":\"%lld\"}",
                 (long long)booth->bybit->real_ns);
        booth_answer(booth, "/v5/market/time", result);
    }
    cr_assert(bybit_not_ready(booth->bybit, 0) == NULL);
    booth_turn(booth, 10 * SECOND_NS);
    booth_answer(booth, "/v5/market/time", "{}");
}

static bool position(const char *seq, const char *size)
{
    char text[512];

    snprintf(text, sizeof text,
             "{\"topic\":\"position\",\"data\":[{\"category\":\"linear\",\"symbol\":\"BTCUSDT\","
             "\"side\":\"Buy\",\"size\":\"%s\",\"positionIdx\":0,\"seq\":%s}]}",
             size, seq);
    return booth_stream(booth, text);
}

Test(bybit_venue_down, a_sequence_of_the_far_future_mutes_nothing)
{
    int64_t(*sides)[BYBIT_SIDES] = booth->bybit->reports.side_lots;

    cr_assert(not(position("9000000000000000000", "0.002")));
    cr_assert(position("10", "0.004"));
    cr_assert(eq(i64, sides[0][0], 2));
    cr_assert(position("9000000000000000", "0.006")); /* far, and none that could not be */
    bybit_reconcile_restart(booth->bybit);
    booth->bybit->reconcile.due_ns = 0;
    booth_turn(booth, 0);
    cr_assert(position("11", "0.008"));
    cr_assert(eq(i64, sides[0][0], 4));
}

/* More rows than the engine's ring and the outbox have room for. */
Test(bybit_venue_down, no_row_of_a_page_is_lost)
{
    enum { ROWS = 12000 };
    char *page = malloc(ROWS * 320 + 64);
    int length = sprintf(page, "{\"retCode\":0,\"retMsg\":\"\",\"result\":{\"list\":[");
    uint32_t seen = 0;
    size_t at;
    struct booth_asked asked;

    for (int n = 0; n < ROWS; n++)
        length += sprintf(page + length,
                          "%s{\"symbol\":\"BTCUSDT\",\"orderId\":\"o-%d\",\"orderLinkId\":\"\","
                          "\"side\":\"Buy\",\"execId\":\"x-%d\",\"execPrice\":\"500\",\"execQty\":"
                          "\"0.002\",\"execFee\":\"0\",\"isMaker\":true,\"execType\":\"Trade\","
                          "\"execTime\":\"4700000000123\"}",
                          n ? "," : "", n, n);
    length += sprintf(page + length, "],\"nextPageCursor\":\"\"}}");
    bybit_reconcile_restart(booth->bybit);
    booth->bybit->reconcile.due_ns = 0;
    booth_turn(booth, 0);
    booth_answer(booth, "/v5/order/realtime", EMPTY);
    booth_answer(booth, "/v5/order/realtime", EMPTY);
    asked = booth->asked[0];
    booth->asked_count--;
    asked.done(asked.ctx, &(struct net_answer){.http_status = 200,
                                               .body = page,
                                               .length = (size_t)length,
                                               .limit = -1,
                                               .limit_left = -1,
                                               .limit_reset_ms = -1,
                                               .retry_after_s = -1,
                                               .text = ""});
    for (int turn = 0; turn < 200; turn++) {
        while (ring_peek(&booth->executions, &at)) {
            ring_release(&booth->executions);
            seen++;
        }
        booth_turn(booth, MS_NS);
    }
    cr_assert(eq(u32, seen, ROWS));
    cr_assert(eq(u32, booth->stops, 0));
    free(page);
}
