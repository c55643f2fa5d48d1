#include "domain/instrument.h"

#include "base/assert.h"

/* Rounded to nearest, half away from zero. divisor > 0. */
static __int128 divide_nearest(__int128 dividend, int64_t divisor)
{
    __int128 half = divisor / 2;

    return (dividend + (dividend < 0 ? -half : half)) / divisor;
}

static bool narrow(__int128 wide, int64_t *result)
{
    if (wide > MAX_MONEY_E8 || wide < -MAX_MONEY_E8)
        return false;
    *result = (int64_t)wide;
    return true;
}

bool instrument_value_e8(const struct instrument *instrument, int64_t price_ticks, int64_t lots,
                         int64_t *value_e8)
{
    assert(price_ticks > 0 && price_ticks <= MAX_PRICE_TICKS);
    assert(lots >= -MAX_LOTS && lots <= MAX_LOTS);
    if (instrument->inverse)
        return narrow(
            divide_nearest((__int128)lots * instrument->inverse_value_e8_ticks, price_ticks),
            value_e8);
    return narrow((__int128)lots * price_ticks * instrument->tick_value_e8, value_e8);
}

bool instrument_value_between_e8(const struct instrument *instrument, int64_t price_e8_ticks,
                                 int64_t lots, int64_t *value_e8)
{
    assert(price_e8_ticks > 0 && price_e8_ticks / PRICE_ONE_E8 <= MAX_PRICE_TICKS);
    assert(lots >= 0 && lots <= MAX_LOTS);
    if (instrument->inverse)
        return narrow(
            divide_nearest((__int128)lots * instrument->inverse_value_e8_ticks * PRICE_ONE_E8,
                           price_e8_ticks),
            value_e8);
    return narrow(
        divide_nearest((__int128)lots * price_e8_ticks * instrument->tick_value_e8, PRICE_ONE_E8),
        value_e8);
}

int64_t instrument_price_e8_ticks(const struct instrument *instrument, int64_t value_e8,
                                  int64_t lots)
{
    __int128 price;

    assert(value_e8 >= 0 && lots > 0);
    if (value_e8 == 0)
        return 0;
    price = instrument->inverse
                ? (__int128)lots * instrument->inverse_value_e8_ticks * PRICE_ONE_E8 / value_e8
                : (__int128)value_e8 * PRICE_ONE_E8 / ((__int128)lots * instrument->tick_value_e8);
    return price > (__int128)MAX_PRICE_TICKS * PRICE_ONE_E8 ? 0 : (int64_t)price;
}

bool money_scale(int64_t amount_e8, int64_t ratio_e8, int64_t *result_e8)
{
    return narrow(divide_nearest((__int128)amount_e8 * ratio_e8, RATIO_ONE_E8), result_e8);
}
