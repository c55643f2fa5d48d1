#include "control/access.h"

#include "control/access_db.h"
#include "control/throttle.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL
#define SESSION_NS (12 * 3600 * SECOND_NS)
#define REAUTH_NS (300 * SECOND_NS)
#define TICKET_NS (30 * SECOND_NS)
#define DAY_NS (86400 * SECOND_NS)

enum { SESSIONS_MAX = 512, SESSIONS_OF_USER = 16, TICKETS_MAX = 128 };
enum { PASSWORD_LENGTH_MIN = 12, PASSWORD_LENGTH_MAX = 256 };
enum { TOKEN_DAYS = 90, TOKEN_DAYS_MAX = 3650 };

struct session {
    char key[SHA256_HEX_MAX]; /* empty: free */
    char user[MAX_NAME];
    char csrf[SECRET_TEXT_MAX];
    int64_t made_ns, expires_ns, reauth_until_ns;
};

struct ticket {
    char key[SHA256_HEX_MAX]; /* empty: free */
    int64_t expires_ns;
    struct actor actor;
};

struct access {
    pthread_mutex_t lock;   /* everything below but db */
    pthread_mutex_t writer; /* db; taken before lock where both are */
    struct access_db *db;
    char dir[CONFIG_TEXT_MAX];
    uint32_t user_count, token_count;
    struct user user[USERS_MAX];
    struct token token[TOKENS_MAX];
    struct session session[SESSIONS_MAX];
    struct ticket ticket[TICKETS_MAX];
    struct throttle throttle;
};

static const char *const role_names[] = {"none", "viewer", "trader", "risk", "admin"};
static const char *const scope_names[] = {"metrics", "kill", "audit-read"}; /* by bit */
enum { ROLES = sizeof role_names / sizeof role_names[0] };
enum { TOKEN_SCOPES = sizeof scope_names / sizeof scope_names[0] };

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

static uint32_t token_scope_find(const char *name)
{
    for (int bit = 0; bit < TOKEN_SCOPES; bit++)
        if (strcmp(name, scope_names[bit]) == 0)
            return 1U << bit;
    return 0;
}

static void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

static bool name_is_valid(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(name);

    return length > 0 && length < MAX_NAME && strspn(name, allowed) == length;
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
    pthread_mutex_init(&made->lock, NULL);
    pthread_mutex_init(&made->writer, NULL);
    if ((status = access_db_open(&made->db, dir, err)) == OK)
        status = access_db_load(made->db, made->user, &made->user_count, made->token,
                                &made->token_count, err);
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
    pthread_mutex_destroy(&access->lock);
    pthread_mutex_destroy(&access->writer);
    explicit_bzero(access, sizeof *access);
    free(access);
}

/* ----------------------------------------------------------------------- look-ups, locked */

static struct user *find_user(struct access *access, const char *name)
{
    for (uint32_t i = 0; i < access->user_count; i++)
        if (strcmp(access->user[i].name, name) == 0)
            return &access->user[i];
    return NULL;
}

static bool token_stands(const struct token *token, int64_t now_ns)
{
    return token->revoked_ns == 0 && now_ns < token->expires_ns;
}

/* The standing token of that name. */
static struct token *find_token(struct access *access, const char *name, int64_t now_ns)
{
    for (uint32_t i = 0; i < access->token_count; i++)
        if (strcmp(access->token[i].name, name) == 0 && token_stands(&access->token[i], now_ns))
            return &access->token[i];
    return NULL;
}

static struct token *find_token_key(struct access *access, const char *key, int64_t now_ns)
{
    for (uint32_t i = 0; i < access->token_count; i++)
        if (strcmp(access->token[i].key, key) == 0)
            return token_stands(&access->token[i], now_ns) ? &access->token[i] : NULL;
    return NULL;
}

static struct session *find_session(struct access *access, const char *key, int64_t now_ns)
{
    if (key[0] == '\0')
        return NULL;
    for (int i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &access->session[i];

        if (strcmp(session->key, key) == 0)
            return now_ns < session->expires_ns ? session : NULL;
    }
    return NULL;
}

