/* The arithmetic of money against the plainest 128-bit form of each formula, over all of the
 * bounds. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "domain/instrument.h"

static uint64_t seed;

/* Any number of digits as likely as any other, so that both ends of the bounds are visited. */
static int64_t draw(int64_t most)
{
    int64_t below;

    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    below = most >> (seed >> 33) % 60;
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return 1 + (int64_t)((seed >> 1) % (uint64_t)(below > 0 ? below : 1));
}

static __int128 nearest(__int128 above, __int128 below)
{
    return (above + below / 2) / below;
}

static __int128 up(__int128 above, __int128 below)
{
    return above / below + (above % below != 0);
}

static void same(bool fits, int64_t got, __int128 wanted)
{
    if (wanted > MAX_MONEY_E8)
        cr_assert(not(fits), "seed 20417");
    else
        cr_assert(fits && got == (int64_t)wanted, "seed 20417");
}

Test(instrument, every_value_is_exact_or_refused)
{
    seed = 20417;
    for (int round = 0; round < 200000; round++) {
        struct instrument linear = {.tick_value_e8 = draw(MAX_TICK_VALUE_E8)};
        struct instrument inverse = {.inverse = true,
                                     .inverse_value_e8_ticks = draw(MAX_INVERSE_E8_TICKS)};
        int64_t lots = draw(MAX_LOTS);
        int64_t price = draw(MAX_PRICE_TICKS * PRICE_ONE_E8);
        int64_t ticks = price / PRICE_ONE_E8 + (price < PRICE_ONE_E8);
        __int128 lots_value = (__int128)lots * linear.tick_value_e8;
        __int128 contracts = (__int128)lots * inverse.inverse_value_e8_ticks;
        int64_t got = 0;
        bool fits = instrument_value_e8(&linear, ticks, lots, &got);

        same(fits, got, lots_value * ticks);
        fits = instrument_value_e8(&inverse, ticks, lots, &got);
        same(fits, got, nearest(contracts, ticks));
        fits = instrument_value_between_e8(&linear, price, lots, &got);
        same(fits, got,
             lots_value * (price / PRICE_ONE_E8) +
                 nearest(lots_value * (price % PRICE_ONE_E8), PRICE_ONE_E8));
        fits = instrument_value_between_e8(&inverse, price, lots, &got);
        same(fits, got, nearest(contracts * PRICE_ONE_E8, price));
    }
}

Test(instrument, a_lot_is_never_valued_too_low)
{
    seed = 20417;
    for (int round = 0; round < 200000; round++) {
        struct instrument linear = {.tick_value_e8 = draw(MAX_TICK_VALUE_E8)};
        struct instrument inverse = {.inverse = true,
                                     .inverse_value_e8_ticks = draw(MAX_INVERSE_E8_TICKS)};
        int64_t price = draw(MAX_PRICE_TICKS * PRICE_ONE_E8);
        int64_t rate = round % 2 == 0 ? MONEY_ONE_E8 : draw(MAX_MONEY_E8);
        __int128 settled = up((__int128)linear.tick_value_e8 * price, PRICE_ONE_E8);
        int64_t got = instrument_lot_value_e8(&linear, price, rate);

        if (settled > MAX_MONEY_E8)
            cr_assert(eq(i64, got, 0));
        else
            same(got != 0, got, up(settled * rate, RATIO_ONE_E8));
        got = instrument_lot_value_e8(&inverse, price, rate);
        same(got != 0, got, up((__int128)inverse.inverse_value_e8_ticks * rate, price));
    }
}

Test(instrument, ratios_and_margins_are_rounded_against_us)
{
    int64_t got = 0;

    cr_assert(money_scale_up(1, 1, &got));
    cr_assert(eq(i64, got, 1));
    cr_assert(money_scale_up(200, RATIO_ONE_E8 / 2, &got));
    cr_assert(eq(i64, got, 100));
    cr_assert(not(money_scale_up(MAX_MONEY_E8, RATIO_ONE_E8 + 1, &got)));
    cr_assert(eq(i64, money_ratio_up_e8(0, 3), 0));
    cr_assert(eq(i64, money_ratio_up_e8(1, 3), 33333334));
    cr_assert(eq(i64, money_ratio_up_e8(MAX_MONEY_E8, 1), INT64_MAX), "clamped, not wrapped");
}

Test(instrument, the_bounds_of_the_arithmetic_are_the_bounds_of_an_instrument)
{
    struct instrument row = {.tick_value_e8 = MAX_TICK_VALUE_E8};

    cr_assert(instrument_is_within_bounds(&row));
    row.tick_value_e8++;
    cr_assert(not(instrument_is_within_bounds(&row)));
    row = (struct instrument){.inverse = true};
    cr_assert(not(instrument_is_within_bounds(&row)), "worth nothing");
    row.inverse_value_e8_ticks = MAX_INVERSE_E8_TICKS;
    cr_assert(instrument_is_within_bounds(&row));
    row.inverse_value_e8_ticks++;
    cr_assert(not(instrument_is_within_bounds(&row)));
    row = (struct instrument){.maintenance_margin_e8 = RATIO_ONE_E8};
    cr_assert(not(instrument_is_within_bounds(&row)), "a long could never be safe");
}
