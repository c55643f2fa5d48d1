/* How venues are reached: each refusal names its line, and says what to do. */
#include "config/config.h"
#include "gateway/feed.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];
static struct config config;

/* Line 1: the mode, line 2: the venues, one in each line. */
#define LINEAR_ROW                                                                                 \
    "instruments:\n"                                                                               \
    "  - {instrument: \"bybit-linear:BTCUSDT\", tick: \"0.10\", lot: \"0.001\", currency: USDT}\n"
#define SIM_ROW                                                                                    \
    "instruments:\n"                                                                               \
    "  - {instrument: \"sim:BTCUSDT\", tick: \"0.10\", lot: \"0.001\", currency: USDT}\n"
#define LINEAR(mode, more)                                                                         \
    "mode: " mode "\nvenues:\n  - {venue: bybit-linear, gateway: bybit-v5" more "}\n" LINEAR_ROW
#define CUSTOM ", environment: custom, rest: "

static enum status load(const char *text, const struct feed_instruments *recorded, struct err *err)
{
    int fd;
    enum status status;

    (void)snprintf(path, sizeof path, "/tmp/pitwall-venues-XXXXXX");
    fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    status = config_load(&config, path, recorded, err);
    (void)unlink(path);
    return status;
}

static const struct {
    const char *text;
    int line;
    const char *says; /* the whole of it */
} refusals[] = {
    {"mode: paper\nvenues: [{venue: sim}]\n" SIM_ROW, 1,
     "mode paper wants at least one venue with gateway: bybit-v5"},
    {"mode: live\nvenues:\n  - {venue: sim}\n" SIM_ROW, 3,
     "venue sim: it is simulated, and mode live has real venues only: take it out, or use mode "
     "paper"},
    {"mode: live\nvenues:\n  - {venue: bybit-spot, gateway: bybit-v5, key_file: k}\n"
     "  - {venue: sim}\n" SIM_ROW,
     4,
     "venue sim: it is simulated, and mode live has real venues only: take it out, or use mode "
     "paper"},
    {LINEAR("sim", ""), 3,
     "venue bybit-linear: gateway bybit-v5 is for modes paper and live, and the mode is sim"},
    {LINEAR("replay", ""), 3,
     "venue bybit-linear: gateway bybit-v5 is for modes paper and live, and the mode is replay"},
    {LINEAR("live", ""), 3,
     "venue bybit-linear: mode live needs key_file, the file of key and secret"},
    {"mode: paper\nvenues:\n  - {venue: bybit, gateway: bybit-v5}\n" LINEAR_ROW, 3,
     "venue bybit: gateway bybit-v5 serves venues named bybit-linear or bybit-spot: the name says "
     "which of its markets"},
    {"mode: sim\nvenues:\n  - venue: sim\n    key_file: k\n" SIM_ROW, 4,
     "venue sim: 'key_file' is of gateway bybit-v5, and this venue is simulated"},
    {"mode: sim\nvenues:\n  - venue: sim\n    record: r\n" SIM_ROW, 4,
     "venue sim: 'record' is of gateway bybit-v5, and this venue is simulated"},
    {LINEAR("paper", ", gatway: x"), 3, "unknown key 'gatway' of a venue"},
    {"venues: [{venue: sim, gateway: binance}]\n" SIM_ROW, 1,
     "gateway: 'binance' is none of simulated|bybit-v5"},
    {LINEAR("paper", ", environment: main"), 3,
     "environment: 'main' is none of testnet|live|custom"},
    {LINEAR("paper", ", environment: live, rest: 'https://api-testnet.bybit.com'"), 3,
     "venue bybit-linear: rest 'https://api-testnet.bybit.com' is of the testnet, and the "
     "environment is live"},
    {LINEAR("paper", ", environment: live, stream: 'wss://stream-testnet.bybit.com'"), 3,
     "venue bybit-linear: stream 'wss://stream-testnet.bybit.com' is of the testnet, and the "
     "environment is live"},
    {LINEAR("paper", ", rest: 'https://api.bybit.com'"), 3,
     "venue bybit-linear: rest 'https://api.bybit.com' is not of the testnet, and the environment "
     "is testnet"},
    {LINEAR("paper", ", environment: live, rest: 'https://127.0.0.1:9700'"), 3,
     "venue bybit-linear: rest 'https://127.0.0.1:9700' is on this machine: say environment "
     "custom"},
    {LINEAR("paper", ", environment: custom"), 3,
     "venue bybit-linear: environment custom needs rest and stream"},
    {LINEAR("paper", CUSTOM "'https://a.example'"), 3,
     "venue bybit-linear: environment custom needs rest and stream"},
    {LINEAR("paper", CUSTOM "'https://api.bytick.com', stream: 'wss://a.example'"), 3,
     "venue bybit-linear: rest 'https://api.bytick.com' is Bybit's own: say environment testnet or "
     "live"},
    {LINEAR("paper", CUSTOM "'http://a.example', stream: 'wss://a.example'"), 3,
     "venue bybit-linear: rest 'http://a.example' would go in the clear: http:// is for loopback "
     "only, use https://"},
    {LINEAR("paper", CUSTOM "'https://a.example', stream: 'ws://127.evil.example'"), 3,
     "venue bybit-linear: stream 'ws://127.evil.example' would go in the clear: ws:// is for "
     "loopback only, use wss://"},
    {LINEAR("paper", CUSTOM "'https://a.example/v5', stream: 'wss://a.example'"), 3,
     "venue bybit-linear: rest 'https://a.example/v5' is not https://HOST or https://HOST:PORT"},
    {LINEAR("paper", CUSTOM "'https://me@a.example', stream: 'wss://a.example'"), 3,
     "venue bybit-linear: rest 'https://me@a.example' is not https://HOST or https://HOST:PORT"},
    {LINEAR("paper", CUSTOM "'https://a.example:70000', stream: 'wss://a.example'"), 3,
     "venue bybit-linear: rest 'https://a.example:70000' is not https://HOST or https://HOST:PORT"},
    {LINEAR("paper", CUSTOM "'wss://a.example', stream: 'wss://a.example'"), 3,
     "venue bybit-linear: rest 'wss://a.example' is not https://HOST or https://HOST:PORT"},
    {LINEAR("paper", ", depth: 100"), 3,
     "venue bybit-linear: depth 100 is none of 1, 50, 200, 1000"},
    {LINEAR("paper", ", depth: \"50\""), 3,
     "depth: \"50\" in quotes is a text; wanted a whole number"},
    {LINEAR("paper", CUSTOM "'https://a.example/', stream: 'wss://a.example'"), 3,
     "venue bybit-linear: rest 'https://a.example/' is not https://HOST or https://HOST:PORT"},
    {LINEAR("paper", ", orders_per_s: 1"), 3, "orders_per_s: 1 is outside 2..1000"},
    {LINEAR("paper", ", stale_ms: 99"), 3, "stale_ms: 99 is outside 100..60000"},
    {LINEAR("paper", ", private_silence_ms: 20000"), 3,
     "venue bybit-linear: private_silence_ms must be above heartbeat_ms: between two pings a "
     "stream may well say nothing"},
    {LINEAR("paper", ", dcp_ms: 2000"), 3,
     "venue bybit-linear: dcp_ms must be 0 or whole seconds from 3000 on"},
    {LINEAR("paper", ", dcp_ms: 3500"), 3,
     "venue bybit-linear: dcp_ms must be 0 or whole seconds from 3000 on"},
    {LINEAR("paper", ", recv_window_ms: 10000"), 3,
     "venue bybit-linear: recv_window_ms must be below engine.void_after_ms: an order would be "
     "given up that the venue may still take"},
    {LINEAR("paper", "") "market: {speed: max}\n", 1,
     "mode paper runs in real time: market.speed must be real"},
    {LINEAR("paper", "") "market: {matching: l3}\n", 1,
     "mode paper: market.matching l3 is for the synthetic market: set l2"},
    {LINEAR("live", ", key_file: k") "market: {faults: f}\n", 1,
     "mode live: market.faults is for the simulated venue: take it out"},
};

