/* The kill page: the one thing in the engine that does not queue behind anything.
 *
 * A word per configured scope holds the generation of the newest kill of that scope; `cleared`
 * holds the generation that a resume has cleared. A scope is killed while word > cleared. A kill
 * draws a ticket, raises the word to it, then rings the doorbell; so a doorbell that has been seen
 * always finds the word. Generations only rise.
 *
 * Who writes: word, ticket, doorbell and sweep any thread, and the signal handler (lock-free).
 * `cleared`
 * and the engine's answer the engine thread; a gateway's answer that gateway's thread. Who reads:
 * everybody. The page needs no lock, no allocation, no call. */
#ifndef PITWALL_DOMAIN_KILL_PAGE_H
#define PITWALL_DOMAIN_KILL_PAGE_H

#include "base/ring.h"
#include "domain/scope.h"

struct kill_page {
    alignas(CACHE_LINES_APART) _Atomic uint64_t ticket;
    _Atomic uint64_t doorbell;
    alignas(CACHE_LINES_APART) _Atomic uint64_t word[MAX_SCOPES];
    alignas(CACHE_LINES_APART) _Atomic uint64_t cleared[MAX_SCOPES];
    /* Engine: the doorbell whose scopes it has blocked, when (real clock), behind which order. */
    alignas(CACHE_LINES_APART) _Atomic uint64_t engine_seen;
    _Atomic int64_t engine_seen_ns;
    _Atomic uint64_t last_order_seq;
    _Atomic uint64_t
        block_at[MAX_GATEWAYS]; /* published position of each order ring at the block */
    /* Rises when the gateways themselves are to cancel, at the venue, all of ours that is killed:
     * the engine is silent, or the program leaves because it does not trust itself. */
    alignas(CACHE_LINES_APART) _Atomic uint64_t sweep;
    /* Gateways: the doorbell read before the latest order was looked at; the sweep that is done. */
    struct {
        alignas(CACHE_LINES_APART) _Atomic uint64_t seen;
        _Atomic uint64_t swept;
    } gateway[MAX_GATEWAYS];
};

/* Brings a word up to a value, never down. Any thread, async-signal-safe. */
static inline void kill_page_raise(_Atomic uint64_t *word, uint64_t value)
{
    uint64_t seen = atomic_load(word);

    while (seen < value && !atomic_compare_exchange_weak(word, &seen, value))
        ;
}

/* Sets the kill of a scope and rings. Returns its generation. Any thread, async-signal-safe.
 *
 * It always raises the word itself. One that another kill overtakes between its ticket and the word
 * draws again (so that other one got through: this ends): had it left no trace, a resume that was
 * proposed before it would still pass, although its person has been told "blocked". */
static inline uint64_t kill_page_set(struct kill_page *page, uint16_t scope)
{
    uint64_t generation;
    uint64_t seen;

    do {
        generation = atomic_fetch_add(&page->ticket, 1) + 1;
        seen = atomic_load(&page->word[scope]);
        while (seen < generation &&
               !atomic_compare_exchange_weak(&page->word[scope], &seen, generation))
            ;
        kill_page_raise(&page->ticket, seen); /* or drawing up to it could take for ever */
    } while (seen >= generation);
    /* Pairs with the acquire in kill_page_doorbell: the word is there before the bell. */
    atomic_fetch_add(&page->doorbell, 1);
    return generation;
}

/* Asks the gateways to cancel for themselves. Returns what `swept` reaches when one has. Any
 * thread, async-signal-safe. */
static inline uint64_t kill_page_sweep(struct kill_page *page)
{
    return atomic_fetch_add(&page->sweep, 1) + 1;
}

static inline uint64_t kill_page_doorbell(struct kill_page *page)
{
    return atomic_load_explicit(&page->doorbell, memory_order_acquire);
}

static inline bool kill_page_is_killed(struct kill_page *page, uint16_t scope)
{
    return atomic_load_explicit(&page->word[scope], memory_order_acquire) >
           atomic_load_explicit(&page->cleared[scope], memory_order_acquire);
}

/* Gateway: read before each new order's bytes, after the order was taken off the ring. */
static inline bool kill_page_blocks(struct kill_page *page, struct order_scopes scopes)
{
    return kill_page_is_killed(page, scopes.firm) || kill_page_is_killed(page, scopes.venue) ||
           kill_page_is_killed(page, scopes.strategy) ||
           kill_page_is_killed(page, scopes.instrument);
}

#endif
