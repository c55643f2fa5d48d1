/* Batches: each order by itself, two lists side by side in the answer. */
#include "venue/bybit/inside.h"

#include <inttypes.h>
#include <string.h>

enum { BATCH_LINEAR_MAX = 20, BATCH_SPOT_MAX = 10 };

static void put_one(struct call *batch, struct call *one, bool creates)
{
    char rooms[2][64];
    char id[WIRE_ID_MAX];
    const struct venue_order *order =
        one->order_no ? venue_order(batch->bybit->venue, one->order_no) : NULL;

    text_put(batch->result, "{\"category\":\"%s\",\"symbol\":", category_name(batch->category));
    text_json(batch->result, arg_text(one, "symbol", rooms[0]));
    text_put(batch->result, ",\"orderId\":\"%s\",\"orderLinkId\":",
             order ? order_id_text(batch->bybit, id, order) : "");
    text_json(batch->result, order ? order->link : arg_text(one, "orderLinkId", rooms[1]));
    if (creates && one->code == 0)
        text_put(batch->result, ",\"createAt\":\"%" PRId64 "\"",
                 wire_ms(batch->bybit, batch->now_ns));
    else if (creates)
        text_put(batch->result, ",\"createAt\":\"\"");
    text_put(batch->result, "}");
    text_put(batch->ext, "{\"code\":%d,\"msg\":", one->code);
    text_json(batch->ext, one->message);
    text_put(batch->ext, "}");
}

/* One order of the batch, as if it had come alone; its ids and code go to the lists. */
static void serve_one(struct call *batch, json_t *item, void (*serve)(struct call *call),
                      bool creates)
{
    struct text result = {0};
    struct text ext = {0};
    struct call one = *batch;

    one.args = item;
    one.code = 0;
    one.message = "OK";
    one.order_no = 0;
    one.result = &result;
    one.ext = &ext;
    json_object_set_new(item, "category", json_string(category_name(batch->category)));
    serve(&one);
    put_one(batch, &one, creates);
    text_free(&result);
    text_free(&ext);
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
