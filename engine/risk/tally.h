/* Counts per scope that limits look at: new orders of the day, executions since a person looked.
 *
 * The day is the accounts' day. Executions count for what acts by itself: not for people's own
 * orders. Only a person sets them back, by lifting the state of the scope: no timer does.
 * Engine thread; a few ns. */
#ifndef PITWALL_RISK_TALLY_H
#define PITWALL_RISK_TALLY_H

#include "domain/scope.h"

struct tally {
    int64_t day_start_ns;
    uint32_t orders_today[MAX_SCOPES];
    uint32_t executions[MAX_SCOPES];
};

/* Starts the count of the day anew when the day that began at day_start_ns is another one. */
void tally_roll(struct tally *tally, int64_t day_start_ns);
void tally_order(struct tally *tally, struct order_scopes scopes);
void tally_execution(struct tally *tally, struct order_scopes scopes);

#endif
