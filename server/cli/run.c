#include "cli/cli.h"
#include "server.h"

#include <string.h>

enum { RECORDINGS_MAX = 64 };

struct run_arguments {
    struct server_options options;
    const char *recordings[RECORDINGS_MAX];
};

static const char **value_of(struct run_arguments *arguments, const char *name)
{
    struct server_options *options = &arguments->options;

    if (strcmp(name, "--config") == 0)
        return &options->config_path;
    if (strcmp(name, "--data") == 0)
        return &options->dir;
    if (strcmp(name, "--listen") == 0)
        return &options->listen;
    if (strcmp(name, "--kill-listen") == 0)
        return &options->kill_listen;
    if (strcmp(name, "--speed") == 0)
        return &options->speed;
    if (strcmp(name, "--at-end") == 0)
        return &options->at_end;
    if (strcmp(name, "--recording") == 0 && options->recording_count < RECORDINGS_MAX)
        return &arguments->recordings[options->recording_count++];
    return NULL;
}

/* NULL, or what is wrong. */
static const char *read_arguments(int argc, char **argv, struct run_arguments *arguments)
{
    for (int at = 0; at < argc; at++) {
        const char **value;

        if (strcmp(argv[at], "--demo") == 0) {
            arguments->options.demo = true;
            continue;
        }
        value = value_of(arguments, argv[at]);
        if (!value)
            return argv[at];
        if (at + 1 == argc)
            return "the last option wants a value";
        *value = argv[++at];
    }
    arguments->options.recordings = arguments->recordings;
    if (!arguments->options.config_path)
        return "wanted --config FILE";
    return arguments->options.dir ? NULL : "wanted --data DIR";
}

int cli_run(int argc, char **argv)
{
    struct run_arguments arguments = {.options = {.config_path = NULL}};
    const char *problem = read_arguments(argc, argv, &arguments);

    if (problem)
        return cli_usage("run", problem);
    return server_run(&arguments.options);
}
