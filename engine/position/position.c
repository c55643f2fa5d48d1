#include "position/position.h"

#include "base/assert.h"

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

/* Realises `lots` of the open position at a price. */
static bool close_lots(struct position *position, const struct instrument *instrument,
                       int64_t price_ticks, int64_t lots)
{
    int64_t released = (int64_t)((__int128)position->cost_e8 * lots / magnitude(position->lots));
    bool long_side = position->lots > 0;
    int64_t value;
    int64_t profit;

    if (!instrument_value_e8(instrument, price_ticks, lots, &value))
        return false;
    profit = long_side != instrument->inverse ? value - released : released - value;
    position->cost_e8 -= released;
    position->lots += long_side ? -lots : lots;
    return !__builtin_add_overflow(position->realised_e8, profit, &position->realised_e8) &&
           magnitude(position->realised_e8) <= MAX_MONEY_E8;
}

static bool open_lots(struct position *position, const struct instrument *instrument,
                      enum side side, int64_t price_ticks, int64_t lots)
{
    int64_t value;

    if (!instrument_value_e8(instrument, price_ticks, lots, &value) ||
        __builtin_add_overflow(position->cost_e8, value, &position->cost_e8))
        return false;
    position->lots += side == SIDE_BUY ? lots : -lots;
    return position->cost_e8 <= MAX_MONEY_E8 && magnitude(position->lots) <= MAX_LOTS;
}

bool position_fill(struct position *position, const struct instrument *instrument, enum side side,
                   int64_t price_ticks, int64_t lots, int64_t fee_e8)
{
    struct position next = *position;
    bool shrinks = side == SIDE_BUY ? position->lots < 0 : position->lots > 0;
    int64_t closing = shrinks ? magnitude(position->lots) : 0;

    assert(lots > 0 && lots <= MAX_LOTS);
    closing = closing < lots ? closing : lots;
    if (closing > 0 && !close_lots(&next, instrument, price_ticks, closing))
        return false;
    if (lots > closing && !open_lots(&next, instrument, side, price_ticks, lots - closing))
        return false;
    if (__builtin_add_overflow(next.fee_e8, fee_e8, &next.fee_e8) ||
        magnitude(next.fee_e8) > MAX_MONEY_E8)
        return false;
    if (next.lots == 0)
        next.unrealised_e8 = 0;
    *position = next;
    return true;
}

bool position_mark(struct position *position, const struct instrument *instrument,
                   int64_t mark_e8_ticks)
{
    int64_t value;

    if (position->lots == 0) {
        position->unrealised_e8 = 0;
        return true;
    }
    if (!instrument_value_between_e8(instrument, mark_e8_ticks, magnitude(position->lots), &value))
        return false;
    position->unrealised_e8 = (position->lots > 0) != instrument->inverse
                                  ? value - position->cost_e8
                                  : position->cost_e8 - value;
    return true;
}

int64_t position_total_e8(const struct position *position)
{
    return position->realised_e8 + position->unrealised_e8 - position->fee_e8;
}

int64_t position_average_e8_ticks(const struct position *position,
                                  const struct instrument *instrument)
{
    if (position->lots == 0)
        return 0;
    return instrument_price_e8_ticks(instrument, position->cost_e8, magnitude(position->lots));
}
