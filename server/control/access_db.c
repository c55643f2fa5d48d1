#include "control/access_db.h"

#include "thread/log.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct access_db {
    sqlite3 *sqlite;
};

/* migrations[n] brings user_version n to n + 1. */
static const char *const migrations[] = {
    "CREATE TABLE user(name TEXT PRIMARY KEY, person TEXT NOT NULL, role TEXT NOT NULL,"
    " hash TEXT NOT NULL, must_change INTEGER NOT NULL, created_ns INTEGER NOT NULL) STRICT;"
    "CREATE TABLE token(key TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL,"
    " scopes INTEGER NOT NULL, created_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL,"
    " revoked_ns INTEGER NOT NULL) STRICT;"
    "PRAGMA user_version = 1;",
};
enum { SCHEMA_VERSION = sizeof migrations / sizeof migrations[0] };

static enum status fail(struct access_db *db, struct err *err)
{
    return err_format(err, ERR_IO, "access.db: %s", sqlite3_errmsg(db->sqlite));
}

static enum status execute(struct access_db *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ? OK : fail(db, err);
}

static enum status read_version(struct access_db *db, int *version, struct err *err)
{
    sqlite3_stmt *statement;
    bool read;

    if (sqlite3_prepare_v2(db->sqlite, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK)
        return fail(db, err);
    read = sqlite3_step(statement) == SQLITE_ROW;
    *version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return read ? OK : fail(db, err);
}

static enum status migrate(struct access_db *db, struct err *err)
{
    enum status status;
    int version = 0;

    status = read_version(db, &version, err);
    if (status == OK && version > SCHEMA_VERSION)
        return err_format(err, ERR_CONFIG, "access.db has version %d, this program knows %d",
                          version, SCHEMA_VERSION);
    for (; status == OK && version < SCHEMA_VERSION; version++) {
        if ((status = execute(db, "BEGIN IMMEDIATE", err)) == OK &&
            (status = execute(db, migrations[version], err)) == OK)
            status = execute(db, "COMMIT", err);
    }
    return status;
}

/* Made by us first, so that nobody else can ever read it, whatever the umask. */
static enum status make_private(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return err_format(err, ERR_IO, "%s: %m", path);
    close(fd);
    return OK;
}

enum status access_db_open(struct access_db **db, const char *dir, struct err *err)
{
    char path[4096];
    struct access_db *made;
    enum status status;

    if ((size_t)snprintf(path, sizeof path, "%s/access.db", dir) >= sizeof path)
        return err_set(err, ERR_IO, "access.db: the path is too long");
    if ((status = make_private(path, err)) != OK)
        return status;
    made = calloc(1, sizeof *made);
    if (!made)
        return err_set(err, ERR_INTERNAL, "access.db: no memory");
    if (sqlite3_open_v2(path, &made->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        status = fail(made, err);
    else if ((status = execute(made,
                               "PRAGMA mmap_size=0; PRAGMA journal_mode=DELETE;"
                               "PRAGMA synchronous=FULL; PRAGMA busy_timeout=1000;"
                               "PRAGMA trusted_schema=OFF",
                               err)) == OK)
        status = migrate(made, err);
    if (status != OK) {
        access_db_close(made);
        return status;
    }
    *db = made;
    return OK;
}

void access_db_close(struct access_db *db)
{
    if (!db)
        return;
    sqlite3_close(db->sqlite);
    free(db);
}

static void column_copy(sqlite3_stmt *statement, int column, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);

    snprintf(out, size, "%s", text ? text : "");
}

static void user_of_row(sqlite3_stmt *row, void *out)
{
    struct user *user = out;
    char role[16];

    *user = (struct user){0};
    column_copy(row, 0, user->name, sizeof user->name);
    column_copy(row, 1, user->person, sizeof user->person);
    column_copy(row, 2, role, sizeof role);
    column_copy(row, 3, user->hash, sizeof user->hash);
    user->role = role_find(role);
    user->must_change = sqlite3_column_int(row, 4) != 0;
    user->created_ns = sqlite3_column_int64(row, 5);
}

static void token_of_row(sqlite3_stmt *row, void *out)
{
    struct token *token = out;
    char role[16];

    *token = (struct token){0};
    column_copy(row, 0, token->key, sizeof token->key);
    column_copy(row, 1, token->name, sizeof token->name);
    column_copy(row, 2, role, sizeof role);
    token->role = role_find(role);
    token->scopes = (uint32_t)sqlite3_column_int64(row, 3);
    token->created_ns = sqlite3_column_int64(row, 4);
    token->expires_ns = sqlite3_column_int64(row, 5);
    token->revoked_ns = sqlite3_column_int64(row, 6);
}

struct table {
    const char *sql;
    void (*of_row)(sqlite3_stmt *row, void *out);
    void *rows;
    size_t row_size;
    uint32_t max;
};

static enum status load(struct access_db *db, const struct table *table, uint32_t *count,
                        struct err *err)
{
    sqlite3_stmt *statement;
    int step;

