/* Who asks, and whether the route's row permits it.
 *
 * On the Unix socket the kernel says who asks; on the metrics listener, when on loopback, nobody is
 * asked. Elsewhere a bearer token, else, except on those reserved for kill and metrics, the session
 * cookie; a write by cookie must repeat the session's CSRF value, and no
 * browser may send anything from a page of another site. */
#include "api/exchange.h"
#include "control/sessions.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static enum status identify_local(struct exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct actor *actor = &exchange->request.actor;
    struct ucred peer;
    socklen_t length = sizeof peer;

    if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
        return err_set(&exchange->reply.err, ERR_UNAUTHENTICATED, "the peer has no credentials");
    if (peer.uid != getuid() && peer.uid != 0)
        return err_set(&exchange->reply.err, ERR_FORBIDDEN, "not the owner of this directory");
    *actor = (struct actor){.role = ROLE_ADMIN, .is_local = true};
    snprintf(actor->name, sizeof actor->name, "local:%u", (unsigned)peer.uid);
    snprintf(actor->person, sizeof actor->person, "local:%u", (unsigned)peer.uid);
    exchange->has_credentials = true;
    return OK;
}

static enum status identify_token(struct exchange *exchange, const char *authorization)
{
    exchange->has_credentials = true;
    if (strncasecmp(authorization, "Bearer ", 7) != 0 ||
        access_by_token(exchange->request.access, authorization + 7, &exchange->request.actor) !=
            OK)
        return err_set(&exchange->reply.err, ERR_UNAUTHENTICATED, "unknown or expired token");
    return OK;
}

static enum status identify_session(struct exchange *exchange)
{
    const char *cookie = MHD_lookup_connection_value(exchange->connection, MHD_COOKIE_KIND,
                                                     session_cookie_name(exchange));

    if (!cookie)
        return err_set(&exchange->reply.err, ERR_UNAUTHENTICATED, "no session and no token");
    exchange->has_credentials = exchange->by_cookie = true;
    if (access_by_session(exchange->request.access, cookie, &exchange->request.actor) != OK)
        return err_set(&exchange->reply.err, ERR_UNAUTHENTICATED, "the session has ended");
    return OK;
}

static bool is_of_this_machine(const char *host)
{
    const char *colon = strrchr(host, ':'), *bracket = strrchr(host, ']');
    bool has_port = colon && (!bracket || colon > bracket);

    return host_is_loopback(host, has_port ? (size_t)(colon - host) : strlen(host));
}

/* One of the names that `listen_hosts` lists, with any port. */
static bool is_expected(const struct exchange *exchange, const char *host)
{
    const char *names = exchange->listener->http->sources.config->listen_hosts;
    const char *colon = strrchr(host, ':');
    size_t length = colon ? (size_t)(colon - host) : strlen(host), name;

    for (; *names != '\0'; names += name) {
        names += strspn(names, " ,");
        name = strcspn(names, " ,");
        if (name > 0 && name == length && strncasecmp(names, host, name) == 0)
            return true;
    }
    return false;
}

static bool is_read(const struct exchange *exchange)
{
    return strcmp(exchange->route->method, "GET") == 0;
}

/* What whoever asks may have, from whatever page: health. */
static bool is_for_anybody(const struct exchange *exchange)
{
    const struct route *route = exchange->route;

    return route && route->role == ROUTE_NONE && is_read(exchange) && route->where != WHERE_STREAM;
}

/* Plain HTTP is on loopback only. A page of the web whose name was made to mean this machine is
 * still of that name, and to a browser the same site as we are: it says the name as Host. Under TLS
 * our certificate is not for that name. */
enum status host_check(struct exchange *exchange)
{
    const char *host = header(exchange, MHD_HTTP_HEADER_HOST);

    if (!host || exchange->listener->kind == LISTENER_LOCAL || exchange->listener->is_tls ||
        is_for_anybody(exchange) || is_of_this_machine(host) || is_expected(exchange, host))
        return OK;
    return err_set(&exchange->reply.err, ERR_FOREIGN_ORIGIN,
                   "Host is not this machine; what a proxy or a tunnel sends belongs in "
                   "listen_hosts");
}

