/* pitwall bench: measures the engine's parts in one process. The running program (kill, memory) is
 * measured by tests/bench, which calls this too. */
#include "cli/bench.h"
#include "cli/cli.h"
#include "thread/thread.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bench_wants(const struct bench *bench, const char *id)
{
    return !bench->name || strstr(id, bench->name) != NULL;
}

void bench_round(struct bench_figure *figure, double value)
{
    if (figure->rounds < BENCH_ROUNDS_MAX)
        figure->round[figure->rounds++] = value;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

double bench_median(const double *values, uint32_t count)
{
    double sorted[BENCH_ROUNDS_MAX];

    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

void bench_add(struct bench *bench, const struct bench_figure *figure)
{
    json_t *rounds = json_array();
    json_t *result;

    for (uint32_t at = 0; at < figure->rounds; at++)
        json_array_append_new(rounds, json_real(figure->round[at]));
    result = json_pack("{s:s, s:f, s:s, s:s?, s:o, s:o, s:s?, s:o}", "id", figure->id, "value",
                       bench_median(figure->round, figure->rounds), "unit", figure->unit, "anchor",
                       figure->anchor, "anchor_value",
                       figure->anchor ? json_real(figure->anchor_value) : json_null(), "target",
                       figure->sense ? json_real(figure->target) : json_null(), "sense",
                       figure->sense, "rounds", rounds);
    json_array_append_new(bench->results, result);
}

static int read_options(struct bench *bench, bool *as_json, int argc, char **argv)
{
    for (int at = 0; at < argc; at++) {
        if (strcmp(argv[at], "--json") == 0)
            *as_json = true;
        else if (strcmp(argv[at], "--quick") == 0)
            bench->quick = true;
        else if (strcmp(argv[at], "--name") == 0 && at + 1 < argc)
            bench->name = argv[++at];
        else if (strcmp(argv[at], "--recordings") == 0 && at + 1 < argc)
            bench->recordings = argv[++at];
        else
            return cli_usage("bench", "unknown option");
    }
    return 0;
}

static void print_lines(const json_t *results)
{
    size_t at;
    json_t *result;

    json_array_foreach(results, at, result)
    {
        const char *anchor = json_string_value(json_object_get(result, "anchor"));

        printf("%-34s %14.4g %-10s", json_string_value(json_object_get(result, "id")),
               json_real_value(json_object_get(result, "value")),
               json_string_value(json_object_get(result, "unit")));
        if (anchor)
            printf(" (%s: %.4g)", anchor, json_real_value(json_object_get(result, "anchor_value")));
        printf("\n");
    }
}

/* As the engine's thread does: a core of its own, and ahead of builds and browsers on it. Without
 * the permission it goes on as it is. */
static void take_core(void)
{
    cpu_set_t set;
    struct err err;
    int core;

    if (thread_place_engine(-1, &core, &err) != OK || core < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((unsigned)core, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0 ||
        !thread_hurry(HURRY_ENGINE))
        fprintf(stderr, "pitwall bench: shares its core with others; look at medians only\n");
}

int cli_bench(int argc, char **argv)
{
    struct bench bench = {.results = json_array()};
    bool as_json = false;
    bool measured;
    int usage = read_options(&bench, &as_json, argc, argv);

    if (usage != 0) {
        json_decref(bench.results);
        return usage;
    }
    take_core();
    measured = bench_parts(&bench);
    measured = bench_matching(&bench) && measured;
    measured = bench_step(&bench) && measured;
    measured = bench_emit(&bench) && measured;
    measured = bench_burst(&bench) && measured;
    measured = bench_recovery(&bench) && measured;
    measured = bench_audit(&bench) && measured;
    measured = bench_bybit(&bench) && measured;
    measured = bench_recorded(&bench) && measured;
    if (as_json) {
        json_t *report = json_pack("{s:O}", "results", bench.results);

        json_dumpf(report, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
        printf("\n");
        json_decref(report);
    } else {
        print_lines(bench.results);
    }
    json_decref(bench.results);
    return measured ? 0 : 1;
}
