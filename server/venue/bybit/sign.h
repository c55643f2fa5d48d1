/* Signatures and windows of Bybit's v5 API: HMAC-SHA256 in lower-case hexadecimal over exactly what
 * was sent. Any thread. */
#ifndef PITWALL_VENUE_BYBIT_SIGN_H
#define PITWALL_VENUE_BYBIT_SIGN_H

#include "engine.h"

enum { SIGN_TEXT_MAX = 65 };

struct sign_part {
    const char *at;
    size_t length;
};

/* Of the parts, one behind the other. */
void sign_parts(char out[SIGN_TEXT_MAX], const char *secret, const struct sign_part *parts,
                uint32_t count);
/* Compares in a time that does not tell where they differ. */
bool sign_equals(const char *given, const char *right);
/* server - recv_window <= timestamp < server + 1000, all in ms. */
bool sign_in_window(int64_t timestamp_ms, int64_t recv_window_ms, int64_t server_ms);

#endif
