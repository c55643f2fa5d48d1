/* What a fill does to an account: position, wallets, fees, and what its orders hold back.
 *
 * Every lot and every coin that one side gets the other gives: account VENUE_MARKET books its side
 * as everybody does (without fees), and fees go to a pot. So the wallets and positions of all
 * accounts with the pot are what was paid in, to the last 1e-8: tests/unit/venue adds them up. */
#include "venue/inside.h"

/* ---- telling ---------------------------------------------------------------------------- */

void venue_tell_wallet(const struct venue *venue, uint16_t account, uint16_t coin)
{
    if (venue->listener.wallet && account != VENUE_MARKET)
        venue->listener.wallet(venue->listener.ctx, account, coin);
}

void venue_tell_position(const struct venue *venue, uint16_t account, uint16_t instrument)
{
    if (venue->listener.position && account != VENUE_MARKET)
        venue->listener.position(venue->listener.ctx, account, instrument);
}

void venue_tell_order(const struct venue *venue, const struct venue_order *order)
{
    if (venue->listener.order)
        venue->listener.order(venue->listener.ctx, order);
}

/* ---- what orders hold back -------------------------------------------------------------- */

static void count_open(struct venue *venue, const struct venue_order *order, int64_t lots, int sign)
{
    struct venue_open *open = &venue->account[order->account].open[order->instrument];

    if (order->flags & ORDER_REDUCE_ONLY) {
        open->reducing_lots[order->side] += sign * lots;
        return;
    }
    open->lots[order->side] += sign * lots;
    open->value_e8[order->side] +=
        sign * venue_value_e8(venue, order->instrument, order->price_ticks, lots);
}

static void count_locked(struct venue *venue, const struct venue_order *order, int64_t lots,
                         int sign)
{
    const struct venue_instrument *row = &venue->instrument[order->instrument];
    struct venue_wallet *wallet = venue->account[order->account].wallet;

    if (order->type == TYPE_MARKET)
        return; /* it never waits, and its cost was looked at */
    if (order->side == SIDE_BUY)
        wallet[row->quote].locked_e8 +=
            sign * venue_value_e8(venue, order->instrument, order->price_ticks, lots);
    else
        wallet[row->base].locked_e8 += sign * venue_base_e8(venue, order->instrument, lots);
}

void venue_count(struct venue *venue, const struct venue_order *order, int64_t lots, int sign)
{
    if (lots == 0)
        return;
    if (venue_is_linear(venue, order->instrument))
        count_open(venue, order, lots, sign);
    else
        count_locked(venue, order, lots, sign);
}

/* ---- positions -------------------------------------------------------------------------- */

static int64_t close_part(struct venue *venue, uint16_t instrument, struct venue_position *position,
                          int64_t closed, int64_t ticks)
{
    int64_t held = position->lots < 0 ? -position->lots : position->lots;
    int64_t value_e8 = venue_value_e8(venue, instrument, ticks, closed);
    int64_t share_e8 = venue_share_e8(position->entry_value_e8, closed, held);

    position->entry_value_e8 -= share_e8;
    return position->lots > 0 ? value_e8 - share_e8 : share_e8 - value_e8;
}

int64_t venue_move(struct venue *venue, uint16_t account, uint16_t instrument, int64_t lots,
                   int64_t ticks, int64_t *closed_lots)
{
    struct venue_position *position = &venue->account[account].position[instrument];
    int64_t held = position->lots < 0 ? -position->lots : position->lots;
    int64_t size = lots < 0 ? -lots : lots;
    bool closes = held != 0 && (position->lots < 0) != (lots < 0);
    int64_t closed = closes ? (size < held ? size : held) : 0;
    int64_t realised_e8 = closed > 0 ? close_part(venue, instrument, position, closed, ticks) : 0;

    if (size > closed && held == closed) { /* a new one */
        position->created_ns = venue->call.now_ns;
        position->day_realised_e8 = 0;
    }
    position->entry_value_e8 += venue_value_e8(venue, instrument, ticks, size - closed);
    position->lots += lots;
    position->updated_ns = venue->call.now_ns;
    position->seq = venue->book[instrument].seq;
    venue->call.moved[account] = true;
    *closed_lots = closed;
    return realised_e8;
}

/* ---- fills ------------------------------------------------------------------------------ */

