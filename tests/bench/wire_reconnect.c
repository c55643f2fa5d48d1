/* Reconnect: the venue drops the public connection; until the engine's book is whole again,
 * snapshot included. A connection that had lasted, so the first step of the backoff is part of it.
 * Gateway, engine and venue take turns in one thread: what is measured is waiting, not work. */
#include "benches.h"
#include "thread/clock.h"
#include "wire_desk.h"
#include "wire_venue.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 9, ROUNDS_QUICK = 3 };
#define LASTS_NS 1100000000LL
#define DELTA_NS 20000000LL
#define PATIENCE_NS 20000000000LL

struct reconnect {
    struct wire_venue venue;
    struct wire_desk *desk;
};

static void turn(struct reconnect *reconnect)
{
    engine_turn_take(&reconnect->desk->turn);
    wire_poll(&reconnect->venue);
}

static bool has_book(const struct reconnect *reconnect)
{
    return !book_is_stale(engine_book(reconnect->desk->thread.engine, 0));
}

static bool await_book(struct reconnect *reconnect, bool wanted)
{
    int64_t until_ns = clock_mono_ns() + PATIENCE_NS;

    while (has_book(reconnect) != wanted)
        if (turn(reconnect), clock_mono_ns() > until_ns)
            return false;
    return true;
}

/* A second of market. */
static void last(struct reconnect *reconnect)
{
    int64_t from_ns = clock_mono_ns();
    int64_t due_ns = from_ns;

    while (clock_mono_ns() - from_ns < LASTS_NS) {
        struct wire_conn *conn = wire_find(&reconnect->venue, WIRE_PUBLIC, 0);
        char bytes[WIRE_TEXT_MAX];

        turn(reconnect);
        if (!conn || clock_mono_ns() < due_ns)
            continue;
        due_ns += DELTA_NS;
        wire_send(conn, bytes, wire_delta(&reconnect->venue.market, bytes));
    }
}

static bool round_of(struct reconnect *reconnect, struct bench_figure *figure)
{
    struct wire_conn *conn;
    int64_t dropped_ns;

    last(reconnect);
    conn = wire_find(&reconnect->venue, WIRE_PUBLIC, 0);
    if (!conn)
        return false;
    dropped_ns = clock_mono_ns();
    wire_drop(conn);
    if (!await_book(reconnect, false) || !await_book(reconnect, true))
        return false;
    bench_round(figure, (double)(clock_mono_ns() - dropped_ns) / 1e6);
    return true;
}

static bool measure(struct reconnect *reconnect, struct bench_figure *figure, uint32_t rounds)
{
    struct wire_desk_options options = {.venues = 1, .inline_gateways = true};
    struct err err;
    bool measured;

    if (wire_venue_open(&reconnect->venue, &err) != OK ||
        (options.port[0] = reconnect->venue.port,
         wire_desk_open(&reconnect->desk, &options, &err) != OK)) {
        fprintf(stderr, "benches: reconnect: %s\n", err.text);
        return false;
    }
    measured = await_book(reconnect, true);
    for (uint32_t round = 0; measured && round < rounds; round++)
        measured = round_of(reconnect, figure);
    if (!measured)
        fprintf(stderr, "benches: reconnect: the book did not come back\n");
    return measured;
}

bool bench_reconnect(struct bench *bench)
{
    struct bench_figure figure = {
        .id = "i5.reconnect_ms", .unit = "ms", .target = 1000, .sense = "max"};
    struct reconnect *reconnect;
    bool measured;

    if (!bench_wants(bench, figure.id))
        return true;
    reconnect = calloc(1, sizeof *reconnect);
    if (!reconnect)
        return false;
    reconnect->venue.listener = -1;
    measured = measure(reconnect, &figure, bench->quick ? ROUNDS_QUICK : ROUNDS);
    if (measured)
        bench_add(bench, &figure);
    if (reconnect->desk)
        wire_desk_close(reconnect->desk);
    wire_venue_close(&reconnect->venue);
    free(reconnect);
    return measured;
}
