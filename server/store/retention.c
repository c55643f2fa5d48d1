#include "store/retention.h"

#include "store/item.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { SLICE_ROWS = 50000, CHUNK_ROWS = 5000, FILE_NAME_MAX = 96, ARCHIVE_PATH_MAX = 4400 };
static const int64_t look_every_ns = 1000000000LL;

struct slice {
    int64_t first, last, at_ns; /* at_ns of the last */
    unsigned char hash[AUDIT_HASH_BYTES];
    char file[FILE_NAME_MAX];
    char sha256[2 * crypto_hash_sha256_BYTES + 1];
};

static int64_t ask(sqlite3 *db, const char *sql, int64_t a, int64_t b)
{
    sqlite3_stmt *row = NULL;
    int64_t answer = 0;

    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
        return 0;
    if (sqlite3_bind_parameter_count(row) > 0)
        sqlite3_bind_int64(row, 1, a);
    if (sqlite3_bind_parameter_count(row) > 1)
        sqlite3_bind_int64(row, 2, b);
    if (sqlite3_step(row) == SQLITE_ROW)
        answer = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return answer;
}

/* --- the archive --- */

static bool write_rows(gzFile file, sqlite3 *db, struct slice *slice)
{
    sqlite3_stmt *row = NULL;
    bool well = sqlite3_prepare_v2(db,
                                   "SELECT " ITEM_COLUMNS ", lane, lane_seq FROM audit"
                                   " WHERE seq BETWEEN ? AND ? ORDER BY seq",
                                   -1, &row, NULL) == SQLITE_OK;
    int answer = SQLITE_DONE;

    if (well) {
        sqlite3_bind_int64(row, 1, slice->first);
        sqlite3_bind_int64(row, 2, slice->last);
    }
    while (well && (answer = sqlite3_step(row)) == SQLITE_ROW) {
        json_t *item = item_of(row);
        char *line;

        json_object_set_new(item, "lane", json_integer(sqlite3_column_int64(row, 12)));
        json_object_set_new(item, "lane_seq", json_integer(sqlite3_column_int64(row, 13)));
        line = json_dumps(item, JSON_COMPACT);
        well = line && gzputs(file, line) > 0 && gzputc(file, '\n') == '\n';
        if (sqlite3_column_bytes(row, 11) == AUDIT_HASH_BYTES)
            memcpy(slice->hash, sqlite3_column_blob(row, 11), AUDIT_HASH_BYTES);
        slice->at_ns = sqlite3_column_int64(row, 1);
        free(line);
        json_decref(item);
    }
    sqlite3_finalize(row);
    return well && answer == SQLITE_DONE;
}

static bool hash_file(const char *path, char text[2 * crypto_hash_sha256_BYTES + 1])
{
    unsigned char bytes[16384], digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    FILE *file = fopen(path, "re");
    size_t length;
    bool well;

    if (!file)
        return false;
    crypto_hash_sha256_init(&state);
    while ((length = fread(bytes, 1, sizeof bytes, file)) > 0)
        crypto_hash_sha256_update(&state, bytes, length);
    well = ferror(file) == 0;
    fclose(file);
    crypto_hash_sha256_final(&state, digest);
    sodium_bin2hex(text, 2 * crypto_hash_sha256_BYTES + 1, digest, sizeof digest);
    return well;
}

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return synced;
}

/* Whole and synced under its name before any row goes. A file that an earlier try left behind is
 * replaced: nothing was deleted on its word, or the rows would not be here. */
static bool archive(const struct retention *retention, sqlite3 *db, struct slice *slice)
{
    char folder[ARCHIVE_PATH_MAX], path[ARCHIVE_PATH_MAX], fresh[ARCHIVE_PATH_MAX + 8];
    gzFile file;
    bool well;

    (void)snprintf(folder, sizeof folder, "%s/archive", retention->dir);
    (void)snprintf(slice->file, sizeof slice->file, "archive/audit-%lld-%lld.ndjson.gz",
                   (long long)slice->first, (long long)slice->last);
    (void)snprintf(path, sizeof path, "%s/%s", retention->dir, slice->file);
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return false;
    file = gzopen(fresh, "wbe6");
    if (!file)
        return false;
    well = write_rows(file, db, slice);
    if (gzclose(file) != Z_OK || !well)
        return false;
    return chmod(fresh, 0600) == 0 && sync_path(fresh, O_RDONLY) &&
           hash_file(fresh, slice->sha256) && rename(fresh, path) == 0 &&
           sync_path(folder, O_RDONLY | O_DIRECTORY);
}

