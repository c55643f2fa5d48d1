/* What the engine holds, in one number: live orders, positions, limits, trading states.
 *
 * The engine computes it over what it holds, whoever folds its events (carry.h) over what came of
 * them, both by this one definition; a difference says that one of the two has miscounted. What is
 * in it: of each live order id, state, price, quantity, filled lots and the amend that is not
 * answered; of each total and strategy's own position lots, cost, realised, fee, rebate and
 * funding; of each scope its limits, their generation, its state, version and incident. Not the
 * marks, nor what follows from them; not the books.
 *
 * The order in which orders lie in their pool says nothing, and nothing that is all zero counts, so
 * that two who number their places differently agree. Any thread that owns what is read; about
 * 30 us with every place in use. */
#ifndef PITWALL_STATE_HASH_H
#define PITWALL_STATE_HASH_H

#include "oms/oms.h"

struct state_parts {
    const struct order_pool *orders;
    struct scope_map scopes;
    const struct position *total;                  /* [MAX_INSTRUMENTS] */
    const struct position (*own)[MAX_INSTRUMENTS]; /* [MAX_STRATEGIES] */
    const struct limits *limits;                   /* the last three [MAX_SCOPES] */
    const uint64_t *limits_generation;
    const struct scope_state *states;
};

uint64_t state_hash(const struct state_parts *parts);

#endif
