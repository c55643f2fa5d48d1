/* The market session against a scripted venue; the sink keeps the engine's own books. */
#include "../net/peer.h"
#include "gateway/bybit/market.h"

#include <errno.h>
#include <stdlib.h>

enum { SYMBOLS = 2, HEARD = 256 };

static const char *const symbols[SYMBOLS] = {"BTCUSDT", "ETHUSDT"};

struct stage {
    struct net *net;
    struct bybit_market *market;
    uint16_t port;
    int listening, peer[2];
    struct book *book[SYMBOLS];
    uint32_t updates, lost[SYMBOLS], snapshots[SYMBOLS], deltas[SYMBOLS], trades, tickers, marks;
    uint32_t used;
    bool crosses; /* a crossed book is expected */
    int64_t trade_id[HEARD];
    struct level touch[2];
    struct bybit_mark mark;
    int64_t mark_e8_ticks;
    int64_t u, seq;
};

static void on_book(struct stage *stage, const struct market_update *update)
{
    struct book *book = stage->book[update->instrument];

    enum book_result result = book_apply(book, update);

    cr_assert(result == BOOK_APPLIED || (stage->crosses && book_status(book) == BOOK_CROSSED),
              "update %ld after %ld of book %ld", update->update_id, update->prev_update_id,
              book_update_id(book));
    if (update->kind == MARKET_SNAPSHOT)
        stage->snapshots[update->instrument]++;
    else
        stage->deltas[update->instrument]++;
}

static void on_update(void *ctx, const struct market_update *update)
{
    struct stage *stage = ctx;

    stage->updates++;
    cr_assert_gt(update->received_ns, 0);
    switch (update->kind) {
    case MARKET_SNAPSHOT:
    case MARKET_DELTA:
        on_book(stage, update);
        break;
    case MARKET_LOST:
        stage->lost[update->instrument]++;
        book_mark(stage->book[update->instrument], BOOK_GAPPED);
        break;
    case MARKET_TRADE:
        stage->trade_id[stage->trades++ % HEARD] = update->update_id;
        break;
    case MARKET_TICKER:
        stage->tickers++;
        memcpy(stage->touch, update->levels, sizeof stage->touch);
        break;
    case MARKET_MARK:
        stage->mark_e8_ticks = update->levels[0].price_ticks;
        break;
    default:
        cr_assert_fail("kind %d", update->kind);
    }
}

static void on_mark(void *ctx, const struct bybit_mark *mark)
{
    struct stage *stage = ctx;

    stage->marks++;
    stage->mark = *mark;
}

static void on_used(void *ctx, int64_t received_ns, const char *text, size_t length)
{
    struct stage *stage = ctx;

    (void)received_ns;
    cr_assert_eq(strlen(text), length);
    stage->used++;
}

static struct bybit_market_config config_of(struct stage *stage, char url[64],
                                            struct bybit_listing listings[SYMBOLS])
{
    snprintf(url, 64, "ws://127.0.0.1:%u", stage->port);
    for (uint16_t at = 0; at < SYMBOLS; at++)
        listings[at] = (struct bybit_listing){.symbol = symbols[at],
                                              .grid = {.price_decimals = 1,
                                                       .qty_decimals = 3,
                                                       .tick_units = 1,
                                                       .lot_units = 1,
                                                       .instrument = at}};
    return (struct bybit_market_config){.url = url,
                                        .category = BYBIT_LINEAR,
                                        .listings = listings,
                                        .count = SYMBOLS,
                                        .touches = true,
                                        .ctx = stage,
                                        .update = on_update,
                                        .mark = on_mark,
                                        .used = on_used};
}

/* A subscription as it stands at the venue. */
static void expect(struct stage *stage, int peer, const char *text)
{
    char got[2048];

    cr_assert_eq(peer_hears(stage->net, peer, got, sizeof got), 1);
    cr_assert_not_null(strstr(got, text), "%s in %s", text, got);
}

