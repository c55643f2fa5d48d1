#include "engine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS_MAX = MAX_MARKET_LEVELS };

static struct book *book;
static struct market_update *update;

static void open_book(void)
{
    book = aligned_alloc(CACHE_LINES_APART, (book_size() + 127) / 128 * 128);
    update = malloc(sizeof *update + LEVELS_MAX * sizeof update->levels[0]);
    book_init(book, 3);
}

static void close_book(void)
{
    free(book);
    free(update);
}

static void begin(enum market_kind kind, int64_t prev, int64_t id)
{
    *update = (struct market_update){.kind = (uint8_t)kind,
                                     .instrument = 3,
                                     .received_ns = id * 10,
                                     .prev_update_id = prev,
                                     .update_id = id};
}

/* Bids first, as in the message itself. */
static void level(enum side side, int64_t price, int64_t lots)
{
    update->levels[update->bid_count + update->ask_count] =
        (struct level){.price_ticks = price, .qty_lots = lots};
    if (side == SIDE_BUY)
        update->bid_count++;
    else
        update->ask_count++;
}

static void open_at_100(void)
{
    begin(MARKET_SNAPSHOT, 0, 7);
    level(SIDE_BUY, 99, 5);
    level(SIDE_BUY, 98, 6);
    level(SIDE_SELL, 101, 4);
    cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
}

static void expect_touch(int64_t bid, int64_t bid_lots, int64_t ask, int64_t ask_lots)
{
    struct touch touch = book_touch(book);

    cr_assert_eq(touch.bid.price_ticks, bid);
    cr_assert_eq(touch.bid.qty_lots, bid_lots);
    cr_assert_eq(touch.ask.price_ticks, ask);
    cr_assert_eq(touch.ask.qty_lots, ask_lots);
}

TestSuite(book, .init = open_book, .fini = close_book);

Test(book, a_new_book_is_stale_until_a_snapshot)
{
    cr_assert(book_is_stale(book));
    begin(MARKET_DELTA, 6, 7);
    level(SIDE_BUY, 99, 5);
    cr_assert_eq(book_apply(book, update), BOOK_IGNORED);
    expect_touch(0, 0, 0, 0);
    open_at_100();
    cr_assert_not(book_is_stale(book));
    cr_assert_eq(book_update_id(book), 7);
    cr_assert_eq(book_received_ns(book), 70);
    expect_touch(99, 5, 101, 4);
}

Test(book, a_delta_sets_new_totals_and_removes_at_zero)
{
    open_at_100();
    begin(MARKET_DELTA, 7, 9);
    level(SIDE_BUY, 99, 0);
    level(SIDE_BUY, 97, 1);
    level(SIDE_BUY, 50, 0); /* not there: nothing happens */
    level(SIDE_SELL, 100, 2);
    cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
    expect_touch(98, 6, 100, 2);
    cr_assert_eq(book_level_count(book, SIDE_BUY), 2);
    cr_assert_eq(book_level_count(book, SIDE_SELL), 2);
    cr_assert_eq(book_level_lots(book, SIDE_BUY, 97), 1);
    cr_assert_eq(book_level_lots(book, SIDE_BUY, 99), 0);
}

Test(book, a_gap_makes_it_stale_and_only_a_snapshot_heals_it)
{
    open_at_100();
    begin(MARKET_DELTA, 8, 9);
    level(SIDE_BUY, 100, 1);
    cr_assert_eq(book_apply(book, update), BOOK_NEEDS_SNAPSHOT);
    cr_assert_eq(book_status(book), BOOK_GAPPED);
    expect_touch(99, 5, 101, 4); /* the levels stay as they were */
    begin(MARKET_DELTA, 7, 8);
    cr_assert_eq(book_apply(book, update), BOOK_IGNORED);
    open_at_100();
    cr_assert_eq(book_status(book), BOOK_OK);
}

Test(book, an_old_delta_is_ignored)
{
    open_at_100();
    begin(MARKET_DELTA, 6, 7);
    level(SIDE_BUY, 99, 0);
    cr_assert_eq(book_apply(book, update), BOOK_IGNORED);
    cr_assert_not(book_is_stale(book));
    expect_touch(99, 5, 101, 4);
}

Test(book, a_crossed_book_is_stale)
{
    open_at_100();
    begin(MARKET_DELTA, 7, 8);
    level(SIDE_BUY, 101, 1);
    cr_assert_eq(book_apply(book, update), BOOK_NEEDS_SNAPSHOT);
    cr_assert_eq(book_status(book), BOOK_CROSSED);
}

