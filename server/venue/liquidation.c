/* Accounts whose equity has fallen below what their positions need.
 *
 * First their orders go, which may be enough for those that others would have filled; then the
 * positions, the largest need first, by market orders of the venue. What an account then still owes
 * the pot pays. */
#include "venue/inside.h"

static bool is_short(const struct venue *venue, uint16_t account, uint16_t coin)
{
    struct venue_margin margin = venue_margin(venue, account, coin);

    return margin.maintenance_e8 > 0 && margin.equity_e8 < margin.maintenance_e8;
}

struct pick {
    const struct venue *venue;
    uint16_t coin;
};

static bool is_of_coin(void *ctx, const struct venue_order *order)
{
    const struct pick *pick = ctx;

    return venue_is_linear(pick->venue, order->instrument) &&
           pick->venue->instrument[order->instrument].settle == pick->coin;
}

/* The instrument of the largest position by value; false: there is none. */
static bool largest(const struct venue *venue, uint16_t account, uint16_t coin,
                    const bool tried[VENUE_INSTRUMENTS_MAX], uint16_t *instrument)
{
    int64_t most_e8 = 0;

    for (uint16_t at = 0; at < venue->instruments; at++) {
        const struct venue_position *position = &venue->account[account].position[at];

        if (tried[at] || position->lots == 0 || venue->instrument[at].settle != coin ||
            position->entry_value_e8 <= most_e8)
            continue;
        most_e8 = position->entry_value_e8;
        *instrument = at;
    }
    return most_e8 > 0;
}

static bool has_takers(const struct venue *venue, uint16_t account, uint16_t instrument)
{
    int64_t lots = venue->account[account].position[instrument].lots;
    enum side side = lots > 0 ? SIDE_BUY : SIDE_SELL;

    return venue->instrument[instrument].status == VENUE_TRADING &&
           exchange_best_ticks(venue->book[instrument].exchange, side) > 0;
}

/* As many lots as one order of the exchange can have. */
static void close_position(struct venue *venue, uint16_t account, uint16_t instrument,
                           int64_t now_ns)
{
    int64_t lots = venue->account[account].position[instrument].lots;
    struct venue_new wanted = {.account = account,
                               .instrument = instrument,
                               .side = lots > 0 ? SIDE_SELL : SIDE_BUY,
                               .type = TYPE_MARKET,
                               .tif = TIF_IOC,
                               .smp = VENUE_SMP_CANCEL_MAKER};
    struct venue_order order;
    struct venue_slot *slot;

    lots = lots < 0 ? -lots : lots;
    wanted.qty_lots = lots < EXCHANGE_LOTS_MAX ? lots : EXCHANGE_LOTS_MAX;
    venue_begin(venue, instrument, now_ns);
    venue_fill_in(venue, &wanted, &order);
    order.flags |= ORDER_REDUCE_ONLY;
    slot = venue_slot_take(venue, account);
    order.no = slot->order.no;
    order.life = slot->order.life;
    slot->order = order;
    venue_count(venue, &slot->order, order.qty_lots, 1);
    venue_activate(venue, slot);
    venue->call.exec_type = VENUE_EXEC_LIQUIDATION;
    venue_enter(venue, slot);
    venue_finish(venue);
}

static bool holds_any(const struct venue *venue, uint16_t account, uint16_t coin)
{
    static const bool none[VENUE_INSTRUMENTS_MAX];
    uint16_t instrument;

    return largest(venue, account, coin, none, &instrument);
}

static void forgive(struct venue *venue, uint16_t account, uint16_t coin)
{
    struct venue_wallet *wallet = &venue->account[account].wallet[coin];

    if (wallet->balance_e8 >= 0 || holds_any(venue, account, coin))
        return;
    venue->pot_e8[coin] += wallet->balance_e8;
    wallet->balance_e8 = 0;
    venue_tell_wallet(venue, account, coin);
}

static void liquidate(struct venue *venue, uint16_t account, uint16_t coin, int64_t now_ns)
{
    struct pick pick = {venue, coin};
    bool tried[VENUE_INSTRUMENTS_MAX] = {false};
    uint64_t nos[VENUE_ACTIVE_MAX];
    uint16_t instrument;

    (void)venue_cancel_those(venue, account, is_of_coin, &pick, VENUE_END_LIQUIDATION, now_ns, nos);
    while (is_short(venue, account, coin) && largest(venue, account, coin, tried, &instrument)) {
        tried[instrument] = true;
        if (has_takers(venue, account, instrument))
            close_position(venue, account, instrument, now_ns);
    }
    forgive(venue, account, coin);
}

void venue_liquidate(struct venue *venue, int64_t now_ns)
{
    for (uint16_t account = VENUE_MARKET + 1; account < venue->accounts; account++)
        for (uint16_t coin = 0; coin < venue->coins; coin++)
            if (is_short(venue, account, coin))
                liquidate(venue, account, coin, now_ns);
}
