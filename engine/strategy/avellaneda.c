#include "strategy/avellaneda.h"

#include "base/assert.h"
#include "strategy/fixed.h"

enum { SAMPLES_PER_CONSTANT = 256 };
#define SECOND_NS 1000000000LL
#define VARIANCE_MAX_E4 1000000000000000000LL         /* 1 % of the largest price in a second */
#define SHIFT_MAX_E8 (MAX_PRICE_TICKS * PRICE_ONE_E8) /* beyond it there is no price anyway */
#define FLOW_MAX_E6 4000000000000000000LL
#define LOT_ONE_E6 1000000LL
#define Q24 (1LL << 24)

static __int128 least(__int128 a, __int128 b)
{
    return a < b ? a : b;
}

/* --- volatility --- */

/* v := v * tau / (tau + dt) + move^2 / (tau + dt): the exponential average to first order, stable
 * for any dt, without a division by a short dt. */
static void average_variance(struct strategy_state *state, int64_t move_half_ticks, int64_t tau_ns,
                             int64_t dt_ns)
{
    __int128 over_ns = (__int128)tau_ns + dt_ns;
    __int128 square_e4 = (__int128)move_half_ticks * move_half_ticks * (10000 / 4);
    __int128 variance = (__int128)state->volatility.variance_e4 * tau_ns / over_ns +
                        square_e4 * SECOND_NS / over_ns;

    state->volatility.variance_e4 = (int64_t)least(variance, VARIANCE_MAX_E4);
}

static void sample_mid(const struct strategy_params *params, struct strategy_state *state,
                       int64_t twice_mid, int64_t now_ns)
{
    int64_t dt_ns = now_ns - state->volatility.sampled_ns;
    int64_t since_ns = state->volatility.sampled_ns - state->volatility.since_ns;

    if (state->volatility.sampled_ns == 0) {
        state->volatility.since_ns = now_ns;
    } else {
        if (dt_ns < params->volatility_ns / SAMPLES_PER_CONSTANT || dt_ns <= 0)
            return;
        average_variance(state, twice_mid - state->volatility.twice_mid_ticks,
                         (int64_t)least(since_ns, params->volatility_ns), dt_ns);
    }
    state->volatility.sampled_ns = now_ns;
    state->volatility.twice_mid_ticks = twice_mid;
}

/* gamma * sigma^2 * (T - t): ticks by which one order held moves the reservation price. */
static int64_t risk_e8_ticks(const struct strategy_params *params, int64_t variance_e4)
{
    __int128 a_second_e8 = (__int128)params->risk_aversion_e8 * variance_e4 / 10000;

    return (int64_t)least(a_second_e8 * params->horizon_ns / SECOND_NS, SHIFT_MAX_E8);
}

/* ln(1 + gamma / k) / gamma, which goes to 1 / k as gamma goes to 0. */
static int64_t fill_spread_e8_ticks(int64_t risk_aversion_e8, int64_t fill_decay_e8)
{
    __int128 ratio_e8;

    assert(risk_aversion_e8 > 0 && fill_decay_e8 > 0); /* by their rows */
    ratio_e8 = (__int128)risk_aversion_e8 * RATIO_ONE_E8 / fill_decay_e8;
    if (ratio_e8 < RATIO_ONE_E8 / 10000) /* the rest of the series is below 1 in 20,000 */
        return (int64_t)((__int128)RATIO_ONE_E8 * RATIO_ONE_E8 / fill_decay_e8);
    return (int64_t)((__int128)fixed_ln1p_e8((int64_t)ratio_e8) * RATIO_ONE_E8 / risk_aversion_e8);
}

/* What only a new sample or a new parameter changes. */
static void update_model(const struct strategy_params *params, struct strategy_state *state)
{
    int64_t variance_e4 = state->volatility.variance_e4;

    if (state->model.risk_aversion_e8 == params->risk_aversion_e8 &&
        state->model.fill_decay_e8 == params->fill_decay_e8 &&
        state->model.horizon_ns == params->horizon_ns && state->model.variance_e4 == variance_e4)
        return;
    state->model.risk_aversion_e8 = params->risk_aversion_e8;
    state->model.fill_decay_e8 = params->fill_decay_e8;
    state->model.horizon_ns = params->horizon_ns;
    state->model.variance_e4 = variance_e4;
    state->model.risk_e8_ticks = risk_e8_ticks(params, variance_e4);
    state->model.spread_e8_ticks =
        fill_spread_e8_ticks(params->risk_aversion_e8, params->fill_decay_e8);
}

