/* Arb: two instruments that should cost the same, or in a fixed ratio.
 *
 * A is where it is called, B the parameter `other`. hedge_ratio of B balances one of A. When the
 * bid of A is worth more than that much of B at its ask, by more than both taker fees and
 * edge_ratio of A, it sells A and buys B; when it is the other way round, it buys A and sells B.
 * Both are IOC limits at the touch, sized by what both touches show, so nothing rests and nothing
 * is paid that was not seen. Money is exact: lots * ticks * tick value, in 128 bits.
 *
 * A leg may fill alone. So before it looks for the next chance it balances: B is traded toward what
 * A's position asks for; when that has not worked for unwind_ns, A is taken back toward what B's
 * position asks for. All of this is its own position, as fills have made it: it never assumes one.
 *
 * It acts only while both books are fresh and young, and while nothing of its own is under way in
 * either leg: an order of unknown outcome holds it. */
#include "strategy/fixed.h"
#include "strategy/strategy.h"

/* Both legs at this moment. */
struct legs {
    struct touch a, b;
    int64_t a_lots, b_lots; /* held */
    struct lot_ratio ratio; /* lots of B for lots of A */
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t b_for_a(const struct legs *legs, int64_t a_lots)
{
    __int128 b_lots =
        fixed_div_nearest((__int128)a_lots * legs->ratio.other_lots, legs->ratio.lots);

    return (int64_t)fixed_clamp(b_lots, -MAX_LOTS, MAX_LOTS);
}

static int64_t a_for_b(const struct legs *legs, int64_t b_lots)
{
    __int128 a_lots =
        fixed_div_nearest((__int128)b_lots * legs->ratio.lots, legs->ratio.other_lots);

    return (int64_t)fixed_clamp(a_lots, -MAX_LOTS, MAX_LOTS);
}

static bool is_young(const struct strategy_params *params, const struct strategy_view *view,
                     const struct book *book)
{
    return view->now_ns - book_received_ns(book) <= params->max_leg_age_ns;
}

/* A trade of `lots` (negative: sell) in leg A or B at its touch. */
static struct intent take(const struct strategy_view *view, const struct legs *legs, bool is_b,
                          int64_t lots)
{
    struct touch touch = is_b ? legs->b : legs->a;
    struct intent intent = lots > 0 ? strategy_take(view, SIDE_BUY, touch.ask.price_ticks, lots)
                                    : strategy_take(view, SIDE_SELL, touch.bid.price_ticks, -lots);

    if (is_b)
        intent.instrument = view->other.instrument;
    return intent;
}

/* --- balancing --- */

static uint32_t balance(const struct strategy_params *params, struct strategy_state *state,
                        const struct strategy_view *view, const struct legs *legs,
                        int64_t missing_b, struct intent *intents)
{
    int64_t back_a = -a_for_b(legs, legs->b_lots) - legs->a_lots;
    bool b_is_slow;

    if (state->arb.unbalanced_ns == 0) {
        state->arb.unbalanced_ns = view->now_ns;
        state->arb.tried_ns = 0;
    }
    if (state->arb.tried_ns != 0 && view->now_ns - state->arb.tried_ns < params->hedge_retry_ns)
        return 0;
    state->arb.tried_ns = view->now_ns;
    b_is_slow = view->now_ns - state->arb.unbalanced_ns >= params->unwind_ns;
    intents[0] = b_is_slow && back_a != 0 ? take(view, legs, false, back_a)
                                          : take(view, legs, true, missing_b);
    return 1;
}

/* --- entering --- */

/* What one lot of A earns if it is sold (or bought) against B, in money * 1e8 * ratio.lots: only
 * the sign matters. */
static bool is_worth(const struct strategy_params *params, const struct strategy_view *view,
                     const struct legs *legs, bool sell_a)
{
    int64_t a_ticks = sell_a ? legs->a.bid.price_ticks : legs->a.ask.price_ticks;
    int64_t b_ticks = sell_a ? legs->b.ask.price_ticks : legs->b.bid.price_ticks;
    __int128 a = (__int128)a_ticks * view->row->tick_value_e8 * legs->ratio.lots;
    __int128 b = (__int128)b_ticks * view->other.row->tick_value_e8 * legs->ratio.other_lots;
    int64_t a_cost_e8 = view->row->taker_fee_e8 + params->edge_e8;
    int64_t b_cost_e8 = view->other.row->taker_fee_e8;

    if (sell_a)
        return a * (RATIO_ONE_E8 - a_cost_e8) > b * (RATIO_ONE_E8 + b_cost_e8);
    return b * (RATIO_ONE_E8 - b_cost_e8) > a * (RATIO_ONE_E8 + a_cost_e8);
}

/* Lots of A to trade: what both touches show, the size of an order, and the room that is left. */
static int64_t entry_lots(const struct strategy_params *params, const struct legs *legs,
                          bool sell_a)
{
    int64_t a_shown = sell_a ? legs->a.bid.qty_lots : legs->a.ask.qty_lots;
    int64_t b_shown = sell_a ? legs->b.ask.qty_lots : legs->b.bid.qty_lots;
    int64_t room = params->max_position_lots + (sell_a ? legs->a_lots : -legs->a_lots);
    int64_t lots = least(least(params->order_lots, room), least(a_shown, a_for_b(legs, b_shown)));

    return lots > 0 && b_for_a(legs, lots) > 0 ? lots : 0;
}

static uint32_t enter(const struct strategy_params *params, struct strategy_state *state,
                      const struct strategy_view *view, const struct legs *legs,
                      struct intent *intents)
{
    if (state->arb.entered_ns != 0 && view->now_ns - state->arb.entered_ns < params->cooldown_ns)
        return 0;
    for (int sell_a = 0; sell_a <= 1; sell_a++) {
        int64_t lots = entry_lots(params, legs, sell_a != 0);

        if (lots == 0 || !is_worth(params, view, legs, sell_a != 0))
            continue;
        state->arb.entered_ns = view->now_ns;
        intents[0] = take(view, legs, false, sell_a ? -lots : lots);
        intents[1] = take(view, legs, true, sell_a ? b_for_a(legs, lots) : -b_for_a(legs, lots));
        return 2;
    }
    return 0;
}

/* --- a step --- */

/* The fraction takes some divisions, and changes only with its parameters. */
static bool know_ratio(const struct strategy_params *params, struct strategy_state *state,
                       const struct strategy_view *view)
{
    if (state->arb.hedge_e8 == params->hedge_e8 && state->arb.other == params->other)
        return true;
    if (!lot_ratio_of(view->row, view->other.row, params->hedge_e8, &state->arb.lots))
        return false; /* refused where parameters are checked: it never gets here */
    state->arb.hedge_e8 = params->hedge_e8;
    state->arb.other = params->other;
    return true;
}

uint32_t arb_step(const struct strategy_params *params, struct strategy_state *state,
                  const struct strategy_view *view, struct intent intents[MAX_INTENTS])
{
    struct legs legs;
    int64_t missing_b;

    if (!view->has_other)
        return 0;
    if (view->stale || book_is_stale(view->book) || book_is_stale(view->other.book))
        return strategy_cancel_all(view, intents);
    if (view->working_count > 0 || view->other.working_count > 0 ||
        !is_young(params, view, view->book) || !is_young(params, view, view->other.book) ||
        !know_ratio(params, state, view))
        return 0;
    legs = (struct legs){.a = book_touch(view->book),
                         .b = book_touch(view->other.book),
                         .a_lots = view->position_lots,
                         .b_lots = view->other.position_lots,
                         .ratio = state->arb.lots};
    missing_b = -b_for_a(&legs, legs.a_lots) - legs.b_lots;
    if (missing_b != 0)
        return balance(params, state, view, &legs, missing_b, intents);
    state->arb.unbalanced_ns = 0;
    return enter(params, state, view, &legs, intents);
}
