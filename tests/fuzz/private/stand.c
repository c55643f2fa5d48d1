#include "fuzz/private/stand.h"

#include "fuzz/fuzz.h"
#include "thread/log.h"

#include <stdlib.h>
#include <string.h>

/* A fixed clock: the same bytes are the same story. */
#define NOW_NS (1700000000 * SECOND_NS)

/* ---- the way out ------------------------------------------------------------------------ */

static uint64_t order_of(const json_t *args)
{
    const char *link = json_string_value(json_object_get(args, "orderLinkId"));
    uint64_t id = 0;

    bool named = link ? order_id_parse(link, &id)
                      : json_string_value(json_object_get(args, "orderId")) != NULL;

    assert(named);
    return id;
}

/* One order, or several to be cancelled at once: the first. Each is named. */
static uint64_t orders_of(const json_t *frame, bool is_batch)
{
    const json_t *args = json_array_get(json_object_get(frame, "args"), 0);
    const json_t *rows = json_object_get(args, "request");

    if (!is_batch)
        return order_of(args);
    assert(json_array_size(rows) > 0);
    for (size_t at = 1; at < json_array_size(rows); at++)
        (void)order_of(json_array_get(rows, at));
    return order_of(json_array_get(rows, 0));
}

static bool watch_order(void *ctx, char *text, size_t length)
{
    struct stand *stand = ctx;
    json_t *frame = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    const char *op = json_string_value(json_object_get(frame, "op"));
    uint64_t id;

    assert(frame && op); /* whatever the venue has said, what leaves is well formed */
    fuzz_trace("said %.*s", (int)length, text);
    id = orders_of(frame, strcmp(op, "order.cancel-batch") == 0);
    if (strcmp(op, "order.create") == 0) {
        assert(id > STAND_FIRST && id <= STAND_FIRST + stand->orders);
        assert(stand->left[id - STAND_FIRST] == 0);
        stand->left[id - STAND_FIRST]++;
        assert(!stand->killed);
    }
    if (strcmp(op, "order.amend") == 0)
        assert(!stand->killed);
    json_decref(frame);
    memset(text - NET_HEADROOM, 0xff, length + NET_HEADROOM);
    return true;
}

static bool is_drained(void *ctx)
{
    (void)ctx;
    return true;
}

static bool keep_request(void *ctx, const struct net_request *request)
{
    struct stand *stand = ctx;

    fuzz_trace("said %s %s %s", request->method, request->path, request->body ? request->body : "");
    for (const char *at = request->path; *at; at++)
        assert(*at > ' ' && *at < 127); /* nothing that would end the line */
    if (stand->asked_count == STAND_ASKED_MAX)
        return false;
    stand->asked[stand->asked_count].ctx = request->ctx;
    stand->asked[stand->asked_count++].done = request->done;
    return true;
}

void stand_answer(struct stand *stand, int http_status, char *body, size_t length)
{
    void *ctx = stand->asked[0].ctx;
    void (*done)(void *of, const struct net_answer *answer) = stand->asked[0].done;

    if (stand->asked_count == 0)
        return;
    memmove(&stand->asked[0], &stand->asked[1], --stand->asked_count * sizeof stand->asked[0]);
    done(ctx, &(struct net_answer){.http_status = http_status,
                                   .body = body,
                                   .length = length,
                                   .limit = -1,
                                   .limit_left = -1,
                                   .limit_reset_ms = -1,
                                   .retry_after_s = -1,
                                   .text = "no answer"});
}

/* ---- what the engine is told ------------------------------------------------------------ */

static void look_once(struct stand *stand, const struct execution *said)
{
    if (said->report != REPORT_FILL_PART && said->report != REPORT_FUNDING)
        return;
    assert(said->exec_id != 0);
    for (uint32_t at = 0; at < stand->told_count; at++)
        assert(stand->told[at] != said->exec_id);
    if (stand->told_count < STAND_TOLD_MAX)
        stand->told[stand->told_count++] = said->exec_id;
}

static void look(struct stand *stand, const struct execution *said)
{
    fuzz_trace("event %s order=%llx lots=%lld ticks=%lld", report_name((enum report)said->report),
               (unsigned long long)said->order_id, (long long)said->qty_lots,
               (long long)said->price_ticks);
    assert(said->report < REPORT_COUNT && said->report != REPORT_FILL_LAST);
    assert(said->report != REPORT_CANCEL_SENT && said->report != REPORT_AMEND_SENT);
    assert(said->report != REPORT_VOID);
    assert(said->instrument < 2 && said->strategy < 4 && said->side <= SIDE_SELL);
    assert(said->price_ticks >= 0 && said->price_ticks <= MAX_PRICE_TICKS);
    assert(said->qty_lots <= 3 * MAX_LOTS && said->qty_lots >= -3 * MAX_LOTS);
    if (said->report == REPORT_FILL_PART)
        assert(said->price_ticks > 0 && said->qty_lots > 0 && said->qty_lots <= MAX_LOTS);
    assert(said->fee_e8 <= MAX_MONEY_E8 + 1 && said->fee_e8 >= -MAX_MONEY_E8 - 1);
    assert(said->venue_ns >= 0);
    look_once(stand, said);
}

void stand_turn(struct stand *stand, int64_t step_ns)
{
    struct bybit *bybit = stand->bybit;
    const struct execution *said;
    size_t length;

    bybit->mono_ns += step_ns;
    bybit->real_ns += step_ns;
    bybit_orders_turn(bybit);
    bybit_outbox_flush(bybit);
    bybit_session_turn(bybit);
    bybit_reports_turn(bybit);
    bybit_reconcile_turn(bybit);
    bybit_reference_turn(bybit);
    while ((said = ring_peek(&stand->executions, &length))) {
        look(stand, said);
        ring_release(&stand->executions);
    }
}

