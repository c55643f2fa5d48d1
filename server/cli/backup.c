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
    return say(&target, manifest, "copied", out);
}

int cli_restore(int argc, char **argv)
{
    struct client_target target = {0};
    const char *from = NULL;
    const struct cli_option options[] = {{"--from", &from, NULL}, {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct err err = {0};
    json_t *manifest = NULL;

    if (!problem && !from)
        problem = "--from is missing: the directory that `pitwall backup` made";
    if (!problem && !target.dir)
        problem = "--data is missing: a directory that is made";
    if (problem)
        return cli_usage("restore", problem);
    if (backup_restore(from, target.dir, &manifest, &err) != OK) {
        json_decref(manifest);
        return cli_fail("restore", &err);
    }
    return say(&target, manifest, "checked and restored; the firm comes up HALTED", target.dir);
}
