#include "control/keep.h"

#include "control/small_db.h"
#include "thread/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

struct keep {
    pthread_mutex_t lock;
    sqlite3 *db;
};

static const char *const migrations[] = {
    "CREATE TABLE fact(number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,"
    " key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE(kind, key)) STRICT;"
    "PRAGMA user_version = 1;",
};
enum { SCHEMA_VERSION = sizeof migrations / sizeof migrations[0] };

enum status keep_open(struct keep **keep, const char *dir, struct err *err)
{
    struct keep *made = calloc(1, sizeof *made);
    enum status status;

    if (!made)
        return err_set(err, ERR_INTERNAL, "control.db: no memory");
    pthread_mutex_init(&made->lock, NULL);
    status = small_db_open(dir, "control.db", migrations, SCHEMA_VERSION, &made->db, err);
    if (status != OK) {
        keep_close(made);
        return status;
    }
    *keep = made;
    return OK;
}

void keep_close(struct keep *keep)
{
    if (!keep)
        return;
    sqlite3_close(keep->db);
    pthread_mutex_destroy(&keep->lock);
    free(keep);
}

/* Runs `sql` with what is not NULL bound to ?1, ?2, ?3. Locked. */
static enum status run(struct keep *keep, const char *sql, const char *kind, const char *key,
                       const char *value, struct err *err)
{
    const char *const bound[] = {kind, key, value};
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(keep->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return small_db_fail(keep->db, err);
    for (int i = 0; i < 3; i++)
        if (bound[i])
            sqlite3_bind_text(statement, i + 1, bound[i], -1, SQLITE_STATIC);
    return small_db_finish(keep->db, statement, err);
}

static const char put_sql[] = "INSERT OR REPLACE INTO fact(kind, key, value) VALUES(?1, ?2, ?3)";

/* `sql` inserts; *rows is how many facts it has inserted. */
static enum status insert(struct keep *keep, const char *sql, const char *kind, const char *key,
                          const json_t *value, int *rows, struct err *err)
{
    char *text = json_dumps(value, JSON_COMPACT);
    enum status status;

    if (!text)
        return err_set(err, ERR_INTERNAL, "control.db: no memory, or a value that is no JSON");
    pthread_mutex_lock(&keep->lock);
    status = run(keep, sql, kind, key, text, err);
    *rows = sqlite3_changes(keep->db);
    pthread_mutex_unlock(&keep->lock);
    free(text);
    return status;
}

enum status keep_put(struct keep *keep, const char *kind, const char *key, const json_t *value,
                     struct err *err)
{
    int rows;

    return insert(keep, put_sql, kind, key, value, &rows, err);
}

/* Locked. */
static enum status put_both(struct keep *keep, const char *const kind[2], const char *const key[2],
                            const char *text, struct err *err)
{
    enum status status = run(keep, "BEGIN IMMEDIATE", NULL, NULL, NULL, err);
    struct err ignored;

    if (status != OK)
        return status;
    status = run(keep, put_sql, kind[0], key[0], text, err);
    if (status == OK)
        status = run(keep, put_sql, kind[1], key[1], text, err);
    if (status == OK)
        status = run(keep, "COMMIT", NULL, NULL, NULL, err);
    if (status != OK) /* which SQLite may have done by itself */
        (void)run(keep, "ROLLBACK", NULL, NULL, NULL, &ignored);
    return status;
}

enum status keep_put_both(struct keep *keep, const char *const kind[2], const char *const key[2],
                          const json_t *value, struct err *err)
{
    char *text = json_dumps(value, JSON_COMPACT);
    enum status status;

    if (!text)
        return err_set(err, ERR_INTERNAL, "control.db: no memory, or a value that is no JSON");
    pthread_mutex_lock(&keep->lock);
    status = put_both(keep, kind, key, text, err);
    pthread_mutex_unlock(&keep->lock);
    free(text);
    return status;
}

enum status keep_add(struct keep *keep, const char *kind, const char *key, const json_t *value,
                     struct err *err)
{
    int rows = 0;
    enum status status = insert(keep,
                                "INSERT INTO fact(kind, key, value) VALUES(?1, ?2, ?3)"
                                " ON CONFLICT(kind, key) DO NOTHING",
                                kind, key, value, &rows, err);

    if (status == OK && rows == 0)
        return err_set(err, ERR_CONFLICT, "control.db: such a fact is there already");
    return status;
}

enum status keep_delete(struct keep *keep, const char *kind, const char *key, struct err *err)
{
    enum status status;

    pthread_mutex_lock(&keep->lock);
    status = run(keep, "DELETE FROM fact WHERE kind = ?1 AND key = ?2", kind, key, NULL, err);
    pthread_mutex_unlock(&keep->lock);
    return status;
}

enum status keep_trim(struct keep *keep, const char *kind, uint32_t most, struct err *err)
{
    char sql[160];
    enum status status;

    (void)snprintf(sql, sizeof sql,
                   "DELETE FROM fact WHERE kind = ?1 AND number NOT IN (SELECT number FROM fact"
                   " WHERE kind = ?1 ORDER BY number DESC LIMIT %u)",
                   most);
    pthread_mutex_lock(&keep->lock);
    status = run(keep, sql, kind, NULL, NULL, err);
    pthread_mutex_unlock(&keep->lock);
    return status;
}

enum status keep_trim_before(struct keep *keep, const char *kind, int64_t before_ns, uint32_t most,
                             struct err *err)
{
    char sql[320];
    enum status status;

    (void)snprintf(sql, sizeof sql,
                   "DELETE FROM fact WHERE number IN (SELECT number FROM fact WHERE kind = ?1"
                   " ORDER BY number LIMIT %u) AND CASE json_valid(value) WHEN 1 THEN"
                   " CAST(json_extract(value, '$.at_ns') AS INTEGER) < %" PRId64 " END",
                   most, before_ns);
    pthread_mutex_lock(&keep->lock);
    status = run(keep, sql, kind, NULL, NULL, err);
    pthread_mutex_unlock(&keep->lock);
    return status;
}

static enum status give(sqlite3_stmt *row, void (*each)(void *ctx, const char *key, const json_t *),
                        void *ctx, struct err *err)
{
    const char *key = (const char *)sqlite3_column_text(row, 0);
    const char *text = (const char *)sqlite3_column_text(row, 1);
    json_t *value = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool is_good = key && json_is_object(value);

    if (is_good)
        each(ctx, key, value);
    json_decref(value);
    return is_good ? OK : err_set(err, ERR_DAMAGED, "control.db: a fact is not readable");
}

enum status keep_each(struct keep *keep, const char *kind,
                      void (*each)(void *ctx, const char *key, const json_t *value), void *ctx,
                      struct err *err)
{
    static const char sql[] = "SELECT key, value FROM fact WHERE kind = ?1 ORDER BY number";
    sqlite3_stmt *statement;
    enum status status = OK;
    int step = SQLITE_DONE;

    pthread_mutex_lock(&keep->lock);
    if (sqlite3_prepare_v2(keep->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        status = small_db_fail(keep->db, err);
        pthread_mutex_unlock(&keep->lock);
        return status;
    }
    sqlite3_bind_text(statement, 1, kind, -1, SQLITE_STATIC);
    while (status == OK && (step = sqlite3_step(statement)) == SQLITE_ROW)
        status = give(statement, each, ctx, err);
    if (status == OK && step != SQLITE_DONE)
        status = small_db_fail(keep->db, err);
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&keep->lock);
    return status;
}

static void take(void *ctx, const char *key, const json_t *value)
{
    json_t **taken = ctx;

    (void)key;
    *taken = json_incref((json_t *)value);
}

/* Of a statement with ?1 and ?2: its first row, if there is one. Locked. */
static enum status first_row(struct keep *keep, const char *sql, const char *kind, const char *key,
                             sqlite3_stmt **row, int *step, struct err *err)
{
    if (sqlite3_prepare_v2(keep->db, sql, -1, row, NULL) != SQLITE_OK)
        return small_db_fail(keep->db, err);
    sqlite3_bind_text(*row, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(*row, 2, key, -1, SQLITE_STATIC);
    *step = sqlite3_step(*row);
    return *step == SQLITE_ROW || *step == SQLITE_DONE ? OK : small_db_fail(keep->db, err);
}

enum status keep_get(struct keep *keep, const char *kind, const char *key, json_t **value,
                     struct err *err)
{
    static const char sql[] = "SELECT key, value FROM fact WHERE kind = ?1 AND key = ?2";
    sqlite3_stmt *row = NULL;
    int step = SQLITE_DONE;
    enum status status;

    pthread_mutex_lock(&keep->lock);
    status = first_row(keep, sql, kind, key, &row, &step, err);
    if (status == OK && step == SQLITE_ROW)
        status = give(row, take, value, err);
    else if (status == OK)
        status = err_set(err, ERR_NOT_FOUND, "control.db: no such fact");
    sqlite3_finalize(row);
    pthread_mutex_unlock(&keep->lock);
    return status;
}

enum status keep_count(struct keep *keep, const char *kind, const char *begin, uint32_t *count,
                       struct err *err)
{
    static const char sql[] = "SELECT count(*) FROM fact WHERE kind = ?1 AND key >= ?2"
                              " AND key < ?2 || char(127)";
    sqlite3_stmt *row = NULL;
    int step = SQLITE_DONE;
    enum status status;

    pthread_mutex_lock(&keep->lock);
    status = first_row(keep, sql, kind, begin, &row, &step, err);
    if (status == OK)
        *count = (uint32_t)sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    pthread_mutex_unlock(&keep->lock);
    return status;
}
