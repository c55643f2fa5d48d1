/* The market's own liquidity: levels of a feed as orders among clients' orders. */
#include "pit.h"

#include "cli/selfcheck.h"
#include "gateway/synthetic/synthetic.h"
#include "venue/market_inside.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define START_NS PIT_START_NS
#define SECOND_NS 1000000000LL

static struct venue_market *market;
static struct venue *venue;
static struct pit *heard;
static struct err err;

static void hear_trade(void *ctx, uint16_t instrument, const struct venue_trade *trade)
{
    struct pit *pit = ctx;

    (void)instrument;
    pit->trade[pit->trades++ % PIT_HEARD_MAX] = *trade;
}

static void open_market(struct venue_market_options options)
{
    struct venue_config config = {.seed = 1};

    heard = calloc(1, sizeof *heard);
    cr_assert(eq(int, (int)venue_market_open(&market, &options, &err), OK), "%s", err.text);
    venue_market_describe(market, &config);
    config.listener = (struct venue_listener){.ctx = heard, .trade = hear_trade};
    venue = venue_open(&config);
    cr_assert(venue != NULL);
    for (uint16_t account = ANN; account != PIT_ACCOUNTS; account++) {
        cr_assert(eq(u16, venue_add_account(venue), account));
        for (uint16_t coin = 0; coin < config.coins; coin++)
            venue_deposit(venue, account, coin, 10000000 * PIT_E8);
    }
}

static void close_market(void)
{
    venue_market_close(market);
    venue_close(venue);
    free(heard);
    market = NULL;
    venue = NULL;
}

static void open_synthetic(void)
{
    open_market((struct venue_market_options){.kind = VENUE_MARKET_SYNTHETIC, .seed = 20417});
}

TestSuite(venue_market, .fini = close_market);

static uint16_t instrument_of(enum venue_category category, const char *symbol)
{
    uint16_t instrument = 0;

    cr_assert(venue_find(venue, category, symbol, &instrument));
    return instrument;
}

static struct touch touch_of(uint16_t instrument)
{
    struct touch touch = {{0, 0}, {0, 0}};

    (void)venue_levels(venue, instrument, SIDE_BUY, &touch.bid, 1);
    (void)venue_levels(venue, instrument, SIDE_SELL, &touch.ask, 1);
    return touch;
}

static uint64_t rest(uint16_t account, uint16_t instrument, enum side side, int64_t lots,
                     int64_t ticks, int64_t now_ns)
{
    struct venue_new wanted = {.account = account,
                               .instrument = instrument,
                               .side = (uint8_t)side,
                               .price_ticks = ticks,
                               .qty_lots = lots};
    uint64_t no = 0;

    cr_assert(eq(int, venue_create(venue, &wanted, now_ns, &no), VENUE_OK));
    return no;
}

/* ---- the synthetic market --------------------------------------------------------------- */

static void expect_side(const struct book *book, uint16_t instrument, enum side side)
{
    static struct level told[1024], shown[1024];
    uint32_t count = book_levels(book, side, told, 1024);

    cr_assert(eq(u32, venue_levels(venue, instrument, side, shown, 1024), count));
    for (uint32_t at = 0; at < count; at++) {
        cr_assert(eq(i64, shown[at].price_ticks, told[at].price_ticks));
        cr_assert(eq(i64, shown[at].qty_lots, told[at].qty_lots));
    }
}

