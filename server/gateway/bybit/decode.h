/* Decoder of Bybit's public frames (v5): orderbook, publicTrade, tickers; replies and pongs are
 * BYBIT_REPLY.
 *
 * From bytes to ticks and lots in one pass, no allocation, no float. decode.c recognises the orders
 * of keys that the venue sends by comparing whole literals (linear: topic, type, ts, data, cts;
 * spot and level 1: topic, ts, type, data) and converts decimals 16 bytes at a time
 * (gateway/number.h); on any surprise it starts over in tolerant.c, which takes keys in any order
 * and is the only one that refuses. Values are exact on the instrument's grid, or the frame is
 * refused; never rounded, never silently zero.
 *
 * Any thread. The frame must be followed by a control character or NUL and BYBIT_PADDING readable
 * bytes. Source: Bybit's documentation of v5 public streams, and recorded frames. */
#ifndef PITWALL_GATEWAY_BYBIT_DECODE_H
#define PITWALL_GATEWAY_BYBIT_DECODE_H

#include "gateway/scan.h"

enum { BYBIT_PADDING = SCAN_PADDING, BYBIT_TRADES_MAX = 1024 };

enum bybit_kind {
    BYBIT_OTHER, /* valid, of no interest */
    BYBIT_REPLY, /* {"success",..} or {"op",..}: for the session */
    BYBIT_SNAPSHOT,
    BYBIT_DELTA,
    BYBIT_TRADES,
    BYBIT_TICKER,
};

enum bybit_reason {
#define REASON(ID, says) BYBIT_##ID,
#include "gateway/bybit/reasons.def"
#undef REASON
    BYBIT_REASON_COUNT
};

/* price = ticks * tick_units * 10^-price_decimals, size likewise (domain/instrument.h). */
struct bybit_grid {
    uint32_t price_decimals, qty_decimals;
    int64_t tick_units, lot_units;
    uint16_t instrument;
};

struct bybit_trade {
    int64_t price_ticks, qty_lots, time_ms;
    uint64_t id; /* of the text `i`: a number as it is, else a 63-bit hash */
    bool buyer_is_maker;
};

/* Which of a ticker's fields the frame has: a delta has only what changed. */
enum {
    BYBIT_HAS_MARK = 1,
    BYBIT_HAS_INDEX = 2,
    BYBIT_HAS_LAST = 4,
    BYBIT_HAS_FUNDING = 8,
    BYBIT_HAS_NEXT_FUNDING = 16,
    BYBIT_HAS_BID = 32, /* price and size */
    BYBIT_HAS_ASK = 64
};

struct bybit_frame {
    uint8_t kind;
    bool is_delta;  /* of a ticker */
    uint16_t depth; /* of the topic: 1, 50, 200, 1000 */
    uint16_t instrument;
    uint16_t bid_count, ask_count; /* levels: bids, then asks; a ticker's bid and ask likewise */
    uint16_t trade_count;
    uint16_t has;
    int64_t ts_ms, cts_ms; /* send time, matching time; 0: not given */
    int64_t u, seq;
    int64_t mark_e8, index_e8, last_e8, funding_rate_e8, next_funding_ms;
    struct scan_text topic, symbol;
    struct scan_text wrong; /* the value that was refused */
};

/* NULL: a symbol that is not ours (the frame is BYBIT_OTHER then). */
typedef const struct bybit_grid *(*bybit_find_fn)(void *ctx, const char *symbol, uint32_t length);

struct bybit_room {
    bybit_find_fn find;
    void *ctx;
    struct level *levels;
    struct bybit_trade *trades; /* room for BYBIT_TRADES_MAX; NULL: trades are BYBIT_OTHER */
    uint32_t levels_max;
};

/* Of one frame: the counts have 16 bits. */
static inline uint32_t bybit_levels_most(const struct bybit_room *room)
{
    return room->levels_max < UINT16_MAX ? room->levels_max : UINT16_MAX - 1;
}

/* FINE, or why it was refused: then *frame holds topic, symbol and `wrong` as far as known. */
enum bybit_reason bybit_decode(const char *text, size_t length, const struct bybit_room *room,
                               struct bybit_frame *frame);
enum bybit_reason bybit_decode_tolerant(const char *text, size_t length,
                                        const struct bybit_room *room, struct bybit_frame *frame);
/* Of the text of a trade's `i`; the same text always gives the same id. */
uint64_t bybit_trade_id(struct scan_text text);
const char *bybit_reason_says(enum bybit_reason reason);

#endif
