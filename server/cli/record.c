/* pitwall record: writes the synthetic market as recordings in the raw form of Binance, one .gz a
 * symbol, so that machines without recordings can try the replay. (--venue bybit: record_live.c.)
 *
 * As in real files the REST snapshot comes late: it shows the book as it was one diff ago, and the
 * diffs before it must have been kept by whoever reads. Every change of the touch has its
 * bookTicker, just before the diff that it belongs to. The same seed writes the same bytes. */
#include "cli/cli.h"
#include "cli/record_live.h"

#include "gateway/synthetic/synthetic.h"
#include "thread/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define RECORD_START_NS 1735689600000000000 /* 2025-01-01: the same seed, the same file */
#define SECOND_NS 1000000000LL

enum { SNAPSHOT_AFTER_DIFFS = 3, SECONDS_MAX = 7 * 86400, PATH_BYTES = 1024 };
enum record_market { RECORD_SPOT, RECORD_USDM, RECORD_COINM };

static const char *const market_names[] = {"spot", "usdm", "coinm"};

struct tape {
    gzFile file;
    bool failed;
    enum record_market market;
    const struct instrument *row;
    char symbol[MAX_NAME]; /* "BTCUSDT", "BTCUSD_PERP" */
    char pair[MAX_NAME];   /* "BTCUSD" */
    char stream[MAX_NAME]; /* "btcusdt" */
    struct book *book;
    uint32_t diffs;
    bool snapshot_due;
    int64_t snapshot_id; /* of the book kept in these levels */
    uint32_t kept[2];
    struct level levels[2][SYNTHETIC_LEVELS];
};

struct options {
    uint64_t seed;
    int64_t seconds;
    const char *out;
    enum record_market market;
};

/* ---- writing ---------------------------------------------------------------------------- */

static void put(struct tape *tape, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct tape *tape, const char *format, ...)
{
    char text[512];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length < 0 || length >= (int)sizeof text ||
        gzwrite(tape->file, text, (unsigned)length) != length)
        tape->failed = true;
}

static const char *price_text(const struct tape *tape, char out[DECIMAL_TEXT_MAX], int64_t ticks)
{
    decimal_print(out, ticks * tape->row->tick_units, tape->row->price_decimals, false);
    return out;
}

/* COIN-M counts contracts, which are whole. */
static const char *qty_text(const struct tape *tape, char out[DECIMAL_TEXT_MAX], int64_t lots)
{
    if (tape->market == RECORD_COINM)
        decimal_print(out, lots, 0, false);
    else
        decimal_print(out, lots * tape->row->lot_units, tape->row->qty_decimals, false);
    return out;
}

static void put_levels(struct tape *tape, const char *key, const struct level *levels,
                       uint32_t count)
{
    char price[DECIMAL_TEXT_MAX];
    char qty[DECIMAL_TEXT_MAX];

    put(tape, ",\"%s\":[", key);
    for (uint32_t at = 0; at < count; at++)
        put(tape, "%s[\"%s\",\"%s\"]", at == 0 ? "" : ",",
            price_text(tape, price, levels[at].price_ticks),
            qty_text(tape, qty, levels[at].qty_lots));
    put(tape, "]");
}

static int64_t ms_of(const struct market_update *update)
{
    return update->venue_ns / 1000000;
}

static void put_envelope(struct tape *tape, int64_t at_ns, const char *channel)
{
    put(tape, "%" PRId64 " {\"stream\":\"%s@%s\",\"data\":{", at_ns, tape->stream, channel);
}

static void put_trade(struct tape *tape, const struct market_update *update)
{
    char price[DECIMAL_TEXT_MAX];
    char qty[DECIMAL_TEXT_MAX];

    put_envelope(tape, update->received_ns, "trade");
    put(tape,
        "\"e\":\"trade\",\"E\":%" PRId64 ",\"T\":%" PRId64 ",\"s\":\"%s\",\"t\":%" PRId64
        ",\"p\":\"%s\",\"q\":\"%s\"%s,\"m\":%s}}\n",
        ms_of(update), ms_of(update), tape->symbol, update->update_id,
        price_text(tape, price, update->levels[0].price_ticks),
        qty_text(tape, qty, update->levels[0].qty_lots),
        tape->market == RECORD_SPOT ? "" : ",\"X\":\"MARKET\"",
        update->flags & MARKET_BUYER_IS_MAKER ? "true" : "false");
}

