/* Engine events: the hot half of the projection. */
#include "store/projection.h"
#include "store/row_text.h"

#include <stdio.h>
#include <string.h>

/* Everything that one event needs while it becomes rows. */
struct turn {
    struct projection *projection;
    const struct lane_record *record;
    struct row_text old_value, new_value;
    struct audit_row row;
    /* Of the command or kill that caused it; copied, since the statement is used again. */
    char actor[MAX_NAME], person[MAX_NAME], role[16], reason[512], request_id[64];
};

static void take(char *out, size_t size, sqlite3_stmt *row, int column, const char **into)
{
    const char *text = column_text(row, column);

    if (!text)
        return;
    (void)snprintf(out, size, "%s", text);
    *into = out;
}

/* Fills the row's actor from the command (kind 0) or kill (kind 1), if a person caused it. */
static void name_actor(struct turn *turn, int kind, uint64_t id)
{
    sqlite3_stmt *get = turn->projection->get_actor;

    if (id == 0)
        return;
    sqlite3_bind_int(get, 1, kind);
    statement_id(get, 2, id);
    if (sqlite3_step(get) == SQLITE_ROW) {
        take(turn->actor, sizeof turn->actor, get, 0, &turn->row.actor);
        take(turn->person, sizeof turn->person, get, 1, &turn->row.person);
        take(turn->role, sizeof turn->role, get, 2, &turn->row.role);
        take(turn->reason, sizeof turn->reason, get, 3, &turn->row.reason);
        take(turn->request_id, sizeof turn->request_id, get, 4, &turn->row.request_id);
    }
    sqlite3_reset(get);
}

static bool append(struct turn *turn, const char *kind, const char *scope, const char *old_value,
                   const char *new_value)
{
    turn->row.kind = kind;
    turn->row.scope = scope;
    turn->row.old_value = old_value;
    turn->row.new_value = new_value;
    return audit_append(&turn->projection->audit, &turn->row);
}

static const char *scope_name(const struct projection *projection, uint16_t scope)
{
    return scope < projection->scope_count ? projection->scope[scope].name : NULL;
}

/* A denied order may name an instrument that is not configured. */
static const struct instrument *instrument_of(const struct projection *projection,
                                              uint16_t instrument)
{
    static const struct instrument unknown = {.name = "?", .tick_units = 1, .lot_units = 1};

    return instrument < projection->instrument_count ? &projection->instrument[instrument]
                                                     : &unknown;
}

static const char *currency_of(const struct projection *projection, uint16_t instrument)
{
    return instrument < projection->instrument_count ? projection->currency[instrument] : "?";
}

static const char *instrument_scope(const struct projection *projection, uint16_t instrument)
{
    uint32_t first = projection->scope_count - (uint32_t)projection->instrument_count;

    return scope_name(projection, (uint16_t)(first + instrument));
}

static const char *strategy_scope(const struct projection *projection, uint16_t strategy)
{
    uint32_t first = projection->scope_count - (uint32_t)projection->instrument_count -
                     projection->strategy_count;

    return scope_name(projection, (uint16_t)(first + strategy));
}

static const char *strategy_name(const struct projection *projection, uint16_t strategy)
{
    return strategy < projection->strategy_count ? projection->strategy[strategy] : "?";
}

/* --- orders --- */

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
    const struct instrument *instrument = instrument_of(turn->projection, order->instrument);
    struct row_text *text = &turn->new_value;
    char id[ORDER_ID_TEXT_MAX];

    order_id_print(id, order->order_id);
    price_print(price, instrument, order->price_ticks);
    qty_print(qty, instrument, order->qty_lots);
    row_open(text);
    row_string(text, "id", id);
    row_string(text, "instrument", instrument->name);
    row_string(text, "strategy", strategy_name(turn->projection, order->strategy));
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
    name_actor(turn, 0, turn->record->cause);
    if (!turn->row.actor)
        turn->row.actor = strategy_scope(turn->projection, strategy);
}

