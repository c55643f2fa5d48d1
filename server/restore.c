#include "restore.h"

#include <string.h>

/* A cap that has come down since binds what was approved under the old one. */
static void bound_by_caps(struct limits *limits, const struct limits *caps)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        int64_t cap = caps->value[id];
        int64_t value = limits->value[id];
        bool most = limit_row((enum limit_id)id)->sense == LIMIT_MOST;

        if (cap != LIMIT_UNSET && value != LIMIT_UNSET && value != LIMIT_DENY &&
            (most ? value > cap : value < cap))
            limits->value[id] = cap;
    }
}

/* What people set and approved holds over the file. */
static void restore_limits(struct engine_config *engine, const struct store_saved *saved,
                           uint16_t scope)
{
    engine->limits_generation[scope] = 1;
    if (saved->scope[scope].limits_found) {
        engine->limits[scope] = saved->scope[scope].limits;
        engine->limits_generation[scope] = saved->scope[scope].limits_generation;
    }
    bound_by_caps(&engine->limits[scope], &engine->caps[scope]);
    if (engine->limits_generation[scope] > engine->generation)
        engine->generation = engine->limits_generation[scope];
}

static void restore_state(struct engine_config *engine, struct kill_page *page,
                          const struct store_saved *saved, enum trading_state initial_state,
                          uint16_t scope)
{
    enum trading_state configured = scope == scope_of_firm() ? initial_state : STATE_ACTIVE;

    engine->initial[scope].state = configured;
    engine->initial[scope].version = 1;
    if (saved->scope[scope].state_found) {
        engine->initial[scope].version = saved->scope[scope].version;
        engine->initial[scope].incident = saved->scope[scope].incident;
        if (saved->scope[scope].state > configured)
            engine->initial[scope].state = saved->scope[scope].state;
    }
    if (engine->initial[scope].state != STATE_HALTED)
        engine->initial[scope].incident = 0;
    atomic_store(&page->word[scope], engine->initial[scope].incident);
}

/* A directory of which parts are older than others holds kills of starts that its epoch has not
 * come to yet: a new kill is newer than those, too. */
static uint64_t newest_kill(struct kill_page *page, uint64_t ticket)
{
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++) {
        uint64_t word = atomic_load(&page->word[scope]);

        if (word > ticket)
            ticket = word;
    }
    return ticket;
}

void restore_scopes(struct engine_config *engine, struct kill_page *page,
                    const struct store_saved *saved, enum trading_state initial_state,
                    uint64_t epoch)
{
    engine->generation = saved->generation > 0 ? saved->generation : 1;
    for (uint16_t scope = 0; scope < scope_count(engine->scopes); scope++) {
        restore_limits(engine, saved, scope);
        restore_state(engine, page, saved, initial_state, scope);
    }
    atomic_store(&page->ticket, newest_kill(page, epoch << 32));
}

enum trading_state restore_first_state(enum trading_state configured, bool is_live, bool is_sure)
{
    return is_live || !is_sure ? STATE_HALTED : configured;
}

static void carry_limits(struct engine_config *engine, const struct store_saved *saved,
                         const struct carry_scope *row, uint16_t scope)
{
    if (row->generation == 0 || (saved->scope[scope].limits_found &&
                                 saved->scope[scope].limits_generation >= row->generation))
        return;
    memcpy(engine->limits[scope].value, row->value, sizeof row->value);
    bound_by_caps(&engine->limits[scope], &engine->caps[scope]);
    engine->limits_generation[scope] = row->generation;
}

/* Versions only rise: who names an old one has not seen the state of now. */
static void carry_state(struct engine_config *engine, struct kill_page *page,
                        const struct carry_scope *row, uint16_t scope)
{
    if (row->state.version > engine->initial[scope].version)
        engine->initial[scope].version = row->state.version;
    if (row->state.state <= (unsigned)engine->initial[scope].state)
        return;
    engine->initial[scope].state = (enum trading_state)row->state.state;
    engine->initial[scope].incident = row->state.state == STATE_HALTED ? row->state.incident : 0;
    atomic_store(&page->word[scope], engine->initial[scope].incident);
}

void restore_carried(struct engine_config *engine, struct kill_page *page,
                     const struct store_saved *saved, const struct carry *carry)
{
    if (carry_generation(carry) > engine->generation)
        engine->generation = carry_generation(carry);
    for (uint16_t scope = 0; scope < scope_count(engine->scopes); scope++) {
        struct carry_scope row = carry_scope(carry, scope);

        carry_limits(engine, saved, &row, scope);
        carry_state(engine, page, &row, scope);
    }
    atomic_store(&page->ticket, newest_kill(page, atomic_load(&page->ticket)));
}

/* What people set holds over the file, as limits do. */
void restore_strategies(struct engine_config *engine, const struct store_saved *saved)
{
    for (uint16_t at = STRATEGY_MANUAL + 1; at < engine->scopes.strategies; at++) {
        if (saved->strategy[at].version == 0)
            continue; /* nothing was read: the file's */
        engine->strategy[at].enabled = saved->strategy[at].enabled;
        engine->strategy[at].version = saved->strategy[at].version;
        memcpy(engine->strategy[at].params, saved->strategy[at].params,
               sizeof engine->strategy[at].params);
    }
}
