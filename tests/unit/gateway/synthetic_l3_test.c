/* The synthetic market of orders: its data is that of its exchanges, and an order of ours in them
 * is one among others. */
#include "gateway/synthetic/synthetic.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#define START_NS 1700000000000000000LL

enum { INSTRUMENTS = 3, OURS_MAX = 256 };

struct watch {
    struct feed *feed;
    struct l3 *l3;
    struct book *books[INSTRUMENTS];
    uint64_t counts[MARKET_ENDED + 1];
    uint64_t id; /* of our order */
    uint32_t heard;
    struct exchange_event events[OURS_MAX];
};

static struct watch watch;

static void hear(void *ctx, uint16_t instrument, uint64_t order_id,
                 const struct exchange_event *event)
{
    (void)ctx;
    cr_assert(eq(u16, instrument, 0));
    cr_assert(eq(u64, order_id, watch.id));
    cr_assert(watch.heard < OURS_MAX);
    watch.events[watch.heard++] = *event;
}

static void open_market(uint64_t seed)
{
    struct err err;

    watch = (struct watch){0};
    cr_assert(eq(int, synthetic_l3_open(seed, START_NS, &watch.feed, &err), OK));
    watch.l3 = watch.feed->l3;
    l3_listen(watch.l3, hear, NULL);
    for (uint16_t at = 0; at < INSTRUMENTS; at++) {
        watch.books[at] = aligned_alloc(CACHE_LINES_APART, (book_size() + 127) / 128 * 128);
        book_init(watch.books[at], at);
    }
}

static void close_market(void)
{
    watch.feed->ops->close(watch.feed);
    for (uint16_t at = 0; at < INSTRUMENTS; at++)
        free(watch.books[at]);
}

/* The levels that the data told are those of the exchange. */
static void expect_told(uint16_t instrument)
{
    struct level told[400];
    struct level held[400];

    for (enum side side = SIDE_BUY; side <= SIDE_SELL; side++) {
        uint32_t count = exchange_levels(l3_exchange(watch.l3, instrument), side, held, 400);

        cr_assert(eq(u32, book_levels(watch.books[instrument], side, told, 400), count));
        cr_assert(memcmp(told, held, count * sizeof *held) == 0);
    }
}

static const struct market_update *follow(void)
{
    const struct market_update *update = feed_next(watch.feed);
    struct book *book = watch.books[update->instrument];

    watch.counts[update->kind]++;
    if (update->kind == MARKET_SNAPSHOT || update->kind == MARKET_DELTA) {
        cr_assert(eq(int, book_apply(book, update), BOOK_APPLIED), "no gap, never crossed");
        cr_assert(not(book_is_stale(book)));
        expect_told(update->instrument);
    }
    return update;
}

static void start(uint64_t seed)
{
    open_market(seed);
    for (int at = 0; at < INSTRUMENTS; at++)
        cr_assert(eq(int, follow()->kind, MARKET_SNAPSHOT));
}

static struct exchange_result place(enum side side, uint32_t price_ticks, uint32_t lots)
{
    struct exchange_order order = {.id = ++watch.id,
                                   .price_ticks = price_ticks,
                                   .lots = lots,
                                   .account = L3_OURS,
                                   .side = (uint8_t)side};

    return l3_new(watch.l3, 0, &order);
}

TestSuite(synthetic_l3, .timeout = 60);

Test(synthetic_l3, its_data_is_what_its_exchanges_hold_and_it_is_alive)
{
    int64_t before_ns = START_NS;

    for (uint64_t seed = 1; seed <= 3; seed++) {
        start(seed);
        for (int at = 0; at < 60000; at++) {
            int64_t received_ns = follow()->received_ns;

            cr_assert(ge(i64, received_ns, before_ns));
            before_ns = received_ns;
        }
        cr_assert(gt(u64, watch.counts[MARKET_TRADE], 2000));
        cr_assert(gt(u64, watch.counts[MARKET_DELTA], 15000));
        cr_assert(gt(u64, watch.counts[MARKET_TICKER], watch.counts[MARKET_DELTA]));
        close_market();
        before_ns = START_NS;
    }
}

static uint64_t hash_of_day(uint64_t seed)
{
    uint64_t hash = 14695981039346656037ULL;

    open_market(seed);
    for (int at = 0; at < 20000; at++) {
        const struct market_update *update = feed_next(watch.feed);
        const uint8_t *bytes = (const uint8_t *)update;
        size_t size = sizeof *update +
                      ((size_t)update->bid_count + update->ask_count) * sizeof update->levels[0];

        for (size_t each = 0; each < size; each++)
            hash = (hash ^ bytes[each]) * 1099511628211ULL;
    }
    close_market();
    return hash;
}

Test(synthetic_l3, a_seed_is_a_day)
{
    uint64_t first = hash_of_day(20417);

    cr_assert(eq(u64, first, hash_of_day(20417)));
    cr_assert(ne(u64, first, hash_of_day(20418)));
}

