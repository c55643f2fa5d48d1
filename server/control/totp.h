/* Time-based one-time passwords: RFC 6238 with what every telephone does: HMAC-SHA-1, 6 digits, a
 * step of 30 s. The step before and the step after are taken too, for clocks that differ; a step
 * that has been used, and any before it, never again. Pure; any thread. */
#ifndef PITWALL_CONTROL_TOTP_H
#define PITWALL_CONTROL_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOTP_SECRET_BYTES = 20, TOTP_BASE32_MAX = 33, TOTP_STEP_S = 30 };

/* The last `digits` (6 to 8) of the code of a step. */
uint32_t totp_code(const uint8_t secret[TOTP_SECRET_BYTES], int64_t step, int digits);
/* True when `code` is that of a step around `now_ns` (since the epoch) that is later than
 * `used_step`; *step is then which. */
bool totp_matches(const uint8_t secret[TOTP_SECRET_BYTES], const char *code, int64_t now_ns,
                  int64_t used_step, int64_t *step);
/* RFC 4648 base 32: 160 bits need no padding. */
void totp_base32(const uint8_t secret[TOTP_SECRET_BYTES], char text[TOTP_BASE32_MAX]);

#endif
