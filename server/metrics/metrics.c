#include "metrics/metrics.h"

#include "metrics/exposition.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

/* What one rendering reads; JSON shapes are taken once and used by several families. */
struct rendering {
    FILE *out;
    struct view *view;
    const struct view_sources *from;
    const struct config *config;
    struct view_counters counters;
    json_t *positions, *pnl;
};

static void render_build(const struct rendering *r)
{
    const struct label labels[] = {
        {"version", pitwall_version}, {"mode", mode_name(r->config->mode)}, {NULL, NULL}};

    family(r->out, "pitwall_build_info", "gauge", "Always 1; what is running.");
    sample(r->out, "pitwall_build_info", labels, "1");
    family(r->out, "pitwall_start_time_seconds", "gauge", "When the process started.");
    sample_decimal(r->out, "pitwall_start_time_seconds", NULL, r->from->started_ns, 9);
}

/* --- states, kills, limits --- */

static void render_states(const struct rendering *r)
{
    family(r->out, "pitwall_trading_state", "gauge",
           "Effective trading state: 0 active, 1 reducing, 2 halted.");
    for (uint16_t scope = 0; scope < scope_count(r->config->scopes); scope++) {
        char name[SCOPE_TEXT_MAX];
        const struct label labels[] = {{"scope", name}, {NULL, NULL}};

        config_scope_name(r->config, scope, name);
        sample_count(r->out, "pitwall_trading_state", labels,
                     (uint64_t)view_state(r->view, scope).effective);
    }
}

/* From the page itself: true the moment somebody has killed. */
static void render_kill(const struct rendering *r)
{
    uint64_t active = 0;

    for (uint16_t scope = 0; scope < scope_count(r->config->scopes) && r->from->kill; scope++)
        active |= kill_page_is_killed(r->from->kill, scope);
    family(r->out, "pitwall_kill_switch_active", "gauge", "1 while any scope is killed.");
    sample_count(r->out, "pitwall_kill_switch_active", NULL, active);
}

static void render_limit(const struct rendering *r, const char *scope, enum limit_id id,
                         int64_t value)
{
    const struct label labels[] = {{"scope", scope}, {"limit", limit_row(id)->name}, {NULL, NULL}};

    if (value == LIMIT_UNSET)
        return;
    sample_decimal(r->out, "pitwall_limit", labels, view_limit_shown(id, value),
                   limit_row(id)->type == LIMIT_INTEGER ? 0 : 8);
}

static void render_limits(const struct rendering *r)
{
    family(r->out, "pitwall_limit", "gauge", "Limits in force, in the unit of each limit.");
    for (uint16_t scope = 0; scope < scope_count(r->config->scopes); scope++) {
        char name[SCOPE_TEXT_MAX];
        struct limits limits;
        uint64_t generation;

        config_scope_name(r->config, scope, name);
        view_limits(r->view, scope, &limits, &generation);
        for (int id = 0; id < LIMIT_COUNT; id++)
            render_limit(r, name, (enum limit_id)id, limits.value[id]);
    }
}

static void render_scope_use(const struct rendering *r, uint16_t scope, const struct view_use *use)
{
    char name[SCOPE_TEXT_MAX];
    struct limits limits;
    uint64_t generation;

    config_scope_name(r->config, scope, name);
    view_limits(r->view, scope, &limits, &generation);
    for (int at = 0; at < LIMIT_COUNT; at++) {
        enum limit_id id = (enum limit_id)at;
        int64_t limit = view_limit_shown(id, limits.value[at]);
        const struct label labels[] = {
            {"scope", name}, {"limit", limit_row(id)->name}, {NULL, NULL}};

        if (limit != LIMIT_UNSET && use->measured[at] != INT64_MAX)
            sample_decimal(r->out, "pitwall_limit_used_ratio", labels,
                           view_used_ratio_e8(id, limit, use->measured[at]), 8);
    }
}

