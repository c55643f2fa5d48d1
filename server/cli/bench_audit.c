/* The audit trail: ingest beside a bare insert, a filtered page beside the newest, verify beside a
 * bare scan.
 *
 * Ingest: the writer (chain, trigger, counters, times of blocks; the full-text index has people's
 * rows, one in a thousand) against a prepared insert of the same columns into the same table with
 * the same indexes, without triggers, chain or search; both in batches of 1,000, in turns.
 * Pages and verify run on ROWS rows, or what PITWALL_BENCH_ROWS says. */
#include "cli/bench.h"
#include "store/chain.h"
#include "store/query.h"
#include "store/verify.h"
#include "thread/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ROWS_FULL = 10000000,
    ROWS_QUICK = 200000,
    INGEST_ROWS = 100000,
    BATCH = 1000,
    ROUNDS_INGEST = 7,
    ROUNDS_VERIFY = 3,
    PAGES = 2000,
    PAGE_ROWS = 50,
    PEOPLE_EVERY = 1000,
};

struct trail {
    char dir[64];
    sqlite3 *db;
    struct audit_writer writer;
    sqlite3_stmt *bare;
    int64_t seq;
    uint64_t random;
};

/* Rows like those of a busy day: orders and their states, a fill now and then, seldom a person. */
struct made_row {
    struct audit_row row;
    char value[256], actor[32], scope[48];
};

static uint64_t draw(struct trail *trail)
{
    trail->random = trail->random * 6364136223846793005ULL + 1442695040888963407ULL;
    return trail->random >> 33;
}

static void make_row(struct trail *trail, int64_t seq, struct made_row *made)
{
    static const char *const kinds[] = {"order", "order", "order", "fill", "denial", "order"};
    bool person = seq % PEOPLE_EVERY == 0;

    (void)snprintf(made->value, sizeof made->value,
                   "{\"id\":\"PW3CB00001-%llX\",\"instrument\":\"sim:BTCUSDT\",\"side\":\"buy\","
                   "\"price\":\"61698.8\",\"qty\":\"0.02\",\"state\":\"WORKING\",\"generation\":1}",
                   (unsigned long long)seq);
    (void)snprintf(made->actor, sizeof made->actor, person ? "risk%llu" : "strategy/s%llu",
                   (unsigned long long)(draw(trail) % 12));
    (void)snprintf(made->scope, sizeof made->scope, "instrument/sim:I%llu",
                   (unsigned long long)(draw(trail) % 30));
    made->row = (struct audit_row){.at_ns = 1700000000000000000LL + seq * 1000,
                                   .actor = made->actor,
                                   .kind = person ? "limits" : kinds[draw(trail) % 6],
                                   .scope = made->scope,
                                   .new_value = made->value,
                                   .reason = person ? "quiet day" : NULL,
                                   .lane = person,
                                   .lane_seq = (uint64_t)seq};
}

static bool open_trail(struct trail *trail, struct err *err)
{
    memset(trail, 0, sizeof *trail);
    strcpy(trail->dir, "/tmp/pitwall-bench-XXXXXX");
    trail->random = 1;
    if (!mkdtemp(trail->dir)) {
        err_set(err, ERR_IO, "no folder in /tmp");
        return false;
    }
    return database_open_writer(trail->dir, &trail->db, err) == OK &&
           audit_writer_open(&trail->writer, trail->db, err) == OK;
}

static void close_trail(struct trail *trail)
{
    static const char *const ends[] = {"audit.db", "audit.db-wal", "audit.db-shm"};
    char path[96];

    sqlite3_finalize(trail->bare);
    audit_writer_close(&trail->writer);
    sqlite3_close(trail->db);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", trail->dir, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(trail->dir);
}

/* --- ingest --- */

static const char bare_sql[] =
    "DROP TRIGGER audit_only_next; DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete";

