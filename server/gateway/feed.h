/* A feed: market updates of one or several instruments, in the order of their times.
 *
 * Kinds: a recording (gateway/recording), a synthetic market (gateway/synthetic), and the market of
 * a venue as it is now (live; gateway/bybit). Used by one thread: the gateway's, or the replay
 * verb's. */
#ifndef PITWALL_GATEWAY_FEED_H
#define PITWALL_GATEWAY_FEED_H

#include "engine.h"

struct feed;
struct gateway;

struct feed_ops {
    /* The next update and its time on the feed's own clock (received_ns holds the same), valid
     * until the next call; NULL at the end. May read a file; takes no lock.
     * Live: serves its connections and never blocks; NULL: nothing now. received_ns is real. */
    const struct market_update *(*next)(struct feed *feed);
    /* Starts again from the beginning, as if opened anew (books of the reader start empty). Live:
     * never called. */
    enum status (*rewind)(struct feed *feed, struct err *err);
    void (*close)(struct feed *feed);
};

/* What a feed trades, known after opening; instrument numbers of its updates index this. */
struct feed_instruments {
    uint16_t count;
    struct instrument row[MAX_INSTRUMENTS]; /* venue and currency are filled by the config */
    char venue[MAX_INSTRUMENTS][MAX_NAME];  /* "binance-usdm" */
    char currency[MAX_INSTRUMENTS][16];     /* settlement: "USDT", "BTC" */
};

struct feed {
    const struct feed_ops *ops;
    const struct feed_instruments *instruments;
    struct l3
        *l3; /* a market of orders: where they are, instruments as above; NULL: there is none */
    uint64_t refused_frames; /* lines that could not be used; counted by the feed */
    bool is_live;
    /* Live: the gateway that plays it, set by that before the first next(). The feed keeps its
     * state, connects, gaps, clock_offset_ns and banned_until_ns (gateway.h, "for the kinds"). */
    struct gateway *owner;
};

static inline const struct market_update *feed_next(struct feed *feed)
{
    return feed->ops->next(feed);
}

#endif
