#include "store/chain.h"
#include "store/verify.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 40 };

static struct desk desk;

/* A trail of ROWS rows, some with nulls, some with texts that would be the same when joined. */
static void make_trail(void)
{
    struct audit_writer *writer = malloc(sizeof *writer);
    struct err err;
    sqlite3 *db;

    desk_open(&desk);
    cr_assert_eq(database_open_writer(desk.dir, &db, &err), OK, "%s", err.text);
    cr_assert_eq(audit_writer_open(writer, db, &err), OK);
    for (int i = 1; i <= ROWS; i++) {
        struct audit_row row = {.at_ns = 1000 + i,
                                .actor = i % 2 ? "ab" : "a",
                                .person = i % 2 ? NULL : "b",
                                .kind = "limits",
                                .new_value = "{\"max_order_lots\":10}",
                                .lane_seq = (uint64_t)i};

        cr_assert(audit_append(writer, &row));
    }
    audit_writer_close(writer);
    sqlite3_close(db);
    free(writer);
}

static void drop_trail(void)
{
    desk_close(&desk);
}

TestSuite(store_verify, .init = make_trail, .fini = drop_trail);

static json_int_t first_bad(void)
{
    json_t *report;
    struct err err;
    json_int_t bad;

    cr_assert_eq(audit_verify(&(struct verify_sources){.dir = desk.dir}, &report, &err), OK, "%s",
                 err.text);
    bad = json_integer_value(json_object_get(report, "first_bad_seq"));
    cr_assert_eq(json_is_true(json_object_get(report, "ok")), bad == 0);
    json_decref(report);
    return bad;
}

Test(store_verify, an_untouched_trail_is_well)
{
    cr_assert_eq(first_bad(), 0);
}

Test(store_verify, a_changed_byte_shows)
{
    desk_tamper(&desk, "UPDATE audit SET new = '{\"max_order_lots\":11}' WHERE seq = 17");
    cr_assert_eq(first_bad(), 17);
}

Test(store_verify, text_moved_to_the_next_column_shows)
{
    desk_tamper(&desk, "UPDATE audit SET actor = 'ab', person = NULL WHERE seq = 18");
    cr_assert_eq(first_bad(), 18);
}

Test(store_verify, an_integer_made_text_or_another_shows)
{
    desk_tamper(&desk, "UPDATE audit SET at_ns = at_ns + 1 WHERE seq = 40");
    cr_assert_eq(first_bad(), 40);
}

Test(store_verify, a_deleted_row_shows)
{
    desk_tamper(&desk, "DELETE FROM audit WHERE seq = 9");
    cr_assert_eq(first_bad(), 9);
}

Test(store_verify, a_deleted_row_shows_also_when_the_rest_moves_up)
{
    desk_tamper(&desk, "DELETE FROM audit WHERE seq = 9;"
                       "UPDATE audit SET seq = -(seq - 1) WHERE seq > 9;"
                       "UPDATE audit SET seq = -seq WHERE seq < 0");
    cr_assert_eq(first_bad(), 9);
}

Test(store_verify, an_inserted_row_shows)
{
    desk_tamper(&desk, "INSERT INTO audit SELECT 41, at_ns, actor, person, role, kind, scope, old,"
                       " new, reason, request_id, lane, lane_seq, hash FROM audit WHERE seq = 40");
    cr_assert_eq(first_bad(), 41);
}

Test(store_verify, exchanged_rows_show)
{
    desk_tamper(&desk, "UPDATE audit SET seq = 1000 WHERE seq = 20;"
                       "UPDATE audit SET seq = 20 WHERE seq = 21;"
                       "UPDATE audit SET seq = 21 WHERE seq = 1000");
    cr_assert_eq(first_bad(), 20);
}

Test(store_verify, the_database_itself_refuses_to_change_or_delete)
{
    static const char replace[] =
        "INSERT OR REPLACE INTO audit SELECT 3, at_ns, 'x', person, role, kind, scope, old, new,"
        " reason, request_id, lane, lane_seq, hash FROM audit WHERE seq = 3";
    static const char *const tries[] = {"UPDATE audit SET actor = 'x' WHERE seq = 3",
                                        "DELETE FROM audit WHERE seq = 3", replace,
                                        "INSERT INTO audit SELECT 99, at_ns, actor, person, role,"
                                        " kind, scope, old, new, reason, request_id, lane,"
                                        " lane_seq, hash FROM audit WHERE seq = 3"};
    char path[96];
    sqlite3 *db;

    /* A connection without any of our pragmas. */
    (void)snprintf(path, sizeof path, "%s/audit.db", desk.dir);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        cr_assert_neq(sqlite3_exec(db, tries[i], NULL, NULL, NULL), SQLITE_OK, "%s", tries[i]);
    sqlite3_close(db);
    cr_assert_eq(first_bad(), 0);
}

Test(store_verify, a_newer_or_foreign_database_is_refused)
{
    struct err err;
    sqlite3 *db;

    desk_tamper(&desk, "PRAGMA user_version = 99");
    cr_assert_eq(database_open_writer(desk.dir, &db, &err), ERR_CONFIG);
    desk_tamper(&desk, "PRAGMA application_id = 7");
    cr_assert_eq(database_open_writer(desk.dir, &db, &err), ERR_DAMAGED);
}

Test(store_verify, no_database_is_said)
{
    json_t *report;
    struct err err;

    cr_assert_eq(audit_verify(&(struct verify_sources){.dir = "/nonexistent"}, &report, &err),
                 ERR_NOT_FOUND);
}
