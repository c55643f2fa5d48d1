/* pitwall limits get|set|history; the rest of its words is in limits_past.c.
 *
 * `set` reads the scope first, so that it can say what changes and that nothing else has: the
 * generation it saw goes with the change, and 412 means somebody was faster. Exit 0 when the change
 * is in force, or when it loosens and a proposal is open. */
#include "cli/limits.h"

#include "cli/grammar.h"
#include "cli/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 64, GENERATION_MAX = 24 };

static const char limits_path[] = "/api/v1/limits";

enum status limits_get_schema(const struct client_target *target, struct client_answer *schema,
                              struct err *err)
{
    return client_call(target, "GET", "/api/v1/limits/schema", NULL, NULL, schema, err);
}

static const json_t *schema_row(const json_t *schema, const char *name)
{
    json_t *row;
    size_t at;

    json_array_foreach(json_object_get(schema, "limits"), at, row)
    {
        if (strcmp(cli_text(row, "name"), name) == 0)
            return row;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------ get */

/* `with_null`: also what the scope does not set. */
static void add_scope(struct table *table, const json_t *scope, const json_t *used,
                      const json_t *schema, bool with_null)
{
    const char *name;
    json_t *value;
    char text[CLI_VALUE_MAX];

    json_object_foreach(json_object_get(scope, "limits"), name, value)
    {
        if (!with_null && json_is_null(value))
            continue;
        table_add(table, cli_text(scope, "scope"));
        table_add(table, name);
        table_add(table, cli_value(value, text));
        table_add(table, cli_text(schema_row(schema, name), "unit"));
        table_add(table, cli_text(used, name));
    }
}

static void print_timeboxes(const json_t *scope)
{
    char is[CLI_VALUE_MAX], then[CLI_VALUE_MAX], until[CLI_TIME_MAX];
    json_t *box;
    size_t at;

    json_array_foreach(json_object_get(scope, "timeboxes"), at, box)
    {
        const json_t *now =
            json_object_get(json_object_get(scope, "limits"), cli_text(box, "name"));
        bool is_other = !json_equal(now, json_object_get(box, "value"));

        printf("%s of %s %s %s until %s, then %s again (%s)", cli_text(box, "name"),
               cli_text(scope, "scope"), is_other ? "was raised to" : "is",
               cli_member(box, "value", is), cli_time(box, "until_ns", until),
               cli_member(box, "back_to", then), cli_text(box, "approval"));
        /* Somebody has changed it since: the value of the raise is not the one in force. */
        if (is_other)
            printf("; in force is %s", cli_value(now, is));
        printf("\n");
    }
}

/* No request sets them looser until then. */
static void print_first_day(const json_t *scope)
{
    const json_t *day = json_object_get(scope, "first_day");
    char until[CLI_TIME_MAX], value[CLI_VALUE_MAX];
    const char *name;
    json_t *ceiling;

    if (!json_is_object(day))
        return;
    printf("First day of %s, until %s; at the loosest:", cli_text(scope, "scope"),
           cli_time(day, "until_ns", until));
    json_object_foreach(json_object_get(day, "ceiling"), name, ceiling)
    {
        printf(" %s=%s", name, cli_value(ceiling, value));
    }
    printf("\n");
}

/* 504: the engine was told, and has not answered. */
static void print_requested(const json_t *scope)
{
    const json_t *requested = json_object_get(scope, "requested");
    char limits[CLI_VALUE_MAX];

    if (json_is_object(requested))
        printf("REQUESTED and not in force: %s of %s, by %s\n",
               cli_member(requested, "limits", limits), cli_text(scope, "scope"),
               cli_text(requested, "by"));
}

static void print_pending(const json_t *scope)
{
    const json_t *pending = json_object_get(scope, "pending");

    print_timeboxes(scope);
    print_first_day(scope);
    print_requested(scope);

    if (json_is_object(pending))
        show_approval(stdout, pending);
}

/* Of one scope, from the list of all: its own answer has no present use. */
static const json_t *use_of(const json_t *all, const char *scope)
{
    json_t *item;
    size_t at;

    json_array_foreach(json_object_get(all, "items"), at, item)
    {
        if (strcmp(cli_text(item, "scope"), scope) == 0)
            return json_object_get(item, "used_percent");
    }
    return NULL;
}

static void print_limits(const json_t *answer, const json_t *all, const json_t *schema)
{
    static const struct table_column columns[] = {
        {"SCOPE", false}, {"LIMIT", false}, {"VALUE", true}, {"UNIT", false}, {"USED %", true}};
    const json_t *items = json_object_get(answer, "items");
    struct table table;
    json_t *scope;
    size_t at;

    table_begin(&table, columns, sizeof columns / sizeof columns[0], NULL);
    if (!items)
        add_scope(&table, answer, use_of(all, cli_text(answer, "scope")), schema, true);
    json_array_foreach(items, at, scope)
        add_scope(&table, scope, json_object_get(scope, "used_percent"), schema, false);
    table_print(&table, stdout, 0, SIZE_MAX);
    table_end(&table);
    if (!items)
        printf("generation %lld; -: not set in this scope, or set to null, which denies\n",
               (long long)json_integer_value(json_object_get(answer, "generation")));
    print_pending(answer);
    json_array_foreach(items, at, scope) print_pending(scope);
}

static int get(int argc, char **argv)
{
    const char *scope = NULL;
    const struct cli_option options[] = {{"--scope", &scope, NULL}, {NULL, NULL, NULL}};
    struct client_target target = {0};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct client_answer answer = {0}, all = {0}, schema = {0};
    char path[CLI_PATH_MAX];
    struct err err = {0};

    if (!problem)
        problem = cli_target_check(&target);
    if (problem)
        return cli_usage("limits", problem);
    cli_path(path, scope ? "/api/v1/limits/" : limits_path, scope ? scope : "");
    client_call(&target, "GET", path, NULL, NULL, &answer, &err);
    if (err.status == OK && target.json)
        cli_print_json(answer.json);
    else if (err.status == OK && limits_get_schema(&target, &schema, &err) == OK &&
             (!scope || client_call(&target, "GET", limits_path, NULL, NULL, &all, &err) == OK))
        print_limits(answer.json, all.json, schema.json);
    json_decref(answer.json);
    json_decref(all.json);
    json_decref(schema.json);
    return err.status == OK ? 0 : cli_fail("limits", &err);
}

/* ------------------------------------------------------------------------------------ set */

struct change {
    struct client_target target;
    const char *scope, *reason, *expires, *generation;
    char path[CLI_PATH_MAX];
    struct client_answer schema, before, answer;
    json_t *body;
};

static enum status no_such_limit(const json_t *schema, const char *name, struct err *err)
{
    const char *known[NAMES_MAX];
    const char *meant;
    json_t *row;
    size_t at, count = 0;

    json_array_foreach(json_object_get(schema, "limits"), at, row)
    {
        if (count < NAMES_MAX)
            known[count++] = cli_text(row, "name");
    }
    meant = grammar_nearest(name, known, count);
    err_set(err, ERR_UNKNOWN_LIMIT, "there is no limit ");
    err_add(err, name);
    err_add(err, meant ? "; did you mean " : "; `pitwall spec limits` names them");
    err_add(err, meant ? meant : "");
    err_add(err, meant ? "?" : "");
    return ERR_UNKNOWN_LIMIT;
}

/* The API wants integers as numbers and decimals as text. */
static json_t *value_of(const json_t *row, const char *text)
{
    size_t length = strlen(text);

    if (strcmp(text, "null") == 0)
        return json_null();
    if (strcmp(cli_text(row, "type"), "integer") == 0 && length > 0 && length < 19 &&
        strspn(text, "0123456789") == length)
        return json_integer(strtoll(text, NULL, 10));
    return json_string(text);
}

static enum status add_pair(const json_t *schema, json_t *limits, const char *pair, struct err *err)
{
    const char *equals = strchr(pair, '=');
    char name[CLI_VALUE_MAX];
    const json_t *row;

    if (!equals || equals == pair || equals[1] == '\0' || (size_t)(equals - pair) >= sizeof name) {
        err_set(err, ERR_USAGE, pair);
        err_add(err, ": wanted NAME=VALUE; NAME=null lets nothing pass");
        return ERR_USAGE;
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - pair), pair);
    row = schema_row(schema, name);
    if (!row)
        return no_such_limit(schema, name, err);
    if (json_object_get(limits, name)) {
        err_set(err, ERR_USAGE, name);
        err_add(err, " is given twice");
        return ERR_USAGE;
    }
    return json_object_set_new(limits, name, value_of(row, equals + 1)) == 0
               ? OK
               : err_set(err, ERR_USAGE, "a value is not UTF-8");
}

enum status limits_read_pairs(const struct client_target *target, const json_t *schema,
                              json_t *limits, struct err *err)
{
    enum status status = OK;

    for (unsigned at = 0; status == OK && at < target->words; at++)
        status = add_pair(schema, limits, target->word[at], err);
    return status;
}

static enum status make_body(struct change *change, struct err *err)
{
    json_t *limits = json_object();
    enum status status = limits_read_pairs(&change->target, change->schema.json, limits, err);

    change->body = json_pack("{s:o,s:s}", "limits", limits, "reason", change->reason);
    if (status == OK && !change->body)
        return err_set(err, ERR_USAGE, "the reason is not UTF-8");
    if (status == OK && change->expires)
        json_object_set_new(change->body, "expires_s",
                            json_integer(strtoll(change->expires, NULL, 10)));
    return status;
}

static long long generation_of(const json_t *limits)
{
    return (long long)json_integer_value(json_object_get(limits, "generation"));
}

json_t *limits_differences(const json_t *was, const json_t *is)
{
    json_t *diff = json_array();
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)is, name, value)
    {
        json_t *old = json_object_get(was, name);

        json_array_append_new(diff, json_pack("{s:s,s:O,s:O}", "name", name, "old",
                                              old ? old : json_null(), "new", value));
    }
    return diff;
}

