/* The projection: what one record of a lane becomes in the database.
 *
 *   ORDER_SENT, ORDER_STATE   kind order, tables orders        ORDER_DENIED   kind denial
 *   FILL                      kind fill, table fills           BOOK_STATUS    kind gap (when bad)
 *   LIMITS_APPLIED            kind limits (what changed), tables scope_limits, scope_generations
 *   STATE_CHANGED             kind state (when changed), table scope_states
 *   KILL_SEEN, KILL_PROGRESS  kind kill (the second only when all is known)
 *   START, STOP               kinds start, stop
 *   STRATEGY, PARAMETERS      kind strategy (what changed), tables strategy_states,
 *                             strategy_parameters
 *   DRIFT                     kind position
 *   POSITION                  tables position_now, position_hours (for the report of a day)
 *   control record            one row as it is; table actors names who asked
 *   INPUT_NAMES               tables run_scopes and its sisters
 *
 * The names behind the numbers in events are those of the run that wrote them: its INPUT_NAMES,
 * kept in run_scopes and its sisters. projection_begin_run() puts this run's there early, once
 * everything that an earlier run left has been projected: what a start takes is matched by name.
 *
 * Whatever a row is made of comes from the records or from tables that earlier records filled:
 * never from the clock, nor from memory that a restart or a failed transaction would lose. So the
 * same journal makes the same rows.
 *
 * Audit thread (before the start: main). About 10 us a record, no allocation for events. */
#ifndef PITWALL_STORE_PROJECTION_H
#define PITWALL_STORE_PROJECTION_H

#include "config/config.h"
#include "store/chain.h"
#include "store/store.h"

enum { MEMO_ORDERS = 8192, ROW_TEXT_MAX = 8192 };

struct projection_scope {
    char name[SCOPE_TEXT_MAX];
    bool limits_found, state_found;
    struct limits limits;
    uint64_t generation;
    enum trading_state state;
    uint64_t version, incident;
};

struct projection_strategy {
    char name[MAX_NAME];
    bool configured, enabled; /* what the run's configuration says; what is so */
    uint64_t version;
};

struct projection {
    sqlite3 *db;
    struct audit_writer audit;
    sqlite3_stmt *put_cursor, *put_actor, *get_actor, *put_limit, *cut_limit, *put_generation;
    sqlite3_stmt *put_state, *move_state, *name_state, *put_order, *set_order, *get_order;
    sqlite3_stmt *put_fill, *put_strategy, *put_parameter, *put_kill_count, *end_kill_count;
    sqlite3_stmt *set_kill_count, *set_kill_exits;
    sqlite3_stmt *move_position, *get_position, *put_position, *add_hour;
    struct scope_map scopes; /* of the run that wrote the records */
    uint16_t scope_count, instrument_count, strategy_count;
    struct projection_scope scope[MAX_SCOPES];
    struct instrument instrument[MAX_INSTRUMENTS];
    char currency[MAX_INSTRUMENTS][16];
    char venue_scope[MAX_INSTRUMENTS][SCOPE_TEXT_MAX]; /* "venue/sim" */
    struct projection_strategy strategy[MAX_STRATEGIES];
    /* What a later event of an order needs; a miss is looked up in the table. */
    struct order_memo {
        uint64_t id;
        uint16_t instrument;
        uint8_t state;
    } memo[MEMO_ORDERS];
};

enum status projection_open(struct projection *projection, sqlite3 *db, struct err *err);
/* Forgets what a rolled-back transaction had said. */
enum status projection_load(struct projection *projection, struct err *err);
/* Takes the names of this run's configuration; one transaction. */
enum status projection_begin_run(struct projection *projection, const struct config *config,
                                 struct err *err);
/* Inside a transaction. False: SQLite refused (sqlite3_errmsg says why); roll back and load. */
bool projection_engine(struct projection *projection, const struct lane_record *record,
                       const void *payload);
bool projection_control(struct projection *projection, const struct lane_record *record,
                        const void *payload);
bool projection_cursor(struct projection *projection, enum journal_lane lane, uint64_t seq);
void projection_close(struct projection *projection);

#endif
