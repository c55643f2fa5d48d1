#include "gateway/recording/recording.h"

#include "gateway/binance/sync.h"
#include "gateway/recording/bybit.h"
#include "gateway/recording/files.h"
#include "gateway/recording/probe.h"
#include "gateway/recording/probe_bybit.h"
#include "thread/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_BYTES = 1 << 20, SAYS_MAX = 240 };

/* One file, and where it belongs. */
struct part {
    char *path;
    bool usable;
    struct probe probe;
    char says[SAYS_MAX]; /* why it is not usable */
};

/* One instrument: its parts, the line that comes next, the state that outlives the parts. */
struct source {
    uint16_t instrument, parts, part_at;
    struct part *part[RECORDING_FILES_MAX];
    struct probe probe; /* its grid is the one in force */
    struct binance_grid wanted;
    struct lines *lines;
    void *held;
    struct binance_sync sync;
    struct bybit_player *bybit; /* NULL: it is of Binance */
    struct recording_counts counts;
    bool has_line;
    const char *frame;
    size_t length;
    int64_t line_ns;
};

struct recording {
    struct feed feed;
    struct feed_instruments instruments;
    uint32_t parts;
    struct part part[RECORDING_FILES_MAX];
    uint16_t sources;
    struct source *source[MAX_INSTRUMENTS];
    struct source *releasing; /* its held diffs are going out */
    int64_t clock_ns;         /* received_ns of the update given last */
    bool started;             /* by the first next() or rewind: damage is reported from then on */
    recording_damage_fn report;
    void *report_ctx;
    struct market_update *update; /* room for MAX_MARKET_LEVELS */
};

static struct recording *recording_of(const struct feed *feed)
{
    return (struct recording *)(uintptr_t)feed;
}

static void log_damage(void *ctx, uint16_t instrument, const char *path, uint64_t line,
                       const char *says)
{
    char where[200];
    char what[SAYS_MAX];

    (void)ctx;
    (void)instrument;
    log_line(LOG_WARN, "recording", "damaged input", "file=%s line=%llu reason=%s",
             log_escape(where, sizeof where, path), (unsigned long long)line,
             log_escape(what, sizeof what, says));
}

/* ---- playing ---- */

static void damaged(struct recording *recording, struct source *source, const char *says)
{
    source->counts.damaged++;
    recording->report(recording->report_ctx, source->instrument,
                      source->part[source->part_at]->path, lines_number(source->lines), says);
}

/* The part's first line has been read when it was probed, so a failure now is a damage. */
static void open_part(struct recording *recording, struct source *source)
{
    struct err err;

    while (source->part_at < source->parts &&
           lines_open(source->lines, source->part[source->part_at]->path, &err) != OK) {
        damaged(recording, source, err.text);
        source->part_at++;
    }
}

/* Finds the line that comes next; its frame is decoded only when its turn comes. */
static void advance(struct recording *recording, struct source *source)
{
    const char *text;
    size_t length;

    source->has_line = false;
    while (source->part_at < source->parts) {
        enum lines_result result = lines_next(source->lines, &text, &length);

        if (result == LINES_END) {
            source->part_at++;
            open_part(recording, source);
            continue;
        }
        source->counts.lines++;
        if (result == LINES_BAD) {
            damaged(recording, source, lines_damage(source->lines));
        } else if (probe_time(text, length, &source->line_ns, &source->frame, &source->length)) {
            source->has_line = true;
            return;
        } else {
            damaged(recording, source, "no local time of 16 or 19 digits before the frame");
        }
    }
}

static struct source *earliest(const struct recording *recording)
{
    struct source *first = NULL;

    for (uint16_t i = 0; i < recording->sources; i++) {
        struct source *source = recording->source[i];

        if (source->has_line && (!first || source->line_ns < first->line_ns))
            first = source;
    }
    return first;
}

/* What is off the grid is asked how fine a grid it wants. */
static void note_off_grid(struct recording *recording, struct source *source)
{
    struct binance_frame frame;
    struct bybit_frame bybit;

    source->counts.off_grid++;
    if (source->bybit)
        (void)probe_bybit_decode(source->frame, source->length, source->probe.symbol,
                                 &source->wanted, &bybit, recording->update->levels);
    else
        (void)probe_decode(source->frame, source->length, &source->wanted, &frame,
                           recording->update->levels);
}

