/* Accounts, persons, sessions and tokens: who may what, and until when. */
#include "control/access_inside.h"
#include "thread/clock.h"

#include <criterion/criterion.h>

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MINUTE_NS (60 * SECOND_NS)

static char dir[] = "/tmp/pitwall-people-XXXXXX";
static struct access *access_;
static struct err err;
static char session[SECRET_TEXT_MAX];
static struct actor actor;
static const char password[] = "correct horse battery";

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

TestSuite(people, .init = open_empty, .fini = close_and_remove);

static void create(const char *name, const char *role, const char *person)
{
    cr_assert_eq(access_user_create(access_, name, role, person, password, &err), OK, "%s",
                 err.text);
}

static enum status login(const char *user, const char *code)
{
    struct login login_ = {.user = user, .password = password, .totp = code, .address = "::1"};
    int wait;

    return access_login(access_, &login_, &actor, session, &wait, &err);
}

static enum status set_role(const char *name, enum role role)
{
    struct user_change change = {.has_role = true, .role = role};

    return access_user_change(access_, name, 0, &change, &err);
}

static enum status disable(const char *name, bool disabled)
{
    struct user_change change = {.has_disabled = true, .disabled = disabled};

    return access_user_change(access_, name, 0, &change, &err);
}

Test(people, two_accounts_of_one_person)
{
    create("ann", "risk", "ann");
    create("ann.admin", "admin", "ann");
    cr_assert_eq(login("ann.admin", NULL), OK);
    cr_assert_str_eq(actor.name, "ann.admin");
    cr_assert_str_eq(actor.person, "ann");
    reopen();
    cr_assert_eq(login("ann.admin", NULL), OK);
    cr_assert_str_eq(actor.person, "ann");
}

Test(people, a_lower_role_ends_session_and_stream_at_once)
{
    struct actor before;

    create("ann", "risk", NULL);
    cr_assert_eq(login("ann", NULL), OK);
    before = actor;
    cr_assert(access_still_valid(access_, &before));
    cr_assert_eq(set_role("ann", ROLE_VIEWER), OK);
    cr_assert(!access_still_valid(access_, &before));
    cr_assert_eq(access_by_session(access_, session, &actor), ERR_UNAUTHENTICATED);
    cr_assert_eq(login("ann", NULL), OK);
    cr_assert_eq(actor.role, ROLE_VIEWER);
    reopen();
    cr_assert_eq(login("ann", NULL), OK);
    cr_assert_eq(actor.role, ROLE_VIEWER, "kept on disk");
}

Test(people, a_disabled_account_neither_logs_in_nor_goes_on)
{
    create("ann", "risk", NULL);
    cr_assert_eq(login("ann", NULL), OK);
    cr_assert_eq(disable("ann", true), OK);
    cr_assert(!access_still_valid(access_, &actor));
    cr_assert_eq(login("ann", NULL), ERR_BAD_CREDENTIALS);
    reopen();
    cr_assert_eq(login("ann", NULL), ERR_BAD_CREDENTIALS);
}

Test(people, the_last_admin_stays)
{
    create("root", "admin", NULL);
    cr_assert_eq(set_role("root", ROLE_VIEWER), ERR_CONFLICT);
    cr_assert_eq(disable("root", true), ERR_CONFLICT);
    cr_assert_eq(access_user_delete(access_, "root", 0, &err), ERR_CONFLICT);
    create("other", "admin", NULL);
    cr_assert_eq(disable("other", true), OK);
    cr_assert_eq(access_user_delete(access_, "root", 0, &err), ERR_CONFLICT,
                 "a disabled one does not count");
    cr_assert_eq(disable("other", false), OK);
    cr_assert_eq(access_user_delete(access_, "root", 0, &err), OK);
}

Test(people, a_change_is_of_the_version_that_was_read)
{
    struct user_change change = {.has_must_change = true, .must_change = true};
    struct user user;

    create("ann", "viewer", NULL);
    cr_assert_eq(access_user_get(access_, "ann", &user, &err), OK);
    cr_assert_eq(access_user_change(access_, "ann", user.version, &change, &err), OK);
    cr_assert_eq(access_user_change(access_, "ann", user.version, &change, &err),
                 ERR_STALE_VERSION);
    cr_assert_eq(access_user_delete(access_, "ann", user.version, &err), ERR_STALE_VERSION);
}

