/* From a frame to an order, beside what jansson takes to parse the same frame; and the parts.
 *
 * A tick-to-order is one desk_decode() and one desk_step(): bytes in, an order on the ring, with
 * book, strategy, gate, journal record and all. What the venue then answers is not in it. Each is
 * timed by a pair of stamps whose own cost (measured beside) is taken off the mean; percentiles
 * keep it. `stamped` adds what the engine's thread always does around a step: two stamps, and a
 * record in each of two histograms. */
#include "benches.h"
#include "desk.h"
#include "gate_case.h"
#include "thread/clock.h"
#include "thread/thread.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

enum { ROUNDS = 9, ROUNDS_QUICK = 2, GATE_TURNS = 200000, RECORDS = 1 << 20 };

struct timing {
    double mean, p50, p99; /* ticks; the mean without the stamps' own */
};

struct paths {
    struct desk *desk;
    struct histogram *step, *tick_to_order;
    double stamp_ticks; /* a pair's own */
    double ns_per_tick;
    uint32_t ticks[DESK_FRAMES];
};

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

/* The mean is of what lies below the 99.5th per cent: an interrupt is not a message. */
static struct timing timing_of(struct paths *paths)
{
    uint32_t kept = DESK_FRAMES * 199 / 200;
    double sum = 0;

    qsort(paths->ticks, DESK_FRAMES, sizeof paths->ticks[0], compare);
    for (uint32_t at = 0; at < kept; at++)
        sum += paths->ticks[at];
    return (struct timing){.mean = sum / kept - paths->stamp_ticks,
                           .p50 = paths->ticks[DESK_FRAMES / 2],
                           .p99 = paths->ticks[DESK_FRAMES / 100 * 99]};
}

static void calibrate(struct paths *paths)
{
    int64_t from_ns = clock_mono_ns();
    uint64_t from = __rdtsc();

    paths->stamp_ticks = 0;
    for (uint32_t at = 0; at < DESK_FRAMES; at++) {
        uint64_t before = __rdtsc();

        paths->ticks[at] = (uint32_t)(__rdtsc() - before);
    }
    paths->stamp_ticks = timing_of(paths).mean;
    while (clock_mono_ns() - from_ns < 10000000)
        ;
    paths->ns_per_tick = (double)(clock_mono_ns() - from_ns) / (double)(__rdtsc() - from);
}

static void step_stamped(struct paths *paths)
{
    uint64_t from = __rdtsc();
    uint64_t to;
    int64_t took_ns;

    desk_step(paths->desk);
    to = __rdtsc();
    took_ns = (int64_t)(((to - from) * (uint64_t)(paths->ns_per_tick * 4294967296.0)) >> 32);
    histogram_record(paths->step, took_ns);
    histogram_record(paths->tick_to_order, took_ns + 1000);
}

/* False when not every update has led to an order. */
static bool lap(struct paths *paths, bool stamped, struct timing *timing)
{
    uint32_t orders = 0;

    paths->desk->next = 0;
    desk_decode(paths->desk); /* with the snapshot before it */
    desk_step(paths->desk);
    desk_answer(paths->desk);
    for (uint32_t at = 1; at < DESK_FRAMES; at++) {
        uint64_t from = __rdtsc();

        desk_decode(paths->desk);
        if (stamped)
            step_stamped(paths);
        else
            desk_step(paths->desk);
        paths->ticks[at] = (uint32_t)(__rdtsc() - from);
        orders += desk_answer(paths->desk);
    }
    paths->ticks[0] = paths->ticks[1];
    *timing = timing_of(paths);
    if (orders == DESK_FRAMES - 1)
        return true;
    fprintf(stderr, "benches: paths: %u orders on %u updates\n", orders, DESK_FRAMES - 1);
    return false;
}

static struct timing jansson_lap(struct paths *paths)
{
    for (uint32_t at = 0; at < DESK_FRAMES; at++) {
        uint64_t from = __rdtsc();

        json_decref(json_loadb(paths->desk->text[at], paths->desk->length[at], 0, NULL));
        paths->ticks[at] = (uint32_t)(__rdtsc() - from);
    }
    return timing_of(paths);
}

static struct timing decode_lap(struct paths *paths)
{
    paths->desk->next = 0;
    desk_decode(paths->desk);
    for (uint32_t at = 1; at < DESK_FRAMES; at++) {
        uint64_t from = __rdtsc();

        desk_decode(paths->desk);
        paths->ticks[at] = (uint32_t)(__rdtsc() - from);
    }
    paths->ticks[0] = paths->ticks[1];
    return timing_of(paths);
}

static double gate_ticks(void)
{
    uint64_t from = __rdtsc();
    uint64_t sum = gate_case_run(GATE_TURNS);

    __asm__ volatile("" : : "r"(sum));
    return (double)(__rdtsc() - from) / GATE_TURNS;
}

