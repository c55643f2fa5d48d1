/* Free space of the data directory: a warning, then no new orders, before anything fails; and a
 * reserve that is given free when the disk is full, so that kills and cancels still reach it. */
#include "journal/inside.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { LEAST_BLOCK_BYTES = 4096, STOP_PART = 4, RESERVE_MAX_BYTES = 4 << 20 };

/* SQLite grows the shared memory beside audit.db (audit.db-shm) in regions of 32 KiB, and gives
 * each page of 4 KiB its place on the disk by writing one byte at its end. Where a block is smaller
 * than a page the rest of the page stays a hole, which the kernel fills at the first store into the
 * mapping; when the disk is full it cannot, and the process gets SIGBUS. Nothing that we could
 * allocate ahead lasts: SQLite cuts the file to nothing when it opens it first. So not there. */
static enum status check_blocks(const char *dir, struct err *err)
{
    struct statfs info;

    if (statfs(dir, &info) != 0)
        return err_format(err, ERR_IO, "%s: %s", dir, strerror(errno));
    if (info.f_bsize >= LEAST_BLOCK_BYTES)
        return OK;
    return err_format(
        err, ERR_IO,
        "%s: its file system has blocks of %ld bytes: when it is full, audit.db would "
        "end the program (SIGBUS); take one with blocks of %d, as mkfs.ext4 -b %d "
        "makes it",
        dir, (long)info.f_bsize, LEAST_BLOCK_BYTES, LEAST_BLOCK_BYTES);
}

static void reserve_path(const struct journal *journal, char path[DISK_PATH_MAX])
{
    (void)snprintf(path, DISK_PATH_MAX, "%s/journal/reserve", journal->dir);
}

/* Of an earlier run. */
static bool is_reserve_there(const struct journal *journal)
{
    char path[DISK_PATH_MAX];
    struct stat info;

    reserve_path(journal, path);
    return stat(path, &info) == 0 && info.st_size >= journal->space.reserve_bytes &&
           (int64_t)info.st_blocks * 512 >= journal->space.reserve_bytes;
}

static bool make_reserve(const struct journal *journal)
{
    char path[DISK_PATH_MAX];
    int fd;
    bool well;

    reserve_path(journal, path);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    well = posix_fallocate(fd, 0, (off_t)journal->space.reserve_bytes) == 0;
    (void)close(fd);
    if (!well)
        (void)unlink(path);
    return well;
}

void space_give_reserve(struct journal *journal)
{
    char path[DISK_PATH_MAX];

    if (!journal->space.has_reserve)
        return;
    reserve_path(journal, path);
    if (unlink(path) != 0 && errno != ENOENT)
        return; /* a read-only file system has no use for it */
    journal->space.has_reserve = false;
    journal->space.is_low = true;
}

/* -1: not known. */
static int64_t look_at_room(struct journal *journal)
{
    struct statvfs info;
    bool known = statvfs(journal->dir, &info) == 0;
    int64_t bytes = known ? (int64_t)info.f_bavail * (int64_t)info.f_frsize : -1;

    atomic_store(&journal->total_bytes,
                 known ? (int64_t)info.f_blocks * (int64_t)info.f_frsize : -1);
    atomic_store(&journal->free_bytes, bytes);
    return bytes;
}

static void say(struct space *space, int64_t bytes)
{
    bool warn = bytes < space->low_bytes;

    if (warn && !space->warned)
        log_line(LOG_WARN, "journal", "little room is left for the journal",
                 "free_bytes=%" PRId64 " low_water=%" PRId64, bytes, space->low_bytes);
    space->warned = warn;
}

static void judge(struct space *space, int64_t bytes)
{
    bool low = bytes < (space->is_low ? 2 : 1) * space->stop_bytes || !space->has_reserve;

    if (low && !space->is_low)
        log_line(LOG_ERROR, "journal", "room is nearly used up: no new orders will pass",
                 "free_bytes=%" PRId64, bytes);
    if (!low && space->is_low)
        log_line(LOG_WARN, "journal", "there is room again", "free_bytes=%" PRId64, bytes);
    space->is_low = low;
}

/* The reserve stays as large as it was made. */
static void take_marks(struct journal *journal)
{
    struct space *space = &journal->space;
    int64_t low_bytes = atomic_load(&journal->low_bytes);

    if (low_bytes == space->low_bytes)
        return;
    space->low_bytes = low_bytes;
    space->stop_bytes = low_bytes / STOP_PART;
    if (space->reserve_bytes == 0)
        space->reserve_bytes =
            space->stop_bytes < RESERVE_MAX_BYTES ? space->stop_bytes : RESERVE_MAX_BYTES;
    space->is_low &= low_bytes != 0;
}

void space_look(struct journal *journal, int64_t now_ns)
{
    struct space *space = &journal->space;
    int64_t bytes = look_at_room(journal);

    take_marks(journal);
    space->looked_ns = now_ns;
    if (space->low_bytes == 0 || bytes < 0)
        return;
    /* Not out of the last room: that is for the records. */
    if (!space->has_reserve && !journal->is_failing &&
        bytes >= 2 * space->stop_bytes + space->reserve_bytes)
        space->has_reserve = make_reserve(journal);
    say(space, bytes);
    judge(space, bytes);
}

enum status space_open(struct journal *journal, struct err *err)
{
    struct space *space = &journal->space;
    enum status status = check_blocks(journal->dir, err);

    take_marks(journal);
    space->has_reserve = space->low_bytes != 0 && is_reserve_there(journal);
    if (status == OK)
        space_look(journal, clock_mono_ns());
    return status;
}
