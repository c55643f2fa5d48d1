/* Executions that the simulated venue made and that the engine never heard of.
 *
 * The venue runs in our process: a kill takes it down between a trade and its report. Its ledger
 * has the trade all the same, written before the report left. So a start asks the ledger, as it
 * would ask a real venue after a reconnect: which fills were there of orders that may be alive?
 * Those that are not known yet are owed, and the gateway delivers them before anything else.
 *
 * Only the last OWED_REACH bytes are read. That is more than the way from the venue to the engine
 * holds, and too little for more fills than the engine remembers the ids of, so none comes twice.
 * Main thread, before the start; some ms, and memory of what is found. */
#ifndef PITWALL_GATEWAY_SIMULATED_OWED_H
#define PITWALL_GATEWAY_SIMULATED_OWED_H

#include "engine.h"

enum { OWED_REACH = 3 << 20 };

/* Whether that execution of that order is news; then *fill has instrument and strategy of the order
 * and nothing else. */
typedef bool (*owed_fn)(void *ctx, uint64_t order_id, uint64_t exec_id, struct execution *fill);

struct owed {
    struct execution *fill; /* in the order of the ledger; the caller frees it */
    uint32_t count;
};

/* No file: nothing is owed. A line that is none of a ledger's is passed over, and counted in the
 * log. */
enum status owed_read(struct owed *owed, const char *path, const struct instrument *rows,
                      owed_fn is_news, void *ctx, struct err *err);

#endif
