#include "oms/oms.h"

#include "base/assert.h"

uint64_t oms_emit(struct oms *oms, enum event_kind kind, const void *payload, uint32_t length)
{
    oms->said++;
    return lane_append(oms->events, (uint16_t)kind, oms->now_ns, oms->cause, payload, length);
}

struct order_scopes oms_scopes(const struct oms *oms, uint16_t strategy, uint16_t instrument)
{
    return (struct order_scopes){
        .firm = scope_of_firm(),
        .venue = scope_of_venue(oms->scopes, oms->instruments[instrument].venue),
        .strategy = scope_of_strategy(oms->scopes, strategy),
        .instrument = scope_of_instrument(oms->scopes, instrument),
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

/* What has no mark or no rate is not worth nothing: its value is taken for the largest there is, so
 * that no scope it counts in has room until it is known. */
static int64_t lot_value_e8(const struct oms *oms, uint16_t instrument)
{
    int64_t value = accounts_lot_value_e8(&oms->accounts, instrument);

    return value > 0 ? value : INT64_MAX;
}

static struct exposure_lots total_lots(const struct oms *oms, uint16_t instrument)
{
    return (struct exposure_lots){.position = oms->accounts.total[instrument].lots,
                                  .buys = oms->working_total[SIDE_BUY][instrument],
                                  .sells = oms->working_total[SIDE_SELL][instrument]};
}

static struct exposure_lots own_lots(const struct oms *oms, uint16_t strategy, uint16_t instrument)
{
    return (struct exposure_lots){.position = oms->accounts.own[strategy][instrument].lots,
                                  .buys = oms->working_own[SIDE_BUY][strategy][instrument],
                                  .sells = oms->working_own[SIDE_SELL][strategy][instrument]};
}

/* What the worst case of an instrument ties up: gross * margin, rounded down. In two parts, neither
 * of which overflows: the margin is at most 1. */
static int64_t tied_e8(const struct oms *oms, uint16_t instrument, int64_t gross_e8)
{
    int64_t margin_e8 = oms->instruments[instrument].initial_margin_e8;

    return gross_e8 / RATIO_ONE_E8 * margin_e8 + gross_e8 % RATIO_ONE_E8 * margin_e8 / RATIO_ONE_E8;
}

/* How old the conversion price is; -1: it is fixed, INT64_MAX: there is none. */
static int64_t rate_age_ns(const struct oms *oms, uint16_t instrument)
{
    int64_t rate_ns = accounts_rate_ns(&oms->accounts, instrument);

    if (rate_ns == INT64_MAX)
        return -1;
    return rate_ns == 0 ? INT64_MAX : oms->now_ns - rate_ns;
}

/* A new order, or an order as it would be after an amend. */
struct asked {
    int64_t price_ticks, qty_lots;
    int64_t filled_lots, exposed_lots; /* of the order as it is; 0 for a new one */
    bool amend;
};

/* Until an amend is answered either quantity may be open: of the order as it is that part stays
 * among what works which the new quantity does not cover. One that is none covers nothing. */
static int64_t covered_lots(const struct asked *asked)
{
    int64_t open;

    if (!asked->amend || asked->qty_lots <= 0)
        return 0;
    open = asked->qty_lots - asked->filled_lots;
    return open < asked->exposed_lots ? open : asked->exposed_lots;
}

static bool is_countable(const struct asked *asked)
{
    return asked->price_ticks > 0 && asked->price_ticks <= MAX_PRICE_TICKS && asked->qty_lots > 0 &&
           asked->qty_lots <= MAX_LOTS;
}

static struct exposure_figures figures_with(const struct oms *oms, const struct intent *intent,
                                            const struct asked *asked, struct exposure_lots lots)
{
    int64_t more =
        is_countable(asked) ? asked->qty_lots - asked->filled_lots - covered_lots(asked) : 0;

    if (intent->side == SIDE_BUY)
        lots.buys += more;
    else
        lots.sells += more;
    return exposure_of(lots, lot_value_e8(oms, intent->instrument));
}

/* What is in use in each of the four scopes, this order included. Firm, venue and instrument look
 * at the instrument's total, a strategy at its own. */
static void measure_use(const struct oms *oms, const struct intent *intent,
                        const struct asked *asked, struct exposure_figures total,
                        const uint16_t numbers[GATE_SCOPES], struct verdict *verdict)
{
    uint16_t at_strategy = intent->strategy, at_instrument = intent->instrument;
    struct exposure_figures own =
        figures_with(oms, intent, asked, own_lots(oms, at_strategy, at_instrument));
    struct exposure_sums of_total = exposure_change(oms->exposure.total[at_instrument], total);
    struct exposure_sums of_own =
        exposure_change(oms->exposure.own[at_strategy][at_instrument], own);
    int32_t is_new = !asked->amend;

    for (unsigned at = 0; at < GATE_SCOPES; at++) {
        struct exposure_figures then =
            exposure_if(&oms->exposure, numbers[at], at == GATE_STRATEGY ? &of_own : &of_total);

        gate_use(verdict, at,
                 (struct gate_use){
                     .day_pnl_e8 = accounts_day_e8(&oms->accounts, numbers[at]),
                     .gross_e8 = then.gross_e8,
                     .net_e8 = exposure_net_e8(then),
                     .open_orders = gate_counter(oms->open_orders[numbers[at]], is_new),
                     .messages = gate_counter(throttle_count(&oms->throttle, numbers[at]), 1),
                     .orders_today = gate_counter(oms->tally.orders_today[numbers[at]], is_new),
                     .executions = gate_counter(oms->tally.executions[numbers[at]], 0),
                 });
    }
}

/* What the order ties up beyond what is tied up already, and what is free of the equity. An order
 * that ties up nothing more needs nothing, whatever is free. */
static void measure_balance(const struct oms *oms, uint16_t instrument, int64_t then,
                            struct gate_measures *measures)
{
    int64_t now = oms->exposure.total[instrument].gross_e8;
    __int128 available = accounts_equity_e8(&oms->accounts) - oms->tied_e8;

    if (then <= now)
        return;
    measures->required_e8 = tied_e8(oms, instrument, then) - tied_e8(oms, instrument, now);
    measures->available_e8 = available < -INT64_MAX ? -INT64_MAX : (int64_t)available;
}

/* Two margin figures of the instrument, if it has a margin. */
static void measure_margin(const struct oms *oms, uint16_t instrument,
                           struct gate_measures *measures)
{
    if (oms->instruments[instrument].maintenance_margin_e8 == 0)
        return;
    measures->margin_ratio_e8 = accounts_margin_ratio_e8(&oms->accounts);
    measures->liquidation_distance_e8 =
        accounts_liquidation_distance_e8(&oms->accounts, instrument);
}

/* Age of the data by the venue's own stamps, against the newest stamp that came from the venue at
 * all: what stands still while the venue goes on is old, whatever our clock says. */
static int64_t venue_age_ns(const struct oms *oms, const struct reference *reference)
{
    if (reference->venue_ns == 0)
        return -1;
    return oms->now_ns > reference->venue_moved_ns ? oms->now_ns - reference->venue_moved_ns : 0;
}

/* False: the value cannot be told, for want of a conversion or because it does not fit. */
static bool measure_order(const struct oms *oms, const struct intent *intent,
                          const struct asked *asked, struct exposure_figures total,
                          const struct reference *reference, struct verdict *verdict)
{
    struct recent_order same = {.price_ticks = asked->price_ticks,
                                .qty_lots = asked->qty_lots,
                                .strategy = intent->strategy,
                                .instrument = intent->instrument,
                                .side = intent->side};
    int64_t rate_age = rate_age_ns(oms, intent->instrument);
    struct gate_measures measures = {
        .notional_e8 = INT64_MAX,
        .duplicate_age_ns =
            asked->amend ? INT64_MAX : recent_age_ns(&oms->recent, &same, oms->now_ns),
        .drawdown_ratio_e8 = accounts_drawdown_e8(&oms->accounts),
        .liquidation_distance_e8 = INT64_MAX,
        .venue_age_ns = venue_age_ns(oms, reference),
        .rate_age_ns = rate_age,
    };
    bool known = !is_countable(asked) ||
                 accounts_notional_e8(&oms->accounts, intent->instrument, asked->price_ticks,
                                      asked->qty_lots, &measures.notional_e8);

    measure_balance(oms, intent->instrument, total.gross_e8, &measures);
    measure_margin(oms, intent->instrument, &measures);
    gate_measure(verdict, measures);
    return known && rate_age < RATE_FRESH_NS;
}

static uint16_t refused_here(const struct oms *oms, const struct intent *intent,
                             const struct reference *reference, bool valued)
{
    bool full = !oms_journal_is_ready(oms) ||
                (intent->kind == INTENT_NEW && oms->pool.live_count >= MAX_LIVE_ORDERS);

    return (uint16_t)(gate_bit(BIT_DENY_NOT_PERMITTED,
                               !oms->permitted[intent->strategy][intent->instrument]) |
                      gate_bit(BIT_DENY_BUSY, full) |
                      gate_bit(BIT_DENY_STALE_DATA, reference->stale) |
                      gate_bit(BIT_DENY_NO_REFERENCE, !valued));
}

static void compile_table(const struct oms *oms, uint16_t instrument,
                          const uint16_t numbers[GATE_SCOPES], bool exit, struct gate_table *table)
{
    struct gate_limits limits = {.generation = oms->generation,
                                 .margined =
                                     oms->instruments[instrument].maintenance_margin_e8 != 0,
                                 .exit = exit};

    for (unsigned at = 0; at < GATE_SCOPES; at++) {
        limits.scope[at] = &oms->limits[numbers[at]];
        limits.number[at] = numbers[at];
    }
    gate_compile(&limits, table);
}

/* The lines of a strategy in an instrument are made when the first order after a change of limits
 * asks for them. An exit has lines of its own, made for it. */
static const struct gate_table *table_of(struct oms *oms, const struct intent *intent,
                                         const uint16_t numbers[GATE_SCOPES],
                                         struct gate_table *for_exit)
{
    struct gate_table *table = &oms->tables[intent->strategy][intent->instrument];

    if (intent->flags & ORDER_EXIT) {
        compile_table(oms, intent->instrument, numbers, true, for_exit);
        return for_exit;
    }
    if (!table->made || table->generation != oms->generation)
        compile_table(oms, intent->instrument, numbers, false, table);
    return table;
}

/* Of the four, whose state it is that stops the order; the widest of several. */
static uint16_t strictest_scope(const struct oms *oms, const uint16_t numbers[GATE_SCOPES])
{
    uint16_t strictest = numbers[0];

    for (unsigned at = 1; at < GATE_SCOPES && !oms->stopping; at++)
        if (oms->states[numbers[at]].state > oms->states[strictest].state)
            strictest = numbers[at];
    return strictest;
}

static void judge(struct oms *oms, const struct intent *intent, struct order_scopes scopes,
                  const struct reference *reference, struct asked asked, struct verdict *verdict)
{
    const uint16_t numbers[GATE_SCOPES] = {scopes.firm, scopes.venue, scopes.strategy,
                                           scopes.instrument};
    uint16_t strategy = intent->strategy, instrument = intent->instrument;
    bool two_sided = reference->bid_ticks > 0 && reference->ask_ticks > 0;
    struct exposure_figures total = figures_with(oms, intent, &asked, total_lots(oms, instrument));
    bool valued = measure_order(oms, intent, &asked, total, reference, verdict);
    struct gate_table for_exit;
    struct gate_input in = {
        .price_ticks = asked.price_ticks,
        .qty_lots = asked.qty_lots,
        .filled_lots = asked.filled_lots,
        .mid_twice_ticks = two_sided ? reference->bid_ticks + reference->ask_ticks : 0,
        .now_ns = oms->now_ns,
        .book_ns = reference->book_ns,
        .position_lots = {oms->accounts.total[instrument].lots,
                          oms->accounts.own[strategy][instrument].lots},
        .working_lots = {oms->working_total[intent->side][instrument] - covered_lots(&asked),
                         oms->working_own[intent->side][strategy][instrument] -
                             covered_lots(&asked)},
        .state = oms->stopping ? STATE_HALTED : oms_effective_state(oms, scopes),
        .refused = refused_here(oms, intent, reference, valued),
        .buy = intent->side == SIDE_BUY,
        .reduce_only = (intent->flags & ORDER_REDUCE_ONLY) != 0,
        .exit_own = (intent->flags & ORDER_EXIT_OWN) != 0,
    };

    measure_use(oms, intent, &asked, total, numbers, verdict);
    assert(gate_input_is_sound(&in));
    gate_check(table_of(oms, intent, numbers, &for_exit), &in, verdict);
    if (denial_is_by_state((enum denial)verdict->denial))
        verdict->scope = strictest_scope(oms, numbers);
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
    order->sent_ns = order->asked_ns = oms->now_ns;
    order->cause = intent->cause;
    oms->reduce_only_live += is_resting_reduce_only(order);
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
                                      .amend_no = order->amend_no,
                                      .order_id = order->id,
                                      .seq = order->seq,
                                      .price_ticks = order->price_ticks,
                                      .qty_lots = order->qty_lots,
                                      .sent_ns = now_ns};
}

/* NULL when the ring is full. What is urgent takes along all that waits before it. */
static struct order_message *reserve(struct oms *oms, uint16_t instrument, bool urgent)
{
    uint16_t gateway = oms->venue_gateway[oms->instruments[instrument].venue];
    struct order_message *message =
        seen_reserve(&oms->seen, oms->rings[gateway], gateway, sizeof *message);
    struct outbox *outbox = &oms->outbox[gateway];

