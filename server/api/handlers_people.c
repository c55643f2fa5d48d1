/* Accounts and tokens, by REST and from the Unix socket. */
#include "api/exchange.h"
#include "control/access_db.h"
#include "control/grants.h"
#include "control/members.h"
#include "control/people.h"
#include "control/tokens.h"

#include <sodium.h>
#include <string.h>

/* Facts of `scope` "user/NAME" or "token/NAME"; they steal `new_value`. */
static struct control_fact fact_of(struct request *request, const char *kind, const char *name,
                                   const char *reason, json_t *new_value,
                                   char scope[SCOPE_TEXT_MAX])
{
    snprintf(scope, SCOPE_TEXT_MAX, "%s/%.47s", kind, name);
    return (struct control_fact){.kind = kind,
                                 .scope = scope,
                                 .reason = reason,
                                 .request_id = request->request_id,
                                 .new_value = new_value};
}

/* Of what is done already, whatever becomes of its record: that is waited for, so that no answer is
 * ahead of it, and is queued where the control thread has no place. */
static void note(struct request *request, const char *kind, const char *name, const char *reason,
                 json_t *new_value)
{
    char scope[SCOPE_TEXT_MAX];
    struct control_fact fact = fact_of(request, kind, name, reason, new_value, scope);
    json_t *again = json_deep_copy(new_value);
    struct err ignored;

    if (control_note_durable(request->control, &request->actor, &fact, &ignored) ==
        ERR_UNAVAILABLE) {
        fact.new_value = again;
        control_note(request->control, &request->actor, &fact);
        return;
    }
    json_decref(again);
}

/* Before anything is given: nobody has what the audit does not know of. */
static enum status note_durable(struct request *request, struct reply *reply, const char *kind,
                                const char *name, const char *reason, json_t *new_value)
{
    char scope[SCOPE_TEXT_MAX];
    struct control_fact fact = fact_of(request, kind, name, reason, new_value, scope);

    return control_note_durable(request->control, &request->actor, &fact, &reply->err);
}

/* The record said that it would be; this one, that it was not. */
static enum status note_undone(struct request *request, const char *kind, const char *name,
                               enum status status)
{
    if (status != OK)
        note(request, kind, name, "not made after all",
             json_pack("{s:s}", "refused", status_code(status)));
    return status;
}

/* What takes away holds in memory, whatever the disk says. */
static bool holds(enum status status)
{
    return status == OK || status == ERR_IO;
}

/* So that the audit says of it when a restart would bring it back. */
static json_t *told(json_t *value, enum status status)
{
    json_t *said = status == OK ? NULL : json_pack("{s:b}", "stored", 0);

    if (!said)
        return value;
    if (value)
        json_object_update_missing(said, value);
    json_decref(value);
    return said;
}

static enum status no_content(struct reply *reply, enum status status)
{
    if (status == OK)
        reply->http = 204;
    return status;
}

/* ------------------------------------------------------------------------------- accounts */

enum status handle_users_get(struct request *request, struct reply *reply)
{
    struct list_part part;
    enum status status = request_part(request, &part, &reply->err);

    if (status == OK)
        reply->json = access_users(request->access, part);
    return status;
}

static enum status account(struct request *request, struct reply *reply, const char *name)
{
    struct user user;
    enum status status = access_user_get(request->access, name, &user, &reply->err);

    if (status != OK)
        return status;
    reply->json = user_json(&user);
    snprintf(reply->etag, sizeof reply->etag, "%llu", (unsigned long long)user.version);
    explicit_bzero(&user, sizeof user);
    return OK;
}

enum status handle_user_get(struct request *request, struct reply *reply)
{
    return account(request, reply, request->arg[0]);
}

static enum status reason_check(const char *reason, struct err *err)
{
    size_t length = strlen(reason);

    return length > 0 && length < 256 && text_is_plain(reason)
               ? OK
               : err_set(err, ERR_MALFORMED, "reason: 1 to 255 bytes without control characters");
}

static enum status grant(struct request *request, struct reply *reply, const struct user *user,
                         const struct user_change *change, const char *reason)
{
    enum status status =
        control_grant(request->control, &request->actor, user, change, reason, request->request_id,
                      &reply->http, &reply->json, &reply->err);

    if (status == OK)
        snprintf(reply->location, sizeof reply->location, "/api/v1/approvals/%.80s",
                 json_string_value(json_object_get(reply->json, "id")));
    return status;
}

/* Its version comes with its place in the table. */
static json_t *future_json(const struct user *user)
{
    json_t *json = user_json(user);

    json_object_del(json, "version");
    return json;
}

static enum status made(struct request *request, struct reply *reply, struct user *user,
                        const char *reason)
{
    enum status status =
        note_durable(request, reply, "user", user->name, reason, future_json(user));

    if (status != OK)
        return status;
    status = access_user_add(request->access, user, &reply->err);
    if (note_undone(request, "user", user->name, status) != OK)
        return status;
    reply->json = user_json(user);
    reply->http = 201;
    snprintf(reply->etag, sizeof reply->etag, "%llu", (unsigned long long)user->version);
    snprintf(reply->location, sizeof reply->location, "/api/v1/users/%s", user->name);
    return OK;
}

