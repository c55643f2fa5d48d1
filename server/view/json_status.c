/* Market, status, health and latency. */
#include "view/shapes.h"

#include "config/overrides.h"
#include "thread/clock.h"
#include "thread/thread.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

static const int64_t second_ns = 1000000000LL;
/* A venue that has said nothing for so long is STALE, then DOWN. */
static const int64_t venue_stale_ns = 2 * 1000000000LL;
static const int64_t venue_down_ns = 10 * 1000000000LL;
static const int64_t engine_silent_ns = 1000000000LL;
static const int64_t journal_lag_ns = 1000000000LL;

/* --- market --- */

static json_t *levels_json(const struct instrument *instrument, const struct level *levels,
                           uint32_t count)
{
    json_t *json = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(json,
                              json_pack("[o, o]", shape_price(instrument, levels[i].price_ticks),
                                        shape_qty(instrument, levels[i].qty_lots)));
    return json;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static json_t *book_json(const struct view *view, uint16_t instrument, uint32_t depth)
{
    const struct instrument *row = &view->from.config->instrument[instrument];
    const struct telemetry_book *book = &view->books[instrument];
    const struct level *asks = book->levels + book->bid_count;

    return json_pack("{s:s, s:o, s:o, s:b, s:o, s:o, s:s}", "instrument", row->name, "bids",
                     levels_json(row, book->levels, least(depth, book->bid_count)), "asks",
                     levels_json(row, asks, least(depth, book->ask_count)), "stale",
                     book->status != BOOK_OK, "age_ns",
                     shape_age(model_now_ns(view), book->received_ns), "update_id",
                     book->kind == 0 ? json_null() : shape_decimal(book->update_id, 0), "status",
                     book_status_name((enum book_status)book->status));
}

json_t *view_book(struct view *view, uint16_t instrument, uint32_t depth)
{
    json_t *json;

    view_enter(view);
    json = book_json(view, instrument, depth);
    view_leave(view);
    return json;
}

static json_t *trade_json(const struct instrument *row, const struct tape_trade *trade,
                          int64_t now_ns)
{
    return json_pack("{s:I, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "seq",
                     (json_int_t)trade->number, "id", shape_decimal(trade->id, 0), "instrument",
                     row->name, "side", trade->taker == SIDE_BUY ? "buy" : "sell", "qty",
                     shape_qty(row, trade->qty_lots), "price", shape_price(row, trade->price_ticks),
                     "at_ns", json_ns_or_null(trade->received_ns), "venue_ns",
                     json_ns_or_null(trade->venue_ns), "age_ns",
                     shape_age(now_ns, trade->received_ns));
}

json_t *view_trades(struct view *view, uint16_t instrument, uint32_t most)
{
    const struct instrument *row = &view->from.config->instrument[instrument];
    const struct gateway *gateway = view_gateway_of(&view->from, row->venue);
    int64_t now_ns = model_now_ns(view);
    struct tape_trade trades[TAPE_TRADES];
    uint32_t count =
        gateway ? tape_read(&gateway->tape[instrument], trades, least(most, TAPE_TRADES)) : 0;
    json_t *items = json_array();

    for (uint32_t at = 0; at < count; at++)
        json_array_append_new(items, trade_json(row, &trades[at], now_ns));
    return shape_list(items, 0);
}

static json_t *instrument_json(const struct config *config, const struct instrument *row)
{
    const char *colon = strchr(row->name, ':');

    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:I, s:I}", "instrument",
        row->name, "venue", config->venue[row->venue], "symbol", colon ? colon + 1 : row->name,
        "tick_size", shape_price(row, 1), "lot_size", shape_qty(row, 1), "settle",
        config->currency[row->currency].name, "inverse", (int)row->inverse, "maker_fee",
        shape_decimal(row->maker_fee_e8, 8), "taker_fee", shape_decimal(row->taker_fee_e8, 8),
        "initial_margin", shape_decimal(row->initial_margin_e8, 8), "maintenance_margin",
        shape_decimal(row->maintenance_margin_e8, 8), "price_decimals",
        (json_int_t)row->price_decimals, "qty_decimals", (json_int_t)row->qty_decimals);
}

