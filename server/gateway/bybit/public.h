/* The public side of the gateway: market.h's updates onto the engine's ring.
 *
 * An update for which the ring has no room is gone, so its book is given up: LOST and a fresh
 * snapshot, as soon as the ring has room again. The engine has no input for the venue's mark yet.
 * Gateway's thread. */
#ifndef PITWALL_GATEWAY_BYBIT_PUBLIC_H
#define PITWALL_GATEWAY_BYBIT_PUBLIC_H

#include "gateway/bybit/market.h"
#include "gateway/bybit/record_thread.h"

struct bybit;
struct bybit_public {
    struct bybit_market *market;      /* NULL: none, a test */
    struct record_thread *record;     /* NULL: not recorded */
    bool overflowed[MAX_INSTRUMENTS]; /* by symbol */
    bool any_overflowed;
    uint64_t connects, first_connects; /* of it that base.connects has */
};

enum status bybit_public_open(struct bybit *bybit, struct err *err);
void bybit_public_close(struct bybit *bybit);
void bybit_public_turn(struct bybit *bybit);
/* READY when there is none. */
enum gateway_state bybit_public_state(const struct bybit *bybit);

#endif
