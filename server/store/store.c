#include "store/store.h"

#include "store/inside.h"
#include "store/query.h"
#include "store/saved.h"
#include "store/verify.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POLL_US = 2000, LAST_SYNC_MS = 2000 };
static const int64_t day_ns = 86400 * 1000000000LL;
static const int64_t batch_ns = 50 * 1000000LL;
static const int64_t idle_checkpoint_ns = 5 * 1000000000LL;
/* A lock that is held by a backup or by somebody's shell is not yet trouble. */
static const int64_t suspect_after_ns = 5 * 1000000000LL;

/* --- the thread --- */

/* The engine's head is read before the floor, and both before the control lane: journal/journal.h
 * tells what that is good for. What is not durable is no row yet: a power loss takes it from the
 * journal, and the database must not know more than that. */
static void take_limits(const struct store *store, uint64_t *engine, uint64_t *control)
{
    const struct lane *lane = store->input[JOURNAL_ENGINE].reader.lane;
    uint64_t head = atomic_load(&lane->shared->head_seq);
    uint64_t floor = journal_floor(store->journal);
    uint64_t durable = journal_durable_seq(store->journal, JOURNAL_ENGINE);

    *engine = head < floor ? head : floor;
    *engine = *engine < durable ? *engine : durable;
    *control = journal_durable_seq(store->journal, JOURNAL_CONTROL);
}

/* At the end nobody writes any more: all of it, when the disk takes it. */
static void take_last_limits(const struct store *store, uint64_t *engine, uint64_t *control)
{
    bool durable = true;

    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        const struct lane *of = store->input[lane].reader.lane;

        durable &= journal_wait_durable(store->journal, (enum journal_lane)lane, lane_head_seq(of),
                                        LAST_SYNC_MS);
    }
    take_limits(store, engine, control);
    if (durable)
        *engine = *control = UINT64_MAX;
}

