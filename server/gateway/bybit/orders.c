#include "gateway/bybit/orders.h"

#include "gateway/bybit/encode.h"
#include "gateway/bybit/inside.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <inttypes.h>
#include <string.h>

enum { CANCEL_TRIES = 10 };
#define AGAIN_NS (100 * MS_NS)
#define RESET_MOST_NS (5 * SECOND_NS)

void bybit_orders_init(struct bybit *bybit)
{
    bybit->orders.number = (uint64_t)bybit->opened_ns;
    bybit_pace_init(&bybit->pace, bybit->config.orders_per_s);
}

/* ---- what an answer leads to ------------------------------------------------------------ */

static bool list_cancel(struct bybit *bybit, struct bybit_known *known, int64_t due_ns)
{
    struct bybit_orders *orders = &bybit->orders;

    if (known->wants_cancel)
        return true;
    if (orders->cancel_count == BYBIT_CANCELS_MAX)
        return false;
    orders->cancel[orders->cancel_count++] = (struct bybit_cancel){known->id, due_ns};
    known->wants_cancel = true;
    return true;
}

/* The venue's clock said when; ours, within reason. */
static int64_t reset_ns(const struct bybit *bybit, int64_t reset_ms)
{
    int64_t wait_ms = reset_ms > 0 ? reset_ms - bybit_venue_ms(bybit, bybit->real_ns) : 1000;

    if (wait_ms < AGAIN_NS / MS_NS)
        wait_ms = AGAIN_NS / MS_NS;
    if (wait_ms > RESET_MOST_NS / MS_NS)
        wait_ms = RESET_MOST_NS / MS_NS;
    return bybit->mono_ns + wait_ms * MS_NS;
}

static void cancel_again(struct bybit *bybit, struct bybit_known *known, int64_t due_ns,
                         int64_t received_ns)
{
    if (++known->cancel_tries < CANCEL_TRIES && list_cancel(bybit, known, due_ns))
        return;
    known->cancel_tries = 0;
    /* The engine asks what has become of it, and cancels it anew if it rests. */
    bybit_say_of(bybit, known, REPORT_TIMEOUT, 0, received_ns);
}

static void report_outcome(struct bybit *bybit, struct bybit_known *known, enum report report,
                           uint32_t amend_no, int64_t received_ns)
{
    if (!known->live)
        return; /* its end was said, by the stream */
    if (report == REPORT_VENUE_REJECT)
        known->live = false;
    if (report == REPORT_AMEND_REJECT && amend_no == known->amend_no)
        known->amend_qty_lots = 0;
    bybit_say_of(bybit, known, report, amend_no, received_ns);
}

struct answer {
    enum order_message_kind kind;
    uint64_t order_id;
    uint32_t amend_no;
    enum bybit_class class;
    int64_t code, reset_ms, received_ns;
    const char *says;
};

static void note_answer(struct bybit *bybit, const struct answer *answer)
{
    char shown[96];
    char means[128];

    if (answer->class == BYBIT_DONE)
        return;
    bybit->session.stream.owes_ns = 0; /* nobody tells of what was refused */
    log_line(LOG_WARN, "gateway", "the venue did not take a request",
             "venue=%s kind=%d order=%016" PRIx64 " code=%" PRId64 " class=%s means=%s says=%s",
             bybit->name, (int)answer->kind, answer->order_id, answer->code,
             bybit_class_name(answer->class),
             log_escape(means, sizeof means, bybit_code_says(answer->code)),
             log_escape(shown, sizeof shown, answer->says ? answer->says : ""));
    if (answer->class == BYBIT_VOID)
        bybit->session.clock.due_ns = 0;
    if (answer->class == BYBIT_LIMITED && answer->kind != ORDER_MESSAGE_CANCEL)
        bybit_pace_hold(&bybit->pace, reset_ns(bybit, answer->reset_ms));
}

static void take_answer(struct bybit *bybit, const struct answer *answer)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, answer->order_id);
    struct bybit_outcome outcome = bybit_outcome_of(answer->kind, answer->class);

    note_answer(bybit, answer);
    if (!known)
        return; /* it ended long ago */
    if (outcome.deed == BYBIT_AGAIN) {
        cancel_again(bybit, known,
                     answer->class == BYBIT_LIMITED ? reset_ns(bybit, answer->reset_ms)
                                                    : bybit->mono_ns + AGAIN_NS,
                     answer->received_ns);
        return;
    }
    if (outcome.deed == BYBIT_REPORT || outcome.deed == BYBIT_REPORT_AND_ASK)
        report_outcome(bybit, known, outcome.report, answer->amend_no, answer->received_ns);
    if ((outcome.deed == BYBIT_ASK || outcome.deed == BYBIT_REPORT_AND_ASK) && known->live &&
        !bybit_ask(bybit, known, 0, false))
        report_outcome(bybit, known, REPORT_TIMEOUT, 0, answer->received_ns);
}

