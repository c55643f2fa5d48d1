#include "gateway/synthetic/walk.h"

#include <string.h>

struct profile {
    struct instrument instrument;
    int64_t home_ticks;
    int64_t gap_ticks;    /* between two levels: 1..gap */
    int64_t spread_ticks; /* above this, quotes are laid into the spread */
    int64_t size_lots;    /* typical of a level */
};

#define MAKER_FEE_E8 20000 /* 0.02 % */
#define TAKER_FEE_E8 50000

static const struct profile profiles[WALK_PROFILES] = {
    {.instrument = {.name = "sim:BTCUSDT",
                    .price_decimals = 1,
                    .tick_units = 1,
                    .qty_decimals = 3,
                    .lot_units = 1,
                    .tick_value_e8 = 10000,
                    .maker_fee_e8 = MAKER_FEE_E8,
                    .taker_fee_e8 = TAKER_FEE_E8},
     .home_ticks = 617000,
     .gap_ticks = 8,
     .spread_ticks = 6,
     .size_lots = 900},
    {.instrument = {.name = "sim:ETHUSDT",
                    .price_decimals = 2,
                    .tick_units = 1,
                    .qty_decimals = 2,
                    .lot_units = 1,
                    .tick_value_e8 = 10000,
                    .maker_fee_e8 = MAKER_FEE_E8,
                    .taker_fee_e8 = TAKER_FEE_E8},
     .home_ticks = 268200,
     .gap_ticks = 5,
     .spread_ticks = 4,
     .size_lots = 1500},
    {.instrument = {.name = "sim:SOLUSDT",
                    .price_decimals = 2,
                    .tick_units = 1,
                    .qty_decimals = 1,
                    .lot_units = 1,
                    .tick_value_e8 = 100000,
                    .maker_fee_e8 = MAKER_FEE_E8,
                    .taker_fee_e8 = TAKER_FEE_E8},
     .home_ticks = 15600,
     .gap_ticks = 1,
     .spread_ticks = 2,
     .size_lots = 4000},
};

enum {
    SECOND_NS = 1000000000,
    BURST_QUICKER = 5,
    BURST_WILDER = 2,
    PULL = 200000,    /* steps after which the pull home would have closed a distance */
    STEP_PPM = 9,     /* size of a step of the fair price, in millionths of the price */
    TRADE_SHARE = 18, /* per cent of the quiet steps that trade */
};

const struct instrument *walk_instrument(uint32_t profile)
{
    return &profiles[profile].instrument;
}

/* ---- chance ----------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t draw(struct walk *walk)
{
    uint64_t mixed = walk->random += 0x9e3779b97f4a7c15ULL;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

/* Uniform in low..high. */
static int64_t between(struct walk *walk, int64_t low, int64_t high)
{
    return low + (int64_t)(draw(walk) % (uint64_t)(high - low + 1));
}

static bool chance(struct walk *walk, int64_t per_cent)
{
    return between(walk, 0, 99) < per_cent;
}

/* The product of two uniform draws: many short, some long, as arrivals are. */
static int64_t around(struct walk *walk, int64_t mean)
{
    return 1 + mean * between(walk, 0, 1999) / 1000 * between(walk, 0, 1999) / 1000;
}

static int64_t size_of_level(struct walk *walk)
{
    return around(walk, profiles[walk->profile].size_lots);
}

/* ---- the fair price --------------------------------------------------------------------- */

static bool in_burst(const struct walk *walk)
{
    return walk->now_ns < walk->burst_until_ns;
}

static void change_weather(struct walk *walk)
{
    if (walk->now_ns >= walk->trend_until_ns) {
        walk->trend_q10 = between(walk, -walk->step_q10, walk->step_q10) / 8;
        walk->trend_until_ns = walk->now_ns + between(walk, 5, 60) * SECOND_NS;
        walk->interval_ns = SECOND_NS / between(walk, 15, 48);
    }
    if (walk->now_ns >= walk->next_burst_ns) {
        walk->burst_until_ns = walk->now_ns + between(walk, 200, 2000) * 1000000;
        walk->next_burst_ns = walk->burst_until_ns + between(walk, 5, 30) * SECOND_NS;
    }
}

