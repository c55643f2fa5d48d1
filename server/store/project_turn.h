/* One event on its way into the database: what all of project_*.c share. */
#ifndef PITWALL_STORE_PROJECT_TURN_H
#define PITWALL_STORE_PROJECT_TURN_H

#include "store/projection.h"
#include "store/row_text.h"

/* Everything that one event needs while it becomes rows. */
struct turn {
    struct projection *projection;
    const struct lane_record *record;
    struct row_text old_value, new_value;
    struct audit_row row;
    /* Of the command or kill that caused it; copied, since the statement is used again. */
    char actor[MAX_NAME], person[MAX_NAME], role[16], reason[512], request_id[64];
};

/* Fills the row's actor from the command (kind 0) or kill (kind 1), if a person caused it. */
void turn_name_actor(struct turn *turn, int kind, uint64_t id);
/* Who killed and why, for the rows that the kill leads to: no person, when a trigger did. */
bool turn_name_kill(struct turn *turn, uint64_t incident, const char *actor, const char *reason);
/* One audit row. */
bool turn_append(struct turn *turn, const char *kind, const char *scope, const char *old_value,
                 const char *new_value);

/* Names of the run that wrote the event. A denied order may name an instrument that is not
 * configured: "?". Scopes: NULL when there is none of that number. */
const struct instrument *turn_instrument(const struct projection *projection, uint16_t instrument);
const char *turn_currency(const struct projection *projection, uint16_t instrument);
const char *turn_strategy(const struct projection *projection, uint16_t strategy);
const char *turn_scope(const struct projection *projection, uint16_t scope);
const char *turn_instrument_scope(const struct projection *projection, uint16_t instrument);
const char *turn_strategy_scope(const struct projection *projection, uint16_t strategy);

/* A fill or funding has come: the engine's next statement of that position is news. */
bool project_moved(struct turn *turn, uint16_t instrument);
/* INPUT_NAMES: the names of the run whose records follow; project_names.c. */
bool project_names(struct turn *turn, const void *payload);

/* One for each row of events.def, in project_orders.c and project_engine.c. */
#define EVENT(ID, name) bool project_##name(struct turn *turn, const struct event_##name *event);
#include "tables/events.def"
#undef EVENT

#endif
