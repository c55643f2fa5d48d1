/* Records become rows in batches: one transaction each, with the cursors of both lanes. */
#include "store/inside.h"

#include "thread/clock.h"
#include "thread/log.h"

static bool begin(struct store *store)
{
    if (store->in_transaction)
        return true;
    if (sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return false;
    store->in_transaction = true;
    store->batch_records = 0;
    store->batch_began_ns = clock_mono_ns();
    store->has_operator_row = false;
    return true;
}

bool batch_project(struct store *store, enum journal_lane lane)
{
    struct input *input = &store->input[lane];
    bool well = begin(store);

    if (well)
        well = lane == JOURNAL_ENGINE
                   ? projection_engine(&store->projection, &input->record, input->payload)
                   : projection_control(&store->projection, &input->record, input->payload);
    if (!well)
        return false;
    input->waits = false;
    input->projected = input->record.commit;
    input->done = input->reader;
    store->batch_records++;
    store->has_operator_row |= lane == JOURNAL_CONTROL;
    return true;
}

static bool put_cursors(struct store *store)
{
    if (!audit_count(&store->projection.audit))
        return false;
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        if (!projection_cursor(&store->projection, (enum journal_lane)lane,
                               store->input[lane].projected))
            return false;
    }
    return true;
}

/* Rows and cursors in one transaction: each record becomes its rows exactly once, whenever we are
 * killed. Only then are the records released to the lane's writer. */
bool batch_commit(struct store *store)
{
    if (!store->in_transaction)
        return true;
    if (!put_cursors(store) || sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return false;
    store->in_transaction = false;
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        struct input *input = &store->input[lane];

        input->durable = input->projected;
        input->committed = input->done;
        if (input->done.lane)
            lane_gate_release(&input->done, JOURNAL_GATE_AUDIT);
    }
    atomic_store_explicit(&store->audit_seq, (uint64_t)store->projection.audit.seq,
                          memory_order_release);
    if (store->anchors)
        anchors_tell(store->anchors, &store->projection.audit, store->has_operator_row);
    return true;
}

/* Back to the last commit: nothing is lost, the lanes still hold it. While this lasts the gate does
 * not move, and the engine stops new orders when its lane is full. */
void batch_fail(struct store *store)
{
    struct err err;
    char says[ERR_TEXT_MAX];

    if (!store->failed)
        log_line(LOG_ERROR, "store", "audit.db refuses, trying again", "why=%s",
                 log_escape(says, sizeof says, sqlite3_errmsg(store->db)));
    if (!store->failed)
        atomic_store(&store->failing_since_ns, clock_mono_ns());
    store->failed = true;
    store->damaged |= database_is_damaged(store->db);
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    store->in_transaction = false;
    if (projection_load(&store->projection, &err) != OK)
        log_line(LOG_ERROR, "store", "audit.db cannot be read", "why=%s",
                 log_escape(says, sizeof says, err.text));
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        struct input *input = &store->input[lane];

        input->reader = input->done = input->committed;
        input->projected = input->durable;
        input->waits = false;
    }
}
