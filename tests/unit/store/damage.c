/* A start on a database that is missing, zeroed, cut, old, newer or does not join the journal. */
#include "store/database.h"
#include "store/migrations.h"
#include "store/verify.h"
#include "unit/store/running.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ORDERS = 300 };

static struct desk desk;
static struct running running;
static char path[96], head[128];

static const char newest[] = "SELECT hex(hash) FROM audit ORDER BY seq DESC LIMIT 1";

static void fill_desk(void)
{
    desk_open(&desk);
    (void)snprintf(path, sizeof path, "%s/audit.db", desk.dir);
    running_start(&running, &desk);
    running_names(&running, &desk);
    for (uint64_t id = 1; id <= ORDERS; id++)
        running_order(&running, id);
    running_control(&running, ORDERS, "calm");
    running_stop(&running);
    (void)snprintf(head, sizeof head, "%s", desk_ask(&desk, newest));
}

static void close_desk(void)
{
    desk_close(&desk);
}

TestSuite(store_damage, .init = fill_desk, .fini = close_desk);

static void check_same(void)
{
    running_start(&running, &desk);
    running_stop(&running);
    cr_assert_str_eq(desk_ask(&desk, newest), head);
}

static int set_aside(void)
{
    char pattern[128];
    glob_t found;
    int count;

    (void)snprintf(pattern, sizeof pattern, "%s.damaged-*", path);
    count = glob(pattern, 0, NULL, &found) == 0 ? (int)found.gl_pathc : 0;
    globfree(&found);
    return count;
}

static void write_zeros(off_t at, size_t length)
{
    static const char zeros[8192];
    int fd = open(path, O_WRONLY);

    cr_assert_geq(fd, 0);
    for (; length > 0; at += (off_t)sizeof zeros, length -= sizeof zeros)
        cr_assert_eq(pwrite(fd, zeros, sizeof zeros, at), (ssize_t)sizeof zeros);
    close(fd);
}

Test(store_damage, a_missing_database_is_made_again)
{
    cr_assert_eq(unlink(path), 0);
    check_same();
    cr_assert_eq(set_aside(), 0);
}

Test(store_damage, an_empty_one_is_made_again)
{
    cr_assert_eq(truncate(path, 0), 0);
    check_same();
}

Test(store_damage, a_zeroed_one_is_set_aside_and_made_again)
{
    write_zeros(0, 65536);
    check_same();
    cr_assert_geq(set_aside(), 1);
}

Test(store_damage, one_that_was_cut_is_set_aside_and_made_again)
{
    cr_assert_eq(truncate(path, 20000), 0);
    check_same();
    cr_assert_geq(set_aside(), 1);
}

Test(store_damage, an_older_one_goes_on_from_where_it_was)
{
    char copy[256];

    (void)snprintf(copy, sizeof copy, "cp %s %s.old", path, path);
    cr_assert_eq(system(copy), 0);
    running_start(&running, &desk);
    for (uint64_t id = 1; id <= ORDERS; id++)
        running_order(&running, 1000 + id);
    running_stop(&running);
    (void)snprintf(head, sizeof head, "%s", desk_ask(&desk, newest));
    (void)snprintf(copy, sizeof copy, "mv %s.old %s", path, path);
    cr_assert_eq(system(copy), 0);
    check_same();
}

static enum status refused(const char *words)
{
    struct err err = {0};
    enum status status = running_open(&running, &desk, &err);

    cr_assert(strstr(err.text, words), "%s", err.text);
    running_stop(&running);
    return status;
}

/* The first file of the lane gone: as retention of the journal leaves it. */
static void cut_journal(void)
{
    char command[256];

    running_start(&running, &desk);
    running_stop(&running);
    (void)snprintf(command, sizeof command,
                   "cd %s/journal && f=$(ls engine-*.jnl | head -1) && mv $f ${f%%%%-*}-%020d.jnl",
                   desk.dir, 7);
    cr_assert_eq(system(command), 0);
}

Test(store_damage, what_the_journal_cannot_make_again_refuses_the_start)
{
    char again[128];
    struct err err;
    int64_t rows;

    cut_journal();
    (void)snprintf(again, sizeof again, "%s.again", path);
    cr_assert_eq(store_rebuild(desk.dir, again, &rows, &err), ERR_DAMAGED);
    cr_assert(strstr(err.text, "from sequence 1, and the journal begins at 7"), "%s", err.text);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(refused("the journal begins at 7"), ERR_DAMAGED);
}

Test(store_damage, a_newer_database_refuses_the_start)
{
    desk_tamper(&desk, "PRAGMA user_version = 99");
    cr_assert_eq(refused("newer version"), ERR_CONFIG);
}

/* Something stands in the way of the last statement but one. */
Test(store_damage, a_migration_that_fails_leaves_no_part)
{
    struct err err;
    sqlite3 *db;

    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, migration_sql(0), NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, migration_sql(1), NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db,
                              "PRAGMA user_version = 2; PRAGMA application_id = 1347895637;"
                              "CREATE TABLE position_now (x)",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    sqlite3_close(db);
    cr_assert_neq(database_open_writer(desk.dir, &db, &err), OK);
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM sqlite_schema WHERE name IN"
                                     " ('audit_anchor', 'audit_only_next', 'audit_text')"),
                     "0");
    cr_assert_str_eq(desk_ask(&desk, "PRAGMA user_version"), "2");
}

/* F43: nothing is lost and nothing doubled, and it says so after a while. */
Test(store_damage, a_locked_database_takes_its_rows_when_it_is_free)
{
    sqlite3 *other;

    running_start(&running, &desk);
    cr_assert_eq(sqlite3_open(path, &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (uint64_t id = 1; id <= 50; id++)
        running_order(&running, 2000 + id);
    for (int i = 0; i < 6000 && !store_is_suspect(running.store); i++)
        usleep(2000);
    cr_assert(store_is_suspect(running.store));
    cr_assert_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    running_wait(&running, ORDERS + 1 + 50);
    for (int i = 0; i < 2000 && store_is_suspect(running.store); i++)
        usleep(2000);
    cr_assert(!store_is_suspect(running.store));
    running_stop(&running);
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) || ' ' || count(DISTINCT lane_seq) FROM audit"
                                     " WHERE lane = 0"),
                     "350 350");
}
