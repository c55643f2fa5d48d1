#include "carry_state.h"

#include "base/assert.h"

#include <string.h>

size_t carry_size(void)
{
    return sizeof(struct carry);
}

struct carry *carry_init(void *memory)
{
    struct carry *carry = memory;

    memset(carry, 0, sizeof *carry);
    order_pool_init(&carry->orders);
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            carry->limits[scope].value[id] = LIMIT_UNSET;
    return carry;
}

/* It points nowhere. */
struct carry *carry_copy(void *memory, const struct carry *carry)
{
    return memcpy(memory, carry, sizeof *carry);
}

/* --- plain reads --- */

const struct input_names *carry_names(const struct carry *carry)
{
    return carry->named ? &carry->names : NULL;
}

struct carry_scope carry_scope(const struct carry *carry, uint16_t scope)
{
    const struct scope_state *state = &carry->states[scope];
    struct carry_scope row = {.money = carry->scope[scope],
                              .state = {.incident = state->incident,
                                        .version = state->version,
                                        .scope = scope,
                                        .state = (uint8_t)state->state},
                              .generation = carry->limits_generation[scope],
                              .limits = LIMIT_COUNT};

    row.money.scope = scope;
    memcpy(row.value, carry->limits[scope].value, sizeof row.value);
    return row;
}

uint64_t carry_generation(const struct carry *carry)
{
    return carry->money.generation;
}

int64_t carry_lots(const struct carry *carry, uint16_t instrument)
{
    return carry->total[instrument].lots;
}

uint32_t carry_live_orders(const struct carry *carry)
{
    return carry->orders.live_count;
}

int64_t carry_oldest_order_ns(const struct carry *carry)
{
    int64_t oldest_ns = 0;

    for (uint32_t at = 0; at < carry->orders.live_count; at++) {
        int64_t sent_ns = carry->orders.order[carry->orders.live[at]].sent_ns;

        if (oldest_ns == 0 || sent_ns < oldest_ns)
            oldest_ns = sent_ns;
    }
    return oldest_ns;
}

uint64_t carry_hash(const struct carry *carry)
{
    struct state_parts parts = {.orders = &carry->orders,
                                .scopes = carry->scopes,
                                .total = carry->total,
                                .own = carry->own,
                                .limits = carry->limits,
                                .limits_generation = carry->limits_generation,
                                .states = carry->states};

    return state_hash(&parts);
}

static bool is_instrument(const struct carry *carry, uint16_t instrument)
{
    return instrument < carry->scopes.instruments;
}

static bool is_strategy(const struct carry *carry, uint16_t strategy)
{
    return strategy < carry->scopes.strategies;
}

static bool is_scope(const struct carry *carry, uint16_t scope)
{
    return scope < scope_count(carry->scopes);
}

/* Counts 1 in the four scopes of a strategy in an instrument. */
static void count(struct carry *carry, uint16_t strategy, uint16_t instrument, bool executions)
{
    const uint16_t numbers[] = {
        scope_of_firm(), scope_of_venue(carry->scopes, carry->names.instrument[instrument].venue),
        scope_of_strategy(carry->scopes, strategy), scope_of_instrument(carry->scopes, instrument)};

    for (unsigned at = 0; at < GATE_SCOPES; at++) {
        struct money_scope *row = &carry->scope[numbers[at]];
        uint32_t *counted = executions ? &row->executions : &row->orders_today;

        if (*counted < UINT32_MAX)
            (*counted)++;
    }
}

/* --- orders --- */

static struct order *open_order(struct carry *carry, uint64_t id, uint16_t strategy,
                                uint16_t instrument)
{
    if (id == 0 || !is_instrument(carry, instrument) || !is_strategy(carry, strategy) ||
        order_find(&carry->orders, id))
        return NULL;
    return order_take(&carry->orders, id, strategy, instrument);
}

/* NULL: finished, or never said. */
static struct order *live_order(struct carry *carry, uint64_t id)
{
    struct order *order = order_find(&carry->orders, id);

    return order && !order_state_is_terminal((enum order_state)order->state) ? order : NULL;
}

