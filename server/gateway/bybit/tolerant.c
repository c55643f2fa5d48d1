/* The tolerant way: any order of keys, any white space, unknown keys; and every refusal.
 *
 * First the frame is read once as JSON and the places of the values we know are noted; then those
 * of its kind are converted. A list of trades is read as objects of their own. */
#include "gateway/bybit/decode.h"

#include "gateway/number.h"

#include <string.h>

_Static_assert((int)BYBIT_FINE == (int)SCAN_FINE && (int)BYBIT_MANY == (int)SCAN_MANY,
               "the reasons of scan.h come first");

enum where { WHERE_FRAME, WHERE_DATA, WHERE_TRADE };

enum field {
#define FIELD(WHERE, ID, key) FIELD_##ID,
#include "gateway/bybit/fields.def"
#undef FIELD
    FIELD_COUNT,
    FIELD_NONE = FIELD_COUNT
};

struct reader {
    struct scan_reader scan;
    struct scan_text field[FIELD_COUNT]; /* the value as it stands, quotes included */
};

/* ---- form ---- */

static enum field field_of(enum where where, struct scan_text key)
{
    static const struct {
        uint8_t where, length;
        const char *key;
    } keys[] = {
#define FIELD(WHERE, ID, key) {WHERE_##WHERE, sizeof("\"" key "\"") - 1, "\"" key "\""},
#include "gateway/bybit/fields.def"
#undef FIELD
    };

    for (uint32_t i = 0; i < FIELD_COUNT; i++)
        if (key.length == keys[i].length && where == keys[i].where &&
            memcmp(key.at, keys[i].key, key.length) == 0)
            return (enum field)i;
    return FIELD_NONE;
}

static bool read_object(struct reader *reader, enum where where, uint32_t depth);

/* An object under the frame's "data" is gone into. */
static bool read_value(struct reader *reader, enum field field, uint32_t depth,
                       struct scan_text *value)
{
    struct scan_reader *scan = &reader->scan;

    scan_blanks(scan);
    if (field != FIELD_DATA || scan->at >= scan->end || *scan->at != '{')
        return scan_value(scan, depth, value);
    value->at = scan->at;
    if (!read_object(reader, WHERE_DATA, depth + 1))
        return false;
    value->length = (uint32_t)(scan->at - value->at);
    return true;
}

/* An object whose known keys are noted. */
static bool read_object(struct reader *reader, enum where where, uint32_t depth)
{
    struct scan_reader *scan = &reader->scan;
    struct scan_text key, value;

    if (!scan_take(scan, '{'))
        return scan_broken(scan);
    if (scan_take(scan, '}'))
        return true;
    do {
        enum field field;

        if (!scan_key(scan, &key))
            return false;
        field = field_of(where, key);
        if (!read_value(reader, field, depth, &value))
            return false;
        if (field == FIELD_NONE)
            continue;
        if (reader->field[field].at != NULL)
            return scan_fail(scan, SCAN_TWICE);
        reader->field[field] = value;
    } while (scan_take(scan, ','));
    return scan_take(scan, '}') || scan_broken(scan);
}

/* Bytes that may follow the first byte of a character; 4: none begins so. */
static uint32_t utf8_more(unsigned char first)
{
    if (first < 0x80)
        return 0;
    if (first < 0xc2)
        return 4;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 4;
}

/* Up to the first byte that is no UTF-8: overlong, a surrogate, beyond U+10FFFF, or cut short. */
static const char *utf8_end(const char *at, const char *end)
{
    while (at < end) {
        const unsigned char *bytes = (const unsigned char *)at;
        uint32_t more = utf8_more(bytes[0]);

        if (more == 4 || more >= (size_t)(end - at))
            return at;
        for (uint32_t i = 1; i <= more; i++)
            if ((bytes[i] & 0xc0) != 0x80)
                return at;
        if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
            (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f))
            return at;
        at += more + 1;
    }
    return at;
}

/* Market data is plain ASCII; only what is not is looked at by characters. */
static const char *first_bad_byte(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t bytes;

        memcpy(&bytes, at, sizeof bytes);
        if ((bytes & 0x8080808080808080ULL) != 0)
            break;
    }
    return utf8_end(at, end);
}

/* ---- conversion ---- */

struct convert {
    const struct scan_text *field;
    const struct bybit_room *room;
    struct bybit_frame *frame;
    struct scan_grid grid;
    enum bybit_reason reason;
    struct scan_text wrong;
};

static bool refuse(struct convert *convert, enum bybit_reason reason, struct scan_text value)
{
    convert->reason = reason;
    convert->wrong = value;
    return false;
}

/* What scan.h says of a value, for this frame. */
static bool accept(struct convert *convert, enum scan_reason reason, struct scan_text value)
{
    return reason == SCAN_FINE || refuse(convert, (enum bybit_reason)reason, value);
}