/* The named limits as they were and are. */
static void print_changed(const struct change *change)
{
    json_t *named = json_copy(json_object_get(change->body, "limits"));
    json_t *diff;

    json_object_update_existing(named, json_object_get(change->answer.json, "limits"));
    diff = limits_differences(json_object_get(change->before.json, "limits"), named);
    printf("%s %s, generation %lld is in force\n",
           generation_of(change->answer.json) == generation_of(change->before.json) ? "UNCHANGED"
                                                                                    : "CHANGED",
           cli_text(change->answer.json, "scope"), generation_of(change->answer.json));
    show_diff(stdout, diff, "FROM", "TO");
    json_decref(diff);
    json_decref(named);
}

/* 412: what is in force, and what was asked for. */
static void print_moved(const struct change *change)
{
    const json_t *diff = json_object_get(change->answer.json, "diff");

    if (!json_is_array(diff))
        return;
    fprintf(stderr, "generation %lld of %s is in force; yours was made for another one\n",
            generation_of(change->answer.json), change->scope);
    show_diff(stderr, diff, "IN FORCE", "YOURS");
}

static enum status send_change(struct change *change, struct err *err)
{
    char generation[GENERATION_MAX];
    enum status status = limits_get_schema(&change->target, &change->schema, err);

    if (status == OK)
        status = make_body(change, err);
    if (status == OK)
        status =
            client_call(&change->target, "GET", change->path, NULL, NULL, &change->before, err);
    if (status != OK)
        return status;
    snprintf(generation, sizeof generation, "%lld", generation_of(change->before.json));
    return client_call(&change->target, "PUT", change->path, change->body,
                       change->generation ? change->generation : generation, &change->answer, err);
}

