#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "risk/explain.h"

/* An order that uses up every limit exactly, as the firm alone has set them. */
static struct limits limits[GATE_SCOPES];
static bool margined, for_exit;
static struct gate_input in;
static struct gate_measures measures;
static struct gate_use use[GATE_SCOPES];
static struct gate_table table;
static struct verdict verdict;

static void set_up(void)
{
    int64_t *firm = limits[GATE_FIRM].value;

    for (unsigned at = 0; at < GATE_SCOPES; at++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            limits[at].value[id] = LIMIT_UNSET;
    firm[LIMIT_MAX_ORDER_LOTS] = 10;
    firm[LIMIT_MAX_ORDER_NOTIONAL] = 500;
    firm[LIMIT_PRICE_COLLAR_RATIO] = RATIO_ONE_E8 / 100;
    firm[LIMIT_MAX_DATA_AGE_MS] = 100;
    firm[LIMIT_DUPLICATE_WINDOW_MS] = 50;
    firm[LIMIT_MAX_POSITION_LOTS] = 60; /* 20 held + 30 working + 10 */
    firm[LIMIT_MAX_OPEN_ORDERS] = 5;
    firm[LIMIT_MAX_MESSAGES_PER_S] = 12; /* two of them are kept for cancels */
    firm[LIMIT_MAX_ORDERS_PER_DAY] = 1000;
    firm[LIMIT_MAX_REPEATED_EXECUTIONS] = 70;
    firm[LIMIT_MAX_GROSS_NOTIONAL] = 9000;
    firm[LIMIT_MAX_NET_NOTIONAL] = 8000;
    firm[LIMIT_MAX_DAILY_LOSS] = 1000;
    firm[LIMIT_MAX_DRAWDOWN_RATIO] = RATIO_ONE_E8 / 20;
    firm[LIMIT_MAX_MARGIN_RATIO] = RATIO_ONE_E8 / 2;
    firm[LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO] = RATIO_ONE_E8 / 10;
    margined = true;
    for_exit = false;
    in = (struct gate_input){.price_ticks = 1010,
                             .qty_lots = 10,
                             .mid_twice_ticks = 2000,
                             .now_ns = 2000000000,
                             .book_ns = 1900000000,
                             .position_lots = {20, 20},
                             .working_lots = {30, 30},
                             .buy = true};
    measures = (struct gate_measures){.notional_e8 = 500,
                                      .duplicate_age_ns = 50000000,
                                      .drawdown_ratio_e8 = RATIO_ONE_E8 / 20,
                                      .margin_ratio_e8 = RATIO_ONE_E8 / 2,
                                      .liquidation_distance_e8 = RATIO_ONE_E8 / 10,
                                      .venue_age_ns = 100000000,
                                      .rate_age_ns = -1,
                                      .required_e8 = 77,
                                      .available_e8 = 77};
    for (unsigned at = 0; at < GATE_SCOPES; at++)
        use[at] = (struct gate_use){.day_pnl_e8 = -1000,
                                    .gross_e8 = 9000,
                                    .net_e8 = 8000,
                                    .open_orders = 5,
                                    .messages = 10,
                                    .orders_today = 1000,
                                    .executions = 70};
}

static enum denial judge(void)
{
    struct gate_limits from = {
        .number = {0, 11, 12, 13}, .generation = 7, .margined = margined, .exit = for_exit};

    for (unsigned at = 0; at < GATE_SCOPES; at++)
        from.scope[at] = &limits[at];
    gate_compile(&from, &table);
    gate_measure(&verdict, measures);
    for (unsigned at = 0; at < GATE_SCOPES; at++)
        gate_use(&verdict, at, use[at]);
    cr_assert(gate_input_is_sound(&in));
    gate_check(&table, &in, &verdict);
    return (enum denial)verdict.denial;
}

static enum denial denial_of(unsigned id)
{
    return id == LIMIT_DUPLICATE_WINDOW_MS ? DENY_DUPLICATE : (enum denial)(id + 1);
}

/* One step tighter; of what is kept for cancels only every fifth step tells. */
static int64_t tightened(unsigned id, int64_t value)
{
    if (id == LIMIT_MAX_MESSAGES_PER_S)
        return value - 1;
    return limit_row((enum limit_id)id)->sense == LIMIT_MOST ? value - 1 : value + 1;
}

TestSuite(gate, .init = set_up);

Test(gate, what_uses_up_every_limit_exactly_passes_and_is_explained)
{
    cr_assert(eq(int, judge(), DENIAL_NONE));
    cr_assert(eq(u64, verdict.generation, 7));
    cr_assert(eq(int, verdict.refused, 0));
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        struct check check = explain_limit(&table, &verdict, (enum limit_id)id);

        cr_assert(check.passed, "%s", limit_row((enum limit_id)id)->name);
        cr_assert(eq(i64, check.headroom, 0), "%s", limit_row((enum limit_id)id)->name);
        cr_assert(eq(i64, check.measured, check.limit));
    }
}

