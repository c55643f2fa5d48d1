/* The key file (bybit.h). */
#include "gateway/bybit/bybit.h"

#include "config/credential.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 4096 };

static enum status refuse(struct err *err, const char *path, const char *why)
{
    return err_format(err, ERR_CONFIG, "%s: %s", path, why);
}

/* The file that was opened is the one that is looked at. */
static enum status open_key(const char *path, int *fd, struct err *err)
{
    const char *fault;
    struct stat about;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (credential_is(path) ? 0 : O_NOFOLLOW));
    if (*fd < 0)
        return refuse(err, path,
                      errno == ELOOP ? "is a link; name the file itself" : strerror(errno));
    if (fstat(*fd, &about) != 0)
        return refuse(err, path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return refuse(err, path, "is not a regular file");
    fault = credential_fault(path, &about);
    if (fault)
        return refuse(err, path, fault);
    if (about.st_size > KEY_FILE_MAX)
        return refuse(err, path, "is too large for a key file");
    return OK;
}

static bool take(const json_t *root, const char *name, char out[BYBIT_KEY_MAX])
{
    const char *text = json_string_value(json_object_get(root, name));
    size_t length = text ? strlen(text) : 0;

    if (length == 0 || length >= BYBIT_KEY_MAX)
        return false;
    for (size_t at = 0; at < length; at++)
        if (text[at] <= ' ' || text[at] >= 0x7f || text[at] == '"' || text[at] == '\\')
            return false;
    memcpy(out, text, length + 1);
    return true;
}

enum status bybit_read_key(const char *path, char key[BYBIT_KEY_MAX], char secret[BYBIT_KEY_MAX],
                           struct err *err)
{
    char text[KEY_FILE_MAX];
    ssize_t length;
    json_t *root = NULL;
    bool fine;
    int fd;
    enum status status = open_key(path, &fd, err);

    if (status == OK) {
        length = read(fd, text, sizeof text);
        root = length > 0 ? json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, NULL) : NULL;
        fine = take(root, "key", key) && take(root, "secret", secret);
        explicit_bzero(text, sizeof text);
        if (!fine)
            status =
                refuse(err, path, "is no key file: {\"key\":\"..\",\"secret\":\"..\"} is wanted");
    }
    json_decref(root);
    if (fd >= 0)
        close(fd);
    return status;
}
