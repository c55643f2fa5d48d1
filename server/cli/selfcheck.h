/* The self-check of a recording: after each applied diff, our best bid and ask against the
 * recording's own bookTicker with the greatest update id not above the diff's.
 *
 * That ticker may come before the diff or after it, so both are kept for a while: the newest
 * SELFCHECK_KEPT tickers, and the diffs that no later ticker has passed yet. A diff with no ticker
 * at or below its id is not checked. Tickers whose ids go back are passed over. One per
 * instrument, one thread, no allocation. */
#ifndef PITWALL_CLI_SELFCHECK_H
#define PITWALL_CLI_SELFCHECK_H

#include "engine.h"

enum { SELFCHECK_KEPT = 8192 };

struct quoted {
    int64_t update_id;
    struct touch touch;
};

struct selfcheck {
    uint64_t checks, price_equal, equal;
    uint64_t tickers, diffs_taken, diffs_done; /* positions in the two rings below */
    struct quoted ticker[SELFCHECK_KEPT];
    struct quoted diff[SELFCHECK_KEPT]; /* not decided yet: diffs_done up to diffs_taken */
};

void selfcheck_ticker(struct selfcheck *check, const struct market_update *ticker);
void selfcheck_diff(struct selfcheck *check, int64_t update_id, struct touch touch);
/* At the end: decides what still waits. */
void selfcheck_finish(struct selfcheck *check);

#endif
