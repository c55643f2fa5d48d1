#include "cli/transport.h"

#include "gateway/net/tls.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { WIRE_BYTES = 16384, WHY_MAX = 128 };

/* ------------------------------------------------------------------------------------ url */

static const char *past_scheme(const char *url, bool *is_tls)
{
    *is_tls = strncmp(url, "https://", 8) == 0;
    if (*is_tls)
        return url + 8;
    return strncmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

/* Where ":port" begins, or the end. */
static const char *port_at(const char *at, const char *end)
{
    const char *colon = end;

    while (colon > at && colon[-1] != ':' && colon[-1] != ']')
        colon--;
    return colon > at && colon[-1] == ':' ? colon - 1 : end;
}

bool url_cut(const char *url, struct url_parts *parts)
{
    const char *at = past_scheme(url, &parts->is_tls);
    const char *end = at ? at + strcspn(at, "/?#") : NULL;
    const char *colon = at ? port_at(at, end) : NULL;
    size_t digits = colon && colon < end ? strspn(colon + 1, "0123456789") : 0;

    if (!at || memchr(at, '@', (size_t)(end - at)) || end - at >= URL_HOST_MAX)
        return false;
    if (colon < end && (digits == 0 || digits > 5 || colon + 1 + digits != end))
        return false;
    snprintf(parts->authority, sizeof parts->authority, "%.*s", (int)(end - at), at);
    snprintf(parts->port, sizeof parts->port, "%.*s", (int)digits, digits ? colon + 1 : "");
    if (!digits)
        snprintf(parts->port, sizeof parts->port, "%s", parts->is_tls ? "443" : "80");
    if (*at == '[' && colon > at && colon[-1] == ']') {
        at++;
        colon--;
    }
    snprintf(parts->host, sizeof parts->host, "%.*s", (int)(colon - at), at);
    return parts->host[0] != '\0';
}

/* -------------------------------------------------------------------------------- connect */

/* Also bounds connect() itself. */
static void be_patient(int fd, int patience_ms)
{
    const struct timeval patience = {.tv_sec = patience_ms / 1000,
                                     .tv_usec = patience_ms % 1000 * 1000};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

/* By a descriptor of the directory: a path longer than sun_path holds works too. */
static int connect_local(const char *dir, int patience_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int connected = -1;

    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control.sock", dir_fd);
    if (dir_fd >= 0 && fd >= 0) {
        be_patient(fd, patience_ms);
        connected = connect(fd, (struct sockaddr *)&address, sizeof address);
    }
    if (dir_fd >= 0)
        close(dir_fd);
    if (connected == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

bool client_is_server_there(const char *dir)
{
    int fd = connect_local(dir, 10000);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

enum status transport_local(struct transport *to, const char *dir, int patience_ms, struct err *err)
{
    *to = (struct transport){.fd = connect_local(dir, patience_ms), .patience_ms = patience_ms};
    snprintf(to->name, sizeof to->name, "%s/control.sock", dir);
    if (to->fd >= 0)
        return OK;
    if (access(dir, X_OK) != 0)
        return err_format(err, ERR_UNAVAILABLE, "%s: %s", dir, strerrordesc_np(errno));
    return err_format(err, ERR_UNAVAILABLE,
                      "no server runs in %s; start one: pitwall run --config FILE --data %s", dir,
                      dir);
}

/* Why connect() failed. Waiting ends with EINPROGRESS where the wait is bounded. */
static void say_connect(int error, int patience_ms, char why[WHY_MAX])
{
    if (error == EINPROGRESS || error == EAGAIN || error == ETIMEDOUT)
        snprintf(why, WHY_MAX, "no answer within %g s", patience_ms / 1000.0);
    else
        snprintf(why, WHY_MAX, "%s", strerrordesc_np(error));
}

static int connect_tcp(const struct url_parts *url, int patience_ms, char why[WHY_MAX])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int fd = -1, failed = getaddrinfo(url->host, url->port, &hints, &found);

    if (failed != 0) {
        snprintf(why, WHY_MAX, "%s", gai_strerror(failed));
        return -1;
    }
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        be_patient(fd, patience_ms);
        if (connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            say_connect(errno, patience_ms, why);
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

/* ------------------------------------------------------------------------------------ tls */

static bool send_plain(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static ssize_t receive_plain(int fd, char *into, size_t size)
{
    ssize_t received;

    do
        received = recv(fd, into, size, 0);
    while (received < 0 && errno == EINTR);
    return received;
}

static bool tls_flush(struct transport *to)
{
    char wire[WIRE_BYTES];
    size_t length;

    while ((length = tls_drain(to->tls, wire, sizeof wire)) > 0)
        if (!send_plain(to->fd, wire, length))
            return false;
    return true;
}

/* More from the wire; as recv(). */
static ssize_t tls_fill(struct transport *to)
{
    char wire[WIRE_BYTES];
    ssize_t received = receive_plain(to->fd, wire, sizeof wire);

    if (received > 0 && !tls_feed(to->tls, wire, (size_t)received))
        return -1;
    return received;
}

static bool is_silence(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK;
}

static enum status say_refused(const struct transport *to, struct err *err)
{
    if (!to->shows_certificate)
        return err_format(err, ERR_CONFIG,
                          "%s wants a certificate of yours (mutual TLS): --cert FILE --key FILE",
                          to->name);
    return err_format(err, ERR_CONFIG, "%s does not take the certificate of --cert: %s", to->name,
                      tls_why(to->tls));
}

/* An alert of the server's is about certificates; one that is cut off by it may have been. */
enum status transport_say(struct transport *to, struct err *err)
{
    if (is_silence(to->error))
        return err_format(err, ERR_UNAVAILABLE, "%s has not answered within %g s", to->name,
                          to->patience_ms / 1000.0);
    if (to->tls && to->error == 0 && strstr(tls_why(to->tls), "alert"))
        return say_refused(to, err);
    return err_format(err, ERR_UNAVAILABLE, "%s ended the connection without an answer%s", to->name,
                      to->tls && !to->shows_certificate
                          ? "; where it wants a certificate of yours: --cert FILE --key FILE"
                          : "");
}

static enum status handshake(struct transport *to, const char *url, struct err *err)
{
    enum tls_result result;

    while ((result = tls_shake(to->tls)) == TLS_BLOCKED) {
        errno = 0;
        if (!tls_flush(to) || tls_fill(to) <= 0)
            return is_silence(to->error = errno)
                       ? transport_say(to, err)
                       : err_format(err, ERR_UNAVAILABLE,
                                    "%s: the TLS handshake broke off; does it speak https?", url);
    }
    if (result == TLS_FINE && tls_flush(to))
        return OK;
    (void)tls_flush(to); /* the alert says it to the other side */
    return err_format(err, ERR_CONFIG, "%s: %s; --ca-file FILE names whom to trust", url,
                      tls_why(to->tls));
}

enum status transport_url(struct transport *to, const char *url,
                          const struct transport_papers *papers, int patience_ms, struct err *err)
{
    struct url_parts parts;
    char why[WHY_MAX] = "no address";
    enum status status = OK;

    *to = (struct transport){
        .fd = -1, .patience_ms = patience_ms, .shows_certificate = papers->cert_file != NULL};
    snprintf(to->name, sizeof to->name, "%s", url);
    if (!url_cut(url, &parts))
        return err_format(err, ERR_USAGE, "%s: not an address like http://HOST:PORT", url);
    to->fd = connect_tcp(&parts, patience_ms, why);
    if (to->fd < 0)
        return err_format(err, ERR_UNAVAILABLE, "nobody answers at %s: %s", url, why);
    if (!parts.is_tls)
        return OK;
    status = tls_trust_open(&to->trust, papers->ca_file ? papers->ca_file : "", err);
    if (status == OK && papers->cert_file)
        status = tls_trust_show(to->trust, papers->cert_file, papers->key_file, err);
    if (status == OK && !(to->tls = tls_open(to->trust, parts.host)))
        status = err_set(err, ERR_INTERNAL, "no memory for TLS");
    if (status == OK)
        status = handshake(to, url, err);
    if (status != OK)
        transport_close(to);
    return status;
}

void transport_close(struct transport *to)
{
    if (to->tls)
        tls_close(to->tls);
    if (to->trust)
        tls_trust_close(to->trust);
    if (to->fd >= 0)
        close(to->fd);
    *to = (struct transport){.fd = -1};
}

/* ----------------------------------------------------------------------------------- bytes */

static ssize_t receive_tls(struct transport *to, char *into, size_t size)
{
    size_t got = 0;

    for (;;) {
        enum tls_result result = tls_read(to->tls, into, size, &got);
        ssize_t filled;

        if (result == TLS_FINE)
            return (ssize_t)got;
        if (result != TLS_BLOCKED) {
            errno = 0;
            return result == TLS_ENDED ? 0 : -1;
        }
        if (!tls_flush(to) || (filled = tls_fill(to)) < 0)
            return -1;
        if (filled == 0) {
            errno = ECONNRESET; /* cut off: what came may not be all */
            return -1;
        }
    }
}

ssize_t transport_receive(struct transport *to, char *into, size_t size)
{
    ssize_t received = to->tls ? receive_tls(to, into, size) : receive_plain(to->fd, into, size);

    if (received < 0)
        to->error = errno;
    return received;
}

bool transport_send(struct transport *to, const char *text, size_t length)
{
    char alert[1];

    errno = 0;
    if (!to->tls ? send_plain(to->fd, text, length)
                 : length == 0 || (tls_write(to->tls, text, length) && tls_flush(to)))
        return true;
    to->error = errno;
    if (to->tls && !is_silence(to->error))
        (void)transport_receive(to, alert, sizeof alert); /* who hangs up may have said why */
    return false;
}