static bool put_order(struct turn *turn, const struct event_order_sent *order, const char *price,
                      const char *qty)
{
    struct projection *projection = turn->projection;
    sqlite3_stmt *put = projection->put_order;

    statement_id(put, 1, order->order_id);
    statement_id(put, 2, order->order_seq);
    statement_text(put, 3, instrument_of(projection, order->instrument)->name);
    statement_text(put, 4, strategy_name(projection, order->strategy));
    statement_text(put, 5, turn->row.actor);
    statement_text(put, 6, side_name((enum side)order->side));
    statement_text(put, 7, order_type_name((enum order_type)order->type));
    statement_text(put, 8, tif_name((enum tif)order->tif));
    sqlite3_bind_int(put, 9, order->flags);
    statement_text(put, 10, price);
    statement_text(put, 11, qty);
    sqlite3_bind_int64(put, 12, turn->record->at_ns);
    return statement_run(put);
}

static bool project_order_sent(struct turn *turn, const struct event_order_sent *order)
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
           append(turn, "order", instrument_scope(projection, order->instrument), NULL,
                  row_close(&turn->new_value));
}

/* Which check failed, with its numbers; a denial that is no limit has none. */
static void write_denial(struct turn *turn, const struct verdict *verdict)
{
    struct row_text *text = &turn->new_value;
    const struct check *check;
    enum limit_id id;

    row_string(text, "denial", denial_name((enum denial)verdict->denial));
    if (verdict->denial == DENIAL_NONE || verdict->denial > LIMIT_COUNT) {
        row_string(text, "measured", NULL);
        row_string(text, "limit", NULL);
        row_string(text, "headroom", NULL);
        row_string(text, "limit_scope", NULL);
        return;
    }
    id = (enum limit_id)(verdict->denial - 1);
    check = &verdict->checks[id];
    row_limit(text, "measured", id, check->measured);
    row_limit(text, "limit", id, check->limit);
    if (check->limit == LIMIT_UNSET || check->limit == LIMIT_DENY)
        row_string(text, "headroom", NULL);
    else
        row_limit(text, "headroom", id, check->limit - check->measured);
    row_string(text, "limit_scope", scope_name(turn->projection, check->scope));
}

static bool project_order_denied(struct turn *turn, const struct event_order_denied *denied)
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
    write_denial(turn, &denied->verdict);
    name_order(turn, denied->strategy);
    turn->row.reason = denial_name((enum denial)denied->verdict.denial);
    return append(turn, "denial", instrument_scope(turn->projection, denied->instrument), NULL,
                  row_close(&turn->new_value));
}

static const char *reason_of(uint8_t reason)
{
    return reason == DENIAL_NONE || reason >= DENIAL_COUNT ? NULL
                                                           : denial_name((enum denial)reason);
}