json_t *view_instruments(struct view *view)
{
    const struct config *config = view->from.config;
    json_t *items = json_array();

    for (uint16_t i = 0; i < config->instruments; i++)
        json_array_append_new(items, instrument_json(config, &config->instrument[i]));
    return shape_list(items, 0);
}

/* --- venues --- */

int64_t view_venue_update_ns(const struct view_sources *from, uint16_t venue)
{
    const struct gateway *gateway = view_gateway_of(from, venue);
    int64_t newest_ns = 0;

    for (uint16_t i = 0; i < from->config->instruments && gateway; i++) {
        int64_t update_ns = gateway_last_update_ns(gateway, i);

        if (from->config->instrument[i].venue == venue && update_ns > newest_ns)
            newest_ns = update_ns;
    }
    return newest_ns;
}

static bool is_real(const struct view_sources *from, uint16_t venue)
{
    return from->config->venue_settings[venue].kind != GATEWAY_SIMULATED;
}

enum gateway_state view_venue_state(const struct view_sources *from, uint16_t venue)
{
    const struct gateway *gateway = view_gateway_of(from, venue);
    int64_t update_ns = view_venue_update_ns(from, venue);
    int64_t age_ns = clock_real_ns() - update_ns;

    if (gateway && is_real(from, venue))
        return gateway_state(gateway);
    if (update_ns == 0 || age_ns > venue_down_ns)
        return GATEWAY_DOWN;
    return age_ns > venue_stale_ns ? GATEWAY_STALE : GATEWAY_READY;
}

static json_t *venue_json(const struct view_sources *from, uint16_t venue)
{
    const struct gateway *gateway = view_gateway_of(from, venue);
    const char *state = gateway_state_name(view_venue_state(from, venue));
    struct gateway_counters counters = {0};
    int64_t offset_ns = INT64_MIN, banned_ns = 0, since_ns = 0;

    if (gateway) {
        counters = gateway_counters(gateway);
        offset_ns = atomic_load(&gateway->clock_offset_ns);
        banned_ns = atomic_load(&gateway->banned_until_ns);
        since_ns = is_real(from, venue) ? atomic_load(&gateway->state_ns) : 0;
    }
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:o}", "venue", from->config->venue[venue], "state",
        state, "age_ns", shape_age(clock_real_ns(), view_venue_update_ns(from, venue)), "since_ns",
        json_ns_or_null(since_ns), "clock_offset_ns",
        offset_ns == INT64_MIN ? json_null() : shape_decimal(offset_ns, 0), "reconnects",
        (json_int_t)(counters.connects - counters.first_connects), "gaps",
        (json_int_t)counters.gaps, "banned_until_ns", json_ns_or_null(banned_ns));
}

static json_t *venues_json(const struct view *view)
{
    json_t *items = json_array();

    for (uint16_t i = 0; i < view->from.config->venues; i++)
        json_array_append_new(items, venue_json(&view->from, i));
    return items;
}

json_t *view_venues(struct view *view)
{
    return shape_list(venues_json(view), 0);
}

bool view_venue_lots(const struct view_sources *from, uint16_t instrument, int64_t *lots,
                     int64_t *told_ns)
{
    const struct gateway *gateway =
        view_gateway_of(from, from->config->instrument[instrument].venue);

    /* Pairs with the release of gateway_count_position. */
    *told_ns = gateway
                   ? atomic_load_explicit(&gateway->venue_lots_ns[instrument], memory_order_acquire)
                   : 0;
    if (*told_ns == 0)
        return false;
    *lots = atomic_load_explicit(&gateway->venue_lots[instrument], memory_order_relaxed);
    return true;
}

/* Of all gateways together: playing while one plays, ended when all have. */
static enum market_state market_state(const struct view *view)
{
    bool any_starts = view->from.gateways == 0;

    for (uint16_t at = 0; at < view->from.gateways; at++) {
        enum market_state state = gateway_market_state(view->from.gateway[at]);

        if (state == MARKET_STATE_PLAYING)
            return state;
        any_starts = any_starts || state == MARKET_STATE_STARTING;
    }
    return any_starts ? MARKET_STATE_STARTING : MARKET_STATE_ENDED;
}

static const char *market_state_text(enum market_state state)
{
    return state == MARKET_STATE_STARTING  ? "starting"
           : state == MARKET_STATE_PLAYING ? "playing"
                                           : "ended";
}

