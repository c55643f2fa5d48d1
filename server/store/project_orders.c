/* Orders, denials and fills: the hot half of the projection. */
#include "store/past.h"
#include "store/project_turn.h"

#include <string.h>

static struct order_memo *memo_of(struct projection *projection, uint64_t id)
{
    return &projection->memo[id % MEMO_ORDERS];
}

/* The state that a name means; the table may have been written by an earlier run. */
static uint8_t state_of(const char *name)
{
    for (int state = 0; state < ORDER_STATE_COUNT; state++) {
        if (strcmp(order_state_name((enum order_state)state), name) == 0)
            return (uint8_t)state;
    }
    return ORDER_UNKNOWN;
}

/* NULL when the order was never seen. */
static struct order_memo *order_find(struct projection *projection, uint64_t id)
{
    struct order_memo *memo = memo_of(projection, id);
    sqlite3_stmt *get = projection->get_order;
    bool found = false;

    if (memo->id == id)
        return memo;
    statement_id(get, 1, id);
    if (sqlite3_step(get) == SQLITE_ROW) {
        for (uint16_t i = 0; i < projection->instrument_count && !found; i++) {
            found = strcmp(projection->instrument[i].name, column_text(get, 0)) == 0;
            *memo = (struct order_memo){id, i, state_of(column_text(get, 1))};
        }
    }
    sqlite3_reset(get);
    if (!found)
        memo->id = 0;
    return found ? memo : NULL;
}

/* The part that a sent and a denied order share. */
static void write_order(struct turn *turn, const struct event_order_sent *order,
                        char price[DECIMAL_TEXT_MAX], char qty[DECIMAL_TEXT_MAX])
{
    const struct instrument *instrument = turn_instrument(turn->projection, order->instrument);
    struct row_text *text = &turn->new_value;
    char id[ORDER_ID_TEXT_MAX];

    order_id_print(id, order->order_id);
    price_print(price, instrument, order->price_ticks);
    qty_print(qty, instrument, order->qty_lots);
    row_open(text);
    row_string(text, "id", id);
    row_string(text, "instrument", instrument->name);
    row_string(text, "strategy", turn_strategy(turn->projection, order->strategy));
    row_string(text, "side", side_name((enum side)order->side));
    row_string(text, "type", order_type_name((enum order_type)order->type));
    row_string(text, "tif", tif_name((enum tif)order->tif));
    row_string(text, "price", price);
    row_string(text, "qty", qty);
    if (order->flags & ORDER_POST_ONLY)
        row_bool(text, "post_only", true);
    if (order->flags & ORDER_REDUCE_ONLY)
        row_bool(text, "reduce_only", true);
    row_integer(text, "generation", (int64_t)order->verdict.generation);
}

static void name_order(struct turn *turn, uint16_t strategy)
{
    turn_name_actor(turn, 0, turn->record->cause);
    if (!turn->row.actor)
        turn->row.actor = turn_strategy_scope(turn->projection, strategy);
}

static bool put_order(struct turn *turn, const struct event_order_sent *order, const char *price,
                      const char *qty)
{
    struct projection *projection = turn->projection;
    sqlite3_stmt *put = projection->put_order;

    statement_id(put, 1, order->order_id);
    statement_id(put, 2, order->order_seq);
    statement_text(put, 3, turn_instrument(projection, order->instrument)->name);
    statement_text(put, 4, turn_strategy(projection, order->strategy));
    statement_text(put, 5, turn->row.actor);
    statement_text(put, 6, side_name((enum side)order->side));
    statement_text(put, 7, order_type_name((enum order_type)order->type));
    statement_text(put, 8, tif_name((enum tif)order->tif));
    sqlite3_bind_int(put, 9, order->flags);
    statement_text(put, 10, price);
    statement_text(put, 11, qty);
    sqlite3_bind_int64(put, 12, turn->record->at_ns);
    statement_id(put, 13, turn->record->commit);
    return statement_run(put);
}

