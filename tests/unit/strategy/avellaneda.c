/* The maker's model: what it learns, and what it makes of it. Floats stand here
 * as the oracle. */
#include "strategy/avellaneda.h"

#include "strategy/fixed.h"
#include "unit/strategy/table.h"

static struct strategy_params params;

static void open_model(void)
{
    table_open();
    parameters_default(&params);
    params.order_lots = 5;
    params.max_position_lots = 50;
    params.half_spread_ticks = 1;
    params.risk_aversion_e8 = RATIO_ONE_E8 / 100; /* 0.01 a tick */
    params.fill_decay_e8 = RATIO_ONE_E8 / 2;
    params.horizon_ns = 10 * SECOND;
    params.volatility_ns = 30 * SECOND;
    params.flow_e8 = 0;
}

TestSuite(avellaneda, .init = open_model, .fini = table_close);
TestSuite(fixed);

static struct quoting look(void)
{
    return avellaneda_quoting(&params, &state, &view);
}

/* The mid goes up and down by `ticks` every 200 ms, for a while. */
static void shake(int64_t ticks, int times)
{
    for (int at = 0; at < times; at++) {
        view.now_ns += 200 * MS;
        table_levels(book, 1000 + (at % 2) * ticks, 10, 1002 + (at % 2) * ticks, 10);
        look();
    }
}

static double apart(double a, double b)
{
    return a < b ? b - a : a - b;
}

static double variance(void)
{
    return (double)state.volatility.variance_e4 / 1e4;
}

Test(fixed, the_logarithm_is_right_to_one_unit)
{
    /* x and ln(1 + x) in 1e-8, computed with 50 digits. */
    static const struct {
        int64_t x_e8, ln_e8;
    } some[] = {{0, 0},
                {1, 1},
                {10, 10},
                {9999, 9999},
                {10000, 10000},
                {50000000, 40546511},
                {100000000, 69314718},
                {123456789, 80404787},
                {1000000000, 239789527},
                {100000000000, 690875478},
                {1000000000000, 921044037},
                {4611686018427387903, 2455444445}};

    for (size_t at = 0; at < sizeof some / sizeof some[0]; at++)
        cr_assert(le(i64, llabs(fixed_ln1p_e8(some[at].x_e8) - some[at].ln_e8), 1), "x_e8 %lld",
                  (long long)some[at].x_e8);
}

Test(fixed, division_rounds_as_it_says)
{
    cr_assert(eq(i64, fixed_div_floor(-1, 10), -1));
    cr_assert(eq(i64, fixed_div_floor(19, 10), 1));
    cr_assert(eq(i64, fixed_div_floor(-20, 10), -2));
    cr_assert(eq(i64, fixed_div_ceil(-19, 10), -1));
    cr_assert(eq(i64, fixed_div_ceil(11, 10), 2));
    cr_assert(eq(i64, fixed_div_ceil(20, 10), 2));
    cr_assert(eq(i64, (int64_t)fixed_div_nearest(-15, 10), -2));
    cr_assert(eq(i64, (int64_t)fixed_div_nearest(14, 10), 1));
}

Test(avellaneda, the_volatility_is_that_of_the_moves)
{
    shake(6, 2);
    cr_assert(eq(dbl, variance(), 36 / 0.2),
              "the first move counts in full, whatever the constant");
    shake(6, 400);
    cr_assert(le(dbl, apart(variance(), 180), 2), "%f: 6 ticks every 200 ms", variance());
}

Test(avellaneda, an_hour_of_quiet_is_forgotten)
{
    shake(6, 400);
    view.now_ns += 3600 * SECOND;
    look();
    cr_assert(lt(dbl, variance(), 2), "%f", variance());
}

Test(avellaneda, a_mid_that_bounces_between_two_samples_is_not_volatile)
{
    look();
    for (int at = 0; at < 50; at++) {
        view.now_ns += MS;
        table_levels(book, 1000 + at % 2, 10, 1002 + at % 2, 10);
        look();
    }
    cr_assert(eq(i64, state.volatility.variance_e4, 0));
}

Test(avellaneda, the_half_spread_is_the_papers)
{
    double gamma = 0.01, ln_1_02 = 0.01980262729617973, horizon_s = 10, want; /* k is 0.5 */

    shake(6, 400);
    want = gamma * variance() * horizon_s / 2 + ln_1_02 / gamma;
    cr_assert(le(dbl, apart((double)look().half_e8_ticks / 1e8, want), 1e-3), "%f and %f",
              (double)look().half_e8_ticks / 1e8, want);
}

Test(avellaneda, the_reservation_price_is_the_papers)
{
    double want;

    shake(6, 400);
    view.position_lots = 15; /* three orders */
    want = (1000 + 6 + 1) - 3 * 0.01 * variance() * 10;
    cr_assert(le(dbl, apart((double)look().centre_e8_ticks / 1e8, want), 1e-3));
    view.position_lots = -15;
    want = (1000 + 6 + 1) + 3 * 0.01 * variance() * 10;
    cr_assert(le(dbl, apart((double)look().centre_e8_ticks / 1e8, want), 1e-3));
}

Test(avellaneda, is_wider_when_the_market_is_wilder)
{
    int64_t calm;

    shake(2, 100);
    calm = look().half_e8_ticks;
    shake(8, 100);
    cr_assert(gt(i64, look().half_e8_ticks, 2 * calm));
}

Test(avellaneda, is_never_nearer_than_the_half_spread_asked_for)
{
    params.half_spread_ticks = 40;
    shake(1, 20);
    cr_assert(eq(i64, look().half_e8_ticks, 40 * PRICE_ONE_E8));
}

