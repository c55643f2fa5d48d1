/* The synthetic market of orders as a feed: background accounts (flow.h) trade on the exchanges of
 * an l3, and snapshots, deltas, tickers and trades say what has come of it, our orders included.
 *
 * A step must not happen before its time, or our orders of the meantime would come too late for it.
 * So the feed first announces it with a ticker of the touch as it was told last, and takes the step
 * when asked for what follows: by then the gateway has played the ticker, and with it has let all
 * arrive that was due. */
#include "gateway/synthetic/flow.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS_TOLD_MAX = 1024 }; /* a side of a snapshot: the walk's and others' */

struct place {
    struct walk walk;
    struct flow flow;
    struct touch told;
    int64_t update_id, trade_id;
};

struct synthetic_l3 {
    struct feed feed;
    struct feed_instruments instruments;
    uint64_t seed;
    int64_t start_ns;
    uint16_t snapshots_told;
    uint16_t telling; /* instrument */
    bool announced;   /* the step of `telling` is due */
    uint32_t trades_told;
    bool ticker, delta; /* still to be told */
    struct place places[WALK_PROFILES];
    union {
        struct market_update update;
        uint8_t bytes[sizeof(struct market_update) + 2 * LEVELS_TOLD_MAX * sizeof(struct level)];
    } out;
};

/* ---- telling ---------------------------------------------------------------------------- */

static struct market_update *begin(struct synthetic_l3 *market, enum market_kind kind,
                                   uint16_t instrument, int64_t at_ns)
{
    struct market_update *update = &market->out.update;

    *update = (struct market_update){.kind = (uint8_t)kind,
                                     .instrument = instrument,
                                     .received_ns = at_ns,
                                     .venue_ns = at_ns - WALK_VENUE_LAG_NS,
                                     .update_id = market->places[instrument].update_id};
    return update;
}

static struct level best_of(const struct exchange *exchange, enum side side)
{
    uint32_t ticks = exchange_best_ticks(exchange, side);

    return (struct level){ticks, (int64_t)exchange_level_lots(exchange, side, ticks)};
}

static const struct market_update *tell_book(struct synthetic_l3 *market, uint16_t instrument)
{
    const struct exchange *exchange = l3_exchange(market->feed.l3, instrument);
    struct place *place = &market->places[instrument];
    struct market_update *update = begin(market, MARKET_SNAPSHOT, instrument, place->walk.now_ns);

    update->bid_count =
        (uint16_t)exchange_levels(exchange, SIDE_BUY, update->levels, LEVELS_TOLD_MAX);
    update->ask_count = (uint16_t)exchange_levels(
        exchange, SIDE_SELL, update->levels + update->bid_count, LEVELS_TOLD_MAX);
    place->told = (struct touch){best_of(exchange, SIDE_BUY), best_of(exchange, SIDE_SELL)};
    l3_told(market->feed.l3, instrument);
    return update;
}

static const struct market_update *tell_ticker(struct synthetic_l3 *market, uint16_t instrument,
                                               int64_t at_ns)
{
    struct market_update *update = begin(market, MARKET_TICKER, instrument, at_ns);

    update->bid_count = update->ask_count = 1;
    update->levels[0] = market->places[instrument].told.bid;
    update->levels[1] = market->places[instrument].told.ask;
    return update;
}

static const struct market_update *tell_trade(struct synthetic_l3 *market)
{
    struct place *place = &market->places[market->telling];
    const struct l3_trade *trade =
        &l3_news(market->feed.l3, market->telling)->trades[market->trades_told++];
    struct market_update *update = begin(market, MARKET_TRADE, market->telling, place->walk.now_ns);

    update->bid_count = 1;
    update->flags = trade->taker_side == SIDE_SELL ? MARKET_BUYER_IS_MAKER : 0;
    update->update_id = ++place->trade_id;
    update->levels[0] = trade->level;
    return update;
}

static uint16_t put_changes(const struct l3_news *news, const struct exchange *exchange,
                            enum side side, struct level *levels)
{
    for (uint32_t at = 0; at < news->change_count[side]; at++) {
        uint32_t ticks = news->changed_ticks[side][at];

        levels[at] = (struct level){ticks, (int64_t)exchange_level_lots(exchange, side, ticks)};
    }
    return (uint16_t)news->change_count[side];
}

static const struct market_update *tell_delta(struct synthetic_l3 *market)
{
    const struct l3_news *news = l3_news(market->feed.l3, market->telling);
    const struct exchange *exchange = l3_exchange(market->feed.l3, market->telling);
    struct place *place = &market->places[market->telling];
    struct market_update *update;

    if (news->overrun)
        return tell_book(market, market->telling);
    update = begin(market, MARKET_DELTA, market->telling, place->walk.now_ns);
    update->prev_update_id = place->update_id - 1;
    update->bid_count = put_changes(news, exchange, SIDE_BUY, update->levels);
    update->ask_count = put_changes(news, exchange, SIDE_SELL, update->levels + update->bid_count);
    l3_told(market->feed.l3, market->telling);
    return update;
}

