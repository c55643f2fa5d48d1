#include "cli/cli.h"

#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_check(int argc, char **argv)
{
    struct config *config = malloc(sizeof *config);
    struct err err;
    int code = 0;

    if (argc != 2 || strcmp(argv[0], "--config") != 0 || !config) {
        free(config);
        return cli_usage("check", "wanted --config FILE");
    }
    if (config_load(config, argv[1], NULL, &err) != OK)
        code = cli_fail("check", &err);
    else
        printf("%s is well: mode %s, %u instruments, %u strategies, hash %.12s\n", argv[1],
               mode_name(config->mode), config->instruments, config->strategies - 1U,
               config->hash_text);
    free(config);
    return code;
}
