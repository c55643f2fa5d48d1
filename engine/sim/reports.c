/* What the simulated venue says, and what becomes of it on the way.
 *
 * Reports leave in the order of their times. One that a fault sets aside is put among later ones by
 * its own time, so that the queue stays sorted and the newest of the others is what the next one
 * follows. A report that is lost never gets here; the ledger has it all the same. */
#include "sim/venue.h"

#include "base/assert.h"

void sim_ledger(struct sim *sim, const struct sim_entry *entry)
{
    if (sim->config.ledger)
        sim->config.ledger(sim->ctx, entry);
}

bool sim_can_report(const struct sim *sim)
{
    return sim->out_tail - sim->out_head < SIM_OUTBOUND_MAX - SIM_OUTBOUND_RESERVE;
}

/* Behind everything that is due no later. */
static void put(struct sim *sim, const struct sim_outbound *report)
{
    uint64_t at = sim->out_tail;

    assert(sim->out_tail - sim->out_head < SIM_OUTBOUND_MAX);
    while (at != sim->out_head &&
           sim->outbound[(at - 1) % SIM_OUTBOUND_MAX].due_ns > report->due_ns) {
        sim->outbound[at % SIM_OUTBOUND_MAX] = sim->outbound[(at - 1) % SIM_OUTBOUND_MAX];
        at--;
    }
    sim->outbound[at % SIM_OUTBOUND_MAX] = *report;
    sim->out_tail++;
}

static bool is_verb(const struct fault_rule *fault, enum fault_verb verb)
{
    return fault && fault->verb == verb;
}

static bool is_lost(const struct sim *sim, const struct execution *execution,
                    enum sim_status status, const struct fault_rule *fault)
{
    bool is_fill = execution->report == REPORT_FILL_PART && status != SIM_REPEATED;

    return is_verb(fault, FAULT_LOST_FILL) || is_verb(fault, FAULT_DROP_ACK) ||
           (!is_fill && is_verb(sim->fault, FAULT_DROP_ACK));
}

static bool is_set_aside(const struct fault_rule *fault)
{
    return is_verb(fault, FAULT_LATE_FILL) || is_verb(fault, FAULT_REORDER);
}

/* Puts a report on its way `venue_ns` + ack latency, as the rule says. */
static void send(struct sim *sim, const struct execution *execution, enum sim_status status,
                 const struct fault_rule *fault, int64_t venue_ns)
{
    struct sim_outbound out = {
        .status = (uint8_t)status, .code = sim->refusal_code, .execution = *execution};

    if (is_lost(sim, execution, status, fault)) {
        if (status != SIM_REPEATED) /* that one happened before, and has its line */
            sim_ledger(sim, &(struct sim_entry){SIM_LOST, out.code, venue_ns, NULL, execution});
        return;
    }
    sim->out_due_ns = sim_due_ns(sim, venue_ns, sim->config.ack_latency_ns, sim->out_due_ns);
    if (is_verb(fault, FAULT_DELAY))
        sim->out_due_ns += fault->for_ns;
    out.due_ns = sim->out_due_ns + (is_set_aside(fault) ? fault->for_ns : 0);
    put(sim, &out);
    if (is_verb(fault, FAULT_DUP)) {
        out.status = SIM_REPEATED;
        put(sim, &out);
    }
}

static void send_drawn(struct sim *sim, const struct execution *execution, enum sim_status status)
{
    const struct fault_rule *fault =
        faults_draw(&sim->faults, fault_kind_of_report(execution->report), execution->instrument);

    send(sim, execution, status, fault, execution->venue_ns);
    if (fault)
        sim_befall(sim, fault, execution->instrument, execution->venue_ns);
}

static struct execution about(const struct order_message *message, enum report report,
                              int64_t venue_ns)
{
    return (struct execution){.report = (uint8_t)report,
                              .side = message->side,
                              .instrument = message->instrument,
                              .strategy = message->strategy,
                              .amend_no = message->amend_no,
                              .order_id = message->order_id,
                              .venue_ns = venue_ns};
}

