/* Who we are under TLS: certificate, key, and the authority that clients must come from; read from
 * files, read again when they change, handed to the fronts as one SSL_CTX.
 *
 * A thread of its own ("tls-watch") looks at the files every two seconds, and at once when
 * identity_reload() asks: a slow disk keeps nobody waiting. A new pair is taken when the files have
 * been the same for one look (certificate and key are rarely written in one step); one that does
 * not fit together, is over, or may be read by others is refused, logged, noted, and the old one
 * stays. Connections that stand keep what they were opened with.
 *
 * Rules of the SSL_CTX (context.c): TLS 1.3 only, our order of ciphers, ALPN http/1.1, no tickets
 * and no resumption (each connection shows its client certificate anew), no early data. */
#ifndef PITWALL_API_FRONT_IDENTITY_H
#define PITWALL_API_FRONT_IDENTITY_H

#include "tls/certificate.h"

enum { IDENTITY_PATH_MAX = 512, IDENTITY_SUBJECT_MAX = 128 };

struct identity;

struct identity_files {
    char cert[IDENTITY_PATH_MAX], key[IDENTITY_PATH_MAX];
    char client_ca[IDENTITY_PATH_MAX]; /* empty: clients show no certificate */
    bool is_own;                       /* made by own_certificate_make() */
};

struct identity_facts {
    int64_t expiry_s; /* since the epoch */
    char fingerprint[FINGERPRINT_MAX];
    char subject[IDENTITY_SUBJECT_MAX];
    bool is_own, wants_client;
};

/* Of a new pair: taken, or not and why. Watcher's thread. */
typedef void (*identity_note)(void *ctx, bool taken, const char *says);

/* ERR_CONFIG: a file is missing, not PEM, does not fit, or the key may be read by others; err names
 * the file and what to do. A certificate that is over is only warned of: a desk that cannot see is
 * worse. */
enum status identity_open(struct identity **identity, const struct identity_files *files,
                          struct err *err);
/* Starts the watcher; `note` may be NULL. */
enum status identity_watch(struct identity *identity, identity_note note, void *ctx,
                           struct err *err);
/* After the fronts. */
void identity_close(struct identity *identity);

/* Any thread; holds a lock for a few instructions. The caller frees with SSL_CTX_free(). */
SSL_CTX *identity_context(struct identity *identity);
void identity_facts(struct identity *identity, struct identity_facts *facts);
/* Any thread: look at the files now. */
void identity_reload(struct identity *identity);

/* own_certificate.c: a self-signed certificate in DIR/tls (cert.pem, key.pem), made when there is
 * none, or the one there is over within 30 days or not for `host`; else found again, so that its
 * fingerprint stays. `host` is the address that is listened on, without port and brackets; of
 * "0.0.0.0" and "::" every address of this machine is named. Fills files. */
enum status own_certificate_make(struct identity_files *files, const char *dir, const char *host,
                                 struct err *err);

/* context.c */
enum status context_make(const struct identity_files *files, SSL_CTX **context,
                         struct identity_facts *facts, struct err *err);

#endif
