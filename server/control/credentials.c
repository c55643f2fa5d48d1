/* What a person proves who they are by: password and second factor. */
#include "control/access_inside.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Once the file holds no password that opens anything: its only one was this user's. */
static void forget_first_login(const struct access *access, const char *user)
{
    char path[CONFIG_TEXT_MAX + 16];
    json_t *logins, *users, *name = json_string(user);

    snprintf(path, sizeof path, "%s/first-login", access->dir);
    logins = json_load_file(path, 0, NULL);
    users = json_object_get(logins, "users");
    if (json_array_size(users) == 1 &&
        json_equal(json_object_get(json_array_get(users, 0), "user"), name))
        unlink(path);
    json_decref(logins);
    json_decref(name);
}

static enum status charge(struct access *access, const char *user, const char *what,
                          int *retry_after_s, struct err *err)
{
    access_write(access);
    *retry_after_s = throttle_try_pair(&access->throttle, user, what, clock_mono_ns());
    access_done(access);
    if (*retry_after_s == 0)
        return OK;
    return err_format(err, ERR_THROTTLED, "too many tries, wait %d s", *retry_after_s);
}

static void forgive(struct access *access, const char *user, const char *what)
{
    access_write(access);
    throttle_forgive(&access->throttle, user, what);
    access_done(access);
}

static enum status password_replace(struct user *user, const char *old_password,
                                    const char *new_password, struct err *err)
{
    enum status status;

    if (strcmp(old_password, new_password) == 0)
        return err_set(err, ERR_WEAK_PASSWORD, "the new password is the old one");
    if ((status = password_check(user->name, new_password, err)) != OK)
        return status;
    if (!password_hash(new_password, user->hash))
        return err_set(err, ERR_UNAVAILABLE, "no memory to hash the password");
    return OK;
}

/* The caller wipes `user`. */
static enum status change_password(struct access *access, const struct actor *actor,
                                   struct user *user, const char *old_password,
                                   const char *new_password, struct err *err)
{
    enum status status;
    bool was_forced = user->must_change;

    if (!password_matches(old_password, user->hash))
        return err_set(err, ERR_BAD_CREDENTIALS, "the old password is wrong");
    forgive(access, actor->name, "password");
    if ((status = password_replace(user, old_password, new_password, err)) != OK)
        return status;
    user->must_change = false;
    if ((status = store_user(access, user, false, err)) != OK)
        return status;
    access_write(access);
    end_sessions_locked(access, actor->name, actor->session_key);
    access_done(access);
    if (was_forced)
        forget_first_login(access, actor->name);
    return OK;
}

enum status access_change_password(struct access *access, const struct actor *actor,
                                   const char *old_password, const char *new_password,
                                   int *retry_after_s, struct err *err)
{
    struct user user = {0};
    enum status status;

    *retry_after_s = 0;
    if (!actor->is_session)
        return err_set(err, ERR_FORBIDDEN, "only a person logged in has a password");
    if ((status = charge(access, actor->name, "password", retry_after_s, err)) == OK &&
        (status = access_user_get(access, actor->name, &user, err)) == OK)
        status = change_password(access, actor, &user, old_password, new_password, err);
    explicit_bzero(&user, sizeof user);
    return status;
}

/* ------------------------------------------------------------------------- second factor */

enum status access_totp_begin(struct access *access, const struct actor *actor,
                              char secret[TOTP_TEXT_MAX], char uri[TOTP_URI_MAX], struct err *err)
{
    struct user user;
    enum status status = access_user_get(access, actor->name, &user, err);

    if (status != OK)
        return status;
    if (user.totp_on)
        return err_set(err, ERR_CONFLICT, "you have a second factor; remove it first");
    randombytes_buf(user.totp, sizeof user.totp);
    user.totp_step = 0;
    if ((status = store_user(access, &user, false, err)) == OK) {
        totp_base32(user.totp, secret);
        snprintf(uri, TOTP_URI_MAX,
                 "otpauth://totp/Pitwall:%s?secret=%s&issuer=Pitwall&algorithm=SHA1&digits=6"
                 "&period=30",
                 user.name, secret);
    }
    explicit_bzero(&user, sizeof user);
    return status;
}

/* The caller wipes `user`. */
static enum status confirm(struct access *access, struct user *user, const char *code,
                           struct err *err)
{
    static const uint8_t none[TOTP_SECRET_BYTES];

    if (user->totp_on || memcmp(user->totp, none, sizeof none) == 0)
        return err_set(err, ERR_CONFLICT, "no second factor is waiting to be confirmed");
    if (!totp_matches(user->totp, code, clock_real_ns(), user->totp_step, &user->totp_step))
        return err_set(err, ERR_BAD_CREDENTIALS, "wrong code");
    user->totp_on = true;
    return store_user(access, user, false, err);
}

enum status access_totp_confirm(struct access *access, const struct actor *actor, const char *code,
                                int *retry_after_s, struct err *err)
{
    struct user user;
    enum status status = charge(access, actor->name, "totp", retry_after_s, err);

    if (status != OK || (status = access_user_get(access, actor->name, &user, err)) != OK)
        return status;
    status = confirm(access, &user, code, err);
    explicit_bzero(&user, sizeof user);
    if (status == OK)
        forgive(access, actor->name, "totp");
    return status;
}

enum status access_totp_remove(struct access *access, const char *name, struct err *err)
{
    struct user user;
    enum status status = access_user_get(access, name, &user, err);

    if (status != OK)
        return status;
    if (user.totp_on) {
        explicit_bzero(user.totp, sizeof user.totp);
        user.totp_on = false;
        user.totp_step = 0;
        status = store_user(access, &user, false, err);
    } else
        status = err_format(err, ERR_NOT_FOUND, "%s has no second factor", user.name);
    explicit_bzero(&user, sizeof user);
    return status;
}
