/* Sustained receive: a stream of deltas as fast as a venue can send it, through the gateway's net,
 * market session, decoder and the engine's book; beside a bare callback of libwebsockets on the
 * same stream, which counts. One core sends, the other receives; rounds of both are interleaved.
 * No delta may be missed: every one must reach the book, and the book take it. */
#include "benches.h"
#include "duel.h"
#include "gateway/bybit/market.h"
#include "thread/clock.h"
#include "thread/thread.h"
#include "wire_echo.h"
#include "wire_venue.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 9, FRAMES = 200000, FRAMES_QUICK = 40000, CHUNK = 64 << 10, FRAME_ROOM = 512 };
#define PATIENCE_NS 20000000000LL

struct receive {
    struct wire_venue venue;
    struct net *net;
    struct bybit_market *market;
    struct wire_echo *bare;
    struct book *book;
    char *stream;
    size_t bytes;
    uint32_t frames;
    int core;
    bool ours; /* who receives */
    _Atomic bool is_there, is_done;
    uint64_t wanted; /* frames in all, of whoever receives */
    int64_t first_ns, last_ns;
    uint64_t applied, refused;
};

/* ---- receiving -------------------------------------------------------------------------- */

static void take_update(void *ctx, const struct market_update *update)
{
    struct receive *receive = ctx;

    if (book_apply(receive->book, update) == BOOK_APPLIED)
        receive->applied += update->kind == MARKET_DELTA;
    else
        receive->refused++;
}

static uint64_t received(const struct receive *receive)
{
    return receive->ours ? receive->applied : wire_echo_received(receive->bare);
}

static void poll_one(struct receive *receive)
{
    if (receive->ours)
        (void)net_poll(receive->net);
    else
        wire_echo_poll(receive->bare);
}

static void *run(void *ctx)
{
    struct receive *receive = ctx;
    uint64_t before = received(receive);
    int64_t until_ns = clock_mono_ns() + PATIENCE_NS;

    duel_pin(receive->core);
    (void)thread_hurry(HURRY_ENGINE);
    atomic_store(&receive->is_there, true);
    while (received(receive) == before && clock_mono_ns() < until_ns)
        poll_one(receive);
    receive->first_ns = clock_mono_ns();
    while (received(receive) < receive->wanted && receive->refused == 0 &&
           (receive->last_ns = clock_mono_ns()) < until_ns)
        poll_one(receive);
    atomic_store(&receive->is_done, true);
    return NULL;
}

/* ---- sending ---------------------------------------------------------------------------- */

static void make_stream(struct receive *receive)
{
    receive->bytes = 0;
    for (uint32_t at = 0; at < receive->frames; at++) {
        char bytes[WIRE_TEXT_MAX];
        size_t length = wire_delta(&receive->venue.market, bytes);

        assert(length <= FRAME_ROOM);
        memcpy(receive->stream + receive->bytes, bytes, length);
        receive->bytes += length;
    }
}

static bool send_stream(struct receive *receive, struct wire_conn *conn)
{
    size_t sent = 0;

    while (sent < receive->bytes &&
           !atomic_load_explicit(&receive->is_done, memory_order_relaxed)) {
        size_t rest = receive->bytes - sent;
        ssize_t got = wire_send_some(conn, receive->stream + sent, rest < CHUNK ? rest : CHUNK);

        if (got < 0)
            return false;
        sent += (size_t)got;
    }
    return true;
}

/* Frames a second; 0: something was missed. */
static double stream_to(struct receive *receive, bool ours)
{
    pthread_t thread;
    struct wire_conn *conn = wire_find(&receive->venue, ours ? WIRE_PUBLIC : WIRE_ECHO, 0);

    receive->ours = ours;
    receive->wanted = received(receive) + receive->frames;
    atomic_store(&receive->is_there, false);
    atomic_store(&receive->is_done, false);
    if (!conn || pthread_create(&thread, NULL, run, receive) != 0)
        return 0;
    while (!atomic_load(&receive->is_there))
        ;
    send_stream(receive, conn);
    pthread_join(thread, NULL);
    if (received(receive) == receive->wanted && receive->refused == 0)
        return receive->frames * 1e9 / (double)(receive->last_ns - receive->first_ns);
    fprintf(stderr, "benches: receive: %s missed %" PRIu64 " of %u, the book refused %" PRIu64 "\n",
            ours ? "the gateway" : "the bare callback", receive->wanted - received(receive),
            receive->frames, receive->refused);
    return 0;
}

