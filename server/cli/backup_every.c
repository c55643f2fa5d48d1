#include "cli/backup_every.h"

#include "backup.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BACKUPS_MAX = 1024, NAME_BYTES = 17 }; /* YYYYmmddTHHMMSSZ */

struct rounds {
    const char *dir, *folder;
    uint32_t keep;
    uint32_t names;
    char name[BACKUPS_MAX][NAME_BYTES]; /* oldest first */
};

/* As the first process of a container nothing ends us by itself. */
static void leave(int number)
{
    (void)number;
    _exit(0);
}

static enum status take_folder(const char *folder, struct err *err)
{
    char path[PATH_MAX];
    int fd; /* stays open: the lock goes with the process */

    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return err_format(err, ERR_IO, "%s: %s", folder, strerror(errno));
    (void)snprintf(path, sizeof path, "%s/.lock", folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return err_format(err, ERR_BUSY_DATA, "%s: another one makes backups there", folder);
    return OK;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_tree(const char *folder, const char *name)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        fprintf(stderr, "pitwall backup: %s: %s\n", path, strerror(errno));
}

static bool is_stamp(const char *name)
{
    static const char shape[] = "dddddddd" /* a day */ "TddddddZ";

    for (size_t at = 0; at < sizeof shape; at++) {
        bool fits = shape[at] == 'd' ? name[at] >= '0' && name[at] <= '9' : name[at] == shape[at];

        if (!fits)
            return false;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* What is there; halves of earlier runs are removed: the lock says that nobody works on them. */
static void look(struct rounds *rounds)
{
    DIR *folder = opendir(rounds->folder);
    const struct dirent *entry;

    rounds->names = 0;
    while (folder && (entry = readdir(folder)) != NULL) {
        const char *end = strstr(entry->d_name, ".partial");

        if (end && strcmp(end, ".partial") == 0)
            remove_tree(rounds->folder, entry->d_name);
        else if (is_stamp(entry->d_name) && rounds->names < BACKUPS_MAX)
            memcpy(rounds->name[rounds->names++], entry->d_name, NAME_BYTES);
    }
    if (folder)
        (void)closedir(folder);
    qsort(rounds->name, rounds->names, NAME_BYTES, by_name);
}

static void leave_newest(struct rounds *rounds, uint32_t keep)
{
    look(rounds);
    for (uint32_t at = 0; at + keep < rounds->names; at++) {
        remove_tree(rounds->folder, rounds->name[at]);
        printf("removed %s/%s\n", rounds->folder, rounds->name[at]);
    }
}

/* A file of one line. */
static enum status note(const char *path, const char *line, struct err *err)
{
    FILE *file = fopen(path, "we");
    bool well = file && fprintf(file, "%s\n", line) > 0;

    if (file && fclose(file) != 0)
        well = false;
    return well ? OK : err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
}

static enum status make(const struct rounds *rounds, const char *name, struct err *err)
{
    char partial[PATH_MAX], whole[PATH_MAX], path[PATH_MAX + 16];
    json_t *manifest = NULL;
    enum status status;

    (void)snprintf(whole, sizeof whole, "%s/%s", rounds->folder, name);
    (void)snprintf(partial, sizeof partial, "%s/%s.partial", rounds->folder, name);
    status = backup_make(rounds->dir, partial, &manifest, err);
    json_decref(manifest);
    (void)snprintf(path, sizeof path, "%s/VERIFIED", partial);
    if (status == OK)
        status = note(path, name, err);
    if (status == OK && rename(partial, whole) != 0)
        status = err_format(err, ERR_IO, "%s: %s", whole, strerror(errno));
    (void)snprintf(path, sizeof path, "%s/backup.made", rounds->dir);
    return status == OK ? note(path, name, err) : status;
}

static void turn(struct rounds *rounds)
{
    char name[NAME_BYTES];
    time_t now = time(NULL);
    struct tm day;
    struct err err;

    look(rounds);
    (void)strftime(name, sizeof name, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &day));
    if (make(rounds, name, &err) != OK) {
        fprintf(stderr, "pitwall backup: %s\n", err.text);
        leave_newest(rounds, 1);
        return;
    }
    printf("%s/%s: copied and checked\n", rounds->folder, name);
    leave_newest(rounds, rounds->keep);
}

enum status backup_every(const char *dir, const char *folder, int64_t period_s, uint32_t keep,
                         struct err *err)
{
    static struct rounds rounds;
    struct sigaction action = {.sa_handler = leave};
    enum status status = take_folder(folder, err);

    if (status != OK)
        return status;
    rounds = (struct rounds){.dir = dir, .folder = folder, .keep = keep};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    for (;;) {
        int64_t began_ns = clock_mono_ns();
        struct timespec rest;
        int64_t left_ns;

        turn(&rounds);
        (void)fflush(stdout);
        left_ns = period_s * 1000000000LL - (clock_mono_ns() - began_ns);
        rest =
            (struct timespec){.tv_sec = left_ns / 1000000000LL, .tv_nsec = left_ns % 1000000000LL};
        if (left_ns > 0)
            (void)nanosleep(&rest, NULL);
    }
}