/* No sample of what is not known, nor of limits on single orders: nothing of those stays in use. */
static void render_use(const struct rendering *r)
{
    struct view_use uses[MAX_SCOPES];

    view_limit_use(r->view, uses);
    family(r->out, "pitwall_limit_used_ratio", "gauge",
           "Share of a limit that is in use, all working orders included; above 1 it is breached.");
    for (uint16_t scope = 0; scope < scope_count(r->config->scopes); scope++)
        render_scope_use(r, scope, &uses[scope]);
}

static void render_triggers(const struct rendering *r)
{
    family(r->out, "pitwall_trigger_fired_total", "counter",
           "Automatic triggers that fired, whatever they did.");
    for (int i = 0; i < TRIGGER_COUNT; i++) {
        const struct label labels[] = {{"trigger", trigger_name((enum trigger_id)i)}, {NULL, NULL}};

        sample_count(r->out, "pitwall_trigger_fired_total", labels, r->counters.triggers[i]);
    }
}

/* --- orders and fills --- */

static void render_by_venue(const struct rendering *r, const char *name, const char *type,
                            const char *help, const uint64_t *counts)
{
    family(r->out, name, type, help);
    for (uint16_t i = 0; i < r->config->venues; i++) {
        const struct label labels[] = {{"venue", r->config->venue[i]}, {NULL, NULL}};

        sample_count(r->out, name, labels, counts[i]);
    }
}

static void render_denials(const struct rendering *r)
{
    family(r->out, "pitwall_orders_denied_total", "counter", "Orders that our gate denied.");
    for (int i = DENIAL_NONE + 1; i < DENIAL_COUNT; i++) {
        const struct label labels[] = {{"reason", denial_name((enum denial)i)}, {NULL, NULL}};

        sample_count(r->out, "pitwall_orders_denied_total", labels, r->counters.denied[i]);
    }
}

static void render_one(const struct rendering *r, const char *name, const char *type,
                       const char *help, uint64_t value)
{
    family(r->out, name, type, help);
    sample_count(r->out, name, NULL, value);
}

static void render_orders(const struct rendering *r)
{
    render_by_venue(r, "pitwall_orders_sent_total", "counter", "Orders sent to the venue.",
                    r->counters.orders_sent);
    render_by_venue(r, "pitwall_orders_rejected_total", "counter", "Orders that the venue refused.",
                    r->counters.orders_rejected);
    render_by_venue(r, "pitwall_fills_total", "counter", "Executions of our orders.",
                    r->counters.fills);
    render_denials(r);
    render_one(r, "pitwall_open_orders", "gauge", "Orders that are not finished.",
               r->counters.open_orders);
    render_one(r, "pitwall_orders_unknown", "gauge", "Orders whose outcome is not known.",
               r->counters.unknown_orders);
    render_one(r, "pitwall_order_anomalies_total", "counter",
               "Reports that the order's state did not expect.", r->counters.anomalies);
}

/* --- money --- */

static void render_positions(const struct rendering *r)
{
    const json_t *row;
    size_t i;

    family(r->out, "pitwall_position_lots", "gauge", "Net filled lots.");
    json_array_foreach(json_object_get(r->positions, "items"), i, row)
    {
        const struct label labels[] = {
            {"instrument", json_string_value(json_object_get(row, "instrument"))}, {NULL, NULL}};

        sample_decimal(r->out, "pitwall_position_lots", labels,
                       json_integer_value(json_object_get(row, "lots")), 0);
    }
}

/* A member of the positions' rows by instrument; null has no sample. */
static void render_position_figure(const struct rendering *r, const char *name, const char *help,
                                   const char *member)
{
    const json_t *row;
    size_t i;

    family(r->out, name, "gauge", help);
    json_array_foreach(json_object_get(r->positions, "items"), i, row)
    {
        const char *value = json_string_value(json_object_get(row, member));
        const struct label labels[] = {
            {"instrument", json_string_value(json_object_get(row, "instrument"))}, {NULL, NULL}};

        if (value)
            sample(r->out, name, labels, value);
    }
}

