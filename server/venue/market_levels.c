/* Levels of a feed become orders, and stay what the feed says they are.
 *
 * An update first sets what its levels should have, and takes on those that somebody has taken from
 * since the last one; then all that has too much is lowered, newest orders first; then all that has
 * too little grows. So what grows meets none of the market's own, and what is crossed by it is a
 * client's. A level with no order of a client's in it grows by making its newest order larger,
 * which changes nobody's place; else by another order behind. */
#include "venue/market_inside.h"

#include <string.h>

void market_levels_init(struct market_levels *levels, uint16_t instrument,
                        const struct instrument *grid)
{
    memset(levels, 0, sizeof *levels);
    levels->instrument = instrument;
    levels->grid = *grid;
    for (uint32_t at = 0; at < MARKET_ORDERS; at++)
        levels->order[at].older = at + 1 < MARKET_ORDERS ? at + 1 : MARKET_NONE;
}

/* ---- the table -------------------------------------------------------------------------- */

static uint32_t home(uint32_t price_ticks, uint8_t side)
{
    return ((price_ticks << 1 | side) * 2654435769U) >> 16;
}

_Static_assert(MARKET_SLOTS == 1 << 16, "home() gives 16 bits");

/* The place of a level, or the empty one where it would go. */
static struct market_level *find(struct market_levels *levels, uint32_t price_ticks, uint8_t side)
{
    uint32_t at = home(price_ticks, side);

    while (levels->level[at].price_ticks != 0 &&
           (levels->level[at].price_ticks != price_ticks || levels->level[at].side != side))
        at = (at + 1) & (MARKET_SLOTS - 1);
    return &levels->level[at];
}

/* Later levels of the run move up into the hole, unless they would come before their home. */
static void erase(struct market_levels *levels, struct market_level *level)
{
    uint32_t hole = (uint32_t)(level - levels->level);

    for (uint32_t at = (hole + 1) & (MARKET_SLOTS - 1); levels->level[at].price_ticks != 0;
         at = (at + 1) & (MARKET_SLOTS - 1)) {
        uint32_t from = home(levels->level[at].price_ticks, levels->level[at].side);

        if (((at - from) & (MARKET_SLOTS - 1)) < ((at - hole) & (MARKET_SLOTS - 1)))
            continue;
        levels->level[hole] = levels->level[at];
        hole = at;
    }
    levels->level[hole] = (struct market_level){0};
    levels->count--;
}

/* ---- on the venue's grid ---------------------------------------------------------------- */

/* The price of a level there, away from the other side when it lies between two ticks; 0: none. */
static uint32_t venue_ticks(const struct market_levels *levels, const struct venue *venue,
                            const struct market_level *level)
{
    const struct instrument *to = &venue->instrument[levels->instrument].grid;
    bool exact = true;
    int64_t ticks = level->price_ticks;

    if (levels->grids == 0)
        return level->price_ticks;
    ticks = venue_convert(
        ticks, (struct venue_measure){levels->grid.tick_units, levels->grid.price_decimals},
        (struct venue_measure){to->tick_units, to->price_decimals}, &exact);
    ticks += !exact && level->side == SIDE_SELL ? 1 : 0;
    return ticks > MAX_PRICE_TICKS ? 0 : (uint32_t)ticks;
}

static int64_t venue_lots(const struct market_levels *levels, const struct venue *venue,
                          int64_t lots)
{
    const struct instrument *to = &venue->instrument[levels->instrument].grid;
    bool exact;

    if (levels->grids == 0)
        return lots;
    return venue_convert(lots,
                         (struct venue_measure){levels->grid.lot_units, levels->grid.qty_decimals},
                         (struct venue_measure){to->lot_units, to->qty_decimals}, &exact);
}

/* ---- the orders of a level -------------------------------------------------------------- */

static void free_order(struct market_levels *levels, uint32_t at)
{
    levels->order[at].older = levels->free_order;
    levels->free_order = at;
}

/* What is there of them; those that are gone leave the list. */
static int64_t own_lots(struct market_levels *levels, const struct venue *venue,
                        struct market_level *level)
{
    const struct exchange *exchange = venue->book[levels->instrument].exchange;
    struct exchange_resting resting;
    uint32_t *link = &level->newest;
    int64_t lots = 0;

    while (*link != MARKET_NONE) {
        uint32_t at = *link;

        if (exchange_find(exchange, levels->order[at].id, &resting)) {
            lots += resting.lots;
            link = &levels->order[at].older;
        } else {
            *link = levels->order[at].older;
            free_order(levels, at);
        }
    }
    return lots;
}

