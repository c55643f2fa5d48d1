/* Request hygiene: what libmicrohttpd 0.9.75 hands to its callers although no honest client sends
 * it, and what request smuggling is made of. Everything here is answered and the connection closed,
 * because what follows on it cannot be trusted to begin where we think. */
#include "api/exchange.h"

#include <ctype.h>
#include <string.h>

/* Headers that may come once; two of them mean that somebody before us may have read the other. */
#define SINGLETON(text)                                                                            \
    {                                                                                              \
        .name = text, .length = sizeof text - 1                                                    \
    }
static const struct {
    const char *name;
    size_t length;
} singletons[] = {
    SINGLETON("Host"),
    SINGLETON("Content-Length"),
    SINGLETON("Transfer-Encoding"),
    SINGLETON("Content-Type"),
    SINGLETON("Authorization"),
    SINGLETON("Cookie"),
    SINGLETON("Origin"),
    SINGLETON("If-Match"),
    SINGLETON("X-CSRF-Token"),
    SINGLETON("Sec-Fetch-Site"),
    SINGLETON("Idempotency-Key"),
    SINGLETON("Upgrade"),
    SINGLETON("Sec-WebSocket-Key"),
    SINGLETON("Sec-WebSocket-Version"),
};
#undef SINGLETON
enum { SINGLETONS = sizeof singletons / sizeof singletons[0] };

struct header_scan {
    struct exchange *exchange;
    uint32_t seen[SINGLETONS];
    const char *wrong;
    const char *expected; /* where the next header's name must begin; see layout_check */
};

const char *header(const struct exchange *exchange, const char *name)
{
    size_t length = strlen(name);

    if (exchange->header_count < 0)
        return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
    for (int32_t i = 0; i < exchange->header_count; i++)
        if (exchange->headers[i].length == length &&
            strcasecmp(exchange->headers[i].name, name) == 0)
            return exchange->headers[i].value;
    return NULL;
}

static void header_note(struct exchange *exchange, const char *name, size_t length,
                        const char *value)
{
    int32_t at = exchange->header_count;

    if (at < 0 || at == HEADERS_NOTED) {
        exchange->header_count = -1;
        return;
    }
    exchange->headers[at].name = name;
    exchange->headers[at].value = value;
    exchange->headers[at].length = length;
    exchange->header_count = at + 1;
}

static bool is_token(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' &&
            (text[i] == '\0' || !strchr("!#$%&'*+.^_`|~", text[i])))
            return false;
    return length > 0;
}

static int singleton_find(const char *name, size_t length)
{
    for (int i = 0; i < SINGLETONS; i++)
        if (singletons[i].length == length && strcasecmp(name, singletons[i].name) == 0)
            return i;
    return -1;
}

static bool has_control(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
            return true;
    return false;
}

/* A bare LF as line end, a folded header line and a NUL inside a header leave no trace in the
 * strings we get. They do in where the strings lie: 0.9.75 cuts lines in place, CR and LF becoming
 * two NULs, so an honest line begins two bytes behind the end of the one before. Another version
 * may do otherwise; there the check is off.
 *
 * Two things leave the same NULs as CR LF would: NUL LF (where there is a front, it lets no NUL
 * through), and a line that begins with ":", which ends the head, and whose colon makes up for one
 * CR missing in it or before it. No proxy passes on a header without a name, so nothing can be
 * smuggled past one by that. */
static bool layout_is_known(void)
{
    static _Atomic int known; /* 0: not looked yet */

    if (known == 0)
        known = strncmp(MHD_get_version(), "0.9.75", 6) == 0 ? 1 : -1;
    return known > 0;
}

static void layout_check(struct header_scan *scan, const char *name, const char *value,
                         size_t value_length)
{
    if (!layout_is_known())
        return;
    if (scan->expected && name != scan->expected)
        scan->wrong = "a line that is folded, or ends without CR LF, or holds a NUL";
    scan->expected = value + value_length + 2;
}

static enum MHD_Result scan_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   size_t name_length, const char *value, size_t value_length)
{
    struct header_scan *scan = ctx;

    (void)kind;
    if (!is_token(name, name_length))
        scan->wrong = "a header name that is not a token";
    else if (!value || has_control(value, value_length))
        scan->wrong = "a control byte in a header";
    if (!value)
        return MHD_NO;
    layout_check(scan, name, value, value_length);
    header_note(scan->exchange, name, name_length, value);
    int at = singleton_find(name, name_length);
    if (at >= 0 && scan->seen[at]++)
        scan->wrong = "a header twice that may come once";
    return scan->wrong ? MHD_NO : MHD_YES;
}

static bool is_length(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits < 19 && text[digits] == '\0';
}