static void take_order_sent(struct carry *carry, int64_t at_ns, const struct event_order_sent *sent)
{
    struct order *order = open_order(carry, sent->order_id, sent->strategy, sent->instrument);

    if (!order)
        return;
    order->seq = sent->order_seq;
    order->side = sent->side;
    order->type = sent->type;
    order->tif = sent->tif;
    order->flags = sent->flags;
    order->state = ORDER_PENDING_NEW;
    order->price_ticks = sent->price_ticks;
    order->qty_lots = sent->qty_lots;
    order->sent_ns = at_ns;
    count(carry, sent->strategy, sent->instrument, false);
}

static void take_order_external(struct carry *carry, int64_t at_ns,
                                const struct event_order_external *external)
{
    struct order *order =
        open_order(carry, external->order_id, external->strategy, external->instrument);

    if (!order)
        return;
    order->side = external->side;
    order->flags = ORDER_EXTERNAL;
    order->state = ORDER_WORKING;
    order->price_ticks = external->price_ticks;
    order->qty_lots = external->qty_lots;
    order->sent_ns = order->acked_ns = at_ns;
}

static void take_order_carried(struct carry *carry, int64_t at_ns,
                               const struct event_order_carried *carried)
{
    struct order *order = order_find(&carry->orders, carried->order_id);

    (void)at_ns;
    if (carried->order_id == carry->pending.fill.order_id)
        carry->pending.order = 0;
    if (!order)
        order = open_order(carry, carried->order_id, carried->strategy, carried->instrument);
    if (order)
        order_take_on(order, carried);
}

static void take_order_amend(struct carry *carry, int64_t at_ns,
                             const struct event_order_amend *amend)
{
    struct order *order = live_order(carry, amend->order_id);

    if (!order)
        return;
    order->amend_price_ticks = amend->price_ticks;
    order->amend_qty_lots = amend->qty_lots;
    order->amend_no++;
    order->amend_ns = at_ns;
}

static void take_order_state(struct carry *carry, int64_t at_ns,
                             const struct event_order_state *event)
{
    struct order *order = live_order(carry, event->order_id);

    if (!order)
        return;
    order->state = event->state < ORDER_STATE_COUNT ? event->state : (uint8_t)ORDER_UNKNOWN;
    order->filled_lots = event->filled_lots;
    if (event->qty_lots != 0) { /* 0: from before an amend could move them */
        order->price_ticks = event->price_ticks;
        order->qty_lots = event->qty_lots;
    }
    if (!event->amending)
        order->amend_price_ticks = order->amend_qty_lots = 0;
    if (event->acked && order->acked_ns == 0)
        order->acked_ns = at_ns;
    if (event->order_id == carry->pending.fill.order_id)
        carry->pending.order = 0;
    if (order_state_is_terminal((enum order_state)order->state))
        order_finish(&carry->orders, order);
}

static void take_fill(struct carry *carry, int64_t at_ns, const struct event_fill *fill)
{
    struct order *order = live_order(carry, fill->order_id);

    (void)at_ns;
    if (!is_instrument(carry, fill->instrument) || !is_strategy(carry, fill->strategy))
        return;
    (void)fill_set_add(&carry->fills, carry->names.instrument[fill->instrument].venue,
                       fill->exec_id);
    carry->pending =
        (struct carry_pending){.fill = *fill, .total = 1, .own = 1, .order = order != NULL};
    if (order)
        order->filled_price_lots += (__int128)fill->price_ticks * fill->qty_lots;
    if (fill->strategy != STRATEGY_MANUAL)
        count(carry, fill->strategy, fill->instrument, true);
}

/* Like a fill of the manual strategy that no order stands behind: where the step was cut off, the
 * positions still follow. */
static void take_drift(struct carry *carry, int64_t at_ns, const struct event_drift *event)
{
    int64_t missing = event->venue_lots - event->our_lots;

    (void)at_ns;
    if (!event->adopted || !is_instrument(carry, event->instrument))
        return;
    carry->pending = (struct carry_pending){.fill = {.price_ticks = event->price_ticks,
                                                     .qty_lots = missing > 0 ? missing : -missing,
                                                     .instrument = event->instrument,
                                                     .strategy = STRATEGY_MANUAL,
                                                     .side = missing > 0 ? SIDE_BUY : SIDE_SELL},
                                            .total = 1,
                                            .own = 1};
}

