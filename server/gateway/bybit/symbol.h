/* An instrument as Bybit spells it: names, and its grid of ticks and lots.
 *
 * Made at the open, read-only after that. Values of the venue are exact on the grid or refused:
 * never rounded, and never zero because they could not be read. Gateway's thread. */
#ifndef PITWALL_GATEWAY_BYBIT_SYMBOL_H
#define PITWALL_GATEWAY_BYBIT_SYMBOL_H

#include "engine.h"

#include <jansson.h>

enum { BYBIT_SYMBOL_MAX = 32, BYBIT_ARGS_MAX = 96 };
/* Of the year 2248: in ns it still fits. */
#define BYBIT_TIME_MAX_MS ((int64_t)1 << 43)

struct bybit_symbol {
    char name[BYBIT_SYMBOL_MAX]; /* "BTCUSDT" */
    char args[BYBIT_ARGS_MAX];   /* "category":"linear","symbol":"BTCUSDT" */
    size_t args_length;
    const struct instrument *row;
    uint16_t instrument;
    bool is_spot;
    char base_coin[16]; /* of spot, from the instruments' query; empty: not known yet */
};

/* A symbol of the venue: A-Z, 0-9 and '-', at least one, below BYBIT_SYMBOL_MAX. */
bool bybit_symbol_is_fine(const char *symbol);
/* False: the instrument's name has no symbol after its colon, or one that is not fine. */
bool bybit_symbol_init(struct bybit_symbol *symbol, const struct instrument *row,
                       uint16_t instrument, bool is_spot);
static inline const char *bybit_category(bool is_spot)
{
    return is_spot ? "spot" : "linear";
}

/* Members of an object. False: not there, not of that form, off the grid or out of bounds. Decimals
 * are JSON strings; whole numbers are strings or numbers. */
bool bybit_text(const json_t *object, const char *key, const char **text);
bool bybit_whole(const json_t *object, const char *key, int64_t *value);
bool bybit_ticks(const struct bybit_symbol *symbol, const json_t *object, const char *key,
                 int64_t *ticks); /* >= 0 */
bool bybit_lots(const struct bybit_symbol *symbol, const json_t *object, const char *key,
                int64_t *lots); /* >= 0 */
/* Money or a ratio in 1e-8; what is finer is rounded up, so that a cost is never too small. */
bool bybit_money_up(const char *text, int64_t *value_e8);
/* A balance in 1e-8; what is finer is cut. */
bool bybit_money_down(const char *text, int64_t *value_e8);

#endif
