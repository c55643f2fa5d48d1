/* Limits as they were: history, differences, and the way back. On workers, since it is the audit
 * that is asked; what comes of a revert goes through the one door like any other change. */
#include "api/exchange.h"

#include "api/limits_past.h"
#include "thread/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static enum status scope_of(const struct request *request, uint16_t *scope, char name[],
                            struct err *err)
{
    const struct config *config = request->http->sources.config;

    if (!config_scope_find(config, request->arg[0], scope))
        return err_format(err, ERR_UNKNOWN_SCOPE, "there is no scope \"%.64s\"", request->arg[0]);
    config_scope_name(config, *scope, name);
    return OK;
}

enum status handle_limits_history(struct request *request, struct reply *reply)
{
    char name[SCOPE_TEXT_MAX];
    uint16_t scope;
    uint32_t limit;
    uint64_t cursor;
    enum status status = scope_of(request, &scope, name, &reply->err);

    if (status == OK)
        status = request_page(request, &limit, &cursor, &reply->err);
    if (status == OK && cursor > INT64_MAX)
        status = err_set(&reply->err, ERR_MALFORMED, "cursor must be what `next` was");
    if (status != OK)
        return status;
    return limits_past_page(request->http->sources.store, name, limit, cursor, &reply->json,
                            &reply->err);
}

static enum status generation_read(const struct request *request, const char *name, uint64_t usual,
                                   uint64_t *generation, struct err *err)
{
    const char *text = request_query(request, name);

    *generation = usual;
    if (!text)
        return OK;
    if (text[0] == '\0' || strlen(text) > 18 || text[strspn(text, "0123456789")] != '\0')
        return err_format(err, ERR_MALFORMED, "%s must be a generation", name);
    *generation = strtoull(text, NULL, 10);
    return OK;
}

static json_t *present(const json_t *limits, const json_t *past, const char *name)
{
    json_t *value = json_object_get(past, name);

    return json_incref(value ? value : json_object_get(limits, name));
}

/* [{"name","old","new"}] of two moments, each given by what has changed since. */
static json_t *diff_of(const json_t *limits, const json_t *from, const json_t *to)
{
    json_t *rows = json_array();
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)limits, name, value)
    {
        json_t *old = present(limits, from, name), *next = present(limits, to, name);

        if (!json_equal(old, next))
            json_array_append_new(
                rows, json_pack("{s:s,s:O,s:O}", "name", name, "old", old, "new", next));
        json_decref(old);
        json_decref(next);
    }
    return rows;
}

enum status handle_limits_diff(struct request *request, struct reply *reply)
{
    struct store *store = request->http->sources.store;
    char name[SCOPE_TEXT_MAX];
    json_t *now, *from = NULL, *to = NULL;
    uint64_t generation, first = 0, second = 0;
    uint16_t scope;
    enum status status = scope_of(request, &scope, name, &reply->err);

    if (status != OK)
        return status;
    now = view_limits_json(request->view, scope);
    generation = (uint64_t)json_integer_value(json_object_get(now, "generation"));
    if (!request_query(request, "from"))
        status = err_set(&reply->err, ERR_MALFORMED, "from: which generation?");
    if (status == OK)
        status = generation_read(request, "from", 0, &first, &reply->err);
    if (status == OK)
        status = generation_read(request, "to", generation, &second, &reply->err);
    if (status == OK)
        status = limits_past_at(store, name, first, generation, &from, &reply->err);
    if (status == OK)
        status = limits_past_at(store, name, second, generation, &to, &reply->err);
    if (status == OK)
        reply->json = json_pack("{s:s,s:I,s:I,s:o}", "scope", name, "from", (json_int_t)first, "to",
                                (json_int_t)second, "diff",
                                diff_of(json_object_get(now, "limits"), from, to));
    json_decref(from);
    json_decref(to);
    json_decref(now);
    return status;
}

/* --------------------------------------------------------------------------------- the way back */

/* What has to be put so that the scope holds what it held. ERR_CONFLICT: nothing. A null of the
 * past is "not set here" or "denied", and only a person knows which of the two is wanted. */