/* What is not known has no sample: a stale figure must not look like a fresh one. */
static void render_pnl(const struct rendering *r)
{
    static const char *const components[] = {"price", "fee",      "funding",   "rebate",
                                             "total", "realised", "unrealised"};

    family(r->out, "pitwall_pnl", "gauge",
           "Profit and loss by component, in the reporting currency.");
    for (size_t i = 0; i < sizeof components / sizeof *components; i++) {
        const char *value = json_string_value(json_object_get(r->pnl, components[i]));
        const struct label labels[] = {{"component", components[i]}, {NULL, NULL}};

        if (value)
            sample(r->out, "pitwall_pnl", labels, value);
    }
}

static void render_pnl_figure(const struct rendering *r, const char *name, const char *help,
                              const char *member)
{
    const char *value = json_string_value(json_object_get(r->pnl, member));

    family(r->out, name, "gauge", help);
    if (value)
        sample(r->out, name, NULL, value);
}

static void render_money(const struct rendering *r)
{
    render_positions(r);
    render_pnl(r);
    render_pnl_figure(r, "pitwall_equity", "Capital and PnL, in the reporting currency.", "equity");
    render_pnl_figure(r, "pitwall_equity_peak", "Highest equity since the start.", "peak");
    render_pnl_figure(r, "pitwall_drawdown_ratio", "Fall of equity from its peak.",
                      "drawdown_ratio");
    render_pnl_figure(r, "pitwall_day_pnl", "Profit and loss since the trading day began.",
                      "day_pnl");
    render_pnl_figure(r, "pitwall_margin_ratio",
                      "Maintenance margins as a share of equity; at 1 the venue liquidates.",
                      "margin_ratio");
    render_position_figure(r, "pitwall_liquidation_distance_ratio",
                           "Distance of the mark from the liquidation price.",
                           "liquidation_distance_ratio");
}

/* --- market --- */

static void render_updates(const struct rendering *r)
{
    static const char name[] = "pitwall_market_data_last_update_timestamp_seconds";

    family(r->out, name, "gauge", "When the newest update of the book came.");
    for (uint16_t i = 0; i < r->config->instruments && r->from->gateways > 0; i++) {
        const struct instrument *row = &r->config->instrument[i];
        const struct label labels[] = {
            {"venue", r->config->venue[row->venue]}, {"instrument", row->name}, {NULL, NULL}};
        int64_t update_ns = gateway_last_update_ns(view_gateway_of(r->from, row->venue), i);

        if (update_ns != 0)
            sample_decimal(r->out, name, labels, update_ns, 9);
    }
}

/* A simulated venue is there while its market plays. */
static bool is_connected(const struct view_sources *from, uint16_t venue)
{
    const struct gateway *gateway = view_gateway_of(from, venue);

    if (!gateway)
        return false;
    if (from->config->venue_settings[venue].kind == GATEWAY_SIMULATED)
        return gateway_market_state(gateway) == MARKET_STATE_PLAYING;
    return gateway_state(gateway) == GATEWAY_READY;
}

static uint64_t reconnects_of(const struct view_sources *from, uint16_t venue)
{
    struct gateway_counters counters = {0};

    if (view_gateway_of(from, venue))
        counters = gateway_counters(view_gateway_of(from, venue));
    return counters.connects - counters.first_connects;
}

static void render_connected(const struct rendering *r)
{
    uint64_t connected[MAX_VENUES], reconnects[MAX_VENUES];

    for (uint16_t i = 0; i < r->config->venues; i++) {
        connected[i] = is_connected(r->from, i);
        reconnects[i] = reconnects_of(r->from, i);
    }
    render_by_venue(r, "pitwall_stream_connected", "gauge", "1 while the venue's market data runs.",
                    connected);
    render_by_venue(r, "pitwall_stream_reconnects_total", "counter",
                    "Connections to the venue that were made anew.", reconnects);
}

