/* What people and monitoring see of several gateways: one simulated, one to a real venue. */
#include "metrics/metrics.h"
#include "thread/clock.h"
#include "unit/store/desk.h"
#include "view/view.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 2, RING_BYTES = 1 << 12 };

static struct desk desk;
static struct journal *journal;
static struct view *view;
static struct view_sources sources;
static struct store_saved saved;
static struct gateway gateways[LINES];
static struct ring rings[LINES][3];
static const int64_t second_ns = 1000000000;

static void open_gateway(uint16_t at)
{
    struct gateway_io io = {.index = at,
                            .instruments = desk.config.instrument,
                            .instrument_count = desk.config.instruments,
                            .market = &rings[at][0],
                            .executions = &rings[at][1],
                            .orders = &rings[at][2]};

    for (int ring = 0; ring < 3; ring++)
        ring_init(&rings[at][ring], calloc(1, RING_BYTES), RING_BYTES);
    gateway_init(&gateways[at], NULL, &io);
    sources.gateway[at] = &gateways[at];
}

static void open_both(void)
{
    char recovered[ERR_TEXT_MAX];
    struct err err;

    desk_open(&desk);
    desk.config.venues = LINES;
    desk.config.scopes.venues = LINES;
    strcpy(desk.config.venue[1], "bybit-linear");
    desk.config.venue_settings[1].kind = GATEWAY_BYBIT;
    desk.config.instrument[ETH].venue = 1;
    cr_assert_eq(journal_open(&journal, desk.dir, &desk.config, recovered, &err), OK);
    sources = (struct view_sources){.config = &desk.config,
                                    .journal = journal,
                                    .dir = desk.dir,
                                    .saved = &saved,
                                    .gateways = LINES,
                                    .venue_gateway = {0, 1}};
    open_gateway(0);
    open_gateway(1);
    cr_assert_eq(view_open(&view, &sources, &err), OK);
}

static void close_both(void)
{
    view_close(view);
    journal_close(journal);
    for (int at = 0; at < 3 * LINES; at++)
        free(rings[at / 3][at % 3].bytes);
    desk_close(&desk);
}

TestSuite(gateways, .init = open_both, .fini = close_both);

/* Compact JSON of an item of a list, without the members that are ages; valid until the next. */
static const char *item(json_t *list, size_t at)
{
    static char text[1024];
    json_t *row = json_array_get(json_object_get(list, "items"), at);
    char *dump;

    json_object_del(row, "age_ns");
    dump = json_dumps(row, JSON_COMPACT);
    (void)snprintf(text, sizeof text, "%s", dump);
    free(dump);
    json_decref(list);
    return text;
}

static bool shows(const char *line)
{
    char *text = metrics_render(view, &sources, NULL, EXPOSITION_TEXT);
    bool found = strstr(text, line) != NULL;

    free(text);
    return found;
}

Test(gateways, a_real_venue_is_what_its_gateway_says_and_a_simulated_one_goes_by_age)
{
    gateway_count_update(&gateways[0], BTC);
    gateway_count_update(&gateways[1], ETH);
    gateway_set_state(&gateways[1], GATEWAY_SYNCING);
    atomic_store(&gateways[1].state_ns, 5 * second_ns);
    cr_assert_str_eq(item(view_venues(view), 0),
                     "{\"venue\":\"sim\",\"state\":\"READY\",\"since_ns\":null,"
                     "\"clock_offset_ns\":null,\"reconnects\":0,\"gaps\":0,"
                     "\"banned_until_ns\":null}");
    cr_assert_str_eq(
        item(view_venues(view), 1),
        "{\"venue\":\"bybit-linear\",\"state\":\"SYNCING\",\"since_ns\":\"5000000000\","
        "\"clock_offset_ns\":null,\"reconnects\":0,\"gaps\":0,"
        "\"banned_until_ns\":null}");
    cr_assert(shows("pitwall_stream_connected{venue=\"bybit-linear\"} 0\n"));
    gateway_set_state(&gateways[1], GATEWAY_READY);
    cr_assert(shows("pitwall_stream_connected{venue=\"bybit-linear\"} 1\n"));
}

