#include "control/access_inside.h"

#include "thread/clock.h"
#include "thread/fair.h"
#include "thread/log.h"

#include <string.h>

#define SESSION_NS (12 * 3600 * SECOND_NS)
#define AWAKE_NS (1800 * SECOND_NS)
#define REAUTH_NS (300 * SECOND_NS)
#define TICKET_NS (30 * SECOND_NS)

/* ----------------------------------------------------------------------- look-ups, locked */

struct session *find_session_locked(struct access *access, const char *key, int64_t now_ns)
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

void end_sessions_locked(struct access *access, const char *user, const char *keep)
{
    for (int i = 0; i < SESSIONS_MAX; i++)
        if (strcmp(access->session[i].user, user) == 0 &&
            !(keep && strcmp(access->session[i].key, keep) == 0))
            access->session[i] = (struct session){0};
}

static int64_t acted_ns(const struct session *session)
{
    return atomic_load_explicit(&session->acted_ns, memory_order_relaxed);
}

void session_until_locked(const struct access *access, const struct session *session,
                          struct actor *actor)
{
    actor->reauth_until_ns = access_outward(access, session->reauth_until_ns);
    actor->awake_until_ns = access_outward(access, acted_ns(session) + AWAKE_NS);
    actor->expires_ns = access_outward(access, session->expires_ns);
}

