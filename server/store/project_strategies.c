/* Strategies switched, and their parameters set: audit rows, and what a restart takes. */
#include "config/parameters.h"
#include "store/project_turn.h"

static bool put_state(struct turn *turn, const struct event_strategy *event,
                      const struct projection_strategy *strategy)
{
    sqlite3_stmt *put = turn->projection->put_strategy;

    statement_text(put, 1, strategy->name);
    sqlite3_bind_int(put, 2, event->enabled);
    sqlite3_bind_int(put, 3, strategy->configured);
    statement_id(put, 4, event->version);
    sqlite3_bind_int64(put, 5, turn->record->at_ns);
    statement_text(put, 6, turn->row.actor);
    statement_text(put, 7, turn->row.reason);
    return statement_run(put);
}

/* At a start the engine states what it came up with: that is no change. Nor is it a row when only
 * parameters were set, each of which is one. */
bool project_strategy(struct turn *turn, const struct event_strategy *event)
{
    struct projection_strategy *strategy =
        &turn->projection->strategy[event->strategy % MAX_STRATEGIES];
    bool was_enabled = strategy->enabled;

    strategy->enabled = event->enabled != 0;
    if (event->version <= strategy->version)
        return true;
    strategy->version = event->version;
    turn_name_actor(turn, 0, turn->record->cause);
    if (!turn->row.actor)
        turn->row.actor = "engine";
    if (!put_state(turn, event, strategy))
        return false;
    if (was_enabled == strategy->enabled)
        return true;
    row_open(&turn->old_value);
    row_bool(&turn->old_value, "enabled", was_enabled);
    row_open(&turn->new_value);
    row_bool(&turn->new_value, "enabled", strategy->enabled);
    row_integer(&turn->new_value, "version", (int64_t)event->version);
    return turn_append(turn, "strategy", turn_strategy_scope(turn->projection, event->strategy),
                       row_close(&turn->old_value), row_close(&turn->new_value));
}

static void print_value(const struct projection *projection, enum parameter_id id, int64_t value,
                        char out[PARAMETER_TEXT_MAX])
{
    bool is_other = parameter_row(id)->type == PARAMETER_INSTRUMENT && value >= 0;

    parameter_print(id, value,
                    is_other ? turn_instrument(projection, (uint16_t)value)->name : "none", out);
}

bool project_parameters(struct turn *turn, const struct event_parameters *event)
{
    struct projection *projection = turn->projection;
    enum parameter_id id = (enum parameter_id)event->parameter;
    const char *instrument = turn_instrument(projection, event->instrument)->name;
    char before[PARAMETER_TEXT_MAX], now[PARAMETER_TEXT_MAX];

    if (event->parameter >= PARAMETER_COUNT)
        return true; /* of a newer version: it cannot be told, nor be set again */
    print_value(projection, id, event->old, before);
    print_value(projection, id, event->value, now);
    statement_text(projection->put_parameter, 1, turn_strategy(projection, event->strategy));
    statement_text(projection->put_parameter, 2, instrument);
    statement_text(projection->put_parameter, 3, parameter_row(id)->name);
    statement_text(projection->put_parameter, 4, now);
    if (!statement_run(projection->put_parameter))
        return false;
    row_open(&turn->old_value);
    row_string(&turn->old_value, parameter_row(id)->name, before);
    row_open(&turn->new_value);
    row_string(&turn->new_value, "instrument", instrument);
    row_string(&turn->new_value, parameter_row(id)->name, now);
    turn_name_actor(turn, 0, turn->record->cause);
    return turn_append(turn, "strategy", turn_strategy_scope(projection, event->strategy),
                       row_close(&turn->old_value), row_close(&turn->new_value));
}
