#include "state_hash.h"

enum { OF_ORDER = 1, OF_TOTAL, OF_OWN, OF_SCOPE };

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ULL;
    return hash ^ hash >> 29;
}

static uint64_t mix_number(uint64_t hash, int64_t value)
{
    return mix(hash, (uint64_t)value);
}

static uint64_t hash_order(const struct order *order)
{
    bool amends = order->amend_qty_lots != 0;
    uint64_t hash = mix(OF_ORDER, order->id);

    hash = mix(hash, order->state);
    hash = mix_number(hash, order->price_ticks);
    hash = mix_number(hash, order->qty_lots);
    hash = mix_number(hash, order->filled_lots);
    hash = mix_number(hash, amends ? order->amend_price_ticks : 0);
    return mix_number(hash, order->amend_qty_lots);
}

static bool is_nothing(const struct position *position)
{
    return (position->lots | position->cost_e8 | position->realised_e8 | position->fee_e8 |
            position->rebate_e8 | position->funding_e8) == 0;
}

static uint64_t hash_position(uint64_t hash, const struct position *position)
{
    if (is_nothing(position))
        return 0;
    hash = mix_number(hash, position->lots);
    hash = mix_number(hash, position->cost_e8);
    hash = mix_number(hash, position->realised_e8);
    hash = mix_number(hash, position->fee_e8);
    hash = mix_number(hash, position->rebate_e8);
    return mix_number(hash, position->funding_e8);
}

static uint64_t hash_scope(const struct state_parts *parts, uint16_t scope)
{
    const struct scope_state *state = &parts->states[scope];
    uint64_t hash = mix(mix(OF_SCOPE, scope), parts->limits_generation[scope]);

    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        hash = mix_number(hash, parts->limits[scope].value[id]);
    hash = mix(hash, (uint64_t)state->state);
    hash = mix(hash, state->version);
    return mix(hash, state->incident);
}

uint64_t state_hash(const struct state_parts *parts)
{
    uint64_t sum = 0;

    for (uint32_t at = 0; at < parts->orders->live_count; at++)
        sum += hash_order(&parts->orders->order[parts->orders->live[at]]);
    for (uint16_t at = 0; at < parts->scopes.instruments; at++) {
        sum += hash_position(mix(OF_TOTAL, at), &parts->total[at]);
        for (uint16_t strategy = 0; strategy < parts->scopes.strategies; strategy++)
            sum += hash_position(mix(mix(OF_OWN, strategy), at), &parts->own[strategy][at]);
    }
    for (uint16_t scope = 0; scope < scope_count(parts->scopes); scope++)
        sum += hash_scope(parts, scope);
    return sum;
}
