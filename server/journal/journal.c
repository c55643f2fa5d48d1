#include "journal/journal.h"

#include "journal/inside.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { CONTROL_LANE_BYTES = 1 << 20 };
static const int64_t day_ns = 86400 * 1000000000LL;

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
    if (config->journal.file_bytes != 0)
        copy->disk.file_limit = config->journal.file_bytes;
    status = hot_recover(path, &copy->disk, says, err);
    if (status == OK)
        status = hot_open(&copy->hot, path, capacity, copy->disk.last_seq, err);
    if (status != OK)
        return status;
    lane_reader_init(&copy->reader, &copy->hot.lane, true);
    atomic_store(&copy->durable_seq, copy->disk.last_seq);
    atomic_store(&copy->sync_took_ns, -1);
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

void journal_tune(struct journal *journal, const struct config *config)
{
    atomic_store(&journal->sync_ns, config->journal.sync_ms * 1000000);
    atomic_store(&journal->keep_bytes, config->journal.keep_bytes);
    atomic_store(&journal->keep_ns, config->journal.keep_days * day_ns);
    atomic_store(&journal->low_bytes, config->journal.low_water);
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
    atomic_store(&fresh->composing, UINT64_MAX);
    journal_tune(fresh, config);
    init_lock(fresh);
    status = make_folder(dir, err);
    if (status == OK)
        status = space_open(fresh, err);
    for (int lane = 0; status == OK && lane < JOURNAL_LANES; lane++)
        status = open_lane(fresh, (enum journal_lane)lane, config, recovered, err);
    if (status != OK) {
        free_journal(fresh);
        return err_wrap(err, status, "journal");
    }
    *journal = fresh;
    return OK;
}

enum status journal_start(struct journal *journal, struct err *err)
{
    enum status status = thread_start(&journal->persister, "persister", false, IDLE_PARK,
                                      persister_run, journal, err);

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

uint64_t journal_compose(struct journal *journal)
{
    const struct lane *engine = &journal->copy[JOURNAL_ENGINE].hot.lane;
    uint64_t seq;

    atomic_store(&journal->composing, 0); /* holds the merge back until the sequence is known */
    seq = atomic_load(&engine->shared->head_seq);
    atomic_store(&journal->composing, seq);
    return seq;
}

void journal_composed(struct journal *journal)
{
    atomic_store(&journal->composing, UINT64_MAX);
}

uint64_t journal_floor(const struct journal *journal)
{
    return atomic_load(&journal->composing);
}

uint64_t journal_durable_seq(const struct journal *journal, enum journal_lane lane)
{
    return atomic_load_explicit(&journal->copy[lane].durable_seq, memory_order_acquire);
}

enum journal_storage journal_storage(const struct journal *journal)
{
    return (enum journal_storage)atomic_load(&journal->storage);
}

const char *journal_storage_name(enum journal_storage storage)
{
    static const char *const names[] = {
        [STORAGE_OK] = "ok", [STORAGE_LOW] = "low", [STORAGE_SUSPECT] = "suspect"};

    return names[storage];
}

bool journal_is_suspect(const struct journal *journal)
{
    return journal_storage(journal) == STORAGE_SUSPECT;
}

int64_t journal_free_bytes(const struct journal *journal)
{
    return atomic_load(&journal->free_bytes);
}

int64_t journal_total_bytes(const struct journal *journal)
{
    return atomic_load(&journal->total_bytes);
}

int64_t journal_sync_took_ns(const struct journal *journal, enum journal_lane lane)
{
    return atomic_load_explicit(&journal->copy[lane].sync_took_ns, memory_order_relaxed);
}

void journal_trouble(struct journal *journal, struct journal_trouble *trouble)
{
    pthread_mutex_lock(&journal->lock);
    trouble->storage = journal_storage(journal);
    trouble->count = journal->troubles;
    memcpy(trouble->why, journal->why, sizeof journal->why);
    pthread_mutex_unlock(&journal->lock);
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