static void move_fair(struct walk *walk)
{
    int64_t step = walk->step_q10 * (in_burst(walk) ? BURST_WILDER : 1);

    walk->fair_q10 +=
        between(walk, -step, step) + walk->trend_q10 + (walk->home_q10 - walk->fair_q10) / PULL;
    /* Far from home the pull is made sure of; also the bound of every price below. */
    if (walk->fair_q10 > walk->home_q10 * 3 / 2)
        walk->fair_q10 = walk->home_q10 * 3 / 2;
    if (walk->fair_q10 < walk->home_q10 / 2)
        walk->fair_q10 = walk->home_q10 / 2;
}

/* ---- the book --------------------------------------------------------------------------- */

/* +1 where better means higher. */
static int64_t sign_of(int side)
{
    return side == SIDE_BUY ? 1 : -1;
}

static void note(struct walk *walk, struct walk_news *news, int side, struct level level)
{
    struct level *changes = news->changes[side];

    walk->update_id++;
    news->ticker = news->ticker || level.price_ticks == walk->levels[side][0].price_ticks;
    for (uint16_t at = 0; at < news->change_count[side]; at++)
        if (changes[at].price_ticks == level.price_ticks) {
            changes[at] = level;
            return;
        }
    assert(news->change_count[side] < WALK_CHANGES_MAX);
    changes[news->change_count[side]++] = level;
}

static void set_size(struct walk *walk, struct walk_news *news, int side, uint32_t at, int64_t lots)
{
    walk->levels[side][at].qty_lots = lots;
    note(walk, news, side, walk->levels[side][at]);
}

static struct level behind(struct walk *walk, int side, int64_t price_ticks)
{
    int64_t gap = between(walk, 1, profiles[walk->profile].gap_ticks);

    return (struct level){price_ticks - sign_of(side) * gap, size_of_level(walk)};
}

/* Takes the best level away; the book gets a new last one. */
static void remove_best(struct walk *walk, struct walk_news *news, int side)
{
    struct level *levels = walk->levels[side];
    struct level gone = {levels[0].price_ticks, 0};

    note(walk, news, side, gone);
    memmove(levels, levels + 1, (SYNTHETIC_LEVELS - 1) * sizeof levels[0]);
    levels[SYNTHETIC_LEVELS - 1] = behind(walk, side, levels[SYNTHETIC_LEVELS - 2].price_ticks);
    note(walk, news, side, levels[SYNTHETIC_LEVELS - 1]);
    news->ticker = true;
}

/* Puts a better level in front; the last one goes. */
static void improve_best(struct walk *walk, struct walk_news *news, int side, int64_t ticks)
{
    struct level *levels = walk->levels[side];
    struct level gone = {levels[SYNTHETIC_LEVELS - 1].price_ticks, 0};
    struct level best = {levels[0].price_ticks + sign_of(side) * ticks, size_of_level(walk)};

    memmove(levels + 1, levels, (SYNTHETIC_LEVELS - 1) * sizeof levels[0]);
    levels[0] = best;
    note(walk, news, side, gone);
    note(walk, news, side, best);
}

static int64_t spread(const struct walk *walk)
{
    return walk->levels[SIDE_SELL][0].price_ticks - walk->levels[SIDE_BUY][0].price_ticks;
}

/* ---- a step ----------------------------------------------------------------------------- */

static void trade(struct walk *walk, struct walk_news *news, int passive, int64_t lots)
{
    struct walk_trade *trade = &news->trades[news->trade_count++];

    assert(news->trade_count <= WALK_TRADES_MAX);
    *trade = (struct walk_trade){.level = {walk->levels[passive][0].price_ticks, lots},
                                 .id = ++walk->trade_id,
                                 .buyer_is_maker = passive == SIDE_BUY};
}

/* True when the fair price lies beyond the best price of a side: its owner is too generous. */
static bool is_picked(const struct walk *walk, int side)
{
    int64_t best_q10 = walk->levels[side][0].price_ticks << WALK_FAIR_BITS;

    return side == SIDE_BUY ? walk->fair_q10 <= best_q10 : walk->fair_q10 >= best_q10;
}