static bool has(const struct convert *convert, enum field field)
{
    return convert->field[field].at != NULL;
}

/* There, and not "" either, as dated futures have it where perpetuals have a rate. */
static bool is_given(const struct convert *convert, enum field field)
{
    return has(convert, field) && scan_unquoted(convert->field[field]).length > 0;
}

static bool whole(struct convert *convert, enum field field, int64_t *value)
{
    struct scan_text text = convert->field[field];

    return accept(convert, scan_count(text, value), text);
}

static bool same_symbol(struct convert *convert, const struct scan_text *field)
{
    if (field->at == NULL)
        return refuse(convert, BYBIT_MISSING, *field);
    return scan_same(scan_unquoted(*field), convert->frame->symbol) ||
           refuse(convert, BYBIT_FOREIGN, *field);
}

/* "type": of a book and a ticker. */
static bool read_type(struct convert *convert, bool *is_delta)
{
    struct scan_text text = convert->field[FIELD_TYPE];

    *is_delta = scan_is(text, "\"delta\"");
    return *is_delta || scan_is(text, "\"snapshot\"") || refuse(convert, BYBIT_MISSING, text);
}

static bool side_of_book(struct convert *convert, enum field field, struct level *levels,
                         uint32_t most, uint16_t *used)
{
    struct scan_text wrong;
    enum scan_reason reason =
        scan_levels(convert->field[field], &convert->grid, levels, most, used, &wrong);

    return accept(convert, reason, wrong);
}

static bool orderbook(struct convert *convert)
{
    const struct bybit_room *room = convert->room;
    struct bybit_frame *frame = convert->frame;
    uint32_t most = bybit_levels_most(room);
    bool is_delta;

    if (!read_type(convert, &is_delta) || !same_symbol(convert, &convert->field[FIELD_S]) ||
        !whole(convert, FIELD_U, &frame->u) || !whole(convert, FIELD_SEQ, &frame->seq) ||
        (has(convert, FIELD_CTS) && !whole(convert, FIELD_CTS, &frame->cts_ms)))
        return false;
    frame->kind = is_delta ? BYBIT_DELTA : BYBIT_SNAPSHOT;
    return side_of_book(convert, FIELD_BIDS, room->levels, most, &frame->bid_count) &&
           side_of_book(convert, FIELD_ASKS, room->levels + frame->bid_count,
                        most - frame->bid_count, &frame->ask_count);
}

static bool trade_values(struct convert *convert, const struct scan_text *field,
                         struct bybit_trade *trade)
{
    struct scan_text id = scan_unquoted(field[FIELD_TRADE_ID]);
    struct scan_text side = field[FIELD_TRADE_SIDE];

    for (uint32_t at = FIELD_TRADE_TIME; at <= FIELD_TRADE_ID; at++)
        if (field[at].at == NULL)
            return refuse(convert, BYBIT_MISSING, convert->field[FIELD_DATA]);
    if (id.length == 0)
        return refuse(convert, BYBIT_MISSING, field[FIELD_TRADE_ID]);
    trade->id = bybit_trade_id(id);
    trade->buyer_is_maker = scan_is(side, "\"Sell\"");
    if (!trade->buyer_is_maker && !scan_is(side, "\"Buy\""))
        return refuse(convert, BYBIT_NOT_SIDE, side);
    if (!same_symbol(convert, &field[FIELD_TRADE_SYMBOL]) ||
        !accept(convert, scan_count(field[FIELD_TRADE_TIME], &trade->time_ms),
                field[FIELD_TRADE_TIME]) ||
        !accept(convert,
                scan_price(field[FIELD_TRADE_PRICE], &convert->grid, false, &trade->price_ticks),
                field[FIELD_TRADE_PRICE]) ||
        !accept(convert, scan_size(field[FIELD_TRADE_SIZE], &convert->grid, &trade->qty_lots),
                field[FIELD_TRADE_SIZE]))
        return false;
    return trade->qty_lots > 0 || refuse(convert, BYBIT_NOT_SIZE, field[FIELD_TRADE_SIZE]);
}

