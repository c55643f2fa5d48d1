/* `pitwall check --connect` where nobody answers: it says where, and why. */
#include "gateway/bybit/bybit.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

struct heard {
    uint32_t findings;
    char what[64], found[512]; /* the newest that was bad */
};

static void hear(void *ctx, enum bybit_finding finding, const char *what, const char *found)
{
    struct heard *heard = ctx;

    heard->findings++;
    if (finding != BYBIT_BAD)
        return;
    snprintf(heard->what, sizeof heard->what, "%s", what);
    snprintf(heard->found, sizeof heard->found, "%s", found);
}

static struct bybit_config config_of(const struct instrument *row)
{
    return (struct bybit_config){.io = {.instruments = row, .instrument_count = 1},
                                 .rest = "http://127.0.0.1:1",
                                 .stream = "ws://127.0.0.1:1",
                                 .recv_window_ms = 5000,
                                 .heartbeat_ns = 20000000000,
                                 .reconcile_ns = 1,
                                 .reference_ns = 1,
                                 .clock_alarm_ns = 250000000,
                                 .orders_per_s = 10};
}

Test(bybit_check, a_venue_that_is_not_there_is_said_once_with_its_address)
{
    struct instrument row = {.name = "bybit-linear:BTCUSDT", .tick_units = 1, .lot_units = 1};
    struct bybit_config config = config_of(&row); /* paper: no key */
    struct heard heard = {0};

    cr_assert(eq(u32, bybit_check(&config, hear, &heard), 1));
    cr_assert(eq(u32, heard.findings, 1));
    cr_assert(eq(str, heard.what, "clock"));
    cr_assert(strstr(heard.found, "no connection to http://127.0.0.1:1: ") != NULL, "%s",
              heard.found);
}

Test(bybit_check, to_trade_a_key_is_wanted)
{
    struct instrument row = {.name = "bybit-linear:BTCUSDT", .tick_units = 1, .lot_units = 1};
    struct bybit_config config = config_of(&row);
    struct gateway *gateway = NULL;
    struct err err;

    cr_assert(eq(int, bybit_open(&gateway, &config, &err), ERR_CONFIG));
    cr_assert(strstr(err.text, "key_file") != NULL, "%s", err.text);
}