    if (sqlite3_prepare_v2(db->sqlite, table->sql, -1, &statement, NULL) != SQLITE_OK)
        return fail(db, err);
    for (*count = 0; (step = sqlite3_step(statement)) == SQLITE_ROW && *count < table->max;
         (*count)++)
        table->of_row(statement, (char *)table->rows + *count * table->row_size);
    sqlite3_finalize(statement);
    if (step == SQLITE_ROW)
        return err_format(err, ERR_CONFIG, "access.db: more than %u rows", table->max);
    return step == SQLITE_DONE ? OK : fail(db, err);
}

enum status access_db_load(struct access_db *db, struct user *users, uint32_t *user_count,
                           struct token *tokens, uint32_t *token_count, struct err *err)
{
    struct table user_table = {"SELECT name, person, role, hash, must_change, created_ns FROM user"
                               " ORDER BY rowid",
                               user_of_row, users, sizeof *users, USERS_MAX};
    struct table token_table = {"SELECT key, name, role, scopes, created_ns, expires_ns, revoked_ns"
                                " FROM token ORDER BY rowid",
                                token_of_row, tokens, sizeof *tokens, TOKENS_MAX};
    enum status status = load(db, &user_table, user_count, err);

    return status == OK ? load(db, &token_table, token_count, err) : status;
}

static enum status finish(struct access_db *db, sqlite3_stmt *statement, struct err *err)
{
    bool done = sqlite3_step(statement) == SQLITE_DONE;
    enum status status = done ? OK : fail(db, err);

    sqlite3_finalize(statement);
    return status;
}

enum status access_db_put_user(struct access_db *db, const struct user *user, struct err *err)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(db->sqlite,
                           "INSERT INTO user(name, person, role, hash, must_change, created_ns)"
                           " VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(name) DO UPDATE SET"
                           " person=?2, role=?3, hash=?4, must_change=?5",
                           -1, &statement, NULL) != SQLITE_OK)
        return fail(db, err);
    sqlite3_bind_text(statement, 1, user->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, user->person, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, role_name(user->role), -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, user->hash, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 5, user->must_change);
    sqlite3_bind_int64(statement, 6, user->created_ns);
    return finish(db, statement, err);
}

enum status access_db_put_token(struct access_db *db, const struct token *token, struct err *err)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(db->sqlite,
                           "INSERT INTO token(key, name, role, scopes, created_ns, expires_ns,"
                           " revoked_ns) VALUES(?1,?2,?3,?4,?5,?6,?7)"
                           " ON CONFLICT(key) DO UPDATE SET revoked_ns=?7",
                           -1, &statement, NULL) != SQLITE_OK)
        return fail(db, err);
    sqlite3_bind_text(statement, 1, token->key, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, token->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, role_name(token->role), -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, token->scopes);
    sqlite3_bind_int64(statement, 5, token->created_ns);
    sqlite3_bind_int64(statement, 6, token->expires_ns);
    sqlite3_bind_int64(statement, 7, token->revoked_ns);
    return finish(db, statement, err);
}
