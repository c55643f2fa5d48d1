#include "strategy/strategy.h"

#include "base/assert.h"

static bool may_be_working(uint8_t state)
{
    return state == ORDER_PENDING_NEW || state == ORDER_WORKING || state == ORDER_PARTLY_FILLED;
}

uint32_t strategy_cancel_all(const struct strategy_view *view, struct intent intents[MAX_INTENTS])
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < view->working_count; at++)
        if (may_be_working(view->working[at].state))
            intents[count++] = strategy_cancel(view, &view->working[at]);
    return count;
}

struct intent strategy_cancel(const struct strategy_view *view, const struct working *working)
{
    return (struct intent){.kind = INTENT_CANCEL,
                           .side = working->side,
                           .instrument = view->instrument,
                           .strategy = view->strategy,
                           .order_id = working->order_id};
}

uint32_t strategy_step(enum strategy_kind kind, const struct strategy_params *params,
                       struct strategy_state *state, const struct strategy_view *view,
                       struct intent intents[MAX_INTENTS])
{
    assert(view->working_count <= WORKING_MAX);
    switch (kind) {
    case STRATEGY_KIND_MAKER:
        return maker_step(params, state, view, intents);
    case STRATEGY_KIND_MOMENTUM:
        return momentum_step(params, state, view, intents);
    case STRATEGY_KIND_MANUAL:
        break; /* people want things through commands */
    }
    return 0;
}
