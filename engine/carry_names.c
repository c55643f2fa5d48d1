/* From one run's numbers to the next one's, by name. */
#include "carry_state.h"

#include "base/assert.h"

#include <string.h>

enum { GONE = UINT16_MAX };

/* Where each old number has gone. */
struct renumbering {
    uint16_t venue[MAX_VENUES], strategy[MAX_STRATEGIES], instrument[MAX_INSTRUMENTS];
    uint16_t scope[MAX_SCOPES];
};

static bool is_same(const char *left, const char *right)
{
    return memcmp(left, right, MAX_NAME) == 0;
}

static uint16_t find_venue(const struct input_names *names, const char *name)
{
    for (uint16_t at = 0; at < names->venues; at++)
        if (is_same(names->venue[at], name))
            return at;
    return GONE;
}

static uint16_t find_strategy(const struct input_names *names, const char *name)
{
    for (uint16_t at = 0; at < names->strategies; at++)
        if (is_same(names->strategy[at], name))
            return at;
    return GONE;
}

static uint16_t find_instrument(const struct input_names *names, const char *name)
{
    for (uint16_t at = 0; at < names->instruments; at++)
        if (is_same(names->instrument[at].name, name))
            return at;
    return GONE;
}

static struct scope_map map_of(const struct input_names *names)
{
    return (struct scope_map){names->venues, names->strategies, names->instruments};
}

static void renumber(const struct input_names *old, const struct input_names *new,
                     struct renumbering *to)
{
    struct scope_map from_map = map_of(old), to_map = map_of(new);

    memset(to, 0xFF, sizeof *to);
    to->scope[scope_of_firm()] = scope_of_firm();
    for (uint16_t at = 0; at < old->venues; at++) {
        to->venue[at] = find_venue(new, old->venue[at]);
        if (to->venue[at] != GONE)
            to->scope[scope_of_venue(from_map, at)] = scope_of_venue(to_map, to->venue[at]);
    }
    for (uint16_t at = 0; at < old->strategies; at++) {
        to->strategy[at] = find_strategy(new, old->strategy[at]);
        if (to->strategy[at] != GONE)
            to->scope[scope_of_strategy(from_map, at)] =
                scope_of_strategy(to_map, to->strategy[at]);
    }
    for (uint16_t at = 0; at < old->instruments; at++) {
        to->instrument[at] = find_instrument(new, old->instrument[at].name);
        if (to->instrument[at] != GONE)
            to->scope[scope_of_instrument(from_map, at)] =
                scope_of_instrument(to_map, to->instrument[at]);
    }
}

/* --- what moves --- */

/* What is flat and gone has its PnL no more: what is measured from a point takes that out of the
 * point, so that today's loss stays today's loss. */
static void leave_out(struct carry *carry, uint16_t instrument)
{
    uint16_t venue = scope_of_venue(carry->scopes, carry->names.instrument[instrument].venue);
    int64_t gone_e8 = carry->scope[scope_of_instrument(carry->scopes, instrument)].total_e8;

    carry->scope[scope_of_firm()].day_open_e8 -= gone_e8;
    carry->scope[venue].day_open_e8 -= gone_e8;
    carry->money.peak_e8 -= gone_e8;
}

static void add(struct position *to, const struct position *from)
{
    to->lots += from->lots;
    to->cost_e8 += from->cost_e8;
    to->realised_e8 += from->realised_e8;
    to->fee_e8 += from->fee_e8;
    to->rebate_e8 += from->rebate_e8;
    to->funding_e8 += from->funding_e8;
}

