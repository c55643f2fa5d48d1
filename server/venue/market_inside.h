/* Inside the market of the venue: what market*.c share. Nobody else includes it.
 *
 * Per instrument a table of the levels that the feed shows (open addressing by price and side),
 * each with the total it should have and a list of the market's own orders that make it up, newest
 * first. An order that others have filled is found out when its level is looked at next. */
#ifndef PITWALL_VENUE_MARKET_INSIDE_H
#define PITWALL_VENUE_MARKET_INSIDE_H

#include "gateway/feed.h"
#include "venue/inside.h"
#include "venue/market.h"

enum {
    MARKET_SLOTS = 1 << 16, /* of the table of levels, both sides */
    MARKET_LEVELS_KEPT = MARKET_SLOTS * 3 / 4,
    MARKET_ORDERS = 1 << 15, /* of one instrument: the rest of its exchange is the clients' */
    MARKET_CHANGES_MAX = MAX_MARKET_LEVELS + VENUE_EATEN_MAX,
};
#define MARKET_NONE UINT32_MAX

struct market_level {
    uint32_t price_ticks; /* the feed's; 0: the place is empty */
    uint32_t newest;      /* of orders */
    uint8_t side;
    int64_t wanted_lots; /* the feed's */
};

struct market_order {
    uint64_t id;
    uint32_t older;
};

struct market_change {
    uint32_t price_ticks;
    uint8_t side;
};

struct market_levels {
    uint16_t instrument;    /* of the venue */
    struct instrument grid; /* of the feed, whatever the venue has become */
    uint64_t grids;         /* the venue's count when the orders were made */
    uint32_t count, free_order, changes;
    struct market_level level[MARKET_SLOTS];
    struct market_order order[MARKET_ORDERS];
    struct market_change change[MARKET_CHANGES_MAX]; /* what an update touches */
};

/* market_levels.c. `venue` has the instrument with the grid of the levels, or one changed since. */
void market_levels_init(struct market_levels *levels, uint16_t instrument,
                        const struct instrument *grid);
/* A snapshot, a delta or a trade of this instrument. */
void market_levels_apply(struct market_levels *levels, struct venue *venue,
                         const struct market_update *update, int64_t now_ns);
/* Takes everything out: the feed begins anew. */
void market_levels_clear(struct market_levels *levels, struct venue *venue, int64_t now_ns);

/* market_rows.c: what the venue offers of what a feed trades. */
struct market_rows {
    uint16_t instruments, coins;
    struct venue_instrument instrument[VENUE_INSTRUMENTS_MAX];
    char coin[VENUE_COINS_MAX][VENUE_TEXT_MAX];
    uint16_t from[VENUE_INSTRUMENTS_MAX]; /* the feed's instrument */
};
/* Those of the feed that the venue cannot trade are left out and said in the log. */
void market_rows_fill(struct market_rows *rows, const struct feed_instruments *feed);

/* The update that the next call of venue_market_play() begins with; NULL: none. */
const struct market_update *venue_market_peek(const struct venue_market *market);

#endif