    if (!message)
        return NULL;
    if (outbox->messages++ == 0)
        outbox->since_ns = oms->now_ns;
    outbox->urgent = outbox->urgent || urgent;
    return message;
}

static bool is_due(const struct oms *oms, const struct outbox *outbox)
{
    return outbox->urgent || oms->rules.batch_messages == 0 ||
           outbox->messages >= oms->rules.batch_messages ||
           oms->now_ns - outbox->since_ns >= oms->rules.batch_wait_ns;
}

static void empty(struct oms *oms, uint16_t gateway)
{
    ring_publish(oms->rings[gateway]);
    oms->outbox[gateway] = (struct outbox){0};
}

void oms_publish(struct oms *oms)
{
    for (uint16_t at = 0; at < oms->gateways; at++)
        if (oms->outbox[at].messages != 0 && is_due(oms, &oms->outbox[at]))
            empty(oms, at);
}

void oms_publish_all(struct oms *oms)
{
    for (uint16_t at = 0; at < oms->gateways; at++)
        if (oms->outbox[at].messages != 0)
            empty(oms, at);
}

static bool is_nothing(struct exposure_lots lots, const struct exposure_figures *figures)
{
    return (lots.position | lots.buys | lots.sells) == 0 && figures->gross_e8 == 0;
}

static void revalue_own(struct oms *oms, uint16_t strategy, uint16_t instrument)
{
    struct order_scopes scopes = oms_scopes(oms, strategy, instrument);

    if (is_nothing(own_lots(oms, strategy, instrument), &oms->exposure.own[strategy][instrument]))
        return;
    exposure_set_own(
        &oms->exposure, &scopes, strategy, instrument,
        exposure_of(own_lots(oms, strategy, instrument), lot_value_e8(oms, instrument)));
}

static void revalue_total(struct oms *oms, uint16_t instrument)
{
    struct order_scopes scopes = oms_scopes(oms, STRATEGY_MANUAL, instrument);

    if (is_nothing(total_lots(oms, instrument), &oms->exposure.total[instrument]))
        return;
    oms->tied_e8 -= tied_e8(oms, instrument, oms->exposure.total[instrument].gross_e8);
    exposure_set_total(&oms->exposure, &scopes, instrument,
                       exposure_of(total_lots(oms, instrument), lot_value_e8(oms, instrument)));
    oms->tied_e8 += tied_e8(oms, instrument, oms->exposure.total[instrument].gross_e8);
}

void oms_revalue(struct oms *oms, uint16_t instrument)
{
    revalue_total(oms, instrument);
    for (uint16_t strategy = 0; strategy < oms->scopes.strategies; strategy++)
        revalue_own(oms, strategy, instrument);
}

static void mark_moved(struct oms *oms, uint16_t instrument)
{
    oms_revalue(oms, instrument);
    /* What settles in a currency that is converted by this mark is worth something else as well. */
    for (uint16_t at = 0; at < oms->scopes.instruments; at++)
        if (at != instrument && accounts_rated_by(&oms->accounts, at, instrument))
            oms_revalue(oms, at);
}

void oms_mark(struct oms *oms, uint16_t instrument, int64_t mark_e8_ticks)
{
    bool moved = oms->accounts.mark_e8_ticks[instrument] != mark_e8_ticks;

    accounts_mark(&oms->accounts, instrument, mark_e8_ticks, oms->now_ns);
    if (moved)
        mark_moved(oms, instrument);
}

void oms_venue_mark(struct oms *oms, uint16_t instrument, int64_t mark_e8_ticks)
{
    bool moved = oms->accounts.mark_e8_ticks[instrument] != mark_e8_ticks;

    accounts_venue_mark(&oms->accounts, instrument, mark_e8_ticks, oms->now_ns);
    if (moved)
        mark_moved(oms, instrument);
}

void oms_expose(struct oms *oms, const struct order *order, int64_t lots, int32_t orders)
{
    const uint16_t numbers[] = {order->scopes.firm, order->scopes.venue, order->scopes.strategy,
                                order->scopes.instrument};

    if (lots == 0 && orders == 0)
        return;
    oms->working_total[order->side][order->instrument] += lots;
    oms->working_own[order->side][order->strategy][order->instrument] += lots;
    assert(oms->working_own[order->side][order->strategy][order->instrument] >= 0);
    for (unsigned at = 0; at < GATE_SCOPES; at++)
        oms->open_orders[numbers[at]] += (uint32_t)orders;
    revalue_total(oms, order->instrument);
    revalue_own(oms, order->strategy, order->instrument);
}

/* An exit goes before whatever of ours still works, by any rule. */
static bool has_way(const struct oms *oms, const struct intent *intent)
{
    return oms->rules.self_match == SELF_MATCH_CANCEL_OLD || (intent->flags & ORDER_EXIT) != 0;
}

/* Cancels what the new order would meet, when that is the rule; true when there was any. What is
 * being cancelled reaches the venue before the new order does: both go by one ring and one
 * connection. */
static bool make_way(struct oms *oms, const struct intent *intent, int64_t price_ticks)
{
    if (!has_way(oms, intent) ||
        !own_book_meets(&oms->own_book, intent->instrument, (enum side)intent->side, price_ticks))
        return false;
    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        struct order *order = &oms->pool.order[oms->pool.live[at]];

        if (order->instrument == intent->instrument && order->side != intent->side &&
            !(order->flags & ORDER_EXTERNAL) &&
            price_meets((enum side)intent->side, price_ticks, order->price_ticks))
            (void)oms_cancel(oms, order); /* what could not be cancelled is found by the check */
    }
    return true;
}

