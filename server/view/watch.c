/* What the alerts look at: one pass over the orders, one over the newest fills. */
#include "view/model.h"

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

        if (order->state != ORDER_UNKNOWN)
            continue;
        watch->venue[venue].unknown++;
        if (watch->venue[venue].oldest_unknown_ns == 0 ||
            order->unknown_ns < watch->venue[venue].oldest_unknown_ns)
            watch->venue[venue].oldest_unknown_ns = order->unknown_ns;
    }
}

/* A resting order is filled when somebody comes; only one that takes says how fast the venue is. */
static void time_fill(struct view *view, const struct view_fill *fill, struct histogram *taken)
{
    const struct view_order *order = view_orders_find(&view->orders, fill->order_id);

    if (!fill->maker && order && order->sent_ns != 0 && fill->at_ns >= order->sent_ns)
        histogram_record(taken, fill->at_ns - order->sent_ns);
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
