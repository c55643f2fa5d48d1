/* What a restart comes up in: the strictest of what the file, the database and the journal say. */
#include "restore.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct engine_config engine;
static struct kill_page page;
static struct store_saved saved;
static struct carry *carry;

static void begin(void)
{
    struct input_names names = {.venues = 1, .strategies = 1, .instruments = 1};

    memset(&engine, 0, sizeof engine);
    memset(&page, 0, sizeof page);
    memset(&saved, 0, sizeof saved);
    engine.scopes = (struct scope_map){1, 1, 1};
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            engine.limits[scope].value[id] = engine.caps[scope].value[id] = LIMIT_UNSET;
    engine.limits[0].value[LIMIT_MAX_ORDER_LOTS] = 100;
    (void)snprintf(names.venue[0], MAX_NAME, "sim");
    (void)snprintf(names.strategy[0], MAX_NAME, "manual");
    (void)snprintf(names.instrument[0].name, MAX_NAME, "sim:A");
    carry = carry_init(malloc(carry_size()));
    (void)carry_take(carry, INPUT_NAMES, 0, &names, sizeof names);
}

static void finish(void)
{
    free(carry);
}

TestSuite(restore, .init = begin, .fini = finish);

static void say_state(enum trading_state state, uint64_t version, uint64_t incident)
{
    struct event_state_changed event = {
        .state = (uint8_t)state, .version = version, .incident = incident};

    (void)carry_take(carry, EVENT_STATE_CHANGED, 0, &event, sizeof event);
}

static void say_limit(int64_t lots, uint64_t generation)
{
    struct event_limits_applied event = {.generation = generation, .limits = engine.limits[0]};

    event.limits.value[LIMIT_MAX_ORDER_LOTS] = lots;
    (void)carry_take(carry, EVENT_LIMITS_APPLIED, 0, &event, sizeof event);
}

static void restore(enum trading_state first)
{
    restore_scopes(&engine, &page, &saved, first, 5);
    restore_carried(&engine, &page, &saved, carry);
}

Test(restore, live_trading_starts_halted_and_so_does_what_is_not_sure)
{
    cr_assert(eq(int, restore_first_state(STATE_ACTIVE, false, true), STATE_ACTIVE));
    cr_assert(eq(int, restore_first_state(STATE_REDUCING, false, true), STATE_REDUCING));
    cr_assert(eq(int, restore_first_state(STATE_ACTIVE, true, true), STATE_HALTED));
    cr_assert(eq(int, restore_first_state(STATE_ACTIVE, false, false), STATE_HALTED));
}

Test(restore, a_kill_that_only_the_journal_knows_holds)
{
    say_state(STATE_HALTED, 7, 9ULL << 32);
    restore(STATE_ACTIVE);
    cr_assert(eq(int, engine.initial[0].state, STATE_HALTED));
    cr_assert(eq(u64, engine.initial[0].incident, 9ULL << 32));
    cr_assert(eq(u64, engine.initial[0].version, 7));
    cr_assert(kill_page_is_killed(&page, 0));
    cr_assert(ge(u64, atomic_load(&page.ticket), 9ULL << 32));
}

Test(restore, the_journal_never_loosens_a_state)
{
    saved.scope[0].state_found = true;
    saved.scope[0].state = STATE_HALTED;
    saved.scope[0].incident = 4ULL << 32;
    saved.scope[0].version = 3;
    say_state(STATE_ACTIVE, 2, 0);
    restore(STATE_ACTIVE);
    cr_assert(eq(int, engine.initial[0].state, STATE_HALTED));
    cr_assert(eq(u64, engine.initial[0].incident, 4ULL << 32));
    cr_assert(eq(u64, engine.initial[0].version, 3));
}

Test(restore, limits_of_a_lost_database_come_from_the_journal_under_todays_caps)
{
    say_limit(60, 8);
    restore(STATE_ACTIVE);
    cr_assert(eq(i64, engine.limits[0].value[LIMIT_MAX_ORDER_LOTS], 60));
    cr_assert(eq(u64, engine.limits_generation[0], 8));
    cr_assert(eq(u64, engine.generation, 8));
    engine.caps[0].value[LIMIT_MAX_ORDER_LOTS] = 50;
    restore(STATE_ACTIVE);
    cr_assert(eq(i64, engine.limits[0].value[LIMIT_MAX_ORDER_LOTS], 50));
}

Test(restore, what_the_database_has_newer_holds)
{
    saved.scope[0].limits_found = true;
    saved.scope[0].limits = engine.limits[0];
    saved.scope[0].limits.value[LIMIT_MAX_ORDER_LOTS] = 30;
    saved.scope[0].limits_generation = 9;
    say_limit(60, 8);
    restore(STATE_ACTIVE);
    cr_assert(eq(i64, engine.limits[0].value[LIMIT_MAX_ORDER_LOTS], 30));
    cr_assert(eq(u64, engine.limits_generation[0], 9));
}
