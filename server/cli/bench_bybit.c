/* The decoder of Bybit's frames beside jansson, on made deltas (bench_deltas.h): in the venue's
 * order of keys and in any other; and with the engine's book behind it. Rounds of both sides are
 * interleaved. Both give the same: every figure of a frame, prices and sizes in ticks and lots. */
#include "cli/bench.h"
#include "cli/bench_deltas.h"
#include "gateway/bybit/decode.h"
#include "thread/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 9, LAPS = 8, SEED = 20417 };

static const struct bybit_grid grid = {
    .price_decimals = 1, .qty_decimals = 3, .tick_units = 1, .lot_units = 1, .instrument = 0};

struct tools {
    struct bench_deltas usual, any_order;
    struct market_update *update;
    struct book *book;
    uint64_t sum; /* of what was decoded, so that none of it is left out */
};

static const struct bybit_grid *find(void *ctx, const char *symbol, uint32_t length)
{
    return length == 7 && memcmp(symbol, "BTCUSDT", 7) == 0 ? ctx : NULL;
}

static bool decode(const struct tools *tools, const struct bench_deltas *deltas, uint32_t at,
                   struct bybit_frame *frame)
{
    struct bybit_room room = {.find = find,
                              .ctx = (void *)&grid,
                              .levels = tools->update->levels,
                              .levels_max = MAX_MARKET_LEVELS};

    return bybit_decode(deltas->at[at], deltas->length[at], &room, frame) == BYBIT_FINE;
}

/* ns a delta; a negative figure: it was not understood. */
static double ours_ns(struct tools *tools, const struct bench_deltas *deltas)
{
    int64_t from_ns = clock_mono_ns();

    for (uint32_t lap = 0; lap < LAPS; lap++)
        for (uint32_t at = 1; at <= BENCH_DELTAS; at++) {
            struct bybit_frame frame;

            if (!decode(tools, deltas, at, &frame))
                return -1;
            tools->sum += (uint64_t)frame.u + frame.bid_count;
        }
    return (double)(clock_mono_ns() - from_ns) / (LAPS * BENCH_DELTAS);
}

static uint16_t levels_by_jansson(const json_t *side, struct level *levels)
{
    size_t at;
    json_t *pair;

    json_array_foreach(side, at, pair)
    {
        const json_t *price = json_array_get(pair, 0), *size = json_array_get(pair, 1);

        if (!decimal_parse(json_string_value(price), json_string_length(price), grid.price_decimals,
                           &levels[at].price_ticks) ||
            !decimal_parse(json_string_value(size), json_string_length(size), grid.qty_decimals,
                           &levels[at].qty_lots))
            break;
    }
    return (uint16_t)at;
}

static bool decode_by_jansson(struct tools *tools, const char *text, size_t length,
                              struct bybit_frame *frame)
{
    json_t *root = json_loadb(text, length, 0, NULL);
    const json_t *data = json_object_get(root, "data");
    const char *type = json_string_value(json_object_get(root, "type"));
    const char *symbol = json_string_value(json_object_get(data, "s"));
    struct level *levels = tools->update->levels;

    if (!type || !symbol || strcmp(symbol, "BTCUSDT") != 0) {
        json_decref(root);
        return false;
    }
    frame->kind = strcmp(type, "delta") == 0 ? BYBIT_DELTA : BYBIT_SNAPSHOT;
    frame->ts_ms = json_integer_value(json_object_get(root, "ts"));
    frame->cts_ms = json_integer_value(json_object_get(root, "cts"));
    frame->u = json_integer_value(json_object_get(data, "u"));
    frame->seq = json_integer_value(json_object_get(data, "seq"));
    frame->bid_count = levels_by_jansson(json_object_get(data, "b"), levels);
    frame->ask_count = levels_by_jansson(json_object_get(data, "a"), levels + frame->bid_count);
    json_decref(root);
    return true;
}

static double jansson_ns(struct tools *tools, const struct bench_deltas *deltas)
{
    int64_t from_ns = clock_mono_ns();

    for (uint32_t at = 1; at <= BENCH_DELTAS; at++) {
        struct bybit_frame frame;

        if (!decode_by_jansson(tools, deltas->at[at], deltas->length[at], &frame))
            return -1;
        tools->sum += (uint64_t)frame.u + frame.bid_count;
    }
    return (double)(clock_mono_ns() - from_ns) / BENCH_DELTAS;
}

/* Both ways say the same of every delta, or there is nothing to compare. */
static bool agree(struct tools *tools, const struct bench_deltas *deltas)
{
    struct level *levels = tools->update->levels;
    struct level ours[64];

    for (uint32_t at = 1; at <= BENCH_DELTAS; at++) {
        struct bybit_frame a, b;
        uint32_t count;

        if (!decode(tools, deltas, at, &a))
            return false;
        count = (uint32_t)a.bid_count + a.ask_count;
        memcpy(ours, levels, count * sizeof *levels);
        if (!decode_by_jansson(tools, deltas->at[at], deltas->length[at], &b) || a.u != b.u ||
            a.seq != b.seq || a.kind != b.kind || a.ts_ms != b.ts_ms || a.cts_ms != b.cts_ms ||
            a.bid_count != b.bid_count || a.ask_count != b.ask_count ||
            memcmp(ours, levels, count * sizeof *levels) != 0)
            return false;
    }
    return true;
}

