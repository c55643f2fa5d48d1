/* Single-producer single-consumer ring of variable-length messages.
 *
 * One contiguous power-of-two byte area; free-running 64-bit byte positions, so that full and
 * empty never look alike. A message is an 8-byte length word and its payload, padded to 8 bytes
 * and never straddling the end: a length word of RING_SKIP sends the reader to the start. The
 * producer reserves, fills in place, and publishes; the consumer peeks, uses in place, and
 * releases. Each side caches the other's position on its own 128-byte line, so an uncontended
 * operation touches one shared line at most.
 *
 * Threads: exactly one producer, exactly one consumer. Never blocks, never allocates: a full ring
 * answers NULL and nothing has changed. Cost: a few ns. Several messages may be written before one
 * publish (batch). Memory belongs to the caller and outlives the ring. */
#ifndef PITWALL_BASE_RING_H
#define PITWALL_BASE_RING_H

#include "base/assert.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CACHE_LINES_APART = 128 };
#define RING_SKIP UINT64_MAX

struct ring {
    alignas(CACHE_LINES_APART) _Atomic uint64_t tail; /* published by the producer */
    uint64_t write_at;                                /* producer: reserved up to here */
    uint64_t head_seen;                               /* producer: last head it read */
    alignas(CACHE_LINES_APART) _Atomic uint64_t head; /* released by the consumer */
    uint64_t read_at;                                 /* consumer: position of the peeked message */
    uint64_t tail_seen;                               /* consumer: last tail it read */
    uint64_t peeked;                                  /* consumer: bytes that release gives back */
    alignas(CACHE_LINES_APART) uint8_t *bytes;
    uint64_t capacity;
};

static inline uint64_t ring_padded(size_t length)
{
    return (uint64_t)sizeof(uint64_t) + (((uint64_t)length + 7) & ~7ULL);
}

/* `bytes` is 8-byte aligned and `capacity` a power of two of at least 64. */
static inline void ring_init(struct ring *ring, void *bytes, uint64_t capacity)
{
    assert(capacity >= 64 && (capacity & (capacity - 1)) == 0);
    assert(((uintptr_t)bytes & 7) == 0);
    *ring = (struct ring){.bytes = bytes, .capacity = capacity};
}

/* Producer. Room for `length` bytes, or NULL when the ring is full. A message may take at most
 * half the ring, so that a skip at the end can never make it impossible. */
static inline void *ring_reserve(struct ring *ring, size_t length)
{
    uint64_t need = ring_padded(length);
    uint64_t at = ring->write_at & (ring->capacity - 1);
    uint64_t to_end = ring->capacity - at;
    uint64_t skip = need > to_end ? to_end : 0;

    assert(need <= ring->capacity / 2);
    if (ring->write_at + skip + need - ring->head_seen > ring->capacity) {
        /* Pairs with the release in ring_release: the consumer is done with those bytes. */
        ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
        if (ring->write_at + skip + need - ring->head_seen > ring->capacity)
            return NULL;
    }
    if (skip != 0) {
        *(uint64_t *)(void *)(ring->bytes + at) = RING_SKIP;
        ring->write_at += skip;
        at = 0;
    }
    *(uint64_t *)(void *)(ring->bytes + at) = (uint64_t)length;
    ring->write_at += need;
    return ring->bytes + at + sizeof(uint64_t);
}

/* Producer. Makes everything reserved so far visible. */
static inline void ring_publish(struct ring *ring)
{
    /* Pairs with the acquire in ring_peek: publishes the messages written above. */
    atomic_store_explicit(&ring->tail, ring->write_at, memory_order_release);
}

/* Consumer. The oldest message and its length, or NULL when the ring is empty. The message stays
 * valid until ring_release. */
static inline void *ring_peek(struct ring *ring, size_t *length)
{
    uint64_t at;
    uint64_t word;

    if (ring->read_at == ring->tail_seen) {
        /* Pairs with the release in ring_publish. */
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (ring->read_at == ring->tail_seen)
            return NULL;
    }
    at = ring->read_at & (ring->capacity - 1);
    word = *(uint64_t *)(void *)(ring->bytes + at);
    if (word == RING_SKIP) {
        ring->read_at += ring->capacity - at;
        at = 0;
        word = *(uint64_t *)(void *)ring->bytes;
    }
    *length = (size_t)word;
    ring->peeked = ring_padded((size_t)word);
    return ring->bytes + at + sizeof(uint64_t);
}

/* Consumer. Gives the peeked message back. */
static inline void ring_release(struct ring *ring)
{
    ring->read_at += ring->peeked;
    ring->peeked = 0;
    /* Pairs with the acquire in ring_reserve: we no longer read those bytes. */
    atomic_store_explicit(&ring->head, ring->read_at, memory_order_release);
}

/* Any thread. Bytes waiting; a snapshot for metrics. */
static inline uint64_t ring_depth(struct ring *ring)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    return tail > head ? tail - head : 0;
}

/* Any thread. Position up to which the producer has published, and up to which the consumer has
 * consumed: a kill waits until the second has passed the first. */
static inline uint64_t ring_published(struct ring *ring)
{
    return atomic_load_explicit(&ring->tail, memory_order_acquire);
}

static inline uint64_t ring_consumed(struct ring *ring)
{
    return atomic_load_explicit(&ring->head, memory_order_acquire);
}

#endif
