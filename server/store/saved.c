#include "store/saved.h"

#include <stdio.h>
#include <string.h>

static void take_saved(const struct projection *projection, struct store_saved *saved,
                       uint16_t scope, const char *name)
{
    for (uint16_t i = 0; i < projection->scope_count; i++) {
        const struct projection_scope *was = &projection->scope[i];

        if (strcmp(was->name, name) != 0)
            continue;
        saved->scope[scope].limits_found = was->limits_found;
        saved->scope[scope].limits = was->limits;
        saved->scope[scope].limits_generation = was->generation;
        saved->scope[scope].state_found = was->state_found;
        saved->scope[scope].state = was->state;
        saved->scope[scope].version = was->version;
        saved->scope[scope].incident = was->incident;
    }
}

static void take_cause(sqlite3_stmt *get, struct store_saved *saved, uint16_t scope,
                       const char *name)
{
    statement_text(get, 1, name);
    if (sqlite3_step(get) == SQLITE_ROW) {
        const char *actor = column_text(get, 1), *cause = column_text(get, 2);

        saved->scope[scope].is_named = actor != NULL;
        saved->scope[scope].since_ns = sqlite3_column_int64(get, 0);
        (void)snprintf(saved->scope[scope].actor, sizeof saved->scope[scope].actor, "%s",
                       actor ? actor : "");
        (void)snprintf(saved->scope[scope].cause, sizeof saved->scope[scope].cause, "%s",
                       cause ? cause : "");
    }
    sqlite3_reset(get);
}

static void name_kill(sqlite3_stmt *get, struct store_saved *saved, uint16_t scope)
{
    sqlite3_bind_int(get, 1, 1);
    statement_id(get, 2, saved->scope[scope].incident);
    if (sqlite3_step(get) == SQLITE_ROW) {
        const char *actor = column_text(get, 0), *reason = column_text(get, 3);

        saved->scope[scope].killed_ns = sqlite3_column_int64(get, 5);
        saved->scope[scope].is_named = true;
        (void)snprintf(saved->scope[scope].actor, sizeof saved->scope[scope].actor, "%s",
                       actor ? actor : "");
        (void)snprintf(saved->scope[scope].cause, sizeof saved->scope[scope].cause, "%s",
                       reason ? reason : "");
    }
    sqlite3_reset(get);
}

static void take_killed(sqlite3_stmt *get, struct store_saved *saved, uint16_t scope)
{
    sqlite3_bind_int(get, 1, 1);
    statement_id(get, 2, saved->scope[scope].incident);
    if (sqlite3_step(get) == SQLITE_ROW)
        saved->scope[scope].killed_ns = sqlite3_column_int64(get, 5);
    sqlite3_reset(get);
}

static void take_counts(sqlite3_stmt *get, struct saved_kill *kill, uint64_t incident)
{
    statement_id(get, 1, incident);
    if (sqlite3_step(get) == SQLITE_ROW && sqlite3_column_type(get, 0) != SQLITE_NULL) {
        kill->is_seen = true;
        kill->last_order_seq = (uint64_t)sqlite3_column_int64(get, 0);
        kill->resting = (uint32_t)sqlite3_column_int64(get, 1);
        kill->unsent = (uint32_t)sqlite3_column_int64(get, 2);
        kill->sent = (uint32_t)sqlite3_column_int64(get, 3);
        kill->confirmed = (uint32_t)sqlite3_column_int64(get, 4);
        kill->refused = (uint32_t)sqlite3_column_int64(get, 5);
        kill->unknown = (uint32_t)sqlite3_column_int64(get, 6);
        kill->flatten = sqlite3_column_type(get, 7) != SQLITE_NULL;
        kill->flattened = (struct event_flatten){
            .incident = incident,
            .orders = (uint32_t)sqlite3_column_int64(get, 7),
            .done = (uint8_t)sqlite3_column_int(get, 8),
            .refused = (uint8_t)sqlite3_column_int(get, 9),
        };
    }
    sqlite3_reset(get);
}

static enum status count_kills(sqlite3 *db, struct store_saved *saved, struct err *err)
{
    sqlite3_stmt *get;

    if (sqlite3_prepare_v2(db,
                           "SELECT last_order_seq, resting, unsent, sent, confirmed, refused,"
                           " unknown, exits, flattened, not_flat FROM kill_counts"
                           " WHERE incident = ?",
                           -1, &get, NULL) != SQLITE_OK)
        return database_fail(db, "kills", err);
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        if (saved->scope[scope].incident != 0)
            take_counts(get, &saved->scope[scope].kill, saved->scope[scope].incident);
    sqlite3_finalize(get);
    return OK;
}

void saved_name_kills(const struct projection *projection, struct store_saved *saved)
{
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        if (saved->scope[scope].incident != 0 && !saved->scope[scope].is_named)
            name_kill(projection->get_actor, saved, (uint16_t)scope);
}

static enum status newest_generation(sqlite3 *db, struct store_saved *saved, struct err *err)
{
    sqlite3_stmt *row;

    if (sqlite3_prepare_v2(db, "SELECT max(generation) FROM scope_generations", -1, &row, NULL) !=
        SQLITE_OK)
        return database_fail(db, "generations", err);
    if (sqlite3_step(row) == SQLITE_ROW)
        saved->generation = (uint64_t)sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return OK;
}

/* After projection_begin_run(): by the names of this run. */
enum status saved_fill(const struct projection *projection, const struct config *config,
                       struct store_saved *saved, struct err *err)
{
    char name[SCOPE_TEXT_MAX];
    sqlite3_stmt *get;

    memset(saved, 0, sizeof *saved);
    if (sqlite3_prepare_v2(projection->db,
                           "SELECT since_ns, actor, cause FROM scope_states WHERE scope = ?", -1,
                           &get, NULL) != SQLITE_OK)
        return database_fail(projection->db, "states", err);
    for (uint16_t scope = 0; scope < scope_count(config->scopes); scope++) {
        config_scope_name(config, scope, name);
        take_saved(projection, saved, scope, name);
        take_cause(get, saved, scope, name);
        if (saved->scope[scope].incident != 0)
            take_killed(projection->get_actor, saved, scope);
    }
    sqlite3_finalize(get);
    if (count_kills(projection->db, saved, err) != OK ||
        newest_generation(projection->db, saved, err) != OK)
        return err->status;
    return saved_fill_strategies(projection->db, config, saved, err);
}
