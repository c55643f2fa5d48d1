/* What the files of the store share: the audit thread's own state, how both lanes become one order,
 * and how that becomes rows. Inside this folder only. */
#ifndef PITWALL_STORE_INSIDE_H
#define PITWALL_STORE_INSIDE_H

#include "store/anchors.h"
#include "store/projection.h"
#include "store/retention.h"

#include <pthread.h>

enum { BATCH_ROWS = 1000, READERS = 2, STORE_PATH_MAX = 4096 };

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
    char dir[STORE_PATH_MAX];
    sqlite3 *db;
    struct journal *journal; /* NULL: a rebuild, from the disk alone */
    struct anchors *anchors; /* NULL: as above */
    struct retention retention;
    struct projection projection;
    struct input input[JOURNAL_LANES];
    bool in_transaction, has_operator_row, failed;
    bool damaged;             /* SQLite cannot read what is in the file */
    uint64_t engine_seq_gone; /* see struct store_saved */
    bool seen_before;         /* it held the cursor of an earlier run when it was opened */
    uint32_t batch_records;
    int64_t batch_began_ns, quiet_since_ns;
    bool checkpointed;
    _Atomic int64_t failing_since_ns; /* monotonic; 0: it takes rows */
    _Atomic uint64_t audit_seq;
    _Atomic bool stop;
    bool running;
    pthread_t thread;
    pthread_mutex_t readers_lock;
    sqlite3 *readers[READERS]; /* idle ones; NULL: lent, or never opened */
};

/* --- merge.c: the one order of both lanes --- */

/* Fetches the next record of a lane, unless one waits: from memory, the engine lane only up to
 * `limit`; or from the disk, where NULL in `disk` then tells of the end. */
void merge_fetch_hot(struct store *store, enum journal_lane lane, uint64_t limit);
enum status merge_fetch_disk(struct store *store, enum journal_lane lane, struct err *err);
/* Which lane's waiting record is next; `limit` is how far the engine lane was fetched, UINT64_MAX
 * when all that it has; a control record above `control_limit` waits. JOURNAL_LANES: none may go on
 * yet. */
enum journal_lane merge_next(const struct store *store, uint64_t limit, uint64_t control_limit);

/* --- batch.c: records become rows, rows are committed --- */

bool batch_project(struct store *store, enum journal_lane lane);
/* Rows and cursors in one transaction. False: SQLite refused; then batch_fail. */
bool batch_commit(struct store *store);
void batch_fail(struct store *store);

/* --- catch_up.c: what an earlier run left in the journal and not yet in the database --- */

enum status catch_up_cursors(struct store *store, struct err *err);
/* ERR_DAMAGED when the journal on disk does not join what the database has. */
enum status catch_up(struct store *store, struct err *err);

#endif