/* Would it meet an order of ours? One whose cancel is ahead of it on the same connection, by the
 * rule above, is no obstacle. */
static bool meets_own(struct oms *oms, const struct intent *intent, int64_t price_ticks)
{
    if (!own_book_meets(&oms->own_book, intent->instrument, (enum side)intent->side, price_ticks))
        return false;
    if (!has_way(oms, intent))
        return true;
    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        const struct order *order = &oms->pool.order[oms->pool.live[at]];

        if (order->instrument == intent->instrument && order->side != intent->side &&
            order->state != ORDER_PENDING_CANCEL &&
            price_meets((enum side)intent->side, price_ticks, order->price_ticks))
            return true;
    }
    return false;
}

/* Counters never repeat; when they are used up only a restart, with a new epoch, draws more. */
static uint64_t draw_id(struct oms *oms)
{
    if (oms->order_counter < UINT32_MAX)
        oms->order_counter++;
    return oms->id_prefix << 32 | oms->order_counter;
}

static void note_sent(struct oms *oms, const struct order *order)
{
    struct recent_order seen = oms_as_recent(order);

    oms_expose(oms, order, order->qty_lots, 1);
    own_book_add(&oms->own_book, order, order->price_ticks);
    throttle_record(&oms->throttle, order->scopes);
    tally_order(&oms->tally, order->scopes);
    recent_note(&oms->recent, &seen, oms->now_ns);
    oms->sent_in_step++;
}

