#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static const char *usage_of(const char *verb)
{
#define VERB(name, says)                                                                           \
    if (strcmp(verb, #name) == 0)                                                                  \
        return says;
#include "tables/verbs.def"
#undef VERB
    return "";
}

int cli_usage(const char *verb, const char *problem)
{
    fprintf(stderr, "pitwall %s: %s\n  pitwall %s: %s\n", verb, problem, verb, usage_of(verb));
    return status_exit(ERR_USAGE);
}

int cli_fail(const char *verb, const struct err *err)
{
    fprintf(stderr, "pitwall %s: %s\n", verb, err->text);
    return status_exit(err->status);
}
