/* The fast way: the venue's usual orders of keys, compared as whole literals. See decode.h. */
#include "gateway/bybit/decode.h"

#include "gateway/usual.h"

/* As number_count, and no leading zero, which JSON does not have. */
USUAL_INLINE bool count(struct usual *scan, int64_t *value)
{
    const char *start = scan->at;

    return usual_count(scan, value) && (*start != '0' || scan->at == start + 1);
}

/* The same short text again, and its closing quote. Nearly all symbols are shorter than 8. */
USUAL_INLINE bool again(struct usual *scan, struct scan_text text)
{
    uint32_t length = text.length + 1;
    uint64_t a, b;

    memcpy(&a, scan->at, sizeof a);
    memcpy(&b, text.at, sizeof b);
    if (length <= 8 ? (a ^ b) << (64 - 8 * length) != 0 : memcmp(scan->at, text.at, length) != 0)
        return false;
    scan->at += length;
    return true;
}

/* Behind the topic's opening quote up to its end; the instrument must be ours. */
USUAL_INLINE bool symbol(struct usual *scan, struct scan_grid *units, const struct bybit_room *room,
                         struct bybit_frame *frame)
{
    const struct bybit_grid *grid;
    const char *topic = scan->at - (frame->kind == BYBIT_TRADES ? 12 : 10);

    if (frame->kind != BYBIT_TRADES) {
        if (SKIP(scan, "50."))
            frame->depth = 50;
        else if (SKIP(scan, "1."))
            frame->depth = 1;
        else if (SKIP(scan, "200."))
            frame->depth = 200;
        else if (SKIP(scan, "1000."))
            frame->depth = 1000;
        else
            return false;
    }
    if (!usual_name(scan, &frame->symbol) || frame->symbol.length == 0)
        return false;
    grid = room->find(room->ctx, frame->symbol.at, frame->symbol.length);
    if (grid == NULL)
        return false;
    frame->topic = (struct scan_text){topic, (uint32_t)(scan->at - 1 - topic)};
    frame->instrument = grid->instrument;
    *units = (struct scan_grid){.price_decimals = grid->price_decimals,
                                .qty_decimals = grid->qty_decimals,
                                .tick_units = grid->tick_units,
                                .lot_units = grid->lot_units};
    return true;
}

USUAL_INLINE bool book_type(struct usual *scan, struct bybit_frame *frame)
{
    if (SKIP(scan, ",\"type\":\"delta\""))
        frame->kind = BYBIT_DELTA;
    else if (SKIP(scan, ",\"type\":\"snapshot\""))
        frame->kind = BYBIT_SNAPSHOT;
    else
        return false;
    return true;
}

USUAL_INLINE bool type_and_time(struct usual *scan, struct bybit_frame *frame)
{
    if (SKIP(scan, ",\"ts\":")) /* of spot, and of level 1 */
        return count(scan, &frame->ts_ms) && book_type(scan, frame);
    return book_type(scan, frame) && SKIP(scan, ",\"ts\":") && count(scan, &frame->ts_ms);
}

USUAL_INLINE bool both_sides(struct usual *scan, const struct bybit_room *room,
                             struct bybit_frame *frame)
{
    uint32_t most = bybit_levels_most(room);
    uint32_t bids = usual_list(scan, room->levels, most);
    uint32_t asks;

    if (bids > most || !SKIP(scan, ",\"a\":["))
        return false;
    asks = usual_list(scan, room->levels + bids, most - bids);
    frame->bid_count = (uint16_t)bids;
    frame->ask_count = (uint16_t)asks;
    return asks <= most - bids;
}

/* Behind `orderbook.`. */
USUAL_INLINE bool orderbook(struct usual *scan, struct scan_grid *units,
                            const struct bybit_room *room, struct bybit_frame *frame)
{
    if (!symbol(scan, units, room, frame) || !type_and_time(scan, frame) ||
        !SKIP(scan, ",\"data\":{\"s\":\"") || !again(scan, frame->symbol) ||
        !SKIP(scan, ",\"b\":[") || !both_sides(scan, room, frame))
        return false;
    if (!SKIP(scan, ",\"u\":") || !count(scan, &frame->u) || !SKIP(scan, ",\"seq\":") ||
        !count(scan, &frame->seq) || !SKIP(scan, "}"))
        return false;
    return !SKIP(scan, ",\"cts\":") || count(scan, &frame->cts_ms);
}

USUAL_INLINE bool side(struct usual *scan, struct bybit_trade *trade)
{
    trade->buyer_is_maker = SKIP(scan, "Sell\"");
    return trade->buyer_is_maker || SKIP(scan, "Buy\"");
}

USUAL_INLINE bool boolean(struct usual *scan)
{
    return SKIP(scan, "true") || SKIP(scan, "false");
}

