/* A lane: an append-only sequence of records in reused memory, one writer, several readers.
 *
 * It is at once the event ring and the hot part of the journal: the memory is a shared mapping in
 * the data directory (or on tmpfs), so that what was committed before a SIGKILL is there
 * afterwards. Positions are free-running 64-bit byte offsets; a record lies at position modulo
 * capacity and never straddles the end (a record of kind LANE_PAD fills up).
 *
 * Commit protocol. The commit word of a record is its sequence number. The writer stores payload
 * and header, zeroes the commit word of the place where the *next* record will begin, and then
 * stores its own commit word with release. A reader that has seen record n looks only at the place
 * where n+1 begins: there it finds 0 (not yet) or n+1 (committed), never what an earlier lap left.
 *
 * Readers that gate (persister, audit) are never overtaken: lane_room() counts them, and the
 * engine stops new orders long before it is used up. All other readers may be overtaken, and are
 * then told so (LANE_OVERRUN), never given torn bytes.
 *
 * Threads: one writer; each reader is used by one thread. No system call, no lock. Append costs
 * tens of ns. Memory belongs to the caller. */
#ifndef PITWALL_BASE_LANE_H
#define PITWALL_BASE_LANE_H

#include "base/assert.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LANE_PAD = 0, LANE_GATES_MAX = 4, LANE_RECORD_MAX = 16384 };

/* 32 bytes, little endian, written to disk as it is (CRC and chain are added behind it). */
struct lane_record {
    _Atomic uint64_t commit; /* the record's sequence, from 1; 0: nothing here yet */
    uint32_t length;         /* payload bytes, unpadded */
    uint16_t kind;
    uint16_t version;
    int64_t at_ns;
    uint64_t cause; /* command id or input sequence that led to it; 0: none */
};

/* Lives at the start of the mapping, so that a restart finds it. */
struct lane_shared {
    uint64_t magic;
    uint64_t capacity;
    alignas(64) _Atomic uint64_t claimed; /* the writer may be storing up to this position */
    _Atomic uint64_t claimed_seq;         /* the record being stored, or the newest one */
    alignas(64) _Atomic uint64_t head;    /* all before it is committed */
    _Atomic uint64_t head_seq;            /* sequence of the last committed record */
    _Atomic uint32_t suspect; /* the persister: what is said here may not reach the disk */
    alignas(64) _Atomic uint64_t gate[LANE_GATES_MAX]; /* positions that must not be overtaken */
    _Atomic uint64_t gate_seq[LANE_GATES_MAX];         /* sequence done at that position */
};

struct lane {
    struct lane_shared *shared;
    uint8_t *bytes;
    uint64_t capacity;
    uint64_t write_at;   /* writer only */
    uint64_t next_seq;   /* writer only */
    uint64_t gates_seen; /* writer only: cached lowest gate */
    uint32_t gates;      /* how many of shared->gate are in use */
};

struct lane_reader {
    struct lane *lane;
    uint64_t read_at;
    uint64_t next_seq;
};

enum lane_result { LANE_EMPTY, LANE_RECORD, LANE_OVERRUN };

#define LANE_MAGIC 0x314e414c5750ULL /* "PWLAN1" */

/* `bytes` has `capacity` bytes (power of two, at least 4 * LANE_RECORD_MAX) that are all zero when
 * the lane is new. Starts after sequence `last_seq` at position 0. Writer thread, before start. */
void lane_init(struct lane *lane, struct lane_shared *shared, void *bytes, uint64_t capacity,
               uint32_t gates, uint64_t last_seq);

/* Writer. Bytes that can be appended before a gating reader would be overtaken. */
uint64_t lane_room(struct lane *lane);

/* Writer. Whether there is so much; gates only move on, so the last look at them will mostly do. */
static inline bool lane_has_room(struct lane *lane, uint64_t bytes)
{
    uint64_t used = lane->write_at - lane->gates_seen;

    return used + bytes + 2 * (uint64_t)LANE_RECORD_MAX <= lane->capacity ||
           lane_room(lane) >= bytes;
}

/* Any thread. Storage has failed: no new order may be sent on its word. */
static inline void lane_distrust(struct lane *lane)
{
    atomic_store_explicit(&lane->shared->suspect, 1, memory_order_relaxed);
}

/* Any thread. It takes all again. */
static inline void lane_trust(struct lane *lane)
{
    atomic_store_explicit(&lane->shared->suspect, 0, memory_order_relaxed);
}

static inline bool lane_is_suspect(const struct lane *lane)
{
    return atomic_load_explicit(&lane->shared->suspect, memory_order_relaxed) != 0;
}

/* Writer. Appends one record and publishes it; returns its sequence. The caller has checked
 * lane_room (asserted here: an overtaken persister would be silent loss). */
uint64_t lane_append(struct lane *lane, uint16_t kind, int64_t at_ns, uint64_t cause,
                     const void *payload, uint32_t length);

/* Any thread. Sequence of the newest committed record. */
static inline uint64_t lane_head_seq(const struct lane *lane)
{
    return atomic_load_explicit(&lane->shared->head_seq, memory_order_acquire);
}

/* Any thread. Up to where a gate's reader needs nothing more. */
static inline uint64_t lane_taken_seq(const struct lane *lane, int gate)
{
    return atomic_load_explicit(&lane->shared->gate_seq[gate], memory_order_acquire);
}

/* Any thread. Records that a gate's reader still needs. It is read before the head, which it is
 * never ahead of: what is committed meanwhile may count. */
static inline uint64_t lane_waiting(const struct lane *lane, int gate)
{
    uint64_t taken = lane_taken_seq(lane, gate), head = lane_head_seq(lane);

    return head > taken ? head - taken : 0;
}

/* Reader. Starts behind the newest record (from_start false) or at the oldest position that gate 0
 * still holds (from_start true; only meaningful before the writer has lapped). */
void lane_reader_init(struct lane_reader *reader, struct lane *lane, bool from_start);

/* Reader. Copies the next record's header into *header and its payload into `payload` (which has
 * LANE_RECORD_MAX bytes). LANE_OVERRUN: records were lost to this reader; it now stands behind the
 * newest record and header->commit holds the first sequence that it will see next. */
enum lane_result lane_read(struct lane_reader *reader, struct lane_record *header, void *payload);

/* Gating reader. Says that everything before its present position is done with. */
void lane_gate_release(struct lane_reader *reader, uint32_t gate);

#endif
