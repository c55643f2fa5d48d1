/* The running program: everything that `pitwall run` starts, in the order of starting. */
#ifndef PITWALL_SERVER_H
#define PITWALL_SERVER_H

#include "engine.h"

struct server_options {
    const char *config_path;
    const char *dir;
    const char *listen, *kill_listen; /* NULL: from the config */
    bool demo;
    const char *const *recordings; /* files or directories; count 0: synthetic market */
    int recording_count;
    const char *speed, *at_end; /* NULL: from the config */
    const char *seed, *faults;  /* of the simulated venue; NULL: from the config */
};

/* Runs until a signal or the end of an `exit` recording. Returns the exit code. Signals: SIGTERM
 * and SIGINT stop (a second one exits 1 at once), SIGUSR1 kills the firm. */
int server_run(const struct server_options *options);

#endif
