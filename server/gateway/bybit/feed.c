/* What one poll of the net brings is kept in a buffer and given out one by one; the net is polled
 * again only when the buffer is empty, so its size is bounded by what two connections may read in a
 * turn (net.h): 32 KiB each, and the rest of a large frame. */
#include "gateway/bybit/feed.h"

#include "gateway/bybit/market.h"
#include "gateway/bybit/record_thread.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 4 << 20 };

struct bybit_feed {
    struct feed feed;
    struct feed_instruments instruments;
    struct net *net;
    struct bybit_market *market;
    struct record_thread *record; /* NULL: not recorded */
    size_t from, to;
    uint8_t *buffer; /* of struct market_update, each 8-byte aligned */
};

static struct bybit_feed *feed_of(const struct feed *feed)
{
    return (struct bybit_feed *)(uintptr_t)feed;
}

static void keep_update(void *ctx, const struct market_update *update)
{
    struct bybit_feed *feed = ctx;
    size_t size = market_update_size(update);

    assert(feed->to + size <= BUFFER_BYTES);
    memcpy(feed->buffer + feed->to, update, size);
    feed->to += (size + 7) & ~(size_t)7;
}

static void record_frame(void *ctx, int64_t received_ns, const char *text, size_t length)
{
    const struct bybit_feed *feed = ctx;

    record_thread_take(feed->record, received_ns, text, length);
}

static void tell_state(const struct bybit_feed *feed, struct gateway *owner)
{
    enum gateway_state before = gateway_state(owner);
    enum gateway_state state = bybit_market_state(feed->market);

    if (state == before)
        return;
    gateway_set_state(owner, state);
    log_line(state == GATEWAY_READY ? LOG_INFO : LOG_WARN, "gateway", "state",
             "venue=%s state=%s before=%s", feed->instruments.venue[0], gateway_state_name(state),
             gateway_state_name(before));
}

static void tell_owner(struct bybit_feed *feed)
{
    struct bybit_market_counters counters = bybit_market_counters(feed->market);
    struct gateway *owner = feed->feed.owner;

    feed->feed.refused_frames = counters.refused;
    if (!owner)
        return;
    tell_state(feed, owner);
    atomic_store_explicit(&owner->connects, counters.connects, memory_order_relaxed);
    atomic_store_explicit(&owner->first_connects, counters.first_connects, memory_order_relaxed);
    atomic_store_explicit(&owner->gaps, counters.gaps, memory_order_relaxed);
    atomic_store_explicit(&owner->banned_until_ns, bybit_market_banned_until_ns(feed->market),
                          memory_order_relaxed);
}

static void serve(struct bybit_feed *feed)
{
    feed->from = feed->to = 0;
    net_poll(feed->net);
    bybit_market_turn(feed->market, clock_real_ns());
    tell_owner(feed);
}

static const struct market_update *next(struct feed *base)
{
    struct bybit_feed *feed = feed_of(base);
    const struct market_update *update;

    if (feed->from == feed->to)
        serve(feed);
    if (feed->from == feed->to)
        return NULL;
    update = (const struct market_update *)(const void *)(feed->buffer + feed->from);
    feed->from += (market_update_size(update) + 7) & ~(size_t)7;
    return update;
}

static enum status never_rewound(struct feed *feed, struct err *err)
{
    (void)feed;
    return err_set(err, ERR_CONFIG, "a live market cannot be played again");
}

static void close_feed(struct feed *base)
{
    struct bybit_feed *feed = feed_of(base);

    if (feed->market)
        bybit_market_close(feed->market);
    if (feed->net)
        net_close(feed->net);
    record_thread_close(feed->record);
    free(feed->buffer);
    free(feed);
}

static const struct feed_ops ops = {.next = next, .rewind = never_rewound, .close = close_feed};

/* ---- opening ---------------------------------------------------------------------------- */

/* The venue's rows, in their order; instrument numbers are the feed's own. */
static enum status list_instruments(struct bybit_feed *feed, const struct bybit_config *config,
                                    struct bybit_listing listings[MAX_INSTRUMENTS], struct err *err)
{
    struct feed_instruments *instruments = &feed->instruments;

    for (uint16_t at = 0; at < config->io.instrument_count; at++) {
        const struct instrument *row = &config->io.instruments[at];
        const char *colon = strchr(row->name, ':');
        uint16_t number = instruments->count;

        if (row->venue != config->venue)
            continue;
        if (!colon)
            return err_format(err, ERR_CONFIG, "instrument %s: it wants the form venue:SYMBOL",
                              row->name);
        instruments->row[number] = *row;
        memcpy(instruments->venue[number], row->name, (size_t)(colon - row->name));
        listings[number] = (struct bybit_listing){.symbol = colon + 1,
                                                  .grid = {.price_decimals = row->price_decimals,
                                                           .qty_decimals = row->qty_decimals,
                                                           .tick_units = row->tick_units,
                                                           .lot_units = row->lot_units,
                                                           .instrument = number}};
        instruments->count++;
    }
    return instruments->count > 0
               ? OK
               : err_set(err, ERR_CONFIG, "the venue has no instrument to watch");
}

static enum status open_market(struct bybit_feed *feed, const struct bybit_config *config,
                               const struct bybit_listing *listings, struct err *err)
{
    struct net_config net_config = {.ca_file = config->ca_file,
                                    .connects_max = config->connects_max,
                                    .seed = (uint64_t)clock_real_ns()};
    struct bybit_market_config market = {
        .url = config->stream,
        .category = config->is_spot ? BYBIT_SPOT : BYBIT_LINEAR,
        .listings = listings,
        .count = feed->instruments.count,
        .depth = config->depth,
        .standby = config->standby,
        .touches = false,
        .heartbeat_ns = config->heartbeat_ns,
        .stale_received_ns = config->stale_ns,
        .stale_progress_ns = config->stale_ns,
        .ctx = feed,
        .update = keep_update,
        .mark = NULL,
        .used = feed->record ? record_frame : NULL,
    };
    enum status status = net_open(&feed->net, &net_config, err);

    return status == OK ? bybit_market_open(&feed->market, feed->net, &market, err) : status;
}

enum status bybit_feed_open(const struct bybit_config *config, struct feed **opened,
                            struct err *err)
{
    struct bybit_feed *feed = calloc(1, sizeof *feed);
    struct bybit_listing listings[MAX_INSTRUMENTS];
    enum status status;

    if (!feed || !(feed->buffer = malloc(BUFFER_BYTES))) {
        free(feed);
        return err_set(err, ERR_INTERNAL, "no memory for the feed");
    }
    feed->feed.ops = &ops;
    feed->feed.instruments = &feed->instruments;
    feed->feed.is_live = true;
    status = list_instruments(feed, config, listings, err);
    if (status == OK)
        status = record_thread_begin(&feed->record, config, listings, feed->instruments.count, err);
    if (status == OK)
        status = open_market(feed, config, listings, err);
    if (status != OK) {
        close_feed(&feed->feed);
        return status;
    }
    *opened = &feed->feed;
    return OK;
}

struct bybit_mark bybit_feed_mark(const struct feed *feed, uint16_t instrument)
{
    assert(feed->ops == &ops);
    return bybit_market_mark(feed_of(feed)->market, instrument);
}
