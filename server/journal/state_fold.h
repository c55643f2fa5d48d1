/* The engine's state as its events tell it: recovered at a start, followed while it runs.
 *
 * At a start: the newest snapshot that is whole and belongs to this journal, and the records after
 * it; failing that the one before, failing that the whole journal. While running the persister
 * gives it each record that it copies (tens of ns); it writes a snapshot (snapshot.h) every
 * journal.snapshot_records and with each new file of the lane, and compares each STATE_HASH of the
 * engine with its own. A snapshot costs the persister about 1 ms and a sync of some 300 KB; one
 * that cannot be written is said in the log and tried again with the next: the journal has it all.
 *
 * Owned by the main thread until journal_start(), then by the persister. */
#ifndef PITWALL_JOURNAL_STATE_FOLD_H
#define PITWALL_JOURNAL_STATE_FOLD_H

#include "journal/journal.h"

struct state_fold;

struct state_found {
    struct carry *carry;     /* the fold's own; for the main thread until the persister starts */
    uint64_t seq;            /* of the last record that is in it; 0: the journal was empty */
    uint64_t from_snapshot;  /* sequence; 0: none */
    uint64_t read;           /* records after it */
    bool is_sure;            /* false: records are missing, or it is not what the engine had */
    char says[ERR_TEXT_MAX]; /* what was passed over, in words; empty: nothing */
};

/* After journal_open() and before journal_start(). ERR_DAMAGED: the journal cannot be read. */
enum status state_fold_open(struct state_fold **fold, const char *dir, struct journal *journal,
                            int64_t snapshot_records, struct state_found *found, struct err *err);
/* Persister's thread, once: what the engine said at `seq` is not what its events come to. */
typedef void (*state_differs_fn)(void *ctx, uint64_t seq);
void state_fold_on_difference(struct state_fold *fold, state_differs_fn differs, void *ctx);
/* Main thread: from its return on nobody is told. */
void state_fold_quiet(struct state_fold *fold);
/* After journal_close(); writes a last snapshot. May be NULL. */
void state_fold_close(struct state_fold *fold);
/* The same without a snapshot: nothing on disk is touched. */
void state_fold_drop(struct state_fold *fold);

#endif
