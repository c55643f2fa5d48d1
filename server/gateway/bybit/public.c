#include "gateway/bybit/inside.h"

#include <string.h>

static uint16_t symbol_index(const struct bybit *bybit, uint16_t instrument)
{
    uint16_t at = 0;

    while (bybit->symbol[at].instrument != instrument)
        at++;
    assert(at < bybit->symbol_count);
    return at;
}

static void take_update(void *ctx, const struct market_update *update)
{
    struct bybit *bybit = ctx;
    size_t size = market_update_size(update);
    struct market_update *slot = ring_reserve(bybit->base.io.market, size);

    gateway_note_trade(&bybit->base, update); /* it happened, whether the engine hears it or not */
    if (!slot) {
        bybit->public.overflowed[symbol_index(bybit, update->instrument)] = true;
        bybit->public.any_overflowed = true;
        return;
    }
    memcpy(slot, update, size);
    ring_publish(bybit->base.io.market);
    gateway_count_update(&bybit->base, update->instrument);
}

static void record_frame(void *ctx, int64_t received_ns, const char *text, size_t length)
{
    const struct bybit *bybit = ctx;

    record_thread_take(bybit->public.record, received_ns, text, length);
}

/* The LOST of a renewal may find the ring full again: then the flag is set anew. */
static void renew_overflowed(struct bybit *bybit)
{
    bybit->public.any_overflowed = false;
    for (uint16_t at = 0; at < bybit->symbol_count; at++)
        if (bybit->public.overflowed[at]) {
            bybit->public.overflowed[at] = false;
            bybit_market_renew(bybit->public.market, at);
        }
}

static void count(struct bybit *bybit)
{
    struct bybit_market_counters counters = bybit_market_counters(bybit->public.market);

    gateway_add(&bybit->base.connects, counters.connects - bybit->public.connects);
    gateway_add(&bybit->base.first_connects,
                counters.first_connects - bybit->public.first_connects);
    bybit->public.connects = counters.connects;
    bybit->public.first_connects = counters.first_connects;
    atomic_store_explicit(&bybit->base.gaps, counters.gaps, memory_order_relaxed);
}

void bybit_public_turn(struct bybit *bybit)
{
    if (!bybit->public.market)
        return;
    bybit_market_turn(bybit->public.market, bybit->real_ns);
    if (bybit->public.any_overflowed)
        renew_overflowed(bybit);
    count(bybit);
    if (bybit_market_state(bybit->public.market) == GATEWAY_READY)
        atomic_store_explicit(&bybit->base.market_state, MARKET_STATE_PLAYING,
                              memory_order_relaxed);
}

enum gateway_state bybit_public_state(const struct bybit *bybit)
{
    return bybit->public.market ? bybit_market_state(bybit->public.market) : GATEWAY_READY;
}

static void list_symbols(const struct bybit *bybit, struct bybit_listing listings[MAX_INSTRUMENTS])
{
    for (uint16_t at = 0; at < bybit->symbol_count; at++) {
        const struct bybit_symbol *symbol = &bybit->symbol[at];

        listings[at] = (struct bybit_listing){symbol->name,
                                              {.price_decimals = symbol->row->price_decimals,
                                               .qty_decimals = symbol->row->qty_decimals,
                                               .tick_units = symbol->row->tick_units,
                                               .lot_units = symbol->row->lot_units,
                                               .instrument = symbol->instrument}};
    }
}

enum status bybit_public_open(struct bybit *bybit, struct err *err)
{
    struct bybit_listing listings[MAX_INSTRUMENTS];
    struct bybit_market_config config = {.url = bybit->config.stream,
                                         .category =
                                             bybit->config.is_spot ? BYBIT_SPOT : BYBIT_LINEAR,
                                         .listings = listings,
                                         .count = bybit->symbol_count,
                                         .depth = bybit->config.depth,
                                         .standby = bybit->config.standby,
                                         .heartbeat_ns = bybit->config.heartbeat_ns,
                                         .stale_received_ns = bybit->config.stale_ns,
                                         .stale_progress_ns = bybit->config.stale_ns,
                                         .ctx = bybit,
                                         .update = take_update};
    enum status status;

    list_symbols(bybit, listings);
    status = record_thread_begin(&bybit->public.record, &bybit->config, listings,
                                 bybit->symbol_count, err);
    if (status != OK)
        return status;
    config.used = bybit->public.record ? record_frame : NULL;
    return bybit_market_open(&bybit->public.market, bybit->net, &config, err);
}

void bybit_public_close(struct bybit *bybit)
{
    if (bybit->public.market)
        bybit_market_close(bybit->public.market);
    record_thread_close(bybit->public.record);
}
