/* What orders.c and cancels.c share. Gateway's thread. */
#ifndef PITWALL_GATEWAY_BYBIT_ORDERS_INSIDE_H
#define PITWALL_GATEWAY_BYBIT_ORDERS_INSIDE_H

#include "gateway/bybit/inside.h"
#include "gateway/bybit/outcome.h"

struct bybit_answer {
    enum order_message_kind kind;
    uint64_t order_id;
    uint32_t amend_no;
    enum bybit_class class;
    int64_t code, reset_ms, received_ns;
    const char *says;
};

/* Does what the answer leads to (outcome.h). */
void bybit_orders_answer(struct bybit *bybit, const struct bybit_answer *answer);
/* Below the message, above the bytes: the kill page has been read. False: no byte left. */
bool bybit_orders_transmit(struct bybit *bybit, const struct bybit_known *known,
                           const struct order_message *message, int64_t stamp_ns);
/* A row for an order that the engine names first. NULL: no room, or an order of others that is not
 * there. */
struct bybit_known *bybit_orders_adopt(struct bybit *bybit, const struct order_message *message);

/* When a limit that the venue told of ends: monotonic, within reason. */
int64_t bybit_reset_ns(const struct bybit *bybit, int64_t reset_ms);
/* True: it stands on the list. */
bool bybit_cancel_list(struct bybit *bybit, struct bybit_known *known, int64_t due_ns);
/* It was not done: once more, or when it was tried often, the engine is to ask. */
void bybit_cancel_again(struct bybit *bybit, struct bybit_known *known,
                        const struct bybit_answer *answer);
/* A message of the engine. */
void bybit_cancel_take(struct bybit *bybit, const struct order_message *message);
void bybit_cancels_send(struct bybit *bybit);
void bybit_sweep(struct bybit *bybit);
/* `whole`: what the frame's own code says. */
void bybit_batch_reply(struct bybit *bybit, uint64_t number, const json_t *frame,
                       struct bybit_answer whole);
void bybit_batches_broken(struct bybit *bybit, uint64_t epoch);

#endif
