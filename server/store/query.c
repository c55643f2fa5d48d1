#include "store/query.h"

#include "store/chain.h"
#include "store/item.h"
#include "thread/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SQL_TEXT_MAX = 1536,
    PROGRESS_STEPS = 4000,
    Q_MAX = 200,
    MATCH_MAX = 3 * Q_MAX + 8,
    NAME_MAX_BYTES = 200,
};

/* --- what can be meant --- */

static bool text_is_fit(const char *text, size_t most)
{
    return !text || (text[0] != '\0' && strlen(text) <= most);
}

static const char *const kinds[] = {
    "login",  "login_failed", "logout", "refused", "kill",  "state",  "limits", "approval",
    "config", "strategy",     "user",   "token",   "alert", "order",  "denial", "fill",
    "gap",    "position",     "export", "start",   "stop",  "storage"};

static bool kind_is_fit(const char *kind)
{
    for (size_t i = 0; kind && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    return !kind;
}

/* An empty page would look like nothing that happened. */
static enum status refuse_kind(struct err *err)
{
    err_set(err, ERR_MALFORMED, "kind must be one of");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        err_add(err, i == 0 ? " " : ", ");
        err_add(err, kinds[i]);
    }
    return ERR_MALFORMED;
}

enum status query_check(const struct store_query *query, struct err *err)
{
    if (!kind_is_fit(query->kind))
        return refuse_kind(err);
    if (!text_is_fit(query->actor, NAME_MAX_BYTES))
        return err_set(err, ERR_MALFORMED, "actor must be 1 to 200 bytes");
    if (!text_is_fit(query->scope, NAME_MAX_BYTES))
        return err_set(err, ERR_MALFORMED, "scope must be 1 to 200 bytes");
    if (!text_is_fit(query->q, Q_MAX))
        return err_set(err, ERR_MALFORMED, "q must be 1 to 200 bytes");
    if (query->from_ns != 0 && query->to_ns != 0 && query->from_ns >= query->to_ns)
        return err_set(err, ERR_MALFORMED, "from must be before to");
    if (query->before_seq > INT64_MAX || query->after_seq > INT64_MAX)
        return err_set(err, ERR_MALFORMED, "cursor must be what `next` was");
    return OK;
}

/* --- the plan --- */

struct plan {
    const struct store_query *query;
    int64_t low, high; /* rows from low up to, not with, high */
    const char *index; /* that drives; NULL: the table itself */
    char match[MATCH_MAX];
    int64_t deadline_ns;
    int64_t scanned; /* the row that was looked at last; 0: none */
};

static int over_budget(void *ctx)
{
    return clock_mono_ns() > ((struct plan *)ctx)->deadline_ns;
}

static void on_scanned(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct plan *plan = sqlite3_user_data(context);

    (void)count;
    plan->scanned = sqlite3_value_int64(values[0]);
    sqlite3_result_int(context, 1);
}

/* Each word quoted, so that nothing in it is syntax, and as the beginning of a word: "fat"* "fin"*.
 */
static void write_match(char out[MATCH_MAX], const char *q)
{
    size_t used = 0;
    bool inside = false;

    for (; *q != '\0' && used + 8 < MATCH_MAX; q++) {
        bool blank = isspace((unsigned char)*q) != 0;

        if (inside == blank) {
            memcpy(out + used, inside ? "\"* " : "\"", inside ? 3 : 1);
            used += inside ? 3 : 1;
            inside = !inside;
        }
        if (!blank)
            out[used++] = *q;
        if (*q == '"')
            out[used++] = '"';
    }
    if (inside) {
        memcpy(out + used, "\"*", 2);
        used += 2;
    }
    out[used] = '\0';
}

static int64_t ask_number(sqlite3 *db, const char *sql, const char *text, int64_t a, int64_t b)
{
    sqlite3_stmt *row;
    int64_t answer = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
        return -1;
    if (text)
        statement_text(row, 1, text);
    else if (sqlite3_bind_parameter_count(row) >= 2) {
        sqlite3_bind_int64(row, 1, a);
        sqlite3_bind_int64(row, 2, b);
    }
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_type(row, 0) != SQLITE_NULL)
        answer = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return answer;
}