void stand_break(struct stand *stand)
{
    struct bybit_link *trade = &stand->bybit->session.trade;
    uint64_t epoch = trade->epoch;

    bybit_trade_closed(stand->bybit, epoch, NET_FAILED, 0, "reset");
    trade->epoch = epoch + 1;
    trade->is_in = true;
}

/* ---- the engine's side ------------------------------------------------------------------ */

static void put(struct stand *stand, enum order_message_kind kind)
{
    struct order_message *slot = ring_reserve(&stand->orders_ring, sizeof *slot);

    if (!slot)
        return;
    *slot =
        (struct order_message){.kind = (uint8_t)kind,
                               .side = SIDE_BUY,
                               .strategy = 1,
                               .scopes = {.firm = 0, .venue = 1, .strategy = 3, .instrument = 6},
                               .amend_no = kind == ORDER_MESSAGE_AMEND ? ++stand->amends : 0,
                               .order_id = STAND_FIRST + stand->orders,
                               .price_ticks = 1000 + (kind == ORDER_MESSAGE_AMEND),
                               .qty_lots = 10,
                               .seq = stand->orders};
    ring_publish(&stand->orders_ring);
}

void stand_engine(struct stand *stand, char letter)
{
    if (letter == 'k') {
        stand_turn(stand, 0);
        kill_page_set(&stand->kill, 0);
        stand->killed = true;
    } else if (letter == 'n' && stand->orders < STAND_ORDERS_MAX) {
        stand->orders++;
        put(stand, ORDER_MESSAGE_NEW);
    } else if (letter == 'c' || letter == 'm' || letter == 'q') {
        if (stand->orders > 0)
            put(stand, letter == 'c'   ? ORDER_MESSAGE_CANCEL
                       : letter == 'm' ? ORDER_MESSAGE_AMEND
                                       : ORDER_MESSAGE_QUERY);
    }
}

/* ---- opening ---------------------------------------------------------------------------- */

static void name_row(struct instrument *row, const char *name)
{
    *row = (struct instrument){.price_decimals = 1,
                               .tick_units = 5,
                               .qty_decimals = 3,
                               .lot_units = 2,
                               .tick_value_e8 = 100000,
                               .maker_fee_e8 = 20000,
                               .taker_fee_e8 = 55000};
    strcpy(row->name, name);
}

static struct bybit_config config_of(struct stand *stand, bool is_spot)
{
    return (struct bybit_config){.io = {.instruments = stand->row,
                                        .instrument_count = 2,
                                        .market = &stand->market,
                                        .executions = &stand->executions,
                                        .orders = &stand->orders_ring,
                                        .kill = &stand->kill},
                                 .scopes = {.venues = 1, .strategies = 4, .instruments = 2},
                                 .is_spot = is_spot,
                                 .rest = "https://venue",
                                 .stream = "wss://venue",
                                 .key = "key",
                                 .secret = "secret",
                                 .recv_window_ms = 5000,
                                 .private_silence_ns = 60 * SECOND_NS,
                                 .heartbeat_ns = 20 * SECOND_NS,
                                 .reconcile_ns = 10 * SECOND_NS,
                                 .reference_ns = 5 * SECOND_NS,
                                 .dcp_ns = 10 * SECOND_NS,
                                 .clock_alarm_ns = 250 * MS_NS,
                                 .orders_per_s = 100};
}

static void make_ready(struct bybit *bybit)
{
    bybit->mono_ns = 1000 * SECOND_NS;
    bybit->real_ns = bybit->opened_ns = NOW_NS;
    bybit->orders.number = 0;
    bybit->reconcile.since_ms = NOW_NS / MS_NS;
    bybit->session.stream.is_in = bybit->session.trade.is_in = true;
    bybit->session.stream.epoch = bybit->session.trade.epoch = 1;
    bybit->session.clock.is_known = bybit->session.dcp.is_set = true;
    bybit->session.clock.due_ns = bybit->mono_ns + 3 * SECOND_NS;
    bybit->reconcile.is_done = true;
    bybit->reconcile.due_ns = bybit->mono_ns + 2 * SECOND_NS;
    bybit->reference.due_ns = bybit->mono_ns + SECOND_NS;
    bybit->reference.is_fine[0] = bybit->reference.is_fine[1] = true;
}

struct stand *stand_open(bool is_spot)
{
    static struct stand stand; /* too big for a stack; the kill page wants its alignment */
    struct bybit_config config;
    struct err err;

    log_least(LOG_ERROR + 1);
    memset(&stand, 0, sizeof stand);
    name_row(&stand.row[0], is_spot ? "bybit-spot:BTCUSDT" : "bybit-linear:BTCUSDT");
    name_row(&stand.row[1], is_spot ? "bybit-spot:ETHUSDT" : "bybit-linear:ETHUSDT");
    ring_init(&stand.market, stand.market_bytes, sizeof stand.market_bytes);
    ring_init(&stand.executions, stand.execution_bytes, sizeof stand.execution_bytes);
    ring_init(&stand.orders_ring, stand.order_bytes, sizeof stand.order_bytes);
    config = config_of(&stand, is_spot);
    if (bybit_make(&stand.bybit, &config, &err) != OK)
        panic(__FILE__, __LINE__, err.text);
    stand.bybit->port = (struct bybit_port){&stand, watch_order, is_drained, keep_request};
    make_ready(stand.bybit);
    return &stand;
}

void stand_close(struct stand *stand)
{
    bybit_unmake(stand->bybit);
}