/* ---- steps ------------------------------------------------------------------------------ */

static uint16_t earliest(const struct synthetic_l3 *market)
{
    uint16_t best = 0;

    for (uint16_t at = 1; at != WALK_PROFILES; at++)
        if (market->places[at].walk.next_ns < market->places[best].walk.next_ns)
            best = at;
    return best;
}

static const struct market_update *announce(struct synthetic_l3 *market)
{
    market->telling = earliest(market);
    market->announced = true;
    return tell_ticker(market, market->telling, market->places[market->telling].walk.next_ns);
}

static bool is_same(struct level left, struct level right)
{
    return left.price_ticks == right.price_ticks && left.qty_lots == right.qty_lots;
}

static void take_step(struct synthetic_l3 *market)
{
    struct place *place = &market->places[market->telling];
    const struct exchange *exchange = l3_exchange(market->feed.l3, market->telling);
    const struct l3_news *news = l3_news(market->feed.l3, market->telling);
    struct walk_news wanted;
    struct touch touch;

    walk_step(&place->walk, &wanted);
    flow_follow(&place->flow, &wanted);
    touch = (struct touch){best_of(exchange, SIDE_BUY), best_of(exchange, SIDE_SELL)};
    market->announced = false;
    market->trades_told = 0;
    market->delta = news->overrun || news->change_count[0] + news->change_count[1] > 0;
    market->ticker = !is_same(touch.bid, place->told.bid) || !is_same(touch.ask, place->told.ask);
    place->told = touch;
    place->update_id += market->delta;
}

/* What is left to say of a step, in this order: its trades, the ticker, the delta. */
static const struct market_update *synthetic_l3_next(struct feed *feed)
{
    struct synthetic_l3 *market = (struct synthetic_l3 *)feed;

    if (market->snapshots_told < WALK_PROFILES)
        return tell_book(market, market->snapshots_told++);
    if (market->announced)
        take_step(market);
    if (market->delta &&
        market->trades_told < l3_news(market->feed.l3, market->telling)->trade_count)
        return tell_trade(market);
    if (market->ticker) {
        market->ticker = false;
        return tell_ticker(market, market->telling, market->places[market->telling].walk.now_ns);
    }
    if (!market->delta)
        return announce(market);
    market->delta = false;
    return tell_delta(market);
}

/* ---- opening ---------------------------------------------------------------------------- */

/* Whatever of ours rested is gone with the rest. */
static enum status synthetic_l3_rewind(struct feed *feed, struct err *err)
{
    struct synthetic_l3 *market = (struct synthetic_l3 *)feed;

    (void)err;
    l3_clear(market->feed.l3);
    for (uint16_t at = 0; at != WALK_PROFILES; at++) {
        struct place *place = &market->places[at];

        walk_init(&place->walk, at, market->seed, market->start_ns);
        flow_init(&place->flow, market->feed.l3, at, market->seed);
        flow_open(&place->flow, &place->walk);
        place->update_id = 1000000;
        place->trade_id = 1000;
    }
    market->snapshots_told = 0;
    market->announced = market->ticker = market->delta = false;
    return OK;
}

static void synthetic_l3_close(struct feed *feed)
{
    struct synthetic_l3 *market = (struct synthetic_l3 *)feed;

    free(market->feed.l3);
    free(market);
}

static const struct feed_ops synthetic_l3_ops = {
    .next = synthetic_l3_next,
    .rewind = synthetic_l3_rewind,
    .close = synthetic_l3_close,
};

enum status synthetic_l3_open(uint64_t seed, int64_t start_ns, struct feed **feed, struct err *err)
{
    struct synthetic_l3 *market = calloc(1, sizeof *market);
    size_t size =
        (l3_size(WALK_PROFILES) + CACHE_LINES_APART - 1) / CACHE_LINES_APART * CACHE_LINES_APART;

    if (market)
        market->feed.l3 = aligned_alloc(CACHE_LINES_APART, size);
    if (!market || !market->feed.l3) {
        free(market);
        return err_set(err, ERR_INTERNAL, "no memory for the synthetic market");
    }
    l3_init(market->feed.l3, WALK_PROFILES);
    market->seed = seed;
    market->start_ns = start_ns;
    synthetic_instruments(&market->instruments);
    market->feed.ops = &synthetic_l3_ops;
    market->feed.instruments = &market->instruments;
    *feed = &market->feed;
    return synthetic_l3_rewind(*feed, err);
}
