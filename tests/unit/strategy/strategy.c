#include "unit/strategy/table.h"

static struct intent intents[MAX_INTENTS];

static const struct strategy_params maker = {.order_lots = 5,
                                             .max_position_lots = 20,
                                             .half_spread_ticks = 4,
                                             .requote_ticks = 3,
                                             .min_quote_life_ns = 100 * MS};

static const struct strategy_params momentum = {.order_lots = 5,
                                                .max_position_lots = 8,
                                                .fast_ns = 100 * MS,
                                                .slow_ns = 1000 * MS,
                                                .entry_e8 = 100000, /* 0.1 % */
                                                .cooldown_ns = 500 * MS};

static void set_book(int64_t bid, int64_t ask)
{
    table_levels(book, bid, 10, ask, 10);
}

static void add_working(uint64_t id, enum side side, int64_t price, int64_t lots,
                        enum order_state order_state, int64_t age_ns)
{
    table_work(view.working, &view.working_count, id, side, price, lots, order_state, age_ns);
}

static uint32_t step(const struct strategy_params *params)
{
    return strategy_step(params == &maker ? STRATEGY_KIND_MAKER : STRATEGY_KIND_MOMENTUM, params,
                         &state, &view, intents);
}

TestSuite(maker, .init = table_open, .fini = table_close);
TestSuite(momentum, .init = table_open, .fini = table_close);

Test(maker, quotes_both_sides_around_the_mid_and_only_to_make)
{
    cr_assert(eq(u32, step(&maker), 2));
    cr_assert(eq(i64, intents[0].price_ticks, 997));
    cr_assert(eq(i64, intents[1].price_ticks, 1005));
    for (int side = 0; side < 2; side++) {
        cr_assert(eq(int, intents[side].kind, INTENT_NEW));
        cr_assert(eq(int, intents[side].side, side));
        cr_assert(eq(i64, intents[side].qty_lots, 5));
        cr_assert(eq(int, intents[side].flags, ORDER_POST_ONLY));
        cr_assert(eq(int, intents[side].tif, TIF_GTC));
        cr_assert(eq(int, intents[side].strategy, 1));
    }
}

Test(maker, never_reaches_the_opposite_touch)
{
    struct strategy_params tight = maker;

    tight.half_spread_ticks = 0;
    set_book(1000, 1001);
    cr_assert(eq(u32, strategy_step(STRATEGY_KIND_MAKER, &tight, &state, &view, intents), 2));
    cr_assert(lt(i64, intents[0].price_ticks, 1001));
    cr_assert(gt(i64, intents[1].price_ticks, 1000));
}

Test(maker, leans_against_its_position)
{
    view.position_lots = 10; /* half of its restraint: half of the half spread */
    step(&maker);
    cr_assert(eq(i64, intents[0].price_ticks, 995));
    cr_assert(eq(i64, intents[1].price_ticks, 1003));
    view.position_lots = -10;
    state = (struct strategy_state){0};
    step(&maker);
    cr_assert(eq(i64, intents[0].price_ticks, 999));
    cr_assert(eq(i64, intents[1].price_ticks, 1007));
}

Test(maker, asks_for_no_more_than_its_restraint_leaves)
{
    view.position_lots = 18;
    cr_assert(eq(u32, step(&maker), 2));
    cr_assert(eq(i64, intents[0].qty_lots, 2));
    state = (struct strategy_state){0};
    view.position_lots = 20;
    cr_assert(eq(u32, step(&maker), 1));
    cr_assert(eq(int, intents[0].side, SIDE_SELL));
}

Test(maker, pulls_at_once_a_quote_that_would_break_its_restraint)
{
    view.position_lots = 17;
    add_working(1, SIDE_BUY, 997, 5, ORDER_WORKING, 1);
    add_working(2, SIDE_SELL, 1001, 5, ORDER_WORKING, 1);
    cr_assert(eq(u32, step(&maker), 1));
    cr_assert(eq(int, intents[0].kind, INTENT_CANCEL));
    cr_assert(eq(u64, intents[0].order_id, 1));
}

Test(maker, leaves_a_quote_that_is_young_or_hardly_off)
{
    add_working(1, SIDE_BUY, 990, 5, ORDER_WORKING, 99 * MS);
    add_working(2, SIDE_SELL, 1007, 5, ORDER_WORKING, 500 * MS);
    cr_assert(eq(u32, step(&maker), 0));
    view.now_ns += 1 * MS;
    cr_assert(eq(u32, step(&maker), 1), "the bid is old enough now");
    cr_assert(eq(u64, intents[0].order_id, 1));
    view.working[1].price_ticks = 1008;
    cr_assert(eq(u32, step(&maker), 2), "the ask is off by three");
}

