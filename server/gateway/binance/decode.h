/* Decoder of Binance's frames: depthUpdate, bookTicker, trade, aggTrade, REST depth snapshot.
 *
 * From bytes to ticks and lots in one pass, no allocation, no float. Most frames come in the order
 * of keys that the venue always sends: decode.c recognises that order by comparing whole literals
 * and converts decimals 16 bytes at a time (number.h). On any surprise (other order, white space,
 * a long number, anything wrong) it starts over in tolerant.c, which takes keys in any order and
 * is the only one that refuses: so there is one place that says what is wrong, and the fast path
 * only ever answers "as expected".
 *
 * Frames: combined-stream envelope {"stream":..,"data":{..}} or the bare event. Prices and sizes
 * are exact on the grid given, or refused; never rounded. Any thread. The frame must be followed by
 * a control character (a line's end, or NUL), which stops every scan, and BINANCE_PADDING readable
 * bytes in all. Cost: about 80 ns for a frame of five levels.
 * Source: Binance's documentation of spot, USD-M and COIN-M streams, and recorded frames. */
#ifndef PITWALL_GATEWAY_BINANCE_DECODE_H
#define PITWALL_GATEWAY_BINANCE_DECODE_H

#include "gateway/scan.h"

enum { BINANCE_PADDING = SCAN_PADDING, BINANCE_DECIMALS_MAX = 12 };

enum binance_kind {
    BINANCE_OTHER, /* valid, of no interest: an answer to a subscription, another event */
    BINANCE_DEPTH,
    BINANCE_TICKER,
    BINANCE_TRADE,
    BINANCE_SNAPSHOT,
};

enum binance_reason {
#define REASON(ID, says) BINANCE_##ID,
#include "gateway/binance/reasons.def"
#undef REASON
    BINANCE_REASON_COUNT
};

/* A tick is 10^-price_decimals, a lot 10^-qty_decimals. */
struct binance_grid {
    uint32_t price_decimals, qty_decimals;
};

struct binance_frame {
    uint8_t kind;
    uint8_t flags; /* of a trade: MARKET_BUYER_IS_MAKER */
    bool has_prev; /* depthUpdate of futures */
    bool has_type; /* "e" is there: a bookTicker of spot has none */
    uint16_t bid_count, ask_count;
    int64_t first_id, last_id; /* U and u; snapshot: lastUpdateId twice; trade: its id twice */
    int64_t prev_id;           /* pu; without it 0 */
    int64_t event_ms;          /* E; 0: not given */
    struct scan_text symbol;
    struct scan_text wrong; /* the value that was refused */
};

/* Decodes one frame. `levels` takes bids, then asks (depth, snapshot); best bid and ask (ticker);
 * price and size (trade); it has room for `most` >= 2. FINE, or why it was refused: then *frame
 * holds only `wrong`. */
enum binance_reason binance_decode(const char *text, size_t length, const struct binance_grid *grid,
                                   struct binance_frame *frame, struct level *levels,
                                   uint32_t most);

/* The same by the tolerant way alone; binance_decode falls back to it. */
enum binance_reason binance_decode_tolerant(const char *text, size_t length,
                                            const struct binance_grid *grid,
                                            struct binance_frame *frame, struct level *levels,
                                            uint32_t most);

const char *binance_reason_says(enum binance_reason reason);

#endif