Test(venue_market, the_synthetic_books_are_those_of_the_feed, .init = open_synthetic)
{
    static const char *const symbols[] = {"BTCUSDT", "ETHUSDT", "SOLUSDT"};
    struct book *books[3];
    struct feed *feed;
    uint32_t deltas = 0;

    cr_assert(eq(u16, venue_instruments(venue), 6));
    cr_assert(eq(int, (int)synthetic_open(20417, 0, &feed, &err), OK));
    for (uint16_t at = 0; at < 3; at++) {
        books[at] = aligned_alloc(128, (book_size() + 127) / 128 * 128);
        book_init(books[at], at);
    }
    (void)venue_market_play(market, venue, START_NS, 0);
    while (deltas < 3000) {
        const struct market_update *update = feed_next(feed);

        (void)venue_market_play(market, venue, START_NS + update->received_ns, UINT32_MAX);
        if (update->kind != MARKET_SNAPSHOT && update->kind != MARKET_DELTA)
            continue;
        (void)book_apply(books[update->instrument], update);
        if (update->kind == MARKET_DELTA && deltas++ % 7 == 0 && !venue_market_peek(market))
            continue;
        if (venue_market_peek(market)->received_ns > update->received_ns)
            for (uint8_t side = SIDE_BUY; side != SIDE_SELL + 1; side++) {
                const char *symbol = symbols[update->instrument];

                expect_side(books[update->instrument], instrument_of(VENUE_LINEAR, symbol),
                            (enum side)side);
                expect_side(books[update->instrument], instrument_of(VENUE_SPOT, symbol),
                            (enum side)side);
            }
    }
    cr_assert(gt(u32, heard->trades, 100));
    feed->ops->close(feed);
    for (uint16_t at = 0; at < 3; at++)
        free(books[at]);
}

Test(venue_market, updates_are_played_when_they_are_due, .init = open_synthetic)
{
    int64_t due_ns;

    cr_assert(eq(i64, venue_market_next_ns(market), 0));
    (void)venue_market_play(market, venue, START_NS, 100);
    due_ns = venue_market_next_ns(market);
    cr_assert(gt(i64, due_ns, START_NS));
    cr_assert(eq(u32, venue_market_play(market, venue, due_ns - 1, 100), 0));
    cr_assert(ge(u32, venue_market_play(market, venue, due_ns, 100), 1));
    cr_assert(eq(u32, venue_market_play(market, venue, START_NS + 60 * SECOND_NS, 10), 10));
}

Test(venue_market, what_a_client_takes_comes_back_with_the_next_update, .init = open_synthetic)
{
    uint16_t btc = instrument_of(VENUE_LINEAR, "BTCUSDT");
    struct touch before, after;
    struct venue_new wanted = {
        .account = ANN, .instrument = btc, .side = SIDE_BUY, .type = TYPE_MARKET, .tif = TIF_IOC};
    uint64_t no;

    (void)venue_market_play(market, venue, START_NS, 1000);
    before = touch_of(btc);
    wanted.qty_lots = before.ask.qty_lots + 1;
    cr_assert(eq(int, venue_create(venue, &wanted, START_NS, &no), VENUE_OK));
    after = touch_of(btc);
    cr_assert(gt(i64, after.ask.price_ticks, before.ask.price_ticks));
    cr_assert(eq(i64, venue_position(venue, VENUE_MARKET, btc)->lots, -wanted.qty_lots));
    (void)venue_market_play(market, venue, START_NS + 5 * SECOND_NS, UINT32_MAX);
    cr_assert(eq(u32, venue->book[btc].eaten_count, 0));
}

static uint32_t below(uint64_t *chance, uint32_t bound)
{
    *chance = *chance * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*chance >> 33) % bound;
}

/* Clients take, rest within and beside the touch, and leave. */
static void trade_wildly(uint64_t *chance, uint16_t instrument, int64_t now_ns)
{
    struct touch touch = touch_of(instrument);
    int64_t centre = (touch.bid.price_ticks + touch.ask.price_ticks) / 2;
    struct venue_new wanted = {.account = (uint16_t)(ANN + below(chance, 3)),
                               .instrument = instrument,
                               .side = (uint8_t)below(chance, 2),
                               .type = below(chance, 3) == 0 ? TYPE_MARKET : TYPE_LIMIT,
                               .price_ticks = centre + (int64_t)below(chance, 41) - 20,
                               .qty_lots = 1 + below(chance, 3000)};
    uint64_t no;

    (void)venue_create(venue, &wanted, now_ns, &no);
}

static void cancel_everything(int64_t now_ns)
{
    uint64_t nos[VENUE_ACTIVE_MAX];

    for (uint16_t account = ANN; account != PIT_ACCOUNTS; account++)
        while (venue_cancel_those(venue, account, NULL, NULL, VENUE_END_BY_USER, now_ns, nos) > 0)
            continue;
}

