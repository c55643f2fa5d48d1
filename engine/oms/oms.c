#include "oms/oms.h"

#include "base/assert.h"

uint64_t oms_emit(struct oms *oms, enum event_kind kind, const void *payload, uint32_t length)
{
    return lane_append(oms->events, (uint16_t)kind, oms->now_ns, oms->cause, payload, length);
}

static struct order_scopes scopes_of(const struct oms *oms, const struct intent *intent)
{
    uint16_t venue = oms->instruments[intent->instrument].venue;

    return (struct order_scopes){
        .firm = scope_of_firm(),
        .venue = scope_of_venue(oms->scopes, venue),
        .strategy = scope_of_strategy(oms->scopes, intent->strategy),
        .instrument = scope_of_instrument(oms->scopes, intent->instrument),
    };
}

static int64_t mid_e8_ticks(const struct reference *reference)
{
    if (reference->bid_ticks <= 0 || reference->ask_ticks <= 0)
        return 0;
    return (reference->bid_ticks + reference->ask_ticks) * (PRICE_ONE_E8 / 2);
}

/* A market order leaves as an IOC limit at the edge of the tightest collar: as far as it may go,
 * never further. Without a collar or a mid any price will do: the gate denies for that reason. */
static int64_t bounded_price(const struct oms *oms, struct order_scopes scopes, enum side side,
                             int64_t mid)
{
    const uint16_t numbers[] = {scopes.firm, scopes.venue, scopes.strategy, scopes.instrument};
    int64_t collar = INT64_MAX;
    __int128 distance;

    for (unsigned at = 0; at < GATE_SCOPES; at++) {
        int64_t limit = oms->limits[numbers[at]].value[LIMIT_PRICE_COLLAR_RATIO];

        if (limit != LIMIT_UNSET && limit < collar)
            collar = limit;
    }
    if (collar == INT64_MAX || collar == LIMIT_DENY || mid <= 0)
        return 1;
    distance = (__int128)mid * collar / RATIO_ONE_E8;
    if (side == SIDE_BUY)
        return (int64_t)((mid + distance) / PRICE_ONE_E8);
    if (mid <= distance)
        return 1; /* a collar of the whole mid or more: as low as a price can be */
    return (int64_t)((mid - distance + PRICE_ONE_E8 - 1) / PRICE_ONE_E8);
}

static bool reference_is_fresh(const struct oms *oms, const struct gate_input *in,
                               uint16_t instrument)
{
    int64_t rate_ns = oms->accounts.rate_ns[oms->instruments[instrument].currency];

    return in->mid_e8_ticks > 0 &&
           (rate_ns == INT64_MAX || (rate_ns != 0 && oms->now_ns - rate_ns < RATE_FRESH_NS));
}

/* What is in use in each of the four scopes. A position limit of firm, venue and instrument looks
 * at the instrument's total, that of a strategy at the strategy's own. */
static void measure_use(struct oms *oms, const struct intent *intent,
                        const uint16_t numbers[GATE_SCOPES], struct gate_input *in)
{
    uint16_t instrument = intent->instrument;

    for (unsigned at = 0; at < GATE_SCOPES; at++) {
        bool own = at == GATE_STRATEGY;

        in->position_lots[at] = own ? oms->accounts.own[intent->strategy][instrument].lots
                                    : oms->accounts.total[instrument].lots;
        in->working_lots[at] = own ? oms->working_own[intent->side][intent->strategy][instrument]
                                   : oms->working_total[intent->side][instrument];
        in->open_orders[at] = oms->open_orders[numbers[at]];
        in->messages[at] = throttle_count(&oms->throttle, numbers[at]);
        in->day_pnl_e8[at] = accounts_day_e8(&oms->accounts, numbers[at]);
    }
}

