#include "gateway/bybit/market.h"

#include "gateway/bybit/chain.h"
#include "gateway/bybit/subscribe.h"
#include "gateway/bybit/ticker.h"
#include "gateway/bybit/trade_ids.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYMBOL_SLOTS = 128, DEPTH_USUAL = 50 };
#define ASK_AGAIN_NS 1000000000LL     /* between two requests for a snapshot */
#define SNAPSHOT_WAIT_NS 5000000000LL /* then it is asked for again */
#define STALE_RECEIVED_NS 5000000000LL
#define STALE_PROGRESS_NS 10000000000LL
#define HEARTBEAT_NS 20000000000LL
#define SILENCE_NS 30000000000LL

struct item {
    char symbol[MAX_NAME];
    uint32_t symbol_length;
    struct bybit_grid grid;
    struct bybit_chain chain;
    struct trade_ids trades;
    bool had_book, late;
    int64_t received_ns, progress_ns;
    int64_t asked_ns[CHAIN_LINKS]; /* for a snapshot on that connection */
    struct bybit_ticker ticker;
};

struct line { /* one connection */
    struct bybit_market *market;
    uint32_t index;
    struct net_socket *socket;
    uint64_t epoch;
    bool up, failed;
};

struct bybit_market {
    struct bybit_market_config config;
    struct line line[CHAIN_LINKS];
    uint32_t lines;
    struct item *item;          /* of each listing */
    uint8_t slot[SYMBOL_SLOTS]; /* 1 + index of an item; 0: none */
    struct bybit_room room;
    struct bybit_trade *trades;
    struct market_update *update;
    struct bybit_market_counters counters;
    int64_t now_ns;
};

/* ---- symbols ---------------------------------------------------------------------------- */

static uint32_t symbol_slot(const char *symbol, uint32_t length)
{
    uint32_t hash = 2166136261U;

    for (uint32_t at = 0; at < length; at++)
        hash = (hash ^ (unsigned char)symbol[at]) * 16777619U;
    return hash % SYMBOL_SLOTS;
}

static struct item *find_item(const struct bybit_market *market, const char *symbol,
                              uint32_t length)
{
    for (uint32_t slot = symbol_slot(symbol, length); market->slot[slot] != 0;
         slot = (slot + 1) % SYMBOL_SLOTS) {
        struct item *item = &market->item[market->slot[slot] - 1];

        if (item->symbol_length == length && memcmp(item->symbol, symbol, length) == 0)
            return item;
    }
    return NULL;
}

static const struct bybit_grid *find_grid(void *ctx, const char *symbol, uint32_t length)
{
    const struct item *item = find_item(ctx, symbol, length);

    return item ? &item->grid : NULL;
}

/* ---- to the sink ------------------------------------------------------------------------ */

static void send_update(struct bybit_market *market)
{
    market->counters.updates++;
    market->config.update(market->config.ctx, market->update);
}

static void send_lost(struct bybit_market *market, const struct item *item)
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

/* ---- asking for snapshots --------------------------------------------------------------- */

static void ask_again(struct bybit_market *market, struct item *item, uint32_t index)
{
    struct line *line = &market->line[index];

    if (!line->up || market->now_ns - item->asked_ns[index] < ASK_AGAIN_NS)
        return;
    item->asked_ns[index] = market->now_ns;
    market->counters.resubscribed++;
    if (!bybit_subscribe_again(line->socket, line->epoch, item->symbol, market->config.depth))
        net_socket_drop(line->socket, 0); /* its queue is full: nothing will come of it */
}

/* The book is not whole on this connection. */
static void line_broken(struct bybit_market *market, struct item *item, uint32_t index, bool lost)
{
    if (lost)
        send_lost(market, item);
    ask_again(market, item, index);
}

void bybit_market_renew(struct bybit_market *market, uint16_t index)
{
    struct item *item = &market->item[index];

    assert(index < market->config.count);
    if (bybit_chain_drop(&item->chain))
        send_lost(market, item);
    for (uint32_t at = 0; at < market->lines; at++)
        ask_again(market, item, at);
}

/* ---- frames ----------------------------------------------------------------------------- */

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
    return true;
}

/* A book that was late is asked for as soon as the venue moves on. */
static void book_waits(struct bybit_market *market, uint32_t index, struct item *item,
                       const struct bybit_frame *frame)
{
    if (item->late && (frame->seq > item->chain.seq || frame->cts_ms > item->chain.cts_ms))
        ask_again(market, item, index);
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
    if (!has_touch)
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
    struct item *item = symbol.at ? find_item(market, symbol.at, symbol.length) : NULL;
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
    item = find_item(market, frame->symbol.at, frame->symbol.length);
    assert(item); /* the decoder found its grid */
    if (frame->kind == BYBIT_TRADES)
        return take_trades(market, item, frame, received_ns);
    if (frame->kind == BYBIT_TICKER)
        return take_ticker(market, item, frame, received_ns);
    return take_book(market, index, item, frame, received_ns);
}

