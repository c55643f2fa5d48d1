/* The life of orders at the venue: what rests, what trades, what ends, and who hears of it. */
#include "pit.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct pit *pit;

static void open_pit(void)
{
    pit = pit_open();
}

static void close_pit(void)
{
    pit_close(pit);
}

TestSuite(venue_orders, .init = open_pit, .fini = close_pit);

static int status_of(uint64_t no)
{
    return pit_order(pit, no)->status;
}

static struct level best(enum side side)
{
    struct level level = {0, 0};

    (void)venue_levels(pit->venue, PERP, side, &level, 1);
    return level;
}

static int create(uint16_t account, enum side side, int64_t lots, int64_t ticks, uint8_t tif,
                  uint8_t flags, uint8_t smp, uint64_t *no)
{
    return (int)pit_try(pit,
                        (struct venue_new){.account = account,
                                           .instrument = PERP,
                                           .side = (uint8_t)side,
                                           .tif = tif,
                                           .flags = flags,
                                           .smp = smp,
                                           .price_ticks = ticks,
                                           .qty_lots = lots},
                        no);
}

Test(venue_orders, a_limit_order_rests_and_is_told)
{
    uint64_t no = pit_limit(pit, ANN, PERP, SIDE_BUY, 20, 10000);

    cr_assert(eq(int, status_of(no), VENUE_ORDER_NEW));
    cr_assert(eq(i64, best(SIDE_BUY).price_ticks, 10000));
    cr_assert(eq(i64, best(SIDE_BUY).qty_lots, 20));
    cr_assert(eq(u32, pit->orders, 1));
    cr_assert(eq(u32, pit->executions, 0));
}

Test(venue_orders, a_taker_trades_at_the_price_of_who_waited)
{
    uint64_t maker = pit_limit(pit, ANN, PERP, SIDE_SELL, 20, 10000);
    uint64_t taker = pit_limit(pit, BOB, PERP, SIDE_BUY, 30, 10005);
    const struct venue_execution *done = &pit->execution[0];

    cr_assert(eq(int, status_of(maker), VENUE_ORDER_FILLED));
    cr_assert(eq(int, status_of(taker), VENUE_ORDER_PARTLY_FILLED));
    cr_assert(eq(i64, best(SIDE_BUY).qty_lots, 10));
    cr_assert(eq(u32, pit->executions, 2));
    cr_assert(eq(u32, pit->trades, 1));
    cr_assert(eq(u64, done->order_no, taker));
    cr_assert(not(done->maker));
    cr_assert(eq(i64, done->price_ticks, 10000));
    cr_assert(eq(i64, done->value_e8, 20 * PIT_E8));
    cr_assert(eq(i64, done->fee_e8, PIT_E8 / 100)); /* 0.05 % of 20 USDT */
    cr_assert(eq(i64, done->leaves_lots, 10));
    cr_assert(pit->execution[1].maker);
    cr_assert(eq(i64, venue_position(pit->venue, BOB, PERP)->lots, 20));
    cr_assert(eq(i64, venue_position(pit->venue, ANN, PERP)->lots, -20));
}

Test(venue_orders, a_market_order_ends_with_what_it_found)
{
    uint64_t no;

    pit_limit(pit, ANN, PERP, SIDE_SELL, 20, 10000);
    no = pit_market(pit, BOB, PERP, SIDE_BUY, 30);
    cr_assert(eq(int, status_of(no), VENUE_ORDER_CANCELLED));
    cr_assert(eq(int, pit_order(pit, no)->end, VENUE_END_NOTHING_THERE));
    cr_assert(eq(i64, pit_order(pit, no)->filled_lots, 20));
    cr_assert(eq(i64, best(SIDE_BUY).price_ticks, 0));
}

Test(venue_orders, a_market_order_in_an_empty_book_finds_nothing)
{
    uint64_t no = pit_market(pit, BOB, PERP, SIDE_BUY, 30);

    cr_assert(eq(int, pit_order(pit, no)->end, VENUE_END_NOTHING_THERE));
    no = pit_market(pit, BOB, SPOT, SIDE_SELL, 30);
    cr_assert(eq(int, pit_order(pit, no)->status, VENUE_ORDER_CANCELLED));
}

