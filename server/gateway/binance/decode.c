/* The fast way: the venue's usual order of keys, compared as whole literals. See decode.h. */
#include "gateway/binance/decode.h"

#include "gateway/usual.h"

static inline bool count(struct usual *scan, int64_t *value)
{
    return usual_count(scan, value);
}

static inline bool price(struct usual *scan, int64_t *ticks)
{
    return usual_price(scan, true, ticks);
}

static inline bool size(struct usual *scan, int64_t *lots)
{
    return usual_size(scan, true, lots);
}

static inline bool name(struct usual *scan, struct scan_text *text)
{
    return usual_name(scan, text);
}

USUAL_INLINE uint32_t level_list(struct usual *scan, struct level *levels, uint32_t most)
{
    return usual_list(scan, levels, most);
}

USUAL_INLINE bool bids(struct usual *scan, struct binance_frame *frame, struct level *levels,
                       uint32_t most)
{
    uint32_t count = level_list(scan, levels, most);

    frame->bid_count = (uint16_t)count;
    return count <= most;
}

/* Behind the bids. */
USUAL_INLINE bool asks(struct usual *scan, struct binance_frame *frame, struct level *levels,
                       uint32_t most)
{
    uint32_t left = most - frame->bid_count;
    uint32_t count = level_list(scan, levels + frame->bid_count, left);

    frame->ask_count = (uint16_t)count;
    return count <= left;
}

/* Behind `"e":"depthUpdate","E":`. */
static bool depth(struct usual *scan, struct binance_frame *frame, struct level *levels,
                  uint32_t most)
{
    struct scan_text pair;
    int64_t engine_ms;

    frame->kind = BINANCE_DEPTH;
    if (!count(scan, &frame->event_ms) || (SKIP(scan, ",\"T\":") && !count(scan, &engine_ms)) ||
        !SKIP(scan, ",\"s\":\"") || !name(scan, &frame->symbol) ||
        (SKIP(scan, ",\"ps\":\"") && !name(scan, &pair)) || !SKIP(scan, ",\"U\":") ||
        !count(scan, &frame->first_id) || !SKIP(scan, ",\"u\":") || !count(scan, &frame->last_id))
        return false;
    frame->has_prev = SKIP(scan, ",\"pu\":");
    if ((frame->has_prev && !count(scan, &frame->prev_id)) || frame->first_id > frame->last_id)
        return false;
    return SKIP(scan, ",\"b\":[") && bids(scan, frame, levels, most) && SKIP(scan, ",\"a\":[") &&
           asks(scan, frame, levels, most);
}

/* Behind `"lastUpdateId":`. */
static bool snapshot(struct usual *scan, struct binance_frame *frame, struct level *levels,
                     uint32_t most)
{
    struct scan_text pair;
    int64_t engine_ms;

    frame->kind = BINANCE_SNAPSHOT;
    if (!count(scan, &frame->last_id) ||
        (SKIP(scan, ",\"E\":") && !count(scan, &frame->event_ms)) ||
        (SKIP(scan, ",\"T\":") && !count(scan, &engine_ms)) ||
        (SKIP(scan, ",\"symbol\":\"") && !name(scan, &frame->symbol)) ||
        (SKIP(scan, ",\"pair\":\"") && !name(scan, &pair)))
        return false;
    frame->first_id = frame->last_id;
    return SKIP(scan, ",\"bids\":[") && bids(scan, frame, levels, most) &&
           SKIP(scan, ",\"asks\":[") && asks(scan, frame, levels, most);
}

/* Behind `"u":` and its number: symbol, best bid, best ask, times. */
static bool ticker(struct usual *scan, struct binance_frame *frame, struct level *levels)
{
    struct scan_text pair;
    int64_t engine_ms;

    frame->kind = BINANCE_TICKER;
    frame->first_id = frame->last_id;
    if (!SKIP(scan, ",\"s\":\"") || !name(scan, &frame->symbol) ||
        (SKIP(scan, ",\"ps\":\"") && !name(scan, &pair)) || !SKIP(scan, ",\"b\":\"") ||
        !price(scan, &levels[0].price_ticks) || !SKIP(scan, "\",\"B\":\"") ||
        !size(scan, &levels[0].qty_lots) || !SKIP(scan, "\",\"a\":\"") ||
        !price(scan, &levels[1].price_ticks) || !SKIP(scan, "\",\"A\":\"") ||
        !size(scan, &levels[1].qty_lots) || !SKIP(scan, "\""))
        return false;
    if (levels[0].price_ticks == 0 || levels[1].price_ticks == 0)
        return false;
    if (!SKIP(scan, ",\"T\":"))
        return true;
    return count(scan, &engine_ms) && SKIP(scan, ",\"E\":") && count(scan, &frame->event_ms);
}

