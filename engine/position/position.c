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
    position->realised_e8 += profit;
    return magnitude(position->realised_e8) <= MAX_MONEY_E8;
}

static bool open_lots(struct position *position, const struct instrument *instrument,
                      enum side side, int64_t price_ticks, int64_t lots)
{
    int64_t value;

    if (!instrument_value_e8(instrument, price_ticks, lots, &value))
        return false;
    position->cost_e8 += value;
    position->lots += side == SIDE_BUY ? lots : -lots;
    return position->cost_e8 <= MAX_MONEY_E8 && magnitude(position->lots) <= MAX_LOTS;
}

/* A negative fee is a rebate. */
static bool charge(struct position *position, int64_t fee_e8)
{
    int64_t *sum = fee_e8 < 0 ? &position->rebate_e8 : &position->fee_e8;

    if (fee_e8 < -MAX_CHARGE_E8 || fee_e8 > MAX_CHARGE_E8)
        return false;
    *sum += magnitude(fee_e8);
    return *sum <= MAX_CHARGE_E8;
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
    if (next.lots == 0)
        next.unrealised_e8 = 0;
    if (!charge(&next, fee_e8) || magnitude(next.realised_e8 + next.unrealised_e8) > MAX_MONEY_E8)
        return false;
    *position = next;
    return true;
}

bool position_fund(struct position *position, int64_t amount_e8)
{
    if (amount_e8 < -MAX_CHARGE_E8 || amount_e8 > MAX_CHARGE_E8 ||
        magnitude(position->funding_e8 + amount_e8) > MAX_CHARGE_E8)
        return false;
    position->funding_e8 += amount_e8;
    return true;
}

bool position_mark(struct position *position, const struct instrument *instrument,
                   int64_t mark_e8_ticks)
{
    int64_t value = 0;
    int64_t unrealised;

    if (position->lots != 0 &&
        !instrument_value_between_e8(instrument, mark_e8_ticks, magnitude(position->lots), &value))
        return false;
    unrealised = (position->lots > 0) != instrument->inverse ? value - position->cost_e8
                                                             : position->cost_e8 - value;
    if (magnitude(position->realised_e8 + unrealised) > MAX_MONEY_E8)
        return false;
    position->unrealised_e8 = unrealised;
    return true;
}

bool position_funding_due_e8(const struct position *position, const struct instrument *instrument,
                             int64_t mark_e8_ticks, int64_t *due_e8)
{
    int64_t value = 0;

    *due_e8 = 0;
    if (position->lots == 0 || instrument->funding_rate_e8 == 0)
        return true;
    if (!instrument_value_between_e8(instrument, mark_e8_ticks, magnitude(position->lots), &value))
        return false;
    return money_scale(position->lots > 0 ? value : -value, instrument->funding_rate_e8, due_e8);
}

int64_t position_total_e8(const struct position *position)
{
    return position->realised_e8 + position->unrealised_e8 - position->fee_e8 +
           position->rebate_e8 - position->funding_e8;
}

int64_t position_average_e8_ticks(const struct position *position,
                                  const struct instrument *instrument)
{
    if (position->lots == 0)
        return 0;
    return instrument_price_e8_ticks(instrument, position->cost_e8, magnitude(position->lots));
}
