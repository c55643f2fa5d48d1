/* A feed out of recordings of Binance and Bybit: `<local time> <frame>` a line, plain or gzip.
 *
 * Files of one instrument are its parts, in the order of their first lines; the state of an
 * instrument survives from part to part. Several instruments are merged by local time (of equal
 * times the instrument opened first goes first). Local time has 19 digits (ns) or 16 (us).
 *
 * Opening looks at the first MiB of each file: market (`pu`: futures; a symbol of the form
 * <base>USD_<..>: COIN-M; else spot), symbol, first time, and how many decimals prices and sizes
 * have, which become the grid of ticks and lots. A value that turns up later with more decimals is
 * never rounded: its frame is refused and counted, and recording_refine() makes the grid finer, so
 * that whoever can start again does.
 *
 * Of Bybit (frames that begin with their topic): spot when the file is named bybit-spot_.., or when
 * `ts` precedes `type` in books of more than one level; else linear. The book is that of the
 * deepest orderbook topic. A break of its chain is MARKET_LOST. Tickers are counted; their touch
 * is left to the book, which is newer.
 *
 * Damage (a line without a time, a frame that cannot be decoded or belongs to another symbol, a
 * cut gzip) is counted and reported; all the rest is played.
 *
 * Memory is taken at opening, about 3.5 MiB an instrument; none for a message. One thread. */
#ifndef PITWALL_GATEWAY_RECORDING_RECORDING_H
#define PITWALL_GATEWAY_RECORDING_RECORDING_H

#include "gateway/feed.h"

struct recording_counts {
    uint64_t lines; /* all, the damaged included */
    uint64_t depth_events, book_tickers, trades, snapshots, others;
    uint64_t damaged;       /* lines or file ends that were lost */
    uint64_t off_grid;      /* of these: a value off the grid of ticks and lots */
    uint64_t sequence_gaps; /* breaks in the chain of update ids */
    uint64_t dropped;       /* diffs held before a snapshot that did not fit */
};

/* Told of each damage in the order of play. `instrument` is UINT16_MAX for a file that could not
 * be used at all; line 0: the file as a whole. */
typedef void (*recording_damage_fn)(void *ctx, uint16_t instrument, const char *path, uint64_t line,
                                    const char *says);

/* Opens files, and in folders all *.gz, *.txt and *.jsonl. Fails when a path cannot be read or no
 * file holds frames of either; *feed is then untouched. Damage is reported while playing, to the
 * log unless recording_on_damage says otherwise. */
enum status recording_open(const char *const paths[], uint32_t count, struct feed **feed,
                           struct err *err);

/* Only for feeds that recording_open made. */
void recording_on_damage(struct feed *feed, recording_damage_fn report, void *ctx);
struct recording_counts recording_counts(const struct feed *feed, uint16_t instrument);
/* Files that could not be used at all. */
uint64_t recording_unusable(const struct feed *feed);
/* Takes the finer grids that refused frames have asked for; true when one changed. The feed's
 * instrument rows change: rewind, and make what was built on them anew. */
bool recording_refine(struct feed *feed);

#endif
