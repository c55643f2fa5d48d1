/* Settings: what they are, who changed them, and changing them. */
#include "api/exchange.h"
#include "control/config_change.h"

#include <stdlib.h>
#include <string.h>

static void etag_set(struct reply *reply)
{
    const json_t *version = json_object_get(reply->json, "version");

    if (reply->http != 202 && json_is_integer(version))
        (void)snprintf(reply->etag, sizeof reply->etag, "%lld",
                       (long long)json_integer_value(version));
}

enum status handle_config_get(struct request *request, struct reply *reply)
{
    reply->json = overrides_json(request->http->sources.overrides);
    if (!reply->json)
        return err_set(&reply->err, ERR_INTERNAL, "out of memory");
    etag_set(reply);
    return OK;
}

typedef enum status change_fn(struct control *control, const struct actor *actor, uint64_t base,
                              const json_t *body, const char *request_id, int *http, json_t **reply,
                              struct err *err);

static enum status change(struct request *request, struct reply *reply, change_fn *run)
{
    const char *id;
    enum status status;

    if (!request->has_if_match)
        return err_set(&reply->err, ERR_VERSION_REQUIRED, "send If-Match with the ETag you saw");
    status = run(request->control, &request->actor, request->if_match, request->body,
                 request->request_id, &reply->http, &reply->json, &reply->err);
    if (status != OK)
        return status;
    id = json_string_value(json_object_get(reply->json, "id"));
    if (reply->http == 202 && id)
        (void)snprintf(reply->location, sizeof reply->location, "/api/v1/approvals/%.80s", id);
    etag_set(reply);
    return OK;
}

enum status handle_config_patch(struct request *request, struct reply *reply)
{
    return change(request, reply, control_config_patch);
}

enum status handle_config_revert(struct request *request, struct reply *reply)
{
    return change(request, reply, control_config_revert);
}

/* --- history: the trail's rows of kind `config` --- */

static json_t *changes_json(const json_t *old_value, const json_t *new_value)
{
    json_t *changes = json_array();
    const char *path;
    json_t *value;

    json_object_foreach((json_t *)new_value, path, value)
    {
        json_t *before = json_object_get(old_value, path);

        json_array_append_new(changes, json_pack("{s:s, s:O, s:O}", "path", path, "old",
                                                 before ? before : json_null(), "new", value));
    }
    return changes;
}

static void copy(json_t *to, const json_t *row, const char *name)
{
    json_object_set(to, name, json_object_get(row, name));
}

/* NULL: a row that changed no setting. */
static json_t *entry_json(const json_t *row)
{
    static const char *const same[] = {"seq", "at_ns", "actor", "person", "reason", "request_id"};
    const json_t *new_value = json_object_get(row, "new");
    const json_t *version = json_object_get(new_value, "version");
    json_t *entry;

    if (!json_is_integer(version))
        return NULL;
    entry = json_object();
    json_object_set(entry, "version", (json_t *)version);
    for (size_t at = 0; at < sizeof same / sizeof same[0]; at++)
        copy(entry, row, same[at]);
    json_object_set_new(
        entry, "changes",
        changes_json(json_object_get(row, "old"), json_object_get(new_value, "settings")));
    return entry;
}

/* A page of the trail; rows that changed nothing are left out, so it may hold fewer than asked. */
enum status handle_config_history(struct request *request, struct reply *reply)
{
    struct store_query query = {.kind = "config", .scope = "config"};
    json_t *page = NULL;
    json_t *items;
    json_t *row;
    size_t at;
    enum status status = request_page(request, &query.limit, &query.before_seq, &reply->err);

    if (status == OK)
        status = store_audit_query(request->http->sources.store, &query, &page, &reply->err);
    if (status != OK)
        return status;
    items = json_array();
    json_array_foreach(json_object_get(page, "items"), at, row)
    {
        json_t *entry = entry_json(row);

        if (entry)
            json_array_append_new(items, entry);
    }
    reply->json = json_pack("{s:o, s:O}", "items", items, "next", json_object_get(page, "next"));
    json_decref(page);
    return OK;
}
