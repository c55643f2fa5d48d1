/* The judges that read more than the text of their own file: below the same root. */
#include "host/inside.h"

#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small files: a number, a name, a list. False: it cannot be read. */
static bool read_small(const struct host_look *look, const char *path, char *out, size_t size)
{
    char *text = malloc(HOST_TEXT_MAX);
    bool is_read = text && host_read(look->root, path, text) >= 0;

    if (is_read)
        (void)snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
    return is_read;
}

/* ---- the quota of our own cgroup ---------------------------------------------------------- */

/* "9:cpu,cpuacct:/a/b" or "0::/a/b": its path when it is the controller's, else NULL. */
static const char *group_path(const char *line, const char *controller, char *out, size_t size)
{
    const char *names = strchr(line, ':');
    const char *path = names ? strchr(names + 1, ':') : NULL;
    char list[128];
    size_t length = strlen(controller);

    if (!path)
        return NULL;
    (void)snprintf(list, sizeof list, ",%.*s,", (int)(path - names - 1), names + 1);
    for (const char *at = list; (at = strchr(at, ',')); at++)
        if (strncmp(at + 1, controller, length) == 0 && at[length + 1] == ',') {
            (void)snprintf(out, size, "%.*s", (int)strcspn(path + 1, "\n"), path + 1);
            return out;
        }
    return NULL;
}

/* The group and those above it: each of them may have a quota. */
static enum host_answer quota_upwards(const struct host_look *look, const char *mount,
                                      const char *file, const char *none, char *group,
                                      char found[HOST_FOUND_MAX])
{
    char path[HOST_PATH_MAX], value[64];
    enum host_answer said = HOST_CANNOT_TELL;

    for (char *slash = group + strlen(group);; slash = strrchr(group, '/')) {
        if (slash)
            *slash = '\0';
        (void)snprintf(path, sizeof path, "%s%s/%s", mount, group, file);
        if (read_small(look, path, value, sizeof value)) {
            host_tame(found, value);
            if (strncmp(value, none, strlen(none)) != 0)
                return HOST_NO;
            said = HOST_YES;
        }
        if (!slash || group[0] == '\0')
            return said;
    }
}

JUDGE(no_quota)
{
    char group[HOST_PATH_MAX / 2];
    enum host_answer said = HOST_CANNOT_TELL;

    for (const char *line = text; line && *line && said != HOST_NO; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (group_path(line, "cpu", group, sizeof group))
            said =
                quota_upwards(look, "/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "-1", group, found);
        else if (strncmp(line, "0::", 3) == 0 && said == HOST_CANNOT_TELL &&
                 group_path(line, "", group, sizeof group))
            said = quota_upwards(look, "/sys/fs/cgroup", "cpu.max", "max", group, found);
    }
    return said;
}

/* ---- idle states -------------------------------------------------------------------------- */

/* ".../state3/disable": its neighbours tell name and latency. Disabled, or quick to leave. */
JUDGE(shallow)
{
    char path[HOST_PATH_MAX], name[32] = "?", latency[32];
    int folder = (int)(strrchr(look->path, '/') - look->path);
    bool is_off = strtol(text, NULL, 10) != 0;

    (void)snprintf(path, sizeof path, "%.*s/latency", folder, look->path);
    if (!read_small(look, path, latency, sizeof latency))
        return HOST_CANNOT_TELL;
    (void)snprintf(path, sizeof path, "%.*s/name", folder, look->path);
    (void)read_small(look, path, name, sizeof name);
    (void)snprintf(found, HOST_FOUND_MAX, "%s takes %s us%s", name, latency,
                   is_off ? ", disabled" : "");
    return is_off || strtoll(latency, NULL, 10) <= strtoll(look->argument, NULL, 10) ? HOST_YES
                                                                                     : HOST_NO;
}

/* ---- where interrupts go ------------------------------------------------------------------ */

/* Drivers of disks; of a virtio device the queue's name tells what it is. */
static bool is_disk(const char *row)
{
    static const char *const names[] = {"nvme", "ahci", "scsi", "mpt", "megasas", "-req", "blkif"};

    for (size_t at = 0; at < sizeof names / sizeof *names; at++)
        if (strstr(row, names[at]))
            return true;
    return false;
}

/* The numbers of a NIC are files of its device, or of what carries its device (virtio). */
static bool is_net(const struct host_look *look, long number)
{
    static const char *const where[] = {"device/msi_irqs", "device/../msi_irqs"};
    char pattern[HOST_PATH_MAX];
    bool is_there = false;

    for (size_t at = 0; at < 2 && !is_there; at++) {
        glob_t found = {0};

        (void)snprintf(pattern, sizeof pattern, "%s/sys/class/net/*/%s/%ld", look->root, where[at],
                       number);
        is_there = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
        globfree(&found);
    }
    return is_there;
}

static bool row_counts(const char *counts)
{
    char *end;

    for (;; counts = end) {
        long long value = strtoll(counts, &end, 10);

        if (end == counts)
            return false;
        if (value > 0)
            return true;
    }
}

/* Where it goes now, else where it may go. */
static bool goes_to_core(const struct host_look *look, long number)
{
    static const char *const files[] = {"effective_affinity_list", "smp_affinity_list"};
    char path[HOST_PATH_MAX], list[HOST_FOUND_MAX];

    for (size_t at = 0; at < 2; at++) {
        (void)snprintf(path, sizeof path, "/proc/irq/%ld/%s", number, files[at]);
        if (read_small(look, path, list, sizeof list) && list[0])
            return cores_have(list, look->core);
    }
    return false;
}

/* Of those that have ever come: a row without a count is a vector that nobody uses. */
JUDGE(irqs_spare_core)
{
    bool wants_disk = strcmp(look->argument, "disk") == 0;
    unsigned here = 0, all = 0;
    char first[64] = "", row[256];

    for (const char *line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        char *end;
        long number = strtol(line + 1, &end, 10);

        if (*end != ':' || !row_counts(end + 1))
            continue;
        (void)snprintf(row, sizeof row, "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
        if (wants_disk ? !is_disk(row) : !is_net(look, number))
            continue;
        all++;
        if (!goes_to_core(look, number))
            continue;
        here++;
        if (first[0] == '\0') {
            const char *name = strrchr(row, ' ');

            (void)snprintf(first, sizeof first, "%.48s (%ld)", name ? name + 1 : row, number);
        }
    }
    if (all == 0)
        return HOST_CANNOT_TELL;
    (void)snprintf(found, HOST_FOUND_MAX, "%u of %u%s%s", here, all, here ? ": " : "", first);
    return here == 0 ? HOST_YES : HOST_NO;
}

/* ---- the node of a NIC -------------------------------------------------------------------- */

JUDGE(near_core)
{
    char path[HOST_PATH_MAX], list[HOST_FOUND_MAX];
    long node = strtol(text, NULL, 10);

    (void)snprintf(found, HOST_FOUND_MAX, "node %ld", node);
    if (node < 0) /* a machine with one node says -1 */
        return HOST_YES;
    (void)snprintf(path, sizeof path, "/sys/devices/system/node/node%ld/cpulist", node);
    if (!read_small(look, path, list, sizeof list))
        return HOST_CANNOT_TELL;
    return cores_have(list, look->core) ? HOST_YES : HOST_NO;
}
