/* The instruments and coins that the venue offers of what a feed trades, with filters and fees like
 * those of Bybit. */
#include "thread/log.h"
#include "venue/market_inside.h"

#include <stdio.h>
#include <string.h>

enum { MAKER_LINEAR_E8 = 20000, TAKER_LINEAR_E8 = 55000, FEE_SPOT_E8 = 100000 };
#define LAUNCHED_NS 1584230400000000000LL /* 15 March 2020, as BTCUSDT */
#define FUNDING_INTERVAL_NS (8 * 3600 * 1000000000LL)
#define LARGEST_ORDER 1000000LL /* of the base coin, and what an exchange can hold */

/* ---- coins ------------------------------------------------------------------------------ */

/* VENUE_COINS_MAX: there is no room. */
static uint16_t coin_of(struct market_rows *rows, const char *name)
{
    for (uint16_t at = 0; at < rows->coins; at++)
        if (strcmp(rows->coin[at], name) == 0)
            return at;
    if (rows->coins == VENUE_COINS_MAX)
        return VENUE_COINS_MAX;
    (void)snprintf(rows->coin[rows->coins], VENUE_TEXT_MAX, "%.*s", VENUE_TEXT_MAX - 1, name);
    return rows->coins++;
}

/* BTCUSDT in USDT: BTC. False when the symbol does not end so. */
static bool base_of(const char *symbol, const char *quote, char base[VENUE_TEXT_MAX])
{
    size_t length = strlen(symbol);
    size_t tail = strlen(quote);

    if (length <= tail || length >= VENUE_TEXT_MAX || strcmp(symbol + length - tail, quote) != 0)
        return false;
    memcpy(base, symbol, length - tail);
    base[length - tail] = 0;
    return true;
}

/* ---- a row ------------------------------------------------------------------------------ */

static int64_t most_lots(const struct instrument *grid)
{
    int64_t lots = LARGEST_ORDER * decimal_one(grid->qty_decimals) / grid->lot_units;

    return lots < EXCHANGE_LOTS_MAX ? lots : EXCHANGE_LOTS_MAX;
}

static void make_linear(struct venue_instrument *row)
{
    row->grid.maker_fee_e8 = MAKER_LINEAR_E8;
    row->grid.taker_fee_e8 = TAKER_LINEAR_E8;
    row->grid.funding_rate_e8 = 10000; /* 0.01 % */
    row->grid.initial_margin_e8 = RATIO_ONE_E8 / 100;
    row->grid.maintenance_margin_e8 = 500000; /* 0.5 % */
    row->min_value_e8 = 5 * MONEY_ONE_E8;
    row->leverage_max = 100 * RATIO_ONE_E8;
    row->funding_interval_ns = FUNDING_INTERVAL_NS;
}

static void make_spot(struct venue_instrument *row)
{
    row->grid.maker_fee_e8 = row->grid.taker_fee_e8 = FEE_SPOT_E8;
    row->min_value_e8 = MONEY_ONE_E8;
}

static void add_row(struct market_rows *rows, const struct feed_instruments *feed, uint16_t from,
                    enum venue_category category)
{
    const char *symbol = strchr(feed->row[from].name, ':') + 1;
    struct venue_instrument *row = &rows->instrument[rows->instruments];
    char base[VENUE_TEXT_MAX];

    if (rows->instruments == VENUE_INSTRUMENTS_MAX || !base_of(symbol, feed->currency[from], base))
        return;
    *row = (struct venue_instrument){.category = (uint8_t)category,
                                     .status = VENUE_TRADING,
                                     .base = coin_of(rows, base),
                                     .quote = coin_of(rows, feed->currency[from]),
                                     .settle = coin_of(rows, feed->currency[from]),
                                     .grid = feed->row[from],
                                     .min_lots = 1,
                                     .max_lots = most_lots(&feed->row[from]),
                                     .band_e8 = 10000000, /* 10 % */
                                     .launched_ns = LAUNCHED_NS};
    if (row->base == VENUE_COINS_MAX || row->quote == VENUE_COINS_MAX)
        return;
    (void)snprintf(row->symbol, sizeof row->symbol, "%.*s", VENUE_TEXT_MAX - 1, symbol);
    (void)snprintf(row->grid.name, sizeof row->grid.name, "%s:%.*s",
                   category == VENUE_LINEAR ? "bybit-linear" : "bybit-spot", VENUE_TEXT_MAX - 1,
                   symbol);
    row->max_market_lots = row->max_lots / 5;
    if (category == VENUE_LINEAR)
        make_linear(row);
    else
        make_spot(row);
    rows->from[rows->instruments++] = from;
}

/* ---- all of them ------------------------------------------------------------------------ */

static bool can_trade(const struct feed_instruments *feed, uint16_t at)
{
    const struct instrument *row = &feed->row[at];
    char base[VENUE_TEXT_MAX];
    const char *symbol = strchr(row->name, ':');

    return !row->inverse && row->tick_value_e8 > 0 && row->qty_decimals <= 8 && symbol &&
           base_of(symbol + 1, feed->currency[at], base);
}

static void say_left_out(const struct instrument *row)
{
    char name[MAX_NAME * 4];

    log_line(LOG_WARN, "venue", "left out: neither linear nor spot on a grid of money",
             "instrument=%s", log_escape(name, sizeof name, row->name));
}

void market_rows_fill(struct market_rows *rows, const struct feed_instruments *feed)
{
    *rows = (struct market_rows){0};
    (void)coin_of(rows, "USDT"); /* the first, for whoever lists them */
    for (uint16_t at = 0; at < feed->count; at++) {
        bool synthetic = strcmp(feed->venue[at], "sim") == 0;

        if (!can_trade(feed, at)) {
            say_left_out(&feed->row[at]);
            continue;
        }
        if (synthetic || strcmp(feed->venue[at], "binance-spot") != 0)
            add_row(rows, feed, at, VENUE_LINEAR);
        if (synthetic || strcmp(feed->venue[at], "binance-spot") == 0)
            add_row(rows, feed, at, VENUE_SPOT);
    }
}