enum submit_result oms_submit(struct oms *oms, const struct intent *intent,
                              const struct reference *reference, uint64_t *order_id,
                              struct verdict *verdict)
{
    struct order_scopes scopes = oms_scopes(oms, intent->strategy, intent->instrument);
    int64_t price_ticks = intent->price_ticks;
    struct order_message *message;
    struct order *order;
    struct asked asked;

    /* The last look at the kill page before an order: a doorbell that has moved is served first,
     * and the order is then judged by the state that it leaves. */
    oms_kill(oms);
    throttle_advance(&oms->throttle, oms->now_ns);
    if (intent->type == TYPE_MARKET)
        price_ticks = bounded_price(oms, scopes, (enum side)intent->side, mid_e8_ticks(reference));
    *order_id = draw_id(oms);
    asked = (struct asked){.price_ticks = price_ticks, .qty_lots = intent->qty_lots};
    judge(oms, intent, scopes, reference, asked, verdict);
    /* What is refused anyway cancels nothing. The cancels count as messages and take their time. */
    if (verdict->denial == DENIAL_NONE && make_way(oms, intent, price_ticks)) {
        oms_kill(oms);
        judge(oms, intent, scopes, reference, asked, verdict);
    }
    if (verdict->denial == DENIAL_NONE && meets_own(oms, intent, price_ticks))
        gate_refuse(verdict, DENY_SELF_MATCH);
    if (verdict->denial == DENIAL_NONE) {
        message = reserve(oms, intent->instrument, (intent->flags & ORDER_EXIT) != 0);
        if (!message)
            gate_refuse(verdict, DENY_BUSY);
    }
    if (verdict->denial != DENIAL_NONE) {
        oms_say_denied(oms, intent, *order_id, price_ticks, verdict);
        return verdict->denial == DENY_BUSY ? SUBMIT_BUSY : SUBMIT_DENIED;
    }
    oms->intended_orders++;
    oms->intended_lots += (uint64_t)intent->qty_lots;
    order = make_order(oms, intent, *order_id, scopes, price_ticks);
    assert(order != NULL); /* the gate has denied `busy` when the pool is full */
    note_sent(oms, order);
    emit_sent(oms, order, verdict); /* in the journal before its bytes can leave */
    fill_message(message, ORDER_MESSAGE_NEW, order, oms->now_ns);
    oms->sent_lots += (uint64_t)message->qty_lots;
    return SUBMIT_SENT;
}

