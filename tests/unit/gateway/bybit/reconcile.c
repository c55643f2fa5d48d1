/* What is read of the account, and when orders may leave. */
#include "unit/gateway/bybit/booth.h"

#include "thread/clock.h"

#include <stdio.h>
#include <string.h>

static struct booth *booth;

static void open_booth(void)
{
    booth = booth_open(false);
    bybit_reconcile_restart(booth->bybit);
}

static void close_booth(void)
{
    booth_close(booth);
}

TestSuite(bybit_reconcile, .init = open_booth, .fini = close_booth);

#define OPEN "/v5/order/realtime?category=linear&symbol="
#define EMPTY "{\"list\":[],\"nextPageCursor\":\"\"}"

static void read_rest(void)
{
    booth_answer(booth, OPEN "ETHUSDT&limit=50", EMPTY);
    booth_answer(booth, "/v5/execution/list?category=linear&startTime=", EMPTY);
    booth_answer(booth, "/v5/position/list?category=linear&symbol=BTCUSDT", EMPTY);
    booth_answer(booth, "/v5/position/list?category=linear&symbol=ETHUSDT",
                 "{\"list\":[{\"symbol\":\"ETHUSDT\",\"side\":\"Sell\",\"size\":\"0.004\","
                 "\"positionIdx\":0}]}");
}

static void expect_positions(void)
{
    struct execution said = booth_next(booth);

    cr_assert(eq(int, said.report, REPORT_POSITION));
    cr_assert(eq(i64, said.qty_lots, 0));
    said = booth_next(booth);
    cr_assert(eq(int, said.instrument, 1));
    cr_assert(eq(i64, said.qty_lots, -2));
}

Test(bybit_reconcile, the_whole_account_and_then_orders_may_leave)
{
    booth_turn(booth, 0);
    cr_assert(bybit_not_ready(booth->bybit, 0) != NULL);
    booth_answer(booth, OPEN "BTCUSDT&limit=50", EMPTY);
    read_rest();
    expect_positions();
    booth_turn(booth, 0);
    cr_assert(bybit_not_ready(booth->bybit, 0) == NULL);
    cr_assert(eq(u32, booth->asked_count, 0));
}

Test(bybit_reconcile, pages_are_read_to_the_last)
{
    booth_turn(booth, 0);
    booth_answer(booth, OPEN "BTCUSDT&limit=50",
                 "{\"list\":[{\"symbol\":\"BTCUSDT\",\"orderId\":\"t1\",\"orderLinkId\":\"\","
                 "\"side\":\"Buy\",\"orderType\":\"Limit\",\"price\":\"500\",\"qty\":\"0.02\","
                 "\"cumExecQty\":\"0\",\"orderStatus\":\"New\",\"updatedTime\":\"9\"}],"
                 "\"nextPageCursor\":\"x%3D1\"}");
    cr_assert(eq(int, booth_next(booth).report, REPORT_FOREIGN));
    booth_answer(booth, OPEN "BTCUSDT&limit=50&cursor=x%3D1", EMPTY);
    read_rest();
    expect_positions();
}

Test(bybit_reconcile, pages_that_do_not_end_are_given_up)
{
    const char *page = "{\"list\":[{\"symbol\":\"DOGEUSDT\"}],\"nextPageCursor\":\"again\"}";

    booth_turn(booth, 0);
    for (uint32_t pages = 0; pages <= BYBIT_PAGES_MAX; pages++) {
        if (booth->asked_count == 0)
            booth_turn(booth, SECOND_NS); /* the budget of requests is used up */
        cr_assert(eq(u32, booth->asked_count, 1), "after %u pages", pages);
        booth_answer(booth, OPEN "BTCUSDT&limit=50", page);
    }
    cr_assert(eq(u32, booth->asked_count, 0));
    cr_assert(bybit_not_ready(booth->bybit, 0) != NULL);
    booth_turn(booth, 2 * SECOND_NS);
    cr_assert(eq(u32, booth->asked_count, 1));
}

Test(bybit_reconcile, one_that_fails_begins_anew)
{
    booth_turn(booth, 0);
    booth_answer_code(booth, 500, 0, "{}");
    booth_turn(booth, 0);
    cr_assert(eq(u32, booth->asked_count, 0));
    booth_turn(booth, SECOND_NS);
    booth_answer(booth, OPEN "BTCUSDT&limit=50", EMPTY);
    read_rest();
    booth_turn(booth, 0);
    cr_assert(bybit_not_ready(booth->bybit, 0) == NULL);
}

