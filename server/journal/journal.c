#include "journal/journal.h"

#include "journal/hot.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { CONTROL_LANE_BYTES = 1 << 20, POLL_MS = 1, RECORDS_PER_TURN = 4096 };

/* Both lanes, copied by one thread, the persister. The lock is between it and those who wait for
 * durability; no writer of a lane ever takes it. */
struct journal {
    char dir[CONFIG_TEXT_MAX];
    int64_t sync_ns;
    struct journal_copy {
        struct hot hot;
        struct disk_writer disk;
        struct lane_reader reader;
        int64_t dirty_since_ns; /* 0: all synced */
        _Atomic uint64_t durable_seq;
    } copy[JOURNAL_LANES];
    struct journal_follower follower; /* of the engine's lane; take NULL: none */
    uint8_t payload[LANE_RECORD_MAX];
    _Atomic bool suspect;
    pthread_t persister;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t asked, synced;
    bool sync_now, stop; /* under the lock */
};

static enum status make_folder(const char *dir, struct err *err)
{
    char path[DISK_PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/journal", dir);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    return OK;
}

static enum status open_lane(struct journal *journal, enum journal_lane lane,
                             const struct config *config, char says[ERR_TEXT_MAX], struct err *err)
{
    struct journal_copy *copy = &journal->copy[lane];
    const char *hot_dir = config->journal.hot_dir[0] ? config->journal.hot_dir : journal->dir;
    uint64_t capacity =
        lane == JOURNAL_ENGINE ? (uint64_t)config->journal.hot_bytes : CONTROL_LANE_BYTES;
    char path[DISK_PATH_MAX];
    enum status status = disk_open(&copy->disk, journal->dir, lane, says, err);

    if (status != OK)
        return status;
    (void)snprintf(path, sizeof path, "%s/hot-%s.lane", hot_dir, disk_lane_name(lane));
    status = hot_recover(path, &copy->disk, says, err);
    if (status == OK)
        status = hot_open(&copy->hot, path, capacity, copy->disk.last_seq, err);
    if (status != OK)
        return status;
    lane_reader_init(&copy->reader, &copy->hot.lane, true);
    atomic_store(&copy->durable_seq, copy->disk.last_seq);
    return OK;
}

static void free_journal(struct journal *journal)
{
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        hot_close(&journal->copy[lane].hot);
        if (journal->copy[lane].disk.buffer)
            disk_close(&journal->copy[lane].disk);
    }
    pthread_cond_destroy(&journal->synced);
    pthread_cond_destroy(&journal->asked);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

static void init_lock(struct journal *journal)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&journal->lock, NULL);
    pthread_cond_init(&journal->asked, &monotonic);
    pthread_cond_init(&journal->synced, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

enum status journal_open(struct journal **journal, const char *dir, const struct config *config,
                         char recovered[ERR_TEXT_MAX], struct err *err)
{
    struct journal *fresh = calloc(1, sizeof *fresh);
    enum status status;

    recovered[0] = '\0';
    if (!fresh)
        return err_set(err, ERR_INTERNAL, "out of memory");
    (void)snprintf(fresh->dir, sizeof fresh->dir, "%s", dir);
    fresh->sync_ns = config->journal.sync_ms * 1000000;
    init_lock(fresh);
    status = make_folder(dir, err);
    for (int lane = 0; status == OK && lane < JOURNAL_LANES; lane++)
        status = open_lane(fresh, (enum journal_lane)lane, config, recovered, err);
    if (status != OK) {
        free_journal(fresh);
        return err_wrap(err, status, "journal");
    }
    *journal = fresh;
    return OK;
}

/* --- the persister --- */

static bool is_followed(const struct journal *journal, const struct journal_copy *copy)
{
    return journal->follower.take && copy == &journal->copy[JOURNAL_ENGINE];
}

static enum status copy_records(struct journal *journal, struct journal_copy *copy, uint32_t *moved,
                                struct err *err)
{
    int64_t file_bytes = copy->disk.file_bytes;
    struct lane_record record;
    enum status status = OK;

    for (uint32_t count = 0; status == OK && count < RECORDS_PER_TURN; count++) {
        enum lane_result result = lane_read(&copy->reader, &record, journal->payload);

        assert(result != LANE_OVERRUN); /* this reader gates */
        if (result != LANE_RECORD)
            break;
        status = disk_append(&copy->disk, &record, journal->payload, err);
        if (status == OK && is_followed(journal, copy))
            journal->follower.take(journal->follower.ctx, &record, journal->payload);
        (*moved)++;
    }
    if (status == OK && copy->disk.written_seq != copy->disk.last_seq) {
        status = disk_write(&copy->disk, err);
        if (copy->dirty_since_ns == 0)
            copy->dirty_since_ns = clock_mono_ns();
        if (status == OK && is_followed(journal, copy))
            journal->follower.copied(journal->follower.ctx, copy->disk.written_seq,
                                     copy->disk.chain.value, copy->disk.file_bytes < file_bytes);
    }
    if (status == OK)
        lane_gate_release(&copy->reader, JOURNAL_GATE_PERSISTER);
    return status;
}

static enum status sync_lane(struct journal_copy *copy, struct err *err)
{
    enum status status = disk_sync(&copy->disk, err);

    if (status != OK)
        return status;
    copy->dirty_since_ns = 0;
    /* Pairs with the acquire in journal_durable_seq. */
    atomic_store_explicit(&copy->durable_seq, copy->disk.synced_seq, memory_order_release);
    return OK;
}

static bool is_due(const struct journal *journal, const struct journal_copy *copy)
{
    return copy->dirty_since_ns != 0 && clock_mono_ns() - copy->dirty_since_ns >= journal->sync_ns;
}

/* One turn over both lanes. `all`: sync whatever was written. */
static enum status turn(struct journal *journal, bool all, uint32_t *moved, struct err *err)
{
    enum status status = OK;

    for (int lane = 0; status == OK && lane < JOURNAL_LANES; lane++) {
        struct journal_copy *copy = &journal->copy[lane];

        status = copy_records(journal, copy, moved, err);
        if (status == OK && copy->dirty_since_ns != 0 && (all || is_due(journal, copy)))
            status = sync_lane(copy, err);
    }
    return status;
}

/* The engine denies new orders from its next look at the lane; cancels and kills have the room that
 * is left, as no gate moves any more. */
static void become_suspect(struct journal *journal, const struct err *err)
{
    char text[3 * ERR_TEXT_MAX];

    log_line(LOG_ERROR, "journal", "storage is suspect: no new orders will pass", "why=%s",
             log_escape(text, sizeof text, err->text));
    atomic_store(&journal->suspect, true);
    for (int lane = 0; lane < JOURNAL_LANES; lane++)
        lane_distrust(&journal->copy[lane].hot.lane);
}

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

static void *persist(void *ctx)
{
    struct journal *journal = ctx;
    bool stop = false;

    while (!stop) {
        struct err err;
        uint32_t moved = 0;
        bool all;

        wait_for_work(journal, &all, &stop);
        /* At the stop all writers are done: until nothing is left. */
        do {
            moved = 0;
            if (!atomic_load(&journal->suspect) && turn(journal, all, &moved, &err) != OK)
                become_suspect(journal, &err);
        } while (moved > 0 && stop && !atomic_load(&journal->suspect));
        if (all || atomic_load(&journal->suspect))
            tell_waiters(journal);
    }
    return NULL;
}

enum status journal_start(struct journal *journal, struct err *err)
{
    enum status status =
        thread_start(&journal->persister, "persister", false, IDLE_PARK, persist, journal, err);

    journal->started = status == OK;
    return status;
}

void journal_close(struct journal *journal)
{
    if (journal->started) {
        pthread_mutex_lock(&journal->lock);
        journal->stop = true;
        pthread_cond_signal(&journal->asked);
        pthread_mutex_unlock(&journal->lock);
        pthread_join(journal->persister, NULL);
    }
    free_journal(journal);
}

/* --- for everybody --- */

void journal_follow(struct journal *journal, const struct journal_follower *follower)
{
    assert(!journal->started);
    journal->follower = *follower;
}

struct lane *journal_lane(struct journal *journal, enum journal_lane lane)
{
    return &journal->copy[lane].hot.lane;
}

uint64_t journal_durable_seq(const struct journal *journal, enum journal_lane lane)
{
    return atomic_load_explicit(&journal->copy[lane].durable_seq, memory_order_acquire);
}

bool journal_is_suspect(const struct journal *journal)
{
    return atomic_load(&journal->suspect);
}

bool journal_wait_durable(struct journal *journal, enum journal_lane lane, uint64_t seq,
                          int64_t timeout_ms)
{
    int64_t until_ns = clock_mono_ns() + timeout_ms * 1000000;
    struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    int code = 0;

    pthread_mutex_lock(&journal->lock);
    while (code == 0 && !journal_is_suspect(journal) && journal_durable_seq(journal, lane) < seq) {
        journal->sync_now = true;
        pthread_cond_signal(&journal->asked);
        code = pthread_cond_timedwait(&journal->synced, &journal->lock, &until);
    }
    pthread_mutex_unlock(&journal->lock);
    return journal_durable_seq(journal, lane) >= seq;
}
