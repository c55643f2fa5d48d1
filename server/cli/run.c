#include "cli/cli.h"

#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDINGS_MAX = 64 };

struct call {
    struct server_options options;
    const char *recordings[RECORDINGS_MAX];
};

/* Where the value of an option goes; NULL: there is no such option. */
static const char **place_of(struct call *call, const char *option)
{
    struct server_options *options = &call->options;

    if (strcmp(option, "--config") == 0)
        return &options->config_path;
    if (strcmp(option, "--data") == 0)
        return &options->dir;
    if (strcmp(option, "--listen") == 0)
        return &options->listen;
    if (strcmp(option, "--kill-listen") == 0)
        return &options->kill_listen;
    if (strcmp(option, "--speed") == 0)
        return &options->speed;
    if (strcmp(option, "--at-end") == 0)
        return &options->at_end;
    if (strcmp(option, "--seed") == 0)
        return &options->seed;
    if (strcmp(option, "--faults") == 0)
        return &options->faults;
    if (strcmp(option, "--recording") == 0 && options->recording_count < RECORDINGS_MAX)
        return &call->recordings[options->recording_count++];
    return NULL;
}

/* NULL: all was taken; else what is wrong. */
static const char *read_call(struct call *call, int argc, char **argv)
{
    static char problem[128];

    call->options.recordings = call->recordings;
    for (int at = 0; at < argc; at++) {
        const char **place;

        if (strcmp(argv[at], "--demo") == 0) {
            call->options.demo = true;
            continue;
        }
        place = place_of(call, argv[at]);
        if (!place || at + 1 == argc || argv[at + 1][0] == '\0') {
            snprintf(problem, sizeof problem, place ? "%.64s lacks its value" : "unknown: %.64s",
                     argv[at]);
            return problem;
        }
        *place = argv[++at];
    }
    if (!call->options.config_path)
        return "wanted --config FILE";
    return call->options.dir ? NULL : "wanted --data DIR";
}

int cli_run(int argc, char **argv)
{
    struct call call = {0};
    const char *problem = read_call(&call, argc, argv);

    if (problem)
        return cli_usage("run", problem);
    return server_run(&call.options);
}
