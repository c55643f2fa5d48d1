#include "view/earlier.h"

#include "store/past.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <stdio.h>
#include <string.h>

static const int64_t budget_ns = 500000000;

/* --- strategies, by name --- */

static bool find_strategy(const struct view *view, const char *name, uint16_t *strategy)
{
    const struct config *config = view->from.config;

    for (uint16_t at = 0; at < config->strategies; at++)
        if (strcmp(config->strategy[at].name, name) == 0) {
            *strategy = at;
            return true;
        }
    return false;
}

/* Numbers above those of the configuration. False: so many are gone that there is no room. */
static bool find_gone(struct view *view, const char *name, uint16_t *strategy)
{
    uint16_t at = 0;

    while (at < view->gone_strategies && strcmp(view->gone_strategy[at], name) != 0)
        at++;
    if (at == GONE_STRATEGIES)
        return false;
    if (at == view->gone_strategies) {
        (void)snprintf(view->gone_strategy[at], MAX_NAME, "%s", name);
        view->gone_strategies++;
    }
    *strategy = (uint16_t)(MAX_STRATEGIES + at);
    return true;
}

const char *earlier_strategy_name(const struct view *view, uint16_t strategy)
{
    return strategy < MAX_STRATEGIES
               ? view->from.config->strategy[strategy].name
               : view->gone_strategy[(strategy - MAX_STRATEGIES) % GONE_STRATEGIES];
}

/* --- rows --- */

/* The newest comes first: it stands last until all have come. */
static bool take_fill(void *ctx, const struct past_fill *row)
{
    struct view *view = ctx;
    struct view_fill fill = {.seq = row->seq,
                             .order_id = row->order_id,
                             .exec_id = row->exec_id,
                             .price_ticks = row->price_ticks,
                             .qty_lots = row->qty_lots,
                             .fee_e8 = row->fee_e8,
                             .at_ns = row->at_ns,
                             .venue_ns = row->at_ns,
                             .instrument = row->instrument,
                             .side = row->side,
                             .maker = row->maker};

    if (find_strategy(view, row->strategy, &fill.strategy) ||
        find_gone(view, row->strategy, &fill.strategy))
        view->fills[view->fill_count++] = fill;
    return view->fill_count < KEPT_FILLS;
}

static void turn_fills(struct view *view)
{
    for (uint64_t low = 0, high = view->fill_count; low + 1 < high; low++) {
        struct view_fill fill = view->fills[low];

        view->fills[low] = view->fills[--high];
        view->fills[high] = fill;
    }
}

/* The audit names the scope of a strategy that acts by itself, the list its name. */
static const char *actor_of(const struct past_order *row)
{
    static const char scope[] = "strategy/";
    const char *actor = row->actor ? row->actor : row->strategy;

    return strncmp(actor, scope, sizeof scope - 1) == 0 ? actor + sizeof scope - 1 : actor;
}

static void fill_order(struct view_order *order, const struct past_order *row, uint16_t strategy)
{
    bool has_ended = order_state_is_terminal((enum order_state)row->state);

    order->seq = row->seq;
    order->price_ticks = row->price_ticks;
    order->qty_lots = row->qty_lots;
    order->filled_lots = row->filled_lots;
    if (!has_ended && row->qty_lots > row->filled_lots)
        order->leaves_lots = row->qty_lots - row->filled_lots;
    order->average_e8_ticks = row->average_e8_ticks;
    order->sent_ns = row->sent_ns;
    order->acked_ns = row->acked_ns;
    order->instrument = row->instrument;
    order->strategy = strategy;
    order->side = row->side;
    order->type = row->type;
    order->tif = row->tif;
    order->flags = row->flags;
    order->state = has_ended ? row->state : ORDER_UNKNOWN;
    order->reason = row->reason;
    order->is_earlier = true;
    (void)snprintf(order->actor, sizeof order->actor, "%s", actor_of(row));
}

static bool take_order(void *ctx, const struct past_order *row)
{
    struct view *view = ctx;
    uint16_t strategy;

    if (find_strategy(view, row->strategy, &strategy) || find_gone(view, row->strategy, &strategy))
        fill_order(view_orders_add_oldest(&view->orders, row->id), row, strategy);
    return view->orders.count < KEPT_ORDERS;
}

void earlier_take(struct view *view)
{
    int64_t began_ns = clock_mono_ns();
    struct past_reader reader = {.config = view->from.config,
                                 .before_seq = view->expected_seq,
                                 .until_ns = began_ns + budget_ns,
                                 .most = KEPT_ORDERS,
                                 .take_order = take_order,
                                 .take_fill = take_fill,
                                 .ctx = view};
    struct err err;
    char text[2 * ERR_TEXT_MAX];

    if (!view->from.store)
        return;
    if (past_read(view->from.store, &reader, &err) != OK)
        log_line(LOG_WARN, "view", "the lists are without some earlier orders and fills", "why=%s",
                 log_escape(text, sizeof text, err.text));
    turn_fills(view);
    view->earlier_fills = view->fill_count;
    if (view->orders.count != 0 || view->fill_count != 0)
        log_line(LOG_INFO, "view", "orders and fills of earlier runs",
                 "orders=%u fills=%llu skipped=%u cut=%d us=%lld", view->orders.count,
                 (unsigned long long)view->fill_count, reader.skipped, reader.is_cut,
                 (long long)((clock_mono_ns() - began_ns) / 1000));
}

_Static_assert((int)KEPT_ORDERS == (int)KEPT_FILLS, "one bound for both");
