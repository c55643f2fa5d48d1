/* The audit writer: appends rows to `audit`, each chained to the one before.
 *
 *   hash(0)  32 zero bytes
 *   hash(n)  SHA-256(hash(n-1) || encoding of row n)
 *
 * Encoding: the columns seq, at_ns, actor, person, role, kind, scope, old, new, reason,
 * request_id, lane, lane_seq in this order, each as one byte and its value: 0 null; 1 integer, 8
 * bytes little endian; 2 text, 4 bytes of length little endian and the bytes. Every length is told,
 * so two different rows never have the same encoding.
 *
 * The writer also keeps the rows of each kind counted, and puts what people did (rows of the
 * control lane), and what the engine says with a reason or an incident, into the full-text index;
 * both in the rows' own transaction. Orders, fills, denials and gaps of the engine stay out: they
 * are nearly all rows.
 *
 * Audit thread. Cost: about 1 us for the hash, 5 us for the row with its indexes. */
#ifndef PITWALL_STORE_CHAIN_H
#define PITWALL_STORE_CHAIN_H

#include "store/database.h"

#include <openssl/evp.h>

enum {
    AUDIT_HASH_BYTES = 32,
    AUDIT_ENCODING_MAX = 128 * 1024,
    AUDIT_BLOCK_ROWS = 4096,
    AUDIT_KINDS = 24,
    AUDIT_KIND_MAX = 24
};

/* The rows that the full-text index holds; also in migrations/0005_search.sql. A row must be taken
 * out of it exactly when it was put in. */
#define AUDIT_IS_SEARCHED                                                                          \
    "(lane = 1 OR (kind NOT IN ('order', 'fill', 'denial', 'gap') AND (reason IS NOT NULL OR"      \
    " instr(coalesce(old, '') || coalesce(new, ''), '\"incident\":\"K') > 0)))"

struct audit_row {
    int64_t at_ns;
    const char *actor, *person, *role, *kind, *scope, *old_value, *new_value, *reason, *request_id;
    int lane;
    uint64_t lane_seq;
};

struct audit_writer {
    sqlite3_stmt *insert, *index_text, *count, *put_block;
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    int64_t seq;     /* of the newest row, committed or not */
    int64_t at_ns;   /* its time */
    int64_t removed; /* the last row that retention has taken away; 0: none */
    uint8_t hash[AUDIT_HASH_BYTES];
    /* Not yet in audit_blocks: times of the block being filled; 0 rows: none. */
    struct {
        int64_t rows, number, first_ns, last_ns;
    } block;
    /* Not yet in audit_counts. */
    struct {
        char kind[AUDIT_KIND_MAX];
        int64_t rows;
    } uncounted[AUDIT_KINDS];
    uint8_t encoding[AUDIT_ENCODING_MAX];
};

/* Whether the triggers of the schema hold on this connection. They hold on every one that is
 * opened, but cost a quarter of an insert: so the writer's own, which has only statements of ours,
 * none of which changes, deletes or replaces a row, goes without them, but for the time in which
 * retention deletes. */
void audit_guard(sqlite3 *db, bool on);
/* Takes the triggers off this connection. */
enum status audit_writer_open(struct audit_writer *writer, sqlite3 *db, struct err *err);
/* Takes the head from the database: at open, and after a rollback. */
enum status audit_writer_load(struct audit_writer *writer, sqlite3 *db, struct err *err);
/* False, and the chain has not moved, when SQLite refuses; the caller rolls back and loads. */
bool audit_append(struct audit_writer *writer, const struct audit_row *row);
/* Before each commit: what has been counted since the last one goes to its tables. False as
 * above. */
bool audit_count(struct audit_writer *writer);
void audit_writer_close(struct audit_writer *writer);

#endif
