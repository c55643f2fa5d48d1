/* Private topics. What the core tells is copied into a list; when the request that caused it has
 * been answered, each entry becomes a message to every session of the account that listens. */
#include "venue/bybit/inside.h"

#include "thread/clock.h"
#include "venue/saver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct push *add_push(struct bybit *bybit, uint8_t kind, uint16_t account, uint16_t at)
{
    struct push *push;

    saver_note(bybit->saver);
    if (bybit->push_count == bybit->push_room) {
        bybit->push_room = bybit->push_room ? 2 * bybit->push_room : 64;
        bybit->pushes = realloc(bybit->pushes, bybit->push_room * sizeof *bybit->pushes);
        assert(bybit->pushes);
    }
    push = &bybit->pushes[bybit->push_count++];
    *push = (struct push){.kind = kind, .account = account, .at = at};
    return push;
}

/* Told once, however often it changed. */
static void add_once(struct bybit *bybit, uint8_t kind, uint16_t account, uint16_t at)
{
    for (uint32_t i = bybit->push_done; i < bybit->push_count; i++)
        if (bybit->pushes[i].kind == kind && bybit->pushes[i].account == account &&
            bybit->pushes[i].at == at) {
            memmove(&bybit->pushes[i], &bybit->pushes[i + 1],
                    (bybit->push_count - i - 1) * sizeof *bybit->pushes);
            bybit->push_count--;
            break;
        }
    add_push(bybit, kind, account, at);
}

static void on_order(void *ctx, const struct venue_order *order)
{
    struct bybit *bybit = ctx;

    if (order->account == VENUE_MARKET)
        return;
    add_push(bybit, PUSH_ORDER, order->account, order->instrument)->order = *order;
    /* A position is told with every order's change: documented. */
    if (venue_instrument(bybit->venue, order->instrument)->category == VENUE_LINEAR)
        add_once(bybit, PUSH_POSITION, order->account, order->instrument);
}

static void on_execution(void *ctx, const struct venue_execution *execution)
{
    if (execution->account != VENUE_MARKET)
        add_push(ctx, PUSH_EXECUTION, execution->account, execution->instrument)->execution =
            *execution;
}

static void on_position(void *ctx, uint16_t account, uint16_t instrument)
{
    if (account != VENUE_MARKET)
        add_once(ctx, PUSH_POSITION, account, instrument);
}

static void on_wallet(void *ctx, uint16_t account, uint16_t coin)
{
    if (account != VENUE_MARKET)
        add_once(ctx, PUSH_WALLET, account, coin);
}

static void on_trade(void *ctx, uint16_t instrument, const struct venue_trade *trade)
{
    streams_note_trade(ctx, instrument, trade);
}

struct venue_listener pushes_listener(struct bybit *bybit)
{
    return (struct venue_listener){.ctx = bybit,
                                   .order = on_order,
                                   .execution = on_execution,
                                   .position = on_position,
                                   .wallet = on_wallet,
                                   .trade = on_trade};
}

/* ---- messages ------------------------------------------------------------------------- */

static const char *const topic_names[TOPIC_COUNT] = {"order", "execution", "execution.fast",
                                                     "position", "wallet"};

static void put_message(struct bybit *bybit, struct text *text, const struct push *push,
                        enum topic topic, uint8_t category, bool categorised, int64_t now_ns)
{
    text_clear(text);
    text_put(text, "{");
    if (topic != TOPIC_FAST)
        text_put(text, "\"id\":\"%" PRIu64 "_%016" PRIx64 "\",",
                 keys_of_account(&bybit->keys, push->account)->uid, bybit->push_no++);
    text_put(text, "\"topic\":\"%s%s%s\",\"creationTime\":%" PRId64 ",\"data\":[",
             topic_names[topic], categorised ? "." : "", categorised ? category_name(category) : "",
             wire_ms(bybit, now_ns));
    if (topic == TOPIC_ORDER)
        put_order(bybit, text, &push->order, true);
    else if (topic == TOPIC_EXECUTION)
        put_execution(bybit, text, &push->execution, true);
    else if (topic == TOPIC_FAST)
        put_execution_fast(bybit, text, &push->execution);
    else if (topic == TOPIC_POSITION)
        put_position(bybit, text, push->account, push->at, true);
    else
        put_wallet(bybit, text, push->account, venue_coin(bybit->venue, push->at));
    text_put(text, "]}");
}

/* A ledger line, and the room of its texts. */
struct noted {
    struct venue_ledger_line line;
    char order_id[WIRE_ID_MAX], exec_id[WIRE_ID_MAX];
    char qty[DECIMAL_TEXT_MAX], price[DECIMAL_TEXT_MAX];
};

static void note_numbers(struct noted *noted, const struct venue_instrument *row, uint8_t side,
                         int64_t lots, int64_t ticks)
{
    noted->line.side = side == SIDE_BUY ? "Buy" : "Sell";
    decimal_print(noted->qty, lots * row->grid.lot_units, row->grid.qty_decimals, false);
    decimal_print(noted->price, ticks * row->grid.tick_units, row->grid.price_decimals, false);
    noted->line.qty = noted->qty;
    noted->line.price = noted->price;
}

static void note_order(struct bybit *bybit, struct noted *noted, const struct venue_order *order)
{
    noted->line.order_link_id = order->link;
    noted->line.order_id = order_id_text(bybit, noted->order_id, order);
    note_numbers(noted, venue_instrument(bybit->venue, order->instrument), order->side,
                 order->qty_lots, order->price_ticks);
}

