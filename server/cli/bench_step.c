/* The engine's step: a decoded update in, an order on the ring out, gate and journal included.
 *
 * A maker quotes every instrument and the simulated venue answers, over the synthetic market and,
 * when there are recordings, over those. Steps that sent something are kept apart, so that the
 * median is not that of the idle ones. */
#include "cli/bench.h"
#include "cli/rig.h"
#include "gateway/recording/recording.h"
#include "gateway/synthetic/synthetic.h"
#include "thread/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5, SYNTHETIC_UPDATES = 200000 };
#define START_NS 1723161600000000000LL

struct step_times {
    struct histogram all, sending;
};

/* One pass over a feed. False when the rig could not be made. */
static bool pass(struct feed *feed, uint64_t most, struct step_times *times, struct err *err)
{
    struct rig *rig;
    const struct market_update *update;

    if (rig_create(&rig, feed->instruments, (struct rig_options){.maker = true, .venue = true},
                   START_NS, err) != OK)
        return false;
    for (uint64_t at = 0; at < most && (update = feed_next(feed)) != NULL; at++) {
        uint64_t sent = engine_orders_sent(rig_engine(rig));
        bool is_depth = update->kind == MARKET_SNAPSHOT || update->kind == MARKET_DELTA;
        int64_t from_ns;
        int64_t took_ns;

        rig_advance(rig, update->received_ns);
        from_ns = clock_read_ns(CLOCK_MONOTONIC);
        engine_market(rig_engine(rig), update, update->received_ns);
        took_ns = clock_read_ns(CLOCK_MONOTONIC) - from_ns;
        if (is_depth)
            histogram_record(&times->all, took_ns);
        if (engine_orders_sent(rig_engine(rig)) != sent)
            histogram_record(&times->sending, took_ns);
        rig_settle(rig, update, update->received_ns);
    }
    rig_destroy(rig);
    return true;
}

static bool measure(struct bench *bench, const char *const ids[4], struct feed *feed, uint64_t most)
{
    static const double targets[4] = {1000, 5000, 1000, 5000};
    struct bench_figure figures[4];
    struct step_times *times = calloc(1, sizeof *times);
    struct err err;

    for (unsigned at = 0; at < 4; at++)
        figures[at] = (struct bench_figure){
            .id = ids[at], .unit = "ns", .target = targets[at], .sense = "max"};
    for (uint32_t round = 0; times && round < (bench->quick ? 1 : ROUNDS); round++) {
        struct histogram_summary all;
        struct histogram_summary sending;

        memset(times, 0, sizeof *times);
        if (feed->ops->rewind(feed, &err) != OK || !pass(feed, most, times, &err)) {
            fprintf(stderr, "pitwall bench: step: %s\n", err.text);
            free(times);
            return false;
        }
        all = histogram_summarise(&times->all);
        sending = histogram_summarise(&times->sending);
        bench_round(&figures[0], (double)sending.p50_ns);
        bench_round(&figures[1], (double)sending.p99_ns);
        bench_round(&figures[2], (double)all.p50_ns);
        bench_round(&figures[3], (double)all.p99_ns);
        if (sending.count == 0) {
            fprintf(stderr, "pitwall bench: step: no order was sent\n");
            free(times);
            return false;
        }
    }
    free(times);
    for (unsigned at = 0; at < 4; at++)
        bench_add(bench, &figures[at]);
    return true;
}

static bool synthetic(struct bench *bench)
{
    static const char *const ids[] = {"i1.step_p50_ns_synthetic", "i1.step_p99_ns_synthetic",
                                      "i1.step_all_p50_ns_synthetic",
                                      "i1.step_all_p99_ns_synthetic"};
    struct feed *feed;
    struct err err;
    bool measured;

    if (synthetic_open(1, START_NS, &feed, &err) != OK) {
        fprintf(stderr, "pitwall bench: step: %s\n", err.text);
        return false;
    }
    measured = measure(bench, ids, feed, bench->quick ? 20000 : SYNTHETIC_UPDATES);
    feed->ops->close(feed);
    return measured;
}

static bool recorded(struct bench *bench)
{
    static const char *const ids[] = {"i1.step_p50_ns", "i1.step_p99_ns", "i1.step_all_p50_ns",
                                      "i1.step_all_p99_ns"};
    struct feed *feed;
    struct err err;
    bool measured;

    if (recording_open(&bench->recordings, 1, &feed, &err) != OK) {
        fprintf(stderr, "pitwall bench: step: %s\n", err.text);
        return false;
    }
    measured = measure(bench, ids, feed, UINT64_MAX);
    feed->ops->close(feed);
    return measured;
}

bool bench_step(struct bench *bench)
{
    if (bench->name && !strstr(bench->name, "step"))
        return true;
    return synthetic(bench) && (!bench->recordings || recorded(bench));
}
