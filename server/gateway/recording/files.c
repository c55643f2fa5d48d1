#include "gateway/recording/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name);
    size_t tail = strlen(ending);

    return length > tail && strcmp(name + length - tail, ending) == 0;
}

static int is_recording(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           (ends_with(entry->d_name, ".gz") || ends_with(entry->d_name, ".txt") ||
            ends_with(entry->d_name, ".jsonl"));
}

static enum status add(char *path, char **found, uint32_t *count, struct err *err)
{
    if (!path)
        return err_set(err, ERR_INTERNAL, "out of memory");
    if (*count == RECORDING_FILES_MAX) {
        free(path);
        return err_set(err, ERR_TOO_LARGE, "more than 512 recordings");
    }
    found[(*count)++] = path;
    return OK;
}

static char *joined(const char *folder, const char *name)
{
    char *path;
    const char *slash = ends_with(folder, "/") ? "" : "/";

    return asprintf(&path, "%s%s%s", folder, slash, name) < 0 ? NULL : path;
}

static enum status failed(const char *path, struct err *err)
{
    err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, strerror(errno));
    return err_wrap(err, err->status, path);
}

static enum status add_folder(const char *folder, char **found, uint32_t *count, struct err *err)
{
    struct dirent **entries;
    int entries_count = scandir(folder, &entries, is_recording, alphasort);
    enum status status = OK;

    if (entries_count < 0)
        return failed(folder, err);
    for (int i = 0; i < entries_count; i++) {
        if (status == OK)
            status = add(joined(folder, entries[i]->d_name), found, count, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum status files_find(const char *const paths[], uint32_t paths_count, char **found,
                       uint32_t *count, struct err *err)
{
    enum status status = OK;

    *count = 0;
    for (uint32_t i = 0; status == OK && i < paths_count; i++) {
        struct stat info;

        if (stat(paths[i], &info) != 0)
            status = failed(paths[i], err);
        else if (S_ISDIR(info.st_mode))
            status = add_folder(paths[i], found, count, err);
        else
            status = add(strdup(paths[i]), found, count, err);
    }
    return status;
}
