/* Recomputes the audit chain with code of its own, on a read-only connection, also while a server
 * writes, and holds it against the signed heads (store/anchors.h).
 *
 * Without heads a changed, deleted, inserted or moved row is found. With them also a tail that was
 * cut off (first_bad_seq is the first missing row) and a chain made anew from end to end (the first
 * signed row that is another one). Whoever can write the directory can also write its anchors and
 * its keys: compare with a copy of both that is kept elsewhere.
 *
 * Any thread. Cost: about 1 us a row; memory for the heads and one row. */
#ifndef PITWALL_STORE_VERIFY_H
#define PITWALL_STORE_VERIFY_H

#include "engine.h"

#include <jansson.h>

struct verify_sources {
    const char *dir;
    const char *anchor_file; /* NULL: DIR/anchors.ndjson, if it is there. FILE.1 is read, too */
    const char *key_file;    /* NULL: DIR/audit.pub */
};

/* {"ok","rows","head_seq","head_hash","first_bad_seq","anchors","removed_seq","reason"}.
 * ERR_NOT_FOUND: no database, or no such file of anchors or keys. ERR_DAMAGED: SQLite cannot read
 * the database, or a key file that is none. */
enum status audit_verify(const struct verify_sources *from, json_t **report, struct err *err);

#endif
