#include "decode_case.h"

struct decoded decoded, decoded_slow;
char *decoded_text;
const struct bybit_grid decode_cents = {
    .price_decimals = 2, .qty_decimals = 3, .tick_units = 1, .lot_units = 1, .instrument = 3};

static const struct bybit_grid *find(void *ctx, const char *symbol, uint32_t length)
{
    return length > 0 && symbol[0] == '!' ? NULL : ctx;
}

static void expect_same_text(struct scan_text a, struct scan_text b)
{
    cr_assert(a.at == b.at && a.length == b.length, "%s", decoded_text);
}

static void expect_same_lists(void)
{
    for (uint32_t at = 0; at < decoded.frame.trade_count; at++) {
        const struct bybit_trade *a = &decoded.trades[at], *b = &decoded_slow.trades[at];

        cr_assert(a->price_ticks == b->price_ticks && a->qty_lots == b->qty_lots &&
                      a->time_ms == b->time_ms && a->id == b->id &&
                      a->buyer_is_maker == b->buyer_is_maker,
                  "%s", decoded_text);
    }
    cr_assert(memcmp(decoded.levels, decoded_slow.levels,
                     ((size_t)decoded.frame.bid_count + decoded.frame.ask_count) *
                         sizeof decoded.levels[0]) == 0,
              "%s", decoded_text);
}

static void expect_same(void)
{
    const struct bybit_frame *a = &decoded.frame, *b = &decoded_slow.frame;

    cr_assert_eq(decoded.reason, decoded_slow.reason, "%s: %s, but the tolerant way: %s",
                 decoded_text, bybit_reason_says(decoded.reason),
                 bybit_reason_says(decoded_slow.reason));
    expect_same_text(a->topic, b->topic);
    expect_same_text(a->symbol, b->symbol);
    expect_same_text(a->wrong, b->wrong);
    cr_assert(a->kind == b->kind && a->is_delta == b->is_delta && a->depth == b->depth, "%s",
              decoded_text);
    cr_assert(a->instrument == b->instrument && a->has == b->has && a->ts_ms == b->ts_ms &&
                  a->cts_ms == b->cts_ms && a->u == b->u && a->seq == b->seq,
              "%s", decoded_text);
    cr_assert(a->bid_count == b->bid_count && a->ask_count == b->ask_count &&
                  a->trade_count == b->trade_count,
              "%s", decoded_text);
    cr_assert(a->mark_e8 == b->mark_e8 && a->index_e8 == b->index_e8 && a->last_e8 == b->last_e8 &&
                  a->funding_rate_e8 == b->funding_rate_e8 &&
                  a->next_funding_ms == b->next_funding_ms,
              "%s", decoded_text);
    expect_same_lists();
}

/* A copy of exactly the frame, its closing NUL and the padding: a sanitizer sees a read beyond. */
enum bybit_reason decode_bytes(const char *text, size_t length, const struct bybit_grid *grid)
{
    struct bybit_room room = {.find = find, .ctx = (void *)grid, .levels_max = MAX_MARKET_LEVELS};

    free(decoded_text);
    decoded_text = calloc(1, length + BYBIT_PADDING);
    memcpy(decoded_text, text, length);
    room.levels = decoded.levels;
    room.trades = decoded.trades;
    decoded.reason = bybit_decode(decoded_text, length, &room, &decoded.frame);
    room.levels = decoded_slow.levels;
    room.trades = decoded_slow.trades;
    decoded_slow.reason = bybit_decode_tolerant(decoded_text, length, &room, &decoded_slow.frame);
    expect_same();
    return decoded.reason;
}

enum bybit_reason decode_text(const char *text)
{
    return decode_bytes(text, strlen(text), &decode_cents);
}