/* A free or expired place; the user's own oldest session when that is the sixteenth; else the
 * oldest of all. */
static struct session *take_session(struct access *access, const char *user, int64_t now_ns)
{
    struct session *unused = NULL, *own = NULL, *oldest = &access->session[0];
    int owned = 0;

    for (int i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &access->session[i];

        if (session->key[0] == '\0' || now_ns >= session->expires_ns) {
            unused = session;
            continue;
        }
        if (session->made_ns < oldest->made_ns)
            oldest = session;
        if (strcmp(session->user, user) != 0)
            continue;
        owned++;
        if (!own || session->made_ns < own->made_ns)
            own = session;
    }
    if (owned >= SESSIONS_OF_USER)
        return own;
    return unused ? unused : oldest;
}

static void actor_of_session(const struct user *user, const struct session *session,
                             struct actor *actor)
{
    *actor = (struct actor){.role = user->role,
                            .is_session = true,
                            .must_change_password = user->must_change,
                            .reauth_until_ns = session->reauth_until_ns,
                            .expires_ns = session->expires_ns};
    copy_text(actor->name, sizeof actor->name, user->name);
    copy_text(actor->person, sizeof actor->person, user->person);
    copy_text(actor->csrf, sizeof actor->csrf, session->csrf);
    copy_text(actor->session_key, sizeof actor->session_key, session->key);
}

static void actor_of_token(const struct token *token, struct actor *actor)
{
    *actor = (struct actor){
        .role = token->role, .scopes = token->scopes, .expires_ns = token->expires_ns};
    copy_text(actor->name, sizeof actor->name, token->name);
    copy_text(actor->person, sizeof actor->person, token->name);
    copy_text(actor->session_key, sizeof actor->session_key, token->key);
}

/* --------------------------------------------------------------------------- log in, out */

/* Renews the caller's own session, or makes one. Locked. */
static void grant(struct access *access, const struct user *user, const char *session_key,
                  int64_t now_ns, struct actor *actor, char secret[SECRET_TEXT_MAX])
{
    struct session *session = find_session(access, session_key ? session_key : "", now_ns);

    secret[0] = '\0';
    if (!session || strcmp(session->user, user->name) != 0) {
        session = take_session(access, user->name, now_ns);
        *session = (struct session){.made_ns = now_ns, .expires_ns = now_ns + SESSION_NS};
        secret_make(secret, "");
        secret_key(secret, session->key);
        secret_make(session->csrf, "");
        copy_text(session->user, sizeof session->user, user->name);
    }
    session->reauth_until_ns = now_ns + REAUTH_NS;
    actor_of_session(user, session, actor);
}

enum status access_login(struct access *access, const char *name, const char *password,
                         const char *address, const char *session_key, struct actor *actor,
                         char session[SECRET_TEXT_MAX], int *retry_after_s, struct err *err)
{
    char hash[PASSWORD_HASH_MAX] = "";
    struct user *user;
    bool matches;

    pthread_mutex_lock(&access->lock);
    *retry_after_s = throttle_try(&access->throttle, name, address, clock_mono_ns());
    user = find_user(access, name);
    if (user)
        copy_text(hash, sizeof hash, user->hash);
    pthread_mutex_unlock(&access->lock);
    if (*retry_after_s > 0)
        return err_format(err, ERR_THROTTLED, "too many tries, wait %d s", *retry_after_s);

    matches = strlen(password) <= PASSWORD_LENGTH_MAX &&
              password_matches(password, hash[0] == '\0' ? NULL : hash);

    pthread_mutex_lock(&access->lock);
    user = find_user(access, name);
    /* Somebody may have changed the password while we hashed. */
    matches = matches && user && strcmp(user->hash, hash) == 0;
    if (matches) {
        throttle_forgive(&access->throttle, name, address);
        grant(access, user, session_key, clock_real_ns(), actor, session);
    }
    pthread_mutex_unlock(&access->lock);
    return matches ? OK : err_set(err, ERR_BAD_CREDENTIALS, "wrong user or password");
}

