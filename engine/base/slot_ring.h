/* Single-producer single-consumer ring of 64-byte slots: orders and executions, one at a time.
 *
 * A slot is one cache line, and its first byte belongs to the ring: the stamp of the lap in which
 * it was written. The consumer looks at the stamp of the slot where the next message will be, so
 * that a message crosses between two cores as one line; with the ring of base/ring.h, whose
 * consumer looks at an index, it takes two. Types that travel here have 64 bytes and keep the first
 * one free (`uint8_t lap`).
 *
 * Positions are free-running message counts, so that full and empty never look alike. Each side's
 * is also there for those who ask (a kill waits until what was published is consumed); the
 * producer reads the consumer's once a lap, when the ring looks full.
 *
 * Threads: exactly one producer, exactly one consumer. Never blocks, never allocates: a full ring
 * refuses and nothing has changed. Cost: 2 ns beside the line's way. Memory belongs to the caller
 * and outlives the ring. */
#ifndef PITWALL_BASE_SLOT_RING_H
#define PITWALL_BASE_SLOT_RING_H

#include "base/ring.h"

enum { SLOT_BYTES = 64 };

struct slot {
    _Atomic uint8_t lap;
    uint8_t rest[SLOT_BYTES - 1];
};

struct slot_ring {
    alignas(CACHE_LINES_APART) _Atomic uint64_t tail; /* pushed by the producer */
    uint64_t head_seen;                               /* producer: last head it read */
    alignas(CACHE_LINES_APART) _Atomic uint64_t head; /* released by the consumer */
    alignas(CACHE_LINES_APART) struct slot *slots;
    uint64_t capacity; /* slots, a power of two */
    uint32_t shift;    /* its logarithm */
};

/* Never 0, which is what fresh memory holds, and never that of the lap before. */
static inline uint8_t slot_ring_lap(const struct slot_ring *ring, uint64_t position)
{
    return (uint8_t)(position >> ring->shift | 0x80);
}

/* `bytes` is cache-line aligned and all zero; `size` a power of two of at least two slots. */
static inline void slot_ring_init(struct slot_ring *ring, void *bytes, uint64_t size)
{
    assert(size >= 2 * SLOT_BYTES && (size & (size - 1)) == 0);
    assert(((uintptr_t)bytes & (SLOT_BYTES - 1)) == 0);
    *ring = (struct slot_ring){.slots = bytes, .capacity = size / SLOT_BYTES};
    ring->shift = (uint32_t)__builtin_ctzll(ring->capacity);
}

/* Producer. The next slot, to be filled in place from its second byte on; NULL when the ring is
 * full. Until it is published the same slot is given again. */
static inline void *slot_ring_reserve(struct slot_ring *ring)
{
    uint64_t at = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    if (at - ring->head_seen == ring->capacity) {
        /* Pairs with the release in slot_ring_release: the consumer is done with that slot. */
        ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
        if (at - ring->head_seen == ring->capacity)
            return NULL;
    }
    return &ring->slots[at & (ring->capacity - 1)];
}

/* Producer. Makes the reserved slot visible. */
static inline void slot_ring_publish(struct slot_ring *ring)
{
    uint64_t at = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    /* The position first, so that nobody ever sees more consumed than published. */
    atomic_store_explicit(&ring->tail, at + 1, memory_order_relaxed);
    /* Pairs with the acquire in slot_ring_peek: publishes what was filled in, and the position. */
    atomic_store_explicit(&ring->slots[at & (ring->capacity - 1)].lap, slot_ring_lap(ring, at),
                          memory_order_release);
}

/* Consumer. The oldest message, or NULL when the ring is empty. Valid until slot_ring_release. */
static inline void *slot_ring_peek(struct slot_ring *ring)
{
    uint64_t at = atomic_load_explicit(&ring->head, memory_order_relaxed);
    struct slot *slot = &ring->slots[at & (ring->capacity - 1)];

    /* Pairs with the release in slot_ring_publish. */
    if (atomic_load_explicit(&slot->lap, memory_order_acquire) != slot_ring_lap(ring, at))
        return NULL;
    return slot;
}

/* Consumer. Gives the peeked message back. */
static inline void slot_ring_release(struct slot_ring *ring)
{
    uint64_t at = atomic_load_explicit(&ring->head, memory_order_relaxed);

    /* Pairs with the acquire in slot_ring_reserve: we no longer read that slot. */
    atomic_store_explicit(&ring->head, at + 1, memory_order_release);
}

/* Any thread. Position up to which the producer has published, and up to which the consumer has
 * consumed: a kill waits until the second has passed the first. */
static inline uint64_t slot_ring_published(struct slot_ring *ring)
{
    return atomic_load_explicit(&ring->tail, memory_order_acquire);
}

static inline uint64_t slot_ring_consumed(struct slot_ring *ring)
{
    return atomic_load_explicit(&ring->head, memory_order_acquire);
}

/* Any thread. Messages waiting; a snapshot for metrics. */
static inline uint64_t slot_ring_depth(struct slot_ring *ring)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    return tail > head ? tail - head : 0;
}

#endif