Test(venue_orders, a_market_order_stops_at_its_band)
{
    uint64_t no;

    pit_limit(pit, ANN, PERP, SIDE_SELL, 10, 10000);
    pit_limit(pit, ANN, PERP, SIDE_SELL, 10, 10501); /* the band is 5 % */
    no = pit_market(pit, BOB, PERP, SIDE_BUY, 20);
    cr_assert(eq(i64, pit_order(pit, no)->filled_lots, 10));
    cr_assert(eq(i64, pit_order(pit, no)->price_ticks, 10500));
}

Test(venue_orders, time_in_force_ends_an_order)
{
    uint64_t fok, ioc, post;

    pit_limit(pit, ANN, PERP, SIDE_SELL, 20, 10000);
    cr_assert(eq(int, create(BOB, SIDE_BUY, 30, 10000, TIF_FOK, 0, 0, &fok), VENUE_OK));
    cr_assert(eq(int, pit_order(pit, fok)->end, VENUE_END_NOT_WHOLE));
    cr_assert(eq(i64, pit_order(pit, fok)->filled_lots, 0));
    cr_assert(
        eq(int, create(BOB, SIDE_BUY, 30, 10000, TIF_GTC, ORDER_POST_ONLY, 0, &post), VENUE_OK));
    cr_assert(eq(int, pit_order(pit, post)->end, VENUE_END_WOULD_TAKE));
    cr_assert(eq(int, create(BOB, SIDE_BUY, 30, 10000, TIF_IOC, 0, 0, &ioc), VENUE_OK));
    cr_assert(eq(int, pit_order(pit, ioc)->end, VENUE_END_NOTHING_THERE));
    cr_assert(eq(i64, pit_order(pit, ioc)->filled_lots, 20));
}

Test(venue_orders, what_is_wrong_is_said)
{
    uint64_t no = 0;

    pit_limit(pit, ANN, PERP, SIDE_SELL, 20, 10000);
    pit_limit(pit, ANN, PERP, SIDE_BUY, 20, 9999);
    cr_assert(eq(int, create(BOB, SIDE_BUY, 0, 9000, TIF_GTC, 0, 0, &no), VENUE_BAD_QTY));
    cr_assert(eq(int, create(BOB, SIDE_BUY, 1000001, 9000, TIF_GTC, 0, 0, &no), VENUE_BAD_QTY));
    cr_assert(eq(int, create(BOB, SIDE_BUY, 10, 0, TIF_GTC, 0, 0, &no), VENUE_BAD_PRICE));
    cr_assert(eq(int, create(BOB, SIDE_BUY, 10, 12000, TIF_GTC, 0, 0, &no), VENUE_OUT_OF_BAND));
    cr_assert(eq(int, create(BOB, SIDE_BUY, 10, 5000, TIF_GTC, 0, 0, &no), VENUE_OK));
    cr_assert(eq(int, create(BOB, SIDE_BUY, 1, 4000, TIF_GTC, 0, 0, &no), VENUE_TOO_SMALL));
    cr_assert(eq(int, create(BOB, 2, 10, 9000, TIF_GTC, 0, 0, &no), VENUE_BAD_SIDE));
    cr_assert(
        eq(int, create(BOB, SIDE_BUY, 10, 9000, TIF_IOC, ORDER_POST_ONLY, 0, &no), VENUE_BAD_SIDE));
    cr_assert(eq(int, create(BOB, SIDE_BUY, 600000, 9000, TIF_GTC, 0, 0, &no), VENUE_TOO_LARGE));
    cr_assert(eq(int, create(BOB, SIDE_BUY, 400000, 9000, TIF_GTC, 0, 0, &no), VENUE_NO_FUNDS));
    venue_set_status(pit->venue, PERP, VENUE_CLOSED);
    cr_assert(eq(int, create(BOB, SIDE_BUY, 10, 9000, TIF_GTC, 0, 0, &no), VENUE_NOT_TRADING));
}

