/* Cancels: their list, one by one and in batches, and the sweep (orders.h). */
#include "gateway/bybit/encode.h"
#include "gateway/bybit/inside.h"
#include "gateway/bybit/orders_inside.h"
#include "thread/clock.h"

#include <string.h>

enum { CANCEL_TRIES = 10 };
#define AGAIN_NS (100 * MS_NS)
#define AGAIN_MOST_NS (2 * SECOND_NS)
#define RESET_MOST_NS (5 * SECOND_NS)
#define SINGLE_NS (60 * SECOND_NS) /* after a batch that failed as a whole */

/* ---- the list --------------------------------------------------------------------------- */

bool bybit_cancel_list(struct bybit *bybit, struct bybit_known *known, int64_t due_ns)
{
    struct bybit_orders *orders = &bybit->orders;

    if (known->wants_cancel)
        return true;
    if (orders->cancel_count == BYBIT_CANCELS_MAX)
        return false;
    orders->cancel[orders->cancel_count++] = (struct bybit_cancel){known->id, due_ns, false};
    known->wants_cancel = true;
    return true;
}

/* The venue's clock said when; ours, within reason. */
int64_t bybit_reset_ns(const struct bybit *bybit, int64_t reset_ms)
{
    int64_t wait_ms = reset_ms > 0 ? reset_ms - bybit_venue_ms(bybit, bybit->real_ns) : 1000;

    if (wait_ms < AGAIN_NS / MS_NS)
        wait_ms = AGAIN_NS / MS_NS;
    if (wait_ms > RESET_MOST_NS / MS_NS)
        wait_ms = RESET_MOST_NS / MS_NS;
    return bybit->mono_ns + wait_ms * MS_NS;
}

static int64_t again_ns(const struct bybit *bybit, uint32_t tries)
{
    int64_t wait_ns = AGAIN_NS;

    for (uint32_t at = 1; at < tries && wait_ns < AGAIN_MOST_NS; at++)
        wait_ns *= 2;
    return bybit->mono_ns + (wait_ns < AGAIN_MOST_NS ? wait_ns : AGAIN_MOST_NS);
}

void bybit_orders_way(struct bybit *bybit)
{
    struct bybit_orders *orders = &bybit->orders;

    for (uint32_t at = 0; at < orders->cancel_count; at++)
        if (orders->cancel[at].is_unsent)
            orders->cancel[at].due_ns = bybit->mono_ns;
}

void bybit_cancel_again(struct bybit *bybit, struct bybit_known *known,
                        const struct bybit_answer *answer)
{
    struct bybit_orders *orders = &bybit->orders;
    uint32_t tries = ++known->cancel_tries;
    bool was_listed = known->wants_cancel;
    int64_t due_ns = answer->class == BYBIT_LIMITED ? bybit_reset_ns(bybit, answer->reset_ms)
                                                    : again_ns(bybit, tries);

    if (tries % CANCEL_TRIES != 0 && bybit_cancel_list(bybit, known, due_ns)) {
        if (!was_listed)
            orders->cancel[orders->cancel_count - 1].is_unsent = answer->class == BYBIT_UNSENT;
        return;
    }
    /* The engine asks what has become of it, and cancels it anew if it rests. */
    bybit_say_of(bybit, known, REPORT_TIMEOUT, 0, answer->received_ns);
}

/* ---- one by one ------------------------------------------------------------------------- */

