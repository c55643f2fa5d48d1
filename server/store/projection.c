#include "store/projection.h"

#include "store/row_text.h"

#include <string.h>

struct statement_row {
    size_t offset;
    const char *sql;
};

#define STATEMENT(member, text)                                                                    \
    {                                                                                              \
        offsetof(struct projection, member), text                                                  \
    }
static const struct statement_row statements[] = {
    STATEMENT(put_cursor, "INSERT INTO cursors VALUES (?1, ?2)"
                          " ON CONFLICT DO UPDATE SET seq = ?2"),
    STATEMENT(put_actor, "INSERT INTO actors VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"),
    STATEMENT(get_actor, "SELECT actor, person, role, reason, request_id, at_ns FROM actors"
                         " WHERE kind = ? AND id = ?"),
    STATEMENT(put_limit, "INSERT INTO scope_limits VALUES (?1, ?2, ?3)"
                         " ON CONFLICT DO UPDATE SET value = ?3"),
    STATEMENT(cut_limit, "DELETE FROM scope_limits WHERE scope = ? AND name = ?"),
    STATEMENT(put_generation, "INSERT INTO scope_generations VALUES (?1, ?2)"
                              " ON CONFLICT DO UPDATE SET generation = ?2"),
    STATEMENT(put_state, "INSERT INTO scope_states VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT"
                         " DO UPDATE SET state = ?2, version = ?3, incident = ?4, since_ns = ?5,"
                         " actor = ?6, cause = ?7"),
    STATEMENT(move_state, "UPDATE scope_states SET version = ?2 WHERE scope = ?1"),
    STATEMENT(name_state, "UPDATE scope_states SET actor = ?2, cause = ?3 WHERE incident = ?1"),
    STATEMENT(put_order, "INSERT OR REPLACE INTO orders VALUES"
                         " (?,?,?,?,?,?,?,?,?,?,?,'0',NULL,'PENDING_NEW',NULL,?12,?12,NULL,?13)"),
    STATEMENT(set_order, "UPDATE orders SET filled = ?2, avg_price = ?3, state = ?4, reason = ?5,"
                         " changed_ns = ?6, acked_ns = coalesce(acked_ns, ?7),"
                         " price = coalesce(?8, price), qty = coalesce(?9, qty) WHERE id = ?1"),
    STATEMENT(get_order, "SELECT instrument, state FROM orders WHERE id = ?"),
    STATEMENT(put_fill, "INSERT INTO fills (lane_seq, exec_id, order_id, instrument, strategy,"
                        " side, price, qty, fee, currency, maker, at_ns)"
                        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"),
    STATEMENT(put_strategy, "INSERT OR REPLACE INTO strategy_states VALUES (?,?,?,?,?,?,?)"),
    STATEMENT(put_parameter, "INSERT OR REPLACE INTO strategy_parameters VALUES (?,?,?,?)"),
    STATEMENT(put_kill_count, "INSERT OR REPLACE INTO kill_counts (incident, resting, scope,"
                              " complete, last_order_seq) VALUES (?,?,?,0,?)"),
    STATEMENT(set_kill_count, "UPDATE kill_counts SET unsent = ?2, sent = ?3, confirmed = ?4,"
                              " refused = ?5, unknown = ?6 WHERE incident = ?1"),
    STATEMENT(set_kill_exits, "UPDATE kill_counts SET exits = ?2, flattened = ?3, not_flat = ?4"
                              " WHERE incident = ?1"),
    STATEMENT(end_kill_count, "UPDATE kill_counts SET complete = 1 WHERE incident = ?1 AND"
                              " complete = 0 AND resting <= ?2 RETURNING scope"),
    STATEMENT(move_position, "INSERT INTO position_now VALUES (?,1,0,0,0,0,0,0)"
                             " ON CONFLICT DO UPDATE SET moved = 1"),
    STATEMENT(get_position, "SELECT moved, realised_e8, fee_e8, rebate_e8, funding_e8"
                            " FROM position_now WHERE instrument = ?"),
    STATEMENT(put_position, "INSERT OR REPLACE INTO position_now VALUES (?,0,?,?,?,?,?,?)"),
    STATEMENT(add_hour, "INSERT INTO position_hours VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"
                        " ON CONFLICT DO UPDATE SET qty = ?4, cost_e8 = ?5,"
                        " realised_e8 = realised_e8 + ?6, fee_e8 = fee_e8 + ?7,"
                        " rebate_e8 = rebate_e8 + ?8, funding_e8 = funding_e8 + ?9"),
};

static sqlite3_stmt **statement_at(struct projection *projection, size_t offset)
{
    return (sqlite3_stmt **)(void *)((char *)projection + offset);
}

enum { STATEMENTS = sizeof statements / sizeof *statements };

enum status projection_open(struct projection *projection, sqlite3 *db, struct err *err)
{
    enum status status = audit_writer_open(&projection->audit, db, err);

    projection->db = db;
    for (size_t i = 0; i < STATEMENTS && status == OK; i++) {
        if (sqlite3_prepare_v2(db, statements[i].sql, -1,
                               statement_at(projection, statements[i].offset), NULL) != SQLITE_OK)
            status = database_fail(db, statements[i].sql, err);
    }
    return status == OK ? projection_load(projection, err) : status;
}

void projection_close(struct projection *projection)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(*statement_at(projection, statements[i].offset));
    audit_writer_close(&projection->audit);
}

