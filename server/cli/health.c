/* pitwall health --data DIR [--ready] [--json]: does the engine make progress, and with
 * --ready: could it trade? For what watches by exit code, such as the health check of a container:
 * 0 yes, 1 no, 69 nobody answers. */
#include "cli/client.h"

#include <stdio.h>

/* Less than who calls this waits: a check that is ended from outside has said nothing. */
enum { HEALTH_PATIENCE_MS = 2000 };

static void print_plain(const json_t *health)
{
    size_t i;
    json_t *reason;

    printf("live %s, ready %s", json_is_true(json_object_get(health, "live")) ? "yes" : "no",
           json_is_true(json_object_get(health, "ready")) ? "yes" : "no");
    json_array_foreach(json_object_get(health, "reasons"), i, reason)
        printf("%s %s", i == 0 ? ":" : ",", json_string_value(reason));
    putchar('\n');
}

int cli_health(int argc, char **argv)
{
    bool wants_ready = false;
    const struct cli_option options[] = {{"--ready", NULL, &wants_ready}, {NULL, NULL, NULL}};
    struct client_target target = {.patience_ms = HEALTH_PATIENCE_MS};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct client_answer answer;
    struct err err = {0};
    const json_t *said;

    if (!problem)
        problem = cli_target_check(&target);
    if (problem)
        return cli_usage("health", problem);
    client_call(&target, "GET", "/health", NULL, NULL, &answer, &err);
    said = json_object_get(answer.json, wants_ready ? "ready" : "live");
    if (!json_is_boolean(said)) { /* a 503 that says so is an answer; all else is none */
        json_decref(answer.json);
        if (err.status == OK)
            err_set(&err, ERR_UNAVAILABLE, "what answers there does not tell its health");
        return cli_fail("health", &err);
    }
    if (target.json)
        cli_print_json(answer.json);
    else
        print_plain(answer.json);
    wants_ready = json_is_true(said);
    json_decref(answer.json);
    return wants_ready ? 0 : 1;
}
