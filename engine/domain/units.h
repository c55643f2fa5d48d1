/* Decimals at the edge: exact both ways, no floating point.
 *
 * A decimal of scale s is an int64 in units of 10^-s. Any thread; no allocation; a few ns a digit.
 * Both directions refuse rather than round. */
#ifndef PITWALL_DOMAIN_UNITS_H
#define PITWALL_DOMAIN_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DECIMAL_TEXT_MAX = 48 };

/* Reads "-12.50" as -1250 at scale 2. False, with *units untouched, on anything but an optional
 * minus, digits and at most one point with digits on both sides; on more non-zero decimals than
 * `scale`; and on what is not within +-INT64_MAX: INT64_MIN is refused, though an int64 holds it,
 * so that what was read can always be negated. */
bool decimal_parse(const char *text, size_t length, uint32_t scale, int64_t *units);

/* Prints units of 10^-scale (scale <= 18) with all its decimals, or with `trim` without trailing
 * zeros and bare point. Returns the length; `out` has DECIMAL_TEXT_MAX bytes, closed by NUL. */
size_t decimal_print(char *out, int64_t units, uint32_t scale, bool trim);

/* 10^scale: what one is in units of that scale (<= 18). */
int64_t decimal_one(uint32_t scale);

#endif
