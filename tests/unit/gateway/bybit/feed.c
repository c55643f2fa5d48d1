/* The live feed of paper mode against a scripted venue. */
#include "../net/peer.h"
#include "gateway/bybit/feed.h"
#include "gateway/bybit/market.h"

#include <errno.h>
#include <stdlib.h>

static struct instrument row_of(const char *name, uint16_t venue)
{
    struct instrument row = {.venue = venue,
                             .price_decimals = 1,
                             .qty_decimals = 3,
                             .tick_units = 5,
                             .lot_units = 1,
                             .tick_value_e8 = 1};

    snprintf(row.name, sizeof row.name, "%s", name);
    return row;
}

static const struct market_update *wait_for(struct feed *feed)
{
    int64_t until_ns = clock_mono_ns() + PEER_PATIENCE_NS;
    const struct market_update *update;

    while ((update = feed_next(feed)) == NULL)
        cr_assert_lt(clock_mono_ns(), until_ns);
    return update;
}

/* A net of its own turns while the feed is asked. */
#define FEED_UNTIL(feed, condition)                                                                \
    for (int64_t feed_ns = clock_mono_ns() + PEER_PATIENCE_NS; !(condition);) {                    \
        cr_assert_null(feed_next(feed));                                                           \
        cr_assert_lt(clock_mono_ns(), feed_ns);                                                    \
    }

struct stage {
    struct instrument rows[3];
    struct bybit_config config;
    struct feed *feed;
    struct gateway owner;
    struct net *nobody; /* for the peer's helpers */
    uint16_t port;
    int listening, peer;
};

static void raise_stage(struct stage *stage)
{
    struct net_config none = {.seed = 1};
    struct err err;

    *stage = (struct stage){.rows = {row_of("sim:X", 0), row_of("bybit-linear:ETHUSDT", 1),
                                     row_of("bybit-linear:BTCUSDT", 1)}};
    stage->listening = peer_listen(&stage->port);
    stage->config = (struct bybit_config){.io = {.instruments = stage->rows, .instrument_count = 3},
                                          .venue = 1};
    snprintf(stage->config.stream, sizeof stage->config.stream, "ws://127.0.0.1:%u", stage->port);
    cr_assert_eq(net_open(&stage->nobody, &none, &err), OK);
    cr_assert_eq(bybit_feed_open(&stage->config, &stage->feed, &err), OK, "%s", err.text);
    stage->feed->owner = &stage->owner;
    FEED_UNTIL(stage->feed, (stage->peer = accept4(stage->listening, NULL, NULL, 0)) >= 0);
}

static void strike(struct stage *stage)
{
    stage->feed->ops->close(stage->feed);
    net_close(stage->nobody);
    close(stage->peer);
    close(stage->listening);
}

/* Bytes wait in the peer's socket until the feed has been asked often enough. */
static void upgrade(struct stage *stage)
{
    int bytes = 0;
    char peeked[4096];

    FEED_UNTIL(stage->feed, (bytes = (int)recv(stage->peer, peeked, sizeof peeked,
                                               MSG_PEEK | MSG_DONTWAIT)) > 0);
    peer_upgrade(stage->nobody, stage->peer);
    FEED_UNTIL(stage->feed, gateway_state(&stage->owner) == GATEWAY_SYNCING);
}

Test(bybit_feed, a_live_market_is_played_as_it_comes)
{
    struct stage stage;
    const struct market_update *update;

    raise_stage(&stage);
    cr_assert(stage.feed->is_live);
    cr_assert_eq(stage.feed->instruments->count, 2);
    cr_assert_str_eq(stage.feed->instruments->row[1].name, "bybit-linear:BTCUSDT");
    cr_assert_str_eq(stage.feed->instruments->venue[1], "bybit-linear");
    upgrade(&stage);
    peer_text(stage.nobody, stage.peer,
              "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1700000000001,"
              "\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"100.0\",\"1.000\"]],\"a\":[[\"100.5\","
              "\"2.000\"]],\"u\":7,\"seq\":9},\"cts\":1700000000000}");
    peer_text(stage.nobody, stage.peer,
              "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"delta\",\"ts\":1700000000002,"
              "\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"100.0\",\"3.000\"]],\"a\":[],\"u\":8,"
              "\"seq\":10},\"cts\":1700000000002}");
    update = wait_for(stage.feed);
    cr_assert_eq(update->kind, MARKET_SNAPSHOT);
    cr_assert_eq(update->instrument, 1);
    cr_assert_eq(update->levels[0].price_ticks, 200);
    cr_assert_eq(update->venue_ns, 1700000000000000000);
    update = wait_for(stage.feed);
    cr_assert_eq(update->kind, MARKET_DELTA);
    cr_assert_eq(update->prev_update_id, 7);
    close(stage.peer);
    update = wait_for(stage.feed);
    cr_assert_eq(update->kind, MARKET_LOST);
    FEED_UNTIL(stage.feed, gateway_state(&stage.owner) == GATEWAY_DOWN);
    cr_assert_eq(atomic_load(&stage.owner.connects), 1);
    stage.peer = -1;
    strike(&stage);
}

Test(bybit_feed, marks_are_told_and_kept_for_whoever_asks)
{
    const struct market_update *update;
    struct stage stage;

    raise_stage(&stage);
    upgrade(&stage);
    cr_assert_eq(bybit_feed_mark(stage.feed, 0).has, 0);
    peer_text(stage.nobody, stage.peer,
              "{\"topic\":\"tickers.ETHUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"ETHUSDT\","
              "\"markPrice\":\"2000.5\",\"fundingRate\":\"0.0001\"},\"cs\":2,"
              "\"ts\":1700000000003}");
    update = wait_for(stage.feed);
    cr_assert_eq(update->kind, MARKET_MARK);
    cr_assert_eq(update->instrument, 0);
    cr_assert_eq(bybit_feed_mark(stage.feed, 0).mark_e8, 200050000000);
    cr_assert_eq(bybit_feed_mark(stage.feed, 0).funding_rate_e8, 10000);
    strike(&stage);
}

Test(bybit_feed, a_venue_without_instruments_is_refused)
{
    struct bybit_config config = {.venue = 4, .stream = "ws://127.0.0.1:1"};
    struct feed *feed;
    struct err err;

    cr_assert_eq(bybit_feed_open(&config, &feed, &err), ERR_CONFIG);
}
