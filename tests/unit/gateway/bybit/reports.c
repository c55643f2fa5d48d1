/* The venue's rows as reports to the engine. */
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

TestSuite(bybit_reports, .init = open_booth, .fini = close_booth);

Test(bybit_reports, an_acknowledgement_is_said_once)
{
    booth_place(booth, 1);
    booth_order(booth, 1, "New", "500", "0.020", "0", 2, "");
    booth_order(booth, 1, "PartiallyFilled", "500", "0.020", "0.002", 3, "");
    booth_expect_nothing(booth);
}

Test(bybit_reports, a_fill_has_all_that_is_needed_to_book_it)
{
    struct execution fill;

    booth_place(booth, 1);
    booth_fill(booth, 1, "e1", "500.5", "0.006");
    fill = booth_next(booth);
    cr_assert(eq(int, fill.report, REPORT_FILL_PART));
    cr_assert(eq(u64, fill.order_id, BOOTH_FIRST + 1));
    cr_assert(eq(u64, fill.exec_id, bybit_hash("e1")));
    cr_assert(eq(i64, fill.price_ticks, 1001));
    cr_assert(eq(i64, fill.qty_lots, 3));
    cr_assert(eq(i64, fill.fee_e8, 5500000));
    cr_assert(eq(i64, fill.venue_ns, 1700000000123000000));
    cr_assert(eq(int, fill.side, SIDE_BUY));
    cr_assert(eq(int, fill.strategy, 1));
    cr_assert(not(fill.maker));
}

Test(bybit_reports, an_execution_counts_once)
{
    booth_place(booth, 1);
    booth_fill(booth, 1, "e1", "500", "0.006");
    booth_fill(booth, 1, "e1", "500", "0.006");
    booth_expect(booth, REPORT_FILL_PART, 1);
    booth_expect_nothing(booth);
}

Test(bybit_reports, a_fill_may_come_before_the_acknowledgement)
{
    booth_send(booth, booth_new(1, 1000, 10));
    booth_fill(booth, 1, "e1", "500", "0.006");
    booth_expect(booth, REPORT_FILL_PART, 1);
    booth_order(booth, 1, "PartiallyFilled", "500", "0.020", "0.006", 1, "");
    booth_expect(booth, REPORT_VENUE_ACK, 1);
}

Test(bybit_reports, the_end_waits_for_the_fills)
{
    booth_place(booth, 1);
    booth_order(booth, 1, "Cancelled", "500", "0.020", "0.006", 2, "");
    booth_expect_nothing(booth);
    booth_fill(booth, 1, "e1", "500", "0.006");
    booth_expect(booth, REPORT_FILL_PART, 1);
    booth_expect(booth, REPORT_VENUE_CANCEL, 1);
}

Test(bybit_reports, fills_that_do_not_come_are_asked_for)
{
    char link[ORDER_ID_TEXT_MAX];
    char result[1024];

    booth_place(booth, 1);
    booth_order(booth, 1, "Cancelled", "500", "0.020", "0.006", 2, "");
    booth_turn(booth, SECOND_NS);
    order_id_print(link, BOOTH_FIRST + 1);
    snprintf(result, sizeof result,
             "{\"list\":[{\"symbol\":\"BTCUSDT\",\"orderId\":\"v-1\",\"orderLinkId\":\"%s\","
             "\"side\":\"Buy\",\"execId\":\"e9\",\"execPrice\":\"500\",\"execQty\":\"0.006\","
             "\"execFee\":\"0.1\",\"isMaker\":true,\"execType\":\"Trade\","
             "\"execTime\":\"4700000000123\"}],\"nextPageCursor\":\"\"}",
             link);
    booth_answer(booth, "/v5/execution/list?category=linear&symbol=BTCUSDT&orderId=v-1", result);
    booth_expect(booth, REPORT_FILL_PART, 1);
    booth_expect(booth, REPORT_VENUE_CANCEL, 1);
    booth_expect_nothing(booth);
}

