/* The exchange and the plain matcher are told the same and must say the same: every answer, every
 * event in its order, every level; and the exchange's own structures must agree with each other. */
#include "engine.h"
#include "sim/exchange_inside.h"
#include "unit/sim/exchange_reference.h"

#include "cli/workload.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_MAX = 1024, LEVELS_MAX = 1024, KNOWN_MAX = 512, STEPS = 3000, SEEDS = 120 };

static uint64_t seed_now;
#define expect(claim) cr_assert(claim, "SEED=%llu", (unsigned long long)seed_now)

struct heard {
    uint32_t count;
    uint64_t trades, volume_lots, cancels;
    struct exchange_event events[EVENTS_MAX];
};

struct pair {
    struct exchange *exchange;
    struct reference *reference;
    struct exchange_config config;
    struct heard left, right; /* of the exchange, of the reference */
    uint64_t random;
    uint64_t ids;
    uint64_t known[KNOWN_MAX]; /* ids that rest or rested */
    uint16_t owner[KNOWN_MAX];
    uint32_t known_count;
    int64_t centre_ticks, reach_ticks; /* where prices are drawn */
    uint64_t answers[EXCHANGE_UNKNOWN + 1];
    uint64_t moves; /* of the window */
};

static void hear(void *ctx, const struct exchange_event *event)
{
    struct heard *heard = ctx;

    heard->events[heard->count++ % EVENTS_MAX] = *event;
    if (event->kind == EXCHANGE_EVENT_CANCEL) {
        heard->cancels++;
        return;
    }
    heard->trades++;
    heard->volume_lots += event->lots;
}

static void open_pair(struct pair *pair, struct exchange_config config)
{
    size_t size = (exchange_size(&config) + 127) / 128 * 128;

    pair->config = config;
    pair->exchange = aligned_alloc(CACHE_LINES_APART, size);
    memset(pair->exchange, 0xa5, size); /* it must not count on zeroes */
    exchange_init(pair->exchange, &config, hear, &pair->left);
    pair->reference = reference_open(&config, hear, &pair->right);
}

static void close_pair(struct pair *pair)
{
    reference_close(pair->reference);
    free(pair->exchange);
}

static void expect_same(struct pair *pair, struct exchange_result left,
                        struct exchange_result right)
{
    uint32_t count = pair->left.count < EVENTS_MAX ? pair->left.count : EVENTS_MAX;

    expect(eq(u32, left.answer, right.answer));
    expect(eq(u64, left.id, right.id));
    expect(eq(u32, left.leaves_lots, right.leaves_lots));
    expect(eq(u32, pair->left.count, pair->right.count));
    expect(memcmp(pair->left.events, pair->right.events, count * sizeof(struct exchange_event)) ==
           0);
    pair->left.count = pair->right.count = 0;
    pair->answers[left.answer]++;
}

/* ---- the structures agree --------------------------------------------------------------- */

/* Walks the ring of a level; returns its orders. */
static uint32_t check_level(const struct exchange *exchange, uint8_t side, uint32_t price_ticks,
                            uint32_t level)
{
    const union exchange_cell *cells = exchange->cells;
    uint64_t lots = 0;
    uint32_t orders = 0;

    for (uint32_t at = cells[level].links.next; at != level; at = cells[at].links.next) {
        expect(eq(u32, cells[cells[at].links.previous].links.next, at));
        expect(eq(u32, cells[at].order.price_ticks, price_ticks));
        expect(eq(u8, cells[at + 1].owner.side, side));
        expect(cells[at].order.lots > 0);
        lots += cells[at].order.lots;
        orders++;
    }
    expect(eq(u64, cells[level].level.lots, lots));
    return orders;
}

static uint32_t check_window(const struct exchange *exchange, uint8_t side, uint32_t *levels)
{
    const struct exchange_half *half = &exchange->half[side];
    uint32_t orders = 0;

    for (uint32_t index = 0; index < EXCHANGE_WINDOW_TICKS; index++) {
        uint32_t price_ticks = exchange->base_ticks + index;
        uint32_t word = price_ticks / 64 % EXCHANGE_WORDS;

        expect(eq(u64, half->bits[word] != 0, half->summary >> word & 1));
        if (!(half->bits[word] >> price_ticks % 64 & 1))
            continue;
        expect(exchange->cells[price_ticks & EXCHANGE_WINDOW_MASK].links.next >=
               EXCHANGE_WINDOW_TICKS);
        orders += check_level(exchange, side, price_ticks, price_ticks & EXCHANGE_WINDOW_MASK);
        ++*levels;
    }
    return orders;
}

static uint32_t check_deep(const struct exchange *exchange, uint8_t side)
{
    const struct exchange_half *half = &exchange->half[side];
    uint32_t orders = 0;

    for (uint32_t at = 0; at < half->deep_count; at++) {
        uint32_t price_ticks = half->deep[at].price_ticks;
        uint32_t level_orders = check_level(exchange, side, price_ticks, half->deep[at].cell);

        expect(level_orders > 0);
        expect(eq(int, exchange_in_window(exchange, price_ticks), 0));
        if (at > 0)
            expect(exchange_rank(side, half->deep[at - 1].price_ticks) <
                   exchange_rank(side, price_ticks));
        orders += level_orders;
    }
    return orders;
}