static int64_t total_lots(uint16_t instrument)
{
    int64_t lots = 0;

    for (uint16_t account = 0; account != PIT_ACCOUNTS; account++)
        lots += venue_position(venue, account, instrument)->lots;
    return lots;
}

Test(venue_market, when_clients_have_gone_the_book_is_the_feeds_again, .init = open_synthetic)
{
    uint16_t btc = instrument_of(VENUE_LINEAR, "BTCUSDT");
    struct book *book = aligned_alloc(128, (book_size() + 127) / 128 * 128);
    const struct market_update *update;
    struct feed *feed;
    uint64_t chance = 7;
    int64_t ns = 0;

    for (; ns < 60 * SECOND_NS; ns += 20 * PIT_MS) {
        (void)venue_market_play(market, venue, START_NS + ns, UINT32_MAX);
        trade_wildly(&chance, btc, START_NS + ns);
        cr_assert(eq(i64, total_lots(btc), 0));
    }
    cr_assert(gt(u64, venue->executions, 1000));
    cancel_everything(START_NS + ns);
    (void)venue_market_play(market, venue, START_NS + ns + 5 * SECOND_NS, UINT32_MAX);
    cr_assert(eq(int, (int)synthetic_open(20417, 0, &feed, &err), OK));
    book_init(book, 0);
    for (update = feed_next(feed); update->received_ns <= ns + 5 * SECOND_NS;
         update = feed_next(feed))
        if (update->instrument == 0 &&
            (update->kind == MARKET_SNAPSHOT || update->kind == MARKET_DELTA))
            (void)book_apply(book, update);
    expect_side(book, btc, SIDE_BUY);
    expect_side(book, btc, SIDE_SELL);
    feed->ops->close(feed);
    free(book);
}

/* ---- a recording of our own ------------------------------------------------------------- */

static char path[] = "/tmp/pitwall-venue-market-XXXXXX";

static void open_text(const char *text, uint32_t times)
{
    const char *paths[1] = {path};
    int fd;
    FILE *file;

    (void)snprintf(path, sizeof path, "/tmp/pitwall-venue-market-XXXXXX");
    fd = mkstemp(path);
    file = fdopen(fd, "w");
    cr_assert(file != NULL);
    (void)fputs(text, file);
    cr_assert(eq(int, fclose(file), 0));
    open_market((struct venue_market_options){
        .kind = VENUE_MARKET_RECORDING, .paths = paths, .path_count = 1, .times = times});
    (void)venue_market_play(market, venue, START_NS, 0);
}

#define LINE(ns, frame) "17231612560" ns " " frame "\n"
#define SNAPSHOT                                                                                   \
    LINE("00000000", "{\"stream\":\"x@depth\",\"data\":{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,"    \
                     "\"s\":\"BTCUSDT\",\"U\":9,\"u\":12,\"pu\":8,\"b\":[],\"a\":[]}}")            \
    LINE("00000001",                                                                               \
         "{\"lastUpdateId\":10,\"bids\":[[\"1000.0\",\"0.010\"],[\"999.1\",\"0.021\"]]"            \
         ",\"asks\":[[\"1001.0\",\"0.010\"]]}")
#define DEPTH(ns, u, pu, bids, asks)                                                               \
    LINE(ns,                                                                                       \
         "{\"stream\":\"x@depth\",\"data\":{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":"          \
         "\"BTCUSDT\",\"U\":" u ",\"u\":" u ",\"pu\":" pu ",\"b\":[" bids "],\"a\":[" asks "]}}")
#define TRADE(ns, price, qty, maker)                                                               \
    LINE(ns,                                                                                       \
         "{\"stream\":\"x@trade\",\"data\":{\"e\":\"trade\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\","    \
         "\"t\":1,\"p\":\"" price "\",\"q\":\"" qty "\",\"X\":\"MARKET\",\"m\":" maker "}}")

static void play_to(int64_t ns)
{
    (void)venue_market_play(market, venue, START_NS + ns, UINT32_MAX);
}