static bool put_anchor(sqlite3 *db, const struct slice *slice)
{
    sqlite3_stmt *put = NULL;
    bool well = sqlite3_prepare_v2(db, "INSERT INTO audit_anchor VALUES (?,?,?,?,?,?)", -1, &put,
                                   NULL) == SQLITE_OK;

    if (well) {
        sqlite3_bind_int64(put, 1, slice->last);
        sqlite3_bind_blob(put, 2, slice->hash, sizeof slice->hash, SQLITE_STATIC);
        sqlite3_bind_int64(put, 3, slice->at_ns);
        sqlite3_bind_int64(put, 4, slice->first);
        statement_text(put, 5, slice->file);
        statement_text(put, 6, slice->sha256);
        well = statement_run(put);
    }
    sqlite3_finalize(put);
    return well;
}

/* --- deleting --- */

/* The text of a row must be told to the index to be taken out of it. */
static bool delete_chunk(sqlite3 *db, int64_t last)
{
    char sql[1024];
    bool well;

    audit_guard(db, true); /* they let go what is archived, and nothing else */
    (void)snprintf(sql, sizeof sql,
                   "BEGIN IMMEDIATE;"
                   "INSERT INTO audit_text (audit_text, rowid, actor, scope, old, new, reason,"
                   " request_id) SELECT 'delete', seq, actor, scope, old, new, reason, request_id"
                   " FROM audit WHERE seq <= %lld AND " AUDIT_IS_SEARCHED ";"
                   "DELETE FROM audit WHERE seq <= %lld; COMMIT",
                   (long long)last, (long long)last);
    well = sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
    if (!well)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    audit_guard(db, false);
    return well;
}

static void say(struct retention *retention, const char *what, sqlite3 *db)
{
    char why[200];

    if (!retention->failed)
        log_line(LOG_ERROR, "store", what, "why=%s errno=%d",
                 log_escape(why, sizeof why, sqlite3_errmsg(db)), errno);
    retention->failed = true;
}

/* The trigger looks whether the row is there that the anchor names. */
static bool put_guarded(sqlite3 *db, const struct slice *slice)
{
    bool well;

    audit_guard(db, true);
    well = put_anchor(db, slice);
    audit_guard(db, false);
    return well;
}

static bool begin_slice(struct retention *retention, sqlite3 *db, struct audit_writer *writer,
                        int64_t first, int64_t last)
{
    struct slice slice = {.first = first, .last = last};

    if (slice.last > first + SLICE_ROWS - 1)
        slice.last = first + SLICE_ROWS - 1;
    if (!archive(retention, db, &slice) || !put_guarded(db, &slice)) {
        say(retention, "old audit rows cannot be archived, they stay", db);
        return false;
    }
    writer->removed = slice.last;
    log_line(LOG_INFO, "store", "audit rows archived", "first=%lld last=%lld sha256=%s",
             (long long)slice.first, (long long)slice.last, slice.sha256);
    return true;
}

bool retention_step(struct retention *retention, sqlite3 *db, struct audit_writer *writer,
                    int64_t now_ns)
{
    int64_t first = ask(db, "SELECT min(seq) FROM audit", 0, 0);
    int64_t last;
    bool well;

    if (first == 0)
        return false;
    if (first <= writer->removed) {
        last = first + CHUNK_ROWS - 1;
        well = delete_chunk(db, last < writer->removed ? last : writer->removed);
        if (!well)
            say(retention, "archived audit rows cannot be deleted yet", db);
        return well;
    }
    /* Rows stand in the order of their coming; the first that is young enough ends it. */
    if (retention->keep_ns == 0 ||
        ask(db, "SELECT at_ns FROM audit WHERE seq = ?", first, 0) >= now_ns - retention->keep_ns)
        return false;
    last = ask(db,
               "SELECT min(seq) - 1 FROM (SELECT seq FROM audit WHERE at_ns >= ? ORDER BY at_ns"
               " LIMIT 1)",
               now_ns - retention->keep_ns, 0);
    if (last <= 0 || last >= writer->seq)
        last = writer->seq - 1;
    return last >= first && begin_slice(retention, db, writer, first, last);
}

bool retention_turn(struct retention *retention, sqlite3 *db, struct audit_writer *writer)
{
    int64_t now_ns = clock_mono_ns();
    bool moved;

    if (retention->keep_ns == 0 || now_ns - retention->looked_ns < look_every_ns)
        return false;
    retention->looked_ns = now_ns;
    moved = retention_step(retention, db, writer, clock_real_ns());
    if (moved)
        retention->failed = false;
    return moved;
}
