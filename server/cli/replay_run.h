/* Plays recordings through decoder and engine at full speed and counts: what `pitwall replay`
 * prints and what the bench measures. One thread; the result is a few hundred KiB an instrument. */
#ifndef PITWALL_CLI_REPLAY_RUN_H
#define PITWALL_CLI_REPLAY_RUN_H

#include "cli/selfcheck.h"
#include "gateway/recording/recording.h"

#include <stdio.h>

enum { REPLAY_DAMAGE_KEPT = 100 };

struct replay_instrument {
    struct recording_counts counts;
    uint64_t applied, level_changes, crossed;
    struct touch final_touch;
    uint32_t final_bids, final_asks;
    bool stale;
    struct selfcheck check;
};

struct replay_damage {
    char *path; /* owned */
    uint64_t line;
    char says[240];
};

struct replay_result {
    struct feed_instruments instruments;
    struct replay_instrument *instrument; /* instruments.count of them */
    double seconds;                       /* all of it: opening, gunzip, decoding, engine */
    uint64_t lines, damaged;
    struct replay_damage damage[REPLAY_DAMAGE_KEPT]; /* the first of `damaged` */
    struct histogram step_ns;                        /* of one engine_market() call */
    uint64_t orders_sent;
};

/* A row `instrument,u,bid,bidqty,ask,askqty` goes to `bbo` after each applied diff; NULL: none.
 * Damaged input is no failure: result->damaged says. */
enum status replay_run(const char *const paths[], uint32_t count, FILE *bbo,
                       struct replay_result **result, struct err *err);
void replay_result_free(struct replay_result *result);

#endif