Test(bybit_reports, an_end_without_fills_is_said_after_a_while)
{
    booth_place(booth, 1);
    booth_order(booth, 1, "Cancelled", "500", "0.020", "0.006", 2, "");
    booth_turn(booth, 11 * SECOND_NS);
    booth_expect(booth, REPORT_VENUE_CANCEL, 1);
}

Test(bybit_reports, what_an_immediate_order_leaves_expires)
{
    struct order_message message = booth_new(1, 1000, 10);

    message.tif = TIF_IOC;
    booth_send(booth, message);
    booth_order(booth, 1, "Cancelled", "500", "0.020", "0", 1,
                ",\"rejectReason\":\"EC_NoImmediateQtyToFill\",\"timeInForce\":\"IOC\"");
    booth_expect(booth, REPORT_VENUE_EXPIRE, 1);
}

Test(bybit_reports, a_post_only_order_that_would_take_is_cancelled)
{
    struct order_message message = booth_new(1, 1000, 10);

    message.flags = ORDER_POST_ONLY;
    booth_send(booth, message);
    booth_order(booth, 1, "Cancelled", "500", "0.020", "0", 1,
                ",\"rejectReason\":\"EC_PostOnlyWillTakeLiquidity\",\"timeInForce\":\"PostOnly\"");
    booth_expect(booth, REPORT_VENUE_CANCEL, 1);
}

Test(bybit_reports, the_second_end_of_a_lost_cancel_says_nothing)
{
    booth_place(booth, 1);
    booth_fill(booth, 1, "e1", "500", "0.020");
    booth_expect(booth, REPORT_FILL_PART, 1);
    booth_order(booth, 1, "Filled", "500", "0.020", "0.020", 2, "");
    booth_order(booth, 1, "Filled", "500", "0.020", "0.020", 3,
                ",\"cancelType\":\"CancelByUser\",\"rejectReason\":\"EC_OrigClOrdIDDoesNotExist\"");
    booth_expect_nothing(booth);
}

Test(bybit_reports, an_older_row_says_nothing)
{
    booth_place(booth, 1);
    booth_order(booth, 1, "Cancelled", "500", "0.020", "0", 5, "");
    booth_expect(booth, REPORT_VENUE_CANCEL, 1);
    booth_order(booth, 1, "New", "500", "0.020", "0", 4, "");
    booth_expect_nothing(booth);
}

/* ---- what is not ours ------------------------------------------------------------------- */

static void foreign(const char *status, const char *price, int64_t updated_ms)
{
    char text[1024];

    snprintf(
        text, sizeof text,
        "{\"topic\":\"order\",\"data\":[{\"category\":\"linear\",\"symbol\":\"BTCUSDT\","
        "\"orderId\":\"theirs\",\"orderLinkId\":\"\",\"side\":\"Sell\",\"orderType\":\"Limit\","
        "\"price\":\"%s\",\"qty\":\"0.020\",\"cumExecQty\":\"0\",\"orderStatus\":\"%s\","
        "\"updatedTime\":\"%lld\"}]}",
        price, status, (long long)updated_ms);
    cr_assert(booth_stream(booth, text));
}

Test(bybit_reports, an_order_of_others_is_told_of_with_an_id_that_stays)
{
    struct execution said;
    uint64_t id;

    foreign("New", "500", 1);
    foreign("New", "500", 2);
    said = booth_next(booth);
    id = said.order_id;
    cr_assert(eq(int, said.report, REPORT_FOREIGN));
    cr_assert(eq(int, said.side, SIDE_SELL));
    cr_assert(eq(i64, said.price_ticks, 1000));
    cr_assert(eq(i64, said.qty_lots, 10));
    cr_assert(ne(u64, id & BYBIT_FOREIGN_BIT, 0));
    foreign("New", "501", 3);
    said = booth_next(booth);
    cr_assert(eq(int, said.report, REPORT_VENUE_AMEND));
    cr_assert(eq(u64, said.order_id, id));
    foreign("Cancelled", "501", 4);
    said = booth_next(booth);
    cr_assert(eq(int, said.report, REPORT_VENUE_CANCEL));
    cr_assert(eq(u64, said.order_id, id));
    booth_expect_nothing(booth);
}

