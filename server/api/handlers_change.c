/* Changes: read the body, hand it to the one door, say what came of it. On the control thread, but
 * for the kill, which runs where the request was read. */
#include "api/exchange.h"

#include <string.h>

enum { REASON_MAX = 256 };

enum status handle_kill_post(struct request *request, struct reply *reply)
{
    const char *scope = NULL, *reason = NULL;
    int flatten = 0;
    enum status status = body_unpack(request, &reply->err, "{s:s, s:s, s?b}", "scope", &scope,
                                     "reason", &reason, "flatten", &flatten);

    if (status != OK)
        return status;
    if (!reason[0] || strlen(reason) > REASON_MAX)
        return err_set(&reply->err, ERR_MALFORMED, "reason: 1 to 256 bytes");
    return control_kill(request->control, &request->actor, scope, reason, flatten, request->read_ns,
                        request->request_id, &reply->json, &reply->err);
}

enum status version_check(const struct request *request, struct err *err)
{
    if (request->has_if_match)
        return OK;
    return err_set(err, ERR_VERSION_REQUIRED, "send If-Match with the ETag you saw");
}

/* 202: where the proposal can be read. */
static void location_set(struct reply *reply)
{
    const char *id = json_string_value(json_object_get(reply->json, "id"));

    if (reply->http == 202 && id)
        snprintf(reply->location, sizeof reply->location, "/api/v1/approvals/%.80s", id);
}

static void etag_set(struct reply *reply, const char *member)
{
    const json_t *version = json_object_get(reply->json, member);

    if (reply->http != 202 && json_is_integer(version))
        snprintf(reply->etag, sizeof reply->etag, "%lld", (long long)json_integer_value(version));
}

void version_answered(struct reply *reply, const char *member)
{
    location_set(reply);
    etag_set(reply, member);
}

typedef enum status put_fn(struct control *control, const struct actor *actor, const char *what,
                           uint64_t base, const json_t *body, const char *request_id, int *http,
                           json_t **json, struct err *err);

/* What all changes of something with a version share; `member` of the answer is its new one. */
static enum status put(struct request *request, struct reply *reply, put_fn *change,
                       const char *member)
{
    enum status status = version_check(request, &reply->err);

    if (status == OK)
        status =
            change(request->control, &request->actor, request->arg[0], request->if_match,
                   request->body, request->request_id, &reply->http, &reply->json, &reply->err);
    if (status != OK)
        return status;
    version_answered(reply, member);
    return OK;
}

enum status handle_limits_put(struct request *request, struct reply *reply)
{
    return put(request, reply, control_limits_put, "generation");
}

enum status handle_trading_state_put(struct request *request, struct reply *reply)
{
    return put(request, reply, control_state_put, "version");
}

enum status handle_strategy_put(struct request *request, struct reply *reply)
{
    return put(request, reply, control_strategy_put, "version");
}

enum status handle_resume_post(struct request *request, struct reply *reply)
{
    enum status status =
        control_resume(request->control, &request->actor, request->body, request->request_id,
                       &reply->http, &reply->json, &reply->err);

    if (status == OK)
        location_set(reply);
    return status;
}

enum status handle_approval_approve(struct request *request, struct reply *reply)
{
    return control_approve(request->control, &request->actor, request->arg[0], request->body,
                           request->request_id, &reply->json, &reply->err);
}

enum status handle_approval_reject(struct request *request, struct reply *reply)
{
    return control_reject(request->control, &request->actor, request->arg[0], request->body,
                          request->request_id, &reply->json, &reply->err);
}

enum status handle_orders_post(struct request *request, struct reply *reply)
{
    const char *id;
    enum status status = control_order_new(request->control, &request->actor, request->body,
                                           request->request_id, &reply->json, &reply->err);

    if (status != OK)
        return status;
    reply->http = 201;
    id = json_string_value(json_object_get(reply->json, "id"));
    if (id)
        snprintf(reply->location, sizeof reply->location, "/api/v1/orders/%.80s", id);
    return OK;
}

enum status handle_order_patch(struct request *request, struct reply *reply)
{
    enum status status =
        control_order_amend(request->control, &request->actor, request->arg[0], request->body,
                            request->request_id, &reply->json, &reply->err);

    if (status == OK)
        reply->http = 202;
    return status;
}

enum status handle_order_delete(struct request *request, struct reply *reply)
{
    enum status status = control_order_cancel(request->control, &request->actor, request->arg[0],
                                              request->request_id, &reply->json, &reply->err);

    if (status == OK)
        reply->http = 202;
    return status;
}

enum status handle_position_adopt(struct request *request, struct reply *reply)
{
    return control_settle_drift(request->control, &request->actor, request->arg[0], request->body,
                                request->request_id, &reply->json, &reply->err);
}

enum status handle_orders_cancel_all(struct request *request, struct reply *reply)
{
    enum status status = control_cancel_all(request->control, &request->actor, request->body,
                                            request->request_id, &reply->json, &reply->err);

    if (status == OK)
        reply->http = 202;
    return status;
}
