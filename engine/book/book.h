/* An L2 book of one instrument: integer ticks, a ladder window around the touch, deep levels kept.
 *
 * Each side keeps a window of BOOK_WINDOW consecutive ticks as a plain array of sizes with a
 * two-level bitmap over it: setting a level is one store and two bit operations, the next best
 * level is found with ctz/clz. Levels outside the window live in an open-addressing hash table
 * (backward-shift delete, no tombstones), so that a book of thousands of levels is held whole.
 * When the best price has left the middle of its window after an update, the window is centred anew
 * and levels move between the two; that is rare and costs one pass over both (some 40 us).
 *
 * Owner: whoever keeps the book, one thread (engine: its books; simulated venue: its own copies).
 * Memory is the caller's, book_size() bytes, 128-byte aligned. No allocation; a level change costs
 * about 5 ns. Prices 1..MAX_PRICE_TICKS, sizes 0..MAX_LOTS (asserted: the decoder refuses the
 * rest). */
#ifndef PITWALL_BOOK_BOOK_H
#define PITWALL_BOOK_BOOK_H

#include "domain/event.h"

#include <stddef.h>

enum { BOOK_WINDOW = 16384, BOOK_DEEP_SLOTS = 32768, BOOK_DEEP_MAX = 24576 };

struct book;

struct touch {
    struct level bid, ask; /* price 0: that side is empty */
};

enum book_result {
    BOOK_APPLIED,
    BOOK_IGNORED,        /* stale book and no snapshot, or an update that is older than the book */
    BOOK_NEEDS_SNAPSHOT, /* this update made it stale: gap, crossed, or full */
};

size_t book_size(void);
/* Empty, status BOOK_EMPTY: stale until a snapshot. */
void book_init(struct book *book, uint16_t instrument);

/* Applies a snapshot or delta whole and sets update id and receive time; or makes the book stale
 * and says why in book_status(): BOOK_GAPPED (prev_update_id is not the book's), BOOK_CROSSED
 * (best bid >= best ask afterwards), BOOK_FULL (more deep levels than fit; never silently lost).
 * A delta whose update_id <= the book's is ignored. A stale book keeps its levels but is not
 * traded on; only a snapshot makes it fresh. */
enum book_result book_apply(struct book *book, const struct market_update *update);

/* The gateway lost the stream, or the recording ended. */
void book_mark(struct book *book, enum book_status status);

enum book_status book_status(const struct book *book);
bool book_is_stale(const struct book *book); /* status is not BOOK_OK, or a side is empty */
struct touch book_touch(const struct book *book);
int64_t book_update_id(const struct book *book);
int64_t book_received_ns(const struct book *book); /* 0: never updated */
/* Of every level, status, update id and time; kept up as levels change, so a few ns. */
uint64_t book_hash(const struct book *book);

/* Size at a price, 0 when there is none. */
int64_t book_level_lots(const struct book *book, enum side side, int64_t price_ticks);
/* The best `most` levels of a side, best first; returns how many. When the window has too few it
 * makes one pass over the deep table (some 20 us; more for hundreds of levels). */
uint32_t book_levels(const struct book *book, enum side side, struct level *levels, uint32_t most);
uint32_t book_level_count(const struct book *book, enum side side);

#endif
