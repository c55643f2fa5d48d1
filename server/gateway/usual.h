/* The fast reading of venues' JSON, for the order of keys that a venue always sends: whole literals
 * are compared, and numbers converted by number.h. Every reader answers false on any surprise; the
 * decoder then starts over with scan.h, which says what is wrong.
 *
 * Nothing here passes the control character behind the frame: no literal holds one, no number and
 * no name goes over one. Up to 64 bytes behind the frame are read, whatever lies there. */
#ifndef PITWALL_GATEWAY_USUAL_H
#define PITWALL_GATEWAY_USUAL_H

#include "gateway/number.h"
#include "gateway/scan.h"

#include <string.h>

/* Where we are in the frame, and the grid of its numbers. To be fast it must stay in registers:
 * a function that is not inlined takes its parts. */
struct usual {
    const char *at;
    const char *start; /* what lies before it cannot be read */
    const struct scan_grid *grid;
};

#define USUAL_INLINE static inline __attribute__((always_inline))

/* A literal has a length known to the compiler, so that this becomes a few wide compares. */
#define SKIP(scan, literal) usual_skip(scan, literal, sizeof(literal) - 1)
#define MAY_SKIP(scan, literal) ((void)SKIP(scan, literal))

USUAL_INLINE bool usual_skip(struct usual *scan, const char *literal, size_t length)
{
    if (memcmp(scan->at, literal, length) != 0)
        return false;
    scan->at += length;
    return true;
}

USUAL_INLINE bool usual_count(struct usual *scan, int64_t *value)
{
    return number_count(&scan->at, value);
}

/* Exact on a grid whose unit is not the last decimal. */
USUAL_INLINE bool usual_divide(int64_t *value, int64_t units)
{
    int64_t whole = *value / units;

    if (whole * units != *value)
        return false;
    *value = whole;
    return true;
}

/* `plain`, known to the compiler: ticks and lots are units of the last decimal. */
USUAL_INLINE bool usual_price(struct usual *scan, bool plain, int64_t *ticks)
{
    return number_decimal(&scan->at, scan->grid->price_decimals, ticks) &&
           (plain || usual_divide(ticks, scan->grid->tick_units)) && *ticks <= MAX_PRICE_TICKS;
}

USUAL_INLINE bool usual_size(struct usual *scan, bool plain, int64_t *lots)
{
    return number_decimal(&scan->at, scan->grid->qty_decimals, lots) &&
           (plain || usual_divide(lots, scan->grid->lot_units)) && *lots <= MAX_LOTS;
}

/* A short name, as symbols and streams are, and its closing quote. */
USUAL_INLINE bool usual_name(struct usual *scan, struct scan_text *text)
{
    uint32_t length = number_text(scan->at);

    if (length == NUMBER_TEXT_MAX)
        return false;
    *text = (struct scan_text){scan->at, length};
    scan->at += length + 1;
    return true;
}

/* At a first level: `["61773.6","1001"],..]`. Returns what stands behind the list's end; NULL when
 * there is something else than at most `most` levels. */
const char *usual_levels(const char *at, const char *start, const struct scan_grid *grid,
                         struct level *levels, uint32_t most, uint32_t *used);

/* The same from behind `[`, and the list may be empty. Returns how many, or `most` + 1. */
USUAL_INLINE uint32_t usual_list(struct usual *scan, struct level *levels, uint32_t most)
{
    uint32_t used;
    const char *end;

    if (SKIP(scan, "]"))
        return 0;
    end = usual_levels(scan->at, scan->start, scan->grid, levels, most, &used);
    if (end == NULL)
        return most + 1;
    scan->at = end;
    return used;
}

#endif