static void move_positions(struct carry *carry, const struct renumbering *to)
{
    struct position total[MAX_INSTRUMENTS] = {{0}};
    struct position own[MAX_STRATEGIES][MAX_INSTRUMENTS] = {{{0}}};
    struct money_mark mark[MAX_INSTRUMENTS] = {{0}};

    for (uint16_t at = 0; at < carry->scopes.instruments; at++) {
        uint16_t instrument = to->instrument[at];

        if (instrument == GONE) {
            leave_out(carry, at);
            continue;
        }
        total[instrument] = carry->total[at];
        mark[instrument] = carry->mark[at];
        mark[instrument].instrument = instrument;
        for (uint16_t old = 0; old < carry->scopes.strategies; old++) {
            uint16_t strategy = to->strategy[old] != GONE ? to->strategy[old] : STRATEGY_MANUAL;

            add(&own[strategy][instrument], &carry->own[old][at]);
        }
    }
    memcpy(carry->total, total, sizeof total);
    memcpy(carry->own, own, sizeof own);
    memcpy(carry->mark, mark, sizeof mark);
}

static void move_scopes(struct carry *carry, const struct renumbering *to)
{
    struct limits limits[MAX_SCOPES];
    uint64_t generation[MAX_SCOPES] = {0};
    struct scope_state states[MAX_SCOPES] = {{0}};
    struct money_scope money[MAX_SCOPES] = {{0}};

    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            limits[scope].value[id] = LIMIT_UNSET;
    for (uint16_t at = 0; at < scope_count(carry->scopes); at++) {
        uint16_t scope = to->scope[at];

        if (scope == GONE)
            continue;
        limits[scope] = carry->limits[at];
        generation[scope] = carry->limits_generation[at];
        states[scope] = carry->states[at];
        money[scope] = carry->scope[at];
        money[scope].scope = scope;
    }
    memcpy(carry->limits, limits, sizeof limits);
    memcpy(carry->limits_generation, generation, sizeof generation);
    memcpy(carry->states, states, sizeof states);
    memcpy(carry->scope, money, sizeof money);
}

/* From the end: what finishes has the last one put in its place. */
static void move_orders(struct carry *carry, const struct renumbering *to)
{
    for (uint32_t at = carry->orders.live_count; at-- > 0;) {
        struct order *order = &carry->orders.order[carry->orders.live[at]];
        uint16_t strategy = to->strategy[order->strategy];

        if (to->instrument[order->instrument] == GONE)
            order_finish(&carry->orders, order);
        else
            order_move(&carry->orders, order, strategy != GONE ? strategy : STRATEGY_MANUAL,
                       to->instrument[order->instrument]);
    }
}

/* A venue that is gone keeps a number that no venue has, so that its executions are never taken
 * for another's. */
static void move_fills(struct carry *carry, const struct renumbering *to)
{
    static const uint64_t of_nobody = MAX_VENUES;
    struct fill_set *fills = &carry->fills;
    uint32_t first = (fills->next + FILL_SET_KEPT - fills->count) % FILL_SET_KEPT;
    uint32_t kept = fills->count;

    memset(fills->slot, 0, sizeof fills->slot);
    fills->count = 0;
    fills->next = first;
    for (uint32_t at = 0; at < kept; at++) {
        struct fill_key key = fills->queue[(first + at) % FILL_SET_KEPT];
        uint16_t venue = key.venue - 1 < MAX_VENUES ? to->venue[key.venue - 1] : GONE;

        (void)fill_set_add(fills, venue != GONE ? venue : (uint16_t)of_nobody, key.exec_id);
    }
}

/* What is pending about an instrument that is gone has nothing to reach. */
static void move_pending(struct carry *carry, const struct renumbering *to)
{
    struct carry_pending *pending = &carry->pending;
    uint16_t filled = to->instrument[pending->fill.instrument];
    uint16_t funded = to->instrument[pending->funding.instrument];
    uint16_t strategy = to->strategy[pending->fill.strategy];

    if (filled == GONE || funded == GONE) {
        *pending = (struct carry_pending){0};
        return;
    }
    pending->fill.instrument = filled;
    pending->funding.instrument = funded;
    pending->fill.strategy = strategy != GONE ? strategy : STRATEGY_MANUAL;
}

/* A venue that is not there would be an index past every array. */
bool carry_names_fit(const struct input_names *names)
{
    if (names->venues > MAX_VENUES || names->strategies > MAX_STRATEGIES ||
        names->strategies == 0 || names->instruments > MAX_INSTRUMENTS)
        return false;
    for (uint16_t at = 0; at < names->instruments; at++)
        if (names->instrument[at].venue >= names->venues)
            return false;
    return true;
}