Test(venue_orders, a_link_names_one_order_of_one_account)
{
    struct venue_new wanted = {.account = ANN,
                               .instrument = PERP,
                               .side = SIDE_BUY,
                               .link = "mine-1",
                               .price_ticks = 9000,
                               .qty_lots = 10};
    uint64_t first, second = 0;

    cr_assert(eq(int, (int)pit_try(pit, wanted, &first), VENUE_OK));
    cr_assert(eq(int, (int)pit_try(pit, wanted, &second), VENUE_DUPLICATE_LINK));
    wanted.account = BOB;
    cr_assert(eq(int, (int)pit_try(pit, wanted, &second), VENUE_OK));
    cr_assert(ne(u64, first, second));
    cr_assert(eq(u64, venue_order_by_link(pit->venue, ANN, "mine-1")->no, first));
    cr_assert(eq(u64, venue_order_by_link(pit->venue, BOB, "mine-1")->no, second));
    cr_assert(eq(ptr, (void *)venue_order_by_link(pit->venue, CID, "mine-1"), NULL));
}

Test(venue_orders, a_cancel_takes_it_out_and_says_what_it_was_too_late_for)
{
    uint64_t no = pit_limit(pit, ANN, PERP, SIDE_BUY, 20, 10000);
    uint64_t other = no, unknown = 999;

    cr_assert(
        eq(int, venue_cancel(pit->venue, BOB, &other, NULL, VENUE_END_BY_USER, 1), VENUE_NO_ORDER));
    cr_assert(eq(int, venue_cancel(pit->venue, ANN, &unknown, NULL, VENUE_END_BY_USER, 1),
                 VENUE_NO_ORDER));
    cr_assert(eq(int, venue_cancel(pit->venue, ANN, &no, NULL, VENUE_END_BY_USER, pit->now_ns),
                 VENUE_OK));
    cr_assert(eq(i64, best(SIDE_BUY).qty_lots, 0));
    cr_assert(eq(int, pit->order[1].end, VENUE_END_BY_USER));
    cr_assert(eq(int, venue_cancel(pit->venue, ANN, &no, NULL, VENUE_END_BY_USER, pit->now_ns),
                 VENUE_ALREADY_ENDED));
}

Test(venue_orders, a_cancel_that_loses_its_race_tells_the_fill_again)
{
    uint64_t no = pit_limit(pit, ANN, PERP, SIDE_BUY, 20, 10000);
    uint32_t told;

    pit_market(pit, BOB, PERP, SIDE_SELL, 20);
    told = pit->orders;
    cr_assert(eq(
        int, venue_cancel(pit->venue, ANN, &no, NULL, VENUE_END_BY_USER, pit->now_ns + PIT_MS / 2),
        VENUE_ALREADY_FILLED));
    cr_assert(eq(u32, pit->orders, told + 1));
    cr_assert(eq(int, pit->order[told].end, VENUE_END_TOO_LATE));
    cr_assert(eq(int, pit->order[told].status, VENUE_ORDER_FILLED));
    cr_assert(eq(
        int, venue_cancel(pit->venue, ANN, &no, NULL, VENUE_END_BY_USER, pit->now_ns + 2 * PIT_MS),
        VENUE_ALREADY_FILLED));
    cr_assert(eq(u32, pit->orders, told + 1));
}

Test(venue_orders, an_amend_keeps_its_place_only_when_it_shrinks)
{
    uint64_t first = pit_limit(pit, ANN, PERP, SIDE_BUY, 20, 10000);
    uint64_t second = pit_limit(pit, BOB, PERP, SIDE_BUY, 20, 10000);

    cr_assert(eq(int, venue_amend(pit->venue, ANN, &first, NULL, 0, 20, 1), VENUE_UNCHANGED));
    cr_assert(eq(int, venue_amend(pit->venue, ANN, &first, NULL, 0, 15, 1), VENUE_OK));
    pit_market(pit, CID, PERP, SIDE_SELL, 15);
    cr_assert(eq(int, status_of(first), VENUE_ORDER_FILLED));
    first = pit_limit(pit, ANN, PERP, SIDE_BUY, 20, 10000);
    cr_assert(eq(int, venue_amend(pit->venue, BOB, &second, NULL, 0, 25, 1), VENUE_OK));
    pit_market(pit, CID, PERP, SIDE_SELL, 20);
    cr_assert(eq(int, status_of(first), VENUE_ORDER_FILLED));
    cr_assert(eq(int, status_of(second), VENUE_ORDER_NEW));
}

