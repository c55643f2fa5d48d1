#include "control/limits.h"

#include "thread/log.h"
#include "view/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { E8_DECIMALS = 8 };

static enum status say_range(const struct limit_row *row, struct err *err)
{
    uint32_t scale = row->type == LIMIT_INTEGER ? 0 : E8_DECIMALS;
    char least[DECIMAL_TEXT_MAX];
    char most[DECIMAL_TEXT_MAX];

    decimal_print(least, row->min, scale, true);
    decimal_print(most, row->max, scale, true);
    return err_format(err, ERR_OUT_OF_RANGE, "%s must be from %s to %s", row->name, least, most);
}

static enum status value_parse(enum limit_id id, const json_t *json, int64_t *value,
                               struct err *err)
{
    const struct limit_row *row = limit_row(id);
    const char *text = json_string_value(json);

    if (json_is_null(json)) {
        *value = LIMIT_DENY;
        return OK;
    }
    if (row->type == LIMIT_INTEGER) {
        if (!json_is_integer(json))
            return err_format(err, ERR_MALFORMED, "%s must be an integer or null", row->name);
        *value = json_integer_value(json);
    } else {
        if (!text || !text_is_decimal(text))
            return err_format(err, ERR_MALFORMED, "%s must be a decimal string or null", row->name);
        if (!decimal_parse(text, strlen(text), E8_DECIMALS, value))
            return err_format(err, ERR_OUT_OF_RANGE, "%s: too large, or more than %d decimals",
                              row->name, E8_DECIMALS);
    }
    if (*value < row->min || *value > row->max)
        return say_range(row, err);
    return OK;
}

enum status limits_values_parse(const json_t *limits, struct limits_change *change, struct err *err)
{
    const char *name;
    json_t *value;

    if (!json_is_object(limits) || json_object_size(limits) == 0)
        return err_set(err, ERR_MALFORMED, "\"limits\" must be an object that names a limit");
    json_object_foreach((json_t *)limits, name, value)
    {
        enum limit_id id = limit_find(name, (uint32_t)strlen(name));
        enum status status;

        if (id == LIMIT_COUNT)
            return err_format(err, ERR_UNKNOWN_LIMIT, "there is no limit \"%.64s\"", name);
        if ((status = value_parse(id, value, &change->asked.value[id], err)) != OK)
            return status;
        change->named[id] = true;
    }
    return OK;
}

static enum status expires_parse(const json_t *expires, uint32_t *expires_s, struct err *err)
{
    json_int_t value = json_integer_value(expires);

    *expires_s = 0;
    if (!expires)
        return OK;
    if (!json_is_integer(expires))
        return err_set(err, ERR_MALFORMED, "\"expires_s\" must be an integer");
    if (value < RAISE_MIN_S || value > RAISE_MAX_S)
        return err_format(err, ERR_OUT_OF_RANGE, "expires_s must be from %d to %d", RAISE_MIN_S,
                          RAISE_MAX_S);
    *expires_s = (uint32_t)value;
    return OK;
}

enum status limits_change_parse(const json_t *body, struct limits_change *change, struct err *err)
{
    static const char *const members[] = {"limits", "reason", "expires_s", NULL};
    enum status status;

    *change = (struct limits_change){0};
    if ((status = members_check(body, members, err)) != OK ||
        (status = reason_parse(json_object_get(body, "reason"), change->reason, err)) != OK ||
        (status = limits_values_parse(json_object_get(body, "limits"), change, err)) != OK)
        return status;
    return expires_parse(json_object_get(body, "expires_s"), &change->expires_s, err);
}

enum limit_id limits_change_over_cap(const struct limits_change *change, const struct limits *caps)
{
    for (int id = 0; id < LIMIT_COUNT; id++)
        if (change->named[id] && caps->value[id] != LIMIT_UNSET &&
            limit_loosens((enum limit_id)id, caps->value[id], change->asked.value[id]))
            return (enum limit_id)id;
    return LIMIT_COUNT;
}

/* The number without the quotes of a JSON string. */
static void value_say(char *out, size_t size, enum limit_id id, int64_t value)
{
    json_t *json = limit_value_json(id, value);
    char *text = json_dumps(json, JSON_ENCODE_ANY);
    const char *plain = json_is_string(json) ? json_string_value(json) : text;

    snprintf(out, size, "%s", plain ? plain : "?");
    free(text);
    json_decref(json);
}

enum status limits_over(enum limit_id id, const struct limits_change *change,
                        const struct limits *most, const char *whose, struct err *err)
{
    char asked[32], may[32];

    value_say(asked, sizeof asked, id, change->asked.value[id]);
    value_say(may, sizeof may, id, most->value[id]);
    return err_format(err, ERR_OVER_CAP, "%s cannot be %s: %s is %s", limit_row(id)->name, asked,
                      whose, may);
}

bool limits_change_nothing(const struct limits_change *change, const struct limits *now)
{
    for (int id = 0; id < LIMIT_COUNT; id++)
        if (change->named[id] && change->asked.value[id] != now->value[id])
            return false;
    return true;
}

struct limits limits_change_apply(const struct limits_change *change, const struct limits *now)
{
    struct limits next = *now;

    for (int id = 0; id < LIMIT_COUNT; id++)
        if (change->named[id])
            next.value[id] = change->asked.value[id];
    return next;
}

bool limit_change_loosens(enum limit_id id, int64_t now, int64_t next, const struct limits *firm)
{
    bool adds = now == LIMIT_UNSET && firm && firm->value[id] != LIMIT_UNSET;

    return !adds && limit_loosens(id, now, next);
}

bool limits_loosen(const struct limits *now, const struct limits *next, const struct limits *firm)
{
    for (int id = 0; id < LIMIT_COUNT; id++)
        if (limit_change_loosens((enum limit_id)id, now->value[id], next->value[id], firm))
            return true;
    return false;
}

json_t *limits_diff(const struct limits_change *change, const struct limits *now, bool all)
{
    json_t *rows = json_array();

    for (int i = 0; i < LIMIT_COUNT; i++) {
        enum limit_id id = (enum limit_id)i;

        if (change->named[i] && (all || now->value[i] != change->asked.value[i]))
            json_array_append_new(rows, json_pack("{s:s,s:o,s:o}", "name", limit_row(id)->name,
                                                  "old", limit_value_json(id, now->value[i]), "new",
                                                  limit_value_json(id, change->asked.value[i])));
    }
    return rows;
}

json_t *limits_named(const struct limits_change *change, const struct limits *of)
{
    json_t *named = json_object();

    for (int i = 0; i < LIMIT_COUNT; i++)
        if (change->named[i])
            json_object_set_new(named, limit_row((enum limit_id)i)->name,
                                limit_value_json((enum limit_id)i, of->value[i]));
    return named;
}
