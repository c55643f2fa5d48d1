/* Scopes: firm, venue/<venue>, strategy/<strategy>, instrument/<instrument>.
 *
 * All scopes of a run are known at start and numbered: firm is 0, then venues, strategies,
 * instruments. Trading state, limits, counters and the kill page are arrays over that number.
 * Read-only after start; any thread. */
#ifndef PITWALL_DOMAIN_SCOPE_H
#define PITWALL_DOMAIN_SCOPE_H

#include "domain/bounds.h"

#include <stdbool.h>
#include <stdint.h>

enum trading_state { STATE_ACTIVE, STATE_REDUCING, STATE_HALTED }; /* the larger the stricter */
enum scope_kind { SCOPE_FIRM, SCOPE_VENUE, SCOPE_STRATEGY, SCOPE_INSTRUMENT };

/* The four scopes that apply to an order, as indices into the configured scopes. */
struct order_scopes {
    uint16_t firm, venue, strategy, instrument;
};

struct scope_map {
    uint16_t venues, strategies, instruments;
};

static inline uint16_t scope_count(struct scope_map map)
{
    return (uint16_t)(1 + map.venues + map.strategies + map.instruments);
}

static inline uint16_t scope_of_firm(void)
{
    return 0;
}

static inline uint16_t scope_of_venue(struct scope_map map, uint16_t venue)
{
    (void)map;
    return (uint16_t)(1 + venue);
}

static inline uint16_t scope_of_strategy(struct scope_map map, uint16_t strategy)
{
    return (uint16_t)(1 + map.venues + strategy);
}

static inline uint16_t scope_of_instrument(struct scope_map map, uint16_t instrument)
{
    return (uint16_t)(1 + map.venues + map.strategies + instrument);
}

/* The kind of a scope, and its index among its kind. */
static inline enum scope_kind scope_kind_of(struct scope_map map, uint16_t scope, uint16_t *index)
{
    uint16_t rest = scope;

    *index = 0;
    if (rest == 0)
        return SCOPE_FIRM;
    *index = (uint16_t)(rest -= 1);
    if (rest < map.venues)
        return SCOPE_VENUE;
    *index = (uint16_t)(rest = (uint16_t)(rest - map.venues));
    if (rest < map.strategies)
        return SCOPE_STRATEGY;
    *index = (uint16_t)(rest - map.strategies);
    return SCOPE_INSTRUMENT;
}

/* Whether an instrument, traded at `venue`, belongs to a scope; a strategy may trade any. */
static inline bool scope_has_instrument(struct scope_map map, uint16_t scope, uint16_t instrument,
                                        uint16_t venue)
{
    uint16_t index;

    switch (scope_kind_of(map, scope, &index)) {
    case SCOPE_VENUE:
        return venue == index;
    case SCOPE_INSTRUMENT:
        return instrument == index;
    case SCOPE_FIRM:
    case SCOPE_STRATEGY:
        break;
    }
    return true;
}

const char *trading_state_name(enum trading_state state); /* "ACTIVE" */

#endif
