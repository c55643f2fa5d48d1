#include "gateway/bybit/orders.h"

#include "gateway/bybit/encode.h"
#include "gateway/bybit/inside.h"
#include "gateway/bybit/orders_inside.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <inttypes.h>
#include <string.h>

/* "The contract is not live", and spot's word for it, which may mean other things too. */
enum { NOT_TRADING = 110074, NOT_TRADING_SPOT = 170210 };

void bybit_orders_init(struct bybit *bybit)
{
    bybit->orders.number = (uint64_t)bybit->opened_ns;
    bybit_pace_init(&bybit->pace, bybit->config.orders_per_s);
    bybit_rest_init(&bybit->rest);
    bybit_pace_init(&bybit->orders.batch_pace, bybit->config.orders_per_s);
}

/* ---- what an answer leads to ------------------------------------------------------------ */

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

static const char *means(const struct bybit_answer *answer)
{
    return answer->class == BYBIT_UNSENT ? "not sent: no connection"
           : answer->code < 0            ? "no answer"
                                         : bybit_code_says(answer->code);
}

/* A cancel that comes too late is an everyday race; one that cannot leave is tried again, and the
 * change is said by note_way(). */
static void log_answer(struct bybit *bybit, const struct bybit_answer *answer)
{
    bool is_cancel = answer->kind == ORDER_MESSAGE_CANCEL;
    char shown[96];
    char why[128];

    if (is_cancel && answer->class == BYBIT_UNSENT)
        return;
    log_line(is_cancel && answer->class == BYBIT_ABSENT ? LOG_INFO : LOG_WARN, "gateway",
             "the venue did not take a request",
             "venue=%s kind=%d order=%016" PRIx64 " code=%" PRId64 " class=%s means=%s says=%s",
             bybit->name, (int)answer->kind, answer->order_id, answer->code,
             bybit_class_name(answer->class), log_escape(why, sizeof why, means(answer)),
             log_escape(shown, sizeof shown, answer->says ? answer->says : ""));
}

static void note_way(struct bybit *bybit, const struct bybit_answer *answer)
{
    struct bybit_orders *orders = &bybit->orders;
    bool has_no_way = answer->class == BYBIT_UNSENT;
    char shown[96];

    if (answer->kind != ORDER_MESSAGE_CANCEL || has_no_way == orders->has_no_way)
        return;
    orders->has_no_way = has_no_way;
    if (has_no_way)
        log_line(LOG_WARN, "gateway", "cancels are not sent: no connection; tried again",
                 "venue=%s order=%016" PRIx64 " says=%s", bybit->name, answer->order_id,
                 log_escape(shown, sizeof shown, answer->says ? answer->says : ""));
    else
        log_line(LOG_INFO, "gateway", "cancels are sent again", "venue=%s", bybit->name);
}

static void note_answer(struct bybit *bybit, const struct bybit_answer *answer)
{
    note_way(bybit, answer);
    if (answer->class == BYBIT_DONE)
        return;
    bybit_session_refused(bybit);
    gateway_count_refusal(&bybit->base, bybit_refusal_of(answer->code, answer->class));
    log_answer(bybit, answer);
    if (answer->class == BYBIT_VOID)
        bybit->session.clock.due_ns = 0;
    if (answer->class == BYBIT_LIMITED && answer->kind != ORDER_MESSAGE_CANCEL)
        bybit_pace_hold(&bybit->pace, bybit_reset_ns(bybit, answer->reset_ms));
}

void bybit_orders_answer(struct bybit *bybit, const struct bybit_answer *answer)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, answer->order_id);
    struct bybit_outcome outcome = bybit_outcome_of(answer->kind, answer->class);

    note_answer(bybit, answer);
    if (!known)
        return; /* it ended long ago */
    if (outcome.deed == BYBIT_AGAIN) {
        bybit_cancel_again(bybit, known, answer);
        return;
    }
    if (answer->kind == ORDER_MESSAGE_CANCEL)
        known->cancel_tries = 0;
    if (answer->code == NOT_TRADING || answer->code == NOT_TRADING_SPOT)
        bybit_reference_look(bybit, known->instrument);
    if (outcome.deed == BYBIT_REPORT || outcome.deed == BYBIT_REPORT_AND_ASK)
        report_outcome(bybit, known, outcome.report, answer->amend_no, answer->received_ns);
    if ((outcome.deed == BYBIT_ASK || outcome.deed == BYBIT_REPORT_AND_ASK) && known->live &&
        !bybit_ask(bybit, known, 0, false))
        report_outcome(bybit, known, REPORT_TIMEOUT, 0, answer->received_ns);
}