bool project_order_sent(struct turn *turn, const struct event_order_sent *order)
{
    struct projection *projection = turn->projection;
    char price[DECIMAL_TEXT_MAX], qty[DECIMAL_TEXT_MAX];

    write_order(turn, order, price, qty);
    row_integer(&turn->new_value, "order_seq", (int64_t)order->order_seq);
    row_string(&turn->new_value, "state", order_state_name(ORDER_PENDING_NEW));
    name_order(turn, order->strategy);
    *memo_of(projection, order->order_id) =
        (struct order_memo){order->order_id, order->instrument, ORDER_PENDING_NEW};
    return put_order(turn, order, price, qty) &&
           turn_append(turn, "order", turn_instrument_scope(projection, order->instrument), NULL,
                       row_close(&turn->new_value));
}

/* Which check failed, with its numbers; a denial that is no limit has none. */
static void write_denial(struct turn *turn, const struct verdict *verdict)
{
    struct row_text *text = &turn->new_value;
    struct check check;
    enum limit_id id;

    row_string(text, "denial", denial_name((enum denial)verdict->denial));
    if (!explain_denial(verdict, &id, &check)) {
        row_string(text, "measured", NULL);
        row_string(text, "limit", NULL);
        row_string(text, "headroom", NULL);
        row_string(text, "limit_scope", NULL);
        if (denial_is_by_state((enum denial)verdict->denial))
            row_string(text, "state_of", turn_scope(turn->projection, verdict->scope));
        return;
    }
    row_string(text, "limit_name", limit_row(id)->name);
    if (check.measured == INT64_MAX)
        row_string(text, "measured", NULL);
    else
        row_limit(text, "measured", id, check.measured);
    row_limit(text, "limit", id, check.limit);
    if (check_has_limit(&check) && check.measured != INT64_MAX)
        row_limit(text, "headroom", id, check.headroom);
    else
        row_string(text, "headroom", NULL);
    row_string(text, "limit_scope",
               check.limit == LIMIT_UNSET ? NULL : turn_scope(turn->projection, check.scope));
}

bool project_order_denied(struct turn *turn, const struct event_order_denied *denied)
{
    struct event_order_sent order = {
        .order_id = denied->order_id,
        .price_ticks = denied->price_ticks,
        .qty_lots = denied->qty_lots,
        .instrument = denied->instrument,
        .strategy = denied->strategy,
        .side = denied->side,
        .type = denied->type,
        .tif = denied->tif,
        .flags = denied->flags,
        .verdict = {.generation = denied->verdict.generation},
    };
    char price[DECIMAL_TEXT_MAX], qty[DECIMAL_TEXT_MAX];

    write_order(turn, &order, price, qty);
    if (denied->amends != 0)
        row_id(&turn->new_value, "amends", denied->amends);
    write_denial(turn, &denied->verdict);
    name_order(turn, denied->strategy);
    turn->row.reason = denial_name((enum denial)denied->verdict.denial);
    return turn_append(turn, "denial", turn_instrument_scope(turn->projection, denied->instrument),
                       NULL, row_close(&turn->new_value));
}

static const char *reason_of(uint8_t reason)
{
    return reason == DENIAL_NONE || reason >= DENIAL_COUNT ? NULL
                                                           : denial_name((enum denial)reason);
}

/* As they stand: an amend moves them. Quantity 0: from before one could. */
static void bind_terms(sqlite3_stmt *set, const struct event_order_state *event,
                       const struct instrument *instrument, char price[DECIMAL_TEXT_MAX],
                       char qty[DECIMAL_TEXT_MAX])
{
    bool said = event->qty_lots != 0;

    price_print(price, instrument, event->price_ticks);
    qty_print(qty, instrument, event->qty_lots);
    statement_text(set, 8, said ? price : NULL);
    statement_text(set, 9, said ? qty : NULL);
}

