/* The invariants of the test plan, one function each where one moment decides it; each is judged by
 * what the oracle knows. The texts are the plan's. */
#include "sim/world.h"

/* Bytes of the lane that one call may take: what engine_has_room() keeps for it. */
enum { CALL_BYTES_MAX = LANE_STEP_BYTES };

static long long number(int64_t value)
{
    return (long long)value;
}

static unsigned long long id_of(const struct placed *order)
{
    return (unsigned long long)order->id;
}

/* Each message of a ring that `walked` has not seen yet, once it is published. */
static void walk(struct world *world, struct ring *ring, uint64_t *walked,
                 void (*see)(struct world *world, const void *message))
{
    uint64_t tail = ring_published(ring);

    while (*walked < tail) {
        uint64_t place = *walked & (ring->capacity - 1);
        const uint64_t *word = (const void *)(ring->bytes + place);

        if (*word == RING_SKIP) {
            *walked += ring->capacity - place;
            continue;
        }
        *walked += ring_padded((size_t)*word);
        see(world, word + 1);
    }
}

/* ---- I1: after a kill ack, no new or exposure-raising message leaves --------------------- */

static bool scope_only_reduces(const struct world *world, const struct placed *order,
                               uint16_t scope)
{
    int64_t position = oracle_position(world, order, scope);
    int64_t held = order->side == SIDE_BUY ? position : -position;

    return held + oracle_working(world, order, scope) + order->qty_lots <= 0;
}

static bool only_reduces(const struct world *world, const struct placed *order)
{
    return scope_only_reduces(world, order, order->scopes.strategy) &&
           scope_only_reduces(world, order, order->scopes.instrument);
}

/* Exits leave in a halted scope, and are proven to reduce: the instrument's position or, when they
 * are a strategy's own, that strategy's. */
static bool is_proven_exit(const struct world *world, const struct placed *order)
{
    uint16_t number =
        order->flags & ORDER_EXIT_OWN ? order->scopes.strategy : order->scopes.instrument;

    return (order->flags & ORDER_EXIT) != 0 && scope_only_reduces(world, order, number);
}

static void i1_at_sending(struct world *world, const struct placed *order, uint64_t seq)
{
    const uint16_t numbers[] = {order->scopes.firm, order->scopes.venue, order->scopes.strategy,
                                order->scopes.instrument};
    enum trading_state state = oracle_state(world, &order->scopes);

    if (is_proven_exit(world, order))
        return;
    if (order->flags & ORDER_EXIT)
        violate(world, "I1", "order %llx leaves as an exit, and could enlarge", id_of(order));
    if ((order->flags & ORDER_REDUCE_ONLY) && !only_reduces(world, order))
        violate(world, "gate", "reducing_only: order %llx could enlarge", id_of(order));
    for (unsigned at = 0; at < 4; at++) {
        uint64_t killed_at_seq = world->scopes[numbers[at]].killed_at_seq;

        if (killed_at_seq != 0 && seq > killed_at_seq)
            violate(world, "I1", "order %llx was sent (record %llu) after the kill of %s (at %llu)",
                    id_of(order), (unsigned long long)seq, scope_text(numbers[at]),
                    (unsigned long long)killed_at_seq);
    }
    if (state == STATE_HALTED)
        violate(world, "I1", "order %llx was sent while halted", id_of(order));
    if (state == STATE_REDUCING && !only_reduces(world, order))
        violate(world, "I1", "order %llx enlarges a position while reducing only", id_of(order));
}

static void i1_at_the_venue(struct world *world, const struct placed *order)
{
    const uint16_t numbers[] = {order->scopes.firm, order->scopes.venue, order->scopes.strategy,
                                order->scopes.instrument};

    if (order->flags & ORDER_EXIT)
        return; /* proven when it was sent */
    for (unsigned at = 0; at < 4; at++)
        if (world->scopes[numbers[at]].acked_word != 0)
            violate(world, "I1", "order %llx reached the venue after the kill of %s was answered",
                    id_of(order), scope_text(numbers[at]));
}

/* A kill is cleared by an approval that was asked for after it, and by nothing else. */
void check_loosened(struct world *world, const struct event_state_changed *event, uint64_t seq)
{
    const struct oracle_scope *scope = &world->scopes[event->scope];
    uint64_t word = scope->struck_seq == seq ? scope->kill_word_before : scope->kill_word;

    if (!world->approving)
        violate(world, "I1", "%s was loosened by nobody", scope_text(event->scope));
    if (world->approving->kill_word != word)
        violate(world, "I1", "%s was resumed past a kill that came after the proposal",
                scope_text(event->scope));
}

