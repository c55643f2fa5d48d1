/* Inside the venue core: what the files of this folder share. Nobody else includes it.
 *
 * Orders lie in a table of VENUE_ORDERS_MAX slots, an order at its number's low bits: a new order
 * takes the next number whose slot holds none that is active, and what was there is forgotten.
 * Each account has a list of its remembered orders (by number) and one of its active ones (by
 * age). An order counts from the moment it is taken until it ends: in the lots and values that its
 * account has open in the instrument (margin), or in what a wallet has locked (spot limit orders).
 *
 * The market's own orders are not in the table: the exchange alone knows them, and market.c. */
#ifndef PITWALL_VENUE_INSIDE_H
#define PITWALL_VENUE_INSIDE_H

#include "venue/venue.h"

enum {
    VENUE_BOOK_ORDERS = 1 << 16, /* that rest in one instrument, the market's among them */
    VENUE_LINK_HEADS = 1 << 16,
    VENUE_TRADES_KEPT = 1024,
    VENUE_MINUTES = 1440,
    VENUE_EATEN_MAX = 4096,
};
#define VENUE_NO_SLOT UINT32_MAX
#define VENUE_MARKET_BAND_E8 5000000LL /* a market order goes 5 % from the opposite touch */
#define VENUE_TOO_LATE_NS 1000000LL    /* a cancel that follows the last fill so closely lost */
/* Of one order and of one position with all that could add to it: with it the sum over all accounts
 * fits an int64. */
#define VENUE_VALUE_MAX_E8 100000000000000000LL

struct venue_slot {
    struct venue_order order; /* no 0: never used */
    uint64_t older, newer;    /* orders of the account; 0: none */
    uint64_t queued;          /* when it joined the queue it is in: less is ahead */
    uint32_t active_next, active_previous;
    uint32_t link_next;
    bool active;
};

struct venue_done {
    struct venue_execution execution;
    uint64_t older; /* of the account */
};

struct venue_open {
    int64_t lots[2], value_e8[2]; /* by side: of orders that may add to the position */
    int64_t reducing_lots[2];     /* of reduce-only orders */
};

struct venue_account {
    uint64_t uid;
    uint64_t newest_order, newest_execution;
    uint32_t active_first, active_last; /* slots, oldest first */
    uint32_t active[VENUE_CATEGORY_COUNT];
    struct venue_wallet wallet[VENUE_COINS_MAX];
    struct venue_position position[VENUE_INSTRUMENTS_MAX];
    struct venue_open open[VENUE_INSTRUMENTS_MAX];
};

struct venue_minute {
    int64_t minute; /* since the epoch, from 1; other than expected: empty */
    int64_t open_ticks, high_ticks, low_ticks, lots, value_e8;
};

/* A level of the market's that somebody has taken from: market.c puts it right. */
struct venue_eaten {
    uint32_t price_ticks;
    uint8_t side;
};

struct venue_book {
    struct exchange *exchange;
    uint32_t *slots; /* of the order at a place of the exchange; VENUE_NO_SLOT: the market's */
    uint64_t seq, trades, trades_from; /* trades: the newest; those from there on are shown */
    uint64_t grids; /* how often its grid was changed: ids of the exchange begin anew */
    int64_t last_ticks, next_funding_ns;
    uint32_t eaten_count;
    struct venue_eaten eaten[VENUE_EATEN_MAX];
    struct venue_trade trade[VENUE_TRADES_KEPT];
    struct venue_minute minute[VENUE_MINUTES];
};

