/* What changed between two sides of a book. Pure. */
#ifndef PITWALL_VENUE_BYBIT_BOOKS_H
#define PITWALL_VENUE_BYBIT_BOOKS_H

#include "engine.h"

/* Writes, best first, the levels that make `before` into `after`: new sizes, and 0 for what is
 * gone; both are best first. Returns how many; `out` has room for both together. */
uint32_t book_diff(bool bids, const struct level *before, uint32_t before_count,
                   const struct level *after, uint32_t after_count, struct level *out);

#endif
