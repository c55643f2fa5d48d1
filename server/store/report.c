#include "store/report.h"

#include "store/database.h"
#include "thread/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SCALE = 8, LISTED_MAX = 1000, LEDGER_LINE_MAX = 4096 };
static const int64_t hour_ns = 3600000000000LL;

/* A pass of its own: `day` is what is asked for, `work` a scratch database in memory. */
struct pass {
    sqlite3 *db, *work;
    const struct report_day *day;
};

/* --- the day --- */

enum status report_day_read(struct report_day *day, const char *text, int64_t now_ns,
                            struct err *err)
{
    struct tm tm = {0};
    time_t began;
    const char *end = text ? strptime(text, "%Y-%m-%d", &tm) : NULL;

    if (text && (!end || *end != '\0' || strlen(text) != 10 || tm.tm_year < 70 || tm.tm_year > 300))
        return err_set(err, ERR_MALFORMED, "day must be YYYY-MM-DD");
    day->from_ns = text ? timegm(&tm) * 1000000000LL + day->roll_hour * hour_ns
                        : day_start_ns(now_ns, day->roll_hour);
    day->to_ns = day->from_ns + TRADING_DAY_NS;
    began = day->from_ns / 1000000000LL;
    gmtime_r(&began, &tm);
    if (strftime(day->text, sizeof day->text, "%Y-%m-%d", &tm) == 0)
        return err_set(err, ERR_MALFORMED, "day is out of range");
    return OK;
}

/* --- the scratch --- */

static const char work_sql[] =
    "CREATE TABLE ours (exec TEXT PRIMARY KEY, symbol TEXT, instrument TEXT, currency TEXT,"
    " side TEXT, qty INTEGER, price INTEGER, volume INTEGER, fee INTEGER, at INTEGER);"
    "CREATE TABLE venue (exec TEXT PRIMARY KEY, symbol TEXT, side TEXT, qty INTEGER,"
    " price INTEGER, at INTEGER);"
    "CREATE TABLE hours (instrument TEXT PRIMARY KEY, currency TEXT, qty TEXT, cost INTEGER,"
    " realised INTEGER, funding INTEGER)";

static int64_t units_of(const char *text)
{
    int64_t units = 0;

    if (text)
        (void)decimal_parse(text, strlen(text), SCALE, &units);
    return units;
}

static int64_t product_of(int64_t price, int64_t qty)
{
    __int128 product = (__int128)price * qty / MONEY_ONE_E8;

    return product > INT64_MAX ? INT64_MAX : (int64_t)product;
}

static const char *symbol_of(const char *instrument)
{
    const char *colon = strchr(instrument, ':');

    return colon ? colon + 1 : instrument;
}

/* An hour before and after, for what is on its way. */
static enum status take_fills(const struct pass *pass, struct err *err)
{
    sqlite3_stmt *row = NULL, *put = NULL;
    int answer = SQLITE_ERROR;

    if (sqlite3_prepare_v2(pass->db,
                           "SELECT exec_id, instrument, currency, side, qty, price, fee, at_ns"
                           " FROM fills WHERE at_ns >= ? AND at_ns < ?",
                           -1, &row, NULL) != SQLITE_OK)
        return database_fail(pass->db, "fills", err);
    if (sqlite3_prepare_v2(pass->work, "INSERT OR IGNORE INTO ours VALUES (?,?,?,?,?,?,?,?,?,?)",
                           -1, &put, NULL) == SQLITE_OK) {
        sqlite3_bind_int64(row, 1, pass->day->from_ns - hour_ns);
        sqlite3_bind_int64(row, 2, pass->day->to_ns + hour_ns);
        while ((answer = sqlite3_step(row)) == SQLITE_ROW) {
            int64_t qty = units_of(column_text(row, 4)), price = units_of(column_text(row, 5));
            char exec[24];

            (void)snprintf(exec, sizeof exec, "%llu",
                           (unsigned long long)sqlite3_column_int64(row, 0));
            statement_text(put, 1, exec);
            statement_text(put, 2, symbol_of(column_text(row, 1)));
            statement_text(put, 3, column_text(row, 1));
            statement_text(put, 4, column_text(row, 2));
            statement_text(put, 5, column_text(row, 3));
            sqlite3_bind_int64(put, 6, qty);
            sqlite3_bind_int64(put, 7, price);
            sqlite3_bind_int64(put, 8, product_of(price, qty));
            sqlite3_bind_int64(put, 9, units_of(column_text(row, 6)));
            sqlite3_bind_int64(put, 10, sqlite3_column_int64(row, 7));
            statement_run(put);
        }
    }
    sqlite3_finalize(put);
    sqlite3_finalize(row);
    return answer == SQLITE_DONE ? OK : database_fail(pass->db, "fills", err);
}

