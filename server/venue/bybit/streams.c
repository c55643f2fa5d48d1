/* Public topics: who listens to what, trades, and when what is pushed. */
#include "venue/bybit/inside.h"

#include "thread/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STEP_NS (10 * NS_PER_MS)

enum status streams_open(struct bybit *bybit, struct err *err)
{
    struct streams *streams = calloc(1, sizeof *streams);

    bybit->streams = streams;
    for (uint32_t at = 0; streams && at < VENUE_INSTRUMENTS_MAX; at++)
        for (uint32_t stream = 0; stream < STREAM_BOOKS; stream++)
            for (uint32_t side = 0; side < 2; side++) {
                struct level **levels = &streams->books[at][stream].levels[side];

                *levels = calloc(stream_depth((enum stream)stream) + 1, sizeof **levels);
                if (!*levels)
                    return err_set(err, ERR_INTERNAL, "no memory for books");
            }
    return streams ? OK : err_set(err, ERR_INTERNAL, "no memory for streams");
}

void streams_close(struct bybit *bybit)
{
    struct streams *streams = bybit->streams;

    for (uint32_t at = 0; streams && at < VENUE_INSTRUMENTS_MAX; at++) {
        for (uint32_t stream = 0; stream < STREAM_BOOKS; stream++) {
            free(streams->books[at][stream].levels[0]);
            free(streams->books[at][stream].levels[1]);
        }
        for (uint32_t stream = 0; stream < STREAM_COUNT; stream++)
            free(streams->of[at][stream].session);
    }
    free(streams);
}

static const struct {
    const char *prefix;
    enum stream stream;
} topics[] = {{"orderbook.1.", STREAM_BOOK_1},     {"orderbook.50.", STREAM_BOOK_50},
              {"orderbook.200.", STREAM_BOOK_200}, {"orderbook.1000.", STREAM_BOOK_1000},
              {"publicTrade.", STREAM_TRADE},      {"tickers.", STREAM_TICKER}};

bool streams_find(const struct bybit *bybit, uint8_t category, const char *topic,
                  uint16_t *instrument, enum stream *stream)
{
    for (size_t at = 0; at < sizeof topics / sizeof topics[0]; at++) {
        size_t length = strlen(topics[at].prefix);

        if (strncmp(topic, topics[at].prefix, length) != 0)
            continue;
        *stream = topics[at].stream;
        return venue_find(bybit->venue, (enum venue_category)category, topic + length, instrument);
    }
    return false;
}

void streams_subscribe(struct bybit *bybit, struct session *session, uint16_t instrument,
                       enum stream stream, int64_t now_ns)
{
    struct subscribers *of = &bybit->streams->of[instrument][stream];

    (void)now_ns;
    if (session->streams[instrument * STREAM_COUNT + stream])
        return;
    if (of->count == of->room) {
        of->room = of->room ? 2 * of->room : 8;
        of->session = realloc(of->session, of->room * sizeof(struct session *));
        assert(of->session);
    }
    of->session[of->count++] = session;
    session->streams[instrument * STREAM_COUNT + stream] = true;
}

void streams_unsubscribe(struct bybit *bybit, struct session *session, uint16_t instrument,
                         enum stream stream)
{
    struct subscribers *of = &bybit->streams->of[instrument][stream];

    if (!session->streams[instrument * STREAM_COUNT + stream])
        return;
    session->streams[instrument * STREAM_COUNT + stream] = false;
    for (uint32_t at = 0; at < of->count; at++)
        if (of->session[at] == session) {
            of->session[at] = of->session[--of->count];
            return;
        }
}

void streams_greet(struct bybit *bybit, struct session *session, uint16_t instrument,
                   enum stream stream, int64_t now_ns)
{
    if (stream < STREAM_BOOKS)
        book_greet(bybit, session, instrument, stream, now_ns);
    else if (stream == STREAM_TICKER)
        ticker_greet(bybit, session, instrument, now_ns);
}

static void log_public(struct bybit *bybit, enum stream stream, uint16_t instrument,
                       const struct text *text)
{
    const struct venue_ledger_line line = {
        .is_out = true,
        .kind = stream < STREAM_BOOKS    ? "book"
                : stream == STREAM_TRADE ? "trade"
                                         : "ticker",
        .symbol = venue_instrument(bybit->venue, instrument)->symbol,
        .body = text->at,
        .body_length = text->length,
        .body_is_json = true,
    };

    bybit_log(bybit, &line);
}

static void send_all(struct bybit *bybit, const struct subscribers *of, struct venue_frame *frame,
                     const struct venue_fault *fault)
{
    struct venue_delivery how = fault_delivery(fault);
    bool plain = fault->verb == VENUE_FAULT_NONE;

    for (uint32_t at = 0; at < of->count; at++) {
        struct venue_conn *conn = of->session[at]->conn;

        if (!fault_silences(fault))
            venue_conn_send(conn, frame, plain ? NULL : &how);
        if (fault->verb == VENUE_FAULT_DUP)
            venue_conn_send(conn, frame, NULL);
        if (!plain)
            fault_apply(bybit, conn, 0, UINT16_MAX, fault, clock_real_ns());
    }
}

void streams_publish(struct bybit *bybit, uint16_t instrument, enum stream stream,
                     const struct text *text, int64_t now_ns)
{
    struct subscribers *of = &bybit->streams->of[instrument][stream];
    const struct venue_fault *fault = &bybit->publish_fault;
    struct venue_frame *frame;

    (void)now_ns;
    if (of->count == 0)
        return;
    if (bybit->config.ledger_public)
        log_public(bybit, stream, instrument, text);
    frame = venue_frame_text(text->at, fault->verb == VENUE_FAULT_CORRUPT_JSON ? text->length - 1
                                                                               : text->length);
    send_all(bybit, of, frame, fault);
    venue_frame_drop(frame);
}

