/* What the venue has and we do not: orders that others placed in our account, and its own count of
 * our position. Nothing is invented from them: an order counts in the limits as it stands, and a
 * difference in the position is shown and stops the instrument, for people to decide. */
#include "oms/oms.h"

#include "base/assert.h"

static void emit_external(struct oms *oms, const struct order *order)
{
    struct event_order_external event = {.order_id = order->id,
                                         .price_ticks = order->price_ticks,
                                         .qty_lots = order->qty_lots,
                                         .instrument = order->instrument,
                                         .strategy = order->strategy,
                                         .side = order->side};

    oms_emit(oms, EVENT_ORDER_EXTERNAL, &event, sizeof event);
}

static bool is_in_bounds(const struct execution *execution)
{
    return execution->price_ticks > 0 && execution->price_ticks <= MAX_PRICE_TICKS &&
           execution->qty_lots > 0 && execution->qty_lots <= MAX_LOTS;
}

void oms_adopt(struct oms *oms, const struct execution *execution)
{
    struct order *order;

    if (order_find(&oms->pool, execution->order_id))
        return; /* it has been adopted: venues repeat themselves */
    order = is_in_bounds(execution) ? order_take(&oms->pool, execution->order_id, STRATEGY_MANUAL,
                                                 execution->instrument)
                                    : NULL;
    if (!order) {
        oms_note_uncounted(oms, execution->instrument);
        return;
    }
    order->scopes = oms_scopes(oms, STRATEGY_MANUAL, execution->instrument);
    order->venue = oms->instruments[execution->instrument].venue;
    order->side = execution->side;
    order->flags = ORDER_EXTERNAL;
    order->state = order->state_before = ORDER_WORKING;
    order->price_ticks = execution->price_ticks;
    order->qty_lots = execution->qty_lots;
    order->sent_ns = order->acked_ns = order->asked_ns = oms->now_ns;
    oms_expose(oms, order, order->qty_lots, 1);
    own_book_add(&oms->own_book, order, order->price_ticks);
    emit_external(oms, order);
    oms_emit_order_state(oms, order, REPORT_FOREIGN, DENIAL_NONE);
}

void oms_venue_position(struct oms *oms, const struct execution *execution)
{
    oms->venue_counts[execution->instrument] =
        (struct venue_count){.lots = execution->qty_lots, .at_ns = oms->now_ns, .known = true};
}
