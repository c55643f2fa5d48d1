#include "gateway/binance/decode.h"

#include "gateway/number.h"
#include "gateway/recording/files.h"
#include "gateway/recording/probe.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct level levels[MAX_MARKET_LEVELS];
static struct binance_frame frame;
static const struct binance_grid cents = {.price_decimals = 2, .qty_decimals = 3};

typedef enum binance_reason (*decode_fn)(const char *, size_t, const struct binance_grid *,
                                         struct binance_frame *, struct level *, uint32_t);

/* A copy of exactly the frame, its closing NUL and the padding: a sanitizer sees a read beyond. */
static enum binance_reason decode_by(decode_fn decode, const char *text)
{
    static struct scan_text symbol;
    static char name[64];
    size_t length = strlen(text);
    char *copy = calloc(1, length + BINANCE_PADDING);
    enum binance_reason reason;

    memcpy(copy, text, length);
    reason = decode(copy, length, &cents, &frame, levels, MAX_MARKET_LEVELS);
    if (frame.symbol.at) { /* outlives the copy */
        snprintf(name, sizeof name, "%.*s", (int)frame.symbol.length, frame.symbol.at);
        symbol = (struct scan_text){name, frame.symbol.length};
        frame.symbol = symbol;
    }
    free(copy);
    return reason;
}

static enum binance_reason decode(const char *text)
{
    struct binance_frame usual;
    enum binance_reason tolerant = decode_by(binance_decode_tolerant, text);
    enum binance_reason reason;

    usual = frame;
    reason = decode_by(binance_decode, text);
    cr_assert_eq(reason, tolerant, "%s: %s, but the tolerant way: %s", text,
                 binance_reason_says(reason), binance_reason_says(tolerant));
    if (reason == BINANCE_FINE) {
        cr_assert_eq(frame.kind, usual.kind);
        cr_assert_eq(frame.last_id, usual.last_id);
        cr_assert_eq(frame.event_ms, usual.event_ms);
        cr_assert_eq(frame.has_type, usual.has_type);
    }
    return reason;
}

static void expect_level(uint32_t at, int64_t price, int64_t lots)
{
    cr_assert_eq(levels[at].price_ticks, price);
    cr_assert_eq(levels[at].qty_lots, lots);
}

static void expect_usual_depth(void)
{
    cr_assert_eq(frame.kind, BINANCE_DEPTH);
    cr_assert(frame.has_prev);
    cr_assert_eq(frame.first_id, 101);
    cr_assert_eq(frame.last_id, 109);
    cr_assert_eq(frame.prev_id, 99);
    cr_assert_eq(frame.event_ms, 1723161257440);
    cr_assert_eq(frame.bid_count, 2);
    cr_assert_eq(frame.ask_count, 1);
    cr_assert_eq(frame.symbol.length, 7);
    cr_assert_arr_eq(frame.symbol.at, "BTCUSDT", 7);
    expect_level(0, 6177360, 1001000);
    expect_level(1, 6177640, 0);
    expect_level(2, 6180001, 1);
}

Test(binance_decode, a_diff_in_the_usual_order)
{
    cr_assert_eq(decode("{\"stream\":\"btcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":"
                        "1723161257440,\"T\":1723161257432,\"s\":\"BTCUSDT\",\"U\":101,\"u\":109,"
                        "\"pu\":99,\"b\":[[\"61773.6\",\"1001\"],[\"61776.40\",\"0.000\"]],\"a\":[["
                        "\"61800.01000000\",\"0.00100000\"]]}}"),
                 BINANCE_FINE);
    expect_usual_depth();
}

