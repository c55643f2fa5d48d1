#include "cli/cli.h"

#include "cli/grammar.h"
#include "cli/text.h"

#include <stdio.h>

enum { PROBLEM_MAX = 1024 };

static struct grammar_form called;

void cli_called(const struct grammar_form *form)
{
    called = *form;
}

int cli_usage(const char *verb, const char *problem)
{
    char tame[PROBLEM_MAX];

    text_tame(tame, sizeof tame, problem);
    fprintf(stderr, "pitwall %s: %s\n", verb, tame);
    if (called.verb)
        grammar_print_synopsis(stderr, &called, 2);
    fprintf(stderr, "  more: pitwall help %s\n", verb);
    return status_exit(ERR_USAGE);
}

int cli_fail(const char *verb, const struct err *err)
{
    char tame[PROBLEM_MAX];

    text_tame(tame, sizeof tame, err->text);
    fprintf(stderr, "pitwall %s: %s%s\n", verb, tame,
            err->status == ERR_UNKNOWN_SCOPE ? "; `pitwall state` lists them" : "");
    return status_exit(err->status);
}
