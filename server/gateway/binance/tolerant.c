/* The tolerant way: any order of keys, any white space, unknown keys; and every refusal.
 *
 * First the frame is read once as JSON and the places of the values we know are noted; then those
 * of its kind are converted. Nothing here is hot. */
#include "gateway/binance/decode.h"

#include "gateway/number.h"

#include <string.h>

enum { DEPTH_MAX = 16 };

enum field {
#define FIELD(ID, key) FIELD_##ID,
#include "gateway/binance/fields.def"
#undef FIELD
    FIELD_COUNT,
    FIELD_DATA = FIELD_COUNT,
    FIELD_NONE
};

struct reader {
    const char *at, *end;
    enum binance_reason reason;
    struct binance_text field[FIELD_COUNT]; /* the value as it stands, quotes included */
    bool has_data;
};

static bool fail(struct reader *reader, enum binance_reason reason)
{
    if (reader->reason == BINANCE_FINE)
        reader->reason = reason;
    return false;
}

static bool broken(struct reader *reader)
{
    return fail(reader, reader->at >= reader->end ? BINANCE_CUT : BINANCE_BROKEN);
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' ||
                                        *reader->at == '\r' || *reader->at == '\n'))
        reader->at++;
}

/* Skips blanks and then `c`, if it is there. */
static bool take(struct reader *reader, char c)
{
    skip_blanks(reader);
    if (reader->at >= reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

static bool is_hex(char c)
{
    return number_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool skip_escape(struct reader *reader)
{
    char c = reader->at + 1 < reader->end ? reader->at[1] : '\0';

    reader->at += 2;
    if (c == 'u') {
        for (int i = 0; i < 4; i++, reader->at++)
            if (reader->at >= reader->end || !is_hex(*reader->at))
                return broken(reader);
        return true;
    }
    return (c != '\0' && strchr("\"\\/bfnrt", c) != NULL) || broken(reader);
}

/* A string with its quotes. */
static bool read_string(struct reader *reader, struct binance_text *text)
{
    const char *start;

    if (!take(reader, '"'))
        return broken(reader);
    start = reader->at - 1;
    while (reader->at < reader->end && *reader->at != '"') {
        if ((unsigned char)*reader->at < ' ')
            return broken(reader);
        if (*reader->at != '\\')
            reader->at++;
        else if (!skip_escape(reader))
            return false;
    }
    if (reader->at >= reader->end)
        return broken(reader);
    reader->at++;
    *text = (struct binance_text){start, (uint32_t)(reader->at - start)};
    return true;
}

static bool skip_digits(struct reader *reader)
{
    const char *start = reader->at;

    while (reader->at < reader->end && number_is_digit(*reader->at))
        reader->at++;
    return reader->at > start || broken(reader);
}

static bool skip_number(struct reader *reader)
{
    if (*reader->at == '-')
        reader->at++;
    if (reader->at < reader->end && *reader->at == '0')
        reader->at++;
    else if (!skip_digits(reader))
        return false;
    if (reader->at < reader->end && *reader->at == '.' && (reader->at++, !skip_digits(reader)))
        return false;
    if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
        reader->at++;
        if (reader->at < reader->end && (*reader->at == '+' || *reader->at == '-'))
            reader->at++;
        return skip_digits(reader);
    }
    return true;
}

static bool skip_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(reader->end - reader->at) < length)
        return fail(reader, BINANCE_CUT);
    if (memcmp(reader->at, word, length) != 0)
        return broken(reader);
    reader->at += length;
    return true;
}

static bool skip_value(struct reader *reader, uint32_t depth);

static bool skip_array(struct reader *reader, uint32_t depth)
{
    if (take(reader, ']'))
        return true;
    do {
        if (!skip_value(reader, depth))
            return false;
    } while (take(reader, ','));
    return take(reader, ']') || broken(reader);
}

static bool skip_object(struct reader *reader, uint32_t depth)
{
    struct binance_text key;

    if (take(reader, '}'))
        return true;
    do {
        if (!read_string(reader, &key) || (!take(reader, ':') && !broken(reader)) ||
            !skip_value(reader, depth))
            return false;
    } while (take(reader, ','));
    return take(reader, '}') || broken(reader);
}

static bool skip_value(struct reader *reader, uint32_t depth)
{
    struct binance_text text;

    if (depth == DEPTH_MAX)
        return fail(reader, BINANCE_DEEP);
    skip_blanks(reader);
    if (reader->at >= reader->end)
        return broken(reader);
    switch (*reader->at) {
    case '"':
        return read_string(reader, &text);
    case '[':
        reader->at++;
        return skip_array(reader, depth + 1);
    case '{':
        reader->at++;
        return skip_object(reader, depth + 1);
    case 't':
        return skip_word(reader, "true");
    case 'f':
        return skip_word(reader, "false");
    case 'n':
        return skip_word(reader, "null");
    default:
        return skip_number(reader);
    }
}

