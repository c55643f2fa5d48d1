/* The market's own orders: straight into the exchange, told to nobody but as public trades. */
#include "venue/inside.h"

struct exchange_result venue_market_new(struct venue *venue, uint16_t instrument,
                                        const struct exchange_order *order, bool meets_own,
                                        int64_t now_ns)
{
    struct venue_book *book = &venue->book[instrument];
    struct exchange_result result;

    assert(order->account == VENUE_MARKET);
    venue_begin(venue, instrument, now_ns);
    exchange_set_policy(book->exchange, VENUE_MARKET, VENUE_MARKET,
                        meets_own ? EXCHANGE_TRADE_ANY : EXCHANGE_CANCEL_OLD);
    result = exchange_new(book->exchange, order);
    if (result.answer == EXCHANGE_RESTS) {
        book->slots[exchange_place(result.id)] = VENUE_NO_SLOT;
        book->seq++;
    }
    venue_finish(venue);
    return result;
}

void venue_market_cancel(struct venue *venue, uint16_t instrument, uint64_t id)
{
    struct venue_book *book = &venue->book[instrument];

    if (exchange_cancel(book->exchange, VENUE_MARKET, id).answer == EXCHANGE_CANCELLED)
        book->seq++;
}

void venue_market_amend(struct venue *venue, uint16_t instrument, uint64_t id, uint32_t price_ticks,
                        uint32_t lots, int64_t now_ns)
{
    struct venue_book *book = &venue->book[instrument];

    venue_begin(venue, instrument, now_ns);
    (void)exchange_amend(book->exchange, VENUE_MARKET, id, price_ticks, lots);
    book->seq++;
}
