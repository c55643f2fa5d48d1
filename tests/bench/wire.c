/* Wire to wire: a delta of the book leaves the venue, an order comes back.
 *
 * The venue (wire_venue.h) spins on one core and stamps; on the other, in turns of a block each,
 * the production turn of the engine's thread with the gateway inline (receive, decode, book,
 * strategy, gate, journal, kill page, encode, send), and a client of libwebsockets that returns the
 * frame from its callback. Both spin, and both hold three sockets. Frames and orders are of about
 * the same size. So the ratio is what trading costs above moving the bytes. */
#include "benches.h"
#include "duel.h"
#include "thread/clock.h"
#include "thread/thread.h"
#include "wire_desk.h"
#include "wire_echo.h"
#include "wire_venue.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ROUNDS = 11,
    ROUNDS_QUICK = 3,
    SAMPLES = 500,
    WARM_UP = 50,
    ECHO_SOCKETS = 3,
    THROWN_MAX = 10
};
#define PACE_NS 2000000LL /* 500 orders a second: within what the gateway's budget lets through */
#define PATIENCE_NS 200000000LL
#define READY_NS 20000000000LL

enum side_of { REST, GATEWAY, ECHO };

struct wire {
    struct wire_venue venue;
    struct wire_desk *desk;
    struct wire_echo *echo;
    struct wire_market echoed; /* frames of their own: a book must not miss any */
    _Atomic int side;          /* whose turn it is on the other core */
    _Atomic bool is_there, stop;
    int core;
    int64_t due_ns;
    uint32_t took_ns[SAMPLES];
};

static void settle_on(int core)
{
    (void)duel_pin(core);
    (void)thread_hurry(HURRY_ENGINE);
}

static void *run(void *ctx)
{
    struct wire *wire = ctx;

    settle_on(wire->core);
    atomic_store(&wire->is_there, true);
    while (!atomic_load_explicit(&wire->stop, memory_order_relaxed))
        switch (atomic_load_explicit(&wire->side, memory_order_acquire)) {
        case GATEWAY:
            engine_turn_take(&wire->desk->turn);
            break;
        case ECHO:
            wire_echo_poll(wire->echo);
            break;
        default:
            __builtin_ia32_pause();
        }
    return NULL;
}

/* ---- a block ---------------------------------------------------------------------------- */

/* The end of the last order has come to the engine: before that the strategy sends no other. */
static bool is_rested(const struct wire *wire, enum side_of side)
{
    return side == ECHO ||
           gateway_counters(wire->desk->thread.gateway[0]).executions >= wire->venue.orders;
}

/* Between two frames the venue answers whatever is asked. */
static bool exchange(struct wire *wire, enum side_of side, uint32_t *took_ns)
{
    bool trades = side == GATEWAY;
    char bytes[WIRE_TEXT_MAX];
    size_t length = wire_delta(trades ? &wire->venue.market : &wire->echoed, bytes);
    struct wire_conn *conn = wire_find(&wire->venue, trades ? WIRE_PUBLIC : WIRE_ECHO, 0);
    int64_t from_ns;

    for (int64_t until_ns = clock_mono_ns() + PATIENCE_NS;
         (from_ns = clock_mono_ns()) < wire->due_ns || !is_rested(wire, side);) {
        wire_poll(&wire->venue);
        if (from_ns > until_ns)
            return false;
        if (!is_rested(wire, side))
            wire->due_ns = from_ns + PACE_NS / 2;
    }
    from_ns = clock_mono_ns();
    if (!conn || !wire_send(conn, bytes, length) ||
        !wire_await(&wire->venue, trades ? WIRE_TRADE : WIRE_ECHO, PATIENCE_NS))
        return false;
    *took_ns = (uint32_t)(wire->venue.came_ns - from_ns);
    wire->due_ns = wire->venue.came_ns + PACE_NS;
    return true;
}

/* An answer that does not come within the patience is asked for anew: on a machine that is shared
 * the other side was away, and the strategy saw two frames at once. */
static bool block(struct wire *wire, enum side_of side, uint32_t samples)
{
    uint32_t ignored;
    uint32_t thrown = 0;
    bool done;

    atomic_store(&wire->side, side);
    wire->due_ns = clock_mono_ns() + PACE_NS;
    for (uint32_t at = 0; at < WARM_UP + samples && thrown <= THROWN_MAX;)
        if (exchange(wire, side, at < WARM_UP ? &ignored : &wire->took_ns[at - WARM_UP]))
            at++;
        else
            thrown++;
    done = thrown <= THROWN_MAX;
    for (int64_t until_ns = clock_mono_ns() + PACE_NS; clock_mono_ns() < until_ns;)
        wire_poll(&wire->venue);
    atomic_store(&wire->side, REST);
    if (!done)
        fprintf(stderr, "benches: wire: no answer of the %s, order %" PRIu64 "\n",
                side == GATEWAY ? "gateway" : "echo", wire->venue.orders);
    return done;
}

struct figures {
    struct bench_figure p50, p99, p50_ns, p99_ns;
    double echo_p50[BENCH_ROUNDS_MAX], echo_p99[BENCH_ROUNDS_MAX];
};

