/* pitwall state (--data DIR | --url U --token-file F) [--json]: every scope's trading state. */
#include "cli/client.h"

#include <stdio.h>
#include <string.h>

static int widest_scope(const json_t *items)
{
    size_t widest = strlen("SCOPE");
    json_t *item;
    size_t i;

    json_array_foreach(items, i, item)
    {
        size_t length = strlen(cli_text(item, "scope"));

        widest = length > widest ? length : widest;
    }
    return (int)widest;
}

static void print_plain(const json_t *items)
{
    int width = widest_scope(items);
    json_t *item;
    size_t i;

    printf("%-*s  %-8s  %-9s  %-20s  %-10s  WHY\n", width, "SCOPE", "STATE", "EFFECTIVE", "SINCE",
           "BY");
    json_array_foreach(items, i, item)
    {
        const char *incident = cli_text(item, "incident");
        char since[CLI_TIME_MAX];

        printf("%-*s  %-8s  %-9s  %-20s  %-10s  %s%s%s\n", width, cli_text(item, "scope"),
               cli_text(item, "state"), cli_text(item, "effective"),
               cli_time(item, "since_ns", since), cli_text(item, "actor"), cli_text(item, "cause"),
               incident[0] == '-' ? "" : "  incident ", incident[0] == '-' ? "" : incident);
    }
}

int cli_state(int argc, char **argv)
{
    static const struct cli_option none[] = {{NULL, NULL, NULL}};
    struct client_target target = {0};
    const char *problem = cli_options_read(argc, argv, &target, none);
    struct client_answer answer;
    struct err err = {0};

    if (!problem)
        problem = cli_target_check(&target);
    if (problem)
        return cli_usage("state", problem);
    client_call(&target, "GET", "/api/v1/trading-state", NULL, NULL, &answer, &err);
    if (err.status == OK && target.json)
        cli_print_json(answer.json);
    else if (err.status == OK)
        print_plain(json_object_get(answer.json, "items"));
    json_decref(answer.json);
    return err.status == OK ? 0 : cli_fail("state", &err);
}
