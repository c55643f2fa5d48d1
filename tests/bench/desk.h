/* A desk for benches: an engine with one instrument and a strategy that sends one order on every
 * update, and the updates, as a venue would send them.
 *
 * FRAMES deltas in JSON, of about 280 bytes and six levels, that move the touch to and fro; before
 * the first comes a snapshot, and one lap follows another. The strategy is momentum without
 * patience: it takes (IOC) whenever its averages differ, which they always do. Limits are as wide
 * as limits.def lets them be, and every one of them is set. The lane has no gating reader, orders
 * are answered by desk_answer(): acknowledged, then expired.
 *
 * One thread. Everything is allocated by desk_open(); the same calls do the same things. */
#ifndef PITWALL_TESTS_BENCH_DESK_H
#define PITWALL_TESTS_BENCH_DESK_H

#include "engine.h"
#include "gateway/binance/decode.h"

enum { DESK_FRAMES = 4096, DESK_TEXT_BYTES = 512 };

struct desk {
    struct engine_config config;
    struct engine *engine;
    struct lane_shared shared;
    struct lane lane;
    struct ring orders;
    struct kill_page page;
    int64_t now_ns;
    uint32_t next; /* frame */
    uint32_t length[DESK_FRAMES];
    char (*text)[DESK_TEXT_BYTES];
    struct market_update *update; /* the decoded one */
    uint64_t commands;
};

/* Every limit of every scope at its widest. */
void desk_open_limits(struct engine_config *config);

/* Levels of one side as JSON, of that frame: the touch, set or taken away, and some behind it, a
 * quarter of them gone. The other: all of a side before frame 0. Return the length. */
size_t desk_print_side(char *at, size_t room, uint32_t frame, enum side side, uint64_t *random);
size_t desk_print_whole(char *at, size_t room, enum side side, uint32_t levels);

/* NULL when memory is short. */
struct desk *desk_open(void);
void desk_close(struct desk *desk);

/* One after the other: decode the next frame, let the engine take it, answer what it has sent.
 * desk_answer returns how many new orders there were. */
void desk_decode(struct desk *desk);
static inline void desk_step(struct desk *desk)
{
    engine_market(desk->engine, desk->update, desk->now_ns);
}
uint32_t desk_answer(struct desk *desk);

/* A person's order, IOC; what the engine says of it is in the lane. */
void desk_submit(struct desk *desk);

#endif
