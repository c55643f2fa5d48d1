/* The exchange, case by case. What many cases do together is in exchange_differential.c. */
#include "engine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { ANN, BOB, CID, ACCOUNTS, EVENTS_MAX = 4096 };

static struct exchange *exchange;
static struct exchange_event events[EVENTS_MAX];
static uint32_t event_count;

static void hear(void *ctx, const struct exchange_event *event)
{
    (void)ctx;
    cr_assert(event_count < EVENTS_MAX);
    events[event_count++] = *event;
}

static void open_exchange(uint32_t orders, enum exchange_ids ids)
{
    struct exchange_config config = {
        .orders = orders, .accounts = ACCOUNTS, .ids = (uint8_t)ids, .market_band_ticks = 10};

    free(exchange);
    exchange = aligned_alloc(CACHE_LINES_APART, (exchange_size(&config) + 127) / 128 * 128);
    exchange_init(exchange, &config, hear, NULL);
    event_count = 0;
}

static void open_own(void)
{
    open_exchange(1000, EXCHANGE_IDS_OWN);
}

static void open_foreign(void)
{
    open_exchange(1000, EXCHANGE_IDS_FOREIGN);
}

static void close_exchange(void)
{
    free(exchange);
    exchange = NULL;
}

static struct exchange_result send(uint16_t account, enum side side, uint32_t lots,
                                   uint32_t price_ticks, enum tif tif, uint8_t flags)
{
    struct exchange_order order = {.price_ticks = price_ticks,
                                   .lots = lots,
                                   .account = account,
                                   .side = (uint8_t)side,
                                   .tif = (uint8_t)tif,
                                   .flags = flags};

    return exchange_new(exchange, &order);
}

static struct exchange_result limit(uint16_t account, enum side side, uint32_t lots,
                                    uint32_t price_ticks)
{
    return send(account, side, lots, price_ticks, TIF_GTC, 0);
}

static struct exchange_result market(uint16_t account, enum side side, uint32_t lots)
{
    struct exchange_order order = {.lots = lots,
                                   .account = account,
                                   .side = (uint8_t)side,
                                   .type = TYPE_MARKET,
                                   .tif = TIF_IOC};

    return exchange_new(exchange, &order);
}

static struct exchange_result named(uint64_t id, enum side side, uint32_t lots,
                                    uint32_t price_ticks)
{
    struct exchange_order order = {
        .id = id, .price_ticks = price_ticks, .lots = lots, .account = ANN, .side = (uint8_t)side};

    return exchange_new(exchange, &order);
}

static void expect(struct exchange_result result, enum exchange_answer answer, uint32_t leaves_lots)
{
    cr_assert(eq(u32, result.answer, answer));
    cr_assert(eq(u32, result.leaves_lots, leaves_lots));
}

static void expect_trade(uint32_t at, uint64_t maker_id, uint32_t price_ticks, uint32_t lots)
{
    cr_assert(at < event_count);
    cr_assert(eq(u8, events[at].kind, EXCHANGE_EVENT_TRADE));
    cr_assert(eq(u64, events[at].maker_id, maker_id));
    cr_assert(eq(u32, events[at].price_ticks, price_ticks));
    cr_assert(eq(u32, events[at].lots, lots));
}

static void expect_level(enum side side, uint32_t price_ticks, uint64_t lots)
{
    cr_assert(eq(u64, exchange_level_lots(exchange, side, price_ticks), lots));
}

TestSuite(exchange, .init = open_own, .fini = close_exchange);

Test(exchange, who_came_first_at_a_price_trades_first)
{
    uint64_t first = limit(ANN, SIDE_BUY, 5, 100).id;
    uint64_t second = limit(BOB, SIDE_BUY, 5, 100).id;

    expect(limit(CID, SIDE_SELL, 7, 100), EXCHANGE_FILLED, 0);
    expect_trade(0, first, 100, 5);
    expect_trade(1, second, 100, 2);
    cr_assert(eq(u64, events[0].exec, 1));
    cr_assert(eq(u64, events[1].exec, 2));
    cr_assert(eq(u32, events[1].maker_leaves_lots, 3));
    expect_level(SIDE_BUY, 100, 3);
}

Test(exchange, a_better_price_trades_before_an_earlier_order_and_at_its_own_price)
{
    uint64_t early = limit(ANN, SIDE_SELL, 5, 101).id;
    uint64_t better = limit(BOB, SIDE_SELL, 5, 100).id;

    expect(limit(CID, SIDE_BUY, 6, 105), EXCHANGE_FILLED, 0);
    expect_trade(0, better, 100, 5);
    expect_trade(1, early, 101, 1);
}