/* ---- opening ---------------------------------------------------------------------------- */

static enum status open_ours(struct receive *receive, struct err *err)
{
    static const struct bybit_listing listing = {
        .symbol = "BTCUSDT",
        .grid = {.price_decimals = 1, .qty_decimals = 3, .tick_units = 1, .lot_units = 1}};
    struct net_config net = {.seed = 1};
    char url[64];
    struct bybit_market_config config = {.url = url,
                                         .category = BYBIT_LINEAR,
                                         .listings = &listing,
                                         .count = 1,
                                         .depth = 50,
                                         .stale_received_ns = 600000000000LL,
                                         .stale_progress_ns = 600000000000LL,
                                         .ctx = receive,
                                         .update = take_update};
    enum status status = net_open(&receive->net, &net, err);

    snprintf(url, sizeof url, "ws://127.0.0.1:%u", receive->venue.port);
    return status == OK ? bybit_market_open(&receive->market, receive->net, &config, err) : status;
}

static bool open_all(struct receive *receive, bool quick, struct err *err)
{
    int64_t until_ns = clock_mono_ns() + PATIENCE_NS;

    receive->frames = quick ? FRAMES_QUICK : FRAMES;
    receive->stream = malloc((size_t)receive->frames * FRAME_ROOM);
    receive->book = aligned_alloc(128, (book_size() + 127) / 128 * 128);
    err_set(err, ERR_INTERNAL, "out of memory");
    if (!receive->stream || !receive->book)
        return false;
    book_init(receive->book, 0);
    if (wire_venue_open(&receive->venue, err) != OK || open_ours(receive, err) != OK)
        return false;
    receive->bare = wire_echo_open(receive->venue.port, "/echo", 1, NULL, false);
    while (receive->bare && (book_is_stale(receive->book) || wire_echo_up(receive->bare) == 0 ||
                             !wire_find(&receive->venue, WIRE_ECHO, 0))) {
        net_poll(receive->net);
        wire_echo_poll(receive->bare);
        wire_poll(&receive->venue);
        if (clock_mono_ns() > until_ns) {
            err_set(err, ERR_IO, "the connections do not stand");
            return false;
        }
    }
    return receive->bare != NULL;
}

static void close_all(struct receive *receive)
{
    wire_echo_close(receive->bare);
    if (receive->market)
        bybit_market_close(receive->market);
    if (receive->net)
        net_close(receive->net);
    wire_venue_close(&receive->venue);
    free(receive->stream);
    free(receive->book);
    free(receive);
}

static bool measure(struct receive *receive, struct bench_figure *ratio, struct bench_figure *rate,
                    uint32_t rounds)
{
    double bare[BENCH_ROUNDS_MAX];

    for (uint32_t round = 0; round < rounds; round++) {
        double ours;

        make_stream(receive);
        bare[round] = stream_to(receive, false);
        ours = stream_to(receive, true);
        if (bare[round] == 0 || ours == 0)
            return false;
        bench_round(rate, ours / 1e6);
        bench_round(ratio, ours / bare[round]);
    }
    ratio->anchor_value = bench_median(bare, rounds) / 1e6;
    return bybit_market_counters(receive->market).gaps == 0;
}

bool bench_receive(struct bench *bench)
{
    struct bench_figure rate = {.id = "i5.receive_million_s", .unit = "million/s"};
    struct bench_figure ratio = {.id = "i5.receive_vs_bare_lws",
                                 .unit = "times as many",
                                 .anchor = "bare libwebsockets, million/s",
                                 .target = 0.8,
                                 .sense = "min"};
    struct err err;
    struct duel duel;
    struct receive *receive;
    bool measured;

    if (!bench_wants(bench, "i5.receive_million_s i5.receive_vs_bare_lws"))
        return true;
    if (!duel_open(&duel, 0) || !(receive = calloc(1, sizeof *receive)))
        return false;
    receive->core = duel.right_core;
    receive->venue.listener = -1;
    (void)thread_hurry(HURRY_ENGINE);
    measured = open_all(receive, bench->quick, &err);
    if (!measured)
        fprintf(stderr, "benches: receive: %s\n", err.text);
    measured = measured && measure(receive, &ratio, &rate, bench->quick ? 3 : ROUNDS);
    if (measured) {
        bench_add(bench, &rate);
        bench_add(bench, &ratio);
    }
    close_all(receive);
    return measured;
}
