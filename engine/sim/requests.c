/* Requests that arrive at the simulated venue. */
#include "sim/venue.h"

#include "base/assert.h"

/* The code with which the door is closed to this request; 0: it is open. */
static int64_t refusal_code(const struct sim *sim, const struct sim_inbound *in)
{
    bool raises = in->message.kind == ORDER_MESSAGE_NEW || in->message.kind == ORDER_MESSAGE_AMEND;

    if (in->fault && in->fault->verb == FAULT_REJECT)
        return in->fault->code;
    if (sim_is_closed(sim, in->due_ns))
        return sim->closed.code;
    if (in->due_ns < sim->banned.until_ns)
        return sim->banned.code;
    return raises && in->due_ns < sim->limited.until_ns ? sim->limited.code : 0;
}

/* A query is only ever told "no such order", by `reject`; a closed door says nothing about it. */
static void refuse(struct sim *sim, const struct sim_inbound *in)
{
    static const uint8_t answers[] = {
        [ORDER_MESSAGE_NEW] = REPORT_VENUE_REJECT,
        [ORDER_MESSAGE_CANCEL] = REPORT_CANCEL_REJECT,
        [ORDER_MESSAGE_AMEND] = REPORT_AMEND_REJECT,
        [ORDER_MESSAGE_QUERY] = REPORT_QUERY_ABSENT,
    };

    if (in->message.kind == ORDER_MESSAGE_QUERY && !(in->fault && in->fault->verb == FAULT_REJECT))
        return;
    sim_report(sim, &in->message, (enum report)answers[in->message.kind], in->due_ns);
}

/* The fill that was under way when we cancelled, told after the cancel. */
static void fill_late(struct sim *sim, struct sim_order *order, const struct fault_rule *fault,
                      int64_t venue_ns)
{
    int64_t lots = fault->code < order->leaves_lots ? fault->code : order->leaves_lots;

    sim_fill_as(sim, order, order->message.price_ticks, lots, true, venue_ns, fault);
}

static void arrive_cancel(struct sim *sim, const struct order_message *message, int64_t venue_ns)
{
    struct sim_order *order = sim_order_find(sim, message->order_id);

    if (!order) {
        sim_report(sim, message, REPORT_CANCEL_REJECT, venue_ns);
        return;
    }
    if (sim->fault && sim->fault->verb == FAULT_LATE_FILL)
        fill_late(sim, order, sim->fault, venue_ns);
    sim_report(sim, &order->message, REPORT_VENUE_CANCEL, venue_ns);
    if (order->ended == 0)
        sim_order_end(sim, order, REPORT_VENUE_CANCEL);
    else
        order->ended = REPORT_VENUE_CANCEL;
}

static void arrive_amend(struct sim *sim, const struct order_message *message, int64_t venue_ns)
{
    struct sim_order *order = sim_order_find(sim, message->order_id);

    if (!order || message->qty_lots < 0 || !sim_amend(sim, order, message, venue_ns))
        sim_report(sim, message, REPORT_AMEND_REJECT, venue_ns);
}

static void arrive_query(struct sim *sim, const struct order_message *message, int64_t venue_ns)
{
    const struct sim_order *order = sim_order_known(sim, message->order_id);
    const struct sim_fill *fills[SIM_REPEAT_MAX];
    bool whole = true;

    if (order)
        (void)sim_order_fills(sim, order, fills, &whole);
    if (!order || (order->ended != 0 && !whole)) {
        sim_report(sim, message, REPORT_QUERY_ABSENT, venue_ns);
        return;
    }
    sim_repeat_fills(sim, order, venue_ns);
    /* Of one that is filled as well: at what price and quantity, an amend may be unanswered. */
    if (order->ended == 0 || order->ended == REPORT_FILL_LAST)
        sim_report_as_it_stands(sim, order, REPORT_VENUE_ACK, message->amend_no, venue_ns);
    else
        sim_report(sim, &order->message, (enum report)order->ended, venue_ns);
}

static void obey(struct sim *sim, const struct order_message *message, int64_t venue_ns)
{
    switch ((enum order_message_kind)message->kind) {
    case ORDER_MESSAGE_NEW:
        sim_arrive_new(sim, message, venue_ns);
        break;
    case ORDER_MESSAGE_CANCEL:
        arrive_cancel(sim, message, venue_ns);
        break;
    case ORDER_MESSAGE_AMEND:
        arrive_amend(sim, message, venue_ns);
        break;
    case ORDER_MESSAGE_QUERY:
        arrive_query(sim, message, venue_ns);
        break;
    }
}

void sim_arrive(struct sim *sim, const struct sim_inbound *in)
{
    if (in->fault)
        sim_befall(sim, in->fault, in->message.instrument, in->due_ns);
    sim->fault = in->fault;
    sim->refusal_code = refusal_code(sim, in);
    if (sim->refusal_code != 0)
        refuse(sim, in);
    else
        obey(sim, &in->message, in->due_ns);
    sim->fault = NULL;
    sim->refusal_code = 0;
}