Test(exchange, crossing_many_levels_rests_the_remainder)
{
    struct exchange_result result;

    for (uint32_t at = 0; at < 300; at++)
        limit(ANN, SIDE_SELL, 2, 1000 + 7 * at);
    result = limit(BOB, SIDE_BUY, 1000, 1000 + 7 * 199);
    expect(result, EXCHANGE_RESTS, 1000 - 2 * 200);
    cr_assert(eq(u32, event_count, 200));
    for (uint32_t at = 0; at < 200; at++)
        cr_assert(eq(u32, events[at].price_ticks, 1000 + 7 * at));
    cr_assert(eq(u32, exchange_best_ticks(exchange, SIDE_BUY), 1000 + 7 * 199));
    cr_assert(eq(u32, exchange_best_ticks(exchange, SIDE_SELL), 1000 + 7 * 200));
}

Test(exchange, ioc_takes_what_is_there_and_ends)
{
    limit(ANN, SIDE_SELL, 3, 100);
    expect(send(BOB, SIDE_BUY, 5, 100, TIF_IOC, 0), EXCHANGE_EXPIRED, 2);
    expect(send(BOB, SIDE_BUY, 5, 100, TIF_IOC, 0), EXCHANGE_EXPIRED, 5);
    cr_assert(eq(u32, exchange_best_ticks(exchange, SIDE_BUY), 0));
    cr_assert(eq(u32, exchange_resting(exchange), 0));
}

Test(exchange, fok_fills_exactly_or_not_at_all)
{
    limit(ANN, SIDE_SELL, 3, 100);
    limit(ANN, SIDE_SELL, 4, 102);
    limit(ANN, SIDE_SELL, 9, 103);
    expect(send(BOB, SIDE_BUY, 8, 102, TIF_FOK, 0), EXCHANGE_EXPIRED, 8);
    cr_assert(eq(u32, event_count, 0));
    expect(send(BOB, SIDE_BUY, 7, 102, TIF_FOK, 0), EXCHANGE_FILLED, 0);
    cr_assert(eq(u32, event_count, 2));
    expect_level(SIDE_SELL, 103, 9);
}

Test(exchange, fok_does_not_count_what_its_policy_would_cancel_or_stop_at)
{
    uint64_t own;

    limit(ANN, SIDE_SELL, 5, 100);
    own = limit(BOB, SIDE_SELL, 5, 101).id;
    limit(ANN, SIDE_SELL, 5, 102);
    exchange_set_policy(exchange, BOB, BOB, EXCHANGE_CANCEL_NEW);
    expect(send(BOB, SIDE_BUY, 6, 102, TIF_FOK, 0), EXCHANGE_EXPIRED, 6);
    exchange_set_policy(exchange, BOB, BOB, EXCHANGE_CANCEL_OLD);
    expect(send(BOB, SIDE_BUY, 11, 102, TIF_FOK, 0), EXCHANGE_EXPIRED, 11);
    cr_assert(eq(u32, event_count, 0));
    expect(send(BOB, SIDE_BUY, 10, 102, TIF_FOK, 0), EXCHANGE_FILLED, 0);
    cr_assert(eq(u8, events[1].kind, EXCHANGE_EVENT_CANCEL));
    cr_assert(eq(u64, events[1].maker_id, own));
}

Test(exchange, post_only_rests_or_is_refused)
{
    limit(ANN, SIDE_SELL, 3, 100);
    expect(send(BOB, SIDE_BUY, 5, 100, TIF_GTC, ORDER_POST_ONLY), EXCHANGE_WOULD_TAKE, 5);
    cr_assert(eq(u32, event_count, 0));
    expect(send(BOB, SIDE_BUY, 5, 99, TIF_GTC, ORDER_POST_ONLY), EXCHANGE_RESTS, 5);
    expect_level(SIDE_BUY, 99, 5);
}

Test(exchange, a_market_order_goes_as_far_as_the_band)
{
    limit(ANN, SIDE_SELL, 3, 100);
    limit(ANN, SIDE_SELL, 3, 110);
    limit(ANN, SIDE_SELL, 3, 111);
    expect(market(BOB, SIDE_BUY, 9), EXCHANGE_EXPIRED, 3);
    expect_level(SIDE_SELL, 111, 3);
    expect(market(BOB, SIDE_SELL, 9), EXCHANGE_EXPIRED, 9); /* nobody bids */
    limit(ANN, SIDE_BUY, 3, 4);
    expect(market(BOB, SIDE_SELL, 9), EXCHANGE_EXPIRED, 6); /* the band ends below 1 tick */
}

