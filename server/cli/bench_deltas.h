/* Frames of an order book as Bybit sends them (orderbook.50 of linear), made for benches: a book of
 * 50 levels a side around a mid that walks, tick 0.10, lot 0.001, a quarter of the changes deletes.
 * Mean about 283 bytes and 6.2 changes a frame (the shape of recorded ones). The same seed gives
 * the same bytes. One thread. */
#ifndef PITWALL_CLI_BENCH_DELTAS_H
#define PITWALL_CLI_BENCH_DELTAS_H

#include "engine.h"

enum { BENCH_DELTAS = 4096 };

/* Frame 0 is the snapshot; `any_order`: the keys of each frame are shuffled. */
struct bench_deltas {
    char *bytes;
    const char *at[1 + BENCH_DELTAS]; /* each closed by NUL, and 64 bytes readable behind it */
    uint32_t length[1 + BENCH_DELTAS];
    uint64_t total_bytes, changes; /* of the deltas */
};

/* False: out of memory. */
bool bench_deltas_make(struct bench_deltas *deltas, uint64_t seed, bool any_order);
void bench_deltas_free(struct bench_deltas *deltas);

#endif