Test(gateways, reconnects_gaps_bans_and_the_clock_are_told)
{
    gateway_set_state(&gateways[1], GATEWAY_BANNED);
    atomic_store(&gateways[1].state_ns, 5 * second_ns);
    atomic_store(&gateways[1].banned_until_ns, 9 * second_ns);
    atomic_store(&gateways[1].clock_offset_ns, -250000000);
    gateway_add(&gateways[1].connects, 7);
    gateway_add(&gateways[1].first_connects, 4);
    gateway_add(&gateways[1].gaps, 2);
    cr_assert_str_eq(item(view_venues(view), 1),
                     "{\"venue\":\"bybit-linear\",\"state\":\"BANNED\",\"since_ns\":\"5000000000\","
                     "\"clock_offset_ns\":\"-250000000\",\"reconnects\":3,\"gaps\":2,"
                     "\"banned_until_ns\":\"9000000000\"}");
    cr_assert(shows("pitwall_stream_reconnects_total{venue=\"bybit-linear\"} 3\n"));
    cr_assert(shows("pitwall_stream_reconnects_total{venue=\"sim\"} 0\n"));
    cr_assert(shows("pitwall_clock_offset_seconds{venue=\"bybit-linear\"} -0.25"));
    cr_assert(!shows("pitwall_clock_offset_seconds{venue=\"sim\"}"));
}

Test(gateways, a_fetch_that_ends_well_is_timed_and_one_that_does_not_is_counted)
{
    cr_assert(shows("pitwall_reconcile_seconds_count{venue=\"bybit-linear\"} 0\n"));
    gateway_set_state(&gateways[1], GATEWAY_CONNECTING);
    gateway_set_state(&gateways[1], GATEWAY_SYNCING);
    gateway_set_state(&gateways[1], GATEWAY_READY);
    gateway_set_state(&gateways[1], GATEWAY_STALE);
    gateway_set_state(&gateways[1], GATEWAY_READY);
    cr_assert(shows("pitwall_reconcile_seconds_count{venue=\"bybit-linear\"} 1\n"));
    cr_assert(shows("pitwall_reconcile_failures_total{venue=\"bybit-linear\"} 0\n"));
    gateway_set_state(&gateways[1], GATEWAY_SYNCING);
    gateway_set_state(&gateways[1], GATEWAY_DOWN);
    gateway_set_state(&gateways[1], GATEWAY_CONNECTING);
    cr_assert(shows("pitwall_reconcile_seconds_count{venue=\"bybit-linear\"} 1\n"));
    cr_assert(shows("pitwall_reconcile_failures_total{venue=\"bybit-linear\"} 1\n"));
    cr_assert(!shows("pitwall_reconcile_seconds_count{venue=\"sim\"}"));
}

Test(gateways, what_the_venue_last_told_of_our_account_has_its_time)
{
    cr_assert(!shows("pitwall_account_last_update_timestamp_seconds{"));
    gateway_count_position(&gateways[1], ETH, 3);
    atomic_store(&gateways[1].venue_lots_ns[ETH], 7 * second_ns);
    cr_assert(shows("pitwall_account_last_update_timestamp_seconds{venue=\"bybit-linear\"} 7\n"));
    gateway_tell_balance(&gateways[1], &(struct gateway_balance){.told_ns = 9 * second_ns});
    cr_assert(shows("pitwall_account_last_update_timestamp_seconds{venue=\"bybit-linear\"} 9\n"));
}

