/* Getting out of what a killed scope holds.
 *
 * Each flattening belongs to one incident, and ends with it: it is not taken up again after a
 * restart, nor when the scope has been resumed. It waits until nothing of ours works in an
 * instrument, and until no order's fate is unknown there: never blind. Then it sells or buys back,
 * as a market order that is bounded by the collar, reduce-only, no more than is held, so zero is
 * never crossed; again until nothing is left, or until that has failed too often.
 *
 * The scope of a strategy is judged by the strategy's own positions. All other scopes by the
 * instruments' totals, and the exits are booked to the strategies that hold that side. */
#include "base/assert.h"
#include "oms/oms.h"

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

static bool is_of_strategy(const struct oms *oms, const struct flatten *flatten, uint16_t *strategy)
{
    return scope_kind_of(oms->scopes, flatten->scope, strategy) == SCOPE_STRATEGY;
}

static bool covers(const struct oms *oms, const struct flatten *flatten, uint16_t instrument)
{
    return scope_has_instrument(oms->scopes, flatten->scope, instrument,
                                oms->instruments[instrument].venue);
}

static int64_t held_lots(const struct oms *oms, const struct flatten *flatten, uint16_t instrument)
{
    uint16_t strategy;

    return is_of_strategy(oms, flatten, &strategy) ? oms->accounts.own[strategy][instrument].lots
                                                   : oms->accounts.total[instrument].lots;
}

/* Whether none of ours may still trade there and move what is held: any order in the instrument, or
 * of the strategy alone where its own position counts (others may go on). Foreign ones are not
 * waited for. */
static bool is_quiet(const struct oms *oms, const struct flatten *flatten, uint16_t instrument)
{
    uint16_t strategy;
    bool own = is_of_strategy(oms, flatten, &strategy);

    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        const struct order *order = &oms->pool.order[oms->pool.live[at]];

        if (order->instrument == instrument && !(order->flags & ORDER_EXTERNAL) &&
            (!own || order->strategy == strategy))
            return false;
    }
    return true;
}

/* As much as one order may be, by the tightest limit that is set. */
static int64_t largest_order(const struct oms *oms, struct order_scopes scopes)
{
    const uint16_t numbers[] = {scopes.firm, scopes.venue, scopes.strategy, scopes.instrument};
    int64_t lots = MAX_LOTS;

    for (unsigned at = 0; at < GATE_SCOPES; at++) {
        int64_t limit = oms->limits[numbers[at]].value[LIMIT_MAX_ORDER_LOTS];

        if (limit > 0 && limit < lots)
            lots = limit;
    }
    return lots;
}

static void send_exit(struct oms *oms, struct flatten *flatten, uint16_t strategy,
                      uint16_t instrument, int64_t lots, const struct reference *reference)
{
    uint16_t own;
    int64_t most = largest_order(oms, oms_scopes(oms, strategy, instrument));
    struct intent intent = {.kind = INTENT_NEW,
                            .side = lots > 0 ? SIDE_SELL : SIDE_BUY,
                            .type = TYPE_MARKET,
                            .tif = TIF_IOC,
                            .flags = ORDER_REDUCE_ONLY | ORDER_EXIT,
                            .instrument = instrument,
                            .strategy = strategy,
                            .qty_lots = magnitude(lots) < most ? magnitude(lots) : most,
                            .cause = flatten->cause};
    struct verdict verdict;
    uint64_t order_id;

    if (is_of_strategy(oms, flatten, &own))
        intent.flags |= ORDER_EXIT_OWN;
    if (oms_submit(oms, &intent, reference, &order_id, &verdict) == SUBMIT_SENT)
        flatten->orders++;
    else
        flatten->failures++;
}

/* The first strategy that holds lots on the side of `held`; there is one when the total is not 0.
 * */
static uint16_t holder_of(const struct oms *oms, uint16_t instrument, int64_t held)
{
    for (uint16_t strategy = 0; strategy < oms->scopes.strategies; strategy++) {
        int64_t own = oms->accounts.own[strategy][instrument].lots;

        if ((own > 0 && held > 0) || (own < 0 && held < 0))
            return strategy;
    }
    return STRATEGY_MANUAL;
}

