#include "metrics/metrics.h"

#include "metrics/inside.h"
#include "thread/clock.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

void render_one(const struct rendering *r, enum metric_id id, uint64_t value)
{
    family(r->page, id);
    sample_count(r->page, id, NULL, value);
}

void render_by_venue(const struct rendering *r, enum metric_id id, const uint64_t *counts)
{
    family(r->page, id);
    for (uint16_t i = 0; i < r->config->venues; i++) {
        const struct label labels[] = {{"venue", r->config->venue[i]}, {NULL, NULL}};

        sample_count(r->page, id, labels, counts[i]);
    }
}

int64_t render_real_ns(const struct rendering *r, int64_t mono_ns)
{
    return r->real_ns - (r->mono_ns - mono_ns);
}

static void render_build(const struct rendering *r)
{
    const struct label build[] = {
        {"version", pitwall_version}, {"mode", mode_name(r->config->mode)}, {NULL, NULL}};
    const struct label config[] = {{"hash", r->config->hash_text}, {NULL, NULL}};

    family(r->page, METRIC_BUILD);
    sample(r->page, METRIC_BUILD, build, "1");
    family(r->page, METRIC_CONFIG);
    sample(r->page, METRIC_CONFIG, config, "1");
    family(r->page, METRIC_START_TIME);
    sample_decimal(r->page, METRIC_START_TIME, NULL, r->from->started_ns, 9);
}

/* --- states, kills, limits --- */

static void render_states(const struct rendering *r)
{
    family(r->page, METRIC_TRADING_STATE);
    for (uint16_t scope = 0; scope < scope_count(r->config->scopes); scope++) {
        char name[SCOPE_TEXT_MAX];
        const struct label labels[] = {{"scope", name}, {NULL, NULL}};

        config_scope_name(r->config, scope, name);
        sample_count(r->page, METRIC_TRADING_STATE, labels,
                     (uint64_t)view_state(r->view, scope).effective);
    }
}

static bool is_killed(const struct rendering *r, uint16_t scope)
{
    return r->from->kill && kill_page_is_killed(r->from->kill, scope);
}

static void render_killers(const struct rendering *r)
{
    family(r->page, METRIC_KILL);
    for (uint16_t scope = 0; scope < scope_count(r->config->scopes); scope++) {
        char name[SCOPE_TEXT_MAX], by[MAX_NAME];
        const struct label labels[] = {{"scope", name}, {"by", by}, {NULL, NULL}};

        config_scope_name(r->config, scope, name);
        if (view_killer(r->view, scope, by))
            sample(r->page, METRIC_KILL, labels, "1");
    }
}

/* From the page itself: true the moment somebody has killed. */
static void render_kill(const struct rendering *r)
{
    uint64_t active = 0;

    for (uint16_t scope = 0; scope < scope_count(r->config->scopes); scope++)
        active |= is_killed(r, scope);
    render_one(r, METRIC_KILL_SWITCH, active);
    family(r->page, METRIC_SCOPE_KILLED);
    for (uint16_t scope = 0; scope < scope_count(r->config->scopes); scope++) {
        char name[SCOPE_TEXT_MAX];
        const struct label labels[] = {{"scope", name}, {NULL, NULL}};

        config_scope_name(r->config, scope, name);
        sample_count(r->page, METRIC_SCOPE_KILLED, labels, is_killed(r, scope));
    }
    render_killers(r);
}

static void render_limit(const struct rendering *r, const char *scope, enum limit_id id,
                         int64_t value)
{
    const struct label labels[] = {{"scope", scope}, {"limit", limit_row(id)->name}, {NULL, NULL}};

    if (value == LIMIT_UNSET)
        return;
    sample_decimal(r->page, METRIC_LIMIT, labels, view_limit_shown(id, value),
                   limit_row(id)->type == LIMIT_INTEGER ? 0 : 8);
}

static void render_limits(const struct rendering *r)
{
    family(r->page, METRIC_LIMIT);
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
            sample_decimal(r->page, METRIC_LIMIT_USED, labels,
                           view_used_ratio_e8(id, limit, use->measured[at]), 8);
    }
}

static void render_exposure(const struct rendering *r, uint16_t scope, const struct view_use *use)
{
    char name[SCOPE_TEXT_MAX];
    const struct label gross[] = {{"scope", name}, {"kind", "gross"}, {NULL, NULL}};
    const struct label net[] = {{"scope", name}, {"kind", "net"}, {NULL, NULL}};

    config_scope_name(r->config, scope, name);
    if (use->measured[LIMIT_MAX_GROSS_NOTIONAL] == INT64_MAX)
        return;
    sample_decimal(r->page, METRIC_EXPOSURE, gross, use->measured[LIMIT_MAX_GROSS_NOTIONAL], 8);
    sample_decimal(r->page, METRIC_EXPOSURE, net, use->measured[LIMIT_MAX_NET_NOTIONAL], 8);
}

