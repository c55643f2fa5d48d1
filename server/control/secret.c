#include "control/secret.h"

#include <openssl/evp.h>
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

/* Every request with a token or a cookie hashes it. Each thread has a digest of its own, made at
 * its first: no lock, which a thread that is held up could hold while another wants to kill. */
static pthread_once_t digests_once = PTHREAD_ONCE_INIT;
static pthread_key_t digest_of_thread; /* for its end */
static EVP_MD *sha256;                 /* NULL: libsodium's, slower */
static _Thread_local EVP_MD_CTX *digest;

static void digest_free(void *ctx)
{
    EVP_MD_CTX_free(ctx);
}

static void digests_open(void)
{
    if (pthread_key_create(&digest_of_thread, digest_free) == 0)
        sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static bool hash_by_openssl(const char *secret, unsigned char out[crypto_hash_sha256_BYTES])
{
    pthread_once(&digests_once, digests_open);
    bool is_first = sha256 && !digest && (digest = EVP_MD_CTX_new());
    if (is_first)
        pthread_setspecific(digest_of_thread, digest);
    return digest && EVP_DigestInit_ex2(digest, is_first ? sha256 : NULL, NULL) == 1 &&
           EVP_DigestUpdate(digest, secret, strlen(secret)) == 1 &&
           EVP_DigestFinal_ex(digest, out, NULL) == 1;
}

void secret_key(const char *secret, char key[SHA256_HEX_MAX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[crypto_hash_sha256_BYTES];

    if (!hash_by_openssl(secret, hash))
        crypto_hash_sha256(hash, (const unsigned char *)secret, strlen(secret));
    for (size_t i = 0; i < sizeof hash; i++) {
        key[2 * i] = digits[hash[i] >> 4];
        key[2 * i + 1] = digits[hash[i] & 15];
    }
    key[2 * sizeof hash] = '\0';
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
