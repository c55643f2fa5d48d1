/* The core of the venue simulator: an exchange behind its protocol.
 *
 * Instruments (linear perpetuals and spot), accounts with wallets, positions and leverage, orders
 * matched price-time by the exchange of engine/sim, fees and margin in whole numbers of 1e-8. The
 * market's own liquidity is account VENUE_MARKET, which market.h plays: it trades with everybody
 * and has no wallet. What a protocol says on the wire, and when, is not here (bybit/).
 *
 * Pure but for memory taken at opening: time comes in with each call (venue clock), nothing is read
 * or written outside. One thread. Listeners are called in the order in which things happen, from
 * within the call that caused them, and must not call back into what changes the venue.
 *
 * Linear: one-way mode, average-cost entry, realised PnL to the wallet of the settlement coin at
 * each closing fill, fee at each fill. Initial margin = value / leverage, of the position and of
 * what orders could add to it; a new order needs free balance: equity - margins. A position whose
 * equity falls below its maintenance margin is closed by an order of the venue (execution type
 * LIQUIDATION). Margin is cross. The mark is the last price kept within the touch. Spot: an order
 * locks what it could pay; fees are charged in the coin received. A market order is one that takes
 * or ends, bounded 5 % from the opposite touch. Reduce-only orders are cut to what they can close,
 * and shrink or end (END_REDUCE_ONLY) with the position.
 * Self-match: the arriving order's smp_type decides (accounts of one uid are one account).
 *
 * Nothing is made or lost: VENUE_MARKET has the other side of all that clients hold, and fees go to
 * a pot inside. Time never goes back: an earlier now_ns counts as the latest that was seen. */
#ifndef PITWALL_VENUE_VENUE_H
#define PITWALL_VENUE_VENUE_H

#include "engine.h"

enum {
    VENUE_TEXT_MAX = 24,
    VENUE_LINK_MAX = 37, /* with the NUL */
    VENUE_INSTRUMENTS_MAX = 32,
    VENUE_ACCOUNTS_MAX = 64,
    VENUE_COINS_MAX = 32,
    VENUE_ACTIVE_MAX = 500, /* orders of one account in one category: protocol fact */
    VENUE_ORDERS_MAX = 1 << 16,
    VENUE_EXECUTIONS_MAX = 1 << 17, /* remembered; the oldest go */
    VENUE_MARKET = 0,               /* the account of the market's own liquidity */
};

enum venue_category { VENUE_LINEAR, VENUE_SPOT, VENUE_CATEGORY_COUNT };
enum venue_status { VENUE_TRADING, VENUE_PRELAUNCH, VENUE_CLOSED };

struct venue_instrument {
    char symbol[VENUE_TEXT_MAX];
    uint8_t category, status;
    uint16_t base, quote, settle; /* coins */
    struct instrument grid;       /* ticks, lots, value and fees of a trade */
    int64_t min_lots, max_lots, max_market_lots, min_value_e8;
    int64_t max_position_lots; /* 0: no limit but that of the simulator's arithmetic */
    int64_t band_e8;      /* a buy further above the mark, a sell further below it, as a ratio, is
                        refused; 0: none is */
    int64_t leverage_max; /* 1e-8: 100x is 100e8 */
    int64_t funding_interval_ns, launched_ns;
};

/* What is wrong with a request; each protocol has a table of its codes for these. */
enum venue_answer {
    VENUE_OK,
    VENUE_NO_INSTRUMENT,
    VENUE_NOT_TRADING,     /* the instrument is not live */
    VENUE_BAD_SIDE,        /* side, type, time in force or their combination */
    VENUE_BAD_PRICE,       /* off tick, or missing, or not positive */
    VENUE_BAD_QTY,         /* off lot, below the least, above the most */
    VENUE_OUT_OF_BAND,     /* price too far from the mark */
    VENUE_TOO_SMALL,       /* notional below the least */
    VENUE_DUPLICATE_LINK,  /* the client's order id is known already */
    VENUE_TOO_MANY_ORDERS, /* active ones of the account */
    VENUE_NO_FUNDS,        /* available balance or margin */
    VENUE_NOT_REDUCING,    /* reduce-only, and it would not */
    VENUE_NO_ORDER,        /* never was, or ended too long ago */
    VENUE_ALREADY_FILLED,  /* too late to cancel or amend */
    VENUE_ALREADY_ENDED,   /* cancelled or rejected before */
    VENUE_UNCHANGED,       /* an amend, a leverage, a mode that is so already */
    VENUE_BAD_LEVERAGE,
    VENUE_TOO_LARGE, /* position limit */
    VENUE_FULL,      /* the simulator's own pools */
};

