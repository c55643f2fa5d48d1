/* Thousands of random requests of several accounts and of the market, and what must hold after
 * each: money and lots are neither made nor lost, what is open and locked is what the orders say,
 * the book is the sum of the orders. At the end the state is saved, loaded into another venue, and
 * must answer the same. `SEED=n` replays one. */
#include "pit.h"

#include "venue/inside.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REQUESTS = 20000, LINKS = 400, RAW_MAX = 4096, FAIR_TICKS = 10000 };

static struct pit *pit;
static struct venue *venue;
static uint64_t chance;
static int64_t deposited_e8[COINS];
static int64_t held_lots[PIT_ACCOUNTS]; /* by their fills, and what was put there */
static uint64_t last_no, last_execution;
static uint64_t raw[RAW_MAX];
static uint32_t raws;
static uint32_t answers[VENUE_FULL + 1], kinds[3];

static uint32_t below(uint32_t bound)
{
    uint64_t mixed = chance += 0x9e3779b97f4a7c15ULL;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return (uint32_t)((mixed ^ (mixed >> 31)) % bound);
}

/* ---- what is heard ---------------------------------------------------------------------- */

static void hear_execution(void *ctx, const struct venue_execution *done)
{
    const struct venue_order *order = venue_order(venue, done->order_no);

    (void)ctx;
    cr_assert(gt(u64, done->no, last_execution));
    last_execution = done->no;
    kinds[done->exec_type]++;
    if (done->exec_type == VENUE_EXEC_FUNDING)
        return;
    cr_assert(order != NULL);
    cr_assert(le(i64, order->filled_lots, order->qty_lots));
    if (order->flags & ORDER_REDUCE_ONLY)
        cr_assert(eq(i64, done->closed_lots, done->lots));
    if (done->instrument == PERP)
        held_lots[done->account] += done->side == SIDE_BUY ? done->lots : -done->lots;
}

static void open_venue(void)
{
    struct venue_config config;
    const char *seed = getenv("SEED");

    chance = seed ? strtoull(seed, NULL, 10) : 20417;
    (void)fprintf(stderr, "venue_property: SEED=%llu\n", (unsigned long long)chance);
    pit_config(&config);
    config.listener = (struct venue_listener){.execution = hear_execution};
    venue = venue_open(&config);
    cr_assert(venue != NULL);
    pit = calloc(1, sizeof *pit);
    pit->now_ns = PIT_START_NS;
    for (uint16_t account = ANN; account != PIT_ACCOUNTS; account++) {
        cr_assert(eq(u16, venue_add_account(venue), account));
        venue_deposit(venue, account, USDT, 2000 * PIT_E8);
        venue_deposit(venue, account, BTC, 1 * PIT_E8);
        deposited_e8[USDT] += 2000 * PIT_E8;
        deposited_e8[BTC] += 1 * PIT_E8;
    }
}

static void close_venue(void)
{
    venue_close(venue);
    free(pit);
}

TestSuite(venue_property, .init = open_venue, .fini = close_venue, .timeout = 300);

/* ---- random requests -------------------------------------------------------------------- */

static int64_t some_ticks(void)
{
    int64_t mark = venue_mark_ticks(venue, PERP);

    mark = mark > 5000 && mark < 20000 ? mark : FAIR_TICKS;
    return mark + (int64_t)below(301) - 150;
}

static void create(void)
{
    char link[VENUE_LINK_MAX] = "";
    bool quote = below(20) == 0;
    struct venue_new wanted = {
        .account = (uint16_t)below(20) == 0 ? VENUE_MARKET : (uint16_t)(ANN + below(3)),
        .instrument = below(3) == 0 ? SPOT : PERP,
        .side = (uint8_t)below(2),
        .type = below(4) == 0 ? TYPE_MARKET : TYPE_LIMIT,
        .tif = (uint8_t)(below(4) == 0 ? below(3) : TIF_GTC),
        .smp = (uint8_t)below(4),
        .price_ticks = some_ticks(),
        .qty_lots = 1 + below(below(10) == 0 ? 30000 : 300),
    };
    uint64_t no = 0;
    enum venue_answer answer;

    if (below(2) == 0)
        (void)snprintf(link, sizeof link, "link-%u", below(LINKS));
    wanted.link = link;
    wanted.flags |= below(6) == 0 ? ORDER_POST_ONLY : 0;
    wanted.flags |= below(4) == 0 ? ORDER_REDUCE_ONLY : 0;
    if (quote) {
        wanted.instrument = SPOT;
        wanted.side = SIDE_BUY;
        wanted.type = TYPE_MARKET;
        wanted.in_quote = true;
        wanted.qty_value_e8 = (int64_t)(1 + below(400)) * PIT_E8;
    }
    answer = venue_create(venue, &wanted, pit->now_ns, &no);
    answers[answer]++;
    if (answer == VENUE_OK) {
        cr_assert(gt(u64, no, last_no));
        last_no = no;
    }
}