static void note_execution(struct bybit *bybit, struct noted *noted,
                           const struct venue_execution *execution)
{
    const struct venue_instrument *row = venue_instrument(bybit->venue, execution->instrument);

    noted->line.order_link_id = execution->link;
    noted->line.order_id =
        id_text(bybit, noted->order_id, row->category,
                (struct id_parts){execution->order_no, execution->order_life, ID_ORDER});
    noted->line.exec_id = id_text(bybit, noted->exec_id, row->category,
                                  (struct id_parts){execution->no, execution->life, ID_EXECUTION});
    note_numbers(noted, row, execution->side, execution->lots, execution->price_ticks);
}

static void log_push(struct bybit *bybit, const struct session *session, const struct push *push,
                     enum venue_fault_kind kind, const struct text *text, const char *status)
{
    struct noted noted = {.line = {.conn = venue_conn_no(session->conn),
                                   .is_out = true,
                                   .kind = venue_fault_kind_name(kind),
                                   .account = session->key->uid,
                                   .status = status,
                                   .body = text->at,
                                   .body_length = text->length,
                                   .body_is_json = true}};

    if (!bybit->ledger)
        return;
    if (push->kind == PUSH_WALLET)
        noted.line.symbol = venue_coin(bybit->venue, push->at);
    else
        noted.line.symbol = venue_instrument(bybit->venue, push->at)->symbol;
    if (push->kind == PUSH_ORDER)
        note_order(bybit, &noted, &push->order);
    else if (push->kind == PUSH_EXECUTION)
        note_execution(bybit, &noted, &push->execution);
    bybit_log(bybit, &noted.line);
}

static struct venue_delivery delivery_of(struct bybit *bybit, const struct venue_fault *fault)
{
    struct venue_delivery how = fault_delivery(fault);

    if (bybit->late_fill_ns || fault->verb == VENUE_FAULT_LATE_FILL) {
        how.delay_ns = bybit->late_fill_ns ? bybit->late_fill_ns : fault->for_ns;
        how.aside = true;
    }
    return how;
}

static void send_one(struct bybit *bybit, struct session *session, const struct push *push,
                     enum topic topic, enum venue_fault_kind kind, const struct venue_fault *fault,
                     bool categorised, int64_t now_ns)
{
    struct venue_delivery how = delivery_of(bybit, fault);
    uint8_t category = push->kind == PUSH_WALLET
                           ? VENUE_LINEAR
                           : venue_instrument(bybit->venue, push->at)->category;

    put_message(bybit, &bybit->frame, push, topic, category, categorised, now_ns);
    log_push(bybit, session, push, kind, &bybit->frame, fault_silences(fault) ? "lost" : NULL);
    if (fault->verb == VENUE_FAULT_CORRUPT_JSON)
        bybit->frame.length--;
    if (!fault_silences(fault))
        session_send(session, &bybit->frame, &how);
    if (fault->verb == VENUE_FAULT_DUP) {
        log_push(bybit, session, push, kind, &bybit->frame, "repeated");
        session_send(session, &bybit->frame, NULL);
    }
    fault_apply(bybit, session->conn, push->account, push->at, fault, now_ns);
}

static void offer(struct bybit *bybit, struct session *session, const struct push *push,
                  enum topic topic, enum venue_fault_kind kind, const struct venue_fault *fault,
                  int64_t now_ns)
{
    uint8_t category = push->kind == PUSH_WALLET
                           ? VENUE_LINEAR
                           : venue_instrument(bybit->venue, push->at)->category;

    if (!session->key || session->key->account != push->account || session->kind != SESSION_PRIVATE)
        return;
    if (session->topic_all[topic])
        send_one(bybit, session, push, topic, kind, fault, false, now_ns);
    else if (session->topic_of[topic][category])
        send_one(bybit, session, push, topic, kind, fault, true, now_ns);
}

static void push_out(struct bybit *bybit, const struct push *push, int64_t now_ns)
{
    static const struct {
        enum topic topic;
        enum venue_fault_kind kind;
    } rows[] = {[PUSH_ORDER] = {TOPIC_ORDER, VENUE_ON_ORDER},
                [PUSH_EXECUTION] = {TOPIC_EXECUTION, VENUE_ON_FILL},
                [PUSH_POSITION] = {TOPIC_POSITION, VENUE_ON_POSITION},
                [PUSH_WALLET] = {TOPIC_WALLET, VENUE_ON_WALLET}};
    enum venue_fault_kind kind = rows[push->kind].kind;
    struct venue_fault fault =
        venue_faults_draw(bybit->faults, kind, push->kind == PUSH_WALLET ? UINT16_MAX : push->at);
    struct session *next;

    for (struct session *at = bybit->sessions; at; at = next) {
        next = at->next;
        if (push->kind == PUSH_EXECUTION && push->execution.exec_type == VENUE_EXEC_TRADE)
            offer(bybit, at, push, TOPIC_FAST, kind, &fault, now_ns);
        offer(bybit, at, push, rows[push->kind].topic, kind, &fault, now_ns);
    }
}

void pushes_flush(struct bybit *bybit, int64_t now_ns)
{
    /* A fault of one may cause others, which are added behind it and may move the list. */
    for (uint32_t at = 0; at < bybit->push_count; at++) {
        struct push push = bybit->pushes[at];

        bybit->push_done = at + 1;
        push_out(bybit, &push, now_ns);
    }
    bybit->push_count = 0;
    bybit->push_done = 0;
}
