/* `audit verify`: recomputes the chain from the rows alone, and holds it against the signed heads
 * that were written down. It shares nothing with the writer but the formats that store/chain.h and
 * store/anchors.h tell, so that a mistake there cannot hide itself here. */
#include "store/verify.h"

#include "thread/log.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_HASHED = 13, HASH = 32, KEYS_MAX = 64, PATH_BYTES = 4200, LINE_BYTES = 2048 };

/* A head that somebody signed, as a line of the anchor file says. */
struct anchor {
    int64_t seq, at_ns, signed_ns, removed;
    unsigned char hash[HASH];
};

struct verifier {
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    unsigned char *bytes; /* of one row, encoded; grows */
    size_t size;
    int64_t rows, head_seq, bad_seq; /* bad_seq 0: none yet */
    int64_t removed;                 /* where the trail begins: retention took what is before */
    unsigned char head[HASH];
    unsigned char key[KEYS_MAX][crypto_sign_PUBLICKEYBYTES];
    size_t keys;
    struct anchor *anchor; /* by seq, ascending */
    size_t anchors, next;  /* next: the first whose row is still to come */
    char reason[200];      /* empty: none yet */
};

static void complain(struct verifier *verifier, int64_t seq, const char *says)
{
    if (seq != 0 && (verifier->bad_seq == 0 || seq < verifier->bad_seq)) {
        verifier->bad_seq = seq;
        (void)snprintf(verifier->reason, sizeof verifier->reason, "%s", says);
    } else if (verifier->reason[0] == '\0') {
        (void)snprintf(verifier->reason, sizeof verifier->reason, "%s", says);
    }
}

/* --- anchors --- */

static enum status fail(struct err *err, const char *path)
{
    return err_format(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path,
                      strerrordesc_np(errno));
}

static bool unhex(const char *text, unsigned char *bytes, size_t size)
{
    size_t length = 0;

    return text && strlen(text) == 2 * size &&
           sodium_hex2bin(bytes, size, text, 2 * size, NULL, &length, NULL) == 0 && length == size;
}

static enum status read_keys(struct verifier *verifier, const char *path, struct err *err)
{
    char line[256];
    FILE *file = fopen(path, "re");

    if (!file)
        return fail(err, path);
    while (fgets(line, sizeof line, file) && verifier->keys < KEYS_MAX) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0' &&
            !unhex(line, verifier->key[verifier->keys++], crypto_sign_PUBLICKEYBYTES)) {
            fclose(file);
            return err_format(err, ERR_DAMAGED, "%s: not a public key in hexadecimal", path);
        }
    }
    fclose(file);
    return verifier->keys > 0 ? OK : err_format(err, ERR_DAMAGED, "%s: holds no key", path);
}

static void put_le(unsigned char *out, int64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)((uint64_t)value >> (8 * i));
}

static bool is_signed(const struct verifier *verifier, const struct anchor *anchor,
                      const unsigned char signature[crypto_sign_BYTES])
{
    unsigned char message[16 + 8 + HASH + 24] = "pitwall-anchor-1";

    put_le(message + 16, anchor->seq);
    memcpy(message + 24, anchor->hash, HASH);
    put_le(message + 24 + HASH, anchor->at_ns);
    put_le(message + 32 + HASH, anchor->signed_ns);
    put_le(message + 40 + HASH, anchor->removed);
    for (size_t i = 0; i < verifier->keys; i++)
        if (crypto_sign_verify_detached(signature, message, sizeof message, verifier->key[i]) == 0)
            return true;
    return false;
}

static int64_t member_ns(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));

    return text ? strtoll(text, NULL, 10) : 0;
}