static void put_ticker(struct tape *tape, const struct market_update *update)
{
    char price[2][DECIMAL_TEXT_MAX];
    char qty[2][DECIMAL_TEXT_MAX];

    put_envelope(tape, update->received_ns, "bookTicker");
    if (tape->market != RECORD_SPOT)
        put(tape, "\"e\":\"bookTicker\",");
    put(tape, "\"u\":%" PRId64 ",\"s\":\"%s\",\"b\":\"%s\",\"B\":\"%s\",\"a\":\"%s\",\"A\":\"%s\"",
        update->update_id, tape->symbol, price_text(tape, price[0], update->levels[0].price_ticks),
        qty_text(tape, qty[0], update->levels[0].qty_lots),
        price_text(tape, price[1], update->levels[1].price_ticks),
        qty_text(tape, qty[1], update->levels[1].qty_lots));
    if (tape->market != RECORD_SPOT)
        put(tape, ",\"T\":%" PRId64 ",\"E\":%" PRId64, ms_of(update), ms_of(update));
    put(tape, "}}\n");
}

static void put_diff(struct tape *tape, const struct market_update *update)
{
    put_envelope(tape, update->received_ns,
                 tape->market == RECORD_SPOT ? "depth@100ms" : "depth@0ms");
    put(tape, "\"e\":\"depthUpdate\",\"E\":%" PRId64, ms_of(update));
    if (tape->market != RECORD_SPOT)
        put(tape, ",\"T\":%" PRId64, ms_of(update));
    put(tape, ",\"s\":\"%s\"", tape->symbol);
    if (tape->market == RECORD_COINM)
        put(tape, ",\"ps\":\"%s\"", tape->pair);
    put(tape, ",\"U\":%" PRId64 ",\"u\":%" PRId64, update->prev_update_id + 1, update->update_id);
    if (tape->market != RECORD_SPOT)
        put(tape, ",\"pu\":%" PRId64, update->prev_update_id);
    put_levels(tape, "b", update->levels, update->bid_count);
    put_levels(tape, "a", update->levels + update->bid_count, update->ask_count);
    put(tape, "}}\n");
}

static void put_snapshot(struct tape *tape, const struct market_update *update)
{
    put(tape, "%" PRId64 " {\"lastUpdateId\":%" PRId64, update->received_ns, tape->snapshot_id);
    if (tape->market != RECORD_SPOT)
        put(tape, ",\"E\":%" PRId64 ",\"T\":%" PRId64, ms_of(update), ms_of(update));
    if (tape->market == RECORD_COINM)
        put(tape, ",\"symbol\":\"%s\",\"pair\":\"%s\"", tape->symbol, tape->pair);
    put_levels(tape, "bids", tape->levels[SIDE_BUY], tape->kept[SIDE_BUY]);
    put_levels(tape, "asks", tape->levels[SIDE_SELL], tape->kept[SIDE_SELL]);
    put(tape, "}\n");
}

/* The book at the third diff is kept, and written behind the fourth. */
static void write_diff(struct tape *tape, const struct market_update *update)
{
    put_diff(tape, update);
    if (tape->snapshot_due) {
        put_snapshot(tape, update);
        tape->snapshot_due = false;
    }
    if (++tape->diffs == SNAPSHOT_AFTER_DIFFS) {
        for (int side = SIDE_BUY; side <= SIDE_SELL; side++)
            tape->kept[side] =
                book_levels(tape->book, (enum side)side, tape->levels[side], SYNTHETIC_LEVELS);
        tape->snapshot_id = update->update_id;
        tape->snapshot_due = true;
    }
}

static void write_update(struct tape *tape, const struct market_update *update)
{
    switch (update->kind) {
    case MARKET_SNAPSHOT: /* only the start of our own copy */
        book_apply(tape->book, update);
        break;
    case MARKET_DELTA:
        book_apply(tape->book, update);
        write_diff(tape, update);
        break;
    case MARKET_TRADE:
        put_trade(tape, update);
        break;
    default:
        put_ticker(tape, update);
        break;
    }
}

/* ---- files ------------------------------------------------------------------------------ */

static void name_tape(struct tape *tape)
{
    const char *name = strchr(tape->row->name, ':') + 1;
    int base = (int)strlen(name) - 4; /* all end in USDT */

    snprintf(tape->pair, sizeof tape->pair, "%.*sUSD", base, name);
    if (tape->market == RECORD_COINM)
        snprintf(tape->symbol, sizeof tape->symbol, "%.*sUSD_PERP", base, name);
    else
        snprintf(tape->symbol, sizeof tape->symbol, "%s", name);
    for (size_t at = 0; at <= strlen(tape->symbol); at++)
        tape->stream[at] = tape->symbol[at] >= 'A' && tape->symbol[at] <= 'Z'
                               ? (char)(tape->symbol[at] - 'A' + 'a')
                               : tape->symbol[at];
}

