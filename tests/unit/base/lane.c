#include "engine.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 4 * LANE_RECORD_MAX };

static struct lane lane;
static struct lane_shared *shared;
static uint8_t *bytes;
static uint8_t payload[LANE_RECORD_MAX];
static uint8_t got[LANE_RECORD_MAX];

static void open_lane(uint32_t gates, uint64_t last)
{
    shared = aligned_alloc(64, (sizeof *shared + 63) / 64 * 64);
    bytes = calloc(1, CAPACITY);
    lane_init(&lane, shared, bytes, CAPACITY, gates, last);
}

static void close_lane(void)
{
    free(shared);
    free(bytes);
}

static uint64_t append(uint32_t length)
{
    memset(payload, (int)(lane.next_seq & 255), length);
    return lane_append(&lane, 3, (int64_t)lane.next_seq * 10, lane.next_seq / 2, payload, length);
}

static void expect(struct lane_reader *reader, uint64_t seq, uint32_t length)
{
    struct lane_record record;

    cr_assert_eq(lane_read(reader, &record, got), LANE_RECORD);
    cr_assert_eq(record.commit, seq);
    cr_assert_eq(record.length, length);
    cr_assert_eq(record.kind, 3);
    cr_assert_eq(record.at_ns, (int64_t)seq * 10);
    cr_assert_eq(record.cause, seq / 2);
    for (uint32_t at = 0; at < length; at++)
        cr_assert_eq(got[at], seq & 255);
}

Test(lane, goes_on_after_the_last_sequence, .fini = close_lane)
{
    struct lane_reader reader;
    struct lane_record record;

    open_lane(1, 41);
    lane_reader_init(&reader, &lane, true);
    cr_assert_eq(lane_read(&reader, &record, got), LANE_EMPTY);
    cr_assert_eq(append(5), 42);
    expect(&reader, 42, 5);
    cr_assert_eq(lane_read(&reader, &record, got), LANE_EMPTY);
    cr_assert_eq(lane_head_seq(&lane), 42);
}

Test(lane, every_length_survives_many_laps, .fini = close_lane)
{
    struct lane_reader reader;
    uint64_t seq = 0;

    open_lane(1, 0);
    lane_reader_init(&reader, &lane, true);
    for (int round = 0; round < 3000; round++) {
        uint32_t length = (uint32_t)(round * 37) % 3000;

        cr_assert_geq(lane_room(&lane), LANE_RECORD_MAX);
        cr_assert_eq(append(length), ++seq);
        expect(&reader, seq, length);
        lane_gate_release(&reader, 0);
    }
}

Test(lane, a_gating_reader_is_never_overtaken, .fini = close_lane)
{
    struct lane_reader reader;
    uint64_t written = 0;

    open_lane(1, 0);
    lane_reader_init(&reader, &lane, true);
    while (lane_room(&lane) <= CAPACITY &&
           lane_room(&lane) >= 1000 + sizeof(struct lane_record) + 7)
        written = append(1000);
    cr_assert_gt(written, 20);
    for (uint64_t seq = 1; seq <= written; seq++)
        expect(&reader, seq, 1000);
    lane_gate_release(&reader, 0);
    cr_assert_geq(lane_room(&lane), 30000);
}

Test(lane, a_slow_reader_is_told_not_given_torn_bytes, .fini = close_lane)
{
    struct lane_reader slow;
    struct lane_reader gate;
    struct lane_record record;
    uint64_t last = 0;

    open_lane(1, 0);
    lane_reader_init(&gate, &lane, true);
    lane_reader_init(&slow, &lane, false);
    for (int count = 0; count < 500; count++) {
        last = append(1000);
        expect(&gate, last, 1000);
        lane_gate_release(&gate, 0);
    }
    cr_assert_eq(lane_read(&slow, &record, got), LANE_OVERRUN);
    cr_assert_eq(record.commit, last + 1, "it hears what comes next");
    cr_assert_eq(lane_read(&slow, &record, got), LANE_EMPTY);
    append(8);
    expect(&slow, last + 1, 8);
}

Test(lane, two_gates_both_hold, .fini = close_lane)
{
    struct lane_reader first;
    struct lane_reader second;
    uint64_t room;

    open_lane(2, 0);
    lane_reader_init(&first, &lane, true);
    lane_reader_init(&second, &lane, true);
    append(4000);
    room = lane_room(&lane);
    expect(&first, 1, 4000);
    lane_gate_release(&first, 0);
    cr_assert_eq(lane_room(&lane), room);
    expect(&second, 1, 4000);
    lane_gate_release(&second, 1);
    cr_assert_gt(lane_room(&lane), room);
}

/* --- beside a writer that does not wait for it --- */

static _Atomic bool enough;

static void *flood(void *unused)
{
    struct lane_reader gate;
    struct lane_record record;
    static uint8_t copy[LANE_RECORD_MAX];

    lane_reader_init(&gate, &lane, true);
    while (!atomic_load(&enough)) {
        append((uint32_t)(lane.next_seq * 13 % 900));
        cr_assert_eq(lane_read(&gate, &record, copy), LANE_RECORD);
        lane_gate_release(&gate, 0);
    }
    return unused;
}

static bool is_whole(const struct lane_record *record)
{
    uint64_t seq = atomic_load(&record->commit);

    if (record->length != seq * 13 % 900 || record->at_ns != (int64_t)seq * 10)
        return false;
    for (uint32_t at = 0; at < record->length; at++)
        if (got[at] != (seq & 255))
            return false;
    return true;
}

Test(lane, an_overtaken_reader_sees_only_whole_records, .fini = close_lane, .timeout = 60)
{
    struct lane_reader slow;
    struct lane_record record;
    pthread_t writer;
    uint64_t last = 0;
    uint64_t read = 0;
    uint64_t overruns = 0;

    open_lane(1, 0);
    lane_reader_init(&slow, &lane, false);
    cr_assert_eq(pthread_create(&writer, NULL, flood, NULL), 0);
    while (read < 2000 || overruns == 0) {
        enum lane_result result = lane_read(&slow, &record, got);

        if (result == LANE_OVERRUN)
            overruns++;
        if (result != LANE_RECORD)
            continue;
        cr_assert_gt(atomic_load(&record.commit), last);
        cr_assert(is_whole(&record), "torn at %lu", (unsigned long)atomic_load(&record.commit));
        last = atomic_load(&record.commit);
        if (++read % 64 == 0) /* so that it falls behind */
            for (volatile int wait = 0; wait < 20000; wait++)
                ;
    }
    atomic_store(&enough, true);
    pthread_join(writer, NULL);
}