/* The newest hour before the day's end tells the position; the day's hours are summed. */
static enum status take_hours(const struct pass *pass, struct err *err)
{
    static const char sql[] = "SELECT instrument, currency, qty, cost_e8, max(hour),"
                              " sum(CASE WHEN hour >= ?1 THEN realised_e8 ELSE 0 END),"
                              " sum(CASE WHEN hour >= ?1 THEN funding_e8 ELSE 0 END)"
                              " FROM position_hours WHERE hour < ?2 GROUP BY instrument";
    sqlite3_stmt *row = NULL, *put = NULL;
    int answer = SQLITE_ERROR;

    if (sqlite3_prepare_v2(pass->db, sql, -1, &row, NULL) != SQLITE_OK)
        return database_fail(pass->db, "positions", err);
    if (sqlite3_prepare_v2(pass->work, "INSERT INTO hours VALUES (?,?,?,?,?,?)", -1, &put, NULL) ==
        SQLITE_OK) {
        sqlite3_bind_int64(row, 1, pass->day->from_ns / hour_ns);
        sqlite3_bind_int64(row, 2, pass->day->to_ns / hour_ns);
        while ((answer = sqlite3_step(row)) == SQLITE_ROW) {
            statement_text(put, 1, column_text(row, 0));
            statement_text(put, 2, column_text(row, 1));
            statement_text(put, 3, column_text(row, 2));
            sqlite3_bind_int64(put, 4, sqlite3_column_int64(row, 3));
            sqlite3_bind_int64(put, 5, sqlite3_column_int64(row, 5));
            sqlite3_bind_int64(put, 6, sqlite3_column_int64(row, 6));
            statement_run(put);
        }
    }
    sqlite3_finalize(put);
    sqlite3_finalize(row);
    return answer == SQLITE_DONE ? OK : database_fail(pass->db, "positions", err);
}

/* --- the ledger --- */

