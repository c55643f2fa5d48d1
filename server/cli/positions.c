/* pitwall positions and pitwall fills: what is held, and what was executed. */
#include "cli/drift.h"
#include "cli/show.h"

#include <stdio.h>

static const char positions_path[] = "/api/v1/positions";

/* Looks again while a difference may be a fill on its way. */
static enum status look(const struct client_target *target, struct client_answer *answer,
                        struct err *err)
{
    struct drift drift = {0};
    bool is_unsure;

    do {
        client_call(target, "GET", positions_path, NULL, NULL, answer, err);
        is_unsure = err->status == OK && !target->json &&
                    drift_look(&drift, json_object_get(answer->json, "items"), NULL);
        if (is_unsure) {
            json_decref(answer->json);
            drift_wait();
        }
    } while (is_unsure);
    drift_end(&drift);
    return err->status;
}

static int print_positions(const struct client_target *target)
{
    struct client_answer answer;
    struct err err = {0};

    if (look(target, &answer, &err) == OK && target->json)
        cli_print_json(answer.json);
    else if (err.status == OK)
        show_list(answer.json, show_positions, POSITION_COLUMNS, "no position, and no instrument");
    json_decref(answer.json);
    return err.status == OK ? 0 : cli_fail("positions", &err);
}

int cli_positions(int argc, char **argv)
{
    static const struct cli_option none[] = {{NULL, NULL, NULL}};
    struct client_target target = {0};
    const char *problem = cli_options_read(argc, argv, &target, none);

    if (!problem)
        problem = cli_target_check(&target);
    if (problem)
        return cli_usage("positions", problem);
    return print_positions(&target);
}

static void print_fills(const json_t *list)
{
    show_list(list, show_fills, FILL_COLUMNS,
              "no fill fits, of those that are kept; older ones: pitwall audit query --kind fill");
}

int cli_fills(int argc, char **argv)
{
    const char *instrument = NULL, *strategy = NULL, *limit = NULL, *cursor = NULL;
    const struct cli_option table[] = {{"--instrument", &instrument, NULL},
                                       {"--strategy", &strategy, NULL},
                                       {"--limit", &limit, NULL},
                                       {"--cursor", &cursor, NULL},
                                       {NULL, NULL, NULL}};
    struct client_target target = {0};
    const char *problem = cli_options_read(argc, argv, &target, table);
    char path[CLI_PATH_MAX * 2] = "/api/v1/fills?";

    if (!problem)
        problem = cli_target_check(&target);
    if (problem)
        return cli_usage("fills", problem);
    cli_path_add(path, sizeof path, "limit", limit ? limit : "100");
    cli_path_add(path, sizeof path, "instrument", instrument);
    cli_path_add(path, sizeof path, "strategy", strategy);
    cli_path_add(path, sizeof path, "cursor", cursor);
    return cli_read("fills", &target, path, print_fills);
}