Test(gateways, the_budget_of_messages_is_the_tightest_and_what_left_is_counted_beside_it)
{
    struct event_limits_applied limits = {.scope = 0, .generation = 2};

    desk.config.venue_settings[1].orders_per_s = 40;
    cr_assert(shows("pitwall_message_budget{gateway=\"bybit-linear\"} 40\n"));
    for (int id = 0; id < LIMIT_COUNT; id++)
        limits.limits.value[id] = LIMIT_UNSET;
    limits.limits.value[LIMIT_MAX_MESSAGES_PER_S] = 25;
    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_LIMITS_APPLIED, 1000, 0, &limits,
                sizeof limits);
    gateway_add(&gateways[1].cancels, 5);
    cr_assert(shows("pitwall_message_budget{gateway=\"bybit-linear\"} 25\n"));
    limits.generation = 3;
    limits.limits.value[LIMIT_MAX_MESSAGES_PER_S] = 60;
    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_LIMITS_APPLIED, 1001, 0, &limits,
                sizeof limits);
    cr_assert(shows("pitwall_message_budget{gateway=\"bybit-linear\"} 40\n"));
    cr_assert(
        shows("pitwall_messages_sent_total{gateway=\"bybit-linear\",message=\"cancel\"} 5\n"));
    cr_assert(shows("pitwall_messages_sent_total{gateway=\"bybit-linear\",message=\"new\"} 0\n"));
}

static void trade(uint16_t gateway, uint16_t instrument, int64_t price_ticks, uint8_t flags)
{
    struct {
        struct market_update update;
        struct level level;
    } out = {.update = {.kind = MARKET_TRADE,
                        .flags = flags,
                        .instrument = instrument,
                        .received_ns = 5 * second_ns,
                        .update_id = 77},
             .level = {.price_ticks = price_ticks, .qty_lots = 3}};

    gateway_note_trade(&gateways[gateway], &out.update);
}

Test(gateways, the_tape_is_that_of_the_venue_s_gateway_newest_first)
{
    json_t *list;

    trade(1, ETH, 1000, 0);
    trade(1, ETH, 1001, MARKET_BUYER_IS_MAKER);
    trade(0, BTC, 2000, 0);
    cr_assert_str_eq(item(view_trades(view, ETH, 10), 0),
                     "{\"seq\":2,\"id\":\"77\",\"instrument\":\"sim:ETHUSDT\",\"side\":\"sell\","
                     "\"qty\":\"0.003\",\"price\":\"10.01\",\"at_ns\":\"5000000000\","
                     "\"venue_ns\":null}");
    list = view_trades(view, ETH, 10);
    cr_assert_eq(json_array_size(json_object_get(list, "items")), 2);
    cr_assert(json_is_null(json_object_get(list, "next")));
    json_decref(list);
    list = view_trades(view, ETH, 1);
    cr_assert_eq(json_array_size(json_object_get(list, "items")), 1);
    json_decref(list);
}

static void fill(struct ring *ring, size_t bytes)
{
    memset(ring_reserve(ring, bytes), 0, bytes);
    ring_publish(ring);
}

Test(gateways, rings_are_summed_in_the_status_and_told_apart_in_the_metrics)
{
    json_t *status, *depths;

    fill(&rings[0][0], 8);
    fill(&rings[1][0], 24);
    fill(&rings[1][2], 56);
    status = view_status(view);
    depths = json_object_get(status, "rings");
    cr_assert_eq(json_integer_value(json_object_get(depths, "market")), 16 + 32);
    cr_assert_eq(json_integer_value(json_object_get(depths, "executions")), 0);
    cr_assert_eq(json_integer_value(json_object_get(depths, "orders")), 64);
    json_decref(status);
    cr_assert(shows("pitwall_ring_depth{ring=\"market\",gateway=\"simulated\"} 16\n"));
    cr_assert(shows("pitwall_ring_depth{ring=\"market\",gateway=\"bybit-linear\"} 32\n"));
    cr_assert(shows("pitwall_ring_depth{ring=\"orders\",gateway=\"bybit-linear\"} 64\n"));
}

static json_t *position_of(uint16_t instrument)
{
    json_t *list = view_positions(view);
    json_t *row = json_incref(json_array_get(json_object_get(list, "items"), instrument));

    json_decref(list);
    return row;
}