static struct bybit_request *find_request(struct bybit_orders *orders, const json_t *frame)
{
    const char *text = json_string_value(json_object_get(frame, "reqId"));
    struct bybit_request *request;
    int64_t number;

    if (!text || !decimal_parse(text, strlen(text), 0, &number) || number <= 0)
        return NULL; /* a free row has the number 0 */
    request = &orders->request[(uint64_t)number % BYBIT_REQUESTS_MAX];
    return request->number == (uint64_t)number ? request : NULL;
}

void bybit_orders_reply(struct bybit *bybit, const json_t *frame, int64_t received_ns)
{
    struct bybit_request *request = find_request(&bybit->orders, frame);
    struct answer answer = {.code = -1, .reset_ms = -1, .received_ns = received_ns};

    if (!request)
        return;
    answer.kind = (enum order_message_kind)request->kind;
    answer.order_id = request->order_id;
    answer.amend_no = request->amend_no;
    answer.class =
        bybit_whole(frame, "retCode", &answer.code) ? bybit_class_of(answer.code) : BYBIT_UNKNOWN;
    (void)bybit_whole(json_object_get(frame, "header"), "X-Bapi-Limit-Reset-Timestamp",
                      &answer.reset_ms);
    answer.says = json_string_value(json_object_get(frame, "retMsg"));
    request->number = 0;
    take_answer(bybit, &answer);
}

static bool is_settled(const struct bybit_known *known, const struct bybit_request *request)
{
    switch ((enum order_message_kind)request->kind) {
    case ORDER_MESSAGE_NEW:
        return known->acked;
    case ORDER_MESSAGE_AMEND:
        return known->amend_qty_lots == 0 || known->amend_no != request->amend_no;
    case ORDER_MESSAGE_CANCEL:
    case ORDER_MESSAGE_QUERY:
        break;
    }
    return false;
}

/* Nobody will answer it. */
static void lose(struct bybit *bybit, struct bybit_request *request)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, request->order_id);

    request->number = 0;
    if (!known || !known->live || is_settled(known, request))
        return;
    bybit_say_of(bybit, known, REPORT_TIMEOUT, request->amend_no, bybit->real_ns);
    if (request->kind == ORDER_MESSAGE_CANCEL)
        (void)list_cancel(bybit, known, bybit->mono_ns);
}

void bybit_orders_broken(struct bybit *bybit, uint64_t epoch)
{
    for (uint32_t at = 0; at < BYBIT_REQUESTS_MAX; at++)
        if (bybit->orders.request[at].number != 0 && bybit->orders.request[at].epoch == epoch)
            lose(bybit, &bybit->orders.request[at]);
}

/* ---- sending ---------------------------------------------------------------------------- */

/* Below the message, above the bytes: the kill page has been read. False: no byte left. */
static bool transmit(struct bybit *bybit, const struct bybit_known *known,
                     const struct order_message *message, int64_t stamp_ns)
{
    struct bybit_orders *orders = &bybit->orders;
    struct bybit_request *request = &orders->request[++orders->number % BYBIT_REQUESTS_MAX];
    char room[NET_HEADROOM + BYBIT_ORDER_MAX];
    struct bybit_stamp stamp = {orders->number, bybit_venue_ms(bybit, stamp_ns),
                                bybit->config.recv_window_ms};
    bool is_foreign = (known->flags & ORDER_EXTERNAL) != 0;
    size_t length =
        bybit_encode_frame(room + NET_HEADROOM, bybit_symbol_at(bybit, known->instrument), message,
                           is_foreign ? known->venue_id : NULL, stamp);

    if (request->number != 0)
        lose(bybit, request);
    if (!bybit->session.trade.is_in ||
        !bybit->port.order(bybit->port.ctx, room + NET_HEADROOM, length))
        return false;
    *request = (struct bybit_request){.number = orders->number,
                                      .order_id = message->order_id,
                                      .epoch = bybit->session.trade.epoch,
                                      .amend_no = message->amend_no,
                                      .kind = message->kind};
    bybit_session_sent(bybit, message->kind == ORDER_MESSAGE_NEW);
    return true;
}

