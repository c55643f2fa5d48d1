/* pitwall strategies (--data DIR | --url U --token-file F) [--json]
 * pitwall strategies set .. --strategy S [--enabled true|false] [--parameters NAME=VALUE,..]
 *                           [--instrument I] --reason T
 *
 * Lists, or changes one: the version that it changes is the one it has just read. Parameters are
 * for all instruments of the strategy, or with --instrument for one. Exit 0 also when a proposal is
 * open: switching on takes a second person. */
#include "cli/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char path[] = "/api/v1/strategies";

struct options {
    const char *strategy, *enabled, *parameters, *instrument, *reason;
};

/* ------------------------------------------------------------------------------- printing */

static void print_value(const char *name, const json_t *value)
{
    if (json_is_string(value))
        printf(" %s=%s", name, json_string_value(value));
    else if (json_is_integer(value))
        printf(" %s=%lld", name, (long long)json_integer_value(value));
    else
        printf(" %s=none", name);
}

static void print_armed(const json_t *strategy)
{
    const json_t *armed = json_object_get(strategy, "armed");
    char at[CLI_TIME_MAX], until[CLI_TIME_MAX];

    if (!json_is_object(armed))
        return;
    printf("  armed %s by %s", cli_time(armed, "at_ns", at), cli_text(armed, "by"));
    if (json_is_string(json_object_get(armed, "first_day_until_ns")))
        printf(", first day until %s", cli_time(armed, "first_day_until_ns", until));
    printf("\n");
}

static void print_strategy(const json_t *strategy)
{
    bool enabled = json_is_true(json_object_get(strategy, "enabled"));
    const char *instrument, *name;
    json_t *values, *value;

    printf("%s  %s, %s, %s, version %lld, %lld open orders, PnL %s\n",
           cli_text(strategy, "strategy"), cli_text(strategy, "kind"),
           enabled ? "enabled" : "disabled", cli_text(strategy, "state"),
           (long long)json_integer_value(json_object_get(strategy, "version")),
           (long long)json_integer_value(json_object_get(strategy, "open_orders")),
           cli_text(strategy, "pnl"));
    print_armed(strategy);
    json_object_foreach(json_object_get(strategy, "parameters"), instrument, values)
    {
        printf("  %s:", instrument);
        json_object_foreach(values, name, value)
        {
            print_value(name, value);
        }
        printf("\n");
    }
}

static void print_list(const json_t *list)
{
    json_t *strategy;
    size_t at;

    json_array_foreach(json_object_get(list, "items"), at, strategy)
    {
        print_strategy(strategy);
    }
}

static void print_proposed(const json_t *approval)
{
    const json_t *row;
    char until[CLI_TIME_MAX];
    size_t at;

    printf("PROPOSED %s: change %s, until %s; nothing has changed yet.\n", cli_text(approval, "id"),
           cli_text(approval, "scope"), cli_time(approval, "expires_ns", until));
    json_array_foreach(json_object_get(approval, "diff"), at, row)
    {
        char *old = json_dumps(json_object_get(row, "old"), JSON_ENCODE_ANY);
        char *next = json_dumps(json_object_get(row, "new"), JSON_ENCODE_ANY);

        printf("  %s %s: %s -> %s\n",
               json_object_get(row, "instrument") ? cli_text(row, "instrument")
                                                  : cli_text(approval, "scope"),
               cli_text(row, "name"), old ? old : "?", next ? next : "?");
        free(old);
        free(next);
    }
    printf("A second person of role risk must log in and approve it.\n");
}

static void print_changed(const struct client_answer *answer)
{
    if (answer->http == 202)
        print_proposed(answer->json);
    else
        print_strategy(answer->json);
}

/* ------------------------------------------------------------------------------- changing */

static const json_t *schema_row(const json_t *strategy, const char *name, size_t length)
{
    json_t *row;
    size_t at;

    json_array_foreach(json_object_get(strategy, "schema"), at, row)
    {
        const char *known = cli_text(row, "name");

        if (strlen(known) == length && strncmp(known, name, length) == 0)
            return row;
    }
    return NULL;
}

/* The schema says whether the API wants a number or a text; who names something else is answered
 * by the server, which knows best. */