Test(people, a_removed_account_is_gone_with_its_tokens)
{
    struct token_wish wish = {.name = "robot", .role = "risk", .person = "ann", .days = 1};
    char token[SECRET_TEXT_MAX];

    create("root", "admin", NULL);
    create("ann", "risk", NULL);
    create("bob", "risk", NULL);
    cr_assert_eq(access_token_create(access_, &wish, token, &err), OK);
    cr_assert_eq(login("ann", NULL), OK);
    cr_assert_eq(access_user_delete(access_, "ann", 0, &err), OK);
    cr_assert(!access_still_valid(access_, &actor));
    cr_assert_eq(access_by_token(access_, token, &actor), ERR_UNAUTHENTICATED);
    reopen();
    cr_assert_eq(login("ann", NULL), ERR_BAD_CREDENTIALS);
    cr_assert_eq(access_by_token(access_, token, &actor), ERR_UNAUTHENTICATED);
    cr_assert_eq(login("bob", NULL), OK);
}

static uint64_t version_of(const char *name)
{
    struct user user;

    cr_assert_eq(access_user_get(access_, name, &user, &err), OK, "%s", err.text);
    return user.version;
}

Test(people, a_version_that_was_never_comes_back)
{
    uint64_t highest;

    create("root", "admin", NULL);
    create("ann", "viewer", NULL);
    cr_assert_eq(disable("ann", true), OK);
    highest = version_of("ann");
    cr_assert_eq(access_user_delete(access_, "ann", 0, &err), OK);
    create("ann", "viewer", NULL);
    cr_assert_gt(version_of("ann"), highest);

    highest = version_of("ann");
    cr_assert_eq(access_user_delete(access_, "ann", 0, &err), OK);
    reopen();
    create("ann", "viewer", NULL);
    cr_assert_gt(version_of("ann"), highest, "also after a restart");
}

static void execute_on_disk(const char *sql)
{
    char path[64];
    sqlite3 *sqlite;

    snprintf(path, sizeof path, "%s/access.db", dir);
    access_close(access_);
    cr_assert_eq(sqlite3_open(path, &sqlite), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(sqlite));
    sqlite3_close(sqlite);
    cr_assert_eq(access_open(&access_, dir, &err), OK, "%s", err.text);
}

Test(people, a_file_of_an_earlier_program_is_taken_over)
{
    uint64_t version;

    create("root", "admin", NULL);
    version = version_of("root");
    create("dog", "viewer", NULL);
    execute_on_disk("DROP TRIGGER user_gone; DROP TABLE gone;"
                    "ALTER TABLE user DROP COLUMN created_by;"
                    "UPDATE user SET name = 'watchdog', person = 'watchdog' WHERE name = 'dog';"
                    "PRAGMA user_version = 2");
    cr_assert_eq(version_of("root"), version);
    cr_assert_eq(login("root", NULL), OK);
    cr_assert_eq(login("watchdog", NULL), OK, "a name that no new account may take");
    cr_assert_eq(set_role("watchdog", ROLE_TRADER), OK);
    create("ann", "viewer", NULL);
    cr_assert_gt(version_of("ann"), version);
}

Test(people, tokens_of_a_person_whose_last_account_moves_end)
{
    struct user_change change = {.has_person = true, .person = "bob"};
    struct token_wish wish = {.name = "robot", .role = "risk", .person = "ann", .days = 1};
    char token[SECRET_TEXT_MAX];

    create("ann", "risk", NULL);
    create("ann.two", "viewer", "ann");
    cr_assert_eq(access_token_create(access_, &wish, token, &err), OK);
    cr_assert_eq(access_user_change(access_, "ann.two", 0, &change, &err), OK);
    cr_assert_eq(access_by_token(access_, token, &actor), OK, "ann has an account still");
    cr_assert_eq(access_user_change(access_, "ann", 0, &change, &err), OK);
    cr_assert_eq(access_by_token(access_, token, &actor), ERR_UNAUTHENTICATED);
    reopen();
    cr_assert_eq(access_by_token(access_, token, &actor), ERR_UNAUTHENTICATED, "kept on disk");
}

Test(people, a_token_is_never_above_its_person)
{
    struct token_wish wish = {.name = "robot", .role = "risk", .person = "ann", .days = 1};
    char token[SECRET_TEXT_MAX];
    struct actor robot;

    create("root", "admin", NULL);
    create("ann", "risk", NULL);
    cr_assert_eq(access_token_create(access_, &wish, token, &err), OK);
    cr_assert_eq(access_by_token(access_, token, &robot), OK);
    cr_assert_str_eq(robot.person, "ann");
    cr_assert_eq(robot.role, ROLE_RISK);
    cr_assert_eq(set_role("ann", ROLE_VIEWER), OK);
    cr_assert(!access_still_valid(access_, &robot));
    cr_assert_eq(access_by_token(access_, token, &robot), OK);
    cr_assert_eq(robot.role, ROLE_VIEWER);
    cr_assert_eq(disable("ann", true), OK);
    cr_assert_eq(access_by_token(access_, token, &robot), ERR_UNAUTHENTICATED);
}

