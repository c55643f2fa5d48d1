#include "unit/gateway/bybit/booth.h"

#include "thread/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the way out ------------------------------------------------------------------------ */

static bool keep_order(void *ctx, char *text, size_t length)
{
    struct booth *booth = ctx;

    if (booth->socket_is_full)
        return false;
    cr_assert(lt(u32, booth->sent_count, BOOTH_SENT_MAX));
    cr_assert(lt(sz, length, BOOTH_TEXT_MAX));
    memcpy(booth->sent[booth->sent_count], text, length);
    booth->sent[booth->sent_count++][length] = '\0';
    memset(text - NET_HEADROOM, 0xff, length + NET_HEADROOM); /* it is spoiled */
    return true;
}

static bool is_drained(void *ctx)
{
    return !((struct booth *)ctx)->bytes_wait;
}

static bool keep_request(void *ctx, const struct net_request *request)
{
    struct booth *booth = ctx;
    struct booth_asked *asked = &booth->asked[booth->asked_count];

    cr_assert(lt(u32, booth->asked_count, BOOTH_ASKED_MAX));
    booth->asked_count++;
    *asked = (struct booth_asked){.ctx = request->ctx, .done = request->done};
    snprintf(asked->method, sizeof asked->method, "%s", request->method);
    snprintf(asked->path, sizeof asked->path, "%s", request->path);
    snprintf(asked->body, sizeof asked->body, "%s", request->body ? request->body : "");
    return true;
}

static void note_stop(void *ctx, uint16_t scope, const char *says)
{
    struct booth *booth = ctx;

    booth->stops++;
    booth->stop_scope = scope;
    snprintf(booth->stop_says, sizeof booth->stop_says, "%s", says);
}

static bool is_news(void *ctx, uint64_t order_id, uint64_t exec_id, struct execution *fill)
{
    struct booth *booth = ctx;

    fill->strategy = 2;
    return order_id == booth->carried && (exec_id == 0 || !booth->carried_has_fills);
}

