#include "api/exchange.h"
#include "api/router.h"

#include <criterion/criterion.h>
#include <string.h>

static char path[512];

static struct route_match found;

/* Looks a path up on the main listener. */
static enum status look(const char *method, const char *text)
{
    strcpy(path, text);
    return route_find(method, path, false, false, &found);
}

static enum status look_at(const char *text, bool kill_listener, bool local)
{
    strcpy(path, text);
    return route_find("POST", path, kill_listener, local, &found);
}

Test(router, a_scope_keeps_its_slashes)
{
    cr_assert_eq(look("GET", "/api/v1/limits/instrument/sim:BTCUSDT"), OK);
    cr_assert_eq(found.route->handler, handle_limits_get);
    cr_assert_str_eq(found.arg[0], "instrument/sim:BTCUSDT");
}

Test(router, an_escaped_scope_means_the_same)
{
    cr_assert_eq(look("PUT", "/api/v1/limits/instrument%2Fsim%3ABTCUSDT"), OK);
    cr_assert_eq(found.route->handler, handle_limits_put);
    cr_assert_str_eq(found.arg[0], "instrument/sim:BTCUSDT");
}

Test(router, words_win_over_names)
{
    cr_assert_eq(look("GET", "/api/v1/limits/schema"), OK);
    cr_assert_eq(found.route->handler, handle_limits_schema);
    cr_assert_eq(look("POST", "/api/v1/orders/cancel-all"), OK);
    cr_assert_eq(found.route->handler, handle_orders_cancel_all);
    cr_assert_eq(look("GET", "/api/v1/audit/verify"), OK);
    cr_assert_eq(found.route->handler, handle_audit_verify);
}

Test(router, a_name_is_one_segment)
{
    cr_assert_eq(look("GET", "/api/v1/orders/PW1-1/why"), OK);
    cr_assert_str_eq(found.arg[0], "PW1-1");
    cr_assert_eq(look("GET", "/api/v1/orders/PW1/1/why"), ERR_NOT_FOUND);
}

Test(router, a_wrong_method_hears_the_right_ones)
{
    cr_assert_eq(look("PUT", "/api/v1/orders"), ERR_METHOD);
    cr_assert_str_eq(found.allow, "GET, HEAD, POST");
    cr_assert_eq(look("OPTIONS", "/api/v1/kill"), ERR_METHOD);
    cr_assert_str_eq(found.allow, "POST");
}

Test(router, head_goes_where_get_goes)
{
    cr_assert_eq(look("HEAD", "/api/v1/status"), OK);
    cr_assert_eq(found.route->handler, handle_status_get);
    cr_assert_eq(look("HEAD", "/api/v1/stream"), ERR_METHOD);
}

Test(router, what_is_not_there_is_not_found)
{
    static const char *const paths[] = {"/",
                                        "/api/v1",
                                        "/api/v1/status/",
                                        "/api/v1//status",
                                        "/API/v1/status",
                                        "/api/v1/limits/",
                                        "/api/v1/limits/venue//sim",
                                        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_assert_eq(look("GET", paths[i]), ERR_NOT_FOUND, "%s", paths[i]);
}

Test(router, bad_escapes_are_malformed)
{
    static const char *const paths[] = {
        "/api/v1/limits/%00", "/api/v1/limits/%0a",  "/api/v1/limits/%zz", "/api/v1/limits/%4",
        "/api/v1/limits/%ff", "/api/v1/limits/\x80", "api/v1/limits/firm"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_assert_eq(look("GET", paths[i]), ERR_MALFORMED, "%s", paths[i]);
}

Test(router, the_kill_listener_knows_three_addresses)
{
    cr_assert_eq(look_at("/api/v1/kill", true, false), OK);
    cr_assert_eq(look_at("/api/v1/kill/K1-1", true, false), ERR_METHOD);
    cr_assert_eq(look_at("/health/live", true, false), ERR_METHOD);
    cr_assert_eq(look_at("/health/ready", true, false), ERR_NOT_FOUND);
    cr_assert_eq(look_at("/api/v1/session", true, false), ERR_NOT_FOUND);
}

Test(router, local_rows_are_only_local)
{
    cr_assert_eq(look_at("/local/tokens", false, true), OK);
    cr_assert_eq(look_at("/local/tokens", false, false), ERR_NOT_FOUND);
    cr_assert_eq(look_at("/local/tokens", true, false), ERR_NOT_FOUND);
    cr_assert_eq(look_at("/api/v1/kill", false, true), OK);
}

/* Every row is reached by its own path, and by no other row's. */
Test(router, every_row_finds_itself)
{
    for (uint32_t i = 0; i < ROUTES_MAX; i++) {
        strcpy(path, routes[i].path);
        cr_assert_eq(route_find(routes[i].method, path, false, true, &found), OK, "%s",
                     routes[i].path);
        cr_assert_eq(found.route, &routes[i], "%s %s", routes[i].method, routes[i].path);
    }
}

/* --- where a handler runs: under 1 ms on the listener's thread, whatever the tables hold --- */

enum { ROWS_INLINE_MAX = 64 };

/* Lists that no person and no market can make longer than the configuration does; their rows are
 * small. */
static const struct {
    enum status (*handler)(struct request *request, struct reply *reply);
    uint32_t rows_max;
} short_lists[] = {{handle_venues_get, MAX_VENUES},
                   {handle_instruments_get, MAX_INSTRUMENTS},
                   {handle_positions_get, MAX_INSTRUMENTS},
                   {handle_trading_state_get, MAX_SCOPES}};

static bool is_short_list(const struct route *route)
{
    for (size_t at = 0; at < sizeof short_lists / sizeof short_lists[0]; at++)
        if (route->handler == short_lists[at].handler)
            return short_lists[at].rows_max <= ROWS_INLINE_MAX;
    return false;
}

Test(router, a_list_that_can_grow_long_is_made_off_the_listener)
{
    uint32_t lists = 0;

    for (uint32_t at = 0; at < ROUTES_MAX; at++) {
        const struct route *route = &routes[at];

        if (strcmp(route->method, "GET") != 0 || !strstr(route->query, "limit"))
            continue;
        lists++;
        cr_expect(route->where != WHERE_INLINE || is_short_list(route), "%s", route->path);
    }
    cr_assert_gt(lists, 10u);
}

Test(router, what_asks_the_audit_never_runs_on_the_listener)
{
    for (uint32_t at = 0; at < ROUTES_MAX; at++)
        if (strncmp(routes[at].path, "/api/v1/audit", 13) == 0 ||
            strstr(routes[at].path, "/history"))
            cr_expect_eq(routes[at].where, WHERE_WORKER, "%s", routes[at].path);
}

/* A kill waits for no pool, and neither does what is looked at when the pools are full. */
Test(router, a_kill_and_what_is_looked_at_first_stay_on_the_listener)
{
    static const struct {
        const char *method, *path;
    } first[] = {{"POST", "/api/v1/kill"},    {"GET", "/api/v1/kill/K1-1"},
                 {"GET", "/health/live"},     {"GET", "/health/ready"},
                 {"GET", "/metrics"},         {"GET", "/api/v1/latest"},
                 {"GET", "/api/v1/positions"}};

    for (size_t at = 0; at < sizeof first / sizeof first[0]; at++) {
        cr_assert_eq(look(first[at].method, first[at].path), OK);
        cr_assert_eq(found.route->where, WHERE_INLINE, "%s", first[at].path);
    }
}
