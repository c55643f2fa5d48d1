#include "venue/bybit/books.h"

#include "sim/random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { LEVELS = 40 };

static struct level out[2 * LEVELS];

static uint32_t diff(bool bids, const struct level *before, uint32_t before_count,
                     const struct level *after, uint32_t after_count)
{
    return book_diff(bids, before, before_count, after, after_count, out);
}

Test(venue_books, equal_sides_differ_in_nothing)
{
    const struct level side[] = {{100, 5}, {99, 3}};

    cr_assert(eq(u32, diff(true, side, 2, side, 2), 0));
    cr_assert(eq(u32, diff(true, NULL, 0, NULL, 0), 0));
}

Test(venue_books, new_gone_and_changed_levels_best_first)
{
    const struct level before[] = {{100, 5}, {99, 3}, {97, 1}};
    const struct level after[] = {{101, 2}, {99, 4}, {97, 1}};

    cr_assert(eq(u32, diff(true, before, 3, after, 3), 3));
    cr_assert(eq(i64, out[0].price_ticks, 101));
    cr_assert(eq(i64, out[0].qty_lots, 2));
    cr_assert(eq(i64, out[1].price_ticks, 100));
    cr_assert(eq(i64, out[1].qty_lots, 0));
    cr_assert(eq(i64, out[2].price_ticks, 99));
    cr_assert(eq(i64, out[2].qty_lots, 4));
}

Test(venue_books, a_side_that_empties_is_all_gone)
{
    const struct level before[] = {{100, 5}, {101, 3}};

    cr_assert(eq(u32, diff(false, before, 2, NULL, 0), 2));
    cr_assert(eq(i64, out[0].qty_lots + out[1].qty_lots, 0));
}

static uint32_t random_side(struct level side[LEVELS], bool bids, uint64_t *seed)
{
    uint32_t count = 0;

    for (int64_t tick = 1; tick <= LEVELS; tick++)
        if (random_draw(seed) % 3 != 0)
            side[count++] = (struct level){bids ? 1000 - tick : 1000 + tick,
                                           (int64_t)(random_draw(seed) % 4) + 1};
    return count;
}

static void apply(int64_t sizes[2048], const struct level *levels, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++)
        sizes[levels[at].price_ticks] = levels[at].qty_lots;
}

/* Whatever both are: applying the difference to the first gives the second. */
Test(venue_books, applied_to_the_first_it_gives_the_second)
{
    static int64_t from[2048];
    static int64_t to[2048];
    struct level before[LEVELS];
    struct level after[LEVELS];
    uint64_t seed = 20417;

    for (uint32_t round = 0; round < 2000; round++) {
        bool bids = round % 2 == 0;
        uint32_t before_count = random_side(before, bids, &seed);
        uint32_t after_count = random_side(after, bids, &seed);

        memset(from, 0, sizeof from);
        memset(to, 0, sizeof to);
        apply(from, before, before_count);
        apply(to, after, after_count);
        apply(from, out, diff(bids, before, before_count, after, after_count));
        cr_assert(memcmp(from, to, sizeof from) == 0, "round %u", round);
    }
}