void access_logout(struct access *access, const char *session_key)
{
    struct session *session;

    pthread_mutex_lock(&access->lock);
    session = find_session(access, session_key, clock_real_ns());
    if (session)
        *session = (struct session){0};
    pthread_mutex_unlock(&access->lock);
}

static enum status password_check(const char *name, const char *password, struct err *err)
{
    size_t length = strlen(password);

    if (length < PASSWORD_LENGTH_MIN || length > PASSWORD_LENGTH_MAX)
        return err_format(err, ERR_WEAK_PASSWORD, "a password has %d to %d characters",
                          PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX);
    if (strcasestr(password, name))
        return err_set(err, ERR_WEAK_PASSWORD, "the password contains the user's name");
    if (strspn(password, (char[]){password[0], '\0'}) == length)
        return err_set(err, ERR_WEAK_PASSWORD, "the password is one character repeated");
    return OK;
}

/* Writes the user to disk, then to the table. */
static enum status store_user(struct access *access, const struct user *user, bool is_new,
                              struct err *err)
{
    enum status status = OK;

    pthread_mutex_lock(&access->writer);
    pthread_mutex_lock(&access->lock);
    if (is_new && find_user(access, user->name))
        status = err_format(err, ERR_CONFLICT, "there is a user %s already", user->name);
    else if (is_new && access->user_count == USERS_MAX)
        status = err_format(err, ERR_UNAVAILABLE, "no room for more than %d users", USERS_MAX);
    pthread_mutex_unlock(&access->lock);
    if (status == OK)
        status = access_db_put_user(access->db, user, err);
    if (status == OK) {
        pthread_mutex_lock(&access->lock);
        if (is_new)
            access->user[access->user_count++] = *user;
        else
            *find_user(access, user->name) = *user;
        pthread_mutex_unlock(&access->lock);
    }
    pthread_mutex_unlock(&access->writer);
    return status;
}

static void end_other_sessions(struct access *access, const struct actor *actor)
{
    pthread_mutex_lock(&access->lock);
    for (int i = 0; i < SESSIONS_MAX; i++)
        if (strcmp(access->session[i].user, actor->name) == 0 &&
            strcmp(access->session[i].key, actor->session_key) != 0)
            access->session[i] = (struct session){0};
    pthread_mutex_unlock(&access->lock);
}

/* The file held a password that no longer opens anything. */
static void forget_first_login(const struct access *access)
{
    char path[CONFIG_TEXT_MAX + 16];

    snprintf(path, sizeof path, "%s/first-login", access->dir);
    unlink(path);
}

enum status access_change_password(struct access *access, const struct actor *actor,
                                   const char *old_password, const char *new_password,
                                   struct err *err)
{
    struct user user = {0};
    struct user *found;
    enum status status;
    bool was_forced;

    if (!actor->is_session)
        return err_set(err, ERR_FORBIDDEN, "only a person logged in has a password");
    pthread_mutex_lock(&access->lock);
    if ((found = find_user(access, actor->name)))
        user = *found;
    pthread_mutex_unlock(&access->lock);
    if (!password_matches(old_password, found ? user.hash : NULL))
        return err_set(err, ERR_BAD_CREDENTIALS, "the old password is wrong");
    if (strcmp(old_password, new_password) == 0)
        return err_set(err, ERR_WEAK_PASSWORD, "the new password is the old one");
    if ((status = password_check(user.name, new_password, err)) != OK)
        return status;
    if (!password_hash(new_password, user.hash))
        return err_set(err, ERR_UNAVAILABLE, "no memory to hash the password");
    was_forced = user.must_change;
    user.must_change = false;
    if ((status = store_user(access, &user, false, err)) != OK)
        return status;
    end_other_sessions(access, actor);
    if (was_forced)
        forget_first_login(access);
    return OK;
}

/* ------------------------------------------------------------------------- who is asking */

enum status access_by_session(struct access *access, const char *secret, struct actor *actor)
{
    char key[SHA256_HEX_MAX];
    struct session *session;
    struct user *user;

