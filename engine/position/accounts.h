/* All positions of the firm, their marks, margins, and PnL per scope in the reporting currency.
 *
 * A fill reaches two positions: the instrument's total and the strategy's own in it. Each has its
 * PnL converted by the rate of its settlement currency (fixed, or the mark of an instrument) and
 * the difference is added to the scopes it belongs to, so that the gate reads one number. Average
 * cost over all strategies and per strategy split realised and unrealised differently; totals
 * agree. Funding is paid for the net position, so it is shared out by each strategy's part of it.
 *
 * The mark is the venue's own mark price while that is fresh, else the mid of a fresh book, else
 * none (marks.c). Margin, liquidation: see the formulas in margin.c.
 *
 * Engine thread; no allocation. All getters are plain reads or a division. A mark costs a few ns
 * while nothing is held, some 40 ns a held position otherwise; a fill about 100 ns. */
#ifndef PITWALL_POSITION_ACCOUNTS_H
#define PITWALL_POSITION_ACCOUNTS_H

#include "domain/scope.h"
#include "position/position.h"

/* How much a figure can be trusted that rests on marks and rates. */
enum mark_quality { MARK_FRESH, MARK_STALE, MARK_MISSING }; /* the larger the worse */

struct accounts {
    struct scope_map scopes;
    const struct instrument *instruments;
    const struct currency *currencies;
    uint16_t currency_count;
    int64_t capital_e8;
    struct position total[MAX_INSTRUMENTS];
    struct position own[MAX_STRATEGIES][MAX_INSTRUMENTS];
    /* Who has anything to value: bit per instrument, and per strategy of an instrument. */
    uint32_t held;                     /* net lots are not zero */
    uint32_t traded;                   /* has ever had a fill or funding */
    uint32_t holders[MAX_INSTRUMENTS]; /* strategies whose own lots are not zero */
    uint32_t traders[MAX_INSTRUMENTS];
    int64_t mark_e8_ticks[MAX_INSTRUMENTS]; /* 0: none yet */
    int64_t mark_ns[MAX_INSTRUMENTS];
    uint8_t mark_source[MAX_INSTRUMENTS];
    int64_t bid_ticks[MAX_INSTRUMENTS], ask_ticks[MAX_INSTRUMENTS]; /* 0: none yet */
    int64_t touch_ns[MAX_INSTRUMENTS];
    int64_t rate_e8[MAX_CURRENCIES];    /* 0: none yet */
    int64_t rate_ns[MAX_CURRENCIES];    /* INT64_MAX: fixed */
    uint32_t settles[MAX_CURRENCIES];   /* bit per instrument that settles in it */
    uint32_t converts[MAX_INSTRUMENTS]; /* bit per currency whose rate is this one's mark */
    int64_t lot_value_e8[MAX_INSTRUMENTS];
    /* Reporting currency, as last added to the scopes. */
    int64_t total_e8[MAX_INSTRUMENTS];
    int64_t own_e8[MAX_STRATEGIES][MAX_INSTRUMENTS];
    int64_t scope_e8[MAX_SCOPES];    /* since the start */
    int64_t day_open_e8[MAX_SCOPES]; /* scope_e8 when the day began */
    int64_t day_start_ns;
    int64_t peak_e8;
    /* Margined instruments only: value of the net lots and the margin it needs. */
    int64_t value_e8[MAX_INSTRUMENTS], margin_e8[MAX_INSTRUMENTS];
    int64_t margin_total_e8;
    uint32_t margin_unknown; /* held and margined, but without mark, rate or a figure that fits */
    bool overflowed;         /* a figure left its bounds: the engine halts the firm */
};

/* Panics on an instrument outside the bounds of domain/bounds.h. day_start_ns: when the present
 * trading day began. */
void accounts_init(struct accounts *accounts, struct scope_map scopes,
                   const struct instrument *instruments, const struct currency *currencies,
                   uint16_t currency_count, int64_t capital_e8, int64_t day_start_ns);

/* False, and nothing changed, when a figure would leave its bounds. fee_e8 < 0 is a rebate. */
bool accounts_fill(struct accounts *accounts, uint16_t strategy, uint16_t instrument,
                   enum side side, int64_t price_ticks, int64_t lots, int64_t fee_e8);

/* Books what the net position of an instrument has paid (positive) or received, settlement
 * currency: in full to the total, and to the strategies in proportion to their own lots, to the
 * last unit (who holds against the net receives what the others pay more; largest remainder, ties
 * to the lower number). When net nothing is held it is the manual strategy's. False, and nothing
 * changed, when a figure would leave its bounds. */
bool accounts_fund(struct accounts *accounts, uint16_t instrument, int64_t amount_e8);

/* What an earlier run left: a position, with strategy UINT16_MAX the total, where nothing is yet;
 * after the marks that value it. False, and nothing changed, when a figure does not fit. */
bool accounts_carry(struct accounts *accounts, uint16_t strategy, uint16_t instrument,
                    const struct position *position);

/* --- marks --- */

