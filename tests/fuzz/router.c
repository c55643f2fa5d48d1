/* Fuzz target: the address of a request. Whatever it is, the router says what a plain matcher says
 * that walks the rows one by one; what it hands out is printable and named by the row; and the same
 * arguments, every byte escaped, reach the same row: an escape is never a way around one. */
#include "api/exchange.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* What the router says it takes; of more it finds nothing. */
enum { PARTS_MAX = 16 };

struct parts {
    uint32_t count;
    char *text[PARTS_MAX]; /* decoded */
};

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

/* ---- the plain matcher --------------------------------------------------------------------- */

static int digit_of(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

    return found ? (int)(found - digits) : -1;
}

/* NULL: an escape is broken, or hides what is no printable ASCII. */
static char *decoded(const char *from, size_t length)
{
    char *text = calloc(1, length + 1), *out = text;

    assert(text != NULL);
    for (size_t at = 0; at < length; at++) {
        int byte = (unsigned char)from[at];
        if (byte == '%') {
            int high = at + 2 < length ? digit_of(from[at + 1]) : -1;
            int low = at + 2 < length ? digit_of(from[at + 2]) : -1;
            byte = high < 0 || low < 0 ? 0 : high * 16 + low;
            at += 2;
        }
        if (byte < 0x20 || byte > 0x7e) {
            free(text);
            return NULL;
        }
        *out++ = (char)byte;
    }
    return text;
}

static void parts_free(struct parts *parts)
{
    for (uint32_t at = 0; at < parts->count; at++)
        free(parts->text[at]);
}

/* ERR_MALFORMED: a part cannot be read. ERR_NOT_FOUND: there are too many. */
static enum status parts_cut(const char *path, struct parts *parts)
{
    *parts = (struct parts){0};
    for (const char *at = path; *at == '/';) {
        size_t length = strcspn(at + 1, "/");
        char *text = decoded(at + 1, length);

        if (!text)
            return ERR_MALFORMED;
        if (parts->count == PARTS_MAX) {
            free(text);
            return ERR_NOT_FOUND;
        }
        parts->text[parts->count++] = text;
        at += 1 + length;
    }
    return OK;
}

/* How many parts are literal, -1: not this row. The parts of its arguments joined into `args`. */
static int walk(const char *row, const struct parts *parts, uint32_t at, char args[][URI_MAX],
                uint32_t arg)
{
    size_t length = *row ? strcspn(row + 1, "/") : 0;
    const char *rest = row + (*row ? 1 + length : 0);
    int best = -1;

    if (*row == '\0')
        return at == parts->count ? 0 : -1;
    if (at == parts->count)
        return -1;
    if (row[1] != '{') {
        bool same =
            strlen(parts->text[at]) == length && strncmp(row + 1, parts->text[at], length) == 0;
        best = same ? walk(rest, parts, at + 1, args, arg) : -1;
        return best < 0 ? -1 : best + 1;
    }
    args[arg][0] = '\0';
    for (uint32_t end = at; end < parts->count; end++) {
        if (parts->text[end][0] == '\0')
            return -1;
        strcat(strcat(args[arg], end == at ? "" : "/"), parts->text[end]);
        if ((best = walk(rest, parts, end + 1, args, arg + 1)) >= 0)
            return best;
        if (strncmp(row + 1, "{scope}", length) != 0)
            return -1;
    }
    return -1;
}

static bool is_served(const struct route *route, bool kill_listener, bool local)
{
    static const char *const kills[] = {"/health/live", "/api/v1/kill", "/api/v1/kill/{incident}"};
    bool is_kill = false;

    for (size_t at = 0; at < sizeof kills / sizeof kills[0]; at++)
        is_kill |= strcmp(route->path, kills[at]) == 0;
    return kill_listener ? is_kill : local || !route->only_local;
}

static bool answers(const struct route *route, const char *method)
{
    bool head = strcmp(method, "HEAD") == 0 && route->where != WHERE_STREAM;

    return strcmp(route->method, head ? "GET" : method) == 0;
}

/* The row that a plain walk finds; NULL with *exists: the path has other methods. */
static const struct route *plain_find(const char *method, const struct parts *parts,
                                      bool kill_listener, bool local, bool *exists)
{
    static char args[ROUTE_ARGS + 1][URI_MAX];
    const struct route *found = NULL;
    int best = -1;

    for (uint32_t at = 0; at < ROUTES_MAX; at++)
        if (is_served(&routes[at], kill_listener, local)) {
            int literals = walk(routes[at].path, parts, 0, args, 0);
            best = literals > best ? literals : best;
        }
    *exists = best >= 0;
    for (uint32_t at = 0; *exists && at < ROUTES_MAX; at++)
        if (is_served(&routes[at], kill_listener, local) && answers(&routes[at], method) &&
            walk(routes[at].path, parts, 0, args, 0) == best) {
            assert(!found); /* two rows never answer the same */
            found = &routes[at];
        }
    return found;
}

