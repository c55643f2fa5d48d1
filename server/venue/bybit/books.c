/* The topics orderbook.N.SYMBOL. What was last published is the same for all subscribers of a
 * depth, so one delta serves them all; a new one is greeted with just that state. */
#include "venue/bybit/books.h"
#include "venue/bybit/inside.h"

#include <inttypes.h>
#include <string.h>

enum { DEPTH_MAX = 1000 };
#define REPEAT_NS (3 * NS_PER_S)

uint32_t stream_depth(enum stream stream)
{
    static const uint16_t depths[STREAM_BOOKS] = {1, 50, 200, 1000};

    return depths[stream];
}

uint32_t book_diff(bool bids, const struct level *before, uint32_t before_count,
                   const struct level *after, uint32_t after_count, struct level *out)
{
    uint32_t old = 0;
    uint32_t new = 0;
    uint32_t count = 0;

    while (old < before_count || new < after_count) {
        bool has_old = old < before_count;
        bool has_new = new < after_count;
        int64_t old_ticks = has_old ? before[old].price_ticks : 0;
        int64_t new_ticks = has_new ? after[new].price_ticks : 0;
        bool old_first =
            has_old && (!has_new || (bids ? old_ticks > new_ticks : old_ticks < new_ticks));

        if (old_first) {
            out[count++] = (struct level){.price_ticks = old_ticks};
            old++;
        } else if (has_old && old_ticks == new_ticks) {
            if (before[old].qty_lots != after[new].qty_lots)
                out[count++] = after[new];
            old++;
            new ++;
        } else {
            out[count++] = after[new ++];
        }
    }
    return count;
}

/* ---- frames --------------------------------------------------------------------------- */

struct parts {
    const struct level *levels[2];
    uint32_t count[2];
    int64_t u;
    uint64_t seq;
    bool is_delta;
};

static void put_levels(struct text *text, const struct venue_instrument *row, const char *key,
                       const struct level *levels, uint32_t count)
{
    text_put(text, "\"%s\":[", key);
    for (uint32_t at = 0; at < count; at++) {
        text_add(text, at ? ",[" : "[", at ? 2 : 1);
        put_price(text, row, levels[at].price_ticks);
        text_add(text, ",", 1);
        put_qty(text, row, levels[at].qty_lots);
        text_add(text, "]", 1);
    }
    text_add(text, "],", 2);
}

/* Spot and level 1 say ts before type; linear the other way round. */
static void put_book(struct bybit *bybit, struct text *text, uint16_t instrument,
                     enum stream stream, const struct parts *parts, int64_t now_ns)
{
    const struct venue_instrument *row = venue_instrument(bybit->venue, instrument);
    bool ts_first = row->category == VENUE_SPOT || stream == STREAM_BOOK_1;
    const char *type = parts->is_delta ? "delta" : "snapshot";

    text_clear(text);
    text_put(text, "{\"topic\":\"orderbook.%u.%s\",", stream_depth(stream), row->symbol);
    if (ts_first)
        text_put(text, "\"ts\":%" PRId64 ",\"type\":\"%s\",", wire_ms(bybit, now_ns), type);
    else
        text_put(text, "\"type\":\"%s\",\"ts\":%" PRId64 ",", type, wire_ms(bybit, now_ns));
    text_put(text, "\"data\":{\"s\":\"%s\",", row->symbol);
    put_levels(text, row, "b", parts->levels[0], parts->count[0]);
    put_levels(text, row, "a", parts->levels[1], parts->count[1]);
    text_put(text, "\"u\":%" PRId64 ",\"seq\":%" PRIu64 "},\"cts\":%" PRId64 "}", parts->u,
             parts->seq, wire_ms(bybit, now_ns));
}

static struct parts snapshot_of(const struct stream_book *book)
{
    return (struct parts){.levels = {book->levels[0], book->levels[1]},
                          .count = {book->count[0], book->count[1]},
                          .u = book->u,
                          .seq = book->seq};
}

static void send_snapshot(struct bybit *bybit, uint16_t instrument, enum stream stream,
                          int64_t now_ns)
{
    struct stream_book *book = &bybit->streams->books[instrument][stream];
    struct parts parts = snapshot_of(book);

    book->sent_ns = now_ns;
    book->wants_snapshot = false;
    put_book(bybit, &bybit->frame, instrument, stream, &parts, now_ns);
    streams_publish(bybit, instrument, stream, &bybit->frame, now_ns);
}

static void send_delta(struct bybit *bybit, uint16_t instrument, enum stream stream,
                       struct parts parts, int64_t now_ns)
{
    put_book(bybit, &bybit->frame, instrument, stream, &parts, now_ns);
    streams_publish(bybit, instrument, stream, &bybit->frame, now_ns);
}

/* ---- faults --------------------------------------------------------------------------- */

/* A bid of one lot above the best ask, taken back by the next update: the published state keeps it.
 */