/* Takers eat through the levels that the fair price has left behind. */
static void sweep(struct walk *walk, struct walk_news *news, int side)
{
    while (is_picked(walk, side) && news->trade_count < WALK_TRADES_MAX) {
        trade(walk, news, side, walk->levels[side][0].qty_lots);
        remove_best(walk, news, side);
    }
}

static void take_part(struct walk *walk, struct walk_news *news)
{
    int side = (int)between(walk, 0, 1);
    int64_t best = walk->levels[side][0].qty_lots;
    int64_t lots = around(walk, best / 6 + 1);

    if (lots >= best)
        lots = best / 2;
    if (lots == 0)
        return;
    trade(walk, news, side, lots);
    set_size(walk, news, side, 0, best - lots);
}

/* Lays a quote into the spread, on the side that the fair price leaves more room to. */
static void tighten(struct walk *walk, struct walk_news *news)
{
    int64_t twice_mid_q10 =
        (walk->levels[SIDE_BUY][0].price_ticks + walk->levels[SIDE_SELL][0].price_ticks)
        << WALK_FAIR_BITS;
    int side = 2 * walk->fair_q10 > twice_mid_q10 ? SIDE_BUY : SIDE_SELL;
    int64_t room = spread(walk) - 1;

    improve_best(walk, news, side, between(walk, 1, room < 4 ? room : room / 2));
}

static void change_sizes(struct walk *walk, struct walk_news *news)
{
    int64_t times = between(walk, 1, 4);

    while (times-- > 0) {
        int side = (int)between(walk, 0, 1);
        int64_t at = between(walk, 0, SYNTHETIC_LEVELS - 1);

        at = at * between(walk, 0, SYNTHETIC_LEVELS - 1) / SYNTHETIC_LEVELS; /* mostly near */
        set_size(walk, news, side, (uint32_t)at, size_of_level(walk));
    }
}

static void quiet_step(struct walk *walk, struct walk_news *news)
{
    int64_t usual = profiles[walk->profile].spread_ticks * (in_burst(walk) ? 3 : 1);

    if (spread(walk) > 1 && chance(walk, spread(walk) > usual ? 70 : 12))
        tighten(walk, news);
    else if (spread(walk) < 2 * usual && chance(walk, 8))
        remove_best(walk, news, (int)between(walk, 0, 1));
    else if (chance(walk, TRADE_SHARE))
        take_part(walk, news);
    if (walk->update_id == news->prev_update_id)
        change_sizes(walk, news);
}

void walk_step(struct walk *walk, struct walk_news *news)
{
    *news = (struct walk_news){.prev_update_id = walk->update_id, .delta = true};
    walk->now_ns = walk->next_ns;
    change_weather(walk);
    move_fair(walk);
    if (is_picked(walk, SIDE_SELL))
        sweep(walk, news, SIDE_SELL);
    else if (is_picked(walk, SIDE_BUY))
        sweep(walk, news, SIDE_BUY);
    else
        quiet_step(walk, news);
    walk->next_ns =
        walk->now_ns + around(walk, walk->interval_ns / (in_burst(walk) ? BURST_QUICKER : 1));
    assert(spread(walk) > 0);
}

void walk_init(struct walk *walk, uint32_t profile, uint64_t seed, int64_t start_ns)
{
    int64_t home = profiles[profile].home_ticks;

    *walk = (struct walk){.profile = profile,
                          .random = seed * 1000003 + profile,
                          .now_ns = start_ns,
                          .fair_q10 = home << WALK_FAIR_BITS,
                          .home_q10 = home << WALK_FAIR_BITS,
                          .step_q10 = (home << WALK_FAIR_BITS) * STEP_PPM / 1000000 + 1,
                          .trend_until_ns = start_ns,
                          .update_id = 1000000,
                          .trade_id = 1000};
    walk->next_burst_ns = start_ns + between(walk, 5, 20) * SECOND_NS;
    for (int side = SIDE_BUY; side <= SIDE_SELL; side++) {
        walk->levels[side][0] = (struct level){home - sign_of(side), size_of_level(walk)};
        for (uint32_t at = 1; at < SYNTHETIC_LEVELS; at++)
            walk->levels[side][at] = behind(walk, side, walk->levels[side][at - 1].price_ticks);
    }
    walk->next_ns = start_ns + between(walk, 1, 20) * 1000000;
}