Test(people, a_scope_goes_no_further_than_its_person)
{
    static const struct {
        const char *scope;
        enum role least;
    } rows[] = {{"metrics", ROLE_VIEWER}, {"kill", ROLE_TRADER}, {"audit-read", ROLE_RISK}};
    char token[SECRET_TEXT_MAX];
    struct actor robot, before;

    create("root", "admin", NULL);
    create("ann", "admin", NULL);
    for (size_t at = 0; at < sizeof rows / sizeof *rows; at++) {
        struct token_wish wish = {
            .name = rows[at].scope, .scope = rows[at].scope, .person = "ann", .days = 1};

        cr_assert_eq(set_role("ann", ROLE_ADMIN), OK);
        cr_assert_eq(access_token_create(access_, &wish, token, &err), OK);
        for (int role = ROLE_ADMIN; role >= ROLE_VIEWER; role--) {
            cr_assert_eq(access_by_token(access_, token, &before), OK);
            cr_assert_eq(set_role("ann", (enum role)role), OK);
            cr_assert_eq(access_by_token(access_, token, &robot), OK);
            cr_assert_eq(robot.scopes != 0, (enum role)role >= rows[at].least, "%s %d",
                         rows[at].scope, role);
            cr_assert_eq(access_still_valid(access_, &before), robot.scopes == before.scopes);
        }
    }
}

Test(people, what_gives_more_is_a_grant)
{
    static const struct {
        enum role from, to;
        bool grants;
    } rows[] = {{ROLE_VIEWER, ROLE_TRADER, true}, {ROLE_TRADER, ROLE_ADMIN, true},
                {ROLE_ADMIN, ROLE_RISK, true},    {ROLE_ADMIN, ROLE_TRADER, false},
                {ROLE_RISK, ROLE_RISK, false},    {ROLE_RISK, ROLE_VIEWER, false}};
    struct user user = {.person = "ann", .role = ROLE_RISK, .disabled = true};
    struct user_change change = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        user.role = rows[i].from;
        change = (struct user_change){.has_role = true, .role = rows[i].to};
        cr_expect_eq(user_change_grants(&user, &change), rows[i].grants, "row %zu", i);
    }
    change = (struct user_change){.has_person = true, .person = "bob"};
    cr_expect(user_change_grants(&user, &change));
    change = (struct user_change){.has_person = true, .person = "ann"};
    cr_expect(!user_change_grants(&user, &change));
    change = (struct user_change){.has_disabled = true};
    cr_expect(user_change_grants(&user, &change), "enabled again");
}

/* --------------------------------------------------------------------------------- sessions */

Test(people, a_session_may_write_for_30_minutes_and_lives_12_hours)
{
    create("ann", "risk", NULL);
    cr_assert_eq(login("ann", NULL), OK);
    cr_assert_gt(actor.reauth_until_ns, clock_real_ns());
    access_pass_time(access_, 5 * MINUTE_NS);
    cr_assert_eq(access_by_session(access_, session, &actor), OK);
    cr_assert_leq(actor.reauth_until_ns, clock_real_ns(), "5 minutes are over");
    cr_assert_gt(actor.awake_until_ns, clock_real_ns());
    access_pass_time(access_, 20 * MINUTE_NS);
    access_session_acted(access_, &actor);
    access_pass_time(access_, 29 * MINUTE_NS);
    cr_assert_eq(access_by_session(access_, session, &actor), OK);
    cr_assert_gt(actor.awake_until_ns, clock_real_ns(), "a write has kept it awake");
    access_pass_time(access_, 1 * MINUTE_NS);
    cr_assert_eq(access_by_session(access_, session, &actor), OK);
    cr_assert_leq(actor.awake_until_ns, clock_real_ns());
    access_pass_time(access_, (12 * 60 - 56) * MINUTE_NS);
    cr_assert_eq(access_by_session(access_, session, &actor), OK);
    access_pass_time(access_, 1 * MINUTE_NS);
    cr_assert_eq(access_by_session(access_, session, &actor), ERR_UNAUTHENTICATED);
}

/* The wall clock an hour on or back is the same as the time at the opening an hour off: the steady
 * clock does not look at it again. */
Test(people, a_step_of_the_wall_clock_neither_ends_nor_lengthens)
{
    struct access *opened = access_;

    create("ann", "risk", NULL);
    for (int hours = -1; hours <= 1; hours += 2) {
        opened->real_ns += hours * 60 * MINUTE_NS;
        cr_assert_eq(login("ann", NULL), OK);
        cr_assert_eq(access_by_session(access_, session, &actor), OK);
        cr_assert_lt(llabs(actor.reauth_until_ns - (int64_t)time(NULL) * SECOND_NS - 5 * MINUTE_NS),
                     60 * SECOND_NS, "told on the wall clock of now");
        access_pass_time(access_, 12 * 60 * MINUTE_NS);
        cr_assert_eq(access_by_session(access_, session, &actor), ERR_UNAUTHENTICATED);
        access_pass_time(access_, -12 * 60 * MINUTE_NS);
        opened->real_ns -= hours * 60 * MINUTE_NS;
    }
}