/* 0: no frame of ours. */
static uint64_t number_of(const json_t *frame)
{
    const char *text = json_string_value(json_object_get(frame, "reqId"));
    int64_t number;

    return text && decimal_parse(text, strlen(text), 0, &number) && number > 0 ? (uint64_t)number
                                                                               : 0;
}

void bybit_orders_reply(struct bybit *bybit, const json_t *frame, int64_t received_ns)
{
    uint64_t number = number_of(frame);
    struct bybit_request *request = &bybit->orders.request[number % BYBIT_REQUESTS_MAX];
    struct bybit_answer answer = {.code = -1, .reset_ms = -1, .received_ns = received_ns};

    if (number == 0)
        return;
    answer.kind = ORDER_MESSAGE_CANCEL;
    answer.class =
        bybit_whole(frame, "retCode", &answer.code) ? bybit_class_of(answer.code) : BYBIT_UNKNOWN;
    (void)bybit_whole(json_object_get(frame, "header"), "X-Bapi-Limit-Reset-Timestamp",
                      &answer.reset_ms);
    answer.says = json_string_value(json_object_get(frame, "retMsg"));
    if (request->number != number) {
        bybit_batch_reply(bybit, number, frame, answer);
        return;
    }
    answer.kind = (enum order_message_kind)request->kind;
    answer.order_id = request->order_id;
    answer.amend_no = request->amend_no;
    request->number = 0;
    bybit_orders_answer(bybit, &answer);
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
        (void)bybit_cancel_list(bybit, known, bybit->mono_ns);
}

void bybit_orders_broken(struct bybit *bybit, uint64_t epoch)
{
    for (uint32_t at = 0; at < BYBIT_REQUESTS_MAX; at++)
        if (bybit->orders.request[at].number != 0 && bybit->orders.request[at].epoch == epoch)
            lose(bybit, &bybit->orders.request[at]);
    bybit_batches_broken(bybit, epoch);
}

/* ---- sending ---------------------------------------------------------------------------- */

/* Below the message, above the bytes: the kill page has been read. False: no byte left. */
bool bybit_orders_transmit(struct bybit *bybit, const struct bybit_known *known,
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

struct bybit_known *bybit_orders_adopt(struct bybit *bybit, const struct order_message *message)
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
    gateway_count_refusal(&bybit->base, REFUSAL_UNSENT);
    gateway_add(is_new ? &bybit->base.unsent : &bybit->base.unsent_amends, 1);
    if (is_new)
        gateway_add(&bybit->base.unsent_lots, (uint64_t)message->qty_lots);
}

/* Known before it is refused: a cancel of it may be on its way already. */
static void send_new(struct bybit *bybit, const struct order_message *message, int64_t stamp_ns)
{
    const char *why = bybit_not_ready(bybit, message->instrument);
    struct bybit_known *known = bybit_known_find(&bybit->known, message->order_id)
                                    ? NULL
                                    : bybit_orders_adopt(bybit, message);

    if (!known)
        why = "too many orders are alive";
    if (!why && !bybit_pace_take(&bybit->pace, false, bybit->mono_ns))
        why = "the budget of orders a second is used up";
    if (!why && !bybit_orders_transmit(bybit, known, message, stamp_ns))
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
    if (!why && !bybit_orders_transmit(bybit, known, message, stamp_ns))
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

/* ---- the ring --------------------------------------------------------------------------- */

static void take_query(struct bybit *bybit, const struct order_message *message)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, message->order_id);

    if (!known)
        known = bybit_orders_adopt(bybit, message);
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
        bybit_cancel_take(bybit, message);
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

    /* An order's last bytes may wait for a socket that is full: then nobody is told that no new
     * risk can leave. */
    if (bybit->port.is_drained(bybit->port.ctx))
        gateway_answer_kill(&bybit->base);
    bybit_sweep(bybit);
    bybit_cancels_send(bybit);
    while (taken < BYBIT_TURN_MAX && take_order(bybit))
        taken++;
    if (bybit->orders.cancel_count > 0)
        bybit_cancels_send(bybit);
    return taken;
}
