/* The clock of the market: which update of the feed is due when. */
#include "venue/market_inside.h"

#include "gateway/recording/recording.h"
#include "gateway/synthetic/synthetic.h"

#include <stdlib.h>
#include <string.h>

enum { OPENING_UPDATES_MAX = 1 << 18 };
#define LOOP_GAP_NS 1000000000LL /* from the last update of a recording to its first again */

struct venue_market {
    struct venue_market_options options;
    struct feed *feed; /* NULL: none */
    struct market_rows rows;
    struct market_levels *levels; /* of each row */
    const struct market_update *next;
    bool opened;
    int64_t feed_ns, venue_ns; /* the same moment on both clocks: the feed's runs `times` as fast */
    int64_t last_ns;           /* venue time of the newest update played */
};

/* ---- opening ---------------------------------------------------------------------------- */

static enum status open_feed(struct venue_market *market, struct err *err)
{
    const struct venue_market_options *options = &market->options;

    if (options->kind == VENUE_MARKET_SYNTHETIC)
        return synthetic_open(options->seed, 0, &market->feed, err);
    if (options->kind == VENUE_MARKET_RECORDING)
        return recording_open(options->paths, options->path_count, &market->feed, err);
    return OK;
}

static enum status open_levels(struct venue_market *market, struct err *err)
{
    const struct market_rows *rows = &market->rows;

    if (rows->instruments == 0)
        return err_set(err, ERR_DAMAGED,
                       "the recordings hold no linear or spot instrument: name files of USD-M or "
                       "spot");
    market->levels = calloc(rows->instruments, sizeof *market->levels);
    if (!market->levels)
        return err_set(err, ERR_UNAVAILABLE, "no memory for the market");
    for (uint16_t at = 0; at < rows->instruments; at++)
        market_levels_init(&market->levels[at], at, &rows->instrument[at].grid);
    return OK;
}

enum status venue_market_open(struct venue_market **market,
                              const struct venue_market_options *options, struct err *err)
{
    struct venue_market *opened = calloc(1, sizeof *opened);
    struct feed_instruments instruments;
    enum status status;

    if (!opened)
        return err_set(err, ERR_UNAVAILABLE, "no memory for the market");
    opened->options = *options;
    opened->options.times = options->times > 0 ? options->times : 1;
    status = open_feed(opened, err);
    if (status == OK) {
        memset(&instruments, 0, sizeof instruments);
        synthetic_instruments(&instruments);
        market_rows_fill(&opened->rows, opened->feed ? opened->feed->instruments : &instruments);
        status = open_levels(opened, err);
    }
    if (status != OK) {
        venue_market_close(opened);
        return status;
    }
    *market = opened;
    return OK;
}

void venue_market_describe(const struct venue_market *market, struct venue_config *config)
{
    config->instruments = market->rows.instruments;
    config->instrument = market->rows.instrument;
    config->coins = market->rows.coins;
    config->coin = market->rows.coin;
}

void venue_market_close(struct venue_market *market)
{
    if (!market)
        return;
    if (market->feed)
        market->feed->ops->close(market->feed);
    free(market->levels);
    free(market);
}

/* ---- playing ---------------------------------------------------------------------------- */

static int64_t due_ns(const struct venue_market *market)
{
    int64_t since_ns = market->next->received_ns - market->feed_ns;

    return market->venue_ns + since_ns / market->options.times;
}

/* Books start empty again. False: there is nothing (any more). */
static bool start_over(struct venue_market *market, struct venue *venue, int64_t now_ns)
{
    struct err err;

    if (market->feed->ops->rewind(market->feed, &err) != OK)
        return false;
    for (uint16_t at = 0; at < market->rows.instruments; at++)
        market_levels_clear(&market->levels[at], venue, now_ns);
    market->next = feed_next(market->feed);
    if (!market->next)
        return false;
    market->feed_ns = market->next->received_ns;
    market->venue_ns = market->last_ns + LOOP_GAP_NS;
    return true;
}

static void apply(struct venue_market *market, struct venue *venue, int64_t now_ns)
{
    for (uint16_t at = 0; at < market->rows.instruments; at++)
        if (market->rows.from[at] == market->next->instrument)
            market_levels_apply(&market->levels[at], venue, market->next, now_ns);
}

static bool has_books(const struct venue_market *market)
{
    for (uint16_t at = 0; at < market->rows.instruments; at++)
        if (market->levels[at].count == 0)
            return false;
    return true;
}

/* Goes to where every book has been shown; that moment is now. */
static uint32_t lay_books(struct venue_market *market, struct venue *venue, int64_t now_ns)
{
    uint32_t played = 0;

    market->opened = true;
    market->last_ns = market->venue_ns = now_ns;
    market->next = feed_next(market->feed);
    while (market->next && !has_books(market) && played < OPENING_UPDATES_MAX) {
        if (market->next->kind != MARKET_TRADE) /* there is nothing to trade with yet */
            apply(market, venue, now_ns);
        market->feed_ns = market->next->received_ns;
        market->next = feed_next(market->feed);
        played++;
    }
    return played;
}

uint32_t venue_market_play(struct venue_market *market, struct venue *venue, int64_t now_ns,
                           uint32_t most)
{
    uint32_t played = 0;

    if (!market->feed)
        return 0;
    if (!market->opened)
        played = lay_books(market, venue, now_ns);
    while (played < most) {
        if (venue_market_next_ns(market) > now_ns ||
            (!market->next && !start_over(market, venue, now_ns)))
            break;
        market->last_ns = due_ns(market);
        apply(market, venue, market->last_ns);
        market->next = feed_next(market->feed);
        played++;
    }
    return played;
}

int64_t venue_market_next_ns(const struct venue_market *market)
{
    if (!market->feed)
        return INT64_MAX;
    if (!market->opened)
        return 0;
    return market->next ? due_ns(market) : market->last_ns + LOOP_GAP_NS;
}

const struct market_update *venue_market_peek(const struct venue_market *market)
{
    return market->next;
}
