#include "control/access_inside.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <string.h>

enum { PASSWORD_LENGTH_MIN = 12 };

/* ----------------------------------------------------------------------- look-ups, locked */

struct user *find_user_locked(struct access *access, const char *name)
{
    for (uint32_t i = 0; i < access->user_count; i++)
        if (strcmp(access->user[i].name, name) == 0)
            return &access->user[i];
    return NULL;
}

bool person_role_locked(const struct access *access, const char *person, enum role *role)
{
    bool known = false;

    *role = ROLE_NONE;
    for (uint32_t i = 0; i < access->user_count; i++) {
        const struct user *user = &access->user[i];

        if (strcmp(user->person, person) != 0)
            continue;
        known = true;
        if (!user->disabled && user->role > *role)
            *role = user->role;
    }
    return known;
}

/* Is there an enabled admin but this one? */
static bool other_admin_locked(const struct access *access, const char *name)
{
    for (uint32_t i = 0; i < access->user_count; i++)
        if (access->user[i].role == ROLE_ADMIN && !access->user[i].disabled &&
            strcmp(access->user[i].name, name) != 0)
            return true;
    return false;
}

/* --------------------------------------------------------------------------------- making */

enum status password_check(const char *name, const char *password, struct err *err)
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

/* Higher than any before, so that a name made anew never comes back with a version that somebody
 * has agreed to. */
static uint64_t next_version_locked(struct access *access)
{
    return ++access->version;
}

static enum status place_check_locked(struct access *access, const struct user *user, bool is_new,
                                      struct err *err)
{
    const struct user *found = find_user_locked(access, user->name);
    enum status status;

    if (is_new && (status = name_free_locked(access, user->name, err)) != OK)
        return status;
    if (is_new && access->user_count == USERS_MAX)
        return err_format(err, ERR_UNAVAILABLE, "no room for more than %d users", USERS_MAX);
    if (!is_new && !found)
        return err_format(err, ERR_NOT_FOUND, "there is no user %s any more", user->name);
    if (!is_new && found->version != user->version)
        return err_set(err, ERR_STALE_VERSION, "the account has changed meanwhile");
    return OK;
}

/* A log-in may have used a code since the copy was taken. */
static void step_keep_locked(struct access *access, struct user *user)
{
    const struct user *found = find_user_locked(access, user->name);

    if (found && found->totp_step > user->totp_step && user->totp_on)
        user->totp_step = found->totp_step;
}

void user_put_locked(struct access *access, struct user *user)
{
    step_keep_locked(access, user); /* again: the disk took its time */
    *find_user_locked(access, user->name) = *user;
}

enum status store_user(struct access *access, struct user *user, bool is_new, struct err *err)
{
    enum status status;

    pthread_mutex_lock(&access->writer);
    access_write(access);
    if ((status = place_check_locked(access, user, is_new, err)) == OK) {
        user->version = next_version_locked(access);
        step_keep_locked(access, user);
    }
    access_done(access);
    if (status == OK)
        status = access_db_put_user(access->db, user, err);
    if (status == OK) {
        access_write(access);
        if (is_new)
            access->user[access->user_count++] = *user;
        else
            user_put_locked(access, user); /* the writer's lock keeps its place */
        access_done(access);
    }
    pthread_mutex_unlock(&access->writer);
    return status;
}

static enum status user_fill(struct user *user, const char *name, const char *person,
                             const char *password, struct err *err)
{
    user->created_ns = clock_real_ns();
    copy_text(user->name, sizeof user->name, name);
    copy_text(user->person, sizeof user->person, person ? person : name);
    if (!password_hash(password, user->hash))
        return err_set(err, ERR_UNAVAILABLE, "no memory to hash the password");
    return OK;
}

enum status user_make(struct access *access, const char *name, const char *person, enum role role,
                      const char *password, bool must_change, struct err *err)
{
    struct user user = {.role = role, .must_change = must_change, .created_by = "pitwall"};
    enum status status = user_fill(&user, name, person, password, err);

    return status == OK ? store_user(access, &user, true, err) : status;
}

