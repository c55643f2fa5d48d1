/* Marks, and what falls due with time.
 *
 * The mark is the last price, kept within the touch: one trade far off does not move it further
 * than the book has gone, and an order far off does not move it at all. */
#include "venue/inside.h"

int64_t venue_mark_ticks(const struct venue *venue, uint16_t instrument)
{
    const struct venue_book *book = &venue->book[instrument];
    int64_t bid = exchange_best_ticks(book->exchange, SIDE_BUY);
    int64_t ask = exchange_best_ticks(book->exchange, SIDE_SELL);

    if (book->last_ticks == 0)
        return bid > 0 && ask > 0 ? (bid + ask) / 2 : 0;
    if (bid > 0 && book->last_ticks < bid)
        return bid;
    if (ask > 0 && book->last_ticks > ask)
        return ask;
    return book->last_ticks;
}

/* ---- funding ---------------------------------------------------------------------------- */

/* Longs pay shorts at a positive rate; what one account pays the market's side gets. */
static void fund_account(struct venue *venue, uint16_t account, uint16_t at, int64_t mark_ticks)
{
    const struct venue_instrument *row = &venue->instrument[at];
    struct venue_position *position = &venue->account[account].position[at];
    int64_t size = position->lots < 0 ? -position->lots : position->lots;
    struct venue_execution paid = {
        .seq = venue->book[at].seq,
        .account = account,
        .instrument = at,
        .fee_coin = row->settle,
        .side = position->lots > 0 ? SIDE_BUY : SIDE_SELL,
        .exec_type = VENUE_EXEC_FUNDING,
        .price_ticks = mark_ticks,
        .lots = size,
        .value_e8 = venue_value_e8(venue, at, mark_ticks, size),
        .fee_rate_e8 = row->grid.funding_rate_e8,
        .at_ns = venue->call.now_ns,
    };

    paid.fee_e8 = venue_scaled_e8(paid.value_e8, paid.fee_rate_e8);
    paid.fee_e8 = position->lots > 0 ? paid.fee_e8 : -paid.fee_e8;
    venue->account[account].wallet[row->settle].balance_e8 -= paid.fee_e8;
    venue->account[VENUE_MARKET].wallet[row->settle].balance_e8 += paid.fee_e8;
    position->realised_e8 -= paid.fee_e8;
    position->day_realised_e8 -= paid.fee_e8;
    venue_record(venue, &paid);
    venue_tell_position(venue, account, at);
    venue_tell_wallet(venue, account, row->settle);
}

static void fund_instrument(struct venue *venue, uint16_t at)
{
    int64_t mark_ticks = venue_mark_ticks(venue, at);

    if (mark_ticks == 0 || venue->instrument[at].grid.funding_rate_e8 == 0)
        return;
    for (uint16_t account = VENUE_MARKET + 1; account < venue->accounts; account++)
        if (venue->account[account].position[at].lots != 0)
            fund_account(venue, account, at, mark_ticks);
}

void venue_fund(struct venue *venue, int64_t now_ns)
{
    for (uint16_t at = 0; at < venue->instruments; at++) {
        int64_t interval_ns = venue->instrument[at].funding_interval_ns;
        int64_t *next_ns = &venue->book[at].next_funding_ns;

        if (!venue_is_linear(venue, at) || interval_ns <= 0)
            continue;
        if (*next_ns != 0 && now_ns >= *next_ns)
            fund_instrument(venue, at);
        if (now_ns >= *next_ns)
            *next_ns = (now_ns / interval_ns + 1) * interval_ns;
    }
}

void venue_advance(struct venue *venue, int64_t now_ns)
{
    venue_begin(venue, 0, now_ns);
    venue_fund(venue, now_ns);
    venue_liquidate(venue, now_ns);
}