void sim_report(struct sim *sim, const struct order_message *message, enum report report,
                int64_t venue_ns)
{
    struct execution execution = about(message, report, venue_ns);

    send_drawn(sim, &execution, sim->refusal_code != 0 ? SIM_REFUSED : SIM_PLAIN);
}

void sim_report_as_it_stands(struct sim *sim, const struct sim_order *order, enum report report,
                             uint32_t amend_no, int64_t venue_ns)
{
    struct execution execution = about(&order->message, report, venue_ns);

    execution.price_ticks = order->message.price_ticks;
    execution.qty_lots = order->message.qty_lots;
    execution.amend_no = amend_no;
    send_drawn(sim, &execution, SIM_PLAIN);
}

void sim_report_news(struct sim *sim, const struct execution *execution)
{
    send_drawn(sim, execution, SIM_PLAIN);
}

static int64_t fee_e8(const struct instrument *row, int64_t price_ticks, int64_t lots, bool maker)
{
    int64_t ratio_e8 = (maker ? row->maker_fee_e8 : row->taker_fee_e8) + row->exchange_fee_e8 +
                       row->clearing_fee_e8;
    int64_t value = 0;
    int64_t fee = 0;

    /* An order within the bounds of the gate cannot overflow; money that could is not charged. */
    if (instrument_value_e8(row, price_ticks, lots, &value) && money_scale(value, ratio_e8, &fee))
        return fee;
    return 0;
}

static void remember_fill(struct sim *sim, struct sim_order *order, const struct execution *fill)
{
    uint64_t number = ++sim->fill_count;

    sim->fills[number % SIM_FILLS_MAX] =
        (struct sim_fill){.execution = *fill, .previous = order->last_fill};
    order->last_fill = number;
}

void sim_fill_as(struct sim *sim, struct sim_order *order, int64_t price_ticks, int64_t lots,
                 bool maker, int64_t venue_ns, const struct fault_rule *fault)
{
    struct execution fill = about(&order->message, REPORT_FILL_PART, venue_ns);

    assert(lots > 0 && lots <= order->leaves_lots);
    if (is_verb(fault, FAULT_OVERFILL))
        lots = order->leaves_lots + fault->code;
    fill.maker = maker;
    fill.price_ticks = price_ticks;
    fill.qty_lots = lots;
    fill.fee_e8 = fee_e8(&sim->config.instrument_rows[fill.instrument], price_ticks, lots, maker);
    /* Of this epoch, so that no exec id repeats after a restart either. */
    fill.exec_id = (fill.order_id & 0xffffffff00000000ULL) | ++sim->execs;
    remember_fill(sim, order, &fill);
    sim_account_fill(sim, &fill);
    order->leaves_lots = lots < order->leaves_lots ? order->leaves_lots - lots : 0;
    send(sim, &fill, SIM_PLAIN, fault, venue_ns);
    if (order->leaves_lots == 0)
        sim_order_end(sim, order, REPORT_FILL_LAST);
    if (fault)
        sim_befall(sim, fault, fill.instrument, venue_ns);
}

void sim_fill(struct sim *sim, struct sim_order *order, int64_t price_ticks, int64_t lots,
              bool maker, int64_t venue_ns)
{
    sim_fill_as(sim, order, price_ticks, lots, maker, venue_ns,
                faults_draw(&sim->faults, FAULT_ON_FILL, order->message.instrument));
}

void sim_repeat_fills(struct sim *sim, const struct sim_order *order, int64_t venue_ns)
{
    const struct sim_fill *fills[SIM_REPEAT_MAX];
    bool whole;
    uint32_t count = sim_order_fills(sim, order, fills, &whole);

    for (uint32_t at = 0; at < count; at++)
        send(sim, &fills[at]->execution, SIM_REPEATED, NULL, venue_ns);
}