    secret_key(secret, key);
    pthread_mutex_lock(&access->lock);
    session = find_session(access, key, clock_real_ns());
    user = session ? find_user(access, session->user) : NULL;
    if (user)
        actor_of_session(user, session, actor);
    pthread_mutex_unlock(&access->lock);
    return user ? OK : ERR_UNAUTHENTICATED;
}

enum status access_by_token(struct access *access, const char *secret, struct actor *actor)
{
    char key[SHA256_HEX_MAX];
    struct token *token;

    secret_key(secret, key);
    pthread_mutex_lock(&access->lock);
    token = find_token_key(access, key, clock_real_ns());
    if (token)
        actor_of_token(token, actor);
    pthread_mutex_unlock(&access->lock);
    return token ? OK : ERR_UNAUTHENTICATED;
}

bool access_still_valid(struct access *access, const struct actor *actor)
{
    int64_t now_ns = clock_real_ns();
    bool stands;

    if (actor->is_local)
        return true;
    pthread_mutex_lock(&access->lock);
    stands = actor->is_session ? find_session(access, actor->session_key, now_ns) != NULL
                               : find_token_key(access, actor->session_key, now_ns) != NULL;
    pthread_mutex_unlock(&access->lock);
    return stands;
}

/* ------------------------------------------------------------------------------- tickets */

void access_ticket_make(struct access *access, const struct actor *actor,
                        char secret[SECRET_TEXT_MAX], int64_t *expires_ns)
{
    int64_t now_ns = clock_real_ns();
    struct ticket *ticket = &access->ticket[0];

    secret_make(secret, "");
    *expires_ns = now_ns + TICKET_NS;
    pthread_mutex_lock(&access->lock);
    for (int i = 0; i < TICKETS_MAX && ticket->key[0] != '\0'; i++)
        if (access->ticket[i].key[0] == '\0' || access->ticket[i].expires_ns < ticket->expires_ns)
            ticket = &access->ticket[i];
    *ticket = (struct ticket){.expires_ns = *expires_ns, .actor = *actor};
    secret_key(secret, ticket->key);
    pthread_mutex_unlock(&access->lock);
}

enum status access_ticket_use(struct access *access, const char *secret, struct actor *actor)
{
    char key[SHA256_HEX_MAX];
    bool found = false;

    secret_key(secret, key);
    pthread_mutex_lock(&access->lock);
    for (int i = 0; i < TICKETS_MAX && !found; i++) {
        struct ticket *ticket = &access->ticket[i];

        if (strcmp(ticket->key, key) != 0)
            continue;
        found = clock_real_ns() < ticket->expires_ns;
        *actor = ticket->actor;
        *ticket = (struct ticket){0};
    }
    pthread_mutex_unlock(&access->lock);
    return found && access_still_valid(access, actor) ? OK : ERR_UNAUTHENTICATED;
}

/* ---------------------------------------------------------------------- users and tokens */

static enum status user_make(struct access *access, const char *name, enum role role,
                             const char *password, bool must_change, struct err *err)
{
    struct user user = {.role = role, .must_change = must_change, .created_ns = clock_real_ns()};

    copy_text(user.name, sizeof user.name, name);
    copy_text(user.person, sizeof user.person, name);
    if (!password_hash(password, user.hash))
        return err_set(err, ERR_UNAVAILABLE, "no memory to hash the password");
    return store_user(access, &user, true, err);
}

enum status access_user_create(struct access *access, const char *name, const char *role,
                               const char *password, struct err *err)
{
    enum status status;
    bool taken;

    if (!name_is_valid(name))
        return err_set(err, ERR_OUT_OF_RANGE, "a name is 1 to 47 of a-z A-Z 0-9 . _ -");
    if (role_find(role) == ROLE_NONE)
        return err_set(err, ERR_OUT_OF_RANGE, "roles are viewer, trader, risk, admin");
    if ((status = password_check(name, password, err)) != OK)
        return status;
    pthread_mutex_lock(&access->lock);
    taken = find_user(access, name) != NULL;
    pthread_mutex_unlock(&access->lock);
    if (taken) /* before the 60 ms; store_user looks again */
        return err_format(err, ERR_CONFLICT, "there is a user %s already", name);
    return user_make(access, name, role_find(role), password, false, err);
}

