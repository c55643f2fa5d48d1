/* Whole numbers and decimals of up to 15 characters, and short texts, straight from the receive
 * buffer.
 *
 * The fast readers answer false on anything but the usual (too long, an odd character, off the
 * grid); the caller then takes the slow way, which tells what is wrong. They read whole blocks of
 * 16 bytes, whatever lies there. number_*_portable do the same without SSE4.1, and are
 * what the unit test compares with.
 *
 * How, with SSE4.1: load 16 bytes, find the end by a compare and a bit count, shift the digits to
 * the right end of the register by a shuffle whose indices are themselves a load from a sliding
 * table, close the gap of the point the same way, then add neighbours: 16 digits to 8 pairs to 4
 * quads to 2 halves (multiply-add three times). */
#ifndef PITWALL_GATEWAY_NUMBER_H
#define PITWALL_GATEWAY_NUMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { NUMBER_DECIMALS_MAX = 12 };

static const int64_t number_pow10[NUMBER_DECIMALS_MAX + 1] = {
    1LL,        10LL,        100LL,        1000LL,        10000LL,        100000LL,       1000000LL,
    10000000LL, 100000000LL, 1000000000LL, 10000000000LL, 100000000000LL, 1000000000000LL};

#define NUMBER_INLINE static inline __attribute__((always_inline))

static inline bool number_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits at *at, at most 15 of them, ended by another character; *at moves behind them. */
static inline bool number_count_portable(const char **at, int64_t *value)
{
    const char *p = *at;
    int64_t sum = 0;

    for (; number_is_digit(*p); p++) {
        if (p - *at == 15)
            return false;
        sum = sum * 10 + (*p - '0');
    }
    if (p == *at)
        return false;
    *at = p;
    *value = sum;
    return true;
}

/* A decimal at *at, at most 15 characters, ended by a quote; *at moves to the quote. Decimals
 * beyond `scale` must be zeros. */
static inline bool number_decimal_portable(const char **at, uint32_t scale, int64_t *value)
{
    const char *p = *at;
    int64_t sum = 0;
    uint32_t decimals = 0;

    for (; number_is_digit(*p); p++) {
        if (p - *at == 15)
            return false;
        sum = sum * 10 + (*p - '0');
    }
    if (p == *at || (*p == '.' && !number_is_digit(p[1])))
        return false;
    if (*p == '.') {
        for (p++; number_is_digit(*p); p++) {
            if (p - *at >= 15 || (decimals == scale && *p != '0'))
                return false;
            if (decimals < scale) {
                sum = sum * 10 + (*p - '0');
                decimals++;
            }
        }
    }
    if (*p != '"' || __builtin_mul_overflow(sum, number_pow10[scale - decimals], value))
        return false;
    *at = p;
    return true;
}

/* Two decimals as levels have them, at the first digit of `61773.60","1001"`: each as
 * number_decimal reads it. *at moves to the last quote. */
static inline bool number_pair_portable(const char **at, uint32_t first_scale,
                                        uint32_t second_scale, int64_t pair[2])
{
    const char *p = *at;

    if (!number_decimal_portable(&p, first_scale, &pair[0]) || p[1] != ',' || p[2] != '"')
        return false;
    p += 3;
    if (!number_decimal_portable(&p, second_scale, &pair[1]))
        return false;
    *at = p;
    return true;
}

/* Length of the plain text at `at` up to its closing quote; NUMBER_TEXT_MAX when that is not near
 * or something else than plain text (escape, control character, beyond ASCII) comes first. */
enum { NUMBER_TEXT_MAX = 48 };

static inline uint32_t number_text_portable(const char *at)
{
    uint32_t length = 0;

    while (at[length] != '"' && at[length] != '\\' && at[length] >= ' ' && length < NUMBER_TEXT_MAX)
        length++;
    return at[length] == '"' ? length : NUMBER_TEXT_MAX;
}

#ifdef __SSE4_1__

#include <smmintrin.h>