Test(venues, refusals_name_the_line_and_say_what_to_do)
{
    for (size_t at = 0; at < sizeof refusals / sizeof refusals[0]; at++) {
        char wanted[2 * ERR_TEXT_MAX];
        struct err err;

        cr_assert_eq(load(refusals[at].text, NULL, &err), ERR_CONFIG, "taken: %s",
                     refusals[at].text);
        (void)snprintf(wanted, sizeof wanted, "%s:%d: %s", path, refusals[at].line,
                       refusals[at].says);
        cr_assert_str_eq(err.text, wanted);
    }
}

Test(venues, an_environment_gives_the_hosts)
{
    struct err err;

    cr_assert_eq(load(LINEAR("paper", ""), NULL, &err), OK, "%s", err.text);
    cr_assert_str_eq(config.venue_settings[0].rest, "https://api-testnet.bybit.com");
    cr_assert_str_eq(config.venue_settings[0].stream, "wss://stream-testnet.bybit.com");
    cr_assert_eq(load(LINEAR("live", ", environment: live, key_file: bybit-key"), NULL, &err), OK,
                 "%s", err.text);
    cr_assert_str_eq(config.venue_settings[0].rest, "https://api.bybit.com");
    cr_assert_str_eq(config.venue_settings[0].stream, "wss://stream.bybit.com");
    cr_assert_eq(load(LINEAR("paper", CUSTOM "'http://[::1]:9700', stream: 'ws://127.0.0.1:9700'"),
                      NULL, &err),
                 OK, "%s", err.text);
    cr_assert_str_eq(config.venue_settings[0].rest, "http://[::1]:9700");
}

