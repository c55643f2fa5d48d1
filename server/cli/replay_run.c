#include "cli/replay_run.h"

#include "cli/rig.h"
#include "thread/clock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REFINE_MOST = 2 * 12 + 1 }; /* each start again makes a grid finer by a decimal at least */

struct replay {
    struct feed *feed;
    struct rig *rig;
    FILE *bbo;
    struct replay_result *result;
    bool off_grid; /* a finer grid is wanted: start again */
    bool again;    /* not the first start */
};

static void forget_damage(struct replay_result *result)
{
    for (uint64_t at = 0; at < result->damaged && at < REPLAY_DAMAGE_KEPT; at++)
        free(result->damage[at].path);
    result->damaged = 0;
}

void replay_result_free(struct replay_result *result)
{
    if (!result)
        return;
    forget_damage(result);
    free(result->instrument);
    free(result);
}

/* What a damaged file holds may be anything; a terminal and JSON want plain text. */
static char *plain(char *text)
{
    for (char *at = text; at && *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    return text;
}

static void note_damage(void *ctx, uint16_t instrument, const char *path, uint64_t line,
                        const char *says)
{
    struct replay *replay = ctx;
    struct replay_result *result = replay->result;

    if (instrument != UINT16_MAX && recording_counts(replay->feed, instrument).off_grid > 0)
        replay->off_grid = true;
    if (result->damaged < REPLAY_DAMAGE_KEPT) {
        struct replay_damage *damage = &result->damage[result->damaged];

        damage->path = plain(strdup(path));
        damage->line = line;
        snprintf(damage->says, sizeof damage->says, "%s", says);
        plain(damage->says);
    }
    result->damaged++;
}

/* ---- after each update ---- */

static char *put_decimal(char *out, int64_t units, uint32_t decimals, bool there)
{
    return out + (there ? decimal_print(out, units, decimals, true) : 0);
}

static char *put_level(char *out, const struct instrument *row, struct level level)
{
    bool there = level.price_ticks > 0;

    *out++ = ',';
    out = put_decimal(out, level.price_ticks * row->tick_units, row->price_decimals, there);
    *out++ = ',';
    return put_decimal(out, level.qty_lots * row->lot_units, row->qty_decimals, there);
}

static void write_row(FILE *bbo, const struct instrument *row, int64_t update_id,
                      struct touch touch)
{
    char text[MAX_NAME + 6 * DECIMAL_TEXT_MAX];
    char *at = text + strlen(row->name);

    memcpy(text, row->name, strlen(row->name));
    *at++ = ',';
    at += decimal_print(at, update_id, 0, false);
    at = put_level(at, row, touch.bid);
    at = put_level(at, row, touch.ask);
    *at++ = '\n';
    fwrite(text, 1, (size_t)(at - text), bbo);
}

static void applied(struct replay *replay, const struct market_update *update,
                    const struct book *book)
{
    struct replay_instrument *row = &replay->result->instrument[update->instrument];
    struct touch touch = book_touch(book);

    row->applied++;
    row->level_changes += (uint64_t)update->bid_count + update->ask_count;
    selfcheck_diff(&row->check, update->update_id, touch);
    if (replay->bbo)
        write_row(replay->bbo, &replay->feed->instruments->row[update->instrument],
                  update->update_id, touch);
}

static void play_update(struct replay *replay, const struct market_update *update)
{
    struct replay_instrument *row = &replay->result->instrument[update->instrument];
    const struct book *book = engine_book(rig_engine(replay->rig), update->instrument);
    enum book_status before = book_status(book);
    int64_t id_before = book_update_id(book);

    rig_market(replay->rig, update, &replay->result->step_ns);
    if (update->kind == MARKET_TICKER) {
        selfcheck_ticker(&row->check, update);
        return;
    }
    if (update->kind != MARKET_DELTA && update->kind != MARKET_SNAPSHOT)
        return;
    if (book_status(book) == BOOK_CROSSED &&
        (before != BOOK_CROSSED || update->kind == MARKET_SNAPSHOT))
        row->crossed++;
    else if (update->kind == MARKET_DELTA && book_status(book) == BOOK_OK &&
             book_update_id(book) != id_before)
        applied(replay, update, book);
}

/* ---- the whole ---- */

static void summarise(struct replay *replay)
{
    struct replay_result *result = replay->result;

    result->instruments = *replay->feed->instruments;
    result->lines = 0;
    for (uint16_t at = 0; at < result->instruments.count; at++) {
        struct replay_instrument *row = &result->instrument[at];
        const struct book *book = engine_book(rig_engine(replay->rig), at);

        selfcheck_finish(&row->check);
        row->counts = recording_counts(replay->feed, at);
        row->final_touch = book_touch(book);
        row->final_bids = book_level_count(book, SIDE_BUY);
        row->final_asks = book_level_count(book, SIDE_SELL);
        row->stale = book_is_stale(book);
        result->lines += row->counts.lines;
    }
    result->orders_sent = engine_orders_sent(rig_engine(replay->rig));
}

/* Everything counted so far belongs to a grid that was too coarse. */
static enum status begin(struct replay *replay, struct err *err)
{
    struct replay_result *result = replay->result;
    uint16_t count = replay->feed->instruments->count;

    forget_damage(result);
    free(result->instrument);
    result->instrument = calloc(count, sizeof *result->instrument);
    if (!result->instrument)
        return err_set(err, ERR_INTERNAL, "out of memory");
    memset(&result->step_ns, 0, sizeof result->step_ns);
    replay->off_grid = false;
    if (replay->bbo && replay->again &&
        (fseek(replay->bbo, 0, SEEK_SET) != 0 || ftruncate(fileno(replay->bbo), 0) != 0))
        return err_set(err, ERR_IO, "the rows cannot be written anew (give a plain file)");
    replay->again = true;
    if (replay->bbo)
        fputs("instrument,u,bid,bidqty,ask,askqty\n", replay->bbo);
    return replay->feed->ops->rewind(replay->feed, err);
}

/* One pass; OK with replay->off_grid set: the grid is to be refined and played again. */
static enum status play(struct replay *replay, bool may_refine, struct err *err)
{
    const struct market_update *update;
    enum status status = begin(replay, err);

    if (status != OK)
        return status;
    update = feed_next(replay->feed);
    status = rig_create(&replay->rig, replay->feed->instruments,
                        (struct rig_options){.maker = true, .venue = true},
                        update ? update->received_ns : 0, err);
    if (status != OK)
        return status;
    for (; update && !(may_refine && replay->off_grid); update = feed_next(replay->feed))
        play_update(replay, update);
    replay->off_grid &= may_refine;
    if (!replay->off_grid)
        summarise(replay);
    rig_destroy(replay->rig);
    replay->rig = NULL;
    return OK;
}

static enum status play_all(struct replay *replay, struct err *err)
{
    enum status status = OK;
    bool refined = true;

    recording_on_damage(replay->feed, note_damage, replay);
    for (int tries = 0; status == OK && refined; tries++) {
        status = play(replay, tries < REFINE_MOST, err);
        refined = status == OK && replay->off_grid;
        if (refined && !recording_refine(replay->feed)) {
            status = play(replay, false, err); /* no grid can hold it: say so and play the rest */
            refined = false;
        }
    }
    return status;
}

enum status replay_run(const char *const paths[], uint32_t count, FILE *bbo,
                       struct replay_result **result, struct err *err)
{
    struct replay replay = {.bbo = bbo};
    int64_t started_ns = clock_mono_ns();
    enum status status;

    *result = NULL;
    replay.result = calloc(1, sizeof *replay.result);
    if (!replay.result)
        return err_set(err, ERR_INTERNAL, "out of memory");
    status = recording_open(paths, count, &replay.feed, err);
    if (status == OK) {
        status = play_all(&replay, err);
        replay.feed->ops->close(replay.feed);
    }
    if (status != OK) {
        replay_result_free(replay.result);
        return status;
    }
    replay.result->seconds = (double)(clock_mono_ns() - started_ns) / 1e9;
    *result = replay.result;
    return OK;
}
