/* Where in a lane a time lies, file by file. */
#include "journal/disk.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* When a file's first record was made; 0: it has none yet. */
static int64_t first_ns(const char *path)
{
    struct lane_record record;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = -1;

    if (fd < 0)
        return 0;
    got = pread(fd, &record, sizeof record, sizeof(struct disk_header));
    (void)close(fd);
    return got == (ssize_t)sizeof record ? record.at_ns : 0;
}

enum status journal_find(const char *dir, enum journal_lane lane, int64_t at_ns, uint64_t *seq,
                         struct err *err)
{
    char path[DISK_PATH_MAX];
    uint64_t *firsts;
    uint32_t count;
    enum status status = disk_list(dir, lane, &firsts, &count, err);

    *seq = 1;
    if (status != OK)
        return status;
    while (count > 0) {
        int64_t began_ns;

        *seq = firsts[--count];
        disk_path(path, dir, lane, *seq);
        began_ns = first_ns(path);
        if (began_ns != 0 && began_ns <= at_ns)
            break;
    }
    free(firsts);
    return OK;
}