/* The blocks that can hold rows of the range: exact also where clocks stepped back. */
static void plan_time(struct plan *plan, sqlite3 *db)
{
    const struct store_query *query = plan->query;
    int64_t to_ns = query->to_ns != 0 ? query->to_ns : INT64_MAX, first, last;

    if (query->from_ns == 0 && query->to_ns == 0)
        return;
    first =
        ask_number(db, "SELECT min(block) FROM audit_blocks WHERE last_ns >= ? AND first_ns < ?",
                   NULL, query->from_ns, to_ns);
    last = ask_number(db, "SELECT max(block) FROM audit_blocks WHERE last_ns >= ? AND first_ns < ?",
                      NULL, query->from_ns, to_ns);
    if (first < 0 || last < 0) {
        plan->high = plan->low;
        return;
    }
    if (first * AUDIT_BLOCK_ROWS > plan->low)
        plan->low = first * AUDIT_BLOCK_ROWS;
    if ((last + 1) * AUDIT_BLOCK_ROWS < plan->high)
        plan->high = (last + 1) * AUDIT_BLOCK_ROWS;
}

/* The index of the value that fewest rows have, as far as a look at a thousand tells. */
static void plan_index(struct plan *plan, sqlite3 *db)
{
    const struct store_query *query = plan->query;
    const struct {
        const char *value, *index, *probe;
    } filters[] = {
        {query->scope, "audit_scope",
         "SELECT count(*) FROM (SELECT 1 FROM audit WHERE scope = ? LIMIT 1000)"},
        {query->actor, "audit_actor",
         "SELECT count(*) FROM (SELECT 1 FROM audit WHERE actor = ? LIMIT 1000)"},
        {query->kind, "audit_kind",
         "SELECT count(*) FROM (SELECT 1 FROM audit WHERE kind = ? LIMIT 1000)"},
    };
    int64_t fewest = INT64_MAX;

    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        int64_t rows =
            filters[i].value ? ask_number(db, filters[i].probe, filters[i].value, 0, 0) : INT64_MAX;

        if (rows >= 0 && rows < fewest) {
            fewest = rows;
            plan->index = filters[i].index;
        }
    }
}

static void plan_make(struct plan *plan, sqlite3 *db, const struct store_query *query)
{
    *plan = (struct plan){.query = query,
                          .low = (int64_t)query->after_seq + 1,
                          .high = query->before_seq != 0 ? (int64_t)query->before_seq : INT64_MAX,
                          .deadline_ns = clock_mono_ns() + QUERY_BUDGET_NS};
    plan_time(plan, db);
    if (query->q)
        write_match(plan->match, query->q);
    else
        plan_index(plan, db);
}

/* --- the statement --- */

/* audit_scanned() is asked first, of every row that the scan comes to. A unary plus keeps a column
 * from drawing another index in. */