Test(bybit_reports, one_that_ended_and_rises_again_is_another_to_the_engine)
{
    uint64_t id;

    foreign("New", "500", 1);
    id = booth_next(booth).order_id;
    foreign("Cancelled", "500", 2);
    cr_assert(eq(int, booth_next(booth).report, REPORT_VENUE_CANCEL));
    foreign("New", "500", 3);
    cr_assert(eq(u64, booth_next(booth).order_id, id + 1));
    foreign("Cancelled", "500", 4);
    cr_assert(eq(u64, booth_next(booth).order_id, id + 1));
    booth_expect_nothing(booth);
}

Test(bybit_reports, a_cancel_that_names_it_goes_by_the_venue_s_id)
{
    struct order_message message = booth_new(0, 0, 0);

    foreign("New", "500", 1);
    message.kind = ORDER_MESSAGE_CANCEL;
    message.order_id = booth_next(booth).order_id;
    booth_send(booth, message);
    cr_assert(eq(u32, booth->sent_count, 1));
    cr_assert(strstr(booth->sent[0], "\"orderId\":\"theirs\"") != NULL);
}

Test(bybit_reports, an_order_of_our_form_that_nobody_knows_is_of_others)
{
    booth_order(booth, 9, "New", "500", "0.020", "0", 1, "");
    cr_assert(eq(int, booth_next(booth).report, REPORT_FOREIGN));
}

/* Two instances trade on one account. */
Test(bybit_reports, a_client_id_of_another_instance_is_not_ours)
{
    uint64_t id = BOOTH_FIRST ^ 1ULL << 60;
    char link[ORDER_ID_TEXT_MAX];

    order_id_print(link, id);
    cr_assert(not(bybit_parse_link(booth->bybit, link, &id)));
    order_id_print(link, BOOTH_FIRST);
    cr_assert(bybit_parse_link(booth->bybit, link, &id));
    cr_assert(not(bybit_parse_link(booth->bybit, "", &id)));
    cr_assert(not(bybit_parse_link(booth->bybit, "test-005", &id)));
}

Test(bybit_reports, an_order_of_an_earlier_run_is_ours)
{
    struct execution said;

    booth->carried = BOOTH_FIRST + 9;
    booth_order(booth, 9, "New", "500", "0.020", "0", 1, "");
    said = booth_next(booth);
    cr_assert(eq(int, said.report, REPORT_VENUE_ACK));
    cr_assert(eq(u64, said.order_id, BOOTH_FIRST + 9));
    cr_assert(eq(int, said.strategy, 2));
}

Test(bybit_reports, another_product_of_the_account_is_passed_over)
{
    cr_assert(booth_stream(booth, "{\"topic\":\"order\",\"data\":[{\"category\":\"option\","
                                  "\"symbol\":\"BTC-1\",\"price\":\"x\"}]}"));
    cr_assert(booth_stream(booth, "{\"topic\":\"execution\",\"data\":[{\"category\":\"spot\","
                                  "\"symbol\":\"BTCUSDT\",\"execId\":\"e\"}]}"));
    booth_expect_nothing(booth);
}

/* ---- positions, funding, balances ------------------------------------------------------- */

static void say_position(const char *side, const char *size, int index, int64_t seq,
                         bool is_queried)
{
    json_t *row = json_pack("{s:s,s:s,s:s,s:i,s:I}", "symbol", "BTCUSDT", "side", side, "size",
                            size, "positionIdx", index, "seq", (json_int_t)seq);

    cr_assert(bybit_take_position(booth->bybit, row, is_queried, 77));
    json_decref(row);
}

