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
        fprintf(out, "  %-8s %s\n", verbs[at].name, verbs[at].says);
    fprintf(out, "\nExit codes: 0 well, 1 found what it looks for, 64 usage, 65 damaged input, "
                 "69 unavailable,\n70 internal, 75 data directory in use, 77 not permitted, "
                 "78 config.\n");
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a client that went away is an answer of write(), not the end */
    if (argc < 2) {
        print_help(stderr);
        return 64;
    }
    if (asks_for_help(argv[1])) {
        print_help(stdout);
        return 0;
    }
    for (size_t at = 0; at < sizeof verbs / sizeof verbs[0]; at++)
        if (strcmp(argv[1], verbs[at].name) == 0)
            return verbs[at].run(argc - 2, argv + 2);
    fprintf(stderr, "pitwall: no verb %s; `pitwall help` lists them\n", argv[1]);
    return 64;
}
