/* The topics tickers.SYMBOL: linear a snapshot, then what changed, every 100 ms; spot snapshots
 * every 50 ms. Fields as texts, compared with what was sent. */
#include "venue/bybit/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct fill {
    const struct bybit *bybit;
    const struct venue_instrument *row;
    struct ticker_text *fields;
    uint32_t count;
};

static char *add(struct fill *fill, const char *name)
{
    struct ticker_text *field = &fill->fields[fill->count++];

    field->name = name;
    field->text[0] = '\0';
    return field->text;
}

static void add_decimal(struct fill *fill, const char *name, int64_t units, uint32_t scale,
                        bool trim)
{
    char text[DECIMAL_TEXT_MAX];

    decimal_print(text, units, scale, trim);
    snprintf(add(fill, name), TICKER_TEXT_MAX, "%s", text);
}

/* 0: there is none, "" as the venue says. */
static void add_price(struct fill *fill, const char *name, int64_t ticks)
{
    if (ticks == 0)
        add(fill, name);
    else
        add_decimal(fill, name, ticks * fill->row->grid.tick_units, fill->row->grid.price_decimals,
                    fill->row->category == VENUE_SPOT);
}

static void add_qty(struct fill *fill, const char *name, int64_t lots)
{
    add_decimal(fill, name, lots * fill->row->grid.lot_units, fill->row->grid.qty_decimals,
                fill->row->category == VENUE_SPOT);
}

static void add_whole(struct fill *fill, const char *name, int64_t value)
{
    snprintf(add(fill, name), TICKER_TEXT_MAX, "%" PRId64, value);
}

/* Change over the day as a ratio of six decimals. */
static int64_t change_e6(const struct venue_ticker *ticker)
{
    if (ticker->open_ticks == 0)
        return 0;
    return (int64_t)((__int128)(ticker->last_ticks - ticker->open_ticks) * 1000000 /
                     ticker->open_ticks);
}

static void add_linear(struct fill *fill, const struct venue_ticker *ticker)
{
    int64_t interest_e8 = 0;

    if (ticker->mark_ticks == 0 || !instrument_value_e8(&fill->row->grid, ticker->mark_ticks,
                                                        ticker->open_interest_lots, &interest_e8))
        interest_e8 = 0;
    add_price(fill, "prevPrice1h", ticker->open_ticks);
    add_price(fill, "markPrice", ticker->mark_ticks);
    add_price(fill, "indexPrice", ticker->index_ticks);
    add_qty(fill, "openInterest", ticker->open_interest_lots);
    add_decimal(fill, "openInterestValue", interest_e8 / 1000000, 2, false);
    add_decimal(fill, "turnover24h", ticker->turnover_e8 / 10000, 4, false);
    add_qty(fill, "volume24h", ticker->volume_lots);
    snprintf(add(fill, "fundingIntervalHour"), TICKER_TEXT_MAX, "%d",
             (int)(fill->row->funding_interval_ns / (3600 * NS_PER_S)));
    strcpy(add(fill, "fundingCap"), "0.00375");
    add_whole(fill, "nextFundingTime", wire_ms(fill->bybit, ticker->next_funding_ns));
    add_decimal(fill, "fundingRate", ticker->funding_rate_e8, 8, true);
}

static void add_touch(struct bybit *bybit, struct fill *fill, uint16_t instrument)
{
    static const char *const names[2][2] = {{"bid1Price", "bid1Size"}, {"ask1Price", "ask1Size"}};

    for (uint32_t side = 0; side < 2; side++) {
        struct level best = {0};

        venue_levels(bybit->venue, instrument, (enum side)side, &best, 1);
        add_price(fill, names[side][0], best.price_ticks);
        add_qty(fill, names[side][1], best.qty_lots);
    }
}

uint32_t ticker_fields(struct bybit *bybit, uint16_t instrument,
                       struct ticker_text fields[TICKER_FIELDS_MAX])
{
    struct venue_ticker ticker = venue_ticker(bybit->venue, instrument);
    struct fill fill = {
        .bybit = bybit, .row = venue_instrument(bybit->venue, instrument), .fields = fields};

