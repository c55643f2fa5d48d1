/* What stands behind the question mark: which names a route takes, and pages of lists. */
#include "api/exchange.h"

#include "thread/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the blank-separated names hold this one. */
static bool is_named(const char *names, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = names; length > 0 && *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == length && strncmp(at, name, length) == 0)
            return true;
    return false;
}

enum status arguments_check(struct exchange *exchange)
{
    const char *names = exchange->route->query;
    char shown[96];

    for (uint32_t i = 0; i < exchange->arg_count; i++) {
        if (is_named(names, exchange->args[i].name))
            continue;
        log_escape(shown, sizeof shown, exchange->args[i].name);
        return err_format(&exchange->reply.err, ERR_MALFORMED,
                          "there is no query argument \"%s\" here%s%s", shown,
                          *names ? "; there are: " : ", and no other", names);
    }
    return OK;
}

const char *request_query(const struct request *request, const char *name)
{
    const struct exchange *exchange = request->exchange;

    for (uint32_t i = 0; i < exchange->arg_count; i++)
        if (strcmp(exchange->args[i].name, name) == 0)
            return exchange->args[i].value;
    return NULL;
}

static bool number_parse(const char *text, uint64_t max, uint64_t *value)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 19 || text[digits])
        return false;
    *value = strtoull(text, NULL, 10);
    return *value <= max;
}

enum status request_page(const struct request *request, uint32_t *limit, uint64_t *cursor,
                         struct err *err)
{
    const char *limit_text = request_query(request, "limit");
    const char *cursor_text = request_query(request, "cursor");
    uint64_t value = 100;

    if (limit_text && (!number_parse(limit_text, 1000, &value) || value == 0))
        return err_set(err, ERR_MALFORMED, "limit must be 1 to 1000");
    *limit = (uint32_t)value;
    *cursor = 0;
    if (cursor_text && !number_parse(cursor_text, UINT64_MAX, cursor))
        return err_set(err, ERR_MALFORMED, "cursor must be what `next` was");
    return OK;
}

static bool asks_for_part(const struct request *request)
{
    return request_query(request, "limit") || request_query(request, "cursor");
}

enum status request_part(const struct request *request, struct list_part *part, struct err *err)
{
    *part = LIST_WHOLE;
    return asks_for_part(request) ? request_page(request, &part->most, &part->before, err) : OK;
}

enum status reply_page(const struct request *request, struct reply *reply)
{
    json_t *items = json_object_get(reply->json, "items"), *page;
    size_t count = json_array_size(items), end;
    uint64_t cursor;
    uint32_t limit;
    char next[24];
    enum status status;

    if (!asks_for_part(request))
        return OK;
    if ((status = request_page(request, &limit, &cursor, &reply->err)) != OK)
        return status;
    page = json_array();
    end = cursor < count && limit < count - cursor ? (size_t)cursor + limit : count;
    for (size_t at = cursor < count ? (size_t)cursor : count; at < end; at++)
        json_array_append(page, json_array_get(items, at));
    (void)snprintf(next, sizeof next, "%zu", end);
    json_object_set_new(reply->json, "items", page);
    json_object_set_new(reply->json, "next", end < count ? json_string(next) : json_null());
    return OK;
}