struct venue {
    struct venue_listener listener;
    uint16_t instruments, coins, accounts;
    struct venue_instrument instrument[VENUE_INSTRUMENTS_MAX];
    char coin[VENUE_COINS_MAX][VENUE_TEXT_MAX];
    struct venue_account account[VENUE_ACCOUNTS_MAX];
    /* Per coin: fees less rebates, and less what bankrupt accounts could not pay. */
    int64_t pot_e8[VENUE_COINS_MAX];
    struct venue_book book[VENUE_INSTRUMENTS_MAX];
    struct venue_slot *slots;    /* VENUE_ORDERS_MAX */
    struct venue_done *done;     /* VENUE_EXECUTIONS_MAX */
    uint32_t *link_heads;        /* VENUE_LINK_HEADS */
    uint64_t next_order, queued; /* the number to try next; a count of places taken in queues */
    uint64_t executions;         /* the number of the newest */
    uint64_t salt;
    uint32_t life;
    struct { /* of the call under way */
        int64_t now_ns;
        uint16_t instrument;
        uint8_t exec_type;
        struct venue_slot *taker;       /* NULL: the market's own */
        bool moved[VENUE_ACCOUNTS_MAX]; /* whose position in the instrument changed */
    } call;
};

static inline int64_t venue_leaves(const struct venue_order *order)
{
    return order->qty_lots - order->filled_lots;
}

static inline bool venue_is_linear(const struct venue *venue, uint16_t instrument)
{
    return venue->instrument[instrument].category == VENUE_LINEAR;
}

/* venue.c: empties the book and what was seen of it; `grids` rises. */
void venue_clear_book(struct venue *venue, uint16_t instrument);

/* values.c; what would overflow is MAX_MONEY_E8: orders and positions are kept far below, and only
 * a mark that has run away gets there. */
int64_t venue_value_e8(const struct venue *venue, uint16_t instrument, int64_t ticks, int64_t lots);
int64_t venue_base_e8(const struct venue *venue, uint16_t instrument, int64_t lots);
int64_t venue_scaled_e8(int64_t amount_e8, int64_t ratio_e8);
/* amount * part / whole, rounded to nearest, whole > 0. */
int64_t venue_share_e8(int64_t amount_e8, int64_t part, int64_t whole);

/* operator.c: an amount of units of 10^-decimals in another such measure, towards zero; *exact says
 * whether nothing was lost. */
struct venue_measure {
    int64_t units;
    uint32_t decimals;
};
int64_t venue_convert(int64_t amount, struct venue_measure from, struct venue_measure to,
                      bool *exact);

/* orders.c */
struct venue_slot *venue_slot(const struct venue *venue, uint64_t no);
/* Takes the next number and the slot; the order is the caller's to fill, no and account are set. */
struct venue_slot *venue_slot_take(struct venue *venue, uint16_t account);
/* Makes an order with its link findable. */
void venue_link_add(struct venue *venue, struct venue_slot *slot);
void venue_activate(struct venue *venue, struct venue_slot *slot);
void venue_deactivate(struct venue *venue, struct venue_slot *slot);
uint32_t venue_slot_at(const struct venue *venue, const struct venue_slot *slot);
/* Puts a slot back as it was saved: its number is in the order. */
struct venue_slot *venue_slot_restore(struct venue *venue, const struct venue_order *order);

/* executions.c: remembers it (no is set) and tells. */
void venue_record(struct venue *venue, struct venue_execution *execution);
void venue_record_trade(struct venue *venue, uint16_t instrument, int64_t ticks, int64_t lots,
                        enum side taker_side);

/* accounts.c */
/* Adds lots of an order to what its account has open or locked; sign -1 takes them off. */
void venue_count(struct venue *venue, const struct venue_order *order, int64_t lots, int sign);
/* One side of a trade; slot NULL: the market's own. */
void venue_fill(struct venue *venue, struct venue_slot *slot, int64_t ticks, int64_t lots,
                bool maker);
void venue_fill_market(struct venue *venue, uint16_t instrument, enum side side, int64_t ticks,
                       int64_t lots);
/* Changes a position by signed lots at a price; returns what that realised. */
int64_t venue_move(struct venue *venue, uint16_t account, uint16_t instrument, int64_t lots,
                   int64_t ticks, int64_t *closed_lots);
