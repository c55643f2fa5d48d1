#include "base/lane.h"

#include <string.h>

static uint64_t padded(uint32_t length)
{
    return sizeof(struct lane_record) + (((uint64_t)length + 7) & ~7ULL);
}

static struct lane_record *record_at(const struct lane *lane, uint64_t position)
{
    return (struct lane_record *)(void *)(lane->bytes + (position & (lane->capacity - 1)));
}

static uint64_t to_end(const struct lane *lane, uint64_t position)
{
    return lane->capacity - (position & (lane->capacity - 1));
}

void lane_init(struct lane *lane, struct lane_shared *shared, void *bytes, uint64_t capacity,
               uint32_t gates, uint64_t last_seq)
{
    assert((capacity & (capacity - 1)) == 0 && capacity >= 4 * (uint64_t)LANE_RECORD_MAX);
    assert(gates <= LANE_GATES_MAX);
    *lane = (struct lane){.shared = shared, .bytes = bytes, .capacity = capacity, .gates = gates};
    lane->next_seq = last_seq + 1;
    shared->magic = LANE_MAGIC;
    shared->capacity = capacity;
    atomic_store_explicit(&record_at(lane, 0)->commit, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->claimed, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->suspect, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->claimed_seq, last_seq, memory_order_relaxed);
    atomic_store_explicit(&shared->head, 0, memory_order_relaxed);
    for (uint32_t gate = 0; gate < LANE_GATES_MAX; gate++) {
        atomic_store_explicit(&shared->gate[gate], 0, memory_order_relaxed);
        atomic_store_explicit(&shared->gate_seq[gate], last_seq, memory_order_relaxed);
    }
    atomic_store_explicit(&shared->head_seq, last_seq, memory_order_release);
}

static uint64_t lowest_gate(const struct lane *lane)
{
    uint64_t lowest = UINT64_MAX;

    for (uint32_t gate = 0; gate < lane->gates; gate++) {
        /* Pairs with the release in lane_gate_release: that reader is done with the bytes. */
        uint64_t at = atomic_load_explicit(&lane->shared->gate[gate], memory_order_acquire);

        lowest = at < lowest ? at : lowest;
    }
    return lane->gates == 0 ? lane->write_at : lowest;
}

uint64_t lane_room(struct lane *lane)
{
    lane->gates_seen = lowest_gate(lane);
    /* One record less than the capacity: the zeroed commit word of the next place and a pad at
     * the end must fit as well. */
    return lane->capacity - 2 * (uint64_t)LANE_RECORD_MAX - (lane->write_at - lane->gates_seen);
}

/* Stores header and payload at write_at, clears the next commit word, then commits. */
static void store(struct lane *lane, const struct lane_record *header, uint64_t seq,
                  const void *payload, uint64_t size)
{
    struct lane_record *record = record_at(lane, lane->write_at);

    record->length = header->length;
    record->kind = header->kind;
    record->version = header->version;
    record->at_ns = header->at_ns;
    record->cause = header->cause;
    if (payload) {
        /* What pads the payload is part of what CRC and chain cover: zero, not an earlier lap. */
        if ((header->length & 7) != 0)
            memset((uint8_t *)(record + 1) + (header->length & ~7U), 0, 8);
        memcpy(record + 1, payload, header->length);
    }
    lane->write_at += size;
    atomic_store_explicit(&record_at(lane, lane->write_at)->commit, 0, memory_order_relaxed);
    /* Pairs with the acquire in lane_read: publishes header, payload and the cleared word. */
    atomic_store_explicit(&record->commit, seq, memory_order_release);
}

static void claim(struct lane *lane, uint64_t size)
{
    uint64_t end = lane->write_at + size + sizeof(struct lane_record);

    assert(end - lane->gates_seen <= lane->capacity || lane_room(lane) >= size);
    atomic_store_explicit(&lane->shared->claimed, end, memory_order_relaxed);
    atomic_store_explicit(&lane->shared->claimed_seq, lane->next_seq, memory_order_relaxed);
    /* Pairs with the acquire fence in lane_read: a reader that copied bytes which we overwrite
     * below also sees the claim, and answers overrun. */
    atomic_thread_fence(memory_order_release);
}

