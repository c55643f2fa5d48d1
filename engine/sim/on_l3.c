/* Our orders where everybody's orders are (sim/l3.h): no fill model, no queue to guess at. An order
 * that has arrived is put on the exchange under its own id, and what the exchange says of it is
 * reported. The data of such a market only tells of it, and fills nobody. */
#include "sim/venue.h"

#include "base/assert.h"

/* Of one of our orders; also while others are served. */
static void hear(void *ctx, uint16_t instrument, uint64_t order_id,
                 const struct exchange_event *event)
{
    struct sim *sim = ctx;
    struct sim_order *order = sim_order_find(sim, order_id);

    assert(order && order->message.instrument == instrument);
    assert(event->kind == EXCHANGE_EVENT_TRADE); /* no pair of accounts has a policy */
    sim->l3_speaks = true;
    sim_fill(sim, order, event->price_ticks, event->lots, event->maker_id == order_id, sim->l3_ns);
    sim->l3_speaks = false;
}

void sim_l3_init(struct sim *sim)
{
    l3_listen(sim->config.l3, hear, sim);
}

bool sim_l3_takes(const struct sim *sim, const struct order_message *message)
{
    return l3_would_take(sim->config.l3, message->instrument, (enum side)message->side,
                         message->price_ticks);
}

/* It was acknowledged; an exchange that cannot have it after all has cancelled it. */
static void end(struct sim *sim, struct sim_order *order, enum exchange_answer answer,
                int64_t venue_ns)
{
    enum report report = answer == EXCHANGE_EXPIRED ? REPORT_VENUE_EXPIRE : REPORT_VENUE_CANCEL;

    sim_report(sim, &order->message, report, venue_ns);
    sim_order_end(sim, order, report);
}

void sim_l3_enter(struct sim *sim, struct sim_order *order, int64_t venue_ns)
{
    const struct order_message *message = &order->message;
    struct exchange_order wanted = {.id = message->order_id,
                                    .price_ticks = (uint32_t)message->price_ticks,
                                    .lots = order->leaves_lots > (int64_t)EXCHANGE_LOTS_MAX
                                                ? 0 /* refused */
                                                : (uint32_t)order->leaves_lots,
                                    .account = L3_OURS,
                                    .side = message->side,
                                    .tif = message->tif,
                                    .flags = message->flags};
    struct exchange_result result;

    sim->l3_ns = venue_ns;
    sim_l3_leave(sim, order); /* an amended one is there already */
    result = l3_new(sim->config.l3, message->instrument, &wanted);
    if (result.answer != EXCHANGE_RESTS && result.answer != EXCHANGE_FILLED)
        end(sim, order, (enum exchange_answer)result.answer, venue_ns);
}

void sim_l3_shrink(struct sim *sim, const struct sim_order *order)
{
    const struct order_message *message = &order->message;

    l3_amend(sim->config.l3, message->instrument, L3_OURS, message->order_id,
             (uint32_t)message->price_ticks, (uint32_t)order->leaves_lots);
}

void sim_l3_leave(struct sim *sim, const struct sim_order *order)
{
    if (!sim->l3_speaks) /* else it has left by trading */
        l3_cancel(sim->config.l3, order->message.instrument, L3_OURS, order->message.order_id);
}
