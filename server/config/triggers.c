/* `triggers:`, a map from a trigger's name to what it does: `off`, `notify`, `reduce` or `kill`, or
 * {action, samples, window}. What is not named does what triggers.def says. */
#include "config/parts.h"

#include "thread/log.h"

#include <string.h>

static bool find_trigger(const char *name, enum trigger_id *id)
{
    for (unsigned at = 0; at < TRIGGER_COUNT; at++)
        if (strcmp(trigger_name((enum trigger_id)at), name) == 0) {
            *id = (enum trigger_id)at;
            return true;
        }
    return false;
}

static enum status read_action(struct yaml_file *file, const yaml_node_t *node,
                               struct trigger_rule *rule, struct err *err)
{
    const char *text = yaml_text(node);

    for (unsigned at = 0; text && at < TRIGGER_ACTIONS; at++)
        if (strcmp(trigger_action_name((enum trigger_action)at), text) == 0) {
            rule->action = (enum trigger_action)at;
            return OK;
        }
    return yaml_refuse(file, node, err,
                       "a trigger's action is off, notify, reduce or kill, not '%s'",
                       text ? text : "a list or map");
}

static enum status read_count(struct yaml_file *file, const struct yaml_pair *pair, uint8_t *count,
                              struct err *err)
{
    const char *text = yaml_text(pair->value);
    int64_t value;

    if (!text || !decimal_parse(text, strlen(text), 0, &value) || value < 1 || value > 32)
        return yaml_refuse(file, pair->value, err, "%s of a trigger: 1 to 32, not '%s'", pair->key,
                           text ? text : "a list or map");
    *count = (uint8_t)value;
    return OK;
}

static enum status read_member(struct yaml_file *file, const struct yaml_pair *pair,
                               struct trigger_rule *rule, struct err *err)
{
    if (strcmp(pair->key, "action") == 0)
        return read_action(file, pair->value, rule, err);
    if (strcmp(pair->key, "samples") == 0)
        return read_count(file, pair, &rule->samples, err);
    if (strcmp(pair->key, "window") == 0)
        return read_count(file, pair, &rule->window, err);
    return yaml_refuse(file, pair->key_node, err,
                       "unknown key '%s' of a trigger; it has action, samples, window", pair->key);
}

static enum status read_rule(struct yaml_file *file, const yaml_node_t *node,
                             struct trigger_rule *rule, struct err *err)
{
    struct yaml_pair pair;
    enum status status;

    if (yaml_text(node))
        return read_action(file, node, rule, err);
    status = yaml_check_map(file, node, "a trigger", err);
    for (uint32_t at = 0; status == OK && yaml_map_at(file, node, at, &pair); at++)
        status = read_member(file, &pair, rule, err);
    if (status == OK && rule->samples > rule->window)
        status =
            yaml_refuse(file, node, err, "samples of a trigger cannot be more than its window");
    return status;
}

enum status triggers_read(struct config *config, struct yaml_file *file, struct err *err)
{
    const yaml_node_t *map = yaml_find(file, yaml_file_root(file), "triggers");
    struct yaml_pair pair;
    enum status status;

    for (unsigned at = 0; at < TRIGGER_COUNT; at++)
        config->trigger[at] = trigger_default((enum trigger_id)at);
    if (!map || yaml_is_null(map))
        return OK;
    status = yaml_check_map(file, map, "triggers", err);
    for (uint32_t at = 0; status == OK && yaml_map_at(file, map, at, &pair); at++) {
        enum trigger_id id;

        if (!find_trigger(pair.key, &id))
            return yaml_refuse(file, pair.key_node, err,
                               "unknown trigger '%s'; `pitwall spec triggers` lists them",
                               pair.key);
        status = read_rule(file, pair.value, &config->trigger[id], err);
    }
    return status;
}
