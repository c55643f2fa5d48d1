/* A failing run in words, made as short as it gets: steps are left out, first many at once, then
 * one by one, as long as the same invariant still fails. */
#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 1500 }; /* of one shrinking */

void say(const struct world *world, const char *format, ...)
{
    va_list arguments;

    if (!world->run.telling)
        return;
    printf("  %5u  %10.3f ms  ", world->step, (double)(world->now_ns % SIM_DAY_NS) / 1e6);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

const char *instrument_text(uint16_t instrument)
{
    static const char *const names[SIM_INSTRUMENTS] = {"east:BTC", "east:ETH", "west:BTCPERP"};

    return instrument < SIM_INSTRUMENTS ? names[instrument] : "(none)";
}

const char *scope_text(uint16_t scope)
{
    static const char *const names[SIM_SCOPES] = {"firm",
                                                  "venue/east",
                                                  "venue/west",
                                                  "strategy/manual",
                                                  "strategy/one",
                                                  "strategy/two",
                                                  "instrument/east:BTC",
                                                  "instrument/east:ETH",
                                                  "instrument/west:BTCPERP"};

    return scope < SIM_SCOPES ? names[scope] : "(none)";
}

static bool still_fails(struct world *world, const struct run *run, const char *invariant)
{
    return !world_run(world, run) && strcmp(world->violation.invariant, invariant) == 0;
}

/* Leaves out each block of `length` steps that is not needed; returns how many runs it took. */
static unsigned drop_blocks(struct world *world, const struct run *run, uint8_t *skip,
                            uint32_t length, const char *invariant)
{
    unsigned runs = 0;

    for (uint32_t at = 0; at + 1 < run->steps && runs < RUNS_MAX; at += length) {
        uint32_t count = at + length < run->steps ? length : run->steps - 1 - at;
        uint8_t saved[SIM_STEPS_MAX];

        if (memchr(skip + at, 0, count) == NULL)
            continue;
        memcpy(saved, skip + at, count);
        memset(skip + at, 1, count);
        runs++;
        if (!still_fails(world, run, invariant))
            memcpy(skip + at, saved, count);
    }
    return runs;
}

static void shrink(struct world *world, struct run *run, uint8_t *skip, const char *invariant)
{
    unsigned runs = 0;

    for (uint32_t length = run->steps / 2; length >= 1 && runs < RUNS_MAX; length /= 2)
        runs += drop_blocks(world, run, skip, length, invariant);
}

void story_tell(struct world *world, const struct violation *violation, uint64_t seed,
                uint32_t steps)
{
    static uint8_t skip[SIM_STEPS_MAX];
    struct run run = {.seed = seed, .steps = violation->step + 1, .skip = skip};
    char invariant[sizeof violation->invariant];

    memset(skip, 0, sizeof skip);
    memcpy(invariant, violation->invariant, sizeof invariant);
    if (run.steps > steps)
        run.steps = steps; /* it failed in the replay at the end */
    if (still_fails(world, &run, invariant))
        shrink(world, &run, skip, invariant);
    printf("the story, as short as it gets:\n");
    run.telling = true;
    world_run(world, &run);
    printf("  %s: %s\n", world->violation.invariant, world->violation.text);
    printf("again: make sim SEED=%llu N=%u\n", (unsigned long long)seed, steps);
}