/* --- status --- */

static json_t *threads_json(void)
{
    struct thread_row rows[THREADS_MAX];
    uint32_t count = thread_rows(rows);
    json_t *json = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(json,
                              json_pack("{s:s, s:o, s:s}", "name", rows[i].name, "core",
                                        rows[i].core < 0 ? json_null() : json_integer(rows[i].core),
                                        "idle", idle_name(rows[i].idle)));
    return json;
}

/* Of all gateways together; /metrics has each. */
static json_t *rings_json(const struct view_sources *from)
{
    uint64_t market = 0, executions = 0, orders = 0;
    json_t *json = json_object();

    for (uint16_t at = 0; at < from->gateways; at++) {
        const struct gateway_io *io = &from->gateway[at]->io;

        market += ring_depth(io->market);
        executions += ring_depth(io->executions);
        orders += ring_depth(io->orders);
    }
    if (from->gateways > 0)
        json_object_update_new(json, json_pack("{s:I, s:I, s:I}", "market", (json_int_t)market,
                                               "executions", (json_int_t)executions, "orders",
                                               (json_int_t)orders));
    if (from->commands)
        json_object_set_new(json, "commands", json_integer((json_int_t)ring_depth(from->commands)));
    return json;
}

/* The one that is farthest off; null: none is measured. */
static json_t *clock_offset_json(const struct view_sources *from)
{
    int64_t worst_ns = INT64_MIN;

    for (uint16_t at = 0; at < from->gateways; at++) {
        int64_t offset_ns = atomic_load(&from->gateway[at]->clock_offset_ns);

        if (offset_ns != INT64_MIN && (worst_ns == INT64_MIN || llabs(offset_ns) > llabs(worst_ns)))
            worst_ns = offset_ns;
    }
    return worst_ns == INT64_MIN ? json_null() : shape_decimal(worst_ns, 0);
}

static json_int_t engine_seq(const struct view *view)
{
    return (json_int_t)lane_head_seq(journal_lane(view->from.journal, JOURNAL_ENGINE));
}

/* Records of both lanes that are not rows of the audit yet. */
static json_int_t audit_behind(const struct view *view)
{
    uint64_t behind = 0;

    for (int at = 0; at < JOURNAL_LANES && view->from.store; at++)
        behind += lane_waiting(journal_lane(view->from.journal, (enum journal_lane)at),
                               JOURNAL_GATE_AUDIT);
    return (json_int_t)behind;
}

/* Of the file, and of what people set over it. */
static json_t *config_hash_json(const struct view *view)
{
    char hash[HASH_TEXT_MAX];

    if (!view->from.overrides)
        return json_string(view->from.config->hash_text);
    overrides_hash(view->from.overrides, hash);
    return json_string(hash);
}

/* The listener's own address, also where the configuration leaves the port to the system. */
static json_t *kill_url_json(const struct view *view)
{
    return atomic_load_explicit(&view->has_kill_url, memory_order_acquire)
               ? json_string(view->kill_url)
               : json_null();
}

json_t *view_status(struct view *view)
{
    const struct config *config = view->from.config;
    struct journal *journal = view->from.journal;
    bool suspect = journal_storage(journal) != STORAGE_OK ||
                   (view->from.store && store_is_suspect(view->from.store));
    int64_t free_bytes = journal_free_bytes(journal);

    return json_pack(
        "{s:s, s:s, s:s, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:o, s:{s:s}, s:o, s:o, "
        "s:o, s:o, s:o}",
        "mode", mode_name(config->mode), "instance", config->instance, "version", pitwall_version,
        "config_hash", config_hash_json(view), "pending_restart",
        view->from.overrides && overrides_pending(view->from.overrides), "uptime_s",
        (json_int_t)((clock_real_ns() - view->from.started_ns) / second_ns), "journal_seq",
        engine_seq(view), "durable_seq", (json_int_t)journal_durable_seq(journal, JOURNAL_ENGINE),
        "audit_seq", (json_int_t)(view->from.store ? store_audit_seq(view->from.store) : 0),
        "audit_behind", audit_behind(view), "storage", suspect ? "suspect" : "ok", "storage_state",
        journal_storage_name(journal_storage(journal)), "storage_free_bytes",
        free_bytes < 0 ? json_null() : json_integer((json_int_t)free_bytes), "market", "state",
        market_state_text(market_state(view)), "threads", threads_json(), "venues",
        venues_json(view), "rings", rings_json(&view->from), "clock_offset_ns",
        clock_offset_json(&view->from), "kill_url", kill_url_json(view));
}

