#include "store/chain.h"

#include <string.h>

static const char insert_sql[] =
    "INSERT INTO audit (seq, at_ns, actor, person, role, kind, scope, old, new, reason,"
    " request_id, lane, lane_seq, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
static const char index_sql[] =
    "INSERT INTO audit_text (rowid, actor, scope, old, new, reason, request_id)"
    " VALUES (?,?,?,?,?,?,?)";
static const char count_sql[] = "INSERT INTO audit_counts VALUES (?1, ?2)"
                                " ON CONFLICT DO UPDATE SET rows = rows + ?2";
static const char block_sql[] =
    "INSERT INTO audit_blocks VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET"
    " first_ns = min(first_ns, ?2), last_ns = max(last_ns, ?3)";
/* The newest row, or where retention left the trail when none is left. */
static const char head_sql[] =
    "SELECT seq, hash, at_ns FROM (SELECT * FROM (SELECT seq, hash, at_ns FROM audit"
    " ORDER BY seq DESC LIMIT 1) UNION ALL SELECT * FROM (SELECT seq, hash, at_ns"
    " FROM audit_anchor ORDER BY seq DESC LIMIT 1)) ORDER BY seq DESC LIMIT 1";
/* The number of the lane whose rows people made; see journal/journal.h. */
enum { LANE_OF_PEOPLE = 1 };

enum status audit_writer_open(struct audit_writer *writer, sqlite3 *db, struct err *err)
{
    *writer = (struct audit_writer){0};
    audit_guard(db, false);
    if (sqlite3_prepare_v2(db, insert_sql, -1, &writer->insert, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, index_sql, -1, &writer->index_text, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, count_sql, -1, &writer->count, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, block_sql, -1, &writer->put_block, NULL) != SQLITE_OK)
        return database_fail(db, "prepare", err);
    writer->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    writer->digest = EVP_MD_CTX_new();
    if (!writer->sha256 || !writer->digest)
        return err_set(err, ERR_INTERNAL, "no SHA-256 in OpenSSL");
    return audit_writer_load(writer, db, err);
}

void audit_guard(sqlite3 *db, bool on)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, on ? 1 : 0, NULL);
}

static enum status load_removed(struct audit_writer *writer, sqlite3 *db, struct err *err)
{
    sqlite3_stmt *row;

    if (sqlite3_prepare_v2(db, "SELECT max(seq) FROM audit_anchor", -1, &row, NULL) != SQLITE_OK)
        return database_fail(db, "prepare", err);
    writer->removed = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_finalize(row);
    return OK;
}

enum status audit_writer_load(struct audit_writer *writer, sqlite3 *db, struct err *err)
{
    sqlite3_stmt *statement;
    enum status status = OK;

    int answer;