/* `why` in the words of the venue's decoder. */
static void refuse(struct recording *recording, struct source *source, const char *why,
                   struct scan_text wrong)
{
    char says[SAYS_MAX];
    int shown = wrong.length < 80 ? (int)wrong.length : 80;

    snprintf(says, sizeof says, "frame refused: %s%s%.*s", why, wrong.at ? ": " : "",
             wrong.at ? shown : 0, wrong.at ? wrong.at : "");
    damaged(recording, source, says);
}

static bool is_foreign(const struct source *source, struct scan_text symbol)
{
    return symbol.at != NULL && (symbol.length != strlen(source->probe.symbol) ||
                                 memcmp(symbol.at, source->probe.symbol, symbol.length) != 0);
}

static bool take_depth(struct source *source, const struct binance_frame *frame,
                       struct market_update *update)
{
    uint64_t gaps = source->sync.gaps;
    bool goes_out = binance_sync_take(&source->sync, frame, update);

    source->counts.sequence_gaps += source->sync.gaps - gaps;
    source->counts.dropped = source->sync.dropped;
    return goes_out;
}

/* Fills in what the kinds have of their own; false: nothing goes out. */
static bool take_frame(struct recording *recording, struct source *source,
                       const struct binance_frame *frame, struct market_update *update)
{
    switch (frame->kind) {
    case BINANCE_DEPTH:
        source->counts.depth_events++;
        return take_depth(source, frame, update);
    case BINANCE_SNAPSHOT:
        source->counts.snapshots++;
        if (!take_depth(source, frame, update))
            return false;
        recording->releasing = source;
        return true;
    case BINANCE_TICKER:
        source->counts.book_tickers++;
        update->kind = MARKET_TICKER;
        update->bid_count = update->ask_count = 1;
        break;
    case BINANCE_TRADE:
        source->counts.trades++;
        update->kind = MARKET_TRADE;
        update->bid_count = 1;
        update->ask_count = 0;
        update->flags = frame->flags;
        break;
    default:
        source->counts.others++;
        return false;
    }
    update->prev_update_id = 0;
    update->update_id = frame->last_id;
    return true;
}

static bool play_bybit_line(struct recording *recording, struct source *source)
{
    bool goes_out;
    enum bybit_reason reason = bybit_player_take(source->bybit, source->frame, source->length,
                                                 recording->update, &source->counts, &goes_out);

    if (reason != BYBIT_FINE) {
        struct scan_text wrong = source->bybit->frame.wrong;

        if (reason == BYBIT_OFF_TICK || reason == BYBIT_OFF_LOT)
            note_off_grid(recording, source);
        refuse(recording, source, bybit_reason_says(reason), wrong);
        return false;
    }
    recording->update->received_ns = source->line_ns;
    if (goes_out && recording->update->kind == MARKET_TRADE)
        recording->releasing = source;
    return goes_out;
}

static bool play_line(struct recording *recording, struct source *source)
{
    struct market_update *update = recording->update;
    struct binance_frame frame;
    enum binance_reason reason = binance_decode(source->frame, source->length, &source->probe.grid,
                                                &frame, update->levels, MAX_MARKET_LEVELS);

    if (reason != BINANCE_FINE) {
        if (reason == BINANCE_OFF_TICK || reason == BINANCE_OFF_LOT)
            note_off_grid(recording, source);
        refuse(recording, source, binance_reason_says(reason), frame.wrong);
        return false;
    }
    if (is_foreign(source, frame.symbol)) {
        refuse(recording, source, binance_reason_says(BINANCE_FOREIGN), frame.symbol);
        return false;
    }
    update->instrument = source->instrument;
    update->flags = 0;
    update->venue_ns = frame.event_ms * 1000000;
    update->received_ns = source->line_ns;
    return take_frame(recording, source, &frame, update);
}

/* Local time never goes back, whatever a recorder's clock did. */
static const struct market_update *stamped(struct recording *recording,
                                           struct market_update *update)
{
    if (update->received_ns < recording->clock_ns)
        update->received_ns = recording->clock_ns;
    recording->clock_ns = update->received_ns;
    return update;
}

static struct market_update *release(struct recording *recording)
{
    struct source *source = recording->releasing;
    uint64_t gaps = source->sync.gaps;
    struct market_update *update;

    if (source->bybit)
        return bybit_player_more(source->bybit, recording->update) ? recording->update : NULL;
    update = binance_sync_release(&source->sync);
    source->counts.sequence_gaps += source->sync.gaps - gaps;
    return update;
}

static enum status rewind_feed(struct feed *feed, struct err *err);