bool oms_send_about(struct oms *oms, struct order *order, enum order_message_kind kind)
{
    struct order_message *message = reserve(oms, order->instrument, true);

    assert(kind == ORDER_MESSAGE_CANCEL || kind == ORDER_MESSAGE_QUERY);
    if (!message)
        return false;
    fill_message(message, kind, order, oms->now_ns);
    return true;
}

/* --- amend --- */

/* A quantity that is none is no conflict with what is filled: the gate refuses it. */
static bool can_be_amended(const struct order *order, int64_t qty_lots)
{
    return (order->state == ORDER_WORKING || order->state == ORDER_PARTLY_FILLED) &&
           order->amend_qty_lots == 0 && !(order->flags & ORDER_EXTERNAL) &&
           (qty_lots <= 0 || qty_lots > order->filled_lots);
}

static void emit_amend(struct oms *oms, const struct order *order, const struct verdict *verdict)
{
    struct event_order_amend event = {.order_id = order->id,
                                      .price_ticks = order->amend_price_ticks,
                                      .qty_lots = order->amend_qty_lots,
                                      .verdict = *verdict};

    oms_emit(oms, EVENT_ORDER_AMEND, &event, sizeof event);
}

/* From here on the order counts with the larger of both quantities. */
static void begin_amend(struct oms *oms, struct order *order, int64_t price_ticks, int64_t qty_lots)
{
    int64_t before = order_exposed_lots(order);

    order->amend_price_ticks = price_ticks;
    order->amend_qty_lots = qty_lots;
    order->amend_no++;
    order->state_before = order->state;
    order->state = ORDER_PENDING_AMEND;
    order->asked_ns = order->amend_ns = oms->now_ns;
    oms_expose(oms, order, order_exposed_lots(order) - before, 0);
    own_book_add(&oms->own_book, order, price_ticks);
    throttle_record(&oms->throttle, order->scopes);
}

