#include "store/database.h"

#include "store/migrations.h"
#include "thread/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_TEXT_MAX = 4096 };

enum status database_fail(sqlite3 *db, const char *doing, struct err *err)
{
    return err_format(err, ERR_STORAGE, "audit.db: %s: %s", doing, sqlite3_errmsg(db));
}

enum status database_run(sqlite3 *db, const char *sql, struct err *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return database_fail(db, sql, err);
    return OK;
}

bool statement_run(sqlite3_stmt *statement)
{
    int answer = sqlite3_step(statement);

    sqlite3_reset(statement);
    return answer == SQLITE_DONE;
}

/* Not copied: all that is bound outlives the statement's run. */
void statement_text(sqlite3_stmt *statement, int index, const char *text)
{
    if (text)
        sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, index);
}

/* The same 64 bits; SQLite has signed integers only. */
void statement_id(sqlite3_stmt *statement, int index, uint64_t id)
{
    sqlite3_bind_int64(statement, index, (sqlite3_int64)id);
}

const char *column_text(sqlite3_stmt *statement, int column)
{
    return (const char *)sqlite3_column_text(statement, column);
}

static enum status pragma_value(sqlite3 *db, const char *sql, int64_t *value, struct err *err)
{
    sqlite3_stmt *statement;
    int answer;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return database_fail(db, sql, err);
    answer = sqlite3_step(statement);
    *value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return answer == SQLITE_ROW ? OK : database_fail(db, sql, err);
}

static enum status migrate_one(sqlite3 *db, int version, struct err *err)
{
    char pragmas[128];
    enum status status;

    (void)snprintf(pragmas, sizeof pragmas, "PRAGMA user_version = %d; PRAGMA application_id = %d",
                   version + 1, DATABASE_APPLICATION_ID);
    status = database_run(db, "BEGIN IMMEDIATE", err);
    if (status != OK)
        return status;
    status = database_run(db, migration_sql(version), err);
    if (status == OK)
        status = database_run(db, pragmas, err);
    if (status == OK)
        status = database_run(db, "COMMIT", err);
    if (status != OK)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static enum status read_version(sqlite3 *db, int64_t *version, struct err *err)
{
    int64_t application = 0;
    enum status status = pragma_value(db, "PRAGMA user_version", version, err);

    if (status == OK)
        status = pragma_value(db, "PRAGMA application_id", &application, err);
    if (status != OK)
        return status;
    if (*version != 0 && application != DATABASE_APPLICATION_ID)
        return err_set(err, ERR_DAMAGED, "audit.db: not an audit database");
    if (*version > MIGRATIONS)
        return err_format(err, ERR_CONFIG,
                          "audit.db: made by a newer version (%lld, this program knows %d): use the"
                          " newer program, or a backup of before",
                          (long long)*version, MIGRATIONS);
    return OK;
}

static enum status migrate(sqlite3 *db, struct err *err)
{
    int64_t version = 0;
    enum status status = read_version(db, &version, err);

    for (; version < MIGRATIONS && status == OK; version++)
        status = migrate_one(db, (int)version, err);
    return status;
}

/* WAL and NORMAL: whatever a power cut takes from audit.db is read again from the journal, because
 * cursor and rows are one transaction. recursive_triggers: else REPLACE walks past the trigger that
 * forbids deleting. */
static const char writer_pragmas[] = "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
                                     "PRAGMA synchronous = NORMAL; PRAGMA mmap_size = 0;"
                                     "PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16000;"
                                     "PRAGMA recursive_triggers = ON; PRAGMA foreign_keys = ON;"
                                     "PRAGMA busy_timeout = 2000";

bool database_is_damaged(sqlite3 *db)
{
    int answer = sqlite3_errcode(db) & 0xff;

    return answer == SQLITE_CORRUPT || answer == SQLITE_NOTADB;
}

static enum status path_of(char path[PATH_TEXT_MAX], const char *dir, struct err *err)
{
    if (snprintf(path, PATH_TEXT_MAX, "%s/audit.db", dir) >= PATH_TEXT_MAX)
        return err_set(err, ERR_USAGE, "the data directory's path is too long");
    return OK;
}

static enum status open_file(const char *path, int flags, sqlite3 **db, struct err *err)
{
    *db = NULL;
    if (sqlite3_open_v2(path, db, flags, NULL) == SQLITE_OK)
        return OK;
    (void)err_format(err, ERR_STORAGE, "%s: %s", path, sqlite3_errmsg(*db));
    sqlite3_close(*db);
    *db = NULL;
    return err->status = flags & SQLITE_OPEN_CREATE ? ERR_STORAGE : ERR_NOT_FOUND;
}

/* SQLite would make it readable for the group; its companions take the mode of the file. */
static void make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd != -1)
        close(fd);
}

enum status database_open_file(const char *path, sqlite3 **db, bool *is_damaged, struct err *err)
{
    enum status status;

    *is_damaged = false;
    make_private(path);
    status =
        open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, db, err);
    if (status != OK)
        return status;
    status = database_run(*db, writer_pragmas, err);
    if (status == OK)
        status = migrate(*db, err);
    if (status != OK) {
        *is_damaged = database_is_damaged(*db);
        sqlite3_close(*db);
        *db = NULL;
    }
    return status;
}

enum status database_open_writer(const char *dir, sqlite3 **db, struct err *err)
{
    char path[PATH_TEXT_MAX];
    bool is_damaged;
    enum status status = path_of(path, dir, err);

    *db = NULL;
    return status == OK ? database_open_file(path, db, &is_damaged, err) : status;
}

enum status database_open_reader(const char *dir, sqlite3 **db, struct err *err)
{
    char path[PATH_TEXT_MAX];
    enum status status = path_of(path, dir, err);

    *db = NULL;
    if (status == OK)
        status = open_file(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, db, err);
    if (status != OK)
        return status;
    status = database_run(
        *db, "PRAGMA busy_timeout = 1000; PRAGMA query_only = ON; PRAGMA mmap_size = 0", err);
    if (status != OK) {
        sqlite3_close(*db);
        *db = NULL;
    }
    return status;
}

enum status database_version(const char *dir, int64_t *version, struct err *err)
{
    sqlite3 *db;
    enum status status = database_open_reader(dir, &db, err);

    if (status != OK)
        return status;
    status = read_version(db, version, err);
    sqlite3_close(db);
    return status;
}
