#include "backup.h"

#include "backup_inside.h"
#include "data_dir.h"
#include "journal/journal.h"
#include "kill_file.h"
#include "store/store.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "version.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 16, TRIES = 40 };
/* Starts that a directory would have to make after its backup for ids to meet. */
enum { EPOCH_STEP = 1000 };

struct copying {
    const char *from, *to;
    json_t *files; /* of the manifest */
};

enum status backup_fail(struct err *err, const char *path)
{
    return err_format(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path,
                      strerrordesc_np(errno));
}

void backup_path(char path[BACKUP_PATH_BYTES], const char *dir, const char *name)
{
    (void)snprintf(path, BACKUP_PATH_BYTES, "%.3800s/%.255s", dir, name);
}

/* --- one file --- */

struct digest {
    crypto_hash_sha256_state state;
    int64_t bytes;
};

static json_t *entry_of(const char *name, struct digest *digest)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[2 * crypto_hash_sha256_BYTES + 1];

    crypto_hash_sha256_final(&digest->state, hash);
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    return json_pack("{s:s, s:I, s:s}", "path", name, "bytes", (json_int_t)digest->bytes, "sha256",
                     text);
}

static bool write_all(int fd, const unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);

        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* Reads `in` to its end; writes it to `out`, if that is a file. */
static bool drain(int in, int out, struct digest *digest)
{
    unsigned char bytes[COPY_BYTES];
    ssize_t length;

    crypto_hash_sha256_init(&digest->state);
    digest->bytes = 0;
    while ((length = read(in, bytes, sizeof bytes)) > 0) {
        crypto_hash_sha256_update(&digest->state, bytes, (size_t)length);
        digest->bytes += length;
        if (out >= 0 && !write_all(out, bytes, (size_t)length))
            return false;
    }
    return length == 0;
}

/* ERR_NOT_FOUND: it is not there. */
static enum status copy_file(const struct copying *copying, const char *name, struct err *err)
{
    char from[BACKUP_PATH_BYTES], to[BACKUP_PATH_BYTES];
    struct digest digest;
    enum status status = OK;
    int in, out;

    backup_path(from, copying->from, name);
    backup_path(to, copying->to, name);
    in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return backup_fail(err, from);
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0 || !drain(in, out, &digest) || fsync(out) != 0)
        status = backup_fail(err, to);
    if (out >= 0 && close(out) != 0 && status == OK)
        status = backup_fail(err, to);
    close(in);
    if (status == OK && copying->files)
        json_array_append_new(copying->files, entry_of(name, &digest));
    return status;
}

static enum status copy_if_there(const struct copying *copying, const char *name, struct err *err)
{
    enum status status = copy_file(copying, name, err);

    return status == ERR_NOT_FOUND ? OK : status;
}

enum status backup_hash_file(const char *dir, const char *name, json_t **entry, struct err *err)
{
    char path[BACKUP_PATH_BYTES];
    struct digest digest;
    int fd;
    bool read;

    backup_path(path, dir, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return backup_fail(err, path);
    read = drain(fd, -1, &digest);
    close(fd);
    if (!read)
        return backup_fail(err, path);
    *entry = entry_of(name, &digest);
    return OK;
}

/* --- a database --- */

static enum status copy_pages(sqlite3 *from, sqlite3 *to, const char *name, struct err *err)
{
    sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
    int answer = SQLITE_BUSY;

    /* In one step: a copy in pieces begins anew with each write of the server. */
    for (int left = TRIES; copy && left > 0 && answer == SQLITE_BUSY; left--) {
        answer = sqlite3_backup_step(copy, -1);
        if (answer == SQLITE_BUSY || answer == SQLITE_LOCKED)
            sqlite3_sleep(50);
    }
    sqlite3_backup_finish(copy);
    if (answer != SQLITE_DONE)
        return err_format(err, ERR_STORAGE, "%s: cannot be copied: %s", name, sqlite3_errmsg(to));
    if (sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK)
        return err_format(err, ERR_STORAGE, "%s: %s", name, sqlite3_errmsg(to));
    return OK;
}

static enum status copy_database(const struct copying *copying, const char *name, struct err *err)
{
    char from_path[BACKUP_PATH_BYTES], to_path[BACKUP_PATH_BYTES];
    sqlite3 *from = NULL, *to = NULL;
    enum status status;
    json_t *entry = NULL;

