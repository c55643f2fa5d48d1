/* Fixed-point helpers of the strategies: the engine has no float. Pure; any thread. */
#ifndef PITWALL_STRATEGY_FIXED_H
#define PITWALL_STRATEGY_FIXED_H

#include <stdint.h>

/* ln(1 + x), x >= 0, both in 1e-8, rounded to nearest: off by at most one unit. About 200 ns. */
int64_t fixed_ln1p_e8(int64_t x_e8);

/* value / by rounded to nearest, halves away from zero; by > 0. */
__int128 fixed_div_nearest(__int128 value, __int128 by);

/* Rounded down and up, also below zero; by > 0. */
int64_t fixed_div_floor(int64_t value, int64_t by);
int64_t fixed_div_ceil(int64_t value, int64_t by);

/* a * b / by toward zero, clamped to +-most; by > 0. The product is made in 128 bits only when it
 * needs them: that division costs some 40 ns, one of 64 bits a few. */
int64_t fixed_mul_div(int64_t a, int64_t b, int64_t by, int64_t most);

static inline __int128 fixed_clamp(__int128 value, __int128 low, __int128 high)
{
    return value < low ? low : value > high ? high : value;
}

#endif