enum venue_order_status {
    VENUE_ORDER_NEW,
    VENUE_ORDER_PARTLY_FILLED,
    VENUE_ORDER_FILLED,
    VENUE_ORDER_CANCELLED,        /* derivatives may hold fills */
    VENUE_ORDER_PARTLY_CANCELLED, /* spot, with fills */
    VENUE_ORDER_REJECTED,
};

/* Why an order ended as it did, or was refused after having been taken. */
enum venue_end {
    VENUE_END_NONE,
    VENUE_END_BY_USER,
    VENUE_END_BY_CANCEL_ALL,
    VENUE_END_BY_DCP,
    VENUE_END_WOULD_TAKE,    /* post-only */
    VENUE_END_NOTHING_THERE, /* immediate or cancel, market */
    VENUE_END_NOT_WHOLE,     /* fill or kill */
    VENUE_END_SELF_MATCH,
    VENUE_END_REDUCE_ONLY, /* the position shrank under it */
    VENUE_END_LIQUIDATION,
    VENUE_END_TOO_LATE, /* a cancel that lost its race: the order is filled */
    VENUE_END_BY_VENUE,
};

enum venue_smp {
    VENUE_SMP_NONE,
    VENUE_SMP_CANCEL_MAKER,
    VENUE_SMP_CANCEL_TAKER,
    VENUE_SMP_CANCEL_BOTH
};

struct venue_order {
    uint64_t no;               /* the venue's, from 1; with `life` it never repeats */
    uint32_t life;             /* of the venue, in which it was made */
    char link[VENUE_LINK_MAX]; /* the client's own id; empty: none */
    uint16_t account, instrument;
    uint8_t side, type, tif, flags; /* domain/order.h: ORDER_POST_ONLY, ORDER_REDUCE_ONLY */
    uint8_t status, end, smp;
    int64_t price_ticks; /* market: the bound it was given */
    int64_t qty_lots, filled_lots;
    int64_t qty_value_e8;            /* of an order in the quote coin: what it asked for; else 0 */
    int64_t filled_value_e8, fee_e8; /* fee: in the coin it was charged in */
    int64_t gain_e8;                 /* linear: what closing realised, before fees */
    int64_t created_ns, updated_ns;
    int64_t mark_ticks;    /* last price when it was created */
    uint64_t smp_order_no; /* the other order of the self-match that ended it; 0: none */
    uint64_t exchange_id;  /* core's own */
};

enum venue_exec_type { VENUE_EXEC_TRADE, VENUE_EXEC_FUNDING, VENUE_EXEC_LIQUIDATION };

struct venue_execution {
    uint64_t no; /* from 1; with `life` it never repeats */
    uint32_t life, order_life;
    uint64_t order_no, seq; /* seq: the cross sequence of the instrument at that trade */
    char link[VENUE_LINK_MAX];
    uint16_t account, instrument, fee_coin;
    uint8_t side, type, exec_type, order_type;
    bool maker;
    int64_t price_ticks, lots, leaves_lots, closed_lots, order_lots, order_price_ticks;
    int64_t value_e8, fee_e8, fee_rate_e8; /* a cost is positive */
    int64_t gain_e8;                       /* linear: what it closed realised, before the fee */
    int64_t at_ns;
};

struct venue_position {
    int64_t lots;           /* signed */
    int64_t entry_value_e8; /* of |lots| at the average entry price */
    int64_t leverage_e8;
    int64_t realised_e8, day_realised_e8; /* fees and funding in them; ever, since last flat */
    int64_t created_ns, updated_ns;
    uint64_t seq;
};

struct venue_wallet {
    int64_t balance_e8; /* of the coin, realised PnL and fees included */
    int64_t locked_e8;  /* by spot orders */
};

