/* A fuzz target: one function that takes any bytes and panics when what it tries breaks a promise.
 *
 * libFuzzer (make fuzz) looks for such bytes with clang's address and undefined-behaviour
 * sanitizers; replay.c runs the files of a folder through a target without it, as a test. A target
 * is TARGET.c and, when there is one, the folder TARGET/; what it is fed lies in corpus/TARGET. */
#ifndef PITWALL_TESTS_FUZZ_H
#define PITWALL_TESTS_FUZZ_H

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>

/* Always 0. Gives no memory back between calls, keeps nothing from one call to the next. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* With FUZZ_TRACE=1 in the environment a line of what happens goes to stderr. */
void fuzz_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Bytes that become numbers; when they are used up all numbers are 0. */
struct bytes {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t take_byte(struct bytes *bytes)
{
    if (bytes->left == 0)
        return 0;
    bytes->left--;
    return *bytes->at++;
}

static inline uint64_t take_number(struct bytes *bytes, unsigned width)
{
    uint64_t number = 0;

    while (width-- > 0)
        number = number << 8 | take_byte(bytes);
    return number;
}

/* Below `bound`, which is at least 1. */
static inline uint32_t take_below(struct bytes *bytes, uint32_t bound)
{
    return (uint32_t)take_number(bytes, bound > 256 ? 2 : 1) % bound;
}

#endif