static enum status body_of_revert(const json_t *now, const json_t *past, const char *reason,
                                  json_t **body, struct err *err)
{
    const json_t *limits = json_object_get(now, "limits");
    json_t *change = json_object(), *value;
    enum status status = OK;
    const char *name;

    json_object_foreach((json_t *)past, name, value)
    {
        if (json_equal(value, json_object_get(limits, name)))
            continue;
        if (json_is_null(value))
            status = err_format(err, ERR_CONFLICT,
                                "%s was not set here then, or denied: a revert cannot tell; put "
                                "what you want of it",
                                name);
        json_object_set(change, name, value);
    }
    if (status == OK && json_object_size(change) == 0)
        status = err_set(err, ERR_CONFLICT, "the limits are as they were then already");
    if (status == OK)
        *body = json_pack("{s:O,s:s}", "limits", change, "reason", reason);
    json_decref(change);
    return status;
}

/* A change that a worker asks of the control thread and waits for. */
struct errand {
    struct request *request;
    struct reply *reply;
    const char *scope;
    json_t *body;
    enum status status;
    pthread_mutex_t lock;
    pthread_cond_t done_now;
    bool done;
};

static void run_errand(void *job)
{
    struct errand *errand = job;
    struct request *request = errand->request;

    errand->status = access_look_again(request->access, &request->actor, &errand->reply->err);
    if (errand->status == OK)
        errand->status = control_limits_put(
            request->control, &request->actor, errand->scope, request->if_match, errand->body,
            request->request_id, &errand->reply->http, &errand->reply->json, &errand->reply->err);
    pthread_mutex_lock(&errand->lock);
    errand->done = true;
    pthread_cond_signal(&errand->done_now);
    pthread_mutex_unlock(&errand->lock);
}

/* Bounded by itself: the control thread waits at most 1 s for each of its answers, and runs what it
 * has taken also while it stops. */
static enum status put_by_control(struct errand *errand)
{
    enum status status;

    pthread_mutex_init(&errand->lock, NULL);
    pthread_cond_init(&errand->done_now, NULL);
    if (control_submit(errand->request->control, run_errand, errand)) {
        pthread_mutex_lock(&errand->lock);
        while (!errand->done)
            pthread_cond_wait(&errand->done_now, &errand->lock);
        pthread_mutex_unlock(&errand->lock);
        status = errand->status;
    } else {
        status = err_set(&errand->reply->err, ERR_UNAVAILABLE, "busy; try again");
    }
    pthread_cond_destroy(&errand->done_now);
    pthread_mutex_destroy(&errand->lock);
    return status;
}

static enum status revert(struct request *request, struct reply *reply, uint64_t to,
                          const char *reason, uint16_t scope, const char *name)
{
    json_t *now = view_limits_json(request->view, scope), *past = NULL;
    uint64_t generation = (uint64_t)json_integer_value(json_object_get(now, "generation"));
    struct errand errand = {.request = request, .reply = reply, .scope = name};
    enum status status;

    /* What was looked at must be what the way back is reckoned from. */
    if (request->if_match != generation) {
        reply->json = control_limits(request->control, scope);
        status = err_set(&reply->err, ERR_STALE_VERSION,
                         "the limits of this scope have changed since you read");
    } else {
        status =
            limits_past_at(request->http->sources.store, name, to, generation, &past, &reply->err);
    }
    if (status == OK)
        status = body_of_revert(now, past, reason, &errand.body, &reply->err);
    if (status == OK)
        status = put_by_control(&errand);
    json_decref(errand.body);
    json_decref(past);
    json_decref(now);
    return status;
}

enum status handle_limits_revert(struct request *request, struct reply *reply)
{
    char name[SCOPE_TEXT_MAX];
    const char *reason = NULL;
    json_int_t to = 0;
    uint16_t scope;
    enum status status = scope_of(request, &scope, name, &reply->err);

    if (status == OK)
        status = version_check(request, &reply->err);
    if (status == OK)
        status = body_unpack(request, &reply->err, "{s:I, s:s}", "to", &to, "reason", &reason);
    if (status == OK && to < 0)
        status = err_set(&reply->err, ERR_MALFORMED, "\"to\" must be a generation");
    if (status == OK)
        status = revert(request, reply, (uint64_t)to, reason, scope, name);
    if (status == OK)
        version_answered(reply, "generation");
    return status;
}
