/* The order of one instrument's book frames, from one connection or two in standby, turned into
 * what the engine's book accepts: a snapshot, and deltas that each follow the one before.
 *
 * Rules of the venue: `u` of a delta is that of the frame before plus one; a snapshot replaces the
 * book at any time; u = 1 means that the service has restarted, and is a snapshot whatever its
 * type; the same u again (level 1 in silence) says nothing new. `seq` rises with time and tells an
 * old frame of a slower connection from a restart.
 *
 * Each connection has a chain of its own; what arrives first goes out, whichever brought it. A
 * break of one chain is a loss of the book only when the other does not carry it on. Plain
 * arithmetic; one thread. */
#ifndef PITWALL_GATEWAY_BYBIT_CHAIN_H
#define PITWALL_GATEWAY_BYBIT_CHAIN_H

#include "gateway/bybit/decode.h"

enum { CHAIN_LINKS = 2 };

struct bybit_chain {
    bool fresh;             /* what went out makes a book */
    bool moved;             /* what went out last: the venue's own clock or count had moved on */
    int64_t u, seq, cts_ms; /* of the frame that went out last */
    struct {
        bool whole; /* since its last snapshot */
        int64_t u;
    } link[CHAIN_LINKS];
    uint64_t gaps, copies, repeats, resets;
};

enum chain_step {
    CHAIN_OUT,     /* goes out: *update has kind and ids */
    CHAIN_COPY,    /* nothing new */
    CHAIN_WAITING, /* for a snapshot on this connection */
    CHAIN_BROKEN,  /* this connection needs a snapshot; the other carries on */
    CHAIN_LOST,    /* and so does the book */
};

/* A frame of kind BYBIT_SNAPSHOT or BYBIT_DELTA. */
enum chain_step bybit_chain_take(struct bybit_chain *chain, uint32_t link,
                                 const struct bybit_frame *frame, struct market_update *update);
/* This connection has ended, or lost a frame. True: the book is lost with it. */
bool bybit_chain_cut(struct bybit_chain *chain, uint32_t link);
/* The book is not to be trusted any more, whatever the connections bring. True: it was. */
bool bybit_chain_drop(struct bybit_chain *chain);

#endif
