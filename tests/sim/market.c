/* The market: one book an instrument, walking, jumping, crossed, with gaps, stale.
 *
 * A delta carries the whole next book: old levels with size 0, then the new ones; so the oracle's
 * book is simply the latest one. */
#include "sim/world.h"

#include <string.h>

enum { START_TICKS = 10000, LEAST_TICKS = 1000, MOST_TICKS = 100000 };

/* Room for an update and its levels. */
enum { MESSAGE_BYTES = sizeof(struct market_update) + 4 * SIM_BOOK_LEVELS * sizeof(struct level) };

static uint16_t any_instrument(struct world *world)
{
    return (uint16_t)(draw(world) % SIM_INSTRUMENTS);
}

/* The part of an update before its levels. */
static void begin(const struct world *world, uint16_t instrument, enum market_kind kind,
                  struct market_update *update)
{
    const struct oracle_book *book = &world->books[instrument];

    update->kind = (uint8_t)kind;
    update->instrument = instrument;
    update->received_ns = world->now_ns;
    update->venue_ns = world->now_ns - 100000;
    update->prev_update_id = book->update_id;
    update->update_id = book->update_id + 1;
}

/* Levels of the next book, best first, around the walk's price. */
static void next_levels(struct world *world, struct oracle_book *book)
{
    int64_t bid = book->price_ticks - draw_from(world, 0, 3);
    int64_t ask = book->price_ticks + draw_from(world, 1, 4);

    book->bid_count = (uint32_t)draw_from(world, 1, SIM_BOOK_LEVELS);
    book->ask_count = (uint32_t)draw_from(world, 1, SIM_BOOK_LEVELS);
    for (uint32_t at = 0; at < SIM_BOOK_LEVELS; at++) {
        book->bids[at] = (struct level){bid - at, draw_from(world, 1, 50)};
        book->asks[at] = (struct level){ask + at, draw_from(world, 1, 50)};
    }
}

static void fill_levels(struct market_update *update, const struct oracle_book *old,
                        const struct oracle_book *next)
{
    uint32_t count = 0;

    for (uint32_t at = 0; update->kind == MARKET_DELTA && at < old->bid_count; at++)
        update->levels[count++] = (struct level){old->bids[at].price_ticks, 0};
    for (uint32_t at = 0; at < next->bid_count; at++)
        update->levels[count++] = next->bids[at];
    update->bid_count = (uint16_t)count;
    for (uint32_t at = 0; update->kind == MARKET_DELTA && at < old->ask_count; at++)
        update->levels[count++] = (struct level){old->asks[at].price_ticks, 0};
    for (uint32_t at = 0; at < next->ask_count; at++)
        update->levels[count++] = next->asks[at];
    update->ask_count = (uint16_t)(count - update->bid_count);
}

static bool is_crossed(const struct oracle_book *book)
{
    return book->bids[0].price_ticks >= book->asks[0].price_ticks;
}

/* The oracle takes the update as the rules say, whatever the engine makes of it. */
static void apply(struct world *world, uint16_t instrument, const struct oracle_book *next,
                  const struct market_update *update)
{
    struct oracle_book *book = &world->books[instrument];

    if (update->kind == MARKET_DELTA && book->status != BOOK_OK)
        return; /* only a snapshot helps */
    if (update->kind == MARKET_DELTA && update->prev_update_id != book->update_id) {
        book->status = BOOK_GAPPED;
        return;
    }
    *book = *next;
    book->update_id = update->update_id;
    book->received_ns = update->received_ns;
    book->status = is_crossed(next) ? BOOK_CROSSED : BOOK_OK;
    if (book->status != BOOK_OK)
        return;
    book->mark_e8_ticks =
        (next->bids[0].price_ticks + next->asks[0].price_ticks) * (PRICE_ONE_E8 / 2);
    book->mark_ns = world->now_ns;
}

static void give(struct world *world, uint16_t instrument, enum market_kind kind,
                 const struct oracle_book *next, int64_t skipped_ids)
{
    struct oracle_book old = world->books[instrument];
    alignas(8) uint8_t message[MESSAGE_BYTES] = {0};
    struct market_update *update = (void *)message;

    begin(world, instrument, kind, update);
    update->prev_update_id += skipped_ids;
    update->update_id += skipped_ids;
    fill_levels(update, &old, next);
    /* The engine may refuse all input while its lane is full; then nothing has come. */
    apply(world, instrument, next, update);
    if (!feed_market(world, update))
        world->books[instrument] = old;
    world->books[instrument].price_ticks = next->price_ticks;
}

static void walk(struct world *world, uint16_t instrument, enum market_kind kind, int64_t by_ticks)
{
    struct oracle_book next = world->books[instrument];

    next.price_ticks += by_ticks;
    if (next.price_ticks < LEAST_TICKS || next.price_ticks > MOST_TICKS)
        next.price_ticks = START_TICKS;
    next_levels(world, &next);
    say(world, "%s: %s at %lld", instrument_text(instrument),
        kind == MARKET_SNAPSHOT ? "snapshot" : "book", (long long)next.price_ticks);
    give(world, instrument, kind, &next, 0);
}

void market_reset(struct world *world)
{
    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++)
        if (world->books[at].price_ticks == 0)
            world->books[at].price_ticks = START_TICKS * (at == 1 ? 2 : 1);
}

void op_market_walk(struct world *world)
{
    walk(world, any_instrument(world), MARKET_DELTA, draw_from(world, -3, 3));
}

void op_market_snapshot(struct world *world)
{
    walk(world, any_instrument(world), MARKET_SNAPSHOT, draw_from(world, -3, 3));
}

void op_market_jump(struct world *world)
{
    walk(world, any_instrument(world), MARKET_DELTA, draw_from(world, -1500, 1500));
}

void op_market_cross(struct world *world)
{
    uint16_t instrument = any_instrument(world);
    struct oracle_book next = world->books[instrument];

    next_levels(world, &next);
    next.asks[0].price_ticks = next.bids[0].price_ticks;
    next.ask_count = 1;
    say(world, "%s: crossed", instrument_text(instrument));
    give(world, instrument, chance(world, 500) ? MARKET_DELTA : MARKET_SNAPSHOT, &next, 0);
}

void op_market_gap(struct world *world)
{
    uint16_t instrument = any_instrument(world);
    struct oracle_book next = world->books[instrument];

    next_levels(world, &next);
    say(world, "%s: an update is missing", instrument_text(instrument));
    give(world, instrument, MARKET_DELTA, &next, 1);
}

static void lose(struct world *world, enum market_kind kind, enum book_status status)
{
    uint16_t instrument = any_instrument(world);
    struct market_update update;
    struct oracle_book old = world->books[instrument];

    say(world, "%s: %s", instrument_text(instrument), book_status_name(status));
    memset(&update, 0, sizeof update);
    begin(world, instrument, kind, &update);
    world->books[instrument].status = status;
    if (!feed_market(world, &update))
        world->books[instrument] = old;
}

void op_market_lost(struct world *world)
{
    lose(world, MARKET_LOST, BOOK_LOST);
}

void op_market_ended(struct world *world)
{
    lose(world, MARKET_ENDED, BOOK_ENDED);
}
