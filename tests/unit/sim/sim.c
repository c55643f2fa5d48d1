#include "engine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEARD_MAX = 8192, LEVELS_MAX = 8 };

/* One instrument, a tick and a lot of it worth 1; a maker pays 0.1 %, a taker 0.2 %. */
static const struct instrument row = {.name = "sim:X",
                                      .tick_units = 1,
                                      .lot_units = 1,
                                      .tick_value_e8 = MONEY_ONE_E8,
                                      .maker_fee_e8 = 100000,
                                      .taker_fee_e8 = 200000};

static struct sim *sim;
static struct execution heard[HEARD_MAX];
static uint32_t heard_count;
static bool deaf;
static int64_t update_id;

static bool hear(void *ctx, const struct execution *execution)
{
    (void)ctx;
    if (deaf || heard_count == HEARD_MAX)
        return false;
    heard[heard_count++] = *execution;
    return true;
}

static void open_sim_with(struct sim_config config)
{
    config.instruments = 1;
    config.instrument_rows = &row;
    free(sim);
    sim = aligned_alloc(CACHE_LINES_APART, (sim_size(&config) + 127) / 128 * 128);
    sim_init(sim, &config, hear, NULL);
    heard_count = 0;
    deaf = false;
    update_id = 0;
}

static void open_sim(void)
{
    open_sim_with((struct sim_config){.seed = 1});
}

static void close_sim(void)
{
    free(sim);
    sim = NULL;
}

/* Sides with one level each; lots 0 in a delta removes it, price 0 leaves the side out. */
static void book(enum market_kind kind, int64_t bid, int64_t bid_lots, int64_t ask,
                 int64_t ask_lots, int64_t now_ns)
{
    union {
        struct market_update update;
        uint8_t bytes[sizeof(struct market_update) + LEVELS_MAX * sizeof(struct level)];
    } out = {.update = {.kind = (uint8_t)kind, .prev_update_id = update_id, .received_ns = now_ns}};
    struct level *level = out.update.levels;

    out.update.update_id = ++update_id;
    if (bid > 0) {
        *level++ = (struct level){bid, bid_lots};
        out.update.bid_count = 1;
    }
    if (ask > 0) {
        *level = (struct level){ask, ask_lots};
        out.update.ask_count = 1;
    }
    sim_market(sim, &out.update, now_ns);
    sim_advance(sim, now_ns);
}

static void trade(bool buyer_is_maker, int64_t lots, int64_t price, int64_t now_ns)
{
    union {
        struct market_update update;
        uint8_t bytes[sizeof(struct market_update) + sizeof(struct level)];
    } out = {.update = {.kind = MARKET_TRADE,
                        .flags = buyer_is_maker ? MARKET_BUYER_IS_MAKER : 0,
                        .bid_count = 1}};

    out.update.levels[0] = (struct level){price, lots};
    sim_market(sim, &out.update, now_ns);
    sim_advance(sim, now_ns);
}

static void ticker(int64_t bid, int64_t ask, int64_t id)
{
    union {
        struct market_update update;
        uint8_t bytes[sizeof(struct market_update) + 2 * sizeof(struct level)];
    } out = {.update = {.kind = MARKET_TICKER, .update_id = id, .bid_count = 1, .ask_count = 1}};

    out.update.levels[0] = (struct level){bid, 1};
    out.update.levels[1] = (struct level){ask, 1};
    sim_market(sim, &out.update, 0);
    sim_advance(sim, 0);
}

static void order(uint64_t id, enum side side, int64_t lots, int64_t price, enum tif tif,
                  uint8_t flags, int64_t now_ns)
{
    struct order_message message = {.kind = ORDER_MESSAGE_NEW,
                                    .side = (uint8_t)side,
                                    .type = TYPE_LIMIT,
                                    .tif = (uint8_t)tif,
                                    .flags = flags,
                                    .order_id = 1ULL << 32 | id,
                                    .price_ticks = price,
                                    .qty_lots = lots};

    sim_order(sim, &message, now_ns);
    sim_advance(sim, now_ns);
}

