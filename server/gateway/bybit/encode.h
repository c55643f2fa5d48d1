/* Orders as Bybit's trade socket and REST take them.
 *
 * Fixed pieces are copied, and what differs is written between them: no format strings, no
 * allocation. Prices and quantities are exact decimals of ticks and lots. A client order id
 * (orderLinkId) is the text of our id, so that an order is attributed to its instance and start.
 * Any thread; below a microsecond.
 *
 * A market order has left the engine as an IOC limit order already. Source: Bybit's v5 pages
 * "Websocket Trade Guideline", "Place Order", "Amend Order", "Cancel Order", "Batch Cancel Order".
 */
#ifndef PITWALL_GATEWAY_BYBIT_ENCODE_H
#define PITWALL_GATEWAY_BYBIT_ENCODE_H

#include "gateway/bybit/symbol.h"

enum { BYBIT_ORDER_MAX = 768, BYBIT_BATCH_BYTES_MAX = 4096 };
enum { BYBIT_BATCH_MAX = 20, BYBIT_BATCH_SPOT_MAX = 10 }; /* orders, at the venue */

struct bybit_stamp {
    uint64_t request; /* reqId of the frame, printed in decimal; never repeated */
    int64_t timestamp_ms, recv_window_ms;
};

/* The frame of a new order, an amend or a cancel; the length, closed by NUL. `out` has
 * BYBIT_ORDER_MAX bytes. venue_id: the venue's own id, of an order that is not ours; else NULL. */
size_t bybit_encode_frame(char *out, const struct bybit_symbol *symbol,
                          const struct order_message *message, const char *venue_id,
                          struct bybit_stamp stamp);
/* The same order as the body of a REST request. */
size_t bybit_encode_body(char *out, const struct bybit_symbol *symbol,
                         const struct order_message *message, const char *venue_id);
/* The frame of several cancels at once; the length, closed by NUL. `out` has BYBIT_BATCH_BYTES_MAX
 * bytes. */
struct bybit_cancelled {
    const char *symbol;
    uint64_t order_id;
};
size_t bybit_encode_cancels(char *out, bool is_spot, const struct bybit_cancelled *row,
                            uint32_t count, struct bybit_stamp stamp);
/* "/v5/order/create" and its kin. */
const char *bybit_order_path(enum order_message_kind kind);

#endif
