/* One order of both lanes, whatever the threads' timing; so the journal makes the same rows
 * again. */
#include "store/database.h"
#include "unit/store/running.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS = 400, EVENTS_A_RECORD = 20 };

static struct desk desk;
static struct running running;

static void open_desk(void)
{
    desk_open(&desk);
    running_start(&running, &desk);
    running_names(&running, &desk);
}

static void close_desk(void)
{
    desk_close(&desk);
}

TestSuite(store_merge, .init = open_desk, .fini = close_desk);

static const char heads[] = "SELECT hex(hash) FROM audit ORDER BY seq DESC LIMIT 1";

static void check_rebuild(void)
{
    char path[96], was[128];
    struct desk again = {0};
    struct err err;
    int64_t rows;

    (void)snprintf(was, sizeof was, "%s", desk_ask(&desk, heads));
    (void)snprintf(again.dir, sizeof again.dir, "%.40s/again", desk.dir);
    cr_assert_eq(mkdir(again.dir, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/audit.db", again.dir);
    cr_assert_eq(store_rebuild(desk.dir, path, &rows, &err), OK, "%s", err.text);
    cr_assert_str_eq(desk_ask(&again, heads), was);
    cr_assert_eq(store_rebuild(desk.dir, path, &rows, &err), ERR_USAGE);
}

Test(store_merge, a_record_that_comes_late_stands_where_it_was_composed)
{
    uint64_t seen;

    for (uint64_t id = 1; id <= 5; id++)
        running_order(&running, id);
    seen = journal_compose(running.journal);
    cr_assert_eq(seen, 6); /* with the names */
    for (uint64_t id = 6; id <= 10; id++)
        running_order(&running, id);
    usleep(60000); /* time enough for an audit thread that does not wait */
    running_control(&running, seen, "late");
    journal_composed(running.journal);
    running_stop(&running);
    cr_assert_str_eq(desk_ask(&desk, "SELECT group_concat(lane, '') FROM audit"), "00000100000");
    check_rebuild();
}

Test(store_merge, a_record_waits_for_the_events_that_it_had_seen)
{
    /* Written before them, as a thread that was held up would see it. */
    running_control(&running, 4, "early");
    usleep(30000);
    for (uint64_t id = 1; id <= 5; id++)
        running_order(&running, id);
    running_stop(&running);
    cr_assert_str_eq(desk_ask(&desk, "SELECT group_concat(lane, '') FROM audit"), "000100");
    check_rebuild();
}

static void *write_orders(void *unused)
{
    (void)unused;
    for (uint64_t id = 1; id <= (uint64_t)RECORDS * EVENTS_A_RECORD; id++) {
        while (lane_room(running_lane(&running, JOURNAL_ENGINE)) < LANE_RECORD_MAX)
            usleep(100);
        running_order(&running, id);
    }
    return NULL;
}

static void write_records(void)
{
    for (int n = 0; n < RECORDS; n++) {
        uint64_t seen = journal_compose(running.journal);

        if (n % 7 == 0)
            usleep(300);
        running_control(&running, seen, "stress");
        journal_composed(running.journal);
    }
}

Test(store_merge, two_writers_and_a_rebuild_make_the_same_rows)
{
    pthread_t engine;

    cr_assert_eq(pthread_create(&engine, NULL, write_orders, NULL), 0);
    write_records();
    pthread_join(engine, NULL);
    running_stop(&running);
    check_rebuild();
}

Test(store_merge, names_come_from_the_journal_of_each_run)
{
    running_order(&running, 1);
    running_stop(&running);
    strcpy(desk.config.instrument[BTC].name, "sim:XRPUSDT");
    running_start(&running, &desk);
    running_names(&running, &desk);
    running_order(&running, 2);
    running_stop(&running);
    cr_assert_str_eq(desk_ask(&desk, "SELECT scope FROM audit ORDER BY seq"),
                     "instrument/sim:BTCUSDT instrument/sim:XRPUSDT");
    check_rebuild();
}
