/* Frames made at random from values that are known: in the venue's orders of keys and in any other,
 * whole and spoiled. What is decoded is what was put in, and both ways agree on all of them. */
#include "decode_case.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

enum { FRAMES = 20000, LEVELS = 12, TEXT_MAX = 8192 };

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static void take_seed(void)
{
    seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : 20417;
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
}

/* What a frame says. */
struct made {
    struct bybit_grid grid;
    struct level levels[2 * LEVELS];
    struct bybit_trade trades[LEVELS];
    uint32_t bids, asks, trade_count;
    int64_t u, seq, ts_ms, cts_ms;
    bool is_delta;
};

struct text {
    char bytes[TEXT_MAX];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    text->length += (size_t)vsnprintf(text->bytes + text->length, sizeof text->bytes - text->length,
                                      format, list);
    va_end(list);
    cr_assert_lt(text->length, sizeof text->bytes);
}

static struct level draw_level(void)
{
    static const int64_t bounds[] = {10, 1000, 1000000, MAX_PRICE_TICKS};
    int64_t ticks = 1 + (int64_t)draw((uint64_t)bounds[draw(4)]);
    int64_t lots = draw(4) == 0 ? 0 : (int64_t)draw(draw(8) == 0 ? MAX_LOTS + 1 : 100000);

    return (struct level){ticks, lots};
}

static struct made draw_made(void)
{
    static const int64_t units[] = {1, 1, 1, 5, 25, 10, 100, 3};
    struct made made = {.grid = {.price_decimals = (uint32_t)draw(9),
                                 .qty_decimals = (uint32_t)draw(7),
                                 .tick_units = units[draw(8)],
                                 .lot_units = units[draw(8)],
                                 .instrument = (uint16_t)draw(32)},
                        .bids = (uint32_t)draw(LEVELS + 1),
                        .asks = (uint32_t)draw(LEVELS + 1),
                        .trade_count = 1 + (uint32_t)draw(LEVELS),
                        .u = (int64_t)draw(1ULL << draw(50)),
                        .seq = (int64_t)draw(1ULL << draw(60)),
                        .ts_ms = 1700000000000 + (int64_t)draw(1000000),
                        .cts_ms = draw(3) == 0 ? 0 : 1700000000000 + (int64_t)draw(1000000),
                        .is_delta = draw(4) != 0};

    for (uint32_t at = 0; at < 2 * LEVELS; at++)
        made.levels[at] = draw_level();
    for (uint32_t at = 0; at < LEVELS; at++) {
        struct level level = draw_level();

        made.trades[at] = (struct bybit_trade){.price_ticks = level.price_ticks,
                                               .qty_lots = level.qty_lots + (level.qty_lots == 0),
                                               .time_ms = 1700000000000 + (int64_t)draw(100),
                                               .id = draw(1ULL << 62),
                                               .buyer_is_maker = draw(2) != 0};
    }
    return made;
}

static void add_decimal(struct text *text, int64_t units, uint32_t scale)
{
    char digits[DECIMAL_TEXT_MAX];

    decimal_print(digits, units, scale, draw(2) != 0);
    add(text, "\"%s\"", digits);
}

static void add_side(struct text *text, const char *key, const struct made *made,
                     const struct level *levels, uint32_t count)
{
    add(text, "\"%s\":[", key);
    for (uint32_t at = 0; at < count; at++) {
        add(text, at > 0 ? ",[" : "[");
        add_decimal(text, levels[at].price_ticks * made->grid.tick_units,
                    made->grid.price_decimals);
        add(text, ",");
        add_decimal(text, levels[at].qty_lots * made->grid.lot_units, made->grid.qty_decimals);
        add(text, "]");
    }
    add(text, "]");
}

static struct text print_book(const struct made *made)
{
    static const char *const depths[] = {"1", "50", "200", "1000"};
    const char *type = made->is_delta ? "delta" : "snapshot";
    struct text text = {.length = 0};

