/* One venue babbles, the other trades: what the engine's step costs meanwhile.
 *
 * Two gateways with threads of their own. Venue 0 sends JUNK_A_MS texts a millisecond that say
 * nothing to us (topics of others, texts that are none); venue 1 a
 * delta every 2 ms, which the engine trades on. Blocks with and without junk are interleaved; the
 * step is measured by the engine's thread itself, as in production.
 *
 * On two cores: the engine alone on the second, both gateways (parking when idle) and the venues on
 * the first; the persister too. */
#include "benches.h"
#include "duel.h"
#include "thread/clock.h"
#include "thread/thread.h"
#include "wire_desk.h"
#include "wire_venue.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 7, BLOCK_MS = 2000, BLOCK_QUICK_MS = 400, JUNK_A_MS = 200, VENUES = 2 };
#define MS_NS 1000000LL
#define READY_NS 20000000000LL

struct junk {
    struct wire_venue venue[VENUES];
    struct wire_desk *desk;
    int left_core, right_core;
    _Atomic bool stop;
    uint64_t sent; /* texts of junk */
    char babble[JUNK_A_MS * 256];
    size_t babble_bytes;
};

/* ---- threads ---------------------------------------------------------------------------- */

struct gateway_thread {
    struct junk *junk;
    uint16_t at;
};

static void *run_gateway(void *ctx)
{
    const struct gateway_thread *thread = ctx;
    uint32_t empty = 0;

    duel_pin(thread->junk->left_core);
    (void)thread_hurry(HURRY_GATEWAY);
    while (!atomic_load_explicit(&thread->junk->stop, memory_order_relaxed))
        if (gateway_poll(thread->junk->desk->thread.gateway[thread->at]) != 0)
            empty = 0;
        else
            thread_idle(IDLE_PARK, &empty);
    return NULL;
}

static void *run_engine(void *ctx)
{
    struct junk *junk = ctx;

    duel_pin(junk->right_core);
    (void)thread_hurry(HURRY_ENGINE);
    while (!atomic_load_explicit(&junk->stop, memory_order_relaxed))
        if (engine_turn_take(&junk->desk->turn) == 0)
            __builtin_ia32_pause();
    return NULL;
}

/* ---- what is sent ----------------------------------------------------------------------- */

static void make_babble(struct junk *junk)
{
    static const char *const says[] = {
        "{\"topic\":\"orderbook.50.NOSUCHUSDT\",\"type\":\"delta\",\"ts\":1,\"data\":{\"s\":"
        "\"NOSUCHUSDT\",\"b\":[[\"1.0\",\"2.000\"]],\"a\":[],\"u\":7,\"seq\":9},\"cts\":1}",
        "{\"topic\":\"liquidation.BTCUSDT\",\"data\":{\"side\":\"Buy\",\"price\":\"61773.6\"}}",
        "this is no JSON at all, and there is a lot of it",
        "{\"topic\":\"tickers.NOSUCHUSDT\",\"type\":\"delta\",\"data\":{\"lastPrice\":\"1\"}}"};

    for (uint32_t at = 0; at < JUNK_A_MS; at++) {
        const char *text = says[at % (sizeof says / sizeof says[0])];

        junk->babble_bytes += wire_frame(junk->babble + junk->babble_bytes, text, strlen(text));
    }
}

/* What the socket does not take is not sent: a venue's own queue is not what is measured. */
static void babble(struct junk *junk)
{
    struct wire_conn *conn = wire_find(&junk->venue[0], WIRE_PUBLIC, 0);

    if (conn && wire_send(conn, junk->babble, junk->babble_bytes))
        junk->sent += JUNK_A_MS;
}

static void trade(struct junk *junk)
{
    struct wire_conn *conn = wire_find(&junk->venue[1], WIRE_PUBLIC, 0);
    char bytes[WIRE_TEXT_MAX];

    if (conn)
        wire_send(conn, bytes, wire_delta(&junk->venue[1].market, bytes));
}

static void play(struct junk *junk, uint32_t ms, bool with_junk)
{
    int64_t from_ns = clock_mono_ns();

    for (uint32_t at = 0; at < ms; at++) {
        if (with_junk)
            babble(junk);
        if (at % 2 == 0)
            trade(junk);
        do {
            wire_poll(&junk->venue[0]);
            wire_poll(&junk->venue[1]);
            clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 50000}, NULL);
        } while (clock_mono_ns() - from_ns < (at + 1) * MS_NS);
    }
}

/* ---- the step --------------------------------------------------------------------------- */

struct counts {
    uint64_t of[HISTOGRAM_BUCKETS];
};

static void read_counts(struct junk *junk, struct counts *counts)
{
    for (uint32_t at = 0; at < HISTOGRAM_BUCKETS; at++)
        counts->of[at] =
            atomic_load_explicit(&junk->desk->thread.step->counts[at], memory_order_relaxed);
}

