/* What venues say of our orders. */
#include "base/assert.h"
#include "oms/oms.h"

enum { NOT_EXPECTED = 0, EXPECTED };

struct cell {
    uint8_t rule; /* NOT_EXPECTED or EXPECTED */
    uint8_t to;   /* a state, or one of the two below */
};

enum { ORDER_BEFORE = ORDER_STATE_COUNT, ORDER_RESTING };

static const struct cell cells[ORDER_STATE_COUNT][REPORT_COUNT] = {
#define TRANSITION(from, report, next)                                                             \
    [ORDER_##from][REPORT_##report] = {EXPECTED, (uint8_t)ORDER_##next},
#include "tables/transitions.def"
#undef TRANSITION
};

bool oms_transition(const struct order *order, enum report report, enum order_state *to)
{
    struct cell cell = cells[order->state][report];

    if (cell.rule == NOT_EXPECTED)
        return false;
    if (cell.to == ORDER_BEFORE)
        *to = (enum order_state)order->state_before;
    else if (cell.to == ORDER_RESTING)
        *to = order->filled_lots > 0 ? ORDER_PARTLY_FILLED : ORDER_WORKING;
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
                                      .reason = (uint8_t)reason};

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

static void emit_position(struct oms *oms, uint16_t instrument, uint16_t strategy,
                          const struct position *position)
{
    struct event_position event = {.lots = position->lots,
                                   .cost_e8 = position->cost_e8,
                                   .realised_e8 = position->realised_e8,
                                   .fee_e8 = position->fee_e8,
                                   .instrument = instrument,
                                   .strategy = strategy,
                                   .rebate_e8 = position->rebate_e8,
                                   .funding_e8 = position->funding_e8};

    oms_emit(oms, EVENT_POSITION, &event, sizeof event);
}

/* A figure left its bounds: nobody may trade on what can no longer be counted. */
static void halt_firm(struct oms *oms)
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
    if (!accounts_fill(accounts, execution->strategy, execution->instrument,
                       (enum side)execution->side, execution->price_ticks, execution->qty_lots,
                       execution->fee_e8) ||
        accounts->overflowed)
        halt_firm(oms);
    emit_position(oms, execution->instrument, UINT16_MAX, &accounts->total[execution->instrument]);
    emit_position(oms, execution->instrument, execution->strategy,
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
    order->acked_ns = execution->received_ns;
    record_latency(oms->order_ack, order->sent_ns, execution->received_ns);
}

static void count_outcome(struct oms *oms, struct order *order, enum report report)
{
    switch (report) {
    case REPORT_KILLED_UNSENT:
        oms_count_outcome(oms, order, OUTCOME_UNSENT);
        break;
    case REPORT_VENUE_CANCEL:
    case REPORT_VENUE_EXPIRE:
    case REPORT_VENUE_REJECT:
        oms_count_outcome(oms, order, OUTCOME_CONFIRMED);
        break;
    case REPORT_FILL_LAST:
    case REPORT_CANCEL_REJECT:
        oms_count_outcome(oms, order, OUTCOME_REFUSED);
        break;
    case REPORT_TIMEOUT:
        oms_count_outcome(oms, order, OUTCOME_UNKNOWN);
        break;
    default:
        break;
    }
}

/* Moves the order and what it exposes; emits its new state. */
static void move(struct oms *oms, struct order *order, enum report report, enum order_state next,
                 int64_t leaves_before)
{
    bool ends = order_state_is_terminal(next);
    bool ended = order_state_is_terminal((enum order_state)order->state);
    int64_t leaves = ends ? 0 : order_leaves_lots(order);

    if (report == REPORT_FILL_PART)
        order->state_before = ORDER_PARTLY_FILLED; /* what a refused cancel or amend goes back to */
    order->state = (uint8_t)next;
    if (!ended)
        oms_expose(oms, order, leaves - leaves_before, ends ? -1 : 0);
    if (ends && !ended)
        order_finish(&oms->pool, order);
    count_outcome(oms, order, report);
    oms_emit_order_state(oms, order, report,
                         report == REPORT_KILLED_UNSENT ? DENY_HALTED : DENIAL_NONE);
}

static void add_to_order(struct order *order, const struct execution *execution)
{
    order->filled_lots += execution->qty_lots;
    order->filled_price_lots += (__int128)execution->price_ticks * execution->qty_lots;
}

static enum report as_report(const struct order *order, const struct execution *execution)
{
    if (execution->report != REPORT_FILL_PART)
        return (enum report)execution->report;
    return order->filled_lots >= order->qty_lots ? REPORT_FILL_LAST : REPORT_FILL_PART;
}

static void report_known(struct oms *oms, struct order *order, const struct execution *execution)
{
    bool is_fill = execution->report == REPORT_FILL_PART;
    bool was_live = !order_state_is_terminal((enum order_state)order->state);
    int64_t leaves_before = was_live ? order_leaves_lots(order) : 0;
    enum order_state next = (enum order_state)order->state;
    enum report report;
    bool expected;

    if (is_fill)
        add_to_order(order, execution);
    report = as_report(order, execution);
    expected = oms_transition(order, report, &next) && order->filled_lots <= order->qty_lots;
    if (is_fill || report == REPORT_VENUE_ACK)
        note_acknowledged(oms, order, execution);
    if (is_fill) {
        record_latency(oms->fill_latency, order->sent_ns, execution->received_ns);
        book_fill(oms, execution, expected);
    }
    if (!expected)
        emit_anomaly(oms, execution, (enum order_state)order->state, report);
    move(oms, order, report, next, leaves_before);
}

void oms_report(struct oms *oms, const struct execution *execution)
{
    struct order *order = order_find(&oms->pool, execution->order_id);
    bool is_fill = execution->report == REPORT_FILL_PART;

    assert(execution->instrument < oms->scopes.instruments);
    assert(execution->strategy < oms->scopes.strategies);
    assert(execution->report < REPORT_COUNT && execution->report != REPORT_FILL_LAST);
    if (is_fill && !fill_set_add(&oms->fills, oms->instruments[execution->instrument].venue,
                                 execution->exec_id))
        return; /* it has been booked: venues repeat themselves */
    if (order) {
        report_known(oms, order, execution);
        return;
    }
    if (is_fill)
        book_fill(oms, execution, false);
    emit_anomaly(oms, execution, ORDER_UNKNOWN, (enum report)execution->report);
}