static void send_crossed(struct bybit *bybit, uint16_t instrument, enum stream stream,
                         int64_t now_ns)
{
    struct stream_book *book = &bybit->streams->books[instrument][stream];
    struct level crossed;

    if (book->count[1] == 0 || stream == STREAM_BOOK_1)
        return;
    crossed = (struct level){.price_ticks = book->levels[1][0].price_ticks + 1, .qty_lots = 1};
    if (book->count[0] == stream_depth(stream))
        book->count[0]--;
    memmove(book->levels[0] + 1, book->levels[0], book->count[0] * sizeof crossed);
    book->levels[0][0] = crossed;
    book->count[0]++;
    book->u++;
    book->seq--; /* so that the next turn looks again */
    send_delta(bybit, instrument, stream,
               (struct parts){.levels = {&crossed, NULL},
                              .count = {1, 0},
                              .u = book->u,
                              .seq = book->seq + 1,
                              .is_delta = true},
               now_ns);
}

/* True: the update does not leave. */
static bool befall(struct bybit *bybit, uint16_t instrument, enum stream stream, int64_t now_ns,
                   uint8_t *verb)
{
    struct stream_book *book = &bybit->streams->books[instrument][stream];
    struct venue_fault fault = bybit->streams->of[instrument][stream].count
                                   ? venue_faults_draw(bybit->faults, VENUE_ON_BOOK, instrument)
                                   : (struct venue_fault){0};

    *verb = fault.verb;
    bybit->publish_fault = fault;
    if (fault.verb == VENUE_FAULT_STALE_BOOK) {
        for (uint32_t at = 0; at < STREAM_BOOKS; at++) {
            bybit->streams->books[instrument][at].stale_until_ns = now_ns + fault.for_ns;
            bybit->streams->books[instrument][at].wants_snapshot = true;
        }
        return true;
    }
    if (fault.verb == VENUE_FAULT_SEQ_RESET) {
        book->u = 1;
        book->wants_snapshot = true;
    }
    return fault.verb == VENUE_FAULT_SEQ_GAP;
}

/* ---- publishing ----------------------------------------------------------------------- */

static void take_levels(struct bybit *bybit, uint16_t instrument, enum stream stream,
                        struct stream_book *book, struct parts *delta)
{
    static struct level now[DEPTH_MAX];
    static struct level changes[2][2 * DEPTH_MAX];

    for (uint32_t side = 0; side < 2; side++) {
        uint32_t count =
            venue_levels(bybit->venue, instrument, (enum side)side, now, stream_depth(stream));

        delta->levels[side] = changes[side];
        delta->count[side] =
            book_diff(side == 0, book->levels[side], book->count[side], now, count, changes[side]);
        memcpy(book->levels[side], now, count * sizeof now[0]);
        book->count[side] = count;
    }
}

const struct stream_book *book_refresh(struct bybit *bybit, uint16_t instrument, enum stream stream,
                                       int64_t now_ns)
{
    struct stream_book *book = &bybit->streams->books[instrument][stream];
    uint64_t seq = venue_seq(bybit->venue, instrument);
    struct parts delta = {.is_delta = true};
    uint8_t verb;

    if (book->live && book->seq == seq)
        return book;
    take_levels(bybit, instrument, stream, book, &delta);
    book->seq = seq;
    if (book->live && delta.count[0] + delta.count[1] == 0)
        return book;
    book->u++;
    book->live = true;
    if (befall(bybit, instrument, stream, now_ns, &verb)) {
        bybit->publish_fault = (struct venue_fault){0};
        return book;
    }
    delta.u = book->u;
    delta.seq = seq;
    if (stream == STREAM_BOOK_1 || book->wants_snapshot)
        send_snapshot(bybit, instrument, stream, now_ns);
    else
        send_delta(bybit, instrument, stream, delta, now_ns);
    bybit->publish_fault = (struct venue_fault){0};
    book->sent_ns = now_ns;
    if (verb == VENUE_FAULT_CROSSED_BOOK)
        send_crossed(bybit, instrument, stream, now_ns);
    return book;
}

void book_turn(struct bybit *bybit, uint16_t instrument, enum stream stream, int64_t now_ns)
{
    struct stream_book *book = &bybit->streams->books[instrument][stream];

    if (bybit->streams->of[instrument][stream].count == 0 || now_ns < book->stale_until_ns)
        return;
    if (book->wants_snapshot && book->stale_until_ns) {
        book->stale_until_ns = 0;
        book->seq--; /* looked at again, whatever happened */
    }
    book_refresh(bybit, instrument, stream, now_ns);
    if (now_ns < book->stale_until_ns)
        return; /* since just now */
    if (book->wants_snapshot || (stream == STREAM_BOOK_1 && now_ns - book->sent_ns >= REPEAT_NS))
        send_snapshot(bybit, instrument, stream, now_ns);
}

void book_greet(struct bybit *bybit, struct session *session, uint16_t instrument,
                enum stream stream, int64_t now_ns)
{
    struct stream_book *book = &bybit->streams->books[instrument][stream];
    struct parts parts;

    /* Nobody has listened since the state was last told: it is as old as that. */
    if (bybit->streams->of[instrument][stream].count == 1) {
        struct subscribers *of = &bybit->streams->of[instrument][stream];

        of->count = 0; /* the change is for nobody */
        book_refresh(bybit, instrument, stream, now_ns);
        of->count = 1;
    }
    parts = snapshot_of(book);
    put_book(bybit, &bybit->frame, instrument, stream, &parts, now_ns);
    session_send(session, &bybit->frame, NULL);
    if (book->sent_ns == 0)
        book->sent_ns = now_ns;
}