static bool round_of(struct wire *wire, struct figures *f, uint32_t samples)
{
    static const struct duel ns = {.ns_per_tick = 1};
    uint32_t round = f->p50.rounds;
    double p50;
    double p99;

    if (!block(wire, ECHO, samples))
        return false;
    f->echo_p50[round] = duel_percentile_ns(&ns, wire->took_ns, samples, 500);
    f->echo_p99[round] = duel_percentile_ns(&ns, wire->took_ns, samples, 990);
    if (!block(wire, GATEWAY, samples))
        return false;
    p50 = duel_percentile_ns(&ns, wire->took_ns, samples, 500);
    p99 = duel_percentile_ns(&ns, wire->took_ns, samples, 990);
    bench_round(&f->p50_ns, p50);
    bench_round(&f->p99_ns, p99);
    bench_round(&f->p50, p50 / f->echo_p50[round]);
    bench_round(&f->p99, p99 / f->echo_p99[round]);
    return true;
}

/* ---- opening ---------------------------------------------------------------------------- */

/* Both sides in this thread, until all stands. */
static bool get_ready(struct wire *wire)
{
    int64_t until_ns = clock_mono_ns() + READY_NS;

    while (!wire_desk_is_ready(wire->desk) || wire_echo_up(wire->echo) < ECHO_SOCKETS) {
        engine_turn_take(&wire->desk->turn);
        wire_echo_poll(wire->echo);
        wire_poll(&wire->venue);
        if (clock_mono_ns() > until_ns) {
            fprintf(stderr, "benches: wire: the gateway is %s, %u sockets of the echo stand\n",
                    gateway_state_name(gateway_state(wire->desk->thread.gateway[0])),
                    wire_echo_up(wire->echo));
            return false;
        }
    }
    return true;
}

static bool open_all(struct wire *wire, struct err *err)
{
    struct wire_desk_options options = {.venues = 1, .inline_gateways = true};

    if (wire_venue_open(&wire->venue, err) != OK)
        return false;
    options.port[0] = wire->venue.port;
    if (wire_desk_open(&wire->desk, &options, err) != OK)
        return false;
    wire->echo = wire_echo_open(wire->venue.port, "/echo", ECHO_SOCKETS, NULL, true);
    wire_market_init(&wire->echoed);
    if (wire->echo)
        return true;
    err_set(err, ERR_INTERNAL, "no memory for the echo");
    return false;
}

static void close_all(struct wire *wire)
{
    wire_echo_close(wire->echo);
    if (wire->desk)
        wire_desk_close(wire->desk);
    wire_venue_close(&wire->venue);
    free(wire);
}

static bool measure(struct wire *wire, struct figures *f, bool quick)
{
    pthread_t thread;
    bool measured = true;

    if (!get_ready(wire) || pthread_create(&thread, NULL, run, wire) != 0)
        return false;
    while (!atomic_load(&wire->is_there))
        ;
    for (uint32_t round = 0; measured && round < (quick ? ROUNDS_QUICK : ROUNDS); round++)
        measured = round_of(wire, f, quick ? SAMPLES / 2 : SAMPLES);
    atomic_store(&wire->stop, true);
    pthread_join(thread, NULL);
    if (measured && atomic_load(&wire->desk->stops) == 0)
        return true;
    return false;
}

static void report(struct bench *bench, struct figures *f)
{
    f->p50.anchor_value = bench_median(f->echo_p50, f->p50.rounds);
    f->p99.anchor_value = bench_median(f->echo_p99, f->p50.rounds);
    bench_add(bench, &f->p50_ns);
    bench_add(bench, &f->p99_ns);
    bench_add(bench, &f->p50);
    bench_add(bench, &f->p99);
}

bool bench_wire(struct bench *bench)
{
    struct figures f = {.p50_ns = {.id = "i5.wire_to_wire_p50_ns", .unit = "ns"},
                        .p99_ns = {.id = "i5.wire_to_wire_p99_ns", .unit = "ns"},
                        .p50 = {.id = "i5.wire_to_wire_p50",
                                .unit = "of the echo's",
                                .anchor = "p50 of the echo, ns",
                                .target = 1.10,
                                .sense = "max"},
                        .p99 = {.id = "i5.wire_to_wire_p99",
                                .unit = "of the echo's",
                                .anchor = "p99 of the echo, ns",
                                .target = 1.25,
                                .sense = "max"}};
    struct err err = {.text = ""};
    struct duel duel;
    struct wire *wire;
    bool measured;

    if (!bench_wants(bench, "i5.wire_to_wire_p50 i5.wire_to_wire_p99"))
        return true;
    if (!duel_open(&duel, 0) || !(wire = calloc(1, sizeof *wire)))
        return false;
    wire->core = duel.right_core;
    wire->venue.listener = -1;
    settle_on(duel.left_core);
    measured = open_all(wire, &err) && measure(wire, &f, bench->quick);
    if (measured)
        report(bench, &f);
    else
        fprintf(stderr, "benches: wire: not measured %s\n", err.text);
    close_all(wire);
    return measured;
}
