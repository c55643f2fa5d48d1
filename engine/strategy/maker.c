/* The maker: one bid and one ask around the mid.
 *
 * The quoted mid is shifted against the position, by half_spread_ticks when the position is at its
 * restraint: a long maker bids lower and offers lower, and so sells before it buys more. A quote
 * never reaches the opposite touch, and is post-only besides. Each side has at most one order: a
 * quote that is off is cancelled, and the next one is asked for when the venue has confirmed. What
 * the gate denied is asked for again after min_quote_life_ns, not at every update. */
#include "strategy/strategy.h"

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

/* Ticks by which the quotes are moved against the position. */
static int64_t skew_ticks(const struct strategy_params *params, int64_t position_lots)
{
    int64_t bound = params->max_position_lots;
    int64_t held = at_least(at_most(position_lots, bound), -bound);

    return bound > 0 ? (int64_t)((__int128)held * params->half_spread_ticks / bound) : 0;
}

static struct quote wanted(const struct strategy_params *params, const struct strategy_view *view,
                           enum side side)
{
    struct touch touch = book_touch(view->book);
    int64_t twice_mid = touch.bid.price_ticks + touch.ask.price_ticks;
    int64_t skew = skew_ticks(params, view->position_lots);
    int64_t held = side == SIDE_BUY ? view->position_lots : -view->position_lots;
    struct quote quote = {.qty_lots =
                              at_most(params->order_lots, params->max_position_lots - held)};

    if (side == SIDE_BUY)
        quote.price_ticks =
            at_most(twice_mid / 2 - params->half_spread_ticks - skew, touch.ask.price_ticks - 1);
    else
        quote.price_ticks = at_least((twice_mid + 1) / 2 + params->half_spread_ticks - skew,
                                     touch.bid.price_ticks + 1);
    if (quote.qty_lots <= 0 || quote.price_ticks <= 0 || quote.price_ticks > MAX_PRICE_TICKS)
        quote.qty_lots = 0;
    return quote;
}

/* A quote must go at once when filling it would break the restraint; one that is merely off may
 * live its least life. */
static bool must_go(const struct strategy_params *params, const struct strategy_view *view,
                    const struct working *working, struct quote quote)
{
    int64_t held = working->side == SIDE_BUY ? view->position_lots : -view->position_lots;
    int64_t off = working->price_ticks - quote.price_ticks;

    if (quote.qty_lots == 0 || held + working->leaves_lots > params->max_position_lots)
        return true;
    if (view->now_ns - working->sent_ns < params->min_quote_life_ns)
        return false;
    return off != 0 && (off < 0 ? -off : off) >= params->requote_ticks;
}

static bool can_be_cancelled(const struct working *working)
{
    return working->state == ORDER_WORKING || working->state == ORDER_PARTLY_FILLED;
}

/* Looks after the orders of one side; true when there is none. */
static bool tend(const struct strategy_params *params, const struct strategy_view *view,
                 enum side side, struct quote quote, struct intent *intents, uint32_t *count)
{
    uint32_t found = 0;

    for (uint32_t at = 0; at < view->working_count; at++) {
        const struct working *working = &view->working[at];

        if (working->side != side)
            continue;
        found++;
        if (can_be_cancelled(working) && (found > 1 || must_go(params, view, working, quote)))
            intents[(*count)++] = strategy_cancel(view, working);
    }
    return found == 0;
}

static struct intent new_quote(const struct strategy_view *view, enum side side, struct quote quote)
{
    return (struct intent){.kind = INTENT_NEW,
                           .side = (uint8_t)side,
                           .type = TYPE_LIMIT,
                           .tif = TIF_GTC,
                           .flags = ORDER_POST_ONLY,
                           .instrument = view->instrument,
                           .strategy = view->strategy,
                           .price_ticks = quote.price_ticks,
                           .qty_lots = quote.qty_lots};
}

uint32_t maker_step(const struct strategy_params *params, struct strategy_state *state,
                    const struct strategy_view *view, struct intent intents[MAX_INTENTS])
{
    uint32_t count = 0;

    if (view->stale || book_is_stale(view->book))
        return strategy_cancel_all(view, intents);
    for (int side = SIDE_BUY; side <= SIDE_SELL; side++) {
        struct quote quote = wanted(params, view, (enum side)side);
        int64_t *quoted_ns = &state->quoted_ns[side];

        if (!tend(params, view, (enum side)side, quote, intents, &count) || quote.qty_lots == 0)
            continue;
        if (*quoted_ns != 0 && view->now_ns - *quoted_ns < params->min_quote_life_ns)
            continue;
        *quoted_ns = view->now_ns;
        intents[count++] = new_quote(view, (enum side)side, quote);
    }
    return count;
}