static const struct market_update *next(struct feed *feed)
{
    struct recording *recording = recording_of(feed);
    struct source *source;

    assert(recording->update);
    if (!recording->started)
        (void)rewind_feed(feed, NULL);
    if (recording->releasing) {
        struct market_update *update = release(recording);

        if (update)
            return stamped(recording, update);
        recording->releasing = NULL;
    }
    while ((source = earliest(recording)) != NULL) {
        bool goes_out =
            source->bybit ? play_bybit_line(recording, source) : play_line(recording, source);

        advance(recording, source);
        if (goes_out)
            return stamped(recording, recording->update);
    }
    return NULL;
}

static void start_source(struct recording *recording, struct source *source)
{
    source->counts = (struct recording_counts){0};
    source->wanted = source->probe.grid;
    if (source->bybit)
        bybit_player_start(source->bybit, source->probe.symbol, source->probe.depth,
                           source->wanted.price_decimals, source->wanted.qty_decimals,
                           source->instrument);
    binance_sync_init(&source->sync, source->probe.market != MARKET_SPOT, source->held, HELD_BYTES);
    source->part_at = 0;
    open_part(recording, source);
    advance(recording, source);
}

static enum status rewind_feed(struct feed *feed, struct err *err)
{
    struct recording *recording = recording_of(feed);

    (void)err;
    recording->started = true;
    recording->releasing = NULL;
    recording->clock_ns = 0;
    for (uint32_t i = 0; i < recording->parts; i++)
        if (!recording->part[i].usable)
            recording->report(recording->report_ctx, UINT16_MAX, recording->part[i].path, 0,
                              recording->part[i].says);
    for (uint16_t i = 0; i < recording->sources; i++)
        start_source(recording, recording->source[i]);
    return OK;
}

static void close_feed(struct feed *feed)
{
    struct recording *recording = recording_of(feed);

    for (uint16_t i = 0; i < recording->sources; i++) {
        lines_destroy(recording->source[i]->lines);
        free(recording->source[i]->held);
        free(recording->source[i]->bybit);
        free(recording->source[i]);
    }
    for (uint32_t i = 0; i < recording->parts; i++)
        free(recording->part[i].path);
    free(recording->update);
    free(recording);
}

/* ---- opening ---- */

static const struct feed_ops ops = {.next = next, .rewind = rewind_feed, .close = close_feed};

static struct source *find_source(const struct recording *recording, const struct probe *probe)
{
    for (uint16_t i = 0; i < recording->sources; i++) {
        struct source *source = recording->source[i];

        if (source->probe.market == probe->market &&
            strcmp(source->probe.symbol, probe->symbol) == 0)
            return source;
    }
    return NULL;
}

static struct source *add_source(struct recording *recording, const struct probe *probe,
                                 struct err *err)
{
    struct source *source;

    if (recording->sources == MAX_INSTRUMENTS) {
        err_set(err, ERR_TOO_LARGE, "more than 32 instruments");
        return NULL;
    }
    source = calloc(1, sizeof *source);
    if (source) {
        source->lines = lines_create();
        source->held = malloc(HELD_BYTES);
        source->bybit = probe_is_of_bybit(probe) ? calloc(1, sizeof *source->bybit) : NULL;
        source->probe = *probe;
        source->instrument = recording->sources;
        recording->source[recording->sources++] = source;
    }
    if (!source || !source->lines || !source->held ||
        (probe_is_of_bybit(probe) && !source->bybit)) {
        err_set(err, ERR_INTERNAL, "out of memory");
        return NULL;
    }
    return source;
}

static void finer(struct binance_grid *grid, struct binance_grid with)
{
    if (with.price_decimals > grid->price_decimals)
        grid->price_decimals = with.price_decimals;
    if (with.qty_decimals > grid->qty_decimals)
        grid->qty_decimals = with.qty_decimals;
}

/* Keeps the parts of an instrument in the order of their first lines. */
static void add_part(struct source *source, struct part *part)
{
    uint16_t at = source->parts++;

    for (; at > 0 && source->part[at - 1]->probe.first_ns > part->probe.first_ns; at--)
        source->part[at] = source->part[at - 1];
    source->part[at] = part;
    finer(&source->probe.grid, part->probe.grid);
    if (part->probe.depth > source->probe.depth)
        source->probe.depth = part->probe.depth;
}