/* One step over each limit, by each scope's limit in turn; all other checks still tell. */
Test(gate, one_step_tighter_in_any_scope_denies_by_that_limit_alone)
{
    for (unsigned at = 0; at < GATE_SCOPES; at++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++) {
            const char *name = limit_row((enum limit_id)id)->name;
            struct check check;
            enum limit_id denied_by;

            set_up();
            limits[at].value[id] = tightened(id, limits[GATE_FIRM].value[id]);
            cr_assert(eq(int, judge(), denial_of(id)), "%s", name);
            cr_assert(explain_denial(&verdict, &denied_by, &check));
            cr_assert(eq(int, denied_by, (int)id));
            cr_assert(eq(int, check.scope, table.scope[at]), "%s in scope %u", name, at);
            cr_assert(not(check.passed));
            cr_assert(lt(i64, check.headroom, 0), "%s", name);
            for (unsigned other = 0; other < LIMIT_COUNT; other++)
                cr_assert(eq(int, explain_limit(&table, &verdict, (enum limit_id)other).passed,
                             other != id),
                          "%s", name);
        }
}

Test(gate, a_limit_that_no_scope_sets_denies_and_is_named)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        set_up();
        limits[GATE_FIRM].value[id] = LIMIT_UNSET;
        cr_assert(eq(int, judge(), DENY_LIMIT_NOT_SET));
        cr_assert(eq(int, verdict.denied_by, (int)id));
        cr_assert(eq(i64, explain_limit(&table, &verdict, (enum limit_id)id).limit, LIMIT_UNSET));
        limits[GATE_INSTRUMENT].value[id] = limit_row((enum limit_id)id)->sense == LIMIT_MOST
                                                ? limit_row((enum limit_id)id)->max
                                                : 0;
        cr_assert(eq(int, judge(), DENIAL_NONE), "one scope is enough");
    }
}

Test(gate, a_limit_taken_away_denies_though_another_scope_sets_it)
{
    for (unsigned at = 0; at < GATE_SCOPES; at++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++) {
            struct check check;

            set_up();
            limits[at].value[id] = LIMIT_DENY;
            cr_assert(eq(int, judge(), DENY_LIMIT_NOT_SET));
            check = explain_limit(&table, &verdict, (enum limit_id)id);
            cr_assert(eq(i64, check.limit, LIMIT_DENY));
            cr_assert(eq(int, check.scope, table.scope[at]));
            cr_assert(not(check.passed));
        }
}

Test(gate, a_looser_limit_elsewhere_changes_nothing)
{
    for (unsigned at = 1; at < GATE_SCOPES; at++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++) {
            set_up();
            limits[at].value[id] = limit_row((enum limit_id)id)->sense == LIMIT_MOST
                                       ? limit_row((enum limit_id)id)->max
                                       : 0;
            cr_assert(eq(int, judge(), DENIAL_NONE));
            limits[GATE_FIRM].value[id] = tightened(id, limits[GATE_FIRM].value[id]);
            cr_assert(eq(int, judge(), denial_of(id)));
        }
}

/* A scope's own count is compared with its own limit, not with its neighbour's. */
Test(gate, each_scope_is_measured_by_itself)
{
    limits[GATE_STRATEGY].value[LIMIT_MAX_OPEN_ORDERS] = 3;
    use[GATE_STRATEGY].open_orders = 3;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    use[GATE_STRATEGY].open_orders = 4;
    cr_assert(eq(int, judge(), DENY_MAX_OPEN_ORDERS));
    set_up();
    limits[GATE_STRATEGY].value[LIMIT_MAX_POSITION_LOTS] = 12;
    in.position_lots[GATE_OWN] = 2;
    in.working_lots[GATE_OWN] = 0;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    in.working_lots[GATE_OWN] = 1;
    cr_assert(eq(int, judge(), DENY_MAX_POSITION_LOTS));
}