static bool read_line(const struct verifier *verifier, const char *text, struct anchor *anchor)
{
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    unsigned char signature[crypto_sign_BYTES];
    bool well =
        unhex(json_string_value(json_object_get(line, "hash")), anchor->hash, HASH) &&
        unhex(json_string_value(json_object_get(line, "signature")), signature, sizeof signature);

    anchor->seq = json_integer_value(json_object_get(line, "seq"));
    anchor->removed = json_integer_value(json_object_get(line, "removed_seq"));
    anchor->at_ns = member_ns(line, "at_ns");
    anchor->signed_ns = member_ns(line, "signed_ns");
    json_decref(line);
    return well && is_signed(verifier, anchor, signature);
}

static enum status read_anchors(struct verifier *verifier, const char *path, struct err *err)
{
    char text[LINE_BYTES], says[128];
    FILE *file = fopen(path, "re");
    size_t number = 0;

    if (!file)
        return fail(err, path);
    while (fgets(text, sizeof text, file)) {
        struct anchor *more = realloc(verifier->anchor, (verifier->anchors + 1) * sizeof *more);

        if (!more) {
            fclose(file);
            return err_set(err, ERR_INTERNAL, "out of memory");
        }
        verifier->anchor = more;
        number++;
        if (read_line(verifier, text, &more[verifier->anchors])) {
            verifier->anchors++;
            continue;
        }
        (void)snprintf(says, sizeof says,
                       "line %zu of the anchors is not signed by the audit's key", number);
        complain(verifier, 0, says);
    }
    fclose(file);
    return OK;
}

static int compare_anchors(const void *left, const void *right)
{
    const struct anchor *a = left, *b = right;

    return (a->seq > b->seq) - (a->seq < b->seq);
}

/* Those of a file that the caller names must be there; the directory's own need not. */
static enum status load_anchors(struct verifier *verifier, const struct verify_sources *from,
                                struct err *err)
{
    char path[PATH_BYTES], key[PATH_BYTES], old[PATH_BYTES + 4];
    enum status status;

    (void)snprintf(path, sizeof path, "%s%s", from->anchor_file ? from->anchor_file : from->dir,
                   from->anchor_file ? "" : "/anchors.ndjson");
    (void)snprintf(old, sizeof old, "%s.1", path);
    (void)snprintf(key, sizeof key, "%s%s", from->key_file ? from->key_file : from->dir,
                   from->key_file ? "" : "/audit.pub");
    status = read_keys(verifier, key, err);
    if (status == ERR_NOT_FOUND && !from->key_file && !from->anchor_file)
        return OK; /* a directory of before there were any */
    if (status != OK)
        return status;
    status = read_anchors(verifier, old, err);
    if (status == OK || status == ERR_NOT_FOUND)
        status = read_anchors(verifier, path, err);
    if (status == ERR_NOT_FOUND && !from->anchor_file)
        status = OK;
    if (verifier->anchors > 1)
        qsort(verifier->anchor, verifier->anchors, sizeof *verifier->anchor, compare_anchors);
    return status;
}

/* --- rows --- */

static bool make_room(struct verifier *verifier, size_t size)
{
    unsigned char *more;

    if (size <= verifier->size)
        return true;
    more = realloc(verifier->bytes, 2 * size);
    if (!more)
        return false;
    verifier->bytes = more;
    verifier->size = 2 * size;
    return true;
}

/* The tag follows the type that is really stored: an integer turned into its text is found. */
static size_t put_column(unsigned char *out, sqlite3_stmt *row, int column)
{
    int type = sqlite3_column_type(row, column);
    size_t length;

    if (type == SQLITE_NULL) {
        out[0] = 0;
        return 1;
    }
    if (type == SQLITE_INTEGER) {
        out[0] = 1;
        put_le(out + 1, sqlite3_column_int64(row, column));
        return 9;
    }
    out[0] = 2;
    length = (size_t)sqlite3_column_bytes(row, column);
    for (int i = 0; i < 4; i++)
        out[1 + i] = (unsigned char)(length >> (8 * i));
    memcpy(out + 5, sqlite3_column_text(row, column), length);
    return 5 + length;
}

