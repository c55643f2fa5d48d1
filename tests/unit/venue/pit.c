#include "pit.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

static const char coins[COINS][VENUE_TEXT_MAX] = {"USDT", "BTC"};

static const struct venue_instrument instruments[INSTRUMENTS] = {
    {.symbol = "BTCUSDT",
     .category = VENUE_LINEAR,
     .base = BTC,
     .quote = USDT,
     .settle = USDT,
     .grid = {.name = "bybit-linear:BTCUSDT",
              .price_decimals = 1,
              .qty_decimals = 3,
              .tick_units = 1,
              .lot_units = 1,
              .tick_value_e8 = 10000,
              .maker_fee_e8 = 20000,
              .taker_fee_e8 = 50000,
              .funding_rate_e8 = 10000,
              .maintenance_margin_e8 = 500000},
     .min_lots = 1,
     .max_lots = 1000000,
     .max_market_lots = 100000,
     .min_value_e8 = 5 * PIT_E8,
     .max_position_lots = 500000,
     .band_e8 = 10000000,
     .leverage_max = 100 * PIT_E8,
     .funding_interval_ns = 8 * 3600 * 1000000000LL,
     .launched_ns = PIT_START_NS},
    {.symbol = "BTCUSDT",
     .category = VENUE_SPOT,
     .base = BTC,
     .quote = USDT,
     .settle = USDT,
     .grid = {.name = "bybit-spot:BTCUSDT",
              .price_decimals = 1,
              .qty_decimals = 3,
              .tick_units = 1,
              .lot_units = 1,
              .tick_value_e8 = 10000,
              .maker_fee_e8 = 100000,
              .taker_fee_e8 = 100000},
     .min_lots = 1,
     .max_lots = 1000000,
     .min_value_e8 = 1 * PIT_E8,
     .band_e8 = 10000000,
     .launched_ns = PIT_START_NS},
};

static void hear_order(void *ctx, const struct venue_order *order)
{
    struct pit *pit = ctx;

    pit->order[pit->orders++ % PIT_HEARD_MAX] = *order;
}

static void hear_execution(void *ctx, const struct venue_execution *execution)
{
    struct pit *pit = ctx;

    pit->execution[pit->executions++ % PIT_HEARD_MAX] = *execution;
}

static void hear_position(void *ctx, uint16_t account, uint16_t instrument)
{
    struct pit *pit = ctx;

    (void)account, (void)instrument;
    pit->positions++;
}

static void hear_wallet(void *ctx, uint16_t account, uint16_t coin)
{
    struct pit *pit = ctx;

    (void)account, (void)coin;
    pit->wallets++;
}

static void hear_trade(void *ctx, uint16_t instrument, const struct venue_trade *trade)
{
    struct pit *pit = ctx;

    (void)instrument;
    pit->trade[pit->trades++ % PIT_HEARD_MAX] = *trade;
}

void pit_config(struct venue_config *config)
{
    *config = (struct venue_config){
        .instruments = INSTRUMENTS, .instrument = instruments, .coins = COINS, .coin = coins};
}

struct pit *pit_open(void)
{
    struct pit *pit = calloc(1, sizeof *pit);
    struct venue_config config;

    cr_assert(pit != NULL);
    pit_config(&config);
    config.listener = (struct venue_listener){.ctx = pit,
                                              .order = hear_order,
                                              .execution = hear_execution,
                                              .position = hear_position,
                                              .wallet = hear_wallet,
                                              .trade = hear_trade};
    pit->venue = venue_open(&config);
    cr_assert(pit->venue != NULL);
    pit->now_ns = PIT_START_NS;
    for (uint16_t account = ANN; account != PIT_ACCOUNTS; account++) {
        cr_assert(eq(u16, venue_add_account(pit->venue), account));
        venue_deposit(pit->venue, account, USDT, 10000 * PIT_E8);
        venue_deposit(pit->venue, account, BTC, 1 * PIT_E8);
    }
    pit_forget(pit);
    return pit;
}

void pit_close(struct pit *pit)
{
    venue_close(pit->venue);
    free(pit);
}

void pit_forget(struct pit *pit)
{
    pit->orders = pit->executions = pit->positions = pit->wallets = pit->trades = 0;
}

enum venue_answer pit_try(struct pit *pit, struct venue_new wanted, uint64_t *no)
{
    pit->now_ns += PIT_MS * 10;
    return venue_create(pit->venue, &wanted, pit->now_ns, no);
}

uint64_t pit_limit(struct pit *pit, uint16_t account, uint16_t instrument, enum side side,
                   int64_t lots, int64_t ticks)
{
    struct venue_new wanted = {.account = account,
                               .instrument = instrument,
                               .side = (uint8_t)side,
                               .price_ticks = ticks,
                               .qty_lots = lots};
    uint64_t no = 0;

    cr_assert(eq(int, (int)pit_try(pit, wanted, &no), VENUE_OK));
    return no;
}

uint64_t pit_market(struct pit *pit, uint16_t account, uint16_t instrument, enum side side,
                    int64_t lots)
{
    struct venue_new wanted = {.account = account,
                               .instrument = instrument,
                               .side = (uint8_t)side,
                               .type = TYPE_MARKET,
                               .tif = TIF_IOC,
                               .qty_lots = lots};
    uint64_t no = 0;

    cr_assert(eq(int, (int)pit_try(pit, wanted, &no), VENUE_OK));
    return no;
}

const struct venue_order *pit_order(const struct pit *pit, uint64_t no)
{
    const struct venue_order *order = venue_order(pit->venue, no);

    cr_assert(order != NULL);
    return order;
}