static bool is_scrape_token(const struct exchange *exchange, const char *authorization)
{
    return strncasecmp(authorization, "Bearer ", 7) == 0 &&
           scrape_token_is(&exchange->listener->http->scrape_token, authorization + 7);
}

/* The metrics listener on loopback asks nobody who they are, and host_check keeps pages away;
 * elsewhere this is who shows the token of metrics_token_file. */
static enum status identify_scraper(struct exchange *exchange)
{
    exchange->request.actor = (struct actor){
        .name = "metrics_listen", .person = "metrics_listen", .scopes = TOKEN_SCOPE_METRICS};
    return OK;
}

static enum status identify(struct exchange *exchange)
{
    const char *authorization = header(exchange, MHD_HTTP_HEADER_AUTHORIZATION);
    enum listener_kind kind = exchange->listener->kind;

    if (kind == LISTENER_LOCAL)
        return identify_local(exchange);
    if (kind == LISTENER_METRICS && !exchange->listener->is_tls)
        return identify_scraper(exchange);
    if (kind == LISTENER_METRICS && authorization && is_scrape_token(exchange, authorization))
        return identify_scraper(exchange);
    if (authorization)
        return identify_token(exchange, authorization);
    if (kind == LISTENER_KILL || kind == LISTENER_METRICS)
        return err_set(&exchange->reply.err, ERR_UNAUTHENTICATED, "send a bearer token");
    return identify_session(exchange);
}

static bool is_page_of(const char *origin, const char *scheme, const char *host)
{
    size_t length = strlen(scheme);

    return strncmp(origin, scheme, length) == 0 && strcasecmp(origin + length, host) == 0;
}

/* Our own page says https:// under TLS, and behind a proxy that ends it; http:// only without. */
static bool is_own_origin(const struct exchange *exchange, const char *origin, const char *host)
{
    if (exchange->listener->is_tls)
        return is_page_of(origin, "https://", host);
    return is_page_of(origin, "http://", host) ||
           (is_expected(exchange, host) && is_page_of(origin, "https://", host));
}

/* A page of another site may link to us, but neither read nor write through the visitor. */
static enum status origin_check(struct exchange *exchange)
{
    const char *origin = header(exchange, "Origin"), *site = header(exchange, "Sec-Fetch-Site");
    const char *host = header(exchange, MHD_HTTP_HEADER_HOST);

    /* Another port of this machine is the same site, and gets the cookie too. */
    if (site && (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0))
        return err_format(&exchange->reply.err, ERR_FOREIGN_ORIGIN, "Sec-Fetch-Site is %s", site);
    if (!origin)
        return OK;
    if (!host || !is_own_origin(exchange, origin, host))
        return err_set(&exchange->reply.err, ERR_FOREIGN_ORIGIN, "Origin is not this address");
    return OK;
}

static enum status csrf_check(struct exchange *exchange)
{
    const char *sent = header(exchange, "X-CSRF-Token");
    const char *wanted = exchange->request.actor.csrf;
    size_t length = strlen(wanted);

    if (!exchange->by_cookie || is_read(exchange))
        return OK;
    if (!sent || strlen(sent) != length || length == 0 || sodium_memcmp(sent, wanted, length) != 0)
        return err_set(&exchange->reply.err, ERR_CSRF, "X-CSRF-Token is missing or wrong");
    return OK;
}

/* What a refused person should ask for. */
static const char *route_role_says(enum route_role needs)
{
    static const char *const says[] = {
        [ROUTE_PERSON] = "a person's session, not a token",
        [ROUTE_VIEWER] = "role viewer or above",
        [ROUTE_TRADER] = "role trader or above",
        [ROUTE_RISK] = "role risk or above",
        [ROUTE_ADMIN] = "role admin",
        [ROUTE_MANAGES] = "role admin in a person's session, not a token",
        [ROUTE_DECIDES] = "role risk, or admin for role grants",
        [ROUTE_METRICS] = "scope metrics or role admin",
        [ROUTE_KILL] = "role trader or above, or scope kill",
        [ROUTE_AUDIT] = "role risk or above, or scope audit-read",
    };

    return needs < sizeof says / sizeof says[0] && says[needs] ? says[needs] : "somebody known";
}

