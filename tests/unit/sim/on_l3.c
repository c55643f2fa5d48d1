/* Our orders on a market of orders: who came first trades first, they or we. */
#include "unit/sim/floor.h"

#include <stdlib.h>

enum { DAN = 1, EVE = 2 }; /* accounts of others */

static struct l3 *l3;
static uint64_t others;

static void open_l3_with(struct sim_config config)
{
    free(l3);
    l3 = aligned_alloc(CACHE_LINES_APART, (l3_size(2) + 127) / 128 * 128);
    l3_init(l3, 2);
    others = L3_OTHERS_BIT;
    config.l3 = l3;
    open_floor_with(config);
    tell_snapshot(99, 5, 101, 5); /* data fills nobody here, and is not believed */
}

static void open_l3(void)
{
    open_l3_with((struct sim_config){.seed = 1});
}

static void close_l3(void)
{
    close_floor();
    free(l3);
    l3 = NULL;
}

static struct exchange_result other(uint16_t account, enum side side, uint32_t lots, uint32_t price,
                                    enum tif tif)
{
    struct exchange_order order = {.id = ++others,
                                   .price_ticks = price,
                                   .lots = lots,
                                   .account = account,
                                   .side = (uint8_t)side,
                                   .tif = (uint8_t)tif};

    return l3_new(l3, 0, &order);
}

static void expect_heard(uint64_t counter, const char *reports)
{
    pass_all();
    cr_assert(eq(str, (char *)heard_about(counter), (char *)reports));
}

TestSuite(on_l3, .init = open_l3, .fini = close_l3);

Test(on_l3, an_order_takes_what_others_left_and_pays_as_taker)
{
    other(DAN, SIDE_SELL, 3, 200, TIF_GTC);
    other(EVE, SIDE_SELL, 4, 201, TIF_GTC);
    ask_new(1, SIDE_BUY, 5, 201);
    expect_heard(1, "ack fill fill");
    cr_assert(eq(i64, heard_last()->price_ticks, 201));
    cr_assert(eq(i64, heard_last()->qty_lots, 2));
    cr_assert(eq(int, heard_last()->maker, 0));
    cr_assert(eq(u64, exchange_level_lots(l3_exchange(l3, 0), SIDE_SELL, 201), 2));
    cr_assert(eq(i64, sim_position_lots(venue_floor.sim, 0), 5));
}

Test(on_l3, in_a_queue_who_came_first_trades_first)
{
    other(DAN, SIDE_BUY, 3, 150, TIF_GTC);
    ask_new(1, SIDE_BUY, 5, 150);
    pass_all();
    other(EVE, SIDE_BUY, 9, 150, TIF_GTC);
    other(EVE, SIDE_SELL, 3, 150, TIF_IOC);
    expect_heard(1, "ack");
    other(EVE, SIDE_SELL, 4, 150, TIF_IOC);
    expect_heard(1, "ack fill");
    cr_assert(eq(i64, heard_last()->qty_lots, 4));
    cr_assert(eq(int, heard_last()->maker, 1));
    other(EVE, SIDE_SELL, 4, 150, TIF_IOC);
    expect_heard(1, "ack fill fill");
    cr_assert(eq(u32, sim_resting(venue_floor.sim), 0));
    cr_assert(eq(u64, exchange_level_lots(l3_exchange(l3, 0), SIDE_BUY, 150), 6));
}

Test(on_l3, an_order_is_not_there_before_it_has_arrived)
{
    open_l3_with((struct sim_config){.seed = 1, .order_latency_ns = 100, .ack_latency_ns = 50});
    ask_new(1, SIDE_BUY, 5, 150);
    pass_to(venue_floor.now_ns + 99);
    cr_assert(eq(u32, other(EVE, SIDE_SELL, 1, 150, TIF_IOC).answer, EXCHANGE_EXPIRED));
    pass_to(venue_floor.now_ns + 1);
    cr_assert(eq(u32, other(EVE, SIDE_SELL, 1, 150, TIF_IOC).answer, EXCHANGE_FILLED));
    cr_assert(eq(u32, venue_floor.heard_count, 0), "the answer is still on its way");
    expect_heard(1, "ack fill");
}

