#include "control/strategies.h"

#include "config/parameters.h"
#include "thread/log.h"
#include "view/view.h"

#include <stdio.h>
#include <string.h>

enum { KNOWN_TEXT_MAX = 320 };

bool strategy_named(const struct config *config, const char *name, uint16_t *strategy)
{
    for (*strategy = STRATEGY_MANUAL + 1; *strategy < config->strategies; (*strategy)++)
        if (strcmp(config->strategy[*strategy].name, name) == 0)
            return true;
    return false;
}

/* A JSON value as the configuration would have it. */
static enum status value_text(const struct parameter_row *row, const json_t *json,
                              char out[PARAMETER_TEXT_MAX], struct err *err)
{
    const char *text = json_string_value(json);
    bool is_number = row->type == PARAMETER_INTEGER || row->type == PARAMETER_MS;

    if (is_number && json_is_integer(json))
        (void)snprintf(out, PARAMETER_TEXT_MAX, "%lld", (long long)json_integer_value(json));
    else if (row->type == PARAMETER_INSTRUMENT && json_is_null(json))
        (void)snprintf(out, PARAMETER_TEXT_MAX, "none");
    else if (!is_number && text && strlen(text) < PARAMETER_TEXT_MAX)
        (void)snprintf(out, PARAMETER_TEXT_MAX, "%s", text);
    else
        return err_format(err, ERR_MALFORMED, "%s must be %s", row->name,
                          is_number                      ? "an integer"
                          : row->type == PARAMETER_RATIO ? "a decimal string"
                                                         : "an instrument or null");
    return OK;
}

static enum status unknown_parameter(enum strategy_kind kind, const char *name, struct err *err)
{
    char known[KNOWN_TEXT_MAX];

    parameters_known(kind, known, sizeof known);
    return err_format(err, ERR_UNKNOWN_PARAMETER, "a %s has no parameter \"%.32s\"; it has %s",
                      strategy_kind_name(kind), name, known);
}

static enum status values_parse(const struct config *config, enum strategy_kind kind,
                                uint16_t instrument, const json_t *values,
                                struct strategy_change *change, struct err *err)
{
    const char *name;
    json_t *value;

    if (!json_is_object(values))
        return err_set(err, ERR_MALFORMED, "parameters must be an object of names and values");
    json_object_foreach((json_t *)values, name, value)
    {
        enum parameter_id id = parameter_find(kind, name);
        struct parameter_change *next = &change->change[change->count];
        char text[PARAMETER_TEXT_MAX];

        if (id == PARAMETER_COUNT)
            return unknown_parameter(kind, name, err);
        if (change->count == PARAMETER_CHANGES_MAX)
            return err_format(err, ERR_OUT_OF_RANGE, "at most %d values in one change",
                              PARAMETER_CHANGES_MAX);
        *next = (struct parameter_change){.instrument = instrument, .parameter = (uint16_t)id};
        if (value_text(parameter_row(id), value, text, err) != OK ||
            parameter_parse(config, id, text, &next->value, err) != OK)
            return err->status;
        change->count++;
    }
    return OK;
}

static enum status per_instrument_parse(const struct config *config, uint16_t strategy,
                                        const json_t *map, struct strategy_change *change,
                                        struct err *err)
{
    const char *name;
    json_t *values;

    if (!json_is_object(map))
        return err_set(err, ERR_MALFORMED, "\"per_instrument\" must be an object by instrument");
    json_object_foreach((json_t *)map, name, values)
    {
        uint16_t instrument;

        if (!config_instrument_find(config, name, &instrument) ||
            !config->strategy[strategy].instruments[instrument])
            return err_format(err, ERR_OUT_OF_RANGE, "%s does not trade \"%.64s\"",
                              config->strategy[strategy].name, name);
        if (values_parse(config, config->strategy[strategy].kind, instrument, values, change,
                         err) != OK)
            return err->status;
    }
    return OK;
}

enum status strategy_change_parse(const struct config *config, uint16_t strategy,
                                  const json_t *body, struct strategy_change *change,
                                  struct err *err)
{
    static const char *const members[] = {"enabled", "parameters", "per_instrument", "reason",
                                          NULL};
    const json_t *enabled = json_object_get(body, "enabled");
    const json_t *all = json_object_get(body, "parameters");
    const json_t *some = json_object_get(body, "per_instrument");
    enum status status;

    *change = (struct strategy_change){.names_enabled = enabled != NULL,
                                       .enabled = json_is_true(enabled)};
    if ((status = members_check(body, members, err)) != OK ||
        (status = reason_parse(json_object_get(body, "reason"), change->reason, err)) != OK)
        return status;
    if (enabled && !json_is_boolean(enabled))
        return err_set(err, ERR_MALFORMED, "\"enabled\" must be true or false");
    if (all)
        status =
            values_parse(config, config->strategy[strategy].kind, UINT16_MAX, all, change, err);
    if (status == OK && some)
        status = per_instrument_parse(config, strategy, some, change, err);
    if (status == OK && !enabled && change->count == 0)
        return err_set(err, ERR_MALFORMED,
                       "name \"enabled\", \"parameters\" or \"per_instrument\"");
    return status;
}

enum status strategy_change_apply(const struct config *config, uint16_t strategy,
                                  const struct strategy_change *change,
                                  struct strategy_params *params, struct err *err)
{
    for (uint32_t at = 0; at < change->count; at++) {
        const struct parameter_change *one = &change->change[at];

        for (uint16_t i = 0; i < config->instruments; i++)
            if (config->strategy[strategy].instruments[i] &&
                (one->instrument == UINT16_MAX || one->instrument == i))
                parameter_set(&params[i], (enum parameter_id)one->parameter, one->value);
    }
    return parameters_check(config, strategy, params, err);
}

static bool is_told(const struct config *config, uint16_t strategy, uint16_t instrument,
                    enum parameter_id id)
{
    return config->strategy[strategy].instruments[instrument] &&
           parameter_is_of(id, config->strategy[strategy].kind);
}

bool strategy_loosens(const struct config *config, uint16_t strategy,
                      const struct strategy_params *now, const struct strategy_params *next)
{
    for (uint16_t i = 0; i < config->instruments; i++)
        for (int at = 0; at < PARAMETER_COUNT; at++) {
            enum parameter_id id = (enum parameter_id)at;

            if (is_told(config, strategy, i, id) &&
                parameter_loosens(id, parameter_get(&now[i], id), parameter_get(&next[i], id)))
                return true;
        }
    return false;
}

static void add_difference(const struct config *config, uint16_t instrument, enum parameter_id id,
                           int64_t old, int64_t next, json_t *rows)
{
    if (old != next)
        json_array_append_new(rows, json_pack("{s:s,s:s,s:o,s:o}", "name", parameter_row(id)->name,
                                              "instrument", config->instrument[instrument].name,
                                              "old", view_parameter_json(config, id, old), "new",
                                              view_parameter_json(config, id, next)));
}

json_t *strategy_diff(const struct config *config, uint16_t strategy,
                      const struct strategy_params *now, const struct strategy_params *next)
{
    json_t *rows = json_array();

    for (uint16_t i = 0; i < config->instruments; i++)
        for (int at = 0; at < PARAMETER_COUNT; at++) {
            enum parameter_id id = (enum parameter_id)at;

            if (is_told(config, strategy, i, id))
                add_difference(config, i, id, parameter_get(&now[i], id),
                               parameter_get(&next[i], id), rows);
        }
    return rows;
}
