#include "control/access_db.h"

#include "control/small_db.h"
#include "thread/log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    "ALTER TABLE user ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE user ADD COLUMN totp_on INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE user ADD COLUMN totp BLOB;"
    "ALTER TABLE user ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE user ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE token ADD COLUMN person TEXT NOT NULL DEFAULT '';"
    "UPDATE token SET person = name;"
    "PRAGMA user_version = 2;",
    /* The highest version of what has been removed, in the same write as the removal. */
    "CREATE TABLE gone(version INTEGER NOT NULL) STRICT;"
    "INSERT INTO gone VALUES(0);"
    "CREATE TRIGGER user_gone BEFORE DELETE ON user BEGIN"
    " UPDATE gone SET version = max(version, old.version); END;"
    "PRAGMA user_version = 3;",
    ("ALTER TABLE user ADD COLUMN created_by TEXT NOT NULL DEFAULT '';"
     "PRAGMA user_version = 4;"),
};
enum { SCHEMA_VERSION = sizeof migrations / sizeof migrations[0] };

static enum status fail(struct access_db *db, struct err *err)
{
    return small_db_fail(db->sqlite, err);
}

enum status access_db_open(struct access_db **db, const char *dir, struct err *err)
{
    struct access_db *made = calloc(1, sizeof *made);
    enum status status;

    if (!made)
        return err_set(err, ERR_INTERNAL, "access.db: no memory");
    status = small_db_open(dir, "access.db", migrations, SCHEMA_VERSION, &made->sqlite, err);
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
    const void *secret;
    char role[16];

    *user = (struct user){0};
    column_copy(row, 0, user->name, sizeof user->name);
    column_copy(row, 1, user->person, sizeof user->person);
    column_copy(row, 2, role, sizeof role);
    column_copy(row, 3, user->hash, sizeof user->hash);
    user->role = role_find(role);
    user->must_change = sqlite3_column_int(row, 4) != 0;
    user->created_ns = sqlite3_column_int64(row, 5);
    user->disabled = sqlite3_column_int(row, 6) != 0;
    user->totp_step = sqlite3_column_int64(row, 8);
    user->version = (uint64_t)sqlite3_column_int64(row, 9);
    secret = sqlite3_column_blob(row, 10);
    if (secret && sqlite3_column_bytes(row, 10) == TOTP_SECRET_BYTES)
        memcpy(user->totp, secret, TOTP_SECRET_BYTES);
    user->totp_on = secret && sqlite3_column_int(row, 7) != 0;
    column_copy(row, 11, user->created_by, sizeof user->created_by);
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
    column_copy(row, 7, token->person, sizeof token->person);
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

static_assert(TOKENS_MAX == 1024, "the LIMIT below");

static void version_of_row(sqlite3_stmt *row, void *out)
{
    *(uint64_t *)out = (uint64_t)sqlite3_column_int64(row, 0);
}

enum status access_db_version(struct access_db *db, uint64_t *version, struct err *err)
{
    struct table table = {"SELECT max(version, (SELECT ifnull(max(version), 0) FROM user))"
                          " FROM gone",
                          version_of_row, version, sizeof *version, 1};
    uint32_t count;
    enum status status = load(db, &table, &count, err);

    if (status == OK && count == 0)
        return err_set(err, ERR_CONFIG, "access.db: the table gone is empty");
    return status;
}

/* Files of before may hold more tokens than there is room for: those that stand come first. */
enum status access_db_load(struct access_db *db, struct user *users, uint32_t *user_count,
                           struct token *tokens, uint32_t *token_count, struct err *err)
{
    struct table user_table = {"SELECT name, person, role, hash, must_change, created_ns,"
                               " disabled, totp_on, totp_step, version, totp, created_by FROM user"
                               " ORDER BY rowid",
                               user_of_row, users, sizeof *users, USERS_MAX};
    struct table token_table = {
        "SELECT key, name, role, scopes, created_ns, expires_ns, revoked_ns, person"
        " FROM (SELECT rowid AS place, * FROM token"
        " ORDER BY revoked_ns = 0 DESC, expires_ns DESC LIMIT 1024) ORDER BY place",
        token_of_row, tokens, sizeof *tokens, TOKENS_MAX};
    enum status status = load(db, &user_table, user_count, err);

    return status == OK ? load(db, &token_table, token_count, err) : status;
}

enum status access_db_put_user(struct access_db *db, const struct user *user, struct err *err)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(
            db->sqlite,
            "INSERT INTO user(name, person, role, hash, must_change, created_ns,"
            " disabled, totp_on, totp_step, version, totp, created_by)"
            " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"
            " ON CONFLICT(name) DO UPDATE SET person=?2, role=?3, hash=?4,"
            " must_change=?5, created_ns=?6, disabled=?7, totp_on=?8, totp_step=?9, version=?10,"
            " totp=?11, created_by=?12",
            -1, &statement, NULL) != SQLITE_OK)
        return fail(db, err);
    sqlite3_bind_text(statement, 1, user->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, user->person, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, role_name(user->role), -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, user->hash, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 5, user->must_change);
    sqlite3_bind_int64(statement, 6, user->created_ns);
    sqlite3_bind_int(statement, 7, user->disabled);
    sqlite3_bind_int(statement, 8, user->totp_on);
    sqlite3_bind_int64(statement, 9, user->totp_step);
    sqlite3_bind_int64(statement, 10, (sqlite3_int64)user->version);
    sqlite3_bind_blob(statement, 11, user->totp, sizeof user->totp, SQLITE_STATIC);
    sqlite3_bind_text(statement, 12, user->created_by, -1, SQLITE_STATIC);
    return small_db_finish(db->sqlite, statement, err);
}

enum status access_db_delete_user(struct access_db *db, const char *name, struct err *err)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(db->sqlite, "DELETE FROM user WHERE name=?1", -1, &statement, NULL) !=
        SQLITE_OK)
        return fail(db, err);
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    return small_db_finish(db->sqlite, statement, err);
}

enum status access_db_put_token(struct access_db *db, const struct token *token, struct err *err)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(db->sqlite,
                           "INSERT INTO token(key, name, role, scopes, created_ns, expires_ns,"
                           " revoked_ns, person) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"
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
    sqlite3_bind_text(statement, 8, token->person, -1, SQLITE_STATIC);
    return small_db_finish(db->sqlite, statement, err);
}

static enum status delete_token(struct access_db *db, const char *key, struct err *err)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(db->sqlite, "DELETE FROM token WHERE key=?1", -1, &statement, NULL) !=
        SQLITE_OK)
        return fail(db, err);
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    return small_db_finish(db->sqlite, statement, err);
}

static enum status execute(struct access_db *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ? OK : fail(db, err);
}

enum status access_db_add_token(struct access_db *db, const struct token *token,
                                const char *instead, struct err *err)
{
    enum status status = execute(db, "BEGIN IMMEDIATE", err);

    if (status != OK)
        return status;
    if ((status = delete_token(db, instead, err)) == OK &&
        (status = access_db_put_token(db, token, err)) == OK)
        status = execute(db, "COMMIT", err);
    if (status != OK)
        sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL); /* err says what came before */
    return status;
}