static void cancel(uint64_t id, int64_t now_ns)
{
    struct order_message message = {.kind = ORDER_MESSAGE_CANCEL, .order_id = 1ULL << 32 | id};

    sim_order(sim, &message, now_ns);
    sim_advance(sim, now_ns);
}

static const struct execution *last(void)
{
    cr_assert(heard_count > 0);
    return &heard[heard_count - 1];
}

static int64_t filled_lots(uint64_t id)
{
    int64_t lots = 0;

    for (uint32_t at = 0; at < heard_count; at++)
        if (heard[at].order_id == (1ULL << 32 | id))
            lots += heard[at].qty_lots;
    return lots;
}

static void plain_book(void)
{
    book(MARKET_SNAPSHOT, 99, 5, 101, 5, 0);
}

TestSuite(sim, .init = open_sim, .fini = close_sim);

Test(sim, a_resting_order_waits_behind_what_is_displayed)
{
    plain_book();
    order(1, SIDE_BUY, 4, 99, TIF_GTC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_ACK));
    trade(true, 5, 99, 0);
    cr_assert(eq(i64, filled_lots(1), 0), "the five ahead of it");
    trade(true, 3, 99, 0);
    cr_assert(eq(i64, filled_lots(1), 3));
    trade(true, 9, 99, 0);
    cr_assert(eq(i64, filled_lots(1), 4));
    cr_assert(eq(u32, sim_resting(sim), 0));
}

Test(sim, a_buyer_does_not_fill_our_bid)
{
    plain_book();
    order(1, SIDE_BUY, 4, 99, TIF_GTC, 0, 0);
    trade(false, 50, 99, 0);
    cr_assert(eq(i64, filled_lots(1), 0));
}

Test(sim, a_level_that_shrinks_below_the_queue_shortens_it)
{
    plain_book();
    order(1, SIDE_BUY, 4, 99, TIF_GTC, 0, 0);
    book(MARKET_DELTA, 99, 2, 0, 0, 0);
    trade(true, 3, 99, 0);
    cr_assert(eq(i64, filled_lots(1), 1));
    book(MARKET_DELTA, 99, 50, 0, 0, 0); /* those came later, behind us */
    trade(true, 2, 99, 0);
    cr_assert(eq(i64, filled_lots(1), 3));
}

Test(sim, a_trade_and_the_diff_that_tells_it_count_once)
{
    plain_book();
    order(1, SIDE_BUY, 4, 99, TIF_GTC, 0, 0);
    trade(true, 2, 99, 0);
    book(MARKET_DELTA, 99, 3, 0, 0, 0);
    trade(true, 3, 99, 0);
    cr_assert(eq(i64, filled_lots(1), 0));
    trade(true, 1, 99, 0);
    cr_assert(eq(i64, filled_lots(1), 1));
}

Test(sim, two_orders_of_ours_at_one_price_are_filled_in_time_order)
{
    plain_book();
    order(1, SIDE_BUY, 2, 99, TIF_GTC, 0, 0);
    order(2, SIDE_BUY, 2, 99, TIF_GTC, 0, 0);
    trade(true, 8, 99, 0); /* 5 displayed, 2 of the first, 1 of the second */
    cr_assert(eq(i64, filled_lots(1), 2));
    cr_assert(eq(i64, filled_lots(2), 1));
}

Test(sim, a_trade_through_the_price_fills_whole_at_our_price)
{
    plain_book();
    order(1, SIDE_SELL, 7, 103, TIF_GTC, 0, 0);
    trade(false, 1, 104, 0);
    cr_assert(eq(i64, filled_lots(1), 7));
    cr_assert(eq(i64, last()->price_ticks, 103));
    cr_assert(last()->maker);
}

Test(sim, a_touch_at_our_price_fills_as_far_as_it_shows_once)
{
    plain_book();
    order(1, SIDE_BUY, 9, 100, TIF_GTC, 0, 0);
    book(MARKET_DELTA, 0, 0, 100, 4, 0);
    cr_assert(eq(i64, filled_lots(1), 4));
    book(MARKET_DELTA, 98, 1, 0, 0, 0); /* another level: nothing new at 100 */
    cr_assert(eq(i64, filled_lots(1), 4));
    book(MARKET_DELTA, 99, 0, 99, 1, 0); /* and now through it */
    cr_assert(eq(i64, filled_lots(1), 9));
}

