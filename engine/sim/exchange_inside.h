/* Inside the matching engine: what exchange.c (orders), exchange_levels.c (prices) and
 * exchange_ids.c (names) share. Nobody else includes it, but for the test of its invariants.
 *
 * Everything that is linked lies in one array of 16-byte cells and is named by a 32-bit index:
 *
 *   0 .. 4095                 the levels of the window; a price is at its low 12 bits
 *   4096 .. 4095 + orders     the levels outside it
 *   from orders_at            orders, two cells each, on 32-byte boundaries
 *
 * A level and the orders at its price form a ring through `links`: the level's next is the order
 * that trades first, its previous the one that came last; an empty level is linked to itself. So an
 * order is taken out without asking whether it was first, last or alone.
 *
 * A rank is a price turned so that better is greater: the price of a bid, minus that of an ask. */
#ifndef PITWALL_SIM_EXCHANGE_INSIDE_H
#define PITWALL_SIM_EXCHANGE_INSIDE_H

#include "base/assert.h"
#include "base/ring.h" /* CACHE_LINES_APART */
#include "sim/exchange.h"

#include <stdalign.h>

enum {
    EXCHANGE_WINDOW_MASK = EXCHANGE_WINDOW_TICKS - 1,
    EXCHANGE_WORDS = EXCHANGE_WINDOW_TICKS / 64,
};
#define EXCHANGE_NONE UINT32_MAX
#define EXCHANGE_NO_RANK (-(1LL << 40)) /* worse than any, and a sum of two is still in range */
#define EXCHANGE_TURN (1ULL << 32)

/* Of what happens to one message in ten: kept out of the way of the nine. */
#define EXCHANGE_SELDOM __attribute__((noinline))

struct exchange_links {
    uint32_t next, previous;
};

union exchange_cell {
    struct exchange_links links;
    struct {
        struct exchange_links links;
        uint64_t lots;
    } level;
    struct { /* first half of an order; links.next of a free one is the next free one */
        struct exchange_links links;
        uint32_t lots, price_ticks; /* lots 0: not in use */
    } order;
    struct {         /* its second half */
        uint64_t id; /* of a free one with IDS_OWN: its next */
        uint16_t account;
        uint8_t side, flags;
        uint32_t unused;
    } owner;
};

/* A level outside the window. */
struct exchange_deep {
    uint32_t price_ticks, cell;
};

struct exchange_half {
    int64_t best_rank;          /* EXCHANGE_NO_RANK: empty */
    uint64_t summary;           /* one bit for each word of `bits` that is not 0 */
    struct exchange_deep *deep; /* worst first */
    uint32_t deep_count;
    uint64_t bits[EXCHANGE_WORDS]; /* of the window, at the low 12 bits of the price */
};

struct exchange {
    union exchange_cell *cells;
    uint32_t base_ticks; /* lowest price of the window, a multiple of 64 */
    uint32_t free_order, free_deep;
    uint32_t resting;
    uint32_t misses, window_levels; /* accesses outside the window since it was moved */
    exchange_event_fn tell;
    void *ctx;
    uint64_t execs;
    uint8_t *policies; /* [taker * accounts + maker] */
    uint64_t *table;   /* IDS_FOREIGN: hash << 32 | order's place + 1; 0: empty */
    uint32_t table_bits;
    uint32_t orders_at; /* cell of the first order */
    struct exchange_config config;
    struct exchange_half half[2]; /* by enum side */
};

static inline int64_t exchange_rank(uint8_t side, uint32_t price_ticks)
{
    int64_t flip = -(int64_t)side; /* SIDE_BUY 0, SIDE_SELL 1 */

    return ((int64_t)price_ticks ^ flip) - flip;
}

static inline uint32_t exchange_rank_ticks(uint8_t side, int64_t rank)
{
    int64_t flip = -(int64_t)side;

    return (uint32_t)((rank ^ flip) - flip);
}

static inline uint8_t exchange_opposite(uint8_t side)
{
    return side ^ 1;
}

/* True when an order of `side` at that rank trades with the opposite best. */
static inline bool exchange_crosses(const struct exchange *exchange, uint8_t side, int64_t rank)
{
    return rank + exchange->half[exchange_opposite(side)].best_rank >= 0;
}