static bool set_order(struct turn *turn, const struct event_order_state *event, const char *filled,
                      const char *average)
{
    sqlite3_stmt *set = turn->projection->set_order;

    statement_id(set, 1, event->order_id);
    statement_text(set, 2, filled);
    statement_text(set, 3, average);
    statement_text(set, 4, order_state_name((enum order_state)event->state));
    statement_text(set, 5, reason_of(event->reason));
    sqlite3_bind_int64(set, 6, turn->record->at_ns);
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

static bool project_order_state(struct turn *turn, const struct event_order_state *event)
{
    struct projection *projection = turn->projection;
    struct order_memo *memo = order_find(projection, event->order_id);
    char filled[DECIMAL_TEXT_MAX], average[DECIMAL_TEXT_MAX];
    const struct instrument *instrument;

    if (!memo)
        return true; /* an order of before this database */
    instrument = instrument_of(projection, memo->instrument);
    qty_print(filled, instrument, event->filled_lots);
    average_print(average, instrument, event->filled_price_e8_ticks);
    write_order_state(turn, event, instrument, filled, event->filled_lots != 0 ? average : NULL);
    row_open(&turn->old_value);
    row_string(&turn->old_value, "state", order_state_name((enum order_state)memo->state));
    memo->state = event->state;
    name_actor(turn, 0, turn->record->cause);
    if (!turn->row.actor)
        turn->row.actor = event->report < REPORT_COUNT && report_is_ours((enum report)event->report)
                              ? "engine"
                              : projection->venue_scope[memo->instrument];
    return set_order(turn, event, filled, event->filled_lots != 0 ? average : NULL) &&
           append(turn, "order", instrument_scope(projection, memo->instrument),
                  row_close(&turn->old_value), row_close(&turn->new_value));
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
    row_string(text, "instrument", instrument_of(projection, fill->instrument)->name);
    row_string(text, "strategy", strategy_name(projection, fill->strategy));
    row_string(text, "side", side_name((enum side)fill->side));
    row_string(text, "qty", qty);
    row_string(text, "price", price);
    row_string(text, "fee", fee);
    row_string(text, "fee_currency", currency_of(projection, fill->instrument));
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
    statement_text(put, 4, instrument_of(projection, fill->instrument)->name);
    statement_text(put, 5, strategy_name(projection, fill->strategy));
    statement_text(put, 6, side_name((enum side)fill->side));
    statement_text(put, 7, price);
    statement_text(put, 8, qty);
    statement_text(put, 9, fee);
    statement_text(put, 10, currency_of(projection, fill->instrument));
    sqlite3_bind_int(put, 11, fill->maker);
    sqlite3_bind_int64(put, 12, turn->record->at_ns);
    return statement_run(put);
}

/* A fee is positive when paid; a rebate is negative. */
static bool project_fill(struct turn *turn, const struct event_fill *fill)
{
    const struct instrument *instrument = instrument_of(turn->projection, fill->instrument);
    char price[DECIMAL_TEXT_MAX], qty[DECIMAL_TEXT_MAX], fee[DECIMAL_TEXT_MAX];

    price_print(price, instrument, fill->price_ticks);
    qty_print(qty, instrument, fill->qty_lots);
    decimal_print(fee, fill->fee_e8, 8, true);
    write_fill(turn, fill, price, qty, fee);
    turn->row.actor = strategy_scope(turn->projection, fill->strategy);
    return put_fill(turn, fill, price, qty, fee) &&
           append(turn, "fill", instrument_scope(turn->projection, fill->instrument), NULL,
                  row_close(&turn->new_value));
}

/* --- limits and states --- */

static bool put_limit(struct projection *projection, const char *scope, enum limit_id id,
                      int64_t value)
{
    sqlite3_stmt *put = value == LIMIT_UNSET ? projection->cut_limit : projection->put_limit;

    statement_text(put, 1, scope);
    statement_text(put, 2, limit_row(id)->name);
    if (value == LIMIT_DENY)
        sqlite3_bind_null(put, 3);
    else if (value != LIMIT_UNSET)
        sqlite3_bind_int64(put, 3, value);
    return statement_run(put);
}

/* What a fresh directory starts with is the configuration's, not a change: no row. */
static bool project_limits_applied(struct turn *turn, const struct event_limits_applied *event)
{
    struct projection *projection = turn->projection;
    struct projection_scope *scope = &projection->scope[event->scope % MAX_SCOPES];
    bool known = scope->limits_found, changed = false, well = true;

    row_open(&turn->old_value);
    row_open(&turn->new_value);
    for (int i = 0; i < LIMIT_COUNT && well; i++) {
        enum limit_id id = (enum limit_id)i;

        if (known && scope->limits.value[i] == event->limits.value[i])
            continue;
        changed = true;
        row_limit(&turn->old_value, limit_row(id)->name, id, scope->limits.value[i]);
        row_limit(&turn->new_value, limit_row(id)->name, id, event->limits.value[i]);
        well = put_limit(projection, scope->name, id, event->limits.value[i]);
    }
    row_integer(&turn->old_value, "generation", (int64_t)scope->generation);
    row_integer(&turn->new_value, "generation", (int64_t)event->generation);
    scope->limits = event->limits;
    scope->generation = event->generation;
    scope->limits_found = true;
    statement_text(projection->put_generation, 1, scope->name);
    statement_id(projection->put_generation, 2, event->generation);
    well = well && statement_run(projection->put_generation);
    if (!well || !known || !changed)
        return well;
    name_actor(turn, 0, turn->record->cause);
    return append(turn, "limits", scope->name, row_close(&turn->old_value),
                  row_close(&turn->new_value));
}

static void write_state(struct row_text *text, uint8_t state, uint64_t version, uint64_t incident)
{
    char name[INCIDENT_TEXT_MAX];

    incident_print(name, incident);
    row_open(text);
    row_string(text, "state", trading_state_name((enum trading_state)state));
    row_integer(text, "version", (int64_t)version);
    row_string(text, "incident", incident != 0 ? name : NULL);
}

static bool put_state(struct turn *turn, const struct projection_scope *scope)
{
    sqlite3_stmt *put = turn->projection->put_state;

    statement_text(put, 1, scope->name);
    sqlite3_bind_int(put, 2, (int)scope->state);
    statement_id(put, 3, scope->version);
    statement_id(put, 4, scope->incident);
    sqlite3_bind_int64(put, 5, turn->record->at_ns);
    statement_text(put, 6, turn->row.actor);
    statement_text(put, 7, turn->row.reason);
    return statement_run(put);
}

static bool state_is_known(const struct projection_scope *scope,
                           const struct event_state_changed *event)
{
    return scope->state_found && scope->state == (enum trading_state)event->state &&
           scope->incident == event->incident && scope->version == event->version;
}

/* At a start the engine states what it came up with: a row only where that is news. What a fresh
 * directory starts with is remembered, and is a row where it is not ACTIVE. */
static bool project_state_changed(struct turn *turn, const struct event_state_changed *event)
{
    struct projection_scope *scope = &turn->projection->scope[event->scope % MAX_SCOPES];
    bool is_first = !scope->state_found;

    if (state_is_known(scope, event))
        return true;
    write_state(&turn->old_value, (uint8_t)scope->state, scope->version, scope->incident);
    write_state(&turn->new_value, event->state, event->version, event->incident);
    scope->state = (enum trading_state)event->state;
    scope->version = event->version;
    scope->incident = event->incident;
    scope->state_found = true;
    name_actor(turn, 0, turn->record->cause);
    if (!turn->row.actor)
        name_actor(turn, 1, event->incident);
    if (!put_state(turn, scope))
        return false;
    if (is_first && event->state == STATE_ACTIVE)
        return true;
    if (!turn->row.actor)
        turn->row.actor = "engine";
    return append(turn, "state", scope->name, is_first ? NULL : row_close(&turn->old_value),
                  row_close(&turn->new_value));
}

/* --- kills --- */

static bool project_kill_seen(struct turn *turn, const struct event_kill_seen *event)
{
    struct projection *projection = turn->projection;
    size_t slot = event->incident % MEMO_INCIDENTS;
    char incident[INCIDENT_TEXT_MAX];

    projection->kill[slot].incident = event->incident;
    projection->kill[slot].resting = event->resting;
    projection->kill[slot].scope = event->scope;
    projection->kill[slot].complete = false;
    incident_print(incident, event->incident);
    row_open(&turn->new_value);
    row_string(&turn->new_value, "incident", incident);
    row_integer(&turn->new_value, "last_order_seq", (int64_t)event->last_order_seq);
    row_integer(&turn->new_value, "resting", event->resting);
    turn->row.actor = "engine";
    return append(turn, "kill", scope_name(projection, event->scope), NULL,
                  row_close(&turn->new_value));
}

/* One row, when nothing is open any more; a seen kill without resting orders needs none. */
static bool project_kill_progress(struct turn *turn, const struct event_kill_progress *event)
{
    struct projection *projection = turn->projection;
    size_t slot = event->incident % MEMO_INCIDENTS;
    struct row_text *text = &turn->new_value;
    char incident[INCIDENT_TEXT_MAX];

    if (projection->kill[slot].incident != event->incident || projection->kill[slot].complete ||
        event->unsent + event->confirmed + event->refused < projection->kill[slot].resting)
        return true;
    projection->kill[slot].complete = true;
    incident_print(incident, event->incident);
    row_open(text);
    row_string(text, "incident", incident);
    row_integer(text, "unsent", event->unsent);
    row_integer(text, "sent", event->sent);
    row_integer(text, "confirmed", event->confirmed);
    row_integer(text, "refused", event->refused);
    row_integer(text, "unknown", event->unknown);
    row_bool(text, "complete", true);
    turn->row.actor = "engine";
    return append(turn, "kill", scope_name(projection, projection->kill[slot].scope), NULL,
                  row_close(text));
}

/* --- the rest --- */

static bool project_book_status(struct turn *turn, const struct event_book_status *event)
{
    struct row_text *text = &turn->new_value;

    if (event->status == BOOK_OK || event->status == BOOK_EMPTY || event->status == BOOK_ENDED)
        return true;
    row_open(text);
    row_string(text, "status", book_status_name((enum book_status)event->status));
    row_id(text, "update_id", (uint64_t)event->update_id);
    row_id(text, "expected_id", (uint64_t)event->expected_id);
    turn->row.actor = "engine";
    return append(turn, "gap", instrument_scope(turn->projection, event->instrument), NULL,
                  row_close(text));
}

static bool project_start(struct turn *turn, const struct event_start *event)
{
    char hash[17];

    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)event->config_hash);
    row_open(&turn->new_value);
    row_integer(&turn->new_value, "epoch", (int64_t)event->epoch);
    row_string(&turn->new_value, "config_hash", hash);
    turn->row.actor = "engine";
    return append(turn, "start", "firm", NULL, row_close(&turn->new_value));
}

