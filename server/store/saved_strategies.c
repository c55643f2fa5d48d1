#include "config/parameters.h"
#include "store/saved.h"
#include "thread/log.h"

#include <stdio.h>
#include <string.h>

static void start_with_config(const struct config *config, struct store_saved *saved)
{
    for (uint16_t at = 0; at < config->strategies; at++) {
        saved->strategy[at].enabled = config->strategy[at].enabled;
        saved->strategy[at].version = 1;
        memcpy(saved->strategy[at].params, config->strategy[at].params,
               sizeof saved->strategy[at].params);
    }
}

static bool find_strategy(const struct config *config, const char *name, uint16_t *strategy)
{
    for (*strategy = STRATEGY_MANUAL + 1; *strategy < config->strategies; (*strategy)++)
        if (strcmp(config->strategy[*strategy].name, name) == 0)
            return true;
    return false; /* not in this configuration */
}

static void copy_column(char *out, size_t size, sqlite3_stmt *row, int column)
{
    const char *text = column_text(row, column);

    (void)snprintf(out, size, "%s", text ? text : "");
}

static void take_state(const struct config *config, struct store_saved *saved, sqlite3_stmt *row)
{
    bool enabled = sqlite3_column_int(row, 1) != 0;
    bool configured = sqlite3_column_int(row, 2) != 0;
    uint16_t at;

    if (!find_strategy(config, column_text(row, 0), &at))
        return;
    saved->strategy[at].enabled =
        enabled && (config->strategy[at].enabled || config->strategy[at].enabled == configured);
    saved->strategy[at].version = (uint64_t)sqlite3_column_int64(row, 3);
    saved->strategy[at].since_ns = sqlite3_column_int64(row, 4);
    copy_column(saved->strategy[at].actor, sizeof saved->strategy[at].actor, row, 5);
    copy_column(saved->strategy[at].reason, sizeof saved->strategy[at].reason, row, 6);
}

static void take_parameter(const struct config *config, struct store_saved *saved,
                           sqlite3_stmt *row)
{
    const char *name = column_text(row, 2), *text = column_text(row, 3);
    uint16_t strategy, instrument;
    enum parameter_id id;
    int64_t value;
    struct err err;
    char says[ERR_TEXT_MAX];

    if (!find_strategy(config, column_text(row, 0), &strategy) ||
        !config_instrument_find(config, column_text(row, 1), &instrument))
        return;
    id = parameter_find(config->strategy[strategy].kind, name);
    if (id != PARAMETER_COUNT && parameter_parse(config, id, text, &value, &err) == OK) {
        parameter_set(&saved->strategy[strategy].params[instrument], id, value);
        return;
    }
    log_line(LOG_WARN, "store", "a saved parameter is not taken", "strategy=%s name=%s value=%s",
             config->strategy[strategy].name, name, log_escape(says, sizeof says, text));
}

/* Each part may fit, and all together not: an instrument of the pair is gone. */
static void check_whole(const struct config *config, struct store_saved *saved)
{
    char says[ERR_TEXT_MAX];
    struct err err;

    for (uint16_t at = STRATEGY_MANUAL + 1; at < config->strategies; at++) {
        if (parameters_check(config, at, saved->strategy[at].params, &err) == OK)
            continue;
        log_line(LOG_WARN, "store", "saved parameters are not taken", "why=%s",
                 log_escape(says, sizeof says, err.text));
        memcpy(saved->strategy[at].params, config->strategy[at].params,
               sizeof saved->strategy[at].params);
    }
}

static enum status each_row(
    sqlite3 *db, const char *sql, const struct config *config, struct store_saved *saved,
    void (*take)(const struct config *, struct store_saved *, sqlite3_stmt *), struct err *err)
{
    sqlite3_stmt *row;
    int answer;

    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
        return database_fail(db, sql, err);
    while ((answer = sqlite3_step(row)) == SQLITE_ROW)
        take(config, saved, row);
    sqlite3_finalize(row);
    return answer == SQLITE_DONE ? OK : database_fail(db, sql, err);
}

enum status saved_fill_strategies(sqlite3 *db, const struct config *config,
                                  struct store_saved *saved, struct err *err)
{
    enum status status;

    start_with_config(config, saved);
    status = each_row(db,
                      "SELECT strategy, enabled, configured, version, since_ns, actor, reason"
                      " FROM strategy_states",
                      config, saved, take_state, err);
    if (status == OK)
        status = each_row(db, "SELECT strategy, instrument, name, value FROM strategy_parameters",
                          config, saved, take_parameter, err);
    if (status == OK)
        check_whole(config, saved);
    return status;
}