static int accept_line(struct stage *stage)
{
    int peer = peer_accept(stage->net, stage->listening);

    peer_upgrade(stage->net, peer);
    expect(stage, peer,
           "\"op\":\"subscribe\",\"args\":[\"orderbook.50.BTCUSDT\",\"publicTrade.BTCUSDT\","
           "\"tickers.BTCUSDT\",\"orderbook.50.ETHUSDT\",\"publicTrade.ETHUSDT\","
           "\"tickers.ETHUSDT\"]}");
    peer_text(stage->net, peer,
              "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"x\",\"req_id\":\"s1\","
              "\"op\":\"subscribe\"}");
    return peer;
}

static struct stage *raise_stage(bool standby, int64_t stale_received_ns, int64_t stale_progress_ns)
{
    struct stage *stage = calloc(1, sizeof *stage);
    struct net_config net_config = {.seed = 1};
    struct bybit_listing listings[SYMBOLS];
    char url[64];
    struct bybit_market_config config;
    struct err err;

    cr_assert_eq(net_open(&stage->net, &net_config, &err), OK);
    stage->listening = peer_listen(&stage->port);
    stage->u = 100;
    stage->seq = 1000;
    for (uint16_t at = 0; at < SYMBOLS; at++) {
        stage->book[at] = aligned_alloc(128, (book_size() + 127) & ~(size_t)127);
        book_init(stage->book[at], at);
    }
    config = config_of(stage, url, listings);
    config.standby = standby;
    config.stale_received_ns = stale_received_ns;
    config.stale_progress_ns = stale_progress_ns;
    cr_assert_eq(bybit_market_open(&stage->market, stage->net, &config, &err), OK, "%s", err.text);
    cr_assert_eq(bybit_market_state(stage->market), GATEWAY_CONNECTING);
    for (int at = 0; at < 1 + standby; at++)
        stage->peer[at] = accept_line(stage);
    return stage;
}

static void strike(struct stage *stage)
{
    bybit_market_close(stage->market);
    net_close(stage->net);
    close(stage->listening);
    close(stage->peer[0]);
    if (stage->peer[1] > 0)
        close(stage->peer[1]);
    for (uint16_t at = 0; at < SYMBOLS; at++)
        free(stage->book[at]);
    free(stage);
}

static void say_book(struct stage *stage, int peer, uint16_t instrument, const char *type,
                     int64_t u, int64_t seq, const char *bid, const char *ask)
{
    char text[512];

    snprintf(text, sizeof text,
             "{\"topic\":\"orderbook.50.%s\",\"type\":\"%s\",\"ts\":%ld,\"data\":{\"s\":\"%s\","
             "\"b\":[%s],\"a\":[%s],\"u\":%ld,\"seq\":%ld},\"cts\":%ld}",
             symbols[instrument], type, 1700000000000 + seq, symbols[instrument], bid, ask, u, seq,
             1700000000000 + seq);
    peer_text(stage->net, peer, text);
}

static void say_snapshot(struct stage *stage, int peer, uint16_t instrument)
{
    say_book(stage, peer, instrument, "snapshot", stage->u, stage->seq,
             "[\"100.0\",\"1.000\"],[\"99.9\",\"2.000\"]", "[\"100.1\",\"3.000\"]");
}

static void say_delta(struct stage *stage, int peer, uint16_t instrument, const char *bid)
{
    say_book(stage, peer, instrument, "delta", ++stage->u, ++stage->seq, bid, "");
}

static uint32_t books_out(const struct stage *stage, uint16_t instrument)
{
    return stage->snapshots[instrument] + stage->deltas[instrument];
}

static int64_t best_bid_lots(const struct stage *stage, uint16_t instrument)
{
    return book_touch(stage->book[instrument]).bid.qty_lots;
}

static void turns(struct stage *stage, int64_t for_ns)
{
    for (int64_t until_ns = clock_mono_ns() + for_ns; clock_mono_ns() < until_ns;) {
        net_poll(stage->net);
        bybit_market_turn(stage->market, clock_real_ns());
    }
}

