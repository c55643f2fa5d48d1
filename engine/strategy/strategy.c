#include "strategy/strategy.h"

#include "base/assert.h"

static bool may_be_working(uint8_t state)
{
    return state == ORDER_PENDING_NEW || state == ORDER_WORKING || state == ORDER_PARTLY_FILLED;
}

bool working_can_change(const struct working *working)
{
    return working->state == ORDER_WORKING || working->state == ORDER_PARTLY_FILLED;
}

uint32_t strategy_cancel_all(const struct strategy_view *view, struct intent intents[MAX_INTENTS])
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < view->working_count; at++)
        if (may_be_working(view->working[at].state))
            intents[count++] = strategy_cancel(view, &view->working[at]);
    for (uint32_t at = 0; view->has_other && at < view->other.working_count; at++)
        if (may_be_working(view->other.working[at].state)) {
            intents[count] = strategy_cancel(view, &view->other.working[at]);
            intents[count++].instrument = view->other.instrument;
        }
    return count;
}

struct intent strategy_cancel(const struct strategy_view *view, const struct working *working)
{
    return (struct intent){.kind = INTENT_CANCEL,
                           .side = working->side,
                           .instrument = view->instrument,
                           .strategy = view->strategy,
                           .order_id = working->order_id};
}

static struct intent new_limit(const struct strategy_view *view, enum side side,
                               int64_t price_ticks, int64_t qty_lots)
{
    return (struct intent){.kind = INTENT_NEW,
                           .side = (uint8_t)side,
                           .type = TYPE_LIMIT,
                           .instrument = view->instrument,
                           .strategy = view->strategy,
                           .price_ticks = price_ticks,
                           .qty_lots = qty_lots};
}

struct intent strategy_quote(const struct strategy_view *view, enum side side, int64_t price_ticks,
                             int64_t qty_lots)
{
    struct intent intent = new_limit(view, side, price_ticks, qty_lots);

    intent.tif = TIF_GTC;
    intent.flags = ORDER_POST_ONLY;
    return intent;
}

struct intent strategy_take(const struct strategy_view *view, enum side side, int64_t price_ticks,
                            int64_t qty_lots)
{
    struct intent intent = new_limit(view, side, price_ticks, qty_lots);

    intent.tif = TIF_IOC;
    return intent;
}

#ifdef PITWALL_BREAK_STRATEGY_HANGS
/* A deliberately broken program, to prove that somebody notices: from this update of its book on,
 * the strategy never returns. */
enum { HANGS_AT_UPDATE = 1000500 }; /* the synthetic market counts from 1,000,000 */

static void hang(const struct strategy_view *view)
{
    while (book_update_id(view->book) >= HANGS_AT_UPDATE)
        __asm__ volatile(""); /* else the compiler may assume that it ends */
}
#else
static void hang(const struct strategy_view *view)
{
    (void)view;
}
#endif

uint32_t strategy_step(enum strategy_kind kind, const struct strategy_params *params,
                       struct strategy_state *state, const struct strategy_view *view,
                       struct intent intents[MAX_INTENTS])
{
    assert(view->working_count <= WORKING_MAX);
    hang(view);
    switch (kind) {
#define STRATEGY(ID, name, ...)                                                                    \
    case STRATEGY_KIND_##ID:                                                                       \
        return name##_step(params, state, view, intents);
#include "tables/strategies.def"
#undef STRATEGY
    default:
        break; /* people want things through commands */
    }
    return 0;
}
