/* The disk: what the persister has copied is durable, and what a restart finds is what was durable
 * or, after a mere SIGKILL, all that was committed to the lane, whose memory outlives the process.
 *
 * I7: the chain is gapless and, after any crash, a prefix. The persister reads the lane through the
 * real reader; each record has to be the one that the hook saw being appended. */
#include "restore.h"
#include "sim/world.h"

#include <string.h>

static void remember(struct world *world, const struct lane_record *header, uint64_t seq,
                     const void *payload)
{
    struct fact *fact = &world->facts[world->disk.fact_count];

    if (header->kind != EVENT_LIMITS_APPLIED && header->kind != EVENT_STATE_CHANGED &&
        header->kind != EVENT_STRATEGY && header->kind != EVENT_PARAMETERS)
        return;
    if (world->disk.fact_count == SIM_FACTS_MAX)
        violate(world, "sim", "the disk model is full");
    *fact = (struct fact){.seq = seq, .kind = header->kind};
    /* The union's members begin where it does. */
    memcpy(&fact->limits, payload,
           header->length < sizeof fact->limits ? header->length : sizeof fact->limits);
    world->disk.fact_count++;
}

/* Copies the lane's next record to the disk; false when there is none. */
static bool copy_next(struct world *world)
{
    static uint8_t payload[LANE_RECORD_MAX];
    struct disk *disk = &world->disk;
    struct lane_record header;
    enum lane_result result = lane_read(&disk->reader, &header, payload);
    uint64_t seq;

    if (result == LANE_EMPTY)
        return false;
    seq = header.commit;
    if (result == LANE_OVERRUN)
        violate(world, "I7", "the persister was overtaken: records before %llu are lost",
                (unsigned long long)seq);
    if (seq != disk->durable_seq + 1)
        violate(world, "I7", "record %llu on disk follows %llu", (unsigned long long)seq,
                (unsigned long long)disk->durable_seq);
    disk->chain =
        chain_next(disk->chain, header.kind, header.at_ns, header.cause, payload, header.length);
    if (seq > world->last_seq || disk->chain != world->chain[seq - world->first_seq])
        violate(world, "I7", "record %llu on disk is not what the engine said",
                (unsigned long long)seq);
    disk->durable_seq = seq;
    remember(world, &header, seq, payload);
    (void)carry_take(world->on_disk, header.kind, header.at_ns, payload, header.length);
    return true;
}

/* Success is answered when the record is durable, and not before. */
void disk_answer(struct world *world)
{
    uint32_t kept = 0;

    for (uint32_t at = 0; at < world->awaiting_count; at++) {
        struct awaiting *waits = &world->awaiting[at];

        if (waits->seq > world->disk.durable_seq) {
            world->awaiting[kept++] = *waits;
            continue;
        }
        if (waits->kind == COMMAND_SET_LIMITS)
            world->answered.limits_generation[waits->scope] = waits->number;
        else if (waits->kind == COMMAND_SET_STRATEGY)
            world->answered.strategy_version[waits->scope] = waits->number;
        else
            world->answered.state_version[waits->scope] = waits->number;
    }
    world->awaiting_count = kept;
}

void disk_persist(struct world *world, uint32_t records)
{
    while (records-- > 0 && copy_next(world))
        ;
    lane_gate_release(&world->disk.reader, 0);
}

void disk_begin_life(struct world *world)
{
    lane_reader_init(&world->disk.reader, &world->live.lane, true);
    world->disk.durable_seq = world->last_seq;
    world->disk.chain = 0;
}

/* ---- a restart -------------------------------------------------------------------------- */

static void read_limits(struct world *world, struct store_saved *saved,
                        const struct event_limits_applied *event)
{
    struct oracle_scope *scope = &world->recovered[event->scope];

    scope->limits = saved->scope[event->scope].limits = event->limits;
    scope->limits_generation = saved->scope[event->scope].limits_generation = event->generation;
    saved->scope[event->scope].limits_found = true;
    if (event->generation > saved->generation)
        saved->generation = event->generation;
}

static void read_state(struct world *world, struct store_saved *saved,
                       const struct event_state_changed *event)
{
    struct oracle_scope *scope = &world->recovered[event->scope];

    saved->found = saved->scope[event->scope].state_found = true;
    scope->state = saved->scope[event->scope].state = (enum trading_state)event->state;
    scope->version = saved->scope[event->scope].version = event->version;
    scope->incident = saved->scope[event->scope].incident = event->incident;
}

/* The newest word on each: what was in force, as far as the disk knows. A parameter that was never
 * set is the file's. */
static void read_facts(struct world *world, struct store_saved *saved)
{
    for (uint16_t at = 0; at < SIM_STRATEGIES; at++)
        memcpy(world->recovered_strategies[at].params, world->config.strategy[at].params,
               sizeof world->config.strategy[at].params);
    for (uint32_t at = 0; at < world->disk.fact_count; at++) {
        const struct fact *fact = &world->facts[at];

        if (fact->kind == EVENT_LIMITS_APPLIED)
            read_limits(world, saved, &fact->limits);
        else if (fact->kind == EVENT_STATE_CHANGED)
            read_state(world, saved, &fact->state);
        else if (fact->kind == EVENT_PARAMETERS)
            parameter_set(&world->recovered_strategies[fact->parameters.strategy]
                               .params[fact->parameters.instrument],
                          (enum parameter_id)fact->parameters.parameter, fact->parameters.value);
        else {
            world->recovered_strategies[fact->strategy.strategy].version = fact->strategy.version;
            world->recovered_strategies[fact->strategy.strategy].enabled =
                fact->strategy.enabled != 0;
        }
    }
    for (uint16_t at = 0; at < SIM_STRATEGIES; at++) {
        saved->strategy[at].version = world->recovered_strategies[at].version;
        saved->strategy[at].enabled = world->recovered_strategies[at].enabled;
        memcpy(saved->strategy[at].params, world->recovered_strategies[at].params,
               sizeof saved->strategy[at].params);
    }
}

/* After a SIGKILL the lane is read on from where the persister stood; all that was committed has
 * to be there, and nothing behind it. */
uint64_t disk_recover(struct world *world, bool power_lost)
{
    if (world->life > 1 && !power_lost) {
        while (copy_next(world))
            ;
        if (world->disk.durable_seq != world->last_seq)
            violate(world, "I7", "after the crash the lane ends at %llu, %llu was committed",
                    (unsigned long long)world->disk.durable_seq,
                    (unsigned long long)world->last_seq);
    }
    return world->last_seq = world->disk.durable_seq;
}

/* What is in force after the restart is what the server's own restore makes of it. */
void disk_restore(struct world *world)
{
    static struct store_saved saved;
    enum trading_state initial = STATE_ACTIVE;

    memset(&saved, 0, sizeof saved);
    memset(world->recovered, 0, sizeof world->recovered);
    memset(world->recovered_strategies, 0, sizeof world->recovered_strategies);
    read_facts(world, &saved);
    if (chance(world, 100))
        initial = chance(world, 500) ? STATE_REDUCING : STATE_HALTED;
    restore_scopes(&world->config, &world->live.page, &saved, initial, world->config.epoch);
    restore_strategies(&world->config, &saved);
}