Test(on_l3, ioc_fok_and_post_only_end_as_their_words_say)
{
    other(DAN, SIDE_SELL, 3, 200, TIF_GTC);
    ask_message((struct order_message){.kind = ORDER_MESSAGE_NEW,
                                       .order_id = ID(1),
                                       .side = SIDE_BUY,
                                       .tif = TIF_FOK,
                                       .qty_lots = 4,
                                       .price_ticks = 200});
    expect_heard(1, "ack expired");
    ask_message((struct order_message){.kind = ORDER_MESSAGE_NEW,
                                       .order_id = ID(2),
                                       .side = SIDE_BUY,
                                       .flags = ORDER_POST_ONLY,
                                       .qty_lots = 4,
                                       .price_ticks = 200});
    expect_heard(2, "cancelled");
    ask_message((struct order_message){.kind = ORDER_MESSAGE_NEW,
                                       .order_id = ID(3),
                                       .side = SIDE_BUY,
                                       .tif = TIF_IOC,
                                       .qty_lots = 4,
                                       .price_ticks = 200});
    expect_heard(3, "ack fill expired");
    cr_assert(eq(u32, exchange_resting(l3_exchange(l3, 0)), 0));
}

Test(on_l3, a_cancelled_order_is_gone_from_the_market)
{
    ask_new(1, SIDE_BUY, 5, 150);
    ask_cancel(1);
    expect_heard(1, "ack cancelled");
    cr_assert(eq(u32, other(EVE, SIDE_SELL, 1, 150, TIF_IOC).answer, EXCHANGE_EXPIRED));
    ask_cancel(1);
    expect_heard(1, "ack cancelled cancel_rejected");
}

Test(on_l3, an_amend_keeps_the_place_only_by_shrinking)
{
    ask_new(1, SIDE_BUY, 5, 150);
    pass_all();
    other(EVE, SIDE_BUY, 5, 150, TIF_GTC);
    ask_amend(1, 4, 150);
    pass_all();
    other(DAN, SIDE_SELL, 1, 150, TIF_IOC);
    expect_heard(1, "ack amended fill");
    ask_amend(1, 9, 150); /* 8 left, behind eve now */
    pass_all();
    other(DAN, SIDE_SELL, 5, 150, TIF_IOC);
    expect_heard(1, "ack amended fill amended");
    other(DAN, SIDE_SELL, 8, 150, TIF_IOC);
    expect_heard(1, "ack amended fill amended fill");
    cr_assert(eq(i64, heard_filled(1), 9));
}

Test(on_l3, an_amend_through_the_touch_takes)
{
    other(DAN, SIDE_SELL, 3, 200, TIF_GTC);
    ask_new(1, SIDE_BUY, 5, 150);
    ask_amend(1, 5, 200);
    expect_heard(1, "ack amended fill");
    cr_assert(eq(u32, exchange_best_ticks(l3_exchange(l3, 0), SIDE_BUY), 200));
    cr_assert(eq(i64, heard_last()->qty_lots, 3));
}

Test(on_l3, what_the_data_says_fills_nobody)
{
    ask_new(1, SIDE_BUY, 5, 150);
    pass_all();
    tell_trade(true, 50, 120);
    tell_delta(0, 0, 140, 5);
    expect_heard(1, "ack");
}

Test(on_l3, more_lots_than_an_exchange_takes_are_cancelled)
{
    ask_new(1, SIDE_BUY, (int64_t)EXCHANGE_LOTS_MAX + 1, 150);
    expect_heard(1, "ack cancelled");
    cr_assert(eq(u32, sim_resting(venue_floor.sim), 0));
}

/* The receiver is stuck: the market of orders waits, or its fills would find no room. */
Test(on_l3, the_market_waits_while_reports_have_no_room)
{
    struct market_update ticker = {.kind = MARKET_TICKER};

    venue_floor.deaf = true;
    for (uint64_t at = 1; at <= 5000; at++) {
        ask_new(at, SIDE_BUY, 1, 150);
        ask_cancel(at);
        pass_to(venue_floor.now_ns + 1);
    }
    cr_assert(not(sim_market(venue_floor.sim, &ticker, venue_floor.now_ns)));
    venue_floor.deaf = false;
    pass_all();
    cr_assert(sim_market(venue_floor.sim, &ticker, venue_floor.now_ns));
}