enum status access_user_prepare(struct access *access, const char *name, const char *role,
                                const char *person, const char *password, bool must_change,
                                struct user *user, struct err *err)
{
    enum status status;

    *user = (struct user){.role = role_find(role), .must_change = must_change};
    if ((status = name_check(name, err)) != OK ||
        (person && (status = person_check(person, err)) != OK))
        return status;
    if (user->role == ROLE_NONE)
        return err_set(err, ERR_OUT_OF_RANGE, "roles are viewer, trader, risk, admin");
    if ((status = password_check(name, password, err)) != OK)
        return status;
    access_read(access);
    status = name_free_locked(access, name, err); /* before the 60 ms; store_user looks again */
    access_done(access);
    if (status != OK)
        return status;
    return user_fill(user, name, person, password, err);
}

enum status access_user_add(struct access *access, struct user *user, struct err *err)
{
    return store_user(access, user, true, err);
}

enum status access_user_create(struct access *access, const char *name, const char *role,
                               const char *person, const char *password, struct err *err)
{
    struct user user;
    enum status status =
        access_user_prepare(access, name, role, person, password, false, &user, err);

    copy_text(user.created_by, sizeof user.created_by, "local");
    if (status == OK)
        status = store_user(access, &user, true, err);
    explicit_bzero(&user, sizeof user);
    return status;
}

/* ------------------------------------------------------------------------------- changing */

enum status access_user_get(struct access *access, const char *name, struct user *user,
                            struct err *err)
{
    const struct user *found;

    access_read(access);
    if ((found = find_user_locked(access, name)))
        *user = *found;
    access_done(access);
    return found ? OK : err_format(err, ERR_NOT_FOUND, "there is no user \"%.47s\"", name);
}

bool user_change_grants(const struct user *user, const struct user_change *change)
{
    enum role to = change->has_role ? change->role : user->role;

    return to > user->role || (to == ROLE_RISK && user->role != ROLE_RISK) ||
           (change->has_person && strcmp(change->person, user->person) != 0) ||
           (change->has_disabled && !change->disabled && user->disabled && to > ROLE_VIEWER);
}

void user_change_fill(struct user *user, const struct user_change *change)
{
    if (change->has_role)
        user->role = change->role;
    if (change->has_person)
        copy_text(user->person, sizeof user->person, change->person);
    if (change->has_disabled)
        user->disabled = change->disabled;
    if (change->has_must_change)
        user->must_change = change->must_change;
}

static bool is_standing_admin(const struct user *user)
{
    return user->role == ROLE_ADMIN && !user->disabled;
}

static enum status last_admin(struct err *err)
{
    return err_set(err, ERR_CONFLICT, "this is the last admin: make another one first");
}

/* What stands in memory ends sessions and rights, so it is changed first when less is left; the
 * disk is told afterwards, and who asked hears it if that failed. */
static enum status change_locked(struct access *access, const char *name, uint64_t base,
                                 const struct user_change *change, struct user *after,
                                 struct err *err)
{
    struct user *user = find_user_locked(access, name);

    if (!user)
        return err_format(err, ERR_NOT_FOUND, "there is no user \"%.47s\"", name);
    if (base != 0 && base != user->version)
        return err_set(err, ERR_STALE_VERSION, "the account has changed since you read it");
    *after = *user;
    user_change_fill(after, change);
    if (is_standing_admin(user) && !is_standing_admin(after) && !other_admin_locked(access, name))
        return last_admin(err);
    after->version = next_version_locked(access);
    if (!user_change_grants(user, change)) {
        *user = *after;
        end_sessions_locked(access, name, NULL);
    }
    return OK;
}

