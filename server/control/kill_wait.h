/* Kill, the part that acts: set the page, then wait until nothing of the scope can leave any more.
 *
 * Nothing here allocates, locks, logs or touches a file. After the word and the doorbell are
 * written, three answers are awaited, all on the page or the order rings:
 *   engine   engine_seen has reached our doorbell: no new order enters a ring
 *   gateway  seen has reached our doorbell: each order looked at from now on finds the word
 *   ring     consumed has passed block_at: what was in the ring has been looked at
 * Spins about 20 us, then sleeps in steps of 20 us: a parked engine answers in 100 us. An engine
 * that is silent for 10 ms is reported; the gateways, which read the page themselves, are awaited
 * as long again, and then told to cancel at the venue what the engine does not.
 *
 * Any thread, any number at once. */
#ifndef PITWALL_CONTROL_KILL_WAIT_H
#define PITWALL_CONTROL_KILL_WAIT_H

#include "engine.h"

#define KILL_DEADLINE_NS 10000000LL

struct kill_target {
    struct kill_page *page;
    struct ring *const *order_rings; /* by gateway */
    uint16_t gateways;
    uint16_t scope;
    int64_t patience_ns; /* for the engine, and as long again for the gateways */
};

struct kill_result {
    uint64_t incident;
    uint64_t doorbell; /* what the answers are compared with */
    bool engine_answered;
    bool gateways_answered;
    int64_t block_ns;        /* real clock, by the engine; 0: it did not answer */
    uint64_t last_order_seq; /* of the engine's answer */
};

struct kill_result kill_and_wait(const struct kill_target *target);

#endif