Test(gate, working_orders_of_the_other_side_are_not_netted)
{
    in.buy = false; /* 20 long: 10 + 30 sold leaves 20 short, far from 60 */
    in.price_ticks = 990;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    cr_assert(eq(i64, explain_limit(&table, &verdict, LIMIT_MAX_POSITION_LOTS).measured, 20));
}

Test(gate, a_price_just_outside_the_collar_denies_on_both_sides)
{
    in.price_ticks = 1011;
    cr_assert(eq(int, judge(), DENY_PRICE_COLLAR_RATIO));
    in.price_ticks = 989;
    cr_assert(eq(int, judge(), DENY_PRICE_COLLAR_RATIO));
    in.price_ticks = 990;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    in.mid_twice_ticks = 2001; /* half a tick: 990 is now 10.5 away, of 1000.5 */
    cr_assert(eq(int, judge(), DENY_PRICE_COLLAR_RATIO));
    cr_assert(eq(i64, explain_limit(&table, &verdict, LIMIT_PRICE_COLLAR_RATIO).measured, 1049476));
}

Test(gate, data_is_as_old_as_the_older_of_both_clocks_says)
{
    in.book_ns = in.now_ns;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    measures.venue_age_ns++;
    cr_assert(eq(int, judge(), DENY_MAX_DATA_AGE_MS));
    cr_assert(eq(i64, explain_limit(&table, &verdict, LIMIT_MAX_DATA_AGE_MS).measured, 101));
    measures.venue_age_ns = -1;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    in.book_ns = in.now_ns - 100000001;
    cr_assert(eq(int, judge(), DENY_MAX_DATA_AGE_MS));
    in.book_ns = in.now_ns + 5; /* the clock stepped back */
    cr_assert(eq(int, judge(), DENIAL_NONE));
    cr_assert(eq(i64, verdict.book_age_ns, 0));
}

Test(gate, a_book_that_never_came_is_too_old)
{
    in.book_ns = 0;
    cr_assert(eq(int, judge(), DENY_MAX_DATA_AGE_MS));
    cr_assert(eq(i64, verdict.book_age_ns, -1));
}

Test(gate, no_equal_order_is_no_duplicate)
{
    measures.duplicate_age_ns = INT64_MAX;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    measures.duplicate_age_ns = 49999999;
    cr_assert(eq(int, judge(), DENY_DUPLICATE));
    cr_assert(eq(i64, explain_limit(&table, &verdict, LIMIT_DUPLICATE_WINDOW_MS).measured, 49));
}

Test(gate, margin_limits_do_not_bind_what_has_no_margin)
{
    margined = false;
    limits[GATE_FIRM].value[LIMIT_MAX_MARGIN_RATIO] = LIMIT_UNSET;
    limits[GATE_FIRM].value[LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO] = LIMIT_UNSET;
    measures.liquidation_distance_e8 = INT64_MAX;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    cr_assert(explain_limit(&table, &verdict, LIMIT_MAX_MARGIN_RATIO).passed);
    cr_assert(eq(i64, explain_limit(&table, &verdict, LIMIT_MAX_MARGIN_RATIO).limit, INT64_MAX));
}

Test(gate, a_fifth_of_the_messages_is_kept_for_cancels)
{
    use[GATE_VENUE].messages = 11;
    cr_assert(
        eq(int, judge(), DENIAL_NONE)); /* the venue sets no limit: the firm's is the firm's */
    use[GATE_FIRM].messages = 11;
    cr_assert(eq(int, judge(), DENY_MAX_MESSAGES_PER_S));
    cr_assert(eq(i64, explain_limit(&table, &verdict, LIMIT_MAX_MESSAGES_PER_S).limit, 10));
}

Test(gate, what_forbids_outright_is_named_before_any_limit)
{
    static const enum denial known[] = {
        DENY_UNKNOWN_INSTRUMENT, DENY_NOT_PERMITTED, DENY_BUSY,
        DENY_STALE_DATA,         DENY_NO_REFERENCE,  DENY_SELF_MATCH};

    limits[GATE_FIRM].value[LIMIT_MAX_ORDER_LOTS] = 1;
    for (unsigned at = 0; at < sizeof known / sizeof known[0]; at++) {
        in.refused = (uint16_t)(1U << (known[at] - FIRST_OUTRIGHT));
        cr_assert(eq(int, judge(), known[at]));
        cr_assert(not(explain_outright(&verdict, known[at])));
        cr_assert(eq(int, verdict.denied_by, LIMIT_COUNT));
        cr_assert(not(explain_limit(&table, &verdict, LIMIT_MAX_ORDER_LOTS).passed));
    }
    in.refused = 0;
    in.state = STATE_HALTED;
    cr_assert(eq(int, judge(), DENY_HALTED));
    in.state = STATE_ACTIVE;
    measures.available_e8--;
    cr_assert(eq(int, judge(), DENY_BALANCE));
}

