/* The first accounts of a directory, with passwords that nobody has chosen. */
#include "control/access_inside.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status write_first_login(const char *dir, const json_t *logins, struct err *err)
{
    char path[CONFIG_TEXT_MAX + 16];
    char *text = json_dumps(logins, JSON_INDENT(2));
    enum status status = OK;
    size_t length = text ? strlen(text) : 0;
    int fd;

    snprintf(path, sizeof path, "%s/first-login", dir);
    unlink(path); /* of an earlier, emptied life of the directory */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (!text || fd < 0 || write(fd, text, length) != (ssize_t)length || fsync(fd) != 0)
        status = err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(text);
    return status;
}

struct first_user {
    const char *name;
    enum role role;
    bool must_change;
    char password[PASSWORD_MADE_MAX];
};

/* The file comes first: a stop between the two leaves no users, and the next start tries again. */
static enum status make_first_users(struct access *access, const char *dir,
                                    struct first_user *users, size_t count, json_t **printed,
                                    struct err *err)
{
    json_t *rows = json_array();
    json_t *logins = json_pack("{s:o}", "users", rows);
    enum status status;

    for (size_t i = 0; i < count; i++) {
        password_make(users[i].password);
        json_array_append_new(rows,
                              json_pack("{s:s,s:s,s:s}", "user", users[i].name, "role",
                                        role_name(users[i].role), "password", users[i].password));
    }
    status = write_first_login(dir, logins, err);
    for (size_t i = 0; status == OK && i < count; i++)
        status = user_make(access, users[i].name, users[i].name, users[i].role, users[i].password,
                           users[i].must_change, err);
    if (status == OK)
        *printed = logins;
    else
        json_decref(logins);
    return status;
}

enum status access_first_run(struct access *access, const char *dir, bool demo, json_t **printed,
                             struct err *err)
{
    struct first_user demo_users[] = {{"viewer", ROLE_VIEWER, false, ""},
                                      {"trader", ROLE_TRADER, false, ""},
                                      {"risk1", ROLE_RISK, false, ""},
                                      {"risk2", ROLE_RISK, false, ""},
                                      {"admin", ROLE_ADMIN, false, ""}};
    struct first_user admin[] = {{"admin", ROLE_ADMIN, true, ""}};

    *printed = NULL;
    if (access->user_count > 0)
        return OK;
    if (!demo)
        return make_first_users(access, dir, admin, 1, printed, err);
    return make_first_users(access, dir, demo_users, sizeof demo_users / sizeof demo_users[0],
                            printed, err);
}
