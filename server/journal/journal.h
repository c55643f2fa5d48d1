/* The journal: two append-only lanes, the truth of a run.
 *
 *   engine   events, written by the engine thread
 *   control  intents, log-ins, refusals, written by the control thread; the payload of a record is
 *            compact JSON (see control/record.h), its cause the command id
 *
 * A lane's memory (base/lane.h) is a shared mapping of DIR/hot-<lane>.lane (or in
 * journal.hot_dir), prefaulted, never synced. The persister thread copies committed records to
 * DIR/journal/<lane>-<first seq>.jnl, adds CRC32C and a SHA-256 chain, syncs at most sync_ms
 * later, publishes the durable sequence, and only then gives the memory free: what is not durable
 * is still in the lane, so that a failed write or sync is done again from there.
 *
 * Disk form, little endian. File header, 64 bytes: magic "PWJNL1\0\0", u32 version, u32 lane,
 * u64 first sequence, u8[32] chain before the first record, zero padding. Record: the 32-byte
 * lane_record with commit = sequence, payload padded to 8 bytes, u32 CRC32C over header and
 * padded payload, u32 zero, u8[32] chain = SHA-256(previous chain || header || padded payload).
 *
 * Crash safety: what was committed before a SIGKILL is found in the hot file at the next open,
 * beyond what the disk has, and copied first of all. A torn disk tail is cut and said; damage with
 * whole records behind it is refused (ERR_DAMAGED). Power loss may take what is not yet durable:
 * the hot file carries the machine's boot id and is believed only within that boot; sequences that
 * were given away are then never given again, and the next file's header says how many are lost
 * (u64 at byte 56).
 *
 * Files: hot.c (mapping, recovery), disk.c (the disk form, writing), journal.c (the persister and
 * those who wait for it), reader.c, snapshot.c and state_fold.c (what the engine's lane comes to).
 * Cost: about 1 us a record in the persister, nothing but the
 * lane's append in a writer. */
#ifndef PITWALL_JOURNAL_JOURNAL_H
#define PITWALL_JOURNAL_JOURNAL_H

#include "config/config.h"

enum journal_lane { JOURNAL_ENGINE, JOURNAL_CONTROL, JOURNAL_LANES };
/* Gates of both lanes. */
enum { JOURNAL_GATE_PERSISTER, JOURNAL_GATE_AUDIT, JOURNAL_GATES };

struct journal;

/* Recovers the tail, opens both lanes after their last sequences. Main thread. The data directory
 * is already locked. `recovered` says in words what was found (for the log and the START row). */
enum status journal_open(struct journal **journal, const char *dir, const struct config *config,
                         char recovered[ERR_TEXT_MAX], struct err *err);
enum status journal_start(struct journal *journal, struct err *err); /* the persister */
/* Copies and syncs the rest, stops the persister. All writers have stopped. */
void journal_close(struct journal *journal);

/* Who is given each record of the engine's lane as the persister copies it: `take` before it is on
 * disk; `copied` when all that was taken is written (not yet synced), with the chain behind `seq`
 * and whether a new file was begun since. Persister's thread. Main thread, before journal_start. */
struct journal_follower {
    void (*take)(void *ctx, const struct lane_record *record, const void *payload);
    void (*copied)(void *ctx, uint64_t seq, const uint8_t *chain, bool new_file);
    void *ctx;
};
void journal_follow(struct journal *journal, const struct journal_follower *follower);

struct lane *journal_lane(struct journal *journal, enum journal_lane lane);
uint64_t journal_durable_seq(const struct journal *journal, enum journal_lane lane);
/* Wakes the persister and waits; false at the deadline or when storage is suspect. */
bool journal_wait_durable(struct journal *journal, enum journal_lane lane, uint64_t seq,
                          int64_t timeout_ms);
/* The merged order of both lanes: a control record that had seen engine sequence s stands behind
 * event s and before event s + 1, whenever it comes to its lane. Its writer takes s from
 * journal_compose(), appends, and says journal_composed(); whoever merges reads the engine's head,
 * then journal_floor(), then the control lane until it is empty, and then no event above either.
 *
 * Why no record (c, s) can come to light after an event e > s was merged: say e was merged in a
 * turn that read the head h >= e, then the floor f >= e, then the control lane to its end.
 *   - compose() ended before f was read, composed() not: then f = s < e. No.
 *   - compose() had begun and not ended: then f = 0 < e. No.
 *   - composed() came before f was read: then c was in the lane, and was found. No.
 *   - compose() began after f was read: it read its s after h was read, so s >= h >= e. No.
 * The four accesses are sequentially consistent, so that "before" is one order for both threads.
 * Control thread; one record at a time. */
