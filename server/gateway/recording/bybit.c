#include "gateway/recording/bybit.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct bybit_grid *find_grid(void *ctx, const char *symbol, uint32_t length)
{
    const struct bybit_player *player = ctx;

    return strlen(player->symbol) == length && memcmp(player->symbol, symbol, length) == 0
               ? &player->grid
               : NULL;
}

void bybit_player_start(struct bybit_player *player, const char *symbol, uint16_t depth,
                        uint32_t price_decimals, uint32_t qty_decimals, uint16_t instrument)
{
    snprintf(player->symbol, sizeof player->symbol, "%s", symbol);
    player->depth = depth;
    player->grid = (struct bybit_grid){.price_decimals = price_decimals,
                                       .qty_decimals = qty_decimals,
                                       .tick_units = 1,
                                       .lot_units = 1,
                                       .instrument = instrument};
    player->chain = (struct bybit_chain){.fresh = false};
    player->trade_at = player->trade_count = 0;
}

static void head(const struct bybit_player *player, struct market_update *update, int64_t venue_ms)
{
    update->instrument = player->grid.instrument;
    update->flags = 0;
    update->venue_ns = venue_ms * 1000000;
}

static void say_lost(struct market_update *update)
{
    update->kind = MARKET_LOST;
    update->bid_count = update->ask_count = 0;
    update->prev_update_id = update->update_id = 0;
}

static bool take_book(struct bybit_player *player, struct market_update *update,
                      struct recording_counts *counts)
{
    const struct bybit_frame *frame = &player->frame;
    enum chain_step step;

    if (frame->depth != player->depth) {
        counts->others++;
        return false;
    }
    *(frame->kind == BYBIT_SNAPSHOT ? &counts->snapshots : &counts->depth_events) += 1;
    head(player, update, frame->cts_ms != 0 ? frame->cts_ms : frame->ts_ms);
    step = bybit_chain_take(&player->chain, 0, frame, update);
    counts->sequence_gaps = player->chain.gaps;
    if (step == CHAIN_WAITING)
        counts->dropped++;
    if (step == CHAIN_LOST)
        say_lost(update);
    return step == CHAIN_OUT || step == CHAIN_LOST;
}

bool bybit_player_more(struct bybit_player *player, struct market_update *update)
{
    const struct bybit_trade *trade = &player->trade[player->trade_at];

    if (player->trade_at == player->trade_count)
        return false;
    player->trade_at++;
    head(player, update, trade->time_ms);
    update->kind = MARKET_TRADE;
    update->flags = trade->buyer_is_maker ? MARKET_BUYER_IS_MAKER : 0;
    update->bid_count = 1;
    update->ask_count = 0;
    update->prev_update_id = 0;
    update->update_id = (int64_t)trade->id;
    update->levels[0] = (struct level){trade->price_ticks, trade->qty_lots};
    return true;
}

/* The touch of a ticker may be 100 ms old: it is counted, and left to the book. */
static bool take_frame(struct bybit_player *player, struct market_update *update,
                       struct recording_counts *counts)
{
    switch (player->frame.kind) {
    case BYBIT_SNAPSHOT:
    case BYBIT_DELTA:
        return take_book(player, update, counts);
    case BYBIT_TRADES:
        counts->trades += player->frame.trade_count;
        player->trade_count = player->frame.trade_count;
        return bybit_player_more(player, update);
    case BYBIT_TICKER:
        counts->book_tickers++;
        return false;
    default:
        counts->others++;
        return false;
    }
}

enum bybit_reason bybit_player_take(struct bybit_player *player, const char *text, size_t length,
                                    struct market_update *update, struct recording_counts *counts,
                                    bool *goes_out)
{
    const struct bybit_room room = {.find = find_grid,
                                    .ctx = player,
                                    .levels = update->levels,
                                    .trades = player->trade,
                                    .levels_max = MAX_MARKET_LEVELS};
    enum bybit_reason reason = bybit_decode(text, length, &room, &player->frame);

    assert(player->trade_at == player->trade_count); /* the frame before is told */
    player->trade_at = player->trade_count = 0;
    *goes_out = reason == BYBIT_FINE && take_frame(player, update, counts);
    return reason;
}