Test(venue_market, a_client_waits_in_the_queue_of_the_level)
{
    uint64_t no;

    open_text(SNAPSHOT DEPTH("00000100", "13", "12", "[\"1000.0\",\"0.015\"]", "")
                  TRADE("00000200", "1000.0", "0.012", "true")
                      DEPTH("00000300", "14", "13", "[\"1000.0\",\"0.005\"]", "")
                          TRADE("00000400", "1000.0", "0.004", "true"),
              1);
    no = rest(ANN, 0, SIDE_BUY, 5, 10000, START_NS);
    play_to(150); /* the market's five more are behind */
    cr_assert(eq(i64, touch_of(0).bid.qty_lots, 20));
    play_to(250); /* ten of the market's, then two of ours */
    cr_assert(eq(i64, venue_order(venue, no)->filled_lots, 2));
    play_to(350);
    cr_assert(eq(i64, touch_of(0).bid.qty_lots, 8));
    play_to(450); /* our three, then one of the market's */
    cr_assert(eq(int, venue_order(venue, no)->status, VENUE_ORDER_FILLED));
    cr_assert(eq(i64, touch_of(0).bid.qty_lots, 4));
    (void)unlink(path);
}

Test(venue_market, a_level_that_crosses_a_client_trades_with_it)
{
    uint64_t no;

    open_text(SNAPSHOT DEPTH("00000100", "13", "12", "[\"1000.5\",\"0.015\"]", "")
                  DEPTH("00000200", "14", "13", "[\"998.0\",\"0.001\"]", ""),
              1);
    no = rest(ANN, 0, SIDE_SELL, 5, 10004, START_NS);
    play_to(150);
    cr_assert(eq(int, venue_order(venue, no)->status, VENUE_ORDER_FILLED));
    cr_assert(eq(i64, venue_order(venue, no)->filled_value_e8, 5 * 10004 * 10000LL));
    cr_assert(eq(i64, touch_of(0).bid.price_ticks, 10005));
    cr_assert(eq(i64, touch_of(0).bid.qty_lots, 10));
    play_to(250); /* another level is named: this one is whole again */
    cr_assert(eq(i64, touch_of(0).bid.qty_lots, 15));
    (void)unlink(path);
}

Test(venue_market, a_level_that_was_taken_from_is_whole_again_with_the_next_update)
{
    open_text(SNAPSHOT DEPTH("00000100", "13", "12", "[\"998.0\",\"0.015\"]", ""), 1);
    (void)rest(ANN, 0, SIDE_BUY, 7, 10010, START_NS);
    cr_assert(eq(i64, touch_of(0).ask.qty_lots, 3));
    play_to(150);
    cr_assert(eq(i64, touch_of(0).ask.qty_lots, 10));
    (void)unlink(path);
}

Test(venue_market, a_trade_is_told_even_when_nobody_is_there)
{
    open_text(SNAPSHOT TRADE("00000100", "1001.0", "0.030", "false"), 1);
    play_to(150);
    cr_assert(eq(u32, heard->trades, 2));
    cr_assert(eq(i64, heard->trade[0].lots + heard->trade[1].lots, 30));
    cr_assert(eq(int, heard->trade[1].taker_side, SIDE_BUY));
    (void)unlink(path);
}

Test(venue_market, a_recording_plays_faster_and_again_from_its_start)
{
    open_text(SNAPSHOT DEPTH("10000001", "13", "12", "[\"1000.0\",\"0.015\"]", ""), 10);
    play_to(0);
    cr_assert(eq(i64, venue_market_next_ns(market), START_NS + 1000000));
    play_to(1000000);
    cr_assert(eq(i64, touch_of(0).bid.qty_lots, 15));
    play_to(1000000 + SECOND_NS - 1);
    cr_assert(eq(i64, touch_of(0).bid.qty_lots, 15));
    play_to(1000000 + SECOND_NS); /* a second after the end */
    cr_assert(eq(i64, touch_of(0).bid.qty_lots, 10));
    play_to(2000001 + SECOND_NS);
    cr_assert(eq(i64, touch_of(0).bid.qty_lots, 15));
    (void)unlink(path);
}

