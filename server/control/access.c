#include "control/access_inside.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const role_names[] = {"none", "viewer", "trader", "risk", "admin"};
enum { ROLES = sizeof role_names / sizeof role_names[0] };

const char *role_name(enum role role)
{
    assert((unsigned)role < ROLES);
    return role_names[role];
}

enum role role_find(const char *name)
{
    for (int role = ROLE_VIEWER; role < ROLES; role++)
        if (strcmp(name, role_names[role]) == 0)
            return (enum role)role;
    return ROLE_NONE;
}

void copy_text(char *out, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);

    memcpy(out, text, length); /* without printf: each request copies three */
    out[length] = '\0';
}

json_t *access_ns_json(int64_t ns)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)ns);
    return json_string(text);
}

enum status name_check(const char *name, struct err *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(name);

    if (length > 0 && length < MAX_NAME && strspn(name, allowed) == length)
        return OK;
    return err_set(err, ERR_OUT_OF_RANGE, "a name is 1 to 47 of a-z A-Z 0-9 . _ -");
}

/* Who the program says that it is, in the audit, of a kill and of a proposal, and what would read
 * so. */
static bool is_own_name(const char *name)
{
    static const char *const names[] = {"pitwall", "engine", "watchdog",       "journal", "signal",
                                        "venue",   "local",  "metrics_listen", "unknown"};

    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (strcasecmp(name, names[at]) == 0)
            return true;
    return false;
}

static enum status own_name_check(const char *name, struct err *err)
{
    return is_own_name(name) ? err_format(err, ERR_OUT_OF_RANGE,
                                          "%s is a name that the program itself goes by", name)
                             : OK;
}

enum status person_check(const char *person, struct err *err)
{
    enum status status = name_check(person, err);

    return status == OK ? own_name_check(person, err) : status;
}

enum status name_free_locked(struct access *access, const char *name, struct err *err)
{
    const struct token *token = find_token_name_locked(access, name, access_now(access));

    for (uint32_t i = 0; i < access->user_count; i++)
        if (strcasecmp(access->user[i].name, name) == 0)
            return err_format(err, ERR_CONFLICT, "there is a user %s already",
                              access->user[i].name);
    if (token)
        return err_format(err, ERR_CONFLICT, "there is a token %s already", token->name);
    return own_name_check(name, err);
}

/* ---------------------------------------------------------------------------------- time */

int64_t access_now(const struct access *access)
{
    return access->real_ns + (clock_mono_ns() - access->mono_ns) + access->passed_ns;
}

/* The two clocks agree but for noise until somebody steps the wall clock; noise is not shown. */
int64_t access_outward(const struct access *access, int64_t steady_ns)
{
    int64_t step_ns = clock_real_ns() - access_now(access);

    return steady_ns == 0 || llabs(step_ns) < SECOND_NS ? steady_ns : steady_ns + step_ns;
}

void access_pass_time(struct access *access, int64_t ns)
{
    access->passed_ns += ns;
}

/* --------------------------------------------------------------------------------- lists */

static int higher_first(const void *a, const void *b)
{
    const struct list_row *left = a, *right = b;

    return (left->number < right->number) - (left->number > right->number);
}

json_t *list_part_json(struct list_row *rows, uint32_t count, struct list_part part,
                       json_t *(*show)(const void *ctx, const void *row), const void *ctx)
{
    json_t *items = json_array();
    uint32_t first = 0, end;

    qsort(rows, count, sizeof *rows, higher_first);
    while (first < count && part.before != 0 && rows[first].number >= part.before)
        first++;
    end = part.most < count - first ? first + part.most : count;
    for (uint32_t at = first; at < end; at++)
        json_array_append_new(items, show(ctx, rows[at].row));
    return json_pack("{s:o,s:o}", "items", items, "next",
                     end < count && end > first
                         ? json_sprintf("%llu", (unsigned long long)rows[end - 1].number)
                         : json_null());
}

/* ------------------------------------------------------------------------ open and close */

enum status access_open(struct access **access, const char *dir, struct err *err)
{
    struct access *made = calloc(1, sizeof *made);
    enum status status;

    if (!made || !secret_open()) {
        free(made);
        return err_set(err, ERR_INTERNAL, "access: no memory or no randomness");
    }
    if (strlen(dir) >= sizeof made->dir) {
        free(made);
        return err_set(err, ERR_IO, "access: the directory's path is too long");
    }
    copy_text(made->dir, sizeof made->dir, dir);
    made->real_ns = clock_real_ns();
    made->mono_ns = clock_mono_ns();
    pthread_rwlock_init(&made->lock, NULL);
    pthread_mutex_init(&made->writer, NULL);
    if ((status = access_db_open(&made->db, dir, err)) == OK)
        status = access_db_load(made->db, made->user, &made->user_count, made->token,
                                &made->token_count, err);
    if (status == OK)
        status = access_db_version(made->db, &made->version, err);
    if (status != OK) {
        access_close(made);
        return status;
    }
    *access = made;
    return OK;
}

