/* Strategies: number 0 is `manual`, people's own orders, always there and allowed everywhere; then
 * those of the file. Parameters are per instrument: an entry's own, then what its per_instrument
 * map says, then what `recorded:` says. */
#include "config/parameters.h"
#include "config/parts.h"

#include "thread/log.h"

#include <string.h>

bool strategy_find(const struct config *config, const char *name, uint16_t *strategy)
{
    for (*strategy = 0; *strategy < config->strategies; (*strategy)++)
        if (strcmp(config->strategy[*strategy].name, name) == 0)
            return true;
    return false;
}

static void add_manual(struct config *config)
{
    (void)snprintf(config->strategy[STRATEGY_MANUAL].name, MAX_NAME, "manual");
    config->strategy[STRATEGY_MANUAL].kind = STRATEGY_KIND_MANUAL;
    config->strategy[STRATEGY_MANUAL].enabled = true;
    for (uint32_t at = 0; at < MAX_INSTRUMENTS; at++)
        config->strategy[STRATEGY_MANUAL].instruments[at] = true;
    config->strategies = 1;
}

/* OK: taken; ERR_NOT_FOUND: no parameter of that name and kind; ERR_CONFIG: refused. */
static enum status parameter_read(const struct config *config, struct yaml_file *file,
                                  enum strategy_kind kind, bool recorded,
                                  const struct yaml_pair *pair, struct strategy_params *params,
                                  struct err *err)
{
    enum parameter_id id = parameter_find(kind, pair->key);
    const char *text = yaml_text(pair->value);
    uint16_t instrument;
    int64_t value;
    struct err inner;

    if (id == PARAMETER_COUNT)
        return ERR_NOT_FOUND;
    if (!text)
        return yaml_refuse(file, pair->value, err, "%s must be one value, not a map or a list",
                           pair->key);
    if (yaml_is_null(pair->value))
        return yaml_refuse(file, pair->value, err, "%s: a value is missing", pair->key);
    if (parameter_row(id)->type == PARAMETER_INTEGER && !yaml_is_plain(pair->value))
        return yaml_refuse(file, pair->value, err,
                           "%s: \"%s\" in quotes is a text; wanted a whole number", pair->key,
                           text);
    if (recorded && parameter_row(id)->type == PARAMETER_INSTRUMENT && name_is_fit(text, true) &&
        !config_instrument_find(config, text, &instrument))
        text = "none";
    if (parameter_parse(config, id, text, &value, &inner) != OK)
        return yaml_refuse(file, pair->value, err, "%s", inner.text);
    parameter_set(params, id, value);
    return OK;
}

enum status strategy_params_read(const struct config *config, struct yaml_file *file,
                                 const yaml_node_t *map, enum strategy_kind kind, bool recorded,
                                 struct strategy_params *params, struct err *err)
{
    struct yaml_pair pair;
    enum status status = yaml_check_map(file, map, "parameters of a strategy", err);

    for (uint32_t at = 0; status == OK && yaml_map_at(file, map, at, &pair); at++) {
        status = parameter_read(config, file, kind, recorded, &pair, params, err);
        if (status == ERR_NOT_FOUND)
            status = yaml_refuse(file, pair.key_node, err,
                                 "unknown parameter '%s' of this kind of strategy", pair.key);
    }
    if (status == OK && kind == STRATEGY_KIND_MOMENTUM && params->fast_ns >= params->slow_ns)
        status = yaml_refuse(file, map, err, "fast_ms must be less than slow_ms");
    return status;
}

enum status strategies_check(const struct config *config, struct yaml_file *file, struct err *err)
{
    struct err inner;

    for (uint16_t at = STRATEGY_MANUAL + 1; at < config->strategies; at++)
        if (parameters_check(config, at, config->strategy[at].params, &inner) != OK)
            return yaml_refuse(file, yaml_find(file, yaml_file_root(file), "strategies"), err, "%s",
                               inner.text);
    return OK;
}

static enum status read_instruments(struct config *config, struct yaml_file *file,
                                    const yaml_node_t *node, bool *trades, struct err *err)
{
    const char *text = yaml_text(node);
    const yaml_node_t *item;
    enum status status;

    if (text && strcmp(text, "all") == 0) {
        for (uint32_t at = 0; at < MAX_INSTRUMENTS; at++)
            trades[at] = true;
        return OK;
    }
    status = yaml_check_list(file, node, "instruments of a strategy (or `all`)", err);
    for (uint32_t at = 0; status == OK && yaml_list_at(file, node, at, &item); at++) {
        uint16_t instrument;
        const char *name = yaml_text(item);

        if (!name || !config_instrument_find(config, name, &instrument))
            return yaml_refuse(file, item, err, "unknown instrument '%s'", name ? name : "?");
        trades[instrument] = true;
    }
    return status;
}

static enum status read_per_instrument(struct config *config, struct yaml_file *file,
                                       const yaml_node_t *map, uint16_t strategy, struct err *err)
{
    struct yaml_pair pair;
    enum status status = yaml_check_map(file, map, "per_instrument", err);

    for (uint32_t at = 0; status == OK && yaml_map_at(file, map, at, &pair); at++) {
        uint16_t instrument;

        if (!config_instrument_find(config, pair.key, &instrument))
            return yaml_refuse(file, pair.key_node, err, "unknown instrument '%s'", pair.key);
        status = strategy_params_read(config, file, pair.value, config->strategy[strategy].kind,
                                      false, &config->strategy[strategy].params[instrument], err);
    }
    return status;
}