static bool drain(struct store *store, bool last)
{
    uint64_t limit, control_limit;

    if (last)
        take_last_limits(store, &limit, &control_limit);
    else
        take_limits(store, &limit, &control_limit);
    for (;;) {
        enum journal_lane lane;

        merge_fetch_hot(store, JOURNAL_CONTROL, UINT64_MAX);
        merge_fetch_hot(store, JOURNAL_ENGINE, limit);
        lane = merge_next(store, limit, control_limit);
        if (lane == JOURNAL_LANES)
            return true;
        if (!batch_project(store, lane))
            return false;
        if (store->batch_records >= BATCH_ROWS && !batch_commit(store))
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

/* A head that tells of the rows that go is signed before they do: a second passes in between. */
static void keep_bounds(struct store *store)
{
    if (retention_turn(&store->retention, store->db, &store->projection.audit))
        anchors_tell(store->anchors, &store->projection.audit, true);
}

static void turn(struct store *store, bool last)
{
    uint64_t before =
        store->input[JOURNAL_ENGINE].projected + store->input[JOURNAL_CONTROL].projected;
    uint64_t after;

    if (!drain(store, last) || ((last || commit_is_due(store)) && !batch_commit(store))) {
        batch_fail(store);
        return;
    }
    if (store->failed && !store->in_transaction) {
        log_line(LOG_INFO, "store", "audit.db takes rows again", NULL);
        store->failed = false;
        atomic_store(&store->failing_since_ns, 0);
    }
    after = store->input[JOURNAL_ENGINE].projected + store->input[JOURNAL_CONTROL].projected;
    if (!store->in_transaction && before == after)
        keep_bounds(store);
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

static enum status open_once(struct store *store, bool *is_damaged, struct err *err)
{
    char path[STORE_PATH_MAX + 16];
    enum status status;

    (void)snprintf(path, sizeof path, "%s/audit.db", store->dir);
    status = database_open_file(path, &store->db, is_damaged, err);
    if (status != OK)
        return status;
    status = projection_open(&store->projection, store->db, err);
    if (status == OK)
        status = catch_up_cursors(store, err);
    if (status == OK)
        status = catch_up(store, err);
    *is_damaged = status != OK && (store->damaged || database_is_damaged(store->db));
    return status;
}

static void close_database(struct store *store)
{
    projection_close(&store->projection);
    sqlite3_close(store->db);
    store->db = NULL;
    memset(&store->projection, 0, sizeof store->projection);
    memset(store->input, 0, sizeof store->input);
    store->in_transaction = store->has_operator_row = store->failed = store->damaged = false;
}

/* Its companions belong to it: beside a new file they would be taken for the new one's. */
static enum status set_aside(const struct store *store, struct err *err)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char from[STORE_PATH_MAX + 16], to[STORE_PATH_MAX + 48];
    long long now_s = clock_real_ns() / 1000000000;

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        (void)snprintf(from, sizeof from, "%s/audit.db%s", store->dir, ends[i]);
        (void)snprintf(to, sizeof to, "%s/audit.db.damaged-%lld%s", store->dir, now_s, ends[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return err_format(err, ERR_IO, "%s: cannot be set aside: %s", from,
                              strerrordesc_np(errno));
    }
    log_line(LOG_WARN, "store",
             "audit.db is damaged: it is set aside, and made again from the"
             " journal",
             "file=audit.db.damaged-%lld", now_s);
    return OK;
}

static bool journal_is_whole(const char *dir)
{
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        struct err err;
        uint64_t first;
        enum status status = journal_first_seq(dir, (enum journal_lane)lane, &first, &err);

        if (status != OK || first > 1) /* 0: nothing on disk yet */
            return false;
    }
    return true;
}

/* What SQLite cannot read is made again from the journal, if that has it all: the journal is the
 * truth. What is whole and does not join the journal is never touched. */
static enum status open_or_rebuild(struct store *store, struct err *err)
{
    bool is_damaged, was_there;
    enum status status = open_once(store, &is_damaged, err);

    was_there = store->seen_before;
    if (status != OK && is_damaged) {
        close_database(store);
        if (!journal_is_whole(store->dir)) {
            err_add(err, "; the journal does not begin at 1, so it cannot be made again: restore"
                         " audit.db from a backup (pitwall restore)");
            return err->status = ERR_DAMAGED;
        }
        was_there = true; /* said here */
        status = set_aside(store, err);
        if (status == OK)
            status = open_once(store, &is_damaged, err);
    }
    if (status == OK && !was_there && store->input[JOURNAL_ENGINE].projected != 0)
        log_line(LOG_WARN, "store",
                 "audit.db was missing or empty, and is made again from the"
                 " journal",
                 "rows=%lld", (long long)store->projection.audit.seq);
    return status;
}

static enum status open_all(struct store *store, const struct config *config,
                            struct store_saved *saved, struct err *err)
{
    enum status status = open_or_rebuild(store, err);

    if (status == OK)
        status = projection_begin_run(&store->projection, config, err);
    if (status == OK)
        status = saved_fill(&store->projection, config, saved, err);
    saved->engine_seq_gone = store->engine_seq_gone;
    if (status == OK)
        saved->found = store->input[JOURNAL_ENGINE].projected != 0;
    if (status == OK)
        status = anchors_open(&store->anchors, store->dir, config, err);
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
    opened->retention.dir = opened->dir;
    atomic_store(&opened->retention.keep_ns, config->audit.keep_days * day_ns);
    anchors_tell(opened->anchors, &opened->projection.audit, true);
    atomic_store(&opened->audit_seq, (uint64_t)opened->projection.audit.seq);
    opened->quiet_since_ns = clock_mono_ns();
    *store = opened;
    return OK;
}

void store_tune(struct store *store, const struct config *config)
{
    atomic_store(&store->retention.keep_ns, config->audit.keep_days * day_ns);
    anchors_tune(store->anchors, config);
}

void store_name_kills(struct store *store, struct store_saved *saved)
{
    saved_name_kills(&store->projection, saved);
}

enum status store_start(struct store *store, struct err *err)
{
    enum status status = anchors_start(store->anchors, err);

    if (status == OK)
        status = thread_start(&store->thread, "audit", false, IDLE_PARK, audit_thread, store, err);
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
    anchors_close(store->anchors);
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

bool store_wait_caught_up(const struct store *store, int64_t timeout_ms)
{
    static const struct timespec step = {.tv_nsec = 2000000};
    const struct lane *lane = journal_lane(store->journal, JOURNAL_ENGINE);
    const _Atomic uint64_t *rows = &lane->shared->gate_seq[JOURNAL_GATE_AUDIT];
    int64_t deadline_ns = clock_mono_ns() + timeout_ms * 1000000;
    uint64_t seq = lane_head_seq(lane);

    /* Relaxed: what was committed before is found by SQLite, not by this load. */
    while (atomic_load_explicit(rows, memory_order_relaxed) < seq) {
        if (clock_mono_ns() > deadline_ns)
            return false;
        nanosleep(&step, NULL);
    }
    return true;
}

bool store_is_suspect(const struct store *store)
{
    int64_t since_ns = atomic_load(&store->failing_since_ns);

    return since_ns != 0 && clock_mono_ns() - since_ns > suspect_after_ns;
}

uint64_t store_anchor_seq(const struct store *store)
{
    return anchors_written_seq(store->anchors);
}

int64_t store_anchor_ns(const struct store *store)
{
    return anchors_written_ns(store->anchors);
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

enum status store_audit_verify(const struct store *store, json_t **report, struct err *err)
{
    struct verify_sources from = {.dir = store->dir, .anchor_file = anchors_path(store->anchors)};

    return audit_verify(&from, report, err);
}
