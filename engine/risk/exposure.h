/* Gross and net exposure per scope, in the reporting currency, everything working included.
 *
 * Of an instrument: `long` is the position if all that works on the buy side fills and nothing on
 * the sell side, `short` the opposite. Gross is the larger magnitude of the two; summed over the
 * instruments of a scope. Net is the larger magnitude of the sum of all longs and the sum of all
 * shorts: buys everywhere fill and sells nowhere, or the reverse. Nothing is netted within an
 * instrument's working orders. Firm, venue and instrument look at the instrument's total; a
 * strategy at its own.
 *
 * A lot is worth its value at the mark, rounded up, so a figure is never too small; 0 while there
 * is no mark: the gate then denies for want of a reference. Figures saturate at INT64_MAX.
 *
 * Engine thread; a change costs a few multiplications. */
#ifndef PITWALL_RISK_EXPOSURE_H
#define PITWALL_RISK_EXPOSURE_H

#include "domain/scope.h"

#include <stdbool.h>

/* What one instrument, or one strategy in it, could come to hold. */
struct exposure_lots {
    int64_t position, buys, sells; /* signed; working on each side */
};

struct exposure_figures {
    int64_t long_e8, short_e8, gross_e8; /* signed, signed, >= 0 */
};

struct exposure_sums {
    __int128 long_e8, short_e8, gross_e8; /* of saturated figures: these sums are exact */
};

struct exposure {
    struct exposure_figures total[MAX_INSTRUMENTS];
    struct exposure_figures own[MAX_STRATEGIES][MAX_INSTRUMENTS];
    struct exposure_sums scope[MAX_SCOPES];
};

/* The figures of some lots; lot_value_e8 >= 0. */
struct exposure_figures exposure_of(struct exposure_lots lots, int64_t lot_value_e8);

/* Puts an instrument's, or one strategy's, new figures in place of the old. */
void exposure_set_total(struct exposure *exposure, const struct order_scopes *scopes,
                        uint16_t instrument, struct exposure_figures figures);
void exposure_set_own(struct exposure *exposure, const struct order_scopes *scopes,
                      uint16_t strategy, uint16_t instrument, struct exposure_figures figures);

/* What it does to a sum when `now`, a part of it, becomes `then`. */
struct exposure_sums exposure_change(struct exposure_figures now, struct exposure_figures then);

/* What a scope shows, and what it would show after a change. */
struct exposure_figures exposure_now(const struct exposure *exposure, uint16_t scope);
struct exposure_figures exposure_if(const struct exposure *exposure, uint16_t scope,
                                    const struct exposure_sums *change);

static inline int64_t exposure_net_e8(struct exposure_figures figures)
{
    int64_t up = figures.long_e8 < 0 ? -figures.long_e8 : figures.long_e8;
    int64_t down = figures.short_e8 < 0 ? -figures.short_e8 : figures.short_e8;

    return up > down ? up : down;
}

#endif
