/* Fuzz target: the two decoders of Binance's frames agree, and what they take is in bounds. The
 * fast one may be lenient in form (it takes a number with a leading zero), never in what a value
 * is. */
#include "fuzz/fuzz.h"
#include "gateway/binance/decode.h"

#include <string.h>

enum { TEXT_MAX = 4096, LEVELS_MAX = 64 };

struct decoded {
    enum binance_reason reason;
    struct binance_frame frame;
    struct level levels[LEVELS_MAX];
};

static uint32_t level_count(const struct binance_frame *frame)
{
    switch (frame->kind) {
    case BINANCE_DEPTH:
    case BINANCE_SNAPSHOT:
        return (uint32_t)frame->bid_count + frame->ask_count;
    case BINANCE_TICKER:
        return 2;
    case BINANCE_TRADE:
        return 1;
    default:
        return 0;
    }
}

static bool same_text(struct scan_text a, struct scan_text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

static void compare(const struct decoded *fast, const struct decoded *slow)
{
    const struct binance_frame *a = &fast->frame, *b = &slow->frame;

    if (fast->reason == BINANCE_FINE && slow->reason == BINANCE_BROKEN)
        return;
    assert(fast->reason == slow->reason);
    if (fast->reason != BINANCE_FINE) {
        assert(same_text(a->wrong, b->wrong));
        return;
    }
    assert(a->kind == b->kind && a->flags == b->flags && a->has_prev == b->has_prev);
    assert(a->bid_count == b->bid_count && a->ask_count == b->ask_count);
    assert(a->first_id == b->first_id && a->last_id == b->last_id && a->prev_id == b->prev_id);
    assert(a->event_ms == b->event_ms && same_text(a->symbol, b->symbol));
    assert(level_count(a) <= LEVELS_MAX);
    assert(memcmp(fast->levels, slow->levels, level_count(a) * sizeof fast->levels[0]) == 0);
}

static void check_levels(const struct decoded *decoded)
{
    for (uint32_t at = 0; at < level_count(&decoded->frame); at++) {
        const struct level *level = &decoded->levels[at];

        assert(level->qty_lots >= 0 && level->qty_lots <= MAX_LOTS);
        assert(level->price_ticks <= MAX_PRICE_TICKS);
        assert(level->price_ticks > 0 ||
               (decoded->frame.kind == BINANCE_TICKER && level->qty_lots == 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_MAX + BINANCE_PADDING];
    static struct decoded fast, slow;
    struct bytes in = {.at = data, .left = size};
    struct binance_grid grid = {.price_decimals = take_byte(&in) % (BINANCE_DECIMALS_MAX + 1),
                                .qty_decimals = take_byte(&in) % (BINANCE_DECIMALS_MAX + 1)};
    size_t length = in.left < TEXT_MAX ? in.left : TEXT_MAX;

    memcpy(text, in.at, length);
    memset(text + length, 0, BINANCE_PADDING);
    memset(&fast, 0, sizeof fast);
    memset(&slow, 0, sizeof slow);
    fast.reason = binance_decode(text, length, &grid, &fast.frame, fast.levels, LEVELS_MAX);
    slow.reason =
        binance_decode_tolerant(text, length, &grid, &slow.frame, slow.levels, LEVELS_MAX);
    compare(&fast, &slow);
    if (fast.reason == BINANCE_FINE)
        check_levels(&fast);
    return 0;
}
