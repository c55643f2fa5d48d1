#include "view/json_text.h"

#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 2048 };

struct out {
    char *text;
    size_t length, room;
    bool failed;
};

static void put_bytes(struct out *out, const char *bytes, size_t length)
{
    if (length > out->room - out->length && !out->failed) {
        size_t room = (out->length + length) * 2;
        char *grown = realloc(out->text, room);

        out->failed = !grown;
        if (grown) {
            out->text = grown;
            out->room = room;
        }
    }
    if (out->failed)
        return;
    memcpy(out->text + out->length, bytes, length);
    out->length += length;
}

static void put(struct out *out, const char *text)
{
    put_bytes(out, text, strlen(text));
}

static bool is_plain(char byte)
{
    return (unsigned char)byte >= 0x20 && byte != '"' && byte != '\\';
}

static void put_escape(struct out *out, char byte)
{
    static const char named[] =
        "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: what it is, how it is written */
    char text[8];

    for (const char *pair = named; *pair; pair += 2)
        if (*pair == byte) {
            put_bytes(out, (const char[]){'\\', pair[1]}, 2);
            return;
        }
    (void)snprintf(text, sizeof text, "\\u%04X", (unsigned)(unsigned char)byte);
    put(out, text);
}

/* Strings of jansson are UTF-8 already: what is not escaped is copied. */
static void put_string(struct out *out, const char *text, size_t length)
{
    put(out, "\"");
    for (size_t at = 0, from = 0; at <= length; at++) {
        if (at < length && is_plain(text[at]))
            continue;
        put_bytes(out, text + from, at - from);
        if (at < length)
            put_escape(out, text[at]);
        from = at + 1;
    }
    put(out, "\"");
}

static void put_json(struct out *out, const json_t *json);

static void put_object(struct out *out, const json_t *object)
{
    json_t *owned = (json_t *)(uintptr_t)object; /* an iterator changes nothing */
    const char *before = "{";

    for (void *at = json_object_iter(owned); at; at = json_object_iter_next(owned, at)) {
        const char *key = json_object_iter_key(at);

        put(out, before);
        put_string(out, key, json_object_iter_key_len(at));
        put(out, ":");
        put_json(out, json_object_iter_value(at));
        before = ",";
    }
    put(out, *before == '{' ? "{}" : "}");
}

static void put_array(struct out *out, const json_t *array)
{
    put(out, "[");
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            put(out, ",");
        put_json(out, json_array_get(array, i));
    }
    put(out, "]");
}

static void put_integer(struct out *out, int64_t value)
{
    char digits[DECIMAL_TEXT_MAX];

    put_bytes(out, digits, decimal_print(digits, value, 0, false));
}

/* There are none in our shapes; written as jansson does. */
static void put_real(struct out *out, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

    out->failed |= !text;
    if (text)
        put(out, text);
    free(text);
}

/* As deep as our own shapes are: nothing that a client sent is written back as it came. */
static void put_json(struct out *out, const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        put_object(out, json);
        break;
    case JSON_ARRAY:
        put_array(out, json);
        break;
    case JSON_STRING:
        put_string(out, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        put_integer(out, json_integer_value(json));
        break;
    case JSON_REAL:
        put_real(out, json);
        break;
    case JSON_TRUE:
        put(out, "true");
        break;
    case JSON_FALSE:
        put(out, "false");
        break;
    case JSON_NULL:
        put(out, "null");
        break;
    }
}

char *json_text(const json_t *json, size_t *length)
{
    struct out out = {.text = malloc(ROOM_FIRST), .room = ROOM_FIRST};

    out.failed = !out.text;
    put_json(&out, json);
    put_bytes(&out, "", 1);
    if (out.failed) {
        free(out.text);
        return NULL;
    }
    *length = out.length - 1;
    return out.text;
}

json_t *json_string_of(const char *text)
{
    json_t *json = json_string(text);
    char *plain = json || !text ? NULL : strdup(text);

    if (!plain)
        return json;
    for (char *at = plain; *at; at++)
        if ((unsigned char)*at > 0x7e)
            *at = '?';
    json = json_string(plain);
    free(plain);
    return json;
}

json_t *json_ns(int64_t ns)
{
    char text[DECIMAL_TEXT_MAX];

    (void)decimal_print(text, ns, 0, true);
    return json_string(text);
}

json_t *json_ns_or_null(int64_t ns)
{
    return ns == 0 ? json_null() : json_ns(ns);
}
