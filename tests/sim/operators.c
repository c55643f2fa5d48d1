/* People and their scripts: orders, cancels, kills, changes of limits and states, two to loosen
 * one; and nonsense. An answer of success waits for the disk (disk.c). */
#include "sim/world.h"

static uint16_t any_scope(struct world *world)
{
    return (uint16_t)(draw(world) % SIM_SCOPES);
}

/* ---- commands --------------------------------------------------------------------------- */

static void await(struct world *world, const struct command *command)
{
    struct awaiting *waits = &world->awaiting[world->awaiting_count];

    if (world->awaiting_count == SIM_AWAITING_MAX)
        return; /* nobody waits for this one's answer */
    if (command->kind == COMMAND_SET_LIMITS)
        *waits = (struct awaiting){.scope = command->set_limits.scope, .number = world->done.value};
    else if (command->kind == COMMAND_SET_STATE)
        *waits = (struct awaiting){.scope = command->set_state.scope,
                                   .number = world->scopes[command->set_state.scope].version};
    else if (command->kind == COMMAND_SET_STRATEGY)
        *waits =
            (struct awaiting){.scope = command->set_strategy.strategy, .number = world->done.value};
    else
        return;
    waits->kind = command->kind;
    waits->seq = world->last_seq;
    world->awaiting_count++;
}

static uint64_t base_of(const struct world *world, const struct command *command)
{
    if (command->kind == COMMAND_SET_LIMITS && command->set_limits.scope < SIM_SCOPES)
        return world->scopes[command->set_limits.scope].limits_generation;
    if (command->kind == COMMAND_SET_STATE && command->set_state.scope < SIM_SCOPES)
        return world->scopes[command->set_state.scope].version;
    if (command->kind == COMMAND_SET_STRATEGY && command->set_strategy.strategy < SIM_STRATEGIES)
        return world->strategies[command->set_strategy.strategy].version;
    return 0;
}

/* Old orders were cancelled to make way, and then something that cannot be cancelled was met, the
 * ring was full, or the cancels used up the messages: the one refusal that leaves a trace, by the
 * rule. */
static bool made_way(const struct world *world, const struct command *command)
{
    bool may_be_exit = command->kind == COMMAND_NEW_ORDER &&
                       (command->new_order.intent.flags & ORDER_REDUCE_ONLY) != 0;

    return (world->config.rules.cancel_old_on_self_match || may_be_exit) &&
           (world->done.denial == DENY_SELF_MATCH || world->done.denial == DENY_BUSY ||
            world->done.denial == DENY_MAX_MESSAGES_PER_S);
}

/* Gives it and judges the answer. The page is served first, so that what changes is the
 * command's. */
static bool give(struct world *world, struct command *command)
{
    uint64_t before;

    do
        feed_kill_answer(world);
    while (kill_page_doorbell(&world->live.page) != atomic_load(&world->live.page.engine_seen));
    before = engine_hash(world->live.engine);
    world->base_before = base_of(world, command);
    if (!feed_command(world, command))
        return false;
    say(world, "  answer: status %u, value %llx", world->done.status,
        (unsigned long long)world->done.value);
    /* Of a cancel-all that the ring cannot take whole, what fits is cancelled: the safe side. */
    if (world->done.status != OK && !world->struck_now && !made_way(world, command) &&
        command->kind != COMMAND_CANCEL_ALL)
        check_refused(world, before, command);
    if (world->done.status == OK)
        check_accepted(world, command);
    if (world->done.status == OK)
        await(world, command);
    return world->done.status == OK;
}

/* ---- orders ----------------------------------------------------------------------------- */

static struct command any_order(struct world *world)
{
    struct command command = {.kind = COMMAND_NEW_ORDER};
    struct intent *intent = &command.new_order.intent;
    uint16_t instrument = (uint16_t)(draw(world) % SIM_INSTRUMENTS);
    int64_t price = world->books[instrument].price_ticks;

    *intent = (struct intent){
        .kind = INTENT_NEW,
        .side = (uint8_t)(draw(world) % 2),
        .type = chance(world, 150) ? TYPE_MARKET : TYPE_LIMIT,
        .tif = chance(world, 700) ? TIF_GTC : TIF_IOC,
        .instrument = instrument,
        .strategy = chance(world, 800) ? STRATEGY_MANUAL : (uint16_t)(draw(world) % SIM_STRATEGIES),
        .qty_lots = draw_from(world, 1, 40)};
    /* Mostly on its own side of the price, sometimes through it. */
    intent->price_ticks = price + (intent->side == SIDE_BUY ? -1 : 1) * draw_from(world, -6, 20);
    if (intent->type == TYPE_MARKET)
        intent->tif = TIF_IOC;
    else if (chance(world, 100))
        intent->tif = TIF_FOK;
    if (chance(world, 60))
        intent->price_ticks = price * draw_from(world, 80, 120) / 100;
    if (chance(world, 50))
        intent->flags |= ORDER_REDUCE_ONLY;
    return command;
}

