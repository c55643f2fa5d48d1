/* The tolerant reading of venues' JSON: any order of keys, any white space, unknown keys; and the
 * values in it, exact on an instrument's grid or refused with the reason.
 *
 * A decoder walks the frame once with a scan_reader, notes the places of the values it knows (as
 * they stand, quotes included), then converts those of the frame's kind. Nothing here allocates or
 * uses a float. Any thread. As for the fast readers (number.h) the frame is followed by a control
 * character or NUL and 64 readable bytes. Cost: about 1 ns a byte. */
#ifndef PITWALL_GATEWAY_SCAN_H
#define PITWALL_GATEWAY_SCAN_H

#include "engine.h"

enum { SCAN_DEPTH_MAX = 16, SCAN_PADDING = 64 };

/* What every decoder can find wrong; a venue's own list begins with these. */
enum scan_reason {
#define REASON(ID, says) SCAN_##ID,
#include "gateway/reasons.def"
#undef REASON
};

struct scan_text {
    const char *at; /* into the frame; NULL: not there */
    uint32_t length;
};

/* price = ticks * tick_units * 10^-price_decimals, size likewise (domain/instrument.h). */
struct scan_grid {
    uint32_t price_decimals, qty_decimals; /* at most NUMBER_DECIMALS_MAX */
    int64_t tick_units, lot_units;
};

struct scan_reader {
    const char *at, *end;
    enum scan_reason reason; /* the first that was found */
};

/* --- form --- */

bool scan_fail(struct scan_reader *reader, enum scan_reason reason); /* false, always */
bool scan_broken(struct scan_reader *reader);                        /* CUT at the end */
void scan_blanks(struct scan_reader *reader);
/* Skips blanks and then `c`, if it is there. */
bool scan_take(struct scan_reader *reader, char c);
/* A string with its quotes. */
bool scan_string(struct scan_reader *reader, struct scan_text *text);
/* A key and its colon. */
bool scan_key(struct scan_reader *reader, struct scan_text *key);
/* Any value; `text` is the place of it, without the blanks in front. */
bool scan_value(struct scan_reader *reader, uint32_t depth, struct scan_text *text);

/* --- values --- */

struct scan_text scan_unquoted(struct scan_text text);
bool scan_is(struct scan_text text, const char *word);
bool scan_same(struct scan_text a, struct scan_text b);

/* Digits that fit an int64. */
enum scan_reason scan_count(struct scan_text text, int64_t *value);
/* A decimal without its quotes, in units of 10^-scale; 0 <= *value <= most <= INT64_MAX / 16. */
enum scan_reason scan_decimal(struct scan_text text, uint32_t scale, int64_t most,
                              enum scan_reason malformed, enum scan_reason off_grid,
                              int64_t *value);
/* Quoted or not. Price 0 is NOT_PRICE unless it may be. */
enum scan_reason scan_price(struct scan_text text, const struct scan_grid *grid, bool may_be_zero,
                            int64_t *ticks);
enum scan_reason scan_size(struct scan_text text, const struct scan_grid *grid, int64_t *lots);
/* A list [["price","size"],..] that scan_value has passed; what stands behind the size is ignored.
 * *wrong is the value refused. */
enum scan_reason scan_levels(struct scan_text list, const struct scan_grid *grid,
                             struct level *levels, uint32_t most, uint16_t *used,
                             struct scan_text *wrong);

#endif
