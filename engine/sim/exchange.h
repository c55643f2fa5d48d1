/* A matching engine: one instrument, orders of many accounts, price-time priority.
 *
 * Whole ticks and lots. The best price trades first, at one price who came first, at the price of
 * the order that rested. Prices are 1..MAX_PRICE_TICKS. Levels near the touch lie in a window of
 * EXCHANGE_WINDOW_TICKS with one bit a tick, so that an add, a cancel and a trade cost the same
 * however many orders rest; levels outside it lie in a sorted array per side (a binary search and
 * a move of what is better, at most 8 bytes a level). The window follows the touch, and is moved
 * only after as many accesses outside it as the move has levels to carry.
 *
 * Ids. EXCHANGE_IDS_OWN: the exchange names an order by its place in the pool and the turn of that
 * place (turn << 32 | place), as venues do; finding it is one load. EXCHANGE_IDS_FOREIGN: who sends
 * it names it by any 64-bit number but 0 that does not rest already; found by open addressing.
 *
 * Pure and deterministic: the same calls give the same events. One thread at a time. All memory is
 * the caller's, sized once; an order beyond the pool is refused, nothing grows. */
#ifndef PITWALL_SIM_EXCHANGE_H
#define PITWALL_SIM_EXCHANGE_H

#include "domain/market.h"
#include "domain/order.h"

#include <stddef.h>

enum {
    EXCHANGE_WINDOW_TICKS = 4096,
    EXCHANGE_ORDERS_MAX = 1 << 24,
    EXCHANGE_ACCOUNTS_MAX = 1024,
};
#define EXCHANGE_LOTS_MAX UINT32_MAX /* of one order */

enum exchange_ids { EXCHANGE_IDS_OWN, EXCHANGE_IDS_FOREIGN };

/* What happens when an order would trade with one that rests. */
enum exchange_policy {
    EXCHANGE_TRADE_ANY,  /* they trade: the default of every pair */
    EXCHANGE_CANCEL_NEW, /* what is left of the arriving order ends; the resting one stays */
    EXCHANGE_CANCEL_OLD, /* the resting order ends, the arriving one goes on */
};

struct exchange_config {
    uint32_t orders;            /* that can rest, 1..EXCHANGE_ORDERS_MAX */
    uint16_t accounts;          /* 1..EXCHANGE_ACCOUNTS_MAX; they are 0..accounts-1 */
    uint8_t ids;                /* enum exchange_ids */
    uint32_t market_band_ticks; /* a market order goes this far from the opposite touch */
};

struct exchange_order {
    uint64_t id;          /* EXCHANGE_IDS_FOREIGN; else not looked at */
    uint32_t price_ticks; /* TYPE_MARKET: not looked at */
    uint32_t lots;
    uint16_t account;
    uint8_t side, type, tif; /* of domain/order.h; a market order is IOC or FOK */
    uint8_t flags;           /* ORDER_POST_ONLY; the others are not looked at */
};

enum exchange_answer {
    /* Of a new or an amended order. */
    EXCHANGE_RESTS,      /* leaves_lots are in the book */
    EXCHANGE_FILLED,     /* whole */
    EXCHANGE_EXPIRED,    /* IOC, FOK or market: leaves_lots were not to be had */
    EXCHANGE_SELF,       /* EXCHANGE_CANCEL_NEW: leaves_lots ended before an order of the pair */
    EXCHANGE_WOULD_TAKE, /* post-only; an amended order stays as it was */
    EXCHANGE_INVALID,    /* price, lots, account, side, type or time in force; nothing changed */
    EXCHANGE_DUPLICATE,  /* a foreign id that rests already; nothing changed */
    EXCHANGE_FULL,       /* the pool; any order needs a place while it is looked at */
    /* Of a cancel or an amend. */
    EXCHANGE_CANCELLED, /* leaves_lots were in the book */
    EXCHANGE_UNKNOWN,   /* does not rest, or is another account's; nothing changed */
};

/* Filled is what was asked for less leaves_lots, in every answer. */
struct exchange_result {
    uint64_t id;
    uint32_t leaves_lots;
    uint32_t answer;
};

enum exchange_event_kind {
    EXCHANGE_EVENT_TRADE,
    EXCHANGE_EVENT_CANCEL, /* the maker ended by EXCHANGE_CANCEL_OLD; lots is what it had */
};

struct exchange_event {
    uint64_t exec; /* of a trade: 1, 2, 3.. */
    uint64_t maker_id, taker_id;
    uint32_t price_ticks, lots;
    uint32_t maker_leaves_lots;
    uint16_t maker_account, taker_account;
    uint8_t kind, taker_side;
};

/* Called in the order in which things happen, from within exchange_new() and exchange_amend(). It
 * must not call the exchange. */
typedef void (*exchange_event_fn)(void *ctx, const struct exchange_event *event);

struct exchange_resting {
    uint32_t price_ticks, lots;
    uint16_t account;
    uint8_t side;
};

struct exchange;

/* About 64 bytes an order (96 with foreign ids), 69 KiB for the window, accounts squared bytes. */
size_t exchange_size(const struct exchange_config *config);
/* `exchange` has exchange_size() bytes on a boundary of CACHE_LINES_APART. */
void exchange_init(struct exchange *exchange, const struct exchange_config *config,
                   exchange_event_fn tell, void *ctx);
/* What happens when an order of `taker` meets one of `maker`. */
void exchange_set_policy(struct exchange *exchange, uint16_t taker, uint16_t maker,
                         enum exchange_policy policy);

struct exchange_result exchange_new(struct exchange *exchange, const struct exchange_order *order);
struct exchange_result exchange_cancel(struct exchange *exchange, uint16_t account, uint64_t id);
/* `lots` are the new leaves. Fewer lots at the same price keep the place in the queue; anything
 * else leaves it, may take, and joins the end of its new queue under the same id. */
struct exchange_result exchange_amend(struct exchange *exchange, uint16_t account, uint64_t id,
                                      uint32_t price_ticks, uint32_t lots);

/* False: does not rest. */
bool exchange_find(const struct exchange *exchange, uint64_t id, struct exchange_resting *resting);
/* 0: nothing rests on that side. */
uint32_t exchange_best_ticks(const struct exchange *exchange, enum side side);
/* 0: nothing rests there. */
uint64_t exchange_level_lots(const struct exchange *exchange, enum side side, uint32_t price_ticks);
/* Best first; returns how many. */
uint32_t exchange_levels(const struct exchange *exchange, enum side side, struct level *levels,
                         uint32_t most);
uint32_t exchange_resting(const struct exchange *exchange);
/* The place of an id of EXCHANGE_IDS_OWN: 0..orders-1, for the caller's own table beside it. */
static inline uint32_t exchange_place(uint64_t id)
{
    return (uint32_t)id;
}

#endif
