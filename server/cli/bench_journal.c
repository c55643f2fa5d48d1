#include "cli/bench_journal.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_dir(const char *dir)
{
    if (dir[0] && nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "pitwall bench: %s: could not be removed\n", dir);
}

enum status bench_journal_open(struct bench_journal *folder, int64_t hot_bytes, struct err *err)
{
    char recovered[ERR_TEXT_MAX];
    enum status status;

    snprintf(folder->dir, sizeof folder->dir, "/tmp/pitwall-bench-XXXXXX");
    if (!mkdtemp(folder->dir)) {
        folder->dir[0] = '\0';
        return err_set(err, ERR_IO, "/tmp: no folder could be made");
    }
    folder->config.journal.hot_bytes = hot_bytes;
    folder->config.journal.sync_ms = 10;
    snprintf(folder->config.journal.hot_dir, sizeof folder->config.journal.hot_dir, "/dev/shm/%s",
             folder->dir + sizeof "/tmp/" - 1);
    if (mkdir(folder->config.journal.hot_dir, 0700) != 0)
        folder->config.journal.hot_dir[0] = '\0';
    status = journal_open(&folder->journal, folder->dir, &folder->config, recovered, err);
    return status == OK ? journal_start(folder->journal, err) : status;
}

void bench_journal_close(struct bench_journal *folder)
{
    if (folder->journal)
        journal_close(folder->journal);
    remove_dir(folder->config.journal.hot_dir);
    remove_dir(folder->dir);
    folder->journal = NULL;
    folder->dir[0] = folder->config.journal.hot_dir[0] = '\0';
}