bool carry_misses(struct carry *carry, uint64_t order_id, uint64_t exec_id, struct execution *fill)
{
    const struct order *order = order_find(&carry->orders, order_id);

    if (!order || order_state_is_terminal((enum order_state)order->state) ||
        (order->flags & ORDER_EXTERNAL) ||
        fill_set_has(&carry->fills, carry->names.instrument[order->instrument].venue, exec_id))
        return false;
    *fill = (struct execution){
        .report = REPORT_FILL_PART, .instrument = order->instrument, .strategy = order->strategy};
    return true;
}

/* --- positions and figures --- */

static void note_moved(struct carry_pending *pending, const struct event_position *event)
{
    if (event->strategy == UINT16_MAX && event->instrument == pending->funding.instrument)
        pending->funded = 0;
    if (event->instrument != pending->fill.instrument)
        return;
    if (event->strategy == UINT16_MAX)
        pending->total = 0;
    else if (event->strategy == pending->fill.strategy)
        pending->own = 0;
}

static void take_position(struct carry *carry, int64_t at_ns, const struct event_position *event)
{
    struct position *position;

    (void)at_ns;
    if (!is_instrument(carry, event->instrument) ||
        (event->strategy != UINT16_MAX && !is_strategy(carry, event->strategy)))
        return;
    note_moved(&carry->pending, event);
    position = event->strategy == UINT16_MAX ? &carry->total[event->instrument]
                                             : &carry->own[event->strategy][event->instrument];
    *position = position_of_said(event);
}

static void take_funding(struct carry *carry, int64_t at_ns, const struct event_funding *event)
{
    (void)at_ns;
    if (!is_instrument(carry, event->instrument))
        return;
    carry->pending = (struct carry_pending){.funding = *event, .funded = 1};
    (void)fill_set_add(&carry->fills, carry->names.instrument[event->instrument].venue,
                       event->exec_id);
}

/* What is not among its rows is zero. */
static void take_money(struct carry *carry, const uint8_t *payload, uint32_t length)
{
    struct event_money money;

    if (length < sizeof money)
        return;
    memcpy(&money, payload, sizeof money);
    if (length < sizeof money + money.marks * sizeof(struct money_mark) +
                     money.scopes * sizeof(struct money_scope))
        return;
    payload += sizeof money;
    memset(carry->scope, 0, sizeof carry->scope);
    for (uint32_t at = 0; at < money.marks; at++, payload += sizeof(struct money_mark)) {
        struct money_mark mark;

        memcpy(&mark, payload, sizeof mark);
        if (is_instrument(carry, mark.instrument))
            carry->mark[mark.instrument] = mark;
    }
    for (uint32_t at = 0; at < money.scopes; at++, payload += sizeof(struct money_scope)) {
        struct money_scope scope;

        memcpy(&scope, payload, sizeof scope);
        if (is_scope(carry, scope.scope))
            carry->scope[scope.scope] = scope;
    }
    money.marks = money.scopes = 0;
    carry->money = money;
}

/* --- a step that was cut off --- */

static bool settle_fill(struct carry *carry, const struct instrument *rows)
{
    struct carry_pending *pending = &carry->pending;
    const struct event_fill *fill = &pending->fill;
    struct order *order = pending->order ? live_order(carry, fill->order_id) : NULL;
    bool fits = true;

    if (pending->total)
        fits =
            position_fill(&carry->total[fill->instrument], &rows[fill->instrument],
                          (enum side)fill->side, fill->price_ticks, fill->qty_lots, fill->fee_e8);
    if (pending->own)
        fits &=
            position_fill(&carry->own[fill->strategy][fill->instrument], &rows[fill->instrument],
                          (enum side)fill->side, fill->price_ticks, fill->qty_lots, fill->fee_e8);
    if (order) {
        order->filled_lots += fill->qty_lots;
        order->acked_ns = order->acked_ns != 0 ? order->acked_ns : order->sent_ns;
    }
    pending->total = pending->own = pending->order = 0;
    return fits;
}

/* What of it had not been shared out yet is the manual strategy's. */
static bool settle_funding(struct carry *carry)
{
    const struct event_funding *funding = &carry->pending.funding;
    struct position *total = &carry->total[funding->instrument];
    int64_t left;

    if (funding->exec_id == 0)
        return true;
    if (carry->pending.funded && !position_fund(total, funding->amount_e8))
        return false;
    carry->pending.funded = 0;
    left = total->funding_e8;
    for (uint16_t at = 0; at < carry->scopes.strategies; at++)
        left -= carry->own[at][funding->instrument].funding_e8;
    return position_fund(&carry->own[STRATEGY_MANUAL][funding->instrument], left);
}

