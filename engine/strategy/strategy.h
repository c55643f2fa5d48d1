/* Strategies: given a book and what they have working, they want things.
 *
 * A strategy fills an array of intents and nothing else; the engine puts each through the gate. It
 * sees only its own working orders and position. Pure functions over integer state: the same
 * inputs give the same intents. Engine thread, called on each applied update of an instrument that
 * it trades (and of its other leg, when it has one); must return well within the step budget.
 * docs/strategies.md tells how to write one. */
#ifndef PITWALL_STRATEGY_STRATEGY_H
#define PITWALL_STRATEGY_STRATEGY_H

#include "book/book.h"
#include "domain/instrument.h"
#include "domain/order.h"
#include "strategy/parameters.h"

struct working {
    uint64_t order_id;
    int64_t price_ticks, leaves_lots, filled_lots, sent_ns;
    uint8_t side, state;
};

enum { WORKING_MAX = 8 };

/* An instrument as a strategy sees it: the market, and what is its own in it. */
struct strategy_leg {
    uint16_t instrument;
    const struct instrument *row;
    const struct book *book;
    int64_t position_lots;
    uint32_t working_count;
    struct working working[WORKING_MAX];
};

/* What it sees in one call; read-only. */
struct strategy_view {
    int64_t now_ns;
    uint16_t strategy, instrument;
    const struct instrument *row;
    const struct book *book; /* fresh: the engine does not call it on a stale book... */
    bool stale;              /* ...but once with stale set, so that it can pull its quotes */
    int64_t position_lots;
    uint32_t working_count;
    struct working working[WORKING_MAX];
    bool has_other; /* kinds with two legs, where one is set; its book may be stale */
    struct strategy_leg other;
};

/* State of one strategy in one instrument; zero at start. */
struct strategy_state {
    int64_t fast_e8_ticks, slow_e8_ticks; /* momentum's averages */
    int64_t updated_ns, acted_ns;         /* momentum: of the averages; of its last entry */
    int64_t quoted_ns[2];                 /* maker, by side: when it last asked for a quote */
    struct {
        int64_t since_ns, sampled_ns; /* of the first and the newest sample of the mid */
        int64_t twice_mid_ticks;
        int64_t variance_e4; /* of the mid, ticks^2 per second, in 1e-4 */
    } volatility;
    struct {
        int64_t updated_ns;
        struct touch touch;       /* that the newest event is measured against */
        int64_t sum_e6, depth_e6; /* lots in 1e-6: imbalance, and average size at the touch */
    } flow;
    struct {
        int64_t risk_aversion_e8, fill_decay_e8, horizon_ns, variance_e4; /* for which */
        int64_t risk_e8_ticks;   /* by which one order held moves the price */
        int64_t spread_e8_ticks; /* the half spread that fills want */
    } model;
    struct {
        struct lot_ratio lots; /* of the legs, for `hedge_e8` and that other leg */
        int64_t hedge_e8, other;
        int64_t entered_ns, tried_ns; /* last entry; last try to balance */
        int64_t unbalanced_ns;        /* since when; 0: balanced */
    } arb;
    struct {
        bool selling;
    } joiner;
};

/* Returns how many intents it wrote (<= MAX_INTENTS); strategy and instrument are set in each. */
uint32_t strategy_step(enum strategy_kind kind, const struct strategy_params *params,
                       struct strategy_state *state, const struct strategy_view *view,
                       struct intent intents[MAX_INTENTS]);

/* One per row of strategies.def, called by strategy_step. */
#define STRATEGY(ID, name, ...)                                                                    \
    uint32_t name##_step(const struct strategy_params *params, struct strategy_state *state,       \
                         const struct strategy_view *view, struct intent intents[MAX_INTENTS]);
#include "tables/strategies.def"
#undef STRATEGY

/* For the strategies: the intents that most of them write. A quote rests and only makes; a take is
 * IOC at the price given, and nothing of it rests. */
struct intent strategy_quote(const struct strategy_view *view, enum side side, int64_t price_ticks,
                             int64_t qty_lots);
struct intent strategy_take(const struct strategy_view *view, enum side side, int64_t price_ticks,
                            int64_t qty_lots);
/* Cancels one order; one for each that can still trade, of both legs. */
struct intent strategy_cancel(const struct strategy_view *view, const struct working *working);
uint32_t strategy_cancel_all(const struct strategy_view *view, struct intent intents[MAX_INTENTS]);
/* It rests, and a cancel or an amend of it would be taken. */
bool working_can_change(const struct working *working);

#endif
