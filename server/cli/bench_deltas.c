#include "cli/bench_deltas.h"

#include "gateway/scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAME_MAX = 4096,
    TICKS = 4096, /* that the mid can reach */
    FIRST_TICK = 600000,
    LEVELS = 50,
    CHANGES_MAX = 23,
    PARTS_MAX = 8
};

struct maker {
    uint64_t random;
    bool any_order;
    uint32_t mid;                           /* bids lie below, asks from here on */
    bool present[TICKS];                    /* one side's or the other's, by the mid */
    int64_t changes[2][CHANGES_MAX + 1][2]; /* tick and lots of this frame, bids first */
    uint32_t count[2];
    uint64_t u, seq;
    int64_t ts_ms;
    char *at;
};

/* Pieces of an object, so that their order can be another one. */
struct parts {
    char text[PARTS_MAX][FRAME_MAX];
    uint32_t count;
};

static uint64_t draw(struct maker *maker, uint64_t below)
{
    maker->random ^= maker->random << 13;
    maker->random ^= maker->random >> 7;
    maker->random ^= maker->random << 17;
    return maker->random % below;
}

/* How often in a row 0.74 comes true. */
static uint32_t draw_run(struct maker *maker)
{
    uint32_t run = 0;

    while (draw(maker, 10000) < 7380)
        run++;
    return run;
}

__attribute__((format(printf, 2, 3))) static void add_part(struct parts *parts, const char *format,
                                                           ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(parts->text[parts->count++], FRAME_MAX, format, list);
    va_end(list);
}

/* The object of the parts, in their order or in another. */
static size_t print_parts(struct maker *maker, struct parts *parts, char *out)
{
    char *at = out;

    for (uint32_t n = parts->count; maker->any_order && n > 1; n--) {
        uint64_t other = draw(maker, n);
        char kept[FRAME_MAX];

        memcpy(kept, parts->text[n - 1], FRAME_MAX);
        memcpy(parts->text[n - 1], parts->text[other], FRAME_MAX);
        memcpy(parts->text[other], kept, FRAME_MAX);
    }
    for (uint32_t n = 0; n < parts->count; n++)
        at += sprintf(at, "%c%s", n == 0 ? '{' : ',', parts->text[n]);
    return (size_t)(stpcpy(at, "}") - out);
}

static void print_side(struct maker *maker, uint32_t side, char *out)
{
    out += sprintf(out, "\"%c\":[", side == 0 ? 'b' : 'a');
    for (uint32_t at = 0; at < maker->count[side]; at++) {
        int64_t tick = maker->changes[side][at][0] + FIRST_TICK;
        int64_t lots = maker->changes[side][at][1];

        out += sprintf(out, "%s[\"%lld.%lld0\",", at > 0 ? "," : "", (long long)tick / 10,
                       (long long)tick % 10);
        out += lots == 0 ? sprintf(out, "\"0\"]")
                         : sprintf(out, "\"%lld.%03lld\"]", (long long)lots / 1000,
                                   (long long)lots % 1000);
    }
    (void)sprintf(out, "]");
}

static void print_frame(struct maker *maker, const char *type)
{
    static struct parts frame, data;
    char inner[FRAME_MAX - 16];

    frame.count = data.count = 0;
    add_part(&data, "\"s\":\"BTCUSDT\"");
    print_side(maker, 0, data.text[data.count++]);
    print_side(maker, 1, data.text[data.count++]);
    add_part(&data, "\"u\":%llu", (unsigned long long)maker->u);
    add_part(&data, "\"seq\":%llu", (unsigned long long)maker->seq);
    (void)print_parts(maker, &data, inner);
    add_part(&frame, "\"topic\":\"orderbook.50.BTCUSDT\"");
    add_part(&frame, "\"type\":\"%s\"", type);
    add_part(&frame, "\"ts\":%lld", (long long)maker->ts_ms);
    add_part(&frame, "\"data\":%s", inner);
    add_part(&frame, "\"cts\":%lld", (long long)maker->ts_ms - 2);
    maker->at += print_parts(maker, &frame, maker->at) + 1;
}