Test(venue_orders, an_amend_that_crosses_takes)
{
    uint64_t bid = pit_limit(pit, ANN, PERP, SIDE_BUY, 20, 9990);

    pit_limit(pit, BOB, PERP, SIDE_SELL, 10, 10000);
    cr_assert(eq(int, venue_amend(pit->venue, ANN, &bid, NULL, 10000, 0, 1), VENUE_OK));
    cr_assert(eq(i64, pit_order(pit, bid)->filled_lots, 10));
    cr_assert(eq(i64, best(SIDE_BUY).price_ticks, 10000));
    cr_assert(eq(i64, best(SIDE_BUY).qty_lots, 10));
    cr_assert(eq(int, venue_amend(pit->venue, ANN, &bid, NULL, 0, 10, 1), VENUE_BAD_QTY));
}

Test(venue_orders, the_arriving_order_says_what_a_self_match_does)
{
    static const struct {
        uint8_t smp;
        int maker, taker;
        uint32_t trades;
    } cases[] = {
        {VENUE_SMP_NONE, VENUE_ORDER_FILLED, VENUE_ORDER_FILLED, 1},
        {VENUE_SMP_CANCEL_MAKER, VENUE_ORDER_CANCELLED, VENUE_ORDER_NEW, 0},
        {VENUE_SMP_CANCEL_TAKER, VENUE_ORDER_NEW, VENUE_ORDER_CANCELLED, 0},
        {VENUE_SMP_CANCEL_BOTH, VENUE_ORDER_CANCELLED, VENUE_ORDER_CANCELLED, 0},
    };

    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        uint64_t maker = pit_limit(pit, ANN, PERP, SIDE_SELL, 10, 10000);
        uint64_t taker;

        pit_forget(pit);
        cr_assert(
            eq(int, create(ANN, SIDE_BUY, 10, 10000, TIF_GTC, 0, cases[at].smp, &taker), VENUE_OK));
        cr_assert(eq(int, status_of(maker), cases[at].maker), "case %zu", at);
        cr_assert(eq(int, status_of(taker), cases[at].taker), "case %zu", at);
        cr_assert(eq(u32, pit->trades, cases[at].trades));
        cr_assert(eq(u64, pit_order(pit, maker)->smp_order_no,
                     cases[at].maker == VENUE_ORDER_CANCELLED ? taker : 0));
        cr_assert(eq(u64, pit_order(pit, taker)->smp_order_no,
                     cases[at].taker == VENUE_ORDER_CANCELLED ? maker : 0));
        (void)venue_cancel(pit->venue, ANN, &maker, NULL, VENUE_END_BY_USER, 1);
        (void)venue_cancel(pit->venue, ANN, &taker, NULL, VENUE_END_BY_USER, 1);
    }
}

static bool is_buy(void *ctx, const struct venue_order *order)
{
    (void)ctx;
    return order->side == SIDE_BUY;
}

Test(venue_orders, those_that_are_picked_are_cancelled)
{
    uint64_t nos[VENUE_ACTIVE_MAX];
    uint64_t sell = pit_limit(pit, ANN, PERP, SIDE_SELL, 10, 10100);

    pit_limit(pit, ANN, PERP, SIDE_BUY, 10, 9900);
    pit_limit(pit, ANN, SPOT, SIDE_BUY, 10, 9900);
    pit_limit(pit, BOB, PERP, SIDE_BUY, 10, 9800);
    cr_assert(
        eq(u32, venue_cancel_those(pit->venue, ANN, is_buy, NULL, VENUE_END_BY_DCP, 1, nos), 2));
    cr_assert(eq(int, pit_order(pit, nos[0])->end, VENUE_END_BY_DCP));
    cr_assert(eq(int, status_of(sell), VENUE_ORDER_NEW));
    cr_assert(eq(i64, best(SIDE_BUY).price_ticks, 9800));
}