static struct intent amend_intent(const struct oms *oms, const struct order *order,
                                  int64_t price_ticks, int64_t qty_lots)
{
    return (struct intent){.kind = INTENT_AMEND,
                           .side = order->side,
                           .type = TYPE_LIMIT,
                           .tif = order->tif,
                           .flags = order->flags,
                           .instrument = order->instrument,
                           .strategy = order->strategy,
                           .price_ticks = price_ticks,
                           .qty_lots = qty_lots,
                           .order_id = order->id,
                           .cause = oms->cause};
}

static struct asked asked_of(const struct order *order, int64_t price_ticks, int64_t qty_lots)
{
    return (struct asked){.price_ticks = price_ticks,
                          .qty_lots = qty_lots,
                          .filled_lots = order->filled_lots,
                          .exposed_lots = order_exposed_lots(order),
                          .amend = true};
}

enum status oms_amend(struct oms *oms, struct order *order, const struct command_amend_order *amend,
                      const struct reference *reference, uint64_t *denial_id,
                      struct verdict *verdict)
{
    int64_t price_ticks = amend->price_ticks != 0 ? amend->price_ticks : order->price_ticks;
    int64_t qty_lots = amend->qty_lots != 0 ? amend->qty_lots : order->qty_lots;
    struct intent intent = amend_intent(oms, order, price_ticks, qty_lots);
    struct order_message *message;