uint64_t journal_compose(struct journal *journal);
void journal_composed(struct journal *journal);
/* UINT64_MAX: nothing is being composed. Any thread. */
uint64_t journal_floor(const struct journal *journal);

/* What may change while it runs: sync_ms, keep_bytes, keep_days, low_water. Any thread; the
 * persister takes them over within a second. */
void journal_tune(struct journal *journal, const struct config *config);

/* How it stands with the disk.
 *   STORAGE_LOW      little room is left (or the reserve is used up): new orders do not pass
 *   STORAGE_SUSPECT  a write or sync has failed: nothing new is durable. The persister tries again
 *                    about every 200 ms, from the last sync on; all since then is still in memory
 * Both end by themselves. The engine sees it in the lane (lane_is_suspect). Any thread. */
enum journal_storage { STORAGE_OK, STORAGE_LOW, STORAGE_SUSPECT };
enum journal_storage journal_storage(const struct journal *journal);
const char *journal_storage_name(enum journal_storage storage); /* "suspect" */
bool journal_is_suspect(const struct journal *journal);         /* STORAGE_SUSPECT */
/* Free bytes of the data directory's file system, seen about a second ago; -1: not known. */
int64_t journal_free_bytes(const struct journal *journal);
int64_t journal_total_bytes(const struct journal *journal); /* of that file system; the same */
/* How long the newest sync of the lane took; -1: none yet. Any thread. */
int64_t journal_sync_took_ns(const struct journal *journal, enum journal_lane lane);
/* How often it has got into trouble since the start, and why it did last. */
struct journal_trouble {
    enum journal_storage storage; /* now */
    uint64_t count;
    char why[ERR_TEXT_MAX];
};
void journal_trouble(struct journal *journal, struct journal_trouble *trouble);

/* The sequence to read on from for all records since `at_ns`: a file's first, so some come that are
 * older. A few reads. */
enum status journal_find(const char *dir, enum journal_lane lane, int64_t at_ns, uint64_t *seq,
                         struct err *err);

/* Reading what is on disk: catch-up of the audit store, `journal dump` and `follow`. Any process,
 * also while the persister writes. */
struct journal_reader;
/* `from_seq` 0: from the first that is there. ERR_REMOVED: retention has taken that one; err says
 * which is the first that is there. */
enum status journal_reader_open(struct journal_reader **reader, const char *dir,
                                enum journal_lane lane, uint64_t from_seq, struct err *err);
/* OK: a record (payload valid until the next call); ERR_NOT_FOUND: the end, for now; ERR_DAMAGED:
 * the first bad sequence is in err; ERR_REMOVED: the next file went before it was read. CRC and
 * chain are checked. */
enum status journal_reader_next(struct journal_reader *reader, struct lane_record *record,
                                const void **payload, struct err *err);
/* At the end, to go on when there is more: looks for files that were begun since, and takes its
 * place anew when the one in use was cut back or removed. ERR_REMOVED: what it had not read yet. */
enum status journal_reader_again(struct journal_reader *reader, struct err *err);
/* At the end: bytes that are no whole record, being written or torn. */
uint64_t journal_reader_left(const struct journal_reader *reader);
/* The sequence that comes next; 0: nothing was read. */
uint64_t journal_reader_next_seq(const struct journal_reader *reader);
/* 32 bytes: the chain behind the record that came last. */
const uint8_t *journal_reader_chain(const struct journal_reader *reader);
void journal_reader_close(struct journal_reader *reader);
/* The first sequence that is on disk; 0: none. */
enum status journal_first_seq(const char *dir, enum journal_lane lane, uint64_t *first,
                              struct err *err);

/* Checks a lane whole, with code of its own: headers, CRC, chain, order, joins. A tail that was cut
 * off between two records shows against the lane's hot file, when that lies in `dir`, or against a
 * head that was noted elsewhere. */
enum { JOURNAL_HASH_BYTES = 32 };
struct journal_head {
    uint64_t seq; /* 0: none */
    uint8_t hash[JOURNAL_HASH_BYTES];
};
struct journal_report {
    uint64_t first_seq, records;
    struct journal_head head; /* of the last good record */
    uint64_t bytes;           /* of all files */
    uint64_t torn_bytes;      /* at the end, of a record that is being written or was cut short */
    uint64_t lost;            /* sequences that a power loss took: told in the file headers */
    uint64_t first_bad_seq;   /* the first that is not whole where it belongs; 0: none */
    char why[ERR_TEXT_MAX];   /* it is bad */
};
enum status journal_verify(const char *dir, enum journal_lane lane,
                           const struct journal_head *noted, struct journal_report *report,
                           struct err *err);
const char *journal_lane_name(enum journal_lane lane); /* "engine" */

#endif
