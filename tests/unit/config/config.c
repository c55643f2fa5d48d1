/* Every refusal names file and line; what is taken is exact. */
#include "config/config.h"
#include "gateway/feed.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];
static struct config config;

#define HEAD                                                                                       \
    "venues: [{venue: sim}]\n"                                                                     \
    "instruments: [{instrument: \"sim:BTCUSDT\", tick: \"0.10\", lot: \"0.001\", currency: "       \
    "USDT}]\n"

static enum status load(const char *text, const struct feed_instruments *recorded, struct err *err)
{
    int fd;
    enum status status;

    (void)snprintf(path, sizeof path, "/tmp/pitwall-config-XXXXXX");
    fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    memset(&config, 0xa5, sizeof config); /* so that a half applied file would show */
    status = config_load(&config, path, recorded, err);
    (void)unlink(path);
    return status;
}

struct refusal {
    const char *text, *says;
    int line;
};

static const struct refusal refusals[] = {
    {HEAD "mode: nope\n", "mode: 'nope' is none of", 3},
    {HEAD "mode: backtest\n", "mode backtest is not there", 3},
    {HEAD "sed: 3\n", "unknown key 'sed'", 3},
    {HEAD "\nseed: -1\n", "outside 0..", 4},
    {HEAD "seed: \"4\"\n", "in quotes is a text", 3},
    {HEAD "seed: 1\nseed: 2\n", "'seed' is there twice (line 3)", 4},
    {HEAD "seed: [1]\n", "must be one value", 3},
    {HEAD "engine: {core: 9.5}\n", "not a whole number", 3},
    {HEAD "engine:\n  core: 1\n  corp: 1\n", "unknown key 'engine.corp'", 5},
    {HEAD "journal: {hot_bytes: 5 MiB}\n", "not a power of two", 3},
    {HEAD "journal: {hot_bytes: 2 GiB}\n", "outside 4 MiB..1 GiB", 3},
    {HEAD "journal: {sync_ms: 51}\n", "outside 1..50", 3},
    {HEAD "listen: 0.0.0.0\n", "not ADDRESS:PORT", 3},
    {HEAD "tls: {cert_file: a.pem}\n", "tls.cert_file is set and tls.key_file is not", 3},
    {HEAD "tls: {key_file: a.key}\n", "tls.key_file is set and tls.cert_file is not", 3},
    {HEAD "kill_listen: 127.0.0.1\n", "not ADDRESS:PORT", 3},
    {HEAD "market: {speed: x0}\n", "none of real, x1 to x1000, max", 3},
    {HEAD "market: {at_end: stop}\n", "none of hold|loop|exit", 3},
    {HEAD "market: {jitter_ms: 0.0000001}\n", "at most 6 places", 3},
    {HEAD "seed: [\n", "did not find", 4},
    {HEAD "seed: &a 1\n", "anchors", 3},
    {HEAD "---\nlimits: {firm: {max_order_lots: 1}}\n", "a second document", 3},
    {HEAD "seed: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "nested deeper", 3},
    {HEAD "caps: {firm: {max_order_lots: 5}}\nlimits: {firm: {max_order_lots: 6}}\n",
     "above the cap", 4},
    {HEAD "first_day: {firm: {max_order_lots: 1}}\n", "'firm' is none that is switched on", 3},
    {HEAD "first_day: {strategy/manual: {max_order_lots: 1}}\n", "is none that is switched on", 3},
    {HEAD "first_day: {strategy/a: {max_order_lots: 1}}\n", "unknown scope 'strategy/a'", 3},
    {HEAD "strategies: [{strategy: a, kind: maker}]\ncaps: {strategy/a: {max_order_lots: 5}}\n"
          "first_day:\n  strategy/a: {max_order_lots: 6}\n",
     "above the cap", 6},
    {HEAD "limits: {form: {}}\n", "unknown scope 'form'", 3},
    {HEAD "limits: {instrument/sim:ETHUSDT: {}}\n", "unknown scope", 3},
    {HEAD "limits: {firm: {max_order: 1}}\n", "unknown limit 'max_order'", 3},
    {HEAD "limits:\n  firm:\n    price_collar_ratio: '1.5'\n", "1.5 is outside 0..1", 5},
    {HEAD "limits: {firm: {max_order_lots: \"5\"}}\n", "in quotes is a text", 3},
    {HEAD "limits: {firm: {max_daily_loss: 1.123456789}}\n", "at most 8 places", 3},
    {HEAD "strategies: [{strategy: a, kind: maker, fast_ms: 3}]\n", "unknown key 'fast_ms'", 3},
    {HEAD "strategies: [{strategy: a, kind: taker}]\n", "one of maker momentum arb", 3},
    {HEAD "strategies: [{strategy: a, kind: maker, instruments: [x:Y]}]\n",
     "unknown instrument 'x:Y'", 3},
    {HEAD "strategies: [{strategy: manual, kind: maker}]\n", "people's own orders", 3},
    {HEAD "strategies: [{strategy: a, kind: momentum, fast_ms: 9, slow_ms: 9}]\n",
     "fast_ms must be less", 3},
    {HEAD "strategies: [{strategy: a, kind: momentum, fast_ms: 1.5}]\n",
     "'1.5' is not a whole number", 3},
    {HEAD "strategies: [{strategy: a, kind: maker, fill_decay: 0}]\n",
     "fill_decay must be from 0.0001 to 1000", 3},
    {HEAD "strategies: [{strategy: a, kind: maker, order_lots: \"5\"}]\n", "in quotes is a text",
     3},
    {HEAD "strategies: [{strategy: a, kind: arb, other: 'sim:NO'}]\n",
     "there is no instrument \"sim:NO\"", 3},
    {HEAD "recorded: {'*': {maker_fee: 9}}\n", "outside -0.1..0.1", 3},
    {HEAD "recorded: {'*': {maintenance_margin: 0.02}}\n", "below maintenance_margin", 3},
    {HEAD "engine: {day_roll_hour: 24}\n", "outside 0..23", 3},
    /* Without capital any drawdown is the whole of it, and every order would be denied. */
    {HEAD "engine: {capital: \"0\"}\n", "engine.capital: 0 is outside 0.00000001..", 3},
    {HEAD "engine:\n  reporting_currency: USDT\n  capital: 0.0\n", "engine.capital: 0.0 is outside",
     5},
    {HEAD "engine: {capital: \"-1\"}\n", "engine.capital: -1 is outside", 3},
    {HEAD "recorded: {'*': {strategies: {b: {}}}}\n", "unknown strategy 'b'", 3},
    {HEAD "engine: {reporting_currency: EUR}\n", "currency USDT of sim:BTCUSDT has no price", 1},
    {"venues: [{venue: sim}]\n", "`instruments:` is missing", 1},
    {"", "the file is empty", 1},
    {"- a\n", "the file must be a map", 1},
    {"venues: [{venue: sim}]\ninstruments:\n  - {instrument: \"sim:A\", tick: \"0.000001\", "
     "lot: \"0.001\", currency: USDT}\n",
     "money would not be exact", 3},
    {"venues: [{venue: sim}]\ninstruments: [{instrument: \"no:A\", tick: \"1\", lot: \"1\", "
     "currency: USDT}]\n",
     "its venue is not in venues", 2},
    {"venues: [{venue: sim}]\ninstruments: [{instrument: \"sim:A\", tick: \"0\", lot: \"1\", "
     "currency: USDT}]\n",
     "tick '0'", 2},
    {"venues: [{venue: sim}]\ninstruments: [{instrument: \"sim:A\", tick: \"2000000000\", "
     "lot: \"1\", currency: USDT}]\n",
     "tick '2000000000'", 2},
    {"venues: [{venue: sim}]\ninstruments: [{instrument: \"sim:A\", tick: \"1\", lot: \"1\", "
     "currency: USDT, contract_value: \"200000000\"}]\n",
     "worth more than can be counted exactly", 2},
    {"venues: [{venue: sim}]\ninstruments: [{instrument: \"sim:A\", tick: \"1\", lot: \"1\", "
     "currency: USDT, initial_margin: 0.01, maintenance_margin: 0.011}]\n",
     "below maintenance_margin", 2},
    {"venues: [{venue: sim}, {venue: sim}]\n", "venue 'sim' is there twice", 1},
};

Test(config, refusals_name_the_line_and_apply_nothing)
{
    for (size_t at = 0; at < sizeof refusals / sizeof refusals[0]; at++) {
        char place[80];
        struct config untouched;
        struct err err;

        cr_assert_eq(load(refusals[at].text, NULL, &err), ERR_CONFIG, "taken: %s",
                     refusals[at].text);
        (void)snprintf(place, sizeof place, "%s:%d: ", path, refusals[at].line);
        cr_assert_eq(strncmp(err.text, place, strlen(place)), 0, "%s wanted %s", err.text, place);
        cr_assert_not_null(strstr(err.text, refusals[at].says), "%s", err.text);
        memset(&untouched, 0xa5, sizeof untouched);
        cr_assert_eq(memcmp(&config, &untouched, sizeof config), 0, "%s", refusals[at].text);
    }
}

Test(config, a_missing_file_is_refused)
{
    struct err err;

    cr_assert_eq(config_load(&config, "/nonexistent.yaml", NULL, &err), ERR_CONFIG);
    cr_assert_not_null(strstr(err.text, "/nonexistent.yaml: No such file"), "%s", err.text);
}

Test(config, values_are_exact)
{
    struct err err;
    uint16_t scope;

    cr_assert_eq(load(HEAD "market: {order_latency_ms: 1.25}\njournal: {hot_bytes: 8 MiB}\n"
                           "limits: {firm: {price_collar_ratio: 0.02, max_daily_loss: null}}\n"
                           "caps: {firm: {max_open_orders: 7}}\n"
                           "strategies: [{strategy: m, kind: momentum, entry_ratio: '0.0004',"
                           " fast_ms: 15, instruments: all, per_instrument:"
                           " {'sim:BTCUSDT': {order_lots: 9}}}]\n",
                      NULL, &err),
                 OK, "%s", err.text);
    cr_assert_eq(config.instrument[0].price_decimals, 1);
    cr_assert_eq(config.instrument[0].tick_units, 1);
    cr_assert_eq(config.instrument[0].tick_value_e8, 10000);
    cr_assert_eq(config.market.order_latency_ns, 1250000);
    cr_assert_eq(config.journal.hot_bytes, 8 << 20);
    cr_assert_eq(config.limits[0].value[LIMIT_PRICE_COLLAR_RATIO], 2000000);
    cr_assert_eq(config.limits[0].value[LIMIT_MAX_DAILY_LOSS], LIMIT_DENY);
    cr_assert_eq(config.limits[0].value[LIMIT_MAX_OPEN_ORDERS], 7, "a cap is a limit");
    cr_assert_eq(config.limits[0].value[LIMIT_MAX_ORDER_LOTS], LIMIT_UNSET);
    cr_assert_eq(config.strategies, 2);
    cr_assert_eq(config.strategy[1].params[0].order_lots, 9);
    cr_assert_eq(config.strategy[1].params[0].fast_ns, 15000000);
    cr_assert_eq(config.strategy[1].params[0].entry_e8, 40000);
    cr_assert(config_scope_find(&config, "instrument/sim:BTCUSDT", &scope));
    cr_assert_eq(scope, scope_of_instrument(config.scopes, 0));
    cr_assert_not(config_scope_find(&config, "instrument/sim:BTC", &scope));
}

Test(config, a_first_day_has_its_ceilings)
{
    struct err err;
    uint16_t scope;

    cr_assert_eq(load(HEAD "strategies: [{strategy: a, kind: maker}, {strategy: b, kind: maker}]\n"
                           "caps: {strategy/a: {max_open_orders: 7}}\n"
                           "first_day: {strategy/a: {max_order_lots: 3, max_daily_loss: null}}\n",
                      NULL, &err),
                 OK, "%s", err.text);
    cr_assert(config_scope_find(&config, "strategy/a", &scope));
    cr_assert_eq(config.first_day[scope].value[LIMIT_MAX_ORDER_LOTS], 3);
    cr_assert_eq(config.first_day[scope].value[LIMIT_MAX_DAILY_LOSS], LIMIT_DENY);
    cr_assert_eq(config.first_day[scope].value[LIMIT_MAX_OPEN_ORDERS], LIMIT_UNSET);
    cr_assert_eq(config.limits[scope].value[LIMIT_MAX_ORDER_LOTS], LIMIT_UNSET, "no limit yet");
    cr_assert(config_scope_find(&config, "strategy/b", &scope));
    cr_assert_eq(config.first_day[scope].value[LIMIT_MAX_ORDER_LOTS], LIMIT_UNSET);
}

/* ES: 50 USD a point, so 12.50 USD a tick. BTCUSD_PERP: 100 USD a contract. */
Test(config, contracts_have_their_multipliers_and_margins)
{
    static const char contracts[] =
        "venues: [{venue: cme}, {venue: coinm}]\n"
        "engine: {reporting_currency: USD, day_roll_hour: 22, rates: {BTC: 60000}}\n"
        "instruments:\n"
        "  - {instrument: \"cme:ES\", tick: \"0.25\", lot: \"1\", currency: USD, contract_value: "
        "\"50\", initial_margin: 0.06, maintenance_margin: 0.05}\n"
        "  - {instrument: \"coinm:BTCUSD_PERP\", tick: \"0.1\", lot: \"1\", currency: BTC, "
        "inverse: "
        "true, contract_value: \"100\", funding_rate: 0.0001}\n";
    const struct instrument *es = &config.instrument[0];
    const struct instrument *perpetual = &config.instrument[1];
    int64_t value = 0;
    struct err err;

    cr_assert_eq(load(contracts, NULL, &err), OK, "%s", err.text);
    cr_assert_eq(es->tick_value_e8, 1250000000);
    cr_assert(instrument_value_e8(es, 20000, 2, &value)); /* 5,000.00 */
    cr_assert_eq(value, 500000 * MONEY_ONE_E8);
    cr_assert_eq(es->initial_margin_e8, 6000000);
    cr_assert_eq(es->maintenance_margin_e8, 5000000);
    cr_assert(instrument_value_e8(perpetual, 500000, 1000, &value));
    cr_assert_eq(value, 2 * MONEY_ONE_E8, "100,000 USD at 50,000 are 2 BTC");
    cr_assert_eq(perpetual->initial_margin_e8, 1000000);
    cr_assert_eq(perpetual->maintenance_margin_e8, 0, "not margined unless it says so");
    cr_assert_eq(perpetual->funding_rate_e8, 10000);
    cr_assert_eq(config.money.day_roll_hour, 22);
}

/* Two books of one coin and a contract that settles in it. */
static const struct feed_instruments recorded = {
    .count = 3,
    .row = {{.name = "binance-coinm:BTCUSD_PERP",
             .inverse = true,
             .tick_units = 1,
             .lot_units = 1,
             .price_decimals = 1,
             .inverse_value_e8_ticks = 100000000000},
            {.name = "binance-usdm:BTCUSDT",
             .tick_units = 1,
             .lot_units = 1,
             .price_decimals = 1,
             .qty_decimals = 3,
             .tick_value_e8 = 10000},
            {.name = "binance-spot:BTCUSDT",
             .tick_units = 1,
             .lot_units = 1,
             .price_decimals = 2,
             .qty_decimals = 5,
             .tick_value_e8 = 10}},
    .venue = {"binance-coinm", "binance-usdm", "binance-spot"},
    .currency = {"BTC", "USDT", "USDT"},
};

Test(config, the_simulated_venue_is_configured)
{
    struct err err;

    cr_assert_eq(load("venues: [{venue: sim}]\n"
                      "instruments: [{instrument: 'sim:BTCUSDT', tick: '0.10', lot: '0.001',"
                      " currency: USDT, exchange_fee: '0.00002', clearing_fee: '0.00001',"
                      " funding_rate: '-0.0001'}]\n"
                      "market: {queue_model: log, queue_decay: '0.5', adverse_probability: '1',"
                      " data_latency_ms: 0.5, funding_interval_ms: 28800000, faults: bad.jsonl}\n",
                      NULL, &err),
                 OK, "%s", err.text);
    cr_assert_eq(config.instrument[0].exchange_fee_e8, 2000);
    cr_assert_eq(config.instrument[0].clearing_fee_e8, 1000);
    cr_assert_eq(config.instrument[0].funding_rate_e8, -10000);
    cr_assert_eq(config.market.queue_model, QUEUE_LOG);
    cr_assert_eq(config.market.queue_power, 3);
    cr_assert_eq(config.market.queue_decay_e8, 50000000);
    cr_assert_eq(config.market.adverse_probability_e8, RATIO_ONE_E8);
    cr_assert_eq(config.market.data_latency_ns, 500000);
    cr_assert_eq(config.market.position_interval_ns, 1000000000);
    cr_assert_eq(config.market.funding_interval_ns, 28800000000000);
    cr_assert_str_eq(config.market.faults, "bad.jsonl");
    cr_assert_eq(load("venues: [{venue: sim}]\nmarket: {queue_decay: '1.1'}\n", NULL, &err),
                 ERR_CONFIG);
}

Test(config, off_loopback_there_is_nothing_but_tls)
{
    static const char *const plain[] = {"127.0.0.1:80", "[::1]:80", "localhost:80", "127.9.9.9:0"};
    static const char *const secure[] = {"0.0.0.0:80", "[::]:80", "127.evil.example:80",
                                         "192.0.2.1:80", "localhost.evil.example:80"};
    struct err err;

    cr_assert_eq(load(HEAD "tls: {client_ca_file: ca.pem}\n", NULL, &err), OK, "%s", err.text);
    for (size_t at = 0; at < sizeof plain / sizeof plain[0]; at++)
        cr_assert_not(config_uses_tls(&config, plain[at]), "%s", plain[at]);
    for (size_t at = 0; at < sizeof secure / sizeof secure[0]; at++)
        cr_assert(config_uses_tls(&config, secure[at]), "%s", secure[at]);
    cr_assert_eq(config_check_tls(&config, &err), ERR_CONFIG, "without effect");
    config.tls.always = true;
    cr_assert(config_uses_tls(&config, plain[0]));
    cr_assert_eq(config_check_tls(&config, &err), OK);
}

Test(config, a_recording_takes_the_place_of_the_instruments)
{
    struct err err;
    uint16_t scope;

    cr_assert_eq(load(HEAD "limits: {firm: {max_open_orders: 5}, strategy/a: {max_open_orders: 3},"
                           " 'instrument/sim:BTCUSDT': {max_open_orders: 2}}\n"
                           "strategies: [{strategy: a, kind: maker, order_lots: 4, instruments:"
                           " ['sim:BTCUSDT'], per_instrument: {'sim:BTCUSDT': {order_lots: 8}}}]\n"
                           "recorded:\n"
                           "  'binance-spot:BTCUSDT': {maker_fee: '-0.0001', limits:"
                           " {max_order_lots: 77}, strategies: {a: {order_lots: 2000}}}\n"
                           "  '*': {caps: {max_order_lots: 5}, maintenance_margin: '0.004'}\n",
                      &recorded, &err),
                 OK, "%s", err.text);
    cr_assert_eq(config.mode, MODE_REPLAY);
    cr_assert_eq(config.instruments, 3);
    cr_assert_eq(config.venues, 3);
    cr_assert(config.strategy[1].instruments[2]);
    cr_assert_eq(config.strategy[1].params[0].order_lots, 4, "not what another instrument had");
    cr_assert_eq(config.strategy[1].params[2].order_lots, 2000);
    cr_assert_eq(config.instrument[2].maker_fee_e8, -10000);
    cr_assert_eq(config.instrument[2].initial_margin_e8, 1000000, "the fallback");
    cr_assert_eq(config.instrument[1].maintenance_margin_e8, 400000);
    cr_assert(config_scope_find(&config, "strategy/a", &scope));
    cr_assert_eq(config.limits[scope].value[LIMIT_MAX_OPEN_ORDERS], 3);
    cr_assert(config_scope_find(&config, "instrument/binance-spot:BTCUSDT", &scope));
    cr_assert_eq(config.limits[scope].value[LIMIT_MAX_ORDER_LOTS], 77);
    cr_assert(config_scope_find(&config, "instrument/binance-usdm:BTCUSDT", &scope));
    cr_assert_eq(config.limits[scope].value[LIMIT_MAX_ORDER_LOTS], 5);
    cr_assert_eq(config.limits[scope].value[LIMIT_MAX_OPEN_ORDERS], LIMIT_UNSET);
    cr_assert_not(config_scope_find(&config, "instrument/sim:BTCUSDT", &scope));
}

Test(config, a_coin_is_valued_by_its_best_quote)
{
    struct feed_instruments coin_only = recorded;
    uint16_t coin = 0;
    struct err err;

    cr_assert_eq(load(HEAD, &recorded, &err), OK, "%s", err.text);
    while (strcmp(config.currency[coin].name, "BTC") != 0)
        coin++;
    cr_assert_not(config.currency[coin].fixed);
    cr_assert_eq(config.currency[coin].rate_instrument, 2, "spot before futures");
    coin_only.count = 1;
    cr_assert_eq(load(HEAD, &coin_only, &err), OK, "%s", err.text);
    cr_assert_eq(config.currency[config.instrument[0].currency].rate_instrument, 0);
    cr_assert(config.currency[config.reporting].fixed);
    cr_assert_eq(load(HEAD "engine: {rates: {BTC: '60000'}}\n", &coin_only, &err), OK);
    cr_assert(config.currency[config.instrument[0].currency].fixed);
    cr_assert_eq(config.currency[config.instrument[0].currency].rate_e8, 6000000000000);
}

Test(config, every_default_and_range_in_the_tables_is_well)
{
    struct err err;
    const struct setting_text *rows;

    cr_assert_eq(load(HEAD, NULL, &err), OK, "%s", err.text); /* asserts each default inside */
    cr_assert_gt(config_settings(&rows), 15);
    cr_assert_str_eq(rows[0].path, "mode");
}
