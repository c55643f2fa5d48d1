#include "venue/bybit/sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { AHEAD_MS = 1000, DIGEST_BYTES = 32 };

void sign_parts(char out[SIGN_TEXT_MAX], const char *secret, const struct sign_part *parts,
                uint32_t count)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    char name[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", name, 0),
                           OSSL_PARAM_construct_end()};
    unsigned char digest[DIGEST_BYTES];
    size_t length = 0;
    bool well = context &&
                EVP_MAC_init(context, (const unsigned char *)secret, strlen(secret), params) == 1;

    for (uint32_t at = 0; well && at < count; at++)
        well = EVP_MAC_update(context, (const unsigned char *)parts[at].at, parts[at].length) == 1;
    well = well && EVP_MAC_final(context, digest, &length, sizeof digest) == 1;
    assert(well && length == DIGEST_BYTES);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    for (uint32_t at = 0; at < DIGEST_BYTES; at++)
        snprintf(out + (size_t)2 * at, 3, "%02x", digest[at]);
}

bool sign_equals(const char *given, const char *right)
{
    size_t length = strlen(right);

    return strlen(given) == length && CRYPTO_memcmp(given, right, length) == 0;
}

bool sign_in_window(int64_t timestamp_ms, int64_t recv_window_ms, int64_t server_ms)
{
    return server_ms - recv_window_ms <= timestamp_ms && timestamp_ms < server_ms + AHEAD_MS;
}