/* A file without frames is no reason to stop while others have some; one that cannot be read is. */
static enum status probe_part(struct recording *recording, struct part *part, struct lines *lines,
                              struct err *err)
{
    enum status status =
        probe_file(lines, part->path, recording->update->levels, &part->probe, err);
    struct source *source;

    if (status == ERR_DAMAGED) {
        snprintf(part->says, sizeof part->says, "%s", err->text + strlen(part->path) + 2);
        return OK;
    }
    if (status != OK)
        return status;
    source = find_source(recording, &part->probe);
    if (!source)
        source = add_source(recording, &part->probe, err);
    if (!source)
        return err->status;
    part->usable = true;
    add_part(source, part);
    return OK;
}

static enum status name_instruments(struct recording *recording, struct err *err)
{
    struct feed_instruments *instruments = &recording->instruments;

    instruments->count = recording->sources;
    for (uint16_t i = 0; i < recording->sources; i++)
        if (!probe_instrument(&recording->source[i]->probe, &instruments->row[i],
                              instruments->venue[i], instruments->currency[i])) {
            err_set(err, ERR_DAMAGED, "a symbol is too long");
            return err_wrap(err, ERR_DAMAGED, recording->source[i]->part[0]->path);
        }
    return OK;
}

static enum status open_parts(struct recording *recording, struct err *err)
{
    struct lines *lines = lines_create();
    enum status status = lines ? OK : err_set(err, ERR_INTERNAL, "out of memory");

    for (uint32_t i = 0; status == OK && i < recording->parts; i++)
        status = probe_part(recording, &recording->part[i], lines, err);
    lines_destroy(lines);
    if (status == OK && recording->sources == 0)
        status = recording->parts == 0
                     ? err_set(err, ERR_NOT_FOUND, "no recording (*.gz, *.txt, *.jsonl) found")
                     : err_set(err, ERR_DAMAGED, recording->part[0].says);
    if (status == ERR_DAMAGED && recording->sources == 0 && recording->parts > 0)
        err_wrap(err, ERR_DAMAGED, recording->part[0].path);
    return status == OK ? name_instruments(recording, err) : status;
}

enum status recording_open(const char *const paths[], uint32_t count, struct feed **feed,
                           struct err *err)
{
    struct recording *recording = calloc(1, sizeof *recording);
    char *found[RECORDING_FILES_MAX];
    enum status status;

    if (!recording)
        return err_set(err, ERR_INTERNAL, "out of memory");
    *recording = (struct recording){.feed = {.ops = &ops}, .report = log_damage};
    recording->feed.instruments = &recording->instruments;
    recording->update =
        malloc(sizeof *recording->update + MAX_MARKET_LEVELS * sizeof recording->update->levels[0]);
    status = recording->update ? files_find(paths, count, found, &recording->parts, err)
                               : err_set(err, ERR_INTERNAL, "out of memory");
    for (uint32_t i = 0; i < recording->parts; i++)
        recording->part[i].path = found[i];
    if (status == OK)
        status = open_parts(recording, err);
    if (status != OK) {
        close_feed(&recording->feed);
        return status;
    }
    *feed = &recording->feed;
    return OK;
}

void recording_on_damage(struct feed *feed, recording_damage_fn report, void *ctx)
{
    struct recording *recording = recording_of(feed);

    assert(feed->ops == &ops);
    recording->report = report;
    recording->report_ctx = ctx;
}

struct recording_counts recording_counts(const struct feed *feed, uint16_t instrument)
{
    assert(feed->ops == &ops && instrument < recording_of(feed)->sources);
    return recording_of(feed)->source[instrument]->counts;
}

uint64_t recording_unusable(const struct feed *feed)
{
    const struct recording *recording = recording_of(feed);
    uint64_t unusable = 0;

    assert(feed->ops == &ops);
    for (uint32_t i = 0; i < recording->parts; i++)
        unusable += !recording->part[i].usable;
    return unusable;
}

bool recording_refine(struct feed *feed)
{
    struct recording *recording = recording_of(feed);
    bool changed = false;
    struct err err;

    assert(feed->ops == &ops);
    for (uint16_t i = 0; i < recording->sources; i++) {
        struct source *source = recording->source[i];
        struct binance_grid before = source->probe.grid;

        finer(&source->probe.grid, source->wanted);
        changed |= before.price_decimals != source->probe.grid.price_decimals ||
                   before.qty_decimals != source->probe.grid.qty_decimals;
    }
    if (changed)
        (void)name_instruments(recording, &err); /* names do not change, so this cannot fail */
    return changed;
}
