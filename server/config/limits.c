/* Limits, caps and the ceilings of a first day: maps from scope to {limit: value}. */
#include "config/parts.h"

#include "thread/log.h"

#include <string.h>

static enum status parse_value(struct yaml_file *file, const struct limit_row *row,
                               const yaml_node_t *node, int64_t *value, struct err *err)
{
    const char *text = yaml_text(node);
    uint32_t scale = row->type == LIMIT_INTEGER ? 0 : 8;

    if (!text)
        return yaml_refuse(file, node, err, "%s must be one value", row->name);
    if (yaml_is_null(node)) {
        *value = LIMIT_DENY;
        return OK;
    }
    if (row->type == LIMIT_INTEGER && !yaml_is_plain(node))
        return yaml_refuse(file, node, err, "%s: \"%s\" in quotes is a text; wanted a whole number",
                           row->name, text);
    if (!decimal_parse(text, strlen(text), scale, value))
        return yaml_refuse(file, node, err, "%s: '%s' is not a %s", row->name, text,
                           scale == 0 ? "whole number" : "decimal of at most 8 places");
    if (*value < row->min || *value > row->max) {
        char low[DECIMAL_TEXT_MAX];
        char high[DECIMAL_TEXT_MAX];

        (void)decimal_print(low, row->min, scale, true);
        (void)decimal_print(high, row->max, scale, true);
        return yaml_refuse(file, node, err, "%s: %s is outside %s..%s", row->name, text, low, high);
    }
    return OK;
}

enum status limits_map_read(struct yaml_file *file, const yaml_node_t *map,
                            const struct limits *caps, struct limits *limits, struct err *err)
{
    struct yaml_pair pair;
    enum status status = yaml_check_map(file, map, "the limits of a scope", err);

    assert(limits);
    for (uint32_t at = 0; status == OK && yaml_map_at(file, map, at, &pair); at++) {
        enum limit_id id = limit_find(pair.key, (uint32_t)strlen(pair.key));
        int64_t value = LIMIT_DENY;

        if (id == LIMIT_COUNT)
            return yaml_refuse(file, pair.key_node, err, "unknown limit '%s'", pair.key);
        status = parse_value(file, limit_row(id), pair.value, &value, err);
        if (status == OK && caps && caps->value[id] != LIMIT_UNSET &&
            limit_loosens(id, caps->value[id], value))
            return yaml_refuse(file, pair.value, err, "%s: above the cap of this scope", pair.key);
        if (status == OK)
            limits->value[id] = value;
    }
    return status;
}

/* Only what somebody switches on has a first day. */
static bool has_first_day(const struct config *config, uint16_t scope)
{
    uint16_t index;

    return scope_kind_of(config->scopes, scope, &index) == SCOPE_STRATEGY &&
           index != STRATEGY_MANUAL;
}

static enum status read_scopes(struct config *config, struct yaml_file *file, const char *key,
                               struct limits *target, bool capped, struct err *err)
{
    const yaml_node_t *map = yaml_find(file, yaml_file_root(file), key);
    struct yaml_pair pair;
    enum status status;

    if (!map || yaml_is_null(map))
        return OK;
    status = yaml_check_map(file, map, key, err);
    for (uint32_t at = 0; status == OK && yaml_map_at(file, map, at, &pair); at++) {
        uint16_t scope;

        if (!config_scope_find(config, pair.key, &scope))
            return yaml_refuse(file, pair.key_node, err, "unknown scope '%s'", pair.key);
        if (target == config->first_day && !has_first_day(config, scope))
            return yaml_refuse(file, pair.key_node, err,
                               "first_day is of strategies, and '%s' is none that is switched on",
                               pair.key);
        status = limits_map_read(file, pair.value, capped ? &config->caps[scope] : NULL,
                                 &target[scope], err);
    }
    return status;
}

enum status limits_read(struct config *config, struct yaml_file *file, struct err *err)
{
    enum status status = read_scopes(config, file, "caps", config->caps, false, err);

    if (status == OK)
        status = read_scopes(config, file, "limits", config->limits, true, err);
    if (status == OK)
        status = read_scopes(config, file, "first_day", config->first_day, true, err);
    return status;
}

static enum status read_alone(struct config *names, struct yaml_file *file, struct limits *limits,
                              struct err *err)
{
    struct yaml_pair pair;

    if (!yaml_find(file, yaml_file_root(file), "limits"))
        return yaml_refuse(file, yaml_file_root(file), err, "there is no map 'limits'");
    for (uint32_t at = 0; yaml_map_at(file, yaml_file_root(file), at, &pair); at++)
        if (strcmp(pair.key, "limits") != 0)
            return yaml_refuse(file, pair.key_node, err, "unknown key '%s'", pair.key);
    return read_scopes(names, file, "limits", limits, false, err);
}

enum status config_read_limits(struct config *names, const char *path,
                               struct limits limits[MAX_SCOPES], struct err *err)
{
    struct yaml_file file;
    enum status status = yaml_file_open(&file, path, err);

    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            limits[scope].value[id] = LIMIT_UNSET;
    if (status != OK)
        return status;
    status = read_alone(names, &file, limits, err);
    yaml_file_close(&file);
    return status;
}

void limits_fill_from_caps(struct config *config)
{
    for (uint32_t scope = 0; scope < scope_count(config->scopes); scope++)
        for (uint32_t id = 0; id < LIMIT_COUNT; id++)
            if (config->limits[scope].value[id] == LIMIT_UNSET)
                config->limits[scope].value[id] = config->caps[scope].value[id];
}
