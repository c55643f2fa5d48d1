#include "domain/units.h"

#include "base/assert.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool append_digit(uint64_t *value, char c)
{
    return !__builtin_mul_overflow(*value, 10U, value) &&
           !__builtin_add_overflow(*value, (uint64_t)(c - '0'), value);
}

bool decimal_parse(const char *text, size_t length, uint32_t scale, int64_t *units)
{
    uint64_t value = 0;
    uint32_t decimals = 0;
    size_t at = 0;
    bool negative = length > 0 && text[0] == '-';

    at += negative;
    if (at == length || !is_digit(text[at]))
        return false;
    for (; at < length && is_digit(text[at]); at++)
        if (!append_digit(&value, text[at]))
            return false;
    if (at < length) {
        if (text[at] != '.' || ++at == length)
            return false;
        for (; at < length; at++) {
            if (!is_digit(text[at]) || (decimals == scale && text[at] != '0'))
                return false;
            if (decimals < scale && (decimals++, !append_digit(&value, text[at])))
                return false;
        }
    }
    for (; decimals < scale; decimals++)
        if (__builtin_mul_overflow(value, 10U, &value))
            return false;
    if (value > (uint64_t)INT64_MAX)
        return false;
    *units = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

size_t decimal_print(char *out, int64_t units, uint32_t scale, bool trim)
{
    char digits[DECIMAL_TEXT_MAX];
    uint64_t rest = units < 0 ? 0 - (uint64_t)units : (uint64_t)units;
    size_t used = 0;
    size_t length = 0;
    uint32_t decimals = 0;

    assert(scale <= 18);
    if (trim)
        for (; decimals < scale && rest % 10 == 0; decimals++)
            rest /= 10;
    scale -= decimals;
    /* Digits come out backwards: the decimals, the point, then at least one whole digit. */
    for (uint32_t digit = 0; digit < scale; digit++, rest /= 10)
        digits[used++] = (char)('0' + rest % 10);
    if (scale > 0)
        digits[used++] = '.';
    do {
        digits[used++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (units < 0)
        out[length++] = '-';
    while (used > 0)
        out[length++] = digits[--used];
    out[length] = '\0';
    return length;
}

int64_t decimal_one(uint32_t scale)
{
    int64_t one = 1;

    assert(scale <= 18);
    while (scale-- > 0)
        one *= 10;
    return one;
}
