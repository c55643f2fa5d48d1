#include "gateway/recording/probe.h"

#include "gateway/recording/probe_bybit.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_AHEAD_BYTES = 1 << 20, BP_TENTH_E8 = 1000 };

static const struct {
    const char *venue;
    int64_t maker_fee, taker_fee; /* tenths of a bp; of an account without discounts, 2024 */
} markets[] = {
    [MARKET_SPOT] = {"binance-spot", 100, 100},
    [MARKET_USDM] = {"binance-usdm", 20, 50},
    [MARKET_COINM] = {"binance-coinm", 20, 50},
    [MARKET_BYBIT_LINEAR] = {"bybit-linear", 20, 55},
    [MARKET_BYBIT_SPOT] = {"bybit-spot", 100, 100},
};

bool probe_time(const char *text, size_t length, int64_t *ns, const char **frame,
                size_t *frame_length)
{
    uint64_t value = 0;
    size_t digits = 0;

    for (; digits < length && digits < 20; digits++) {
        uint32_t digit = (uint32_t)(unsigned char)text[digits] - '0';

        if (digit > 9)
            break;
        value = value * 10 + digit;
    }
    if ((digits != 19 && digits != 16) || digits + 1 >= length || text[digits] != ' ')
        return false;
    if (value > (uint64_t)INT64_MAX)
        return false;
    *ns = digits == 16 ? (int64_t)value * 1000 : (int64_t)value;
    *frame = text + digits + 1;
    *frame_length = length - digits - 1;
    return true;
}

enum binance_reason probe_decode(const char *frame, size_t length, struct binance_grid *grid,
                                 struct binance_frame *decoded, struct level *levels)
{
    for (;;) {
        enum binance_reason reason =
            binance_decode(frame, length, grid, decoded, levels, MAX_MARKET_LEVELS);

        if (reason == BINANCE_OFF_TICK && grid->price_decimals < BINANCE_DECIMALS_MAX)
            grid->price_decimals++;
        else if (reason == BINANCE_OFF_LOT && grid->qty_decimals < BINANCE_DECIMALS_MAX)
            grid->qty_decimals++;
        else
            return reason;
    }
}

struct hints {
    bool depth, pu, typed_ticker;
};

static void note(struct probe *probe, struct hints *hints, const struct binance_frame *frame)
{
    if (frame->symbol.length > 0 && frame->symbol.length < MAX_NAME && probe->symbol[0] == '\0')
        memcpy(probe->symbol, frame->symbol.at, frame->symbol.length);
    hints->depth |= frame->kind == BINANCE_DEPTH;
    hints->pu |= frame->kind == BINANCE_DEPTH && frame->has_prev;
    hints->typed_ticker |= frame->kind == BINANCE_TICKER && frame->has_type;
}

/* Without a single diff to tell by, a bookTicker that names its type is of futures. */
static enum market market_of(const struct probe *probe, const struct hints *hints)
{
    const char *underscore = strchr(probe->symbol, '_');

    if (underscore && underscore - probe->symbol > 3 && memcmp(underscore - 3, "USD", 3) == 0)
        return MARKET_COINM;
    return hints->pu || (!hints->depth && hints->typed_ticker) ? MARKET_USDM : MARKET_SPOT;
}

enum status probe_file(struct lines *lines, const char *path, struct level *levels,
                       struct probe *probe, struct err *err)
{
    struct hints hints = {0};
    struct bybit_hints bybit = {0};
    size_t seen = 0;
    enum lines_result result;
    const char *text;
    size_t length = 0;
    enum status status = lines_open(lines, path, err);

    if (status != OK)
        return status;
    *probe = (struct probe){.first_ns = -1};
    while (seen < LOOK_AHEAD_BYTES && (result = lines_next(lines, &text, &length)) != LINES_END) {
        struct binance_frame frame;
        const char *at;
        int64_t ns;

        if (result == LINES_BAD || !probe_time(text, length, &ns, &at, &length))
            continue;
        seen += length;
        probe->first_ns = probe->first_ns < 0 ? ns : probe->first_ns;
        if (probe_is_bybit(at, length))
            probe_bybit(probe, &bybit, at, length, levels);
        else if (probe_decode(at, length, &probe->grid, &frame, levels) == BINANCE_FINE)
            note(probe, &hints, &frame);
    }
    if (probe->symbol[0] == '\0') {
        err_set(err, ERR_DAMAGED, "no frame of Binance or Bybit with a symbol in its first MiB");
        return err_wrap(err, ERR_DAMAGED, path);
    }
    probe->market = bybit.frames > 0 ? probe_bybit_market(&bybit, path) : market_of(probe, &hints);
    return OK;
}

/* The quote of a linear symbol is one of those that Binance quotes in; USDT when none fits. */
static const char *quote_of(const char *symbol)
{
    static const char *const quotes[] = {"FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP",
                                         "DAI",   "BTC",  "ETH",  "BNB",  "EUR",  "TRY",
                                         "GBP",   "BRL",  "JPY",  "USD"};
    size_t length = strcspn(symbol, "_");

    for (size_t i = 0; i < sizeof quotes / sizeof quotes[0]; i++) {
        size_t quote = strlen(quotes[i]);

        if (length > quote && memcmp(symbol + length - quote, quotes[i], quote) == 0)
            return quotes[i];
    }
    return "USDT";
}

static void value_inverse(const struct probe *probe, struct instrument *row, char currency[16])
{
    const char *end = strstr(probe->symbol, "USD_");
    int64_t contract_usd;

    snprintf(currency, 16, "%.*s", (int)(end - probe->symbol), probe->symbol);
    contract_usd = strcmp(currency, "BTC") == 0 ? 100 : 10;
    row->inverse = true;
    row->inverse_value_e8_ticks = contract_usd * MONEY_ONE_E8 * decimal_one(row->price_decimals) /
                                  decimal_one(row->qty_decimals);
}

bool probe_instrument(const struct probe *probe, struct instrument *row, char venue[MAX_NAME],
                      char currency[16])
{
    const char *name = markets[probe->market].venue;
    uint32_t decimals = probe->grid.price_decimals + probe->grid.qty_decimals;

    *row = (struct instrument){.price_decimals = probe->grid.price_decimals,
                               .qty_decimals = probe->grid.qty_decimals,
                               .tick_units = 1,
                               .lot_units = 1,
                               .maker_fee_e8 = markets[probe->market].maker_fee * BP_TENTH_E8,
                               .taker_fee_e8 = markets[probe->market].taker_fee * BP_TENTH_E8};
    snprintf(venue, MAX_NAME, "%s", name);
    if (probe->market == MARKET_COINM) {
        value_inverse(probe, row, currency);
    } else {
        snprintf(currency, 16, "%s", quote_of(probe->symbol));
        row->tick_value_e8 = decimals <= 8 ? decimal_one(8 - decimals) : 0;
    }
    return snprintf(row->name, sizeof row->name, "%s:%s", name, probe->symbol) <
           (int)sizeof row->name;
}