/* The place for a new token: behind the others, or that of one that no longer stands. */
static struct token *token_place(struct access *access, int64_t now_ns)
{
    if (access->token_count < TOKENS_MAX)
        return &access->token[access->token_count++];
    for (uint32_t i = 0; i < TOKENS_MAX; i++)
        if (!token_stands(&access->token[i], now_ns))
            return &access->token[i];
    return NULL;
}

static enum status store_new_token(struct access *access, const struct token *token,
                                   struct err *err)
{
    struct token *place = NULL;
    enum status status = OK;

    pthread_mutex_lock(&access->writer);
    pthread_mutex_lock(&access->lock);
    if (find_token(access, token->name, token->created_ns))
        status = err_format(err, ERR_CONFLICT, "there is a token %s already", token->name);
    else if (!(place = token_place(access, token->created_ns)))
        status = err_format(err, ERR_UNAVAILABLE, "no room for more than %d tokens", TOKENS_MAX);
    else
        *place = (struct token){.revoked_ns = 1}; /* taken, stands for nothing yet */
    pthread_mutex_unlock(&access->lock);
    if (place && (status = access_db_put_token(access->db, token, err)) == OK) {
        pthread_mutex_lock(&access->lock);
        *place = *token;
        pthread_mutex_unlock(&access->lock);
    }
    pthread_mutex_unlock(&access->writer);
    return status;
}

enum status access_token_create(struct access *access, const char *name, const char *role,
                                const char *scope, int days, char secret[SECRET_TEXT_MAX],
                                struct err *err)
{
    struct token token = {.created_ns = clock_real_ns()};

    if (!name_is_valid(name))
        return err_set(err, ERR_OUT_OF_RANGE, "a name is 1 to 47 of a-z A-Z 0-9 . _ -");
    if ((role == NULL) == (scope == NULL))
        return err_set(err, ERR_MALFORMED, "a token has either a role or a scope");
    if (role && (token.role = role_find(role)) == ROLE_NONE)
        return err_set(err, ERR_OUT_OF_RANGE, "roles are viewer, trader, risk, admin");
    if (scope && (token.scopes = token_scope_find(scope)) == 0)
        return err_set(err, ERR_OUT_OF_RANGE, "scopes are metrics, kill, audit-read");
    if (days < 0 || days > TOKEN_DAYS_MAX)
        return err_format(err, ERR_OUT_OF_RANGE, "a token lives 1 to %d days", TOKEN_DAYS_MAX);
    token.expires_ns = token.created_ns + (days == 0 ? TOKEN_DAYS : days) * DAY_NS;
    copy_text(token.name, sizeof token.name, name);
    secret_make(secret, "pw_");
    secret_key(secret, token.key);
    return store_new_token(access, &token, err);
}

enum status access_token_revoke(struct access *access, const char *name, struct err *err)
{
    int64_t now_ns = clock_real_ns();
    struct token copy = {0};
    struct token *token;

    /* Ends at once in memory, whatever the disk then says. */
    pthread_mutex_lock(&access->writer);
    pthread_mutex_lock(&access->lock);
    if ((token = find_token(access, name, now_ns))) {
        token->revoked_ns = now_ns;
        copy = *token;
    }
    pthread_mutex_unlock(&access->lock);
    if (token)
        err->status = access_db_put_token(access->db, &copy, err);
    pthread_mutex_unlock(&access->writer);
    return token ? err->status : err_format(err, ERR_NOT_FOUND, "there is no token %s", name);
}

static json_t *ns_json(int64_t ns)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)ns);
    return json_string(text);
}