/* A kill is answered when the engine has, and each gateway has passed its doorbell and what was on
 * its ring at the block. */
static bool is_passed(struct world *world, const struct kill_wait *wait)
{
    struct kill_page *page = &world->live.page;

    if (atomic_load(&page->engine_seen) < wait->doorbell)
        return false;
    for (uint16_t at = 0; at < SIM_GATEWAYS; at++)
        if (atomic_load(&page->gateway[at].seen) < wait->doorbell ||
            ring_consumed(&world->live.orders[at]) < atomic_load(&page->block_at[at]))
            return false;
    return true;
}

static void answer_kills(struct world *world)
{
    uint32_t count = world->kill_count < SIM_KILLS_MAX ? world->kill_count : SIM_KILLS_MAX;

    for (uint32_t at = 0; at < count; at++) {
        struct kill_wait *wait = &world->kills[at];
        struct oracle_scope *scope = &world->scopes[wait->scope];

        if (wait->answered || !is_passed(world, wait))
            continue;
        wait->answered = true;
        world->tally.kills_answered++;
        if (scope->killed_at_seq == 0)
            continue; /* resumed since */
        scope->acked_word = wait->word;
        if (scope->state != STATE_HALTED)
            violate(world, "I1", "the kill of %s was answered, and it is not halted",
                    scope_text(wait->scope));
    }
}

/* ---- I2: position and worst case never exceed the limits in force ------------------------ */

static int64_t worst_case(const struct world *world, const struct placed *order, uint16_t scope)
{
    int64_t position = oracle_position(world, order, scope);

    return (order->side == SIDE_BUY ? position : -position) + oracle_working(world, order, scope) +
           order->qty_lots;
}

static bool collar_holds(const struct world *world, const struct placed *order, int64_t limit)
{
    int64_t mid = world->books[order->instrument].mark_e8_ticks;
    __int128 distance = (__int128)order->price_ticks * PRICE_ONE_E8 - mid;

    return (distance < 0 ? -distance : distance) * RATIO_ONE_E8 <= (__int128)limit * mid;
}

static bool loss_holds(const struct world *world, uint16_t scope, int64_t limit)
{
    int64_t open = world->scopes[scope].day_open_e8;

    if (open == INT64_MIN || !oracle_worth_is_known(world))
        return true;
    /* The engine converts position by position: a unit of rounding for each. */
    return open - oracle_pnl_e8(world, scope) <= limit + 1000;
}

static bool notional_holds(const struct world *world, const struct placed *order, int64_t limit)
{
    const struct instrument *row = &world->config.instrument[order->instrument];
    int64_t value;

    if (row->currency != 0)
        return true; /* its conversion is the positions' tests' business */
    return instrument_value_e8(row, order->price_ticks, order->qty_lots, &value) && value <= limit;
}

/* A fifth of the messages is kept for cancels and exits. */
static bool messages_hold(const struct world *world, const struct placed *order, uint16_t scope,
                          int64_t limit)
{
    int64_t most = order->flags & ORDER_EXIT ? limit : limit - limit / 5;

    return (int64_t)oracle_messages(world, scope, 1000000000) + 1 <= most;
}

/* Equal in all that a person would see. */
static bool is_equal(const struct placed *a, const struct placed *b)
{
    return a->strategy == b->strategy && a->instrument == b->instrument && a->side == b->side &&
           a->asked_price_ticks == b->asked_price_ticks && a->asked_qty_lots == b->asked_qty_lots;
}

static bool duplicate_holds(const struct world *world, const struct placed *order, int64_t limit_ms)
{
    for (uint32_t at = world->placed_count; at-- > 0;) {
        const struct placed *other = &world->placed[at];

        if (other == order || other->life != world->life || (other->flags & ORDER_EXTERNAL))
            continue;
        if (world->now_ns - other->sent_ns >= limit_ms * 1000000)
            return true;
        if (is_equal(order, other))
            return false;
    }
    return true;
}

static bool drawdown_holds(const struct world *world, int64_t limit)
{
    __int128 equity = world->config.capital_e8 + oracle_pnl_e8(world, scope_of_firm());
    __int128 fall = world->peak_e8 - equity;

    /* The peak that the engine saw in the middle of a call may be a little higher. */
    return !oracle_worth_is_known(world) ||
           fall * RATIO_ONE_E8 <= (__int128)(limit + 2) * world->peak_e8;
}

