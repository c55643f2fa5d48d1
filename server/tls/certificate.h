/* X.509 certificates with P-256 keys, made here: the venue simulator's authority, and the one that
 * the server shows off loopback when it was given none. The caller owns what is made. Any thread;
 * files are written whole or the error says which was not. */
#ifndef PITWALL_TLS_CERTIFICATE_H
#define PITWALL_TLS_CERTIFICATE_H

#include "engine.h"

#include <openssl/types.h>

enum { CERTIFICATE_DAYS = 825, CERTIFICATE_DAY_S = 86400 };
/* "AB:CD:.." of 32 bytes. */
enum { FINGERPRINT_MAX = 32 * 3 };

/* What a certificate says. `issuer` NULL: it signs itself. */
struct certificate_wanted {
    const char *name, *alt_names; /* "DNS:localhost,IP:127.0.0.1"; NULL: none */
    bool is_authority;
    int64_t from_s, to_s; /* from now */
    X509 *issuer;
    EVP_PKEY *issuer_key;
};

/* NULL: OpenSSL would not. *key is made too. */
X509 *certificate_make(const struct certificate_wanted *wanted, EVP_PKEY **key);

/* In PEM; the key's file has mode 0600 from its first byte on. ERR_IO. */
enum status certificate_write(const char *path, X509 *cert, struct err *err);
enum status certificate_write_key(const char *path, EVP_PKEY *key, struct err *err);

/* Reads the first certificate of a file in PEM. NULL: none. */
X509 *certificate_read(const char *path);

/* SHA-256, as browsers and `openssl x509 -fingerprint -sha256` show it. */
void certificate_fingerprint(const X509 *cert, char out[FINGERPRINT_MAX]);
/* Seconds since the epoch at which it ends. */
int64_t certificate_expiry_s(const X509 *cert);

#endif