static void rest_answered(struct bybit *bybit, struct bybit_about about,
                          const struct bybit_reply *reply)
{
    bybit_orders_answer(bybit, &(struct bybit_answer){.kind = ORDER_MESSAGE_CANCEL,
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

    if (!known || !known->live || !known->wants_cancel) { /* or it went in a batch */
        if (known)
            known->wants_cancel = false;
        return true;
    }
    if (bybit->mono_ns < cancel->due_ns || !bybit_pace_take(&bybit->pace, true, bybit->mono_ns))
        return false;
    if (!bybit_orders_transmit(bybit, known, &message, clock_real_ns()) &&
        !cancel_by_rest(bybit, known, &message)) {
        cancel->due_ns = again_ns(bybit, ++known->cancel_tries);
        cancel->is_unsent = true;
        return false;
    }
    known->wants_cancel = false;
    gateway_count_sent(&bybit->base, &message);
    return true;
}

/* ---- many at once ----------------------------------------------------------------------- */

static uint32_t batch_most(const struct bybit *bybit)
{
    return bybit->config.is_spot ? BYBIT_BATCH_SPOT_MAX : BYBIT_BATCH_MAX;
}

static bool may_batch(const struct bybit *bybit)
{
    return bybit->session.trade.is_in && !bybit_is_banned(bybit) &&
           bybit->mono_ns >= bybit->orders.batch_due_ns;
}

/* Of those that are due, the first `most`; what is of others is known by another id, and goes by
 * itself. */
static uint32_t gather(struct bybit *bybit, struct bybit_known *due[BYBIT_BATCH_MAX], uint32_t most)
{
    const struct bybit_orders *orders = &bybit->orders;
    uint32_t count = 0;

    for (uint32_t at = 0; at < orders->cancel_count && count < most; at++) {
        struct bybit_known *known = bybit_known_find(&bybit->known, orders->cancel[at].order_id);

        if (known && known->live && known->wants_cancel && !(known->flags & ORDER_EXTERNAL) &&
            bybit->mono_ns >= orders->cancel[at].due_ns)
            due[count++] = known;
    }
    return count;
}

/* As lose() for one. */
static void lose_batch(struct bybit *bybit, struct bybit_batch *batch)
{
    batch->number = 0;
    for (uint32_t at = 0; at < batch->count; at++) {
        struct bybit_known *known = bybit_known_find(&bybit->known, batch->order_id[at]);

        if (!known || !known->live)
            continue;
        bybit_say_of(bybit, known, REPORT_TIMEOUT, 0, bybit->real_ns);
        (void)bybit_cancel_list(bybit, known, bybit->mono_ns);
    }
}

void bybit_batches_broken(struct bybit *bybit, uint64_t epoch)
{
    for (uint32_t at = 0; at < BYBIT_BATCHES_MAX; at++)
        if (bybit->orders.batch[at].number != 0 && bybit->orders.batch[at].epoch == epoch)
            lose_batch(bybit, &bybit->orders.batch[at]);
}

static bool transmit_batch(struct bybit *bybit, struct bybit_known *const due[], uint32_t count)
{
    struct bybit_orders *orders = &bybit->orders;
    struct bybit_batch *batch = &orders->batch[orders->batches++ % BYBIT_BATCHES_MAX];
    struct bybit_cancelled row[BYBIT_BATCH_MAX];
    char room[NET_HEADROOM + BYBIT_BATCH_BYTES_MAX];
    size_t length;

    if (batch->number != 0)
        lose_batch(bybit, batch);
    orders->number++;
    *batch = (struct bybit_batch){.epoch = bybit->session.trade.epoch, .count = count};
    for (uint32_t at = 0; at < count; at++) {
        batch->order_id[at] = due[at]->id;
        row[at] = (struct bybit_cancelled){bybit_symbol_at(bybit, due[at]->instrument)->name,
                                           due[at]->id};
    }
    length = bybit_encode_cancels(room + NET_HEADROOM, bybit->config.is_spot, row, count,
                                  (struct bybit_stamp){orders->number,
                                                       bybit_venue_ms(bybit, clock_real_ns()),
                                                       bybit->config.recv_window_ms});
    if (!bybit->port.order(bybit->port.ctx, room + NET_HEADROOM, length))
        return false;
    batch->number = orders->number;
    return true;
}

static void note_sent(struct bybit *bybit, struct bybit_known *const due[], uint32_t count)
{
    static const struct order_message cancel = {.kind = ORDER_MESSAGE_CANCEL};

    for (uint32_t at = 0; at < count; at++) {
        due[at]->wants_cancel = false;
        (void)bybit_pace_take(&bybit->orders.batch_pace, true, bybit->mono_ns);
        gateway_count_sent(&bybit->base, &cancel);
    }
}

/* A single one is no batch: it has its own budget, and is what REST can do as well. */
static void send_batches(struct bybit *bybit)
{
    struct bybit_known *due[BYBIT_BATCH_MAX];

    while (may_batch(bybit)) {
        uint32_t most = bybit_pace_room(&bybit->orders.batch_pace, bybit->mono_ns);
        uint32_t count = gather(bybit, due, most < batch_most(bybit) ? most : batch_most(bybit));

        if (count < 2 || !transmit_batch(bybit, due, count))
            return;
        note_sent(bybit, due, count);
    }
}

/* What the venue says of the order at that place of the lists, which stand side by side. */
static struct bybit_answer answer_at(const json_t *frame, uint32_t at, uint64_t order_id,
                                     struct bybit_answer whole)
{
    const json_t *named =
        json_array_get(json_object_get(json_object_get(frame, "data"), "list"), at);
    const json_t *coded =
        json_array_get(json_object_get(json_object_get(frame, "retExtInfo"), "list"), at);
    const char *link = json_string_value(json_object_get(named, "orderLinkId"));
    uint64_t id;

    whole.order_id = order_id;
    whole.class = BYBIT_UNKNOWN;
    if (link && order_id_parse(link, &id) && id == order_id &&
        bybit_whole(coded, "code", &whole.code))
        whole.class = bybit_class_of(whole.code);
    whole.says = json_string_value(json_object_get(coded, "msg"));
    return whole;
}

/* It failed as a whole. Where it is sure that none of them was done they go again, one by one when
 * it was refused; else it is known of none of them. */
static struct bybit_answer answer_of_all(struct bybit *bybit, uint64_t order_id,
                                         struct bybit_answer whole)
{
    whole.order_id = order_id;
    if (whole.class == BYBIT_REFUSED)
        whole.class = BYBIT_VOID;
    else if (whole.class != BYBIT_VOID && whole.class != BYBIT_LIMITED &&
             whole.class != BYBIT_BANNED)
        whole.class = BYBIT_UNKNOWN;
    bybit->orders.batch_due_ns = bybit->mono_ns + SINGLE_NS;
    return whole;
}

static struct bybit_batch *find_batch(struct bybit_orders *orders, uint64_t number)
{
    for (uint32_t at = 0; at < BYBIT_BATCHES_MAX; at++)
        if (orders->batch[at].number == number)
            return &orders->batch[at];
    return NULL;
}

void bybit_batch_reply(struct bybit *bybit, uint64_t number, const json_t *frame,
                       struct bybit_answer whole)
{
    struct bybit_batch *batch = find_batch(&bybit->orders, number);

    if (!batch)
        return;
    batch->number = 0;
    for (uint32_t at = 0; at < batch->count; at++) {
        struct bybit_answer answer = whole.class == BYBIT_DONE
                                         ? answer_at(frame, at, batch->order_id[at], whole)
                                         : answer_of_all(bybit, batch->order_id[at], whole);

        bybit_orders_answer(bybit, &answer);
    }
}

/* ---- all that are due ------------------------------------------------------------------- */

void bybit_cancels_send(struct bybit *bybit)
{
    struct bybit_orders *orders = &bybit->orders;
    uint32_t count;
    uint32_t kept = 0;

    send_batches(bybit);
    count = orders->cancel_count;

    /* What is put on the list while it is read stands behind it. */
    for (uint32_t at = 0; at < orders->cancel_count; at++)
        if (at >= count || !send_cancel(bybit, &orders->cancel[at]))
            orders->cancel[kept++] = orders->cancel[at];
    orders->cancel_count = kept;
}

void bybit_cancel_take(struct bybit *bybit, const struct order_message *message)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, message->order_id);

    if (!known)
        known = bybit_orders_adopt(bybit, message);
    if (known && known->live && bybit_cancel_list(bybit, known, bybit->mono_ns))
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

void bybit_sweep(struct bybit *bybit)
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
            (void)bybit_cancel_list(bybit, known, bybit->mono_ns);
    }
    bybit->orders.sweep = wanted;
    bybit_cancels_send(bybit);
    if (bybit->orders.cancel_count == 0)
        gateway_sweep_done(&bybit->base, wanted);
}
