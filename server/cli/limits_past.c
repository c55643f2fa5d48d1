/* pitwall limits diff|revert|what-if: what was, putting it back, and what other limits had done.
 *
 * `revert` reads the scope first, as `set` does: the generation it saw goes with the request. */
#include "cli/limits.h"
#include "cli/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_DIGITS_MAX = 18 };

/* NULL, or what is wrong; `text` NULL is no number that is wrong. */
static const char *number_problem(const char *text, const char *problem)
{
    if (!text || (strspn(text, "0123456789") == strlen(text) && strlen(text) <= NUMBER_DIGITS_MAX))
        return NULL;
    return problem;
}

/* ----------------------------------------------------------------------------------- diff */

static void print_difference(const json_t *answer)
{
    char from[CLI_VALUE_MAX], to[CLI_VALUE_MAX];

    if (json_array_size(json_object_get(answer, "diff")) == 0)
        printf("%s: generations %s and %s are the same\n", cli_text(answer, "scope"),
               cli_member(answer, "from", from), cli_member(answer, "to", to));
    else
        show_diff(stdout, json_object_get(answer, "diff"), "FROM", "TO");
}

int limits_diff_verb(int argc, char **argv)
{
    const char *scope = NULL, *from = NULL, *to = NULL;
    const struct cli_option options[] = {{"--scope", &scope, NULL},
                                         {"--from", &from, NULL},
                                         {"--to", &to, NULL},
                                         {NULL, NULL, NULL}};
    struct client_target target = {0};
    const char *problem = cli_options_read(argc, argv, &target, options);
    char path[CLI_PATH_MAX * 2], base[CLI_PATH_MAX];

    if (!problem)
        problem = cli_target_check(&target);
    if (problem)
        return cli_usage("limits", problem);
    cli_path(base, "/api/v1/limits/", scope);
    snprintf(path, sizeof path, "%s/diff?", base);
    cli_path_add(path, sizeof path, "from", from);
    cli_path_add(path, sizeof path, "to", to);
    return cli_read("limits", &target, path, print_difference);
}

/* --------------------------------------------------------------------------------- revert */

/* What stands otherwise than before. */
static json_t *changes(const json_t *before, const json_t *now)
{
    json_t *diff =
        limits_differences(json_object_get(before, "limits"), json_object_get(now, "limits"));

    for (size_t at = json_array_size(diff); at-- > 0;) {
        const json_t *row = json_array_get(diff, at);

        if (json_equal(json_object_get(row, "old"), json_object_get(row, "new")))
            json_array_remove(diff, at);
    }
    return diff;
}

static void print_reverted(const json_t *before, const struct client_answer *answer)
{
    char generation[CLI_VALUE_MAX];
    json_t *diff;

    if (answer->http == 202) {
        show_approval(stdout, answer->json);
        return;
    }
    diff = changes(before, answer->json);
    printf("REVERTED %s, generation %s is in force\n", cli_text(answer->json, "scope"),
           cli_member(answer->json, "generation", generation));
    show_diff(stdout, diff, "FROM", "TO");
    json_decref(diff);
}

/* Reads what stands before, to send its generation and to tell what has changed. */
static enum status send_revert(const struct client_target *target, const char *scope,
                               const json_t *body, const char *generation,
                               struct client_answer *before, struct client_answer *answer,
                               struct err *err)
{
    char path[CLI_PATH_MAX], back[CLI_PATH_MAX + 8], seen[CLI_VALUE_MAX];
    enum status status;

    cli_path(path, "/api/v1/limits/", scope);
    snprintf(back, sizeof back, "%s/revert", path);
    status = client_call(target, "GET", path, NULL, NULL, before, err);
    if (status == OK)
        status = client_call(target, "POST", back, body,
                             generation ? generation : cli_member(before->json, "generation", seen),
                             answer, err);
    return status;
}