uint64_t lane_append(struct lane *lane, uint16_t kind, int64_t at_ns, uint64_t cause,
                     const void *payload, uint32_t length)
{
    struct lane_record header = {
        .length = length, .kind = kind, .version = 1, .at_ns = at_ns, .cause = cause};
    uint64_t size = padded(length);
    uint64_t left = to_end(lane, lane->write_at);

    assert(size <= LANE_RECORD_MAX && kind != LANE_PAD);
    /* A place too small for the record and for the header of what follows is padded away. */
    if (left < size + sizeof(struct lane_record)) {
        struct lane_record pad = {.length = (uint32_t)(left - sizeof pad), .kind = LANE_PAD};

        claim(lane, left);
        store(lane, &pad, lane->next_seq, NULL, left);
    }
    claim(lane, size);
    store(lane, &header, lane->next_seq, payload, size);
    /* Pairs with the acquire of head in lane_reader_init. */
    atomic_store_explicit(&lane->shared->head, lane->write_at, memory_order_release);
    atomic_store_explicit(&lane->shared->head_seq, lane->next_seq, memory_order_release);
    return lane->next_seq++;
}

void lane_reader_init(struct lane_reader *reader, struct lane *lane, bool from_start)
{
    struct lane_shared *shared = lane->shared;

    reader->lane = lane;
    if (from_start) {
        reader->read_at = atomic_load_explicit(&shared->gate[0], memory_order_acquire);
        reader->next_seq = atomic_load_explicit(&shared->gate_seq[0], memory_order_acquire) + 1;
        return;
    }
    /* Position and sequence are two stores: whoever sees the position of a newer record also sees
     * its claimed_seq, and reads again. */
    do {
        reader->next_seq = atomic_load_explicit(&shared->head_seq, memory_order_acquire) + 1;
        reader->read_at = atomic_load_explicit(&shared->head, memory_order_acquire);
    } while (reader->next_seq !=
             atomic_load_explicit(&shared->claimed_seq, memory_order_relaxed) + 1);
}

static enum lane_result overrun(struct lane_reader *reader, struct lane_record *header)
{
    lane_reader_init(reader, reader->lane, false);
    *header = (struct lane_record){.commit = reader->next_seq};
    return LANE_OVERRUN;
}

static bool overtaken(const struct lane_reader *reader)
{
    uint64_t claimed;

    /* Pairs with the release fence in claim. */
    atomic_thread_fence(memory_order_acquire);
    claimed = atomic_load_explicit(&reader->lane->shared->claimed, memory_order_relaxed);
    return claimed > reader->read_at + reader->lane->capacity;
}

enum lane_result lane_read(struct lane_reader *reader, struct lane_record *header, void *payload)
{
    for (;;) {
        struct lane_record *record = record_at(reader->lane, reader->read_at);
        /* Pairs with the release in store. */
        uint64_t commit = atomic_load_explicit(&record->commit, memory_order_acquire);

        if (commit != reader->next_seq)
            return overtaken(reader) ? overrun(reader, header) : LANE_EMPTY;
        header->length = record->length;
        header->kind = record->kind;
        header->version = record->version;
        header->at_ns = record->at_ns;
        header->cause = record->cause;
        atomic_store_explicit(&header->commit, commit, memory_order_relaxed);
        if (header->kind != LANE_PAD && header->length <= LANE_RECORD_MAX)
            memcpy(payload, record + 1, header->length);
        if (overtaken(reader))
            return overrun(reader, header);
        reader->read_at += header->kind == LANE_PAD ? to_end(reader->lane, reader->read_at)
                                                    : padded(header->length);
        if (header->kind != LANE_PAD) {
            reader->next_seq++;
            return LANE_RECORD;
        }
    }
}

void lane_gate_release(struct lane_reader *reader, uint32_t gate)
{
    struct lane_shared *shared = reader->lane->shared;

    assert(gate < reader->lane->gates);
    atomic_store_explicit(&shared->gate_seq[gate], reader->next_seq - 1, memory_order_relaxed);
    /* Pairs with the acquire in lowest_gate. */
    atomic_store_explicit(&shared->gate[gate], reader->read_at, memory_order_release);
}
