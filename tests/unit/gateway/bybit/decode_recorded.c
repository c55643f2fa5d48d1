/* Every frame and document of Bybit that was recorded or comes from its documentation, beside
 * jansson: what our decoder gives is exact, and the rest is other, a reply, or refused. */
#include "decode_case.h"

#include "gateway/number.h"
#include "gateway/recording/lines.h"

#include <glob.h>
#include <jansson.h>
#include <stdio.h>

struct seen {
    uint32_t documents, books, trades, tickers, replies, others, refused;
};

static const json_t *field(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

/* The text is worth `units` of 10^-scale, exactly; a zero only where the text says zero. */
static void expect_decimal(const json_t *text, uint32_t scale, int64_t units)
{
    const char *digits = json_string_value(text);
    int64_t exact = -1;

    cr_assert(digits && decimal_parse(digits, strlen(digits), scale, &exact), "%s", decoded_text);
    cr_assert_eq(exact, units, "%s: %s", decoded_text, digits);
    cr_assert((units == 0) == (strpbrk(digits, "123456789") == NULL), "%s", digits);
}

static void expect_side(const json_t *side, const struct bybit_grid *grid,
                        const struct level *levels, uint32_t count)
{
    cr_assert_eq(json_array_size(side), count, "%s", decoded_text);
    for (uint32_t at = 0; at < count; at++) {
        const json_t *pair = json_array_get(side, at);

        expect_decimal(json_array_get(pair, 0), grid->price_decimals, levels[at].price_ticks);
        expect_decimal(json_array_get(pair, 1), grid->qty_decimals, levels[at].qty_lots);
    }
}

static void expect_book(const json_t *root, const struct bybit_grid *grid)
{
    const json_t *data = field(root, "data");
    const char *type = decoded.frame.kind == BYBIT_DELTA ? "delta" : "snapshot";

    cr_assert_str_eq(json_string_value(field(root, "type")), type);
    cr_assert_eq(decoded.frame.u, json_integer_value(field(data, "u")));
    cr_assert_eq(decoded.frame.seq, json_integer_value(field(data, "seq")));
    cr_assert_eq(decoded.frame.cts_ms, json_integer_value(field(root, "cts")));
    expect_side(field(data, "b"), grid, decoded.levels, decoded.frame.bid_count);
    expect_side(field(data, "a"), grid, decoded.levels + decoded.frame.bid_count,
                decoded.frame.ask_count);
}

static void expect_trades(const json_t *root, const struct bybit_grid *grid)
{
    const json_t *data = field(root, "data");

    cr_assert_eq(json_array_size(data), decoded.frame.trade_count);
    for (uint32_t at = 0; at < decoded.frame.trade_count; at++) {
        const json_t *trade = json_array_get(data, at);
        const struct bybit_trade *ours = &decoded.trades[at];
        const char *id = json_string_value(field(trade, "i"));

        expect_decimal(field(trade, "p"), grid->price_decimals, ours->price_ticks);
        expect_decimal(field(trade, "v"), grid->qty_decimals, ours->qty_lots);
        cr_assert_eq(ours->time_ms, json_integer_value(field(trade, "T")));
        cr_assert_eq(ours->buyer_is_maker,
                     strcmp(json_string_value(field(trade, "S")), "Sell") == 0);
        cr_assert_eq(ours->id, bybit_trade_id((struct scan_text){id, (uint32_t)strlen(id)}));
        cr_assert(strspn(id, "0123456789") != strlen(id) || ours->id == strtoull(id, NULL, 10));
    }
}

static void expect_given(const json_t *data, const char *key, uint16_t bit, uint32_t scale,
                         int64_t value)
{
    const json_t *text = field(data, key);
    bool given = text && json_string_length(text) > 0;

    cr_assert_eq((decoded.frame.has & bit) != 0, given, "%s: %s", decoded_text, key);
    if (given)
        expect_decimal(text, scale, value);
}

static void expect_ticker(const json_t *root, const struct bybit_grid *grid)
{
    const json_t *data = field(root, "data");
    const struct bybit_frame *frame = &decoded.frame;
    const struct level *ask = &decoded.levels[frame->bid_count];

    expect_given(data, "markPrice", BYBIT_HAS_MARK, 8, frame->mark_e8);
    expect_given(data, "indexPrice", BYBIT_HAS_INDEX, 8, frame->index_e8);
    expect_given(data, "lastPrice", BYBIT_HAS_LAST, 8, frame->last_e8);
    expect_given(data, "fundingRate", BYBIT_HAS_FUNDING, 8, frame->funding_rate_e8);
    expect_given(data, "nextFundingTime", BYBIT_HAS_NEXT_FUNDING, 0, frame->next_funding_ms);
    expect_given(data, "bid1Price", BYBIT_HAS_BID, grid->price_decimals,
                 decoded.levels[0].price_ticks);
    expect_given(data, "bid1Size", BYBIT_HAS_BID, grid->qty_decimals, decoded.levels[0].qty_lots);
    expect_given(data, "ask1Price", BYBIT_HAS_ASK, grid->price_decimals, ask->price_ticks);
    expect_given(data, "ask1Size", BYBIT_HAS_ASK, grid->qty_decimals, ask->qty_lots);
}

static uint32_t decimals_of(const json_t *text)
{
    const char *digits = json_string_value(text);
    const char *point = digits ? strchr(digits, '.') : NULL;
    size_t decimals = point ? strlen(point + 1) : 0;

    return (uint32_t)(decimals < NUMBER_DECIMALS_MAX ? decimals : NUMBER_DECIMALS_MAX);
}

static void widen(uint32_t *decimals, const json_t *text)
{
    if (decimals_of(text) > *decimals)
        *decimals = decimals_of(text);
}

static void widen_by_side(struct bybit_grid *grid, const json_t *side)
{
    for (size_t at = 0; at < json_array_size(side); at++) {
        widen(&grid->price_decimals, json_array_get(json_array_get(side, at), 0));
        widen(&grid->qty_decimals, json_array_get(json_array_get(side, at), 1));
    }
}

/* As fine as the frame's own texts. */
static struct bybit_grid grid_of(const json_t *root)
{
    struct bybit_grid grid = {.tick_units = 1, .lot_units = 1};
    const json_t *data = field(root, "data");

    widen_by_side(&grid, field(data, "b"));
    widen_by_side(&grid, field(data, "a"));
    widen(&grid.price_decimals, field(data, "bid1Price"));
    widen(&grid.price_decimals, field(data, "ask1Price"));
    widen(&grid.qty_decimals, field(data, "bid1Size"));
    widen(&grid.qty_decimals, field(data, "ask1Size"));
    for (size_t at = 0; at < json_array_size(data); at++) {
        widen(&grid.price_decimals, field(json_array_get(data, at), "p"));
        widen(&grid.qty_decimals, field(json_array_get(data, at), "v"));
    }
    return grid;
}

static void expect_json(const json_t *root, const struct bybit_grid *grid, struct seen *seen)
{
    if (decoded.frame.kind != BYBIT_OTHER && decoded.frame.kind != BYBIT_REPLY)
        cr_assert_eq(decoded.frame.ts_ms, json_integer_value(field(root, "ts")));
    switch (decoded.frame.kind) {
    case BYBIT_SNAPSHOT:
    case BYBIT_DELTA:
        expect_book(root, grid);
        seen->books++;
        break;
    case BYBIT_TRADES:
        expect_trades(root, grid);
        seen->trades++;
        break;
    case BYBIT_TICKER:
        expect_ticker(root, grid);
        seen->tickers++;
        break;
    case BYBIT_REPLY:
        cr_assert(field(root, "op") || field(root, "success"));
        seen->replies++;
        break;
    default:
        seen->others++;
    }
}

/* Recordings put the time of reception and a blank in front. */
static void compare_line(const char *text, size_t length, struct seen *seen)
{
    const char *start = memchr(text, '{', length);
    struct bybit_grid grid;
    json_error_t error;
    json_t *root;

    cr_assert(start, "%s", text);
    length -= (size_t)(start - text);
    root = json_loadb(start, length, 0, &error);
    cr_assert(root, "%s: %s", start, error.text);
    grid = grid_of(root);
    seen->documents++;
    if (decode_bytes(start, length, &grid) == BYBIT_FINE) {
        expect_json(root, &grid, seen);
    } else {
        fprintf(stderr, "refused, %s: %.100s\n", bybit_reason_says(decoded.reason), start);
        seen->refused++;
    }
    json_decref(root);
}

static void compare_files(const char *data, const char *pattern, struct seen *seen)
{
    struct lines *lines = lines_create();
    char path[4096];
    glob_t found;

    snprintf(path, sizeof path, "%s/%s", data, pattern);
    cr_assert_eq(glob(path, 0, NULL, &found), 0, "%s: nothing there", path);
    for (size_t at = 0; at < found.gl_pathc; at++) {
        struct err err;
        const char *text;
        size_t length;
        enum lines_result result;

        cr_assert_eq(lines_open(lines, found.gl_pathv[at], &err), OK);
        while ((result = lines_next(lines, &text, &length)) != LINES_END) {
            cr_assert_eq(result, LINES_LINE, "%s: %s", found.gl_pathv[at], lines_damage(lines));
            compare_line(text, length, seen);
        }
    }
    globfree(&found);
    lines_destroy(lines);
}

Test(bybit_recorded, every_recorded_frame_equals_jansson, .timeout = 120)
{
    const char *data = getenv("DATA_DIR");
    struct seen seen = {0};

    if (!data || data[0] == '\0')
        cr_skip_test("DATA_DIR not given");
    compare_files(data, "bybit-v5/*", &seen);
    cr_assert_eq(seen.books, seen.documents);
    compare_files(data, "wire/bybit/tardis-ws/*messagesV5*", &seen);
    cr_assert_geq(seen.trades, 4);
    cr_assert_geq(seen.tickers, 4);
    cr_assert_eq(seen.refused, 0);
    fprintf(stderr, "%u books, %u trades, %u tickers of %u\n", seen.books, seen.trades,
            seen.tickers, seen.documents);
}

/* Private and REST documents and protocols before v5 too: read exactly, or not read. */
Test(bybit_recorded, every_document_is_exact_or_left_alone, .timeout = 120)
{
    const char *data = getenv("DATA_DIR");
    struct seen seen = {0};

    if (!data || data[0] == '\0')
        cr_skip_test("DATA_DIR not given");
    compare_files(data, "wire/bybit/*/*", &seen);
    fprintf(stderr,
            "%u documents: %u books, %u trades, %u tickers, %u replies, %u others, %u refused\n",
            seen.documents, seen.books, seen.trades, seen.tickers, seen.replies, seen.others,
            seen.refused);
    cr_assert_geq(seen.documents, 97);
    cr_assert_leq(seen.refused, 2);
}