struct venue_trade { /* public */
    uint64_t no;
    int64_t price_ticks, lots, at_ns;
    uint64_t seq;
    uint8_t taker_side;
};

struct venue_listener {
    void *ctx;
    void (*order)(void *ctx, const struct venue_order *order); /* each change */
    void (*execution)(void *ctx, const struct venue_execution *execution);
    void (*position)(void *ctx, uint16_t account, uint16_t instrument);
    void (*wallet)(void *ctx, uint16_t account, uint16_t coin);
    void (*trade)(void *ctx, uint16_t instrument, const struct venue_trade *trade);
};

struct venue_config {
    uint16_t instruments;
    const struct venue_instrument *instrument; /* copied */
    uint16_t coins;
    const char (*coin)[VENUE_TEXT_MAX]; /* copied */
    struct venue_listener listener;
    uint64_t seed;
};

struct venue;

/* Takes all memory. NULL: there is none. */
struct venue *venue_open(const struct venue_config *config);
void venue_close(struct venue *venue);

/* --- accounts: from 1, VENUE_MARKET is the market's; UINT16_MAX: no room for another --- */
uint16_t venue_add_account(struct venue *venue);
void venue_deposit(struct venue *venue, uint16_t account, uint16_t coin, int64_t amount_e8);
/* Whose it is; the state keeps it. 0: nobody has said. */
void venue_set_uid(struct venue *venue, uint16_t account, uint64_t uid);
uint64_t venue_uid(const struct venue *venue, uint16_t account);
uint16_t venue_accounts(const struct venue *venue); /* the market's counted */

/* --- what ids on the wire are made from: a number of this venue's own, kept by its state, and the
 * count of its starts from that state, from 1. Set before a state is loaded, if one is. --- */
void venue_set_salt(struct venue *venue, uint64_t salt);
uint64_t venue_salt(const struct venue *venue);
uint32_t venue_life(const struct venue *venue);

/* --- requests --- */
struct venue_new {
    uint16_t account, instrument;
    uint8_t side, type, tif, flags, smp;
    const char *link; /* may be empty or NULL; shorter than VENUE_LINK_MAX */
    int64_t price_ticks, qty_lots;
    bool in_quote; /* spot market buy: qty_value_e8 of the quote coin instead of lots */
    int64_t qty_value_e8;
};
/* *order_no is set when VENUE_OK; the order may be filled or ended by then. Listeners hear its
 * executions first, then, once, how it stands. A tif of GTC means IOC for a market order. */
enum venue_answer venue_create(struct venue *venue, const struct venue_new *wanted, int64_t now_ns,
                               uint64_t *order_no);
/* By number, or when that is 0 by link. 0 of price or qty: as it is. qty is the new total. */
enum venue_answer venue_amend(struct venue *venue, uint16_t account, uint64_t *order_no,
                              const char *link, int64_t price_ticks, int64_t qty_lots,
                              int64_t now_ns);
enum venue_answer venue_cancel(struct venue *venue, uint16_t account, uint64_t *order_no,
                               const char *link, enum venue_end why, int64_t now_ns);
/* Every active order of the account that `which` wants gone, at most VENUE_ACTIVE_MAX; returns how
 * many, their numbers in `nos`. */
typedef bool (*venue_pick_fn)(void *ctx, const struct venue_order *order);
uint32_t venue_cancel_those(struct venue *venue, uint16_t account, venue_pick_fn which, void *ctx,
                            enum venue_end why, int64_t now_ns, uint64_t nos[VENUE_ACTIVE_MAX]);
enum venue_answer venue_set_leverage(struct venue *venue, uint16_t account, uint16_t instrument,
                                     int64_t leverage_e8, int64_t now_ns);

/* --- questions --- */
uint16_t venue_instruments(const struct venue *venue);
const struct venue_instrument *venue_instrument(const struct venue *venue, uint16_t instrument);
bool venue_find(const struct venue *venue, enum venue_category category, const char *symbol,
                uint16_t *instrument);
