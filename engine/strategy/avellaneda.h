/* What price to quote around, and how far from it.
 *
 * Avellaneda and Stoikov, "High-frequency trading in a limit order book", Quantitative Finance 8
 * (2008): with a position q, volatility sigma, risk aversion gamma and T - t left to hold it,
 *   reservation price  r = mid - q * gamma * sigma^2 * (T - t)
 *   half spread        gamma * sigma^2 * (T - t) / 2 + ln(1 + gamma / k) / gamma
 * where k is how fast fills become rare with the distance of a quote. T - t is a fixed horizon
 * here: there is no end of the day. q counts orders of order_lots, so that gamma says the same of
 * an instrument with large lots and of one with small; all prices are in ticks.
 *
 * sigma^2 is an exponential average over time of the squared moves of the mid; until one time
 * constant has passed it is the plain average since the start, so that the first sample counts in
 * full. The mid is sampled at most 256 times in a time constant: between two updates of the book it
 * mostly bounces.
 *
 * Cont, Kukanov and Stoikov, "The price impact of order book events", Journal of Financial
 * Econometrics 12 (2014): what has come to the bid less what has left it, less the same of the ask,
 * divided by twice the average size at the touch, is how many ticks the mid moves. The sum fades
 * with a time constant, and r moves with flow_ratio of it, by at most the half spread.
 *
 * Integers only; every product is in 128 bits and clamped before it is narrowed. Engine thread.
 * Some 90 ns a call; the model itself is computed when a sample or a parameter is new. */
#ifndef PITWALL_STRATEGY_AVELLANEDA_H
#define PITWALL_STRATEGY_AVELLANEDA_H

#include "strategy/strategy.h"

struct quoting {
    int64_t centre_e8_ticks; /* twice the mid is whole, so this is exact where nothing shifts it */
    int64_t half_e8_ticks;
};

/* Learns from the touch of this moment and says what to quote around. With risk_aversion_e8 0 the
 * half spread is half_spread_ticks and the centre leans by that at the restraint of the position;
 * with flow_e8 0 it does not follow the flow. */
struct quoting avellaneda_quoting(const struct strategy_params *params,
                                  struct strategy_state *state, const struct strategy_view *view);

#endif