static void on_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns)
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

/* ---- connections ------------------------------------------------------------------------ */

static const char *symbol_at(void *ctx, uint16_t index)
{
    const struct bybit_market *market = ctx;

    return index < market->config.count ? market->item[index].symbol : NULL;
}

static void on_opened(void *ctx, uint64_t epoch)
{
    struct line *line = ctx;
    struct bybit_market *market = line->market;

    market->now_ns = clock_real_ns();
    market->counters.connects++;
    line->epoch = epoch;
    line->up = true;
    line->failed = false;
    for (uint16_t at = 0; at < market->config.count; at++)
        market->item[at].asked_ns[line->index] = market->now_ns;
    if (!bybit_subscribe_all(line->socket, epoch, market->config.category == BYBIT_SPOT,
                             market->config.depth, symbol_at, market))
        net_socket_drop(line->socket, 0);
}

static void on_closed(void *ctx, uint64_t epoch, enum net_why why, int http_status,
                      const char *text)
{
    struct line *line = ctx;
    struct bybit_market *market = line->market;
    char says[160];

    (void)epoch;
    market->now_ns = clock_real_ns();
    market->counters.disconnects += line->up;
    line->up = false;
    line->failed = true;
    log_line(LOG_WARN, "bybit", "market connection ended",
             "connection=%u why=%d http_status=%d says=\"%s\"", line->index, (int)why, http_status,
             log_escape(says, sizeof says, text));
    for (uint16_t at = 0; at < market->config.count; at++)
        if (bybit_chain_cut(&market->item[at].chain, line->index))
            send_lost(market, &market->item[at]);
}

void bybit_market_drop(struct bybit_market *market, uint32_t connection)
{
    assert(connection < market->lines);
    net_socket_drop(market->line[connection].socket, 0);
}

/* ---- turns ------------------------------------------------------------------------------ */

static void check_age(struct bybit_market *market, struct item *item)
{
    int64_t received_ns = market->now_ns - item->received_ns;
    int64_t progress_ns = market->now_ns - item->progress_ns;

    if (!item->chain.fresh || (received_ns <= market->config.stale_received_ns &&
                               progress_ns <= market->config.stale_progress_ns))
        return;
    item->late = true;
    log_line(LOG_WARN, "bybit", "a book does not move",
             "symbol=%s received_ms_ago=%lld progress_ms_ago=%lld", item->symbol,
             (long long)(received_ns / 1000000), (long long)(progress_ns / 1000000));
    bybit_market_renew(market, (uint16_t)(item - market->item));
}

static void check_waiting(struct bybit_market *market, struct item *item)
{
    for (uint32_t at = 0; at < market->lines; at++)
        if (!item->chain.link[at].whole && market->now_ns - item->asked_ns[at] > SNAPSHOT_WAIT_NS)
            ask_again(market, item, at);
}

void bybit_market_turn(struct bybit_market *market, int64_t now_ns)
{
    market->now_ns = now_ns;
    for (uint16_t at = 0; at < market->config.count; at++) {
        check_age(market, &market->item[at]);
        check_waiting(market, &market->item[at]);
    }
}

/* ---- opening ---------------------------------------------------------------------------- */

static void put_item(struct bybit_market *market, uint16_t index)
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

static enum status put_items(struct bybit_market *market, struct err *err)
{
    for (uint16_t at = 0; at < market->config.count; at++) {
        const char *symbol = market->config.listings[at].symbol;

        if (!bybit_symbol_is_fine(symbol))
            return err_format(err, ERR_CONFIG, "symbol \"%.40s\": not one of Bybit's (A-Z, 0-9, -)",
                              symbol);
        if (find_item(market, symbol, (uint32_t)strlen(symbol)))
            return err_format(err, ERR_CONFIG, "symbol %s: given twice", symbol);
        put_item(market, at);
    }
    return OK;
}

static enum status open_line(struct bybit_market *market, struct net *net, uint32_t index,
                             struct err *err)
{
    struct line *line = &market->line[index];
    char url[NET_URL_MAX];
    struct net_socket_config config = {.url = url,
                                       .ctx = line,
                                       .opened = on_opened,
                                       .frame = on_frame,
                                       .closed = on_closed,
                                       .heartbeat = "{\"op\":\"ping\"}",
                                       .heartbeat_ns = HEARTBEAT_NS,
                                       .silence_ns = SILENCE_NS,
                                       .frame_max = 4 << 20};