/* Somebody else has chosen the password: it is to be changed, unless the maker says otherwise. */
enum status handle_users_post(struct request *request, struct reply *reply)
{
    const char *name = NULL, *alias = NULL, *role = NULL, *person = NULL, *password = NULL;
    const char *reason = "a new account";
    int must_change = 1;
    struct user user;
    enum status status =
        body_unpack(request, &reply->err, "{s?s, s?s, s:s, s:s, s?s, s?b, s?s}", "user", &name,
                    "name", &alias, "role", &role, "password", &password, "person", &person,
                    "must_change_password", &must_change, "reason", &reason);

    if (status == OK && !name == !alias)
        status = err_set(&reply->err, ERR_MALFORMED, "name the account once, as \"user\"");
    name = name ? name : alias;
    if (status != OK || (status = reason_check(reason, &reply->err)) != OK ||
        (status = control_may_give(request->control, &reply->err)) != OK)
        return status;
    status = access_user_prepare(request->access, name, role, person, password, must_change, &user,
                                 &reply->err);
    memcpy(user.created_by, request->actor.name, sizeof user.created_by);
    if (status == OK && user.role > ROLE_VIEWER)
        status = grant(request, reply, &user, NULL, reason);
    else if (status == OK)
        status = made(request, reply, &user, reason);
    explicit_bzero(&user, sizeof user);
    return status;
}

struct patch {
    struct user_change change;
    const char *reason;
};

static enum status patch_parse(struct request *request, struct patch *patch, struct err *err)
{
    const char *role = NULL, *person = NULL;
    int disabled = -1, must_change = -1;
    struct user_change *change = &patch->change;
    enum status status = body_unpack(
        request, err, "{s?s, s?s, s?b, s?b, s?s}", "role", &role, "person", &person, "disabled",
        &disabled, "must_change_password", &must_change, "reason", &patch->reason);

    if (status != OK || (status = reason_check(patch->reason, err)) != OK)
        return status;
    *change = (struct user_change){.has_role = role != NULL,
                                   .has_person = person != NULL,
                                   .has_disabled = disabled >= 0,
                                   .has_must_change = must_change >= 0,
                                   .role = role ? role_find(role) : ROLE_NONE,
                                   .disabled = disabled > 0,
                                   .must_change = must_change > 0};
    if (!role && !person && disabled < 0 && must_change < 0)
        return err_set(err, ERR_MALFORMED,
                       "name what changes: role, person, disabled, must_change_password");
    if (role && change->role == ROLE_NONE)
        return err_set(err, ERR_OUT_OF_RANGE, "roles are viewer, trader, risk, admin");
    if (person && (status = person_check(person, err)) != OK)
        return status;
    snprintf(change->person, sizeof change->person, "%s", person ? person : "");
    return OK;
}

/* 412 carries what stands now. */
static enum status base_check(struct request *request, struct reply *reply, const struct user *user)
{
    if (!request->has_if_match)
        return err_set(&reply->err, ERR_VERSION_REQUIRED, "send If-Match with the ETag you saw");
    if (request->if_match == user->version)
        return OK;
    reply->json = user_json(user);
    return err_set(&reply->err, ERR_STALE_VERSION, "the account has changed since you read it");
}

/* The account has changed, though access.db may not know. What takes away stands whatever becomes
 * of its record. */
static enum status patched(struct request *request, struct reply *reply, const struct patch *patch,
                           bool gives)
{
    const char *name = request->arg[0];
    enum status status =
        access_user_change(request->access, name, request->if_match, &patch->change, &reply->err);
    struct reply now = {0};
    bool found;

    if (!holds(status))
        return status;
    found = account(request, &now, name) == OK;
    if (status == OK && gives)
        status = note_durable(request, reply, "user", name, patch->reason, json_incref(now.json));
    else
        note(request, "user", name, patch->reason, told(json_incref(now.json), status));
    if (status == OK && !found)
        status = err_set(&reply->err, ERR_NOT_FOUND, "it was changed, and is gone since");
    if (status != OK) {
        json_decref(now.json);
        return status;
    }
    reply->json = now.json;
    memcpy(reply->etag, now.etag, sizeof reply->etag);
    return OK;
}

static bool gives(const struct user *user, const struct user_change *change)
{
    return user_change_grants(user, change) || (change->has_disabled && !change->disabled) ||
           (change->has_must_change && !change->must_change);
}

enum status handle_user_patch(struct request *request, struct reply *reply)
{
    struct patch patch = {.reason = "the account was changed"};
    struct user user;
    enum status status = patch_parse(request, &patch, &reply->err);

    if (status != OK ||
        (status = access_user_get(request->access, request->arg[0], &user, &reply->err)) != OK)
        return status;
    if ((status = base_check(request, reply, &user)) == OK && gives(&user, &patch.change))
        status = control_may_give(request->control, &reply->err);
    if (status == OK)
        status = user_change_grants(&user, &patch.change)
                     ? grant(request, reply, &user, &patch.change, patch.reason)
                     : patched(request, reply, &patch, gives(&user, &patch.change));
    explicit_bzero(&user, sizeof user);
    return status;
}