static void change(struct maker *maker, uint32_t tick, int64_t lots)
{
    uint32_t side = tick < maker->mid ? 0 : 1;
    uint32_t at = maker->count[side];

    for (uint32_t n = 0; n < at; n++)
        if (maker->changes[side][n][0] == (int64_t)tick)
            at = n;
    maker->changes[side][at][0] = (int64_t)tick;
    maker->changes[side][at][1] = lots;
    maker->count[side] += at == maker->count[side];
    maker->present[tick] = lots != 0;
}

static int64_t draw_lots(struct maker *maker)
{
    return 1 + (int64_t)draw(maker, draw(maker, 2) == 0 ? 90000 : 3000);
}

static void change_by_chance(struct maker *maker)
{
    uint32_t away = (uint32_t)draw(maker, 2 + draw(maker, LEVELS - 1));
    uint32_t tick = draw(maker, 2) == 0 ? maker->mid - 1 - away : maker->mid + away;
    bool deletes = maker->present[tick] && draw(maker, 3) == 0;

    change(maker, tick, deletes ? 0 : draw_lots(maker));
}

/* What stands where the other side will begin goes away first. */
static void walk(struct maker *maker)
{
    bool up = draw(maker, 2) == 0;
    uint32_t taken = up ? maker->mid : maker->mid - 1;

    if (maker->mid < 2 * LEVELS || maker->mid > TICKS - 2 * LEVELS)
        return;
    if (maker->present[taken])
        change(maker, taken, 0);
    else
        maker->mid += up ? 1 : UINT32_MAX;
}

static void make_delta(struct maker *maker)
{
    uint32_t changes = 1 + draw_run(maker) + draw_run(maker);

    maker->count[0] = maker->count[1] = 0;
    if (draw(maker, 8) == 0)
        walk(maker);
    for (uint32_t n = 0; n < changes && n < CHANGES_MAX - 1; n++)
        change_by_chance(maker);
    maker->u++;
    maker->seq += 1 + draw(maker, 80);
    maker->ts_ms += 20;
    print_frame(maker, "delta");
}

static void make_snapshot(struct maker *maker)
{
    maker->mid = TICKS / 2;
    for (uint32_t n = 0; n < CHANGES_MAX; n++) {
        change(maker, maker->mid - 1 - n, draw_lots(maker));
        change(maker, maker->mid + n, draw_lots(maker));
    }
    print_frame(maker, "snapshot");
}

bool bench_deltas_make(struct bench_deltas *deltas, uint64_t seed, bool any_order)
{
    struct maker *maker = calloc(1, sizeof *maker);

    *deltas = (struct bench_deltas){0};
    deltas->bytes = malloc((1 + BENCH_DELTAS) * 1024 + FRAME_MAX + SCAN_PADDING);
    if (!maker || !deltas->bytes) {
        free(maker);
        bench_deltas_free(deltas);
        return false;
    }
    maker->random = seed;
    maker->any_order = any_order;
    maker->u = 177400507;
    maker->seq = 66544703342;
    maker->ts_ms = 1687940967466;
    maker->at = deltas->bytes;
    for (uint32_t at = 0; at <= BENCH_DELTAS; at++) {
        deltas->at[at] = maker->at;
        if (at == 0)
            make_snapshot(maker);
        else
            make_delta(maker);
        deltas->length[at] = (uint32_t)(maker->at - 1 - deltas->at[at]);
        deltas->total_bytes += at > 0 ? deltas->length[at] : 0;
        deltas->changes += at > 0 ? maker->count[0] + maker->count[1] : 0;
    }
    memset(maker->at, 0, SCAN_PADDING);
    free(maker);
    return true;
}

void bench_deltas_free(struct bench_deltas *deltas)
{
    free(deltas->bytes);
    deltas->bytes = NULL;
}
