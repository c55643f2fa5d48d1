/* Public questions about the market. */
#include "venue/bybit/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOOK_LEVELS_MAX = 1000, TRADES_MAX = 1000 };

void get_time(struct call *call)
{
    int64_t told_ns = call->now_ns + call->bybit->clock_offset_ns;

    text_put(call->result, "{\"timeSecond\":\"%" PRId64 "\",\"timeNano\":\"%" PRId64 "\"}",
             (int64_t)(told_ns / NS_PER_S), told_ns);
}

static const char *status_text(uint8_t status)
{
    static const char *const names[] = {
        [VENUE_TRADING] = "Trading", [VENUE_PRELAUNCH] = "PreLaunch", [VENUE_CLOSED] = "Closed"};

    return names[status];
}

static void put_key_price(struct text *text, const char *key, const struct venue_instrument *row,
                          int64_t ticks)
{
    text_put(text, "\"%s\":", key);
    text_decimal(text, ticks * row->grid.tick_units, row->grid.price_decimals, true);
    text_put(text, ",");
}

static void put_key_qty(struct text *text, const char *key, const struct venue_instrument *row,
                        int64_t lots)
{
    text_put(text, "\"%s\":", key);
    text_decimal(text, lots * row->grid.lot_units, row->grid.qty_decimals, true);
    text_put(text, ",");
}

static void put_linear_row(struct bybit *bybit, struct text *text,
                           const struct venue_instrument *row)
{
    text_put(text,
             "{\"symbol\":\"%s\",\"contractType\":\"LinearPerpetual\",\"status\":\"%s\","
             "\"baseCoin\":\"%s\",\"quoteCoin\":\"%s\",\"launchTime\":\"%" PRId64
             "\",\"deliveryTime\":\"0\",\"deliveryFeeRate\":\"\",\"priceScale\":\"%u\",",
             row->symbol, status_text(row->status), venue_coin(bybit->venue, row->base),
             venue_coin(bybit->venue, row->quote), (int64_t)(row->launched_ns / NS_PER_MS),
             row->grid.price_decimals);
    text_put(text, "\"leverageFilter\":{\"minLeverage\":\"1\",");
    text_money(text, "maxLeverage", row->leverage_max);
    text_put(text, "\"leverageStep\":\"0.01\"},\"priceFilter\":{");
    put_key_price(text, "minPrice", row, 1);
    put_key_price(text, "maxPrice", row, MAX_PRICE_TICKS);
    put_key_price(text, "tickSize", row, 1);
    text->length--; /* the comma */
    text_put(text, "},\"lotSizeFilter\":{");
    put_key_qty(text, "maxOrderQty", row, row->max_lots);
    put_key_qty(text, "minOrderQty", row, row->min_lots);
    put_key_qty(text, "qtyStep", row, 1);
    put_key_qty(text, "postOnlyMaxOrderQty", row, row->max_lots);
    put_key_qty(text, "maxMktOrderQty", row, row->max_market_lots);
    text_money(text, "minNotionalValue", row->min_value_e8);
    text->length--;
    text_put(text,
             "},\"unifiedMarginTrade\":true,\"fundingInterval\":%" PRId64 ",\"settleCoin\":\"%s\","
             "\"copyTrading\":\"none\",\"upperFundingRate\":\"0.00375\","
             "\"lowerFundingRate\":\"-0.00375\",\"isPreListing\":%s,\"preListingInfo\":null,"
             "\"displayName\":\"\",\"symbolType\":\"\"}",
             (int64_t)(row->funding_interval_ns / (60 * NS_PER_S)),
             venue_coin(bybit->venue, row->settle),
             row->status == VENUE_PRELAUNCH ? "true" : "false");
}

