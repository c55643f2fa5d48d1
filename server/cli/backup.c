/* pitwall backup and pitwall restore. */
#include "backup.h"
#include "cli/client.h"

#include <stdio.h>

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

int cli_backup(int argc, char **argv)
{
    struct client_target target = {0};
    const char *out = NULL;
    const struct cli_option options[] = {{"--out", &out, NULL}, {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct err err = {0};
    json_t *manifest = NULL;

    if (!problem && !target.dir)
        problem = "--data is missing";
    if (!problem && !out)
        problem = "--out is missing: a directory that is made";
    if (problem)
        return cli_usage("backup", problem);
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