static uint16_t strict_scope(struct world *world)
{
    uint16_t scope = any_scope(world);

    for (uint16_t at = 0; at < SIM_SCOPES; at++)
        if (world->scopes[(scope + at) % SIM_SCOPES].state != STATE_ACTIVE)
            return (uint16_t)((scope + at) % SIM_SCOPES);
    return scope;
}

static void tell_order(const struct world *world, const struct intent *intent)
{
    say(world, "order: %s %lld %s at %lld%s", side_name((enum side)intent->side),
        (long long)intent->qty_lots, instrument_text(intent->instrument),
        (long long)intent->price_ticks, intent->type == TYPE_MARKET ? " (market)" : "");
}

void op_order(struct world *world)
{
    struct command command = any_order(world);

    tell_order(world, &command.new_order.intent);
    give(world, &command);
}

void op_burst(struct world *world)
{
    for (unsigned at = 0; at < 100; at++)
        op_order(world);
}

void op_cancel(struct world *world)
{
    struct command command = {.kind = COMMAND_CANCEL_ORDER};

    if (world->placed_count == 0)
        return;
    if (world->open_count > 0 && chance(world, 800))
        command.cancel_order.order_id =
            world->placed[world->open[draw(world) % world->open_count]].id;
    else
        command.cancel_order.order_id = world->placed[draw(world) % world->placed_count].id;
    say(world, "cancel %llx", (unsigned long long)command.cancel_order.order_id);
    give(world, &command);
}

void op_amend(struct world *world)
{
    struct command command = {.kind = COMMAND_AMEND_ORDER};
    const struct placed *order = NULL;

    /* Most of the open ones cannot be amended just now: look for one that can. */
    for (unsigned tries = 0; world->open_count > 0 && tries < 8; tries++) {
        order = &world->placed[world->open[draw(world) % world->open_count]];
        if (order->state == ORDER_WORKING || order->state == ORDER_PARTLY_FILLED)
            break;
    }
    if (!order)
        return;
    command.amend_order.order_id = order->id;
    if (!chance(world, 300))
        command.amend_order.price_ticks = order->price_ticks + draw_from(world, -10, 10);
    if (!chance(world, 300))
        command.amend_order.qty_lots = order->qty_lots + draw_from(world, -10, 15);
    say(world, "amend %llx to %lld at %lld", (unsigned long long)order->id,
        (long long)command.amend_order.qty_lots, (long long)command.amend_order.price_ticks);
    give(world, &command);
}

void op_flatten(struct world *world)
{
    uint16_t scope = strict_scope(world);
    struct command command = {
        .kind = COMMAND_FLATTEN,
        .flatten = {.incident = world->scopes[scope].incident, .scope = scope}};

    say(world, "flatten %s", scope_text(scope));
    give(world, &command);
}

/* Switches a strategy, sets some of its parameters; now and then something about that is wrong. */
void op_strategy(struct world *world)
{
    uint16_t strategy = (uint16_t)draw_from(world, 1, SIM_STRATEGIES - 1);
    struct command command = {.kind = COMMAND_SET_STRATEGY};
    struct command_set_strategy *set = &command.set_strategy;

    *set = (struct command_set_strategy){.base = world->strategies[strategy].version,
                                         .strategy = strategy,
                                         .enabled = chance(world, 700),
                                         .count = (uint8_t)draw_from(world, 0, 3)};
    for (unsigned at = 0; at < set->count; at++) {
        set->change[at].parameter = (uint16_t)(draw(world) % PARAMETER_COUNT);
        set->change[at].value = draw_parameter(world, (enum parameter_id)set->change[at].parameter);
        set->change[at].instrument =
            chance(world, 500) ? UINT16_MAX : (uint16_t)(draw(world) % SIM_INSTRUMENTS);
    }
    if (chance(world, 100))
        set->base--;
    if (chance(world, 50))
        set->count = (uint8_t)draw_from(world, PARAMETER_CHANGES_MAX + 1, UINT8_MAX);
    if (chance(world, 50))
        set->change[0].value = INT64_MIN;
    if (chance(world, 50))
        set->strategy = (uint16_t)draw_from(world, SIM_STRATEGIES, UINT16_MAX);
    say(world, "strategy %u is set %s, %u parameters", set->strategy, set->enabled ? "on" : "off",
        set->count);
    give(world, &command);
}

