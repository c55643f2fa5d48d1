/* pitwall user create --data DIR --name N --role R --password-file F [--person P] [--json]
 * pitwall user list (--data DIR | --url U --token-file F) [--json] */
#include "cli/offline.h"
#include "cli/show.h"

#include "control/people.h"

#include <stdio.h>
#include <string.h>

enum { PASSWORD_LINE_MAX = 300 };

struct user_options {
    struct client_target target;
    const char *name, *role, *password_file, *person;
};

static enum status create(const struct user_options *options, const char *password, struct err *err)
{
    struct client_answer answer = {0};
    struct offline offline;
    enum status status = offline_open(&offline, options->target.dir, err);
    json_t *body;

    if (status == OK)
        status = access_user_create(offline.access, options->name, options->role, options->person,
                                    password, err);
    offline_close(&offline);
    if (status != ERR_CONFLICT || offline.access)
        return status;
    body = json_pack("{s:s,s:s,s:s,s:s*}", "name", options->name, "role", options->role, "password",
                     password, "person", options->person);
    status = client_call(&options->target, "POST", "/local/users", body, NULL, &answer, err);
    json_decref(body);
    json_decref(answer.json);
    return status;
}

static int cli_user_create(const struct user_options *options)
{
    char password[PASSWORD_LINE_MAX];
    struct err err = {0};
    enum status status;

    if (!options->target.dir || !options->name || !options->role || !options->password_file)
        return cli_usage("user", "create needs --data, --name, --role and --password-file");
    status = cli_read_secret(options->password_file, false, password, sizeof password, &err);
    if (status == OK)
        status = create(options, password, &err);
    explicit_bzero(password, sizeof password);
    if (status != OK) {
        offline_say_taken(&err);
        return cli_fail("user", &err);
    }
    if (options->target.json) {
        json_t *json = json_pack("{s:s, s:s}", "user", options->name, "role", options->role);

        cli_print_json(json);
        json_decref(json);
    } else {
        printf("user %s, role %s\n", options->name, options->role);
    }
    return 0;
}

static const struct show_column columns[] = {
    {{"USER", false}, "user", SHOW_VALUE},
    {{"ROLE", false}, "role", SHOW_VALUE},
    {{"PERSON", false}, "person", SHOW_VALUE},
    {{"DISABLED", false}, "disabled", SHOW_VALUE},
    {{"SECOND FACTOR", false}, "totp", SHOW_VALUE},
    {{"MUST CHANGE PASSWORD", false}, "must_change_password", SHOW_VALUE},
};

static int cli_user_list(const struct client_target *target)
{
    const char *problem = cli_target_check(target);
    struct err err = {0};
    json_t *users = NULL;

    if (problem)
        return cli_usage("user", problem);
    if (offline_list(target, access_users, "/api/v1/users?limit=1000", &users, &err) != OK) {
        json_decref(users);
        return cli_fail("user", &err);
    }
    if (target->json)
        cli_print_json(users);
    else
        show_list(users, columns, sizeof columns / sizeof columns[0], "there is no user");
    json_decref(users);
    return 0;
}

int cli_user(int argc, char **argv)
{
    struct user_options options = {0};
    const struct cli_option table[] = {{"--name", &options.name, NULL},
                                       {"--role", &options.role, NULL},
                                       {"--password-file", &options.password_file, NULL},
                                       {"--person", &options.person, NULL},
                                       {NULL, NULL, NULL}};
    const char *problem;

    if (argc < 1)
        return cli_usage("user", "say what: create or list");
    problem = cli_options_read(argc - 1, argv + 1, &options.target, table);
    if (problem)
        return cli_usage("user", problem);
    if (strcmp(argv[0], "create") == 0)
        return cli_user_create(&options);
    if (strcmp(argv[0], "list") == 0)
        return cli_user_list(&options.target);
    return cli_usage("user", "say what: create or list");
}