USUAL_INLINE bool trade_id(struct usual *scan, struct bybit_trade *trade)
{
    struct scan_text text;

    if (!usual_name(scan, &text) || text.length == 0)
        return false;
    trade->id = bybit_trade_id(text);
    return true;
}

/* Of linear, behind `{"T":`. */
USUAL_INLINE bool linear_trade(struct usual *scan, struct scan_text of, struct bybit_trade *trade)
{
    struct scan_text direction;

    return count(scan, &trade->time_ms) && SKIP(scan, ",\"s\":\"") && again(scan, of) &&
           SKIP(scan, ",\"S\":\"") && side(scan, trade) && SKIP(scan, ",\"v\":\"") &&
           usual_size(scan, false, &trade->qty_lots) && SKIP(scan, "\",\"p\":\"") &&
           usual_price(scan, false, &trade->price_ticks) && SKIP(scan, "\",\"L\":\"") &&
           usual_name(scan, &direction) && SKIP(scan, ",\"i\":\"") && trade_id(scan, trade);
}

/* Of spot, behind `{"i":"`. */
USUAL_INLINE bool spot_trade(struct usual *scan, struct scan_text of, struct bybit_trade *trade)
{
    return trade_id(scan, trade) && SKIP(scan, ",\"T\":") && count(scan, &trade->time_ms) &&
           SKIP(scan, ",\"p\":\"") && usual_price(scan, false, &trade->price_ticks) &&
           SKIP(scan, "\",\"v\":\"") && usual_size(scan, false, &trade->qty_lots) &&
           SKIP(scan, "\",\"S\":\"") && side(scan, trade) && SKIP(scan, ",\"s\":\"") &&
           again(scan, of);
}

USUAL_INLINE bool one_trade(struct usual *scan, struct scan_text of, struct bybit_trade *trade)
{
    int64_t sequence;
    bool known = SKIP(scan, "{\"T\":") ? linear_trade(scan, of, trade)
                                       : SKIP(scan, "{\"i\":\"") && spot_trade(scan, of, trade);

    return known && trade->price_ticks != 0 && trade->qty_lots != 0 &&
           (!SKIP(scan, ",\"BT\":") || boolean(scan)) &&
           (!SKIP(scan, ",\"RPI\":") || boolean(scan)) &&
           (!SKIP(scan, ",\"seq\":") || count(scan, &sequence)) && SKIP(scan, "}");
}

/* Behind `publicTrade.`. */
USUAL_INLINE bool trades(struct usual *scan, struct scan_grid *units, const struct bybit_room *room,
                         struct bybit_frame *frame)
{
    if (room->trades == NULL || !symbol(scan, units, room, frame) || !type_and_time(scan, frame) ||
        !SKIP(scan, ",\"data\":["))
        return false;
    frame->kind = BYBIT_TRADES;
    do {
        if (frame->trade_count == BYBIT_TRADES_MAX ||
            !one_trade(scan, frame->symbol, &room->trades[frame->trade_count]))
            return false;
        frame->trade_count++;
    } while (SKIP(scan, ","));
    return SKIP(scan, "]");
}

static bool decode_usual(const char *text, size_t length, const struct bybit_room *room,
                         struct bybit_frame *frame)
{
    struct scan_grid units;
    struct usual scan = {.at = text, .start = text, .grid = &units};
    bool known;

    if (!SKIP(&scan, "{\"topic\":\""))
        return false;
    if (SKIP(&scan, "orderbook.")) {
        known = orderbook(&scan, &units, room, frame);
    } else {
        frame->kind = BYBIT_TRADES;
        known = SKIP(&scan, "publicTrade.") && trades(&scan, &units, room, frame);
    }
    return known && SKIP(&scan, "}") && scan.at == text + length;
}

/* Field by field: for a whole struct the compiler takes an instruction of 30 cycles. */
USUAL_INLINE void clear(struct bybit_frame *frame)
{
    frame->kind = BYBIT_OTHER;
    frame->is_delta = false;
    frame->depth = frame->instrument = 0;
    frame->bid_count = frame->ask_count = frame->trade_count = frame->has = 0;
    frame->ts_ms = frame->cts_ms = frame->u = frame->seq = 0;
    frame->mark_e8 = frame->index_e8 = frame->last_e8 = 0;
    frame->funding_rate_e8 = frame->next_funding_ms = 0;
    frame->topic = frame->symbol = frame->wrong = (struct scan_text){NULL, 0};
}

enum bybit_reason bybit_decode(const char *text, size_t length, const struct bybit_room *room,
                               struct bybit_frame *frame)
{
    clear(frame);
    if (decode_usual(text, length, room, frame))
        return BYBIT_FINE;
    return bybit_decode_tolerant(text, length, room, frame);
}
