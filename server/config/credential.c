#include "config/credential.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OTHERS_ANYTHING = 007, GROUP_READS = 040, GROUP_WRITES_OR_RUNS = 030, NOT_OURS_ALONE = 077 };

bool credential_is(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t length = folder ? strlen(folder) : 0;

    /* No folder further down: ".." could lead out of there. */
    return length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/' &&
           !strchr(path + length + 1, '/');
}

static const char *own_fault(const struct stat *about)
{
    if (about->st_uid != geteuid())
        return "belongs to another user";
    return (about->st_mode & NOT_OURS_ALONE) == 0 ? NULL : "may be read by others: chmod 600 it";
}

static bool group_is_ours(gid_t group)
{
    return group == 0 || group == getegid() || group_member(group);
}

const char *credential_fault(const char *path, const struct stat *about)
{
    if (!credential_is(path))
        return own_fault(about);
    if (about->st_uid != geteuid() && about->st_uid != 0)
        return "belongs to another user";
    if ((about->st_mode & OTHERS_ANYTHING) != 0)
        return "may be read by others: mode 0440 is the most that a credential has";
    if ((about->st_mode & GROUP_WRITES_OR_RUNS) != 0)
        return "may be changed by its group: mode 0440 is the most that a credential has";
    if ((about->st_mode & GROUP_READS) != 0 && !group_is_ours(about->st_gid))
        return "may be read by a group that is not ours";
    return NULL;
}
