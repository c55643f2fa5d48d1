/* A Bybit gateway whose way out is watched, for the fuzz target `private`. */
#ifndef PITWALL_TESTS_FUZZ_PRIVATE_STAND_H
#define PITWALL_TESTS_FUZZ_PRIVATE_STAND_H

#include "gateway/bybit/inside.h"

enum { STAND_ASKED_MAX = 256, STAND_ORDERS_MAX = 64, STAND_TOLD_MAX = 4096 };
#define STAND_FIRST 0x0011000100000000ULL

struct stand {
    struct bybit *bybit;
    struct instrument row[2];
    struct ring market, executions, orders_ring;
    struct kill_page kill;
    bool killed;
    alignas(8) uint8_t market_bytes[1024], execution_bytes[1 << 14], order_bytes[1 << 14];
    uint32_t orders; /* given so far; the id of the n-th is STAND_FIRST + n */
    uint32_t amends;
    uint32_t left[STAND_ORDERS_MAX + 1]; /* how often each left as a new order */
    uint64_t told[STAND_TOLD_MAX];       /* executions */
    uint32_t told_count;
    struct {
        void *ctx;
        void (*done)(void *ctx, const struct net_answer *answer);
    } asked[STAND_ASKED_MAX];
    uint32_t asked_count;
};

struct stand *stand_open(bool is_spot);
void stand_close(struct stand *stand);
/* Time passes; what the engine is told is looked at. */
void stand_turn(struct stand *stand, int64_t step_ns);
/* n c m q k, as in the target; other letters do nothing. */
void stand_engine(struct stand *stand, char letter);
/* To the oldest request that waits, if any. */
void stand_answer(struct stand *stand, int http_status, char *body, size_t length);
/* The trade socket breaks and stands again, one epoch later. */
void stand_break(struct stand *stand);

#endif
