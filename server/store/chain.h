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
 * Audit thread. Cost: about 1 us for the hash, 5 us for the row with its indexes. */
#ifndef PITWALL_STORE_CHAIN_H
#define PITWALL_STORE_CHAIN_H

#include "store/database.h"

#include <openssl/evp.h>

enum { AUDIT_HASH_BYTES = 32, AUDIT_ENCODING_MAX = 128 * 1024 };

struct audit_row {
    int64_t at_ns;
    const char *actor, *person, *role, *kind, *scope, *old_value, *new_value, *reason, *request_id;
    int lane;
    uint64_t lane_seq;
};

struct audit_writer {
    sqlite3_stmt *insert;
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    int64_t seq; /* of the newest row, committed or not */
    uint8_t hash[AUDIT_HASH_BYTES];
    uint8_t encoding[AUDIT_ENCODING_MAX];
};

enum status audit_writer_open(struct audit_writer *writer, sqlite3 *db, struct err *err);
/* Takes the head from the database: at open, and after a rollback. */
enum status audit_writer_load(struct audit_writer *writer, sqlite3 *db, struct err *err);
/* False, and the chain has not moved, when SQLite refuses; the caller rolls back and loads. */
bool audit_append(struct audit_writer *writer, const struct audit_row *row);
void audit_writer_close(struct audit_writer *writer);

#endif
