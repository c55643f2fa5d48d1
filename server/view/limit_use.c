/* How much of its limits each scope uses now.
 *
 * Worked out from the same events as all the rest of the view, in one pass over the orders that are
 * not finished: what works on each side of each instrument, of everybody and of each strategy.
 * Firm, venue and instrument look at the instrument's total, a strategy at its own, as the gate
 * does. While an amend is under way an order counts with the larger quantity. */
#include "view/shapes.h"

enum { BUYS, SELLS, SIDES };
_Static_assert((int)SIDE_BUY == BUYS && (int)SIDE_SELL == SELLS, "an order's side is an index");

struct all_working {
    int64_t total[MAX_INSTRUMENTS][SIDES], own[MAX_STRATEGIES][MAX_INSTRUMENTS][SIDES];
    int64_t orders[MAX_SCOPES];
};

/* Of one scope; the money's signs are those of the lots. */
struct worst {
    int64_t lots, liquidation_e8;
    __int128 long_e8, short_e8, gross_e8;
    bool valued; /* all that is held or works has a mark and a rate */
};

static uint16_t venue_of(const struct view *view, uint16_t instrument)
{
    return view->from.config->instrument[instrument].venue;
}

static int64_t working_lots(const struct view_order *order)
{
    int64_t amended = order->amend_qty_lots - order->filled_lots;

    return amended > order->leaves_lots ? amended : order->leaves_lots;
}

static void count_order(const struct view *view, const struct view_order *order,
                        struct all_working *working)
{
    struct scope_map map = view->from.config->scopes;
    uint16_t instrument = order->instrument % MAX_INSTRUMENTS;
    uint16_t strategy = order->strategy % MAX_STRATEGIES;
    int64_t lots = working_lots(order);

    working->total[instrument][order->side % SIDES] += lots;
    working->own[strategy][instrument][order->side % SIDES] += lots;
    working->orders[scope_of_firm()]++;
    working->orders[scope_of_venue(map, venue_of(view, instrument)) % MAX_SCOPES]++;
    working->orders[scope_of_strategy(map, strategy) % MAX_SCOPES]++;
    working->orders[scope_of_instrument(map, instrument) % MAX_SCOPES]++;
}

static void count_orders(struct view *view, struct all_working *working)
{
    for (const struct view_order *order = view_orders_newest(&view->orders); order;
         order = view_orders_older(&view->orders, order))
        if (view_order_is_live(order))
            count_order(view, order, working);
}

/* --- what it could come to --- */

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

static int64_t larger(int64_t one, int64_t other)
{
    return one > other ? one : other;
}

static __int128 wide_magnitude(__int128 value)
{
    return value < 0 ? -value : value;
}

static __int128 wide_larger(__int128 one, __int128 other)
{
    one = wide_magnitude(one);
    other = wide_magnitude(other);
    return one > other ? one : other;
}

/* Below INT64_MAX, which is "not known". */
static int64_t known(__int128 value)
{
    return value >= INT64_MAX ? INT64_MAX - 1 : (int64_t)value;
}

/* 0: there is no mark, or no rate. */
static int64_t lot_value_e8(const struct view *view, uint16_t instrument)
{
    const struct instrument *row = &view->from.config->instrument[instrument];
    int64_t mark = model_mark_e8_ticks(view, instrument);
    int64_t rate = shape_rate_e8(view, row->currency);

    return mark == 0 || rate == 0 ? 0 : instrument_lot_value_e8(row, mark, rate);
}

static void add(const struct view *view, uint16_t instrument, int64_t held,
                const int64_t working[SIDES], struct worst *worst)
{
    int64_t up = held + working[BUYS], down = held - working[SELLS];
    int64_t value = lot_value_e8(view, instrument);
    int64_t distance = view->pnl.marks[instrument].liquidation_distance_e8;

    worst->lots = larger(worst->lots, larger(magnitude(up), magnitude(down)));
    worst->long_e8 += (__int128)up * value;
    worst->short_e8 += (__int128)down * value;
    worst->gross_e8 += wide_larger((__int128)up * value, (__int128)down * value);
    worst->valued &= value != 0 || (up == 0 && down == 0);
    if (held != 0 && distance < worst->liquidation_e8)
        worst->liquidation_e8 = distance;
}

static struct worst worst_of(const struct view *view, const struct all_working *working,
                             uint16_t scope)
{
    struct worst worst = {.liquidation_e8 = INT64_MAX, .valued = true};
    uint16_t index;
    bool own = scope_kind_of(view->from.config->scopes, scope, &index) == SCOPE_STRATEGY;

    for (uint16_t i = 0; i < view->from.config->instruments; i++) {
        if (!scope_has_instrument(view->from.config->scopes, scope, i, venue_of(view, i)))
            continue;
        if (own)
            add(view, i, view->own[index][i].lots, working->own[index][i], &worst);
        else
            add(view, i, view->total[i].lots, working->total[i], &worst);
    }
    return worst;
}