static bool beside_jansson(struct bench *bench, struct tools *tools,
                           const struct bench_deltas *deltas, const char *ns_id,
                           struct bench_figure ratio)
{
    struct bench_figure ns = {.id = ns_id, .unit = "ns a delta", .anchor = "jansson, ns a delta"};
    double theirs[ROUNDS];

    if (!agree(tools, deltas)) {
        fprintf(stderr, "pitwall bench: %s: not what jansson reads\n", ratio.id);
        return false;
    }
    for (uint32_t round = 0; round < (bench->quick ? 1 : ROUNDS); round++) {
        double ours = ours_ns(tools, deltas);

        theirs[round] = jansson_ns(tools, deltas);
        bench_round(&ns, ours);
        bench_round(&ratio, theirs[round] / ours);
    }
    ns.anchor_value = bench_median(theirs, ns.rounds);
    bench_add(bench, &ns);
    bench_add(bench, &ratio);
    return true;
}

static bool apply(struct tools *tools, uint32_t at)
{
    struct market_update *update = tools->update;
    struct bybit_frame frame;

    if (!decode(tools, &tools->usual, at, &frame))
        return false;
    *update = (struct market_update){.kind = frame.kind == BYBIT_SNAPSHOT ? MARKET_SNAPSHOT
                                                                          : MARKET_DELTA,
                                     .bid_count = frame.bid_count,
                                     .ask_count = frame.ask_count,
                                     .received_ns = frame.ts_ms * 1000000,
                                     .venue_ns = frame.cts_ms * 1000000,
                                     .prev_update_id = frame.u - 1,
                                     .update_id = frame.u};
    return book_apply(tools->book, update) == BOOK_APPLIED;
}

/* Millions of deltas a second, from bytes to the book; 0: the book refused one. */
static double books_a_second(struct tools *tools)
{
    int64_t ns = 0;

    for (uint32_t lap = 0; lap < LAPS; lap++) {
        int64_t from_ns;

        book_init(tools->book, 0);
        if (!apply(tools, 0))
            return 0;
        from_ns = clock_mono_ns();
        for (uint32_t at = 1; at <= BENCH_DELTAS; at++)
            if (!apply(tools, at))
                return 0;
        ns += clock_mono_ns() - from_ns;
    }
    return LAPS * BENCH_DELTAS * 1e3 / (double)ns;
}

static bool with_book(struct bench *bench, struct tools *tools)
{
    struct bench_figure figure = {
        .id = "i5.bybit_decode_and_book", .unit = "M deltas/s", .target = 5, .sense = "min"};

    for (uint32_t round = 0; round < (bench->quick ? 1 : ROUNDS); round++) {
        double million = books_a_second(tools);

        if (million <= 0) {
            fprintf(stderr, "pitwall bench: %s: the book refused a delta\n", figure.id);
            return false;
        }
        bench_round(&figure, million);
    }
    bench_add(bench, &figure);
    return true;
}

static bool tools_open(struct tools *tools)
{
    *tools = (struct tools){
        .update = malloc(sizeof *tools->update + MAX_MARKET_LEVELS * sizeof(struct level)),
        .book = aligned_alloc(4096, (book_size() + 4095) & ~(size_t)4095)};
    return tools->update && tools->book && bench_deltas_make(&tools->usual, SEED, false) &&
           bench_deltas_make(&tools->any_order, SEED, true);
}

static void tools_close(struct tools *tools)
{
    bench_deltas_free(&tools->usual);
    bench_deltas_free(&tools->any_order);
    free(tools->book);
    free(tools->update);
}

bool bench_bybit(struct bench *bench)
{
    static struct tools tools;
    struct bench_figure usual = {
        .id = "i5.bybit_decoder_vs_jansson", .unit = "times as fast", .target = 45, .sense = "min"};
    struct bench_figure any = {.id = "i5.bybit_any_order_vs_jansson",
                               .unit = "times as fast",
                               .target = 5,
                               .sense = "min"};
    bool measured;

    if (!bench_wants(bench, "i5.bybit_decode_and_book") && !bench_wants(bench, usual.id) &&
        !bench_wants(bench, any.id))
        return true;
    measured = tools_open(&tools);
    if (measured && bench_wants(bench, usual.id))
        measured = beside_jansson(bench, &tools, &tools.usual, "i5.bybit_decoder_ns", usual);
    if (measured && bench_wants(bench, any.id))
        measured = beside_jansson(bench, &tools, &tools.any_order, "i5.bybit_any_order_ns", any);
    if (measured && bench_wants(bench, "i5.bybit_decode_and_book"))
        measured = with_book(bench, &tools);
    tools_close(&tools);
    return measured;
}
