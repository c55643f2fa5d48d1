/* The operations that are none of the market's, the gateway's, the venue's or a person's; and how a
 * step draws one. */
#include "sim/world.h"

enum group {
    GROUP_MARKET,
    GROUP_ODD_BOOK,
    GROUP_TIME,
    GROUP_CLOCK,
    GROUP_GATEWAY,
    GROUP_VENUE,
    GROUP_SLOPPY,
    GROUP_ORDERS,
    GROUP_FOREIGN,
    GROUP_POSITIONS,
    GROUP_AMENDS,
    GROUP_BEATS,
    GROUP_STRATEGY,
    GROUP_NONSENSE,
    GROUP_KILLS,
    GROUP_LIMITS,
    GROUP_DISK,
    GROUP_DISK_BAD,
    GROUP_CRASH,
    GROUP_STOP,
    GROUP_COUNT
};

static const struct {
    void (*run)(struct world *world);
    uint32_t weight;
    enum group group;
    const char *name;
} table[OP_COUNT] = {
#define OP(name, weight, group, says) [OP_##name] = {op_##name, weight, GROUP_##group, #name},
#include "sim/ops.def"
#undef OP
};

/* Groups without which nothing would happen at all. */
static bool is_needed(enum group group)
{
    return group == GROUP_MARKET || group == GROUP_TIME || group == GROUP_GATEWAY ||
           group == GROUP_VENUE || group == GROUP_ORDERS;
}

/* A seed drops whole groups and single operations, and scales the rest: what is rare among
 * everything is common among little. */
void ops_choose(struct world *world)
{
    bool dropped[GROUP_COUNT];

    for (unsigned group = 0; group < GROUP_COUNT; group++)
        dropped[group] = !is_needed((enum group)group) && chance(world, 400);
    world->weight_sum = 0;
    world->busy = chance(world, 60);
    for (unsigned op = 0; op < OP_COUNT; op++) {
        world->weights[op] = table[op].weight * (uint32_t)draw_from(world, 1, 8);
        if (dropped[table[op].group] || (!is_needed(table[op].group) && chance(world, 150)))
            world->weights[op] = 0;
        /* A script gone wild and a slow disk: what fills journals, rings and pools. */
        if (op == OP_burst && world->busy)
            world->weights[op] *= 100;
        if (op == OP_persist && world->busy)
            world->weights[op] /= 40;
        world->weight_sum += world->weights[op];
    }
}

static enum op draw_op(struct world *world)
{
    uint32_t at = (uint32_t)(draw(world) % world->weight_sum);

    for (unsigned op = 0; op < OP_COUNT; op++) {
        if (at < world->weights[op])
            return (enum op)op;
        at -= world->weights[op];
    }
    return OP_timer;
}

void ops_step(struct world *world)
{
    enum op op = draw_op(world);

    time_passes(world, draw_from(world, 1000, 400000));
    /* Queues that are nearly full are worked off. */
    if (world->outbound_count > SIM_QUEUE_MAX - 512)
        op = OP_venue_report;
    else if (world->inbound_count > SIM_QUEUE_MAX - 512)
        op = OP_venue_lose;
    /* As the engine's thread does at the start of most of its turns. */
    if (chance(world, 300))
        feed_kill_answer(world);
    table[op].run(world);
    disk_answer(world);
}

/* ---- time, disk, process ---------------------------------------------------------------- */

void op_timer(struct world *world)
{
    feed_timer(world);
}

/* The market step of just now has taken too long: the clock says so, not the engine. */
void op_overrun(struct world *world)
{
    op_market_walk(world);
    say(world, "that step used up its budget");
    feed_overrun(world);
}

void op_wait(struct world *world)
{
    int64_t by_ns = draw_from(world, 1000000, chance(world, 80) ? 4000000000 : 150000000);

    say(world, "%lld ms pass", (long long)(by_ns / 1000000));
    time_passes(world, by_ns);
    feed_timer(world);
}

void op_jump(struct world *world)
{
    int64_t by_ns = draw_from(world, 60, 86400 * 2) * 1000000000;

    say(world, "the clock jumps by %lld s", (long long)(by_ns / 1000000000));
    time_passes(world, by_ns);
    feed_timer(world);
}

void op_answer_kill(struct world *world)
{
    feed_kill_answer(world);
}

void op_persist(struct world *world)
{
    disk_persist(world, (uint32_t)draw_from(world, 1, 200));
}

void op_suspect(struct world *world)
{
    say(world, "storage is suspect");
    lane_distrust(&world->live.lane);
    input_record(world, FED_SUSPECT, NULL, 0);
}

void op_crash(struct world *world)
{
    say(world, "SIGKILL");
    world_crash(world, false);
}

void op_crash_in_step(struct world *world)
{
    if (world->crash_in_appends == 0)
        world->crash_in_appends = (uint32_t)draw_from(world, 1, 12);
}

void op_power_loss(struct world *world)
{
    say(world, "the power goes");
    world_crash(world, true);
}

void op_show(struct world *world)
{
    size_t length;

    while (ring_peek(&world->live.telemetry, &length))
        ring_release(&world->live.telemetry);
    input_record(world, FED_SHOWN, NULL, 0);
}
