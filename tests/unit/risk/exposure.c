#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "risk/exposure.h"

static const struct order_scopes scopes = {0, 1, 2, 3};

Test(exposure, working_orders_of_both_sides_count_and_are_not_netted)
{
    struct exposure_figures figures = exposure_of((struct exposure_lots){10, 5, 30}, 100);

    cr_assert(eq(i64, figures.long_e8, 1500));
    cr_assert(eq(i64, figures.short_e8, -2000));
    cr_assert(eq(i64, figures.gross_e8, 2000));
    cr_assert(eq(i64, exposure_net_e8(figures), 2000));
}

Test(exposure, gross_adds_up_and_net_sets_one_instrument_against_another)
{
    static struct exposure exposure;
    struct exposure_figures shown;
    struct exposure_sums change;

    exposure_set_total(&exposure, &scopes, 0, exposure_of((struct exposure_lots){10, 0, 0}, 100));
    exposure_set_total(&exposure, &scopes, 1, exposure_of((struct exposure_lots){-7, 0, 0}, 100));
    shown = exposure_now(&exposure, 0);
    cr_assert(eq(i64, shown.gross_e8, 1700));
    cr_assert(eq(i64, exposure_net_e8(shown), 300));
    change =
        exposure_change(exposure.total[0], exposure_of((struct exposure_lots){10, 20, 0}, 100));
    shown = exposure_if(&exposure, 0, &change);
    cr_assert(eq(i64, shown.gross_e8, 3700));
    cr_assert(eq(i64, exposure_net_e8(shown), 2300));
    exposure_set_total(&exposure, &scopes, 0, (struct exposure_figures){0});
    shown = exposure_now(&exposure, 0);
    cr_assert(eq(i64, shown.gross_e8, 700));
}

Test(exposure, what_does_not_fit_saturates_and_comes_back_exactly)
{
    static struct exposure exposure;
    struct exposure_figures huge =
        exposure_of((struct exposure_lots){MAX_LOTS, MAX_LOTS, 0}, MAX_MONEY_E8);
    struct exposure_figures small = exposure_of((struct exposure_lots){3, 0, 0}, 100);

    cr_assert(eq(i64, huge.gross_e8, INT64_MAX));
    exposure_set_total(&exposure, &scopes, 0, small);
    exposure_set_total(&exposure, &scopes, 1, huge);
    exposure_set_total(&exposure, &scopes, 2, huge);
    cr_assert(eq(i64, exposure_now(&exposure, 0).gross_e8, INT64_MAX));
    exposure_set_total(&exposure, &scopes, 1, (struct exposure_figures){0});
    exposure_set_total(&exposure, &scopes, 2, (struct exposure_figures){0});
    cr_assert(eq(i64, exposure_now(&exposure, 0).gross_e8, 300));
}

Test(exposure, a_strategys_own_goes_to_its_scope_alone)
{
    static struct exposure exposure;
    struct exposure_figures own = exposure_of((struct exposure_lots){10, 0, 0}, 100);

    exposure_set_own(&exposure, &scopes, 1, 0, own);
    cr_assert(eq(i64, exposure_now(&exposure, 2).gross_e8, 1000));
    cr_assert(eq(i64, exposure_now(&exposure, 0).gross_e8, 0));
}