static void count_one(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static double record_ticks(struct histogram *histogram, bool plain)
{
    uint64_t random = 88172645463325252ULL;
    uint64_t from = __rdtsc();

    for (uint32_t at = 0; at < RECORDS; at++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if (plain)
            count_one(&histogram->counts[random & 127]);
        else
            histogram_record(histogram, (int64_t)(random & 0xffff));
    }
    return (double)(__rdtsc() - from) / RECORDS;
}

struct figures {
    struct bench_figure order, p50, ratio, tail, decode, jansson, gate, share, stamps, record;
};

static const struct figures fresh = {
    .order = {.id = "i3.tick_to_order_ns", .unit = "ns"},
    .p50 = {.id = "i3.tick_to_order_p50_ns", .unit = "ns"},
    .ratio = {.id = "i3.tick_to_order_vs_jansson",
              .unit = "of its time",
              .target = 0.040,
              .sense = "max"},
    .tail = {.id = "i3.tick_to_order_p99_vs_p50",
             .unit = "times its p50",
             .target = 2.2,
             .sense = "max"},
    .decode = {.id = "i3.decode_ns", .unit = "ns"},
    .jansson = {.id = "i3.jansson_parse_ns", .unit = "ns"},
    .gate = {.id = "i3.gate_check_ns", .unit = "ns"},
    .share = {.id = "i3.gate_share", .unit = "of tick-to-order", .target = 0.04, .sense = "max"},
    .stamps = {.id = "i3.instrumentation_ratio",
               .unit = "of that without",
               .target = 1.15,
               .sense = "max"},
    .record = {.id = "i3.histogram_record_ns", .unit = "ns"},
};

static bool measure_round(struct paths *paths, struct figures *f)
{
    struct timing order;
    struct timing stamped;
    struct timing jansson;
    double gate;
    double ns = paths->ns_per_tick;

    if (!lap(paths, false, &order) || !lap(paths, true, &stamped))
        return false;
    jansson = jansson_lap(paths);
    gate = gate_ticks();
    bench_round(&f->order, order.mean * ns);
    bench_round(&f->p50, order.p50 * ns);
    bench_round(&f->ratio, order.mean / jansson.mean);
    bench_round(&f->tail, order.p99 / order.p50);
    bench_round(&f->decode, decode_lap(paths).mean * ns);
    bench_round(&f->jansson, jansson.mean * ns);
    bench_round(&f->gate, gate * ns);
    bench_round(&f->share, gate / order.mean);
    bench_round(&f->stamps, stamped.mean / order.mean);
    bench_round(&f->record,
                (record_ticks(paths->step, false) - record_ticks(paths->step, true)) * ns);
    return true;
}

static void add(struct bench *bench, struct bench_figure *figure, const char *anchor,
                const struct bench_figure *beside)
{
    if (beside) {
        figure->anchor = anchor;
        figure->anchor_value = bench_median(beside->round, beside->rounds);
    }
    bench_add(bench, figure);
}

static void add_all(struct bench *bench, struct figures *f)
{
    add(bench, &f->order, "jansson's parse, ns", &f->jansson);
    add(bench, &f->p50, NULL, NULL);
    add(bench, &f->ratio, "jansson's parse, ns", &f->jansson);
    add(bench, &f->tail, "p50, ns", &f->p50);
    add(bench, &f->decode, NULL, NULL);
    add(bench, &f->jansson, NULL, NULL);
    add(bench, &f->gate, NULL, NULL);
    add(bench, &f->share, "tick-to-order, ns", &f->order);
    add(bench, &f->stamps, "tick-to-order without, ns", &f->order);
    f->record.anchor = "beyond one counter raised, ns";
    bench_add(bench, &f->record);
}

static bool measure(struct bench *bench, struct paths *paths)
{
    struct figures figures = fresh;
    struct timing unused;

    calibrate(paths);
    if (!lap(paths, false, &unused)) /* warm */
        return false;
    for (uint32_t round = 0; round < (bench->quick ? ROUNDS_QUICK : ROUNDS); round++)
        if (!measure_round(paths, &figures))
            return false;
    add_all(bench, &figures);
    return true;
}

/* A core of its own, and ahead of others, as the engine's thread. */
static void take_core(void)
{
    cpu_set_t allowed;
    cpu_set_t one;

    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    for (unsigned core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; core++)
        if (CPU_ISSET(core, &allowed))
            CPU_SET(core, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0 || !thread_hurry(HURRY_ENGINE))
        fprintf(stderr, "benches: shares its core with others; look at medians only\n");
    if (sched_setaffinity(0, sizeof allowed, &allowed) != 0)
        fprintf(stderr, "benches: cannot give the core back\n");
}

bool bench_paths(struct bench *bench)
{
    struct paths *paths;
    bool measured = false;

    if (!bench_wants(bench, "i3.tick_to_order_vs_jansson i3.tick_to_order_p99_vs_p50 i3.gate_share "
                            "i3.instrumentation_ratio i3.histogram_record_ns"))
        return true;
    take_core();
    paths = calloc(1, sizeof *paths);
    if (paths) {
        paths->desk = desk_open();
        paths->step = calloc(1, sizeof *paths->step);
        paths->tick_to_order = calloc(1, sizeof *paths->tick_to_order);
        measured = paths->desk && paths->step && paths->tick_to_order && measure(bench, paths);
        if (paths->desk)
            desk_close(paths->desk);
        free(paths->step);
        free(paths->tick_to_order);
    }
    free(paths);
    return measured;
}