static enum field field_of(struct binance_text key)
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
    const char *start;

    skip_blanks(reader);
    start = reader->at;
    if (!skip_value(reader, depth))
        return false;
    if (field >= FIELD_COUNT)
        return true;
    if (reader->field[field].at != NULL)
        return fail(reader, BINANCE_TWICE);
    reader->field[field] = (struct binance_text){start, (uint32_t)(reader->at - start)};
    return true;
}

/* An object whose known keys are noted; the outermost may hold the event under "data". */
static bool read_event(struct reader *reader, bool outermost)
{
    struct binance_text key;

    if (!take(reader, '{'))
        return broken(reader);
    if (take(reader, '}'))
        return true;
    do {
        enum field field;

        if (!read_string(reader, &key) || (!take(reader, ':') && !broken(reader)))
            return false;
        field = field_of(key);
        skip_blanks(reader);
        if (field == FIELD_DATA && outermost && reader->at < reader->end && *reader->at == '{') {
            if (reader->has_data)
                return fail(reader, BINANCE_TWICE);
            reader->has_data = true;
            if (!read_event(reader, false))
                return false;
        } else if (!note_value(reader, field, outermost ? 1 : 2)) {
            return false;
        }
    } while (take(reader, ','));
    return take(reader, '}') || broken(reader);
}

/* ---- conversion ---- */

struct convert {
    const struct reader *reader;
    const struct binance_grid *grid;
    struct binance_frame *frame;
    enum binance_reason reason;
    struct binance_text wrong;
};

static bool refuse(struct convert *convert, enum binance_reason reason, struct binance_text value)
{
    convert->reason = reason;
    convert->wrong = value;
    return false;
}

static bool has(const struct convert *convert, enum field field)
{
    return convert->reader->field[field].at != NULL;
}

static bool whole(struct convert *convert, enum field field, int64_t *value)
{
    struct binance_text text = convert->reader->field[field];
    int64_t sum = 0;

    if (text.at == NULL)
        return refuse(convert, BINANCE_MISSING, text);
    for (uint32_t i = 0; i < text.length; i++)
        if (!number_is_digit(text.at[i]) || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, text.at[i] - '0', &sum))
            return refuse(convert, BINANCE_NOT_COUNT, text);
    *value = sum;
    return true;
}

static bool whole_if_there(struct convert *convert, enum field field, int64_t *value)
{
    return !has(convert, field) || whole(convert, field, value);
}

/* Digits with at most one point among them, exact at `scale`. The digits may be any number. */
static enum binance_reason decimal(struct binance_text text, uint32_t scale, int64_t most,
                                   enum binance_reason malformed, enum binance_reason off_grid,
                                   int64_t *value)
{
    int64_t sum = 0;
    uint32_t decimals = 0;
    bool point = false;
    bool inexact = false;
    bool large = false;

    if (text.length > 1 && text.at[0] == '-' && number_is_digit(text.at[1]))
        return BINANCE_NEGATIVE;
    for (uint32_t i = 0; i < text.length; i++) {
        char c = text.at[i];

        if (c == '.' && !point && i > 0 && i + 1 < text.length) {
            point = true;
            continue;
        }
        if (!number_is_digit(c))
            return malformed;
        if (point && decimals == scale) {
            inexact |= c != '0';
            continue;
        }
        decimals += point;
        sum = sum * 10 + (c - '0');
        large |= sum > most;
        sum = large ? 0 : sum;
    }
    for (; decimals < scale && !large; decimals++) {
        sum *= 10; /* at most 10 * MAX_LOTS */
        large = sum > most;
    }
    if (text.length == 0)
        return malformed;
    *value = sum;
    return large ? BINANCE_TOO_LARGE : inexact ? off_grid : BINANCE_FINE;
}

static struct binance_text unquoted(struct binance_text text)
{
    if (text.length >= 2 && text.at[0] == '"')
        return (struct binance_text){text.at + 1, text.length - 2};
    return text;
}

static bool price(struct convert *convert, struct binance_text text, bool may_be_zero,
                  int64_t *ticks)
{
    enum binance_reason reason =
        decimal(unquoted(text), convert->grid->price_decimals, MAX_PRICE_TICKS, BINANCE_NOT_PRICE,
                BINANCE_OFF_TICK, ticks);

    if (reason == BINANCE_FINE && *ticks == 0 && !may_be_zero)
        reason = BINANCE_NOT_PRICE;
    return reason == BINANCE_FINE || refuse(convert, reason, text);
}