Test(maker, asks_anew_only_when_the_cancel_is_confirmed)
{
    add_working(1, SIDE_BUY, 980, 5, ORDER_PENDING_CANCEL, 500 * MS);
    add_working(2, SIDE_SELL, 1005, 5, ORDER_UNKNOWN, 500 * MS);
    cr_assert(eq(u32, step(&maker), 0));
    view.working_count = 0;
    cr_assert(eq(u32, step(&maker), 2));
}

Test(maker, does_not_repeat_at_every_update_what_was_denied)
{
    cr_assert(eq(u32, step(&maker), 2));
    view.now_ns += 99 * MS;
    cr_assert(eq(u32, step(&maker), 0));
    view.now_ns += 1 * MS;
    cr_assert(eq(u32, step(&maker), 2));
}

Test(maker, keeps_one_order_a_side)
{
    add_working(1, SIDE_BUY, 997, 5, ORDER_WORKING, 1);
    add_working(2, SIDE_BUY, 997, 5, ORDER_WORKING, 1);
    add_working(3, SIDE_SELL, 1005, 5, ORDER_WORKING, 1);
    cr_assert(eq(u32, step(&maker), 1));
    cr_assert(eq(u64, intents[0].order_id, 2));
}

Test(maker, pulls_everything_from_a_stale_book)
{
    add_working(1, SIDE_BUY, 997, 5, ORDER_PENDING_NEW, 1);
    add_working(2, SIDE_SELL, 1005, 5, ORDER_PARTLY_FILLED, 1);
    add_working(3, SIDE_SELL, 1005, 5, ORDER_PENDING_CANCEL, 1);
    view.stale = true;
    cr_assert(eq(u32, step(&maker), 2));
    cr_assert(eq(int, intents[0].kind, INTENT_CANCEL));
    cr_assert(eq(int, intents[1].kind, INTENT_CANCEL));
    view.stale = false;
    book_mark(book, BOOK_LOST);
    cr_assert(eq(u32, step(&maker), 2), "also when only the book says so");
}

static const struct strategy_params amending = {.order_lots = 5,
                                                .max_position_lots = 20,
                                                .half_spread_ticks = 4,
                                                .requote_ticks = 3,
                                                .min_quote_life_ns = 100 * MS,
                                                .use_amend = 1};

static uint32_t amend_step(void)
{
    return strategy_step(STRATEGY_KIND_MAKER, &amending, &state, &view, intents);
}

Test(maker, amends_a_quote_that_is_off_when_told_to)
{
    add_working(1, SIDE_BUY, 990, 3, ORDER_PARTLY_FILLED, 200 * MS);
    view.working[0].filled_lots = 2;
    add_working(2, SIDE_SELL, 1005, 5, ORDER_WORKING, 200 * MS);
    cr_assert(eq(u32, amend_step(), 1));
    cr_assert(eq(int, intents[0].kind, INTENT_AMEND));
    cr_assert(eq(u64, intents[0].order_id, 1));
    cr_assert(eq(i64, intents[0].price_ticks, 997));
    cr_assert(eq(i64, intents[0].qty_lots, 7), "the total: what is filled and what is wanted");
    view.now_ns += 99 * MS;
    cr_assert(eq(u32, amend_step(), 0), "what the venue refused is not asked at every update");
    view.now_ns += 1 * MS;
    cr_assert(eq(u32, amend_step(), 1));
}

Test(maker, cancels_rather_than_amends_what_must_go)
{
    view.position_lots = 17;
    add_working(1, SIDE_BUY, 990, 5, ORDER_WORKING, 200 * MS);
    add_working(2, SIDE_SELL, 1001, 5, ORDER_WORKING, 200 * MS);
    cr_assert(eq(u32, amend_step(), 1));
    cr_assert(eq(int, intents[0].kind, INTENT_CANCEL));
    cr_assert(eq(u64, intents[0].order_id, 1));
}