static bool holds(const struct world *world, const struct placed *order, enum limit_id id,
                  uint16_t scope, int64_t limit)
{
    const struct oracle_book *book = &world->books[order->instrument];

    switch ((int)id) {
    case LIMIT_MAX_ORDER_LOTS:
        return order->qty_lots <= limit;
    case LIMIT_MAX_ORDER_NOTIONAL:
        return notional_holds(world, order, limit);
    case LIMIT_MAX_POSITION_LOTS:
        return worst_case(world, order, scope) <= limit;
    case LIMIT_MAX_OPEN_ORDERS:
        return (int64_t)oracle_open(world, scope) + 1 <= limit;
    case LIMIT_MAX_MESSAGES_PER_S:
        return messages_hold(world, order, scope, limit);
    case LIMIT_PRICE_COLLAR_RATIO:
        return collar_holds(world, order, limit);
    case LIMIT_MAX_DATA_AGE_MS:
        return world->now_ns - book->received_ns <= limit * 1000000;
    case LIMIT_MAX_DAILY_LOSS:
        return loss_holds(world, scope, limit);
    case LIMIT_MAX_ORDERS_PER_DAY:
        return world->scopes[scope].orders_today + 1 <= limit;
    case LIMIT_MAX_REPEATED_EXECUTIONS:
        return world->scopes[scope].executions <= limit;
    case LIMIT_DUPLICATE_WINDOW_MS:
        return duplicate_holds(world, order, limit);
    case LIMIT_MAX_GROSS_NOTIONAL:
        return oracle_exposure(world, order, scope).gross_e8 <= limit;
    case LIMIT_MAX_NET_NOTIONAL:
        return oracle_exposure(world, order, scope).net_e8 <= limit;
    case LIMIT_MAX_DRAWDOWN_RATIO:
        return drawdown_holds(world, limit);
    default:
        return true; /* a limit that the oracle cannot measure; the gate's own tests do */
    }
}

/* Exits are not held to all limits: a loss must not keep anybody from getting out. Limits on margin
 * are for what has one. */
static bool applies(const struct world *world, const struct placed *order, enum limit_id id)
{
    bool margined = world->config.instrument[order->instrument].maintenance_margin_e8 != 0;
    enum { BINDS, WAIVED };
    static const uint8_t exits[LIMIT_COUNT] = {
#define LIMIT(ID, name, type, unit, min, max, sense, exits, says) exits,
#include "tables/limits.def"
#undef LIMIT
    };

    return (margined ||
            (id != LIMIT_MAX_MARGIN_RATIO && id != LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO)) &&
           !((order->flags & ORDER_EXIT) && exits[id] == WAIVED);
}

/* A limit that no applicable scope sets denies, and so does one that was set to null. */
static void i2_one_limit(struct world *world, const struct placed *order, enum limit_id id)
{
    const uint16_t numbers[] = {order->scopes.firm, order->scopes.venue, order->scopes.strategy,
                                order->scopes.instrument};
    bool set = false;

    if ((order->flags & ORDER_EXIT) && limit_row(id)->exits == LIMIT_WAIVED)
        return;
    for (unsigned at = 0; at < 4; at++) {
        int64_t limit = world->scopes[numbers[at]].limits.value[id];

        if (limit == LIMIT_UNSET)
            continue;
        set = true;
        if (limit == LIMIT_DENY || !holds(world, order, id, numbers[at], limit))
            violate(world, "I2",
                    "order %llx (%lld lots of %s) is over %s %lld of %s; worst case %lld lots",
                    id_of(order), number(order->qty_lots), instrument_text(order->instrument),
                    limit_row(id)->name, number(limit), scope_text(numbers[at]),
                    number(worst_case(world, order, numbers[at])));
    }
    if (!set)
        violate(world, "I2", "order %llx was sent, and nobody sets %s", id_of(order),
                limit_row(id)->name);
}

static void i2_worst_case(struct world *world, const struct placed *order, uint16_t scope,
                          int64_t measured)
{
    int64_t worst = worst_case(world, order, scope);

    if ((measured > 0 ? measured : 0) != (worst > 0 ? worst : 0))
        violate(world, "I2", "order %llx: the gate measured a worst case of %lld, it is %lld",
                id_of(order), number(measured), number(worst));
}

static void i2_limits(struct world *world, const struct placed *order,
                      const struct verdict *verdict)
{
    if (verdict->generation != world->newest_generation)
        violate(world, "I2", "order %llx was judged by generation %llu, in force is %llu",
                id_of(order), (unsigned long long)verdict->generation,
                (unsigned long long)world->newest_generation);
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        if (applies(world, order, (enum limit_id)id))
            i2_one_limit(world, order, (enum limit_id)id);
    i2_worst_case(world, order, order->scopes.instrument, verdict->wide[WIDE_POSITION_TOTAL]);
    i2_worst_case(world, order, order->scopes.strategy, verdict->wide[WIDE_POSITION_OWN]);
}

