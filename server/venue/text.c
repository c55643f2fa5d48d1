#include "venue/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 512 };

void text_free(struct text *text)
{
    free(text->at);
    *text = (struct text){0};
}

/* Room for `more` bytes and a NUL. */
static void make_room(struct text *text, size_t more)
{
    size_t room = text->room ? text->room : ROOM_FIRST;

    while (room < text->length + more + 1)
        room *= 2;
    if (room == text->room)
        return;
    text->at = realloc(text->at, room);
    assert(text->at);
    text->room = room;
}

void text_add(struct text *text, const char *bytes, size_t length)
{
    make_room(text, length);
    memcpy(text->at + text->length, bytes, length);
    text->length += length;
    text->at[text->length] = '\0';
}

void text_put(struct text *text, const char *format, ...)
{
    va_list args;
    int length;

    make_room(text, 256);
    va_start(args, format);
    length = vsnprintf(text->at + text->length, text->room - text->length, format, args);
    va_end(args);
    assert(length >= 0);
    if ((size_t)length >= text->room - text->length) {
        make_room(text, (size_t)length);
        va_start(args, format);
        vsnprintf(text->at + text->length, text->room - text->length, format, args);
        va_end(args);
    }
    text->length += (size_t)length;
}

void text_json(struct text *text, const char *value)
{
    text_add(text, "\"", 1);
    for (const char *at = value; *at; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '"' || c == '\\')
            text_put(text, "\\%c", c);
        else if (c < ' ' || c >= 0x7f)
            text_put(text, "\\u%04x", c);
        else
            text_add(text, at, 1);
    }
    text_add(text, "\"", 1);
}

void text_decimal(struct text *text, int64_t units, uint32_t scale, bool trim)
{
    make_room(text, DECIMAL_TEXT_MAX + 2);
    text->at[text->length++] = '"';
    text->length += decimal_print(text->at + text->length, units, scale, trim);
    text->at[text->length++] = '"';
    text->at[text->length] = '\0';
}

void text_money(struct text *text, const char *key, int64_t amount_e8)
{
    text_put(text, "\"%s\":", key);
    text_decimal(text, amount_e8, 8, true);
    text_add(text, ",", 1);
}
