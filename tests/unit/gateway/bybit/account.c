/* What the venue says that we have and did, for people: balances, and its own count of fills. */
#include "unit/gateway/bybit/booth.h"

#include "thread/clock.h"

#include <stdio.h>

static struct booth *booth;

static void open_booth(void)
{
    booth = booth_open(false);
}

static void close_booth(void)
{
    booth_close(booth);
}

TestSuite(bybit_account, .init = open_booth, .fini = close_booth);

#define WALLET "/v5/account/wallet-balance?accountType=UNIFIED"
#define TOTALS(equity, available)                                                                  \
    "{\"accountType\":\"UNIFIED\",\"totalEquity\":\"" equity                                       \
    "\",\"totalWalletBalance\":\"100\",\"totalAvailableBalance\":\"" available "\",\"coin\":[]}"

static struct gateway_balance balance_now(void)
{
    struct gateway_balance balance;

    cr_assert(gateway_balance(&booth->bybit->base, &balance));
    return balance;
}

static bool has_balance(void)
{
    struct gateway_balance balance;

    return gateway_balance(&booth->bybit->base, &balance);
}

Test(bybit_account, the_balance_is_asked_for_and_again_when_it_is_time)
{
    struct bybit *bybit = booth->bybit;

    bybit_balance_turn(bybit);
    cr_assert(eq(u32, booth->asked_count, 1));
    cr_assert(not(has_balance()));
    booth_answer(booth, WALLET, "{\"list\":[" TOTALS("101.5", "90.25") "]}");
    cr_assert(eq(i64, balance_now().equity_e8, 10150000000));
    cr_assert(eq(i64, balance_now().wallet_e8, 10000000000));
    cr_assert(eq(i64, balance_now().available_e8, 9025000000));
    cr_assert(le(i64, balance_now().told_ns, clock_real_ns()));
    bybit_balance_turn(bybit);
    cr_assert(eq(u32, booth->asked_count, 0));
    bybit->mono_ns += bybit->config.reconcile_ns;
    bybit_balance_turn(bybit);
    cr_assert(eq(u32, booth->asked_count, 1));
}

Test(bybit_account, a_question_without_an_answer_leaves_it_unknown_and_stops_nothing)
{
    bybit_balance_turn(booth->bybit);
    booth_answer_code(booth, 200, 10002, "{}");
    cr_assert(not(has_balance()));
    cr_assert(eq(u32, booth->stops, 0));
    cr_assert(booth->bybit->balance.has_failed);
}

Test(bybit_account, a_figure_that_is_not_there_is_unknown_not_nothing)
{
    cr_assert(booth_stream(
        booth, "{\"topic\":\"wallet\",\"creationTime\":50,\"data\":[" TOTALS("7", "") "]}"));
    cr_assert(eq(i64, balance_now().equity_e8, 700000000));
    cr_assert(eq(i64, balance_now().available_e8, GATEWAY_UNKNOWN));
    cr_assert(eq(i64, balance_now().venue_ns, 50000000));
}

Test(bybit_account, an_older_row_says_nothing)
{
    cr_assert(booth_stream(
        booth, "{\"topic\":\"wallet\",\"creationTime\":50,\"data\":[" TOTALS("7", "6") "]}"));
    cr_assert(booth_stream(
        booth, "{\"topic\":\"wallet\",\"creationTime\":49,\"data\":[" TOTALS("8", "7") "]}"));
    cr_assert(eq(i64, balance_now().equity_e8, 700000000));
    cr_assert(booth_stream(
        booth, "{\"topic\":\"wallet\",\"creationTime\":51,\"data\":[" TOTALS("-1.5", "0") "]}"));
    cr_assert(eq(i64, balance_now().equity_e8, -150000000));
    cr_assert(eq(i64, balance_now().available_e8, 0));
}

/* ---- fills ------------------------------------------------------------------------------ */

static void take_row(const char *id, int64_t at_ms, const char *link, const char *fee,
                     bool is_queried)
{
    char text[512];
    json_t *json;

    snprintf(text, sizeof text,
             "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderId\":\"v1\",\"orderLinkId\":"
             "\"%s\",\"side\":\"Buy\",\"execId\":\"%s\",\"execPrice\":\"500\",\"execQty\":\"0.02\","
             "\"execFee\":\"%s\",\"execType\":\"Trade\",\"isMaker\":true,\"execTime\":\"%lld\"}",
             link, id, fee, (long long)at_ms);
    json = json_loads(text, 0, NULL);
    cr_assert(bybit_take_execution(booth->bybit, json, is_queried, clock_real_ns()));
    json_decref(json);
}