static struct verdict judge(struct oms *oms, const struct intent *intent,
                            struct order_scopes scopes, const struct reference *reference,
                            int64_t price_ticks)
{
    const uint16_t numbers[GATE_SCOPES] = {scopes.firm, scopes.venue, scopes.strategy,
                                           scopes.instrument};
    struct gate_limits limits = {.generation = oms->generation};
    struct gate_input in = {
        .side = (enum side)intent->side,
        .price_ticks = price_ticks,
        .qty_lots = intent->qty_lots,
        .reduce_only = (intent->flags & ORDER_REDUCE_ONLY) != 0,
        .state = oms->stopping ? STATE_HALTED : oms_effective_state(oms, scopes),
        .permitted = oms->permitted[intent->strategy][intent->instrument],
        .busy = !oms_journal_is_ready(oms) || oms->pool.live_count >= MAX_LIVE_ORDERS,
        .book_stale = reference->stale,
        .mid_e8_ticks = mid_e8_ticks(reference),
        .now_ns = oms->now_ns,
        .book_ns = reference->book_ns,
    };
    bool in_bounds = price_ticks > 0 && price_ticks <= MAX_PRICE_TICKS && intent->qty_lots > 0 &&
                     intent->qty_lots <= MAX_LOTS;

    for (unsigned at = 0; at < GATE_SCOPES; at++) {
        limits.scope[at] = &oms->limits[numbers[at]];
        limits.number[at] = numbers[at];
    }
    in.notional_e8 = INT64_MAX;
    in.reference_known =
        reference_is_fresh(oms, &in, intent->instrument) &&
        (!in_bounds || accounts_notional_e8(&oms->accounts, intent->instrument, price_ticks,
                                            intent->qty_lots, &in.notional_e8));
    measure_use(oms, intent, numbers, &in);
    return gate_check(&limits, &in);
}

static void emit_denied(struct oms *oms, const struct intent *intent, uint64_t order_id,
                        int64_t price_ticks, const struct verdict *verdict)
{
    struct event_order_denied event = {.order_id = order_id,
                                       .price_ticks = price_ticks,
                                       .qty_lots = intent->qty_lots,
                                       .instrument = intent->instrument,
                                       .strategy = intent->strategy,
                                       .side = intent->side,
                                       .type = intent->type,
                                       .tif = intent->tif,
                                       .flags = intent->flags,
                                       .verdict = *verdict};

    oms_emit(oms, EVENT_ORDER_DENIED, &event, sizeof event);
}

static struct order *make_order(struct oms *oms, const struct intent *intent, uint64_t order_id,
                                struct order_scopes scopes, int64_t price_ticks)
{
    struct order *order = order_take(&oms->pool, order_id, intent->strategy, intent->instrument);

    if (!order)
        return NULL;
    order->seq = ++oms->order_seq;
    order->venue = oms->instruments[intent->instrument].venue;
    order->scopes = scopes;
    order->side = intent->side;
    order->type = intent->type;
    order->tif = intent->type == TYPE_MARKET ? (uint8_t)TIF_IOC : intent->tif;
    order->flags = intent->flags;
    order->state = ORDER_PENDING_NEW;
    order->price_ticks = price_ticks;
    order->qty_lots = intent->qty_lots;
    order->sent_ns = oms->now_ns;
    order->cause = intent->cause;
    return order;
}

static void emit_sent(struct oms *oms, const struct order *order, const struct verdict *verdict)
{
    struct event_order_sent event = {.order_id = order->id,
                                     .order_seq = order->seq,
                                     .price_ticks = order->price_ticks,
                                     .qty_lots = order->qty_lots,
                                     .instrument = order->instrument,
                                     .strategy = order->strategy,
                                     .side = order->side,
                                     .type = order->type,
                                     .tif = order->tif,
                                     .flags = order->flags,
                                     .verdict = *verdict};

    oms_emit(oms, EVENT_ORDER_SENT, &event, sizeof event);
}

static void fill_message(struct order_message *message, enum order_message_kind kind,
                         const struct order *order, int64_t now_ns)
{
    *message = (struct order_message){.kind = (uint8_t)kind,
                                      .side = order->side,
                                      .type = order->type,
                                      .tif = order->tif,
                                      .flags = order->flags,
                                      .instrument = order->instrument,
                                      .strategy = order->strategy,
                                      .venue = order->venue,
                                      .scopes = order->scopes,
                                      .order_id = order->id,
                                      .seq = order->seq,
                                      .price_ticks = order->price_ticks,
                                      .qty_lots = order->qty_lots,
                                      .sent_ns = now_ns};
}

