/* The unified account's wallet as a JSON object. Totals are in USD; a stable coin counts as one,
 * any other at the last price of its spot or linear market against USDT. */
#include "venue/bybit/inside.h"

#include <stdio.h>
#include <string.h>

static bool is_dollar(const char *coin)
{
    return strcmp(coin, "USDT") == 0 || strcmp(coin, "USDC") == 0 || strcmp(coin, "USD") == 0;
}

/* USD of one coin, 1e-8; 0: nobody knows. */
static int64_t rate_e8(struct bybit *bybit, uint16_t coin)
{
    const char *name = venue_coin(bybit->venue, coin);
    char symbol[VENUE_TEXT_MAX * 2];
    uint16_t instrument;
    int64_t units;
    const struct venue_instrument *row;

    if (is_dollar(name))
        return RATIO_ONE_E8;
    snprintf(symbol, sizeof symbol, "%sUSDT", name);
    if (!venue_find(bybit->venue, VENUE_SPOT, symbol, &instrument) &&
        !venue_find(bybit->venue, VENUE_LINEAR, symbol, &instrument))
        return 0;
    row = venue_instrument(bybit->venue, instrument);
    units = venue_ticker(bybit->venue, instrument).last_ticks * row->grid.tick_units;
    for (uint32_t at = row->grid.price_decimals; at < 8; at++)
        units *= 10;
    return units;
}

static int64_t usd_e8(struct bybit *bybit, uint16_t coin, int64_t amount_e8)
{
    int64_t usd = 0;

    return money_scale(amount_e8, rate_e8(bybit, coin), &usd) ? usd : 0;
}

static int64_t realised_e8(struct bybit *bybit, uint16_t account, uint16_t coin)
{
    int64_t sum = 0;

    for (uint16_t at = 0; at < venue_instruments(bybit->venue); at++)
        if (venue_instrument(bybit->venue, at)->category == VENUE_LINEAR &&
            venue_instrument(bybit->venue, at)->settle == coin)
            sum += venue_position(bybit->venue, account, at)->realised_e8;
    return sum;
}

struct totals {
    int64_t equity_e8, wallet_e8, available_e8, unrealised_e8, initial_e8, maintenance_e8;
};

static void put_coin(struct bybit *bybit, struct text *text, uint16_t account, uint16_t coin)
{
    struct venue_wallet wallet = venue_wallet(bybit->venue, account, coin);
    struct venue_margin margin = venue_margin(bybit->venue, account, coin);
    int64_t equity_e8 = wallet.balance_e8 + margin.unrealised_e8;

    text_put(text, "{\"coin\":\"%s\",", venue_coin(bybit->venue, coin));
    text_money(text, "equity", equity_e8);
    text_money(text, "usdValue", usd_e8(bybit, coin, equity_e8));
    text_money(text, "walletBalance", wallet.balance_e8);
    text_put(text, "\"free\":\"\",");
    text_money(text, "locked", wallet.locked_e8);
    text_money(text, "availableToWithdraw", wallet.balance_e8 - wallet.locked_e8);
    text_put(text, "\"availableToBorrow\":\"\",\"borrowAmount\":\"0\",\"accruedInterest\":\"0\",");
    text_money(text, "totalOrderIM", margin.order_initial_e8);
    text_money(text, "totalPositionIM", margin.initial_e8);
    text_money(text, "totalPositionMM", margin.maintenance_e8);
    text_money(text, "unrealisedPnl", margin.unrealised_e8);
    text_money(text, "cumRealisedPnl", realised_e8(bybit, account, coin));
    text_put(text, "\"bonus\":\"0\",\"collateralSwitch\":true,\"marginCollateral\":true,"
                   "\"spotHedgingQty\":\"0\",\"spotBorrow\":\"0\"}");
}

/* Is the name one of a comma list? */
static bool is_listed(const char *list, const char *name)
{
    size_t wanted = strlen(name);

    while (*list) {
        size_t length = strcspn(list, ",");

        if (length == wanted && strncmp(list, name, length) == 0)
            return true;
        list += length + (list[length] == ',');
    }
    return false;
}

static void put_coins(struct bybit *bybit, struct text *text, uint16_t account, const char *only)
{
    bool first = true;

    for (uint16_t coin = 0; coin < bybit->coins; coin++) {
        bool asked = is_listed(only, venue_coin(bybit->venue, coin));
        struct venue_wallet wallet = venue_wallet(bybit->venue, account, coin);

        if (*only ? !asked : wallet.balance_e8 == 0 && wallet.locked_e8 == 0)
            continue;
        if (!first)
            text_put(text, ",");
        first = false;
        put_coin(bybit, text, account, coin);
    }
}

static struct totals totals_of(struct bybit *bybit, uint16_t account)
{
    struct totals totals = {0};

    for (uint16_t coin = 0; coin < bybit->coins; coin++) {
        struct venue_wallet wallet = venue_wallet(bybit->venue, account, coin);
        struct venue_margin margin = venue_margin(bybit->venue, account, coin);
        int64_t held_e8 = margin.initial_e8 + margin.order_initial_e8;

        totals.wallet_e8 += usd_e8(bybit, coin, wallet.balance_e8);
        totals.unrealised_e8 += usd_e8(bybit, coin, margin.unrealised_e8);
        totals.initial_e8 += usd_e8(bybit, coin, held_e8);
        totals.maintenance_e8 += usd_e8(bybit, coin, margin.maintenance_e8);
        totals.available_e8 += usd_e8(
            bybit, coin, wallet.balance_e8 + margin.unrealised_e8 - wallet.locked_e8 - held_e8);
    }
    totals.equity_e8 = totals.wallet_e8 + totals.unrealised_e8;
    return totals;
}

static void put_ratio(struct text *text, const char *key, int64_t part_e8, int64_t whole_e8)
{
    int64_t ratio = part_e8 > 0 && whole_e8 > 0 ? money_ratio_up_e8(part_e8, whole_e8) : 0;

    text_money(text, key, ratio == INT64_MAX ? 0 : ratio);
}

void put_wallet(struct bybit *bybit, struct text *text, uint16_t account, const char *coin)
{
    struct totals totals = totals_of(bybit, account);

    text_put(text, "{");
    put_ratio(text, "accountIMRate", totals.initial_e8, totals.equity_e8);
    put_ratio(text, "accountIMRateByMp", totals.initial_e8, totals.equity_e8);
    put_ratio(text, "accountMMRate", totals.maintenance_e8, totals.equity_e8);
    put_ratio(text, "accountMMRateByMp", totals.maintenance_e8, totals.equity_e8);
    text_money(text, "totalEquity", totals.equity_e8);
    text_money(text, "totalWalletBalance", totals.wallet_e8);
    text_money(text, "totalMarginBalance", totals.equity_e8);
    text_money(text, "totalAvailableBalance", totals.available_e8);
    text_money(text, "totalPerpUPL", totals.unrealised_e8);
    text_money(text, "totalInitialMargin", totals.initial_e8);
    text_money(text, "totalInitialMarginByMp", totals.initial_e8);
    text_money(text, "totalMaintenanceMargin", totals.maintenance_e8);
    text_money(text, "totalMaintenanceMarginByMp", totals.maintenance_e8);
    text_put(text, "\"coin\":[");
    put_coins(bybit, text, account, coin);
    text_put(text, "],\"accountLTV\":\"0\",\"accountType\":\"UNIFIED\"}");
}