/* --- what the database holds --- */

typedef void each_row(struct projection *projection, sqlite3_stmt *row);

static enum status for_each(struct projection *projection, const char *sql, each_row *each,
                            struct err *err)
{
    sqlite3_stmt *row;
    int answer;

    if (sqlite3_prepare_v2(projection->db, sql, -1, &row, NULL) != SQLITE_OK)
        return database_fail(projection->db, sql, err);
    while ((answer = sqlite3_step(row)) == SQLITE_ROW)
        each(projection, row);
    sqlite3_finalize(row);
    return answer == SQLITE_DONE ? OK : database_fail(projection->db, sql, err);
}

static void copy_text(char *out, size_t size, const char *text)
{
    size_t length = text ? strlen(text) : 0;

    length = length < size ? length : size - 1;
    if (length != 0)
        memcpy(out, text, length);
    out[length] = '\0';
}

static void load_scope(struct projection *projection, sqlite3_stmt *row)
{
    int number = sqlite3_column_int(row, 0);
    struct projection_scope *scope;

    if (number < 0 || number >= MAX_SCOPES)
        return;
    scope = &projection->scope[number];
    *scope = (struct projection_scope){0};
    copy_text(scope->name, sizeof scope->name, column_text(row, 1));
    for (int id = 0; id < LIMIT_COUNT; id++)
        scope->limits.value[id] = LIMIT_UNSET;
    projection->scope_count = (uint16_t)(number + 1);
}

static struct projection_scope *scope_named(struct projection *projection, const char *name)
{
    for (uint16_t i = 0; i < projection->scope_count; i++) {
        if (strcmp(projection->scope[i].name, name) == 0)
            return &projection->scope[i];
    }
    return NULL;
}

static void load_limit(struct projection *projection, sqlite3_stmt *row)
{
    struct projection_scope *scope = scope_named(projection, column_text(row, 0));
    const char *name = column_text(row, 1);
    enum limit_id id = limit_find(name, (uint32_t)strlen(name));

    if (scope && id != LIMIT_COUNT)
        scope->limits.value[id] =
            sqlite3_column_type(row, 2) == SQLITE_NULL ? LIMIT_DENY : sqlite3_column_int64(row, 2);
}

static void load_generation(struct projection *projection, sqlite3_stmt *row)
{
    struct projection_scope *scope = scope_named(projection, column_text(row, 0));

    if (!scope)
        return;
    scope->limits_found = true;
    scope->generation = (uint64_t)sqlite3_column_int64(row, 1);
}

