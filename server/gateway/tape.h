/* The tape: the newest public trades of one instrument, for people to read.
 *
 * The gateway that passes a trade on to the engine notes it here; the newest takes the place of the
 * oldest, and nobody waits for a reader. Trades are numbered from 1 on since the start, so that a
 * reader sees how many came and which are no longer held. A slot carries the number of its trade,
 * and none while it is being written: who reads it meanwhile leaves it out.
 *
 * Threads: one writer, the gateway's; any number of readers. Never blocks, never allocates; memory
 * that is all zero is an empty tape. Cost of a trade: a few ns. */
#ifndef PITWALL_GATEWAY_TAPE_H
#define PITWALL_GATEWAY_TAPE_H

#include "engine.h"

enum { TAPE_TRADES = 128 };

struct tape_trade {
    uint64_t number;     /* the how manieth since the start */
    int64_t received_ns; /* our clock */
    int64_t venue_ns;    /* the venue's clock; 0: not given */
    int64_t price_ticks, qty_lots;
    int64_t id; /* the venue's, or a hash of it where that is no number */
    enum side taker;
};

struct tape {
    _Atomic uint64_t count;
    struct tape_slot {
        _Atomic uint64_t number; /* 0: being written */
        _Atomic int64_t received_ns, venue_ns, price_ticks, qty_lots, id;
        _Atomic int taker;
    } slot[TAPE_TRADES];
};

/* Gateway's thread. Of any update; only trades are noted. */
void tape_note(struct tape *tape, const struct market_update *update);

/* Any thread. The newest trades, newest first, at most `most`; returns how many. */
uint32_t tape_read(const struct tape *tape, struct tape_trade *trades, uint32_t most);

#endif