static void expect_position(int64_t lots)
{
    struct execution said = booth_next(booth);

    cr_assert(eq(int, said.report, REPORT_POSITION));
    cr_assert(eq(i64, said.qty_lots, lots));
    cr_assert(eq(i64, atomic_load(&booth->bybit->base.venue_lots[0]), lots));
}

Test(bybit_reports, a_position_is_signed_and_of_both_sides)
{
    say_position("Buy", "0.010", 1, 1, true);
    expect_position(5);
    say_position("Sell", "0.006", 2, 1, true);
    expect_position(2);
    cr_assert(ne(i64, atomic_load(&booth->bybit->base.venue_lots_ns[0]), 0));
}

Test(bybit_reports, a_position_that_was_overtaken_says_nothing)
{
    say_position("Buy", "0.010", 0, 7, true);
    say_position("Buy", "0.002", 0, 6, true);
    expect_position(5);
    booth_expect_nothing(booth);
    say_position("Buy", "0.002", 0, 7, true);
    expect_position(1);
}

/* Or a fill that is on its way would be a drift. */
Test(bybit_reports, a_count_waits_for_its_fills)
{
    booth_place(booth, 1);
    say_position("", "0", 0, 1, true);
    expect_position(0);
    say_position("Buy", "0.006", 0, 2, false);
    booth_expect_nothing(booth);
    booth_fill(booth, 1, "e1", "500", "0.006");
    booth_expect(booth, REPORT_FILL_PART, 1);
    expect_position(3);
}

Test(bybit_reports, a_count_that_no_fill_bears_out_has_the_account_read)
{
    booth_place(booth, 1);
    say_position("", "0", 0, 1, true);
    expect_position(0);
    say_position("Buy", "0.006", 0, 2, false);
    booth->bybit->reconcile.due_ns = INT64_MAX;
    booth_turn(booth, SECOND_NS);
    booth_turn(booth, 1);
    cr_assert(gt(u32, booth->asked_count, 0));
    say_position("Buy", "0.006", 0, 2, true); /* after its executions: it is so */
    expect_position(3);
}

Test(bybit_reports, fills_that_lag_behind_a_living_order_are_asked_for)
{
    booth_place(booth, 1);
    booth_order(booth, 1, "PartiallyFilled", "500", "0.020", "0.006", 2, "");
    booth_turn(booth, SECOND_NS);
    cr_assert(eq(u32, booth->asked_count, 1));
    cr_assert(strstr(booth->asked[0].path, "/v5/execution/list") != NULL);
}

/* A row that is older, of an order that lives. */
Test(bybit_reports, an_older_row_is_no_answer_to_an_amend)
{
    struct order_message amend = booth_new(1, 1000, 10);

    booth_place(booth, 1);
    booth_order(booth, 1, "New", "500", "0.020", "0", 5, "");
    amend.kind = ORDER_MESSAGE_AMEND;
    amend.amend_no = 1;
    booth_send(booth, amend); /* to what it was before: the late row looks like its answer */
    booth_order(booth, 1, "New", "500", "0.020", "0", 4, "");
    booth_expect_nothing(booth);
}

Test(bybit_reports, an_order_of_no_size_is_refused)
{
    cr_assert(not(booth_stream(
        booth, "{\"topic\":\"order\",\"data\":[{\"symbol\":\"BTCUSDT\",\"orderId\":\"t\","
               "\"side\":\"Buy\",\"orderType\":\"Limit\",\"price\":\"500\",\"qty\":\"0\","
               "\"cumExecQty\":\"0\",\"orderStatus\":\"New\",\"updatedTime\":\"1\"}]}")));
    booth_expect_nothing(booth);
}