Test(sim, a_ticker_through_our_price_fills_unless_it_is_older_than_the_book)
{
    plain_book();
    order(1, SIDE_BUY, 2, 100, TIF_GTC, 0, 0);
    ticker(98, 99, 0);
    cr_assert(eq(i64, filled_lots(1), 0));
    ticker(99, 100, 9);
    cr_assert(eq(i64, filled_lots(1), 0));
    ticker(98, 99, 9);
    cr_assert(eq(i64, filled_lots(1), 2));
}

Test(sim, taking_walks_the_levels_and_pays_the_taker_fee)
{
    plain_book();
    book(MARKET_DELTA, 0, 0, 102, 3, 0);
    order(1, SIDE_BUY, 7, 102, TIF_IOC, 0, 0);
    cr_assert(eq(u32, heard_count, 3));
    cr_assert(eq(i64, heard[1].qty_lots, 5));
    cr_assert(eq(i64, heard[1].price_ticks, 101));
    cr_assert(not(heard[1].maker));
    cr_assert(eq(i64, heard[1].fee_e8, 101000000), "0.2 % of 505");
    cr_assert(eq(i64, heard[2].qty_lots, 2));
    cr_assert(eq(i64, heard[2].fee_e8, 40800000), "0.2 % of 204");
    cr_assert(ne(u64, heard[1].exec_id, heard[2].exec_id));
    cr_assert(eq(u64, heard[1].exec_id >> 32, 1), "of the epoch of the order");
}

Test(sim, a_maker_pays_the_maker_fee)
{
    book(MARKET_SNAPSHOT, 98, 5, 101, 5, 0);
    order(1, SIDE_BUY, 2, 99, TIF_GTC, 0, 0);
    trade(true, 2, 99, 0);
    cr_assert(eq(i64, last()->fee_e8, 19800000), "0.1 % of 198");
}

Test(sim, what_we_took_is_gone_until_the_market_renews_the_level)
{
    plain_book();
    order(1, SIDE_BUY, 4, 101, TIF_IOC, 0, 0);
    order(2, SIDE_BUY, 4, 101, TIF_IOC, 0, 0);
    cr_assert(eq(i64, filled_lots(2), 1));
    cr_assert(eq(int, last()->report, REPORT_VENUE_EXPIRE));
    book(MARKET_DELTA, 0, 0, 101, 5, 0);
    order(3, SIDE_BUY, 4, 101, TIF_IOC, 0, 0);
    cr_assert(eq(i64, filled_lots(3), 4));
}

Test(sim, the_rest_of_a_taker_rests)
{
    plain_book();
    order(1, SIDE_BUY, 8, 101, TIF_GTC, 0, 0);
    cr_assert(eq(i64, filled_lots(1), 5));
    cr_assert(eq(u32, sim_resting(sim), 1));
    trade(true, 1, 101, 0); /* a seller comes to 101 */
    cr_assert(eq(i64, filled_lots(1), 6));
}

Test(sim, fill_or_kill_takes_all_or_nothing)
{
    plain_book();
    order(1, SIDE_BUY, 6, 101, TIF_FOK, 0, 0);
    cr_assert(eq(i64, filled_lots(1), 0));
    cr_assert(eq(int, last()->report, REPORT_VENUE_EXPIRE));
    order(2, SIDE_BUY, 5, 101, TIF_FOK, 0, 0);
    cr_assert(eq(i64, filled_lots(2), 5));
    cr_assert(eq(u32, sim_resting(sim), 0));
}

Test(sim, post_only_that_would_take_is_cancelled_untouched)
{
    plain_book();
    order(1, SIDE_SELL, 1, 99, TIF_GTC, ORDER_POST_ONLY, 0);
    cr_assert(eq(u32, heard_count, 1));
    cr_assert(eq(int, last()->report, REPORT_VENUE_CANCEL));
    order(2, SIDE_SELL, 1, 100, TIF_GTC, ORDER_POST_ONLY, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_ACK));
}