Test(gateways, drift_is_shown_once_the_venue_has_told_its_count)
{
    struct event_position held = {.lots = 6, .instrument = ETH, .strategy = UINT16_MAX};
    json_t *row;

    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_POSITION, 1000, 0, &held, sizeof held);
    row = position_of(ETH);
    cr_assert(json_is_null(json_object_get(row, "venue_lots")));
    cr_assert(json_is_null(json_object_get(row, "drift")));
    cr_assert(json_is_null(json_object_get(row, "venue_age_ns")));
    json_decref(row);
    cr_assert(!shows("pitwall_position_drift_ratio{"));
    gateway_count_position(&gateways[1], ETH, -2);
    row = position_of(ETH);
    cr_assert_eq(json_integer_value(json_object_get(row, "venue_lots")), -2);
    cr_assert_eq(json_integer_value(json_object_get(row, "drift")), 8);
    cr_assert(json_is_string(json_object_get(row, "venue_age_ns")));
    json_decref(row);
    cr_assert(
        shows("pitwall_position_drift_ratio{venue=\"bybit-linear\",instrument=\"sim:ETHUSDT\"} "
              "1.33333333\n"));
    gateway_count_position(&gateways[1], ETH, 6);
    cr_assert(
        shows("pitwall_position_drift_ratio{venue=\"bybit-linear\",instrument=\"sim:ETHUSDT\"} "
              "0\n") ||
        shows("pitwall_position_drift_ratio{venue=\"bybit-linear\",instrument=\"sim:ETHUSDT\"} "
              "0.00000000\n"));
}

static void book_fill(uint64_t exec_id, int64_t venue_ns, int64_t at_ns, int64_t fee_e8)
{
    struct event_fill booked = {.exec_id = exec_id,
                                .price_ticks = 10,
                                .qty_lots = 1,
                                .fee_e8 = fee_e8,
                                .venue_ns = venue_ns,
                                .instrument = ETH,
                                .strategy = 1};

    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_FILL, at_ns, 0, &booked,
                sizeof booked);
}

/* Member of the only instrument of the real venue. */
static char *today(const char *name)
{
    json_t *list = view_reconciliation(view);
    json_t *venue = json_array_get(json_object_get(list, "items"), 1);
    json_t *row = json_array_get(json_object_get(venue, "instruments"), 0);
    char *text = json_dumps(json_object_get(row, name), JSON_ENCODE_ANY);

    json_decref(list);
    return text;
}

#define EXPECT_TODAY(name, expected)                                                               \
    do {                                                                                           \
        char *text_ = today(name);                                                                 \
        cr_expect_str_eq(text_, expected);                                                         \
        free(text_);                                                                               \
    } while (0)

Test(gateways, fills_of_the_day_stand_beside_the_venue_s)
{
    int64_t now_ns = clock_real_ns(), yesterday_ns = now_ns - TRADING_DAY_NS;

    book_fill(1, yesterday_ns, now_ns - 50, 700);
    EXPECT_TODAY("fills", "0");
    book_fill(2, now_ns, now_ns - 40, 150000000);
    book_fill(3, now_ns, now_ns - 10, -25000000);
    EXPECT_TODAY("fills", "2");
    EXPECT_TODAY("fee", "\"1.25\"");
    EXPECT_TODAY("venue_fills", "null");
    EXPECT_TODAY("venue_fee", "null");
    EXPECT_TODAY("fills_since_told", "null");
    EXPECT_TODAY("age_ns", "null");
    gateway_count_fill(&gateways[1], ETH, yesterday_ns, 5);
    gateway_tell_fills(&gateways[1], ETH, yesterday_ns);
    EXPECT_TODAY("venue_fills", "null");
    gateway_tell_fills(&gateways[1], ETH, now_ns - 20);
    EXPECT_TODAY("venue_fills", "0");
    gateway_count_fill(&gateways[1], ETH, now_ns, 150000000);
    gateway_tell_fills(&gateways[1], ETH, now_ns - 20);
    EXPECT_TODAY("venue_fills", "1");
    EXPECT_TODAY("venue_fee", "\"1.5\"");
    EXPECT_TODAY("fills_since_told", "1");
    gateway_tell_fills(&gateways[0], BTC,
                       now_ns - 45); /* of another, earlier: it counts for itself */
    EXPECT_TODAY("fills_since_told", "1");
    gateway_tell_fills(&gateways[1], ETH, now_ns - 45);
    EXPECT_TODAY("fills_since_told", "2");
}

