/* The tolerant way: any order of keys, any white space, unknown keys; and every refusal.
 *
 * First the frame is read once as JSON and the places of the values we know are noted; then those
 * of its kind are converted. Nothing here is hot. */
#include "gateway/binance/decode.h"

#include <string.h>

_Static_assert((int)BINANCE_FINE == (int)SCAN_FINE && (int)BINANCE_MANY == (int)SCAN_MANY,
               "the reasons of scan.h come first");

enum field {
#define FIELD(ID, key) FIELD_##ID,
#include "gateway/binance/fields.def"
#undef FIELD
    FIELD_COUNT,
    FIELD_DATA = FIELD_COUNT,
    FIELD_NONE
};

struct reader {
    struct scan_reader scan;
    struct scan_text field[FIELD_COUNT]; /* the value as it stands, quotes included */
    bool has_data;
};

static enum field field_of(struct scan_text key)
{
    static const struct {
        const char *key;
        uint32_t length;
    } keys[] = {
#define FIELD(ID, key) {"\"" key "\"", sizeof("\"" key "\"") - 1},
#include "gateway/binance/fields.def"
#undef FIELD
        {"\"data\"", 6},
    };

    for (uint32_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (key.length == keys[i].length && memcmp(key.at, keys[i].key, key.length) == 0)
            return (enum field)i;
    return FIELD_NONE;
}

static bool note_value(struct reader *reader, enum field field, uint32_t depth)
{
    struct scan_text value;

    if (!scan_value(&reader->scan, depth, &value))
        return false;
    if (field >= FIELD_COUNT)
        return true;
    if (reader->field[field].at != NULL)
        return scan_fail(&reader->scan, SCAN_TWICE);
    reader->field[field] = value;
    return true;
}

/* An object whose known keys are noted; the outermost may hold the event under "data". */
static bool read_event(struct reader *reader, bool outermost)
{
    struct scan_reader *scan = &reader->scan;
    struct scan_text key;

    if (!scan_take(scan, '{'))
        return scan_broken(scan);
    if (scan_take(scan, '}'))
        return true;
    do {
        enum field field;

        if (!scan_key(scan, &key))
            return false;
        field = field_of(key);
        scan_blanks(scan);
        if (field == FIELD_DATA && outermost && scan->at < scan->end && *scan->at == '{') {
            if (reader->has_data)
                return scan_fail(scan, SCAN_TWICE);
            reader->has_data = true;
            if (!read_event(reader, false))
                return false;
        } else if (!note_value(reader, field, outermost ? 1 : 2)) {
            return false;
        }
    } while (scan_take(scan, ','));
    return scan_take(scan, '}') || scan_broken(scan);
}

/* ---- conversion ---- */

struct convert {
    const struct reader *reader;
    struct scan_grid grid;
    struct binance_frame *frame;
    enum binance_reason reason;
    struct scan_text wrong;
};

static bool refuse(struct convert *convert, enum binance_reason reason, struct scan_text value)
{
    convert->reason = reason;
    convert->wrong = value;
    return false;
}

static bool has(const struct convert *convert, enum field field)
{
    return convert->reader->field[field].at != NULL;
}

/* What scan.h says of a value, for this frame. */
static bool accept(struct convert *convert, enum scan_reason reason, struct scan_text value)
{
    return reason == SCAN_FINE || refuse(convert, (enum binance_reason)reason, value);
}

static bool whole(struct convert *convert, enum field field, int64_t *value)
{
    struct scan_text text = convert->reader->field[field];

    return accept(convert, scan_count(text, value), text);
}

static bool whole_if_there(struct convert *convert, enum field field, int64_t *value)
{
    return !has(convert, field) || whole(convert, field, value);
}

static bool price(struct convert *convert, struct scan_text text, bool may_be_zero, int64_t *ticks)
{
    return accept(convert, scan_price(text, &convert->grid, may_be_zero, ticks), text);
}

static bool size(struct convert *convert, struct scan_text text, int64_t *lots)
{
    return accept(convert, scan_size(text, &convert->grid, lots), text);
}

static bool price_and_size(struct convert *convert, enum field price_field, enum field size_field,
                           bool may_be_zero, struct level *level)
{
    const struct scan_text *field = convert->reader->field;

    if (field[price_field].at == NULL || field[size_field].at == NULL)
        return refuse(convert, BINANCE_MISSING, (struct scan_text){0});
    return price(convert, field[price_field], may_be_zero, &level->price_ticks) &&
           size(convert, field[size_field], &level->qty_lots);
}

static bool level_list(struct convert *convert, enum field field, struct level *levels,
                       uint32_t most, uint16_t *used)
{
    struct scan_text wrong;
    enum scan_reason reason =
        scan_levels(convert->reader->field[field], &convert->grid, levels, most, used, &wrong);

    return accept(convert, reason, wrong);
}

static bool both_sides(struct convert *convert, enum field bids, enum field asks,
                       struct level *levels, uint32_t most)
{
    struct binance_frame *frame = convert->frame;

