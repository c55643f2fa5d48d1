/* The matching engine on workload A, beside a dependent load. One thread, one core.
 *
 * A round plays all messages through an exchange that starts empty, its memory touched before; the
 * loop reads 16-byte messages one after another from memory, and its cost is in the figure. Rounds
 * of the two kinds of ids and of the loads are interleaved, and the ratio is taken inside a round.
 *
 * The load is a chain of pointers in random order, one a cache line, over 1 MiB. Where a core's
 * second cache is smaller than that, the chain lives partly in the third; i3.matching_vs_own_l2
 * walks one of half of the second cache instead. */
#include "cli/bench.h"
#include "cli/workload.h"
#include "thread/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    ROUNDS = 9,
    LINE = 64,
    CHAIN_BYTES = 1 << 20,
    CHAIN_STEPS = 2000000,
    HUGE_PAGE = 2 << 20,
    TIMED_NS_MAX = 1 << 16,
};

struct session {
    struct workload_message *messages;
    struct exchange_config config;
    struct exchange *exchange;
    uint64_t trades, volume_lots;
};

static void hear(void *ctx, const struct exchange_event *event)
{
    struct session *session = ctx;

    session->trades++;
    session->volume_lots += event->lots;
}

/* Memory as the engine's: on large pages where the kernel has them, and touched. */
static void *memory_take(size_t size)
{
    size_t whole = (size + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
    void *memory = aligned_alloc(HUGE_PAGE, whole);

    if (!memory)
        return NULL;
    madvise(memory, whole, MADV_HUGEPAGE);
    memset(memory, 1, whole);
    return memory;
}

/* ---- the load --------------------------------------------------------------------------- */

/* Sattolo's shuffle: one cycle through every line. */
static void **chain_make(size_t bytes)
{
    uint32_t lines = (uint32_t)(bytes / LINE);
    uint8_t *memory = memory_take(bytes);
    uint32_t *order = calloc(lines, sizeof *order);
    uint64_t random = 1;

    for (uint32_t at = 0; order && at < lines; at++)
        order[at] = at;
    for (uint32_t at = lines - 1; order && at > 0; at--) {
        uint32_t with;
        uint32_t kept = order[at];

        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        with = (uint32_t)(random >> 33) % at;
        order[at] = order[with];
        order[with] = kept;
    }
    for (uint32_t at = 0; memory && order && at < lines; at++)
        *(void **)(void *)(memory + (size_t)order[at] * LINE) =
            memory + (size_t)order[(at + 1) % lines] * LINE;
    free(order);
    return (void **)(void *)memory;
}

static double chain_round(void **chain)
{
    void **at = chain;
    int64_t from_ns = clock_mono_ns();

    for (uint32_t step = 0; step < CHAIN_STEPS; step++)
        at = *at;
    __asm__ volatile("" ::"r"(at));
    return (double)(clock_mono_ns() - from_ns) / CHAIN_STEPS;
}

/* ---- the session ------------------------------------------------------------------------ */

static bool session_open(struct session *session, enum exchange_ids ids)
{
    session->config = (struct exchange_config){
        .orders = WORKLOAD_RESTING_MAX, .accounts = 1, .ids = (uint8_t)ids};
    session->exchange = memory_take(exchange_size(&session->config));
    session->messages = memory_take(WORKLOAD_MESSAGES * sizeof *session->messages);
    return session->exchange && session->messages;
}

static void session_close(struct session *session)
{
    free(session->exchange);
    free(session->messages);
}

static void session_start(struct session *session)
{
    exchange_init(session->exchange, &session->config, hear, session);
    session->trades = session->volume_lots = 0;
}

static inline void session_step(struct session *session, const struct workload_message *message)
{
    struct exchange_order order = {.id = message->id,
                                   .price_ticks = message->price_ticks,
                                   .lots = message->lots,
                                   .side = message->side};

    if (message->kind == WORKLOAD_CANCEL)
        exchange_cancel(session->exchange, 0, message->id);
    else
        exchange_new(session->exchange, &order);
}

/* ns a message; -1 when it did not trade what it must. */
static double session_round(struct session *session)
{
    int64_t from_ns;
    double ns;

    session_start(session);
    from_ns = clock_mono_ns();
    for (uint32_t at = 0; at < WORKLOAD_MESSAGES; at++)
        session_step(session, &session->messages[at]);
    ns = (double)(clock_mono_ns() - from_ns) / WORKLOAD_MESSAGES;
    if (session->trades != WORKLOAD_TRADES || session->volume_lots != WORKLOAD_VOLUME_LOTS)
        return -1;
    return ns;
}

/* The ns that 999 of 1,000 messages stay within, two clock readings included. */
static double session_p999(struct session *session, uint32_t *counts)
{
    uint32_t left = WORKLOAD_MESSAGES / 1000;
    uint32_t at = TIMED_NS_MAX;

    memset(counts, 0, TIMED_NS_MAX * sizeof *counts);
    session_start(session);
    for (uint32_t each = 0; each < WORKLOAD_MESSAGES; each++) {
        int64_t from_ns = clock_mono_ns();
        int64_t ns;

        session_step(session, &session->messages[each]);
        ns = clock_mono_ns() - from_ns;
        counts[ns < TIMED_NS_MAX ? ns : TIMED_NS_MAX - 1]++;
    }
    while (left >= counts[--at])
        left -= counts[at];
    return (double)at;
}

static double timer_ns(void)
{
    int64_t from_ns = clock_mono_ns();

    for (uint32_t at = 0; at < 100000; at++)
        clock_mono_ns();
    return (double)(clock_mono_ns() - from_ns) / 100000;
}

/* ---- the figures ------------------------------------------------------------------------ */

struct figures {
    struct bench_figure own, foreign, p999, vs_load, vs_own_l2;
    double load_ns[ROUNDS], l2_ns[ROUNDS];
};

static bool round_of_all(struct figures *figures, struct session *own, struct session *foreign,
                         void **chain, void **l2_chain, uint32_t round)
{
    double own_ns = session_round(own);
    double foreign_ns = session_round(foreign);
    double load_ns = chain_round(chain);

    figures->load_ns[round] = load_ns;
    figures->l2_ns[round] = chain_round(l2_chain);
    bench_round(&figures->own, own_ns);
    bench_round(&figures->foreign, foreign_ns);
    bench_round(&figures->vs_load, own_ns / load_ns);
    bench_round(&figures->vs_own_l2, own_ns / figures->l2_ns[round]);
    return own_ns > 0 && foreign_ns > 0;
}

static void add_all(struct bench *bench, struct figures *figures, uint32_t rounds)
{
    figures->own.anchor = figures->foreign.anchor = "dependent load in 1 MiB, ns";
    figures->own.anchor_value = figures->foreign.anchor_value =
        bench_median(figures->load_ns, rounds);
    figures->vs_own_l2.anchor = "dependent load in half the L2, ns";
    figures->vs_own_l2.anchor_value = bench_median(figures->l2_ns, rounds);
    bench_add(bench, &figures->vs_load);
    bench_add(bench, &figures->vs_own_l2);
    bench_add(bench, &figures->own);
    bench_add(bench, &figures->foreign);
    bench_add(bench, &figures->p999);
}

static bool measure(struct bench *bench, struct session *own, struct session *foreign, void **chain,
                    void **l2_chain, uint32_t *counts)
{
    struct figures figures = {
        .own = {.id = "i3.matching_ns", .unit = "ns a message"},
        .foreign = {.id = "i3.matching_foreign_ids_ns", .unit = "ns a message"},
        .p999 = {.id = "i3.matching_p999_ns", .unit = "ns", .anchor = "of it the clock, ns"},
        .vs_load = {.id = "i3.matching_vs_l2_load", .unit = "loads", .target = 2.2, .sense = "max"},
        .vs_own_l2 = {.id = "i3.matching_vs_own_l2", .unit = "loads"}};
    uint32_t rounds = bench->quick ? 3 : ROUNDS;

    for (uint32_t round = 0; round < rounds; round++)
        if (!round_of_all(&figures, own, foreign, chain, l2_chain, round)) {
            fprintf(stderr, "pitwall bench: workload A traded %llu lots in %llu trades\n",
                    (unsigned long long)own->volume_lots, (unsigned long long)own->trades);
            return false;
        }
    for (uint32_t round = 0; round < 3; round++)
        bench_round(&figures.p999, session_p999(own, counts));
    figures.p999.anchor_value = timer_ns();
    add_all(bench, &figures, rounds);
    return true;
}

static bool sessions_fill(struct session *own, struct session *foreign)
{
    if (!workload_make(foreign->messages, WORKLOAD_MESSAGES))
        return false;
    if (workload_checksum(foreign->messages, WORKLOAD_MESSAGES) != WORKLOAD_CHECKSUM) {
        fprintf(stderr, "pitwall bench: workload A is not the one whose figures are known\n");
        return false;
    }
    memcpy(own->messages, foreign->messages, WORKLOAD_MESSAGES * sizeof *own->messages);
    return workload_rename(own->messages, WORKLOAD_MESSAGES);
}

static size_t half_of_l2(void)
{
    long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);

    return bytes > 0 ? (size_t)bytes / 2 : CHAIN_BYTES;
}

bool bench_matching(struct bench *bench)
{
    struct session own = {0}, foreign = {0};
    void **chain = NULL, **l2_chain = NULL;
    uint32_t *counts = NULL;
    bool done = false;

    if (!bench_wants(bench, "i3.matching"))
        return true;
    chain = chain_make(CHAIN_BYTES);
    l2_chain = chain_make(half_of_l2());
    counts = calloc(TIMED_NS_MAX, sizeof *counts);
    if (session_open(&own, EXCHANGE_IDS_OWN) && session_open(&foreign, EXCHANGE_IDS_FOREIGN) &&
        chain && l2_chain && counts)
        done = sessions_fill(&own, &foreign) &&
               measure(bench, &own, &foreign, chain, l2_chain, counts);
    session_close(&own);
    session_close(&foreign);
    free(chain);
    free(l2_chain);
    free(counts);
    return done;
}
