/* /v5/trade: log-in and orders over a WebSocket. One request: {"reqId","header":{...},"op","args":
 * [{...}]}; the same handlers, rate limits and ledger as by HTTP. */
#include "venue/bybit/session.h"

#include "venue/bybit/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQ_ID_CHARS_MAX = 36 };

static void put_head(struct text *text, const json_t *frame, int code, const char *message,
                     const char *op)
{
    const json_t *id = json_object_get(frame, "reqId");
    char *dumped = id ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    text_clear(text);
    text_put(text, "{");
    if (dumped)
        text_put(text, "\"reqId\":%s,", dumped);
    free(dumped);
    text_put(text, "\"retCode\":%d,\"retMsg\":", code);
    text_json(text, message);
    text_put(text, ",\"op\":");
    text_json(text, op);
}

static void do_auth(struct bybit *bybit, struct session *session, json_t *frame, const char *raw,
                    size_t length, int64_t received_ns)
{
    enum bybit_code code = CODE_REPEAT_AUTH;
    struct venue_fault fault;
    const struct key *key;

    if (!session_befall(bybit, session, VENUE_ON_AUTH, raw, length, received_ns, &fault))
        return;
    if (!session->key) {
        key = session_auth(bybit, session, json_object_get(frame, "args"), clock_real_ns(), &code);
        session->key = key;
        if (key)
            code = CODE_OK;
    }
    if (fault.verb == VENUE_FAULT_REJECT)
        session->key = NULL;
    put_head(&bybit->out, frame,
             fault.verb == VENUE_FAULT_REJECT ? (int)fault.code : code_row(code).code,
             code_row(code).text, "auth");
    text_put(&bybit->out, ",\"connId\":\"%s\"}", session->id);
    session_reply(bybit, session, &bybit->out, VENUE_ON_AUTH, &fault);
}

static void do_ping(struct bybit *bybit, struct session *session, json_t *frame, const char *raw,
                    size_t length, int64_t received_ns)
{
    struct venue_fault fault;

    if (!session_befall(bybit, session, VENUE_ON_PING, raw, length, received_ns, &fault) ||
        received_ns < bybit->stall_until_ns)
        return;
    put_head(&bybit->out, frame, 0, "OK", "pong");
    text_put(&bybit->out, ",\"data\":[\"%" PRId64 "\"],\"connId\":\"%s\"}",
             wire_ms(bybit, clock_real_ns()), session->id);
    session_reply(bybit, session, &bybit->out, VENUE_ON_PING, &fault);
}

/* ---- orders --------------------------------------------------------------------------- */

static int64_t whole_of(const json_t *value, int64_t otherwise)
{
    if (json_is_string(value))
        return strtoll(json_string_value(value), NULL, 10);
    return json_is_number(value) ? (int64_t)json_number_value(value) : otherwise;
}

static bool is_in_window(struct call *call, const json_t *frame)
{
    const json_t *header = json_object_get(frame, "header");
    int64_t now_ms = wire_ms(call->bybit, call->now_ns);
    int64_t at_ms = whole_of(json_object_get(header, "X-BAPI-TIMESTAMP"), 0);
    int64_t window_ms = whole_of(json_object_get(header, "X-BAPI-RECV-WINDOW"), 5000);

    if (sign_in_window(at_ms, window_ms, now_ms))
        return true;
    call_refuse(call, CODE_WINDOW,
                "%s. req_timestamp[%" PRId64 "],server_timestamp[%" PRId64 "],recv_window[%" PRId64
                "]",
                code_row(CODE_WINDOW).text, at_ms, now_ms, window_ms);
    return false;
}

