#include "cli/offline.h"

#include "data_dir.h"
#include "thread/log.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 10 };

enum status offline_open(struct offline *offline, const char *dir, struct err *err)
{
    static const struct timespec step = {.tv_nsec = 50000000};
    enum status status;

    *offline = (struct offline){.lock_fd = -1};
    if (client_is_server_there(dir))
        return ERR_CONFLICT;
    /* A directory may be made here, but not the path to it: that is more likely a slip. */
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_format(err, ERR_IO, "%s: %s", dir, strerrordesc_np(errno));
    if (data_dir_not_for_root(dir, err) != OK)
        return ERR_FORBIDDEN;
    for (int left = TRIES; (status = data_dir_lock(dir, &offline->lock_fd, err)) == ERR_BUSY_DATA;
         left--) {
        if (left == 0)
            return err_format(err, ERR_BUSY_DATA, "%s is in use, and nobody listens there", dir);
        nanosleep(&step, NULL); /* a server that is just starting will listen soon */
        if (client_is_server_there(dir))
            return ERR_CONFLICT;
    }
    return status == OK ? access_open(&offline->access, dir, err) : status;
}

void offline_close(struct offline *offline)
{
    access_close(offline->access);
    if (offline->lock_fd >= 0)
        close(offline->lock_fd);
}

enum status offline_list(const struct client_target *target,
                         json_t *(*read)(struct access *, struct list_part), const char *path,
                         json_t **list, struct err *err)
{
    struct client_answer answer = {0};
    struct offline offline;
    enum status status = ERR_CONFLICT;

    if (!target->url && access(target->dir, F_OK) != 0)
        return err_format(err, ERR_NOT_FOUND, "%s: there is no such data directory", target->dir);
    if (!target->url) {
        status = offline_open(&offline, target->dir, err);
        *list = status == OK ? read(offline.access, LIST_WHOLE) : NULL;
        if (!target->json)
            text_tame_json(*list);
        offline_close(&offline);
    }
    if (status != ERR_CONFLICT)
        return status;
    status = client_call_all(target, path, &answer, err);
    *list = answer.json;
    return status;
}

void offline_say_taken(struct err *err)
{
    struct err said = *err;

    if (said.status == ERR_CONFLICT)
        err_format(err, ERR_CONFLICT,
                   "%s; `pitwall user list` and `pitwall token list` show what is taken",
                   said.text);
}