/* A random walk of book, position and parameters: what must hold at every step. */
Test(maker, whatever_the_book_it_never_crosses_nor_breaks_its_restraint)
{
    struct strategy_params any;
    uint64_t random = 20417;

    for (int at = 0; at < 20000; at++) {
        int64_t bid;
        int64_t ask;
        uint32_t wanted;

        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        if (at % 500 == 0) {
            parameters_default(&any);
            any.order_lots = 1 + (int64_t)(random >> 40) % 20;
            any.max_position_lots = (int64_t)(random >> 33) % 200;
            any.half_spread_ticks = 1 + (int64_t)(random >> 50) % 10;
            any.min_quote_life_ns = 0;
            any.risk_aversion_e8 = at % 1000 ? (int64_t)(random >> 20) % 10000000 : 0;
            any.flow_e8 = (int64_t)(random >> 10) % (2 * RATIO_ONE_E8);
            any.horizon_ns = (1 + (int64_t)(random >> 45) % 60) * SECOND;
            state = (struct strategy_state){0};
        }
        bid = 1 + (int64_t)(random >> 48) % 3000;
        ask = bid + 1 + (int64_t)(random >> 60);
        view.now_ns += (int64_t)(random >> 36) % (50 * MS);
        view.position_lots = (int64_t)(random >> 30) % 401 - 200;
        table_levels(book, bid, 1 + (int64_t)(random >> 55), ask, 1 + (int64_t)(random >> 52));
        wanted = strategy_step(STRATEGY_KIND_MAKER, &any, &state, &view, intents);
        for (uint32_t i = 0; i < wanted; i++) {
            const struct intent *intent = &intents[i];
            int64_t held = intent->side == SIDE_BUY ? view.position_lots : -view.position_lots;

            cr_assert(eq(int, intent->flags, ORDER_POST_ONLY));
            cr_assert(intent->side == SIDE_BUY ? intent->price_ticks < ask
                                               : intent->price_ticks > bid);
            cr_assert(gt(i64, intent->price_ticks, 0));
            cr_assert(gt(i64, intent->qty_lots, 0));
            cr_assert(le(i64, intent->qty_lots, any.order_lots));
            cr_assert(le(i64, held + intent->qty_lots, any.max_position_lots));
        }
        if (wanted == 2)
            cr_assert(lt(i64, intents[0].price_ticks, intents[1].price_ticks));
    }
}

/* Feeds a constant touch for a while. */
static uint32_t hold(int64_t bid, int64_t for_ms)
{
    uint32_t wanted = 0;

    set_book(bid, bid + 2);
    while (for_ms-- > 0 && wanted == 0) {
        view.now_ns += MS;
        wanted = step(&momentum);
    }
    return wanted;
}

Test(momentum, waits_while_the_averages_agree)
{
    cr_assert(eq(u32, hold(1000, 3000), 0));
    cr_assert(eq(i64, state.fast_e8_ticks, 1001 * RATIO_ONE_E8));
    cr_assert(eq(i64, state.slow_e8_ticks, 1001 * RATIO_ONE_E8));
}

Test(momentum, buys_a_rise_at_the_touch_and_nothing_rests)
{
    hold(1000, 100);
    cr_assert(eq(u32, hold(1010, 1000), 1));
    cr_assert(eq(int, intents[0].side, SIDE_BUY));
    cr_assert(eq(i64, intents[0].price_ticks, 1012));
    cr_assert(eq(int, intents[0].tif, TIF_IOC));
    cr_assert(eq(int, intents[0].strategy, 1));
    cr_assert(eq(int, intents[0].instrument, 0));
    cr_assert(eq(i64, intents[0].qty_lots, 5));
    cr_assert(eq(int, intents[0].flags, 0));
}

Test(momentum, sells_a_fall)
{
    hold(1000, 100);
    cr_assert(eq(u32, hold(990, 1000), 1));
    cr_assert(eq(int, intents[0].side, SIDE_SELL));
    cr_assert(eq(i64, intents[0].price_ticks, 990));
}

Test(momentum, cools_down_and_respects_its_restraint)
{
    hold(1000, 100);
    cr_assert(eq(u32, hold(1010, 1000), 1));
    view.position_lots = 5;
    cr_assert(eq(u32, hold(1020, 499), 0));
    cr_assert(eq(u32, hold(1020, 2), 1));
    cr_assert(eq(i64, intents[0].qty_lots, 3));
    view.position_lots = 8;
    cr_assert(eq(u32, hold(1040, 2000), 0));
}

Test(momentum, gives_back_when_the_move_turns_but_never_crosses_zero)
{
    hold(1000, 100);
    view.position_lots = 3;
    cr_assert(eq(u32, hold(990, 1000), 1));
    cr_assert(eq(int, intents[0].side, SIDE_SELL));
    cr_assert(eq(i64, intents[0].qty_lots, 3));
    cr_assert(eq(int, intents[0].flags, 0), "the account may hold more than we");
}

Test(momentum, waits_for_the_outcome_of_its_last_order)
{
    hold(1000, 100);
    add_working(1, SIDE_BUY, 1002, 5, ORDER_UNKNOWN, 1);
    cr_assert(eq(u32, hold(1010, 2000), 0));
}

Test(momentum, stands_still_on_a_stale_book_and_survives_the_largest_price)
{
    set_book(MAX_PRICE_TICKS - 1, MAX_PRICE_TICKS);
    cr_assert(eq(u32, step(&momentum), 0));
    view.now_ns += 3600 * 1000 * MS;
    set_book(1, 2);
    cr_assert(eq(u32, step(&momentum), 1));
    cr_assert(eq(int, intents[0].side, SIDE_SELL));
    book_mark(book, BOOK_LOST);
    view.now_ns += 3600 * 1000 * MS;
    cr_assert(eq(u32, step(&momentum), 0));
}