static void lower(struct market_levels *levels, struct venue *venue, struct market_level *level,
                  int64_t lots, int64_t now_ns)
{
    const struct exchange *exchange = venue->book[levels->instrument].exchange;
    struct exchange_resting resting;

    while (lots > 0 && level->newest != MARKET_NONE) {
        uint32_t at = level->newest;
        uint64_t id = levels->order[at].id;

        if (!exchange_find(exchange, id, &resting))
            resting.lots = 0;
        if (resting.lots > lots) {
            venue_market_amend(venue, levels->instrument, id, resting.price_ticks,
                               resting.lots - (uint32_t)lots, now_ns);
            return;
        }
        venue_market_cancel(venue, levels->instrument, id);
        lots -= resting.lots;
        level->newest = levels->order[at].older;
        free_order(levels, at);
    }
}

static uint32_t capped(int64_t lots)
{
    return lots > EXCHANGE_LOTS_MAX ? EXCHANGE_LOTS_MAX : (uint32_t)lots;
}

/* Makes the newest order larger; false: it must be another one. */
static bool enlarge(struct market_levels *levels, struct venue *venue, struct market_level *level,
                    int64_t has, int64_t lots, int64_t now_ns)
{
    const struct exchange *exchange = venue->book[levels->instrument].exchange;
    struct exchange_resting resting;
    uint64_t id;

    if (has == 0)
        return false;
    id = levels->order[level->newest].id;
    if (!exchange_find(exchange, id, &resting) || lots + resting.lots > EXCHANGE_LOTS_MAX ||
        exchange_level_lots(exchange, (enum side)level->side, resting.price_ticks) != (uint64_t)has)
        return false;
    venue_market_amend(venue, levels->instrument, id, resting.price_ticks,
                       resting.lots + (uint32_t)lots, now_ns);
    return true;
}

/* When orders run out the level stays smaller. */
static void add(struct market_levels *levels, struct venue *venue, struct market_level *level,
                int64_t lots, int64_t now_ns)
{
    struct exchange_order order = {.price_ticks = venue_ticks(levels, venue, level),
                                   .lots = capped(lots),
                                   .account = VENUE_MARKET,
                                   .side = level->side};
    uint32_t at = levels->free_order;
    struct exchange_result result;

    if (at == MARKET_NONE || order.price_ticks == 0)
        return;
    result = venue_market_new(venue, levels->instrument, &order, false, now_ns);
    if (result.leaves_lots < order.lots) /* it met a client's on its way */
        venue_note_eaten(&venue->book[levels->instrument], order.price_ticks, level->side);
    if (result.answer != EXCHANGE_RESTS)
        return;
    levels->free_order = levels->order[at].older;
    levels->order[at] = (struct market_order){.id = result.id, .older = level->newest};
    level->newest = at;
}

/* ---- an update -------------------------------------------------------------------------- */

static void note(struct market_levels *levels, uint32_t price_ticks, uint8_t side)
{
    if (levels->changes < MARKET_CHANGES_MAX)
        levels->change[levels->changes++] = (struct market_change){price_ticks, side};
}

static void want(struct market_levels *levels, struct level wanted, uint8_t side)
{
    uint32_t price_ticks = (uint32_t)wanted.price_ticks;
    struct market_level *level = find(levels, price_ticks, side);

    if (level->price_ticks == 0) {
        if (wanted.qty_lots == 0 || levels->count == MARKET_LEVELS_KEPT)
            return;
        *level =
            (struct market_level){.price_ticks = price_ticks, .newest = MARKET_NONE, .side = side};
        levels->count++;
    }
    level->wanted_lots = wanted.qty_lots;
    note(levels, price_ticks, side);
}

/* Levels that were taken from. On another grid they wait until the feed names them. */
static void note_eaten(struct market_levels *levels, struct venue *venue)
{
    struct venue_book *book = &venue->book[levels->instrument];

    for (uint32_t at = 0; at < book->eaten_count && levels->grids == 0; at++)
        note(levels, book->eaten[at].price_ticks, book->eaten[at].side);
    book->eaten_count = 0;
}

static void lower_all(struct market_levels *levels, struct venue *venue, int64_t now_ns)
{
    for (uint32_t at = 0; at < levels->changes; at++) {
        struct market_level *level =
            find(levels, levels->change[at].price_ticks, levels->change[at].side);
        int64_t surplus;

        if (level->price_ticks == 0)
            continue;
        surplus = own_lots(levels, venue, level) - venue_lots(levels, venue, level->wanted_lots);
        if (surplus > 0)
            lower(levels, venue, level, surplus, now_ns);
        if (level->wanted_lots == 0 && level->newest == MARKET_NONE)
            erase(levels, level);
    }
}

