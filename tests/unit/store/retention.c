/* Old rows go only once they are archived, and the trail proves itself from there on. */
#include "store/retention.h"

#include "store/verify.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 12000, OLD = 11000, CHUNK = 5000 };

static struct desk desk;
static struct audit_writer *writer;
static struct retention retention;
static sqlite3 *db;

static void make_trail(void)
{
    struct err err;

    desk_open(&desk);
    writer = calloc(1, sizeof *writer);
    retention = (struct retention){.dir = desk.dir, .keep_ns = 1000};
    cr_assert_eq(database_open_writer(desk.dir, &db, &err), OK, "%s", err.text);
    cr_assert_eq(audit_writer_open(writer, db, &err), OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 1; i <= ROWS; i++) {
        struct audit_row row = {.at_ns = i <= OLD ? 100 + i % 7 : 20000 + i,
                                .actor = "risk1",
                                .kind = i % 4 == 0 ? "fill" : "limits",
                                .reason = "fat finger",
                                .lane = i % 2,
                                .lane_seq = (uint64_t)i};

        cr_assert(audit_append(writer, &row));
    }
    cr_assert(audit_count(writer));
    cr_assert_eq(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
}

static void drop_trail(void)
{
    audit_writer_close(writer);
    free(writer);
    sqlite3_close(db);
    desk_close(&desk);
}

TestSuite(store_retention, .init = make_trail, .fini = drop_trail);

static bool verify_is_well(void)
{
    json_t *report;
    struct err err;
    bool well;

    cr_assert_eq(audit_verify(&(struct verify_sources){.dir = desk.dir}, &report, &err), OK);
    well = json_is_true(json_object_get(report, "ok"));
    json_decref(report);
    return well;
}

static bool step(void)
{
    return retention_step(&retention, db, writer, 20000);
}

Test(store_retention, rows_are_archived_first_then_go_in_chunks_and_the_chain_holds)
{
    char command[256];
    int steps = 0;

    cr_assert(step()); /* the archive and its anchor row; nothing is gone yet */
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM audit"), "12000");
    cr_assert_str_eq(desk_ask(&desk, "SELECT seq || ' ' || first_seq || ' ' || file FROM"
                                     " audit_anchor"),
                     "11000 1 archive/audit-1-11000.ndjson.gz");
    cr_assert(verify_is_well());
    while (step()) {
        steps++;
        cr_assert(verify_is_well());
    }
    cr_assert_eq(steps, (OLD + CHUNK - 1) / CHUNK);
    cr_assert_str_eq(desk_ask(&desk, "SELECT min(seq) || ' ' || count(*) FROM audit"),
                     "11001 1000");
    (void)snprintf(command, sizeof command,
                   "cd %s/archive && test $(zcat audit-1-11000.ndjson.gz | wc -l) = 11000 &&"
                   " test $(sha256sum audit-1-11000.ndjson.gz | cut -c1-64) = %s",
                   desk.dir, desk_ask(&desk, "SELECT sha256 FROM audit_anchor"));
    cr_assert_eq(system(command), 0);
}

Test(store_retention, what_is_gone_is_gone_from_the_search_and_stays_counted)
{
    while (step())
        ;
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM audit_text WHERE audit_text MATCH"
                                     " 'finger'"),
                     "750");
    cr_assert_str_eq(desk_ask(&desk, "SELECT sum(rows) FROM audit_counts"), "12000");
}

Test(store_retention, rows_after_it_join_the_chain)
{
    struct audit_row row = {.kind = "limits", .at_ns = 1};
    struct err err;

    while (step())
        ;
    cr_assert_eq(audit_writer_load(writer, db, &err), OK);
    cr_assert(audit_append(writer, &row));
    cr_assert(verify_is_well());
}

Test(store_retention, the_trigger_lets_nothing_else_go)
{
    cr_assert(step());
    audit_guard(db, true);
    cr_assert_neq(sqlite3_exec(db, "DELETE FROM audit WHERE seq > 10999", NULL, NULL, NULL),
                  SQLITE_OK);
    cr_assert_neq(sqlite3_exec(db, "DELETE FROM audit_anchor", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_neq(sqlite3_exec(db, "UPDATE audit_anchor SET seq = 1", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_neq(sqlite3_exec(db, "INSERT INTO audit_anchor VALUES (11500, x'00', 1, 1, '', '')",
                               NULL, NULL, NULL),
                  SQLITE_OK);
}

Test(store_retention, an_archive_that_cannot_be_written_keeps_the_rows)
{
    retention.dir = "/nonexistent";
    cr_assert(!step());
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM audit"), "12000");
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM audit_anchor"), "0");
}

Test(store_retention, without_a_limit_nothing_goes)
{
    retention.keep_ns = 0;
    cr_assert(!step());
}
