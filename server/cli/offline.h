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

/* A list object: by `read` when no server runs, else by GET of `path`. */
enum status offline_list(const struct client_target *target,
                         json_t *(*read)(struct access *, struct list_part), const char *path,
                         json_t **list, struct err *err);

#endif