    if (sqlite3_prepare_v2(db, head_sql, -1, &statement, NULL) != SQLITE_OK)
        return database_fail(db, "prepare", err);
    writer->seq = writer->at_ns = 0;
    memset(writer->hash, 0, sizeof writer->hash);
    memset(writer->uncounted, 0, sizeof writer->uncounted);
    writer->block.rows = 0;
    answer = sqlite3_step(statement);
    if (answer != SQLITE_ROW && answer != SQLITE_DONE)
        status = database_fail(db, "read", err);
    if (answer == SQLITE_ROW) {
        writer->seq = sqlite3_column_int64(statement, 0);
        writer->at_ns = sqlite3_column_int64(statement, 2);
        if (sqlite3_column_bytes(statement, 1) == AUDIT_HASH_BYTES)
            memcpy(writer->hash, sqlite3_column_blob(statement, 1), AUDIT_HASH_BYTES);
        else
            status = err_set(err, ERR_DAMAGED, "audit.db: the newest row has no hash");
    }
    sqlite3_finalize(statement);
    return status == OK ? load_removed(writer, db, err) : status;
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

static bool add_count(struct audit_writer *writer, const char *kind, int64_t rows)
{
    statement_text(writer->count, 1, kind);
    sqlite3_bind_int64(writer->count, 2, rows);
    return statement_run(writer->count);
}

/* In memory until the commit: a statement for each row would be a quarter of its cost. */
static bool note_kind(struct audit_writer *writer, const char *kind)
{
    for (int i = 0; i < AUDIT_KINDS && strlen(kind) < AUDIT_KIND_MAX; i++) {
        if (writer->uncounted[i].rows == 0)
            strcpy(writer->uncounted[i].kind, kind);
        else if (strcmp(writer->uncounted[i].kind, kind) != 0)
            continue;
        writer->uncounted[i].rows++;
        return true;
    }
    return add_count(writer, kind, 1); /* of a newer version, and long, or one too many */
}

static bool put_block(struct audit_writer *writer)
{
    if (writer->block.rows == 0)
        return true;
    sqlite3_bind_int64(writer->put_block, 1, writer->block.number);
    sqlite3_bind_int64(writer->put_block, 2, writer->block.first_ns);
    sqlite3_bind_int64(writer->put_block, 3, writer->block.last_ns);
    writer->block.rows = 0;
    return statement_run(writer->put_block);
}

static bool note_time(struct audit_writer *writer, int64_t seq, int64_t at_ns)
{
    int64_t number = seq / AUDIT_BLOCK_ROWS;

    if (writer->block.number != number && !put_block(writer))
        return false;
    if (writer->block.rows++ == 0) {
        writer->block.number = number;
        writer->block.first_ns = writer->block.last_ns = at_ns;
    }
    if (at_ns < writer->block.first_ns)
        writer->block.first_ns = at_ns;
    if (at_ns > writer->block.last_ns)
        writer->block.last_ns = at_ns;
    return true;
}

bool audit_count(struct audit_writer *writer)
{
    if (!put_block(writer))
        return false;
    for (int i = 0; i < AUDIT_KINDS && writer->uncounted[i].rows != 0; i++) {
        if (!add_count(writer, writer->uncounted[i].kind, writer->uncounted[i].rows))
            return false;
    }
    memset(writer->uncounted, 0, sizeof writer->uncounted);
    return true;
}

static bool names_incident(const char *value)
{
    return value && strstr(value, "\"incident\":\"K");
}

/* AUDIT_IS_SEARCHED of a row that is not there yet. */
static bool is_searched(const struct audit_row *row)
{
    static const char *const routine[] = {"order", "fill", "denial", "gap"};

    if (row->lane == LANE_OF_PEOPLE)
        return true;
    for (size_t i = 0; i < sizeof routine / sizeof *routine; i++)
        if (strcmp(row->kind, routine[i]) == 0)
            return false;
    return row->reason || names_incident(row->old_value) || names_incident(row->new_value);
}

static bool index_row(sqlite3_stmt *put, int64_t seq, const struct audit_row *row)
{
    sqlite3_bind_int64(put, 1, seq);
    statement_text(put, 2, row->actor);
    statement_text(put, 3, row->scope);
    statement_text(put, 4, row->old_value);
    statement_text(put, 5, row->new_value);
    statement_text(put, 6, row->reason);
    statement_text(put, 7, row->request_id);
    return statement_run(put);
}

bool audit_append(struct audit_writer *writer, const struct audit_row *row)
{
    uint8_t hash[AUDIT_HASH_BYTES];
    size_t length = encode(writer->encoding, writer->seq + 1, row);

    if (!chain(writer, length, hash))
        return false;
    bind_row(writer->insert, writer->seq + 1, row, hash);
    if (!statement_run(writer->insert) || !note_kind(writer, row->kind) ||
        !note_time(writer, writer->seq + 1, row->at_ns) ||
        (is_searched(row) && !index_row(writer->index_text, writer->seq + 1, row)))
        return false;
    memcpy(writer->hash, hash, sizeof hash);
    writer->seq++;
    writer->at_ns = row->at_ns;
    return true;
}

void audit_writer_close(struct audit_writer *writer)
{
    sqlite3_finalize(writer->insert);
    sqlite3_finalize(writer->index_text);
    sqlite3_finalize(writer->count);
    sqlite3_finalize(writer->put_block);
    EVP_MD_CTX_free(writer->digest);
    EVP_MD_free(writer->sha256);
}