Test(binance_decode, a_diff_in_any_order_with_blanks_and_unknown_keys)
{
    cr_assert_eq(
        decode("{ \"data\" : {\"a\":[ [ \"61800.01\" , \"0.001\" , [] ] ],\"x\":{\"y\":[1.5e3,null,"
               "true,\"\\u00e9\\n\"]}, \"pu\":99,\"u\":109,\n\t\"b\":[[\"61773.6\",\"1001\"],"
               "[\"61776.40\",\"0.000\"]],\"U\":101,\"s\":\"BTCUSDT\",\"E\":1723161257440,"
               "\"e\":\"depthUpdate\"} , \"stream\":\"s\" } "),
        BINANCE_FINE);
    expect_usual_depth();
}

Test(binance_decode, a_bare_event_of_spot_has_no_predecessor)
{
    cr_assert_eq(decode("{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\"U\":5,\"u\":5,\"b\":[],"
                        "\"a\":[]}"),
                 BINANCE_FINE);
    cr_assert_not(frame.has_prev);
    cr_assert_eq(frame.bid_count + frame.ask_count, 0);
}

Test(binance_decode, tickers_of_the_three_markets)
{
    static const char *const texts[] = {
        "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":7,\"s\":\"BTCUSDT\",\"b\":\"61837.63\","
        "\"B\":\"3.78800000\",\"a\":\"61837.64000000\",\"A\":\"1.546\"}}",
        "{\"stream\":\"b@bookTicker\",\"data\":{\"u\":7,\"e\":\"bookTicker\",\"s\":\"BTCUSD_PERP\","
        "\"ps\":\"BTCUSD\",\"b\":\"61837.63\",\"B\":\"3.788\",\"a\":\"61837.64\",\"A\":\"1.546\","
        "\"T\":1,\"E\":2}}",
        "{\"e\":\"bookTicker\",\"u\":7,\"s\":\"BTCUSDT\",\"b\":\"61837.63\",\"B\":\"3.788\",\"a\":"
        "\"61837.64\",\"A\":\"1.546\",\"T\":1,\"E\":2}"};

    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(decode(texts[i]), BINANCE_FINE);
        cr_assert_eq(frame.kind, BINANCE_TICKER);
        cr_assert_eq(frame.last_id, 7);
        cr_assert_eq(frame.has_type, i > 0);
        expect_level(0, 6183763, 3788);
        expect_level(1, 6183764, 1546);
    }
}

Test(binance_decode, a_ticker_with_an_empty_side)
{
    cr_assert_eq(
        decode("{\"u\":7,\"s\":\"X\",\"b\":\"0.00\",\"B\":\"0.00\",\"a\":\"1\",\"A\":\"2\"}"),
        BINANCE_FINE);
    expect_level(0, 0, 0);
    expect_level(1, 100, 2000);
}

Test(binance_decode, trades_and_aggregate_trades)
{
    cr_assert_eq(
        decode("{\"stream\":\"x@trade\",\"data\":{\"e\":\"trade\",\"E\":17,\"s\":\"BTCUSDT\","
               "\"t\":3735,\"p\":\"61837.63000000\",\"q\":\"0.02\",\"T\":16,\"m\":true,"
               "\"M\":true}}"),
        BINANCE_FINE);
    cr_assert_eq(frame.kind, BINANCE_TRADE);
    cr_assert_eq(frame.last_id, 3735);
    cr_assert_eq(frame.flags, MARKET_BUYER_IS_MAKER);
    expect_level(0, 6183763, 20);
    cr_assert_eq(decode("{\"e\":\"aggTrade\",\"E\":17,\"a\":88,\"s\":\"BTCUSDT\",\"p\":\"2\",\"q\":"
                        "\"1\",\"f\":1,\"l\":2,\"T\":16,\"m\":false}"),
                 BINANCE_FINE);
    cr_assert_eq(frame.last_id, 88);
    cr_assert_eq(frame.flags, 0);
}

