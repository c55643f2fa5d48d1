/* A venue that says what cannot be. */
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

TestSuite(bybit_hostile, .init = open_booth, .fini = close_booth);

/* It would make every later row an older one. */
Test(bybit_hostile, a_row_of_the_far_future_is_refused)
{
    const char *row =
        "{\"topic\":\"order\",\"data\":[{\"symbol\":\"BTCUSDT\",\"orderId\":\"v-1\","
        "\"orderLinkId\":\"%s\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"price\":\"500\","
        "\"qty\":\"0.020\",\"cumExecQty\":\"0\",\"orderStatus\":\"New\","
        "\"updatedTime\":\"9223372036854775807\"}]}";
    char link[ORDER_ID_TEXT_MAX];
    char text[1024];

    booth_place(booth, 1);
    order_id_print(link, BOOTH_FIRST + 1);
    snprintf(text, sizeof text, row, link);
    cr_assert(not(booth_stream(booth, text)));
    booth_order(booth, 1, "Cancelled", "500", "0.020", "0", 2, "");
    booth_expect(booth, REPORT_VENUE_CANCEL, 1);
}

static void stranger(const char *symbol, const char *side)
{
    char link[ORDER_ID_TEXT_MAX];
    char text[1024];

    order_id_print(link, BOOTH_FIRST + 1);
    snprintf(text, sizeof text,
             "{\"topic\":\"execution\",\"data\":[{\"symbol\":\"%s\",\"orderId\":\"v-1\","
             "\"orderLinkId\":\"%s\",\"side\":\"%s\",\"execId\":\"%s%s\",\"execPrice\":\"20\","
             "\"execQty\":\"0.006\",\"execFee\":\"0\",\"isMaker\":true,\"execType\":\"Trade\","
             "\"execTime\":\"1700000000123\"}]}",
             symbol, link, side, symbol, side);
    cr_assert(booth_stream(booth, text));
}

Test(bybit_hostile, a_fill_of_another_instrument_or_side_is_no_fill_of_the_order)
{
    struct execution fill;

    booth_place(booth, 1);
    stranger("ETHUSDT", "Buy");
    fill = booth_next(booth);
    cr_assert(eq(int, fill.instrument, 1));
    cr_assert(ne(u64, fill.order_id, BOOTH_FIRST + 1));
    stranger("BTCUSDT", "Sell");
    fill = booth_next(booth);
    cr_assert(eq(int, fill.side, SIDE_SELL));
    cr_assert(ne(u64, fill.order_id, BOOTH_FIRST + 1));
    cr_assert(eq(i64, bybit_known_find(&booth->bybit->known, BOOTH_FIRST + 1)->filled_lots, 0));
    cr_assert(booth->bybit->reconcile.is_wanted);
}

Test(bybit_hostile, a_time_that_does_not_fit_refuses_the_row)
{
    cr_assert(not(booth_stream(
        booth,
        "{\"topic\":\"execution\",\"data\":[{\"symbol\":\"BTCUSDT\",\"orderId\":\"v\",\"side\":"
        "\"Buy\",\"execId\":\"e\",\"execPrice\":\"500\",\"execQty\":\"0.006\",\"execFee\":\"0\","
        "\"isMaker\":true,\"execType\":\"Trade\",\"execTime\":\"9223372036854775807\"}]}")));
    booth_expect_nothing(booth);
}

Test(bybit_hostile, a_row_of_another_instrument_than_its_order_is_refused)
{
    char link[ORDER_ID_TEXT_MAX];
    char text[1024];

    booth_place(booth, 1);
    order_id_print(link, BOOTH_FIRST + 1);
    snprintf(text, sizeof text,
             "{\"topic\":\"order\",\"data\":[{\"symbol\":\"ETHUSDT\",\"orderId\":\"v-1\","
             "\"orderLinkId\":\"%s\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"price\":\"5\","
             "\"qty\":\"0.020\",\"cumExecQty\":\"0\",\"orderStatus\":\"Cancelled\","
             "\"updatedTime\":\"3\"}]}",
             link);
    cr_assert(not(booth_stream(booth, text)));
    booth_expect_nothing(booth);
}

/* It would end the path of a request, or the text of an order. */
Test(bybit_hostile, an_id_of_the_venue_that_is_not_plain_is_not_used)
{
    cr_assert(booth_stream(
        booth, "{\"topic\":\"order\",\"data\":[{\"symbol\":\"BTCUSDT\","
               "\"orderId\":\"a\\\"}&b\\r\\n\",\"orderLinkId\":\"\",\"side\":\"Buy\","
               "\"orderType\":\"Limit\",\"price\":\"500\",\"qty\":\"0.020\","
               "\"cumExecQty\":\"0\",\"orderStatus\":\"New\",\"updatedTime\":\"3\"}]}"));
    cr_assert(eq(int, booth_next(booth).report, REPORT_FOREIGN));
    cr_assert(eq(str, booth->bybit->known.row[0].venue_id, ""));
}
