/* Reading the audit trail: filters, newest first, by key-set cursor. */
#include "store/query.h"

#include "thread/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SQL_TEXT_MAX = 1024, PROGRESS_STEPS = 4000 };
enum { BUDGET_NS = 500000000 };

struct budget {
    int64_t deadline_ns;
};

static int over_budget(void *ctx)
{
    return clock_mono_ns() > ((struct budget *)ctx)->deadline_ns;
}

static json_t *value_of(const char *text)
{
    json_t *value;

    if (!text)
        return json_null();
    value = json_loads(text, JSON_DECODE_ANY, NULL);
    return value ? value : json_string(text); /* a damaged row is shown as it is */
}

static json_t *text_of(sqlite3_stmt *row, int column)
{
    const char *text = column_text(row, column);

    return text ? json_string(text) : json_null();
}

static json_t *hash_of(sqlite3_stmt *row, int column)
{
    const uint8_t *bytes = sqlite3_column_blob(row, column);
    int length = sqlite3_column_bytes(row, column);
    char text[65] = "";

    for (int i = 0; bytes && i < length && i < 32; i++)
        (void)snprintf(text + (size_t)(2 * i), 3, "%02x", bytes[i]);
    return json_string(text);
}

static json_t *item_of(sqlite3_stmt *row)
{
    char at_ns[24];

    (void)snprintf(at_ns, sizeof at_ns, "%lld", (long long)sqlite3_column_int64(row, 1));
    return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "seq",
                     (json_int_t)sqlite3_column_int64(row, 0), "at_ns", at_ns, "actor",
                     text_of(row, 2), "person", text_of(row, 3), "role", text_of(row, 4), "kind",
                     text_of(row, 5), "scope", text_of(row, 6), "old",
                     value_of(column_text(row, 7)), "new", value_of(column_text(row, 8)), "reason",
                     text_of(row, 9), "request_id", text_of(row, 10), "hash", hash_of(row, 11));
}

/* The filters that are set, and no others, so that SQLite can use the index that fits. */
static void query_sql(char sql[SQL_TEXT_MAX], const struct store_query *query)
{
    (void)snprintf(
        sql, SQL_TEXT_MAX,
        "SELECT seq, at_ns, actor, person, role, kind, scope, old, new, reason, request_id, hash"
        " FROM audit WHERE 1%s%s%s%s%s%s%s ORDER BY seq DESC LIMIT :limit",
        query->before_seq != 0 ? " AND seq < :before" : "",
        query->from_ns != 0 ? " AND at_ns >= :from" : "",
        query->to_ns != 0 ? " AND at_ns < :to" : "", query->actor ? " AND actor = :actor" : "",
        query->kind ? " AND kind = :kind" : "", query->scope ? " AND scope = :scope" : "",
        query->q ? " AND (instr(lower(coalesce(reason, '')), lower(:q)) OR"
                   " instr(lower(coalesce(new, '')), lower(:q)) OR"
                   " instr(lower(coalesce(old, '')), lower(:q)) OR"
                   " instr(lower(coalesce(actor, '')), lower(:q)) OR"
                   " instr(coalesce(request_id, ''), :q))"
                 : "");
}

static void bind_integer(sqlite3_stmt *statement, const char *name, int64_t value)
{
    int index = sqlite3_bind_parameter_index(statement, name);

    if (index != 0)
        sqlite3_bind_int64(statement, index, value);
}

static void bind_text(sqlite3_stmt *statement, const char *name, const char *text)
{
    int index = sqlite3_bind_parameter_index(statement, name);

    if (index != 0)
        statement_text(statement, index, text);
}

static void bind_query(sqlite3_stmt *statement, const struct store_query *query)
{
    bind_integer(statement, ":before", (int64_t)query->before_seq);
    bind_integer(statement, ":from", query->from_ns);
    bind_integer(statement, ":to", query->to_ns);
    bind_integer(statement, ":limit",
                 (int64_t)query->limit + 1); /* one more tells of a next page */
    bind_text(statement, ":actor", query->actor);
    bind_text(statement, ":kind", query->kind);
    bind_text(statement, ":scope", query->scope);
    bind_text(statement, ":q", query->q);
}

/* When the budget ends, the page holds what was found, and the cursor goes on from there. */
static enum status collect(sqlite3 *db, sqlite3_stmt *statement, uint32_t limit, json_t **list,
                           struct err *err)
{
    json_t *items = json_array();
    json_int_t last = 0;
    bool more = false;
    int answer;

    while ((answer = sqlite3_step(statement)) == SQLITE_ROW) {
        if (json_array_size(items) == limit) {
            more = true;
            break;
        }
        last = (json_int_t)sqlite3_column_int64(statement, 0);
        json_array_append_new(items, item_of(statement));
    }
    if (answer == SQLITE_INTERRUPT && last != 0)
        more = true;
    else if (answer != SQLITE_ROW && answer != SQLITE_DONE) {
        json_decref(items);
        if (answer == SQLITE_INTERRUPT)
            return err_set(err, ERR_UNAVAILABLE, "the query takes too long: narrow the filters");
        return database_fail(db, "read", err);
    }
    if (more) {
        char cursor[24];

        (void)snprintf(cursor, sizeof cursor, "%lld", (long long)last);
        *list = json_pack("{s:o, s:s}", "items", items, "next", cursor);
    } else {
        *list = json_pack("{s:o, s:n}", "items", items, "next");
    }
    return OK;
}

enum status query_run(sqlite3 *db, const struct store_query *query, json_t **list, struct err *err)
{
    struct budget budget = {.deadline_ns = clock_mono_ns() + BUDGET_NS};
    char sql[SQL_TEXT_MAX];
    sqlite3_stmt *statement;
    enum status status;

    *list = NULL;
    query_sql(sql, query);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return database_fail(db, "read", err);
    bind_query(statement, query);
    sqlite3_progress_handler(db, PROGRESS_STEPS, over_budget, &budget);
    status = collect(db, statement, query->limit, list, err);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    sqlite3_finalize(statement);
    return status;
}
