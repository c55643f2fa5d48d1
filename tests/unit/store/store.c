/* The audit thread on a real journal: exactly once, whenever the process is killed. */
#include "control/record.h"
#include "store/database.h"
#include "store/verify.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILL_ROUNDS = 25 };

static struct desk desk;

static void open_desk(void)
{
    desk_open(&desk);
}

static void close_desk(void)
{
    desk_close(&desk);
}

TestSuite(store, .init = open_desk, .fini = close_desk);

struct running {
    struct journal *journal;
    struct store *store;
    struct store_saved *saved;
};

/* False: it could not be opened, and says why. No assertion: the killed child calls it too. */
static bool start(struct running *running)
{
    char recovered[ERR_TEXT_MAX];
    struct err err;

    running->saved = calloc(1, sizeof *running->saved);
    if (journal_open(&running->journal, desk.dir, &desk.config, recovered, &err) == OK &&
        store_open(&running->store, desk.dir, &desk.config, running->journal, running->saved,
                   &err) == OK &&
        journal_start(running->journal, &err) == OK && store_start(running->store, &err) == OK)
        return true;
    (void)fprintf(stderr, "start: %s\n", err.text);
    return false;
}

static void stop(struct running *running)
{
    store_close(running->store);
    journal_close(running->journal);
    free(running->saved);
}

static struct lane *engine_lane(const struct running *running)
{
    return journal_lane(running->journal, JOURNAL_ENGINE);
}

static void say_control(const struct running *running, uint64_t command, const char *json)
{
    lane_append(journal_lane(running->journal, JOURNAL_CONTROL), CONTROL_RECORD, 1, command, json,
                (uint32_t)strlen(json));
}

static void say_limits(const struct running *running, uint64_t cause, uint64_t generation,
                       int64_t lots)
{
    struct event_limits_applied event = {.generation = generation};

    event.limits.value[LIMIT_MAX_ORDER_LOTS] = lots;
    lane_append(engine_lane(running), EVENT_LIMITS_APPLIED, 1, cause, &event, sizeof event);
}

Test(store, a_restart_takes_limits_and_states_by_name)
{
    struct event_state_changed halted = {.version = 4, .state = STATE_HALTED, .incident = 9};
    struct running first, second;
    uint16_t maker = desk_scope(&desk, "strategy/maker");

    halted.scope = maker;
    cr_assert(start(&first));
    cr_assert(!first.saved->found);
    say_limits(&first, 0, 3, 10);
    lane_append(engine_lane(&first), EVENT_STATE_CHANGED, 77, 0, &halted, sizeof halted);
    stop(&first);
    /* The next configuration has another venue in front: every number has moved. */
    strcpy(desk.config.venue[desk.config.venues++], "other");
    desk.config.scopes.venues = desk.config.venues;
    cr_assert(start(&second));
    maker = desk_scope(&desk, "strategy/maker");
    cr_assert(second.saved->found);
    cr_assert_eq(second.saved->generation, 3);
    cr_assert(second.saved->scope[0].limits_found);
    cr_assert_eq(second.saved->scope[0].limits.value[LIMIT_MAX_ORDER_LOTS], 10);
    cr_assert(second.saved->scope[maker].state_found);
    cr_assert_eq(second.saved->scope[maker].state, STATE_HALTED);
    cr_assert_eq(second.saved->scope[maker].version, 4);
    cr_assert_eq(second.saved->scope[maker].since_ns, 77);
    stop(&second);
}

/* Its engine was silent: only the control lane has it, and `saved` has it from the kill page. */
Test(store, a_kill_that_no_engine_saw_has_its_name_where_the_record_came_to_the_disk)
{
    struct running first, second;

    cr_assert(start(&first));
    say_control(&first, 0,
                "{\"actor\":\"trader\",\"kind\":\"kill\",\"scope\":\"firm\",\"reason\":\"odd\","
                "\"new\":{\"incident\":\"K1-7\"}}");
    stop(&first);
    cr_assert(start(&second));
    second.saved->scope[0].incident = 1ULL << 32 | 7;
    second.saved->scope[1].incident = 1ULL << 32 | 8;
    store_name_kills(second.store, second.saved);
    cr_assert(second.saved->scope[0].is_named);
    cr_assert_str_eq(second.saved->scope[0].actor, "trader");
    cr_assert_str_eq(second.saved->scope[0].cause, "odd");
    cr_assert(!second.saved->scope[1].is_named);
    stop(&second);
}

