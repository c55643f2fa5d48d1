/* What is traded, and what one tick and one lot of it are worth.
 *
 * Price = ticks * tick_units * 10^-price_decimals, size = lots * lot_units * 10^-qty_decimals.
 * Money is in units of 1e-8 of the settlement currency:
 *   linear   value_e8 = lots * ticks * tick_value_e8, exact by the configuration check. A future
 *            with a multiplier is linear: ES has ticks of 0.25 and 50 USD a point, so that one tick
 *            of one contract is 12.5 USD
 *   inverse  value_e8 = lots * inverse_value_e8_ticks / ticks, rounded to nearest, half away
 *            from zero (a contract of `contract_value` quote units settles in the base coin:
 *            BTCUSD_PERP is 100 USD a contract)
 * Read-only after start; any thread; tens of ns, no allocation. */
#ifndef PITWALL_DOMAIN_INSTRUMENT_H
#define PITWALL_DOMAIN_INSTRUMENT_H

#include "domain/bounds.h"

#include <stdbool.h>
#include <stdint.h>

struct instrument {
    char name[MAX_NAME]; /* "binance-usdm:BTCUSDT" */
    uint16_t venue;
    uint16_t currency; /* settlement */
    uint32_t price_decimals;
    uint32_t qty_decimals;
    int64_t tick_units;
    int64_t lot_units;
    bool inverse;
    int64_t tick_value_e8;          /* linear; 0: finer than money is, watched and not traded */
    int64_t inverse_value_e8_ticks; /* inverse */
    int64_t maker_fee_e8;           /* ratio; negative is a rebate */
    int64_t taker_fee_e8;
    int64_t exchange_fee_e8, clearing_fee_e8; /* ratios, on top of either */
    int64_t funding_rate_e8;                  /* of a position's value at each funding time */
    int64_t initial_margin_e8;                /* ratio of the value that an order ties up */
    int64_t maintenance_margin_e8; /* ratio below which the venue liquidates; 0: not margined */
};

/* Where a mark comes from. */
enum mark_source { MARK_NONE, MARK_MID, MARK_VENUE };
const char *mark_source_name(enum mark_source source); /* "mid" */

/* How a currency is turned into the reporting currency. */
struct currency {
    char name[16];
    bool fixed;               /* rate_e8 below is given and does not age */
    uint16_t rate_instrument; /* else the mark of this instrument, in reporting currency */
    int64_t rate_e8;
};

/* False: outside the preconditions of bounds.h. */
bool instrument_is_within_bounds(const struct instrument *instrument);

/* Value in settlement currency, 1e-8 units, always >= 0 for lots >= 0. False on overflow, and when
 * one tick of one lot is finer than money. */
bool instrument_value_e8(const struct instrument *instrument, int64_t price_ticks, int64_t lots,
                         int64_t *value_e8);

/* The same at a price in 1e-8 ticks (a mid or an average can lie between two ticks); linear values
 * are rounded as inverse ones are. */
bool instrument_value_between_e8(const struct instrument *instrument, int64_t price_e8_ticks,
                                 int64_t lots, int64_t *value_e8);

/* The price in 1e-8 ticks at which `lots` > 0 are worth value_e8 > 0; 0 when it cannot be told. */
int64_t instrument_price_e8_ticks(const struct instrument *instrument, int64_t value_e8,
                                  int64_t lots);

/* Value of one lot at a price in 1e-8 ticks, converted by a rate (the other currency's units for
 * one
 * of the settlement currency's, 1e-8) and rounded up: a limit on it never counts too little. 0 when
 * it does not fit. */
int64_t instrument_lot_value_e8(const struct instrument *instrument, int64_t price_e8_ticks,
                                int64_t rate_e8);

/* amount * ratio / 1e8, rounded to nearest, half away from zero. False on overflow. */
bool money_scale(int64_t amount_e8, int64_t ratio_e8, int64_t *result_e8);

/* The same rounded up, for amounts and ratios >= 0: what is owed is never counted too low. */
bool money_scale_up(int64_t amount_e8, int64_t ratio_e8, int64_t *result_e8);

/* part / whole in 1e-8, rounded up, for part >= 0 and whole > 0; INT64_MAX when it does not fit. */
int64_t money_ratio_up_e8(int64_t part_e8, int64_t whole_e8);

#endif
