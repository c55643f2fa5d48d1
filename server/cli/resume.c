/* pitwall resume (--data DIR | --url U --token-file F) --scope S [--incident I] --reason T [--json]
 *
 * Without an incident: the state was set by no kill (a trigger that reduces, the configuration).
 * Proposes: a second person of role risk approves. Exit 0 when the proposal is open. */
#include "cli/client.h"

#include <stdio.h>

static void print_plain(const json_t *approval)
{
    const json_t *change = json_array_get(json_object_get(approval, "diff"), 0);
    char until[CLI_TIME_MAX];

    printf("PROPOSED %s: %s from %s to %s\n", cli_text(approval, "id"), cli_text(approval, "scope"),
           cli_text(change, "old"), cli_text(change, "new"));
    printf("  by        %s: %s\n", cli_text(approval, "proposer"), cli_text(approval, "reason"));
    printf("  until     %s; nothing has changed yet.\n", cli_time(approval, "expires_ns", until));
    printf("A second person of role risk must log in and approve it.\n");
}

int cli_resume(int argc, char **argv)
{
    const char *scope = NULL, *incident = NULL, *reason = NULL;
    const struct cli_option table[] = {{"--scope", &scope, NULL},
                                       {"--incident", &incident, NULL},
                                       {"--reason", &reason, NULL},
                                       {NULL, NULL, NULL}};
    struct client_target target = {0};
    const char *problem = cli_options_read(argc, argv, &target, table);
    struct client_answer answer;
    struct err err = {0};
    json_t *body;

    if (!problem)
        problem = cli_target_check(&target);
    if (!problem && (!scope || !reason))
        problem = "--scope and --reason are needed, and --incident after a kill; `pitwall state` "
                  "shows incidents";
    if (problem)
        return cli_usage("resume", problem);
    body = json_pack("{s:s,s:s?,s:s}", "scope", scope, "incident", incident, "reason", reason);
    if (!body)
        return cli_usage("resume", "an argument is not UTF-8");
    client_call(&target, "POST", "/api/v1/resume", body, NULL, &answer, &err);
    json_decref(body);
    if (err.status == OK && target.json)
        cli_print_json(answer.json);
    else if (err.status == OK)
        print_plain(answer.json);
    json_decref(answer.json);
    return err.status == OK ? 0 : cli_fail("resume", &err);
}
