/* People and tokens, whether a server runs or not: through its socket when it does, else by
 * opening DIR/access.db ourselves under the directory's lock. */
#ifndef PITWALL_CLI_OFFLINE_H
#define PITWALL_CLI_OFFLINE_H

#include "cli/client.h"
#include "control/access.h"

struct offline {
    int lock_fd;
    struct access *access;
};

/* OK: we hold the directory (made, 0700, when it is missing). ERR_CONFLICT: a server runs, ask it.
 * ERR_BUSY_DATA: somebody holds it and does not listen. */
enum status offline_open(struct offline *offline, const char *dir, struct err *err);
void offline_close(struct offline *offline);

/* Of making an account or a token: says of a name that is taken where the taken ones are listed. */
void offline_say_taken(struct err *err);

/* A list object: by `read` when no server runs, else by GET of `path`, which has its "?". Makes no
 * directory: one that is not there is ERR_NOT_FOUND. */
enum status offline_list(const struct client_target *target,
                         json_t *(*read)(struct access *, struct list_part), const char *path,
                         json_t **list, struct err *err);

#endif