    *line = (struct line){.market = market, .index = index};
    snprintf(url, sizeof url, "%.200s/v5/public/%s", market->config.url,
             market->config.category == BYBIT_SPOT ? "spot" : "linear");
    return net_socket_open(net, &line->socket, &config, err);
}

static enum status take_memory(struct bybit_market *market, struct err *err)
{
    market->item = calloc(market->config.count, sizeof *market->item);
    market->trades = calloc(BYBIT_TRADES_MAX, sizeof *market->trades);
    market->update =
        calloc(1, sizeof *market->update + MAX_MARKET_LEVELS * sizeof market->update->levels[0]);
    if (!market->item || !market->trades || !market->update)
        return err_set(err, ERR_INTERNAL, "no memory for the market");
    market->room = (struct bybit_room){.find = find_grid,
                                       .ctx = market,
                                       .levels = market->update->levels,
                                       .trades = market->trades,
                                       .levels_max = MAX_MARKET_LEVELS};
    return OK;
}

static void fill_config(struct bybit_market_config *config)
{
    config->depth = config->depth == 0 ? DEPTH_USUAL : config->depth;
    if (config->stale_received_ns == 0)
        config->stale_received_ns = STALE_RECEIVED_NS;
    if (config->stale_progress_ns == 0)
        config->stale_progress_ns = STALE_PROGRESS_NS;
}

enum status bybit_market_open(struct bybit_market **opened, struct net *net,
                              const struct bybit_market_config *config, struct err *err)
{
    struct bybit_market *market = calloc(1, sizeof *market);
    enum status status;

    if (!market)
        return err_set(err, ERR_INTERNAL, "no memory for the market");
    assert(config->update && config->count > 0 && config->count <= MAX_INSTRUMENTS);
    market->config = *config;
    market->now_ns = clock_real_ns();
    fill_config(&market->config);
    status = take_memory(market, err);
    if (status == OK)
        status = put_items(market, err);
    while (status == OK && market->lines < (config->standby ? 2U : 1U)) {
        status = open_line(market, net, market->lines, err);
        market->lines += status == OK;
    }
    if (status != OK) {
        bybit_market_close(market);
        return status;
    }
    *opened = market;
    return OK;
}

void bybit_market_close(struct bybit_market *market)
{
    for (uint32_t at = 0; at < market->lines; at++)
        net_socket_close(market->line[at].socket);
    free(market->item);
    free(market->trades);
    free(market->update);
    free(market);
}

/* ---- for whoever asks ------------------------------------------------------------------- */

static bool any_line(const struct bybit_market *market, bool up)
{
    for (uint32_t at = 0; at < market->lines; at++)
        if (up ? market->line[at].up : market->line[at].failed)
            return true;
    return false;
}

enum bybit_market_state bybit_market_state_of(const struct bybit_market *market, uint16_t index)
{
    const struct item *item = &market->item[index];

    assert(index < market->config.count);
    if (!any_line(market, true))
        return any_line(market, false) ? BYBIT_MARKET_DOWN : BYBIT_MARKET_CONNECTING;
    if (item->chain.fresh)
        return BYBIT_MARKET_READY;
    return item->late ? BYBIT_MARKET_STALE : BYBIT_MARKET_SYNCING;
}

enum bybit_market_state bybit_market_state(const struct bybit_market *market)
{
    bool syncing = false;

    for (uint16_t at = 0; at < market->config.count; at++) {
        enum bybit_market_state state = bybit_market_state_of(market, at);

        if (state != BYBIT_MARKET_READY && state != BYBIT_MARKET_SYNCING)
            return state;
        syncing = syncing || state == BYBIT_MARKET_SYNCING;
    }
    return syncing ? BYBIT_MARKET_SYNCING : BYBIT_MARKET_READY;
}

const char *bybit_market_state_name(enum bybit_market_state state)
{
    static const char *const names[] = {"down", "connecting", "syncing", "ready", "stale"};

    assert(state <= BYBIT_MARKET_STALE);
    return names[state];
}

struct bybit_mark bybit_market_mark(const struct bybit_market *market, uint16_t index)
{
    assert(index < market->config.count);
    return market->item[index].ticker.mark;
}

struct bybit_market_counters bybit_market_counters(const struct bybit_market *market)
{
    struct bybit_market_counters counters = market->counters;

    for (uint16_t at = 0; at < market->config.count; at++) {
        const struct bybit_chain *chain = &market->item[at].chain;

        counters.copies += chain->copies;
        counters.repeats += chain->repeats;
        counters.gaps += chain->gaps;
        counters.resets += chain->resets;
    }
    return counters;
}
