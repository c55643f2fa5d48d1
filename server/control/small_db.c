#include "control/small_db.h"

#include "thread/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *name_of(sqlite3 *db)
{
    const char *path = sqlite3_db_filename(db, "main");
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? slash + 1 : "a database";
}

enum status small_db_fail(sqlite3 *db, struct err *err)
{
    return err_format(err, ERR_IO, "%s: %s", name_of(db), sqlite3_errmsg(db));
}

enum status small_db_finish(sqlite3 *db, sqlite3_stmt *statement, struct err *err)
{
    bool done = sqlite3_step(statement) == SQLITE_DONE;
    enum status status = done ? OK : small_db_fail(db, err);

    sqlite3_finalize(statement);
    return status;
}

static enum status execute(sqlite3 *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? OK : small_db_fail(db, err);
}

static enum status read_version(sqlite3 *db, int *version, struct err *err)
{
    sqlite3_stmt *statement;
    bool read;

    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK)
        return small_db_fail(db, err);
    read = sqlite3_step(statement) == SQLITE_ROW;
    *version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return read ? OK : small_db_fail(db, err);
}

static enum status migrate(sqlite3 *db, const char *const *migrations, int count, struct err *err)
{
    int version = 0;
    enum status status = read_version(db, &version, err);

    if (status == OK && version > count)
        return err_format(err, ERR_CONFIG, "%s has version %d, this program knows %d", name_of(db),
                          version, count);
    for (; status == OK && version < count; version++)
        if ((status = execute(db, "BEGIN IMMEDIATE", err)) == OK &&
            (status = execute(db, migrations[version], err)) == OK)
            status = execute(db, "COMMIT", err);
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

static enum status open_file(const char *path, sqlite3 **db, struct err *err)
{
    if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return small_db_fail(*db, err);
    return execute(*db,
                   "PRAGMA mmap_size=0; PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;"
                   "PRAGMA busy_timeout=1000; PRAGMA trusted_schema=OFF",
                   err);
}

enum status small_db_open(const char *dir, const char *name, const char *const *migrations,
                          int count, sqlite3 **db, struct err *err)
{
    char path[4096];
    sqlite3 *made = NULL;
    enum status status;

    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return err_format(err, ERR_IO, "%s: the path is too long", name);
    if ((status = make_private(path, err)) != OK)
        return status;
    if ((status = open_file(path, &made, err)) == OK)
        status = migrate(made, migrations, count, err);
    if (status != OK) {
        sqlite3_close(made);
        return status;
    }
    *db = made;
    return OK;
}
