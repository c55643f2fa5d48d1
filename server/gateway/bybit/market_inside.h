/* What the parts of the market session share: market.c (frames), lines.c (connections, ages),
 * market_open.c (opening, and what others may ask). */
#ifndef PITWALL_GATEWAY_BYBIT_MARKET_INSIDE_H
#define PITWALL_GATEWAY_BYBIT_MARKET_INSIDE_H

#include "gateway/bybit/chain.h"
#include "gateway/bybit/market.h"
#include "gateway/bybit/trade_ids.h"

enum { SYMBOL_SLOTS = 128 };

struct item {
    char symbol[MAX_NAME];
    uint32_t symbol_length;
    struct bybit_grid grid;
    struct bybit_chain chain;
    struct book *book; /* a copy, to notice what the engine's book will not take */
    struct trade_ids trades;
    bool had_book, late;
    int64_t received_ns, progress_ns;
    int64_t asked_ns[CHAIN_LINKS]; /* for a snapshot on that connection */
    bool wanted[CHAIN_LINKS];      /* one is to be asked for, when a second has passed */
    struct bybit_ticker ticker;
};

struct line { /* one connection */
    struct bybit_market *market;
    uint32_t index;
    struct net_socket *socket;
    uint64_t epoch;
    bool up, failed;
    int64_t banned_until_ns; /* 0: not */
};

struct bybit_market {
    struct bybit_market_config config;
    struct line line[CHAIN_LINKS];
    uint32_t lines;
    struct item *item;          /* of each listing */
    uint8_t slot[SYMBOL_SLOTS]; /* 1 + index of an item; 0: none */
    struct bybit_room room;
    struct bybit_trade *trades;
    struct market_update *update;
    struct bybit_market_counters counters;
    int64_t now_ns;
};

/* market.c */
struct item *market_find(const struct bybit_market *market, const char *symbol, uint32_t length);
void market_put_symbol(struct bybit_market *market, uint16_t index);
void market_send_lost(struct bybit_market *market, const struct item *item);
void market_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns);

/* lines.c */
enum status market_open_line(struct bybit_market *market, struct net *net, uint32_t index,
                             struct err *err);
/* For a snapshot of this book on this connection, unless that was done within a second. */
void market_ask_again(struct bybit_market *market, struct item *item, uint32_t index);

#endif
