/* What stating a fact costs the engine: one record of 64 bytes into the journal's lane, beside the
 * same bytes into memory of its own, one after the other, with pauses as between messages.
 *
 * The lane is the running program's: its persister copies it to disk, and a thread in the place of
 * the audit reads it every millisecond and lets its gate go. The private memory is nearly as large
 * as the lane, so that both meet the same caches. Stamps of some processors move in steps of 10
 * ns, so a
 * percentile is the mean of a band around it. */
#include "cli/bench.h"
#include "cli/bench_desk.h"
#include "thread/clock.h"
#include "thread/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

enum { ROUNDS = 9, ROUNDS_QUICK = 2, EMITS = 20000, PAUSES = 40, RECORD_BYTES = 64, AUDIT_MS = 1 };
#define HOT_BYTES (8LL << 20)
#define RAM_RECORDS 65536 /* 6 MiB */

struct record {
    uint64_t header[4];
    uint64_t payload[RECORD_BYTES / 8];
};

struct emit {
    struct bench_desk *desk;
    struct lane *lane;
    struct record *ram;
    uint64_t ram_at; /* records, free-running */
    double ns_per_tick;
    _Atomic bool stop; /* the audit's thread */
    uint32_t into_ram[EMITS], into_lane[EMITS];
};

static void *run_audit(void *ctx)
{
    static _Alignas(8) uint8_t payload[LANE_RECORD_MAX];
    struct emit *emit = ctx;
    struct lane_reader reader = {.lane = emit->lane, .next_seq = 1};
    struct lane_record record;

    while (!atomic_load_explicit(&emit->stop, memory_order_relaxed)) {
        while (lane_read(&reader, &record, payload) == LANE_RECORD)
            ;
        lane_gate_release(&reader, JOURNAL_GATE_AUDIT);
        thread_sleep_ms(AUDIT_MS);
    }
    return NULL;
}

static void pause_a_while(void)
{
    for (uint32_t at = 0; at < PAUSES; at++)
        __builtin_ia32_pause();
}

static uint32_t store_into_ram(struct emit *emit, const uint64_t *payload)
{
    uint64_t from = __rdtsc();
    struct record *record = &emit->ram[emit->ram_at++ % RAM_RECORDS];

    record->header[0] = emit->ram_at;
    record->header[1] = RECORD_BYTES;
    record->header[2] = from;
    record->header[3] = 0;
    memcpy(record->payload, payload, RECORD_BYTES);
    __asm__ volatile("" ::: "memory");
    return (uint32_t)(__rdtsc() - from);
}

static uint32_t append_to_lane(struct emit *emit, const uint64_t *payload)
{
    uint64_t from = __rdtsc();

    lane_append(emit->lane, EVENT_FILL, (int64_t)from, 0, payload, RECORD_BYTES);
    return (uint32_t)(__rdtsc() - from);
}

static void take_turns(struct emit *emit)
{
    uint64_t payload[RECORD_BYTES / 8] = {0};

    for (uint32_t at = 0; at < EMITS; at++) {
        payload[0] = at;
        emit->into_ram[at] = store_into_ram(emit, payload);
        pause_a_while();
        while (lane_room(emit->lane) < LANE_RECORD_MAX)
            pause_a_while(); /* the machine has kept the audit from its core */
        emit->into_lane[at] = append_to_lane(emit, payload);
        pause_a_while();
    }
}

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

/* Mean of what lies between two per milles; `ticks` is sorted. */
static double band_ns(const struct emit *emit, const uint32_t *ticks, uint32_t from, uint32_t to)
{
    uint32_t first = EMITS / 1000 * from, end = EMITS / 1000 * to;
    double sum = 0;

    for (uint32_t at = first; at < end; at++)
        sum += ticks[at];
    return sum / (end - first) * emit->ns_per_tick;
}

struct figures {
    struct bench_figure p50, p99, emit, ram;
};

static void take_round(struct emit *emit, struct figures *f)
{
    double ram;
    double lane;

    take_turns(emit);
    qsort(emit->into_ram, EMITS, sizeof emit->into_ram[0], compare);
    qsort(emit->into_lane, EMITS, sizeof emit->into_lane[0], compare);
    ram = band_ns(emit, emit->into_ram, 250, 750);
    lane = band_ns(emit, emit->into_lane, 250, 750);
    bench_round(&f->ram, ram);
    bench_round(&f->emit, lane);
    bench_round(&f->p50, lane - ram);
    bench_round(&f->p99,
                band_ns(emit, emit->into_lane, 985, 995) - band_ns(emit, emit->into_ram, 985, 995));
}

static void calibrate(struct emit *emit)
{
    int64_t from_ns = clock_mono_ns();
    uint64_t from = __rdtsc();

    while (clock_mono_ns() - from_ns < 10000000)
        ;
    emit->ns_per_tick = (double)(clock_mono_ns() - from_ns) / (double)(__rdtsc() - from);
}

static enum status measure(struct bench *bench, struct emit *emit, struct figures *f,
                           struct err *err)
{
    pthread_t audit;
    enum status status = bench_desk_open(&emit->desk, HOT_BYTES, err);

    if (status != OK)
        return status;
    emit->lane = journal_lane(emit->desk->journal, JOURNAL_ENGINE);
    calibrate(emit);
    status = thread_start(&audit, "audit", false, IDLE_PARK, run_audit, emit, err);
    for (uint32_t round = 0; status == OK && round < (bench->quick ? ROUNDS_QUICK : ROUNDS);
         round++)
        take_round(emit, f);
    if (status == OK) {
        atomic_store(&emit->stop, true);
        pthread_join(audit, NULL);
    }
    bench_desk_close(emit->desk);
    return status;
}

static void add_all(struct bench *bench, struct figures *f)
{
    f->p50.anchor = f->p99.anchor = "store to private memory, ns";
    f->p50.anchor_value = f->p99.anchor_value = bench_median(f->ram.round, f->ram.rounds);
    bench_add(bench, &f->ram);
    bench_add(bench, &f->emit);
    bench_add(bench, &f->p50);
    bench_add(bench, &f->p99);
}

bool bench_emit(struct bench *bench)
{
    struct figures f = {
        .p50 = {.id = "i3.emit_over_ram_ns", .unit = "ns more", .target = 5, .sense = "max"},
        .p99 = {.id = "i3.emit_over_ram_p99_ns", .unit = "ns more", .target = 15, .sense = "max"},
        .emit = {.id = "i3.emit_ns", .unit = "ns"},
        .ram = {.id = "i3.ram_store_ns", .unit = "ns"}};
    struct emit *emit;
    struct err err;
    enum status status;

    if (!bench_wants(bench, "i3.emit_over_ram_ns i3.emit_over_ram_p99_ns"))
        return true;
    emit = calloc(1, sizeof *emit);
    if (emit)
        emit->ram = malloc(RAM_RECORDS * sizeof *emit->ram);
    if (!emit || !emit->ram) {
        status = err_set(&err, ERR_INTERNAL, "out of memory");
    } else {
        memset(emit->ram, 1, RAM_RECORDS * sizeof *emit->ram); /* faults now, not while measured */
        status = measure(bench, emit, &f, &err);
    }
    if (status == OK)
        add_all(bench, &f);
    else
        fprintf(stderr, "pitwall bench: emit: %s\n", err.text);
    if (emit)
        free(emit->ram);
    free(emit);
    return status == OK;
}
