/* The joiner, an example: one order at the best bid until it holds max_position_lots, then one at
 * the best ask until it is flat again. */
#include "strategy/strategy.h"

/* Where it wants to rest now, and how many lots; it never crosses zero nor its restraint. */
static struct intent wanted(const struct strategy_params *params, const struct strategy_view *view,
                            bool selling)
{
    struct touch touch = book_touch(view->book);
    int64_t held = view->position_lots;
    int64_t room = selling ? held : params->max_position_lots - held;
    int64_t lots = room < params->order_lots ? room : params->order_lots;

    return selling ? strategy_quote(view, SIDE_SELL, touch.ask.price_ticks, lots)
                   : strategy_quote(view, SIDE_BUY, touch.bid.price_ticks, lots);
}

uint32_t joiner_step(const struct strategy_params *params, struct strategy_state *state,
                     const struct strategy_view *view, struct intent intents[MAX_INTENTS])
{
    const struct working *mine = &view->working[0];
    struct intent want;

    if (view->stale || book_is_stale(view->book))
        return strategy_cancel_all(view, intents); /* nobody quotes on a book that is not there */
    if (view->position_lots <= 0)
        state->joiner.selling = false;
    else if (view->position_lots >= params->max_position_lots)
        state->joiner.selling = true;
    want = wanted(params, view, state->joiner.selling);
    if (view->working_count == 0) {
        intents[0] = want; /* the gate judges it; a denial pauses us for 100 ms */
        return want.qty_lots > 0 ? 1 : 0;
    }
    if (mine->side == want.side && mine->price_ticks == want.price_ticks)
        return 0;
    if (!working_can_change(mine) || view->now_ns - mine->sent_ns < params->min_quote_life_ns)
        return 0;                             /* its fate is open, or it is too young to go */
    intents[0] = strategy_cancel(view, mine); /* confirmed, it leaves room for the next one */
    return 1;
}
