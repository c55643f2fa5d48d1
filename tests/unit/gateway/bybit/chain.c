/* The chain of book frames, by hand and by chance: what goes out always makes the venue's book. */
#include "gateway/bybit/chain.h"
#include "gateway/bybit/trade_ids.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct bybit_frame frame_of(uint8_t kind, int64_t u, int64_t seq)
{
    return (struct bybit_frame){.kind = kind, .u = u, .seq = seq, .cts_ms = seq};
}

static enum chain_step take(struct bybit_chain *chain, uint32_t link, uint8_t kind, int64_t u,
                            int64_t seq, struct market_update *update)
{
    struct bybit_frame frame = frame_of(kind, u, seq);

    return bybit_chain_take(chain, link, &frame, update);
}

Test(bybit_chain, deltas_follow_a_snapshot_by_one)
{
    struct bybit_chain chain = {0};
    struct market_update update;

    cr_assert_eq(take(&chain, 0, BYBIT_DELTA, 9, 90, &update), CHAIN_WAITING);
    cr_assert_eq(take(&chain, 0, BYBIT_SNAPSHOT, 10, 100, &update), CHAIN_OUT);
    cr_assert_eq(update.kind, MARKET_SNAPSHOT);
    cr_assert_eq(take(&chain, 0, BYBIT_DELTA, 11, 101, &update), CHAIN_OUT);
    cr_assert_eq(update.kind, MARKET_DELTA);
    cr_assert_eq(update.prev_update_id, 10);
    cr_assert_eq(update.update_id, 11);
    cr_assert_eq(take(&chain, 0, BYBIT_DELTA, 11, 101, &update), CHAIN_COPY);
    cr_assert_eq(chain.repeats, 1);
    cr_assert_eq(take(&chain, 0, BYBIT_DELTA, 13, 103, &update), CHAIN_LOST);
    cr_assert_eq(take(&chain, 0, BYBIT_DELTA, 14, 104, &update), CHAIN_WAITING);
    cr_assert_eq(take(&chain, 0, BYBIT_SNAPSHOT, 14, 104, &update), CHAIN_OUT);
    cr_assert_eq(chain.gaps, 1);
}

Test(bybit_chain, a_restart_of_the_service_is_a_snapshot)
{
    struct bybit_chain chain = {0};
    struct market_update update;

    take(&chain, 0, BYBIT_SNAPSHOT, 500, 100, &update);
    cr_assert_eq(take(&chain, 0, BYBIT_DELTA, 1, 101, &update), CHAIN_OUT);
    cr_assert_eq(update.kind, MARKET_SNAPSHOT);
    cr_assert_eq(take(&chain, 0, BYBIT_DELTA, 2, 102, &update), CHAIN_OUT);
    cr_assert_eq(update.prev_update_id, 1);
    cr_assert_eq(chain.resets, 1);
}

Test(bybit_chain, the_other_connection_carries_on)
{
    struct bybit_chain chain = {0};
    struct market_update update;

    take(&chain, 0, BYBIT_SNAPSHOT, 10, 100, &update);
    cr_assert_eq(take(&chain, 1, BYBIT_SNAPSHOT, 10, 100, &update), CHAIN_COPY);
    cr_assert_eq(take(&chain, 0, BYBIT_DELTA, 11, 101, &update), CHAIN_OUT);
    cr_assert_eq(take(&chain, 0, BYBIT_DELTA, 12, 102, &update), CHAIN_OUT);
    cr_assert_not(bybit_chain_cut(&chain, 0));
    cr_assert_eq(take(&chain, 1, BYBIT_DELTA, 11, 101, &update), CHAIN_COPY);
    cr_assert_eq(take(&chain, 1, BYBIT_DELTA, 12, 102, &update), CHAIN_COPY);
    cr_assert_eq(take(&chain, 1, BYBIT_DELTA, 13, 103, &update), CHAIN_OUT);
    cr_assert(bybit_chain_cut(&chain, 1));
    cr_assert_not(chain.fresh);
}

Test(bybit_chain, a_frame_of_before_the_restart_is_no_gap)
{
    struct bybit_chain chain = {0};
    struct market_update update;

    take(&chain, 0, BYBIT_SNAPSHOT, 500, 100, &update);
    take(&chain, 1, BYBIT_SNAPSHOT, 500, 100, &update);
    cr_assert_eq(take(&chain, 0, BYBIT_SNAPSHOT, 1, 105, &update), CHAIN_OUT);
    cr_assert_eq(take(&chain, 1, BYBIT_DELTA, 501, 101, &update), CHAIN_COPY);
    cr_assert_eq(take(&chain, 1, BYBIT_SNAPSHOT, 1, 105, &update), CHAIN_COPY);
    cr_assert_eq(take(&chain, 1, BYBIT_DELTA, 2, 106, &update), CHAIN_OUT);
    cr_assert_eq(chain.gaps, 0);
}

/* ---- by chance -------------------------------------------------------------------------- */

enum { CELLS = 16, QUEUE = 256 };

/* A book is CELLS sizes; a frame is all of them (snapshot) or one (delta). */
struct message {
    struct bybit_frame frame;
    uint8_t cell;
    int sizes[CELLS];
};