    backup_path(from_path, copying->from, name);
    backup_path(to_path, copying->to, name);
    if (access(from_path, F_OK) != 0)
        return backup_fail(err, from_path);
    if (sqlite3_open_v2(from_path, &from, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(from, 2000) != SQLITE_OK ||
        sqlite3_open_v2(to_path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
            SQLITE_OK)
        status = err_format(err, ERR_STORAGE, "%s: cannot be opened", name);
    else
        status = copy_pages(from, to, name, err);
    sqlite3_close(from);
    sqlite3_close(to);
    if (status != OK)
        return status;
    if (chmod(to_path, 0600) != 0)
        return backup_fail(err, to_path);
    status = backup_hash_file(copying->to, name, &entry, err);
    if (status == OK)
        json_array_append_new(copying->files, entry);
    return status;
}

/* --- folders --- */

/* What mkfs.ext4 leaves at the top of a volume does not count: a lost host's new one has it. */
static bool is_nothing(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lost+found") == 0;
}

/* New, or empty. */
static enum status take_folder(const char *path, struct err *err)
{
    struct dirent *entry;
    bool empty = true;
    DIR *folder;

    if (mkdir(path, 0700) == 0)
        return OK;
    if (errno != EEXIST || !(folder = opendir(path)))
        return backup_fail(err, path);
    while (empty && (entry = readdir(folder)) != NULL)
        empty = is_nothing(entry->d_name);
    closedir(folder);
    return empty ? OK : err_format(err, ERR_USAGE, "%s: is not empty; name a new directory", path);
}

static int compare_names(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

/* Every file of a folder whose name ends so. A file that retention takes away meanwhile is passed
 * over. */
static enum status copy_folder(const struct copying *copying, const char *name, const char *end,
                               struct err *err)
{
    char path[BACKUP_PATH_BYTES], to[BACKUP_PATH_BYTES], file[512];
    struct dirent **entries;
    enum status status = OK;
    int count;

    backup_path(path, copying->from, name);
    backup_path(to, copying->to, name);
    count = scandir(path, &entries, NULL, compare_names);
    if (count < 0)
        return errno == ENOENT ? OK : backup_fail(err, path);
    if (mkdir(to, 0700) != 0 && errno != EEXIST)
        status = backup_fail(err, to);
    for (int at = 0; at < count; at++) {
        size_t length = strlen(entries[at]->d_name);

        (void)snprintf(file, sizeof file, "%.200s/%.255s", name, entries[at]->d_name);
        if (status == OK && length > strlen(end) &&
            strcmp(entries[at]->d_name + length - strlen(end), end) == 0)
            status = copy_if_there(copying, file, err);
        free(entries[at]);
    }
    free(entries);
    return status;
}

/* --- backup --- */

static uint64_t last_on_disk(const char *dir, enum journal_lane lane)
{
    struct journal_reader *reader;
    struct lane_record record;
    const void *payload;
    uint64_t last = 0;
    struct err err;

    if (journal_reader_open(&reader, dir, lane, 0, &err) != OK)
        return 0;
    while (journal_reader_next(reader, &record, &payload, &err) == OK)
        last = record.commit;
    journal_reader_close(reader);
    return last;
}

/* What the copied rows were made of must be in the copied journal. */
static bool journal_has_rows(const char *out)
{
    char path[BACKUP_PATH_BYTES];
    sqlite3_stmt *row = NULL;
    sqlite3 *db = NULL;
    bool has = true;

    backup_path(path, out, "audit.db");
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT lane, seq FROM cursors", -1, &row, NULL) == SQLITE_OK)
        while (sqlite3_step(row) == SQLITE_ROW)
            has = has && last_on_disk(out, (enum journal_lane)sqlite3_column_int(row, 0)) >=
                             (uint64_t)sqlite3_column_int64(row, 1);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return has;
}

/* What was copied ends before the audit does. */
static enum status tell_why_behind(const char *dir, struct err *err)
{
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        struct journal_report report;
        enum status status = journal_verify(dir, (enum journal_lane)lane, NULL, &report, err);

        if (status != OK)
            return status;
        if (report.first_bad_seq != 0)
            return err_format(err, ERR_DAMAGED,
                              "%s: the %s lane of the journal is damaged at sequence %llu (%s): "
                              "pitwall journal verify tells more",
                              dir, journal_lane_name((enum journal_lane)lane),
                              (unsigned long long)report.first_bad_seq, report.why);
    }
    return err_set(err, ERR_STORAGE,
                   "the journal on disk stays behind the audit: storage is in trouble");
}

/* The audit hears of a record up to 50 ms before the disk does. */
static enum status copy_journal(struct copying *copying, struct err *err)
{
    for (int left = TRIES; left > 0; left--) {
        json_t *files = json_deep_copy(copying->files);
        struct copying once = *copying;
        enum status status;

        once.files = files;
        status = copy_folder(&once, "journal", ".jnl", err);
        if (status != OK) {
            json_decref(files);
            return status;
        }
        if (journal_has_rows(copying->to)) {
            json_array_clear(copying->files);
            json_array_extend(copying->files, files);
            json_decref(files);
            return OK;
        }
        json_decref(files);
        sqlite3_sleep(50);
    }
    return tell_why_behind(copying->from, err);
}

/* Directories of older programs have none. */
static enum status copy_kept(struct copying *copying, struct err *err)
{
    char path[BACKUP_PATH_BYTES];

    backup_path(path, copying->from, "control.db");
    return access(path, F_OK) == 0 ? copy_database(copying, "control.db", err) : OK;
}

/* How often it has been started; 0 when that cannot be read: the next start is refused for it. */
static uint64_t starts_of(const char *dir)
{
    uint64_t epoch = 0;
    struct err why;

    return data_dir_epoch_after(dir, 0, &epoch, &why) == OK ? epoch : 0;
}

/* A verb that works on a stopped directory holds it for some milliseconds, a server for good. */
static bool is_stopped(const char *dir)
{
    for (int left = TRIES / 4; left > 0; left--) {
        struct err held;
        int lock_fd;

        if (data_dir_lock(dir, &lock_fd, &held) == OK) {
            close(lock_fd);
            return true;
        }
        sqlite3_sleep(50);
    }
    return false;
}

/* The end of the journal that a crash has left in memory files alone. First of all, and without
 * the lock: whoever starts the program during a copy of hours must not be turned away by it. A
 * start raises the epoch before it takes these records to the disk; what was copied while it was
 * raised is not kept, for the journal, copied later, has the records then. */
static enum status copy_hot(struct copying *copying, struct err *err)
{
    static const char *const names[] = {"hot-engine.lane", "hot-control.lane"};
    struct copying once = *copying;
    uint64_t before = starts_of(copying->from);
    char path[BACKUP_PATH_BYTES];
    enum status status = OK;

    if (!is_stopped(copying->from))
        return OK;
    once.files = json_array();
    for (size_t at = 0; at < sizeof names / sizeof *names && status == OK; at++)
        status = copy_if_there(&once, names[at], err);
    if (starts_of(copying->from) == before)
        json_array_extend(copying->files, once.files);
    else
        for (size_t at = 0; at < sizeof names / sizeof *names; at++) {
            backup_path(path, copying->to, names[at]);
            if (unlink(path) != 0 && errno != ENOENT && status == OK)
                status = backup_fail(err, path);
        }
    json_decref(once.files);
    return status;
}

static enum status copy_all(struct copying *copying, struct err *err)
{
    static const char *const first[] = {"anchors.ndjson.1", "anchors.ndjson", "audit.pub"};
    static const char *const last[] = {"epoch", "kills", "live"};
    enum status status = copy_hot(copying, err);

    for (size_t at = 0; at < sizeof first / sizeof *first && status == OK; at++)
        status = copy_if_there(copying, first[at], err);
    if (status == OK)
        status = copy_database(copying, "audit.db", err);
    if (status == OK)
        status = copy_database(copying, "access.db", err);
    if (status == OK)
        status = copy_kept(copying, err);
    if (status == OK)
        status = copy_folder(copying, "archive", ".gz", err);
    if (status == OK)
        status = copy_journal(copying, err);
    for (size_t at = 0; at < sizeof last / sizeof *last && status == OK; at++)
        status = copy_if_there(copying, last[at], err);
    return status;
}

static enum status write_manifest(const char *out, json_t *manifest, struct err *err)
{
    char path[BACKUP_PATH_BYTES];
    FILE *file;
    bool written;

    backup_path(path, out, "MANIFEST.json");
    file = fopen(path, "wxe");
    if (!file)
        return backup_fail(err, path);
    written = json_dumpf(manifest, file, JSON_INDENT(1)) == 0 && fputc('\n', file) != EOF &&
              fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (fclose(file) != 0 || !written)
        return backup_fail(err, path);
    return OK;
}

enum status backup_make(const char *dir, const char *out, json_t **manifest, struct err *err)
{
    struct copying copying = {.from = dir, .to = out};
    char path[BACKUP_PATH_BYTES], made_ns[24];
    enum status status;

    *manifest = NULL;
    backup_path(path, dir, "audit.db"); /* before the lock, which would make the directory */
    if (sodium_init() < 0 || access(path, R_OK) != 0)
        return backup_fail(err, path);
    status = take_folder(out, err);
    if (status != OK)
        return status;
    (void)snprintf(made_ns, sizeof made_ns, "%" PRId64, clock_real_ns());
    *manifest =
        json_pack("{s:s, s:s, s:[]}", "made_ns", made_ns, "version", pitwall_version, "files");
    copying.files = json_object_get(*manifest, "files");
    status = copy_all(&copying, err);
    if (status == OK)
        status = write_manifest(out, *manifest, err);
    return status == OK ? backup_check_all(out, *manifest, err) : status;
}

/* --- restore --- */

static enum status copy_back(const char *from, const char *dir, const json_t *files,
                             struct err *err)
{
    struct copying copying = {.from = from, .to = dir};
    char path[BACKUP_PATH_BYTES];
    enum status status = take_folder(dir, err);
    size_t at;
    json_t *file;

    if (status != OK)
        return status;
    backup_path(path, dir, "journal");
    if (mkdir(path, 0700) != 0)
        return backup_fail(err, path);
    backup_path(path, dir, "archive");
    if (mkdir(path, 0700) != 0)
        return backup_fail(err, path);
    json_array_foreach(files, at, file)
    {
        const char *name = json_string_value(json_object_get(file, "path"));

        if (strcmp(name, "epoch") != 0)
            status = copy_file(&copying, name, err);
        if (status != OK)
            return status;
    }
    return OK;
}

/* The count of starts comes last: what was ended before has none, and no start takes it for a
 * directory that may trade. */
static enum status leave_killed(const char *from, const char *dir, const json_t *manifest,
                                struct err *err)
{
    time_t made_s = 0;
    struct tm utc;
    char when[32] = "?";
    const char *text = json_string_value(json_object_get(manifest, "made_ns"));
    char why[200];
    uint64_t epoch;
    enum status status = data_dir_epoch_after(from, EPOCH_STEP, &epoch, err);

    if (text)
        made_s = (time_t)(strtoll(text, NULL, 10) / 1000000000);
    if (gmtime_r(&made_s, &utc))
        (void)strftime(when, sizeof when, "%F %TZ", &utc);
    (void)snprintf(why, sizeof why,
                   "restored from the backup of %s: compare orders and positions"
                   " with the venue before resuming",
                   when);
    if (status == OK)
        status = kill_file_restored(dir, epoch << 32 | 1, why, err);
    return status == OK ? data_dir_write_epoch(dir, epoch, err) : status;
}

enum status backup_check(const char *from, json_t **manifest, struct err *err)
{
    char path[BACKUP_PATH_BYTES];
    json_error_t wrong;

    backup_path(path, from, "MANIFEST.json");
    if (access(path, R_OK) != 0)
        return err_format(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
                          "%s: %s: name a folder that `pitwall backup` has made", path,
                          strerrordesc_np(errno));
    if (sodium_init() < 0)
        return err_set(err, ERR_INTERNAL, "libsodium does not start");
    *manifest = json_load_file(path, JSON_REJECT_DUPLICATES, &wrong);
    if (!*manifest)
        return err_format(err, ERR_DAMAGED, "%s:%d: %s", path, wrong.line, wrong.text);
    return backup_check_all(from, *manifest, err);
}

enum status backup_restore(const char *from, const char *dir, json_t **manifest, struct err *err)
{
    enum status status = backup_check(from, manifest, err);

    if (status == OK)
        status = copy_back(from, dir, json_object_get(*manifest, "files"), err);
    return status == OK ? leave_killed(from, dir, *manifest, err) : status;
}
