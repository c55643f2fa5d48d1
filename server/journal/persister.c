/* The persister: copies both lanes to their files, syncs, and when that fails tries again.
 *
 * A lane's gate moves only over what is synced. So at any moment all that is not durable is still
 * in the lane, and a failure costs nothing but time: the file is cut back to its last sync, and
 * the records are read once more. Meanwhile nothing gates but the lane's size; new orders stop at
 * once (lane_distrust), cancels, kills and fills have the rest of it. */
#include "journal/inside.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { POLL_MS = 1, RECORDS_PER_TURN = 4096 };
/* A part of the lane that is not synced yet is synced before its time: the gate must keep up. */
enum { UNSYNCED_PART = 8 };
static const int64_t retry_ns = 200 * 1000000LL;

static bool is_followed(const struct journal *journal, const struct journal_copy *copy)
{
    return journal->follower.take && copy == &journal->copy[JOURNAL_ENGINE];
}

/* Once each, however often it has to be copied. */
static void show(struct journal *journal, struct journal_copy *copy,
                 const struct lane_record *record)
{
    uint64_t seq = atomic_load_explicit(&record->commit, memory_order_relaxed);

    if (!is_followed(journal, copy) || seq <= copy->followed_seq)
        return;
    journal->follower.take(journal->follower.ctx, record, journal->payload);
    copy->followed_seq = seq;
}

static enum status append_new(struct journal *journal, struct journal_copy *copy, uint32_t *moved,
                              struct err *err)
{
    struct lane_record record;
    enum status status = OK;

    for (uint32_t count = 0; status == OK && count < RECORDS_PER_TURN; count++) {
        enum lane_result result = lane_read(&copy->reader, &record, journal->payload);

        assert(result != LANE_OVERRUN); /* this reader gates */
        if (result != LANE_RECORD)
            break;
        (*moved)++;
        /* Of another try: a file that was begun anew was synced before the failure. */
        if (atomic_load_explicit(&record.commit, memory_order_relaxed) > copy->disk.last_seq)
            status = disk_append(&copy->disk, &record, journal->payload, err);
        if (status == OK)
            show(journal, copy, &record);
    }
    return status;
}

static enum status copy_records(struct journal *journal, struct journal_copy *copy, uint32_t *moved,
                                struct err *err)
{
    enum status status = append_new(journal, copy, moved, err);

    if (status == OK && copy->disk.written_seq != copy->disk.last_seq) {
        status = disk_write(&copy->disk, err);
        if (copy->dirty_since_ns == 0)
            copy->dirty_since_ns = clock_mono_ns();
    }
    return status;
}

static enum status sync_lane(struct journal *journal, struct journal_copy *copy, struct err *err)
{
    int64_t began_ns = clock_mono_ns();
    enum status status = disk_sync(&copy->disk, err);

    if (status != OK)
        return status;
    atomic_store_explicit(&copy->sync_took_ns, clock_mono_ns() - began_ns, memory_order_relaxed);
    copy->dirty_since_ns = 0;
    assert(copy->reader.next_seq == copy->disk.synced_seq + 1);
    lane_gate_release(&copy->reader, JOURNAL_GATE_PERSISTER);
    /* Pairs with the acquire in journal_durable_seq. */
    atomic_store_explicit(&copy->durable_seq, copy->disk.synced_seq, memory_order_release);
    if (is_followed(journal, copy))
        journal->follower.copied(journal->follower.ctx, copy->disk.synced_seq,
                                 copy->disk.chain.value,
                                 copy->disk.file_bytes < copy->followed_bytes);
    copy->followed_bytes = copy->disk.file_bytes;
    return OK;
}

static bool is_due(const struct journal *journal, const struct journal_copy *copy)
{
    const struct lane *lane = &copy->hot.lane;
    uint64_t gate = atomic_load_explicit(&lane->shared->gate[JOURNAL_GATE_PERSISTER],
                                         memory_order_relaxed); /* ours alone */

    return clock_mono_ns() - copy->dirty_since_ns >= journal->sync_ns ||
           copy->reader.read_at - gate > lane->capacity / UNSYNCED_PART;
}

static enum status turn_lane(struct journal *journal, struct journal_copy *copy, bool all,
                             uint32_t *moved, struct err *err)
{
    enum status status = copy_records(journal, copy, moved, err);

    if (status == OK && copy->dirty_since_ns != 0 && (all || is_due(journal, copy)))
        status = sync_lane(journal, copy, err);
    copy->failed = status != OK;
    return status;
}

/* One turn over both lanes; one that has failed does not hold the other up. `all`: sync whatever
 * was written. */
static enum status turn(struct journal *journal, bool all, uint32_t *moved, struct err *err)
{
    enum status worst = OK;

    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        struct journal_copy *copy = &journal->copy[lane];
        struct err inner;

        if (copy->failed || turn_lane(journal, copy, all, moved, &inner) == OK)
            continue;
        *err = inner;
        worst = inner.status;
    }
    return worst;
}

/* --- trouble --- */