static bool set_order(struct turn *turn, const struct event_order_state *event,
                      const struct instrument *instrument, const char *filled, const char *average)
{
    sqlite3_stmt *set = turn->projection->set_order;
    char price[DECIMAL_TEXT_MAX], qty[DECIMAL_TEXT_MAX];

    statement_id(set, 1, event->order_id);
    statement_text(set, 2, filled);
    statement_text(set, 3, average);
    statement_text(set, 4, order_state_name((enum order_state)event->state));
    statement_text(set, 5, reason_of(event->reason));
    sqlite3_bind_int64(set, 6, turn->record->at_ns);
    if (past_is_venue_report(event->report))
        sqlite3_bind_int64(set, 7, turn->record->at_ns);
    else
        sqlite3_bind_null(set, 7);
    bind_terms(set, event, instrument, price, qty);
    return statement_run(set);
}

static void write_order_state(struct turn *turn, const struct event_order_state *event,
                              const struct instrument *instrument, const char *filled,
                              const char *average)
{
    struct row_text *text = &turn->new_value;
    char id[ORDER_ID_TEXT_MAX], incident[INCIDENT_TEXT_MAX], leaves[DECIMAL_TEXT_MAX];

    order_id_print(id, event->order_id);
    qty_print(leaves, instrument, event->leaves_lots);
    row_open(text);
    row_string(text, "id", id);
    row_string(text, "state", order_state_name((enum order_state)event->state));
    row_string(text, "filled", filled);
    row_string(text, "leaves", leaves);
    row_string(text, "avg_price", average);
    if (event->report < REPORT_COUNT)
        row_string(text, "report", report_name((enum report)event->report));
    if (reason_of(event->reason))
        row_string(text, "reason", reason_of(event->reason));
    if (event->incident != 0) {
        incident_print(incident, event->incident);
        row_string(text, "incident", incident);
    }
}

/* What we did ourselves; all else the venue did. */
static bool report_is_ours(enum report report)
{
    return report == REPORT_CANCEL_SENT || report == REPORT_KILLED_UNSENT ||
           report == REPORT_TIMEOUT;
}

bool project_order_state(struct turn *turn, const struct event_order_state *event)
{
    struct projection *projection = turn->projection;
    struct order_memo *memo = order_find(projection, event->order_id);
    char filled[DECIMAL_TEXT_MAX], average[DECIMAL_TEXT_MAX];
    const struct instrument *instrument;

    if (!memo)
        return true; /* an order of before this database */
    instrument = turn_instrument(projection, memo->instrument);
    qty_print(filled, instrument, event->filled_lots);
    average_print(average, instrument, event->filled_price_e8_ticks);
    write_order_state(turn, event, instrument, filled, event->filled_lots != 0 ? average : NULL);
    row_open(&turn->old_value);
    row_string(&turn->old_value, "state", order_state_name((enum order_state)memo->state));
    memo->state = event->state;
    turn_name_actor(turn, 0, turn->record->cause);
    if (!turn->row.actor)
        turn->row.actor = event->report < REPORT_COUNT && report_is_ours((enum report)event->report)
                              ? "engine"
                              : projection->venue_scope[memo->instrument];
    return set_order(turn, event, instrument, filled, event->filled_lots != 0 ? average : NULL) &&
           turn_append(turn, "order", turn_instrument_scope(projection, memo->instrument),
                       row_close(&turn->old_value), row_close(&turn->new_value));
}

/* The run that sent it has its row; this one has taken it on, and its state says so. Of a database
 * that has lost the row the order stays without one. */
bool project_order_carried(struct turn *turn, const struct event_order_carried *carried)
{
    struct event_order_state event = {.order_id = carried->order_id,
                                      .filled_lots = carried->filled_lots,
                                      .leaves_lots = carried->qty_lots > carried->filled_lots
                                                         ? carried->qty_lots - carried->filled_lots
                                                         : 0,
                                      .filled_price_e8_ticks = carried_average_e8_ticks(carried),
                                      .state = carried->state,
                                      .report = REPORT_TIMEOUT,
                                      .price_ticks = carried->price_ticks,
                                      .qty_lots = carried->qty_lots};

    return project_order_state(turn, &event);
}

