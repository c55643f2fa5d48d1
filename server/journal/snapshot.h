/* The engine's state on disk: DIR/journal/snapshot-<seq>.snp.
 *
 * Little endian: struct snapshot_head; then each row of carry.h behind its length (u32, and u32 0),
 * padded to 8 bytes; then SHA-256 over all of that. It holds what the records up to `seq` come to,
 * and the value of the journal's chain there: in a journal whose chain is another at that sequence
 * it has no business. Written whole under another name, synced, and renamed; the newest
 * SNAPSHOTS_KEPT stay. The persister's thread, or the main thread before it starts. */
#ifndef PITWALL_JOURNAL_SNAPSHOT_H
#define PITWALL_JOURNAL_SNAPSHOT_H

#include "journal/disk.h"

/* All places in use take some 700 KB. `scratch` below has SNAPSHOT_BYTES_MAX bytes, the
 * caller's. */
enum { SNAPSHOTS_KEPT = 2, SNAPSHOT_BYTES_MAX = 1 << 20 };

struct snapshot_head {
    char magic[8];
    uint32_t version, rows;
    uint64_t seq, bytes; /* of the rows */
    uint8_t chain[CHAIN_BYTES];
};

/* ERR_STORAGE: it could not be written; those of before are still there. */
enum status snapshot_write(const char *dir, const struct carry *carry, uint64_t seq,
                           const uint8_t chain[CHAIN_BYTES], uint8_t *scratch, struct err *err);

/* Into what carry_init() has made. ERR_DAMAGED, with the reason: the carry is then to be made
 * anew. */
enum status snapshot_read(const char *dir, uint64_t seq, struct carry *carry,
                          uint8_t chain[CHAIN_BYTES], uint8_t *scratch, struct err *err);

/* Sequences of those on disk, newest first; how many, at most `most`. */
uint32_t snapshot_list(const char *dir, uint64_t *seqs, uint32_t most);

#endif