Test(binance_decode, snapshots_tight_and_with_blanks)
{
    cr_assert_eq(
        decode("{\"lastUpdateId\":5,\"E\":1,\"T\":2,\"symbol\":\"BTCUSD_PERP\",\"pair\":"
               "\"BTCUSD\",\"bids\":[[\"1\",\"2\"]],\"asks\":[[\"3\",\"4\"],[\"5\",\"6\"]]}"),
        BINANCE_FINE);
    cr_assert_eq(frame.kind, BINANCE_SNAPSHOT);
    cr_assert_eq(frame.ask_count, 2);
    cr_assert_eq(
        decode("{\"lastUpdateId\": 5, \"bids\": [[\"1\", \"2\"]], \"asks\": [[\"3\", \"4\"]]}"),
        BINANCE_FINE);
    cr_assert_eq(frame.last_id, 5);
    cr_assert_null(frame.symbol.at);
    expect_level(1, 300, 4000);
}

Test(binance_decode, what_is_no_market_data_is_other)
{
    cr_assert_eq(decode("{\"result\":null,\"id\":1}"), BINANCE_FINE);
    cr_assert_eq(frame.kind, BINANCE_OTHER);
    cr_assert_eq(decode("{\"e\":\"kline\",\"E\":1,\"s\":\"X\",\"k\":{\"t\":1}}"), BINANCE_FINE);
    cr_assert_eq(frame.kind, BINANCE_OTHER);
}

#define DIFF(bids)                                                                                 \
    "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":1,\"u\":2,\"b\":[" bids "],\"a\":[]}"

