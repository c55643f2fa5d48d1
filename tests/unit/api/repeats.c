/* Which first try a keyed write meets again, and whose row may go: with control.db and without. */
#include "api/repeats.h"

#include "control/keep.h"
#include "thread/clock.h"

#include <criterion/criterion.h>

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define DAY_NS (24 * 3600 * 1000000000LL)
#define SECRET "a token's secret"

static char dir[] = "/tmp/pitwall-repeats-XXXXXX";
static struct keep *keep;
static struct repeats *repeats;
static struct err err;
static int runs;
static int64_t now_ns;

static void open_all(void)
{
    cr_assert(mkdtemp(dir));
    cr_assert_eq(keep_open(&keep, dir, &err), OK, "%s", err.text);
    cr_assert_eq(repeats_open(&repeats, keep, &err), OK, "%s", err.text);
    now_ns = clock_real_ns();
}

static void close_all(void)
{
    char command[64];

    repeats_close(repeats);
    keep_close(keep);
    snprintf(command, sizeof command, "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(repeats, .init = open_all, .fini = close_all, .timeout = 600);

/* As a program does that starts anew; `kept` false: with nothing on disk. */
static void reopen(bool kept)
{
    repeats_close(repeats);
    cr_assert_eq(repeats_open(&repeats, kept ? keep : NULL, &err), OK, "%s", err.text);
}

static const struct route *route_named(const char *method, const char *path)
{
    const struct route *found = NULL;

    for (int i = 0; i < ROUTES_MAX; i++)
        if (strcmp(routes[i].path, path) == 0 && strcmp(routes[i].method, method) == 0)
            found = &routes[i];
    cr_assert(found, "no row %s", path);
    return found;
}

/* A person's order; tests change what they are about. */
static struct exchange asks(const char *who, const char *key)
{
    struct exchange exchange = {.route = route_named("POST", "/api/v1/orders"),
                                .body = (char *)"{}",
                                .body_length = 2,
                                .header_count = 1};

    exchange.request.method = exchange.route->method;
    exchange.request.read_ns = now_ns;
    exchange.request.actor.is_session = true;
    strcpy(exchange.request.actor.name, who);
    strcpy(exchange.request.actor.person, who);
    strcpy(exchange.request.request_id, "r-1");
    exchange.headers[0].name = "Idempotency-Key";
    exchange.headers[0].value = key;
    exchange.headers[0].length = strlen("Idempotency-Key");
    return exchange;
}

/* As http.c does; each run answers how many there were. */
static enum status ask(struct exchange *exchange, bool durable)
{
    bool again = false;
    enum status status = repeats_begin(repeats, exchange, &again);

    if (status == OK && !again && exchange->repeat)
        status = repeats_promise(repeats, exchange, &again);
    if (status != OK || again)
        return status;
    exchange->text = malloc(32);
    exchange->text_length = (size_t)snprintf(exchange->text, 32, SECRET " %d", ++runs);
    exchange->content_type = "application/json";
    exchange->http_code = 201;
    repeats_keep(repeats, exchange, durable);
    return OK;
}

/* The number of the run that answers; 0: refused as `wanted`. */
static int run_of(struct exchange exchange, enum status wanted)
{
    enum status status = ask(&exchange, true);
    int run = status == OK ? (int)strtol(strrchr(exchange.text, ' ') + 1, NULL, 10) : 0;

    cr_assert_eq(status, wanted, "%s", exchange.reply.err.text);
    free(exchange.text);
    return run;
}

static void flood(const char *who, int from, int count)
{
    for (int n = from; n < from + count; n++) {
        char key[24];

        snprintf(key, sizeof key, "flood-%d", n);
        run_of(asks(who, key), OK);
    }
}

Test(repeats, a_flood_by_another_does_not_make_an_order_run_twice)
{
    cr_assert_eq(run_of(asks("ann", "k"), OK), 1);
    flood("bob", 0, REPEATS_MAX + 8);
    cr_assert_eq(run_of(asks("ann", "k"), OK), 1);
    reopen(true);
    cr_assert_eq(run_of(asks("ann", "k"), OK), 1);
    cr_assert_eq(run_of(asks("bob", "flood-0"), OK), 2);
}

Test(repeats, a_flood_of_tickets_takes_no_place)
{
    reopen(false);
    for (int n = 0; n < 2 * REPEATS_MAX; n++) {
        struct exchange exchange = asks("bob", "t");
        bool again;

        exchange.route = route_named("POST", "/api/v1/stream/ticket");
        cr_assert_eq(repeats_begin(repeats, &exchange, &again), OK);
        cr_assert(!exchange.repeat && !again);
    }
    cr_assert_eq(run_of(asks("ann", "k"), OK), 1);
}

Test(repeats, without_a_disk_an_owner_has_a_share_and_a_young_row_stays)
{
    char name[16];

    reopen(false);
    for (int n = 0; n < REPEATS_MAX / REPEATS_OWN_MAX; n++) {
        snprintf(name, sizeof name, "u%d", n);
        flood(name, 0, REPEATS_OWN_MAX);
        cr_assert_eq(run_of(asks(name, "more"), ERR_UNAVAILABLE), 0);
    }
    cr_assert_eq(run_of(asks("ann", "k"), ERR_UNAVAILABLE), 0);
    cr_assert_eq(run_of(asks("u0", "flood-0"), OK), 1);
    now_ns += DAY_NS;
    cr_assert_eq(run_of(asks("ann", "k"), OK), REPEATS_MAX + 1);
}

/* Rows of one owner as they are after so many writes; what they hold is nobody's question. */
static void fill_share(const char *owner, int64_t at_ns)
{
    char path[64], sql[400];
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/control.db", dir);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO fact(kind, key, value) SELECT 'repeat', '%s' || i,"
             " json_object('state', 'begun', 'at_ns', '%lld') FROM n",
             REPEATS_STORED_OWN_MAX, owner, (long long)at_ns);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void key_copy(void *ctx, const char *key, const json_t *value)
{
    (void)value;
    snprintf(ctx, 17, "%s", key);
}

Test(repeats, a_full_share_refuses_its_owner_alone)
{
    struct exchange exchange = asks("bob", "more");
    char owner[17];

    run_of(asks("bob", "first"), OK);
    cr_assert_eq(keep_each(keep, "repeat", key_copy, owner, &err), OK);
    fill_share(owner, now_ns);
    cr_assert_eq(ask(&exchange, true), ERR_UNAVAILABLE);
    cr_assert_gt(exchange.reply.retry_after_s, 0);
    cr_assert_eq(run_of(asks("bob", "first"), OK), 1);
    cr_assert_eq(run_of(asks("ann", "k"), OK), 2);
    reopen(true);
    cr_assert_eq(run_of(asks("bob", "more"), ERR_UNAVAILABLE), 0);
    cr_assert_eq(run_of(asks("bob", "first"), OK), 1);
}

Test(repeats, an_old_share_is_no_longer_counted)
{
    char owner[17];

    run_of(asks("bob", "first"), OK);
    cr_assert_eq(keep_each(keep, "repeat", key_copy, owner, &err), OK);
    fill_share(owner, now_ns - DAY_NS - 1000000000LL);
    cr_assert_eq(run_of(asks("bob", "more"), OK), 2);
}

Test(repeats, a_day_later_it_is_a_new_key)
{
    run_of(asks("ann", "k"), OK);
    now_ns += DAY_NS;
    cr_assert_eq(run_of(asks("ann", "k"), OK), 2);
    cr_assert_eq(run_of(asks("ann", "k"), OK), 2);
    reopen(true);
    cr_assert_eq(run_of(asks("ann", "k"), OK), 2);
}

Test(repeats, begun_and_not_ended_is_not_run_again)
{
    struct exchange exchange = asks("ann", "k");
    bool again;

    cr_assert_eq(repeats_begin(repeats, &exchange, &again), OK);
    cr_assert_eq(repeats_promise(repeats, &exchange, &again), OK);
    cr_assert_eq(run_of(asks("ann", "k"), ERR_CONFLICT), 0);
    reopen(true);
    for (int n = 0; n < 2; n++)
        cr_assert_eq(run_of(asks("ann", "k"), ERR_OUTCOME_UNKNOWN), 0);
}

static struct exchange with_match(const char *version)
{
    struct exchange exchange = asks("ann", "k");

    exchange.header_count = 2;
    exchange.headers[1].name = "If-Match";
    exchange.headers[1].value = version;
    exchange.headers[1].length = strlen("If-Match");
    return exchange;
}

Test(repeats, another_if_match_query_or_body_is_another_request)
{
    struct exchange query = with_match("\"1\""), body = with_match("\"1\"");

    query.args[query.arg_count++] = (struct query_arg){(char *)"limit", (char *)"1"};
    body.body = (char *)"[]";
    cr_assert_eq(run_of(with_match("\"1\""), OK), 1);
    for (int n = 0; n < 2; n++) {
        run_of(with_match("\"2\""), ERR_CONFLICT);
        run_of(asks("ann", "k"), ERR_CONFLICT);
        run_of(query, ERR_CONFLICT);
        run_of(body, ERR_CONFLICT);
        cr_assert_eq(run_of(with_match("\"1\""), OK), 1);
        reopen(true);
    }
}

static struct exchange of_token(const char *name, const char *secret, const char *person)
{
    struct exchange exchange = asks(name, "k");

    exchange.request.actor.is_session = false;
    strcpy(exchange.request.actor.session_key, secret);
    strcpy(exchange.request.actor.person, person);
    return exchange;
}

Test(repeats, a_token_is_its_secret_and_a_person_is_no_name)
{
    struct exchange other = asks("bot", "k");

    cr_assert_eq(run_of(of_token("bot", "s1", "ann"), OK), 1);
    cr_assert_eq(run_of(of_token("bot", "s2", "ann"), OK), 2);
    cr_assert_eq(run_of(asks("bot", "k"), OK), 3);
    strcpy(other.request.actor.person, "bea");
    cr_assert_eq(run_of(other, OK), 4);
    cr_assert_eq(run_of(of_token("bot", "s1", "ann"), OK), 1);
    strcpy(other.request.actor.session_key, "of a new log-in");
    cr_assert_eq(run_of(other, OK), 4);
}

Test(repeats, a_secret_answer_is_kept_nowhere)
{
    for (int n = 0; n < 2; n++) {
        struct exchange exchange = asks("ann", "k");

        exchange.route = route_named("POST", "/api/v1/tokens");
        run_of(exchange, n == 0 ? OK : ERR_ANSWER_NOT_KEPT);
        exchange.body = (char *)"[]"; /* no hash of it is kept to compare with */
        run_of(exchange, ERR_ANSWER_NOT_KEPT);
        reopen(true);
    }
}
