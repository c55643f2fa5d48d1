#include "cli/audit_words.h"

#include "cli/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void put_value(FILE *out, const json_t *value)
{
    char text[CLI_VALUE_MAX], *dumped;

    if (!json_is_object(value) && !json_is_array(value)) {
        fputs(cli_value(value, text), out);
        return;
    }
    dumped = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputs(dumped ? dumped : "-", out);
    free(dumped);
}

/* "max_open_orders 50 -> 49": what has changed, and what is told beside it. */
static void put_member(FILE *out, const char *name, const json_t *was, const json_t *is)
{
    fprintf(out, "%s%s ", ftell(out) > 0 ? ", " : "", name);
    if (was && !json_equal(was, is)) {
        put_value(out, was);
        fputs(" -> ", out);
    }
    put_value(out, is);
}

/* The differences that a proposal names. */
static void put_diff(FILE *out, const json_t *diff)
{
    json_t *row;
    size_t at;

    json_array_foreach(diff, at, row) put_member(
        out, cli_text(row, "name"), json_object_get(row, "old"), json_object_get(row, "new"));
}

/* "expires_ns" as a date. */
static bool put_time(FILE *out, const char *name, const json_t *object)
{
    static const int64_t least_ns = 1000000000000000000; /* of 2001: a span is less */
    size_t length = strlen(name);
    char when[CLI_TIME_MAX];

    if (length < 4 || strcmp(name + length - 3, "_ns") != 0 || cli_ns(object, name) < least_ns)
        return false;
    fprintf(out, "%s%.*s %s", ftell(out) > 0 ? ", " : "", (int)length - 3, name,
            cli_time(object, name, when));
    return true;
}

static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value);
}

/* What its row says already is not said again. */
static bool is_repeated(const json_t *item, const char *name, const json_t *value)
{
    return (strcmp(name, "scope") == 0 || strcmp(name, "reason") == 0) &&
           json_equal(json_object_get(item, name), value);
}

static void put_members(FILE *out, const json_t *item, const json_t *was, const json_t *is)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)is, name, value)
    {
        const json_t *before = json_object_get(was, name);

        if ((is_nothing(value) && is_nothing(before)) || is_repeated(item, name, value))
            continue;
        if (strcmp(name, "diff") == 0 && json_is_array(value))
            put_diff(out, value);
        else if (before || !put_time(out, name, is))
            put_member(out, name, before, value);
    }
    json_object_foreach((json_t *)was, name, value)
    {
        if (!json_object_get(is, name) && !is_nothing(value))
            put_member(out, name, value, NULL);
    }
}

void audit_words(FILE *out, const json_t *item)
{
    const json_t *was = json_object_get(item, "old"), *is = json_object_get(item, "new");
    bool by_member =
        (json_is_object(was) || is_nothing(was)) && (json_is_object(is) || is_nothing(is));

    const json_t *settings = json_object_get(is, "settings");

    if (by_member && json_is_object(settings)) {
        put_members(out, item, was, settings); /* the setting that was beside the one that is */
        put_member(out, "version", NULL, json_object_get(is, "version"));
        return;
    }
    if (by_member) {
        put_members(out, item, was, is);
        return;
    }
    if (!is_nothing(was)) {
        put_value(out, was);
        fputs(" -> ", out);
    }
    put_value(out, is);
}