static inline bool exchange_in_window(const struct exchange *exchange, uint32_t price_ticks)
{
    return price_ticks - exchange->base_ticks < EXCHANGE_WINDOW_TICKS;
}

/* exchange_levels.c */
void exchange_levels_init(struct exchange *exchange);
/* The cell of a level that is there. */
uint32_t exchange_deep_find(struct exchange *exchange, uint8_t side, uint32_t price_ticks);
/* The same, made if need be; an empty one is then given its first order. Moves the window first, if
 * that is worth it. */
uint32_t exchange_deep_open(struct exchange *exchange, uint8_t side, uint32_t price_ticks);
/* After a level of the window got its first order, and after any level lost its last. */
void exchange_level_opened(struct exchange *exchange, uint8_t side, uint32_t price_ticks);
void exchange_level_closed(struct exchange *exchange, uint8_t side, uint32_t price_ticks);
/* The best rank that is worse than `rank`. */
int64_t exchange_rank_after(const struct exchange *exchange, uint8_t side, int64_t rank);
/* The cell of a level that is there. */
static inline uint32_t exchange_level(struct exchange *exchange, uint8_t side, uint32_t price_ticks)
{
    if (exchange_in_window(exchange, price_ticks))
        return price_ticks & EXCHANGE_WINDOW_MASK;
    return exchange_deep_find(exchange, side, price_ticks);
}

static inline uint32_t exchange_open(struct exchange *exchange, uint8_t side, uint32_t price_ticks)
{
    if (exchange_in_window(exchange, price_ticks))
        return price_ticks & EXCHANGE_WINDOW_MASK;
    return exchange_deep_open(exchange, side, price_ticks);
}

/* exchange_ids.c: an order is named by its first cell. */
void exchange_ids_init(struct exchange *exchange);
/* Where in the table the entry of an id is, or the empty entry where it would go. */
uint32_t exchange_table_at(const struct exchange *exchange, uint64_t id);
void exchange_table_put(struct exchange *exchange, uint32_t at, uint64_t id, uint32_t order);
void exchange_table_remove(struct exchange *exchange, uint32_t at);

static inline uint32_t exchange_entry_order(const struct exchange *exchange, uint64_t entry)
{
    return entry == 0 ? EXCHANGE_NONE : exchange->orders_at + 2 * ((uint32_t)entry - 1);
}

/* The order that rests under an id, or EXCHANGE_NONE. *at is its entry in the table, if any. */
static inline uint32_t exchange_order_find(const struct exchange *exchange, uint64_t id,
                                           uint32_t *at)
{
    uint32_t place = exchange_place(id);
    uint32_t order = exchange->orders_at + 2 * place;

    if (exchange->config.ids == EXCHANGE_IDS_FOREIGN) {
        *at = exchange_table_at(exchange, id);
        return exchange_entry_order(exchange, exchange->table[*at]);
    }
    *at = 0;
    if (place >= exchange->config.orders || exchange->cells[order + 1].owner.id != id ||
        exchange->cells[order].order.lots == 0)
        return EXCHANGE_NONE;
    return order;
}

/* Takes a place for an order; there is one. */
static inline uint32_t exchange_place_take(struct exchange *exchange)
{
    uint32_t place = exchange->free_order;

    exchange->free_order = exchange->cells[place].links.next;
    exchange->resting++;
    return place;
}

/* Its next order has the next turn: no id comes back. */
static inline void exchange_place_free(struct exchange *exchange, uint32_t place)
{
    union exchange_cell *cells = exchange->cells;

    if (exchange->config.ids == EXCHANGE_IDS_OWN)
        cells[place + 1].owner.id += EXCHANGE_TURN;
    cells[place].order.lots = 0;
    cells[place].links.next = exchange->free_order;
    exchange->free_order = place;
    exchange->resting--;
}

static inline void exchange_order_free(struct exchange *exchange, uint32_t order, uint32_t at)
{
    if (exchange->config.ids == EXCHANGE_IDS_FOREIGN)
        exchange_table_remove(exchange, at);
    exchange_place_free(exchange, order);
}

#endif
