/* The connection of one call: DIR/control.sock, TCP, or TLS over TCP. Blocking, with a bound on
 * each wait. The certificate is verified against the host of the URL and the system's authorities,
 * or those of ca_file alone; there is no way around it. A server that asks who we are is shown the
 * certificate that was given. Main thread. */
#ifndef PITWALL_CLI_TRANSPORT_H
#define PITWALL_CLI_TRANSPORT_H

#include "engine.h"

#include <stdbool.h>
#include <sys/types.h>

struct tls;
struct tls_trust;

enum { URL_HOST_MAX = 256, URL_PORT_MAX = 8, TRANSPORT_NAME_MAX = 320 };

struct transport {
    int fd;
    struct tls *tls; /* NULL: plain */
    struct tls_trust *trust;
    char name[TRANSPORT_NAME_MAX]; /* whom it goes to, for sentences */
    int patience_ms;
    bool shows_certificate;
    int error; /* errno of what failed last; 0: TLS itself */
};

struct url_parts {
    char host[URL_HOST_MAX], port[URL_PORT_MAX];
    char authority[URL_HOST_MAX + URL_PORT_MAX]; /* as written, for Host: */
    bool is_tls;
};

/* "https://[::1]:8443/" in parts; false: neither http:// nor https://, or no host. */
bool url_cut(const char *url, struct url_parts *parts);

/* True when a server listens on the socket of `dir`. */
bool client_is_server_there(const char *dir);

/* Of https; each may be NULL: the system's authorities are trusted, and nothing is shown. */
struct transport_papers {
    const char *ca_file, *cert_file, *key_file;
};

/* ERR_UNAVAILABLE: nobody there, or no such host. ERR_CONFIG: the certificate is not trusted, or a
 * file of `papers` does not hold what it should. On failure there is nothing to close. */
enum status transport_local(struct transport *to, const char *dir, int patience_ms,
                            struct err *err);
enum status transport_url(struct transport *to, const char *url,
                          const struct transport_papers *papers, int patience_ms, struct err *err);
void transport_close(struct transport *to);

bool transport_send(struct transport *to, const char *text, size_t length);
/* Bytes; 0: the peer has closed; below 0: failed, or nothing came in time. */
ssize_t transport_receive(struct transport *to, char *into, size_t size);
/* Why one of the two failed. ERR_UNAVAILABLE: silent or gone. ERR_CONFIG: the server refuses our
 * certificate, or that we show none. */
enum status transport_say(struct transport *to, struct err *err);

#endif
