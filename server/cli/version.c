#include "version.h"
#include "cli/cli.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int cli_version(int argc, char **argv)
{
    bool as_json = argc == 1 && strcmp(argv[0], "--json") == 0;

    if (argc > 0 && !as_json)
        return cli_usage("version", "takes --json alone");
    printf(as_json ? "{\"version\":\"%s\"}\n" : "pitwall %s\n", pitwall_version);
    return 0;
}