static bool is_ours(void *ctx, uint64_t order_id)
{
    (void)ctx;
    return order_id >> 52 == BOOTH_FIRST >> 52;
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

static struct bybit_config config_of(struct booth *booth, bool is_spot)
{
    return (struct bybit_config){.io = {.instruments = booth->row,
                                        .instrument_count = 2,
                                        .market = &booth->market,
                                        .executions = &booth->executions,
                                        .orders = &booth->orders,
                                        .kill = &booth->kill,
                                        .stop = note_stop,
                                        .stop_ctx = booth},
                                 .scopes = {.venues = 1, .strategies = 4, .instruments = 2},
                                 .is_spot = is_spot,
                                 .rest = "https://venue",
                                 .stream = "wss://venue",
                                 .key = "key",
                                 .secret = "secret",
                                 .recv_window_ms = 5000,
                                 .private_silence_ns = 60 * SECOND_NS,
                                 .heartbeat_ns = 20 * SECOND_NS,
                                 .reconcile_ns = 3600 * SECOND_NS,
                                 .reference_ns = 3600 * SECOND_NS,
                                 .dcp_ns = 10 * SECOND_NS,
                                 .clock_alarm_ns = 250 * MS_NS,
                                 .orders_per_s = 10,
                                 .is_ours = is_ours,
                                 .is_news = is_news,
                                 .is_news_ctx = booth};
}

static void make_ready(struct bybit *bybit)
{
    bybit->session.stream.is_in = bybit->session.trade.is_in = true;
    bybit->session.stream.epoch = bybit->session.trade.epoch = 1;
    bybit->session.clock.is_known = bybit->session.dcp.is_set = true;
    bybit->session.clock.due_ns = INT64_MAX;
    bybit->reconcile.is_done = true;
    bybit->reconcile.due_ns = bybit->reference.due_ns = INT64_MAX;
    bybit->reference.is_fine[0] = bybit->reference.is_fine[1] = true;
}

struct booth *booth_open(bool is_spot)
{
    struct booth *booth = aligned_alloc(CACHE_LINES_APART, sizeof *booth);
    struct bybit_config config;
    struct err err;

    memset(booth, 0, sizeof *booth);
    name_row(&booth->row[0], is_spot ? "bybit-spot:BTCUSDT" : "bybit-linear:BTCUSDT");
    name_row(&booth->row[1], is_spot ? "bybit-spot:ETHUSDT" : "bybit-linear:ETHUSDT");
    ring_init(&booth->market, booth->market_bytes, sizeof booth->market_bytes);
    ring_init(&booth->executions, booth->execution_bytes, sizeof booth->execution_bytes);
    ring_init(&booth->orders, booth->order_bytes, sizeof booth->order_bytes);
    config = config_of(booth, is_spot);
    cr_assert(eq(int, bybit_make(&booth->bybit, &config, &err), OK), "%s", err.text);
    booth->bybit->port = (struct bybit_port){booth, keep_order, is_drained, keep_request};
    make_ready(booth->bybit);
    return booth;
}

void booth_close(struct booth *booth)
{
    bybit_unmake(booth->bybit);
    free(booth);
}

/* ---- the engine's side ------------------------------------------------------------------ */

struct order_message booth_new(uint32_t n, int64_t price_ticks, int64_t qty_lots)
{
    return (struct order_message){.kind = ORDER_MESSAGE_NEW,
                                  .side = SIDE_BUY,
                                  .strategy = 1,
                                  .scopes = {.firm = 0, .venue = 1, .strategy = 3, .instrument = 6},
                                  .order_id = BOOTH_FIRST + n,
                                  .price_ticks = price_ticks,
                                  .qty_lots = qty_lots};
}

void booth_put(struct booth *booth, struct order_message message)
{
    struct order_message *slot = ring_reserve(&booth->orders, sizeof *slot);

    cr_assert(ne(ptr, slot, NULL));
    if (message.kind == ORDER_MESSAGE_NEW && message.seq == 0)
        message.seq = ++booth->seq;
    *slot = message;
    ring_publish(&booth->orders);
}

void booth_turn(struct booth *booth, int64_t step_ns)
{
    struct bybit *bybit = booth->bybit;

    bybit->mono_ns += step_ns;
    bybit->real_ns = clock_real_ns();
    bybit_orders_turn(bybit);
    bybit_outbox_flush(bybit);
    bybit_session_turn(bybit);
    bybit_reports_turn(bybit);
    bybit_reconcile_turn(bybit);
    bybit_reference_turn(bybit);
}

void booth_send(struct booth *booth, struct order_message message)
{
    booth_put(booth, message);
    booth_turn(booth, 0);
}

void booth_cancel(struct booth *booth, uint32_t n)
{
    struct order_message message = booth_new(n, 0, 0);

    message.kind = ORDER_MESSAGE_CANCEL;
    booth_send(booth, message);
}

void booth_query(struct booth *booth, uint32_t n, uint32_t amend_no)
{
    struct order_message message = booth_new(n, 1000, 10);

    message.kind = ORDER_MESSAGE_QUERY;
    message.amend_no = amend_no;
    booth_send(booth, message);
}

/* ---- the venue's side ------------------------------------------------------------------- */

bool booth_stream(struct booth *booth, const char *text)
{
    json_t *frame = json_loads(text, 0, NULL);
    bool fine;

    cr_assert(frame != NULL, "%s", text);
    fine = bybit_private_frame(booth->bybit, frame, 77);
    json_decref(frame);
    return fine;
}

void booth_order(struct booth *booth, uint32_t n, const char *status, const char *price,
                 const char *qty, const char *cum, int64_t updated_ms, const char *extra)
{
    char link[ORDER_ID_TEXT_MAX];
    char text[BOOTH_TEXT_MAX];

    order_id_print(link, BOOTH_FIRST + n);
    snprintf(text, sizeof text,
             "{\"topic\":\"order\",\"data\":[{\"category\":\"linear\",\"symbol\":\"BTCUSDT\","
             "\"orderId\":\"v-%u\",\"orderLinkId\":\"%s\",\"side\":\"Buy\",\"orderType\":\"Limit\","
             "\"price\":\"%s\",\"qty\":\"%s\",\"cumExecQty\":\"%s\",\"orderStatus\":\"%s\","
             "\"updatedTime\":\"%" PRId64 "\"%s}]}",
             n, link, price, qty, cum, status, updated_ms, extra);
    cr_assert(booth_stream(booth, text));
}

void booth_fill(struct booth *booth, uint32_t n, const char *exec_id, const char *price,
                const char *qty)
{
    char link[ORDER_ID_TEXT_MAX];
    char text[BOOTH_TEXT_MAX];

    order_id_print(link, BOOTH_FIRST + n);
    snprintf(text, sizeof text,
             "{\"topic\":\"execution\",\"data\":[{\"category\":\"linear\",\"symbol\":\"BTCUSDT\","
             "\"orderId\":\"v-%u\",\"orderLinkId\":\"%s\",\"side\":\"Buy\",\"execId\":\"%s\","
             "\"execPrice\":\"%s\",\"execQty\":\"%s\",\"execFee\":\"0.055\",\"isMaker\":false,"
             "\"execType\":\"Trade\",\"execTime\":\"1700000000123\",\"feeCurrency\":\"\"}]}",
             n, link, exec_id, price, qty);
    cr_assert(booth_stream(booth, text));
}

void booth_reply(struct booth *booth, int64_t code)
{
    json_t *sent;
    char text[BOOTH_TEXT_MAX];

    cr_assert(gt(u32, booth->sent_count, 0));
    sent = json_loads(booth->sent[booth->sent_count - 1], 0, NULL);
    snprintf(text, sizeof text,
             "{\"reqId\":\"%s\",\"retCode\":%" PRId64 ",\"retMsg\":\"x\",\"op\":\"x\",\"data\":{}}",
             json_string_value(json_object_get(sent, "reqId")), code);
    bybit_trade_frame(booth->bybit, booth->bybit->session.trade.epoch, text, strlen(text), 77);
    json_decref(sent);
}

void booth_answer_code(struct booth *booth, int http_status, int64_t code, const char *result)
{
    struct booth_asked asked = booth->asked[0];
    char body[4 * BOOTH_TEXT_MAX];
    int length = snprintf(body, sizeof body,
                          "{\"retCode\":%" PRId64 ",\"retMsg\":\"\",\"result\":%s}", code, result);

    cr_assert(gt(u32, booth->asked_count, 0), "nothing is asked");
    memmove(&booth->asked[0], &booth->asked[1], --booth->asked_count * sizeof booth->asked[0]);
    asked.done(asked.ctx, &(struct net_answer){.http_status = http_status,
                                               .body = body,
                                               .length = (size_t)length,
                                               .limit = -1,
                                               .limit_left = -1,
                                               .limit_reset_ms = -1,
                                               .retry_after_s = -1,
                                               .text = "no answer"});
}

void booth_answer(struct booth *booth, const char *path, const char *result)
{
    cr_assert(gt(u32, booth->asked_count, 0), "nothing is asked; %s was expected", path);
    cr_assert(strncmp(booth->asked[0].path, path, strlen(path)) == 0, "%s is asked, not %s",
              booth->asked[0].path, path);
    booth_answer_code(booth, 200, 0, result);
}

/* ---- what came of it -------------------------------------------------------------------- */

struct execution booth_next(struct booth *booth)
{
    size_t length;
    const struct execution *slot = ring_peek(&booth->executions, &length);
    struct execution execution;

    cr_assert(slot != NULL, "there is no report");
    execution = *slot;
    ring_release(&booth->executions);
    return execution;
}

void booth_expect(struct booth *booth, enum report report, uint32_t n)
{
    struct execution execution = booth_next(booth);

    cr_assert(eq(int, execution.report, report), "%s and not %s",
              report_name((enum report)execution.report), report_name(report));
    cr_assert(eq(u64, execution.order_id, BOOTH_FIRST + n));
    cr_assert(eq(int, execution.strategy, 1));
}

void booth_expect_nothing(struct booth *booth)
{
    size_t length;
    const struct execution *slot = ring_peek(&booth->executions, &length);

    cr_assert(slot == NULL, "there is %s", slot ? report_name((enum report)slot->report) : "");
}

void booth_expect_sent(struct booth *booth, const char *op, uint32_t n)
{
    char link[ORDER_ID_TEXT_MAX];
    char quoted[64];

    cr_assert(gt(u32, booth->sent_count, 0), "nothing was sent");
    order_id_print(link, BOOTH_FIRST + n);
    snprintf(quoted, sizeof quoted, "\"op\":\"%s\"", op);
    cr_assert(strstr(booth->sent[booth->sent_count - 1], quoted) != NULL, "%s",
              booth->sent[booth->sent_count - 1]);
    cr_assert(strstr(booth->sent[booth->sent_count - 1], link) != NULL, "%s",
              booth->sent[booth->sent_count - 1]);
}

void booth_place(struct booth *booth, uint32_t n)
{
    booth_send(booth, booth_new(n, 1000, 10));
    booth_order(booth, n, "New", "500", "0.020", "0", 1, "");
    booth_expect(booth, REPORT_VENUE_ACK, n);
}