Test(gate, what_cannot_be_counted_with_is_refused)
{
    static const int64_t wild[] = {0, -1, INT64_MIN, INT64_MAX};

    for (unsigned at = 0; at < sizeof wild / sizeof wild[0]; at++) {
        set_up();
        in.price_ticks = wild[at];
        cr_assert(eq(int, judge(), DENY_OFF_TICK));
        set_up();
        in.qty_lots = wild[at];
        cr_assert(eq(int, judge(), DENY_OFF_LOT));
        set_up();
        in.mid_twice_ticks = wild[at];
        cr_assert(eq(int, judge(), DENY_NO_REFERENCE));
    }
}

static void make_reducing(void)
{
    set_up();
    in.buy = false;
    in.price_ticks = 990;
    in.working_lots[GATE_TOTAL] = in.working_lots[GATE_OWN] = 10; /* 20 long, 10 + 10 sold: flat */
}

Test(gate, reducing_lets_only_what_shrinks_the_position_pass)
{
    in.state = STATE_REDUCING;
    cr_assert(eq(int, judge(), DENY_REDUCING_ONLY));
    make_reducing();
    in.state = STATE_REDUCING;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    in.qty_lots = 11; /* would cross zero */
    limits[GATE_FIRM].value[LIMIT_MAX_ORDER_LOTS] = 100;
    cr_assert(eq(int, judge(), DENY_REDUCING_ONLY));
    in.qty_lots = 10;
    in.position_lots[GATE_OWN] = 0; /* somebody else's position */
    cr_assert(eq(int, judge(), DENY_REDUCING_ONLY));
    in.state = STATE_ACTIVE;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    in.reduce_only = true;
    cr_assert(eq(int, judge(), DENY_REDUCING_ONLY));
}

Test(gate, an_exit_leaves_a_halted_scope_but_never_enlarges)
{
    make_reducing();
    in.state = STATE_HALTED;
    in.reduce_only = true;
    cr_assert(eq(int, judge(), DENY_HALTED));
    for_exit = true;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    in.position_lots[GATE_OWN] = -5; /* judged by the instrument's total.. */
    cr_assert(eq(int, judge(), DENIAL_NONE));
    in.exit_own = true; /* ..or by the strategy's own */
    cr_assert(eq(int, judge(), DENY_REDUCING_ONLY));
    in.position_lots[GATE_OWN] = 20;
    in.position_lots[GATE_TOTAL] = -5;
    cr_assert(eq(int, judge(), DENIAL_NONE));
    in.exit_own = false;
    cr_assert(eq(int, judge(), DENY_REDUCING_ONLY));
}

Test(gate, a_loss_does_not_keep_an_exit_in_but_the_collar_does)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        bool waived = limit_row((enum limit_id)id)->exits == LIMIT_WAIVED;

        make_reducing();
        for_exit = true;
        limits[GATE_FIRM].value[id] = LIMIT_DENY;
        cr_assert(eq(int, judge(), waived ? DENIAL_NONE : DENY_LIMIT_NOT_SET), "%s",
                  limit_row((enum limit_id)id)->name);
    }
    make_reducing();
    for_exit = true;
    use[GATE_FIRM].day_pnl_e8 = -1000000;
    use[GATE_FIRM].messages = 12; /* the reserve is for exits too */
    cr_assert(eq(int, judge(), DENIAL_NONE));
    in.price_ticks = 989;
    cr_assert(eq(int, judge(), DENY_PRICE_COLLAR_RATIO));
}

Test(gate, limits_out_of_their_rows_do_not_hold_and_are_never_looser)
{
    cr_assert(gate_limits_hold(&limits[GATE_FIRM]));
    cr_assert(gate_limits_hold(&limits[GATE_VENUE]));
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        set_up();
        limits[GATE_FIRM].value[id] = limit_row((enum limit_id)id)->max + 1;
        cr_assert(not(gate_limits_hold(&limits[GATE_FIRM])));
        limits[GATE_FIRM].value[id] = -1;
        cr_assert(not(gate_limits_hold(&limits[GATE_FIRM])));
        cr_assert(eq(int, judge(), DENY_LIMIT_NOT_SET));
    }
}

