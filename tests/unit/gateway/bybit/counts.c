/* Spot: balances as positions. A lot is 0.002 of the coin, the taker's fee 0.055 %. */
#include "unit/gateway/bybit/booth.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct booth *booth;

static void open_booth(void)
{
    booth = booth_open(true);
    strcpy(booth->bybit->symbol[0].base_coin, "BTC");
    strcpy(booth->bybit->symbol[1].base_coin, "ETH");
}

static void close_booth(void)
{
    booth_close(booth);
}

TestSuite(bybit_counts, .init = open_booth, .fini = close_booth);

static void wallet_at(const char *btc, bool is_queried, int64_t at_ms)
{
    json_t *row = json_pack("{s:[{s:s,s:s},{s:s,s:s}]}", "coin", "coin", "BTC", "walletBalance",
                            btc, "coin", "USDT", "walletBalance", "1000000.123456789");

    cr_assert(
        bybit_take_wallet(booth->bybit, row, (struct bybit_wallet_read){is_queried, at_ms, 77}));
    json_decref(row);
}

static void wallet(const char *btc)
{
    wallet_at(btc, false, 0);
}

/* The whole account, read: what is said of the other coin is taken off. */
static void read_wallet(const char *btc)
{
    wallet_at(btc, true, 1700000000000);
}

static void fill_at(const char *id, const char *side, const char *qty, const char *fee,
                    const char *coin, int64_t at_ms)
{
    char link[ORDER_ID_TEXT_MAX];
    char text[BOOTH_TEXT_MAX];

    order_id_print(link, BOOTH_FIRST + 1);
    snprintf(text, sizeof text,
             "{\"topic\":\"execution\",\"data\":[{\"category\":\"spot\",\"symbol\":\"BTCUSDT\","
             "\"orderId\":\"v-1\",\"orderLinkId\":\"%s\",\"side\":\"%s\",\"execId\":\"%s\","
             "\"execPrice\":\"50000\",\"execQty\":\"%s\",\"execFee\":\"%s\",\"isMaker\":false,"
             "\"execType\":\"Trade\",\"execTime\":\"%" PRId64 "\",\"feeCurrency\":\"%s\"}]}",
             link, side, id, qty, fee, at_ms, coin);
    cr_assert(booth_stream(booth, text));
}

static void fill(const char *id, const char *side, const char *qty, const char *fee,
                 const char *coin)
{
    fill_at(id, side, qty, fee, coin, 1800000000000);
}

static struct execution expect_fill(void)
{
    struct execution execution = booth_next(booth);

    cr_assert(eq(int, execution.report, REPORT_FILL_PART));
    return execution;
}

static void expect_position(int64_t lots)
{
    struct execution execution = booth_next(booth);

    cr_assert(eq(int, execution.report, REPORT_POSITION));
    if (execution.instrument == 1) { /* of a coin that is not held */
        cr_assert(eq(i64, execution.qty_lots, 0));
        execution = booth_next(booth);
    }
    cr_assert(eq(int, execution.instrument, 0));
    cr_assert(eq(i64, execution.qty_lots, lots));
    cr_assert(eq(i64, atomic_load(&booth->bybit->base.venue_lots[0]), lots));
}

static void expect_nothing(void)
{
    size_t length;
    const struct execution *next = ring_peek(&booth->executions, &length);

    if (next && next->instrument == 1)
        ring_release(&booth->executions);
    booth_expect_nothing(booth);
}

Test(bybit_counts, what_the_account_holds_is_not_ours)
{
    cr_assert(not(bybit_count_is_known(booth->bybit, 0)));
    read_wallet("0.7654321");
    cr_assert(bybit_count_is_known(booth->bybit, 0));
    expect_position(0);
    expect_nothing();
    fill("e1", "Buy", "0.020", "0.000011", "BTC");
    expect_fill();
    wallet("0.7854211");
    expect_position(10);
    fill("e2", "Sell", "0.020", "0.55", "USDT");
    expect_fill();
    wallet("0.7654211");
    expect_position(0);
}

Test(bybit_counts, a_fee_in_the_coin_is_money_to_the_engine)
{
    read_wallet("1");
    expect_position(0);
    expect_nothing();
    fill("e1", "Buy", "0.020", "0.000011", "BTC");
    cr_assert(eq(i64, expect_fill().fee_e8, 55000000)); /* 0.000011 at 50,000 */
    fill("e2", "Sell", "0.020", "0.55", "USDT");
    cr_assert(eq(i64, expect_fill().fee_e8, 55000000));
}

