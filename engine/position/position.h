/* Average-cost position of one instrument, and its PnL, in exact integers.
 *
 * A fill that enlarges adds its value to the cost of the open lots. One that shrinks releases its
 * share of the cost (rounded toward zero; the remainder stays with the open lots, so cost and
 * realised together never lose or gain a unit) and realises the difference. One that crosses zero
 * does both. Linear: profit of a long is exit value - entry value; inverse: entry value - exit
 * value, in the base coin.
 *
 * What is not price is kept apart: fees that were paid, rebates that makers were paid, funding.
 * They are stored as they happen, paid is positive; the edge shows costs as negative:
 *   total = realised + unrealised - fee + rebate - funding
 *
 * Engine thread; tens of ns; no allocation. Money in 1e-8 of the settlement currency, within
 * MAX_MONEY_E8 for the price part and MAX_CHARGE_E8 for each of the others. */
#ifndef PITWALL_POSITION_POSITION_H
#define PITWALL_POSITION_POSITION_H

#include "domain/instrument.h"
#include "domain/order.h"

struct position {
    int64_t lots;          /* signed */
    int64_t cost_e8;       /* value at entry of the open lots, >= 0 */
    int64_t realised_e8;   /* price part, signed */
    int64_t fee_e8;        /* paid, >= 0 */
    int64_t rebate_e8;     /* received, >= 0: negative fees */
    int64_t funding_e8;    /* paid less received */
    int64_t unrealised_e8; /* at the latest mark */
};

/* Books a fill; fee_e8 < 0 is a rebate. False, and nothing changed, when a figure would leave its
 * bounds: the caller halts. */
bool position_fill(struct position *position, const struct instrument *instrument, enum side side,
                   int64_t price_ticks, int64_t lots, int64_t fee_e8);

/* Books funding; paid is positive. False, and nothing changed, as above. */
bool position_fund(struct position *position, int64_t amount_e8);

/* Values the open lots at a mark given in 1e-8 ticks (a mid can lie between two ticks). False, and
 * nothing changed, as above. */
bool position_mark(struct position *position, const struct instrument *instrument,
                   int64_t mark_e8_ticks);

/* What the open lots will pay (positive) or receive at the next funding if mark and rate stay; 0
 * when nothing is held or the instrument has no funding. False: it does not fit. */
bool position_funding_due_e8(const struct position *position, const struct instrument *instrument,
                             int64_t mark_e8_ticks, int64_t *due_e8);

/* Cannot overflow within the bounds above. */
int64_t position_total_e8(const struct position *position);

/* Average entry price in 1e-8 ticks; 0 when flat. */
int64_t position_average_e8_ticks(const struct position *position,
                                  const struct instrument *instrument);

#endif