/* Puts in force what is on disk. `left` is the person who has no account any more; or empty. */
static void change_commit_locked(struct access *access, struct user *after, int64_t now_ns,
                                 char left[MAX_NAME])
{
    struct user *user =
        find_user_locked(access, after->name); /* the writer's lock keeps it there */
    enum role role;

    copy_text(left, MAX_NAME, user->person);
    user_put_locked(access, after);
    end_sessions_locked(access, after->name, NULL);
    if (person_role_locked(access, left, &role))
        left[0] = '\0';
    else
        end_tokens_locked(access, left, now_ns);
}

enum status access_user_change(struct access *access, const char *name, uint64_t base,
                               const struct user_change *change, struct err *err)
{
    struct user after = {0};
    char left[MAX_NAME] = "";
    int64_t now_ns = access_now(access);
    enum status status;

    pthread_mutex_lock(&access->writer);
    access_write(access);
    status = change_locked(access, name, base, change, &after, err);
    access_done(access);
    if (status == OK && (status = access_db_put_user(access->db, &after, err)) == OK) {
        access_write(access);
        change_commit_locked(access, &after, now_ns, left);
        access_done(access);
    }
    if (status == OK && left[0] != '\0')
        status = tokens_store_ended(access, left, now_ns, err);
    pthread_mutex_unlock(&access->writer);
    explicit_bzero(&after, sizeof after);
    return status;
}

static enum status delete_locked(struct access *access, const char *name, uint64_t base,
                                 char person[MAX_NAME], struct err *err)
{
    struct user *user = find_user_locked(access, name);
    enum role role;

    if (!user)
        return err_format(err, ERR_NOT_FOUND, "there is no user \"%.47s\"", name);
    if (base != 0 && base != user->version)
        return err_set(err, ERR_STALE_VERSION, "the account has changed since you read it");
    if (is_standing_admin(user) && !other_admin_locked(access, name))
        return last_admin(err);
    copy_text(person, MAX_NAME, user->person);
    end_sessions_locked(access, name, NULL);
    access->user_count--;
    memmove(user, user + 1, (size_t)(&access->user[access->user_count] - user) * sizeof *user);
    explicit_bzero(&access->user[access->user_count], sizeof *user);
    if (person_role_locked(access, person, &role))
        person[0] = '\0'; /* has another account: the tokens stay */
    return OK;
}

enum status access_user_delete(struct access *access, const char *name, uint64_t base,
                               struct err *err)
{
    char person[MAX_NAME] = "";
    int64_t now_ns = access_now(access);
    enum status status;

    pthread_mutex_lock(&access->writer);
    access_write(access);
    status = delete_locked(access, name, base, person, err);
    if (status == OK && person[0] != '\0')
        end_tokens_locked(access, person, now_ns);
    access_done(access);
    if (status == OK)
        status = access_db_delete_user(access->db, name, err);
    if (status == OK && person[0] != '\0')
        status = tokens_store_ended(access, person, now_ns, err);
    pthread_mutex_unlock(&access->writer);
    return status;
}

/* ----------------------------------------------------------------------------------- JSON */

json_t *user_json(const struct user *user)
{
    return json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:I,s:o,s:s?}", "user", user->name, "person",
                     user->person, "role", role_name(user->role), "disabled", user->disabled,
                     "must_change_password", user->must_change, "totp", user->totp_on, "version",
                     (json_int_t)user->version, "created_ns", access_ns_json(user->created_ns),
                     "created_by", user->created_by[0] != '\0' ? user->created_by : NULL);
}

static json_t *show_user(const void *ctx, const void *row)
{
    (void)ctx;
    return user_json(row);
}

json_t *access_users(struct access *access, struct list_part part)
{
    struct list_row rows[USERS_MAX];
    json_t *list;

    access_read(access);
    for (uint32_t i = 0; i < access->user_count; i++)
        rows[i] = (struct list_row){(uint64_t)access->user[i].created_ns, &access->user[i]};
    list = list_part_json(rows, access->user_count, part, show_user, NULL);
    access_done(access);
    return list;
}
