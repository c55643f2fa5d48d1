/* TLS over a connection that somebody else moves bytes on: libwebsockets 4.1 brings none for raw
 * connections, and all of ours are.
 *
 * Certificates are verified against the system's authorities or ca_file alone, and against the
 * host's name or address; TLS 1.2 and later; there is no way around it. One thread. */
#ifndef PITWALL_GATEWAY_NET_TLS_H
#define PITWALL_GATEWAY_NET_TLS_H

#include "engine.h"

struct tls_trust;
struct tls;

/* ca_file "": the system's. ERR_CONFIG: it holds no certificate. */
enum status tls_trust_open(struct tls_trust **trust, const char *ca_file, struct err *err);
/* What a server that asks for a certificate is shown, PEM. ERR_CONFIG: it cannot be read, or key
 * and certificate are not of one another. */
enum status tls_trust_show(struct tls_trust *trust, const char *cert_file, const char *key_file,
                           struct err *err);
void tls_trust_close(struct tls_trust *trust);

enum tls_result { TLS_FINE, TLS_BLOCKED, TLS_ENDED, TLS_FAILED };

/* NULL: no memory. The first tls_shake() makes the first bytes. */
struct tls *tls_open(struct tls_trust *trust, const char *host);
void tls_close(struct tls *tls);

/* Bytes that came in; false: no memory. */
bool tls_feed(struct tls *tls, const char *bytes, size_t length);
/* TLS_FINE: the handshake is done. */
enum tls_result tls_shake(struct tls *tls);
/* TLS_FINE: *got plain bytes. TLS_ENDED: the peer has said that no more come. */
enum tls_result tls_read(struct tls *tls, char *into, size_t size, size_t *got);
bool tls_write(struct tls *tls, const char *bytes, size_t length);
/* Bytes that must go out now; 0: none. */
size_t tls_drain(struct tls *tls, char *into, size_t size);
/* Of TLS_FAILED. */
const char *tls_why(const struct tls *tls);

#endif
