/* Orders on their way out, and what the venue answers to them.
 *
 * The order ring is emptied each turn, unless the engine's own ring is full. A message is stamped,
 * then the kill page is read, then its bytes leave on the trade socket. What is under way is
 * remembered by its reqId; reqIds never repeat. The answer's code decides (outcome.h); "taken" says
 * only that, and the private stream tells the rest. When a connection breaks, all that is under
 * way on it is TIMEOUT: not known. Nothing is ever sent again by itself but cancels.
 *
 * New orders and amends are refused, unsent, when the gateway is not READY or their share of
 * the budget (pace.h) is used up. Cancels wait for their turn on a list, are sent before anything
 * else, again when they were limited, void or unsent (after 100 ms, twice as long each time, up to
 * 2 s, and as soon as the trade socket stands), and by REST while the trade socket is down; a
 * cancel ends with its order. A sweep puts every order of ours that is killed on that list.
 *
 * Two or more cancels that are due go in one batch: a single frame, answered by a code for each.
 * Its orders are counted apart from single ones, as the venue does, so that a sweep has both
 * budgets. A batch without an answer is as many unknown cancels; one that was refused as a whole
 * has them sent one by one for a minute.
 *
 * Time-outs of answers are the engine's. Gateway's thread; encoding and sending one is some us. */
#ifndef PITWALL_GATEWAY_BYBIT_ORDERS_H
#define PITWALL_GATEWAY_BYBIT_ORDERS_H

#include "gateway/bybit/encode.h"
#include "gateway/bybit/pace.h"

#include <jansson.h>

enum { BYBIT_REQUESTS_MAX = 1024, BYBIT_CANCELS_MAX = 4096, BYBIT_TURN_MAX = 64 };
enum { BYBIT_BATCHES_MAX = 64 };

struct bybit;
struct bybit_request {
    uint64_t number; /* reqId; 0: free */
    uint64_t order_id, epoch;
    uint32_t amend_no;
    uint8_t kind;
};
struct bybit_cancel {
    uint64_t order_id;
    int64_t due_ns;
    bool is_unsent; /* its last try did not leave: it goes as soon as there is a way */
};
struct bybit_batch {
    uint64_t number; /* reqId; 0: free */
    uint64_t epoch;
    uint32_t count;
    uint64_t order_id[BYBIT_BATCH_MAX];
};
struct bybit_orders {
    uint64_t number; /* the newest reqId */
    struct bybit_request request[BYBIT_REQUESTS_MAX];
    uint32_t cancel_count;
    struct bybit_cancel cancel[BYBIT_CANCELS_MAX];
    uint32_t batches; /* that were sent */
    struct bybit_batch batch[BYBIT_BATCHES_MAX];
    struct bybit_pace batch_pace; /* orders in batches */
    int64_t batch_due_ns;         /* monotonic; until then there are none */
    uint64_t sweep;               /* the newest that was put on the list */
    bool has_no_way;              /* cancels do not leave; said once */
};

void bybit_orders_init(struct bybit *bybit);
/* Returns how many messages it moved. */
uint32_t bybit_orders_turn(struct bybit *bybit);
/* A frame of the trade socket with a reqId. */
void bybit_orders_reply(struct bybit *bybit, const json_t *frame, int64_t received_ns);
/* The trade socket stands: what could not leave goes now. */
void bybit_orders_way(struct bybit *bybit);
/* The connection of that epoch is gone. */
void bybit_orders_broken(struct bybit *bybit, uint64_t epoch);

#endif