    oms_kill(oms);
    if (!can_be_amended(order, qty_lots))
        return ERR_CONFLICT;
    throttle_advance(&oms->throttle, oms->now_ns);
    judge(oms, &intent, order->scopes, reference, asked_of(order, price_ticks, qty_lots), verdict);
    if (verdict->denial != DENIAL_NONE) {
        *denial_id = draw_id(oms);
        oms_say_denied(oms, &intent, *denial_id, price_ticks, verdict);
        return ERR_DENIED;
    }
    message = reserve(oms, order->instrument, true);
    if (!message)
        return ERR_UNAVAILABLE;
    begin_amend(oms, order, price_ticks, qty_lots);
    emit_amend(oms, order, verdict);
    oms_emit_order_state(oms, order, REPORT_AMEND_SENT, DENIAL_NONE);
    fill_message(message, ORDER_MESSAGE_AMEND, order, oms->now_ns);
    message->price_ticks = price_ticks;
    message->qty_lots = qty_lots;
    return OK;
}

/* --- cancel --- */

bool oms_cancel(struct oms *oms, struct order *order)
{
    enum order_state next;

    if (order_state_is_terminal((enum order_state)order->state) ||
        order->state == ORDER_PENDING_CANCEL)
        return true;
    if (!oms_transition(order, REPORT_CANCEL_SENT, &next))
        panic(__FILE__, __LINE__, "a live order can be cancelled");
    if (!oms_send_about(oms, order, ORDER_MESSAGE_CANCEL))
        return false;
    /* An amend on its way stays outstanding: a refused cancel goes back to what was before both. */
    if (order->state != ORDER_PENDING_AMEND)
        order->state_before = order->state;
    order->state = (uint8_t)next;
    order->cancel_ns = oms->now_ns;
    if (next != ORDER_UNKNOWN) /* else whoever goes on cancelling would put off the question */
        order->asked_ns = oms->now_ns;
    throttle_advance(&oms->throttle, oms->now_ns);
    throttle_record(&oms->throttle, order->scopes);
    if (order->cancel_outcome == OUTCOME_REFUSED)
        oms_count_outcome(oms, order, OUTCOME_NONE); /* it is asked again */
    oms_emit_order_state(oms, order, REPORT_CANCEL_SENT, DENIAL_NONE);
    return true;
}

/* Lots of one side that a position leaves to reduce. */
static int64_t reducible(int64_t position, enum side side)
{
    if (side == SIDE_BUY)
        return position < 0 ? -position : 0;
    return position > 0 ? position : 0;
}

void oms_trim_reduce_only(struct oms *oms, uint16_t instrument)
{
    int64_t position = oms->accounts.total[instrument].lots;
    int64_t left[] = {
        [SIDE_BUY] = reducible(position, SIDE_BUY), [SIDE_SELL] = reducible(position, SIDE_SELL)};

    if (oms->reduce_only_live == 0)
        return;
    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        struct order *order = &oms->pool.order[oms->pool.live[at]];

        if (order->instrument != instrument || !is_resting_reduce_only(order))
            continue;
        left[order->side] -= order_exposed_lots(order);
        if (left[order->side] < 0)
            (void)oms_cancel(oms, order); /* a full ring: the next fill or look finds it again */
    }
}

uint32_t oms_live_in_scope(const struct oms *oms, uint16_t scope)
{
    uint32_t live = 0;

    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        const struct order *order = &oms->pool.order[oms->pool.live[at]];

        if (order_is_in_scope(order, scope) && !(order->flags & ORDER_EXTERNAL))
            live++;
    }
    return live;
}

uint32_t oms_cancel_scope(struct oms *oms, uint16_t scope)
{
    uint32_t unsent = 0;

    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        struct order *order = &oms->pool.order[oms->pool.live[at]];

        if (order_is_in_scope(order, scope) && !(order->flags & ORDER_EXTERNAL) &&
            !oms_cancel(oms, order))
            unsent++;
    }
    return unsent;
}
