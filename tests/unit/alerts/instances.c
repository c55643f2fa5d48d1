/* The life of an alert: it holds, fires, is over, comes back. */
#include "unit/alerts/fixture.h"

#include <criterion/criterion.h>

#include <string.h>

#define SECOND_NS 1000000000LL

static struct alert_instances all;
static struct alert_change changes[ALERT_CHANGES_MAX];
static uint32_t count;
static int64_t now_ns;

static void begin(void)
{
    alert_instances_init(&all, 9);
    now_ns = 1000 * SECOND_NS;
}

TestSuite(alert_instances, .init = begin);

/* A second passes, and one looks. */
static bool look(const struct alert_inputs *in)
{
    (void)judged(in, ALERT_WATCHDOG, ALERT_BREACH);
    now_ns += SECOND_NS;
    return alert_instances_take(&all, in, latest_look(), now_ns, 5 * now_ns, changes, &count);
}

/* The newest of an alert; NULL: none. */
static const struct alert_instance *newest(enum alert_id alert)
{
    const struct alert_instance *found = NULL;

    for (int at = 0; at < ALERT_INSTANCES; at++)
        if (all.instance[at].state != ALERT_FREE && all.instance[at].sample.alert == alert &&
            (!found || all.instance[at].number > found->number))
            found = &all.instance[at];
    return found;
}

static uint32_t seconds_until(const struct alert_inputs *in, enum alert_id alert, uint32_t firing)
{
    uint32_t seconds = 0;

    while (all.firing[alert] != firing && seconds < 2000) {
        (void)look(in);
        seconds++;
    }
    return seconds;
}

Test(alert_instances, a_kill_fires_at_the_first_look_and_is_over_soon_after)
{
    struct alert_inputs *in = well_inputs();

    (void)look(in);
    in->scope[0].is_killed = true;
    cr_assert(look(in));
    cr_assert_eq(all.firing[ALERT_KILL_ACTIVE], 1);
    cr_assert_eq(newest(ALERT_KILL_ACTIVE)->state, ALERT_FIRING);
    cr_assert_eq(newest(ALERT_KILL_ACTIVE)->number >> 32, 9);
    cr_assert_eq(newest(ALERT_KILL_ACTIVE)->since_ns, 5 * now_ns);
    in->scope[0].is_killed = false;
    cr_assert_leq(seconds_until(in, ALERT_KILL_ACTIVE, 0), 3);
    cr_assert_eq(newest(ALERT_KILL_ACTIVE)->state, ALERT_RESOLVED);
    cr_assert_eq(newest(ALERT_KILL_ACTIVE)->resolved_ns, 5 * now_ns);
}

Test(alert_instances, what_holds_for_less_than_for_s_never_fires)
{
    struct alert_inputs *in = well_inputs();

    for (int round = 0; round < 5; round++) {
        in->venue[BYBIT].clock_offset_ms = 900;
        for (int second = 0; second < 4; second++)
            (void)look(in);
        in->venue[BYBIT].clock_offset_ms = 1;
        (void)look(in);
    }
    cr_assert_eq(all.fired[ALERT_CLOCK_OFFSET], 0);
    in->venue[BYBIT].clock_offset_ms = 900;
    cr_assert_eq(seconds_until(in, ALERT_CLOCK_OFFSET, 1), 6);
}

Test(alert_instances, near_and_unknown_neither_fire_nor_resolve)
{
    struct alert_inputs *in = well_inputs();

    in->disk_free_e8 = 10000000;
    (void)look(in);
    cr_assert_eq(all.firing[ALERT_DISK_LOW], 1);
    in->disk_free_e8 = ALERT_NOT_KNOWN;
    for (int second = 0; second < 100; second++)
        (void)look(in);
    cr_assert_eq(all.firing[ALERT_DISK_LOW], 1);
    cr_assert_eq(all.firing[ALERT_INPUT_UNKNOWN], 1, "and that it is unknown is said");
    in->disk_free_e8 = 20500000;
    for (int second = 0; second < 100; second++)
        (void)look(in);
    cr_assert_eq(all.firing[ALERT_DISK_LOW], 1);
    in->disk_free_e8 = 50000000;
    cr_assert_eq(seconds_until(in, ALERT_DISK_LOW, 0), 31);
}

Test(alert_instances, what_flaps_becomes_one_that_stays)
{
    struct alert_inputs *in = well_inputs();

    for (int second = 0; second < 3600; second++) {
        in->scope[0].state = second % 4 < 2 ? STATE_HALTED : STATE_ACTIVE;
        (void)look(in);
    }
    cr_assert_leq(all.fired[ALERT_SCOPE_HALTED], 3);
}

Test(alert_instances, a_place_that_is_no_longer_looked_at_is_over)
{
    struct alert_inputs *in = well_inputs();

    in->venue[BYBIT].down_ms = 40000;
    (void)look(in);
    cr_assert_eq(all.firing[ALERT_STREAM_DOWN], 1);
    in->venue[BYBIT].down_ms = ALERT_NONE;
    cr_assert_leq(seconds_until(in, ALERT_STREAM_DOWN, 0), 7);
}

Test(alert_instances, figures_are_told_anew_every_ten_seconds_at_most)
{
    struct alert_inputs *in = well_inputs();
    uint32_t told = 0;

    in->venue[SIM].unknown = 1;
    (void)look(in);
    for (int second = 0; second < 40; second++) {
        in->venue[SIM].oldest_unknown_ms = 6000 + 1000 * second;
        told += look(in);
    }
    cr_assert_eq(told, 4);
    cr_assert_geq(newest(ALERT_UNKNOWN_ORDERS)->sample.value, 36000);
}

Test(alert_instances, resolved_ones_make_room_and_firing_ones_never_do)
{
    struct alert_inputs *in = well_inputs();
    struct config *config = (struct config *)in->config;
    uint64_t first;

    in->is_audit_suspect = true;
    (void)look(in);
    first = newest(ALERT_AUDIT_SUSPECT)->number;
    config->scopes = (struct scope_map){MAX_VENUES, MAX_STRATEGIES, MAX_INSTRUMENTS};
    for (int scope = 0; scope < MAX_SCOPES; scope++)
        for (int limit = 0; limit < LIMIT_COUNT; limit++)
            in->scope[scope].used_e8[limit] = 90000000;
    (void)look(in);
    cr_assert_gt(all.lost, 0);
    cr_assert_eq(alert_instances_find(&all, first)->state, ALERT_FIRING);
    for (int scope = 0; scope < MAX_SCOPES; scope++)
        for (int limit = 0; limit < LIMIT_COUNT; limit++)
            in->scope[scope].used_e8[limit] = ALERT_NONE;
    cr_assert_leq(seconds_until(in, ALERT_LIMIT_USE, 0), 20);
    in->scope[3].is_killed = true;
    (void)look(in);
    cr_assert_eq(all.firing[ALERT_KILL_ACTIVE], 1, "there is a place again");
    cr_assert_eq(alert_instances_find(&all, first)->state, ALERT_FIRING);
}

Test(alert_instances, numbers_never_repeat)
{
    struct alert_inputs *in = well_inputs();
    uint64_t before = 0;

    for (int round = 0; round < 20; round++) {
        in->scope[1].is_killed = true;
        (void)look(in);
        cr_assert_gt(newest(ALERT_KILL_ACTIVE)->number, before);
        before = newest(ALERT_KILL_ACTIVE)->number;
        in->scope[1].is_killed = false;
        (void)seconds_until(in, ALERT_KILL_ACTIVE, 0);
    }
}
