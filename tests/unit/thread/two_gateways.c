/* Paper on two venues: engine, rings, threads, journal and two simulated gateways are real; the
 * markets that they play are made up, and come as live ones do. */
#include "engine_room.h"
#include "gateway/synthetic/synthetic.h"
#include "journal/journal.h"
#include "thread/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES = 2 };

static char dir[64];
static struct config config;
static struct journal *journal;
static struct engine_room room;
static struct lane_reader audit;
static struct {
    uint16_t scope;
    char gateway[MAX_NAME], says[64];
    uint64_t incident;
    int count;
} stopped;

/* ---- a market as it is now -------------------------------------------------------------- */

struct live {
    struct feed feed;
    struct feed_instruments instruments;
    struct feed *made_up;
    const struct market_update *pending;
};

static const struct market_update *live_next(struct feed *feed)
{
    struct live *live = (struct live *)feed;
    const struct market_update *update;

    if (!live->pending)
        live->pending = feed_next(live->made_up);
    if (live->pending->received_ns > clock_real_ns())
        return NULL;
    update = live->pending;
    live->pending = NULL;
    gateway_set_state(feed->owner, GATEWAY_READY);
    return update;
}

static void live_close(struct feed *feed)
{
    struct live *live = (struct live *)feed;

    live->made_up->ops->close(live->made_up);
    free(live);
}

static const struct feed_ops live_ops = {.next = live_next, .close = live_close};

static enum status open_live(const struct bybit_config *bybit, struct feed **feed, struct err *err)
{
    struct live *live = calloc(1, sizeof *live);

    cr_assert_not_null(live);
    live->feed = (struct feed){.ops = &live_ops, .instruments = &live->instruments};
    live->feed.is_live = true;
    synthetic_instruments(&live->instruments);
    for (uint16_t at = 0; at < live->instruments.count; at++) {
        char symbol[16]; /* ":BTCUSDT" */

        (void)snprintf(symbol, sizeof symbol, "%.15s", strchr(live->instruments.row[at].name, ':'));
        (void)snprintf(live->instruments.row[at].name, MAX_NAME, "%s%s",
                       bybit->is_spot ? "bybit-spot" : "bybit-linear", symbol);
    }
    *feed = &live->feed;
    return synthetic_open(bybit->venue + 1U, clock_real_ns(), &live->made_up, err);
}

/* ---- the room --------------------------------------------------------------------------- */

static void load_config(void)
{
    char path[96];
    struct err err;
    FILE *file;

    (void)snprintf(dir, sizeof dir, "/tmp/pitwall-paper-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/c.yaml", dir);
    file = fopen(path, "we");
    cr_assert_not_null(file);
    (void)fprintf(
        file,
        "mode: paper\n"
        "venues:\n"
        "  - {venue: bybit-linear, gateway: bybit-v5}\n"
        "  - {venue: bybit-spot, gateway: bybit-v5}\n"
        "instruments:\n"
        "  - {instrument: 'bybit-linear:BTCUSDT', tick: '0.1', lot: '0.001', currency: USDT}\n"
        "  - {instrument: 'bybit-spot:ETHUSDT', tick: '0.01', lot: '0.01', currency: USDT}\n"
        "engine: {idle: park}\n"
        "market: {ledger: '%s/ledger', position_interval_ms: 50}\n"
        "strategies: [{strategy: maker, kind: maker, instruments: all, order_lots: 5,"
        " half_spread_ticks: 1, min_quote_life_ms: 0}]\n"
        "limits: {firm: {max_order_lots: 100, max_order_notional: '100000',"
        " max_position_lots: 1000, max_open_orders: 50, max_messages_per_s: 1000,"
        " price_collar_ratio: '0.1', max_data_age_ms: 60000, max_daily_loss: '90000',"
        " max_gross_notional: '1000000', max_net_notional: '1000000',"
        " max_orders_per_day: 1000000, max_repeated_executions: 1000000,"
        " duplicate_window_ms: 0, max_drawdown_ratio: '1', max_margin_ratio: '1',"
        " min_liquidation_distance_ratio: '0'}}\n",
        dir);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(config_load(&config, path, NULL, &err), OK, "%s", err.text);
}

static void remove_dir(void)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own directory */
}

TestSuite(two_gateways, .init = load_config, .fini = remove_dir, .timeout = 120);

static void note_stop(void *ctx, uint64_t incident, uint16_t scope, const char *gateway,
                      const char *says)
{
    (void)ctx;
    stopped.scope = scope;
    stopped.incident = incident;
    stopped.count++;
    strcpy(stopped.gateway, gateway);
    strcpy(stopped.says, says);
}

static void open_journal(void)
{
    char says[ERR_TEXT_MAX];
    struct err err;

    cr_assert_eq(journal_open(&journal, dir, &config, says, &err), OK, "%s", err.text);
    lane_reader_init(&audit, journal_lane(journal, JOURNAL_ENGINE), true);
}

static void start_room(void)
{
    static struct store_saved saved;
    struct err err;
    int core;

    open_journal();
    cr_assert_eq(thread_place_engine(-1, &core, &err), OK);
    cr_assert_eq(engine_room_open(&room, &config, &saved, NULL, 1, &err), OK, "%s", err.text);
    room.live_feed = open_live;
    room.note_stop = note_stop;
    cr_assert_eq(engine_room_gateways(&room, &config, NULL, &err), OK, "%s", err.text);
    cr_assert_eq(engine_room_engine(&room, journal, &err), OK, "%s", err.text);
    cr_assert_eq(journal_start(journal, &err), OK);
    cr_assert_eq(engine_room_start(&room, &err), OK);
}