/* SHA-256 of the hash before and the encoded row. */
static bool hash_row(struct verifier *verifier, sqlite3_stmt *row, unsigned char hash[HASH])
{
    size_t most = HASH, length = HASH;

    for (int column = 0; column < COLUMNS_HASHED; column++) {
        (void)sqlite3_column_text(row, column); /* as UTF-8, so that the length is that of it */
        most += 16 + (size_t)sqlite3_column_bytes(row, column);
    }
    if (!make_room(verifier, most))
        return false;
    memcpy(verifier->bytes, verifier->head, HASH);
    for (int column = 0; column < COLUMNS_HASHED; column++)
        length += put_column(verifier->bytes + length, row, column);
    return EVP_DigestInit_ex2(verifier->digest, verifier->sha256, NULL) == 1 &&
           EVP_DigestUpdate(verifier->digest, verifier->bytes, length) == 1 &&
           EVP_DigestFinal_ex(verifier->digest, hash, NULL) == 1;
}

/* The row must follow its predecessor by one and carry the hash of both. */
static bool row_is_good(struct verifier *verifier, sqlite3_stmt *row)
{
    const void *stored = sqlite3_column_blob(row, COLUMNS_HASHED);
    unsigned char hash[HASH];

    if (sqlite3_column_int64(row, 0) != verifier->head_seq + 1 ||
        sqlite3_column_bytes(row, COLUMNS_HASHED) != HASH || !stored ||
        !hash_row(verifier, row, hash) || memcmp(hash, stored, HASH) != 0)
        return false;
    memcpy(verifier->head, hash, HASH);
    verifier->head_seq++;
    return true;
}

/* Every signed head up to where the chain has come must be this chain's. */
static void check_heads(struct verifier *verifier)
{
    while (verifier->next < verifier->anchors &&
           verifier->anchor[verifier->next].seq <= verifier->head_seq) {
        const struct anchor *anchor = &verifier->anchor[verifier->next++];

        if (anchor->seq == verifier->head_seq && memcmp(anchor->hash, verifier->head, HASH) != 0)
            complain(verifier, anchor->seq,
                     "this row is not the one that was signed: the chain was"
                     " made anew");
    }
}

static enum status read_failed(sqlite3 *db, struct err *err)
{
    int code = sqlite3_errcode(db) & 0xff;

    return err_format(err,
                      code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? ERR_DAMAGED : ERR_STORAGE,
                      "audit.db: read: %s", sqlite3_errmsg(db));
}

/* Where retention has left the trail; a database of before it has no such table. */
static enum status read_start(struct verifier *verifier, sqlite3 *db, struct err *err)
{
    sqlite3_stmt *row;

    if (sqlite3_prepare_v2(db, "SELECT seq, hash FROM audit_anchor ORDER BY seq DESC LIMIT 1", -1,
                           &row, NULL) != SQLITE_OK)
        return sqlite3_errcode(db) == SQLITE_ERROR ? OK : read_failed(db, err);
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_bytes(row, 1) == HASH) {
        verifier->removed = verifier->head_seq = sqlite3_column_int64(row, 0);
        memcpy(verifier->head, sqlite3_column_blob(row, 1), HASH);
    }
    return sqlite3_finalize(row) == SQLITE_OK ? OK : read_failed(db, err);
}

/* One statement is one snapshot: rows that a server adds meanwhile are not seen. */
static enum status verify_rows(struct verifier *verifier, sqlite3 *db, struct err *err)
{
    static const char sql[] = "SELECT seq, at_ns, actor, person, role, kind, scope, old, new,"
                              " reason, request_id, lane, lane_seq, hash FROM audit"
                              " WHERE seq > ? ORDER BY seq";
    sqlite3_stmt *row;
    int answer;

    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
        return read_failed(db, err);
    sqlite3_bind_int64(row, 1, verifier->removed);
    check_heads(verifier);
    while ((answer = sqlite3_step(row)) == SQLITE_ROW) {
        verifier->rows++;
        if (verifier->bad_seq != 0)
            continue;
        if (row_is_good(verifier, row))
            check_heads(verifier);
        else
            complain(verifier, verifier->head_seq + 1,
                     "a row was changed, deleted, inserted or moved");
    }
    sqlite3_finalize(row);
    return answer == SQLITE_DONE ? OK : read_failed(db, err);
}