static void plan_sql(const struct plan *plan, char sql[SQL_TEXT_MAX])
{
    const struct store_query *query = plan->query;
    const char *from = query->q ? "audit_text CROSS JOIN audit ON seq = audit_text.rowid" : "audit";
    const char *key = query->q ? "audit_text.rowid" : "seq";

    (void)snprintf(
        sql, SQL_TEXT_MAX,
        "SELECT seq, at_ns, audit.actor, person, role, kind, audit.scope, audit.old, audit.new,"
        " audit.reason, audit.request_id, hash FROM %s%s%s WHERE%s %s >= :low AND %s < :high"
        " AND audit_scanned(%s)%s%s%s%s%s ORDER BY %s %s LIMIT :limit",
        from,
        plan->index ? " INDEXED BY "
        : query->q  ? ""
                    : " NOT INDEXED",
        plan->index ? plan->index : "", query->q ? " audit_text MATCH :q AND" : "", key, key, key,
        query->from_ns != 0 ? " AND +at_ns >= :from" : "",
        query->to_ns != 0 ? " AND +at_ns < :to" : "",
        query->actor ? " AND audit.actor = :actor" : "", query->kind ? " AND kind = :kind" : "",
        query->scope ? " AND audit.scope = :scope" : "", key, query->oldest_first ? "ASC" : "DESC");
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

static void bind_plan(sqlite3_stmt *statement, const struct plan *plan)
{
    const struct store_query *query = plan->query;

    bind_integer(statement, ":low", plan->low);
    bind_integer(statement, ":high", plan->high);
    bind_integer(statement, ":from", query->from_ns);
    bind_integer(statement, ":to", query->to_ns);
    bind_integer(statement, ":limit",
                 (int64_t)query->limit + 1); /* one more tells of a next page */
    bind_text(statement, ":actor", query->actor);
    bind_text(statement, ":kind", query->kind);
    bind_text(statement, ":scope", query->scope);
    bind_text(statement, ":q", plan->match);
}

/* --- the page --- */

/* The row that was looked at when the time was over may not have been looked at to its end. */
static uint64_t resume_at(const struct plan *plan)
{
    return (uint64_t)(plan->query->oldest_first ? plan->scanned - 1 : plan->scanned + 1);
}

static enum status walk(sqlite3 *db, sqlite3_stmt *statement, const struct plan *plan,
                        bool (*each)(void *ctx, sqlite3_stmt *row), void *ctx,
                        struct query_page *page, struct err *err)
{
    uint64_t last = 0;
    int answer;

    while ((answer = sqlite3_step(statement)) == SQLITE_ROW) {
        if (page->rows == plan->query->limit || !each(ctx, statement)) {
            page->next = last;
            return OK;
        }
        last = (uint64_t)sqlite3_column_int64(statement, 0);
        page->rows++;
    }
    if (answer == SQLITE_DONE)
        return OK;
    if (answer != SQLITE_INTERRUPT)
        return database_fail(db, "read", err);
    if (plan->scanned == 0)
        return err_set(err, ERR_UNAVAILABLE, "the query takes too long: narrow the filters");
    page->next = resume_at(plan);
    return OK;
}

enum status query_rows(sqlite3 *db, const struct store_query *query,
                       bool (*each)(void *ctx, sqlite3_stmt *row), void *ctx,
                       struct query_page *page, struct err *err)
{
    char sql[SQL_TEXT_MAX];
    sqlite3_stmt *statement;
    struct plan plan;
    enum status status = query_check(query, err);

    *page = (struct query_page){0};
    if (status != OK)
        return status;
    plan_make(&plan, db, query);
    if (sqlite3_create_function_v2(db, "audit_scanned", 1, SQLITE_UTF8, &plan, on_scanned, NULL,
                                   NULL, NULL) != SQLITE_OK)
        return database_fail(db, "read", err);
    plan_sql(&plan, sql);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return database_fail(db, "read", err);
    bind_plan(statement, &plan);
    sqlite3_progress_handler(db, PROGRESS_STEPS, over_budget, &plan);
    status = walk(db, statement, &plan, each, ctx, page, err);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    sqlite3_finalize(statement);
    return status;
}

static bool add_item(void *ctx, sqlite3_stmt *row)
{
    json_array_append_new(ctx, item_of(row));
    return true;
}

enum status query_run(sqlite3 *db, const struct store_query *query, json_t **list, struct err *err)
{
    json_t *items = json_array();
    struct query_page page;
    char cursor[24];
    enum status status = query_rows(db, query, add_item, items, &page, err);

    *list = NULL;
    if (status != OK) {
        json_decref(items);
        return status;
    }
    (void)snprintf(cursor, sizeof cursor, "%llu", (unsigned long long)page.next);
    *list = json_pack("{s:o, s:o}", "items", items, "next",
                      page.next != 0 ? json_string(cursor) : json_null());
    return OK;
}
