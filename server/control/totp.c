#include "control/totp.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 6, SHA1_BYTES = 20 };

uint32_t totp_code(const uint8_t secret[TOTP_SECRET_BYTES], int64_t step, int digits)
{
    static const uint32_t power[] = {1000000, 10000000, 100000000};
    uint8_t counter[8], hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    unsigned at;
    uint32_t word;

    assert(digits >= 6 && digits <= 8);
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    if (!HMAC(EVP_sha1(), secret, TOTP_SECRET_BYTES, counter, sizeof counter, hash, &length) ||
        length != SHA1_BYTES)
        return UINT32_MAX; /* no code of so many digits */
    at = hash[SHA1_BYTES - 1] & 15;
    word = (uint32_t)(hash[at] & 127) << 24 | (uint32_t)hash[at + 1] << 16 |
           (uint32_t)hash[at + 2] << 8 | hash[at + 3];
    return word % power[digits - 6];
}

bool totp_matches(const uint8_t secret[TOTP_SECRET_BYTES], const char *code, int64_t now_ns,
                  int64_t used_step, int64_t *step)
{
    int64_t now = now_ns / 1000000000 / TOTP_STEP_S;
    char text[16];

    if (strlen(code) != DIGITS)
        return false;
    for (int64_t at = now - 1; at <= now + 1; at++) {
        snprintf(text, sizeof text, "%06u", totp_code(secret, at, DIGITS));
        if (at > used_step && strcmp(text, code) == 0) {
            *step = at;
            return true;
        }
    }
    return false;
}

void totp_base32(const uint8_t secret[TOTP_SECRET_BYTES], char text[TOTP_BASE32_MAX])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    for (int i = 0; i < TOTP_BASE32_MAX - 1; i++) {
        int bit = i * 5;
        unsigned pair = (unsigned)secret[bit / 8] << 8;

        if (bit / 8 + 1 < TOTP_SECRET_BYTES)
            pair |= secret[bit / 8 + 1];
        text[i] = digits[pair >> (11 - bit % 8) & 31];
    }
    text[TOTP_BASE32_MAX - 1] = '\0';
}