Test(bybit_reports, funding_is_about_no_order)
{
    struct execution said;

    cr_assert(booth_stream(booth,
                           "{\"topic\":\"execution\",\"data\":[{\"category\":\"linear\","
                           "\"symbol\":\"ETHUSDT\",\"execId\":\"f1\",\"execType\":\"Funding\","
                           "\"execFee\":\"-0.000000011\",\"execTime\":\"1700000000000\"}]}"));
    said = booth_next(booth);
    cr_assert(eq(int, said.report, REPORT_FUNDING));
    cr_assert(eq(int, said.instrument, 1));
    cr_assert(eq(i64, said.fee_e8, -1)); /* what is received is not rounded up */
    cr_assert(eq(i64, said.qty_lots, 0));
}

Test(bybit_reports, a_cost_is_rounded_up)
{
    int64_t value;

    cr_assert(bybit_money_up("0.000000011", &value) && value == 2);
    cr_assert(bybit_money_up("-0.000000011", &value) && value == -1);
    cr_assert(bybit_money_up("1.5", &value) && value == 150000000);
    cr_assert(not(bybit_money_up("1e-7", &value)));
    cr_assert(not(bybit_money_up("", &value)));
    cr_assert(not(bybit_money_up("0.00000001x", &value)));
}

/* ---- what is not understood ------------------------------------------------------------- */

static void check_refused(const char *field, const char *value)
{
    char text[1024];
    uint64_t before = gateway_counters(&booth->bybit->base).refused_frames;

    snprintf(text, sizeof text,
             "{\"topic\":\"execution\",\"data\":[{\"category\":\"linear\",\"symbol\":\"BTCUSDT\","
             "\"orderId\":\"v-1\",\"orderLinkId\":\"\",\"side\":\"%s\",\"execId\":\"%s\","
             "\"execPrice\":\"%s\",\"execQty\":\"%s\",\"execFee\":\"%s\",\"isMaker\":%s,"
             "\"execType\":\"Trade\",\"execTime\":\"%s\"}]}",
             strcmp(field, "side") == 0 ? value : "Buy", strcmp(field, "id") == 0 ? value : "e",
             strcmp(field, "price") == 0 ? value : "500",
             strcmp(field, "qty") == 0 ? value : "0.020", strcmp(field, "fee") == 0 ? value : "0.1",
             strcmp(field, "maker") == 0 ? value : "true",
             strcmp(field, "time") == 0 ? value : "1700000000000");
    cr_assert(not(booth_stream(booth, text)), "%s", text);
    cr_assert(eq(u64, gateway_counters(&booth->bybit->base).refused_frames, before + 1));
}

Test(bybit_reports, a_value_that_is_off_or_missing_refuses_the_row)
{
    check_refused("price", "500.25");
    check_refused("price", "");
    check_refused("price", "0");
    check_refused("price", "-500");
    check_refused("price", "5e2");
    check_refused("qty", "0.021");
    check_refused("qty", "0");
    check_refused("fee", "");
    check_refused("side", "");
    check_refused("id", "");
    check_refused("time", "");
    check_refused("maker", "\"true\"");
    booth_expect_nothing(booth);
}

Test(bybit_reports, a_stream_that_is_not_understood_stops_the_venue_once)
{
    check_refused("price", "x");
    check_refused("price", "x");
    cr_assert(eq(u32, booth->stops, 0));
    check_refused("price", "x");
    check_refused("price", "x");
    cr_assert(eq(u32, booth->stops, 1));
    cr_assert(eq(u16, booth->stop_scope, 1));
    booth_turn(booth, 61 * SECOND_NS); /* a person has resumed it: the next ones count anew */
    check_refused("price", "x");
    check_refused("price", "x");
    cr_assert(eq(u32, booth->stops, 1));
    check_refused("price", "x");
    cr_assert(eq(u32, booth->stops, 2));
}

