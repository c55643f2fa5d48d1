#include "control/access_inside.h"
#include "thread/clock.h"

#include <criterion/criterion.h>
#include <sqlite3.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/pitwall-access-XXXXXX";
static struct access *access_;
static struct err err;

static void reopen(void)
{
    access_close(access_);
    cr_assert_eq(access_open(&access_, dir, &err), OK, "%s", err.text);
}

static void open_empty(void)
{
    cr_assert(mkdtemp(dir));
    access_ = NULL;
    reopen();
}

static void close_and_remove(void)
{
    char command[64];

    access_close(access_);
    snprintf(command, sizeof command, "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(access, .init = open_empty, .fini = close_and_remove);

static const char password[] = "correct horse battery";

static enum status login(const char *user, const char *text, const char *key, struct actor *actor,
                         char session[SECRET_TEXT_MAX])
{
    int wait;

    struct login login = {
        .user = user, .password = text, .address = "127.0.0.1", .session_key = key};

    return access_login(access_, &login, actor, session, &wait, &err);
}

static enum status token_make(const char *name, const char *role, const char *scope, int days,
                              char token[SECRET_TEXT_MAX])
{
    struct token_wish wish = {.name = name, .role = role, .scope = scope, .days = days};

    return access_token_create(access_, &wish, token, &err);
}

static void create(const char *name, const char *role)
{
    cr_assert_eq(access_user_create(access_, name, role, NULL, password, &err), OK, "%s", err.text);
}

Test(access, a_user_logs_in_and_out)
{
    char session[SECRET_TEXT_MAX];
    struct actor actor;
    struct actor again;

    create("ann", "risk");
    cr_assert_eq(login("ann", password, NULL, &actor, session), OK);
    cr_assert_eq(access_by_session(access_, session, &again), OK);
    cr_assert_str_eq(again.name, "ann");
    cr_assert_str_eq(again.person, "ann");
    cr_assert_eq(again.role, ROLE_RISK);
    cr_assert(again.is_session && again.reauth_until_ns > 0 && again.csrf[0] != '\0');
    cr_assert_neq(strcmp(again.session_key, session), 0, "the secret itself is not kept");
    access_logout(access_, again.session_key);
    cr_assert_eq(access_by_session(access_, session, &again), ERR_UNAUTHENTICATED);
    cr_assert(!access_still_valid(access_, &actor));
}

Test(access, wrong_and_unknown_are_one_answer)
{
    char session[SECRET_TEXT_MAX];
    struct actor actor;

    create("ann", "risk");
    cr_assert_eq(login("ann", "not the password", NULL, &actor, session), ERR_BAD_CREDENTIALS);
    cr_assert_eq(login("bob", password, NULL, &actor, session), ERR_BAD_CREDENTIALS);
}

Test(access, a_second_log_in_within_the_session_renews_it)
{
    char session[SECRET_TEXT_MAX], none[SECRET_TEXT_MAX];
    struct actor actor, renewed;

    create("ann", "risk");
    create("bob", "risk");
    cr_assert_eq(login("ann", password, NULL, &actor, session), OK);
    cr_assert_eq(login("ann", password, actor.session_key, &renewed, none), OK);
    cr_assert_str_eq(none, "");
    cr_assert_str_eq(renewed.session_key, actor.session_key);
    cr_assert_str_eq(renewed.csrf, actor.csrf);
    cr_assert_geq(renewed.reauth_until_ns, actor.reauth_until_ns);
    cr_assert_eq(login("bob", password, actor.session_key, &renewed, none), OK);
    cr_assert_str_neq(renewed.session_key, actor.session_key, "never another user's session");
}

Test(access, the_seventeenth_session_ends_the_first)
{
    char session[SECRET_TEXT_MAX];
    struct actor first, actor;

    create("ann", "viewer");
    cr_assert_eq(login("ann", password, NULL, &first, session), OK);
    for (int i = 0; i < 16; i++)
        cr_assert_eq(login("ann", password, NULL, &actor, session), OK);
    cr_assert(!access_still_valid(access_, &first));
    cr_assert(access_still_valid(access_, &actor));
}

Test(access, users_and_tokens_survive_a_restart_and_sessions_do_not)
{
    char session[SECRET_TEXT_MAX], token[SECRET_TEXT_MAX];
    struct actor actor;

    create("ann", "trader");
    cr_assert_eq(token_make("bot", "trader", NULL, TOKEN_DAYS, token), OK);
    cr_assert_eq(login("ann", password, NULL, &actor, session), OK);
    reopen();
    cr_assert_eq(access_by_session(access_, session, &actor), ERR_UNAUTHENTICATED);
    cr_assert_eq(login("ann", password, NULL, &actor, session), OK);
    cr_assert_eq(access_by_token(access_, token, &actor), OK);
    cr_assert_str_eq(actor.name, "bot");
    cr_assert_eq(actor.role, ROLE_TRADER);
    cr_assert(!actor.is_session);
}

Test(access, a_token_has_a_scope_and_can_be_revoked)
{
    char token[SECRET_TEXT_MAX];
    struct actor actor;

    cr_assert_eq(token_make("watch", NULL, "kill", 1, token), OK);
    cr_assert_eq(strncmp(token, "pw_", 3), 0);
    cr_assert_eq(strlen(token), 46);
    cr_assert_eq(access_by_token(access_, token, &actor), OK);
    cr_assert_eq(actor.role, ROLE_NONE);
    cr_assert_eq(actor.scopes, TOKEN_SCOPE_KILL);
    cr_assert_eq(token_make("watch", NULL, "kill", 1, token), ERR_CONFLICT);
    cr_assert_eq(access_token_revoke(access_, "watch", &err), OK);
    cr_assert(!access_still_valid(access_, &actor));
    cr_assert_eq(access_token_revoke(access_, "watch", &err), ERR_NOT_FOUND);
    reopen();
    cr_assert_eq(access_by_token(access_, token, &actor), ERR_UNAUTHENTICATED);
}

static int rows_on_disk(void)
{
    char path[64];
    sqlite3 *db;
    sqlite3_stmt *count;
    int rows;

    snprintf(path, sizeof path, "%s/access.db", dir);
    cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM token", -1, &count, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(count), SQLITE_ROW);
    rows = sqlite3_column_int(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(db);
    return rows;
}

/* More than TOKENS_MAX in a lifetime, never many at once. */
Test(access, tokens_of_a_long_life_do_not_fill_the_file)
{
    char token[SECRET_TEXT_MAX], stays[SECRET_TEXT_MAX];
    struct actor actor;

    cr_assert_eq(token_make("stays", "risk", NULL, TOKEN_DAYS, stays), OK);
    for (int i = 0; i < TOKENS_MAX + 6; i++) {
        cr_assert_eq(token_make("bot", "trader", NULL, TOKEN_DAYS, token), OK, "%d: %s", i,
                     err.text);
        cr_assert_eq(access_token_revoke(access_, "bot", &err), OK, "%d: %s", i, err.text);
    }
    cr_assert_eq(token_make("last", "viewer", NULL, TOKEN_DAYS, token), OK);
    for (int round = 0; round < 2; round++) {
        cr_assert_eq(rows_on_disk(), TOKENS_MAX, "the replaced rows are gone");
        cr_assert_eq(access_by_token(access_, stays, &actor), OK);
        cr_assert_eq(access_by_token(access_, token, &actor), OK);
        cr_assert_str_eq(actor.name, "last");
        reopen();
    }
}

/* As files of before may be. */
Test(access, of_too_many_rows_those_that_stand_are_read)
{
    struct token row = {.role = ROLE_TRADER, .created_ns = 1, .expires_ns = INT64_MAX};
    char token[SECRET_TEXT_MAX];
    struct actor actor;

    for (int i = 0; i < TOKENS_MAX + 6; i++) {
        snprintf(row.key, sizeof row.key, "%064d", i);
        snprintf(row.name, sizeof row.name, "t%d", i);
        row.revoked_ns = i % 2; /* every other one */
        cr_assert_eq(access_db_put_token(access_->db, &row, &err), OK);
    }
    secret_make(token, "pw_");
    secret_key(token, row.key);
    snprintf(row.name, sizeof row.name, "last");
    row.revoked_ns = 0;
    cr_assert_eq(access_db_put_token(access_->db, &row, &err), OK);
    reopen();
    cr_assert_eq(access_->token_count, TOKENS_MAX);
    cr_assert_eq(access_by_token(access_, token, &actor), OK);
}

Test(access, what_cannot_be_a_token_or_user_is_refused)
{
    char token[SECRET_TEXT_MAX];

    cr_assert_eq(token_make("t", "king", NULL, 1, token), ERR_OUT_OF_RANGE);
    cr_assert_eq(token_make("t", NULL, "all", 1, token), ERR_OUT_OF_RANGE);
    cr_assert_eq(token_make("t", "risk", "kill", 1, token), ERR_MALFORMED);
    cr_assert_eq(token_make("t", "risk", NULL, -1, token), ERR_OUT_OF_RANGE);
    cr_assert_eq(token_make("t", "risk", NULL, 0, token), ERR_OUT_OF_RANGE);
    cr_assert_eq(token_make("a b", "risk", NULL, 1, token), ERR_OUT_OF_RANGE);
    cr_assert_eq(access_user_create(access_, "", "risk", NULL, password, &err), ERR_OUT_OF_RANGE);
    cr_assert_eq(access_user_create(access_, "ann", "none", NULL, password, &err),
                 ERR_OUT_OF_RANGE);
    cr_assert_eq(access_user_create(access_, "ann", "risk", NULL, "eleven char", &err),
                 ERR_WEAK_PASSWORD);
    cr_assert_eq(access_user_create(access_, "ann", "risk", NULL, "I am Ann of the desk", &err),
                 ERR_WEAK_PASSWORD);
}

Test(access, a_ticket_opens_once)
{
    char session[SECRET_TEXT_MAX], ticket[SECRET_TEXT_MAX];
    struct actor actor, taken;
    int64_t expires_ns;

    create("ann", "viewer");
    cr_assert_eq(login("ann", password, NULL, &actor, session), OK);
    access_ticket_make(access_, &actor, ticket, &expires_ns);
    cr_assert_eq(access_ticket_use(access_, ticket, &taken), OK);
    cr_assert_str_eq(taken.name, "ann");
    cr_assert_eq(access_ticket_use(access_, ticket, &taken), ERR_UNAUTHENTICATED);
    access_ticket_make(access_, &actor, ticket, &expires_ns);
    access_logout(access_, actor.session_key);
    cr_assert_eq(access_ticket_use(access_, ticket, &taken), ERR_UNAUTHENTICATED);
}

Test(access, a_flood_of_tickets_takes_none_from_others)
{
    char session[SECRET_TEXT_MAX], ticket[SECRET_TEXT_MAX], flood[SECRET_TEXT_MAX];
    struct actor ann, bob, cid, taken;
    int64_t expires_ns;

    create("ann", "viewer");
    create("bob", "viewer");
    create("cid", "viewer");
    cr_assert_eq(login("ann", password, NULL, &ann, session), OK);
    cr_assert_eq(login("bob", password, NULL, &bob, session), OK);
    cr_assert_eq(login("cid", password, NULL, &cid, session), OK);
    for (int at = 0; at < TICKETS_MAX; at++)
        access_ticket_make(access_, &bob, flood, &expires_ns);
    access_ticket_make(access_, &ann, ticket, &expires_ns);
    for (int at = 0; at < 4 * TICKETS_MAX; at++)
        access_ticket_make(access_, at % 2 == 0 ? &bob : &cid, flood, &expires_ns);
    cr_assert_eq(access_ticket_use(access_, flood, &taken), OK, "the newest of a flood is good");
    cr_assert_eq(access_ticket_use(access_, ticket, &taken), OK);
    cr_assert_str_eq(taken.name, "ann");
}

/* A request whose body comes late is judged by what its session is then. */
Test(access, what_a_session_must_be_is_read_again)
{
    char session[SECRET_TEXT_MAX], none[SECRET_TEXT_MAX];
    struct actor actor, early, other;

    create("ann", "risk");
    cr_assert_eq(login("ann", password, NULL, &actor, session), OK);
    early = actor;
    access_pass_time(access_, 400 * SECOND_NS);
    cr_assert_eq(access_renew(access_, &actor, &err), OK);
    cr_assert_lt(actor.reauth_until_ns, access_outward(access_, access_now(access_)));
    cr_assert_eq(login("ann", password, early.session_key, &other, none), OK);
    cr_assert_eq(access_renew(access_, &early, &err), OK);
    cr_assert_gt(early.reauth_until_ns, access_outward(access_, access_now(access_)));
    access_logout(access_, actor.session_key);
    cr_assert_eq(access_renew(access_, &actor, &err), ERR_UNAUTHENTICATED);
}

Test(access, the_first_run_makes_the_demo_users_once)
{
    json_t *logins;
    json_t *row;
    char session[SECRET_TEXT_MAX], path[64];
    struct actor actor;
    struct stat file;
    size_t i;

    cr_assert_eq(access_first_run(access_, dir, true, &logins, &err), OK, "%s", err.text);
    cr_assert_eq(json_array_size(json_object_get(logins, "users")), 5);
    json_array_foreach(json_object_get(logins, "users"), i, row)
    {
        const char *text = json_string_value(json_object_get(row, "password"));

        cr_assert_geq(strlen(text), 16);
        cr_assert_eq(
            login(json_string_value(json_object_get(row, "user")), text, NULL, &actor, session),
            OK);
        cr_assert(!actor.must_change_password);
    }
    json_decref(logins);
    snprintf(path, sizeof path, "%s/first-login", dir);
    cr_assert_eq(stat(path, &file), 0);
    cr_assert_eq(file.st_mode & 0777, 0600);
    cr_assert_eq(access_first_run(access_, dir, true, &logins, &err), OK);
    cr_assert_null(logins);
}

Test(access, the_admin_must_change_the_first_password)
{
    json_t *logins;
    char session[SECRET_TEXT_MAX], other[SECRET_TEXT_MAX], path[64];
    const char *first;
    struct actor actor, elsewhere;
    int wait;

    cr_assert_eq(access_first_run(access_, dir, false, &logins, &err), OK);
    first = json_string_value(
        json_object_get(json_array_get(json_object_get(logins, "users"), 0), "password"));
    cr_assert_eq(login("admin", first, NULL, &elsewhere, other), OK);
    cr_assert_eq(login("admin", first, NULL, &actor, session), OK);
    cr_assert(actor.must_change_password);
    cr_assert_eq(access_change_password(access_, &actor, "wrong", password, &wait, &err),
                 ERR_BAD_CREDENTIALS);
    cr_assert_eq(access_change_password(access_, &actor, first, first, &wait, &err),
                 ERR_WEAK_PASSWORD);
    cr_assert_eq(access_change_password(access_, &actor, first, password, &wait, &err), OK);
    cr_assert_eq(access_by_session(access_, session, &actor), OK);
    cr_assert(!actor.must_change_password);
    cr_assert_eq(access_by_session(access_, other, &elsewhere), ERR_UNAUTHENTICATED);
    cr_assert_eq(login("admin", first, NULL, &actor, session), ERR_BAD_CREDENTIALS);
    snprintf(path, sizeof path, "%s/first-login", dir);
    cr_assert_neq(access(path, F_OK), 0, "the file named a password that is no more");
    json_decref(logins);
}

Test(access, wrong_tries_wait_here_and_not_elsewhere)
{
    char session[SECRET_TEXT_MAX];
    struct login login_ = {.user = "ann", .password = password, .address = "127.0.0.1"};
    struct actor actor;
    int wait = 0;

    create("ann", "risk");
    /* Tries of long ago, so that the wait is longer than any hash takes. */
    for (int64_t i = 10; i > 0; i--)
        cr_assert_eq(throttle_try(&access_->throttle, "ann", "127.0.0.1",
                                  clock_mono_ns() - i * 400 * SECOND_NS),
                     0);
    cr_assert_eq(login("ann", "not the password", NULL, &actor, session), ERR_BAD_CREDENTIALS);
    cr_assert_eq(access_login(access_, &login_, &actor, session, &wait, &err), ERR_THROTTLED);
    cr_assert_gt(wait, 0);
    login_.address = "127.0.0.2";
    cr_assert_eq(access_login(access_, &login_, &actor, session, &wait, &err), OK,
                 "nobody locks another out from elsewhere");
}

Test(access, an_unknown_user_costs_the_same_hash)
{
    char session[SECRET_TEXT_MAX];
    struct actor actor;
    uint64_t before;

    create("ann", "risk");
    before = password_hashes();
    cr_assert_eq(login("ann", "not the password", NULL, &actor, session), ERR_BAD_CREDENTIALS);
    cr_assert_eq(password_hashes(), before + 1);
    cr_assert_eq(login("nobody", "not the password", NULL, &actor, session), ERR_BAD_CREDENTIALS);
    cr_assert_eq(password_hashes(), before + 2);
}
