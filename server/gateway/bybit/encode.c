#include "gateway/bybit/encode.h"

#include <string.h>

#define PUT(at, literal) put((at), (literal), sizeof(literal) - 1)

static char *put(char *at, const char *text, size_t length)
{
    memcpy(at, text, length);
    return at + length;
}

static char *put_whole(char *at, int64_t value)
{
    return at + decimal_print(at, value, 0, false);
}

static char *put_steps(char *at, int64_t steps, int64_t step_units, uint32_t decimals)
{
    int64_t units;

    if (__builtin_mul_overflow(steps, step_units, &units))
        panic(__FILE__, __LINE__, "an order within bounds has a price and a quantity that fit");
    return at + decimal_print(at, units, decimals, true);
}

static char *put_qty_price(char *at, const struct bybit_symbol *symbol,
                           const struct order_message *message)
{
    at = PUT(at, ",\"qty\":\"");
    at = put_steps(at, message->qty_lots, symbol->row->lot_units, symbol->row->qty_decimals);
    at = PUT(at, "\",\"price\":\"");
    at = put_steps(at, message->price_ticks, symbol->row->tick_units, symbol->row->price_decimals);
    return PUT(at, "\"");
}

static char *put_tif(char *at, const struct order_message *message)
{
    if (message->flags & ORDER_POST_ONLY)
        return PUT(at, ",\"timeInForce\":\"PostOnly\"");
    switch ((enum tif)message->tif) {
    case TIF_IOC:
        return PUT(at, ",\"timeInForce\":\"IOC\"");
    case TIF_FOK:
        return PUT(at, ",\"timeInForce\":\"FOK\"");
    case TIF_GTC:
        break;
    }
    return PUT(at, ",\"timeInForce\":\"GTC\"");
}

static char *put_new(char *at, const struct bybit_symbol *symbol,
                     const struct order_message *message)
{
    at = message->side == SIDE_BUY ? PUT(at, ",\"side\":\"Buy\"") : PUT(at, ",\"side\":\"Sell\"");
    at = PUT(at, ",\"orderType\":\"Limit\"");
    at = put_qty_price(at, symbol, message);
    at = put_tif(at, message);
    if (!symbol->is_spot) {
        at = PUT(at, ",\"positionIdx\":0");
        if (message->flags & ORDER_REDUCE_ONLY)
            at = PUT(at, ",\"reduceOnly\":true");
    }
    return at;
}

static char *put_id(char *at, const struct order_message *message, const char *venue_id)
{
    if (venue_id) {
        at = PUT(at, ",\"orderId\":\"");
        at = put(at, venue_id, strlen(venue_id));
    } else {
        at = PUT(at, ",\"orderLinkId\":\"");
        order_id_print(at, message->order_id);
        at += strlen(at);
    }
    return PUT(at, "\"}");
}

static char *put_args(char *at, const struct bybit_symbol *symbol,
                      const struct order_message *message, const char *venue_id)
{
    assert(message->kind != ORDER_MESSAGE_QUERY);
    at = PUT(at, "{");
    at = put(at, symbol->args, symbol->args_length);
    if (message->kind == ORDER_MESSAGE_NEW)
        at = put_new(at, symbol, message);
    else if (message->kind == ORDER_MESSAGE_AMEND)
        at = put_qty_price(at, symbol, message);
    return put_id(at, message, venue_id);
}

static char *put_op(char *at, enum order_message_kind kind)
{
    switch (kind) {
    case ORDER_MESSAGE_NEW:
        return PUT(at, "order.create");
    case ORDER_MESSAGE_AMEND:
        return PUT(at, "order.amend");
    case ORDER_MESSAGE_CANCEL:
    case ORDER_MESSAGE_QUERY:
        break;
    }
    return PUT(at, "order.cancel");
}

static char *put_head(char *at, struct bybit_stamp stamp)
{
    at = PUT(at, "{\"reqId\":\"");
    at = put_whole(at, (int64_t)stamp.request);
    at = PUT(at, "\",\"header\":{\"X-BAPI-TIMESTAMP\":\"");
    at = put_whole(at, stamp.timestamp_ms);
    at = PUT(at, "\",\"X-BAPI-RECV-WINDOW\":\"");
    at = put_whole(at, stamp.recv_window_ms);
    return PUT(at, "\"},\"op\":\"");
}

size_t bybit_encode_frame(char *out, const struct bybit_symbol *symbol,
                          const struct order_message *message, const char *venue_id,
                          struct bybit_stamp stamp)
{
    char *at = put_head(out, stamp);

    at = put_op(at, (enum order_message_kind)message->kind);
    at = PUT(at, "\",\"args\":[");
    at = put_args(at, symbol, message, venue_id);
    at = PUT(at, "]}");
    *at = '\0';
    assert(at - out < BYBIT_ORDER_MAX);
    return (size_t)(at - out);
}

size_t bybit_encode_cancels(char *out, bool is_spot, const struct bybit_cancelled *row,
                            uint32_t count, struct bybit_stamp stamp)
{
    char *at = put_head(out, stamp);

    assert(count > 0 && count <= BYBIT_BATCH_MAX);
    at = PUT(at, "order.cancel-batch\",\"args\":[{\"category\":\"");
    at = is_spot ? PUT(at, "spot") : PUT(at, "linear");
    at = PUT(at, "\",\"request\":[");
    for (uint32_t row_at = 0; row_at < count; row_at++) {
        at = row_at == 0 ? PUT(at, "{\"symbol\":\"") : PUT(at, ",{\"symbol\":\"");
        at = put(at, row[row_at].symbol, strlen(row[row_at].symbol));
        at = PUT(at, "\",\"orderLinkId\":\"");
        order_id_print(at, row[row_at].order_id);
        at += strlen(at);
        at = PUT(at, "\"}");
    }
    at = PUT(at, "]}]}");
    *at = '\0';
    assert(at - out < BYBIT_BATCH_BYTES_MAX);
    return (size_t)(at - out);
}

size_t bybit_encode_body(char *out, const struct bybit_symbol *symbol,
                         const struct order_message *message, const char *venue_id)
{
    char *at = put_args(out, symbol, message, venue_id);

    *at = '\0';
    assert(at - out < BYBIT_ORDER_MAX);
    return (size_t)(at - out);
}

const char *bybit_order_path(enum order_message_kind kind)
{
    switch (kind) {
    case ORDER_MESSAGE_NEW:
        return "/v5/order/create";
    case ORDER_MESSAGE_AMEND:
        return "/v5/order/amend";
    case ORDER_MESSAGE_CANCEL:
    case ORDER_MESSAGE_QUERY:
        break;
    }
    return "/v5/order/cancel";
}