Test(binance_decode, bad_values_are_refused_with_their_reason)
{
    static const struct {
        const char *bids;
        enum binance_reason reason;
    } rows[] = {
        {"[\"-1.00\",\"1\"]", BINANCE_NEGATIVE},
        {"[\"1.00\",\"-1\"]", BINANCE_NEGATIVE},
        {"[\"0.00\",\"1\"]", BINANCE_NOT_PRICE},
        {"[\"NaN\",\"1\"]", BINANCE_NOT_PRICE},
        {"[\"1e3\",\"1\"]", BINANCE_NOT_PRICE},
        {"[\"\",\"1\"]", BINANCE_NOT_PRICE},
        {"[\".5\",\"1\"]", BINANCE_NOT_PRICE},
        {"[\"5.\",\"1\"]", BINANCE_NOT_PRICE},
        {"[\"1.2.3\",\"1\"]", BINANCE_NOT_PRICE},
        {"[\" 1\",\"1\"]", BINANCE_NOT_PRICE},
        {"[\"1\",\"Infinity\"]", BINANCE_NOT_SIZE},
        {"[\"1\",\"0x10\"]", BINANCE_NOT_SIZE},
        {"[\"1.001\",\"1\"]", BINANCE_OFF_TICK},
        {"[\"1.00100000\",\"1\"]", BINANCE_OFF_TICK},
        {"[\"1.00\",\"0.0001\"]", BINANCE_OFF_LOT},
        {"[\"10000000.01\",\"1\"]", BINANCE_TOO_LARGE},
        {"[\"1\",\"1000000000.001\"]", BINANCE_TOO_LARGE},
        {"[\"9999999999999999999999999999999999999999\",\"1\"]", BINANCE_TOO_LARGE},
        {"[\"1\",\"9223372036854775808\"]", BINANCE_TOO_LARGE},
        {"[\"1\"]", BINANCE_MISSING},
        {"[]", BINANCE_MISSING},
        {"\"1\"", BINANCE_MISSING},
        {"[\"1\",\"1\"],", BINANCE_BROKEN},
        {"[\"1\" \"1\"]", BINANCE_BROKEN},
        {"[\"1\",\"1\"", BINANCE_BROKEN},
        {"[null,\"1\"]", BINANCE_NOT_PRICE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[300];

        snprintf(text, sizeof text, DIFF("%s"), rows[i].bids);
        cr_assert_eq(decode(text), rows[i].reason, "%s: %s", rows[i].bids,
                     binance_reason_says(decode(text)));
    }
}

Test(binance_decode, exact_values_survive_zeros_and_forty_digits)
{
    cr_assert_eq(
        decode(DIFF("[\"10000000.00\",\"1000000000.00000000\"],"
                    "[\"0000000000000000000000000000000000001.50\",\"0.00100000000000000\"]")),
        BINANCE_FINE);
    expect_level(0, MAX_PRICE_TICKS, MAX_LOTS);
    expect_level(1, 150, 1);
}

Test(binance_decode, bad_frames_are_refused)
{
    cr_assert_eq(decode(""), BINANCE_CUT);
    cr_assert_eq(decode("[]"), BINANCE_BROKEN);
    cr_assert_eq(decode(DIFF("") "x"), BINANCE_BROKEN);
    cr_assert_eq(decode(DIFF("") "}"), BINANCE_BROKEN);
    cr_assert_eq(decode("{\"u\":7,\"u\":7,\"s\":\"X\"}"), BINANCE_TWICE);
    cr_assert_eq(decode("{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":1,\"b\":[],\"a\":[]}"),
                 BINANCE_MISSING);
    cr_assert_eq(
        decode("{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":3,\"u\":2,\"b\":[],\"a\":[]}"),
        BINANCE_IDS);
    cr_assert_eq(decode("{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":1,\"u\":"
                        "99999999999999999999,\"b\":[],\"a\":[]}"),
                 BINANCE_NOT_COUNT);
    cr_assert_eq(
        decode("{\"e\":\"trade\",\"E\":1,\"s\":\"X\",\"t\":1,\"p\":\"1\",\"q\":\"1\",\"m\":1}"),
        BINANCE_MISSING);
    cr_assert_eq(decode("{\"x\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}"), BINANCE_DEEP);
}

/* Wherever a frame is cut, both ways refuse it. */
Test(binance_decode, every_cut_of_a_frame_is_refused)
{
    const char *whole =
        "{\"stream\":\"btcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1,\"T\":"
        "2,\"s\":\"BTCUSDT\",\"U\":1,\"u\":9,\"pu\":0,\"b\":[[\"61773.6\",\"1001\"]],"
        "\"a\":[[\"61800.01\",\"0.001\"]]}}";
    char text[400];

    cr_assert_eq(decode(whole), BINANCE_FINE);
    for (size_t length = 0; length < strlen(whole); length++) {
        memcpy(text, whole, length);
        text[length] = '\0';
        cr_assert_neq(decode(text), BINANCE_FINE, "%s", text);
    }
}

Test(binance_decode, more_levels_than_fit_are_refused)
{
    const char *text = DIFF("[\"1\",\"1\"],[\"2\",\"1\"],[\"3\",\"1\"]");
    char copy[300] = "";

    memcpy(copy, text, strlen(text));
    cr_assert_eq(binance_decode(copy, strlen(text), &cents, &frame, levels, 2), BINANCE_MANY);
    cr_assert_eq(binance_decode(copy, strlen(text), &cents, &frame, levels, 3), BINANCE_FINE);
}

/* ---- the fast number readers against the plain ones ---- */

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

Test(binance_number, random_texts_read_the_same_both_ways)
{
    static const char alphabet[] = "00123456789..\"\"x-\\ ";

    seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : 20417;
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < 400000; i++) {
        char text[80] = "";
        const char *fast = text;
        const char *slow = text;
        int64_t fast_value = 0;
        int64_t slow_value = 0;
        uint32_t scale = (uint32_t)draw(NUMBER_DECIMALS_MAX + 1);
        uint64_t digits = draw(19);
        bool wild = draw(8) == 0;
        bool read;

        for (uint64_t at = 0; at < digits; at++)
            text[at] =
                wild ? alphabet[draw(sizeof alphabet - 1)] : (char)('0' + draw(10) * draw(2));
        if (draw(4) && digits > 1)
            text[draw(digits)] = '.';
        text[digits] = '"';
        read = number_decimal(&fast, scale, &fast_value);

        cr_assert_eq(read, number_decimal_portable(&slow, scale, &slow_value), "%s at %u", text,
                     scale);
        cr_assert(!read || (fast == slow && fast_value == slow_value), "%s at %u: %lld, %lld", text,
                  scale, (long long)fast_value, (long long)slow_value);
        fast = slow = text;
        read = number_count(&fast, &fast_value);
        cr_assert_eq(read, number_count_portable(&slow, &slow_value), "%s", text);
        cr_assert(!read || (fast == slow && fast_value == slow_value), "%s", text);
        cr_assert_eq(number_text(text), number_text_portable(text), "%s", text);
    }
}