Test(store, an_event_finds_the_person_behind_it)
{
    struct running running;

    cr_assert(start(&running));
    say_limits(&running, 0, 1, 10);
    say_control(&running, 5, "{\"actor\":\"risk1\",\"kind\":\"limits\",\"engine_seq\":1}");
    say_limits(&running, 5, 2, 9);
    stop(&running);
    cr_assert_str_eq(desk_ask(&desk, "SELECT lane || ':' || actor FROM audit ORDER BY seq"),
                     "1:risk1 0:risk1");
}

Test(store, a_page_is_filtered_and_continued)
{
    struct store_query query = {.limit = 2, .kind = "login"};
    struct running running;
    json_t *page;
    struct err err;

    cr_assert(start(&running));
    for (int i = 0; i < 3; i++) {
        say_control(&running, 0, "{\"actor\":\"a\",\"kind\":\"login\",\"new\":{\"n\":1}}");
        say_control(&running, 0, "{\"actor\":\"b\",\"kind\":\"refused\",\"reason\":\"Fat\"}");
    }
    for (int i = 0; i < 500 && store_audit_seq(running.store) < 6; i++)
        usleep(2000);
    cr_assert_eq(store_audit_query(running.store, &query, &page, &err), OK, "%s", err.text);
    cr_assert_eq(json_array_size(json_object_get(page, "items")), 2);
    cr_assert_str_eq(json_string_value(json_object_get(page, "next")), "3");
    json_decref(page);
    query.before_seq = 3;
    cr_assert_eq(store_audit_query(running.store, &query, &page, &err), OK);
    cr_assert_eq(json_array_size(json_object_get(page, "items")), 1);
    cr_assert(json_is_null(json_object_get(page, "next")));
    json_decref(page);
    query = (struct store_query){.limit = 100, .q = "fat"};
    cr_assert_eq(store_audit_query(running.store, &query, &page, &err), OK);
    cr_assert_eq(json_array_size(json_object_get(page, "items")), 3);
    json_decref(page);
    stop(&running);
}

/* Orders as fast as the lane has room, until the kill comes; every 16th with a person's record. */
static _Noreturn void child(uint32_t round)
{
    struct running running;

    if (!start(&running))
        _exit(1);
    for (uint64_t n = 1;; n++) {
        struct event_order_sent sent = desk_order(((uint64_t)round << 32) | n, 100, 1);

        while (lane_room(engine_lane(&running)) < LANE_RECORD_MAX)
            usleep(100);
        lane_append(engine_lane(&running), EVENT_ORDER_SENT, 1, 0, &sent, sizeof sent);
        if (n % 16 == 0 &&
            lane_room(journal_lane(running.journal, JOURNAL_CONTROL)) > LANE_RECORD_MAX)
            say_control(&running, 0, "{\"actor\":\"a\",\"kind\":\"login\"}");
    }
}

static void run_and_kill(uint32_t round)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        child(round);
    usleep(5000 + 7919 * round % 90000);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFSIGNALED(status), "the child left by itself: %d", status);
}

static void check_well(void)
{
    json_t *report;
    struct err err;

    cr_assert_eq(audit_verify(&(struct verify_sources){.dir = desk.dir}, &report, &err), OK, "%s",
                 err.text);
    cr_assert(json_is_true(json_object_get(report, "ok")));
    json_decref(report);
}

/* One row for each sequence that the journal gave, no more and no less, in both lanes. */
Test(store, sigkill_at_any_moment_makes_each_record_a_row_exactly_once, .timeout = 120)
{
    struct running running;

    for (uint32_t round = 1; round <= KILL_ROUNDS; round++) {
        run_and_kill(round);
        if (round % 5 == 0) {
            cr_assert(start(&running));
            stop(&running);
            check_well();
        }
    }
    cr_assert(start(&running));
    stop(&running);
    check_well();
    cr_assert_str_eq(desk_ask(&desk, "SELECT (count(*) - count(DISTINCT lane_seq)) ||"
                                     " ' ' || (max(lane_seq) - count(*)) || ' ' ||"
                                     " (min(lane_seq) - 1) FROM audit GROUP BY lane"),
                     "0 0 0 0 0 0");
    cr_assert_str_eq(desk_ask(&desk, "SELECT (SELECT count(*) FROM orders) -"
                                     " (SELECT count(*) FROM audit WHERE kind = 'order')"),
                     "0");
    cr_assert_gt(atol(desk_ask(&desk, "SELECT count(*) FROM audit")), KILL_ROUNDS * 10);
}
