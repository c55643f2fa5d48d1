/* pitwall config get|set|history|revert: the settings of a running program.
 *
 * What changes them reads the version first and sends it along: when somebody was faster nothing
 * changes. Exit 0 when the change is in force, is kept for the next start, or is a proposal. */
#include "cli/grammar.h"
#include "cli/show.h"

#include "thread/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS_MAX = 512 };

static const char path[] = "/api/v1/config";

static const struct show_column columns[] = {
    {{"SETTING", false}, "path", SHOW_VALUE},       {{"VALUE", false}, "value", SHOW_VALUE},
    {{"NEXT START", false}, "pending", SHOW_VALUE}, {{"FROM", false}, "source", SHOW_VALUE},
    {{"CHANGE", false}, "change", SHOW_VALUE},      {{"LOOSER", false}, "looser", SHOW_VALUE},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static void print_items(const json_t *items)
{
    struct table table;

    show_items(stdout, items, columns, COLUMNS, NULL, &table, SIZE_MAX, 0);
}

/* ------------------------------------------------------------------------------------ get */

static bool is_named(const struct client_target *target, const char *setting)
{
    for (unsigned at = 0; at < target->words; at++)
        if (strcmp(target->word[at], setting) == 0)
            return true;
    return target->words == 0;
}

/* Those that are named; all, when none is. */
static enum status print_named(const struct client_target *target, const json_t *answer,
                               struct err *err)
{
    json_t *named = json_array(), *item;
    enum status status = OK;
    size_t at;

    json_array_foreach(json_object_get(answer, "items"), at, item)
    {
        if (is_named(target, cli_text(item, "path")))
            json_array_append(named, item);
    }
    if (json_array_size(named) == 0)
        status = err_set(err, ERR_UNKNOWN_SETTING,
                         "no setting of that name; `pitwall spec config` names them");
    else
        print_items(named);
    json_decref(named);
    return status;
}

static int get(int argc, char **argv)
{
    static const struct cli_option options[] = {{NULL, NULL, NULL}};
    struct client_target target = {.words_max = CLI_WORDS_MAX};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct client_answer answer = {0};
    struct err err = {0};

    if (!problem)
        problem = cli_target_check(&target);
    if (problem)
        return cli_usage("config", problem);
    client_call(&target, "GET", path, NULL, NULL, &answer, &err);
    if (err.status == OK && target.json)
        cli_print_json(answer.json);
    else if (err.status == OK)
        print_named(&target, answer.json, &err);
    json_decref(answer.json);
    return err.status == OK ? 0 : cli_fail("config", &err);
}

/* --------------------------------------------------------------------------------- change */

struct change {
    struct client_target target;
    const char *reason, *to, *version;
    json_t *body;
};

static enum status add_pair(json_t *settings, const char *pair, struct err *err)
{
    const char *equals = strchr(pair, '=');
    char name[CLI_VALUE_MAX];
    json_t *value;

    if (!equals || equals == pair || (size_t)(equals - pair) >= sizeof name)
        return err_format(err, ERR_USAGE, "%.80s: wanted SETTING=VALUE; null is what the file says",
                          pair);
    snprintf(name, sizeof name, "%.*s", (int)(equals - pair), pair);
    if (json_object_get(settings, name))
        return err_format(err, ERR_USAGE, "%.80s is given twice", name);
    value = strcmp(equals + 1, "null") == 0 ? json_null() : json_string(equals + 1);
    return value && json_object_set_new(settings, name, value) == 0
               ? OK
               : err_set(err, ERR_USAGE, "a value is not UTF-8");
}

static enum status make_body(struct change *change, struct err *err)
{
    json_t *settings = json_object();
    enum status status = OK;

    for (unsigned at = 0; status == OK && at < change->target.words; at++)
        status = add_pair(settings, change->target.word[at], err);
    if (status == OK && change->to)
        change->body = json_pack("{s:I,s:s}", "to", (json_int_t)strtoll(change->to, NULL, 10),
                                 "reason", change->reason);
    else if (status == OK)
        change->body = json_pack("{s:O,s:s}", "settings", settings, "reason", change->reason);
    json_decref(settings);
    return status != OK || change->body ? status
                                        : err_set(err, ERR_USAGE, "the reason is not UTF-8");
}

/* Said here by the words of this program, before anything is sent. */
static enum status check_names(const json_t *settings, const json_t *known, struct err *err)
{
    const char *names[SETTINGS_MAX];
    const char *name, *meant;
    json_t *value, *item;
    size_t at, count = 0;

    json_array_foreach(json_object_get(known, "items"), at, item)
    {
        if (count < SETTINGS_MAX)
            names[count++] = cli_text(item, "path");
    }
    json_object_foreach((json_t *)settings, name, value)
    {
        for (at = 0; at < count && strcmp(names[at], name) != 0; at++)
            continue;
        if (at < count || count == SETTINGS_MAX)
            continue;
        meant = grammar_nearest(name, names, count);
        return err_format(err, ERR_UNKNOWN_SETTING, "there is no setting %.80s; %s%s%s", name,
                          meant ? "did you mean " : "`pitwall config get` lists them",
                          meant ? meant : "", meant ? "?" : "");
    }
    return OK;
}

static enum status send_change(const struct change *change, struct client_answer *answer,
                               struct err *err)
{
    struct client_answer before = {0};
    char seen[CLI_VALUE_MAX];
    const char *version = change->version;
    enum status status = client_call(&change->target, "GET", path, NULL, NULL, &before, err);

    if (status == OK)
        status = check_names(json_object_get(change->body, "settings"), before.json, err);
    if (!version)
        version = cli_member(before.json, "version", seen);
    if (status == OK)
        status = client_call(&change->target, change->to ? "POST" : "PATCH",
                             change->to ? "/api/v1/config/revert" : path, change->body, version,
                             answer, err);
    json_decref(before.json);
    return status;
}

/* Of what was changed, or after a revert of what stands over the file. */
static bool is_shown(const struct change *change, const json_t *item)
{
    const json_t *settings = json_object_get(change->body, "settings");

    return settings ? json_object_get(settings, cli_text(item, "path")) != NULL
                    : strcmp(cli_text(item, "source"), "override") == 0;
}

static void print_changed(const struct change *change, const json_t *answer)
{
    json_t *shown = json_array(), *item;
    char version[CLI_VALUE_MAX];
    size_t at;

    printf("CHANGED, version %s\n", cli_member(answer, "version", version));
    json_array_foreach(json_object_get(answer, "items"), at, item)
    {
        if (is_shown(change, item))
            json_array_append(shown, item);
    }
    if (json_array_size(shown) > 0)
        print_items(shown);
    json_decref(shown);
}

static const char *number_problem(const struct change *change)
{
    static const char digits[] = "0123456789";

    if (change->to && (strspn(change->to, digits) != strlen(change->to) || strlen(change->to) > 18))
        return "--to is a version, as `config history` shows it";
    if (change->version && strspn(change->version, digits) != strlen(change->version))
        return "--if-version is a number";
    return NULL;
}

/* Both `set` and `revert`: the grammar has seen to it that each has what it needs. */
static int change_settings(int argc, char **argv)
{
    struct change change = {.target = {.words_max = CLI_WORDS_MAX}};
    const struct cli_option options[] = {{"--reason", &change.reason, NULL},
                                         {"--to", &change.to, NULL},
                                         {"--if-version", &change.version, NULL},
                                         {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &change.target, options);
    struct client_answer answer = {0};
    struct err err = {0};

    if (!problem)
        problem = cli_target_check(&change.target);
    if (!problem)
        problem = number_problem(&change);
    if (problem)
        return cli_usage("config", problem);
    if (make_body(&change, &err) == OK && send_change(&change, &answer, &err) == OK) {
        if (change.target.json)
            cli_print_json(answer.json);
        else if (answer.http == 202)
            show_approval(stdout, answer.json);
        else
            print_changed(&change, answer.json);
    }
    json_decref(change.body);
    json_decref(answer.json);
    return err.status == OK ? 0 : cli_fail("config", &err);
}

/* -------------------------------------------------------------------------------- history */

static void print_history(const json_t *list)
{
    json_t *row, *one;
    size_t at, inner;
    char when[CLI_TIME_MAX], version[CLI_VALUE_MAX], old[CLI_VALUE_MAX], next[CLI_VALUE_MAX];

    json_array_foreach(json_object_get(list, "items"), at, row)
    {
        printf("version %s  %s  by %s: %s\n", cli_member(row, "version", version),
               cli_time(row, "at_ns", when), cli_text(row, "actor"), cli_text(row, "reason"));
        json_array_foreach(json_object_get(row, "changes"), inner, one)
            printf("  %s  %s -> %s\n", cli_text(one, "path"), cli_member(one, "old", old),
                   cli_member(one, "new", next));
    }
    if (at == 0)
        fprintf(stderr, "no change is known\n");
    if (json_is_string(json_object_get(list, "next")))
        fprintf(stderr, "more: --cursor %s\n", cli_text(list, "next"));
}

static int history(int argc, char **argv)
{
    const char *limit = NULL, *cursor = NULL;
    const struct cli_option options[] = {
        {"--limit", &limit, NULL}, {"--cursor", &cursor, NULL}, {NULL, NULL, NULL}};
    struct client_target target = {0};
    const char *problem = cli_options_read(argc, argv, &target, options);
    char page[CLI_PATH_MAX] = "/api/v1/config/history?";

    if (!problem)
        problem = cli_target_check(&target);
    if (problem)
        return cli_usage("config", problem);
    cli_path_add(page, sizeof page, "limit", limit ? limit : "100");
    cli_path_add(page, sizeof page, "cursor", cursor);
    return cli_read("config", &target, page, print_history);
}

int cli_config(int argc, char **argv)
{
    if (argc > 0 && (strcmp(argv[0], "set") == 0 || strcmp(argv[0], "revert") == 0))
        return change_settings(argc - 1, argv + 1);
    if (argc > 0 && strcmp(argv[0], "history") == 0)
        return history(argc - 1, argv + 1);
    return get(argc > 0 ? argc - 1 : 0, argv + 1);
}
