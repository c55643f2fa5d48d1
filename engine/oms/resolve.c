/* Orders whose fate is unknown.
 *
 * An order, cancel or amend without an answer for ack_timeout_ns is UNKNOWN: it may live, it may be
 * filled, and it counts in full in every limit. It is never sent again. The venue is asked instead,
 * every query_every_ns. Any report of what it is settles it. That the venue does not know it counts
 * only when the receive window of the sending is over, since until then the order may still arrive;
 * after that two such answers in a row make it void. So does being told twice, when asked, that an
 * order was rejected which had been acknowledged. */
#include "oms/oms.h"

enum { ABSENCES = 2 };

static bool waits_for_answer(const struct order *order)
{
    return order->state == ORDER_PENDING_NEW || order->state == ORDER_PENDING_CANCEL ||
           order->state == ORDER_PENDING_AMEND;
}

static void ask(struct oms *oms, struct order *order)
{
    if (oms->now_ns - order->asked_ns >= oms->rules.query_every_ns &&
        oms_send_about(oms, order, ORDER_MESSAGE_QUERY))
        order->asked_ns = oms->now_ns;
}

void oms_resolve(struct oms *oms)
{
    if (oms->rules.ack_timeout_ns == 0)
        return;
    /* Nothing here ends an order, so the array stands still. */
    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        struct order *order = &oms->pool.order[oms->pool.live[at]];

        if (waits_for_answer(order) && oms->now_ns - order->asked_ns >= oms->rules.ack_timeout_ns)
            oms_report_own(oms, order, REPORT_TIMEOUT);
        if (order->state == ORDER_UNKNOWN && !(order->flags & ORDER_EXTERNAL))
            ask(oms, order);
    }
}

void oms_absent(struct oms *oms, struct order *order)
{
    if (order->state != ORDER_UNKNOWN)
        return;
    if (oms->now_ns - order->sent_ns < oms->rules.void_after_ns)
        return; /* it may still be on its way */
    if (++order->absent >= ABSENCES)
        oms_report_own(oms, order, REPORT_VOID);
}