/* No sample of what is not known, nor of limits on single orders: nothing of those stays in use. */
static void render_use(const struct rendering *r)
{
    struct view_use uses[MAX_SCOPES];

    view_limit_use(r->view, uses);
    family(r->page, METRIC_LIMIT_USED);
    for (uint16_t scope = 0; scope < scope_count(r->config->scopes); scope++)
        render_scope_use(r, scope, &uses[scope]);
    family(r->page, METRIC_EXPOSURE);
    for (uint16_t scope = 0; scope < scope_count(r->config->scopes); scope++)
        render_exposure(r, scope, &uses[scope]);
}

static void render_triggers(const struct rendering *r)
{
    family(r->page, METRIC_TRIGGERS);
    for (int i = 0; i < TRIGGER_COUNT; i++) {
        const struct label labels[] = {{"trigger", trigger_name((enum trigger_id)i)}, {NULL, NULL}};

        sample_count(r->page, METRIC_TRIGGERS, labels, r->watch.counters.triggers[i]);
    }
}

/* --- orders and fills --- */

static void render_refusals(const struct rendering *r)
{
    family(r->page, METRIC_REFUSALS);
    for (uint16_t venue = 0; venue < r->config->venues; venue++)
        for (int message = 0; message < VIEW_MESSAGES; message++) {
            const struct label labels[] = {
                {"venue", r->config->venue[venue]},
                {"message", view_message_name((enum view_message)message)},
                {NULL, NULL}};

            sample_count(r->page, METRIC_REFUSALS, labels,
                         r->watch.counters.refused[venue][message]);
        }
}

static void render_refusal_classes(const struct rendering *r)
{
    family(r->page, METRIC_REFUSALS_BY_CLASS);
    for (uint16_t at = 0; at < r->from->gateways; at++)
        for (int why = REFUSAL_NONE + 1; why < REFUSAL_COUNT; why++) {
            const struct label labels[] = {{"gateway", config_gateway_name(r->config, at)},
                                           {"class", refusal_name((enum refusal)why)},
                                           {NULL, NULL}};

            sample_count(r->page, METRIC_REFUSALS_BY_CLASS, labels,
                         gateway_refusals(r->from->gateway[at], (enum refusal)why));
        }
}

static void render_denials(const struct rendering *r)
{
    family(r->page, METRIC_ORDERS_DENIED);
    for (int i = DENIAL_NONE + 1; i < DENIAL_COUNT; i++) {
        const struct label labels[] = {{"reason", denial_name((enum denial)i)}, {NULL, NULL}};

        sample_count(r->page, METRIC_ORDERS_DENIED, labels, r->watch.counters.denied[i]);
    }
}

static void render_unknown(const struct rendering *r)
{
    render_one(r, METRIC_ORDERS_UNKNOWN, r->watch.counters.unknown_orders);
    family(r->page, METRIC_OLDEST_UNKNOWN);
    for (uint16_t i = 0; i < r->config->venues; i++) {
        const struct label labels[] = {{"venue", r->config->venue[i]}, {NULL, NULL}};
        int64_t since_ns = r->watch.venue[i].oldest_unknown_ns;

        if (since_ns != 0)
            sample_decimal(r->page, METRIC_OLDEST_UNKNOWN, labels, since_ns, 9);
    }
}

static void render_messages(const struct rendering *r)
{
    family(r->page, METRIC_MESSAGES);
    for (uint16_t at = 0; at < r->from->gateways; at++) {
        struct gateway_counters counters = gateway_counters(r->from->gateway[at]);
        const uint64_t sent[VIEW_MESSAGES] = {counters.orders, counters.amends, counters.cancels};

        for (int message = 0; message < VIEW_MESSAGES; message++) {
            const struct label labels[] = {
                {"gateway", config_gateway_name(r->config, at)},
                {"message", view_message_name((enum view_message)message)},
                {NULL, NULL}};

            sample_count(r->page, METRIC_MESSAGES, labels, sent[message]);
        }
    }
    family(r->page, METRIC_MESSAGE_BUDGET);
    for (uint16_t at = 0; at < r->from->gateways; at++) {
        const struct label labels[] = {{"gateway", config_gateway_name(r->config, at)},
                                       {NULL, NULL}};
        int64_t budget = view_message_budget(r->view, at);

        if (budget > 0)
            sample_decimal(r->page, METRIC_MESSAGE_BUDGET, labels, budget, 0);
    }
}