    add(&text, "{\"topic\":\"orderbook.%s.BTCUSDT\"", depths[draw(4)]);
    if (draw(2) == 0)
        add(&text, ",\"type\":\"%s\",\"ts\":%lld", type, (long long)made->ts_ms);
    else
        add(&text, ",\"ts\":%lld,\"type\":\"%s\"", (long long)made->ts_ms, type);
    add(&text, ",\"data\":{\"s\":\"BTCUSDT\",");
    add_side(&text, "b", made, made->levels, made->bids);
    add(&text, ",");
    add_side(&text, "a", made, made->levels + made->bids, made->asks);
    add(&text, ",\"u\":%lld,\"seq\":%lld}", (long long)made->u, (long long)made->seq);
    if (made->cts_ms != 0)
        add(&text, ",\"cts\":%lld", (long long)made->cts_ms);
    add(&text, "}");
    return text;
}

static void add_trade(struct text *text, const struct made *made, const struct bybit_trade *trade,
                      bool is_spot)
{
    const char *side = trade->buyer_is_maker ? "Sell" : "Buy";

    if (is_spot)
        add(text, "{\"i\":\"%llu\",\"T\":%lld,\"p\":", (unsigned long long)trade->id,
            (long long)trade->time_ms);
    else
        add(text, "{\"T\":%lld,\"s\":\"BTCUSDT\",\"S\":\"%s\",\"v\":", (long long)trade->time_ms,
            side);
    if (is_spot)
        add_decimal(text, trade->price_ticks * made->grid.tick_units, made->grid.price_decimals);
    else
        add_decimal(text, trade->qty_lots * made->grid.lot_units, made->grid.qty_decimals);
    add(text, is_spot ? ",\"v\":" : ",\"p\":");
    if (is_spot)
        add_decimal(text, trade->qty_lots * made->grid.lot_units, made->grid.qty_decimals);
    else
        add_decimal(text, trade->price_ticks * made->grid.tick_units, made->grid.price_decimals);
    if (is_spot)
        add(text, ",\"S\":\"%s\",\"s\":\"BTCUSDT\"", side);
    else
        add(text, ",\"L\":\"PlusTick\",\"i\":\"%llu\"", (unsigned long long)trade->id);
    add(text, ",\"BT\":%s,\"RPI\":false,\"seq\":5}", draw(2) ? "true" : "false");
}

static struct text print_trades(const struct made *made)
{
    bool is_spot = draw(2) == 0;
    struct text text = {.length = 0};

    add(&text,
        is_spot ? "{\"topic\":\"publicTrade.BTCUSDT\",\"ts\":%lld,\"type\":\"snapshot\",\"data\":["
                : "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":%lld,\"data\":[",
        (long long)made->ts_ms);
    for (uint32_t at = 0; at < made->trade_count; at++) {
        add(&text, at > 0 ? "," : "");
        add_trade(&text, made, &made->trades[at], is_spot);
    }
    add(&text, "]}");
    return text;
}

static void expect_levels(const struct made *made)
{
    for (uint32_t at = 0; at < made->bids + made->asks; at++) {
        cr_assert_eq(decoded.levels[at].price_ticks, made->levels[at].price_ticks, "%s",
                     decoded_text);
        cr_assert_eq(decoded.levels[at].qty_lots, made->levels[at].qty_lots, "%s", decoded_text);
    }
}

static void expect_book(const struct text *text, const struct made *made)
{
    cr_assert_eq(decode_bytes(text->bytes, text->length, &made->grid), BYBIT_FINE, "%s: %s",
                 text->bytes, bybit_reason_says(decoded.reason));
    cr_assert_eq(decoded.frame.kind, made->is_delta ? BYBIT_DELTA : BYBIT_SNAPSHOT);
    cr_assert(decoded.frame.u == made->u && decoded.frame.seq == made->seq, "%s", decoded_text);
    cr_assert(decoded.frame.ts_ms == made->ts_ms && decoded.frame.cts_ms == made->cts_ms);
    cr_assert(decoded.frame.bid_count == made->bids && decoded.frame.ask_count == made->asks);
    cr_assert_eq(decoded.frame.instrument, made->grid.instrument);
    expect_levels(made);
}

