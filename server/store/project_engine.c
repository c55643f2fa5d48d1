/* Limits, states, kills, starts and stops; and which event goes where. */
#include "store/project_turn.h"

#include <stdio.h>
#include <string.h>

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
bool project_limits_applied(struct turn *turn, const struct event_limits_applied *event)
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
    turn_name_actor(turn, 0, turn->record->cause);
    return turn_append(turn, "limits", scope->name, row_close(&turn->old_value),
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

/* A kill that joins the one that is there moves the version and nothing else. */
static bool move_state(struct turn *turn, const struct projection_scope *scope)
{
    sqlite3_stmt *move = turn->projection->move_state;

    statement_text(move, 1, scope->name);
    statement_id(move, 2, scope->version);
    return statement_run(move);
}

/* At a start the engine states what it came up with: a row only where that is news. What a fresh
 * directory starts with is remembered, and is a row where it is not ACTIVE. */
bool project_state_changed(struct turn *turn, const struct event_state_changed *event)
{
    struct projection_scope *scope = &turn->projection->scope[event->scope % MAX_SCOPES];
    bool is_first = !scope->state_found;
    bool stands = scope->state_found && scope->state == (enum trading_state)event->state &&
                  scope->incident == event->incident;

    if (state_is_known(scope, event))
        return true;
    write_state(&turn->old_value, (uint8_t)scope->state, scope->version, scope->incident);
    write_state(&turn->new_value, event->state, event->version, event->incident);
    scope->state = (enum trading_state)event->state;
    scope->version = event->version;
    scope->incident = event->incident;
    scope->state_found = true;
    turn_name_actor(turn, 0, turn->record->cause);
    if (!turn->row.actor)
        turn_name_actor(turn, 1, event->incident);
    if (!(stands ? move_state(turn, scope) : put_state(turn, scope)))
        return false;
    if (is_first && event->state == STATE_ACTIVE)
        return true;
    if (!turn->row.actor)
        turn->row.actor = "engine";
    return turn_append(turn, "state", scope->name, is_first ? NULL : row_close(&turn->old_value),
                       row_close(&turn->new_value));
}

/* --- kills --- */

static bool put_kill_count(struct projection *projection, const struct event_kill_seen *event)
{
    sqlite3_stmt *put = projection->put_kill_count;

    statement_id(put, 1, event->incident);
    sqlite3_bind_int64(put, 2, event->resting);
    sqlite3_bind_int(put, 3, event->scope);
    statement_id(put, 4, event->last_order_seq);
    return statement_run(put);
}

static bool set_kill_count(struct projection *projection, const struct event_kill_progress *event)
{
    sqlite3_stmt *set = projection->set_kill_count;

    statement_id(set, 1, event->incident);
    sqlite3_bind_int64(set, 2, event->unsent);
    sqlite3_bind_int64(set, 3, event->sent);
    sqlite3_bind_int64(set, 4, event->confirmed);
    sqlite3_bind_int64(set, 5, event->refused);
    sqlite3_bind_int64(set, 6, event->unknown);
    return statement_run(set);
}

/* Closes the kill's count; its scope, or -1 when it is not known, closed, or not all there. */
static int end_kill_count(struct projection *projection, uint64_t incident, int64_t accounted)
{
    sqlite3_stmt *end = projection->end_kill_count;
    int scope = -1;

    statement_id(end, 1, incident);
    sqlite3_bind_int64(end, 2, accounted);
    if (sqlite3_step(end) == SQLITE_ROW)
        scope = sqlite3_column_int(end, 0);
    sqlite3_reset(end);
    return scope;
}

bool project_kill_seen(struct turn *turn, const struct event_kill_seen *event)
{
    struct projection *projection = turn->projection;
    char incident[INCIDENT_TEXT_MAX];

    if (!put_kill_count(projection, event))
        return false;
    incident_print(incident, event->incident);
    row_open(&turn->new_value);
    row_string(&turn->new_value, "incident", incident);
    row_integer(&turn->new_value, "last_order_seq", (int64_t)event->last_order_seq);
    row_integer(&turn->new_value, "resting", event->resting);
    turn->row.actor = "engine";
    return turn_append(turn, "kill", turn_scope(projection, event->scope), NULL,
                       row_close(&turn->new_value));
}

/* One row, when nothing is open any more; a seen kill without resting orders needs none. */
bool project_kill_progress(struct turn *turn, const struct event_kill_progress *event)
{
    struct projection *projection = turn->projection;
    struct row_text *text = &turn->new_value;
    char incident[INCIDENT_TEXT_MAX];
    int scope;

    if (!set_kill_count(projection, event))
        return false;
    scope = end_kill_count(projection, event->incident,
                           (int64_t)event->unsent + event->confirmed + event->refused);
    if (scope < 0)
        return true;
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
    return turn_append(turn, "kill", turn_scope(projection, (uint16_t)scope), NULL,
                       row_close(text));
}

/* --- the rest --- */

bool project_book_status(struct turn *turn, const struct event_book_status *event)
{
    struct row_text *text = &turn->new_value;

    if (event->status == BOOK_OK || event->status == BOOK_EMPTY || event->status == BOOK_ENDED)
        return true;
    row_open(text);
    row_string(text, "status", book_status_name((enum book_status)event->status));
    row_id(text, "update_id", (uint64_t)event->update_id);
    row_id(text, "expected_id", (uint64_t)event->expected_id);
    turn->row.actor = "engine";
    return turn_append(turn, "gap", turn_instrument_scope(turn->projection, event->instrument),
                       NULL, row_close(text));
}

/* A run begins with what it states, or flat. */
static const char forget_positions[] = "UPDATE position_now SET moved = 0, lots = 0, cost_e8 = 0,"
                                       " realised_e8 = 0, fee_e8 = 0, rebate_e8 = 0,"
                                       " funding_e8 = 0";

bool project_start(struct turn *turn, const struct event_start *event)
{
    char hash[17];

    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)event->config_hash);
    if (sqlite3_exec(turn->projection->db, forget_positions, NULL, NULL, NULL) != SQLITE_OK)
        return false;
    row_open(&turn->new_value);
    row_integer(&turn->new_value, "epoch", (int64_t)event->epoch);
    row_string(&turn->new_value, "config_hash", hash);
    turn->row.actor = "engine";
    return turn_append(turn, "start", "firm", NULL, row_close(&turn->new_value));
}

bool project_stop(struct turn *turn, const struct event_stop *event)
{
    row_open(&turn->new_value);
    row_integer(&turn->new_value, "last_order_seq", (int64_t)event->last_order_seq);
    row_integer(&turn->new_value, "open_orders", event->open_orders);
    turn->row.actor = "engine";
    return turn_append(turn, "stop", "firm", NULL, row_close(&turn->new_value));
}

/* Not a row: the answer follows from what is here. */
bool project_command_done(struct turn *turn, const struct event_command_done *event)
{
    (void)turn, (void)event;
    return true;
}

bool project_money(struct turn *turn, const struct event_money *event)
{
    (void)turn, (void)event;
    return true;
}

bool project_state_hash(struct turn *turn, const struct event_state_hash *event)
{
    (void)turn, (void)event;
    return true;
}

bool project_anomaly(struct turn *turn, const struct event_anomaly *event)
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
    return turn_append(turn, "order", turn_instrument_scope(turn->projection, event->instrument),
                       NULL, row_close(text));
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
    if (record->kind >= INPUT_FIRST)
        return record->kind != INPUT_NAMES || record->length < sizeof(struct input_names) ||
               project_names(&turn, payload);
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