Test(bybit_counts, a_fee_of_many_lots_is_no_drift)
{
    read_wallet("0");
    expect_position(0);
    expect_nothing();
    fill("e1", "Buy", "20", "0.02", "BTC"); /* ten lots of fee */
    expect_fill();
    wallet("19.98");
    expect_position(10000);
}

Test(bybit_counts, a_balance_before_its_fill_waits)
{
    read_wallet("0.5");
    expect_position(0);
    expect_nothing();
    wallet("20.48");
    expect_nothing();
    fill("e1", "Buy", "20", "0.02", "BTC");
    expect_fill();
    expect_position(10000);
}

Test(bybit_counts, what_no_fill_bears_out_has_the_account_read_and_is_drift)
{
    read_wallet("0.5");
    expect_position(0);
    expect_nothing();
    wallet("0.506");
    booth_turn(booth, SECOND_NS);
    expect_nothing();
    cr_assert(booth->bybit->reconcile.is_running);
    read_wallet("0.506");
    expect_position(3);
    expect_nothing();
    fill("e1", "Sell", "0.020", "0.55", "USDT"); /* drift stays what it is */
    expect_fill();
    wallet("0.486");
    expect_position(-7);
}

Test(bybit_counts, carried_lots_are_ours)
{
    booth->bybit->config.opening_lots[0] = 10;
    bybit_counts_init(booth->bybit);
    read_wallet("0.123");
    expect_position(10);
    expect_nothing();
    fill("e1", "Sell", "0.020", "0.55", "USDT");
    expect_fill();
    wallet("0.103");
    expect_position(0);
}

Test(bybit_counts, carried_lots_that_the_account_does_not_hold_are_drift)
{
    booth->bybit->config.opening_lots[0] = 10;
    bybit_counts_init(booth->bybit);
    read_wallet("0.012");
    expect_position(6);
}

Test(bybit_counts, fees_of_the_carried_lots_are_no_drift)
{
    booth->bybit->config.opening_lots[0] = 1000000; /* bought for 1.1 of the coin */
    bybit_counts_init(booth->bybit);
    read_wallet("1998.9");
    expect_position(1000000);
}

Test(bybit_counts, carried_lots_may_be_sold_ones)
{
    booth->bybit->config.opening_lots[0] = -10;
    bybit_counts_init(booth->bybit);
    read_wallet("0.1");
    expect_position(-10);
}

Test(bybit_counts, dust_does_not_add_up)
{
    char btc[32];

    read_wallet("0.5");
    expect_position(0);
    expect_nothing();
    for (int64_t at = 1; at <= 40; at++) {
        snprintf(btc, sizeof btc, "0.%08" PRId64, 50000000 - at * 50000);
        wallet(btc); /* a quarter of a lot is gone each time */
        expect_position(0);
    }
}

Test(bybit_counts, a_fill_of_before_the_first_reading_may_come_behind_it)
{
    read_wallet("0.519989");
    expect_position(0);
    expect_nothing();
    fill_at("e1", "Buy", "0.020", "0.000011", "BTC", 1699999999999);
    expect_fill();
    wallet("0.519989");
    expect_position(10);
}

Test(bybit_counts, a_coin_that_a_whole_account_leaves_out_is_not_held)
{
    json_t *none = json_pack("{s:[]}", "coin");

    read_wallet("0.02");
    expect_position(0);
    expect_nothing();
    cr_assert(bybit_take_wallet(booth->bybit, none, (struct bybit_wallet_read){false, 0, 77}));
    booth_expect_nothing(booth);
    cr_assert(bybit_take_wallet(booth->bybit, none, (struct bybit_wallet_read){true, 0, 77}));
    expect_position(-10);
    json_decref(none);
}

Test(bybit_counts, two_instruments_share_a_coin)
{
    strcpy(booth->bybit->symbol[1].base_coin, "BTC");
    read_wallet("0.5");
    cr_assert(eq(i64, booth_next(booth).qty_lots, 0));
    cr_assert(eq(i64, booth_next(booth).qty_lots, 0));
    fill("e1", "Buy", "0.020", "0.000011", "BTC");
    expect_fill();
    wallet("0.519989");
    cr_assert(eq(i64, booth_next(booth).qty_lots, 10));
    cr_assert(eq(i64, booth_next(booth).qty_lots, 0));
    booth_expect_nothing(booth);
}

Test(bybit_counts, nothing_is_sent_before_the_balance_is_known)
{
    booth->bybit->reference.is_fine[0] = true;
    cr_assert(eq(str, (char *)bybit_not_ready(booth->bybit, 0), "the balance was not read yet"));
    read_wallet("1");
    cr_assert(eq(ptr, (void *)bybit_not_ready(booth->bybit, 0), NULL));
}
