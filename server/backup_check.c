/* Is a backup whole? Hashes, databases, the audit's chain, the kills, both lanes of the journal. */
#include "backup_inside.h"

#include "journal/journal.h"
#include "kill_file.h"
#include "store/verify.h"
#include "thread/log.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

/* Only below the directory, and only what a backup has. */
static bool name_is_ours(const char *name)
{
    return name && name[0] != '/' && name[0] != '\0' && !strstr(name, "..") && strlen(name) < 256;
}

static enum status check_files(const char *from, const json_t *files, struct err *err)
{
    size_t at;
    json_t *file, *now = NULL;

    json_array_foreach(files, at, file)
    {
        const char *name = json_string_value(json_object_get(file, "path"));
        enum status status;

        if (!name_is_ours(name))
            return err_format(err, ERR_DAMAGED, "%s/MANIFEST.json: names a file elsewhere", from);
        status = backup_hash_file(from, name, &now, err);
        if (status != OK)
            return err->status = ERR_DAMAGED;
        if (!json_equal(now, file))
            status =
                err_format(err, ERR_DAMAGED, "%s/%s: is not what the manifest says", from, name);
        json_decref(now);
        if (status != OK)
            return status;
    }
    return at > 0 ? OK : err_format(err, ERR_DAMAGED, "%s/MANIFEST.json: names no files", from);
}

static enum status check_chain(const char *from, struct err *err)
{
    struct verify_sources sources = {.dir = from};
    json_t *report;
    enum status status = audit_verify(&sources, &report, err);

    if (status != OK)
        return status;
    if (!json_is_true(json_object_get(report, "ok")))
        status =
            err_format(err, ERR_DAMAGED, "%s: audit.db: %s (row %lld)", from,
                       json_string_value(json_object_get(report, "reason")),
                       (long long)json_integer_value(json_object_get(report, "first_bad_seq")));
    json_decref(report);
    return status;
}

static enum status check_lane(const char *from, enum journal_lane lane, struct err *err)
{
    struct journal_reader *reader;
    struct lane_record record;
    const void *payload;
    enum status status = journal_reader_open(&reader, from, lane, 0, err);

    if (status != OK)
        return status == ERR_NOT_FOUND ? OK : status;
    while ((status = journal_reader_next(reader, &record, &payload, err)) == OK)
        ;
    journal_reader_close(reader);
    return status == ERR_NOT_FOUND ? OK : err_wrap(err, status, from);
}

/* The hashes say that the copy is what was copied; this, that what was copied is a database. */
static enum status check_database(const char *from, const char *name, struct err *err)
{
    char path[BACKUP_PATH_BYTES];
    sqlite3_stmt *row = NULL;
    sqlite3 *db = NULL;
    const char *said = NULL;
    enum status status = OK;

    backup_path(path, from, name);
    if (access(path, F_OK) != 0)
        return OK; /* the manifest does not name it, or check_files has complained */
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        said = (const char *)sqlite3_column_text(row, 0);
    if (!said || strcmp(said, "ok") != 0)
        status = err_format(err, ERR_DAMAGED, "%s: %s", path, said ? said : sqlite3_errmsg(db));
    sqlite3_finalize(row);
    sqlite3_close(db);
    return status;
}

static enum status check_databases(const char *from, struct err *err)
{
    static const char *const names[] = {"audit.db", "access.db", "control.db"};
    enum status status = OK;

    for (size_t at = 0; at < sizeof names / sizeof *names && status == OK; at++)
        status = check_database(from, names[at], err);
    return status;
}

enum status backup_check_all(const char *from, const json_t *manifest, struct err *err)
{
    enum status status = check_files(from, json_object_get(manifest, "files"), err);

    if (status == OK)
        status = check_databases(from, err);
    if (status == OK)
        status = check_chain(from, err);
    if (status == OK)
        status = kill_file_check(from, err);
    for (int lane = 0; lane < JOURNAL_LANES && status == OK; lane++)
        status = check_lane(from, (enum journal_lane)lane, err);
    return status;
}