static void load_state(struct projection *projection, sqlite3_stmt *row)
{
    struct projection_scope *scope = scope_named(projection, column_text(row, 0));

    if (!scope)
        return;
    scope->state_found = true;
    scope->state = (enum trading_state)sqlite3_column_int(row, 1);
    scope->version = (uint64_t)sqlite3_column_int64(row, 2);
    scope->incident = (uint64_t)sqlite3_column_int64(row, 3);
}

static void load_instrument(struct projection *projection, sqlite3_stmt *row)
{
    int number = sqlite3_column_int(row, 0);
    struct instrument *instrument;

    if (number < 0 || number >= MAX_INSTRUMENTS)
        return;
    instrument = &projection->instrument[number];
    copy_text(instrument->name, sizeof instrument->name, column_text(row, 1));
    instrument->price_decimals = (uint32_t)sqlite3_column_int(row, 2);
    instrument->tick_units = sqlite3_column_int64(row, 3);
    instrument->qty_decimals = (uint32_t)sqlite3_column_int(row, 4);
    instrument->lot_units = sqlite3_column_int64(row, 5);
    copy_text(projection->currency[number], sizeof projection->currency[number],
              column_text(row, 6));
    memset(projection->venue_scope[number], 0, SCOPE_TEXT_MAX);
    memcpy(projection->venue_scope[number], "venue/", strlen("venue/"));
    memcpy(projection->venue_scope[number] + strlen("venue/"), instrument->name,
           strcspn(instrument->name, ":"));
    projection->instrument_count = (uint16_t)(number + 1);
}

static void load_strategy(struct projection *projection, sqlite3_stmt *row)
{
    int number = sqlite3_column_int(row, 0);

    struct projection_strategy *strategy;

    if (number < 0 || number >= MAX_STRATEGIES)
        return;
    strategy = &projection->strategy[number];
    copy_text(strategy->name, MAX_NAME, column_text(row, 1));
    strategy->configured = strategy->enabled = sqlite3_column_int(row, 2) != 0;
    strategy->version = 1;
    projection->strategy_count = (uint16_t)(number + 1);
}

static void load_strategy_state(struct projection *projection, sqlite3_stmt *row)
{
    for (uint16_t i = 0; i < projection->strategy_count; i++) {
        struct projection_strategy *strategy = &projection->strategy[i];

        if (strcmp(strategy->name, column_text(row, 0)) != 0)
            continue;
        strategy->enabled = sqlite3_column_int(row, 1) != 0;
        strategy->version = (uint64_t)sqlite3_column_int64(row, 2);
    }
}

enum status projection_load(struct projection *projection, struct err *err)
{
    static const struct {
        const char *sql;
        each_row *each;
    } parts[] = {
        {"SELECT number, name FROM run_scopes ORDER BY number", load_scope},
        {"SELECT scope, name, value FROM scope_limits", load_limit},
        {"SELECT scope, generation FROM scope_generations", load_generation},
        {"SELECT scope, state, version, incident FROM scope_states", load_state},
        {"SELECT number, name, price_decimals, tick_units, qty_decimals, lot_units, currency"
         " FROM run_instruments ORDER BY number",
         load_instrument},
        {"SELECT number, name, enabled FROM run_strategies ORDER BY number", load_strategy},
        {"SELECT strategy, enabled, version FROM strategy_states", load_strategy_state},
    };
    enum status status = audit_writer_load(&projection->audit, projection->db, err);

    projection->scope_count = projection->instrument_count = projection->strategy_count = 0;
    memset(projection->memo, 0, sizeof projection->memo);
    memset(projection->scope, 0, sizeof projection->scope);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == OK; i++)
        status = for_each(projection, parts[i].sql, parts[i].each, err);
    return status;
}

bool projection_cursor(struct projection *projection, enum journal_lane lane, uint64_t seq)
{
    sqlite3_bind_int(projection->put_cursor, 1, (int)lane);
    statement_id(projection->put_cursor, 2, seq);
    return statement_run(projection->put_cursor);
}