static int64_t removed_by_heads(const struct verifier *verifier)
{
    int64_t removed = 0;

    for (size_t i = 0; i < verifier->anchors; i++)
        if (verifier->anchor[i].removed > removed)
            removed = verifier->anchor[i].removed;
    return removed;
}

/* Retention may have gone on between our reading of the heads and of the rows; its head is signed
 * within a second. */
static int64_t removed_by_now(const struct verify_sources *from, int64_t wanted)
{
    int64_t removed = 0;

    for (int tries = 0; tries < 10 && removed < wanted; tries++) {
        struct verifier again = {0};
        struct err err;

        sqlite3_sleep(200);
        if (load_anchors(&again, from, &err) == OK)
            removed = removed_by_heads(&again);
        free(again.anchor);
    }
    return removed;
}

/* What only the signed heads can tell. */
static void verify_ends(struct verifier *verifier, const struct verify_sources *from)
{
    int64_t removed = removed_by_heads(verifier);

    if (verifier->anchors > 0 && verifier->removed > removed)
        removed = removed_by_now(from, verifier->removed);
    if (verifier->bad_seq == 0 && verifier->next < verifier->anchors)
        complain(verifier, verifier->head_seq + 1, "rows that were signed are missing at the end");
    if (verifier->anchors > 0 && verifier->removed > removed)
        complain(verifier, removed + 1, "rows were removed that no signed head tells of");
}

/* --- the report --- */

/* head_seq and head_hash are those of the last good row. */
static json_t *report_of(const struct verifier *verifier)
{
    char text[2 * HASH + 1];
    bool ok = verifier->reason[0] == '\0';

    sodium_bin2hex(text, sizeof text, verifier->head, HASH);
    return json_pack(
        "{s:b, s:I, s:I, s:s, s:o, s:I, s:I, s:o}", "ok", ok, "rows", (json_int_t)verifier->rows,
        "head_seq", (json_int_t)verifier->head_seq, "head_hash", text, "first_bad_seq",
        verifier->bad_seq == 0 ? json_null() : json_integer(verifier->bad_seq), "anchors",
        (json_int_t)verifier->anchors, "removed_seq", (json_int_t)verifier->removed, "reason",
        ok ? json_null() : json_string(verifier->reason));
}

static enum status open_rows(const char *dir, sqlite3 **db, struct err *err)
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof path, "%s/audit.db", dir);
    if (sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(*db, 1000) == SQLITE_OK)
        return OK;
    sqlite3_close(*db);
    return err_format(err, ERR_NOT_FOUND, "%s: there is no such database", path);
}

enum status audit_verify(const struct verify_sources *from, json_t **report, struct err *err)
{
    struct verifier verifier = {.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL),
                                .digest = EVP_MD_CTX_new()};
    sqlite3 *db = NULL;
    enum status status = OK;

    *report = NULL;
    if (!verifier.sha256 || !verifier.digest || sodium_init() < 0)
        status = err_set(err, ERR_INTERNAL, "out of memory");
    if (status == OK)
        status = open_rows(from->dir, &db, err);
    if (status == OK) {
        /* The heads first: those that are signed meanwhile are of rows that we do not see. */
        status = load_anchors(&verifier, from, err);
        if (status == OK)
            status = read_start(&verifier, db, err);
        if (status == OK)
            status = verify_rows(&verifier, db, err);
        sqlite3_close(db);
    }
    if (status == OK) {
        verify_ends(&verifier, from);
        *report = report_of(&verifier);
    }
    free(verifier.anchor);
    free(verifier.bytes);
    EVP_MD_CTX_free(verifier.digest);
    EVP_MD_free(verifier.sha256);
    return status;
}