Test(people, ones_own_sessions_and_all)
{
    char whose[MAX_NAME];
    uint64_t first;
    json_t *list;

    create("ann", "risk", NULL);
    create("bob", "risk", NULL);
    cr_assert_eq(login("ann", NULL), OK);
    first = actor.session;
    cr_assert_eq(login("bob", NULL), OK);
    list = access_sessions(access_, "bob", actor.session, LIST_WHOLE);
    cr_assert_eq(json_array_size(json_object_get(list, "items")), 1);
    json_decref(list);
    list = access_sessions(access_, NULL, actor.session, LIST_WHOLE);
    cr_assert_eq(json_array_size(json_object_get(list, "items")), 2);
    json_decref(list);
    cr_assert_eq(access_session_end(access_, "bob", first, whose, &err), ERR_NOT_FOUND);
    cr_assert_eq(access_session_end(access_, NULL, first, whose, &err), OK);
    cr_assert_str_eq(whose, "ann");
    cr_assert_eq(access_sessions_end(access_, "bob"), 1);
    cr_assert(!access_still_valid(access_, &actor));
}

/* ----------------------------------------------------------------------------- second factor */

static void code_at(int64_t offset, char code[8])
{
    struct user user;

    cr_assert_eq(access_user_get(access_, "ann", &user, &err), OK);
    snprintf(code, 8, "%06u", totp_code(user.totp, time(NULL) / TOTP_STEP_S + offset, 6) % 1000000);
}

static void switch_on(void)
{
    char secret[TOTP_TEXT_MAX], uri[TOTP_URI_MAX], code[8];
    int wait;

    create("ann", "risk", NULL);
    cr_assert_eq(login("ann", NULL), OK);
    cr_assert_eq(access_totp_confirm(access_, &actor, "000000", &wait, &err), ERR_CONFLICT);
    cr_assert_eq(access_totp_begin(access_, &actor, secret, uri, &err), OK);
    cr_assert(strstr(uri, secret) && strncmp(uri, "otpauth://totp/", 15) == 0);
    cr_assert_eq(login("ann", NULL), OK, "not confirmed: not wanted");
    code_at(-1, code);
    cr_assert_eq(access_totp_confirm(access_, &actor, code, &wait, &err), OK, "%s", err.text);
}

Test(people, a_second_factor_is_wanted_after_the_right_password_only)
{
    struct login wrong = {.user = "ann", .password = "not the password", .address = "::1"};
    char code[8];
    int wait;

    switch_on();
    cr_assert_eq(access_login(access_, &wrong, &actor, session, &wait, &err), ERR_BAD_CREDENTIALS);
    cr_assert_eq(login("ann", NULL), ERR_TOTP_REQUIRED);
    reopen();
    code_at(0, code);
    cr_assert_eq(login("ann", code), OK, "%s", err.text);
    cr_assert_eq(login("ann", code), ERR_BAD_CREDENTIALS, "a used step never again");
    reopen();
    cr_assert_eq(login("ann", code), ERR_BAD_CREDENTIALS, "not after a restart either");
    cr_assert_eq(access_totp_remove(access_, "ann", &err), OK);
    cr_assert_eq(login("ann", NULL), OK);
}

/* As when a log-in comes while a change is on its way to the disk. */
Test(people, an_older_copy_put_back_frees_no_used_code)
{
    struct user copy;
    char code[8];

    switch_on();
    cr_assert_eq(access_user_get(access_, "ann", &copy, &err), OK);
    code_at(0, code);
    cr_assert_eq(login("ann", code), OK, "%s", err.text);
    copy.must_change = true;
    user_put_locked(access_, &copy);
    cr_assert_eq(login("ann", code), ERR_BAD_CREDENTIALS);
    cr_assert(find_user_locked(access_, "ann")->must_change);
}

/* Tries of long ago, so that the next wait is longer than any hash takes. */
Test(people, wrong_codes_wait_wherever_they_come_from)
{
    struct login guess = {.user = "ann", .password = password, .totp = "12345", .address = "::2"};
    int wait = 0;

    switch_on();
    for (int64_t minutes = 60; minutes > 0; minutes -= 6)
        cr_assert_eq(
            throttle_try(&access_->throttle, "ann", "totp", clock_mono_ns() - minutes * MINUTE_NS),
            0);
    cr_assert_eq(access_login(access_, &guess, &actor, session, &wait, &err), ERR_BAD_CREDENTIALS);
    guess.address = "::1";
    cr_assert_eq(access_login(access_, &guess, &actor, session, &wait, &err), ERR_THROTTLED);
    cr_assert_gt(wait, 0);
}
