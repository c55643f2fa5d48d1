/* Fuzz target: a decimal that people write is taken exactly, or refused; printed, it is read back.
 * */
#include "domain/units.h"
#include "fuzz/fuzz.h"

#include <string.h>

enum { SCALE_MAX = 18 };

/* The plain way: digit by digit in 128 bits, refusing what decimal_parse() says it refuses; and
 * INT64_MIN, which stands for "not set". */
static bool read_plainly(const char *text, size_t length, uint32_t scale, __int128 *units)
{
    bool minus = length > 0 && text[0] == '-';
    bool point = false;
    uint32_t whole = 0, decimals = 0;

    *units = 0;
    for (size_t at = minus; at < length; at++) {
        char c = text[at];

        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        *(point ? &decimals : &whole) += 1;
        if (point && decimals > scale && c != '0')
            return false;
        if (!point || decimals <= scale)
            *units = *units * 10 + (c - '0');
        if (*units > (__int128)INT64_MAX + 1)
            return false;
    }
    for (uint32_t at = decimals; at < scale; at++)
        if ((*units *= 10) > (__int128)INT64_MAX + 1)
            return false;
    *units = minus ? -*units : *units;
    return whole > 0 && (!point || decimals > 0) && *units > INT64_MIN && *units <= INT64_MAX;
}

static void print_and_read(int64_t units, uint32_t scale, bool trim)
{
    char text[DECIMAL_TEXT_MAX];
    size_t length = decimal_print(text, units, scale, trim);
    int64_t again = 0;

    assert(length < DECIMAL_TEXT_MAX && strlen(text) == length);
    assert(decimal_parse(text, length, scale, &again) && again == units);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {.at = data, .left = size};
    uint32_t scale = take_byte(&in) % (SCALE_MAX + 1);
    int64_t units = 4711;
    __int128 plain;
    bool taken = decimal_parse((const char *)in.at, in.left, scale, &units);

    assert(taken == read_plainly((const char *)in.at, in.left, scale, &plain));
    assert(taken ? units == plain : units == 4711);
    print_and_read(units, scale, false);
    print_and_read(units, scale, true);
    units = (int64_t)take_number(&in, 8);
    if (units == INT64_MIN)
        return 0;
    print_and_read(units, scale, false);
    print_and_read(units, scale, true);
    return 0;
}