void actor_of_session_locked(const struct access *access, const struct user *user,
                             const struct session *session, struct actor *actor)
{
    *actor = (struct actor){.role = user->role,
                            .is_session = true,
                            .must_change_password = user->must_change,
                            .session = session->number};
    session_until_locked(access, session, actor);
    copy_text(actor->name, sizeof actor->name, user->name);
    copy_text(actor->person, sizeof actor->person, user->person);
    copy_text(actor->csrf, sizeof actor->csrf, session->csrf);
    copy_text(actor->session_key, sizeof actor->session_key, session->key);
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

/* --------------------------------------------------------------------------------- log in */

/* Renews the caller's own session, or makes one. Locked. */
static void grant(struct access *access, const struct user *user, const struct login *login,
                  struct actor *actor, char secret[SECRET_TEXT_MAX])
{
    int64_t now_ns = access_now(access);
    const char *key = login->session_key ? login->session_key : "";
    struct session *session = find_session_locked(access, key, now_ns);

    secret[0] = '\0';
    if (!session || strcmp(session->user, user->name) != 0) {
        session = take_session(access, user->name, now_ns);
        *session = (struct session){
            .number = ++access->sessions, .made_ns = now_ns, .expires_ns = now_ns + SESSION_NS};
        secret_make(secret, "");
        secret_key(secret, session->key);
        secret_make(session->csrf, "");
        copy_text(session->user, sizeof session->user, user->name);
        copy_text(session->address, sizeof session->address, login->address);
    }
    session->reauth_until_ns = now_ns + REAUTH_NS;
    atomic_store_explicit(&session->acted_ns, now_ns, memory_order_relaxed);
    actor_of_session_locked(access, user, session, actor);
}

/* The password is right; is the code? Takes its step, so that no second log-in can use it. Only
 * who has the password comes here, so the wait of wrong codes can be the account's own. Locked. */
static enum status code_check(struct access *access, struct user *user, const struct login *login,
                              int *retry_after_s, struct err *err)
{
    int64_t step;

    if (!user->totp_on)
        return OK;
    if (!login->totp)
        return err_set(err, ERR_TOTP_REQUIRED, "send the code of your second factor as \"totp\"");
    *retry_after_s = throttle_try_pair(&access->throttle, user->name, "totp", clock_mono_ns());
    if (*retry_after_s > 0)
        return err_format(err, ERR_THROTTLED, "too many codes, wait %d s", *retry_after_s);
    if (!totp_matches(user->totp, login->totp, clock_real_ns(), user->totp_step, &step))
        return err_set(err, ERR_BAD_CREDENTIALS, "wrong or used code");
    user->totp_step = step;
    throttle_forgive(&access->throttle, user->name, "totp");
    return OK;
}

static enum status login_try(struct access *access, const struct login *login,
                             char hash[PASSWORD_HASH_MAX], int *retry_after_s, struct err *err)
{
    const struct user *user;

    hash[0] = '\0';
    access_write(access);
    *retry_after_s = throttle_try(&access->throttle, login->user, login->address, clock_mono_ns());
    user = find_user_locked(access, login->user);
    if (user)
        copy_text(hash, PASSWORD_HASH_MAX, user->hash);
    access_done(access);
    if (*retry_after_s > 0)
        return err_format(err, ERR_THROTTLED, "too many tries, wait %d s", *retry_after_s);
    return OK;
}

/* A used step is kept on disk; when the disk will not, this process still knows it, and after a
 * restart it is good for what is left of its 90 s: no reason to lock somebody out. */
static void keep_step(struct access *access, const char *name)
{
    struct user user;
    struct err err;

    pthread_mutex_lock(&access->writer); /* first: what is written is what stands now */
    if (access_user_get(access, name, &user, &err) == OK &&
        access_db_put_user(access->db, &user, &err) != OK)
        log_line(LOG_ERROR, "access", "a used code could not be kept", NULL);
    pthread_mutex_unlock(&access->writer);
    explicit_bzero(&user, sizeof user);
}

enum status access_login(struct access *access, const struct login *login, struct actor *actor,
                         char session[SECRET_TEXT_MAX], int *retry_after_s, struct err *err)
{
    char hash[PASSWORD_HASH_MAX];
    struct user *user;
    enum status status = login_try(access, login, hash, retry_after_s, err);
    bool matches, used_step = false;

    if (status != OK)
        return status;
    matches = strlen(login->password) <= PASSWORD_LENGTH_MAX &&
              password_matches(login->password, hash[0] == '\0' ? NULL : hash);
    access_write(access);
    user = find_user_locked(access, login->user);
    /* Somebody may have changed the password while we hashed. */
    if (!matches || !user || user->disabled || strcmp(user->hash, hash) != 0)
        status = err_set(err, ERR_BAD_CREDENTIALS, "wrong user or password");
    if (status == OK)
        status = code_check(access, user, login, retry_after_s, err);
    if (status == OK) {
        throttle_forgive(&access->throttle, login->user, login->address);
        grant(access, user, login, actor, session);
        used_step = user->totp_on;
    }
    access_done(access);
    if (used_step)
        keep_step(access, login->user);
    return status;
}

void access_session_acted(struct access *access, const struct actor *actor)
{
    struct session *session;

    access_read(access); /* every write passes here; the time alone is written, and atomic */
    session = find_session_locked(access, actor->session_key, access_now(access));
    if (session)
        atomic_store_explicit(&session->acted_ns, access_now(access), memory_order_relaxed);
    access_done(access);
}

/* -------------------------------------------------------------------------------- log out */

void access_logout(struct access *access, const char *session_key)
{
    struct session *session;

    access_write(access);
    session = find_session_locked(access, session_key, access_now(access));
    if (session)
        *session = (struct session){0};
    access_done(access);
}

enum status access_session_end(struct access *access, const char *user, uint64_t number,
                               char whose[MAX_NAME], struct err *err)
{
    bool found = false;

    access_write(access);
    for (int i = 0; i < SESSIONS_MAX && !found; i++) {
        struct session *session = &access->session[i];

        found = session->key[0] != '\0' && session->number == number &&
                (!user || strcmp(session->user, user) == 0);
        if (found) {
            copy_text(whose, MAX_NAME, session->user);
            *session = (struct session){0};
        }
    }
    access_done(access);
    return found ? OK : err_set(err, ERR_NOT_FOUND, "there is no such session");
}

uint32_t access_sessions_end(struct access *access, const char *user)
{
    uint32_t ended = 0;

    access_write(access);
    for (int i = 0; i < SESSIONS_MAX; i++)
        ended += strcmp(access->session[i].user, user) == 0;
    end_sessions_locked(access, user, NULL);
    access_done(access);
    return ended;
}

struct sessions_shown {
    const struct access *access;
    uint64_t own;
};

static json_t *session_json(const void *ctx, const void *row)
{
    const struct sessions_shown *shown = ctx;
    const struct access *access = shown->access;
    const struct session *session = row;
    char id[32];

    snprintf(id, sizeof id, "%llu", (unsigned long long)session->number);
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:b}", "id", id, "user", session->user, "address",
                     session->address, "made_ns",
                     access_ns_json(access_outward(access, session->made_ns)), "acted_ns",
                     access_ns_json(access_outward(access, acted_ns(session))), "expires_ns",
                     access_ns_json(access_outward(access, session->expires_ns)), "own",
                     session->number == shown->own);
}

