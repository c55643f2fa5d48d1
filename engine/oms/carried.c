/* Orders that an earlier run left. What became of them while nobody listened is not known: they
 * count in full, the venue is asked at once, and resolve.c alone decides when one is void. What
 * others placed stays as it stood: the venue is not asked about it. */
#include "oms/oms.h"

static bool price_is_fit(int64_t price_ticks)
{
    return price_ticks > 0 && price_ticks <= MAX_PRICE_TICKS;
}

static bool lots_are_fit(int64_t lots)
{
    return lots > 0 && lots <= MAX_LOTS;
}

static bool is_fit(const struct oms *oms, const struct event_order_carried *carried)
{
    bool amends = carried->amend_qty_lots != 0;

    return carried->order_id != 0 && carried->instrument < oms->scopes.instruments &&
           carried->strategy < oms->scopes.strategies && carried->side <= SIDE_SELL &&
           carried->type <= TYPE_MARKET && carried->tif <= TIF_FOK &&
           carried->state < ORDER_STATE_COUNT &&
           !order_state_is_terminal((enum order_state)carried->state) &&
           price_is_fit(carried->price_ticks) && lots_are_fit(carried->qty_lots) &&
           (!amends ||
            (price_is_fit(carried->amend_price_ticks) && lots_are_fit(carried->amend_qty_lots))) &&
           carried->filled_lots >= 0 && carried->filled_lots <= MAX_LOTS;
}

/* A clock that has been set back must not let a receive window seem over. */
static int64_t not_after(int64_t at_ns, int64_t now_ns)
{
    return at_ns < now_ns ? at_ns : now_ns;
}

void order_take_on(struct order *order, const struct event_order_carried *carried)
{
    order->seq = carried->order_seq;
    order->side = carried->side;
    order->type = carried->type;
    order->tif = carried->tif;
    order->flags = carried->flags;
    order->state = carried->state;
    order->price_ticks = carried->price_ticks;
    order->qty_lots = carried->qty_lots;
    order->amend_price_ticks = carried->amend_price_ticks;
    order->amend_qty_lots = carried->amend_qty_lots;
    order->amend_no = carried->amend_no;
    order->filled_lots = carried->filled_lots;
    order->filled_price_lots = (__int128)(((unsigned __int128)carried->filled_price_lots[1] << 64) |
                                          carried->filled_price_lots[0]);
    order->sent_ns = carried->sent_ns;
    order->acked_ns = carried->acked_ns;
    order->amend_ns = carried->amend_ns;
}

void order_as_carried(const struct order *order, struct event_order_carried *carried)
{
    *carried = (struct event_order_carried){
        .order_id = order->id,
        .order_seq = order->seq,
        .price_ticks = order->price_ticks,
        .qty_lots = order->qty_lots,
        .amend_price_ticks = order->amend_price_ticks,
        .amend_qty_lots = order->amend_qty_lots,
        .filled_lots = order->filled_lots,
        .filled_price_lots = {(uint64_t)order->filled_price_lots,
                              (uint64_t)((unsigned __int128)order->filled_price_lots >> 64)},
        .sent_ns = order->sent_ns,
        .acked_ns = order->acked_ns,
        .amend_ns = order->amend_ns,
        .amend_no = order->amend_no,
        .instrument = order->instrument,
        .strategy = order->strategy,
        .side = order->side,
        .type = order->type,
        .tif = order->tif,
        .flags = order->flags,
        .state = order->state};
}

/* seq 0: sent before everything of this run, so that each kill of it claims the order. asked_ns 0:
 * it is asked about at once. */
static void fill_in(struct order *order, const struct event_order_carried *carried, int64_t now_ns)
{
    order_take_on(order, carried);
    order->seq = 0;
    order->sent_ns = not_after(order->sent_ns, now_ns);
    order->acked_ns = not_after(order->acked_ns, now_ns);
    order->amend_ns = not_after(order->amend_ns, now_ns);
    order->state_before = order->filled_lots > 0 ? ORDER_PARTLY_FILLED : ORDER_WORKING;
    order->state = order->state_before;
    if (order->flags & ORDER_EXTERNAL)
        return;
    order->state = ORDER_UNKNOWN;
    order->unknown_ns = now_ns;
}

/* A strategy that comes up and asks for the same again is repeating itself. */
static void recall_sent(struct oms *oms, const struct order *order)
{
    struct recent_order seen = oms_as_recent(order);
    int64_t age_ns = oms->now_ns - order->sent_ns;

    if (!(order->flags & ORDER_EXTERNAL) &&
        recent_age_ns(&oms->recent, &seen, oms->now_ns) > age_ns)
        recent_note(&oms->recent, &seen, order->sent_ns);
}

bool oms_carry_order(struct oms *oms, const struct event_order_carried *carried)
{
    struct event_order_carried said;
    struct order *order;

    if (!is_fit(oms, carried) || order_find(&oms->pool, carried->order_id))
        return false;
    order = order_take(&oms->pool, carried->order_id, carried->strategy, carried->instrument);
    if (!order)
        return false;
    order->venue = oms->instruments[carried->instrument].venue;
    order->scopes = oms_scopes(oms, carried->strategy, carried->instrument);
    fill_in(order, carried, oms->now_ns);
    oms->reduce_only_live += is_resting_reduce_only(order);
    oms_expose(oms, order, order_exposed_lots(order), 1);
    own_book_add(&oms->own_book, order, order->price_ticks);
    if (order->amend_qty_lots != 0)
        own_book_add(&oms->own_book, order, order->amend_price_ticks);
    recall_sent(oms, order);
    order_as_carried(order, &said);
    said.order_seq = carried->order_seq;
    oms_emit(oms, EVENT_ORDER_CARRIED, &said, sizeof said);
    if (order_exposed_lots(order) == 0) /* its last fill was said, and its end was not */
        oms_report_own(oms, order, REPORT_FILL_LAST);
    return true;
}