static void render_clock(const struct rendering *r)
{
    static const char name[] = "pitwall_clock_offset_seconds";

    family(r->out, name, "gauge", "The venue's clock less ours.");
    for (uint16_t i = 0; i < r->config->venues && r->from->gateways > 0; i++) {
        const struct label labels[] = {{"venue", r->config->venue[i]}, {NULL, NULL}};
        int64_t offset_ns = atomic_load(&view_gateway_of(r->from, i)->clock_offset_ns);

        if (offset_ns != INT64_MIN)
            sample_decimal(r->out, name, labels, offset_ns, 9);
    }
}

static void render_drift(const struct rendering *r)
{
    static const char name[] = "pitwall_position_drift_ratio";

    family(r->out, name, "gauge",
           "How far our position and the venue's count differ, as a share of the larger.");
    for (uint16_t i = 0; i < r->config->instruments; i++) {
        const json_t *row = json_array_get(json_object_get(r->positions, "items"), i);
        const struct instrument *instrument = &r->config->instrument[i];
        const struct label labels[] = {{"venue", r->config->venue[instrument->venue]},
                                       {"instrument", instrument->name},
                                       {NULL, NULL}};
        int64_t ours = json_integer_value(json_object_get(row, "lots"));
        int64_t venues;

        if (json_is_integer(json_object_get(row, "venue_lots"))) {
            venues = json_integer_value(json_object_get(row, "venue_lots"));
            sample_decimal(r->out, name, labels, view_drift_ratio_e8(ours, venues), 8);
        }
    }
}

static void render_gateways(const struct rendering *r)
{
    struct gateway_counters all = {0};

    if (r->from->gateways == 0)
        return;
    for (uint16_t at = 0; at < r->from->gateways; at++) {
        struct gateway_counters counters = gateway_counters(r->from->gateway[at]);

        all.updates += counters.updates;
        all.refused_frames += counters.refused_frames;
        all.unsent += counters.unsent;
    }
    render_one(r, "pitwall_market_updates_total", "counter", "Market updates handed to the engine.",
               all.updates);
    render_one(r, "pitwall_frames_refused_total", "counter", "Frames that could not be read.",
               all.refused_frames);
    render_one(r, "pitwall_orders_unsent_total", "counter",
               "Orders that a kill stopped in the gateway.", all.unsent);
}

static void render_market(const struct rendering *r)
{
    render_updates(r);
    render_connected(r);
    render_clock(r);
    render_drift(r);
    render_gateways(r);
    render_one(r, "pitwall_sequence_gaps_total", "counter", "Books that a gap made stale.",
               r->counters.gaps);
}

/* --- latency, rings, journal --- */

/* The engine measures all venues together. */
static void render_histogram(const struct rendering *r, const char *name, const char *help,
                             struct histogram *histogram, bool by_venue)
{
    const struct label venue = {"venue", r->config->venues == 1 ? r->config->venue[0] : "all"};

    if (!histogram)
        return;
    family(r->out, name, "histogram", help);
    sample_histogram(r->out, name, by_venue ? &venue : NULL, histogram);
}

static void render_latency(const struct rendering *r)
{
    render_histogram(r, "pitwall_engine_step_seconds", "One step of the engine.", r->from->step,
                     false);
    render_histogram(r, "pitwall_tick_to_order_seconds",
                     "From the receipt of market data to the order on the ring.",
                     r->from->tick_to_order, false);
    render_histogram(r, "pitwall_order_ack_seconds", "From sending to the venue's acknowledgement.",
                     r->from->order_ack, true);
    render_histogram(r, "pitwall_fill_latency_seconds", "From sending to the execution.",
                     r->from->fill_latency, true);
}

static void render_ring(const struct rendering *r, const char *ring, const char *gateway,
                        struct ring *of)
{
    const struct label labels[] = {
        {"ring", ring}, {gateway ? "gateway" : NULL, gateway}, {NULL, NULL}};

    sample_count(r->out, "pitwall_ring_depth", labels, ring_depth(of));
}

