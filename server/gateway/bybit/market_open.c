/* The market session opened, and what others may ask of it. */
#include "gateway/bybit/market_inside.h"

#include "gateway/bybit/subscribe.h"
#include "gateway/bybit/symbol.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_USUAL = 50 };
#define HEARTBEAT_NS 20000000000LL
#define STALE_RECEIVED_NS 5000000000LL
#define STALE_PROGRESS_NS 10000000000LL

static const struct bybit_grid *find_grid(void *ctx, const char *symbol, uint32_t length)
{
    const struct item *item = market_find(ctx, symbol, length);

    return item ? &item->grid : NULL;
}

static enum status make_book(struct item *item, struct err *err)
{
    size_t size = (book_size() + CACHE_LINES_APART - 1) & ~(size_t)(CACHE_LINES_APART - 1);

    item->book = aligned_alloc(CACHE_LINES_APART, size);
    if (!item->book)
        return err_set(err, ERR_INTERNAL, "no memory for a book");
    book_init(item->book, item->grid.instrument);
    return OK;
}

static enum status put_items(struct bybit_market *market, struct err *err)
{
    for (uint16_t at = 0; at < market->config.count; at++) {
        const char *symbol = market->config.listings[at].symbol;

        if (!bybit_symbol_is_fine(symbol))
            return err_format(err, ERR_CONFIG, "symbol \"%.40s\": not one of Bybit's (A-Z, 0-9, -)",
                              symbol);
        if (market_find(market, symbol, (uint32_t)strlen(symbol)))
            return err_format(err, ERR_CONFIG, "symbol %s: given twice", symbol);
        market_put_symbol(market, at);
        if (make_book(&market->item[at], err) != OK)
            return err->status;
    }
    return OK;
}

static enum status take_memory(struct bybit_market *market, struct err *err)
{
    market->item = calloc(market->config.count, sizeof *market->item);
    market->trades = calloc(BYBIT_TRADES_MAX, sizeof *market->trades);
    market->update =
        calloc(1, sizeof *market->update + MAX_MARKET_LEVELS * sizeof market->update->levels[0]);
    if (!market->item || !market->trades || !market->update)
        return err_set(err, ERR_INTERNAL, "no memory for the market");
    market->room = (struct bybit_room){.find = find_grid,
                                       .ctx = market,
                                       .levels = market->update->levels,
                                       .trades = market->trades,
                                       .levels_max = MAX_MARKET_LEVELS};
    return OK;
}

static void fill_config(struct bybit_market_config *config)
{
    config->depth = config->depth == 0 ? DEPTH_USUAL : config->depth;
    if (config->heartbeat_ns == 0)
        config->heartbeat_ns = HEARTBEAT_NS;
    if (config->stale_received_ns == 0)
        config->stale_received_ns = STALE_RECEIVED_NS;
    if (config->stale_progress_ns == 0)
        config->stale_progress_ns = STALE_PROGRESS_NS;
}

enum status bybit_market_open(struct bybit_market **opened, struct net *net,
                              const struct bybit_market_config *config, struct err *err)
{
    struct bybit_market *market = calloc(1, sizeof *market);
    enum status status;

    if (!market)
        return err_set(err, ERR_INTERNAL, "no memory for the market");
    assert(config->update && config->count > 0 && config->count <= MAX_INSTRUMENTS);
    market->config = *config;
    market->now_ns = clock_real_ns();
    fill_config(&market->config);
    status = take_memory(market, err);
    if (status == OK)
        status = put_items(market, err);
    while (status == OK && market->lines < (config->standby ? 2U : 1U)) {
        status = market_open_line(market, net, market->lines, err);
        market->lines += status == OK;
    }
    if (status != OK) {
        bybit_market_close(market);
        return status;
    }
    market->config.listings = NULL; /* borrowed until here */
    market->config.url = NULL;
    *opened = market;
    return OK;
}

void bybit_market_close(struct bybit_market *market)
{
    for (uint32_t at = 0; at < market->lines; at++)
        net_socket_close(market->line[at].socket);
    for (uint16_t at = 0; market->item && at < market->config.count; at++)
        free(market->item[at].book);
    free(market->item);
    free(market->trades);
    free(market->update);
    free(market);
}

/* ---- for whoever asks ------------------------------------------------------------------- */

static bool any_line(const struct bybit_market *market, bool up)
{
    for (uint32_t at = 0; at < market->lines; at++)
        if (up ? market->line[at].up : market->line[at].failed)
            return true;
    return false;
}

int64_t bybit_market_banned_until_ns(const struct bybit_market *market)
{
    int64_t until_ns = 0;

    for (uint32_t at = 0; at < market->lines; at++)
        if (market->line[at].banned_until_ns > until_ns)
            until_ns = market->line[at].banned_until_ns;
    return until_ns;
}

enum gateway_state bybit_market_state_of(const struct bybit_market *market, uint16_t index)
{
    const struct item *item = &market->item[index];

    assert(index < market->config.count);
    if (!any_line(market, true)) {
        if (bybit_market_banned_until_ns(market) > market->now_ns)
            return GATEWAY_BANNED;
        return any_line(market, false) ? GATEWAY_DOWN : GATEWAY_CONNECTING;
    }
    if (item->chain.fresh)
        return GATEWAY_READY;
    return item->late ? GATEWAY_STALE : GATEWAY_SYNCING;
}

enum gateway_state bybit_market_state(const struct bybit_market *market)
{
    bool syncing = false;

    for (uint16_t at = 0; at < market->config.count; at++) {
        enum gateway_state state = bybit_market_state_of(market, at);

        if (state != GATEWAY_READY && state != GATEWAY_SYNCING)
            return state;
        syncing = syncing || state == GATEWAY_SYNCING;
    }
    return syncing ? GATEWAY_SYNCING : GATEWAY_READY;
}

struct bybit_mark bybit_market_mark(const struct bybit_market *market, uint16_t index)
{
    assert(index < market->config.count);
    return market->item[index].ticker.mark;
}

struct bybit_market_counters bybit_market_counters(const struct bybit_market *market)
{
    struct bybit_market_counters counters = market->counters;

    for (uint16_t at = 0; at < market->config.count; at++) {
        const struct bybit_chain *chain = &market->item[at].chain;

        counters.copies += chain->copies;
        counters.repeats += chain->repeats;
        counters.gaps += chain->gaps;
        counters.resets += chain->resets;
    }
    return counters;
}
