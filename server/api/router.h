/* The router: rows of routes.def (and, on the Unix socket, local_routes.def) matched by segments.
 *
 * `{scope}` takes one segment or more, up to the next literal; any other {part} takes one. A
 * segment is percent-decoded on its own, so %2F inside a scope is a slash and elsewhere part of a
 * name. The row with the most literal segments wins. Read-only tables; any thread. */
#ifndef PITWALL_API_ROUTER_H
#define PITWALL_API_ROUTER_H

#include "api/http.h"

enum route_role {
    ROUTE_NONE,
    ROUTE_ANY,
    ROUTE_PERSON,
    ROUTE_VIEWER,
    ROUTE_TRADER,
    ROUTE_RISK,
    ROUTE_ADMIN,
    ROUTE_MANAGES,
    ROUTE_DECIDES,
    ROUTE_METRICS,
    ROUTE_KILL,
    ROUTE_AUDIT
};
enum route_confirm { CONFIRM_ALWAYS, CONFIRM_AWAKE, CONFIRM_REAUTH };
enum route_where {
    WHERE_INLINE,
    WHERE_PAGED,
    WHERE_READER,
    WHERE_CONTROL,
    WHERE_WORKER,
    WHERE_ACCESS,
    WHERE_STREAM
};

struct route {
    const char *method, *path;
    enum route_role role;
    enum route_where where;
    enum route_confirm confirm;
    uint32_t body_max; /* bytes */
    const char *query; /* names with a blank between */
    enum status (*handler)(struct request *request, struct reply *reply);
    const char *says;
    bool only_local;
};

enum {
    ROUTES_MAX = 0
#define ROUTE(...) +1
#include "tables/routes.def"
#include "tables/local_routes.def"
#undef ROUTE
};

extern const struct route routes[ROUTES_MAX];

struct route_match {
    const struct route *route; /* NULL: see `allow` */
    char *arg[ROUTE_ARGS];     /* into `path` */
    char allow[64];            /* not empty: the path exists, for these methods */
};

/* Cuts `path` (raw, writable) up. ERR_NOT_FOUND, ERR_METHOD, ERR_MALFORMED (bad escapes) or OK. */
enum status route_find(const char *method, char *path, bool kill_listener, bool local,
                       struct route_match *match);

#endif
