#include "strategy/fixed.h"

#include "base/assert.h"

enum { BITS = 56 };
#define ONE ((__int128)1 << BITS)
#define LN2 ((__int128)49946518145322874) /* ln 2 * 2^56 */
#define E8 100000000

/* y = m * 2^n with 1 <= m < 2, and ln m = 2 * (t + t^3/3 + t^5/5 + ..) with t = (m - 1) / (m + 1),
 * which is at most 1/3: each term is a ninth of the one before, about 18 until none is left. */
int64_t fixed_ln1p_e8(int64_t x_e8)
{
    __int128 y;
    __int128 t;
    __int128 power;
    __int128 sum = 0;
    int doublings = 0;

    assert(x_e8 >= 0);
    y = ((__int128)x_e8 + E8) * ONE / E8;
    while (y >= 2 * ONE) {
        y /= 2;
        doublings++;
    }
    t = (y - ONE) * ONE / (y + ONE);
    power = t;
    for (int term = 1; power != 0; term += 2) {
        sum += power / term;
        power = power * t / ONE * t / ONE;
    }
    return (int64_t)fixed_div_nearest((2 * sum + doublings * LN2) * E8, ONE);
}

__int128 fixed_div_nearest(__int128 value, __int128 by)
{
    return (value < 0 ? value - by / 2 : value + by / 2) / by;
}

int64_t fixed_div_floor(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

int64_t fixed_div_ceil(int64_t value, int64_t by)
{
    return value / by + (value % by > 0);
}

int64_t fixed_mul_div(int64_t a, int64_t b, int64_t by, int64_t most)
{
    int64_t product;

    assert(by > 0);
    if (!__builtin_mul_overflow(a, b, &product))
        return (int64_t)fixed_clamp(product / by, -most, most);
    return (int64_t)fixed_clamp((__int128)a * b / by, -most, most);
}