static void make_ready(struct stage *stage)
{
    for (uint16_t at = 0; at < SYMBOLS; at++)
        say_snapshot(stage, stage->peer[0], at);
    TURN_UNTIL(stage->net, books_out(stage, 1) == 1);
    cr_assert_eq(bybit_market_state(stage->market), GATEWAY_READY);
}

Test(bybit_market, books_trades_and_tickers_reach_the_sink)
{
    struct stage *stage = raise_stage(false, 0, 0);

    TURN_UNTIL(stage->net, bybit_market_state(stage->market) == GATEWAY_SYNCING);
    make_ready(stage);
    say_delta(stage, stage->peer[0], 0, "[\"100.0\",\"7.500\"],[\"99.9\",\"0\"]");
    peer_text(stage->net, stage->peer[0],
              "{\"topic\":\"publicTrade.ETHUSDT\",\"type\":\"snapshot\",\"ts\":1700000000001,"
              "\"data\":[{\"T\":1700000000000,\"s\":\"ETHUSDT\",\"S\":\"Buy\",\"v\":\"0.010\","
              "\"p\":\"100.1\",\"L\":\"PlusTick\",\"i\":\"77\",\"BT\":false}]}");
    peer_text(stage->net, stage->peer[0],
              "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"snapshot\",\"data\":{\"symbol\":"
              "\"BTCUSDT\",\"lastPrice\":\"100.1\",\"markPrice\":\"100.05\",\"indexPrice\":"
              "\"100.06\",\"fundingRate\":\"-0.0001\",\"nextFundingTime\":\"1700006400000\","
              "\"bid1Price\":\"100.0\",\"bid1Size\":\"1.000\",\"ask1Price\":\"100.1\","
              "\"ask1Size\":\"3.000\"},\"cs\":1,\"ts\":1700000000002}");
    peer_text(stage->net, stage->peer[0],
              "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":"
              "\"BTCUSDT\",\"markPrice\":\"100.07\"},\"cs\":2,\"ts\":1700000000003}");
    TURN_UNTIL(stage->net, stage->marks == 2);
    cr_assert_eq(best_bid_lots(stage, 0), 7500);
    cr_assert_eq(book_level_lots(stage->book[0], SIDE_BUY, 999), 0);
    cr_assert_eq(stage->trades, 1);
    cr_assert_eq(stage->trade_id[0], 77);
    cr_assert_eq(stage->tickers, 1);
    cr_assert_eq(stage->touch[1].price_ticks, 1001);
    cr_assert_eq(stage->mark.mark_e8, 10007000000);
    cr_assert_eq(stage->mark_e8_ticks, 100070000000, "1000.7 ticks of 0.1");
    cr_assert_eq(stage->mark.funding_rate_e8, -10000);
    cr_assert_eq(stage->mark.next_funding_ms, 1700006400000);
    cr_assert_eq(bybit_market_mark(stage->market, 0).index_e8, 10006000000);
    cr_assert_eq(stage->used, 6);
    strike(stage);
}

Test(bybit_market, a_gap_loses_the_book_at_once_and_asks_for_a_fresh_one)
{
    struct stage *stage = raise_stage(false, 0, 0);

    make_ready(stage);
    stage->u++;
    say_delta(stage, stage->peer[0], 0, "[\"100.0\",\"9.000\"]");
    TURN_UNTIL(stage->net, stage->lost[0] == 1);
    cr_assert(book_is_stale(stage->book[0]));
    cr_assert_not(book_is_stale(stage->book[1]));
    cr_assert_eq(bybit_market_state_of(stage->market, 0), GATEWAY_SYNCING);
    cr_assert_eq(bybit_market_state_of(stage->market, 1), GATEWAY_READY);
    turns(stage, 1100000000); /* it was asked for within this second, when it connected */
    expect(stage, stage->peer[0], "{\"op\":\"unsubscribe\",\"args\":[\"orderbook.50.BTCUSDT\"]}");
    expect(stage, stage->peer[0], "{\"op\":\"subscribe\",\"args\":[\"orderbook.50.BTCUSDT\"]}");
    say_delta(stage, stage->peer[0], 0, "[\"100.0\",\"9.500\"]"); /* before the snapshot */
    say_snapshot(stage, stage->peer[0], 0);
    say_delta(stage, stage->peer[0], 0, "[\"100.0\",\"4.000\"]");
    TURN_UNTIL(stage->net, stage->deltas[0] == 1);
    cr_assert_eq(best_bid_lots(stage, 0), 4000);
    cr_assert_eq(bybit_market_counters(stage->market).gaps, 1);
    cr_assert_eq(bybit_market_counters(stage->market).lost, 1);
    cr_assert_eq(bybit_market_counters(stage->market).resubscribed, 1);
    strike(stage);
}