Test(exchange, a_cancel_takes_first_middle_last_and_alone)
{
    uint64_t ids[5];

    for (uint32_t at = 0; at < 5; at++)
        ids[at] = limit(ANN, SIDE_BUY, 1 + at, 100).id;
    expect(exchange_cancel(exchange, ANN, ids[2]), EXCHANGE_CANCELLED, 3);
    expect(exchange_cancel(exchange, ANN, ids[0]), EXCHANGE_CANCELLED, 1);
    expect(exchange_cancel(exchange, ANN, ids[4]), EXCHANGE_CANCELLED, 5);
    expect_level(SIDE_BUY, 100, 2 + 4);
    limit(BOB, SIDE_SELL, 3, 100);
    expect_trade(0, ids[1], 100, 2);
    expect_trade(1, ids[3], 100, 1);
    expect(exchange_cancel(exchange, ANN, ids[3]), EXCHANGE_CANCELLED, 3);
    expect(exchange_cancel(exchange, ANN, ids[3]), EXCHANGE_UNKNOWN, 0);
    cr_assert(eq(u32, exchange_best_ticks(exchange, SIDE_BUY), 0));
}

Test(exchange, only_its_account_cancels_or_amends_an_order)
{
    uint64_t id = limit(ANN, SIDE_BUY, 5, 100).id;

    expect(exchange_cancel(exchange, BOB, id), EXCHANGE_UNKNOWN, 0);
    expect(exchange_amend(exchange, BOB, id, 100, 1), EXCHANGE_UNKNOWN, 1);
    expect_level(SIDE_BUY, 100, 5);
}

Test(exchange, an_amend_keeps_the_place_only_by_shrinking)
{
    uint64_t first = limit(ANN, SIDE_BUY, 5, 100).id;
    uint64_t second = limit(BOB, SIDE_BUY, 5, 100).id;

    expect(exchange_amend(exchange, ANN, first, 100, 2), EXCHANGE_RESTS, 2);
    limit(CID, SIDE_SELL, 1, 100);
    expect_trade(0, first, 100, 1);
    expect(exchange_amend(exchange, ANN, first, 100, 3), EXCHANGE_RESTS, 3);
    limit(CID, SIDE_SELL, 6, 100);
    expect_trade(1, second, 100, 5);
    expect_trade(2, first, 100, 1);
    expect_level(SIDE_BUY, 100, 2);
}

Test(exchange, an_amend_through_the_touch_takes)
{
    uint64_t bid = limit(ANN, SIDE_BUY, 5, 100).id;
    uint64_t shy = send(CID, SIDE_BUY, 5, 99, TIF_GTC, ORDER_POST_ONLY).id;
    uint64_t ask = limit(BOB, SIDE_SELL, 3, 105).id;

    expect(exchange_amend(exchange, CID, shy, 105, 5), EXCHANGE_WOULD_TAKE, 5);
    expect_level(SIDE_BUY, 99, 5);
    expect(exchange_amend(exchange, ANN, bid, 106, 4), EXCHANGE_RESTS, 1);
    expect_trade(0, ask, 105, 3);
    cr_assert(eq(u64, events[0].taker_id, bid));
    cr_assert(eq(u32, exchange_best_ticks(exchange, SIDE_BUY), 106));
    limit(BOB, SIDE_SELL, 3, 107);
    expect(exchange_amend(exchange, ANN, bid, 107, 2), EXCHANGE_FILLED, 0);
    expect(exchange_cancel(exchange, ANN, bid), EXCHANGE_UNKNOWN, 0);
}

Test(exchange, a_pair_of_accounts_has_its_policy)
{
    uint64_t old;

    exchange_set_policy(exchange, ANN, ANN, EXCHANGE_CANCEL_NEW);
    exchange_set_policy(exchange, BOB, ANN, EXCHANGE_CANCEL_OLD);
    limit(BOB, SIDE_SELL, 2, 99);
    old = limit(ANN, SIDE_SELL, 5, 100).id;
    limit(CID, SIDE_SELL, 4, 101);
    expect(limit(ANN, SIDE_BUY, 9, 101), EXCHANGE_SELF, 7); /* 2 of bob, then its own is there */
    expect_level(SIDE_SELL, 100, 5);
    expect(limit(BOB, SIDE_BUY, 9, 101), EXCHANGE_RESTS, 5);
    cr_assert(eq(u32, event_count, 3));
    cr_assert(eq(u8, events[1].kind, EXCHANGE_EVENT_CANCEL));
    cr_assert(eq(u64, events[1].maker_id, old));
    cr_assert(eq(u32, events[1].lots, 5));
    expect_level(SIDE_SELL, 100, 0);
    limit(ANN, SIDE_SELL, 5, 101); /* the other way round the pair trades */
    cr_assert(eq(u8, events[3].kind, EXCHANGE_EVENT_TRADE));
}

