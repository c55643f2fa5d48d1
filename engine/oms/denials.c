/* What the gate refused.
 *
 * A strategy that is refused asks the same again on the next update. The first of equal denials
 * (same strategy, instrument, side and reason) is said in full; those that follow within a second
 * of it are counted, and said as one record with first, last and count. What a person asked for is
 * always said by itself: it is the answer. */
#include "oms/oms.h"

#define RUN_NS 1000000000LL

static void emit_denied(struct oms *oms, const struct intent *intent, uint64_t order_id,
                        int64_t price_ticks, const struct verdict *verdict)
{
    struct event_order_denied event = {.order_id = order_id,
                                       .amends =
                                           intent->kind == INTENT_AMEND ? intent->order_id : 0,
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

static void end_run(struct oms *oms, uint16_t strategy, uint16_t instrument, uint8_t side)
{
    struct denial_run *run = &oms->denial_runs[strategy][instrument][side];
    struct event_denials event = {.order_id = run->order_id,
                                  .last_order_id = run->last_order_id,
                                  .count = run->count,
                                  .first_ns = run->first_ns,
                                  .last_ns = run->last_ns,
                                  .instrument = instrument,
                                  .strategy = strategy,
                                  .side = side,
                                  .reason = run->reason};

    if (run->count > 0)
        oms_emit(oms, EVENT_DENIALS, &event, sizeof event);
    *run = (struct denial_run){0};
}

void oms_say_denied(struct oms *oms, const struct intent *intent, uint64_t order_id,
                    int64_t price_ticks, const struct verdict *verdict)
{
    struct denial_run *run = &oms->denial_runs[intent->strategy][intent->instrument][intent->side];

    if (intent->cause == 0 && run->order_id != 0 && run->reason == verdict->denial &&
        oms->now_ns - run->first_ns < RUN_NS) {
        run->count++;
        run->last_order_id = order_id;
        run->last_ns = oms->now_ns;
        return;
    }
    if (intent->cause == 0) {
        end_run(oms, intent->strategy, intent->instrument, intent->side);
        *run = (struct denial_run){.order_id = order_id,
                                   .first_ns = oms->now_ns,
                                   .last_ns = oms->now_ns,
                                   .reason = verdict->denial};
    }
    emit_denied(oms, intent, order_id, price_ticks, verdict);
}

void oms_flush_denials(struct oms *oms)
{
    for (uint16_t strategy = 0; strategy < oms->scopes.strategies; strategy++)
        for (uint16_t instrument = 0; instrument < oms->scopes.instruments; instrument++)
            for (uint8_t side = SIDE_BUY; side != SIDE_SELL + 1; side++)
                if (oms->denial_runs[strategy][instrument][side].order_id != 0 &&
                    oms->now_ns - oms->denial_runs[strategy][instrument][side].first_ns >= RUN_NS)
                    end_run(oms, strategy, instrument, side);
}
