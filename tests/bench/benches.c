/* benches [--quick] [--name NAME] [--share RATIO]   measures; prints {"results":[..]} as
 *                                                   `pitwall bench --json` does
 * benches loops                                     names of the loops, a line each
 * benches loop NAME COUNT                           runs one, for a counter of instructions
 * benches http-bare|http-load|ws-load|kill-call ..  loads for the running program: load.h */
#include "benches.h"

#include "load.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_MIN 0.98

static int usage(void)
{
    fprintf(stderr, "benches [--quick] [--name NAME] [--share RATIO] | loops | loop NAME COUNT\n");
    return 64;
}

/* Each part pins this thread as it likes, and asks for two cores at its beginning. */
static bool on_all_cores(const cpu_set_t *cores)
{
    return pthread_setaffinity_np(pthread_self(), sizeof *cores, cores) == 0;
}

static int measure(int argc, char **argv)
{
    cpu_set_t cores;
    struct bench bench = {.results = json_array()};
    double share = SHARE_MIN;
    json_t *report = json_pack("{s:o}", "results", bench.results);
    bool measured;

    for (int at = 1; at < argc; at++)
        if (strcmp(argv[at], "--quick") == 0)
            bench.quick = true;
        else if (strcmp(argv[at], "--name") == 0 && at + 1 < argc)
            bench.name = argv[++at];
        else if (strcmp(argv[at], "--share") == 0 && at + 1 < argc)
            share = strtod(argv[++at], NULL);
        else
            return usage();
    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 1;
    measured = bench_paths(&bench);
    measured = bench_rings(&bench, share) && measured;
    measured = on_all_cores(&cores) && bench_wire(&bench) && measured;
    measured = on_all_cores(&cores) && bench_receive(&bench) && measured;
    measured = on_all_cores(&cores) && bench_junk(&bench) && measured;
    measured = on_all_cores(&cores) && bench_reconnect(&bench) && measured;
    measured = on_all_cores(&cores) && bench_broadcast(&bench) && measured;
    json_dumpf(report, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
    printf("\n");
    json_decref(report);
    return measured ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "loops") == 0) {
        loops_list();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "http-bare") == 0)
        return bare_main(argc, argv);
    if (argc > 1 && strcmp(argv[1], "http-load") == 0)
        return http_load_main(argc, argv);
    if (argc > 1 && strcmp(argv[1], "ws-load") == 0)
        return ws_load_main(argc, argv);
    if (argc > 1 && strcmp(argv[1], "kill-call") == 0)
        return kill_call_main(argc, argv);
    if (argc == 4 && strcmp(argv[1], "loop") == 0)
        return loops_run(argv[2], (uint32_t)strtoul(argv[3], NULL, 10)) ? 0 : usage();
    return measure(argc, argv);
}