static void grow_all(struct market_levels *levels, struct venue *venue, int64_t now_ns)
{
    for (uint32_t at = 0; at < levels->changes; at++) {
        struct market_level *level =
            find(levels, levels->change[at].price_ticks, levels->change[at].side);
        int64_t has, lacks;

        if (level->price_ticks == 0)
            continue;
        has = own_lots(levels, venue, level);
        lacks = venue_lots(levels, venue, level->wanted_lots) - has;
        if (lacks > 0 && !enlarge(levels, venue, level, has, lacks, now_ns))
            add(levels, venue, level, lacks, now_ns);
    }
}

static void put_right(struct market_levels *levels, struct venue *venue, int64_t now_ns)
{
    lower_all(levels, venue, now_ns);
    grow_all(levels, venue, now_ns);
    levels->changes = 0;
}

/* All levels are wanted gone, until the snapshot says otherwise. */
static void want_none(struct market_levels *levels)
{
    for (uint32_t at = 0; at < MARKET_SLOTS; at++)
        levels->level[at].wanted_lots = 0;
}

static void lower_rest(struct market_levels *levels, struct venue *venue, int64_t now_ns)
{
    for (uint32_t at = 0; at < MARKET_SLOTS;) {
        struct market_level *level = &levels->level[at];

        if (level->price_ticks != 0 && level->wanted_lots == 0) {
            lower(levels, venue, level, INT64_MAX, now_ns);
            erase(levels, level); /* another may have moved here */
        } else {
            at++;
        }
    }
}

/* The venue has changed the grid and thrown all orders away: they are made anew. */
static void follow_grid(struct market_levels *levels, struct venue *venue, int64_t now_ns)
{
    levels->grids = venue->book[levels->instrument].grids;
    for (uint32_t at = 0; at < MARKET_ORDERS; at++)
        levels->order[at].older = at + 1 < MARKET_ORDERS ? at + 1 : MARKET_NONE;
    levels->free_order = 0;
    for (uint32_t at = 0; at < MARKET_SLOTS; at++)
        levels->level[at].newest = MARKET_NONE;
    for (uint32_t at = 0; at < MARKET_SLOTS; at++)
        if (levels->level[at].price_ticks != 0)
            add(levels, venue, &levels->level[at],
                venue_lots(levels, venue, levels->level[at].wanted_lots), now_ns);
}

static void take(struct market_levels *levels, struct venue *venue,
                 const struct market_update *update, int64_t now_ns)
{
    uint8_t side = update->flags & MARKET_BUYER_IS_MAKER ? SIDE_SELL : SIDE_BUY;
    struct market_level at = {.price_ticks = (uint32_t)update->levels[0].price_ticks, .side = side};
    struct exchange_order order = {
        .price_ticks = venue_ticks(levels, venue, &at),
        .lots = capped(venue_lots(levels, venue, update->levels[0].qty_lots)),
        .account = VENUE_MARKET,
        .side = side,
        .tif = TIF_IOC};
    struct exchange_result result;

    if (order.lots == 0 || order.price_ticks == 0)
        return;
    result = venue_market_new(venue, levels->instrument, &order, true, now_ns);
    if (result.leaves_lots > 0)
        venue_record_trade(venue, levels->instrument, order.price_ticks, result.leaves_lots,
                           (enum side)side);
}

void market_levels_apply(struct market_levels *levels, struct venue *venue,
                         const struct market_update *update, int64_t now_ns)
{
    if (levels->grids != venue->book[levels->instrument].grids)
        follow_grid(levels, venue, now_ns);
    if (update->kind == MARKET_TRADE)
        take(levels, venue, update, now_ns);
    if (update->kind != MARKET_SNAPSHOT && update->kind != MARKET_DELTA)
        return;
    if (update->kind == MARKET_SNAPSHOT)
        want_none(levels);
    for (uint32_t at = 0; at < (uint32_t)update->bid_count + update->ask_count; at++)
        want(levels, update->levels[at], at < update->bid_count ? SIDE_BUY : SIDE_SELL);
    if (update->kind == MARKET_SNAPSHOT)
        lower_rest(levels, venue, now_ns);
    note_eaten(levels, venue);
    put_right(levels, venue, now_ns);
}

void market_levels_clear(struct market_levels *levels, struct venue *venue, int64_t now_ns)
{
    want_none(levels);
    lower_rest(levels, venue, now_ns);
    venue->book[levels->instrument].eaten_count = 0;
}