Test(venue_orders, at_most_five_hundred_are_active)
{
    uint64_t no;

    for (int at = 0; at < VENUE_ACTIVE_MAX; at++)
        pit_limit(pit, ANN, PERP, SIDE_BUY, 6, 9000 + at);
    cr_assert(eq(int, create(ANN, SIDE_BUY, 10, 8000, TIF_GTC, 0, 0, &no), VENUE_TOO_MANY_ORDERS));
    pit_limit(pit, ANN, SPOT, SIDE_BUY, 10, 9000);
}

Test(venue_orders, lists_go_from_the_newest_down)
{
    uint64_t nos[3];
    const struct venue_order *order;

    for (int at = 0; at < 3; at++) {
        nos[at] = pit_limit(pit, ANN, PERP, SIDE_BUY, 10, 9000 + at);
        pit_limit(pit, BOB, PERP, SIDE_BUY, 10, 9000 + at);
    }
    order = venue_next_order(pit->venue, ANN, 0);
    cr_assert(eq(u64, order->no, nos[2]));
    order = venue_next_order(pit->venue, ANN, order->no);
    cr_assert(eq(u64, order->no, nos[1]));
    order = venue_next_order(pit->venue, ANN, nos[1] - 1); /* somebody else's */
    cr_assert(eq(u64, order->no, nos[0]));
    cr_assert(eq(ptr, (void *)venue_next_order(pit->venue, ANN, nos[0]), NULL));
}

Test(venue_orders, the_oldest_are_forgotten_but_not_while_they_rest)
{
    uint64_t old = pit_limit(pit, ANN, PERP, SIDE_BUY, 10, 9000);
    uint64_t no = 0;
    uint32_t count = 0;

    for (uint32_t at = 0; at < VENUE_ORDERS_MAX + 100; at++) {
        no = pit_limit(pit, BOB, PERP, SIDE_BUY, 10, 8000);
        cr_assert(eq(int, venue_cancel(pit->venue, BOB, &no, NULL, VENUE_END_BY_USER, 1), 0));
        cr_assert(ne(u64, no, old));
    }
    cr_assert(eq(int, status_of(old), VENUE_ORDER_NEW));
    cr_assert(eq(ptr, (void *)venue_order(pit->venue, old + 1), NULL));
    for (const struct venue_order *at = venue_next_order(pit->venue, BOB, 0); at;
         at = venue_next_order(pit->venue, BOB, at->no))
        count++;
    cr_assert(eq(u32, count, VENUE_ORDERS_MAX - 1));
    cr_assert(eq(u64, venue_next_order(pit->venue, ANN, 0)->no, old));
}

Test(venue_orders, the_ticker_and_the_trades_tell_of_them)
{
    struct venue_trade trades[4];
    struct venue_ticker ticker;
    uint64_t seq = venue_seq(pit->venue, PERP);

    pit_limit(pit, ANN, PERP, SIDE_SELL, 20, 10000);
    pit_limit(pit, ANN, PERP, SIDE_SELL, 20, 10010);
    pit_market(pit, BOB, PERP, SIDE_BUY, 30);
    ticker = venue_ticker(pit->venue, PERP);
    cr_assert(eq(i64, ticker.last_ticks, 10010));
    cr_assert(eq(i64, ticker.open_ticks, 10000));
    cr_assert(eq(i64, ticker.high_ticks, 10010));
    cr_assert(eq(i64, ticker.low_ticks, 10000));
    cr_assert(eq(i64, ticker.volume_lots, 30));
    cr_assert(eq(i64, ticker.turnover_e8, (20 * 10000 + 10 * 10010) * 10000LL));
    cr_assert(eq(i64, ticker.open_interest_lots, 30));
    cr_assert(eq(u32, venue_trades(pit->venue, PERP, trades, 4), 2));
    cr_assert(eq(i64, trades[0].price_ticks, 10010));
    cr_assert(gt(u64, venue_seq(pit->venue, PERP), seq));
}