/* False: this session has used the id before. None at all is no repeat. */
static bool note_req_id(struct call *call, struct session *session, const json_t *frame)
{
    const char *id = json_string_value(json_object_get(frame, "reqId"));

    if (!id || !*id)
        return true;
    if (strlen(id) > REQ_ID_CHARS_MAX) {
        call_refuse(call, CODE_PARAMS, "reqId is longer than 36");
        return false;
    }
    for (uint32_t at = 0; at < SESSION_REQ_IDS; at++)
        if (strcmp(session->req_ids[at], id) == 0) {
            call_fail(call, CODE_DUPLICATE_REQ);
            return false;
        }
    strcpy(session->req_ids[session->req_id_count++ % SESSION_REQ_IDS], id);
    return true;
}

static void put_answer(struct call *call, struct session *session, const json_t *frame,
                       const char *op)
{
    struct text *out = &call->bybit->out;

    put_head(out, frame, call->code, call->message, op);
    text_put(out, ",\"data\":%s,\"retExtInfo\":%s,\"header\":{",
             call->result->length ? call->result->at : "{}",
             call->ext->length ? call->ext->at : "{}");
    if (call->rate.limit)
        text_put(out,
                 "\"X-Bapi-Limit\":\"%" PRId64 "\",\"X-Bapi-Limit-Status\":\"%" PRId64
                 "\",\"X-Bapi-Limit-Reset-Timestamp\":\"%" PRId64 "\",",
                 call->rate.limit, call->rate.left, call->rate.reset_ms);
    text_put(out,
             "\"Traceid\":\"%016" PRIx64 "%016" PRIx64 "\",\"Timenow\":\"%" PRId64
             "\"},\"connId\":\"%s\"}",
             (uint64_t)call->received_ns, venue_conn_no(call->conn),
             wire_ms(call->bybit, call->now_ns), session->id);
}

static void answer(struct call *call, struct session *session, const json_t *frame, const char *op)
{
    struct text *out = &call->bybit->out;
    struct venue_delivery how = fault_delivery(&call->fault);

    put_answer(call, session, frame, op);
    if (call->route)
        call_log_out(call, out);
    if (fault_silences(&call->fault))
        return;
    if (call->fault.verb == VENUE_FAULT_CORRUPT_JSON)
        out->at[out->length - 1] = ']';
    session_send(session, out, &how);
    if (call->fault.verb == VENUE_FAULT_DUP)
        session_send(session, out, NULL);
}

static void do_order(struct bybit *bybit, struct session *session, json_t *frame, const char *op,
                     const char *raw, size_t length, int64_t received_ns)
{
    struct call call = {
        .bybit = bybit,
        .conn = session->conn,
        .route = bybit_route_of_op(op),
        .key = session->key,
        .args = json_array_get(json_object_get(frame, "args"), 0),
        .raw = raw,
        .raw_length = length,
        .result = &bybit->result,
        .ext = &bybit->ext,
        .message = "OK",
        .now_ns = clock_real_ns(),
        .received_ns = received_ns,
        .category = CATEGORY_NONE,
    };

    text_clear(&bybit->result);
    text_clear(&bybit->ext);
    if (!call.route)
        call_fail(&call, CODE_UNKNOWN_OP);
    else if (!session->key)
        call_refuse(&call, CODE_BAD_KEY, "not logged in: send auth first");
    else if (!json_is_object(call.args))
        call_refuse(&call, CODE_PARAMS, "args wants one object");
    else if (note_req_id(&call, session, frame) && is_in_window(&call, frame) &&
             !call_run(&call, session->key))
        return; /* it never arrived */
    answer(&call, session, frame, op);
}

void trade_message(struct bybit *bybit, struct session *session, json_t *frame, const char *raw,
                   size_t raw_length, int64_t received_ns)
{
    const char *op = json_string_value(json_object_get(frame, "op"));

    if (!op)
        op = "";
    if (strcmp(op, "auth") == 0)
        do_auth(bybit, session, frame, raw, raw_length, received_ns);
    else if (strcmp(op, "ping") == 0)
        do_ping(bybit, session, frame, raw, raw_length, received_ns);
    else if (strcmp(op, "pong") != 0)
        do_order(bybit, session, frame, op, raw, raw_length, received_ns);
}
