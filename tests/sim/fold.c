/* I8: who folds the events comes to what the engine holds, after each step of each life. The
 * difference is what no event says. */
#include "sim/world.h"

#include <stdio.h>
#include <string.h>

static void name_all(const struct world *world, struct input_names *names)
{
    const struct engine_config *config = &world->file;

    memset(names, 0, sizeof *names);
    names->venues = SIM_VENUES;
    names->strategies = SIM_STRATEGIES;
    names->instruments = SIM_INSTRUMENTS;
    for (unsigned at = 0; at < SIM_VENUES; at++)
        snprintf(names->venue[at], MAX_NAME, "venue%u", at);
    for (unsigned at = 0; at < SIM_STRATEGIES; at++)
        snprintf(names->strategy[at], MAX_NAME, "strategy%u", at);
    for (unsigned at = 0; at < SIM_INSTRUMENTS; at++) {
        const struct instrument *row = &config->instrument[at];

        snprintf(names->instrument[at].name, MAX_NAME, "%s", row->name);
        snprintf(names->instrument[at].currency, sizeof names->instrument[at].currency, "%s",
                 config->currency[row->currency].name);
        names->instrument[at].venue = row->venue;
        names->instrument[at].tick_units = row->tick_units;
        names->instrument[at].lot_units = row->lot_units;
    }
}

void fold_begin_run(struct world *world)
{
    struct input_names names;

    name_all(world, &names);
    carry_init(world->on_disk);
    (void)carry_take(world->on_disk, INPUT_NAMES, 0, &names, sizeof names);
}

/* What the disk has is what is known of the lives before. */
void fold_begin_life(struct world *world)
{
    if (!carry_settle(world->on_disk, world->file.instrument))
        violate(world, "I3", "what was said last does not reach the position");
    memcpy(world->fold, world->on_disk, carry_size());
}

static bool give(void *ctx, const void *row, uint32_t length)
{
    struct world *world = ctx;

    if (!engine_carry(world->live.engine, row, length, world->now_ns))
        violate(world, "I3", "the engine does not take what the life before left");
    return true;
}

/* The fold hears what the engine makes of it while the rows are given: they come from a copy. */
void fold_give(struct world *world)
{
    static struct carry left;

    memcpy(&left, world->on_disk, sizeof left);
    (void)carry_each(&left, give, world);
}

void fold_hear(struct world *world, uint16_t kind, const void *payload, uint32_t length)
{
    if (carry_take(world->fold, kind, world->now_ns, payload, length) == CARRY_DIFFERS)
        violate(world, "I8", "the engine's STATE_HASH is not what its events come to");
}

static const char *of_whom(char text[64], uint16_t strategy, uint16_t instrument)
{
    snprintf(text, 64, "position of %s%u in %s", strategy == UINT16_MAX ? "all " : "strategy ",
             strategy, instrument_text(instrument));
    return text;
}

static void compare_position(struct world *world, uint16_t strategy, uint16_t instrument,
                             const struct position *held, const struct position *folded)
{
    char text[64];

    if (held->lots != folded->lots || held->cost_e8 != folded->cost_e8 ||
        held->realised_e8 != folded->realised_e8 || held->fee_e8 != folded->fee_e8 ||
        held->rebate_e8 != folded->rebate_e8 || held->funding_e8 != folded->funding_e8)
        violate(world, "I8", "%s: %lld lots held, %lld folded", of_whom(text, strategy, instrument),
                (long long)held->lots, (long long)folded->lots);
}

static void compare_order(struct world *world, const struct order *held, const struct order *folded)
{
    if (!folded)
        violate(world, "I8", "order %llx is live, and not in the fold",
                (unsigned long long)held->id);
    if (held->state != folded->state || held->price_ticks != folded->price_ticks ||
        held->qty_lots != folded->qty_lots || held->filled_lots != folded->filled_lots ||
        held->amend_qty_lots != folded->amend_qty_lots ||
        held->filled_price_lots != folded->filled_price_lots ||
        held->amend_no != folded->amend_no || held->flags != folded->flags ||
        held->side != folded->side || (held->acked_ns != 0) != (folded->acked_ns != 0))
        violate(world, "I8",
                "order %llx: %s %lld@%lld filled %lld amend %lld no %u is folded as %s %lld@%lld "
                "filled %lld amend %lld no %u",
                (unsigned long long)held->id, order_state_name((enum order_state)held->state),
                (long long)held->qty_lots, (long long)held->price_ticks,
                (long long)held->filled_lots, (long long)held->amend_qty_lots, held->amend_no,
                order_state_name((enum order_state)folded->state), (long long)folded->qty_lots,
                (long long)folded->price_ticks, (long long)folded->filled_lots,
                (long long)folded->amend_qty_lots, folded->amend_no);
}

static void compare_scope(struct world *world, const struct oms *oms, uint16_t scope)
{
    const struct carry *fold = world->fold;

    if (oms->limits_generation[scope] != fold->limits_generation[scope] ||
        memcmp(&oms->limits[scope], &fold->limits[scope], sizeof oms->limits[scope]) != 0)
        violate(world, "I8", "limits of %s are not in the fold", scope_text(scope));
    if (oms->states[scope].state != fold->states[scope].state ||
        oms->states[scope].version != fold->states[scope].version ||
        oms->states[scope].incident != fold->states[scope].incident)
        violate(world, "I8", "state of %s is not in the fold", scope_text(scope));
    if (oms->tally.executions[scope] != fold->scope[scope].executions ||
        oms->tally.orders_today[scope] != fold->scope[scope].orders_today)
        violate(world, "I8", "tallies of %s: %u orders, %u executions, folded %u and %u",
                scope_text(scope), oms->tally.orders_today[scope], oms->tally.executions[scope],
                fold->scope[scope].orders_today, fold->scope[scope].executions);
}

/* In words first, so that a difference has a name; then the one number. */
void fold_check(struct world *world)
{
    const struct oms *oms = &world->live.engine->oms;
    struct carry *fold = world->fold;

    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++) {
        compare_position(world, UINT16_MAX, at, &oms->accounts.total[at], &fold->total[at]);
        for (uint16_t own = 0; own < SIM_STRATEGIES; own++)
            compare_position(world, own, at, &oms->accounts.own[own][at], &fold->own[own][at]);
    }
    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        const struct order *held = &oms->pool.order[oms->pool.live[at]];

        compare_order(world, held, order_find(&fold->orders, held->id));
    }
    for (uint16_t scope = 0; scope < SIM_SCOPES; scope++)
        compare_scope(world, oms, scope);
    if (fold->fills.count != oms->fills.count)
        violate(world, "I8", "%u executions are remembered, %u folded", oms->fills.count,
                fold->fills.count);
    if (carry_hash(fold) != engine_state_hash(world->live.engine))
        violate(world, "I8", "the events come to another state hash (%u orders live, %u folded)",
                oms->pool.live_count, fold->orders.live_count);
}