    return level_list(convert, bids, levels, most, &frame->bid_count) &&
           level_list(convert, asks, levels + frame->bid_count, most - frame->bid_count,
                      &frame->ask_count);
}

static bool depth(struct convert *convert, struct level *levels, uint32_t most)
{
    struct binance_frame *frame = convert->frame;

    frame->kind = BINANCE_DEPTH;
    frame->has_prev = has(convert, FIELD_PREV);
    if (!whole(convert, FIELD_FIRST, &frame->first_id) ||
        !whole(convert, FIELD_LAST, &frame->last_id) ||
        !whole_if_there(convert, FIELD_PREV, &frame->prev_id))
        return false;
    if (frame->first_id > frame->last_id)
        return refuse(convert, BINANCE_IDS, convert->reader->field[FIELD_FIRST]);
    return both_sides(convert, FIELD_BID, FIELD_ASK, levels, most);
}

static bool snapshot(struct convert *convert, struct level *levels, uint32_t most)
{
    struct binance_frame *frame = convert->frame;

    frame->kind = BINANCE_SNAPSHOT;
    if (!whole(convert, FIELD_SNAPSHOT_ID, &frame->last_id))
        return false;
    frame->first_id = frame->last_id;
    return both_sides(convert, FIELD_BIDS, FIELD_ASKS, levels, most);
}

/* A side that is empty comes as price 0 and size 0. */
static bool ticker(struct convert *convert, struct level *levels)
{
    struct binance_frame *frame = convert->frame;

    frame->kind = BINANCE_TICKER;
    if (!whole(convert, FIELD_LAST, &frame->last_id) ||
        !price_and_size(convert, FIELD_BID, FIELD_BID_SIZE, true, &levels[0]) ||
        !price_and_size(convert, FIELD_ASK, FIELD_ASK_SIZE, true, &levels[1]))
        return false;
    frame->first_id = frame->last_id;
    for (int i = 0; i < 2; i++)
        if (levels[i].price_ticks == 0 && levels[i].qty_lots != 0)
            return refuse(convert, BINANCE_NOT_PRICE, (struct scan_text){0});
    return true;
}

static bool trade(struct convert *convert, enum field id, struct level *levels)
{
    struct binance_frame *frame = convert->frame;
    struct scan_text maker = convert->reader->field[FIELD_MAKER];

    frame->kind = BINANCE_TRADE;
    if (!whole(convert, id, &frame->last_id) ||
        !price_and_size(convert, FIELD_PRICE, FIELD_QTY, false, &levels[0]))
        return false;
    frame->first_id = frame->last_id;
    if (maker.length == 4 && memcmp(maker.at, "true", 4) == 0)
        frame->flags = MARKET_BUYER_IS_MAKER;
    else if (maker.length != 5 || memcmp(maker.at, "false", 5) != 0)
        return refuse(convert, BINANCE_MISSING, maker);
    return true;
}

static bool type_is(const struct convert *convert, const char *type)
{
    return scan_is(scan_unquoted(convert->reader->field[FIELD_TYPE]), type);
}

static bool looks_like_ticker(const struct convert *convert)
{
    return !has(convert, FIELD_TYPE) && has(convert, FIELD_LAST) && has(convert, FIELD_BID) &&
           has(convert, FIELD_BID_SIZE) && has(convert, FIELD_ASK) && has(convert, FIELD_ASK_SIZE);
}

static bool convert_frame(struct convert *convert, struct level *levels, uint32_t most)
{
    struct binance_frame *frame = convert->frame;

    if ((has(convert, FIELD_TYPE) || has(convert, FIELD_SNAPSHOT_ID) ||
         looks_like_ticker(convert)) &&
        !whole_if_there(convert, FIELD_EVENT_MS, &frame->event_ms))
        return false;
    if (has(convert, FIELD_SNAPSHOT_ID))
        return snapshot(convert, levels, most);
    if (type_is(convert, "depthUpdate"))
        return depth(convert, levels, most);
    if (type_is(convert, "bookTicker") || looks_like_ticker(convert))
        return ticker(convert, levels);
    if (type_is(convert, "trade"))
        return trade(convert, FIELD_TRADE_ID, levels);
    if (type_is(convert, "aggTrade"))
        return trade(convert, FIELD_ASK, levels); /* "a" is its id */
    frame->kind = BINANCE_OTHER;
    return true;
}

static struct scan_text symbol_of(const struct reader *reader)
{
    struct scan_text text = reader->field[FIELD_SYMBOL];

    if (text.at == NULL)
        text = reader->field[FIELD_SNAPSHOT_SYMBOL];
    return text.at != NULL ? scan_unquoted(text) : text;
}

enum binance_reason binance_decode_tolerant(const char *text, size_t length,
                                            const struct binance_grid *grid,
                                            struct binance_frame *frame, struct level *levels,
                                            uint32_t most)
{
    struct reader reader = {.scan = {.at = text, .end = text + length}};
    struct convert convert = {.reader = &reader,
                              .grid = {.price_decimals = grid->price_decimals,
                                       .qty_decimals = grid->qty_decimals,
                                       .tick_units = 1,
                                       .lot_units = 1},
                              .frame = frame};

    *frame = (struct binance_frame){0};
    if (!read_event(&reader, true))
        return (enum binance_reason)reader.scan.reason;
    scan_blanks(&reader.scan);
    if (reader.scan.at != reader.scan.end)
        return BINANCE_BROKEN;
    frame->has_type = reader.field[FIELD_TYPE].at != NULL;
    frame->symbol = symbol_of(&reader);
    if (convert_frame(&convert, levels, most))
        return BINANCE_FINE;
    *frame = (struct binance_frame){.wrong = convert.wrong};
    return convert.reason;
}

const char *binance_reason_says(enum binance_reason reason)
{
    static const char *const says[] = {
#define REASON(ID, text) text,
#include "gateway/binance/reasons.def"
#undef REASON
    };

    return says[(unsigned)reason < BINANCE_REASON_COUNT ? reason : BINANCE_BROKEN];
}