    snprintf(add(&fill, "symbol"), TICKER_TEXT_MAX, "%s", fill.row->symbol);
    if (fill.row->category == VENUE_LINEAR)
        strcpy(add(&fill, "tickDirection"), streams_direction(bybit, instrument));
    add_decimal(&fill, "price24hPcnt", change_e6(&ticker), 6, fill.row->category == VENUE_SPOT);
    add_price(&fill, "lastPrice", ticker.last_ticks);
    add_price(&fill, "prevPrice24h", ticker.open_ticks);
    add_price(&fill, "highPrice24h", ticker.high_ticks);
    add_price(&fill, "lowPrice24h", ticker.low_ticks);
    if (fill.row->category == VENUE_LINEAR) {
        add_linear(&fill, &ticker);
        add_touch(bybit, &fill, instrument);
        return fill.count;
    }
    add_decimal(&fill, "turnover24h", ticker.turnover_e8, 8, true);
    add_qty(&fill, "volume24h", ticker.volume_lots);
    add_price(&fill, "usdIndexPrice", ticker.index_ticks ? ticker.index_ticks : ticker.last_ticks);
    add_touch(bybit, &fill, instrument);
    return fill.count;
}

/* Streams of spot tickers have no bid and ask: documented. */
static bool is_streamed(const struct venue_instrument *row, const char *name)
{
    return row->category == VENUE_LINEAR ||
           (strncmp(name, "bid1", 4) != 0 && strncmp(name, "ask1", 4) != 0);
}

/* With `sent` only what differs from it. Returns how many fields besides the symbol. */
static uint32_t put_data(struct text *text, const struct venue_instrument *row,
                         const struct ticker_text *fields, uint32_t count,
                         const struct ticker_text *sent)
{
    uint32_t put = 0;

    text_put(text, "\"data\":{\"symbol\":\"%s\"", row->symbol);
    for (uint32_t at = 1; at < count; at++) {
        if (!is_streamed(row, fields[at].name) ||
            (sent && strcmp(sent[at].text, fields[at].text) == 0))
            continue;
        text_put(text, ",\"%s\":\"%s\"", fields[at].name, fields[at].text);
        put++;
    }
    text_put(text, "}");
    return put;
}

/* linear: topic, type, data, cs, ts; spot: topic, ts, type, cs, data. False: nothing to say. */
static bool put_frame(struct bybit *bybit, uint16_t instrument, const struct ticker_text *fields,
                      uint32_t count, const struct ticker_text *sent, int64_t now_ns)
{
    const struct venue_instrument *row = venue_instrument(bybit->venue, instrument);
    uint64_t seq = venue_seq(bybit->venue, instrument);
    struct text *text = &bybit->frame;
    uint32_t put;

    text_clear(text);
    text_put(text, "{\"topic\":\"tickers.%s\",", row->symbol);
    if (row->category == VENUE_SPOT) {
        text_put(text, "\"ts\":%" PRId64 ",\"type\":\"snapshot\",\"cs\":%" PRIu64 ",",
                 wire_ms(bybit, now_ns), seq);
        put_data(text, row, fields, count, NULL);
        text_put(text, "}");
        return true;
    }
    text_put(text, "\"type\":\"%s\",", sent ? "delta" : "snapshot");
    put = put_data(text, row, fields, count, sent);
    text_put(text, ",\"cs\":%" PRIu64 ",\"ts\":%" PRId64 "}", seq, wire_ms(bybit, now_ns));
    return put > 0;
}

void ticker_greet(struct bybit *bybit, struct session *session, uint16_t instrument, int64_t now_ns)
{
    struct ticker_text fields[TICKER_FIELDS_MAX];
    uint32_t count = ticker_fields(bybit, instrument, fields);

    /* The first listener's deltas are against this; others have had all up to now. */
    if (bybit->streams->of[instrument][STREAM_TICKER].count == 1)
        memcpy(bybit->streams->ticker[instrument], fields, sizeof fields[0] * count);
    put_frame(bybit, instrument, bybit->streams->ticker[instrument], count, NULL, now_ns);
    session_send(session, &bybit->frame, NULL);
}

void ticker_turn(struct bybit *bybit, uint16_t instrument, int64_t now_ns)
{
    struct ticker_text fields[TICKER_FIELDS_MAX];
    struct ticker_text *sent = bybit->streams->ticker[instrument];
    const struct venue_instrument *row = venue_instrument(bybit->venue, instrument);
    uint64_t seq = venue_seq(bybit->venue, instrument);
    uint32_t count;

    if (bybit->streams->of[instrument][STREAM_TICKER].count == 0 ||
        (row->category == VENUE_SPOT && bybit->streams->ticker_seq[instrument] == seq))
        return;
    bybit->streams->ticker_seq[instrument] = seq;
    count = ticker_fields(bybit, instrument, fields);
    if (!put_frame(bybit, instrument, fields, count, sent, now_ns))
        return;
    memcpy(sent, fields, sizeof fields[0] * count);
    bybit->publish_fault = venue_faults_draw(bybit->faults, VENUE_ON_TICKER, instrument);
    streams_publish(bybit, instrument, STREAM_TICKER, &bybit->frame, now_ns);
    bybit->publish_fault = (struct venue_fault){0};
}
