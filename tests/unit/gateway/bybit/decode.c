/* What the decoder says of frames written by hand: the usual ones, and everything wrong. */
#include "decode_case.h"

#include <stdio.h>

static void expect_level(uint32_t at, int64_t price, int64_t lots)
{
    cr_assert_eq(decoded.levels[at].price_ticks, price);
    cr_assert_eq(decoded.levels[at].qty_lots, lots);
}

static void expect_text(struct scan_text text, const char *wanted)
{
    cr_assert_eq(text.length, strlen(wanted));
    cr_assert_arr_eq(text.at, wanted, text.length);
}

static void expect_usual_delta(void)
{
    cr_assert_eq(decoded.frame.kind, BYBIT_DELTA);
    cr_assert_eq(decoded.frame.depth, 50);
    cr_assert_eq(decoded.frame.instrument, 3);
    cr_assert_eq(decoded.frame.ts_ms, 1687940967466);
    cr_assert_eq(decoded.frame.cts_ms, 1687940967464);
    cr_assert_eq(decoded.frame.u, 177400507);
    cr_assert_eq(decoded.frame.seq, 66544703342);
    cr_assert_eq(decoded.frame.bid_count, 2);
    cr_assert_eq(decoded.frame.ask_count, 1);
    expect_text(decoded.frame.topic, "orderbook.50.BTCUSDT");
    expect_text(decoded.frame.symbol, "BTCUSDT");
    expect_level(0, 3024720, 30028);
    expect_level(1, 3024000, 0);
    expect_level(2, 3024870, 1000);
}

Test(bybit_decode, a_delta_in_the_order_of_linear_and_of_spot)
{
    cr_assert_eq(decode_text("{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"delta\",\"ts\":"
                             "1687940967466,\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"30247.20\","
                             "\"30.028\"],[\"30240.00\",\"0\"]],\"a\":[[\"30248.7\",\"1\"]],"
                             "\"u\":177400507,\"seq\":66544703342},\"cts\":1687940967464}"),
                 BYBIT_FINE);
    expect_usual_delta();
    cr_assert_eq(decode_text("{\"topic\":\"orderbook.50.BTCUSDT\",\"ts\":1687940967466,\"type\":"
                             "\"delta\",\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"30247.2\",\"30.028\"]"
                             ",[\"30240\",\"0\"]],\"a\":[[\"30248.70000000\",\"1.000\"]],"
                             "\"u\":177400507,\"seq\":66544703342},\"cts\":1687940967464}"),
                 BYBIT_FINE);
    expect_usual_delta();
}

Test(bybit_decode, a_delta_in_any_order_with_blanks_and_unknown_keys)
{
    cr_assert_eq(
        decode_text("{ \"cts\" : 1687940967464,\"x\":{\"y\":[1.5e3,null,true,\"\\u00e9\\n\xc3\xa9"
                    "\"]},\"data\":{\"seq\":66544703342,\"u\":177400507,\n\t\"a\":[ [ \"30248.7\" ,"
                    " \"1\" , [] ] ],\"b\":[[\"30247.2\",\"30.028\"],[\"30240\",\"0\"]],\"s\":"
                    "\"BTCUSDT\"},\"type\":\"delta\",\"ts\":1687940967466,\"topic\":"
                    "\"orderbook.50.BTCUSDT\"} "),
        BYBIT_FINE);
    expect_usual_delta();
}

Test(bybit_decode, a_snapshot_of_a_depth_and_without_a_matching_time)
{
    cr_assert_eq(decode_text("{\"topic\":\"orderbook.1000.ETHUSDT\",\"type\":\"snapshot\",\"ts\":5,"
                             "\"data\":{\"s\":\"ETHUSDT\",\"b\":[],\"a\":[],\"u\":1,\"seq\":2}}"),
                 BYBIT_FINE);
    cr_assert_eq(decoded.frame.kind, BYBIT_SNAPSHOT);
    cr_assert_eq(decoded.frame.depth, 1000);
    cr_assert_eq(decoded.frame.cts_ms, 0);
    cr_assert_eq(decode_text("{\"topic\":\"orderbook.500.ETHUSDT\",\"type\":\"snapshot\",\"ts\":5,"
                             "\"data\":{\"s\":\"ETHUSDT\",\"b\":[],\"a\":[],\"u\":1,\"seq\":2}}"),
                 BYBIT_FINE);
    cr_assert_eq(decoded.frame.depth, 500);
}