json_t *access_sessions(struct access *access, const char *user, uint64_t own,
                        struct list_part part)
{
    struct sessions_shown shown = {access, own};
    struct list_row rows[SESSIONS_MAX];
    int64_t now_ns = access_now(access);
    uint32_t count = 0;
    json_t *list;

    access_read(access);
    for (int i = 0; i < SESSIONS_MAX; i++) {
        const struct session *session = &access->session[i];

        if (session->key[0] != '\0' && now_ns < session->expires_ns &&
            (!user || strcmp(session->user, user) == 0))
            rows[count++] = (struct list_row){session->number, session};
    }
    list = list_part_json(rows, count, part, session_json, &shown);
    access_done(access);
    return list;
}

/* ------------------------------------------------------------------------------- tickets */

static int tickets_of(const struct access *access, uint64_t whose)
{
    int count = 0;

    for (int i = 0; i < TICKETS_MAX; i++)
        count += access->ticket[i].whose == whose;
    return count;
}

/* A free place or one that is over; else the oldest of whoever has the most: who asks without end
 * takes none from others. */
static struct ticket *take_ticket(struct access *access, int64_t now_ns)
{
    struct ticket *taken = &access->ticket[0];
    int most = 0;

    for (int i = 0; i < TICKETS_MAX; i++) {
        struct ticket *ticket = &access->ticket[i];
        int count;

        if (ticket->key[0] == '\0' || now_ns >= ticket->expires_ns)
            return ticket;
        count = tickets_of(access, ticket->whose);
        if (count < most || (count == most && ticket->expires_ns >= taken->expires_ns))
            continue;
        most = count;
        taken = ticket;
    }
    return taken;
}

void access_ticket_make(struct access *access, const struct actor *actor,
                        char secret[SECRET_TEXT_MAX], int64_t *expires_ns)
{
    int64_t now_ns = access_now(access);
    struct ticket *ticket;

    secret_make(secret, "");
    *expires_ns = access_outward(access, now_ns + TICKET_NS);
    access_write(access);
    ticket = take_ticket(access, now_ns);
    *ticket = (struct ticket){
        .whose = fair_who(actor->person, true), .expires_ns = now_ns + TICKET_NS, .actor = *actor};
    secret_key(secret, ticket->key);
    access_done(access);
}

enum status access_ticket_use(struct access *access, const char *secret, struct actor *actor)
{
    char key[SHA256_HEX_MAX];
    bool found = false;

    secret_key(secret, key);
    access_write(access);
    for (int i = 0; i < TICKETS_MAX && !found; i++) {
        struct ticket *ticket = &access->ticket[i];

        if (strcmp(ticket->key, key) != 0)
            continue;
        found = access_now(access) < ticket->expires_ns;
        *actor = ticket->actor;
        *ticket = (struct ticket){0};
    }
    access_done(access);
    return found && access_still_valid(access, actor) ? OK : ERR_UNAUTHENTICATED;
}
