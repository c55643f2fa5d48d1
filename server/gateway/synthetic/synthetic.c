#include "gateway/synthetic/synthetic.h"

#include "gateway/synthetic/walk.h"

#include <stdlib.h>
#include <string.h>

/* The feed proper: merges the instruments by time, and turns what a walk says into updates. */

struct synthetic {
    struct feed feed;
    struct feed_instruments instruments;
    uint64_t seed;
    int64_t start_ns;
    struct walk walks[WALK_PROFILES];
    struct walk_news news; /* of the step being told */
    uint32_t told;
    uint16_t telling; /* instrument */
    uint16_t snapshots_told;
    union {
        struct market_update update;
        uint8_t bytes[sizeof(struct market_update) +
                      2 * (SYNTHETIC_LEVELS + WALK_CHANGES_MAX) * sizeof(struct level)];
    } out;
};

static struct market_update *begin(struct synthetic *synthetic, enum market_kind kind,
                                   uint16_t instrument)
{
    const struct walk *walk = &synthetic->walks[instrument];
    struct market_update *update = &synthetic->out.update;

    *update = (struct market_update){.kind = (uint8_t)kind,
                                     .instrument = instrument,
                                     .received_ns = walk->now_ns,
                                     .venue_ns = walk->now_ns - WALK_VENUE_LAG_NS};
    return update;
}

static const struct market_update *tell_snapshot(struct synthetic *synthetic, uint16_t instrument)
{
    const struct walk *walk = &synthetic->walks[instrument];
    struct market_update *update = begin(synthetic, MARKET_SNAPSHOT, instrument);

    update->bid_count = update->ask_count = SYNTHETIC_LEVELS;
    update->update_id = walk->update_id;
    memcpy(update->levels, walk->levels[SIDE_BUY], sizeof walk->levels[SIDE_BUY]);
    memcpy(update->levels + SYNTHETIC_LEVELS, walk->levels[SIDE_SELL],
           sizeof walk->levels[SIDE_SELL]);
    return update;
}

static const struct market_update *tell_trade(struct synthetic *synthetic)
{
    struct market_update *update = begin(synthetic, MARKET_TRADE, synthetic->telling);
    const struct walk_trade *trade = &synthetic->news.trades[synthetic->told];

    update->bid_count = 1;
    update->flags = trade->buyer_is_maker ? MARKET_BUYER_IS_MAKER : 0;
    update->update_id = trade->id;
    update->levels[0] = trade->level;
    return update;
}

static const struct market_update *tell_ticker(struct synthetic *synthetic)
{
    const struct walk *walk = &synthetic->walks[synthetic->telling];
    struct market_update *update = begin(synthetic, MARKET_TICKER, synthetic->telling);

    update->bid_count = update->ask_count = 1;
    update->update_id = walk->update_id;
    update->levels[0] = walk->levels[SIDE_BUY][0];
    update->levels[1] = walk->levels[SIDE_SELL][0];
    return update;
}

static const struct market_update *tell_delta(struct synthetic *synthetic)
{
    const struct walk *walk = &synthetic->walks[synthetic->telling];
    const struct walk_news *news = &synthetic->news;
    struct market_update *update = begin(synthetic, MARKET_DELTA, synthetic->telling);

    update->bid_count = news->change_count[SIDE_BUY];
    update->ask_count = news->change_count[SIDE_SELL];
    update->prev_update_id = news->prev_update_id;
    update->update_id = walk->update_id;
    memcpy(update->levels, news->changes[SIDE_BUY], update->bid_count * sizeof(struct level));
    memcpy(update->levels + update->bid_count, news->changes[SIDE_SELL],
           update->ask_count * sizeof(struct level));
    return update;
}

static uint16_t earliest(const struct synthetic *synthetic)
{
    uint16_t best = 0;

    for (uint32_t at = 1; at < WALK_PROFILES; at++)
        if (synthetic->walks[at].next_ns < synthetic->walks[best].next_ns)
            best = (uint16_t)at;
    return best;
}

/* What is left to say of a step, in this order: its trades, the ticker, the delta. */
static const struct market_update *synthetic_next(struct feed *feed)
{
    struct synthetic *synthetic = (struct synthetic *)feed;
    struct walk_news *news = &synthetic->news;

    if (synthetic->snapshots_told < WALK_PROFILES)
        return tell_snapshot(synthetic, synthetic->snapshots_told++);
    while (!news->delta) {
        synthetic->telling = earliest(synthetic);
        synthetic->told = 0;
        walk_step(&synthetic->walks[synthetic->telling], news);
    }
    if (synthetic->told < news->trade_count) {
        const struct market_update *update = tell_trade(synthetic);

        synthetic->told++;
        return update;
    }
    if (news->ticker) {
        news->ticker = false;
        return tell_ticker(synthetic);
    }
    news->delta = false;
    return tell_delta(synthetic);
}

static enum status synthetic_rewind(struct feed *feed, struct err *err)
{
    struct synthetic *synthetic = (struct synthetic *)feed;

    (void)err;
    for (uint32_t at = 0; at < WALK_PROFILES; at++)
        walk_init(&synthetic->walks[at], at, synthetic->seed, synthetic->start_ns);
    synthetic->news = (struct walk_news){0};
    synthetic->snapshots_told = 0;
    return OK;
}

static void synthetic_close(struct feed *feed)
{
    free(feed);
}

static const struct feed_ops synthetic_ops = {
    .next = synthetic_next,
    .rewind = synthetic_rewind,
    .close = synthetic_close,
};

void synthetic_instruments(struct feed_instruments *instruments)
{
    instruments->count = WALK_PROFILES;
    for (uint32_t at = 0; at < WALK_PROFILES; at++) {
        instruments->row[at] = *walk_instrument(at);
        strcpy(instruments->venue[at], "sim");
        strcpy(instruments->currency[at], "USDT");
    }
}

enum status synthetic_open(uint64_t seed, int64_t start_ns, struct feed **feed, struct err *err)
{
    struct synthetic *synthetic = calloc(1, sizeof *synthetic);

    if (!synthetic)
        return err_set(err, ERR_INTERNAL, "no memory for the synthetic market");
    synthetic->seed = seed;
    synthetic->start_ns = start_ns;
    synthetic_instruments(&synthetic->instruments);
    synthetic->feed.ops = &synthetic_ops;
    synthetic->feed.instruments = &synthetic->instruments;
    *feed = &synthetic->feed;
    return synthetic_rewind(*feed, err);
}
