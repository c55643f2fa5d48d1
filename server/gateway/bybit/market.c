#include "gateway/bybit/market_inside.h"

#include "gateway/bybit/subscribe.h"
#include "thread/log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- symbols ---------------------------------------------------------------------------- */

static uint32_t symbol_slot(const char *symbol, uint32_t length)
{
    uint32_t hash = 2166136261U;

    for (uint32_t at = 0; at < length; at++)
        hash = (hash ^ (unsigned char)symbol[at]) * 16777619U;
    return hash % SYMBOL_SLOTS;
}

struct item *market_find(const struct bybit_market *market, const char *symbol, uint32_t length)
{
    for (uint32_t slot = symbol_slot(symbol, length); market->slot[slot] != 0;
         slot = (slot + 1) % SYMBOL_SLOTS) {
        struct item *item = &market->item[market->slot[slot] - 1];

        if (item->symbol_length == length && memcmp(item->symbol, symbol, length) == 0)
            return item;
    }
    return NULL;
}

void market_put_symbol(struct bybit_market *market, uint16_t index)
{
    const struct bybit_listing *listing = &market->config.listings[index];
    struct item *item = &market->item[index];
    uint32_t slot;

    item->symbol_length = (uint32_t)strlen(listing->symbol);
    memcpy(item->symbol, listing->symbol, item->symbol_length + 1);
    item->grid = listing->grid;
    item->ticker.mark.instrument = listing->grid.instrument;
    slot = symbol_slot(item->symbol, item->symbol_length);
    while (market->slot[slot] != 0)
        slot = (slot + 1) % SYMBOL_SLOTS;
    market->slot[slot] = (uint8_t)(index + 1);
}

/* ---- to the sink ------------------------------------------------------------------------ */

static void send_update(struct bybit_market *market)
{
    market->counters.updates++;
    market->config.update(market->config.ctx, market->update);
}

void market_send_lost(struct bybit_market *market, const struct item *item)
{
    struct market_update lost = {
        .kind = MARKET_LOST, .instrument = item->grid.instrument, .received_ns = market->now_ns};

    market->counters.lost++;
    market->counters.updates++;
    market->config.update(market->config.ctx, &lost);
}

static void head_update(struct market_update *update, const struct bybit_frame *frame,
                        int64_t received_ns)
{
    int64_t venue_ms = frame->cts_ms != 0 ? frame->cts_ms : frame->ts_ms;

    update->flags = 0;
    update->instrument = frame->instrument;
    update->received_ns = received_ns;
    update->venue_ns = venue_ms * 1000000;
}

/* ---- books ------------------------------------------------------------------------------- */

/* The book is not whole on this connection. */
static void line_broken(struct bybit_market *market, struct item *item, uint32_t index, bool lost)
{
    if (lost)
        market_send_lost(market, item);
    market_ask_again(market, item, index);
}

/* After the update has gone out, so that it waits for nothing: a book that is crossed or full is of
 * no use to the engine until a snapshot comes, which nobody else would ask for. */
static void check_copy(struct bybit_market *market, struct item *item)
{
    if (book_apply(item->book, market->update) != BOOK_NEEDS_SNAPSHOT)
        return;
    market->counters.crossed++;
    bybit_market_renew(market, (uint16_t)(item - market->item));
}

/* What did not move while the book was late proves nothing: it stays STALE. */
static bool book_out(struct bybit_market *market, struct item *item)
{
    if (item->late && !item->chain.moved) {
        bybit_chain_drop(&item->chain);
        return false;
    }
    if (item->chain.moved || !item->had_book)
        item->progress_ns = item->received_ns;
    item->had_book = true;
    item->late = false;
    send_update(market);
    check_copy(market, item);
    return true;
}

/* A book that was late is asked for as soon as the venue moves on. */
static void book_waits(struct bybit_market *market, uint32_t index, struct item *item,
                       const struct bybit_frame *frame)
{
    if (item->late && (frame->seq > item->chain.seq || frame->cts_ms > item->chain.cts_ms))
        market_ask_again(market, item, index);
}

static bool take_book(struct bybit_market *market, uint32_t index, struct item *item,
                      const struct bybit_frame *frame, int64_t received_ns)
{
    if (frame->depth != market->config.depth)
        return false;
    head_update(market->update, frame, received_ns);
    item->received_ns = received_ns;
    switch (bybit_chain_take(&item->chain, index, frame, market->update)) {
    case CHAIN_OUT:
        return book_out(market, item);
    case CHAIN_COPY:
        return false;
    case CHAIN_WAITING:
        book_waits(market, index, item, frame);
        return true;
    case CHAIN_BROKEN:
        line_broken(market, item, index, false);
        return true;
    case CHAIN_LOST:
        line_broken(market, item, index, true);
        return true;
    }
    return false;
}

