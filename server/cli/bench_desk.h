/* A desk for benches with everything that a running one has between an order and the disk: engine,
 * journal with its persister, rings, gateway and simulated venue, in a folder of its own that goes
 * away with it. Nothing is configured that could stand in the way: widest limits, no latency.
 *
 * The audit is not attached, and its gate is not let go: until desk_catch_up() it stands where an
 * audit would that has fallen behind by all of it, and the lane must hold everything. */
#ifndef PITWALL_CLI_BENCH_DESK_H
#define PITWALL_CLI_BENCH_DESK_H

#include "cli/bench_journal.h"
#include "gateway/feed.h"
#include "gateway/gateway.h"

enum { BENCH_DESK_INSTRUMENTS = 4, BENCH_DESK_BID_TICKS = 617736 };

struct bench_desk {
    struct bench_journal folder;
    struct journal *journal; /* the folder's */
    struct engine_config engine_config;
    struct engine *engine;
    struct gateway *gateway;
    struct ring market, executions, orders;
    struct kill_page *page;
    struct feed feed;
    struct feed_instruments fed;
    uint32_t told; /* instruments whose snapshot the feed has given */
    struct market_update *snapshot;
    void *memory[5];
};

/* `hot_bytes` of lane. ERR_*: why not, and nothing is left behind. */
enum status bench_desk_open(struct bench_desk **desk, int64_t hot_bytes, struct err *err);
void bench_desk_close(struct bench_desk *desk);

/* What the audit, catching up, finds: records in the lane, of them of one kind. Lets its gate go.
 * False: the lane has overrun it. */
bool bench_desk_catch_up(struct bench_desk *desk, uint16_t kind, uint64_t *records,
                         uint64_t *of_kind);
/* The same from the disk, CRC and chain checked. After the persister has synced all. */
enum status bench_desk_verify(struct bench_desk *desk, uint16_t kind, uint64_t *records,
                              uint64_t *of_kind, struct err *err);

#endif