Test(exchange, a_full_pool_refuses_and_changes_nothing)
{
    uint64_t first;

    open_exchange(3, EXCHANGE_IDS_OWN);
    first = limit(ANN, SIDE_BUY, 1, 100).id;
    limit(ANN, SIDE_BUY, 1, 99);
    limit(ANN, SIDE_BUY, 1, 98);
    expect(limit(BOB, SIDE_BUY, 1, 97), EXCHANGE_FULL, 1);
    expect(limit(BOB, SIDE_SELL, 1, 100), EXCHANGE_FULL, 1);
    cr_assert(eq(u32, event_count, 0));
    exchange_cancel(exchange, ANN, first);
    expect(limit(BOB, SIDE_SELL, 1, 99), EXCHANGE_FILLED, 0);
    expect(limit(BOB, SIDE_BUY, 1, 97), EXCHANGE_RESTS, 1);
}

Test(exchange, a_place_is_used_again_under_a_new_id)
{
    uint64_t gone;
    uint64_t next;

    open_exchange(1, EXCHANGE_IDS_OWN);
    gone = limit(ANN, SIDE_BUY, 1, 100).id;
    exchange_cancel(exchange, ANN, gone);
    next = limit(ANN, SIDE_BUY, 1, 100).id;
    cr_assert(ne(u64, gone, next));
    cr_assert(eq(u32, exchange_place(gone), exchange_place(next)));
    expect(exchange_cancel(exchange, ANN, gone), EXCHANGE_UNKNOWN, 0);
    expect(exchange_cancel(exchange, ANN, next + (1ULL << 32)), EXCHANGE_UNKNOWN, 0);
    exchange_cancel(exchange, ANN, next);
    /* The id that the place would give next is nobody's yet. */
    expect(exchange_cancel(exchange, ANN, next + (1ULL << 32)), EXCHANGE_UNKNOWN, 0);
    expect(exchange_cancel(exchange, ANN, 1ULL << 32 | 77), EXCHANGE_UNKNOWN, 0);
    /* An order that only took, or found nothing, has used an id up too. */
    gone = send(ANN, SIDE_BUY, 1, 100, TIF_IOC, 0).id;
    cr_assert(ne(u64, gone, limit(ANN, SIDE_BUY, 1, 100).id));
}

Test(exchange, foreign_ids_are_any_number_once_at_a_time, .init = open_foreign)
{
    uint64_t ids[] = {1, UINT64_MAX, 0x9E3779B97F4A7C15ULL, 1ULL << 32, 42};

    for (uint32_t at = 0; at < 5; at++)
        expect(named(ids[at], SIDE_BUY, 1 + at, 100), EXCHANGE_RESTS, 1 + at);
    expect(named(42, SIDE_SELL, 1, 100), EXCHANGE_DUPLICATE, 1);
    expect(named(0, SIDE_SELL, 1, 100), EXCHANGE_INVALID, 1);
    for (uint32_t at = 0; at < 5; at++)
        expect(exchange_cancel(exchange, ANN, ids[at]), EXCHANGE_CANCELLED, 1 + at);
    expect(named(42, SIDE_BUY, 7, 100), EXCHANGE_RESTS, 7);
}

/* Ids that all want the same entry of the table, taken away from the middle of their run. */
Test(exchange, foreign_ids_that_collide_are_told_apart)
{
    uint64_t inverse = 0xF1DE83E19937733DULL; /* of the multiplier, modulo 2^64 */

    open_exchange(64, EXCHANGE_IDS_FOREIGN);
    for (uint64_t at = 1; at <= 60; at++) /* the same upper half, so the same entry and mark */
        expect(named(inverse * (7ULL << 32 | at), SIDE_BUY, (uint32_t)at, 100), EXCHANGE_RESTS,
               (uint32_t)at);
    for (uint64_t at = 2; at <= 60; at += 2)
        expect(exchange_cancel(exchange, ANN, inverse * (7ULL << 32 | at)), EXCHANGE_CANCELLED,
               (uint32_t)at);
    for (uint64_t at = 1; at < 60; at += 2)
        expect(exchange_cancel(exchange, ANN, inverse * (7ULL << 32 | at)), EXCHANGE_CANCELLED,
               (uint32_t)at);
    cr_assert(eq(u32, exchange_resting(exchange), 0));
}