static const char *member(const json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static bool put_venue(sqlite3_stmt *put, const json_t *line)
{
    const char *exec = member(line, "exec_id"), *at_ns = member(line, "at_ns");
    const char *kind = member(line, "kind"), *dir = member(line, "dir");

    if (!kind || !dir || !exec || strcmp(kind, "fill") != 0 || strcmp(dir, "out") != 0)
        return true;
    statement_text(put, 1, exec);
    statement_text(put, 2, member(line, "symbol"));
    statement_text(put, 3, member(line, "side"));
    sqlite3_bind_int64(put, 4, units_of(member(line, "qty")));
    sqlite3_bind_int64(put, 5, units_of(member(line, "price")));
    sqlite3_bind_int64(put, 6, at_ns ? strtoll(at_ns, NULL, 10) : 0);
    return statement_run(put);
}

static enum status take_ledger(const struct pass *pass, const char *path, struct err *err)
{
    char text[LEDGER_LINE_MAX];
    FILE *file = fopen(path, "re");
    sqlite3_stmt *put = NULL;
    unsigned long number = 0;
    enum status status = OK;

    if (!file)
        return err_format(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path,
                          strerrordesc_np(errno));
    if (sqlite3_prepare_v2(pass->work, "INSERT OR IGNORE INTO venue VALUES (?,?,?,?,?,?)", -1, &put,
                           NULL) != SQLITE_OK)
        status = database_fail(pass->work, "ledger", err);
    while (status == OK && fgets(text, sizeof text, file)) {
        json_t *line = json_loads(text, 0, NULL);

        number++;
        if (!json_is_object(line))
            status = err_format(err, ERR_DAMAGED, "%s:%lu: not a line of a ledger", path, number);
        else if (!put_venue(put, line))
            status = database_fail(pass->work, "ledger", err);
        json_decref(line);
    }
    sqlite3_finalize(put);
    fclose(file);
    return status;
}

/* --- answers --- */

static json_t *decimal_json(int64_t units)
{
    char text[DECIMAL_TEXT_MAX];

    decimal_print(text, units, SCALE, true);
    return json_string(text);
}

/* Each row an object: a column whose name ends in $ is money or a quantity in 1e-8. */
static json_t *object_of(sqlite3_stmt *row)
{
    json_t *object = json_object();

    for (int column = 0; column < sqlite3_column_count(row); column++) {
        char name[64];
        size_t length = strlen(sqlite3_column_name(row, column));

        (void)snprintf(name, sizeof name, "%s", sqlite3_column_name(row, column));
        if (name[length - 1] == '$') {
            name[length - 1] = '\0';
            json_object_set_new(object, name, decimal_json(sqlite3_column_int64(row, column)));
        } else if (sqlite3_column_type(row, column) == SQLITE_INTEGER) {
            json_object_set_new(object, name, json_integer(sqlite3_column_int64(row, column)));
        } else {
            const char *text = column_text(row, column);

            json_object_set_new(object, name, text ? json_string(text) : json_null());
        }
    }
    return object;
}

static enum status list(const struct pass *pass, const char *sql, json_t **items, struct err *err)
{
    sqlite3_stmt *row;
    int answer;

    *items = json_array();
    if (sqlite3_prepare_v2(pass->work, sql, -1, &row, NULL) != SQLITE_OK)
        return database_fail(pass->work, "report", err);
    if (sqlite3_bind_parameter_count(row) == 2) {
        sqlite3_bind_int64(row, 1, pass->day->from_ns);
        sqlite3_bind_int64(row, 2, pass->day->to_ns);
    }
    while ((answer = sqlite3_step(row)) == SQLITE_ROW && json_array_size(*items) < LISTED_MAX)
        json_array_append_new(*items, object_of(row));
    sqlite3_finalize(row);
    return answer == SQLITE_DONE || answer == SQLITE_ROW ? OK
                                                         : database_fail(pass->work, "report", err);
}

static const char rows_sql[] =
    "CREATE TEMP TABLE day AS SELECT coalesce(h.instrument, f.instrument) AS instrument,"
    " coalesce(h.currency, f.currency) AS currency, coalesce(h.qty, '0') AS position,"
    " coalesce(h.cost, 0) AS cost, coalesce(f.fills, 0) AS fills, coalesce(f.buy, 0) AS buy,"
    " coalesce(f.sell, 0) AS sell, coalesce(f.volume, 0) AS volume,"
    " coalesce(h.realised, 0) AS realised, coalesce(-f.fee, 0) AS fee,"
    " coalesce(-f.rebate, 0) AS rebate, coalesce(-h.funding, 0) AS funding"
    " FROM (SELECT instrument FROM hours UNION SELECT instrument FROM ours) AS all_of"
    " LEFT JOIN hours AS h USING (instrument)"
    " LEFT JOIN (SELECT instrument, currency, count(*) AS fills,"
    "  sum(CASE side WHEN 'buy' THEN qty ELSE 0 END) AS buy,"
    "  sum(CASE side WHEN 'sell' THEN qty ELSE 0 END) AS sell, sum(volume) AS volume,"
    "  sum(max(fee, 0)) AS fee, sum(min(fee, 0)) AS rebate"
    "  FROM ours WHERE at >= %lld AND at < %lld GROUP BY instrument) AS f USING (instrument)"
    " WHERE f.fills IS NOT NULL OR h.qty <> '0' OR h.realised <> 0 OR h.funding <> 0";
static const char instruments_sql[] =
    "SELECT instrument, currency, position, cost AS 'cost$', fills, buy AS 'buy_qty$',"
    " sell AS 'sell_qty$', volume AS 'volume$', realised AS 'realised$', fee AS 'fee$',"
    " rebate AS 'rebate$', funding AS 'funding$',"
    " realised + fee + rebate + funding AS 'net$' FROM day ORDER BY instrument";
static const char currencies_sql[] =
    "SELECT currency, sum(realised) AS 'realised$', sum(fee) AS 'fee$', sum(rebate) AS 'rebate$',"
    " sum(funding) AS 'funding$', sum(realised + fee + rebate + funding) AS 'net$'"
    " FROM day GROUP BY currency ORDER BY currency";

#define IN_DAY(side) #side ".at >= ?1 AND " #side ".at < ?2"
static const char balance_sql[] =
    "SELECT symbol, sum(ours) AS ours, sum(venue) AS venue, sum(oq) AS 'ours_qty$',"
    " sum(vq) AS 'venue_qty$' FROM (SELECT symbol, 1 AS ours, 0 AS venue, qty AS oq, 0 AS vq"
    " FROM ours WHERE " IN_DAY(ours) " OR exec IN (SELECT exec FROM venue WHERE " IN_DAY(
        venue) ")"
               " UNION ALL SELECT symbol, 0, 1, 0, qty FROM venue WHERE " IN_DAY(
                   venue) " OR exec IN (SELECT exec FROM ours WHERE " IN_DAY(ours) ")) GROUP BY "
                                                                                   "symbol ORDER "
                                                                                   "BY symbol";
static const char only_ours_sql[] =
    "SELECT exec AS exec_id, symbol, side, qty AS 'qty$', price AS 'price$' FROM ours "
    "WHERE " IN_DAY(
        ours) " AND NOT EXISTS (SELECT 1 FROM venue WHERE venue.exec = ours.exec) ORDER BY exec";
static const char only_venue_sql[] =
    "SELECT exec AS exec_id, symbol, side, qty AS 'qty$', price AS 'price$' FROM venue"
    " WHERE " IN_DAY(venue) " AND NOT EXISTS (SELECT 1 FROM ours WHERE ours.exec = venue.exec)"
                            " ORDER BY exec";
static const char different_sql[] =
    "SELECT exec AS exec_id, o.symbol AS symbol, o.side AS side, v.side AS venue_side,"
    " o.qty AS 'qty$', v.qty AS 'venue_qty$', o.price AS 'price$', v.price AS 'venue_price$'"
    " FROM ours AS o JOIN venue AS v USING (exec) WHERE (" IN_DAY(o) " OR " IN_DAY(
        v) ") AND (o.symbol <> v.symbol OR o.side <> v.side OR o.qty <> v.qty OR o.price <> "
           "v.price)"
           " ORDER BY exec";

static enum status add_balance(const struct pass *pass, const char *path, json_t *report,
                               struct err *err)
{
    json_t *instruments = NULL, *ours = NULL, *venue = NULL, *different = NULL;
    enum status status = list(pass, balance_sql, &instruments, err);
    bool balanced;

    if (status == OK)
        status = list(pass, only_ours_sql, &ours, err);
    if (status == OK)
        status = list(pass, only_venue_sql, &venue, err);
    if (status == OK)
        status = list(pass, different_sql, &different, err);
    balanced = json_array_size(ours) + json_array_size(venue) + json_array_size(different) == 0;
    json_object_set_new(report, "ledger",
                        json_pack("{s:s, s:b, s:o?, s:o?, s:o?, s:o?}", "file", path, "balanced",
                                  balanced, "instruments", instruments, "only_ours", ours,
                                  "only_venue", venue, "different", different));
    return status;
}

static enum status fill(const struct pass *pass, const char *ledger, json_t *report,
                        struct err *err)
{
    char sql[2048];
    json_t *instruments = NULL, *currencies = NULL;
    enum status status = database_run(pass->work, work_sql, err);

    if (status == OK)
        status = take_fills(pass, err);
    if (status == OK)
        status = take_hours(pass, err);
    (void)snprintf(sql, sizeof sql, rows_sql, (long long)pass->day->from_ns,
                   (long long)pass->day->to_ns);
    if (status == OK)
        status = database_run(pass->work, sql, err);
    if (status == OK)
        status = list(pass, instruments_sql, &instruments, err);
    if (status == OK)
        status = list(pass, currencies_sql, &currencies, err);
    if (status == OK && ledger)
        status = take_ledger(pass, ledger, err);
    json_object_set_new(report, "instruments", instruments ? instruments : json_array());
    json_object_set_new(report, "currencies", currencies ? currencies : json_array());
    json_object_set_new(report, "ledger", json_null());
    return status == OK && ledger ? add_balance(pass, ledger, report, err) : status;
}

enum status report_make(const char *dir, const struct report_day *day, const char *ledger,
                        json_t **report, struct err *err)
{
    struct pass pass = {.day = day};
    char from_ns[24], to_ns[24];
    enum status status = database_open_reader(dir, &pass.db, err);

    *report = NULL;
    if (status != OK)
        return status;
    (void)snprintf(from_ns, sizeof from_ns, "%lld", (long long)day->from_ns);
    (void)snprintf(to_ns, sizeof to_ns, "%lld", (long long)day->to_ns);
    *report = json_pack("{s:s, s:s, s:s}", "day", day->text, "from_ns", from_ns, "to_ns", to_ns);
    if (sqlite3_open(":memory:", &pass.work) != SQLITE_OK)
        status = err_set(err, ERR_INTERNAL, "out of memory");
    else
        status = fill(&pass, ledger, *report, err);
    sqlite3_close(pass.work);
    sqlite3_close(pass.db);
    if (status != OK) {
        json_decref(*report);
        *report = NULL;
    }
    return status;
}