static enum status open_tape(struct tape *tape, const struct options *options, uint16_t instrument,
                             struct err *err)
{
    char path[PATH_BYTES];

    tape->market = options->market;
    name_tape(tape);
    snprintf(path, sizeof path, "%s/%s_%s.gz", options->out, market_names[tape->market],
             tape->stream);
    tape->book = aligned_alloc(CACHE_LINES_APART, (book_size() + 127) & ~(size_t)127);
    if (!tape->book)
        return err_set(err, ERR_INTERNAL, "no memory for a book");
    book_init(tape->book, instrument);
    tape->file = gzopen(path, "wbe");
    return tape->file ? OK : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
}

static enum status close_tapes(struct tape *tapes, uint16_t count, enum status status,
                               struct err *err)
{
    for (uint16_t at = 0; at < count; at++) {
        bool failed = tapes[at].failed;

        if (tapes[at].file)
            failed = gzclose(tapes[at].file) != Z_OK || failed;
        free(tapes[at].book);
        if (failed && status == OK)
            status = err_format(err, ERR_IO, "%s: cannot be written", tapes[at].symbol);
    }
    return status;
}

static void write_all(struct feed *feed, struct tape *tapes, int64_t until_ns)
{
    const struct market_update *update;

    while ((update = feed_next(feed)) != NULL && update->received_ns < until_ns)
        write_update(&tapes[update->instrument], update);
}

static enum status record(const struct options *options, struct err *err)
{
    static struct tape tapes[MAX_INSTRUMENTS];
    struct feed *feed;
    enum status status = synthetic_open(options->seed, RECORD_START_NS, &feed, err);
    uint16_t count;

    if (status != OK)
        return status;
    if (mkdir(options->out, 0777) != 0 && errno != EEXIST) {
        status = err_format(err, ERR_IO, "%s: %s", options->out, strerrordesc_np(errno));
        feed->ops->close(feed);
        return status;
    }
    count = feed->instruments->count;
    for (uint16_t at = 0; at < count && status == OK; at++) {
        tapes[at].row = &feed->instruments->row[at];
        status = open_tape(&tapes[at], options, at, err);
    }
    if (status == OK)
        write_all(feed, tapes, RECORD_START_NS + options->seconds * SECOND_NS);
    status = close_tapes(tapes, count, status, err);
    feed->ops->close(feed);
    return status;
}

/* ---- the verb --------------------------------------------------------------------------- */

static bool parse_count(const char *text, int64_t most, int64_t *value)
{
    return decimal_parse(text, strlen(text), 0, value) && *value >= 0 && *value <= most;
}

static bool parse_market(const char *text, enum record_market *market)
{
    for (unsigned at = 0; at < sizeof market_names / sizeof market_names[0]; at++)
        if (strcmp(market_names[at], text) == 0) {
            *market = (enum record_market)at;
            return true;
        }
    return false;
}

/* NULL, or what is wrong. */
static const char *parse_option(struct options *options, const char *name, const char *value)
{
    int64_t seed;

    if (strcmp(name, "--seed") == 0) {
        if (!parse_count(value, INT64_MAX, &seed))
            return "--seed takes a number";
        options->seed = (uint64_t)seed;
    } else if (strcmp(name, "--seconds") == 0) {
        if (!parse_count(value, SECONDS_MAX, &options->seconds) || options->seconds == 0)
            return "--seconds takes 1 to 604800";
    } else if (strcmp(name, "--out") == 0) {
        if (strlen(value) == 0 || strlen(value) > PATH_BYTES - 2 * MAX_NAME)
            return "--out takes a directory";
        options->out = value;
    } else if (strcmp(name, "--market") != 0) {
        return "unknown option";
    } else if (!parse_market(value, &options->market)) {
        return "--market takes spot, usdm or coinm";
    }
    return NULL;
}

int cli_record(int argc, char **argv)
{
    struct options options = {.seed = 1, .market = RECORD_USDM};
    struct err err;

    for (int at = 0; at < argc; at += 2)
        if (strcmp(argv[at], "--venue") == 0)
            return record_live(argc, argv);
    for (int at = 0; at < argc; at += 2) {
        const char *problem = at + 1 == argc ? "an option lacks its value"
                                             : parse_option(&options, argv[at], argv[at + 1]);

        if (problem)
            return cli_usage("record", problem);
    }
    if (!options.out || options.seconds == 0)
        return cli_usage("record", "--out and --seconds are needed");
    if (record(&options, &err) != OK)
        return cli_fail("record", &err);
    return 0;
}