/* Of what came between; inside a bucket as if it were spread evenly. 0: nothing came. */
static double p99_ns(const struct counts *before, const struct counts *after)
{
    uint64_t all = 0;
    double wanted;

    for (uint32_t at = 0; at < HISTOGRAM_BUCKETS; at++)
        all += after->of[at] - before->of[at];
    wanted = 0.99 * (double)all;
    for (uint32_t at = 1; at < HISTOGRAM_BUCKETS; at++) {
        double here = (double)(after->of[at] - before->of[at]);
        double low = (double)histogram_bucket_max_ns(at - 1) + 1;

        if (here >= wanted && here > 0)
            return low + wanted / here * ((double)histogram_bucket_max_ns(at) + 1 - low);
        wanted -= here;
    }
    return 0;
}

static double block(struct junk *junk, uint32_t ms, bool with_junk)
{
    struct counts before, after;

    play(junk, 100, with_junk);
    read_counts(junk, &before);
    play(junk, ms, with_junk);
    read_counts(junk, &after);
    return p99_ns(&before, &after);
}

static bool measure(struct junk *junk, struct bench_figure *ratio, bool quick)
{
    uint32_t ms = quick ? BLOCK_QUICK_MS : BLOCK_MS;
    double without[BENCH_ROUNDS_MAX];
    uint64_t orders = junk->venue[1].orders;

    for (uint32_t round = 0; round < (quick ? 2 : ROUNDS); round++) {
        double with;

        without[round] = block(junk, ms, false);
        with = block(junk, ms, true);
        if (without[round] == 0 || with == 0)
            return false;
        bench_round(ratio, with / without[round]);
    }
    ratio->anchor_value = bench_median(without, ratio->rounds);
    fprintf(stderr, "benches: junk: %" PRIu64 " texts of junk, %" PRIu64 " orders meanwhile\n",
            junk->sent, junk->venue[1].orders - orders);
    return junk->venue[1].orders > orders;
}

/* ---- opening ---------------------------------------------------------------------------- */

static bool open_all(struct junk *junk, struct err *err)
{
    struct wire_desk_options options = {.venues = VENUES};
    int64_t until_ns = clock_mono_ns() + READY_NS;

    make_babble(junk);
    for (uint32_t at = 0; at < VENUES; at++) {
        if (wire_venue_open(&junk->venue[at], err) != OK)
            return false;
        options.port[at] = junk->venue[at].port;
    }
    if (wire_desk_open(&junk->desk, &options, err) != OK)
        return false;
    while (!wire_desk_is_ready(junk->desk)) {
        engine_turn_take(&junk->desk->turn);
        for (uint32_t at = 0; at < VENUES; at++) {
            gateway_poll(junk->desk->thread.gateway[at]);
            wire_poll(&junk->venue[at]);
        }
        if (clock_mono_ns() > until_ns) {
            err_set(err, ERR_IO, "the gateways are not ready");
            return false;
        }
    }
    return true;
}

static bool run_all(struct junk *junk, struct bench_figure *ratio, bool quick)
{
    struct gateway_thread one[VENUES] = {{junk, 0}, {junk, 1}};
    pthread_t thread[VENUES + 1];
    uint32_t started = 0;
    bool measured;

    while (started < VENUES &&
           pthread_create(&thread[started], NULL, run_gateway, &one[started]) == 0)
        started++;
    if (started == VENUES && pthread_create(&thread[started], NULL, run_engine, junk) == 0)
        started++;
    measured = started == VENUES + 1 && measure(junk, ratio, quick);
    atomic_store(&junk->stop, true);
    for (uint32_t at = 0; at < started; at++)
        pthread_join(thread[at], NULL);
    return measured;
}

static void close_all(struct junk *junk)
{
    if (junk->desk)
        wire_desk_close(junk->desk);
    for (uint32_t at = 0; at < VENUES; at++)
        wire_venue_close(&junk->venue[at]);
    free(junk);
}

bool bench_junk(struct bench *bench)
{
    struct bench_figure ratio = {.id = "i5.junk_step_p99",
                                 .unit = "of that without",
                                 .anchor = "step p99 without junk, ns",
                                 .target = 1.1,
                                 .sense = "max"};
    struct err err = {.text = ""};
    struct duel duel;
    struct junk *junk;
    bool measured;

    if (!bench_wants(bench, ratio.id))
        return true;
    if (!duel_open(&duel, 0) || !(junk = calloc(1, sizeof *junk)))
        return false;
    junk->left_core = duel.left_core;
    junk->right_core = duel.right_core;
    for (uint32_t at = 0; at < VENUES; at++)
        junk->venue[at].listener = -1;
    measured = open_all(junk, &err) && run_all(junk, &ratio, bench->quick);
    if (measured)
        bench_add(bench, &ratio);
    else
        fprintf(stderr, "benches: junk: not measured %s\n", err.text);
    close_all(junk);
    return measured;
}
