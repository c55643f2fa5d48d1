#include "store/chain.h"

#include <string.h>

static const char insert_sql[] =
    "INSERT INTO audit (seq, at_ns, actor, person, role, kind, scope, old, new, reason,"
    " request_id, lane, lane_seq, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

enum status audit_writer_open(struct audit_writer *writer, sqlite3 *db, struct err *err)
{
    *writer = (struct audit_writer){0};
    if (sqlite3_prepare_v2(db, insert_sql, -1, &writer->insert, NULL) != SQLITE_OK)
        return database_fail(db, "prepare", err);
    writer->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    writer->digest = EVP_MD_CTX_new();
    if (!writer->sha256 || !writer->digest)
        return err_set(err, ERR_INTERNAL, "no SHA-256 in OpenSSL");
    return audit_writer_load(writer, db, err);
}

enum status audit_writer_load(struct audit_writer *writer, sqlite3 *db, struct err *err)
{
    sqlite3_stmt *statement;
    enum status status = OK;

    if (sqlite3_prepare_v2(db, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", -1,
                           &statement, NULL) != SQLITE_OK)
        return database_fail(db, "prepare", err);
    writer->seq = 0;
    memset(writer->hash, 0, sizeof writer->hash);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        writer->seq = sqlite3_column_int64(statement, 0);
        if (sqlite3_column_bytes(statement, 1) == AUDIT_HASH_BYTES)
            memcpy(writer->hash, sqlite3_column_blob(statement, 1), AUDIT_HASH_BYTES);
        else
            status = err_set(err, ERR_DAMAGED, "audit.db: the newest row has no hash");
    }
    sqlite3_finalize(statement);
    return status;
}

static uint8_t *put_integer(uint8_t *at, int64_t value)
{
    *at++ = 1;
    memcpy(at, &value, sizeof value); /* x86-64 is little endian */
    return at + sizeof value;
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
    uint32_t length = text ? (uint32_t)strlen(text) : 0;

    *at++ = text ? 2 : 0;
    if (!text)
        return at;
    memcpy(at, &length, sizeof length);
    memcpy(at + sizeof length, text, length);
    return at + sizeof length + length;
}

/* A record is at most LANE_RECORD_MAX, and JSON escapes grow it at most sixfold. */
static size_t encode(uint8_t *bytes, int64_t seq, const struct audit_row *row)
{
    const char *const texts[] = {row->actor,     row->person, row->role,
                                 row->kind,      row->scope,  row->old_value,
                                 row->new_value, row->reason, row->request_id};
    uint8_t *at = put_integer(put_integer(bytes, seq), row->at_ns);

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        at = put_text(at, texts[i]);
    at = put_integer(put_integer(at, row->lane), (int64_t)row->lane_seq);
    assert((size_t)(at - bytes) <= AUDIT_ENCODING_MAX);
    return (size_t)(at - bytes);
}

static bool chain(struct audit_writer *writer, size_t length, uint8_t hash[AUDIT_HASH_BYTES])
{
    return EVP_DigestInit_ex2(writer->digest, writer->sha256, NULL) == 1 &&
           EVP_DigestUpdate(writer->digest, writer->hash, AUDIT_HASH_BYTES) == 1 &&
           EVP_DigestUpdate(writer->digest, writer->encoding, length) == 1 &&
           EVP_DigestFinal_ex(writer->digest, hash, NULL) == 1;
}

static void bind_row(sqlite3_stmt *insert, int64_t seq, const struct audit_row *row,
                     const uint8_t hash[AUDIT_HASH_BYTES])
{
    sqlite3_bind_int64(insert, 1, seq);
    sqlite3_bind_int64(insert, 2, row->at_ns);
    statement_text(insert, 3, row->actor);
    statement_text(insert, 4, row->person);
    statement_text(insert, 5, row->role);
    statement_text(insert, 6, row->kind);
    statement_text(insert, 7, row->scope);
    statement_text(insert, 8, row->old_value);
    statement_text(insert, 9, row->new_value);
    statement_text(insert, 10, row->reason);
    statement_text(insert, 11, row->request_id);
    sqlite3_bind_int(insert, 12, row->lane);
    statement_id(insert, 13, row->lane_seq);
    sqlite3_bind_blob(insert, 14, hash, AUDIT_HASH_BYTES, SQLITE_STATIC);
}

bool audit_append(struct audit_writer *writer, const struct audit_row *row)
{
    uint8_t hash[AUDIT_HASH_BYTES];
    size_t length = encode(writer->encoding, writer->seq + 1, row);

    if (!chain(writer, length, hash))
        return false;
    bind_row(writer->insert, writer->seq + 1, row, hash);
    if (!statement_run(writer->insert))
        return false;
    memcpy(writer->hash, hash, sizeof hash);
    writer->seq++;
    return true;
}

void audit_writer_close(struct audit_writer *writer)
{
    sqlite3_finalize(writer->insert);
    EVP_MD_CTX_free(writer->digest);
    EVP_MD_free(writer->sha256);
}