/* --- order flow --- */

/* What one side's touch says, in lots: `better` is how much better its price became, in ticks. */
static int64_t side_event_lots(int64_t better, int64_t before_lots, int64_t now_lots)
{
    return (better >= 0 ? now_lots : 0) - (better <= 0 ? before_lots : 0);
}

/* What is left of the past after dt_ns, in 2^-24: one division of 64 bits, since a time constant is
 * below 2^39 ns. */
static int64_t left_q24(int64_t tau_ns, int64_t dt_ns)
{
    return (tau_ns << 24) / (tau_ns + dt_ns);
}

static void follow_flow(const struct strategy_params *params, struct strategy_state *state,
                        struct touch touch, int64_t now_ns)
{
    const struct touch *before = &state->flow.touch;
    int64_t depth_e6 = (touch.bid.qty_lots + touch.ask.qty_lots) * (LOT_ONE_E6 / 2);
    int64_t dt_ns = now_ns - state->flow.updated_ns;
    int64_t left;
    int64_t event_lots;
    __int128 sum_e6;

    if (state->flow.updated_ns == 0) {
        state->flow.depth_e6 = depth_e6;
    } else {
        left = left_q24(params->flow_ns, dt_ns > 0 ? dt_ns : 0);
        event_lots = side_event_lots(touch.bid.price_ticks - before->bid.price_ticks,
                                     before->bid.qty_lots, touch.bid.qty_lots) -
                     side_event_lots(before->ask.price_ticks - touch.ask.price_ticks,
                                     before->ask.qty_lots, touch.ask.qty_lots);
        sum_e6 = (__int128)state->flow.sum_e6 * left / Q24 + (__int128)event_lots * LOT_ONE_E6;
        state->flow.sum_e6 = (int64_t)fixed_clamp(sum_e6, -FLOW_MAX_E6, FLOW_MAX_E6);
        state->flow.depth_e6 +=
            (int64_t)((__int128)(depth_e6 - state->flow.depth_e6) * (Q24 - left) / Q24);
    }
    state->flow.updated_ns = now_ns;
    state->flow.touch = touch;
}

static int64_t flow_shift_e8_ticks(const struct strategy_params *params,
                                   const struct strategy_state *state, int64_t most_e8)
{
    if (state->flow.depth_e6 <= 0)
        return 0;
    return fixed_mul_div(params->flow_e8, state->flow.sum_e6, 2 * state->flow.depth_e6, most_e8);
}

/* --- both together --- */

/* Ticks by which a position moves the fixed spread of a maker without risk aversion. */
static int64_t plain_lean_ticks(const struct strategy_params *params, int64_t position_lots)
{
    int64_t bound = params->max_position_lots;
    __int128 held = fixed_clamp(position_lots, -bound, bound);

    return bound > 0 ? (int64_t)(held * params->half_spread_ticks / bound) : 0;
}

static int64_t lean_e8_ticks(const struct strategy_params *params, int64_t position_lots,
                             int64_t risk_e8)
{
    assert(params->order_lots > 0); /* by its row */
    return fixed_mul_div(position_lots, risk_e8, params->order_lots, SHIFT_MAX_E8);
}

struct quoting avellaneda_quoting(const struct strategy_params *params,
                                  struct strategy_state *state, const struct strategy_view *view)
{
    struct touch touch = book_touch(view->book);
    int64_t twice_mid = touch.bid.price_ticks + touch.ask.price_ticks;
    struct quoting quoting = {.centre_e8_ticks = twice_mid * (PRICE_ONE_E8 / 2),
                              .half_e8_ticks = params->half_spread_ticks * PRICE_ONE_E8};

    if (params->risk_aversion_e8 == 0) {
        quoting.centre_e8_ticks -= plain_lean_ticks(params, view->position_lots) * PRICE_ONE_E8;
    } else {
        int64_t half_e8;

        sample_mid(params, state, twice_mid, view->now_ns);
        update_model(params, state);
        half_e8 = state->model.risk_e8_ticks / 2 + state->model.spread_e8_ticks;
        if (half_e8 > quoting.half_e8_ticks)
            quoting.half_e8_ticks = half_e8;
        quoting.centre_e8_ticks -=
            lean_e8_ticks(params, view->position_lots, state->model.risk_e8_ticks);
    }
    if (params->flow_e8 != 0) {
        follow_flow(params, state, touch, view->now_ns);
        quoting.centre_e8_ticks += flow_shift_e8_ticks(params, state, quoting.half_e8_ticks);
    }
    return quoting;
}