/* A bid one tick above all others is the first that a seller meets, at its own price. */
Test(synthetic_l3, a_seller_meets_our_better_bid_first)
{
    uint32_t price_ticks;

    start(7);
    price_ticks = exchange_best_ticks(l3_exchange(watch.l3, 0), SIDE_BUY) + 1;
    cr_assert(eq(u32, place(SIDE_BUY, price_ticks, 5).answer, EXCHANGE_RESTS));
    for (int at = 0; at < 20000 && watch.heard == 0; at++)
        follow();
    cr_assert(gt(u32, watch.heard, 0));
    cr_assert(eq(u8, watch.events[0].kind, EXCHANGE_EVENT_TRADE));
    cr_assert(eq(u64, watch.events[0].maker_id, watch.id));
    cr_assert(eq(u32, watch.events[0].price_ticks, price_ticks));
    cr_assert(ne(u64, watch.events[0].taker_id & L3_OTHERS_BIT, 0));
    close_market();
}

/* Behind the whole queue of the touch our lot stays on show until somebody trades with it. */
Test(synthetic_l3, behind_a_queue_we_are_shown_until_we_trade)
{
    struct level touch;
    uint32_t updates = 0;

    start(3);
    cr_assert(eq(u32, exchange_levels(l3_exchange(watch.l3, 0), SIDE_BUY, &touch, 1), 1));
    place(SIDE_BUY, (uint32_t)touch.price_ticks, 1);
    while (watch.heard == 0) {
        const struct market_update *update = follow();

        if (update->instrument == 0 && update->kind == MARKET_DELTA && watch.heard == 0)
            cr_assert(ge(u64,
                         exchange_level_lots(l3_exchange(watch.l3, 0), SIDE_BUY,
                                             (uint32_t)touch.price_ticks),
                         1),
                      "our lot is on show until it trades");
        cr_assert(lt(u32, ++updates, 100000));
    }
    cr_assert(eq(u32, watch.events[0].price_ticks, (uint32_t)touch.price_ticks));
    close_market();
}

/* What we take is gone from the data, and the trade is told. */
Test(synthetic_l3, what_we_take_is_told)
{
    struct level touch;
    bool traded = false;

    start(11);
    cr_assert(eq(u32, exchange_levels(l3_exchange(watch.l3, 0), SIDE_SELL, &touch, 1), 1));
    place(SIDE_BUY, (uint32_t)touch.price_ticks, (uint32_t)touch.qty_lots);
    cr_assert(gt(u32, watch.heard, 0));
    cr_assert(eq(u64, watch.events[0].taker_id, watch.id));
    for (int at = 0; at < 100 && !traded; at++) {
        const struct market_update *update = follow();

        traded = update->kind == MARKET_TRADE && update->instrument == 0 &&
                 update->levels[0].price_ticks == touch.price_ticks &&
                 update->levels[0].qty_lots >= touch.qty_lots;
        if (traded)
            cr_assert(not(update->flags & MARKET_BUYER_IS_MAKER));
    }
    cr_assert(traded);
    close_market();
}

/* A step waits to be asked for: an order sent between its announcement and the next question is
 * in the book before the step. */
Test(synthetic_l3, an_order_before_the_step_is_before_the_step)
{
    const struct market_update *announcement;

    start(5);
    announcement = follow();
    cr_assert(eq(int, announcement->kind, MARKET_TICKER));
    cr_assert(eq(u32, l3_news(watch.l3, announcement->instrument)->change_count[SIDE_BUY], 0));
    cr_assert(eq(u32, l3_news(watch.l3, announcement->instrument)->change_count[SIDE_SELL], 0));
    close_market();
}

/* More levels change than a delta tells: the book is told whole. */
Test(synthetic_l3, too_much_news_is_told_as_a_snapshot)
{
    start(5);
    for (uint32_t at = 0; at < L3_CHANGES_MAX + 10; at++)
        cr_assert(eq(u32, place(SIDE_BUY, 1000 + at, 1).answer, EXCHANGE_RESTS));
    watch.counts[MARKET_SNAPSHOT] = 0;
    for (int at = 0; at < 200; at++) {
        const struct market_update *update = feed_next(watch.feed);

        if (update->instrument != 0 ||
            (update->kind != MARKET_SNAPSHOT && update->kind != MARKET_DELTA))
            continue;
        cr_assert(eq(int, book_apply(watch.books[0], update), BOOK_APPLIED));
        watch.counts[MARKET_SNAPSHOT] += update->kind == MARKET_SNAPSHOT;
    }
    cr_assert(eq(u64, watch.counts[MARKET_SNAPSHOT], 1));
    cr_assert(eq(i64, book_level_lots(watch.books[0], SIDE_BUY, 1005), 1));
    close_market();
}
