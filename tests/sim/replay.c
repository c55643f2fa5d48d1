/* I8: replaying the journal gives the same state hash as the live process at that sequence.
 *
 * Every input of a life is recorded as it is given; at the end of the life a second engine gets
 * them again, in other memory. Its records must be equal to the byte: the hook on each append
 * compares their chain (world.c). At the end the hash of its state must be the live engine's. The
 * kill page is no input but a place that both look at: it is set again at the same record. */
#include "sim/world.h"

#include <string.h>

struct input {
    uint32_t length; /* of what follows, padded to 8 */
    uint32_t kind;
    int64_t now_ns;
};

struct page_start {
    uint64_t ticket, word[SIM_SCOPES];
};

struct kill_at {
    uint64_t seq;
    uint16_t scope;
};

void input_record(struct world *world, enum fed_kind kind, const void *payload, size_t length)
{
    struct input input = {.length = (uint32_t)((length + 7) & ~(size_t)7),
                          .kind = (uint32_t)kind,
                          .now_ns = world->now_ns};

    if (world->input_bytes + sizeof input + input.length > SIM_INPUT_BYTES)
        violate(world, "sim", "too many inputs for one life");
    memcpy(world->inputs + world->input_bytes, &input, sizeof input);
    world->input_bytes += sizeof input;
    if (length > 0)
        memcpy(world->inputs + world->input_bytes, payload, length);
    world->input_bytes += input.length;
}

void input_record_kill_at(struct world *world, uint64_t seq, uint16_t scope)
{
    struct kill_at kill = {.seq = seq, .scope = scope};

    input_record(world, FED_KILL_AT_SEQ, &kill, sizeof kill);
}

void input_begin(struct world *world)
{
    struct page_start start = {.ticket = atomic_load(&world->live.page.ticket)};

    for (uint16_t scope = 0; scope < SIM_SCOPES; scope++)
        start.word[scope] = atomic_load(&world->live.page.word[scope]);
    world->input_bytes = 0;
    input_record(world, FED_START, &start, sizeof start);
}

static const struct input *next_input(const struct world *world)
{
    return world->replayed < world->input_bytes ? (const void *)(world->inputs + world->replayed)
                                                : NULL;
}

static void skip_input(struct world *world, const struct input *input)
{
    world->replayed += sizeof *input + input->length;
}

/* A kill that struck within the call under way stands right behind that call's input. */
void replay_append(struct world *world, uint64_t seq)
{
    const struct input *input = next_input(world);
    struct kill_at kill;

    if (!input || input->kind != FED_KILL_AT_SEQ)
        return;
    memcpy(&kill, input + 1, sizeof kill);
    if (kill.seq != seq)
        return;
    kill_page_set(&world->again.page, kill.scope);
    skip_input(world, input);
}

static void start(struct world *world, int64_t now_ns, const void *payload)
{
    struct rig *rig = &world->again;
    struct page_start page;

    memcpy(&page, payload, sizeof page);
    rig_reset(rig, world->ring_bytes, world->first_seq - 1);
    atomic_store(&rig->page.ticket, page.ticket);
    for (uint16_t scope = 0; scope < SIM_SCOPES; scope++)
        atomic_store(&rig->page.word[scope], page.word[scope]);
    rig->engine = engine_init(rig->memory, &world->config, rig->io, now_ns);
}

static void take_order(struct world *world, uint16_t gateway)
{
    size_t length;

    if (!ring_peek(&world->again.orders[gateway], &length))
        violate(world, "I8", "replay: an order that had left is not on the ring");
    ring_release(&world->again.orders[gateway]);
}

static void empty(struct ring *ring)
{
    size_t length;

    while (ring_peek(ring, &length))
        ring_release(ring);
}

static void feed_again(struct world *world, const struct input *input)
{
    struct rig *rig = &world->again;
    const void *payload = input + 1;
    uint32_t length;
    uint16_t scope;

    switch ((enum fed_kind)input->kind) {
    case FED_START:
        start(world, input->now_ns, payload);
        break;
    case FED_MARKET:
        engine_market(rig->engine, payload, input->now_ns);
        break;
    case FED_EXECUTION:
        engine_execution(rig->engine, payload, input->now_ns);
        break;
    case FED_COMMAND:
        engine_command(rig->engine, payload, input->now_ns);
        break;
    case FED_TIMER:
        engine_timer(rig->engine, input->now_ns);
        break;
    case FED_OVERRUN:
        engine_overran(rig->engine, input->now_ns);
        break;
    case FED_ANSWER_KILL:
        engine_publish_kill(rig->engine, engine_kill(rig->engine, input->now_ns), input->now_ns);
        break;
    case FED_KILL:
        memcpy(&scope, payload, sizeof scope);
        kill_page_set(&rig->page, scope);
        break;
    case FED_KILL_AT_SEQ:
        violate(world, "I8", "replay: the record at which a kill came was not appended");
    case FED_TAKEN:
        memcpy(&scope, payload, sizeof scope);
        take_order(world, scope);
        break;
    case FED_SHOWN:
        empty(&rig->telemetry);
        break;
    case FED_PERSISTED:
        atomic_store(&rig->shared.gate[0], *(const uint64_t *)payload);
        break;
    case FED_CARRY:
        memcpy(&length, payload, sizeof length);
        (void)engine_carry(rig->engine, (const uint8_t *)payload + sizeof length, length,
                           input->now_ns);
        break;
    case FED_SUSPECT:
        lane_distrust(&rig->lane);
        break;
    }
}

/* A life that was cut off in the middle of a call is replayed up to that call: its half is a prefix
 * of what the call says, which the next life cannot know of anyway. */
void replay_life(struct world *world, bool to_the_end)
{
    const struct input *input;
    uint64_t last_call = 0;

    world->replayed = 0;
    for (uint64_t at = 0; at < world->input_bytes;) {
        const struct input *each = (const void *)(world->inputs + at);

        if (each->kind != FED_KILL_AT_SEQ)
            last_call = at;
        at += sizeof *each + each->length;
    }
    while ((input = next_input(world)) != NULL && (to_the_end || world->replayed < last_call)) {
        skip_input(world, input);
        feed_again(world, input);
    }
    if (!to_the_end)
        return;
    if (world->again.lane.next_seq != world->live.lane.next_seq)
        violate(world, "I8", "replay: the last record is %llu, it was %llu",
                (unsigned long long)world->again.lane.next_seq - 1,
                (unsigned long long)world->last_seq);
    if (rig_state_hash(&world->again) != rig_state_hash(&world->live))
        violate(world, "I8", "replay: the state at record %llu is another",
                (unsigned long long)world->last_seq);
}
