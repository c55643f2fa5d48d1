/* What only the signed heads find, as somebody with the files in his hands would hide it. */
#include "store/anchors.h"
#include "store/verify.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 40, SIGNED_EVERY = 10 };

static struct desk desk;
static char file[96];

static void append_rows(struct audit_writer *writer, int from, int to, const char *actor)
{
    for (int i = from; i <= to; i++) {
        struct audit_row row = {
            .at_ns = 1000 + i, .actor = actor, .kind = "limits", .lane_seq = (uint64_t)i};

        cr_assert(audit_append(writer, &row));
    }
}

/* Heads at 10, 20, 30 and 40; each close signs the last. */
static void make_trail(void)
{
    struct audit_writer *writer = malloc(sizeof *writer);
    struct anchors *anchors;
    struct err err;
    sqlite3 *db;

    desk_open(&desk);
    (void)snprintf(file, sizeof file, "%s/anchors.ndjson", desk.dir);
    cr_assert_eq(database_open_writer(desk.dir, &db, &err), OK, "%s", err.text);
    cr_assert_eq(audit_writer_open(writer, db, &err), OK);
    for (int row = 1; row <= ROWS; row += SIGNED_EVERY) {
        cr_assert_eq(anchors_open(&anchors, desk.dir, &desk.config, &err), OK, "%s", err.text);
        cr_assert_eq(anchors_start(anchors, &err), OK);
        append_rows(writer, row, row + SIGNED_EVERY - 1, "risk1");
        cr_assert(audit_count(writer));
        anchors_tell(anchors, writer, false);
        anchors_close(anchors);
    }
    audit_writer_close(writer);
    sqlite3_close(db);
    free(writer);
}

static void drop_trail(void)
{
    desk_close(&desk);
}

TestSuite(store_anchors, .init = make_trail, .fini = drop_trail);

struct verdict_of {
    bool ok;
    json_int_t bad, anchors;
    char reason[128];
};

static struct verdict_of verify_with(const char *anchor_file, const char *key_file)
{
    struct verify_sources from = {
        .dir = desk.dir, .anchor_file = anchor_file, .key_file = key_file};
    struct verdict_of verdict = {0};
    const char *reason;
    json_t *report;
    struct err err;

    cr_assert_eq(audit_verify(&from, &report, &err), OK, "%s", err.text);
    verdict.ok = json_is_true(json_object_get(report, "ok"));
    verdict.bad = json_integer_value(json_object_get(report, "first_bad_seq"));
    verdict.anchors = json_integer_value(json_object_get(report, "anchors"));
    reason = json_string_value(json_object_get(report, "reason"));
    (void)snprintf(verdict.reason, sizeof verdict.reason, "%s", reason ? reason : "");
    json_decref(report);
    return verdict;
}

static struct verdict_of verify(void)
{
    return verify_with(NULL, NULL);
}

Test(store_anchors, an_untouched_trail_is_well_and_its_heads_are_checked)
{
    struct verdict_of verdict = verify();

    cr_assert(verdict.ok, "%s", verdict.reason);
    cr_assert_eq(verdict.anchors, 4);
}

Test(store_anchors, keys_and_heads_have_their_modes)
{
    char path[96];
    struct stat key, pub;

    (void)snprintf(path, sizeof path, "%s/audit.key", desk.dir);
    cr_assert_eq(stat(path, &key), 0);
    (void)snprintf(path, sizeof path, "%s/audit.pub", desk.dir);
    cr_assert_eq(stat(path, &pub), 0);
    cr_assert_eq(key.st_mode & 0777, 0600);
    cr_assert_eq(pub.st_mode & 0777, 0644);
}

Test(store_anchors, a_tail_that_was_cut_shows)
{
    desk_tamper(&desk, "DELETE FROM audit WHERE seq > 33");
    cr_assert_eq(verify().bad, 34);
}

Test(store_anchors, a_cut_between_two_heads_shows_as_well)
{
    desk_tamper(&desk, "DELETE FROM audit WHERE seq > 39");
    cr_assert_eq(verify().bad, 40);
}