static void check_table(const struct exchange *exchange)
{
    uint32_t entries = 0;

    for (uint32_t at = 0; at < 1U << exchange->table_bits; at++) {
        uint32_t order = exchange_entry_order(exchange, exchange->table[at]);

        if (order == EXCHANGE_NONE)
            continue;
        expect(eq(u32, exchange_table_at(exchange, exchange->cells[order + 1].owner.id), at));
        entries++;
    }
    expect(eq(u32, entries, exchange->resting));
}

static void check_structures(const struct exchange *exchange)
{
    uint32_t levels = 0;
    uint32_t orders = 0;

    for (uint8_t side = SIDE_BUY; side <= SIDE_SELL; side++)
        orders += check_window(exchange, side, &levels) + check_deep(exchange, side);
    expect(eq(u32, orders, exchange->resting));
    expect(eq(u32, levels, exchange->window_levels));
    if (exchange->config.ids == EXCHANGE_IDS_FOREIGN)
        check_table(exchange);
}

static void expect_same_books(const struct pair *pair)
{
    struct level left[LEVELS_MAX];
    struct level right[LEVELS_MAX];

    for (enum side side = SIDE_BUY; side <= SIDE_SELL; side++) {
        uint32_t count = exchange_levels(pair->exchange, side, left, LEVELS_MAX);

        expect(eq(u32, count, reference_levels(pair->reference, side, right, LEVELS_MAX)));
        expect(memcmp(left, right, count * sizeof *left) == 0);
        expect(eq(i64, exchange_best_ticks(pair->exchange, side),
                  count == 0 ? 0 : right[0].price_ticks));
        for (uint32_t at = 0; at < count; at++)
            expect(eq(u64,
                      exchange_level_lots(pair->exchange, side, (uint32_t)right[at].price_ticks),
                      (uint64_t)right[at].qty_lots));
    }
    check_structures(pair->exchange);
}

/* ---- a random session ------------------------------------------------------------------- */

static uint64_t draw(struct pair *pair)
{
    pair->random ^= pair->random >> 12;
    pair->random ^= pair->random << 25;
    pair->random ^= pair->random >> 27;
    return pair->random * 0x2545F4914F6CDD1DULL;
}

static uint32_t below(struct pair *pair, uint32_t bound)
{
    return (uint32_t)(draw(pair) >> 20) % bound;
}

/* Mostly near the centre; now and then the centre jumps, to the ends of the range too. */
static uint32_t draw_price(struct pair *pair)
{
    static const int64_t centres[] = {1, 4096, 100000, 617000, 50000000, MAX_PRICE_TICKS};
    int64_t price;

    if (below(pair, 400) == 0) {
        pair->centre_ticks = centres[below(pair, 6)];
        pair->reach_ticks = below(pair, 3) == 0 ? 40000 : 10 + below(pair, 400);
    }
    if (below(pair, 50) == 0)
        return 1 + below(pair, MAX_PRICE_TICKS);
    pair->centre_ticks += (int64_t)below(pair, 3) - 1;
    price = pair->centre_ticks + (int64_t)below(pair, (uint32_t)(2 * pair->reach_ticks)) -
            pair->reach_ticks;
    if (below(pair, 3) == 0) /* where a window may begin or end */
        price = (price & ~63LL) - below(pair, 2);
    return price < 0 ? 0 : (uint32_t)price; /* 0 and beyond the end are refused by both */
}

static void know(struct pair *pair, uint64_t id, uint16_t account)
{
    uint32_t at = pair->known_count < KNOWN_MAX ? pair->known_count++ : below(pair, KNOWN_MAX);

    pair->known[at] = id;
    pair->owner[at] = account;
}

static void step_new(struct pair *pair)
{
    struct exchange_order order = {
        .price_ticks = draw_price(pair),
        .lots = below(pair, 60) == 0 ? draw(pair) & UINT32_MAX : below(pair, 20),
        .account = (uint16_t)below(pair, pair->config.accounts + (below(pair, 50) == 0)),
        .side = (uint8_t)below(pair, 2),
        .type = below(pair, 8) == 0 ? TYPE_MARKET : TYPE_LIMIT,
        .tif = (uint8_t)(below(pair, 4) == 0 ? below(pair, 4) : 0),
        .flags = below(pair, 6) == 0 ? ORDER_POST_ONLY : 0,
    };
    struct exchange_result result;

    if (pair->config.ids == EXCHANGE_IDS_FOREIGN)
        order.id = below(pair, 30) == 0 && pair->known_count > 0
                       ? pair->known[below(pair, pair->known_count)]
                       : draw(pair) >> below(pair, 60);
    result = exchange_new(pair->exchange, &order);
    order.id = result.id;
    expect_same(pair, result, reference_new(pair->reference, order));
    know(pair, result.id, order.account);
}

