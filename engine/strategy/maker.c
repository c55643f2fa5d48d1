/* The maker: one bid and one ask around the price that avellaneda.h says.
 *
 * A quote never reaches the opposite touch, and is post-only besides. Each side has at most one
 * order. A quote that is off is cancelled, and the next one is asked for when the venue has
 * confirmed; or, with use_amend, it is amended in place. What the gate denied is asked for again
 * after min_quote_life_ns, not at every update. */
#include "strategy/avellaneda.h"
#include "strategy/fixed.h"

struct quote {
    int64_t price_ticks, qty_lots; /* qty 0: no quote on this side */
};

static int64_t at_most(int64_t value, int64_t bound)
{
    return value < bound ? value : bound;
}

static int64_t at_least(int64_t value, int64_t bound)
{
    return value > bound ? value : bound;
}

static struct quote wanted(const struct strategy_params *params, const struct strategy_view *view,
                           const struct quoting *around, enum side side)
{
    struct touch touch = book_touch(view->book);
    int64_t held = side == SIDE_BUY ? view->position_lots : -view->position_lots;
    int64_t bid_e8 = around->centre_e8_ticks - around->half_e8_ticks;
    int64_t ask_e8 = around->centre_e8_ticks + around->half_e8_ticks;
    struct quote quote = {.qty_lots =
                              at_most(params->order_lots, params->max_position_lots - held)};

    if (side == SIDE_BUY)
        quote.price_ticks =
            at_most(fixed_div_floor(bid_e8, PRICE_ONE_E8), touch.ask.price_ticks - 1);
    else
        quote.price_ticks =
            at_least(fixed_div_ceil(ask_e8, PRICE_ONE_E8), touch.bid.price_ticks + 1);
    if (quote.qty_lots <= 0 || quote.price_ticks <= 0 || quote.price_ticks > MAX_PRICE_TICKS)
        quote.qty_lots = 0;
    return quote;
}

/* Filling it would break the restraint, or nothing is wanted on this side: it goes at once. */
static bool must_go(const struct strategy_params *params, const struct strategy_view *view,
                    const struct working *working, struct quote quote)
{
    int64_t held = working->side == SIDE_BUY ? view->position_lots : -view->position_lots;

    return quote.qty_lots == 0 || held + working->leaves_lots > params->max_position_lots;
}

/* One that is merely off may live its least life. */
static bool is_off(const struct strategy_params *params, const struct strategy_view *view,
                   const struct working *working, struct quote quote)
{
    int64_t off = working->price_ticks - quote.price_ticks;

    if (view->now_ns - working->sent_ns < params->min_quote_life_ns)
        return false;
    return off != 0 && (off < 0 ? -off : off) >= params->requote_ticks;
}

/* The same order at another price; its total is what is filled and what is wanted now. */
static struct intent amend(const struct strategy_view *view, const struct working *working,
                           struct quote quote)
{
    return (struct intent){.kind = INTENT_AMEND,
                           .side = working->side,
                           .type = TYPE_LIMIT,
                           .tif = TIF_GTC,
                           .flags = ORDER_POST_ONLY,
                           .instrument = view->instrument,
                           .strategy = view->strategy,
                           .price_ticks = quote.price_ticks,
                           .qty_lots = working->filled_lots + quote.qty_lots,
                           .order_id = working->order_id};
}

static bool asked_lately(const struct strategy_params *params, const struct strategy_view *view,
                         int64_t quoted_ns)
{
    return quoted_ns != 0 && view->now_ns - quoted_ns < params->min_quote_life_ns;
}

/* What becomes of one order of a side; `spare`: the side has another before it. */
static void tend_one(const struct strategy_params *params, const struct strategy_view *view,
                     const struct working *working, struct quote quote, bool spare,
                     int64_t *quoted_ns, struct intent *intents, uint32_t *count)
{
    if (!working_can_change(working))
        return;
    if (spare || must_go(params, view, working, quote)) {
        intents[(*count)++] = strategy_cancel(view, working);
    } else if (is_off(params, view, working, quote)) {
        if (params->use_amend == 0) {
            intents[(*count)++] = strategy_cancel(view, working);
        } else if (!asked_lately(params, view, *quoted_ns)) {
            *quoted_ns = view->now_ns;
            intents[(*count)++] = amend(view, working, quote);
        }
    }
}

/* Looks after the orders of one side; true when there is none. */
static bool tend(const struct strategy_params *params, const struct strategy_view *view,
                 enum side side, struct quote quote, int64_t *quoted_ns, struct intent *intents,
                 uint32_t *count)
{
    uint32_t found = 0;

    for (uint32_t at = 0; at < view->working_count; at++)
        if (view->working[at].side == side)
            tend_one(params, view, &view->working[at], quote, found++ > 0, quoted_ns, intents,
                     count);
    return found == 0;
}

uint32_t maker_step(const struct strategy_params *params, struct strategy_state *state,
                    const struct strategy_view *view, struct intent intents[MAX_INTENTS])
{
    uint32_t count = 0;
    struct quoting around;

    if (view->stale || book_is_stale(view->book))
        return strategy_cancel_all(view, intents);
    around = avellaneda_quoting(params, state, view);
    for (int side = SIDE_BUY; side <= SIDE_SELL; side++) {
        struct quote quote = wanted(params, view, &around, (enum side)side);
        int64_t *quoted_ns = &state->quoted_ns[side];

        if (!tend(params, view, (enum side)side, quote, quoted_ns, intents, &count) ||
            quote.qty_lots == 0 || asked_lately(params, view, *quoted_ns))
            continue;
        *quoted_ns = view->now_ns;
        intents[count++] = strategy_quote(view, (enum side)side, quote.price_ticks, quote.qty_lots);
    }
    return count;
}