Test(bybit_market, a_value_that_cannot_be_used_refuses_the_frame_and_loses_the_book)
{
    struct stage *stage = raise_stage(false, 0, 0);

    make_ready(stage);
    say_delta(stage, stage->peer[0], 1, "[\"100.05\",\"1.000\"]");
    TURN_UNTIL(stage->net, stage->lost[1] == 1);
    cr_assert_eq(stage->lost[0], 0);
    cr_assert_eq(stage->deltas[1], 0);
    cr_assert_eq(bybit_market_counters(stage->market).refused, 1);
    peer_text(stage->net, stage->peer[0], "{\"topic\":\"orderbook.50.BTCUSDT\",\"type");
    peer_text(stage->net, stage->peer[0], "no json at all");
    TURN_UNTIL(stage->net, bybit_market_counters(stage->market).frames >= 6);
    say_snapshot(stage, stage->peer[0], 0);
    say_snapshot(stage, stage->peer[0], 1);
    TURN_UNTIL(stage->net, bybit_market_state(stage->market) == GATEWAY_READY);
    strike(stage);
}

Test(bybit_market, a_crossed_book_is_lost_and_made_anew)
{
    struct stage *stage = raise_stage(false, 0, 0);

    make_ready(stage);
    stage->crosses = true;
    say_delta(stage, stage->peer[0], 0, "[\"100.3\",\"1.000\"]");
    TURN_UNTIL(stage->net, stage->lost[0] == 1);
    cr_assert_eq(bybit_market_counters(stage->market).crossed, 1);
    cr_assert_eq(bybit_market_state_of(stage->market, 0), GATEWAY_SYNCING);
    say_snapshot(stage, stage->peer[0], 0);
    TURN_UNTIL(stage->net, bybit_market_state(stage->market) == GATEWAY_READY);
    cr_assert_not(book_is_stale(stage->book[0]));
    strike(stage);
}

Test(bybit_market, a_dropped_connection_comes_back_with_a_snapshot_within_a_second)
{
    struct stage *stage = raise_stage(false, 0, 0);
    int64_t from_ns;

    make_ready(stage);
    from_ns = clock_mono_ns();
    close(stage->peer[0]);
    TURN_UNTIL(stage->net, stage->lost[0] == 1 && stage->lost[1] == 1);
    cr_assert_eq(bybit_market_state(stage->market), GATEWAY_DOWN);
    stage->peer[0] = accept_line(stage);
    stage->u = 5; /* another count, and lower */
    stage->seq += 50;
    say_snapshot(stage, stage->peer[0], 0);
    say_snapshot(stage, stage->peer[0], 1);
    TURN_UNTIL(stage->net, bybit_market_state(stage->market) == GATEWAY_READY);
    cr_assert_lt(clock_mono_ns() - from_ns, 1000000000);
    cr_assert_eq(book_update_id(stage->book[0]), 5);
    cr_assert_eq(bybit_market_counters(stage->market).disconnects, 1);
    cr_assert_eq(bybit_market_counters(stage->market).connects, 2);
    strike(stage);
}

static void say_both(struct stage *stage, uint16_t instrument, const char *bid)
{
    say_delta(stage, stage->peer[0], instrument, bid);
    say_book(stage, stage->peer[1], instrument, "delta", stage->u, stage->seq, bid, "");
}

