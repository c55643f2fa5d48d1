/* Lines of a recording of Bybit: what recording.c does with Binance's, for one instrument. One
 * thread, no allocation after the making; a player lives in the recording's memory. */
#ifndef PITWALL_GATEWAY_RECORDING_BYBIT_H
#define PITWALL_GATEWAY_RECORDING_BYBIT_H

#include "gateway/bybit/chain.h"
#include "gateway/recording/recording.h"

struct bybit_player {
    char symbol[MAX_NAME];
    uint16_t depth; /* the book is that of this depth; others are OTHER */
    struct bybit_grid grid;
    struct bybit_chain chain;
    struct bybit_frame frame; /* the newest */
    uint32_t trade_at, trade_count;
    struct bybit_trade trade[BYBIT_TRADES_MAX];
};

/* A new start: an empty book. */
void bybit_player_start(struct bybit_player *player, const char *symbol, uint16_t depth,
                        uint32_t price_decimals, uint32_t qty_decimals, uint16_t instrument);

/* Takes a frame. *goes_out: *update is the next one, but for its received_ns (its levels are the
 * room for decoding). After it, call bybit_player_more() until it is false. */
enum bybit_reason bybit_player_take(struct bybit_player *player, const char *text, size_t length,
                                    struct market_update *update, struct recording_counts *counts,
                                    bool *goes_out);
/* The further trades of the frame. */
bool bybit_player_more(struct bybit_player *player, struct market_update *update);

#endif
