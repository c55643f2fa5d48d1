/* Alerts: read from memory; acknowledging and notes wait for the disk, so on a worker. */
#include "api/exchange.h"

#include <string.h>

static struct alerts *alerts_of(const struct request *request)
{
    return request->http->sources.alerts;
}

static enum status answer(struct reply *reply, json_t *json)
{
    reply->json = json;
    return json ? OK : err_set(&reply->err, ERR_INTERNAL, "out of memory");
}

/* ?state= firing or resolved. */
static enum status state_parse(const struct request *request, int32_t *state, struct err *err)
{
    const char *text = request_query(request, "state");

    *state = !text ? 0 : strcmp(text, "firing") == 0 ? 1 : strcmp(text, "resolved") == 0 ? 2 : -1;
    return *state >= 0 ? OK : err_set(err, ERR_MALFORMED, "state: firing or resolved");
}

enum status handle_alerts_get(struct request *request, struct reply *reply)
{
    struct alerts_filter filter;
    enum status status = state_parse(request, &filter.state, &reply->err);

    if (status == OK)
        status = request_page(request, &filter.limit, &filter.cursor, &reply->err);
    return status == OK ? answer(reply, alerts_list(alerts_of(request), &filter)) : status;
}

enum status handle_alert_get(struct request *request, struct reply *reply)
{
    reply->json = alerts_one(alerts_of(request), request->arg[0]);
    return reply->json ? OK : err_set(&reply->err, ERR_NOT_FOUND, "no such alert");
}

enum status handle_alerts_hand_over(struct request *request, struct reply *reply)
{
    uint64_t cursor;
    uint32_t limit;
    enum status status = request_page(request, &limit, &cursor, &reply->err);

    return status == OK ? answer(reply, alerts_hand_over(alerts_of(request), cursor, limit))
                        : status;
}

enum status handle_alert_acknowledge(struct request *request, struct reply *reply)
{
    const char *note = NULL;
    enum status status = body_unpack(request, &reply->err, "{s:s}", "note", &note);

    return status == OK ? alerts_acknowledge(alerts_of(request), &request->actor, request->arg[0],
                                             note, request->request_id, &reply->json, &reply->err)
                        : status;
}

enum status handle_alerts_note(struct request *request, struct reply *reply)
{
    const char *note = NULL;
    enum status status = body_unpack(request, &reply->err, "{s:s}", "note", &note);

    if (status == OK)
        status = alerts_note(alerts_of(request), &request->actor, note, request->request_id,
                             &reply->json, &reply->err);
    if (status == OK)
        reply->http = 201;
    return status;
}