static json_t *value_of(const json_t *row, const char *text, size_t length)
{
    const char *type = row ? cli_text(row, "type") : "decimal";
    bool is_number = strcmp(type, "integer") == 0 || strcmp(type, "ms") == 0;
    size_t digits = strspn(text, "0123456789");

    if (is_number && digits == length && length > 0 && length < 19)
        return json_integer(strtoll(text, NULL, 10));
    if (strcmp(type, "instrument") == 0 && length == 4 && strncmp(text, "none", 4) == 0)
        return json_null();
    return json_stringn(text, length);
}

/* "a=1,b=2"; NULL: not that. */
static json_t *values_of(const json_t *strategy, const char *text)
{
    json_t *values = json_object();

    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        const char *equals = memchr(text, '=', length);
        char name[64];
        size_t name_length;

        if (!equals || (name_length = (size_t)(equals - text)) >= sizeof name) {
            json_decref(values);
            return NULL;
        }
        snprintf(name, sizeof name, "%.*s", (int)name_length, text);
        json_object_set_new(values, name,
                            value_of(schema_row(strategy, text, name_length), equals + 1,
                                     length - name_length - 1));
        text += length + (text[length] == ',');
    }
    return values;
}

static json_t *body_of(const json_t *strategy, const struct options *options, const char **problem)
{
    json_t *body = json_pack("{s:s}", "reason", options->reason);
    json_t *values = options->parameters ? values_of(strategy, options->parameters) : NULL;

    if (!body)
        *problem = "an argument is not UTF-8";
    else if (options->parameters && !values)
        *problem = "--parameters wants NAME=VALUE,NAME=VALUE";
    if (options->enabled)
        json_object_set_new(body, "enabled", json_boolean(strcmp(options->enabled, "true") == 0));
    if (values && options->instrument)
        json_object_set_new(body, "per_instrument",
                            json_pack("{s:o}", options->instrument, values));
    else if (values)
        json_object_set_new(body, "parameters", values);
    return body;
}

static int change(const struct client_target *target, const struct options *options)
{
    struct client_answer answer, changed = {0};
    char where[CLI_PATH_MAX], version[24];
    const char *problem = NULL;
    struct err err = {0};
    json_t *body = NULL;

    cli_path(where, "/api/v1/strategies/", options->strategy);
    client_call(target, "GET", where, NULL, NULL, &answer, &err);
    if (err.status == OK)
        body = body_of(answer.json, options, &problem);
    if (err.status == OK && !problem) {
        snprintf(version, sizeof version, "%lld",
                 (long long)json_integer_value(json_object_get(answer.json, "version")));
        client_call(target, "PUT", where, body, version, &changed, &err);
    }
    if (err.status == OK && !problem && target->json)
        cli_print_json(changed.json);
    else if (err.status == OK && !problem)
        print_changed(&changed);
    json_decref(body);
    json_decref(changed.json);
    json_decref(answer.json);
    if (problem)
        return cli_usage("strategies", problem);
    return err.status == OK ? 0 : cli_fail("strategies", &err);
}

static const char *options_check(const struct options *options)
{
    if (!options->strategy || !options->reason)
        return "set needs --strategy and --reason";
    if (!options->enabled && !options->parameters)
        return "set needs --enabled or --parameters";
    if (options->enabled && strcmp(options->enabled, "true") != 0 &&
        strcmp(options->enabled, "false") != 0)
        return "--enabled is true or false";
    if (options->instrument && !options->parameters)
        return "--instrument goes with --parameters";
    return NULL;
}

int cli_strategies(int argc, char **argv)
{
    struct options options = {0};
    const struct cli_option table[] = {
        {"--strategy", &options.strategy, NULL},     {"--enabled", &options.enabled, NULL},
        {"--parameters", &options.parameters, NULL}, {"--instrument", &options.instrument, NULL},
        {"--reason", &options.reason, NULL},         {NULL, NULL, NULL}};
    static const struct cli_option none[] = {{NULL, NULL, NULL}};
    struct client_target target = {0};
    bool set = argc > 0 && strcmp(argv[0], "set") == 0;
    const char *problem = cli_options_read(argc - set, argv + set, &target, set ? table : none);

    if (!problem)
        problem = cli_target_check(&target);
    if (!problem && set)
        problem = options_check(&options);
    if (problem)
        return cli_usage("strategies", problem);
    return set ? change(&target, &options) : cli_read("strategies", &target, path, print_list);
}
