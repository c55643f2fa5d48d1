/* The names of a run, and what its positions come to by the hour. */
#include "store/project_turn.h"

#include <stdio.h>
#include <string.h>

/* --- names --- */

static bool put_name(sqlite3_stmt *put, int number, const char *name)
{
    sqlite3_bind_int(put, 1, number);
    statement_text(put, 2, name);
    return statement_run(put);
}

/* Numbered as domain/scope.h says: firm, venues, strategies, instruments. */
static bool put_scopes(sqlite3_stmt *put, const struct input_names *names)
{
    char name[SCOPE_TEXT_MAX + 16];
    int number = 0;
    bool well = put_name(put, number++, "firm");

    for (uint16_t i = 0; i < names->venues && well; i++) {
        (void)snprintf(name, sizeof name, "venue/%.*s", MAX_NAME, names->venue[i]);
        well = put_name(put, number++, name);
    }
    for (uint16_t i = 0; i < names->strategies && well; i++) {
        (void)snprintf(name, sizeof name, "strategy/%.*s", MAX_NAME, names->strategy[i]);
        well = put_name(put, number++, name);
    }
    for (uint16_t i = 0; i < names->instruments && well; i++) {
        (void)snprintf(name, sizeof name, "instrument/%.*s", MAX_NAME, names->instrument[i].name);
        well = put_name(put, number++, name);
    }
    return well;
}

static bool put_strategies(sqlite3_stmt *put, const struct input_names *names)
{
    bool well = true;

    for (uint16_t i = 0; i < names->strategies && well; i++) {
        sqlite3_bind_int(put, 3, names->enabled >> i & 1);
        well = put_name(put, i, names->strategy[i]);
    }
    return well;
}

static bool put_instruments(sqlite3_stmt *put, const struct input_names *names)
{
    bool well = true;

    for (uint16_t i = 0; i < names->instruments && well; i++) {
        const struct input_instrument *row = &names->instrument[i];

        sqlite3_bind_int64(put, 3, row->price_decimals);
        sqlite3_bind_int64(put, 4, row->tick_units);
        sqlite3_bind_int64(put, 5, row->qty_decimals);
        sqlite3_bind_int64(put, 6, row->lot_units);
        statement_text(put, 7, row->currency);
        well = put_name(put, i, row->name);
    }
    return well;
}

static bool put_names(sqlite3 *db, const struct input_names *names)
{
    static const struct {
        const char *sql;
        bool (*each)(sqlite3_stmt *put, const struct input_names *names);
    } parts[] = {{"INSERT INTO run_scopes VALUES (?,?)", put_scopes},
                 {"INSERT INTO run_strategies VALUES (?,?,?)", put_strategies},
                 {"INSERT INTO run_instruments VALUES (?,?,?,?,?,?,?)", put_instruments}};
    bool well = sqlite3_exec(db,
                             "DELETE FROM run_scopes; DELETE FROM run_instruments;"
                             "DELETE FROM run_strategies",
                             NULL, NULL, NULL) == SQLITE_OK;

    for (size_t i = 0; i < sizeof parts / sizeof *parts && well; i++) {
        sqlite3_stmt *put = NULL;

        well = sqlite3_prepare_v2(db, parts[i].sql, -1, &put, NULL) == SQLITE_OK &&
               parts[i].each(put, names);
        sqlite3_finalize(put);
    }
    return well;
}

static bool names_fit(const struct input_names *names)
{
    return names->venues <= MAX_VENUES && names->strategies <= MAX_STRATEGIES &&
           names->instruments <= MAX_INSTRUMENTS;
}

/* Within the transaction of the rows before it: what they have changed is read again, too. */
bool project_names(struct turn *turn, const void *payload)
{
    struct projection *projection = turn->projection;
    struct input_names names;
    struct err err;

    memcpy(&names, payload, sizeof names);
    if (!names_fit(&names))
        return true; /* of a version with wider bounds: the names of before stay */
    return audit_count(&projection->audit) && put_names(projection->db, &names) &&
           projection_load(projection, &err) == OK;
}

enum status projection_begin_run(struct projection *projection, const struct config *config,
                                 struct err *err)
{
    sqlite3 *db = projection->db;
    struct input_names names;
    enum status status = database_run(db, "BEGIN IMMEDIATE", err);

    config_names(config, &names);
    if (status == OK && !put_names(db, &names))
        status = database_fail(db, "names", err);
    if (status == OK)
        status = database_run(db, "COMMIT", err);
    if (status != OK) {
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return status;
    }
    return projection_load(projection, err);
}

/* --- positions --- */

bool project_moved(struct turn *turn, uint16_t instrument)
{
    sqlite3_stmt *move = turn->projection->move_position;

    if (instrument >= turn->projection->instrument_count)
        return true;
    statement_text(move, 1, turn_instrument(turn->projection, instrument)->name);
    return statement_run(move);
}

/* What the engine said before; `moved` false: nothing has happened since. */
static bool position_before(struct projection *projection, const char *name,
                            struct event_position *before)
{
    sqlite3_stmt *get = projection->get_position;
    bool moved = false;

    *before = (struct event_position){0};
    statement_text(get, 1, name);
    if (sqlite3_step(get) == SQLITE_ROW) {
        moved = sqlite3_column_int(get, 0) != 0;
        before->realised_e8 = sqlite3_column_int64(get, 1);
        before->fee_e8 = sqlite3_column_int64(get, 2);
        before->rebate_e8 = sqlite3_column_int64(get, 3);
        before->funding_e8 = sqlite3_column_int64(get, 4);
    }
    sqlite3_reset(get);
    return moved;
}

static bool add_hour(struct turn *turn, const struct event_position *now,
                     const struct event_position *before, const char *name)
{
    struct projection *projection = turn->projection;
    sqlite3_stmt *add = projection->add_hour;
    char qty[DECIMAL_TEXT_MAX];

    qty_print(qty, turn_instrument(projection, now->instrument), now->lots);
    sqlite3_bind_int64(add, 1, turn->record->at_ns / 3600000000000LL);
    statement_text(add, 2, name);
    statement_text(add, 3, turn_currency(projection, now->instrument));
    statement_text(add, 4, qty);
    sqlite3_bind_int64(add, 5, now->cost_e8);
    sqlite3_bind_int64(add, 6, now->realised_e8 - before->realised_e8);
    sqlite3_bind_int64(add, 7, now->fee_e8 - before->fee_e8);
    sqlite3_bind_int64(add, 8, now->rebate_e8 - before->rebate_e8);
    sqlite3_bind_int64(add, 9, now->funding_e8 - before->funding_e8);
    return statement_run(add);
}

/* No audit row: a position follows from the fills. The instrument's total is kept by the hour. */
bool project_position(struct turn *turn, const struct event_position *event)
{
    struct projection *projection = turn->projection;
    const char *name = turn_instrument(projection, event->instrument)->name;
    sqlite3_stmt *put = projection->put_position;
    struct event_position before;

    if (event->strategy != UINT16_MAX || event->instrument >= projection->instrument_count)
        return true;
    if (!position_before(projection, name, &before))
        before = *event; /* what a run begins with */
    statement_text(put, 1, name);
    sqlite3_bind_int64(put, 2, event->lots);
    sqlite3_bind_int64(put, 3, event->cost_e8);
    sqlite3_bind_int64(put, 4, event->realised_e8);
    sqlite3_bind_int64(put, 5, event->fee_e8);
    sqlite3_bind_int64(put, 6, event->rebate_e8);
    sqlite3_bind_int64(put, 7, event->funding_e8);
    return statement_run(put) && add_hour(turn, event, &before, name);
}