static void put_spot_row(struct bybit *bybit, struct text *text, uint16_t at,
                         const struct venue_instrument *row)
{
    text_put(text,
             "{\"symbolId\":%u,\"symbol\":\"%s\",\"baseCoin\":\"%s\",\"quoteCoin\":\"%s\","
             "\"innovation\":\"0\",\"status\":\"%s\",\"marginTrading\":\"utaOnly\","
             "\"stTag\":\"0\",\"lotSizeFilter\":{",
             at + 1U, row->symbol, venue_coin(bybit->venue, row->base),
             venue_coin(bybit->venue, row->quote), status_text(row->status));
    put_key_qty(text, "basePrecision", row, 1);
    text_put(text, "\"quotePrecision\":\"0.00000001\",");
    put_key_qty(text, "minOrderQty", row, row->min_lots);
    put_key_qty(text, "maxOrderQty", row, row->max_lots);
    text_money(text, "minOrderAmt", row->min_value_e8);
    text_put(text, "\"maxOrderAmt\":\"8000000\",");
    put_key_qty(text, "maxLimitOrderQty", row, row->max_lots);
    put_key_qty(text, "maxMarketOrderQty", row, row->max_market_lots);
    put_key_qty(text, "postOnlyMaxLimitOrderSize", row, row->max_lots);
    text->length--;
    text_put(text, "},\"priceFilter\":{");
    put_key_price(text, "tickSize", row, 1);
    text->length--;
    text_put(text, "},\"riskParameters\":{");
    text_money(text, "priceLimitRatioX", row->band_e8);
    text_money(text, "priceLimitRatioY", row->band_e8);
    text->length--;
    text_put(text, "},\"symbolType\":\"\"}");
}

/* Is it one of those that were asked for? */
static bool is_wanted(struct call *call, const struct venue_instrument *row)
{
    char room[3][64];
    const char *symbol = arg_text(call, "symbol", room[0]);
    const char *status = arg_text(call, "status", room[1]);
    const char *base = arg_text(call, "baseCoin", room[2]);

    if (row->category != call->category || (*symbol && strcmp(symbol, row->symbol) != 0))
        return false;
    if (*base && strcmp(base, venue_coin(call->bybit->venue, row->base)) != 0)
        return false;
    if (*status)
        return strcmp(status, status_text(row->status)) == 0;
    /* Before the launch it is shown to those who ask for it. */
    return row->status != VENUE_PRELAUNCH || *symbol;
}

void get_instruments(struct call *call)
{
    struct bybit *bybit = call->bybit;
    struct text *text = call->result;
    bool first = true;

    if (!arg_category(call))
        return;
    text_put(text, "{\"category\":\"%s\",\"list\":[", category_name(call->category));
    for (uint16_t at = 0; at < venue_instruments(bybit->venue); at++) {
        const struct venue_instrument *row = venue_instrument(bybit->venue, at);

        if (!is_wanted(call, row))
            continue;
        text_put(text, "%s", first ? "" : ",");
        first = false;
        if (row->category == VENUE_LINEAR)
            put_linear_row(bybit, text, row);
        else
            put_spot_row(bybit, text, at, row);
    }
    text_put(text, "],\"nextPageCursor\":\"\"}");
}

static void put_ticker(struct bybit *bybit, struct text *text, uint16_t instrument)
{
    struct ticker_text fields[TICKER_FIELDS_MAX];
    uint32_t count = ticker_fields(bybit, instrument, fields);

    text_put(text, "{");
    for (uint32_t at = 0; at < count; at++)
        text_put(text, "%s\"%s\":\"%s\"", at ? "," : "", fields[at].name, fields[at].text);
    /* Of contracts that end or are not launched yet; the streams do not tell them. */
    if (venue_instrument(bybit->venue, instrument)->category == VENUE_LINEAR)
        text_put(text, ",\"predictedDeliveryPrice\":\"\",\"basisRate\":\"\",\"basisRateYear\":\"\","
                       "\"basis\":\"\",\"deliveryFeeRate\":\"\",\"deliveryTime\":\"0\","
                       "\"preOpenPrice\":\"\",\"preQty\":\"\",\"curPreListingPhase\":\"\"");
    text_put(text, "}");
}