static bool trades(struct convert *convert)
{
    struct scan_text list = convert->field[FIELD_DATA];
    struct bybit_frame *frame = convert->frame;
    struct reader reader;
    bool is_delta;

    frame->kind = BYBIT_TRADES;
    if (!read_type(convert, &is_delta))
        return false;
    if (list.at == NULL)
        return refuse(convert, BYBIT_MISSING, list);
    reader.scan = (struct scan_reader){.at = list.at, .end = list.at + list.length};
    if (!scan_take(&reader.scan, '[') || scan_take(&reader.scan, ']'))
        return refuse(convert, BYBIT_MISSING, list);
    do {
        memset(reader.field, 0, sizeof reader.field);
        if (!read_object(&reader, WHERE_TRADE, 0))
            return reader.scan.reason == SCAN_BROKEN
                       ? refuse(convert, BYBIT_MISSING, (struct scan_text){reader.scan.at, 1})
                       : accept(convert, reader.scan.reason, (struct scan_text){reader.scan.at, 1});
        if (frame->trade_count == BYBIT_TRADES_MAX)
            return refuse(convert, BYBIT_TRADES_MANY, (struct scan_text){0});
        if (!trade_values(convert, reader.field, &convert->room->trades[frame->trade_count]))
            return false;
        frame->trade_count++;
    } while (scan_take(&reader.scan, ','));
    return true;
}

/* A figure of a ticker in 1e-8, not on the instrument's grid: a mark lies between ticks. */
static bool value_e8(struct convert *convert, enum field field, bool may_be_negative, uint16_t bit,
                     int64_t *e8)
{
    struct scan_text text;
    enum scan_reason reason;
    bool is_negative;

    if (!is_given(convert, field))
        return true;
    text = scan_unquoted(convert->field[field]);
    is_negative = may_be_negative && text.at[0] == '-';
    text.at += is_negative;
    text.length -= is_negative;
    reason = scan_decimal(text, 8, (INT64_MAX / 16), SCAN_BROKEN, SCAN_BROKEN, e8);
    if (reason == SCAN_BROKEN)
        return refuse(convert, BYBIT_NOT_VALUE, convert->field[field]);
    if (is_negative)
        *e8 = -*e8;
    convert->frame->has |= bit;
    return accept(convert, reason, convert->field[field]);
}

/* Best bid or ask. A side that is empty comes as "" or 0; one of the two alone is no level. */
static bool touch(struct convert *convert, enum field price_field, enum field size_field,
                  uint16_t bit, uint16_t *count)
{
    struct bybit_frame *frame = convert->frame;
    struct level level = {0};

    if ((is_given(convert, price_field) &&
         !accept(convert,
                 scan_price(convert->field[price_field], &convert->grid, true, &level.price_ticks),
                 convert->field[price_field])) ||
        (is_given(convert, size_field) &&
         !accept(convert, scan_size(convert->field[size_field], &convert->grid, &level.qty_lots),
                 convert->field[size_field])))
        return false;
    if (!has(convert, price_field) || !has(convert, size_field))
        return true;
    if (level.price_ticks == 0 && level.qty_lots != 0)
        return refuse(convert, BYBIT_NOT_PRICE, convert->field[price_field]);
    convert->room->levels[frame->bid_count + frame->ask_count] = level;
    frame->has |= bit;
    *count = 1;
    return true;
}

static bool ticker(struct convert *convert)
{
    struct bybit_frame *frame = convert->frame;

    frame->kind = BYBIT_TICKER;
    if (!read_type(convert, &frame->is_delta) ||
        !same_symbol(convert, &convert->field[FIELD_SYMBOL]) ||
        !value_e8(convert, FIELD_MARK, false, BYBIT_HAS_MARK, &frame->mark_e8) ||
        !value_e8(convert, FIELD_INDEX, false, BYBIT_HAS_INDEX, &frame->index_e8) ||
        !value_e8(convert, FIELD_LAST, false, BYBIT_HAS_LAST, &frame->last_e8) ||
        !value_e8(convert, FIELD_FUNDING, true, BYBIT_HAS_FUNDING, &frame->funding_rate_e8))
        return false;
    if (is_given(convert, FIELD_NEXT_FUNDING)) {
        struct scan_text time = convert->field[FIELD_NEXT_FUNDING];

        if (!accept(convert, scan_count(scan_unquoted(time), &frame->next_funding_ms), time))
            return false;
        frame->has |= BYBIT_HAS_NEXT_FUNDING;
    }
    if (bybit_levels_most(convert->room) < 2)
        return refuse(convert, BYBIT_MANY, (struct scan_text){0});
    return touch(convert, FIELD_BID_PRICE, FIELD_BID_SIZE, BYBIT_HAS_BID, &frame->bid_count) &&
           touch(convert, FIELD_ASK_PRICE, FIELD_ASK_SIZE, BYBIT_HAS_ASK, &frame->ask_count);
}

/* ---- topics ---- */

static bool begins(struct scan_text *text, const char *word)
{
    uint32_t length = (uint32_t)strlen(word);

    if (text->length < length || memcmp(text->at, word, length) != 0)
        return false;
    text->at += length;
    text->length -= length;
    return true;
}