static void write_fill(struct turn *turn, const struct event_fill *fill, const char *price,
                       const char *qty, const char *fee)
{
    struct projection *projection = turn->projection;
    struct row_text *text = &turn->new_value;
    char id[ORDER_ID_TEXT_MAX];

    order_id_print(id, fill->order_id);
    row_open(text);
    row_string(text, "order", id);
    row_id(text, "exec_id", fill->exec_id);
    row_string(text, "instrument", turn_instrument(projection, fill->instrument)->name);
    row_string(text, "strategy", turn_strategy(projection, fill->strategy));
    row_string(text, "side", side_name((enum side)fill->side));
    row_string(text, "qty", qty);
    row_string(text, "price", price);
    row_string(text, "fee", fee);
    row_string(text, "fee_currency", turn_currency(projection, fill->instrument));
    row_bool(text, "maker", fill->maker != 0);
    if (!fill->expected)
        row_bool(text, "expected", false);
}

static bool put_fill(struct turn *turn, const struct event_fill *fill, const char *price,
                     const char *qty, const char *fee)
{
    struct projection *projection = turn->projection;
    sqlite3_stmt *put = projection->put_fill;

    statement_id(put, 1, turn->record->commit);
    statement_id(put, 2, fill->exec_id);
    statement_id(put, 3, fill->order_id);
    statement_text(put, 4, turn_instrument(projection, fill->instrument)->name);
    statement_text(put, 5, turn_strategy(projection, fill->strategy));
    statement_text(put, 6, side_name((enum side)fill->side));
    statement_text(put, 7, price);
    statement_text(put, 8, qty);
    statement_text(put, 9, fee);
    statement_text(put, 10, turn_currency(projection, fill->instrument));
    sqlite3_bind_int(put, 11, fill->maker);
    sqlite3_bind_int64(put, 12, turn->record->at_ns);
    return statement_run(put);
}

/* A fee is positive when paid; a rebate is negative. */
bool project_fill(struct turn *turn, const struct event_fill *fill)
{
    const struct instrument *instrument = turn_instrument(turn->projection, fill->instrument);
    char price[DECIMAL_TEXT_MAX], qty[DECIMAL_TEXT_MAX], fee[DECIMAL_TEXT_MAX];

    price_print(price, instrument, fill->price_ticks);
    qty_print(qty, instrument, fill->qty_lots);
    decimal_print(fee, fill->fee_e8, 8, true);
    write_fill(turn, fill, price, qty, fee);
    turn->row.actor = turn_strategy_scope(turn->projection, fill->strategy);
    return put_fill(turn, fill, price, qty, fee) && project_moved(turn, fill->instrument) &&
           turn_append(turn, "fill", turn_instrument_scope(turn->projection, fill->instrument),
                       NULL, row_close(&turn->new_value));
}

bool project_order_amend(struct turn *turn, const struct event_order_amend *event)
{
    struct projection *projection = turn->projection;
    struct row_text *text = &turn->new_value;
    const struct order_memo *memo = order_find(projection, event->order_id);
    uint16_t at = memo ? memo->instrument : UINT16_MAX;
    const struct instrument *instrument = turn_instrument(projection, at);
    char id[ORDER_ID_TEXT_MAX], price[DECIMAL_TEXT_MAX], qty[DECIMAL_TEXT_MAX];

    order_id_print(id, event->order_id);
    price_print(price, instrument, event->price_ticks);
    qty_print(qty, instrument, event->qty_lots);
    row_open(text);
    row_string(text, "id", id);
    row_string(text, "amend_price", price);
    row_string(text, "amend_qty", qty);
    row_integer(text, "generation", (int64_t)event->verdict.generation);
    turn_name_actor(turn, 0, turn->record->cause);
    if (!turn->row.actor)
        turn->row.actor = "engine";
    return turn_append(turn, "order", turn_instrument_scope(projection, at), NULL, row_close(text));
}