/* ---- trades --------------------------------------------------------------------------- */

void streams_note_trade(struct bybit *bybit, uint16_t instrument, const struct venue_trade *trade)
{
    struct streams *streams = bybit->streams;

    if (streams->trade_count[instrument] < PENDING_TRADES_MAX)
        streams->trades[instrument][streams->trade_count[instrument]++] = *trade;
}

const char *streams_direction(const struct bybit *bybit, uint16_t instrument)
{
    static const char *const names[] = {"ZeroPlusTick", "PlusTick", "ZeroMinusTick", "MinusTick"};

    return names[bybit->streams->last_direction[instrument]];
}

static void note_direction(struct streams *streams, uint16_t instrument, int64_t ticks)
{
    int64_t last = streams->last_trade_ticks[instrument];
    uint8_t *was = &streams->last_direction[instrument];

    streams->last_trade_ticks[instrument] = ticks;
    if (ticks == last)
        *was &= 2; /* zero, in the direction before */
    else
        *was = ticks > last ? 1 : 3;
}

/* linear: T s S v p L i BT RPI seq; spot: i T p v S s BT RPI seq */
static void put_trade(struct bybit *bybit, struct text *text, uint16_t instrument,
                      const struct venue_trade *trade)
{
    const struct venue_instrument *row = venue_instrument(bybit->venue, instrument);
    const char *side = trade->taker_side == SIDE_BUY ? "Buy" : "Sell";
    char id[WIRE_ID_MAX];

    note_direction(bybit->streams, instrument, trade->price_ticks);
    id_text(bybit, id, row->category,
            (struct id_parts){trade->no, venue_life(bybit->venue), ID_TRADE});
    if (row->category == VENUE_SPOT)
        text_put(text, "{\"i\":\"%s\",\"T\":%" PRId64 ",\"p\":", id, wire_ms(bybit, trade->at_ns));
    else
        text_put(text, "{\"T\":%" PRId64 ",\"s\":\"%s\",\"S\":\"%s\",\"v\":",
                 wire_ms(bybit, trade->at_ns), row->symbol, side);
    if (row->category == VENUE_SPOT)
        put_price(text, row, trade->price_ticks);
    else
        put_qty(text, row, trade->lots);
    text_put(text, row->category == VENUE_SPOT ? ",\"v\":" : ",\"p\":");
    if (row->category == VENUE_SPOT)
        put_qty(text, row, trade->lots);
    else
        put_price(text, row, trade->price_ticks);
    if (row->category == VENUE_SPOT)
        text_put(text, ",\"S\":\"%s\",\"s\":\"%s\"", side, row->symbol);
    else
        text_put(text, ",\"L\":\"%s\",\"i\":\"%s\"", streams_direction(bybit, instrument), id);
    text_put(text, ",\"BT\":false,\"RPI\":false,\"seq\":%" PRIu64 "}", trade->seq);
}

static void publish_trades(struct bybit *bybit, uint16_t instrument, int64_t now_ns)
{
    const struct venue_instrument *row = venue_instrument(bybit->venue, instrument);
    struct text *text = &bybit->frame;

    text_clear(text);
    text_put(text, "{\"topic\":\"publicTrade.%s\",", row->symbol);
    if (row->category == VENUE_SPOT)
        text_put(text, "\"ts\":%" PRId64 ",\"type\":\"snapshot\",\"data\":[",
                 wire_ms(bybit, now_ns));
    else
        text_put(text, "\"type\":\"snapshot\",\"ts\":%" PRId64 ",\"data\":[",
                 wire_ms(bybit, now_ns));
    for (uint32_t at = 0; at < bybit->streams->trade_count[instrument]; at++) {
        text_add(text, ",", at > 0);
        put_trade(bybit, text, instrument, &bybit->streams->trades[instrument][at]);
    }
    text_put(text, "]}");
    bybit->streams->trade_count[instrument] = 0;
    if (bybit->streams->of[instrument][STREAM_TRADE].count == 0)
        return;
    bybit->publish_fault = venue_faults_draw(bybit->faults, VENUE_ON_TRADE, instrument);
    streams_publish(bybit, instrument, STREAM_TRADE, text, now_ns);
    bybit->publish_fault = (struct venue_fault){0};
}

/* ---- when ----------------------------------------------------------------------------- */

static void turn_one(struct bybit *bybit, uint16_t instrument, int64_t step, int64_t now_ns)
{
    static const uint8_t steps[STREAM_BOOKS] = {1, 2, 10, 20}; /* of 10 ms */
    uint8_t ticker = venue_instrument(bybit->venue, instrument)->category == VENUE_SPOT ? 5 : 10;

    for (uint32_t stream = 0; stream < STREAM_BOOKS; stream++)
        if (step % steps[stream] == 0)
            book_turn(bybit, instrument, (enum stream)stream, now_ns);
    if (step % ticker == 0)
        ticker_turn(bybit, instrument, now_ns);
}

void streams_turn(struct bybit *bybit, int64_t now_ns)
{
    uint16_t count = venue_instruments(bybit->venue);
    int64_t step;

    for (uint16_t at = 0; at < count; at++)
        if (bybit->streams->trade_count[at] > 0)
            publish_trades(bybit, at, now_ns);
    if (now_ns < bybit->streams->next_ns)
        return;
    /* A turn that was missed is made up for by looking at all depths. */
    step = bybit->streams->next_ns + STEP_NS <= now_ns ? 0 : bybit->streams->next_ns / STEP_NS;
    bybit->streams->next_ns = (now_ns / STEP_NS + 1) * STEP_NS;
    for (uint16_t at = 0; at < count; at++)
        turn_one(bybit, at, step, now_ns);
}
