/* Ring, lane and gate, each beside what it stands on: one thread, one core, loop means. */
#include "cli/bench.h"
#include "thread/clock.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 9, RING_BYTES = 1 << 16, LANE_BYTES = 1 << 20, MESSAGE_BYTES = 64 };

static void *memory_take(size_t size)
{
    void *memory = aligned_alloc(4096, size);

    if (memory)
        memset(memory, 1, size);
    return memory;
}

/* ns for one message of 64 bytes, written and read by the same thread in batches of 32. */
static double ring_round(uint8_t *bytes, uint32_t messages)
{
    struct ring ring;
    uint64_t payload[MESSAGE_BYTES / 8] = {1};
    uint64_t sum = 0;
    int64_t from_ns;

    ring_init(&ring, bytes, RING_BYTES);
    from_ns = clock_mono_ns();
    for (uint32_t sent = 0; sent < messages; sent += 32) {
        size_t length;

        for (uint32_t at = 0; at < 32; at++)
            memcpy(ring_reserve(&ring, MESSAGE_BYTES), payload, MESSAGE_BYTES);
        ring_publish(&ring);
        for (uint32_t at = 0; at < 32; at++) {
            sum += *(const uint64_t *)ring_peek(&ring, &length);
            ring_release(&ring);
        }
    }
    return sum == 0 ? 0 : (double)(clock_mono_ns() - from_ns) / messages;
}

static double copy_round(uint8_t *bytes, uint32_t messages)
{
    uint64_t payload[MESSAGE_BYTES / 8] = {1};
    int64_t from_ns = clock_mono_ns();

    for (uint32_t at = 0; at < messages; at++) {
        memcpy(bytes + (at * MESSAGE_BYTES) % RING_BYTES, payload, MESSAGE_BYTES);
        __asm__ volatile("" ::: "memory");
    }
    return (double)(clock_mono_ns() - from_ns) / messages;
}

/* ns for one record of 64 bytes; the gate is let go at once, as by a persister that keeps up. */
static double lane_round(uint8_t *bytes, struct lane_shared *shared, uint32_t records)
{
    struct lane lane;
    uint64_t payload[MESSAGE_BYTES / 8] = {1};
    int64_t from_ns;

    memset(bytes, 0, LANE_BYTES);
    lane_init(&lane, shared, bytes, LANE_BYTES, 0, 0);
    from_ns = clock_mono_ns();
    for (uint32_t at = 0; at < records; at++)
        lane_append(&lane, 1, 1, 0, payload, sizeof payload);
    return (double)(clock_mono_ns() - from_ns) / records;
}

bool bench_parts(struct bench *bench)
{
    struct bench_figure ring = {.id = "i1.ring_message_ns", .unit = "ns"};
    struct bench_figure lane = {.id = "i1.lane_append_ns", .unit = "ns"};
    double copies[ROUNDS];
    uint32_t messages = bench->quick ? 320000 : 3200000;
    uint8_t *bytes;
    struct lane_shared *shared;

    if (!bench_wants(bench, ring.id) && !bench_wants(bench, lane.id))
        return true;
    bytes = memory_take(LANE_BYTES);
    shared = memory_take(sizeof *shared + 4096 - sizeof *shared % 4096);
    if (!bytes || !shared)
        return false;
    memset(shared, 0, sizeof *shared);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        copies[round] = copy_round(bytes, messages);
        bench_round(&ring, ring_round(bytes, messages));
        bench_round(&lane, lane_round(bytes, shared, messages));
    }
    ring.anchor = lane.anchor = "copy of 64 bytes, ns";
    ring.anchor_value = lane.anchor_value = bench_median(copies, ROUNDS);
    bench_add(bench, &ring);
    bench_add(bench, &lane);
    free(bytes);
    free(shared);
    return true;
}
