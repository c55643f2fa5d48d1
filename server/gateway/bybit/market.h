/* The public side of a gateway to Bybit v5: subscriptions, books in sequence, trades, tickers.
 *
 * One connection, or two in standby of which the first arrival counts: books by `u`, trades by
 * their ids, tickers by send time; either may die without a gap. What goes to the sink is what the
 * engine's book accepts: a snapshot, deltas that each follow the one before, LOST at once when the
 * chain breaks; then a fresh snapshot is asked for (unsubscribe, subscribe), at most once a second
 * for each instrument and connection.
 *
 * A book that comes out crossed is LOST too: a copy of each is kept (1.3 MB) to notice it.
 *
 * An instrument is READY while its book is whole and moves: frames come in by our clock, and the
 * venue's own clock or count (cts, seq) goes on in them. A feed that repeats itself is no progress.
 * An instrument that is late by either bound is LOST to the sink and STALE until a new snapshot.
 *
 * A frame with a value that cannot be used is refused whole and counted; a book that missed it is
 * LOST. Frames that say nothing to us cost a decode each, at most 256 a turn and connection
 * (net.h).
 *
 * One thread, that of the net; no allocation after the opening. Source: Bybit's documentation of
 * v5 public streams. */
#ifndef PITWALL_GATEWAY_BYBIT_MARKET_H
#define PITWALL_GATEWAY_BYBIT_MARKET_H

#include "gateway/bybit/decode.h"
#include "gateway/bybit/ticker.h"
#include "gateway/gateway.h"
#include "gateway/net/net.h"

struct bybit_market;

enum bybit_category { BYBIT_LINEAR, BYBIT_SPOT };

struct bybit_listing {
    const char *symbol; /* "BTCUSDT"; copied */
    struct bybit_grid grid;
};

struct bybit_market_config {
    const char *url; /* wss://stream.bybit.com; the path is ours: /v5/public/<category> */
    enum bybit_category category;
    const struct bybit_listing *listings;
    uint16_t count; /* at most MAX_INSTRUMENTS, instruments all different */
    uint16_t depth; /* 0: 50 */
    bool standby;
    bool touches;         /* tickers go out as MARKET_TICKER: up to 100 ms older than the book */
    int64_t heartbeat_ns; /* 0: 20 s; half as long again without any answer: dropped */
    int64_t stale_received_ns; /* 0: 5 s */
    int64_t stale_progress_ns; /* 0: 10 s */
    void *ctx;
    /* Valid during the call. */
    void (*update)(void *ctx, const struct market_update *update);
    void (*mark)(void *ctx, const struct bybit_mark *mark); /* NULL: not called */
    /* The frames that something came of, as they were; NULL: not called. For recordings. */
    void (*used)(void *ctx, int64_t received_ns, const char *text, size_t length);
};

struct bybit_market_counters {
    uint64_t frames, updates, trades, copies, repeats, gaps, resets, lost, resubscribed;
    uint64_t refused;     /* frames with a value that cannot be used */
    uint64_t late_frames; /* of an earlier connection */
    uint64_t crossed;     /* books that were crossed, or too large */
    uint64_t refused_subscriptions;
    uint64_t connects, first_connects, disconnects;
};

/* ERR_CONFIG: URL or symbols cannot be; ERR_INTERNAL: no memory. */
enum status bybit_market_open(struct bybit_market **market, struct net *net,
                              const struct bybit_market_config *config, struct err *err);
/* Ages and what is to be asked again; each turn. now_ns: real clock. */
void bybit_market_turn(struct bybit_market *market, int64_t now_ns);
void bybit_market_close(struct bybit_market *market);

/* BANNED: the venue has refused a connection with 403 or 429. Else, while no connection stands,
 * DOWN (the last attempt failed) or CONNECTING (the first is under way). Else STALE when a book was
 * late and has not moved since; SYNCING when one is still to come; or READY. */
enum gateway_state bybit_market_state(const struct bybit_market *market);
/* The same of one instrument. `index`: of the listing. */
enum gateway_state bybit_market_state_of(const struct bybit_market *market, uint16_t index);
int64_t bybit_market_banned_until_ns(const struct bybit_market *market); /* 0: not banned */
struct bybit_mark bybit_market_mark(const struct bybit_market *market, uint16_t index);
struct bybit_market_counters bybit_market_counters(const struct bybit_market *market);
/* Somebody does not trust this book: LOST, and a fresh snapshot. */
void bybit_market_renew(struct bybit_market *market, uint16_t index);

#endif