json_t *access_users(struct access *access)
{
    json_t *items = json_array();

    pthread_mutex_lock(&access->lock);
    for (uint32_t i = access->user_count; i-- > 0;) {
        const struct user *user = &access->user[i];

        json_array_append_new(
            items, json_pack("{s:s,s:s,s:s,s:b,s:o}", "user", user->name, "person", user->person,
                             "role", role_name(user->role), "must_change_password",
                             user->must_change, "created_ns", ns_json(user->created_ns)));
    }
    pthread_mutex_unlock(&access->lock);
    return json_pack("{s:o,s:n}", "items", items, "next");
}

static json_t *token_json(const struct token *token, int64_t now_ns)
{
    const char *scope = NULL;

    for (int bit = 0; bit < TOKEN_SCOPES; bit++)
        if (token->scopes & 1U << bit)
            scope = scope_names[bit];
    return json_pack("{s:s,s:s?,s:s?,s:o,s:o,s:s}", "name", token->name, "role",
                     token->role == ROLE_NONE ? NULL : role_name(token->role), "scope", scope,
                     "created_ns", ns_json(token->created_ns), "expires_ns",
                     ns_json(token->expires_ns), "state",
                     token->revoked_ns != 0       ? "revoked"
                     : now_ns < token->expires_ns ? "valid"
                                                  : "expired");
}

json_t *access_tokens(struct access *access)
{
    int64_t now_ns = clock_real_ns();
    json_t *items = json_array();

    pthread_mutex_lock(&access->lock);
    for (uint32_t i = access->token_count; i-- > 0;)
        if (access->token[i].name[0] != '\0')
            json_array_append_new(items, token_json(&access->token[i], now_ns));
    pthread_mutex_unlock(&access->lock);
    return json_pack("{s:o,s:n}", "items", items, "next");
}

/* ----------------------------------------------------------------------------- first run */

static enum status write_first_login(const char *dir, const json_t *logins, struct err *err)
{
    char path[CONFIG_TEXT_MAX + 16];
    char *text = json_dumps(logins, JSON_INDENT(2));
    enum status status = OK;
    size_t length = text ? strlen(text) : 0;
    int fd;

    snprintf(path, sizeof path, "%s/first-login", dir);
    unlink(path); /* of an earlier, emptied life of the directory */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (!text || fd < 0 || write(fd, text, length) != (ssize_t)length || fsync(fd) != 0)
        status = err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(text);
    return status;
}

struct first_user {
    const char *name;
    enum role role;
    bool must_change;
    char password[PASSWORD_MADE_MAX];
};

/* The file comes first: a stop between the two leaves no users, and the next start tries again. */
static enum status make_first_users(struct access *access, const char *dir,
                                    struct first_user *users, size_t count, json_t **printed,
                                    struct err *err)
{
    json_t *rows = json_array();
    json_t *logins = json_pack("{s:o}", "users", rows);
    enum status status;

    for (size_t i = 0; i < count; i++) {
        password_make(users[i].password);
        json_array_append_new(rows,
                              json_pack("{s:s,s:s,s:s}", "user", users[i].name, "role",
                                        role_name(users[i].role), "password", users[i].password));
    }
    status = write_first_login(dir, logins, err);
    for (size_t i = 0; status == OK && i < count; i++)
        status = user_make(access, users[i].name, users[i].role, users[i].password,
                           users[i].must_change, err);
    if (status == OK)
        *printed = logins;
    else
        json_decref(logins);
    return status;
}

enum status access_first_run(struct access *access, const char *dir, bool demo, json_t **printed,
                             struct err *err)
{
    struct first_user demo_users[] = {{"viewer", ROLE_VIEWER, false, ""},
                                      {"trader", ROLE_TRADER, false, ""},
                                      {"risk1", ROLE_RISK, false, ""},
                                      {"risk2", ROLE_RISK, false, ""},
                                      {"admin", ROLE_ADMIN, false, ""}};
    struct first_user admin[] = {{"admin", ROLE_ADMIN, true, ""}};

    *printed = NULL;
    if (access->user_count > 0)
        return OK;
    if (!demo)
        return make_first_users(access, dir, admin, 1, printed, err);
    return make_first_users(access, dir, demo_users, sizeof demo_users / sizeof demo_users[0],
                            printed, err);
}
