/* The walk of one instrument of the synthetic market: its fair price, its book, and the news of
 * each step. Private to this folder; synthetic.h tells what the market is like. */
#ifndef PITWALL_GATEWAY_SYNTHETIC_WALK_H
#define PITWALL_GATEWAY_SYNTHETIC_WALK_H

#include "gateway/synthetic/synthetic.h"

enum {
    WALK_PROFILES = 3,
    WALK_TRADES_MAX = 4,   /* of one step */
    WALK_CHANGES_MAX = 16, /* levels a side of one step */
    WALK_VENUE_LAG_NS = 2000000,
    WALK_FAIR_BITS = 10, /* the fair price is held in 1/1024 ticks */
};

struct walk_trade {
    struct level level;
    int64_t id;
    bool buyer_is_maker;
};

/* What one step did. Told in the order trades, ticker, delta; the flags say what is left. */
struct walk_news {
    struct walk_trade trades[WALK_TRADES_MAX];
    uint32_t trade_count;
    struct level changes[2][WALK_CHANGES_MAX]; /* new totals; 0 removes */
    uint16_t change_count[2];
    int64_t prev_update_id;
    bool ticker, delta;
};

struct walk {
    uint32_t profile;
    uint64_t random;
    int64_t now_ns, next_ns; /* of the step taken; of the next one */
    int64_t fair_q10, home_q10, step_q10, trend_q10;
    int64_t trend_until_ns, burst_until_ns, next_burst_ns;
    int64_t interval_ns; /* mean between two steps, outside bursts */
    int64_t update_id, trade_id;
    struct level levels[2][SYNTHETIC_LEVELS]; /* best first */
};

const struct instrument *walk_instrument(uint32_t profile);
void walk_init(struct walk *walk, uint32_t profile, uint64_t seed, int64_t start_ns);
/* Goes to next_ns, changes the book by at least one level, and says how. */
void walk_step(struct walk *walk, struct walk_news *news);

#endif
