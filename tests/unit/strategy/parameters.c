/* The table of parameters, and what no single row can tell. */
#include "engine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct strategy_params params[MAX_INSTRUMENTS];
static struct instrument rows[MAX_INSTRUMENTS];
static bool trades[MAX_INSTRUMENTS];
static struct strategy_setup setup;

static void open_pair(void)
{
    for (int at = 0; at < 3; at++) {
        parameters_default(&params[at]);
        trades[at] = true;
        rows[at] = (struct instrument){
            .qty_decimals = 3, .tick_units = 1, .lot_units = 1, .tick_value_e8 = 100};
    }
    params[0].other = 1;
    setup = (struct strategy_setup){.kind = STRATEGY_KIND_ARB,
                                    .instruments = 3,
                                    .trades = trades,
                                    .params = params,
                                    .rows = rows};
}

TestSuite(parameters, .init = open_pair);

static const char *fault(void)
{
    uint16_t where;
    const char *says = strategy_fault(&setup, &where);

    return says ? says : "none";
}

Test(parameters, every_default_is_in_its_range_and_fits_every_kind)
{
    struct strategy_params defaults[MAX_INSTRUMENTS];
    uint16_t where;

    for (int id = 0; id < PARAMETER_COUNT; id++) {
        const struct parameter_row *row = parameter_row((enum parameter_id)id);

        cr_assert(le(i64, row->min, row->fallback), "%s", row->name);
        cr_assert(le(i64, row->fallback, row->max), "%s", row->name);
        cr_assert(ne(u32, row->kinds, 0), "%s", row->name);
    }
    for (int at = 0; at < MAX_INSTRUMENTS; at++)
        parameters_default(&defaults[at]);
    setup.params = defaults;
    for (int kind = STRATEGY_KIND_MANUAL + 1; kind < STRATEGY_KIND_COUNT; kind++) {
        setup.kind = (enum strategy_kind)kind;
        cr_assert_null(strategy_fault(&setup, &where), "%s", strategy_kind_name(setup.kind));
    }
}

Test(parameters, values_go_where_their_name_says)
{
    enum parameter_id id = parameter_find(STRATEGY_KIND_MAKER, "requote_ticks");

    parameter_set(&params[2], id, 77);
    cr_assert(eq(i64, params[2].requote_ticks, 77));
    cr_assert(eq(i64, parameter_get(&params[2], id), 77));
    cr_assert(eq(int, parameter_find(STRATEGY_KIND_MAKER, "fast_ms"), PARAMETER_COUNT));
    cr_assert(eq(int, parameter_find(STRATEGY_KIND_MAKER, "requote"), PARAMETER_COUNT));
    cr_assert(eq(int, strategy_kind_find("momentum"), STRATEGY_KIND_MOMENTUM));
    cr_assert(eq(int, strategy_kind_find("manual"), STRATEGY_KIND_COUNT));
}

Test(parameters, a_pair_is_two_linear_instruments_of_one_currency_that_it_may_trade)
{
    cr_assert_str_eq(fault(), "none");
    params[0].other = 3;
    cr_assert_not_null(strstr(fault(), "may trade"));
    params[0].other = 1;
    trades[1] = false;
    cr_assert_not_null(strstr(fault(), "may trade"));
    trades[1] = true;
    rows[1].inverse = true;
    cr_assert_not_null(strstr(fault(), "inverse"));
    rows[1].inverse = false;
    rows[1].currency = 1;
    cr_assert_not_null(strstr(fault(), "currency"));
    rows[1].currency = 0;
    params[0].hedge_e8 = 99999999; /* in lots of 0.001 and of 1: 99999999 to 1e11 */
    rows[1].qty_decimals = 0;
    cr_assert_not_null(strstr(fault(), "hedge_ratio"));
}

Test(parameters, a_leg_serves_one_pair)
{
    params[2].other = 1;
    cr_assert_not_null(strstr(fault(), "second leg of two"));
    params[2].other = 2;
    cr_assert_str_eq(fault(), "none", "itself: no pair");
    params[1].other = 2;
    cr_assert_not_null(strstr(fault(), "pair of its own"));
    trades[0] = false;
    cr_assert_str_eq(fault(), "none", "nobody trades from there");
}

Test(parameters, lots_of_two_legs_are_a_fraction_in_lowest_terms)
{
    struct lot_ratio ratio;

    rows[0].qty_decimals = 3; /* 0.001 */
    rows[1].qty_decimals = 5;
    rows[1].lot_units = 25; /* 0.00025 */
    cr_assert(lot_ratio_of(&rows[0], &rows[1], RATIO_ONE_E8, &ratio));
    cr_assert(eq(i64, ratio.other_lots, 4));
    cr_assert(eq(i64, ratio.lots, 1));
    cr_assert(lot_ratio_of(&rows[1], &rows[0], RATIO_ONE_E8 * 3 / 2, &ratio));
    cr_assert(eq(i64, ratio.other_lots, 3));
    cr_assert(eq(i64, ratio.lots, 8));
}

Test(parameters, momentum_needs_a_quick_and_a_slow_average)
{
    setup.kind = STRATEGY_KIND_MOMENTUM;
    cr_assert_str_eq(fault(), "none");
    params[1].fast_ns = params[1].slow_ns;
    cr_assert_not_null(strstr(fault(), "fast_ms"));
}
