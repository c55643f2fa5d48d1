/* Batches: each order by itself, two lists side by side in the answer. */
#include "venue/bybit/inside.h"

#include <inttypes.h>
#include <string.h>

enum { BATCH_LINEAR_MAX = 20, BATCH_SPOT_MAX = 10 };

/* One order of the batch; its ids and code go to the lists. */
static void serve_one(struct call *batch, json_t *item, void (*serve)(struct call *call),
                      bool creates)
{
    char rooms[2][64];
    char id[WIRE_ID_MAX];
    struct text unused = {0};
    struct text unused_ext = {0};
    struct call call = *batch;
    const struct venue_order *order;

    call.args = item;
    call.code = 0;
    call.message = "OK";
    call.order_no = 0;
    call.result = &unused;
    call.ext = &unused_ext;
    json_object_set_new(item, "category", json_string(category_name(batch->category)));
    serve(&call);
    if (call.message == call.message_text) {
        strcpy(batch->message_text, call.message_text);
        call.message = batch->message_text;
    }
    order = call.order_no ? venue_order(batch->bybit->venue, call.order_no) : NULL;
    text_put(batch->result, "{\"category\":\"%s\",\"symbol\":", category_name(batch->category));
    text_json(batch->result, arg_text(&call, "symbol", rooms[0]));
    text_put(batch->result, ",\"orderId\":\"%s\",\"orderLinkId\":",
             order ? order_id_text(batch->bybit, id, order) : "");
    text_json(batch->result, arg_text(&call, "orderLinkId", rooms[1]));
    if (creates && call.code == 0)
        text_put(batch->result, ",\"createAt\":\"%" PRId64 "\"",
                 wire_ms(batch->bybit, batch->now_ns));
    else if (creates)
        text_put(batch->result, ",\"createAt\":\"\"");
    text_put(batch->result, "}");
    text_put(batch->ext, "{\"code\":%d,\"msg\":", call.code);
    text_json(batch->ext, call.message);
    text_put(batch->ext, "}");
    text_free(&unused);
    text_free(&unused_ext);
}

static void serve_all(struct call *call, void (*serve)(struct call *call), bool creates)
{
    json_t *list = json_object_get(call->args, "request");
    size_t most;

    if (!arg_category(call) || !call_may_trade(call))
        return;
    most = call->category == VENUE_SPOT ? BATCH_SPOT_MAX : BATCH_LINEAR_MAX;
    if (json_array_size(list) == 0 || json_array_size(list) > most) {
        call_refuse(call, CODE_PARAMS, "request wants 1..%zu orders", most);
        return;
    }
    text_put(call->result, "{\"list\":[");
    text_put(call->ext, "{\"list\":[");
    for (size_t at = 0; at < json_array_size(list); at++) {
        if (at > 0) {
            text_put(call->result, ",");
            text_put(call->ext, ",");
        }
        serve_one(call, json_array_get(list, at), serve, creates);
    }
    text_put(call->result, "]}");
    text_put(call->ext, "]}");
}

void do_create_batch(struct call *call)
{
    serve_all(call, do_create, true);
}

void do_amend_batch(struct call *call)
{
    serve_all(call, do_amend, false);
}

void do_cancel_batch(struct call *call)
{
    serve_all(call, do_cancel, false);
}