/* ---- what must hold ------------------------------------------------------------------------ */

static void write_escaped(char **out, const char *text)
{
    for (; *text; text++) {
        *(*out)++ = '%';
        *(*out)++ = "0123456789ABCDEF"[(unsigned char)*text >> 4];
        *(*out)++ = "0123456789abcdef"[(unsigned char)*text & 15];
    }
}

/* The row with its arguments escaped byte by byte, slashes too. */
static void find_escaped(const char *method, const struct route_match *match, bool kill_listener,
                         bool local)
{
    static char path[4 * URI_MAX];
    struct route_match again;
    char *out = path;
    uint32_t arg = 0;
    enum status status;

    for (const char *row = match->route->path; *row;) {
        size_t length = 1 + strcspn(row + 1, "/");

        *out++ = '/';
        if (row[1] == '{')
            write_escaped(&out, match->arg[arg++]);
        else
            out = (char *)memcpy(out, row + 1, length - 1) + length - 1;
        row += length;
    }
    *out = '\0';
    status = route_find(method, path, kill_listener, local, &again);
    assert(status == OK && again.route == match->route);
    for (uint32_t at = 0; at < arg; at++)
        assert(strcmp(again.arg[at], match->arg[at]) == 0);
}

static void check_route(const char *method, const char *asked, bool kill_listener, bool local)
{
    struct route_match match;
    struct parts parts;
    bool exists = false;
    enum status expected = parts_cut(asked, &parts);
    const struct route *plain =
        expected == OK ? plain_find(method, &parts, kill_listener, local, &exists) : NULL;
    char *path = strdup(asked);
    enum status status = route_find(method, path, kill_listener, local, &match);

    fuzz_trace("said %s", status_code(status));
    if (expected == OK && !plain)
        expected = exists ? ERR_METHOD : ERR_NOT_FOUND;
    assert(status == expected && match.route == plain);
    assert((status == ERR_METHOD) == (!plain && match.allow[0] != '\0'));
    if (status == OK) {
        for (uint32_t at = 0; at < ROUTE_ARGS && match.arg[at]; at++)
            assert(match.arg[at][0] && is_printable(match.arg[at]));
        find_escaped(method, &match, kill_listener, local);
    }
    parts_free(&parts);
    free(path);
}

static bool names(const struct route *route, const char *name)
{
    char list[256], *rest = list;

    assert(strlen(route->query) < sizeof list);
    strcpy(list, route->query);
    for (char *word; (word = strsep(&rest, " "));)
        if (strcmp(word, name) == 0 && *name)
            return true;
    return false;
}

static void check_arguments(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct err err;
    uint64_t cursor = 4711;
    uint32_t limit = 4711;

    assert(exchange->arg_count <= QUERY_ARGS);
    for (uint32_t at = 0; at < exchange->arg_count; at++) {
        assert(is_printable(exchange->args[at].name) && is_printable(exchange->args[at].value));
        assert(request_query(request, exchange->args[at].name) == exchange->args[at].value);
    }
    if (request_page(request, &limit, &cursor, &err) == OK)
        assert(limit >= 1 && limit <= 1000);
    for (uint32_t row = 0; row < ROUTES_MAX; row++) {
        bool known = true;

        exchange->route = &routes[row];
        for (uint32_t at = 0; at < exchange->arg_count; at++)
            known &= names(exchange->route, exchange->args[at].name);
        assert((arguments_check(exchange) == OK) == known);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const methods[] = {"GET",    "HEAD",    "POST",  "PUT",    "PATCH",
                                          "DELETE", "OPTIONS", "TRACE", "CONNECT"};
    static struct exchange exchange;
    struct bytes in = {.at = data, .left = size};
    uint8_t how = take_byte(&in);
    const char *method = methods[how % (sizeof methods / sizeof methods[0])];
    char *uri = strndup((const char *)in.at, in.left < URI_MAX ? in.left : URI_MAX - 1);
    enum status status;

    assert(uri != NULL);
    memset(&exchange, 0, sizeof exchange);
    exchange.request.exchange = &exchange;
    exchange.uri = uri;
    exchange.uri_length = strlen(uri);
    status = hygiene_uri(&exchange);
    assert(status == OK || status == ERR_MALFORMED);
    if (status == OK) {
        check_route(method, exchange.path, how & 64, how & 128);
        check_arguments(&exchange);
    }
    free(uri);
    return 0;
}