static void expect_two_trades(void)
{
    const struct bybit_trade *trade = decoded.trades;

    cr_assert_eq(decoded.frame.kind, BYBIT_TRADES);
    cr_assert_eq(decoded.frame.trade_count, 2);
    cr_assert_eq(trade[0].price_ticks, 1657850);
    cr_assert_eq(trade[0].qty_lots, 1);
    cr_assert_eq(trade[0].time_ms, 1672304486865);
    cr_assert_not(trade[0].buyer_is_maker); /* the aggressor bought */
    cr_assert(trade[1].buyer_is_maker);
    cr_assert_eq(trade[1].id, 2290000000050703789);
}

Test(bybit_decode, trades_of_linear_and_of_spot)
{
    cr_assert_eq(
        decode_text("{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1672304486868,"
                    "\"data\":[{\"T\":1672304486865,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.001\""
                    ",\"p\":\"16578.50\",\"L\":\"PlusTick\",\"i\":\"20f43950-d8dd-5b31-9112-"
                    "a178eb6023af\",\"BT\":false,\"RPI\":true,\"seq\":1783284617},{\"T\":1,\"s\":"
                    "\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"1\",\"p\":\"5\",\"L\":\"ZeroMinusTick\","
                    "\"i\":\"2290000000050703789\",\"BT\":false}]}"),
        BYBIT_FINE);
    expect_two_trades();
    cr_assert_eq(
        decode_text("{\"topic\":\"publicTrade.BTCUSDT\",\"ts\":1672304486868,\"type\":\"snapshot\","
                    "\"data\":[{\"i\":\"20f43950-d8dd\",\"T\":1672304486865,\"p\":\"16578.5\","
                    "\"v\":\"0.001\",\"S\":\"Buy\",\"s\":\"BTCUSDT\",\"BT\":false,\"RPI\":false},"
                    "{\"i\":\"2290000000050703789\",\"T\":1,\"p\":\"5\",\"v\":\"1\",\"S\":\"Sell\","
                    "\"s\":\"BTCUSDT\",\"BT\":true,\"mP\":\"1\",\"mIv\":\"2\"}]}"),
        BYBIT_FINE);
    expect_two_trades();
}

Test(bybit_decode, ids_of_trades_differ_and_are_never_negative)
{
    struct scan_text a = {"20f43950-d8dd-5b31-9112-a178eb6023af", 36};
    struct scan_text b = {"20f43950-d8dd-5b31-9112-a178eb6023ae", 36};
    struct scan_text large = {"99999999999999999999", 20};

    cr_assert_neq(bybit_trade_id(a), bybit_trade_id(b));
    cr_assert_leq(bybit_trade_id(a), (uint64_t)INT64_MAX);
    cr_assert_leq(bybit_trade_id(large), (uint64_t)INT64_MAX);
    cr_assert_eq(bybit_trade_id((struct scan_text){"9223372036854775807", 19}), INT64_MAX);
}

Test(bybit_decode, a_ticker_whole)
{
    cr_assert_eq(
        decode_text("{\"topic\":\"tickers.BTCUSDT\",\"type\":\"snapshot\",\"data\":{\"symbol\":"
                    "\"BTCUSDT\",\"lastPrice\":\"17216.00\",\"markPrice\":\"17217.33\","
                    "\"indexPrice\":\"17227.36000001\",\"nextFundingTime\":\"1673280000000\","
                    "\"fundingRate\":\"-0.000212\",\"bid1Price\":\"17215.50\",\"bid1Size\":"
                    "\"84.489\",\"ask1Price\":\"17216.00\",\"ask1Size\":\"83.02\"},\"cs\":1,"
                    "\"ts\":1673272861686}"),
        BYBIT_FINE);
    cr_assert_eq(decoded.frame.kind, BYBIT_TICKER);
    cr_assert_eq(decoded.frame.has, 127);
    cr_assert_not(decoded.frame.is_delta);
    cr_assert_eq(decoded.frame.last_e8, 1721600000000);
    cr_assert_eq(decoded.frame.mark_e8, 1721733000000);
    cr_assert_eq(decoded.frame.index_e8, 1722736000001);
    cr_assert_eq(decoded.frame.funding_rate_e8, -21200);
    cr_assert_eq(decoded.frame.next_funding_ms, 1673280000000);
    expect_level(0, 1721550, 84489);
    expect_level(1, 1721600, 83020);
}