Test(avellaneda, without_risk_aversion_it_leans_by_its_half_spread_at_most)
{
    params.risk_aversion_e8 = 0;
    params.half_spread_ticks = 4;
    view.position_lots = 25; /* half of its restraint */
    cr_assert(eq(i64, look().centre_e8_ticks, (1001 - 2) * PRICE_ONE_E8));
    cr_assert(eq(i64, look().half_e8_ticks, 4 * PRICE_ONE_E8));
    view.position_lots = -500;
    cr_assert(eq(i64, look().centre_e8_ticks, (1001 + 4) * PRICE_ONE_E8));
    cr_assert(eq(i64, state.volatility.sampled_ns, 0), "nor learns what it does not use");
}

static int64_t shift(void)
{
    struct touch touch = book_touch(book);

    return look().centre_e8_ticks -
           (touch.bid.price_ticks + touch.ask.price_ticks) * (PRICE_ONE_E8 / 2);
}

Test(avellaneda, follows_what_comes_to_the_bid_and_leaves_the_ask)
{
    params.flow_e8 = RATIO_ONE_E8;
    params.half_spread_ticks = 4;
    cr_assert(eq(i64, shift(), 0));
    table_levels(book, 1000, 14, 1002, 10); /* 4 lots come to the bid: e = 4, depth 10 */
    cr_assert(eq(i64, shift(), PRICE_ONE_E8 * 4 / 20));
    table_levels(book, 1000, 14, 1002, 4); /* 6 lots leave the ask */
    cr_assert(eq(i64, shift(), PRICE_ONE_E8 * 10 / 20));
    table_levels(book, 1001, 3, 1002, 4); /* a better bid counts whole */
    cr_assert(eq(i64, shift(), PRICE_ONE_E8 * 13 / 20));
    table_levels(book, 1000, 14, 1002, 4); /* and goes whole */
    cr_assert(eq(i64, shift(), PRICE_ONE_E8 * 10 / 20));
}

Test(avellaneda, the_flow_fades_and_is_bounded_by_the_half_spread)
{
    int64_t fresh;

    params.flow_e8 = RATIO_ONE_E8;
    params.risk_aversion_e8 = 0;
    params.half_spread_ticks = 4;
    look();
    table_levels(book, 1000, 40, 1002, 10);
    fresh = shift();
    view.now_ns += params.flow_ns;
    cr_assert(lt(i64, shift(), fresh));
    cr_assert(gt(i64, shift(), 0));
    for (int at = 0; at < 200; at++)
        table_levels(book, 1000 + at, 40, 1002 + at, 10), look();
    cr_assert(eq(i64, shift(), 4 * PRICE_ONE_E8));
}

static int64_t half_with(enum parameter_id id, int64_t value)
{
    const struct strategy_params before = params;
    const struct strategy_state known = state;
    int64_t half;

    parameter_set(&params, id, value);
    half = look().half_e8_ticks;
    params = before;
    state = known;
    return half;
}

/* Whoever tells the strategy what narrows its quotes needs a second person. */
static void expect_narrower_is_looser(enum parameter_id id, int64_t from)
{
    for (int64_t to = from / 20; to <= 20 * from; to += from / 20)
        if (half_with(id, to) < half_with(id, from))
            cr_expect(parameter_loosens(id, from, to), "%s", parameter_row(id)->name);
}

Test(avellaneda, whatever_narrows_the_quotes_counts_as_looser)
{
    for (int ticks = 0; ticks <= 4; ticks += 2)
        for (int64_t decay_e8 = RATIO_ONE_E8 / 1000; decay_e8 <= RATIO_ONE_E8; decay_e8 *= 10) {
            params.fill_decay_e8 = decay_e8;
            shake(ticks, 50);
            expect_narrower_is_looser(PARAMETER_RISK_AVERSION, params.risk_aversion_e8);
            expect_narrower_is_looser(PARAMETER_FILL_DECAY, params.fill_decay_e8);
            expect_narrower_is_looser(PARAMETER_HORIZON_MS, params.horizon_ns);
            expect_narrower_is_looser(PARAMETER_HALF_SPREAD_TICKS, 20 * params.half_spread_ticks);
        }
}

Test(avellaneda, the_largest_numbers_fit)
{
    params.order_lots = 1;
    params.max_position_lots = MAX_LOTS;
    params.risk_aversion_e8 = parameter_row(PARAMETER_RISK_AVERSION)->max;
    params.horizon_ns = parameter_row(PARAMETER_HORIZON_MS)->max;
    params.flow_e8 = parameter_row(PARAMETER_FLOW_RATIO)->max;
    params.half_spread_ticks = parameter_row(PARAMETER_HALF_SPREAD_TICKS)->max;
    params.volatility_ns = parameter_row(PARAMETER_VOLATILITY_MS)->min;
    for (int at = 0; at < 20; at++) {
        struct quoting quoting;

        view.now_ns += SECOND;
        view.position_lots = at % 3 == 0 ? MAX_LOTS : -MAX_LOTS;
        table_levels(book, at % 2 ? 1 : MAX_PRICE_TICKS - 1, MAX_LOTS, at % 2 ? 2 : MAX_PRICE_TICKS,
                     at % 5 ? MAX_LOTS : 1);
        quoting = look();
        cr_assert(le(i64, llabs(quoting.centre_e8_ticks), 4 * MAX_PRICE_TICKS * PRICE_ONE_E8));
        cr_assert(ge(i64, quoting.half_e8_ticks, MAX_PRICE_TICKS * PRICE_ONE_E8));
        cr_assert(ge(i64, state.volatility.variance_e4, 0));
    }
}
