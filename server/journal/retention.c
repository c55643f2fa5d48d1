/* Old files go, whole ones only, oldest first, and only when nobody needs them any more:
 *
 *   the audit store has committed all of their records (its gate),
 *   a start does not need them: the oldest snapshot that is kept is newer,
 *   and they are not the file in use.
 *
 * Without a snapshot a start reads the whole journal, so nothing goes. The snapshots
 * (DIR/journal/snapshot-<sequence>.snp) tell a sequence of the engine's lane; a file of the control
 * lane is older than a snapshot when it was written last before that was. */
#include "journal/inside.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char snapshot_prefix[] = "snapshot-";

struct snapshot {
    uint64_t seq;
    int64_t written_ns;
};

struct old_file {
    enum journal_lane lane;
    uint64_t first, next_first;
    int64_t bytes, written_ns;
};

static int64_t written_ns(const struct stat *info)
{
    return info->st_mtim.tv_sec * 1000000000LL + info->st_mtim.tv_nsec;
}

static bool is_snapshot(const char *name, uint64_t *seq)
{
    size_t length = sizeof snapshot_prefix - 1;
    char *end;

    if (strncmp(name, snapshot_prefix, length) != 0)
        return false;
    *seq = strtoull(name + length, &end, 10);
    return end == name + length + 20 && strcmp(end, ".snp") == 0;
}

/* False when there is none. */
static bool oldest_snapshot(const struct journal *journal, struct snapshot *oldest)
{
    char path[DISK_PATH_MAX];
    struct dirent *entry;
    bool found = false;
    DIR *folder;

    (void)snprintf(path, sizeof path, "%s/journal", journal->dir);
    folder = opendir(path);
    while (folder && (entry = readdir(folder)) != NULL) {
        struct stat info;
        uint64_t seq;

        if (!is_snapshot(entry->d_name, &seq) || (found && seq >= oldest->seq) ||
            fstatat(dirfd(folder), entry->d_name, &info, 0) != 0)
            continue;
        *oldest = (struct snapshot){.seq = seq, .written_ns = written_ns(&info)};
        found = true;
    }
    if (folder)
        (void)closedir(folder);
    return found;
}

/* True when all records of the file may go. */
static bool is_done_with(const struct journal *journal, const struct old_file *file,
                         const struct snapshot *snapshot)
{
    const struct journal_copy *copy = &journal->copy[file->lane];
    uint64_t last = file->next_first - 1;
    uint64_t audited = atomic_load(&copy->hot.lane.shared->gate_seq[JOURNAL_GATE_AUDIT]);

    if (last > audited || last > copy->disk.synced_seq || file->first == copy->disk.file_first)
        return false;
    return file->lane == JOURNAL_ENGINE ? last <= snapshot->seq
                                        : file->written_ns < snapshot->written_ns;
}

/* The oldest file of the lane, and what all of its files hold. False when it has but the one in
 * use. */
static bool oldest_file(const struct journal *journal, enum journal_lane lane,
                        struct old_file *oldest, int64_t *all_bytes)
{
    uint64_t *firsts = NULL;
    uint32_t count = 0;
    struct err err;

    if (disk_list(journal->dir, lane, &firsts, &count, &err) != OK)
        return false;
    for (uint32_t at = count; at-- > 0;) {
        char path[DISK_PATH_MAX];
        struct stat info;

        disk_path(path, journal->dir, lane, firsts[at]);
        if (stat(path, &info) != 0)
            continue;
        *all_bytes += info.st_size;
        *oldest = (struct old_file){.lane = lane,
                                    .first = firsts[at],
                                    .next_first = at + 1 < count ? firsts[at + 1] : 0,
                                    .bytes = info.st_size,
                                    .written_ns = written_ns(&info)};
    }
    free(firsts);
    return count > 1;
}

static bool must_go(const struct journal *journal, const struct old_file *file, int64_t all_bytes)
{
    bool too_many = journal->keep_bytes != 0 && all_bytes > journal->keep_bytes;
    bool too_old = journal->keep_ns != 0 && clock_real_ns() - file->written_ns > journal->keep_ns;

    return too_many || too_old;
}

static bool remove_file(struct journal *journal, const struct old_file *file)
{
    char path[DISK_PATH_MAX];

    disk_path(path, journal->dir, file->lane, file->first);
    if (unlink(path) != 0)
        return false;
    atomic_fetch_add(&journal->removed_files, 1);
    log_line(LOG_INFO, "journal", "an old file was removed",
             "lane=%s first=%" PRIu64 " last=%" PRIu64 " bytes=%" PRId64,
             disk_lane_name(file->lane), file->first, file->next_first - 1, file->bytes);
    return true;
}

/* One file, the one written longest ago that may go. */
static bool remove_one(struct journal *journal, const struct snapshot *snapshot)
{
    struct old_file files[JOURNAL_LANES] = {{0}};
    const struct old_file *chosen = NULL;
    int64_t all_bytes = 0;
    bool is_old[JOURNAL_LANES];

    for (int lane = 0; lane < JOURNAL_LANES; lane++)
        is_old[lane] = oldest_file(journal, (enum journal_lane)lane, &files[lane], &all_bytes);
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        const struct old_file *file = &files[lane];

        if (is_old[lane] && must_go(journal, file, all_bytes) &&
            is_done_with(journal, file, snapshot) &&
            (!chosen || file->written_ns < chosen->written_ns))
            chosen = file;
    }
    return chosen && remove_file(journal, chosen);
}

void retention_look(struct journal *journal)
{
    struct snapshot snapshot;

    if ((journal->keep_bytes == 0 && journal->keep_ns == 0) || journal->is_failing ||
        !oldest_snapshot(journal, &snapshot))
        return;
    while (remove_one(journal, &snapshot))
        ;
}
