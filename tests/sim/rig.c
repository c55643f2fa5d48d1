/* One engine with what it needs around it: memory, lane, rings, kill page. */
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORDER_RING_MAX = 1 << 20, TELEMETRY_BYTES = 1 << 14 };

static void *take(size_t size)
{
    void *memory = aligned_alloc(CACHE_LINES_APART, (size + 127) & ~(size_t)127);

    if (!memory) {
        fputs("sim: out of memory\n", stderr);
        exit(70);
    }
    memset(memory, 0, size);
    return memory;
}

void rig_make(struct rig *rig)
{
    struct engine_config config = {.scopes.instruments = SIM_INSTRUMENTS};

    memset(rig, 0, sizeof *rig);
    rig->memory = take(engine_size(&config));
    rig->lane_bytes = take(SIM_LANE_LARGE);
    rig->telemetry_bytes = take(TELEMETRY_BYTES);
    for (unsigned at = 0; at < SIM_GATEWAYS; at++)
        rig->order_bytes[at] = take(ORDER_RING_MAX);
}

void rig_reset(struct rig *rig, uint64_t ring_bytes, uint64_t lane_bytes, uint64_t last_seq)
{
    rig->engine = NULL;
    memset(&rig->page, 0, sizeof rig->page);
    lane_init(&rig->lane, &rig->shared, rig->lane_bytes, lane_bytes, 1, last_seq);
    ring_init(&rig->telemetry, rig->telemetry_bytes, TELEMETRY_BYTES);
    rig->io =
        (struct engine_io){.events = &rig->lane, .telemetry = &rig->telemetry, .kill = &rig->page};
    for (unsigned at = 0; at < SIM_GATEWAYS; at++) {
        ring_init(&rig->orders[at], rig->order_bytes[at], ring_bytes);
        rig->io.orders[at] = &rig->orders[at];
    }
}

/* ---- the state hash --------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, int64_t value)
{
    hash = (hash ^ (uint64_t)value) * 0x9E3779B97F4A7C15ULL;
    return hash ^ hash >> 32;
}

/* The pool's order does not count: it depends on history that nobody can see. */
static uint64_t hash_orders(const struct order_pool *pool)
{
    uint64_t sum = 0;

    for (uint32_t at = 0; at < pool->live_count; at++) {
        const struct order *order = &pool->order[pool->live[at]];
        uint64_t hash = mix(1, (int64_t)order->id);

        hash = mix(hash, order->state);
        hash = mix(hash, order->price_ticks);
        hash = mix(hash, order->qty_lots);
        hash = mix(hash, order->filled_lots);
        sum += mix(hash, (int64_t)order->incident);
    }
    return sum;
}

static uint64_t hash_position(uint64_t hash, const struct position *position)
{
    hash = mix(hash, position->lots);
    hash = mix(hash, position->cost_e8);
    hash = mix(hash, position->realised_e8);
    return mix(hash, position->fee_e8);
}

static uint64_t hash_accounts(uint64_t hash, const struct accounts *accounts)
{
    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++) {
        hash = hash_position(hash, &accounts->total[at]);
        hash = mix(hash, accounts->mark_e8_ticks[at]);
        for (uint16_t strategy = 0; strategy < SIM_STRATEGIES; strategy++)
            hash = hash_position(hash, &accounts->own[strategy][at]);
    }
    for (uint16_t scope = 0; scope < SIM_SCOPES; scope++)
        hash = mix(hash, accounts_day_e8(accounts, scope));
    return mix(hash, accounts->peak_e8);
}

static uint64_t hash_scopes(uint64_t hash, const struct oms *oms)
{
    for (uint16_t scope = 0; scope < SIM_SCOPES; scope++) {
        hash = mix(hash, oms->states[scope].state);
        hash = mix(hash, (int64_t)oms->states[scope].version);
        hash = mix(hash, (int64_t)oms->states[scope].incident);
        hash = mix(hash, (int64_t)oms->limits_generation[scope]);
        hash = mix(hash, (int64_t)oms->open_orders[scope]);
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            hash = mix(hash, oms->limits[scope].value[id]);
    }
    return mix(hash, (int64_t)oms->generation);
}

static uint64_t hash_strategies(uint64_t hash, const struct engine_config *config)
{
    for (uint16_t at = 0; at < SIM_STRATEGIES; at++) {
        hash = mix(hash, config->strategy[at].enabled);
        hash = mix(hash, (int64_t)config->strategy[at].version);
        for (uint16_t instrument = 0; instrument < SIM_INSTRUMENTS; instrument++)
            for (unsigned id = 0; id < PARAMETER_COUNT; id++)
                hash = mix(hash, parameter_get(&config->strategy[at].params[instrument],
                                               (enum parameter_id)id));
    }
    return hash;
}

uint64_t engine_hash(const struct engine *engine)
{
    const struct oms *oms = &engine->oms;
    uint64_t hash = mix(hash_orders(&oms->pool), (int64_t)oms->order_seq);

    for (unsigned side = 0; side < 2; side++)
        for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++)
            hash = mix(hash, oms->working_total[side][at]);
    hash = hash_strategies(mix(hash, oms->stopping), &engine->config);
    return hash_scopes(hash_accounts(hash, &oms->accounts), oms);
}
