#include "cli/offline.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 10 };

static enum status open_lock(const char *dir, int *fd, struct err *err)
{
    char path[4096];

    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_format(err, ERR_IO, "%s: %s", dir, strerrordesc_np(errno));
    if ((size_t)snprintf(path, sizeof path, "%s/lock", dir) >= sizeof path)
        return err_set(err, ERR_IO, "the directory's path is too long");
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return *fd >= 0 ? OK : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
}

enum status offline_open(struct offline *offline, const char *dir, struct err *err)
{
    static const struct timespec step = {.tv_nsec = 50000000};
    enum status status;

    *offline = (struct offline){.lock_fd = -1};
    if (client_is_server_there(dir))
        return ERR_CONFLICT;
    if ((status = open_lock(dir, &offline->lock_fd, err)) != OK)
        return status;
    for (int left = TRIES; flock(offline->lock_fd, LOCK_EX | LOCK_NB) != 0; left--) {
        if (left == 0)
            return err_format(err, ERR_BUSY_DATA, "%s is in use, and nobody listens there", dir);
        nanosleep(&step, NULL); /* a server that is just starting will listen soon */
        if (client_is_server_there(dir))
            return ERR_CONFLICT;
    }
    return access_open(&offline->access, dir, err);
}

void offline_close(struct offline *offline)
{
    access_close(offline->access);
    if (offline->lock_fd >= 0)
        close(offline->lock_fd);
}

enum status offline_list(const struct client_target *target, json_t *(*read)(struct access *),
                         const char *path, json_t **list, struct err *err)
{
    struct client_answer answer = {0};
    struct offline offline;
    enum status status = ERR_CONFLICT;

    if (target->dir) {
        status = offline_open(&offline, target->dir, err);
        *list = status == OK ? read(offline.access) : NULL;
        offline_close(&offline);
    }
    if (status != ERR_CONFLICT)
        return status;
    status = client_call(target, "GET", path, NULL, NULL, &answer, err);
    *list = answer.json;
    return status;
}