Test(gate, inputs_outside_the_preconditions_are_told)
{
    in.position_lots[GATE_OWN] = MAX_HELD_LOTS + 1;
    cr_assert(not(gate_input_is_sound(&in)));
    set_up();
    in.working_lots[GATE_TOTAL] = -1;
    cr_assert(not(gate_input_is_sound(&in)));
    set_up();
    in.now_ns = -1;
    cr_assert(not(gate_input_is_sound(&in)));
}

/* --- against a slow, plain reference --- */

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int64_t any(int64_t from, int64_t to)
{
    return from + (int64_t)(next_random() % (uint64_t)(to - from + 1));
}

/* What a limit is compared with in one scope, in held units of the limit times `unit`. */
static __int128 reference_measure(unsigned id, unsigned at, __int128 *unit)
{
    unsigned holder = at == GATE_STRATEGY ? GATE_OWN : GATE_TOTAL;
    __int128 held = in.position_lots[holder];
    __int128 away = (__int128)2 * in.price_ticks - in.mid_twice_ticks;
    __int128 book_age = in.now_ns - in.book_ns;

    *unit = 1;
    switch (id) {
    case LIMIT_MAX_ORDER_LOTS:
        return in.qty_lots;
    case LIMIT_MAX_ORDER_NOTIONAL:
        return measures.notional_e8;
    case LIMIT_PRICE_COLLAR_RATIO:
        *unit = in.mid_twice_ticks;
        return (away < 0 ? -away : away) * RATIO_ONE_E8;
    case LIMIT_MAX_DATA_AGE_MS:
        *unit = 1000000;
        return measures.venue_age_ns > book_age ? measures.venue_age_ns : book_age;
    case LIMIT_DUPLICATE_WINDOW_MS:
        *unit = 1000000;
        return measures.duplicate_age_ns;
    case LIMIT_MAX_POSITION_LOTS:
        return (in.buy ? held : -held) + in.working_lots[holder] + in.qty_lots;
    case LIMIT_MAX_OPEN_ORDERS:
        return use[at].open_orders;
    case LIMIT_MAX_MESSAGES_PER_S:
        return use[at].messages;
    case LIMIT_MAX_ORDERS_PER_DAY:
        return use[at].orders_today;
    case LIMIT_MAX_REPEATED_EXECUTIONS:
        return use[at].executions;
    case LIMIT_MAX_GROSS_NOTIONAL:
        return use[at].gross_e8;
    case LIMIT_MAX_NET_NOTIONAL:
        return use[at].net_e8;
    case LIMIT_MAX_DAILY_LOSS:
        return -(__int128)use[at].day_pnl_e8;
    case LIMIT_MAX_DRAWDOWN_RATIO:
        return measures.drawdown_ratio_e8;
    case LIMIT_MAX_MARGIN_RATIO:
        return measures.margin_ratio_e8;
    default:
        return measures.liquidation_distance_e8;
    }
}

static bool reference_limit_holds(unsigned id)
{
    bool margin = id == LIMIT_MAX_MARGIN_RATIO || id == LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO;
    bool set = false;

    if ((margin && !margined) || (for_exit && limit_row((enum limit_id)id)->exits == LIMIT_WAIVED))
        return true;
    for (unsigned at = 0; at < GATE_SCOPES; at++) {
        __int128 limit = limits[at].value[id], unit, measured = reference_measure(id, at, &unit);

        if (limits[at].value[id] == LIMIT_UNSET)
            continue;
        if (limits[at].value[id] == LIMIT_DENY)
            return false;
        if (id == LIMIT_MAX_MESSAGES_PER_S && !for_exit)
            limit -= limit / 5;
        if (limit_row((enum limit_id)id)->sense == LIMIT_MOST ? measured > limit * unit
                                                              : measured < limit * unit)
            return false;
        set = true;
    }
    return set;
}

