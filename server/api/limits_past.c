#include "api/limits_past.h"

#include "thread/log.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_A_READ = 200, READS_MAX = 500, CATCH_UP_MS = 2000 };

/* Calls each (false: enough) with the engine's rows of the scope, newest first. *next is where the
 * rows go on; 0: that was all. */
static enum status walk(struct store *store, const char *scope, uint64_t before_seq,
                        bool (*each)(void *ctx, const json_t *row), void *ctx, struct err *err)
{
    struct store_query query = {
        .kind = "limits", .scope = scope, .before_seq = before_seq, .limit = ROWS_A_READ};

    if (!store_wait_caught_up(store, CATCH_UP_MS))
        return err_set(err, ERR_UNAVAILABLE, "the audit is behind the engine; try again");
    for (int reads = 0; reads < READS_MAX; reads++) {
        json_t *list, *row;
        const char *next;
        bool goes_on = true;
        size_t at;
        enum status status = store_audit_query(store, &query, &list, err);

        if (status != OK)
            return status;
        json_array_foreach(json_object_get(list, "items"), at, row)
        {
            if (goes_on && json_object_get(json_object_get(row, "new"), "generation"))
                goes_on = each(ctx, row);
        }
        next = json_string_value(json_object_get(list, "next"));
        query.before_seq = next ? strtoull(next, NULL, 10) : 0;
        json_decref(list);
        if (!goes_on || query.before_seq == 0)
            return OK;
    }
    return err_set(err, ERR_UNAVAILABLE, "too far back; look in /audit");
}

/* ---------------------------------------------------------------------------------- a page */

struct page {
    json_t *items;
    uint32_t limit;
    bool more;
};

/* The map without the generation, which has a place of its own. */
static json_t *values_of(const json_t *map)
{
    json_t *values = json_deep_copy(map);

    json_object_del(values, "generation");
    return values;
}

static json_t *member(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    return value ? json_incref(value) : json_null();
}

static bool take_row(void *ctx, const json_t *row)
{
    const json_t *old = json_object_get(row, "old");
    const json_t *next = json_object_get(row, "new");
    struct page *page = ctx;

    page->more = json_array_size(page->items) == page->limit;
    if (page->more)
        return false;
    json_array_append_new(
        page->items,
        json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "seq", member(row, "seq"), "at_ns",
                  member(row, "at_ns"), "actor", member(row, "actor"), "person",
                  member(row, "person"), "reason", member(row, "reason"), "request_id",
                  member(row, "request_id"), "generation", member(next, "generation"), "base",
                  member(old, "generation"), "old", values_of(old), "new", values_of(next)));
    return true;
}

/* The approval whose confirmation led to it: the newest row of that kind before it, when it belongs
 * to the same request. */
static enum status add_approval(struct store *store, const char *scope, json_t *item,
                                struct err *err)
{
    struct store_query query = {.kind = "approval", .scope = scope, .limit = 1};
    const json_t *request_id = json_object_get(item, "request_id");
    json_t *list = NULL, *row;
    enum status status = OK;

    json_object_set_new(item, "approval", json_null());
    if (!json_is_string(request_id))
        return OK;
    query.before_seq = (uint64_t)json_integer_value(json_object_get(item, "seq"));
    status = store_audit_query(store, &query, &list, err);
    row = json_array_get(json_object_get(list, "items"), 0);
    if (json_equal(json_object_get(row, "request_id"), request_id))
        json_object_set_new(item, "approval", member(json_object_get(row, "new"), "id"));
    json_decref(list);
    return status;
}

enum status limits_past_page(struct store *store, const char *scope, uint32_t limit,
                             uint64_t before_seq, json_t **list, struct err *err)
{
    struct page page = {.items = json_array(), .limit = limit};
    enum status status = walk(store, scope, before_seq, take_row, &page, err);
    const json_t *last;
    json_t *item;
    size_t at;

    *list = NULL;
    json_array_foreach(page.items, at, item)
    {
        if (status == OK)
            status = add_approval(store, scope, item, err);
    }
    if (status != OK) {
        json_decref(page.items);
        return status;
    }
    last = json_array_get(page.items, json_array_size(page.items) - 1);
    *list = json_pack("{s:o,s:o}", "items", page.items, "next",
                      page.more ? json_sprintf("%lld", (long long)json_integer_value(
                                                           json_object_get(last, "seq")))
                                : json_null());
    return OK;
}

/* ------------------------------------------------------------------------ what stood at a time */

struct past {
    uint64_t generation;
    bool reached;
    json_t *values;
};

static uint64_t generation_of(const json_t *map)
{
    return (uint64_t)json_integer_value(json_object_get(map, "generation"));
}

/* Undoes changes from the newest on, until what is left is what stood then. */
static bool undo(void *ctx, const json_t *row)
{
    struct past *past = ctx;
    const char *name;
    json_t *value, *old;

    if (generation_of(json_object_get(row, "new")) == past->generation) {
        past->reached = true;
        return false;
    }
    old = values_of(json_object_get(row, "old"));
    json_object_foreach(old, name, value)
    {
        json_object_set(past->values, name, value);
    }
    json_decref(old);
    past->reached = generation_of(json_object_get(row, "old")) == past->generation;
    return !past->reached;
}

enum status limits_past_at(struct store *store, const char *scope, uint64_t generation,
                           uint64_t now, json_t **values, struct err *err)
{
    struct past past = {.generation = generation, .values = json_object()};
    enum status status = OK;

    past.reached = generation == now;
    if (!past.reached)
        status = walk(store, scope, 0, undo, &past, err);
    if (status == OK && !past.reached)
        status = err_format(err, ERR_NOT_FOUND,
                            "%llu is no generation of this scope that the audit still has; its "
                            "history names them",
                            (unsigned long long)generation);
    if (status != OK) {
        json_decref(past.values);
        past.values = NULL;
    }
    *values = past.values;
    return status;
}
