/* What is open, ending it, and the second factor. */
#include "api/exchange.h"
#include "control/people.h"
#include "control/sessions.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static bool sees_all(const struct actor *actor)
{
    return actor->role == ROLE_ADMIN;
}

static void note(struct request *request, const char *user, const char *reason)
{
    char scope[SCOPE_TEXT_MAX];

    snprintf(scope, sizeof scope, "user/%.47s", user);
    control_note(
        request->control, &request->actor,
        &(struct control_fact){
            .kind = "user", .scope = scope, .reason = reason, .request_id = request->request_id});
}

static enum status no_content(struct reply *reply, enum status status)
{
    if (status == OK)
        reply->http = 204;
    return status;
}

enum status handle_sessions_get(struct request *request, struct reply *reply)
{
    const struct actor *actor = &request->actor;
    struct list_part part;
    enum status status = request_part(request, &part, &reply->err);

    if (status == OK)
        reply->json = access_sessions(request->access, sees_all(actor) ? NULL : actor->name,
                                      actor->session, part);
    return status;
}

/* One's own, or with ?user= those of somebody else. */
enum status handle_sessions_delete(struct request *request, struct reply *reply)
{
    const struct actor *actor = &request->actor;
    const char *user = request_query(request, "user");

    if (user && strcmp(user, actor->name) != 0 && !sees_all(actor))
        return err_set(&reply->err, ERR_FORBIDDEN, "only an admin ends another's sessions");
    if (!user && !actor->is_session)
        return err_set(&reply->err, ERR_CONFLICT, "say whose: ?user=NAME");
    user = user ? user : actor->name;
    if (access_sessions_end(request->access, user) > 0)
        note(request, user, "logged out everywhere");
    reply->http = 204;
    return OK;
}

enum status handle_session_end(struct request *request, struct reply *reply)
{
    const char *id = request->arg[0];
    size_t digits = strspn(id, "0123456789");
    char whose[MAX_NAME];
    enum status status;

    if (digits == 0 || digits > 18 || id[digits] != '\0')
        return err_set(&reply->err, ERR_NOT_FOUND, "there is no such session");
    status =
        access_session_end(request->access, sees_all(&request->actor) ? NULL : request->actor.name,
                           strtoull(id, NULL, 10), whose, &reply->err);
    if (status == OK)
        note(request, whose, "a session was ended");
    return no_content(reply, status);
}

/* -------------------------------------------------------------------------- second factor */

enum status handle_totp_post(struct request *request, struct reply *reply)
{
    char secret[TOTP_TEXT_MAX], uri[TOTP_URI_MAX];
    enum status status = OK;

    if (request->body && json_object_size(request->body) > 0)
        return err_set(&reply->err, ERR_UNKNOWN_FIELD, "the body has no members");
    status = access_totp_begin(request->access, &request->actor, secret, uri, &reply->err);
    if (status != OK)
        return status;
    reply->json = json_pack("{s:s,s:s}", "secret", secret, "uri", uri);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(uri, sizeof uri);
    return reply->json ? OK : err_set(&reply->err, ERR_INTERNAL, "out of memory");
}

enum status handle_totp_confirm(struct request *request, struct reply *reply)
{
    const char *code = NULL;
    enum status status = body_unpack(request, &reply->err, "{s:s}", "code", &code);

    if (status == OK)
        status = access_totp_confirm(request->access, &request->actor, code, &reply->retry_after_s,
                                     &reply->err);
    if (status == OK)
        note(request, request->actor.name, "the second factor was switched on");
    return no_content(reply, status);
}

enum status handle_totp_delete(struct request *request, struct reply *reply)
{
    enum status status = control_may_give(request->control, &reply->err);

    if (status == OK)
        status = access_totp_remove(request->access, request->actor.name, &reply->err);
    if (status == OK)
        note(request, request->actor.name, "the second factor was removed");
    return no_content(reply, status);
}