bool carry_settle(struct carry *carry, const struct instrument *rows)
{
    bool fits = settle_fill(carry, rows) && settle_funding(carry);

    carry->pending = (struct carry_pending){0};
    return fits;
}

/* --- scopes --- */

static void take_limits_applied(struct carry *carry, int64_t at_ns,
                                const struct event_limits_applied *event)
{
    (void)at_ns;
    if (!is_scope(carry, event->scope))
        return;
    carry->limits[event->scope] = event->limits;
    carry->limits_generation[event->scope] = event->generation;
    if (event->generation > carry->money.generation)
        carry->money.generation = event->generation;
}

/* Who lifts a state has looked at the executions, too (oms_rearm). */
static void take_state_changed(struct carry *carry, int64_t at_ns,
                               const struct event_state_changed *event)
{
    struct scope_state *state;

    (void)at_ns;
    if (!is_scope(carry, event->scope) || event->state > STATE_HALTED)
        return;
    state = &carry->states[event->scope];
    if (state->version != 0 && event->state < (unsigned)state->state)
        carry->scope[event->scope].executions = 0;
    state->state = (enum trading_state)event->state;
    state->version = event->version;
    state->incident = event->incident;
}

/* --- records --- */

static enum carry_result take_state_hash(const struct carry *carry,
                                         const struct event_state_hash *event)
{
    return event->hash == carry_hash(carry) ? CARRY_TAKEN : CARRY_DIFFERS;
}

/* Names that cannot be: what follows is about nobody knows what. */
static enum carry_result take_names(struct carry *carry, const void *payload, uint32_t length)
{
    struct input_names names;

    if (length < sizeof names)
        return CARRY_DIFFERS;
    memcpy(&names, payload, sizeof names);
    if (!carry_names_fit(&names))
        return CARRY_DIFFERS;
    carry_rename(carry, &names);
    return CARRY_TAKEN;
}

#define TAKE(ID, name)                                                                             \
    case ID: {                                                                                     \
        struct event_##name event = {0};                                                           \
        memcpy(&event, payload, length < sizeof event ? length : sizeof event);                    \
        take_##name(carry, at_ns, &event);                                                         \
        break;                                                                                     \
    }

/* Copied out: a payload on disk need not be aligned, and one of an older version is shorter. */
uint64_t carry_epoch(const struct carry *carry)
{
    return carry->epoch;
}

static void take_start(struct carry *carry, const void *payload, uint32_t length)
{
    struct event_start start = {0};

    memcpy(&start, payload, length < sizeof start ? length : sizeof start);
    if (start.epoch > carry->epoch && start.epoch < MAX_EPOCH)
        carry->epoch = start.epoch;
}

enum carry_result carry_take(struct carry *carry, uint16_t kind, int64_t at_ns, const void *payload,
                             uint32_t length)
{
    struct event_state_hash hash = {0};

    if (kind == INPUT_NAMES)
        return take_names(carry, payload, length);
    if (kind == EVENT_START)
        take_start(carry, payload, length);
    if (!carry->named)
        return CARRY_TAKEN;
    switch (kind) {
        TAKE(EVENT_ORDER_SENT, order_sent)
        TAKE(EVENT_ORDER_STATE, order_state)
        TAKE(EVENT_ORDER_AMEND, order_amend)
        TAKE(EVENT_ORDER_EXTERNAL, order_external)
        TAKE(EVENT_ORDER_CARRIED, order_carried)
        TAKE(EVENT_FILL, fill)
        TAKE(EVENT_FUNDING, funding)
        TAKE(EVENT_DRIFT, drift)
        TAKE(EVENT_POSITION, position)
        TAKE(EVENT_LIMITS_APPLIED, limits_applied)
        TAKE(EVENT_STATE_CHANGED, state_changed)
    case EVENT_MONEY:
        take_money(carry, payload, length);
        break;
    case EVENT_STATE_HASH:
        memcpy(&hash, payload, length < sizeof hash ? length : sizeof hash);
        return take_state_hash(carry, &hash);
    default:
        break;
    }
    return CARRY_TAKEN;
}
