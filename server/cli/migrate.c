/* pitwall migrate --data DIR [--dry-run]: brings audit.db to this program's version. `run` does the
 * same at its start; this is for those who want to see it done before. Forward only. */
#include "cli/client.h"
#include "data_dir.h"
#include "store/database.h"
#include "store/migrations.h"

#include <stdio.h>
#include <unistd.h>

static enum status run_migrations(const char *dir, struct err *err)
{
    sqlite3 *db;
    int lock_fd;
    enum status status = data_dir_lock(dir, &lock_fd, err);

    if (status != OK)
        return status;
    status = database_open_writer(dir, &db, err);
    if (status == OK)
        sqlite3_close(db);
    close(lock_fd);
    return status;
}

int cli_migrate(int argc, char **argv)
{
    struct client_target target = {0};
    bool dry_run = false;
    const struct cli_option options[] = {{"--dry-run", NULL, &dry_run}, {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    int64_t version;
    struct err err = {0};

    if (!problem && !target.dir)
        problem = "--data is missing";
    if (problem)
        return cli_usage("migrate", problem);
    if (database_version(target.dir, &version, &err) != OK)
        return cli_fail("migrate", &err);
    if (!dry_run && version < MIGRATIONS && run_migrations(target.dir, &err) != OK)
        return cli_fail("migrate", &err);
    if (target.json)
        printf("{\"from\":%lld,\"to\":%d,\"done\":%s}\n", (long long)version, MIGRATIONS,
               dry_run ? "false" : "true");
    else if (version == MIGRATIONS)
        printf("audit.db has version %d, as this program\n", MIGRATIONS);
    else
        printf("audit.db: version %lld %s %d\n", (long long)version,
               dry_run ? "would become" : "became", MIGRATIONS);
    return 0;
}