static bool project_stop(struct turn *turn, const struct event_stop *event)
{
    row_open(&turn->new_value);
    row_integer(&turn->new_value, "last_order_seq", (int64_t)event->last_order_seq);
    row_integer(&turn->new_value, "open_orders", event->open_orders);
    turn->row.actor = "engine";
    return append(turn, "stop", "firm", NULL, row_close(&turn->new_value));
}

static bool project_strategy(struct turn *turn, const struct event_strategy *event)
{
    row_open(&turn->new_value);
    row_bool(&turn->new_value, "enabled", event->enabled != 0);
    name_actor(turn, 0, turn->record->cause);
    return append(turn, "strategy", strategy_scope(turn->projection, event->strategy), NULL,
                  row_close(&turn->new_value));
}

/* Not rows: positions and answers follow from what is here. */
static bool project_position(struct turn *turn, const struct event_position *event)
{
    (void)turn, (void)event;
    return true;
}

static bool project_command_done(struct turn *turn, const struct event_command_done *event)
{
    (void)turn, (void)event;
    return true;
}

static bool project_anomaly(struct turn *turn, const struct event_anomaly *event)
{
    struct row_text *text = &turn->new_value;
    char id[ORDER_ID_TEXT_MAX];

    order_id_print(id, event->order_id);
    row_open(text);
    row_string(text, "id", id);
    row_string(text, "anomaly",
               event->report < REPORT_COUNT ? report_name((enum report)event->report) : NULL);
    row_string(text, "state",
               event->state < ORDER_STATE_COUNT ? order_state_name((enum order_state)event->state)
                                                : NULL);
    row_id(text, "exec_id", event->exec_id);
    turn->row.actor = "engine";
    return append(turn, "order", instrument_scope(turn->projection, event->instrument), NULL,
                  row_close(text));
}

/* Copied out: a payload on disk need not be aligned. A record shorter than the struct of today was
 * written by an older version; what it lacks is zero. */
bool projection_engine(struct projection *projection, const struct lane_record *record,
                       const void *payload)
{
    struct turn turn;
    union {
#define EVENT(ID, name) struct event_##name name;
#include "tables/events.def"
#undef EVENT
    } event;

    memset(&event, 0, sizeof event);
    memcpy(&event, payload, record->length < sizeof event ? record->length : sizeof event);
    turn.projection = projection;
    turn.record = record;
    turn.row = (struct audit_row){
        .at_ns = record->at_ns, .lane = JOURNAL_ENGINE, .lane_seq = record->commit};
    switch (record->kind) {
#define EVENT(ID, name)                                                                            \
    case ID:                                                                                       \
        return project_##name(&turn, &event.name);
#include "tables/events.def"
#undef EVENT
    default:
        return true; /* an event of a newer version */
    }
}
