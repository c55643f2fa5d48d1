/* What venues say of our orders. */
#include "base/assert.h"
#include "oms/oms.h"

enum { NOT_EXPECTED = 0, EXPECTED };

struct cell {
    uint8_t rule; /* NOT_EXPECTED or EXPECTED */
    uint8_t to;   /* a state, or one of the four below */
};

enum { ORDER_BEFORE = ORDER_STATE_COUNT, ORDER_RESTING, ORDER_TAKEN_BACK, ORDER_DOUBT };

static const struct cell cells[ORDER_STATE_COUNT][REPORT_COUNT] = {
#define TRANSITION(from, report, next)                                                             \
    [ORDER_##from][REPORT_##report] = {EXPECTED, (uint8_t)ORDER_##next},
#include "tables/transitions.def"
#undef TRANSITION
};

static enum order_state resting(const struct order *order)
{
    return order->filled_lots > 0 ? ORDER_PARTLY_FILLED : ORDER_WORKING;
}

static enum order_state after_refused_cancel(const struct order *order)
{
    if (order->acked_ns == 0 || order->cancel_refused)
        return ORDER_UNKNOWN;
    /* The cancel had overtaken the acknowledgement. */
    return order->state_before == ORDER_PENDING_NEW ? resting(order)
                                                    : (enum order_state)order->state_before;
}

bool oms_transition(const struct order *order, enum report report, enum order_state *to)
{
    struct cell cell = cells[order->state][report];

    if (cell.rule == NOT_EXPECTED)
        return false;
    if (cell.to == ORDER_BEFORE)
        *to = (enum order_state)order->state_before;
    else if (cell.to == ORDER_RESTING)
        *to = resting(order);
    else if (cell.to == ORDER_TAKEN_BACK)
        *to = order->acked_ns != 0 ? ORDER_UNKNOWN : ORDER_REJECTED;
    else if (cell.to == ORDER_DOUBT)
        *to = after_refused_cancel(order);
    else
        *to = (enum order_state)cell.to;
    return true;
}

void oms_emit_order_state(struct oms *oms, const struct order *order, enum report report,
                          enum denial reason)
{
    bool ended = order_state_is_terminal((enum order_state)order->state);
    struct event_order_state event = {.order_id = order->id,
                                      .incident = order->incident,
                                      .filled_lots = order->filled_lots,
                                      .leaves_lots = ended ? 0 : order_leaves_lots(order),
                                      .state = order->state,
                                      .report = (uint8_t)report,
                                      .reason = (uint8_t)reason,
                                      .amending = order->amend_qty_lots != 0,
                                      .acked = order->acked_ns != 0,
                                      .price_ticks = order->price_ticks,
                                      .qty_lots = order->qty_lots};

    if (order->filled_lots > 0)
        event.filled_price_e8_ticks =
            (int64_t)(order->filled_price_lots * PRICE_ONE_E8 / order->filled_lots);
    oms_emit(oms, EVENT_ORDER_STATE, &event, sizeof event);
}

static void emit_anomaly(struct oms *oms, const struct execution *execution, enum order_state state,
                         enum report report)
{
    struct event_anomaly event = {.order_id = execution->order_id,
                                  .exec_id = execution->exec_id,
                                  .state = (uint8_t)state,
                                  .report = (uint8_t)report,
                                  .instrument = execution->instrument};

    oms_emit(oms, EVENT_ANOMALY, &event, sizeof event);
}

void oms_emit_position(struct oms *oms, uint16_t instrument, uint16_t strategy,
                       const struct position *position)
{
    struct event_position event = position_as_said(instrument, strategy, position);

    oms_emit(oms, EVENT_POSITION, &event, sizeof event);
}

void oms_halt_firm(struct oms *oms)
{
    struct command_set_state halt = {.base = oms->states[scope_of_firm()].version,
                                     .scope = scope_of_firm(),
                                     .state = STATE_HALTED};

    oms_set_state(oms, &halt);
}

/* The fill reaches the position whatever the order's state. */
static void book_fill(struct oms *oms, const struct execution *execution, bool expected)
{
    struct accounts *accounts = &oms->accounts;
    struct event_fill event = {.order_id = execution->order_id,
                               .exec_id = execution->exec_id,
                               .price_ticks = execution->price_ticks,
                               .qty_lots = execution->qty_lots,
                               .fee_e8 = execution->fee_e8,
                               .venue_ns = execution->venue_ns,
                               .instrument = execution->instrument,
                               .strategy = execution->strategy,
                               .side = execution->side,
                               .maker = execution->maker,
                               .expected = expected};

    oms_emit(oms, EVENT_FILL, &event, sizeof event);
    oms->filled_ns[execution->instrument] = oms->now_ns;
    if (!accounts_fill(accounts, execution->strategy, execution->instrument,
                       (enum side)execution->side, execution->price_ticks, execution->qty_lots,
                       execution->fee_e8) ||
        accounts->overflowed)
        oms_halt_firm(oms);
    oms_revalue(oms, execution->instrument);
    if (execution->strategy != STRATEGY_MANUAL)
        tally_execution(&oms->tally, oms_scopes(oms, execution->strategy, execution->instrument));
    oms_emit_position(oms, execution->instrument, UINT16_MAX,
                      &accounts->total[execution->instrument]);
    oms_emit_position(oms, execution->instrument, execution->strategy,
                      &accounts->own[execution->strategy][execution->instrument]);
}

static void record_latency(struct histogram *histogram, int64_t from_ns, int64_t to_ns)
{
    if (histogram && from_ns > 0 && to_ns >= from_ns)
        histogram_record(histogram, to_ns - from_ns);
}

static void note_acknowledged(struct oms *oms, struct order *order,
                              const struct execution *execution)
{
    if (order->acked_ns != 0)
        return;
    order->acked_ns = execution->received_ns > 0 ? execution->received_ns : oms->now_ns;
    record_latency(oms->order_ack, order->sent_ns, execution->received_ns);
}

/* What a receipt counts the order as, now that it has moved. */
static enum cancel_outcome outcome_of(const struct order *order, enum report report)
{
    if (order->state == ORDER_UNKNOWN)
        return OUTCOME_UNKNOWN;
    switch (report) {
    case REPORT_KILLED_UNSENT:
        return OUTCOME_UNSENT;
    case REPORT_VENUE_CANCEL:
    case REPORT_VENUE_EXPIRE:
    case REPORT_VENUE_REJECT:
    case REPORT_DUPLICATE_ID:
    case REPORT_VOID:
        return order_state_is_terminal((enum order_state)order->state) ? OUTCOME_CONFIRMED
                                                                       : OUTCOME_NONE;
    case REPORT_FILL_LAST:
    case REPORT_CANCEL_REJECT:
        return OUTCOME_REFUSED;
    default: /* it was unknown, and rests: its cancel is sent again, and has no answer yet */
        return order->cancel_outcome == OUTCOME_UNKNOWN
                   ? OUTCOME_NONE
                   : (enum cancel_outcome)order->cancel_outcome;
    }
}

/* The amend under way has come to its end; the order stands as the venue says. */
static void settle_amend(struct oms *oms, struct order *order, int64_t price_ticks,
                         int64_t qty_lots)
{
    int64_t old_price = order->price_ticks;
    int64_t asked_price = order->amend_price_ticks;

    order->price_ticks = price_ticks;
    order->qty_lots = qty_lots;
    order->amend_price_ticks = order->amend_qty_lots = 0;
    own_book_add(&oms->own_book, order, price_ticks);
    own_book_remove(&oms->own_book, &oms->pool, order, old_price);
    own_book_remove(&oms->own_book, &oms->pool, order, asked_price);
}

static void end_order(struct oms *oms, struct order *order)
{
    int64_t price = order->price_ticks;
    int64_t asked_price = order->amend_price_ticks;

    order->amend_price_ticks = order->amend_qty_lots = 0;
    order->unknown_ns = 0;
    oms->reduce_only_live -= is_resting_reduce_only(order);
    order_finish(&oms->pool, order);
    own_book_remove(&oms->own_book, &oms->pool, order, price);
    own_book_remove(&oms->own_book, &oms->pool, order, asked_price);
}

/* When it is known again what it is, the absences of before say nothing. */
static void note_fate(struct oms *oms, struct order *order, enum order_state next)
{
    if (next != ORDER_UNKNOWN) {
        order->unknown_ns = 0;
        order->absent = 0;
    } else if (order->unknown_ns == 0) {
        order->unknown_ns = oms->now_ns;
        order->asked_ns = 0; /* ask at once */
    }
}

/* Moves the order and what it exposes; emits its new state. */
static void move(struct oms *oms, struct order *order, enum report report, enum order_state next,
                 int64_t exposed_before)
{
    bool ends = order_state_is_terminal(next);
    bool ended = order_state_is_terminal((enum order_state)order->state);
    int64_t exposed = ends ? 0 : order_exposed_lots(order);

    if (report == REPORT_FILL_PART)
        order->state_before = ORDER_PARTLY_FILLED; /* what a refused cancel or amend goes back to */
    order->state = (uint8_t)next;
    if (report != REPORT_TIMEOUT && report != REPORT_QUERY_ABSENT)
        order->cancel_refused = report == REPORT_CANCEL_REJECT;
    note_fate(oms, order, next);
    if (ends && !ended)
        end_order(oms, order);
    if (!ended)
        oms_expose(oms, order, exposed - exposed_before, ends ? -1 : 0);
    if (!ended)
        oms_count_outcome(oms, order, outcome_of(order, report));
    oms_emit_order_state(oms, order, report,
                         report == REPORT_KILLED_UNSENT ? DENY_HALTED : DENIAL_NONE);
}

void oms_report_own(struct oms *oms, struct order *order, enum report report)
{
    enum order_state next;

    if (!oms_transition(order, report, &next))
        panic(__FILE__, __LINE__, "the state table has our own reports");
    move(oms, order, report, next, order_exposed_lots(order));
}

static void add_to_order(struct order *order, const struct execution *execution)
{
    order->filled_lots += execution->qty_lots;
    order->filled_price_lots += (__int128)execution->price_ticks * execution->qty_lots;
}

/* A fill is the last when nothing of it can be left, whichever way an amend under way ends. */
static enum report as_report(const struct order *order, const struct execution *execution)
{
    if (execution->report != REPORT_FILL_PART)
        return (enum report)execution->report;
    return order_exposed_lots(order) == 0 ? REPORT_FILL_LAST : REPORT_FILL_PART;
}

static bool is_overfilled(const struct order *order)
{
    return order->filled_lots > order->qty_lots && order->filled_lots > order->amend_qty_lots;
}

static void take_fill(struct oms *oms, struct order *order, const struct execution *execution,
                      bool expected)
{
    record_latency(oms->fill_latency, order->sent_ns, execution->received_ns);
    book_fill(oms, execution, expected);
}

static bool is_about_amend(const struct execution *execution)
{
    return execution->report == REPORT_VENUE_AMEND || execution->report == REPORT_AMEND_REJECT;
}

/* Of an amend that was answered before: venues repeat themselves, and it must not be taken for the
 * answer to the one that is under way. Foreign orders are amended by others. */
static bool is_old_answer(const struct order *order, const struct execution *execution)
{
    return is_about_amend(execution) && !(order->flags & ORDER_EXTERNAL) &&
           (order->amend_qty_lots == 0 || execution->amend_no != order->amend_no);
}

/* What the venue said of it before an amend reached it, or may still reach it, does not settle that
 * amend: the query was sent before it, or the receive window of the amend is not over. */
static bool is_early_answer(const struct oms *oms, const struct order *order,
                            const struct execution *execution)
{
    if (execution->report != REPORT_VENUE_ACK || execution->qty_lots == 0 ||
        order->amend_qty_lots == 0)
        return false;
    if (execution->amend_no != order->amend_no)
        return true;
    if (execution->qty_lots == order->amend_qty_lots &&
        execution->price_ticks == order->amend_price_ticks)
        return false;
    return oms->now_ns - order->amend_ns < oms->rules.void_after_ns;
}

static bool stands_in_bounds(const struct execution *execution)
{
    return execution->price_ticks > 0 && execution->price_ticks <= MAX_PRICE_TICKS &&
           execution->qty_lots > 0 && execution->qty_lots <= MAX_LOTS;
}

/* What the report says of price and quantity, if it says anything. */
static void take_standing(struct oms *oms, struct order *order, const struct execution *execution)
{
    bool asked = execution->report == REPORT_VENUE_ACK && order->state == ORDER_UNKNOWN;

    if (execution->report == REPORT_AMEND_REJECT)
        settle_amend(oms, order, order->price_ticks, order->qty_lots);
    else if ((execution->report == REPORT_VENUE_AMEND || asked) && stands_in_bounds(execution))
        settle_amend(oms, order, execution->price_ticks, execution->qty_lots);
}

/* With an amend settled the order may have been filled already by what it now is. */
static enum order_state after_standing(const struct order *order, enum order_state next)
{
    return !order_state_is_terminal(next) && order_exposed_lots(order) == 0 ? ORDER_FILLED : next;
}

static bool is_taken_back(enum report report, enum order_state next)
{
    return report == REPORT_VENUE_REJECT && next == ORDER_UNKNOWN;
}

/* The venue, asked since it took the order back, stands by that: as good as not knowing it. */
static bool is_absent(const struct order *order, const struct execution *execution)
{
    return execution->report == REPORT_QUERY_ABSENT ||
           (is_taken_back((enum report)execution->report, (enum order_state)order->state) &&
            order->asked_ns != 0);
}

static void tell_others(struct oms *oms, struct order *order, const struct execution *execution)
{
    if (execution->report == REPORT_VENUE_REJECT)
        oms_note_reject(oms, order->scopes);
    if (is_absent(order, execution))
        oms_absent(oms, order);
    if (execution->report == REPORT_FILL_PART && is_overfilled(order))
        oms_note_overfill(oms, execution->instrument);
}

static void report_known(struct oms *oms, struct order *order, const struct execution *execution)
{
    bool is_fill = execution->report == REPORT_FILL_PART;
    bool was_live = !order_state_is_terminal((enum order_state)order->state);
    int64_t exposed_before = was_live ? order_exposed_lots(order) : 0;
    enum order_state next = (enum order_state)order->state;
    enum report report;
    bool expected;

    if (is_old_answer(order, execution) || is_early_answer(oms, order, execution))
        return;
    if (is_fill)
        add_to_order(order, execution);
    report = as_report(order, execution);
    expected = oms_transition(order, report, &next) && !is_overfilled(order) &&
               !is_taken_back(report, next);
    if (is_fill || report == REPORT_VENUE_ACK)
        note_acknowledged(oms, order, execution);
    if (is_fill)
        take_fill(oms, order, execution, expected);
    if (was_live && expected) {
        take_standing(oms, order, execution);
        next = after_standing(order, next);
    }
    if (!expected)
        emit_anomaly(oms, execution, (enum order_state)order->state, report);
    move(oms, order, report, next, exposed_before);
    tell_others(oms, order, execution);
}

/* Of an order that we do not know (any more). */
static void report_unknown(struct oms *oms, const struct execution *execution)
{
    if (execution->report == REPORT_FILL_PART)
        book_fill(oms, execution, false);
    emit_anomaly(oms, execution, ORDER_UNKNOWN, (enum report)execution->report);
}

/* Funding is shared out to all that hold; what net nothing holds is the manual strategy's. */
static void emit_holders(struct oms *oms, uint16_t instrument)
{
    const struct accounts *accounts = &oms->accounts;
    uint32_t holders = accounts->holders[instrument] | 1U << STRATEGY_MANUAL;

    oms_emit_position(oms, instrument, UINT16_MAX, &accounts->total[instrument]);
    for (uint16_t at = 0; at < oms->scopes.strategies; at++)
        if (holders & 1U << at)
            oms_emit_position(oms, instrument, at, &accounts->own[at][instrument]);
}

static void take_funding(struct oms *oms, const struct execution *execution)
{
    struct event_funding event = {.exec_id = execution->exec_id,
                                  .amount_e8 = execution->fee_e8,
                                  .venue_ns = execution->venue_ns,
                                  .instrument = execution->instrument};

    oms_emit(oms, EVENT_FUNDING, &event, sizeof event);
    if (!accounts_fund(&oms->accounts, execution->instrument, execution->fee_e8) ||
        oms->accounts.overflowed)
        oms_halt_firm(oms);
    emit_holders(oms, execution->instrument);
}

/* Reports that are about no order of ours; false: it is about one. */
static bool report_apart(struct oms *oms, const struct execution *execution)
{
    switch (execution->report) {
    case REPORT_FOREIGN:
        oms_adopt(oms, execution);
        return true;
    case REPORT_POSITION:
        oms_venue_position(oms, execution);
        return true;
    case REPORT_FUNDING:
        take_funding(oms, execution);
        return true;
    default:
        return false;
    }
}

/* Reports that only we make, of what we did: a gateway that passes one has mixed something up, and
 * what it says did not happen. */
static bool is_our_own(const struct execution *execution)
{
    return execution->report == REPORT_CANCEL_SENT || execution->report == REPORT_AMEND_SENT ||
           execution->report == REPORT_VOID;
}

static void refuse_our_own(struct oms *oms, const struct execution *execution)
{
    const struct order *order = order_find(&oms->pool, execution->order_id);

    emit_anomaly(oms, execution, order ? (enum order_state)order->state : ORDER_UNKNOWN,
                 (enum report)execution->report);
}

void oms_report(struct oms *oms, const struct execution *execution)
{
    bool counts_once = execution->report == REPORT_FILL_PART || execution->report == REPORT_FUNDING;
    struct order *order;

    assert(execution->instrument < oms->scopes.instruments);
    assert(execution->strategy < oms->scopes.strategies);
    assert(execution->report < REPORT_COUNT && execution->report != REPORT_FILL_LAST);
    if (is_our_own(execution)) {
        refuse_our_own(oms, execution);
        return;
    }
    if (counts_once && !fill_set_add(&oms->fills, oms->instruments[execution->instrument].venue,
                                     execution->exec_id))
        return; /* it has been booked: venues repeat themselves */
    if (report_apart(oms, execution))
        return;
    order = order_find(&oms->pool, execution->order_id);
    if (order)
        report_known(oms, order, execution);
    else
        report_unknown(oms, execution);
    if (execution->report == REPORT_FILL_PART)
        oms_trim_reduce_only(oms, execution->instrument);
}
