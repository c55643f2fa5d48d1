/* Listening sockets, made here and handed to libmicrohttpd: so that a port in use is said plainly,
 * port 0 can be answered with the number it became; nothing plain is ever bound off loopback. */
#include "api/exchange.h"

#include "thread/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * The kernel takes no more of an answer at a time: one pass over 300 clients who ask for a long
 * page at once would copy 297 kB for each, 0.4 s in which the main listener does not kill
 * (measured), and keep it for who does not read.
 */
enum { BACKLOG = 256, SEND_BUFFER = 64 * 1024 };

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080". */
bool address_cut(const char *address, char host[64], char port[8])
{
    const char *colon = strrchr(address, ':');
    size_t length = colon ? (size_t)(colon - address) : 0;

    if (!colon || length == 0 || length >= 64 || strlen(colon + 1) >= 8 || !colon[1])
        return false;
    if (address[0] == '[' && address[length - 1] == ']')
        snprintf(host, 64, "%.*s", (int)length - 2, address + 1);
    else
        snprintf(host, 64, "%.*s", (int)length, address);
    snprintf(port, 8, "%s", colon + 1);
    return port[strspn(port, "0123456789")] == '\0';
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >>
                24) == 127;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static enum status bind_tcp(const char *address, bool is_tls, const struct addrinfo *found, int *fd,
                            struct err *err)
{
    int one = 1, send_buffer = SEND_BUFFER;

    if (!is_tls && !is_loopback(found->ai_addr)) /* a name that only sounds like loopback */
        return err_format(err, ERR_CONFIG,
                          "%s: plain HTTP off loopback is refused; set tls.always: true", address);
    *fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return err_format(err, ERR_UNAVAILABLE, "%s: %s", address, strerror(errno));
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(*fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer); /* inherited */
    if (bind(*fd, found->ai_addr, found->ai_addrlen) == 0 && listen(*fd, BACKLOG) == 0)
        return OK;
    err_format(err, ERR_UNAVAILABLE, "%s: %s", address, strerror(errno));
    close(*fd);
    return ERR_UNAVAILABLE;
}

static void url_print(int fd, bool is_tls, char url[96])
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound = {0};
    socklen_t length = sizeof bound;
    char host[INET6_ADDRSTRLEN];
    const char *scheme = is_tls ? "https" : "http";

    getsockname(fd, &bound.any, &length);
    if (bound.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &bound.v6.sin6_addr, host, sizeof host);
        snprintf(url, 96, "%s://[%s]:%u", scheme, host, ntohs(bound.v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &bound.v4.sin_addr, host, sizeof host);
        snprintf(url, 96, "%s://%s:%u", scheme, host, ntohs(bound.v4.sin_port));
    }
}

enum status listen_tcp(const char *address, bool is_tls, int *fd, char url[96], struct err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[64], port[8];
    enum status status;

    if (!address_cut(address, host, port) || getaddrinfo(host, port, &hints, &found) != 0)
        return err_format(err, ERR_CONFIG, "%s: not an address; write HOST:PORT", address);
    status = bind_tcp(address, is_tls, found, fd, err);
    freeaddrinfo(found);
    if (status == OK)
        url_print(*fd, is_tls, url);
    return status;
}

enum status listen_local(const char *dir, int *fd, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/control.sock", dir);

    if (length < 0 || (size_t)length >= sizeof address.sun_path)
        return err_format(err, ERR_CONFIG,
                          "%s: the path is too long for a Unix socket (at most 94 bytes)", dir);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return err_format(err, ERR_UNAVAILABLE, "%s: %s", address.sun_path, strerror(errno));
    /* Nobody else runs in this directory (it is locked): what lies here is a dead process's. */
    unlink(address.sun_path);
    fchmod(*fd, 0600);
    if (bind(*fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        chmod(address.sun_path, 0600) == 0 && listen(*fd, BACKLOG) == 0)
        return OK;
    err_format(err, ERR_UNAVAILABLE, "%s: %s", address.sun_path, strerror(errno));
    close(*fd);
    return ERR_UNAVAILABLE;
}

void listen_local_remove(const char *dir)
{
    char path[512];

    snprintf(path, sizeof path, "%s/control.sock", dir);
    unlink(path);
}

void listen_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < DESCRIPTORS_WANTED)
        log_line(LOG_WARN, "http", "fewer file descriptors than connections want",
                 "limit=%llu wanted=%d do=\"raise LimitNOFILE or ulimit -Hn\"",
                 (unsigned long long)limit.rlim_cur, DESCRIPTORS_WANTED);
}