struct wire {
    struct message queue[QUEUE];
    uint32_t from, to;
    bool wants; /* a snapshot: the next thing that is put on it */
};

struct game {
    uint64_t random;
    int64_t u, seq;
    int truth[CELLS], held[CELLS]; /* the venue's, the sink's */
    bool held_fresh;
    int64_t held_id;
    uint64_t out, lost;
    struct bybit_chain chain;
    struct wire wire[2];
    uint32_t wires;
};

static uint64_t draw(struct game *game, uint64_t below)
{
    game->random = game->random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (game->random >> 33) % below;
}

static void put(struct wire *wire, const struct message *message)
{
    if (wire->to - wire->from < QUEUE)
        wire->queue[wire->to++ % QUEUE] = *message;
}

static void put_snapshot(struct game *game, struct wire *wire)
{
    struct message message = {.frame = frame_of(BYBIT_SNAPSHOT, game->u, game->seq)};

    memcpy(message.sizes, game->truth, sizeof game->truth);
    wire->wants = false;
    put(wire, &message);
}

static void venue_moves(struct game *game, bool loses)
{
    struct message message = {.cell = (uint8_t)draw(game, CELLS)};
    bool restarts = draw(game, 200) == 0;

    game->seq += 1 + (int64_t)draw(game, 3);
    game->u = restarts ? 1 : game->u + 1;
    game->truth[message.cell] = (int)draw(game, 1000);
    message.frame = frame_of(BYBIT_DELTA, game->u, game->seq);
    message.sizes[message.cell] = game->truth[message.cell];
    for (uint32_t at = 0; at < game->wires; at++)
        if (restarts)
            put_snapshot(game, &game->wire[at]);
        else if (!loses || draw(game, 60) != 0) /* else it is lost */
            put(&game->wire[at], &message);
}

static void apply(struct game *game, const struct message *message,
                  const struct market_update *update)
{
    if (update->kind == MARKET_SNAPSHOT) {
        memcpy(game->held, message->sizes, sizeof game->held);
        game->held_fresh = true;
    } else {
        cr_assert(game->held_fresh);
        cr_assert_eq(update->prev_update_id, game->held_id);
        game->held[message->cell] = message->sizes[message->cell];
    }
    game->held_id = update->update_id;
    game->out++;
}

static void deliver(struct game *game, uint32_t at)
{
    struct wire *wire = &game->wire[at];
    struct market_update update = {0};
    const struct message *message = &wire->queue[wire->from % QUEUE];
    enum chain_step step;

    if (wire->from == wire->to)
        return;
    step = bybit_chain_take(&game->chain, at, &message->frame, &update);
    if (step == CHAIN_OUT)
        apply(game, message, &update);
    if (step == CHAIN_LOST) {
        game->held_fresh = false;
        game->lost++;
    }
    wire->wants |= step == CHAIN_LOST || step == CHAIN_BROKEN;
    wire->from++;
}

static void die(struct game *game, uint32_t at)
{
    game->wire[at] = (struct wire){.wants = true};
    if (bybit_chain_cut(&game->chain, at)) {
        game->held_fresh = false;
        game->lost++;
    }
}

static void play(struct game *game)
{
    for (int turn = 0; turn < 2000; turn++) {
        uint32_t at = (uint32_t)draw(game, game->wires);

        if (draw(game, 3) != 0)
            venue_moves(game, true);
        for (uint64_t some = draw(game, 4); some > 0; some--)
            deliver(game, at);
        if (draw(game, 300) == 0)
            die(game, at);
        if (game->wire[at].wants && draw(game, 5) == 0)
            put_snapshot(game, &game->wire[at]);
    }
}

/* One more delta shows what was lost before it; what was asked for comes, and all arrives. */
static void settle(struct game *game)
{
    venue_moves(game, false);
    for (int turn = 0; turn < 4; turn++)
        for (uint32_t at = 0; at < game->wires; at++) {
            if (game->wire[at].wants)
                put_snapshot(game, &game->wire[at]);
            while (game->wire[at].from != game->wire[at].to)
                deliver(game, at);
        }
}

static void check_game(uint64_t seed, uint32_t wires)
{
    struct game *game = calloc(1, sizeof *game);

    game->random = seed;
    game->wires = wires;
    for (uint32_t at = 0; at < wires; at++)
        game->wire[at].wants = true;
    play(game);
    settle(game);
    cr_assert(game->held_fresh, "seed %lu", seed);
    cr_assert_gt(game->out, 300);
    cr_assert_arr_eq(game->held, game->truth, sizeof game->truth, "seed %lu wires %u", seed, wires);
    free(game);
}

Test(bybit_chain, gaps_deaths_and_restarts_end_in_the_venues_book)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        check_game(seed, 1);
        check_game(seed, 2);
    }
}

Test(bybit_chain, trades_are_seen_once)
{
    struct trade_ids *ids = calloc(1, sizeof *ids);

    for (uint64_t id = 0; id < 100000; id++) {
        cr_assert(trade_ids_add(ids, id * 7919));
        cr_assert_not(trade_ids_add(ids, id * 7919));
        if (id >= 4000)
            cr_assert_not(trade_ids_add(ids, (id - 4000) * 7919));
    }
    free(ids);
}
