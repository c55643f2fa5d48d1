/* What an earlier run left in the journal and not yet in the database; all of it, for a rebuild. */
#include "store/inside.h"

#include "thread/log.h"
#include "thread/service.h"

enum status catch_up_cursors(struct store *store, struct err *err)
{
    sqlite3_stmt *row;

    if (sqlite3_prepare_v2(store->db, "SELECT lane, seq FROM cursors", -1, &row, NULL) != SQLITE_OK)
        return database_fail(store->db, "cursors", err);
    while (sqlite3_step(row) == SQLITE_ROW) {
        int lane = sqlite3_column_int(row, 0);

        store->seen_before = true;
        if (lane >= 0 && lane < JOURNAL_LANES)
            store->input[lane].projected = store->input[lane].durable =
                (uint64_t)sqlite3_column_int64(row, 1);
    }
    store->damaged = database_is_damaged(store->db);
    return sqlite3_finalize(row) == SQLITE_OK ? OK : database_fail(store->db, "cursors", err);
}

/* Only what is durable becomes a row: a journal that ends before was cut, or is an older one, and
 * what it would say is held may be wrong. What was seen stays a row; the sequences that the journal
 * gives again are read again. */
static void check_ahead(struct store *store)
{
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        struct input *input = &store->input[lane];
        uint64_t last = lane_head_seq(journal_lane(store->journal, (enum journal_lane)lane));

        if (input->projected <= last)
            continue;
        log_line(LOG_WARN, "store", "audit.db has seen more than the journal has kept",
                 "lane=%d audit=%llu journal=%llu", lane, (unsigned long long)input->projected,
                 (unsigned long long)last);
        if (lane == JOURNAL_ENGINE)
            store->engine_seq_gone = input->projected;
        input->projected = input->durable = last;
    }
}

/* Rows of records that are gone cannot be made any more. */
static enum status check_joins(struct store *store, enum journal_lane lane, struct err *err)
{
    uint64_t next = store->input[lane].projected + 1, first;
    enum status status = journal_first_seq(store->dir, lane, &first, err);

    if (status != OK || first <= next) /* 0: nothing on disk yet */
        return status;
    return err_format(err, ERR_DAMAGED,
                      "audit.db needs the %s lane from sequence %llu, and the journal begins at"
                      " %llu: restore audit.db from a backup (pitwall restore)",
                      lane == JOURNAL_ENGINE ? "engine" : "control", (unsigned long long)next,
                      (unsigned long long)first);
}

static enum status open_disk(struct store *store, struct err *err)
{
    enum status status = OK;

    for (int lane = 0; lane < JOURNAL_LANES && status == OK; lane++) {
        struct input *input = &store->input[lane];

        status = check_joins(store, (enum journal_lane)lane, err);
        if (status != OK)
            return status;
        status = journal_reader_open(&input->disk, store->dir, (enum journal_lane)lane,
                                     input->projected + 1, err);
        if (status == ERR_NOT_FOUND) /* nothing on disk yet */
            status = OK;
    }
    return status;
}

static enum status refused(struct store *store, struct err *err)
{
    (void)database_fail(store->db, "catching up", err);
    batch_fail(store);
    return err->status;
}

static enum status fetch_both(struct store *store, struct err *err)
{
    enum status status = merge_fetch_disk(store, JOURNAL_CONTROL, err);

    return status == OK ? merge_fetch_disk(store, JOURNAL_ENGINE, err) : status;
}

/* What an earlier run left in the journal and not yet in the database. */
enum status catch_up(struct store *store, struct err *err)
{
    enum journal_lane next;
    enum status status;

    if (store->journal)
        check_ahead(store);
    status = open_disk(store, err);
    while (status == OK && (status = fetch_both(store, err)) == OK &&
           (next = merge_next(store, UINT64_MAX, UINT64_MAX)) != JOURNAL_LANES) {
        if (!batch_project(store, next) ||
            (store->batch_records >= BATCH_ROWS && !batch_commit(store)))
            status = refused(store, err);
        service_progress("writing the audit", store->input[next].projected);
    }
    if (status == OK && !batch_commit(store))
        status = refused(store, err);
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        if (store->input[lane].disk)
            journal_reader_close(store->input[lane].disk);
        store->input[lane].disk = NULL;
    }
    return status;
}
