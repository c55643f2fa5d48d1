#include "store/store.h"

#include "store/projection.h"
#include "store/query.h"
#include "store/saved.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH_ROWS = 1000, READERS = 2, PATH_MAX_BYTES = 4096, POLL_US = 2000 };
static const int64_t batch_ns = 50 * 1000000LL;
static const int64_t idle_checkpoint_ns = 5 * 1000000000LL;

/* One lane as the audit thread goes through it. The record that was fetched last waits until its
 * turn in the merged order; only what has been projected and committed is released. */
struct input {
    struct lane_reader reader;    /* behind the record that waits */
    struct lane_reader done;      /* behind the last projected one */
    struct lane_reader committed; /* behind the last committed one */
    struct journal_reader *disk;  /* while catching up */
    uint64_t projected, durable;  /* sequences: projected, and committed as the cursor */
    bool waits;
    struct lane_record record;
    const void *payload;
    uint64_t engine_seq; /* of a control record: the engine sequence it had seen */
    alignas(8) uint8_t bytes[LANE_RECORD_MAX];
};

struct store {
    char dir[PATH_MAX_BYTES];
    sqlite3 *db;
    struct journal *journal;
    struct projection projection;
    struct input input[JOURNAL_LANES];
    bool in_transaction, has_operator_row, failed;
    uint32_t batch_records;
    int64_t batch_began_ns, quiet_since_ns;
    bool checkpointed;
    _Atomic uint64_t audit_seq;
    _Atomic bool stop;
    bool running;
    pthread_t thread;
    pthread_mutex_t readers_lock;
    sqlite3 *readers[READERS]; /* idle ones; NULL: lent, or never opened */
};

/* --- the merged order of both lanes --- */

/* 0 when it tells none: it then comes before all events that wait. */
static uint64_t engine_seq_of(const void *payload, uint32_t length)
{
    json_t *fact = json_loadb(payload, length, 0, NULL);
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(fact, "engine_seq"));

    json_decref(fact);
    return seq;
}

static void fetched(struct input *input, enum journal_lane lane, const void *payload)
{
    input->waits = true;
    input->payload = payload;
    input->engine_seq = lane == JOURNAL_CONTROL ? engine_seq_of(payload, input->record.length) : 0;
}

/* Fetches from memory; the engine lane only up to `limit`. */
static void fetch_hot(struct store *store, enum journal_lane lane, uint64_t limit)
{
    struct input *input = &store->input[lane];
    enum lane_result result;

    if (input->waits || input->reader.next_seq > limit)
        return;
    result = lane_read(&input->reader, &input->record, input->bytes);
    assert(result != LANE_OVERRUN); /* we gate: the writer never overtakes us */
    if (result == LANE_RECORD)
        fetched(input, lane, input->bytes);
}

static enum status fetch_disk(struct store *store, enum journal_lane lane, struct err *err)
{
    struct input *input = &store->input[lane];
    const void *payload;
    enum status status;

    if (input->waits || !input->disk)
        return OK;
    status = journal_reader_next(input->disk, &input->record, &payload, err);
    if (status == OK) {
        fetched(input, lane, payload);
        return OK;
    }
    journal_reader_close(input->disk);
    input->disk = NULL;
    return status == ERR_NOT_FOUND ? OK : status;
}

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

static bool project_waiting(struct store *store, enum journal_lane lane)
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

/* The control record comes behind all events that its writer had seen, and so before the events of
 * the command that it speaks of: those find their actor. */
static bool project_next(struct store *store)
{
    const struct input *engine = &store->input[JOURNAL_ENGINE];
    const struct input *control = &store->input[JOURNAL_CONTROL];

    if (engine->waits && (!control->waits || engine->record.commit <= control->engine_seq))
        return project_waiting(store, JOURNAL_ENGINE);
    return project_waiting(store, JOURNAL_CONTROL);
}

static bool anything_waits(const struct store *store)
{
    return store->input[JOURNAL_ENGINE].waits || store->input[JOURNAL_CONTROL].waits;
}

/* --- commit and failure --- */

static bool put_cursors(struct store *store)
{
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        if (!projection_cursor(&store->projection, (enum journal_lane)lane,
                               store->input[lane].projected))
            return false;
    }
    return true;
}

/* Rows and cursors in one transaction: each record becomes its rows exactly once, whenever we are
 * killed. Only then are the records released to the lane's writer. */
static bool commit(struct store *store)
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
    return true;
}

/* Back to the last commit: nothing is lost, the lanes still hold it. While this lasts the gate does
 * not move, and the engine stops new orders when its lane is full. */
