/* The loops whose instructions are counted (instructions.mjs): each the hot path of one part,
 * alone,
 * with everything it needs made before it. A loop run twice as long takes twice what one turn
 * takes, whatever the start cost; the difference of two lengths is exact. */
#include "benches.h"
#include "desk.h"
#include "gate_case.h"

#include "base/slot_ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 64, RING_BYTES = 1 << 16, LANE_BYTES = 1 << 20 };

/* Keeps the compiler from leaving out what nobody looks at. */
static void use(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

static void *zeroed(size_t size)
{
    void *memory = aligned_alloc(4096, size);

    assert(memory != NULL);
    memset(memory, 0, size);
    return memory;
}

static struct desk *desk_ready(void)
{
    struct desk *desk = desk_open();

    assert(desk != NULL);
    return desk;
}

/* One frame of a depth stream to ticks and lots. */
static void loop_decode(uint32_t count)
{
    struct desk *desk = desk_ready();

    desk_decode(desk); /* the snapshot is out of the way */
    for (uint32_t turn = 0; turn < count; turn++)
        desk_decode(desk);
    desk_close(desk);
}

/* One delta of six levels to a book; its own, beside the engine's. */
static void loop_book(uint32_t count)
{
    struct desk *desk = desk_ready();
    struct book *book = zeroed((book_size() + 4095) & ~(size_t)4095);
    struct level first[2] = {{617736, 1000}, {617737, 1000}};
    struct market_update *delta = desk->update;

    book_init(book, 0);
    desk_decode(desk);
    *delta = (struct market_update){.kind = MARKET_SNAPSHOT, .bid_count = 1, .ask_count = 1};
    memcpy(delta->levels, first, sizeof first);
    use((uint64_t)book_apply(book, delta));
    for (uint32_t turn = 0; turn < count; turn++) {
        *delta = (struct market_update){.kind = MARKET_DELTA,
                                        .bid_count = 3,
                                        .ask_count = 3,
                                        .prev_update_id = book_update_id(book),
                                        .update_id = book_update_id(book) + 1};
        for (uint32_t at = 0; at < 3; at++) {
            int64_t behind = (turn * 7 + at * 5) % 40;

            delta->levels[at] = (struct level){617736 - behind, (turn + at) % 4 * 500};
            delta->levels[3 + at] = (struct level){617740 + behind, (turn + at) % 4 * 500};
        }
        use((uint64_t)book_apply(book, delta));
    }
    free(book);
    desk_close(desk);
}

static void loop_gate(uint32_t count)
{
    use(gate_case_run(count));
}

/* One order by command, and what the venue says of it. */
static void loop_submit(uint32_t count)
{
    struct desk *desk = desk_ready();

    desk_decode(desk);
    for (uint32_t turn = 0; turn < count; turn++) {
        desk_submit(desk);
        if (desk_answer(desk) != 1)
            panic(__FILE__, __LINE__, "the order was denied");
    }
    desk_close(desk);
}

/* A frame in, an order out; and the venue's answer, so that there can be a next. */
static void loop_tick_to_order(uint32_t count)
{
    struct desk *desk = desk_ready();
    uint32_t orders = 0;

    for (uint32_t turn = 0; turn < count; turn++) {
        desk_decode(desk);
        desk_step(desk);
        orders += desk_answer(desk);
    }
    if (orders != count)
        panic(__FILE__, __LINE__, "an update without an order");
    desk_close(desk);
}

static void loop_ring(uint32_t count)
{
    struct ring ring;
    void *bytes = zeroed(RING_BYTES);

    ring_init(&ring, bytes, RING_BYTES);
    for (uint32_t turn = 0; turn < count; turn++) {
        uint64_t *message = ring_reserve(&ring, MESSAGE_BYTES);
        size_t length;

        assert(message != NULL);
        for (unsigned at = 0; at < MESSAGE_BYTES / 8; at++)
            message[at] = turn;
        ring_publish(&ring);
        use(*(uint64_t *)ring_peek(&ring, &length));
        ring_release(&ring);
    }
    free(bytes);
}

static void loop_slot_ring(uint32_t count)
{
    struct slot_ring ring;
    void *bytes = zeroed(RING_BYTES);

    slot_ring_init(&ring, bytes, RING_BYTES);
    for (uint32_t turn = 0; turn < count; turn++) {
        uint64_t *message = slot_ring_reserve(&ring);

        assert(message != NULL);
        for (unsigned at = 1; at < SLOT_BYTES / 8; at++)
            message[at] = turn;
        slot_ring_publish(&ring);
        use(*((uint64_t *)slot_ring_peek(&ring) + 1));
        slot_ring_release(&ring);
    }
    free(bytes);
}

/* One record of 64 bytes, written and read. */
static void loop_lane(uint32_t count)
{
    static _Alignas(8) uint8_t payload[LANE_RECORD_MAX];
    struct lane lane;
    struct lane_shared shared = {0};
    struct lane_reader reader;
    struct lane_record header;
    uint64_t message[MESSAGE_BYTES / 8] = {0};
    void *bytes = zeroed(LANE_BYTES);

    lane_init(&lane, &shared, bytes, LANE_BYTES, 1, 0);
    lane_reader_init(&reader, &lane, true);
    for (uint32_t turn = 0; turn < count; turn++) {
        message[0] = turn;
        use(lane_append(&lane, 1, turn, 0, message, sizeof message));
        use((uint64_t)lane_read(&reader, &header, payload));
        lane_gate_release(&reader, 0);
    }
    free(bytes);
}

static void loop_histogram(uint32_t count)
{
    struct histogram *histogram = zeroed(8192);

    for (uint32_t turn = 0; turn < count; turn++)
        histogram_record(histogram, turn * 37 % 100000);
    use(histogram_summarise(histogram).count);
    free(histogram);
}

static const struct {
    const char *name;
    void (*run)(uint32_t count);
} loops[] = {
    {"decode", loop_decode},
    {"book", loop_book},
    {"gate", loop_gate},
    {"submit", loop_submit},
    {"tick_to_order", loop_tick_to_order},
    {"ring", loop_ring},
    {"slot_ring", loop_slot_ring},
    {"lane", loop_lane},
    {"histogram", loop_histogram},
};

bool loops_run(const char *name, uint32_t count)
{
    for (unsigned at = 0; at < sizeof loops / sizeof loops[0]; at++)
        if (strcmp(loops[at].name, name) == 0) {
            loops[at].run(count);
            return true;
        }
    return false;
}

void loops_list(void)
{
    for (unsigned at = 0; at < sizeof loops / sizeof loops[0]; at++)
        puts(loops[at].name);
}
