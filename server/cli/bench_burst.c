/* A million orders, as fast as they go: engine, gate, journal with its persister, gateway and
 * simulated venue. From the first order asked for to the last answer taken; then the count is
 * made at every station, from the venue to the disk.
 *
 * IOC limit orders behind the touch: each is acknowledged and expires, so what is live stays within
 * LIVE_MAX. The engine's loop is that of engine_thread.c; the gateway has a thread of its own. The
 * lane holds the whole burst, because the audit, which gates it, is taken to come afterwards. */
#include "cli/bench.h"
#include "cli/bench_desk.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <inttypes.h>
#include <stdio.h>

enum { ROUNDS = 3, ORDERS = 1000000, ORDERS_QUICK = 50000, LIVE_MAX = 512, TURN_MAX = 64 };
#define HOT_BYTES (1LL << 30)
#define DURABLE_MS 120000

struct burst {
    struct bench_desk *desk;
    uint32_t orders; /* to be sent */
    uint64_t commands;
    uint32_t denied;
    _Atomic bool stop; /* the gateway's thread */
    int64_t now_ns;
};

static int64_t now_ns(struct burst *burst)
{
    int64_t now = clock_real_ns();

    if (now > burst->now_ns)
        burst->now_ns = now;
    return burst->now_ns;
}

static void *run_gateway(void *ctx)
{
    struct burst *burst = ctx;

    (void)thread_hurry(HURRY_GATEWAY);
    while (!atomic_load_explicit(&burst->stop, memory_order_relaxed))
        if (gateway_poll(burst->desk->gateway) == 0)
            __builtin_ia32_pause();
    return NULL;
}

static uint32_t take_executions(struct burst *burst)
{
    struct ring *ring = &burst->desk->executions;
    const struct execution *execution;
    size_t length;
    uint32_t taken = 0;

    while (taken < 2 * TURN_MAX && (execution = ring_peek(ring, &length)) != NULL) {
        engine_execution(burst->desk->engine, execution, now_ns(burst));
        ring_release(ring);
        taken++;
    }
    return taken;
}

static uint32_t take_market(struct burst *burst)
{
    struct ring *ring = &burst->desk->market;
    const struct market_update *update;
    size_t length;
    uint32_t taken = 0;

    while ((update = ring_peek(ring, &length)) != NULL) {
        engine_market(burst->desk->engine, update, now_ns(burst));
        ring_release(ring);
        taken++;
    }
    return taken;
}

/* No two equal ones within thousands. */
static void ask(struct burst *burst)
{
    uint64_t n = burst->commands++;
    struct command command = {.kind = COMMAND_NEW_ORDER, .id = burst->commands};
    uint64_t sent = engine_orders_sent(burst->desk->engine);

    command.new_order.intent = (struct intent){.kind = INTENT_NEW,
                                               .side = SIDE_BUY,
                                               .type = TYPE_LIMIT,
                                               .tif = TIF_IOC,
                                               .instrument = (uint16_t)(n % BENCH_DESK_INSTRUMENTS),
                                               .strategy = 1,
                                               .price_ticks = BENCH_DESK_BID_TICKS - 16,
                                               .qty_lots = 1 + (int64_t)(n % 100000)};
    engine_command(burst->desk->engine, &command, now_ns(burst));
    if (engine_orders_sent(burst->desk->engine) == sent)
        burst->denied++;
}

static void turn(struct burst *burst)
{
    struct engine *engine = burst->desk->engine;

    take_executions(burst);
    for (uint32_t asked = 0; asked < TURN_MAX && burst->commands < burst->orders &&
                             engine_open_orders(engine) < LIVE_MAX;
         asked++)
        ask(burst);
}

/* False: something stands in the way, and the burst was given up. */
static bool fire(struct burst *burst, double *seconds)
{
    struct engine *engine = burst->desk->engine;
    int64_t from_ns;

    while (take_market(burst) == 0 ||
           gateway_counters(burst->desk->gateway).updates < BENCH_DESK_INSTRUMENTS)
        ;
    while (take_market(burst) > 0)
        ;
    from_ns = clock_mono_ns();
    while ((burst->commands < burst->orders || engine_open_orders(engine) > 0) &&
           burst->denied == 0 && engine_has_room(engine))
        turn(burst);
    *seconds = (double)(clock_mono_ns() - from_ns) / 1e9;
    return burst->commands == burst->orders && burst->denied == 0;
}

