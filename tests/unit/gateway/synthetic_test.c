#include "gateway/synthetic/synthetic.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#define START_NS 1700000000000000000LL

static struct feed *open_feed(uint64_t seed)
{
    struct feed *feed = NULL;
    struct err err;

    cr_assert(eq(int, synthetic_open(seed, START_NS, &feed, &err), OK));
    return feed;
}

static size_t size_of(const struct market_update *update)
{
    return sizeof *update +
           ((size_t)update->bid_count + update->ask_count) * sizeof update->levels[0];
}

static uint64_t hash_of(struct feed *feed, int updates)
{
    uint64_t hash = 14695981039346656037ULL;

    while (updates-- > 0) {
        const struct market_update *update = feed_next(feed);
        const uint8_t *bytes = (const uint8_t *)update;

        for (size_t at = 0; at < size_of(update); at++)
            hash = (hash ^ bytes[at]) * 1099511628211ULL;
    }
    return hash;
}

Test(synthetic, a_seed_is_a_day)
{
    struct feed *a = open_feed(20417);
    struct feed *b = open_feed(20417);
    struct feed *c = open_feed(20418);
    uint64_t first = hash_of(a, 20000);
    struct err err;

    cr_assert(eq(u64, first, hash_of(b, 20000)));
    cr_assert(ne(u64, first, hash_of(c, 20000)));
    cr_assert(eq(int, a->ops->rewind(a, &err), OK));
    cr_assert(eq(u64, first, hash_of(a, 20000)), "a rewind is the same day again");
    a->ops->close(a);
    b->ops->close(b);
    c->ops->close(c);
}

Test(synthetic, it_starts_with_a_snapshot_of_each_and_time_never_goes_back)
{
    struct feed *feed = open_feed(1);
    int64_t before_ns = START_NS;

    cr_assert(eq(int, feed->instruments->count, 3));
    for (int at = 0; at < 50000; at++) {
        const struct market_update *update = feed_next(feed);

        if (at < 3) {
            cr_assert(eq(int, update->kind, MARKET_SNAPSHOT));
            cr_assert(eq(int, update->instrument, at));
            cr_assert(eq(int, update->bid_count, SYNTHETIC_LEVELS));
            cr_assert(eq(int, update->ask_count, SYNTHETIC_LEVELS));
        }
        cr_assert(ge(i64, update->received_ns, before_ns));
        before_ns = update->received_ns;
    }
    feed->ops->close(feed);
}

/* What a book rebuilt from the updates must always show. */
static void follow(struct feed *feed, struct book *books[3], uint64_t counts[8], int updates)
{
    while (updates-- > 0) {
        const struct market_update *update = feed_next(feed);
        struct book *book = books[update->instrument];
        struct touch touch;

        counts[update->kind]++;
        if (update->kind == MARKET_TRADE) {
            touch = book_touch(book);
            /* A sweep goes on into the levels behind the touch. */
            if (update->flags & MARKET_BUYER_IS_MAKER)
                cr_assert(le(i64, update->levels[0].price_ticks, touch.bid.price_ticks));
            else
                cr_assert(ge(i64, update->levels[0].price_ticks, touch.ask.price_ticks));
            cr_assert(gt(
                i64,
                book_level_lots(book, update->flags & MARKET_BUYER_IS_MAKER ? SIDE_BUY : SIDE_SELL,
                                update->levels[0].price_ticks),
                0));
        }
        if (update->kind != MARKET_SNAPSHOT && update->kind != MARKET_DELTA)
            continue;
        cr_assert(eq(int, book_apply(book, update), BOOK_APPLIED), "no gap, never crossed");
        cr_assert(not(book_is_stale(book)));
        cr_assert(eq(u32, book_level_count(book, SIDE_BUY), SYNTHETIC_LEVELS));
        cr_assert(eq(u32, book_level_count(book, SIDE_SELL), SYNTHETIC_LEVELS));
    }
}

Test(synthetic, its_books_are_continuous_whole_and_never_crossed, .timeout = 60)
{
    struct book *books[3];
    uint64_t counts[8] = {0};

    for (uint16_t at = 0; at < 3; at++) {
        books[at] = aligned_alloc(CACHE_LINES_APART, (book_size() + 127) / 128 * 128);
        book_init(books[at], at);
    }
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct feed *feed = open_feed(seed);

        follow(feed, books, counts, 100000);
        feed->ops->close(feed);
    }
    cr_assert(gt(u64, counts[MARKET_TRADE], 50000));
    cr_assert(gt(u64, counts[MARKET_TICKER], 50000));
    for (uint16_t at = 0; at < 3; at++)
        free(books[at]);
}

Test(synthetic, a_ticker_tells_the_touch_of_the_delta_behind_it)
{
    struct feed *feed = open_feed(3);
    struct book *book = aligned_alloc(CACHE_LINES_APART, (book_size() + 127) / 128 * 128);
    struct level told[2] = {{0, 0}, {0, 0}};
    int64_t told_id = -1;
    int checked = 0;

    book_init(book, 0);
    while (checked < 5000) {
        const struct market_update *update = feed_next(feed);

        if (update->instrument != 0)
            continue;
        if (update->kind == MARKET_TICKER) {
            memcpy(told, update->levels, sizeof told);
            told_id = update->update_id;
        }
        if (update->kind != MARKET_SNAPSHOT && update->kind != MARKET_DELTA)
            continue;
        book_apply(book, update);
        if (told_id < 0)
            continue;
        checked++;
        cr_assert(eq(i64, book_touch(book).bid.price_ticks, told[0].price_ticks));
        cr_assert(eq(i64, book_touch(book).bid.qty_lots, told[0].qty_lots));
        cr_assert(eq(i64, book_touch(book).ask.price_ticks, told[1].price_ticks));
        cr_assert(eq(i64, book_touch(book).ask.qty_lots, told[1].qty_lots));
    }
    free(book);
    feed->ops->close(feed);
}

Test(synthetic, it_is_as_lively_as_a_market)
{
    struct feed *feed = open_feed(4);
    uint32_t second[3][300] = {{0}};
    const struct market_update *update;

    while ((update = feed_next(feed))->received_ns < START_NS + 300 * 1000000000LL)
        second[update->instrument][(update->received_ns - START_NS) / 1000000000]++;
    for (int at = 0; at < 3; at++) {
        uint32_t total = 0;
        uint32_t most = 0;

        for (int s = 0; s < 300; s++) {
            total += second[at][s];
            most = second[at][s] > most ? second[at][s] : most;
        }
        cr_assert(gt(u32, total, 300 * 20));
        cr_assert(lt(u32, total, 300 * 140));
        cr_assert(gt(u32, most, 3 * total / 300), "bursts");
    }
    feed->ops->close(feed);
}