static bool reference_passes(void)
{
    __int128 sign = in.buy ? 1 : -1;
    bool total =
        sign * in.position_lots[GATE_TOTAL] + in.working_lots[GATE_TOTAL] + in.qty_lots <= 0;
    bool own = sign * in.position_lots[GATE_OWN] + in.working_lots[GATE_OWN] + in.qty_lots <= 0;
    bool reduces = for_exit ? (in.exit_own ? own : total) : total && own;

    if (in.refused != 0 || measures.required_e8 > measures.available_e8)
        return false;
    if (in.state == STATE_HALTED && !for_exit)
        return false;
    if ((in.state == STATE_REDUCING || in.reduce_only || for_exit) && !reduces)
        return false;
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        if (!reference_limit_holds(id))
            return false;
    return true;
}

/* Near the edges: what was used up exactly moves by a little, in few places at once, so that both
 * answers come often. */
static void shake(void)
{
    set_up();
    if (any(0, 1)) {
        make_reducing();
        for_exit = any(0, 1);
    }
    margined = any(0, 1);
    for (int64_t moves = any(0, 3); moves > 0; moves--) {
        unsigned at = (unsigned)any(0, 3), id = (unsigned)any(0, LIMIT_COUNT - 1);
        int64_t firm = limits[GATE_FIRM].value[id];

        switch (any(0, 13)) {
        case 0:
        case 1:
        case 2:
            limits[at].value[id] = firm < 0 ? firm : firm + any(firm > 3 ? -3 : 0, 3);
            break;
        case 3:
            limits[at].value[id] = any(0, 1) ? LIMIT_UNSET : LIMIT_DENY;
            break;
        case 4:
            in.price_ticks += any(-2, 2);
            break;
        case 5:
            in.mid_twice_ticks += any(-3, 3);
            break;
        case 6:
            in.position_lots[any(0, 1)] += any(-3, 3);
            break;
        case 7:
            in.working_lots[any(0, 1)] += any(-3, 3);
            break;
        case 8:
            in.state = (enum trading_state)any(0, 2);
            break;
        case 9:
            in.reduce_only = any(0, 1);
            in.exit_own = any(0, 1);
            break;
        case 10:
            use[at].open_orders += (int32_t)any(-1, 1);
            use[at].gross_e8 += any(-1, 1);
            use[at].net_e8 += any(-1, 1);
            break;
        case 11:
            use[at].day_pnl_e8 += any(-1, 1);
            use[at].messages += (int32_t)any(-1, 1);
            use[at].executions += (int32_t)any(-1, 1);
            break;
        case 12:
            measures.venue_age_ns += any(-1, 1);
            measures.duplicate_age_ns += any(-1, 1);
            measures.liquidation_distance_e8 += any(-1, 1);
            break;
        default:
            measures.required_e8 += any(-1, 1);
            in.qty_lots += any(-1, 1);
            in.refused = any(0, 7) ? 0 : BIT_DENY_BUSY;
        }
    }
}

Test(gate, a_counter_stops_where_it_would_wrap)
{
    cr_assert(eq(i32, gate_counter(0, 0), 0));
    cr_assert(eq(i32, gate_counter(7, 1), 8));
    cr_assert(eq(i32, gate_counter(INT32_MAX - 1, 0), INT32_MAX - 1));
    for (int32_t more = 0; more <= 1; more++) {
        cr_assert(eq(i32, gate_counter((uint32_t)(INT32_MAX - more), more), INT32_MAX));
        cr_assert(eq(i32, gate_counter(INT32_MAX, more), INT32_MAX));
        cr_assert(eq(i32, gate_counter(INT32_MAX + 1U, more), INT32_MAX));
        cr_assert(eq(i32, gate_counter(UINT32_MAX, more), INT32_MAX));
    }
}

Test(gate, agrees_with_a_plain_reference)
{
    unsigned passed = 0, rounds = 200000;

    random_state = 20417;
    for (unsigned round = 0; round < rounds; round++) {
        bool passes;

        shake();
        passes = reference_passes();
        cr_assert(eq(int, judge() == DENIAL_NONE, passes), "round %u of seed 20417: %s", round,
                  denial_name((enum denial)verdict.denial));
        if (!passes && verdict.denied_by < LIMIT_COUNT)
            cr_assert(not(reference_limit_holds(verdict.denied_by)));
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            cr_assert(eq(int, explain_limit(&table, &verdict, (enum limit_id)id).passed,
                         reference_limit_holds(id)),
                      "round %u: %s", round, limit_row((enum limit_id)id)->name);
        passed += passes;
    }
    cr_assert(gt(u32, passed, rounds / 10));
    cr_assert(lt(u32, passed, rounds * 9 / 10));
}