/* Behind `"e":"trade","E":`. */
static bool trade(struct usual *scan, struct binance_frame *frame, struct level *levels)
{
    struct scan_text origin;
    int64_t engine_ms;

    frame->kind = BINANCE_TRADE;
    if (!count(scan, &frame->event_ms) || (SKIP(scan, ",\"T\":") && !count(scan, &engine_ms)) ||
        !SKIP(scan, ",\"s\":\"") || !name(scan, &frame->symbol) || !SKIP(scan, ",\"t\":") ||
        !count(scan, &frame->last_id) || !SKIP(scan, ",\"p\":\"") ||
        !price(scan, &levels[0].price_ticks) || !SKIP(scan, "\",\"q\":\"") ||
        !size(scan, &levels[0].qty_lots) || !SKIP(scan, "\"") ||
        (SKIP(scan, ",\"X\":\"") && !name(scan, &origin)) ||
        (SKIP(scan, ",\"T\":") && !count(scan, &engine_ms)) || levels[0].price_ticks == 0)
        return false;
    frame->first_id = frame->last_id;
    if (SKIP(scan, ",\"m\":true"))
        frame->flags = MARKET_BUYER_IS_MAKER;
    else if (!SKIP(scan, ",\"m\":false"))
        return false;
    if (!SKIP(scan, ",\"M\":true"))
        MAY_SKIP(scan, ",\"M\":false");
    return true;
}

/* Behind the event's opening brace. */
static bool event(struct usual *scan, struct binance_frame *frame, struct level *levels,
                  uint32_t most)
{
    if (SKIP(scan, "\"u\":")) {
        if (!count(scan, &frame->last_id))
            return false;
        frame->has_type = SKIP(scan, ",\"e\":\"bookTicker\"");
        return ticker(scan, frame, levels);
    }
    if (SKIP(scan, "\"lastUpdateId\":"))
        return snapshot(scan, frame, levels, most);
    frame->has_type = true;
    if (SKIP(scan, "\"e\":\"depthUpdate\",\"E\":"))
        return depth(scan, frame, levels, most);
    if (SKIP(scan, "\"e\":\"bookTicker\",\"u\":"))
        return count(scan, &frame->last_id) && ticker(scan, frame, levels);
    return SKIP(scan, "\"e\":\"trade\",\"E\":") && trade(scan, frame, levels);
}

static bool decode_usual(const char *text, size_t length, const struct binance_grid *grid,
                         struct binance_frame *frame, struct level *levels, uint32_t most)
{
    struct scan_grid units = {.price_decimals = grid->price_decimals,
                              .qty_decimals = grid->qty_decimals,
                              .tick_units = 1,
                              .lot_units = 1};
    struct usual scan = {.at = text, .start = text, .grid = &units};
    struct scan_text stream;
    bool wrapped = SKIP(&scan, "{\"stream\":\"");

    if (wrapped ? !name(&scan, &stream) || !SKIP(&scan, ",\"data\":{") : !SKIP(&scan, "{"))
        return false;
    if (!event(&scan, frame, levels, most) || !SKIP(&scan, "}") || (wrapped && !SKIP(&scan, "}")))
        return false;
    return scan.at == text + length;
}

enum binance_reason binance_decode(const char *text, size_t length, const struct binance_grid *grid,
                                   struct binance_frame *frame, struct level *levels, uint32_t most)
{
    *frame = (struct binance_frame){0};
    if (decode_usual(text, length, grid, frame, levels, most))
        return BINANCE_FINE;
    return binance_decode_tolerant(text, length, grid, frame, levels, most);
}
