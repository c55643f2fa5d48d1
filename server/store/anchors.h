/* Signed heads of the trail, written down elsewhere: what finds a tail that was cut off, and a
 * chain that was made anew from end to end.
 *
 * A head is signed with the Ed25519 key of the data directory (DIR/audit.key, 0600, made at the
 * first start; DIR/audit.pub has the public keys, one in hexadecimal a line, newest last) and
 * appended as one JSON line to DIR/anchors.ndjson or audit.anchor_file, and to the log: at the
 * start, every audit.anchor_s when it has moved, after each commit with a row that a person caused,
 * when retention begins to remove rows, and at the stop.
 *
 *   {"seq":17,"hash":"<64 hex>","at_ns":"..","signed_ns":"..","removed_seq":0,"key":"<64 hex>",
 *    "signature":"<128 hex>"}
 *
 * `removed_seq` is the last row that retention has taken away. What is signed, little endian: the
 * 16 bytes "pitwall-anchor-1", u64 seq, the 32 bytes of the hash, u64 at_ns, u64 signed_ns, u64
 * removed_seq. The rows are made durable before the line is: a head that was written down is never
 * ahead of what a power cut leaves. Above 8 MiB the file goes on anew and FILE.1 holds the old one.
 *
 * The signing has a thread of its own; the audit thread only leaves the head with it. Heads that
 * follow each other within 100 ms become one line, the last. */
#ifndef PITWALL_STORE_ANCHORS_H
#define PITWALL_STORE_ANCHORS_H

#include "config/config.h"
#include "store/chain.h"

struct anchors;

/* Makes or reads the keys, opens the file. ERR_DAMAGED: a key file that is none. Main thread. */
enum status anchors_open(struct anchors **anchors, const char *dir, const struct config *config,
                         struct err *err);
enum status anchors_start(struct anchors *anchors, struct err *err);
/* audit.anchor_s may change while it runs. Any thread. */
void anchors_tune(struct anchors *anchors, const struct config *config);
/* A committed head. `now`: sign it at once. Audit thread (before the start: main). */
void anchors_tell(struct anchors *anchors, const struct audit_writer *head, bool now);
/* Real time of the newest line, 0: none yet. Any thread. */
int64_t anchors_written_ns(const struct anchors *anchors);
/* And the row that it covers; 0: none yet. Any thread. */
uint64_t anchors_written_seq(const struct anchors *anchors);
const char *anchors_path(const struct anchors *anchors);
/* Signs what is not signed yet, and ends the thread. */
void anchors_close(struct anchors *anchors);

#endif