/* More fills than are kept: how many came since is known only of a venue that told after the oldest
 * of those. */
Test(gateways, fills_since_told_are_not_known_where_they_are_forgotten)
{
    enum { FILLS = 5000, KEPT = 4096 };
    int64_t now_ns = clock_real_ns();

    for (int i = 1; i <= FILLS; i++) {
        book_fill((uint64_t)i, now_ns, now_ns + i, 0);
        if (i % 500 == 0)
            free(today("fills")); /* they are read before the lane goes round */
    }
    gateway_tell_fills(&gateways[1], ETH, now_ns + FILLS - KEPT);
    EXPECT_TODAY("fills_since_told", "null");
    gateway_tell_fills(&gateways[1], ETH, now_ns + FILLS - KEPT + 1);
    EXPECT_TODAY("fills_since_told", "4095");
}

Test(gateways, a_balance_is_what_the_venue_says_and_else_null)
{
    struct gateway_balance balance = {.equity_e8 = 150000000,
                                      .wallet_e8 = GATEWAY_UNKNOWN,
                                      .available_e8 = 0,
                                      .told_ns = 7 * second_ns};
    json_t *list = view_reconciliation(view), *venue;

    cr_assert(json_is_null(
        json_object_get(json_array_get(json_object_get(list, "items"), 1), "balance")));
    json_decref(list);
    gateway_tell_balance(&gateways[0], &balance); /* it keeps none, whatever is told */
    gateway_tell_balance(&gateways[1], &balance);
    gateways[1].balance_currency = "USD";
    list = view_reconciliation(view);
    venue = json_array_get(json_object_get(list, "items"), 1);
    cr_assert(json_is_true(json_object_get(venue, "simulated")), "as on paper: it is not live");
    json_decref(list);
    desk.config.mode = MODE_LIVE;
    list = view_reconciliation(view);
    venue = json_array_get(json_object_get(list, "items"), 0);
    cr_assert(json_is_null(json_object_get(venue, "balance")));
    cr_assert(json_is_true(json_object_get(venue, "simulated")));
    venue = json_array_get(json_object_get(list, "items"), 1);
    cr_assert(json_is_false(json_object_get(venue, "simulated")));
    venue = json_object_get(venue, "balance");
    cr_assert_str_eq(json_string_value(json_object_get(venue, "currency")), "USD");
    cr_assert_str_eq(json_string_value(json_object_get(venue, "equity")), "1.5");
    cr_assert(json_is_null(json_object_get(venue, "wallet")));
    cr_assert_str_eq(json_string_value(json_object_get(venue, "available")), "0");
    cr_assert_str_eq(json_string_value(json_object_get(venue, "told_ns")), "7000000000");
    cr_assert(json_is_null(json_object_get(venue, "venue_ns")));
    json_decref(list);
}

Test(gateways, the_market_plays_while_one_of_them_plays)
{
    json_t *status;

    atomic_store(&gateways[0].market_state, MARKET_STATE_ENDED);
    atomic_store(&gateways[1].market_state, MARKET_STATE_PLAYING);
    status = view_status(view);
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(status, "market"), "state")),
                     "playing");
    json_decref(status);
    atomic_store(&gateways[1].market_state, MARKET_STATE_ENDED);
    status = view_status(view);
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(status, "market"), "state")),
                     "ended");
    json_decref(status);
}
