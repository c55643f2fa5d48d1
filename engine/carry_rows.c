/* The state as rows, and back. */
#include "carry_state.h"

#include "base/assert.h"

#include <string.h>

enum { FILLS_A_ROW = 256 };

/* The longest row there is. */
struct row {
    struct carry_row head;
    union {
        struct input_names names;
        struct event_money money;
        struct carry_scope scope;
        struct money_mark mark;
        struct event_position position;
        struct event_order_carried order;
        struct fill_key fills[FILLS_A_ROW];
        struct carry_pending pending;
        struct carry_end end;
    };
};
_Static_assert(sizeof(struct row) <= INPUT_PART_MAX, "a row is one record");

struct giving {
    const struct carry *carry;
    carry_row_fn take;
    void *ctx;
    struct row row;
};

static bool give(struct giving *giving, enum carry_kind kind, uint32_t count, size_t length)
{
    giving->row.head = (struct carry_row){.kind = (uint16_t)kind, .count = count};
    return giving->take(giving->ctx, &giving->row, (uint32_t)(sizeof(struct carry_row) + length));
}

static bool give_scopes(struct giving *giving)
{
    const struct carry *carry = giving->carry;

    for (uint16_t at = 0; at < scope_count(carry->scopes); at++) {
        giving->row.scope = carry_scope(carry, at);
        if (!give(giving, CARRY_SCOPE, 1, sizeof giving->row.scope))
            return false;
    }
    return true;
}

static bool give_marks(struct giving *giving)
{
    for (uint16_t at = 0; at < giving->carry->scopes.instruments; at++) {
        giving->row.mark = giving->carry->mark[at];
        giving->row.mark.instrument = at;
        if (giving->row.mark.mark_e8_ticks != 0 &&
            !give(giving, CARRY_MARK, 1, sizeof giving->row.mark))
            return false;
    }
    return true;
}

static bool give_position(struct giving *giving, uint16_t instrument, uint16_t strategy,
                          const struct position *position)
{
    giving->row.position = position_as_said(instrument, strategy, position);
    return give(giving, CARRY_POSITION, 1, sizeof giving->row.position);
}

/* Also what is nothing: who folds on must hear that it is. */
static bool give_positions(struct giving *giving)
{
    const struct carry *carry = giving->carry;

    for (uint16_t at = 0; at < carry->scopes.instruments; at++) {
        if (!give_position(giving, at, UINT16_MAX, &carry->total[at]))
            return false;
        for (uint16_t own = 0; own < carry->scopes.strategies; own++)
            if (!give_position(giving, at, own, &carry->own[own][at]))
                return false;
    }
    return true;
}

static bool give_orders(struct giving *giving)
{
    const struct order_pool *orders = &giving->carry->orders;

    for (uint32_t at = 0; at < orders->live_count; at++) {
        order_as_carried(&orders->order[orders->live[at]], &giving->row.order);
        if (!give(giving, CARRY_ORDER, 1, sizeof giving->row.order))
            return false;
    }
    return true;
}

static bool give_fills(struct giving *giving)
{
    const struct fill_set *fills = &giving->carry->fills;
    uint32_t first = (fills->next + FILL_SET_KEPT - fills->count) % FILL_SET_KEPT;

    for (uint32_t at = 0; at < fills->count; at += FILLS_A_ROW) {
        uint32_t count = fills->count - at < FILLS_A_ROW ? fills->count - at : FILLS_A_ROW;

        for (uint32_t i = 0; i < count; i++)
            giving->row.fills[i] = fills->queue[(first + at + i) % FILL_SET_KEPT];
        if (!give(giving, CARRY_FILLS, count, count * sizeof(struct fill_key)))
            return false;
    }
    return true;
}

static bool give_pending(struct giving *giving)
{
    const struct carry_pending *pending = &giving->carry->pending;

    if ((pending->total | pending->own | pending->order | pending->funded) == 0 &&
        pending->funding.exec_id == 0)
        return true;
    giving->row.pending = *pending;
    return give(giving, CARRY_PENDING, 1, sizeof giving->row.pending);
}

