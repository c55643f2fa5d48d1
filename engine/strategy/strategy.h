/* Strategies: given a book and what they have working, they want things.
 *
 * A strategy fills an array of intents and nothing else; the engine puts each through the gate. It
 * sees only its own working orders and position. Pure functions over integer state: the same
 * inputs give the same intents. Engine thread, called on each applied update of an instrument that
 * it trades, and on each timer; must return well within the step budget. */
#ifndef PITWALL_STRATEGY_STRATEGY_H
#define PITWALL_STRATEGY_STRATEGY_H

#include "book/book.h"
#include "domain/instrument.h"
#include "domain/order.h"

enum strategy_kind { STRATEGY_KIND_MANUAL, STRATEGY_KIND_MAKER, STRATEGY_KIND_MOMENTUM };

/* Parameters, from the configuration; all integers. */
struct strategy_params {
    int64_t order_lots;
    int64_t max_position_lots; /* its own restraint; the gate's limits stand above it */
    int64_t half_spread_ticks; /* maker: distance from the mid, at least; never crosses the touch */
    int64_t requote_ticks;     /* maker: a quote off by less stays */
    int64_t min_quote_life_ns; /* maker: a quote younger than this stays, unless it must go */
    int64_t fast_ns, slow_ns;  /* momentum: time constants of its two averages of the mid */
    int64_t entry_e8;          /* momentum: |fast - slow| / slow above which it enters */
    int64_t cooldown_ns;       /* momentum: at least this between two orders */
};

struct working {
    uint64_t order_id;
    int64_t price_ticks, leaves_lots, sent_ns;
    uint8_t side, state;
};

enum { WORKING_MAX = 8 };

/* What it sees in one call. Everything but `intents` is read-only. */
struct strategy_view {
    int64_t now_ns;
    uint16_t strategy, instrument;
    const struct instrument *row;
    const struct book *book; /* fresh: the engine does not call it on a stale book... */
    bool stale;              /* ...but once with stale set, so that it can pull its quotes */
    int64_t position_lots;
    uint32_t working_count;
    struct working working[WORKING_MAX];
};

/* State of one strategy in one instrument; zero at start. */
struct strategy_state {
    int64_t fast_e8_ticks, slow_e8_ticks; /* momentum's averages */
    int64_t updated_ns, acted_ns;         /* momentum: of the averages; of its last order */
    int64_t quoted_ns[2];                 /* maker, by side: when it last asked for a quote */
};

/* Returns how many intents it wrote (<= MAX_INTENTS); strategy and instrument are set in each. */
uint32_t strategy_step(enum strategy_kind kind, const struct strategy_params *params,
                       struct strategy_state *state, const struct strategy_view *view,
                       struct intent intents[MAX_INTENTS]);

/* One per kind, called by strategy_step. */
uint32_t maker_step(const struct strategy_params *params, struct strategy_state *state,
                    const struct strategy_view *view, struct intent intents[MAX_INTENTS]);
uint32_t momentum_step(const struct strategy_params *params, struct strategy_state *state,
                       const struct strategy_view *view, struct intent intents[MAX_INTENTS]);

/* For the strategies: an intent that cancels one order, and one for each that can still trade. */
struct intent strategy_cancel(const struct strategy_view *view, const struct working *working);
uint32_t strategy_cancel_all(const struct strategy_view *view, struct intent intents[MAX_INTENTS]);

#endif