static enum status framing_check(struct exchange *exchange)
{
    const char *length = header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *encoding = header(exchange, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    struct err *err = &exchange->reply.err;

    if (length && encoding)
        return err_set(err, ERR_MALFORMED, "Content-Length and Transfer-Encoding together");
    if (length && !is_length(length))
        return err_set(err, ERR_MALFORMED, "Content-Length is not a number");
    if (encoding && strcasecmp(encoding, "chunked") != 0)
        return err_set(err, ERR_NOT_IMPLEMENTED, "only chunked Transfer-Encoding");
    return OK;
}

static bool method_is_known(const char *method)
{
    static const char *const known[] = {"GET",    "HEAD",    "POST",  "PUT",    "PATCH",
                                        "DELETE", "OPTIONS", "TRACE", "CONNECT"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(method, known[i]) == 0)
            return true;
    return false;
}

/* Blanks beyond one would hide a CR that is missing from the size of the head. */
static bool line_fits(const struct exchange *exchange, const char *version)
{
    const char *method = exchange->request.method, *uri = exchange->uri_lay;

    return !layout_is_known() ||
           (uri == method + strlen(method) + 1 && version == uri + exchange->uri_length + 1);
}

/* The last line has no next one to compare with; the size of the whole head tells. */
static bool size_fits(const struct exchange *exchange, const char *version, const char *end)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t request_line = strlen(exchange->request.method) + 1 + exchange->uri_length + 1;

    if (!layout_is_known() || !info)
        return true;
    return info->header_size == request_line + (size_t)(end - version) + 2;
}

static enum status scan_headers(struct exchange *exchange, const char *version)
{
    struct header_scan scan = {.exchange = exchange};

    if (layout_is_known())
        scan.expected = version + strlen(version) + 2;
    MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, scan_header, &scan);
    if (!scan.wrong && !line_fits(exchange, version))
        scan.wrong = "a request line without one blank between its parts";
    if (!scan.wrong && !size_fits(exchange, version, scan.expected))
        scan.wrong = "a line that does not end with CR LF";
    if (scan.wrong)
        return err_set(&exchange->reply.err, ERR_MALFORMED, scan.wrong);
    if (strcmp(version, MHD_HTTP_VERSION_1_1) == 0 && !header(exchange, MHD_HTTP_HEADER_HOST))
        return err_set(&exchange->reply.err, ERR_MALFORMED, "no Host");
    return OK;
}

static bool has_body(const struct exchange *exchange)
{
    const char *length = header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return header(exchange, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
           (length && strspn(length, "0") != strlen(length));
}

static bool takes_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

enum status hygiene_check(struct exchange *exchange, const char *method, const char *version)
{
    struct err *err = &exchange->reply.err;
    enum status status = scan_headers(exchange, version);

    if (status == OK)
        status = framing_check(exchange);
    if (status == OK && exchange->uri_length >= URI_MAX)
        status = err_set(err, ERR_MALFORMED, "address too long");
    if (status == OK && !is_token(method, strlen(method)))
        status = err_set(err, ERR_MALFORMED, "a method that is not a token");
    if (status == OK && !method_is_known(method))
        status = err_set(err, ERR_NOT_IMPLEMENTED, "no such method; they are written in capitals");
    if (status == OK && has_body(exchange) && !takes_body(method))
        status = err_set(err, ERR_MALFORMED, "this method takes no body");
    exchange->close_after = status != OK;
    return status;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool percent_decode(char *text)
{
    char *out = text;

    for (const char *at = text; *at; at++) {
        int byte = (unsigned char)*at;
        if (*at == '%') {
            int high = hex_value(at[1]), low = high < 0 ? -1 : hex_value(at[2]);
            if (low < 0)
                return false;
            byte = high * 16 + low;
            at += 2;
        }
        if (byte < 0x20 || byte > 0x7e)
            return false;
        *out++ = (char)byte;
    }
    *out = '\0';
    return true;
}

static enum status query_cut(struct exchange *exchange)
{
    struct err *err = &exchange->reply.err;

    for (char *at = exchange->query, *next; at && *at; at = next) {
        next = strchr(at, '&');
        if (next)
            *next++ = '\0';
        if (!*at)
            continue; /* two & in a row */
        if (exchange->arg_count == QUERY_ARGS)
            return err_set(err, ERR_MALFORMED, "too many query arguments");
        char *value = strchr(at, '=');
        if (value)
            *value++ = '\0';
        else
            value = at + strlen(at);
        for (char *plus = value; (plus = strchr(plus, '+'));)
            *plus = ' ';
        if (!percent_decode(at) || !percent_decode(value))
            return err_set(err, ERR_MALFORMED, "bad escape in the query");
        for (uint32_t i = 0; i < exchange->arg_count; i++)
            if (strcmp(exchange->args[i].name, at) == 0)
                return err_set(err, ERR_MALFORMED, "a query argument twice");
        exchange->args[exchange->arg_count++] = (struct query_arg){at, value};
    }
    return OK;
}

enum status hygiene_uri(struct exchange *exchange)
{
    char *question;

    if (exchange->uri[0] != '/' || strchr(exchange->uri, '#'))
        return err_set(&exchange->reply.err, ERR_MALFORMED, "the address must be a path");
    exchange->path = exchange->uri;
    question = strchr(exchange->uri, '?');
    if (question) {
        *question = '\0';
        exchange->query = question + 1;
    }
    return query_cut(exchange);
}