static uint64_t some_order(uint16_t *account)
{
    uint64_t back = below(200);
    uint64_t no = last_no > back ? last_no - back : last_no;
    const struct venue_order *order = venue_order(venue, no);

    *account = order ? order->account : ANN;
    return no;
}

static void amend(void)
{
    uint16_t account;
    uint64_t no = some_order(&account);
    int64_t ticks = below(2) == 0 ? some_ticks() : 0;
    int64_t lots = below(2) == 0 ? 1 + below(400) : 0;

    answers[venue_amend(venue, account, &no, NULL, ticks, lots, pit->now_ns)]++;
}

static void cancel(void)
{
    uint16_t account;
    uint64_t no = some_order(&account);

    answers[venue_cancel(venue, account, &no, NULL, VENUE_END_BY_USER, pit->now_ns)]++;
}

static void market_order(void)
{
    struct exchange_order order = {.price_ticks = (uint32_t)some_ticks(),
                                   .lots = 1 + below(2000),
                                   .account = VENUE_MARKET,
                                   .side = (uint8_t)below(2),
                                   .tif = (uint8_t)(below(4) == 0 ? TIF_IOC : TIF_GTC)};
    uint16_t instrument = below(3) == 0 ? SPOT : PERP;
    struct exchange_result result;

    result = venue_market_new(venue, instrument, &order, below(2) == 0, pit->now_ns);
    if (result.answer == EXCHANGE_RESTS && instrument == PERP && raws < RAW_MAX)
        raw[raws++] = result.id;
    else if (result.answer == EXCHANGE_RESTS)
        venue_market_cancel(venue, instrument, result.id);
    if (raws > 60)
        venue_market_cancel(venue, PERP, raw[raws - 1 - below(50)]);
}

static void meddle(void)
{
    uint16_t account;
    uint64_t no = some_order(&account);
    int64_t lots = (int64_t)below(200) - 100;
    uint64_t nos[VENUE_ACTIVE_MAX];

    switch (below(6)) {
    case 0:
        (void)venue_force_fill(venue, no, 1 + below(50), false, pit->now_ns);
        break;
    case 1:
        account = (uint16_t)(ANN + below(3));
        venue_override_position(venue, account, PERP, lots, pit->now_ns);
        held_lots[account] = lots;
        break;
    case 2:
        (void)venue_cancel_those(venue, (uint16_t)(ANN + below(3)), NULL, NULL, VENUE_END_BY_DCP,
                                 pit->now_ns, nos);
        break;
    case 3:
        answers[venue_set_leverage(venue, (uint16_t)(ANN + below(3)), PERP,
                                   (int64_t)(1 + below(100)) * PIT_E8, pit->now_ns)]++;
        break;
    case 4:
        account = (uint16_t)(ANN + below(3));
        venue_deposit(venue, account, USDT, 500 * PIT_E8);
        deposited_e8[USDT] += 500 * PIT_E8;
        break;
    default:
        pit->now_ns += (int64_t)below(10) * 3600 * 1000 * PIT_MS;
    }
}

static void step(void)
{
    static void (*const doings[])(void) = {create, create, create, create,       create,      amend,
                                           amend,  cancel, cancel, market_order, market_order};
    uint32_t pick = below(120);

    pit->now_ns += (int64_t)below(50) * PIT_MS;
    if (pick < 110)
        doings[pick % 11]();
    else if (pick < 116)
        venue_advance(venue, pit->now_ns);
    else
        meddle();
}

/* ---- what must hold --------------------------------------------------------------------- */

static void expect_position(uint16_t account)
{
    const struct venue_position *position = &venue->account[account].position[PERP];

    if (position->lots == 0)
        cr_assert(eq(i64, position->entry_value_e8, 0));
    if (account != VENUE_MARKET)
        cr_assert(eq(i64, position->lots, held_lots[account]));
}