/* The control plane's sign of life, with what the gateways have counted. Not answered. */
void op_beat(struct world *world)
{
    struct command command = {
        .kind = COMMAND_BEAT,
        .beat = {.outbound_orders = world->orders_left, .outbound_lots = world->lots_left}};

    feed_command(world, &command);
}

void op_cancel_all(struct world *world)
{
    struct command command = {.kind = COMMAND_CANCEL_ALL, .cancel_all.scope = any_scope(world)};

    say(world, "cancel all of %s", scope_text(command.cancel_all.scope));
    give(world, &command);
}

void op_stop(struct world *world)
{
    struct command command = {.kind = COMMAND_STOP, .stop.cancel_orders = 1};

    say(world, "stop");
    if (give(world, &command))
        world->stopped = true;
}

/* ---- states and limits ------------------------------------------------------------------ */

static bool looks_looser(const struct world *world, const struct command *command)
{
    const struct oracle_scope *scope;

    if (command->kind == COMMAND_SET_STATE)
        return command->set_state.state < (unsigned)world->scopes[command->set_state.scope].state;
    scope = &world->scopes[command->set_limits.scope];
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        if (limit_loosens((enum limit_id)id, scope->limits.value[id],
                          command->set_limits.limits.value[id]))
            return true;
    return false;
}

static struct command state_command(const struct world *world, uint16_t scope,
                                    enum trading_state state)
{
    return (struct command){.kind = COMMAND_SET_STATE,
                            .set_state = {.base = world->scopes[scope].version,
                                          .clears = world->scopes[scope].incident,
                                          .scope = scope,
                                          .state = (uint8_t)state}};
}

static struct command limits_command(const struct world *world, uint16_t scope)
{
    return (struct command){.kind = COMMAND_SET_LIMITS,
                            .set_limits = {.base = world->scopes[scope].limits_generation,
                                           .scope = scope,
                                           .limits = world->scopes[scope].limits}};
}

static void keep(struct world *world, struct command command, uint16_t scope)
{
    world->proposals[draw(world) % SIM_PROPOSALS_MAX] =
        (struct proposal){.used = true,
                          .kind = command.kind,
                          .command = command,
                          .kill_word = world->scopes[scope].kill_word};
}

void op_propose_resume(struct world *world)
{
    uint16_t scope = strict_scope(world);

    if (world->scopes[scope].state == STATE_ACTIVE)
        return;
    say(world, "somebody proposes to resume %s", scope_text(scope));
    keep(world, state_command(world, scope, chance(world, 800) ? STATE_ACTIVE : STATE_REDUCING),
         scope);
}

void op_tighten_state(struct world *world)
{
    uint16_t scope = any_scope(world);
    struct command command =
        state_command(world, scope, chance(world, 600) ? STATE_REDUCING : STATE_HALTED);

    if (looks_looser(world, &command))
        return;
    say(world, "%s is set %s", scope_text(scope),
        trading_state_name((enum trading_state)command.set_state.state));
    give(world, &command);
}

/* Some values of the scope, up or down by up to a half. */
static void change_some(struct world *world, struct limits *limits, bool up)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        int64_t *value = &limits->value[id];
        const struct limit_row *row = limit_row((enum limit_id)id);
        bool most = row->sense == LIMIT_MOST;

        if (!chance(world, 250) || *value == LIMIT_UNSET || *value == LIMIT_DENY ||
            *value >= row->max / 2)
            continue;
        *value += (up == most ? 1 : -1) * (*value / 1000 * draw_from(world, 1, 500) + *value % 7);
        *value = *value < row->min ? row->min : *value;
    }
}

void op_propose_limits(struct world *world)
{
    uint16_t scope = chance(world, 500) ? 0 : any_scope(world);
    struct command command = limits_command(world, scope);

    change_some(world, &command.set_limits.limits, true);
    say(world, "somebody proposes other limits for %s", scope_text(scope));
    keep(world, command, scope);
}

void op_tighten_limits(struct world *world)
{
    uint16_t scope = chance(world, 500) ? 0 : any_scope(world);
    struct command command = limits_command(world, scope);

    change_some(world, &command.set_limits.limits, false);
    if (chance(world, 50)) /* nobody may set null and mean no limit */
        command.set_limits.limits.value[draw(world) % LIMIT_COUNT] = LIMIT_DENY;
    if (chance(world, 100))
        command.set_limits.base -= 1; /* somebody else was quicker */
    say(world, "limits of %s are tightened", scope_text(scope));
    give(world, &command);
}

