#include "scenario/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void story_fail(struct story *story, const char *format, ...)
{
    char text[384];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(story->why, story->why_size, "%s:%d: %s", story->path, story->line, text);
    longjmp(story->failed, 1);
}

/* Blanks part words; what is in quotes is one word. */
void words_split(struct story *story, struct words *words, const char *text)
{
    char *at = words->text;

    words->count = words->at = 0;
    if (strlen(text) >= sizeof words->text)
        story_fail(story, "line too long");
    strcpy(words->text, text);
    while (*(at += strspn(at, " \t")) != '\0') {
        bool quoted = *at == '"';
        size_t length = quoted ? strcspn(++at, "\"") : strcspn(at, " \t");

        if (quoted && at[length] != '"')
            story_fail(story, "quote is not closed");
        if (words->count == WORDS_MAX)
            story_fail(story, "too many words");
        words->word[words->count++] = at;
        if (at[length] == '\0')
            return;
        at[length] = '\0';
        at += length + 1;
    }
}

bool words_left(const struct words *words)
{
    return words->at < words->count;
}

const char *words_next(struct story *story, struct words *words, const char *wanted)
{
    if (!words_left(words))
        story_fail(story, "%s is missing", wanted);
    return words->word[words->at++];
}

bool words_take(struct words *words, const char *word)
{
    if (!words_left(words) || strcmp(words->word[words->at], word) != 0)
        return false;
    words->at++;
    return true;
}

void words_end(struct story *story, const struct words *words)
{
    if (words_left(words))
        story_fail(story, "'%s' is not understood here", words->word[words->at]);
}

int64_t parse_decimal(struct story *story, const char *text, uint32_t scale, const char *wanted)
{
    int64_t value;
    const char *digits = *text == '+' ? text + 1 : text;

    if (!decimal_parse(digits, strlen(digits), scale, &value))
        story_fail(story, "%s expected, not '%s'", wanted, text);
    return value;
}

int64_t words_integer(struct story *story, struct words *words, const char *wanted)
{
    return parse_decimal(story, words_next(story, words, wanted), 0, wanted);
}

int64_t words_decimal(struct story *story, struct words *words, const char *wanted)
{
    return parse_decimal(story, words_next(story, words, wanted), 8, wanted);
}

int64_t words_time(struct story *story, struct words *words)
{
    static const struct {
        const char *unit;
        int64_t ns;
    } units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    const char *text = words_next(story, words, "a time");
    size_t digits = strspn(text, "0123456789");
    char number[24];

    if (digits > 0 && digits < sizeof number)
        for (size_t at = 0; at < sizeof units / sizeof units[0]; at++)
            if (strcmp(text + digits, units[at].unit) == 0) {
                memcpy(number, text, digits);
                number[digits] = '\0';
                return parse_decimal(story, number, 0, "a time") * units[at].ns;
            }
    story_fail(story, "a time such as 10ms expected, not '%s'", text);
}

enum side words_side(struct story *story, struct words *words)
{
    const char *text = words_next(story, words, "buy or sell");

    if (strcmp(text, "buy") != 0 && strcmp(text, "sell") != 0)
        story_fail(story, "buy or sell expected, not '%s'", text);
    return text[0] == 'b' ? SIDE_BUY : SIDE_SELL;
}

uint16_t words_instrument(struct story *story, struct words *words)
{
    const char *text = words_next(story, words, "an instrument");
    uint16_t instrument;

    if (!rig_instrument_find(text, &instrument))
        story_fail(story, "no instrument '%s'", text);
    return instrument;
}

uint16_t words_strategy(struct story *story, struct words *words)
{
    const char *text = words_next(story, words, "a strategy");
    uint16_t strategy;

    if (!rig_strategy_find(text, &strategy))
        story_fail(story, "no strategy '%s'", text);
    return strategy;
}

uint16_t words_scope(struct story *story, struct words *words)
{
    const char *text = words_left(words) ? words_next(story, words, "a scope") : "firm";
    uint16_t scope;

    if (!rig_scope_find(text, &scope))
        story_fail(story, "no scope '%s'", text);
    return scope;
}

struct rig_order *words_order(struct story *story, struct words *words)
{
    const char *text = words_next(story, words, "an order");

    for (int at = 0; at < story->named_count; at++)
        if (strcmp(story->named[at].name, text) == 0)
            return rig_order_find(story->rig, story->named[at].id);
    story_fail(story, "no order '%s' was submitted", text);
}

void words_lots_at(struct story *story, struct words *words, int64_t *lots, int64_t *price)
{
    *lots = words_integer(story, words, "lots");
    if (!words_take(words, "@"))
        story_fail(story, "'@' and a price expected");
    *price = words_integer(story, words, "a price");
}