void get_tickers(struct call *call)
{
    struct bybit *bybit = call->bybit;
    uint16_t instrument;
    bool first = true;

    if (!arg_category(call))
        return;
    if (arg_is(call, "symbol") && !arg_instrument(call, &instrument))
        return;
    text_put(call->result, "{\"category\":\"%s\",\"list\":[", category_name(call->category));
    for (uint16_t at = 0; at < venue_instruments(bybit->venue); at++) {
        if (!is_wanted(call, venue_instrument(bybit->venue, at)))
            continue;
        text_put(call->result, "%s", first ? "" : ",");
        first = false;
        put_ticker(bybit, call->result, at);
    }
    text_put(call->result, "]}");
}

static void put_side(struct text *text, const struct venue_instrument *row, const char *key,
                     const struct level *levels, uint32_t count)
{
    text_put(text, "\"%s\":[", key);
    for (uint32_t at = 0; at < count; at++) {
        text_put(text, at ? ",[" : "[");
        put_price(text, row, levels[at].price_ticks);
        text_put(text, ",");
        put_qty(text, row, levels[at].qty_lots);
        text_put(text, "]");
    }
    text_put(text, "],");
}

void get_orderbook(struct call *call)
{
    const struct venue_instrument *row;
    const struct stream_book *book;
    uint16_t instrument;
    int64_t limit;

    if (!arg_category(call) || !arg_instrument(call, &instrument))
        return;
    limit = arg_whole(call, "limit", call->category == VENUE_LINEAR ? 25 : 1);
    if (limit < 1 || limit > BOOK_LEVELS_MAX) {
        call_refuse(call, CODE_PARAMS, "limit must be 1..%d", BOOK_LEVELS_MAX);
        return;
    }
    row = venue_instrument(call->bybit->venue, instrument);
    book = book_refresh(call->bybit, instrument, STREAM_BOOK_1000, call->now_ns);
    text_put(call->result, "{\"s\":\"%s\",", row->symbol);
    for (uint32_t side = 0; side < 2; side++)
        put_side(call->result, row, side ? "a" : "b", book->levels[side],
                 book->count[side] < limit ? book->count[side] : (uint32_t)limit);
    text_put(call->result,
             "\"ts\":%" PRId64 ",\"u\":%" PRId64 ",\"seq\":%" PRIu64 ",\"cts\":%" PRId64 "}",
             wire_ms(call->bybit, call->now_ns), book->u, book->seq,
             wire_ms(call->bybit, call->now_ns));
}

void get_trades(struct call *call)
{
    static struct venue_trade trades[TRADES_MAX];
    const struct venue_instrument *row;
    char id[WIRE_ID_MAX];
    uint16_t instrument;
    uint32_t count;
    int64_t limit;

    if (!arg_category(call) || !arg_instrument(call, &instrument))
        return;
    limit = arg_whole(call, "limit", call->category == VENUE_LINEAR ? 500 : 60);
    if (limit < 1 || limit > TRADES_MAX)
        limit = TRADES_MAX;
    row = venue_instrument(call->bybit->venue, instrument);
    count = venue_trades(call->bybit->venue, instrument, trades, (uint32_t)limit);
    text_put(call->result, "{\"category\":\"%s\",\"list\":[", category_name(call->category));
    for (uint32_t at = 0; at < count; at++) {
        text_put(
            call->result, "%s{\"execId\":\"%s\",\"symbol\":\"%s\",\"price\":", at ? "," : "",
            id_text(call->bybit, id, row->category,
                    (struct id_parts){trades[at].no, venue_life(call->bybit->venue), ID_TRADE}),
            row->symbol);
        put_price(call->result, row, trades[at].price_ticks);
        text_put(call->result, ",\"size\":");
        put_qty(call->result, row, trades[at].lots);
        text_put(call->result,
                 ",\"side\":\"%s\",\"time\":\"%" PRId64
                 "\",\"isBlockTrade\":false,\"isRPITrade\":false,\"seq\":\"%" PRIu64 "\"}",
                 trades[at].taker_side == SIDE_BUY ? "Buy" : "Sell",
                 wire_ms(call->bybit, trades[at].at_ns), trades[at].seq);
    }
    text_put(call->result, "]}");
}
