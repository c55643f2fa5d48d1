#include "gateway/scan.h"

#include "gateway/usual.h"

/* ---- form ---- */

bool scan_fail(struct scan_reader *reader, enum scan_reason reason)
{
    if (reader->reason == SCAN_FINE)
        reader->reason = reason;
    return false;
}

bool scan_broken(struct scan_reader *reader)
{
    return scan_fail(reader, reader->at >= reader->end ? SCAN_CUT : SCAN_BROKEN);
}

void scan_blanks(struct scan_reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' ||
                                        *reader->at == '\r' || *reader->at == '\n'))
        reader->at++;
}

bool scan_take(struct scan_reader *reader, char c)
{
    scan_blanks(reader);
    if (reader->at >= reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

static bool is_hex(char c)
{
    return number_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool skip_escape(struct scan_reader *reader)
{
    char c = reader->at + 1 < reader->end ? reader->at[1] : '\0';

    reader->at += 2;
    if (c == 'u') {
        for (int i = 0; i < 4; i++, reader->at++)
            if (reader->at >= reader->end || !is_hex(*reader->at))
                return scan_broken(reader);
        return true;
    }
    return (c != '\0' && strchr("\"\\/bfnrt", c) != NULL) || scan_broken(reader);
}

/* Behind the opening quote; most strings are short and plain, and passed in one go. */
static bool skip_text(struct scan_reader *reader)
{
    uint32_t length = reader->at < reader->end ? number_text(reader->at) : NUMBER_TEXT_MAX;

    if (length != NUMBER_TEXT_MAX && length < reader->end - reader->at) {
        reader->at += length + 1;
        return true;
    }
    while (reader->at < reader->end && *reader->at != '"') {
        if ((unsigned char)*reader->at < ' ')
            return scan_broken(reader);
        if (*reader->at != '\\')
            reader->at++;
        else if (!skip_escape(reader))
            return false;
    }
    if (reader->at >= reader->end)
        return scan_broken(reader);
    reader->at++;
    return true;
}

bool scan_string(struct scan_reader *reader, struct scan_text *text)
{
    const char *start;

    if (!scan_take(reader, '"'))
        return scan_broken(reader);
    start = reader->at - 1;
    if (!skip_text(reader))
        return false;
    *text = (struct scan_text){start, (uint32_t)(reader->at - start)};
    return true;
}

bool scan_key(struct scan_reader *reader, struct scan_text *key)
{
    return scan_string(reader, key) && (scan_take(reader, ':') || scan_broken(reader));
}

static bool skip_digits(struct scan_reader *reader)
{
    const char *start = reader->at;

    while (reader->at < reader->end && number_is_digit(*reader->at))
        reader->at++;
    return reader->at > start || scan_broken(reader);
}

static bool skip_number(struct scan_reader *reader)
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

static bool skip_word(struct scan_reader *reader, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(reader->end - reader->at) < length)
        return scan_fail(reader, SCAN_CUT);
    if (memcmp(reader->at, word, length) != 0)
        return scan_broken(reader);
    reader->at += length;
    return true;
}

static bool skip_value(struct scan_reader *reader, uint32_t depth);

static bool skip_array(struct scan_reader *reader, uint32_t depth)
{
    if (scan_take(reader, ']'))
        return true;
    do {
        if (!skip_value(reader, depth))
            return false;
    } while (scan_take(reader, ','));
    return scan_take(reader, ']') || scan_broken(reader);
}

static bool skip_object(struct scan_reader *reader, uint32_t depth)
{
    struct scan_text key;

    if (scan_take(reader, '}'))
        return true;
    do {
        if (!scan_key(reader, &key) || !skip_value(reader, depth))
            return false;
    } while (scan_take(reader, ','));
    return scan_take(reader, '}') || scan_broken(reader);
}

static bool skip_value(struct scan_reader *reader, uint32_t depth)
{
    if (depth == SCAN_DEPTH_MAX)
        return scan_fail(reader, SCAN_DEEP);
    scan_blanks(reader);
    if (reader->at >= reader->end)
        return scan_broken(reader);
    switch (*reader->at) {
    case '"':
        reader->at++;
        return skip_text(reader);
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

bool scan_value(struct scan_reader *reader, uint32_t depth, struct scan_text *text)
{
    const char *start;

    scan_blanks(reader);
    start = reader->at;
    if (!skip_value(reader, depth))
        return false;
    *text = (struct scan_text){start, (uint32_t)(reader->at - start)};
    return true;
}

/* ---- values ---- */

struct scan_text scan_unquoted(struct scan_text text)
{
    if (text.length >= 2 && text.at[0] == '"')
        return (struct scan_text){text.at + 1, text.length - 2};
    return text;
}

bool scan_is(struct scan_text text, const char *word)
{
    return text.length == strlen(word) &&
           (text.length == 0 || memcmp(text.at, word, text.length) == 0);
}

bool scan_same(struct scan_text a, struct scan_text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

enum scan_reason scan_count(struct scan_text text, int64_t *value)
{
    int64_t sum = 0;

    if (text.at == NULL)
        return SCAN_MISSING;
    if (text.length == 0)
        return SCAN_NOT_COUNT;
    for (uint32_t i = 0; i < text.length; i++)
        if (!number_is_digit(text.at[i]) || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, text.at[i] - '0', &sum))
            return SCAN_NOT_COUNT;
    *value = sum;
    return SCAN_FINE;
}

/* Digits with at most one point among them, exact at `scale`. The digits may be any number. */
enum scan_reason scan_decimal(struct scan_text text, uint32_t scale, int64_t most,
                              enum scan_reason malformed, enum scan_reason off_grid, int64_t *value)
{
    int64_t sum = 0;
    uint32_t decimals = 0;
    bool point = false;
    bool inexact = false;
    bool large = false;

    if (text.length > 1 && text.at[0] == '-' && number_is_digit(text.at[1]))
        return SCAN_NEGATIVE;
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
        sum *= 10; /* at most 10 * most */
        large = sum > most;
    }
    if (text.length == 0)
        return malformed;
    *value = sum;
    return large ? SCAN_TOO_LARGE : inexact ? off_grid : SCAN_FINE;
}

/* A decimal in units of `units` * 10^-scale, of which there are at most `most`. */
static enum scan_reason on_grid(struct scan_text text, uint32_t scale, int64_t units, int64_t most,
                                enum scan_reason malformed, enum scan_reason off_grid,
                                int64_t *value)
{
    int64_t decimals_most;
    enum scan_reason reason;

    assert(units > 0 && scale <= NUMBER_DECIMALS_MAX);
    if (__builtin_mul_overflow(most, units, &decimals_most) || decimals_most > INT64_MAX / 16)
        decimals_most = INT64_MAX / 16;
    reason = scan_decimal(text, scale, decimals_most, malformed, off_grid, value);
    if (reason == SCAN_FINE && !usual_divide(value, units))
        return off_grid;
    return reason;
}

enum scan_reason scan_price(struct scan_text text, const struct scan_grid *grid, bool may_be_zero,
                            int64_t *ticks)
{
    enum scan_reason reason = on_grid(scan_unquoted(text), grid->price_decimals, grid->tick_units,
                                      MAX_PRICE_TICKS, SCAN_NOT_PRICE, SCAN_OFF_TICK, ticks);

    return reason == SCAN_FINE && *ticks == 0 && !may_be_zero ? SCAN_NOT_PRICE : reason;
}

enum scan_reason scan_size(struct scan_text text, const struct scan_grid *grid, int64_t *lots)
{
    return on_grid(scan_unquoted(text), grid->qty_decimals, grid->lot_units, MAX_LOTS,
                   SCAN_NOT_SIZE, SCAN_OFF_LOT, lots);
}

/* A value inside an array that is known to be sound JSON. */
static struct scan_text next_value(struct scan_reader *reader)
{
    struct scan_text text = {.at = reader->at};

    (void)scan_value(reader, 0, &text);
    return text;
}

static enum scan_reason one_level(struct scan_reader *reader, const struct scan_grid *grid,
                                  struct level *level, struct scan_text *wrong)
{
    struct scan_text first, second;
    enum scan_reason reason;

    *wrong = (struct scan_text){reader->at, 1};
    if (!scan_take(reader, '[') || scan_take(reader, ']')) {
        *wrong = (struct scan_text){reader->at, 1};
        return SCAN_MISSING;
    }
    *wrong = first = next_value(reader);
    if (!scan_take(reader, ','))
        return SCAN_MISSING;
    second = next_value(reader);
    while (scan_take(reader, ',')) /* an empty list stands here in frames of 2018 */
        (void)next_value(reader);
    (void)scan_take(reader, ']');
    reason = scan_price(first, grid, false, &level->price_ticks);
    if (reason == SCAN_FINE) {
        *wrong = second;
        reason = scan_size(second, grid, &level->qty_lots);
    }
    return reason;
}

/* The list is as venues print it, whatever stood around it: a good part of any frame. */
static bool venues_list(struct scan_text list, const struct scan_grid *grid, struct level *levels,
                        uint32_t most, uint16_t *used)
{
    struct usual scan = {.at = list.at + 1, .start = list.at, .grid = grid};
    uint32_t count = usual_list(&scan, levels, most);

    *used = (uint16_t)count;
    return count <= most && scan.at == list.at + list.length;
}

enum scan_reason scan_levels(struct scan_text list, const struct scan_grid *grid,
                             struct level *levels, uint32_t most, uint16_t *used,
                             struct scan_text *wrong)
{
    struct scan_reader reader;

    *wrong = list;
    if (list.at == NULL)
        return SCAN_MISSING;
    reader = (struct scan_reader){.at = list.at, .end = list.at + list.length};
    if (!scan_take(&reader, '['))
        return SCAN_MISSING;
    assert(most < UINT16_MAX);
    if (venues_list(list, grid, levels, most, used))
        return SCAN_FINE;
    *used = 0;
    if (scan_take(&reader, ']'))
        return SCAN_FINE;
    do {
        enum scan_reason reason;

        *wrong = (struct scan_text){0};
        if (*used == most)
            return SCAN_MANY;
        reason = one_level(&reader, grid, &levels[*used], wrong);
        if (reason != SCAN_FINE)
            return reason;
        ++*used;
    } while (scan_take(&reader, ','));
    return SCAN_FINE;
}