/* The whole table anew, row by row, by the writer itself: every hash is right. */
Test(store_anchors, a_chain_that_was_made_anew_shows)
{
    struct audit_writer *writer = malloc(sizeof *writer);
    struct err err;
    sqlite3 *db;

    desk_tamper(&desk, "DELETE FROM audit WHERE seq > 14");
    cr_assert_eq(database_open_writer(desk.dir, &db, &err), OK);
    cr_assert_eq(audit_writer_open(writer, db, &err), OK);
    append_rows(writer, 15, ROWS, "nobody");
    audit_writer_close(writer);
    sqlite3_close(db);
    free(writer);
    cr_assert_eq(verify().bad, 20);
    cr_assert_eq(verify().anchors, 4);
}

Test(store_anchors, a_changed_row_before_any_head_is_still_named_itself)
{
    desk_tamper(&desk, "UPDATE audit SET actor = 'x' WHERE seq = 3");
    cr_assert_eq(verify().bad, 3);
}

static void shell(const char *format)
{
    char command[512];

    (void)snprintf(command, sizeof command, "cd %s && %s", desk.dir, format);
    cr_assert_eq(system(command), 0, "%s", command);
}

Test(store_anchors, a_head_that_was_edited_shows)
{
    shell("sed -i '2s/\"seq\":20/\"seq\":21/' anchors.ndjson");
    cr_assert(!verify().ok);
    cr_assert(strstr(verify().reason, "line 2"), "%s", verify().reason);
    cr_assert_eq(verify().bad, 0);
}

Test(store_anchors, heads_of_another_key_are_none)
{
    shell("head -c 64 /dev/zero | tr '\\0' '1' > other.pub && echo >> other.pub");
    char other[96];

    (void)snprintf(other, sizeof other, "%s/other.pub", desk.dir);
    cr_assert(!verify_with(NULL, other).ok);
    cr_assert_eq(verify_with(NULL, other).anchors, 0);
}

Test(store_anchors, heads_kept_elsewhere_find_what_the_directory_hides)
{
    char elsewhere[96], key[96];

    shell("cp anchors.ndjson kept.ndjson; cp audit.pub kept.pub; head -2 kept.ndjson >"
          " anchors.ndjson");
    desk_tamper(&desk, "DELETE FROM audit WHERE seq > 25");
    cr_assert(verify().ok);
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/kept.ndjson", desk.dir);
    (void)snprintf(key, sizeof key, "%s/kept.pub", desk.dir);
    cr_assert_eq(verify_with(elsewhere, key).bad, 26);
}

Test(store_anchors, files_that_are_named_and_not_there_are_said)
{
    struct verify_sources from = {.dir = desk.dir, .anchor_file = "/nonexistent"};
    json_t *report;
    struct err err;

    cr_assert_eq(audit_verify(&from, &report, &err), ERR_NOT_FOUND);
    from = (struct verify_sources){.dir = desk.dir, .key_file = "/nonexistent"};
    cr_assert_eq(audit_verify(&from, &report, &err), ERR_NOT_FOUND);
}

Test(store_anchors, a_lost_key_is_replaced_and_what_it_signed_still_holds)
{
    struct anchors *anchors;
    struct err err;

    shell("rm audit.key");
    cr_assert_eq(anchors_open(&anchors, desk.dir, &desk.config, &err), OK);
    anchors_close(anchors);
    cr_assert(verify().ok, "%s", verify().reason);
    shell("test $(wc -l < audit.pub) = 2");
    shell("echo rubbish > audit.key");
    cr_assert_eq(anchors_open(&anchors, desk.dir, &desk.config, &err), ERR_DAMAGED);
    anchors_close(anchors);
}

/* A row that says that the rows before it were archived, and the rows gone. */
Test(store_anchors, removal_that_no_head_tells_of_shows)
{
    desk_tamper(&desk, "INSERT INTO audit_anchor SELECT seq, hash, at_ns, 1, 'archive/x', 'y' FROM"
                       " audit WHERE seq = 12; DELETE FROM audit WHERE seq <= 12");
    cr_assert(!verify().ok);
    cr_assert_eq(verify().bad, 1);
}