Test(book, sides_may_pass_through_each_other_within_one_update)
{
    open_at_100();
    begin(MARKET_DELTA, 7, 8);
    level(SIDE_BUY, 103, 1);
    level(SIDE_SELL, 101, 0);
    level(SIDE_SELL, 104, 2);
    cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
    expect_touch(103, 1, 104, 2);
}

Test(book, a_book_with_one_empty_side_is_stale)
{
    open_at_100();
    begin(MARKET_DELTA, 7, 8);
    level(SIDE_SELL, 101, 0);
    cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
    cr_assert(book_is_stale(book));
    expect_touch(99, 5, 0, 0);
}

Test(book, a_snapshot_replaces_all_levels)
{
    open_at_100();
    begin(MARKET_SNAPSHOT, 0, 20);
    level(SIDE_BUY, 900000, 1);
    level(SIDE_SELL, 900001, 1);
    cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
    expect_touch(900000, 1, 900001, 1);
    cr_assert_eq(book_level_count(book, SIDE_BUY), 1);
    cr_assert_eq(book_level_lots(book, SIDE_BUY, 99), 0);
}

Test(book, a_lost_or_ended_stream_is_stale)
{
    open_at_100();
    book_mark(book, BOOK_LOST);
    cr_assert(book_is_stale(book));
    begin(MARKET_DELTA, 7, 8);
    cr_assert_eq(book_apply(book, update), BOOK_IGNORED);
}

Test(book, the_window_follows_the_market_and_deep_levels_are_kept)
{
    open_at_100();
    for (int64_t step = 1; step <= 60; step++) {
        begin(MARKET_DELTA, 6 + step, 7 + step);
        level(SIDE_BUY, 99 + step * 1000, step);
        level(SIDE_SELL, 101 + (step - 1) * 1000, 0);
        level(SIDE_SELL, 101 + step * 1000, step);
        cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
        expect_touch(99 + step * 1000, step, 101 + step * 1000, step);
    }
    cr_assert_eq(book_level_count(book, SIDE_BUY), 62);
    cr_assert_eq(book_level_lots(book, SIDE_BUY, 98), 6);
    cr_assert_eq(book_level_lots(book, SIDE_BUY, 1099), 1);
    for (int64_t step = 60; step >= 1; step--) { /* and back: the best falls into the deep levels */
        begin(MARKET_DELTA, 127 - step, 128 - step);
        level(SIDE_BUY, 99 + step * 1000, 0);
        cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
        expect_touch(99 + (step - 1) * 1000, step > 1 ? step - 1 : 5, 60101, 60);
    }
    cr_assert_eq(book_level_count(book, SIDE_BUY), 2);
}

Test(book, levels_come_best_first_out_of_window_and_deep_table)
{
    struct level levels[8];

    begin(MARKET_SNAPSHOT, 0, 1);
    level(SIDE_BUY, 10, 1);
    level(SIDE_BUY, 50000, 4);
    level(SIDE_BUY, 30, 3);
    level(SIDE_BUY, 20, 2);
    level(SIDE_SELL, 60000, 1);
    level(SIDE_SELL, 900000000, 3);
    level(SIDE_SELL, 60001, 2);
    cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
    cr_assert_eq(book_levels(book, SIDE_BUY, levels, 8), 4);
    cr_assert_eq(levels[0].price_ticks, 50000);
    cr_assert_eq(levels[1].price_ticks, 30);
    cr_assert_eq(levels[3].price_ticks, 10);
    cr_assert_eq(book_levels(book, SIDE_BUY, levels, 2), 2);
    cr_assert_eq(levels[1].qty_lots, 3);
    cr_assert_eq(book_levels(book, SIDE_SELL, levels, 8), 3);
    cr_assert_eq(levels[1].price_ticks, 60001);
    cr_assert_eq(levels[2].price_ticks, 900000000);
}

Test(book, a_best_that_appears_and_goes_within_one_update_does_no_harm)
{
    open_at_100();
    begin(MARKET_DELTA, 7, 8);
    level(SIDE_BUY, 500000, 1);
    level(SIDE_BUY, 500000, 0);
    cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
    expect_touch(99, 5, 101, 4);
}

/* Far levels fill the deep table of one side; the one too many is said, never dropped silently. */
Test(book, more_deep_levels_than_fit_make_it_stale)
{
    int64_t id = 7;
    int64_t price = 1000000;
    enum book_result result = BOOK_APPLIED;

    open_at_100();
    for (int64_t deep = 0; deep < BOOK_DEEP_MAX; deep += 4096) {
        begin(MARKET_DELTA, id, id + 1);
        id++;
        for (int i = 0; i < 4096; i++)
            level(SIDE_SELL, price++, 1);
        cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
    }
    cr_assert_eq(book_level_count(book, SIDE_SELL), BOOK_DEEP_MAX + 1);
    begin(MARKET_DELTA, id, id + 1);
    level(SIDE_SELL, price, 1);
    result = book_apply(book, update);
    cr_assert_eq(result, BOOK_NEEDS_SNAPSHOT);
    cr_assert_eq(book_status(book), BOOK_FULL);
    open_at_100();
    cr_assert_eq(book_level_count(book, SIDE_SELL), 1);
}