/* What may still fill at the venue, and what has filled there untold, the engine counts: UNKNOWN
 * orders and amends on their way in full. Orders of an earlier life it cannot know. */
static void i2_one_order(struct world *world, const struct placed *order, int64_t qty_lots)
{
    int64_t may_fill = qty_lots > order->filled_lots ? qty_lots - order->filled_lots : 0;
    int64_t untold = order->filled_lots - order->told_lots;

    if (order->life != world->life || may_fill == 0)
        return;
    if (may_fill + (untold > 0 ? untold : 0) > oracle_exposed(order))
        violate(world, "I2",
                "order %llx may fill %lld lots at the venue, %lld untold; counted %lld",
                id_of(order), number(may_fill), number(untold), number(oracle_exposed(order)));
}

static void i2_ledger(struct world *world)
{
    for (uint32_t at = 0; at < world->resting_count; at++) {
        const struct placed *order = &world->placed[world->resting[at]];

        i2_one_order(world, order, order->venue_qty_lots);
    }
    for (uint32_t at = 0; at < world->inbound_count; at++) {
        const struct order_message *message = &world->inbound[at].message;
        const struct placed *order = oracle_order(world, message->order_id);

        if (world->now_ns - message->sent_ns < SIM_VENUE_WINDOW_NS &&
            (message->kind == ORDER_MESSAGE_NEW ||
             (message->kind == ORDER_MESSAGE_AMEND && order->where == RESTING)))
            i2_one_order(world, order, message->qty_lots);
    }
}

/* The limits that are about what the order itself would be. */
static void i2_amended(struct world *world, const struct placed *amended)
{
    static const enum limit_id own[] = {LIMIT_MAX_ORDER_LOTS,     LIMIT_MAX_ORDER_NOTIONAL,
                                        LIMIT_PRICE_COLLAR_RATIO, LIMIT_MAX_DATA_AGE_MS,
                                        LIMIT_MAX_MESSAGES_PER_S, LIMIT_MAX_DAILY_LOSS};

    for (unsigned at = 0; at < sizeof own / sizeof own[0]; at++)
        i2_one_limit(world, amended, own[at]);
}

/* ---- the gate's other rules --------------------------------------------------------------- */

/* What all positions and orders tie up by their initial margins is covered by the equity, unless
 * the
 * order ties up nothing more. */
static void gate_balance(struct world *world, const struct placed *order)
{
    struct placed nothing = *order;
    __int128 tied = 0;

    nothing.qty_lots = 0;
    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++) {
        uint16_t scope = scope_of_instrument(world->config.scopes, at);
        int64_t gross = oracle_exposure(world, order, scope).gross_e8;

        if (at == order->instrument && gross <= oracle_exposure(world, &nothing, scope).gross_e8)
            return;
        tied += (__int128)gross * world->config.instrument[at].initial_margin_e8 / RATIO_ONE_E8;
    }
    if (world->config.instrument[order->instrument].initial_margin_e8 != 0 &&
        oracle_worth_is_known(world) &&
        tied > world->config.capital_e8 + oracle_pnl_e8(world, scope_of_firm()) + 1000)
        violate(world, "gate", "balance: order %llx ties up more than there is", id_of(order));
}

/* A strategy that is switched off sends nothing by itself; exits are a flatten's. */
static void gate_disabled(struct world *world, const struct placed *order)
{
    if (order->strategy != STRATEGY_MANUAL && !world->in_command && !(order->flags & ORDER_EXIT) &&
        !world->strategies[order->strategy].enabled)
        violate(world, "gate", "not_permitted: order %llx of a strategy that is switched off",
                id_of(order));
}

/* No order of ours meets another of ours, but one whose cancel is ahead of it. */
static void gate_self_match(struct world *world, const struct placed *order)
{
    bool spares = world->config.rules.cancel_old_on_self_match || (order->flags & ORDER_EXIT) != 0;

    for (uint32_t at = 0; at < world->open_count; at++) {
        const struct placed *other = &world->placed[world->open[at]];
        bool buys = order->side == SIDE_BUY;

        if (other->instrument != order->instrument || other->side == order->side ||
            (spares && other->state == ORDER_PENDING_CANCEL))
            continue;
        if (buys ? other->price_ticks <= order->price_ticks
                 : other->price_ticks >= order->price_ticks)
            violate(world, "gate", "self_match: order %llx meets our own %llx", id_of(order),
                    id_of(other));
    }
}