/* The touch of a fresh book, both sides there: what conservative marks go by. A few stores. */
static inline void accounts_touch(struct accounts *accounts, uint16_t instrument, int64_t bid_ticks,
                                  int64_t ask_ticks, int64_t now_ns)
{
    accounts->bid_ticks[instrument] = bid_ticks;
    accounts->ask_ticks[instrument] = ask_ticks;
    accounts->touch_ns[instrument] = now_ns;
}

/* The mid of a fresh book: the mark, unless the venue's own mark is fresh. */
void accounts_mark(struct accounts *accounts, uint16_t instrument, int64_t mark_e8_ticks,
                   int64_t now_ns);

/* The venue's own mark price: what it liquidates by. */
void accounts_venue_mark(struct accounts *accounts, uint16_t instrument, int64_t mark_e8_ticks,
                         int64_t now_ns);

/* What a trigger goes by: for longs the lower of mark and best bid, for shorts the higher of mark
 * and best ask. The answer is the quality of the older of both; MARK_MISSING leaves *mark alone. */
enum mark_quality accounts_conservative_mark(const struct accounts *accounts, uint16_t instrument,
                                             bool is_long, int64_t now_ns, int64_t max_age_ns,
                                             int64_t *mark_e8_ticks);

/* PnL of a scope with every position that counts in it at its conservative mark. What has no mark
 * or rate is left at its last figure and says MARK_MISSING. */
struct stress {
    int64_t total_e8, day_e8; /* since the start; since the day began */
    int64_t age_ns;           /* of the oldest mark or rate that was used; -1: nothing is held */
    enum mark_quality quality;
};
struct stress accounts_stress(const struct accounts *accounts, uint16_t scope, int64_t now_ns,
                              int64_t max_age_ns);

/* When the rate of an instrument's settlement currency was last taken; INT64_MAX: it is fixed, 0:
 * there is none. */
static inline int64_t accounts_rate_ns(const struct accounts *accounts, uint16_t instrument)
{
    return accounts->rate_ns[accounts->instruments[instrument].currency];
}

/* True when the instrument's settlement currency is converted by the mark of `by`. */
static inline bool accounts_rated_by(const struct accounts *accounts, uint16_t instrument,
                                     uint16_t by)
{
    const struct currency *currency =
        &accounts->currencies[accounts->instruments[instrument].currency];

    return !currency->fixed && currency->rate_instrument == by;
}

/* Value of ONE lot at the mark in the reporting currency, rounded up. 0: no mark, no rate, or it
 * does not fit. */
static inline int64_t accounts_lot_value_e8(const struct accounts *accounts, uint16_t instrument)
{
    return accounts->lot_value_e8[instrument];
}

/* Value of an order in the reporting currency. False: no conversion, or it does not fit. */
bool accounts_notional_e8(const struct accounts *accounts, uint16_t instrument, int64_t price_ticks,
                          int64_t lots, int64_t *notional_e8);

/* --- the day, equity, drawdown --- */

/* Begins a new day when now is past the present one. A clock that jumps back does not begin an old
 * day again: days only go forward. */
void accounts_roll(struct accounts *accounts, int64_t now_ns);

/* PnL of a scope since the start of the day, reporting currency. */
static inline int64_t accounts_day_e8(const struct accounts *accounts, uint16_t scope)
{
    return accounts->scope_e8[scope] - accounts->day_open_e8[scope];
}

/* Capital and PnL. */
static inline int64_t accounts_equity_e8(const struct accounts *accounts)
{
    return accounts->capital_e8 + accounts->scope_e8[scope_of_firm()];
}

/* (peak - equity) / peak as a ratio in 1e-8, rounded up; the peak is at least the capital, so that
 * it is defined from the first tick, also on a day that only loses. Above 1 when equity is
 * negative, INT64_MAX without capital. */
int64_t accounts_drawdown_e8(const struct accounts *accounts);
/* The same for an equity that is not the present one, a stressed one say. */
int64_t accounts_drawdown_of_e8(const struct accounts *accounts, int64_t equity_e8);

/* False while something is held that has no mark or no conversion. */
bool accounts_complete(const struct accounts *accounts);

/* --- margin --- */

/* Sum of maintenance margins / equity in 1e-8, rounded up; at 1 the venue liquidates. 0: nothing
 * margined is held. INT64_MAX: something is held and there is no equity, or a margin is not known.
 * */
int64_t accounts_margin_ratio_e8(const struct accounts *accounts);

/* The mark of this instrument in 1e-8 ticks, all other marks as they are, at which equity equals
 * the sum of maintenance margins. Rounded towards the present mark. 0: there is none, because
 * nothing is held, it is not margined, or no price of it alone can get there. */
int64_t accounts_liquidation_e8_ticks(const struct accounts *accounts, uint16_t instrument);

/* |mark - that| / mark in 1e-8, rounded down; 0 when equity is at or below the margins already, or
 * a margin is not known; INT64_MAX when there is no such mark. */
int64_t accounts_liquidation_distance_e8(const struct accounts *accounts, uint16_t instrument);

#endif