Test(venues, what_is_not_said_has_its_default)
{
    const struct venue_settings *settings = &config.venue_settings[0];
    struct err err;

    cr_assert_eq(load(LINEAR("paper", ", stale_ms: 1500, standby: false"), NULL, &err), OK);
    cr_assert_eq(settings->kind, GATEWAY_BYBIT);
    cr_assert_eq(settings->stale_ns, 1500000000);
    cr_assert(!settings->standby);
    cr_assert_eq(settings->depth, 50);
    cr_assert_str_eq(settings->record, "");
    cr_assert_eq(settings->dcp_ns, 10000000000);
    cr_assert_eq(settings->clock_alarm_ns, 250000000);
    cr_assert_eq(settings->heartbeat_ns, 20000000000);
}

Test(venues, a_market_is_recorded_where_the_file_says)
{
    struct err err;

    cr_assert_eq(load(LINEAR("paper", ", record: /srv/frames"), NULL, &err), OK, "%s", err.text);
    cr_assert_str_eq(config.venue_settings[0].record, "/srv/frames");
}

Test(venues, simulated_ones_share_a_gateway_and_each_real_one_has_its_own)
{
    uint16_t serves[MAX_VENUES] = {0};
    struct err err;

    cr_assert_eq(load("venues: [{venue: a}, {venue: b}, {venue: sim}]\n" SIM_ROW, NULL, &err), OK,
                 "%s", err.text);
    cr_assert_eq(config_gateways(&config, serves), 1);
    cr_assert(serves[0] == 0 && serves[1] == 0 && serves[2] == 0);
    cr_assert_eq(load("mode: paper\nvenues: [{venue: bybit-spot, gateway: bybit-v5}, {venue: sim}, "
                      "{venue: bybit-linear, gateway: bybit-v5}, {venue: b}]\n" SIM_ROW,
                      NULL, &err),
                 OK, "%s", err.text);
    cr_assert_eq(config_gateways(&config, serves), 3);
    cr_assert(serves[0] == 0 && serves[1] == 1 && serves[2] == 2 && serves[3] == 1);
}

/* Even of a file for paper: nothing that is played back goes to a real venue. */
Test(venues, of_a_recording_are_simulated)
{
    static struct feed_instruments recorded = {.count = 1};
    uint16_t serves[MAX_VENUES] = {0};
    struct err err;

    recorded.row[0] = (struct instrument){
        .name = "bybit-linear:BTCUSDT", .tick_units = 1, .lot_units = 1, .tick_value_e8 = 100};
    (void)snprintf(recorded.venue[0], MAX_NAME, "bybit-linear");
    (void)snprintf(recorded.currency[0], 16, "USDT");
    cr_assert_eq(load(LINEAR("paper", ""), &recorded, &err), OK, "%s", err.text);
    cr_assert_eq(config.mode, MODE_REPLAY);
    cr_assert_eq(config.venue_settings[0].kind, GATEWAY_SIMULATED);
    cr_assert_eq(config_gateways(&config, serves), 1);
}