/* ---- I3: position = sum of distinct fills by (venue, symbol, execId) --------------------- */

/* A fill is said once, when the engine has been told of it. */
void check_fill_said(struct world *world, const struct event_fill *fill)
{
    if (++world->fills_said > world->execs_told)
        violate(world, "I3", "execution %llu of %s was booked again",
                (unsigned long long)fill->exec_id, instrument_text(fill->instrument));
}

/* Cost and realised together are what was bought less what was sold; inverse ones with the other
 * sign, and a unit of rounding for each fill. */
static void i3_money(struct world *world, const struct position *position, uint16_t instrument)
{
    const struct traded *traded = &world->total[instrument];
    bool inverse = world->config.instrument[instrument].inverse;
    int64_t cost = position->lots < 0 ? -position->cost_e8 : position->cost_e8;
    int64_t realised = inverse ? -position->realised_e8 : position->realised_e8;
    int64_t off = cost - realised - traded->value_e8;

    if ((off < 0 ? -off : off) > (inverse ? 2 * traded->fills : 0))
        violate(world, "I3", "%s: cost and realised are off by %lld", instrument_text(instrument),
                number(off));
    if (position->fee_e8 - position->rebate_e8 + position->funding_e8 != traded->fee_e8)
        violate(world, "I3", "%s: fees of %lld, paid were %lld", instrument_text(instrument),
                number(position->fee_e8), number(traded->fee_e8));
}

static void i3_position(struct world *world)
{
    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++) {
        const struct position *position = engine_position(world->live.engine, at);

        if (position->lots != world->total[at].lots)
            violate(world, "I3", "%s: position of %lld lots, distinct fills sum to %lld",
                    instrument_text(at), number(position->lots), number(world->total[at].lots));
        i3_money(world, position, at);
        for (uint16_t strategy = 0; strategy < SIM_STRATEGIES; strategy++)
            if (world->live.engine->oms.accounts.own[strategy][at].lots !=
                world->own[strategy][at].lots)
                violate(world, "I3", "%s of %s: position is not the sum of its fills",
                        scope_text(scope_of_strategy(world->config.scopes, strategy)),
                        instrument_text(at));
    }
    if (world->fills_said != world->execs_told)
        violate(world, "I3", "%llu executions were told, %llu fills were said",
                (unsigned long long)world->execs_told, (unsigned long long)world->fills_said);
}

/* ---- I4: an id is sent as new at most once; ids are never reused across restarts --------- */

void check_drawn_id(struct world *world, uint64_t id)
{
    if (oracle_order(world, id))
        violate(world, "I4", "id %llx was drawn again", (unsigned long long)id);
    if (id <= world->newest_id)
        violate(world, "I4", "id %llx follows %llx", (unsigned long long)id,
                (unsigned long long)world->newest_id);
    world->newest_id = id;
    world->ids_said++;
}

/* ---- I5: the journal record of an intent precedes its bytes on the socket ---------------- */

/* Each message that a ring shows has its record: looked at before each append and after each
 * call. */
static void i5_one_message(struct world *world, const void *shown)
{
    const struct order_message *message = shown;
    struct placed *order = oracle_order(world, message->order_id);

    if (!order || order->life != world->life)
        violate(world, "I5", "order %llx is on the ring and in no record",
                (unsigned long long)message->order_id);
    if (message->kind == ORDER_MESSAGE_NEW &&
        (message->qty_lots != order->qty_lots || message->price_ticks != order->price_ticks ||
         message->side != order->side))
        violate(world, "I5", "order %llx on the ring is not the one in the record", id_of(order));
    if (message->kind == ORDER_MESSAGE_AMEND && ++order->amends_left > order->amend_no)
        violate(world, "I5", "an amend of %llx is on the ring and in no record", id_of(order));
    if (message->kind == ORDER_MESSAGE_CANCEL && ++order->cancels_left > order->cancels_said)
        violate(world, "I5", "a cancel of %llx is on the ring and in no record", id_of(order));
}

void check_published(struct world *world)
{
    for (uint16_t at = 0; at < SIM_GATEWAYS; at++)
        walk(world, &world->live.orders[at], &world->gateways[at].walked, i5_one_message);
}

/* ---- I9: after a restart never more permissive than before ------------------------------- */