static bool open_bare(struct trail *trail, struct err *err)
{
    return open_trail(trail, err) && database_run(trail->db, bare_sql, err) == OK &&
           sqlite3_prepare_v2(trail->db,
                              "INSERT INTO audit (seq, at_ns, actor, person, role, kind, scope,"
                              " old, new, reason, request_id, lane, lane_seq, hash)"
                              " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                              -1, &trail->bare, NULL) == SQLITE_OK;
}

static bool insert_bare(struct trail *trail, int64_t seq, const struct audit_row *row)
{
    static const uint8_t hash[AUDIT_HASH_BYTES];
    sqlite3_stmt *put = trail->bare;

    sqlite3_bind_int64(put, 1, seq);
    sqlite3_bind_int64(put, 2, row->at_ns);
    statement_text(put, 3, row->actor);
    statement_text(put, 4, row->person);
    statement_text(put, 5, row->role);
    statement_text(put, 6, row->kind);
    statement_text(put, 7, row->scope);
    statement_text(put, 8, row->old_value);
    statement_text(put, 9, row->new_value);
    statement_text(put, 10, row->reason);
    statement_text(put, 11, row->request_id);
    sqlite3_bind_int(put, 12, row->lane);
    statement_id(put, 13, row->lane_seq);
    sqlite3_bind_blob(put, 14, hash, sizeof hash, SQLITE_STATIC);
    return statement_run(put);
}

static bool add_batch(struct trail *trail)
{
    struct made_row made;
    bool well = sqlite3_exec(trail->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;

    for (int i = 0; i < BATCH && well; i++) {
        make_row(trail, ++trail->seq, &made);
        well = trail->bare ? insert_bare(trail, trail->seq, &made.row)
                           : audit_append(&trail->writer, &made.row);
    }
    return well && (trail->bare || audit_count(&trail->writer)) &&
           sqlite3_exec(trail->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

/* In turns of a batch each, so that both meet the same noise. */
static bool race(struct trail *ours, struct trail *bare, struct bench_figure *f, double *bare_rows)
{
    int64_t ours_ns = 0, bare_ns = 0;
    bool well = true;

    for (int done = 0; done < INGEST_ROWS && well; done += BATCH) {
        int64_t began_ns = clock_mono_ns(), between_ns;

        well = add_batch(bare);
        between_ns = clock_mono_ns();
        well = well && add_batch(ours);
        bare_ns += between_ns - began_ns;
        ours_ns += clock_mono_ns() - between_ns;
    }
    bench_round(f, (double)bare_ns / (double)ours_ns);
    *bare_rows = INGEST_ROWS * 1e9 / (double)bare_ns;
    return well;
}

static bool bench_ingest(struct bench *bench)
{
    struct bench_figure f = {.id = "i4.ingest_vs_bare",
                             .unit = "times as fast",
                             .anchor = "bare insert, rows/s",
                             .target = 0.8,
                             .sense = "min"};
    static struct trail ours, bare;
    struct err err = {0};
    bool well = open_trail(&ours, &err) && open_bare(&bare, &err);

    for (int round = 0; round < (bench->quick ? 2 : ROUNDS_INGEST) && well; round++)
        well = race(&ours, &bare, &f, &f.anchor_value);
    if (well)
        bench_add(bench, &f);
    else
        fprintf(stderr, "pitwall bench: ingest: %s\n", err.text);
    close_trail(&ours);
    close_trail(&bare);
    return well;
}

/* --- pages --- */

static int compare_ns(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static bool page_ns(sqlite3 *db, const struct store_query *query, int64_t *ns, struct err *err)
{
    int64_t began_ns = clock_mono_ns();
    json_t *list;

    if (query_run(db, query, &list, err) != OK)
        return false;
    *ns = clock_mono_ns() - began_ns;
    json_decref(list);
    return true;
}

/* One of the ways in which people look: by kind, actor, scope, two of them, a stretch of time, a
 * word; from anywhere in the trail. */
static void make_query(struct trail *trail, struct store_query *query, char actor[32],
                       char scope[48])
{
    int64_t at = (int64_t)(draw(trail) % (uint64_t)trail->seq);
    uint64_t form = draw(trail) % 6;

    (void)snprintf(actor, 32, "strategy/s%llu", (unsigned long long)(draw(trail) % 12));
    (void)snprintf(scope, 48, "instrument/sim:I%llu", (unsigned long long)(draw(trail) % 30));
    *query = (struct store_query){.limit = PAGE_ROWS, .before_seq = (uint64_t)at + 2};
    if (form == 0)
        query->kind = "denial";
    if (form == 1 || form == 3)
        query->actor = actor;
    if (form == 2 || form == 3)
        query->scope = scope;
    if (form == 4)
        query->from_ns = 1700000000000000000LL + at * 1000 - 10000000,
        query->to_ns = query->from_ns + 10000000;
    if (form == 5)
        query->q = "quiet day", query->before_seq = 0;
}

enum { MEDIAN = PAGES / 2, PERCENTILE_99 = PAGES * 99 / 100 };

static bool bench_pages(struct bench *bench, struct trail *trail, struct err *err)
{
    struct bench_figure p50 = {.id = "i4.page_10m_p50",
                               .unit = "newest pages",
                               .anchor = "newest page of 50, ns",
                               .target = 10,
                               .sense = "max"};
    struct bench_figure p99 = p50;
    static int64_t newest[PAGES], filtered[PAGES];
    char actor[32], scope[48];
    sqlite3 *db = NULL;
    bool well = database_open_reader(trail->dir, &db, err) == OK;

    for (int i = 0; i < PAGES && well; i++) {
        struct store_query query = {.limit = PAGE_ROWS};

        well = page_ns(db, &query, &newest[i], err);
        make_query(trail, &query, actor, scope);
        well = well && page_ns(db, &query, &filtered[i], err);
    }
    sqlite3_close(db);
    if (!well)
        return false;
    qsort(newest, PAGES, sizeof *newest, compare_ns);
    qsort(filtered, PAGES, sizeof *filtered, compare_ns);
    p99.id = "i4.page_10m_p99";
    p99.target = 100;
    p50.anchor_value = p99.anchor_value = (double)newest[MEDIAN];
    bench_round(&p50, (double)filtered[MEDIAN] / (double)newest[MEDIAN]);
    bench_round(&p99, (double)filtered[PERCENTILE_99] / (double)newest[MEDIAN]);
    bench_add(bench, &p50);
    bench_add(bench, &p99);
    return true;
}

/* --- verify --- */

/* The same rows in the same order, their columns' bytes one behind the other, and SHA-256. */
static bool scan_ns(const struct trail *trail, int64_t *ns, struct err *err)
{
    static unsigned char bytes[1 << 16];
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned char hash[AUDIT_HASH_BYTES] = {0};
    int64_t began_ns = clock_mono_ns();
    sqlite3_stmt *row = NULL;
    sqlite3 *db = NULL;
    bool well = sha256 && digest && database_open_reader(trail->dir, &db, err) == OK;

    if (well)
        well = sqlite3_prepare_v2(db,
                                  "SELECT seq, at_ns, actor, person, role, kind, scope, old, new,"
                                  " reason, request_id, lane, lane_seq FROM audit ORDER BY seq",
                                  -1, &row, NULL) == SQLITE_OK;
    while (well && sqlite3_step(row) == SQLITE_ROW) {
        size_t length = sizeof hash;

        memcpy(bytes, hash, sizeof hash);
        for (int column = 0; column < 13; column++) {
            size_t size = (size_t)sqlite3_column_bytes(row, column);
            int64_t value = sqlite3_column_int64(row, column);

            if (column < 2 || column > 10)
                memcpy(bytes + length, &value, size = sizeof value);
            else if (size > 0)
                memcpy(bytes + length, sqlite3_column_blob(row, column), size);
            length += size + (column < 2 || column > 10 ? 1 : 5); /* as many bytes as encoded */
        }
        well = EVP_DigestInit_ex2(digest, sha256, NULL) == 1 &&
               EVP_DigestUpdate(digest, bytes, length) == 1 &&
               EVP_DigestFinal_ex(digest, hash, NULL) == 1;
    }
    sqlite3_finalize(row);
    sqlite3_close(db);
    EVP_MD_CTX_free(digest);
    EVP_MD_free(sha256);
    *ns = clock_mono_ns() - began_ns;
    return well;
}

static bool bench_verify(struct bench *bench, const struct trail *trail, struct err *err)
{
    struct bench_figure f = {.id = "i4.verify_vs_scan",
                             .unit = "times as fast",
                             .anchor = "bare scan, rows/s",
                             .target = 0.6,
                             .sense = "min"};
    struct verify_sources from = {.dir = trail->dir};
    bool well = true;

    for (int round = 0; round < ROUNDS_VERIFY && well; round++) {
        int64_t bare_ns = 1, began_ns;
        json_t *report = NULL;

        well = scan_ns(trail, &bare_ns, err);
        began_ns = clock_mono_ns();
        well = well && audit_verify(&from, &report, err) == OK &&
               json_is_true(json_object_get(report, "ok"));
        bench_round(&f, (double)bare_ns / (double)(clock_mono_ns() - began_ns));
        f.anchor_value = (double)trail->seq * 1e9 / (double)bare_ns;
        json_decref(report);
    }
    if (well)
        bench_add(bench, &f);
    return well;
}

static int64_t rows_wanted(const struct bench *bench)
{
    const char *text = getenv("PITWALL_BENCH_ROWS");

    if (text)
        return strtoll(text, NULL, 10);
    return bench->quick ? ROWS_QUICK : ROWS_FULL;
}

static bool bench_trail(struct bench *bench)
{
    static struct trail trail;
    struct err err = {0};
    bool well = open_trail(&trail, &err);

    while (well && trail.seq < rows_wanted(bench))
        well = add_batch(&trail);
    if (well)
        sqlite3_wal_checkpoint_v2(trail.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (well && (bench_wants(bench, "i4.page_10m_p50") || bench_wants(bench, "i4.page_10m_p99")))
        well = bench_pages(bench, &trail, &err);
    if (well && bench_wants(bench, "i4.verify_vs_scan"))
        well = bench_verify(bench, &trail, &err);
    if (!well)
        fprintf(stderr, "pitwall bench: audit: %s\n", err.text);
    close_trail(&trail);
    return well;
}

bool bench_audit(struct bench *bench)
{
    bool well = true;

    if (bench_wants(bench, "i4.ingest_vs_bare"))
        well = bench_ingest(bench);
    if (bench_wants(bench, "i4.page_10m_p50") || bench_wants(bench, "i4.page_10m_p99") ||
        bench_wants(bench, "i4.verify_vs_scan"))
        well = bench_trail(bench) && well;
    return well;
}
