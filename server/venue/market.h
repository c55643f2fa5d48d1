/* Plays a market into the venue: its own liquidity, as orders of VENUE_MARKET.
 *
 * Three kinds: the synthetic market of gateway/synthetic; recordings (gateway/recording: what was
 * USD-M becomes linear, spot becomes spot, COIN-M is left out and said so), their times shifted
 * onto now, bursts kept, played at the recorded pace or N times as fast, and again from the start
 * at their end; and none (an empty book, for tests that bring their own).
 *
 * A level of the recording is what the market's orders at that price sum up to: more is a new order
 * behind what is there, less is taken from the newest of the market's own. Clients' orders keep
 * their place in that queue. A level that would cross a client's order trades with it first; a
 * public trade of the recording is an immediate-or-cancel order of the market at its price: it
 * fills whom the queue says, and what it does not find is told as a trade all the same. What was
 * taken from a level comes back with the next update of that book, whatever levels it names. The
 * synthetic market is offered as linear and as spot. When an operator changes the grid, prices are
 * rounded away from the other side and sizes down. One thread; no allocation after opening. */
#ifndef PITWALL_VENUE_MARKET_H
#define PITWALL_VENUE_MARKET_H

#include "venue/venue.h"

enum venue_market_kind { VENUE_MARKET_NONE, VENUE_MARKET_SYNTHETIC, VENUE_MARKET_RECORDING };

struct venue_market_options {
    enum venue_market_kind kind;
    const char *const *paths; /* of a recording: files or folders */
    uint32_t path_count;
    uint32_t times; /* pace: 1 is as recorded */
    uint64_t seed;
};

struct venue_market;

/* Says what it trades: instruments and coins for venue_open(), valid until the close. */
enum status venue_market_open(struct venue_market **market,
                              const struct venue_market_options *options, struct err *err);
void venue_market_describe(const struct venue_market *market, struct venue_config *config);
void venue_market_close(struct venue_market *market);

/* Plays what is due up to now_ns, at most `most` updates; returns how many. The first call lays the
 * opening books: it goes on, whatever `most`, to where each book has been shown (some seconds of a
 * recording, some ms of ours), and that moment is now. At the end of a recording it waits a
 * second. */
uint32_t venue_market_play(struct venue_market *market, struct venue *venue, int64_t now_ns,
                           uint32_t most);
/* When the next update is due; INT64_MAX: never. */
int64_t venue_market_next_ns(const struct venue_market *market);

#endif
