/* Strategies, changed while running: switched on and off, their parameters set. */
#include "engine_state.h"

#include "base/assert.h"

#include <string.h>

static void say_strategy(struct engine *engine, uint16_t strategy)
{
    struct event_strategy event = {.strategy = strategy,
                                   .enabled = engine->config.strategy[strategy].enabled,
                                   .version = engine->config.strategy[strategy].version};

    oms_emit(&engine->oms, EVENT_STRATEGY, &event, sizeof event);
}

void engine_state_strategies(struct engine *engine)
{
    for (uint16_t at = STRATEGY_MANUAL + 1; at < engine->config.scopes.strategies; at++)
        say_strategy(engine, at);
}

/* --- on and off --- */

/* True when the switch is another than before. */
static bool turn(struct engine *engine, uint16_t strategy, bool enabled)
{
    if (engine->config.strategy[strategy].enabled == enabled)
        return false;
    engine->config.strategy[strategy].enabled = enabled;
    /* It begins anew: what it remembers of the market is as old as its last call. */
    memset(engine->cells[strategy], 0, sizeof engine->cells[strategy]);
    return true;
}

/* What it asked for itself: not the exit of a flatten, nor what was found at the venue. */
static bool is_of_disabled(const struct engine *engine, const struct order *order)
{
    return order->strategy != STRATEGY_MANUAL &&
           !engine->config.strategy[order->strategy].enabled &&
           (order->flags & (ORDER_EXIT | ORDER_EXTERNAL)) == 0;
}

/* Also from the timer: what a full ring did not take, or the venue refused, is tried again. */
void engine_chase_disabled(struct engine *engine)
{
    for (uint32_t at = 0; at < engine->oms.pool.live_count; at++) {
        struct order *order = &engine->oms.pool.order[engine->oms.pool.live[at]];

        if (is_of_disabled(engine, order) && order->state != ORDER_PENDING_CANCEL)
            oms_cancel(&engine->oms, order);
    }
}

void engine_enable_strategy(struct engine *engine, uint16_t strategy, bool enabled)
{
    assert(strategy != STRATEGY_MANUAL && strategy < engine->config.scopes.strategies);
    if (!turn(engine, strategy, enabled))
        return;
    engine->config.strategy[strategy].version++;
    say_strategy(engine, strategy);
    engine_chase_disabled(engine);
}

/* --- parameters --- */

static bool change_is_fit(const struct engine *engine, const struct command_set_strategy *command,
                          const struct parameter_change *change)
{
    const struct parameter_row *row;

    if (change->parameter >= PARAMETER_COUNT ||
        !parameter_is_of((enum parameter_id)change->parameter,
                         engine->config.strategy[command->strategy].kind))
        return false;
    row = parameter_row((enum parameter_id)change->parameter);
    if (change->value < row->min || change->value > row->max)
        return false;
    return change->instrument == UINT16_MAX ||
           (change->instrument < engine->config.scopes.instruments &&
            engine->oms.permitted[command->strategy][change->instrument]);
}

/* Applies to a copy, so that one change that is not fit leaves all as it was. */
static bool apply(const struct engine *engine, const struct command_set_strategy *command,
                  struct strategy_params params[MAX_INSTRUMENTS])
{
    struct strategy_setup setup = {.kind = engine->config.strategy[command->strategy].kind,
                                   .instruments = engine->config.scopes.instruments,
                                   .trades = engine->oms.permitted[command->strategy],
                                   .params = params,
                                   .rows = engine->config.instrument};
    uint16_t where;

    for (uint32_t at = 0; at < command->count; at++) {
        const struct parameter_change *change = &command->change[at];

        if (!change_is_fit(engine, command, change))
            return false;
        for (uint16_t i = 0; i < setup.instruments; i++)
            if (setup.trades[i] && (change->instrument == UINT16_MAX || change->instrument == i))
                parameter_set(&params[i], (enum parameter_id)change->parameter, change->value);
    }
    return strategy_fault(&setup, &where) == NULL;
}

static void say_parameters(struct engine *engine, uint16_t strategy, uint16_t instrument,
                           const struct strategy_params *next)
{
    const struct strategy_params *now = &engine->config.strategy[strategy].params[instrument];

    for (uint32_t id = 0; id < PARAMETER_COUNT; id++) {
        struct event_parameters event = {.value = parameter_get(next, (enum parameter_id)id),
                                         .old = parameter_get(now, (enum parameter_id)id),
                                         .strategy = strategy,
                                         .instrument = instrument,
                                         .parameter = (uint16_t)id};

        if (event.value != event.old)
            oms_emit(&engine->oms, EVENT_PARAMETERS, &event, sizeof event);
    }
}

enum status engine_set_strategy(struct engine *engine, const struct command_set_strategy *command,
                                uint64_t *version)
{
    struct strategy_params next[MAX_INSTRUMENTS];
    uint16_t strategy = command->strategy;

    if (strategy == STRATEGY_MANUAL || strategy >= engine->config.scopes.strategies)
        return ERR_NOT_FOUND;
    *version = engine->config.strategy[strategy].version;
    if (command->base != *version)
        return ERR_STALE_VERSION;
    memcpy(next, engine->config.strategy[strategy].params, sizeof next);
    if (command->count > PARAMETER_CHANGES_MAX || command->enabled > 1 ||
        !apply(engine, command, next))
        return ERR_OUT_OF_RANGE;
    for (uint16_t at = 0; at < engine->config.scopes.instruments; at++)
        say_parameters(engine, strategy, at, &next[at]);
    memcpy(engine->config.strategy[strategy].params, next, sizeof next);
    (void)turn(engine, strategy, command->enabled != 0);
    *version = ++engine->config.strategy[strategy].version;
    say_strategy(engine, strategy);
    engine_chase_disabled(engine);
    return OK;
}
