/* After start the engine's and the gateway's threads allocate nothing.
 *
 * The functions of the heap are taken over for the whole test program and counted while called from
 * a watched thread. Not under a sanitizer, which brings a heap of its own. */
#include "engine_room.h"
#include "gateway/synthetic/synthetic.h"
#include "thread/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OWN_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_HEAP 1
#endif
#endif

enum { WATCHED_MAX = 2 };

static _Atomic int watched[WATCHED_MAX];
static _Atomic uint64_t allocations;

#ifndef HAS_OWN_HEAP

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void count_allocation(void)
{
    int first = atomic_load_explicit(&watched[0], memory_order_relaxed);

    if (first == 0)
        return;
    int tid = (int)syscall(SYS_gettid);

    if (tid == first || tid == atomic_load_explicit(&watched[1], memory_order_relaxed))
        atomic_fetch_add(&allocations, 1);
}

void *malloc(size_t size)
{
    count_allocation();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    count_allocation();
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    count_allocation();
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_allocation();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    count_allocation();
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

#endif

static char dir[64];
static struct config config;

static void load_config(void)
{
    char path[96];
    struct err err;
    FILE *file;

    (void)snprintf(dir, sizeof dir, "/tmp/pitwall-heap-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/c.yaml", dir);
    file = fopen(path, "we");
    cr_assert_not_null(file);
    (void)fprintf(file,
                  "venues: [{venue: sim}]\n"
                  "instruments:\n"
                  "  - {instrument: 'sim:BTCUSDT', tick: '0.1', lot: '0.001', currency: USDT}\n"
                  "  - {instrument: 'sim:ETHUSDT', tick: '0.01', lot: '0.01', currency: USDT}\n"
                  "  - {instrument: 'sim:SOLUSDT', tick: '0.01', lot: '0.1', currency: USDT}\n"
                  "engine: {idle: park}\n"
                  "strategies: [{strategy: maker, kind: maker, instruments: all, order_lots: 5,"
                  " half_spread_ticks: 3, min_quote_life_ms: 0}]\n"
                  "limits: {firm: {max_order_lots: 100, max_order_notional: '100000',"
                  " max_position_lots: 1000, max_open_orders: 50, max_messages_per_s: 1000,"
                  " price_collar_ratio: '0.1', max_data_age_ms: 60000, max_daily_loss: '90000',"
                  " max_gross_notional: '1000000', max_net_notional: '1000000',"
                  " max_orders_per_day: 1000000, max_repeated_executions: 1000000,"
                  " duplicate_window_ms: 0, max_drawdown_ratio: '1', max_margin_ratio: '1',"
                  " min_liquidation_distance_ratio: '0'}}\n");
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(config_load(&config, path, NULL, &err), OK, "%s", err.text);
}

static void remove_dir(void)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own directory */
}

static int tid_of(const char *name)
{
    struct thread_row rows[THREADS_MAX];
    uint32_t count = thread_rows(rows);

    for (uint32_t at = 0; at < count; at++)
        if (strcmp(rows[at].name, name) == 0)
            return rows[at].tid;
    return 0;
}

/* The audit's gate is ours here. */
static uint64_t drain(struct lane_reader *audit, int64_t ms)
{
    static struct lane_record record;
    static uint8_t payload[LANE_RECORD_MAX];
    int64_t until_ns = clock_mono_ns() + ms * 1000000;
    uint64_t sent = 0;

    while (clock_mono_ns() < until_ns) {
        while (lane_read(audit, &record, payload) == LANE_RECORD)
            sent += record.kind == EVENT_ORDER_SENT;
        lane_gate_release(audit, JOURNAL_GATE_AUDIT);
        thread_sleep_ms(1);
    }
    return sent;
}

static void watch(int first, int second)
{
    atomic_store(&allocations, 0);
    atomic_store(&watched[1], second);
    atomic_store(&watched[0], first);
}

static struct journal *journal;
static struct engine_room room;
static struct lane_reader audit;

static void start_room(void)
{
    static struct store_saved saved;
    char says[ERR_TEXT_MAX];
    struct feed *feed;
    struct err err;
    int core;

    cr_assert_eq(journal_open(&journal, dir, &config, says, &err), OK, "%s", err.text);
    lane_reader_init(&audit, journal_lane(journal, JOURNAL_ENGINE), true);
    cr_assert_eq(synthetic_open(1, clock_real_ns(), &feed, &err), OK);
    cr_assert_eq(thread_place_engine(-1, &core, &err), OK);
    cr_assert_eq(engine_room_open(&room, &config, &saved, NULL, 1, &err), OK, "%s", err.text);
    cr_assert_eq(engine_room_gateways(&room, &config, feed, &err), OK, "%s", err.text);
    cr_assert_eq(engine_room_engine(&room, journal, &err), OK, "%s", err.text);
    cr_assert_eq(journal_start(journal, &err), OK);
    cr_assert_eq(engine_room_start(&room, &err), OK);
}

Test(no_allocation, engine_and_gateway_trade_without_the_heap, .init = load_config,
     .fini = remove_dir, .timeout = 60)
{
    uint64_t sent;

#ifdef HAS_OWN_HEAP
    cr_skip("the sanitizer brings its own heap");
#endif
    start_room();
    sent = drain(&audit, 500);
    cr_assert(tid_of("engine") != 0 && tid_of("gateway") != 0);
    watch(tid_of("engine"), tid_of("gateway"));
    for (int tries = 0; tries < 20 && sent < 10; tries++)
        sent += drain(&audit, 500);
    cr_assert_geq(sent, 10, "it did trade");
    cr_assert_eq(atomic_load(&allocations), 0);
    atomic_store(&watched[0], 0);
    atomic_store(&thread_stopping, true);
    engine_room_stop(&room);
    journal_close(journal);
}

Test(no_allocation, the_watch_does_see)
{
    void *volatile memory;

#ifdef HAS_OWN_HEAP
    cr_skip("the sanitizer brings its own heap");
#endif
    watch((int)syscall(SYS_gettid), 0);
    memory = malloc(10);
    memory = realloc(memory, 20);
    atomic_store(&watched[0], 0);
    cr_assert_eq(atomic_load(&allocations), 2);
    free(memory);
    memory = calloc(1, 1);
    free(memory);
    cr_assert_eq(atomic_load(&allocations), 2, "only while it watches");
}