static void render_rings(const struct rendering *r)
{
    family(r->out, "pitwall_ring_depth", "gauge", "Bytes that wait in the ring.");
    for (uint16_t at = 0; at < r->from->gateways; at++) {
        const struct gateway_io *io = &r->from->gateway[at]->io;
        const char *name = config_gateway_name(r->config, at);

        render_ring(r, "market", name, io->market);
        render_ring(r, "executions", name, io->executions);
        render_ring(r, "orders", name, io->orders);
    }
    if (r->from->commands)
        render_ring(r, "commands", NULL, r->from->commands);
    family(r->out, "pitwall_ring_overflows_total", "counter",
           "Times that a reader of the ring was overtaken.");
    sample_count(r->out, "pitwall_ring_overflows_total",
                 (const struct label[]){{"ring", "events_view"}, {NULL, NULL}},
                 r->counters.overruns);
}

static void render_journal(const struct rendering *r)
{
    struct journal *journal = r->from->journal;
    struct journal_trouble trouble;

    journal_trouble(journal, &trouble);
    render_one(r, "pitwall_journal_sequence", "gauge", "Newest event of the engine.",
               lane_head_seq(journal_lane(journal, JOURNAL_ENGINE)));
    render_one(r, "pitwall_journal_durable_sequence", "gauge", "Newest event that is on disk.",
               journal_durable_seq(journal, JOURNAL_ENGINE));
    render_one(r, "pitwall_storage_suspect", "gauge", "1 after a failed write or sync.",
               journal_is_suspect(journal));
    render_one(r, "pitwall_storage_low", "gauge", "1 while too little room is left for new orders.",
               trouble.storage == STORAGE_LOW);
    render_one(r, "pitwall_storage_troubles_total", "counter",
               "Times that storage became suspect or low.", trouble.count);
    if (journal_free_bytes(journal) >= 0)
        render_one(r, "pitwall_storage_free_bytes", "gauge",
                   "Free room of the data directory's file system.",
                   (uint64_t)journal_free_bytes(journal));
    if (r->from->store)
        render_one(r, "pitwall_audit_sequence", "gauge", "Newest committed audit row.",
                   store_audit_seq(r->from->store));
    if (r->from->store)
        fprintf(r->out,
                "# HELP pitwall_audit_anchor_timestamp_seconds When a head of the audit"
                " was last signed.\n# TYPE pitwall_audit_anchor_timestamp_seconds gauge\n"
                "pitwall_audit_anchor_timestamp_seconds %.3f\n",
                (double)store_anchor_ns(r->from->store) / 1e9);
}

static void render_extra(const struct rendering *r, const struct metrics_extra *extra)
{
    if (!extra)
        return;
    render_one(r, "pitwall_ws_clients", "gauge", "Open streams.", extra->ws_clients);
    render_one(r, "pitwall_ws_drops_total", "counter",
               "Frames of states that slow streams were not sent.", extra->ws_drops);
    render_one(r, "pitwall_ws_laggards_total", "counter", "Streams closed with 1013, too slow.",
               extra->ws_laggards);
    render_one(r, "pitwall_ws_resumes_total", "counter", "Topics taken up again by sequence.",
               extra->ws_resumes);
    if (extra->append)
        extra->append(extra->ctx, r->out);
}

static void render_all(struct rendering *r, const struct metrics_extra *extra)
{
    view_counters(r->view, &r->counters);
    r->positions = view_positions(r->view);
    r->pnl = view_pnl(r->view);
    render_build(r);
    render_states(r);
    render_kill(r);
    render_limits(r);
    render_use(r);
    render_triggers(r);
    render_orders(r);
    render_money(r);
    render_market(r);
    render_latency(r);
    render_rings(r);
    render_journal(r);
    render_extra(r, extra);
    json_decref(r->positions);
    json_decref(r->pnl);
}

char *metrics_render(struct view *view, const struct view_sources *sources,
                     const struct metrics_extra *extra)
{
    struct rendering rendering = {.view = view, .from = sources, .config = sources->config};
    char *text = NULL;
    size_t length;

    rendering.out = open_memstream(&text, &length);
    if (!rendering.out)
        return NULL;
    render_all(&rendering, extra);
    if (fclose(rendering.out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