/* A second person confirms: the command is the proposer's, with the versions that he saw. */
void op_approve(struct world *world)
{
    struct proposal *proposal = &world->proposals[draw(world) % SIM_PROPOSALS_MAX];
    struct command command = proposal->command;

    if (!proposal->used)
        return;
    say(world, "a proposal for %s is approved",
        scope_text(proposal->kind == COMMAND_SET_STATE ? command.set_state.scope
                                                       : command.set_limits.scope));
    /* Sometimes a kill comes in between. */
    if (command.kind == COMMAND_SET_STATE && chance(world, 60))
        feed_kill(world, command.set_state.scope);
    world->approving = proposal;
    give(world, &command);
    world->approving = NULL;
    if (chance(world, 900))
        proposal->used = false; /* else he presses the button twice */
}

/* ---- kills ------------------------------------------------------------------------------ */

void op_kill(struct world *world)
{
    uint16_t scope = chance(world, 300) ? 0 : any_scope(world);
    const struct proposal *proposal = &world->proposals[draw(world) % SIM_PROPOSALS_MAX];

    /* While somebody is about to resume it. */
    if (proposal->used && proposal->kind == COMMAND_SET_STATE)
        scope = proposal->command.set_state.scope;
    say(world, "%s is killed", scope_text(scope));
    feed_kill(world, scope);
}

void op_kill_in_step(struct world *world)
{
    if (world->kill_in_appends != 0)
        return;
    world->kill_scope = chance(world, 300) ? 0 : any_scope(world);
    world->kill_at_order = chance(world, 500);
    world->kill_in_appends = (uint32_t)draw_from(world, 1, world->kill_at_order ? 2 : 6);
    say(world, "%s will be killed %u %s from here", scope_text(world->kill_scope),
        world->kill_in_appends, world->kill_at_order ? "orders" : "records");
}

/* ---- nonsense --------------------------------------------------------------------------- */

static void spoil_order(struct world *world, struct intent *intent)
{
    static const int64_t odd[] = {0, -1, INT64_MIN, INT64_MAX, MAX_LOTS + 1, MAX_PRICE_TICKS + 1};
    int64_t value = odd[draw(world) % (sizeof odd / sizeof odd[0])];

    switch (draw(world) % 5) {
    case 0:
        intent->instrument = (uint16_t)draw_from(world, SIM_INSTRUMENTS, UINT16_MAX);
        break;
    case 1:
        intent->strategy = (uint16_t)draw_from(world, SIM_STRATEGIES, UINT16_MAX);
        break;
    case 2:
        intent->side = (uint8_t)draw_from(world, 2, 255);
        break;
    case 3:
        intent->qty_lots = value;
        break;
    default:
        intent->price_ticks = value;
        intent->type = TYPE_LIMIT;
        break;
    }
}

/* All of it has to be refused as a whole. */
void op_nonsense(struct world *world)
{
    struct command command = any_order(world);
    uint16_t scope = any_scope(world);

    switch (draw(world) % 7) {
    case 6: /* names a kill that is not the one */
        scope = strict_scope(world);
        if (world->scopes[scope].incident == 0)
            return;
        command = state_command(world, scope, STATE_ACTIVE);
        command.set_state.clears += chance(world, 500) ? 1 : (uint64_t)-1;
        break;
    case 0:
        command = limits_command(world, scope);
        command.set_limits.scope = (uint16_t)draw_from(world, SIM_SCOPES, UINT16_MAX);
        break;
    case 1:
        command = limits_command(world, 0);
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            if (world->config.caps[0].value[id] != LIMIT_UNSET)
                command.set_limits.limits.value[id] = world->config.caps[0].value[id] + 1;
        break;
    case 2:
        command = state_command(world, scope, (enum trading_state)draw_from(world, 3, 255));
        break;
    case 3:
        command.kind = (uint8_t)draw_from(world, COMMAND_COUNT, 255);
        break;
    case 4:
        command = (struct command){.kind = COMMAND_CANCEL_ORDER,
                                   .cancel_order.order_id = draw(world) | 1ULL << 63};
        break;
    default:
        spoil_order(world, &command.new_order.intent);
        break;
    }
    say(world, "nonsense: command %u", command.kind);
    give(world, &command);
}
