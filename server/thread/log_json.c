#include "thread/log_json.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* Behind `room` there is place for what closes the object: a quote, a brace, the end. */
struct writer {
    char *out;
    size_t used, room;
    bool full; /* nothing is added any more: no half of an escape, no half of a pair's name */
};

static void put(struct writer *writer, const char *text, size_t length)
{
    writer->full = writer->full || writer->used + length > writer->room;
    if (writer->full)
        return;
    memcpy(writer->out + writer->used, text, length);
    writer->used += length;
}

static void put_byte(struct writer *writer, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    const char plain = (char)byte;
    const char pair[] = {'\\', plain};
    const char code[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};

    if (byte == '"' || byte == '\\')
        put(writer, pair, sizeof pair);
    else if (byte < ' ' || byte > '~')
        put(writer, code, sizeof code);
    else
        put(writer, &plain, 1);
}

static int digit_of(char text)
{
    if (text >= '0' && text <= '9')
        return text - '0';
    return text >= 'a' && text <= 'f' ? text - 'a' + 10 : -1;
}

/* The byte that \xNN at `text` stands for; -1: it is none, or not ASCII. */
static int escaped(const char *text)
{
    int high, low;

    if (text[0] != '\\' || text[1] != 'x')
        return -1;
    high = digit_of(text[2]);
    low = high < 0 ? -1 : digit_of(text[3]);
    return low < 0 || high > 7 ? -1 : high * 16 + low;
}

static void put_text(struct writer *writer, const char *text, const char *end)
{
    while (text < end) {
        int byte = end - text >= 4 ? escaped(text) : -1;

        put_byte(writer, byte < 0 ? (unsigned char)*text : (unsigned char)byte);
        text += byte < 0 ? 1 : 4;
    }
}

/* Behind a name and `=`: where the next pair's name begins, or the end. */
static const char *end_of_value(const char *text)
{
    const char *next = text;

    if (*text == '"') {
        const char *close = strchr(text + 1, '"');

        if (close)
            return close + 1;
    }
    while ((next = strchr(next, ' ')) != NULL) {
        size_t name = strcspn(next + 1, " =\"");

        if (name > 0 && next[1 + name] == '=')
            return next;
        next++;
    }
    return text + strlen(text);
}

/* A pair is there whole or cut in its value, never without its closing quote. */
static void put_pair(struct writer *writer, const char *name, const char *value, const char *end)
{
    size_t begin = writer->used;

    put(writer, begin > 1 ? ",\"" : "\"", begin > 1 ? 2 : 1);
    put_text(writer, name, value - 1);
    put(writer, "\":\"", 3);
    if (writer->full) {
        writer->used = begin;
        return;
    }
    if (end - value >= 2 && *value == '"' && end[-1] == '"') {
        value++;
        end--;
    }
    put_text(writer, value, end);
    writer->out[writer->used++] = '"'; /* of the three bytes that `room` leaves */
}

char *log_json(char *out, size_t size, const char *line)
{
    struct writer writer = {.out = out, .room = size - 3};
    const char *at = line + strspn(line, " ");

    assert(size >= 3);
    out[writer.used++] = '{';
    while (*at != '\0' && !writer.full) {
        const char *equals = strchr(at, '=');
        const char *end;

        if (!equals)
            break;
        end = end_of_value(equals + 1);
        put_pair(&writer, at, equals + 1, end);
        at = end + strspn(end, " ");
    }
    out[writer.used++] = '}';
    out[writer.used] = '\0';
    return out;
}
