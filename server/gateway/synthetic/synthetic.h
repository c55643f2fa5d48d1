/* A synthetic market, for machines without recordings: three instruments on venue `sim`.
 *
 * Each instrument has a fair price that walks at random, with trends that last seconds to a
 * minute, a weak pull to where it began, and bursts in which everything is quicker and wilder.
 * The book follows it as books do: buyers take the ask when the fair price is above it, quotes are
 * laid into a wide spread and pulled from a narrow one, sizes change all along the 50 levels of
 * each side. A trade always has the book change that it caused right behind it; a new touch is
 * told by a ticker just before its delta, as Binance does.
 *
 * Deterministic for a seed: integers and splitmix64 only. Never ends. One thread. */
#ifndef PITWALL_GATEWAY_SYNTHETIC_SYNTHETIC_H
#define PITWALL_GATEWAY_SYNTHETIC_SYNTHETIC_H

#include "gateway/feed.h"

enum { SYNTHETIC_LEVELS = 50 };

/* What both kinds trade. */
void synthetic_instruments(struct feed_instruments *instruments);

/* The feed's clock starts at `start_ns`. */
enum status synthetic_open(uint64_t seed, int64_t start_ns, struct feed **feed, struct err *err);
/* The same market made of orders: background accounts trade on the exchanges of feed->l3, and so
 * can we. It ends with the feed. Used by the feed's thread. */
enum status synthetic_l3_open(uint64_t seed, int64_t start_ns, struct feed **feed, struct err *err);

#endif
