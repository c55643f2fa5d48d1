/* Secrets: making them, hashing them, comparing them.
 *
 * Session ids, tokens and CSRF values are 32 random bytes as base64url; only their SHA-256 is kept
 * (a random secret needs no slow hash). Passwords are argon2id by libsodium, 64 MiB, t=2: about
 * 60 ms and one at a time, by a lock of its own, so that a flood of log-ins costs time and not
 * memory. Any thread; nothing here logs or keeps a secret. */
#ifndef PITWALL_CONTROL_SECRET_H
#define PITWALL_CONTROL_SECRET_H

#include "control/access.h"

enum { PASSWORD_HASH_MAX = 128, PASSWORD_MADE_MAX = 32, SHA256_HEX_MAX = 65 };

/* False when libsodium cannot start (no randomness). Any thread, any number of times. */
bool secret_open(void);

/* `prefix` and 43 characters of randomness. */
void secret_make(char out[SECRET_TEXT_MAX], const char *prefix);
/* SHA-256 in hexadecimal: what is kept and looked up. */
void secret_key(const char *secret, char key[SHA256_HEX_MAX]);

/* A password that can be read out and typed: "tavo-kile-runa-bosi", 50 bits. */
void password_make(char out[PASSWORD_MADE_MAX]);
/* False when there is no memory for it. */
bool password_hash(const char *password, char hash[PASSWORD_HASH_MAX]);
/* `hash` NULL: takes the same time and answers false. */
bool password_matches(const char *password, const char *hash);
/* How many of the two have been computed, so that a test can see that none is saved. */
uint64_t password_hashes(void);

#endif