/* --- money --- */

static int64_t drawdown_e8(const struct view *view)
{
    __int128 drop = (__int128)view->pnl.peak_e8 - view->pnl.equity_e8;

    if (view->pnl.peak_e8 <= 0)
        return INT64_MAX;
    return drop <= 0 ? 0 : known((drop * MONEY_ONE_E8 - 1) / view->pnl.peak_e8 + 1);
}

/* The engine's own figures, while they are fresh and nothing lacks a mark. */
static void add_money(const struct view *view, uint16_t scope, const struct worst *worst,
                      struct view_use *use)
{
    if (!model_money_is_fresh(view) || !view->pnl.complete)
        return;
    use->measured[LIMIT_MAX_DAILY_LOSS] = known(larger(0, -view->pnl.day_e8[scope]));
    use->measured[LIMIT_MAX_DRAWDOWN_RATIO] = drawdown_e8(view);
    use->measured[LIMIT_MAX_MARGIN_RATIO] = known(view->pnl.margin_ratio_e8);
    use->measured[LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO] = worst->liquidation_e8;
}

/* What the engine counts, as for an order that adds nothing. */
static void add_counts(const struct view *view, uint16_t scope, struct view_use *use)
{
    const struct view_tallies *tallies = &view->tallies;

    use->measured[LIMIT_MAX_MESSAGES_PER_S] = tallies_messages(tallies, scope, model_now_ns(view));
    use->measured[LIMIT_MAX_ORDERS_PER_DAY] = tallies->orders_today[scope];
    use->measured[LIMIT_MAX_REPEATED_EXECUTIONS] = tallies->executions[scope];
}

static struct view_use use_of(const struct view *view, const struct all_working *working,
                              uint16_t scope)
{
    struct worst worst = worst_of(view, working, scope);
    struct view_use use;

    for (int id = 0; id < LIMIT_COUNT; id++)
        use.measured[id] = INT64_MAX;
    use.measured[LIMIT_MAX_OPEN_ORDERS] = working->orders[scope];
    use.measured[LIMIT_MAX_POSITION_LOTS] = worst.lots;
    if (worst.valued) {
        use.measured[LIMIT_MAX_GROSS_NOTIONAL] = known(worst.gross_e8);
        use.measured[LIMIT_MAX_NET_NOTIONAL] = known(wide_larger(worst.long_e8, worst.short_e8));
    }
    add_money(view, scope, &worst, &use);
    add_counts(view, scope, &use);
    return use;
}

void view_limit_use(struct view *view, struct view_use *uses)
{
    struct all_working working = {0};

    view_enter(view);
    count_orders(view, &working);
    for (uint16_t scope = 0; scope < scope_count(view->from.config->scopes); scope++)
        uses[scope] = use_of(view, &working, scope);
    view_leave(view);
}

/* --- messages --- */

static int64_t tighter(int64_t budget, int64_t other)
{
    if (other <= 0) /* unset, or set to nothing: then no message leaves */
        return budget;
    return budget == 0 || other < budget ? other : budget;
}

int64_t view_message_budget(struct view *view, uint16_t gateway)
{
    const struct config *config = view->from.config;
    uint16_t venue = config_gateway_venue(config, gateway);
    uint16_t of_venue = scope_of_venue(config->scopes, venue);
    bool is_simulated = config->venue_settings[venue].kind == GATEWAY_SIMULATED;
    int64_t budget = is_simulated ? 0 : config->venue_settings[venue].orders_per_s;

    view_enter(view);
    budget = tighter(budget, view->scope[scope_of_firm()].limits.value[LIMIT_MAX_MESSAGES_PER_S]);
    budget = tighter(budget, view->scope[of_venue].limits.value[LIMIT_MAX_MESSAGES_PER_S]);
    view_leave(view);
    return budget;
}

/* --- ratios --- */

int64_t view_limit_shown(enum limit_id id, int64_t value)
{
    if (value != LIMIT_DENY)
        return value;
    return limit_row(id)->sense == LIMIT_MOST ? 0 : limit_row(id)->max;
}

int64_t view_used_ratio_e8(enum limit_id id, int64_t limit, int64_t measured)
{
    bool least = limit_row(id)->sense == LIMIT_LEAST;
    int64_t used = least ? limit : measured, of = least ? measured : limit;
    __int128 ratio;

    if (of <= 0)
        return used <= 0 ? RATIO_ONE_E8 : USED_MOST_E8;
    ratio = ((__int128)used * RATIO_ONE_E8 + of - 1) / of;
    return ratio > USED_MOST_E8 ? USED_MOST_E8 : (int64_t)ratio;
}

int64_t view_drift_ratio_e8(int64_t ours, int64_t venues)
{
    int64_t drift = magnitude(ours - venues);
    int64_t larger = magnitude(ours) > magnitude(venues) ? magnitude(ours) : magnitude(venues);

    return larger == 0 ? 0 : (int64_t)((__int128)drift * RATIO_ONE_E8 / larger);
}
