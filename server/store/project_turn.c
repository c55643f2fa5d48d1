#include "store/project_turn.h"

#include <stdio.h>

static void take(char *out, size_t size, sqlite3_stmt *row, int column, const char **into)
{
    const char *text = column_text(row, column);

    if (!text)
        return;
    (void)snprintf(out, size, "%s", text);
    *into = out;
}

void turn_name_actor(struct turn *turn, int kind, uint64_t id)
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

bool turn_name_kill(struct turn *turn, uint64_t incident, const char *actor, const char *reason)
{
    sqlite3_stmt *put = turn->projection->put_actor;
    sqlite3_stmt *name = turn->projection->name_state;

    sqlite3_bind_int(put, 1, 1);
    statement_id(put, 2, incident);
    statement_text(put, 3, actor);
    statement_text(put, 4, NULL);
    statement_text(put, 5, NULL);
    statement_text(put, 6, reason);
    statement_text(put, 7, NULL);
    sqlite3_bind_int64(put, 8, turn->record->at_ns);
    statement_id(name, 1, incident);
    statement_text(name, 2, actor);
    statement_text(name, 3, reason);
    return statement_run(put) && statement_run(name);
}

bool turn_append(struct turn *turn, const char *kind, const char *scope, const char *old_value,
                 const char *new_value)
{
    turn->row.kind = kind;
    turn->row.scope = scope;
    turn->row.old_value = old_value;
    turn->row.new_value = new_value;
    return audit_append(&turn->projection->audit, &turn->row);
}

const char *turn_scope(const struct projection *projection, uint16_t scope)
{
    return scope < projection->scope_count ? projection->scope[scope].name : NULL;
}

const struct instrument *turn_instrument(const struct projection *projection, uint16_t instrument)
{
    static const struct instrument unknown = {.name = "?", .tick_units = 1, .lot_units = 1};

    return instrument < projection->instrument_count ? &projection->instrument[instrument]
                                                     : &unknown;
}

const char *turn_currency(const struct projection *projection, uint16_t instrument)
{
    return instrument < projection->instrument_count ? projection->currency[instrument] : "?";
}

const char *turn_instrument_scope(const struct projection *projection, uint16_t instrument)
{
    uint32_t first = projection->scope_count - (uint32_t)projection->instrument_count;

    if (instrument >= projection->instrument_count)
        return NULL;
    return turn_scope(projection, (uint16_t)(first + instrument));
}

const char *turn_strategy_scope(const struct projection *projection, uint16_t strategy)
{
    uint32_t first = projection->scope_count - (uint32_t)projection->instrument_count -
                     projection->strategy_count;

    if (strategy >= projection->strategy_count)
        return NULL;
    return turn_scope(projection, (uint16_t)(first + strategy));
}

const char *turn_strategy(const struct projection *projection, uint16_t strategy)
{
    return strategy < projection->strategy_count ? projection->strategy[strategy].name : "?";
}
