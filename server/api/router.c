#include "api/router.h"

#include "api/exchange.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

enum { SEGMENTS_MAX = 16 };

#define ROUTE(verb, template, needs, runs, sure, bytes, names, function, about)                    \
    {.method = #verb,                                                                              \
     .path = template,                                                                             \
     .role = ROUTE_##needs,                                                                        \
     .where = WHERE_##runs,                                                                        \
     .confirm = CONFIRM_##sure,                                                                    \
     .query = names,                                                                               \
     .body_max = (bytes),                                                                          \
     .handler = handle_##function,                                                                 \
     .says = about,                                                                                \
     .only_local = LOCAL},

const struct route routes[ROUTES_MAX] = {
#define LOCAL false
#include "tables/routes.def"
#undef LOCAL
#define LOCAL true
#include "tables/local_routes.def"
#undef LOCAL
};
#undef ROUTE

struct segments {
    uint32_t count;
    char *text[SEGMENTS_MAX]; /* decoded */
    size_t length[SEGMENTS_MAX];
};

/* "/a/b" -> "a", "b". An empty segment fits no row, so it is ERR_NOT_FOUND. */
static enum status segments_cut(char *path, struct segments *segments)
{
    *segments = (struct segments){0};
    if (*path != '/')
        return ERR_MALFORMED;
    for (char *at = path + 1, *next; at; at = next) {
        next = strchr(at, '/');
        if (next)
            *next++ = '\0';
        if (!percent_decode(at))
            return ERR_MALFORMED;
        if (segments->count == SEGMENTS_MAX)
            return ERR_NOT_FOUND;
        segments->length[segments->count] = strlen(at);
        segments->text[segments->count++] = at;
    }
    return OK;
}

static const char *template_next(const char *at, size_t *length)
{
    const char *end = strchr(at, '/');

    *length = end ? (size_t)(end - at) : strlen(at);
    return end ? end + 1 : NULL;
}

static uint32_t template_count(const char *at)
{
    uint32_t count = 0;
    size_t length;

    for (; at; count++)
        at = template_next(at, &length);
    return count;
}

struct fit {
    int literals; /* -1: does not fit */
    struct {
        uint32_t first, count;
    } arg[ROUTE_ARGS];
};

/* Walks template and segments together; {scope} takes all that the rest of the template leaves. */
static struct fit route_fit(const char *template, const struct segments *segments)
{
    struct fit fit = {.literals = 0};
    uint32_t at = 0, args = 0;
    size_t length;

    for (const char *part = template + 1, *next; part; part = next) {
        next = template_next(part, &length);
        uint32_t left = template_count(next);
        if (at + left >= segments->count)
            return (struct fit){.literals = -1};
        if (*part == '{') {
            bool many = strncmp(part, "{scope}", length) == 0;
            uint32_t takes = many ? segments->count - at - left : 1;
            assert(args < ROUTE_ARGS);
            fit.arg[args].first = at;
            fit.arg[args++].count = takes;
            at += takes;
            continue;
        }
        assert(segments->text[at]);
        if (segments->length[at] != length || memcmp(segments->text[at], part, length) != 0)
            return (struct fit){.literals = -1};
        fit.literals++;
        at++;
    }
    if (at != segments->count)
        fit.literals = -1;
    for (uint32_t i = 0; i < args; i++)
        for (uint32_t j = 0; j < fit.arg[i].count; j++)
            if (segments->length[fit.arg[i].first + j] == 0)
                fit.literals = -1;
    return fit;
}

/* Joins the segments of an argument again by slashes; they lie one behind the other. */
static char *arg_join(const struct segments *segments, uint32_t first, uint32_t count)
{
    char *end = segments->text[first] + segments->length[first];

    for (uint32_t i = first + 1; i < first + count; i++) {
        *end++ = '/';
        memmove(end, segments->text[i], segments->length[i] + 1);
        end += segments->length[i];
    }
    return segments->text[first];
}

static bool route_is_here(const struct route *route, bool kill_listener, bool local)
{
    if (kill_listener)
        return route->handler == handle_kill_post || route->handler == handle_kill_get ||
               route->handler == handle_health_live;
    return local || !route->only_local;
}

static bool method_fits(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0 &&
            route->where != WHERE_STREAM);
}

static void allow_add(char allow[64], const char *method)
{
    if (*allow)
        strncat(allow, ", ", 63 - strlen(allow));
    strncat(allow, method, 63 - strlen(allow));
    if (strcmp(method, "GET") == 0)
        strncat(allow, ", HEAD", 63 - strlen(allow));
}

/* --- paths without an argument, which are most of what is asked: by a hash of the whole --- */

enum { BUCKETS = 256, NO_ROUTE = UINT16_MAX };

static struct {
    pthread_once_t once;
    uint16_t first[BUCKETS], next[ROUTES_MAX];
} literals = {.once = PTHREAD_ONCE_INIT};

static uint8_t bucket_of(const char *path)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (; *path; path++)
        hash = (hash ^ (uint8_t)*path) * 16777619U;
    return (uint8_t)(hash ^ hash >> 16);
}

static void literals_fill(void)
{
    for (uint32_t i = 0; i < BUCKETS; i++)
        literals.first[i] = NO_ROUTE;
    for (uint32_t i = 0; i < ROUTES_MAX; i++) {
        uint16_t *first = &literals.first[bucket_of(routes[i].path)];

        literals.next[i] = *first;
        *first = (uint16_t)i;
    }
}

/* The row of exactly this path, which no other can have more literals than; NULL: there is none, it
 * takes arguments, or not this method: the walk tells. */
static const struct route *literal_find(const char *method, const char *path, bool kill_listener,
                                        bool local)
{
    pthread_once(&literals.once, literals_fill);
    if (strchr(path, '{'))
        return NULL;
    for (uint16_t i = literals.first[bucket_of(path)]; i != NO_ROUTE; i = literals.next[i])
        if (strcmp(routes[i].path, path) == 0 && method_fits(&routes[i], method) &&
            route_is_here(&routes[i], kill_listener, local))
            return &routes[i];
    return NULL;
}

enum status route_find(const char *method, char *path, bool kill_listener, bool local,
                       struct route_match *match)
{
    struct segments segments;
    struct fit fits[ROUTES_MAX], *chosen = NULL;
    int best = -1;
    enum status status;

    *match = (struct route_match){.route = literal_find(method, path, kill_listener, local)};
    if (match->route)
        return OK;
    status = segments_cut(path, &segments);
    if (status != OK)
        return status;
    for (uint32_t i = 0; i < ROUTES_MAX; i++) {
        fits[i] = (struct fit){.literals = -1};
        if (route_is_here(&routes[i], kill_listener, local))
            fits[i] = route_fit(routes[i].path, &segments);
        if (fits[i].literals > best)
            best = fits[i].literals;
    }
    if (best < 0)
        return ERR_NOT_FOUND;
    for (uint32_t i = 0; i < ROUTES_MAX; i++) {
        if (fits[i].literals != best)
            continue;
        allow_add(match->allow, routes[i].method);
        if (method_fits(&routes[i], method)) {
            match->route = &routes[i];
            chosen = &fits[i];
        }
    }
    if (!match->route)
        return ERR_METHOD;
    for (uint32_t i = 0; i < ROUTE_ARGS && chosen->arg[i].count; i++)
        match->arg[i] = arg_join(&segments, chosen->arg[i].first, chosen->arg[i].count);
    return OK;
}