/* `expected` was in force, as far as the disk can know. */
static void i9_limits(struct world *world, uint16_t scope, const struct limits *before)
{
    const struct limits *caps = &world->config.caps[scope];
    const struct limits *now = &world->scopes[scope].limits;

    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        if (limit_loosens((enum limit_id)id, before->value[id], now->value[id]))
            violate(world, "I9", "%s of %s is looser than before the restart: %lld, was %lld",
                    limit_row((enum limit_id)id)->name, scope_text(scope), number(now->value[id]),
                    number(before->value[id]));
        if (caps->value[id] != LIMIT_UNSET && now->value[id] != LIMIT_UNSET &&
            limit_row((enum limit_id)id)->sense == LIMIT_MOST && now->value[id] > caps->value[id])
            violate(world, "I9", "%s of %s is over its cap after the restart",
                    limit_row((enum limit_id)id)->name, scope_text(scope));
    }
}

static void i9_scope(struct world *world, uint16_t scope, const struct oracle_scope *before)
{
    struct oracle_scope *now = &world->scopes[scope];

    if (now->state < before->state)
        violate(world, "I9", "%s is %s after the restart, was %s", scope_text(scope),
                trading_state_name(now->state), trading_state_name(before->state));
    if (before->state == STATE_HALTED && before->incident != 0 &&
        (now->incident != before->incident || !kill_page_is_killed(&world->live.page, scope)))
        violate(world, "I9", "%s comes up without the kill that halted it", scope_text(scope));
    if (before->limits_generation != 0)
        i9_limits(world, scope, &before->limits);
}

/* ---- I6: a control action is durable before its success answer; kill acts first ---------- */

static void i6_scope(struct world *world, uint16_t scope)
{
    if (world->scopes[scope].limits_generation < world->answered.limits_generation[scope])
        violate(world, "I6", "limits of %s: generation %llu was answered, the restart knows %llu",
                scope_text(scope), (unsigned long long)world->answered.limits_generation[scope],
                (unsigned long long)world->scopes[scope].limits_generation);
    if (world->scopes[scope].version < world->answered.state_version[scope])
        violate(world, "I6", "state of %s: version %llu was answered, the restart knows %llu",
                scope_text(scope), (unsigned long long)world->answered.state_version[scope],
                (unsigned long long)world->scopes[scope].version);
}

static void check_strategies(struct world *world)
{
    for (uint16_t at = STRATEGY_MANUAL + 1; at < SIM_STRATEGIES; at++) {
        const struct oracle_strategy *before = &world->recovered_strategies[at];
        const struct oracle_strategy *now = &world->strategies[at];

        if (now->version < world->answered.strategy_version[at])
            violate(world, "I6", "strategy %u: version %llu was answered, the restart knows %llu",
                    at, (unsigned long long)world->answered.strategy_version[at],
                    (unsigned long long)now->version);
        if (before->version != 0 && !before->enabled && now->enabled)
            violate(world, "I9", "strategy %u comes up switched on, it was off", at);
    }
}

/* world->recovered holds what the disk's records say was in force. */
void check_restart(struct world *world)
{
    check_strategies(world);
    for (uint16_t scope = 0; scope < SIM_SCOPES; scope++) {
        i6_scope(world, scope);
        i9_scope(world, scope, &world->recovered[scope]);
        if (world->scopes[scope].state != STATE_HALTED)
            world->scopes[scope].acked_word = 0;
        if (world->scopes[scope].state == STATE_HALTED && world->scopes[scope].incident != 0)
            world->scopes[scope].killed_at_seq = world->last_seq;
    }
}

/* ---- I11: no number without age; unknown is not zero, not flat --------------------------- */

static void i11_reference(struct world *world, const struct placed *order)
{
    const struct oracle_book *book = &world->books[order->instrument];

    if (book->status != BOOK_OK || book->bid_count == 0 || book->ask_count == 0)
        violate(world, "I11", "order %llx was sent on a book that is %s", id_of(order),
                book_status_name(book->status));
    if (world->config.instrument[order->instrument].currency != 0 &&
        (world->books[0].mark_ns == 0 || world->now_ns - world->books[0].mark_ns >= RATE_FRESH_NS))
        violate(world, "I11", "order %llx was sent without a fresh conversion", id_of(order));
}

static void i11_book(struct world *world, const struct telemetry_book *message)
{
    const struct oracle_book *book = &world->books[message->instrument];

    if (message->status != book->status)
        violate(world, "I11", "%s is shown %s, it is %s", instrument_text(message->instrument),
                book_status_name((enum book_status)message->status),
                book_status_name(book->status));
    if (message->received_ns != book->received_ns)
        violate(world, "I11", "%s is shown with the age of another update",
                instrument_text(message->instrument));
}