/* Loading 16 indices at offset n gives a shuffle that moves the first n bytes to the right end. */
static const uint8_t number_slide[32] = {
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   11,   12,   13,   14,   15};
/* Loading 16 bytes at offset f gives 1 for all places left of the last f digits, point included. */
static const uint8_t number_left[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

NUMBER_INLINE __m128i number_load(const void *from)
{
    return _mm_loadu_si128((const __m128i *)from);
}

static inline __m128i number_to_right(__m128i digits, uint32_t count)
{
    return _mm_shuffle_epi8(digits, number_load(number_slide + count));
}

/* The value of 16 digits, each a byte 0..9. */
static inline int64_t number_sum(__m128i digits)
{
    __m128i pairs = _mm_maddubs_epi16(
        digits, _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1));
    __m128i quads = _mm_madd_epi16(pairs, _mm_setr_epi16(100, 1, 100, 1, 100, 1, 100, 1));
    __m128i packed = _mm_packus_epi32(quads, quads);
    __m128i halves = _mm_madd_epi16(packed, _mm_setr_epi16(10000, 1, 10000, 1, 10000, 1, 10000, 1));
    uint64_t both = (uint64_t)_mm_cvtsi128_si64(halves);

    return (int64_t)((both & 0xffffffff) * 100000000 + (both >> 32));
}

static inline uint32_t number_digit_mask(__m128i digits)
{
    return (uint32_t)_mm_movemask_epi8(
        _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits));
}

static inline bool number_count(const char **at, int64_t *value)
{
    __m128i digits = _mm_sub_epi8(number_load(*at), _mm_set1_epi8('0'));
    uint32_t count = (uint32_t)__builtin_ctz(~number_digit_mask(digits));

    if (count == 0 || count > 15)
        return false;
    *value = number_sum(number_to_right(digits, count));
    *at += count;
    return true;
}

static inline bool number_decimal(const char **at, uint32_t scale, int64_t *value)
{
    __m128i text = number_load(*at);
    __m128i digits = _mm_sub_epi8(text, _mm_set1_epi8('0'));
    uint32_t quotes = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')));
    uint32_t length = (uint32_t)__builtin_ctz(quotes | 1U << 16);
    uint32_t odd = ~number_digit_mask(digits) & ((1U << length) - 1);
    uint32_t point, decimals, kept, dropped;

    if (quotes == 0 || length == 0)
        return false;
    if (odd == 0) {
        *value = number_sum(number_to_right(digits, length));
        *at += length;
        return !__builtin_mul_overflow(*value, number_pow10[scale], value);
    }
    point = (uint32_t)__builtin_ctz(odd);
    if ((odd & (odd - 1)) != 0 || (*at)[point] != '.' || point == 0 || point + 1 == length)
        return false;
    decimals = length - 1 - point;
    kept = decimals < scale ? decimals : scale;
    dropped = ((1U << length) - 1) & ~((1U << (point + 1 + kept)) - 1);
    if (dropped != 0 &&
        (dropped & ~(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(digits, _mm_setzero_si128()))) != 0)
        return false;
    digits = number_to_right(digits, point + 1 + kept);
    digits = _mm_shuffle_epi8(
        digits, _mm_sub_epi8(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                             number_load(number_left + kept)));
    *value = number_sum(digits);
    *at += length;
    return kept == scale || !__builtin_mul_overflow(*value, number_pow10[scale - kept], value);
}

/* A load at n keeps the last n bytes; one at 16 + n drops them. */
static const uint8_t number_window[48] = {
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* What is the same for all numbers of a scale, made once for many. */
struct number_form {
    __m128i close_gap; /* shuffle: takes out the point in front of the decimals at the right end */
    uint32_t scale;
};

NUMBER_INLINE struct number_form number_form(uint32_t scale)
{
    __m128i order = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

    return (struct number_form){_mm_sub_epi8(order, number_load(number_left + scale)), scale};
}

/* Digits of a number that has its point (or, without one, its closing quote) at `point` and the
 * quote at `end`, as 16 bytes of which the last is decimal number `scale`, written or not: all
 * numbers of a scale have their point at the same place. What lies around the number becomes zeros;
 * what is no digit comes as more than 9. False: too long for 16 bytes, or a bare point. */
NUMBER_INLINE bool number_align(const char *at, uint64_t point, uint64_t end,
                                const struct number_form *form, __m128i *digits)
{
    uint64_t length = point + 1 + form->scale;

    if (point == 0 || length > 16 || point + 1 == end)
        return false;
    *digits = _mm_and_si128(_mm_sub_epi8(number_load(at + length - 16), _mm_set1_epi8('0')),
                            number_load(number_window + length));
    if (length >= end) /* so it is for all numbers of an instrument, or for none */
        *digits = _mm_and_si128(*digits, number_load(number_window + 16 + length - end));
    for (; length < end; length++)
        if (at[length] != '0')
            return false;
    *digits = _mm_shuffle_epi8(*digits, form->close_gap);
    return true;
}

NUMBER_INLINE __m128i number_quads(__m128i digits)
{
    __m128i pairs = _mm_maddubs_epi16(
        digits, _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1));

    return _mm_madd_epi16(pairs, _mm_setr_epi16(100, 1, 100, 1, 100, 1, 100, 1));
}