Test(bybit_market, the_standby_takes_over_without_a_gap)
{
    struct stage *stage = raise_stage(true, 0, 0);
    uint32_t out;

    say_snapshot(stage, stage->peer[0], 0);
    TURN_UNTIL(stage->net, books_out(stage, 0) == 1);
    say_snapshot(stage, stage->peer[1], 0);
    for (int at = 0; at < 10; at++)
        say_both(stage, 0, at % 2 ? "[\"100.0\",\"5.000\"]" : "[\"100.0\",\"6.000\"]");
    TURN_UNTIL(stage->net, bybit_market_counters(stage->market).copies == 11);
    cr_assert_eq(stage->deltas[0], 10);
    close(stage->peer[0]);
    TURN_UNTIL(stage->net, bybit_market_counters(stage->market).disconnects == 1);
    cr_assert_eq(stage->lost[0], 0);
    say_delta(stage, stage->peer[1], 0, "[\"100.0\",\"8.000\"]");
    TURN_UNTIL(stage->net, stage->deltas[0] == 11);
    cr_assert_eq(best_bid_lots(stage, 0), 8000);
    stage->peer[0] = accept_line(stage);
    say_snapshot(stage, stage->peer[0], 0); /* u as the book: nothing new */
    out = stage->snapshots[0];
    say_delta(stage, stage->peer[0], 0, "[\"100.0\",\"9.000\"]");
    TURN_UNTIL(stage->net, stage->deltas[0] == 12);
    cr_assert_eq(stage->snapshots[0], out);
    cr_assert_eq(stage->lost[0], 0);
    close(stage->peer[1]);
    close(stage->peer[0]);
    TURN_UNTIL(stage->net, stage->lost[0] == 1);
    stage->peer[1] = 0;
    strike(stage);
}

Test(bybit_market, a_trade_told_twice_goes_out_once)
{
    struct stage *stage = raise_stage(true, 0, 0);
    char text[512];

    for (int at = 0; at < 20; at++) {
        snprintf(text, sizeof text,
                 "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1700000000001,"
                 "\"data\":[{\"T\":1700000000000,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"0.010\","
                 "\"p\":\"100.1\",\"L\":\"PlusTick\",\"i\":\"c0ffee%02d-0000-5000-8000-0000000000"
                 "%02d\",\"BT\":false}]}",
                 at, at);
        peer_text(stage->net, stage->peer[0], text);
        peer_text(stage->net, stage->peer[1], text);
    }
    TURN_UNTIL(stage->net, bybit_market_counters(stage->market).copies == 20);
    cr_assert_eq(stage->trades, 20);
    strike(stage);
}

Test(bybit_market, a_feed_that_repeats_itself_is_stale)
{
    struct stage *stage = raise_stage(false, 10000000000, 200000000);

    make_ready(stage);
    for (int at = 0; at < 40 && stage->lost[0] == 0; at++) {
        for (uint16_t symbol = 0; symbol < SYMBOLS; symbol++)
            say_snapshot(stage, stage->peer[0], symbol);
        turns(stage, 20000000);
    }
    cr_assert_eq(stage->lost[0], 1);
    for (int at = 0; at < 3; at++) {
        say_snapshot(stage, stage->peer[0], 0);
        turns(stage, 20000000);
    }
    cr_assert_eq(stage->lost[0], 1);
    cr_assert_eq(bybit_market_state(stage->market), GATEWAY_STALE);
    cr_assert_eq(stage->snapshots[0], 1, "what did not move does not go out again");
    stage->seq++;
    say_snapshot(stage, stage->peer[0], 0);
    TURN_UNTIL(stage->net, bybit_market_state_of(stage->market, 0) == GATEWAY_READY);
    strike(stage);
}

Test(bybit_market, a_feed_that_falls_silent_is_stale_and_asked_again)
{
    struct stage *stage = raise_stage(false, 1100000000, 10000000000);
    int64_t until_ns = clock_mono_ns() + PEER_PATIENCE_NS;

    make_ready(stage);
    while (stage->lost[0] == 0) {
        turns(stage, 10000000);
        cr_assert_lt(clock_mono_ns(), until_ns);
    }
    cr_assert_eq(bybit_market_state(stage->market), GATEWAY_STALE);
    expect(stage, stage->peer[0], "\"unsubscribe\"");
    expect(stage, stage->peer[0], "\"subscribe\"");
    strike(stage);
}