static void take(const char *id, int64_t at_ms, bool is_queried)
{
    take_row(id, at_ms, "", "0.25", is_queried);
}

static uint32_t listed(struct dropcopy_fill fills[DROPCOPY_FILLS])
{
    int64_t forgotten_ns;

    return dropcopy_read(&booth->bybit->base.dropcopy, 0, fills, &forgotten_ns);
}

static struct gateway_tally tally_now(void)
{
    struct gateway_tally tally;

    gateway_tell_fills(&booth->bybit->base, 0, 1);
    cr_assert(gateway_tally(&booth->bybit->base, 0, &tally));
    return tally;
}

Test(bybit_account, the_venue_s_count_is_of_its_lists_each_fill_once)
{
    int64_t now_ms = booth->bybit->opened_ns / MS_NS + 1000;

    take("a", now_ms, false);
    cr_assert(eq(i64, tally_now().fills, 0), "the stream is how we heard of it");
    take("a", now_ms, true);
    take("b", now_ms, true);
    take("b", now_ms, false);
    take("a", now_ms, true);
    cr_assert(eq(i64, tally_now().fills, 2));
    cr_assert(eq(i64, tally_now().fee_e8, 50000000));
}

Test(bybit_account, a_fill_that_an_earlier_run_has_booked_is_not_of_this_count)
{
    int64_t before_ms = booth->bybit->opened_ns / MS_NS - 60000;

    take("old", before_ms, true);
    take("old", before_ms, true);
    cr_assert(eq(i64, tally_now().fills, 0));
}

/* The engine has what was heard first; what the list says of it stands beside that. */
Test(bybit_account, each_fill_of_the_list_is_held_as_the_list_says)
{
    static struct dropcopy_fill fills[DROPCOPY_FILLS];
    int64_t now_ms = booth->bybit->opened_ns / MS_NS + 1000;
    char link[ORDER_ID_TEXT_MAX];
    struct execution heard;

    booth_place(booth, 1);
    order_id_print(link, BOOTH_FIRST + 1);
    take_row("a", now_ms, link, "0.25", false);
    heard = booth_next(booth);
    cr_assert(eq(i64, heard.fee_e8, 25000000));
    cr_assert(eq(u32, listed(fills), 0), "the stream is how we heard of it");
    take_row("a", now_ms, link, "0.26", true);
    take_row("a", now_ms, link, "0.26", true);
    booth_expect_nothing(booth);
    cr_assert(eq(u32, listed(fills), 1));
    cr_assert(eq(u64, fills[0].exec_id, heard.exec_id));
    cr_assert(eq(u64, fills[0].order_id, BOOTH_FIRST + 1));
    cr_assert(eq(i64, fills[0].fee_e8, 26000000));
    cr_assert(eq(i64, fills[0].price_ticks, heard.price_ticks));
    cr_assert(eq(i64, fills[0].qty_lots, heard.qty_lots));
    cr_assert(eq(i64, fills[0].venue_ns, now_ms * MS_NS));
    cr_assert(ge(i64, fills[0].noted_ns, booth->bybit->opened_ns));
    cr_assert(eq(int, fills[0].side, SIDE_BUY));
    take("old", booth->bybit->opened_ns / MS_NS - 60000, true);
    cr_assert(eq(u32, listed(fills), 1), "an earlier run has booked that");
    take("b", now_ms, true);
    cr_assert(eq(u32, listed(fills), 2));
    cr_assert(eq(u64, fills[0].order_id, 0), "of others");
}

Test(bybit_account, the_count_is_told_when_the_account_is_read)
{
    struct gateway_tally tally;

    cr_assert(not(gateway_tally(&booth->bybit->base, 0, &tally)));
    bybit_reconcile_restart(booth->bybit);
    booth_turn(booth, 0);
    booth_answer(booth, "/v5/order/realtime?category=linear&symbol=BTCUSDT&limit=50",
                 "{\"list\":[]}");
    booth_answer(booth, "/v5/order/realtime?category=linear&symbol=ETHUSDT&limit=50",
                 "{\"list\":[]}");
    booth_answer(booth, "/v5/execution/list?category=linear&startTime=", "{\"list\":[]}");
    booth_answer(booth, "/v5/position/list?category=linear&symbol=BTCUSDT", "{\"list\":[]}");
    cr_assert(not(gateway_tally(&booth->bybit->base, 0, &tally)), "it is not whole yet");
    booth_answer(booth, "/v5/position/list?category=linear&symbol=ETHUSDT", "{\"list\":[]}");
    booth_turn(booth, 0);
    cr_assert(gateway_tally(&booth->bybit->base, 0, &tally));
    cr_assert(eq(i64, tally.fills, 0));
}