static struct bybit_known *adopt(struct bybit *bybit, const struct order_message *message)
{
    struct bybit_known *known = message->order_id & BYBIT_FOREIGN_BIT
                                    ? NULL /* it was told of, or there is none */
                                    : bybit_known_take(&bybit->known, message->order_id);

    if (!known)
        return NULL;
    known->instrument = message->instrument;
    known->strategy = message->strategy;
    known->side = message->side;
    known->flags = message->flags;
    known->is_immediate = message->tif != TIF_GTC;
    known->price_ticks = message->price_ticks;
    known->qty_lots = message->qty_lots;
    known->sent_ns = bybit->mono_ns;
    return known;
}

static void refuse(struct bybit *bybit, const struct order_message *message, const char *why)
{
    bool is_new = message->kind == ORDER_MESSAGE_NEW;
    char shown[96];

    log_line(LOG_WARN, "gateway", "not sent", "venue=%s order=%016" PRIx64 " why=%s", bybit->name,
             message->order_id, log_escape(shown, sizeof shown, why));
    bybit_say(bybit,
              &(struct execution){.report = is_new ? REPORT_VENUE_REJECT : REPORT_AMEND_REJECT,
                                  .side = message->side,
                                  .instrument = message->instrument,
                                  .strategy = message->strategy,
                                  .amend_no = message->amend_no,
                                  .order_id = message->order_id,
                                  .received_ns = bybit->real_ns});
    gateway_add(is_new ? &bybit->base.unsent : &bybit->base.unsent_amends, 1);
    if (is_new)
        gateway_add(&bybit->base.unsent_lots, (uint64_t)message->qty_lots);
}

/* Known before it is refused: a cancel of it may be on its way already. */
static void send_new(struct bybit *bybit, const struct order_message *message, int64_t stamp_ns)
{
    const char *why = bybit_not_ready(bybit, message->instrument);
    struct bybit_known *known =
        bybit_known_find(&bybit->known, message->order_id) ? NULL : adopt(bybit, message);

    if (!known)
        why = "too many orders are alive";
    if (!why && !bybit_pace_take(&bybit->pace, false, bybit->mono_ns))
        why = "the budget of orders a second is used up";
    if (!why && !transmit(bybit, known, message, stamp_ns))
        why = "the trade socket does not take it";
    if (!why) {
        gateway_count_sent(&bybit->base, message);
        return;
    }
    if (known)
        known->live = false;
    refuse(bybit, message, why);
}

static void send_amend(struct bybit *bybit, const struct order_message *message, int64_t stamp_ns)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, message->order_id);
    const char *why = bybit_not_ready(bybit, message->instrument);

    if (!why && (!known || !known->live))
        why = "it is not alive";
    if (!why && !bybit_pace_take(&bybit->pace, false, bybit->mono_ns))
        why = "the budget of orders a second is used up";
    if (!why && !transmit(bybit, known, message, stamp_ns))
        why = "the trade socket does not take it";
    if (why) {
        refuse(bybit, message, why);
        return;
    }
    known->amend_no = message->amend_no;
    known->amend_price_ticks = message->price_ticks;
    known->amend_qty_lots = message->qty_lots;
    gateway_count_sent(&bybit->base, message);
}

/* ---- cancels ---------------------------------------------------------------------------- */

static void rest_answered(struct bybit *bybit, struct bybit_about about,
                          const struct bybit_reply *reply)
{
    take_answer(bybit, &(struct answer){.kind = ORDER_MESSAGE_CANCEL,
                                        .order_id = about.order_id,
                                        .class = reply->class,
                                        .code = reply->code,
                                        .reset_ms = reply->reset_ms,
                                        .received_ns = reply->received_ns,
                                        .says = reply->says});
}

static bool cancel_by_rest(struct bybit *bybit, const struct bybit_known *known,
                           const struct order_message *message)
{
    char body[BYBIT_ORDER_MAX];
    bool is_foreign = (known->flags & ORDER_EXTERNAL) != 0;

    bybit_encode_body(body, bybit_symbol_at(bybit, known->instrument), message,
                      is_foreign ? known->venue_id : NULL);
    return bybit_post(bybit, bybit_order_path(ORDER_MESSAGE_CANCEL), body, rest_answered,
                      (struct bybit_about){.order_id = known->id});
}