bool carry_each(const struct carry *carry, carry_row_fn take, void *ctx)
{
    struct giving giving = {.carry = carry, .take = take, .ctx = ctx};

    assert(carry->named);
    giving.row.names = carry->names;
    if (!give(&giving, CARRY_NAMES, 1, sizeof giving.row.names))
        return false;
    giving.row.money = carry->money;
    if (!give(&giving, CARRY_MONEY, 1, sizeof giving.row.money) || !give_scopes(&giving) ||
        !give_marks(&giving) || !give_positions(&giving) || !give_orders(&giving) ||
        !give_fills(&giving) || !give_pending(&giving))
        return false;
    giving.row.end = (struct carry_end){.hash = carry_hash(carry), .epoch = carry->epoch};
    return give(&giving, CARRY_END, 1, sizeof giving.row.end);
}

/* --- and back --- */

static bool put_names(struct carry *carry, const struct row *row)
{
    const struct input_names *names = &row->names;

    if (carry->named || !carry_names_fit(names))
        return false;
    carry_rename(carry, names);
    return true;
}

static bool put_scope(struct carry *carry, const struct row *row)
{
    const struct carry_scope *scope = &row->scope;
    uint16_t at = scope->money.scope;

    if (at >= scope_count(carry->scopes) || scope->state.state > STATE_HALTED)
        return false;
    carry->scope[at] = scope->money;
    carry->states[at] = (struct scope_state){.state = (enum trading_state)scope->state.state,
                                             .version = scope->state.version,
                                             .incident = scope->state.incident};
    carry->limits_generation[at] = scope->generation;
    for (uint32_t id = 0; id < LIMIT_COUNT && id < scope->limits; id++)
        carry->limits[at].value[id] = scope->value[id];
    return true;
}

static bool put_mark(struct carry *carry, const struct row *row)
{
    if (row->mark.instrument >= carry->scopes.instruments)
        return false;
    carry->mark[row->mark.instrument] = row->mark;
    return true;
}

static bool put_position(struct carry *carry, const struct row *row)
{
    if (row->position.instrument >= carry->scopes.instruments ||
        (row->position.strategy != UINT16_MAX &&
         row->position.strategy >= carry->scopes.strategies))
        return false;
    (void)carry_take(carry, EVENT_POSITION, 0, &row->position, sizeof row->position);
    return true;
}

static bool put_order(struct carry *carry, const struct row *row)
{
    if (row->order.state >= ORDER_STATE_COUNT ||
        order_state_is_terminal((enum order_state)row->order.state))
        return false;
    (void)carry_take(carry, EVENT_ORDER_CARRIED, 0, &row->order, sizeof row->order);
    return order_find(&carry->orders, row->order.order_id) != NULL;
}

static bool put_fills(struct carry *carry, const struct row *row, uint32_t length)
{
    if (row->head.count > FILLS_A_ROW || row->head.count * sizeof(struct fill_key) > length)
        return false;
    for (uint32_t at = 0; at < row->head.count; at++) {
        if (row->fills[at].venue == 0 || row->fills[at].venue > MAX_VENUES + 1)
            return false;
        (void)fill_set_add(&carry->fills, (uint16_t)(row->fills[at].venue - 1),
                           row->fills[at].exec_id);
    }
    return true;
}

static bool put_pending(struct carry *carry, const struct row *row)
{
    const struct carry_pending *pending = &row->pending;

    if (pending->fill.instrument >= MAX_INSTRUMENTS || pending->fill.strategy >= MAX_STRATEGIES ||
        pending->funding.instrument >= MAX_INSTRUMENTS)
        return false;
    carry->pending = *pending;
    return true;
}

bool carry_put(struct carry *carry, const void *bytes, uint32_t length)
{
    struct row row;

    memset(&row, 0, sizeof row);
    if (length < sizeof row.head || length > INPUT_PART_MAX)
        return false;
    memcpy(&row, bytes, length < sizeof row ? length : sizeof row);
    length -= (uint32_t)sizeof row.head;
    if (!carry->named && row.head.kind != CARRY_NAMES)
        return false;
    switch (row.head.kind) {
    case CARRY_NAMES:
        return put_names(carry, &row);
    case CARRY_MONEY:
        carry->money = row.money;
        return true;
    case CARRY_SCOPE:
        return put_scope(carry, &row);
    case CARRY_MARK:
        return put_mark(carry, &row);
    case CARRY_POSITION:
        return put_position(carry, &row);
    case CARRY_ORDER:
        return put_order(carry, &row);
    case CARRY_FILLS:
        return put_fills(carry, &row, length);
    case CARRY_PENDING:
        return put_pending(carry, &row);
    case CARRY_END:
        carry->epoch = row.end.epoch;
        return row.end.hash == carry_hash(carry);
    default:
        return true; /* of a newer version */
    }
}