static void fail(struct store *store)
{
    struct err err;
    char says[ERR_TEXT_MAX];

    if (!store->failed)
        log_line(LOG_ERROR, "store", "audit.db refuses, trying again", "why=%s",
                 log_escape(says, sizeof says, sqlite3_errmsg(store->db)));
    store->failed = true;
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

/* --- the thread --- */

/* Fetches control before the engine lane, and the engine lane only up to where it stood before: so
 * whatever event is seen, the record of the person behind it has been seen too. */
static bool drain(struct store *store)
{
    uint64_t limit = lane_head_seq(store->input[JOURNAL_ENGINE].reader.lane);

    for (;;) {
        fetch_hot(store, JOURNAL_CONTROL, UINT64_MAX);
        fetch_hot(store, JOURNAL_ENGINE, limit);
        if (!anything_waits(store))
            return true;
        if (!project_next(store))
            return false;
        if (store->batch_records >= BATCH_ROWS && !commit(store))
            return false;
    }
}

static bool commit_is_due(const struct store *store)
{
    return store->in_transaction &&
           (store->has_operator_row || clock_mono_ns() - store->batch_began_ns >= batch_ns);
}

/* Once nothing has happened for a while the WAL is emptied, so that it cannot grow for ever. */
static void checkpoint_when_quiet(struct store *store, bool busy)
{
    int64_t now_ns = clock_mono_ns();

    if (busy) {
        store->quiet_since_ns = now_ns;
        store->checkpointed = false;
    } else if (!store->checkpointed && now_ns - store->quiet_since_ns > idle_checkpoint_ns) {
        sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        store->checkpointed = true;
    }
}

static void turn(struct store *store, bool last)
{
    uint64_t before =
        store->input[JOURNAL_ENGINE].projected + store->input[JOURNAL_CONTROL].projected;
    uint64_t after;

    if (!drain(store) || ((last || commit_is_due(store)) && !commit(store))) {
        fail(store);
        return;
    }
    if (store->failed && !store->in_transaction) {
        log_line(LOG_INFO, "store", "audit.db takes rows again", NULL);
        store->failed = false;
    }
    after = store->input[JOURNAL_ENGINE].projected + store->input[JOURNAL_CONTROL].projected;
    checkpoint_when_quiet(store, before != after || store->in_transaction);
}

static void *audit_thread(void *ctx)
{
    struct store *store = ctx;

    while (!atomic_load_explicit(&store->stop, memory_order_acquire)) {
        turn(store, false);
        usleep(store->failed ? 100 * POLL_US : POLL_US);
    }
    turn(store, true);
    return NULL;
}

/* --- open --- */

static enum status load_cursors(struct store *store, struct err *err)
{
    sqlite3_stmt *row;

    if (sqlite3_prepare_v2(store->db, "SELECT lane, seq FROM cursors", -1, &row, NULL) != SQLITE_OK)
        return database_fail(store->db, "cursors", err);
    while (sqlite3_step(row) == SQLITE_ROW) {
        int lane = sqlite3_column_int(row, 0);

        if (lane >= 0 && lane < JOURNAL_LANES)
            store->input[lane].projected = store->input[lane].durable =
                (uint64_t)sqlite3_column_int64(row, 1);
    }
    sqlite3_finalize(row);
    return OK;
}

/* After a power cut the database can be ahead of the journal: what it has seen stays a row, and the
 * sequences that the journal gives again are read again. */
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
        input->projected = input->durable = last;
    }
}

static enum status open_disk(struct store *store, struct err *err)
{
    enum status status = OK;

    for (int lane = 0; lane < JOURNAL_LANES && status == OK; lane++) {
        struct input *input = &store->input[lane];

        status = journal_reader_open(&input->disk, store->dir, (enum journal_lane)lane,
                                     input->projected + 1, err);
        if (status == ERR_REMOVED && input->projected == 0) {
            log_line(LOG_WARN, "store", "a new audit.db begins where the journal does", "lane=%d",
                     lane);
            status = journal_reader_open(&input->disk, store->dir, (enum journal_lane)lane, 0, err);
        }
        if (status == ERR_NOT_FOUND) /* nothing on disk yet */
            status = OK;
    }
    return status;
}

static enum status refused(struct store *store, struct err *err)
{
    (void)database_fail(store->db, "catching up", err);
    fail(store);
    return err->status;
}

static enum status fetch_both(struct store *store, struct err *err)
{
    enum status status = fetch_disk(store, JOURNAL_CONTROL, err);

    return status == OK ? fetch_disk(store, JOURNAL_ENGINE, err) : status;
}

/* What an earlier run left in the journal and not yet in the database. */
static enum status catch_up(struct store *store, struct err *err)
{
    enum status status = open_disk(store, err);