static void fill_linear(struct venue *venue, struct venue_execution *done)
{
    const struct venue_instrument *row = &venue->instrument[done->instrument];
    struct venue_account *account = &venue->account[done->account];
    struct venue_position *position = &account->position[done->instrument];
    int64_t lots = done->side == SIDE_BUY ? done->lots : -done->lots;
    int64_t gain_e8 = venue_move(venue, done->account, done->instrument, lots, done->price_ticks,
                                 &done->closed_lots);
    bool turned;

    done->gain_e8 = gain_e8;
    done->fee_coin = row->settle;
    done->fee_e8 = venue_scaled_e8(done->value_e8, done->fee_rate_e8);
    turned = done->closed_lots > 0 && done->closed_lots < done->lots;
    position->day_realised_e8 += (turned ? 0 : gain_e8) - done->fee_e8; /* it was the old one's */
    gain_e8 -= done->fee_e8;
    position->realised_e8 += gain_e8;
    account->wallet[row->settle].balance_e8 += gain_e8;
    venue->pot_e8[row->settle] += done->fee_e8;
}

static void fill_spot(struct venue *venue, struct venue_execution *done)
{
    const struct venue_instrument *row = &venue->instrument[done->instrument];
    struct venue_wallet *wallet = venue->account[done->account].wallet;
    int64_t base_e8 = venue_base_e8(venue, done->instrument, done->lots);
    bool buys = done->side == SIDE_BUY;

    done->fee_coin = buys ? row->base : row->quote;
    done->fee_e8 = venue_scaled_e8(buys ? base_e8 : done->value_e8, done->fee_rate_e8);
    wallet[row->base].balance_e8 += buys ? base_e8 : -base_e8;
    wallet[row->quote].balance_e8 += buys ? -done->value_e8 : done->value_e8;
    wallet[done->fee_coin].balance_e8 -= done->fee_e8;
    venue->pot_e8[done->fee_coin] += done->fee_e8;
}

static void fill(struct venue *venue, struct venue_execution *done)
{
    done->value_e8 = venue_value_e8(venue, done->instrument, done->price_ticks, done->lots);
    if (venue_is_linear(venue, done->instrument))
        fill_linear(venue, done);
    else
        fill_spot(venue, done);
}

void venue_fill_market(struct venue *venue, uint16_t instrument, enum side side, int64_t ticks,
                       int64_t lots)
{
    struct venue_execution done = {.account = VENUE_MARKET,
                                   .instrument = instrument,
                                   .side = (uint8_t)side,
                                   .price_ticks = ticks,
                                   .lots = lots};

    fill(venue, &done);
}

static void tell_money(const struct venue *venue, const struct venue_execution *done)
{
    const struct venue_instrument *row = &venue->instrument[done->instrument];

    if (row->category == VENUE_LINEAR) {
        venue_tell_position(venue, done->account, done->instrument);
        venue_tell_wallet(venue, done->account, row->settle);
    } else {
        venue_tell_wallet(venue, done->account, row->base);
        venue_tell_wallet(venue, done->account, row->quote);
    }
}

static int64_t fee_rate_e8(const struct venue *venue, const struct venue_order *order, bool maker)
{
    const struct instrument *grid = &venue->instrument[order->instrument].grid;

    if (order->account == VENUE_MARKET)
        return 0;
    return maker ? grid->maker_fee_e8 : grid->taker_fee_e8;
}

static struct venue_execution execution_of(const struct venue *venue,
                                           const struct venue_order *order, int64_t ticks,
                                           int64_t lots, bool maker)
{
    struct venue_execution done = {
        .order_no = order->no,
        .order_life = order->life,
        .seq = venue->book[order->instrument].seq,
        .account = order->account,
        .instrument = order->instrument,
        .side = order->side,
        .type = order->type,
        .order_type = order->type,
        .exec_type = maker ? VENUE_EXEC_TRADE : venue->call.exec_type,
        .maker = maker,
        .price_ticks = ticks,
        .lots = lots,
        .leaves_lots = venue_leaves(order),
        .order_lots = order->qty_lots,
        .order_price_ticks = order->price_ticks,
        .fee_rate_e8 = fee_rate_e8(venue, order, maker),
        .at_ns = venue->call.now_ns,
    };

    __builtin_memcpy(done.link, order->link, sizeof done.link);
    return done;
}

void venue_fill(struct venue *venue, struct venue_slot *slot, int64_t ticks, int64_t lots,
                bool maker)
{
    struct venue_order *order = &slot->order;
    int64_t counted = venue_leaves(order);
    struct venue_execution done;

    if (slot->active && counted > 0)
        venue_count(venue, order, lots < counted ? lots : counted, -1);
    order->filled_lots += lots;
    order->status = venue_leaves(order) > 0 ? VENUE_ORDER_PARTLY_FILLED : VENUE_ORDER_FILLED;
    order->updated_ns = venue->call.now_ns;
    done = execution_of(venue, order, ticks, lots, maker);
    fill(venue, &done);
    order->filled_value_e8 += done.value_e8;
    order->fee_e8 += done.fee_e8;
    order->gain_e8 += done.gain_e8;
    venue_record(venue, &done);
    tell_money(venue, &done);
}
