/* One program, many verbs: server/tables/verbs.def. */
#include "cli/cli.h"
#include "cli/grammar.h"
#include "version.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { VERBS_MAX = 64 };

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} verbs[] = {
#define VERB(ID, name, ...) {name, cli_##ID},
#include "tables/verbs.def"
};

static void print_help(FILE *out)
{
    fprintf(out,
            "pitwall %s: an engine that trades, and the desk's hold on it\n\n"
            "usage: pitwall VERB [options]; pitwall help VERB says more\n",
            pitwall_version);
    grammar_print_verbs(out);
    fprintf(out, "\nExit codes: 0 well, 1 found what it looks for, 64 usage, 65 damaged input, "
                 "69 unavailable,\n70 internal, 75 data directory in use, 77 not permitted, "
                 "78 config.\n");
}

static bool is_flag_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "help") == 0 || is_flag_for_help(word);
}

static int refuse(const char *name)
{
    const struct grammar_row *verb;
    const char *known[VERBS_MAX];
    const char *meant;
    size_t count = 0;

    while (count < VERBS_MAX && (verb = grammar_verb(count)))
        known[count++] = verb->name;
    meant = grammar_nearest(name, known, count);
    fprintf(stderr, "pitwall: there is no verb %.40s; ", name);
    if (meant)
        fprintf(stderr, "did you mean %s? ", meant);
    fprintf(stderr, "`pitwall help` lists them\n");
    return status_exit(ERR_USAGE);
}

/* pitwall help [VERB] */
static int help(const char *name)
{
    const struct grammar_row *verb = name ? grammar_verb_find(name) : NULL;

    if (name && !verb)
        return refuse(name);
    if (verb)
        grammar_print_help(stdout, verb);
    else
        print_help(stdout);
    return 0;
}

static int run(const struct grammar_row *verb, int argc, char **argv)
{
    struct grammar_form form = {0};
    const char *problem;

    for (int at = 0; at < argc; at++)
        if (is_flag_for_help(argv[at]))
            return help(verb->name);
    problem = grammar_check(verb, argc, argv, &form);
    if (!problem || form.verb)
        cli_called(&form);
    if (problem)
        return cli_usage(verb->name, problem);
    for (size_t at = 0; at < sizeof verbs / sizeof verbs[0]; at++)
        if (strcmp(verbs[at].name, verb->name) == 0)
            return verbs[at].run(argc, argv);
    return refuse(verb->name);
}

int main(int argc, char **argv)
{
    const struct grammar_row *verb;

    signal(SIGPIPE, SIG_IGN); /* a client that went away is an answer of write(), not the end */
    if (argc < 2) {
        print_help(stderr);
        return status_exit(ERR_USAGE);
    }
    if (asks_for_help(argv[1]))
        return help(argc > 2 ? argv[2] : NULL);
    verb = grammar_verb_find(argv[1]);
    return verb ? run(verb, argc - 2, argv + 2) : refuse(argv[1]);
}