/* --- health --- */

static void add_reason(json_t *reasons, bool applies, const char *reason)
{
    if (applies)
        json_array_append_new(reasons, json_string(reason));
}

static bool engine_is_silent(const struct view *view)
{
    const _Atomic int64_t *beat = view->from.engine_beat_ns;

    return beat &&
           clock_mono_ns() - atomic_load_explicit(beat, memory_order_relaxed) > engine_silent_ns;
}

static bool any_book_is_stale(const struct view *view)
{
    for (uint16_t i = 0; i < view->from.config->instruments; i++) {
        if (view->books[i].status != BOOK_OK)
            return true;
    }
    return false;
}

static bool any_venue_is_late(const struct view *view)
{
    for (uint16_t i = 0; i < view->from.config->venues; i++) {
        if (view_venue_state(&view->from, i) != GATEWAY_READY)
            return true;
    }
    return false;
}

json_t *view_health(struct view *view, bool *ready)
{
    json_t *reasons = json_array();
    enum market_state market = market_state(view);

    view_enter(view);
    add_reason(reasons, engine_is_silent(view), "engine_silent");
    add_reason(reasons, clock_mono_ns() - view->durable_mono_ns > journal_lag_ns, "journal_lag");
    add_reason(reasons, market == MARKET_STATE_STARTING, "market_starting");
    add_reason(reasons, market == MARKET_STATE_ENDED, "market_ended");
    add_reason(reasons,
               market == MARKET_STATE_PLAYING &&
                   (any_book_is_stale(view) || any_venue_is_late(view)),
               "market_stale");
    view_leave(view);
    add_reason(reasons, journal_is_suspect(view->from.journal), "storage_suspect");
    add_reason(reasons, journal_storage(view->from.journal) == STORAGE_LOW, "storage_low");
    *ready = json_array_size(reasons) == 0;
    return json_pack("{s:b, s:o}", "ready", (int)*ready, "reasons", reasons);
}

/* --- latency --- */

static json_t *stage_json(struct histogram *histogram)
{
    struct histogram_summary summary = histogram_summarise(histogram);
    bool any = summary.count != 0;

    return json_pack("{s:I, s:o, s:o, s:o, s:o}", "count", (json_int_t)summary.count, "p50_ns",
                     any ? shape_decimal(summary.p50_ns, 0) : json_null(), "p99_ns",
                     any ? shape_decimal(summary.p99_ns, 0) : json_null(), "p999_ns",
                     any ? shape_decimal(summary.p999_ns, 0) : json_null(), "max_ns",
                     any ? shape_decimal(summary.max_ns, 0) : json_null());
}

/* What no percentile tells: counts, of which who looks twice can take the difference. */
static void add_buckets(json_t *stage, struct histogram *histogram)
{
    json_t *buckets = json_array();

    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t count = atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);

        if (count != 0)
            json_array_append_new(buckets, json_pack("{s:o, s:I}", "max_ns",
                                                     shape_decimal(histogram_bucket_max_ns(i), 0),
                                                     "count", (json_int_t)count));
    }
    json_object_set_new(stage, "buckets", buckets);
}

json_t *view_latency(struct view *view, bool with_buckets)
{
    const struct view_sources *from = &view->from;
    const struct {
        const char *name;
        struct histogram *histogram;
    } stages[] = {{"step", from->step},
                  {"tick_to_order", from->tick_to_order},
                  {"order_ack", from->order_ack},
                  {"fill", from->fill_latency}};
    json_t *json = json_object();

    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        json_t *stage = stages[i].histogram ? stage_json(stages[i].histogram) : NULL;

        if (stage && with_buckets)
            add_buckets(stage, stages[i].histogram);
        if (stage)
            json_object_set_new(json, stages[i].name, stage);
    }
    return json_pack("{s:o}", "stages", json);
}
