/* What must hold of an order before it may exist. */
#include "venue/inside.h"

#include <string.h>

/* ---- price and quantity ----------------------------------------------------------------- */

/* Only a price that is worse for who asks is out of the band: far below the market anybody may
 * wait. */
static bool is_in_band(const struct venue *venue, const struct venue_order *order)
{
    int64_t mark_ticks = venue_mark_ticks(venue, order->instrument);
    int64_t band_e8 = venue->instrument[order->instrument].band_e8;
    int64_t ahead_ticks =
        order->side == SIDE_BUY ? order->price_ticks - mark_ticks : mark_ticks - order->price_ticks;

    return mark_ticks == 0 || band_e8 == 0 || ahead_ticks <= venue_scaled_e8(mark_ticks, band_e8);
}

enum venue_answer venue_check_price(const struct venue *venue, const struct venue_order *order)
{
    if (order->price_ticks < 1 || order->price_ticks > MAX_PRICE_TICKS)
        return VENUE_BAD_PRICE;
    if (order->type == TYPE_LIMIT && !is_in_band(venue, order))
        return VENUE_OUT_OF_BAND;
    return VENUE_OK;
}

/* A market order that finds neither an opposite side nor a last price has no value to look at. */
static bool has_price(const struct venue *venue, const struct venue_order *order)
{
    const struct venue_book *book = &venue->book[order->instrument];
    enum side opposite = order->side == SIDE_BUY ? SIDE_SELL : SIDE_BUY;

    return order->type == TYPE_LIMIT || book->last_ticks > 0 ||
           exchange_best_ticks(book->exchange, opposite) > 0;
}

enum venue_answer venue_check_qty(const struct venue *venue, const struct venue_order *order)
{
    const struct venue_instrument *row = &venue->instrument[order->instrument];
    int64_t most = order->type == TYPE_MARKET && row->max_market_lots > 0 ? row->max_market_lots
                                                                          : row->max_lots;
    int64_t value_e8;

    if (order->qty_lots < row->min_lots || order->qty_lots > most)
        return VENUE_BAD_QTY;
    value_e8 = venue_value_e8(venue, order->instrument, order->price_ticks, order->qty_lots);
    if (value_e8 > VENUE_VALUE_MAX_E8)
        return VENUE_TOO_LARGE;
    if (value_e8 < row->min_value_e8 && !(order->flags & ORDER_REDUCE_ONLY) &&
        has_price(venue, order))
        return VENUE_TOO_SMALL;
    return VENUE_OK;
}

int64_t venue_reducible_lots(const struct venue *venue, const struct venue_order *order,
                             int64_t own_lots)
{
    const struct venue_account *account = &venue->account[order->account];
    int64_t lots = account->position[order->instrument].lots;
    int64_t closable = order->side == SIDE_SELL ? lots : -lots;
    int64_t room =
        closable - account->open[order->instrument].reducing_lots[order->side] + own_lots;

    return closable > 0 && room > 0 ? room : 0;
}

/* ---- money ------------------------------------------------------------------------------ */

static bool is_within_position_limit(const struct venue *venue, const struct venue_order *order,
                                     int64_t lots)
{
    const struct venue_account *account = &venue->account[order->account];
    const struct venue_position *position = &account->position[order->instrument];
    const struct venue_open *open = &account->open[order->instrument];
    int64_t most = venue->instrument[order->instrument].max_position_lots;
    int64_t held = order->side == SIDE_BUY ? position->lots : -position->lots;
    int64_t value_e8 = open->value_e8[order->side] +
                       venue_value_e8(venue, order->instrument, order->price_ticks, lots);

    if (most > 0 && held + open->lots[order->side] + lots > most)
        return false;
    return value_e8 + (held > 0 ? position->entry_value_e8 : 0) <= VENUE_VALUE_MAX_E8;
}

static uint16_t paid_in(const struct venue *venue, const struct venue_order *order)
{
    const struct venue_instrument *row = &venue->instrument[order->instrument];

    if (row->category == VENUE_LINEAR)
        return row->settle;
    return order->side == SIDE_BUY ? row->quote : row->base;
}

enum venue_answer venue_reserve(struct venue *venue, const struct venue_order *order, int64_t lots)
{
    bool linear = venue_is_linear(venue, order->instrument);
    uint16_t coin = paid_in(venue, order);
    int64_t before_e8, after_e8;

    if (order->account == VENUE_MARKET || order->flags & ORDER_REDUCE_ONLY) {
        venue_count(venue, order, lots, 1);
        return VENUE_OK;
    }
    if (linear && !is_within_position_limit(venue, order, lots))
        return VENUE_TOO_LARGE;
    before_e8 = venue_free_e8(venue, order->account, coin, !linear);
    venue_count(venue, order, lots, 1);
    after_e8 = venue_free_e8(venue, order->account, coin, !linear);
    if (after_e8 >= 0 || after_e8 >= before_e8)
        return VENUE_OK;
    venue_count(venue, order, lots, -1);
    return VENUE_NO_FUNDS;
}

/* A spot market order locks nothing; it must be able to pay now. */
static enum venue_answer check_pays(const struct venue *venue, const struct venue_order *order)
{
    int64_t has_e8, cost_e8;

    if (venue_is_linear(venue, order->instrument) || order->type != TYPE_MARKET ||
        order->account == VENUE_MARKET)
        return VENUE_OK;
    has_e8 = venue_free_e8(venue, order->account, paid_in(venue, order), true);
    if (order->side == SIDE_SELL)
        cost_e8 = venue_base_e8(venue, order->instrument, order->qty_lots);
    else
        cost_e8 = order->qty_value_e8 > 0 ? order->qty_value_e8 : venue_cost_e8(venue, order);
    return cost_e8 <= has_e8 ? VENUE_OK : VENUE_NO_FUNDS;
}

