#include "gateway/bybit/ticker.h"

#include "gateway/number.h"

static void keep(uint16_t has, uint16_t bit, int64_t *into, int64_t value)
{
    if (has & bit)
        *into = value;
}

static void keep_mark(struct bybit_mark *mark, const struct bybit_frame *frame, int64_t received_ns)
{
    mark->instrument = frame->instrument;
    mark->has |= frame->has;
    mark->venue_ns = frame->ts_ms * 1000000;
    mark->received_ns = received_ns;
    keep(frame->has, BYBIT_HAS_MARK, &mark->mark_e8, frame->mark_e8);
    keep(frame->has, BYBIT_HAS_INDEX, &mark->index_e8, frame->index_e8);
    keep(frame->has, BYBIT_HAS_LAST, &mark->last_e8, frame->last_e8);
    keep(frame->has, BYBIT_HAS_FUNDING, &mark->funding_rate_e8, frame->funding_rate_e8);
    keep(frame->has, BYBIT_HAS_NEXT_FUNDING, &mark->next_funding_ms, frame->next_funding_ms);
}

bool bybit_ticker_keep(struct bybit_ticker *ticker, const struct bybit_frame *frame,
                       const struct level *levels, int64_t received_ns)
{
    const uint16_t both = BYBIT_HAS_BID | BYBIT_HAS_ASK;

    keep_mark(&ticker->mark, frame, received_ns);
    if (frame->has & BYBIT_HAS_BID)
        ticker->touch[SIDE_BUY] = levels[0];
    if (frame->has & BYBIT_HAS_ASK)
        ticker->touch[SIDE_SELL] = levels[frame->bid_count];
    ticker->touch_has |= frame->has & both;
    return (frame->has & both) != 0 && ticker->touch_has == both;
}

int64_t bybit_mark_e8_ticks(const struct bybit_mark *mark, const struct bybit_grid *grid)
{
    __int128 ticks_e8;

    if (!(mark->has & BYBIT_HAS_MARK) || mark->mark_e8 <= 0)
        return 0;
    ticks_e8 = (__int128)mark->mark_e8 * number_pow10[grid->price_decimals] / grid->tick_units;
    return ticks_e8 > (__int128)MAX_PRICE_TICKS * PRICE_ONE_E8 ? 0 : (int64_t)ticks_e8;
}
