#include "store/row_text.h"

#include <string.h>

static void put(struct row_text *text, const char *bytes, size_t length)
{
    assert(text->length + length < sizeof text->bytes);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

static void put_name(struct row_text *text, const char *name)
{
    if (text->length > 1)
        put(text, ",", 1);
    put(text, "\"", 1);
    put(text, name, strlen(name));
    put(text, "\":", 2);
}

void row_open(struct row_text *text)
{
    text->length = 0;
    put(text, "{", 1);
}

const char *row_close(struct row_text *text)
{
    put(text, "}", 1);
    text->bytes[text->length] = '\0';
    return text->bytes;
}

void row_string(struct row_text *text, const char *name, const char *value)
{
    put_name(text, name);
    if (!value) {
        put(text, "null", 4);
        return;
    }
    put(text, "\"", 1);
    put(text, value, strlen(value));
    put(text, "\"", 1);
}

void row_integer(struct row_text *text, const char *name, int64_t value)
{
    char digits[DECIMAL_TEXT_MAX];
    size_t length = decimal_print(digits, value, 0, true);

    put_name(text, name);
    put(text, digits, length);
}

void row_bool(struct row_text *text, const char *name, bool value)
{
    put_name(text, name);
    put(text, value ? "true" : "false", value ? 4 : 5);
}

void row_decimal(struct row_text *text, const char *name, int64_t units, uint32_t scale)
{
    char digits[DECIMAL_TEXT_MAX];

    decimal_print(digits, units, scale, true);
    row_string(text, name, digits);
}

void row_id(struct row_text *text, const char *name, uint64_t id)
{
    row_decimal(text, name, (int64_t)id, 0);
}

void row_limit(struct row_text *text, const char *name, enum limit_id id, int64_t value)
{
    if (value == LIMIT_UNSET || value == LIMIT_DENY)
        row_string(text, name, NULL);
    else if (limit_row(id)->type == LIMIT_INTEGER)
        row_integer(text, name, value);
    else
        row_decimal(text, name, value, 8);
}

void price_print(char *out, const struct instrument *instrument, int64_t price_ticks)
{
    decimal_print(out, price_ticks * instrument->tick_units, instrument->price_decimals, true);
}

/* Drops decimals beyond what 64 bits hold. */
void average_print(char *out, const struct instrument *instrument, int64_t price_e8_ticks)
{
    __int128 units = (__int128)price_e8_ticks * instrument->tick_units;
    uint32_t scale = instrument->price_decimals + 8;

    while (scale > 18 || units > INT64_MAX || units < -INT64_MAX) {
        units /= 10;
        scale--;
    }
    decimal_print(out, (int64_t)units, scale, true);
}

void qty_print(char *out, const struct instrument *instrument, int64_t lots)
{
    decimal_print(out, lots * instrument->lot_units, instrument->qty_decimals, true);
}
