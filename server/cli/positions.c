/* pitwall positions and pitwall fills: what is held, and what was executed. */
#include "cli/show.h"

#include <stdio.h>

static void print_positions(const json_t *list)
{
    show_list(list, show_positions, POSITION_COLUMNS, "no position, and no instrument");
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
    return cli_read("positions", &target, "/api/v1/positions", print_positions);
}

static void print_fills(const json_t *list)
{
    show_list(list, show_fills, FILL_COLUMNS, "no fill fits");
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