static size_t draw_decimal(char *text)
{
    static const char alphabet[] = "0123456789.\",-x";
    size_t whole = draw(10), decimals = draw(4) ? draw(9) : 0, length = 0;

    for (; length < whole; length++)
        text[length] = (char)('0' + draw(10));
    if (decimals > 0) {
        text[length++] = '.';
        for (; decimals > 0; decimals--)
            text[length++] = (char)('0' + draw(10) * draw(2));
    }
    if (draw(16) == 0)
        text[draw(length + 1)] = alphabet[draw(sizeof alphabet - 1)];
    return length;
}

static void expect_decimal(const char *text, uint32_t scale, int64_t value)
{
    int64_t exact = -1;

    cr_assert(decimal_parse(text, strcspn(text, "\""), scale, &exact), "%.48s at %u", text, scale);
    cr_assert_eq(value, exact, "%.48s at %u", text, scale);
}

/* The fast one may leave a pair to the slow one, but few, and never reads another value. */
Test(binance_number, random_pairs_read_exactly_or_not_at_all)
{
    uint32_t fast_pairs = 0, slow_pairs = 0;

    seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : 20417;
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < 400000; i++) {
        char text[96];
        const char *fast = text + 16, *slow = fast;
        int64_t pair[2];
        uint32_t first = (uint32_t)draw(7), second = (uint32_t)draw(7);
        struct number_form forms[2] = {number_form(first), number_form(second)};
        size_t length = 16, behind;

        memset(text, draw(2) ? '9' : '"', sizeof text);
        length += draw_decimal(text + length);
        memcpy(text + length, "\",\"", 3);
        behind = length += 3;
        length += draw_decimal(text + length);
        memcpy(text + length, "\"],[\"12", 7);
        slow_pairs += number_pair_portable(&slow, first, second, pair);
        if (!number_pair(&fast, &forms[0], &forms[1], pair))
            continue;
        fast_pairs++;
        cr_assert_eq(fast, strchr(text + behind, '"'), "%.48s", text + 16);
        expect_decimal(text + 16, first, pair[0]);
        expect_decimal(text + behind, second, pair[1]);
    }
    cr_assert_gt(fast_pairs, slow_pairs * 9 / 10, "%u of %u", fast_pairs, slow_pairs);
}

/* ---- every recorded frame against jansson ---- */

static int64_t id_of(const json_t *event, const char *key)
{
    const json_t *value = json_object_get(event, key);

    return value ? (int64_t)json_integer_value(value) : 0;
}

static void expect_text(const json_t *text, uint32_t decimals, int64_t value)
{
    const char *digits = json_string_value(text);
    int64_t units = -1;

    cr_assert(digits && decimal_parse(digits, strlen(digits), decimals, &units));
    cr_assert_eq(units, value, "%s", digits);
}

static void expect_side(const json_t *side, const struct binance_grid *grid,
                        const struct level *decoded, uint32_t count)
{
    cr_assert_eq(json_array_size(side), count);
    for (uint32_t at = 0; at < count; at++) {
        const json_t *pair = json_array_get(side, at);

        expect_text(json_array_get(pair, 0), grid->price_decimals, decoded[at].price_ticks);
        expect_text(json_array_get(pair, 1), grid->qty_decimals, decoded[at].qty_lots);
    }
}

