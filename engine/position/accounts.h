/* All positions of the firm, their marks, and PnL per scope in the reporting currency.
 *
 * A fill reaches two positions: the instrument's total and the strategy's own in it. Each has its
 * PnL converted by the rate of its settlement currency (fixed, or the mark of an instrument) and
 * the difference is added to the scopes it belongs to, so that the gate reads one number. Average
 * cost over all strategies and per strategy split realised and unrealised differently; totals
 * agree.
 *
 * Engine thread; no allocation. A mark costs a few ns while nothing is held, about 20 ns a held
 * position otherwise. */
#ifndef PITWALL_POSITION_ACCOUNTS_H
#define PITWALL_POSITION_ACCOUNTS_H

#include "domain/scope.h"
#include "position/position.h"

struct accounts {
    struct scope_map scopes;
    const struct instrument *instruments;
    const struct currency *currencies;
    uint16_t currency_count;
    int64_t capital_e8;
    struct position total[MAX_INSTRUMENTS];
    struct position own[MAX_STRATEGIES][MAX_INSTRUMENTS];
    int64_t mark_e8_ticks[MAX_INSTRUMENTS]; /* 0: none yet */
    int64_t mark_ns[MAX_INSTRUMENTS];
    int64_t rate_e8[MAX_CURRENCIES]; /* 0: none yet */
    int64_t rate_ns[MAX_CURRENCIES]; /* INT64_MAX: fixed */
    /* Reporting currency, as last added to the scopes. */
    int64_t total_e8[MAX_INSTRUMENTS];
    int64_t own_e8[MAX_STRATEGIES][MAX_INSTRUMENTS];
    int64_t scope_e8[MAX_SCOPES];    /* since the start */
    int64_t day_open_e8[MAX_SCOPES]; /* scope_e8 when the day began */
    int64_t day_start_ns;
    int64_t peak_e8;
    bool overflowed; /* a figure left its bounds: the engine halts the firm */
};

void accounts_init(struct accounts *accounts, struct scope_map scopes,
                   const struct instrument *instruments, const struct currency *currencies,
                   uint16_t currency_count, int64_t capital_e8, int64_t day_start_ns);

/* False, and nothing changed, when a figure would leave its bounds. */
bool accounts_fill(struct accounts *accounts, uint16_t strategy, uint16_t instrument,
                   enum side side, int64_t price_ticks, int64_t lots, int64_t fee_e8);

/* The mid of a fresh book. */
void accounts_mark(struct accounts *accounts, uint16_t instrument, int64_t mark_e8_ticks,
                   int64_t now_ns);

/* Begins a new UTC day when now is past the present one. */
void accounts_roll(struct accounts *accounts, int64_t now_ns);

/* PnL of a scope since the start of the day, reporting currency. */
static inline int64_t accounts_day_e8(const struct accounts *accounts, uint16_t scope)
{
    return accounts->scope_e8[scope] - accounts->day_open_e8[scope];
}

int64_t accounts_equity_e8(const struct accounts *accounts);

/* False while something is held that has no mark or no conversion. */
bool accounts_complete(const struct accounts *accounts);

/* Value of an order in the reporting currency. False: no conversion, or it does not fit. */
bool accounts_notional_e8(const struct accounts *accounts, uint16_t instrument, int64_t price_ticks,
                          int64_t lots, int64_t *notional_e8);

/* Value of one lot at the mark, reporting currency, rounded up; 0: no mark or no conversion. */
int64_t accounts_lot_value_e8(const struct accounts *accounts, uint16_t instrument);
bool accounts_fund(struct accounts *accounts, uint16_t instrument, int64_t amount_e8);
int64_t accounts_drawdown_e8(const struct accounts *accounts);

#endif
