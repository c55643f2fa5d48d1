/* What the recorder writes of Bybit is what a recording plays. */
#include "gateway/bybit/recorder.h"
#include "gateway/recording/recording.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_NS 1700000000000000000LL

static char folder[64];
static struct err err;

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/pitwall-bybit-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(recording_bybit, .init = make_folder, .fini = remove_folder);

static struct bybit_recorder *open_recorder(bool is_spot, const char *symbol)
{
    struct bybit_recorder *recorder;
    struct bybit_recorder_config config = {
        .folder = folder, .is_spot = is_spot, .symbols = &symbol, .count = 1, .start_ns = START_NS};

    cr_assert_eq(bybit_recorder_open(&recorder, &config, &err), OK, "%s", err.text);
    return recorder;
}

static bool say(struct bybit_recorder *recorder, int64_t at, const char *text)
{
    return bybit_recorder_write(recorder, START_NS + at, text, strlen(text));
}

static bool say_book(struct bybit_recorder *recorder, int64_t at, const char *type, int64_t u,
                     const char *bid)
{
    char text[512];

    snprintf(text, sizeof text,
             "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"%s\",\"ts\":%" PRId64
             ",\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"100.0\",\"%s\"]],\"a\":[[\"100.5\",\"2.00\"]],"
             "\"u\":%" PRId64 ",\"seq\":%" PRId64 "},\"cts\":%" PRId64 "}",
             type, 1700000000001 + at, bid, u, u * 10, 1700000000000 + at);
    return say(recorder, at, text);
}

static const char trades[] =
    "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1700000000001,\"data\":["
    "{\"T\":1700000000000,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.01\",\"p\":\"100.5\",\"i\":"
    "\"71\",\"BT\":false},{\"T\":1700000000000,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"0.02\","
    "\"p\":\"100.0\",\"i\":\"72\",\"BT\":false}]}";

static void write_some(void)
{
    struct bybit_recorder *recorder = open_recorder(false, "BTCUSDT");

    cr_assert_not(say(recorder, 0, "{\"success\":true,\"ret_msg\":\"\",\"op\":\"subscribe\"}"));
    cr_assert_not(say(recorder, 0, "{\"topic\":\"orderbook.50.ETHUSDT\",\"data\":{}}"));
    cr_assert(say_book(recorder, 1, "snapshot", 10, "1.00"));
    cr_assert(say(recorder, 2, trades));
    cr_assert(say_book(recorder, 3, "delta", 11, "3.00"));
    cr_assert(say_book(recorder, 4, "delta", 13, "4.00")); /* 12 is not there */
    cr_assert(say_book(recorder, 5, "delta", 14, "5.00"));
    cr_assert(say_book(recorder, 6, "snapshot", 15, "6.0"));
    cr_assert_eq(bybit_recorder_close(recorder, &err), OK);
}

static void expect(struct feed *feed, enum market_kind kind, int64_t at, int64_t update_id,
                   int64_t prev_update_id)
{
    const struct market_update *update = feed_next(feed);

    cr_assert_not_null(update);
    cr_assert_eq(update->kind, kind, "%d, not %d", update->kind, kind);
    cr_assert_eq(update->received_ns, START_NS + at);
    cr_assert_eq(update->update_id, update_id);
    cr_assert_eq(update->prev_update_id, prev_update_id);
}

static void expect_all(struct feed *feed)
{
    expect(feed, MARKET_SNAPSHOT, 1, 10, 0);
    expect(feed, MARKET_TRADE, 2, 71, 0);
    expect(feed, MARKET_TRADE, 2, 72, 0);
    expect(feed, MARKET_DELTA, 3, 11, 10);
    expect(feed, MARKET_LOST, 4, 0, 0);
    expect(feed, MARKET_SNAPSHOT, 6, 15, 0);
    cr_assert_null(feed_next(feed));
}

Test(recording_bybit, what_was_recorded_is_played)
{
    const char *paths[] = {folder};
    struct feed *feed;
    struct recording_counts counts;

    write_some();
    cr_assert_eq(recording_open(paths, 1, &feed, &err), OK, "%s", err.text);
    cr_assert_str_eq(feed->instruments->row[0].name, "bybit-linear:BTCUSDT");
    cr_assert_str_eq(feed->instruments->currency[0], "USDT");
    cr_assert_eq(feed->instruments->row[0].taker_fee_e8, 55000);
    cr_assert_eq(feed->instruments->row[0].price_decimals, 1);
    expect_all(feed);
    cr_assert_eq(feed->ops->rewind(feed, &err), OK);
    expect_all(feed);
    counts = recording_counts(feed, 0);
    cr_assert_eq(counts.sequence_gaps, 1);
    cr_assert_eq(counts.trades, 2);
    cr_assert_eq(counts.damaged, 0);
    feed->ops->close(feed);
}

Test(recording_bybit, spot_is_told_by_its_name_and_by_its_order_of_keys)
{
    static const char line[] =
        "1700000000000000000 {\"topic\":\"orderbook.50.ETHUSDC\",\"ts\":1700000000001,\"type\":"
        "\"snapshot\",\"data\":{\"s\":\"ETHUSDC\",\"b\":[[\"100.25\",\"1\"]],\"a\":[],\"u\":1,"
        "\"seq\":2},\"cts\":1700000000000}\n";
    struct bybit_recorder *recorder = open_recorder(true, "BTCUSDT");
    const char *paths[] = {folder};
    struct feed *feed;
    char path[96];
    FILE *file;

    say_book(recorder, 1, "snapshot", 10, "1.00");
    cr_assert_eq(bybit_recorder_close(recorder, &err), OK);
    snprintf(path, sizeof path, "%s/x.txt", folder);
    file = fopen(path, "w");
    fputs(line, file);
    fclose(file);
    cr_assert_eq(recording_open(paths, 1, &feed, &err), OK, "%s", err.text);
    cr_assert_eq(feed->instruments->count, 2);
    cr_assert_str_eq(feed->instruments->row[0].name, "bybit-spot:BTCUSDT");
    cr_assert_str_eq(feed->instruments->row[1].name, "bybit-spot:ETHUSDC");
    cr_assert_str_eq(feed->instruments->currency[1], "USDC");
    feed->ops->close(feed);
}

Test(recording_bybit, nothing_is_overwritten)
{
    char path[128];

    write_some();
    write_some();
    snprintf(path, sizeof path, "%s/bybit-linear_btcusdt_20231114T221320Z.gz", folder);
    cr_assert_eq(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/bybit-linear_btcusdt_20231114T221320Z-2.gz", folder);
    cr_assert_eq(access(path, R_OK), 0);
}
