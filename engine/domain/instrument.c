#include "domain/instrument.h"

#include "base/assert.h"

const char *mark_source_name(enum mark_source source)
{
    static const char *const names[] = {"none", "mid", "venue"};

    assert((unsigned)source < sizeof names / sizeof names[0]);
    return names[source];
}

/* Rounded to nearest, half away from zero. divisor > 0. Most dividends fit 64 bits, where a
 * division
 * by a constant is a multiplication. */
static inline __int128 divide_nearest(__int128 dividend, int64_t divisor)
{
    __int128 half = dividend < 0 ? -(divisor / 2) : divisor / 2;

    dividend += half;
    if (dividend == (int64_t)dividend)
        return (int64_t)dividend / divisor;
    return dividend / divisor;
}

/* dividend >= 0, divisor > 0. */
static inline __int128 divide_up(__int128 dividend, int64_t divisor)
{
    dividend += divisor - 1;
    if (dividend == (int64_t)dividend)
        return (int64_t)dividend / divisor;
    return dividend / divisor;
}

static bool narrow(__int128 wide, int64_t *result)
{
    if (wide > MAX_MONEY_E8 || wide < -MAX_MONEY_E8)
        return false;
    *result = (int64_t)wide;
    return true;
}

bool instrument_is_within_bounds(const struct instrument *instrument)
{
    const struct instrument *row = instrument;
    bool has_value =
        row->inverse
            ? row->inverse_value_e8_ticks > 0 && row->inverse_value_e8_ticks <= MAX_INVERSE_E8_TICKS
            : row->tick_value_e8 >= 0 && row->tick_value_e8 <= MAX_TICK_VALUE_E8;

    return has_value && row->tick_units >= 0 && row->tick_units <= MAX_PRICE_TICKS &&
           row->price_decimals <= MAX_TICK_DECIMALS && row->maintenance_margin_e8 >= 0 &&
           row->maintenance_margin_e8 < RATIO_ONE_E8 && row->initial_margin_e8 >= 0 &&
           row->initial_margin_e8 <= RATIO_ONE_E8;
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
    if (instrument->tick_value_e8 == 0)
        return false;
    return narrow((__int128)lots * price_ticks * instrument->tick_value_e8, value_e8);
}

/* What fits 64 bits all along, which is nearly all: a third of the cost. */
static bool value_narrow(int64_t lots, int64_t tick_value_e8, int64_t whole_ticks, int64_t part_e8,
                         int64_t *value_e8)
{
    int64_t lots_value, value, rest;

    if (__builtin_mul_overflow(lots, tick_value_e8, &lots_value) ||
        __builtin_mul_overflow(lots_value, whole_ticks, &value) ||
        __builtin_mul_overflow(lots_value, part_e8, &rest) ||
        __builtin_add_overflow(rest, PRICE_ONE_E8 / 2, &rest) ||
        __builtin_add_overflow(value, rest / PRICE_ONE_E8, &value) || value > MAX_MONEY_E8)
        return false;
    *value_e8 = value;
    return true;
}

static bool value_wide(__int128 lots_value, int64_t whole_ticks, int64_t part_e8, int64_t *value_e8)
{
    return narrow(lots_value * whole_ticks + divide_nearest(lots_value * part_e8, PRICE_ONE_E8),
                  value_e8);
}

/* Linear: whole ticks are exact, and only the part of a tick is divided. */
bool instrument_value_between_e8(const struct instrument *instrument, int64_t price_e8_ticks,
                                 int64_t lots, int64_t *value_e8)
{
    int64_t whole_ticks = price_e8_ticks / PRICE_ONE_E8;
    int64_t part_e8 = price_e8_ticks % PRICE_ONE_E8;
    int64_t tick_value_e8 = instrument->tick_value_e8;

    assert(price_e8_ticks > 0 && whole_ticks <= MAX_PRICE_TICKS);
    assert(lots >= 0 && lots <= MAX_LOTS);
    if (instrument->inverse)
        return narrow(
            divide_nearest((__int128)lots * instrument->inverse_value_e8_ticks * PRICE_ONE_E8,
                           price_e8_ticks),
            value_e8);
    return tick_value_e8 != 0 &&
           (value_narrow(lots, tick_value_e8, whole_ticks, part_e8, value_e8) ||
            value_wide((__int128)lots * tick_value_e8, whole_ticks, part_e8, value_e8));
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

/* Inverse: inverse_value / price of the settlement currency times the rate, in one division. */
int64_t instrument_lot_value_e8(const struct instrument *instrument, int64_t price_e8_ticks,
                                int64_t rate_e8)
{
    int64_t tick_value_e8 = instrument->tick_value_e8;
    int64_t value_e8;

    assert(price_e8_ticks > 0 && price_e8_ticks / PRICE_ONE_E8 <= MAX_PRICE_TICKS);
    assert(rate_e8 >= 0 && rate_e8 <= MAX_MONEY_E8);
    if (instrument->inverse) {
        __int128 wide =
            divide_up((__int128)instrument->inverse_value_e8_ticks * rate_e8, price_e8_ticks);

        return narrow(wide, &value_e8) ? value_e8 : 0;
    }
    if (!narrow(
            (__int128)tick_value_e8 * (price_e8_ticks / PRICE_ONE_E8) +
                divide_up((__int128)tick_value_e8 * (price_e8_ticks % PRICE_ONE_E8), PRICE_ONE_E8),
            &value_e8))
        return 0;
    if (rate_e8 != RATIO_ONE_E8 && !money_scale_up(value_e8, rate_e8, &value_e8))
        return 0;
    return value_e8;
}

bool money_scale(int64_t amount_e8, int64_t ratio_e8, int64_t *result_e8)
{
    return narrow(divide_nearest((__int128)amount_e8 * ratio_e8, RATIO_ONE_E8), result_e8);
}

bool money_scale_up(int64_t amount_e8, int64_t ratio_e8, int64_t *result_e8)
{
    assert(amount_e8 >= 0 && ratio_e8 >= 0);
    return narrow(divide_up((__int128)amount_e8 * ratio_e8, RATIO_ONE_E8), result_e8);
}

int64_t money_ratio_up_e8(int64_t part_e8, int64_t whole_e8)
{
    __int128 ratio;

    assert(part_e8 >= 0 && whole_e8 > 0);
    ratio = divide_up((__int128)part_e8 * RATIO_ONE_E8, whole_e8);
    return ratio > INT64_MAX ? INT64_MAX : (int64_t)ratio;
}
