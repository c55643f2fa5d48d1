#include "gateway/recording/probe_bybit.h"

#include <string.h>

struct wanted {
    const char *symbol;
    struct bybit_grid grid;
};

static const struct bybit_grid *find_grid(void *ctx, const char *symbol, uint32_t length)
{
    const struct wanted *wanted = ctx;
    size_t known = strlen(wanted->symbol);

    return known == 0 || (known == length && memcmp(wanted->symbol, symbol, length) == 0)
               ? &wanted->grid
               : NULL;
}

bool probe_is_bybit(const char *frame, size_t length)
{
    static const char *const topics[] = {"{\"topic\":\"orderbook.", "{\"topic\":\"publicTrade.",
                                         "{\"topic\":\"tickers."};

    for (size_t at = 0; at < sizeof topics / sizeof topics[0]; at++)
        if (length > strlen(topics[at]) && memcmp(frame, topics[at], strlen(topics[at])) == 0)
            return true;
    return false;
}

enum bybit_reason probe_bybit_decode(const char *frame, size_t length, const char *symbol,
                                     struct binance_grid *grid, struct bybit_frame *decoded,
                                     struct level *levels)
{
    struct wanted wanted = {.symbol = symbol};
    struct bybit_trade trades[BYBIT_TRADES_MAX];
    const struct bybit_room room = {.find = find_grid,
                                    .ctx = &wanted,
                                    .levels = levels,
                                    .trades = trades,
                                    .levels_max = MAX_MARKET_LEVELS};

    for (;;) {
        enum bybit_reason reason;

        wanted.grid = (struct bybit_grid){.price_decimals = grid->price_decimals,
                                          .qty_decimals = grid->qty_decimals,
                                          .tick_units = 1,
                                          .lot_units = 1};
        reason = bybit_decode(frame, length, &room, decoded);
        if (reason == BYBIT_OFF_TICK && grid->price_decimals < BINANCE_DECIMALS_MAX)
            grid->price_decimals++;
        else if (reason == BYBIT_OFF_LOT && grid->qty_decimals < BINANCE_DECIMALS_MAX)
            grid->qty_decimals++;
        else
            return reason;
    }
}

/* On spot `ts` precedes `type`, on linear it follows; level 1 is spot's way on both. */
static void note_order(struct bybit_hints *hints, const char *frame, size_t length)
{
    const char *type = memmem(frame, length, "\"type\":", 7);
    const char *ts = memmem(frame, length, "\"ts\":", 5);

    if (type && ts)
        *(type < ts ? &hints->linear : &hints->spot) = true;
}

void probe_bybit(struct probe *probe, struct bybit_hints *hints, const char *frame, size_t length,
                 struct level *levels)
{
    struct bybit_frame decoded;

    if (probe_bybit_decode(frame, length, probe->symbol, &probe->grid, &decoded, levels) !=
            BYBIT_FINE ||
        decoded.symbol.length == 0 || decoded.symbol.length >= MAX_NAME ||
        (decoded.kind != BYBIT_SNAPSHOT && decoded.kind != BYBIT_DELTA &&
         decoded.kind != BYBIT_TRADES && decoded.kind != BYBIT_TICKER))
        return;
    if (probe->symbol[0] == '\0')
        memcpy(probe->symbol, decoded.symbol.at, decoded.symbol.length);
    hints->frames++;
    if (decoded.kind == BYBIT_TICKER && (decoded.has & (BYBIT_HAS_MARK | BYBIT_HAS_FUNDING)))
        hints->linear = true;
    if (decoded.kind != BYBIT_SNAPSHOT && decoded.kind != BYBIT_DELTA)
        return;
    if (decoded.depth > 1)
        note_order(hints, frame, length);
    if (decoded.depth > probe->depth)
        probe->depth = decoded.depth;
}

enum market probe_bybit_market(const struct bybit_hints *hints, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    if (strncmp(name, "bybit-spot_", 11) == 0)
        return MARKET_BYBIT_SPOT;
    if (strncmp(name, "bybit-linear_", 13) == 0)
        return MARKET_BYBIT_LINEAR;
    return hints->spot && !hints->linear ? MARKET_BYBIT_SPOT : MARKET_BYBIT_LINEAR;
}
