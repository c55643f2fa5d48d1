/* What lots are worth. */
#include "venue/inside.h"

int64_t venue_value_e8(const struct venue *venue, uint16_t instrument, int64_t ticks, int64_t lots)
{
    const struct instrument *grid = &venue->instrument[instrument].grid;
    int64_t value_e8;

    return instrument_value_e8(grid, ticks, lots, &value_e8) ? value_e8 : MAX_MONEY_E8;
}

int64_t venue_base_e8(const struct venue *venue, uint16_t instrument, int64_t lots)
{
    const struct instrument *grid = &venue->instrument[instrument].grid;
    int64_t lot_e8 = grid->lot_units;
    int64_t base_e8;

    for (uint32_t decimals = grid->qty_decimals; decimals < 8; decimals++)
        lot_e8 *= 10;
    return __builtin_mul_overflow(lots, lot_e8, &base_e8) ? MAX_MONEY_E8 : base_e8;
}

int64_t venue_scaled_e8(int64_t amount_e8, int64_t ratio_e8)
{
    int64_t result_e8;

    return money_scale(amount_e8, ratio_e8, &result_e8) ? result_e8 : MAX_MONEY_E8;
}

int64_t venue_share_e8(int64_t amount_e8, int64_t part, int64_t whole)
{
    __int128 product = (__int128)amount_e8 * part;

    return (int64_t)((product + (product < 0 ? -(whole / 2) : whole / 2)) / whole);
}
