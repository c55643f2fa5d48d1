/* The journal: two append-only lanes, the truth of a run.
 *
 *   engine   events, written by the engine thread
 *   control  intents, log-ins, refusals, written by the control thread; the payload of a record is
 *            compact JSON (see control/record.h), its cause the command id
 *
 * A lane's memory (base/lane.h) is a shared mapping of DIR/hot-<lane>.lane (or in
 * journal.hot_dir), prefaulted, never synced. The persister thread copies committed records to
 * DIR/journal/<lane>-<first seq>.jnl, adds CRC32C and a SHA-256 chain, syncs at most sync_ms
 * later, and publishes the durable sequence.
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
/* True once a write or sync has failed; then new orders are denied (busy) and the log says why.
 * The engine sees it because the persister's gate no longer moves. */
bool journal_is_suspect(const struct journal *journal);

/* Reading what is on disk: catch-up of the audit store, `journal dump` and `verify`. */
struct journal_reader;
enum status journal_reader_open(struct journal_reader **reader, const char *dir,
                                enum journal_lane lane, uint64_t from_seq, struct err *err);
/* OK: a record (payload valid until the next call); ERR_NOT_FOUND: the end; ERR_DAMAGED: the first
 * bad sequence is in err. CRC and chain are checked. */
enum status journal_reader_next(struct journal_reader *reader, struct lane_record *record,
                                const void **payload, struct err *err);
/* 32 bytes: the chain behind the record that came last. */
const uint8_t *journal_reader_chain(const struct journal_reader *reader);
void journal_reader_close(struct journal_reader *reader);

#endif