static struct ring *ring_of(const struct oms *oms, uint16_t instrument)
{
    return oms->rings[oms->venue_gateway[oms->instruments[instrument].venue]];
}

void oms_expose(struct oms *oms, const struct order *order, int64_t lots, int32_t orders)
{
    const uint16_t numbers[] = {order->scopes.firm, order->scopes.venue, order->scopes.strategy,
                                order->scopes.instrument};

    oms->working_total[order->side][order->instrument] += lots;
    oms->working_own[order->side][order->strategy][order->instrument] += lots;
    assert(oms->working_own[order->side][order->strategy][order->instrument] >= 0);
    for (unsigned at = 0; at < GATE_SCOPES; at++)
        oms->open_orders[numbers[at]] += (uint32_t)orders;
}

enum submit_result oms_submit(struct oms *oms, const struct intent *intent,
                              const struct reference *reference, uint64_t *order_id,
                              struct verdict *verdict)
{
    struct order_scopes scopes = scopes_of(oms, intent);
    int64_t price_ticks = intent->price_ticks;
    struct order_message *message;
    struct order *order;

    /* The last look at the kill page before an order: a doorbell that has moved is served first,
     * and the order is then judged by the state that it leaves. */
    if (kill_page_doorbell(oms->kill) != oms->doorbell_seen)
        oms_kill(oms);
    throttle_advance(&oms->throttle, oms->now_ns);
    if (intent->type == TYPE_MARKET)
        price_ticks = bounded_price(oms, scopes, (enum side)intent->side, mid_e8_ticks(reference));
    *order_id = oms->epoch << 32 | ++oms->order_counter;
    *verdict = judge(oms, intent, scopes, reference, price_ticks);
    if (verdict->denial == DENIAL_NONE) {
        message = ring_reserve(ring_of(oms, intent->instrument), sizeof *message);
        if (!message)
            verdict->denial = DENY_BUSY;
    }
    if (verdict->denial != DENIAL_NONE) {
        emit_denied(oms, intent, *order_id, price_ticks, verdict);
        return verdict->denial == DENY_BUSY ? SUBMIT_BUSY : SUBMIT_DENIED;
    }
    order = make_order(oms, intent, *order_id, scopes, price_ticks);
    assert(order != NULL); /* the gate has denied `busy` when the pool is full */
    oms_expose(oms, order, order->qty_lots, 1);
    throttle_record(&oms->throttle, scopes);
    emit_sent(oms, order, verdict); /* in the journal before its bytes can leave */
    fill_message(message, ORDER_MESSAGE_NEW, order, oms->now_ns);
    oms->sent_in_step++;
    return SUBMIT_SENT;
}

bool oms_cancel(struct oms *oms, struct order *order)
{
    struct order_message *message;
    enum order_state next;

    if (order_state_is_terminal((enum order_state)order->state) ||
        order->state == ORDER_PENDING_CANCEL)
        return true;
    message = ring_reserve(ring_of(oms, order->instrument), sizeof *message);
    if (!message)
        return false;
    if (!oms_transition(order, REPORT_CANCEL_SENT, &next))
        panic(__FILE__, __LINE__, "a live order can be cancelled");
    order->state_before = order->state;
    order->state = (uint8_t)next;
    throttle_advance(&oms->throttle, oms->now_ns);
    throttle_record(&oms->throttle, order->scopes);
    oms_emit_order_state(oms, order, REPORT_CANCEL_SENT, DENIAL_NONE);
    fill_message(message, ORDER_MESSAGE_CANCEL, order, oms->now_ns);
    return true;
}

uint32_t oms_cancel_scope(struct oms *oms, uint16_t scope)
{
    uint32_t unsent = 0;

    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        struct order *order = &oms->pool.order[oms->pool.live[at]];

        if (order_is_in_scope(order, scope) && !oms_cancel(oms, order))
            unsent++;
    }
    return unsent;
}