static bool role_fits(enum route_role needs, const struct actor *actor)
{
    switch (needs) {
    case ROUTE_NONE:
    case ROUTE_ANY:
        return true;
    case ROUTE_PERSON:
        return actor->is_session || actor->is_local;
    case ROUTE_VIEWER:
        return actor->role >= ROLE_VIEWER;
    case ROUTE_TRADER:
        return actor->role >= ROLE_TRADER;
    case ROUTE_RISK:
        return actor->role >= ROLE_RISK;
    case ROUTE_ADMIN:
        return actor->role >= ROLE_ADMIN;
    case ROUTE_MANAGES:
        return actor->role >= ROLE_ADMIN && (actor->is_session || actor->is_local);
    case ROUTE_DECIDES: /* which of the two may decide what kind: grant_may_decide() */
        return actor->role == ROLE_RISK || actor->role == ROLE_ADMIN;
    case ROUTE_METRICS:
        return actor->role >= ROLE_ADMIN || (actor->scopes & TOKEN_SCOPE_METRICS);
    case ROUTE_KILL:
        return actor->role >= ROLE_TRADER || (actor->scopes & TOKEN_SCOPE_KILL);
    case ROUTE_AUDIT:
        return actor->role >= ROLE_RISK || (actor->scopes & TOKEN_SCOPE_AUDIT_READ);
    }
    return false;
}

static bool works_before_password_change(const struct route *route)
{
    return route->role == ROUTE_NONE || route->role == ROUTE_ANY;
}

/* Only a person's session grows old; what makes the desk safer is heard from any session. */
static enum status session_check(struct exchange *exchange, int64_t now_ns)
{
    const struct actor *actor = &exchange->request.actor;
    enum route_confirm wants = exchange->route->confirm;

    if (!actor->is_session || wants == CONFIRM_ALWAYS)
        return OK;
    if (now_ns >= actor->awake_until_ns)
        return err_set(&exchange->reply.err, ERR_REAUTH_REQUIRED,
                       "nobody has written in this session for 30 minutes; confirm it by POST "
                       "/api/v1/session");
    if (wants == CONFIRM_REAUTH && now_ns >= actor->reauth_until_ns)
        return err_set(&exchange->reply.err, ERR_REAUTH_REQUIRED,
                       "your log-in is older than 5 minutes; confirm it by POST /api/v1/session");
    return OK;
}

static enum status confirm_check(struct exchange *exchange)
{
    const struct actor *actor = &exchange->request.actor;
    enum status status = session_check(exchange, exchange->request.read_ns);

    if (status == OK && actor->is_session && exchange->route->confirm != CONFIRM_ALWAYS)
        access_session_acted(exchange->request.access, actor);
    return status;
}

enum status auth_check(struct exchange *exchange)
{
    const struct route *route = exchange->route;
    struct actor *actor = &exchange->request.actor;
    struct err *err = &exchange->reply.err;
    enum status status = OK;

    if (!is_for_anybody(exchange))
        status = origin_check(exchange);
    if (status != OK)
        return status;
    status = identify(exchange);
    if (route->role == ROUTE_NONE) {
        if (status != OK)
            *actor = (struct actor){0};
        return err_set(err, OK, "");
    }
    if (status == OK)
        status = csrf_check(exchange);
    if (status == OK && actor->must_change_password && !works_before_password_change(route))
        status = err_set(err, ERR_PASSWORD_CHANGE, "PATCH /api/v1/me first");
    if (status == OK && !role_fits(route->role, actor))
        status =
            err_format(err, ERR_FORBIDDEN, "%s %s may not do this; it needs %s",
                       actor->scopes ? "a token of scope" : "role",
                       actor->scopes ? token_scope_name(actor->scopes) : role_name(actor->role),
                       route_role_says(route->role));
    if (status == OK && route->role == ROUTE_DECIDES && !actor->is_session)
        status = err_set(err, ERR_NEEDS_PERSON, "a token cannot decide on a proposal");
    return status == OK ? confirm_check(exchange) : status;
}

enum status auth_again(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    enum status status;

    if (exchange->route->role == ROUTE_NONE)
        return OK;
    status = access_renew(request->access, &request->actor, &exchange->reply.err);
    return status == OK ? session_check(exchange, clock_real_ns()) : status;
}
