/* What the alerts look at: one pass over the orders, one over the newest fills. */
#include "view/model.h"

#include <stdio.h>
#include <string.h>

static const int64_t minute_ns = 60 * 1000000000LL;

static uint16_t venue_of(const struct view *view, uint16_t instrument)
{
    return view->from.config->instrument[instrument].venue;
}

static void watch_unknown(struct view *view, struct view_watch *watch)
{
    if (view->counters.unknown_orders == 0)
        return;
    for (const struct view_order *order = view_orders_newest(&view->orders); order;
         order = view_orders_older(&view->orders, order)) {
        uint16_t venue = venue_of(view, order->instrument);

        if (order->state != ORDER_UNKNOWN || order->is_earlier)
            continue;
        watch->venue[venue].unknown++;
        if (watch->venue[venue].oldest_unknown_ns == 0 ||
            order->unknown_ns < watch->venue[venue].oldest_unknown_ns)
            watch->venue[venue].oldest_unknown_ns = order->unknown_ns;
    }
}

static void time_fill(struct view *view, const struct view_fill *fill, struct histogram *taken)
{
    int64_t taken_ns = model_taken_ns(view, fill);

    if (taken_ns >= 0)
        histogram_record(taken, taken_ns);
}

static void watch_fills(struct view *view, struct view_watch *watch)
{
    uint64_t kept = model_fills_kept(view);
    int64_t since_ns = model_now_ns(view) - minute_ns;
    struct histogram taken;
    struct histogram_summary summary;

    memset(&taken, 0, sizeof taken);
    for (uint64_t back = 1; back <= kept; back++) {
        const struct view_fill *fill = &view->fills[(view->fill_count - back) % KEPT_FILLS];

        if (fill->at_ns < since_ns)
            break;
        if (watch->instrument[fill->instrument].filled_ns == 0)
            watch->instrument[fill->instrument].filled_ns = fill->at_ns;
        time_fill(view, fill, &taken);
    }
    summary = histogram_summarise(&taken);
    watch->taken = summary.count;
    watch->taken_p99_ns = summary.p99_ns;
}

/* --- for metrics alone --- */

struct histogram *view_taken(struct view *view)
{
    return &view->taken;
}

uint32_t view_takings(struct view *view, struct view_taking *out, uint32_t most)
{
    uint32_t count = 0;
    uint64_t kept;
    int64_t since_ns;

    view_enter(view);
    kept = model_fills_kept(view);
    since_ns = model_now_ns(view) - minute_ns;
    for (uint64_t back = 1; back <= kept && count < most; back++) {
        const struct view_fill *fill = &view->fills[(view->fill_count - back) % KEPT_FILLS];
        int64_t taken_ns = model_taken_ns(view, fill);

        if (fill->at_ns < since_ns)
            break;
        if (taken_ns >= 0)
            out[count++] = (struct view_taking){fill->order_id, taken_ns, fill->at_ns};
    }
    view_leave(view);
    return count;
}

const char *view_message_name(enum view_message message)
{
    static const char *const names[VIEW_MESSAGES] = {"new", "amend", "cancel"};

    return names[message];
}

bool view_killer(struct view *view, uint16_t scope, char by[MAX_NAME])
{
    static const char trigger[] = "trigger/";
    bool is_killed;

    view_enter(view);
    is_killed = model_state(view, scope) == STATE_HALTED && model_incident(view, scope) != 0;
    if (is_killed) {
        const char *actor = model_author(view, scope).actor;
        bool by_trigger = actor && strncmp(actor, trigger, sizeof trigger - 1) == 0;

        /* Names of people and tokens are no label: there is no end of them. */
        (void)snprintf(by, MAX_NAME, "%s", by_trigger ? actor : "operator");
    }
    view_leave(view);
    return is_killed;
}

int64_t view_account_update_ns(const struct view_sources *from, uint16_t venue)
{
    const struct gateway *gateway = view_gateway_of(from, venue);
    struct gateway_balance balance = {0};
    int64_t newest_ns = 0;

    if (!gateway)
        return 0;
    if (gateway_balance(gateway, &balance))
        newest_ns = balance.told_ns;
    for (uint16_t at = 0; at < from->config->instruments; at++) {
        int64_t told_ns = atomic_load_explicit(&gateway->venue_lots_ns[at], memory_order_relaxed);

        if (from->config->instrument[at].venue == venue && told_ns > newest_ns)
            newest_ns = told_ns;
    }
    return newest_ns;
}

/* --- */

static bool has_ended(const struct view *view)
{
    bool ended = view->from.gateways > 0;

    for (uint16_t at = 0; at < view->from.gateways; at++)
        ended = ended && gateway_market_state(view->from.gateway[at]) == MARKET_STATE_ENDED;
    return ended;
}

void view_watch(struct view *view, struct view_watch *watch)
{
    memset(watch, 0, sizeof *watch);
    view_enter(view);
    watch->is_virtual = view->from.gateways == 1 && gateway_virtual_ns(view->from.gateway[0]) != 0;
    watch->has_ended = has_ended(view);
    watch->counters = view->counters;
    for (uint16_t at = 0; at < view->from.config->instruments; at++) {
        watch->instrument[at].lots = view->total[at].lots;
        watch->instrument[at].book = (enum book_status)view->books[at].status;
        watch->instrument[at].book_ns = view->books[at].received_ns;
    }
    watch_unknown(view, watch);
    watch_fills(view, watch);
    watch->durable_mono_ns = view->durable_mono_ns;
    watch->telemetry_mono_ns = view->telemetry_mono_ns;
    view_leave(view);
}