/* ---- a new order ------------------------------------------------------------------------ */

static enum venue_answer check_form(const struct venue *venue, const struct venue_new *wanted)
{
    bool buys_spot =
        wanted->side == SIDE_BUY && venue->instrument[wanted->instrument].category == VENUE_SPOT;

    if (wanted->side > SIDE_SELL || wanted->type > TYPE_MARKET || wanted->tif > TIF_FOK ||
        wanted->smp > VENUE_SMP_CANCEL_BOTH)
        return VENUE_BAD_SIDE;
    if (wanted->flags & ORDER_POST_ONLY && (wanted->type != TYPE_LIMIT || wanted->tif != TIF_GTC))
        return VENUE_BAD_SIDE;
    if (wanted->in_quote && (wanted->type != TYPE_MARKET || !buys_spot))
        return VENUE_BAD_SIDE;
    return VENUE_OK;
}

/* The worst price of a market order; without an opposite side it meets nothing anyway. */
static int64_t bound_ticks(const struct venue *venue, uint16_t instrument, enum side side)
{
    const struct venue_book *book = &venue->book[instrument];
    enum side opposite = side == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
    int64_t touch = exchange_best_ticks(book->exchange, opposite);
    int64_t band_ticks;

    if (touch == 0)
        touch = book->last_ticks > 0 ? book->last_ticks : 1;
    band_ticks = venue_scaled_e8(touch, VENUE_MARKET_BAND_E8);
    touch += side == SIDE_BUY ? band_ticks : -band_ticks;
    return touch > MAX_PRICE_TICKS ? MAX_PRICE_TICKS : touch;
}

void venue_fill_in(const struct venue *venue, const struct venue_new *wanted,
                   struct venue_order *order)
{
    *order = (struct venue_order){.account = wanted->account,
                                  .instrument = wanted->instrument,
                                  .side = wanted->side,
                                  .type = wanted->type,
                                  .tif = wanted->tif,
                                  .flags = wanted->flags & ORDER_ASKED_FLAGS,
                                  .smp = wanted->smp,
                                  .price_ticks = wanted->price_ticks,
                                  .qty_lots = wanted->qty_lots,
                                  .created_ns = venue->call.now_ns,
                                  .updated_ns = venue->call.now_ns,
                                  .mark_ticks = venue->book[wanted->instrument].last_ticks};
    if (wanted->link)
        (void)strncpy(order->link, wanted->link, sizeof order->link - 1);
    if (!venue_is_linear(venue, order->instrument) || order->account == VENUE_MARKET)
        order->flags &= (uint8_t)~ORDER_REDUCE_ONLY; /* they do not know it */
    if (order->type == TYPE_MARKET) {
        order->price_ticks = bound_ticks(venue, order->instrument, (enum side)order->side);
        order->tif = order->tif == TIF_GTC ? TIF_IOC : order->tif;
    }
}

static enum venue_answer check_in_quote(const struct venue *venue, const struct venue_new *wanted,
                                        struct venue_order *order)
{
    int64_t last_ticks = 0;

    order->qty_value_e8 = wanted->qty_value_e8;
    if (order->qty_value_e8 <= 0)
        return VENUE_BAD_QTY;
    if (order->qty_value_e8 > VENUE_VALUE_MAX_E8)
        return VENUE_TOO_LARGE;
    if (order->qty_value_e8 < venue->instrument[order->instrument].min_value_e8)
        return VENUE_TOO_SMALL;
    order->qty_lots = venue_affordable_lots(venue, order, &last_ticks);
    if (order->qty_lots == 0 &&
        exchange_best_ticks(venue->book[order->instrument].exchange, SIDE_SELL) > 0)
        return VENUE_TOO_SMALL;
    if (last_ticks > 0)
        order->price_ticks = last_ticks; /* or it could cost more than was said */
    return VENUE_OK;
}

static bool is_known(const struct venue *venue, const struct venue_order *order)
{
    return order->link[0] != 0 && venue_order_by_link(venue, order->account, order->link);
}

static bool has_too_many(const struct venue *venue, const struct venue_order *order)
{
    uint8_t category = venue->instrument[order->instrument].category;

    return order->tif == TIF_GTC &&
           venue->account[order->account].active[category] >= VENUE_ACTIVE_MAX;
}

static enum venue_answer check_amount(const struct venue *venue, const struct venue_new *wanted,
                                      struct venue_order *order)
{
    int64_t reducible;

    if (wanted->in_quote)
        return check_in_quote(venue, wanted, order);
    if (order->flags & ORDER_REDUCE_ONLY) {
        reducible = venue_reducible_lots(venue, order, 0);
        if (reducible == 0)
            return VENUE_NOT_REDUCING;
        if (order->qty_lots > reducible)
            order->qty_lots = reducible;
    }
    return venue_check_qty(venue, order);
}

enum venue_answer venue_check_new(struct venue *venue, const struct venue_new *wanted,
                                  struct venue_order *order)
{
    enum venue_answer answer;

    if (venue->instrument[wanted->instrument].status != VENUE_TRADING)
        return VENUE_NOT_TRADING;
    answer = check_form(venue, wanted);
    if (answer != VENUE_OK)
        return answer;
    venue_fill_in(venue, wanted, order);
    if (is_known(venue, order))
        return VENUE_DUPLICATE_LINK;
    answer = venue_check_price(venue, order);
    if (answer == VENUE_OK)
        answer = check_amount(venue, wanted, order);
    if (answer == VENUE_OK && has_too_many(venue, order))
        answer = VENUE_TOO_MANY_ORDERS;
    return answer == VENUE_OK ? check_pays(venue, order) : answer;
}
