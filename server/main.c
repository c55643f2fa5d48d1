/* One program, many verbs: server/tables/verbs.def. */
#include "cli/cli.h"
#include "version.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

struct verb {
    const char *name;
    const char *says;
    int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
#define VERB(name, says) {#name, says, cli_##name},
#include "tables/verbs.def"
#undef VERB
};

static void print_help(FILE *out)
{
    fprintf(out,
            "pitwall %s: an engine that trades, and the desk's hold on it\n\n"
            "usage: pitwall VERB [options]\n\n",
            pitwall_version);
    for (size_t at = 0; at < sizeof verbs / sizeof verbs[0]; at++)
        fprintf(out, "  %-10s %s\n", verbs[at].name, verbs[at].says);
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

static const struct verb *verb_of(const char *name)
{
    for (size_t at = 0; at < sizeof verbs / sizeof verbs[0]; at++)
        if (strcmp(name, verbs[at].name) == 0)
            return &verbs[at];
    return NULL;
}

static int refuse(const char *name)
{
    fprintf(stderr, "pitwall: no verb %s; `pitwall help` lists them\n", name);
    return 64;
}

/* pitwall help [VERB] */
static int help(const char *name)
{
    const struct verb *verb = name ? verb_of(name) : NULL;

    if (name && !verb)
        return refuse(name);
    if (verb)
        printf("pitwall %s: %s\n", verb->name, verb->says);
    else
        print_help(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    const struct verb *verb;

    signal(SIGPIPE, SIG_IGN); /* a client that went away is an answer of write(), not the end */
    if (argc < 2) {
        print_help(stderr);
        return 64;
    }
    if (asks_for_help(argv[1]))
        return help(argc > 2 ? argv[2] : NULL);
    verb = verb_of(argv[1]);
    if (!verb)
        return refuse(argv[1]);
    if (argc > 2 && is_flag_for_help(argv[2]))
        return help(verb->name);
    return verb->run(argc - 2, argv + 2);
}
