/* Fuzz target: what comes in on a connection before a body, through libmicrohttpd as the listeners
 * have it, to everything that looks at it. A head that hygiene takes is one that a strict reader
 * takes too, header by header, so that nobody before us can have read another one; nobody unknown
 * is let in by any head; no coding, tag, version or origin is seen in it that is not there. */
#include "api/exchange.h"
#include "api/negotiate.h"
#include "control/access.h"
#include "fuzz/fuzz.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 4096, STEPS = 4, MEMORY_MAX = 16 * 1024 };

static struct listener listener;
static struct exchange exchange;
static char head[HEAD_MAX + 1];
static size_t head_length;

/* ---- a strict reader ----------------------------------------------------------------------- */

static bool is_value(const char *text, size_t length)
{
    for (size_t at = 0; at < length; at++)
        if (((unsigned char)text[at] < 0x20 && text[at] != '\t') || text[at] == 0x7f)
            return false;
    return true;
}

/* A name of RFC 9110, 5.6.2. */
static bool is_name(const char *text, size_t length)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (size_t at = 0; at < length; at++) {
        char low = (char)(text[at] | 32);
        bool plain = (low >= 'a' && low <= 'z') || (text[at] >= '0' && text[at] <= '9');

        if (!plain && !memchr(marks, text[at], sizeof marks - 1))
            return false;
    }
    return length > 0;
}

static size_t trim_end(const char *text, size_t length)
{
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return length;
}

/* The line at `at` without its CR LF; it must have one, and neither alone within. */
static size_t line_length(const char *at)
{
    const char *end = memmem(at, (size_t)(head + head_length - at), "\r\n", 2);
    size_t length;

    assert(end != NULL);
    length = (size_t)(end - at);
    assert(!memchr(at, '\n', length) && !memchr(at, '\r', length));
    return length;
}

static void check_line(const char *line, size_t length, const char *name, const char *value)
{
    const char *colon = memchr(line, ':', length);
    size_t named = colon ? (size_t)(colon - line) : 0, left;

    assert(is_name(line, named) && strlen(name) == named && memcmp(name, line, named) == 0);
    line += named + 1;
    left = length - named - 1;
    assert(is_value(line, left));
    while (left > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        left--;
    }
    left = trim_end(line, left);
    assert(trim_end(value, strlen(value)) == left && memcmp(value, line, left) == 0);
}

/* What was taken is what stands there. */
static void check_head(const char *method, const char *version)
{
    const char *at = head;
    char line[HEAD_MAX + 1];
    size_t length;

    /* RFC 9112, 2.2: empty lines before it are nothing, also those that end by LF alone. */
    while (at[0] == '\n' || (at[0] == '\r' && at[1] == '\n'))
        at += at[0] == '\n' ? 1 : 2;
    length = line_length(at);
    (void)snprintf(line, sizeof line, "%s %s %s", method, exchange.uri, version);
    assert(strlen(line) == length && memcmp(line, at, length) == 0);
    for (int32_t header_at = 0; header_at < exchange.header_count; header_at++) {
        at += length + 2;
        length = line_length(at);
        check_line(at, length, exchange.headers[header_at].name, exchange.headers[header_at].value);
    }
    at += length + 2;
    assert(exchange.header_count < 0 || line_length(at) == 0);
}

/* ---- what is made of it -------------------------------------------------------------------- */

static void check_negotiation(void)
{
    const char *encodings = header(&exchange, "Accept-Encoding");
    const char *tags = header(&exchange, "If-None-Match");
    const char *version_text = header(&exchange, "If-Match");
    char again[32];
    uint64_t version = 4711;

    if (accepts_gzip(encodings))
        assert(strcasestr(encodings, "gzip") || strchr(encodings, '*'));
    if (none_match_names(tags, "ab12-gzip"))
        assert(strstr(tags, "\"ab12-gzip\"") || strchr(tags, '*'));
    if (!version_text || !match_version(version_text, &version)) {
        assert(version == 4711);
        return;
    }
    (void)snprintf(again, sizeof again, "\"%llu\"", (unsigned long long)version);
    assert(strcmp(version_text + 1 + strspn(version_text + 1, "0"), again + 1) == 0 ||
           version == 0);
}

