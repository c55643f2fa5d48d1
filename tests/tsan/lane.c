/* A lane with one writer and two gating readers that miss nothing, built with the thread sanitizer.
 *
 * A reader that does not gate may copy bytes which the writer is storing over, and then throws the
 * copy away (a sequence lock): a race by design, so that reader is tried in tests/unit/base/lane.c
 * instead. */
#include "engine.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS = 150000, CAPACITY = 4 * LANE_RECORD_MAX };

static struct lane lane;
static struct lane_shared shared;
static _Alignas(64) uint8_t bytes[CAPACITY];
static _Atomic uint64_t bad;

static uint32_t length_of(uint64_t seq)
{
    return (uint32_t)(seq * 13 % 300);
}

static void *write_all(void *unused)
{
    static uint8_t payload[512];

    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        while (lane_room(&lane) < 1024)
            (void)sched_yield();
        memset(payload, (int)(seq & 255), length_of(seq));
        lane_append(&lane, 5, (int64_t)seq, seq, payload, length_of(seq));
    }
    return unused;
}

static int is_whole(const struct lane_record *record, const uint8_t *payload)
{
    uint64_t seq = atomic_load(&record->commit);

    if (record->length != length_of(seq) || record->at_ns != (int64_t)seq || record->cause != seq)
        return 0;
    for (uint32_t at = 0; at < record->length; at++)
        if (payload[at] != (seq & 255))
            return 0;
    return 1;
}

static void *read_all(void *gate)
{
    uint8_t payload[LANE_RECORD_MAX];
    struct lane_reader reader;
    struct lane_record record;

    lane_reader_init(&reader, &lane, true);
    for (uint64_t expected = 1; expected <= RECORDS;) {
        if (lane_read(&reader, &record, payload) != LANE_RECORD) {
            (void)sched_yield();
            continue;
        }
        if (atomic_load(&record.commit) != expected++ || !is_whole(&record, payload))
            atomic_fetch_add(&bad, 1);
        lane_gate_release(&reader, *(const uint32_t *)gate);
    }
    return gate;
}

int main(void)
{
    static uint32_t gates[2] = {0, 1};
    pthread_t writer;
    pthread_t readers[2];

    lane_init(&lane, &shared, bytes, CAPACITY, 2, 0);
    for (int at = 0; at < 2; at++)
        if (pthread_create(&readers[at], NULL, read_all, &gates[at]) != 0)
            return 1;
    if (pthread_create(&writer, NULL, write_all, NULL) != 0)
        return 1;
    pthread_join(writer, NULL);
    pthread_join(readers[0], NULL);
    pthread_join(readers[1], NULL);
    if (atomic_load(&bad) != 0)
        printf("lane: %lu records torn or out of order\n", (unsigned long)atomic_load(&bad));
    return atomic_load(&bad) != 0;
}
