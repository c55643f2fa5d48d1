/* Momentum: two averages of the mid, one quick and one slow.
 *
 * Each average moves by dt / (tau + dt) of its distance to the mid: the exponential average to
 * first order, stable for any dt, in integers. When they are further apart than entry_e8 it goes
 * with the quick one; when they have crossed while it still holds a position, it reduces toward
 * flat, by no more than it holds. (Not by the reduce-only flag: that speaks of the account's
 * position in the instrument, which is not only ours.) Every order is an IOC limit at the opposite
 * touch: it pays no more than what is shown, and nothing of it rests. */
#include "strategy/strategy.h"

static int64_t toward(int64_t average, int64_t mid, int64_t dt_ns, int64_t tau_ns)
{
    return average + (int64_t)((__int128)(mid - average) * dt_ns / (tau_ns + dt_ns));
}

static void update_averages(const struct strategy_params *params, struct strategy_state *state,
                            struct touch touch, int64_t now_ns)
{
    int64_t mid = (touch.bid.price_ticks + touch.ask.price_ticks) * (RATIO_ONE_E8 / 2);
    int64_t dt_ns = now_ns - state->updated_ns;

    if (state->updated_ns == 0) {
        state->fast_e8_ticks = state->slow_e8_ticks = mid;
    } else if (dt_ns > 0) {
        state->fast_e8_ticks = toward(state->fast_e8_ticks, mid, dt_ns, params->fast_ns);
        state->slow_e8_ticks = toward(state->slow_e8_ticks, mid, dt_ns, params->slow_ns);
    }
    if (state->updated_ns == 0 || dt_ns > 0)
        state->updated_ns = now_ns;
}

/* (fast - slow) / slow in 1e-8. */
static int64_t signal_e8(const struct strategy_state *state)
{
    return (int64_t)((__int128)(state->fast_e8_ticks - state->slow_e8_ticks) * RATIO_ONE_E8 /
                     state->slow_e8_ticks);
}

/* Lots to trade now: positive to buy, negative to sell, 0 to wait. */
static int64_t wanted_lots(const struct strategy_params *params, int64_t position, int64_t signal)
{
    int64_t lots = params->order_lots;
    int64_t held = position < 0 ? -position : position;
    int64_t room = params->max_position_lots - held;

    if ((position > 0 && signal < 0) || (position < 0 && signal > 0)) {
        lots = lots < held ? lots : held;
        return position > 0 ? -lots : lots;
    }
    if (signal <= params->entry_e8 && signal >= -params->entry_e8)
        return 0;
    lots = lots < room ? lots : room;
    if (lots <= 0)
        return 0;
    return signal > 0 ? lots : -lots;
}

uint32_t momentum_step(const struct strategy_params *params, struct strategy_state *state,
                       const struct strategy_view *view, struct intent intents[MAX_INTENTS])
{
    struct touch touch;
    int64_t lots;

    if (view->stale || book_is_stale(view->book))
        return strategy_cancel_all(view, intents);
    touch = book_touch(view->book);
    update_averages(params, state, touch, view->now_ns);
    if (view->working_count > 0)
        return 0; /* the outcome of the last one is not known yet */
    if (state->acted_ns != 0 && view->now_ns - state->acted_ns < params->cooldown_ns)
        return 0;
    lots = wanted_lots(params, view->position_lots, signal_e8(state));
    if (lots == 0)
        return 0;
    state->acted_ns = view->now_ns;
    intents[0] = lots > 0 ? strategy_take(view, SIDE_BUY, touch.ask.price_ticks, lots)
                          : strategy_take(view, SIDE_SELL, touch.bid.price_ticks, -lots);
    return 1;
}