/* ---- against a naive model: a sorted array a side ---- */

struct model_side {
    uint32_t count;
    struct level levels[20000];
};

static struct model_side model[2];
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static bool better(enum side side, int64_t a, int64_t b)
{
    return side == SIDE_BUY ? a > b : a < b;
}

static void model_set(enum side side, int64_t price, int64_t lots)
{
    struct model_side *half = &model[side];
    uint32_t at = 0;

    while (at < half->count && better(side, half->levels[at].price_ticks, price))
        at++;
    if (at < half->count && half->levels[at].price_ticks == price) {
        half->levels[at].qty_lots = lots;
        if (lots == 0)
            memmove(half->levels + at, half->levels + at + 1,
                    (--half->count - at) * sizeof half->levels[0]);
        return;
    }
    if (lots == 0)
        return;
    memmove(half->levels + at + 1, half->levels + at,
            (half->count++ - at) * sizeof half->levels[0]);
    half->levels[at] = (struct level){.price_ticks = price, .qty_lots = lots};
}

/* Mostly near the market, sometimes far away, sometimes an existing level. */
static int64_t draw_price(enum side side, int64_t mid)
{
    int64_t away = draw(10) < 7   ? (int64_t)draw(60)
                   : draw(10) < 9 ? (int64_t)draw(9000)
                                  : (int64_t)draw(400000);

    if (draw(4) == 0 && model[side].count > 0)
        return model[side].levels[draw(draw(3) ? model[side].count : 1)].price_ticks;
    return side == SIDE_BUY ? (mid - 1 - away > 0 ? mid - 1 - away : 1) : mid + 1 + away;
}

static void draw_update(int64_t mid)
{
    for (int i = 0; i < 2; i++) {
        enum side side = (enum side)i;

        /* Levels that the moving market left on the wrong side go first. */
        while (model[side].count > 0 && !better(side, mid, model[side].levels[0].price_ticks)) {
            level(side, model[side].levels[0].price_ticks, 0);
            model_set(side, model[side].levels[0].price_ticks, 0);
        }
        for (uint64_t n = draw(30); n > 0; n--) {
            int64_t price = draw_price(side, mid);
            int64_t lots = draw(3) ? (int64_t)draw(1000) : 0;

            level(side, price, lots);
            model_set(side, price, lots);
        }
    }
}

static void compare_with_model(void)
{
    static struct level levels[20000];

    for (int i = 0; i < 2; i++) {
        enum side side = (enum side)i;
        uint32_t most = (uint32_t)draw(50);
        uint32_t want = most < model[side].count ? most : model[side].count;

        cr_assert_eq(book_level_count(book, side), model[side].count);
        cr_assert_eq(book_levels(book, side, levels, most), want);
        cr_assert_arr_eq(levels, model[side].levels, want * sizeof levels[0]);
    }
    expect_touch(model[0].count ? model[0].levels[0].price_ticks : 0,
                 model[0].count ? model[0].levels[0].qty_lots : 0,
                 model[1].count ? model[1].levels[0].price_ticks : 0,
                 model[1].count ? model[1].levels[0].qty_lots : 0);
}

static void compare_whole(void)
{
    static struct level levels[20000];

    for (int i = 0; i < 2; i++) {
        enum side side = (enum side)i;

        cr_assert_eq(book_levels(book, side, levels, 20000), model[side].count);
        cr_assert_arr_eq(levels, model[side].levels, model[side].count * sizeof levels[0]);
        for (uint32_t at = 0; at < model[side].count; at++)
            cr_assert_eq(book_level_lots(book, side, model[side].levels[at].price_ticks),
                         model[side].levels[at].qty_lots);
    }
}

Test(book, random_updates_equal_a_sorted_array)
{
    int64_t mid = 500000;

    seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : 20417;
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    begin(MARKET_SNAPSHOT, 0, 1);
    cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
    for (int64_t id = 2; id < 6000; id++) {
        mid += (int64_t)draw(7) - 3;
        if (draw(100) == 0) /* a jump beyond the window, now and then */
            mid += (int64_t)draw(20000) - 10000;
        begin(MARKET_DELTA, id - 1, id);
        draw_update(mid);
        cr_assert_eq(book_apply(book, update), BOOK_APPLIED);
        if (id % 8 == 0)
            compare_with_model();
        if (id % 1000 == 0)
            compare_whole();
    }
    compare_whole();
}