static void expect_money(void)
{
    int64_t sums_e8[2] = {venue->pot_e8[USDT], venue->pot_e8[BTC]};
    int64_t lots = 0;

    for (uint16_t account = 0; account < venue->accounts; account++) {
        const struct venue_position *position = &venue->account[account].position[PERP];

        sums_e8[USDT] += venue->account[account].wallet[USDT].balance_e8;
        sums_e8[BTC] += venue->account[account].wallet[BTC].balance_e8;
        sums_e8[USDT] += position->lots > 0 ? -position->entry_value_e8 : position->entry_value_e8;
        lots += position->lots;
        expect_position(account);
    }
    cr_assert(eq(i64, lots, 0));
    cr_assert(eq(i64, sums_e8[USDT], deposited_e8[USDT]));
    cr_assert(eq(i64, sums_e8[BTC], deposited_e8[BTC]));
}

struct sums {
    struct venue_open open;
    int64_t locked_e8[COINS];
    uint32_t active[VENUE_CATEGORY_COUNT];
};

static void add_order(struct sums *sums, const struct venue_order *order)
{
    int64_t leaves = venue_leaves(order);
    int64_t value_e8 = leaves * order->price_ticks * 10000;

    cr_assert(gt(i64, leaves, 0));
    sums->active[order->instrument == PERP ? VENUE_LINEAR : VENUE_SPOT]++;
    if (order->instrument == SPOT && order->side == SIDE_BUY)
        sums->locked_e8[USDT] += value_e8;
    else if (order->instrument == SPOT)
        sums->locked_e8[BTC] += leaves * 100000;
    else if (order->flags & ORDER_REDUCE_ONLY)
        sums->open.reducing_lots[order->side] += leaves;
    else {
        sums->open.lots[order->side] += leaves;
        sums->open.value_e8[order->side] += value_e8;
    }
}