/* What all others see of it; the lanes first, so that nobody orders on an "ok" that is none. */
static void publish(struct journal *journal)
{
    enum journal_storage now = journal->is_failing     ? STORAGE_SUSPECT
                               : journal->space.is_low ? STORAGE_LOW
                                                       : STORAGE_OK;

    if (now == journal_storage(journal))
        return;
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        if (now == STORAGE_OK)
            lane_trust(&journal->copy[lane].hot.lane);
        else
            lane_distrust(&journal->copy[lane].hot.lane);
    }
    pthread_mutex_lock(&journal->lock);
    if (journal_storage(journal) == STORAGE_OK)
        journal->troubles++;
    atomic_store(&journal->storage, now);
    pthread_mutex_unlock(&journal->lock);
}

static void note_why(struct journal *journal, const char *why)
{
    pthread_mutex_lock(&journal->lock);
    (void)snprintf(journal->why, sizeof journal->why, "%s", why);
    pthread_mutex_unlock(&journal->lock);
}

static void become_suspect(struct journal *journal, const struct err *err)
{
    char text[3 * ERR_TEXT_MAX];

    if (!journal->is_failing)
        log_line(LOG_ERROR, "journal", "storage is suspect: no new orders will pass", "why=%s",
                 log_escape(text, sizeof text, err->text));
    journal->is_failing = true;
    journal->retry_ns = clock_mono_ns() + retry_ns;
    note_why(journal, err->text);
    publish(journal);
}

static void become_well(struct journal *journal)
{
    log_line(LOG_WARN, "journal", "storage takes all again", NULL);
    journal->is_failing = false;
    publish(journal);
}

/* Back to what is surely on the disk. */
static enum status rewind_lane(struct journal_copy *copy, struct err *err)
{
    enum status status = disk_rewind(&copy->disk, err);

    if (status != OK)
        return status;
    lane_reader_init(&copy->reader, &copy->hot.lane, true);
    copy->dirty_since_ns = 0;
    copy->failed = false;
    return OK;
}

static bool is_all_synced(const struct journal *journal)
{
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        if (journal->copy[lane].failed || journal->copy[lane].dirty_since_ns != 0)
            return false;
    }
    return true;
}

static bool is_full(const struct journal *journal)
{
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        int code = journal->copy[lane].disk.failed_errno;

        if (journal->copy[lane].failed && (code == ENOSPC || code == EDQUOT))
            return true;
    }
    return false;
}

/* Another try, from the last sync on. */
static void try_again(struct journal *journal, uint32_t *moved)
{
    struct err err;
    enum status status = OK;

    if (is_full(journal))
        space_give_reserve(journal);
    for (int lane = 0; status == OK && lane < JOURNAL_LANES; lane++) {
        if (journal->copy[lane].failed)
            status = rewind_lane(&journal->copy[lane], &err);
    }
    if (status == OK)
        status = turn(journal, true, moved, &err);
    if (status != OK)
        become_suspect(journal, &err);
    else if (is_all_synced(journal))
        become_well(journal);
}

static void work(struct journal *journal, bool all, uint32_t *moved)
{
    struct err err;

    if (journal->is_failing && (all || clock_mono_ns() >= journal->retry_ns))
        try_again(journal, moved);
    else if (turn(journal, all, moved, &err) != OK)
        become_suspect(journal, &err);
}

/* --- the thread --- */

static void wait_for_work(struct journal *journal, bool *all, bool *stop)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += POLL_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_mutex_lock(&journal->lock);
    if (!journal->sync_now && !journal->stop)
        (void)pthread_cond_timedwait(&journal->asked, &journal->lock, &until);
    *all = journal->sync_now || journal->stop;
    *stop = journal->stop;
    journal->sync_now = false;
    pthread_mutex_unlock(&journal->lock);
}

static void tell_waiters(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    pthread_cond_broadcast(&journal->synced);
    pthread_mutex_unlock(&journal->lock);
}

static void look_around(struct journal *journal)
{
    bool was_low = journal->space.is_low;

    space_look(journal, clock_mono_ns());
    if (journal->space.is_low && !was_low)
        note_why(journal, "little room is left");
    publish(journal);
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        struct journal_copy *copy = &journal->copy[lane];
        struct err err;

        if (copy->failed || !disk_is_gone(&copy->disk))
            continue;
        copy->failed = true;
        (void)err_format(&err, ERR_STORAGE, "the %s lane's file in %s/journal has been removed",
                         disk_lane_name((enum journal_lane)lane), journal->dir);
        become_suspect(journal, &err);
    }
    retention_look(journal);
}

void *persister_run(void *ctx)
{
    struct journal *journal = ctx;
    bool stop = false;

    look_around(journal);
    while (!stop) {
        uint32_t moved;
        bool all;

        wait_for_work(journal, &all, &stop);
        /* At the stop all writers are done: until nothing is left. What a failing disk does not
         * take then stays in the hot file for the next start. */
        do {
            moved = 0;
            work(journal, all, &moved);
        } while (moved > 0 && stop && !journal->is_failing);
        if (all || journal->is_failing)
            tell_waiters(journal);
        if (clock_mono_ns() - journal->space.looked_ns >= 1000000000LL)
            look_around(journal);
    }
    return NULL;
}