Test(sim, our_own_orders_never_trade_with_each_other)
{
    plain_book();
    order(1, SIDE_BUY, 3, 100, TIF_GTC, 0, 0);
    order(2, SIDE_SELL, 3, 100, TIF_GTC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_CANCEL));
    cr_assert(eq(u64, last()->order_id, 1ULL << 32 | 2), "the later one goes");
    order(3, SIDE_SELL, 9, 99, TIF_IOC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_CANCEL));
    cr_assert(eq(i64, filled_lots(1) + filled_lots(2) + filled_lots(3), 0));
    cr_assert(eq(u32, sim_resting(sim), 1));
}

Test(sim, a_cancel_finds_its_order_or_is_refused)
{
    plain_book();
    order(1, SIDE_BUY, 3, 98, TIF_GTC, 0, 0);
    cancel(1, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_CANCEL));
    cancel(1, 0);
    cr_assert(eq(int, last()->report, REPORT_CANCEL_REJECT));
    cr_assert(eq(u32, sim_resting(sim), 0));
}

Test(sim, latency_delays_but_nothing_overtakes)
{
    open_sim_with((struct sim_config){
        .seed = 9, .order_latency_ns = 100, .ack_latency_ns = 50, .jitter_ns = 1000});
    plain_book();
    for (uint64_t id = 1; id <= 200; id++) {
        order(id, SIDE_BUY, 1, 90, TIF_GTC, 0, (int64_t)id);
        cancel(id, (int64_t)id);
    }
    cr_assert(eq(u32, heard_count, 0));
    cr_assert(ge(i64, sim_next_ns(sim), 101));
    while (sim_next_ns(sim) != INT64_MAX)
        sim_advance(sim, sim_next_ns(sim));
    cr_assert(eq(u32, heard_count, 400));
    for (uint32_t at = 0; at < 400; at++) {
        cr_assert(eq(u64, heard[at].order_id & 0xffffffff, at / 2 + 1));
        cr_assert(eq(int, heard[at].report, at % 2 ? REPORT_VENUE_CANCEL : REPORT_VENUE_ACK));
        cr_assert(ge(i64, heard[at].received_ns - heard[at].venue_ns, 50));
        cr_assert(at == 0 || heard[at].received_ns >= heard[at - 1].received_ns);
    }
}

Test(sim, an_order_on_its_way_meets_the_market_that_it_finds)
{
    open_sim_with((struct sim_config){.order_latency_ns = 10});
    plain_book();
    order(1, SIDE_BUY, 5, 101, TIF_IOC, 0, 0);
    book(MARKET_DELTA, 0, 0, 101, 2, 9);   /* before it arrives */
    book(MARKET_DELTA, 0, 0, 101, 50, 11); /* after */
    cr_assert(eq(i64, filled_lots(1), 2));
}

Test(sim, the_same_seed_gives_the_same_day)
{
    struct execution first[64];

    for (int lap = 0; lap < 2; lap++) {
        open_sim_with((struct sim_config){.seed = 5, .ack_latency_ns = 3, .jitter_ns = 100});
        plain_book();
        for (uint64_t id = 1; id <= 30; id++)
            order(id, SIDE_BUY, 1, 90, TIF_GTC, 0, (int64_t)id);
        while (sim_next_ns(sim) != INT64_MAX)
            sim_advance(sim, sim_next_ns(sim));
        cr_assert(eq(u32, heard_count, 30));
        for (uint32_t at = 0; at < 30 && lap == 1; at++)
            cr_assert(eq(i64, heard[at].received_ns, first[at].received_ns));
        memcpy(first, heard, 30 * sizeof first[0]);
    }
}

Test(sim, a_stale_book_trades_with_nobody)
{
    order(1, SIDE_BUY, 1, 101, TIF_GTC, 0, 0); /* no book yet */
    order(2, SIDE_BUY, 1, 101, TIF_IOC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_EXPIRE));
    book(MARKET_SNAPSHOT, 101, 7, 103, 5, 0);
    trade(true, 7, 101, 0);
    cr_assert(eq(i64, filled_lots(1), 0), "the seven were there first, as far as we know");
    trade(true, 1, 101, 0);
    cr_assert(eq(i64, filled_lots(1), 1));
}