#define TICKER_DELTA(fields)                                                                       \
    "{\"topic\":\"tickers.A\",\"type\":\"delta\",\"data\":{\"symbol\":\"A\"" fields "},\"ts\":2}"

Test(bybit_decode, a_ticker_of_what_has_changed)
{
    cr_assert_eq(decode_text(TICKER_DELTA(",\"ask1Price\":\"5\",\"ask1Size\":\"1\"")), BYBIT_FINE);
    cr_assert(decoded.frame.is_delta);
    cr_assert_eq(decoded.frame.has, BYBIT_HAS_ASK);
    cr_assert_eq(decoded.frame.bid_count, 0);
    expect_level(0, 500, 1000);
    /* a side that went empty; rates that a dated future does not have; half a level is no level */
    cr_assert_eq(decode_text(TICKER_DELTA(",\"bid1Price\":\"\",\"bid1Size\":\"0\",\"fundingRate\":"
                                          "\"\",\"nextFundingTime\":\"\",\"ask1Size\":\"5\"")),
                 BYBIT_FINE);
    cr_assert_eq(decoded.frame.has, BYBIT_HAS_BID);
    cr_assert_eq(decoded.frame.ask_count, 0);
    expect_level(0, 0, 0);
}

Test(bybit_decode, values_of_tickers_are_exact_or_refused)
{
    static const struct {
        const char *text;
        enum bybit_reason reason;
    } rows[] = {
        {TICKER_DELTA(",\"markPrice\":\"1.123456789\""), BYBIT_NOT_VALUE},
        {TICKER_DELTA(",\"markPrice\":\"1.1234567800\""), BYBIT_FINE},
        {TICKER_DELTA(",\"markPrice\":\"-1\""), BYBIT_NEGATIVE},
        {TICKER_DELTA(",\"markPrice\":\"NaN\""), BYBIT_NOT_VALUE},
        {TICKER_DELTA(",\"markPrice\":null"), BYBIT_NOT_VALUE},
        {TICKER_DELTA(",\"markPrice\":1e400"), BYBIT_NOT_VALUE},
        {TICKER_DELTA(",\"markPrice\":\"9999999999999999999999999999999999999999\""),
         BYBIT_TOO_LARGE},
        {TICKER_DELTA(",\"fundingRate\":\"--1\""), BYBIT_NEGATIVE},
        {TICKER_DELTA(",\"fundingRate\":\"-\""), BYBIT_NOT_VALUE},
        {TICKER_DELTA(",\"nextFundingTime\":\"1e3\""), BYBIT_NOT_COUNT},
        {TICKER_DELTA(",\"bid1Price\":\"0\",\"bid1Size\":\"1\""), BYBIT_NOT_PRICE},
        {TICKER_DELTA(",\"bid1Price\":\"0.001\",\"bid1Size\":\"1\""), BYBIT_OFF_TICK},
        {TICKER_DELTA(",\"markPrice\":\"1\",\"markPrice\":\"2\""), BYBIT_TWICE},
        {"{\"topic\":\"tickers.A\",\"type\":\"delta\",\"data\":{\"symbol\":\"B\"},\"ts\":2}",
         BYBIT_FOREIGN},
        {"{\"topic\":\"tickers.A\",\"type\":\"delta\",\"data\":{},\"ts\":2}", BYBIT_MISSING},
        {"{\"topic\":\"tickers.A\",\"data\":{\"symbol\":\"A\"},\"ts\":2}", BYBIT_MISSING},
        {"{\"topic\":\"tickers.A\",\"type\":\"delta\",\"data\":{\"symbol\":\"A\"}}", BYBIT_MISSING},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_eq(decode_text(rows[i].text), rows[i].reason, "%s: %s", rows[i].text,
                     bybit_reason_says(decoded.reason));
}

Test(bybit_decode, replies_and_what_is_of_no_interest)
{
    static const struct {
        const char *text;
        enum bybit_kind kind;
    } rows[] = {
        {"{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"0f2e\",\"req_id\":\"5\",\"op\":"
         "\"ping\"}",
         BYBIT_REPLY},
        {"{\"op\":\"pong\",\"args\":[\"1700000000000\"],\"conn_id\":\"x\"}", BYBIT_REPLY},
        {"{\"req_id\":1,\"success\":false,\"ret_msg\":\"error\",\"data\":{\"b\":1}}", BYBIT_REPLY},
        {"{}", BYBIT_OTHER},
        {"{\"topic\":\"kline.5.BTCUSDT\",\"data\":[{\"start\":1}],\"ts\":1}", BYBIT_OTHER},
        {"{\"topic\":\"orderbook.50.!A\",\"type\":\"delta\",\"ts\":1,\"data\":{\"s\":\"!A\",\"b\":"
         "[],\"a\":[],\"u\":5,\"seq\":6}}",
         BYBIT_OTHER},
        {"{\"topic\":\"orderbook.x.A\"}", BYBIT_OTHER},
        {"{\"topic\":\"orderbook.50.\"}", BYBIT_OTHER},
        {"{\"topic\":\"tickers.\"}", BYBIT_OTHER},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(decode_text(rows[i].text), BYBIT_FINE, "%s", rows[i].text);
        cr_assert_eq(decoded.frame.kind, rows[i].kind, "%s", rows[i].text);
    }
}

#define DELTA(bids)                                                                                \
    "{\"topic\":\"orderbook.50.A\",\"type\":\"delta\",\"ts\":1,\"data\":{\"s\":\"A\",\"b\":[" bids \
    "],\"a\":[],\"u\":5,\"seq\":6},\"cts\":4}"

struct bad_level {
    const char *bids;
    enum bybit_reason reason;
};

static void expect_refused(const struct bad_level *rows, size_t count,
                           const struct bybit_grid *grid)
{
    for (size_t i = 0; i < count; i++) {
        char text[400];
        int length = snprintf(text, sizeof text, DELTA("%s"), rows[i].bids);

        cr_assert_eq(decode_bytes(text, (size_t)length, grid), rows[i].reason, "%s: %s",
                     rows[i].bids, bybit_reason_says(decoded.reason));
        cr_assert(decoded.reason == BYBIT_FINE || decoded.frame.kind == BYBIT_OTHER);
    }
}

Test(bybit_decode, bad_values_are_refused_with_their_reason)
{
    static const struct bad_level rows[] = {
        {"[\"-1.00\",\"1\"]", BYBIT_NEGATIVE},
        {"[\"1.00\",\"-1\"]", BYBIT_NEGATIVE},
        {"[\"0.00\",\"1\"]", BYBIT_NOT_PRICE},
        {"[\"0\",\"0\"]", BYBIT_NOT_PRICE},
        {"[\"NaN\",\"1\"]", BYBIT_NOT_PRICE},
        {"[\"1e400\",\"1\"]", BYBIT_NOT_PRICE},
        {"[1e400,\"1\"]", BYBIT_NOT_PRICE},
        {"[\"\",\"1\"]", BYBIT_NOT_PRICE},
        {"[\".5\",\"1\"]", BYBIT_NOT_PRICE},
        {"[\"5.\",\"1\"]", BYBIT_NOT_PRICE},
        {"[\"1.2.3\",\"1\"]", BYBIT_NOT_PRICE},
        {"[\"+1\",\"1\"]", BYBIT_NOT_PRICE},
        {"[\" 1\",\"1\"]", BYBIT_NOT_PRICE},
        {"[\"1\",\"Infinity\"]", BYBIT_NOT_SIZE},
        {"[\"1\",\"0x10\"]", BYBIT_NOT_SIZE},
        {"[\"1.001\",\"1\"]", BYBIT_OFF_TICK},
        {"[\"1.00\",\"0.0001\"]", BYBIT_OFF_LOT},
        {"[\"10000000.01\",\"1\"]", BYBIT_TOO_LARGE},
        {"[\"1\",\"1000000000.001\"]", BYBIT_TOO_LARGE},
        {"[\"9999999999999999999999999999999999999999\",\"1\"]", BYBIT_TOO_LARGE},
        {"[\"1\",\"9223372036854775808\"]", BYBIT_TOO_LARGE},
        {"[\"0000000000000000000000000000000000001.50\",\"1.000000000000000\"]", BYBIT_FINE},
        {"[\"1\"]", BYBIT_MISSING},
        {"[]", BYBIT_MISSING},
        {"\"1\"", BYBIT_MISSING},
        {"{\"price\":\"1\",\"size\":\"1\"}", BYBIT_MISSING},
        {"[\"1\",\"1\"],", BYBIT_BROKEN},
        {"[\"1\" \"1\"]", BYBIT_BROKEN},
        {"[null,\"1\"]", BYBIT_NOT_PRICE},
        {"[\"1\xff\",\"1\"]", BYBIT_NOT_UTF8},
    };

    expect_refused(rows, sizeof rows / sizeof rows[0], &decode_cents);
}

/* A tick of 0.5 and a lot of 10 have units of their own. */
Test(bybit_decode, coarse_ticks_are_exact_or_refused)
{
    static const struct bybit_grid halves = {
        .price_decimals = 1, .qty_decimals = 0, .tick_units = 5, .lot_units = 10, .instrument = 3};
    static const struct bad_level rows[] = {
        {"[\"100.3\",\"10\"]", BYBIT_OFF_TICK},
        {"[\"100.55\",\"10\"]", BYBIT_OFF_TICK},
        {"[\"0.1\",\"10\"]", BYBIT_OFF_TICK},
        {"[\"100.5\",\"15\"]", BYBIT_OFF_LOT},
        {"[\"100.5\",\"10.5\"]", BYBIT_OFF_LOT},
        {"[\"500000000.5\",\"10\"]", BYBIT_TOO_LARGE},
        {"[\"500000000.0\",\"10000000000000\"]", BYBIT_FINE},
        {"[\"100.50\",\"30\"],[\"101\",\"0\"]", BYBIT_FINE},
    };

    expect_refused(rows, sizeof rows / sizeof rows[0], &halves);
    expect_level(0, 201, 3);
    expect_level(1, 202, 0);
}

Test(bybit_decode, bad_frames_are_refused)
{
    static const struct {
        const char *text;
        enum bybit_reason reason;
    } rows[] = {
        {"", BYBIT_CUT},
        {"[]", BYBIT_BROKEN},
        {DELTA("") "x", BYBIT_BROKEN},
        {DELTA("") "}", BYBIT_BROKEN},
        {"{\"topic\":5}", BYBIT_MISSING},
        {"{\"x\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}", BYBIT_DEEP},
        {"{\"x\":\"\xc0\xaf\"}", BYBIT_NOT_UTF8},     /* overlong */
        {"{\"x\":\"\xed\xa0\x80\"}", BYBIT_NOT_UTF8}, /* a surrogate */
        {"{\"x\":\"\xf4\x90\x80\x80\"}", BYBIT_NOT_UTF8},
        {"{\"x\":\"\xe2\x82\"}", BYBIT_NOT_UTF8},
        {"{\"topic\":\"orderbook.50.A\",\"topic\":\"orderbook.50.A\"}", BYBIT_TWICE},
        {"{\"topic\":\"orderbook.50.A\",\"type\":\"delta\",\"ts\":1,\"data\":{\"s\":\"A\",\"b\":[],"
         "\"b\":[],\"a\":[],\"u\":5,\"seq\":6}}",
         BYBIT_TWICE},
        {"{\"topic\":\"orderbook.50.A\",\"type\":\"delta\",\"ts\":1,\"data\":{\"s\":\"B\",\"b\":[],"
         "\"a\":[],\"u\":5,\"seq\":6}}",
         BYBIT_FOREIGN},
        {"{\"topic\":\"orderbook.50.A\",\"type\":\"new\",\"ts\":1,\"data\":{\"s\":\"A\",\"b\":[],"
         "\"a\":[],\"u\":5,\"seq\":6}}",
         BYBIT_MISSING},
        {"{\"topic\":\"orderbook.50.A\",\"type\":\"delta\",\"ts\":1,\"data\":{\"s\":\"A\",\"b\":[],"
         "\"u\":5,\"seq\":6}}",
         BYBIT_MISSING},
        {"{\"topic\":\"orderbook.50.A\",\"type\":\"delta\",\"ts\":1,\"data\":{\"s\":\"A\",\"b\":[],"
         "\"a\":[],\"u\":99999999999999999999,\"seq\":6}}",
         BYBIT_NOT_COUNT},
        {"{\"topic\":\"orderbook.50.A\",\"type\":\"delta\",\"ts\":1,\"data\":{\"s\":\"A\",\"b\":[],"
         "\"a\":[],\"u\":05,\"seq\":6}}",
         BYBIT_BROKEN},
        {"{\"topic\":\"publicTrade.A\",\"type\":\"snapshot\",\"ts\":1,\"data\":[]}", BYBIT_MISSING},
        {"{\"topic\":\"publicTrade.A\",\"type\":\"snapshot\",\"ts\":1,\"data\":[5]}",
         BYBIT_MISSING},
        {"{\"topic\":\"publicTrade.A\",\"type\":\"snapshot\",\"ts\":1,\"data\":[{\"T\":1,\"s\":"
         "\"A\",\"S\":\"buy\",\"v\":\"1\",\"p\":\"1\",\"i\":\"1\"}]}",
         BYBIT_NOT_SIDE},
        {"{\"topic\":\"publicTrade.A\",\"type\":\"snapshot\",\"ts\":1,\"data\":[{\"T\":1,\"s\":"
         "\"A\",\"S\":\"Buy\",\"v\":\"0\",\"p\":\"1\",\"L\":\"x\",\"i\":\"1\"}]}",
         BYBIT_NOT_SIZE},
        {"{\"topic\":\"publicTrade.A\",\"type\":\"snapshot\",\"ts\":1,\"data\":[{\"T\":1,\"s\":"
         "\"B\",\"S\":\"Buy\",\"v\":\"1\",\"p\":\"1\",\"L\":\"x\",\"i\":\"1\"}]}",
         BYBIT_FOREIGN},
        {"{\"topic\":\"publicTrade.A\",\"type\":\"snapshot\",\"ts\":1,\"data\":[{\"T\":1,\"s\":"
         "\"A\",\"S\":\"Buy\",\"v\":\"1\",\"p\":\"1\",\"L\":\"x\"}]}",
         BYBIT_MISSING},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_eq(decode_text(rows[i].text), rows[i].reason, "%s: %s", rows[i].text,
                     bybit_reason_says(decoded.reason));
}

Test(bybit_decode, a_refusal_says_of_what)
{
    cr_assert_eq(decode_text(DELTA("[\"1.001\",\"1\"]")), BYBIT_OFF_TICK);
    expect_text(decoded.frame.topic, "orderbook.50.A");
    expect_text(decoded.frame.symbol, "A");
    expect_text(decoded.frame.wrong, "\"1.001\"");
    cr_assert_eq(decode_text("{\"topic\":\"orderbook.50.A\",\"x\":}"), BYBIT_BROKEN);
    expect_text(decoded.frame.topic, "orderbook.50.A");
    expect_text(decoded.frame.wrong, "}");
}

/* ---- large ones ---- */

static char *many(const char *head, const char *item, uint32_t count, const char *tail)
{
    char *text = malloc(strlen(head) + count * (strlen(item) + 1) + strlen(tail) + 1);
    char *at = stpcpy(text, head);

    for (uint32_t i = 0; i < count; i++) {
        at = stpcpy(at, i > 0 ? "," : "");
        at = stpcpy(at, item);
    }
    strcpy(at, tail);
    return text;
}

static enum bybit_reason decode_levels(uint32_t count)
{
    char *text = many("{\"topic\":\"orderbook.50.A\",\"type\":\"delta\",\"ts\":1,\"data\":{\"s\":"
                      "\"A\",\"b\":[",
                      "[\"1\",\"1\"]", count, "],\"a\":[],\"u\":5,\"seq\":6}}");
    enum bybit_reason reason = decode_text(text);

    free(text);
    return reason;
}

Test(bybit_decode, more_levels_than_fit_are_refused)
{
    cr_assert_eq(decode_levels(MAX_MARKET_LEVELS), BYBIT_FINE);
    cr_assert_eq(decoded.frame.bid_count, MAX_MARKET_LEVELS);
    cr_assert_eq(decode_levels(MAX_MARKET_LEVELS + 1), BYBIT_MANY);
    cr_assert_eq(decode_levels(65536), BYBIT_MANY); /* not 0 of 16 bits */
    cr_assert_eq(decode_levels(100000), BYBIT_MANY);
}

static const struct bybit_grid *find_cents(void *ctx, const char *symbol, uint32_t length)
{
    (void)ctx, (void)symbol, (void)length;
    return &decode_cents;
}

/* Counts have 16 bits: room for more does not make 70,000 levels 4,464. */
Test(bybit_decode, room_for_more_levels_than_can_be_counted)
{
    static struct level levels[100000];
    struct bybit_room room = {.find = find_cents, .levels = levels, .levels_max = 100000};

    cr_assert_eq(decode_levels(70000), BYBIT_MANY);
    cr_assert_eq(bybit_decode(decoded_text, strlen(decoded_text), &room, &decoded.frame),
                 BYBIT_MANY);
}

static enum bybit_reason decode_trades(uint32_t count)
{
    char *text =
        many("{\"topic\":\"publicTrade.A\",\"type\":\"snapshot\",\"ts\":1,\"data\":[",
             "{\"T\":1,\"s\":\"A\",\"S\":\"Buy\",\"v\":\"1\",\"p\":\"1\",\"L\":\"x\",\"i\":\"1\","
             "\"BT\":false}",
             count, "]}");
    enum bybit_reason reason = decode_text(text);

    free(text);
    return reason;
}

Test(bybit_decode, more_trades_than_fit_are_refused)
{
    cr_assert_eq(decode_trades(BYBIT_TRADES_MAX), BYBIT_FINE);
    cr_assert_eq(decoded.frame.trade_count, BYBIT_TRADES_MAX);
    cr_assert_eq(decode_trades(BYBIT_TRADES_MAX + 1), BYBIT_TRADES_MANY);
}

Test(bybit_decode, without_room_for_trades_they_are_other)
{
    static char text[256] = "{\"topic\":\"publicTrade.A\",\"type\":\"snapshot\",\"ts\":1,\"data\":"
                            "[{\"T\":1,\"s\":\"A\"}]}";
    struct bybit_room room = {.find = NULL, .levels = decoded.levels, .levels_max = 8};

    cr_assert_eq(bybit_decode(text, strlen(text), &room, &decoded.frame), BYBIT_FINE);
    cr_assert_eq(decoded.frame.kind, BYBIT_OTHER);
}

/* Wherever a frame is cut, both ways refuse it. */
Test(bybit_decode, every_cut_of_a_frame_is_refused)
{
    static const char *const whole[] = {
        DELTA("[\"61773.6\",\"1001\"],[\"61800.01\",\"0.001\"]"),
        "{\"topic\":\"publicTrade.A\",\"ts\":1,\"type\":\"snapshot\",\"data\":[{\"i\":\"229\",\"T\""
        ":1,\"p\":\"5\",\"v\":\"1\",\"S\":\"Sell\",\"s\":\"A\",\"BT\":true,\"RPI\":false,\"seq\":"
        "5}]}",
        TICKER_DELTA(",\"markPrice\":\"5\",\"fundingRate\":\"-0.0001\"")};

    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(decode_text(whole[i]), BYBIT_FINE);
        for (size_t length = 0; length < strlen(whole[i]); length++)
            cr_assert_neq(decode_bytes(whole[i], length, &decode_cents), BYBIT_FINE, "%s",
                          decoded_text);
    }
}
