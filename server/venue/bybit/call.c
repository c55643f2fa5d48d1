/* One request with a key: faults, permission, rate limit, handler, ledger. By HTTP or by the trade
 * socket; answers differ in their envelope only. */
#include "venue/bybit/inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct route routes[] = {
#define ROUTE(method, path, is_private, rate, kind, handler)                                       \
    {#method, path, is_private, RATE_##rate, VENUE_ON_##kind, handler},
#include "venue/bybit/routes.def"
#undef ROUTE
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

const struct route *bybit_route(const char *method, const char *path)
{
    for (uint32_t at = 0; at < ROUTES; at++)
        if (strcmp(routes[at].path, path) == 0 && strcmp(routes[at].method, method) == 0)
            return &routes[at];
    return NULL;
}

/* "order.create-batch" is /v5/order/create-batch. */
const struct route *bybit_route_of_op(const char *op)
{
    char path[64];

    if (strncmp(op, "order.", 6) != 0 || strlen(op) > 40)
        return NULL;
    snprintf(path, sizeof path, "/v5/order/%s", op + 6);
    if (strcmp(path, "/v5/order/cancel-all") == 0 ||
        strcmp(path, "/v5/order/disconnected-cancel-all") == 0)
        return NULL;
    return bybit_route("POST", path);
}

static void set_code(struct call *call, struct code_row row)
{
    call->code = row.code;
    call->message = row.text;
}

void call_fail(struct call *call, enum bybit_code code)
{
    set_code(call, code_row(code));
}

void call_refuse(struct call *call, enum bybit_code code, const char *format, ...)
{
    va_list args;

    call_fail(call, code);
    va_start(args, format);
    vsnprintf(call->message_text, sizeof call->message_text, format, args);
    va_end(args);
    call->message = call->message_text;
}

void call_answer(struct call *call, enum venue_answer answer)
{
    set_code(call, code_of_answer(answer, call->category < VENUE_CATEGORY_COUNT ? call->category
                                                                                : VENUE_LINEAR));
}

bool call_may_trade(struct call *call)
{
    uint8_t needs = call->category == VENUE_SPOT ? KEY_SPOT : KEY_LINEAR;

    if (call->key->permissions & needs)
        return true;
    call_fail(call, CODE_PERMISSION);
    return false;
}

static uint32_t cost_of(const struct call *call)
{
    size_t orders = json_array_size(json_object_get(call->args, "request"));

    return orders > 0 && orders <= 20 ? (uint32_t)orders : 1;
}

static bool passes_rate(struct call *call)
{
    char room[64];
    uint8_t category = category_find(arg_text(call, "category", room));
    struct bybit *bybit = call->bybit;

    if (category >= VENUE_CATEGORY_COUNT)
        category = VENUE_LINEAR;
    call->rate =
        rate_take(&bybit->rates[call->key->account][call->route->rate][category],
                  rate_limit(call->route->rate, category), cost_of(call), NS_PER_S, call->now_ns);
    call->rate.reset_ms += bybit->clock_offset_ns / NS_PER_MS;
    if (bybit->config.no_limits) {
        call->rate.passes = true;
        call->rate.left = call->rate.limit;
    }
    if (!call->rate.passes)
        call_fail(call, CODE_RATE);
    return call->rate.passes;
}

static uint16_t instrument_of(struct call *call)
{
    char room[64];
    char symbol_room[64];
    uint8_t category = category_find(arg_text(call, "category", room));
    const char *symbol = arg_text(call, "symbol", symbol_room);
    uint16_t instrument = UINT16_MAX;

    if (category < VENUE_CATEGORY_COUNT)
        venue_find(call->bybit->venue, (enum venue_category)category, symbol, &instrument);
    return instrument;
}

static void log_in(struct call *call, const char *status)
{
    char room[6][64];
    const struct venue_ledger_line line = {
        .conn = venue_conn_no(call->conn),
        .kind = call->route->kind == VENUE_ON_QUERY
                    ? "query"
                    : venue_fault_kind_name((enum venue_fault_kind)call->route->kind),
        .account = call->key->uid,
        .order_link_id = arg_text(call, "orderLinkId", room[0]),
        .order_id = arg_text(call, "orderId", room[1]),
        .symbol = arg_text(call, "symbol", room[2]),
        .side = arg_text(call, "side", room[3]),
        .qty = arg_text(call, "qty", room[4]),
        .price = arg_text(call, "price", room[5]),
        .status = status,
        .body = call->raw,
        .body_length = call->raw_length,
        .body_is_json = strcmp(call->route->method, "POST") == 0,
        .at_ns = call->received_ns,
    };

    bybit_log(call->bybit, &line);
}

void call_log_out(struct call *call, const struct text *answer)
{
    char id[WIRE_ID_MAX] = "";
    char status[32] = "";
    char symbol[64];
    const struct venue_order *order =
        call->order_no ? venue_order(call->bybit->venue, call->order_no) : NULL;
    struct venue_ledger_line line = {
        .conn = venue_conn_no(call->conn),
        .is_out = true,
        .kind = venue_fault_kind_name((enum venue_fault_kind)call->route->kind),
        .account = call->key ? call->key->uid : 0,
        .order_link_id = order ? order->link : NULL,
        .order_id = order ? order_id_text(call->bybit, id, order) : NULL,
        .symbol = arg_text(call, "symbol", symbol),
        .status = status,
        .body = answer->at,
        .body_length = answer->length,
        .body_is_json = true,
    };

    if (fault_silences(&call->fault))
        strcpy(status, "lost");
    else if (call->code != 0)
        snprintf(status, sizeof status, "refused-%d", call->code);
    bybit_log(call->bybit, &line);
}

/* True: the venue as a whole refuses. */
static bool is_out_of_order(struct call *call)
{
    struct bybit *bybit = call->bybit;
    int64_t real_ns = call->received_ns;

    if (real_ns < bybit->maintenance_until_ns)
        call_fail(call, CODE_INTERNAL);
    else if (real_ns < bybit->ratelimit_until_ns)
        set_code(call, bybit->ratelimit_code);
    else
        return false;
    return true;
}

static bool is_rejected(struct call *call)
{
    if (call->fault.verb != VENUE_FAULT_REJECT)
        return false;
    call_refuse(call, CODE_INTERNAL, "refused by the fault script");
    call->code = (int)call->fault.code;
    return true;
}

bool call_run(struct call *call, const struct key *key)
{
    uint16_t instrument = instrument_of(call);

    call->key = key;
    call->message = "OK";
    call->fault = venue_faults_draw(call->bybit->faults, (enum venue_fault_kind)call->route->kind,
                                    instrument);
    log_in(call, call->fault.verb == VENUE_FAULT_DROP_REQ ? "dropped" : NULL);
    if (call->fault.verb == VENUE_FAULT_DROP_REQ)
        return false;
    fault_apply(call->bybit, call->conn, key->account, instrument, &call->fault, call->now_ns);
    if (!is_rejected(call) && !is_out_of_order(call) && passes_rate(call))
        call->route->serve(call);
    if (call->code != 0) {
        text_clear(call->result);
        text_clear(call->ext);
    }
    return true;
}