static bool size(struct convert *convert, struct binance_text text, int64_t *lots)
{
    enum binance_reason reason = decimal(unquoted(text), convert->grid->qty_decimals, MAX_LOTS,
                                         BINANCE_NOT_SIZE, BINANCE_OFF_LOT, lots);

    return reason == BINANCE_FINE || refuse(convert, reason, text);
}

static bool price_and_size(struct convert *convert, enum field price_field, enum field size_field,
                           bool may_be_zero, struct level *level)
{
    const struct binance_text *field = convert->reader->field;

    if (field[price_field].at == NULL || field[size_field].at == NULL)
        return refuse(convert, BINANCE_MISSING, (struct binance_text){0});
    return price(convert, field[price_field], may_be_zero, &level->price_ticks) &&
           size(convert, field[size_field], &level->qty_lots);
}

/* A value inside an array that is known to be sound JSON. */
static struct binance_text next_value(struct reader *reader)
{
    const char *start;

    skip_blanks(reader);
    start = reader->at;
    (void)skip_value(reader, 0);
    return (struct binance_text){start, (uint32_t)(reader->at - start)};
}

static bool one_level(struct convert *convert, struct reader *reader, struct level *level)
{
    struct binance_text first, second;

    if (!take(reader, '[') || take(reader, ']'))
        return refuse(convert, BINANCE_MISSING, (struct binance_text){reader->at, 1});
    first = next_value(reader);
    if (!take(reader, ','))
        return refuse(convert, BINANCE_MISSING, first);
    second = next_value(reader);
    while (take(reader, ',')) /* an empty list stands here in frames of 2018 */
        (void)next_value(reader);
    (void)take(reader, ']');
    return price(convert, first, false, &level->price_ticks) &&
           size(convert, second, &level->qty_lots);
}

static bool level_list(struct convert *convert, enum field field, struct level *levels,
                       uint32_t most, uint16_t *used)
{
    struct binance_text text = convert->reader->field[field];
    struct reader reader;

    *used = 0;
    if (text.at == NULL)
        return refuse(convert, BINANCE_MISSING, text);
    reader = (struct reader){.at = text.at, .end = text.at + text.length};
    if (!take(&reader, '['))
        return refuse(convert, BINANCE_MISSING, text);
    if (take(&reader, ']'))
        return true;
    do {
        if (*used == most)
            return refuse(convert, BINANCE_MANY, (struct binance_text){0});
        if (!one_level(convert, &reader, &levels[*used]))
            return false;
        ++*used;
    } while (take(&reader, ','));
    return true;
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
            return refuse(convert, BINANCE_NOT_PRICE, (struct binance_text){0});
    return true;
}

static bool trade(struct convert *convert, enum field id, struct level *levels)
{
    struct binance_frame *frame = convert->frame;
    struct binance_text maker = convert->reader->field[FIELD_MAKER];

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
    struct binance_text text = unquoted(convert->reader->field[FIELD_TYPE]);

    return text.length == strlen(type) && memcmp(text.at, type, text.length) == 0;
}

static bool looks_like_ticker(const struct convert *convert)
{
    return !has(convert, FIELD_TYPE) && has(convert, FIELD_LAST) && has(convert, FIELD_BID) &&
           has(convert, FIELD_BID_SIZE) && has(convert, FIELD_ASK) && has(convert, FIELD_ASK_SIZE);
}

static bool convert_frame(struct convert *convert, struct level *levels, uint32_t most)
{
    struct binance_frame *frame = convert->frame;

    if ((has(convert, FIELD_TYPE) || has(convert, FIELD_SNAPSHOT_ID)) &&
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

static struct binance_text symbol_of(const struct reader *reader)
{
    struct binance_text text = reader->field[FIELD_SYMBOL];

    if (text.at == NULL)
        text = reader->field[FIELD_SNAPSHOT_SYMBOL];
    return text.at != NULL ? unquoted(text) : text;
}

enum binance_reason binance_decode_tolerant(const char *text, size_t length,
                                            const struct binance_grid *grid,
                                            struct binance_frame *frame, struct level *levels,
                                            uint32_t most)
{
    struct reader reader = {.at = text, .end = text + length};
    struct convert convert = {.reader = &reader, .grid = grid, .frame = frame};

    *frame = (struct binance_frame){0};
    if (!read_event(&reader, true))
        return reader.reason;
    skip_blanks(&reader);
    if (reader.at != reader.end)
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