void venue_tell_wallet(const struct venue *venue, uint16_t account, uint16_t coin);
void venue_tell_position(const struct venue *venue, uint16_t account, uint16_t instrument);
void venue_tell_order(const struct venue *venue, const struct venue_order *order);

/* margin.c */
/* What is left of the coin: for margin, or to be paid away (`pays`), which unrealised profit
 * cannot. May be negative. */
int64_t venue_free_e8(const struct venue *venue, uint16_t account, uint16_t coin, bool pays);

/* checks.c: what must hold of any order at its price and quantity, new or amended. */
enum venue_answer venue_check_price(const struct venue *venue, const struct venue_order *order);
enum venue_answer venue_check_qty(const struct venue *venue, const struct venue_order *order);
/* The largest quantity that a reduce-only order may have; `own` lots of it are counted already. */
int64_t venue_reducible_lots(const struct venue *venue, const struct venue_order *order,
                             int64_t own_lots);
/* Counts `lots` of the order, if the account can afford it and the position limit permits. */
enum venue_answer venue_reserve(struct venue *venue, const struct venue_order *order, int64_t lots);
/* The order that is wanted, with the defaults and the bound of its kind. */
void venue_fill_in(const struct venue *venue, const struct venue_new *wanted,
                   struct venue_order *order);
/* A new order, whole; fills *order in. */
enum venue_answer venue_check_new(struct venue *venue, const struct venue_new *wanted,
                                  struct venue_order *order);

/* quote.c: of spot market orders. */
/* What the account's own orders hold at a price. */
int64_t venue_own_lots(const struct venue *venue, uint16_t account, uint16_t instrument,
                       enum side side, int64_t ticks);
/* What a market buy would cost now. */
int64_t venue_cost_e8(const struct venue *venue, const struct venue_order *order);
/* Lots that qty_value_e8 buys now; *last_ticks: the dearest of them. */
int64_t venue_affordable_lots(const struct venue *venue, const struct venue_order *order,
                              int64_t *last_ticks);

/* matching.c. */
void venue_hear(void *ctx, const struct exchange_event *event);
void venue_begin(struct venue *venue, uint16_t instrument, int64_t now_ns);
/* Sends it in; it is counted already. Tells how it stands. */
void venue_enter(struct venue *venue, struct venue_slot *slot);
/* The same of an order that rests, at its new price and quantity. */
void venue_reenter(struct venue *venue, struct venue_slot *slot, bool keeps_place);
/* A level of the market's has fewer lots than the market gave it. */
void venue_note_eaten(struct venue_book *book, uint32_t price_ticks, uint8_t side);
/* After a call that may have traded: reduce-only orders that are too large now shrink or end. */
void venue_finish(struct venue *venue);
/* Out of the lists, leaves no longer counted; it no longer rests. Tells nothing. */
void venue_end(struct venue *venue, struct venue_slot *slot, enum venue_end why);

/* requests.c: takes it out of the book, ends it, tells. */
void venue_take_out(struct venue *venue, struct venue_slot *slot, enum venue_end why);

/* marks.c: 0: there is none. */
int64_t venue_mark_ticks(const struct venue *venue, uint16_t instrument);
void venue_fund(struct venue *venue, int64_t now_ns);

/* liquidation.c */
void venue_liquidate(struct venue *venue, int64_t now_ns);

/* market_orders.c: orders of the market itself, told to nobody but as trades. */
struct exchange_result venue_market_new(struct venue *venue, uint16_t instrument,
                                        const struct exchange_order *order, bool meets_own,
                                        int64_t now_ns);
void venue_market_cancel(struct venue *venue, uint16_t instrument, uint64_t id);
void venue_market_amend(struct venue *venue, uint16_t instrument, uint64_t id, uint32_t price_ticks,
                        uint32_t lots, int64_t now_ns);

#endif
