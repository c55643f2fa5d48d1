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

/* The manual strategy takes it on: which strategy's fill it was that we never heard of, nobody
 * knows. What is older than this moment counts for nothing against it. */
static void adopt_count(struct oms *oms, const struct event_drift *event)
{
    struct accounts *accounts = &oms->accounts;
    int64_t missing = event->venue_lots - event->our_lots;
    uint16_t at = event->instrument;

    oms->filled_ns[at] = oms->now_ns;
    oms->known_drift[at] = 0;
    if (!accounts_fill(accounts, STRATEGY_MANUAL, at, missing > 0 ? SIDE_BUY : SIDE_SELL,
                       event->price_ticks, missing > 0 ? missing : -missing, 0) ||
        accounts->overflowed)
        oms_halt_firm(oms);
    oms_revalue(oms, at);
    oms_emit_position(oms, at, UINT16_MAX, &accounts->total[at]);
    oms_emit_position(oms, at, STRATEGY_MANUAL, &accounts->own[STRATEGY_MANUAL][at]);
}

static int64_t mark_ticks(const struct oms *oms, uint16_t instrument)
{
    int64_t mark_e8_ticks = oms->accounts.mark_e8_ticks[instrument];

    return (mark_e8_ticks + PRICE_ONE_E8 / 2) / PRICE_ONE_E8;
}

enum status oms_settle_drift(struct oms *oms, const struct command_settle_drift *settle)
{
    const struct venue_count *count = &oms->venue_counts[settle->instrument];
    struct event_drift event = {.our_lots = settle->our_lots,
                                .venue_lots = settle->venue_lots,
                                .instrument = settle->instrument,
                                .adopted = settle->adopt};

    if (oms_drift(oms, settle->instrument) == 0 || count->lots != settle->venue_lots ||
        oms->accounts.total[settle->instrument].lots != settle->our_lots)
        return ERR_CONFLICT;
    if (settle->adopt && (event.price_ticks = mark_ticks(oms, settle->instrument)) == 0)
        return ERR_UNAVAILABLE;
    oms_emit(oms, EVENT_DRIFT, &event, sizeof event);
    if (settle->adopt)
        adopt_count(oms, &event);
    else
        oms->known_drift[settle->instrument] = oms_drift(oms, settle->instrument);
    return OK;
}