    while (status == OK && (status = fetch_both(store, err)) == OK && anything_waits(store)) {
        if (!project_next(store) || (store->batch_records >= BATCH_ROWS && !commit(store)))
            status = refused(store, err);
    }
    if (status == OK && !commit(store))
        status = refused(store, err);
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        if (store->input[lane].disk)
            journal_reader_close(store->input[lane].disk);
        store->input[lane].disk = NULL;
    }
    return status;
}

/* From our own gate: the persister may have moved on already. */
static void join_lanes(struct store *store)
{
    for (int i = 0; i < JOURNAL_LANES; i++) {
        struct input *input = &store->input[i];
        struct lane *lane = journal_lane(store->journal, (enum journal_lane)i);

        input->reader.lane = lane;
        input->reader.read_at = atomic_load(&lane->shared->gate[JOURNAL_GATE_AUDIT]);
        input->reader.next_seq = atomic_load(&lane->shared->gate_seq[JOURNAL_GATE_AUDIT]) + 1;
        input->done = input->committed = input->reader;
        input->projected = input->durable = input->reader.next_seq - 1;
    }
}

static enum status open_all(struct store *store, const struct config *config,
                            struct store_saved *saved, struct err *err)
{
    enum status status = database_open_writer(store->dir, &store->db, err);

    if (status == OK)
        status = projection_open(&store->projection, store->db, err);
    if (status == OK)
        status = load_cursors(store, err);
    if (status != OK)
        return status;
    check_ahead(store);
    status = catch_up(store, err);
    if (status == OK)
        status = projection_begin_run(&store->projection, config, err);
    if (status == OK)
        status = saved_fill(&store->projection, config, saved, err);
    if (status == OK)
        saved->found = store->input[JOURNAL_ENGINE].projected != 0;
    for (int i = 0; i < READERS && status == OK; i++)
        status = database_open_reader(store->dir, &store->readers[i], err);
    return status;
}

enum status store_open(struct store **store, const char *dir, const struct config *config,
                       struct journal *journal, struct store_saved *saved, struct err *err)
{
    struct store *opened = calloc(1, sizeof *opened);
    enum status status;

    *store = NULL;
    if (!opened)
        return err_set(err, ERR_INTERNAL, "out of memory");
    opened->journal = journal;
    pthread_mutex_init(&opened->readers_lock, NULL);
    if (snprintf(opened->dir, sizeof opened->dir, "%s", dir) >= (int)sizeof opened->dir)
        status = err_set(err, ERR_USAGE, "the data directory's path is too long");
    else
        status = open_all(opened, config, saved, err);
    if (status != OK) {
        store_close(opened);
        return status;
    }
    join_lanes(opened);
    atomic_store(&opened->audit_seq, (uint64_t)opened->projection.audit.seq);
    opened->quiet_since_ns = clock_mono_ns();
    *store = opened;
    return OK;
}

void store_name_kills(struct store *store, struct store_saved *saved)
{
    saved_name_kills(&store->projection, saved);
}

enum status store_start(struct store *store, struct err *err)
{
    enum status status =
        thread_start(&store->thread, "audit", false, IDLE_PARK, audit_thread, store, err);

    store->running = status == OK;
    return status;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    atomic_store_explicit(&store->stop, true, memory_order_release);
    if (store->running)
        pthread_join(store->thread, NULL);
    for (int i = 0; i < READERS; i++)
        sqlite3_close(store->readers[i]);
    projection_close(&store->projection);
    sqlite3_close(store->db);
    pthread_mutex_destroy(&store->readers_lock);
    free(store);
}

uint64_t store_audit_seq(const struct store *store)
{
    return atomic_load_explicit(&store->audit_seq, memory_order_acquire);
}

/* --- reading --- */

static sqlite3 *reader_take(struct store *store)
{
    sqlite3 *reader = NULL;

    pthread_mutex_lock(&store->readers_lock);
    for (int i = 0; i < READERS && !reader; i++) {
        reader = store->readers[i];
        store->readers[i] = NULL;
    }
    pthread_mutex_unlock(&store->readers_lock);
    return reader;
}

/* One too many was opened in a busy moment: it is closed again. */
static void reader_give(struct store *store, sqlite3 *reader)
{
    pthread_mutex_lock(&store->readers_lock);
    for (int i = 0; i < READERS && reader; i++) {
        if (!store->readers[i]) {
            store->readers[i] = reader;
            reader = NULL;
        }
    }
    pthread_mutex_unlock(&store->readers_lock);
    sqlite3_close(reader);
}

enum status store_audit_query(struct store *store, const struct store_query *query, json_t **list,
                              struct err *err)
{
    sqlite3 *reader = reader_take(store);
    enum status status = OK;

    if (!reader)
        status = database_open_reader(store->dir, &reader, err);
    if (status != OK)
        return status;
    status = query_run(reader, query, list, err);
    reader_give(store, reader);
    return status;
}
