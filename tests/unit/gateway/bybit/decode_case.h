/* One frame through both decoders of Bybit, which must agree in everything they say of it. */
#ifndef PITWALL_TESTS_UNIT_BYBIT_DECODE_CASE_H
#define PITWALL_TESTS_UNIT_BYBIT_DECODE_CASE_H

#include "gateway/bybit/decode.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct decoded {
    enum bybit_reason reason;
    struct bybit_frame frame;
    struct level levels[MAX_MARKET_LEVELS];
    struct bybit_trade trades[BYBIT_TRADES_MAX];
};

/* What the fast way said of the last frame, the tolerant way alone, and that frame. */
extern struct decoded decoded, decoded_slow;
extern char *decoded_text;

/* Cents and thousandths. */
extern const struct bybit_grid decode_cents;

/* Any symbol that does not begin with '!' is ours. */
enum bybit_reason decode_bytes(const char *text, size_t length, const struct bybit_grid *grid);
enum bybit_reason decode_text(const char *text);

#endif
