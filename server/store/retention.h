/* Retention: rows older than audit.keep_days are written to DIR/archive/, then deleted.
 *
 * One step at a time, between two batches while nothing comes in: a slice of at most 50,000 rows is
 * written as gzipped NDJSON (each line an audit item with lane and lane_seq, so that the chain can
 * be computed again from it), synced and hashed; then one transaction puts an anchor row that names
 * it; from then on the trail begins behind that row, and the trigger lets chunks of 5,000 rows at
 * or below it go. The trail never ends up empty: the newest row stays. No API leads here.
 *
 * Audit thread. A step writes or deletes some tens of ms, at most once a second. */
#ifndef PITWALL_STORE_RETENTION_H
#define PITWALL_STORE_RETENTION_H

#include "store/anchors.h"

struct retention {
    const char *dir;
    _Atomic int64_t keep_ns; /* 0: for ever; stored by whoever tunes */
    int64_t looked_ns;       /* monotonic, of the last step */
    bool failed;             /* said once */
};

/* One step, if one is due. True when rows were archived or deleted. */
bool retention_turn(struct retention *retention, sqlite3 *db, struct audit_writer *writer);
/* As above, whatever the time since the last step: for tests. `now_ns` is the real clock's. */
bool retention_step(struct retention *retention, sqlite3 *db, struct audit_writer *writer,
                    int64_t now_ns);

#endif
