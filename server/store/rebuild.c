/* The projection made anew: the journal is the truth, and the rows follow from it alone. */
#include "store/inside.h"

#include "journal/journal.h"
#include "thread/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status check_free(const char *path, struct err *err)
{
    if (access(path, F_OK) == 0)
        return err_format(err, ERR_USAGE, "%s: is there already; name a new file", path);
    return errno == ENOENT ? OK : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
}

/* Else an empty database would look like an audit in which nothing happened. */
static enum status check_journal(const char *dir, struct err *err)
{
    uint64_t engine_seq = 0;
    uint64_t control_seq = 0;
    enum status status = journal_first_seq(dir, JOURNAL_ENGINE, &engine_seq, err);

    if (status == OK)
        status = journal_first_seq(dir, JOURNAL_CONTROL, &control_seq, err);
    if (status == OK && engine_seq == 0 && control_seq == 0)
        status = err_format(err, ERR_NOT_FOUND, "%s: there is no journal in it", dir);
    return status;
}

static enum status fill(struct store *store, const char *path, struct err *err)
{
    bool is_damaged;
    enum status status = database_open_file(path, &store->db, &is_damaged, err);

    if (status == OK)
        status = projection_open(&store->projection, store->db, err);
    if (status == OK)
        status = catch_up(store, err);
    if (status == OK) /* one file, without companions */
        status = database_run(store->db, "PRAGMA journal_mode = DELETE", err);
    return status;
}

enum status store_rebuild(const char *dir, const char *path, int64_t *rows, struct err *err)
{
    struct store *store = calloc(1, sizeof *store);
    enum status status;

    *rows = 0;
    if (!store)
        return err_set(err, ERR_INTERNAL, "out of memory");
    status = check_free(path, err);
    if (status == OK)
        status = check_journal(dir, err);
    if (status == OK && snprintf(store->dir, sizeof store->dir, "%s", dir) >= STORE_PATH_MAX)
        status = err_set(err, ERR_USAGE, "the data directory's path is too long");
    if (status == OK) {
        status = fill(store, path, err);
        *rows = store->projection.audit.seq;
        projection_close(&store->projection);
        sqlite3_close(store->db);
    }
    free(store);
    return status;
}
