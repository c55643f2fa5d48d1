/* What the files of the journal share: struct journal. Inside this folder only.
 *
 * journal.c opens, closes and answers; persister.c is the thread that copies; space.c watches the
 * free space and keeps the reserve; retention.c removes old files. The persister owns all but what
 * is marked. */
#ifndef PITWALL_JOURNAL_INSIDE_H
#define PITWALL_JOURNAL_INSIDE_H

#include "journal/hot.h"

#include <pthread.h>

/* Free space of the data directory and the reserve. */
struct space {
    int64_t low_bytes;  /* below: a warning; 0: nothing is watched; as of the last look */
    int64_t stop_bytes; /* below: no new orders; up to twice that until they pass again */
    int64_t reserve_bytes;
    bool has_reserve, is_low, warned;
    int64_t looked_ns;
};

struct journal {
    char dir[CONFIG_TEXT_MAX];
    /* Stored by whoever tunes, read by the persister; each stands for itself: relaxed. */
    _Atomic int64_t sync_ns, keep_bytes, keep_ns, low_bytes;
    struct journal_copy {
        struct hot hot;
        struct disk_writer disk;
        struct lane_reader reader;
        int64_t dirty_since_ns; /* 0: all synced */
        bool failed;            /* its tail must be cut and copied again */
        uint64_t followed_seq;  /* given to the follower */
        int64_t followed_bytes; /* of the file, when the follower was last told of a sync */
        _Atomic uint64_t durable_seq;
        _Atomic int64_t sync_took_ns; /* of the newest sync; -1: none yet */
    } copy[JOURNAL_LANES];
    struct journal_follower follower; /* of the engine's lane; take NULL: none */
    uint8_t payload[LANE_RECORD_MAX];
    bool is_failing;
    int64_t retry_ns;
    struct space space;
    _Atomic int64_t free_bytes, total_bytes;
    _Atomic uint32_t storage; /* enum journal_storage; stored under the lock */
    _Atomic uint64_t removed_files;
    _Atomic uint64_t composing; /* see journal_compose; UINT64_MAX: nothing */
    pthread_t persister;
    bool started; /* main thread */
    pthread_mutex_t lock;
    pthread_cond_t asked, synced;
    bool sync_now, stop;    /* under the lock */
    uint64_t troubles;      /* how often it has left STORAGE_OK; under the lock */
    char why[ERR_TEXT_MAX]; /* of the last one; under the lock */
};

void *persister_run(void *journal);

/* Main thread, at open: refuses a file system that cannot carry audit.db safely, makes the reserve
 * when there is room for it. */
enum status space_open(struct journal *journal, struct err *err);
/* Persister: looks once a second. */
void space_look(struct journal *journal, int64_t now_ns);
/* Persister, on a write that failed: what was kept for this moment is given free. */
void space_give_reserve(struct journal *journal);

/* Persister, once a second: removes whole old files that nobody needs any more. */
void retention_look(struct journal *journal);

#endif