Test(sim, the_end_of_the_market_cancels_and_refuses_until_it_begins_anew)
{
    plain_book();
    order(1, SIDE_BUY, 1, 99, TIF_GTC, 0, 0);
    book(MARKET_ENDED, 0, 0, 0, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_CANCEL));
    order(2, SIDE_BUY, 1, 99, TIF_GTC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_REJECT));
    plain_book();
    order(3, SIDE_BUY, 1, 99, TIF_GTC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_ACK));
}

Test(sim, reports_wait_for_a_receiver_without_room)
{
    plain_book();
    deaf = true;
    order(1, SIDE_BUY, 1, 99, TIF_GTC, 0, 0);
    cancel(1, 0);
    cr_assert(eq(u32, heard_count, 0));
    cr_assert(eq(i64, sim_next_ns(sim), 0), "still due");
    deaf = false;
    sim_advance(sim, 1);
    cr_assert(eq(u32, heard_count, 2));
    cr_assert(eq(int, heard[1].report, REPORT_VENUE_CANCEL));
}

Test(sim, an_order_beyond_the_pool_or_a_repeated_id_is_rejected)
{
    plain_book();
    for (uint64_t id = 1; id <= SIM_ORDERS_MAX; id++)
        order(id, SIDE_BUY, 1, 90, TIF_GTC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_ACK));
    order(SIM_ORDERS_MAX + 1, SIDE_BUY, 1, 90, TIF_GTC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_REJECT));
    cancel(7, 0);
    order(8, SIDE_BUY, 1, 90, TIF_GTC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_DUPLICATE_ID), "the id rests already");
    order(7, SIDE_BUY, 1, 90, TIF_GTC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_DUPLICATE_ID), "and this one has been");
    order(SIM_ORDERS_MAX + 2, SIDE_BUY, 1, 90, TIF_GTC, 0, 0);
    cr_assert(eq(int, last()->report, REPORT_VENUE_ACK));
    cr_assert(eq(u32, sim_resting(sim), SIM_ORDERS_MAX));
}

/* A market of rounds of chance: whatever happens, lots add up and no order is forgotten. */
Test(sim, every_order_ends_once_and_never_fills_beyond_its_size)
{
    uint64_t random = 20240808;
    int64_t size[600] = {0};
    uint32_t ended[600] = {0};

    printf("seed %llu\n", (unsigned long long)random);
    open_sim_with((struct sim_config){.seed = random, .ack_latency_ns = 2, .jitter_ns = 5});
    plain_book();
    for (uint64_t id = 1; id < 600; id++) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        int64_t mid = 100 + (int64_t)((random >> 33) % 7) - 3;
        enum side side = (enum side)((random >> 40) & 1);

        size[id] = 1 + (int64_t)((random >> 45) % 9);
        order(id, side, size[id], 100 + (int64_t)((random >> 50) % 9) - 4,
              (enum tif)((random >> 55) % 3), (random >> 60) & 1, (int64_t)id * 10);
        book(MARKET_SNAPSHOT, mid - 1, 3, mid + 1, 3, (int64_t)id * 10 + 1);
        trade(id & 1, 4, mid, (int64_t)id * 10 + 2);
    }
    book(MARKET_ENDED, 0, 0, 0, 0, 10000);
    while (sim_next_ns(sim) != INT64_MAX)
        sim_advance(sim, sim_next_ns(sim));
    for (uint32_t at = 0; at < heard_count; at++) {
        uint64_t id = heard[at].order_id & 0xffffffff;

        size[id] -= heard[at].qty_lots;
        cr_assert(ge(i64, size[id], 0));
        ended[id] += heard[at].report == REPORT_VENUE_CANCEL ||
                     heard[at].report == REPORT_VENUE_EXPIRE ||
                     heard[at].report == REPORT_VENUE_REJECT ||
                     (heard[at].report == REPORT_FILL_PART && size[id] == 0);
    }
    for (uint64_t id = 1; id < 600; id++)
        cr_assert(eq(u32, ended[id], 1), "order %d", (int)id);
    cr_assert(eq(u32, sim_resting(sim), 0));
}
