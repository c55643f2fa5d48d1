#include "data_dir.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void path_in(char path[DATA_PATH_MAX], const char *dir, const char *name)
{
    snprintf(path, DATA_PATH_MAX, "%s/%s", dir, name);
}

static enum status fail(struct err *err, const char *path, const char *what)
{
    return err_format(err, ERR_IO, "%s: %s: %s", path, what, strerror(errno));
}

static enum status make_dir(const char *dir, struct err *err)
{
    char parent[DATA_PATH_MAX];

    if (strlen(dir) + 32 > sizeof parent)
        return err_format(err, ERR_USAGE, "%.64s...: path too long", dir);
    snprintf(parent, sizeof parent, "%s", dir);
    for (char *at = parent + 1; *at != '\0'; at++)
        if (*at == '/') {
            *at = '\0';
            if (mkdir(parent, 0700) != 0 && errno != EEXIST)
                return fail(err, parent, "cannot be made");
            *at = '/';
        }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return fail(err, dir, "cannot be made");
    return OK;
}

/* Who holds it, as the holder has written it; 0 when it has not. */
static long holder_of(int fd)
{
    char text[32] = "";
    ssize_t length = pread(fd, text, sizeof text - 1, 0);

    return length > 0 ? strtol(text, NULL, 10) : 0;
}

/* A lock that root has made is its owner's all the same: else the service could not open it. */
static int give_to_owner(int fd, const char *dir)
{
    struct stat owned;

    if (geteuid() != 0 || stat(dir, &owned) != 0 || owned.st_uid == 0)
        return 0;
    return fchown(fd, owned.st_uid, owned.st_gid);
}

enum status data_dir_not_for_root(const char *dir, struct err *err)
{
    struct stat owned;
    const struct passwd *owner;

    if (geteuid() != 0 || stat(dir, &owned) != 0 || owned.st_uid == 0)
        return OK;
    owner = getpwuid(owned.st_uid);
    return err_format(err, ERR_FORBIDDEN,
                      "%s belongs to %s, who could not open what root writes there: run it as "
                      "that user, or as the service",
                      dir, owner ? owner->pw_name : "another user");
}

enum status data_dir_lock(const char *dir, int *fd, struct err *err)
{
    char path[DATA_PATH_MAX];
    enum status status = make_dir(dir, err);

    *fd = -1;
    if (status != OK)
        return status;
    path_in(path, dir, "lock");
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0)
        return fail(err, path, "cannot be opened");
    if (give_to_owner(*fd, dir) != 0) {
        enum status lost = fail(err, path, "cannot be given to the directory's owner");

        close(*fd);
        *fd = -1;
        return lost;
    }
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        long pid = holder_of(*fd);

        close(*fd);
        *fd = -1;
        return pid > 0 ? err_format(err, ERR_BUSY_DATA, "%s: in use by process %ld", dir, pid)
                       : err_format(err, ERR_BUSY_DATA, "%s: in use by another process", dir);
    }
    if (ftruncate(*fd, 0) != 0 || dprintf(*fd, "%ld\n", (long)getpid()) < 0)
        return fail(err, path, "cannot be written");
    return OK;
}

static enum status sync_dir(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int synced = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0)
        close(fd);
    return synced == 0 ? OK : fail(err, dir, "cannot be synced");
}

/* Whole and synced under its name, or not at all. */
static enum status write_file(const char *dir, const char *name, const char *text, struct err *err)
{
    char path[DATA_PATH_MAX];
    char fresh[DATA_PATH_MAX];
    size_t length = strlen(text);
    bool written;
    int fd;

    path_in(path, dir, name);
    snprintf(fresh, sizeof fresh, "%s/.%s.new", dir, name);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, fresh, "cannot be made");
    written = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    if (close(fd) != 0 || !written || rename(fresh, path) != 0)
        return fail(err, path, "cannot be written");
    return sync_dir(dir, err);
}

static enum status read_epoch(const char *path, uint64_t *epoch, struct err *err)
{
    char text[32] = "";
    char *end = text;
    FILE *file = fopen(path, "re");

    *epoch = 0;
    if (!file)
        return errno == ENOENT ? OK : fail(err, path, "cannot be read");
    if (fgets(text, sizeof text, file))
        *epoch = strtoull(text, &end, 10);
    fclose(file);
    if (end == text || *end != '\n' || *epoch >= MAX_EPOCH - 1)
        return err_format(err, ERR_DAMAGED, "%s: damaged; without it ids could repeat", path);
    return OK;
}

/* An id of an earlier start may lie in what is there. */
static bool was_used(const char *dir)
{
    static const char *const traces[] = {"journal", "audit.db", "kills"};
    char path[DATA_PATH_MAX];

    for (size_t at = 0; at < sizeof traces / sizeof traces[0]; at++) {
        path_in(path, dir, traces[at]);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

enum status data_dir_epoch_after(const char *dir, uint64_t starts, uint64_t *epoch, struct err *err)
{
    char path[DATA_PATH_MAX];
    enum status status;

    path_in(path, dir, "epoch");
    status = read_epoch(path, epoch, err);
    if (status == OK && *epoch == 0 && was_used(dir))
        status =
            err_format(err, ERR_DAMAGED,
                       "%s: missing, and the directory was in use: ids would repeat; was a "
                       "restore ended half-way, restore anew into another directory, else write "
                       "a number into it that is above that of every start so far",
                       path);
    if (status != OK)
        return status;
    *epoch += starts;
    return *epoch < MAX_EPOCH
               ? OK
               : err_format(err, ERR_DAMAGED, "%s: there are no more numbers for starts", path);
}

enum status data_dir_write_epoch(const char *dir, uint64_t epoch, struct err *err)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRIu64 "\n", epoch);
    return write_file(dir, "epoch", text, err);
}

enum status data_dir_next_epoch(const char *dir, uint64_t *epoch, struct err *err)
{
    enum status status = data_dir_epoch_after(dir, 1, epoch, err);

    return status == OK ? data_dir_write_epoch(dir, *epoch, err) : status;
}

enum status data_dir_keep_apart(const char *dir, bool is_live, struct err *err)
{
    char path[DATA_PATH_MAX];
    bool was_live;

    path_in(path, dir, "live");
    was_live = access(path, F_OK) == 0;
    if (!was_live && errno != ENOENT)
        return fail(err, path, "cannot be looked at");
    if (was_live == is_live)
        return OK;
    if (was_live)
        return err_format(err, ERR_CONFIG,
                          "%s holds the positions of mode live, and this mode is another: give "
                          "another data directory",
                          dir);
    if (was_used(dir))
        return err_format(err, ERR_CONFIG,
                          "%s holds what was simulated, and mode live counts what is real: give "
                          "another data directory",
                          dir);
    return write_file(dir, "live", "orders of this directory are real\n", err);
}

enum status data_dir_write_run(const char *dir, const char *url, const char *kill_url,
                               const char *metrics_url, const char *mode, struct err *err)
{
    json_t *run = json_pack("{s:i,s:s,s:s,s:s*,s:s}", "pid", (int)getpid(), "url", url, "kill_url",
                            kill_url, "metrics_url", metrics_url, "mode", mode);
    char *text = json_dumps(run, JSON_INDENT(1));
    enum status status = write_file(dir, "run.json", text, err);

    free(text);
    json_decref(run);
    return status;
}

void data_dir_remove_run(const char *dir)
{
    char path[DATA_PATH_MAX];

    path_in(path, dir, "run.json");
    if (unlink(path) != 0 && errno != ENOENT)
        log_line(LOG_WARN, "server", "run.json stays", "errno=%d", errno);
}