static bool same_bytes(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

static void expect_bounds(uint16_t at)
{
    const struct venue_account *account = &venue->account[at];
    int64_t lots = account->position[PERP].lots;

    cr_assert(ge(i64, account->wallet[BTC].balance_e8, account->wallet[BTC].locked_e8));
    cr_assert(ge(i64, venue_margin(venue, at, USDT).available_e8, 0));
    cr_assert(le(i64, account->open[PERP].reducing_lots[SIDE_SELL], lots > 0 ? lots : 0));
    cr_assert(le(i64, account->open[PERP].reducing_lots[SIDE_BUY], lots < 0 ? -lots : 0));
}

static void expect_account(uint16_t at)
{
    const struct venue_account *account = &venue->account[at];
    struct sums sums = {0};

    for (uint32_t slot = account->active_first; slot != VENUE_NO_SLOT;
         slot = venue->slots[slot].active_next)
        add_order(&sums, &venue->slots[slot].order);
    cr_assert(same_bytes(&account->open[PERP], &sums.open, sizeof sums.open));
    cr_assert(same_bytes(account->active, sums.active, sizeof sums.active));
    cr_assert(eq(i64, account->wallet[USDT].locked_e8, sums.locked_e8[USDT]));
    cr_assert(eq(i64, account->wallet[BTC].locked_e8, sums.locked_e8[BTC]));
    if (at != VENUE_MARKET)
        expect_bounds(at);
}

static int64_t raw_lots(enum side side, int64_t ticks)
{
    struct exchange_resting resting;
    int64_t lots = 0;

    for (uint32_t at = 0; at < raws; at++)
        if (exchange_find(venue->book[PERP].exchange, raw[at], &resting) &&
            resting.account == VENUE_MARKET && resting.side == side && resting.price_ticks == ticks)
            lots += resting.lots;
    return lots;
}

static void expect_book(uint16_t instrument, enum side side)
{
    struct level levels[1024];
    uint32_t count = venue_levels(venue, instrument, side, levels, 1024);

    for (uint32_t at = 0; at < count; at++) {
        int64_t lots = instrument == PERP ? raw_lots(side, levels[at].price_ticks) : 0;

        for (uint16_t account = 0; account < venue->accounts; account++)
            lots += venue_own_lots(venue, account, instrument, side, levels[at].price_ticks);
        cr_assert(eq(i64, levels[at].qty_lots, lots));
    }
}

static void expect_all(uint32_t at)
{
    expect_money();
    for (uint16_t account = 0; account < venue->accounts; account++)
        expect_account(account);
    for (uint8_t side = SIDE_BUY; at % 16 == 0 && side != SIDE_SELL + 1; side++) {
        expect_book(PERP, (enum side)side);
        expect_book(SPOT, (enum side)side);
    }
}

/* ---- saved and loaded ------------------------------------------------------------------- */

static void expect_same_order(const struct venue_order *a, const struct venue_order *b)
{
    struct venue_order other = *b;

    other.exchange_id = a->exchange_id;
    cr_assert(eq(u64, a->no, b->no));
    cr_assert(same_bytes(a, &other, sizeof other), "order %llu", (unsigned long long)a->no);
}

static void expect_same_lists(const struct venue *other, uint16_t account)
{
    const struct venue_order *order = NULL, *theirs = NULL;
    const struct venue_execution *done = NULL, *their_done = NULL;

    do {
        order = venue_next_order(venue, account, order ? order->no : 0);
        theirs = venue_next_order(other, account, theirs ? theirs->no : 0);
        cr_assert(eq(int, !order, !theirs));
        if (order)
            expect_same_order(order, theirs);
    } while (order);
    do {
        done = venue_next_execution(venue, account, done ? done->no : 0);
        their_done = venue_next_execution(other, account, their_done ? their_done->no : 0);
        cr_assert(eq(int, !done, !their_done));
        if (done)
            cr_assert(same_bytes(done, their_done, sizeof *done));
    } while (done);
}

static void expect_same_account(const struct venue *other, uint16_t at)
{
    const struct venue_account *a = &venue->account[at], *b = &other->account[at];

    cr_assert(same_bytes(a->wallet, b->wallet, sizeof a->wallet));
    cr_assert(same_bytes(a->position, b->position, sizeof a->position));
    cr_assert(same_bytes(a->open, b->open, sizeof a->open));
    expect_same_lists(other, at);
}

static void expect_same_levels(const struct venue *other, uint16_t instrument, enum side side)
{
    struct level mine[1024], theirs[1024];
    uint32_t count = venue_levels(venue, instrument, side, mine, 1024);

    cr_assert(eq(u32, venue_levels(other, instrument, side, theirs, 1024), count));
    cr_assert(same_bytes(mine, theirs, count * sizeof mine[0]));
}

static void expect_same(const struct venue *other)
{
    cr_assert(eq(u16, other->accounts, venue->accounts));
    for (uint16_t at = 0; at < venue->accounts; at++)
        expect_same_account(other, at);
    for (uint16_t instrument = 0; instrument != INSTRUMENTS; instrument++) {
        expect_same_levels(other, instrument, SIDE_BUY);
        expect_same_levels(other, instrument, SIDE_SELL);
    }
}

static void save_and_load(void)
{
    char path[] = "/tmp/pitwall-venue-state-XXXXXX";
    struct venue_config config;
    struct venue *other;
    struct err err;

    for (uint32_t at = 0; at < raws; at++) /* the market is not part of the state */
        venue_market_cancel(venue, PERP, raw[at]);
    (void)close(mkstemp(path));
    cr_assert(eq(int, (int)venue_save(venue, path, &err), OK), "%s", err.text);
    pit_config(&config);
    other = venue_open(&config);
    cr_assert(eq(int, (int)venue_load(other, path, pit->now_ns, &err), OK), "%s", err.text);
    expect_same(other);
    venue_close(other);
    (void)unlink(path);
}

Test(venue_property, nothing_is_made_or_lost)
{
    for (uint32_t at = 0; at < REQUESTS; at++) {
        step();
        expect_all(at);
    }
    /* The story would prove little if it never got anywhere. */
    for (int answer = VENUE_OK; answer <= VENUE_TOO_LARGE; answer++)
        (void)fprintf(stderr, "%u ", answers[answer]);
    (void)fprintf(stderr, "answers; %u trades, %u fundings, %u liquidations\n",
                  kinds[VENUE_EXEC_TRADE], kinds[VENUE_EXEC_FUNDING],
                  kinds[VENUE_EXEC_LIQUIDATION]);
    cr_assert(gt(u32, answers[VENUE_OK], REQUESTS / 8));
    cr_assert(gt(u32, answers[VENUE_NO_FUNDS], 0));
    cr_assert(gt(u32, kinds[VENUE_EXEC_TRADE], REQUESTS / 8));
    cr_assert(gt(u32, kinds[VENUE_EXEC_FUNDING], 0));
    save_and_load();
}