Test(bybit_reconcile, an_order_that_should_rest_and_does_not_is_asked_about)
{
    booth->bybit->reconcile.is_done = true;
    booth->bybit->reconcile.is_wanted = false;
    booth_send(booth, booth_new(1, 1000, 10));
    booth_order(booth, 1, "New", "500", "0.020", "0", 1, "");
    booth_expect(booth, REPORT_VENUE_ACK, 1);
    booth->bybit->reconcile.is_wanted = true;
    booth_turn(booth, 1);
    booth_send(booth, booth_new(2, 1000, 10)); /* younger than what is being read */
    booth_answer(booth, OPEN "BTCUSDT&limit=50", EMPTY);
    read_rest();
    expect_positions();
    booth_turn(booth, 0);
    booth_turn(booth, 0);
    cr_assert(eq(u32, booth->asked_count, 1));
    booth_answer(booth, OPEN "BTCUSDT&orderId=v-1", EMPTY);
    booth_answer(booth, "/v5/order/history", EMPTY);
    booth_expect(booth, REPORT_TIMEOUT, 1);
    booth_expect_nothing(booth);
}

Test(bybit_reconcile, executions_of_before_the_start_are_news_only_when_somebody_says_so)
{
    char link[ORDER_ID_TEXT_MAX];
    char result[1024];
    json_t *row;

    for (int round = 0; round < 2; round++) {
        booth->carried = round == 0 ? 0 : BOOTH_FIRST + 5;
        order_id_print(link, BOOTH_FIRST + 5);
        snprintf(result, sizeof result,
                 "{\"symbol\":\"BTCUSDT\",\"orderId\":\"v-5\",\"orderLinkId\":\"%s\","
                 "\"side\":\"Buy\",\"execId\":\"e%d\",\"execPrice\":\"500\",\"execQty\":\"0.006\","
                 "\"execFee\":\"0.1\",\"isMaker\":true,\"execType\":\"Trade\","
                 "\"execTime\":\"1700000000123\"}",
                 link, round);
        row = json_loads(result, 0, NULL);
        cr_assert(bybit_take_execution(booth->bybit, row, true, 1));
        json_decref(row);
        if (round == 0)
            booth_expect_nothing(booth);
    }
    cr_assert(eq(int, booth_next(booth).strategy, 2));
}

/* ---- instruments ------------------------------------------------------------------------ */

#define ROW(base)                                                                                  \
    "{\"symbol\":\"" base "USDT\",\"status\":\"%s\",\"baseCoin\":\"" base "\","                    \
    "\"priceFilter\":{\"tickSize\":\"%s\"},\"lotSizeFilter\":{\"qtyStep\":\"%s\","                 \
    "\"basePrecision\":\"%s\"}}"

/* As a venue answers that gives more than it was asked for. */
static const char *instrument(const char *tick, const char *lot, const char *status)
{
    static char text[1024];

    snprintf(
        text, sizeof text,
        "{\"list\":[{\"symbol\":\"OTHER\",\"status\":\"Closed\"}," ROW("BTC") "," ROW("ETH") "]}",
        status, tick, lot, lot, status, tick, lot, lot);
    return text;
}
#undef ROW

#define FEE(name)                                                                                  \
    "{\"symbol\":\"" name "\",\"takerFeeRate\":\"0.00055\",\"makerFeeRate\":\"0.0002\"}"
#define FEES "{\"list\":[" FEE("BTCUSDT") "," FEE("ETHUSDT") "]}"

static void begin_reference(void)
{
    booth->bybit->reconcile.is_wanted = false;
    booth->bybit->reconcile.is_done = true;
    booth->bybit->reference.is_fine[0] = booth->bybit->reference.is_fine[1] = false;
    booth->bybit->reference.due_ns = 0;
}

static void compare(const char *first)
{
    booth_turn(booth, 0);
    booth_answer(booth, "/v5/market/instruments-info?category=linear&symbol=BTCUSDT", first);
    booth_turn(booth, 0);
    booth_answer(booth, "/v5/account/fee-rate?category=linear&symbol=BTCUSDT", FEES);
    booth_turn(booth, 0);
    booth_answer(booth, "/v5/market/instruments-info", instrument("0.5", "0.002", "Trading"));
    booth_turn(booth, 0);
    booth_answer(booth, "/v5/account/fee-rate", FEES);
    booth_turn(booth, 0);
}

Test(bybit_reconcile, an_instrument_as_configured_is_traded)
{
    begin_reference();
    compare(instrument("0.50", "0.002", "Trading"));
    cr_assert(bybit_not_ready(booth->bybit, 0) == NULL);
    cr_assert(eq(str, booth->bybit->symbol[0].base_coin, "BTC"));
    cr_assert(eq(u32, booth->stops, 0));
}

Test(bybit_reconcile, one_that_differs_at_the_start_is_not)
{
    begin_reference();
    compare(instrument("0.1", "0.002", "Trading"));
    cr_assert(bybit_not_ready(booth->bybit, 0) != NULL);
    cr_assert(bybit_not_ready(booth->bybit, 1) == NULL);
    cr_assert(eq(u32, booth->stops, 0));
}

