#include "sim/l3.h"

#include "base/assert.h"
#include "base/ring.h" /* CACHE_LINES_APART */

#include <string.h>

struct l3_book {
    struct l3 *l3;
    struct exchange *exchange;
    uint16_t instrument;
    struct l3_news news;
};

struct l3 {
    uint16_t instruments;
    l3_ours_fn ours;
    void *ctx;
    struct l3_book books[MAX_INSTRUMENTS];
};

static const struct exchange_config config = {.orders = L3_ORDERS,
                                              .accounts = L3_ACCOUNTS,
                                              .ids = EXCHANGE_IDS_FOREIGN,
                                              .market_band_ticks = L3_MARKET_BAND_TICKS};

static size_t rounded(size_t size)
{
    return (size + CACHE_LINES_APART - 1) & ~(size_t)(CACHE_LINES_APART - 1);
}

size_t l3_size(uint16_t instruments)
{
    return rounded(sizeof(struct l3)) + instruments * rounded(exchange_size(&config));
}

/* ---- news ------------------------------------------------------------------------------- */

static void note_change(struct l3_news *news, uint8_t side, uint32_t price_ticks)
{
    for (uint32_t at = 0; at < news->change_count[side]; at++)
        if (news->changed_ticks[side][at] == price_ticks)
            return;
    if (news->change_count[side] == L3_CHANGES_MAX)
        news->overrun = true;
    else
        news->changed_ticks[side][news->change_count[side]++] = price_ticks;
}

static void note_trade(struct l3_news *news, const struct exchange_event *event)
{
    struct l3_trade *last = &news->trades[news->trade_count > 0 ? news->trade_count - 1 : 0];
    bool continues = news->trade_count > 0 && last->level.price_ticks == event->price_ticks &&
                     last->taker_side == event->taker_side;

    if (continues || news->trade_count == L3_TRADES_MAX)
        last->level.qty_lots += event->lots;
    else
        news->trades[news->trade_count++] =
            (struct l3_trade){{event->price_ticks, event->lots}, event->taker_side};
}

static void hear(void *ctx, const struct exchange_event *event)
{
    struct l3_book *book = ctx;
    struct l3 *l3 = book->l3;
    bool trades = event->kind == EXCHANGE_EVENT_TRADE;

    note_change(&book->news, event->taker_side ^ 1, event->price_ticks);
    if (trades)
        note_trade(&book->news, event);
    if (!l3->ours)
        return;
    if (event->maker_account == L3_OURS)
        l3->ours(l3->ctx, book->instrument, event->maker_id, event);
    if (event->taker_account == L3_OURS && trades)
        l3->ours(l3->ctx, book->instrument, event->taker_id, event);
}

/* ---- the calls -------------------------------------------------------------------------- */

void l3_clear(struct l3 *l3)
{
    for (uint16_t at = 0; at < l3->instruments; at++) {
        struct l3_book *book = &l3->books[at];

        exchange_init(book->exchange, &config, hear, book);
        l3_told(l3, at);
    }
}

void l3_init(struct l3 *l3, uint16_t instruments)
{
    uint8_t *rest = (uint8_t *)l3 + rounded(sizeof *l3);

    assert(instruments <= MAX_INSTRUMENTS);
    memset(l3, 0, sizeof *l3);
    l3->instruments = instruments;
    for (uint16_t at = 0; at < instruments; at++) {
        struct l3_book *book = &l3->books[at];

        book->l3 = l3;
        book->instrument = at;
        book->exchange = (struct exchange *)(void *)(rest + at * rounded(exchange_size(&config)));
    }
    l3_clear(l3);
}

void l3_listen(struct l3 *l3, l3_ours_fn ours, void *ctx)
{
    l3->ours = ours;
    l3->ctx = ctx;
}

static struct l3_book *book_of(struct l3 *l3, uint16_t instrument)
{
    assert(instrument < l3->instruments);
    return &l3->books[instrument];
}

struct exchange_result l3_new(struct l3 *l3, uint16_t instrument,
                              const struct exchange_order *order)
{
    struct l3_book *book = book_of(l3, instrument);
    struct exchange_result result = exchange_new(book->exchange, order);

    if (result.answer == EXCHANGE_RESTS)
        note_change(&book->news, order->side, order->price_ticks);
    return result;
}

struct exchange_result l3_cancel(struct l3 *l3, uint16_t instrument, uint16_t account, uint64_t id)
{
    struct l3_book *book = book_of(l3, instrument);
    struct exchange_resting resting;
    bool rested = exchange_find(book->exchange, id, &resting);
    struct exchange_result result = exchange_cancel(book->exchange, account, id);

    if (rested && result.answer == EXCHANGE_CANCELLED)
        note_change(&book->news, resting.side, resting.price_ticks);
    return result;
}

struct exchange_result l3_amend(struct l3 *l3, uint16_t instrument, uint16_t account, uint64_t id,
                                uint32_t price_ticks, uint32_t lots)
{
    struct l3_book *book = book_of(l3, instrument);
    struct exchange_resting resting;
    bool rested = exchange_find(book->exchange, id, &resting);
    struct exchange_result result = exchange_amend(book->exchange, account, id, price_ticks, lots);

    if (rested && result.answer <= EXCHANGE_SELF) {
        note_change(&book->news, resting.side, resting.price_ticks);
        note_change(&book->news, resting.side, price_ticks);
    }
    return result;
}

bool l3_would_take(const struct l3 *l3, uint16_t instrument, enum side side, int64_t price_ticks)
{
    enum side other = side == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
    int64_t best_ticks = exchange_best_ticks(l3_exchange(l3, instrument), other);

    if (best_ticks == 0)
        return false;
    return side == SIDE_BUY ? price_ticks >= best_ticks : price_ticks <= best_ticks;
}

const struct exchange *l3_exchange(const struct l3 *l3, uint16_t instrument)
{
    assert(instrument < l3->instruments);
    return l3->books[instrument].exchange;
}

const struct l3_news *l3_news(const struct l3 *l3, uint16_t instrument)
{
    assert(instrument < l3->instruments);
    return &l3->books[instrument].news;
}

void l3_told(struct l3 *l3, uint16_t instrument)
{
    struct l3_news *news = &book_of(l3, instrument)->news;

    news->trade_count = news->change_count[SIDE_BUY] = news->change_count[SIDE_SELL] = 0;
    news->overrun = false;
}