Test(bybit_market, a_refused_subscription_is_counted)
{
    struct stage *stage = raise_stage(false, 0, 0);

    peer_text(stage->net, stage->peer[0],
              "{\"success\":false,\"ret_msg\":\"error:handler not found\",\"conn_id\":\"x\","
              "\"req_id\":\"s1\",\"op\":\"subscribe\"}");
    peer_text(stage->net, stage->peer[0],
              "{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"x\",\"op\":\"ping\"}");
    TURN_UNTIL(stage->net, bybit_market_counters(stage->market).frames == 3);
    cr_assert_eq(bybit_market_counters(stage->market).refused_subscriptions, 1);
    strike(stage);
}

Test(bybit_market, spot_asks_for_ten_topics_at_a_time)
{
    static const char *const names[] = {"AUSDT", "BUSDT", "CUSDT", "DUSDT", "EUSDT"};
    struct stage stage = {0};
    struct net_config net_config = {.seed = 1};
    struct bybit_listing listings[5];
    struct bybit_market_config config = {.category = BYBIT_SPOT,
                                         .listings = listings,
                                         .count = 5,
                                         .ctx = &stage,
                                         .update = on_update};
    char url[64], got[2048];
    struct err err;
    uint32_t topics = 0;

    cr_assert_eq(net_open(&stage.net, &net_config, &err), OK);
    stage.listening = peer_listen(&stage.port);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u", stage.port);
    config.url = url;
    for (uint16_t at = 0; at < 5; at++)
        listings[at] = (struct bybit_listing){
            .symbol = names[at],
            .grid = {.price_decimals = 1, .tick_units = 1, .lot_units = 1, .instrument = at}};
    cr_assert_eq(bybit_market_open(&stage.market, stage.net, &config, &err), OK);
    stage.peer[0] = peer_accept(stage.net, stage.listening);
    peer_upgrade(stage.net, stage.peer[0]);
    for (int request = 0; request < 2; request++) {
        uint32_t here = 0;

        cr_assert_eq(peer_hears(stage.net, stage.peer[0], got, sizeof got), 1);
        for (const char *at = got; (at = strstr(at, "USDT\"")) != NULL; at++)
            here++;
        cr_assert_leq(here, 10);
        topics += here;
    }
    cr_assert_eq(topics, 15);
    bybit_market_close(stage.market);
    net_close(stage.net);
    close(stage.peer[0]);
    close(stage.listening);
}

Test(bybit_market, a_ban_is_waited_out)
{
    struct stage *stage = raise_stage(false, 0, 0);
    char head[4096];

    close(stage->peer[0]);
    stage->peer[0] = peer_accept(stage->net, stage->listening);
    peer_read_until(stage->net, stage->peer[0], "\r\n\r\n", head, sizeof head);
    peer_says(stage->net, stage->peer[0], "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    TURN_UNTIL(stage->net, bybit_market_state(stage->market) == GATEWAY_BANNED);
    cr_assert_gt(bybit_market_banned_until_ns(stage->market), clock_real_ns() + 590000000000);
    turns(stage, 500000000);
    cr_assert_lt(accept4(stage->listening, NULL, NULL, 0), 0);
    strike(stage);
}

Test(bybit_market, symbols_that_cannot_be_are_refused)
{
    static const char *const bad[] = {"", "btcusdt", "BTC\"USDT", "BTC USDT"};
    struct net_config net_config = {.seed = 1};
    struct net *net;
    struct err err;

    cr_assert_eq(net_open(&net, &net_config, &err), OK);
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        struct bybit_listing listing = {.symbol = bad[at], .grid = {.tick_units = 1}};
        struct bybit_market_config config = {
            .url = "ws://127.0.0.1:1", .listings = &listing, .count = 1, .update = on_update};
        struct bybit_market *market;

        cr_assert_eq(bybit_market_open(&market, net, &config, &err), ERR_CONFIG);
    }
    net_close(net);
}