Test(bybit_reports, a_good_row_in_between_makes_no_stream_good)
{
    check_refused("price", "x");
    check_refused("price", "x");
    booth_place(booth, 1);
    check_refused("price", "x");
    cr_assert(eq(u32, booth->stops, 1));
}

/* ---- the documentation's own examples --------------------------------------------------- */

static json_t *load(const char *name)
{
    char path[512];
    json_error_t error;
    json_t *frame;

    snprintf(path, sizeof path, "%s/wire/bybit/%s.json", getenv("DATA_DIR"), name);
    frame = json_load_file(path, 0, &error);
    cr_assert(frame != NULL, "%s: %s", path, error.text);
    return frame;
}

static void take_frame(const char *name)
{
    json_t *frame = load(name);

    cr_assert(bybit_private_frame(booth->bybit, frame, 1), "%s", name);
    json_decref(frame);
}

typedef bool (*take_fn)(const json_t *row);

static bool take_order(const json_t *row)
{
    struct bybit_order_row read;

    return bybit_read_order(booth->bybit, row, &read);
}

static bool take_execution(const json_t *row)
{
    return bybit_take_execution(booth->bybit, row, false, 1);
}

static bool take_position(const json_t *row)
{
    return bybit_take_position(booth->bybit, row, true, 1);
}

static bool take_wallet(const json_t *row)
{
    return bybit_take_wallet(booth->bybit, row, (struct bybit_wallet_read){true, 0, 1});
}

static void take_list(const char *name, take_fn take)
{
    json_t *whole = load(name);
    const json_t *result = json_object_get(whole, "result");
    const json_t *rows = json_object_get(result ? result : whole, "list");

    cr_assert(gt(sz, json_array_size(rows), 0), "%s has no rows", name);
    for (size_t at = 0; at < json_array_size(rows); at++)
        cr_assert(take(json_array_get(rows, at)), "%s, row %zu", name, at);
    json_decref(whole);
}

/* Their instruments have finer grids than ours. */
static bool open_examples(bool is_spot)
{
    const char *data = getenv("DATA_DIR");

    if (!data || data[0] == '\0')
        return false;
    close_booth();
    booth = booth_open(is_spot);
    for (size_t at = 0; at < 2; at++) {
        booth->row[at].tick_units = booth->row[at].lot_units = 1;
        booth->row[at].price_decimals = 2;
        booth->row[at].qty_decimals = 8;
    }
    return true;
}

Test(bybit_reports, the_documentation_s_examples)
{
    if (!open_examples(false))
        cr_skip_test("DATA_DIR not given");
    take_frame("official-docs/websocket_private_execution__2");
    take_frame("official-docs/websocket_private_fast-execution__2");
    take_frame("official-docs/websocket_private_order__2");
    take_frame("official-docs/websocket_private_position__2");
    take_frame("official-docs/websocket_private_wallet__2");
    cr_assert(eq(int, booth_next(booth).report, REPORT_FILL_PART));
    booth_expect_nothing(booth); /* the position of a hedged account, which waits for a query */
    take_list("official-docs/order_open-order__1", take_order);
    take_list("official-docs/order_order-list__1", take_order);
    take_list("official-docs/order_execution__1", take_execution);
    take_list("official-docs/position_position__1", take_position);
    take_list("official-docs/account_wallet-balance__1", take_wallet);
    cr_assert(eq(u64, gateway_counters(&booth->bybit->base).refused_frames, 0));
}

Test(bybit_reports, recorded_answers_of_the_testnet)
{
    if (!open_examples(true))
        cr_skip_test("DATA_DIR not given");
    strcpy(booth->bybit->symbol[0].base_coin, "BTC");
    take_list("testnet-2023-24/v5-get-history-orders", take_order);
    take_list("testnet-2023-24/v5-get-open-orders", take_order);
    take_list("testnet-2023-24/v5-account-get-wallet-balance", take_wallet);
    cr_assert(eq(u64, gateway_counters(&booth->bybit->base).refused_frames, 0));
}
