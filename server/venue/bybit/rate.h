/* Rate limits: a rolling window of time stamps per uid, bucket and category. Pure; time comes in.
 * One thread; memory is the struct. */
#ifndef PITWALL_VENUE_BYBIT_RATE_H
#define PITWALL_VENUE_BYBIT_RATE_H

#include "venue/venue.h"

enum rate {
#define RATE(ID, linear, spot) RATE_##ID,
#include "venue/bybit/rates.def"
#undef RATE
    RATE_COUNT,
    RATE_NONE = RATE_COUNT
};

enum { RATE_PER_WINDOW_MAX = 600 };

/* The newest `count` stamps of what passed, oldest first from `from` on. */
struct rate_window {
    uint16_t from, count;
    int64_t stamps_ns[RATE_PER_WINDOW_MAX];
};

struct rate_verdict {
    bool passes;
    int64_t limit, left, reset_ms; /* reset: when a refused one would pass, on the given clock */
};

/* `cost` units within window_ns. One that costs more than the limit passes an empty window. */
struct rate_verdict rate_take(struct rate_window *window, uint32_t limit, uint32_t cost,
                              int64_t window_ns, int64_t now_ns);
uint32_t rate_limit(enum rate rate, uint8_t category);

#endif
