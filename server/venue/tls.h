/* Certificates of the venue: made on demand, and the bad one of a fault.
 *
 * A private authority (ca.pem) signs one certificate (cert.pem, key.pem) for localhost, 127.0.0.1,
 * ::1 and the address that is listened on. Made once in a folder and found there again; clients
 * are given ca.pem. The authority's key is not kept. Main thread. */
#ifndef PITWALL_VENUE_TLS_H
#define PITWALL_VENUE_TLS_H

#include "engine.h"

enum { TLS_PATH_MAX = 512 };
struct tls_files {
    char ca[TLS_PATH_MAX], cert[TLS_PATH_MAX], key[TLS_PATH_MAX];
};

/* Makes what is not there; the folder too. `address`: "127.0.0.1:9700". */
enum status tls_make(struct tls_files *files, const char *folder, const char *address,
                     struct err *err);

/* ERR_CONFIG: says which file is no certificate, or no key of it. */
enum status tls_check(const char *cert_file, const char *key_file, struct err *err);

/* For the server's SSL_CTX: a handshake gets the bad certificate while tls_set_bad(true). */
int tls_prepare(void *ssl_ctx);
void tls_set_bad(bool bad);

#endif