void access_close(struct access *access)
{
    if (!access)
        return;
    access_db_close(access->db);
    pthread_rwlock_destroy(&access->lock);
    pthread_mutex_destroy(&access->writer);
    explicit_bzero(access, sizeof *access);
    free(access);
}

/* ------------------------------------------------------------------------- who is asking */

enum status access_by_session(struct access *access, const char *secret, struct actor *actor)
{
    char key[SHA256_HEX_MAX];
    struct session *session;
    struct user *user;
    bool stands;

    secret_key(secret, key);
    access_read(access);
    session = find_session_locked(access, key, access_now(access));
    user = session ? find_user_locked(access, session->user) : NULL;
    stands = user && !user->disabled;
    if (stands)
        actor_of_session_locked(access, user, session, actor);
    access_done(access);
    return stands ? OK : ERR_UNAUTHENTICATED;
}

enum status access_by_token(struct access *access, const char *secret, struct actor *actor)
{
    char key[SHA256_HEX_MAX];
    const struct token *token;

    secret_key(secret, key);
    access_read(access);
    token = find_token_key_locked(access, key, access_now(access));
    if (token)
        actor_of_token_locked(access, token, actor);
    access_done(access);
    return token ? OK : ERR_UNAUTHENTICATED;
}

static bool session_valid_locked(struct access *access, const struct actor *actor)
{
    struct session *session = find_session_locked(access, actor->session_key, access_now(access));
    struct user *user = session ? find_user_locked(access, session->user) : NULL;

    return user && !user->disabled && user->role == actor->role;
}

static bool token_valid_locked(struct access *access, const struct actor *actor)
{
    const struct token *token =
        find_token_key_locked(access, actor->session_key, access_now(access));
    struct actor now;

    if (!token)
        return false;
    actor_of_token_locked(access, token, &now);
    return now.role == actor->role && now.scopes == actor->scopes;
}

enum actor_by actor_by(const struct actor *actor)
{
    return actor->is_local ? BY_LOCAL : actor->is_session ? BY_SESSION : BY_TOKEN;
}

const char *actor_by_name(enum actor_by by)
{
    static const char *const names[] = {"token", "session", "local"};

    assert((unsigned)by < sizeof names / sizeof names[0]);
    return names[by];
}

void access_origin(struct access *access, const struct actor *actor, struct origin *origin)
{
    const struct user *user;

    *origin = (struct origin){.by = actor_by(actor), .role = actor->role};
    memcpy(origin->name, actor->name, sizeof origin->name);
    memcpy(origin->person, actor->person, sizeof origin->person);
    if (origin->by == BY_TOKEN)
        memcpy(origin->key, actor->session_key, sizeof origin->key);
    if (origin->by != BY_SESSION || !access)
        return;
    access_read(access);
    if ((user = find_user_locked(access, actor->name)))
        origin->created_ns = user->created_ns;
    access_done(access);
}

static bool account_stands_locked(struct access *access, const struct origin *origin)
{
    const struct user *user = find_user_locked(access, origin->name);

    return user && !user->disabled && user->created_ns == origin->created_ns &&
           strcmp(user->person, origin->person) == 0 && user->role >= origin->role;
}

static bool token_stands_locked(struct access *access, const struct origin *origin)
{
    const struct token *token = find_token_key_locked(access, origin->key, access_now(access));
    struct actor now;

    if (!token)
        return false;
    actor_of_token_locked(access, token, &now);
    return now.role >= origin->role;
}

bool access_origin_stands(struct access *access, const struct origin *origin)
{
    bool stands;

    if (origin->by == BY_LOCAL || !access)
        return true;
    access_read(access);
    stands = origin->by == BY_SESSION ? account_stands_locked(access, origin)
                                      : token_stands_locked(access, origin);
    access_done(access);
    return stands;
}

bool access_still_valid(struct access *access, const struct actor *actor)
{
    bool stands;

    if (actor->is_local)
        return true;
    access_read(access);
    stands =
        actor->is_session ? session_valid_locked(access, actor) : token_valid_locked(access, actor);
    access_done(access);
    return stands;
}

enum status access_look_again(struct access *access, const struct actor *actor, struct err *err)
{
    return access_still_valid(access, actor)
               ? OK
               : err_set(err, ERR_UNAUTHENTICATED, "the session or token has ended");
}

enum status access_renew(struct access *access, struct actor *actor, struct err *err)
{
    enum status status = access_look_again(access, actor, err);
    struct session *session;

    if (status != OK || !actor->is_session)
        return status;
    access_read(access);
    session = find_session_locked(access, actor->session_key, access_now(access));
    if (session)
        session_until_locked(access, session, actor);
    access_done(access);
    return OK;
}
