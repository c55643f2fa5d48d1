/* A text that grows: what the venue says, made piece by piece. One thread. No memory is a panic:
 * the venue is a test's, and half an answer would be a lie. */
#ifndef PITWALL_VENUE_TEXT_H
#define PITWALL_VENUE_TEXT_H

#include "engine.h"

struct text {
    char *at; /* NUL-terminated once something was put */
    size_t length, room;
};

void text_free(struct text *text);
static inline void text_clear(struct text *text)
{
    text->length = 0;
}

void text_add(struct text *text, const char *bytes, size_t length);
void text_put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string, quotes included; control characters and what is not UTF-8 are escaped. */
void text_json(struct text *text, const char *value);
/* "12.50" with its quotes; `trim`: without trailing zeros. */
void text_decimal(struct text *text, int64_t units, uint32_t scale, bool trim);
/* "key":"12.5", with a comma behind; trimmed. */
void text_money(struct text *text, const char *key, int64_t amount_e8);

#endif