int limits_revert_verb(int argc, char **argv)
{
    const char *scope = NULL, *to = NULL, *reason = NULL, *generation = NULL;
    const struct cli_option options[] = {{"--scope", &scope, NULL},
                                         {"--to", &to, NULL},
                                         {"--reason", &reason, NULL},
                                         {"--if-generation", &generation, NULL},
                                         {NULL, NULL, NULL}};
    struct client_target target = {0};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct client_answer before = {0}, answer = {0};
    struct err err = {0};
    json_t *body;

    if (!problem)
        problem = cli_target_check(&target);
    if (!problem)
        problem = number_problem(to, "--to is a number, as `limits history` shows it");
    if (!problem)
        problem = number_problem(generation, "--if-generation is a number");
    if (problem)
        return cli_usage("limits", problem);
    body = json_pack("{s:I,s:s}", "to", (json_int_t)strtoll(to, NULL, 10), "reason", reason);
    if (!body)
        return cli_usage("limits", "the reason is not UTF-8");
    send_revert(&target, scope, body, generation, &before, &answer, &err);
    if (err.status == OK && target.json)
        cli_print_json(answer.json);
    else if (err.status == OK)
        print_reverted(before.json, &answer);
    json_decref(before.json);
    json_decref(answer.json);
    json_decref(body);
    return err.status == OK ? 0 : cli_fail("limits", &err);
}

/* -------------------------------------------------------------------------------- what-if */

static void add_present(struct table *table, const char *scope, const json_t *limits)
{
    const char *name;
    json_t *use;
    char text[CLI_VALUE_MAX];

    json_object_foreach((json_t *)limits, name, use)
    {
        table_add(table, scope);
        table_add(table, name);
        table_add(table, cli_member(use, "in_force", text));
        table_add(table, cli_text(use, "used_percent"));
        table_add(table, cli_member(use, "proposed", text));
        table_add(table, cli_text(use, "would_use_percent"));
    }
}

static void print_what_if(const json_t *answer)
{
    static const struct table_column columns[] = {{"SCOPE", false},   {"LIMIT", false},
                                                  {"IN FORCE", true}, {"USED %", true},
                                                  {"PROPOSED", true}, {"WOULD USE %", true}};
    char judged[CLI_VALUE_MAX], passed[CLI_VALUE_MAX], deny[CLI_VALUE_MAX], pass[CLI_VALUE_MAX];
    char minutes[CLI_VALUE_MAX], count[CLI_VALUE_MAX];
    struct table table;
    const char *name;
    json_t *value;

    printf("%s orders of the last %s minutes, of which %s passed\n",
           cli_member(answer, "judged", judged), cli_member(answer, "minutes", minutes),
           cli_member(answer, "passed", passed));
    printf("would be denied: %s of those that passed; would pass: %s of those denied\n",
           cli_member(answer, "would_deny", deny), cli_member(answer, "would_pass", pass));
    json_object_foreach(json_object_get(answer, "by_limit"), name, value)
        printf("  %s  %s\n", name, cli_value(value, count));
    table_begin(&table, columns, 6, NULL);
    json_object_foreach(json_object_get(answer, "present"), name, value)
        add_present(&table, name, value);
    table_print(&table, stdout, 0, SIZE_MAX);
    table_end(&table);
}

static enum status ask_what_if(const struct client_target *target, const char *scope,
                               const char *minutes, struct client_answer *answer, struct err *err)
{
    struct client_answer schema = {0};
    json_t *limits = json_object(), *body = NULL;
    enum status status = limits_get_schema(target, &schema, err);

    if (status == OK)
        status = limits_read_pairs(target, schema.json, limits, err);
    if (status == OK && !(body = json_pack("{s:{s:O}}", "limits", scope, limits)))
        status = err_set(err, ERR_USAGE, "the scope is not UTF-8");
    if (status == OK && minutes)
        json_object_set_new(body, "minutes", json_integer(strtoll(minutes, NULL, 10)));
    if (status == OK)
        status = client_call(target, "POST", "/api/v1/limits/what-if", body, NULL, answer, err);
    json_decref(body);
    json_decref(limits);
    json_decref(schema.json);
    return status;
}

int limits_what_if_verb(int argc, char **argv)
{
    const char *scope = NULL, *minutes = NULL;
    const struct cli_option options[] = {
        {"--scope", &scope, NULL}, {"--minutes", &minutes, NULL}, {NULL, NULL, NULL}};
    struct client_target target = {.words_max = CLI_WORDS_MAX};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct client_answer answer = {0};
    struct err err = {0};

    if (!problem)
        problem = cli_target_check(&target);
    if (!problem)
        problem = number_problem(minutes, "--minutes is a number from 1 to 1440");
    if (problem)
        return cli_usage("limits", problem);
    ask_what_if(&target, scope, minutes, &answer, &err);
    if (err.status == OK && target.json)
        cli_print_json(answer.json);
    else if (err.status == OK)
        print_what_if(answer.json);
    json_decref(answer.json);
    return err.status == OK ? 0 : cli_fail("limits", &err);
}