/* True: it is off the list. */
static bool send_cancel(struct bybit *bybit, struct bybit_cancel *cancel)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, cancel->order_id);
    struct order_message message = {.kind = ORDER_MESSAGE_CANCEL, .order_id = cancel->order_id};

    if (!known || !known->live) {
        if (known)
            known->wants_cancel = false;
        return true;
    }
    if (bybit->mono_ns < cancel->due_ns || !bybit_pace_take(&bybit->pace, true, bybit->mono_ns))
        return false;
    if (!transmit(bybit, known, &message, clock_real_ns()) &&
        !cancel_by_rest(bybit, known, &message)) {
        cancel->due_ns = bybit->mono_ns + AGAIN_NS;
        return false;
    }
    known->wants_cancel = false;
    gateway_count_sent(&bybit->base, &message);
    return true;
}

static void send_cancels(struct bybit *bybit)
{
    struct bybit_orders *orders = &bybit->orders;
    uint32_t count = orders->cancel_count;
    uint32_t kept = 0;

    /* What is put on the list while it is read stands behind it. */
    for (uint32_t at = 0; at < orders->cancel_count; at++)
        if (at >= count || !send_cancel(bybit, &orders->cancel[at]))
            orders->cancel[kept++] = orders->cancel[at];
    orders->cancel_count = kept;
}

static void take_cancel(struct bybit *bybit, const struct order_message *message)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, message->order_id);

    if (!known)
        known = adopt(bybit, message);
    if (known && known->live && list_cancel(bybit, known, bybit->mono_ns))
        return;
    if (known && known->ending != 0)
        return; /* it has ended, and that is said as soon as its fills are here */
    bybit_say(bybit, &(struct execution){.report = REPORT_CANCEL_REJECT,
                                         .side = message->side,
                                         .instrument = message->instrument,
                                         .strategy = message->strategy,
                                         .order_id = message->order_id,
                                         .received_ns = bybit->real_ns});
}

static void sweep(struct bybit *bybit)
{
    uint64_t wanted = gateway_sweep_wanted(&bybit->base);

    if (wanted == 0)
        return;
    for (uint32_t at = 0; wanted != bybit->orders.sweep && at < bybit->known.used; at++) {
        struct bybit_known *known = &bybit->known.row[at];
        struct order_message message = {.flags = known->flags,
                                        .scopes = bybit_scopes_of(bybit, known)};

        if (known->live && !(known->flags & ORDER_EXTERNAL) &&
            gateway_is_killed(&bybit->base, &message))
            (void)list_cancel(bybit, known, bybit->mono_ns);
    }
    bybit->orders.sweep = wanted;
    send_cancels(bybit);
    if (bybit->orders.cancel_count == 0)
        gateway_sweep_done(&bybit->base, wanted);
}

/* ---- the ring --------------------------------------------------------------------------- */

static void take_query(struct bybit *bybit, const struct order_message *message)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, message->order_id);

    if (!known)
        known = adopt(bybit, message);
    gateway_count_sent(&bybit->base, message);
    if (known)
        (void)bybit_ask(bybit, known, message->amend_no, true); /* else it asks again */
}

static void take_message(struct bybit *bybit, const struct order_message *message, int64_t stamp_ns)
{
    switch ((enum order_message_kind)message->kind) {
    case ORDER_MESSAGE_NEW:
        send_new(bybit, message, stamp_ns);
        break;
    case ORDER_MESSAGE_AMEND:
        send_amend(bybit, message, stamp_ns);
        break;
    case ORDER_MESSAGE_CANCEL:
        take_cancel(bybit, message);
        break;
    case ORDER_MESSAGE_QUERY:
        take_query(bybit, message);
        break;
    }
}

static bool take_order(struct bybit *bybit)
{
    struct ring *ring = bybit->base.io.orders;
    size_t length;
    const struct order_message *message;
    int64_t stamp_ns;

    if (!bybit_outbox_flush(bybit))
        return false;
    message = ring_peek(ring, &length);
    if (!message)
        return false;
    assert(length == sizeof *message);
    stamp_ns = clock_real_ns();
    switch (gateway_judge(&bybit->base, message, stamp_ns)) {
    case GATEWAY_NOT_NOW:
        return false;
    case GATEWAY_DONE:
        break;
    case GATEWAY_SEND:
        take_message(bybit, message, stamp_ns);
        break;
    }
    ring_release(ring);
    return true;
}

uint32_t bybit_orders_turn(struct bybit *bybit)
{
    uint32_t taken = 0;

    gateway_answer_kill(&bybit->base);
    sweep(bybit);
    send_cancels(bybit);
    while (taken < BYBIT_TURN_MAX && take_order(bybit))
        taken++;
    if (bybit->orders.cancel_count > 0)
        send_cancels(bybit);
    return taken;
}
