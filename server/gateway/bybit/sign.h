/* Signatures of Bybit's private requests: HMAC-SHA256, lower-case hexadecimal.
 *
 * The key is worked in once; a signature starts from a copy of that state and costs the blocks of
 * its text and one more. No allocation. Any thread, one at a time for each signer.
 *
 *   REST       timestamp + key + receive window + (query string or body, as sent)
 *   WebSocket  "GET/realtime" + expires
 *
 * Source: Bybit's v5 integration guide. */
#ifndef PITWALL_GATEWAY_BYBIT_SIGN_H
#define PITWALL_GATEWAY_BYBIT_SIGN_H

#include <sodium.h>
#include <stddef.h>

enum { BYBIT_SIGN_MAX = 2 * crypto_auth_hmacsha256_BYTES + 1 };

struct bybit_signer {
    crypto_auth_hmacsha256_state keyed;
};

void bybit_signer_init(struct bybit_signer *signer, const char *secret);
/* Signs the texts one after the other; NULL ends them. */
void bybit_sign(const struct bybit_signer *signer, const char *const *texts,
                char hex[BYBIT_SIGN_MAX]);
void bybit_signer_wipe(struct bybit_signer *signer);

#endif
