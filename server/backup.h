/* Backup of a data directory, also while a server runs, and a new directory from it.
 *
 * A backup is a directory: audit.db, access.db and control.db (copied by SQLite in one step, so
 * each is one moment of it; never as files beside their logs), journal/ (what is on disk: at most
 * 50 ms of a running server are missing; what is torn at the end is cut at the start), archive/,
 * audit.pub, anchors.ndjson and anchors.ndjson.1, epoch, kills; of a directory that nobody holds
 * also its hot lanes (it is not held meanwhile: a start goes on beside it); and MANIFEST.json with
 * size and SHA-256 of each. The hot lanes are copied first, then the heads, and the journal last:
 * no head is ahead of the rows, no row of the journal.
 *
 * The private key stays behind: a restored directory signs with one of its own, and audit.pub
 * holds both. Its epoch is far above, so that ids of orders never repeat beside a directory that
 * went on; and its firm stands killed, until two people resume it. Main thread. */
#ifndef PITWALL_BACKUP_H
#define PITWALL_BACKUP_H

#include "engine.h"

#include <jansson.h>

/* `out` must not exist, or be empty. *manifest is what was written there. What was copied is read
 * back from the disk and checked as a restore would: a copy of something damaged is ERR_DAMAGED. */
enum status backup_make(const char *dir, const char *out, json_t **manifest, struct err *err);
/* Size and hash of each file, each database by SQLite's own integrity_check, the audit's chain with
 * its signed heads, and both lanes of the journal. Writes nothing. ERR_DAMAGED: what does not hold
 * is in err. *manifest is the caller's, or NULL. */
enum status backup_check(const char *from, json_t **manifest, struct err *err);
/* backup_check, before anything is written. `dir` must not exist, or be empty. */
enum status backup_restore(const char *from, const char *dir, json_t **manifest, struct err *err);

#endif
