/* What an instrument's tickers have said so far: a delta has only what changed. One thread. */
#ifndef PITWALL_GATEWAY_BYBIT_TICKER_H
#define PITWALL_GATEWAY_BYBIT_TICKER_H

#include "gateway/bybit/decode.h"

/* `has` names the fields (BYBIT_HAS_*) that have ever been given. */
struct bybit_mark {
    uint16_t instrument, has;
    int64_t mark_e8, index_e8, last_e8, funding_rate_e8, next_funding_ms;
    int64_t venue_ns, received_ns;
};

struct bybit_ticker {
    struct bybit_mark mark;
    struct level touch[2]; /* by enum side */
    uint16_t touch_has;
};

/* `levels` are those of the frame. True: both sides of the touch are known and one was given. */
bool bybit_ticker_keep(struct bybit_ticker *ticker, const struct bybit_frame *frame,
                       const struct level *levels, int64_t received_ns);

/* The mark in 1e-8 of a tick, as MARKET_MARK has it; 0: none was given, or none that fits. */
int64_t bybit_mark_e8_ticks(const struct bybit_mark *mark, const struct bybit_grid *grid);

#endif