/* A bit for each of 32 bytes that is `c`. */
NUMBER_INLINE uint64_t number_find(__m128i low, __m128i high, char c)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, _mm_set1_epi8(c))) |
           (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(high, _mm_set1_epi8(c))) << 16;
}

/* As number_pair_portable, for what 32 bytes hold. Nothing branches on how long a number is or
 * whether it has a point: sizes come as they like. Reads 16 bytes in front of *at, too. */
NUMBER_INLINE bool number_pair(const char **at, const struct number_form *first,
                               const struct number_form *second, int64_t pair[2])
{
    const char *one = *at;
    __m128i low = number_load(one), high = number_load(one + 16);
    uint64_t quotes = number_find(low, high, '"');
    uint64_t points = quotes | number_find(low, high, '.');
    uint64_t behind = quotes & (quotes - 1), last = behind & (behind - 1);
    uint64_t end, next;
    __m128i a, b, sums, high_sums;

    if (last == 0)
        return false;
    end = (uint64_t)__builtin_ctzll(quotes);
    next = end + 3;
    if (memcmp(one + end, "\",\"", 3) != 0 ||
        !number_align(one, (uint64_t)__builtin_ctzll(points), end, first, &a) ||
        !number_align(one + next, (uint64_t)__builtin_ctzll(points >> next),
                      (uint64_t)__builtin_ctzll(last) - next, second, &b))
        return false;
    sums = _mm_subs_epu8(_mm_max_epu8(a, b), _mm_set1_epi8(9));
    if (!_mm_testz_si128(sums, sums))
        return false;
    sums = _mm_madd_epi16(_mm_packus_epi32(number_quads(a), number_quads(b)),
                          _mm_setr_epi16(10000, 1, 10000, 1, 10000, 1, 10000, 1));
    high_sums = _mm_mul_epu32(sums, _mm_set1_epi64x(100000000));
    _mm_storeu_si128((__m128i *)pair, _mm_add_epi64(high_sums, _mm_srli_epi64(sums, 32)));
    *at = one + __builtin_ctzll(last);
    return true;
}

static inline uint32_t number_text(const char *at)
{
    for (uint32_t from = 0; from < NUMBER_TEXT_MAX; from += 16) {
        __m128i text = number_load(at + from);
        uint32_t quotes = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')));
        uint32_t odd = (uint32_t)_mm_movemask_epi8(_mm_or_si128(
            _mm_cmpeq_epi8(text, _mm_set1_epi8('\\')), _mm_cmplt_epi8(text, _mm_set1_epi8(' '))));
        uint32_t first = (uint32_t)__builtin_ctz(quotes | odd | 1U << 16);

        if (first < 16)
            return (quotes >> first & 1) != 0 ? from + first : NUMBER_TEXT_MAX;
    }
    return NUMBER_TEXT_MAX;
}

#else

static inline uint32_t number_text(const char *at)
{
    return number_text_portable(at);
}

static inline bool number_count(const char **at, int64_t *value)
{
    return number_count_portable(at, value);
}

static inline bool number_decimal(const char **at, uint32_t scale, int64_t *value)
{
    return number_decimal_portable(at, scale, value);
}

struct number_form {
    uint32_t scale;
};

static inline struct number_form number_form(uint32_t scale)
{
    return (struct number_form){scale};
}

static inline bool number_pair(const char **at, const struct number_form *first,
                               const struct number_form *second, int64_t pair[2])
{
    return number_pair_portable(at, first->scale, second->scale, pair);
}

#endif
#endif