Test(venue_market, the_books_follow_a_change_of_the_grid)
{
    struct instrument grid;

    open_text(SNAPSHOT DEPTH("00000100", "13", "12", "", "[\"1000.7\",\"0.015\"]"), 1);
    grid = venue_instrument(venue, 0)->grid;
    grid.tick_units = 5; /* 0.5 instead of 0.1 */
    grid.tick_value_e8 *= 5;
    venue_set_grid(venue, 0, &grid, START_NS);
    cr_assert(eq(i64, touch_of(0).bid.qty_lots, 0));
    play_to(150);
    cr_assert(eq(i64, touch_of(0).bid.price_ticks, 2000));
    cr_assert(eq(i64, touch_of(0).ask.price_ticks, 2002)); /* 1000.7 goes up to 1001.0 */
    cr_assert(eq(i64, touch_of(0).ask.qty_lots, 25));
    (void)unlink(path);
}

/* ---- the recordings --------------------------------------------------------------------- */

static void check_one(struct selfcheck *check, uint16_t instrument)
{
    struct market_update next = *venue_market_peek(market);
    struct level quoted[2] = {venue_market_peek(market)->levels[0], {0, 0}};
    _Alignas(struct market_update) char bytes[sizeof next + sizeof quoted];
    struct market_update *ticker = (struct market_update *)bytes;

    if (next.kind == MARKET_TICKER)
        quoted[1] = venue_market_peek(market)->levels[1];
    (void)venue_market_play(market, venue, INT64_MAX / 2, 1);
    *ticker = next;
    ticker->levels[0] = quoted[0];
    ticker->levels[1] = quoted[1];
    if (next.kind == MARKET_TICKER)
        selfcheck_ticker(check, ticker);
    if (next.kind == MARKET_DELTA)
        selfcheck_diff(check, next.update_id, touch_of(instrument));
}

Test(venue_market, books_of_a_recording_agree_with_its_own_tickers, .timeout = 300)
{
    static struct selfcheck check;
    const char *data = getenv("DATA_DIR");
    char file[512];
    const char *paths[1] = {file};

    if (!data || data[0] == '\0')
        cr_skip_test("DATA_DIR not given");
    (void)snprintf(file, sizeof file, "%s/binance-20240808/usdm_btcusdt_20240808.gz", data);
    open_market((struct venue_market_options){
        .kind = VENUE_MARKET_RECORDING, .paths = paths, .path_count = 1});
    (void)venue_market_play(market, venue, START_NS, 0);
    while (venue_market_peek(market))
        check_one(&check, 0);
    selfcheck_finish(&check);
    (void)fprintf(stderr, "venue_market: %llu checks, prices equal %llu, all equal %llu\n",
                  (unsigned long long)check.checks, (unsigned long long)check.price_equal,
                  (unsigned long long)check.equal);
    cr_assert(gt(u64, check.checks, 5000));
    cr_assert(eq(u64, check.equal, check.checks));
}

Test(venue_market, a_folder_of_recordings_is_linear_and_spot_without_coin_m, .timeout = 300)
{
    const char *data = getenv("DATA_DIR");
    char folder[512];
    const char *paths[1] = {folder};
    uint16_t linear, spot;

    if (!data || data[0] == '\0')
        cr_skip_test("DATA_DIR not given");
    (void)snprintf(folder, sizeof folder, "%s/binance-20240808", data);
    open_market((struct venue_market_options){
        .kind = VENUE_MARKET_RECORDING, .paths = paths, .path_count = 1});
    cr_assert(eq(u16, venue_instruments(venue), 2));
    linear = instrument_of(VENUE_LINEAR, "BTCUSDT");
    spot = instrument_of(VENUE_SPOT, "BTCUSDT");
    (void)venue_market_play(market, venue, START_NS, 0);
    for (int64_t ms = 0; ms <= 10000; ms += 10) {
        (void)venue_market_play(market, venue, START_NS + ms * PIT_MS, UINT32_MAX);
        cr_assert(gt(i64, touch_of(linear).bid.price_ticks, 0));
        cr_assert(gt(i64, touch_of(linear).ask.price_ticks, touch_of(linear).bid.price_ticks));
        cr_assert(gt(i64, touch_of(spot).ask.price_ticks, touch_of(spot).bid.price_ticks));
    }
    cr_assert(gt(u32, heard->trades, 10));
}
