/* pitwall token create --data DIR --name N (--role R | --scope S) [--expires DAYS]
 *                      [--person P] [--json]
 * pitwall token list (--data DIR | --url U --token-file F) [--json]
 *
 * The token is all of stdout, as a line or, by --json, with its name: both of letters that JSON has
 * as they are, so that no copy of the secret is left in a library's memory. It is never shown
 * again. */
#include "cli/offline.h"
#include "cli/show.h"

#include "control/tokens.h"
#include "thread/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct token_options {
    struct client_target target;
    const char *name, *role, *scope, *expires, *person;
};

static enum status create_by_server(const struct token_options *options, int days,
                                    char token[SECRET_TEXT_MAX], struct err *err)
{
    struct client_answer answer;
    json_t *body =
        json_pack("{s:s,s:s*,s:s*,s:s*,s:i}", "name", options->name, "role", options->role, "scope",
                  options->scope, "person", options->person, "days", days);
    enum status status =
        client_call(&options->target, "POST", "/local/tokens", body, NULL, &answer, err);

    if (status == OK)
        snprintf(token, SECRET_TEXT_MAX, "%s", cli_text(answer.json, "token"));
    json_decref(body);
    json_decref(answer.json);
    return status;
}

static enum status create(const struct token_options *options, int days,
                          char token[SECRET_TEXT_MAX], struct err *err)
{
    struct offline offline;
    struct token_wish wish = {.name = options->name,
                              .role = options->role,
                              .scope = options->scope,
                              .person = options->person,
                              .days = days};
    enum status status = offline_open(&offline, options->target.dir, err);

    if (status == OK)
        status = access_token_create(offline.access, &wish, token, err);
    offline_close(&offline);
    if (status != ERR_CONFLICT || offline.access)
        return status;
    return create_by_server(options, days, token, err);
}

/* -1: not a number of days. */
static int days_of(const char *text)
{
    size_t length = text ? strlen(text) : 0;

    if (!text)
        return TOKEN_DAYS;
    if (length > 4 || strspn(text, "0123456789") != length || text[0] == '0')
        return -1;
    return (int)strtol(text, NULL, 10);
}

static int cli_token_create(const struct token_options *options)
{
    char token[SECRET_TEXT_MAX];
    int days = days_of(options->expires);
    struct err err = {0};

    if (!options->target.dir || !options->name || !options->role == !options->scope)
        return cli_usage("token", "create needs --data, --name, and either --role or --scope");
    if (days < 0)
        return cli_usage("token", "--expires is a number of days, 1 to 3650");
    if (create(options, days, token, &err) != OK) {
        offline_say_taken(&err);
        return cli_fail("token", &err);
    }
    if (options->target.json)
        printf("{\"name\":\"%s\",\"token\":\"%s\"}\n", options->name, token);
    else
        puts(token);
    explicit_bzero(token, sizeof token);
    return 0;
}

static const struct show_column columns[] = {
    {{"NAME", false}, "name", SHOW_VALUE},       {{"ROLE", false}, "role", SHOW_VALUE},
    {{"SCOPE", false}, "scope", SHOW_VALUE},     {{"PERSON", false}, "person", SHOW_VALUE},
    {{"STATE", false}, "state", SHOW_VALUE},     {{"CREATED", false}, "created_ns", SHOW_TIME},
    {{"UNTIL", false}, "expires_ns", SHOW_TIME},
};

static int cli_token_list(const struct client_target *target)
{
    const char *problem = cli_target_check(target);
    struct err err = {0};
    json_t *tokens = NULL;

    if (problem)
        return cli_usage("token", problem);
    if (offline_list(target, access_tokens, "/api/v1/tokens?limit=1000", &tokens, &err) != OK) {
        json_decref(tokens);
        return cli_fail("token", &err);
    }
    if (target->json)
        cli_print_json(tokens);
    else
        show_list(tokens, columns, sizeof columns / sizeof columns[0], "there is no token");
    json_decref(tokens);
    return 0;
}

int cli_token(int argc, char **argv)
{
    struct token_options options = {0};
    const struct cli_option table[] = {
        {"--name", &options.name, NULL},     {"--role", &options.role, NULL},
        {"--scope", &options.scope, NULL},   {"--expires", &options.expires, NULL},
        {"--person", &options.person, NULL}, {NULL, NULL, NULL}};
    const char *problem;

    if (argc < 1)
        return cli_usage("token", "say what: create or list");
    problem = cli_options_read(argc - 1, argv + 1, &options.target, table);
    if (problem)
        return cli_usage("token", problem);
    if (strcmp(argv[0], "create") == 0)
        return cli_token_create(&options);
    if (strcmp(argv[0], "list") == 0)
        return cli_token_list(&options.target);
    return cli_usage("token", "say what: create or list");
}