static void step_known(struct pair *pair, bool amends)
{
    uint32_t at = below(pair, pair->known_count);
    uint64_t id = below(pair, 40) == 0 ? draw(pair) : pair->known[at];
    uint16_t account =
        below(pair, 40) == 0 ? (uint16_t)below(pair, pair->config.accounts) : pair->owner[at];
    struct exchange_resting resting;
    uint32_t price = draw_price(pair);
    uint32_t lots = below(pair, 20);

    if (exchange_find(pair->exchange, id, &resting) && below(pair, 2) == 0)
        price = resting.price_ticks;
    if (amends)
        expect_same(pair, exchange_amend(pair->exchange, account, id, price, lots),
                    reference_amend(pair->reference, account, id, price, lots));
    else
        expect_same(pair, exchange_cancel(pair->exchange, account, id),
                    reference_cancel(pair->reference, account, id));
}

static void step(struct pair *pair)
{
    uint32_t what = below(pair, 100);
    uint32_t base_ticks = pair->exchange->base_ticks;

    if (pair->known_count == 0 || what < 60)
        step_new(pair);
    else
        step_known(pair, what < 75);
    pair->moves += base_ticks != pair->exchange->base_ticks;
    expect(eq(u32, exchange_resting(pair->exchange), pair->reference->resting));
}

static void draw_policies(struct pair *pair)
{
    for (uint16_t taker = 0; taker < pair->config.accounts; taker++)
        for (uint16_t maker = 0; maker < pair->config.accounts; maker++) {
            enum exchange_policy policy = (enum exchange_policy)(below(pair, 2) * below(pair, 3));

            exchange_set_policy(pair->exchange, taker, maker, policy);
            pair->reference->policy[taker][maker] = (uint8_t)policy;
        }
}

static void session(struct pair *pair, uint64_t seed)
{
    struct exchange_config config = {.ids = (uint8_t)(seed % 2)};

    *pair = (struct pair){.random = seed * 0x9E3779B97F4A7C15ULL, .reach_ticks = 20};
    pair->centre_ticks = 1000;
    config.orders = 1 + below(pair, seed % 3 == 0 ? 40 : 600);
    config.accounts = (uint16_t)(1 + below(pair, 5));
    config.market_band_ticks = below(pair, 50);
    open_pair(pair, config);
    draw_policies(pair);
    for (uint32_t at = 0; at < STEPS; at++) {
        step(pair);
        if (at % 50 == 49)
            expect_same_books(pair);
    }
    close_pair(pair);
}

Test(exchange_differential, random_sessions_are_those_of_the_plain_matcher)
{
    struct pair *pair = malloc(sizeof *pair);
    const char *one = getenv("SEED");
    uint64_t answers[EXCHANGE_UNKNOWN + 1] = {0};
    uint64_t trades = 0, cancels = 0, moves = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        seed_now = one ? strtoull(one, NULL, 10) : seed;
        session(pair, seed_now);
        trades += pair->left.trades;
        cancels += pair->left.cancels;
        moves += pair->moves;
        for (uint32_t at = 0; at <= EXCHANGE_UNKNOWN; at++)
            answers[at] += pair->answers[at];
    }
    /* What never happened was not compared. */
    cr_assert(trades > 20000 && cancels > 1000 && moves > 200);
    for (uint32_t at = 0; at <= EXCHANGE_UNKNOWN; at++)
        cr_assert(answers[at] > 300, "answer %u", at);
    free(pair);
}

/* ---- workload A ------------------------------------------------------------------------- */

static void play(struct pair *pair, const struct workload_message *message)
{
    struct exchange_order order = {.id = message->id,
                                   .price_ticks = message->price_ticks,
                                   .lots = message->lots,
                                   .side = message->side};

    if (message->kind == WORKLOAD_CANCEL)
        expect_same(pair, exchange_cancel(pair->exchange, 0, message->id),
                    reference_cancel(pair->reference, 0, message->id));
    else
        expect_same(pair, exchange_new(pair->exchange, &order),
                    reference_new(pair->reference, order));
}

Test(exchange_differential, workload_a_whole)
{
    struct exchange_config config = {
        .orders = WORKLOAD_RESTING_MAX, .accounts = 1, .ids = EXCHANGE_IDS_FOREIGN};
    struct workload_message *messages = malloc(WORKLOAD_MESSAGES * sizeof *messages);
    struct pair *pair = calloc(1, sizeof *pair);

    cr_assert(workload_make(messages, WORKLOAD_MESSAGES));
    cr_assert(eq(u64, workload_checksum(messages, WORKLOAD_MESSAGES), WORKLOAD_CHECKSUM));
    open_pair(pair, config);
    for (uint32_t at = 0; at < WORKLOAD_MESSAGES; at++)
        play(pair, &messages[at]);
    expect_same_books(pair);
    cr_assert(eq(u64, pair->right.trades, WORKLOAD_TRADES));
    cr_assert(eq(u64, pair->right.volume_lots, WORKLOAD_VOLUME_LOTS));
    cr_assert(eq(u64, pair->left.trades, WORKLOAD_TRADES));
    cr_assert(eq(u64, pair->left.volume_lots, WORKLOAD_VOLUME_LOTS));
    close_pair(pair);
    free(pair);
    free(messages);
}
