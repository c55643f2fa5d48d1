#include "control/secret.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

static const unsigned long long pwhash_ops = 2;
static const size_t pwhash_bytes = 64U << 20;

/* The same parameters as a real one; no password is known to match it, and the answer for it is
 * false whatever the comparison says. */
static const char nobodys_hash[crypto_pwhash_STRBYTES] =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZSBmaXhlZCBzYWx0IQ$"
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t hashes; /* a count and nothing more: no order is needed */

_Static_assert(PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "a hash fits");

bool secret_open(void)
{
    return sodium_init() >= 0;
}

void secret_make(char out[SECRET_TEXT_MAX], const char *prefix)
{
    unsigned char random[32];
    size_t used = strlen(prefix);

    assert(used + 44 <= SECRET_TEXT_MAX);
    randombytes_buf(random, sizeof random);
    memcpy(out, prefix, used);
    sodium_bin2base64(out + used, SECRET_TEXT_MAX - used, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(random, sizeof random);
}

void secret_key(const char *secret, char key[SHA256_HEX_MAX])
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, (const unsigned char *)secret, strlen(secret));
    sodium_bin2hex(key, SHA256_HEX_MAX, digest, sizeof digest);
}

void password_make(char out[PASSWORD_MADE_MAX])
{
    static const char consonants[] = "bdfghjklmnprstvz";
    static const char vowels[] = "aeiou";
    char *at = out;

    for (int word = 0; word < 4; word++) {
        if (word > 0)
            *at++ = '-';
        for (int syllable = 0; syllable < 2; syllable++) {
            *at++ = consonants[randombytes_uniform(sizeof consonants - 1)];
            *at++ = vowels[randombytes_uniform(sizeof vowels - 1)];
        }
    }
    *at = '\0';
}

bool password_hash(const char *password, char hash[PASSWORD_HASH_MAX])
{
    int failed;

    atomic_fetch_add_explicit(&hashes, 1, memory_order_relaxed);
    pthread_mutex_lock(&one_at_a_time);
    failed = crypto_pwhash_str_alg(hash, password, strlen(password), pwhash_ops, pwhash_bytes,
                                   crypto_pwhash_ALG_ARGON2ID13);
    pthread_mutex_unlock(&one_at_a_time);
    return failed == 0;
}

bool password_matches(const char *password, const char *hash)
{
    bool matches;

    atomic_fetch_add_explicit(&hashes, 1, memory_order_relaxed);
    pthread_mutex_lock(&one_at_a_time);
    matches = crypto_pwhash_str_verify(hash ? hash : nobodys_hash, password, strlen(password)) == 0;
    pthread_mutex_unlock(&one_at_a_time);
    return matches && hash;
}

uint64_t password_hashes(void)
{
    return atomic_load_explicit(&hashes, memory_order_relaxed);
}
