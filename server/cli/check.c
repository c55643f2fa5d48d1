#include "cli/cli.h"

#include "config/config.h"
#include "gateway/fault_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status check(struct config *config, const char *path, struct err *err)
{
    struct fault_rule rules[FAULT_RULES_MAX];
    uint32_t count;
    enum status status = config_load(config, path, NULL, err);

    if (status == OK && config->market.faults[0] != '\0')
        status = fault_script_read(config->market.faults, config->instrument, config->instruments,
                                   rules, &count, err);
    return status;
}

int cli_check(int argc, char **argv)
{
    struct config *config = malloc(sizeof *config);
    struct err err;
    int code = 0;

    if (argc != 2 || strcmp(argv[0], "--config") != 0 || !config) {
        free(config);
        return cli_usage("check", "wanted --config FILE");
    }
    if (check(config, argv[1], &err) != OK)
        code = cli_fail("check", &err);
    else
        printf("%s is well: mode %s, %u instruments, %u strategies, hash %.12s\n", argv[1],
               mode_name(config->mode), config->instruments, config->strategies - 1U,
               config->hash_text);
    free(config);
    return code;
}
