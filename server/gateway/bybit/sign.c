#include "gateway/bybit/sign.h"

#include <string.h>

void bybit_signer_init(struct bybit_signer *signer, const char *secret)
{
    crypto_auth_hmacsha256_init(&signer->keyed, (const unsigned char *)secret, strlen(secret));
}

void bybit_sign(const struct bybit_signer *signer, const char *const *texts,
                char hex[BYBIT_SIGN_MAX])
{
    crypto_auth_hmacsha256_state state = signer->keyed;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];

    for (; *texts; texts++)
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)*texts, strlen(*texts));
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2hex(hex, BYBIT_SIGN_MAX, mac, sizeof mac);
    sodium_memzero(&state, sizeof state);
}

void bybit_signer_wipe(struct bybit_signer *signer)
{
    sodium_memzero(signer, sizeof *signer);
}
