/* What the engine counts for limits and no order or position shows: messages of the last second,
 * new orders of the day, executions since a person looked.
 *
 * Counted here from its events, by the engine's rules. The last two it states itself every few
 * seconds, and when a run or a day begins (EVENT_MONEY): then they are what it says. Messages fall
 * into buckets of 100 ms; eleven of them hold at least one whole second and at most 1.1, as the
 * engine counts. Inside view/ only, under the view's lock. */
#ifndef PITWALL_VIEW_TALLIES_H
#define PITWALL_VIEW_TALLIES_H

#include "engine.h"

enum { TALLY_BUCKETS = 11 };

struct view_tallies {
    uint32_t orders_today[MAX_SCOPES], executions[MAX_SCOPES];
    struct tally_bucket {
        int64_t number; /* of the 100 ms since the epoch that it counts */
        uint32_t messages[MAX_SCOPES];
    } bucket[TALLY_BUCKETS];
};

/* One more in each of the scopes. */
void tallies_count(uint32_t counts[MAX_SCOPES], struct order_scopes scopes);
/* A message about an order left at at_ns. */
void tallies_message(struct view_tallies *tallies, struct order_scopes scopes, int64_t at_ns);
/* The bytes of an EVENT_MONEY. */
void tallies_stated(struct view_tallies *tallies, const void *payload, uint32_t length);
/* Of the scope, in the second before now_ns. */
uint32_t tallies_messages(const struct view_tallies *tallies, uint16_t scope, int64_t now_ns);

#endif