static bool is_foreign(void)
{
    const char *site = header(&exchange, "Sec-Fetch-Site"), *origin = header(&exchange, "Origin");
    const char *host = header(&exchange, "Host");
    const char *scheme = listener.is_tls ? "https://" : "http://"; /* browsers say it in small */
    size_t length = strlen(scheme);

    return (site && (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0)) ||
           (origin && (!host || strncmp(origin, scheme, length) != 0 ||
                       strcasecmp(origin + length, host) != 0));
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Without TLS nothing but this machine's names passes. */
static void check_host(void)
{
    const char *host = header(&exchange, "Host");
    enum status status = host_check(&exchange);

    assert(status == OK || status == ERR_FOREIGN_ORIGIN);
    if (status != OK)
        assert(host && !listener.is_tls);
    else if (host && !listener.is_tls)
        assert(begins(host, "localhost") || begins(host, "127.") || begins(host, "[::1]") ||
               begins(host, "::1"));
}

static void check_access(void)
{
    check_host();
    for (uint32_t row = 0; row < ROUTES_MAX; row++) {
        enum status status;

        exchange.route = &routes[row];
        exchange.request.actor = (struct actor){0};
        status = auth_check(&exchange);
        assert(exchange.request.actor.role == ROLE_NONE);
        assert(status != OK || routes[row].role == ROUTE_NONE);
        assert(status == OK || status == ERR_UNAUTHENTICATED || status == ERR_FOREIGN_ORIGIN);
        if (strcmp(routes[row].method, "GET") != 0)
            assert((status == ERR_FOREIGN_ORIGIN) == is_foreign());
    }
    exchange.route = NULL;
}

/* ---- the connection ------------------------------------------------------------------------ */

static void *on_uri(void *ctx, const char *uri, struct MHD_Connection *connection)
{
    (void)ctx;
    memset(&exchange, 0, sizeof exchange);
    exchange.listener = &listener;
    exchange.connection = connection;
    exchange.request.access = listener.http->sources.access;
    exchange.request.exchange = &exchange;
    exchange.uri = strdup(uri);
    exchange.uri_length = strlen(uri);
    exchange.uri_lay = uri;
    return &exchange;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **slot)
{
    enum status status;

    (void)ctx, (void)connection, (void)url, (void)data, (void)size;
    assert(*slot == &exchange && exchange.uri);
    exchange.request.method = method;
    status = hygiene_check(&exchange, method, version);
    fuzz_trace("said %s %s", status_code(status), exchange.reply.err.text);
    assert(status == OK || status == ERR_MALFORMED || status == ERR_NOT_IMPLEMENTED);
    if (status == OK) {
        /* Some NULs cannot be told from CR LF: libmicrohttpd puts NULs there before we look. */
        /* A line that begins with a colon likewise. And a CR in the address is the router's to
         * refuse (target router). */
        if (!memchr(head, '\0', head_length) && !strchr(exchange.uri, '\r') &&
            !memmem(head, head_length, "\n:", 2))
            check_head(method, version);
        check_negotiation();
        check_access();
    }
    return MHD_NO; /* and that was it */
}

static void on_end(void *ctx, struct MHD_Connection *connection, void **slot,
                   enum MHD_RequestTerminationCode how)
{
    (void)ctx, (void)connection, (void)slot, (void)how;
    free(exchange.uri);
    exchange.uri = NULL;
}

static void on_log(void *ctx, const char *format, va_list values)
{
    (void)ctx, (void)format, (void)values;
}

static size_t leave_escaped(void *ctx, struct MHD_Connection *connection, char *text)
{
    (void)ctx, (void)connection;
    return strlen(text);
}

/* Nobody has an account there. */
static struct access *nobody(void)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char dir[] = "/tmp/pitwall-fuzz-XXXXXX", file[64];
    struct access *access = NULL;
    struct err err;
    bool made = sodium_init() >= 0 && mkdtemp(dir);

    assert(made && access_open(&access, dir, &err) == OK);
    for (int at = 0; at < 3; at++) {
        (void)snprintf(file, sizeof file, "%s/access.db%s", dir, tails[at]);
        unlink(file);
    }
    rmdir(dir);
    return access;
}

static struct MHD_Daemon *the_daemon(void)
{
    static struct http http;
    static struct config config;
    static struct MHD_Daemon *daemon;

    if (daemon)
        return daemon;
    http.sources.access = nobody();
    http.sources.config = &config;
    listener.http = &http;
    daemon = MHD_start_daemon(
        MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_UPGRADE, 0, NULL, NULL, on_request,
        NULL, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX, MHD_OPTION_URI_LOG_CALLBACK, on_uri,
        NULL, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        on_end, NULL, MHD_OPTION_END);
    assert(daemon != NULL);
    return daemon;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct MHD_Daemon *daemon = the_daemon();
    struct bytes in = {.at = data, .left = size};
    uint8_t how = take_byte(&in);
    struct sockaddr_storage nowhere = {.ss_family = AF_UNIX};
    int pair[2];
    ssize_t sent;

    listener.kind = how & 1 ? LISTENER_KILL : LISTENER_MAIN;
    listener.is_tls = how & 2;
    head_length = in.left < HEAD_MAX ? in.left : HEAD_MAX;
    if (head_length > 0)
        memcpy(head, in.at, head_length);
    head[head_length] = '\0';
    sent = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    assert(sent == 0);
    sent = send(pair[1], head, head_length, MSG_NOSIGNAL);
    assert(sent == (ssize_t)head_length);
    shutdown(pair[1], SHUT_WR);
    if (MHD_add_connection(daemon, pair[0], (struct sockaddr *)&nowhere, sizeof nowhere) == MHD_YES)
        for (int step = 0; step < STEPS; step++)
            MHD_run(daemon);
    close(pair[1]);
    MHD_run(daemon);
    on_end(NULL, NULL, NULL, MHD_REQUEST_TERMINATED_WITH_ERROR); /* not always told: http.c */
    return 0;
}
