#include "api/front/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL
#define SHAKE_NS (5 * SECOND_NS)
/* Longer than the stream's own patience with a client (10 s), which can say why. */
#define STALL_NS (15 * SECOND_NS)
#define LINGER_NS SECOND_NS

enum { LINGER_MAX = 1 << 20, CLIENT_BUFFER = 64 * 1024 };

static const char speaks_plain[] =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Type: application/problem+json\r\n"
    "Connection: close\r\n"
    "\r\n"
    "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"code\":\"malformed\","
    "\"detail\":\"this address speaks TLS only: write https:// (or wss://) instead\"}\n";

static void become(struct link *link, enum link_phase phase, int64_t now_ns)
{
    link->phase = phase;
    link->since_ns = now_ns;
}

bool link_open(struct link *link, SSL_CTX *context, int tcp, int64_t now_ns)
{
    int size = CLIENT_BUFFER, one = 1;

    link->ssl = SSL_new(context);
    if (!link->ssl || SSL_set_fd(link->ssl, tcp) != 1) {
        SSL_free(link->ssl);
        link->ssl = NULL;
        close(tcp);
        return false;
    }
    SSL_set_accept_state(link->ssl);
    setsockopt(tcp, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    link->tcp = tcp;
    link->plain = -1;
    link->tcp_events = link->plain_events = 0;
    link->wants_out = link->up_told = link->is_plain_deaf = false;
    link->stuck_ns = 0;
    link->answered_ns = now_ns;
    link->asked_ns = 0;
    link->is_upgraded = false;
    link->lingered = 0;
    link->up.start = link->up.length = link->down.start = link->down.length = 0;
    link->up.ended = link->down.ended = false;
    become(link, LINK_SHAKING, now_ns);
    return true;
}

static void plain_close(struct link *link)
{
    if (link->plain >= 0)
        close(link->plain); /* epoll forgets it */
    link->plain = -1;
    link->plain_events = 0;
}

void link_close(struct link *link)
{
    plain_close(link);
    SSL_free(link->ssl); /* does not own the socket */
    link->ssl = NULL;
    if (link->tcp >= 0)
        close(link->tcp);
    link->tcp = -1;
    link->tcp_events = 0;
    OPENSSL_cleanse(link->up.bytes, FLOW_MAX); /* may hold a password */
    OPENSSL_cleanse(link->down.bytes, FLOW_MAX);
    link->phase = LINK_FREE;
}

/* --- OpenSSL's answers --- */

enum answer { ANSWER_DONE, ANSWER_WAIT, ANSWER_ENDED, ANSWER_BROKEN };

static enum answer read_answer(struct link *link, int result)
{
    if (result == 1)
        return ANSWER_DONE;
    switch (SSL_get_error(link->ssl, result)) {
    case SSL_ERROR_WANT_WRITE:
        link->wants_out = true;
        return ANSWER_WAIT;
    case SSL_ERROR_WANT_READ:
        return ANSWER_WAIT;
    case SSL_ERROR_ZERO_RETURN:
        return ANSWER_ENDED;
    default:
        return ANSWER_BROKEN;
    }
}

static void linger(struct link *link, int64_t now_ns)
{
    plain_close(link);
    shutdown(link->tcp, SHUT_WR);
    link->wants_out = false;
    become(link, LINK_LINGERING, now_ns);
}

bool link_shake(struct link *link, int64_t now_ns)
{
    unsigned long error;

    ERR_clear_error();
    link->wants_out = false;
    switch (read_answer(link, SSL_do_handshake(link->ssl))) {
    case ANSWER_DONE:
        return true;
    case ANSWER_WAIT:
        return false;
    case ANSWER_ENDED:
    case ANSWER_BROKEN:
        break;
    }
    error = ERR_peek_error();
    ERR_clear_error();
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST)
        (void)!send(link->tcp, speaks_plain, sizeof speaks_plain - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    linger(link, now_ns); /* so that the client reads the alert that says why */
    return false;
}

void link_join(struct link *link, int plain, int64_t now_ns)
{
    link->plain = plain;
    link->answered_ns = now_ns;
    become(link, LINK_OPEN, now_ns);
}

/* --- up: from the client to libmicrohttpd --- */

static void up_took(struct link *link, int64_t now_ns)
{
    if (link->asked_ns == 0)
        link->asked_ns = now_ns;
    if (link->is_upgraded)
        return;
    for (char *at = link->up.bytes, *end = at + link->up.length;
         (at = memchr(at, '\0', (size_t)(end - at))); at++)
        *at = '\1';
}

static void up_read(struct link *link, int64_t now_ns)
{
    struct flow *up = &link->up;

    if (up->length > 0 || up->ended || link->is_plain_deaf)
        return;
    up->start = 0;
    ERR_clear_error();
    switch (read_answer(link, SSL_read_ex(link->ssl, up->bytes, FLOW_MAX, &up->length))) {
    case ANSWER_DONE:
        up_took(link, now_ns);
        return;
    case ANSWER_WAIT:
        up->length = 0;
        return;
    case ANSWER_ENDED:
        up->length = 0;
        up->ended = true;
        return;
    case ANSWER_BROKEN: /* cut off, or not what the key made: nothing more may be believed */
        up->length = 0;
        link->phase = LINK_DEAD;
        return;
    }
}

static void up_write(struct link *link)
{
    struct flow *up = &link->up;

    while (up->length > 0) {
        ssize_t sent =
            send(link->plain, up->bytes + up->start, up->length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (sent < 0) { /* it has closed; what it said before is still to be read */
            link->is_plain_deaf = true;
            up->length = 0;
            return;
        }
        up->start += (size_t)sent;
        up->length -= (size_t)sent;
    }
    if (up->ended && !link->up_told) {
        shutdown(link->plain, SHUT_WR);
        link->up_told = true;
    }
}

/* --- down: from libmicrohttpd to the client --- */

/* The stream's frames follow only when the client has read that they may. */
static void down_took(struct link *link, size_t length)
{
    static const char upgrades[] = "HTTP/1.1 101 ";

    link->down.length = length;
    if (length >= sizeof upgrades - 1 &&
        memcmp(link->down.bytes, upgrades, sizeof upgrades - 1) == 0)
        link->is_upgraded = true;
}

static void down_read(struct link *link)
{
    struct flow *down = &link->down;
    ssize_t got;

    if (down->length > 0 || down->ended)
        return;
    down->start = 0;
    got = recv(link->plain, down->bytes, FLOW_MAX, MSG_DONTWAIT);
    if (got > 0)
        down_took(link, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        down->ended = true;
}

static void down_write(struct link *link, int64_t now_ns)
{
    struct flow *down = &link->down;
    size_t written = 0;

    if (down->length == 0)
        return;
    ERR_clear_error();
    switch (read_answer(
        link, SSL_write_ex(link->ssl, down->bytes + down->start, down->length, &written))) {
    case ANSWER_DONE:
        down->start += written;
        down->length -= written;
        link->answered_ns = now_ns;
        link->asked_ns = 0;
        link->stuck_ns = down->length > 0 ? now_ns : 0;
        return;
    case ANSWER_WAIT:
        if (link->stuck_ns == 0)
            link->stuck_ns = now_ns;
        return;
    case ANSWER_ENDED:
    case ANSWER_BROKEN:
        link->phase = LINK_DEAD;
        return;
    }
}

/* All is said: so that the client can tell an end from a cut. */
static void say_goodbye(struct link *link, int64_t now_ns)
{
    ERR_clear_error();
    (void)SSL_shutdown(link->ssl); /* when the socket is full the FIN must do */
    ERR_clear_error();
    linger(link, now_ns);
}

static void throw_away(struct link *link)
{
    ssize_t got = recv(link->tcp, link->up.bytes, FLOW_MAX, MSG_DONTWAIT);

    if (got > 0)
        link->lingered += (size_t)got;
    if (got == 0 || link->lingered > LINGER_MAX ||
        (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        link->phase = LINK_DEAD;
}

void link_move(struct link *link, bool tcp, bool plain, int64_t now_ns)
{
    if (link->phase == LINK_LINGERING && tcp)
        throw_away(link);
    if (link->phase != LINK_OPEN)
        return;
    link->wants_out = false;
    if (tcp)
        up_read(link, now_ns);
    if (link->phase == LINK_OPEN)
        up_write(link);
    if (link->phase == LINK_OPEN && plain)
        down_read(link);
    if (link->phase == LINK_OPEN)
        down_write(link, now_ns);
    if (link->phase == LINK_OPEN && link->down.ended && link->down.length == 0)
        say_goodbye(link, now_ns);
}

int64_t link_waits_since_ns(const struct link *link)
{
    return link->asked_ns > link->answered_ns ? link->asked_ns : link->answered_ns;
}

void link_check(struct link *link, int64_t now_ns)
{
    int64_t age_ns = now_ns - link->since_ns;

    if ((link->phase == LINK_SHAKING && age_ns > SHAKE_NS) ||
        (link->phase == LINK_LINGERING && age_ns > LINGER_NS) ||
        (link->phase == LINK_OPEN && link->stuck_ns != 0 && now_ns - link->stuck_ns > STALL_NS))
        link->phase = LINK_DEAD;
}

uint32_t link_tcp_wants(const struct link *link)
{
    uint32_t events = link->wants_out ? EPOLLOUT : 0;

    if (link->phase == LINK_SHAKING || link->phase == LINK_LINGERING)
        return events | EPOLLIN;
    if (link->up.length == 0 && !link->up.ended && !link->is_plain_deaf)
        events |= EPOLLIN;
    if (link->down.length > 0)
        events |= EPOLLOUT;
    return events;
}

uint32_t link_plain_wants(const struct link *link)
{
    uint32_t events = 0;

    if (link->phase != LINK_OPEN)
        return 0;
    if (link->down.length == 0 && !link->down.ended)
        events |= EPOLLIN;
    if (link->up.length > 0)
        events |= EPOLLOUT;
    return events;
}