static void i11_pnl(struct world *world, const struct telemetry_pnl *message)
{
    bool known = true;

    world->pnl_seen++;
    if (message->now_ns != world->now_ns)
        violate(world, "I11", "the PnL is shown with another time");
    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++) {
        const struct telemetry_mark *mark = &message->marks[at];

        if (mark->mark_e8_ticks != world->books[at].mark_e8_ticks ||
            mark->mark_ns != world->books[at].mark_ns)
            violate(world, "I11", "%s: the mark that is shown, or its age, is not the book's",
                    instrument_text(at));
        if (world->total[at].lots != 0 &&
            (world->books[at].mark_ns == 0 || (at == 2 && world->books[0].mark_ns == 0)))
            known = false;
    }
    if (message->complete && !known)
        violate(world, "I11", "the PnL claims to be complete, and a position has no mark");
}

static void i11_one_message(struct world *world, const void *message)
{
    const uint8_t *kind = message;

    if (*kind == TELEMETRY_BOOK)
        i11_book(world, message);
    else
        i11_pnl(world, message);
}

/* When it is sent, not when it is read: what waits on the ring carries its time. */
void check_telemetry(struct world *world)
{
    walk(world, &world->live.telemetry, &world->telemetry_walked, i11_one_message);
}

/* ---- I10: nothing outside may change or block the engine's step -------------------------- */

/* Here only its structure: a call is bounded in what it says, whatever it was given. That it never
 * waits, allocates or calls is what check-pure proves of the object code. */
static void i10_call(struct world *world)
{
    if (world->call_bytes > CALL_BYTES_MAX)
        violate(world, "I10", "one call said %llu bytes", (unsigned long long)world->call_bytes);
}

/* ---- I12: all queues bounded; overflow counted, with a stated policy --------------------- */

/* New orders stop while the lane still has its reserve for what must be said: at the begin of the
 * step. */
static void i12_reserve(struct world *world)
{
    if (lane_room(&world->live.lane) < LANE_RESERVE_BYTES - LANE_STEP_BYTES)
        violate(world, "I12", "an order was sent with %llu bytes of journal left",
                (unsigned long long)lane_room(&world->live.lane));
}

static void i12_bounds(struct world *world)
{
    const struct engine *engine = world->live.engine;

    if (engine_open_orders(engine) > MAX_LIVE_ORDERS)
        violate(world, "I12", "%u orders are live", engine_open_orders(engine));
    if (engine_open_orders(engine) != world->open_count)
        violate(world, "I12", "%u orders are live, %u are not over", engine_open_orders(engine),
                world->open_count);
    for (unsigned at = 0; at < SIM_GATEWAYS; at++)
        if (ring_depth(&world->live.orders[at]) > world->live.orders[at].capacity)
            violate(world, "I12", "an order ring holds more than it has");
}

/* Each id that was drawn for an intent was said, or is counted among equal ones. */
static void i12_denials(struct world *world)
{
    const struct oms *oms = &world->live.engine->oms;
    uint64_t counted = 0;

    for (unsigned strategy = 0; strategy < SIM_STRATEGIES; strategy++)
        for (unsigned at = 0; at < SIM_INSTRUMENTS; at++)
            counted += oms->denial_runs[strategy][at][SIDE_BUY].count +
                       oms->denial_runs[strategy][at][SIDE_SELL].count;
    if (world->ids_said + counted != oms->order_counter)
        violate(world, "I12", "%u ids were drawn, %llu were said or counted", oms->order_counter,
                (unsigned long long)(world->ids_said + counted));
}

/* Each telemetry message was read or counted as dropped. */
static void i12_telemetry(struct world *world)
{
    if (world->pnl_seen + world->live.engine->telemetry_dropped < world->pnl_due)
        violate(world, "I12", "%llu of %llu telemetry messages vanished",
                (unsigned long long)(world->pnl_due - world->pnl_seen),
                (unsigned long long)world->pnl_due);
}

/* ---- I13: invalid input is refused and counted, nothing half applied --------------------- */

void check_refused(struct world *world, uint64_t hash_before, const struct command *command)
{
    world->tally.refused++;
    if (engine_hash(world->live.engine) != hash_before)
        violate(world, "I13", "command %u was refused (%u) and changed the state", command->kind,
                world->done.status);
}

static void i13_limits(struct world *world, const struct command_set_limits *command)
{
    const struct oracle_scope *scope = &world->scopes[command->scope];

    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        int64_t cap = world->config.caps[command->scope].value[id];

        if (scope->limits.value[id] != command->limits.value[id])
            violate(world, "I13", "%s of %s was applied as another value",
                    limit_row((enum limit_id)id)->name, scope_text(command->scope));
        if (cap != LIMIT_UNSET && command->limits.value[id] > cap &&
            limit_row((enum limit_id)id)->sense == LIMIT_MOST)
            violate(world, "I13", "%s of %s went above its cap", limit_row((enum limit_id)id)->name,
                    scope_text(command->scope));
    }
    if (scope->limits_generation != world->done.value)
        violate(world, "I13", "generation %llu was answered, %llu is in force",
                (unsigned long long)world->done.value,
                (unsigned long long)scope->limits_generation);
}

