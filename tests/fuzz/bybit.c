/* Fuzz target: the two decoders of Bybit's frames say the same of every frame, and what they take
 * is in bounds. The frame ends with its padding, so that a sanitizer sees a read beyond it. */
#include "fuzz/fuzz.h"
#include "gateway/bybit/decode.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, LEVELS_MAX = 64 };

struct decoded {
    enum bybit_reason reason;
    struct bybit_frame frame;
    struct level levels[LEVELS_MAX];
    struct bybit_trade trades[BYBIT_TRADES_MAX];
};

/* All symbols but one are ours. */
static const struct bybit_grid *find(void *ctx, const char *symbol, uint32_t length)
{
    return length == 1 && symbol[0] == 'X' ? NULL : ctx;
}

static void same_text(struct scan_text a, struct scan_text b)
{
    assert(a.at == b.at && a.length == b.length);
}

static void same_trade(const struct bybit_trade *a, const struct bybit_trade *b)
{
    assert(a->price_ticks == b->price_ticks && a->qty_lots == b->qty_lots);
    assert(a->time_ms == b->time_ms && a->id == b->id);
    assert(a->buyer_is_maker == b->buyer_is_maker);
}

static void compare(const struct decoded *fast, const struct decoded *slow)
{
    const struct bybit_frame *a = &fast->frame, *b = &slow->frame;

    assert(fast->reason == slow->reason);
    same_text(a->topic, b->topic);
    same_text(a->symbol, b->symbol);
    same_text(a->wrong, b->wrong);
    assert(a->kind == b->kind && a->is_delta == b->is_delta && a->depth == b->depth);
    assert(a->instrument == b->instrument && a->has == b->has);
    assert(a->bid_count == b->bid_count && a->ask_count == b->ask_count);
    assert(a->trade_count == b->trade_count && a->ts_ms == b->ts_ms && a->cts_ms == b->cts_ms);
    assert(a->u == b->u && a->seq == b->seq && a->mark_e8 == b->mark_e8);
    assert(a->index_e8 == b->index_e8 && a->last_e8 == b->last_e8);
    assert(a->funding_rate_e8 == b->funding_rate_e8 && a->next_funding_ms == b->next_funding_ms);
    for (uint32_t at = 0; at < a->trade_count; at++)
        same_trade(&fast->trades[at], &slow->trades[at]);
    for (uint32_t at = 0; at < (uint32_t)a->bid_count + a->ask_count; at++) {
        assert(fast->levels[at].price_ticks == slow->levels[at].price_ticks);
        assert(fast->levels[at].qty_lots == slow->levels[at].qty_lots);
    }
}

static void check_bounds(const struct decoded *decoded)
{
    const struct bybit_frame *frame = &decoded->frame;

    assert((uint32_t)frame->bid_count + frame->ask_count <= LEVELS_MAX);
    assert(frame->trade_count <= BYBIT_TRADES_MAX);
    assert(frame->ts_ms >= 0 && frame->cts_ms >= 0 && frame->u >= 0 && frame->seq >= 0);
    assert(frame->mark_e8 >= 0 && frame->index_e8 >= 0 && frame->last_e8 >= 0);
    for (uint32_t at = 0; at < (uint32_t)frame->bid_count + frame->ask_count; at++) {
        const struct level *level = &decoded->levels[at];

        assert(level->qty_lots >= 0 && level->qty_lots <= MAX_LOTS);
        assert(level->price_ticks >= 0 && level->price_ticks <= MAX_PRICE_TICKS);
        assert(level->price_ticks > 0 || (frame->kind == BYBIT_TICKER && level->qty_lots == 0));
    }
    for (uint32_t at = 0; at < frame->trade_count; at++) {
        assert(decoded->trades[at].price_ticks > 0 && decoded->trades[at].qty_lots > 0);
        assert(decoded->trades[at].price_ticks <= MAX_PRICE_TICKS);
        assert(decoded->trades[at].qty_lots <= MAX_LOTS);
    }
}

static int64_t units_of(uint8_t choice)
{
    static const int64_t units[] = {1, 1, 5, 10, 25, 1000000000000};

    return units[choice % (sizeof units / sizeof units[0])];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct decoded fast, slow;
    struct bytes in = {.at = data, .left = size};
    struct bybit_grid grid = {.price_decimals = take_byte(&in) % 13,
                              .qty_decimals = take_byte(&in) % 13,
                              .tick_units = units_of(take_byte(&in)),
                              .lot_units = units_of(take_byte(&in)),
                              .instrument = 7};
    size_t length = in.left < TEXT_MAX ? in.left : TEXT_MAX;
    char *text = calloc(1, length + BYBIT_PADDING);
    struct bybit_room room = {.find = find, .ctx = &grid, .levels_max = LEVELS_MAX};

    assert(text != NULL);
    if (length > 0)
        memcpy(text, in.at, length);
    room.levels = fast.levels;
    room.trades = fast.trades;
    fast.reason = bybit_decode(text, length, &room, &fast.frame);
    room.levels = slow.levels;
    room.trades = slow.trades;
    slow.reason = bybit_decode_tolerant(text, length, &room, &slow.frame);
    compare(&fast, &slow);
    if (fast.reason == BYBIT_FINE)
        check_bounds(&fast);
    free(text);
    return 0;
}
