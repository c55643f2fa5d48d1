/* `audit verify`: recomputes the chain from the rows alone. It shares nothing with the writer but
 * the format that store/chain.h tells, so that a mistake there cannot hide itself here. */
#include "store/database.h"
#include "store/store.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

struct verifier {
    EVP_MD_CTX *digest;
    int64_t rows, head_seq, bad_seq; /* bad_seq 0: none yet */
    unsigned char head[32];
};

static void feed_integer(EVP_MD_CTX *digest, sqlite3_int64 value, int bytes)
{
    unsigned char little[8];

    for (int i = 0; i < bytes; i++)
        little[i] = (unsigned char)((uint64_t)value >> (8 * i));
    EVP_DigestUpdate(digest, little, (size_t)bytes);
}

/* The tag follows the type that is really stored: an integer turned into its text is found. */
static void feed_column(EVP_MD_CTX *digest, sqlite3_stmt *row, int column)
{
    int type = sqlite3_column_type(row, column);
    unsigned char tag = type == SQLITE_NULL ? 0 : type == SQLITE_INTEGER ? 1 : 2;

    EVP_DigestUpdate(digest, &tag, 1);
    if (tag == 1)
        feed_integer(digest, sqlite3_column_int64(row, column), 8);
    if (tag == 2) {
        const unsigned char *text = sqlite3_column_text(row, column);
        int length = sqlite3_column_bytes(row, column);

        feed_integer(digest, length, 4);
        EVP_DigestUpdate(digest, text, (size_t)length);
    }
}

enum { COLUMNS_HASHED = 13 };

/* The row must follow its predecessor by one and carry the hash of both. */
static bool row_is_good(struct verifier *verifier, sqlite3_stmt *row)
{
    unsigned char hash[32];
    const void *stored = sqlite3_column_blob(row, COLUMNS_HASHED);

    EVP_DigestInit_ex(verifier->digest, EVP_sha256(), NULL);
    EVP_DigestUpdate(verifier->digest, verifier->head, sizeof verifier->head);
    for (int column = 0; column < COLUMNS_HASHED; column++)
        feed_column(verifier->digest, row, column);
    EVP_DigestFinal_ex(verifier->digest, hash, NULL);
    if (sqlite3_column_int64(row, 0) != verifier->head_seq + 1 ||
        sqlite3_column_bytes(row, COLUMNS_HASHED) != (int)sizeof hash || !stored ||
        memcmp(hash, stored, sizeof hash) != 0)
        return false;
    memcpy(verifier->head, hash, sizeof hash);
    verifier->head_seq++;
    return true;
}

/* One statement is one snapshot: rows that a server adds meanwhile are not seen. */
static enum status verify_rows(struct verifier *verifier, sqlite3 *db, struct err *err)
{
    static const char sql[] = "SELECT seq, at_ns, actor, person, role, kind, scope, old, new,"
                              " reason, request_id, lane, lane_seq, hash FROM audit ORDER BY seq";
    sqlite3_stmt *row;
    int answer;

    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
        return database_fail(db, "read", err);
    while ((answer = sqlite3_step(row)) == SQLITE_ROW) {
        verifier->rows++;
        if (verifier->bad_seq == 0 && !row_is_good(verifier, row))
            verifier->bad_seq = verifier->head_seq + 1;
    }
    sqlite3_finalize(row);
    return answer == SQLITE_DONE ? OK : database_fail(db, "read", err);
}

/* head_seq and head_hash are those of the last good row. */
static json_t *report_of(const struct verifier *verifier)
{
    char text[65];

    for (size_t i = 0; i < sizeof verifier->head; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", verifier->head[i]);
    return json_pack("{s:b, s:I, s:I, s:s, s:o}", "ok", verifier->bad_seq == 0, "rows",
                     (json_int_t)verifier->rows, "head_seq", (json_int_t)verifier->head_seq,
                     "head_hash", text, "first_bad_seq",
                     verifier->bad_seq == 0 ? json_null() : json_integer(verifier->bad_seq));
}

enum status store_audit_verify(const char *dir, json_t **report, struct err *err)
{
    struct verifier verifier = {0};
    sqlite3 *db;
    enum status status = database_open_reader(dir, &db, err);

    *report = NULL;
    if (status != OK)
        return status;
    verifier.digest = EVP_MD_CTX_new();
    status = verifier.digest ? verify_rows(&verifier, db, err)
                             : err_set(err, ERR_INTERNAL, "out of memory");
    if (status == OK)
        *report = report_of(&verifier);
    EVP_MD_CTX_free(verifier.digest);
    sqlite3_close(db);
    return status;
}