static bool take_trades(struct bybit_market *market, struct item *item,
                        const struct bybit_frame *frame, int64_t received_ns)
{
    bool any = false;

    for (uint32_t at = 0; at < frame->trade_count; at++) {
        const struct bybit_trade *trade = &market->trades[at];

        if (!trade_ids_add(&item->trades, trade->id)) {
            market->counters.copies++;
            continue;
        }
        any = true;
        market->counters.trades++;
        *market->update = (struct market_update){
            .kind = MARKET_TRADE,
            .flags = trade->buyer_is_maker ? MARKET_BUYER_IS_MAKER : 0,
            .instrument = frame->instrument,
            .bid_count = 1,
            .received_ns = received_ns,
            .venue_ns = trade->time_ms * 1000000,
            .update_id = (int64_t)trade->id,
        };
        market->update->levels[0] = (struct level){trade->price_ticks, trade->qty_lots};
        send_update(market);
    }
    return any;
}

/* With each ticker, changed or not: what is not said anew for ten seconds is none any more. */
static void send_mark(struct bybit_market *market, const struct item *item)
{
    int64_t mark_e8_ticks = bybit_mark_e8_ticks(&item->ticker.mark, &item->grid);

    if (mark_e8_ticks == 0)
        return;
    *market->update = (struct market_update){.kind = MARKET_MARK,
                                             .instrument = item->ticker.mark.instrument,
                                             .received_ns = item->ticker.mark.received_ns,
                                             .venue_ns = item->ticker.mark.venue_ns};
    market->update->levels[0] = (struct level){.price_ticks = mark_e8_ticks};
    send_update(market);
}

static bool take_ticker(struct bybit_market *market, struct item *item,
                        const struct bybit_frame *frame, int64_t received_ns)
{
    bool has_touch;

    if (frame->ts_ms * 1000000 < item->ticker.mark.venue_ns) {
        market->counters.copies++; /* of the slower connection */
        return false;
    }
    has_touch = bybit_ticker_keep(&item->ticker, frame, market->update->levels, received_ns);
    if (market->config.mark)
        market->config.mark(market->config.ctx, &item->ticker.mark);
    send_mark(market, item);
    if (!has_touch || !market->config.touches)
        return true;
    head_update(market->update, frame, received_ns);
    market->update->kind = MARKET_TICKER;
    market->update->bid_count = market->update->ask_count = 1;
    market->update->prev_update_id = market->update->update_id = 0;
    memcpy(market->update->levels, item->ticker.touch, sizeof item->ticker.touch);
    send_update(market);
    return true;
}

static void take_reply(struct bybit_market *market, const char *text, size_t length)
{
    char says[160];

    if (bybit_reply_is_fine(text, length))
        return;
    market->counters.refused_subscriptions++;
    log_line(LOG_WARN, "bybit", "the venue refused a request", "reply=%s",
             log_escape(says, sizeof says, text));
}

/* The book of a refused frame has missed it. */
static void refused(struct bybit_market *market, uint32_t index, const struct bybit_frame *frame,
                    enum bybit_reason reason)
{
    struct scan_text symbol = bybit_topic_symbol(frame->topic);
    struct item *item = symbol.at ? market_find(market, symbol.at, symbol.length) : NULL;
    char wrong[64], topic[64], text[64];

    market->counters.refused++;
    snprintf(text, sizeof text, "%.*s", frame->topic.at ? (int)frame->topic.length : 0,
             frame->topic.at ? frame->topic.at : "");
    log_escape(topic, sizeof topic, text);
    snprintf(text, sizeof text, "%.*s", frame->wrong.at ? (int)frame->wrong.length : 0,
             frame->wrong.at ? frame->wrong.at : "");
    log_line(LOG_WARN, "bybit", "a frame was refused", "topic=%s reason=\"%s\" value=%s", topic,
             bybit_reason_says(reason), log_escape(wrong, sizeof wrong, text));
    if (item && bybit_topic_is_book(frame->topic))
        line_broken(market, item, index, bybit_chain_cut(&item->chain, index));
}

static bool take_frame(struct bybit_market *market, uint32_t index, const struct bybit_frame *frame,
                       const char *text, size_t length, int64_t received_ns)
{
    struct item *item;

    if (frame->kind == BYBIT_REPLY)
        take_reply(market, text, length);
    if (frame->kind == BYBIT_REPLY || frame->kind == BYBIT_OTHER)
        return false;
    item = market_find(market, frame->symbol.at, frame->symbol.length);
    assert(item); /* the decoder found its grid */
    if (frame->kind == BYBIT_TRADES)
        return take_trades(market, item, frame, received_ns);
    if (frame->kind == BYBIT_TICKER)
        return take_ticker(market, item, frame, received_ns);
    return take_book(market, index, item, frame, received_ns);
}

void market_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns)
{
    struct line *line = ctx;
    struct bybit_market *market = line->market;
    struct bybit_frame frame;
    enum bybit_reason reason;

    market->counters.frames++;
    if (epoch != line->epoch || !line->up) {
        market->counters.late_frames++;
        return;
    }
    market->now_ns = received_ns;
    reason = bybit_decode(text, length, &market->room, &frame);
    if (reason != BYBIT_FINE)
        refused(market, line->index, &frame, reason);
    else if (take_frame(market, line->index, &frame, text, length, received_ns) &&
             market->config.used)
        market->config.used(market->config.ctx, received_ns, text, length);
}
