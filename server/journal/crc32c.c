#include "journal/crc32c.h"

#include <nmmintrin.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78U /* reflected */

/* One byte at a time without a table of 1 KiB in the cache: the slow way is for old machines and
 * for the test, and a nibble table is enough. */
static uint32_t nibble(uint32_t value)
{
    for (int bit = 0; bit < 4; bit++)
        value = value & 1 ? value >> 1 ^ POLYNOMIAL : value >> 1;
    return value;
}

uint32_t crc32c_by_table(uint32_t crc, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint32_t table[16];

    for (uint32_t value = 0; value < 16; value++)
        table[value] = nibble(value);
    crc = ~crc;
    for (size_t left = length; left > 0; left--, at++) {
        crc ^= *at;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const void *bytes,
                                                                 size_t length)
{
    const uint8_t *at = bytes;
    uint64_t wide = ~crc;

    for (; length >= 8; length -= 8, at += 8) {
        uint64_t word;

        memcpy(&word, at, sizeof word);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    for (; length > 0; length--, at++)
        crc = _mm_crc32_u8(crc, *at);
    return ~crc;
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t length)
{
    if (__builtin_cpu_supports("sse4.2"))
        return by_instruction(crc, bytes, length);
    return crc32c_by_table(crc, bytes, length);
}