static void expect_trades(const struct text *text, const struct made *made)
{
    cr_assert_eq(decode_bytes(text->bytes, text->length, &made->grid), BYBIT_FINE, "%s: %s",
                 text->bytes, bybit_reason_says(decoded.reason));
    cr_assert_eq(decoded.frame.trade_count, made->trade_count);
    for (uint32_t at = 0; at < made->trade_count; at++) {
        const struct bybit_trade *a = &decoded.trades[at], *b = &made->trades[at];

        cr_assert(a->price_ticks == b->price_ticks && a->qty_lots == b->qty_lots &&
                      a->time_ms == b->time_ms && a->id == b->id &&
                      a->buyer_is_maker == b->buyer_is_maker,
                  "%s", decoded_text);
    }
}

/* The keys of every object in an order of chance. */
static json_t *shuffled(const json_t *value)
{
    json_t *copy;

    if (json_is_array(value)) {
        copy = json_array();
        for (size_t at = 0; at < json_array_size(value); at++)
            json_array_append_new(copy, shuffled(json_array_get(value, at)));
        return copy;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    copy = json_object();
    while (json_object_size(copy) < json_object_size(value)) {
        uint64_t nth = draw(json_object_size(value));
        void *at = json_object_iter((json_t *)value);

        while (nth-- > 0)
            at = json_object_iter_next((json_t *)value, at);
        if (json_object_get(copy, json_object_iter_key(at)) == NULL)
            json_object_set_new(copy, json_object_iter_key(at),
                                shuffled(json_object_iter_value(at)));
    }
    return copy;
}

static struct text shuffle(const struct text *text)
{
    json_t *root = json_loadb(text->bytes, text->length, 0, NULL);
    json_t *other = shuffled(root);
    struct text result = {.length = 0};
    char *dump = json_dumps(other, draw(2) ? JSON_COMPACT : JSON_INDENT(1));

    add(&result, "%s", dump);
    free(dump);
    json_decref(other);
    json_decref(root);
    return result;
}

Test(bybit_generated, every_frame_says_what_was_put_in, .timeout = 120)
{
    take_seed();
    for (uint32_t at = 0; at < FRAMES; at++) {
        struct made made = draw_made();
        struct text book = print_book(&made);
        struct text trades = print_trades(&made);

        expect_book(&book, &made);
        expect_trades(&trades, &made);
        if (at % 4 == 0) {
            struct text other = shuffle(&book);

            expect_book(&other, &made);
            other = shuffle(&trades);
            expect_trades(&other, &made);
        }
    }
}

/* A byte or a few changed, put in or taken away; decode_bytes compares the two ways. */
static void spoil(struct text *text)
{
    static const char likely[] = "0123456789.,:\"[]{}-eE \\\n\x80\xff";

    for (uint64_t times = 1 + draw(3); times > 0; times--) {
        size_t at = draw(text->length);
        char with = likely[draw(sizeof likely - 1)];

        if (draw(3) == 0) {
            memmove(text->bytes + at, text->bytes + at + 1, text->length - at);
            text->length--;
        } else if (draw(2) == 0) {
            memmove(text->bytes + at + 1, text->bytes + at, text->length - at);
            text->bytes[at] = with;
            text->length++;
        } else {
            text->bytes[at] = with;
        }
    }
}

Test(bybit_generated, both_ways_agree_on_spoiled_frames, .timeout = 120)
{
    uint32_t fine = 0;

    take_seed();
    for (uint32_t at = 0; at < 2 * FRAMES; at++) {
        struct made made = draw_made();
        struct text text;

        made.bids %= 3;
        made.asks %= 3;
        made.trade_count = 1 + made.trade_count % 2;
        text = at % 2 == 0 ? print_book(&made) : print_trades(&made);
        spoil(&text);
        fine += decode_bytes(text.bytes, text.length, &made.grid) == BYBIT_FINE;
    }
    fprintf(stderr, "%u of %u spoiled frames are frames still\n", fine, 2 * FRAMES);
    cr_assert_gt(fine, 0);
    cr_assert_lt(fine, FRAMES);
}