static void leave(struct oms *oms, struct flatten *flatten, uint16_t instrument,
                  const struct reference *reference)
{
    int64_t held = held_lots(oms, flatten, instrument);
    uint16_t strategy;
    int64_t own;

    if (held == 0 || reference->stale || !is_quiet(oms, flatten, instrument))
        return;
    if (!is_of_strategy(oms, flatten, &strategy)) {
        strategy = holder_of(oms, instrument, held);
        own = oms->accounts.own[strategy][instrument].lots;
        if (own != 0 && magnitude(own) < magnitude(held))
            held = own; /* the rest is another's, and comes when this has been filled */
    }
    send_exit(oms, flatten, strategy, instrument, held, reference);
}

/* A strategy's own exit moves the total that a wider flattening has brought to zero. */
static bool is_last(const struct oms *oms, const struct flatten *flatten)
{
    uint16_t strategy;

    if (is_of_strategy(oms, flatten, &strategy))
        return true;
    for (uint32_t at = 0; at < FLATTENS_MAX; at++)
        if (oms->flattens[at].incident != 0 && is_of_strategy(oms, &oms->flattens[at], &strategy))
            return false;
    return true;
}

/* Nothing is held, and nothing is on its way that could change that. */
static bool is_flat(const struct oms *oms, const struct flatten *flatten)
{
    for (uint16_t at = 0; at < oms->scopes.instruments; at++)
        if (covers(oms, flatten, at) &&
            (held_lots(oms, flatten, at) != 0 || !is_quiet(oms, flatten, at)))
            return false;
    return is_last(oms, flatten);
}

static void say(struct oms *oms, const struct flatten *flatten, bool done,
                enum flatten_refusal refused)
{
    struct event_flatten event = {.incident = flatten->incident,
                                  .orders = flatten->orders,
                                  .scope = flatten->scope,
                                  .done = done,
                                  .refused = (uint8_t)refused};

    oms_emit(oms, EVENT_FLATTEN, &event, sizeof event);
}

static void end(struct oms *oms, struct flatten *flatten, enum flatten_refusal refused)
{
    say(oms, flatten, true, refused);
    *flatten = (struct flatten){0};
}

static void turn(struct oms *oms, struct flatten *flatten, const struct reference *references)
{
    uint32_t orders = flatten->orders;

    if (oms->states[flatten->scope].incident != flatten->incident || oms->stopping) {
        end(oms, flatten, FLATTEN_NOT_KILLED);
        return;
    }
    for (uint16_t at = 0; at < oms->scopes.instruments; at++)
        if (covers(oms, flatten, at))
            leave(oms, flatten, at, &references[at]);
    if (is_flat(oms, flatten))
        end(oms, flatten, FLATTEN_FINE);
    else if (flatten->failures >= FLATTEN_FAILURES_MAX)
        end(oms, flatten, FLATTEN_GAVE_UP);
    else if (flatten->orders != orders)
        say(oms, flatten, false, FLATTEN_FINE);
}

void oms_flatten_turn(struct oms *oms, const struct reference *references)
{
    for (uint32_t at = 0; at < FLATTENS_MAX; at++)
        if (oms->flattens[at].incident != 0)
            turn(oms, &oms->flattens[at], references);
}

static enum status refuse(struct oms *oms, const struct flatten *flatten, enum flatten_refusal why,
                          enum status status)
{
    say(oms, flatten, true, why);
    return status;
}

enum status oms_flatten(struct oms *oms, const struct command_flatten *command)
{
    struct flatten wanted = {
        .incident = command->incident, .cause = oms->cause, .scope = command->scope};
    struct flatten *place = NULL;

    if (command->scope >= scope_count(oms->scopes))
        return ERR_UNKNOWN_SCOPE;
    if (command->incident == 0 || oms->states[command->scope].incident != command->incident)
        return refuse(oms, &wanted, FLATTEN_NOT_KILLED, ERR_CONFLICT);
    for (uint32_t at = 0; at < FLATTENS_MAX; at++) {
        if (oms->flattens[at].incident == command->incident &&
            oms->flattens[at].scope == command->scope)
            return OK; /* it is under way */
        if (oms->flattens[at].incident == 0)
            place = &oms->flattens[at];
    }
    if (!place)
        return refuse(oms, &wanted, FLATTEN_FULL, ERR_UNAVAILABLE);
    *place = wanted;
    say(oms, place, false, FLATTEN_FINE);
    return OK;
}
