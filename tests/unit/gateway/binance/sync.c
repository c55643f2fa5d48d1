#include "gateway/binance/sync.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct binance_sync sync;
static void *held;
static struct market_update *update;

static void open_with(bool futures)
{
    held = malloc(BINANCE_HELD_MIN);
    update = calloc(1, sizeof *update + MAX_MARKET_LEVELS * sizeof update->levels[0]);
    binance_sync_init(&sync, futures, held, BINANCE_HELD_MIN);
}

static void open_spot(void)
{
    open_with(false);
}

static void open_futures(void)
{
    open_with(true);
}

static void close_sync(void)
{
    free(held);
    free(update);
}

/* A diff of one level whose size is its last id. */
static bool diff(int64_t first, int64_t last, int64_t prev)
{
    struct binance_frame frame = {.kind = BINANCE_DEPTH,
                                  .first_id = first,
                                  .last_id = last,
                                  .prev_id = prev,
                                  .has_prev = prev != 0,
                                  .bid_count = 1};

    update->levels[0] = (struct level){.price_ticks = 1, .qty_lots = last};
    return binance_sync_take(&sync, &frame, update);
}

static bool snapshot(int64_t last)
{
    struct binance_frame frame = {.kind = BINANCE_SNAPSHOT, .first_id = last, .last_id = last};

    return binance_sync_take(&sync, &frame, update);
}

static void expect_out(const struct market_update *out, int64_t prev, int64_t last)
{
    cr_assert_not_null(out);
    cr_assert_eq(out->kind, MARKET_DELTA);
    cr_assert_eq(out->prev_update_id, prev);
    cr_assert_eq(out->update_id, last);
    cr_assert_eq(out->levels[0].qty_lots, last);
}

TestSuite(binance_sync_spot, .init = open_spot, .fini = close_sync);
TestSuite(binance_sync_futures, .init = open_futures, .fini = close_sync);

Test(binance_sync_spot, held_diffs_follow_the_snapshot)
{
    cr_assert_not(diff(5, 8, 0));
    cr_assert_not(diff(9, 12, 0));
    cr_assert_not(diff(13, 13, 0));
    cr_assert(snapshot(10));
    cr_assert_eq(update->kind, MARKET_SNAPSHOT);
    cr_assert_eq(update->update_id, 10);
    expect_out(binance_sync_release(&sync), 10, 12);
    expect_out(binance_sync_release(&sync), 12, 13);
    cr_assert_null(binance_sync_release(&sync));
    cr_assert(diff(14, 15, 0));
    expect_out(update, 13, 15);
    cr_assert_eq(sync.gaps, 0);
}

Test(binance_sync_spot, the_first_diff_may_begin_right_behind_the_snapshot_and_no_later)
{
    cr_assert(snapshot(10));
    cr_assert_null(binance_sync_release(&sync));
    cr_assert(diff(12, 13, 0));
    expect_out(update, 11, 13); /* with its true predecessor: the book finds the gap */
    cr_assert_eq(sync.gaps, 1);
    cr_assert_not(diff(14, 14, 0));
    cr_assert(snapshot(11));
    expect_out(binance_sync_release(&sync), 11, 13); /* the diff that broke the chain was held */
    expect_out(binance_sync_release(&sync), 13, 14);
}

Test(binance_sync_spot, a_gap_among_held_diffs_waits_for_a_newer_snapshot)
{
    cr_assert_not(diff(9, 12, 0));
    cr_assert_not(diff(20, 21, 0));
    cr_assert_not(diff(22, 23, 0));
    cr_assert(snapshot(10));
    expect_out(binance_sync_release(&sync), 10, 12);
    expect_out(binance_sync_release(&sync), 19, 21);
    cr_assert_null(binance_sync_release(&sync));
    cr_assert_eq(sync.gaps, 1);
    cr_assert(snapshot(21));
    expect_out(binance_sync_release(&sync), 21, 23);
    cr_assert_null(binance_sync_release(&sync));
}

Test(binance_sync_spot, a_snapshot_older_than_a_good_book_is_skipped)
{
    cr_assert(snapshot(10));
    cr_assert_null(binance_sync_release(&sync));
    cr_assert(diff(11, 20, 0));
    cr_assert_not(snapshot(15));
    cr_assert(snapshot(20));
    cr_assert_null(binance_sync_release(&sync));
    cr_assert(diff(21, 22, 0));
    expect_out(update, 20, 22);
}

Test(binance_sync_spot, too_many_held_diffs_lose_the_oldest)
{
    int64_t last = 0;

    for (; sync.dropped == 0; last++)
        cr_assert_not(diff(last + 1, last + 1, 0));
    cr_assert(snapshot(last - 1));
    expect_out(binance_sync_release(&sync), last - 1, last);
    cr_assert_null(binance_sync_release(&sync));
}

Test(binance_sync_futures, the_first_diff_holds_the_snapshot_then_pu_is_the_chain)
{
    cr_assert_not(diff(5, 8, 4));
    cr_assert_not(diff(9, 12, 8));
    cr_assert(snapshot(10));
    expect_out(binance_sync_release(&sync), 10, 12);
    cr_assert_null(binance_sync_release(&sync));
    cr_assert(diff(15, 19, 12)); /* ids may jump, pu may not */
    expect_out(update, 12, 19);
    cr_assert(diff(20, 25, 18));
    expect_out(update, 18, 25);
    cr_assert_eq(sync.gaps, 1);
    cr_assert_not(diff(26, 27, 25));
}

Test(binance_sync_futures, a_diff_that_follows_the_snapshot_by_pu_is_good)
{
    cr_assert_not(diff(5, 10, 4)); /* ends where the snapshot stands */
    cr_assert(snapshot(10));
    cr_assert_null(binance_sync_release(&sync));
    cr_assert(diff(14, 16, 10));
    expect_out(update, 10, 16);
}

Test(binance_sync_futures, a_diff_behind_the_snapshot_is_a_gap)
{
    cr_assert(snapshot(10));
    cr_assert_null(binance_sync_release(&sync));
    cr_assert(diff(11, 16, 9));
    expect_out(update, 9, 16);
    cr_assert_eq(sync.gaps, 1);
}
