/* Market updates: what a gateway puts on its market ring, already in ticks and lots.
 *
 * One message is a header and its levels, bids first, best order not required. Prices and sizes
 * are checked by the decoder (positive price, size >= 0, both within bounds). Update ids: a delta
 * follows the book whose update_id equals its prev_update_id; each gateway translates its venue's
 * own rule into this one. */
#ifndef PITWALL_DOMAIN_MARKET_H
#define PITWALL_DOMAIN_MARKET_H

#include <stddef.h>
#include <stdint.h>

enum market_kind {
    MARKET_SNAPSHOT = 1, /* replaces the book */
    MARKET_DELTA,        /* sizes are new totals; 0 removes the level */
    MARKET_TRADE,        /* levels[0]: price and size; flags say the aggressor */
    MARKET_TICKER,       /* levels[0] best bid, levels[1] best ask; may have size 0: side empty */
    MARKET_LOST,         /* the gateway lost the stream: the book is stale until a snapshot */
    MARKET_ENDED,        /* the recording has ended */
    MARKET_MARK,         /* levels[0].price_ticks: the venue's own mark, in 1e-8 of a tick */
};

enum { MARKET_BUYER_IS_MAKER = 1 }; /* flags of a trade: the aggressor sold */

struct level {
    int64_t price_ticks;
    int64_t qty_lots;
};

struct market_update {
    uint8_t kind;
    uint8_t flags;
    uint16_t instrument;
    uint16_t bid_count;
    uint16_t ask_count;
    int64_t received_ns; /* our clock (or the recorder's, shifted) */
    int64_t venue_ns;    /* the venue's clock; 0: not given */
    int64_t prev_update_id;
    int64_t update_id; /* of a trade: its id */
    struct level levels[];
};

/* In bytes; trades and marks have one level, tickers two, whatever their counts say. */
static inline size_t market_update_size(const struct market_update *update)
{
    size_t levels = (size_t)update->bid_count + update->ask_count;

    if (update->kind == MARKET_TRADE || update->kind == MARKET_MARK)
        levels = 1;
    else if (update->kind == MARKET_TICKER)
        levels = 2;
    return sizeof *update + levels * sizeof update->levels[0];
}

#endif
