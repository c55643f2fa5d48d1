#include "control/keep.h"

#include <criterion/criterion.h>

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static char dir[] = "/tmp/pitwall-keep-XXXXXX";
static struct keep *keep;
static struct err err;

static void reopen(void)
{
    keep_close(keep);
    cr_assert_eq(keep_open(&keep, dir, &err), OK, "%s", err.text);
}

static void open_empty(void)
{
    cr_assert(mkdtemp(dir));
    reopen();
}

static void close_and_remove(void)
{
    char command[64];

    keep_close(keep);
    snprintf(command, sizeof command, "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(keep, .init = open_empty, .fini = close_and_remove);

static void put(const char *kind, const char *key, int n)
{
    json_t *value = json_pack("{s:i}", "n", n);

    cr_assert_eq(keep_put(keep, kind, key, value, &err), OK, "%s", err.text);
    json_decref(value);
}

static void list(void *ctx, const char *key, const json_t *value)
{
    char *text = ctx;

    sprintf(text + strlen(text), "%s=%d ", key,
            (int)json_integer_value(json_object_get(value, "n")));
}

static void expect(const char *kind, const char *wanted)
{
    char text[256] = "";

    cr_assert_eq(keep_each(keep, kind, list, text, &err), OK, "%s", err.text);
    cr_assert_str_eq(text, wanted);
}

Test(keep, what_was_put_is_there_after_a_restart_in_order)
{
    put("a", "x", 1);
    put("a", "y", 2);
    put("b", "x", 3);
    put("a", "x", 4);
    reopen();
    expect("a", "y=2 x=4 ");
    expect("b", "x=3 ");
    expect("c", "");
}

static enum status put_both(int n)
{
    static const char *const kind[] = {"a", "b"}, *const key[] = {"x", "y"};
    json_t *value = json_pack("{s:i}", "n", n);
    enum status status = keep_put_both(keep, kind, key, value, &err);

    json_decref(value);
    return status;
}

Test(keep, of_two_that_belong_together_there_are_both_or_neither)
{
    char path[64];
    sqlite3 *db;

    cr_assert_eq(put_both(1), OK, "%s", err.text);
    reopen();
    expect("a", "x=1 ");
    expect("b", "y=1 ");
    (void)snprintf(path, sizeof path, "%s/control.db", dir);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db,
                              "CREATE TRIGGER no_b BEFORE INSERT ON fact WHEN NEW.kind = 'b'"
                              " BEGIN SELECT RAISE(ABORT, 'no'); END",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    cr_assert_neq(put_both(2), OK);
    expect("a", "x=1 ");
    expect("b", "y=1 ");
    cr_assert_eq(sqlite3_exec(db, "DROP TRIGGER no_b", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    cr_assert_eq(put_both(3), OK, "%s", err.text);
    expect("b", "y=3 ");
}

Test(keep, what_was_deleted_is_gone_and_only_that)
{
    put("a", "x", 1);
    put("a", "y", 2);
    put("b", "x", 3);
    cr_assert_eq(keep_delete(keep, "a", "x", &err), OK);
    cr_assert_eq(keep_delete(keep, "a", "never", &err), OK);
    reopen();
    expect("a", "y=2 ");
    expect("b", "x=3 ");
}

Test(keep, the_newest_stay)
{
    for (int n = 0; n < 5; n++)
        put("a", (char[]){(char)('p' + n), '\0'}, n);
    put("b", "x", 9);
    cr_assert_eq(keep_trim(keep, "a", 2, &err), OK);
    expect("a", "s=3 t=4 ");
    expect("b", "x=9 ");
}

static enum status add(const char *key, int n)
{
    json_t *value = json_pack("{s:i}", "n", n);
    enum status status = keep_add(keep, "a", key, value, &err);

    json_decref(value);
    return status;
}

Test(keep, what_is_added_is_never_written_over)
{
    json_t *value = NULL;

    cr_assert_eq(add("x", 1), OK, "%s", err.text);
    cr_assert_eq(add("x", 2), ERR_CONFLICT);
    cr_assert_eq(add("y", 3), OK);
    reopen();
    cr_assert_eq(add("x", 4), ERR_CONFLICT);
    expect("a", "x=1 y=3 ");
    cr_assert_eq(keep_get(keep, "a", "x", &value, &err), OK, "%s", err.text);
    cr_assert_eq(json_integer_value(json_object_get(value, "n")), 1);
    json_decref(value);
    cr_assert_eq(keep_get(keep, "a", "never", &value, &err), ERR_NOT_FOUND);
    cr_assert_eq(keep_get(keep, "b", "x", &value, &err), ERR_NOT_FOUND);
}

Test(keep, keys_that_begin_so_are_counted)
{
    uint32_t count = 9;

    put("a", "aa1", 1);
    put("a", "aaf", 2);
    put("a", "aa", 3);
    put("a", "ab0", 4);
    put("a", "a", 5);
    put("b", "aa1", 6);
    cr_assert_eq(keep_count(keep, "a", "aa", &count, &err), OK, "%s", err.text);
    cr_assert_eq(count, 3);
    cr_assert_eq(keep_count(keep, "a", "c", &count, &err), OK);
    cr_assert_eq(count, 0);
}

static void put_at(const char *kind, const char *key, const char *at_ns)
{
    json_t *value = json_pack("{s:i, s:s}", "n", 1, "at_ns", at_ns);

    cr_assert_eq(keep_put(keep, kind, key, value, &err), OK, "%s", err.text);
    json_decref(value);
}

Test(keep, only_the_old_are_trimmed_and_so_many_are_looked_at)
{
    put_at("a", "old", "1700000000000000001");
    put_at("a", "edge", "1700000000000000002");
    put_at("a", "young", "1800000000000000000");
    put_at("a", "late", "1600000000000000000");
    put_at("b", "old", "1600000000000000000");
    put("a", "none", 1);
    cr_assert_eq(keep_trim_before(keep, "a", 1700000000000000002, 3, &err), OK, "%s", err.text);
    expect("a", "edge=1 young=1 late=1 none=1 ");
    cr_assert_eq(keep_trim_before(keep, "a", 1700000000000000002, 99, &err), OK, "%s", err.text);
    expect("a", "edge=1 young=1 none=1 ");
    expect("b", "old=1 ");
}

Test(keep, what_is_no_object_is_damage_and_said)
{
    char path[64];
    sqlite3 *db;

    put("a", "x", 1);
    snprintf(path, sizeof path, "%s/control.db", dir);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "UPDATE fact SET value = '['", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    cr_assert_eq(keep_each(keep, "a", list, (char[64]){0}, &err), ERR_DAMAGED);
}
