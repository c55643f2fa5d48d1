/* Fuzz target: any sequence of commands, executions, market updates, kills and waits.
 *
 * The bytes choose the operations (engine/ops.def) and their numbers. The real engine runs beside
 * an oracle (engine/oracle.c), and both are compared after each step. */
#include "fuzz/engine/world.h"

#include <stdlib.h>

static struct world *the_world(void)
{
    static struct world *world;

    if (!world)
        world = aligned_alloc(CACHE_LINES_APART, (sizeof *world + 127) & ~(size_t)127);
    assert(world != NULL);
    return world;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *world = the_world();

    world_start(world, data, size);
    for (unsigned op = 0; op < FUZZ_OPS_MAX && world->in.left > 0; op++) {
        world_before(world);
        world_op(world);
        world_after(world);
    }
    return 0;
}
