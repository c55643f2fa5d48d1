/* duels [--quick] [--name NAME] [--share RATIO]   what is measured between two cores, with anchors
 * that the product does not depend on. Prints {"results":[..]} as `pitwall bench --json` does. */
#include "duels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_MIN 0.98

int main(int argc, char **argv)
{
    struct bench bench = {.results = json_array()};
    double share = SHARE_MIN;
    struct duel duel;
    json_t *report;
    bool measured;

    for (int at = 1; at < argc; at++)
        if (strcmp(argv[at], "--quick") == 0)
            bench.quick = true;
        else if (strcmp(argv[at], "--name") == 0 && at + 1 < argc)
            bench.name = argv[++at];
        else if (strcmp(argv[at], "--share") == 0 && at + 1 < argc)
            share = strtod(argv[++at], NULL);
        else
            return 64;
    measured = duel_open(&duel, share) && duel_rings(&bench, &duel);
    fprintf(stderr, "duels: %u trials thrown away\n", duel.thrown);
    report = json_pack("{s:o}", "results", bench.results);
    json_dumpf(report, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
    printf("\n");
    json_decref(report);
    return measured ? 0 : 1;
}
