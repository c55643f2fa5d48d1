/* I8: replaying the journal gives the same state hash as the live process at that sequence.
 *
 * The engine records its inputs in the lane itself; every record of a life is kept as it is
 * appended. At the end of the life the program's own replay gets them: it compares each record to
 * the byte, and its state must have the live engine's hash. A second time it gets the inputs alone,
 * as from a journal of which all output was stripped: the hash must be the same again. */
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void journal_keep(struct world *world, const struct lane_record *record, const void *payload)
{
    size_t padded = (record->length + 7U) & ~(size_t)7;

    if (world->journal_bytes + sizeof *record + padded > SIM_JOURNAL_BYTES)
        violate(world, "sim", "too many records for one life");
    memcpy(world->journal + world->journal_bytes, record, sizeof *record);
    if (record->length > 0)
        memcpy(world->journal + world->journal_bytes + sizeof *record, payload, record->length);
    world->journal_bytes += sizeof *record + padded;
}

static void *replay_memory(void)
{
    static void *memory;

    if (!memory)
        memory = aligned_alloc(CACHE_LINES_APART, (rerun_size() + 127) & ~(size_t)127);
    if (!memory) {
        fputs("sim: out of memory\n", stderr);
        exit(70);
    }
    return memory;
}

static void demand(struct world *world, const struct rerun *replay, enum rerun_result result)
{
    uint64_t seq;
    const char *says;

    if (result == RERUN_FINE)
        return;
    says = rerun_says(replay, &seq);
    violate(world, "I8", "replay: record %llu: %s", (unsigned long long)seq, says);
}

static struct rerun *run_again(struct world *world, bool inputs_only)
{
    struct rerun_options options = {.inputs_only = inputs_only};
    struct rerun *replay = rerun_init(replay_memory(), &options);

    for (uint64_t at = 0; at < world->journal_bytes;) {
        const struct lane_record *record = (const void *)(world->journal + at);

        demand(world, replay, rerun_take(replay, record, record + 1));
        at += sizeof *record + ((record->length + 7U) & ~(uint64_t)7);
    }
    return replay;
}

/* A life that was cut off in the middle of a call has said a part of what the call says. */
void replay_life(struct world *world, bool to_the_end)
{
    struct rerun *replay;

    for (int inputs_only = 0; inputs_only < (to_the_end ? 2 : 1); inputs_only++) {
        replay = run_again(world, inputs_only != 0);
        demand(world, replay, rerun_run(replay, !to_the_end));
        world->tally.replayed_records += rerun_counts(replay).events;
        if (rerun_counts(replay).gaps > 0)
            world->tally.gaps++; /* compared up to where the journal had no room for inputs */
        else if (to_the_end && engine_hash(rerun_engine(replay)) != engine_hash(world->live.engine))
            violate(world, "I8", "replay: the state at record %llu is another",
                    (unsigned long long)world->last_seq);
    }
}