Test(exchange, what_makes_no_order_is_invalid)
{
    struct exchange_order order = {.price_ticks = 100, .lots = 1, .type = TYPE_MARKET};

    expect(limit(ANN, SIDE_BUY, 0, 100), EXCHANGE_INVALID, 0);
    expect(limit(ANN, SIDE_BUY, 1, 0), EXCHANGE_INVALID, 1);
    expect(limit(ANN, SIDE_BUY, 1, MAX_PRICE_TICKS + 1), EXCHANGE_INVALID, 1);
    expect(limit(ACCOUNTS, SIDE_BUY, 1, 100), EXCHANGE_INVALID, 1);
    expect(limit(ANN, (enum side)2, 1, 100), EXCHANGE_INVALID, 1);
    expect(send(ANN, SIDE_BUY, 1, 100, (enum tif)3, 0), EXCHANGE_INVALID, 1);
    expect(exchange_new(exchange, &order), EXCHANGE_INVALID, 1); /* a market order does not rest */
    cr_assert(eq(u32, exchange_resting(exchange), 0));
}

/* Levels at both ends of the range, none of them near another: no window holds two. */
Test(exchange, any_price_works)
{
    struct level levels[4];

    limit(ANN, SIDE_BUY, 1, 1);
    limit(ANN, SIDE_BUY, 2, 500000000);
    limit(ANN, SIDE_BUY, 3, 250000);
    limit(ANN, SIDE_SELL, 4, MAX_PRICE_TICKS);
    limit(ANN, SIDE_SELL, 5, 600000000);
    cr_assert(eq(u32, exchange_levels(exchange, SIDE_BUY, levels, 4), 3));
    cr_assert(eq(i64, levels[0].price_ticks, 500000000));
    cr_assert(eq(i64, levels[1].price_ticks, 250000));
    cr_assert(eq(i64, levels[2].price_ticks, 1));
    expect(limit(BOB, SIDE_SELL, 6, 1), EXCHANGE_FILLED, 0);
    expect(limit(BOB, SIDE_BUY, 10, MAX_PRICE_TICKS), EXCHANGE_RESTS, 1);
    cr_assert(eq(u32, event_count, 5));
    cr_assert(eq(u32, exchange_best_ticks(exchange, SIDE_BUY), MAX_PRICE_TICKS));
}

/* The touch walks a million ticks and back, with orders left behind: the window must follow and
 * lose nobody on the way. */
Test(exchange, the_window_follows_the_touch)
{
    uint64_t left_behind[200];

    for (uint32_t at = 0; at < 100; at++) {
        uint32_t centre = 1000 + 10000 * at;

        for (uint32_t near = 1; near < 30; near++)
            limit(BOB, SIDE_SELL, 1, centre + near);
        expect(limit(CID, SIDE_BUY, 29, centre + 29), EXCHANGE_FILLED, 0);
        left_behind[at] = limit(ANN, SIDE_BUY, 1 + at, centre).id;
    }
    for (uint32_t at = 100; at-- > 0;) {
        uint32_t lots = 0;

        event_count = 0;
        expect(limit(CID, SIDE_SELL, 1 + at, 1000 + 10000 * at), EXCHANGE_FILLED, 0);
        for (uint32_t each = 0; each < event_count; each++)
            lots += events[each].lots;
        cr_assert(eq(u32, lots, 1 + at));
        expect_trade(0, left_behind[at], 1000 + 10000 * at, 1 + at);
    }
    cr_assert(eq(u32, exchange_resting(exchange), 0));
}

/* The same calls, the same events to the byte, whatever was in the memory before. */
Test(exchange, the_same_calls_give_the_same_events)
{
    struct exchange_event first[EVENTS_MAX];
    uint32_t first_count = 0;

    for (uint32_t round = 0; round < 2; round++) {
        uint64_t random = 1;

        open_own();
        for (uint32_t at = 0; at < 3000; at++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            limit((uint16_t)(random >> 60) % ACCOUNTS, (enum side)(random >> 33 & 1),
                  1 + (uint32_t)(random >> 40) % 50, 1000 + (uint32_t)(random >> 50) % 40);
        }
        cr_assert(event_count > 100);
        if (round == 0) {
            memcpy(first, events, sizeof first);
            first_count = event_count;
        }
    }
    cr_assert(eq(u32, event_count, first_count));
    cr_assert(memcmp(first, events, event_count * sizeof *events) == 0);
}
