#include "gateway/bybit/inside.h"
#include "gateway/bybit/orders_inside.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DEADLINE_NS (5 * SECOND_NS)
#define BAN_NS (600 * SECOND_NS) /* protocol fact: at least ten minutes */
#define PAUSE_NS (1 * SECOND_NS)
#define WAIT_MOST_S (24 * 3600) /* whatever the venue says */

void bybit_rest_init(struct bybit_rest *rest)
{
    bybit_pace_init(&rest->pace, BYBIT_REST_PER_S);
}

static struct bybit_call *free_call(struct bybit_rest *rest)
{
    for (uint32_t at = 0; at < BYBIT_CALLS_MAX; at++)
        if (!rest->call[at].done)
            return &rest->call[at];
    return NULL;
}

/* ---- the answer ------------------------------------------------------------------------- */

static void take_body(struct bybit_reply *reply, const json_t *root)
{
    const json_t *says = json_object_get(root, "retMsg");

    if (!bybit_whole(root, "retCode", &reply->code))
        return; /* it is no answer of the API */
    reply->class = bybit_class_of(reply->code);
    reply->result = json_object_get(root, "result");
    (void)bybit_whole(root, "time", &reply->time_ms);
    if (json_is_string(says))
        reply->says = json_string_value(says);
}

static void note_limits(struct bybit *bybit, const struct net_answer *answer,
                        const struct bybit_reply *reply)
{
    int64_t wait_s = answer->retry_after_s < WAIT_MOST_S ? answer->retry_after_s : WAIT_MOST_S;
    int64_t wait_ns = wait_s > 0 ? wait_s * SECOND_NS : 0;

    if (reply->class == BYBIT_BANNED)
        bybit_ban(bybit, bybit->mono_ns + (wait_ns > BAN_NS ? wait_ns : BAN_NS), reply->says);
    else if (answer->http_status == 429)
        bybit_ban(bybit, bybit->mono_ns + (wait_ns > PAUSE_NS ? wait_ns : PAUSE_NS), reply->says);
}

/* What is left of a cancel's limit says nothing of questions. */
static void hold_questions(struct bybit *bybit, const struct net_answer *answer,
                           const struct bybit_reply *reply)
{
    if (reply->class == BYBIT_LIMITED || answer->limit_left == 0)
        bybit_pace_hold(&bybit->rest.pace, bybit_reset_ns(bybit, answer->limit_reset_ms));
}

static void done(void *ctx, const struct net_answer *answer)
{
    struct bybit_call call = *(struct bybit_call *)ctx;
    struct bybit_reply reply = {.class =
                                    bybit_class_of_http(answer->http_status, answer->never_sent),
                                .code = -1,
                                .sent_ns = call.sent_ns,
                                .received_ns = clock_real_ns(),
                                .reset_ms = answer->limit_reset_ms,
                                .says = answer->text};
    json_t *root = answer->body
                       ? json_loadb(answer->body, answer->length, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;

    ((struct bybit_call *)ctx)->done = NULL;
    if (answer->http_status == 200)
        take_body(&reply, root);
    note_limits(call.bybit, answer, &reply);
    if (call.is_question)
        hold_questions(call.bybit, answer, &reply);
    if (reply.class == BYBIT_DONE && !json_is_object(reply.result))
        reply.result = NULL;
    call.done(call.bybit, call.about, &reply);
    json_decref(root);
}

const json_t *bybit_rows(const struct bybit_reply *reply)
{
    const json_t *rows = json_object_get(reply->result, "list");

    return json_is_array(rows) ? rows : NULL;
}

/* ---- the request ------------------------------------------------------------------------ */

static bool send_call(struct bybit *bybit, struct net_request *request, bool is_signed,
                      const char *signed_text, bybit_reply_fn reply, struct bybit_about about)
{
    struct bybit_call *call = bybit_is_banned(bybit) ? NULL : free_call(&bybit->rest);
    bool is_question = request->body == NULL;
    char stamp[DECIMAL_TEXT_MAX];
    char window[DECIMAL_TEXT_MAX];
    char hex[BYBIT_SIGN_MAX];
    const struct net_header headers[] = {{"x-bapi-api-key:", bybit->config.key},
                                         {"x-bapi-timestamp:", stamp},
                                         {"x-bapi-recv-window:", window},
                                         {"x-bapi-sign:", hex}};

    if (!call || !bybit_pace_take(&bybit->rest.pace, !is_question, bybit->mono_ns))
        return false;
    *call = (struct bybit_call){bybit, reply, about, clock_real_ns(), is_question};
    decimal_print(stamp, bybit_venue_ms(bybit, call->sent_ns), 0, false);
    decimal_print(window, bybit->config.recv_window_ms, 0, false);
    bybit_sign(&bybit->signer,
               (const char *const[]){stamp, bybit->config.key, window, signed_text, NULL}, hex);
    request->base = bybit->config.rest;
    request->headers = is_signed ? headers : NULL;
    request->header_count = is_signed ? sizeof headers / sizeof headers[0] : 0;
    request->deadline_ns = DEADLINE_NS;
    request->ctx = call;
    request->done = done;
    if (bybit->port.request(bybit->port.ctx, request))
        return true;
    call->done = NULL;
    return false;
}

bool bybit_get(struct bybit *bybit, const char *path, const char *query, bool is_signed,
               bybit_reply_fn reply, struct bybit_about about)
{
    char whole[BYBIT_PATH_MAX];
    int length = snprintf(whole, sizeof whole, "%s%s%s", path, query[0] == '\0' ? "" : "?", query);
    struct net_request request = {.method = "GET", .path = whole};

    assert(length > 0 && length < BYBIT_PATH_MAX);
    return send_call(bybit, &request, is_signed, query, reply, about);
}

bool bybit_post(struct bybit *bybit, const char *path, const char *body, bybit_reply_fn reply,
                struct bybit_about about)
{
    struct net_request request = {.method = "POST", .path = path, .body = body};

    return send_call(bybit, &request, true, body, reply, about);
}

bool bybit_cursor(const struct bybit_reply *reply, char cursor[BYBIT_CURSOR_MAX])
{
    const char *text = json_string_value(json_object_get(reply->result, "nextPageCursor"));
    size_t length = text ? strlen(text) : 0;

    cursor[0] = '\0';
    if (length >= BYBIT_CURSOR_MAX)
        return false;
    for (size_t at = 0; at < length; at++)
        if (text[at] <= ' ' || text[at] >= 0x7f || strchr("&?#\"", text[at]))
            return false;
    if (length > 0)
        memcpy(cursor, text, length + 1);
    return true;
}