#define STRATEGY(ID, name, legs, says) " " #name
static const char kinds[] =
#include "tables/strategies.def"
    ;
#undef STRATEGY

static enum status read_kind(struct yaml_file *file, const yaml_node_t *item,
                             enum strategy_kind *kind, struct err *err)
{
    const yaml_node_t *node = yaml_find(file, item, "kind");
    const char *text = node ? yaml_text(node) : NULL;

    *kind = text ? strategy_kind_find(text) : STRATEGY_KIND_COUNT;
    if (*kind != STRATEGY_KIND_COUNT)
        return OK;
    return yaml_refuse(file, node ? node : item, err, "kind of a strategy: one of%s", kinds);
}

static enum status read_name(struct config *config, struct yaml_file *file, const yaml_node_t *item,
                             struct err *err)
{
    const yaml_node_t *node = yaml_find(file, item, "strategy");
    const char *name = node ? yaml_text(node) : NULL;
    uint16_t known;

    if (!name || !name_is_fit(name, false))
        return yaml_refuse(file, node ? node : item, err,
                           "a strategy needs `strategy:`, a name of letters, digits, '-'");
    if (strategy_find(config, name, &known))
        return yaml_refuse(file, node, err,
                           known == STRATEGY_MANUAL ? "strategy '%s' is that of people's own orders"
                                                    : "strategy '%s' is there twice",
                           name);
    if (config->strategies == MAX_STRATEGIES)
        return yaml_refuse(file, item, err, "more than %d strategies", MAX_STRATEGIES - 1);
    (void)snprintf(config->strategy[config->strategies].name, MAX_NAME, "%s", name);
    return OK;
}

/* Keys that are no parameter. */
static enum status read_other_key(struct config *config, struct yaml_file *file,
                                  const struct yaml_pair *pair, uint16_t number, struct err *err)
{
    static const struct value_row enabled_row = {"enabled",    VALUE_BOOL,   0,
                                                 sizeof(bool), "true|false", "true"};

    if (strcmp(pair->key, "strategy") == 0 || strcmp(pair->key, "kind") == 0 ||
        strcmp(pair->key, "per_instrument") == 0)
        return OK;
    if (strcmp(pair->key, "enabled") == 0)
        return value_read_node(file, &enabled_row, pair->value, &config->strategy[number].enabled,
                               err);
    if (strcmp(pair->key, "instruments") == 0)
        return read_instruments(config, file, pair->value, config->strategy[number].instruments,
                                err);
    return yaml_refuse(file, pair->key_node, err, "unknown key '%s' of a strategy", pair->key);
}

static enum status read_keys(struct config *config, struct yaml_file *file, const yaml_node_t *item,
                             uint16_t number, struct strategy_params *params, struct err *err)
{
    struct yaml_pair pair;
    enum status status = OK;

    for (uint32_t at = 0; status == OK && yaml_map_at(file, item, at, &pair); at++) {
        status =
            parameter_read(config, file, config->strategy[number].kind, false, &pair, params, err);
        if (status == ERR_NOT_FOUND)
            status = read_other_key(config, file, &pair, number, err);
    }
    if (status == OK && config->strategy[number].kind == STRATEGY_KIND_MOMENTUM &&
        params->fast_ns >= params->slow_ns)
        status = yaml_refuse(file, item, err, "fast_ms must be less than slow_ms");
    return status;
}

static enum status read_strategy(struct config *config, struct yaml_file *file,
                                 const yaml_node_t *item, struct err *err)
{
    uint16_t number = config->strategies;
    const yaml_node_t *own;
    struct strategy_params params;
    enum status status = yaml_check_map(file, item, "an entry of strategies", err);

    if (status == OK)
        status = read_name(config, file, item, err);
    if (status == OK)
        status = read_kind(file, item, &config->strategy[number].kind, err);
    if (status != OK)
        return status;
    config->strategy[number].enabled = true;
    parameters_default(&params);
    status = read_keys(config, file, item, number, &params, err);
    if (status != OK)
        return status;
    config->strategy[number].base = params;
    for (uint32_t at = 0; at < MAX_INSTRUMENTS; at++)
        config->strategy[number].params[at] = params;
    own = yaml_find(file, item, "per_instrument");
    if (own)
        status = read_per_instrument(config, file, own, number, err);
    config->strategies++;
    return status;
}

enum status strategies_read(struct config *config, struct yaml_file *file, struct err *err)
{
    const yaml_node_t *list = yaml_find(file, yaml_file_root(file), "strategies");
    const yaml_node_t *item;
    enum status status;

    add_manual(config);
    if (!list || yaml_is_null(list))
        return OK; /* people only */
    status = yaml_check_list(file, list, "strategies", err);
    for (uint32_t at = 0; status == OK && yaml_list_at(file, list, at, &item); at++)
        status = read_strategy(config, file, item, err);
    return status;
}
