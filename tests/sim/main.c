/* sim [--steps N] [--seeds FROM COUNT] [--file FILE] [--quiet] [--all] [--want I] [--tally]
 * [--tally]
 *
 * Runs each seed for N steps (default 2,000). --file names seeds that always run: a line `SEED N`,
 * `#` starts a comment. For tests/mutants: --quiet says what failed in one line, without a story;
 * --all goes on after a seed that failed an assertion; --want goes on until that one invariant is
 * violated. --tally says how much of what happened.
 * Exit code 0 all well, 1 an invariant was violated, 3 an assertion of the engine failed (and no
 * invariant), 4 another invariant than the wanted one, 64 usage. */
#include "sim/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WELL = 0, VIOLATED = 1, ASSERTED = 3, OTHER = 4, USAGE = 64 };

struct options {
    uint64_t from, count;
    uint32_t steps;
    const char *file;
    const char *want;
    bool quiet, all, tally;
};

static struct world *world;

static int run_seed(const struct options *options, uint64_t seed, uint32_t steps)
{
    struct run run = {.seed = seed, .steps = steps};
    struct violation violation;

    if (world_run(world, &run))
        return WELL;
    violation = world->violation;
    printf("sim: seed %" PRIu64 " step %u: %s: %s\n", seed, violation.step, violation.invariant,
           violation.text);
    fflush(stdout);
    if (!options->quiet)
        story_tell(world, &violation, seed, steps);
    if (strcmp(violation.invariant, "panic") == 0)
        return ASSERTED;
    return options->want && strcmp(options->want, violation.invariant) != 0 ? OTHER : VIOLATED;
}

/* Whether to go on to the next seed. */
static bool goes_on(const struct options *options, int result, int *worst)
{
    if (*worst != VIOLATED && result != WELL)
        *worst = result;
    return result == WELL || result == OTHER || (options->all && result == ASSERTED);
}

static void tell_tally(const struct options *options)
{
    const struct sim_tally *tally = &world->tally;

    printf("sim: %" PRIu64 " seeds from %" PRIu64 ", %" PRIu32 " steps each: %" PRIu64
           " restarts, %" PRIu64 " kills answered, %" PRIu64 " scopes resumed, %" PRIu64
           " commands refused, %" PRIu64 " records replayed, %" PRIu64
           " replays up to where the journal had no room for inputs\n",
           options->count, options->from, options->steps, tally->restarts, tally->kills_answered,
           tally->resumed, tally->refused, tally->replayed_records, tally->gaps);
    for (unsigned kind = 1; kind < EVENT_COUNT; kind++)
        printf("  said   %-20s %" PRIu64 "\n", event_name((enum event_kind)kind),
               tally->events[kind]);
    for (unsigned reason = 1; reason < DENIAL_COUNT; reason++)
        printf("  denied %-20s %" PRIu64 "\n", denial_name((enum denial)reason),
               tally->denials[reason]);
    for (unsigned report = 0; report < REPORT_COUNT; report++)
        printf("  told   %-20s %" PRIu64 "\n", report_name((enum report)report),
               tally->reports[report]);
}

static int run_file(const struct options *options)
{
    FILE *file = fopen(options->file, "r");
    char line[128];
    int worst = WELL;
    uint64_t seed;
    uint32_t steps;

    if (!file) {
        fprintf(stderr, "sim: %s: cannot be read\n", options->file);
        return USAGE;
    }
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%" SCNu64 " %" SCNu32, &seed, &steps) != 2 || steps > SIM_STEPS_MAX)
            continue;
        if (!goes_on(options, run_seed(options, seed, steps), &worst))
            break;
    }
    fclose(file);
    return worst;
}

static int run_range(const struct options *options)
{
    int worst = WELL;

    for (uint64_t seed = options->from; seed < options->from + options->count; seed++)
        if (!goes_on(options, run_seed(options, seed, options->steps), &worst))
            break;
    return worst;
}

static bool read_options(struct options *options, char **word)
{
    for (; *word; word++) {
        if (strcmp(*word, "--quiet") == 0)
            options->quiet = true;
        else if (strcmp(*word, "--all") == 0)
            options->all = true;
        else if (strcmp(*word, "--want") == 0 && word[1])
            options->want = *++word;
        else if (strcmp(*word, "--tally") == 0)
            options->tally = true;
        else if (strcmp(*word, "--steps") == 0 && word[1])
            options->steps = (uint32_t)strtoul(*++word, NULL, 10);
        else if (strcmp(*word, "--file") == 0 && word[1])
            options->file = *++word;
        else if (strcmp(*word, "--seeds") == 0 && word[1] && word[2]) {
            options->from = strtoull(*++word, NULL, 10);
            options->count = strtoull(*++word, NULL, 10);
        } else
            return false;
    }
    return options->steps >= 1 && options->steps <= SIM_STEPS_MAX;
}

int main(int count, char **word)
{
    struct options options = {.from = 1, .steps = 2000};
    int result = WELL;

    (void)count;
    if (!read_options(&options, word + 1)) {
        fputs("usage: sim [--steps N] [--seeds FROM COUNT] [--file FILE] [--quiet] [--all] "
              "[--tally]\n",
              stderr);
        return USAGE;
    }
    world = world_make();
    if (options.file)
        result = run_file(&options);
    if (result == WELL || (options.all && result == ASSERTED)) {
        int range = run_range(&options);

        result = range == WELL ? result : range;
    }
    if (options.tally)
        tell_tally(&options);
    if (result == WELL && !options.quiet)
        printf("sim: %" PRIu64 " seeds from %" PRIu64 ", %" PRIu32
               " steps each: every invariant held\n",
               options.count, options.from, options.steps);
    return result;
}