struct counts {
    uint64_t engine, venue, lane, disk, records, on_disk;
};

static enum status count(struct burst *burst, struct counts *counts, double *durable_s,
                         struct err *err)
{
    struct bench_desk *desk = burst->desk;
    uint64_t last = lane_head_seq(journal_lane(desk->journal, JOURNAL_ENGINE));
    int64_t from_ns = clock_mono_ns();

    if (!journal_wait_durable(desk->journal, JOURNAL_ENGINE, last, DURABLE_MS))
        return err_set(err, ERR_IO, "the journal is not durable");
    *durable_s = (double)(clock_mono_ns() - from_ns) / 1e9;
    counts->engine = engine_orders_sent(desk->engine);
    counts->venue = gateway_counters(desk->gateway).orders;
    if (!bench_desk_catch_up(desk, EVENT_ORDER_SENT, &counts->records, &counts->lane))
        return err_set(err, ERR_INTERNAL, "the lane has overrun a gating reader");
    return bench_desk_verify(desk, EVENT_ORDER_SENT, &counts->on_disk, &counts->disk, err);
}

/* Orders that are missing, or too many, at the worst station. */
static uint64_t lost(const struct burst *burst, const struct counts *counts)
{
    const uint64_t stations[] = {counts->engine, counts->venue, counts->lane, counts->disk};
    uint64_t worst = counts->records > counts->on_disk ? counts->records - counts->on_disk
                                                       : counts->on_disk - counts->records;

    for (unsigned at = 0; at < sizeof stations / sizeof stations[0]; at++) {
        uint64_t off = stations[at] > burst->orders ? stations[at] - burst->orders
                                                    : burst->orders - stations[at];

        worst = off > worst ? off : worst;
    }
    return worst;
}

struct figures {
    struct bench_figure seconds, durable, missing;
};

static enum status judge(struct burst *burst, double seconds, struct figures *f, struct err *err)
{
    struct counts counts;
    double durable_s = 0;
    enum status status = count(burst, &counts, &durable_s, err);

    if (status != OK)
        return status;
    bench_round(&f->seconds, seconds * ORDERS / burst->orders);
    bench_round(&f->durable, durable_s);
    bench_round(&f->missing, (double)lost(burst, &counts));
    return OK;
}

static enum status fire_once(struct burst *burst, struct figures *f, struct err *err)
{
    pthread_t thread;
    double seconds;
    bool fired;
    enum status status =
        thread_start(&thread, "gateway", false, IDLE_SPIN, run_gateway, burst, err);

    if (status != OK)
        return status;
    fired = fire(burst, &seconds);
    atomic_store(&burst->stop, true);
    pthread_join(thread, NULL);
    if (fired)
        return judge(burst, seconds, f, err);
    return err_format(err, ERR_INTERNAL, "%" PRIu64 " orders asked for, %u of them denied, lane %s",
                      burst->commands, burst->denied,
                      engine_has_room(burst->desk->engine) ? "has room" : "full");
}

static enum status round_of(struct bench *bench, struct figures *f, struct err *err)
{
    struct burst burst = {.orders = bench->quick ? ORDERS_QUICK : ORDERS};
    enum status status = bench_desk_open(&burst.desk, HOT_BYTES, err);

    if (status != OK)
        return status;
    status = fire_once(&burst, f, err);
    bench_desk_close(burst.desk);
    return status;
}

bool bench_burst(struct bench *bench)
{
    struct figures f = {
        .seconds = {.id = "i3.burst_million_s", .unit = "s", .target = 1, .sense = "max"},
        .durable = {.id = "i3.burst_durable_after_s", .unit = "s"},
        .missing = {.id = "i3.burst_missing", .unit = "orders", .target = 0, .sense = "max"}};
    struct err err;

    if (!bench_wants(bench, "i3.burst_million_s i3.burst_missing"))
        return true;
    for (unsigned round = 0; round < (bench->quick ? 1 : ROUNDS); round++)
        if (round_of(bench, &f, &err) != OK) {
            fprintf(stderr, "pitwall bench: burst: %s\n", err.text);
            return false;
        }
    bench_add(bench, &f.seconds);
    bench_add(bench, &f.durable);
    bench_add(bench, &f.missing);
    return true;
}