const char *venue_coin(const struct venue *venue, uint16_t coin);
/* Any order that is remembered. NULL: none such. */
const struct venue_order *venue_order(const struct venue *venue, uint64_t no);
const struct venue_order *venue_order_by_link(const struct venue *venue, uint16_t account,
                                              const char *link);
/* The account's orders (executions), newest first, from below `before` (0: the newest) on; NULL: no
 * more. Cost: a step each. */
const struct venue_order *venue_next_order(const struct venue *venue, uint16_t account,
                                           uint64_t before);
const struct venue_execution *venue_next_execution(const struct venue *venue, uint16_t account,
                                                   uint64_t before);
const struct venue_position *venue_position(const struct venue *venue, uint16_t account,
                                            uint16_t instrument);
struct venue_wallet venue_wallet(const struct venue *venue, uint16_t account, uint16_t coin);
struct venue_margin { /* in settle coin (USDT) */
    int64_t equity_e8, unrealised_e8, initial_e8, order_initial_e8, maintenance_e8, available_e8;
};
struct venue_margin venue_margin(const struct venue *venue, uint16_t account, uint16_t coin);
/* INT64_MAX: it cannot be liquidated. */
int64_t venue_liquidation_ticks(const struct venue *venue, uint16_t account, uint16_t instrument);

/* Best first; returns how many. */
uint32_t venue_levels(const struct venue *venue, uint16_t instrument, enum side side,
                      struct level *levels, uint32_t most);
/* Rises with each change of the book and each trade. */
uint64_t venue_seq(const struct venue *venue, uint16_t instrument);
struct venue_ticker {
    int64_t last_ticks, mark_ticks, index_ticks, high_ticks, low_ticks,
        open_ticks; /* 24 h; 0: none */
    int64_t volume_lots, turnover_e8, open_interest_lots, funding_rate_e8, next_funding_ns;
};
struct venue_ticker venue_ticker(const struct venue *venue, uint16_t instrument);
/* The newest trades, newest first; returns how many. */
uint32_t venue_trades(const struct venue *venue, uint16_t instrument, struct venue_trade *trades,
                      uint32_t most);

/* --- time, and what a fault or an operator does --- */
/* Marks, funding, liquidations that are due. */
void venue_advance(struct venue *venue, int64_t now_ns);
void venue_set_status(struct venue *venue, uint16_t instrument, enum venue_status status);
/* Changes the tick or the lot: what rests is cancelled by the venue first, limits and positions are
 * converted (what is no whole new lot is closed at the mark), the trades and figures of 24 hours
 * begin anew; orders and executions that are remembered keep the numbers of the old grid. The
 * grid is linear, and its tick_value_e8 is the caller's to get right. */
void venue_set_grid(struct venue *venue, uint16_t instrument, const struct instrument *grid,
                    int64_t now_ns);
/* A position without a fill, at the mark; linear only. */
void venue_override_position(struct venue *venue, uint16_t account, uint16_t instrument,
                             int64_t lots, int64_t now_ns);
/* A fill at the order's price that no counter-party made; may go beyond the order, and come after
 * its end, when `beyond`. False: no such order, or nothing to fill. */
bool venue_force_fill(struct venue *venue, uint64_t order_no, int64_t lots, bool beyond,
                      int64_t now_ns);

/* --- state over a restart --- */
/* Accounts, orders, positions, wallets, executions. The file is replaced whole (write, sync,
 * rename). Load: into an opened venue of the same instruments and coins that has not traded
 * (ERR_CONFLICT), accounts added already are overwritten by those of the file; resting orders rest
 * again, behind what the market shows, and trade with what has passed them. A file that is cut,
 * changed, of another version or of other instruments is ERR_DAMAGED, none is ERR_NOT_FOUND; then
 * nothing has been changed. Public trades and the figures of 24 hours are not kept. */
enum status venue_save(const struct venue *venue, const char *path, struct err *err);
enum status venue_load(struct venue *venue, const char *path, int64_t now_ns, struct err *err);
/* The two halves of saving: the bytes of the file (NULL: no memory; the caller's to free), and
 * writing them, on any thread. */
uint8_t *venue_pack(const struct venue *venue, size_t *size);
enum status venue_write(const char *path, const uint8_t *bytes, size_t size, struct err *err);

#endif