static const char *set_options(int argc, char **argv, struct change *change)
{
    const struct cli_option options[] = {{"--scope", &change->scope, NULL},
                                         {"--reason", &change->reason, NULL},
                                         {"--expires", &change->expires, NULL},
                                         {"--if-generation", &change->generation, NULL},
                                         {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &change->target, options);
    static const char digits[] = "0123456789";

    if (!problem)
        problem = cli_target_check(&change->target);
    if (problem)
        return problem;
    if (change->expires &&
        (strspn(change->expires, digits) != strlen(change->expires) || strlen(change->expires) > 9))
        return "--expires is a number of seconds";
    if (change->generation && (strspn(change->generation, digits) != strlen(change->generation) ||
                               strlen(change->generation) >= GENERATION_MAX))
        return "--if-generation is a number, as `limits get --scope S` shows it";
    return NULL;
}

static int set(int argc, char **argv)
{
    struct change change = {.target = {.words_max = CLI_WORDS_MAX}};
    const char *problem = set_options(argc, argv, &change);
    struct err err = {0};
    enum status status;

    if (problem)
        return cli_usage("limits", problem);
    cli_path(change.path, "/api/v1/limits/", change.scope);
    status = send_change(&change, &err);
    if (status == OK && change.target.json)
        cli_print_json(change.answer.json);
    else if (status == OK && change.answer.http == 202)
        show_approval(stdout, change.answer.json);
    else if (status == OK)
        print_changed(&change);
    else if (status == ERR_STALE_VERSION)
        print_moved(&change);
    json_decref(change.body);
    json_decref(change.answer.json);
    json_decref(change.before.json);
    json_decref(change.schema.json);
    return status == OK ? 0 : cli_fail("limits", &err);
}

/* -------------------------------------------------------------------------------- history */

static void print_history(const json_t *list)
{
    json_t *row;
    size_t at;
    char when[CLI_TIME_MAX], generation[CLI_VALUE_MAX];

    json_array_foreach(json_object_get(list, "items"), at, row)
    {
        json_t *diff = limits_differences(json_object_get(row, "old"), json_object_get(row, "new"));
        const char *approval = json_string_value(json_object_get(row, "approval"));

        printf("generation %s  %s  by %s%s%s: %s\n", cli_member(row, "generation", generation),
               cli_time(row, "at_ns", when), cli_text(row, "actor"), approval ? ", " : "",
               approval ? approval : "", cli_text(row, "reason"));
        show_diff(stdout, diff, "FROM", "TO");
        json_decref(diff);
    }
    if (at == 0)
        fprintf(stderr, "no change is known\n");
    if (json_is_string(json_object_get(list, "next")))
        fprintf(stderr, "more: --cursor %s\n", cli_text(list, "next"));
}

static int history(int argc, char **argv)
{
    const char *scope = NULL, *limit = NULL, *cursor = NULL;
    const struct cli_option options[] = {{"--scope", &scope, NULL},
                                         {"--limit", &limit, NULL},
                                         {"--cursor", &cursor, NULL},
                                         {NULL, NULL, NULL}};
    struct client_target target = {0};
    const char *problem = cli_options_read(argc, argv, &target, options);
    char path[CLI_PATH_MAX * 2], base[CLI_PATH_MAX];

    if (!problem)
        problem = cli_target_check(&target);
    if (problem)
        return cli_usage("limits", problem);
    cli_path(base, "/api/v1/limits/", scope);
    snprintf(path, sizeof path, "%s/history?", base);
    cli_path_add(path, sizeof path, "limit", limit ? limit : "100");
    cli_path_add(path, sizeof path, "cursor", cursor);
    return cli_read("limits", &target, path, print_history);
}

int cli_limits(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "set") == 0)
        return set(argc - 1, argv + 1);
    if (argc > 0 && strcmp(argv[0], "history") == 0)
        return history(argc - 1, argv + 1);
    if (argc > 0 && strcmp(argv[0], "diff") == 0)
        return limits_diff_verb(argc - 1, argv + 1);
    if (argc > 0 && strcmp(argv[0], "revert") == 0)
        return limits_revert_verb(argc - 1, argv + 1);
    if (argc > 0 && strcmp(argv[0], "what-if") == 0)
        return limits_what_if_verb(argc - 1, argv + 1);
    if (argc > 0 && strcmp(argv[0], "get") == 0)
        return get(argc - 1, argv + 1);
    return get(argc, argv);
}