/* The safer direction: who has not looked may do it too. */
enum status handle_user_delete(struct request *request, struct reply *reply)
{
    enum status status =
        access_user_delete(request->access, request->arg[0],
                           request->has_if_match ? request->if_match : 0, &reply->err);

    if (holds(status))
        note(request, "user", request->arg[0], "the account was removed", told(NULL, status));
    return no_content(reply, status);
}

enum status handle_user_totp_delete(struct request *request, struct reply *reply)
{
    enum status status = control_may_give(request->control, &reply->err);

    if (status == OK)
        status = access_totp_remove(request->access, request->arg[0], &reply->err);
    if (status == OK)
        status = note_durable(request, reply, "user", request->arg[0],
                              "the second factor was removed", NULL);
    return no_content(reply, status);
}

/* --------------------------------------------------------------------------------- tokens */

enum status handle_tokens_get(struct request *request, struct reply *reply)
{
    struct list_part part;
    enum status status = request_part(request, &part, &reply->err);

    if (status == OK)
        reply->json = access_tokens(request->access, part);
    return status;
}

static enum status token_make(struct request *request, struct reply *reply,
                              const struct token_wish *wish)
{
    char token[SECRET_TEXT_MAX];
    enum status status = access_token_check(request->access, wish, &reply->err);

    if (status == OK)
        status = control_may_give(request->control, &reply->err);
    if (status == OK)
        status = note_durable(request, reply, "token", wish->name, "created",
                              json_pack("{s:s,s:s?,s:s?,s:s}", "name", wish->name, "role",
                                        wish->role, "scope", wish->scope, "person",
                                        wish->person ? wish->person : wish->name));
    if (status != OK)
        return status;
    status = access_token_create(request->access, wish, token, &reply->err);
    if (note_undone(request, "token", wish->name, status) != OK)
        return status;
    reply->json = json_pack("{s:s,s:s,s:s}", "name", wish->name, "person",
                            wish->person ? wish->person : wish->name, "token", token);
    sodium_memzero(token, sizeof token);
    reply->http = 201;
    return OK;
}

static enum status wish_parse(struct request *request, struct token_wish *wish, struct err *err)
{
    enum status status = body_unpack(request, err, "{s:s, s?s, s?s, s?I, s?s}", "name", &wish->name,
                                     "role", &wish->role, "scope", &wish->scope, "days",
                                     &wish->days, "person", &wish->person);

    if (status == OK && !wish->role == !wish->scope)
        return err_set(err, ERR_MALFORMED, "either role or scope");
    return status;
}

/* It belongs to whoever makes it. */
enum status handle_tokens_post(struct request *request, struct reply *reply)
{
    struct token_wish wish = {.days = TOKEN_DAYS};
    enum status status = wish_parse(request, &wish, &reply->err);

    if (status != OK)
        return status;
    if (wish.person && strcmp(wish.person, request->actor.person) != 0)
        return err_set(&reply->err, ERR_FORBIDDEN, "a token belongs to the person who makes it");
    if (request->actor.is_session)
        wish.person = request->actor.person;
    status = token_make(request, reply, &wish);
    if (status == OK)
        snprintf(reply->location, sizeof reply->location, "/api/v1/tokens/%s", wish.name);
    return status;
}

enum status handle_token_delete(struct request *request, struct reply *reply)
{
    enum status status = access_token_revoke(request->access, request->arg[0], &reply->err);

    if (holds(status))
        note(request, "token", request->arg[0], "revoked", told(NULL, status));
    return no_content(reply, status);
}

/* -------------------------------------------------------------------- from the Unix socket */

/* The directory's owner needs no second person: how a desk of one begins. */
enum status handle_local_user_post(struct request *request, struct reply *reply)
{
    const char *name = NULL, *role = NULL, *password = NULL, *person = NULL;
    struct user user = {0};
    enum status status = body_unpack(request, &reply->err, "{s:s, s:s, s:s, s?s}", "name", &name,
                                     "role", &role, "password", &password, "person", &person);

    if (status == OK)
        status = control_may_give(request->control, &reply->err);
    if (status == OK)
        status = access_user_prepare(request->access, name, role, person, password, false, &user,
                                     &reply->err);
    if (status == OK)
        status = note_durable(
            request, reply, "user", name, "created on the machine",
            json_pack("{s:s,s:s,s:s}", "user", name, "role", role, "person", user.person));
    if (status == OK) {
        snprintf(user.created_by, sizeof user.created_by, "local");
        status = note_undone(request, "user", name,
                             access_user_add(request->access, &user, &reply->err));
    }
    explicit_bzero(&user, sizeof user);
    if (status != OK)
        return status;
    reply->json = json_pack("{s:s, s:s}", "user", name, "role", role);
    reply->http = 201;
    return OK;
}

enum status handle_local_token_post(struct request *request, struct reply *reply)
{
    struct token_wish wish = {.days = TOKEN_DAYS};
    enum status status = wish_parse(request, &wish, &reply->err);

    return status == OK ? token_make(request, reply, &wish) : status;
}