static void check_change(const char *row, const char *says)
{
    char changed[1024];

    strcpy(changed, row);
    begin_reference();
    compare(instrument("0.5", "0.002", "Trading"));
    booth->bybit->reference.due_ns = 0;
    compare(changed);
    booth->bybit->reference.due_ns = 0;
    compare(changed);
    cr_assert(eq(u32, booth->stops, 1));
    cr_assert(eq(u16, booth->stop_scope, 6));
    cr_assert(strstr(booth->stop_says, says) != NULL, "%s", booth->stop_says);
    cr_assert(bybit_not_ready(booth->bybit, 0) != NULL);
}

Test(bybit_reconcile, a_tick_that_changes_stops_the_instrument_once)
{
    check_change(instrument("0.10", "0.002", "Trading"),
                 "tick is 0.10 at the venue and 0.5 in the configuration");
}

Test(bybit_reconcile, a_lot_that_changes_stops_the_instrument_once)
{
    check_change(instrument("0.5", "0.001", "Trading"), "lot is 0.001");
}

Test(bybit_reconcile, a_halt_stops_the_instrument_once)
{
    check_change(instrument("0.5", "0.002", "Closed"), "status is Closed");
}

/* ---- clock and DCP ---------------------------------------------------------------------- */

static void measure(int64_t ahead_ns)
{
    char result[96];

    booth->bybit->session.clock.due_ns = 0;
    booth_turn(booth, 0);
    for (int sample = 0; sample < 5; sample++) {
        booth->bybit->real_ns = clock_real_ns();
        snprintf(result, sizeof result, "{\"timeSecond\":\"1\",\"timeNano\":\"%lld\"}",
                 (long long)(clock_real_ns() + ahead_ns));
        booth_answer(booth, "/v5/market/time", result);
    }
}

Test(bybit_reconcile, an_instrument_that_the_answer_does_not_name_is_not_traded)
{
    begin_reference();
    compare("{\"list\":[{\"symbol\":\"BTCPERP\",\"status\":\"Trading\",\"priceFilter\":{"
            "\"tickSize\":\"0.5\"},\"lotSizeFilter\":{\"qtyStep\":\"0.002\"}}]}");
    cr_assert(bybit_not_ready(booth->bybit, 0) != NULL);
    cr_assert(bybit_not_ready(booth->bybit, 1) == NULL);
}

Test(bybit_reconcile, a_clock_that_is_off_stops_new_orders_until_it_is_right)
{
    begin_reference();
    booth->bybit->reference.is_fine[0] = true;
    booth->bybit->reference.due_ns = INT64_MAX;
    measure(300 * MS_NS);
    cr_assert(eq(str, (char *)bybit_not_ready(booth->bybit, 0), "our clock is off"));
    measure(-200 * MS_NS);
    cr_assert(bybit_not_ready(booth->bybit, 0) == NULL);
    cr_assert(lt(i64, atomic_load(&booth->bybit->base.clock_offset_ns), -190 * MS_NS));
    cr_assert(gt(i64, atomic_load(&booth->bybit->base.clock_offset_ns), -210 * MS_NS));
}

static void read_dcp(const char *window)
{
    char result[160];

    snprintf(result, sizeof result,
             "{\"dcpInfos\":[{\"product\":\"SPOT\",\"dcpStatus\":\"ON\",\"timeWindow\":\"10\"},"
             "{\"product\":\"DERIVATIVES\",\"dcpStatus\":\"ON\",\"timeWindow\":\"%s\"}]}",
             window);
    booth_answer(booth, "/v5/account/query-dcp-info", result);
}

Test(bybit_reconcile, dcp_must_read_back_for_our_product)
{
    begin_reference();
    booth->bybit->reference.is_fine[0] = true;
    booth->bybit->reference.due_ns = INT64_MAX;
    bybit_dcp_restart(booth->bybit);
    booth_turn(booth, 0);
    read_dcp("40");
    cr_assert(eq(str, booth->asked[0].body, "{\"product\":\"DERIVATIVES\",\"timeWindow\":10}"));
    booth_answer(booth, "/v5/order/disconnected-cancel-all", "{}");
    read_dcp("40");
    cr_assert(
        eq(str, (char *)bybit_not_ready(booth->bybit, 0), "disconnect-cancel-all is not set"));
    booth_turn(booth, 2 * SECOND_NS); /* it takes its time, and is not set again */
    read_dcp("10");
    cr_assert(bybit_not_ready(booth->bybit, 0) == NULL);
}

/* ---- bans ------------------------------------------------------------------------------- */

Test(bybit_reconcile, a_ban_is_respected_to_its_end)
{
    booth_turn(booth, 0);
    booth_answer_code(booth, 403, 0, "{}");
    cr_assert(ne(i64, atomic_load(&booth->bybit->base.banned_until_ns), 0));
    booth_turn(booth, 599 * SECOND_NS);
    cr_assert(eq(u32, booth->asked_count, 0));
    booth_turn(booth, 2 * SECOND_NS);
    cr_assert(eq(u32, booth->asked_count, 1));
}