/* `base_limits`, `base_version`: what was in force when the command came. */
void check_accepted(struct world *world, const struct command *command)
{
    if (command->kind == COMMAND_SET_LIMITS) {
        if (command->set_limits.base != world->base_before)
            violate(world, "I13", "limits of %s changed under a version that had moved",
                    scope_text(command->set_limits.scope));
        i13_limits(world, &command->set_limits);
    } else if (command->kind == COMMAND_SET_STATE) {
        if (command->set_state.base != world->base_before)
            violate(world, "I13", "state of %s changed under a version that had moved",
                    scope_text(command->set_state.scope));
        if (world->scopes[command->set_state.scope].state !=
            (enum trading_state)command->set_state.state)
            violate(world, "I13", "state of %s is not the one that was answered",
                    scope_text(command->set_state.scope));
    } else if (command->kind == COMMAND_SET_STRATEGY) {
        if (command->set_strategy.base != world->base_before)
            violate(world, "I13", "strategy %u changed under a version that had moved",
                    command->set_strategy.strategy);
        if (world->strategies[command->set_strategy.strategy].enabled !=
            (command->set_strategy.enabled != 0))
            violate(world, "I13", "strategy %u is not switched as was answered",
                    command->set_strategy.strategy);
    }
}

/* ---- where they are asked --------------------------------------------------------------- */

void check_sent(struct world *world, const struct placed *order, uint64_t seq,
                const struct verdict *verdict)
{
    i1_at_sending(world, order, seq);
    i11_reference(world, order);
    if (order->price_ticks <= 0 || order->price_ticks > MAX_PRICE_TICKS || order->qty_lots <= 0 ||
        order->qty_lots > MAX_LOTS)
        violate(world, "I13", "order %llx of %lld lots at %lld was sent", id_of(order),
                number(order->qty_lots), number(order->price_ticks));
    if (!world->config.strategy[order->strategy].instruments[order->instrument])
        violate(world, "I13", "order %llx was sent by a strategy that may not", id_of(order));
    if (world->stopped)
        violate(world, "I1", "order %llx was sent after the stop", id_of(order));
    gate_self_match(world, order);
    gate_balance(world, order);
    gate_disabled(world, order);
    i2_limits(world, order, verdict);
}

/* An amend is judged as the order that it would make. */
void check_amend(struct world *world, const struct placed *order, uint64_t seq,
                 const struct event_order_amend *event)
{
    struct placed amended = *order;

    i11_reference(world, order);
    amended.price_ticks = event->price_ticks;
    amended.qty_lots = event->qty_lots;
    i2_amended(world, &amended);
    /* What either quantity may still fill. */
    amended.qty_lots -= order->told_lots;
    if (oracle_exposed(order) > amended.qty_lots)
        amended.qty_lots = oracle_exposed(order);
    amended.told_lots = 0;
    i1_at_sending(world, &amended, seq);
    i2_worst_case(world, &amended, order->scopes.instrument,
                  event->verdict.wide[WIDE_POSITION_TOTAL]);
    i2_worst_case(world, &amended, order->scopes.strategy, event->verdict.wide[WIDE_POSITION_OWN]);
}

void check_arrival(struct world *world, struct placed *order, const struct order_message *message)
{
    if (message->kind == ORDER_MESSAGE_AMEND)
        i1_at_the_venue(world, order);
    if (message->kind != ORDER_MESSAGE_NEW)
        return;
    if (++order->news > 1)
        violate(world, "I4", "order %llx reached the venue as new again", id_of(order));
    i1_at_the_venue(world, order);
}

void check_append(struct world *world, uint16_t kind)
{
    check_published(world);
    if (kind != EVENT_ORDER_SENT)
        return;
    i12_reserve(world);
    if (lane_is_suspect(&world->live.lane))
        violate(world, "I6", "an order was sent on a journal that is suspect");
}

void check_call(struct world *world)
{
    oracle_note_peak(world);
    check_published(world);
    i10_call(world);
}

void check_step(struct world *world)
{
    answer_kills(world);
    i2_ledger(world);
    i3_position(world);
    i12_bounds(world);
    i12_denials(world);
    i12_telemetry(world);
    fold_check(world);
}
