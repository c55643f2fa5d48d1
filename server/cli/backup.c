/* pitwall backup and pitwall restore. */
#include "backup.h"
#include "cli/backup_every.h"
#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int say(const struct client_target *target, json_t *manifest, const char *what,
               const char *where)
{
    size_t files = json_array_size(json_object_get(manifest, "files"));

    if (target->json)
        cli_print_json(manifest);
    else
        printf("%s: %zu files %s\n", where, files, what);
    json_decref(manifest);
    return 0;
}

/* 0: no number from 1 to `most`. */
static int64_t count_of(const char *text, int64_t most)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    return end == text || *end != '\0' || errno != 0 || value < 1 || value > most ? 0 : value;
}

int cli_backup(int argc, char **argv)
{
    enum { SECONDS_A_MONTH = 31 * 86400, KEEP_MOST = 1000 };
    struct client_target target = {0};
    const char *out = NULL, *every = NULL, *keep = "2";
    const struct cli_option options[] = {{"--out", &out, NULL},
                                         {"--every", &every, NULL},
                                         {"--keep", &keep, NULL},
                                         {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct err err = {0};
    json_t *manifest = NULL;

    if (!problem && !target.dir)
        problem = "--data is missing";
    if (!problem && !out)
        problem = "--out is missing: a directory that is made";
    if (!problem && every && count_of(every, SECONDS_A_MONTH) == 0)
        problem = "--every wants seconds, 1 to a month";
    if (!problem && count_of(keep, KEEP_MOST) == 0)
        problem = "--keep wants how many backups, 1 to 1000";
    if (problem)
        return cli_usage("backup", problem);
    if (every) {
        (void)backup_every(target.dir, out, count_of(every, SECONDS_A_MONTH),
                           (uint32_t)count_of(keep, KEEP_MOST), &err);
        return cli_fail("backup", &err);
    }
    if (backup_make(target.dir, out, &manifest, &err) != OK) {
        json_decref(manifest);
        return cli_fail("backup", &err);
    }
    return say(&target, manifest, "copied and checked", out);
}

int cli_restore(int argc, char **argv)
{
    struct client_target target = {0};
    const char *from = NULL;
    bool check = false;
    const struct cli_option options[] = {
        {"--from", &from, NULL}, {"--check", NULL, &check}, {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct err err = {0};
    json_t *manifest = NULL;
    enum status status;

    if (!problem && !from)
        problem = "--from is missing: the directory that `pitwall backup` made";
    if (!problem && !target.dir && !check)
        problem = "--data is missing: a directory that is made; or --check, which makes none";
    if (!problem && target.dir && check)
        problem = "--check makes no directory: leave out --data";
    if (problem)
        return cli_usage("restore", problem);
    status = check ? backup_check(from, &manifest, &err)
                   : backup_restore(from, target.dir, &manifest, &err);
    if (status != OK) {
        json_decref(manifest);
        return cli_fail("restore", &err);
    }
    if (check)
        return say(&target, manifest, "checked: a restore would take them", from);
    return say(&target, manifest, "checked and restored; the firm comes up HALTED", target.dir);
}