static void expect_json(const json_t *root, const struct binance_grid *grid)
{
    const json_t *data = json_object_get(root, "data");
    const json_t *event = data ? data : root;

    switch (frame.kind) {
    case BINANCE_DEPTH:
        cr_assert_eq(frame.first_id, id_of(event, "U"));
        cr_assert_eq(frame.last_id, id_of(event, "u"));
        cr_assert_eq(frame.prev_id, id_of(event, "pu"));
        cr_assert_eq(frame.event_ms, id_of(event, "E"));
        expect_side(json_object_get(event, "b"), grid, levels, frame.bid_count);
        expect_side(json_object_get(event, "a"), grid, levels + frame.bid_count, frame.ask_count);
        break;
    case BINANCE_SNAPSHOT:
        cr_assert_eq(frame.last_id, id_of(event, "lastUpdateId"));
        expect_side(json_object_get(event, "bids"), grid, levels, frame.bid_count);
        expect_side(json_object_get(event, "asks"), grid, levels + frame.bid_count,
                    frame.ask_count);
        break;
    case BINANCE_TICKER:
        cr_assert_eq(frame.last_id, id_of(event, "u"));
        expect_text(json_object_get(event, "b"), grid->price_decimals, levels[0].price_ticks);
        expect_text(json_object_get(event, "B"), grid->qty_decimals, levels[0].qty_lots);
        expect_text(json_object_get(event, "a"), grid->price_decimals, levels[1].price_ticks);
        expect_text(json_object_get(event, "A"), grid->qty_decimals, levels[1].qty_lots);
        break;
    default:
        cr_assert_eq(frame.kind, BINANCE_TRADE);
        cr_assert_eq(frame.last_id, id_of(event, "t"));
        cr_assert_eq(frame.flags != 0, json_is_true(json_object_get(event, "m")));
        expect_text(json_object_get(event, "p"), grid->price_decimals, levels[0].price_ticks);
        expect_text(json_object_get(event, "q"), grid->qty_decimals, levels[0].qty_lots);
    }
}

static uint64_t compare_file(struct lines *lines, const char *path)
{
    struct probe probe;
    struct err err;
    const char *text;
    size_t length;
    uint64_t frames = 0;

    cr_assert_eq(probe_file(lines, path, levels, &probe, &err), OK);
    cr_assert_eq(lines_open(lines, path, &err), OK);
    while (lines_next(lines, &text, &length) == LINES_LINE) {
        json_t *root;
        int64_t ns;

        cr_assert(probe_time(text, length, &ns, &text, &length));
        cr_assert_eq(probe_decode(text, length, &probe.grid, &frame, levels), BINANCE_FINE);
        root = json_loadb(text, length, 0, NULL);
        expect_json(root, &probe.grid);
        json_decref(root);
        frames++;
    }
    return frames;
}

Test(binance_recorded, every_recorded_frame_equals_jansson, .timeout = 300)
{
    static const char *const folders[] = {"binance-20240808", "binance-nexo-202407"};
    const char *data = getenv("DATA_DIR");
    struct lines *lines = lines_create();
    uint64_t frames = 0;

    if (!data || data[0] == '\0')
        cr_skip_test("DATA_DIR not given");
    for (size_t i = 0; i < 2; i++) {
        char folder[4096];
        const char *paths[1] = {folder};
        char *found[RECORDING_FILES_MAX];
        uint32_t count;
        struct err err;

        snprintf(folder, sizeof folder, "%s/%s", data, folders[i]);
        if (files_find(paths, 1, found, &count, &err) != OK)
            continue;
        for (uint32_t at = 0; at < count; at++) {
            frames += compare_file(lines, found[at]);
            free(found[at]);
        }
    }
    lines_destroy(lines);
    fprintf(stderr, "%llu frames\n", (unsigned long long)frames);
    cr_assert_gt(frames, 100000, "no recordings below %s", data);
}