static void stop_room(void)
{
    atomic_store(&thread_stopping, true);
    engine_room_stop(&room);
    journal_close(journal);
}

/* What the lane says about each venue. The audit's gate is ours here. */
static struct {
    uint64_t sent[LINES], fills[LINES], anomalies, killed[MAX_SCOPES];
} seen;

static void drain(int64_t ms)
{
    static struct lane_record record;
    static uint8_t payload[LANE_RECORD_MAX];
    int64_t until_ns = clock_mono_ns() + ms * 1000000;

    while (clock_mono_ns() < until_ns) {
        while (lane_read(&audit, &record, payload) == LANE_RECORD) {
            if (record.kind == EVENT_ORDER_SENT)
                seen.sent[((struct event_order_sent *)(void *)payload)->instrument]++;
            if (record.kind == EVENT_FILL)
                seen.fills[((struct event_fill *)(void *)payload)->instrument]++;
            if (record.kind == EVENT_STATE_CHANGED)
                seen.killed[((struct event_state_changed *)(void *)payload)->scope]++;
            seen.anomalies += record.kind == EVENT_ANOMALY;
        }
        lane_gate_release(&audit, JOURNAL_GATE_AUDIT);
        thread_sleep_ms(1);
    }
}

static bool both(const uint64_t counts[LINES], uint64_t least)
{
    return counts[0] >= least && counts[1] >= least;
}

Test(two_gateways, trade_side_by_side_and_what_left_is_what_was_meant)
{
    uint64_t orders, lots;
    char path[sizeof dir + sizeof "/ledger." + MAX_NAME];

    start_room();
    cr_assert(eq(int, room.config.gateways, LINES));
    for (int tries = 0; tries < 80 && !(both(seen.sent, 10) && both(seen.fills, 1)); tries++)
        drain(500);
    cr_assert(both(seen.sent, 10), "it did trade on both");
    cr_assert(both(seen.fills, 1), "and was filled on both");
    cr_assert(eq(u64, seen.anomalies, 0));
    for (uint16_t scope = 0; scope < scope_count(config.scopes); scope++)
        cr_assert(not(kill_page_is_killed(room.kill, scope)), "scope %u", scope);
    for (int at = 0; at < LINES; at++) {
        struct gateway_counters counters = gateway_counters(room.seat[at].gateway);

        cr_assert(ge(u64, counters.orders, 10));
        cr_assert(eq(i64, gateway_last_update_ns(room.seat[at].gateway, (uint16_t)(1 - at)), 0),
                  "not its own");
        cr_assert(eq(int, (int)gateway_state(room.seat[at].gateway), GATEWAY_READY));
        (void)snprintf(path, sizeof path, "%s/ledger.%s", dir, config.venue[at]);
        cr_assert(eq(int, access(path, F_OK), 0), "%s", path);
    }
    /* Of one moment only once the engine is still. */
    atomic_store(&thread_stopping, true);
    pthread_join(room.engine_id, NULL);
    room.engine_id = 0;
    watchdog_stop(&room.watchdog);
    for (int at = 0; at < LINES; at++) {
        pthread_join(room.seat[at].thread, NULL);
        room.seat[at].thread = 0;
        while (ring_depth(room.seat[at].orders) != 0)
            gateway_poll(room.seat[at].gateway);
    }
    engine_room_outbound(&room, &orders, &lots);
    cr_assert(eq(u64, orders, engine_orders_sent(room.engine)));
    stop_room();
}

/* It knows something that the engine does not: what it serves stops, and nothing else. */
Test(two_gateways, one_that_stops_a_scope_kills_it_and_says_why)
{
    uint16_t scope = scope_of_venue(config.scopes, 1);
    const struct gateway_io *io;

    start_room();
    drain(200);
    io = &room.seat[1].gateway->io;
    io->stop(io->stop_ctx, scope, "the venue's clock is 300 ms off");
    cr_assert(kill_page_is_killed(room.kill, scope));
    cr_assert(not(kill_page_is_killed(room.kill, scope_of_venue(config.scopes, 0))));
    cr_assert(not(kill_page_is_killed(room.kill, scope_of_firm())));
    cr_assert(eq(int, stopped.count, 1));
    cr_assert(eq(int, stopped.scope, scope));
    cr_assert(gt(u64, stopped.incident, 0));
    cr_assert_str_eq(stopped.gateway, "bybit-spot");
    cr_assert_str_eq(stopped.says, "the venue's clock is 300 ms off");
    drain(200);
    cr_assert(gt(u64, seen.killed[scope], 0), "the engine states it");
    stop_room();
}

/* Without the parts of gateway/bybit, and wherever one of several fails. */
Test(two_gateways, all_are_opened_or_none)
{
    static struct store_saved saved;
    struct err err;

    cr_assert_eq(engine_room_open(&room, &config, &saved, NULL, 1, &err), OK, "%s", err.text);
    room.live_feed = open_live;
    config.instrument[1].tick_units = 7; /* no market has it */
    cr_assert_eq(engine_room_gateways(&room, &config, NULL, &err), ERR_CONFIG);
    cr_assert_not_null(strstr(err.text, "bybit-spot"), "%s", err.text);
    cr_assert_null(room.seat[0].gateway);
    cr_assert_null(room.seat[1].gateway);
}
