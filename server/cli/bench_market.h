/* The decoder, and the whole replay, each beside jansson on the same frames, interleaved in one
 * process so that both see the same machine. Used by bench_recorded.c; slow, one thread. */
#ifndef PITWALL_CLI_BENCH_MARKET_H
#define PITWALL_CLI_BENCH_MARKET_H

#include "cli/bench.h"

struct bench_pair {
    uint64_t frames, bytes; /* of one round */
    uint32_t rounds;
    double ours[BENCH_ROUNDS_MAX], jansson[BENCH_ROUNDS_MAX];
};

/* ns a frame. Parse only: ours fills a struct binance_frame and its levels in ticks and lots,
 * jansson builds its tree and frees it. Of each file the first 16 MiB of frames, in memory. */
enum status bench_decoder(const char *const paths[], uint32_t count, uint32_t rounds,
                          struct bench_pair *pair, struct err *err);

/* Seconds. Ours: replay_run(), opening and gunzip included, self-check and engine too. Theirs:
 * gunzip and jansson's parse of the same frames, nothing else. */
enum status bench_replays(const char *const paths[], uint32_t count, uint32_t rounds,
                          struct bench_pair *pair, struct err *err);

#endif