void carry_rename(struct carry *carry, const struct input_names *names)
{
    struct renumbering to;

    if (carry->named && memcmp(&carry->names, names, sizeof *names) != 0) {
        renumber(&carry->names, names, &to);
        move_positions(carry, &to);
        move_scopes(carry, &to);
        move_orders(carry, &to);
        move_fills(carry, &to);
        move_pending(carry, &to);
    }
    carry->names = *names;
    carry->scopes = map_of(names);
    carry->named = true;
}

/* --- what cannot --- */

static uint32_t orders_of(const struct carry *carry, uint16_t strategy, uint16_t instrument)
{
    uint32_t orders = 0;

    for (uint32_t at = 0; at < carry->orders.live_count; at++) {
        const struct order *order = &carry->orders.order[carry->orders.live[at]];

        orders += (strategy == UINT16_MAX || order->strategy == strategy) &&
                  (instrument == UINT16_MAX || order->instrument == instrument);
    }
    return orders;
}

static bool is_held(const struct carry *carry, uint16_t instrument)
{
    const struct carry_pending *pending = &carry->pending;
    bool held = carry->total[instrument].lots != 0 ||
                ((pending->total | pending->own) != 0 && pending->fill.instrument == instrument);

    for (uint16_t at = 0; at < carry->scopes.strategies; at++)
        held |= carry->own[at][instrument].lots != 0;
    return held;
}

static enum carry_fault_kind compare(const struct input_names *old, uint16_t at,
                                     const struct input_names *new)
{
    uint16_t found = find_instrument(new, old->instrument[at].name);
    const struct input_instrument *was = &old->instrument[at], *is;

    if (found == GONE)
        return CARRY_NO_INSTRUMENT;
    is = &new->instrument[found];
    if (!is_same(old->venue[was->venue], new->venue[is->venue]))
        return CARRY_OTHER_VENUE;
    if (memcmp(was->currency, is->currency, sizeof was->currency) != 0)
        return CARRY_OTHER_CURRENCY;
    return was->tick_units == is->tick_units && was->lot_units == is->lot_units &&
                   was->price_decimals == is->price_decimals &&
                   was->qty_decimals == is->qty_decimals
               ? CARRY_FITS
               : CARRY_OTHER_STEP;
}

static struct carry_fault strategy_fault_of(const struct carry *carry, uint16_t strategy)
{
    struct carry_fault fault = {.kind = CARRY_FITS, .name = carry->names.strategy[strategy]};

    for (uint16_t at = 0; at < carry->scopes.instruments; at++)
        if (carry->own[strategy][at].lots != 0)
            fault.lots = carry->own[strategy][at].lots;
    fault.orders = orders_of(carry, strategy, UINT16_MAX);
    if (fault.lots != 0 || fault.orders != 0)
        fault.kind = CARRY_NO_STRATEGY;
    return fault;
}

struct carry_fault carry_fault(const struct carry *carry, const struct input_names *names)
{
    struct carry_fault fault = {.kind = CARRY_FITS};

    for (uint16_t at = 0; at < carry->scopes.instruments; at++) {
        fault = (struct carry_fault){.kind = compare(&carry->names, at, names),
                                     .name = carry->names.instrument[at].name,
                                     .lots = carry->total[at].lots,
                                     .orders = orders_of(carry, UINT16_MAX, at)};
        if (fault.kind != CARRY_FITS && (is_held(carry, at) || fault.orders != 0))
            return fault;
    }
    for (uint16_t at = 0; at < carry->scopes.strategies; at++) {
        if (find_strategy(names, carry->names.strategy[at]) != GONE)
            continue;
        fault = strategy_fault_of(carry, at);
        if (fault.kind != CARRY_FITS)
            return fault;
    }
    return (struct carry_fault){.kind = CARRY_FITS};
}
