/* The drop copy: the venue's own list of our executions, so that people can hold each of them
 * against what we have booked.
 *
 * The gateway notes an execution once, when the venue's list has it (a simulated venue: when it
 * happens); the newest of all instruments are held. One that gives way leaves the venue's time
 * behind, so that a reader knows from when on what he does not find is not there. That the list is
 * whole up to a time is told apart from it: gateway_tally.
 *
 * A slot carries the number of its execution, and none while it is being written: who reads it
 * meanwhile leaves it out, and finds the time that was left behind.
 *
 * Threads: one writer, the gateway's; any number of readers. Never blocks, never allocates; memory
 * that is all zero is an empty one. Cost of a note: some ten ns. */
#ifndef PITWALL_GATEWAY_DROPCOPY_H
#define PITWALL_GATEWAY_DROPCOPY_H

#include "engine.h"

enum { DROPCOPY_FILLS = 4096 };

/* As `struct execution` has them. */
struct dropcopy_fill {
    uint64_t exec_id;
    uint64_t order_id; /* 0: of no order that we know */
    int64_t price_ticks, qty_lots;
    int64_t fee_e8;   /* settlement currency */
    int64_t venue_ns; /* the venue's clock */
    int64_t noted_ns; /* the engine's clock, when the venue told it */
    uint16_t instrument;
    uint8_t side;
    uint8_t reserved[5];
};

enum { DROPCOPY_WORDS = sizeof(struct dropcopy_fill) / sizeof(int64_t) };

struct dropcopy {
    _Atomic uint64_t count;
    _Atomic int64_t forgotten_ns[MAX_INSTRUMENTS];
    struct dropcopy_slot {
        _Atomic uint64_t number; /* 0: being written */
        _Atomic int64_t word[DROPCOPY_WORDS];
    } slot[DROPCOPY_FILLS];
};

/* Gateway's thread. */
void dropcopy_note(struct dropcopy *copy, const struct dropcopy_fill *fill);

/* Any thread. Those of one instrument that are held, the newest noted first; returns how many, at
 * most DROPCOPY_FILLS. *forgotten_ns: none is missing that the venue has later than that; 0: none
 * is missing. */
uint32_t dropcopy_read(const struct dropcopy *copy, uint16_t instrument,
                       struct dropcopy_fill fills[DROPCOPY_FILLS], int64_t *forgotten_ns);

#endif