static void render_orders(const struct rendering *r)
{
    const struct view_counters *counters = &r->watch.counters;

    render_by_venue(r, METRIC_ORDERS_SENT, counters->orders_sent);
    render_by_venue(r, METRIC_ORDERS_REJECTED, counters->orders_rejected);
    render_refusals(r);
    render_refusal_classes(r);
    render_by_venue(r, METRIC_FILLS, counters->fills);
    render_denials(r);
    render_one(r, METRIC_OPEN_ORDERS, counters->open_orders);
    render_unknown(r);
    render_one(r, METRIC_ANOMALIES, counters->anomalies);
    render_messages(r);
}

/* --- money --- */

static void render_positions(const struct rendering *r)
{
    const json_t *row;
    size_t i;

    family(r->page, METRIC_POSITION_LOTS);
    json_array_foreach(json_object_get(r->positions, "items"), i, row)
    {
        const struct label labels[] = {
            {"instrument", json_string_value(json_object_get(row, "instrument"))}, {NULL, NULL}};

        sample_decimal(r->page, METRIC_POSITION_LOTS, labels,
                       json_integer_value(json_object_get(row, "lots")), 0);
    }
}

/* A member of the positions' rows by instrument; null has no sample. */
static void render_position_figure(const struct rendering *r, enum metric_id id, const char *member)
{
    const json_t *row;
    size_t i;

    family(r->page, id);
    json_array_foreach(json_object_get(r->positions, "items"), i, row)
    {
        const char *value = json_string_value(json_object_get(row, member));
        const struct label labels[] = {
            {"instrument", json_string_value(json_object_get(row, "instrument"))}, {NULL, NULL}};

        if (value)
            sample(r->page, id, labels, value);
    }
}

/* What is not known has no sample: a stale figure must not look like a fresh one. */
static void render_pnl(const struct rendering *r)
{
    static const char *const components[] = {"price", "fee",      "funding",   "rebate",
                                             "total", "realised", "unrealised"};

    family(r->page, METRIC_PNL);
    for (size_t i = 0; i < sizeof components / sizeof *components; i++) {
        const char *value = json_string_value(json_object_get(r->pnl, components[i]));
        const struct label labels[] = {{"component", components[i]}, {NULL, NULL}};

        if (value)
            sample(r->page, METRIC_PNL, labels, value);
    }
}

static void render_pnl_figure(const struct rendering *r, enum metric_id id, const char *member)
{
    const char *value = json_string_value(json_object_get(r->pnl, member));

    family(r->page, id);
    if (value)
        sample(r->page, id, NULL, value);
}

static void render_money(const struct rendering *r)
{
    render_positions(r);
    render_pnl(r);
    render_pnl_figure(r, METRIC_EQUITY, "equity");
    render_pnl_figure(r, METRIC_EQUITY_PEAK, "peak");
    render_pnl_figure(r, METRIC_DRAWDOWN, "drawdown_ratio");
    render_pnl_figure(r, METRIC_DAY_PNL, "day_pnl");
    render_pnl_figure(r, METRIC_MARGIN, "margin_ratio");
    render_position_figure(r, METRIC_LIQUIDATION, "liquidation_distance_ratio");
}

/* --- the whole --- */

static void render_extra(const struct rendering *r, const struct metrics_extra *extra)
{
    if (!extra)
        return;
    render_one(r, METRIC_FACTS_LOST, extra->facts_lost);
    render_one(r, METRIC_WS_CLIENTS, extra->ws_clients);
    render_one(r, METRIC_WS_DROPS, extra->ws_drops);
    render_one(r, METRIC_WS_LAGGARDS, extra->ws_laggards);
    render_one(r, METRIC_WS_RESUMES, extra->ws_resumes);
    if (extra->append)
        extra->append(extra->ctx, r->page);
}

static void render_all(struct rendering *r, const struct metrics_extra *extra)
{
    view_watch(r->view, &r->watch);
    r->positions = view_positions(r->view);
    r->pnl = view_pnl(r->view);
    r->real_ns = clock_real_ns();
    r->mono_ns = clock_mono_ns();
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
                     const struct metrics_extra *extra, enum exposition_format format)
{
    struct exposition page;
    struct rendering rendering = {
        .page = &page, .view = view, .from = sources, .config = sources->config};

    exposition_open(&page, format);
    render_all(&rendering, extra);
    return exposition_close(&page);
}
