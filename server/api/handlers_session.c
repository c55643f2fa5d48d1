/* Log-in, log-out, who am I, and the ticket for the stream. */
#include "api/exchange.h"
#include "control/members.h"
#include "control/people.h"
#include "control/sessions.h"
#include "view/json_text.h"

#include <sodium.h>
#include <string.h>

enum { THROTTLED_OF_ONE = 2, THROTTLED_PER_S = 10 };

static json_t *session_json(const struct actor *actor)
{
    json_t *json = json_object();

    json_object_set_new(json, "user", json_string(actor->name));
    json_object_set_new(
        json, "role", actor->role == ROLE_NONE ? json_null() : json_string(role_name(actor->role)));
    json_object_set_new(json, "csrf", actor->csrf[0] ? json_string(actor->csrf) : json_null());
    json_object_set_new(json, "must_change_password", json_boolean(actor->must_change_password));
    json_object_set_new(json, "expires_ns", json_ns_or_null(actor->expires_ns));
    json_object_set_new(json, "reauth_until_ns", json_ns_or_null(actor->reauth_until_ns));
    return json;
}

/* What met the throttle was no try of a password, and costs nothing: of a flood of it some. */
static bool is_noted(struct request *request, enum status status)
{
    struct exchange *exchange = request->exchange;

    return status != ERR_THROTTLED ||
           budget_spend(&exchange->listener->http->throttled, exchange_who(exchange),
                        request->read_ns, THROTTLED_OF_ONE, THROTTLED_PER_S);
}

static void login_note(struct request *request, const struct actor *actor, const char *user,
                       enum status status)
{
    struct actor who = *actor;
    char reason[ADDRESS_MAX + 32];

    if (!is_noted(request, status))
        return;
    if (status != OK) {
        who = (struct actor){0};
        text_copy_plain(who.name, sizeof who.name, user);
        text_copy_plain(who.person, sizeof who.person, user);
    }
    snprintf(reason, sizeof reason, "%s%s", request->address,
             status == ERR_THROTTLED ? ", after too many tries" : "");
    control_note(request->control, &who,
                 &(struct control_fact){.kind = status == OK ? "login" : "login_failed",
                                        .reason = reason,
                                        .request_id = request->request_id});
}

/* Within one's own session a log-in confirms who sits there; the cookie then stays as it is. */
enum status handle_session_post(struct request *request, struct reply *reply)
{
    struct login login = {.address = request->address};
    char session[SECRET_TEXT_MAX] = "";
    struct actor actor = {0};
    enum status status = body_unpack(request, &reply->err, "{s:s, s:s, s?s}", "user", &login.user,
                                     "password", &login.password, "totp", &login.totp);

    if (status != OK)
        return status;
    if (request->actor.is_session && strcmp(request->actor.name, login.user) == 0)
        login.session_key = request->actor.session_key;
    status =
        access_login(request->access, &login, &actor, session, &reply->retry_after_s, &reply->err);
    login_note(request, &actor, login.user, status);
    if (status != OK)
        return status;
    if (session[0])
        session_cookie_print(request->exchange, session, reply->cookie, sizeof reply->cookie);
    sodium_memzero(session, sizeof session);
    reply->json = session_json(&actor);
    return OK;
}

enum status handle_session_delete(struct request *request, struct reply *reply)
{
    if (!request->actor.is_session)
        return err_set(&reply->err, ERR_CONFLICT, "a token has no session to end");
    access_logout(request->access, request->actor.session_key);
    control_note(request->control, &request->actor,
                 &(struct control_fact){.kind = "logout",
                                        .reason = request->address,
                                        .request_id = request->request_id});
    session_cookie_print(request->exchange, "", reply->cookie, sizeof reply->cookie);
    reply->http = 204;
    return OK;
}

enum status handle_me_get(struct request *request, struct reply *reply)
{
    reply->json = session_json(&request->actor);
    return OK;
}

enum status handle_me_patch(struct request *request, struct reply *reply)
{
    const char *password = NULL, *next = NULL;
    enum status status = body_unpack(request, &reply->err, "{s:s, s:s}", "password", &password,
                                     "new_password", &next);

    if (status != OK)
        return status;
    if (!request->actor.is_session)
        return err_set(&reply->err, ERR_FORBIDDEN, "only a person's session has a password");
    status = access_change_password(request->access, &request->actor, password, next,
                                    &reply->retry_after_s, &reply->err);
    if (status != OK)
        return status;
    control_note(request->control, &request->actor,
                 &(struct control_fact){.kind = "user",
                                        .reason = "password changed",
                                        .request_id = request->request_id});
    request->actor.must_change_password = false;
    reply->json = session_json(&request->actor);
    return OK;
}

enum status handle_stream_ticket(struct request *request, struct reply *reply)
{
    char ticket[SECRET_TEXT_MAX];
    int64_t expires_ns = 0;

    if (request->body && json_object_size(request->body) > 0)
        return err_set(&reply->err, ERR_UNKNOWN_FIELD, "the body has no members");
    access_ticket_make(request->access, &request->actor, ticket, &expires_ns);
    reply->json = json_pack("{s:s, s:o}", "ticket", ticket, "expires_ns", json_ns(expires_ns));
    sodium_memzero(ticket, sizeof ticket);
    return reply->json ? OK : err_set(&reply->err, ERR_INTERNAL, "out of memory");
}
