#include "version.h"
#include "cli/cli.h"

#include <stdio.h>

int cli_version(int argc, char **argv)
{
    (void)argv;
    if (argc > 0)
        return cli_usage("version", "takes no options");
    printf("pitwall %s\n", pitwall_version);
    return 0;
}