/* "50.": up to four digits and a point. */
static bool read_depth(struct scan_text *text, uint16_t *depth)
{
    uint32_t used = 0;
    uint16_t sum = 0;

    for (; used < text->length && used < 4 && number_is_digit(text->at[used]); used++)
        sum = (uint16_t)(sum * 10 + (text->at[used] - '0'));
    if (used == 0 || used >= text->length || text->at[used] != '.')
        return false;
    text->at += used + 1;
    text->length -= used + 1;
    *depth = sum;
    return true;
}

typedef bool (*convert_fn)(struct convert *convert);

/* What turns a frame of this topic into ours; NULL: of no interest. */
static convert_fn topic_kind(struct convert *convert)
{
    struct bybit_frame *frame = convert->frame;
    struct scan_text rest = frame->topic;
    convert_fn kind = NULL;

    if (begins(&rest, "orderbook.")) {
        if (read_depth(&rest, &frame->depth))
            kind = orderbook;
    } else if (begins(&rest, "publicTrade.")) {
        if (convert->room->trades != NULL)
            kind = trades;
    } else if (begins(&rest, "tickers.")) {
        kind = ticker;
    }
    if (kind != NULL && rest.length > 0)
        frame->symbol = rest;
    return rest.length > 0 ? kind : NULL;
}

static bool convert_frame(struct convert *convert)
{
    struct bybit_frame *frame = convert->frame;
    struct scan_text topic = convert->field[FIELD_TOPIC];
    const struct bybit_grid *grid;
    convert_fn kind;

    if (topic.at == NULL) {
        if (has(convert, FIELD_SUCCESS) || has(convert, FIELD_OP))
            frame->kind = BYBIT_REPLY;
        return true;
    }
    if (topic.at[0] != '"')
        return refuse(convert, BYBIT_MISSING, topic);
    frame->topic = scan_unquoted(topic);
    kind = topic_kind(convert);
    if (kind == NULL)
        return true;
    grid = convert->room->find(convert->room->ctx, frame->symbol.at, frame->symbol.length);
    if (grid == NULL)
        return true;
    frame->instrument = grid->instrument;
    convert->grid = (struct scan_grid){.price_decimals = grid->price_decimals,
                                       .qty_decimals = grid->qty_decimals,
                                       .tick_units = grid->tick_units,
                                       .lot_units = grid->lot_units};
    return whole(convert, FIELD_TS, &frame->ts_ms) && kind(convert);
}

static enum bybit_reason refused(struct bybit_frame *frame, enum bybit_reason reason,
                                 struct scan_text topic, struct scan_text symbol,
                                 struct scan_text wrong)
{
    *frame = (struct bybit_frame){.topic = topic, .symbol = symbol, .wrong = wrong};
    return reason;
}

enum bybit_reason bybit_decode_tolerant(const char *text, size_t length,
                                        const struct bybit_room *room, struct bybit_frame *frame)
{
    struct reader reader = {.scan = {.at = text, .end = text + length}};
    struct convert convert = {.field = reader.field, .room = room, .frame = frame};
    const char *bad = first_bad_byte(text, text + length);

    *frame = (struct bybit_frame){0};
    if (bad != text + length)
        return refused(frame, BYBIT_NOT_UTF8, frame->topic, frame->symbol,
                       (struct scan_text){bad, 1});
    if (read_object(&reader, WHERE_FRAME, 0)) {
        scan_blanks(&reader.scan);
        if (reader.scan.at != reader.scan.end)
            (void)scan_fail(&reader.scan, SCAN_BROKEN);
    }
    if (reader.scan.reason != SCAN_FINE)
        return refused(frame, (enum bybit_reason)reader.scan.reason,
                       scan_unquoted(reader.field[FIELD_TOPIC]), frame->symbol,
                       (struct scan_text){reader.scan.at, reader.scan.at < reader.scan.end});
    if (convert_frame(&convert))
        return BYBIT_FINE;
    return refused(frame, convert.reason, frame->topic, frame->symbol, convert.wrong);
}

/* ---- small things ---- */

/* A number as it is; a UUID is random already and needs little mixing. */
uint64_t bybit_trade_id(struct scan_text text)
{
    uint64_t hash = 0x9e3779b97f4a7c15ULL ^ text.length;
    int64_t number;

    if (scan_count(text, &number) == SCAN_FINE)
        return (uint64_t)number;
    for (uint32_t at = 0; at < text.length; at += 8) {
        uint64_t bytes = 0;

        memcpy(&bytes, text.at + at, text.length - at < 8 ? text.length - at : 8);
        hash = (hash ^ bytes) * 0xff51afd7ed558ccdULL;
        hash ^= hash >> 32;
    }
    return hash & INT64_MAX;
}

const char *bybit_reason_says(enum bybit_reason reason)
{
    static const char *const says[] = {
#define REASON(ID, text) text,
#include "gateway/bybit/reasons.def"
#undef REASON
    };

    return says[(unsigned)reason < BYBIT_REASON_COUNT ? reason : BYBIT_BROKEN];
}
